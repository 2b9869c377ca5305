//! What files cost everybody else, printed by
//! `cargo test --release --test server files_cost -- --ignored --nocapture --test-threads=1`. Nothing is asserted of it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::files::*;
use crate::http_client::*;
use crate::util::*;

const DOWNLOADS: usize = 100;
const UPLOADS: usize = 20;
const FILE_BYTES: usize = 16 << 20;

/// Who reads the message that shares a file.
const READERS: usize = 10_000;

/// Beside them others ping, so many times a second each.
const PINGERS: usize = 4;
const PING_MS: u64 = 5;

/// The answer to a request as it is, for as long as it comes: how many bytes.
fn drain(door: &str, request: &[u8]) -> usize {
    let mut stream = TcpStream::connect(address_of(door)).expect("it listens");
    stream.write_all(request).expect("it is read");
    let mut bytes = vec![0; 1 << 18];
    let mut total = 0;
    loop {
        match stream.read(&mut bytes).expect("it goes on") {
            0 => return total,
            count => total += count,
        }
    }
}

fn address_of(door: &str) -> String {
    door.rsplit('/').next().expect("host and port").into()
}

/// How long pings take until a time, sorted, in microseconds.
fn ping_until(server: &Server, name: &str, is_over: impl Fn() -> bool) -> Vec<u64> {
    let mut peer = server.join(Json, name);
    peer.settle();
    let mut waits = Vec::new();
    while !is_over() {
        let began = Instant::now();
        peer.send("{\"type\":\"ping\",\"id\":7}\n");
        peer.expect_until("\"pong\"");
        peer.expect_until("\n");
        waits.push(began.elapsed().as_micros() as u64);
        thread::sleep(Duration::from_millis(PING_MS));
    }
    waits
}

fn told(what: &str, mut waits: Vec<u64>) {
    waits.sort_unstable();
    let at =
        |share: usize| waits[(waits.len() * share / 1000).min(waits.len() - 1)] as f64 / 1000.0;
    println!(
        "{what}: {} pings, p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        waits.len(),
        at(500),
        at(990),
        at(1000)
    );
}

/// Pings while something else goes on.
fn pings_beside(server: &Server, what: &str, play: impl FnOnce() + Send) {
    let done = std::sync::atomic::AtomicBool::new(false);
    let is_over = || done.load(std::sync::atomic::Ordering::Relaxed);
    let waits = thread::scope(|scope| {
        let pingers: Vec<_> = (0..PINGERS)
            .map(|n| scope.spawn(move || ping_until(server, &format!("{what}{n}"), is_over)))
            .collect();
        play();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        let waits = pingers
            .into_iter()
            .flat_map(|it| it.join().expect("it pings"));
        waits.collect::<Vec<u64>>()
    });
    told(what, waits);
}

#[test]
#[ignore = "a measurement, not a test"]
fn downloads_and_uploads_at_once() {
    let flags =
        "--files-per-account 1GiB --files-per-room 2GiB --files-total 4GiB --max-file 17MiB";
    let shared = Shared::with(&[Http, Json], flags);
    let server = &shared.server;
    let body: Vec<u8> = (0..FILE_BYTES).map(|n| (n * 7 % 251) as u8).collect();
    let file = shared.share("long.bin", "", &body);
    let url = file["url"].as_str().expect("a path");
    let close = "Connection: close\r\n";
    let get = request(
        &format!("GET {url}"),
        &format!("Authorization: Bearer other\r\n{close}"),
    );
    let head = format!("Authorization: Bearer secret\r\nContent-Length: {FILE_BYTES}\r\n{close}");
    let head = request("POST /api/v1/rooms/lobby/files?name=up", &head);
    let post = [head.as_bytes(), &body].concat();
    pings_beside(server, "idle", || thread::sleep(Duration::from_secs(3)));
    let before = server.memory_kib();
    let done = std::sync::atomic::AtomicBool::new(false);
    let is_over = || done.load(std::sync::atomic::Ordering::Relaxed);
    let most = thread::scope(|scope| {
        let most = scope.spawn(|| {
            let mut most = 0;
            while !is_over() {
                most = server.memory_kib().max(most);
                thread::sleep(Duration::from_millis(20));
            }
            most
        });
        let began = Instant::now();
        pings_beside(server, "busy", || {
            thread::scope(|scope| {
                let door = shared.door();
                for _ in 0..DOWNLOADS {
                    scope.spawn(|| assert!(drain(door, get.as_bytes()) > FILE_BYTES));
                }
                for _ in 0..UPLOADS {
                    scope.spawn(|| assert!(drain(door, &post) > 100));
                }
            });
        });
        println!(
            "{DOWNLOADS} downloads and {UPLOADS} uploads of {FILE_BYTES} bytes: {:.1?}",
            began.elapsed()
        );
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        most.join().expect("it looks")
    });
    println!(
        "memory: {before} KiB before, {most} KiB at most: {} more",
        most.saturating_sub(before)
    );
}

#[test]
#[ignore = "a measurement, not a test"]
fn a_file_in_a_room_of_thousands() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("as many descriptors as are allowed");
    let shared = Shared::with(&[Http, Json, Text], "--http-status 127.0.0.1:0");
    let server = &shared.server;
    let status = server.doors().last().expect("the status door");
    let longest = || {
        let stats = server.request(status, "GET /stats", "", "").json();
        (
            stats["longest_turn_since_asked_us"]
                .as_u64()
                .expect("a time"),
            stats["online"].as_u64().expect("a number") as usize,
        )
    };
    let address = server.address(Text);
    let _crowd: Vec<TcpStream> = (0..READERS)
        .map(|n| {
            let mut stream = TcpStream::connect(address).expect("it listens");
            writeln!(stream, "user{n}").expect("it is read");
            stream
        })
        .collect();
    while longest().1 < READERS {
        thread::sleep(Duration::from_millis(100));
    }
    for round in 0..3 {
        thread::sleep(Duration::from_secs(2));
        longest();
        let post = |what: &str, body: &[u8], mime: &str| {
            let response = shared.send(what, mime, body);
            assert_eq!(response.status, 201, "{}", response.text());
        };
        let mime = "Content-Type: application/json\r\n";
        post(
            "POST /api/v1/rooms/lobby/messages",
            br#"{"message":"hello all of you"}"#,
            mime,
        );
        let words = longest().0;
        shared.share("sun.txt", "text/plain", b"hello");
        let file = longest().0;
        println!(
            "{round}: words {words} us, a file {file} us, the longest turn for {READERS} readers"
        );
    }
}
