//! Users who say more of themselves than a name: they come in without a room, and go by other names than their
//! account's.

use std::collections::BTreeMap;

use crate::limits::{METADATA_MAX, READ_MARKERS_MAX};
use crate::model::{Credential, ErrorCode, Key, Nick, Note, Peer, Profile, ProfileChange, UserId};

use crate::chat::user::Notes;
use crate::chat::{Actor, Applying, Fact, LOBBY, MetadataOf};

impl Applying<'_> {
    /// Somebody comes in under a name, in no room, as the account that it has proven to be.
    pub(super) fn come_in(
        &mut self,
        nick: Nick,
        peer: Peer,
        profile: Box<Profile>,
        account: Option<Credential>,
    ) -> Result<(), ErrorCode> {
        if let Some(refusal) = self.chat.refusal_of(&peer, self.at_ms) {
            return Err(refusal);
        }
        let account = account.and_then(|of| self.chat.holder(of).ok());
        let own = account.filter(|&id| {
            let known = self.chat.directory.get(id);
            known.is_some_and(|it| it.record.nick.key() == nick.key())
        });
        if let Some(own) = own {
            self.chat.check_nick(&nick, self.at_ms)?;
            if let Some(user) = self.make_way(None, own, false) {
                self.attach(user, peer, self.node);
                return Ok(());
            }
        } else {
            self.chat.check_free(&nick, self.at_ms)?;
            if self.chat.is_registered(&nick) {
                return Err(ErrorCode::NameRegistered);
            }
        }
        let user = self.chat.users.insert(nick, peer, self.node);
        let own = &mut self.chat.users[user];
        own.leave(LOBBY);
        own.change_profile(|known| *known = Some(*profile));
        self.follow_mutes(user);
        self.facts.push(Fact::Joined { user });
        if let Some(account) = account {
            self.note_login(user, account);
        }
        Ok(())
    }

    /// A user is logged in to an account whose secret it knows, whatever its name is.
    pub(super) fn prove(&mut self, user: UserId, account: Credential) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        let account = self.chat.holder(account)?;
        self.note_login(user, account);
        Ok(())
    }

    pub(super) fn describe(
        &mut self,
        user: UserId,
        change: ProfileChange,
    ) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        let is_name = matches!(change, ProfileChange::Realname(_));
        if is_name && self.chat.is_muted(user, self.at_ms) {
            return Err(ErrorCode::Muted);
        }
        let own = &mut self.chat.users[user];
        match &change {
            ProfileChange::NoOperator => own.change_rare(|rare| rare.is_operator = false),
            change => own.change_profile(|profile| {
                if let Some(profile) = profile {
                    profile.change(change);
                }
            }),
        }
        self.facts.push(Fact::Described { user, change });
        Ok(())
    }

    /// A user or a room says something else of itself by a key, or nothing.
    pub(super) fn set_metadata(
        &mut self,
        by: UserId,
        of: MetadataOf,
        key: String,
        value: Option<String>,
    ) -> Result<(), ErrorCode> {
        self.chat.check_here(by)?;
        let check = |metadata: &BTreeMap<String, String>| {
            let is_new = value.is_some() && !metadata.contains_key(&key);
            match is_new && metadata.len() >= METADATA_MAX {
                true => Err(ErrorCode::TooManyBans),
                false => Ok(()),
            }
        };
        match of {
            MetadataOf::Room(room) => {
                self.chat.check_room(room)?;
                if !self.chat.moderates(Actor::User(by), room) {
                    let name = self.chat.rooms.get(room).name.clone();
                    return Err(ErrorCode::NotModerator(name));
                }
                let metadata = &mut self.chat.rooms.get_mut(room).modes.metadata;
                check(metadata)?;
                match &value {
                    Some(value) => metadata.insert(key.clone(), value.clone()),
                    None => metadata.remove(&key),
                };
                self.note_change(room);
            }
            MetadataOf::User(user) if user == by => {
                self.change_notes(user, |notes| check(&notes.metadata))?;
                let (key, value) = (key.clone(), value.clone());
                self.remember(user, Note::Metadata { key, value });
            }
            MetadataOf::User(_) => return Err(ErrorCode::NotOperator),
        }
        self.facts.push(Fact::MetadataSet { by, of, key, value });
        Ok(())
    }

    /// A user has read what was said by or in something, up to a time.
    pub(super) fn mark_read(
        &mut self,
        user: UserId,
        key: Key,
        to_ms: u64,
    ) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        let is_farther = self.change_notes(user, |notes| match notes.read_to.get(&key) {
            Some(known) => *known < to_ms,
            None => notes.read_to.len() < READ_MARKERS_MAX,
        });
        if is_farther {
            self.remember(user, Note::ReadTo { key, to_ms });
        }
        Ok(())
    }

    /// Remembers something for a user, or for its account.
    fn remember(&mut self, user: UserId, note: Note) {
        if let Some(account) = self.chat.users[user].account() {
            let note = note.clone();
            self.facts.push(Fact::Noted { account, note });
        }
        self.change_notes(user, |notes| notes.take(note));
    }

    fn change_notes<T>(&mut self, user: UserId, change: impl FnOnce(&mut Notes) -> T) -> T {
        let own = &mut self.chat.users[user];
        let account = own.account().and_then(|id| self.chat.directory.get_mut(id));
        match account {
            Some(account) => change(account.notes.get_or_insert_default()),
            None => own.change_rare(|rare| change(&mut rare.notes)),
        }
    }

    /// Two speak alone: who scrolls back by itself is told with whom that was.
    pub(super) fn note_talk(&mut self, user: UserId, with: &Nick, at_ms: u64) {
        let own = self.chat.users.get_mut(user);
        let Some(own) = own.filter(|own| own.profile().is_some()) else {
            return;
        };
        let key = with.key();
        own.change_rare(|rare| {
            rare.talks.retain(|(other, _)| other.key() != key);
            if rare.talks.len() >= READ_MARKERS_MAX {
                rare.talks.remove(0);
            }
            rare.talks.push((with.clone(), at_ms));
        });
    }
}
