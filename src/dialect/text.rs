//! The text dialect: people with nc or telnet.

use std::borrow::Cow;
use std::io::Write as _;

use crate::model::{ErrorCode, Event, Nick, Request};

use super::{Ask, Stage, View, ask, command, plain, utf8};

/// What a name is asked with; no line end, so that the name stands behind it.
pub(super) const PROMPT: &str = "Enter your name: ";

pub(super) fn parse(frame: &[u8], stage: Stage) -> Ask {
    let frame = without_telnet(frame);
    ask(utf8(&frame).and_then(|line| match stage {
        _ if line.is_empty() => Ok(None),
        Stage::Joining => Nick::parse(line.trim())
            .map(|nick| Some(Request::Join { nick }))
            .ok_or(ErrorCode::BadNick),
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
        Request::Join { nick } => Some(nick.to_string()),
        Request::Say { room: None, text } => {
            let escape = if text.starts_with('/') { "/" } else { "" };
            command::is_line(text).then(|| format!("{escape}{text}"))
        }
        _ => command::render(request),
    }
}

/// telnet's Ctrl-C ends with IAC DO TIMING-MARK, and the client shows nothing more until that is
/// answered (RFC 860); the answer is WONT. Every other negotiation can go unanswered.
pub(super) fn answer_to_unfinished(bytes: &[u8]) -> &'static [u8] {
    if bytes.ends_with(b"\xff\xfd\x06") {
        b"\xff\xfc\x06"
    } else {
        b""
    }
}

/// Removes the telnet commands of a line (RFC 854): two bytes, three for an option (WILL, WONT, DO,
/// DONT), or a subnegotiation up to IAC SE. A 0xFF that begins none of them stays, and is not UTF-8.
fn without_telnet(line: &[u8]) -> Cow<'_, [u8]> {
    const IAC: u8 = 255;
    if memchr::memchr(IAC, line).is_none() {
        return Cow::Borrowed(line);
    }
    let mut kept = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr(IAC, rest) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let skipped = match rest {
            [_, 251..=254, _, ..] => 3,
            [_, 250, body @ ..] => {
                memchr::memmem::find(body, &[IAC, 240]).map_or(0, |end| 2 + end + 2)
            }
            [_, 240..=249, ..] => 2,
            _ => 0,
        };
        if skipped == 0 {
            kept.push(IAC);
        }
        rest = &rest[skipped.max(1)..];
    }
    kept.extend_from_slice(rest);
    Cow::Owned(kept)
}

pub(super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    // Writing to a Vec cannot fail.
    let _ = match event {
        Event::Welcome { nick, .. } => writeln!(out, "[Server] {nick} joined the chat!"),
        Event::Joined { author } => writeln!(out, "[Server] {} joined the chat!", author.nick),
        Event::Left { nick } => writeln!(out, "[Server] {nick} left the chat!"),
        Event::Said { .. } if view.own => Ok(()),
        Event::Said { author, text, .. } if view.here => {
            labelled(out, format_args!("{}", author.nick), text)
        }
        Event::Said { author, room, text } => {
            labelled(out, format_args!("#{room} {}", author.nick), text)
        }
        Event::Private { author, text } => {
            labelled(out, format_args!("{} → you", author.nick), text)
        }
        Event::PrivateSent { to, text } => labelled(out, format_args!("you → {to}"), text),
        Event::Listing { nicks } => writeln!(out, "Current clients: {}", listed(nicks)),
        Event::Members { room, nicks } => writeln!(out, "[Server] In #{room}: {}", listed(nicks)),
        Event::EnteredRoom {
            room,
            created: true,
            ..
        } => {
            writeln!(out, "[Server] You made the room #{room}.")
        }
        Event::EnteredRoom { room, nicks, .. } => {
            writeln!(out, "[Server] You entered #{room}. Here: {}", listed(nicks))
        }
        Event::LeftRoom { room, now_in } => {
            writeln!(
                out,
                "[Server] You left #{room}. You speak in #{now_in} now."
            )
        }
        Event::RoomJoined { nick, room } => writeln!(out, "[Server] {nick} entered #{room}."),
        Event::RoomLeft { nick, room } => writeln!(out, "[Server] {nick} left #{room}."),
        Event::Pong => writeln!(out, "[Server] Pong."),
        Event::Help => command::COMMANDS.iter().try_for_each(|command| {
            writeln!(out, "[Server] {:16} {}", command.usage, command.summary)
        }),
        Event::Done => Ok(()),
        Event::Announced { text } => labelled(out, format_args!("Server"), text),
        Event::OperatorTold { text } => labelled(out, format_args!("Server → you"), text),
        Event::Kicked => writeln!(out, "[Server] You have been kicked."),
        Event::Shutdown => writeln!(out, "[Server] The server is shutting down."),
        Event::Error(code) => {
            plain::push(&format!("[Server] {code}"), out);
            match view.stage {
                Stage::Joining if !code.is_final() => write!(out, " {PROMPT}"),
                _ => writeln!(out),
            }
        }
    };
}

fn labelled(out: &mut Vec<u8>, label: std::fmt::Arguments<'_>, text: &str) -> std::io::Result<()> {
    write!(out, "[{label}] ")?;
    plain::push(text, out);
    writeln!(out)
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
            Ask::Request(Request::Join { nick: bob })
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
    fn telnet_negotiation_is_skipped() {
        for (line, kept) in [
            (&b"\xff\xf4\xff\xfd\x06hi"[..], &b"hi"[..]),
            (b"h\xff\xfb\x1fi\xff\xfa\x1f\0\x50\0\x18\xff\xf0", b"hi"),
            (b"\xff\xfd\x06", b""),
            (b"h\xffi", b"h\xffi"),
            (b"hi\xff", b"hi\xff"),
            (b"hi\xff\xfd", b"hi\xff\xfd"),
            (b"hi\xff\xfa\x18", b"hi\xff\xfa\x18"),
            (b"\xff\xff", b"\xff\xff"),
        ] {
            assert_eq!(without_telnet(line), kept, "{line:?}");
        }
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
            rendered(&Event::Left { nick: alice }, &joined),
            "[Server] Alice left the chat!\n"
        );
        assert_eq!(
            rendered(&Event::Listing { nicks }, &joined),
            "Current clients: Alice, Bob\n"
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
