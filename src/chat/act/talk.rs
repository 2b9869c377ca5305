//! Words: what is said, and to whom.

use std::sync::Arc;

use crate::limits::MAIL_MAX;
use crate::model::{
    AccountId, ErrorCode, Happening, Manner, Message, MessageId, Nick, Peer, ReplyTo, SaidBy,
    UserId,
};

use crate::chat::{Applying, Fact, RoomId, TagTo, Words};

impl Applying<'_> {
    pub(super) fn say(
        &mut self,
        (user, is_outside): (UserId, bool),
        room: RoomId,
        shown: Peer,
        words: Words,
    ) -> Result<(), ErrorCode> {
        self.check_speaks(user, is_outside, room, &words.text)?;
        let speaker = self.speaker(user);
        self.speak(speaker, room, shown, words);
        Ok(())
    }

    /// A user's name, and whose it is to delete what it says.
    fn speaker(&self, user: UserId) -> (Nick, SaidBy) {
        let own = &self.chat.users[user];
        let origin = own.account().map_or(SaidBy::User(user), SaidBy::Account);
        (own.nick().clone(), origin)
    }

    /// May a user say something in a room?
    pub(super) fn check_speaks(
        &self,
        user: UserId,
        is_outside: bool,
        room: RoomId,
        text: &str,
    ) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        self.chat.check_room(room)?;
        let found = self.chat.rooms.get(room);
        if !(is_outside && found.modes.is_open) {
            self.chat.check_is_in(user, room)?;
        }
        self.chat.check_mute(user, room, self.at_ms)?;
        self.chat.check_voice(user, room)?;
        match found.modes.has_no_ctcp && text.starts_with('\u{1}') {
            true => Err(ErrorCode::MayNotSpeak(found.name.clone())),
            false => Ok(()),
        }
    }

    pub(super) fn speak(
        &mut self,
        speaker: (Nick, SaidBy),
        room: RoomId,
        shown: Peer,
        words: Words,
    ) {
        let message = self.message(speaker, words);
        self.facts.push(Fact::Said {
            room,
            shown,
            message,
        });
    }

    /// What is kept of something that a user does to a room.
    pub(super) fn happening(
        &mut self,
        user: UserId,
        happening: Happening,
        text: String,
    ) -> Arc<Message> {
        let speaker = self.speaker(user);
        self.message(speaker, Words::of(Manner::Happened(happening), text))
    }

    /// Has something told that people do not read, and gives it a place in the order of what is said.
    pub(super) fn tag(&mut self, user: UserId, to: TagTo, words: Words) -> Result<(), ErrorCode> {
        match to {
            TagTo::Room(room) => self.check_speaks(user, true, room, &words.text)?,
            TagTo::Moderators(room) => self.check_speaks(user, false, room, &words.text)?,
            TagTo::User(to) => {
                self.chat.check_here(to)?;
                self.check_speaks_alone(user)?;
            }
        }
        self.chat.last_id = self.chat.last_id.next();
        let id = self.chat.last_id;
        self.facts.push(Fact::Tagged {
            user,
            to,
            words,
            id,
        });
        Ok(())
    }

    pub(super) fn say_privately(
        &mut self,
        from: UserId,
        to: UserId,
        words: Words,
    ) -> Result<(), ErrorCode> {
        self.chat.check_here(to)?;
        self.check_speaks_alone(from)?;
        let message = self.message(self.speaker(from), words);
        let with = self.chat.users[to].nick().clone();
        self.note_talk(from, &with, message.unix_ms);
        self.note_talk(to, &message.nick, message.unix_ms);
        let from_account = self.note_private(from, message.id);
        let to_account = self.note_private(to, message.id);
        self.facts.push(Fact::Private {
            to,
            message,
            from_account,
            to_account,
        });
        Ok(())
    }

    /// May a user speak to another, or to an account?
    pub(super) fn check_speaks_alone(&self, user: UserId) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        match self.chat.is_muted(user, self.at_ms) {
            true => Err(ErrorCode::Muted),
            false => Ok(()),
        }
    }

    pub(super) fn leave_mail(
        &mut self,
        from: UserId,
        to: AccountId,
        text: String,
        reply_to: Option<ReplyTo>,
    ) -> Result<(), ErrorCode> {
        self.check_speaks_alone(from)?;
        let Some(account) = self.chat.directory.get(to) else {
            return Err(ErrorCode::StoreFailed);
        };
        if account.mail.count >= MAIL_MAX {
            return Err(ErrorCode::MailboxFull(account.record.nick.clone()));
        }
        let words = Words {
            reply_to,
            ..Words::said(text)
        };
        let message = self.message(self.speaker(from), words);
        let from_account = self.note_private(from, message.id);
        if let Some(account) = self.chat.directory.get_mut(to) {
            account.mail.count += 1;
            account.mail.last = message.id;
        }
        self.facts.push(Fact::Mailed {
            to,
            message,
            from_account,
        });
        Ok(())
    }

    pub(super) fn note_mail_told(&mut self, to: AccountId, through: MessageId) {
        if let Some(account) = self.chat.directory.get_mut(to) {
            account.mail.told = through;
            account.mail.count = 0;
            self.facts.push(Fact::MailTold { to, through });
        }
    }

    /// Something is said by or to a user alone. Returns the account that it is logged in to; to other users
    /// belongs what was said since they go by their names.
    fn note_private(&mut self, user: UserId, id: MessageId) -> Option<AccountId> {
        let own = self.chat.users.get_mut(user)?;
        let account = own.account();
        if account.is_none() && own.first_private().is_none() {
            own.change_rare(|rare| rare.first_private = Some(id));
        }
        account
    }
}
