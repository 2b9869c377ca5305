//! Where frames end, as clients end them; and bytes that are no frames.

use hubbub::testing::Dialect;

use crate::forms::{Form, masked_frame};
use crate::plan::Tongue;

use super::Speech;
use super::requests::owe_answer;

impl Speech<'_> {
    /// A frame with its end.
    pub(super) fn framed(&mut self, mut frame: Vec<u8>) -> Vec<u8> {
        if self.peer.tongue.is_websocket() {
            return self.message(&frame);
        }
        let ends: &[&[u8]] = match self.peer.tongue.dialect() {
            Some(Dialect::Text | Dialect::Console) => &[b"\n", b"\r\n", b"\r", b"\r\0"],
            Some(Dialect::Irc) => &[b"\r\n", b"\n"],
            Some(Dialect::Pynet) => &[b"", b"\n", b" "],
            Some(_) => &[b"\n", b"\r\n"],
            None => &[b""],
        };
        if !matches!(
            self.peer.tongue.dialect(),
            Some(Dialect::Json | Dialect::JsonPadded | Dialect::Pynet)
        ) {
            // What ends a line ends the text.
            frame.retain(|byte| !b"\r\n".contains(byte));
        }
        let end: &[u8] = ends[self.dice.below(ends.len())];
        frame.extend_from_slice(end);
        frame
    }

    /// A message on a WebSocket, in one frame or some, now and then with a ping between.
    pub(super) fn message(&mut self, payload: &[u8]) -> Vec<u8> {
        if !self.dice.one_in(6) || payload.is_empty() {
            return masked_frame(1, true, payload, self.mask());
        }
        let cut = self.dice.below(payload.len());
        let mut frames = masked_frame(1, false, &payload[..cut], self.mask());
        if self.dice.one_in(2) {
            frames.extend(masked_frame(9, true, b"ping", self.mask()));
        }
        frames.extend(masked_frame(0, true, &payload[cut..], self.mask()));
        frames
    }

    fn mask(&mut self) -> [u8; 4] {
        (self.dice.next() as u32).to_be_bytes()
    }
}

/// The request that makes a WebSocket of an HTTP connection.
pub(crate) fn upgrade(speech: &mut Speech<'_>) -> Vec<u8> {
    let (path, protocol) = match speech.peer.tongue {
        Tongue::WsEcho => ("/echo", ""),
        Tongue::WsText => ("/ws", "Sec-WebSocket-Protocol: hubbub.text\r\n"),
        _ => ("/ws", "Sec-WebSocket-Protocol: hubbub.json\r\n"),
    };
    owe_answer(speech, false);
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n"
    )
    .into_bytes()
}

/// Bytes that are no frame of the dialect, or one too many.
pub(crate) fn garbage(speech: &mut Speech<'_>) -> Vec<u8> {
    let tongue = speech.peer.tongue;
    speech.peer.may_be_closed = true;
    if tongue.is_websocket() {
        let odd: [&[u8]; 6] = [
            b"\x81\x02hi",
            b"\x83\x80\0\0\0\0",
            b"\x88\x80\0\0\0\0",
            b"\x89\x84\0\0\0\0ping",
            b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
            b"\x81\x82\0\0\0\0\xff\xfe",
        ];
        return speech.dice.pick(&odd).to_vec();
    }
    if matches!(tongue, Tongue::Http | Tongue::Status) {
        let odd: [&[u8]; 6] = [
            b"GET / HTTP/1.1\r\nHo",
            b"BREW / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST /api/v1/rooms/den/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
            b"\xff\xff\xff\xff\r\n\r\n",
        ];
        owe_answer(speech, false);
        return speech.dice.pick(&odd).to_vec();
    }
    let foreign: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"EHLO x\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"NICK al\r\nUSER al 0 * :al\r\n",
    ];
    let is_auto = matches!(
        tongue,
        Tongue::AutoText | Tongue::AutoJson | Tongue::AutoPynet
    );
    // What comes of it there is what the server takes it for.
    if is_auto && !speech.peer.has_joined && speech.peer.asked.is_empty() {
        speech.peer.form = Form::Foreign;
    }
    match speech.dice.below(8) {
        0 if !speech.peer.has_joined && speech.peer.asked.is_empty() => {
            speech.peer.form = Form::Foreign;
            speech.dice.pick(&foreign).to_vec()
        }
        1 => b"\xff\xf4\xff\xfd\x06\n".to_vec(),
        2 => b"\xc3\x28\xff\n".to_vec(),
        3 => [vec![b'x'; speech.dice.below(20_000)], b"\n".to_vec()].concat(),
        4 => b"\n \r\n\0\n".to_vec(),
        5 => ("{\"a\":".repeat(speech.dice.below(200)) + "\n").into_bytes(),
        6 => b"{\"type\":\"chat\",\"message\":7}\n{}\n[1]\n".to_vec(),
        _ => b"/dance\n:dance\n/nick\n".to_vec(),
    }
}
