//! Lines that more than one command answers with, or that are told, too.

use crate::model::{MessageId, Nick, RoomName};

use super::caps::Caps;
use super::names::{channel_of, prefix};
use super::write::{Listener, Source, Tags};

impl Listener<'_> {
    /// Appends a line without a source.
    pub(super) fn bare(&self, command: &str, params: &[&str], out: &mut Vec<u8>) {
        let start = out.len();
        let source = Source::Literal("");
        self.line(&Tags::default(), source, command, params, out);
        // The tags, if there are some, stay.
        let head = memchr::memmem::find(&out[start..], b": ");
        if let Some(at) = head {
            out.drain(start + at..start + at + 2);
        }
    }

    /// A line from a user.
    pub(super) fn by(&self, nick: &Nick, command: &str, params: &[&str], out: &mut Vec<u8>) {
        self.by_with_id(nick, None, command, params, out);
    }

    /// Appends what somebody does that history has, too.
    pub(super) fn by_with_id(
        &self,
        nick: &Nick,
        id: Option<MessageId>,
        command: &str,
        params: &[&str],
        out: &mut Vec<u8>,
    ) {
        let tags = Tags {
            by: Some(nick),
            msgid: id.map(|id| id.0),
            ..Tags::default()
        };
        self.line(&tags, Source::User(nick), command, params, out);
    }

    pub(super) fn joined(&self, nick: &Nick, room: &RoomName, out: &mut Vec<u8>) {
        let channel = channel_of(room);
        let user = self.world.find(nick.as_str());
        let person = self.person_of(nick);
        match (&person, self.caps.has(Caps::EXTENDED_JOIN)) {
            (Some(person), true) => {
                let account = person
                    .account
                    .as_ref()
                    .map_or("*", |account| account.as_str());
                self.by(nick, "JOIN", &[&channel, account, &person.realname], out);
            }
            _ => self.by(nick, "JOIN", &[&channel], out),
        }
        let is_own = self.nick == nick.as_str();
        let away = person.as_ref().and_then(|person| person.away.as_ref());
        let away = away.filter(|_| !is_own);
        if let Some(away) = away.filter(|_| self.caps.has(Caps::AWAY_NOTIFY)) {
            self.by(nick, "AWAY", &[away], out);
        }
        // Whoever owns it moderates from the beginning, which names alone would tell.
        let rank = user.and_then(|user| self.world.rank(user, room));
        let letter = match rank.map(|rank| prefix(rank, false)) {
            Some("@") if !is_own => "+o",
            Some("+") if !is_own => "+v",
            _ => return,
        };
        let params = [&*channel, letter, nick.as_str()];
        self.line(&Tags::default(), Source::Server, "MODE", &params, out);
    }

    pub(super) fn parted(
        &self,
        nick: &Nick,
        room: &RoomName,
        words: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        let channel = channel_of(room);
        let params: Vec<&str> = [&*channel].into_iter().chain(words).collect();
        self.by(nick, "PART", &params, out);
    }

    pub(super) fn kicked(
        &self,
        (by, id): (&Nick, Option<MessageId>),
        nick: &Nick,
        room: &RoomName,
        reason: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        let reason = reason.unwrap_or(by.as_str());
        let params = [&*channel_of(room), nick.as_str(), reason];
        self.by_with_id(by, id, "KICK", &params, out);
    }

    pub(super) fn renamed(&self, from: &Nick, to: &Nick, out: &mut Vec<u8>) {
        let tags = Tags {
            by: Some(to),
            ..Tags::default()
        };
        let source = Source::Renamed(from, to);
        self.line(&tags, source, "NICK", &[to.as_str()], out);
    }

    pub(super) fn need_more_params(&self, command: &str, out: &mut Vec<u8>) {
        self.numeric("461", &[command, "Not enough parameters"], out);
    }

    pub(super) fn no_such_nick(&self, nick: &str, out: &mut Vec<u8>) {
        self.numeric("401", &[word(nick), "No such nick/channel"], out);
    }

    pub(super) fn no_such_channel(&self, channel: &str, out: &mut Vec<u8>) {
        self.numeric("403", &[word(channel), "No such channel"], out);
    }

    pub(super) fn not_on_channel(&self, channel: &str, out: &mut Vec<u8>) {
        self.numeric("442", &[word(channel), "You're not on that channel"], out);
    }

    pub(super) fn not_operator_of(&self, channel: &str, out: &mut Vec<u8>) {
        self.numeric("482", &[word(channel), "You're not channel operator"], out);
    }

    pub(super) fn no_privileges(&self, out: &mut Vec<u8>) {
        let words = "Permission Denied- You're not an IRC operator";
        self.numeric("481", &[words], out);
    }
}

/// What a peer sent, as a parameter in the middle of a line.
pub(super) fn word(sent: &str) -> &str {
    let word = sent.split(' ').next().unwrap_or_default();
    match word.is_empty() || word.starts_with(':') {
        true => "*",
        false => word,
    }
}
