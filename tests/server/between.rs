//! What two people do to each other, for every pair of dialects that have commands.

use crate::util::*;

const COMMANDING: [Dialect; 4] = [Text, Json, Pynet, Colon];

/// Sends a command as a line begun with `/`, or as JSON.
fn ask(peer: &mut Peer, line: &str, json: &str) {
    let frame = match peer.dialect {
        Json => format!("{json}\n"),
        dialect => dialect.say(line),
    };
    peer.send(frame);
}

/// A sentence of the server's, for who asked or is concerned.
fn sentence(dialect: Dialect, sentence: &str, json: &str) -> String {
    match dialect {
        Json => format!("{json}\n"),
        Pynet => server_message(sentence),
        Colon => green(sentence),
        _ => format!("[Server] {sentence}\n"),
    }
}

fn done(dialect: Dialect, note: &str) -> String {
    let json = format!("{{\"type\":\"ok\",\"message\":\"{note}\"}}");
    sentence(dialect, note, &json)
}

fn private(dialect: Dialect, from: &str, text: &str) -> String {
    match dialect {
        Json => format!(
            "{{\"type\":\"pm\",\"username\":\"{from}\",\"message\":\"{text}\",\"id\":<id>,\"timestamp\":<unix>}}\n"
        ),
        Pynet => server_message(&format!("[{from} \\u2192 you] {text}")),
        Colon => format!("\x1b[95m[<hms>] {from} PM >> \x1b[0m{text}"),
        _ => format!("[{from} → you] {text}\n"),
    }
}

fn private_sent(dialect: Dialect, to: &str, text: &str) -> String {
    match dialect {
        Json => format!("{{\"type\":\"ok\",\"message_id\":<id>,\"to\":\"{to}\"}}\n"),
        Pynet => server_message(&format!("[you \\u2192 {to}] {text}")),
        Colon => String::new(),
        _ => format!("[you → {to}] {text}\n"),
    }
}

fn said_in(dialect: Dialect, room: &str, from: &str, text: &str) -> String {
    match dialect {
        Json => format!(
            "{{\"type\":\"chat\",\"username\":\"{from}\",\"message\":\"{text}\",\"id\":<id>,\
             \"room\":\"{room}\",\"timestamp\":<unix>}}\n"
        ),
        Pynet => server_message(&format!("[#{room} {from}] {text}")),
        Colon => format!("\x1b[94m[<hms>] GROUP({room}) {from} >> \x1b[0m{text}"),
        _ => format!("[{from}] {text}\n"),
    }
}

/// alice, who asks, and bob.
struct Pair {
    alice: Peer,
    bob: Peer,
    _server: Server,
}

fn in_each_pair(test: impl Fn(Pair)) {
    for asker in COMMANDING {
        for other in COMMANDING {
            let server = Server::of(&COMMANDING);
            let mut alice = server.join(asker, "alice");
            let bob = server.join(other, "bob");
            alice.sync();
            test(Pair {
                alice,
                bob,
                _server: server,
            });
        }
    }
}

#[test]
fn private_messages() {
    in_each_pair(
        |Pair {
             mut alice, mut bob, ..
         }| {
            for (name, verb) in [("bob", "pm"), ("BOB", "msg")] {
                ask(
                    &mut alice,
                    &format!("/{verb} {name} hi  you"),
                    &format!("{{\"type\":\"pm\",\"to\":\"{name}\",\"message\":\"hi  you\"}}"),
                );
                let sent = private_sent(alice.dialect, "bob", "hi  you");
                alice.expect_like(sent).silent();
                bob.expect_like(private(bob.dialect, "alice", "hi  you"))
                    .silent();
            }
        },
    );
}

#[test]
fn who_writes_to_somebody_away_is_told() {
    in_each_pair(
        |Pair {
             mut alice, mut bob, ..
         }| {
            ask(
                &mut bob,
                "/away at lunch",
                r#"{"type":"away","message":"at lunch"}"#,
            );
            bob.expect(done(
                bob.dialect,
                "You are away now: those who write to you are told.",
            ));
            let pm = r#"{"type":"pm","to":"bob","message":"hi"}"#;
            ask(&mut alice, "/pm bob hi", pm);
            let away = sentence(alice.dialect, "bob is away: at lunch", "");
            match alice.dialect {
                Json => alice.expect_like(
                    "{\"type\":\"ok\",\"message_id\":<id>,\"away\":\"at lunch\",\"to\":\"bob\"}\n",
                ),
                dialect => alice.expect(private_sent(dialect, "bob", "hi") + &away),
            };
            alice.silent();
            bob.expect_like(private(bob.dialect, "alice", "hi"));
            ask(&mut bob, "/away", r#"{"type":"away"}"#);
            bob.expect(done(bob.dialect, "You are back.")).silent();
            ask(&mut alice, "/pm bob hi", pm);
            alice
                .expect_like(private_sent(alice.dialect, "bob", "hi"))
                .silent();
        },
    );
}

#[test]
fn who_is_ignored_is_not_heard() {
    in_each_pair(
        |Pair {
             mut alice, mut bob, ..
         }| {
            ask(
                &mut bob,
                "/ignore ALICE",
                r#"{"type":"ignore","username":"ALICE"}"#,
            );
            bob.expect(done(bob.dialect, "You hear nothing from alice any more."));
            let speak = |alice: &mut Peer, text: &str| {
                alice.say(text);
                ask(
                    alice,
                    &format!("/me {text}"),
                    &format!("{{\"type\":\"me\",\"message\":\"{text}\"}}"),
                );
                ask(
                    alice,
                    &format!("/pm bob {text}"),
                    &format!("{{\"type\":\"pm\",\"to\":\"bob\",\"message\":\"{text}\"}}"),
                );
                let heard = timeless(&alice.sync());
                let sent = private_sent(alice.dialect, "bob", text);
                assert!(heard.ends_with(&sent), "the sender learns nothing: {heard}");
            };
            speak(&mut alice, "psst");
            bob.silent();
            bob.say("but is heard").sync();
            let said = alice.dialect.said("bob", bob.address(), "but is heard");
            alice.expect_like(said).silent();
            ask(
                &mut bob,
                "/unignore alice",
                r#"{"type":"unignore","username":"alice"}"#,
            );
            bob.expect(done(bob.dialect, "You hear from alice again."));
            speak(&mut alice, "again");
            let said = bob.dialect.said("alice", alice.address(), "again");
            bob.expect_like(said);
            let rest = String::from_utf8(bob.sync()).expect("UTF-8");
            assert_eq!(rest.matches("again").count(), 2, "{rest}");
        },
    );
}

#[test]
fn who_somebody_is() {
    in_each_pair(
        |Pair {
             mut alice, mut bob, ..
         }| {
            let address = bob.address();
            let whois = r#"{"type":"whois","username":"Bob"}"#;
            ask(&mut alice, "/whois Bob", whois);
            let json = format!(
                "{{\"type\":\"whois\",\"username\":\"bob\",\"address\":\"{address}\",\
             \"rooms\":[\"lobby\"],\"operator\":false}}"
            );
            let shown = format!("bob: {address}, in #lobby");
            alice
                .expect(sentence(alice.dialect, &shown, &json))
                .silent();
            let join = r#"{"type":"join_room","room":"Rust"}"#;
            ask(&mut bob, "/join Rust", join);
            ask(&mut bob, "/away a b", r#"{"type":"away","message":"a b"}"#);
            bob.sync();
            ask(&mut alice, "/whois bob", whois);
            let json = format!(
                "{{\"type\":\"whois\",\"username\":\"bob\",\"address\":\"{address}\",\
             \"rooms\":[\"lobby\",\"Rust\"],\"operator\":false,\"away\":\"a b\",\"moderates\":[\"Rust\"]}}"
            );
            let shown = format!("bob: {address}, in #lobby, #Rust, away: a b");
            alice
                .expect(sentence(alice.dialect, &shown, &json))
                .silent();
        },
    );
}

#[test]
fn a_room_of_two() {
    in_each_pair(
        |Pair {
             mut alice, mut bob, ..
         }| {
            for peer in [&mut alice, &mut bob] {
                ask(peer, "/join g", r#"{"type":"join_room","room":"g"}"#);
                peer.sync();
            }
            alice.sync();
            let chat = r#"{"type":"chat","room":"g","message":"hi  all"}"#;
            for (from, to, name) in [(0, 1, "alice"), (1, 0, "bob")] {
                let peers = [&mut alice, &mut bob];
                ask(peers[from], "hi  all", chat);
                peers[from].sync();
                let said = said_in(peers[to].dialect, "g", name, "hi  all");
                peers[to].expect_like(said).silent();
            }
            // Who left hears nothing of the room, and is refused to speak there.
            ask(&mut bob, "/leave g", r#"{"type":"leave_room","room":"g"}"#);
            bob.sync();
            alice.sync();
            ask(&mut alice, "psst", &chat.replace("hi  all", "psst"));
            alice.sync();
            bob.silent();
            ask(&mut bob, "/say g hi", chat);
            let refusal = match bob.dialect {
                Json => "{\"type\":\"error\",\"message\":\"You are not in #g.\",\"code\":\"not_in_room\"}\n".into(),
                Pynet => server_message("You are not in #g."),
                Colon => red("You are not in group g"),
                _ => "[Server] You are not in #g.\n".into(),
            };
            bob.expect(refusal).silent();
            alice.silent();
        },
    );
}

#[test]
fn last_words() {
    in_each_pair(
        |Pair {
             mut alice, mut bob, ..
         }| {
            let quit = r#"{"type":"quit","message":"good  night"}"#;
            ask(&mut alice, "/quit good  night", quit);
            alice.expect_eof();
            bob.expect_like(match bob.dialect {
                Text => "[Server] alice left the chat! (good  night)\n".into(),
                Json => Json.left("alice").replace(
                    ",\"timestamp\"",
                    ",\"reason\":\"good  night\",\"timestamp\"",
                ),
                dialect => dialect.left("alice"),
            });
            bob.silent();
        },
    );
}

#[test]
fn refused_names() {
    in_each_pair(
        |Pair {
             mut alice, mut bob, ..
         }| {
            let refused = |peer: &mut Peer, line: &str, json: &str, why: &str, json_why: &str| {
                ask(peer, line, json);
                let answer = match peer.dialect {
                    Json => format!("{{\"type\":\"error\",{json_why}}}\n"),
                    Pynet => server_message(why),
                    Colon => red(why),
                    _ => format!("[Server] {why}\n"),
                };
                peer.expect(answer).silent();
            };
            for name in ["BOB", "Server", "SERVER", "system", "sYSTEM"] {
                refused(
                    &mut alice,
                    &format!("/nick {name}"),
                    &format!("{{\"type\":\"nick\",\"username\":\"{name}\"}}"),
                    "That name is taken.",
                    r#""message":"Username already taken","code":"nick_taken""#,
                );
            }
            refused(
                &mut alice,
                "/nick -bob",
                r#"{"type":"nick","username":"-bob"}"#,
                "A name is 1 to 20 letters, digits, _ - or .",
                r#""message":"Invalid username","code":"bad_nick""#,
            );
            refused(
                &mut alice,
                "/join a/b",
                r#"{"type":"join_room","room":"a/b"}"#,
                "A room name is 1 to 32 letters, digits, _ or -",
                concat!(
                    r#""message":"A room name is 1 to 32 letters, digits, _ or -","#,
                    r#""code":"bad_room_name""#
                ),
            );
            bob.silent();
            // The old name is free at once.
            ask(
                &mut alice,
                "/nick anna",
                r#"{"type":"nick","username":"anna"}"#,
            );
            alice.sync();
            bob.sync();
            ask(
                &mut bob,
                "/nick ALICE",
                r#"{"type":"nick","username":"ALICE"}"#,
            );
            let renamed =
                "{\"type\":\"nick\",\"username\":\"bob\",\"to\":\"ALICE\",\"timestamp\":<unix>}";
            let shown = |dialect| sentence(dialect, "bob is now called ALICE.", renamed);
            bob.expect_like(shown(bob.dialect)).silent();
            alice.expect_like(shown(alice.dialect)).silent();
        },
    );
}

#[test]
fn names_that_look_like_the_server_cannot_come_in() {
    let server = Server::of(&COMMANDING);
    for (at, name) in ["Server", "SERVER", "system", "System"].iter().enumerate() {
        let mut late = server.connect(Text);
        late.send(Text.join(name)).expect(PROMPT);
        late.expect("[Server] That name is taken. Enter your name: ");
        let mut late = server.connect(Json);
        late.send(Json.join(name));
        late.expect(
            "{\"type\":\"error\",\"message\":\"Username already taken\",\"code\":\"nick_taken\"}\n",
        );
        late.expect_eof();
        let mut late = server.connect(Pynet);
        late.send(Pynet.join(name));
        late.expect(server_message("That name is taken."))
            .expect_eof();
        let mut late = server.connect(Colon);
        late.send(name).expect(red("That name is taken."));
        late.send("ok then").expect_until("\x1b[0m");
        // Whoever had the name of the round before may be leaving still.
        late.send(format!("okthen{at}")).sync();
    }
}

#[test]
fn the_answer_to_a_request_with_an_id_carries_it() {
    let server = Server::of(&[Json]);
    let mut bob = server.join(Json, "bob");
    let mut alice = server.join(Json, "alice");
    bob.sync();
    for (request, answer) in [
        (
            r#""type":"pm","to":"bob","message":"hi""#,
            r#"{"type":"ok","message_id":<id>,"to":"bob","id":7}"#,
        ),
        (
            r#""type":"ignore","username":"bob""#,
            r#"{"type":"ok","message":"You hear nothing from bob any more.","id":7}"#,
        ),
        (
            r#""type":"rooms""#,
            r#"{"type":"rooms","rooms":[{"room":"lobby","members":2}],"id":7}"#,
        ),
        (
            r#""type":"users","room":"x""#,
            r##"{"type":"error","message":"There is no room #x.","code":"no_such_room","id":7}"##,
        ),
        (r#""type":"chat","message":" ""#, r#"{"type":"ok","id":7}"#),
        (
            r#""type":"kick","username":"bob""#,
            r##"{"type":"error","message":"You do not moderate #lobby.","code":"not_moderator","id":7}"##,
        ),
        (r#""type":"quit""#, r#"{"type":"ok","id":7}"#),
    ] {
        alice.send(format!("{{{request},\"id\":7}}\n"));
        alice.expect_like(format!("{answer}\n"));
    }
    alice.expect_eof();
}

#[test]
fn help_is_one_table() {
    let server = Server::of(&COMMANDING);
    let commands = [
        "help", "nick", "pm", "rooms", "join", "leave", "say", "who", "list", "topic", "me",
        "ignore", "unignore", "away", "whois", "ping", "quit", "oper", "kick", "mute",
    ];
    let of_operators = [
        "ban", "unban", "rename", "announce", "close", "lock", "stats", "shutdown",
    ];
    for dialect in [Text, Pynet, Colon] {
        let mut peer = server.join(dialect, "alice");
        peer.say("/help all");
        let all = String::from_utf8(peer.sync()).expect("UTF-8");
        for command in commands.iter().chain(&of_operators) {
            let is_told = commands.contains(command);
            let name = format!("/{command} ");
            assert_eq!(all.contains(&name), is_told, "{command}: {all}");
            peer.say(&format!("/help {command}"));
            let one = String::from_utf8(peer.sync()).expect("UTF-8");
            assert!(one.contains(&format!("/{command} ")), "{one}");
            assert!(
                one.trim_end().len() < 1024 && one.matches('\n').count() < 2,
                "{one}"
            );
        }
        peer.say("/help dance");
        let answer = peer.sync();
        assert!(
            String::from_utf8_lossy(&answer).contains("Unknown command /dance. Try /help."),
            "{}",
            quoted(&answer)
        );
        peer.say("/quit").expect_eof();
    }
    let mut json = server.join(Json, "jan");
    json.send("{\"type\":\"help\"}\n");
    let help = json.json();
    let types = help["message"].as_str().expect("a text");
    for kind in [
        "chat",
        "pm",
        "me",
        "nick",
        "users",
        "rooms",
        "join_room",
        "leave_room",
        "topic",
        "ignore",
        "unignore",
        "away",
        "whois",
        "ping",
        "quit",
        "oper",
        "kick",
    ] {
        assert!(
            types.split(", ").any(|known| known == kind),
            "{kind}: {types}"
        );
    }
}

/// What one says comes as one line, whatever it has that parts lines.
#[test]
fn what_parts_lines_parts_words_only() {
    const FORGED: &str = "\\n[Server] bob joined the chat!";
    let server = Server::with(&[Text, Json, Pynet, Anon, Colon], "--replay 0");
    let mut writer = server.join(Json, "Sender");
    let join = |(dialect, nick)| server.join(dialect, nick);
    let mut peers = [(Text, "tina"), (Pynet, "pia"), (Anon, ""), (Colon, "cora")].map(join);
    let mut nicks = Vec::new();
    writer.send("{\"type\":\"users\"}\n");
    let users = loop {
        let came = writer.json();
        if came["type"] == "users" {
            break came;
        }
    };
    nicks.extend(
        users["users"]
            .as_array()
            .expect("names")
            .iter()
            .skip(1)
            .cloned(),
    );
    for end in [
        "\\n", "\\r", "\\r\\n", "\\u000b", "\\u000c", "\\u0085", "\\u2028", "\\u2029",
    ] {
        for kind in ["chat", "me", "pm"] {
            for (peer, nick) in peers.iter_mut().zip(&nicks) {
                peer.after_all();
                let to = match kind {
                    "pm" => format!(",\"to\":{nick}"),
                    _ => String::new(),
                };
                let text = format!("Hello{end}World{FORGED}");
                writer.send(format!(
                    "{{\"type\":\"{kind}\",\"message\":\"{text}\"{to}}}\n"
                ));
                writer.after_all();
                let came = String::from_utf8(peer.settle()).expect("UTF-8");
                let dialect = peer.dialect;
                let parts = match (dialect, kind) {
                    // An object, in which it stands escaped.
                    (Pynet, "chat") => vec![format!("Hello{end}World")],
                    (JsonPadded, _) => vec!["Hello World [Server] bob".into()],
                    // A line of its own, which begins with whose it is.
                    _ if ["\\n", "\\r", "\\r\\n"].contains(&end) => {
                        vec!["Hello".into(), "World".into(), "[Server] bob".into()]
                    }
                    _ => vec!["Hello World".into(), "[Server] bob".into()],
                };
                for part in parts {
                    assert!(came.contains(&part), "{dialect:?} {kind} {end}: {came:?}");
                }
                assert!(
                    !came.contains("\n[Server] bob"),
                    "{dialect:?} {kind} {end}: {came:?}"
                );
                assert!(
                    !came.starts_with("[Server] bob"),
                    "{dialect:?} {kind} {end}: {came:?}"
                );
            }
        }
    }
}
