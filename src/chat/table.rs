//! Values by ids that come from a counter.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::crowd;

/// Gaps that are left open: to close them takes a look at every value.
const GAPS: usize = 64;

/// Values in the order of their ids, each of which is larger than all before it.
#[derive(Debug)]
pub(crate) struct Table<I, T> {
    /// Invariant: ascending.
    ids: Vec<I>,
    /// In the places of their ids. Invariant: as many as ids, and the last one is no gap.
    values: Vec<Option<T>>,
    /// How many of them are no gaps.
    len: usize,
}

impl<I: Copy + Ord, T> Table<I, T> {
    pub(crate) const fn new() -> Table<I, T> {
        Table {
            ids: Vec::new(),
            values: Vec::new(),
            len: 0,
        }
    }

    /// The place of each value is below that.
    pub(super) fn places(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, id: I) -> Option<&T> {
        self.values[self.ids.binary_search(&id).ok()?].as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.values[self.ids.binary_search(&id).ok()?].as_mut()
    }

    /// Where the value of an id is.
    pub(crate) fn place_of(&self, id: I) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }

    /// What is in a place.
    pub(crate) fn at(&self, place: usize) -> Option<(I, &T)> {
        let value = self.values.get(place)?.as_ref()?;
        Some((self.ids[place], value))
    }

    /// Adds the value of the largest id that there ever was. Returns its place.
    pub(crate) fn push(&mut self, id: I, value: T) -> usize {
        debug_assert!(self.ids.last().is_none_or(|&last| last < id));
        crowd::push(&mut self.ids, id);
        crowd::push(&mut self.values, Some(value));
        self.len += 1;
        self.values.len() - 1
    }

    /// Takes a value out and leaves a gap. The places of the others stay.
    pub(crate) fn remove(&mut self, id: I) -> Option<T> {
        let place = self.ids.binary_search(&id).ok()?;
        let value = self.values[place].take()?;
        self.len -= 1;
        while self.values.last().is_some_and(Option::is_none) {
            self.values.pop();
            self.ids.pop();
        }
        Some(value)
    }

    /// Closes the gaps where they are many. Returns the new place of each value by its old one, then.
    pub(crate) fn close_gaps(&mut self) -> Option<Vec<usize>> {
        if self.values.len() - self.len <= GAPS + self.len / 4 {
            return None;
        }
        let mut next = 0;
        let places = self.values.iter().map(|value| {
            let place = next;
            next += usize::from(value.is_some());
            place
        });
        let places = places.collect();
        let mut values = self.values.iter();
        self.ids
            .retain(|_| values.next().is_some_and(Option::is_some));
        self.values.retain(Option::is_some);
        crowd::shrink(&mut self.values);
        crowd::shrink(&mut self.ids);
        Some(places)
    }

    /// In the order of ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        let both = self.ids.iter().zip(&self.values);
        both.filter_map(|(&id, value)| Some((id, value.as_ref()?)))
    }

    /// In the order of ids.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (I, &mut T)> {
        let both = self.ids.iter().zip(&mut self.values);
        both.filter_map(|(&id, value)| Some((id, value.as_mut()?)))
    }
}

/// What is there, without the gaps.
impl<I: Copy + Ord + Serialize, T: Serialize> Serialize for Table<I, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The length is known before, as some formats need it.
        serializer.collect_seq(self.iter().collect::<Vec<_>>())
    }
}

impl<'de, I: Copy + Ord + Deserialize<'de>, T: Deserialize<'de>> Deserialize<'de> for Table<I, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Table<I, T>, D::Error> {
        let entries = Vec::<(I, T)>::deserialize(deserializer)?;
        if !entries.is_sorted_by(|(one, _), (next, _)| one < next) {
            return Err(D::Error::custom("ids that do not ascend"));
        }
        let mut table = Table::new();
        for (id, value) in entries {
            table.push(id, value);
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_to_values_whichever_are_gone() {
        let mut table = Table::new();
        for id in 0..1000 {
            assert_eq!(table.push(id, 2 * id), id);
        }
        for id in (0..1000).filter(|id| id % 10 != 3) {
            assert_eq!(table.remove(id), Some(2 * id));
            assert_eq!(table.remove(id), None);
        }
        assert_eq!(
            (table.len(), table.at(10), table.at(13)),
            (100, None, Some((13, &26)))
        );
        let places = table.close_gaps().expect("many gaps");
        assert!(table.close_gaps().is_none());
        for (place, id) in (0..1000).filter(|id| id % 10 == 3).enumerate() {
            assert_eq!(
                (table.get(id), table.place_of(id)),
                (Some(&(2 * id)), Some(place))
            );
            assert_eq!(
                (places[id], table.at(place)),
                (place, Some((id, &(2 * id))))
            );
        }
        assert_eq!(table.iter().count(), 100);
        assert_eq!(table.push(1000, 1), 100);
        assert_eq!(table.get_mut(1000), Some(&mut 1));
    }
}
