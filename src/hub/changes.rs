//! What changes about users and rooms is told to those who are at doors where it has a form.

use crate::chat::{Actor, MetadataOf, RoomId, User};
use crate::model::{
    Change, ConnId, ErrorCode, Event, MessageId, MetadataTarget, ModeChange, UserId,
};
use crate::session::Reader;

use super::decision::{Asker, Wants};
use super::effect::Audience;
use super::state::Hub;

impl Hub {
    /// Tells those who share a room with a user, or wait for it, that something about it is different, if
    /// they are at doors where that is told.
    pub(super) fn tell_of_change(&mut self, user: UserId, change: Change) {
        let Some(own) = self.chat.users().get(user) else {
            return;
        };
        let (nick, rooms) = (own.nick().clone(), own.rooms().to_vec());
        let own: Vec<ConnId> = self.sessions.of(user).collect();
        let told = match self.has_profiles() {
            false => Vec::new(),
            true => {
                let readers = match self.neighbours(None, &rooms) {
                    Audience::Each(readers) => readers,
                    Audience::Room { room, .. } => self.readers(room).iter().collect(),
                };
                let hears =
                    |reader: &Reader| !own.contains(&reader.id) && self.is_watchful(reader.id);
                readers.into_iter().filter(hears).collect()
            }
        };
        let is_told = |who: &ConnId| told.iter().any(|reader: &Reader| reader.id == *who);
        let mut watchers = self.watches.readers_of(&nick);
        watchers.retain(|who| !is_told(who) && !own.contains(who));
        if !told.is_empty() {
            let (change, is_watched) = (change.clone(), false);
            self.broadcast(Audience::Each(told), Event::Changed { change, is_watched });
        }
        for who in watchers {
            let (change, is_watched) = (change.clone(), true);
            self.tell(who, Event::Changed { change, is_watched });
        }
    }

    /// A user is logged in, or not any more.
    pub(super) fn tell_of_account(&mut self, user: UserId) {
        let Some(own) = self.chat.users().get(user) else {
            return;
        };
        let nick = own.nick().clone();
        let account = own.account().and_then(|id| self.chat.directory().get(id));
        let account = account.map(|account| account.record.nick.clone());
        self.tell_of_change(user, Change::Account { nick, account });
    }

    /// Tells those in a room who are at doors where that is told, but for one.
    pub(super) fn tell_watchful(&mut self, room: RoomId, except: Option<ConnId>, change: &Change) {
        if !self.has_profiles() {
            return;
        }
        let readers = self.readers(room).iter();
        let hears = |reader: &Reader| Some(reader.id) != except && self.is_watchful(reader.id);
        let readers: Vec<Reader> = readers.filter(hears).collect();
        self.note_steps(self.readers(room).len());
        if !readers.is_empty() {
            let (change, is_watched) = (change.clone(), false);
            self.broadcast(
                Audience::Each(readers),
                Event::Changed { change, is_watched },
            );
        }
    }

    /// Is it at a door where it says more of itself?
    fn is_watchful(&self, who: ConnId) -> bool {
        self.user(who).and_then(User::profile).is_some()
    }

    /// Is there anybody who says more of itself?
    fn has_profiles(&self) -> bool {
        self.watches.has_profiles
    }

    pub(super) fn hear_topic(
        &mut self,
        user: UserId,
        room: RoomId,
        id: MessageId,
        asker: Option<&mut Asker>,
    ) {
        let by = Some(self.name_of(user));
        let found = self.chat.rooms().get(room);
        let event = Event::Topic {
            room: found.name.clone(),
            topic: found.topic.clone(),
            by,
            set: None,
            id: Some(id),
        };
        let except = asker.as_ref().map(|asker| asker.who);
        self.broadcast(self.others(room, except), event.clone());
        if let Some(asker) = asker {
            self.answer_asker(asker, event);
        }
    }

    pub(super) fn hear_modes(
        &mut self,
        by: Actor,
        room: RoomId,
        (changes, id): (Vec<ModeChange>, Option<MessageId>),
        refusal: Option<ErrorCode>,
        asker: Option<&mut Asker>,
    ) {
        let own = asker.as_ref().map(|asker| asker.who);
        let change = Change::Modes {
            room: self.chat.rooms().get(room).name.clone(),
            by: self.chat.nick_of(by),
            changes,
            id,
        };
        if matches!(&change, Change::Modes { changes, .. } if !changes.is_empty()) {
            self.tell_watchful(room, own, &change);
        }
        let Some(asker) = asker else {
            return;
        };
        match (refusal, asker.wants) {
            (Some(code), _) => self.answer_asker(asker, Event::Error(code)),
            (None, Wants::Modes) => {
                let is_watched = false;
                self.answer_asker(asker, Event::Changed { change, is_watched });
            }
            (None, _) => {}
        }
    }

    pub(super) fn hear_metadata(
        &mut self,
        by: UserId,
        of: MetadataOf,
        key: String,
        value: Option<String>,
        asker: Option<&mut Asker>,
    ) {
        let (target, rooms) = match of {
            MetadataOf::Room(room) => {
                let name = self.chat.rooms().get(room).name.clone();
                (MetadataTarget::Room(name), vec![room])
            }
            MetadataOf::User(user) => {
                let rooms = self.chat.users()[user].rooms().to_vec();
                (MetadataTarget::User(self.name_of(user)), rooms)
            }
        };
        let change = Change::Metadata {
            target,
            key,
            value,
            by: self.name_of(by),
        };
        self.tell_of_metadata(asker.as_ref().map(|asker| asker.who), &rooms, &change);
        if let Some(asker) = asker {
            self.answer_asker(asker, Event::Done { what: None });
        }
    }

    /// Tells those in rooms, each once, who may have asked for it.
    fn tell_of_metadata(&mut self, except: Option<ConnId>, rooms: &[RoomId], change: &Change) {
        for to in self.watchful_in(rooms) {
            if Some(to) != except {
                let (change, is_watched) = (change.clone(), false);
                self.tell(to, Event::Changed { change, is_watched });
            }
        }
    }

    /// Somebody has entered a room: what it says by keys is told to those there.
    pub(super) fn tell_metadata_of(&mut self, user: UserId, room: RoomId) {
        let nick = self.chat.users()[user].nick().clone();
        let metadata = self.chat.metadata(user);
        let metadata: Vec<_> = metadata
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let first = self.sessions.first_of(user);
        for (key, value) in metadata {
            let change = Change::Metadata {
                target: MetadataTarget::User(nick.clone()),
                key,
                value: Some(value),
                by: nick.clone(),
            };
            self.tell_of_metadata(first, &[room], &change);
        }
    }

    /// The connections in rooms, each once, that are at doors where more is told.
    fn watchful_in(&self, rooms: &[RoomId]) -> Vec<ConnId> {
        if !self.has_profiles() {
            return Vec::new();
        }
        self.note_steps(rooms.iter().map(|&room| self.readers(room).len()).sum());
        let readers = rooms.iter().flat_map(|&room| self.readers(room).iter());
        let mut found: Vec<ConnId> = readers
            .map(|reader| reader.id)
            .filter(|&id| self.is_watchful(id))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
