//! The anon dialect: addresses instead of names, no handshake, no join or leave lines.

use std::io::Write as _;

use crate::model::{Event, Manner, Peer, Request};

use super::{Ask, Stage, View, ask, plain, text, utf8, words};

pub(super) fn parse(frame: &[u8]) -> Ask {
    ask(utf8(frame).map(|line| {
        let said = || Request::Say {
            room: None,
            text: line.into(),
        };
        (!line.trim().is_empty()).then(said)
    }))
}

pub(super) fn render_request(request: &Request) -> Option<String> {
    match request {
        Request::Say { room: None, text } => words::is_line(text).then(|| text.clone()),
        _ => None,
    }
}

/// An address is shown as Python shows the tuple that its `accept` returns.
pub(super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    match event {
        Event::Welcome { .. }
        | Event::Joined { .. }
        | Event::Left { .. }
        | Event::Presence { .. }
        | Event::History { .. } => {}
        Event::Said { message, .. } if view.own && message.manner == Manner::Said => {}
        Event::Said { peer, message, .. } if message.manner == Manner::Said => {
            // Writing to a Vec cannot fail.
            let _ = match peer {
                Peer::Ip { ip, port } if ip.is_ipv4() => write!(out, "('{ip}', {port}) "),
                Peer::Ip { ip, port } => write!(out, "('{ip}', {port}, 0, 0) "),
                Peer::Unix(serial) => write!(out, "('unix', {serial}) "),
            };
            plain::push(&message.text, out);
            out.push(b'\n');
        }
        // There is no prompt here.
        _ => {
            let stage = Stage::Joined;
            text::render(event, &View { stage, ..*view }, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{past_events, said, said_from, view};
    use super::*;

    fn rendered(event: &Event) -> String {
        let mut out = Vec::new();
        render(event, &view(), &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn addresses_as_python_shows_them() {
        assert_eq!(
            rendered(&said("dice: Hello")),
            "('127.0.0.1', 44692) dice: Hello\n"
        );
        let ip = "::1".parse().expect("an address");
        let v6 = Peer::Ip { ip, port: 44692 };
        assert_eq!(rendered(&said_from(v6, "hi")), "('::1', 44692, 0, 0) hi\n");
        assert_eq!(
            rendered(&said_from(Peer::Unix(3), "hi")),
            "('unix', 3) hi\n"
        );
    }

    #[test]
    fn nothing_of_before() {
        for event in past_events("hi") {
            if matches!(event, Event::History { .. }) {
                assert_eq!(rendered(&event), "");
            }
        }
    }

    #[test]
    fn a_line_is_what_was_sent() {
        assert_eq!(
            parse(b"/list"),
            Ask::Request(Request::Say {
                room: None,
                text: "/list".into()
            })
        );
        assert_eq!(parse(b"  "), Ask::Nothing);
    }
}
