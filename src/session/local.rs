//! What this server knows of each room beside the chat: who reads it here, what was said last, and comings and
//! goings that are not told yet. Nothing that others see depends on them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::chat::{LOBBY, RoomId, Table};
use crate::model::MessageId;

use super::readers::Readers;
use super::scrollback::Scrollback;

/// What is known of one room.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LocalRoom {
    /// Invariant: exactly the members' sessions.
    #[serde(skip)]
    pub(crate) readers: Readers,
    /// What was said last. Invariant: not that of a room of the same name before it.
    pub(crate) scrollback: Scrollback,
    /// What is counted and not told yet.
    churn: Option<Churn>,
}

/// Comings and goings that are told together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Churn {
    pub(crate) joined: u32,
    pub(crate) left: u32,
    /// When they are told, in milliseconds since the start.
    due_ms: u64,
}

/// Every room of the chat.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LocalRooms {
    table: Table<RoomId, LocalRoom>,
    /// Invariant: exactly the rooms with a churn, by when it is told.
    #[serde(skip)]
    due: BTreeSet<(u64, RoomId)>,
    /// The last message that was told in a room that ended.
    last_ended: MessageId,
}

impl LocalRooms {
    /// Just the lobby.
    pub(crate) fn new() -> LocalRooms {
        let mut rooms = LocalRooms {
            table: Table::new(),
            due: BTreeSet::new(),
            last_ended: MessageId::default(),
        };
        rooms.open(LOBBY, MessageId::default());
        rooms
    }

    /// Finds what is counted by time from now on. To be called once, after all was read. Returns the bytes that are
    /// remembered.
    ///
    /// # Errors
    /// What is wrong with a room.
    pub(crate) fn index(&mut self) -> Result<usize, &'static str> {
        let mut bytes = 0;
        for (id, room) in self.table.iter_mut() {
            self.due.extend(room.churn.map(|churn| (churn.due_ms, id)));
            room.scrollback.index()?;
            bytes += room.scrollback.bytes();
        }
        Ok(bytes)
    }

    /// There is a room in which nothing was said after `silent_since`.
    pub(crate) fn open(&mut self, id: RoomId, silent_since: MessageId) {
        let room = LocalRoom {
            readers: Readers::default(),
            scrollback: Scrollback::new(silent_since),
            churn: None,
        };
        self.table.push(id, room);
    }

    /// A room has ended. Returns the bytes that were remembered of it.
    pub(crate) fn end(&mut self, id: RoomId) -> usize {
        let Some(room) = self.table.remove(id) else {
            return 0;
        };
        self.last_ended = self.last_ended.max(room.scrollback.last());
        if let Some(churn) = room.churn {
            self.due.remove(&(churn.due_ms, id));
        }
        self.table.close_gaps();
        room.scrollback.bytes()
    }

    /// The last message that was told in a room that ended.
    pub(crate) fn last_ended(&self) -> MessageId {
        self.last_ended
    }

    /// The room of an id that some user lists.
    pub(crate) fn get(&self, id: RoomId) -> &LocalRoom {
        self.table.get(id).expect("it has not ended")
    }

    pub(crate) fn try_get(&self, id: RoomId) -> Option<&LocalRoom> {
        self.table.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: RoomId) -> &mut LocalRoom {
        self.table.get_mut(id).expect("it has not ended")
    }

    /// Who reads a room, which may have ended.
    pub(crate) fn readers(&self, id: RoomId) -> &Readers {
        self.try_get(id).map_or(Readers::NONE, |room| &room.readers)
    }

    /// Forgets half of what is remembered of each room of which it is more than half of the most.
    /// Returns the bytes freed; `None` where nothing is remembered.
    pub(crate) fn halve_largest_scrollbacks(&mut self) -> Option<usize> {
        let scrollbacks = self.table.iter().map(|(_, room)| room.scrollback.bytes());
        let largest = scrollbacks.max().filter(|&largest| largest > 0)?;
        let rooms = self.table.iter_mut().map(|(_, room)| room);
        let large = rooms.filter(|room| room.scrollback.bytes() > largest / 2);
        let halves = large.map(|room| {
            let half = room.scrollback.len() / 2;
            room.scrollback.trim(half, MessageId::MAX)
        });
        Some(halves.sum())
    }

    /// What is counted in a room; where that begins, it is told at `due_ms`.
    pub(crate) fn churn_mut(&mut self, id: RoomId, due_ms: u64) -> &mut Churn {
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
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.due.first().map(|&(due_ms, _)| due_ms)
    }

    /// Takes out the next churn that is to be told by now.
    pub(crate) fn pop_due(&mut self, now_ms: u64) -> Option<(RoomId, Churn)> {
        self.next_due().filter(|&due_ms| due_ms <= now_ms)?;
        let (_, id) = self.due.pop_first()?;
        Some((id, self.get_mut(id).churn.take()?))
    }

    /// In the order of their making.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (RoomId, &LocalRoom)> {
        self.table.iter()
    }

    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn has_churn(&self, id: RoomId) -> bool {
        self.get(id).churn.is_some()
    }

    /// # Panics
    /// Where a room is not told of in its time.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn check_due(&self) {
        let churns = self.iter().filter_map(|(id, room)| Some((room.churn?, id)));
        let due: BTreeSet<_> = churns.map(|(churn, id)| (churn.due_ms, id)).collect();
        assert_eq!(self.due, due, "exactly the rooms with a churn");
    }
}
