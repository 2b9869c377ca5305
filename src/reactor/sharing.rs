//! A file that came is told to its room.

use crate::dialect::http::ResponseMode;
use crate::model::{ConnId, RoomName, SharedFile};
use crate::store::FileOrder;
use crate::sys::System;
use crate::web::{api, files};

use super::Reactor;
use super::connection::Connection;
use super::transfers::Sharer;

/// A file that is shared over HTTP, and is on disk.
pub(super) struct SharedPost {
    pub(super) room: RoomName,
    pub(super) by: Sharer,
    pub(super) file: SharedFile,
}

impl<S: System> Reactor<S> {
    /// Has a room told of a file. The response waits for the disk, where the message is to be beside it.
    pub(super) fn share_file(&mut self, who: ConnId, mode: ResponseMode, shared: &SharedPost) {
        let now = self.clock.moment;
        let Some(connection) = self.connections.get_mut(who) else {
            return self.order(FileOrder::Remove(vec![shared.file.id]));
        };
        let (peer, SharedPost { room, by, file }) = (connection.peer, shared);
        let said = match by {
            Sharer::Holder { nick, is_bot } => {
                let nick = nick.clone();
                self.hub.handle_shared(peer, nick, *is_bot, room, file, now)
            }
            Sharer::Ticket { who, .. } => self.hub.handle_file(*who, room, file, now),
        };
        match said {
            Ok(message) => {
                self.counters.messages_in += 1;
                self.put_response_off(who, mode, files::stored(room, &message, file));
                self.hub.wait_for_post(who, None);
                self.carry_out();
            }
            Err(code) => {
                self.order(FileOrder::Remove(vec![file.id]));
                self.carry_out();
                self.connections.get_mut(who).map(Connection::unthrottle);
                self.respond(who, mode, &api::refused(&code));
            }
        }
    }
}
