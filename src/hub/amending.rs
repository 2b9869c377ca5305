//! What was said is edited, reacted to, answered or deleted: the chat says whether it may be.

use crate::chat::{Actor, Entry, Words};
use crate::model::{
    Amendment, Doing, ErrorCode, Event, KeptMessage, ReactedBy, ReplyTo, SaidBy, SaidIn, UserId,
};

use super::decision::{Caller, Decision, Then, Wants};
use super::state::Hub;

impl Hub {
    /// Does something about a message that was found.
    pub(super) fn do_about(
        &mut self,
        caller: Caller,
        message: Box<KeptMessage>,
        doing: Doing,
    ) -> Result<Decision, ErrorCode> {
        let user = self.own_id(caller.who)?;
        let amendment = match doing {
            Doing::Reply { manner, text } => {
                let words = Words {
                    reply_to: Some(ReplyTo {
                        id: message.id,
                        nick: message.nick.clone(),
                    }),
                    ..Words::of(manner, text)
                };
                return self.reply(caller, user, &message, words);
            }
            Doing::Edit { text } => Amendment::Edited(text),
            Doing::React { reaction, is_on } => {
                let own = self.own(caller.who)?;
                let by = ReactedBy {
                    origin: own.account().map_or(SaidBy::User(user), SaidBy::Account),
                    nick: own.nick().clone(),
                };
                Amendment::Reacted {
                    reaction,
                    by,
                    is_on,
                }
            }
        };
        // Where it could not be kept, nothing is another.
        if self.chat.rules().durability.is_some() && !self.has_room {
            return Err(ErrorCode::StoreFailed);
        }
        let entry = Entry::Amend {
            user,
            message,
            amendment,
        };
        // Where nothing comes of it, that is the answer.
        let then = Then::Answer(Event::Done { what: None });
        Ok(Decision::Entry(entry, Wants::Nothing, then))
    }

    /// Says something about a message where that was said.
    fn reply(
        &mut self,
        caller: Caller,
        user: UserId,
        message: &KeptMessage,
        words: Words,
    ) -> Result<Decision, ErrorCode> {
        match &message.place {
            SaidIn::Room { name, is_guarded } => {
                let room = (self.chat).check_reads(user, name, *is_guarded, message.id)?;
                self.say_in(caller.who, room, words)
            }
            SaidIn::User { .. } => {
                let other = self.chat.other_of(user, message);
                let other = other.ok_or(ErrorCode::NoSuchMessage)?;
                self.say_privately(caller, other.as_str(), words)
            }
        }
    }

    /// Where it could not be kept, nothing is forgotten.
    pub(super) fn entry_of_deletion(
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
