mod programs;

use proptest::prelude::*;

use super::oracle::site;
use super::*;
use crate::dialect::http::parse;
use crate::model::{ErrorCode, Manner, Message, MessageId, RoomEntry, RoomsFrom, Roster, Stats};

fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a nick")
}

/// A door that others reach as well.
const PUBLIC: DoorKind = DoorKind::Public { is_loopback: false };
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const POST: &str = "/api/v1/rooms/lobby/messages";

/// A request to a.example:8080 with more headers, each of them ended, and a body.
fn request(method: &str, path: &str, fields: &str, body: &str) -> HttpRequest {
    let len = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: a.example:8080\r\nContent-Length: {len}\r\n{fields}\r\n{body}"
    );
    parse(request.as_bytes()).expect("a good request")
}

fn at(door: DoorKind, request: &HttpRequest) -> Reply {
    answer(&site(), door, Moment::default(), request)
}

fn get(path: &str) -> Reply {
    at(PUBLIC, &request("GET", path, "", ""))
}

/// The response as it is written, and its status.
#[track_caller]
fn response(answer: Reply) -> (u16, String) {
    let Reply::Respond(response) = answer else {
        panic!("no response: {answer:?}");
    };
    let mut out = Vec::new();
    response.write(
        request("GET", "/", "", "").manner,
        Moment::default(),
        &mut out,
    );
    let code = response.status().code();
    (code, String::from_utf8(out).expect("UTF-8"))
}

#[track_caller]
fn status(answer: Reply) -> u16 {
    response(answer).0
}

fn body(response: &Response) -> String {
    let mut out = Vec::new();
    response.write(
        request("GET", "/", "", "").manner,
        Moment::default(),
        &mut out,
    );
    let out = String::from_utf8(out).expect("UTF-8");
    out.split_once("\r\n\r\n").expect("a head").1.to_owned()
}

#[test]
fn the_page_and_nothing_else_is_found_by_name() {
    for path in [
        "/",
        "/?a=b",
        "/app.js",
        "/style.css",
        "/icon.svg",
        "/favicon.ico",
    ] {
        assert!(matches!(get(path), Reply::Asset(..)), "{path}");
    }
    for path in [
        "/index.html",
        "/app.js/",
        "//",
        "/%61pp.js",
        "/../Cargo.toml",
        "/api/v1/",
        "/api",
    ] {
        assert_eq!(status(get(path)), 404, "{path}");
    }
    assert_eq!(status(get("/healthz")), 200);
}

/// The head of a file's response to a request with more headers, and the status.
#[track_caller]
fn file(method: &str, fields: &str) -> (u16, String) {
    let asked = request(method, "/app.js", fields, "");
    match at(PUBLIC, &asked) {
        Reply::Asset(asset, _) => {
            let mut head = Vec::new();
            asset.write_head("", asked.manner, Moment::default(), &mut head);
            (200, String::from_utf8(head).expect("UTF-8"))
        }
        answer => response(answer),
    }
}

fn tag_of(head: &str) -> &str {
    let tag = head.split("ETag: ").nth(1).expect("a tag");
    let tag = tag.split("\r\n").next().expect("a line");
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    tag
}

#[test]
fn a_file_that_the_client_has_is_not_sent_again() {
    for coding in ["", "Accept-Encoding: gzip\r\n"] {
        let (_, head) = file("GET", coding);
        let tag = tag_of(&head);
        assert!(head.contains("Cache-Control: no-cache\r\n"), "{head}");
        for known in [tag, &format!("W/{tag}"), &format!("\"x\", {tag}"), "*"] {
            for method in ["GET", "HEAD"] {
                let (code, head) = file(method, &format!("{coding}If-None-Match: {known}\r\n"));
                assert_eq!((code, tag_of(&head)), (304, tag), "{known}");
                assert!(head.contains("\r\nVary: Accept-Encoding\r\n"), "{head}");
                for absent in ["Content-Encoding", "Content-Length", "Content-Type:"] {
                    assert!(!head.contains(absent), "{head}");
                }
            }
        }
        let other = format!("{coding}If-None-Match: \"x\"\r\n");
        assert_eq!(file("GET", &other), (200, head));
        assert_eq!(file("HEAD", coding).0, 200);
    }
}

#[test]
fn a_file_is_compressed_for_who_wants_that() {
    let (_, plain) = file("GET", "");
    assert!(!plain.contains("Content-Encoding"), "{plain}");
    let (_, gzip) = file(
        "GET",
        "Accept-Encoding: br\r\nAccept-Encoding: gzip;q=0.5\r\n",
    );
    assert!(gzip.contains("\r\nContent-Encoding: gzip\r\n"), "{gzip}");
    assert_ne!(tag_of(&plain), tag_of(&gzip));
    let known = format!("If-None-Match: {}\r\n", tag_of(&plain));
    let other = file("GET", &format!("{known}Accept-Encoding: gzip\r\n"));
    assert_eq!(other, (200, gzip.clone()), "it is another representation");
    for head in [&plain, &gzip] {
        assert!(head.contains("\r\nVary: Accept-Encoding\r\n"), "{head}");
        assert!(head.contains("\r\nContent-Type: text/javascript; charset=utf-8\r\n"));
    }
    assert_eq!(file("GET", "Accept-Encoding: gzip;q=0, *\r\n").1, plain);
}

#[test]
fn figures_are_behind_the_operators_door_only() {
    let status_door = |path| at(DoorKind::Status, &request("GET", path, "", ""));
    assert_eq!(status_door("/metrics"), Reply::Metrics);
    assert_eq!(status_door("/stats"), Reply::Stats);
    assert_eq!(status(status_door("/healthz")), 200);
    assert_eq!(status_door("/"), Reply::StatusPage);
    assert_eq!(status_door("/healthz/ready"), Reply::Ready);
    assert_eq!(get("/healthz/ready"), Reply::Ready);
    for path in ["/app.js", "/ws", "/echo", "/api/v1/rooms"] {
        assert_eq!(status(status_door(path)), 404, "{path}");
    }
    for path in ["/metrics", "/stats"] {
        assert_eq!(status(get(path)), 404, "{path}");
    }
}

#[test]
fn wrong_methods_are_told_the_right_ones() {
    for (path, right) in [
        ("/", "GET, HEAD, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/ws", "GET, OPTIONS"),
        ("/api/v1/rooms", "GET, HEAD, OPTIONS"),
        (POST, "GET, HEAD, POST, OPTIONS"),
    ] {
        let allow = format!("\r\nAllow: {right}\r\n");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            if right.split(", ").any(|it| it == method) {
                continue;
            }
            let (code, head) = response(at(PUBLIC, &request(method, path, "", "")));
            assert_eq!(code, 405, "{method} {path}");
            assert!(head.contains(&allow), "{head}");
        }
        let (code, head) = response(at(PUBLIC, &request("OPTIONS", path, "", "")));
        assert_eq!(code, 204);
        assert!(head.contains(&allow), "{head}");
    }
    let all = request("OPTIONS", "*", "", "");
    assert_eq!(status(at(PUBLIC, &all)), 204);
    let nowhere = request("PUT", "/nowhere", "", "");
    assert_eq!(status(at(PUBLIC, &nowhere)), 404);
}

/// What a client that wants a WebSocket says, with `more` headers.
fn upgrading(path: &str, more: &str) -> HttpRequest {
    let fields = format!(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {KEY}\r\n{more}"
    );
    request("GET", path, &fields, "")
}

#[test]
fn an_upgrade_is_answered_as_the_rfc_has_it() {
    let Reply::Upgrade {
        dialect,
        response_head,
        ..
    } = at(PUBLIC, &upgrading("/ws", ""))
    else {
        panic!("an upgrade");
    };
    assert_eq!(dialect, Dialect::Json);
    // RFC 6455 section 1.3.
    let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert_eq!(String::from_utf8(response_head).as_deref(), Ok(expected));
}

#[test]
fn the_first_sub_protocol_that_is_known_is_chosen() {
    for (offered, chosen, told) in [
        ("hubbub.json", Dialect::Json, Some("hubbub.json")),
        ("hubbub.text", Dialect::Text, Some("hubbub.text")),
        (
            "x, hubbub.text, hubbub.json",
            Dialect::Text,
            Some("hubbub.text"),
        ),
        ("x, HUBBUB.TEXT", Dialect::Json, None),
    ] {
        let fields = format!("Sec-WebSocket-Protocol: {offered}\r\n");
        let answer = at(PUBLIC, &upgrading("/ws", &fields));
        let Reply::Upgrade {
            dialect,
            response_head,
            ..
        } = answer
        else {
            panic!("{answer:?}");
        };
        let head = String::from_utf8(response_head).expect("ASCII");
        let line = told.map(|told| format!("\r\nSec-WebSocket-Protocol: {told}\r\n\r\n"));
        assert_eq!(dialect, chosen);
        match line {
            Some(line) => assert!(head.ends_with(&line), "{head}"),
            None => assert!(!head.contains("Protocol:"), "{head}"),
        }
    }
}

#[test]
fn the_echo_is_there_where_it_is_open() {
    let asked = upgrading("/echo", "Sec-WebSocket-Protocol: hubbub.json\r\n");
    let answer_of = |site: &Site| answer(site, PUBLIC, Moment::default(), &asked);
    let Reply::Upgrade {
        dialect,
        response_head,
        ..
    } = answer_of(&site())
    else {
        panic!("an upgrade");
    };
    assert_eq!(dialect, Dialect::Echo);
    assert!(!String::from_utf8_lossy(&response_head).contains("Protocol:"));
    assert_eq!(status(answer_of(&Site::default())), 404);
}

#[test]
fn a_wrong_handshake_is_refused() {
    let (code, head) = response(get("/ws"));
    assert_eq!(code, 426);
    assert!(head.contains("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"));
    let good = format!(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {KEY}\r\n"
    );
    for (from, to, expected) in [
        ("13", "8", 426),
        ("13", "13, 13", 426),
        ("Sec-WebSocket-Version: 13\r\n", "", 426),
        ("Upgrade: websocket", "Upgrade: h2c", 426),
        (KEY, "", 400),
        (KEY, "dGhlIHNhbXBsZSBub25jZQ", 400),
        (KEY, "dGhlIHNhbXBsZSBub25j", 400),
        (KEY, "dGhlIHNhbXBsZSBub25jZQ==, x", 400),
        ("Key", "Lock", 400),
    ] {
        let fields = good.replace(from, to);
        let (code, head) = response(at(PUBLIC, &request("GET", "/ws", &fields, "")));
        assert_eq!(code, expected, "{fields}");
        let told = head.contains("\r\nSec-WebSocket-Version: 13\r\n");
        assert_eq!(told, code == 426, "{head}");
    }
}

#[test]
fn pages_of_other_hosts_are_refused() {
    let upgrades = |origin: &str| {
        let fields = format!("Origin: {origin}\r\n");
        let asked = upgrading("/ws", &fields);
        match answer(&site(), PUBLIC, Moment::default(), &asked) {
            Reply::Upgrade { .. } => true,
            refused => {
                assert_eq!(status(refused), 403);
                false
            }
        }
    };
    for good in [
        "http://a.example:8080",
        "https://A.Example:8080",
        "https://chat.example",
        "https://chat.example:443",
    ] {
        assert!(upgrades(good), "{good}");
    }
    for foreign in [
        "null",
        "",
        "http://a.example",
        "http://b.example:8080",
        "http://a.example:8080.b.example",
        "http://a.example:8080@b.example",
        "http://chat.example",
        "https://chat.example:444",
        "a.example:8080",
        "http://a.example:8080\r\nOrigin: http://a.example:8080",
    ] {
        assert!(!upgrades(foreign), "{foreign}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn every_request_has_a_well_formed_answer(
        method in prop::sample::select(vec!["GET", "HEAD", "POST", "OPTIONS", "PUT", "BREW"]),
        path in prop::sample::select(vec![
            "/", "/app.js", "/ws", "/echo", "/healthz", "/metrics", "/stats", "*", "x", "/%00?\"",
            "/api/v1/rooms", "/api/v1/rooms/a/users", "/api/v1/rooms/lobby/messages", "http://a/",
        ]),
        fields in prop::collection::vec(prop::sample::select(vec![
            "Host: a", "Host: a", "Host: a", "Connection: close", "Connection: upgrade",
            "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: hubbub.text",
            "Origin: http://a", "Origin: null", "Authorization: Bearer secret", "If-None-Match: *",
            "Content-Length: 16", "Content-Type: text/plain", "Expect: x", "Transfer-Encoding: x",
        ]), 0..8),
        body in prop::sample::select(vec!["", r#"{"message":"hi"}"#]),
    ) {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        oracle::check(format!("{method} {path} HTTP/1.1\r\n{fields}\r\n{body}").as_bytes());
    }
}
