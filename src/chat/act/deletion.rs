//! What was said is to be forgotten. The chat has none of it: who asks says what is known of it.

use crate::model::{ErrorCode, KeptMessage, MessageId, RoomName, SaidBy, SaidIn};

use crate::chat::{Actor, Applying, Chat, Fact, LOBBY, RoomId};

impl Applying<'_> {
    pub(super) fn delete(
        &mut self,
        by: Actor,
        message: Box<KeptMessage>,
        reason: Option<String>,
    ) -> Result<(), ErrorCode> {
        let is_own = self.chat.is_origin(by, message.origin, message.id);
        match &message.place {
            SaidIn::Room { name, is_guarded } => {
                let is_hidden = |born: MessageId| *is_guarded && message.id <= born;
                self.chat.check_deletes(by, name, is_own, is_hidden)?;
            }
            SaidIn::User { .. } if !is_own => return Err(ErrorCode::NotYourMessage),
            SaidIn::User { account, .. } => {
                let account = account.and_then(|id| self.chat.directory.get_mut(id));
                if let Some(account) = account.filter(|it| message.id > it.mail.told) {
                    account.mail.count = account.mail.count.saturating_sub(1);
                }
            }
        }
        self.chat.last_id = self.chat.last_id.next();
        let id = self.chat.last_id;
        self.facts.push(Fact::Deleted {
            by,
            message,
            reason,
            is_own,
            id,
        });
        Ok(())
    }
}

impl Chat {
    /// Has it said something? What users are called by ends with the server, and so does what was theirs.
    pub(crate) fn is_origin(&self, actor: Actor, origin: SaidBy, id: MessageId) -> bool {
        match origin {
            SaidBy::Unknown => false,
            SaidBy::User(user) => actor.user() == Some(user) && id > self.begun_at,
            SaidBy::Account(account) => self.account_of(actor) == Some(account),
            SaidBy::Program => actor == Actor::Program,
        }
    }

    /// May it delete something that was said in a room, which may have ended? Its author may, where that is in the
    /// room; who moderates the room, and operators.
    fn check_deletes(
        &self,
        by: Actor,
        name: &RoomName,
        is_own: bool,
        is_hidden: impl Fn(MessageId) -> bool,
    ) -> Result<(), ErrorCode> {
        if self.is_operator(by) {
            return Ok(());
        }
        let room = self.rooms.find(name);
        let user = by.user().and_then(|user| self.users.get(user));
        let sees = |room: &RoomId| user.is_none_or(|user| user.is_in(*room));
        // Nobody learns of what is said elsewhere.
        let room = room.filter(sees).ok_or(ErrorCode::NoSuchMessage)?;
        let moderates = || room != LOBBY && self.moderates(by, room);
        match is_own || moderates() {
            true if is_hidden(self.rooms.get(room).born) => Err(ErrorCode::NoSuchMessage),
            true => Ok(()),
            false => Err(ErrorCode::NotYourMessage),
        }
    }
}
