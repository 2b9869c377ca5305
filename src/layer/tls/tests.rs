mod chance;
mod peers;

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, SupportedProtocolVersion};

use super::*;
use peers::{Client, Pace, Server, client_config, server_config, wire};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// More than any test has on its way.
const PENDING_MAX: usize = 2 * (TLS_RECORD_BYTES + TLS_OVERHEAD_BYTES);

/// A server and a client that have not said anything yet.
fn strangers(version: &'static SupportedProtocolVersion, pace: Pace) -> (Server, Client) {
    let (ours, theirs) = wire(pace);
    (Server::new(ours, b""), Client::new(version, theirs))
}

/// A server and a client whose handshake is complete.
fn pair(version: &'static SupportedProtocolVersion, pace: Pace) -> (Server, Client) {
    let (mut server, mut client) = strangers(version, pace);
    run(&mut server, &mut client);
    assert!(!server.tls.is_handshaking());
    (server, client)
}

/// Lets both do what they can until neither moves a byte.
fn run(server: &mut Server, client: &mut Client) {
    let mut still = 0;
    while still < 32 {
        let moved = client.turn() + server.turn();
        assert!(server.tls.pending() <= PENDING_MAX);
        still = if moved > 0 { 0 } else { still + 1 };
    }
}

fn bytes(count: usize, seed: u8) -> Vec<u8> {
    (0..count).map(|at| (at * 31 / 7) as u8 ^ seed).collect()
}

#[track_caller]
fn assert_kind<T: std::fmt::Debug>(result: io::Result<T>, kind: io::ErrorKind) {
    assert_eq!(result.expect_err("an error").kind(), kind);
}

#[test]
fn a_handshake_takes_its_bytes_as_they_come() {
    for version in VERSIONS {
        let (mut server, mut client) = pair(version, Pace::byte_by_byte());
        client.say(b"from the client");
        server.to_send = b"from the server".to_vec();
        run(&mut server, &mut client);
        assert_eq!(server.received, b"from the client");
        assert_eq!(client.received, b"from the server");
    }
}

#[test]
fn what_was_read_before_the_session_is_its_beginning() {
    for version in VERSIONS {
        for count in [0, 1, 5, 100, usize::MAX] {
            let (mut ours, theirs) = wire(Pace::whole());
            let mut client = Client::new(version, theirs);
            client.turn();
            let mut first = vec![0; 4096];
            let all = ours.read(&mut first).expect("a ClientHello");
            first.truncate(all);
            let rest = first.split_off(count.min(all));
            ours.unread(&rest);
            let mut server = Server::new(ours, &first);
            client.say(b"hello");
            run(&mut server, &mut client);
            assert_eq!(server.received, b"hello", "after {count} bytes");
        }
    }
}

#[test]
fn large_transfers_both_ways_through_a_tiny_socket() {
    for version in VERSIONS {
        let pace = Pace {
            room: 100,
            most: 33,
            hiccup: 3,
        };
        let (mut server, mut client) = strangers(version, pace);
        let (up, down) = (bytes(200_000, 1), bytes(150_000, 2));
        server.to_send = down.clone();
        client.say(&up);
        run(&mut server, &mut client);
        assert!(server.received == up && client.received == down);
    }
}

#[test]
fn nothing_is_written_before_the_handshake_is_complete() {
    let (mut server, _client) = strangers(&TLS13, Pace::whole());
    for _ in 0..3 {
        assert_kind(server.tls.write(b"early"), io::ErrorKind::WouldBlock);
        assert_kind(server.tls.read(&mut [0; 64]), io::ErrorKind::WouldBlock);
        server.tls.close_notify();
    }
    assert!(server.tls.is_handshaking() && server.tls.pending() == 0);
}

#[test]
fn an_idle_session_holds_no_buffer() {
    for version in VERSIONS {
        let (mut server, mut client) = pair(version, Pace::whole());
        server.to_send = bytes(50_000, 1);
        client.say(&bytes(50_000, 2));
        run(&mut server, &mut client);
        let tls = &server.tls;
        let held =
            tls.incoming.capacity() + tls.plaintext.capacity() + tls.pending.bytes.capacity();
        assert_eq!(held, 0);
    }
}

#[test]
fn a_small_message_is_one_call_and_one_record() {
    for version in VERSIONS {
        let (mut server, mut client) = pair(version, Pace::whole());
        let before = server.tls.socket().written;
        let slices = [b"one ".as_slice(), b"", b"two ", b"three"].map(IoSlice::new);
        assert_eq!(server.tls.write_vectored(&slices).expect("room"), 13);
        assert_eq!(server.tls.socket().written.0 - before.0, 1);
        assert!(server.tls.socket().written.1 - before.1 < 13 + 32);
        assert_eq!(server.tls.pending(), 0);
        run(&mut server, &mut client);
        assert_eq!(client.received, b"one two three");
    }
}

#[test]
fn a_record_takes_no_more_than_it_can_hold() {
    let (mut server, mut client) = pair(&TLS13, Pace::whole());
    let (large, small) = (bytes(TLS_RECORD_BYTES - 1, 1), bytes(100, 2));
    let slices = [&large[..], &small[..]].map(IoSlice::new);
    assert_eq!(
        server.tls.write_vectored(&slices).expect("room"),
        TLS_RECORD_BYTES
    );
    assert_eq!(
        server.tls.write(&bytes(20_000, 3)).expect("room"),
        TLS_RECORD_BYTES
    );
    run(&mut server, &mut client);
    assert_eq!(client.received.len(), 2 * TLS_RECORD_BYTES);
}

#[test]
fn what_waits_for_the_socket_is_bounded() {
    for version in VERSIONS {
        let (mut server, mut client) = pair(
            version,
            Pace {
                room: 1000,
                ..Pace::whole()
            },
        );
        let sent = bytes(100_000, 5);
        let mut taken = 0;
        let blocked = loop {
            match server.tls.write(&sent[taken..]) {
                Ok(count) => taken += count,
                Err(e) => break e,
            }
            assert!(server.tls.pending() <= PENDING_MAX);
        };
        assert_eq!(blocked.kind(), io::ErrorKind::WouldBlock);
        assert_kind(server.tls.flush(), io::ErrorKind::WouldBlock);
        assert_eq!(taken, 2 * TLS_RECORD_BYTES);
        server.to_send = sent[taken..].to_vec();
        run(&mut server, &mut client);
        assert!(client.received == sent);
        server.tls.flush().expect("nothing is left");
    }
}

#[test]
fn the_peers_close_is_an_end_after_which_one_may_answer() {
    for version in VERSIONS {
        let (mut server, mut client) = pair(version, Pace::byte_by_byte());
        client.say(b"last words");
        client.close();
        run(&mut server, &mut client);
        assert_eq!(server.received, b"last words");
        assert!(server.ended && server.error.is_none());
        server.to_send = b"answer".to_vec();
        run(&mut server, &mut client);
        assert_eq!(client.received, b"answer");
        assert!(!client.ended);
        server.tls.close_notify();
        server.tls.close_notify();
        run(&mut server, &mut client);
        assert!(client.ended);
    }
}

#[test]
fn after_our_close_nothing_is_written_and_what_comes_is_dropped() {
    for version in VERSIONS {
        let (mut server, mut client) = pair(version, Pace::whole());
        server.tls.close_notify();
        assert_kind(server.tls.write(b"more"), io::ErrorKind::BrokenPipe);
        client.say(b"unread");
        client.turn();
        assert!(client.ended);
        client.socket.write_all(b"no TLS at all").expect("room");
        client.socket.close();
        run(&mut server, &mut client);
        assert!(server.ended && server.error.is_none() && server.received.is_empty());
    }
}

#[test]
fn a_stream_that_is_cut_has_ended() {
    for version in VERSIONS {
        for room in [0, 40, 1 << 20] {
            let (mut server, mut client) = strangers(version, Pace::whole());
            client.socket.cut_after(room);
            client.say(b"hello");
            run(&mut server, &mut client);
            client.socket.close();
            run(&mut server, &mut client);
            assert!(server.ended && server.error.is_none());
            assert_eq!(server.tls.is_handshaking(), room < 1000);
        }
    }
}

#[test]
fn what_is_no_tls_is_an_error_and_is_told_so() {
    for garbage in [
        b"hello there, is anybody at home?\n".as_slice(),
        b"GET / HTTP/1.1\r\n\r\n",
        b"{\"type\":\"join\"}\n",
        &[0x16, 3, 1, 0xff, 0xff, 1],
        &[0x16, 3, 1, 0, 4, 9, 0, 0, 0],
        &[0x17, 3, 3, 0, 2, 1, 2],
        &[0; 64],
        &[0xff; 64],
    ] {
        let (ours, mut theirs) = wire(Pace::whole());
        theirs.write_all(garbage).expect("room");
        let mut server = Server::new(ours, b"");
        server.turn();
        let error = server.error.take().expect("an error");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{garbage:?}");
        assert_eq!(server.tls.read(&mut [0; 64]).expect("an end"), 0);
        assert_kind(server.tls.write(b"more"), io::ErrorKind::BrokenPipe);
        server.tls.close_notify();
        let mut alert = [0; 64];
        assert_eq!(theirs.read(&mut alert).expect("an alert"), 7);
        assert_eq!((alert[0], alert[5]), (21, 2), "{garbage:?}");
    }
}

#[test]
fn plain_bytes_in_a_session_are_an_error_that_the_client_hears_of() {
    for version in VERSIONS {
        let (mut server, mut client) = pair(version, Pace::whole());
        client.say(b"good");
        client.turn();
        client
            .socket
            .write_all(b"GET / HTTP/1.1\r\n\r\n")
            .expect("room");
        run(&mut server, &mut client);
        assert_eq!(server.received, b"good");
        let error = server.error.as_ref().expect("an error");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let alert = client.error.as_ref().expect("an alert").to_string();
        assert!(alert.contains("DecodeError"), "{alert}");
    }
}

#[test]
fn nothing_is_allocated_by_a_claimed_length() {
    // A record of 16 KiB, and in it a ClientHello of 64 KiB less one.
    let head = [0x16, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff, 3, 3];
    let (ours, mut theirs) = wire(Pace::whole());
    theirs.write_all(&head).expect("room");
    let mut server = Server::new(ours, b"");
    server.turn();
    assert!(server.error.is_none() && server.tls.is_handshaking());
    assert!(server.tls.incoming.capacity() < 64);
}

#[test]
fn an_endless_client_hello_is_cut_off() {
    let (ours, mut theirs) = wire(Pace::whole());
    let mut server = Server::new(ours, b"");
    let mut sent = 0;
    theirs
        .write_all(&[0x16, 3, 1, 0, 4, 1, 0, 0xff, 0xff])
        .expect("room");
    while server.error.is_none() {
        sent += theirs.write(&[0x16, 3, 1, 0, 1, 7]).expect("room");
        server.turn();
        assert!(server.tls.incoming.bytes().len() <= TLS_UNREAD_BYTES_MAX);
        assert!(sent <= TLS_UNREAD_BYTES_MAX);
    }
    assert_eq!(server.tls.incoming.capacity(), 0);
}

#[test]
fn much_ciphertext_for_little_text_is_put_off_to_the_next_turn() {
    for version in VERSIONS {
        let (mut server, mut client) = pair(version, Pace::whole());
        let count = TLS_OVERHEAD_PER_TURN_MAX / 20;
        for _ in 0..count {
            client.say(b"x");
            client.turn();
        }
        let mut received = 0;
        let (mut put_off, mut overhead) = (0, 0);
        loop {
            match server.tls.read(&mut [0; 4096]) {
                Ok(count) => received += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                    put_off += 1;
                    overhead += server.tls.take_ciphertext_overhead();
                }
                Err(_) => break,
            }
        }
        overhead += server.tls.take_ciphertext_overhead();
        assert_eq!((received, put_off), (count, 1));
        assert!(overhead > 20 * count, "{overhead} bytes");
    }
}

#[test]
fn updates_of_keys_are_followed_but_not_for_ever() {
    let (mut server, mut client) = pair(&TLS13, Pace::byte_by_byte());
    for _ in 0..3 {
        client.connection.refresh_traffic_keys().expect("TLS 1.3");
        client.say(b"up");
        server.to_send = b"down".to_vec();
        run(&mut server, &mut client);
    }
    assert_eq!(
        (&server.received[..], &client.received[..]),
        (&b"upupup"[..], &b"downdowndown"[..])
    );
    for _ in 0..100 {
        client.connection.refresh_traffic_keys().expect("TLS 1.3");
    }
    run(&mut server, &mut client);
    assert!(server.error.is_some());
}

#[test]
fn a_client_comes_back_with_its_ticket() {
    for version in VERSIONS {
        let (config, server_config) = (client_config(version), server_config());
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let (ours, theirs) = wire(Pace::whole());
            let mut server = Server::with_config(Arc::clone(&server_config), ours, b"");
            let mut client = Client::with_config(Arc::clone(&config), theirs);
            client.say(b"hello");
            run(&mut server, &mut client);
            assert_eq!(client.connection.handshake_kind(), Some(kind));
            assert_eq!(server.received, b"hello");
        }
    }
}
