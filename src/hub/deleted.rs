//! What comes of a deletion: a message is forgotten, and everybody who could read it is told. As long as an answer of
//! the disk's may still have it, it is remembered that it was deleted.

use std::collections::BTreeMap;

use crate::chat::Actor;
use crate::model::{
    ConnId, Deletion, Event, Found, KeptMessage, MessageId, Record, SaidIn, Target,
};

use super::hear::Asker;
use super::state::Hub;

/// Which, and until when.
#[derive(Debug, Default)]
pub(super) struct Deleted(BTreeMap<MessageId, FoundUntil>);

#[derive(Debug, Clone, Copy)]
enum FoundUntil {
    /// The deletion, by its own place in the order of what was said, is on disk.
    Kept(MessageId),
    /// It is, and questions up to this one were answered.
    Answered(u64),
}

impl Deleted {
    /// A message was deleted by what has the place `by`.
    pub(super) fn insert(&mut self, message: MessageId, by: MessageId) {
        self.0.insert(message, FoundUntil::Kept(by));
    }

    pub(super) fn contains(&self, message: MessageId) -> bool {
        self.0.contains_key(&message)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything up to `kept` is on disk, `last` is the question asked last, and `oldest` the first of those that
    /// wait.
    pub(super) fn note_kept(&mut self, kept: MessageId, last: u64, oldest: Option<u64>) {
        self.0.retain(|_, until| {
            if let FoundUntil::Kept(by) = *until
                && by <= kept
            {
                *until = FoundUntil::Answered(last);
            }
            match *until {
                FoundUntil::Kept(_) => true,
                FoundUntil::Answered(ticket) => oldest.is_some_and(|oldest| oldest <= ticket),
            }
        });
    }

    /// Takes them out of what was found.
    pub(super) fn strip(&self, found: &mut Found) {
        if self.0.is_empty() {
            return;
        }
        match found {
            Found::Messages { messages, .. } => messages.retain(|it| !self.contains(it.id)),
            Found::InRooms { messages, .. } => messages.retain(|(_, it)| !self.contains(it.id)),
            Found::Message(message) => {
                message.take_if(|it| self.contains(it.id));
            }
            Found::Exported { .. } | Found::Failed => {}
        }
    }
}

impl Hub {
    pub(super) fn hear_deleted(
        &mut self,
        (by, is_own): (Actor, bool),
        message: KeptMessage,
        reason: Option<String>,
        id: MessageId,
        asker: Option<Asker>,
    ) {
        self.forget_message(&message, id);
        let nick = || Some(message.nick.clone()).filter(|_| is_own);
        let deletion = Deletion {
            target: match &message.place {
                SaidIn::Room { name, .. } => Target::Room(name.clone()),
                SaidIn::User { to, .. } => Target::User(to.clone()),
            },
            id: message.id,
            author: message.nick.clone(),
            by: self.chat.nick_of(by).or_else(nick),
            is_own,
            reason,
        };
        let who = asker.map(|asker| asker.who);
        self.tell_deleted(who, &message, &deletion);
        if let Some(who) = who {
            self.answer(who, Event::Deleted(Box::new(deletion)));
        }
    }

    /// Forgets a message here, and has it forgotten on disk.
    fn forget_message(&mut self, message: &KeptMessage, id: MessageId) {
        let room = match &message.place {
            SaidIn::Room { name, .. } => self.chat.rooms().find(name),
            SaidIn::User { .. } => None,
        };
        if let Some(room) = room {
            let bytes = self.local.get_mut(room).scrollback.forget(message.id);
            self.forget_scrollback(bytes);
        }
        self.history.privates.retain(|it| it.id != message.id);
        self.forget_in_scans(message.id);
        if self.chat.rules().durability.is_some() {
            self.history.deleted.insert(message.id, id);
            let message = message.id;
            self.keep_said(id, Record::Deleted { id, message });
        }
    }

    /// Tells those who could read a message, but for who deleted it.
    pub(super) fn tell_deleted(
        &mut self,
        who: Option<ConnId>,
        message: &KeptMessage,
        deletion: &Deletion,
    ) {
        let event = Event::Deleted(Box::new(deletion.clone()));
        match &message.place {
            SaidIn::Room { name, .. } => {
                if let Some(room) = self.chat.rooms().find(name) {
                    self.broadcast(self.others(room, who), event);
                }
            }
            SaidIn::User { to, account } => {
                let found = self.chat.users().find(to.as_str());
                // A name may be another's by now.
                let is_it = found.and_then(|user| self.chat.users().get(user));
                let is_it = is_it.is_some_and(|user| match (account, user.first_private()) {
                    (Some(_), _) => user.account() == *account,
                    (None, first) => first.is_some_and(|first| first <= message.id),
                });
                if let Some(user) = found.filter(|_| is_it) {
                    let target = Target::User(deletion.author.clone());
                    let deletion = Deletion {
                        target,
                        ..deletion.clone()
                    };
                    self.tell_user(user, &Event::Deleted(Box::new(deletion)));
                }
                if let Some(who) = who {
                    self.tell_others_of(who, &event);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_known_until_no_answer_can_have_it() {
        let mut deleted = Deleted::default();
        deleted.insert(MessageId(3), MessageId(9));
        deleted.note_kept(MessageId(8), 5, None);
        assert!(deleted.contains(MessageId(3)), "it is not on disk");
        deleted.note_kept(MessageId(9), 5, Some(4));
        assert!(deleted.contains(MessageId(3)), "somebody asked before");
        deleted.note_kept(MessageId(9), 7, Some(5));
        assert!(deleted.contains(MessageId(3)));
        deleted.note_kept(MessageId(9), 7, Some(6));
        assert!(deleted.is_empty());
    }
}
