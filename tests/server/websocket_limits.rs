//! What a WebSocket may not do, and what it may not cost.

use std::io::Write as _;

use crate::util::*;
use crate::websocket_client::*;

/// A connection whose kernel takes next to nothing for it.
fn narrow(server: &Server, protocol: &'static str) -> WebSocket {
    let small = |socket: &socket2::Socket| socket.set_recv_buffer_size(2048).expect("a size");
    let peer = Peer::try_connect(&server.doors()[0], Http, small).expect("somebody listens");
    WebSocket::upgrade(peer, "/ws", Some(protocol))
}

#[test]
fn what_breaks_the_protocol_is_closed_with_the_code_that_says_so() {
    let server = Server::of(&[Auto]);
    let mut watcher = server.join_websocket("hubbub.text", "watcher");
    let unmasked = b"\x81\x02hi".to_vec();
    let longer_than_needed = [&[FIN | TEXT, 0xfe, 0, 5, 0, 0, 0, 0][..], b"hello"].concat();
    for (bytes, code) in [
        (unmasked, 1002),
        (frame(FIN | 0x40 | TEXT, "hi"), 1002),
        (frame(FIN | 3, "hi"), 1002),
        (frame(FIN | 11, ""), 1002),
        (frame(FIN | CONTINUATION, "hi"), 1002),
        ([frame(TEXT, "a"), text_frame("b")].concat(), 1002),
        (frame(PING, "fragment"), 1002),
        (frame_head(FIN | PING, 126), 1002),
        (frame_head(FIN | TEXT, 1 << 63), 1002),
        (longer_than_needed, 1002),
        (frame(FIN | CLOSE, "x"), 1002),
        (close_frame(999), 1002),
        (close_frame(1005), 1002),
        (close_frame(1006), 1002),
        (close_frame(1015), 1002),
        (close_frame(2999), 1002),
        (frame(FIN | CLOSE, b"\x03\xe8\xff"), 1007),
        (frame(FIN | TEXT, b"\xc3"), 1007),
        (frame(FIN | TEXT, b"\xed\xa0\x80"), 1007),
        (frame(FIN | TEXT, b"\xc0\xaf"), 1007),
        (frame_head(FIN | TEXT, 1 << 62), 1009),
        (frame_head(TEXT, 1 << 62), 1009),
    ] {
        let mut web = server.join_websocket("hubbub.text", "bob");
        // It may be closed before all of this is taken.
        web.send(&bytes).expect_close(code);
        assert_eq!(
            watcher.sync(),
            [
                "[Server] bob joined the chat!",
                "[Server] bob left the chat!"
            ],
            "{}",
            quoted(&bytes)
        );
    }
}

#[test]
fn text_fails_with_its_first_bad_byte() {
    let server = Server::of(&[Auto]);
    for bad in [
        &b"\xff"[..],
        b"\xc0",
        b"\xed\xa0",
        b"\xf4\x90",
        b"\xe9x",
        b"\xf5",
    ] {
        let text = [&b"good so far \xc3\xa9 "[..], bad].concat();
        let mut web = server.join_websocket("hubbub.json", "bob");
        let mut input = frame_head(FIN | TEXT, 4000);
        input.extend(masked(&text));
        // Neither the frame nor the message is whole.
        web.send(input).expect_close(1007);
        let mut web = server.join_websocket("hubbub.json", "bob");
        web.send(frame(TEXT, text)).expect_close(1007);
    }
}

#[test]
fn a_message_at_the_limit_and_one_past_it() {
    let server = Server::with(&[Auto, Text], "--max-message 1000 --max-frame 1000");
    let mut watcher = server.join(Text, "watcher");
    let (most, more) = ("x".repeat(1000), "x".repeat(1001));
    let mut web = server.join_websocket("hubbub.text", "bob");
    watcher.expect("[Server] bob joined the chat!\n");
    web.text(&most).sync();
    web.send(frame(TEXT, &most[..600]));
    web.send(frame(FIN | CONTINUATION, &most[600..])).sync();
    watcher.expect(format!("[bob] {most}\n[bob] {most}\n"));
    let in_two = [
        frame(TEXT, &more[..600]),
        frame(FIN | CONTINUATION, &more[600..]),
    ]
    .concat();
    for input in [text_frame(&more), in_two, frame_head(FIN | TEXT, 1001)] {
        for protocol in PROTOCOLS {
            let mut web = server.join_websocket(protocol, "eve");
            let before = web.send(&input).expect_close(1009);
            let [error] = &before[..] else {
                panic!("an error before the end: {before:?}");
            };
            assert_one_error(form(protocol), format!("{error}\n").as_bytes());
            let lines = "[Server] eve joined the chat!\n[Server] eve left the chat!\n";
            watcher.expect(lines).silent();
        }
    }
}

#[test]
fn a_claimed_length_costs_nothing() {
    let server = Server::of(&[Auto, Text]);
    let mut watcher = server.join(Text, "watcher");
    let mut webs: Vec<WebSocket> = (0..100)
        .map(|n| server.join_websocket("hubbub.json", &format!("web{n}")))
        .collect();
    watcher.sync();
    let before_kib = server.memory_kib();
    for web in &mut webs {
        // Most of it never comes.
        web.send(frame_head(FIN | TEXT, 8192)).send("{");
        watcher.silent();
    }
    assert!(server.memory_kib() < before_kib + 512);
    let lines = ["joined", "left"].map(|what| format!("[Server] huge {what} the chat!\n"));
    for length in [1 << 16, 1 << 31, 1 << 32, 1 << 62, u64::MAX >> 1] {
        for _ in 0..20 {
            let mut web = server.join_websocket("hubbub.json", "huge");
            let before = web.send(frame_head(FIN | TEXT, length)).expect_close(1009);
            assert_eq!(before.len(), 1, "{before:?}");
            watcher.expect(lines.concat());
        }
    }
    watcher.silent();
    assert!(server.memory_kib() < before_kib + 2 * 1024);
}

#[test]
fn a_flood_of_pings_is_answered_and_others_are_not_held_up() {
    const PINGS: u32 = 20_000;
    let server = Server::of(&[Auto, Text]);
    let mut others = ["a", "b"].map(|nick| server.join(Text, nick));
    let mut web = server.join_websocket("hubbub.json", "flood");
    others[0].sync();
    others[1].sync();
    let before_kib = server.memory_kib();
    let mut writer = web.peer.socket.try_clone().expect("a descriptor");
    let pings: Vec<u8> = (0..PINGS)
        .flat_map(|n| frame(FIN | PING, n.to_be_bytes().repeat(25)))
        .collect();
    let writing = std::thread::spawn(move || writer.write_all(&pings));
    let mut answered = 0;
    let mut last = 0;
    while last != PINGS - 1 {
        let payload = match web.next() {
            Came::Pong(payload) => payload,
            Came::Text(_) => continue,
            other => panic!("{other:?}"),
        };
        let n = u32::from_be_bytes(payload[..4].try_into().expect("four bytes"));
        // The last of several pings may be answered alone (RFC 6455 section 5.5.3).
        assert!(n >= last && payload == n.to_be_bytes().repeat(25), "{n}");
        last = n;
        answered += 1;
        if answered % 1000 == 0 {
            let [a, b] = &mut others;
            a.say("hi");
            b.expect("[a] hi\n").silent();
            assert!(server.memory_kib() < before_kib + 4 * 1024);
        }
    }
    writing.join().expect("no panic").expect("all is read");
    web.sync();
}

#[test]
fn a_flood_of_pings_that_reads_nothing_is_bounded_and_dropped() {
    let flags = "--sendq-soft 64KiB --sendq-time 300ms";
    let server = Server::with(&[Auto, Text], flags);
    let mut watcher = server.join(Text, "watcher");
    let mut flood = narrow(&server, "hubbub.text");
    flood.join("flood");
    watcher.expect("[Server] flood joined the chat!\n");
    let before_kib = server.memory_kib();
    let pings = frame(FIN | PING, "x".repeat(125)).repeat(100_000);
    // It may be closed before all of this is taken.
    let _ = flood.peer.socket.write_all(&pings);
    watcher.expect("[Server] flood left the chat!\n");
    server.expect_log("SendQ exceeded");
    assert!(server.memory_kib() < before_kib + 4 * 1024);
}

#[test]
fn a_slow_reader_is_dropped_while_others_get_every_byte() {
    let server = Server::of(&[Auto, Text]);
    let mut watcher = server.join(Text, "watcher");
    for protocol in PROTOCOLS {
        let mut slow = narrow(&server, protocol);
        slow.join("slow");
        let mut sender = server.join(Text, "sender");
        let mut other = server.join_websocket("hubbub.text", "other");
        sender.sync();
        watcher.sync();
        let mut sent = 0;
        let mut has_left = false;
        while !has_left {
            assert!(sent < 3000, "12 MB are pending for a slow reader");
            let text = format!("{sent:05} {}", "x".repeat(4000));
            sender.say(&text);
            let mut came = other.message();
            if came == "[Server] slow left the chat!" {
                has_left = true;
                came = other.message();
            }
            assert_eq!(came, format!("[sender] {text}"));
            watcher.sync();
            sent += 1;
        }
        server.expect_log("SendQ exceeded");
        drop((sender, other));
        watcher.expect_until("sender left the chat!\n");
        watcher.expect_until("other left the chat!\n");
    }
}

#[test]
fn who_is_silent_is_pinged_and_stays_if_it_answers() {
    let server = Server::with(&[Auto, Text], "--ping-interval 200ms");
    let mut watcher = server.join(Text, "watcher");
    let mut alive = server.join_websocket("hubbub.text", "alive");
    watcher.expect("[Server] alive joined the chat!\n");
    let mut dead = server.join_websocket("hubbub.text", "dead");
    watcher.expect("[Server] dead joined the chat!\n");
    let mut pings = 0;
    let mut has_left = false;
    while pings < 10 || !has_left {
        match alive.next() {
            Came::Ping(payload) => {
                alive.send(frame(FIN | PONG, payload));
                pings += 1;
            }
            Came::Text(text) => has_left |= text == "[Server] dead left the chat!",
            other => panic!("{other:?}"),
        }
    }
    watcher.expect("[Server] dead left the chat!\n").silent();
    // What it was sent before its end: others' coming, and a ping.
    loop {
        if let Came::Ping(_) = dead.next() {
            break;
        }
    }
    dead.peer.rest();
}

#[test]
fn two_hundred_web_members_share_what_they_are_sent() {
    const MEMBERS: usize = 200;
    let server = Server::with(&[Auto, Text], "--sendq-soft 1MiB --sendq-total 1GiB");
    let mut sender = server.join(Text, "sender");
    let mut members: Vec<WebSocket> = (0..MEMBERS)
        .map(|n| server.join_websocket(PROTOCOLS[n % 2], &format!("member{n}")))
        .collect();
    sender.sync();
    for member in &mut members {
        member.sync();
    }
    let before_kib = server.memory_kib();
    // Copied, this would be 100 MB for those who don't read yet.
    let text = "x".repeat(4000);
    for n in 0..128 {
        sender.say(&format!("{n} {text}"));
    }
    sender.sync();
    let most_kib = before_kib + 16 * 1024;
    assert!(
        server.memory_kib() < most_kib,
        "{} KiB",
        server.memory_kib()
    );
    for (at, member) in members.iter_mut().enumerate() {
        for n in 0..128 {
            let message = format!("{n} {text}");
            if at % 2 == 0 {
                assert_eq!(member.json()["message"], message);
            } else {
                member.expect_text(format!("[sender] {message}"));
            }
        }
        member.silent();
    }
}

/// What tells of an error in the form of the sub-protocol is all that comes before the end.
#[track_caller]
fn assert_put_out(web: &mut WebSocket, protocol: &str) {
    let before = loop {
        match web.next() {
            Came::Ping(payload) => {
                web.send(frame(FIN | PONG, payload));
            }
            Came::Text(text) => break text,
            other => panic!("{other:?}"),
        }
    };
    assert_one_error(form(protocol), format!("{before}\n").as_bytes());
    assert_eq!(web.expect_close(1008), Vec::<String>::new());
}

#[test]
fn who_gives_no_name_in_time_is_told_and_closed() {
    let server = Server::with(&[Auto], "--join-timeout 300ms");
    for protocol in PROTOCOLS {
        let mut web = server.websocket(Some(protocol));
        if protocol == "hubbub.text" {
            web.expect_text(PROMPT);
        }
        assert_put_out(&mut web, protocol);
    }
}

#[test]
fn who_only_answers_pings_is_idle() {
    let flags = "--idle-timeout 500ms --ping-interval 100ms";
    let server = Server::with(&[Auto], flags);
    for protocol in PROTOCOLS {
        let mut web = server.join_websocket(protocol, "idle");
        assert_put_out(&mut web, protocol);
    }
}

#[test]
fn who_asks_too_fast_is_made_to_wait() {
    let server = Server::with(&[Auto, Text], "--rate-limit 20,5 --replay 0");
    for protocol in PROTOCOLS {
        let mut watcher = server.join(Text, "watcher");
        let mut web = server.join_websocket(protocol, "hasty");
        watcher.expect("[Server] hasty joined the chat!\n");
        for n in 0..20 {
            web.say(&n.to_string());
        }
        for n in 0..20 {
            watcher.expect(format!("[hasty] {n}\n"));
        }
        // What waited is not held against it.
        let errors: Vec<String> = web.sync();
        assert!(!errors.concat().contains("error"), "{errors:?}");
        drop(web);
        watcher.expect("[Server] hasty left the chat!\n");
    }
}

#[test]
fn who_is_kicked_is_told_and_closed() {
    let directory = TempDir::new();
    let file = directory.join("password");
    std::fs::write(&file, "sesame\n").expect("a file");
    let flags = format!("--oper-password-file {}", file.display());
    let server = Server::with(&[Auto, Text], &flags);
    let mut operator = server.join(Text, "operator");
    operator.send("/oper sesame\n").sync();
    for protocol in PROTOCOLS {
        let mut web = server.join_websocket(protocol, "eve");
        operator.send("/kick eve be nice\n").sync();
        let before = web.expect_close(1008);
        let [told] = &before[..] else {
            panic!("{before:?}");
        };
        assert!(told.contains("be nice"), "{told}");
    }
}

#[test]
fn a_server_that_ends_does_not_wait_for_long() {
    let flags = "--sendq-hard 64MiB --sendq-soft 64MiB";
    let server = Server::with(&[Auto, Text], flags);
    let mut slow = narrow(&server, "hubbub.json");
    slow.join("slow");
    // It answers no Close.
    let mut rude = server.join_websocket("hubbub.text", "rude");
    let mut sender = server.join(Text, "sender");
    for n in 0..500 {
        sender.say(&format!("{n} {}", "x".repeat(4000)));
    }
    sender.sync();
    server.signal("TERM");
    while !matches!(rude.next(), Came::Close(Some(1001))) {}
    rude.peer.expect_eof();
    assert_eq!(server.wait().status.code(), Some(0));
}
