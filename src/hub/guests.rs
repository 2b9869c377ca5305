//! Guests: users without an account. One who goes by an account's name has some time to log in, and is
//! given another name then.

use crate::model::{ErrorCode, Event, Key, Nick, Notice, UserId};

use super::{Hub, User};

/// What names that are given to guests begin with.
const GUEST: &str = "Guest-";

impl Hub {
    /// Is the name an account's?
    pub fn is_registered(&self, nick: &Nick) -> bool {
        !self.accounts.directory.is_empty() && self.accounts.directory.contains_name(&nick.key())
    }

    /// May a guest go by that name?
    pub(super) fn check_unregistered(&self, nick: &Nick) -> Result<(), ErrorCode> {
        match self.rules.is_strict && self.is_registered(nick) {
            true => Err(ErrorCode::NameRegistered),
            false => Ok(()),
        }
    }

    /// Tells a guest whose name is an account's how long it may go by it, from now on.
    pub(super) fn begin_grace(&mut self, id: UserId) {
        let Some(user) = self.users.get(id) else {
            return;
        };
        let nick = user.nick().clone();
        if user.is_account() || user.grace_ms().is_some() || !self.is_registered(&nick) {
            return;
        }
        let due_ms = self.now.uptime_ms + self.rules.grace_ms;
        self.change(id, |rare| rare.grace_ms = Some(due_ms));
        self.accounts.graces.insert((due_ms, id));
        let seconds = self.rules.grace_ms.div_ceil(1000);
        let notice = Notice::MustLogIn { nick, seconds };
        self.tell_user(id, &Event::Notice(notice));
    }

    /// Lets a user go by its name.
    pub(super) fn stop_grace(&mut self, id: UserId) {
        if let Some(due_ms) = self.users.get(id).and_then(User::grace_ms) {
            self.accounts.graces.remove(&(due_ms, id));
            self.change(id, |rare| rare.grace_ms = None);
        }
    }

    /// When the next guest is given another name.
    pub(super) fn next_grace(&self) -> Option<u64> {
        self.accounts.graces.first().map(|&(due_ms, _)| due_ms)
    }

    /// Gives another name to who is next, if its time is over.
    pub(super) fn end_grace(&mut self) {
        if let Some(&(due_ms, id)) = self.accounts.graces.first()
            && due_ms <= self.now.uptime_ms
        {
            self.stop_grace(id);
            if let Some(user) = self.users.get(id) {
                self.put_aside(id, Notice::NotLoggedIn(user.nick().clone()));
            }
        }
    }

    /// Gives a user the name of a guest, and tells it why.
    pub(super) fn put_aside(&mut self, id: UserId, why: Notice) {
        let guest = self.guest_nick();
        if let Some(first) = self.users.first_of(id)
            && let Ok((from, to)) = self.go_by(first, guest)
        {
            self.tell_user(id, &Event::Notice(why));
            self.tell(first, Event::Renamed { from, to });
        }
    }

    /// A free name for a guest.
    pub(super) fn guest_nick(&mut self) -> Nick {
        loop {
            self.accounts.last_guest = self.accounts.last_guest.wrapping_add(1);
            let name = format!("{GUEST}{:04}", self.accounts.last_guest);
            let nick = Nick::parse(&name).expect("letters, - and digits");
            if self.users.find(&name).is_none() && !self.is_registered(&nick) {
                return nick;
            }
        }
    }
}

/// Is that a name that the server gives to guests?
pub(super) fn is_given(nick: &Nick) -> bool {
    let key = nick.key();
    let number_of_unnamed = key.as_str().strip_prefix("anon-");
    key.as_str().starts_with(Key::of(GUEST).as_str())
        || number_of_unnamed.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}
