//! What one request does to many: what is more than a turn has time for goes on in those that follow.

use std::sync::Arc;

use crate::chat::{Entry, RoomId};
use crate::limits::PUT_OUT_AT_ONCE;
use crate::model::{ConnId, Moment, PutOut, RoomName};

use super::decision::{Decision, Then};
use super::state::Hub;

/// Something that is yet to be done to one connection, if it is still there.
#[derive(Debug)]
pub(super) enum Later {
    /// Put it out of the server.
    PutOut {
        /// Whom.
        who: ConnId,
        /// Why.
        why: Arc<PutOut>,
    },
    /// Put it out of a room that has been closed.
    TakeOut {
        /// Whom.
        who: ConnId,
        /// The room, which may have ended meanwhile.
        id: RoomId,
        /// Its name.
        room: RoomName,
    },
}

impl Hub {
    /// Does the first of what has come to be done, which are so many, unless something of before waits.
    pub(super) fn begin_later(&mut self, count: usize, now: Moment) {
        if self.later.len() == count {
            self.do_some(now);
        }
    }

    /// Is there something to be done as soon as there is time?
    pub(super) fn has_more_to_do(&self) -> bool {
        !self.later.is_empty()
    }

    /// Does some of what is to be done over several turns.
    pub(super) fn do_some(&mut self, now: Moment) {
        for _ in 0..PUT_OUT_AT_ONCE {
            let Some(later) = self.later.pop_front() else {
                self.later.shrink_to_fit();
                return;
            };
            match later {
                Later::PutOut { who, why } if self.user(who).is_some() => {
                    self.put_out_connection(who, PutOut::clone(&why), now);
                }
                Later::TakeOut { who, id, room } => self.take_out_of_closed(who, id, &room, now),
                Later::PutOut { .. } => {}
            }
        }
    }

    fn take_out_of_closed(&mut self, who: ConnId, id: RoomId, room: &RoomName, now: Moment) {
        let Some(user) = self.sessions.user_of(who) else {
            return;
        };
        // Of several connections of a user, the first takes the others along.
        let entry = Entry::TakeOut { user, room: id };
        let decision = Decision::entry_then(entry, Then::TakeOut(room.clone()));
        self.conclude(who, None, decision, now);
    }
}
