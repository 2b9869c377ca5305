use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::util::*;

const TAKEN: &str =
    "{\"type\":\"error\",\"message\":\"Username already taken\",\"code\":\"nick_taken\"}\n";
const INVALID: &str =
    "{\"type\":\"error\",\"message\":\"Invalid username\",\"code\":\"bad_nick\"}\n";

fn welcome(nick: &str, users: &str) -> String {
    format!(
        "{{\"type\":\"welcome\",\"message\":\"Welcome to the chat, {nick}!\",\
         \"users\":[{users}],\"timestamp\":<unix>}}\n"
    )
}

#[track_caller]
fn expect_error(peer: &mut Peer) -> Value {
    let error = peer.json();
    assert_eq!(error["type"], "error", "{error}");
    assert!(error["message"].is_string(), "{error}");
    error
}

#[test]
fn a_session() {
    let server = Server::of(&[Json]);
    let mut alice = server.connect(Json);
    alice.send(Json.join("alice"));
    alice.expect_like(welcome("alice", "\"alice\""));
    let mut bob = server.connect(Json);
    bob.send(Json.join("bob"));
    bob.expect_like(welcome("bob", "\"alice\",\"bob\""));
    alice.expect_like(Json.joined("bob", bob.address()));
    alice.send("{\"type\":\"chat\",\"message\":\"Hello everyone!\"}\n");
    let hello = Json.said("alice", alice.address(), "Hello everyone!");
    alice.expect_like(&hello);
    bob.expect_like(&hello);
    bob.send("{\"type\":\"ping\"}\n")
        .expect("{\"type\":\"pong\"}\n");
    drop(bob);
    alice.expect_like(Json.left("bob")).silent();
}

#[test]
fn a_join_that_is_refused_is_told_and_closed() {
    let server = Server::of(&[Json]);
    let _alice = server.join(Json, "alice");
    let join = |name: &str| Json.join(name);
    let cases = [
        (join("alice"), TAKEN),
        (join("ALICE"), TAKEN),
        (join(""), INVALID),
        (join("a b"), INVALID),
        (join("-a"), INVALID),
        (join("a\\n"), "welcome"),
        (join(&"x".repeat(21)), INVALID),
        (join("a\\u0000"), INVALID),
        ("{\"type\":\"join\"}\n".into(), INVALID),
        ("{\"type\":\"join\",\"username\":7}\n".into(), INVALID),
        ("{\"username\":\"bob\"}\n".into(), INVALID),
        ("{\"type\":\"chat\",\"message\":\"hi\"}\n".into(), INVALID),
        ("{\"type\":\"ping\"}\n".into(), INVALID),
        ("{}\n".into(), INVALID),
        ("[]\n".into(), INVALID),
        ("hello\n".into(), INVALID),
    ];
    for (first, answer) in cases {
        let mut peer = server.connect(Json);
        peer.send(&first);
        match answer {
            "welcome" => {
                peer.expect_like(welcome("a", "\"alice\",\"a\""));
            }
            refusal => peer.expect(refusal).expect_eof(),
        }
    }
}

#[test]
fn a_refused_join_with_more_behind_it_is_no_reset() {
    let server = Server::of(&[Json]);
    let _alice = server.join(Json, "alice");
    let mut peer = server.connect(Json);
    peer.send(Json.join("alice") + &Json.say("hi").repeat(1000));
    peer.expect(TAKEN).expect_eof();
}

#[test]
fn messages_are_trimmed_and_blank_ones_ignored() {
    let server = Server::of(&[Json]);
    let mut alice = server.join(Json, "alice");
    let address = alice.address();
    alice.send(Json.say("  hi there\\r\\n\\t"));
    alice.expect_like(Json.said("alice", address, "hi there"));
    alice.send(Json.say("")).send(Json.say(" \\t\\n")).silent();
    alice.send("\n \r\n").silent();
}

#[test]
fn output_is_ascii_and_one_line_an_object() {
    let server = Server::of(&[Json]);
    let mut alice = server.join(Json, "Žofie");
    alice.send(
        "{\"type\":\"chat\",\"message\":\"é🎉\\r\\n\\u0000\\u001b\\u202e\\\"\\\\\u{7f}x\"}\n",
    );
    alice.expect_like(Json.said(
        "\\u017dofie",
        alice.address(),
        "\\u00e9\\ud83c\\udf89\\r\\n\\u0000\\u001b\\u202e\\\"\\\\\\u007fx",
    ));
}

#[test]
fn errors_after_the_join_leave_the_connection() {
    let server = Server::of(&[Json]);
    let mut alice = server.join(Json, "alice");
    let mut bob = server.join(Json, "bob");
    alice.sync();
    for wrong in [
        "{\"type\":\"dance\"}",
        "{\"type\":7}",
        "{\"type\":null}",
        "{\"message\":\"hi\"}",
        "{}",
        "{\"type\":\"chat\"}",
        "{\"type\":\"chat\",\"message\":7}",
        "{\"type\":\"chat\",\"message\":[\"hi\"]}",
        "{\"type\":\"join\",\"username\":\"alice\"}",
        "{\"type\":\"chat\",\"message\":\"\\ud800\"}",
        "hello",
        "[]",
        "7",
        "{\"type\":",
        "{\"type\":\"ping\"}}",
        "{\"type\":\"ping\",\"id\":[]}",
    ] {
        alice.send(format!("{wrong}\n"));
        expect_error(&mut alice);
        alice.silent();
    }
    alice.send(b"{\"type\":\"chat\",\"message\":\"\xff\"}\n");
    expect_error(&mut alice);
    bob.silent();
}

#[test]
fn a_direct_answer_carries_the_requests_id() {
    let server = Server::of(&[Json]);
    let mut alice = server.connect(Json);
    alice.send("{\"type\":\"join\",\"username\":\"alice\",\"id\":\"j\"}\n");
    let welcome = alice.json();
    assert_eq!(
        (&welcome["type"], &welcome["id"]),
        (&json!("welcome"), &json!("j"))
    );
    let mut bob = server.join(Json, "bob");
    alice.sync();
    for id in ["1", "-1.5", "\"a b\"", "\"\\u00e9\\n\"", "9007199254740993"] {
        alice.send(format!("{{\"type\":\"ping\",\"id\":{id}}}\n"));
        alice.expect(format!("{{\"type\":\"pong\",\"id\":{id}}}\n"));
        alice.send(format!(
            "{{\"type\":\"chat\",\"message\":\" \",\"id\":{id}}}\n"
        ));
        alice.expect(format!("{{\"type\":\"ok\",\"id\":{id}}}\n"));
    }
    bob.silent();
    alice.send("{\"type\":\"chat\",\"message\":\"hi\",\"id\":7}\n");
    let own = alice.json();
    assert_eq!(own["message"], "hi");
    let ok = json!({ "type": "ok", "message_id": own["id"], "room": "lobby", "id": 7 });
    assert_eq!(alice.json(), ok, "the message's id, and the request's");
    bob.expect_like(Json.said("alice", alice.address(), "hi"));
    alice.send("{\"type\":\"dance\",\"id\":8}\n");
    assert_eq!(expect_error(&mut alice)["id"], 8);
    alice.send("{\"type\":\"pm\",\"to\":\"bob\",\"message\":\"psst\",\"id\":9}\n");
    let (sent, came) = (alice.json(), bob.json());
    assert_eq!((&sent["type"], &sent["id"]), (&json!("ok"), &json!(9)));
    assert_eq!(
        (&came["message"], &came["id"]),
        (&json!("psst"), &sent["message_id"])
    );
    alice.silent();
}

#[test]
fn what_is_no_frame_before_the_join_leaves_the_connection() {
    let server = Server::of(&[Json]);
    let mut alice = server.connect(Json);
    let too_long = "x".repeat(8193) + "\n";
    for wrong in [b"\xff\n", too_long.as_bytes()] {
        alice.send(wrong);
        expect_error(&mut alice);
    }
    alice.send("\n").send(Json.join("alice"));
    alice.expect_like(welcome("alice", "\"alice\""));
}

#[test]
fn a_refused_join_carries_the_requests_id() {
    let server = Server::of(&[Json]);
    let _alice = server.join(Json, "alice");
    let mut peer = server.connect(Json);
    peer.send("{\"type\":\"join\",\"username\":\"alice\",\"id\":3}\n");
    assert_eq!(expect_error(&mut peer)["id"], 3);
    peer.expect_eof();
}

#[test]
fn a_crowd_is_counted_and_named_by_pages() {
    let server = Server::of(&[Text, Json]);
    let crowd: Vec<TcpStream> = (0..501)
        .map(|n| {
            let mut stream = TcpStream::connect(server.address(Text)).expect("it listens");
            writeln!(stream, "u{n}").expect("it is read");
            stream
        })
        .collect();
    server.expect_log("; 501 online");
    let mut alice = server.connect(Json);
    let welcome = alice.send(Json.join("alice")).json();
    let named = |answer: &Value| answer["users"].as_array().expect("names").len();
    assert_eq!((named(&welcome), &welcome["members"]), (500, &json!(502)));
    assert_eq!(welcome["more"], true);
    let last = welcome["users"][499].as_str().expect("a name").to_owned();
    let mut users = |fields: Value| {
        let mut request = json!({"type": "users"});
        request
            .as_object_mut()
            .expect("one")
            .extend(fields.as_object().expect("one").clone());
        alice.send(format!("{request}\n"));
        let mut answer = alice.json();
        while answer["type"] == "presence" {
            answer = alice.json();
        }
        answer
    };
    let rest = users(json!({"after": last}));
    assert_eq!((named(&rest), &rest["users"][1]), (2, &json!("alice")));
    assert_eq!(
        (&rest["more"], &rest["members"]),
        (&json!(false), &json!(502))
    );
    let some = users(json!({"limit": 2, "room": "lobby", "after": null, "id": 7}));
    assert_eq!(
        (named(&some), &some["more"], &some["id"]),
        (2, &json!(true), &json!(7))
    );
    assert_eq!(users(json!({"after": "nobody"}))["code"], "no_such_nick");
    assert_eq!(users(json!({"limit": 0}))["type"], "error");
    let mut bob = server.connect(Text);
    bob.send("bob\n/who\n");
    let shown = bob.expect_until(" more\n");
    assert!(
        shown.ends_with(" … and 3 more\n".as_bytes()),
        "{}",
        quoted(&shown)
    );
    drop(crowd);
}
