//! Bodies of HTTP requests: in chunks, waited for, and bad ones.

use crate::http_client::*;
use crate::util::*;

/// A server where `secret` may post, and somebody who hears it.
fn heard(directory: &TempDir) -> (Server, Peer) {
    let file = directory.join("tokens");
    std::fs::write(&file, "secret bot\n").expect("a file");
    let flags = format!("--handshake-timeout 2s --api-token-file {}", file.display());
    let server = Server::with(&[Http, Auto, Text], &flags);
    let mut listener = server.join(Text, "listener");
    listener.sync();
    (server, listener)
}

fn post(headers: &str) -> String {
    let headers = format!("Authorization: Bearer secret\r\n{headers}");
    request("POST /api/v1/rooms/lobby/messages", &headers)
}

#[test]
fn a_body_in_chunks_is_read() {
    let directory = TempDir::new();
    let (server, mut listener) = heard(&directory);
    let head = post("Transfer-Encoding: chunked\r\n");
    let body = "{\"message\":\"one two\"}";
    let bytewise: String = body.chars().map(|c| format!("1\r\n{c}\r\n")).collect();
    for chunks in [
        format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
        format!(
            "{:04X};name=\"a;b\"\r\n{body}\r\n0;x\r\nSum: 1\r\n\r\n",
            body.len()
        ),
        format!("{bytewise}0\r\n\r\n"),
    ] {
        // What follows on the connection is a request of its own.
        let input = format!("{head}{chunks}{}", request("GET /healthz", ""));
        for door in &server.doors()[..2] {
            for step in [1, 7, input.len()] {
                let mut peer = Peer::connect(door, Http);
                for piece in input.as_bytes().chunks(step) {
                    peer.send(piece);
                }
                assert_eq!(peer.response().status, 201, "{chunks:?}");
                assert_eq!(peer.response().text(), "ok\n");
                listener.expect("[bot] one two\n");
            }
        }
    }
}

#[test]
fn a_bad_body_gets_one_answer_and_the_end() {
    let directory = TempDir::new();
    let (server, mut listener) = heard(&directory);
    let chunked = "Transfer-Encoding: chunked\r\n";
    let good = "15\r\n{\"message\":\"smuggled\"}\r\n0\r\n\r\n";
    let hidden = post("Content-Length: 22\r\n") + "{\"message\":\"smuggled\"}";
    for (head, body, status) in [
        (post(&format!("Content-Length: 4\r\n{chunked}")), good, 400),
        (post(&format!("{chunked}Content-Length: 0\r\n")), good, 400),
        (
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
            good,
            501,
        ),
        (post("Transfer-Encoding: gzip, chunked\r\n"), good, 501),
        (post("Transfer-Encoding: chunked, identity\r\n"), good, 501),
        (post("Transfer-Encoding: xchunked\r\n"), good, 501),
        (post("Transfer-Encoding: \"chunked\"\r\n"), good, 501),
        (post("Transfer-Encoding : chunked\r\n"), good, 400),
        (post("Transfer-Encoding:\u{b}chunked\r\n"), good, 400),
        (post(chunked).replace("1.1", "1.0"), good, 400),
        (post(chunked), "x\r\n", 400),
        (post(chunked), "-1\r\n", 400),
        (post(chunked), "0x2\r\n{}\r\n0\r\n\r\n", 400),
        (post(chunked), "2\r\n{}0\r\n\r\n", 400),
        (post(chunked), "2\n{}\n0\n\n", 400),
        (post(chunked), "2;\n{}\r\n0\r\n\r\n", 400),
        (post(chunked), "4001\r\n", 413),
        (post(chunked), "ffffffffffffffff\r\n", 413),
        (post(chunked), "10000000000000002\r\n{}\r\n0\r\n\r\n", 413),
        (post("Content-Length: 3\r\nExpect: 200-ok\r\n"), "{}\n", 417),
    ] {
        let input = format!("{head}{body}{hidden}");
        for step in [1, input.len()] {
            let mut peer = Peer::connect(&server.doors()[0], Http);
            for piece in input.as_bytes().chunks(step) {
                // It may be closed already.
                let _ = std::io::Write::write_all(&mut peer.socket, piece);
            }
            let response = peer.response();
            assert_eq!(response.status, status, "{input:?}");
            assert!(response.closes(), "{input:?}");
            peer.expect_eof();
        }
    }
    // Cut short, or waited for in vain.
    for body in ["", "2\r\n{", "2\r\n{}\r\n0\r\n"] {
        let mut peer = Peer::connect(&server.doors()[0], Http);
        peer.send(post(chunked) + body).shutdown_write();
        assert_eq!(peer.response().status, 400);
        peer.expect_eof();
        let mut peer = Peer::connect(&server.doors()[0], Http);
        peer.send(post(chunked) + body);
        assert_eq!(peer.response().status, 408);
        peer.expect_eof();
    }
    listener.silent();
}

#[test]
fn who_waits_for_it_is_told_to_go_on() {
    let directory = TempDir::new();
    let (server, mut listener) = heard(&directory);
    let body = "{\"message\":\"hi\"}";
    let len = body.len();
    for (framing, body) in [
        (format!("Content-Length: {len}\r\n"), body.to_owned()),
        (
            "Transfer-Encoding: chunked\r\n".into(),
            format!("{len:x}\r\n{body}\r\n0\r\n\r\n"),
        ),
    ] {
        let head = post(&format!("{framing}Expect: 100-continue\r\n"));
        for step in [1, head.len()] {
            let mut peer = Peer::connect(&server.doors()[0], Http);
            peer.send(request("GET /healthz", ""));
            for piece in head.as_bytes().chunks(step) {
                peer.send(piece);
            }
            assert_eq!(peer.response().text(), "ok\n");
            peer.expect("HTTP/1.1 100 Continue\r\n\r\n");
            peer.send(&body);
            assert_eq!(peer.response().status, 201);
            listener.expect("[bot] hi\n");
        }
    }
    // A body that will not be read is not asked for; nor is one that has come, or by HTTP/1.0.
    let mut peer = Peer::connect(&server.doors()[0], Http);
    peer.send(post("Content-Length: 16385\r\nExpect: 100-continue\r\n"));
    assert_eq!(peer.response().status, 413);
    let expecting = post(&format!(
        "Content-Length: {len}\r\nExpect: 100-continue\r\n"
    ));
    for whole in [
        expecting.clone() + body,
        expecting.replace("1.1", "1.0") + body,
    ] {
        let mut peer = Peer::connect(&server.doors()[0], Http);
        peer.send(whole);
        assert_eq!(peer.response().status, 201);
        listener.expect("[bot] hi\n");
    }
}
