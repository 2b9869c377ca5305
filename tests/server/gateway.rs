//! HTTP, WebSocket and TLS as they meet in one server.

mod mixed;
mod reload;
mod secure;

use std::io::Write as _;
use std::time::Instant;

use crate::http_client::*;
use crate::util::*;
use crate::websocket_client::*;
use secure::{Ending, secure, tls_flags};

/// A sample of the last door's figures; 0 where there is none.
#[track_caller]
fn figure(server: &Server, sample: &str) -> u64 {
    let status = server.doors().last().expect("a door");
    let metrics = server.request(status, "GET /metrics", "", "");
    let mut lines = metrics.text().lines();
    let value = lines.find_map(|line| line.strip_prefix(sample));
    value.map_or(0, |value| value.trim().parse().expect("a number"))
}

/// Waits until a sample has a value: what a connection did is counted when it is gone.
#[track_caller]
fn expect_figure(server: &Server, sample: &str, value: u64) {
    let deadline = Instant::now() + DEADLINE;
    while figure(server, sample) != value {
        assert!(Instant::now() < deadline, "{sample} is never {value}");
    }
}

#[test]
fn a_websocket_over_tls_ends_with_both_farewells() {
    let server = Server::with(&[Auto], &tls_flags());
    let (peer, ending) = secure(&server.doors()[0]);
    let mut web = WebSocket::upgrade(peer, "/ws", Some("hubbub.text"));
    web.expect_text(PROMPT);
    web.join("bob");
    web.text("/quit");
    web.expect_close(1000);
    assert_eq!(ending.join().expect("no panic"), Ending::Told);
}

#[test]
fn who_sends_without_end_has_its_deadline_too() {
    let flags = "--join-timeout 300ms --handshake-timeout 300ms";
    let server = Server::with(&[Text, Http], flags);
    let mut peers = server.doors().iter().map(|door| Peer::connect(door, Http));
    for peer in peers.by_ref() {
        let mut socket = &peer.socket;
        let end = Instant::now() + DEADLINE;
        let is_closed = |_: &()| socket.write_all(&[b'\n'; 65536]).is_err();
        let mut sent = std::iter::repeat(()).take_while(|()| Instant::now() < end);
        assert!(sent.find(is_closed).is_some(), "it goes on and on");
    }
}

#[test]
fn who_is_ended_is_counted_by_what_ended_it() {
    let flags = "--http-status 127.0.0.1:0 --join-timeout 300ms --handshake-timeout 300ms";
    let server = Server::open(&["json://127.0.0.1:0", "http://127.0.0.1:0"], flags);
    server.connect(Json).rest();
    let mut slow = Peer::connect(&server.doors()[1], Http);
    let refusal = slow.send("GET / HTTP/1.1\r\n").response();
    assert_eq!((refusal.status, refusal.text()), (408, "Request Timeout\n"));
    slow.expect_eof();
    drop(slow);
    for reason in ["join timeout", "handshake timeout"] {
        let sample = format!("hubbub_drops_total{{reason=\"{reason}\"}}");
        expect_figure(&server, &sample, 1);
    }
}

#[test]
fn deliveries_are_counted() {
    let flags = "--http-status 127.0.0.1:0";
    let server = Server::open(&["text://127.0.0.1:0"], flags);
    let mut alice = server.join(Text, "Alice");
    let mut bob = server.join(Text, "Bob");
    alice.expect("[Server] Bob joined the chat!\n");
    let before = figure(&server, "hubbub_deliveries_total");
    assert_eq!(before, 3);
    alice.say("hi").silent();
    bob.expect("[Alice] hi\n");
    // The answer to her, which text leaves out, and a pong.
    assert_eq!(figure(&server, "hubbub_deliveries_total"), before + 3);
}

#[test]
fn a_flood_of_pings_is_slowed_down_like_any_other() {
    let server = Server::with(&[Auto], "--rate-limit 20,5");
    let mut web = server.join_websocket("hubbub.text", "bob");
    web.send(frame(FIN | PING, "x").repeat(90));
    let mut pongs = 0;
    loop {
        match web.next() {
            Came::Pong(_) => pongs += 1,
            Came::Text(notice) => {
                assert!(notice.contains("too fast"), "{notice}");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(pongs < 90);
}

#[test]
fn tokens_are_not_guessed_in_a_hurry() {
    let dir = TempDir::new();
    std::fs::write(dir.join("tokens"), "secret\n").expect("written");
    let tokens = dir.join("tokens").display().to_string();
    let flags = format!("--rate-limit 5,5 --api-token-file {tokens}");
    let server = Server::with(&[Auto], &flags);
    let mut peer = Peer::connect(&server.doors()[0], Http);
    let begin = Instant::now();
    let guess = request(
        "POST /api/v1/rooms/lobby/messages",
        "Authorization: Bearer s\r\n",
    );
    peer.send(guess.repeat(3) + &request("GET /healthz", ""));
    for status in [401, 401, 401, 200] {
        assert_eq!(peer.response().status, status);
    }
    // Three guesses at 5 tokens each, less a burst of 5, at 5 a second.
    assert!(begin.elapsed().as_millis() > 1900, "they are delayed");
}

#[test]
fn a_browser_at_the_auto_door_of_a_full_server_sees_why() {
    let server = Server::with(&[Auto], &format!("--max-connections 1 {}", tls_flags()));
    let door = server.doors()[0].clone();
    let mut alice = Peer::connect(&door, Text);
    alice.send("Alice\n").expect(PROMPT).line();
    let mut late = Peer::connect(&door, Http);
    late.send(request("GET /", ""));
    let response = late.response();
    assert_eq!((response.status, response.closes()), (503, true));
    late.expect_eof();
    let (mut late, ending) = secure(&door);
    late.send(request("GET /", ""));
    assert_eq!(late.response().status, 503);
    late.expect_eof();
    assert_eq!(ending.join().expect("no panic"), Ending::Told);
    let mut late = Peer::connect(&door, Json);
    late.send(Json.join("bob"));
    assert_one_error(Json, &late.rest());
    let mut late = Peer::connect(&door, Text);
    assert_one_error(Text, &late.rest());
    alice.silent();
}

/// Connections of every kind that wait for something, and for which there is nothing to do.
fn waiting(server: &Server) -> Vec<Peer> {
    let [auto, secure_only] = [0, 1].map(|at| server.doors()[at].clone());
    let mut peers = Vec::new();
    let mut hold = |door: &str, bytes: &[u8], ends: bool| {
        let mut peer = Peer::connect(door, Http);
        peer.send(bytes);
        if ends {
            peer.shutdown_write();
        }
        peers.push(peer);
    };
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for ends in [false, true] {
        hold(&auto, hello, ends);
        hold(&secure_only, hello, ends);
        hold(&secure_only, b"hello, is somebody there?\r\n", ends);
        hold(&secure_only, b"", ends);
        hold(&auto, b"GET / HTTP/1.1\r\nHost: a\r\n", ends);
        hold(&auto, request("GET /", "").repeat(20).as_bytes(), ends);
        let post = "Content-Length: 16384\r\n";
        hold(&auto, request("POST /", post).as_bytes(), ends);
        let upgrade = request("GET /ws", &upgrade_headers());
        hold(&auto, upgrade.as_bytes(), ends);
        let close = [upgrade.as_bytes(), &close_frame(1000)].concat();
        hold(&auto, &close, ends);
        let part = [upgrade.as_bytes(), &frame_head(FIN | TEXT, 900), b"x"].concat();
        hold(&auto, &part, ends);
    }
    peers
}

#[test]
fn nobody_who_waits_costs_anything() {
    let flags = "--handshake-timeout 60s --join-timeout 60s --sendq-time 60s --sendq-soft 64KiB \
        --ping-interval 500ms";
    let doors = ["auto://127.0.0.1:0", "tls+text://127.0.0.1:0"];
    let server = Server::open(&doors, &format!("{flags} {}", tls_flags()));
    let _waiting = waiting(&server);
    // Who reads nothing, above the soft limit and below it.
    let mut slow: Vec<WebSocket> = ["slow", "slower"]
        .map(|nick| {
            let small =
                |socket: &socket2::Socket| socket.set_recv_buffer_size(2048).expect("a size");
            let peer = Peer::try_connect(&server.doors()[0], Http, small).expect("it listens");
            let mut web = WebSocket::upgrade(peer, "/ws", Some("hubbub.text"));
            web.join(nick);
            web
        })
        .into();
    let mut sender = Peer::connect(&server.doors()[0], Text);
    sender.send("sender\n").expect(PROMPT).line();
    for n in 0..100 {
        sender.say(&format!("{n} {}", "x".repeat(4000)));
    }
    slow[1].send(frame(FIN | PING, "x").repeat(64));
    // A close_notify, and nothing behind it.
    let (mut half, _) = secure(&server.doors()[1]);
    half.send("half\n").expect(PROMPT).line();
    half.shutdown_write();
    sender.settle();
    let before = server.cpu();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let used = server.cpu() - before;
    assert!(used.as_millis() < 200, "{used:?}");
    // Who may be sent no ping is not called dead for want of an answer.
    sender.send("/list\n");
    sender.expect_until("Current clients: slow, slower, sender\n");
}

#[test]
fn a_websocket_with_nothing_but_pings_and_pongs_is_idle() {
    let server = Server::with(&[Auto], "--idle-timeout 600ms --ping-interval 100ms");
    for asks in [false, true] {
        let mut web = server.join_websocket("hubbub.text", "bob");
        if asks {
            web.send(frame(FIN | PING, ""));
        }
        let deadline = Instant::now() + DEADLINE;
        let told = loop {
            assert!(Instant::now() < deadline, "it is never idle");
            match web.next() {
                Came::Ping(payload) => web.send(frame(FIN | PONG, payload)),
                Came::Pong(payload) => web.send(frame(FIN | PING, payload)),
                Came::Text(text) => break text,
                other => panic!("{other:?}"),
            };
        };
        assert_one_error(Text, format!("{told}\n").as_bytes());
        while web.next() != Came::Close(Some(1008)) {}
    }
}

#[test]
fn whoever_is_put_out_is_told_why_and_closed() {
    let dir = TempDir::new();
    let admin = dir.join("admin").display().to_string();
    let flags = format!("--join-timeout 300ms --admin-socket {admin}");
    let server = Server::with(&[Auto], &flags);
    let mut bob = server.join_websocket("hubbub.text", "bob");
    server.connect(Console).send(":kick bob\n").line();
    let told = bob.expect_close(1008);
    assert_eq!(told, ["[Server] You have been kicked."]);
    for (dialect, protocol) in [(Text, "hubbub.text"), (Json, "hubbub.json")] {
        let mut late = server.websocket(Some(protocol));
        let told = late.expect_close(1008).pop().expect("an error");
        assert_one_error(dialect, format!("{told}\n").as_bytes());
        let mut long = server.websocket(Some(protocol));
        let told = long.text(&"x".repeat(1025)).expect_close(1009);
        let told = told.last().expect("an error");
        assert!(told.contains("1024 bytes at most"), "{told}");
    }
}

#[test]
fn who_is_banned_posts_no_more() {
    let dir = TempDir::new();
    std::fs::write(dir.join("tokens"), "secret\n").expect("written");
    let [tokens, admin] = ["tokens", "admin"].map(|name| dir.join(name).display().to_string());
    let flags = format!("--api-token-file {tokens} --admin-socket {admin}");
    let server = Server::with(&[Http], &flags);
    let mut peer = Peer::connect(&server.doors()[0], Http);
    let body = "{\"message\":\"hi\"}";
    let headers = format!(
        "Authorization: Bearer secret\r\nContent-Length: {}\r\n",
        body.len()
    );
    let post = request("POST /api/v1/rooms/lobby/messages", &headers) + body;
    assert_eq!(peer.send(&post).response().status, 201);
    let mut console = server.connect(Console);
    console
        .send(":ban 127.0.0.1\n")
        .expect("127.0.0.1 is banned; 0 put out.\n");
    // The connection is kept, but to no avail.
    assert_eq!(peer.send(&post).response().status, 403);
}

#[test]
fn who_breaks_the_rules_and_ends_its_input_is_told_all_the_same() {
    let server = Server::of(&[Auto]);
    for (bytes, code) in [
        (frame(FIN | 3, ""), 1002),
        (frame(FIN | TEXT, b"\xff"), 1007),
        (frame_head(FIN | TEXT, 1 << 40), 1009),
    ] {
        let mut web = server.join_websocket("hubbub.json", "bob");
        web.send(bytes);
        web.peer.shutdown_write();
        loop {
            match web.next() {
                Came::Text(_) => {}
                came => break assert_eq!(came, Came::Close(Some(code))),
            }
        }
        web.peer.expect_eof();
    }
}
