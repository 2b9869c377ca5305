//! Several connections of one account, which are one user to everybody else: one comes in beside
//! another, or a user becomes one who is here already. Each speaks where it likes, in the rooms that
//! the user is in.

use crate::limits::CONNECTIONS_PER_ACCOUNT_MAX;
use crate::model::{
    ConnId, Departure, ErrorCode, Event, MessageId, Peer, PutOut, RoomName, Roster, UserId,
};

use super::coming::Coming;
use super::{Hub, LOBBY, Reader, RoomId};

/// A connection of a user who becomes another.
struct Moved {
    who: ConnId,
    peer: Peer,
    focus: Option<RoomId>,
    replay: u16,
}

impl Hub {
    /// A connection without a session becomes one of a user who is here, and who has one less where that
    /// would be too many. It speaks in `focus`, in the lobby, or where the first one does, whichever of
    /// them the user is in, and is shown the last `replay` messages of rooms that it enters.
    fn attach(&mut self, id: UserId, connection: &Moved) {
        let oldest = self.users.first_of(id);
        if self.users[id].sessions() >= CONNECTIONS_PER_ACCOUNT_MAX
            && let Some(oldest) = oldest
        {
            self.put_out_connection(oldest, PutOut::LoggedInElsewhere);
        }
        let first = self.users.first_of(id);
        let focus = first.and_then(|first| self.users.session(first)?.focus);
        let Moved { who, peer, .. } = *connection;
        let user = &self.users[id];
        let wanted = [connection.focus, Some(LOBBY)].into_iter().flatten();
        let mut wanted = wanted.filter(|&room| user.is_in(room));
        let focus = wanted.next().or(focus);
        for key in user.ignored() {
            self.ignorers.insert(key.clone(), who);
        }
        for &room in user.rooms() {
            let here = focus == Some(room);
            let reader = Reader { id: who, here };
            self.rooms.get_mut(room).readers.add(reader);
        }
        self.users.attach(who, peer, id, focus, connection.replay);
    }

    /// Comes in at one more connection of a user who is here. Returns what is resumed.
    pub(super) fn come_in_beside(
        &mut self,
        who: ConnId,
        peer: Peer,
        coming: Coming,
        id: UserId,
    ) -> Result<Vec<(RoomName, MessageId)>, ErrorCode> {
        let connection = Moved {
            who,
            peer,
            focus: Some(LOBBY),
            replay: self.replay_of(coming.replay),
        };
        self.attach(id, &connection);
        let nick = self.own(who)?.nick().clone();
        let users = match coming.wants_users {
            true => self.roster(LOBBY),
            false => Roster::default(),
        };
        self.answer(who, Event::Welcome { nick, users })?;
        let rooms = self.own(who)?.rooms().to_vec();
        for &room in rooms.iter().filter(|&&room| room != LOBBY) {
            self.tell_own_entering(who, room);
        }
        if !rooms.contains(&LOBBY) {
            self.tell_own_leaving(who, &RoomName::lobby());
        }
        Ok(coming.resume)
    }

    /// Likewise, for who is told of each room that it is in, the lobby too.
    pub(super) fn come_in_beside_nowhere(
        &mut self,
        who: ConnId,
        peer: Peer,
        id: UserId,
    ) -> Result<(), ErrorCode> {
        let connection = Moved {
            who,
            peer,
            focus: None,
            replay: self.replay_of(None),
        };
        self.attach(id, &connection);
        let (nick, users) = (self.own(who)?.nick().clone(), Roster::default());
        self.answer(who, Event::Welcome { nick, users })?;
        for room in self.own(who)?.rooms().to_vec() {
            self.tell_own_entering(who, room);
            self.show_past(who, room, None, None);
        }
        self.ask_mail(who);
        Ok(())
    }

    /// A user becomes another, who is here already, with all of its connections.
    pub(super) fn merge(&mut self, from: UserId, into: UserId) {
        let user = &self.users[from];
        let (nick, muted_in) = (user.nick().clone(), user.muted_in().to_vec());
        let rooms = user.rooms().iter();
        let names: Vec<_> = rooms.map(|&id| self.rooms.get(id).name.clone()).collect();
        let first_effect = self.effects.len();
        let mut moved = Vec::new();
        let mut connections: Vec<_> = self.users.sessions_of(from).collect();
        connections.reverse();
        for who in connections {
            if let Some(session) = self.users.session(who)
                && let Some(peer) = self.users.peer_of(who)
            {
                let (focus, replay) = (session.focus, session.replay);
                moved.push(Moved {
                    who,
                    peer,
                    focus,
                    replay,
                });
            }
            self.take_away(who, Departure::Quit(None));
        }
        self.settle_audiences(first_effect);
        self.take_over_mutes(from, into, &muted_in);
        let renamed = Event::Renamed {
            from: nick,
            to: self.users[into].nick().clone(),
        };
        for connection in moved {
            self.attach(into, &connection);
            self.follow_mutes(into);
            self.tell(connection.who, renamed.clone());
            self.tell_new_rooms(connection.who, into, &names);
        }
    }

    /// Tells a connection which was in rooms of some names that it is in those of a user.
    fn tell_new_rooms(&mut self, who: ConnId, id: UserId, names: &[RoomName]) {
        for name in names {
            let is_in = |room| self.users[id].is_in(room);
            if !self.rooms.find(name).is_some_and(is_in) {
                self.tell_own_leaving(who, name);
            }
        }
        // Those that it was in before, too: they have one user less.
        for room in self.users[id].rooms().to_vec() {
            self.tell_own_entering(who, room);
            if !names.contains(&self.rooms.get(room).name) {
                self.show_past(who, room, None, None);
            }
        }
    }

    /// Tells a connection of a user who entered a room at another.
    pub(super) fn tell_own_entering(&mut self, who: ConnId, id: RoomId) {
        let room = self.rooms.get(id);
        let event = Event::EnteredRoom {
            room: room.name.clone(),
            created: false,
            users: self.roster(id),
            topic: room.topic.clone(),
        };
        self.tell(who, event);
    }
}
