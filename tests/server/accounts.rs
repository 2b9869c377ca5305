//! Names that belong to people: how they are made one's own, and that it lasts.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::durability::{kill, wait_until};
use crate::util::*;

const WRONG: &str = "The name or the password is wrong.";
const PASSWORD: &str = "correct horse 7!";

/// A server with accounts in a directory.
fn with_accounts(data: &Path, dialects: &[Dialect], flags: &str) -> Server {
    Server::with(dialects, &format!("--data {} {flags}", data.display()))
}

/// Asks, and returns the answer; what others do meanwhile is passed over.
#[track_caller]
fn ask(peer: &mut Peer, request: Value) -> Value {
    let mut request = request;
    request["id"] = "asked".into();
    peer.send(request.to_string() + "\n");
    loop {
        let event = peer.json();
        if event["id"] == "asked" {
            return event;
        }
    }
}

#[track_caller]
fn granted(peer: &mut Peer, request: Value) -> Value {
    let answer = ask(peer, request);
    assert_ne!(answer["type"], "error", "{answer}");
    answer
}

#[track_caller]
fn refused(peer: &mut Peer, request: Value) -> String {
    let answer = ask(peer, request);
    assert_eq!(answer["type"], "error", "{answer}");
    answer["message"].as_str().expect("words").to_owned()
}

/// Comes in over JSON with these fields beside the name.
#[track_caller]
fn come(server: &Server, name: &str, fields: Value) -> (Peer, Value) {
    let mut join = json!({"type": "join", "username": name});
    for (field, value) in fields.as_object().expect("fields") {
        join[field] = value.clone();
    }
    let mut peer = server.connect(Json);
    let answer = ask(&mut peer, join);
    (peer, answer)
}

#[track_caller]
fn log_in(server: &Server, name: &str) -> Peer {
    let (peer, answer) = come(server, name, json!({"password": PASSWORD}));
    assert_eq!(answer["type"], "welcome", "{answer}");
    peer
}

/// Comes in and makes the name one's own.
#[track_caller]
fn register(server: &Server, name: &str) -> Peer {
    let mut peer = server.join(Json, name);
    granted(&mut peer, json!({"type": "register", "password": PASSWORD}));
    peer
}

/// Reads on to an event of that type.
#[track_caller]
fn until(peer: &mut Peer, kind: &str) -> Value {
    loop {
        let event = peer.json();
        if event["type"] == kind {
            return event;
        }
    }
}

#[test]
fn a_name_is_made_ones_own_and_taken_up_again() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = with_accounts(&data, &[Json, Text], "");
    let mut alice = register(&server, "Alice");
    assert!(refused(&mut alice, json!({"type": "register", "password": "x"})).contains("already"));
    alice.send("{\"type\":\"quit\"}\n").rest();
    drop(alice);
    kill(server);

    let server = with_accounts(&data, &[Json, Text], "");
    for (name, password) in [("Alice", "wrong"), ("Nobody", PASSWORD), ("ALICE", "")] {
        let (mut peer, answer) = come(&server, name, json!({"password": password}));
        assert_eq!(answer["type"], "error", "{answer}");
        if !password.is_empty() {
            assert_eq!(answer["message"], WRONG);
        }
        peer.expect_eof();
    }
    drop(log_in(&server, "Alice"));
    // At the prompt for a name, and afterwards.
    let mut nora = server.connect(Text);
    nora.expect(PROMPT).send("/login alice wrong\n");
    nora.expect_until(PROMPT);
    nora.send(format!("/login alice {PASSWORD}\n"));
    nora.expect_until("alice joined the chat!\n");
    nora.send("/quit\n").rest();
    let mut guest = server.join(Text, "somebody");
    guest.send(format!("/login Alice {PASSWORD}\n"));
    guest.expect_until("You are logged in as Alice.\n");
    guest.send("/logout\n");
    guest.sync();
    guest.send("/list\n").expect_until("Current clients: ");
    assert!(!guest.line().contains("Alice"));
}

#[test]
fn a_password_is_changed_and_an_account_forgotten() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = with_accounts(&data, &[Json], "");
    let mut alice = register(&server, "Alice");
    let wrong = json!({"type": "passwd", "old": "wrong", "password": "new"});
    refused(&mut alice, wrong);
    granted(
        &mut alice,
        json!({"type": "passwd", "old": PASSWORD, "password": "new one"}),
    );
    drop(alice);
    let (mut old, answer) = come(&server, "Alice", json!({"password": PASSWORD}));
    assert_eq!(answer["message"], WRONG);
    old.expect_eof();
    kill(server);
    let server = with_accounts(&data, &[Json], "");
    let (mut alice, answer) = come(&server, "Alice", json!({"password": "new one"}));
    assert_eq!(answer["type"], "welcome", "{answer}");
    granted(
        &mut alice,
        json!({"type": "unregister", "password": "new one"}),
    );
    kill(server);
    let server = with_accounts(&data, &[Json], "--strict-names");
    server.join(Json, "Alice").silent();
}

#[test]
fn a_guest_under_a_registered_name_gets_another_after_its_grace() {
    let directory = TempDir::new();
    let server = with_accounts(&directory.join("data"), &[Json, Text], "--grace 1s");
    drop(register(&server, "Alice"));
    let mut watcher = server.join(Json, "watcher");
    let mut guest = server.connect(Text);
    guest.expect(PROMPT).send("alice\n");
    guest.expect_until("is registered");
    let renamed = until(&mut watcher, "nick");
    assert_eq!(renamed["username"], "alice");
    assert!(
        renamed["to"]
            .as_str()
            .is_some_and(|to| to.starts_with("Guest-")),
        "{renamed}"
    );
    guest.expect_until("Guest-");
    // Who logs in in time keeps it.
    let mut owner = server.connect(Text);
    owner.expect(PROMPT).send("alice\n");
    owner.expect_until("is registered");
    owner.send(format!("/login alice {PASSWORD}\n"));
    owner.expect_until("You are logged in as alice.\n");
    // The owner's login puts a guest aside at once.
    let server = with_accounts(&directory.join("other"), &[Json, Text], "--grace 1h");
    drop(register(&server, "Alice"));
    let mut guest = server.join(Json, "alice");
    let _alice = log_in(&server, "Alice");
    let renamed = until(&mut guest, "nick");
    assert!(
        renamed["to"]
            .as_str()
            .is_some_and(|to| to.starts_with("Guest-")),
        "{renamed}"
    );
}

#[test]
fn strict_names_are_refused_at_once() {
    let directory = TempDir::new();
    let server = with_accounts(&directory.join("data"), &[Json, Text], "--strict-names");
    drop(register(&server, "Alice"));
    let (mut json, answer) = come(&server, "alice", json!({}));
    assert_eq!(answer["type"], "error", "{answer}");
    json.expect_eof();
    let mut text = server.connect(Text);
    text.expect(PROMPT).send("ALICE\n");
    text.expect_until(PROMPT);
    let mut bob = server.join(Json, "bob");
    refused(&mut bob, json!({"type": "nick", "username": "Alice"}));
}

#[test]
fn an_account_is_at_several_places_if_it_asks_for_it() {
    let directory = TempDir::new();
    let server = with_accounts(&directory.join("data"), &[Json], "");
    let mut watcher = server.join(Json, "watcher");
    let mut first = register(&server, "Alice");
    watcher.sync();
    let fields = json!({"password": PASSWORD, "multi": true});
    let (mut second, answer) = come(&server, "Alice", fields);
    assert_eq!(answer["type"], "welcome", "{answer}");
    assert_eq!(answer["users"], json!(["watcher", "Alice"]));
    watcher.silent();
    watcher.send(Json.say("hello both"));
    for peer in [&mut first, &mut second] {
        assert_eq!(until(peer, "chat")["message"], "hello both");
    }
    watcher.sync();
    second.send(Json.say("from the second"));
    for peer in [&mut first, &mut second, &mut watcher] {
        let said = until(peer, "chat");
        assert_eq!(
            (&said["message"], &said["username"]),
            (&json!("from the second"), &json!("Alice"))
        );
    }
    watcher.send("{\"type\":\"pm\",\"to\":\"alice\",\"message\":\"psst\"}\n");
    for peer in [&mut first, &mut second] {
        assert_eq!(until(peer, "pm")["message"], "psst");
    }
    watcher.sync();
    drop(first);
    second.send(Json.say("one is left"));
    let said = watcher.json();
    assert_eq!(
        (&said["type"], &said["message"]),
        (&json!("chat"), &json!("one is left"))
    );
    // A login that does not ask for it takes over.
    second.sync();
    let _third = log_in(&server, "Alice");
    second.rest();
}

/// Makes a bot for who is logged in. Returns its token.
#[track_caller]
fn make_bot(owner: &mut Peer) -> String {
    let request = json!({"type": "token", "action": "new", "name": "robot"});
    let made = granted(owner, request);
    made["token"].as_str().expect("a token").to_owned()
}

#[test]
fn a_bot_comes_in_by_its_token_until_that_is_dropped() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = with_accounts(&data, &[Json], "");
    let mut alice = register(&server, "Alice");
    let token = make_bot(&mut alice);
    assert!(token.starts_with("hub_") && token.len() > 40, "{token}");
    let come_as_bot = |server: &Server, field: &str| come(server, "robot", json!({field: token}));
    for field in ["token", "password"] {
        let (_bot, answer) = come_as_bot(&server, field);
        assert_eq!(answer["type"], "welcome", "{answer}");
    }
    drop(alice);
    kill(server);
    let server = with_accounts(&data, &[Json], "");
    let (mut bot, answer) = come_as_bot(&server, "token");
    assert_eq!(answer["type"], "welcome", "{answer}");
    let mut alice = log_in(&server, "Alice");
    granted(
        &mut alice,
        json!({"type": "token", "action": "drop", "name": "robot"}),
    );
    until(&mut bot, "kicked");
    bot.rest();
    let (mut bot, answer) = come_as_bot(&server, "token");
    assert_eq!(answer["message"], WRONG);
    bot.expect_eof();
}

#[test]
fn a_bot_speaks_through_the_api() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let tokens = directory.join("tokens");
    std::fs::write(&tokens, "of-the-file builder\n").expect("a file");
    let flags = format!("--api-token-file {}", tokens.display());
    let server = with_accounts(&data, &[Json, Auto], &flags);
    let mut alice = register(&server, "Alice");
    let token = make_bot(&mut alice);
    let post = |server: &Server, token: &str| {
        let door = server.door(Auto).to_owned();
        let headers =
            format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
        let body = "{\"message\":\"by the API\"}";
        let path = "POST /api/v1/rooms/lobby/messages";
        server.request(&door, path, &headers, body).status
    };
    assert_eq!(post(&server, &token) / 100, 2);
    let said = until(&mut alice, "chat");
    assert_eq!(
        (&said["username"], &said["message"]),
        (&json!("robot"), &json!("by the API"))
    );
    assert_eq!(post(&server, &token.replace("hub_", "hub-")), 401);
    drop(alice);
    kill(server);
    let server = with_accounts(&data, &[Json, Auto], &flags);
    assert_eq!(post(&server, &token) / 100, 2, "after a restart");
    let mut alice = log_in(&server, "Alice");
    granted(
        &mut alice,
        json!({"type": "token", "action": "drop", "name": "robot"}),
    );
    assert_eq!(post(&server, &token), 401);
}

#[test]
fn who_knows_a_password_is_let_in_though_others_failed_and_the_log_says_both() {
    let directory = TempDir::new();
    let (data, tokens) = (directory.join("data"), directory.join("tokens"));
    let password = directory.join("password");
    std::fs::write(&tokens, "of-the-file builder\n").expect("a file");
    std::fs::write(&password, "sesame\n").expect("a file");
    let flags = format!(
        "--api-token-file {} --oper-password-file {}",
        tokens.display(),
        password.display()
    );
    let server = with_accounts(&data, &[Json, Text, Auto], &flags);
    drop(register(&server, "Alice"));
    let mut guesser = server.connect_from([127, 0, 0, 2], Text);
    guesser.send("eve\n").expect_until("joined the chat!\n");
    for _ in 0..5 {
        guesser
            .send("/login alice wrong\n")
            .expect(format!("[Server] {WRONG}\n"));
    }
    guesser
        .send("/login alice wrong\n")
        .expect("[Server] Too many wrong passwords.");
    let mut alice = log_in(&server, "Alice");
    let mut op = server.join(Text, "op");
    op.send("/oper wrong\n")
        .expect("[Server] That is not the password.\n");
    op.send("/oper sesame\n")
        .expect("[Server] You are an operator now.\n");
    op.send("/kick eve \u{1b}[2Jout\n").sync();
    op.send("/ban 10.9.8.0/24 1h spam\n").sync();
    let post = |token: &str| {
        let headers = format!("Authorization: Bearer {token}\r\n");
        let path = "POST /api/v1/rooms/lobby/messages";
        let door = server.door(Auto).to_owned();
        server
            .request(&door, path, &headers, "{\"message\":\"x\"}")
            .status
    };
    assert_eq!((post("nobodys"), post("of-the-file")), (401, 201));
    alice.sync();
    let log = server.expect_log("token name=builder");
    let lines = |part: &str| log.lines().filter(|line| line.ends_with(part)).count();
    for (line, count) in [
        (" INFO  registration name=Alice address=127.0.0.1", 1),
        (" WARN  login failed name=alice address=127.0.0.2", 5),
        (" INFO  login name=Alice address=127.0.0.1", 1),
        (" WARN  oper failed name=op address=127.0.0.1", 1),
        (" INFO  oper name=op address=127.0.0.1", 1),
        (
            " INFO  kick name=eve address=127.0.0.2 by=op reason=\"\\u{1b}[2Jout\"",
            1,
        ),
        (
            " INFO  ban mask=\"10.9.8.0/24\" seconds=3600 name=op address=127.0.0.1 reason=\"spam\"",
            1,
        ),
        (" WARN  token failed name=- address=127.0.0.1", 1),
        (" INFO  token name=builder address=127.0.0.1", 1),
    ] {
        assert_eq!(lines(line), count, "{line:?} in\n{log}");
    }
    for word in ["wrong", "sesame", "of-the-file", "nobodys"] {
        assert!(!log.contains(word), "{word} in\n{log}");
    }
}

#[test]
fn an_owned_room_lasts_with_all_that_was_set() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = with_accounts(&data, &[Json], "");
    let mut alice = register(&server, "Alice");
    for request in [
        json!({"type": "join_room", "room": "den"}),
        json!({"type": "topic", "room": "den", "topic": "about dens"}),
        json!({"type": "key", "room": "den", "key": "sesame"}),
        json!({"type": "topic_lock", "room": "den", "on": true}),
    ] {
        granted(&mut alice, request);
    }
    granted(
        &mut alice,
        json!({"type": "chat", "room": "den", "message": "in my den"}),
    );
    alice.send("{\"type\":\"quit\"}\n").rest();
    drop(alice);
    let mut server = server;
    for signal in ["KILL", "TERM"] {
        server.signal(signal);
        server.wait();
        server = with_accounts(&data, &[Json], "");
        let mut guest = server.join(Json, "guest");
        refused(&mut guest, json!({"type": "join_room", "room": "den"}));
        let mut entry = json!({"type": "join_room", "room": "den", "key": "sesame"});
        entry["replay"] = 20.into();
        let entered = granted(&mut guest, entry.clone());
        assert_eq!(
            (&entered["created"], &entered["topic"]),
            (&json!(false), &json!("about dens"))
        );
        assert_eq!(until(&mut guest, "history")["message"], "in my den");
        refused(
            &mut guest,
            json!({"type": "topic", "room": "den", "topic": "mine now"}),
        );
        let mut alice = log_in(&server, "Alice");
        granted(&mut alice, entry);
        granted(
            &mut alice,
            json!({"type": "topic", "room": "den", "topic": "about dens"}),
        );
        drop((guest, alice));
    }
}

#[test]
fn mail_waits_for_an_account() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = with_accounts(&data, &[Json], "");
    drop(register(&server, "Alice"));
    let mut bob = server.join(Json, "bob");
    let mut ids = Vec::new();
    for n in 0..3 {
        let sent = json!({"type": "pm", "to": "alice", "message": format!("mail {n}")});
        wait_until("Alice is gone", || bob.sync().is_empty());
        let ok = granted(&mut bob, sent);
        ids.push(ok["message_id"].as_u64().expect("an id"));
    }
    refused(
        &mut bob,
        json!({"type": "pm", "to": "nobody", "message": "x"}),
    );
    kill(server);
    let server = with_accounts(&data, &[Json], "");
    let mut alice = log_in(&server, "Alice");
    for (n, id) in ids.iter().enumerate() {
        let mail = until(&mut alice, "pm");
        assert_eq!(
            (&mail["message"], &mail["id"]),
            (&json!(format!("mail {n}")), &json!(id))
        );
        assert_eq!(mail["username"], "bob");
    }
    alice.silent();
    drop(alice);
    // It is delivered once.
    let mut alice = log_in(&server, "Alice");
    alice.silent();
}

#[test]
fn nobody_is_dropped_for_mail() {
    let directory = TempDir::new();
    let flags = "--sendq-soft 64KiB --sendq-hard 128KiB";
    let server = with_accounts(&directory.join("data"), &[Json], flags);
    drop(register(&server, "Alice"));
    let mut bob = server.join(Json, "bob");
    wait_until("Alice is gone", || bob.sync().is_empty());
    for n in 0..60 {
        let text = format!("{n:03}{}", "é".repeat(2_000));
        granted(
            &mut bob,
            json!({"type": "pm", "to": "alice", "message": text}),
        );
    }
    let small = |socket: &socket2::Socket| socket.set_recv_buffer_size(4096).expect("a size");
    let mut alice = Peer::try_connect(server.door(Json), Json, small).expect("somebody listens");
    let join = json!({"type": "join", "username": "Alice", "password": PASSWORD});
    alice.send(join.to_string() + "\n");
    until(&mut alice, "welcome");
    // What she is owed is more than the kernel takes for her.
    for _ in 0..50 {
        bob.sync();
    }
    for n in 0..60 {
        let mail = until(&mut alice, "pm");
        let text = mail["message"].as_str().expect("a text");
        assert!(text.starts_with(&format!("{n:03}")), "{n}");
    }
    alice.silent();
}

#[test]
fn wrong_passwords_make_one_wait() {
    let directory = TempDir::new();
    let server = with_accounts(&directory.join("data"), &[Json], "");
    drop(register(&server, "Alice"));
    let mut eve = server.join(Json, "eve");
    let login =
        |password: &str| json!({"type": "login", "username": "Alice", "password": password});
    for _ in 0..5 {
        assert_eq!(refused(&mut eve, login("guess")), WRONG);
    }
    assert!(refused(&mut eve, login(PASSWORD)).contains("Wait"));
    let (mut other, answer) = come(&server, "Alice", json!({"password": PASSWORD}));
    assert!(
        answer["message"]
            .as_str()
            .is_some_and(|told| told.contains("Wait")),
        "{answer}"
    );
    other.expect_eof();
}

#[test]
fn secrets_are_nowhere_to_be_read() {
    const SECRETS: [&str; 3] = ["s3cret-of-alice", "s3cret-mistyped", "s3cret-new"];
    let directory = TempDir::new();
    let data = directory.join("data");
    let mut command = program();
    command.env("RUST_LOG", "trace").arg("--data").arg(&data);
    command.args([
        "--listen",
        "json://127.0.0.1:0",
        "--listen",
        "text://127.0.0.1:0",
    ]);
    command.args(["--http-status", "127.0.0.1:0"]);
    let server = Server::spawn(command, 3);
    let mut alice = server.join(Json, "Alice");
    granted(
        &mut alice,
        json!({"type": "register", "password": SECRETS[0]}),
    );
    granted(
        &mut alice,
        json!({"type": "passwd", "old": SECRETS[0], "password": SECRETS[2]}),
    );
    let token = make_bot(&mut alice);
    let mut text = server.join(Text, "text");
    text.send(format!(
        "/login Alice {}\n/REGISTER {}\n",
        SECRETS[1], SECRETS[0]
    ));
    text.send(format!(
        "/passwd {} {}\n/login robot {token}\n",
        SECRETS[0], SECRETS[2]
    ));
    text.sync();
    let (_bot, _) = come(&server, "robot", json!({"token": token}));
    alice.sync();
    let status = server.doors().last().expect("for status").clone();
    let told = ["GET /stats", "GET /metrics"]
        .map(|path| server.request(&status, path, "", "").text().to_owned());
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for entry in std::fs::read_dir(&data).expect("a directory") {
        let path = entry.expect("an entry").path();
        files.extend(std::fs::read(&path).ok().map(|bytes| (path, bytes)));
    }
    assert!(
        files.iter().any(|(_, bytes)| find(bytes, "argon2id")),
        "they are looked for in the right place"
    );
    files.push(("the log".into(), server.log().into()));
    files.extend(told.map(|told| ("the figures".into(), told.into_bytes())));
    for secret in SECRETS
        .iter()
        .chain([&token.as_str(), &token.trim_start_matches("hub_")])
    {
        for (path, bytes) in &files {
            assert!(!find(bytes, secret), "{secret} is in {}", path.display());
        }
    }
}

fn find(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}
