use crate::util::*;

const BLOCK: usize = 64 * 1024;

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 % 251) as u8).collect()
}

fn answer(bytes: &[u8]) -> Vec<u8> {
    [b"Echo: ", bytes].concat()
}

#[test]
fn one_frame_comes_back_whichever_way_it_ends() {
    let server = Server::of(&[Echo]);
    let cases = [
        b"Hello".to_vec(),
        b"Hello\n".to_vec(),
        b"two\nlines\r\n".to_vec(),
        pattern(1000),
        (0..=255).collect(),
        b"\0".to_vec(),
        b"\xff\xf4\xff\xfd\x06".to_vec(),
        pattern(BLOCK - 1),
        pattern(BLOCK),
    ];
    for bytes in cases {
        for ends in [true, false] {
            let mut peer = server.connect(Echo);
            peer.send(&bytes);
            if ends {
                peer.shutdown_write();
            }
            peer.expect(answer(&bytes)).expect_eof();
        }
    }
}

#[test]
fn no_byte_at_all_is_answered_at_the_end_of_input() {
    let server = Server::of(&[Echo]);
    let mut peer = server.connect(Echo);
    peer.shutdown_write().expect("Echo: ").expect_eof();
}

#[test]
fn what_is_over_64_kib_is_read_off_and_no_reset() {
    let server = Server::of(&[Echo]);
    for extra in [1, 1000, 3 * BLOCK] {
        let bytes = pattern(BLOCK + extra);
        let mut peer = server.connect(Echo);
        peer.send(&bytes);
        peer.expect(answer(&bytes[..BLOCK])).expect_eof();
    }
}

#[test]
fn pieces_without_silence_between_are_one_frame() {
    let server = Server::of(&[Echo]);
    let mut peer = server.connect(Echo);
    let bytes = pattern(300);
    for byte in bytes.chunks(1) {
        peer.send(byte);
    }
    peer.shutdown_write();
    let rest = peer.rest();
    let echoed = rest.strip_prefix(b"Echo: ").expect("an echo");
    assert!(!echoed.is_empty() && bytes.starts_with(echoed));
}

#[test]
fn it_never_meets_the_others() {
    let server = Server::of(&[Echo, Text]);
    let mut alice = server.join(Text, "Alice");
    let mut peer = server.connect(Echo);
    peer.send("Bob\n").expect("Echo: Bob\n").expect_eof();
    alice.silent().send("/list\n");
    alice.expect("Current clients: Alice\n");
}

#[test]
fn many_at_once() {
    let server = Server::of(&[Echo]);
    let mut peers: Vec<Peer> = (0..100).map(|_| server.connect(Echo)).collect();
    for (n, peer) in peers.iter_mut().enumerate() {
        peer.send(format!("peer {n}"));
    }
    for (n, peer) in peers.iter_mut().enumerate() {
        peer.expect(format!("Echo: peer {n}")).expect_eof();
    }
}
