//! Coming, going, and names.

use crate::limits::{CONNECTIONS_PER_ACCOUNT_MAX, IGNORED_MAX};
use crate::model::{
    AccountId, Credential, Departure, ErrorCode, Key, Nick, NodeId, Notice, Peer, PutOut, UserId,
};

use crate::chat::user::Rare;
use crate::chat::{Actor, Applying, Cause, Fact, LOBBY};

/// What names that are given to guests begin with.
const GUEST: &str = "Guest-";

/// What is said for those whose server is gone.
const NODE_GONE: &str = "its server is gone";

impl Applying<'_> {
    pub(super) fn join(
        &mut self,
        nick: Nick,
        peer: Peer,
        is_untold: bool,
    ) -> Result<(), ErrorCode> {
        // It may have been banned since it was let in.
        if let Some(refusal) = self.chat.refusal_of(&peer, self.at_ms) {
            return Err(refusal);
        }
        self.chat.check_free(&nick, self.at_ms)?;
        self.chat.check_unregistered(&nick)?;
        let user = self.add(nick, peer);
        if is_untold {
            self.chat.users[user].change_rare(|rare| rare.is_untold = true);
        }
        Ok(())
    }

    fn add(&mut self, nick: Nick, peer: Peer) -> UserId {
        let user = self.chat.users.insert(nick, peer, self.node);
        self.chat.rooms.enter(LOBBY, user);
        self.follow_mutes(user);
        self.facts.push(Fact::Joined { user });
        user
    }

    pub(super) fn join_as(
        &mut self,
        account: Credential,
        nick: Nick,
        peer: Peer,
        is_multi: bool,
    ) -> Result<(), ErrorCode> {
        if let Some(refusal) = self.chat.refusal_of(&peer, self.at_ms) {
            return Err(refusal);
        }
        let account = self.chat.holder(account)?;
        if self.name_of(account)?.key() != nick.key() {
            return Err(ErrorCode::WrongLogin);
        }
        self.chat.check_nick(&nick, self.at_ms)?;
        let user = match self.make_way(None, account, is_multi) {
            Some(user) => {
                self.attach(user, peer, self.node);
                user
            }
            None => self.add(nick, peer),
        };
        self.note_login(user, account);
        Ok(())
    }

    pub(super) fn log_in(
        &mut self,
        user: UserId,
        account: Credential,
        is_multi: bool,
    ) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        let account = self.chat.holder(account)?;
        let nick = self.name_of(account)?;
        self.chat.check_nick(&nick, self.at_ms)?;
        let user = match self.make_way(Some(user), account, is_multi) {
            Some(into) => {
                self.merge(user, into);
                into
            }
            None => {
                if self.chat.users[user].nick().key() != nick.key() {
                    self.go_by(user, nick, Cause::LoggedIn);
                }
                user
            }
        };
        self.note_login(user, account);
        Ok(())
    }

    /// The name of an account that may be gone since its secret was found to be right.
    fn name_of(&self, account: AccountId) -> Result<Nick, ErrorCode> {
        let account = self.chat.directory.get(account);
        let account = account.ok_or(ErrorCode::WrongLogin)?;
        Ok(account.record.nick.clone())
    }

    /// Frees an account's name for its owner. Returns the user who is logged in already and stays.
    pub(super) fn make_way(
        &mut self,
        own: Option<UserId>,
        account: AccountId,
        is_multi: bool,
    ) -> Option<UserId> {
        let name = self.name_of(account).ok()?;
        let holder = self.chat.users.find(name.as_str())?;
        if own == Some(holder) {
            return None;
        }
        if !self.chat.users[holder].is_account() {
            self.put_aside(holder, Notice::OwnerCame(name));
            return None;
        }
        if is_multi || self.chat.rules.is_multi {
            return Some(holder);
        }
        self.put_out(holder, PutOut::LoggedInElsewhere);
        None
    }

    /// A user has one more session, and one less where that would be too many.
    pub(super) fn attach(&mut self, user: UserId, peer: Peer, node: NodeId) {
        let own = &mut self.chat.users[user];
        if own.sessions() >= CONNECTIONS_PER_ACCOUNT_MAX {
            let first = own.nodes().next().unwrap_or_default();
            own.end_session(0);
            self.facts.push(Fact::Replaced { user, node: first });
        }
        self.chat.users[user].add_session(peer, node);
        self.facts.push(Fact::Attached { user, node });
    }

    /// A user becomes another, who is here already, with all of its sessions.
    fn merge(&mut self, from: UserId, into: UserId) {
        let Some(user) = self.chat.users.remove(from) else {
            return;
        };
        let (rooms, muted_in) = (user.rooms().to_vec(), user.muted_in().to_vec());
        let mut peers: Vec<(Peer, NodeId)> = user.peers().zip(user.nodes()).collect();
        peers.reverse();
        let names = rooms
            .iter()
            .map(|&room| self.chat.rooms.get(room).name.clone());
        self.facts.push(Fact::Merged {
            id: from,
            rooms: names.collect(),
            members: self.counts(&rooms),
            user,
            into,
        });
        self.leave_rooms(from, &rooms);
        self.take_over_mutes(from, into, &muted_in);
        for (peer, node) in peers {
            self.attach(into, peer, node);
            self.follow_mutes(into);
        }
    }

    /// A user who goes by an account's name is logged in.
    pub(super) fn note_login(&mut self, user: UserId, account: AccountId) {
        let known = self.chat.directory.get(account);
        let is_operator = known.is_some_and(|account| account.record.is_operator);
        self.chat.users[user].change_rare(|rare| {
            rare.account = Some(account);
            rare.is_operator |= is_operator;
        });
        self.follow_mutes(user);
        self.facts.push(Fact::LoggedIn { user, account });
    }

    /// A user is logged in no more.
    pub(super) fn note_logout(&mut self, user: UserId, was_operator: bool) {
        let own = &mut self.chat.users[user];
        own.change_rare(|rare| {
            rare.account = None;
            rare.is_operator &= !was_operator;
        });
        let nick = own.nick().clone();
        self.facts.push(Fact::LoggedOut { user, nick });
    }

    pub(super) fn log_out(&mut self, user: UserId) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        if !self.chat.users[user].is_account() {
            return Err(ErrorCode::NotLoggedIn);
        }
        self.chat.check_may_log_out(user, self.at_ms)?;
        let guest = self.guest_nick();
        self.go_by(user, guest, Cause::Own);
        Ok(())
    }

    pub(super) fn end(&mut self, user: UserId, at: usize, why: Departure) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        let own = &mut self.chat.users[user];
        let place = own.place_of(self.node, at).ok_or(ErrorCode::NotJoined)?;
        if !own.end_session(place) {
            self.leave(user, why);
        }
        Ok(())
    }

    /// Every session of a server has ended.
    pub(super) fn end_node(&mut self, node: NodeId) {
        let users = self.chat.users.iter();
        let its = users.filter(|(_, user)| user.nodes().any(|other| other == node));
        for user in its.map(|(user, _)| user).collect::<Vec<UserId>>() {
            while let Some(own) = self.chat.users.get_mut(user)
                && let Some(place) = own.place_of(node, 0)
            {
                if !own.end_session(place) {
                    let words = Some(NODE_GONE.to_string());
                    self.leave(user, Departure::Quit(words));
                }
            }
        }
    }

    /// Puts a user out of the server.
    pub(super) fn put_out(&mut self, user: UserId, why: PutOut) {
        self.leave(user, Departure::PutOut(why));
    }

    pub(super) fn rename(
        &mut self,
        by: Option<Actor>,
        user: UserId,
        to: Nick,
    ) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        let own = &self.chat.users[user];
        let is_other = own.nick().key() != to.key();
        match by {
            Some(by) => self.chat.check_operator(by)?,
            None if *own.nick() != to && self.chat.is_muted(user, self.at_ms) => {
                return Err(ErrorCode::Muted);
            }
            None if is_other => self.chat.check_may_log_out(user, self.at_ms)?,
            None => {}
        }
        if is_other {
            self.chat.check_free(&to, self.at_ms)?;
            self.chat.check_unregistered(&to)?;
        }
        let cause = match by {
            None => Cause::Own,
            Some(_) => Cause::Operator,
        };
        self.go_by(user, to, cause);
        Ok(())
    }

    /// Gives a user another name, which nobody else goes by. Whoever is logged in is so no more.
    fn go_by(&mut self, user: UserId, to: Nick, cause: Cause) {
        self.show(user);
        let own = &self.chat.users[user];
        let (from, account) = (own.nick().clone(), own.account());
        if from.key() != to.key() {
            if let Some(account) = account.filter(|_| own.profile().is_none()) {
                let account = self.chat.directory.get(account);
                let was_operator = account.is_some_and(|account| account.record.is_operator);
                self.note_logout(user, was_operator);
            }
            // What was said under the old one is somebody else's.
            self.chat.users[user].change_rare(|rare| rare.first_private = None);
        }
        if from != to {
            self.chat.users.rename(user, to.clone());
            self.follow_mutes(user);
        }
        self.facts.push(Fact::Renamed {
            user,
            from,
            to,
            cause,
        });
    }

    pub(super) fn end_grace(&mut self, user: UserId) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        let nick = self.chat.users[user].nick().clone();
        // It may have logged in since its time was over, or the name is nobody's by now.
        if !self.chat.users[user].is_account() && self.chat.is_registered(&nick) {
            self.put_aside(user, Notice::NotLoggedIn(nick));
        }
        Ok(())
    }

    /// Gives a user the name of a guest, and says why.
    fn put_aside(&mut self, user: UserId, why: Notice) {
        let guest = self.guest_nick();
        self.go_by(user, guest, Cause::Aside(why));
    }

    /// A free name for a guest.
    fn guest_nick(&mut self) -> Nick {
        let chat = &mut *self.chat;
        loop {
            chat.last_guest = chat.last_guest.wrapping_add(1);
            let name = format!("{GUEST}{:04}", chat.last_guest);
            let nick = Nick::parse(&name).expect("letters, - and digits");
            if chat.users.find(&name).is_none() && !chat.is_registered(&nick) {
                return nick;
            }
        }
    }

    /// Changes what few users have.
    pub(super) fn change(
        &mut self,
        user: UserId,
        fact: Fact,
        change: impl FnOnce(&mut Rare),
    ) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        self.chat.users[user].change_rare(change);
        self.facts.push(fact);
        Ok(())
    }

    pub(super) fn set_away(&mut self, user: UserId, text: Option<String>) -> Result<(), ErrorCode> {
        if text.is_some() && self.chat.is_muted(user, self.at_ms) {
            return Err(ErrorCode::Muted);
        }
        let away = text.clone();
        self.change(user, Fact::Away { user, text }, |rare| rare.away = away)
    }

    pub(super) fn ignore(&mut self, user: UserId, key: Key) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        if self.chat.users[user].ignored().count() >= IGNORED_MAX {
            return Err(ErrorCode::TooManyIgnored);
        }
        let name = key.clone();
        let is_on = true;
        self.change(user, Fact::Ignores { user, key, is_on }, |rare| {
            rare.ignored.insert(name);
        })
    }

    pub(super) fn unignore(&mut self, user: UserId, key: Key) -> Result<(), ErrorCode> {
        let name = key.clone();
        let is_on = false;
        self.change(user, Fact::Ignores { user, key, is_on }, |rare| {
            rare.ignored.remove(&name);
        })
    }
}

/// Is that a name that the server gives to guests?
pub(crate) fn is_given(nick: &Nick) -> bool {
    let key = nick.key();
    let number_of_unnamed = key.as_str().strip_prefix("anon-");
    key.as_str().starts_with(Key::of(GUEST).as_str())
        || number_of_unnamed.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}
