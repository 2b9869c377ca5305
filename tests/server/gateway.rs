//! HTTP, WebSocket and TLS as they meet in one server.

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
    assert_eq!(slow.send("GET / HTTP/1.1\r\n").response().status, 408);
    slow.expect_eof();
    drop(slow);
    for reason in ["join timeout", "handshake timeout"] {
        let sample = format!("hubbub_drops_total{{reason=\"dropped for {reason}\"}}");
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
