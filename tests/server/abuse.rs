//! Floods, crowds and prying eyes.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::util::*;

/// Reads lines until the last of `count` texts that alice said; returns the other lines.
#[track_caller]
fn expect_all(reader: &mut Peer, count: usize) -> Vec<String> {
    let mut others = Vec::new();
    let mut next = 0;
    while next < count {
        let line = reader.line();
        if line == format!("[alice] {next}\n") {
            next += 1;
        } else {
            others.push(line);
        }
    }
    others
}

fn numbered(range: std::ops::Range<usize>) -> String {
    range.map(|n| format!("{n}\n")).collect()
}

#[test]
fn a_burst_is_delayed_and_arrives_whole_and_in_order() {
    let server = Server::with(&[Text], "--rate-limit 20,5");
    let mut alice = server.join(Text, "alice");
    let mut bob = server.join(Text, "bob");
    alice.expect("[Server] bob joined the chat!\n");
    let begin = Instant::now();
    // Joining cost something, and time gave it back or not; that much of it passes at once.
    alice.send(numbered(0..40)).shutdown_write();
    let others = expect_all(&mut bob, 40);
    assert_eq!(others, [""; 0]);
    // 40 lines less a burst of 5, at 20 a second.
    assert!(
        begin.elapsed() > Duration::from_millis(1600),
        "they are delayed"
    );
    bob.expect("[Server] alice left the chat!\n");
    assert_eq!(alice.rest(), b"", "there was no time for a notice");
}

/// Sends `flood` without an end until `is_told` found what it looks for.
fn flood_until(peer: &Peer, flood: &[u8], is_told: impl FnOnce()) {
    let bytes = flood.repeat(16 * 1024 / flood.len());
    let socket = peer.socket.try_clone().expect("a descriptor");
    let ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let tick = Some(Duration::from_millis(50));
            socket.set_write_timeout(tick).expect("a time");
            while !ends.load(Ordering::Relaxed) {
                // Where it is not read, that is what is wanted. A part of a unit would be another flood.
                let _ = (&socket).write(&bytes);
            }
        });
        is_told();
        ends.store(true, Ordering::Relaxed);
    });
}

#[test]
fn bytes_that_are_no_frame_are_charged_like_frames() {
    let server = Server::with(&[Http, Text], "--rate-limit 20,5");
    let mut bob = server.join(Text, "bob");
    for (nick, flood) in [
        ("a", &b"x"[..]),
        ("b", b"\xff\xf1"),
        ("c", b"\0"),
        ("d", b"\n"),
    ] {
        let mut alice = server.join(Text, nick);
        let reader = Peer::over(alice.socket.try_clone().expect("a descriptor"), Text);
        flood_until(&reader, flood, || {
            alice.expect_until("[Server] You are sending too fast: your lines wait.\n");
            bob.sync();
        });
    }
    for (nick, first, flood) in [
        ("e", &b"\x01\x80\0\0\0\0"[..], b"\x00\x80\0\0\0\0"),
        ("f", b"", b"\x89\x80\0\0\0\0"),
        ("g", b"", b"\x8a\x80\0\0\0\0"),
        ("h", b"", b"\x81\x80\0\0\0\0"),
    ] {
        let mut web = server.join_websocket("hubbub.text", nick);
        web.send(first);
        let reader = Peer::over(web.peer.socket.try_clone().expect("a descriptor"), Http);
        flood_until(&reader, flood, || {
            web.peer
                .expect_until("You are sending too fast: your lines wait.");
            bob.sync();
        });
    }
}

#[test]
fn a_notice_comes_once_and_others_are_not_slowed() {
    let server = Server::with(&[Text, Json], "--rate-limit 20,5");
    let mut alice = server.join(Text, "alice");
    let mut bob = server.join(Text, "bob");
    let mut jan = server.join(Json, "jan");
    alice.expect_until("jan joined the chat!\n");
    bob.sync();
    alice.send(numbered(0..90)).send("/ping\n");
    jan.sync();
    assert_eq!(expect_all(&mut bob, 90), [""; 0]);
    alice.expect("[Server] You are sending too fast: your lines wait.\n");
    alice.expect("[Server] Pong.\n");
}

#[test]
fn a_burst_in_json_and_by_silence() {
    let server = Server::with(&[Text, Json, Colon, Pynet], "--rate-limit 20,5 --replay 0");
    for dialect in [Json, Colon, Pynet] {
        let mut bob = server.join(Text, "bob");
        let mut alice = server.join(dialect, "alice");
        bob.expect("[Server] alice joined the chat!\n");
        let frames: String = (0..20).map(|n| dialect.say(&n.to_string())).collect();
        alice.send(frames);
        assert_eq!(expect_all(&mut bob, 20), [""; 0]);
        drop(alice);
        bob.expect("[Server] alice left the chat!\n");
        bob.send("/quit\n").expect_eof();
    }
}

#[test]
fn without_a_rate_limit_nothing_is_delayed() {
    let server = Server::with(&[Text], "--rate-limit off --limit-loopback");
    let mut alice = server.join(Text, "alice");
    let mut bob = server.join(Text, "bob");
    alice.send(numbered(0..2000));
    assert_eq!(expect_all(&mut bob, 2000), [""; 0]);
    alice.expect("[Server] bob joined the chat!\n").silent();
}

#[test]
fn who_connects_too_often_is_refused() {
    let all = [Text, Json, Pynet, Colon];
    for dialect in all {
        let server = Server::with(&all, "--connect-rate 5,10s --limit-loopback");
        for n in 0..5 {
            server.join(dialect, &format!("n{n}"));
        }
        let mut sixth = server.connect(dialect);
        assert_one_error(dialect, &sixth.rest());
        let mut text = server.connect(Text);
        text.expect("[Server] You connect too often. Please wait a little.\n");
        text.expect_eof();
        // Of another address nothing was counted yet.
        server.connect_from([127, 0, 0, 9], Text).expect(PROMPT);
    }
    let server = Server::with(&all, "--connect-rate 5,10s");
    for n in 0..8 {
        server.join(Text, &format!("n{n}"));
    }
}

#[test]
fn one_address_has_so_many_connections() {
    let flags = "--max-per-address 3 --limit-loopback --connect-rate off";
    let server = Server::with(&[Text], flags);
    let mut peers: Vec<Peer> = ["a", "b", "c"].map(|nick| server.join(Text, nick)).into();
    for _ in 0..3 {
        let mut fourth = server.connect(Text);
        fourth.expect("[Server] There are too many connections from your address.\n");
        fourth.expect_eof();
    }
    server.connect_from([127, 0, 0, 9], Text).expect(PROMPT);
    peers.remove(0).send("/quit\n").rest();
    peers[0].expect_until("a left the chat!\n");
    // The place is free when the server has seen to the end of the connection.
    let deadline = Instant::now() + DEADLINE;
    while server.connect(Text).take(1) != PROMPT.as_bytes()[..1] {
        assert!(Instant::now() < deadline);
    }
}

/// The number by which somebody is shown whose address is not.
#[track_caller]
fn number(shown: &str, before: &str, behind: &str) -> u16 {
    let number = shown
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(behind));
    let number = number.and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("{shown:?}"))
}

/// Who came in by a door whose form has addresses is shown with its own there, unless there is a cloak;
/// everybody else with a number.
#[test]
fn addresses_are_shown_of_those_at_doors_that_show_them() {
    for (flags, is_shown) in [("", true), ("--cloak", false)] {
        let server = Server::with(&[Text, Json, Colon, Anon], flags);
        let mut cora = server.join(Colon, "cora");
        let mut anon = server.join(Anon, "");
        anon.send("hello").sync();
        let mut bob = server.join(Text, "bob");
        let mut tom = server.join(Colon, "tom");
        let connected = |peer: &mut Peer, name: &str| {
            let behind = format!(" CONNECTED Name: {name}\x1b[0m");
            let told = peer.expect_until(&behind);
            let told = String::from_utf8(told).expect("UTF-8");
            let at = told.rfind("Client ").expect("a client");
            told[at..].strip_suffix(&behind).expect(name).to_string()
        };
        let of_anon = connected(&mut cora, &format!("anon-{}", anon.address().port()));
        let of_bob = connected(&mut cora, "bob");
        let of_tom = connected(&mut cora, "tom");
        for (shown, at_door) in [(of_anon, Some(&anon)), (of_bob, None), (of_tom, Some(&tom))] {
            match at_door.filter(|_| is_shown) {
                Some(peer) => assert_eq!(shown, format!("Client {}", peer.address())),
                None => assert!(number(&shown, "Client 0.0.0.0:", "") > 0),
            }
        }
        bob.say("one").say("two").sync();
        tom.say("three").sync();
        let lines = [anon.line(), anon.line(), anon.line()];
        let one = number(&lines[0], "('0.0.0.0', ", ") dice: one\n");
        let two = number(&lines[1], "('0.0.0.0', ", ") dice: two\n");
        assert!(one == two && one != bob.address().port(), "{lines:?}");
        match is_shown {
            true => {
                let port = tom.address().port();
                assert_eq!(lines[2], format!("('127.0.0.1', {port}) dice: three\n"));
            }
            false => assert_ne!(number(&lines[2], "('0.0.0.0', ", ") dice: three\n"), one),
        }
    }
}

#[test]
fn an_address_is_told_to_operators_and_to_oneself() {
    let dir = TempDir::new();
    let password = dir.join("password");
    std::fs::write(&password, "sesame").expect("written");
    let flags = format!("--oper-password-file {}", password.display());
    let server = Server::with(&[Text, Json, Colon], &flags);
    let mut cora = server.join(Colon, "cora");
    let mut bob = server.join(Text, "bob");
    let mut jan = server.join(Json, "jan");
    let real = bob.address();
    cora.sync();
    cora.send(":whois bob\n").expect(green("bob: in #lobby"));
    jan.sync();
    jan.send("{\"type\":\"whois\",\"username\":\"bob\"}\n");
    assert_eq!(jan.json().get("address"), None);
    bob.sync();
    bob.send("/whois bob\n")
        .expect(format!("[Server] bob: {real}, in #lobby\n"));
    jan.send("{\"type\":\"oper\",\"password\":\"sesame\"}\n")
        .line();
    jan.send("{\"type\":\"whois\",\"username\":\"bob\"}\n");
    assert_eq!(jan.json()["address"], real.to_string());
    for line in ["/clients", "/bans"] {
        bob.send(format!("{line}\n"))
            .expect("[Server] Only an operator may do that.\n");
    }
    jan.send("{\"type\":\"clients\"}\n");
    let clients = jan.json();
    let shown = clients["clients"].as_array().expect("a list");
    let is_bobs = |client: &serde_json::Value| client["address"] == real.to_string();
    assert!(shown.iter().any(is_bobs), "{clients}");
}

#[test]
fn a_ping_is_answered_while_a_crowd_is_told() {
    const CROWD: usize = 3000;
    const TEXTS: usize = 5;
    let server = Server::of(&[Text, Json, Anon]);
    // To anon nobody's coming is told: a crowd comes in without a word.
    let mut crowd: Vec<Peer> = (0..CROWD).map(|_| server.connect(Anon)).collect();
    let mut alice = server.join(Text, "alice");
    let mut jan = server.join(Json, "jan");
    crowd[CROWD - 1].sync();
    for n in 0..TEXTS {
        alice.send(format!("{n} {}\n", "x".repeat(3000)));
        let begin = Instant::now();
        jan.send("{\"type\":\"ping\"}\n")
            .expect_until("{\"type\":\"pong\"}\n");
        assert!(begin.elapsed() < Duration::from_secs(3), "a ping waits");
    }
    for peer in &mut crowd {
        for n in 0..TEXTS {
            let text = format!("{n} {}", "x".repeat(3000));
            peer.expect(Anon.said("", alice.address(), &text));
        }
    }
}

/// What one JSON user can put into a line of somebody else, on any way.
#[test]
fn no_field_breaks_a_line_of_another_dialect() {
    const SENT: &str = "a\\r\\n[Server] b\\u0000c\\u001b[2Jd\\u0085e\\u2028f\\u202eg";
    const CLEAN: &str = "a [Server] bc[2Jd e fg";
    // What is said has lines of its own, each behind the name.
    const LAST: &str = "[Server] bc[2Jd e fg";
    let dir = TempDir::new();
    let password = dir.join("password");
    std::fs::write(&password, "sesame").expect("written");
    let flags = format!("--replay 0 --oper-password-file {}", password.display());
    for dialect in [Text, Colon, Anon, Pynet] {
        let server = Server::with(&CHATTING, &flags);
        let mut reader = server.join(dialect, "reader");
        let nick = dialect.nick("reader", reader.address());
        let mut carol = server.join(Json, "carol");
        reader.sync();
        carol
            .send("{\"type\":\"oper\",\"password\":\"sesame\"}\n")
            .line();
        if dialect == Anon {
            // It has no commands, and stays in the lobby.
            carol.send(format!("{{\"type\":\"topic\",\"topic\":\"{SENT}\"}}\n"));
        } else {
            for (peer, frame) in [
                (&mut reader, dialect.say("/join r")),
                (
                    &mut carol,
                    "{\"type\":\"join_room\",\"room\":\"r\"}\n".into(),
                ),
            ] {
                peer.send(frame).sync();
            }
            reader.sync();
            let topic = format!("{{\"type\":\"topic\",\"room\":\"r\",\"topic\":\"{SENT}\"}}\n");
            carol.send(topic);
        }
        for request in [
            format!("\"type\":\"me\",\"message\":\"{SENT}\""),
            format!("\"type\":\"pm\",\"to\":\"{nick}\",\"message\":\"{SENT}\""),
            format!("\"type\":\"announce\",\"message\":\"{SENT}\""),
            format!("\"type\":\"away\",\"message\":\"{SENT}\""),
        ] {
            carol.send(format!("{{{request}}}\n"));
        }
        carol.sync();
        let told = reader.sync();
        assert_eq!(lines_of(dialect, &told, LAST), 4, "{}", quoted(&told));
        if dialect != Anon {
            for line in [
                "/topic",
                "/rooms",
                "/whois carol",
                "/pm carol hi",
                "/join r",
            ] {
                reader.say(line);
                let answer = reader.sync();
                let shown = lines_of(dialect, &answer, CLEAN);
                let is_silent = dialect == Colon && line == "/join r";
                assert!(shown == 1 || is_silent, "{line}: {}", quoted(&answer));
            }
        }
        carol.send(format!(
            "{{\"type\":\"kick\",\"username\":\"{nick}\",\"reason\":\"{SENT}\"}}\n"
        ));
        carol.sync();
        lines_of(dialect, &reader.rest(), CLEAN);
        let mut reader = server.join(dialect, "reader");
        carol
            .send(format!("{{\"type\":\"quit\",\"message\":\"{SENT}\"}}\n"))
            .rest();
        let told = reader.sync();
        let shows_words = matches!(dialect, Text);
        assert_eq!(lines_of(dialect, &told, CLEAN), usize::from(shows_words));
        drop(reader);
    }
}

/// How many lines carry `clean`; no line begins as the server's own would with what is behind a
/// break in it, and no control is left.
#[track_caller]
fn lines_of(dialect: Dialect, told: &[u8], clean: &str) -> usize {
    let text = String::from_utf8(told.to_vec()).expect("UTF-8");
    let pieces: Vec<String> = match dialect {
        Pynet => {
            assert!(told.len().is_multiple_of(1024));
            let objects = told.chunks(1024).map(|object| {
                let object: serde_json::Value = serde_json::from_slice(object).expect("one object");
                object["data"].as_str().expect("a text").to_owned()
            });
            objects.collect()
        }
        Colon => {
            for part in text.split("\x1b[") {
                let is_colour = part.is_empty() || part.find('m').is_some_and(|at| at < 3);
                assert!(is_colour, "{}", quoted(told));
            }
            text.split("\x1b[9").map(String::from).collect()
        }
        _ => text.lines().map(String::from).collect(),
    };
    for piece in &pieces {
        assert!(!piece.starts_with("[Server] b"), "{piece}");
        assert!(
            !piece.contains(['\0', '\r', '\u{85}', '\u{2028}', '\u{202e}']),
            "{piece:?}"
        );
    }
    pieces.iter().filter(|piece| piece.contains(clean)).count()
}
