//! Clients that speak, listen and write down what they see and when, until the server is gone.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::{Value, json};

use super::checker::{Receipt, Sight, View, now_ns};
use crate::util::*;

/// How much all clients together have seen.
#[derive(Clone, Default)]
pub(crate) struct Progress(Arc<(Mutex<u64>, Condvar)>);

impl Progress {
    fn add_one(&self) {
        *self.0.0.lock().expect("no panic") += 1;
        self.0.1.notify_all();
    }

    pub(crate) fn so_far(&self) -> u64 {
        *self.0.0.lock().expect("no panic")
    }

    /// Waits until so much was seen.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: u64) {
        let deadline = Instant::now() + 2 * DEADLINE;
        let mut seen = self.0.0.lock().expect("no panic");
        while *seen < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {count} were seen", *seen);
            seen = self.0.1.wait_timeout(seen, left).expect("no panic").0;
        }
    }
}

/// What a client says.
#[derive(Clone)]
pub(crate) struct Speech {
    /// Where, in turn.
    pub(crate) rooms: Vec<&'static str>,
    /// How much of it is on its way at once.
    pub(crate) window: usize,
    /// Bytes added to each message.
    pub(crate) padding: usize,
    /// How many messages in all; then it listens.
    pub(crate) count: usize,
}

/// One that has come in, of the JSON or the text dialect.
pub(crate) struct Client {
    who: String,
    dialect: Dialect,
    input: BufReader<TcpStream>,
    output: TcpStream,
    view: View,
    /// What it said and is not yet on disk, by the id of the request.
    asked: HashMap<u64, String>,
    /// What it said and has not yet heard.
    unheard: HashSet<String>,
    /// Numbers of requests, and so of texts.
    requests: u64,
    /// What stands before the number in each of its texts.
    prefix: String,
    progress: Progress,
}

impl Client {
    /// Comes in, and into these rooms beside the lobby.
    pub(crate) fn join(server: &Server, dialect: Dialect, who: &str, rooms: &[&str]) -> Client {
        let output = TcpStream::connect(server.address(dialect)).expect("it listens");
        output.set_nodelay(true).expect("of TCP");
        output.set_read_timeout(Some(2 * DEADLINE)).expect("a time");
        output
            .set_write_timeout(Some(2 * DEADLINE))
            .expect("a time");
        let mut client = Client {
            who: who.into(),
            dialect,
            input: BufReader::new(output.try_clone().expect("a descriptor")),
            output,
            view: View {
                who: who.into(),
                ..View::default()
            },
            asked: HashMap::new(),
            unheard: HashSet::new(),
            requests: 0,
            prefix: String::new(),
            progress: Progress::default(),
        };
        client.enter(dialect.join(who), rooms);
        client
    }

    fn enter(&mut self, join: String, rooms: &[&str]) {
        let mut asked = join;
        for room in rooms.iter().filter(|&&room| room != "lobby") {
            asked += &match self.dialect {
                Json => json!({"type": "join_room", "room": room}).to_string() + "\n",
                _ => format!("/join {room}\n"),
            };
        }
        let (ping, pong) = self.dialect.round_trip();
        self.output.write_all(asked.as_bytes()).expect("it is read");
        self.output.write_all(ping).expect("it is read");
        let pong = String::from_utf8(pong).expect("UTF-8");
        loop {
            let line = self.line().expect("it is answered");
            if line == pong {
                break;
            }
            self.take(line.trim_start_matches(PROMPT));
        }
    }

    /// Counts what it sees from now on.
    pub(crate) fn counted(mut self, progress: &Progress) -> Client {
        self.progress = progress.clone();
        self
    }

    /// Listens until the server ends the connection.
    pub(crate) fn listen(self) -> JoinHandle<View> {
        self.speak(
            "",
            Speech {
                rooms: Vec::new(),
                window: 0,
                padding: 0,
                count: 0,
            },
        )
    }

    /// Speaks and listens until the server ends the connection. Each text is `prefix`, its name, a number
    /// and padding.
    pub(crate) fn speak(mut self, prefix: &str, speech: Speech) -> JoinHandle<View> {
        self.prefix = prefix.into();
        std::thread::spawn(move || {
            loop {
                while self.unheard.len() < speech.window && self.view.sent.len() < speech.count {
                    if !self.say_next(&speech) {
                        break;
                    }
                }
                match self.line() {
                    Some(line) => self.take(&line),
                    None => return self.view,
                }
            }
        })
    }

    /// Says one thing; not, if the connection ended.
    fn say_next(&mut self, speech: &Speech) -> bool {
        let id = self.requests;
        let room = speech.rooms[id as usize % speech.rooms.len()];
        let padding = "x".repeat(speech.padding);
        let text = format!("{} {} {id} {padding}", self.prefix, self.who)
            .trim()
            .to_owned();
        self.requests += 1;
        self.unheard.insert(text.clone());
        self.asked.insert(id, text.clone());
        self.view.sent.push(text.clone());
        let request = json!({"type": "chat", "room": room, "message": text, "id": id});
        // What is told before an end is still to be read.
        self.output
            .write_all((request.to_string() + "\n").as_bytes())
            .is_ok()
    }

    /// The next whole line, or the end.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            match self.input.read_until(b'\n', &mut line) {
                Ok(_) if line.ends_with(b"\n") => {
                    return Some(String::from_utf8(line).expect("UTF-8"));
                }
                // What was not told to its end was not told.
                Ok(_) => return None,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    if e.kind() == ErrorKind::WouldBlock {
                        self.view.surprises.push("nothing more in time".into());
                    }
                    return None;
                }
            }
        }
    }

    fn take(&mut self, line: &str) {
        match self.dialect {
            Json => self.take_object(&serde_json::from_str(line).expect(line)),
            _ => self.take_text(line),
        }
    }

    fn take_object(&mut self, object: &Value) {
        let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
        let room = match object["room"].as_str() {
            Some(room) => room.to_owned(),
            None => "lobby".into(),
        };
        match object["type"].as_str().unwrap_or_default() {
            kind @ ("chat" | "history") => {
                let user = text("username");
                if object["id"].as_u64().is_none() {
                    self.view
                        .surprises
                        .push(format!("a message without an id: {object}"));
                }
                // What is said before one has caught up with a room comes as history.
                if let Some(text) = object["message"].as_str() {
                    self.unheard.remove(text);
                }
                self.see(
                    object["id"].as_u64(),
                    room,
                    user,
                    text("message"),
                    kind == "chat",
                );
            }
            "ok" => {
                let (request, id) = (object["id"].as_u64(), object["message_id"].as_u64());
                let asked = request.and_then(|request| self.asked.remove(&request));
                match (asked, id) {
                    (Some(text), Some(id)) => {
                        self.view.receipts.push(Receipt {
                            at_ns: now_ns(),
                            id,
                            room,
                            text,
                        });
                        self.progress.add_one();
                    }
                    _ => self.view.surprises.push(object.to_string()),
                }
            }
            "error" => self.view.surprises.push(object.to_string()),
            _ => {}
        }
    }

    /// A line of the text dialect: `[user] text`, or with `#room` before the user; what was said before has
    /// its time in front.
    fn take_text(&mut self, line: &str) {
        let line = line.trim_end_matches('\n');
        let bracketed = |line| str::strip_prefix(line, '[')?.split_once("] ");
        let said = match bracketed(line) {
            // No name has a colon.
            Some((time, rest)) if time.contains(':') => bracketed(rest),
            said => said,
        };
        if let Some((author, text)) = said
            && author != "Server"
        {
            let (room, user) = match author.strip_prefix('#').and_then(|a| a.split_once(' ')) {
                Some((room, user)) => (room, user),
                None => ("lobby", author),
            };
            // Which lines are replayed cannot be told from a line alone.
            let is_live = false;
            self.see(None, room.into(), user.into(), text.into(), is_live);
        }
    }

    fn see(&mut self, id: Option<u64>, room: String, user: String, text: String, is_live: bool) {
        let at_ns = now_ns();
        self.view.sights.push(Sight {
            at_ns,
            id,
            room,
            user,
            text,
            is_live,
        });
        self.progress.add_one();
    }
}
