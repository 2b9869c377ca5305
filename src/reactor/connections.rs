//! All connections, and the lists of a turn: who has more to do, who is to be settled.
//!
//! The table is no `slab::Slab`, which was measured: with each connection in a box of its own 10,000 idle users take
//! no more, but 1 MiB of them stays in memory when all but 40 have left, for the heap gives nothing back between
//! those who stay; a slab of places in a table without gaps takes 20 bytes more a user. And a slab gives out the slot
//! that was vacant last, rather than the lowest, which is seen on the wire where addresses are hidden.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::buffer::{Chunk, joined};
use crate::dialect::Dialect;
use crate::layer::Layer;
use crate::limits::Limits;
use crate::model::{ConnId, Peer, crowd};
use crate::sys::{GENERATION_MAX, Stream};

use super::connection::Connection;
use super::phase::{Phase, Reason};
use super::timers::Tick;

/// Entries that a list of a turn keeps its memory for.
const IDLE_ENTRIES: usize = 64;

/// Of whom a ready list is, in the order in which they are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadyList {
    /// Those who have joined.
    Users,
    /// Those of them whose requests take long.
    Heavy,
    /// Those who have not joined.
    Strangers,
}

impl ReadyList {
    pub(super) const ALL: [ReadyList; 3] =
        [ReadyList::Users, ReadyList::Heavy, ReadyList::Strangers];
}

/// The table of connections, and the lists of a turn.
#[derive(Debug, Default)]
pub(super) struct Connections<S> {
    /// In no order, but without gaps: the few who stay after a crowd has left do not pin what the
    /// crowd took.
    table: Vec<Connection<Layer<S>>>,
    /// Where in the table the connection of each slot is. Invariant: true of slots that are taken.
    places: Vec<u32>,
    /// The slots that are not. The lowest is taken first, so that whatever else goes by slots stays
    /// short.
    vacant: BinaryHeap<Reverse<u32>>,
    last_generation: u32,
    /// Who has more to do without waiting for an event. Invariant: exactly those that say so, once.
    ready: [VecDeque<ConnId>; ReadyList::ALL.len()],
    /// Whose state may have changed in this turn. Invariant: exactly those that say so.
    touched: Vec<ConnId>,
    /// Who was told what others said, and waits to be flushed. Invariant: exactly those that say so.
    waiting: VecDeque<ConnId>,
    /// Those that are done with, but for what comes from their peers yet.
    pub(super) lingering: usize,
    /// Those that have joined and have a dialogue, which are told more of who did something.
    pub(super) dialogues: usize,
    /// Who is to be swept at the end of the turn. Invariant: exactly those that say so.
    doomed: VecDeque<ConnId>,
}

impl<S: Stream> Connections<S> {
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Those that were not sent the last that they are sent.
    pub(super) fn open_len(&self) -> usize {
        self.table.len() - self.lingering
    }

    pub(super) fn insert(
        &mut self,
        socket: Layer<S>,
        peer: Peer,
        dialect: Option<Dialect>,
        now: Tick,
    ) -> ConnId {
        self.last_generation = (self.last_generation + 1) & GENERATION_MAX;
        let slot = match self.vacant.pop() {
            Some(Reverse(slot)) => slot,
            None => {
                crowd::push(&mut self.places, 0);
                number(self.places.len() - 1)
            }
        };
        let id = ConnId {
            slot,
            generation: self.last_generation,
        };
        self.places[slot as usize] = number(self.table.len());
        let connection = Connection::new(id, socket, peer, dialect, now);
        crowd::push(&mut self.table, connection);
        id
    }

    /// The connection of an id, unless its slot is empty or somebody else's.
    pub(super) fn get_mut(&mut self, id: ConnId) -> Option<&mut Connection<Layer<S>>> {
        let place = *self.places.get(id.slot as usize)?;
        self.table
            .get_mut(place as usize)
            .filter(|connection| connection.id == id)
    }

    pub(super) fn get(&self, id: ConnId) -> Option<&Connection<Layer<S>>> {
        let place = *self.places.get(id.slot as usize)?;
        self.table
            .get(place as usize)
            .filter(|connection| connection.id == id)
    }

    pub(super) fn remove(&mut self, id: ConnId) -> Option<Connection<Layer<S>>> {
        self.get_mut(id)?;
        let place = self.places[id.slot as usize];
        let connection = self.table.swap_remove(place as usize);
        if let Some(moved) = self.table.get(place as usize) {
            self.places[moved.id.slot as usize] = place;
        }
        self.vacant.push(Reverse(id.slot));
        self.lingering -= usize::from(connection.phase == Phase::Lingering);
        if self.table.is_empty() {
            self.places.clear();
            self.vacant = BinaryHeap::new();
            crowd::shrink(&mut self.places);
        }
        crowd::shrink(&mut self.table);
        Some(connection)
    }

    pub(super) fn last_generation(&self) -> u32 {
        self.last_generation
    }

    /// Takes one in that another program had, in the slot that it had there. To be called before anybody comes, and
    /// [`Connections::settle_slots`] behind the last.
    pub(super) fn adopt(&mut self, connection: Connection<Layer<S>>) {
        let slot = connection.id.slot as usize;
        while self.places.len() <= slot {
            crowd::push(&mut self.places, u32::MAX);
        }
        self.places[slot] = number(self.table.len());
        self.lingering += usize::from(connection.phase == Phase::Lingering);
        let has_dialogue = connection.has_joined() && connection.spoken().has_dialogue();
        self.dialogues += usize::from(has_dialogue);
        crowd::push(&mut self.table, connection);
    }

    /// The slots that nobody has are vacant, and the next generation is the one after `last_generation`.
    pub(super) fn settle_slots(&mut self, last_generation: u32) {
        self.last_generation = last_generation;
        let slots = (0..).zip(&self.places);
        let vacant = slots.filter(|&(_, &place)| place == u32::MAX);
        self.vacant = vacant.map(|(slot, _)| Reverse(slot)).collect();
    }

    /// Is there somebody to be flushed or swept yet?
    pub(super) fn has_unsettled(&self) -> bool {
        !self.waiting.is_empty() || !self.doomed.is_empty() || !self.touched.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Connection<Layer<S>>> {
        self.table.iter()
    }

    pub(super) fn ids(&self) -> Vec<ConnId> {
        self.iter().map(|connection| connection.id).collect()
    }

    /// The sockets of all of them, in their order.
    pub(super) fn into_sockets(self) -> impl Iterator<Item = Layer<S>> {
        self.table.into_iter().map(|connection| connection.socket)
    }

    /// Those that have begun something in their dialogues.
    pub(super) fn ids_with_moves(&self) -> Vec<ConnId> {
        let all = self.iter().filter(|connection| connection.has_moves());
        all.map(|connection| connection.id).collect()
    }

    /// Who holds output, and how much, who holds the most last.
    pub(super) fn by_sendq(&self) -> Vec<(usize, ConnId)> {
        let open = self.iter().filter(|connection| !connection.is_doomed);
        let sendqs = open.map(|connection| (connection.sendq(), connection.id));
        let mut sendqs: Vec<_> = sendqs.filter(|&(len, _)| len > 0).collect();
        sendqs.sort_unstable();
        sendqs
    }

    /// The connection of an id, put on the list of those to be settled; `None` where it is gone or
    /// as good as gone.
    pub(super) fn touch(&mut self, id: ConnId) -> Option<&mut Connection<Layer<S>>> {
        let place = *self.places.get(id.slot as usize)?;
        let connection = self.table.get_mut(place as usize)?;
        if connection.id != id || connection.is_doomed {
            return None;
        }
        if !connection.is_touched {
            connection.is_touched = true;
            self.touched.push(id);
        }
        Some(connection)
    }

    /// The connection of an id, if it may be told something new: `None` also where it is draining.
    pub(super) fn get_open(&mut self, id: ConnId) -> Option<&mut Connection<Layer<S>>> {
        self.get_mut(id)
            .filter(|connection| !connection.is_doomed && connection.phase == Phase::Open)
    }

    /// Owes a connection shared chunks, to be flushed when its turn comes, or when its socket takes
    /// bytes again: a text for a large room goes on over turns, while who asked something is answered
    /// in between.
    pub(super) fn owe(&mut self, id: ConnId, chunks: &[Chunk], limits: &Limits) {
        let Some(connection) = self.get_open(id) else {
            return;
        };
        match joined(chunks) {
            Some(chunk) => connection.push(&chunk),
            None => chunks.iter().for_each(|chunk| connection.push(chunk)),
        }
        if !connection.is_blocked() {
            self.flush_later(id);
        } else if connection.crosses_limit(limits) {
            self.touch(id);
        }
    }

    /// Puts a connection on the list of those to be flushed when their turn comes, unless it will be
    /// settled in this turn anyway.
    pub(super) fn flush_later(&mut self, id: ConnId) {
        if let Some(connection) = self.get_mut(id)
            && !connection.is_doomed
            && !connection.is_waiting
            && !connection.is_touched
        {
            connection.is_waiting = true;
            self.waiting.push_back(id);
        }
    }

    /// How many wait to be flushed.
    pub(super) fn waiting_len(&self) -> usize {
        self.waiting.len()
    }

    /// Who is to be settled, the first `at` left out.
    pub(super) fn touched(&self, at: usize) -> Option<ConnId> {
        self.touched.get(at).copied()
    }

    pub(super) fn pop_waiting(&mut self) -> Option<ConnId> {
        let id = self.waiting.pop_front()?;
        if let Some(connection) = self.get_mut(id) {
            connection.is_waiting = false;
        }
        Some(id)
    }

    /// Puts a connection on the ready list: it has more to do.
    pub(super) fn make_ready(&mut self, id: ConnId) {
        if let Some(connection) = self.touch(id)
            && !connection.is_ready
        {
            connection.is_ready = true;
            let list = match (connection.has_joined(), connection.is_heavy()) {
                (true, false) => ReadyList::Users,
                (true, true) => ReadyList::Heavy,
                (false, _) => ReadyList::Strangers,
            };
            self.ready[list as usize].push_back(id);
        }
    }

    /// Is there anything to do without waiting for an event?
    pub(super) fn has_ready(&self) -> bool {
        let mut lists = self.ready.iter().chain([&self.waiting, &self.doomed]);
        lists.any(|list| !list.is_empty())
    }

    /// How many of a kind have more to do.
    pub(super) fn ready_len(&self, list: ReadyList) -> usize {
        self.ready[list as usize].len()
    }

    /// The next of a kind who has more to do.
    pub(super) fn pop_ready(&mut self, list: ReadyList) -> Option<ConnId> {
        let id = self.ready[list as usize].pop_front()?;
        if let Some(connection) = self.get_mut(id) {
            connection.is_ready = false;
        }
        Some(id)
    }

    pub(super) fn pop_touched(&mut self) -> Option<ConnId> {
        let id = self.touched.pop()?;
        if let Some(connection) = self.get_mut(id) {
            connection.is_touched = false;
        }
        Some(id)
    }

    /// Ends a connection at the end of the turn; what it is owed is let go at once.
    pub(super) fn doom(&mut self, id: ConnId, reason: Reason) {
        if let Some(connection) = self.touch(id) {
            connection.is_doomed = true;
            connection.reason.get_or_insert(reason);
            connection.outbox.clear();
            self.doomed.push_back(id);
        }
    }

    pub(super) fn pop_doomed(&mut self) -> Option<ConnId> {
        self.doomed.pop_front()
    }

    /// Gives back, at the end of a turn, half the memory of lists that nobody stands on: a list that is
    /// full in every turn is not made anew each time.
    pub(super) fn shrink_lists(&mut self) {
        let half = |capacity: usize| IDLE_ENTRIES.max(capacity / 2);
        self.touched.shrink_to(half(self.touched.capacity()));
        let lists = self.ready.iter_mut();
        for list in lists.chain([&mut self.waiting, &mut self.doomed]) {
            if list.is_empty() {
                list.shrink_to(half(list.capacity()));
            }
        }
    }
}

/// A place or a slot: descriptors bound them far below 2^32.
fn number(index: usize) -> u32 {
    u32::try_from(index).expect("fewer connections than 2^32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Native, System};

    type Socket = <Native as System>::Stream;

    fn socket() -> Layer<Socket> {
        Layer::Plain(Socket::default())
    }

    #[test]
    fn a_stale_id_finds_nobody() {
        let mut connections = Connections::default();
        let first = connections.insert(socket(), Peer::Unix(1), None, 0);
        connections.remove(first);
        let second = connections.insert(socket(), Peer::Unix(2), None, 0);
        assert_eq!(first.slot, second.slot);
        assert!(connections.get_mut(first).is_none() && connections.touch(first).is_none());
        assert!(connections.remove(first).is_none());
        assert!(connections.get_mut(second).is_some());
    }

    #[test]
    fn everyone_is_found_and_memory_follows_their_number() {
        let mut connections = Connections::default();
        let mut insert = |number| connections.insert(socket(), Peer::Unix(number), None, 0);
        let ids: Vec<ConnId> = (0..1000).map(&mut insert).collect();
        let (stay, go): (Vec<ConnId>, Vec<ConnId>) =
            ids.into_iter().partition(|id| id.slot % 100 == 99);
        for &id in go.iter().rev().chain(&stay[..5]) {
            let gone = connections.remove(id).expect("it is there");
            assert_eq!((gone.id, gone.peer), (id, Peer::Unix(id.slot)));
        }
        assert!(connections.table.capacity() < 100);
        for &id in &stay[5..] {
            let found = connections.get_mut(id).expect("it stayed");
            assert_eq!((found.id, found.peer), (id, Peer::Unix(id.slot)));
        }
        assert!(go.iter().all(|&id| connections.get_mut(id).is_none()));
        let next = connections.insert(socket(), Peer::Unix(0), None, 0);
        assert_eq!(next.slot, 0);
        for id in stay[5..].iter().chain([&next]) {
            connections.remove(*id);
        }
        assert!(connections.places.capacity() <= IDLE_ENTRIES);
        assert!(connections.table.capacity() <= IDLE_ENTRIES);
    }

    #[test]
    fn who_is_doomed_is_neither_touched_nor_ready() {
        let mut connections = Connections::default();
        let id = connections.insert(socket(), Peer::Unix(1), None, 0);
        connections.doom(id, Reason::SendQ);
        connections.doom(id, Reason::Quit);
        connections.make_ready(id);
        let ready = ReadyList::ALL.map(|list| connections.ready_len(list));
        assert_eq!(ready, [0; 3]);
        assert_eq!(
            (connections.pop_doomed(), connections.pop_doomed()),
            (Some(id), None)
        );
    }
}
