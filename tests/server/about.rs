//! What was said is edited, reacted to and answered: everybody who reads it is told, and what is shown of it later is as it is
//! then.

use serde_json::{Value, json};

use crate::durability::kill;
use crate::irc::{irc, told};
use crate::util::*;

/// A server that keeps what is said, so that the first message is 1.
fn keeping(directory: &TempDir, dialects: &[Dialect], flags: &str) -> Server {
    let data = directory.join("data");
    Server::with(
        dialects,
        &format!("--replay 0 --data {} {flags}", data.display()),
    )
}

/// The next object of a type.
fn next(peer: &mut Peer, kind: &str) -> Value {
    loop {
        let object = peer.json();
        if object["type"] == kind {
            return object;
        }
    }
}

fn ask(peer: &mut Peer, request: Value) {
    peer.send(format!("{request}\n"));
}

#[test]
fn each_dialect_is_told_and_history_has_it() {
    let directory = TempDir::new();
    let dialects = [Text, Json, Pynet, Colon, JsonPadded, Anon];
    let server = keeping(&directory, &dialects, "");
    let mut bob = server.join(Text, "bob");
    let mut jim = server.join(Json, "jim");
    let mut alice = server.join(Text, "alice");
    let mut others = [
        (Pynet, "pat"),
        (Colon, "cole"),
        (JsonPadded, "paddy"),
        (Anon, ""),
    ]
    .map(|(dialect, nick)| server.join(dialect, nick));
    others[3].sync();
    alice.say("helo");
    bob.expect_until("[alice] helo\n");
    alice.say("/edit hello all");
    alice.expect_until("[alice] (edited) hello all\n");
    bob.expect("[alice] (edited) hello all\n");
    for other in &mut others {
        other.expect_until("(edited) hello all");
    }
    let edited = next(&mut jim, "edited");
    assert_eq!(
        (&edited["id"], &edited["room"]),
        (&json!(1), &json!("lobby"))
    );
    assert_eq!(
        (&edited["username"], &edited["message"]),
        (&json!("alice"), &json!("hello all"))
    );
    bob.say("/react 1 👍");
    alice.expect_until("[bob] reacted 👍 to alice: hello all\n");
    bob.expect("[bob] reacted 👍 to alice: hello all\n");
    for other in &mut others {
        other.expect_until(" to alice: hello all");
    }
    let reacted = next(&mut jim, "reacted");
    assert_eq!(
        (&reacted["reaction"], &reacted["on"]),
        (&json!("👍"), &json!(true))
    );
    bob.say("/reply 1 and you");
    alice.expect_until("[bob] → alice: and you\n");
    let reply = next(&mut jim, "chat");
    assert_eq!(
        (&reply["reply_to"], &reply["message"]),
        (&json!(1), &json!("and you"))
    );
    ask(
        &mut jim,
        json!({"type": "react", "message_id": 1, "reaction": "👍", "id": 7}),
    );
    assert_eq!(next(&mut jim, "reacted")["username"], "jim");
    let ok = next(&mut jim, "ok");
    assert_eq!((&ok["id"], &ok["message_id"]), (&json!(7), &json!(1)));
    ask(&mut jim, json!({"type": "history", "room": "lobby"}));
    let first = next(&mut jim, "history");
    assert_eq!(
        (&first["message"], &first["edited"]),
        (&json!("hello all"), &json!(true))
    );
    assert_eq!(first["reactions"], json!({"👍": ["bob", "jim"]}));
    assert_eq!(next(&mut jim, "history")["reply_to"], 1);
    ask(
        &mut jim,
        json!({"type": "react", "message_id": 1, "reaction": "👍", "on": false, "id": 8}),
    );
    assert_eq!(next(&mut jim, "reacted")["on"], false);
    assert_eq!(next(&mut jim, "ok")["id"], 8);
    alice.say("/search hello");
    alice.expect_until("[#lobby alice] hello all\n[Server] 1 found.\n");
    alice.say("/search helo");
    alice.expect_until("[Server] Nothing was found.\n");
    kill(server);
    let server = keeping(&directory, &dialects, "");

    let mut jim = server.join(Json, "jim");
    ask(&mut jim, json!({"type": "history", "room": "lobby"}));
    let first = next(&mut jim, "history");
    assert_eq!(
        (&first["message"], &first["edited"]),
        (&json!("hello all"), &json!(true))
    );
    assert_eq!(first["reactions"], json!({"👍": ["bob"]}));
    let reply = next(&mut jim, "history");
    assert_eq!(
        (&reply["reply_to"], &reply["message"]),
        (&json!(1), &json!("and you"))
    );
}

#[test]
fn who_may_do_what() {
    let directory = TempDir::new();
    let server = keeping(&directory, &[Text, Json], "");
    let mut bob = server.join(Text, "bob");
    let mut alice = server.join(Text, "alice");
    let mut jim = server.join(Json, "jim");
    alice.say("mine");
    bob.expect_until("[alice] mine\n");
    bob.say("/edit 1 his");
    bob.expect_until("[Server] That message is not yours to edit.\n");
    bob.say("/edit his");
    bob.expect_until("[Server] There is no such message.\n");
    for command in ["/react 99 x", "/reply 99 x", "/edit 99 x"] {
        bob.say(command);
        bob.expect_until("[Server] There is no such message.\n");
    }
    bob.say(&format!("/react 1 {}", "x".repeat(33)));
    bob.expect_until("32 bytes at most, no blanks.\n");
    // Who ignores somebody hears nothing of it.
    alice.say("/ignore bob");
    alice.expect_until("You hear nothing from bob any more.\n");
    bob.say("/react 1 +1");
    bob.expect_until("[bob] reacted +1 to alice: mine\n");
    alice.sync();
    alice.silent();
    // Nor is anything told from outside of a room, nor in it to who may not speak.
    alice.say("/join den");
    alice.expect_until("You made the room #den.\n");
    alice.say("secret");
    alice.sync();
    bob.say("/react 3 +1");
    bob.expect_until("[Server] There is no such message.\n");
    bob.say("/join den");
    bob.expect_until("You entered #den.");
    alice.say("/moderated on").sync();
    for command in ["/react 3 +1", "/reply 3 x"] {
        bob.say(command);
        bob.expect_until("You may not speak in #den now.\n");
    }
    alice.say("/delete 3");
    alice.expect_until("alice deleted message 3");
    alice.say("/edit 3 x");
    alice.expect_until("[Server] There is no such message.\n");
    for request in [
        json!({"type": "edit", "message": " "}),
        json!({"type": "react", "message_id": 1, "reaction": "a b"}),
        json!({"type": "react", "reaction": "+1"}),
        json!({"type": "chat", "message": "x", "reply_to": 99}),
    ] {
        ask(&mut jim, request);
        next(&mut jim, "error");
    }
}

#[test]
fn private_messages_too() {
    let directory = TempDir::new();
    let server = keeping(&directory, &[Text, Json], "");
    let mut bob = server.join(Text, "bob");
    let mut alice = server.join(Text, "alice");
    let mut jim = server.join(Json, "jim");
    jim.sync();
    alice.say("/pm bob psst");
    bob.expect_until("[alice → you] psst\n");
    alice.expect_until("[you → bob] psst\n");
    alice.say("/edit 1 psssst");
    bob.expect_until("[alice → you] (edited) psssst\n");
    alice.expect_until("[you → bob] (edited) psssst\n");
    bob.say("/react 1 +1");
    alice.expect_until("[bob → you] reacted +1 to alice: psssst\n");
    bob.say("/reply 1 yes");
    alice.expect_until("[bob → you] → alice: yes\n");
    // Nobody else knows of it.
    ask(
        &mut jim,
        json!({"type": "react", "message_id": 1, "reaction": "x"}),
    );
    assert_eq!(next(&mut jim, "error")["code"], "no_such_message");
    jim.sync();
    alice.say("/history @bob");
    alice.expect_until("[you → bob] psssst\n");
}

#[test]
fn irc_has_tags_for_it() {
    let directory = TempDir::new();
    let server = keeping(&directory, &[Text, Json, Irc], "--server-name irc.test");
    let mut ann = server.join(Text, "ann");
    let mut jim = server.join(Json, "jim");
    let mut bob = irc(&server, "bob", "message-tags echo-message");
    let mut dee = irc(&server, "dee", "");
    for peer in [&mut bob, &mut dee] {
        peer.send("JOIN #lobby\r\n");
        told(peer);
    }
    told(&mut bob);
    ann.say("helo");
    bob.expect_until(" PRIVMSG #lobby :helo\r\n");
    dee.expect_until(" PRIVMSG #lobby :helo\r\n");
    ann.say("/edit hello");
    ann.expect_until("[ann] (edited) hello\n");
    let edit = told(&mut bob);
    assert!(edit.starts_with("@+draft/reply=1 :ann!"), "{edit}");
    assert!(
        edit.ends_with(" PRIVMSG #lobby :(edited) hello\r\n"),
        "{edit}"
    );
    dee.expect_until(" PRIVMSG #lobby :(edited) hello\r\n");
    bob.send("@+draft/react=👍;+draft/reply=1 TAGMSG #lobby\r\n");
    ann.expect_until("[bob] reacted 👍 to ann: hello\n");
    // It is told when it is on disk.
    bob.expect_until("+draft/react=👍;+draft/reply=1 :bob!");
    assert_eq!(next(&mut jim, "reacted")["reaction"], "👍");
    bob.send("@+draft/reply=1 PRIVMSG #lobby :yes\r\n");
    ann.expect_until("[bob] → ann: yes\n");
    assert_eq!(next(&mut jim, "chat")["message"], "yes");
    dee.expect_until(" PRIVMSG #lobby :yes\r\n");
    told(&mut bob);
    ask(
        &mut jim,
        json!({"type": "chat", "message": "no", "reply_to": 1}),
    );
    assert_eq!(next(&mut jim, "chat")["message"], "no");
    let reply = told(&mut bob);
    assert!(reply.contains("+draft/reply=1 :jim!"), "{reply}");
    dee.expect_until(" PRIVMSG #lobby :no\r\n");
    ask(
        &mut jim,
        json!({"type": "react", "message_id": 1, "reaction": "+1"}),
    );
    assert_eq!(next(&mut jim, "reacted")["reaction"], "+1");
    let react = told(&mut bob);
    assert!(react.ends_with(" TAGMSG #lobby\r\n"), "{react}");
    assert_eq!(told(&mut dee), "");
}

#[test]
fn nothing_is_told_that_is_not_on_disk() {
    let directory = TempDir::new();
    let server = keeping(&directory, &[Text, Json], "--durability seen");
    let mut bob = server.join(Text, "bob");
    let mut alice = server.join(Text, "alice");
    alice.send("helo\n/edit hello\n/react 1 +1\n");
    bob.expect_until("[alice] helo\n");
    bob.expect("[alice] (edited) hello\n");
    bob.say("/history");
    bob.expect_until("[alice] hello\n");
}
