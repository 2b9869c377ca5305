use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::tunnel::{Client, Tunnel, fixture};
use crate::util::*;

/// A leaf that its authority has signed, which stands behind it.
const CHAIN: &str = "chain.pem";

/// Signed by itself.
const RSA: &str = "rsa.pem";

fn flags() -> String {
    identity(&fixture(CHAIN), &fixture("chain.key"))
}

fn identity(certificate: &str, key: &str) -> String {
    format!("--tls-cert {certificate} --tls-key {key}")
}

/// One door of each dialect for TLS, behind a plain one for text.
pub(crate) fn server_with(dialects: &[Dialect], more: &str) -> Server {
    let of = |dialect: &Dialect| format!("tls+{}://127.0.0.1:0", dialect.name());
    let doors: Vec<String> = dialects.iter().map(of).collect();
    let doors = ["text://127.0.0.1:0"]
        .into_iter()
        .chain(doors.iter().map(String::as_str));
    Server::open(&doors.collect::<Vec<_>>(), &format!("{} {more}", flags()))
}

/// The first door for TLS.
pub(crate) fn secure_door(server: &Server) -> &str {
    &server.doors()[1]
}

fn join(client: Client, server: &Server, nick: &str) -> Tunnel {
    let mut tunnel = client.connect(secure_door(server), Text, &fixture(CHAIN));
    tunnel.expect(PROMPT).send(Text.join(nick));
    tunnel.expect(format!("[Server] {nick} joined the chat!\n"));
    tunnel
}

/// rustls' own client, in this process: its bytes are in our hand.
pub(crate) struct Secure {
    connection: ClientConnection,
    socket: TcpStream,
}

impl Secure {
    pub(crate) fn to(door: &str) -> Secure {
        Secure::behind(door, b"")
    }

    /// As [`Secure::to`], behind something that is said in the clear.
    pub(crate) fn behind(door: &str, first: &[u8]) -> Secure {
        let (_, place) = door.split_once("://").expect(door);
        let mut socket = TcpStream::connect(place).expect("somebody listens");
        socket.write_all(first).expect("written");
        socket.set_read_timeout(Some(DEADLINE)).expect("a time");
        let mut roots = RootCertStore::empty();
        let chain = CertificateDer::pem_file_iter(fixture(CHAIN)).expect("a file");
        for certificate in chain {
            roots
                .add(certificate.expect("a certificate"))
                .expect("a good one");
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider's own")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "localhost".try_into().expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("good ones");
        Secure { connection, socket }
    }

    /// What it would send now.
    fn ciphertext(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.connection.wants_write() {
            self.connection
                .write_tls(&mut bytes)
                .expect("a Vec takes all");
        }
        bytes
    }

    pub(crate) fn stream(&mut self) -> rustls::Stream<'_, ClientConnection, TcpStream> {
        rustls::Stream::new(&mut self.connection, &mut self.socket)
    }

    /// The next bytes are exactly these.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) {
        let mut bytes = vec![0; text.len()];
        self.stream().read_exact(&mut bytes).expect("more bytes");
        assert_eq!(String::from_utf8_lossy(&bytes), text);
    }

    /// Everything up to the server's close_notify, without which it would be an error.
    #[track_caller]
    fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let ended = self.stream().read_to_end(&mut bytes);
        ended.expect("a close_notify");
        bytes
    }
}

/// What a peer that speaks no TLS is sent until the server ends the connection, in what way ever.
fn last_bytes(mut peer: Peer) -> Vec<u8> {
    let mut bytes = Vec::new();
    match peer.socket.read_to_end(&mut bytes) {
        Err(e) if e.kind() != ErrorKind::ConnectionReset => panic!("{e}"),
        _ => bytes,
    }
}

#[test]
fn every_dialect_is_spoken_over_tls() {
    const DIALECTS: [Dialect; 6] = [Text, Json, Pynet, Anon, Colon, Auto];
    for client in Client::all("every dialect over TLS") {
        let server = server_with(&DIALECTS, "");
        let mut watcher = server.join(Text, "watcher");
        for (door, dialect) in server.doors()[1..].iter().zip(DIALECTS) {
            let mut tunnel = client.connect(door, dialect, &fixture(CHAIN));
            tunnel.send(dialect.join("somebody"));
            tunnel.sync();
            tunnel.say("hello from there");
            watcher.expect_until("] hello from there\n");
            watcher.say("hello from here");
            tunnel.expect_until("hello from here");
            drop(tunnel);
            watcher.expect_until("left the chat!\n");
        }
    }
}

#[test]
fn the_auto_door_takes_tls_beside_everything_else() {
    for client in Client::all("TLS at the auto door") {
        let server = Server::open(&["auto://127.0.0.1:0"], &flags());
        let mut plain = Peer::connect(&server.doors()[0], Text);
        plain.expect(PROMPT).send("plain\n");
        plain.expect("[Server] plain joined the chat!\n");
        for dialect in [Text, Json, Pynet] {
            let mut tunnel = client.connect(&server.doors()[0], dialect, &fixture(CHAIN));
            if dialect == Text {
                tunnel.expect(PROMPT);
            }
            tunnel.send(dialect.join("secure"));
            tunnel.sync();
            plain.expect("[Server] secure joined the chat!\n").say("hi");
            tunnel.expect_until("hi");
            drop(tunnel);
            plain.expect_until("[Server] secure left the chat!\n");
        }
        let mut tunnel = client.connect(&server.doors()[0], Text, &fixture(CHAIN));
        tunnel.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        tunnel.expect("HTTP/1.1 200 ");
    }
}

#[test]
fn the_auto_door_knows_a_client_hello_however_it_is_cut() {
    let server = Server::open(&["auto://127.0.0.1:0"], &flags());
    let mut watcher = Peer::connect(&server.doors()[0], Text);
    watcher.expect(PROMPT).send("watcher\n").line();
    for cut in [1, 2, 3, 5, 6, 100] {
        let mut secure = Secure::to(&server.doors()[0]);
        let hello = secure.ciphertext();
        secure.socket.write_all(&hello[..cut]).expect("it is read");
        watcher.settle();
        secure.socket.write_all(&hello[cut..]).expect("it is read");
        secure.expect(PROMPT);
    }
}

#[test]
fn tls_within_tls_is_not_spoken() {
    let server = Server::open(&["auto://127.0.0.1:0"], &flags());
    let mut outer = Secure::to(&server.doors()[0]);
    let hello = Secure::to(&server.doors()[0]).ciphertext();
    outer.stream().write_all(&hello).expect("it is read");
    let alert = outer.rest();
    assert_eq!(alert.first(), Some(&21), "{}", quoted(&alert));
}

#[test]
fn without_a_certificate_the_auto_door_says_what_it_does_not_speak() {
    let server = Server::open(&["auto://127.0.0.1:0"], "");
    let hello = Secure::to(&server.doors()[0]).ciphertext();
    let mut peer = Peer::connect(&server.doors()[0], Text);
    peer.send(hello);
    let alert = last_bytes(peer);
    assert_eq!(alert.first(), Some(&21), "{}", quoted(&alert));
}

#[test]
fn what_is_no_tls_gets_an_alert_and_no_more() {
    let server = server_with(&[Text], "");
    let mut watcher = server.join(Text, "watcher");
    let plain: [&[u8]; 6] = [
        b"somebody\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"{\"type\":\"join\",\"username\":\"somebody\"}\n",
        &[0; 1000],
        &[0x16, 3, 1, 0xff, 0xff, 1],
        &[b'x'; 100_000],
    ];
    for bytes in plain {
        let mut peer = Peer::connect(secure_door(&server), Text);
        peer.send(bytes);
        let alert = last_bytes(peer);
        assert!(alert.is_empty() || alert[0] == 21, "{}", quoted(&alert));
    }
    watcher.silent();
}

#[test]
fn a_handshake_must_be_complete_in_time() {
    let server = server_with(&[Text], "--handshake-timeout 300ms");
    let hello = Secure::to(secure_door(&server)).ciphertext();
    let mut patient = Secure::to(secure_door(&server));
    patient.expect(PROMPT);
    for count in [0, 1, 7, hello.len() / 2, hello.len()] {
        let mut peer = Peer::connect(secure_door(&server), Text);
        peer.send(&hello[..count]);
        let answer = last_bytes(peer);
        assert_eq!(
            answer.is_empty(),
            count < hello.len(),
            "after {count} bytes"
        );
    }
    patient.stream().write_all(b"patient\n").expect("connected");
    patient.expect("[Server] patient joined the chat!\n");
}

#[test]
fn who_breaks_off_a_handshake_harms_nobody() {
    let server = server_with(&[Text], "");
    let mut watcher = server.join(Text, "watcher");
    let hello = Secure::to(secure_door(&server)).ciphertext();
    for count in [1, 5, 6, hello.len() - 1, hello.len()] {
        let mut peer = Peer::connect(secure_door(&server), Text);
        peer.send(&hello[..count]);
        drop(peer);
        let mut peer = Peer::connect(secure_door(&server), Text);
        peer.send(&hello[..count]);
        peer.reset();
        let mut peer = Peer::connect(secure_door(&server), Text);
        peer.send(&hello[..count]).shutdown_write();
        last_bytes(peer);
    }
    watcher.silent();
}

#[test]
fn the_end_is_told_by_close_notify() {
    for client in Client::all("close_notify") {
        let server = server_with(&[Text], "");
        let mut quits = join(client, &server, "quits");
        let mut stays = join(client, &server, "stays");
        quits.expect("[Server] stays joined the chat!\n");
        quits.send("/quit\n");
        quits.rest();
        quits.expect_close_notify();
        stays.expect("[Server] quits left the chat!\n");
        server.signal("TERM");
        let farewell = stays.rest();
        assert!(farewell.starts_with(b"[Server] "), "{}", quoted(&farewell));
        stays.expect_close_notify();
        assert!(server.wait().status.success());
    }
}

#[test]
fn who_ends_its_input_gets_every_pending_reply() {
    let server = server_with(&[Text], "");
    let mut secure = Secure::to(secure_door(&server));
    secure.expect(PROMPT);
    let asked = format!("asker\n{}", "/list\n".repeat(2000));
    let mut stream = secure.stream();
    stream.write_all(asked.as_bytes()).expect("it is read");
    secure.connection.send_close_notify();
    let joined = "[Server] asker joined the chat!\n";
    secure.expect(&(joined.to_owned() + &"Current clients: asker\n".repeat(2000)));
    assert!(secure.rest().is_empty());
}

#[test]
fn a_stream_that_is_cut_is_a_leave() {
    let server = server_with(&[Text], "");
    let mut watcher = server.join(Text, "watcher");
    let mut secure = Secure::to(secure_door(&server));
    secure.stream().write_all(b"hasty\n").expect("it is read");
    watcher.expect("[Server] hasty joined the chat!\n");
    drop(secure);
    watcher.expect("[Server] hasty left the chat!\n");
}

#[test]
fn garbage_in_a_session_ends_it_alone() {
    let server = server_with(&[Text], "");
    let mut watcher = server.join(Text, "watcher");
    let mut secure = Secure::to(secure_door(&server));
    secure.stream().write_all(b"bad\n").expect("it is read");
    watcher.expect("[Server] bad joined the chat!\n");
    secure.socket.write_all(b"no record\n").expect("it is read");
    watcher.expect("[Server] bad left the chat!\n");
    let mut text = String::new();
    let error = secure
        .stream()
        .read_to_string(&mut text)
        .expect_err("an alert");
    assert!(error.to_string().contains("alert"), "{error}");
}

#[test]
fn much_talk_arrives_byte_for_byte_both_ways() {
    const LINES: usize = 1000;
    let line = |n: usize| format!("{n:05} {}", "<é>".repeat(1000));
    for client in Client::all("much talk over TLS") {
        let server = server_with(&[Text], "--sendq-hard 64MiB --sendq-time 60s");
        let mut plain = server.join(Text, "plain");
        let mut tunnel = join(client, &server, "secure");
        plain.expect("[Server] secure joined the chat!\n");
        for n in 0..LINES {
            plain.say(&line(n));
        }
        for n in 0..LINES {
            tunnel.expect(format!("[plain] {}\n", line(n)));
        }
        let mut writer = tunnel.socket.try_clone().expect("a descriptor");
        let lines: Vec<String> = (0..LINES).map(|n| Text.say(&line(n))).collect();
        let writing = std::thread::spawn(move || writer.write_all(lines.concat().as_bytes()));
        for n in 0..LINES {
            plain.expect(format!("[secure] {}\n", line(n)));
        }
        writing.join().expect("no panic").expect("it is read");
    }
}

#[test]
fn a_slow_reader_is_dropped_for_what_waits_encrypted_too() {
    for client in Client::all("a slow reader over TLS") {
        let Client::Python(_) = client else {
            continue;
        };
        let server = server_with(&[Text], "--sendq-soft 64KiB --sendq-hard 64KiB");
        let mut sender = server.join(Text, "sender");
        let mut slow = client.tunnel(secure_door(&server), Text, &fixture(CHAIN), Some(4096));
        slow.send("slow\n").expect(PROMPT);
        sender.expect("[Server] slow joined the chat!\n");
        let mut dropped = false;
        for n in 0..1000 {
            sender.say(&format!("{n} {}", "x".repeat(4000))).sync();
            dropped = server.log().contains("SendQ exceeded");
            if dropped {
                break;
            }
        }
        assert!(dropped, "4 MB are pending for a slow reader");
    }
}

#[test]
fn a_certificate_made_for_trying_is_a_good_one_and_known_by_its_fingerprint() {
    let clients = Client::all("a self-signed certificate");
    if !clients
        .iter()
        .any(|client| matches!(client, Client::Openssl(_)))
    {
        return;
    }
    let server = Server::open(&["tls+text://127.0.0.1:0"], "--tls-self-signed");
    let (_, place) = server.doors()[0].split_once("://").expect("a door");
    let directory = TempDir::new();
    let certificate = directory.join("certificate").display().to_string();
    let script = "openssl s_client -connect $1 </dev/null | openssl x509 -out $2 && \
                  openssl x509 -in $2 -noout -fingerprint -sha256";
    let shown = run(Command::new("sh").args(["-c", script, "sh", place, &certificate])).stdout;
    let (_, fingerprint) = shown.split_once('=').expect("as openssl prints it");
    server.expect_stdout(&format!("fingerprint {fingerprint}"));
    for client in clients {
        let mut tunnel = client.connect(&server.doors()[0], Text, &certificate);
        tunnel.expect(PROMPT);
    }
}

#[test]
fn a_door_of_a_unix_domain_socket_speaks_tls() {
    for client in Client::all("TLS over a Unix-domain socket") {
        let Client::Openssl(_) = client else {
            continue;
        };
        let directory = TempDir::new();
        let door = format!("tls+text+unix://{}", directory.join("chat.sock").display());
        let server = Server::open(&[&door], &flags());
        let mut tunnel = client.connect(&server.doors()[0], Text, &fixture(CHAIN));
        tunnel.expect(PROMPT).send("local\n");
        tunnel.expect("[Server] local joined the chat!\n").silent();
    }
}

#[test]
fn certificates_are_read_again_without_dropping_anybody() {
    // The members read them in the end. More, on a slow machine, would be more than a reader may be owed
    // for long.
    const LINES: usize = 4_000;
    let clients = Client::all("reading certificates again");
    if clients.is_empty() {
        return;
    }
    let directory = TempDir::new();
    let path = |name: &str| directory.join(name).display().to_string();
    let put = |certificate: &str, key: &str| {
        std::fs::copy(fixture(certificate), path("cert")).expect("a file");
        std::fs::copy(fixture(key), path("key")).expect("a file");
    };
    put(CHAIN, "chain.key");
    let doors = ["text://127.0.0.1:0", "tls+text://127.0.0.1:0"];
    let flags =
        identity(&path("cert"), &path("key")) + " --sendq-hard 64MiB --sendq-time 60s --replay 0";
    let server = Server::open(&doors, &flags);
    let mut talker = server.join(Text, "talker");
    let mut members = Vec::new();
    let rounds = [
        (CHAIN, "chain.key", CHAIN),
        (RSA, "rsa.key", RSA),
        ("cut.pem", "rsa.key", RSA),
        (CHAIN, "rsa.key", RSA),
        (CHAIN, "chain.key", CHAIN),
    ];
    let mut bad = 0;
    let stops = Arc::new(AtomicBool::new(false));
    let talking = std::thread::spawn({
        let stops = Arc::clone(&stops);
        move || {
            let mut said = 0;
            while !stops.load(Ordering::Relaxed) {
                if said < LINES {
                    talker.say(&format!("line {said}"));
                    said += 1;
                }
                talker.sync();
            }
            talker.say("the last");
            (talker, said)
        }
    });
    for (round, (certificate, key, used)) in rounds.into_iter().enumerate() {
        put(certificate, key);
        server.signal("HUP");
        bad += usize::from(certificate != used);
        server.expect_log_times("the old certificate stays in use", bad);
        server.expect_log_times("read again: the certificate", round + 1 - bad);
        for &client in &clients {
            let nick = format!("m{}", members.len());
            let mut tunnel = client.connect(&server.doors()[1], Text, &fixture(used));
            tunnel.expect(PROMPT).send(Text.join(&nick));
            tunnel.expect_until(format!("[Server] {nick} joined the chat!\n"));
            members.push(tunnel);
        }
    }
    stops.store(true, Ordering::Relaxed);
    let (mut talker, said) = talking.join().expect("no panic");
    for member in &mut members {
        let came = String::from_utf8(member.expect_until("[talker] the last\n")).expect("UTF-8");
        let lines: Vec<&str> = came
            .lines()
            .filter(|line| line.contains("] line "))
            .collect();
        let first = said - lines.len();
        for (n, line) in (first..said).zip(lines) {
            assert_eq!(line, format!("[talker] line {n}"));
        }
        member.silent();
    }
    talker.sync();
}

#[test]
fn a_refusal_is_told_when_the_handshake_is_complete() {
    let server = server_with(&[Text], "--max-connections 1");
    let _only = server.join(Text, "only");
    let mut refused = Secure::to(secure_door(&server));
    let refusal = refused.rest();
    assert_one_error(Text, &refusal);
}

#[test]
fn strangers_who_speak_no_tls_do_not_fill_the_log() {
    let server = server_with(&[Text], "");
    for _ in 0..100 {
        let mut peer = Peer::connect(secure_door(&server), Text);
        peer.send("this is no ClientHello\n");
        last_bytes(peer);
    }
    server.expect_log("protocol error");
    let log = server.log();
    let lines = log.matches("protocol error").count();
    assert!(lines < 50, "{lines} lines for 100 strangers");
}

#[test]
fn irc_clients_are_told_to_come_back_over_tls() {
    let doors = ["irc://127.0.0.1:0", "tls+irc://127.0.0.1:0"];
    let server = Server::open(&doors, &format!("{} --irc-sts 30d", flags()));
    let (_, port) = secure_door(&server).rsplit_once(':').expect("a port");
    let mut plain = server.connect(Irc);
    plain.send("CAP LS\r\nCAP LS 302\r\nCAP REQ sts\r\n");
    let listed = plain.expect_until(" NAK sts\r\n");
    let listed = String::from_utf8(listed).expect("UTF-8");
    let with = format!(" sts=port={port}");
    // Who knows no values is not told, and nobody can ask for it.
    assert_eq!(listed.matches(" sts=").count(), 1, "{listed}");
    assert!(listed.contains(&with), "{listed}");
    let mut secure = Secure::to(secure_door(&server));
    secure.stream().write_all(b"CAP LS 302\r\n").expect("room");
    let mut listed = Vec::new();
    while !listed.ends_with(b" sts=duration=2592000") {
        let mut byte = [0];
        secure.stream().read_exact(&mut byte).expect("more bytes");
        listed.push(byte[0]);
    }
}
