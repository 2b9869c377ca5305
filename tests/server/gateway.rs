//! HTTP, WebSocket and TLS as they meet in one server.

mod secure;

use std::io::Write as _;
use std::time::Instant;

use crate::util::*;
use crate::websocket_client::*;
use secure::{Ending, secure, tls_flags};

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
