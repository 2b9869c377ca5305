//! Whatever is said and however the socket cuts it.

use std::io::Write;

use proptest::prelude::*;
use rustls::version::{TLS12, TLS13};

use super::peers::Pace;
use super::{PENDING_MAX, bytes, run, strangers};

#[derive(Debug, Clone)]
enum Step {
    Up(usize),
    Down(usize),
    Refresh,
    Client,
    Server,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0usize..40_000).prop_map(Step::Up),
        (0usize..40_000).prop_map(Step::Down),
        (1usize..50).prop_map(Step::Up),
        (1usize..50).prop_map(Step::Down),
        Just(Step::Refresh),
        Just(Step::Client),
        Just(Step::Server),
    ];
    prop::collection::vec(step, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However the socket cuts it, both get what the other said, byte for byte.
    #[test]
    fn every_byte_arrives_in_order(
        is_tls13 in any::<bool>(),
        room in 1usize..40_000,
        most in prop_oneof![1usize..40, 1usize..40_000],
        hiccup in 2usize..9,
        steps in steps(),
    ) {
        let version = if is_tls13 { &TLS13 } else { &TLS12 };
        let (mut server, mut client) = strangers(version, Pace { room, most, hiccup });
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Up(count) => {
                    let bytes = bytes(count, up.len() as u8);
                    client.say(&bytes);
                    up.extend(bytes);
                }
                Step::Down(count) => {
                    let bytes = bytes(count, down.len() as u8);
                    server.to_send.extend_from_slice(&bytes);
                    down.extend(bytes);
                }
                Step::Refresh => {
                    // TLS 1.2 has none, and neither has a handshake.
                    let _ = client.connection.refresh_traffic_keys();
                }
                Step::Client => {
                    client.turn();
                }
                Step::Server => {
                    server.turn();
                }
            }
            prop_assert!(server.tls.pending() <= PENDING_MAX);
        }
        run(&mut server, &mut client);
        client.close();
        run(&mut server, &mut client);
        server.tls.close_notify();
        run(&mut server, &mut client);
        prop_assert!(server.received == up && client.received == down);
        prop_assert!(server.ended && client.ended && server.error.is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A client whose bytes are changed on their way is refused, or waits, or was not harmed.
    #[test]
    fn what_was_tampered_with_is_never_taken(
        is_tls13 in any::<bool>(),
        at in 0usize..1500,
        bits in 1u8..,
        garbage in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let version = if is_tls13 { &TLS13 } else { &TLS12 };
        let (mut server, mut client) = strangers(version, Pace::whole());
        client.socket.flip_after(at, bits);
        let said = bytes(1000, 9);
        client.say(&said);
        run(&mut server, &mut client);
        prop_assert!(said.starts_with(&server.received));
        client.socket.write_all(&garbage).expect("room");
        client.socket.close();
        run(&mut server, &mut client);
        prop_assert!(said.starts_with(&server.received) && server.ended);
    }
}
