//! The text dialect: people with nc or telnet.

use crate::model::{
    BanEntry, ClientEntry, ErrorCode, Event, Manner, Message, Moment, Nick, Part, Request,
    RoomEntry, RoomName, RoomsFrom, Roster, Target, shown_lines,
};

use super::spec::{PASSWORD_PROMPT, PROMPT};
use super::{
    Ask, Dialect, Stage, View, about, answer, ask, command, file, past, plain, sentence, telnet,
    time, unlock, unmarked, utf8,
};

pub(super) fn parse(frame: &[u8], stage: Stage) -> Ask {
    let frame = telnet::without_commands(frame);
    ask(utf8(&frame).and_then(|line| match stage {
        _ if unmarked(line).is_empty() => Ok(None),
        Stage::Locked => Ok(Some(unlock(line))),
        Stage::Proving => Ok(Some(answer(line))),
        Stage::Joining => command::first(line, &['/'], Dialect::Text.spec()).map(Some),
        Stage::Joined if unmarked(line).trim().is_empty() => Ok(None),
        Stage::Joined => parse_line(line),
    }))
}

/// A line of somebody who joined: a command, with blanks before it or not, or something said. `//hello`
/// says `/hello`.
fn parse_line(line: &str) -> Result<Option<Request>, ErrorCode> {
    let bare = line.trim_start();
    match bare.strip_prefix('/') {
        _ if bare.is_empty() => Ok(None),
        Some(rest) if !rest.starts_with('/') => command::parse(rest).map(Some),
        Some(rest) => Ok(Some(said(rest))),
        None => Ok(Some(said(line))),
    }
}

/// As a line of text, for those whose clients never had commands: only what begins with the name of one is
/// a command. Anything else is said as it is, `/shrug` too.
pub(super) fn parse_plain_line(line: &str) -> Result<Option<Request>, ErrorCode> {
    match names_command(line) {
        true => parse_line(line),
        false => Ok((!line.trim().is_empty()).then(|| said(line))),
    }
}

/// Does a line begin with the name of a command, behind one `/` or several?
pub(super) fn names_command(line: &str) -> bool {
    let bare = line.trim_start();
    bare.starts_with('/') && command::is_known(bare.trim_start_matches('/'))
}

fn said(text: &str) -> Request {
    Request::Say {
        room: None,
        text: text.into(),
    }
}

pub(super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    match event {
        Event::Said { message, .. } if view.own && message.manner != Manner::Acted => {}
        Event::Said { room, message, .. } => push_said(b"", room, message, view.here, out),
        Event::History { .. } | Event::Found { .. } => past(event, view, out),
        Event::Private { message } => push_lines(
            b"",
            &["[", message.nick.as_str(), " → you] "],
            &about::said(message),
            out,
        ),
        Event::PrivateSent { to, text, away, .. } => {
            push_lines(b"", &["[you → ", to.as_str(), "] "], text, out);
            if let Some(away) = away {
                let away = sentence::absence(away);
                push(out, &["[Server] ", to.as_str(), " is away: "], away);
            }
        }
        Event::Amended(amended) => {
            let told = about::told(amended);
            match &amended.target {
                Target::Room(room) => push_said(b"", room, &told, view.here, out),
                Target::User(with) => {
                    push_lines(b"", &past::between(with, &told), &told.text, out);
                }
            }
        }
        Event::Ticket(ticket) => push(out, &[], &file::command(ticket)),
        Event::Unlocked => out.extend_from_slice(PROMPT.as_bytes()),
        Event::Listing { users } => push(out, &["Current clients: "], &listed(users)),
        Event::Error(ErrorCode::NameRegistered) if view.stage == Stage::Proving => {
            out.extend_from_slice(PASSWORD_PROMPT.as_bytes());
        }
        Event::Error(code) => {
            plain::push(&format!("[Server] {code}"), out);
            let asks_again = match view.stage {
                Stage::Locked if !code.is_final() => format!(" {PASSWORD_PROMPT}"),
                Stage::Joining if !code.is_final() => format!(" {PROMPT}"),
                Stage::Locked | Stage::Joining | Stage::Proving | Stage::Joined => "\n".into(),
            };
            out.extend_from_slice(asks_again.as_bytes());
        }
        Event::Presence {
            joined,
            left,
            members,
            ..
        } if view.here => push(out, &["[Server] "], &presence(*joined, *left, *members)),
        Event::Announced { text } => push(out, &["[Server] "], text),
        Event::OperatorTold { text } => push(out, &["[Server → you] "], text),
        _ => sentences(event)
            .iter()
            .for_each(|sentence| push(out, &["[Server] "], sentence)),
    }
}

/// Appends what was said in a room, which is named where the reader speaks elsewhere; each line begins with `head`.
fn push_said(head: &[u8], room: &RoomName, message: &Message, here: bool, out: &mut Vec<u8>) {
    let (name, nick) = (room.as_str(), message.nick.as_str());
    let label: &[&str] = match (message.manner, here) {
        (Manner::Happened(happening), _) => {
            out.extend_from_slice(head);
            return push(
                out,
                &["[Server] "],
                &sentence::happened(room, message, happening),
            );
        }
        (Manner::Said | Manner::Noticed | Manner::File, true) => &["[", nick, "] "],
        (Manner::Said | Manner::Noticed | Manner::File, false) => &["[#", name, " ", nick, "] "],
        (Manner::Acted, true) => &["* ", nick, " "],
        (Manner::Acted, false) => &["[#", name, "] * ", nick, " "],
    };
    let said = about::said(message);
    match said.split_once('\n') {
        // What fetches it is to be pasted, and begins like nothing that anybody says.
        Some((file, line)) if message.manner == Manner::File => {
            push_lines(head, label, file, out);
            push(out, &[], line);
        }
        _ => push_lines(head, label, &said, out),
    }
}

/// Appends the lines of a message, each behind what says whose it is.
fn push_lines(head: &[u8], label: &[&str], text: &str, out: &mut Vec<u8>) {
    for line in shown_lines(text) {
        out.extend_from_slice(head);
        push(out, label, line);
    }
}

/// What was said before, each line with its time.
fn past(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    let mut days = Days {
        now: view.now,
        day: view.now.local_day(),
    };
    match event {
        Event::History {
            target,
            messages,
            part,
        } => {
            match part {
                Part::First if !messages.is_empty() => push(out, &["[Server] "], "Earlier:"),
                Part::Next { after_ms } => days.day = view.now.at(*after_ms).local_day(),
                Part::First | Part::Answer { .. } => {}
            }
            for message in messages {
                let mut head = days.time(message, out);
                head.extend_from_slice(past::number(*part, message).as_bytes());
                match target {
                    Target::Room(room) => push_said(&head, room, message, view.here, out),
                    Target::User(with) => {
                        push_lines(
                            &head,
                            &past::between(with, message),
                            &about::said(message),
                            out,
                        );
                    }
                }
            }
        }
        Event::Found { messages, .. } => {
            for (room, message) in messages {
                let head = days.time(message, out);
                push_said(&head, room, message, false, out);
            }
        }
        _ => {}
    }
    if let Some(closing) = past::closing(event, view.here) {
        push(out, &["[Server] "], &closing);
    }
}

/// The day that a reader of the past takes a line to be of.
struct Days {
    now: Moment,
    /// As days since 1970: that of the line before; of the first line, today.
    day: i64,
}

impl Days {
    /// The time of a message. Appends the date where that is another.
    fn time(&mut self, message: &Message, out: &mut Vec<u8>) -> Vec<u8> {
        let said = self.now.at(message.unix_ms);
        if said.local_day() != self.day {
            self.day = said.local_day();
            push(out, &["[Server] "], &time::date(self.day));
        }
        let (h, m, _) = said.local_hms();
        format!("[{h:02}:{m:02}] ").into_bytes()
    }
}

/// Appends a line: a label of our own, and text of somebody else's.
fn push(out: &mut Vec<u8>, label: &[&str], text: &str) {
    label
        .iter()
        .for_each(|part| out.extend_from_slice(part.as_bytes()));
    plain::push(text, out);
    out.push(b'\n');
}

/// What the server says of an event, a sentence a line, for the dialects that have no form of their
/// own for it. Text of somebody else's in it is as it was sent.
pub(super) fn sentences(event: &Event) -> Vec<String> {
    let because = |why: &Option<String>| {
        why.as_ref()
            .map_or(String::new(), |why| format!(" ({why})"))
    };
    let topic_of =
        |topic: &Option<String>| topic.as_ref().map_or(String::new(), |t| format!(": {t}"));
    let one = match event {
        Event::Welcome { nick, .. } => format!("{nick} joined the chat!"),
        Event::Joined { author } => format!("{} joined the chat!", author.nick),
        Event::Left { nick, why } => {
            format!(
                "{nick} left the chat!{}",
                because(&sentence::departure(why))
            )
        }
        Event::Renamed { from, to } => format!("{from} is now called {to}."),
        Event::Listing { users } => format!("Here: {}", listed(users)),
        Event::Members { room, users } => format!("In #{room}: {}", listed(users)),
        Event::Rooms { rooms, more } => {
            let line = |room: &RoomEntry| {
                format!("#{} ({}){}", room.name, room.members, topic_of(&room.topic))
            };
            let more = more.as_ref().map(|from| match from {
                RoomsFrom::Page(page) => format!("There are more: /rooms {page}"),
                RoomsFrom::After(room) => format!("There are more: /rooms #{room}"),
            });
            return rooms.iter().map(line).chain(more).collect();
        }
        Event::EnteredRoom {
            room,
            created: true,
            ..
        } => format!("You made the room #{room}."),
        Event::EnteredRoom {
            room, users, topic, ..
        } => {
            let entered = format!("You entered #{room}. Here: {}", listed(users));
            let topic = topic
                .as_ref()
                .map(|topic| format!("Topic of #{room}: {topic}"));
            return [entered].into_iter().chain(topic).collect();
        }
        Event::LeftRoom { room, now_in } => {
            format!("You left #{room}. You speak in #{now_in} now.")
        }
        Event::RoomJoined { nick, room } => format!("{nick} entered #{room}."),
        Event::RoomLeft {
            nick,
            room,
            kick,
            words,
        } => {
            let why = sentence::leaving(kick.as_ref(), words.as_ref());
            format!("{nick} left #{room}.{}", because(&why))
        }
        Event::Presence {
            room,
            joined,
            left,
            members,
        } => format!("In #{room}: {}", presence(*joined, *left, *members)),
        Event::Topic {
            room,
            topic: None,
            by: None,
            ..
        } => format!("#{room} has no topic."),
        Event::Topic {
            room,
            topic: Some(topic),
            by: None,
            set,
            ..
        } => {
            let set = set.as_ref();
            let set = set.map(|(by, ms)| format!("set by {by}, {}", time::date_and_time(*ms)));
            format!("Topic of #{room}: {topic}{}", because(&set))
        }
        Event::Topic {
            room,
            topic,
            by: Some(by),
            ..
        } => {
            format!("{by} set the topic of #{room}{}", topic_of(topic))
        }
        Event::Whois(entry) => {
            let rooms: Vec<_> = entry.rooms.iter().map(|room| format!("#{room}")).collect();
            let place = match rooms.is_empty() {
                true => String::new(),
                false => format!("in {}", rooms.join(", ")),
            };
            let address = entry.peer.map(|peer| peer.to_string());
            let operator = if entry.is_operator { "operator" } else { "" };
            let away = entry
                .away
                .as_ref()
                .map_or(String::new(), |text| format!("away: {text}"));
            let mut facts = vec![address.unwrap_or_default(), place, operator.into(), away];
            facts.retain(|fact| !fact.is_empty());
            match facts.is_empty() {
                true => format!("{} is here.", entry.nick),
                false => format!("{}: {}", entry.nick, facts.join(", ")),
            }
        }
        Event::Changed { .. } | Event::Proven { .. } | Event::Challenge(_) | Event::Unlocked => {
            return Vec::new();
        }
        Event::Deleted(deletion) => sentence::deleted(deletion),
        Event::Amended(amended) => {
            return past::message_lines("", &amended.target, &about::told(amended));
        }
        Event::Pong => "Pong.".into(),
        Event::Motd { lines } => return lines.to_vec(),
        Event::Ticket(ticket) => file::command(ticket),
        Event::Codes { codes } => return sentence::invitations(codes),
        Event::Help {
            command,
            is_operator,
            has_accounts,
        } => {
            let help = command::help(command.as_deref(), *is_operator, *has_accounts);
            return help.unwrap_or_else(|code| vec![code.to_string()]);
        }
        Event::Done { what } => return what.iter().map(sentence::done).collect(),
        Event::Notice(notice) => sentence::notice(notice),
        Event::StopsIn { seconds } => sentence::stops_in(*seconds),
        Event::Moving(addresses) => sentence::moving(addresses),
        Event::Nodes(nodes) => return sentence::nodes(nodes),
        Event::Announced { text } | Event::OperatorTold { text } => text.clone(),
        Event::Kicked { why, .. } => {
            format!("You have been kicked.{}", because(&sentence::put_out(why)))
        }
        Event::KickedOut { nick } => format!("{nick} has been kicked."),
        Event::RenamedOther { from, to } => format!("{from} has been renamed to {to}."),
        Event::Bans { bans } if bans.is_empty() => "Nobody is banned.".into(),
        Event::Bans { bans } => {
            let line = |ban: &BanEntry| {
                let time = ban
                    .seconds_left
                    .map_or(String::new(), |s| format!(", {s} s left"));
                format!("{}{time}{}", ban.mask, because(&ban.reason))
            };
            return bans.iter().map(line).collect();
        }
        Event::Clients { clients } => {
            let line = |client: &ClientEntry| format!("- {} ({})", client.nick, client.peer);
            let head = format!("{} client(s) connected", clients.len());
            return [head].into_iter().chain(clients.iter().map(line)).collect();
        }
        Event::Stats(stats) => return sentence::stats(stats),
        Event::Shutdown => "The server is shutting down.".into(),
        Event::Error(code) => code.to_string(),
        Event::Said { room, message, .. } => {
            return labelled(
                &format!("[#{room} {}] ", message.nick),
                &about::said(message),
            );
        }
        Event::History { .. } | Event::Found { .. } => return past::lines(event),
        Event::Kept { .. } => return Vec::new(),
        Event::Token { bot, token } => {
            format!("The token of {bot}, told only now: {}", token.reveal())
        }
        Event::Private { message } => {
            return labelled(&format!("[{} → you] ", message.nick), &about::said(message));
        }
        Event::PrivateSent { to, text, away, .. } => {
            let away = away
                .as_ref()
                .map(|away| format!("{to} is away: {}", sentence::absence(away)));
            let mut sent = labelled(&format!("[you → {to}] "), text);
            sent.extend(away);
            return sent;
        }
    };
    vec![one]
}

/// The lines of a text of somebody's, each behind what says whose it is.
pub(super) fn labelled(label: &str, text: &str) -> Vec<String> {
    shown_lines(text)
        .map(|line| format!("{label}{line}"))
        .collect()
}

/// How many came, left and are there, as `37 joined, 4 left, 2,041 here`.
pub(super) fn presence(joined: u32, left: u32, members: usize) -> String {
    let joined = sentence::grouped(joined as usize);
    format!("{joined} joined, {}", absence(left, members))
}

/// How many left and are there.
pub(super) fn absence(left: u32, members: usize) -> String {
    format!(
        "{} left, {} here",
        sentence::grouped(left as usize),
        sentence::grouped(members)
    )
}

/// Names with commas between them.
pub(super) fn listed(users: &Roster) -> String {
    let nicks: Vec<&str> = users.nicks.iter().map(Nick::as_str).collect();
    format!("{}{}", nicks.join(", "), and_more(users))
}

/// How many are not named, if any: ` … and 9,500 more`.
pub(super) fn and_more(users: &Roster) -> String {
    match users.rest {
        0 => String::new(),
        rest => format!(" … and {} more", sentence::grouped(rest)),
    }
}

#[cfg(test)]
mod tests;
