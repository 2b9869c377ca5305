//! The figures of the README, printed by
//! `cargo test --release --test server figures -- --ignored --nocapture`. Nothing is asserted of them.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::util::*;

const CROWD: usize = 10_000;

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
    let server = Server::of(&[Text]);
    let base = resident_kib(&server);
    let began = Instant::now();
    let crowd: Vec<TcpStream> = (0..CROWD)
        .map(|n| {
            let mut stream = TcpStream::connect(server.address(Text)).expect("it listens");
            writeln!(stream, "user{n}").expect("it is read");
            stream
        })
        .collect();
    await_online(&server, CROWD);
    let joined = began.elapsed();
    // What they were told is yet to be sent.
    loop {
        let before = server.cpu();
        std::thread::sleep(Duration::from_millis(500));
        if server.cpu() == before {
            break;
        }
    }
    let full = resident_kib(&server);
    let before = server.cpu();
    std::thread::sleep(Duration::from_secs(10));
    let idle = server.cpu() - before;
    drop(crowd);
    await_online(&server, 0);
    let after = resident_kib(&server);
    println!("base: {base} KiB resident");
    println!("{CROWD} joined one room in {joined:.1?}");
    println!(
        "each idle user: {} bytes resident",
        (full - base) * 1024 / CROWD as u64
    );
    println!("idle for 10 s with all of them: {idle:?} of processor time");
    println!("when all have left: {after} KiB resident");
}
