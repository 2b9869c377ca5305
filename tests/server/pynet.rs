use serde_json::{Value, json};

use crate::util::*;

const OBJECT: usize = 1024;

/// Reads one object as the existing client does: one read of 1,024 bytes, one parse.
#[track_caller]
fn object(peer: &mut Peer) -> Value {
    let object = peer.take(OBJECT);
    assert!(object.is_ascii() && object.starts_with(b"{"));
    serde_json::from_slice(&object).expect("one object")
}

#[track_caller]
fn expect_server_message(peer: &mut Peer) -> String {
    let object = object(peer);
    assert_eq!(object["type"], "server_message");
    let text = object["data"].as_str().expect("text").to_owned();
    assert!(!text.is_empty() && !text.contains('\n'), "{text}");
    text
}

#[test]
fn a_session() {
    let server = Server::of(&[Pynet]);
    let mut alice = server.connect(Pynet);
    alice
        .send("{\"type\": \"join\", \"data\": \"Alice\"}")
        .silent();
    let mut bob = server.connect(Pynet);
    bob.send("{\"type\": \"join\", \"data\": \"Bob\"}").silent();
    alice.silent();
    alice
        .send("{\"type\": \"chat\", \"data\": \"Hello\"}")
        .silent();
    bob.expect(padded(
        "{\"type\":\"message\",\"from\":\"Alice\",\"data\":\"Hello\"}",
    ));
    drop(bob);
    alice.expect(padded(
        "{\"type\":\"server_message\",\"data\":\"Bob has left the chat.\"}",
    ));
    alice.silent();
}

#[test]
fn a_join_that_is_refused_is_told_and_closed() {
    let server = Server::of(&[Pynet]);
    let mut alice = server.join(Pynet, "Alice");
    for first in [
        "{\"type\": \"join\", \"data\": \"Alice\"}",
        "{\"type\": \"join\", \"data\": \"alice\"}",
        "{\"type\": \"join\", \"data\": \"a b\"}",
        "{\"type\": \"join\", \"data\": \"xxxxxxxxxxxxxxxxxxxxx\"}",
        "{\"type\": \"join\", \"data\": 7}",
        "{\"type\": \"join\"}",
        "{\"type\": \"chat\", \"data\": \"hi\"}",
        "hello\n",
    ] {
        let mut peer = server.connect(Pynet);
        peer.send(first);
        expect_server_message(&mut peer);
        peer.expect_eof();
    }
    alice.silent();
}

#[test]
fn objects_with_nothing_or_white_space_between() {
    let server = Server::of(&[Pynet]);
    let mut bob = server.join(Pynet, "Bob");
    let mut alice = server.connect(Pynet);
    let says = |text: &str| Pynet.say(text);
    alice.send(format!(
        "  {}{}{}\n{} \r\n\t {}",
        Pynet.join("Alice"),
        says("one"),
        says("two"),
        says("three}{\\\""),
        says("four")
    ));
    for text in ["one", "two", "three}{\\\"", "four"] {
        bob.expect(Pynet.said("Alice", alice.address(), text));
    }
    alice.silent();
}

#[test]
fn an_object_arrives_byte_by_byte() {
    let server = Server::of(&[Pynet]);
    let mut bob = server.join(Pynet, "Bob");
    let mut alice = server.connect(Pynet);
    let session = Pynet.join("Alice") + &Pynet.say("a \\\"{[ \\\\");
    for byte in session.bytes() {
        bob.silent().silent();
        alice.send([byte]);
    }
    bob.expect(Pynet.said("Alice", alice.address(), "a \\\"{[ \\\\"));
}

#[test]
fn errors_are_one_line_and_the_connection_stays() {
    let server = Server::of(&[Pynet]);
    let mut alice = server.join(Pynet, "Alice");
    let mut bob = server.join(Pynet, "Bob");
    for wrong in [
        &b"{\"type\": \"dance\", \"data\": \"\"}"[..],
        b"{\"type\": \"chat\"}",
        b"{\"type\": \"chat\", \"data\": 7}",
        b"{\"type\": \"join\", \"data\": \"Alice\"}",
        b"{\"data\": \"hi\"}",
        b"{}",
        b"{nonsense}",
        b"hello\n",
        b"{\"type\": \"chat\", \"data\": \"\xff\"}",
    ] {
        alice.send(wrong);
        expect_server_message(&mut alice);
        alice.silent();
    }
    bob.silent();
}

#[test]
fn a_long_text_goes_as_several_objects() {
    let server = Server::of(&[Pynet]);
    let mut alice = server.join(Pynet, "Alice");
    let mut bob = server.join(Pynet, "Bob");
    for text in ["x".repeat(4096), "é🎉".repeat(600), "\\\"".repeat(900)] {
        let sent = json!({"type": "chat", "data": text});
        alice.send(sent.to_string()).silent();
        let mut came = String::new();
        while came.len() < text.len() {
            let object = object(&mut bob);
            assert_eq!(
                (&object["type"], &object["from"]),
                (&json!("message"), &json!("Alice"))
            );
            came += object["data"].as_str().expect("text");
        }
        assert_eq!(came, text);
        bob.silent();
    }
}

#[test]
fn a_burst_arrives_in_whole_objects() {
    let server = Server::of(&[Pynet]);
    let mut alice = server.join(Pynet, "Alice");
    let mut bob = server.join(Pynet, "Bob");
    let burst: String = (0..200).map(|n| Pynet.say(&n.to_string())).collect();
    alice.send(burst);
    for n in 0..200 {
        bob.expect(Pynet.said("Alice", alice.address(), &n.to_string()));
    }
    bob.silent();
}

#[test]
fn what_is_no_command_is_said() {
    let server = Server::of(&[Pynet]);
    let mut alice = server.join(Pynet, "Alice");
    let mut bob = server.join(Pynet, "Bob");
    for (sent, said) in [
        ("/shrug", "/shrug"),
        ("/shrug it off", "/shrug it off"),
        ("  /", "  /"),
        ("//shrug", "//shrug"),
        ("//list", "/list"),
        (":pm Bob hi", ":pm Bob hi"),
    ] {
        alice.say(sent).silent();
        bob.expect(Pynet.said("Alice", alice.address(), said));
    }
    alice.say("  /list");
    assert_eq!(expect_server_message(&mut alice), "Here: Alice, Bob");
    alice.say("/pm Bob");
    let usage = "Usage: /pm NAME TEXT";
    assert_eq!(expect_server_message(&mut alice), usage);
    bob.silent();
}

#[test]
fn blank_messages_are_nothing() {
    let server = Server::of(&[Pynet]);
    let mut alice = server.join(Pynet, "Alice");
    let mut bob = server.join(Pynet, "Bob");
    alice.say("").say("  ").silent();
    bob.silent();
}

#[test]
fn what_has_no_form_is_a_server_message() {
    let server = Server::of(&[Pynet, Text]);
    let mut alice = server.join(Pynet, "Alice");
    let mut bob = server.join(Text, "Bob");
    bob.send("/pm alice psst\n");
    assert!(expect_server_message(&mut alice).contains("psst"));
    bob.send("/join den\n").sync();
    alice.silent();
}
