//! HTTP/1.1 requests: head and body are one frame (RFC 9112 section 2.1).
//!
//! A request that is refused whatever it asks (a bad head, a length that is none or too great, a body
//! in chunks, an expectation) is a frame without its body, and the last one: where the next request
//! would begin is not known, or not worth the reading.

use memchr::memchr;

use crate::limits::{HTTP_BODY_BYTES_MAX, HTTP_HEADERS_MAX};

use super::{Status, Step};

/// The state of a request decoder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Http {
    /// Invariant: the head does not end in the first `scanned` bytes of the next call, nor do they
    /// begin with a blank line.
    scanned: usize,
    /// How long the request at hand is, head and body; 0 until its head is whole.
    len: usize,
    /// Nothing more is to be found.
    is_done: bool,
}

impl Http {
    /// Looks for the end of a request whose head is at most `limit` bytes long. Blank lines before it
    /// are skipped (section 2.2). With `finish`, the end of `bytes` ends a request too, unless it is
    /// empty.
    pub(super) fn decode(&mut self, bytes: &[u8], limit: usize, finish: bool) -> Step {
        if self.is_done {
            return partial(bytes.len());
        }
        let start = match self.scanned {
            0 if self.len == 0 => blank_lines_len(bytes),
            _ => 0,
        };
        let request = &bytes[start..];
        // It may be half of a blank line.
        if request == b"\r" && !finish {
            return partial(start);
        }
        if self.len == 0 {
            match self.head_len(request, limit) {
                Some(head_len) => match body_len(&request[..head_len]) {
                    Some(body_len) => self.len = head_len + body_len,
                    None => return self.end(start, head_len),
                },
                None if request.len() >= limit => {
                    self.is_done = true;
                    return Step {
                        status: Status::TooLong,
                        consumed: bytes.len(),
                    };
                }
                None => {}
            }
        }
        if self.len > 0 && request.len() >= self.len {
            let end = start + std::mem::take(self).len;
            return Step {
                status: Status::Frame(start..end),
                consumed: end,
            };
        }
        if finish && !request.is_empty() {
            return self.end(start, request.len());
        }
        partial(start)
    }

    /// How long the head is, blank line included, if it ends within `limit` bytes.
    fn head_len(&mut self, request: &[u8], limit: usize) -> Option<usize> {
        let known = &request[..request.len().min(limit)];
        while let Some(at) = memchr(b'\n', &known[self.scanned..]) {
            let line_end = self.scanned + at;
            match &known[line_end + 1..] {
                [b'\n', ..] => return Some(line_end + 2),
                [b'\r', b'\n', ..] => return Some(line_end + 3),
                // What follows tells whether the head ends here.
                [] | [b'\r'] => {
                    self.scanned = line_end;
                    return None;
                }
                _ => self.scanned = line_end + 1,
            }
        }
        self.scanned = known.len();
        None
    }

    /// The last frame there is.
    fn end(&mut self, start: usize, len: usize) -> Step {
        self.is_done = true;
        Step {
            status: Status::Frame(start..start + len),
            consumed: start + len,
        }
    }
}

fn partial(consumed: usize) -> Step {
    Step {
        status: Status::Partial,
        consumed,
    }
}

fn blank_lines_len(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] = rest {
        rest = after;
    }
    bytes.len() - rest.len()
}

/// How long the body behind a head is (section 6.3); `None` where the request is refused.
fn body_len(head: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; HTTP_HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(head).ok()?;
    if parsed != httparse::Status::Complete(head.len()) {
        return None;
    }
    let is = |header: &httparse::Header<'_>, name: &str| header.name.eq_ignore_ascii_case(name);
    let mut len = None;
    for header in request.headers.iter() {
        if is(header, "transfer-encoding") || is(header, "expect") {
            return None;
        }
        if is(header, "content-length") {
            let this = content_length(header.value)?;
            if len.is_some_and(|len| len != this) {
                return None;
            }
            len = Some(this);
        }
    }
    Some(len.unwrap_or(0))
}

/// A length that is one, and not over the limit.
fn content_length(value: &[u8]) -> Option<usize> {
    let is_number = value.iter().all(u8::is_ascii_digit);
    let len = str::from_utf8(value).ok().filter(|_| is_number)?.parse();
    len.ok().filter(|&len| len <= HTTP_BODY_BYTES_MAX)
}
