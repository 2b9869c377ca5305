use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::util::*;

/// The program under a limit of descriptors, soft and hard.
fn with_descriptors(count: usize, dialects: &[Dialect]) -> Server {
    let mut command = in_shell(&format!("ulimit -n {count}; exec \"$0\" \"$@\""));
    for dialect in dialects {
        command.args(["--listen", &format!("{}://127.0.0.1:0", dialect.name())]);
    }
    Server::spawn(command, dialects.len())
}

/// The program as `$0`, and its arguments as `$@`, of a shell's script.
pub(crate) fn in_shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_hubbub")]);
    command.env_remove("RUST_LOG");
    command
}

/// Processor time used in about a second.
fn cpu_in_a_second(server: &Server) -> Duration {
    let before = server.cpu();
    std::thread::sleep(Duration::from_secs(1));
    server.cpu() - before
}

#[test]
fn with_few_descriptors_the_excess_is_refused_and_the_rest_is_served() {
    let server = with_descriptors(40, &[Text]);
    let mut served: Vec<Peer> = (0..8)
        .map(|n| server.join(Text, &format!("n{n}")))
        .collect();
    let mut excess: Vec<Peer> = (8..60).map(|_| server.connect(Text)).collect();
    let used = cpu_in_a_second(&server);
    assert!(used <= Duration::from_millis(50), "{used:?} of a second");
    for peer in &mut served {
        peer.sync();
    }
    for peer in &mut excess {
        assert_one_error(Text, &peer.rest());
    }
    drop(excess);
    drop(served.pop());
    served[0].expect_until("n7 left the chat!\n");
    served[0].silent();
    let mut late = server.join(Text, "late");
    for peer in &mut served[1..] {
        peer.expect_until("[Server] late joined the chat!\n");
    }
    late.silent();
    let lines = server.log().matches("refused").count();
    assert!(lines < 10, "{}", server.log());
}

#[test]
fn the_soft_limit_of_descriptors_is_raised() {
    let mut command = in_shell("ulimit -S -n 40; exec \"$0\" \"$@\"");
    command.args(["--listen", "text://127.0.0.1:0"]);
    let server = Server::spawn(command, 1);
    let mut peers: Vec<Peer> = (0..60).map(|_| server.connect(Text)).collect();
    for peer in &mut peers {
        peer.expect(PROMPT);
    }
}

#[test]
fn more_connections_than_descriptors_are_warned_of() {
    let mut command = in_shell("ulimit -n 64; exec \"$0\" \"$@\"");
    command.args([
        "--listen",
        "text://127.0.0.1:0",
        "--max-connections",
        "1000",
    ]);
    let server = Server::spawn(command, 1);
    let log = server.expect_log("serves up to 32 connections");
    assert!(log.contains("WARN") && log.contains("1000"), "{log}");
}

#[test]
fn when_descriptors_run_out_it_rests_and_takes_up_again() {
    let started = Instant::now();
    let server = with_descriptors(12, &[Text]);
    let mut alice = server.join(Text, "Alice");
    let excess: Vec<Peer> = (0..20).map(|_| server.connect(Text)).collect();
    let used = cpu_in_a_second(&server);
    assert!(used <= Duration::from_millis(50), "{used:?} of a second");
    alice.silent();
    server.expect_log("cannot accept");
    for mut peer in excess {
        assert_one_error(Text, &peer.rest());
    }
    alice.send("/quit\n").rest();
    drop(alice);
    let lines = server.log().matches("cannot accept").count();
    assert!(
        lines as u64 <= 2 + started.elapsed().as_secs(),
        "{lines} lines"
    );
    while !server.log().contains("bob joined") {
        assert!(started.elapsed() < 2 * DEADLINE, "{}", server.log());
        let mut bob = server.connect(Text);
        bob.send("bob\n/ping\n/quit\n").rest();
    }
}

#[test]
fn a_thousand_connects_at_once() {
    let server = Server::of(&[Text]);
    let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("Linux");
    let count = allowed.trim().parse::<usize>().expect("a number").min(1000);
    server.signal("STOP");
    let mut peers: Vec<Peer> = (0..count).map(|_| server.connect(Text)).collect();
    server.signal("CONT");
    for peer in &mut peers {
        peer.expect(PROMPT);
    }
    peers[0]
        .send("bob\n")
        .expect("[Server] bob joined the chat!\n")
        .silent();
}

#[test]
fn idle_connections_use_no_processor() {
    let server = Server::of(&CHATTING);
    let mut peers: Vec<Peer> = Vec::new();
    for n in 0..500 {
        let dialect = CHATTING[n % CHATTING.len()];
        let mut peer = server.connect(dialect);
        peer.send(dialect.join(&format!("n{n}")));
        peers.push(peer);
    }
    for peer in peers.iter_mut().rev() {
        peer.sync();
    }
    let used = cpu_in_a_second(&server);
    assert!(used <= Duration::from_millis(30), "{used:?} of a second");
}

#[test]
fn resets_in_a_crowd() {
    const STAYING: usize = 20;
    let server = Server::of(&[Text]);
    let mut sender = server.join(Text, "sender");
    let mut staying: Vec<Peer> = (0..STAYING)
        .map(|n| server.join(Text, &format!("stays{n}")))
        .collect();
    let mut going: Vec<Peer> = (0..40)
        .map(|n| server.join(Text, &format!("goes{n}")))
        .collect();
    for peer in staying.iter_mut().chain([&mut sender]) {
        peer.sync();
    }
    let mut expected = String::new();
    for n in 0..200 {
        sender.say(&format!("line {n}"));
        expected += &format!("[sender] line {n}\n");
        if n % 5 == 0 {
            let mut peer = going.pop().expect("forty");
            peer.send("half a li");
            peer.reset();
        }
    }
    for peer in &mut staying {
        let (mut said, mut left) = (String::new(), 0);
        while said.len() < expected.len() || left < 40 {
            let line = peer.line();
            if line.starts_with("[sender]") {
                said += &line;
            } else if line.ends_with(" left the chat!\n") {
                left += 1;
            }
        }
        assert_eq!(said, expected);
        peer.silent();
    }
}

#[test]
fn a_slot_used_again_gets_no_byte_of_the_one_before() {
    let server = Server::of(&[Text, Echo]);
    let mut watcher = server.join(Text, "watcher");
    for n in 0..200 {
        let mut peer = server.connect(Text);
        peer.send(format!("n{n}\n/list\n/list\n"));
        peer.reset();
        let mut echo = server.connect(Echo);
        echo.send(n.to_string())
            .shutdown_write()
            .expect(format!("Echo: {n}"))
            .expect_eof();
    }
    let deadline = Instant::now() + DEADLINE;
    loop {
        watcher.send("/list\n").expect_until("Current clients: ");
        if watcher.line() == "watcher\n" {
            return;
        }
        assert!(Instant::now() < deadline, "somebody stays");
    }
}

#[test]
fn a_half_close_is_answered_to_the_last_byte() {
    const REQUESTS: usize = 20_000;
    let server = Server::with(&[Text], "--sendq-time 60s");
    for count in [1, 500, REQUESTS] {
        let mut peer = server.connect(Text);
        peer.send(format!("bob\n{}", "/list\n".repeat(count)))
            .shutdown_write();
        peer.expect(format!("{PROMPT}[Server] bob joined the chat!\n"));
        for _ in 0..count {
            peer.expect("Current clients: bob\n");
        }
        peer.expect_eof();
        drop(peer);
    }
}

#[test]
fn a_half_close_in_the_middle_of_a_crowd_is_a_leave() {
    let server = Server::of(&[Text, Json]);
    let mut alice = server.join(Text, "Alice");
    let mut bob = server.connect(Json);
    bob.send(Json.join("bob") + &Json.say("bye"))
        .shutdown_write();
    alice.expect("[Server] bob joined the chat!\n[bob] bye\n[Server] bob left the chat!\n");
    assert_eq!(bob.json()["type"], "welcome");
    bob.expect_like(Json.said("bob", bob.address(), "bye"))
        .expect_eof();
}

#[test]
fn the_last_line_arrives_although_input_is_pending() {
    let unread = "x".repeat(300_000) + "\n";
    let server = Server::of(&[Text, Json, Auto]);
    let _alice = server.join(Json, "alice");
    let mut taken = server.connect(Json);
    taken.send(Json.join("alice") + &unread);
    taken.expect(
        "{\"type\":\"error\",\"message\":\"Username already taken\",\"code\":\"nick_taken\"}\n",
    );
    taken.expect_eof();
    let mut http = server.connect(Auto);
    http.send("POST / HTTP/1.1\r\n\r\n".to_owned() + &unread);
    let answer = http.rest();
    assert!(answer.starts_with(b"HTTP/1.1 400 "), "{}", quoted(&answer));
    let mut quitting = server.connect(Text);
    quitting.send("bob\n/quit\n".to_owned() + &unread);
    quitting.expect(format!("{PROMPT}[Server] bob joined the chat!\n"));
    quitting.expect_eof();
    let full = Server::with(&[Text], "--max-connections 1");
    let _bob = full.join(Text, "bob");
    let mut refused = full.connect(Text);
    refused.send(&unread);
    assert_one_error(Text, &refused.rest());
}

#[test]
fn one_hot_sender_starves_nobody() {
    let server = Server::of(&[Text]);
    let mut quiet = server.join(Text, "quiet");
    let mut hot = server.join(Text, "hot");
    quiet.sync();
    let mut writer = hot.socket.try_clone().expect("a descriptor");
    let flood = "/foo\n".repeat(100_000);
    let writing =
        std::thread::spawn(move || std::io::Write::write_all(&mut writer, flood.as_bytes()));
    for _ in 0..50 {
        quiet.silent();
    }
    for _ in 0..100_000 {
        hot.expect("[Server] Unknown command /foo. Try /help.\n");
    }
    writing.join().expect("no panic").expect("all is read");
    quiet.silent();
}

#[test]
fn standard_output_and_error_may_be_closed() {
    for script in [
        "exec \"$0\" \"$@\" >&-",
        "exec \"$0\" \"$@\" 2>&-",
        "exec \"$0\" \"$@\" >&- 2>&-",
        "exec \"$0\" \"$@\" <&- >&- 2>&-",
    ] {
        let directory = TempDir::new();
        let door = format!("text+unix://{}", directory.join("chat.sock").display());
        let mut command = in_shell(script);
        command.args(["--listen", &door]);
        let server = Server::spawn(command, 0);
        let mut alice = connect_when_open(&door);
        alice.send("Alice\n").expect(PROMPT).line();
        let mut bob = connect_when_open(&door);
        bob.send("Bob\n/foo\n/quit\n").rest();
        drop(bob);
        alice.expect_until("[Server] Bob left the chat!\n");
        alice.silent();
        server.signal("TERM");
        alice.rest();
        drop(alice);
        assert_eq!(server.wait().status.code(), Some(0), "{script}");
    }
}

fn connect_when_open(door: &str) -> Peer {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match Peer::try_connect(door, Text, |_| ()) {
            Ok(peer) => return peer,
            Err(e) => assert!(Instant::now() < deadline, "{door}: {e}"),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn nobody_need_read_what_it_writes() {
    let directory = TempDir::new();
    let door = format!("text+unix://{}", directory.join("chat.sock").display());
    let mut child = program()
        .args(["--listen", &door])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop((child.stdout.take(), child.stderr.take()));
    let mut alice = connect_when_open(&door);
    alice.send("Alice\n").expect(PROMPT).line();
    alice.silent();
    child.kill().expect("a child of ours");
    child.wait().expect("a child of ours");
}

#[test]
fn a_restart_binds_the_same_port_at_once() {
    let mut door = String::from("text://127.0.77.1:0");
    for signal in ["TERM", "KILL", "KILL"] {
        let server = Server::open(&[&door], "");
        door = server.door(Text).to_owned();
        let mut alice = server.join(Text, "Alice");
        let mut bob = server.connect(Text);
        bob.expect(PROMPT);
        alice.sync();
        server.signal(signal);
        server.wait();
        drop((alice, bob));
    }
}
