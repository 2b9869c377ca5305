//! The state of the chat: what it begins with, and views of it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::{CLOCK_AHEAD_MS_MAX, CLOCK_FLOOR_MS, EPOCH_IDS, ID_MAX};
use crate::model::{
    AccountId, InviteCode, Kept, Key, Marks, Message, MessageId, Nick, NodeId, RoomRecord, SaidBy,
    Secret, Settings, UserId,
};

use super::directory::Directory;
use super::entry::Words;
use super::fact::Fact;
use super::room::{RoomId, Rooms};
use super::rules::Rules;
use super::user::Notes;
use super::users::Users;

/// The state of the chat.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Chat {
    pub(super) rules: Rules,
    pub(super) users: Users,
    pub(super) rooms: Rooms,
    pub(super) settings: Settings,
    pub(super) directory: Directory,
    /// The bots by the SHA-256 of their tokens.
    pub(super) tokens: BTreeMap<[u8; 32], AccountId>,
    /// Rooms that are owned.
    #[serde(skip)]
    pub(super) owned_rooms: usize,
    /// The number of the guest named last.
    pub(super) last_guest: u32,
    /// The message said last.
    pub(super) last_id: MessageId,
    /// When that was, in milliseconds since 1970.
    pub(super) last_ms: u64,
    /// The message said last before the first entry.
    pub(super) begun_at: MessageId,
    /// Names and bans that were looked at since [`Chat::take_steps`]: what an entry costs is no part of the state.
    #[serde(skip)]
    pub(super) steps: Cell<usize>,
    /// The invitations, in a cluster. A server alone leaves them to its database.
    #[serde(default)]
    pub(super) codes: BTreeMap<String, InviteCode>,
}

/// An entry that is being applied.
pub(super) struct Applying<'a> {
    pub(super) chat: &'a mut Chat,
    /// The entry's time, in milliseconds since 1970.
    pub(super) at_ms: u64,
    /// The server that it comes from.
    pub(super) node: NodeId,
    pub(super) facts: &'a mut Vec<Fact>,
}

impl Chat {
    /// A chat in which nothing was said.
    pub(crate) fn new(rules: Rules, settings: Settings) -> Chat {
        Chat {
            users: Users::new(rules.hash_seed),
            rules,
            rooms: Rooms::new(),
            settings,
            directory: Directory::default(),
            tokens: BTreeMap::new(),
            owned_rooms: 0,
            last_guest: 0,
            last_id: MessageId::default(),
            last_ms: 0,
            begun_at: MessageId::default(),
            steps: Cell::new(0),
            codes: BTreeMap::new(),
        }
    }

    /// There was all this before the first entry. Returns the rooms.
    pub(crate) fn load(&mut self, kept: &Kept) -> Vec<RoomId> {
        self.rules.cloak_key = kept.cloak_key;
        self.set_last(kept.last_id, kept.last_ms);
        for record in &kept.accounts {
            self.directory.learn(record.clone());
        }
        self.tokens = kept.tokens.iter().copied().collect();
        for (account, note) in &kept.notes {
            if let Some(account) = self.directory.get_mut(*account) {
                account.notes.get_or_insert_default().take(note.clone());
            }
        }
        let rooms = kept.rooms.iter().cloned();
        rooms.filter_map(|room| self.load_room(room)).collect()
    }

    /// A cluster begins with what there was at a server alone.
    pub(crate) fn begin_cluster(&mut self, kept: &Kept) {
        self.directory.note_last(kept.last_account);
        let codes = kept.codes.iter();
        self.codes = codes.map(|it| (it.code.clone(), it.clone())).collect();
    }

    /// Messages up to `id` were said, the last at `ms`, before the first entry.
    fn set_last(&mut self, id: MessageId, ms: u64) {
        (self.last_id, self.last_ms, self.begun_at) = (id, ms, id);
    }

    /// Leaves some ids out, as long as there are enough that every reader can tell from each other.
    pub(super) fn skip_ids(&mut self) {
        let MessageId(next) = self.last_id;
        let next = next + EPOCH_IDS;
        if next <= ID_MAX {
            self.last_id = MessageId(next);
        }
    }

    /// What makes an operator from now on; who is one already stays it.
    pub(crate) fn set_oper_password(&mut self, password: Option<Secret>) {
        self.rules.oper_password = password;
    }

    pub(crate) fn set_motd(&mut self, lines: Vec<String>) {
        self.rules.server.motd = lines;
    }

    /// What is remembered for a user, or for its account.
    fn notes(&self, user: UserId) -> Option<&Notes> {
        let user = self.users.get(user)?;
        match user.account() {
            Some(account) => self.directory.get(account)?.notes.as_deref(),
            None => user.notes(),
        }
    }

    /// Until when a user has read something, in milliseconds since 1970.
    pub(crate) fn read_to(&self, user: UserId, key: &Key) -> Option<u64> {
        self.notes(user)?.read_to.get(key).copied()
    }

    /// What a user says of itself by keys.
    pub(crate) fn metadata(&self, user: UserId) -> impl Iterator<Item = (&String, &String)> {
        self.notes(user)
            .into_iter()
            .flat_map(|notes| &notes.metadata)
    }

    /// There was an owned room before the first entry. Returns it, unless there is one of its name or its owner is
    /// gone.
    fn load_room(&mut self, record: RoomRecord) -> Option<RoomId> {
        if self.rooms.find(&record.name).is_some() {
            return None;
        }
        self.directory.get_mut(record.owner)?.rooms += 1;
        self.owned_rooms += 1;
        let id = self.rooms.open(record.name, MessageId::default());
        let room = self.rooms.get_mut(id);
        room.topic = record.topic;
        room.modes.owner = Some(record.owner);
        room.modes.moderators = record.moderators;
        room.modes.key = record.key;
        room.modes.is_topic_locked = record.is_topic_locked;
        room.modes.is_invite_only = record.is_invite_only;
        room.set_rest(*record.rest);
        Some(id)
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    #[cfg(test)]
    pub(crate) fn rules_mut(&mut self) -> &mut Rules {
        &mut self.rules
    }

    pub(crate) fn users(&self) -> &Users {
        &self.users
    }

    pub(crate) fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Every account.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The message said last.
    pub(crate) fn last_id(&self) -> MessageId {
        self.last_id
    }

    /// The bot whose token has that SHA-256.
    pub(crate) fn bot_of(&self, digest: &[u8; 32]) -> Option<&Nick> {
        let bot = self.directory.get(*self.tokens.get(digest)?)?;
        Some(&bot.record.nick)
    }

    /// An owned room as it is kept.
    pub(crate) fn room_record(&self, id: RoomId) -> Option<RoomRecord> {
        let room = self.rooms.try_get(id)?;
        Some(RoomRecord {
            name: room.name.clone(),
            owner: room.modes.owner?,
            topic: room.topic.clone(),
            key: room.modes.key.clone(),
            is_topic_locked: room.modes.is_topic_locked,
            is_invite_only: room.modes.is_invite_only,
            moderators: room.modes.moderators.clone(),
            rest: Box::new(room.rest()),
        })
    }

    pub(super) fn note_steps(&self, count: usize) {
        self.steps.set(self.steps.get().saturating_add(count));
    }

    /// Names and bans that were looked at since the last call.
    pub(crate) fn take_steps(&self) -> usize {
        self.steps.take()
    }
}

impl Chat {
    /// The time of what is said now: the entry's, but not before that of the message before, wherever a clock was set. A
    /// time that is further ahead than [`CLOCK_AHEAD_MS_MAX`] of a clock that can be right was itself wrong, and holds
    /// nothing.
    fn stamp(&mut self, at_ms: u64) -> u64 {
        let ahead = self.last_ms.saturating_sub(at_ms);
        let holds = ahead <= CLOCK_AHEAD_MS_MAX || at_ms < CLOCK_FLOOR_MS;
        self.last_ms = match holds {
            true => self.last_ms.max(at_ms),
            false => at_ms,
        };
        self.last_ms
    }
}

impl Applying<'_> {
    /// A message that is said now, with an id of its own.
    pub(super) fn message(&mut self, (nick, origin): (Nick, SaidBy), words: Words) -> Arc<Message> {
        self.chat.last_id = self.chat.last_id.next();
        Arc::new(Message {
            id: self.chat.last_id,
            unix_ms: self.chat.stamp(self.at_ms),
            nick,
            origin,
            manner: words.manner,
            text: words.text,
            tags: words.tags.map(Into::into),
            marks: Marks::replying(words.reply_to),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_falls_below_the_one_before() {
        const DAY_MS: u64 = 24 * 3_600_000;
        let now_ms = CLOCK_FLOOR_MS + 300 * DAY_MS;
        let (by_2040, in_1970) = (now_ms + 14 * 365 * DAY_MS, 5_000);
        for (last_ms, clock, stamps) in [
            (0, vec![now_ms, now_ms + 1], vec![now_ms, now_ms + 1]),
            // Set back by an hour, or by nearly a year, until it has caught up.
            (
                now_ms,
                vec![now_ms - 3_600_000, now_ms + 7],
                vec![now_ms, now_ms + 7],
            ),
            (
                now_ms + 299 * DAY_MS,
                vec![now_ms],
                vec![now_ms + 299 * DAY_MS],
            ),
            // A clock that has lost its time.
            (
                now_ms,
                vec![in_1970, in_1970 + 1, now_ms + 1],
                vec![now_ms, now_ms, now_ms + 1],
            ),
            (
                0,
                vec![in_1970, now_ms, in_1970],
                vec![in_1970, now_ms, now_ms],
            ),
            // One that was wrong by years when that was said.
            (
                by_2040,
                vec![now_ms, now_ms - 1, now_ms + 1],
                vec![now_ms, now_ms, now_ms + 1],
            ),
            (by_2040, vec![in_1970], vec![by_2040]),
        ] {
            let mut chat = Chat::new(Rules::default(), Settings::default());
            chat.set_last(MessageId::default(), last_ms);
            let stamped: Vec<u64> = clock.iter().map(|&ms| chat.stamp(ms)).collect();
            assert_eq!(stamped, stamps, "{clock:?} after {last_ms}");
        }
    }
}
