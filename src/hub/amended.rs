//! What comes of an amendment: a message is another, and everybody who can read it is told.

use crate::chat::RoomId;
use crate::model::{
    Amended, Amendment, Event, KeptMessage, MessageId, Moment, Record, SaidIn, Target, UserId,
};

use super::decision::{Asker, Then};
use super::effect::Audience;
use super::state::Hub;

impl Hub {
    pub(super) fn hear_amended(
        &mut self,
        user: UserId,
        message: &KeptMessage,
        amendment: Amendment,
        (id, unix_ms): (MessageId, u64),
        asker: Option<&mut Asker>,
        now: Moment,
    ) {
        let room = match &message.place {
            SaidIn::Room { name, .. } => self.chat.rooms().find(name),
            SaidIn::User { .. } => None,
        };
        self.amend_message(message.id, room, &amendment, id, now);
        let Some(own) = self.chat.users().get(user) else {
            return;
        };
        let who = asker.as_ref().map(|asker| asker.who);
        let amended = Amended {
            target: match &message.place {
                SaidIn::Room { name, .. } => Target::Room(name.clone()),
                SaidIn::User { .. } => {
                    let other = self.chat.other_of(user, message);
                    Target::User(other.unwrap_or_else(|| message.nick.clone()))
                }
            },
            id: message.id,
            author: message.nick.clone(),
            opening: (message.more.as_ref()).map_or(String::new(), |it| it.opening.clone()),
            by: own.nick().clone(),
            peer: who.map_or(own.peer(), |who| self.shown_peer(who)),
            unix_ms,
            amendment,
        };
        match room {
            Some(room) => self.tell_amended(room, &amended, asker.as_deref()),
            None => self.tell_amended_alone(&amended, asker.as_deref()),
        }
        if let Some(asker) = asker {
            let event = Event::Amended(Box::new(amended));
            asker.then = Then::Nothing;
            match asker.id.is_some() {
                true => self.answer_when_kept(asker, event),
                false => self.answer_asker(asker, event),
            }
        }
    }

    /// Amends a message here, and has it amended on disk.
    fn amend_message(
        &mut self,
        message: MessageId,
        room: Option<RoomId>,
        amendment: &Amendment,
        id: MessageId,
        now: Moment,
    ) {
        if let Some(room) = room {
            let scrollback = &mut self.local.get_mut(room).scrollback;
            let before = scrollback.bytes();
            scrollback.amend(message, amendment);
            self.history.scrollback_bytes += scrollback.bytes();
            self.history.scrollback_bytes -= before;
        }
        let mut privates = self.history.privates.iter_mut();
        if let Some(private) = privates.find(|it| it.id == message) {
            private.amend(amendment);
        }
        self.amend_in_scans(message, amendment);
        if self.chat.rules().durability.is_some() {
            let amendment = amendment.clone();
            self.history.changed.amend(message, id, amendment.clone());
            let record = Record::Amended {
                id,
                message,
                amendment,
            };
            self.keep_said(id, record, now);
        }
    }

    /// Tells those in a room who hear whose doing it is, but for who asked.
    fn tell_amended(&mut self, room: RoomId, amended: &Amended, asker: Option<&Asker>) {
        let who = asker.map(|asker| asker.who);
        // Who catches up may have had the message already.
        let mut ignorers = self.ignorers.of(|| amended.by.key()).to_vec();
        ignorers.retain(|&ignorer| self.reader(ignorer, room).is_some());
        self.note_steps(ignorers.len());
        ignorers.sort_unstable();
        let audience = Audience::Room {
            room,
            readers: self.readers(room).clone(),
            except: who,
            ignorers,
        };
        self.broadcast(audience, Event::Amended(Box::new(amended.clone())));
    }

    /// Tells the other of two, and the other connections of who asked.
    fn tell_amended_alone(&mut self, amended: &Amended, asker: Option<&Asker>) {
        let Target::User(other) = &amended.target else {
            return;
        };
        let by = &amended.by;
        let found = self.chat.users().find(other.as_str());
        let user = found.and_then(|id| self.chat.users().get(id));
        // A name may be another's by now.
        let is_it = user.is_some_and(|user| {
            let since = user.first_private();
            user.account().is_some() || since.is_some_and(|since| since <= amended.id)
        });
        let hears = user.is_some_and(|user| !user.ignores(&by.key()));
        if let Some(id) = found.filter(|_| is_it && hears) {
            let target = Target::User(by.clone());
            let told = Amended {
                target,
                ..amended.clone()
            };
            self.tell_user(id, &Event::Amended(Box::new(told)));
        }
        let event = Event::Amended(Box::new(amended.clone()));
        match asker {
            Some(asker) => self.tell_others_of(asker.who, &event),
            // It was done at another server.
            None => {
                if let Some(from) = self.chat.users().find(by.as_str()) {
                    self.tell_user(from, &event);
                }
            }
        }
    }
}
