//! The pynet dialect: JSON objects with nothing between them. Its client does one `recv(1024)` and
//! one JSON parse a message, so each object is padded to exactly that size.

use crate::limits::CLIENT_READ_BYTES;
use crate::model::{ErrorCode, Event, Manner, Message, Request, RoomName, Target};

use super::object::{self, Object};
use super::{Ask, Dialect, Stage, View, about, ask, json, past, plain, text};

pub(super) fn parse(frame: &[u8], stage: Stage) -> Ask {
    ask(read(frame, stage))
}

fn read(frame: &[u8], stage: Stage) -> Result<Option<Request>, ErrorCode> {
    if stage != Stage::Joined {
        return object::read_first(frame)
            .and_then(|object| json::join(&object, "data", Dialect::Pynet.spec()));
    }
    let object = object::read(frame)?;
    match object::string(&object, "type")? {
        "chat" => text::parse_plain_line(object::string(&object, "data")?),
        "join" => Err(ErrorCode::AlreadyJoined),
        other => Err(ErrorCode::UnknownType(other.into())),
    }
}

pub(super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    match event {
        Event::Welcome { .. } | Event::Joined { .. } | Event::Motd { .. } => {}
        Event::Said { message, .. } if view.own && message.manner != Manner::Acted => {}
        Event::Left { nick, .. } => push_server_message(&format!("{nick} has left the chat."), out),
        // Of those who come into the lobby its client is told nothing, of those who leave each.
        Event::Presence { room, left: 0, .. } if room.is_lobby() => {}
        Event::Presence {
            room,
            left,
            members,
            ..
        } if room.is_lobby() => push_server_message(&text::absence(*left, *members), out),
        Event::Said { room, message, .. } => push_said(room, message, out),
        Event::Amended(amended) => {
            let told = about::told(amended);
            match &amended.target {
                Target::Room(room) => push_said(room, &told, out),
                Target::User(_) => past::message_lines("", &amended.target, &told)
                    .iter()
                    .for_each(|line| push_server_message(line, out)),
            }
        }
        Event::History {
            target,
            messages,
            part,
        } => {
            for message in messages {
                let number = past::number(*part, message);
                match target {
                    Target::Room(room) if number.is_empty() => push_said(room, message, out),
                    Target::Room(_) | Target::User(_) => {
                        past::message_lines(&number, target, message)
                            .iter()
                            .for_each(|line| push_server_message(line, out));
                    }
                }
            }
            if let Some(closing) = past::closing(event, view.here) {
                push_server_message(&closing, out);
            }
        }
        _ => text::sentences(event)
            .iter()
            .for_each(|line| push_server_message(line, out)),
    }
}

/// Where one speaks is not seen here: a room's text names the room, except the lobby's.
fn push_said(room: &RoomName, message: &Message, out: &mut Vec<u8>) {
    let (nick, said) = (&message.nick, about::said(message));
    let label = match (message.manner, room.is_lobby()) {
        (Manner::Said | Manner::Noticed | Manner::File | Manner::Happened(_), true) => {
            let mut head = Vec::new();
            Object::new(&mut head, "message").text("from", nick.as_str());
            return push_objects(&head, &said, out);
        }
        (Manner::Said | Manner::Noticed | Manner::File | Manner::Happened(_), false) => {
            format!("[#{room} {nick}] ")
        }
        (Manner::Acted, true) => format!("* {nick} "),
        (Manner::Acted, false) => format!("[#{room}] * {nick} "),
    };
    text::labelled(&label, &said)
        .iter()
        .for_each(|line| push_server_message(line, out));
}

/// One line of text.
fn push_server_message(line: &str, out: &mut Vec<u8>) {
    let line = &plain::cleaned(line);
    let mut head = Vec::new();
    Object::new(&mut head, "server_message");
    push_objects(&head, line, out);
}

/// Appends `text` as the `data` of as many objects as it needs, each beginning with `head` and
/// padded with spaces. Cut between characters; an empty text is one object.
fn push_objects(head: &[u8], text: &str, out: &mut Vec<u8>) {
    const DATA: &[u8] = b",\"data\":\"";
    const TAIL: &[u8] = b"\"}";
    let room = CLIENT_READ_BYTES - head.len() - DATA.len() - TAIL.len();
    let mut rest = text.chars().peekable();
    loop {
        let object_end = out.len() + CLIENT_READ_BYTES;
        out.extend_from_slice(head);
        out.extend_from_slice(DATA);
        let data_end = out.len() + room;
        while let Some(&c) = rest.peek() {
            let before = out.len();
            object::escape(c, |part| out.extend_from_slice(part.as_bytes()));
            if out.len() > data_end {
                out.truncate(before);
                break;
            }
            rest.next();
        }
        out.extend_from_slice(TAIL);
        out.resize(object_end, b' ');
        if rest.peek().is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{message, said, view};
    use super::*;
    use crate::model::{Departure, Nick, Part};
    use serde_json::{Value, json};

    /// The objects of an event, each checked to be of the size that the client reads.
    fn rendered(event: &Event) -> Vec<Value> {
        let mut out = Vec::new();
        render(event, &view(), &mut out);
        assert!(out.is_ascii() && out.len().is_multiple_of(CLIENT_READ_BYTES));
        out.chunks(CLIENT_READ_BYTES)
            .map(|object| serde_json::from_slice(object).expect("one object"))
            .collect()
    }

    #[test]
    fn the_forms() {
        assert_eq!(
            rendered(&said("Hello")),
            [json!({"type": "message", "from": "Alice", "data": "Hello"})]
        );
        let bob = Nick::parse("Bob").expect("a nick");
        assert_eq!(
            rendered(&Event::Left {
                nick: bob.clone(),
                why: Departure::Quit(None)
            }),
            [json!({"type": "server_message", "data": "Bob has left the chat."})]
        );
        assert_eq!(
            rendered(&Event::PrivateSent {
                id: None,
                to: bob,
                text: "hi".into(),
                away: None
            }),
            [json!({"type": "server_message", "data": "[you → Bob] hi"})]
        );
        let mut out = Vec::new();
        render(&said("Hello"), &view(), &mut out);
        assert!(out.starts_with(br#"{"type":"message","from":"Alice","data":"Hello"}   "#));
    }

    #[test]
    fn what_was_said_before() {
        let bob = Nick::parse("bob").expect("a nick");
        let history = |target, part| {
            let messages = vec![message("hi")];
            rendered(&Event::History {
                target,
                messages,
                part,
            })
        };
        let line = |data: &str| json!({"type": "server_message", "data": data});
        let said = json!({"type": "message", "from": "Alice", "data": "hi"});
        let lobby = Target::Room(RoomName::lobby());
        assert_eq!(history(lobby.clone(), Part::First)[0], said);
        let answer = Part::Answer {
            has_more: false,
            newest: true,
            shows_ids: false,
            only_files: false,
        };
        let end = line("That is 1 of #lobby.");
        assert_eq!(history(lobby, answer), [said, end]);
        let private = history(Target::User(bob), Part::Next { after_ms: 0 });
        assert_eq!(private, [line("[you → bob] hi")]);
        let found = Event::Found {
            messages: vec![(RoomName::lobby(), message("hi"))],
            has_more: false,
        };
        let lines = [line("[#lobby Alice] hi"), line("1 found.")];
        assert_eq!(rendered(&found), lines);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        for text in ["x".repeat(4096), "🎉é\"".repeat(300), "\0".repeat(1000)] {
            let objects = rendered(&said(&text));
            assert!(objects.len() > 1);
            let joined: String = objects
                .iter()
                .map(|o| o["data"].as_str().expect("text"))
                .collect();
            assert_eq!(joined, text);
        }
        // There are 43 bytes around the text: 981 fit, one more does not.
        for (len, count) in [(981, 1), (982, 2)] {
            assert_eq!(rendered(&said(&"x".repeat(len))).len(), count);
        }
    }

    #[test]
    fn requests() {
        let alice = Nick::parse("Alice").expect("a nick");
        assert_eq!(
            parse(br#"{"type": "join", "data": "Alice"}"#, Stage::Joining),
            Ask::Request(Request::Join {
                nick: alice,
                wants_users: false,
                login: None,
                resume: Vec::new(),
                replay: Some(0),
            })
        );
        assert_eq!(
            parse(br#"{"type": "chat", "data": "Hello"}"#, Stage::Joined),
            Ask::Request(Request::Say {
                room: None,
                text: "Hello".into()
            })
        );
        let said = |text: &str| {
            let text = text.into();
            Ask::Request(Request::Say { room: None, text })
        };
        for (data, asked) in [
            ("/shrug", said("/shrug")),
            (" /shrug it", said(" /shrug it")),
            ("//shrug", said("//shrug")),
            ("/", said("/")),
            ("//list", said("/list")),
            ("///list", said("//list")),
            ("/LIST", Ask::Request(Request::List)),
            ("  /list", Ask::Request(Request::List)),
            ("/pm", Ask::Refused(ErrorCode::Usage("/pm NAME TEXT"))),
            (" ", Ask::Nothing),
        ] {
            let object = json!({"type": "chat", "data": data}).to_string();
            assert_eq!(parse(object.as_bytes(), Stage::Joined), asked, "{data}");
        }
        assert_eq!(
            parse(b"junk", Stage::Joined),
            Ask::Refused(ErrorCode::NotJson)
        );
        assert_eq!(
            parse(br#"{"type":"chat"}"#, Stage::Joining),
            Ask::Refused(ErrorCode::BadNick)
        );
    }
}
