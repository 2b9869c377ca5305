use std::io::ErrorKind;

use crate::util::*;

/// What everyone is told at the end.
#[track_caller]
fn assert_farewell(dialect: Dialect, told: &[u8]) {
    let text = timeless(told);
    let is_one_line = text.ends_with('\n') && text.matches('\n').count() == 1;
    let is_it = match dialect {
        Colon => text == "\x1b[91m[<hms>] SERVER: Server shutting down...\x1b[0m",
        Json => text.starts_with("{\"type\":") && is_one_line,
        Pynet => text.starts_with("{\"type\":\"server_message\",\"data\":\"") && text.len() == 1024,
        _ => text.starts_with("[Server] ") && is_one_line,
    };
    assert!(is_it, "{} peer: {}", dialect.name(), quoted(told));
}

#[test]
fn everyone_is_told_in_their_dialect() {
    for signal in ["TERM", "INT"] {
        let server = Server::of(&CHATTING);
        let mut peers: Vec<Peer> = CHATTING
            .map(|dialect| server.join(dialect, dialect.name()))
            .into();
        for peer in &mut peers {
            peer.sync();
        }
        server.signal(signal);
        for peer in &mut peers {
            let told = peer.rest();
            assert_farewell(peer.dialect, &told);
        }
        drop(peers);
        let exited = server.wait();
        assert_eq!(exited.status.code(), Some(0), "{}", exited.stderr);
    }
}

#[test]
fn who_has_not_joined_is_told_too() {
    let server = Server::of(&[Text, Json, Echo]);
    let mut text = server.connect(Text);
    text.expect(PROMPT);
    let mut json = server.connect(Json);
    let mut echo = server.connect(Echo);
    let mut seen = server.join(Text, "last");
    server.signal("TERM");
    assert_farewell(Text, &text.rest());
    assert_farewell(Json, &json.rest());
    echo.rest();
    assert_farewell(Text, &seen.rest());
    drop((text, json, echo, seen));
    assert_eq!(server.wait().status.code(), Some(0));
}

#[test]
fn with_nobody_there_it_ends_at_once() {
    let server = Server::of(&[Auto]);
    server.signal("TERM");
    let exited = server.wait();
    assert_eq!(exited.status.code(), Some(0), "{}", exited.stderr);
    assert_eq!(exited.stdout.lines().count(), 1);
    assert!(!exited.stderr.contains("panicked"), "{}", exited.stderr);
}

/// Leaves so many messages of 4 KB unsent for `slow`.
fn burden(server: &Server, count: usize) -> (Peer, String) {
    let mut sender = server.join(Text, "sender");
    let text = "x".repeat(4000);
    let said: String = (0..count)
        .map(|n| {
            sender.say(&format!("{n} {text}"));
            format!("[sender] {n} {text}\n")
        })
        .collect();
    sender.silent();
    (sender, format!("[Server] sender joined the chat!\n{said}"))
}

#[test]
fn what_is_pending_is_delivered() {
    let server = Server::with(&[Text], "--sendq-hard 64MiB --sendq-soft 64MiB");
    let mut slow = server.join_narrow("slow");
    // What a slow machine reads through so narrow a window within the server's patience.
    let (mut sender, said) = burden(&server, 400);
    server.signal("TERM");
    assert_farewell(Text, &sender.rest());
    slow.expect(said);
    assert_farewell(Text, &slow.rest());
    drop((slow, sender));
    assert_eq!(server.wait().status.code(), Some(0));
}

#[test]
fn who_never_reads_is_not_waited_for_long() {
    let server = Server::with(&[Text], "--sendq-hard 64MiB --sendq-soft 64MiB");
    let _slow = server.join_narrow("slow");
    let _sender = burden(&server, 2000);
    server.signal("TERM");
    assert_eq!(server.wait().status.code(), Some(0));
}

#[test]
fn while_it_drains_nobody_comes_in_and_a_second_signal_ends_it() {
    for signal in ["TERM", "INT"] {
        let server = Server::with(&[Text], "--sendq-hard 64MiB --sendq-soft 64MiB");
        let _slow = server.join_narrow("slow");
        let (mut sender, _) = burden(&server, 2000);
        server.signal("TERM");
        assert_farewell(Text, &sender.rest());
        let late = Peer::try_connect(server.door(Text), Text, |_| ());
        let refused = late.err().map(|e| e.kind());
        assert_eq!(refused, Some(ErrorKind::ConnectionRefused));
        server.signal(signal);
        let status = server.wait().status;
        assert!(status.code().is_some_and(|code| code != 0), "{status}");
    }
}
