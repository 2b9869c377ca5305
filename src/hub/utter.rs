//! Words with more to them than text, to a room or a user: they are told as other words are, and answered at
//! once rather than when they are kept.

use std::sync::Arc;

use crate::limits::READ_MARKERS_MAX;
use crate::model::{
    Absence, Addressee, Author, Change, ConnId, Durability, ErrorCode, Event, Manner, Message,
    MessageId, Nick, Record, RoomName, Target, UserId, Utterance,
};

use super::{Hub, User};

impl Hub {
    pub(super) fn utter(&mut self, who: ConnId, utterance: Utterance) -> Result<(), ErrorCode> {
        self.check_message(&utterance.text)?;
        match utterance.to.clone() {
            Addressee::Room(room) => self.utter_in(who, room, utterance),
            Addressee::Moderators(room) => self.utter_to_moderators(who, room, utterance),
            Addressee::User(name) => self.utter_to(who, &name, utterance),
        }
    }

    fn utter_in(
        &mut self,
        who: ConnId,
        room: RoomName,
        utterance: Utterance,
    ) -> Result<(), ErrorCode> {
        let known = self.rooms.find(&room);
        let id = known.ok_or(ErrorCode::NoRoomToEnter(room))?;
        let Author { nick, peer } = self.author(who)?;
        let room = self.rooms.get(id);
        let (name, room_has_no_ctcp) = (room.name.clone(), room.modes.has_no_ctcp);
        if !room.modes.is_open && !self.own(who)?.is_in(id) {
            return Err(ErrorCode::NotInRoom(name));
        }
        self.check_mute(who, id)?;
        self.check_voice(who, id)?;
        if room_has_no_ctcp && utterance.text.starts_with('\u{1}') {
            return Err(ErrorCode::MayNotSpeak(name));
        }
        if is_for_programs(&utterance) {
            let change = self.tagged(who, Target::Room(name), utterance)?;
            self.tell_watchful(id, who, &change);
            let is_watched = false;
            return self.answer(who, Event::Changed { change, is_watched });
        }
        let message = self.uttered(nick, utterance);
        if self.rules.durability == Some(Durability::Seen) {
            self.speak(Some(who), id, peer, message);
            return Ok(());
        }
        let request_id = self.request_id.take();
        self.speak(Some(who), id, peer, message);
        self.answer_with(who, request_id, Event::Done { what: None });
        Ok(())
    }

    /// Speaks to those who moderate a room, and are at doors where that has a form. It is not kept.
    fn utter_to_moderators(
        &mut self,
        who: ConnId,
        room: RoomName,
        utterance: Utterance,
    ) -> Result<(), ErrorCode> {
        let id = self.entered(who, Some(room))?;
        self.check_mute(who, id)?;
        self.check_voice(who, id)?;
        let room = self.rooms.get(id).name.clone();
        let change = self.tagged(who, Target::Room(room), utterance)?;
        let readers: Vec<ConnId> = self.readers(id).iter().map(|reader| reader.id).collect();
        self.note_steps(readers.len());
        let is_watched = false;
        let event = Event::Changed { change, is_watched };
        for reader in readers {
            if reader != who && self.moderates(reader, id) {
                self.tell(reader, event.clone());
            }
        }
        self.answer(who, event)
    }

    fn utter_to(&mut self, who: ConnId, name: &str, utterance: Utterance) -> Result<(), ErrorCode> {
        let Some(target) = self.users.find(name) else {
            return match is_for_programs(&utterance) {
                true => Err(ErrorCode::NoSuchNick(name.into())),
                false => self.say_privately(who, name, utterance.text),
            };
        };
        let own = self.own_id(who)?;
        let nick = self.users[own].nick().clone();
        if self.is_muted(own) {
            return Err(ErrorCode::Muted);
        }
        let other = &self.users[target];
        let to = other.nick().clone();
        let away = other.away().cloned().map(Absence::Away);
        if is_for_programs(&utterance) {
            let ignores = other.ignores(&nick.key());
            let change = self.tagged(who, Target::User(to), utterance)?;
            let is_watched = false;
            let event = Event::Changed { change, is_watched };
            if !ignores {
                self.tell_user(target, &event);
            }
            return self.answer(who, event);
        }
        let text = utterance.text.clone();
        let message = self.uttered(nick, utterance);
        let id = message.id;
        self.note_talk(own, &to, message.unix_ms);
        self.note_talk(target, &message.nick, message.unix_ms);
        let record = Record::Private {
            message: Arc::clone(&message),
            to: to.clone(),
            from_account: self.note_private(own, id),
            to_account: self.note_private(target, id),
            is_delivered: true,
        };
        let id = Some(id);
        let answer = Event::PrivateSent { to, id, text, away };
        if self.rules.durability == Some(Durability::Seen) {
            return self.speak_privately(who, Some(target), record, message, answer);
        }
        let request_id = self.request_id.take();
        self.speak_privately(who, Some(target), record, message, answer)?;
        self.answer_with(who, request_id, Event::Done { what: None });
        Ok(())
    }

    /// Two speak alone: who scrolls back by itself is told with whom that was.
    fn note_talk(&mut self, user: UserId, with: &Nick, at_ms: u64) {
        if self.users.get(user).and_then(User::profile).is_none() {
            return;
        }
        let key = with.key();
        self.change(user, |rare| {
            rare.talks.retain(|(other, _)| other.key() != key);
            if rare.talks.len() >= READ_MARKERS_MAX {
                rare.talks.remove(0);
            }
            rare.talks.push((with.clone(), at_ms));
        });
    }

    fn uttered(&mut self, nick: Nick, utterance: Utterance) -> Arc<Message> {
        let mut message = self.message(nick, utterance.manner, utterance.text);
        if let Some(message) = Arc::get_mut(&mut message)
            && !utterance.tags.is_empty()
        {
            message.tags = Some(utterance.tags.into());
        }
        message
    }

    fn tagged(
        &mut self,
        who: ConnId,
        to: Target,
        utterance: Utterance,
    ) -> Result<Change, ErrorCode> {
        let by = self.own(who)?.nick().clone();
        Ok(Change::Tagged {
            by,
            to,
            is_for_moderators: matches!(utterance.to, Addressee::Moderators(_)),
            tags: utterance.tags,
            text: utterance.text,
            is_notice: utterance.manner == Manner::Noticed,
            id: self.next_id(),
        })
    }

    /// A place in the order of what is said, for something that is not kept.
    fn next_id(&mut self) -> MessageId {
        self.history.last = self.history.last.next();
        self.history.last
    }
}

/// Is it nothing that people read: tags alone, or what programs ask each other (CTCP)?
fn is_for_programs(utterance: &Utterance) -> bool {
    utterance.text.is_empty() || utterance.text.starts_with('\u{1}')
}
