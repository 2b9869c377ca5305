//! The figures of the README, printed by
//! `cargo test --release --test server figures -- --ignored --nocapture`. Nothing is asserted of them.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::tls::{Secure, secure_door, server_with};
use crate::util::*;

/// Users at once; with 20,000 descriptors a process there is room for no more.
const CROWDS: [usize; 2] = [10_000, 19_000];

/// Users over TLS or on WebSockets at once, each of which is a session in this process as well.
const SMALL_CROWD: usize = 2_000;

/// What is said when all are there, in lines.
const LINES: usize = 100;

/// Who stays when a crowd has left.
const STAYERS: usize = 10;

/// Resident memory, all of it, in KiB.
fn resident_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()));
    let status = status.expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|n| n.parse().ok()).expect("a number")
}

/// Waits until the log tells how many are online: a crowd takes its time.
fn await_online(server: &Server, count: usize) {
    let told = format!("; {count} online");
    let deadline = Instant::now() + Duration::from_secs(120);
    while !server
        .log()
        .lines()
        .last()
        .is_some_and(|line| line.ends_with(&told))
    {
        assert!(Instant::now() < deadline, "never {count} online");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "a measurement, not a test"]
fn idle_users() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("as many descriptors as are allowed");
    for count in CROWDS {
        measure(count);
    }
}

#[test]
#[ignore = "a measurement, not a test"]
fn idle_users_over_tls() {
    let server = server_with(&[Text], "");
    measure_kind("over TLS", &server, |nick| {
        let mut user = Secure::to(secure_door(&server));
        user.expect(PROMPT);
        writeln!(user.stream(), "{nick}").expect("it is read");
        user
    });
}

#[test]
#[ignore = "a measurement, not a test"]
fn idle_users_on_websockets() {
    let server = Server::of(&[Auto]);
    measure_kind("on a WebSocket", &server, |nick| {
        let mut user = server.websocket(Some("hubbub.text"));
        user.expect_text(PROMPT).text(nick);
        user
    });
}

/// A crowd of one kind. One of it comes before the first figure: what all of a kind share is no user's.
fn measure_kind<U>(kind: &str, server: &Server, join: impl Fn(&str) -> U) {
    println!("base: {} KiB resident", resident_kib(server));
    let first = join("first");
    await_online(server, 1);
    await_calm(server);
    let base = resident_kib(server);
    let crowd: Vec<U> = (0..SMALL_CROWD)
        .map(|n| join(&format!("user{n}")))
        .collect();
    await_online(server, 1 + SMALL_CROWD);
    await_calm(server);
    let each = resident_kib(server).saturating_sub(base) * 1024 / SMALL_CROWD as u64;
    println!("each idle user {kind}, of {SMALL_CROWD}: {each} bytes");
    drop((first, crowd));
    await_online(server, 0);
    await_calm(server);
    println!("when all have left: {} KiB", resident_kib(server));
}

/// A crowd that comes, is idle, talks and leaves but for a few, who leave as well.
fn measure(count: usize) {
    let server = Server::of(&[Text]);
    let base = resident_kib(&server);
    let each = |kib: u64| kib.saturating_sub(base) * 1024 / count as u64;
    let began = Instant::now();
    let mut crowd: Vec<TcpStream> = (0..count)
        .map(|n| {
            let mut stream = TcpStream::connect(server.address(Text)).expect("it listens");
            writeln!(stream, "user{n}").expect("it is read");
            stream
        })
        .collect();
    await_online(&server, count);
    println!("base: {base} KiB resident");
    println!("{count} joined one room in {:.1?}", began.elapsed());
    await_calm(&server);
    println!("each idle user: {} bytes", each(resident_kib(&server)));
    let before = server.cpu();
    std::thread::sleep(Duration::from_secs(10));
    let idle = server.cpu() - before;
    println!("idle for 10 s with all of them: {idle:?} of processor time");
    for stream in &mut crowd[..LINES] {
        writeln!(stream, "hello").expect("it is read");
    }
    await_calm(&server);
    println!("each, after a talk: {} bytes", each(resident_kib(&server)));
    let mut place = 0;
    crowd.retain(|_| {
        place += 1;
        place % (count / STAYERS) == 0
    });
    await_online(&server, STAYERS);
    await_calm(&server);
    println!("when {STAYERS} stay: {} KiB", resident_kib(&server));
    drop(crowd);
    await_online(&server, 0);
    await_calm(&server);
    println!("when all have left: {} KiB", resident_kib(&server));
}

/// Waits until the server does nothing: what was said is yet to be sent.
fn await_calm(server: &Server) {
    loop {
        let before = server.cpu();
        std::thread::sleep(Duration::from_millis(500));
        if server.cpu() == before {
            return;
        }
    }
}
