//! The connections at this server that are told what is said in a room: what fan-out walks. Nothing
//! that others see depends on them.

use std::rc::Rc;

use crate::model::{ConnId, crowd};

/// A connection that is told what is said in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Which.
    pub id: ConnId,
    /// Does it speak there? Invariant: its session's focus is the room.
    pub here: bool,
}

/// The readers of a room, in no order. Invariant: exactly the sessions of its members.
///
/// A clone costs nothing and stays as it is when the room's readers change.
#[derive(Debug, Default, Clone)]
pub struct Readers {
    ids: Option<Rc<Vec<ConnId>>>,
    /// So many of the first speak in the room, the others elsewhere.
    here: usize,
}

/// The same, in the same order.
impl PartialEq for Readers {
    fn eq(&self, other: &Readers) -> bool {
        (self.ids(), self.here) == (other.ids(), other.here)
    }
}

impl Readers {
    /// Nobody.
    pub(crate) const NONE: &Readers = &Readers { ids: None, here: 0 };

    /// Are these the same, and did not change since they were cloned?
    pub fn is(&self, other: &Readers) -> bool {
        match (&self.ids, &other.ids) {
            (Some(ids), Some(others)) => Rc::ptr_eq(ids, others),
            (ids, others) => ids.is_none() && others.is_none(),
        }
    }

    fn ids(&self) -> &[ConnId] {
        self.ids.as_ref().map_or(&[], |ids| ids)
    }

    fn ids_mut(&mut self) -> &mut Vec<ConnId> {
        Rc::make_mut(self.ids.get_or_insert_default())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids().len()
    }

    /// Each of them once.
    pub fn iter(&self) -> impl Iterator<Item = Reader> {
        let here = self.here;
        let ids = self.ids().iter().enumerate();
        ids.map(move |(at, &id)| Reader {
            id,
            here: at < here,
        })
    }

    pub(crate) fn add(&mut self, Reader { id, here }: Reader) {
        crowd::push(self.ids_mut(), id);
        if here {
            self.move_over(self.len() - 1);
        }
    }

    pub(crate) fn remove(&mut self, id: ConnId) {
        self.set_here(id, false);
        // Who came last is looked for first: most often it is who has just come.
        let Some(at) = self.ids().iter().rposition(|&other| other == id) else {
            return;
        };
        let ids = self.ids_mut();
        ids.swap_remove(at);
        crowd::shrink(ids);
    }

    pub(crate) fn set_here(&mut self, id: ConnId, here: bool) {
        let (of_here, others) = self.ids().split_at(self.here);
        let is_it = |&other: &ConnId| other == id;
        let at = match here {
            true => others.iter().rposition(is_it).map(|at| self.here + at),
            false => of_here.iter().rposition(is_it),
        };
        if let Some(at) = at {
            self.move_over(at);
        }
    }

    /// Has a reader change its part, by its place.
    fn move_over(&mut self, at: usize) {
        let here = self.here;
        if at < here {
            self.here -= 1;
            self.ids_mut().swap(at, here - 1);
        } else {
            self.here += 1;
            self.ids_mut().swap(at, here);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(slot: u32) -> ConnId {
        let generation = 1;
        ConnId { slot, generation }
    }

    #[test]
    fn each_reads_once_and_speaks_where_it_was_said_to() {
        let mut readers = Readers::default();
        for slot in 0..6 {
            let here = slot % 2 == 0;
            readers.add(Reader { id: id(slot), here });
        }
        readers.set_here(id(1), true);
        readers.set_here(id(4), false);
        readers.set_here(id(4), false);
        let before = readers.clone();
        assert!(before.is(&readers));
        readers.remove(id(0));
        assert!(!before.is(&readers) && before.len() == 6);
        readers.remove(id(3));
        readers.remove(id(7));
        let mut all: Vec<_> = readers.iter().map(|it| (it.id.slot, it.here)).collect();
        all.sort_unstable();
        assert_eq!(all, [(1, true), (2, true), (4, false), (5, false)]);
    }
}
