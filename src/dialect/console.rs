//! The operator's console: commands behind `:` or `/`, and plain text to all.

use crate::model::{ErrorCode, Event, Request};

use super::{Ask, ask, command, line, plain, text, utf8, words};

pub(super) fn parse(frame: &[u8]) -> Ask {
    ask(utf8(frame)
        .map(str::trim)
        .and_then(|line| match line.strip_prefix([':', '/']) {
            _ if line.is_empty() => Ok(None),
            Some(rest) => parse_command(rest).map(Some),
            None => Ok(Some(Request::Announce { text: line.into() })),
        }))
}

/// Here `:list` shows the clients, not a room.
fn parse_command(line: &str) -> Result<Request, ErrorCode> {
    match command::parse(line) {
        Ok(Request::List) => Ok(Request::Clients),
        parsed => parsed,
    }
}

pub(super) fn render_request(request: &Request) -> Option<String> {
    match request {
        Request::Announce { text } => {
            let is_plain = !text.starts_with([':', '/']) && text.trim() == text;
            (words::is_line(text) && is_plain).then(|| text.clone())
        }
        Request::List => None,
        // What ends a line is trimmed here.
        _ => line::render(request).filter(|line| line.trim_end() == line),
    }
}

pub(super) fn render(event: &Event, out: &mut Vec<u8>) {
    let lines = match event {
        Event::Clients { .. } => {
            let mut lines = text::sentences(event);
            lines[0].insert_str(0, "SERVER: ");
            lines
        }
        Event::KickedOut { nick } => vec![format!("Client {nick} has been kicked")],
        Event::RenamedOther { from, to } => {
            vec![format!("Client {from} has been renamed to {to}")]
        }
        Event::PrivateSent { to, .. } => vec![format!("Private message sent to {to}")],
        Event::Error(code) => vec![error(code)],
        _ => text::sentences(event),
    };
    for line in lines {
        plain::push(&line, out);
        out.push(b'\n');
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
    use super::super::oracle::{author, message};
    use super::*;
    use crate::model::{ClientEntry, Nick, Part, RoomName, Target};

    fn rendered(event: &Event) -> String {
        let mut out = Vec::new();
        render(event, &mut out);
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
}
