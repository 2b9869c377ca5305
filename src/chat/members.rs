//! Who is in a room, and how a user's being in is over.

use crate::model::{Departure, UserId};

use super::{Applying, Fact, LOBBY, Leaving, RoomId};

impl Applying<'_> {
    /// Puts a user into a room that it is not in.
    pub(super) fn put_in(&mut self, user: UserId, room: RoomId) {
        self.chat.rooms.enter(room, user);
        if let Some(own) = self.chat.users.get_mut(user) {
            own.enter(room);
        }
        self.chat.follow_mutes_in(user, room);
    }

    /// Takes a user out of a room; out of its last one it comes back to the lobby.
    pub(super) fn take_out(&mut self, user: UserId, room: RoomId, leaving: Leaving) {
        self.show(user);
        let Some(own) = self.chat.users.get_mut(user) else {
            return;
        };
        own.leave(room);
        let is_back = own.rooms().is_empty() && own.profile().is_none();
        let left = self.chat.rooms.get(room);
        let (name, members) = (left.name.clone(), left.count());
        let has_ended = self.chat.rooms.leave(room, user);
        if is_back {
            self.put_in(user, LOBBY);
        }
        self.facts.push(Fact::Left {
            user,
            room,
            name,
            members,
            is_back,
            leaving,
        });
        if has_ended {
            self.facts.push(Fact::RoomEnded { room });
        }
    }

    /// The others are to know of a user, if they do not yet.
    pub(super) fn show(&mut self, user: UserId) {
        let own = self.chat.users.get_mut(user);
        if let Some(own) = own.filter(|own| own.is_untold()) {
            own.change_rare(|rare| rare.is_untold = false);
            let nick = own.nick().clone();
            self.facts.push(Fact::Shown { user, nick });
        }
    }

    /// A user leaves the server.
    pub(super) fn leave(&mut self, id: UserId, why: Departure) {
        let Some(user) = self.chat.users.remove(id) else {
            return;
        };
        let rooms = user.rooms().to_vec();
        let members = self.counts(&rooms);
        self.facts.push(Fact::Gone {
            id,
            user,
            members,
            why,
        });
        self.leave_rooms(id, &rooms);
    }

    /// How many are in each of these rooms.
    pub(super) fn counts(&self, rooms: &[RoomId]) -> Vec<usize> {
        let rooms = rooms.iter();
        rooms
            .map(|&room| self.chat.rooms.get(room).count())
            .collect()
    }

    pub(super) fn leave_rooms(&mut self, user: UserId, rooms: &[RoomId]) {
        for &room in rooms {
            if self.chat.rooms.leave(room, user) {
                self.facts.push(Fact::RoomEnded { room });
            }
        }
    }
}
