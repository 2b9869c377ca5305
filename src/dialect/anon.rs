//! The anon dialect: addresses instead of names, no handshake, no join or leave lines.

use crate::model::{Event, Manner, Message, Peer, Request, Target, shown_lines};

use super::{Ask, Stage, View, about, ask, plain, text, unmarked, utf8};

/// What stands between an address and what was sent from there.
const SAYS: &str = " dice: ";
/// Likewise before what somebody does.
const DOES: &str = " dice: * ";

pub(super) fn parse(frame: &[u8]) -> Ask {
    ask(utf8(frame).map(unmarked).map(|line| {
        let said = || Request::Say {
            room: None,
            text: line.into(),
        };
        (!line.trim().is_empty()).then(said)
    }))
}

/// An address is shown as Python shows the tuple that its `accept` returns.
pub(super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    match event {
        // Nobody has a name here, and of who comes and goes nothing is said.
        Event::Welcome { .. }
        | Event::Joined { .. }
        | Event::Left { .. }
        | Event::RoomJoined { .. }
        | Event::RoomLeft { .. }
        | Event::Renamed { .. }
        | Event::Presence { .. }
        | Event::Deleted(_)
        | Event::Motd { .. }
        | Event::History { .. } => {}
        Event::Said { .. } if view.own => {}
        Event::Said { peer, message, .. } => {
            push_said(peer, message, out);
        }
        // What is private has a name there.
        Event::Amended(amended) if matches!(amended.target, Target::Room(_)) => {
            push_said(&amended.peer, &about::told(amended), out);
        }
        // There is no prompt here.
        _ => {
            let stage = Stage::Joined;
            text::render(event, &View { stage, ..*view }, out);
        }
    }
}

/// Appends what somebody says or does, a line each.
fn push_said(peer: &Peer, message: &Message, out: &mut Vec<u8>) {
    let from = match peer {
        Peer::Ip { ip, port } if ip.is_ipv4() => format!("('{ip}', {port})"),
        Peer::Ip { ip, port } => format!("('{ip}', {port}, 0, 0)"),
        Peer::Unix(serial) => format!("('unix', {serial})"),
    };
    let says = match message.manner {
        Manner::Said | Manner::Noticed | Manner::File | Manner::Happened(_) => SAYS,
        Manner::Acted => DOES,
    };
    for line in shown_lines(&about::said(message)) {
        out.extend_from_slice(from.as_bytes());
        out.extend_from_slice(says.as_bytes());
        plain::push(line, out);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{
        PAST_EVENTS, author, message as message_of, past_event, said, said_from, view,
    };
    use super::*;
    use crate::model::{Departure, RoomName};

    fn rendered(event: &Event) -> String {
        let mut out = Vec::new();
        render(event, &view(), &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn addresses_as_python_shows_them() {
        assert_eq!(
            rendered(&said("Hello")),
            "('127.0.0.1', 44692) dice: Hello\n"
        );
        let ip = "::1".parse().expect("an address");
        let v6 = Peer::Ip { ip, port: 44692 };
        assert_eq!(
            rendered(&said_from(v6, "Hello")),
            "('::1', 44692, 0, 0) dice: Hello\n"
        );
        assert_eq!(
            rendered(&said_from(Peer::Unix(3), "Hello")),
            "('unix', 3) dice: Hello\n"
        );
    }

    #[test]
    fn what_somebody_does_and_what_is_said_to_one_alone() {
        let Event::Said {
            peer,
            room,
            message,
        } = said("waves")
        else {
            panic!("it is said")
        };
        let mut message = message.as_ref().clone();
        message.manner = Manner::Acted;
        let message = message.into();
        let did = Event::Said {
            peer,
            room,
            message,
        };
        assert_eq!(rendered(&did), "('127.0.0.1', 44692) dice: * waves\n");
        let message = message_of("psst");
        assert_eq!(
            rendered(&Event::Private { message }),
            "[Alice → you] psst\n"
        );
    }

    #[test]
    fn nobody_comes_goes_or_is_called_something() {
        let (nick, room) = (author().nick, RoomName::lobby());
        let (from, to, kick) = (nick.clone(), nick.clone(), None);
        for event in [
            Event::Joined { author: author() },
            Event::Left {
                nick: nick.clone(),
                why: Departure::Quit(Some("bye".into())),
            },
            Event::RoomJoined {
                nick: nick.clone(),
                room: room.clone(),
            },
            Event::RoomLeft {
                nick,
                room,
                kick,
                words: None,
            },
            Event::Renamed { from, to },
        ] {
            assert_eq!(rendered(&event), "", "{event:?}");
        }
    }

    #[test]
    fn nothing_of_before() {
        for event in (0..PAST_EVENTS).map(|which| past_event(which, "hi")) {
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
