//! What SIGHUP reads again, and what it must not lose.

use std::process::Command;
use std::time::Instant;

use crate::util::*;

const MESSAGES: &str = "POST /api/v1/rooms/lobby/messages";

fn start(dir: &TempDir) -> (Server, Peer) {
    std::fs::write(dir.join("tokens"), "old\n").expect("written");
    std::fs::write(dir.join("password"), "old\n").expect("written");
    let [tokens, password, state, admin] =
        ["tokens", "password", "state", "admin"].map(|name| dir.join(name).display().to_string());
    let flags = format!(
        "--api-token-file {tokens} --oper-password-file {password} --state {state} \
         --admin-socket {admin}"
    );
    let server = Server::with(&[Auto, Text], &flags);
    let console = server.connect(Console);
    (server, console)
}

/// Reads again; the log has told of it `count` times then.
#[track_caller]
fn reload(server: &Server, line: &str, count: usize) {
    server.signal("HUP");
    server.expect_log_times(line, count);
}

#[track_caller]
fn post_status(server: &Server, token: &str) -> u16 {
    let headers = format!("Authorization: Bearer {token}\r\n");
    let door = &server.doors()[0];
    let response = server.request(door, MESSAGES, &headers, "{\"message\":\"hi\"}");
    response.status
}

#[test]
fn what_is_good_is_taken_over_and_what_is_bad_stays() {
    let dir = TempDir::new();
    let (server, mut console) = start(&dir);
    let mut bob = server.join(Text, "bob");
    console
        .send(":lock Secret\n")
        .expect("Nobody enters #Secret now.\n");
    std::fs::write(dir.join("tokens"), "new\n").expect("written");
    std::fs::write(dir.join("password"), "new\n").expect("written");
    // Not before the lock is written.
    let deadline = Instant::now() + DEADLINE;
    while !server.log().contains("read again: the file of settings") {
        assert!(Instant::now() < deadline, "{}", server.log());
        server.signal("HUP");
    }
    assert_eq!(
        (post_status(&server, "old"), post_status(&server, "new")),
        (401, 201)
    );
    bob.expect("[api] hi\n");
    for (round, text) in ["", "\u{0}\u{0} x y\n", "# nothing\n"]
        .into_iter()
        .enumerate()
    {
        std::fs::write(dir.join("tokens"), text).expect("written");
        std::fs::write(dir.join("password"), "\n").expect("written");
        std::fs::write(dir.join("state"), "{").expect("written");
        reload(
            &server,
            "is broken; the old file of settings stays in use",
            round + 1,
        );
        assert_eq!(post_status(&server, "new"), 201);
        bob.expect("[api] hi\n");
    }
    for name in ["tokens", "password", "state"] {
        std::fs::remove_file(dir.join(name)).expect("it was there");
    }
    reload(
        &server,
        "(os error 2); the old file of settings stays in use",
        1,
    );
    assert_eq!(post_status(&server, "new"), 201);
    bob.expect("[api] hi\n");
    bob.send("/join secret\n")
        .expect("[Server] Nobody may enter #secret now.\n");
    bob.send("/oper new\n").expect("[Server] ");
    assert!(bob.line().contains("operator"));
}

#[test]
fn what_is_yet_to_be_written_is_not_lost() {
    let dir = TempDir::new();
    let (server, mut console) = start(&dir);
    // Whoever writes to it waits for a reader, as one would for a slow disk.
    let slow = Command::new("mkfifo").arg(dir.join("state.new")).status();
    assert!(slow.expect("mkfifo runs").success());
    console
        .send(":ban eve\n")
        .expect("eve is banned; 0 put out.\n");
    server.signal("HUP");
    server.expect_log_times("is being written; the old file of settings stays in use", 1);
    console.send(":bans\n").expect("eve");
}

#[test]
fn a_server_that_reads_no_files_goes_on() {
    let server = Server::of(&[Auto]);
    let mut bob = Peer::connect(&server.doors()[0], Text);
    bob.send("bob\n").expect(PROMPT).line();
    for _ in 0..3 {
        server.signal("HUP");
        bob.silent();
    }
}
