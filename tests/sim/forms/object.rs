//! Objects of the json dialect.

use serde_json::{Map, Value};

use crate::told::{Heard, Told, Where, sentence};

/// What an event may be, to who speaks json.
pub(super) const TYPES: &[&str] = &[
    "welcome",
    "user_joined",
    "user_left",
    "presence",
    "nick",
    "chat",
    "me",
    "pm",
    "deleted",
    "edited",
    "reacted",
    "ok",
    "history",
    "history_end",
    "moving",
    "nodes",
    "search",
    "search_end",
    "token",
    "users",
    "rooms",
    "room_joined",
    "room_left",
    "topic",
    "whois",
    "pong",
    "help",
    "notice",
    "announcement",
    "operator_message",
    "kicked",
    "bans",
    "clients",
    "stats",
    "shutdown",
    "error",
];

/// What an event may be at the padded door.
pub(super) const PADDED: &[&str] = &[
    "chat",
    "user_joined",
    "user_left",
    "error",
    "welcome",
    "pong",
    "ok",
];

/// A line that is one object in ASCII, whose type is known.
pub(super) fn json(line: &str, types: &[&str]) -> Result<Told, String> {
    let wrong = |why: &str| format!("{why}: {}", super::shown(line.as_bytes()));
    if !line.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(wrong("not printable ASCII"));
    }
    let object: Map<String, Value> = serde_json::from_str(line).map_err(|_| wrong("no object"))?;
    let kind = object
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !types.contains(&kind) {
        return Err(wrong("of no known type"));
    }
    told(kind, &object, types.len() == PADDED.len()).ok_or_else(|| wrong("a field is missing"))
}

fn told(kind: &str, object: &Map<String, Value>, is_padded: bool) -> Option<Told> {
    let text = |field: &str| object.get(field).and_then(Value::as_str).map(String::from);
    let number = |field: &str| object.get(field).and_then(Value::as_u64);
    let by_server = is_padded && kind == "chat" && text("username")? == "Server";
    Some(match kind {
        "chat" if by_server => padded_sentence(&text("message")?),
        "chat" | "me" if is_padded && !object.contains_key("room") => {
            // Private ones come behind a label.
            let message = text("message")?;
            let message = super::lines::without_number(&message);
            let (label, words) = message.split_once("] ").unwrap_or_default();
            let place = match label.strip_prefix("[→ ")? {
                "you" => Where::ToMe,
                other => Where::ByMe(other.into()),
            };
            heard(place, text("username"), number("id"), None, words.into())
        }
        "chat" | "me" => {
            let is_live = (!is_padded).then_some(true);
            let place = Where::Room(text("room")?);
            heard(
                place,
                Some(text("username")?),
                Some(number("id")?),
                is_live,
                text("message")?,
            )
        }
        "pm" => heard(
            Where::ToMe,
            Some(text("username")?),
            Some(number("id")?),
            Some(true),
            text("message")?,
        ),
        "history" | "search" => {
            let place = match (text("room"), text("with")) {
                (Some(room), None) => Where::Room(room),
                (None, Some(_)) => text("to").map_or(Where::ToMe, Where::ByMe),
                _ => return None,
            };
            heard(
                place,
                Some(text("username")?),
                Some(number("id")?),
                Some(false),
                text("message")?,
            )
        }
        "welcome" => Told::Welcome(
            text("message")?
                .strip_prefix("Welcome to the chat, ")?
                .strip_suffix('!')?
                .into(),
        ),
        "user_left" if !object.contains_key("room") => Told::Gone(text("username")?),
        "user_joined" if is_padded && !object.contains_key("room") => {
            Told::Joined(text("username")?)
        }
        "nick" => Told::Renamed {
            from: text("username")?,
            to: text("to")?,
        },
        "room_joined" => Told::Entered(text("room")?),
        "room_left" => Told::Left {
            room: text("room")?,
            now_in: text("now_in"),
        },
        "users" => Told::Roster {
            room: text("room").or_else(|| Some("lobby".into())),
            names: object
                .get("users")?
                .as_array()?
                .iter()
                .filter_map(Value::as_str)
                .map(Into::into)
                .collect(),
            is_cut: object.contains_key("members"),
        },
        "ok" => Told::Done {
            request: number("id"),
            message: number("message_id"),
            room: text("room"),
        },
        "error" => match sentence(&text("message")?) {
            Told::Farewell(why) => Told::Farewell(why),
            _ => Told::Refused(text("code")?),
        },
        "deleted" => Told::Deleted(number("id")?),
        "kicked" => Told::Farewell("kicked"),
        "shutdown" => Told::Farewell("shutdown"),
        _ => Told::Other(Value::Object(object.clone()).to_string()),
    })
}

/// The server's sentences at the padded door.
fn padded_sentence(text: &str) -> Told {
    if text.starts_with("[you → ") {
        return super::lines::message(text, None).unwrap_or_else(|| Told::Other(text.into()));
    }
    sentence(text)
}

fn heard(
    place: Where,
    by: Option<String>,
    id: Option<u64>,
    is_live: Option<bool>,
    text: String,
) -> Told {
    Told::Heard(Heard {
        place,
        by,
        id,
        is_live,
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects() {
        let told = |line: &str| json(line, TYPES);
        let line =
            r#"{"type":"chat","username":"Al","message":"hi","id":7,"room":"den","timestamp":1.5}"#;
        let place = Where::Room("den".into());
        assert_eq!(
            told(line),
            Ok(heard(
                place,
                Some("Al".into()),
                Some(7),
                Some(true),
                "hi".into()
            ))
        );
        let line = r#"{"type":"welcome","message":"Welcome to the chat, Al!","users":[]}"#;
        assert_eq!(told(line), Ok(Told::Welcome("Al".into())));
        for line in [
            r#"{"type":"chat"}"#,
            r#"{"type":"dance"}"#,
            r#"{"type":"pong"}{"type":"pong"}"#,
            r#"{"type":"po"#,
            "{\"type\":\"notice\",\"message\":\"é\"}",
        ] {
            assert!(told(line).is_err(), "{line}");
        }
    }
}
