//! What was said is to be another. As with deletion the chat has none of it: who asks says what is known of it.

use crate::chat::{Actor, Applying, Chat, Fact};
use crate::limits::EDIT_MS;
use crate::model::{Amendment, ErrorCode, KeptMessage, MessageId, Nick, RoomName, SaidIn, UserId};

use crate::chat::RoomId;

impl Applying<'_> {
    pub(super) fn amend(
        &mut self,
        user: UserId,
        message: Box<KeptMessage>,
        amendment: Amendment,
    ) -> Result<(), ErrorCode> {
        self.chat.check_here(user)?;
        match &message.place {
            SaidIn::Room { name, is_guarded } => {
                let room = self.chat.check_reads(user, name, *is_guarded, message.id)?;
                let text = match &amendment {
                    Amendment::Edited(text) => text,
                    Amendment::Reacted { .. } => "",
                };
                self.check_speaks(user, false, room, text)?;
            }
            SaidIn::User { .. } => {
                let other = self.chat.other_of(user, &message);
                other.ok_or(ErrorCode::NoSuchMessage)?;
                self.check_speaks_alone(user)?;
            }
        }
        if self.check_amendment(user, &message, &amendment)? {
            self.chat.last_id = self.chat.last_id.next();
            self.facts.push(Fact::Amended {
                user,
                message,
                amendment,
                id: self.chat.last_id,
                unix_ms: self.at_ms,
            });
        }
        Ok(())
    }

    /// May a user have a message so that it reads? `false`: it is so already.
    fn check_amendment(
        &self,
        user: UserId,
        message: &KeptMessage,
        amendment: &Amendment,
    ) -> Result<bool, ErrorCode> {
        let said_ms = match &message.more {
            Some(more) if more.is_event => return Err(ErrorCode::NoSuchMessage),
            Some(more) => more.unix_ms,
            None => 0,
        };
        let by = Actor::User(user);
        match amendment {
            Amendment::Edited(_) if !self.chat.is_origin(by, message.origin, message.id) => {
                Err(ErrorCode::NotYoursToEdit)
            }
            Amendment::Edited(_) if message.more.as_ref().is_some_and(|more| more.is_file) => {
                Err(ErrorCode::FileUneditable)
            }
            Amendment::Edited(_) => match self.at_ms.saturating_sub(said_ms) > EDIT_MS {
                true => Err(ErrorCode::EditTooLate),
                false => Ok(true),
            },
            Amendment::Reacted {
                reaction,
                by,
                is_on,
            } => {
                let marks = message.marks();
                if marks.is_some_and(|it| it.has(reaction, by)) == *is_on {
                    return Ok(false);
                }
                match *is_on && marks.is_some_and(|it| it.is_full()) {
                    true => Err(ErrorCode::TooManyReactions),
                    false => Ok(true),
                }
            }
        }
    }
}

impl Chat {
    /// The room in which something was said that a user reads there: nobody learns of what is said elsewhere.
    pub(crate) fn check_reads(
        &self,
        user: UserId,
        name: &RoomName,
        is_guarded: bool,
        id: MessageId,
    ) -> Result<RoomId, ErrorCode> {
        let own = self.users.get(user);
        let room = self.rooms.find(name).filter(|&room| {
            let is_in = own.is_some_and(|own| own.is_in(room));
            is_in && !(is_guarded && id <= self.rooms.get(room).born)
        });
        room.ok_or(ErrorCode::NoSuchMessage)
    }

    /// Who the other is, where a user said a private message, or it was said to that.
    pub(crate) fn other_of(&self, user: UserId, message: &KeptMessage) -> Option<Nick> {
        let SaidIn::User { to, account } = &message.place else {
            return None;
        };
        if self.is_origin(Actor::User(user), message.origin, message.id) {
            return Some(to.clone());
        }
        let own = self.users.get(user)?;
        let is_reader = match account {
            Some(_) => own.account() == *account,
            // Of a name's messages those are one's own that came since one goes by it.
            None => {
                let first = own.first_private();
                own.nick().key() == to.key() && first.is_some_and(|first| first <= message.id)
            }
        };
        is_reader.then(|| message.nick.clone())
    }
}
