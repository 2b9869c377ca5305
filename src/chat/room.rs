//! Rooms: sets of members in the order of their coming.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU64;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use crate::model::{
    AccountId, Key, MessageId, Mutes, RoomEntry, RoomMask, RoomName, RoomRest, UserId, crowd,
};

use super::table::Table;

/// A room, as long as it lasts: from a counter, so that no later one has its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RoomId(NonZeroU64);

/// The room that everyone starts in, and that never ends.
pub(crate) const LOBBY: RoomId = RoomId(NonZeroU64::MIN);

/// Somebody in a room. Packed, as every user is a member of some: of 12 bytes rather than 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(Rust, packed(4))]
pub(crate) struct Member {
    pub(crate) user: UserId,
    pub(crate) role: Role,
}

/// What a member may do in a room, by itself rather than by its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    Member,
    /// May speak where only some may.
    Voice,
    Moderator,
    /// One who moderates, and goes on to have a voice when it does not.
    VoicedModerator,
}

impl Role {
    pub(crate) fn moderates(self) -> bool {
        matches!(self, Role::Moderator | Role::VoicedModerator)
    }

    pub(crate) fn has_voice(self) -> bool {
        matches!(self, Role::Voice | Role::VoicedModerator)
    }

    pub(crate) fn of(moderates: bool, has_voice: bool) -> Role {
        match (moderates, has_voice) {
            (false, false) => Role::Member,
            (false, true) => Role::Voice,
            (true, false) => Role::Moderator,
            (true, true) => Role::VoicedModerator,
        }
    }
}

/// A set of members.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) name: RoomName,
    /// In the order of their coming. Invariant: nobody twice; each is a user that lists the room.
    members: Vec<Member>,
    pub(crate) topic: Option<String>,
    /// Who set that, and when, in milliseconds since 1970.
    pub(crate) topic_set: Option<Box<(String, u64)>>,
    /// When it was made, in milliseconds since 1970.
    pub(crate) made_ms: u64,
    pub(crate) modes: Modes,
    /// The last message before it was made: of what was said in rooms of its name that were closed to
    /// some, nothing up to this is shown.
    pub(crate) born: MessageId,
}

/// What a room's moderator has set.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Modes {
    pub(crate) is_topic_locked: bool,
    pub(crate) is_invite_only: bool,
    pub(crate) key: Option<String>,
    /// Do only moderators and those with a voice speak?
    pub(crate) is_moderated: bool,
    /// Is it told of to members only?
    pub(crate) is_secret: bool,
    /// May who is outside speak in it?
    pub(crate) is_open: bool,
    /// Does what programs ask each other (CTCP) not pass?
    pub(crate) has_no_ctcp: bool,
    /// How many may be in it.
    pub(crate) limit: Option<u32>,
    /// What it says of itself by keys.
    pub(crate) metadata: BTreeMap<String, String>,
    /// Who is kept out, is not, or is always invited.
    pub(crate) masks: Vec<RoomMask>,
    /// The account that made the room: it moderates, and the room lasts without members.
    pub(crate) owner: Option<AccountId>,
    /// The accounts that moderate beside it. Invariant: none without an owner.
    pub(crate) moderators: Vec<AccountId>,
    /// Who may come in once, whatever stands in the way.
    pub(crate) invited: BTreeSet<UserId>,
    /// Who says nothing here.
    pub(crate) muted: Mutes,
}

impl Room {
    /// What is kept of it beside what most rooms have.
    pub(super) fn rest(&self) -> RoomRest {
        RoomRest {
            made_ms: self.made_ms,
            topic_set: self.topic_set.as_deref().cloned(),
            is_moderated: self.modes.is_moderated,
            is_secret: self.modes.is_secret,
            is_open: self.modes.is_open,
            has_no_ctcp: self.modes.has_no_ctcp,
            limit: self.modes.limit,
            masks: self.modes.masks.clone(),
            metadata: self.modes.metadata.clone(),
        }
    }

    /// Goes on from what was kept.
    pub(super) fn set_rest(&mut self, rest: RoomRest) {
        self.made_ms = rest.made_ms;
        self.topic_set = rest.topic_set.map(Box::new);
        self.modes.is_moderated = rest.is_moderated;
        self.modes.is_secret = rest.is_secret;
        self.modes.is_open = rest.is_open;
        self.modes.has_no_ctcp = rest.has_no_ctcp;
        self.modes.limit = rest.limit;
        self.modes.masks = rest.masks;
        self.modes.metadata = rest.metadata;
    }

    /// Its members in the order of their coming.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Who moderates it by the role of a member.
    pub(crate) fn moderator(&self) -> Option<UserId> {
        let mut members = self.members.iter();
        // An owned room may have many members, of whom none does.
        let is_any = self.modes.owner.is_none();
        let moderator = members.find(|member| is_any && { member.role }.moderates())?;
        Some(moderator.user)
    }

    /// What a member may do by itself; `None` for who is none.
    pub(crate) fn role_of(&self, user: UserId) -> Option<Role> {
        let mut members = self.members.iter();
        let member = members.find(|member| { member.user } == user)?;
        Some(member.role)
    }

    /// A member may do something else from now on.
    pub(super) fn set_role(&mut self, user: UserId, role: Role) {
        let mut members = self.members.iter_mut();
        if let Some(member) = members.find(|member| { member.user } == user) {
            member.role = role;
        }
    }

    /// The first of its members moderates it from now on, or nobody does.
    pub(super) fn set_moderated(&mut self, is_moderated: bool) {
        for member in &mut self.members {
            member.role = Role::of(false, { member.role }.has_voice());
        }
        if let Some(first) = self.members.first_mut().filter(|_| is_moderated) {
            first.role = Role::of(true, { first.role }.has_voice());
        }
    }

    /// Is it closed to some?
    pub(crate) fn is_guarded(&self) -> bool {
        self.modes.key.is_some() || self.modes.is_invite_only || self.modes.is_secret
    }

    /// How many users are in it.
    pub(crate) fn count(&self) -> usize {
        self.members.len()
    }

    /// Is nobody in it, and does it belong to nobody?
    pub(super) fn is_over(&self) -> bool {
        self.members.is_empty() && self.modes.owner.is_none()
    }

    /// As it is listed to who may know what it is about, or not.
    pub(crate) fn entry(&self, shows_topic: bool) -> RoomEntry {
        RoomEntry {
            name: self.name.clone(),
            members: self.count(),
            topic: self.topic.clone().filter(|_| shows_topic),
        }
    }

    fn enter(&mut self, user: UserId) {
        let role = Role::Member;
        crowd::push(&mut self.members, Member { user, role });
    }

    /// Takes a user out; a moderator hands on to who came next.
    fn leave(&mut self, user: UserId) {
        let mut members = self.members.iter();
        let Some(at) = members.position(|member| { member.user } == user) else {
            return;
        };
        let was_moderator = { self.members.remove(at).role }.moderates();
        if was_moderator && self.moderator().is_none() && self.modes.owner.is_none() {
            self.set_moderated(true);
        }
        crowd::shrink(&mut self.members);
    }
}

/// Where a room stands in the list of rooms.
type Rank = (Reverse<usize>, RoomName, RoomId);

fn rank(id: RoomId, room: &Room) -> Rank {
    (Reverse(room.count()), room.name.clone(), id)
}

/// Every room there is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rooms {
    table: Table<RoomId, Room>,
    next_id: RoomId,
    /// Invariant: exactly the rooms of the table, by the keys of their names.
    #[serde(skip)]
    names: HashMap<Key, RoomId>,
    /// Invariant: exactly the rooms of the table, those with the most users first, then by name.
    #[serde(skip)]
    order: BTreeSet<Rank>,
}

impl Rooms {
    /// Just the lobby.
    pub(super) fn new() -> Rooms {
        let mut rooms = Rooms {
            table: Table::new(),
            next_id: LOBBY,
            names: HashMap::new(),
            order: BTreeSet::new(),
        };
        let lobby = rooms.open(RoomName::lobby(), MessageId::default());
        debug_assert_eq!(lobby, LOBBY);
        rooms
    }

    /// Finds the rooms by their names and in their order from now on. To be called once, after they were read.
    ///
    /// # Errors
    /// What is wrong: there are two of one name, or one whose id is yet to be given away, or no lobby.
    pub(super) fn index(&mut self) -> Result<(), &'static str> {
        for (id, room) in self.table.iter() {
            if id >= self.next_id {
                return Err("a room of the future");
            }
            if room.name.is_lobby() != (id == LOBBY) {
                return Err("another lobby");
            }
            if self.names.insert(room.name.key(), id).is_some() {
                return Err("two rooms of one name");
            }
            self.order.insert(rank(id, room));
        }
        self.try_get(LOBBY).map(drop).ok_or("no lobby")
    }

    pub(crate) fn find(&self, name: &RoomName) -> Option<RoomId> {
        self.names.get(&name.key()).copied()
    }

    /// The room of an id that some user lists.
    pub(crate) fn get(&self, id: RoomId) -> &Room {
        self.table.get(id).expect("it has not ended")
    }

    pub(crate) fn try_get(&self, id: RoomId) -> Option<&Room> {
        self.table.get(id)
    }

    pub(super) fn get_mut(&mut self, id: RoomId) -> &mut Room {
        self.table.get_mut(id).expect("it has not ended")
    }

    /// Makes a room of a name that no room has, after the message `born`.
    pub(super) fn open(&mut self, name: RoomName, born: MessageId) -> RoomId {
        let key = name.key();
        let room = Room {
            name,
            members: Vec::new(),
            topic: None,
            topic_set: None,
            made_ms: 0,
            modes: Modes::default(),
            born,
        };
        let id = self.next_id;
        self.next_id = RoomId(id.0.saturating_add(1));
        self.table.push(id, room);
        self.names.insert(key, id);
        self.order.insert(rank(id, self.get(id)));
        id
    }

    /// Takes a user out; a room that nobody owns ends with its last one, the lobby never. Returns whether it
    /// has ended.
    pub(super) fn leave(&mut self, id: RoomId, user: UserId) -> bool {
        self.change_count(id, |room| room.leave(user));
        self.end_if_over(id)
    }

    /// Puts a user in, who is not in yet.
    pub(super) fn enter(&mut self, id: RoomId, user: UserId) {
        self.change_count(id, |room| room.enter(user));
    }

    fn change_count(&mut self, id: RoomId, change: impl FnOnce(&mut Room)) {
        let before = self.get(id).count();
        change(self.get_mut(id));
        let now = rank(id, self.get(id));
        if now.0 != Reverse(before) {
            self.order.remove(&(Reverse(before), now.1.clone(), id));
            self.order.insert(now);
        }
    }

    /// Those with the most users first.
    pub(crate) fn largest(&self) -> impl Iterator<Item = RoomId> {
        self.order.iter().map(|&(.., id)| id)
    }

    /// So many, those with the most users first, from one on.
    pub(crate) fn some(&self, start: usize, count: usize) -> impl Iterator<Item = RoomId> {
        self.largest().skip(start).take(count)
    }

    /// Those behind one, in the order of [`Rooms::largest`].
    pub(crate) fn behind(&self, id: RoomId) -> impl Iterator<Item = RoomId> {
        let behind = (Bound::Excluded(rank(id, self.get(id))), Bound::Unbounded);
        self.order.range(behind).map(|&(.., id)| id)
    }

    /// Ends a room without members that nobody owns. Returns whether it has ended.
    pub(super) fn end_if_over(&mut self, id: RoomId) -> bool {
        let room = self.get(id);
        if !room.is_over() || id == LOBBY {
            return false;
        }
        self.order.remove(&rank(id, room));
        if let Some(room) = self.table.remove(id) {
            self.names.remove(&room.name.key());
        }
        if self.table.close_gaps().is_some() {
            self.names.shrink_to_fit();
        }
        true
    }

    /// In the order of their making.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        self.table.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn names(&self) -> &HashMap<Key, RoomId> {
        &self.names
    }

    /// # Panics
    /// Where the list of rooms is not in order.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn check_order(&self) {
        let order: BTreeSet<Rank> = self.iter().map(|(id, room)| rank(id, room)).collect();
        assert_eq!(self.order, order, "exactly the rooms");
    }
}
