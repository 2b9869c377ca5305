//! Tickets are made, told and forgotten.

use crate::limits::TICKET_MS;
use crate::model::{ConnId, ErrorCode, Event, FileName, FileTicket, RequestId, TicketClaim};
use crate::store::FileOrder;
use crate::sys::System;
use crate::web::files;

use super::Reactor;
use super::tickets::Ticket;

impl<S: System> Reactor<S> {
    /// Makes a ticket for a session, and tells it.
    pub(super) fn make_ticket(&mut self, to: ConnId, id: Option<RequestId>, claim: TicketClaim) {
        let event = match self.ticket_for(to, claim) {
            Ok(ticket) => Event::Ticket(Box::new(ticket)),
            Err(code) => Event::Error(code),
        };
        self.answer(to, &event, id.as_ref());
    }

    fn ticket_for(&mut self, who: ConnId, claim: TicketClaim) -> Result<FileTicket, ErrorCode> {
        let most = self.site.file_bytes_max.ok_or(ErrorCode::NoFiles)?;
        self.expire_tickets();
        let room = claim.room.ok_or(ErrorCode::NotJoined)?;
        if claim.size.is_some_and(|size| size > most) {
            return Err(ErrorCode::FileTooLong(most));
        }
        if !self.transfers.tickets.has_room(who) {
            return Err(ErrorCode::Busy);
        }
        let Some(connection) = self.connections.get_mut(who) else {
            return Err(ErrorCode::Busy);
        };
        let random = self.system.secret();
        let secret = format!("{:016x}{:016x}", random.0, random.1);
        let path = files::ticket_path(&room, &secret);
        let told = FileTicket {
            url: format!("{}{path}", self.links.base(connection)),
            path,
            room: room.clone(),
            file: claim.name.clone(),
            seconds: TICKET_MS / 1000,
        };
        let ticket = Ticket {
            who,
            room,
            name: FileName::nearest(&claim.name),
            mime: claim.mime.unwrap_or_default(),
            size: claim.size,
            at: None,
            offset: 0,
            over: None,
            until: self.clock.now + TICKET_MS,
        };
        self.transfers.tickets.insert(secret, ticket);
        Ok(told)
    }

    /// Forgets the tickets that nobody has used in time, and what was sent by them.
    pub(super) fn expire_tickets(&mut self) {
        for at in self.transfers.tickets.take_ended(self.clock.now) {
            self.order(FileOrder::Abort { at });
        }
    }
}
