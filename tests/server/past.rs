//! What was said before, in the form of each dialect.

use crate::util::*;

const OBJECTS: [&str; 2] = [
    "{\"type\":\"history\",\"kind\":\"chat\",\"username\":\"alice\",\"message\":\"hi\",\"id\":<id>,\
     \"room\":\"lobby\",\"timestamp\":<unix>}\n",
    "{\"type\":\"history\",\"kind\":\"me\",\"username\":\"alice\",\"message\":\"waves\",\"id\":<id>,\
     \"room\":\"lobby\",\"timestamp\":<unix>}\n",
];

/// `hi` and a wave of alice's, as who comes in is shown them without asking.
fn earlier(dialect: Dialect) -> &'static str {
    match dialect {
        Text => "[Server] Earlier:\n[<hm>] [alice] hi\n[<hm>] * alice waves\n",
        _ => "",
    }
}

/// A server where that was said, by somebody who is gone.
fn spoken_in(dialects: &[Dialect]) -> Server {
    let server = Server::of(dialects);
    let mut alice = server.join(Text, "alice");
    alice.send("hi\n/me waves\n/quit\n");
    alice.expect("* alice waves\n").expect_eof();
    server
}

/// Comes in as bob, and reads what that is answered with but for what was said before.
fn bob(server: &Server, dialect: Dialect) -> Peer {
    // Who had the name before has left.
    let came = server.log().matches("bob joined from").count();
    server.expect_log_times("bob left:", came);
    let mut bob = server.connect(dialect);
    bob.send(dialect.join("bob"));
    match dialect {
        Text => drop(bob.expect(format!("{PROMPT}[Server] bob joined the chat!\n"))),
        Json => drop(bob.line()),
        _ => {}
    }
    bob
}

#[test]
fn only_who_comes_in_with_text_is_shown_what_was_said_before_without_asking() {
    let server = spoken_in(&CHATTING);
    let mut keeper = server.join(Text, "keeper");
    keeper.send("/join den\nin the den\n");
    for dialect in CHATTING {
        let mut bob = bob(&server, dialect);
        bob.expect_like(earlier(dialect)).silent();
        match dialect {
            Text => {
                bob.send("/join den\n").line();
                bob.expect_like("[Server] Earlier:\n[<hm>] [keeper] in the den\n");
            }
            Json => drop(
                bob.send("{\"type\":\"join_room\",\"room\":\"den\"}\n")
                    .line(),
            ),
            Pynet => drop(bob.say("/join den").take(1024)),
            Colon => drop(bob.say(":group join den").expect(green("Joined group den"))),
            _ => {}
        }
        bob.silent();
    }
}

#[test]
fn a_json_client_is_shown_what_was_said_before_where_it_asks() {
    let server = spoken_in(&[Json, Text]);
    let mut keeper = server.join(Text, "keeper");
    keeper.send("/join den\none\ntwo\n").sync();
    // Who went before may not have left yet: each has a name of its own.
    let mut count = 0;
    let mut join = |replay: &str| {
        count += 1;
        format!("{{\"type\":\"join\",\"username\":\"bob{count}\",{replay}}}\n")
    };
    for (replay, shown) in [
        ("\"replay\":20", &OBJECTS[..]),
        ("\"replay\":1", &OBJECTS[1..]),
        ("\"replay\":99999999999999999999999", &[]),
        ("\"replay\":1000000", &OBJECTS),
        ("\"replay\":0", &[]),
        ("\"replay\":null", &[]),
        ("\"resume\":{\"lobby\":0}", &OBJECTS),
        (
            "\"resume\":{\"lobby\":9000000000000},\"replay\":1",
            &OBJECTS[1..],
        ),
        ("\"resume\":{\"lobby\":9000000000000}", &OBJECTS),
    ] {
        let mut bob = server.connect(Json);
        bob.send(join(replay));
        match bob.json()["type"] == "welcome" {
            true => drop(bob.expect_like(shown.concat()).silent()),
            false => assert!(replay.contains("99999999999999999999999"), "{replay}"),
        }
    }
    let mut bob = server.connect(Json);
    bob.send(join("\"replay\":1")).line();
    bob.expect_like(OBJECTS[1]);
    let den = |replay: &str| format!("{{\"type\":\"join_room\",\"room\":\"den\"{replay}}}\n");
    let leave = "{\"type\":\"leave_room\",\"room\":\"den\"}\n";
    bob.send(den("")).line();
    bob.silent().send(leave).line();
    bob.send(den(",\"replay\":1")).line();
    assert_eq!(bob.json()["message"], "two");
    bob.silent().send(den(",\"replay\":\"1\""));
    assert_eq!(bob.json()["code"], "wrong_field");
}

#[test]
fn a_websocket_of_text_is_shown_it_too() {
    let server = spoken_in(&[Auto, Text]);
    let mut web = server.websocket(Some("hubbub.text"));
    assert_eq!(web.message(), PROMPT);
    web.text("web");
    for line in ["[Server] web joined the chat!", "[Server] Earlier:"] {
        web.expect_text(line);
    }
    web.expect_like("[<hm>] [alice] hi");
}

#[test]
fn each_object_is_a_message_of_a_websocket() {
    let server = spoken_in(&[Auto, Text]);
    let mut web = server.websocket(Some("hubbub.json"));
    web.text("{\"type\":\"join\",\"username\":\"web\",\"replay\":20}");
    assert_eq!(web.json()["type"], "welcome");
    for object in OBJECTS {
        web.expect_like(object);
    }
    web.text("{\"type\":\"history\",\"limit\":1}");
    web.expect_like(OBJECTS[1]);
    assert_eq!(web.json()["type"], "history_end");
}

#[test]
fn what_was_said_is_told_again_to_who_asks() {
    let server = spoken_in(&CHATTING);
    for dialect in [Text, Json, Pynet, Colon] {
        let mut bob = bob(&server, dialect);
        bob.sync();
        let (frame, lines, end, sentence) = match dialect {
            Json => (
                "{\"type\":\"history\",\"limit\":1,\"id\":5}\n".into(),
                OBJECTS[1].to_string(),
                "{\"type\":\"history_end\",\"room\":\"lobby\",\"count\":1,\"more\":true,\"id\":5}\n",
                None,
            ),
            _ => {
                let line = match dialect {
                    Text => "[<hm>] * alice waves\n".into(),
                    Pynet => server_message("* alice waves"),
                    _ => "\x1b[93m[<hms>] * alice\x1b[0m waves\n".into(),
                };
                (
                    dialect.say("/history 1"),
                    line,
                    "",
                    Some("That is 1 of #lobby; "),
                )
            }
        };
        bob.send(frame).expect_like(lines + end);
        if let Some(sentence) = sentence {
            let came = String::from_utf8(bob.sync()).expect("UTF-8");
            assert!(
                came.contains(sentence) && came.contains(" for more."),
                "{came}"
            );
        }
        bob.silent();
    }
}

#[test]
fn what_was_said_is_found_by_its_words() {
    let server = spoken_in(&CHATTING);
    for (dialect, found) in [
        (
            Text,
            "[<hm>] [#lobby] * alice waves\n[Server] 1 found.\n".to_string(),
        ),
        (
            Pynet,
            server_message("[#lobby] * alice waves") + &server_message("1 found."),
        ),
        (
            Colon,
            "\x1b[93m[<hms>] * alice\x1b[0m waves\n".to_string() + &green("1 found."),
        ),
        (
            Json,
            OBJECTS[1].replace("history", "search")
                + "{\"type\":\"search_end\",\"count\":1,\"more\":false}\n",
        ),
    ] {
        let mut bob = bob(&server, dialect);
        bob.sync();
        bob.send(match dialect {
            Json => "{\"type\":\"search\",\"query\":\"WAVES\"}\n".into(),
            _ => dialect.say("/search WAVES"),
        });
        bob.expect_like(found).silent();
    }
}

#[test]
fn a_room_that_one_does_not_speak_in_is_named() {
    let server = spoken_in(&[Text]);
    let mut bob = bob(&server, Text);
    bob.send("/join rust\n");
    bob.sync();
    bob.send("/history #LOBBY 2\n");
    bob.expect_like("[<hm>] [#lobby alice] hi\n[<hm>] [#lobby] * alice waves\n");
    bob.expect("[Server] That is 2 of #lobby.\n");
    bob.send("/history\n");
    bob.expect("[Server] Nothing was said in #rust.\n").silent();
}

#[test]
fn who_comes_in_may_say_that_one_has_an_account() {
    let server = Server::of(&[Text]);
    let mut bob = server.connect(Text);
    bob.expect(PROMPT).send("/login bob\n");
    bob.expect(format!(
        "[Server] Usage: /login NAME PASSWORD [--multi] {PROMPT}"
    ));
    bob.send("/login bob hunter2\n");
    let refusal = String::from_utf8(bob.expect_until(PROMPT)).expect("UTF-8");
    assert!(!refusal.contains("hunter2"), "{refusal}");
    bob.send("bob\n").expect("[Server] bob joined the chat!");
}
