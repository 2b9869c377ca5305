//! Who hears nothing from whom.

use std::collections::HashMap;

use crate::model::{ConnId, Key};

/// The connections that hear nothing from a name, by that name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ignorers {
    /// Invariant: ascending, and nobody's name without any. They lie side by side, because each message
    /// walks all of them.
    by_name: HashMap<Key, Vec<ConnId>>,
}

impl Ignorers {
    pub(crate) fn insert(&mut self, name: Key, who: ConnId) {
        let ignorers = self.by_name.entry(name).or_default();
        if let Err(at) = ignorers.binary_search(&who) {
            ignorers.insert(at, who);
        }
    }

    pub(crate) fn remove(&mut self, name: &Key, who: ConnId) {
        let Some(ignorers) = self.by_name.get_mut(name) else {
            return;
        };
        if let Ok(at) = ignorers.binary_search(&who) {
            ignorers.remove(at);
        }
        if ignorers.is_empty() {
            self.by_name.remove(name);
        } else if ignorers.capacity() > 4 * ignorers.len() {
            ignorers.shrink_to(2 * ignorers.len());
        }
    }

    /// Those who hear nothing from a name, ascending.
    pub(crate) fn of(&self, name: impl FnOnce() -> Key) -> &[ConnId] {
        match self.by_name.is_empty() {
            true => &[],
            false => self.by_name.get(&name()).map_or(&[], Vec::as_slice),
        }
    }

    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_left_where_all_hear_again() {
        let mut ignorers = Ignorers::default();
        let id = |slot| ConnId {
            slot,
            generation: 1,
        };
        let name = || Key::of("Alice");
        for slot in [3, 1, 2, 3] {
            ignorers.insert(name(), id(slot));
        }
        assert_eq!(ignorers.of(name), [id(1), id(2), id(3)]);
        assert_eq!(ignorers.of(|| Key::of("Bob")), []);
        for slot in [2, 2, 1, 3] {
            ignorers.remove(&name(), id(slot));
        }
        assert_eq!(ignorers, Ignorers::default());
    }
}
