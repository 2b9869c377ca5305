//! The REST layer, for bots and scripts.

use std::process::{Command, Stdio};

use crate::util::*;

#[test]
fn rooms_and_users_are_listed() {
    let server = Server::of(&[Auto, Json]);
    let mut bob = Peer::connect(server.door(Auto), Text);
    bob.send("bob\n/join tea\n").expect(PROMPT).sync();
    let mut carol = server.join(Json, "c\u{e9}line");
    carol.sync();
    let rooms = server.get("/api/v1/rooms").json();
    let rooms = rooms["rooms"].as_array().expect("rooms").clone();
    let named = |name: &str| {
        rooms
            .iter()
            .find(|room| room["room"] == name)
            .expect("there")
            .clone()
    };
    assert_eq!(
        (&named("lobby")["members"], &named("tea")["members"]),
        (&2.into(), &1.into())
    );
    let users = server.get("/api/v1/rooms/lobby/users");
    users.assert_safe();
    assert_eq!(
        users.json()["users"],
        serde_json::json!(["bob", "c\u{e9}line"])
    );
    assert!(users.body.is_ascii());
    assert_eq!(
        server.get("/api/v1/rooms/t%65a/users").json()["users"][0],
        "bob"
    );
    for (path, status) in [
        ("/api/v1/rooms/nowhere/users", 404),
        ("/api/v1/rooms/%ff/users", 400),
        ("/api/v1/rooms/%2/users", 400),
        ("/api/v1/rooms//users", 400),
        ("/api/v1/rooms/a%20b/users", 400),
        ("/api/v1/rooms/lobby", 404),
        ("/api/v1/rooms/lobby/users/bob", 404),
        ("/api/v1", 404),
        ("/api/v2/rooms", 404),
    ] {
        let response = server.get(path);
        assert_eq!(response.status, status, "{path}");
        let error = response.json();
        assert_eq!(error["type"], "error", "{error}");
        assert!(error["message"].is_string(), "{error}");
    }
}

#[test]
fn the_users_of_a_crowd_are_listed_by_pages() {
    let server = Server::of(&[Auto, Json]);
    let crowd: Vec<Peer> = (0..1101)
        .map(|n| server.join(Json, &format!("member{n}")))
        .collect();
    let page = |query: &str| {
        let page = server
            .get(&format!("/api/v1/rooms/lobby/users{query}"))
            .json();
        let users = page["users"].as_array().expect("users").clone();
        assert_eq!(page["members"], 1101, "{query}");
        let last = users.last().expect("a user").as_str().expect("a name");
        (users.len(), last.to_owned(), page["more"] == true)
    };
    assert_eq!(page(""), (500, "member499".into(), true));
    assert_eq!(page("?after=member499"), (500, "member999".into(), true));
    assert_eq!(
        page("?after=MEMBER%39%399"),
        (101, "member1100".into(), false)
    );
    for (query, status) in [("?after=nobody", 404), ("?after=%2", 400), ("?after=", 404)] {
        let path = format!("/api/v1/rooms/lobby/users{query}");
        assert_eq!(server.get(&path).status, status, "{query}");
    }
    drop(crowd);
}

const MESSAGES: &str = "POST /api/v1/rooms/lobby/messages";

/// A server with tokens: `secret` of nobody in particular, and `hush` of newsbot.
fn with_tokens(directory: &TempDir) -> Server {
    let file = directory.join("tokens");
    std::fs::write(&file, "# for scripts\nsecret\nhush newsbot # for news\n").expect("a file");
    let flags = format!("--api-token-file {}", file.display());
    Server::with(&[Auto, Text, Json], &flags)
}

#[test]
fn who_has_a_token_is_heard_by_all() {
    let directory = TempDir::new();
    let server = with_tokens(&directory);
    let mut nc = server.join(Text, "nc");
    let mut json = server.join(Json, "jason");
    nc.sync();
    let door = &server.doors()[0];
    for (token, body, nick, text) in [
        ("secret", "{\"message\":\"hello\"}", "api", "hello"),
        ("hush", "{\"message\":\"  hello \"}", "newsbot", "hello"),
        (
            "hush",
            "{\"message\":\"gr\u{fc}\u{df}e\",\"username\":\"deploy\"}",
            "deploy",
            "gr\u{fc}\u{df}e",
        ),
        (
            "hush",
            "{\"message\":\"a\\nb\\u001b[2Jc\"}",
            "newsbot",
            "a\nb\u{1b}[2Jc",
        ),
        // The user's own name is nobody else's.
        ("hush", "{\"message\":\"/quit\"}", "newsbot", "/quit"),
    ] {
        let headers =
            format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
        let response = server.request(door, MESSAGES, &headers, body);
        assert_eq!(response.status, 201, "{response:?}");
        let said = response.json();
        assert_eq!(
            (&said["username"], &said["message"]),
            (&nick.into(), &text.into())
        );
        for line in text.lines() {
            let shown = line.replace(char::is_control, "");
            nc.expect(format!("[{nick}] {shown}\n"));
        }
        let heard = json.json();
        assert_eq!(
            (&heard["username"], &heard["message"]),
            (&nick.into(), &text.into())
        );
    }
    nc.silent();
}

#[test]
fn who_has_none_is_not() {
    let directory = TempDir::new();
    let server = with_tokens(&directory);
    let mut nc = server.join(Text, "nc");
    let door = &server.doors()[0];
    let good = "Authorization: Bearer secret\r\n";
    let body = "{\"message\":\"hello\"}";
    let elsewhere = format!("{good}Origin: http://evil.example\r\n");
    let nowhere = "POST /api/v1/rooms/nowhere/messages";
    let long = format!("{{\"message\":\"{}\"}}", "x".repeat(4097));
    let deep = format!(
        "{{\"message\":\"x\",\"x\":{}{}}}",
        "[".repeat(40),
        "]".repeat(40)
    );
    for (what, headers, body, status) in [
        (MESSAGES, "", body, 401),
        (MESSAGES, "Authorization: Bearer secre\r\n", body, 401),
        (MESSAGES, "Authorization: Bearer secrets\r\n", body, 401),
        (MESSAGES, "Authorization: Bearer #\r\n", body, 401),
        (MESSAGES, "Authorization: Basic secret\r\n", body, 401),
        (MESSAGES, "Authorization: Bearer \r\n", body, 401),
        (MESSAGES, &elsewhere, body, 403),
        (nowhere, good, body, 404),
        ("POST /api/v1/rooms/%20/messages", good, body, 400),
        (MESSAGES, good, "", 400),
        (MESSAGES, good, "hello", 400),
        (MESSAGES, good, "{}", 400),
        (MESSAGES, good, "{\"message\":7}", 400),
        (MESSAGES, good, "{\"message\":\" \"}", 400),
        (
            MESSAGES,
            good,
            "{\"message\":\"x\",\"username\":\"a b\"}",
            400,
        ),
        (
            MESSAGES,
            good,
            "{\"message\":\"x\",\"username\":\"nc\"}",
            409,
        ),
        (MESSAGES, good, &long, 413),
        (MESSAGES, good, &deep, 400),
    ] {
        let response = server.request(door, what, headers, body);
        assert_eq!(response.status, status, "{what} {headers} {body}");
        assert_eq!(response.json()["type"], "error");
        let challenge = (status == 401).then_some("Bearer");
        assert_eq!(response.header("WWW-Authenticate"), challenge);
    }
    nc.silent();
    let tokenless = Server::of(&[Auto]);
    let response = tokenless.request(&tokenless.doors()[0], MESSAGES, good, body);
    assert_eq!(response.status, 403);
}

#[test]
fn curl_is_served() {
    let directory = TempDir::new();
    let server = with_tokens(&directory);
    let mut nc = server.join(Text, "nc");
    let address = server.address(Auto);
    let curl = |arguments: &[&str], path: &str| {
        let mut command = Command::new("curl");
        command.args([
            "--silent",
            "--show-error",
            "--max-time",
            "15",
            "--noproxy",
            "*",
        ]);
        command
            .args(arguments)
            .arg(format!("http://{address}{path}"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let exited = run(&mut command);
        assert!(exited.status.success(), "{exited:?}");
        exited.stdout
    };
    assert_eq!(curl(&[], "/healthz"), "ok\n");
    assert!(curl(&["--http2"], "/").starts_with("<!doctype html>"));
    assert!(curl(&["--head"], "/").starts_with("HTTP/1.1 200 OK\r\n"));
    let long = format!("{{\"message\":\"{}\"}}", "x".repeat(4000));
    let post = ["--header", "Authorization: Bearer secret", "--json", &long];
    curl(&post, "/api/v1/rooms/lobby/messages");
    nc.expect(format!("[api] {}\n", "x".repeat(4000)));
}
