//! Rooms: sets of members in the order of their coming.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU64;
use std::ops::Bound;

use crate::model::{AccountId, Key, MaskKind, MessageId, Mutes, RoomEntry, RoomName, UserId};

use super::metadata::Metadata;
use super::readers::Readers;
use super::scrollback::Scrollback;
use super::table::Table;

/// A room, as long as it lasts: from a counter, so that no later one has its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(NonZeroU64);

/// The room that everyone starts in, and that never ends.
pub(crate) const LOBBY: RoomId = RoomId(NonZeroU64::MIN);

/// Somebody in a room. Packed, as every user is a member of some: of 12 bytes rather than 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(Rust, packed(4))]
pub(super) struct Member {
    pub(super) user: UserId,
    pub(super) role: Role,
}

/// What a member may do in a room, by itself rather than by its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Member,
    /// May speak where only some may.
    Voice,
    Moderator,
    /// One who moderates, and goes on to have a voice when it does not.
    VoicedModerator,
}

impl Role {
    pub(super) fn moderates(self) -> bool {
        matches!(self, Role::Moderator | Role::VoicedModerator)
    }

    pub(super) fn has_voice(self) -> bool {
        matches!(self, Role::Voice | Role::VoicedModerator)
    }

    pub(super) fn of(moderates: bool, has_voice: bool) -> Role {
        match (moderates, has_voice) {
            (false, false) => Role::Member,
            (false, true) => Role::Voice,
            (true, false) => Role::Moderator,
            (true, true) => Role::VoicedModerator,
        }
    }
}

/// A set of members.
#[derive(Debug)]
pub(crate) struct Room {
    pub(super) name: RoomName,
    /// In the order of their coming. Invariant: nobody twice; each is a user that lists the room.
    members: Vec<Member>,
    /// Invariant: exactly the members' sessions.
    pub(super) readers: Readers,
    pub(super) topic: Option<String>,
    /// Who set that, and when, in milliseconds since 1970.
    pub(super) topic_set: Option<Box<(String, u64)>>,
    /// When it was made, in milliseconds since 1970.
    pub(super) made_ms: u64,
    pub(super) modes: Modes,
    /// What was said last. Invariant: not that of a room of the same name before it.
    pub(super) scrollback: Scrollback,
    /// The last message before it was made: of what was said in rooms of its name that were closed to
    /// some, nothing up to this is shown.
    pub(super) born: MessageId,
    /// What is counted and not told yet.
    pub(super) churn: Option<Churn>,
}

/// Comings and goings that are told together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Churn {
    pub(super) joined: u32,
    pub(super) left: u32,
    /// When they are told, in milliseconds since the start.
    due_ms: u64,
}

/// What a room's moderator has set.
#[derive(Debug, Default)]
pub(super) struct Modes {
    pub(super) is_topic_locked: bool,
    pub(super) is_invite_only: bool,
    pub(super) key: Option<String>,
    /// Do only moderators and those with a voice speak?
    pub(super) is_moderated: bool,
    /// Is it told of to members only?
    pub(super) is_secret: bool,
    /// May who is outside speak in it?
    pub(super) is_open: bool,
    /// Does what programs ask each other (CTCP) not pass?
    pub(super) has_no_ctcp: bool,
    /// How many may be in it.
    pub(super) limit: Option<u32>,
    /// Who is kept out, is not, or is always invited.
    pub(super) masks: Vec<RoomMask>,
    /// What it says of itself by keys.
    pub(super) metadata: Metadata,
    /// The account that made the room: it moderates, and the room lasts without members.
    pub(super) owner: Option<AccountId>,
    /// The accounts that moderate beside it. Invariant: none without an owner.
    pub(super) moderators: Vec<AccountId>,
    /// Who may come in once, whatever stands in the way.
    pub(super) invited: BTreeSet<UserId>,
    /// Who says nothing here.
    pub(super) muted: Mutes,
}

/// A mask of users in one of a room's lists.
#[derive(Debug)]
pub(super) struct RoomMask {
    pub(super) kind: MaskKind,
    /// As it was set.
    pub(super) mask: String,
    pub(super) by: String,
    /// When it was set, in milliseconds since 1970.
    pub(super) at_ms: u64,
}

impl Room {
    /// Its members in the order of their coming.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Who moderates it by the role of a member.
    pub(super) fn moderator(&self) -> Option<UserId> {
        let mut members = self.members.iter();
        // An owned room may have many members, of whom none does.
        let is_any = self.modes.owner.is_none();
        let moderator = members.find(|member| is_any && { member.role }.moderates())?;
        Some(moderator.user)
    }

    /// What a member may do by itself; `None` for who is none.
    pub(super) fn role_of(&self, user: UserId) -> Option<Role> {
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
    pub(super) fn is_guarded(&self) -> bool {
        self.modes.key.is_some() || self.modes.is_invite_only || self.modes.is_secret
    }

    /// How many users are in it.
    pub(super) fn count(&self) -> usize {
        self.members.len()
    }

    /// As it is listed to who may know what it is about, or not.
    pub(super) fn entry(&self, shows_topic: bool) -> RoomEntry {
        RoomEntry {
            name: self.name.clone(),
            members: self.count(),
            topic: self.topic.clone().filter(|_| shows_topic),
        }
    }

    fn enter(&mut self, user: UserId) {
        let role = Role::Member;
        self.members.push(Member { user, role });
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
        if self.members.capacity() > 4 * self.members.len() + 16 {
            self.members.shrink_to_fit();
        }
    }
}

/// Where a room stands in the list of rooms.
type Rank = (Reverse<usize>, RoomName, RoomId);

fn rank(id: RoomId, room: &Room) -> Rank {
    (Reverse(room.count()), room.name.clone(), id)
}

/// Every room there is.
#[derive(Debug)]
pub(super) struct Rooms {
    table: Table<RoomId, Room>,
    next_id: RoomId,
    /// Invariant: exactly the rooms of the table, by the keys of their names.
    names: HashMap<Key, RoomId>,
    /// Invariant: exactly the rooms of the table, those with the most users first, then by name.
    order: BTreeSet<Rank>,
    /// Invariant: exactly the rooms with a churn, by when it is told.
    due: BTreeSet<(u64, RoomId)>,
    /// The last message that was told in a room that ended.
    pub(super) last_ended: MessageId,
}

impl Rooms {
    /// Just the lobby.
    pub(super) fn new() -> Rooms {
        let mut rooms = Rooms {
            table: Table::new(),
            next_id: LOBBY,
            names: HashMap::new(),
            order: BTreeSet::new(),
            due: BTreeSet::new(),
            last_ended: MessageId::default(),
        };
        let nothing = MessageId::default();
        let lobby = rooms.open(RoomName::lobby(), nothing, nothing);
        debug_assert_eq!(lobby, LOBBY);
        rooms
    }

    pub(super) fn find(&self, name: &RoomName) -> Option<RoomId> {
        self.names.get(&name.key()).copied()
    }

    /// The room of an id that some user lists.
    pub(super) fn get(&self, id: RoomId) -> &Room {
        self.table.get(id).expect("it has not ended")
    }

    pub(super) fn try_get(&self, id: RoomId) -> Option<&Room> {
        self.table.get(id)
    }

    pub(super) fn get_mut(&mut self, id: RoomId) -> &mut Room {
        self.table.get_mut(id).expect("it has not ended")
    }

    /// Makes a room of a name that no room has, after the message `born`. Nothing was said in it after
    /// `silent_since`.
    pub(super) fn open(
        &mut self,
        name: RoomName,
        born: MessageId,
        silent_since: MessageId,
    ) -> RoomId {
        let key = name.key();
        let room = Room {
            name,
            members: Vec::new(),
            readers: Readers::default(),
            topic: None,
            topic_set: None,
            made_ms: 0,
            modes: Modes::default(),
            scrollback: Scrollback::new(silent_since),
            born,
            churn: None,
        };
        let id = self.next_id;
        self.next_id = RoomId(id.0.saturating_add(1));
        self.table.push(id, room);
        self.names.insert(key, id);
        self.order.insert(rank(id, self.get(id)));
        id
    }

    /// So many, those with the most users first, from one on.
    pub(super) fn some(&self, start: usize, count: usize) -> impl Iterator<Item = &Room> {
        let ids = self.order.iter().skip(start).take(count);
        ids.map(|&(.., id)| self.get(id))
    }

    /// Takes a user out; a room that nobody owns ends with its last one, the lobby never. Returns the
    /// bytes that were remembered of a room that ended.
    pub(super) fn leave(&mut self, id: RoomId, user: UserId) -> usize {
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
    pub(super) fn largest(&self) -> impl Iterator<Item = RoomId> {
        self.order.iter().map(|&(.., id)| id)
    }

    /// Those behind one, in the order of [`Rooms::largest`].
    pub(super) fn behind(&self, id: RoomId) -> impl Iterator<Item = RoomId> {
        let behind = (Bound::Excluded(rank(id, self.get(id))), Bound::Unbounded);
        self.order.range(behind).map(|&(.., id)| id)
    }

    /// Ends a room without members that nobody owns. Returns the bytes that were remembered of it.
    pub(super) fn end_if_over(&mut self, id: RoomId) -> usize {
        let room = self.get(id);
        if room.members().is_empty() && room.modes.owner.is_none() && id != LOBBY {
            self.order.remove(&rank(id, room));
            let Some(room) = self.table.remove(id) else {
                return 0;
            };
            self.names.remove(&room.name.key());
            self.last_ended = self.last_ended.max(room.scrollback.last());
            if let Some(churn) = room.churn {
                self.due.remove(&(churn.due_ms, id));
            }
            if self.table.close_gaps().is_some() {
                self.names.shrink_to_fit();
            }
            return room.scrollback.bytes();
        }
        0
    }

    /// Forgets half of what is remembered of each room of which it is more than half of the most.
    /// Returns the bytes freed; `None` where nothing is remembered.
    pub(super) fn halve_largest_tails(&mut self) -> Option<usize> {
        let scrollbacks = self.table.iter().map(|(_, room)| room.scrollback.bytes());
        let largest = scrollbacks.max().filter(|&largest| largest > 0)?;
        let rooms = self.table.iter_mut().map(|(_, room)| room);
        let large = rooms.filter(|room| room.scrollback.bytes() > largest / 2);
        let halves = large.map(|room| {
            room.scrollback
                .trim(room.scrollback.len() / 2, MessageId::MAX)
        });
        Some(halves.sum())
    }

    /// What is counted in a room; where that begins, it is told at `due_ms`.
    pub(super) fn churn_mut(&mut self, id: RoomId, due_ms: u64) -> &mut Churn {
        let room = self.table.get_mut(id).expect("it has not ended");
        room.churn.get_or_insert_with(|| {
            self.due.insert((due_ms, id));
            Churn {
                joined: 0,
                left: 0,
                due_ms,
            }
        })
    }

    /// When the next churn is to be told.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.due.first().map(|&(due_ms, _)| due_ms)
    }

    /// Takes out the next churn that is to be told by now.
    pub(super) fn pop_due(&mut self, now_ms: u64) -> Option<(RoomId, Churn)> {
        self.next_due().filter(|&due_ms| due_ms <= now_ms)?;
        let (_, id) = self.due.pop_first()?;
        Some((id, self.get_mut(id).churn.take()?))
    }

    /// In the order of their making.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        self.table.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    #[cfg(any(test, feature = "testing"))]
    pub(super) fn names(&self) -> &HashMap<Key, RoomId> {
        &self.names
    }

    /// # Panics
    /// Where the list of rooms is not in order.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn check_order(&self) {
        let order: BTreeSet<Rank> = self.iter().map(|(id, room)| rank(id, room)).collect();
        assert_eq!(self.order, order, "exactly the rooms");
    }

    /// # Panics
    /// Where a room is not told of in its time.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn check_due(&self) {
        let churns = self.iter().filter_map(|(id, room)| Some((room.churn?, id)));
        let due: BTreeSet<_> = churns.map(|(churn, id)| (churn.due_ms, id)).collect();
        assert_eq!(self.due, due, "exactly the rooms with a churn");
    }
}
