//! What the server has done so far.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Event;
use crate::web::metrics::TurnTimes;

use super::phase::Reason;

/// Counts since the start.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Counters {
    /// Users that came in.
    pub(super) joins: u64,
    /// Messages that users sent.
    pub(super) messages_in: u64,
    /// Deliveries of messages to users.
    pub(super) messages_out: u64,
    /// Deliveries of events of any kind to connections.
    pub(super) deliveries: u64,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    /// Connections turned away.
    pub(super) refused: u64,
    /// How long turns took, waiting for events not counted.
    #[serde(skip)]
    pub(super) turns: TurnTimes,
    pub(super) longest_turn_us: u64,
    /// Of those since an operator asked last.
    pub(super) longest_turn_since_asked_us: u64,
    /// Connections that the server ended, by reason.
    #[serde(skip)]
    pub(super) drops: BTreeMap<&'static str, u64>,
}

impl Counters {
    /// A turn took so long.
    pub(super) fn note_turn(&mut self, us: u64) {
        self.turns.record(us);
        self.longest_turn_us = self.longest_turn_us.max(us);
        self.longest_turn_since_asked_us = self.longest_turn_since_asked_us.max(us);
    }

    /// So many connections are told an event.
    pub(super) fn note_deliveries(&mut self, event: &Event, count: usize) {
        self.deliveries += count as u64;
        if is_message(event) {
            self.messages_out += count as u64;
        }
    }

    /// A connection was swept.
    pub(super) fn note_end(&mut self, reason: Reason) {
        if let Some(name) = reason.drop_name() {
            *self.drops.entry(name).or_default() += 1;
        }
    }
}

/// Is it something that a user said?
fn is_message(event: &Event) -> bool {
    matches!(event, Event::Said { .. } | Event::Private { .. })
}
