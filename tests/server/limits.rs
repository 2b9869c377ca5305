use crate::util::*;

#[test]
fn a_nick_of_20_characters_and_of_21() {
    let server = Server::of(&[Text, Json, Pynet, Colon]);
    let mut watcher = server.join(Text, "watcher");
    for dialect in [Text, Json, Pynet, Colon] {
        for letter in ["x", "é", "日"] {
            let (good, bad) = (letter.repeat(20), letter.repeat(21));
            let mut late = server.connect(dialect);
            late.send(dialect.join(&bad));
            match dialect {
                Text => late
                    .expect(PROMPT)
                    .expect("[Server] A name is 1 to 20 letters"),
                Json => late.expect(
                    "{\"type\":\"error\",\"message\":\"Invalid username\",\"code\":\"bad_nick\"}\n",
                ),
                Pynet => late.expect("{\"type\":\"server_message\",\"data\":\""),
                _ => late.expect("\x1b[91m"),
            };
            watcher.silent();
            let peer = server.join(dialect, &good);
            watcher.expect(format!("[Server] {good} joined the chat!\n"));
            drop(peer);
            watcher.expect(format!("[Server] {good} left the chat!\n"));
        }
    }
}

/// In each dialect `most` bytes are heard and one more is refused.
fn check_message_limit(server: &Server, most: usize) {
    let mut watcher = server.join(Text, "watcher");
    for dialect in CHATTING {
        let mut peer = server.join(dialect, "bob");
        watcher.sync();
        let nick = dialect.nick("bob", peer.address());
        for letter in ["x", "é"] {
            let text = "x".repeat(most % letter.len()) + &letter.repeat(most / letter.len());
            peer.say(&text).sync();
            watcher.expect(format!("[{nick}] {text}\n"));
            peer.say(&format!("{text}x"));
            assert_one_error(dialect, &peer.sync());
            watcher.silent();
        }
        drop(peer);
        watcher.expect(format!("[Server] {nick} left the chat!\n"));
    }
}

#[test]
fn a_message_of_4096_bytes_and_of_4097() {
    check_message_limit(&Server::of(&CHATTING), 4096);
}

#[test]
fn a_message_at_the_limit_of_the_flag_and_one_past_it() {
    check_message_limit(&Server::with(&CHATTING, "--max-message 10"), 10);
}

/// A frame of just `len` bytes, its end not counted, that says something.
fn frame(dialect: Dialect, len: usize) -> String {
    let end = "\n".repeat(usize::from(dialect != Pynet));
    match dialect {
        Json | Pynet => {
            let object = dialect.say("hi");
            let (head, tail) = object.split_once(':').expect("a key");
            let spaces = len - object.trim_end().len();
            format!("{head}:{:spaces$}{}{end}", "", tail.trim_end())
        }
        _ => "x".repeat(len) + &end,
    }
}

fn check_frame_limit(server: &Server, most: usize) {
    let mut watcher = server.join(Text, "watcher");
    for dialect in CHATTING {
        let mut peer = server.join(dialect, "bob");
        watcher.sync();
        let nick = dialect.nick("bob", peer.address());
        peer.send(frame(dialect, most)).sync();
        watcher.expect(format!("[{nick}] "));
        watcher.expect_until("\n");
        peer.send(frame(dialect, most + 1));
        assert_one_error(dialect, &peer.sync());
        watcher.silent();
        peer.send(frame(dialect, most).replace('\n', "\r\n")).sync();
        watcher.expect(format!("[{nick}] "));
        watcher.expect_until("\n");
        drop(peer);
        watcher.expect(format!("[Server] {nick} left the chat!\n"));
    }
}

#[test]
fn a_frame_of_8192_bytes_and_of_8193() {
    check_frame_limit(&Server::with(&CHATTING, "--max-message 8192"), 8192);
}

#[test]
fn a_frame_at_the_limit_of_the_flag_and_one_past_it() {
    let flags = "--max-message 100 --max-frame 100";
    check_frame_limit(&Server::with(&CHATTING, flags), 100);
}

#[test]
fn json_32_deep_and_33() {
    for dialect in [Json, Pynet] {
        let server = Server::of(&[dialect, Text]);
        let mut peer = server.join(dialect, "bob");
        let mut watcher = server.join(Text, "watcher");
        peer.sync();
        let deep = |arrays: usize| {
            let (open, close) = ("[".repeat(arrays), "]".repeat(arrays));
            let said = dialect.say("hi");
            said.replacen('{', &format!("{{\"x\":{open}{close},"), 1)
        };
        peer.send(deep(31)).sync();
        watcher.expect("[bob] hi\n");
        peer.send(deep(32));
        assert_one_error(dialect, &peer.sync());
        watcher.silent();
    }
}

#[test]
fn connections_at_the_limit_and_one_past_it() {
    let doors = [Auto, Text, Json, Pynet, Anon, Colon];
    let server = Server::with(&doors, "--max-connections 2");
    let mut alice = server.join(Text, "Alice");
    let bob = server.join(Text, "Bob");
    alice.expect("[Server] Bob joined the chat!\n");
    for dialect in doors {
        for sends in ["", "bob\nhi\n"] {
            let mut late = server.connect(dialect);
            late.send(sends);
            assert_one_error(dialect, &late.rest());
        }
    }
    drop(bob);
    alice.expect("[Server] Bob left the chat!\n").silent();
    let mut carol = server.join(Text, "Carol");
    alice.expect("[Server] Carol joined the chat!\n").silent();
    carol.silent();
    server.expect_log("refused 127.0.0.1:");
}

#[test]
fn an_echo_past_the_limit_is_closed() {
    let server = Server::with(&[Echo, Text], "--max-connections 1");
    let mut alice = server.join(Text, "Alice");
    server.connect(Echo).rest();
    alice.silent();
}

#[test]
fn connections_of_one_address_are_not_counted_on_loopback() {
    let server = Server::with(&[Text], "--max-per-address 1");
    let mut alice = server.join(Text, "Alice");
    let _bob = server.join(Text, "Bob");
    alice.expect("[Server] Bob joined the chat!\n");
}

#[test]
fn who_does_not_join_in_time_is_told_and_closed() {
    let doors = [Auto, Text, Json, Pynet, Colon];
    let server = Server::with(&doors, "--join-timeout 300ms");
    for (dialect, sends) in [
        (Auto, ""),
        (Auto, "bo"),
        (Text, ""),
        (Text, "bo"),
        (Json, ""),
        (Json, "{\"type\":"),
        (Pynet, ""),
        (Pynet, "{\"type\":"),
        (Colon, ""),
    ] {
        let mut peer = server.connect(dialect);
        peer.send(sends);
        let came = peer.rest();
        let prompt: &[u8] = match dialect {
            Auto | Text => PROMPT.as_bytes(),
            _ => b"",
        };
        let told = came.strip_prefix(prompt).expect("a prompt");
        assert_one_error(dialect, told);
    }
}

#[test]
fn a_joined_user_has_no_join_timeout() {
    let server = Server::with(&[Text], "--join-timeout 200ms");
    let mut alice = server.join(Text, "Alice");
    server.connect(Text).rest();
    alice.silent();
}

#[test]
fn refused_names_do_not_move_the_join_timeout() {
    let server = Server::with(&[Text], "--join-timeout 300ms");
    let mut peer = server.connect(Text);
    peer.expect(PROMPT);
    let refusal = loop {
        peer.send("-\n");
        let mut answer = Vec::new();
        while !answer.ends_with(b": ") && !answer.ends_with(b"\n") {
            answer.extend(peer.take(1));
        }
        if answer.ends_with(b"\n") {
            break answer;
        }
    };
    assert_one_error(Text, &refusal);
    peer.expect_eof();
}

#[test]
fn who_is_idle_is_told_and_closed() {
    let server = Server::with(&CHATTING, "--idle-timeout 300ms");
    let mut busy = server.join(Text, "busy");
    for dialect in CHATTING {
        let mut idle = server.join(dialect, "idle");
        let nick = dialect.nick("idle", idle.address());
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("left") {
            seen.extend(busy.sync());
        }
        assert_eq!(
            String::from_utf8_lossy(&seen),
            format!("[Server] {nick} joined the chat!\n[Server] {nick} left the chat!\n")
        );
        assert_one_error(dialect, &idle.rest());
    }
    busy.silent();
}
