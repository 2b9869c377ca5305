//! What clients send: requests in the forms of their dialects, made from the server's tables of commands,
//! and from what else programs may send.

mod frames;
mod irc;
mod objects;
mod requests;

use hubbub::testing::{Ask, Dialect, Stage};
use hubbub::testing::{Key, RegistrationMode, Request, RoomName};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::ledger::{Ledger, SECRET, To, nonce};
use crate::peer::Peer;
use crate::plan::{Plan, Tongue};
use crate::vocabulary::{Fill, Vocabulary};

pub(crate) use frames::{garbage, upgrade};
pub(crate) use requests::of_http;

/// The operators' word, and the token of those who post.
pub(crate) const OPER_PASSWORD: &str = "s3cret-oper";
pub(crate) const API_TOKEN: &str = "s3cret-token";

/// The codes that operators are given one after the other, which anybody may guess.
pub(crate) const INVITATIONS: [&str; 3] = ["one", "two", "three"];

/// How often a command makes an operator.
const OPERS_ONE_IN: usize = 16;

/// One client about to say something.
pub(crate) struct Speech<'a> {
    pub(crate) dice: Dice,
    pub(crate) plan: &'a Plan,
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) peer: &'a mut Peer,
    pub(crate) step: u64,
    /// May the network cut or join what is sent, such that silence ends other frames than were meant?
    pub(crate) is_cut: bool,
    command: String,
    /// The name and the room that stand in the request already.
    name: Option<String>,
    room: Option<String>,
}

impl<'a> Speech<'a> {
    pub(crate) fn new(
        dice: Dice,
        plan: &'a Plan,
        vocabulary: &'a Vocabulary,
        ledger: &'a mut Ledger,
        peer: &'a mut Peer,
        step: u64,
    ) -> Speech<'a> {
        Speech {
            dice,
            plan,
            vocabulary,
            ledger,
            peer,
            step,
            is_cut: false,
            command: String::new(),
            name: None,
            room: None,
        }
    }

    /// What comes first: a name, or what else lets one in.
    pub(crate) fn join(&mut self) -> Option<Vec<u8>> {
        let dialect = self.peer.tongue.dialect()?;
        if matches!(dialect, Dialect::Anon | Dialect::Console) {
            return None;
        }
        if dialect == Dialect::Irc {
            return Some(self.irc_join());
        }
        let name = self.some_name();
        let has_password = self.plan.options.durability.is_some() && self.dice.one_in(4);
        let password = has_password.then(|| self.password_of(&name));
        self.peer.may_be_twin |= has_password;
        self.peer.ask_name(&name);
        let frame = match dialect {
            Dialect::Json | Dialect::JsonPadded => {
                let mut object = json!({"type": "join", "username": name});
                self.add_past_wanted(&mut object);
                if let Some(password) = password {
                    object["password"] = password.into();
                    if self.dice.one_in(2) {
                        object["multi"] = true.into();
                    }
                }
                object.to_string()
            }
            Dialect::Pynet => match password {
                Some(password) => {
                    json!({"type": "join", "data": name, "password": password}).to_string()
                }
                None => json!({"type": "join", "data": name}).to_string(),
            },
            _ => {
                let mark = if dialect == Dialect::Colon { ':' } else { '/' };
                let multi = if self.dice.one_in(2) { " --multi" } else { "" };
                password.map_or(name.clone(), |password| {
                    format!("{mark}login {name} {password}{multi}")
                })
            }
        };
        Some(self.framed(frame.into_bytes()))
    }

    /// Something said to a room.
    pub(crate) fn say(&mut self) -> Option<Vec<u8>> {
        let dialect = self.peer.tongue.dialect()?;
        if dialect == Dialect::Irc {
            return Some(self.irc_say());
        }
        let room = (dialect != Dialect::Anon && self.dice.one_in(3)).then(|| self.some_room());
        let to = match (&room, dialect) {
            (Some(room), _) => To::Room(Some(Key::of(room))),
            (None, Dialect::Json) => To::Room(Some(Key::of("lobby"))),
            (None, _) => To::Room(None),
        };
        let text = match dialect {
            Dialect::Console => self.text(To::Anybody),
            _ => self.text(to),
        };
        let frame = match (dialect, room) {
            (Dialect::Json | Dialect::JsonPadded, room) => {
                let mut object = json!({"type": "chat", "message": text});
                if let Some(room) = room {
                    object["room"] = room.into();
                }
                self.with_id(object, Some(&text)).to_string()
            }
            (Dialect::Pynet, None) => json!({"type": "chat", "data": text}).to_string(),
            (Dialect::Pynet, Some(room)) => {
                json!({"type": "chat", "data": format!("/say {room} {text}")}).to_string()
            }
            (Dialect::Console, _) => format!(":announce {text}"),
            (Dialect::Colon, Some(room)) => format!(":group send {room} {text}"),
            (_, Some(room)) => format!("/say {room} {text}"),
            (_, None) => text,
        };
        Some(self.framed(frame.into_bytes()))
    }

    /// Something said to one alone.
    pub(crate) fn tell(&mut self) -> Option<Vec<u8>> {
        let dialect = self
            .peer
            .tongue
            .dialect()
            .filter(|dialect| *dialect != Dialect::Anon)?;
        if dialect == Dialect::Irc {
            return Some(self.irc_tell());
        }
        let name = self.some_name();
        let to = match dialect {
            // The operator's own words have no id, and are told to all of the name's connections.
            Dialect::Console => To::Anybody,
            _ => To::User(Key::of(&name)),
        };
        let text = self.text(to);
        let frame = match dialect {
            Dialect::Json | Dialect::JsonPadded => {
                let object = json!({"type": "pm", "to": name, "message": text});
                self.with_id(object, Some(&text)).to_string()
            }
            Dialect::Pynet => {
                json!({"type": "chat", "data": format!("/pm {name} {text}")}).to_string()
            }
            Dialect::Colon | Dialect::Console => format!(":pm {name} {text}"),
            _ => format!("/pm {name} {text}"),
        };
        Some(self.framed(frame.into_bytes()))
    }

    /// One of the commands, in the form that the dialect has for it.
    pub(crate) fn command(&mut self) -> Option<Vec<u8>> {
        let dialect = self
            .peer
            .tongue
            .dialect()
            .filter(|dialect| *dialect != Dialect::Anon)?;
        if dialect == Dialect::Irc {
            return Some(self.irc_command());
        }
        let vocabulary = self.vocabulary;
        let at = match self.dice.one_in(OPERS_ONE_IN) {
            // Much can be asked by operators only.
            true => vocabulary
                .commands
                .iter()
                .position(|command| command.name == "oper")?,
            false => self.dice.weighted(&self.plan.commands)?,
        };
        let command = vocabulary.commands.get(at)?;
        self.command.clone_from(&command.name);
        let line = command.line(self);
        self.note_command();
        let frame = match dialect {
            Dialect::Text => format!("/{line}").into_bytes(),
            Dialect::Colon if self.dice.one_in(8) => self.group().into_bytes(),
            Dialect::Colon | Dialect::Console => format!(":{line}").into_bytes(),
            Dialect::Pynet => json!({"type": "chat", "data": format!("/{line}")})
                .to_string()
                .into_bytes(),
            Dialect::JsonPadded if self.dice.one_in(2) => {
                let object = json!({"type": "chat", "message": format!("/{line}")});
                self.with_id(object, None).to_string().into_bytes()
            }
            _ => self.object_of(&line, dialect)?,
        };
        Some(self.framed(frame))
    }

    /// Many messages in one piece.
    pub(crate) fn burst(&mut self) -> Option<Vec<u8>> {
        let count = self.dice.between(20, 120);
        let frames: Option<Vec<Vec<u8>>> = (0..count).map(|_| self.say()).collect();
        frames.map(|frames| frames.concat())
    }

    /// What only programs send.
    pub(crate) fn program(&mut self) -> Vec<u8> {
        let object = self.object();
        self.framed(object.to_string().into_bytes())
    }

    /// A line as it stands there.
    pub(crate) fn line(&mut self, line: String) -> Vec<u8> {
        self.framed(line.into_bytes())
    }

    /// Bytes of any kind for the echo.
    pub(crate) fn echo(&mut self) -> Vec<u8> {
        let len = *self.dice.pick(&[0, 1, 10, 300, 5000]);
        let bytes: Vec<u8> = (0..len).map(|_| b' ' + self.dice.below(90) as u8).collect();
        self.framed(bytes)
    }

    /// What only the colon dialect has.
    fn group(&mut self) -> String {
        let verb = *self
            .dice
            .pick(&["create", "join", "leave", "members", "send", "dance"]);
        let room = self.some_room();
        match verb {
            "send" => {
                let text = self.text(To::Room(Some(Key::of(&room))));
                format!(":group send {room} {text}")
            }
            verb => format!(":group {verb} {room}"),
        }
    }

    /// A line of the table as the object of json that asks the same.
    fn object_of(&mut self, line: &str, dialect: Dialect) -> Option<Vec<u8>> {
        let asked = Dialect::Text
            .parse(format!("/{line}").as_bytes(), Stage::Joined)
            .ask;
        let Ask::Request(request) = asked else {
            return None;
        };
        let room = RoomName::parse(&self.some_room()).unwrap_or_else(RoomName::lobby);
        let request = requests::in_room(request, room);
        let frame = crate::server::frame_of(dialect, &request)?;
        let mut object: Value = serde_json::from_slice(&frame).ok()?;
        if matches!(request, Request::Enter { .. }) {
            self.add_past_wanted(&mut object);
        }
        Some(self.with_id(object, None).to_string().into_bytes())
    }

    /// Marks what a command may bring about.
    fn note_command(&mut self) {
        let peer = &mut *self.peer;
        match self.command.as_str() {
            "login" | "register" | "token" | "logout" | "unregister" | "passwd" => {
                peer.may_be_twin = true
            }
            "quit" | "shutdown" | "kick" | "ban" => peer.may_be_closed = true,
            "history" | "search" | "files" => peer.has_asked_past = true,
            "ignore" | "unignore" => peer.has_ignored = true,
            _ => {}
        }
    }

    /// A text of one's own, which can be told from all others.
    pub(crate) fn text(&mut self, to: To) -> String {
        const ENDS: [&str; 10] = [
            "",
            " hi",
            " SERVER: shutting down",
            " é日本🎉",
            "\u{202e}x\u{1b}[1m",
            " tab\tend",
            " //",
            " You have been kicked by server",
            " {\"a\":1}",
            "\u{85}\u{2028}",
        ];
        let to = match self.is_cut && self.peer.tongue.is_ended_by_silence() {
            true => To::Anybody,
            false => to,
        };
        let number = self.ledger.say(self.peer.serial, to, self.step);
        let mut text = nonce(number);
        match self.dice.below(40) {
            0 => text += &" long".repeat(self.dice.below(1000)),
            1 => text += &"é".repeat(self.dice.below(700)),
            2..=20 => text += *self.dice.pick(&ENDS),
            _ => {}
        }
        text
    }

    pub(crate) fn some_name(&mut self) -> String {
        let name = self.dice.pick(&self.plan.names).clone();
        let name = match self.dice.below(16) {
            0 => name.to_uppercase(),
            1 => format!("{name}_"),
            _ => name,
        };
        self.name = Some(name.clone());
        name
    }

    pub(crate) fn some_room(&mut self) -> String {
        let room = match self.dice.below(40) {
            0 => "no/room".into(),
            1..=3 => format!("r{}", self.dice.below(30)),
            _ => self.dice.pick(&self.plan.rooms).clone(),
        };
        self.room = Some(room.clone());
        room
    }

    /// Everybody's password follows from the name; now and then a wrong one.
    fn password_of(&mut self, name: &str) -> String {
        if self.is_cut && self.peer.tongue.is_ended_by_silence() {
            return "known".into();
        }
        match self.dice.below(6) {
            0 => format!("{SECRET}-wrong"),
            _ => format!("{SECRET}-{}", name.to_lowercase()),
        }
    }

    /// The id of a message that may be there.
    fn some_id(&mut self) -> u64 {
        let last = self.ledger.last_id;
        match self.dice.below(8) {
            0 => 0,
            1 => u64::MAX,
            _ => self.dice.next() % (last + 2),
        }
    }
}

impl Fill for Speech<'_> {
    fn word(&mut self, kind: &str) -> String {
        let is_rename = self.command == "rename";
        match kind {
            "NAME" => self.some_name(),
            "OLD" | "NEW" if is_rename => self.some_name(),
            "ROOM" => self.some_room(),
            "PASSWORD" if self.command == "oper" && !self.dice.one_in(4) => OPER_PASSWORD.into(),
            "PASSWORD" | "OLD" | "NEW" => {
                let own = self
                    .peer
                    .name
                    .clone()
                    .unwrap_or_else(|| self.plan.names[0].clone());
                let name = self.name.clone().unwrap_or(own);
                let password = self.password_of(&name);
                match self.plan.options.registration == RegistrationMode::Invite
                    && self.command == "register"
                    && !self.dice.one_in(4)
                {
                    true => format!("{password} --code {}", self.dice.pick(&INVITATIONS)),
                    false => password,
                }
            }
            "KEY" => (*self.dice.pick(&["key", "other"])).into(),
            "TEXT" => {
                let to = match (self.command.as_str(), &self.name, &self.room) {
                    ("pm" | "msg", Some(name), _) if !self.peer.is_console() => {
                        To::User(Key::of(name))
                    }
                    ("say", _, Some(room)) => To::Room(Some(Key::of(room))),
                    ("me", ..)
                        if !matches!(
                            self.peer.tongue,
                            Tongue::Json | Tongue::AutoJson | Tongue::WsJson
                        ) =>
                    {
                        To::Room(None)
                    }
                    _ => To::Anybody,
                };
                self.text(to)
            }
            "WORDS" if self.command == "search" => {
                let said = self.ledger.said().len();
                match self.dice.below(3) {
                    0 => "hi".into(),
                    _ => nonce(self.dice.below(said)),
                }
            }
            "WORDS" | "REASON" => self.text(To::Anybody),
            "TIME" => (*self.dice.pick(&[
                "1s",
                "30s",
                "10m",
                "2h",
                "7d",
                "14:05",
                "2026-11-21",
                "soon",
            ]))
            .into(),
            "N" | "PAGE" => (*self.dice.pick(&["1", "2", "20", "1000"])).into(),
            "SECONDS" => (*self.dice.pick(&["0", "1", "5", "60"])).into(),
            "ID" => self.some_id().to_string(),
            "MASK" => (*self
                .dice
                .pick(&["bo*", "10.0.0.0/8", "9*", "192.0.2.7", "e?e", "::1"]))
            .into(),
            "COMMAND" => {
                let vocabulary = self.vocabulary;
                self.dice.pick(&vocabulary.commands).name.clone()
            }
            _ => (*self.dice.pick(&["x", "1", "on"])).into(),
        }
    }

    fn choose(&mut self, end: usize) -> usize {
        self.dice.below(end)
    }
}
