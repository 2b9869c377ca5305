//! A server that wants a word of everybody who comes in.

use crate::util::*;

/// A server with doors that wants `sesame`.
fn locked(dialects: &[Dialect], flags: &str) -> Server {
    let dir = TempDir::new();
    let path = dir.join("password");
    std::fs::write(&path, "sesame\n").expect("written");
    Server::with(
        dialects,
        &format!("--server-password-file {} {flags}", path.display()),
    )
}

#[test]
fn people_at_terminals_are_asked_before_the_name() {
    let server = locked(&[Text, Auto], "");
    for door in [Text, Auto] {
        let mut ann = server.connect(door);
        ann.expect("Password: ").send("guess\n");
        ann.expect("[Server] That is not the password of this server. Password: ");
        ann.send("sesame\n").expect("Enter your name: ");
        ann.send("ann\n").expect("[Server] ann joined the chat!\n");
        ann.send("/quit\n").expect_eof();
    }
    let mut eve = server.connect(Text);
    eve.expect("Password: ").send("/list\n/help\neve\n");
    eve.expect_until("[Server] That is not the password of this server. Password: ");
    let mut ann = server.connect(Text);
    ann.send("sesame\nann\n").expect_until("Enter your name: ");
    ann.send("hello\n/rooms\n").expect_until("lobby");
}

#[test]
fn programs_send_it_with_the_join() {
    let server = locked(&[Json, Pynet], "");
    for password in ["", r#","server_password":"guess""#] {
        let mut bot = server.connect(Json);
        bot.send(format!(
            "{{\"type\":\"join\",\"username\":\"bot\"{password}}}\n"
        ));
        bot.expect_until("\"code\":\"server_password\"");
        bot.expect_until("}\n");
        bot.expect_eof();
    }
    let mut bot = server.connect(Json);
    bot.send("{\"type\":\"join\",\"username\":\"bot\",\"server_password\":\"sesame\"}\n");
    bot.expect_until("bot");
    let mut bob = server.connect(Pynet);
    bob.send("{\"type\":\"join\",\"data\":\"bob\",\"server_password\":\"sesame\"}");
    bot.expect_until("bob");
    let mut eve = server.connect(Pynet);
    eve.send("{\"type\":\"join\",\"data\":\"eve\"}");
    eve.expect_until("That is not the password of this server.");
}

#[test]
fn colon_takes_it_for_the_first_frame() {
    let server = locked(&[Colon, Text], "");
    let mut ann = server.connect(Text);
    ann.send("sesame\nann\n").expect_until("joined the chat!\n");
    let mut bob = server.connect(Colon);
    bob.send("sesame\n");
    bob.send("bob\n");
    ann.expect_until("bob joined the chat!\n");
}

#[test]
fn who_guesses_waits() {
    let server = locked(&[Text, Irc], "--server-name irc.test");
    for _ in 0..3 {
        let mut eve = server.connect(Text);
        eve.expect("Password: ").send("guess\nanother\n");
        eve.expect_until("this server. Password: ");
        eve.expect_until(" Password: ");
    }
    let mut ann = server.connect(Irc);
    ann.send("PASS sesame\r\n");
    ann.expect_until(":irc.test 464 * :Too many wrong passwords");
}

#[test]
fn a_client_of_irc_logs_in_behind_it_only() {
    let dir = TempDir::new();
    let flags = format!(
        "--server-name irc.test --data {}",
        dir.join("data").display()
    );
    let server = locked(&[Irc], &flags);
    let mut eve = server.connect(Irc);
    eve.send("CAP REQ sasl\r\nNICK eve\r\nREGISTER * * secret\r\n");
    eve.expect_until("FAIL REGISTER TEMPORARILY_UNAVAILABLE eve :That is not the password");
    eve.send("AUTHENTICATE PLAIN\r\nAUTHENTICATE AGV2ZQBzZWNyZXQ=\r\n");
    eve.expect_until(":irc.test 904 eve :");
    eve.send("USER e 0 * :E\r\nCAP END\r\n");
    eve.expect_until(":irc.test 464 * :Password incorrect\r\n");
    eve.expect("ERROR :Closing Link: (Password incorrect)\r\n")
        .expect_eof();
    let mut ann = server.connect(Irc);
    ann.send("PASS sesame\r\nCAP REQ sasl\r\nNICK ann\r\nREGISTER * * secret\r\n");
    ann.expect_until(" REGISTER SUCCESS ann :");
    ann.send("USER a 0 * :A\r\nCAP END\r\n");
    ann.expect_until(":irc.test 001 ann :Welcome");
}

#[test]
fn a_door_that_asks_nothing_is_not_opened() {
    let dir = TempDir::new();
    let path = dir.join("password");
    std::fs::write(&path, "sesame\n").expect("written");
    let doors = ["--no-console", "--listen", "anon://127.0.0.1:0"];
    let exited = run(program()
        .args(doors)
        .arg("--server-password-file")
        .arg(&path));
    assert_eq!(exited.status.code(), Some(2));
    let why = "anon://127.0.0.1:0 asks nothing, so it can't be had with --server-password-file";
    assert!(exited.stderr.contains(why), "{exited:?}");
}

#[test]
fn nothing_is_told_over_http_to_who_has_no_token() {
    let dir = TempDir::new();
    let tokens = dir.join("tokens");
    std::fs::write(&tokens, "0123456789abcdef0123 robot\n").expect("written");
    let server = locked(&[Http], &format!("--api-token-file {}", tokens.display()));
    for path in ["/api/v1/rooms", "/api/v1/rooms/lobby/users"] {
        assert_eq!(server.get(path).status, 401);
        let what = format!("GET {path}");
        let headers = "Authorization: Bearer 0123456789abcdef0123\r\n";
        let response = server.request(server.door(Http), &what, headers, "");
        assert_eq!(response.status, 200);
    }
    assert_eq!(server.get("/").status, 200);
}
