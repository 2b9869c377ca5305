//! What was said in a room, over HTTP, for whoever has a token.

use serde_json::{Value, json};

use crate::http_client::*;
use crate::util::*;

const MESSAGES: &str = "/api/v1/rooms/lobby/messages";

fn with_tokens(directory: &TempDir, flags: &str) -> Server {
    let file = directory.join("tokens");
    std::fs::write(&file, "secret bot\n").expect("a file");
    let flags = format!("--api-token-file {} {flags}", file.display());
    Server::with(&[Http, Auto, Text, Json], &flags)
}

fn read(server: &Server, path: &str) -> Response {
    let headers = "Authorization: Bearer secret\r\n";
    server.request(server.door(Http), &format!("GET {path}"), headers, "")
}

fn texts(page: &Value) -> Vec<&str> {
    let messages = page["messages"].as_array().expect("messages").iter();
    messages
        .map(|message| message["message"].as_str().expect("text"))
        .collect()
}

fn ids(page: &Value) -> Vec<u64> {
    let messages = page["messages"].as_array().expect("messages").iter();
    messages
        .map(|message| message["id"].as_u64().expect("an id"))
        .collect()
}

/// Somebody says 30 things, all of which are on disk where they are kept.
fn speak(server: &Server) -> Peer {
    let mut alice = server.join(Json, "Alice");
    for n in 0..29 {
        alice.send(format!("{{\"type\":\"chat\",\"message\":\"m{n}\"}}\n"));
    }
    alice.send("{\"type\":\"me\",\"message\":\"waves \u{e9}\",\"id\":1}\n");
    alice.expect_until("\"id\":1");
    alice.sync();
    alice
}

fn check_pages(server: &Server) {
    let page = read(server, MESSAGES).json();
    assert_eq!(
        (&page["type"], &page["room"]),
        (&json!("messages"), &json!("lobby"))
    );
    assert_eq!(page["more"], true);
    let shown = texts(&page);
    assert_eq!(
        (shown.len(), shown[0], shown[19]),
        (20, "m10", "waves \u{e9}")
    );
    let last = &page["messages"][19];
    assert_eq!(
        (&last["username"], &last["kind"]),
        (&json!("Alice"), &json!("me"))
    );
    assert_eq!(page["messages"][0]["kind"], "chat");
    assert!(
        last["timestamp"].as_f64().is_some_and(|at| at > 1.7e9),
        "{last}"
    );
    // All of it, a page at a time.
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let page = read(server, &format!("{MESSAGES}?after={after}&limit=7")).json();
        assert!(ids(&page).is_sorted() && ids(&page)[0] > after);
        after = *ids(&page).last().expect("some");
        all.extend(texts(&page).into_iter().map(String::from));
        if page["more"] == false {
            break;
        }
    }
    assert_eq!((all.len(), all[0].as_str()), (30, "m0"));
    let before = ids(&page)[0];
    let earlier = read(server, &format!("{MESSAGES}?before={before}&limit=4&x=y")).json();
    assert_eq!(
        (texts(&earlier), &earlier["more"]),
        (vec!["m6", "m7", "m8", "m9"], &json!(true))
    );
    let none = read(server, &format!("{MESSAGES}?after={after}")).json();
    assert_eq!((texts(&none), &none["more"]), (vec![], &json!(false)));
    assert_eq!(
        texts(&read(server, &format!("{MESSAGES}?since=1")).json()).len(),
        20
    );
    assert_eq!(
        texts(&read(server, &format!("{MESSAGES}?limit=99999")).json()).len(),
        30
    );
    assert_eq!(
        texts(&read(server, "/api/v1/rooms/L%6fbby/messages?limit=%31").json()).len(),
        1
    );
}

#[test]
fn pages_from_memory_and_from_disk() {
    let directory = TempDir::new();
    let server = with_tokens(&directory, "");
    let alice = speak(&server);
    check_pages(&server);
    drop(alice);
    let kept = format!("--data {}", directory.join("data").display());
    let server = with_tokens(&directory, &kept);
    let alice = speak(&server);
    check_pages(&server);
    drop(alice);
    drop(server);
    let server = with_tokens(&directory, &kept);
    check_pages(&server);
}

#[test]
fn who_may_read_what() {
    let directory = TempDir::new();
    for kept in [
        String::new(),
        format!("--data {}", directory.join("data").display()),
    ] {
        let server = with_tokens(&directory, &kept);
        let mut alice = server.join(Text, "Alice");
        alice.send("/join den sesame\n/key sesame\nhidden\n").sync();
        let door = server.door(Http);
        for (headers, status) in [
            ("", 401),
            ("Authorization: Bearer wrong\r\n", 401),
            ("Authorization: Basic secret\r\n", 401),
            (
                "Authorization: Bearer secret\r\nOrigin: http://evil.example\r\n",
                403,
            ),
            ("Authorization: Bearer secret\r\n", 200),
        ] {
            let response = server.request(door, &format!("GET {MESSAGES}"), headers, "");
            assert_eq!(response.status, status, "{headers}");
            assert_eq!(response.header("WWW-Authenticate").is_some(), status == 401);
        }
        for (path, status) in [
            ("/api/v1/rooms/nowhere/messages", 404),
            ("/api/v1/rooms/a%20b/messages", 400),
            ("/api/v1/rooms/den/messages", 403),
        ] {
            let response = read(&server, path);
            assert_eq!(response.status, status, "{path}");
            assert!(!response.text().contains("hidden"));
        }
        for bad in [
            "limit=0",
            "limit=-1",
            "limit=x",
            "limit=",
            "limit",
            "after=-1",
            "after=1.5",
            "before=%zz",
            "before=99999999999999999999",
            "limit=1&limit=2",
            "after=1&after=1",
            "since=yesterday",
            "limit=+1",
        ] {
            assert_eq!(
                read(&server, &format!("{MESSAGES}?{bad}")).status,
                400,
                "{bad}"
            );
        }
        let head = server.request(
            door,
            &format!("HEAD {MESSAGES}"),
            "Authorization: Bearer secret\r\n",
            "",
        );
        assert_eq!((head.status, head.body.len()), (200, 0));
        // Where nobody has a token, nobody reads.
        let bare = Server::of(&[Http]);
        assert_eq!(bare.get(MESSAGES).status, 401);
    }
}

#[test]
fn what_was_posted_is_read_behind_it_and_a_bot_reads_where_it_is() {
    let directory = TempDir::new();
    let server = with_tokens(
        &directory,
        &format!("--data {}", directory.join("data").display()),
    );
    let authorized = "Authorization: Bearer secret\r\n";
    let mut peer = Peer::connect(server.door(Http), Http);
    let body = "{\"message\":\"posted\"}";
    let post = request(
        &format!("POST {MESSAGES}"),
        &format!("{authorized}Content-Length: {}\r\n", body.len()),
    );
    let get = request(&format!("GET {MESSAGES}?limit=1"), authorized);
    peer.send(format!("{post}{body}{get}{post}{body}{get}"));
    for _ in 0..2 {
        assert_eq!(peer.response().status, 201);
        assert_eq!(texts(&peer.response().json()), ["posted"]);
    }
    // A bot of an account.
    let mut alice = server.join(Json, "Alice");
    alice
        .send("{\"type\":\"register\",\"password\":\"sesame\",\"id\":1}\n")
        .expect_until("\"id\":1}\n");
    alice.send("{\"type\":\"token\",\"action\":\"new\",\"name\":\"robot\",\"id\":2}\n");
    let token = loop {
        let event = alice.json();
        if event["type"] == "token" {
            break event["token"].as_str().expect("a token").to_owned();
        }
    };
    alice.send("{\"type\":\"join_room\",\"room\":\"den\"}\n{\"type\":\"key\",\"room\":\"den\",\"key\":\"k\"}\n");
    alice
        .send("{\"type\":\"chat\",\"room\":\"den\",\"message\":\"inside\",\"id\":3}\n")
        .expect_until("\"id\":3");
    let status = |room: &str| {
        let headers = format!("Authorization: Bearer {token}\r\n");
        let path = format!("GET /api/v1/rooms/{room}/messages");
        server.request(server.door(Http), &path, &headers, "")
    };
    assert_eq!((status("lobby").status, status("den").status), (200, 403));
    let mut robot = server.connect(Json);
    robot.send(format!(
        "{{\"type\":\"join\",\"username\":\"robot\",\"token\":\"{token}\"}}\n"
    ));
    robot.expect_until("\"welcome\"");
    robot
        .send("{\"type\":\"join_room\",\"room\":\"den\",\"key\":\"k\",\"id\":1}\n")
        .expect_until("room_joined");
    assert_eq!(texts(&status("den").json()), ["inside"]);
    server.expect_log("token name=robot address=127.0.0.1");
}
