//! A client's side of a WebSocket (RFC 6455): each line of a tongue is a message of text.

use memchr::memmem;

use crate::frame::websocket::{Opcode, write_masked_frame};

/// The example of RFC 6455 section 1.3; whose proof comes back was read by one who speaks WebSocket.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const PROOF: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// No head or message is longer, whatever length it claims: a server that sends one is not understood.
const UNIT_MAX_BYTES: usize = 1 << 20;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// What is asked for to get to a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upgrade {
    /// The host and port.
    pub(super) authority: String,
    /// Where the endpoint is.
    pub(super) path: String,
    /// The sub-protocol that is offered.
    pub(super) protocol: String,
}

/// A WebSocket over something that carries bytes.
pub(super) struct WebSocketClient {
    /// Has the server agreed?
    is_open: bool,
    /// What came and is no whole frame yet.
    incoming: Vec<u8>,
    /// Lines that were not read yet, from `taken` on.
    lines: Vec<u8>,
    taken: usize,
    /// Another for each frame; nobody has to be kept from guessing it.
    key: u32,
}

impl WebSocketClient {
    /// One that is asked for with what is appended to `out`.
    pub(super) fn open(upgrade: &Upgrade, out: &mut Vec<u8>) -> WebSocketClient {
        let Upgrade {
            authority,
            path,
            protocol,
        } = upgrade;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\
             Sec-WebSocket-Protocol: {protocol}\r\n\r\n"
        );
        out.extend_from_slice(head.as_bytes());
        WebSocketClient {
            is_open: false,
            incoming: Vec::new(),
            lines: Vec::new(),
            taken: 0,
            key: 0x9e37_79b9,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Moves what was read of messages, a line each, to `into`; returns how much.
    pub(super) fn take(&mut self, into: &mut [u8]) -> usize {
        let left = &self.lines[self.taken..];
        let count = left.len().min(into.len());
        into[..count].copy_from_slice(&left[..count]);
        self.taken += count;
        if self.taken == self.lines.len() {
            self.lines.clear();
            self.lines.shrink_to(UNIT_MAX_BYTES / 256);
            self.taken = 0;
        }
        count
    }

    /// Reads what came; what is to be answered is appended to `out`.
    ///
    /// # Errors
    /// A sentence: the server does not agree, closes, or sends what is no frame.
    pub(super) fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        self.incoming.extend_from_slice(bytes);
        let mut at = 0;
        if !self.is_open {
            let Some(end) = memmem::find(&self.incoming, b"\r\n\r\n") else {
                return check_len(self.incoming.len());
            };
            check_head(&self.incoming[..end])?;
            self.is_open = true;
            at = end + 4;
        }
        while let Some(frame) = ServerFrame::read(&self.incoming[at..])? {
            let payload = at + frame.start..at + frame.end;
            at = payload.end;
            let payload = &self.incoming[payload];
            match frame.opcode {
                0x0..=0x2 => {
                    self.lines.extend_from_slice(payload);
                    if frame.is_final {
                        self.lines.push(b'\n');
                    }
                }
                0x8 => return Err(closing_words(payload)),
                0x9 => write_masked_frame(Opcode::Pong, payload, self.key.to_ne_bytes(), out),
                _ => {}
            }
        }
        self.incoming.drain(..at);
        check_len(self.incoming.len())
    }

    /// Appends the whole lines at the beginning of `lines` as messages; returns how many bytes they are.
    pub(super) fn say(&mut self, lines: &[u8], out: &mut Vec<u8>) -> usize {
        let mut said = 0;
        while let Some(len) = memchr::memchr(b'\n', &lines[said..]) {
            self.key = self.key.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
            let line = lines[said..said + len].trim_ascii_end();
            write_masked_frame(Opcode::Text, line, self.key.to_ne_bytes(), out);
            said += len + 1;
        }
        said
    }
}

struct ServerFrame {
    opcode: u8,
    is_final: bool,
    /// Where the payload is.
    start: usize,
    end: usize,
}

impl ServerFrame {
    /// The first frame, if all of it is there.
    fn read(bytes: &[u8]) -> Result<Option<ServerFrame>, String> {
        let &[first, second, ..] = bytes else {
            return Ok(None);
        };
        if second & MASKED != 0 {
            return Err("the server masks its frames".into());
        }
        let len_bytes = match second {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some(long) = bytes.get(2..2 + len_bytes) else {
            return Ok(None);
        };
        let len = match len_bytes {
            0 => usize::from(second),
            _ => long.iter().fold(0, |len: usize, &byte| {
                len.saturating_mul(256) | usize::from(byte)
            }),
        };
        check_len(len)?;
        let start = 2 + len_bytes;
        let end = start + len;
        Ok((bytes.len() >= end).then_some(ServerFrame {
            opcode: first & 0x0f,
            is_final: first & FINAL != 0,
            start,
            end,
        }))
    }
}

fn check_len(len: usize) -> Result<(), String> {
    match len > UNIT_MAX_BYTES {
        true => Err("what the server sends is too long".into()),
        false => Ok(()),
    }
}

fn check_head(head: &[u8]) -> Result<(), String> {
    let head = String::from_utf8_lossy(head);
    let (line, fields) = head.split_once("\r\n").unwrap_or((&head, ""));
    if line.split(' ').nth(1) != Some("101") {
        return Err(format!("the server says: {line}"));
    }
    let is_proof = |field: &str| {
        let (name, value) = field.split_once(':')?;
        let is_named = name.eq_ignore_ascii_case("Sec-WebSocket-Accept");
        Some(is_named && value.trim() == PROOF)
    };
    match fields
        .split("\r\n")
        .any(|field| is_proof(field) == Some(true))
    {
        true => Ok(()),
        false => Err("the server does not speak WebSocket".into()),
    }
}

fn closing_words(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => format!(
            "the server closes: {} {}",
            u16::from_be_bytes([*high, *low]),
            String::from_utf8_lossy(reason)
        ),
        _ => "the server closes".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::websocket::{write_close, write_frame, write_ping};

    fn asked() -> WebSocketClient {
        let upgrade = Upgrade {
            authority: "h:1".into(),
            path: "/ws".into(),
            protocol: "hubbub.text".into(),
        };
        let mut out = Vec::new();
        let socket = WebSocketClient::open(&upgrade, &mut out);
        assert!(
            out.starts_with(b"GET /ws HTTP/1.1\r\nHost: h:1\r\n") && out.ends_with(b"\r\n\r\n")
        );
        socket
    }

    fn wire() -> Vec<u8> {
        let head =
            format!("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {PROOF}\r\n\r\n");
        let mut wire = head.into_bytes();
        write_frame(Opcode::Text, b"one", &mut wire);
        write_ping(b"x", &mut wire);
        wire.extend_from_slice(b"\x01\x02tw\x80\x01o");
        write_frame(Opcode::Text, &[b'a'; 300], &mut wire);
        wire
    }

    #[test]
    fn messages_are_lines_however_they_are_cut() {
        let expected = format!("one\ntwo\n{}\n", "a".repeat(300));
        for piece in [1, 3, 1000] {
            let (mut socket, mut out, mut read) = (asked(), Vec::new(), Vec::new());
            for part in wire().chunks(piece) {
                socket.hear(part, &mut out).expect("good frames");
                let mut into = [0; 64];
                while let count @ 1.. = socket.take(&mut into) {
                    read.extend_from_slice(&into[..count]);
                }
            }
            assert_eq!(String::from_utf8_lossy(&read), expected);
            assert!(socket.is_open() && out.len() == 7, "a pong");
        }
    }

    #[test]
    fn whole_lines_are_masked_messages() {
        let (mut socket, mut out) = (asked(), Vec::new());
        assert_eq!(socket.say(b"one\ntwo  \nth", &mut out), 10);
        assert_eq!(out.len(), 2 * (2 + 4 + 3));
        let key: [u8; 4] = out[2..6].try_into().expect("a key");
        let plain: Vec<u8> = out[6..9].iter().zip(key).map(|(a, b)| a ^ b).collect();
        assert_eq!((out[0], out[1], &*plain), (0x81, 0x83, &b"one"[..]));
    }

    #[test]
    fn what_is_wrong_is_one_line() {
        let mut closed = wire();
        write_close(Some(1001), &mut closed);
        let mut long = wire();
        long.extend_from_slice(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff");
        let mut masked = wire();
        masked.extend_from_slice(b"\x81\x81");
        for (wire, part) in [
            (&b"HTTP/1.1 403 Forbidden\r\n\r\n"[..], "403 Forbidden"),
            (b"HTTP/1.1 101 Fine\r\n\r\n", "does not speak"),
            (&[b'a'; UNIT_MAX_BYTES + 1], "too long"),
            (&closed, "1001"),
            (&long, "too long"),
            (&masked, "masks"),
        ] {
            let why = asked()
                .hear(wire, &mut Vec::new())
                .expect_err("it is wrong");
            assert!(why.contains(part) && !why.contains('\n'), "{why}");
        }
    }
}
