//! A client that speaks JSON, and remembers all that it was told.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// One connection.
pub(crate) struct Client {
    port: u16,
    stream: TcpStream,
    unread: Vec<u8>,
    /// What it was told, line by line.
    pub(crate) lines: Vec<String>,
    /// How many of the lines were looked at.
    seen: usize,
    pub(crate) has_ended: bool,
}

impl Client {
    pub(crate) fn connect(port: u16) -> std::io::Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        stream.set_nodelay(true)?;
        Ok(Client {
            port,
            stream,
            unread: Vec::new(),
            lines: Vec::new(),
            seen: 0,
            has_ended: false,
        })
    }

    pub(crate) fn send(&mut self, line: &str) {
        let _ = self.stream.write_all(format!("{line}\n").as_bytes());
    }

    /// Reads what there is, for a moment.
    pub(crate) fn read(&mut self) {
        let mut buffer = [0; 65536];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.has_ended = true,
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                while let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                    let line: Vec<u8> = self.unread.drain(..=end).collect();
                    self.lines
                        .push(String::from_utf8_lossy(&line).trim_end().into());
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => self.has_ended = true,
        }
    }

    /// Forgets all that it was told.
    pub(crate) fn forget(&mut self) {
        self.lines.clear();
        self.seen = 0;
    }

    /// Waits for a line with `text` behind those that were waited for, and returns it.
    pub(crate) fn find(&mut self, text: &str, wait: Duration) -> Option<String> {
        let until = Instant::now() + wait;
        loop {
            let mut new = self.lines.iter().enumerate().skip(self.seen);
            if let Some((at, line)) = new.find(|(_, line)| line.contains(text)) {
                let line = line.clone();
                self.seen = at + 1;
                return Some(line);
            }
            if self.has_ended || Instant::now() >= until {
                return None;
            }
            self.read();
        }
    }

    pub(crate) fn expect(&mut self, text: &str, wait: Duration) -> String {
        let found = self.find(text, wait);
        found.unwrap_or_else(|| panic!("no {text} in {:#?}", self.lines))
    }

    pub(crate) fn expect_end(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        while !self.has_ended && Instant::now() < until {
            self.read();
        }
        assert!(self.has_ended, "{:#?}", self.lines);
    }

    /// Comes in as soon as the name is free. Whose name is taken is closed, and connects anew.
    pub(crate) fn join_until(&mut self, name: &str, wait: Duration) {
        let until = Instant::now() + wait;
        loop {
            self.send(&format!(r#"{{"type":"join","username":"{name}"}}"#));
            let answer = self.expect(r#""type":""#, wait);
            if answer.contains("welcome") {
                return;
            }
            assert!(Instant::now() < until, "{answer}");
            std::thread::sleep(Duration::from_millis(100));
            let server = self.stream.peer_addr().expect("a server");
            *self = Client::connect(server.port()).expect("a connection");
            *self = Client::connect(self.port).expect("a connection");
        }
    }

    /// Says something, and waits until it is acknowledged.
    pub(crate) fn chat(&mut self, text: &str, wait: Duration) {
        self.send(&format!(
            r#"{{"type":"chat","message":"{text}","id":"{text}"}}"#
        ));
        let answer = self.expect(&format!(r#""id":"{text}""#), wait);
        assert!(answer.contains("message_id"), "{answer}");
    }

    fn messages(&self, kind: &str) -> Vec<String> {
        let lines = self.lines.iter();
        let of_kind = lines.filter(|line| line.contains(&format!(r#""type":"{kind}""#)));
        let message = |line: &String| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            format!("{} {} {}", value["id"], value["username"], value["message"])
        };
        of_kind.map(message).collect()
    }

    /// Each message in a room that it was told, by number, name and text.
    pub(crate) fn said(&self) -> Vec<String> {
        self.messages("chat")
    }

    /// Each that it was shown of the past.
    pub(crate) fn history(&self) -> Vec<String> {
        self.messages("history")
    }
}
