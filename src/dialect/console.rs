//! The operator's console: commands behind `:` or `/`, and text to all. At a terminal it is coloured, and
//! shows what goes on.

use crate::model::{ErrorCode, Event, Request};

use super::colon::{self, GREEN, RED, RESET};
use super::{Ask, View, ask, command, plain, text, utf8, words};

/// What can be asked here, by the commands' names; and how it is told from what users ask, where it is
/// something else.
const OFFERED: [(&str, Option<(&str, &str)>); 28] = [
    ("help", None),
    ("list", Some(("list", "who is connected, with addresses"))),
    ("rooms", None),
    ("who", Some(("who ROOM", "who is in a room"))),
    ("whois", None),
    (
        "pm",
        Some(("pm NAME TEXT", "speak to one person as the server")),
    ),
    ("announce", None),
    (
        "kick",
        Some(("kick NAME [REASON]", "put somebody out of the server")),
    ),
    ("mute", None),
    ("unmute", None),
    ("ban", None),
    ("unban", None),
    ("bans", None),
    ("rename", None),
    ("close", None),
    ("lock", None),
    ("unlock", None),
    ("clients", None),
    ("export", None),
    (
        "delete",
        Some(("delete ID [REASON]", "delete what somebody said")),
    ),
    (
        "invitecode",
        Some((
            "invitecode new|drop|list",
            "who may register: new [N] [TIME], drop CODE",
        )),
    ),
    ("stats", None),
    ("nodes", None),
    ("drain", None),
    ("ping", None),
    ("shutdown", None),
    ("quit", Some(("quit", "end this console, not the server"))),
    ("msg", Some(("msg NAME TEXT", "the same as :pm"))),
];

pub(super) fn parse(frame: &[u8]) -> Ask {
    ask(utf8(frame)
        .map(str::trim)
        .and_then(|line| match line.strip_prefix([':', '/']) {
            _ if line.is_empty() => Ok(None),
            Some(rest) => parse_command(rest).map(Some),
            None => parse_text(line).map(Some),
        }))
}

/// Here `:list` shows the clients, not a room.
fn parse_command(line: &str) -> Result<Request, ErrorCode> {
    let name = words::one(line).unwrap_or_default();
    if offered(name).is_none() {
        return Err(ErrorCode::UnknownCommand(format!(":{name}")));
    }
    match command::parse(line) {
        Ok(Request::List) => Ok(Request::Clients),
        Ok(Request::Members { room: None, .. }) => Err(ErrorCode::Usage("/who ROOM")),
        parsed => parsed,
    }
}

/// Text to all. A word alone may be a command whose mark was forgotten: it goes to nobody, unless it is
/// longer than any command.
fn parse_text(line: &str) -> Result<Request, ErrorCode> {
    let is_word = !line.contains(char::is_whitespace);
    match offered(line) {
        Some(_) => Err(ErrorCode::NoMark(line.to_ascii_lowercase())),
        None if is_word && line.chars().count() <= command::longest_name() => {
            Err(ErrorCode::UnknownCommand(line.into()))
        }
        None => Ok(Request::Announce { text: line.into() }),
    }
}

/// What is told of a command, where it can be asked here.
fn offered(name: &str) -> Option<Option<(&'static str, &'static str)>> {
    let is_it = |(offered, _): &&(&str, _)| offered.eq_ignore_ascii_case(name);
    OFFERED.iter().find(is_it).map(|&(_, told)| told)
}

/// The lines of `:help`: everything that can be asked here, or one command.
fn help(command: Option<&str>) -> Result<Vec<String>, ErrorCode> {
    let line = |name: &str, told: Option<(&str, &str)>| {
        let (usage, summary) = told.or_else(|| command::told(name)).unwrap_or_default();
        format!("{:26} {summary}", format!(":{usage}"))
    };
    if let Some(name) = command {
        let name = name.trim_start_matches(['/', ':']);
        let told = offered(name).ok_or_else(|| ErrorCode::UnknownCommand(format!(":{name}")))?;
        return Ok(vec![line(name, told)]);
    }
    let mut lines: Vec<_> = OFFERED
        .iter()
        .map(|&(name, told)| line(name, told))
        .collect();
    lines.push(format!(
        "{:26} to everybody, where it is more than a word",
        "TEXT"
    ));
    Ok(lines)
}

/// At a terminal the first line of an answer is green where something was done, and red where it was not;
/// what goes on comes in the form of colon.
pub(super) fn render(event: &Event, is_terminal: bool, view: &View<'_>, out: &mut Vec<u8>) {
    if is_terminal && goes_on(event) {
        colon::show(event, view, out);
        return out.push(b'\n');
    }
    let (lines, colour) = answer(event);
    let colour = colour.filter(|_| is_terminal);
    for (at, line) in lines.iter().enumerate() {
        let colour = colour.filter(|_| at == 0);
        out.extend_from_slice(colour.unwrap_or_default().as_bytes());
        plain::push(line, out);
        out.extend_from_slice(colour.map_or("", |_| RESET).as_bytes());
        out.push(b'\n');
    }
}

fn goes_on(event: &Event) -> bool {
    matches!(
        event,
        Event::Joined { .. }
            | Event::Left { .. }
            | Event::Said { .. }
            | Event::Private { .. }
            | Event::Amended(_)
            | Event::Shutdown
    )
}

/// The lines of an answer, and the colour of its first one.
fn answer(event: &Event) -> (Vec<String>, Option<&'static str>) {
    let done = |line: String| (vec![line], Some(GREEN));
    match event {
        Event::Clients { .. } => {
            let mut lines = text::sentences(event);
            lines[0].insert_str(0, "SERVER: ");
            (lines, Some(GREEN))
        }
        Event::KickedOut { nick } => done(format!("Client {nick} has been kicked")),
        Event::RenamedOther { from, to } => done(format!("Client {from} has been renamed to {to}")),
        Event::PrivateSent { to, .. } => done(format!("Private message sent to {to}")),
        Event::Done { .. } => (text::sentences(event), Some(GREEN)),
        Event::Error(code) => (vec![error(code)], Some(RED)),
        Event::Help { command, .. } => match help(command.as_deref()) {
            Ok(lines) => (lines, None),
            Err(code) => (vec![error(&code)], Some(RED)),
        },
        _ => (text::sentences(event), None),
    }
}

fn error(code: &ErrorCode) -> String {
    match code {
        ErrorCode::NoSuchNick(name) => format!("Client {name} not found"),
        // What only a user in a room can ask is nothing to ask here.
        ErrorCode::UnknownCommand(_) | ErrorCode::NotJoined => "Invalid command".into(),
        ErrorCode::Usage("/kick NAME [REASON]") => "Usage: :kick <username>".into(),
        ErrorCode::Usage("/rename OLD NEW") => "Usage: :rename <old> <new>".into(),
        ErrorCode::Usage("/pm NAME TEXT") => "Usage: :pm <username> <message>".into(),
        ErrorCode::Usage(usage) => format!("Usage: :{}", usage.trim_start_matches('/')),
        _ => code.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{author, message, said, said_in, view};
    use super::*;
    use crate::model::{ClientEntry, Nick, Part, RoomName, Target};

    fn rendered(event: &Event) -> String {
        let mut out = Vec::new();
        render(event, false, &view(), &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn answers_byte_by_byte() {
        let (nick, to) = (
            Nick::parse("u").expect("a nick"),
            Nick::parse("b").expect("a nick"),
        );
        let client = ClientEntry {
            nick: author().nick,
            peer: author().peer,
        };
        for (event, shown) in [
            (
                Event::Clients {
                    clients: vec![client],
                },
                "SERVER: 1 client(s) connected\n- Alice (127.0.0.1:44692)\n",
            ),
            (
                Event::KickedOut { nick: nick.clone() },
                "Client u has been kicked\n",
            ),
            (
                Event::RenamedOther {
                    from: nick.clone(),
                    to,
                },
                "Client u has been renamed to b\n",
            ),
            (
                Event::PrivateSent {
                    id: None,
                    to: nick,
                    text: "hi".into(),
                    away: None,
                },
                "Private message sent to u\n",
            ),
            (
                Event::Error(ErrorCode::NoSuchNick("x".into())),
                "Client x not found\n",
            ),
        ] {
            assert_eq!(rendered(&event), shown);
        }
        let history = |part| {
            rendered(&Event::History {
                target: Target::Room(RoomName::lobby()),
                messages: vec![message("hi")],
                part,
            })
        };
        assert_eq!(history(Part::First), "", "unasked");
        let answer = Part::Answer {
            has_more: false,
            newest: true,
            shows_ids: false,
            only_files: false,
        };
        let lines = "[#lobby Alice] hi\nThat is 1 of #lobby.\n";
        assert_eq!(history(answer), lines);
        for (line, shown) in [
            (":kick", "Usage: :kick <username>\n"),
            (":rename a", "Usage: :rename <old> <new>\n"),
            (":pm u", "Usage: :pm <username> <message>\n"),
            (":dance", "Invalid command\n"),
        ] {
            let Ask::Refused(code) = parse(line.as_bytes()) else {
                panic!("{line}")
            };
            assert_eq!(rendered(&Event::Error(code)), shown);
        }
    }

    #[test]
    fn lines() {
        assert_eq!(parse(b":list"), Ask::Request(Request::Clients));
        assert_eq!(
            parse(b"hi all"),
            Ask::Request(Request::Announce {
                text: "hi all".into()
            })
        );
        assert_eq!(
            parse(b":shutdown 30"),
            Ask::Request(Request::Shutdown { seconds: 30 })
        );
        assert_eq!(parse(b" "), Ask::Nothing);
    }

    #[test]
    fn a_word_alone_is_no_announcement_but_where_it_can_be_no_command() {
        for (line, answer) in [
            ("help", "Did you mean :help?\n"),
            ("STATS", "Did you mean :stats?\n"),
            ("list", "Did you mean :list?\n"),
            ("hello", "Invalid command\n"),
            ("join", "Invalid command\n"),
            (":join den", "Invalid command\n"),
            (":topic", "Invalid command\n"),
            (":who", "Usage: :who ROOM\n"),
        ] {
            let Ask::Refused(code) = parse(line.as_bytes()) else {
                panic!("{line}")
            };
            assert_eq!(rendered(&Event::Error(code)), answer, "{line}");
        }
        assert_eq!(command::longest_name(), "unregister".len());
        for text in ["hello all", "list them", "unregisters", "Donaudampfschiff"] {
            let text: String = text.into();
            let asked = parse(text.as_bytes());
            assert_eq!(asked, Ask::Request(Request::Announce { text }));
        }
    }

    #[test]
    fn help_lists_what_can_be_asked_and_no_more() {
        let help = rendered(&Event::Help {
            command: None,
            is_operator: true,
            has_accounts: true,
        });
        assert_eq!(help.lines().count(), OFFERED.len() + 1);
        for (line, (name, _)) in help.lines().zip(OFFERED) {
            assert!(line.starts_with(&format!(":{name}")), "{line}");
            assert!(
                line.split_once("  ")
                    .is_some_and(|(_, told)| !told.is_empty())
            );
        }
        for name in [
            "join", "topic", "history", "oper", "register", "nick", "key",
        ] {
            assert!(!help.contains(&format!(":{name} ")), "{name}");
            let command = Some(name.into());
            let asked = Event::Help {
                command,
                is_operator: true,
                has_accounts: true,
            };
            assert_eq!(rendered(&asked), "Invalid command\n");
        }
    }

    #[test]
    fn colours_at_a_terminal() {
        let shown = |event: &Event| {
            let mut out = Vec::new();
            render(event, true, &view(), &mut out);
            String::from_utf8(out).expect("UTF-8")
        };
        let room = RoomName::parse("g").expect("a room name");
        let client = ClientEntry {
            nick: author().nick,
            peer: author().peer,
        };
        for (event, line) in [
            (
                Event::Joined { author: author() },
                "\x1b[96m[00:00:00] Client 127.0.0.1:44692 CONNECTED Name: Alice\x1b[0m\n",
            ),
            (said("Hello"), "\x1b[93m[12:26:40] Alice >> \x1b[0mHello\n"),
            (
                said_in(room, "hi"),
                "\x1b[94m[12:26:40] GROUP(g) Alice >> \x1b[0mhi\n",
            ),
            (
                Event::Private {
                    message: message("psst"),
                },
                "\x1b[95m[12:26:40] Alice PM >> \x1b[0mpsst\n",
            ),
            (
                Event::Clients {
                    clients: vec![client],
                },
                "\x1b[92mSERVER: 1 client(s) connected\x1b[0m\n- Alice (127.0.0.1:44692)\n",
            ),
            (
                Event::Error(ErrorCode::NoSuchNick("x".into())),
                "\x1b[91mClient x not found\x1b[0m\n",
            ),
        ] {
            assert_eq!(shown(&event), line);
        }
    }
}
