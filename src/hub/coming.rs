//! Coming in: how somebody becomes a user.

use serde::{Deserialize, Serialize};

use crate::chat::Entry;
use crate::model::{ConnId, ErrorCode, Login, MessageId, Nick, Request, RoomName, Secret};

use super::decision::{Caller, Decision, Then, Wants};
use super::state::Hub;

/// Somebody who comes in.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Coming {
    pub(super) nick: Nick,
    pub(super) wants_users: bool,
    /// Are the others told later ([`Entry::Show`])?
    pub(super) is_untold: bool,
    /// Rooms, and the last message that one has of each.
    pub(super) resume: Vec<(RoomName, MessageId)>,
    /// How many of the last messages it is shown of other rooms; `None`: as many as the server shows.
    pub(super) replay: Option<usize>,
}

impl Coming {
    /// Who asks to come in so, and what proves the name. `None`: that is no such request.
    pub(super) fn of(request: Request) -> Option<(Coming, Option<Login>)> {
        let Request::Join {
            nick,
            wants_users,
            login,
            resume,
            replay,
        } = request
        else {
            return None;
        };
        let coming = Coming {
            nick,
            wants_users,
            is_untold: false,
            resume,
            replay,
        };
        Some((coming, login))
    }

    /// Somebody who says no more than a name, and is shown nothing of the past.
    pub(super) fn plain(nick: Nick) -> Coming {
        Coming {
            nick,
            wants_users: false,
            is_untold: false,
            resume: Vec::new(),
            replay: Some(0),
        }
    }
}

impl Hub {
    /// Does the server want a word of who comes in?
    pub fn wants_password(&self) -> bool {
        self.chat.rules().server.password.is_some()
    }

    /// Does only who has an account come in?
    pub fn wants_login(&self) -> bool {
        self.chat.rules().server.requires_account
    }

    /// Is it not said yet by a connection that has not come in?
    pub(super) fn is_locked_out(&self, who: ConnId) -> bool {
        self.wants_password() && self.is_stranger(who) && !self.unlocked.contains(&who)
    }

    /// Says that word. After a few wrong ones an address waits.
    pub(super) fn unlock(
        &mut self,
        Caller { who, peer, now }: Caller,
        password: &Secret,
    ) -> Result<(), ErrorCode> {
        let (now_ms, address) = (now.uptime_ms, peer.counted_address(true));
        let Some(wanted) = &self.chat.rules().server.password else {
            return Ok(());
        };
        if let Some(wait_s) = self.intrusions.wait_s(&address, now_ms) {
            return Err(ErrorCode::LoginThrottled(wait_s));
        }
        if !wanted.is_same(password.reveal()) {
            self.intrusions.note_failure(&address, now_ms);
            return Err(ErrorCode::WrongServerPassword);
        }
        self.intrusions.forget(&address);
        self.unlocked.insert(who);
        Ok(())
    }

    pub(super) fn join(
        &mut self,
        caller: Caller,
        coming: Coming,
        login: Option<Login>,
    ) -> Result<Decision, ErrorCode> {
        if self.sessions.user_of(caller.who).is_some() {
            return Err(ErrorCode::AlreadyJoined);
        }
        if let Some(login) = login {
            return self.join_account(caller, coming, login);
        }
        if self.chat.rules().server.requires_account {
            return Err(self.want_login(caller.who, coming));
        }
        let wants = self.wants_of(&coming);
        let entry = Entry::Join {
            nick: coming.nick,
            peer: caller.peer,
            is_untold: coming.is_untold,
        };
        let then = Then::ComeIn {
            resume: coming.resume,
            is_account: false,
        };
        Ok(Decision::Entry(entry, wants, then))
    }

    /// Nobody comes in without an account. Who gave the name of one may say its password next.
    fn want_login(&mut self, who: ConnId, coming: Coming) -> ErrorCode {
        if !self.chat.is_registered(&coming.nick) {
            return ErrorCode::AccountRequired(self.chat.rules().server.registration);
        }
        self.named.insert(who, Box::new(coming));
        ErrorCode::NameRegistered
    }

    /// Comes in under the name that was given before, if that is its password.
    pub(super) fn join_by(
        &mut self,
        caller: Caller,
        secret: Secret,
    ) -> Result<Decision, ErrorCode> {
        let coming = self.named.remove(&caller.who).ok_or(ErrorCode::NotJoined)?;
        let is_multi = false;
        self.join(caller, *coming, Some(Login { secret, is_multi }))
    }

    pub(super) fn wants_of(&self, coming: &Coming) -> Wants {
        Wants::Welcome {
            users: coming.wants_users,
            is_untold: coming.is_untold,
            replay: self.replay_of(coming.replay),
        }
    }

    /// Comes in under a free name made of the address. The others are told when it says something, or has
    /// said nothing for a while: what it says first may be another protocol's, and then nobody is told.
    pub(super) fn join_unnamed(&mut self, caller: Caller) -> Result<Decision, ErrorCode> {
        let nick = self.free_nick(caller.peer.number());
        let coming = Coming {
            is_untold: true,
            ..Coming::plain(nick)
        };
        self.join(caller, coming, None)
    }

    /// `anon-` and the number, or the next one that nobody took.
    fn free_nick(&self, number: u32) -> Nick {
        let is_taken = |nick: &Nick| {
            self.chat.is_registered(nick) || self.chat.users().find(nick.as_str()).is_some()
        };
        (number..=u32::MAX)
            .chain(0..number)
            .map(|number| Nick::parse(&format!("anon-{number}")).expect("letters, - and digits"))
            .find(|nick| !is_taken(nick))
            .expect("fewer names are taken than there are numbers")
    }
}
