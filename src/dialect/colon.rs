//! The colon dialect: coloured terminal lines without line ends, and `:commands`. The hub's rooms are
//! its groups.

use std::fmt::Display;
use std::io::Write as _;

use crate::model::{Entry, ErrorCode, Event, Manner, Moment, Nick, Request};

use super::{Ask, Stage, View, ask, command, line, plain, text, utf8, words};

const RESET: &str = "\x1b[0m";
const RED: &str = "\x1b[91m";
const GREEN: &str = "\x1b[92m";
const YELLOW: &str = "\x1b[93m";
const BLUE: &str = "\x1b[94m";
const MAGENTA: &str = "\x1b[95m";
const CYAN: &str = "\x1b[96m";

/// What makes the existing client drop its connection when it reads it: another user's text never
/// carries these whole. The second of each pair is what is shown instead.
const TRAPS: [(&str, &str); 3] = [
    ("SERVER:", "SERVER :"),
    ("shutting down", "shutting  down"),
    (
        "You have been kicked by server",
        "You have been kicked by  server",
    ),
];

pub(super) fn parse(frame: &[u8], stage: Stage) -> Ask {
    ask(utf8(frame).and_then(|line| match stage {
        _ if line.trim().is_empty() => Ok(None),
        Stage::Joining => Nick::parse(line.trim())
            .map(|nick| Some(Request::join(nick, false)))
            .ok_or(ErrorCode::BadNick),
        Stage::Joined => parse_line(line).map(Some),
    }))
}

/// A line of somebody who joined: a command behind `:` or `/`, or something said. `:)` and `:-D` are
/// messages, and `//hello` says `/hello`.
fn parse_line(line: &str) -> Result<Request, ErrorCode> {
    let said = |text: &str| {
        Ok(Request::Say {
            room: None,
            text: text.into(),
        })
    };
    let is_word = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic());
    match (line.strip_prefix(':'), line.strip_prefix('/')) {
        (Some(rest), _) if is_word(rest) => parse_command(rest),
        (_, Some(rest)) if rest.starts_with('/') => said(rest),
        (_, Some(rest)) => parse_command(rest),
        _ => said(line),
    }
}

/// The commands that are this dialect's own, and those that all share.
fn parse_command(line: &str) -> Result<Request, ErrorCode> {
    let (name, words) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match name.to_ascii_lowercase().as_str() {
        "pm" => {
            let usage = ErrorCode::Usage(":pm <target> <message>");
            let (to, text) = words::two(words).ok_or(usage)?;
            Ok(Request::Private {
                to: to.into(),
                text: text.into(),
            })
        }
        "group" => parse_group(words),
        _ => command::parse(line),
    }
}

fn parse_group(words: &str) -> Result<Request, ErrorCode> {
    let words = words.trim_start();
    let (verb, words) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let group = |name: &str, usage| match name.trim() {
        "" => Err(ErrorCode::Usage(usage)),
        name => command::room(name),
    };
    match verb.to_ascii_lowercase().as_str() {
        "create" => {
            let room = group(words, ":group create <group_name>")?;
            Ok(Request::Enter {
                room,
                entry: Entry::Create,
                key: None,
                resume: None,
            })
        }
        "join" => {
            let (name, key) = match words::two(words) {
                Some((name, key)) => (name, Some(key.trim_end().into())),
                None => (words, None),
            };
            let room = group(name, ":group join <group_name>")?;
            Ok(Request::Enter {
                room,
                entry: Entry::Existing,
                key,
                resume: None,
            })
        }
        "leave" => Ok(Request::Leave {
            room: Some(group(words, ":group leave <group_name>")?),
        }),
        "members" => Ok(Request::Members {
            room: Some(group(words, ":group members <group_name>")?),
        }),
        "send" => {
            let usage = ErrorCode::Usage(":group send <group_name> <message>");
            let (name, text) = words::two(words).ok_or(usage)?;
            Ok(Request::Say {
                room: Some(command::room(name)?),
                text: text.into(),
            })
        }
        verb => Err(ErrorCode::UnknownCommand(format!(":group {verb}"))),
    }
}

pub(super) fn render_request(request: &Request) -> Option<String> {
    match request {
        Request::Join { nick, .. } => Some(nick.to_string()),
        Request::Say { room: None, text } => {
            let escape = if text.starts_with('/') { "/" } else { "" };
            let line = format!("{escape}{text}");
            let is_said = matches!(parse_line(&line), Ok(Request::Say { room: None, .. }));
            (words::is_line(text) && is_said).then_some(line)
        }
        Request::Enter {
            room,
            entry: Entry::Create,
            key: None,
            ..
        } => Some(format!(":group create {room}")),
        Request::Enter {
            room,
            entry: Entry::Existing,
            key: None,
            ..
        } => Some(format!(":group join {room}")),
        Request::Enter {
            room,
            entry: Entry::Existing,
            key: Some(key),
            ..
        } if words::is_word(key) => Some(format!(":group join {room} {key}")),
        _ => line::render(request),
    }
}

pub(super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    let time = Clock(view.now);
    // Writing to a Vec cannot fail.
    let _ = match event {
        Event::Joined { author } => write!(
            out,
            "{CYAN}[{time}] Client {} CONNECTED Name: {}{RESET}",
            author.peer, author.nick
        ),
        Event::Left { nick, .. } => write!(out, "{RED}[{time}] {nick} DISCONNECTED{RESET}"),
        Event::Presence {
            room,
            joined,
            left,
            members,
        } if room.is_lobby() => {
            let presence = text::presence(*joined, *left, *members);
            write!(out, "{CYAN}[{time}] {presence}{RESET}")
        }
        Event::Said { message, .. } if view.own && message.manner == Manner::Said => Ok(()),
        Event::Said { room, message, .. } => {
            let (nick, text) = (&message.nick, disarmed(&message.text));
            match (message.manner, room.is_lobby()) {
                (Manner::Said, true) => write!(out, "{YELLOW}[{time}] {nick} >> {RESET}{text}"),
                (Manner::Said, false) => {
                    write!(out, "{BLUE}[{time}] GROUP({room}) {nick} >> {RESET}{text}")
                }
                (Manner::Acted, true) => write!(out, "{YELLOW}[{time}] * {nick}{RESET} {text}"),
                (Manner::Acted, false) => {
                    write!(out, "{BLUE}[{time}] GROUP({room}) * {nick}{RESET} {text}")
                }
            }
        }
        Event::Private { message } => {
            let (nick, text) = (&message.nick, disarmed(&message.text));
            write!(out, "{MAGENTA}[{time}] {nick} PM >> {RESET}{text}")
        }
        Event::PrivateSent { away: None, .. } => Ok(()),
        Event::PrivateSent {
            to,
            away: Some(away),
            ..
        } => green(out, format_args!("{to} is away: {}", disarmed(away))),
        Event::Members { room, nicks } => {
            let lines: String = nicks.iter().map(|nick| format!("- {nick}\n")).collect();
            write!(out, "{GREEN}Members of '{room}':{RESET}{lines}")
        }
        Event::EnteredRoom {
            room,
            created: true,
            ..
        } => green(out, format_args!("Group {room} created")),
        Event::EnteredRoom { room, .. } => green(out, format_args!("Joined group {room}")),
        Event::LeftRoom { room, .. } => green(out, format_args!("Left group {room}")),
        Event::Announced { text } => {
            write!(out, "{GREEN}[{time}] SERVER: {}{RESET}", disarmed(text))
        }
        Event::OperatorTold { text } => {
            write!(
                out,
                "{YELLOW}[{time}] SERVER [PM] >> {RESET}{}",
                disarmed(text)
            )
        }
        Event::Kicked { .. } => write!(out, "{RED}You have been kicked by server.\n{RESET}"),
        Event::Shutdown => write!(out, "{RED}[{time}] SERVER: Server shutting down...{RESET}"),
        Event::Error(code) => render_error(code, out),
        Event::Listing { nicks } => green(
            out,
            format_args!("Current clients: {}", text::listed(nicks)),
        ),
        // Of these the existing server says nothing.
        Event::Welcome { .. }
        | Event::RoomJoined { .. }
        | Event::RoomLeft { reason: None, .. }
        | Event::Presence { .. } => Ok(()),
        Event::RoomLeft { .. }
        | Event::Renamed { .. }
        | Event::Rooms { .. }
        | Event::Topic { .. }
        | Event::Whois(_)
        | Event::Pong
        | Event::Help { .. }
        | Event::Done { .. }
        | Event::Notice { .. }
        | Event::KickedOut { .. }
        | Event::RenamedOther { .. }
        | Event::Bans { .. }
        | Event::Clients { .. }
        | Event::History { .. }
        | Event::Found { .. }
        | Event::Kept { .. }
        | Event::Token { .. }
        | Event::Stats(_) => match &text::sentences(event)[..] {
            [] => Ok(()),
            [one] => green(out, disarmed(one)),
            many => {
                let lines: String = many
                    .iter()
                    .map(|line| format!("{}\n", disarmed(line)))
                    .collect();
                green(out, lines)
            }
        },
    };
}

fn render_error(code: &ErrorCode, out: &mut Vec<u8>) -> std::io::Result<()> {
    match code {
        ErrorCode::NoSuchNick(name) => {
            red(out, format_args!("Client {} not found", disarmed(name)))
        }
        ErrorCode::RoomExists(room) => red(out, format_args!("Group {room} already exists")),
        ErrorCode::AlreadyInRoom(room) => red(out, format_args!("You are already in group {room}")),
        ErrorCode::NoRoomToEnter(room) => red(out, format_args!("Group {room} not found")),
        ErrorCode::NoRoomToShow(room) => red(out, format_args!("Group '{room}' not found")),
        ErrorCode::NotInRoom(room) => red(out, format_args!("You are not in group {room}")),
        ErrorCode::UnknownCommand(_) => red(out, "Invalid command"),
        ErrorCode::Usage(usage) if usage.starts_with('/') => {
            red(out, format_args!("Usage: :{}", &usage[1..]))
        }
        _ => red(out, disarmed(&code.to_string())),
    }
}

fn red(out: &mut Vec<u8>, text: impl Display) -> std::io::Result<()> {
    write!(out, "{RED}{text}{RESET}")
}

fn green(out: &mut Vec<u8>, text: impl Display) -> std::io::Result<()> {
    write!(out, "{GREEN}{text}{RESET}")
}

/// Text from outside, clean and without the phrases that the existing client acts on.
fn disarmed(text: &str) -> String {
    TRAPS
        .iter()
        .fold(plain::cleaned(text), |text, (trap, shown)| {
            text.replace(trap, shown)
        })
}

/// Local `HH:MM:SS`.
struct Clock(Moment);

impl Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (h, m, s) = self.0.local_hms();
        write!(f, "{h:02}:{m:02}:{s:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{author, message, said, said_in, view};
    use super::*;
    use crate::model::RoomName;

    fn rendered(event: &Event) -> String {
        let mut out = Vec::new();
        let now = Moment {
            unix_ms: 85_710_000,
            offset_s: 0,
            ..Moment::default()
        };
        render(event, &View { now, ..view() }, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    fn nick(name: &str) -> Nick {
        Nick::parse(name).expect("a nick")
    }

    fn group() -> RoomName {
        RoomName::parse("g").expect("a room name")
    }

    #[test]
    fn the_forms_byte_by_byte() {
        for (event, bytes) in [
            (
                Event::Joined { author: author() },
                "\x1b[96m[23:48:30] Client 127.0.0.1:44692 CONNECTED Name: Alice\x1b[0m",
            ),
            (
                said("Hello all"),
                "\x1b[93m[23:48:30] Alice >> \x1b[0mHello all",
            ),
            (
                Event::Left {
                    nick: nick("alice"),
                    words: None,
                },
                "\x1b[91m[23:48:30] alice DISCONNECTED\x1b[0m",
            ),
            (
                Event::Private {
                    message: message("hi"),
                },
                "\x1b[95m[23:48:30] Alice PM >> \x1b[0mhi",
            ),
            (
                said_in(group(), "hi"),
                "\x1b[94m[23:48:30] GROUP(g) Alice >> \x1b[0mhi",
            ),
            (
                Event::Members {
                    room: group(),
                    nicks: vec![nick("alice"), nick("bob")],
                },
                "\x1b[92mMembers of 'g':\x1b[0m- alice\n- bob\n",
            ),
            (
                Event::Kicked { reason: None },
                "\x1b[91mYou have been kicked by server.\n\x1b[0m",
            ),
            (
                Event::Announced {
                    text: "text".into(),
                },
                "\x1b[92m[23:48:30] SERVER: text\x1b[0m",
            ),
            (
                Event::OperatorTold {
                    text: "text".into(),
                },
                "\x1b[93m[23:48:30] SERVER [PM] >> \x1b[0mtext",
            ),
            (
                Event::Presence {
                    room: RoomName::lobby(),
                    joined: 37,
                    left: 4,
                    members: 2041,
                },
                "\x1b[96m[23:48:30] 37 joined, 4 left, 2,041 here\x1b[0m",
            ),
            (
                Event::Presence {
                    room: group(),
                    joined: 37,
                    left: 4,
                    members: 2041,
                },
                "",
            ),
            (
                Event::Shutdown,
                "\x1b[91m[23:48:30] SERVER: Server shutting down...\x1b[0m",
            ),
        ] {
            assert_eq!(rendered(&event), bytes);
        }
    }

    #[test]
    fn answers_byte_by_byte() {
        let entered = |created| Event::EnteredRoom {
            room: group(),
            created,
            nicks: vec![],
            topic: None,
        };
        let green = |text: &str| format!("\x1b[92m{text}\x1b[0m");
        assert_eq!(rendered(&entered(true)), green("Group g created"));
        assert_eq!(rendered(&entered(false)), green("Joined group g"));
        let left = Event::LeftRoom {
            room: group(),
            now_in: RoomName::lobby(),
        };
        assert_eq!(rendered(&left), green("Left group g"));
        for (code, line) in [
            (
                ErrorCode::NoSuchNick("nobody".into()),
                "Client nobody not found",
            ),
            (ErrorCode::RoomExists(group()), "Group g already exists"),
            (
                ErrorCode::AlreadyInRoom(group()),
                "You are already in group g",
            ),
            (ErrorCode::NoRoomToEnter(group()), "Group g not found"),
            (ErrorCode::NoRoomToShow(group()), "Group 'g' not found"),
            (ErrorCode::NotInRoom(group()), "You are not in group g"),
            (ErrorCode::UnknownCommand(":x".into()), "Invalid command"),
            (
                ErrorCode::Usage(":pm <target> <message>"),
                "Usage: :pm <target> <message>",
            ),
        ] {
            assert_eq!(
                rendered(&Event::Error(code)),
                format!("\x1b[91m{line}\x1b[0m")
            );
        }
    }

    #[test]
    fn commands() {
        let joined = |line: &str| parse(line.as_bytes(), Stage::Joined);
        let refused = |line: &str| match joined(line) {
            Ask::Refused(code) => code.to_string(),
            other => panic!("{other:?}"),
        };
        let (room, text) = (group(), String::from("hi all"));
        assert_eq!(
            joined(":PM bob  hi all"),
            Ask::Request(Request::Private {
                to: "bob".into(),
                text: text.clone()
            })
        );
        assert_eq!(
            joined(":group send g hi all"),
            Ask::Request(Request::Say {
                room: Some(room.clone()),
                text
            })
        );
        assert_eq!(
            joined(":group create g"),
            Ask::Request(Request::Enter {
                room: room.clone(),
                entry: Entry::Create,
                key: None,
                resume: None,
            })
        );
        assert_eq!(
            joined(":group join g "),
            Ask::Request(Request::Enter {
                room,
                entry: Entry::Existing,
                key: None,
                resume: None,
            })
        );
        for line in [":)", ":-D", ": x", "::", ":"] {
            let text = line.into();
            assert_eq!(
                joined(line),
                Ask::Request(Request::Say { room: None, text })
            );
        }
        for (line, usage) in [
            (":pm", ":pm <target> <message>"),
            (":pm bob ", ":pm <target> <message>"),
            (":group create", ":group create <group_name>"),
            (":group join", ":group join <group_name>"),
            (":group leave", ":group leave <group_name>"),
            (":group members ", ":group members <group_name>"),
            (":group send", ":group send <group_name> <message>"),
            (":group send g", ":group send <group_name> <message>"),
        ] {
            assert_eq!(refused(line), format!("Usage: {usage}"), "{line}");
        }
        for line in [":x", ":group", ":group dance g", ":pmx bob hi"] {
            assert!(refused(line).starts_with("Unknown command"), "{line}");
        }
    }

    #[test]
    fn no_users_text_makes_the_client_drop_its_connection() {
        for text in [
            "SERVER: shutting down",
            "SERV\x1bER: shutting\0 down",
            "You have been kicked by server.",
            "SERVER:SERVER: shutting downshutting down",
        ] {
            let shown = rendered(&said(text));
            for (trap, _) in TRAPS {
                assert!(!shown.contains(trap), "{shown}");
            }
        }
        assert_eq!(
            rendered(&said("SERVER: up")),
            "\x1b[93m[23:48:30] Alice >> \x1b[0mSERVER : up"
        );
    }
}
