//! Lines: a line feed ends a frame.

use memchr::memchr;

use super::{Status, Step};

/// The state of a line decoder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Invariant: no line feed stands in the first `scanned` bytes of the next call.
    scanned: usize,
    /// The rest of a line over the limit is being skipped.
    skipping: bool,
}

impl Line {
    /// Looks for a line feed. With `finish`, the end of `bytes` ends a line as well, unless it is
    /// empty. One carriage return at the end of a line belongs to its end.
    pub(super) fn decode(&mut self, bytes: &[u8], limit: usize, finish: bool) -> Step {
        let mut start = 0;
        if self.skipping {
            match memchr(b'\n', bytes) {
                Some(at) => start = at + 1,
                None => {
                    self.skipping = !finish;
                    return Step {
                        status: Status::Partial,
                        consumed: bytes.len(),
                    };
                }
            }
            self.skipping = false;
        }
        let line = &bytes[start..];
        let (len, consumed) = match memchr(b'\n', &line[self.scanned..]) {
            Some(at) => (self.scanned + at, start + self.scanned + at + 1),
            None if finish && !line.is_empty() => (line.len(), bytes.len()),
            None => return self.wait(line, limit, start),
        };
        self.scanned = 0;
        let len = if line[..len].ends_with(b"\r") {
            len - 1
        } else {
            len
        };
        let status = if len > limit {
            Status::TooLong
        } else {
            Status::Frame(start..start + len)
        };
        Step { status, consumed }
    }

    pub(super) fn retract(&mut self, count: usize) {
        self.scanned = self.scanned.saturating_sub(count);
    }

    /// A line of just the limit may still be waiting for both bytes of its end.
    fn wait(&mut self, line: &[u8], limit: usize, start: usize) -> Step {
        let len = if line.ends_with(b"\r") {
            line.len() - 1
        } else {
            line.len()
        };
        if len > limit {
            *self = Line {
                scanned: 0,
                skipping: true,
            };
            Step {
                status: Status::TooLong,
                consumed: start + line.len(),
            }
        } else {
            self.scanned = line.len();
            Step {
                status: Status::Partial,
                consumed: start,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Framing, tests::case};

    #[test]
    fn lines() {
        let line = Framing::line();
        case(&line, b"", 8, &[]);
        case(&line, b"a\n", 8, &[Some(b"a")]);
        case(&line, b"a\r\nb\n", 8, &[Some(b"a"), Some(b"b")]);
        case(&line, b"\n\r\n\n", 8, &[Some(b""), Some(b""), Some(b"")]);
        case(&line, b"a\r\r\nb\rc\n", 8, &[Some(b"a\r"), Some(b"b\rc")]);
        case(&line, b"a\0\xff\n", 8, &[Some(b"a\0\xff")]);
    }

    #[test]
    fn the_end_of_input_ends_a_line() {
        let line = Framing::line();
        case(&line, b"bob\nhi", 8, &[Some(b"bob"), Some(b"hi")]);
        case(&line, b"hi\r", 8, &[Some(b"hi")]);
    }

    #[test]
    fn a_line_at_the_limit_and_one_past_it() {
        let line = Framing::line();
        case(&line, b"12345678\n", 8, &[Some(b"12345678")]);
        case(&line, b"12345678\r\n", 8, &[Some(b"12345678")]);
        case(&line, b"123456789\nb\n", 8, &[None, Some(b"b")]);
        case(&line, b"123456789\r\nb\n", 8, &[None, Some(b"b")]);
        case(&line, b"12345678\r\r\nb\n", 8, &[None, Some(b"b")]);
        case(
            &line,
            b"1234567890123456789012345678\n\nb\n",
            8,
            &[None, Some(b""), Some(b"b")],
        );
        case(&line, b"123456789", 8, &[None]);
    }
}
