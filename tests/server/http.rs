//! Requests over HTTP/1.1: where they end, who is refused, and what there is to be had.

use std::io::{Read as _, Write as _};

use crate::http_client::*;
use crate::util::*;

/// The page's files and their types.
const FILES: [(&str, &str); 4] = [
    ("/", "text/html; charset=utf-8"),
    ("/app.js", "text/javascript; charset=utf-8"),
    ("/style.css", "text/css; charset=utf-8"),
    ("/icon.svg", "image/svg+xml"),
];

/// One request of each kind, and the status of its answer.
const REQUESTS: [(&str, u16); 8] = [
    ("GET /", 200),
    ("GET /healthz", 200),
    ("HEAD /style.css", 200),
    ("GET /nowhere", 404),
    ("OPTIONS *", 204),
    ("DELETE /", 405),
    ("GET /api/v1/rooms", 200),
    ("GET /ws", 426),
];

fn visit(server: &Server) -> Peer {
    Peer::connect(&server.doors()[0], Http)
}

#[test]
fn the_page_and_its_files() {
    for door in [Http, Auto] {
        let server = Server::of(&[door]);
        for (path, content_type) in FILES {
            let get = server.get(path);
            assert_eq!(
                (get.status, get.header("Content-Type")),
                (200, Some(content_type))
            );
            assert!(!get.body.is_empty(), "{path}");
            get.assert_safe();
            let tag = get.header("ETag").expect("a tag");
            let head = server.request(&server.doors()[0], &format!("HEAD {path}"), "", "");
            let length = get.body.len().to_string();
            assert_eq!((head.status, head.header("ETag")), (200, Some(tag)));
            assert_eq!(head.header("Content-Length"), Some(&*length));
            assert_eq!(head.header("Content-Type"), Some(content_type));
            for (tags, status) in [
                (tag, 304),
                (&format!("\"other\", {tag}"), 304),
                (&format!("W/{tag}"), 304),
                ("*", 304),
                ("\"other\"", 200),
                (tag.trim_matches('"'), 200),
            ] {
                let headers = format!("If-None-Match: {tags}\r\n");
                let what = format!("GET {path}");
                let again = server.request(&server.doors()[0], &what, &headers, "");
                assert_eq!(
                    (again.status, again.header("ETag")),
                    (status, Some(tag)),
                    "{tags}"
                );
                again.assert_safe();
            }
        }
        let page = server.get("/?a=1&b=%20");
        assert_eq!(page.status, 200);
        let html = page.text();
        let has_inline = ["<script>", "<style>", " style=", " onclick=", "javascript:"];
        assert!(!has_inline.iter().any(|part| html.contains(part)), "{html}");
    }
}

#[test]
fn the_pages_files_come_compressed_where_that_is_wanted() {
    let server = Server::of(&[Auto]);
    let ask = |what: &str, headers: &str| server.request(&server.doors()[0], what, headers, "");
    let (mut plain_len, mut gzip_len) = (0, 0);
    for path in [
        "/",
        "/app.js",
        "/links.js",
        "/session.js",
        "/state.js",
        "/view.js",
        "/style.css",
        "/icon.svg",
    ] {
        let [get, head] = ["GET", "HEAD"].map(|method| format!("{method} {path}"));
        let plain = ask(&get, "Accept-Encoding: gzip;q=0, identity\r\n");
        assert_eq!(plain.header("Content-Encoding"), None);
        let accepting = "Accept-Encoding: gzip, deflate, br, zstd\r\n";
        let gzip = ask(&get, accepting);
        let mut decoded = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&*gzip.body);
        decoder.read_to_end(&mut decoded).expect("gzip");
        assert_eq!(decoded, plain.body, "{path}");
        let only_head = ask(&head, accepting);
        for answer in [&gzip, &only_head] {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("Content-Encoding"), Some("gzip"));
            let length = gzip.body.len().to_string();
            assert_eq!(answer.header("Content-Length"), Some(&*length));
            assert_eq!(answer.header("ETag"), gzip.header("ETag"));
            answer.assert_safe();
        }
        assert_ne!(gzip.header("ETag"), plain.header("ETag"));
        for answer in [&gzip, &plain] {
            assert_eq!(answer.header("Vary"), Some("Accept-Encoding"));
            let tag = answer.header("ETag").expect("a tag");
            let known = format!("{accepting}If-None-Match: {tag}\r\n");
            let again = ask(&get, &known);
            let is_same = answer.header("Content-Encoding").is_some();
            assert_eq!(again.status, if is_same { 304 } else { 200 }, "{path}");
            assert_eq!(again.header("Vary"), Some("Accept-Encoding"));
        }
        plain_len += plain.body.len();
        gzip_len += gzip.body.len();
    }
    assert!(
        plain_len < 60_000 && gzip_len < 24_000,
        "{plain_len}, {gzip_len}"
    );
}

#[test]
fn requests_may_come_in_any_pieces_and_many_at_once() {
    for door in [Http, Auto] {
        let server = Server::of(&[door, Text]);
        let mut watcher = server.join(Text, "watcher");
        let body = "{\"message\":\"hi\"}";
        let post = request(
            "POST /api/v1/rooms/lobby/messages",
            &format!("Content-Length: {}\r\n", body.len()),
        ) + body;
        let mut input = String::new();
        for (what, _) in REQUESTS {
            input += &request(what, "");
            // Blank lines before a request are nothing (RFC 9112 section 2.2).
            input += "\r\n";
        }
        input += &post;
        for step in [input.len(), 1, 7] {
            let mut peer = visit(&server);
            for piece in input.as_bytes().chunks(step) {
                peer.send(piece);
                watcher.silent();
            }
            for (what, status) in REQUESTS {
                assert_eq!(peer.response_to(what).status, status, "{what}");
            }
            assert_eq!(peer.response().status, 403, "there are no tokens");
            peer.send(request("GET /healthz", "Connection: close\r\n"));
            let last = peer.response();
            assert!(last.closes() && last.text() == "ok\n");
            peer.expect_eof();
        }
    }
}

#[test]
fn more_requests_than_are_read_wait_for_their_reader() {
    const REQUESTS: usize = 5_000;
    let server = Server::with(&[Http, Text], "--sendq-time 60s");
    let mut watcher = server.join(Text, "watcher");
    let small = |socket: &socket2::Socket| socket.set_recv_buffer_size(2048).expect("a size");
    let mut greedy = Peer::try_connect(&server.doors()[0], Http, small).expect("it listens");
    let before_kib = server.memory_kib();
    let mut writer = greedy.socket.try_clone().expect("a descriptor");
    let input = request("GET /app.js", "").repeat(REQUESTS);
    let writing = std::thread::spawn(move || writer.write_all(input.as_bytes()));
    let first = greedy.response();
    for n in 1..REQUESTS {
        if n % 500 == 0 {
            watcher.silent();
            assert!(
                server.memory_kib() < before_kib + 4 * 1024,
                "{}",
                server.memory_kib()
            );
        }
        assert_eq!(greedy.response().body, first.body);
    }
    writing.join().expect("no panic").expect("all is read");
}

#[test]
fn connections_are_kept_as_they_are_asked_to_be() {
    let server = Server::of(&[Auto]);
    for (version, headers, is_kept) in [
        ("1.1", "", true),
        ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: x, CLOSE\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
    ] {
        let mut peer = visit(&server);
        for _ in 0..3 {
            let head = format!("GET /healthz HTTP/{version}\r\nHost: x\r\n{headers}\r\n");
            peer.send(head);
            let response = peer.response();
            assert_eq!(
                (response.status, response.closes()),
                (200, !is_kept),
                "{headers}"
            );
            if !is_kept {
                peer.expect_eof();
                break;
            }
        }
    }
    // The end of input ends what is kept, behind the answers owed.
    let mut peer = visit(&server);
    peer.send(request("GET /", "").repeat(3)).shutdown_write();
    for _ in 0..3 {
        assert_eq!(peer.response().status, 200);
    }
    peer.expect_eof();
}

#[test]
fn a_method_that_is_not_there_is_told_which_are() {
    let server = Server::of(&[Http]);
    let mut peer = visit(&server);
    for (what, allowed) in [
        ("POST /", "GET, HEAD, OPTIONS"),
        ("DELETE /app.js", "GET, HEAD, OPTIONS"),
        ("PUT /healthz", "GET, HEAD, OPTIONS"),
        ("TRACE /", "GET, HEAD, OPTIONS"),
        ("HEAD /ws", "GET, OPTIONS"),
        ("POST /api/v1/rooms", "GET, HEAD, OPTIONS"),
        (
            "PUT /api/v1/rooms/lobby/messages",
            "GET, HEAD, POST, OPTIONS",
        ),
    ] {
        peer.send(request(what, ""));
        let response = peer.response_to(what);
        assert_eq!(
            (response.status, response.header("Allow")),
            (405, Some(allowed)),
            "{what}"
        );
        response.assert_safe();
    }
    for (what, allowed) in [
        ("OPTIONS /", "GET, HEAD, OPTIONS"),
        (
            "OPTIONS /api/v1/rooms/lobby/messages",
            "GET, HEAD, POST, OPTIONS",
        ),
    ] {
        peer.send(request(what, ""));
        let response = peer.response_to(what);
        assert_eq!(
            (response.status, response.header("Allow")),
            (204, Some(allowed)),
            "{what}"
        );
    }
}

#[test]
fn a_bad_request_is_refused_and_closed() {
    let server = Server::of(&[Http, Text]);
    let mut watcher = server.join(Text, "watcher");
    let with = |headers: &str| request("POST /api/v1/rooms/lobby/messages", headers);
    for (input, status) in [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET /\r\n\r\n".into(), 400),
        ("GET / / HTTP/1.1\r\nHost: x\r\n\r\n".into(), 400),
        ("GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n".into(), 400),
        ("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n".into(), 400),
        ("\x01\x02\x03\r\n\r\n".into(), 400),
        ("{\"type\":\"join\",\"username\":\"bob\"}\n\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost x\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost : x\r\n\r\n".into(), 400),
        (
            "GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n".into(),
            400,
        ),
        (with("Content-Length: x\r\n"), 400),
        (with("Content-Length: -1\r\n"), 400),
        (with("Content-Length: +1\r\n"), 400),
        (with("Content-Length: 1, 2\r\n"), 400),
        (with("Content-Length: 1\r\nContent-Length: 2\r\n"), 400),
        (with("Content-Length: 16385\r\n"), 413),
        (with("Content-Length: 99999999999999999999\r\n"), 413),
        (with("Content-Length: 10\r\nExpect: 200-ok\r\n"), 417),
        (
            with("Transfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n"),
            501,
        ),
        (request("BREW /coffee", ""), 501),
        (request("GET /", "").replace("1.1", "2.0"), 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 505),
    ] {
        for step in [input.len(), 1] {
            let mut peer = visit(&server);
            for piece in input.as_bytes().chunks(step) {
                peer.send(piece);
            }
            let response = peer.response();
            assert_eq!(response.status, status, "{}", quoted(input.as_bytes()));
            assert!(
                response.closes() && !response.body.is_empty(),
                "{response:?}"
            );
            response.assert_safe();
            peer.expect_eof();
        }
    }
    watcher.silent();
}

#[test]
fn a_head_of_8_kib_and_one_byte_more() {
    for door in [Http, Auto] {
        let server = Server::of(&[door]);
        let padded = |length: usize| {
            let short = request("GET /healthz", "X: \r\n").len();
            request(
                "GET /healthz",
                &format!("X: {}\r\n", "x".repeat(length - short)),
            )
        };
        let mut peer = visit(&server);
        peer.send(padded(8192)).send(padded(8192));
        assert_eq!([peer.response().status, peer.response().status], [200, 200]);
        for input in [
            padded(8193),
            padded(100_000),
            "GET /".to_owned() + &"x".repeat(9000),
        ] {
            let mut peer = visit(&server);
            peer.send(input);
            let response = peer.response();
            assert_eq!((response.status, response.closes()), (431, true));
            peer.expect_eof();
        }
    }
}

#[test]
fn a_head_of_64_headers_and_one_more() {
    let server = Server::of(&[Http]);
    for (count, status) in [(64, 200), (65, 431), (300, 431)] {
        // One is the host.
        let headers = "X: y\r\n".repeat(count - 1);
        let mut peer = visit(&server);
        peer.send(request("GET /healthz", &headers));
        assert_eq!(peer.response().status, status, "{count}");
    }
}

#[test]
fn a_request_that_takes_too_long_is_refused() {
    let server = Server::with(&[Http, Auto], "--handshake-timeout 300ms");
    let whole = request(
        "POST /api/v1/rooms/lobby/messages",
        "Content-Length: 10\r\n",
    );
    for door in server.doors() {
        for input in [
            "GET / HTTP",
            "GET / HTTP/1.1\r\nHost: x\r\n",
            &whole,
            &(whole.clone() + "{"),
        ] {
            let mut peer = Peer::connect(door, Http);
            peer.send(input);
            let response = peer.response();
            assert_eq!((response.status, response.closes()), (408, true), "{input}");
            peer.expect_eof();
            // Behind another request as well.
            let mut peer = Peer::connect(door, Http);
            peer.send(request("GET /healthz", "") + input);
            assert_eq!([peer.response().status, peer.response().status], [200, 408]);
            peer.expect_eof();
        }
    }
}

#[test]
fn a_connection_without_a_request_is_closed_in_silence() {
    let server = Server::with(&[Http, Auto], "--handshake-timeout 300ms");
    Peer::connect(server.door(Http), Http).expect_eof();
    for door in server.doors() {
        let mut kept = Peer::connect(door, Http);
        kept.send(request("GET /healthz", ""));
        assert_eq!(kept.response().status, 200);
        kept.expect_eof();
    }
}

#[test]
fn the_end_of_input_within_a_request_is_told() {
    let server = Server::of(&[Http, Auto]);
    let whole = request(
        "POST /api/v1/rooms/lobby/messages",
        "Content-Length: 10\r\n",
    );
    for door in server.doors() {
        for input in [
            "GET / HTTP/1.1\r\nHost: x",
            "GET / HTTP/1.1\r\n",
            &whole,
            &(whole.clone() + "{}"),
        ] {
            let mut peer = Peer::connect(door, Http);
            peer.send(input).shutdown_write();
            let response = peer.response();
            assert_eq!((response.status, response.closes()), (400, true), "{input}");
            peer.expect_eof();
        }
        let mut peer = Peer::connect(door, Http);
        peer.send(request("GET /healthz", ""));
        peer.reset();
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn who_asks_too_much_is_made_to_wait_and_still_answered() {
    let server = Server::with(&[Http], "--rate-limit 50,5");
    let mut peer = visit(&server);
    peer.send(request("GET /healthz", "").repeat(20));
    for _ in 0..20 {
        assert_eq!(peer.response().status, 200);
    }
}

#[test]
fn stalled_requests_are_closed_and_hold_up_nobody() {
    let server = Server::with(&[Auto, Text], "--handshake-timeout 500ms");
    let mut alice = server.join(Text, "Alice");
    let mut bob = server.join(Text, "Bob");
    alice.sync();
    let before_kib = server.memory_kib();
    let head = request("GET /", &format!("X: {}\r\n", "x".repeat(4000)));
    let mut stalled: Vec<Peer> = Vec::new();
    for n in 0..300 {
        let mut peer = visit(&server);
        peer.send(&head[..5 + n * 10]);
        stalled.push(peer);
        alice.say("hi");
        bob.expect("[Alice] hi\n").silent();
        if n % 10 == 0 {
            assert_eq!(server.get("/healthz").status, 200);
        }
    }
    for mut peer in stalled {
        let response = peer.response();
        assert_eq!((response.status, response.closes()), (408, true));
        peer.expect_eof();
    }
    assert!(server.memory_kib() < before_kib + 4 * 1024);
    alice.silent();
}

#[test]
fn a_full_server_says_so_in_http() {
    let server = Server::with(&[Http, Text], "--max-connections 1");
    let mut alice = server.join(Text, "Alice");
    let mut late = visit(&server);
    late.send(request("GET /", ""));
    let response = late.response();
    assert_eq!(response.status, 503);
    assert!(
        response.closes() && response.header("Retry-After").is_some(),
        "{response:?}"
    );
    late.expect_eof();
    alice.silent();
}

#[test]
fn who_only_looks_is_no_user() {
    let server = Server::of(&[Auto, Text]);
    let mut watcher = server.join(Text, "watcher");
    for (path, _) in FILES {
        server.get(path);
    }
    let mut kept = visit(&server);
    kept.send(request("GET /", "")).response();
    watcher
        .send("/list\n")
        .expect("Current clients: watcher\n")
        .silent();
    server.signal("TERM");
    kept.expect_eof();
}
