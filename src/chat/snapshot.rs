//! A snapshot: the chat as bytes. A new program and a new server begin with one, and two chats are equal exactly where
//! their snapshots are.
//!
//! It is a version and the [`Chat`], field after field, in MessagePack; what can be derived of others is not written
//! (`serde(skip)`). A field that is new stands last in its type, has `serde(default)`, and takes a step of
//! [`SNAPSHOT_VERSION`]: so older snapshots are read, and who reads no newer ones says so.

use std::collections::HashSet;
use std::fmt;

use rmp_serde::{Deserializer, Serializer};
use serde::{Deserialize, Serialize};

use crate::model::{HashSeed, UserId};

use super::room::{LOBBY, Room, RoomId};
use super::rules::Rules;
use super::state::Chat;

/// The version that is written.
const SNAPSHOT_VERSION: u32 = 3;

/// Why there is no chat in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotError {
    /// They are of a version that is not known, which is this.
    Version(u32),
    /// They are cut off, or no values of their types.
    Malformed,
    /// They are no state that a chat comes to, for that reason.
    Invalid(&'static str),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotError::Version(version) => {
                write!(
                    f,
                    "a snapshot of version {version}, above {SNAPSHOT_VERSION}"
                )
            }
            SnapshotError::Malformed => f.write_str("no whole snapshot"),
            SnapshotError::Invalid(what) => write!(f, "a snapshot with {what}"),
        }
    }
}

/// The version, and a value as bytes.
pub(crate) fn write_snapshot(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::new(&mut bytes);
    let done = SNAPSHOT_VERSION.serialize(&mut serializer);
    let done = done.and_then(|()| value.serialize(&mut serializer));
    debug_assert!(done.is_ok(), "there is a form for all of it");
    bytes
}

/// The value of bytes that [`write_snapshot`] made, completed by `derive`, and checked by that.
///
/// # Errors
/// Why there is none: a value is valid, and where they are of the version that is written, has exactly these bytes.
pub(crate) fn read_snapshot<'de, T: Serialize + Deserialize<'de>>(
    bytes: &'de [u8],
    derive: impl FnOnce(&mut T) -> Result<(), &'static str>,
) -> Result<T, SnapshotError> {
    let mut deserializer = Deserializer::from_read_ref(bytes);
    let version = u32::deserialize(&mut deserializer).map_err(|_| SnapshotError::Malformed)?;
    if !(1..=SNAPSHOT_VERSION).contains(&version) {
        return Err(SnapshotError::Version(version));
    }
    let mut value = T::deserialize(&mut deserializer).map_err(|_| SnapshotError::Malformed)?;
    derive(&mut value).map_err(SnapshotError::Invalid)?;
    // Whatever has two forms (an order, a number with leading zeros) has one here.
    match version < SNAPSHOT_VERSION || write_snapshot(&value) == bytes {
        true => Ok(value),
        false => Err(SnapshotError::Invalid("another form")),
    }
}

impl Chat {
    /// All of it, but for what operators keep secret and what each server has for itself ([`Chat::set_rules`]).
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        write_snapshot(self)
    }

    /// The chat of a snapshot. `hash_seed` is what names are hashed with here. Never is more allocated than what the
    /// bytes are worth, and 1 MiB.
    ///
    /// # Errors
    /// As [`read_snapshot`].
    pub(crate) fn restore(bytes: &[u8], hash_seed: HashSeed) -> Result<Chat, SnapshotError> {
        read_snapshot(bytes, |chat: &mut Chat| chat.derive(hash_seed))
    }

    /// These rules hold from now on, but for what is as old as what is kept.
    pub(crate) fn set_rules(&mut self, rules: Rules) {
        self.rules = Rules {
            hash_seed: self.rules.hash_seed,
            cloak_key: self.rules.cloak_key,
            ..rules
        };
    }

    /// Derives what is not written of a chat that was read, and checks all that must hold. `hash_seed` is what names are
    /// hashed with here.
    ///
    /// # Errors
    /// What does not hold.
    pub(crate) fn derive(&mut self, hash_seed: HashSeed) -> Result<(), &'static str> {
        self.rules.hash_seed = hash_seed;
        self.users.index(hash_seed)?;
        self.rooms.index()?;
        self.directory.index()?;
        self.derive_owned()?;
        self.check_users()?;
        self.rooms
            .iter()
            .try_for_each(|(id, room)| self.check_members(id, room))
    }

    fn derive_owned(&mut self) -> Result<(), &'static str> {
        for (_, room) in self.rooms.iter() {
            let Some(owner) = room.modes.owner else {
                if !room.modes.moderators.is_empty() {
                    return Err("moderators of nobody's room");
                }
                continue;
            };
            let account = self.directory.get_mut(owner).ok_or("an owner of before")?;
            account.rooms += 1;
            self.owned_rooms += 1;
        }
        Ok(())
    }

    /// With [`Chat::check_members`], who is in a room is so by both.
    fn check_users(&self) -> Result<(), &'static str> {
        let (mut listed, mut counted) = (0, 0);
        for (_, user) in self.users.iter() {
            let rooms = user.rooms();
            let distinct: HashSet<&RoomId> = rooms.iter().collect();
            if !user.is_in_one_form() || distinct.len() < rooms.len() {
                return Err("a user in two forms");
            }
            if rooms.is_empty() && user.profile().is_none() {
                return Err("a user who is nowhere");
            }
            if user.is_untold() && !user.is_in(LOBBY) {
                return Err("a user who is shown and is not");
            }
            listed += rooms.len();
        }
        for (_, room) in self.rooms.iter() {
            counted += room.count();
        }
        match listed == counted {
            true => Ok(()),
            false => Err("rooms without their members"),
        }
    }

    fn check_members(&self, id: RoomId, room: &Room) -> Result<(), &'static str> {
        let members: Vec<UserId> = room.members().iter().map(|member| member.user).collect();
        let distinct: HashSet<&UserId> = members.iter().collect();
        let is_in = |&user: &UserId| self.users.get(user).is_some_and(|user| user.is_in(id));
        if distinct.len() < members.len() || !members.iter().all(is_in) {
            return Err("members who are no users");
        }
        match room.is_over() && id != LOBBY {
            true => Err("a room that has ended"),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
