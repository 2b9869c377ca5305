//! What was said before where that is much, or where who asks does not stay.

use serde_json::json;

use super::{ask, keeping, say, until};
use crate::util::*;

/// Has so many messages said, each of `text`. Returns the first id.
fn say_many(server: &Server, count: usize, text: &str) -> u64 {
    let first = say(&mut server.join(Json, "ann"), "lobby", "first");
    let mut nora = server.join(Text, "Nora");
    for _ in 0..count {
        nora.send(format!("{text}\n"));
    }
    nora.send("/me is done\n").expect_until("* Nora is done\n");
    say(&mut server.join(Json, "Jim"), "lobby", "last");
    first
}

#[test]
fn who_resumes_on_a_quiet_server_is_shown_everything() {
    let directory = TempDir::new();
    let server = keeping(&directory.join("data"), &[Text, Json], "");
    let first = say_many(&server, 700, &"x".repeat(2_000));
    let mut bob = server.connect(Json);
    let join = json!({"type": "join", "username": "bob", "resume": {"lobby": first}});
    bob.send(join.to_string() + "\n");
    let mut count = 1;
    while until(&mut bob, "history")["message"] != "last" {
        count += 1;
    }
    assert_eq!(count, 702);
}

#[test]
fn who_quits_is_answered_first() {
    let directory = TempDir::new();
    let server = keeping(&directory.join("data"), &[Text, Json], "--replay 0");
    let mut ann = server.join(Json, "ann");
    say(&mut ann, "lobby", "hi");
    let mut nc = server.connect(Text);
    nc.send("Nora\n/history\n/quit\n").shutdown_write();
    let heard = String::from_utf8(nc.rest()).expect("UTF-8");
    assert!(heard.contains("[ann] hi"), "{heard}");
    ann.send("{\"type\":\"chat\",\"message\":\"bye\",\"id\":7}\n{\"type\":\"quit\",\"id\":8}\n");
    assert_eq!(until(&mut ann, "ok")["id"], 7);
}

#[test]
fn what_is_said_before_a_leave_is_told_before_it() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = keeping(&data, &[Text, Json], "--durability seen");
    let mut ann = server.join(Json, "ann");
    let mut nc = server.connect(Text);
    nc.send("Nora\nbye\n/quit\n");
    until(&mut ann, "user_joined");
    assert_eq!(ann.json()["message"], "bye");
    assert_eq!(ann.json()["type"], "user_left");
}

#[test]
fn the_longest_messages_do_not_put_out_who_asks_for_them() {
    let directory = TempDir::new();
    let server = keeping(&directory.join("data"), &[Text, Json], "");
    let first = say_many(&server, 600, &"\"".repeat(4_000));
    let mut bob = server.join(Json, "bob");
    let mut after = first;
    let mut count = 0;
    loop {
        let request = json!({"type": "history", "after": after, "limit": 1000});
        bob.send(request.to_string() + "\n");
        let end = loop {
            let event = bob.json();
            if event["type"] != "history" {
                break event;
            }
            after = event["id"].as_u64().expect("an id");
            count += 1;
        };
        assert_eq!(end["type"], "history_end");
        if end["more"] == false {
            break;
        }
    }
    assert_eq!(count, 602);
    let newest = json!({"type": "history", "limit": 1000});
    let end = ask(&mut bob, newest, "history_end");
    assert_eq!(end["more"], true);
    let mut cat = server.connect(Json);
    let join = json!({"type": "join", "username": "cat", "resume": {"lobby": first}});
    cat.send(join.to_string() + "\n");
    while until(&mut cat, "history")["message"] != "last" {}
}
