//! Who says nothing, in a room or anywhere. A mute is of a user, not of a name: it holds for the
//! account or the names that it went by, and for guests who come from its address
//! later, however often they leave, take other names, log in or out.

use std::collections::{BTreeMap, HashMap};

use core::net::IpAddr;

use serde::{Deserialize, Serialize, Serializer};

use crate::limits::MUTE_MARKS_MAX;

use super::ban::is_over;
use super::{AccountId, Key, UserId};

/// What a muted user is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mark {
    /// A guest's name.
    Name(Key),
    /// Its account.
    Account(AccountId),
    /// Where it came from, as limits count it: no loopback, and the /64 for IPv6. It is looked at when a
    /// guest comes in, so that those who are here already go on.
    Address(IpAddr),
    /// A user who is here. It does not survive a restart.
    User(UserId),
}

/// One mute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// The name that was muted.
    pub name: Key,
    /// When it ends, in milliseconds since 1970; `None` is when it is undone.
    pub until_ms: Option<u64>,
    /// What it holds for.
    pub marks: Vec<Mark>,
}

/// Mutes, and whom they hold for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Vec<Mute>")]
pub struct Mutes {
    /// In the order in which they were put.
    mutes: BTreeMap<usize, Mute>,
    /// Invariant: each leads to a mute that has it.
    marks: HashMap<Mark, usize>,
}

impl Mutes {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.mutes.len()
    }

    /// Is nobody muted?
    pub fn is_empty(&self) -> bool {
        self.mutes.is_empty()
    }

    /// In the order in which they were put.
    pub fn iter(&self) -> impl Iterator<Item = &Mute> {
        self.mutes.values()
    }

    /// Adds a mute in place of those of the same user, whom an address does not tell.
    pub fn put(&mut self, mute: Mute) {
        self.remove(&mute.marks);
        let at = self.push(Mute {
            marks: Vec::new(),
            ..mute
        });
        for mark in mute.marks {
            self.add_mark(at, mark);
        }
    }

    fn push(&mut self, mute: Mute) -> usize {
        let at = self.mutes.last_key_value().map_or(0, |(&last, _)| last + 1);
        self.mutes.insert(at, mute);
        at
    }

    /// Undoes those that hold for one of these marks, but for addresses. Returns whether there were any.
    pub(crate) fn remove(&mut self, marks: &[Mark]) -> bool {
        let before = self.len();
        for mark in marks.iter().filter(|mark| !is_address(mark)) {
            if let Some(&at) = self.marks.get(mark) {
                self.take_out(at);
            }
        }
        self.len() < before
    }

    fn take_out(&mut self, at: usize) {
        for mark in self
            .mutes
            .remove(&at)
            .into_iter()
            .flat_map(|mute| mute.marks)
        {
            self.marks.remove(&mark);
        }
    }

    /// Forgets what is over.
    pub(crate) fn tidy(&mut self, now_ms: u64) {
        let over = self.mutes.iter();
        let over = over.filter(|(_, mute)| is_over(mute.until_ms, now_ms));
        for at in over.map(|(&at, _)| at).collect::<Vec<_>>() {
            self.take_out(at);
        }
    }

    /// Does one hold for this?
    pub(crate) fn has(&self, mark: &Mark, now_ms: u64) -> bool {
        let mute = self.marks.get(mark).and_then(|at| self.mutes.get(at));
        mute.is_some_and(|mute| !is_over(mute.until_ms, now_ms))
    }

    /// Has the mute of a user, if there is one, hold for all that is known of it now. Returns whether
    /// there is more than before that survives a restart.
    pub(crate) fn follow(&mut self, marks: &[Mark]) -> bool {
        let Some(&at) = marks.iter().find_map(|mark| self.marks.get(mark)) else {
            return false;
        };
        let mut has_changed = false;
        for mark in marks.iter().filter(|mark| !is_address(mark)) {
            let is_new = self.add_mark(at, mark.clone());
            has_changed |= is_new && !matches!(mark, Mark::User(_));
        }
        has_changed
    }

    /// Of each kind the first stays, and the last ones. A mark of another mute is left to it.
    fn add_mark(&mut self, at: usize, mark: Mark) -> bool {
        let Some(mute) = self
            .mutes
            .get_mut(&at)
            .filter(|_| !self.marks.contains_key(&mark))
        else {
            return false;
        };
        let marks = &mut mute.marks;
        let is_alike =
            |other: &Mark| std::mem::discriminant(other) == std::mem::discriminant(&mark);
        if marks.iter().filter(|other| is_alike(other)).count() >= MUTE_MARKS_MAX {
            let second = (0..marks.len()).filter(|&at| is_alike(&marks[at])).nth(1);
            if let Some(second) = second {
                let dropped = marks.remove(second);
                self.marks.remove(&dropped);
            }
        }
        marks.push(mark.clone());
        self.marks.insert(mark, at);
        true
    }

    /// A user has become another, of these marks: its mute holds for that one, or if that has one of its
    /// own, whichever ends later. Returns whether there is more than before that survives a restart.
    pub(crate) fn take_over(&mut self, from: UserId, marks: &[Mark]) -> bool {
        let from = Mark::User(from);
        let Some(&old) = self.marks.get(&from) else {
            return false;
        };
        let Some(&own) = marks.iter().find_map(|mark| self.marks.get(mark)) else {
            let marks: Vec<_> = [from].into_iter().chain(marks.iter().cloned()).collect();
            return self.follow(&marks);
        };
        let old_ms = self.mutes.get(&old).and_then(|old| old.until_ms);
        let Some(own) = self.mutes.get_mut(&own) else {
            return false;
        };
        let own_ms = own.until_ms;
        own.until_ms = old_ms.zip(own_ms).map(|(old, own)| old.max(own));
        own.until_ms != own_ms
    }

    /// Has mutes that were read again hold for the users that they held for before.
    pub(crate) fn take_over_users(&mut self, before: &Mutes) {
        for mute in before.iter() {
            self.follow(&mute.marks);
        }
    }
}

impl Serialize for Mutes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.mutes.values())
    }
}

impl TryFrom<Vec<Mute>> for Mutes {
    type Error = &'static str;

    fn try_from(all: Vec<Mute>) -> Result<Mutes, &'static str> {
        let mut mutes = Mutes::default();
        for mute in all {
            let marks = mute.marks.clone();
            let at = mutes.push(mute);
            for mark in marks {
                if mutes.marks.insert(mark, at).is_some() {
                    return Err("one mark of two mutes");
                }
            }
        }
        Ok(mutes)
    }
}

/// What is written is the same.
impl PartialEq for Mutes {
    fn eq(&self, other: &Mutes) -> bool {
        let sorted = |mutes: &Mutes| {
            let kept = |mute: &Mute| {
                let mut marks = mute.marks.clone();
                marks.retain(|mark| !matches!(mark, Mark::User(_)));
                marks.sort_unstable();
                (mute.name.clone(), mute.until_ms, marks)
            };
            let mut all: Vec<_> = mutes.iter().map(kept).collect();
            all.sort_unstable();
            all
        };
        sorted(self) == sorted(other)
    }
}

fn is_address(mark: &Mark) -> bool {
    matches!(mark, Mark::Address(_))
}
