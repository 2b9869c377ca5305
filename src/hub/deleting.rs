//! What was said is deleted: it is looked for in memory and on disk, the chat says whether it may be, and
//! everybody who could read it is told.

use crate::chat::{Actor, Entry, RoomId};
use crate::model::{
    ConnId, Durability, ErrorCode, Found, KeptMessage, Message, MessageId, Moment, Nick, NodeId,
    Peer, Query, RoomName, SaidIn, Target,
};

use super::decision::{Decision, Then};
use super::effect::Effect;
use super::questions::Question;
use super::state::{Hub, check_note};

/// A deletion of what is looked for on disk.
#[derive(Debug)]
pub(super) struct SoughtDeletion {
    by: Actor,
    /// Where it is to have been said.
    within: Option<Target>,
    reason: Option<String>,
    /// Has who asks no session?
    is_posted: bool,
}

impl Hub {
    pub(super) fn delete(
        &mut self,
        who: ConnId,
        within: Option<Target>,
        id: Option<MessageId>,
        reason: Option<String>,
    ) -> Result<Decision, ErrorCode> {
        reason.as_deref().map_or(Ok(()), check_note)?;
        let by = self.actor(who)?;
        if let Some(Target::Room(room)) = &within
            && !self.is_operator(who)
        {
            self.entered(who, Some(room.clone()))?;
        }
        let Some(id) = id else {
            let room = match within {
                Some(Target::Room(room)) => self.entered(who, Some(room))?,
                Some(Target::User(_)) => return Err(ErrorCode::NoSuchMessage),
                None => self.focus_of(who)?,
            };
            let message = self.own_last(by, room).ok_or(ErrorCode::NoSuchMessage)?;
            return Decision::entry(self.entry_of_deletion(by, message, reason)?);
        };
        if let Some(message) = self.remembered(by, within.as_ref(), id) {
            return Decision::entry(self.entry_of_deletion(by, message, reason)?);
        }
        self.check_on_disk(within.as_ref(), id)?;
        if by != Actor::Console {
            self.check_asked(who)?;
        }
        let asked = SoughtDeletion {
            by,
            within,
            reason,
            is_posted: false,
        };
        let question = Question::Deletion(Box::new(asked));
        Ok(Decision::Query(question, Query::Message { id }))
    }

    /// Deletes something that was said in a room, for the bot of that name, or for a program of the operator's.
    /// `false`: [`Effect::Posted`] tells when it is done.
    ///
    /// # Errors
    /// [`ErrorCode::AddressBanned`], [`ErrorCode::NickBanned`], [`ErrorCode::NoRoomToShow`],
    /// [`ErrorCode::NotInRoom`], [`ErrorCode::NoSuchMessage`], [`ErrorCode::NotYourMessage`].
    pub fn handle_deletion(
        &mut self,
        who: ConnId,
        peer: Peer,
        bot: Option<&Nick>,
        room: RoomName,
        id: MessageId,
        now: Moment,
    ) -> Result<bool, ErrorCode> {
        if let Some(refusal) = self.refusal_of(&peer, now) {
            return Err(refusal);
        }
        let found = self.chat.rooms().find(&room);
        let found = found.ok_or_else(|| ErrorCode::NoRoomToShow(room.clone()))?;
        let by = match bot {
            Some(bot) => {
                self.chat.check_bot(bot, found, now.unix_ms)?;
                let account = self.chat.directory().find(&bot.key());
                let account = account.ok_or(ErrorCode::NotYourMessage)?;
                Actor::Account(account.record.id)
            }
            None => Actor::Program,
        };
        let within = Some(Target::Room(room));
        let is_kept = self.chat.rules().durability.is_some();
        if let Some(message) = self.remembered(by, within.as_ref(), id) {
            let entry = self.entry_of_deletion(by, message, None)?;
            if self.log.is_shared() {
                let decision = Decision::entry_then(entry, Then::Post(None));
                self.conclude(who, None, decision, now);
                return Ok(false);
            }
            self.commit(None, entry, NodeId::default(), now)?;
            if is_kept {
                self.wait_for_post(who, None);
            }
            return Ok(!is_kept);
        }
        self.check_on_disk(within.as_ref(), id)?;
        let asked = SoughtDeletion {
            by,
            within,
            reason: None,
            is_posted: true,
        };
        let question = Question::Deletion(Box::new(asked));
        self.put_query(who, None, question, Query::Message { id });
        Ok(false)
    }

    /// Can a message that is not in memory be on disk?
    fn check_on_disk(&self, within: Option<&Target>, id: MessageId) -> Result<(), ErrorCode> {
        let is_there = self.chat.rules().durability.is_some()
            && id <= self.chat.last_id()
            && !self.history.deleted.contains(id)
            && !self.is_remembered_since(within, id);
        match is_there {
            true => Ok(()),
            false => Err(ErrorCode::NoSuchMessage),
        }
    }

    /// Is everything in memory that was said in a room since then?
    fn is_remembered_since(&self, within: Option<&Target>, id: MessageId) -> bool {
        let room = match within {
            Some(Target::Room(room)) => self.chat.rooms().find(room),
            Some(Target::User(_)) | None => None,
        };
        room.is_some_and(|room| self.local.get(room).scrollback.begins_after() < id)
    }

    /// What one has said last in a room, as far as that is in memory.
    fn own_last(&self, by: Actor, room: RoomId) -> Option<Box<KeptMessage>> {
        let scrollback = &self.local.get(room).scrollback;
        self.note_steps(scrollback.len());
        let is_own = |it: &&_| {
            let message: &Message = it;
            self.chat.is_origin(by, message.origin, message.id)
        };
        let last = scrollback
            .before(MessageId::MAX)
            .find(|it| is_own(&&***it))?;
        Some(self.known_of(room, last))
    }

    fn known_of(&self, room: RoomId, message: &Message) -> Box<KeptMessage> {
        Box::new(KeptMessage {
            id: message.id,
            nick: message.nick.clone(),
            origin: message.origin,
            place: SaidIn::Room {
                name: self.chat.rooms().get(room).name.clone(),
                // It is shown to all who are there.
                is_guarded: false,
            },
        })
    }

    /// A message that is in memory.
    fn remembered(
        &self,
        by: Actor,
        within: Option<&Target>,
        id: MessageId,
    ) -> Option<Box<KeptMessage>> {
        let rooms: Vec<RoomId> = match within {
            Some(Target::Room(room)) => self.chat.rooms().find(room).into_iter().collect(),
            Some(Target::User(_)) => Vec::new(),
            // What is not in one of its rooms is found on disk, where there is one.
            None if self.chat.is_operator(by) => self.chat.rooms().iter().map(|it| it.0).collect(),
            None => by.user().map_or(Vec::new(), |user| {
                let user = self.chat.users().get(user);
                user.map_or(Vec::new(), |user| user.rooms().to_vec())
            }),
        };
        self.note_steps(rooms.len());
        // What is to be on disk before it is told is known to nobody until then.
        if self.chat.rules().durability == Some(Durability::Seen) && id > self.history.kept {
            return None;
        }
        let found = rooms.into_iter().find_map(|room| {
            let message = self.local.get(room).scrollback.find(id)?;
            Some(self.known_of(room, message))
        });
        found.or_else(|| {
            let mut privates = self.history.privates.iter();
            let private = privates.find(|it| it.id == id && is_within(it, within))?;
            Some(Box::new(private.clone()))
        })
    }

    /// A message was looked for on disk that is to be deleted. `None`: nobody waits for that.
    pub(super) fn deletion_of(
        &mut self,
        who: ConnId,
        asked: SoughtDeletion,
        found: Found,
    ) -> Option<Result<Decision, ErrorCode>> {
        if self.is_stranger(who) && !asked.is_posted {
            return None;
        }
        let found = match found {
            Found::Message(found) => Ok(found),
            _ => Err(ErrorCode::StoreFailed),
        };
        // What is on disk and not told yet is known to nobody.
        let is_known =
            |it: &KeptMessage| it.id <= self.history.kept && is_within(it, asked.within.as_ref());
        let message =
            found.and_then(|it| it.filter(|it| is_known(it)).ok_or(ErrorCode::NoSuchMessage));
        let entry =
            message.and_then(|message| self.entry_of_deletion(asked.by, message, asked.reason));
        match (entry, asked.is_posted) {
            (Ok(entry), true) => Some(Decision::entry_then(entry, Then::Post(None))),
            (Ok(entry), false) => Some(Decision::entry(entry)),
            (Err(code), true) => {
                let failure = Some(code);
                let (to, said) = (who, None);
                self.effects.push_back(Effect::Posted { to, failure, said });
                None
            }
            (Err(code), false) => Some(Err(code)),
        }
    }

    /// Where it could not be kept, nothing is forgotten.
    fn entry_of_deletion(
        &self,
        by: Actor,
        message: Box<KeptMessage>,
        reason: Option<String>,
    ) -> Result<Entry, ErrorCode> {
        if self.chat.rules().durability.is_some() && !self.has_room {
            return Err(ErrorCode::StoreFailed);
        }
        Ok(Entry::Delete {
            by,
            message,
            reason,
        })
    }
}

/// Was it said there?
fn is_within(message: &KeptMessage, within: Option<&Target>) -> bool {
    match (within, &message.place) {
        (None, _) => true,
        (Some(Target::Room(room)), SaidIn::Room { name, .. }) => room.key() == name.key(),
        (Some(Target::User(nick)), SaidIn::User { to, .. }) => {
            [to.key(), message.nick.key()].contains(&nick.key())
        }
        (Some(Target::Room(_)), SaidIn::User { .. })
        | (Some(Target::User(_)), SaidIn::Room { .. }) => false,
    }
}
