//! Coming in: how somebody becomes a user.

use crate::chat::Entry;
use crate::model::{ConnId, EnterMode, ErrorCode, Login, MessageId, Nick, Peer, RoomName, Secret};

use super::hear::{Asker, Wants};
use super::state::Hub;

/// Somebody who comes in.
#[derive(Debug)]
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

    /// Is it not said yet by a connection that has not come in?
    pub(super) fn is_locked_out(&self, who: ConnId) -> bool {
        self.wants_password() && self.is_stranger(who) && !self.unlocked.contains(&who)
    }

    /// Says that word. After a few wrong ones an address waits.
    pub(super) fn unlock(
        &mut self,
        who: ConnId,
        peer: Peer,
        password: &Secret,
    ) -> Result<(), ErrorCode> {
        let (now_ms, address) = (self.now.uptime_ms, peer.counted_address(true));
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
        who: ConnId,
        peer: Peer,
        coming: Coming,
        login: Option<Login>,
    ) -> Result<(), ErrorCode> {
        if self.sessions.user_of(who).is_some() {
            return Err(ErrorCode::AlreadyJoined);
        }
        if let Some(login) = login {
            return self.join_account(who, peer, coming, login);
        }
        let asker = self.comer(who, &coming);
        let entry = Entry::Join {
            nick: coming.nick,
            peer,
            is_untold: coming.is_untold,
        };
        self.commit(Some(asker), entry)?;
        self.resume(who, &coming.resume)?;
        self.begin_grace(self.own_id(who)?);
        Ok(())
    }

    pub(super) fn comer(&self, who: ConnId, coming: &Coming) -> Asker {
        let wants = Wants::Welcome {
            users: coming.wants_users,
            is_untold: coming.is_untold,
            replay: self.replay_of(coming.replay),
        };
        Asker { who, wants }
    }

    /// Comes in under a free name made of the address. The others are told when it says something, or has
    /// said nothing for a while: what it says first may be another protocol's, and then nobody is told.
    pub(super) fn join_unnamed(&mut self, who: ConnId, peer: Peer) -> Result<(), ErrorCode> {
        let nick = self.free_nick(peer.number());
        let coming = Coming {
            is_untold: true,
            ..Coming::plain(nick)
        };
        self.join(who, peer, coming, None)
    }

    /// Shows who has come in what was said in its rooms, and in others that it goes on in.
    pub(super) fn resume(
        &mut self,
        who: ConnId,
        resume: &[(RoomName, MessageId)],
    ) -> Result<(), ErrorCode> {
        let (rooms, focus) = (self.own(who)?.rooms().to_vec(), self.focus_of(who)?);
        for &id in &rooms {
            let key = self.chat.rooms().get(id).name.key();
            let had = resume.iter().find(|(room, _)| room.key() == key);
            self.show_past(who, id, had.map(|&(_, id)| id), None);
        }
        for (room, had) in resume.iter().filter(|(room, _)| !room.is_lobby()) {
            let known = self.chat.rooms().find(room);
            if known.is_some_and(|id| rooms.contains(&id)) {
                continue;
            }
            let mode = EnterMode::Focus;
            if let Err(code) = self.enter(who, room.clone(), mode, None, Some(*had), None) {
                self.refuse(who, code);
            }
            self.set_focus(who, focus);
        }
        Ok(())
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
