//! Going: how a session ends, by its own will or not.

use crate::chat::Entry;
use crate::model::{ConnId, Departure, ErrorCode, Event, Moment, PutOut};

use super::decision::{Caller, Decision};
use super::effect::Effect;
use super::parting::Parting;
use super::state::{Hub, check_note};

impl Hub {
    /// Ends a session. A user of whom that was the last one leaves, which the others are told.
    pub(super) fn end_session(&mut self, who: ConnId, why: Departure, now: Moment) {
        self.forget_questions(who);
        let (Some(user), Some(at)) = (self.sessions.user_of(who), self.sessions.place_of(who))
        else {
            return;
        };
        let parting = Parting::of(&self.chat.users()[user]);
        self.end_parted(who, &parting, now);
        self.commit_certain(Entry::End { user, at, why }, now);
    }

    /// Ends a session and its connection, with the last word.
    pub(super) fn put_out_connection(&mut self, who: ConnId, why: PutOut, now: Moment) {
        if let Some(nick) = self.user(who).map(|own| own.nick().clone()) {
            let why = why.clone();
            self.tell(who, Event::Kicked { nick, why });
        }
        self.end_session(who, Departure::PutOut(why), now);
        self.put(Effect::Close { who });
    }

    pub(super) fn quit(
        &mut self,
        caller: Caller,
        words: Option<String>,
    ) -> Result<Decision, ErrorCode> {
        let who = caller.who;
        words.as_deref().map_or(Ok(()), check_note)?;
        let own = self.sessions.user_of(who);
        let is_muted = own.is_some_and(|id| self.chat.is_muted(id, caller.now.unix_ms));
        let words = words.filter(|_| !is_muted);
        self.consoles.remove(&who);
        self.end_session(who, Departure::Quit(words), caller.now);
        self.put(Effect::Close { who });
        Ok(Decision::Done)
    }

    /// A connection is gone, or about to be: its user leaves, if it had joined and this was its last.
    pub fn handle_leave(&mut self, who: ConnId, now: Moment) {
        self.handle_gone(who);
        self.end_session(who, Departure::Quit(None), now);
    }

    /// A connection is gone that had no session.
    pub fn handle_gone(&mut self, who: ConnId) {
        self.forget_proposed(who);
        self.forget_exile(who);
        self.shown.remove(&who);
        self.consoles.remove(&who);
        self.unlocked.remove(&who);
        self.named.remove(&who);
        self.eager.remove(&who);
        self.cancel_pending(who);
    }
}
