//! The text dialect: people with nc or telnet.

use std::sync::Arc;

use crate::model::{
    BanEntry, ClientEntry, ErrorCode, Event, Manner, Message, Nick, Part, Request, RoomEntry,
    RoomName, Stats,
};

use super::{Ask, Stage, View, ask, command, line, plain, telnet, utf8, words};

/// What a name is asked with; no line end, so that the name stands behind it.
pub(super) const PROMPT: &str = "Enter your name: ";

pub(super) fn parse(frame: &[u8], stage: Stage) -> Ask {
    let frame = telnet::without_commands(frame);
    ask(utf8(&frame).and_then(|line| match stage {
        _ if line.is_empty() => Ok(None),
        Stage::Joining => command::first(line, &['/']).map(Some),
        Stage::Joined => parse_line(line),
    }))
}

/// A line of somebody who joined: a command, or something said. `//hello` says `/hello`.
pub(super) fn parse_line(line: &str) -> Result<Option<Request>, ErrorCode> {
    match line.strip_prefix('/') {
        _ if line.trim().is_empty() => Ok(None),
        Some(rest) if !rest.starts_with('/') => command::parse(rest).map(Some),
        Some(rest) => Ok(Some(Request::Say {
            room: None,
            text: rest.into(),
        })),
        None => Ok(Some(Request::Say {
            room: None,
            text: line.into(),
        })),
    }
}

pub(super) fn render_request(request: &Request) -> Option<String> {
    match request {
        Request::Join { .. } => line::join(request),
        Request::Say { room: None, text } => {
            let escape = if text.starts_with('/') { "/" } else { "" };
            words::is_line(text).then(|| format!("{escape}{text}"))
        }
        _ => line::render(request),
    }
}

pub(super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    match event {
        Event::Said { message, .. } if view.own && message.manner == Manner::Said => {}
        Event::Said { room, message, .. } => {
            let (room, nick) = (room.as_str(), message.nick.as_str());
            let label: &[&str] = match (message.manner, view.here) {
                (Manner::Said, true) => &["[", nick, "] "],
                (Manner::Said, false) => &["[#", room, " ", nick, "] "],
                (Manner::Acted, true) => &["* ", nick, " "],
                (Manner::Acted, false) => &["[#", room, "] * ", nick, " "],
            };
            push(out, label, &message.text);
        }
        Event::Private { message } => push(
            out,
            &["[", message.nick.as_str(), " → you] "],
            &message.text,
        ),
        Event::PrivateSent { to, text, away, .. } => {
            push(out, &["[you → ", to.as_str(), "] "], text);
            if let Some(away) = away {
                push(out, &["[Server] ", to.as_str(), " is away: "], away);
            }
        }
        Event::Listing { nicks } => push(out, &["Current clients: "], &listed(nicks)),
        Event::Error(code) => {
            plain::push(&format!("[Server] {code}"), out);
            let asks_again = view.stage == Stage::Joining && !code.is_final();
            out.extend_from_slice(
                if asks_again {
                    format!(" {PROMPT}")
                } else {
                    "\n".into()
                }
                .as_bytes(),
            );
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
        Event::Left { nick, words } => format!("{nick} left the chat!{}", because(words)),
        Event::Renamed { from, to } => format!("{from} is now called {to}."),
        Event::Listing { nicks } => format!("Here: {}", listed(nicks)),
        Event::Members { room, nicks } => format!("In #{room}: {}", listed(nicks)),
        Event::Rooms { rooms } => {
            let line = |room: &RoomEntry| {
                format!("#{} ({}){}", room.name, room.members, topic_of(&room.topic))
            };
            return rooms.iter().map(line).collect();
        }
        Event::EnteredRoom {
            room,
            created: true,
            ..
        } => format!("You made the room #{room}."),
        Event::EnteredRoom {
            room, nicks, topic, ..
        } => {
            let entered = format!("You entered #{room}. Here: {}", listed(nicks));
            let topic = topic
                .as_ref()
                .map(|topic| format!("Topic of #{room}: {topic}"));
            return [entered].into_iter().chain(topic).collect();
        }
        Event::LeftRoom { room, now_in } => {
            format!("You left #{room}. You speak in #{now_in} now.")
        }
        Event::RoomJoined { nick, room } => format!("{nick} entered #{room}."),
        Event::RoomLeft { nick, room, reason } => {
            format!("{nick} left #{room}.{}", because(reason))
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
        } => format!("#{room} has no topic."),
        Event::Topic {
            room,
            topic: Some(topic),
            by: None,
        } => format!("Topic of #{room}: {topic}"),
        Event::Topic {
            room,
            topic,
            by: Some(by),
        } => {
            format!("{by} set the topic of #{room}{}", topic_of(topic))
        }
        Event::Whois(entry) => {
            let rooms: Vec<_> = entry.rooms.iter().map(|room| format!("#{room}")).collect();
            let operator = if entry.is_operator { ", operator" } else { "" };
            let away = entry
                .away
                .as_ref()
                .map_or(String::new(), |text| format!(", away: {text}"));
            format!(
                "{}: {}, in {}{operator}{away}",
                entry.nick,
                entry.peer,
                rooms.join(", ")
            )
        }
        Event::Pong => "Pong.".into(),
        Event::Help { command } => {
            return command::help(command.as_deref()).unwrap_or_else(|code| vec![code.to_string()]);
        }
        Event::Done { note } => return note.iter().cloned().collect(),
        Event::Notice { text } | Event::Announced { text } | Event::OperatorTold { text } => {
            text.clone()
        }
        Event::Kicked { reason } => format!("You have been kicked.{}", because(reason)),
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
        Event::Stats(Stats(stats)) => {
            return stats
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
        }
        Event::Shutdown => "The server is shutting down.".into(),
        Event::Error(code) => code.to_string(),
        Event::Said { room, message, .. } => {
            format!("[#{room} {}] {}", message.nick, message.text)
        }
        Event::History { messages, part, .. } => {
            let heading = (*part == Part::First).then(|| "Earlier:".to_string());
            return heading
                .into_iter()
                .chain(messages.iter().map(spoken))
                .collect();
        }
        Event::Found { messages, .. } => {
            let line =
                |(room, message): &(RoomName, Arc<Message>)| format!("#{room} {}", spoken(message));
            return messages.iter().map(line).collect();
        }
        Event::Kept { .. } => return Vec::new(),
        Event::Token { bot, token } => {
            format!("The token of {bot}, told only now: {}", token.reveal())
        }
        Event::Private { message } => format!("[{} → you] {}", message.nick, message.text),
        Event::PrivateSent { to, text, away, .. } => {
            let away = away.as_ref().map(|away| format!("{to} is away: {away}"));
            let sent = format!("[you → {to}] {text}");
            return [sent].into_iter().chain(away).collect();
        }
    };
    vec![one]
}

/// A message as its room is told it.
fn spoken(message: &Arc<Message>) -> String {
    match message.manner {
        Manner::Said => format!("[{}] {}", message.nick, message.text),
        Manner::Acted => format!("* {} {}", message.nick, message.text),
    }
}

/// How many came, left and are there, as `37 joined, 4 left, 2,041 here`.
pub(super) fn presence(joined: u32, left: u32, members: usize) -> String {
    let joined = grouped(joined as usize);
    format!("{joined} joined, {}", absence(left, members))
}

/// How many left and are there.
pub(super) fn absence(left: u32, members: usize) -> String {
    format!("{} left, {} here", grouped(left as usize), grouped(members))
}

/// A number with commas between its thousands.
fn grouped(number: usize) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

/// Names with commas between them.
pub(super) fn listed(nicks: &[Nick]) -> String {
    nicks
        .iter()
        .map(Nick::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::super::oracle::{said, view};
    use super::*;
    use crate::model::{Login, Secret};

    fn rendered(event: &Event, view: &View<'_>) -> String {
        let mut out = Vec::new();
        Dialect::Text.render(event, view, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    fn say(text: &str) -> Ask {
        Ask::Request(Request::Say {
            room: None,
            text: text.into(),
        })
    }

    #[test]
    fn names_and_lines() {
        let bob = Nick::parse("bob").expect("a nick");
        assert_eq!(
            parse(b" bob ", Stage::Joining),
            Ask::Request(Request::join(bob, false))
        );
        assert_eq!(parse(b"", Stage::Joining), Ask::Nothing);
        assert_eq!(
            parse(b"a b", Stage::Joining),
            Ask::Refused(ErrorCode::BadNick)
        );
        assert_eq!(parse(b"  hi ", Stage::Joined), say("  hi "));
        assert_eq!(parse(b" \t", Stage::Joined), Ask::Nothing);
        assert_eq!(parse(b"//hello", Stage::Joined), say("/hello"));
        assert_eq!(parse(b"/LiSt", Stage::Joined), Ask::Request(Request::List));
        assert_eq!(
            parse(b"/foo bar", Stage::Joined),
            Ask::Refused(ErrorCode::UnknownCommand("/foo".into()))
        );
        assert_eq!(
            parse(b"\xc3", Stage::Joined),
            Ask::Refused(ErrorCode::NotUtf8)
        );
    }

    #[test]
    fn one_may_come_in_as_an_account() {
        let login = Request::Login {
            name: Nick::parse("bob").expect("a nick"),
            login: Login {
                secret: Secret::new("two words"),
                is_multi: false,
            },
        };
        for dialect in [Dialect::Text, Dialect::Colon] {
            let first = |frame: &[u8]| dialect.parse(frame, Stage::Joining).ask;
            let asked = Ask::Request(login.clone());
            assert_eq!(first(b" /LOGIN bob  two words \r"), asked);
            let usage = ErrorCode::Usage("/login NAME PASSWORD [--multi]");
            assert_eq!(first(b"/login bob"), Ask::Refused(usage));
            let bad = Ask::Refused(ErrorCode::BadPassword);
            assert_eq!(first(&[b"/login bob ", &[b'p'; 129][..]].concat()), bad);
            for other in [
                "/",
                "/ login bob p",
                "/loginbob p",
                "/register p",
                "//login bob p",
            ] {
                let refused = Ask::Refused(ErrorCode::BadNick);
                assert_eq!(first(other.as_bytes()), refused, "{other}");
            }
        }
        let first = |frame: &[u8]| Dialect::Colon.parse(frame, Stage::Joining).ask;
        assert_eq!(first(b":login bob two words"), Ask::Request(login));
        let first = |frame: &[u8]| parse(frame, Stage::Joining);
        let refused = Ask::Refused(ErrorCode::BadNick);
        assert_eq!(first(b":login bob two words"), refused);
    }

    #[test]
    fn telnet_negotiation_is_skipped() {
        assert_eq!(parse(b"\xff\xf4\xff\xfd\x06hi", Stage::Joined), say("hi"));
        assert_eq!(parse(b"\xff\xf4\xff\xfd\x06", Stage::Joined), Ask::Nothing);
        assert_eq!(
            parse(b"\xff\xfe", Stage::Joined),
            Ask::Refused(ErrorCode::NotUtf8)
        );
    }

    #[test]
    fn the_forms_byte_by_byte() {
        let alice = Nick::parse("Alice").expect("a nick");
        let nicks = vec![alice.clone(), Nick::parse("Bob").expect("a nick")];
        let joined = view();
        assert_eq!(PROMPT.len(), 17);
        assert_eq!(rendered(&said("Hello"), &joined), "[Alice] Hello\n");
        assert_eq!(
            rendered(
                &said("Hello"),
                &View {
                    here: false,
                    ..joined
                }
            ),
            "[#lobby Alice] Hello\n"
        );
        assert_eq!(
            rendered(
                &said("Hello"),
                &View {
                    own: true,
                    ..joined
                }
            ),
            ""
        );
        assert_eq!(
            rendered(
                &Event::Welcome {
                    nick: alice.clone(),
                    users: vec![]
                },
                &joined
            ),
            "[Server] Alice joined the chat!\n"
        );
        assert_eq!(
            rendered(
                &Event::Left {
                    nick: alice,
                    words: None
                },
                &joined
            ),
            "[Server] Alice left the chat!\n"
        );
        assert_eq!(
            rendered(&Event::Listing { nicks }, &joined),
            "Current clients: Alice, Bob\n"
        );
    }

    #[test]
    fn crowds_are_counted_with_commas() {
        let shown = |joined, left, members, here| {
            let event = Event::Presence {
                room: RoomName::parse("rust").expect("a room name"),
                joined,
                left,
                members,
            };
            rendered(&event, &View { here, ..view() })
        };
        assert_eq!(
            shown(37, 4, 2041, true),
            "[Server] 37 joined, 4 left, 2,041 here\n"
        );
        assert_eq!(
            shown(1000, 0, 999, true),
            "[Server] 1,000 joined, 0 left, 999 here\n"
        );
        assert_eq!(
            shown(0, 1, 1_000_007, false),
            "[Server] In #rust: 0 joined, 1 left, 1,000,007 here\n"
        );
    }

    #[test]
    fn refusals_byte_by_byte() {
        let joining = View {
            stage: Stage::Joining,
            ..view()
        };
        assert_eq!(
            rendered(&Event::Error(ErrorCode::NickTaken), &joining),
            "[Server] That name is taken. Enter your name: "
        );
        assert_eq!(
            rendered(&Event::Error(ErrorCode::BadNick), &joining),
            "[Server] A name is 1 to 20 letters, digits, _ - or . Enter your name: "
        );
        assert_eq!(
            rendered(
                &Event::Error(ErrorCode::UnknownCommand("/foo\x1b".into())),
                &view()
            ),
            "[Server] Unknown command /foo. Try /help.\n"
        );
        assert!(rendered(&Event::Error(ErrorCode::JoinTimeout(30)), &joining).ends_with("\n"));
    }
}
