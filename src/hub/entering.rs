//! What comes of entering and leaving rooms.

use crate::chat::{LOBBY, Leaving, RoomId};
use crate::model::{
    ConnId, Done, EnterMode, Event, Kick, Moment, Nick, Notice, RoomName, Roster, UserId,
};
use crate::session::{Reader, Session};

use super::decision::{Asker, Wants};
use super::effect::Effect;
use super::state::Hub;

impl Hub {
    /// A room is made. What may be on disk of one of its name is not known here; what is not on disk yet is
    /// known to be none, but for what was said in rooms that have ended.
    pub(super) fn open(&mut self, room: RoomId) {
        let silent_since = match self.chat.rules().durability {
            None => Default::default(),
            Some(_) => self.kept().max(self.local.last_ended()),
        };
        self.local.open(room, silent_since);
    }

    pub(super) fn hear_entered(
        &mut self,
        user: UserId,
        room: RoomId,
        (is_made, was_in): (bool, bool),
        asker: Option<&mut Asker>,
        now: Moment,
    ) {
        if !was_in {
            self.read(user, room);
        }
        let Some(asker) = asker else {
            if !was_in {
                self.tell_entered(user, room, self.sessions.of(user).collect(), now);
            }
            return;
        };
        let who = asker.who;
        if let Wants::Return(_) = asker.wants {
            return self.tell_entered(user, room, self.others_of(who), now);
        }
        let Wants::Room {
            mode,
            resume,
            replay,
        } = asker.wants
        else {
            return;
        };
        if mode == EnterMode::Focus {
            self.set_focus(who, room);
        }
        let found = self.chat.rooms().get(room);
        let name = found.name.clone();
        let event = Event::EnteredRoom {
            room: name.clone(),
            created: is_made,
            users: match mode {
                EnterMode::Existing => Roster::default(),
                EnterMode::Create | EnterMode::Focus => self.roster(room),
            },
            topic: found.topic.clone(),
        };
        self.answer_asker(asker, event);
        if was_in {
            return;
        }
        let others = self.others_of(who);
        for &other in &others {
            self.tell_own_entering(other, room);
        }
        let nick = self.name_of(user);
        self.tell_of_entering(user, room, Event::RoomJoined { nick, room: name }, now);
        self.tell_metadata_of(user, room);
        self.show_past(who, room, resume, replay);
        for other in others {
            self.show_past(other, room, None, None);
        }
    }

    /// A user has entered a room at another server, and those are its connections here.
    fn tell_entered(&mut self, user: UserId, room: RoomId, own: Vec<ConnId>, now: Moment) {
        for &who in &own {
            self.tell_own_entering(who, room);
        }
        let (nick, name) = (self.name_of(user), self.chat.rooms().get(room).name.clone());
        self.tell_of_entering(user, room, Event::RoomJoined { nick, room: name }, now);
        self.tell_metadata_of(user, room);
        for who in own {
            self.show_past(who, room, None, None);
        }
    }

    /// A user's sessions read a room from now on. They speak there where they speak nowhere else.
    fn read(&mut self, user: UserId, room: RoomId) {
        for id in self.sessions.of(user).collect::<Vec<_>>() {
            if let Some(session) = self.sessions.get_mut(id) {
                let here = *session.focus.get_or_insert(room) == room;
                let readers = &mut self.local.get_mut(room).readers;
                readers.add(Reader { id, here });
            }
        }
    }

    /// A user has left a room of so many members. Where it is in no other, it is in the lobby again. Returns whether
    /// those who stay are to be told.
    pub(super) fn read_no_more(
        &mut self,
        user: UserId,
        room: RoomId,
        (members, is_back): (usize, bool),
        now: Moment,
    ) -> bool {
        let rooms = self.chat.users()[user].rooms();
        let last = rooms.last().copied().filter(|_| !is_back);
        for who in self.sessions.of(user).collect::<Vec<_>>() {
            self.end_catching_up(room, who);
            self.local.get_mut(room).readers.remove(who);
            let session = self.sessions.get_mut(who);
            if let Some(session) = session.filter(|session| session.focus == Some(room)) {
                session.focus = last;
                if let Some(last) = last {
                    self.local.get_mut(last).readers.set_here(who, true);
                }
            }
        }
        let is_told = self.count_leaving(room, members, now);
        if is_back {
            self.read(user, LOBBY);
            let (nick, room) = (self.name_of(user), RoomName::lobby());
            self.tell_of_entering(user, LOBBY, Event::RoomJoined { nick, room }, now);
        }
        is_told
    }

    pub(super) fn hear_left(
        &mut self,
        user: UserId,
        (room, name): (RoomId, RoomName),
        is_told: bool,
        leaving: Leaving,
        mut asker: Option<&mut Asker>,
    ) {
        let connections: Vec<ConnId> = self.sessions.of(user).collect();
        let nick = self.name_of(user);
        let (own, kick, words) = match leaving {
            Leaving::Own(words) => (
                self.tell_leaver(&connections, &name, asker.as_deref_mut()),
                None,
                words,
            ),
            Leaving::Kicked(kick, _) => {
                self.tell_kicked(&connections, &name, &kick);
                (connections.first().copied(), Some(kick), None)
            }
            Leaving::Closed => return,
        };
        let is_kick = kick.is_some();
        let event = Event::RoomLeft {
            nick: nick.clone(),
            room: name.clone(),
            kick,
            words,
        };
        match is_told {
            true => self.broadcast(self.others(room, own), event),
            false => self.tell_eager(&[room], Some(user), event),
        }
        if is_kick {
            self.answer_done(asker, Done::PutOut { nick, room: name });
        }
    }

    /// Tells who left a room at one of its connections. Returns that.
    fn tell_leaver(
        &mut self,
        connections: &[ConnId],
        name: &RoomName,
        asker: Option<&mut Asker>,
    ) -> Option<ConnId> {
        let own = asker.as_ref().map(|asker| asker.who);
        if let Some(asker) = asker {
            let (room, now_in) = (name.clone(), self.name_of_focus(asker.who));
            self.answer_asker(asker, Event::LeftRoom { room, now_in });
        }
        for &other in connections.iter().filter(|&&other| Some(other) != own) {
            self.tell_own_leaving(other, name);
        }
        own
    }

    fn tell_kicked(&mut self, connections: &[ConnId], room: &RoomName, kick: &Kick) {
        for &who in connections {
            let notice = Notice::PutOut {
                room: room.clone(),
                kick: kick.clone(),
            };
            self.tell(who, Event::Notice(notice));
            self.tell_own_leaving(who, room);
        }
    }

    pub(super) fn hear_joined(&mut self, user: UserId, asker: Option<&mut Asker>, now: Moment) {
        let Some(asker) = asker else {
            return self.hear_joined_elsewhere(user, now);
        };
        let who = asker.who;
        let nick = self.name_of(user);
        self.watches.users_max = self.watches.users_max.max(self.chat.users().len());
        match asker.wants {
            Wants::Welcome {
                users,
                is_untold,
                replay,
            } => {
                let session = Session::new(user, Some(LOBBY), replay);
                self.sessions.insert(who, session);
                let here = true;
                let readers = &mut self.local.get_mut(LOBBY).readers;
                readers.add(Reader { id: who, here });
                self.welcome(asker, (user, &nick), (users, is_untold), now);
            }
            Wants::Nowhere { replay } => {
                self.watches.has_profiles = true;
                let session = Session::new(user, None, replay);
                self.sessions.insert(who, session);
                let (nick, users) = (nick.clone(), Roster::default());
                self.answer_welcome(asker, nick, users);
            }
            Wants::Return(replay) => return self.hear_returned(user, who, replay, now),
            Wants::Nothing | Wants::Unheard | Wants::Modes | Wants::AtOnce | Wants::Room { .. } => {
                return;
            }
        }
        self.tell_watchers_of_name(&nick, true);
    }

    /// A session has come back that ended with its server's membership.
    fn hear_returned(&mut self, user: UserId, who: ConnId, replay: u16, now: Moment) {
        let own = &self.chat.users()[user];
        let (nick, focus) = (own.nick().clone(), own.is_in(LOBBY).then_some(LOBBY));
        self.sessions.insert(who, Session::new(user, focus, replay));
        if focus.is_some() {
            let here = true;
            let readers = &mut self.local.get_mut(LOBBY).readers;
            readers.add(Reader { id: who, here });
            let author = self.author(who, nick.clone());
            self.tell_of_entering(user, LOBBY, Event::Joined { author }, now);
        }
        self.tell_watchers_of_name(&nick, true);
    }

    /// Tells a connection that it has a session.
    pub(super) fn answer_welcome(&mut self, asker: &mut Asker, nick: Nick, users: Roster) {
        let (who, came) = (asker.who, nick.clone());
        self.effects.push_back(Effect::Came { who, nick: came });
        self.answer_asker(asker, Event::Welcome { nick, users });
    }

    /// Tells who has come into the lobby, and the others there.
    fn welcome(
        &mut self,
        asker: &mut Asker,
        (user, nick): (UserId, &Nick),
        (users, is_untold): (bool, bool),
        now: Moment,
    ) {
        let author = self.author(asker.who, nick.clone());
        let users = match users {
            true => self.roster(LOBBY),
            false => Roster::default(),
        };
        let nick = nick.clone();
        let who = asker.who;
        self.answer_welcome(asker, nick, users);
        let lines = &self.chat.rules().server.motd;
        if !lines.is_empty() {
            let lines = lines.as_slice().into();
            self.tell(who, Event::Motd { lines });
        }
        match is_untold {
            true => self.tell_later(user, now),
            false => self.tell_of_entering(user, LOBBY, Event::Joined { author }, now),
        }
    }
}
