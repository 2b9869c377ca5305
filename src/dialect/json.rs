//! The json dialect: newline-delimited JSON, ASCII on the way out (RFC 8259 section 7 escapes).

use std::io::Write as _;

use serde_json::{Map, Value};

use crate::limits::JSON_DEPTH_MAX;
use crate::model::{Author, Entry, ErrorCode, Event, Moment, Nick, Request, RequestId, RoomName};

use super::{Ask, Parsed, Stage, View, ask, utf8};

const TYPES: &str = "join, chat, pm, users, join_room, leave_room, ping, help, quit";

pub(super) fn parse(frame: &[u8], stage: Stage) -> Parsed {
    if frame.trim_ascii().is_empty() {
        return Parsed {
            ask: Ask::Nothing,
            id: None,
        };
    }
    let object = match stage {
        Stage::Joining => first_object(frame),
        Stage::Joined => object(frame),
    };
    let understood = object.and_then(|object| Ok((request_id(&object)?, object)));
    match understood {
        Ok((id, object)) => match stage {
            Stage::Joining => Parsed {
                ask: ask(join(&object, "username")),
                id,
            },
            Stage::Joined => Parsed {
                ask: ask(request(&object)),
                id,
            },
        },
        Err(code) => Parsed {
            ask: Ask::Refused(code),
            id: None,
        },
    }
}

/// Reads the first object, whose `name_field` is the name asked for; any other is a bad name.
pub(super) fn join(
    object: &Map<String, Value>,
    name_field: &str,
) -> Result<Option<Request>, ErrorCode> {
    let is_join = object.get("type").and_then(Value::as_str) == Some("join");
    let name = object
        .get(name_field)
        .and_then(Value::as_str)
        .filter(|_| is_join);
    let nick = name
        .and_then(|name| Nick::parse(name.trim()))
        .ok_or(ErrorCode::BadNick)?;
    Ok(Some(Request::Join { nick }))
}

fn request(object: &Map<String, Value>) -> Result<Option<Request>, ErrorCode> {
    let request = match string(object, "type")? {
        "chat" => {
            let text = string(object, "message")?.trim();
            let room = Some(room(object)?);
            return Ok((!text.is_empty()).then(|| Request::Say {
                room,
                text: text.into(),
            }));
        }
        "pm" => {
            let to = string(object, "to")?.into();
            let text = string(object, "message")?.trim();
            return Ok((!text.is_empty()).then(|| Request::Private {
                to,
                text: text.into(),
            }));
        }
        "users" => Request::Members {
            room: room(object)?,
        },
        "join_room" => {
            string(object, "room")?;
            Request::Enter {
                room: room(object)?,
                entry: Entry::Focus,
            }
        }
        "leave_room" => {
            string(object, "room")?;
            Request::Leave {
                room: Some(room(object)?),
            }
        }
        "ping" => Request::Ping,
        "help" => Request::Help,
        "quit" => Request::Quit,
        "join" => return Err(ErrorCode::AlreadyJoined),
        other => return Err(ErrorCode::UnknownType(other.into())),
    };
    Ok(Some(request))
}

pub(super) fn render_request(request: &Request) -> Option<Vec<u8>> {
    let is_trimmed = |text: &str| !text.is_empty() && text.trim() == text;
    let mut out = Vec::new();
    let object = match request {
        Request::Join { nick } => Object::new(&mut out, "join").text("username", nick.as_str()),
        Request::Say {
            room: Some(room),
            text,
        } if is_trimmed(text) => Object::new(&mut out, "chat")
            .text("message", text)
            .room(room),
        Request::Private { to, text } if is_trimmed(text) => Object::new(&mut out, "pm")
            .text("to", to)
            .text("message", text),
        Request::Members { room } => Object::new(&mut out, "users").room(room),
        Request::Enter {
            room,
            entry: Entry::Focus,
        } => Object::new(&mut out, "join_room").text("room", room.as_str()),
        Request::Leave { room: Some(room) } => {
            Object::new(&mut out, "leave_room").text("room", room.as_str())
        }
        Request::Ping => Object::new(&mut out, "ping"),
        Request::Help => Object::new(&mut out, "help"),
        Request::Quit => Object::new(&mut out, "quit"),
        Request::JoinUnnamed
        | Request::Say { .. }
        | Request::Private { .. }
        | Request::List
        | Request::Enter { .. }
        | Request::Leave { room: None } => return None,
    };
    object.close();
    Some(out)
}

pub(super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    if matches!(event, Event::Done) && view.id.is_none() {
        return;
    }
    let start = |kind| (kind, view.now);
    let object = match event {
        Event::Welcome { nick, users } => Object::new(out, "welcome")
            .text("message", &format!("Welcome to the chat, {nick}!"))
            .names("users", users)
            .time(view.now),
        Event::Joined {
            author: Author { nick, .. },
        } => presence(out, start("user_joined"), nick, "joined the chat", None),
        Event::Left { nick } => presence(out, start("user_left"), nick, "left the chat", None),
        Event::RoomJoined { nick, room } => {
            presence(out, start("user_joined"), nick, "joined", Some(room))
        }
        Event::RoomLeft { nick, room } => {
            presence(out, start("user_left"), nick, "left", Some(room))
        }
        Event::Said { author, room, text } => Object::new(out, "chat")
            .text("username", author.nick.as_str())
            .text("message", text)
            .room(room)
            .time(view.now),
        Event::Private { author, text } => Object::new(out, "pm")
            .text("username", author.nick.as_str())
            .text("message", text)
            .time(view.now),
        Event::Listing { nicks } => Object::new(out, "users").names("users", nicks),
        Event::Members { room, nicks } => {
            Object::new(out, "users").room(room).names("users", nicks)
        }
        Event::EnteredRoom { room, nicks, .. } => Object::new(out, "room_joined")
            .text("room", room.as_str())
            .names("users", nicks)
            .time(view.now),
        Event::LeftRoom { room, .. } => Object::new(out, "room_left")
            .text("room", room.as_str())
            .time(view.now),
        Event::Pong => Object::new(out, "pong"),
        Event::Help => Object::new(out, "help").text("message", TYPES),
        Event::Done | Event::PrivateSent { .. } => Object::new(out, "ok"),
        Event::Announced { text } => Object::new(out, "announcement")
            .text("message", text)
            .time(view.now),
        Event::OperatorTold { text } => Object::new(out, "operator_message")
            .text("message", text)
            .time(view.now),
        Event::Kicked => Object::new(out, "kicked").text("message", "You have been kicked"),
        Event::Shutdown => Object::new(out, "shutdown")
            .text("message", "The server is shutting down")
            .time(view.now),
        Event::Error(ErrorCode::NickTaken) => {
            Object::new(out, "error").text("message", "Username already taken")
        }
        Event::Error(ErrorCode::BadNick) => {
            Object::new(out, "error").text("message", "Invalid username")
        }
        Event::Error(code) => Object::new(out, "error").text("message", &code.to_string()),
    };
    let object = match view.id {
        Some(id) => object.raw("id", &id.0),
        None => object,
    };
    object.close();
    out.push(b'\n');
}

fn presence<'a>(
    out: &'a mut Vec<u8>,
    (kind, now): (&str, Moment),
    nick: &Nick,
    did: &str,
    room: Option<&RoomName>,
) -> Object<'a> {
    let object = Object::new(out, kind).text("username", nick.as_str());
    match room {
        Some(room) => object
            .text("message", &format!("{nick} {did} #{room}"))
            .room(room),
        None => object.text("message", &format!("{nick} {did}")),
    }
    .time(now)
}

/// Parses a frame as one object, looking at its depth before serde_json recurses into it.
pub(super) fn object(frame: &[u8]) -> Result<Map<String, Value>, ErrorCode> {
    let text = utf8(frame)?;
    if depth(frame) > JSON_DEPTH_MAX {
        return Err(ErrorCode::TooDeep);
    }
    serde_json::from_str(text).map_err(|_| ErrorCode::NotJson)
}

/// As [`object`], where anything but an object is a bad name.
pub(super) fn first_object(frame: &[u8]) -> Result<Map<String, Value>, ErrorCode> {
    object(frame).map_err(|code| match code {
        ErrorCode::NotJson => ErrorCode::BadNick,
        other => other,
    })
}

/// The deepest nesting of objects and arrays, in one pass.
fn depth(frame: &[u8]) -> usize {
    let (mut deepest, mut depth) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for &byte in frame {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

pub(super) fn string<'a>(
    object: &'a Map<String, Value>,
    field: &'static str,
) -> Result<&'a str, ErrorCode> {
    match object.get(field) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(ErrorCode::WrongField(field)),
        None => Err(ErrorCode::MissingField(field)),
    }
}

/// The room of a request; left out, it is the lobby.
fn room(object: &Map<String, Value>) -> Result<RoomName, ErrorCode> {
    match object.get("room") {
        Some(_) => RoomName::parse(string(object, "room")?).ok_or(ErrorCode::BadRoomName),
        None => Ok(RoomName::lobby()),
    }
}

fn request_id(object: &Map<String, Value>) -> Result<Option<RequestId>, ErrorCode> {
    match object.get("id") {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(RequestId(number.to_string().into()))),
        Some(Value::String(text)) => {
            let mut json = String::from('"');
            text.chars()
                .for_each(|c| escape(c, |part| json.push_str(part)));
            json.push('"');
            Ok(Some(RequestId(json.into())))
        }
        Some(_) => Err(ErrorCode::WrongField("id")),
    }
}

/// An object being written.
pub(super) struct Object<'a>(&'a mut Vec<u8>);

impl<'a> Object<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, kind: &str) -> Object<'a> {
        out.extend_from_slice(br#"{"type":""#);
        out.extend_from_slice(kind.as_bytes());
        out.push(b'"');
        Object(out)
    }

    pub(super) fn text(self, key: &str, text: &str) -> Object<'a> {
        let object = self.key(key);
        push_string(text, object.0);
        object
    }

    pub(super) fn close(self) {
        self.0.push(b'}');
    }

    fn key(self, key: &str) -> Object<'a> {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
        self
    }

    fn raw(self, key: &str, json: &str) -> Object<'a> {
        let object = self.key(key);
        object.0.extend_from_slice(json.as_bytes());
        object
    }

    fn names(self, key: &str, nicks: &[Nick]) -> Object<'a> {
        let object = self.key(key);
        object.0.push(b'[');
        for (at, nick) in nicks.iter().enumerate() {
            if at > 0 {
                object.0.push(b',');
            }
            push_string(nick.as_str(), object.0);
        }
        object.0.push(b']');
        object
    }

    /// The room of something said or done; left out for the lobby.
    fn room(self, room: &RoomName) -> Object<'a> {
        if room.is_lobby() {
            self
        } else {
            self.text("room", room.as_str())
        }
    }

    fn time(self, now: Moment) -> Object<'a> {
        let object = self.key("timestamp");
        // Writing to a Vec cannot fail.
        let _ = write!(object.0, "{}.{:03}", now.unix_ms / 1000, now.unix_ms % 1000);
        object
    }
}

/// Appends `text` as a JSON string of ASCII.
pub(super) fn push_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    text.chars()
        .for_each(|c| escape(c, |part| out.extend_from_slice(part.as_bytes())));
    out.push(b'"');
}

/// Gives `c` as ASCII inside a JSON string: itself, a short escape, or one or two `\uXXXX`.
pub(super) fn escape(c: char, mut push: impl FnMut(&str)) {
    let mut buffer = [0; 4];
    match c {
        '"' => push("\\\""),
        '\\' => push("\\\\"),
        '\n' => push("\\n"),
        '\r' => push("\\r"),
        '\t' => push("\\t"),
        ' '..='~' => push(c.encode_utf8(&mut buffer)),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                push(&format!("\\u{unit:04x}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{said, view};
    use super::*;

    fn rendered(event: &Event, id: Option<&RequestId>) -> String {
        let mut out = Vec::new();
        let now = Moment {
            unix_ms: 1_700_000_000_250,
            offset_s: 0,
        };
        render(event, &View { id, now, ..view() }, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    fn nick(name: &str) -> Nick {
        Nick::parse(name).expect("a nick")
    }

    #[test]
    fn the_forms_byte_by_byte() {
        let author = Author {
            nick: nick("alice"),
            peer: crate::model::Peer::Unix(1),
        };
        for (event, line) in [
            (
                Event::Welcome {
                    nick: nick("alice"),
                    users: vec![nick("alice")],
                },
                r#"{"type":"welcome","message":"Welcome to the chat, alice!","users":["alice"],"timestamp":1700000000.250}"#,
            ),
            (
                Event::Joined { author },
                r#"{"type":"user_joined","username":"alice","message":"alice joined the chat","timestamp":1700000000.250}"#,
            ),
            (
                Event::Left { nick: nick("bob") },
                r#"{"type":"user_left","username":"bob","message":"bob left the chat","timestamp":1700000000.250}"#,
            ),
            (
                said("Hello everyone!"),
                r#"{"type":"chat","username":"Alice","message":"Hello everyone!","timestamp":1700000000.250}"#,
            ),
            (Event::Pong, r#"{"type":"pong"}"#),
            (
                Event::Error(ErrorCode::NickTaken),
                r#"{"type":"error","message":"Username already taken"}"#,
            ),
            (
                Event::Error(ErrorCode::BadNick),
                r#"{"type":"error","message":"Invalid username"}"#,
            ),
        ] {
            assert_eq!(rendered(&event, None), format!("{line}\n"));
        }
    }

    #[test]
    fn output_is_ascii_and_one_line() {
        let line = rendered(&said("é\u{1F389}\r\n\0\x1b\x7f\u{9b}\u{202e}\"\\"), None);
        assert!(
            line.contains(
                r#""message":"\u00e9\ud83c\udf89\r\n\u0000\u001b\u007f\u009b\u202e\"\\""#
            ),
            "{line}"
        );
        assert!(line.is_ascii() && line.matches('\n').count() == 1);
    }

    #[test]
    fn an_answer_carries_the_requests_id() {
        for (sent, back) in [("7", "7"), ("-1.5", "-1.5"), (r#""é\n""#, r#""\u00e9\n""#)] {
            let frame = format!(r#"{{"type":"ping","id":{sent}}}"#);
            let parsed = parse(frame.as_bytes(), Stage::Joined);
            assert_eq!(parsed.ask, Ask::Request(Request::Ping));
            assert_eq!(
                rendered(&Event::Pong, parsed.id.as_ref()),
                format!("{{\"type\":\"pong\",\"id\":{back}}}\n")
            );
        }
        let parsed = parse(br#"{"type":"ping","id":[]}"#, Stage::Joined);
        assert_eq!(parsed.ask, Ask::Refused(ErrorCode::WrongField("id")));
        assert_eq!(rendered(&Event::Done, None), "");
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let refused = |frame: &[u8], stage| match parse(frame, stage).ask {
            Ask::Refused(code) => code,
            other => panic!("{other:?}"),
        };
        let deep = [b"{\"a\":".repeat(33), b"1".to_vec(), b"}".repeat(33)].concat();
        assert_eq!(refused(&deep, Stage::Joined), ErrorCode::TooDeep);
        assert_eq!(refused(b"hello", Stage::Joined), ErrorCode::NotJson);
        assert_eq!(refused(b"[]", Stage::Joined), ErrorCode::NotJson);
        assert_eq!(
            refused(b"{}", Stage::Joined),
            ErrorCode::MissingField("type")
        );
        assert_eq!(
            refused(b"{\"type\":1}", Stage::Joined),
            ErrorCode::WrongField("type")
        );
        assert_eq!(
            refused(b"{\"type\":\"chat\"}", Stage::Joined),
            ErrorCode::MissingField("message")
        );
        assert_eq!(refused(b"\"\xff\"", Stage::Joined), ErrorCode::NotUtf8);
        assert_eq!(
            refused(br#"{"type":"dance"}"#, Stage::Joined),
            ErrorCode::UnknownType("dance".into())
        );
        for frame in [
            &b"hello"[..],
            b"{}",
            br#"{"type":"ping"}"#,
            br#"{"type":"join"}"#,
        ] {
            assert_eq!(refused(frame, Stage::Joining), ErrorCode::BadNick);
        }
        let brackets_in_a_string = format!(r#"{{"type":"ping","x":"{}\"["}}"#, "[".repeat(40));
        assert_eq!(
            parse(brackets_in_a_string.as_bytes(), Stage::Joined).ask,
            Ask::Request(Request::Ping)
        );
    }

    #[test]
    fn a_message_is_trimmed_and_a_blank_one_ignored() {
        let say = |text: &str| {
            let room = Some(RoomName::lobby());
            Ask::Request(Request::Say {
                room,
                text: text.into(),
            })
        };
        assert_eq!(
            parse(br#"{"type":"chat","message":" hi\n"}"#, Stage::Joined).ask,
            say("hi")
        );
        assert_eq!(
            parse(br#"{"type":"chat","message":" \t"}"#, Stage::Joined).ask,
            Ask::Nothing
        );
        assert_eq!(parse(b" \r", Stage::Joined).ask, Ask::Nothing);
    }
}
