use std::time::{Duration, Instant};

use crate::util::*;

/// What one peer sends, and what it and a watcher (of text) see of it.
struct Session {
    dialect: Dialect,
    input: &'static str,
    own: fn(&str) -> String,
    said: &'static [&'static str],
}

const SESSIONS: [Session; 5] = [
    Session {
        dialect: Text,
        input: "\r\nbob\r\nhé\r\n//x\n\n/list\n/foo\r\n",
        own: |_| {
            format!(
                "{PROMPT}[Server] bob joined the chat!\nCurrent clients: watcher, bob\n\
                 [Server] Unknown command /foo. Try /help.\n"
            )
        },
        said: &["hé", "/x"],
    },
    Session {
        dialect: Json,
        input: "{\"type\":\"join\",\"username\":\"bob\"}\r\n\n{\"type\":\"chat\",\
                \"message\":\"h\\\"é}\\n{\"}\n{\"type\":\"ping\",\"id\":\"a\"}\n",
        own: |_| {
            "{\"type\":\"welcome\",\"message\":\"Welcome to the chat, bob!\",\
             \"users\":[\"watcher\",\"bob\"],\"timestamp\":<unix>}\n\
             {\"type\":\"chat\",\"username\":\"bob\",\"message\":\"h\\\"\\u00e9}\\n{\",\
             \"id\":<id>,\"room\":\"lobby\",\"timestamp\":<unix>}\n{\"type\":\"pong\",\"id\":\"a\"}\n"
                .into()
        },
        said: &["h\"é}", "{"],
    },
    Session {
        dialect: Pynet,
        input: "{\"type\": \"join\", \"data\": \"bob\"}{\"type\": \"chat\", \
                \"data\": \"h\\\"é}{\\\\\"} \r\n{\"type\":\"x\",\"y\":{\"z\":[]}}",
        own: |_| server_message("Unknown request type x."),
        said: &["h\"é}{\\"],
    },
    Session {
        dialect: Anon,
        input: "hé\n\nx\r\n",
        own: |_| String::new(),
        said: &["hé", "x"],
    },
    Session {
        dialect: Colon,
        input: "\nbob\r\nhé\n:group create g\n:)\n:x\r\n",
        own: |_| green("Group g created") + &red("Invalid command"),
        said: &["hé", ":)"],
    },
];

impl Session {
    /// Sends `pieces`, each read by the server before the next is sent, and checks what is seen.
    /// Where silence ends a frame, this is done again until no pause was one.
    fn play(&self, server: &Server, watcher: &mut Peer, pieces: &[&[u8]]) {
        let heeds_silence = matches!(self.dialect, Anon | Colon);
        let deadline = Instant::now() + DEADLINE;
        loop {
            let mut peer = server.connect(self.dialect);
            let nick = self.dialect.nick("bob", peer.address());
            let (mut seen, mut pause) = (Vec::new(), Duration::ZERO);
            let mut sent = Instant::now();
            for piece in pieces {
                peer.send(piece);
                seen.extend(watcher.settle());
                pause = pause.max(sent.elapsed());
                sent = Instant::now();
            }
            let own = peer.sync();
            drop(peer);
            seen.extend(watcher.expect_until(format!("[Server] {nick} left the chat!\n")));
            if heeds_silence && pause > Duration::from_millis(18) && Instant::now() < deadline {
                continue;
            }
            let said: String = self
                .said
                .iter()
                .map(|text| format!("[{nick}] {text}\n"))
                .collect();
            assert_eq!(
                String::from_utf8_lossy(&seen),
                format!("[Server] {nick} joined the chat!\n{said}[Server] {nick} left the chat!\n"),
                "{pieces:?}"
            );
            assert_eq!(timeless(&own), (self.own)(&nick), "{pieces:?}");
            return;
        }
    }
}

#[test]
fn a_session_split_at_each_byte() {
    let server = Server::with(&CHATTING, "--replay 0");
    let mut watcher = server.join(Text, "watcher");
    for session in SESSIONS {
        let input = session.input.as_bytes();
        for at in 0..=input.len() {
            session.play(&server, &mut watcher, &[&input[..at], &input[at..]]);
        }
    }
}

#[test]
fn a_session_byte_by_byte() {
    let server = Server::with(&CHATTING, "--replay 0");
    let mut watcher = server.join(Text, "watcher");
    for session in SESSIONS {
        let pieces: Vec<&[u8]> = session.input.as_bytes().chunks(1).collect();
        session.play(&server, &mut watcher, &pieces);
    }
}

#[test]
fn input_that_ends_without_an_end_of_frame() {
    let server = Server::with(
        &[Auto, Text, Json, Pynet, Anon, Colon],
        "--replay 0 --show-addresses",
    );
    let mut watcher = server.join(Text, "watcher");
    for (dialect, input) in [
        (Auto, "bob\nhi"),
        (Text, "bob\nhi"),
        (Text, "bob\r\nhi\r"),
        (
            Json,
            "{\"type\":\"join\",\"username\":\"bob\"}\n{\"type\":\"chat\",\"message\":\"hi\"}",
        ),
        (
            Pynet,
            "{\"type\": \"join\", \"data\": \"bob\"}{\"type\": \"chat\", \"data\": \"hi\"}",
        ),
        (Anon, "hi"),
        (Colon, "bob\nhi"),
    ] {
        let mut peer = server.connect(dialect);
        let nick = dialect.nick("bob", peer.address());
        peer.send(input).shutdown_write();
        watcher.expect(format!(
            "[Server] {nick} joined the chat!\n[{nick}] hi\n[Server] {nick} left the chat!\n"
        ));
        let own = peer.rest();
        let (starts, ends) = match dialect {
            Auto | Text => (PROMPT, "[Server] bob joined the chat!\n"),
            Json => ("{\"type\":\"welcome\"", "}\n"),
            _ => ("", ""),
        };
        assert!(own.starts_with(starts.as_bytes()), "{}", quoted(&own));
        assert!(own.ends_with(ends.as_bytes()), "{}", quoted(&own));
    }
    watcher.silent();
}

#[test]
fn a_name_alone_at_the_end_of_input_is_a_name() {
    let server = Server::of(&[Text, Colon, Json]);
    let mut watcher = server.join(Text, "watcher");
    for (dialect, input) in [
        (Text, "bob"),
        (Colon, "bob"),
        (Json, "{\"type\":\"join\",\"username\":\"bob\"}"),
    ] {
        let mut peer = server.connect(dialect);
        peer.send(input).shutdown_write().rest();
        watcher.expect("[Server] bob joined the chat!\n[Server] bob left the chat!\n");
    }
}

#[test]
fn an_unfinished_object_at_the_end_of_input_is_an_error() {
    let server = Server::of(&[Pynet, Json]);
    for dialect in [Pynet, Json] {
        let mut peer = server.join(dialect, "bob");
        peer.send("{\"type\":\"chat\",\"mess").shutdown_write();
        let answer = peer.rest();
        assert!(answer.starts_with(b"{\"type\":"), "{}", quoted(&answer));
    }
}

#[test]
fn a_thousand_pipelined_requests() {
    let server = Server::of(&CHATTING);
    let mut watcher = server.join(Text, "watcher");
    for dialect in CHATTING {
        let mut peer = server.join(dialect, "bob");
        watcher.sync();
        let nick = dialect.nick("bob", peer.address());
        let requests = (0..1000).map(|n| dialect.say(&n.to_string()));
        peer.send(requests.collect::<String>());
        for n in 0..1000 {
            watcher.expect(format!("[{nick}] {n}\n"));
        }
        drop(peer);
        watcher.expect(format!("[Server] {nick} left the chat!\n"));
    }
}

#[test]
fn five_megabytes_without_an_end_are_refused_once() {
    let server = Server::of(&CHATTING);
    let mut watcher = server.join(Text, "watcher");
    for dialect in CHATTING {
        let mut peer = server.join(dialect, "bob");
        let before_kib = server.memory_kib();
        let long = match dialect {
            Pynet => [b"{\"a\":\"".to_vec(), vec![b'x'; 5 << 20], b"\"}".to_vec()].concat(),
            _ => [vec![b'x'; 5 << 20], b"\n".to_vec()].concat(),
        };
        peer.send(&long);
        let answer = peer.sync();
        let errors = match dialect {
            Pynet => answer.len() / 1024,
            Colon => String::from_utf8_lossy(&answer).matches("\x1b[91m").count(),
            _ => answer.iter().filter(|&&byte| byte == b'\n').count(),
        };
        let is_once = match dialect {
            // A pause in their coming ends a frame.
            Anon | Colon => (1..100).contains(&errors),
            _ => errors == 1,
        };
        assert!(is_once, "{}", quoted(&answer));
        assert!(server.memory_kib() < before_kib + 4096);
        let nick = dialect.nick("bob", peer.address());
        watcher.sync();
        peer.say("still here");
        watcher.expect(format!("[{nick}] still here\n"));
        drop(peer);
        watcher.expect(format!("[Server] {nick} left the chat!\n"));
    }
}

#[test]
fn a_stranger_with_five_megabytes_is_refused_and_may_still_join() {
    for dialect in [Text, Colon] {
        let server = Server::of(&[dialect]);
        let mut peer = server.connect(dialect);
        peer.send(vec![b'x'; 5 << 20]).send("\nbob\n");
        let came = String::from_utf8(peer.sync()).expect("UTF-8");
        let refused = match dialect {
            Text => came.matches(PROMPT).count() == 2,
            _ => came.matches("\x1b[91m").count() == 1,
        };
        assert!(refused, "{came}");
    }
}

#[test]
fn deep_json_is_refused_and_the_connection_stays() {
    for dialect in [Json, Pynet] {
        let server = Server::of(&[dialect]);
        let mut peer = server.join(dialect, "bob");
        for depth in [100, 1000, 100_000] {
            let deep = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth) + "\n";
            peer.send(deep);
            let answer = peer.sync();
            assert!(answer.starts_with(b"{\"type\":"), "{}", quoted(&answer));
        }
    }
}

#[test]
fn odd_bytes_get_an_answer_and_the_connection_stays() {
    let server = Server::of(&CHATTING);
    let mut watcher = server.join(Text, "watcher");
    for dialect in CHATTING {
        let mut peer = server.join(dialect, "bob");
        let nick = dialect.nick("bob", peer.address());
        for odd in [
            &b"\xff\xf4\xff\xfd\x06\n"[..],
            b"\xff\xfd\x06\xff\xf4\n",
            b"\xff\n",
            b"\xff\xfa\x18\n",
            b"\xc0\xaf\n",
            b"\xed\xa0\x80\n",
            b"\xf8\x88\x80\x80\x80\n",
            b"\0\n",
            b"\0\0\0\r\n",
            b"\r\r\n",
            b"\x1b[A\n",
        ] {
            peer.send(odd).sync();
        }
        watcher.sync();
        peer.say("still here").sync();
        watcher.expect(format!("[{nick}] still here\n"));
        drop(peer);
        watcher.expect(format!("[Server] {nick} left the chat!\n"));
    }
}

#[test]
fn a_typed_line_ends_in_any_way_that_terminals_send() {
    let server = Server::with(&CHATTING, "--replay 0");
    let mut watcher = server.join(Text, "watcher");
    for dialect in [Text, Anon, Colon] {
        for end in ["\n", "\r\n", "\r\0", "\r"] {
            let mut peer = server.connect(dialect);
            let nick = dialect.nick("bob", peer.address());
            if dialect != Anon {
                peer.send(format!("bob{end}"));
            }
            watcher.expect(format!("[Server] {nick} joined the chat!\n"));
            // No more comes: a carriage return is the end, and what follows it later belongs to it.
            let (first, rest) = end.split_at(1);
            peer.send(format!("one{first}"));
            watcher.expect(format!("[{nick}] one\n"));
            peer.send(format!("{rest}two{end}{end}three"));
            watcher.expect(format!("[{nick}] two\n"));
            peer.send(end);
            watcher.expect(format!("[{nick}] three\n"));
            drop(peer);
            watcher.expect(format!("[Server] {nick} left the chat!\n"));
        }
    }
}

/// Telnet's Ctrl-C: IAC IP, and a data mark of which the last byte is urgent (RFC 854, "the synch").
#[test]
fn urgent_bytes_leave_the_next_line_whole() {
    for dialect in [Text, Auto] {
        let server = Server::of(&[dialect, Json]);
        let mut watcher = server.join(Json, "watcher");
        let mut alice = server.connect(dialect);
        alice.send("alice\n");
        assert_eq!(watcher.json()["type"], "user_joined");
        for text in ["first", "second"] {
            alice.send(b"\xff\xf4\xff");
            let sent = alice
                .socket
                .send_out_of_band(b"\xf2")
                .expect("an urgent byte");
            assert_eq!(sent, 1);
            alice.send(format!("{text} line\r\n"));
            assert_eq!(watcher.json()["message"], format!("{text} line"));
        }
    }
}

#[test]
fn a_byte_order_mark_before_a_name_or_an_object_is_skipped() {
    const MARK: &str = "\u{FEFF}";
    let server = Server::with(&[Auto, Text, Json, Pynet, Anon, Colon], "--replay 0");
    let mut watcher = server.join(Text, "watcher");
    let json = "{\"type\":\"join\",\"username\":\"bob\"}\n";
    let pynet = r#"{"type": "join", "data": "bob"}"#;
    for (dialect, name, text) in [
        (Text, "bob\n", "hi\n"),
        (Auto, "bob\n", "hi\n"),
        (
            Json,
            json,
            "\u{FEFF}{\"type\":\"chat\",\"message\":\"hi\"}\n",
        ),
        (Auto, json, "{\"type\":\"chat\",\"message\":\"hi\"}\n"),
        (
            Pynet,
            pynet,
            "\u{FEFF}{\"type\": \"chat\", \"data\": \"hi\"}",
        ),
        (
            Auto,
            pynet,
            " \u{FEFF}{\"type\": \"chat\", \"data\": \"hi\"}",
        ),
        (Colon, "bob\n", "hi"),
    ] {
        let mark = MARK.as_bytes();
        for marks in [vec![mark], mark.chunks(1).collect()] {
            let mut peer = server.connect(dialect);
            for piece in marks {
                peer.send(piece);
                watcher.silent();
            }
            peer.send(name);
            watcher.expect("[Server] bob joined the chat!\n");
            peer.send(text);
            watcher.expect("[bob] hi\n");
            drop(peer);
            watcher.expect("[Server] bob left the chat!\n");
        }
    }
}
