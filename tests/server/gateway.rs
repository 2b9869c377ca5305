//! HTTP, WebSocket and TLS as they meet in one server.

mod secure;

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
