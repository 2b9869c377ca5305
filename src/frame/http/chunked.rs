//! A body in chunks (RFC 9112 section 7.1), taken apart as it comes: of what stands between the chunks
//! nothing is held. Line ends are CR LF and nothing else, for a line that two programs end at different
//! places hides a request.

use memchr::memchr;
use serde::{Deserialize, Serialize};

use crate::limits::{HTTP_BODY_BYTES_MAX, HTTP_CHUNK_LINE_BYTES_MAX, HTTP_CHUNKING_BYTES_MAX};

/// A request whose body comes in chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chunked {
    /// The head, and the chunks so far without what stands between them.
    whole: Vec<u8>,
    head_len: usize,
    place: ChunkState,
    /// Bytes that were no part of a chunk.
    between: usize,
    /// No line ends in the first `scanned` bytes of the next call.
    scanned: usize,
    /// Are the chunks handed on, so that they may be of any length?
    is_streamed: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum ChunkState {
    /// The line with a chunk's size.
    Size,
    /// So many bytes of a chunk.
    Data(usize),
    /// The line end behind a chunk.
    DataEnd,
    /// A trailer field, or the blank line that ends the body.
    Trailer,
    /// Nothing: the body is whole.
    Over,
}

/// How far a body has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyProgress {
    /// More is needed.
    Partial,
    /// It is whole.
    Whole,
    /// It is not what a body in chunks looks like.
    Bad,
    /// It is longer than a body may be, or says that it will be.
    TooLong,
}

impl Chunked {
    pub(super) fn new(head: &[u8]) -> Chunked {
        Chunked {
            whole: head.to_vec(),
            head_len: head.len(),
            place: ChunkState::Size,
            between: 0,
            scanned: 0,
            is_streamed: false,
        }
    }

    /// One that does not end with the longest body, of which what came is let go again and again.
    pub(super) fn streamed() -> Chunked {
        Chunked {
            is_streamed: true,
            ..Chunked::new(b"")
        }
    }

    /// What came is done with.
    pub(super) fn let_go(&mut self) {
        if !self.whole.is_empty() {
            self.whole.clear();
            // So much may stand between the chunks of each piece.
            self.between = 0;
        }
    }

    /// The head, and as much of the body as came.
    pub(super) fn whole(&self) -> &[u8] {
        &self.whole
    }

    /// Takes in what it can. Returns how many of the bytes are done with.
    pub(super) fn decode(&mut self, bytes: &[u8]) -> (BodyProgress, usize) {
        let mut done = 0;
        loop {
            let rest = &bytes[done..];
            let (taken, progress) = match self.place {
                ChunkState::Data(left) => {
                    let taken = left.min(rest.len());
                    self.whole.extend_from_slice(&rest[..taken]);
                    self.place = match left - taken {
                        0 => ChunkState::DataEnd,
                        left => ChunkState::Data(left),
                    };
                    (taken, BodyProgress::Partial)
                }
                ChunkState::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        self.place = ChunkState::Size;
                        self.pass(2)
                    }
                    [] | [b'\r'] => (0, BodyProgress::Partial),
                    _ => (0, BodyProgress::Bad),
                },
                ChunkState::Size | ChunkState::Trailer => self.line(rest),
                ChunkState::Over => (0, BodyProgress::Whole),
            };
            done += taken;
            if taken == 0 || progress != BodyProgress::Partial {
                return (progress, done);
            }
        }
    }

    /// Takes one line.
    fn line(&mut self, rest: &[u8]) -> (usize, BodyProgress) {
        let Some(at) = memchr(b'\n', &rest[self.scanned..]).map(|at| self.scanned + at) else {
            self.scanned = rest.len();
            // Its line end may be half there.
            return match rest.len() > HTTP_CHUNK_LINE_BYTES_MAX + 1 {
                true => (0, BodyProgress::Bad),
                false => (0, BodyProgress::Partial),
            };
        };
        self.scanned = 0;
        let line = rest[..at].strip_suffix(b"\r").filter(|line| is_text(line));
        let Some(line) = line.filter(|line| line.len() <= HTTP_CHUNK_LINE_BYTES_MAX) else {
            return (0, BodyProgress::Bad);
        };
        let (taken, progress) = self.pass(at + 1);
        if progress != BodyProgress::Partial {
            return (taken, progress);
        }
        let room = match self.is_streamed {
            true => usize::MAX,
            false => HTTP_BODY_BYTES_MAX - (self.whole.len() - self.head_len),
        };
        let progress = match (self.place, line) {
            (ChunkState::Trailer, b"") => {
                self.place = ChunkState::Over;
                BodyProgress::Whole
            }
            (ChunkState::Trailer, line) if is_field(line) => BodyProgress::Partial,
            (ChunkState::Size, line) => match size(line) {
                Some(0) => {
                    self.place = ChunkState::Trailer;
                    BodyProgress::Partial
                }
                Some(size) if size <= room => {
                    self.place = ChunkState::Data(size);
                    BodyProgress::Partial
                }
                Some(_) => BodyProgress::TooLong,
                None => BodyProgress::Bad,
            },
            (
                ChunkState::Trailer | ChunkState::Data(_) | ChunkState::DataEnd | ChunkState::Over,
                _,
            ) => BodyProgress::Bad,
        };
        (taken, progress)
    }

    /// So many bytes are no part of a chunk.
    fn pass(&mut self, count: usize) -> (usize, BodyProgress) {
        self.between += count;
        match self.between > HTTP_CHUNKING_BYTES_MAX {
            true => (count, BodyProgress::TooLong),
            false => (count, BodyProgress::Partial),
        }
    }
}

/// The size that a line says, in hexadecimal digits, whatever extensions stand behind it. What is too great
/// to be a number is too great for a body as well.
fn size(line: &[u8]) -> Option<usize> {
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit();
    let len = line
        .iter()
        .position(|byte| !is_digit(byte))
        .unwrap_or(line.len());
    let (digits, extensions) = line.split_at(len);
    let behind = extensions.trim_ascii_start();
    let is_good = !digits.is_empty() && (extensions.is_empty() || behind.starts_with(b";"));
    let size = digits.iter().fold(0usize, |size, &digit| {
        let value = char::from(digit).to_digit(16).unwrap_or(0);
        size.saturating_mul(16).saturating_add(value as usize)
    });
    is_good.then_some(size)
}

fn is_text(line: &[u8]) -> bool {
    line.iter()
        .all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

/// A name and a colon, with no blank between (RFC 9112 section 5.1).
fn is_field(line: &[u8]) -> bool {
    let is_good = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    match memchr(b':', line) {
        None | Some(0) => false,
        Some(at) => line[..at].iter().all(is_good),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(body: &[u8]) -> (BodyProgress, Vec<u8>, usize) {
        let mut whole = Chunked::new(b"");
        let (progress, done) = whole.decode(body);
        // In pieces as well.
        for piece in [1, 2, 3, 7] {
            let (mut chunked, mut held) = (Chunked::new(b""), Vec::new());
            let (mut last, mut consumed) = (BodyProgress::Partial, 0);
            for part in body.chunks(piece) {
                held.extend_from_slice(part);
                let done = chunked.decode(&held);
                last = done.0;
                consumed += done.1;
                held.drain(..done.1);
                if last != BodyProgress::Partial {
                    break;
                }
            }
            assert_eq!(
                (last, chunked.whole()),
                (progress, whole.whole()),
                "{body:?}"
            );
            assert!(progress != BodyProgress::Whole || consumed == done);
        }
        (progress, whole.whole().to_vec(), done)
    }

    #[test]
    fn good_bodies() {
        for (body, expected) in [
            ("0\r\n\r\n", ""),
            ("5\r\nhello\r\n0\r\n\r\n", "hello"),
            ("1\r\na\r\n0a\r\n0123456789\r\n000\r\n\r\n", "a0123456789"),
            (
                "3;name=value\r\n\r\n\0\r\n0;a;b=\"c;d\" ; e\r\n\r\n",
                "\r\n\0",
            ),
            ("1 ;x\r\na\r\n0\r\nX-Sum: 5\r\nY:\r\n\r\n", "a"),
        ] {
            let input = [body, "GET / HTTP/1.1"].concat();
            let found = (BodyProgress::Whole, expected.into(), body.len());
            assert_eq!(decoded(input.as_bytes()), found, "{body:?}");
        }
    }

    #[test]
    fn bad_bodies() {
        for body in [
            "\r\n",
            "x\r\n",
            "0x5\r\n",
            "+5\r\n",
            "-1\r\n",
            " 5\r\n",
            "5 \r\n",
            "5,\r\n",
            "5\n",
            "5;\n",
            "5\r\r\n",
            "5;a\rb\r\n",
            "5;\0\r\n",
            "2\r\nabc\r\n",
            "2\r\nab\n",
            "2\r\nab\rc",
            "0\r\nX\r\n",
            "0\r\n X: y\r\n",
            "0\r\nX : y\r\n",
            "0\r\n:\r\n",
            "0\r\nX: y\n\r\n",
            "5\r\nhello0\r\n\r\n",
        ] {
            assert_eq!(decoded(body.as_bytes()).0, BodyProgress::Bad, "{body:?}");
        }
        for body in [
            "4001\r\n",
            "ffffffffffffffffffffffff\r\n",
            "3fff\r\n",
            "1\r\na\r\n4000\r\n",
        ] {
            let is_whole = body == "3fff\r\n";
            let expected = if is_whole {
                BodyProgress::Partial
            } else {
                BodyProgress::TooLong
            };
            assert_eq!(decoded(body.as_bytes()).0, expected, "{body:?}");
        }
    }

    #[test]
    fn what_is_bounded() {
        let chunks = |count| "1\r\nx\r\n".repeat(count) + "0\r\n\r\n";
        let (progress, body, _) = decoded(chunks(HTTP_BODY_BYTES_MAX).as_bytes());
        assert_eq!(
            (progress, body.len()),
            (BodyProgress::Whole, HTTP_BODY_BYTES_MAX)
        );
        assert_eq!(
            decoded(chunks(HTTP_BODY_BYTES_MAX + 1).as_bytes()).0,
            BodyProgress::TooLong
        );
        let long = |len| format!("0;{}\r\n\r\n", "x".repeat(len - 2));
        assert_eq!(
            decoded(long(HTTP_CHUNK_LINE_BYTES_MAX).as_bytes()).0,
            BodyProgress::Whole
        );
        assert_eq!(
            decoded(long(HTTP_CHUNK_LINE_BYTES_MAX + 2).as_bytes()).0,
            BodyProgress::Bad
        );
        let trailers = "0\r\n".to_string() + &"A: b\r\n".repeat(HTTP_CHUNKING_BYTES_MAX / 6 + 1);
        assert_eq!(decoded(trailers.as_bytes()).0, BodyProgress::TooLong);
    }
}
