//! Names: who waits for whom to come or go, and who went by a name that is free.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::chat::{Chat, User};
use crate::limits::{FORMER_MAX, WATCHED_MAX};
use crate::model::{ConnId, ErrorCode, Former, Key, Moment, Nick, Person};

/// Names that are waited for, and names that are free.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Watches {
    /// Invariant: exactly the names of `names`, the other way round; no list is empty.
    #[serde(skip)]
    readers: HashMap<Key, Vec<ConnId>>,
    /// Who waits for which, in the order of asking; no list is empty.
    names: BTreeMap<ConnId, Vec<Nick>>,
    /// The last to be free is last.
    pub(crate) former: VecDeque<Former>,
    /// Has anybody come who says more of itself than a name?
    pub(crate) has_profiles: bool,
    /// As many users were here at once.
    pub(crate) users_max: usize,
}

impl Watches {
    /// Finds who waits for a name from now on. To be called once, after the names were read.
    pub(crate) fn index(&mut self) {
        for (&who, names) in &self.names {
            for name in names {
                self.readers.entry(name.key()).or_default().push(who);
            }
        }
    }

    /// A connection waits for a name.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyIgnored`] where it waits for as many as it may.
    pub(crate) fn add(&mut self, who: ConnId, name: Nick) -> Result<(), ErrorCode> {
        let key = name.key();
        let own = self.names.entry(who).or_default();
        if own.iter().any(|other| other.key() == key) {
            return Ok(());
        }
        if own.len() >= WATCHED_MAX {
            return Err(ErrorCode::TooManyIgnored);
        }
        own.push(name);
        self.readers.entry(key).or_default().push(who);
        Ok(())
    }

    /// It does no more.
    pub(crate) fn remove(&mut self, who: ConnId, key: &Key) {
        if let Some(readers) = self.readers.get_mut(key) {
            readers.retain(|&other| other != who);
            if readers.is_empty() {
                self.readers.remove(key);
            }
        }
        if let Some(names) = self.names.get_mut(&who) {
            names.retain(|name| name.key() != *key);
            if names.is_empty() {
                self.names.remove(&who);
            }
        }
    }

    /// A user goes by another name than that, or is gone: what it was is remembered.
    pub(crate) fn note_former(&mut self, chat: &Chat, user: &User, nick: Nick, now: Moment) {
        let person = Person {
            nick,
            ..chat.person_of(user)
        };
        if self.former.len() >= FORMER_MAX {
            self.former.pop_front();
        }
        let until_ms = now.unix_ms;
        self.former.push_back(Former { person, until_ms });
    }

    /// A connection waits for nobody any more.
    pub(crate) fn forget(&mut self, who: ConnId) {
        for name in self.names_of(who).to_vec() {
            self.remove(who, &name.key());
        }
    }

    /// Those who wait for a name.
    pub(crate) fn readers_of(&self, nick: &Nick) -> Vec<ConnId> {
        if self.readers.is_empty() {
            return Vec::new();
        }
        let readers = self.readers.get(&nick.key());
        readers.cloned().unwrap_or_default()
    }

    /// Names that a connection waits for.
    pub(crate) fn names_of(&self, who: ConnId) -> &[Nick] {
        self.names.get(&who).map_or(&[], Vec::as_slice)
    }
}
