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

/// The oracle of this framing's tests.
#[doc(hidden)]
pub mod oracle {
    use super::super::oracle::{Found, decode_all, drain};
    use super::super::{End, Framing};
    use crate::limits::HTTP_HEAD_BYTES_MAX;

    /// Checks that the framing finds the same requests in `input` whole, in pieces and with bytes
    /// behind it, and each of them again in itself. Returns them; `true`: nothing is looked for behind.
    ///
    /// # Panics
    /// Where it does not.
    pub fn check(input: &[u8]) -> Vec<(Vec<u8>, bool)> {
        // Such a limit is met often.
        check_with(input, 64);
        check_with(input, HTTP_HEAD_BYTES_MAX)
    }

    fn check_with(input: &[u8], limit: usize) -> Vec<(Vec<u8>, bool)> {
        let framing = Framing::http();
        let whole = decode_all(&framing, input, limit, input.len());
        for piece in [1, 2, 3, 7] {
            let found = decode_all(&framing, input, limit, piece);
            assert_eq!(whole, found, "in pieces of {piece}");
        }
        let (mut open, mut found) = (framing.clone(), Vec::new());
        drain(&mut open, &mut input.to_vec(), limit, End::Open, &mut found);
        let behind = b"\r\nGET / HTTP/1.1\r\n\r\n";
        let longer = decode_all(&framing, &[input, behind].concat(), limit, usize::MAX);
        assert_eq!(found[..], longer[..found.len()], "with bytes behind");
        let is_done = matches!(open, Framing::Http(http) if http.is_done);
        assert!(!is_done || longer == found, "found behind the last");
        let cut_short = whole.len() > found.len();
        let mut frames = Vec::new();
        for (at, of) in whole.iter().enumerate() {
            let Found::Frame(frame) = of else { break };
            let again = decode_all(&framing, frame, limit, usize::MAX);
            assert_eq!(again, std::slice::from_ref(of), "found again");
            let is_last = at + 1 == whole.len() && (is_done || cut_short);
            frames.push((frame.clone(), is_last));
        }
        frames
    }
}

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
            "nonsense\r\n\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "GET / HTTP/1.1\r\nno field\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
            "\r\rGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
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
        ]), 0..16)) {
            oracle::check(parts.concat().as_bytes());
        }
    }
}
