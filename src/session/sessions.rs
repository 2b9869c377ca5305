//! What one connection has for itself, and all of those.

use std::collections::HashMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chat::RoomId;
use crate::limits::SLOTS_MAX;
use crate::model::{ConnId, UserId, crowd};

/// A connection of a user.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Whose it is.
    user: UserId,
    /// The room that it speaks in. Invariant: one that its user is in; `None` where that is in none.
    pub(crate) focus: Option<RoomId>,
    /// That of its connection, which stands here so that a slot is no larger than it must be.
    #[serde(skip)]
    generation: u32,
    /// How many of the last messages it is shown of a room that it enters, where that does not say it.
    pub(crate) replay: u16,
}

impl Session {
    pub(crate) fn new(user: UserId, focus: Option<RoomId>, replay: u16) -> Session {
        Session {
            user,
            focus,
            generation: 0,
            replay,
        }
    }

    pub(crate) fn user(&self) -> UserId {
        self.user
    }
}

/// Every session, by the slot of its connection, and by its user.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// Invariant: the last one is not empty.
    slots: Vec<Option<Session>>,
    /// The slot of each user's first session, in the order of the users' ids, which stand in the sessions only.
    first: Vec<u32>,
    /// Those of its others. Invariant: none without any.
    further: HashMap<UserId, Vec<u32>>,
}

impl Sessions {
    pub(crate) fn new() -> Sessions {
        Sessions {
            slots: Vec::new(),
            first: Vec::new(),
            further: HashMap::new(),
        }
    }

    /// Whose connection that is.
    pub(crate) fn user_of(&self, id: ConnId) -> Option<UserId> {
        self.get(id).map(Session::user)
    }

    /// The first connection of a user.
    pub(crate) fn first_of(&self, user: UserId) -> Option<ConnId> {
        self.id_in(self.first[self.place_of_first(user).ok()?])
    }

    /// Where the slot of a user's first session stands, or would.
    fn place_of_first(&self, user: UserId) -> Result<usize, usize> {
        let user_in = |slot: u32| self.slots[slot as usize].as_ref().map(Session::user);
        self.first
            .binary_search_by_key(&Some(user), |&slot| user_in(slot))
    }

    /// Every connection of a user, in the order of their coming.
    pub(crate) fn of(&self, user: UserId) -> impl Iterator<Item = ConnId> {
        let further = self.further.get(&user).into_iter().flatten();
        let further = further.filter_map(|&slot| self.id_in(slot));
        self.first_of(user).into_iter().chain(further)
    }

    /// The place of a connection in the order of its user's.
    pub(crate) fn place_of(&self, id: ConnId) -> Option<usize> {
        self.of(self.user_of(id)?).position(|other| other == id)
    }

    pub(crate) fn get(&self, id: ConnId) -> Option<&Session> {
        let session = self.slots.get(id.slot as usize)?.as_ref()?;
        (session.generation == id.generation).then_some(session)
    }

    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        let session = self.slots.get_mut(id.slot as usize)?.as_mut()?;
        (session.generation == id.generation).then_some(session)
    }

    /// The slot of each is below that.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Whose session is in a slot.
    fn id_in(&self, slot: u32) -> Option<ConnId> {
        let generation = self.slots.get(slot as usize)?.as_ref()?.generation;
        Some(ConnId { slot, generation })
    }

    /// Adds the session of a connection whose slot has none.
    pub(crate) fn insert(&mut self, id: ConnId, session: Session) {
        let user = session.user();
        match self.place_of_first(user) {
            Ok(_) => self.further.entry(user).or_default().push(id.slot),
            // Behind all others, unless its first one is gone and another of its stayed.
            Err(at) => {
                crowd::push(&mut self.first, id.slot);
                self.first[at..].rotate_right(1);
            }
        }
        let slot = id.slot as usize;
        while slot >= self.slots.len() {
            crowd::push(&mut self.slots, None);
        }
        debug_assert!(
            self.slots[slot].is_none(),
            "a session is removed before its slot is used"
        );
        self.slots[slot] = Some(Session {
            generation: id.generation,
            ..session
        });
    }

    pub(crate) fn remove(&mut self, id: ConnId) -> Option<Session> {
        self.remove_of(self.user_of(id)?, id.slot);
        let session = self.slots[id.slot as usize].take();
        while self.slots.last().is_some_and(Option::is_none) {
            self.slots.pop();
        }
        crowd::shrink(&mut self.slots);
        crowd::shrink(&mut self.first);
        session
    }

    /// Takes out the slot of one of a user's sessions, which is there still.
    fn remove_of(&mut self, user: UserId, slot: u32) {
        let Ok(first) = self.place_of_first(user) else {
            return;
        };
        let Some(further) = self.further.get_mut(&user) else {
            self.first.remove(first);
            return;
        };
        match further.iter().position(|&other| other == slot) {
            Some(at) => drop(further.remove(at)),
            None => self.first[first] = further.remove(0),
        }
        if further.is_empty() {
            self.further.remove(&user);
            self.further.shrink_to_fit();
        }
    }

    /// In the order of slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ConnId, &Session)> {
        let entries = (0..).zip(&self.slots);
        entries.filter_map(|(slot, entry)| {
            let session = entry.as_ref()?;
            let generation = session.generation;
            Some((ConnId { slot, generation }, session))
        })
    }
}

/// Each with its connection: those of a user in the order of their coming.
impl Serialize for Sessions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let first = self.first.iter().filter_map(|&slot| self.id_in(slot));
        let users = first.filter_map(|id| self.user_of(id));
        let ids = users.flat_map(|user| self.of(user));
        let all: Vec<_> = ids.filter_map(|id| Some((id, self.get(id)?))).collect();
        serializer.collect_seq(all)
    }
}

impl<'de> Deserialize<'de> for Sessions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sessions, D::Error> {
        let mut sessions = Sessions::new();
        for (id, session) in Vec::<(ConnId, Session)>::deserialize(deserializer)? {
            let slot = id.slot as usize;
            if slot >= SLOTS_MAX || sessions.slots.get(slot).is_some_and(Option::is_some) {
                return Err(D::Error::custom("a slot of several sessions"));
            }
            sessions.insert(id, session);
        }
        Ok(sessions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(slot: u32) -> ConnId {
        let generation = 7;
        ConnId { slot, generation }
    }

    #[test]
    fn the_sessions_of_a_user_are_in_the_order_of_their_coming() {
        let (user, other) = (UserId::FIRST, UserId::FIRST.next());
        let mut sessions = Sessions::new();
        for (slot, user) in [(1, user), (5, other), (2, user), (3, user)] {
            sessions.insert(who(slot), Session::new(user, None, 0));
        }
        assert!(sessions.of(user).eq([1, 2, 3].map(who)));
        assert_eq!(sessions.place_of(who(3)), Some(2));
        assert!(sessions.remove(who(1)).is_some());
        assert_eq!(sessions.first_of(user), Some(who(2)));
        assert!(sessions.remove(who(3)).is_some() && sessions.remove(who(1)).is_none());
        assert!(sessions.of(user).eq([who(2)]) && sessions.further.is_empty());
        assert!(sessions.remove(who(2)).is_some() && sessions.first_of(user).is_none());
        assert!(sessions.remove(who(5)).is_some());
        assert_eq!((sessions.slots(), sessions.first.len()), (0, 0));
        assert_eq!(size_of::<Option<Session>>(), 24);
    }
}
