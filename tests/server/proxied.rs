//! Connections that a proxy brings: PROXY protocol, Forwarded and X-Forwarded-For.

use std::io::Write as _;

use crate::http_client::request;
use crate::tls;
use crate::util::*;
use crate::websocket_client::*;

const TRUSTING: &str = "--trusted-proxy 127.0.0.1 --trusted-proxy 10.0.0.0/8 --show-addresses";

/// A server whose console answers, too.
struct Proxied {
    server: Server,
    console: Peer,
    _dir: TempDir,
}

fn proxied(doors: &[&str], flags: &str) -> Proxied {
    let dir = TempDir::new();
    let flags = format!("{flags} --admin-socket {}", dir.join("admin").display());
    let server = Server::open(doors, &flags);
    let console = server.connect(Console);
    Proxied {
        server,
        console,
        _dir: dir,
    }
}

impl Proxied {
    /// Waits until the operator sees that `nick` is at an address.
    #[track_caller]
    fn expect_at(&mut self, nick: &str, address: &str) {
        self.console.send(":list\n:\n");
        let shown = self.console.expect_until("Invalid command\n");
        let shown = String::from_utf8_lossy(&shown).into_owned();
        let line = shown.lines().find(|line| line.contains(nick));
        let is_there = line.is_some_and(|line| line.contains(address));
        assert!(is_there, "{nick} at {address}: {shown}");
    }
}

fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let len = (rest.len() as u16).to_be_bytes();
    let fixed = [0x20 | command, family];
    [&b"\r\n\r\n\0\r\nQUIT\n"[..], &fixed, &len, rest].concat()
}

const OF_V4: [u8; 12] = [192, 0, 2, 7, 10, 0, 0, 1, 0x10, 0xe1, 0, 80];

#[test]
fn a_header_says_whose_a_connection_is_in_every_dialect() {
    let doors = ["text", "json", "pynet", "colon", "auto"];
    let doors = doors.map(|name| format!("{name}://127.0.0.1:0"));
    let mut scene = proxied(&doors.each_ref().map(String::as_str), TRUSTING);
    let mut joined = Vec::new();
    for (at, dialect) in [Text, Json, Pynet, Colon, Auto].into_iter().enumerate() {
        for (version, header) in [
            b"PROXY TCP4 192.0.2.7 10.0.0.1 4321 80\r\n".to_vec(),
            binary(1, 0x11, &OF_V4),
        ]
        .into_iter()
        .enumerate()
        {
            let nick = format!("u{at}{version}");
            let mut peer = Peer::connect(&scene.server.doors()[at], dialect);
            // Byte by byte, and in one piece.
            for piece in header.chunks(if version == 0 { 1 } else { header.len() }) {
                peer.send(piece);
            }
            peer.send(dialect.join(&nick)).sync();
            scene.expect_at(&nick, "192.0.2.7:4321");
            joined.push(peer);
        }
    }
    let mut v6 = [0; 36];
    (v6[0], v6[15], v6[32]) = (0xfd, 1, 1);
    let mut peer = scene.server.connect(Text);
    peer.send([binary(1, 0x21, &v6), b"six\n".to_vec()].concat());
    peer.expect_until("six joined");
    scene.expect_at("six", "[fd00::1]:256");
}

#[test]
fn a_proxy_may_speak_for_itself() {
    let mut scene = proxied(&["text://127.0.0.1:0"], TRUSTING);
    for (nick, header) in [
        ("local", binary(0, 0, &[])),
        ("unknown", b"PROXY UNKNOWN ffff:: ffff:: 1 2\r\n".to_vec()),
        ("unnamed", Vec::new()),
    ] {
        let mut peer = scene.server.connect(Text);
        peer.send([&header[..], nick.as_bytes(), b"\n"].concat());
        peer.expect(PROMPT).expect_until(" joined the chat!\n");
        let own = peer.address().to_string();
        scene.expect_at(nick, &own);
    }
    // One that says nothing is greeted after a while, and has no header then.
    let mut peer = scene.server.connect(Text);
    peer.expect(PROMPT)
        .send("PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\n");
    peer.expect_until("A name is");
    scene.server.connect(Text).shutdown_write().expect_eof();
}

#[test]
fn what_breaks_the_rules_is_closed_without_a_word() {
    let scene = proxied(&["text://127.0.0.1:0"], TRUSTING);
    let long = [b"PROXY UNKNOWN ", &[b'x'; 200][..]].concat();
    for bad in [
        b"PROXY TCP4 nonsense\r\n".to_vec(),
        long,
        binary(3, 0x11, &OF_V4),
        binary(1, 0x11, &OF_V4[1..]),
    ] {
        let mut peer = scene.server.connect(Text);
        peer.send(bad).expect_eof();
    }
}

#[test]
fn a_header_that_is_never_whole_has_a_deadline() {
    let server = Server::open(
        &["text://127.0.0.1:0"],
        "--trusted-proxy 127.0.0.1 --handshake-timeout 300ms",
    );
    let mut peer = server.connect(Text);
    peer.send("PROXY TCP4 ").expect_eof();
}

#[test]
fn from_others_it_is_text() {
    let mut scene = proxied(&["text://127.0.0.1:0"], TRUSTING);
    let mut peer = scene.server.connect_from([127, 0, 0, 2], Text);
    peer.expect(PROMPT).send("ann\n");
    let mut bob = scene.server.connect_from([127, 0, 0, 2], Text);
    peer.expect_until("joined the chat!\n");
    bob.send("bob\n").expect_until("joined the chat!\n");
    peer.send("PROXY TCP4 192.0.2.7 10.0.0.1 1 2\n");
    bob.expect("[ann] PROXY TCP4 192.0.2.7 10.0.0.1 1 2\n");
    scene.expect_at("ann", "127.0.0.2:");
}

#[test]
fn bans_and_limits_mean_the_real_address() {
    let flags = format!("{TRUSTING} --max-per-address 2 --connect-rate 5,1h");
    let mut scene = proxied(&["text://127.0.0.1:0"], &flags);
    let connect = |server: &Server, last: u8| {
        let mut peer = server.connect(Text);
        peer.send(format!("PROXY TCP4 192.0.2.{last} 10.0.0.1 1 2\r\n"));
        peer
    };
    let mut first = connect(&scene.server, 1);
    first.expect(PROMPT);
    let mut second = connect(&scene.server, 1);
    second.expect(PROMPT);
    let mut third = connect(&scene.server, 1);
    third.expect_until("address");
    scene.server.expect_log("refused 192.0.2.1:1");
    connect(&scene.server, 2).expect(PROMPT);
    // Those who went make room; but who comes too often waits.
    drop((first, second));
    for _ in 0..2 {
        scene.console.send(":\n").expect("Invalid command\n");
        connect(&scene.server, 1).expect(PROMPT);
    }
    connect(&scene.server, 1).expect_until("too often");
    scene.console.send("/ban 192.0.2.3\n").expect_until("\n");
    connect(&scene.server, 3).expect_until("banned");
    connect(&scene.server, 4).expect(PROMPT);
}

#[test]
fn the_header_stands_before_tls() {
    let server = tls::server_with(&[Text], TRUSTING);
    let mut secure = tls::Secure::behind(
        tls::secure_door(&server),
        b"PROXY TCP4 192.0.2.7 10.0.0.1 43 80\r\n",
    );
    secure.expect(PROMPT);
    secure.stream().write_all(b"ann\n").expect("written");
    secure.expect("[Server] ann joined the chat!\n");
    let mut plain = Peer::connect(&server.doors()[0], Text);
    plain.send("bob\n/whois ann\n").expect_until("192.0.2.7:43");
}

#[test]
fn over_http_each_request_says_whose_it_is() {
    let flags = format!("{TRUSTING} --max-per-address 1");
    let mut scene = proxied(&["http://127.0.0.1:0"], &flags);
    let status = |peer: &mut Peer, headers: &str| {
        peer.send(request("GET /healthz", headers));
        peer.response().status
    };
    let mut kept = scene.server.connect(Http);
    assert_eq!(status(&mut kept, "X-Forwarded-For: 192.0.2.1\r\n"), 200);
    // Of another connection, so that it is one too many.
    let mut other = scene.server.connect(Http);
    let spoofed = "X-Forwarded-For: 9.9.9.9, 192.0.2.1, 10.1.1.1\r\n";
    assert_eq!(status(&mut other, spoofed), 429);
    // The first is another's now.
    assert_eq!(
        status(&mut kept, "Forwarded: for=192.0.2.2;proto=https\r\n"),
        200
    );
    let mut other = scene.server.connect(Http);
    assert_eq!(status(&mut other, spoofed), 200);
    let both = "Forwarded: for=192.0.2.3\r\nX-Forwarded-For: 192.0.2.4\r\n";
    assert_eq!(status(&mut other, both), 400);
    scene.console.send("/ban 192.0.2.8\n").expect_until("\n");
    assert_eq!(status(&mut kept, "X-Forwarded-For: 192.0.2.8\r\n"), 403);
    // From others it says nothing.
    let mut eve = scene.server.connect_from([127, 0, 0, 2], Http);
    assert_eq!(status(&mut eve, "X-Forwarded-For: 192.0.2.8\r\n"), 200);
}

#[test]
fn a_websocket_is_its_client_s() {
    let mut scene = proxied(&["http://127.0.0.1:0"], TRUSTING);
    for (nick, header) in [
        ("ann", "X-Forwarded-For: 192.0.2.7"),
        ("bob", "Forwarded: for=\"[2001:db8::7]:99\""),
    ] {
        let mut peer = scene.server.connect(Http);
        let headers = format!("{}{header}\r\n", upgrade_headers());
        peer.send(request("GET /ws", &headers));
        assert_eq!(peer.response().status, 101);
        peer.send(text_frame(&format!(
            r#"{{"type":"join","username":"{nick}"}}"#
        )));
        peer.expect_until(nick);
        let address = if nick == "ann" {
            "192.0.2.7:"
        } else {
            "[2001:db8::7]:99"
        };
        scene.expect_at(nick, address);
        std::mem::forget(peer);
    }
    // Who came with a header of its own is no proxy, whatever it says over HTTP.
    let mut peer = scene.server.connect(Http);
    peer.send("PROXY TCP4 192.0.2.9 10.0.0.1 1 2\r\n");
    let headers = format!("{}X-Forwarded-For: 192.0.2.1\r\n", upgrade_headers());
    peer.send(request("GET /ws", &headers));
    assert_eq!(peer.response().status, 101);
    peer.send(text_frame(r#"{"type":"join","username":"eve"}"#));
    peer.expect_until("eve");
    scene.expect_at("eve", "192.0.2.9:1");
}
