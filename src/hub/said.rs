//! What comes of something said: it is told, remembered in its room's scrollback, and kept, in the order that was
//! promised.

use std::sync::Arc;

use crate::chat::RoomId;
use crate::limits::{
    CATCH_UP_TAIL_MESSAGES, PRIVATES_REMEMBERED, SCROLLBACK_BYTES_MAX, SCROLLBACK_MESSAGES,
    STEPS_PER_IGNORER,
};
use crate::model::{
    Absence, AccountId, ConnId, ErrorCode, Event, KeptMessage, Message, MessageId, Moment, Nick,
    Peer, Record, RoomName, SaidIn, UserId,
};

use super::decision::{Asker, Then, Wants};
use super::effect::{Audience, Effect};
use super::state::Hub;

impl Hub {
    /// The next request comes at a time when there is room for one more message on its way to the disk, or none.
    pub fn handle_room(&mut self, has_room: bool) {
        self.has_room = has_room;
    }

    /// Something is said in a room: by a session there, or by nobody who has one.
    pub(super) fn hear_said(
        &mut self,
        asker: Option<&mut Asker>,
        id: RoomId,
        peer: Peer,
        message: Arc<Message>,
        now: Moment,
    ) {
        let who = asker.as_ref().map(|asker| asker.who);
        let (message_id, room) = (message.id, self.chat.rooms().get(id).name.clone());
        self.use_room(id, now);
        let record = Record::Said {
            room: room.clone(),
            message: Arc::clone(&message),
            is_guarded: self.chat.rooms().get(id).is_guarded(),
        };
        self.keep_said(message_id, record, now);
        let posted = Arc::clone(&message);
        self.tell_said(who, id, peer, message);
        let Some(asker) = asker else {
            return;
        };
        if let Then::Post(said) = &mut asker.then {
            *said = Some((room, posted));
        } else if asker.wants == Wants::AtOnce {
            self.answer_asker(asker, Event::Done { what: None });
        } else if asker.id.is_some() {
            let id = message_id;
            self.answer_when_kept(asker, Event::Kept { id, room });
        }
    }

    /// Something happened in a room that who asks for it is told of the past.
    pub(super) fn keep_happening(&mut self, id: RoomId, event: Arc<Message>, now: Moment) {
        let Some(room) = self.chat.rooms().try_get(id) else {
            return;
        };
        let record = Record::Said {
            room: room.name.clone(),
            message: Arc::clone(&event),
            is_guarded: room.is_guarded(),
        };
        self.keep_said(event.id, record, now);
        self.remember(id, event);
    }

    /// Something is said by a session to another, or to an account that is not here.
    fn speak_privately(
        &mut self,
        asker: &mut Asker,
        to: Option<UserId>,
        record: Record,
        message: Arc<Message>,
        answer: Event,
        now: Moment,
    ) {
        self.keep_said(message.id, record, now);
        self.tell_privately(Some(asker.who), to, message, &answer);
        if asker.wants == Wants::AtOnce {
            self.answer(asker.who, None, answer);
            return self.answer_asker(asker, Event::Done { what: None });
        }
        match asker.id.is_some() {
            true => self.answer_when_kept(asker, answer),
            false => self.answer_asker(asker, answer),
        }
    }

    /// Answers a request that has said a message, or deleted one: when that is on disk, where there is one.
    pub(super) fn answer_when_kept(&mut self, asker: &mut Asker, event: Event) {
        let (to, id) = (asker.who, asker.id.take());
        match self.chat.rules().durability {
            None => self.answer(to, id, event),
            Some(_) if self.has_room => self.put_when_kept(Effect::Answer { to, id, event }),
            Some(_) => self.answer(to, id, Event::Error(ErrorCode::NotKept)),
        }
    }

    /// Whoever has said a message just now without a session of its own is told with [`Effect::Posted`] when it is
    /// on disk. `said` is that, where the response is made of it.
    pub fn wait_for_post(&mut self, to: ConnId, said: Option<(RoomName, Arc<Message>)>) {
        let is_kept = self.chat.rules().durability.is_some();
        match self.has_room {
            true => {
                let failure = None;
                let effect = Effect::Posted { to, failure, said };
                match is_kept {
                    true => self.put_when_kept(effect),
                    false => self.put(effect),
                }
            }
            false => {
                let failure = Some(ErrorCode::NotKept);
                self.put(Effect::Posted { to, failure, said });
            }
        }
    }

    /// Tells a room, and who spoke, and remembers it.
    pub(super) fn tell_said(
        &mut self,
        who: Option<ConnId>,
        id: RoomId,
        peer: Peer,
        message: Arc<Message>,
    ) {
        let room = self.chat.rooms().get(id).name.clone();
        let audience = self.hearers_of(&message.nick, who, id);
        self.remember(id, Arc::clone(&message));
        let event = Event::Said {
            peer,
            room,
            message,
        };
        self.broadcast(audience, event.clone());
        if let Some(who) = who
            && self.user(who).is_some()
            && !self.is_catching_up(id, who)
        {
            self.answer(who, None, event);
        }
    }

    /// Tells a user, unless it hears nothing from who speaks or is gone, and the other connections of who
    /// speaks.
    pub(super) fn tell_privately(
        &mut self,
        who: Option<ConnId>,
        to: Option<UserId>,
        message: Arc<Message>,
        sent: &Event,
    ) {
        let user = to.and_then(|to| self.chat.users().get(to));
        if let Some(to) = to
            && user.is_some_and(|user| !user.ignores(&message.nick.key()))
        {
            self.tell_user(to, &Event::Private { message });
        }
        if let Some(who) = who {
            self.tell_others_of(who, sent);
        }
    }

    pub(super) fn remember(&mut self, id: RoomId, message: Arc<Message>) {
        let kept = match self.chat.rules().durability {
            None => MessageId::MAX,
            Some(_) => self.history.kept,
        };
        // Who catches up waits for the scrollback to have the rest.
        let count = match self.catching_up(id).next() {
            None => SCROLLBACK_MESSAGES.max(self.chat.rules().replay),
            Some(_) => CATCH_UP_TAIL_MESSAGES,
        };
        let scrollback = &mut self.local.get_mut(id).scrollback;
        self.history.scrollback_bytes += scrollback.push(message);
        self.history.scrollback_bytes -= scrollback.trim(count, kept);
        while self.history.scrollback_bytes > SCROLLBACK_BYTES_MAX {
            let Some(freed) = self.local.halve_largest_scrollbacks() else {
                break;
            };
            self.history.scrollback_bytes -= freed;
        }
    }

    /// A room ended, of which so much was remembered here.
    pub(super) fn forget_scrollback(&mut self, bytes: usize) {
        self.history.scrollback_bytes -= bytes;
    }

    /// The members of a room that hear a name: all but whose it is, those who ignore it, and those who
    /// have not caught up.
    pub(super) fn hearers_of(&self, nick: &Nick, except: Option<ConnId>, id: RoomId) -> Audience {
        let ignorers = self.ignorers.of(|| nick.key());
        // Each of them is looked up, and told apart from the others.
        self.note_steps(STEPS_PER_IGNORER * ignorers.len());
        let is_reader = |&ignorer: &ConnId| self.reader(ignorer, id).is_some();
        let here = ignorers.iter().copied().filter(is_reader);
        let mut ignorers: Vec<ConnId> = here.chain(self.catching_up(id)).collect();
        ignorers.sort_unstable();
        ignorers.dedup();
        Audience::Room {
            room: id,
            readers: self.readers(id).clone(),
            except,
            ignorers,
        }
    }

    pub(super) fn hear_private(
        &mut self,
        to: UserId,
        message: Arc<Message>,
        (from_account, to_account): (Option<AccountId>, Option<AccountId>),
        asker: Option<&mut Asker>,
        now: Moment,
    ) {
        let nick = self.name_of(to);
        let answer = Event::PrivateSent {
            to: nick.clone(),
            id: Some(message.id),
            text: message.text.clone(),
            away: self.absence_of(to),
        };
        self.remember_private(&message, &nick, to_account);
        let record = Record::Private {
            message: Arc::clone(&message),
            to: nick,
            from_account,
            to_account,
            is_delivered: true,
        };
        match asker {
            Some(asker) => self.speak_privately(asker, Some(to), record, message, answer, now),
            None => self.speak_elsewhere(Some(to), record, message, &answer, now),
        }
    }

    /// Something was said at another server to a user, or to an account that is not here.
    fn speak_elsewhere(
        &mut self,
        to: Option<UserId>,
        record: Record,
        message: Arc<Message>,
        answer: &Event,
        now: Moment,
    ) {
        self.keep_said(message.id, record, now);
        let from = self.chat.users().find(message.nick.as_str());
        self.tell_privately(None, to, message, answer);
        if let Some(from) = from {
            self.tell_user(from, answer);
        }
    }

    /// Something was said by one user to another, or to an account.
    fn remember_private(&mut self, message: &Message, to: &Nick, account: Option<AccountId>) {
        let privates = &mut self.history.privates;
        if privates.len() >= PRIVATES_REMEMBERED {
            privates.pop_front();
        }
        let place = SaidIn::User {
            to: to.clone(),
            account,
        };
        privates.push_back(KeptMessage::of(message, place));
    }

    pub(super) fn absence_of(&self, user: UserId) -> Option<Absence> {
        let away = self.chat.users()[user].away();
        away.cloned().map(Absence::Away)
    }

    /// Something was said to an account under whose name nobody is here: it is told at its next login.
    pub(super) fn hear_mailed(
        &mut self,
        to: AccountId,
        message: Arc<Message>,
        from_account: Option<AccountId>,
        asker: Option<&mut Asker>,
        now: Moment,
    ) {
        let Some(account) = self.chat.directory().get(to) else {
            return;
        };
        let nick = account.record.nick.clone();
        self.remember_private(&message, &nick, Some(to));
        let record = Record::Private {
            message: Arc::clone(&message),
            to: nick.clone(),
            from_account,
            to_account: Some(to),
            is_delivered: false,
        };
        let answer = Event::PrivateSent {
            to: nick,
            id: Some(message.id),
            text: message.text.clone(),
            away: Some(Absence::NotHere),
        };
        match asker {
            Some(asker) => self.speak_privately(asker, None, record, message, answer, now),
            None => self.speak_elsewhere(None, record, message, &answer, now),
        }
    }
}
