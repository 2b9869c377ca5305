//! Frames that end with silence, for clients that send no line ends.

use super::{End, Line, Status, Step};
use serde::{Deserialize, Serialize};

/// The end of a typed line or silence ends a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence(Line);

impl Default for Silence {
    fn default() -> Silence {
        Silence(Line::typed())
    }
}

impl Silence {
    pub(super) fn decode(&mut self, bytes: &[u8], limit: usize, end: End) -> Step {
        self.0.decode(bytes, limit, end != End::Open)
    }
}

/// Silence, the limit or the end of input ends the only frame; line feeds do not, and the end of
/// input without a byte is an empty frame. What follows is skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    done: bool,
}

impl Block {
    pub(super) fn decode(&mut self, bytes: &[u8], limit: usize, end: End) -> Step {
        if self.done {
            return Step {
                status: Status::Partial,
                consumed: bytes.len(),
            };
        }
        let finished = match end {
            End::Open => bytes.len() >= limit,
            End::Silent => !bytes.is_empty(),
            End::Closed => true,
        };
        if !finished {
            return Step {
                status: Status::Partial,
                consumed: 0,
            };
        }
        self.done = true;
        Step {
            status: Status::Frame(0..bytes.len().min(limit)),
            consumed: bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{End, Framing, Status, tests::case};

    #[test]
    fn silence_or_a_line_feed_ends_a_frame() {
        case(
            &Framing::silence(),
            b"a\r\nb\nc",
            8,
            &[Some(b"a"), Some(b"b"), Some(b"c")],
        );
        let mut framing = Framing::silence();
        assert_eq!(
            framing.decode(b"Hello", 8, End::Open).status,
            Status::Partial
        );
        assert_eq!(
            framing.decode(b"Hello", 8, End::Silent).status,
            Status::Frame(0..5)
        );
        assert_eq!(framing.decode(b"", 8, End::Silent).status, Status::Partial);
    }

    #[test]
    fn silence_ends_the_skipping_of_a_long_frame() {
        let mut framing = Framing::silence();
        assert_eq!(
            framing.decode(b"123456789", 8, End::Open).status,
            Status::TooLong
        );
        assert_eq!(framing.decode(b"0", 8, End::Silent).status, Status::Partial);
        assert_eq!(
            framing.decode(b"next", 8, End::Silent).status,
            Status::Frame(0..4)
        );
    }

    #[test]
    fn a_block_ends_with_the_input_its_limit_or_silence() {
        let block = Framing::block();
        case(&block, b"", 8, &[Some(b"")]);
        case(&block, b"a\nb\r\n\0", 8, &[Some(b"a\nb\r\n\0")]);
        case(&block, b"12345678", 8, &[Some(b"12345678")]);
        case(&block, b"123456789", 8, &[Some(b"12345678")]);
        let mut framing = Framing::block();
        assert_eq!(framing.decode(b"", 8, End::Silent).status, Status::Partial);
        assert_eq!(
            framing.decode(b"a\n", 8, End::Silent).status,
            Status::Frame(0..2)
        );
        assert_eq!(framing.decode(b"b", 8, End::Closed).status, Status::Partial);
    }
}
