//! Going: how a session ends, by its own will or not.

use crate::chat::Entry;
use crate::model::{ConnId, Departure, ErrorCode, Event, Moment, PutOut};

use super::effect::Effect;
use super::parting::Parting;
use super::state::{Hub, check_note};

impl Hub {
    /// Ends a session. A user of whom that was the last one leaves, which the others are told.
    pub(super) fn end_session(&mut self, who: ConnId, why: Departure) {
        self.forget_questions(who);
        let (Some(user), Some(at)) = (self.sessions.user_of(who), self.sessions.place_of(who))
        else {
            return;
        };
        let parting = Parting::of(&self.chat.users()[user]);
        self.end_parted(who, &parting);
        let done = self.commit(None, Entry::End { user, at, why });
        debug_assert!(done.is_ok(), "it is here");
    }

    /// Ends a session and its connection, with the last word.
    pub(super) fn put_out_connection(&mut self, who: ConnId, why: PutOut) {
        if let Some(nick) = self.user(who).map(|own| own.nick().clone()) {
            let why = why.clone();
            self.tell(who, Event::Kicked { nick, why });
        }
        self.end_session(who, Departure::PutOut(why));
        self.put(Effect::Close { who });
    }

    pub(super) fn quit(&mut self, who: ConnId, words: Option<String>) -> Result<(), ErrorCode> {
        words.as_deref().map_or(Ok(()), check_note)?;
        let own = self.sessions.user_of(who);
        let is_muted = own.is_some_and(|id| self.chat.is_muted(id, self.now.unix_ms));
        let words = words.filter(|_| !is_muted);
        self.consoles.remove(&who);
        self.end_session(who, Departure::Quit(words));
        self.put(Effect::Close { who });
        Ok(())
    }

    /// A connection is gone, or about to be: its user leaves, if it had joined and this was its last.
    pub fn handle_leave(&mut self, who: ConnId, now: Moment) {
        self.now = now;
        self.handle_gone(who);
        self.end_session(who, Departure::Quit(None));
    }

    /// A connection is gone that had no session.
    pub fn handle_gone(&mut self, who: ConnId) {
        self.shown.remove(&who);
        self.consoles.remove(&who);
        self.unlocked.remove(&who);
        self.eager.remove(&who);
        self.cancel_pending(who);
    }
}
