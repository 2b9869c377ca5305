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
        let found =
            super::super::oracle::decode_all(&Framing::http(), cut.as_bytes(), LIMIT, cut.len());
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
