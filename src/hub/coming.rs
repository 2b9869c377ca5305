//! Coming and going: how somebody becomes a user, and how that ends.

use crate::model::{
    ConnId, Departure, EnterMode, ErrorCode, Event, Login, MessageId, Nick, Peer, RoomName, Roster,
};

use super::{Effect, Hub, LOBBY, Reader};

/// Somebody who comes in.
#[derive(Debug)]
pub(super) struct Coming {
    pub(super) nick: Nick,
    pub(super) wants_users: bool,
    /// Are the others told later ([`Hub::tell_of_coming`])?
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
    pub(super) fn join(
        &mut self,
        who: ConnId,
        peer: Peer,
        coming: Coming,
        login: Option<Login>,
    ) -> Result<(), ErrorCode> {
        if self.users.of(who).is_some() {
            return Err(ErrorCode::AlreadyJoined);
        }
        // It may have been banned since the connection was accepted.
        if let Some(refusal) = self.refusal_of(&peer, self.now) {
            return Err(refusal);
        }
        if let Some(login) = login {
            return self.join_account(who, peer, coming, login);
        }
        self.check_free(&coming.nick)?;
        self.check_unregistered(&coming.nick)?;
        let resume = self.come_in(who, peer, coming)?;
        self.resume(who, &resume)?;
        self.begin_grace(self.own_id(who)?);
        Ok(())
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

    /// Comes in under a name that is free. Returns what is resumed.
    pub(super) fn come_in(
        &mut self,
        who: ConnId,
        peer: Peer,
        coming: Coming,
    ) -> Result<Vec<(RoomName, MessageId)>, ErrorCode> {
        let Coming {
            nick,
            wants_users,
            is_untold,
            resume,
            replay,
        } = coming;
        let replay = self.replay_of(replay);
        let id = self.users.insert(who, nick.clone(), peer, replay);
        self.tell_watchers_of_name(&nick, true);
        self.rooms.enter(LOBBY, id);
        let reader = Reader {
            id: who,
            here: true,
        };
        self.rooms.get_mut(LOBBY).readers.add(reader);
        self.follow_mutes(id);
        let author = self.author(who)?;
        let users = match wants_users {
            true => self.roster(LOBBY),
            false => Roster::default(),
        };
        self.answer(who, Event::Welcome { nick, users })?;
        match is_untold {
            true => self.tell_later(id),
            false => self.tell_of_entering(id, LOBBY, Event::Joined { author }),
        }
        Ok(resume)
    }

    /// Shows who has come in what was said in its rooms, and in others that it goes on in.
    pub(super) fn resume(
        &mut self,
        who: ConnId,
        resume: &[(RoomName, MessageId)],
    ) -> Result<(), ErrorCode> {
        let (rooms, focus) = (self.own(who)?.rooms().to_vec(), self.focus_of(who)?);
        for &id in &rooms {
            let key = self.rooms.get(id).name.key();
            let had = resume.iter().find(|(room, _)| room.key() == key);
            self.show_past(who, id, had.map(|&(_, id)| id), None);
        }
        for (room, had) in resume.iter().filter(|(room, _)| !room.is_lobby()) {
            let known = self.rooms.find(room);
            if known.is_some_and(|id| rooms.contains(&id)) {
                continue;
            }
            if let Err(code) =
                self.enter(who, room.clone(), EnterMode::Focus, None, Some(*had), None)
            {
                self.refuse(who, code);
            }
            self.set_focus(who, focus);
        }
        Ok(())
    }

    /// `anon-` and the number, or the next one that nobody took.
    pub(super) fn free_nick(&self, number: u32) -> Nick {
        (number..=u32::MAX)
            .chain(0..number)
            .map(|number| Nick::parse(&format!("anon-{number}")).expect("letters, - and digits"))
            .find(|nick| !self.is_registered(nick) && self.users.find(nick.as_str()).is_none())
            .expect("fewer names are taken than there are numbers")
    }

    pub(super) fn end_session(&mut self, who: ConnId, why: Departure) {
        self.forget_scans(who);
        self.accounts.asking.remove(&who);
        let Some(user) = self.users.user_of(who) else {
            return;
        };
        let nick = user.nick().clone();
        self.effects.push_back(Effect::Gone { who, nick });
        self.take_away(who, why);
    }

    /// Removes a session. A user of whom that was the last one leaves, which the others are told.
    pub(super) fn take_away(&mut self, who: ConnId, why: Departure) {
        let Some(id) = self.users.of(who) else {
            return;
        };
        self.use_account_of(who);
        let user = &self.users[id];
        for key in user.ignored() {
            self.ignorers.remove(key, who);
        }
        for room in user.rooms().to_vec() {
            self.end_catching_up(room, who);
            self.rooms.get_mut(room).readers.remove(who);
        }
        if self.users[id].sessions() == 1 {
            self.stop_grace(id);
            self.note_former(self.as_former(id));
        }
        self.forget_watches(who);
        let Some(user) = self.users.remove(who) else {
            return;
        };
        if user.is_untold() {
            self.rooms.leave(LOBBY, id);
            return;
        }
        let mut told = Vec::new();
        for &room in user.rooms() {
            if self.remove_member(id, room) {
                told.push(room);
            }
        }
        let nick = user.nick().clone();
        self.tell_watchers_of_name(&nick, false);
        if !told.is_empty() {
            let audience = self.neighbours(who, &told);
            self.broadcast(audience, Event::Left { nick, why });
        }
    }
}
