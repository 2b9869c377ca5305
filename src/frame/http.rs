//! HTTP/1.1 requests: head and body are one frame (RFC 9112 section 2.1).
//!
//! A request that is refused whatever it asks (a bad head, a length that is none or too great, another
//! coding than chunks, an expectation) is a frame without its body, and the last one: where the next request
//! would begin is not known, or not worth the reading. A body in chunks is put together behind its head.

mod chunked;

use memchr::memchr;

use crate::limits::{HTTP_BODY_BYTES_MAX, HTTP_HEADERS_MAX};

use super::{Status, Step};
use chunked::{Chunked, Progress};

/// The state of a request decoder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
        if self.len == 0 {
            match self.head_len(request, limit) {
                Some(head_len) => {
                    let head = &request[..head_len];
                    let Some(announced) = announced(head) else {
                        return self.end(start, head_len);
                    };
                    let body = &request[head_len..];
                    self.owes_continue = announced.waits && body.is_empty();
                    match announced.body {
                        Body::Length(body_len) => self.len = head_len + body_len,
                        Body::Chunks => {
                            self.scanned = 0;
                            self.chunked = Some(Box::new(Chunked::new(head)));
                            let mut step = self.decode_chunks(body, finish);
                            step.consumed += start + head_len;
                            return step;
                        }
                    }
                }
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
            Progress::Partial if finish => refused(false),
            Progress::Partial => return partial(consumed),
            Progress::Whole => Status::Message { is_text: false },
            Progress::Bad => refused(false),
            Progress::TooLong => refused(true),
        };
        self.is_held = true;
        self.has_line = false;
        self.is_done = status != Status::Message { is_text: false };
        self.owes_continue = false;
        Step { status, consumed }
    }

    /// The request that the last call found, or as much of it as came.
    pub(super) fn held(&self) -> &[u8] {
        let chunked = self.chunked.as_ref().filter(|_| self.is_held);
        chunked.map_or(&[], |chunked| chunked.whole())
    }

    /// Does a body come in chunks, all of which so far are taken in?
    pub(super) fn is_within(&self) -> bool {
        self.chunked.is_some() && !self.is_held
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
fn announced(head: &[u8]) -> Option<Announced> {
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
            let this = content_length(header.value)?;
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
fn content_length(value: &[u8]) -> Option<usize> {
    let is_number = value.iter().all(u8::is_ascii_digit);
    let len = str::from_utf8(value).ok().filter(|_| is_number)?.parse();
    len.ok().filter(|&len| len <= HTTP_BODY_BYTES_MAX)
}

#[cfg(any(test, feature = "testing"))]
pub mod oracle;

#[cfg(test)]
mod tests {
    use super::super::{Framing, tests::case};
    use super::*;
    use crate::limits::HTTP_HEAD_BYTES_MAX;
    use proptest::prelude::*;

    const LIMIT: usize = 100;

    /// Runs a case whose frames are all of its bytes but for blank lines.
    fn frames(frames: &[&str]) {
        let expected: Vec<Option<&[u8]>> = frames.iter().map(|it| Some(it.as_bytes())).collect();
        for between in ["", "\r\n", "\n\r\n\n"] {
            let input: String = frames.iter().map(|it| [between, it].concat()).collect();
            case(&Framing::http(), input.as_bytes(), LIMIT, &expected);
        }
    }

    #[test]
    fn a_request_ends_with_its_head_or_its_body() {
        frames(&[]);
        frames(&["GET / HTTP/1.1\r\n\r\n"]);
        frames(&["GET / HTTP/1.1\n\n", "GET /a HTTP/1.0\r\nA: b\n\r\n"]);
        frames(&[
            "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n\r\n{}x",
            "POST / HTTP/1.1\r\ncontent-length:0\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n\r\n",
        ]);
        frames(&["GET / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 02\r\n\r\nab"]);
    }

    #[test]
    fn a_refused_request_is_the_last_and_has_no_body() {
        for refused in [
            "GET / HTTP/2.0\r\n\r\n",
            "GET / HTTP/1.1\r\nno field\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
            "\r\rGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 200-ok\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue, x\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 16385\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: -3\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
        ] {
            let input = [refused, "abcGET / HTTP/1.1\r\n\r\n"].concat();
            let expected = [Some(refused.as_bytes())];
            case(&Framing::http(), input.as_bytes(), LIMIT, &expected);
        }
        let many = "A: b\r\n".repeat(HTTP_HEADERS_MAX + 1);
        let many = format!("GET / HTTP/1.1\r\n{many}\r\n");
        let input = [many.as_bytes(), b"GET / HTTP/1.1\r\n\r\n"].concat();
        case(&Framing::http(), &input, 8192, &[Some(many.as_bytes())]);
    }

    #[test]
    fn a_line_of_another_protocol_is_refused_before_a_head_is_waited_for() {
        for line in [
            "nonsense\r\n",
            "SSH-2.0-x\r\n",
            "EHLO a\n",
            "*1\r\n",
            "GET /\r\n",
            "GET / HTTP\n",
        ] {
            let input = [line, "\r\nGET / HTTP/1.1\r\n\r\n"].concat();
            let expected = [Some(line.as_bytes())];
            case(&Framing::http(), input.as_bytes(), LIMIT, &expected);
        }
    }

    #[test]
    fn chunks_are_put_together_behind_their_head() {
        use super::super::oracle::Found;
        let head = "POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n";
        let decoded = |input: &str| {
            oracle::check(input.as_bytes());
            super::super::oracle::decode_all(&Framing::http(), input.as_bytes(), LIMIT, usize::MAX)
        };
        let next = "GET / HTTP/1.1\r\n\r\n";
        let body = "3;x=y\r\nabc\r\n1\r\n\n\r\n0\r\nSum: 4\r\n\r\n";
        let input = [head, body, next, head, body].concat();
        let whole = [head, "abc\n"].concat();
        let held = Found::Held(whole.into());
        let expected = [held.clone(), Found::Frame(next.into()), held.clone()];
        assert_eq!(decoded(&input), expected);
        for bad in ["x\r\n", "3\r\nabcd", "4001\r\n", "1\r\na"] {
            let input = [head, body, head, bad, next].concat();
            assert_eq!(decoded(&input), [held.clone(), Found::BadBody], "{bad:?}");
        }
    }

    #[test]
    fn who_waits_for_a_word_is_told_once_that_the_body_is_wanted() {
        let asks = |head: &str, body: &str| {
            let mut framing = Framing::http();
            let mut owed = Vec::new();
            let input = [head, body].concat();
            for len in [head.len() - 1, head.len(), head.len(), input.len()] {
                framing.decode(&input.as_bytes()[..len], LIMIT, super::super::End::Open);
                owed.push(framing.owes_continue());
            }
            owed
        };
        let once = [false, true, false, false];
        let head = |version: u8, fields: &str| {
            format!("POST / HTTP/1.{version}\r\nExpect: 100-Continue\r\n{fields}\r\n")
        };
        assert_eq!(asks(&head(1, "Content-Length: 3\r\n"), "abc"), once);
        for (version, fields) in [
            (0, "Content-Length: 3\r\n"),
            (1, "Content-Length: 0\r\n"),
            (1, ""),
            (1, "Content-Length: 16385\r\n"),
            (1, "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
        ] {
            assert_eq!(asks(&head(version, fields), "abc"), [false; 4], "{fields}");
        }
        let mut framing = Framing::http();
        let chunked = head(1, "Transfer-Encoding: chunked\r\n");
        let step = framing.decode(chunked.as_bytes(), 200, super::super::End::Open);
        assert_eq!(
            (step.consumed, framing.owes_continue()),
            (chunked.len(), true)
        );
        assert!(!framing.owes_continue() && framing.is_within());
    }

    #[test]
    fn the_end_of_input_ends_a_request() {
        for cut in [
            "G",
            "\r",
            "GET / HTTP/1.1\r\nHost: a\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\r",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab",
        ] {
            let found = super::super::oracle::decode_all(
                &Framing::http(),
                cut.as_bytes(),
                LIMIT,
                cut.len(),
            );
            let expected = super::super::oracle::Found::Frame(cut.into());
            assert_eq!(found, [expected], "{cut:?}");
            oracle::check(cut.as_bytes());
        }
    }

    #[test]
    fn a_head_at_the_limit_and_one_past_it() {
        let head = |len: usize| format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(len - 18));
        let good = head(LIMIT);
        let next = "GET / HTTP/1.1\r\n\r\n";
        let expected = [Some(good.as_bytes()), Some(next.as_bytes())];
        let input = ["\r\n", &good, next].concat();
        case(&Framing::http(), input.as_bytes(), LIMIT, &expected);
        let input = [&head(LIMIT + 1), next].concat();
        case(&Framing::http(), input.as_bytes(), LIMIT, &[None]);
        case(&Framing::http(), &[b'x'; 1000], LIMIT, &[None]);
    }

    #[test]
    fn a_body_at_the_limit() {
        let len = HTTP_BODY_BYTES_MAX;
        let head = format!("POST / HTTP/1.1\r\nContent-Length: {len}\r\n\r\n");
        let request = [head.as_bytes(), &vec![b'\n'; len]].concat();
        let input = [&request, &b"GET / HTTP/1.1\r\n\r\n"[..]].concat();
        let frames = oracle::check(&input);
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0], (request, false));
    }

    #[test]
    fn a_claimed_length_is_not_waited_for_twice() {
        // A byte at a time costs no more than that byte, however much is held.
        let mut framing = Framing::http();
        let mut request = b"POST / HTTP/1.1\r\nContent-Length: 16384\r\n\r\n".to_vec();
        for _ in 0..16384 {
            let step = framing.decode(&request, HTTP_HEAD_BYTES_MAX, super::super::End::Open);
            assert_eq!(step, partial(0));
            request.push(b'x');
        }
        let step = framing.decode(&request, HTTP_HEAD_BYTES_MAX, super::super::End::Open);
        assert_eq!(step.status, Status::Frame(0..request.len()));
        assert_eq!(framing, Framing::http());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn it_agrees_with_itself(parts in prop::collection::vec(prop::sample::select(vec![
            "GET / HTTP/1.1", "POST /a HTTP/1.0", "\r\n", "\r\n", "\r\n\r\n", "\n", "\r", "\n\n",
            "Content-Length: 3", "Content-Length: 12", "content-length: x", "Host: a",
            "Transfer-Encoding: chunked", "Expect: 100-continue", "abc", "\0", "\u{e9}",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n", "0\r\n\r\n", "0;x",
        ]), 0..16)) {
            oracle::check(parts.concat().as_bytes());
        }
    }
}
