//! Names and words: what one goes by, what one says, and to whom.

use std::sync::Arc;

use crate::chat::{Addresses, Entry, RoomId, Words};
use crate::model::{
    ConnId, Done, ErrorCode, Event, Key, Manner, Message, MessageId, Nick, RoomName, SaidBy,
    UserId, WhoisEntry,
};

use super::decision::{Caller, Decision, Then};
use super::state::{Hub, check_note};

/// Whom one speaks to who speaks to the operator.
const SERVER: &str = "Server";

impl Hub {
    pub(super) fn change_nick(&mut self, who: ConnId, to: Nick) -> Result<Decision, ErrorCode> {
        let (user, by) = (self.own_id(who)?, None);
        Decision::entry(Entry::Rename { by, user, to })
    }

    /// Says or does something in a room.
    pub(super) fn say(
        &mut self,
        who: ConnId,
        room: Option<RoomName>,
        manner: Manner,
        text: String,
    ) -> Result<Decision, ErrorCode> {
        self.check_message(&text)?;
        let room = self.entered(who, room)?;
        self.say_in(who, room, Words::of(manner, text))
    }

    pub(super) fn say_in(
        &mut self,
        who: ConnId,
        room: RoomId,
        words: Words,
    ) -> Result<Decision, ErrorCode> {
        let entry = Entry::Say {
            user: self.own_id(who)?,
            room,
            words,
            is_outside: false,
            shown: self.shown_peer(who),
        };
        self.check_room()?;
        Decision::entry(entry)
    }

    pub(super) fn say_privately(
        &mut self,
        caller: Caller,
        name: &str,
        words: Words,
    ) -> Result<Decision, ErrorCode> {
        self.check_message(&words.text)?;
        let who = caller.who;
        let is_console = self.consoles.contains(&who);
        if let Some(to) = self.chat.users().find(name) {
            if is_console {
                return self.tell_from_console(to, words.text);
            }
            let from = self.own_id(who)?;
            self.check_room()?;
            return Decision::entry(Entry::Private { from, to, words });
        }
        let nobody = ErrorCode::NoSuchNick(name.into());
        match self.watcher.filter(|id| self.consoles.contains(id)) {
            Some(operator) if Key::of(name) == Key::of(SERVER) => {
                self.say_to_server(caller, operator, words.text)
            }
            _ if is_console => Err(nobody),
            _ => {
                let from = self.own_id(who)?;
                let account = self.chat.directory().find(&Key::of(name)).ok_or(nobody)?;
                let to = account.record.id;
                self.check_room()?;
                let Words { text, reply_to, .. } = words;
                Decision::entry(Entry::Mail {
                    from,
                    to,
                    text,
                    reply_to,
                })
            }
        }
    }

    fn tell_from_console(&mut self, to: UserId, text: String) -> Result<Decision, ErrorCode> {
        self.tell_user(to, &Event::OperatorTold { text: text.clone() });
        let answer = Event::PrivateSent {
            to: self.name_of(to),
            id: None,
            text,
            away: self.absence_of(to),
        };
        Ok(Decision::Answer(answer))
    }

    /// Somebody speaks to the operator at the terminal alone. That is kept nowhere.
    fn say_to_server(
        &mut self,
        Caller { who, now, .. }: Caller,
        operator: ConnId,
        text: String,
    ) -> Result<Decision, ErrorCode> {
        let nick = self.own(who)?.nick().clone();
        if self.chat.is_muted(self.own_id(who)?, now.unix_ms) {
            return Err(ErrorCode::Muted);
        }
        let message = Arc::new(Message {
            id: MessageId::default(),
            unix_ms: now.unix_ms,
            nick,
            origin: SaidBy::Unknown,
            manner: Manner::Said,
            text: text.clone(),
            tags: None,
            marks: None,
        });
        self.tell(operator, Event::Private { message });
        let to = Nick::parse(SERVER).expect("letters");
        let (id, away) = (None, None);
        Ok(Decision::Answer(Event::PrivateSent { to, id, text, away }))
    }

    pub(super) fn list(&mut self, who: ConnId) -> Result<Decision, ErrorCode> {
        let users = self.roster(self.focus_of(who)?);
        Ok(Decision::Answer(Event::Listing { users }))
    }

    pub(super) fn ignore(&mut self, who: ConnId, name: &str) -> Result<Decision, ErrorCode> {
        let nick = self.name_of(self.find_nick(name)?);
        let (user, key) = (self.own_id(who)?, nick.key());
        let what = Some(Done::Ignored(nick));
        let then = Then::Answer(Event::Done { what });
        Decision::entry_then(Entry::Ignore { user, key }, then)
    }

    pub(super) fn unignore(&mut self, who: ConnId, name: &str) -> Result<Decision, ErrorCode> {
        let (user, key) = (self.own_id(who)?, Key::of(name));
        if !self.own(who)?.ignores(&key) {
            return Err(ErrorCode::NoSuchNick(name.into()));
        }
        let what = Some(Done::Unignored(name.into()));
        let then = Then::Answer(Event::Done { what });
        Decision::entry_then(Entry::Unignore { user, key }, then)
    }

    pub(super) fn away(
        &mut self,
        who: ConnId,
        text: Option<String>,
    ) -> Result<Decision, ErrorCode> {
        text.as_deref().map_or(Ok(()), check_note)?;
        let user = self.own_id(who)?;
        Decision::entry(Entry::Away { user, text })
    }

    pub(super) fn whois(&mut self, who: ConnId, name: &str) -> Result<Decision, ErrorCode> {
        let target = self.find_nick(name)?;
        let is_own = self.sessions.user_of(who) == Some(target);
        let is_told_all = is_own || self.is_operator(who);
        let sees_address = is_told_all || self.chat.rules().addresses == Addresses::All;
        let user = &self.chat.users()[target];
        let rooms = user.rooms().iter();
        let rooms = rooms.filter(|&&id| is_told_all || self.sees_into(who, id));
        let entry = WhoisEntry {
            nick: user.nick().clone(),
            peer: sees_address.then_some(user.peer()),
            rooms: rooms
                .map(|&id| self.chat.rooms().get(id).name.clone())
                .collect(),
            away: user.away().cloned(),
            is_operator: user.is_operator(),
        };
        Ok(Decision::Answer(Event::Whois(Box::new(entry))))
    }
}
