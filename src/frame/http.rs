//! HTTP/1.1 requests: head and body are one frame (RFC 9112 section 2.1).
//!
//! A request that is refused whatever it asks (a bad head, a length that is none or too great, another
//! coding than chunks, an expectation) is a frame without its body, and the last one: where the next request
//! would begin is not known, or not worth the reading. A body in chunks is put together behind its head. That
//! of a file is not held: its head is a frame of its own, and what follows comes in pieces.

mod chunked;
mod stream;

use std::ops::Range;

use memchr::memchr;
use serde::{Deserialize, Serialize};

use crate::limits::{HTTP_BODY_BYTES_MAX, HTTP_HEADERS_MAX};

use super::{Status, Step};
use chunked::{BodyProgress, Chunked};
use stream::BodyStream;

/// The state of a request decoder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Http {
    /// Is the first line at hand a request's?
    has_line: bool,
    /// Invariant: the head does not end in the first `scanned` bytes of the next call, nor do they
    /// begin with a blank line.
    scanned: usize,
    /// How long the request at hand is, head and body; 0 until its head is whole.
    len: usize,
    /// The request at hand, where its body comes in chunks; or the last one that did.
    chunked: Option<Box<Chunked>>,
    /// The body that is handed on in pieces.
    stream: Option<BodyStream>,
    /// Is the request in chunks whole, or refused?
    is_held: bool,
    /// Is the client to be told that its body is wanted?
    owes_continue: bool,
    /// Nothing more is to be found.
    is_done: bool,
}

/// What a head tells of the request behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Announced {
    body: Body,
    /// Does the client wait to be told that the body is wanted (RFC 9110 section 10.1.1)?
    waits: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    /// Of so many bytes.
    Length(usize),
    Chunks,
}

impl Http {
    /// Looks for the end of a request whose head is at most `limit` bytes long. Blank lines before it
    /// are skipped (section 2.2). With `finish`, the end of `bytes` ends a request too, unless it is
    /// empty.
    pub(super) fn decode(&mut self, bytes: &[u8], limit: usize, finish: bool) -> Step {
        if std::mem::take(&mut self.is_held) {
            self.chunked = None;
        }
        if self.is_done {
            return partial(bytes.len());
        }
        if self.stream.is_some() {
            return self.decode_stream(bytes, finish);
        }
        if self.chunked.is_some() {
            return self.decode_chunks(bytes, finish);
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
        if !self.has_line
            && let Some(line_len) = self.line_len(request, limit)
        {
            if !names_version(&request[..line_len]) {
                return self.end(start, line_len);
            }
            self.has_line = true;
        }
        if self.len == 0
            && let Some(step) = self.decode_head(request, start, limit, finish)
        {
            return step;
        }
        if self.len > 0 && request.len() >= self.len {
            self.owes_continue = false;
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

    /// Looks for the end of the head in `request`, which has `start` bytes before it; what is told of the
    /// request then, if anything is.
    fn decode_head(
        &mut self,
        request: &[u8],
        start: usize,
        limit: usize,
        finish: bool,
    ) -> Option<Step> {
        let Some(head_len) = self.head_len(request, limit) else {
            let is_too_long = request.len() >= limit;
            self.is_done |= is_too_long;
            return is_too_long.then(|| Step {
                status: Status::TooLong,
                consumed: start + request.len(),
            });
        };
        let head = &request[..head_len];
        let is_file = stream::is_file(head.split(|&byte| byte == b'\n').next().unwrap_or(head));
        let len_max = match is_file {
            true => usize::MAX,
            false => HTTP_BODY_BYTES_MAX,
        };
        let Some(announced) = announced(head, len_max) else {
            return Some(self.end(start, head_len));
        };
        if is_file {
            return Some(self.begin_stream(start..start + head_len, announced));
        }
        let body = &request[head_len..];
        self.owes_continue = announced.waits && body.is_empty();
        match announced.body {
            Body::Length(body_len) => {
                self.len = head_len + body_len;
                None
            }
            Body::Chunks => {
                self.scanned = 0;
                self.chunked = Some(Box::new(Chunked::new(head)));
                let mut step = self.decode_chunks(body, finish);
                step.consumed += start + head_len;
                Some(step)
            }
        }
    }

    /// A head is whole whose body is handed on in pieces.
    fn begin_stream(&mut self, head: Range<usize>, announced: Announced) -> Step {
        let stream = match announced.body {
            Body::Length(len) => BodyStream::Length(len as u64),
            Body::Chunks => BodyStream::Chunks(Box::new(Chunked::streamed())),
        };
        *self = Http {
            stream: Some(stream),
            // Whether it is wanted is known when the head was looked at.
            owes_continue: announced.waits,
            ..Http::default()
        };
        let consumed = head.end;
        let status = Status::Head(head);
        Step { status, consumed }
    }

    fn decode_stream(&mut self, bytes: &[u8], finish: bool) -> Step {
        let Some(stream) = &mut self.stream else {
            return partial(0);
        };
        self.owes_continue &= bytes.is_empty();
        let step = stream.decode(bytes, finish);
        if let Status::BodyEnd { is_whole } = step.status {
            *self = Http {
                is_done: !is_whole,
                ..Http::default()
            };
        }
        step
    }

    /// How long the first line is with its end, if that stands within `limit` bytes.
    fn line_len(&self, request: &[u8], limit: usize) -> Option<usize> {
        let known = &request[..request.len().min(limit)];
        let line_end = memchr(b'\n', known.get(self.scanned..)?)?;
        Some(self.scanned + line_end + 1)
    }

    fn decode_chunks(&mut self, bytes: &[u8], finish: bool) -> Step {
        let Some(chunked) = &mut self.chunked else {
            return partial(0);
        };
        let (progress, consumed) = chunked.decode(bytes);
        let refused = |is_too_long| Status::BadBody { is_too_long };
        let status = match progress {
            BodyProgress::Partial if finish => refused(false),
            BodyProgress::Partial => return partial(consumed),
            BodyProgress::Whole => Status::Message { is_text: false },
            BodyProgress::Bad => refused(false),
            BodyProgress::TooLong => refused(true),
        };
        self.is_held = true;
        self.has_line = false;
        self.is_done = status != Status::Message { is_text: false };
        self.owes_continue = false;
        Step { status, consumed }
    }

    /// The request that the last call found, or as much of it as came.
    pub(super) fn held(&self) -> &[u8] {
        if let Some(stream) = &self.stream {
            return stream.held();
        }
        let chunked = self.chunked.as_ref().filter(|_| self.is_held);
        chunked.map_or(&[], |chunked| chunked.whole())
    }

    /// Does a body come in chunks or pieces, all of which so far are taken in?
    pub(super) fn is_within(&self) -> bool {
        self.stream.is_some() || (self.chunked.is_some() && !self.is_held)
    }

    /// Is the client to be told that its body is wanted? Once.
    pub(super) fn take_continue(&mut self) -> bool {
        std::mem::take(&mut self.owes_continue)
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

/// Does a line end in a version of HTTP? Behind one that does not, no head is waited for: it is of another
/// protocol, whose client may wait for an answer.
fn names_version(line: &[u8]) -> bool {
    let last = line.trim_ascii().rsplit(|&byte| byte == b' ').next();
    last.is_some_and(|last| last.starts_with(b"HTTP/"))
}

/// What body a head tells of (section 6.3); `None` where the request is refused.
fn announced(head: &[u8], len_max: usize) -> Option<Announced> {
    let mut headers = [httparse::EMPTY_HEADER; HTTP_HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(head).ok()?;
    if parsed != httparse::Status::Complete(head.len()) {
        return None;
    }
    let is_1_1 = request.version == Some(1);
    let is = |header: &httparse::Header<'_>, name: &str| header.name.eq_ignore_ascii_case(name);
    let (mut len, mut is_chunked, mut waits) = (None, false, false);
    for header in request.headers.iter() {
        if is(header, "transfer-encoding") {
            let is_good = header.value.eq_ignore_ascii_case(b"chunked");
            // Twice is another coding, too.
            if !is_good || !is_1_1 || is_chunked {
                return None;
            }
            is_chunked = true;
        }
        // Of an HTTP/1.0 client that means nothing.
        if is(header, "expect") && is_1_1 {
            if !header.value.eq_ignore_ascii_case(b"100-continue") {
                return None;
            }
            waits = true;
        }
        if is(header, "content-length") {
            let this = content_length(header.value, len_max)?;
            if len.is_some_and(|len| len != this) {
                return None;
            }
            len = Some(this);
        }
    }
    let body = match (is_chunked, len) {
        // Which of them is meant, two programs may see differently.
        (true, Some(_)) => return None,
        (true, None) => Body::Chunks,
        (false, len) => Body::Length(len.unwrap_or(0)),
    };
    let waits = waits && body != Body::Length(0);
    Some(Announced { body, waits })
}

/// A length that is one, and not over the limit.
fn content_length(value: &[u8], most: usize) -> Option<usize> {
    let is_number = value.iter().all(u8::is_ascii_digit);
    let len = str::from_utf8(value).ok().filter(|_| is_number)?.parse();
    len.ok().filter(|&len| len <= most)
}

#[cfg(any(test, feature = "testing"))]
pub mod oracle;

#[cfg(test)]
mod tests;
