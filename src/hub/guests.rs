//! Guests: users without an account. One who goes by an account's name has some time to log in, and is
//! given another name then.

use crate::model::{Event, Moment, Notice, UserId};

use super::state::Hub;

impl Hub {
    /// Tells a guest whose name is an account's how long it may go by it, from now on.
    pub(super) fn begin_grace(&mut self, id: UserId, now: Moment) {
        let Some(user) = self.chat.users().get(id) else {
            return;
        };
        let nick = user.nick().clone();
        // Whose session another server has is given its time there.
        let is_elsewhere = self.log.is_shared() && self.sessions.first_of(id).is_none();
        if is_elsewhere
            || user.is_account()
            || self.graces.has(id)
            || !self.chat.is_registered(&nick)
        {
            return;
        }
        let grace_ms = self.chat.rules().grace_ms;
        self.graces.begin(id, now.uptime_ms + grace_ms);
        let seconds = grace_ms.div_ceil(1000);
        let notice = Notice::MustLogIn { nick, seconds };
        self.tell_user(id, &Event::Notice(notice));
    }
}
