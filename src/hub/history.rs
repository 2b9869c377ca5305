//! What is known of all that was said: how far it is on disk, who asks about it, and what is remembered of it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::RoomId;
use crate::limits::KEPT_BYTES;
use crate::model::{ConnId, KeptMessage, Message, MessageId};
use crate::session::{CatchUp, ChangedMessages, Debts, Scrollback};

use super::held::text_of;
use super::questions::Asked;
use super::scan::Scan;
use super::state::Hub;

/// What is known of all that was said.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct History {
    /// Everything up to this is on disk; with no disk, nothing.
    pub(super) kept: MessageId,
    /// The last message that was handed over to be kept, and when, in milliseconds since the start.
    pub(super) handed: (MessageId, u64),
    /// Questions that wait for their answers, by their tickets.
    #[serde(skip)]
    pub(super) asked: HashMap<u64, Asked>,
    pub(super) last_ticket: u64,
    /// Searches of what is in memory, in the order in which they go on. Invariant: of connections that
    /// wait for nothing else, one each.
    #[serde(skip)]
    pub(super) scans: VecDeque<Scan>,
    /// Members that are told nothing live of a room before they have caught up. Invariant: members.
    #[serde(skip)]
    pub(super) catching: BTreeMap<(RoomId, ConnId), CatchUp>,
    /// Who waits for how many answers.
    #[serde(skip)]
    pub(super) owed: Debts,
    /// What all scrollbacks take, in bytes.
    #[serde(skip)]
    pub(super) scrollback_bytes: usize,
    /// What was deleted or amended and may be found on disk as it was yet.
    #[serde(skip)]
    pub(super) changed: ChangedMessages,
    /// The last messages of users to each other: what is to be known to delete or amend them.
    pub(super) privates: VecDeque<KeptMessage>,
}

impl Hub {
    /// What waits for an answer or goes on over turns, by what it is.
    #[cfg(feature = "testing")]
    pub fn pending(&self) -> Vec<(&'static str, usize)> {
        let history = &self.history;
        vec![
            ("what waits for the disk to be told", self.held.len()),
            ("questions about history", history.asked.len()),
            ("searches", history.scans.len()),
            ("members catching up", history.catching.len()),
            ("connections owed an answer", history.owed.len()),
            ("questions about accounts", self.accounts.waiting.len()),
        ]
    }

    /// A room's last messages are these, and there are others before or not.
    pub(super) fn restore_scrollback(
        &mut self,
        id: RoomId,
        messages: Vec<Arc<Message>>,
        has_more: bool,
    ) {
        let room = self.local.get_mut(id);
        room.scrollback = match has_more {
            true => Scrollback::of_last(messages, self.chat.last_id()),
            false => Scrollback::of_all(messages),
        };
        self.history.scrollback_bytes += room.scrollback.bytes();
    }

    /// Everything up to a message is on disk: what waited for that is told, up to `bytes_max` bytes of
    /// text, with [`KEPT_BYTES`] for each effect, or one more. Where that was not all
    /// ([`Hub::has_more_kept`]) it is to be called again.
    pub fn handle_kept(&mut self, through: MessageId, bytes_max: usize) {
        self.history.kept = self.history.kept.max(through);
        if !self.history.changed.is_empty() {
            let history = &mut self.history;
            let oldest = history.asked.keys().min().copied();
            history
                .changed
                .note_kept(history.kept, history.last_ticket, oldest);
        }
        let mut bytes = 0;
        while self.has_more_kept() && bytes <= bytes_max {
            if let Some((mut effect, is_passed)) = self.held.pop() {
                if is_passed {
                    self.look_where_readers_are(&mut effect);
                }
                bytes += text_of(&effect);
                self.effects.push_back(effect);
            }
            bytes += KEPT_BYTES;
        }
        self.ask_kept_mail();
    }

    /// Waits something to be told although what it waited for is on disk?
    pub fn has_more_kept(&self) -> bool {
        self.held.is_due(self.history.kept)
    }
}

#[cfg(test)]
mod tests;
