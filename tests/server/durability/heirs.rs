//! Whoever has a name next comes into nothing that was its last owner's, however slow the disk is.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::checker::Promise;
use super::faults::Fault;
use super::kept::House;
use crate::util::*;

const ROUNDS: usize = 3;

/// Asks. Returns the answer, and all that was told up to it.
fn ask(peer: &mut Peer, request: Value) -> (Value, String) {
    let mut request = request;
    request["id"] = "asked".into();
    peer.send(request.to_string() + "\n");
    let mut told = String::new();
    loop {
        let line = peer.line();
        told += &line;
        let event: Value = serde_json::from_str(&line).expect("JSON");
        if event["id"] == "asked" {
            return (event, told);
        }
    }
}

/// Comes in, and makes the name one's own as soon as it is free.
fn take(server: &Server, name: &str) -> Peer {
    let deadline = Instant::now() + 4 * DEADLINE;
    loop {
        let mut peer = server.connect(Json);
        let (come, _) = ask(&mut peer, json!({"type": "join", "username": name}));
        if come["type"] == "welcome" {
            let (answer, _) = ask(&mut peer, json!({"type": "register", "password": "sesame"}));
            if answer["type"] == "ok" {
                return peer;
            }
        }
        assert!(Instant::now() < deadline, "the name is never free");
    }
}

#[test]
fn a_names_next_owner_is_told_nothing_of_the_last_ones() {
    let house = House::new(Promise::Soon);
    let server = house.open();
    let mut bob = server.join(Json, "bob");
    for round in 0..ROUNDS {
        let mut alice = take(&server, "alice");
        house.disk.set(Fault::SlowSync(Duration::from_millis(400)));
        alice.send("{\"type\":\"unregister\"}\n");
        drop(alice);
        for n in 0..20 {
            let text = format!("for the first alice {round}.{n}");
            let private = json!({"type": "pm", "to": "alice", "message": text});
            bob.send(private.to_string() + "\n");
            std::thread::sleep(Duration::from_millis(10));
        }
        house.disk.set(Fault::None);
        let mut heir = take(&server, "alice");
        let history = || json!({"type": "history", "with": "bob"});
        let (_, mut told) = ask(&mut heir, history());
        // What waits for her is told at a login.
        drop(heir);
        let login = json!({"type": "join", "username": "alice", "password": "sesame"});
        let mut heir = server.connect(Json);
        for request in [login, history(), history()] {
            told += &ask(&mut heir, request).1;
        }
        assert!(!told.contains("first alice"), "{told}");
        let (gone, _) = ask(&mut heir, json!({"type": "unregister"}));
        assert_eq!(gone["type"], "ok");
    }
}
