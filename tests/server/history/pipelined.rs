//! Much is asked at once: the answers come one after the other, in the order of the requests, and nobody is
//! dropped for them.

use serde_json::{Value, json};

use super::{keeping, say, until};
use crate::tunnel::{Client, fixture};
use crate::util::*;

const REQUESTS: u64 = 8;

/// A text of the longest that JSON makes the most of.
fn long_text(n: usize) -> String {
    format!("{n:04}{}", "é".repeat(2_046))
}

/// A server where so many such texts were said.
fn spoken_in(data: Option<&std::path::Path>, doors: &[&str], flags: &str, count: usize) -> Server {
    let flags = match data {
        Some(data) => format!("--data {} {flags}", data.display()),
        None => flags.to_string(),
    };
    let server = Server::open(doors, &flags);
    let mut ann = server.join(Json, "ann");
    for n in 0..count {
        let request = json!({"type": "chat", "message": long_text(n)});
        ann.send(request.to_string() + "\n");
        ann.line();
    }
    say(&mut ann, "lobby", "last");
    server
}

fn requests() -> String {
    let requests = (0..REQUESTS).map(|n| json!({"type": "history", "limit": 1000, "id": n}));
    let lines: Vec<String> = requests.map(|request| request.to_string()).collect();
    lines.join("\n")
        + "\n{\"type\":\"rooms\",\"id\":\"rooms\"}\n{\"type\":\"ping\",\"id\":\"end\"}\n"
}

/// Reads all answers, and says whose they were, in that order.
fn answered(mut next: impl FnMut() -> Value) -> Vec<Value> {
    let mut ids = Vec::new();
    loop {
        let event = next();
        match event["type"].as_str() {
            Some("history_end" | "rooms") => ids.push(event["id"].clone()),
            Some("pong") => return ids,
            Some("error") => panic!("{event}"),
            _ => {}
        }
    }
}

fn in_order() -> Vec<Value> {
    (0..REQUESTS)
        .map(|n| json!(n))
        .chain([json!("rooms")])
        .collect()
}

/// A reader that is not at once there for what it asked for.
fn narrow(server: &Server) -> Peer {
    let small = |socket: &socket2::Socket| socket.set_recv_buffer_size(4096).expect("a size");
    Peer::try_connect(server.door(Json), Json, small).expect("somebody listens")
}

#[test]
fn answers_come_in_order_to_who_asks_for_many_at_once() {
    let directory = TempDir::new();
    for data in [None, Some(directory.join("data"))] {
        let server = spoken_in(data.as_deref(), &["json://127.0.0.1:0"], "", 120);
        let mut bob = narrow(&server);
        bob.send(Json.join("bob"));
        until(&mut bob, "welcome");
        bob.send(requests());
        let mut carol = server.join(Json, "carol");
        for _ in 0..50 {
            carol.sync();
        }
        assert_eq!(answered(|| bob.json()), in_order());
        assert!(!server.log().contains("SendQ"), "{}", server.log());
    }
}

#[test]
fn answers_come_in_order_over_websockets_and_tls() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let flags = format!(
        "--tls-cert {} --tls-key {}",
        fixture("chain.pem"),
        fixture("chain.key")
    );
    let doors = ["auto://127.0.0.1:0", "json://127.0.0.1:0"];
    let server = spoken_in(Some(&data), &doors, &flags, 120);
    let mut web = server.join_websocket("hubbub.json", "web");
    for request in requests().lines() {
        web.text(request);
    }
    assert_eq!(answered(|| web.json()), in_order());
    for client in Client::all("asking for many at once") {
        let mut tls = client.connect(server.door(Auto), Json, &fixture("chain.pem"));
        tls.send(Json.join("tess"));
        until(&mut tls, "welcome");
        tls.send(requests());
        assert_eq!(answered(|| tls.json()), in_order());
        tls.send("{\"type\":\"quit\"}\n").rest();
    }
}

#[test]
fn who_waits_for_an_answer_is_heard() {
    let directory = TempDir::new();
    let server = spoken_in(
        Some(&directory.join("data")),
        &["json://127.0.0.1:0", "text://127.0.0.1:0"],
        "",
        30,
    );
    let mut nora = server.join(Text, "Nora");
    nora.sync();
    let mut bob = server.join(Json, "bob");
    bob.send("{\"type\":\"history\",\"id\":1}\n{\"type\":\"chat\",\"message\":\"hi\"}\n{\"type\":\"ping\"}\n");
    until(&mut bob, "history_end");
    until(&mut bob, "pong");
    nora.expect_until("[bob] hi\n");
}

#[test]
fn one_answer_may_be_longer_than_a_sendq() {
    let flags = "--sendq-soft 32KiB --sendq-hard 64KiB";
    for directory in [None, Some(TempDir::new())] {
        let data = directory.as_ref().map(|it| it.join("data"));
        let server = spoken_in(data.as_deref(), &["json://127.0.0.1:0"], flags, 60);
        let mut bob = narrow(&server);
        bob.send(Json.join("bob"));
        until(&mut bob, "welcome");
        bob.send(requests());
        let mut carol = server.join(Json, "carol");
        for _ in 0..50 {
            carol.sync();
        }
        assert_eq!(answered(|| bob.json()), in_order());
    }
}

#[test]
fn who_never_reads_its_answer_is_dropped() {
    let flags = "--sendq-soft 32KiB --sendq-time 300ms";
    let server = spoken_in(None, &["json://127.0.0.1:0"], flags, 60);
    let mut bob = narrow(&server);
    bob.send(Json.join("bob"));
    until(&mut bob, "welcome");
    bob.send(requests());
    server.expect_log("bob left: SendQ exceeded");
}

#[test]
fn who_enters_a_room_that_was_just_made_is_told_of_no_trouble() {
    let directory = TempDir::new();
    let server = keeping(&directory.join("data"), &[Json], "");
    let mut ann = server.join(Json, "ann");
    let mut bob = server.join(Json, "bob");
    until(&mut ann, "user_joined");
    for n in 0..200 {
        let room = format!("room-{n}");
        // What is said last is on its way to the disk when the room is made.
        if n % 2 == 0 {
            ann.say("something");
        }
        let enter = json!({"type": "join_room", "room": room}).to_string() + "\n";
        ann.send(&enter);
        until(&mut ann, "room_joined");
        bob.send(enter);
        ann.send(json!({"type": "leave_room", "room": room}).to_string() + "\n");
        bob.send(json!({"type": "leave_room", "room": room}).to_string() + "\n");
        let came = String::from_utf8(bob.sync()).expect("UTF-8");
        let came = came + &String::from_utf8(ann.sync()).expect("UTF-8");
        assert!(!came.contains("cannot be read"), "{n}: {came}");
    }
}

#[test]
fn who_is_refused_to_quit_is_heard() {
    let words = "x".repeat(500);
    for flags in ["", "--durability seen"] {
        let directory = TempDir::new();
        let server = keeping(&directory.join("data"), &[Text], flags);
        let mut ann = server.join(Text, "ann");
        let mut bob = server.join(Text, "bob");
        // What is said first is on its way to the disk when the quit comes.
        bob.send(format!("one\n/quit {words}\ntwo\n"));
        ann.expect_until("[bob] one\n");
        ann.expect_until("[bob] two\n");
    }
}
