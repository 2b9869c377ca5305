//! A client of WebSocket (RFC 6455) that builds its frames by hand, so that they can be wrong, and holds
//! the server's to the letter.

use serde_json::Value;

use crate::http_client::*;
use crate::util::*;

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// The sub-protocols.
pub(crate) const PROTOCOLS: [&str; 2] = ["hubbub.json", "hubbub.text"];

/// The bit of a frame that ends its message.
pub(crate) const FIN: u8 = 0x80;

/// The key of RFC 6455 section 1.3 and what it is accepted with.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Any four bytes do; these change every bit of ASCII.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The headers that ask for an upgrade, but for its sub-protocol and origin.
pub(crate) fn upgrade_headers() -> String {
    format!(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {KEY}\r\n"
    )
}

/// The head of a frame with a mask, its length in the shortest form.
pub(crate) fn frame_head(first: u8, length: u64) -> Vec<u8> {
    let mut head = vec![first];
    if let Ok(short @ ..=125) = u8::try_from(length) {
        head.push(0x80 | short);
    } else if let Ok(length) = u16::try_from(length) {
        head.push(0x80 | 126);
        head.extend(length.to_be_bytes());
    } else {
        head.push(0x80 | 127);
        head.extend(length.to_be_bytes());
    }
    head.extend(MASK);
    head
}

/// A whole frame with a mask; its first byte is the operation, and [`FIN`] at the end of a message.
pub(crate) fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut frame = frame_head(first, payload.len() as u64);
    frame.extend(masked(payload));
    frame
}

/// A message in one frame.
pub(crate) fn text_frame(text: &str) -> Vec<u8> {
    frame(FIN | TEXT, text)
}

pub(crate) fn close_frame(code: u16) -> Vec<u8> {
    frame(FIN | CLOSE, code.to_be_bytes())
}

pub(crate) fn masked(payload: &[u8]) -> impl Iterator<Item = u8> {
    payload
        .iter()
        .zip(MASK.iter().cycle())
        .map(|(byte, mask)| byte ^ mask)
}

/// One end of a WebSocket connection.
pub(crate) struct WebSocket {
    pub(crate) peer: Peer,
    protocol: Option<&'static str>,
}

/// What a server sends: a whole message or a control frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// With the code, if it has one.
    Close(Option<u16>),
}

impl Server {
    /// An upgraded connection at the first door that speaks `protocol`, or the default.
    #[track_caller]
    pub(crate) fn websocket(&self, protocol: Option<&'static str>) -> WebSocket {
        WebSocket::upgrade(Peer::connect(&self.doors()[0], Http), "/ws", protocol)
    }

    /// Comes in as `nick` with one of the sub-protocols and reads what that is answered with.
    #[track_caller]
    pub(crate) fn join_websocket(&self, protocol: &'static str, nick: &str) -> WebSocket {
        let mut socket = self.websocket(Some(protocol));
        socket.join(nick);
        socket
    }
}

impl WebSocket {
    #[track_caller]
    pub(crate) fn upgrade(peer: Peer, path: &str, protocol: Option<&'static str>) -> WebSocket {
        WebSocket::upgrade_with(peer, path, protocol, protocol)
    }

    /// As [`WebSocket::upgrade`], where one of the sub-protocols asked for is to be agreed on.
    #[track_caller]
    pub(crate) fn upgrade_with(
        mut peer: Peer,
        path: &str,
        asked_for: Option<&str>,
        protocol: Option<&'static str>,
    ) -> WebSocket {
        let asked_for = asked_for.map(|names| format!("Sec-WebSocket-Protocol: {names}\r\n"));
        let headers = upgrade_headers() + &asked_for.unwrap_or_default();
        peer.send(request(&format!("GET {path}"), &headers));
        assert_upgraded(&peer.response(), protocol);
        WebSocket { peer, protocol }
    }

    #[track_caller]
    pub(crate) fn join(&mut self, nick: &str) {
        let dialect = self.dialect();
        self.text(dialect.join(nick).trim_end());
        self.sync();
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut WebSocket {
        self.peer.send(bytes);
        self
    }

    #[track_caller]
    pub(crate) fn text(&mut self, text: &str) -> &mut WebSocket {
        self.send(text_frame(text))
    }

    #[track_caller]
    pub(crate) fn say(&mut self, text: &str) -> &mut WebSocket {
        let said = self.dialect().say(text);
        self.text(said.trim_end())
    }

    /// What comes next. A server sends no fragments, which a client may be asked to put together.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Came {
        let head = self.peer.take(2);
        let (first, second) = (head[0], head[1]);
        assert_eq!(first & !0x0f, FIN, "one frame a message, no reserved bits");
        assert_eq!(second & 0x80, 0, "a server masks nothing");
        let number = |bytes: Vec<u8>| {
            bytes
                .into_iter()
                .fold(0, |n, byte| n << 8 | usize::from(byte))
        };
        let length = match second & 0x7f {
            126 => number(self.peer.take(2)),
            127 => number(self.peer.take(8)),
            short => usize::from(short),
        };
        let shortest = match length {
            0..=125 => length,
            126..=0xffff => 126,
            _ => 127,
        };
        assert_eq!(
            usize::from(second),
            shortest,
            "the shortest form of {length}"
        );
        let payload = self.peer.take(length);
        let opcode = first & 0x0f;
        assert!(
            opcode < CLOSE || length <= 125,
            "a control frame of {length}"
        );
        match opcode {
            TEXT => Came::Text(String::from_utf8(payload).expect("UTF-8")),
            BINARY => Came::Binary(payload),
            PING => Came::Ping(payload),
            PONG => Came::Pong(payload),
            CLOSE => Came::Close(close_code(&payload)),
            _ => panic!("operation {opcode}"),
        }
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, came: Came) -> &mut WebSocket {
        assert_eq!(self.next(), came);
        self
    }

    #[track_caller]
    pub(crate) fn expect_text(&mut self, text: impl Into<String>) -> &mut WebSocket {
        self.expect(Came::Text(text.into()))
    }

    /// A message that may carry times, as [`Peer::expect_like`] takes them.
    #[track_caller]
    pub(crate) fn expect_like(&mut self, pattern: impl AsRef<str>) -> &mut WebSocket {
        let message = self.message();
        assert_eq!(timeless(message.as_bytes()), pattern.as_ref().trim_end());
        self
    }

    #[track_caller]
    pub(crate) fn message(&mut self) -> String {
        match self.next() {
            Came::Text(text) => text,
            other => panic!("a message, but {other:?} came"),
        }
    }

    #[track_caller]
    pub(crate) fn json(&mut self) -> Value {
        let message = self.message();
        assert!(message.is_ascii() && !message.contains('\n'), "{message}");
        serde_json::from_str(&message).expect(&message)
    }

    /// Messages up to a closing frame with `code`, and nothing but the connection's end behind it.
    #[track_caller]
    pub(crate) fn expect_close(&mut self, code: u16) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.next() {
                Came::Text(text) => before.push(text),
                Came::Close(Some(came)) if came == code => break,
                other => panic!("a close with {code}, but {other:?} came, behind {before:?}"),
            }
        }
        // The server may have gone already, if it did not ask for an answer.
        let _ = std::io::Write::write_all(&mut self.peer.socket, &close_frame(code));
        self.peer.expect_eof();
        before
    }

    /// Goes round to the server and back, and returns the messages that came before the answer.
    #[track_caller]
    pub(crate) fn sync(&mut self) -> Vec<String> {
        let (ask, answer) = self.dialect().round_trip();
        self.send(frame(FIN | TEXT, ask.trim_ascii_end()));
        let mut before = Vec::new();
        loop {
            let message = self.message();
            if message.as_bytes() == answer.trim_ascii_end() {
                return before;
            }
            before.push(message);
        }
    }

    /// Nothing came, and what was sent before is handled.
    #[track_caller]
    pub(crate) fn silent(&mut self) -> &mut WebSocket {
        let before = self.sync();
        assert!(before.is_empty(), "nothing, but {before:?} came");
        self
    }

    fn dialect(&self) -> Dialect {
        self.protocol.map_or(Json, form)
    }
}

/// The dialect of a sub-protocol.
pub(crate) fn form(protocol: &str) -> Dialect {
    match protocol {
        "hubbub.text" => Text,
        _ => Json,
    }
}

#[track_caller]
pub(crate) fn assert_upgraded(response: &Response, protocol: Option<&str>) {
    assert_eq!(response.status, 101, "{response:?}");
    assert_eq!(response.header("Sec-WebSocket-Accept"), Some(ACCEPT));
    assert_eq!(response.header("Sec-WebSocket-Protocol"), protocol);
    assert_eq!(response.header("Sec-WebSocket-Extensions"), None);
    let is = |name: &str, wanted: &str| {
        let value = response.header(name);
        value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    assert!(is("Upgrade", "websocket") && is("Connection", "upgrade"));
}

fn close_code(payload: &[u8]) -> Option<u16> {
    let (code, reason) = payload.split_first_chunk()?;
    assert!(std::str::from_utf8(reason).is_ok(), "{}", quoted(payload));
    Some(u16::from_be_bytes(*code))
}
