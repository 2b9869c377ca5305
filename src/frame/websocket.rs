//! WebSocket messages (RFC 6455): what a server finds in a client's bytes, and what it writes.
//!
//! A decoder takes bytes as they come: it unmasks them into a message of its own, which grows by what
//! came and never by what a header claims, and only a header that is not whole is left to the next
//! call. Everything that can be known wrong is wrong at once: an order of frames with the first byte
//! of one, a length with the header, text with the first byte that can't be UTF-8.

#[cfg(any(test, feature = "testing"))]
pub mod oracle;
#[cfg(test)]
mod tests;
mod write;

use super::{Status, Step};
use serde::{Deserialize, Serialize};

pub use write::write_masked_frame;
pub(crate) use write::{wrap_lines, write_close, write_frame, write_ping, write_pong};

/// The payload of a control frame, in bytes at most (RFC 6455 section 5.5).
pub(crate) const CONTROL_BYTES_MAX: usize = 125;

/// The bit of a frame's first byte that makes it the last of its message (RFC 6455 section 5.2).
const FINAL: u8 = 0x80;
/// Bits for extensions, of which none is spoken here.
const RESERVED: u8 = 0x70;
/// The bit of a frame's second byte that says that a mask key follows the length.
const MASKED: u8 = 0x80;
/// Lengths that say how many bytes of a length follow.
const LENGTH_OF_2_BYTES: u8 = 126;
const LENGTH_OF_8_BYTES: u8 = 127;

/// What a frame is (RFC 6455 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opcode {
    /// It goes on with the message that an earlier frame began.
    Continuation = 0x0,
    /// It begins a message of UTF-8.
    Text = 0x1,
    /// It begins a message of any bytes.
    Binary = 0x2,
    /// It closes, and may say why.
    Close = 0x8,
    /// It asks for a pong with the same payload.
    Ping = 0x9,
    /// It answers a ping, or just shows life.
    Pong = 0xA,
}

impl Opcode {
    fn of(first: u8) -> Option<Opcode> {
        Some(match first & 0x0F {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xA => Opcode::Pong,
            _ => return None,
        })
    }

    /// May it stand between the frames of a message (RFC 6455 section 5.5)?
    fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// Why a server closes (RFC 6455 section 7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// 1000: all is said.
    Normal = 1000,
    /// 1001: the server stops.
    GoingAway = 1001,
    /// 1002: the peer's frames break the protocol.
    Protocol = 1002,
    /// 1007: a text is not UTF-8.
    InvalidPayload = 1007,
    /// 1008: the peer may not do what it did.
    Policy = 1008,
    /// 1009: a message is over the limit.
    TooBig = 1009,
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> u16 {
        code as u16
    }
}

/// The state of a decoder of what a client sends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSocket {
    /// The message so far, unmasked, or the one found last; at most a limit's worth.
    message: Vec<u8>,
    /// The payload of a control frame so far, or of the one found last; it may come within a message.
    control: Vec<u8>,
    /// The message that is not whole yet.
    kind: Option<MessageKind>,
    /// The frame whose payload is coming.
    frame: Option<Frame>,
    /// Which of them the last call found.
    held: Held,
    /// Nothing more is found: the peer closed, or broke the protocol.
    is_over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum MessageKind {
    Binary,
    /// Invariant: the message is UTF-8 up to `checked`, and behind it is at most the beginning of a
    /// character.
    Text {
        checked: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Frame {
    opcode: Opcode,
    is_final: bool,
    /// For the bytes to come: the first of it is for the next.
    key: [u8; 4],
    /// Bytes to come; with the message so far at most a limit's worth.
    left: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Held {
    #[default]
    Nothing,
    Message,
    Control,
}

impl WebSocket {
    /// Looks for the next message or control frame. All of `bytes` is consumed but for a header that
    /// is not whole. The end of input ends nothing: a client says when a message is whole.
    pub(super) fn decode(&mut self, bytes: &[u8], limit: usize) -> Step {
        self.forget_found();
        let mut rest = bytes;
        let status = match self.is_over {
            true => Status::Partial,
            false => self
                .find(&mut rest, limit)
                .unwrap_or_else(|code| self.end(Status::Broken(code))),
        };
        if self.is_over {
            rest = &[];
        }
        Step {
            status,
            consumed: bytes.len() - rest.len(),
        }
    }

    /// The payload that the last call found.
    pub(super) fn held(&self) -> &[u8] {
        match self.held {
            Held::Nothing => &[],
            Held::Message => &self.message,
            Held::Control => &self.control,
        }
    }

    /// Gives its memory back.
    fn forget_found(&mut self) {
        match std::mem::take(&mut self.held) {
            Held::Nothing => {}
            Held::Message => self.message = Vec::new(),
            Held::Control => self.control = Vec::new(),
        }
    }

    fn find(&mut self, rest: &mut &[u8], limit: usize) -> Result<Status, CloseCode> {
        loop {
            let begun = match self.frame.take() {
                Some(frame) => Some(frame),
                None => self.begin(rest, limit)?,
            };
            let Some(mut frame) = begun else {
                return Ok(Status::Partial);
            };
            let (part, behind) = rest.split_at(frame.left.min(rest.len()));
            *rest = behind;
            self.take_in(&mut frame, part, limit)?;
            if frame.left > 0 {
                self.frame = Some(frame);
                return Ok(Status::Partial);
            }
            if let Some(status) = self.finish(frame)? {
                return Ok(status);
            }
        }
    }

    /// Reads a header, if it is whole, and judges all of it that is there.
    fn begin(&mut self, rest: &mut &[u8], limit: usize) -> Result<Option<Frame>, CloseCode> {
        let Some(&first) = rest.first() else {
            return Ok(None);
        };
        let opcode = self.judge(first)?;
        let Some((len, behind)) = read_len(&rest[1..], opcode)? else {
            return Ok(None);
        };
        let room = match opcode.is_control() {
            true => CONTROL_BYTES_MAX,
            false => limit.saturating_sub(self.message.len()),
        };
        let left = usize::try_from(len).ok().filter(|&len| len <= room);
        let left = left.ok_or(CloseCode::TooBig)?;
        let Some((&key, payload)) = behind.split_first_chunk() else {
            return Ok(None);
        };
        *rest = payload;
        match opcode {
            Opcode::Text => self.kind = Some(MessageKind::Text { checked: 0 }),
            Opcode::Binary => self.kind = Some(MessageKind::Binary),
            Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong => {}
        }
        Ok(Some(Frame {
            opcode,
            is_final: first & FINAL != 0,
            key,
            left,
        }))
    }

    /// May a frame with this first byte come now?
    fn judge(&self, first: u8) -> Result<Opcode, CloseCode> {
        let opcode = Opcode::of(first).filter(|_| first & RESERVED == 0);
        let opcode = opcode.ok_or(CloseCode::Protocol)?;
        let fits = match opcode {
            Opcode::Continuation => self.kind.is_some(),
            Opcode::Text | Opcode::Binary => self.kind.is_none(),
            Opcode::Close | Opcode::Ping | Opcode::Pong => first & FINAL != 0,
        };
        fits.then_some(opcode).ok_or(CloseCode::Protocol)
    }

    /// Unmasks what came of a frame's payload.
    fn take_in(&mut self, frame: &mut Frame, part: &[u8], limit: usize) -> Result<(), CloseCode> {
        let (payload, most) = match frame.opcode.is_control() {
            true => (&mut self.control, CONTROL_BYTES_MAX),
            false => (&mut self.message, limit),
        };
        let start = payload.len();
        grow(payload, part.len(), most);
        payload.extend_from_slice(part);
        mask(&mut payload[start..], frame.key);
        frame.key.rotate_left(part.len() % 4);
        frame.left -= part.len();
        match &mut self.kind {
            Some(MessageKind::Text { checked }) if !frame.opcode.is_control() => {
                *checked += utf8_len(&self.message[*checked..])?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The payload of `frame` is whole.
    fn finish(&mut self, frame: Frame) -> Result<Option<Status>, CloseCode> {
        let (held, status) = match frame.opcode {
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                if !frame.is_final {
                    return Ok(None);
                }
                let is_text = match self.kind.take() {
                    Some(MessageKind::Text { checked }) if checked < self.message.len() => {
                        return Err(CloseCode::InvalidPayload);
                    }
                    kind => kind != Some(MessageKind::Binary),
                };
                (Held::Message, Status::Message { is_text })
            }
            Opcode::Ping => (Held::Control, Status::Ping),
            Opcode::Pong => (Held::Control, Status::Pong),
            Opcode::Close => {
                let code = read_close(&self.control)?;
                return Ok(Some(self.end(Status::Close(code))));
            }
        };
        self.held = held;
        Ok(Some(status))
    }

    /// Nothing is found after `last`, and nothing is kept.
    fn end(&mut self, last: Status) -> Status {
        *self = WebSocket {
            is_over: true,
            ..WebSocket::default()
        };
        last
    }
}

/// Reads the length of a payload (RFC 6455 section 5.2) and what stands behind it; `None`: more bytes
/// are needed.
fn read_len(bytes: &[u8], opcode: Opcode) -> Result<Option<(u64, &[u8])>, CloseCode> {
    let Some((&second, behind)) = bytes.split_first() else {
        return Ok(None);
    };
    let short = second & !MASKED;
    let is_short = short < LENGTH_OF_2_BYTES;
    if second & MASKED == 0 || (opcode.is_control() && !is_short) {
        return Err(CloseCode::Protocol);
    }
    let read = match short {
        LENGTH_OF_2_BYTES => behind
            .split_first_chunk()
            .map(|(&len, behind)| (u16::from_be_bytes(len).into(), behind)),
        LENGTH_OF_8_BYTES => behind
            .split_first_chunk()
            .map(|(&len, behind)| (u64::from_be_bytes(len), behind)),
        _ => Some((short.into(), behind)),
    };
    let fits = |len: u64| match short {
        LENGTH_OF_2_BYTES => len >= u64::from(LENGTH_OF_2_BYTES),
        LENGTH_OF_8_BYTES => len > u64::from(u16::MAX) && len >> 63 == 0,
        _ => true,
    };
    match read {
        Some((len, _)) if !fits(len) => Err(CloseCode::Protocol),
        read => Ok(read),
    }
}

/// Reads the payload of a close frame (RFC 6455 sections 5.5.1 and 7.4): a code, if there is one, and
/// a reason, which nobody here wants to know.
fn read_close(payload: &[u8]) -> Result<Option<u16>, CloseCode> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [_] => return Err(CloseCode::Protocol),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(CloseCode::Protocol);
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(_) => Err(CloseCode::InvalidPayload),
    }
}

/// How much of `bytes` is UTF-8, where at most the beginning of a character follows.
fn utf8_len(bytes: &[u8]) -> Result<usize, CloseCode> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(bytes.len()),
        Err(error) if error.error_len().is_none() => Ok(error.valid_up_to()),
        Err(_) => Err(CloseCode::InvalidPayload),
    }
}

/// Makes room for `count` bytes more: twice the memory where there is not enough, so that small parts
/// cost linear time, but not more than `most` bytes can need.
fn grow(bytes: &mut Vec<u8>, count: usize, most: usize) {
    let needed = bytes.len() + count;
    if needed > bytes.capacity() {
        let wanted = needed.max(most.min(2 * bytes.capacity()));
        bytes.reserve_exact(wanted - bytes.len());
    }
}

/// Masks or unmasks (RFC 6455 section 5.3) bytes of which the first is for the first of `key`.
fn mask(bytes: &mut [u8], key: [u8; 4]) {
    let word = u32::from_ne_bytes(key);
    let (words, rest) = bytes.as_chunks_mut();
    for bytes in words {
        *bytes = (u32::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}
