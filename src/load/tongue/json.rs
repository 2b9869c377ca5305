//! Hubbub's json dialect, and what it stands in for: one object a line.

use memchr::memchr;

use super::step::{ENTERING, IN, LEAVING, NAMED};
use super::{Heard, Speaker, Tongue, object, pad};

pub(super) struct Json;

impl Tongue for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn echoes(&self) -> bool {
        true
    }

    fn fills_reads(&self) -> bool {
        true
    }

    fn has_websocket(&self) -> bool {
        true
    }

    fn greet(&self, who: &Speaker, out: &mut Vec<u8>) {
        push(&[r#"{"type":"join","username":""#, &who.name, r#""}"#], out);
    }

    fn read<'a>(
        &self,
        who: &Speaker,
        step: &mut u8,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Option<(usize, Heard<'a>)> {
        let end = memchr(b'\n', bytes)?;
        let line = &bytes[..end];
        let heard = match *step {
            IN => said(line),
            _ => joining(who, step, line, out),
        };
        Some((end + 1, heard))
    }

    fn say(&self, who: &Speaker, text: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(br#"{"type":"chat","message":""#);
        out.extend_from_slice(text);
        if let Some(room) = who.room {
            out.extend_from_slice(br#"","room":"room"#);
            out.extend_from_slice(room.to_string().as_bytes());
        }
        out.extend_from_slice(br#""}"#);
        pad(start, b"\n", out);
    }

    fn leave(&self, _: &Speaker, out: &mut Vec<u8>) {
        push(&[r#"{"type":"quit"}"#], out);
    }
}

fn push(parts: &[&str], out: &mut Vec<u8>) {
    let start = out.len();
    parts
        .iter()
        .for_each(|part| out.extend_from_slice(part.as_bytes()));
    pad(start, b"\n", out);
}

/// What is said: a text of ours needs no escapes.
fn said(line: &[u8]) -> Heard<'_> {
    // `{"type":"chat","username":"NAME","message":"TEXT"…` is what Hubbub writes, and read most.
    let ours = || {
        let rest = line.strip_prefix(br#"{"type":"chat","username":""#)?;
        let rest = rest[memchr(b'"', rest)?..].strip_prefix(br#"","message":""#)?;
        Some(&rest[..memchr(b'"', rest)?])
    };
    let any = || {
        let is_chat = object::text(line, "type") == Some(b"chat");
        is_chat.then(|| object::text(line, "message")).flatten()
    };
    ours().or_else(any).map_or(Heard::Other, Heard::Said)
}

fn joining<'a>(who: &Speaker, step: &mut u8, line: &'a [u8], out: &mut Vec<u8>) -> Heard<'a> {
    let Some(kind) = object::text(line, "type") else {
        return Heard::Other;
    };
    match (*step, kind, who.room) {
        (_, b"error", _) => Heard::Refused(object::text(line, "message").unwrap_or(line)),
        (NAMED, b"welcome", None) | (LEAVING, b"room_left", _) => {
            *step = IN;
            Heard::Joined
        }
        (NAMED, b"welcome", Some(room)) => {
            *step = ENTERING;
            let room = room.to_string();
            push(
                &[r#"{"type":"join_room","room":"room"#, &room, r#""}"#],
                out,
            );
            Heard::Other
        }
        (ENTERING, b"room_joined", _) => {
            *step = LEAVING;
            push(&[r#"{"type":"leave_room","room":"lobby"}"#], out);
            Heard::Other
        }
        _ => Heard::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{Told, check, speaker};
    use super::*;

    #[test]
    fn one_comes_in_and_hears() {
        let (told, sent) = check(
            &Json,
            &speaker(None),
            br#"{"type":"welcome","message":"Welcome to the chat, bob!","users":["bob"],"timestamp":1.5}
{"type":"user_joined","username":"eve","message":"eve joined the chat","timestamp":1.5}
{"type":"chat","username":"eve","message":"~text.","id":7,"room":"lobby","timestamp":1.5}
{"type":"chat","username":"\u00e9","message":"a\"b","timestamp":1.5}
{"type":"pong"}
"#,
        );
        let said = |text: &[u8]| Told::Said(text.to_vec());
        let expected = [
            Told::Joined,
            Told::Other,
            said(b"~text."),
            said(b"a\\"),
            Told::Other,
        ];
        assert_eq!(told, expected);
        assert_eq!(sent, b"");
    }

    #[test]
    fn a_room_is_entered_and_the_lobby_left() {
        let (told, sent) = check(
            &Json,
            &speaker(Some(7)),
            br#"{"type":"welcome","message":"Welcome to the chat, bob!","users":["bob"],"timestamp":1.5}
{"type":"user_joined","username":"eve","message":"eve joined the chat","timestamp":1.5}
{"type":"room_joined","room":"room7","created":true,"users":["bob"],"timestamp":1.5}
{"type":"room_left","room":"lobby","now_in":"room7"}
{"type":"chat","username":"eve","message":"~x.","id":7,"room":"room7","timestamp":1.5}
"#,
        );
        assert_eq!(told[3..], [Told::Joined, Told::Said(b"~x.".to_vec())]);
        let asked = [
            r#"{"type":"join_room","room":"room7"}"#,
            r#"{"type":"leave_room","room":"lobby"}"#,
        ];
        let asked = asked.map(|line| format!("{line:1023}\n")).concat();
        assert_eq!(sent, asked.as_bytes());
    }

    #[test]
    fn another_hand_writes_blanks_and_another_order() {
        let (told, _) = check(
            &Json,
            &speaker(None),
            br#"{"type": "welcome", "message": "Welcome to the chat, bob!", "users": ["bob"], "timestamp": 1.5}
{"type": "chat", "username": "eve", "message": "~text.", "timestamp": 1.5}
{"username": "eve", "timestamp": 1.5, "message": "~other.", "type": "chat"}
{"type": "user_left", "username": "eve", "message": "~left."}
"#,
        );
        let said = |text: &[u8]| Told::Said(text.to_vec());
        assert_eq!(
            told,
            [Told::Joined, said(b"~text."), said(b"~other."), Told::Other]
        );
    }

    #[test]
    fn a_refused_name() {
        let line = br#"{"type":"error","message":"Username already taken"}
"#;
        let (told, _) = check(&Json, &speaker(None), line);
        assert_eq!(told, [Told::Refused(b"Username already taken".to_vec())]);
    }

    #[test]
    fn what_is_sent_is_what_the_dialect_reads() {
        use crate::dialect::{Ask, Dialect, Stage};
        let asked = |write: &dyn Fn(&mut Vec<u8>), stage| {
            let mut out = Vec::new();
            write(&mut out);
            assert_eq!(out.pop(), Some(b'\n'));
            Dialect::Json.parse(&out, stage).ask
        };
        let (bob, in_room) = (speaker(None), speaker(Some(7)));
        for (write, stage) in [
            (
                &(|out: &mut Vec<u8>| Json.greet(&bob, out)) as &dyn Fn(&mut Vec<u8>),
                Stage::Joining,
            ),
            (
                &|out: &mut Vec<u8>| Json.say(&bob, b"~x.", out),
                Stage::Joined,
            ),
            (
                &|out: &mut Vec<u8>| Json.say(&in_room, b"~x.", out),
                Stage::Joined,
            ),
            (&|out: &mut Vec<u8>| Json.leave(&bob, out), Stage::Joined),
        ] {
            assert!(matches!(asked(write, stage), Ask::Request(_)));
        }
    }
}
