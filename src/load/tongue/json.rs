//! Hubbub's json dialect: one object a line.

use memchr::{memchr, memmem};

use super::step::{ENTERING, IN, LEAVING, NAMED};
use super::{Heard, Speaker, Tongue};

pub(super) struct Json;

impl Tongue for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn echoes(&self) -> bool {
        true
    }

    fn greet(&self, who: &Speaker, out: &mut Vec<u8>) {
        object(&[r#"{"type":"join","username":""#, &who.name, r#""}"#], out);
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
        out.extend_from_slice(br#"{"type":"chat","message":""#);
        out.extend_from_slice(text);
        match who.room {
            Some(room) => object(&[r#"","room":"room"#, &room.to_string(), r#""}"#], out),
            None => object(&[r#""}"#], out),
        }
    }

    fn leave(&self, _: &Speaker, out: &mut Vec<u8>) {
        object(&[r#"{"type":"quit"}"#], out);
    }
}

fn object(parts: &[&str], out: &mut Vec<u8>) {
    parts
        .iter()
        .for_each(|part| out.extend_from_slice(part.as_bytes()));
    out.push(b'\n');
}

/// `{"type":"chat","username":"NAME","message":"TEXT"…`: a text of ours needs no escapes, and a name
/// has none that holds a quote.
fn said(line: &[u8]) -> Heard<'_> {
    let text = || {
        let rest = line.strip_prefix(br#"{"type":"chat","username":""#)?;
        let rest = rest[memchr(b'"', rest)?..].strip_prefix(br#"","message":""#)?;
        Some(&rest[..memchr(b'"', rest)?])
    };
    text().map_or(Heard::Other, Heard::Said)
}

fn joining<'a>(who: &Speaker, step: &mut u8, line: &'a [u8], out: &mut Vec<u8>) -> Heard<'a> {
    let Some(rest) = line.strip_prefix(br#"{"type":""#) else {
        return Heard::Other;
    };
    let kind = &rest[..memchr(b'"', rest).unwrap_or(rest.len())];
    match (*step, kind, who.room) {
        (_, b"error", _) => Heard::Refused(message(line)),
        (NAMED, b"welcome", None) | (LEAVING, b"room_left", _) => {
            *step = IN;
            Heard::Joined
        }
        (NAMED, b"welcome", Some(room)) => {
            *step = ENTERING;
            let room = room.to_string();
            object(
                &[r#"{"type":"join_room","room":"room"#, &room, r#""}"#],
                out,
            );
            Heard::Other
        }
        (ENTERING, b"room_joined", _) => {
            *step = LEAVING;
            object(&[r#"{"type":"leave_room","room":"lobby"}"#], out);
            Heard::Other
        }
        _ => Heard::Other,
    }
}

/// What an object says to people; all of it where that is not found.
fn message(line: &[u8]) -> &[u8] {
    let key = br#""message":""#;
    let text = || {
        let rest = &line[memmem::find(line, key)? + key.len()..];
        Some(&rest[..memchr(b'"', rest)?])
    };
    text().unwrap_or(line)
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
        let asked = "{\"type\":\"join_room\",\"room\":\"room7\"}\n\
                     {\"type\":\"leave_room\",\"room\":\"lobby\"}\n";
        assert_eq!(sent, asked.as_bytes());
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
