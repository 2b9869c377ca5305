//! Files that are sent by ticket: in one go or in several, each of which goes on where the last one stopped (the core
//! of tus 1.0, or PUT with Content-Range).

use crate::dialect::http::{Response, ResponseMode, StatusCode};
use crate::model::{ConnId, FileClaim};
use crate::store::FileOrder;
use crate::sys::System;
use crate::web::{TicketPart, TicketRequest, api, files};

use super::Reactor;
use super::phase::Reason;
use super::transfers::Sharer;

impl<S: System> Reactor<S> {
    /// Goes on with a file that is sent by ticket, or says how much of it is here.
    pub(super) fn begin_part(
        &mut self,
        id: ConnId,
        mode: ResponseMode,
        request: TicketRequest,
    ) -> Result<(), Response> {
        let has_room = self.has_room_for_upload(id);
        let most = self.site.file_bytes_max.unwrap_or(0);
        let Some(ticket) = self.transfers.tickets.get_mut(&request.secret) else {
            return Err(files::no_ticket());
        };
        // Who begins again has given up the connection before.
        if let (Some(over), false) = (ticket.over, request.part == TicketPart::Measured) {
            self.connections.doom(over, Reason::Closed);
        }
        let begun = ticket.offset;
        let from = ticket.admit(&request, most)?;
        if !has_room {
            return Err(files::too_many());
        }
        let who = ticket.who;
        let owner = self.hub.check_file(who, &ticket.room);
        let owner = owner.map_err(|code| api::refused(&code))?;
        let mime = match ticket.mime.is_empty() {
            true => request.mime,
            false => ticket.mime.clone(),
        };
        let claim = Box::new(FileClaim {
            room: ticket.room.clone(),
            owner,
            name: ticket.name.clone(),
            mime,
            len: ticket.size,
        });
        let begins_anew = from == 0 && begun > 0;
        let given_up = ticket.at.take_if(|_| begins_anew);
        let (room, known, secret) = (ticket.room.clone(), ticket.at, request.secret);
        (ticket.over, ticket.offset) = (Some(id), from);
        let by = Sharer::Ticket {
            secret: secret.clone(),
            who,
        };
        let at = self.transfers.begin_upload(id, mode, (by, room), known);
        if let Some(ticket) = self.transfers.tickets.get_mut(&secret) {
            ticket.at = Some(at);
        }
        if let Some(at) = given_up {
            self.order(FileOrder::Abort { at });
        }
        self.hold_for_file(id);
        self.order(FileOrder::Begin { at, claim });
        Ok(())
    }

    /// A part of a file came, and is no more than that. Returns whether it is a part.
    pub(super) fn end_part(&mut self, id: ConnId) -> bool {
        let Some(upload) = self.transfers.upload(id) else {
            return false;
        };
        let (mode, Sharer::Ticket { secret, .. }) = (upload.mode, upload.by.clone()) else {
            return false;
        };
        let ticket = self.transfers.tickets.get_mut(&secret);
        let offset = match ticket {
            Some(ticket) if ticket.size.is_some_and(|size| ticket.offset < size) => ticket.offset,
            _ => return false,
        };
        self.abort_upload(id);
        if let Some(connection) = self.connections.get_open(id) {
            connection.unthrottle();
        }
        let response = Response::empty(StatusCode::NoContent);
        self.respond(id, mode, &files::with_offset(response, offset, None));
        true
    }
}
