//! A message that somebody does something about: it is looked for in memory and on disk, where it is one that they may know.

use crate::chat::{Actor, RoomId};
use crate::model::{
    AboutMessage, ConnId, Doing, Durability, ErrorCode, Found, KeptMessage, Message, MessageId,
    Moment, Nick, NodeId, Peer, Query, RoomName, SaidIn, Target,
};

use super::decision::{Caller, Decision, Then};
use super::effect::Effect;
use super::questions::Question;
use super::state::{Hub, check_note};

/// What is to be done about a message.
#[derive(Debug)]
pub(super) enum Purpose {
    Deletion {
        reason: Option<String>,
    },
    /// Likewise, by somebody who has no session.
    PostedDeletion,
    Doing(Doing),
}

/// A message that is looked for on disk.
#[derive(Debug)]
pub(super) struct SoughtMessage {
    pub(super) by: Actor,
    /// Where it is to have been said.
    pub(super) within: Option<Target>,
    pub(super) purpose: Purpose,
}

impl Hub {
    pub(super) fn ask_about(
        &mut self,
        caller: Caller,
        about: AboutMessage,
    ) -> Result<Decision, ErrorCode> {
        if let Doing::Edit { text } | Doing::Reply { text, .. } = &about.what {
            self.check_message(text)?;
        }
        self.own_id(caller.who)?;
        self.seek(caller, about.within, about.id, Purpose::Doing(about.what))
    }

    pub(super) fn delete(
        &mut self,
        caller: Caller,
        within: Option<Target>,
        id: Option<MessageId>,
        reason: Option<String>,
    ) -> Result<Decision, ErrorCode> {
        reason.as_deref().map_or(Ok(()), check_note)?;
        self.seek(caller, within, id, Purpose::Deletion { reason })
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
        let sought = SoughtMessage {
            by,
            within,
            purpose: Purpose::PostedDeletion,
        };
        let question = Question::Message(Box::new(sought));
        self.put_query(who, None, question, Query::Message { id });
        Ok(false)
    }

    /// Looks for a message, or for one's own last one in a room, and does something about it.
    pub(super) fn seek(
        &mut self,
        caller: Caller,
        within: Option<Target>,
        id: Option<MessageId>,
        purpose: Purpose,
    ) -> Result<Decision, ErrorCode> {
        let who = caller.who;
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
            return self.decide_about(caller, by, message, purpose);
        };
        if let Some(message) = self.remembered(by, within.as_ref(), id) {
            return self.decide_about(caller, by, message, purpose);
        }
        self.check_on_disk(within.as_ref(), id)?;
        if by != Actor::Console {
            self.check_asked(who)?;
        }
        let sought = SoughtMessage {
            by,
            within,
            purpose,
        };
        let question = Question::Message(Box::new(sought));
        Ok(Decision::Query(question, Query::Message { id }))
    }

    fn decide_about(
        &mut self,
        caller: Caller,
        by: Actor,
        message: Box<KeptMessage>,
        purpose: Purpose,
    ) -> Result<Decision, ErrorCode> {
        match purpose {
            Purpose::Deletion { reason } => {
                Decision::entry(self.entry_of_deletion(by, message, reason)?)
            }
            Purpose::PostedDeletion => {
                let entry = self.entry_of_deletion(by, message, None)?;
                Decision::entry_then(entry, Then::Post(None))
            }
            Purpose::Doing(doing) => self.do_about(caller, message, doing),
        }
    }

    /// A message was looked for on disk. `None`: nobody waits for that.
    pub(super) fn sought(
        &mut self,
        who: ConnId,
        sought: SoughtMessage,
        found: Found,
        now: Moment,
    ) -> Option<Result<Decision, ErrorCode>> {
        let is_posted = matches!(sought.purpose, Purpose::PostedDeletion);
        if self.is_stranger(who) && !is_posted {
            return None;
        }
        let found = match found {
            Found::Message(found) => Ok(found),
            _ => Err(ErrorCode::StoreFailed),
        };
        // What is on disk and not told yet is known to nobody.
        let is_known =
            |it: &KeptMessage| it.id <= self.history.kept && is_within(it, sought.within.as_ref());
        let message =
            found.and_then(|it| it.filter(|it| is_known(it)).ok_or(ErrorCode::NoSuchMessage));
        let peer = self.user(who).map_or(Peer::NOWHERE, |user| user.peer());
        let caller = Caller { who, peer, now };
        let decision =
            message.and_then(|it| self.decide_about(caller, sought.by, it, sought.purpose));
        match decision {
            Err(code) if is_posted => {
                let failure = Some(code);
                let (to, said) = (who, None);
                self.effects.push_back(Effect::Posted { to, failure, said });
                None
            }
            decision => Some(decision),
        }
    }

    /// Can a message that is not in memory be on disk?
    pub(super) fn check_on_disk(
        &self,
        within: Option<&Target>,
        id: MessageId,
    ) -> Result<(), ErrorCode> {
        let is_there = self.chat.rules().durability.is_some()
            && id <= self.chat.last_id()
            && !self.history.changed.is_deleted(id)
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
        let place = SaidIn::Room {
            name: self.chat.rooms().get(room).name.clone(),
            // It is shown to all who are there.
            is_guarded: false,
        };
        Box::new(KeptMessage::of(message, place))
    }

    /// A message that is in memory.
    pub(super) fn remembered(
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
