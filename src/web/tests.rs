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

fn at(door: DoorKind, request: &HttpRequest) -> Answer {
    answer(&site(), door, Moment::default(), request)
}

fn get(path: &str) -> Answer {
    at(PUBLIC, &request("GET", path, "", ""))
}

/// The response as it is written, and its status.
#[track_caller]
fn response(answer: Answer) -> (u16, String) {
    let Answer::Respond(response) = answer else {
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
fn status(answer: Answer) -> u16 {
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
        assert!(matches!(get(path), Answer::Asset(_)), "{path}");
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
        Answer::Asset(asset) => {
            let mut head = Vec::new();
            asset.write_head(asked.manner, Moment::default(), &mut head);
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
    assert_eq!(status_door("/metrics"), Answer::Metrics);
    assert_eq!(status_door("/stats"), Answer::Stats);
    assert_eq!(status(status_door("/healthz")), 200);
    for path in ["/", "/app.js", "/ws", "/echo", "/api/v1/rooms"] {
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
    let Answer::Upgrade {
        dialect,
        response_head,
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
        let Answer::Upgrade {
            dialect,
            response_head,
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
    let Answer::Upgrade {
        dialect,
        response_head,
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
            Answer::Upgrade { .. } => true,
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

fn posting(fields: &str, body: &str) -> Answer {
    at(PUBLIC, &request("POST", POST, fields, body))
}

#[test]
fn a_message_is_posted_by_who_has_a_token() {
    let bot = "Authorization: Bearer secret\r\n";
    let post = |room: &str, poster: &str, text: &str| Answer::Post {
        room: RoomName::parse(room).expect("a room name"),
        poster: Poster::Named(nick(poster)),
        nick: None,
        text: text.into(),
    };
    let hi = r#"{"message":" hi "}"#;
    assert_eq!(posting(bot, hi), post("lobby", "bot", "hi"));
    let nobody = "Authorization: Bearer word\r\n";
    assert_eq!(posting(nobody, hi), post("lobby", "api", "hi"));
    let as_carl = r#"{"message":"é","username":"carl"}"#;
    let named = Answer::Post {
        room: RoomName::lobby(),
        poster: Poster::Named(nick("bot")),
        nick: Some(nick("carl")),
        text: "é".into(),
    };
    assert_eq!(posting(bot, as_carl), named);
    let unknown = "Authorization: Bearer hub_1\r\n";
    assert_eq!(status(posting(unknown, hi)), 401);
    let with_bots = Site {
        has_bots: true,
        ..site()
    };
    let asked = request("POST", POST, unknown, hi);
    let Answer::Post { poster, .. } = answer(&with_bots, PUBLIC, Moment::default(), &asked) else {
        panic!("it may be a bot's token");
    };
    assert!(matches!(poster, Poster::Bot(_)));
    let path = "/api/v1/rooms/%C5%BElu-1/messages";
    let elsewhere = request("POST", path, bot, hi);
    assert_eq!(at(PUBLIC, &elsewhere), post("žlu-1", "bot", "hi"));
}

#[test]
fn who_may_not_post_is_told_why_in_json() {
    let bot = "Authorization: Bearer secret\r\n";
    let hi = r#"{"message":"hi"}"#;
    for (fields, body, expected) in [
        ("", hi, 401),
        ("Authorization: Bearer Secret\r\n", hi, 401),
        ("Authorization: Bearer secre\r\n", hi, 401),
        ("Authorization: Bearer\r\n", hi, 401),
        ("Authorization: Basic secret\r\n", hi, 401),
        (
            "Authorization: Bearer secret\r\nOrigin: http://b\r\n",
            hi,
            403,
        ),
        (bot, "", 400),
        (bot, "hi", 400),
        (bot, "[]", 400),
        (bot, "{}", 400),
        (bot, r#"{"message":7}"#, 400),
        (bot, r#"{"message":" "}"#, 400),
        (bot, r#"{"message":"hi","username":7}"#, 400),
        (bot, r#"{"message":"hi","username":"a b"}"#, 400),
        (bot, r#"{"message":"hi","username":"Server"}"#, 400),
        (bot, &format!("{{\"message\":{}", "[".repeat(1000)), 400),
    ] {
        let (code, written) = response(posting(fields, body));
        assert_eq!(code, expected, "{fields}{body}");
        assert!(written.contains("\r\nContent-Type: application/json\r\n"));
        let (_, body) = written.split_once("\r\n\r\n").expect("a body");
        assert!(body.starts_with(r#"{"type":"error","message":""#), "{body}");
        assert_eq!(
            written.contains("\r\nWWW-Authenticate: Bearer\r\n"),
            code == 401
        );
    }
    let typed = format!("{bot}Content-Type: Application/JSON; charset=utf-8\r\n");
    assert!(matches!(posting(&typed, hi), Answer::Post { .. }));
    let asked = request("POST", POST, bot, hi);
    let nobodys = answer(&Site::default(), PUBLIC, Moment::default(), &asked);
    assert_eq!(status(nobodys), 403);
}

#[test]
fn the_api_has_these_paths_only() {
    assert_eq!(get("/api/v1/rooms"), Answer::Rooms(RoomsFrom::default()));
    let room = |name| Answer::Users(RoomName::parse(name).expect("a room name"));
    assert_eq!(get("/api/v1/rooms/lobby/users"), room("lobby"));
    assert_eq!(get("/api/v1/rooms/%23rust/users"), room("rust"));
    assert_eq!(get("/api/v1/rooms/r%75st/users?x"), room("rust"));
    for bad in ["", "a.b", "a%20b", "a%2", "%", "%zz", "%FF", "%+1"] {
        let (code, body) = response(get(&format!("/api/v1/rooms/{bad}/users")));
        assert_eq!(code, 400, "{bad}");
        assert!(body.contains(r#"{"type":"error","#), "{body}");
    }
    for nowhere in [
        "rooms/",
        "rooms/a",
        "rooms/a/users/",
        "rooms/a/b",
        "users",
        "Rooms",
    ] {
        let (code, body) = response(get(&format!("/api/v1/{nowhere}")));
        assert_eq!(code, 404, "{nowhere}");
        assert!(body.ends_with("{\"type\":\"error\",\"message\":\"Not Found\"}\n"));
    }
}

#[test]
fn the_forms_of_the_api() {
    let room = RoomName::parse("žlu").expect("a room name");
    let entry = |name, members, topic: Option<&str>| RoomEntry {
        name,
        members,
        topic: topic.map(String::from),
    };
    let listed = [
        entry(RoomName::lobby(), 2, None),
        entry(room.clone(), 1, Some("a\n")),
    ];
    let more = body(&api::rooms(&listed, true));
    assert!(more.ends_with("}],\"more\":true}\n"), "{more}");
    let rooms = api::rooms(&listed, false);
    assert_eq!(
        body(&rooms),
        "{\"type\":\"rooms\",\"rooms\":[{\"room\":\"lobby\",\"members\":2},\
         {\"room\":\"\\u017elu\",\"members\":1,\"topic\":\"a\\n\"}]}\n"
    );
    let users = api::users(&RoomName::lobby(), &Roster::of(vec![nick("a"), nick("b")]));
    assert_eq!(
        body(&users),
        "{\"type\":\"users\",\"room\":\"lobby\",\"users\":[\"a\",\"b\"]}\n"
    );
    let message = Message {
        id: MessageId(7),
        unix_ms: 0,
        nick: nick("a"),
        manner: Manner::Said,
        text: "hi".into(),
    };
    let posted = api::posted(&room, &message);
    assert_eq!(posted.status(), Status::Created);
    assert_eq!(
        body(&posted),
        "{\"type\":\"chat\",\"username\":\"a\",\"message\":\"hi\",\"id\":7,\"room\":\"\\u017elu\",\
         \"timestamp\":0.000}\n"
    );
    let stats = api::stats(&Stats(vec![("uptime s", 7), ("rooms", 1)]));
    assert_eq!(
        body(&stats),
        "{\"type\":\"stats\",\"uptime_s\":7,\"rooms\":1}\n"
    );
    for (code, status) in [
        (ErrorCode::NoRoomToShow(room.clone()), 404),
        (ErrorCode::NoRoomToEnter(room), 404),
        (ErrorCode::NickTaken, 409),
        (ErrorCode::Muted, 403),
        (ErrorCode::MessageTooLong(1), 413),
    ] {
        let refused = api::refused(&code);
        assert_eq!(refused.status().code(), status);
        let object: serde_json::Value = serde_json::from_str(&body(&refused)).expect("JSON");
        assert_eq!(object["message"], code.to_string());
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
