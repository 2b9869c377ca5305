//! What is told to who did not ask for it: in the same bytes to all who have the same capabilities, and to one
//! alone.

use crate::model::{
    Change, Departure, Event, Message, Nick, Notice, PutOut, RoomName, Target, in_letters,
};

use super::super::{View, sentence};
use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::names::channel_of;
use super::write::{Listener, Source, Tags};

/// Appends what many are told, as those of one set of capabilities are.
pub(in super::super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    let listener = Listener {
        caps: Caps::of_form(view.form),
        nick: "*",
        world: view.world,
        source: view.source,
        now: view.now,
    };
    listener.told(event, out);
}

impl Dialogue {
    pub(super) fn told(&mut self, event: &Event, scene: &Scene<'_>, out: &mut Vec<u8>) {
        match event {
            Event::LeftRoom { room, .. } => {
                let is_kicked = self
                    .put_out_of
                    .take()
                    .is_some_and(|kicked| *kicked == *room);
                if let Some(nick) = self.nick.clone().filter(|_| !is_kicked) {
                    self.listener(scene).parted(&nick, room, None, out);
                }
            }
            Event::Notice(Notice::PutOut { room, kick }) => {
                if let Some(nick) = &self.nick {
                    let reason = kick.reason.as_deref();
                    self.listener(scene)
                        .kicked((&kick.by, Some(kick.id)), nick, room, reason, out);
                }
                self.put_out_of = Some(Box::new(room.clone()));
            }
            Event::History {
                target, messages, ..
            } => {
                let target = match target {
                    Target::Room(room) => channel_of(room),
                    Target::User(nick) => nick.to_string(),
                };
                // Who has no time for each line is told it in the text.
                match self.caps.has(Caps::SERVER_TIME) {
                    true => self.write_history(&target, messages, scene, out),
                    false => {
                        let dated: Vec<_> = messages.iter().map(|it| dated(it)).collect();
                        self.write_history(&target, &dated, scene, out);
                    }
                }
            }
            Event::Changed {
                change: change @ Change::Metadata { .. },
                ..
            } => self.metadata_changed(change, scene, out),
            _ => self.listener(scene).told(event, out),
        }
    }
}

/// A message with its time in its text.
fn dated(message: &Message) -> std::sync::Arc<Message> {
    let at = super::write::timestamp(message.unix_ms);
    let at = at.get(..16).unwrap_or_default().replace('T', " ");
    std::sync::Arc::new(Message {
        text: format!("[{at}] {}", message.text),
        ..message.clone()
    })
}

impl Listener<'_> {
    pub(super) fn told(&self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Said { room, message, .. } => {
                self.words(message, &channel_of(room), None, out);
            }
            Event::Private { message } => self.words(message, self.nick, None, out),
            Event::PrivateSent { .. } => {}
            Event::Joined { author } => self.joined(&author.nick, &RoomName::lobby(), out),
            Event::RoomJoined { nick, room } => self.joined(nick, room, out),
            Event::RoomLeft {
                nick, room, kick, ..
            } if kick.is_some() => {
                if let Some(kick) = kick {
                    let by = (&kick.by, Some(kick.id));
                    self.kicked(by, nick, room, kick.reason.as_deref(), out);
                }
            }
            Event::RoomLeft {
                nick, room, words, ..
            } => self.parted(nick, room, words.as_deref(), out),
            Event::Left { nick, why } => self.quit(nick, why, out),
            Event::Renamed { from, to } => self.renamed(from, to, out),
            Event::Topic {
                room,
                topic,
                by: Some(by),
                id,
                ..
            } => {
                let topic = topic.as_deref().unwrap_or_default();
                self.by_with_id(by, *id, "TOPIC", &[&channel_of(room), topic], out);
            }
            Event::Presence {
                room,
                joined,
                left,
                members,
            } => {
                let words = format!("{joined} came, {left} left; {members} are here now");
                let params = [&*channel_of(room), &words];
                self.line(&Tags::default(), Source::Server, "NOTICE", &params, out);
            }
            Event::Deleted(deletion) => self.redacted(deletion, out),
            Event::Amended(amended) => self.amended(amended, out),
            Event::Changed { change, is_watched } => self.changed(change, *is_watched, out),
            Event::Notice(Notice::Invited { by, room }) => {
                self.by(by, "INVITE", &[self.nick, &channel_of(room)], out);
            }
            Event::Notice(notice) => self.notice(&sentence::notice(notice), out),
            Event::Announced { text } => self.notice(text, out),
            Event::OperatorTold { text } => self.notice(text, out),
            Event::StopsIn { seconds } => self.notice(&sentence::stops_in(*seconds), out),
            Event::Moving(addresses) => self.moving(addresses, out),
            Event::Kicked { nick, why } => self.put_out(nick, why, out),
            Event::Shutdown => {
                self.notice("The server is shutting down", out);
                self.bare(
                    "ERROR",
                    &["Closing Link: (The server is shutting down)"],
                    out,
                );
            }
            Event::Error(code) if code.is_final() => {
                self.bare("ERROR", &[&format!("Closing Link: ({code})")], out);
            }
            Event::Error(code) => self.notice(&code.to_string(), out),
            _ => {
                for sentence in super::super::text::sentences(event) {
                    self.notice(&sentence, out);
                }
            }
        }
    }

    /// The server is to be stopped: the first address of another as RPL_BOUNCE (010), and a sentence for people.
    fn moving(&self, addresses: &[String], out: &mut Vec<u8>) {
        if let Some((host, port)) = addresses.first().and_then(|it| host_and_port(it)) {
            let params = [self.nick, host, port, "Please use this Server/Port instead"];
            self.line(&Tags::default(), Source::Server, "010", &params, out);
        }
        self.notice(&sentence::moving(addresses), out);
    }

    fn quit(&self, nick: &Nick, why: &Departure, out: &mut Vec<u8>) {
        let words = sentence::departure(why);
        let words = match (why, words) {
            (Departure::Quit(Some(_)), Some(words)) => format!("Quit: {words}"),
            (_, Some(words)) => words,
            (_, None) => "Quit".into(),
        };
        self.by(nick, "QUIT", &[&words], out);
    }

    fn put_out(&self, nick: &Nick, why: &PutOut, out: &mut Vec<u8>) {
        let reason = sentence::put_out(why).unwrap_or_else(|| "Killed".into());
        if let PutOut::Kicked { by: Some(by), .. } = why {
            self.by(by, "KILL", &[nick.as_str(), &reason], out);
        }
        self.bare(
            "ERROR",
            &[&format!("Closing Link: (Killed ({reason}))")],
            out,
        );
    }

    /// Something is different, for who has asked to hear of that.
    pub(super) fn changed(&self, change: &Change, is_watched: bool, out: &mut Vec<u8>) {
        if is_watched && !self.hears_watched(change) {
            return;
        }
        match change {
            Change::Modes {
                room,
                by,
                changes,
                id,
            } => {
                let channel = channel_of(room);
                let letters = in_letters(changes);
                let letters = letters.iter().map(String::as_str);
                let params: Vec<&str> = [&*channel].into_iter().chain(letters).collect();
                match by {
                    Some(by) => self.by_with_id(by, *id, "MODE", &params, out),
                    None => self.line(&Tags::default(), Source::Server, "MODE", &params, out),
                }
            }
            Change::Away { nick, text } => {
                if self.caps.has(Caps::AWAY_NOTIFY) {
                    let params: Vec<&str> = text.iter().map(String::as_str).collect();
                    self.by(nick, "AWAY", &params, out);
                }
            }
            Change::Account { nick, account } => {
                if self.caps.has(Caps::ACCOUNT_NOTIFY) {
                    let account = account.as_ref().map_or("*", Nick::as_str);
                    self.by(nick, "ACCOUNT", &[account], out);
                }
            }
            Change::Realname { nick, text } => {
                if self.caps.has(Caps::SETNAME) {
                    self.by(nick, "SETNAME", &[text], out);
                }
            }
            Change::Invited { by, nick, room } => {
                if self.caps.has(Caps::INVITE_NOTIFY) {
                    self.by(by, "INVITE", &[nick.as_str(), &channel_of(room)], out);
                }
            }
            Change::Tagged { .. } => self.tagged(change, out),
            // Each is told on its own, by what it subscribed to.
            Change::Metadata { .. } => {}
            Change::Wallops { by, text } => self.by(by, "WALLOPS", &[text], out),
            Change::Online { nick } => self.numeric("730", &[&self.whole(nick)], out),
            Change::Offline { nick } => self.numeric("731", &[nick.as_str()], out),
            Change::ReadTo { target, to_ms } => {
                let at = to_ms.map(super::write::timestamp);
                let at = at.map_or("*".into(), |at| format!("timestamp={at}"));
                let params = [&**target, &at];
                self.line(&Tags::default(), Source::Server, "MARKREAD", &params, out);
            }
        }
    }

    /// Does it hear of those whom it only waits for?
    fn hears_watched(&self, change: &Change) -> bool {
        match change {
            Change::Online { .. } | Change::Offline { .. } => true,
            _ => self.caps.has(Caps::EXTENDED_MONITOR),
        }
    }

    /// Tags without a text, or what programs ask each other.
    pub(super) fn tagged(&self, change: &Change, out: &mut Vec<u8>) {
        let Change::Tagged {
            by,
            to,
            tags,
            text,
            is_notice,
            id,
            is_for_moderators,
        } = change
        else {
            return;
        };
        let marks = Tags {
            msgid: Some(id.0),
            by: Some(by),
            client: tags,
            ..Tags::default()
        };
        let target = match to {
            Target::Room(room) if *is_for_moderators => format!("@{}", channel_of(room)),
            Target::Room(room) => channel_of(room),
            Target::User(nick) => nick.to_string(),
        };
        let source = Source::User(by);
        match (text.is_empty(), is_notice) {
            (true, _) if !self.caps.has(Caps::MESSAGE_TAGS) => {}
            (true, _) => self.line(&marks, source, "TAGMSG", &[&target], out),
            (false, true) => self.line(&marks, source, "NOTICE", &[&target, text], out),
            (false, false) => self.line(&marks, source, "PRIVMSG", &[&target, text], out),
        }
    }
}

/// The host and the port of a page's address.
fn host_and_port(address: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    let authority = rest.split('/').next()?;
    let default = if scheme == "https" { "443" } else { "80" };
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Some((host, port)),
        _ => Some((authority, default)),
    }
}
