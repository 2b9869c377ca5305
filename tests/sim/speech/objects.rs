//! Objects of json that no table has: fields of any kind, and what only programs ask for.

use serde_json::{Map, Value, json};

use crate::ledger::{To, nonces};

use super::{OPER_PASSWORD, Speech};

/// Every field that a request may have.
const FIELDS: [&str; 27] = [
    "username",
    "message",
    "room",
    "to",
    "key",
    "topic",
    "password",
    "old",
    "action",
    "name",
    "on",
    "locked",
    "mask",
    "seconds",
    "reason",
    "limit",
    "before",
    "after",
    "since",
    "resume",
    "replay",
    "page",
    "query",
    "with",
    "multi",
    "data",
    "message_id",
];

/// Types that the help does not list.
const OTHER_TYPES: [&str; 12] = [
    "history",
    "search",
    "register",
    "login",
    "logout",
    "passwd",
    "unregister",
    "token",
    "moderator",
    "export",
    "dance",
    "join",
];

impl Speech<'_> {
    /// An object of a known type with some of all fields, most of them of the kind that is read.
    pub(crate) fn object(&mut self) -> Value {
        let vocabulary = self.vocabulary;
        let kind = match self.dice.below(3) {
            0 => (*self.dice.pick(&OTHER_TYPES)).to_owned(),
            _ => self.dice.pick(&vocabulary.types).clone(),
        };
        self.command.clone_from(&kind);
        let mut object = Map::new();
        object.insert("type".into(), kind.into());
        for field in FIELDS {
            if self.dice.one_in(2) {
                let value = self.value(field);
                object.insert(field.into(), value);
            }
        }
        self.note_command();
        self.with_id(Value::Object(object), None)
    }

    fn value(&mut self, field: &str) -> Value {
        match self.dice.below(20) {
            0 => return Value::Null,
            1 => return json!([1]),
            2 => return json!(-1.5),
            3 => return "x".into(),
            _ => {}
        }
        match field {
            "username" | "to" | "name" | "with" => self.some_name().into(),
            "room" => self.some_room().into(),
            // Who is told it is nobody's business here.
            "message" | "topic" | "reason" => self.text(To::Anybody).into(),
            "password" if self.command == "oper" => OPER_PASSWORD.into(),
            "password" | "old" => {
                let name = self.name.clone().unwrap_or_default();
                self.password_of(&name).into()
            }
            "action" => (*self.dice.pick(&["new", "drop", "list", "session", "end"])).into(),
            "on" | "locked" | "multi" => self.dice.one_in(2).into(),
            "before" | "after" | "message_id" => self.some_id().into(),
            "resume" => self.resume(),
            "limit" | "page" | "replay" | "seconds" => self.dice.below(30).into(),
            "since" => (1_700_000_000 + self.dice.below(100_000_000)).into(),
            "mask" => "e?e".into(),
            "key" => "key".into(),
            _ => "hi".into(),
        }
    }

    /// Asks to be shown some of what was said before.
    pub(super) fn add_past_wanted(&mut self, object: &mut Value) {
        match self.dice.below(4) {
            0 => object["replay"] = (*self.dice.pick(&[1, 20, 1000])).into(),
            1 if object["type"] == "join_room" => object["resume"] = self.some_id().into(),
            1 => object["resume"] = self.resume(),
            _ => {}
        }
    }

    fn resume(&mut self) -> Value {
        let mut rooms = Map::new();
        for _ in 0..self.dice.below(3) {
            let room = self.some_room();
            rooms.insert(room, self.some_id().into());
        }
        Value::Object(rooms)
    }

    /// Gives a request an id, often; the answer of one with a text tells the text's.
    pub(super) fn with_id(&mut self, mut object: Value, text: Option<&str>) -> Value {
        if self.dice.one_in(2) {
            let id = self.dice.next() >> 20;
            object["id"] = id.into();
            if let Some(number) = text.and_then(|text| nonces(text).next()) {
                self.peer.pending_ids.insert(id, number);
            }
        }
        object
    }
}
