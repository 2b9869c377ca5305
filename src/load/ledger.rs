//! What each receiver has heard of each sender: which message is the next, and which are missing.

use std::collections::HashMap;
use std::ops::Range;

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It was the next, or one further on: those between are missing until they come.
    New,
    /// It had been missing: later ones came before it.
    Late,
    /// It had come before, or was never to come.
    Again,
}

/// No message is to come.
const CLOSED: u32 = u32::MAX;
/// Whichever comes first is the next.
const OPEN: u32 = u32::MAX - 1;

/// A cell for each receiver and sender that may meet. Message numbers are below 2^32 - 2.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    next: Vec<u32>,
    /// What is missing below `next`; few cells ever have anything here.
    missing: HashMap<usize, Vec<Range<u32>>>,
}

impl Deliveries {
    /// So many cells, in each of which the message 0 is the next.
    pub(super) fn new(cells: usize) -> Deliveries {
        Deliveries {
            next: vec![0; cells],
            missing: HashMap::new(),
        }
    }

    /// Nothing is to come in this cell any more.
    pub(super) fn close(&mut self, cell: usize) {
        self.set(cell, CLOSED);
    }

    /// Whichever comes first in this cell is the next.
    pub(super) fn open(&mut self, cell: usize) {
        self.set(cell, OPEN);
    }

    /// A message came.
    pub(super) fn hear(&mut self, cell: usize, number: u32) -> Arrival {
        let next = self.next[cell];
        if number == next {
            self.next[cell] += 1;
            return Arrival::New;
        }
        if next == CLOSED {
            return Arrival::Again;
        }
        if next == OPEN || number > next {
            self.next[cell] = number + 1;
            if next != OPEN {
                self.missing.entry(cell).or_default().push(next..number);
            }
            return Arrival::New;
        }
        match self.found(cell, number) {
            true => Arrival::Late,
            false => Arrival::Again,
        }
    }

    /// The numbers below `sent` that have not come; none in a cell where nothing is to come, or
    /// nothing was yet.
    pub(super) fn missing(&self, cell: usize, sent: u32) -> impl Iterator<Item = u32> + '_ {
        let next = self.next[cell];
        let behind = if next >= OPEN { sent..sent } else { next..sent };
        let holes = self.missing.get(&cell).into_iter().flatten().cloned();
        holes.chain([behind]).flatten()
    }

    fn set(&mut self, cell: usize, next: u32) {
        self.next[cell] = next;
        self.missing.remove(&cell);
    }

    /// Takes `number` from what is missing, if it is.
    fn found(&mut self, cell: usize, number: u32) -> bool {
        let Some(holes) = self.missing.get_mut(&cell) else {
            return false;
        };
        let Some(at) = holes.iter().position(|hole| hole.contains(&number)) else {
            return false;
        };
        let hole = holes[at].clone();
        let parts = [hole.start..number, number + 1..hole.end];
        holes.splice(at..=at, parts.into_iter().filter(|part| !part.is_empty()));
        if holes.is_empty() {
            self.missing.remove(&cell);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_way_to_come() {
        let mut ledger = Deliveries::new(2);
        let heard = [0, 1, 1, 4, 3, 3, 4].map(|number| ledger.hear(1, number));
        use Arrival::*;
        assert_eq!(heard, [New, New, Again, New, Late, Again, Again]);
        assert_eq!(ledger.missing(1, 6).collect::<Vec<_>>(), [2, 5]);
        assert_eq!(ledger.missing(0, 2).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn those_who_come_and_go_begin_anywhere() {
        let mut ledger = Deliveries::new(1);
        ledger.open(0);
        assert_eq!(ledger.missing(0, 9).count(), 0);
        assert_eq!(ledger.hear(0, 5), Arrival::New);
        assert_eq!(ledger.hear(0, 5), Arrival::Again);
        assert_eq!(ledger.hear(0, 4), Arrival::Again);
        ledger.open(0);
        assert_eq!(ledger.hear(0, 5), Arrival::New);
        ledger.close(0);
        assert_eq!(ledger.hear(0, 6), Arrival::Again);
        assert_eq!(ledger.missing(0, 9).count(), 0);
    }

    proptest! {
        /// Against the plainest reading: a set of what came.
        #[test]
        fn nothing_is_miscounted(numbers in prop::collection::vec(0u32..40, 0..80)) {
            let mut ledger = Deliveries::new(1);
            let mut came = BTreeSet::new();
            for number in numbers {
                let is_latest = came.last().is_none_or(|&last| number > last);
                let expected = match came.insert(number) {
                    false => Arrival::Again,
                    true if is_latest => Arrival::New,
                    true => Arrival::Late,
                };
                prop_assert_eq!(ledger.hear(0, number), expected);
                let missing: BTreeSet<u32> = ledger.missing(0, 40).collect();
                let plain: BTreeSet<u32> = (0..40).filter(|n| !came.contains(n)).collect();
                prop_assert_eq!(missing, plain);
            }
        }
    }
}
