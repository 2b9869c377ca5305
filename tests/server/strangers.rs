//! Programs and pages that speak another protocol at a chat door.

use crate::util::*;

/// What scanners and pages send first, with words of the chat behind it where there is a place for them.
const FIRST: [&str; 18] = [
    "POST / HTTP/1.1\r\nHost: chat\r\nContent-Type: text/plain\r\n\r\neve\r\nbuy this\r\n",
    "POST / HTTP/1.1\r\nHost: chat\r\n\r\n{\"type\":\"join\",\"username\":\"eve\"}\n{\"type\":\"join\",\"data\":\"eve\"}\n",
    "POST /{x} HTTP/1.1\r\nHost: chat\r\n\r\n{\"type\":\"join\",\"data\":\"eve\"}{\"type\":\"chat\",\"data\":\"hi\"}",
    "GET / HTTP/1.0\r\n\r\n",
    "\r\n\r\nPUT /eve HTTP/1.1\r\n\r\neve\n",
    "PROPFIND / HTTP/1.1\r\nDepth: 1\r\n\r\neve\n",
    "get / http/1.1\r\n\r\neve\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    "OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n\r\neve\n",
    "OPTIONS / RTSP/1.0\r\n\r\neve\n",
    "SSH-2.0-OpenSSH_9.2p1\r\neve\n",
    "EHLO scanner.example\r\neve\n",
    "HELO scanner.example\r\neve\n",
    "*1\r\n$4\r\nPING\r\neve\n",
    "\u{10}\u{11}\0\u{4}MQTT\u{4}\u{2}\0<\0\u{3}eve\neve\n",
    "\r\n\r\n\0\r\nQUIT\n!\u{11}\0\u{c}\neve\n",
    "\u{3}\0\0*%e\0\0\0\0\0Cookie: mstshash=eve\r\neve\n",
    "\u{5}\u{1}\0\neve\n",
];

/// Sends it to a door of `dialect`, and returns all that comes back. The connection has ended.
fn rejected(server: &Server, dialect: Dialect, first: &[u8], step: usize) -> Vec<u8> {
    let mut stranger = server.connect(dialect);
    for piece in first.chunks(step) {
        // It may be closed already.
        let _ = std::io::Write::write_all(&mut stranger.socket, piece);
    }
    let _ = stranger.socket.shutdown(std::net::Shutdown::Write);
    stranger.rest()
}

#[track_caller]
fn assert_rejected(dialect: Dialect, answer: &[u8], first: &str) {
    let text = String::from_utf8_lossy(answer);
    let text = text.strip_prefix(PROMPT).unwrap_or(&text);
    assert!(text.contains(" is not spoken here."), "{first:?}: {text}");
    assert_one_error(dialect, text.as_bytes());
}

#[test]
fn another_protocol_is_told_so_in_one_line_and_nobody_hears_of_it() {
    let server = Server::with(&CHATTING, "--replay 0");
    let mut watcher = server.join(Text, "watcher");
    let mut listener = server.join(Anon, "");
    watcher.expect_until("joined the chat!\n");
    for dialect in CHATTING {
        for first in FIRST {
            let long = first.replacen("/", &format!("/{}", "x".repeat(9000)), 1);
            let is_request = first.contains(" / HTTP/1.");
            for first in [Some(first), is_request.then_some(long.as_str())]
                .into_iter()
                .flatten()
            {
                for step in [first.len(), 1] {
                    let answer = rejected(&server, dialect, first.as_bytes(), step);
                    assert_rejected(dialect, &answer, first);
                }
            }
        }
    }
    for dialect in [Text, Colon] {
        assert_rejected(
            dialect,
            &rejected(&server, dialect, b"PING\r\neve\n", 11),
            "PING",
        );
    }
    watcher.silent();
    watcher.send("/list\n").expect_until("\n");
    listener.silent();
    server.expect_log("HTTP is not spoken here.");
    assert!(!server.log().contains("eve"), "{}", server.log());
}

#[test]
fn over_unix_sockets_as_well() {
    let directory = TempDir::new();
    let doors = [Text, Anon, Colon].map(|dialect| {
        let path = directory.join(dialect.name());
        format!("{}+unix://{}", dialect.name(), path.display())
    });
    let doors: Vec<&str> = doors.iter().map(String::as_str).collect();
    let server = Server::open(&doors, "--replay 0");
    let mut watcher = server.join(Text, "watcher");
    for dialect in [Text, Anon, Colon] {
        for first in FIRST {
            let answer = rejected(&server, dialect, first.as_bytes(), first.len());
            assert_rejected(dialect, &answer, first);
        }
    }
    watcher.silent();
}

#[test]
fn the_auto_door_answers_http_and_turns_off_the_rest() {
    let server = Server::with(&[Auto], "--replay 0");
    let mut watcher = server.connect(Auto);
    watcher.send("watcher\n").expect_until("joined the chat!\n");
    for first in FIRST.into_iter().chain(["PING\r\neve\n"]) {
        for step in [first.len(), 1] {
            let answer = rejected(&server, Auto, first.as_bytes(), step);
            // In lower case, or behind a blank line, it depends on what has come when that is decided.
            let may_be_text = first.starts_with(['g', '\r']);
            match first.contains(" HTTP/1.") && !may_be_text || answer.starts_with(b"HTTP/1.1 4") {
                true => assert!(
                    answer.starts_with(b"HTTP/1.1 "),
                    "{first:?}: {}",
                    quoted(&answer)
                ),
                false => assert_rejected(Text, &answer, first),
            }
        }
    }
    watcher.silent();
}

#[test]
fn what_only_looks_like_it_is_said() {
    let server = Server::with(&[Text, Anon, Colon], "--replay 0");
    let mut watcher = server.join(Text, "watcher");
    for first in [
        "I like HTTP/1.1",
        "GET up",
        "ssh is fine",
        "hello",
        "*waves*",
        "PING",
    ] {
        let mut anon = server.connect(Anon);
        anon.send(format!("{first}\n"));
        watcher.expect_until("joined the chat!\n");
        let said = watcher.line();
        assert!(said.ends_with(&format!("] {first}\n")), "{said}");
        drop(anon);
        watcher.expect_until("left the chat!\n");
    }
    // Later than first, it is words like any other.
    let mut al = server.join(Text, "Al");
    watcher.expect("[Server] Al joined the chat!\n");
    al.send("GET / HTTP/1.1\nPING\nSSH-2.0-x\n");
    for said in ["GET / HTTP/1.1", "PING", "SSH-2.0-x"] {
        watcher.expect(format!("[Al] {said}\n"));
    }
}

#[test]
fn who_comes_without_a_word_is_told_of_when_it_says_one_or_after_a_while() {
    let server = Server::of(&[Text, Anon]);
    let mut watcher = server.join(Text, "watcher");
    let mut silent = server.connect(Anon);
    let nick = format!("anon-{}", silent.address().port());
    watcher.expect(format!("[Server] {nick} joined the chat!\n"));
    watcher.send("hello\n");
    silent.expect_until(" hello\n");
    drop(silent);
    watcher.expect(format!("[Server] {nick} left the chat!\n"));
    // It hears before it is told of.
    let mut quick = server.connect(Anon);
    let nick = format!("anon-{}", quick.address().port());
    quick.send("hi\n");
    watcher.expect(format!("[Server] {nick} joined the chat!\n[{nick}] hi\n"));
}

#[test]
fn the_tenth_refused_name_is_the_last() {
    let server = Server::of(&[Text, Colon]);
    let mut al = server.join(Text, "Al");
    for dialect in [Text, Colon] {
        for name in ["al", "a b", "Server"] {
            let mut stranger = server.connect(dialect);
            stranger.send(format!("{name}\n").repeat(12) + "bob\nhi\n");
            let answer = String::from_utf8(stranger.rest()).expect("UTF-8");
            let last = "Too many names were refused. Goodbye.";
            let (before, after) = answer.split_once(last).expect(&answer);
            assert!(["\n", "\x1b[0m"].contains(&after), "{answer}");
            let refusals = before.matches(['.', '-']).count();
            assert!(refusals >= 9, "{answer}");
        }
        let mut person = server.connect(dialect);
        person.send("al\n".repeat(9) + "bob\n");
        al.expect("[Server] bob joined the chat!\n");
        person.say("hi");
        al.expect("[bob] hi\n");
        drop(person);
        al.expect("[Server] bob left the chat!\n");
    }
    al.silent();
}

#[test]
fn an_http_door_does_not_wait_for_the_head_of_another_protocol() {
    let server = Server::of(&[Http]);
    for first in [
        "SSH-2.0-x\r\n",
        "EHLO a\r\n",
        "*1\r\n$4\r\nPING\r\n",
        "PING\r\n",
        "OPTIONS sip:nm SIP/2.0\r\n",
    ] {
        let mut stranger = server.connect(Http);
        stranger.send(first);
        let answer = String::from_utf8(stranger.rest()).expect("ASCII");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{first:?}: {answer}");
    }
}
