//! Words with more to them than text, to a room or a user: they are told as other words are, and answered at
//! once rather than when they are kept.

use crate::chat::{Entry, TagTo, Words};
use crate::model::{Addressee, ConnId, ErrorCode, MessageId, ReplyTo, RoomName, Utterance};

use super::decision::{Caller, Decision, Then, Wants};
use super::state::Hub;

impl Hub {
    pub(super) fn utter(
        &mut self,
        caller: Caller,
        utterance: Utterance,
    ) -> Result<Decision, ErrorCode> {
        let Utterance {
            to,
            manner,
            text,
            tags,
            reply_to,
        } = utterance;
        self.check_message(&text)?;
        let who = caller.who;
        let words = Words {
            manner,
            text,
            tags: Some(tags),
            reply_to: reply_to.and_then(|id| self.answered(who, id)),
        };
        match to {
            Addressee::Room(room) => self.utter_in(who, room, words),
            Addressee::Moderators(room) => {
                let room = self.entered(who, Some(room))?;
                self.tag(who, TagTo::Moderators(room), words)
            }
            Addressee::User(name) => self.utter_to(caller, &name, words),
        }
    }

    /// A message in memory that words are about: of what is not they are a message like others.
    fn answered(&self, who: ConnId, id: MessageId) -> Option<ReplyTo> {
        let by = self.actor(who).ok()?;
        let message = self.remembered(by, None, id)?;
        let nick = message.nick.clone();
        Some(ReplyTo { id, nick })
    }

    fn utter_in(
        &mut self,
        who: ConnId,
        name: RoomName,
        words: Words,
    ) -> Result<Decision, ErrorCode> {
        let room = self.chat.rooms().find(&name);
        let room = room.ok_or(ErrorCode::NoRoomToEnter(name))?;
        if is_for_programs(&words) {
            return self.tag(who, TagTo::Room(room), words);
        }
        let entry = Entry::Say {
            user: self.own_id(who)?,
            room,
            words,
            is_outside: true,
            shown: self.shown_peer(who),
        };
        self.check_room()?;
        Ok(Decision::Entry(entry, Wants::AtOnce, Then::Nothing))
    }

    fn utter_to(
        &mut self,
        caller: Caller,
        name: &str,
        words: Words,
    ) -> Result<Decision, ErrorCode> {
        let who = caller.who;
        let Some(to) = self.chat.users().find(name) else {
            return match is_for_programs(&words) {
                true => Err(ErrorCode::NoSuchNick(name.into())),
                false => self.say_privately(caller, name, words),
            };
        };
        if is_for_programs(&words) {
            return self.tag(who, TagTo::User(to), words);
        }
        let from = self.own_id(who)?;
        let entry = Entry::Private { from, to, words };
        self.check_room()?;
        Ok(Decision::Entry(entry, Wants::AtOnce, Then::Nothing))
    }

    fn tag(&mut self, who: ConnId, to: TagTo, words: Words) -> Result<Decision, ErrorCode> {
        let user = self.own_id(who)?;
        Decision::entry(Entry::Tag { user, to, words })
    }
}

/// Is it nothing that people read: tags alone, or what programs ask each other (CTCP)?
fn is_for_programs(words: &Words) -> bool {
    words.text.is_empty() || words.text.starts_with('\u{1}')
}
