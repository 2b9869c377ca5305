//! Names: who waits for whom to come or go, and who went by a name that is free.

use std::collections::{HashMap, VecDeque};

use crate::chat::{Chat, User};
use crate::limits::{FORMER_MAX, WATCHED_MAX};
use crate::model::{
    Change, ConnId, ErrorCode, Event, Former, Key, Moment, Nick, Person, WatchChange,
};

use super::state::Hub;

/// Names that are waited for, and names that are free.
#[derive(Debug, Default)]
pub(super) struct Watches {
    /// Invariant: exactly the names of `names`, the other way round; no list is empty.
    readers: HashMap<Key, Vec<ConnId>>,
    /// Who waits for which, in the order of asking; no list is empty.
    names: HashMap<ConnId, Vec<Nick>>,
    /// The last to be free is last.
    pub(super) former: VecDeque<Former>,
    /// Has anybody come who says more of itself than a name?
    pub(super) has_profiles: bool,
    /// As many users were here at once.
    pub(super) users_max: usize,
}

impl Watches {
    fn remove(&mut self, who: ConnId, key: &Key) {
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
    pub(super) fn note_former(&mut self, chat: &Chat, user: &User, nick: Nick, now: Moment) {
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

    /// Names that a connection waits for.
    pub(super) fn names_of(&self, who: ConnId) -> &[Nick] {
        self.names.get(&who).map_or(&[], Vec::as_slice)
    }
}

impl Hub {
    pub(super) fn watch(&mut self, who: ConnId, change: WatchChange) -> Result<(), ErrorCode> {
        self.own(who)?;
        match change {
            WatchChange::Add(names) => {
                for name in names {
                    let key = name.key();
                    let own = self.watches.names.entry(who).or_default();
                    if own.iter().any(|other| other.key() == key) {
                        continue;
                    }
                    if own.len() >= WATCHED_MAX {
                        return Err(ErrorCode::TooManyIgnored);
                    }
                    own.push(name);
                    self.watches.readers.entry(key).or_default().push(who);
                }
            }
            WatchChange::Remove(names) => {
                for name in names {
                    self.watches.remove(who, &name.key());
                }
            }
            WatchChange::Clear => self.forget_watches(who),
        }
        self.answer(who, Event::Done { what: None });
        Ok(())
    }

    /// A connection waits for nobody any more.
    pub(super) fn forget_watches(&mut self, who: ConnId) {
        for name in self.watches.names_of(who).to_vec() {
            self.watches.remove(who, &name.key());
        }
    }

    /// Those who wait for a name.
    pub(super) fn watchers_of(&self, nick: &Nick) -> Vec<ConnId> {
        if self.watches.readers.is_empty() {
            return Vec::new();
        }
        let readers = self.watches.readers.get(&nick.key());
        readers.cloned().unwrap_or_default()
    }

    /// Somebody goes by a name from now on, or nobody does.
    pub(super) fn tell_watchers_of_name(&mut self, nick: &Nick, is_online: bool) {
        for who in self.watchers_of(nick) {
            let nick = nick.clone();
            let change = match is_online {
                true => Change::Online { nick },
                false => Change::Offline { nick },
            };
            let is_watched = true;
            self.tell(who, Event::Changed { change, is_watched });
        }
    }
}
