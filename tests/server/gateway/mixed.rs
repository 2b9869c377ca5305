//! One room with readers and speakers of every kind.

use super::secure::{secure, tls_flags};
use crate::util::*;
use crate::websocket_client::*;

/// Somebody in the room, however they came.
enum Member {
    Stream(Peer),
    Web(WebSocket),
}

use Member::{Stream, Web};

impl Member {
    fn say(&mut self, text: &str) {
        match self {
            Stream(peer) => drop(peer.say(text)),
            Web(web) => drop(web.say(text)),
        }
    }

    /// All lines or messages that came.
    fn sync(&mut self) -> Vec<String> {
        match self {
            Stream(peer) => {
                let came = String::from_utf8(peer.sync()).expect("UTF-8");
                came.lines().map(String::from).collect()
            }
            Web(web) => web.sync(),
        }
    }
}

/// `[who] what` of a line or an object.
fn said(came: &str) -> Option<String> {
    if came.starts_with('{') {
        let object: serde_json::Value = serde_json::from_str(came).expect(came);
        let is_chat = object["type"] == "chat";
        let [who, what] = ["username", "message"].map(|key| object[key].as_str().unwrap_or(""));
        return is_chat.then(|| format!("[{who}] {what}"));
    }
    (came.starts_with('[') && !came.starts_with("[Server]")).then(|| came.to_owned())
}

/// One of each kind: its name, and whether it is told what it says itself.
fn come_in(server: &Server) -> Vec<(&'static str, bool, Member)> {
    let door = server.doors()[0].as_str();
    let join = |mut peer: Peer, dialect: Dialect, nick: &'static str| {
        peer.dialect = dialect;
        peer.send(dialect.join(nick)).sync();
        (nick, dialect == Json, Stream(peer))
    };
    let join_web = |peer: Peer, protocol, nick: &'static str| {
        let mut web = WebSocket::upgrade(peer, "/ws", Some(protocol));
        web.join(nick);
        (nick, protocol == "hubbub.json", Web(web))
    };
    vec![
        join(Peer::connect(door, Text), Text, "text"),
        join(Peer::connect(door, Json), Json, "json"),
        join(secure(door).0, Text, "text-tls"),
        join(secure(door).0, Json, "json-tls"),
        join_web(Peer::connect(door, Http), "hubbub.text", "text-ws"),
        join_web(Peer::connect(door, Http), "hubbub.json", "json-ws"),
        join_web(secure(door).0, "hubbub.text", "text-wss"),
        join_web(secure(door).0, "hubbub.json", "json-wss"),
    ]
}

#[test]
fn everyone_hears_the_same_in_the_same_order() {
    let server = Server::with(&[Auto], &tls_flags());
    let mut members = come_in(&server);
    let long = "é".repeat(2000);
    for round in 0..40 {
        for (_, _, member) in &mut members {
            let more = if round % 8 == 0 { long.as_str() } else { "" };
            member.say(&format!("{round} {more}"));
        }
    }
    // When each has been round, all that was said has been; and has been handed out in one more.
    let mut heard = vec![Vec::new(); members.len()];
    for _ in 0..3 {
        for ((_, _, member), heard) in members.iter_mut().zip(&mut heard) {
            heard.extend(member.sync().iter().filter_map(|came| said(came)));
        }
    }
    // Who is told its own words has heard them all.
    let all = heard[1].clone();
    assert_eq!(all.len(), 40 * members.len());
    for ((nick, hears_own, _), heard) in members.iter().zip(heard) {
        let own = format!("[{nick}] ");
        let expected = all
            .iter()
            .filter(|said| *hears_own || !said.starts_with(&own));
        let expected: Vec<&String> = expected.collect();
        assert!(heard.iter().eq(expected), "{nick}: {heard:?}");
    }
}

#[test]
fn a_burst_over_tls_is_delayed_and_arrives_whole() {
    const LINES: usize = 3000;
    let server = Server::with(&[Auto], &format!("--rate-limit 2000,10 {}", tls_flags()));
    let door = server.doors()[0].clone();
    let mut bob = Peer::connect(&door, Text);
    bob.send("bob\n").expect(PROMPT).line();
    let mut alice = secure(&door).0;
    alice.dialect = Text;
    alice.send("alice\n").expect(PROMPT).line();
    bob.line();
    // Much of it waits decrypted, and no event will come for that.
    let lines: String = (0..LINES).map(|n| format!("{n}\n")).collect();
    alice.send(lines);
    for n in 0..LINES {
        bob.expect(format!("[alice] {n}\n"));
    }
    alice.silent();
}
