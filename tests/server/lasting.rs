//! How many accounts there may be, how long they last, and what is told of many rooms.

use std::time::Instant;

use serde_json::json;

use crate::durability::kill;
use crate::util::*;

const ROOMS_A_PAGE: usize = 500;

/// Comes in under a name, as soon as that is nobody's.
fn take_name(server: &Server, name: &str) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let mut peer = server.connect(Json);
        peer.send(format!("{}\n", json!({"type": "join", "username": name})));
        if peer.json()["type"] == "welcome" {
            return;
        }
        assert!(Instant::now() < deadline, "{name} never ends");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn an_account_that_nobody_uses_ends_also_after_a_restart() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let flags = format!("--strict-names --data {}", data.display());
    let server = Server::with(&[Json, Text], &flags);
    let mut alice = server.join(Text, "alice");
    alice
        .send("/register sesame\n")
        .expect("[Server] alice is registered, and you are logged in.\n");
    alice.send("/join den\n").sync();
    drop(alice);
    kill(server);
    let server = Server::with(&[Json, Text], &format!("{flags} --account-expiry 1s"));
    let mut bob = server.join(Text, "bob");
    bob.send("/register sesame\n")
        .expect("[Server] bob is registered, and you are logged in.\n");
    take_name(&server, "alice");
    // Who is here uses its account.
    let mut eve = server.connect(Text);
    eve.expect(PROMPT)
        .send("bob\n")
        .expect("[Server] That name is taken. Enter your name: ");
    bob.sync();
    let told = bob.send("/rooms\n").sync();
    let told = String::from_utf8(told).expect("UTF-8");
    assert!(
        told.starts_with("[Server] #lobby (") && !told.contains("#den"),
        "the room went with its owner: {told}"
    );
    server.expect_log("expiry name=alice");
}

#[test]
fn an_address_registers_so_many_names() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let flags = "--limit-loopback --rate-limit off --connect-rate off";
    let server = Server::with(&[Text], &format!("{flags} --data {}", data.display()));
    let mut peer = server.join(Text, "user0");
    for n in 0..20 {
        peer.send("/register sesame\n").expect(format!(
            "[Server] user{n} is registered, and you are logged in.\n"
        ));
        peer.send(format!("/nick user{}\n", n + 1)).sync();
    }
    peer.send("/register sesame\n")
        .expect("[Server] As many names were registered from your address as may be in a day.\n");
}

/// A page of the rooms over HTTP: their names, and whether there are more.
fn page(server: &Server, query: &str) -> (Vec<String>, bool) {
    let list = server.get(&format!("/api/v1/rooms{query}")).json();
    let rooms = list["rooms"].as_array().expect("rooms").iter();
    let names = rooms.map(|room| room["room"].as_str().expect("a name").to_owned());
    (names.collect(), list["more"] == true)
}

#[test]
fn many_rooms_are_told_by_pages() {
    let server = Server::with(&[Auto, Text, Json], "");
    let users: Vec<Peer> = (0..28)
        .map(|user| {
            let mut peer = server.join(Text, &format!("user{user}"));
            for room in 0..19 {
                peer.send(format!("/join r{user}-{room}\n"));
            }
            peer.sync();
            peer
        })
        .collect();
    let (first, has_more) = page(&server, "");
    assert_eq!((first.len(), has_more), (ROOMS_A_PAGE, true));
    assert_eq!(first[0], "lobby");
    let (second, has_more) = page(&server, "?page=2");
    assert_eq!(
        (second.len(), has_more),
        (28 * 19 + 1 - ROOMS_A_PAGE, false)
    );
    let last = first.last().expect("rooms");
    assert_eq!(page(&server, &format!("?after={last}")).0, second);
    for (query, status) in [
        ("?page=0", 400),
        ("?page=x", 400),
        ("?after=no%20", 400),
        ("?after=none", 404),
    ] {
        let path = format!("/api/v1/rooms{query}");
        assert_eq!(server.get(&path).status, status, "{query}");
    }
    let mut jan = server.join(Json, "jan");
    jan.send("{\"type\":\"rooms\"}\n");
    let told = jan.json();
    assert_eq!(told["rooms"].as_array().map(Vec::len), Some(ROOMS_A_PAGE));
    assert_eq!(told["more"], true);
    jan.send(format!("{}\n", json!({"type": "rooms", "after": last})));
    let told = jan.json();
    assert_eq!(told["rooms"].as_array().map(Vec::len), Some(second.len()));
    assert_eq!(told.get("more"), None);
    let mut tom = server.join(Text, "tom");
    let told = tom.send("/rooms\n").expect_until("/rooms 2\n");
    assert!(told.ends_with(b"[Server] There are more: /rooms 2\n"));
    tom.send("/rooms 2\n")
        .expect(format!("[Server] #{} (1)\n", second[0]));
    drop(users);
}

#[test]
fn a_closed_room_tells_strangers_its_name_and_size() {
    let server = Server::with(&[Auto, Text, Json, Colon], "");
    let mut alice = server.join(Text, "alice");
    for line in ["/join den", "/topic about secrets", "/key sesame"] {
        alice.send(format!("{line}\n")).sync();
    }
    let listed = server.get("/api/v1/rooms").json();
    let den = json!({"room": "den", "members": 1});
    assert!(
        listed["rooms"].as_array().expect("rooms").contains(&den),
        "{listed}"
    );
    assert_eq!(server.get("/api/v1/rooms/den/users").status, 403);
    let mut bob = server.join(Text, "bob");
    bob.send("/rooms\n")
        .expect("[Server] #lobby (2)\n[Server] #den (1)\n");
    bob.send("/who den\n")
        .expect("[Server] You are not in #den.\n");
    bob.send("/whois alice\n")
        .expect("[Server] alice: in #lobby\n");
    let mut cora = server.join(Colon, "cora");
    cora.sync();
    cora.send(":group members den")
        .expect(red("You are not in group den"));
    let mut jan = server.join(Json, "jan");
    jan.send("{\"type\":\"users\",\"room\":\"den\"}\n");
    assert_eq!(jan.json()["code"], "not_in_room");
    jan.send("{\"type\":\"topic\",\"room\":\"den\"}\n");
    assert_eq!(jan.json()["code"], "not_in_room");
    bob.sync();
    bob.send("/join den sesame\n").sync();
    bob.send("/who den\n")
        .expect("[Server] In #den: alice, bob\n");
}
