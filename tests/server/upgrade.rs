//! From a request to a WebSocket, and who is refused on the way.

use crate::http_client::*;
use crate::util::*;
use crate::websocket_client::*;

/// What a request for an upgrade is answered with, its headers being [`upgrade_headers`] with
/// `from` in place of `to`, and `more`.
#[track_caller]
fn asked(server: &Server, from: &str, to: &str, more: &str) -> Response {
    let headers = upgrade_headers();
    assert!(headers.contains(from), "{from}");
    let mut peer = Peer::connect(&server.doors()[0], Http);
    peer.send(request("GET /ws", &(headers.replace(from, to) + more)));
    peer.response()
}

#[track_caller]
fn assert_refused(response: &Response, status: u16) {
    assert_eq!(response.status, status, "{response:?}");
    assert!(response.body.ends_with(b"\n"), "{response:?}");
    assert_eq!(response.header("Sec-WebSocket-Accept"), None);
}

#[test]
fn the_sub_protocol_is_the_first_known_one_that_is_asked_for() {
    for door in [Http, Auto] {
        let server = Server::of(&[door]);
        for (asked_for, answered) in [
            (None, None),
            (Some("hubbub.json"), Some("hubbub.json")),
            (Some("hubbub.text"), Some("hubbub.text")),
            (Some("hubbub.text, hubbub.json"), Some("hubbub.text")),
            (Some("chat.example,hubbub.json"), Some("hubbub.json")),
            (Some("chat.example"), None),
        ] {
            let peer = Peer::connect(&server.doors()[0], Http);
            let mut web = WebSocket::upgrade_with(peer, "/ws", asked_for, answered);
            if answered == Some("hubbub.text") {
                web.expect_text(PROMPT);
            } else {
                web.text(Json.join("bob").trim_end());
                assert_eq!(web.json()["type"], "welcome");
            }
        }
    }
}

#[test]
fn an_upgrade_may_come_in_any_pieces_with_frames_behind_it() {
    for door in [Http, Auto] {
        let server = Server::of(&[door, Text]);
        let mut watcher = server.join(Text, "watcher");
        let headers = upgrade_headers() + "Sec-WebSocket-Protocol: hubbub.text\r\n";
        let mut input = request("GET /ws", &headers).into_bytes();
        let head_len = input.len();
        input.extend([text_frame("bob"), text_frame("hello")].concat());
        for step in [input.len(), head_len, head_len + 1, head_len + 9, 1] {
            let mut peer = Peer::connect(&server.doors()[0], Http);
            let mut seen = Vec::new();
            for piece in input.chunks(step) {
                seen.extend(watcher.sync());
                peer.send(piece);
            }
            assert_upgraded(&peer.response(), Some("hubbub.text"));
            peer.expect([FIN | TEXT, 17]).expect(PROMPT);
            while !seen.ends_with(b"[bob] hello\n") {
                seen.extend(watcher.sync());
            }
            assert_eq!(seen, b"[Server] bob joined the chat!\n[bob] hello\n");
            drop(peer);
            watcher.expect("[Server] bob left the chat!\n");
        }
    }
}

#[test]
fn an_upgrade_behind_other_requests() {
    let server = Server::of(&[Auto]);
    let mut peer = Peer::connect(&server.doors()[0], Http);
    let upgrade = request("GET /ws", &upgrade_headers());
    peer.send(request("GET /healthz", "") + &request("HEAD /", "") + &upgrade);
    assert_eq!(peer.response().status, 200);
    assert_eq!(peer.response_to("HEAD /").status, 200);
    assert_upgraded(&peer.response(), None);
}

#[test]
fn tokens_are_told_without_regard_to_case_and_among_others() {
    let server = Server::of(&[Http]);
    for (from, to) in [
        ("Connection: Upgrade", "connection: keep-alive, uPgrade"),
        ("Upgrade: websocket", "UPGRADE: WebSocket"),
        ("Sec-WebSocket-Key", "sec-websocket-key"),
    ] {
        assert_upgraded(&asked(&server, from, to, ""), None);
    }
}

#[test]
fn a_request_that_is_no_upgrade_is_refused() {
    let server = Server::of(&[Http]);
    let key = format!("Sec-WebSocket-Key: {KEY}\r\n");
    let version = "Sec-WebSocket-Version: 13\r\n";
    for (from, to, status) in [
        ("Connection: Upgrade\r\n", "", 426),
        ("Upgrade: websocket\r\n", "", 426),
        ("Upgrade: websocket\r\n", "Upgrade: h2c\r\n", 426),
        (version, "Sec-WebSocket-Version: 12\r\n", 426),
        (version, "Sec-WebSocket-Version: 113\r\n", 426),
        (version, "", 426),
        (&key, "", 400),
        (&key, "Sec-WebSocket-Key:\r\n", 400),
        (&key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n", 400),
        (&key, "Sec-WebSocket-Key: c2hvcnQ=\r\n", 400),
        (&key, "Sec-WebSocket-Key: ========================\r\n", 400),
    ] {
        let response = asked(&server, from, to, "");
        assert_refused(&response, status);
        if status == 426 {
            assert_eq!(response.header("Sec-WebSocket-Version"), Some("13"), "{to}");
            assert_eq!(response.header("Upgrade"), Some("websocket"), "{to}");
        }
    }
    for (what, status) in [
        ("POST /ws", 405),
        ("GET /echo", 404),
        ("GET /healthz", 200),
        ("GET /ws/", 404),
    ] {
        let response = server.request(&server.doors()[0], what, "", "");
        assert_eq!(response.status, status, "{what}");
    }
}

#[test]
fn a_refused_upgrade_leaves_the_connection_to_further_requests() {
    let server = Server::of(&[Http]);
    let mut peer = Peer::connect(&server.doors()[0], Http);
    let upgrade = request("GET /ws", &upgrade_headers());
    peer.send(upgrade.replace("Version: 13", "Version: 12"));
    assert_refused(&peer.response(), 426);
    peer.send(upgrade.replace("Version: 13", "Version: 13\r\nOrigin: http://evil.example"));
    assert_refused(&peer.response(), 403);
    peer.send(upgrade);
    assert_upgraded(&peer.response(), None);
}

#[test]
fn a_page_of_another_origin_is_refused() {
    let server = Server::with(&[Auto], "--public-host chat.example");
    // The host that is asked for is 127.0.0.1, without a port.
    for origin in [
        "http://evil.example",
        "http://127.0.0.1.evil.example",
        "http://evil.example/127.0.0.1",
        "http://127.0.0.1:81",
        "http://user@127.0.0.1",
        "http://127.0.0.1@evil.example",
        "127.0.0.1",
        "null",
        "",
        "*",
    ] {
        let header = format!("Origin: {origin}\r\n");
        assert_refused(&asked(&server, "", "", &header), 403);
    }
    let host = server.address(Auto);
    for (host, origin) in [
        ("127.0.0.1".to_owned(), "http://127.0.0.1".to_owned()),
        (host.to_string(), format!("http://{host}")),
        (
            "Chat.Example:8080".into(),
            "http://chat.example:8080".into(),
        ),
        ("[::1]:8080".into(), "http://[::1]:8080".into()),
    ] {
        let mut peer = Peer::connect(&server.doors()[0], Http);
        let headers = format!("{}Origin: {origin}\r\n", upgrade_headers());
        let upgrade = request("GET /ws", &headers);
        peer.send(upgrade.replace("Host: 127.0.0.1\r\n", &format!("Host: {host}\r\n")));
        assert_upgraded(&peer.response(), None);
    }
}

#[test]
fn a_page_whose_own_name_was_made_to_lead_here_is_refused() {
    let server = Server::open(
        &[
            "auto://127.0.0.1:0",
            "http://127.0.0.1:0",
            "auto://0.0.0.0:0",
        ],
        "--allow-origin https://other.example:444",
    );
    let named = Server::open(
        &["auto://127.0.0.1:0", "http://0.0.0.0:0"],
        "--public-host Chat.example",
    );
    let status_of = |door: &str, what: &str, host: &str, headers: &str| {
        let door = door.replace("0.0.0.0", "127.0.0.1");
        let mut peer = Peer::connect(&door, Http);
        let asked = request(what, headers);
        peer.send(asked.replace("Host: 127.0.0.1\r\n", &format!("Host: {host}\r\n")));
        let response = peer.response_to(what);
        response.status
    };
    let guarded = [
        "GET /api/v1/rooms",
        "HEAD /api/v1/rooms/lobby/users",
        "OPTIONS /api/v1/rooms",
        "GET /api/nothing",
    ];
    let open = ["GET /", "GET /app.js", "GET /healthz", "OPTIONS *"];
    let check = |door: &str, host: &str, is_known: bool| {
        for origin in [String::new(), format!("Origin: http://{host}\r\n")] {
            let upgrade = format!("{}{origin}", upgrade_headers());
            let status = status_of(door, "GET /ws", host, &upgrade);
            assert_eq!(
                status,
                if is_known { 101 } else { 403 },
                "{door} {host} {origin}"
            );
            for what in guarded {
                let status = status_of(door, what, host, &origin);
                assert_eq!(status == 403, !is_known, "{door} {what} {host}");
            }
            for what in open {
                let status = status_of(door, what, host, &origin);
                assert!([200, 204].contains(&status), "{door} {what} {host}");
            }
        }
        let what = format!("GET http://{host}/api/v1/rooms");
        assert_eq!(
            status_of(door, &what, "localhost", "") == 403,
            !is_known,
            "{what}"
        );
    };
    for host in ["127.0.0.1", "localhost:8080", "[::1]:80", "10.1.2.3"] {
        for door in server.doors().iter().chain(named.doors()) {
            check(door, host, true);
        }
    }
    for host in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "chat.example.evil.example",
    ] {
        for (at, door) in server.doors().iter().enumerate() {
            check(door, host, at == 2);
        }
        for door in named.doors() {
            check(door, host, false);
        }
    }
    for door in server.doors() {
        check(door, "other.example", true);
    }
    for door in named.doors() {
        check(door, "chat.example", true);
        check(door, "CHAT.Example:8443", true);
    }
}

#[test]
fn origins_can_be_allowed() {
    let flags = "--allow-origin https://chat.example --allow-origin http://other.example:81";
    let server = Server::with(&[Auto], flags);
    for (origin, status) in [
        ("https://chat.example", 101),
        ("http://other.example:81", 101),
        ("http://127.0.0.1", 101),
        ("http://chat.example", 403),
        ("https://chat.example:444", 403),
        ("https://chat.example.evil.example", 403),
        ("http://other.example", 403),
    ] {
        let header = format!("Origin: {origin}\r\n");
        assert_eq!(asked(&server, "", "", &header).status, status, "{origin}");
    }
    let server = Server::with(&[Auto], "--allow-origin *");
    let header = "Origin: http://evil.example\r\n";
    assert_upgraded(&asked(&server, "", "", header), None);
}
