//! Lines: a line feed ends a frame, and where people type them a carriage return does, too.

use memchr::{memchr, memchr2};
use serde::{Deserialize, Serialize};

use super::{Status, Step};

/// The state of a line decoder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Invariant: no line ends in the first `scanned` bytes of the next call.
    scanned: usize,
    /// The rest of a line over the limit is being skipped.
    skipping: bool,
    /// Does a carriage return end a line, be it alone or with a line feed or a NUL behind it?
    is_typed: bool,
    /// The last line ended with a carriage return: what else belongs to its end may still come.
    is_open: bool,
}

impl Line {
    /// Lines as terminals send them: they end in CR LF, LF, CR NUL (RFC 1123 section 3.3.1) or CR.
    pub(super) fn typed() -> Line {
        Line {
            is_typed: true,
            ..Line::default()
        }
    }

    /// Looks for the end of a line. With `finish`, the end of `bytes` ends a line as well, unless it is
    /// empty. Where carriage returns end no line, the one before a line feed belongs to the end.
    pub(super) fn decode(&mut self, bytes: &[u8], limit: usize, finish: bool) -> Step {
        let mut start = 0;
        if let (true, Some(&first)) = (self.is_open, bytes.first()) {
            self.is_open = false;
            start = usize::from(is_second(first));
        }
        if self.skipping {
            let Some((_, end)) = self.find_end(&bytes[start..]) else {
                self.skipping = !finish;
                return Step {
                    status: Status::Partial,
                    consumed: bytes.len(),
                };
            };
            start += end;
            self.skipping = false;
        }
        let line = &bytes[start..];
        let (len, end) = match self.find_end(line) {
            Some(found) => found,
            None if finish && !line.is_empty() => (line.len(), line.len()),
            None => return self.wait(line, limit, start),
        };
        self.scanned = 0;
        let len = self.len_without_return(&line[..len]);
        let status = if len > limit {
            Status::TooLong
        } else {
            Status::Frame(start..start + len)
        };
        Step {
            status,
            consumed: start + end,
        }
    }

    /// Where the line ends, and where what is behind its end begins.
    fn find_end(&mut self, line: &[u8]) -> Option<(usize, usize)> {
        let unseen = &line[self.scanned..];
        let at = match self.is_typed {
            true => memchr2(b'\n', b'\r', unseen),
            false => memchr(b'\n', unseen),
        };
        let at = self.scanned + at?;
        let behind = &line[at + 1..];
        let has_second = line[at] == b'\r' && behind.first().is_some_and(|&byte| is_second(byte));
        // It is a whole line already: whoever sends no more waits for the answer.
        self.is_open = line[at] == b'\r' && behind.is_empty();
        Some((at, at + 1 + usize::from(has_second)))
    }

    pub(super) fn retract(&mut self, count: usize) {
        self.scanned = self.scanned.saturating_sub(count);
    }

    fn len_without_return(&self, line: &[u8]) -> usize {
        match line.strip_suffix(b"\r") {
            Some(rest) if !self.is_typed => rest.len(),
            _ => line.len(),
        }
    }

    /// A line of just the limit may still be waiting for both bytes of its end.
    fn wait(&mut self, line: &[u8], limit: usize, start: usize) -> Step {
        if self.len_without_return(line) > limit {
            self.scanned = 0;
            self.skipping = true;
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

/// May `byte` stand behind the carriage return that ends a line?
fn is_second(byte: u8) -> bool {
    matches!(byte, b'\n' | 0)
}

#[cfg(test)]
mod tests {
    use super::super::{End, Framing, Status, tests::case};

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
    fn typed_lines() {
        let line = Framing::typed_line();
        case(&line, b"", 8, &[]);
        for end in [&b"\n"[..], b"\r\n", b"\r\0", b"\r"] {
            let lines = [b"a", end, b"b", end, end, b"c"].concat();
            let found = [Some(&b"a"[..]), Some(b"b"), Some(b""), Some(b"c")];
            case(&line, &lines, 8, &found);
            case(&line, &[&lines, end].concat(), 8, &found);
        }
        case(&line, b"a\r\r\nb", 8, &[Some(b"a"), Some(b""), Some(b"b")]);
        case(&line, b"a\n\rb", 8, &[Some(b"a"), Some(b""), Some(b"b")]);
        case(&line, b"a\n\0b", 8, &[Some(b"a"), Some(b"\0b")]);
        case(&line, b"a\r\0\nb", 8, &[Some(b"a"), Some(b""), Some(b"b")]);
        case(&line, b"12345678\r9\n", 8, &[Some(b"12345678"), Some(b"9")]);
        case(
            &line,
            b"123456789\rb\r\nc",
            8,
            &[None, Some(b"b"), Some(b"c")],
        );
        case(&line, b"123456789\r\0b", 8, &[None, Some(b"b")]);
    }

    #[test]
    fn a_carriage_return_ends_a_line_at_once() {
        let mut line = Framing::typed_line();
        let found = line.decode(b"hi\r", 8, End::Open);
        assert_eq!((found.status, found.consumed), (Status::Frame(0..2), 3));
        assert_eq!(line.decode(b"", 8, End::Open).status, Status::Partial);
        let found = line.decode(b"\0", 8, End::Open);
        assert_eq!((found.status, found.consumed), (Status::Partial, 1));
        let found = line.decode(b"\n", 8, End::Open);
        assert_eq!(found.status, Status::Frame(0..0), "once only");
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
