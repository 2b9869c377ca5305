//! Tickets: each lets who has it send one file, which is shared then by the session that asked for it. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dialect::http::Response;
use crate::limits::{TICKET_MS, TICKETS_MAX, TICKETS_PER_SESSION};
use crate::model::{ConnId, ErrorCode, FileName, RoomName};
use crate::web::{TicketPart, TicketRequest, api, files};

use super::timers::Tick;

/// What one file may be sent by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    /// Whose file it is.
    pub(super) who: ConnId,
    pub(super) room: RoomName,
    pub(super) name: FileName,
    pub(super) mime: String,
    /// How long the file is, once that is known, in bytes.
    pub(super) size: Option<u64>,
    /// What the transfer is called by the store, once it has begun.
    pub(super) at: Option<u64>,
    /// How much of it is here.
    pub(super) offset: u64,
    /// Over which connection more of it comes.
    pub(super) over: Option<ConnId>,
    /// Until when it can be gone on with.
    pub(super) until: Tick,
}

/// Those that are not used up, by what is told of each to who has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Tickets(BTreeMap<String, Ticket>);

impl Tickets {
    /// Is there room for one more of a session's?
    pub(super) fn has_room(&self, who: ConnId) -> bool {
        let own = self.0.values().filter(|ticket| ticket.who == who);
        self.0.len() < TICKETS_MAX && own.count() < TICKETS_PER_SESSION
    }

    /// As they are to a program that takes over: it has nothing of what was sent by them.
    pub(super) fn begun_anew(&self) -> Tickets {
        let mut tickets = self.clone();
        for ticket in tickets.0.values_mut() {
            (ticket.at, ticket.offset, ticket.over) = (None, 0, None);
        }
        tickets
    }

    pub(super) fn insert(&mut self, secret: String, ticket: Ticket) {
        self.0.insert(secret, ticket);
    }

    pub(super) fn get_mut(&mut self, secret: &str) -> Option<&mut Ticket> {
        self.0.get_mut(secret)
    }

    pub(super) fn remove(&mut self, secret: &str) -> Option<Ticket> {
        self.0.remove(secret)
    }

    /// The one whose transfer is called that.
    pub(super) fn of_transfer(&mut self, at: u64) -> Option<&mut Ticket> {
        self.0.values_mut().find(|ticket| ticket.at == Some(at))
    }

    /// When the next of them ends.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let idle = self.0.values().filter(|ticket| ticket.over.is_none());
        idle.map(|ticket| ticket.until).min()
    }

    /// Takes out those that have ended. Returns what their transfers are called.
    pub(super) fn take_ended(&mut self, now: Tick) -> Vec<u64> {
        let mut ended = Vec::new();
        self.0.retain(|_, ticket| {
            let is_over = ticket.over.is_none() && ticket.until <= now;
            if is_over {
                ended.extend(ticket.at);
            }
            !is_over
        });
        ended
    }
}

impl Ticket {
    /// From which byte on the file is gone on with, as is asked.
    ///
    /// # Errors
    /// The answer, where it is not, or where it is only asked how much is here.
    pub(super) fn admit(&mut self, request: &TicketRequest, most: u64) -> Result<u64, Response> {
        let from = match request.part {
            TicketPart::Measured => return Err(files::measured(self.offset, self.size)),
            TicketPart::Whole => 0,
            TicketPart::From(from) => from,
        };
        if self.over.is_some() || (from != self.offset && from != 0) {
            return Err(files::conflict(self.offset));
        }
        let end = request.len.map(|len| from.saturating_add(len));
        if self.size.is_some() && end > self.size {
            return Err(files::beyond());
        }
        if request.part == TicketPart::Whole || request.total.is_some() {
            self.size = self.size.or(request.total).or(end);
        }
        match self.size.max(end) > Some(most) {
            true => Err(api::refused(&ErrorCode::FileTooLong(most))),
            false => Ok(from),
        }
    }

    /// More of it came: it can be gone on with for as long again.
    pub(super) fn note_offset(&mut self, offset: u64, now: Tick) {
        self.offset = offset;
        self.until = now + TICKET_MS;
    }
}
