use std::net::TcpStream;

use tungstenite::client::IntoClientRequest as _;

use crate::http_client::request;
use crate::util::*;
use crate::websocket_client::*;

#[test]
fn web_users_and_all_others_hear_each_other() {
    let server = Server::with(
        &[Auto, Text, Json, Pynet, Anon, Colon],
        "--replay 0 --show-addresses",
    );
    for protocol in PROTOCOLS {
        let web_form = form(protocol);
        for dialect in CHATTING {
            let mut other = server.join(dialect, "other");
            let mut web = server.websocket(Some(protocol));
            let address = web.peer.address();
            web.text(web_form.join("web").trim_end());
            other.expect_like(dialect.joined("web", address));
            web.sync();
            for text in ["Hello all", "a second one"] {
                web.say(text);
                other.expect_like(dialect.said("web", address, text));
                if web_form == Json {
                    web.expect_like(Json.said("web", address, text));
                }
            }
            let nick = dialect.nick("other", other.address());
            other.say("and back");
            web.expect_like(web_form.said(&nick, other.address(), "and back"));
            other.sync();
            drop(web);
            other.expect_like(dialect.left("web")).silent();
            drop(other);
        }
    }
}

#[test]
fn web_users_hear_each_other_and_speak_in_private() {
    let server = Server::of(&[Auto]);
    let mut json = server.join_websocket("hubbub.json", "jason");
    let mut text = server.join_websocket("hubbub.text", "tess");
    json.sync();
    text.say("Grüße \u{1f44b}");
    assert_eq!(json.json()["message"], "Grüße \u{1f44b}");
    json.text("{\"type\":\"pm\",\"to\":\"tess\",\"message\":\"psst\"}");
    text.expect_text("[jason → you] psst");
    text.say("/pm jason what");
    let pm = loop {
        let came = json.json();
        if came["username"] == "tess" {
            break came;
        }
    };
    assert_eq!(pm["message"], "what");
}

#[test]
fn no_line_of_a_message_is_anybody_elses_for_web_users_too() {
    let server = Server::of(&[Auto]);
    let mut text = server.join_websocket("hubbub.text", "tess");
    let mut json = server.join_websocket("hubbub.json", "jason");
    text.sync();
    json.say("a\\nb\\r\\u0000c\\u001b[31md").sync();
    for line in ["a", "b", "c[31md"] {
        text.expect_text(format!("[jason] {line}"));
    }
    // What stands behind a line feed is no second request.
    text.text("first\n/nick admin");
    let came = json.message();
    assert!(
        !came.contains("admin\",\"type") && json.sync().is_empty(),
        "{came}"
    );
}

#[test]
fn a_binary_message_is_read_as_one_of_text() {
    let server = Server::of(&[Auto]);
    let mut web = server.join_websocket("hubbub.text", "bob");
    let mut other = server.join_websocket("hubbub.text", "other");
    web.sync();
    web.send(frame(FIN | BINARY, "hi"));
    other.expect_text("[bob] hi");
    web.send(frame(FIN | BINARY, b"\xfe\x00x"));
    web.expect_text("[Server] That is not UTF-8.").silent();
}

#[test]
fn frames_may_come_in_any_pieces() {
    let server = Server::of(&[Auto, Text]);
    let mut watcher = server.join(Text, "watcher");
    for protocol in PROTOCOLS {
        let mut web = server.join_websocket(protocol, "bob");
        watcher.expect("[Server] bob joined the chat!\n");
        let long = "x".repeat(200);
        let message = |text: &str| text_frame(form(protocol).say(text).trim_end());
        let input = [
            message("hi"),
            frame(FIN | PING, "are you there?"),
            message(&long),
            frame(FIN | PONG, "unasked"),
        ]
        .concat();
        let said = format!("[bob] hi\n[bob] {long}\n");
        let mut check = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut seen = Vec::new();
            for piece in pieces {
                web.send(piece);
                seen.extend(watcher.sync());
            }
            while web.next() != Came::Pong("are you there?".into()) {}
            web.sync();
            seen.extend(watcher.sync());
            assert_eq!(String::from_utf8_lossy(&seen), said);
        };
        for at in 1..input.len() {
            check(&mut [&input[..at], &input[at..]].into_iter());
        }
        check(&mut input.chunks(1));
        drop(web);
        watcher.expect_until("[Server] bob left the chat!\n");
    }
}

#[test]
fn control_frames_between_fragments() {
    let server = Server::of(&[Auto]);
    let mut web = server.join_websocket("hubbub.text", "bob");
    let mut other = server.join_websocket("hubbub.text", "other");
    web.sync();
    for step in 1..=3 {
        let text = "h\u{e9} \u{1f44b}!";
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(step).collect();
        let last = pieces.len() - 1;
        for (at, piece) in pieces.iter().enumerate() {
            let opcode = if at == 0 { TEXT } else { CONTINUATION };
            let fin = if at == last { FIN } else { 0 };
            web.send(frame(opcode | fin, piece));
            web.send(frame(FIN | PING, format!("ping {at}")));
            web.expect(Came::Pong(format!("ping {at}").into()));
        }
        other.expect_text(format!("[bob] {text}"));
    }
    let empty = frame(CONTINUATION, "");
    web.send(
        [
            frame(TEXT, "a"),
            empty.repeat(100),
            frame(FIN | CONTINUATION, "b"),
        ]
        .concat(),
    );
    other.expect_text("[bob] ab");
    web.send(frame(FIN | PING, "x".repeat(125)));
    web.expect(Came::Pong("x".repeat(125).into()));
}

#[test]
fn a_close_is_answered_with_its_code() {
    let server = Server::of(&[Auto, Text]);
    let mut watcher = server.join(Text, "watcher");
    let with_reason = frame(FIN | CLOSE, [&3000_u16.to_be_bytes()[..], b"bye"].concat());
    for (bytes, code) in [
        (close_frame(1000), Some(1000)),
        (close_frame(1001), Some(1001)),
        (close_frame(4999), Some(4999)),
        (with_reason, Some(3000)),
        (frame(FIN | CLOSE, ""), None),
        (
            [frame(TEXT, "half a message"), close_frame(1000)].concat(),
            Some(1000),
        ),
        // Nothing is heard of what stands behind it.
        (
            [
                close_frame(1000),
                text_frame("behind"),
                frame(FIN | PING, ""),
            ]
            .concat(),
            Some(1000),
        ),
    ] {
        for step in [bytes.len(), 1] {
            let mut web = server.join_websocket("hubbub.text", "bob");
            for piece in bytes.chunks(step) {
                web.send(piece);
            }
            web.expect(Came::Close(code));
            // The server ends the connection first (RFC 6455 section 7.1.1).
            web.peer.expect_eof();
            let lines = "[Server] bob joined the chat!\n[Server] bob left the chat!\n";
            watcher.expect(lines).silent();
        }
    }
}

#[test]
fn who_has_not_joined_may_close_as_well() {
    let server = Server::of(&[Auto]);
    for protocol in PROTOCOLS {
        let mut web = server.websocket(Some(protocol));
        if protocol == "hubbub.text" {
            web.expect_text(PROMPT);
        }
        web.send(close_frame(1000)).expect(Came::Close(Some(1000)));
        web.peer.expect_eof();
    }
}

#[test]
fn the_server_closes_and_waits_for_the_answer() {
    let server = Server::of(&[Auto, Text]);
    let mut watcher = server.join(Text, "watcher");
    for protocol in PROTOCOLS {
        let mut web = server.join_websocket(protocol, "bob");
        web.text(["{\"type\":\"quit\"}", "/quit"][usize::from(form(protocol) == Text)]);
        web.expect_close(1000);
        let lines = "[Server] bob joined the chat!\n[Server] bob left the chat!\n";
        watcher.expect(lines).silent();
        // One that never answers is not waited for without end.
        let mut web = server.join_websocket(protocol, "mute");
        web.text(["{\"type\":\"quit\"}", "/quit"][usize::from(form(protocol) == Text)]);
        web.expect(Came::Close(Some(1000)));
        web.peer.expect_eof();
        watcher.expect_until("[Server] mute left the chat!\n");
    }
}

#[test]
fn an_end_without_a_close_is_a_leave() {
    let server = Server::of(&[Auto, Text]);
    let mut watcher = server.join(Text, "watcher");
    for how in 0..3 {
        let mut web = server.join_websocket("hubbub.json", "bob");
        watcher.expect("[Server] bob joined the chat!\n");
        web.send(frame(TEXT, "{\"type\":"));
        match how {
            0 => drop(web),
            1 => web.peer.reset(),
            _ => {
                web.peer.shutdown_write().rest();
            }
        }
        watcher.expect("[Server] bob left the chat!\n").silent();
    }
}

#[test]
fn a_refused_name_is_told_and_closed() {
    let server = Server::of(&[Auto]);
    let _bob = server.join_websocket("hubbub.json", "bob");
    for (name, message) in [
        ("BOB", "Username already taken"),
        ("b b", "Invalid username"),
    ] {
        let mut web = server.websocket(None);
        web.text(Json.join(name).trim_end());
        let error = web.json();
        assert_eq!(
            (&error["type"], &error["message"]),
            (&"error".into(), &message.into())
        );
        assert!(matches!(web.next(), Came::Close(Some(1000 | 1008))));
    }
    let mut web = server.websocket(Some("hubbub.text"));
    web.expect_text(PROMPT).text("bob");
    web.expect_text("[Server] That name is taken. Enter your name: ");
    web.text("carol")
        .expect_text("[Server] carol joined the chat!");
}

#[test]
fn at_the_end_of_the_server_all_are_told_and_closed_with_1001() {
    let server = Server::of(&[Auto]);
    let mut webs: Vec<WebSocket> = PROTOCOLS
        .map(|protocol| server.join_websocket(protocol, form(protocol).name()))
        .into();
    webs.push(server.websocket(None));
    for web in &mut webs[..2] {
        web.sync();
    }
    server.signal("TERM");
    for mut web in webs {
        let told = web.expect_close(1001);
        assert_eq!(told.len(), 1, "{told:?}");
    }
    assert_eq!(server.wait().status.code(), Some(0));
}

#[test]
fn an_independent_client_is_understood() {
    let server = Server::of(&[Auto]);
    let address = server.address(Auto);
    let stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    let mut asked = format!("ws://{address}/ws")
        .into_client_request()
        .expect("a URL");
    let headers = asked.headers_mut();
    headers.insert(
        "Sec-WebSocket-Protocol",
        "hubbub.json".parse().expect("a value"),
    );
    headers.insert(
        "Origin",
        format!("http://{address}").parse().expect("a value"),
    );
    let (mut client, response) = tungstenite::client(asked, stream).expect("an upgrade");
    assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "hubbub.json");
    let next = |client: &mut tungstenite::WebSocket<TcpStream>| {
        let message = client.read().expect("a message");
        let text = message.into_text().expect("text");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    client
        .send(Json.join("tungsten").trim_end().into())
        .expect("it is read");
    assert_eq!(next(&mut client)["type"], "welcome");
    let long = "x".repeat(4000);
    for text in ["hi", "gr\u{fc}\u{df} dich \u{1f44b}", &long] {
        client
            .send(Json.say(text).trim_end().into())
            .expect("it is read");
        assert_eq!(next(&mut client)["message"], text);
    }
    client
        .send(tungstenite::Message::Ping("x".into()))
        .expect("it is read");
    assert_eq!(
        client.read().expect("a pong"),
        tungstenite::Message::Pong("x".into())
    );
    client.close(None).expect("it is read");
    assert!(matches!(client.read(), Ok(tungstenite::Message::Close(_))));
    assert!(matches!(
        client.read(),
        Err(tungstenite::Error::ConnectionClosed)
    ));
}

#[test]
fn echo_sends_every_message_back_as_it_came() {
    let server = Server::with(&[Auto], "--ws-echo");
    let peer = Peer::connect(&server.doors()[0], Http);
    let mut echo = WebSocket::upgrade(peer, "/echo", None);
    for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
        let text = "x".repeat(length);
        assert!(echo.text(&text).next() == Came::Text(text), "{length}");
        let bytes = vec![0xff; length];
        echo.send(frame(FIN | BINARY, &bytes));
        assert!(echo.next() == Came::Binary(bytes), "{length}");
    }
    echo.send(close_frame(1000)).expect(Came::Close(Some(1000)));
    echo.peer.expect_eof();
    let mut plain = Peer::connect(&server.doors()[0], Http);
    plain.send(request("GET /echo", ""));
    assert_eq!(plain.response().status, 426);
}
