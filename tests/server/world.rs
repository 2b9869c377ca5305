use crate::util::*;

#[test]
fn each_pair_of_dialects_in_one_room() {
    for actor in CHATTING {
        for reader in CHATTING {
            meet(actor, reader);
        }
    }
}

fn meet(actor: Dialect, reader: Dialect) {
    let server = Server::of(&CHATTING);
    let mut reading = server.join(reader, "reader");
    let mut acting = server.connect(actor);
    let address = acting.address();
    let nick = actor.nick("Actor", address);
    acting.send(actor.join("Actor"));
    reading.expect_like(reader.joined(&nick, address));
    acting.sync();
    for text in ["Hello all", "a second one"] {
        acting.say(text);
        reading.expect_like(reader.said(&nick, address, text));
        let own = match actor {
            Json => Json.said(&nick, address, text),
            _ => String::new(),
        };
        acting.expect_like(own).silent();
    }
    let reader_nick = reader.nick("reader", reading.address());
    reading.say("and back");
    acting.expect_like(actor.said(&reader_nick, reading.address(), "and back"));
    acting.silent();
    reading.sync();
    drop(acting);
    reading.expect_like(reader.left(&nick)).silent();
}

#[test]
fn everyone_hears_everyone() {
    let server = Server::of(&CHATTING);
    let join = |dialect: Dialect| server.join(dialect, dialect.name());
    let mut peers: Vec<Peer> = CHATTING.map(join).into();
    for peer in &mut peers {
        peer.sync();
    }
    for speaker in 0..peers.len() {
        let (dialect, address) = (peers[speaker].dialect, peers[speaker].address());
        let nick = dialect.nick(dialect.name(), address);
        peers[speaker].say("hi").sync();
        for (at, listener) in peers.iter_mut().enumerate() {
            if at != speaker {
                let said = listener.dialect.said(&nick, address, "hi");
                listener.expect_like(said).silent();
            }
        }
    }
    let anon = Anon.nick("", peers[3].address());
    peers[0].send("/list\n");
    peers[0].expect(format!(
        "Current clients: text, json, pynet, {anon}, colon\n"
    ));
}

#[test]
fn names_collide_case_folded_across_dialects() {
    let named = [Text, Json, Pynet, Colon];
    for (taken, again) in [("Alice", "aLICE"), ("straße", "STRASSE"), ("ΟΔΟΣ", "οδος")] {
        for first in named {
            for second in named {
                let server = Server::of(&named);
                let mut here = server.join(first, taken);
                let mut late = server.connect(second);
                late.send(second.join(again));
                match second {
                    Text => late.expect(format!(
                        "{PROMPT}[Server] That name is taken. Enter your name: "
                    )),
                    Json => {
                        late.expect("{\"type\":\"error\",\"message\":\"Username already taken\",\"code\":\"nick_taken\"}\n")
                    }
                    Pynet => late.expect("{\"type\":\"server_message\",\"data\":\""),
                    _ => late.expect("\x1b[91m"),
                };
                here.silent();
            }
        }
    }
}

#[test]
fn a_message_has_its_lines_and_no_controls_in_every_dialect() {
    let sent = "a\\r\\nb\\u0000c\\u001b[31md\\u009be\\u202ef\\u2066g\\u007fh\\u0007\\u0085\\ti";
    let escaped = "a\\r\\nb\\u0000c\\u001b[31md\\u009be\\u202ef\\u2066g\\u007fh\\u0007\\u0085\\ti";
    let cleaned = ["a", "bc[31mdefgh \ti"];
    let server = Server::of(&CHATTING);
    let mut carol = server.join(Json, "carol");
    for dialect in CHATTING {
        let mut reader = server.join(dialect, "reader");
        carol.sync();
        carol.say(sent).sync();
        let said = |shown: &str| dialect.said("carol", carol.address(), shown);
        let said = match dialect {
            Json | Pynet => said(escaped),
            JsonPadded => said(&cleaned.join(" ")),
            Colon => cleaned.map(said).join("\n"),
            _ => cleaned.map(said).concat(),
        };
        reader.expect_like(said).silent();
        drop(reader);
        carol.expect_until("user_left");
        carol.sync();
    }
}

#[test]
fn controls_of_text_users_are_removed_too() {
    let server = Server::of(&CHATTING);
    let mut alice = server.join(Text, "Alice");
    let mut bob = server.join(Text, "Bob");
    let mut carol = server.join(Colon, "carol");
    bob.sync();
    alice
        .send("a\x1b[2Jb\0c\rd\u{9b}31me\u{202e}f\u{2067}g\n")
        .sync();
    // A carriage return ends a line that is typed.
    bob.expect("[Alice] a[2Jbc\n[Alice] d31mefg\n").silent();
    for shown in ["a[2Jbc", "d31mefg"] {
        carol.expect_like(format!("\x1b[93m[<hms>] Alice >> \x1b[0m{shown}"));
    }
    carol.silent();
}

#[test]
fn what_is_all_controls_is_no_line_of_somebody_else() {
    let server = Server::of(&[Json, Text, Anon]);
    let mut carol = server.join(Json, "carol");
    let mut bob = server.join(Text, "Bob");
    let mut anon = server.join(Anon, "");
    bob.sync();
    carol.sync();
    carol.say("\\u001b\\n[Server] Bob left the chat!\\n").sync();
    bob.expect("[carol] [Server] Bob left the chat!\n").silent();
    let said = Anon.said("", carol.address(), "[Server] Bob left the chat!");
    anon.expect(said).silent();
}

#[test]
fn private_messages_cross_dialects() {
    let server = Server::of(&CHATTING);
    let mut alice = server.join(Text, "alice");
    let mut bob = server.join(Colon, "bob");
    let mut carol = server.join(Json, "carol");
    alice.sync();
    bob.sync();
    bob.send(":pm ALICE hi\n").silent();
    alice.expect("[bob → you] hi\n");
    alice.send("/pm bob hello\n").sync();
    bob.expect_like("\x1b[95m[<hms>] alice PM >> \x1b[0mhello");
    alice.send("/pm carol hey\n").sync();
    let pm = carol.json();
    assert_eq!(
        (&pm["username"], &pm["message"]),
        (&"alice".into(), &"hey".into())
    );
    bob.silent();
}
