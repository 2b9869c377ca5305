//! What comes of a deletion: a message is forgotten, and everybody who could read it is told.

use crate::chat::Actor;
use crate::model::{
    ConnId, Deletion, Event, KeptMessage, MessageId, Moment, Record, RequestId, SaidIn, Target,
};

use super::decision::Asker;
use super::state::Hub;

impl Hub {
    pub(super) fn hear_deleted(
        &mut self,
        (by, is_own): (Actor, bool),
        (message, id): (KeptMessage, MessageId),
        reason: Option<String>,
        asker: Option<&mut Asker>,
        now: Moment,
    ) {
        self.forget_message(&message, id, now);
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
        let who = asker.as_ref().map(|asker| asker.who);
        self.tell_deleted(who, &message, &deletion);
        if let Some(asker) = asker {
            let event = Event::Deleted(Box::new(deletion));
            // To a dialogue the answer is what the others are told, in the order of all that it is told.
            let is_asked_by_id = |id: &RequestId| id.dialogue_number().is_none();
            match asker.id.as_ref().is_some_and(is_asked_by_id) {
                true => self.answer_when_kept(asker, event),
                false => self.answer_asker(asker, event),
            }
        }
    }

    /// Forgets a message here, and has it forgotten on disk.
    fn forget_message(&mut self, message: &KeptMessage, id: MessageId, now: Moment) {
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
            self.history.changed.delete(message.id, id);
            let message = message.id;
            self.keep_said(id, Record::Deleted { id, message }, now);
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
