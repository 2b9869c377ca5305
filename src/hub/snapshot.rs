//! The hub as bytes: a new program begins with them, and goes on with every session.

use crate::chat::{Rules, SnapshotError, read_snapshot, write_snapshot};
use crate::model::HashSeed;
use crate::session::{Lasting, Reader};

use super::operate::OPER_ALLOWANCE;
use super::state::Hub;

impl Hub {
    /// All of it, but for what each program has for itself. Nothing is to be under way ([`Hub::is_settled`]).
    pub fn snapshot(&self) -> Vec<u8> {
        debug_assert!(self.is_settled(), "what is under way would be lost");
        write_snapshot(self)
    }

    /// The hub of a snapshot, under these rules. Times since the start are those of the program that wrote it, whose
    /// clock goes on.
    ///
    /// # Errors
    /// As [`read_snapshot`].
    pub fn of_snapshot(rules: Rules, bytes: &[u8]) -> Result<Hub, SnapshotError> {
        let mut hub = read_snapshot(bytes, |hub: &mut Hub| hub.derive(rules.hash_seed))?;
        hub.chat.set_rules(rules);
        Ok(hub)
    }

    /// Goes on as what is restored of its snapshot, unless something is under way.
    ///
    /// # Panics
    /// Where that is another.
    #[cfg(any(test, feature = "testing"))]
    pub fn renew(&mut self) {
        if !self.is_settled() {
            return;
        }
        let bytes = self.snapshot();
        let rules = self.chat.rules().clone();
        let mut hub = Hub::of_snapshot(rules, &bytes).expect("a whole snapshot");
        assert!(hub.snapshot() == bytes, "the same");
        hub.log = std::mem::take(&mut self.log);
        (hub.open, hub.has_room) = (self.open, self.has_room);
        hub.steps = self.steps.take().into();
        *self = hub;
    }

    /// Derives what is not written, and checks all that must hold.
    fn derive(&mut self, hash_seed: HashSeed) -> Result<(), &'static str> {
        self.chat.derive(hash_seed)?;
        self.has_room = true;
        self.intrusions.allow(OPER_ALLOWANCE);
        self.failures.allow(OPER_ALLOWANCE);
        self.accounts.allow();
        self.graces.index();
        self.watches.index();
        self.expiry.index();
        self.history.scrollback_bytes = self.local.index()?;
        self.check_rooms()?;
        self.check_users()?;
        self.derive_readers()
    }

    fn check_rooms(&self) -> Result<(), &'static str> {
        let rooms = self.chat.rooms().iter().map(|(id, _)| id);
        if !rooms.eq(self.local.iter().map(|(id, _)| id)) {
            return Err("other rooms");
        }
        let is_room = |what: &Lasting| match what {
            Lasting::Room(id) => self.chat.rooms().try_get(*id).is_some(),
            Lasting::Account(_) => true,
        };
        match self.expiry.uses.keys().all(is_room) {
            true => Ok(()),
            false => Err("the use of a room that has ended"),
        }
    }

    fn check_users(&self) -> Result<(), &'static str> {
        let users = self.chat.users();
        let mut sessions = 0;
        for (id, user) in users.iter() {
            sessions += user.sessions();
            if !user.is_at_only_node() {
                return Err("a user at another server");
            }
            if self.sessions.of(id).count() != user.sessions() {
                return Err("a user with other sessions");
            }
        }
        if self.sessions.iter().count() != sessions {
            return Err("sessions of nobody");
        }
        if !self.graces.users().all(|user| users.contains(user)) {
            return Err("the time of a guest who is gone");
        }
        // Each is told of once, and counted so.
        let untold = self.untold.iter().map(|&(_, user)| user);
        match untold.is_sorted_by(|one, next| one < next) {
            true => Ok(()),
            false => Err("guests who have come twice"),
        }
    }

    /// Who reads what is said in each room, and who ignores whom.
    fn derive_readers(&mut self) -> Result<(), &'static str> {
        for (id, session) in self.sessions.iter() {
            let user = &self.chat.users()[session.user()];
            if session.focus.is_some_and(|focus| !user.is_in(focus)) {
                return Err("a session that speaks where it is not");
            }
            for key in user.ignored() {
                self.ignorers.insert(key.clone(), id);
            }
            for &room in user.rooms() {
                let here = session.focus == Some(room);
                self.local.get_mut(room).readers.add(Reader { id, here });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
