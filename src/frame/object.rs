//! JSON objects with nothing, white space or byte-order marks between them: the brace that closes an object ends a
//! frame. Only depth, strings and escapes are followed (RFC 8259 sections 4 and 7); whether a frame
//! is good JSON is for the dialect to say.

use memchr::{memchr2, memchr3};
use serde::{Deserialize, Serialize};

use super::{Status, Step};

/// The state of an object decoder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JsonObject {
    /// Invariant: `place` is where the scan stands after the first `scanned` bytes of the next call.
    scanned: usize,
    place: ScanState,
    /// The rest of a frame over the limit is being skipped.
    skipping: bool,
}

/// Where in the stream the scan stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum ScanState {
    /// Between objects, where white space means nothing.
    #[default]
    Between,
    /// In an object or array, this many deep (at least 1).
    Inside(u64),
    /// In a string this many deep; `true` behind a backslash.
    String(u64, bool),
    /// In something that is no object: a frame up to a line feed or the next `{`.
    Junk,
}

impl JsonObject {
    /// Looks for the end of an object. With `finish`, the end of `bytes` ends a frame as well. A
    /// line feed inside a string, which JSON does not allow, ends the frame too, and any line feed
    /// ends the skipping of a frame over the limit, so that one broken line of a person cannot
    /// swallow all that follows.
    pub(super) fn decode(&mut self, bytes: &[u8], limit: usize, finish: bool) -> Step {
        let mut start = 0;
        let mut at = self.scanned;
        loop {
            if self.place == ScanState::Between {
                // Where not even a mark may be held, it is what it looks like: no object.
                let mark = match limit >= BYTE_ORDER_MARK.len() {
                    true => BYTE_ORDER_MARK,
                    false => b"",
                };
                at = skip_white_space(bytes, at, mark);
                start = at;
                let is_half_a_mark = mark.starts_with(&bytes[at..]) && at < bytes.len();
                if is_half_a_mark && !finish {
                    self.scanned = 0;
                    return Step {
                        status: Status::Partial,
                        consumed: at,
                    };
                }
            }
            // What lies beyond the limit is skipped, however it arrives.
            let known = match self.skipping {
                true => bytes,
                false => &bytes[..bytes.len().min(start + limit + 1)],
            };
            match self.scan(known, at) {
                Some(end) => {
                    self.place = ScanState::Between;
                    self.scanned = 0;
                    if !std::mem::take(&mut self.skipping) {
                        return frame(start, end, limit);
                    }
                    at = end;
                }
                None => return self.wait(known, start, limit, finish),
            }
        }
    }

    /// Follows the bytes from `at` on; returns where the frame ends if it does.
    fn scan(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        while at < bytes.len() {
            match self.place {
                _ if self.skipping && bytes[at] == b'\n' => return Some(at + 1),
                ScanState::Between => {
                    self.place = if bytes[at] == b'{' {
                        ScanState::Inside(1)
                    } else {
                        ScanState::Junk
                    };
                    at += 1;
                }
                ScanState::Inside(depth) => {
                    match bytes[at] {
                        b'"' => self.place = ScanState::String(depth, false),
                        b'{' | b'[' => self.place = ScanState::Inside(depth + 1),
                        b'}' | b']' if depth == 1 => return Some(at + 1),
                        b'}' | b']' => self.place = ScanState::Inside(depth - 1),
                        _ => {}
                    }
                    at += 1;
                }
                ScanState::String(_, true) if bytes[at] == b'\n' => return Some(at + 1),
                ScanState::String(depth, true) => {
                    self.place = ScanState::String(depth, false);
                    at += 1;
                }
                ScanState::String(depth, false) => {
                    at += memchr3(b'"', b'\\', b'\n', &bytes[at..])?;
                    match bytes[at] {
                        b'"' => self.place = ScanState::Inside(depth),
                        b'\\' => self.place = ScanState::String(depth, true),
                        _ => return Some(at + 1),
                    }
                    at += 1;
                }
                ScanState::Junk => {
                    return memchr2(b'{', b'\n', &bytes[at..]).map(|found| at + found);
                }
            }
        }
        None
    }

    fn wait(&mut self, bytes: &[u8], start: usize, limit: usize, finish: bool) -> Step {
        let len = bytes.len() - start;
        if self.skipping || len > limit {
            let status = if self.skipping {
                Status::Partial
            } else {
                Status::TooLong
            };
            self.skipping = true;
            self.scanned = 0;
            return Step {
                status,
                consumed: bytes.len(),
            };
        }
        if finish && len > 0 {
            *self = JsonObject::default();
            return frame(start, bytes.len(), limit);
        }
        self.scanned = len;
        Step {
            status: Status::Partial,
            consumed: start,
        }
    }
}

fn frame(start: usize, end: usize, limit: usize) -> Step {
    let status = if end - start > limit {
        Status::TooLong
    } else {
        Status::Frame(start..end)
    };
    Step {
        status,
        consumed: end,
    }
}

/// UTF-8's byte-order mark, which some programs begin their output with.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Skips byte-order marks too, where `mark` is one rather than empty.
fn skip_white_space(bytes: &[u8], from: usize, mark: &[u8]) -> usize {
    let mut rest = &bytes[from..];
    loop {
        let count = rest
            .iter()
            .take_while(|byte| b" \t\r\n".contains(byte))
            .count();
        rest = &rest[count..];
        match rest.strip_prefix(mark) {
            Some(behind) if !mark.is_empty() => rest = behind,
            _ => return bytes.len() - rest.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Framing, tests::case};

    #[test]
    fn objects_with_nothing_or_white_space_between() {
        let object = Framing::object();
        case(&object, b"", 64, &[]);
        case(&object, b" \r\n\t ", 64, &[]);
        case(
            &object,
            br#"{"a":1}{"b":2}"#,
            64,
            &[Some(br#"{"a":1}"#), Some(br#"{"b":2}"#)],
        );
        case(&object, b"\n{} \n {}\n", 64, &[Some(b"{}"), Some(b"{}")]);
        case(
            &object,
            br#"{"a":{"b":[{}]}}"#,
            64,
            &[Some(br#"{"a":{"b":[{}]}}"#)],
        );
    }

    #[test]
    fn byte_order_marks_are_skipped() {
        let object = Framing::object();
        let marked = b"\xEF\xBB\xBF{} \xEF\xBB\xBF\xEF\xBB\xBF\n{}\xEF\xBB\xBF";
        case(&object, marked, 64, &[Some(b"{}"), Some(b"{}")]);
        case(
            &object,
            b"\xEF\xBB{}",
            64,
            &[Some(b"\xEF\xBB"), Some(b"{}")],
        );
        case(&object, marked, 1, &[None; 5]);
        let marks = b"\xEF\xBB\xBF".repeat(1000);
        case(&object, &marks, 8, &[]);
    }

    #[test]
    fn braces_and_quotes_in_strings_end_nothing() {
        let object = Framing::object();
        for whole in [
            &br#"{"}":"\"}"}"#[..],
            br#"{"a":"\\"}"#,
            br#"{"a":"\\\"}{"}"#,
        ] {
            case(&object, whole, 64, &[Some(whole)]);
        }
    }

    #[test]
    fn junk_is_a_frame_up_to_the_next_object() {
        let object = Framing::object();
        case(&object, b"hello\n{}", 64, &[Some(b"hello"), Some(b"{}")]);
        case(&object, b"]{}", 64, &[Some(b"]"), Some(b"{}")]);
        case(
            &object,
            b"{\"a\":\"oops\n{}",
            64,
            &[Some(b"{\"a\":\"oops\n"), Some(b"{}")],
        );
    }

    #[test]
    fn an_object_at_the_limit_and_one_past_it() {
        let object = Framing::object();
        case(
            &object,
            br#"{"a":12}{}"#,
            8,
            &[Some(br#"{"a":12}"#), Some(b"{}")],
        );
        case(&object, br#"{"a":123}{}"#, 8, &[None, Some(b"{}")]);
        case(
            &object,
            br#"{"a":{"}":123}, "b":"{"} {}"#,
            8,
            &[None, Some(b"{}")],
        );
        case(
            &object,
            b"{\"a\":1,2,3\n{}{}",
            8,
            &[None, Some(b"{}"), Some(b"{}")],
        );
        case(&object, b"{\"\\\n{}", 8, &[Some(b"{\"\\\n"), Some(b"{}")]);
    }
}
