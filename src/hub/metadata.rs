//! What users and rooms say of themselves by keys, for programs that show it.

use std::collections::BTreeMap;

use crate::limits::METADATA_MAX;
use crate::model::{Change, ConnId, ErrorCode, Event, MetadataTarget, UserId};

use super::{Hub, RoomId};

/// Values by keys.
pub(super) type Metadata = BTreeMap<String, String>;

impl Hub {
    pub(super) fn set_metadata(
        &mut self,
        who: ConnId,
        target: MetadataTarget,
        key: String,
        value: Option<String>,
    ) -> Result<(), ErrorCode> {
        let by = self.own(who)?.nick().clone();
        let set = |metadata: &mut Metadata| {
            let is_new = value.is_some() && !metadata.contains_key(&key);
            if is_new && metadata.len() >= METADATA_MAX {
                return Err(ErrorCode::TooManyBans);
            }
            match &value {
                Some(value) => metadata.insert(key.clone(), value.clone()),
                None => metadata.remove(&key),
            };
            Ok(())
        };
        let change = Change::Metadata {
            target: target.clone(),
            key: key.clone(),
            value: value.clone(),
            by,
        };
        let rooms = match target {
            MetadataTarget::Room(name) => {
                let id = self.rooms.find(&name);
                let id = id.ok_or_else(|| ErrorCode::NoRoomToShow(name.clone()))?;
                if !self.moderates(who, id) {
                    return Err(ErrorCode::NotModerator(name));
                }
                set(&mut self.rooms.get_mut(id).modes.metadata)?;
                vec![id]
            }
            MetadataTarget::User(nick) => {
                let own = self.own_id(who)?;
                if self.users.find(nick.as_str()) != Some(own) {
                    return Err(ErrorCode::NotOperator);
                }
                let mut result = Ok(());
                self.change(own, |rare| result = set(&mut rare.metadata));
                result?;
                self.users[own].rooms().to_vec()
            }
        };
        self.tell_of_metadata(who, &rooms, &change);
        self.answer(who, Event::Done { what: None })
    }

    /// Tells those in rooms, each once, who may have asked for it.
    fn tell_of_metadata(&mut self, who: ConnId, rooms: &[RoomId], change: &Change) {
        for to in self.watchful_in(rooms) {
            if to != who {
                let (change, is_watched) = (change.clone(), false);
                self.tell(to, Event::Changed { change, is_watched });
            }
        }
    }

    /// Somebody has entered a room: what it says by keys is told to those there.
    pub(super) fn tell_metadata_of(&mut self, user: UserId, id: RoomId) {
        let Some(own) = self.users.get(user) else {
            return;
        };
        let nick = own.nick().clone();
        let metadata: Vec<_> = own
            .metadata()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let Some(who) = self.users.first_of(user) else {
            return;
        };
        for (key, value) in metadata {
            let change = Change::Metadata {
                target: MetadataTarget::User(nick.clone()),
                key,
                value: Some(value),
                by: nick.clone(),
            };
            self.tell_of_metadata(who, &[id], &change);
        }
    }
}
