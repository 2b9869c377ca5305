//! A client at one of several servers: it speaks JSON, and remembers all that it was told.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::net::Wire;

/// What came of something that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    None,
    /// It has that id.
    Said(u64),
    /// It was not said.
    Refused,
    /// That is not known.
    Uncertain,
}

/// What it was told as said in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) id: u64,
    pub(crate) room: String,
    pub(crate) by: String,
    pub(crate) text: String,
}

/// One connection.
pub(crate) struct Client {
    pub(crate) server: usize,
    wire: Wire,
    unread: Vec<u8>,
    pub(crate) name: Option<String>,
    /// The names that it has asked for, or has had.
    pub(crate) names: Vec<String>,
    /// The rooms that it is in, each with the time since when.
    pub(crate) rooms: BTreeMap<String, u64>,
    pub(crate) told: Vec<Told>,
    /// Requests without an answer: the text's number.
    pub(crate) pending: BTreeMap<u64, usize>,
    pub(crate) answers: Vec<(usize, Answer)>,
    pub(crate) has_ended: bool,
    /// Has it left a room?
    pub(crate) has_moved: bool,
    /// Has it said that it goes?
    pub(crate) has_quit: bool,
    /// Requests to come in without an answer.
    pub(crate) joins: usize,
    requests: u64,
}

impl Client {
    pub(crate) fn new(server: usize, wire: Wire) -> Client {
        Client {
            server,
            wire,
            unread: Vec::new(),
            name: None,
            names: Vec::new(),
            rooms: BTreeMap::new(),
            told: Vec::new(),
            pending: BTreeMap::new(),
            answers: Vec::new(),
            has_ended: false,
            has_moved: false,
            has_quit: false,
            joins: 0,
            requests: 0,
        }
    }

    pub(crate) fn send(&mut self, mut object: Value) -> u64 {
        self.requests += 1;
        object["id"] = self.requests.into();
        self.wire.send(format!("{object}\n").as_bytes());
        self.requests
    }

    pub(crate) fn join(&mut self, name: String) {
        self.joins += 1;
        self.send(json!({"type": "join", "username": name}));
        self.names.push(name);
    }

    pub(crate) fn reset(&mut self) {
        self.wire.reset();
        self.has_ended = true;
    }

    /// Takes in what has come.
    pub(crate) fn hear(&mut self, now_us: u64) -> Result<(), String> {
        self.unread.extend(self.wire.take());
        while let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let object: Value = serde_json::from_slice(&line)
                .map_err(|e| format!("{e} in {}", String::from_utf8_lossy(&line)))?;
            self.learn(&object, now_us);
        }
        self.has_ended |= self.wire.end().is_some();
        Ok(())
    }

    fn learn(&mut self, object: &Value, now_us: u64) {
        let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
        let kind = text("type");
        match kind.as_str() {
            "error" if self.name.is_none() => self.joins = 0,
            "welcome" => {
                self.joins = 0;
                self.rooms.entry("lobby".into()).or_insert(now_us);
                self.name = self.names.last().cloned();
            }
            "chat" => self.told.push(Told {
                id: object["id"].as_u64().unwrap_or_default(),
                room: text("room"),
                by: text("username"),
                text: text("message"),
            }),
            "room_joined" => {
                self.rooms.entry(text("room")).or_insert(now_us);
            }
            "room_left" => {
                self.rooms.remove(&text("room"));
                self.rooms.entry(text("now_in")).or_insert(now_us);
            }
            "nick" if self.name.as_ref() == Some(&text("username")) => {
                self.name = Some(text("to"));
            }
            "nick" if self.names.contains(&text("to")) && object["id"].is_number() => {
                self.name = Some(text("to"));
            }
            _ => {}
        }
        let id = object["id"].as_u64().unwrap_or_default();
        let is_answer = matches!(kind.as_str(), "ok" | "error");
        if is_answer && let Some(number) = self.pending.remove(&id) {
            let answer = match (object["message_id"].as_u64(), text("code").as_str()) {
                (Some(id), _) => Answer::Said(id),
                (None, "uncertain") => Answer::Uncertain,
                (None, _) => Answer::Refused,
            };
            self.answers.push((number, answer));
        }
    }
}
