//! What operators have set, across restarts.

use std::path::Path;
use std::time::Instant;

use crate::util::*;

/// A server that keeps its settings in `state`, and its console.
fn start(dir: &TempDir) -> (Server, Peer) {
    let flags = format!(
        "--state {} --admin-socket {}",
        dir.join("state").display(),
        dir.join("admin").display()
    );
    let server = Server::with(&[Text], &flags);
    let console = server.connect(Console);
    (server, console)
}

fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Waits until the file, which is written beside the loop, holds all of `parts`.
#[track_caller]
fn expect_kept(dir: &TempDir, parts: &[&str]) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let text = text_of(&dir.join("state"));
        if parts.iter().all(|part| text.contains(part)) {
            return;
        }
        assert!(Instant::now() < deadline, "{parts:?} are not in {text:?}");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Bans a name and an address, mutes a user and locks a room.
fn set_up(server: &Server, console: &mut Peer) {
    let mut bob = server.join(Text, "Bob");
    for (line, answer) in [
        (":ban eve* 2h too  \"loud\"", "eve* is banned; 0 put out."),
        (":ban 127.0.0.9", "127.0.0.9 is banned; 0 put out."),
        (":ban gone 1s", "gone is banned; 0 put out."),
        (":mute bob", "Bob has been muted."),
        (":lock Secret", "Nobody enters #Secret now."),
    ] {
        console
            .send(format!("{line}\n"))
            .expect(format!("{answer}\n"));
    }
    bob.expect("[Server] You have been muted.\n");
}

#[track_caller]
fn expect_set_up(server: &Server) {
    let mut eve = server.connect(Text);
    eve.send("evelyn\n").expect(PROMPT);
    eve.expect("[Server] That name is banned: too  \"loud\" ");
    let mut banned = server.connect_from([127, 0, 0, 9], Text);
    banned
        .expect("[Server] Your address is banned.\n")
        .expect_eof();
    let mut bob = server.join(Text, "bob");
    bob.send("hi\n").expect("[Server] You have been muted.\n");
    bob.send("/join secret\n");
    bob.expect("[Server] Nobody may enter #secret now.\n");
    bob.send("/quit\n").expect_eof();
}

#[test]
fn bans_mutes_and_locks_survive_a_stop() {
    let dir = TempDir::new();
    let (server, mut console) = start(&dir);
    set_up(&server, &mut console);
    server.signal("TERM");
    assert!(server.wait().status.success());
    assert!(!dir.join("state.new").exists());
    let (server, mut console) = start(&dir);
    expect_set_up(&server);
    // And so does their end; who is muted no more is here to be told.
    let bob = server.join(Text, "bob");
    for line in [
        ":unban eve*",
        ":unban 127.0.0.9",
        ":unmute bob",
        ":unlock secret",
    ] {
        console.send(format!("{line}\n")).line();
    }
    drop(bob);
    server.signal("TERM");
    assert!(server.wait().status.success());
    let (server, mut console) = start(&dir);
    let mut bob = server.join(Text, "bob");
    bob.send("/join secret\n");
    bob.expect("[Server] You made the room #secret.\n");
    bob.send("hi\n").silent();
    server.connect_from([127, 0, 0, 9], Text).expect(PROMPT);
    server.join(Text, "eve");
    // A short one may have ended by now or not, but it is no ban for ever.
    console.send("/bans\n");
    let bans = String::from_utf8(console.sync()).expect("UTF-8");
    assert!(
        ["Nobody is banned.\n", "gone, 1 s left\n"].contains(&bans.as_str()),
        "{bans}"
    );
}

#[test]
fn bans_mutes_and_locks_survive_a_kill() {
    let dir = TempDir::new();
    let (server, mut console) = start(&dir);
    set_up(&server, &mut console);
    expect_kept(&dir, &["eve*", "127.0.0.9", "bob", "Secret"]);
    server.signal("KILL");
    assert!(!server.wait().status.success());
    let (server, _console) = start(&dir);
    expect_set_up(&server);
}

/// Killed at any moment, the file is one that was whole: the bans are the first ones in their order.
#[test]
fn a_kill_in_the_middle_of_writing_leaves_a_whole_file() {
    let dir = TempDir::new();
    for round in 0..8 {
        // What was kept before is as good a start as any.
        let (server, mut console) = start(&dir);
        let before = text_of(&dir.join("state"));
        let lines: String = (0..200)
            .map(|n| format!(":ban r{round}n{n} 2h because\n"))
            .collect();
        console.send(lines);
        for _ in 0..(round * 20 + 1) {
            console.line();
        }
        server.signal("KILL");
        drop(server);
        let text = text_of(&dir.join("state"));
        let (server, mut console) = start(&dir);
        assert!(!dir.join("state.broken").exists(), "{text}");
        console.send("/bans\n");
        let bans = String::from_utf8(console.sync()).expect("UTF-8");
        let prefix = format!("r{round}n");
        let numbers: Vec<usize> = bans
            .lines()
            .filter_map(|line| line.split(',').next()?.strip_prefix(&prefix)?.parse().ok())
            .collect();
        let in_order: Vec<usize> = (0..numbers.len()).collect();
        assert_eq!(numbers, in_order);
        let kept = before.matches("\"mask\"").count() + numbers.len();
        let shown = if kept == 0 { 1 } else { kept };
        assert_eq!(bans.lines().count(), shown, "{bans}");
        drop(server);
    }
}

#[test]
fn a_broken_file_is_set_aside_with_its_bytes() {
    for (broken, name) in [
        (
            &b"{\"version\": 1, \"bans\": [{\"mask\": \"eve\""[..],
            "state.broken",
        ),
        (b"", "state.broken"),
        (b"\xff\xfe\0 no text at all", "state.broken"),
        (
            b"{\"version\": 2, \"bans\": [], \"mutes\": [], \"locked\": []}",
            "state.broken",
        ),
        (b"[]", "state.broken"),
    ] {
        let dir = TempDir::new();
        std::fs::write(dir.join("state"), broken).expect("written");
        let (server, mut console) = start(&dir);
        let log = server.expect_log("is broken; it is kept as ");
        assert!(log.contains(name), "{log}");
        assert_eq!(std::fs::read(dir.join(name)).expect("kept"), broken);
        console
            .send(":ban eve\n")
            .expect("eve is banned; 0 put out.\n");
        expect_kept(&dir, &["\"eve\""]);
        server.signal("TERM");
        server.wait();
        assert_eq!(std::fs::read(dir.join(name)).expect("kept"), broken);
        // A second one does not take the place of the first.
        std::fs::write(dir.join("state"), "again").expect("written");
        let (_server, _console) = start(&dir);
        assert_eq!(std::fs::read(dir.join(name)).expect("kept"), broken);
        assert_eq!(text_of(&dir.join("state.broken-2")), "again");
    }
}

#[test]
fn what_a_crash_left_behind_is_harmless() {
    let dir = TempDir::new();
    let (server, mut console) = start(&dir);
    set_up(&server, &mut console);
    server.signal("TERM");
    server.wait();
    for left in [
        "",
        "{\"version\": 1, \"ba",
        "{\"version\":1,\"bans\":[],\"mutes\":[],\"locked\":[]}",
    ] {
        std::fs::write(dir.join("state.new"), left).expect("written");
        let (server, mut console) = start(&dir);
        expect_set_up(&server);
        assert!(!dir.join("state.broken").exists());
        console.send(":lock other\n").line();
        expect_kept(&dir, &["eve*", "other"]);
        server.signal("TERM");
        server.wait();
    }
}

#[test]
fn a_file_that_cannot_be_read_is_no_start() {
    let dir = TempDir::new();
    std::fs::create_dir(dir.join("state")).expect("a directory");
    let state = dir.join("state");
    let mut command = program();
    command
        .args(["--listen", "text://127.0.0.1:0", "--state"])
        .arg(&state);
    let exited = run(&mut command);
    assert!(!exited.status.success());
    assert_eq!(exited.stderr.lines().count(), 1, "{}", exited.stderr);
    assert!(state.is_dir());
}
