//! What must hold of the answer to a request, whatever its bytes.

use crate::dialect::http::{HttpRequest, Response, ResponseMode, parse};

use crate::model::Moment;

use super::{DoorKind, OriginRule, Reply, Site, Tokens, answer};

/// A site that lets as much happen as any.
pub fn site() -> Site {
    Site {
        tokens: Tokens::parse("secret bot\nword # nobody\n").ok(),
        origins: "https://chat.example"
            .parse::<OriginRule>()
            .into_iter()
            .collect(),
        public_hosts: Vec::new(),
        nodes: Vec::new(),
        is_locked: false,
        has_bots: false,
        file_bytes_max: Some(1 << 20),
        has_echo: true,
    }
}

/// Checks one frame: it is answered at every door, and each answer is a well-formed response that says
/// its length and what becomes of the connection. `true`: it was a good request.
///
/// # Panics
/// Where it is not so.
pub fn check(frame: &[u8]) -> bool {
    let request = match parse(frame) {
        Ok(request) => request,
        Err(refusal) => {
            let mut out = Vec::new();
            refusal.write(Moment::default(), &mut out);
            let closes = head_of(&out).closes;
            assert!(closes, "what is refused unread closes");
            return false;
        }
    };
    let with_bots = Site {
        is_locked: false,
        has_bots: true,
        ..site()
    };
    for site in [Site::default(), site(), with_bots] {
        let public = [true, false].map(|is_loopback| DoorKind::Public { is_loopback });
        for door in public.into_iter().chain([DoorKind::Status]) {
            let answer = answer(&site, door, Moment::default(), &request);
            check_answer(&request, answer);
        }
    }
    true
}

fn check_answer(request: &HttpRequest, answer: Reply) {
    let mut out = Vec::new();
    match answer {
        Reply::Respond(response) => check_response(&response, request.manner),
        Reply::Asset(asset, _) => {
            asset.write_head("", request.manner, Moment::default(), &mut out);
            assert_eq!(head_of(&out).body_len, Some(asset.bytes.len()));
            assert!(asset.coding.is_none() || request.prefers_gzip);
        }
        Reply::Upgrade { response_head, .. } => {
            let head = head_of(&response_head);
            assert_eq!((head.status, head.body_len), (101, None));
        }
        Reply::Post { nick, text, .. } => {
            assert!(nick.is_none_or(|nick| !nick.is_reserved()));
            assert!(text.trim() == text && !text.is_empty());
        }
        Reply::Read { range, .. } => assert!(range.limit != Some(0)),
        Reply::Upload(upload) => assert!(upload.len.is_none_or(|len| len <= 1 << 20)),
        Reply::Part(_)
        | Reply::Download(_)
        | Reply::Delete { .. }
        | Reply::Rooms(_)
        | Reply::Users(..)
        | Reply::Ready
        | Reply::StatusPage
        | Reply::Metrics
        | Reply::Stats => {}
    }
}

/// As it goes over the wire it is a head and the body that the head tells of.
pub fn check_response(response: &Response, manner: ResponseMode) {
    let mut out = Vec::new();
    response.write(manner, Moment::default(), &mut out);
    let head = head_of(&out);
    assert_eq!(head.status, response.status().code());
    assert_eq!(head.closes, manner.closes());
    let body_len = out.len() - head.len;
    match head.status {
        204 | 304 => assert_eq!((head.body_len, body_len), (None, 0)),
        _ if manner.is_head() => assert!(head.body_len.is_some() && body_len == 0),
        _ => assert_eq!(head.body_len, Some(body_len)),
    }
}

struct Head {
    len: usize,
    status: u16,
    body_len: Option<usize>,
    closes: bool,
}

fn head_of(bytes: &[u8]) -> Head {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(len)) = response.parse(bytes) else {
        panic!("no head: {}", String::from_utf8_lossy(bytes));
    };
    let named = |name: &'static str| {
        let fields = response.headers.iter();
        fields
            .filter(move |header| header.name == name)
            .map(|header| str::from_utf8(header.value).expect("ASCII"))
    };
    let dates: Vec<&str> = named("Date").collect();
    assert_eq!(dates, ["Thu, 01 Jan 1970 00:00:00 GMT"], "one date");
    let mut lens = named("Content-Length").map(|value| value.parse().expect("a length"));
    let body_len = lens.next();
    assert_eq!(lens.next(), None, "one length");
    Head {
        len,
        status: response.code.expect("a status"),
        body_len,
        closes: named("Connection").any(|value| value == "close"),
    }
}
