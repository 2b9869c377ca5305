//! The server under attack: the longest turn, and what another user's pings wait meanwhile, printed by
//! `cargo test --release --test server attack -- --ignored --nocapture --test-threads=1`. Nothing is
//! asserted of times; a row above the bar ends in `!`.
//!
//! Each attack is tried with the limits that strangers get and with them off.

use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use crate::util::*;

/// No turn is to be longer, in ms.
const TURN_MS_MAX: f64 = 20.0;

/// No more than one in a hundred of another user's pings is to wait longer, in ms.
const PING_MS_MAX: f64 = 50.0;

/// Users who ping; each has tokens for 8 pings a second where strangers are limited.
const BYSTANDERS: usize = 12;

const PING_INTERVAL: Duration = Duration::from_millis(125);

/// Connections that a crowd makes from one address: fewer than strangers may in 10 s.
const PER_ADDRESS: usize = 20;

/// A server that is to be attacked, and the crowd that is there.
pub(crate) struct Scene {
    pub(crate) server: Server,
    attack: &'static str,
    /// Are strangers' limits off?
    pub(crate) is_unlimited: bool,
    /// How many addresses were given out.
    addresses: Cell<u32>,
    status: String,
    /// The longest turn since a measurement began, in microseconds.
    longest_us: Cell<u64>,
}

/// Has `play` build a scene and measure in it, on a server of its own with each kind of limits.
pub(crate) fn under_attack(attack: &'static str, flags: &str, mut play: impl FnMut(&Scene)) {
    raise_descriptors();
    for (is_unlimited, of_limits) in [(false, "--limit-loopback"), (true, "")] {
        let flags = format!("{of_limits} {flags} --http-status 127.0.0.1:0");
        let server = Server::open(&["auto://127.0.0.1:0", "text://127.0.0.1:0"], &flags);
        let status = server.doors().last().expect("the status door").clone();
        let scene = Scene {
            server,
            attack,
            is_unlimited,
            addresses: Cell::new(0),
            status,
            longest_us: Cell::new(0),
        };
        play(&scene);
    }
}

impl Scene {
    /// A figure of `/stats`.
    pub(crate) fn stat(&self, name: &str) -> u64 {
        let stats = self
            .server
            .request(&self.status, "GET /stats", "", "")
            .json();
        // Reading it begins it anew.
        let longest_us = stats["longest_turn_since_asked_us"].as_u64();
        let longest_us = longest_us.expect("a turn").max(self.longest_us.get());
        self.longest_us.set(longest_us);
        stats[name].as_u64().expect(name)
    }

    /// An address of its own, one of 127.0.0.0/8.
    pub(crate) fn next_address(&self) -> [u8; 4] {
        let n = self.addresses.get();
        self.addresses.set(n + 1);
        let [_, high, middle, low] = (n + (1 << 16)).to_be_bytes();
        [127, high, middle, low]
    }

    /// Somebody at the auto door, from an address of its own.
    pub(crate) fn connect(&self, dialect: Dialect) -> Peer {
        let source = self.next_address();
        let mut peer = self.server.connect_from(source, Auto);
        peer.dialect = dialect;
        peer
    }

    /// Somebody who joins at the auto door, from an address of its own.
    pub(crate) fn join(&self, dialect: Dialect, nick: &str) -> Peer {
        let mut peer = self.connect(dialect);
        peer.send(dialect.join(nick));
        if dialect == Text {
            // The auto door asks for no name where one comes at once.
            peer.expect_until(format!("[Server] {nick} joined the chat!\n"));
        } else {
            peer.sync();
        }
        peer
    }

    /// Text users who read all that they are sent, and what each of them sends first behind its name.
    pub(crate) fn crowd(&self, name: &str, count: usize, first: impl Fn(usize) -> String) -> Crowd {
        self.crowd_of(count, |n| format!("{name}{n}\n{}", first(n)))
    }

    /// Connections that read all that they are sent, and what each of them sends first, which is to let it join.
    pub(crate) fn crowd_of(&self, count: usize, first: impl Fn(usize) -> String) -> Crowd {
        let before = self.stat("online");
        let crowd = Crowd::open();
        let door = self.server.address(Auto);
        let mut source = [0; 4];
        for n in 0..count {
            if n % PER_ADDRESS == 0 {
                source = self.next_address();
            }
            crowd.order(Order::Take(
                connect_from(source, door),
                first(n).into_bytes(),
            ));
        }
        let deadline = Instant::now() + 8 * DEADLINE;
        while self.stat("online") < before + count as u64 {
            assert!(Instant::now() < deadline, "the crowd of {count} never came");
            std::thread::sleep(Duration::from_millis(400));
        }
        self.rest();
        crowd
    }

    /// Connections that read all that they are sent, so many from each address, which send this at once.
    pub(crate) fn visitors(&self, count: usize, per_address: usize, first: &str) -> Crowd {
        let crowd = Crowd::open();
        let door = self.server.address(Auto);
        let mut source = [0; 4];
        for n in 0..count {
            if n % per_address == 0 {
                source = self.next_address();
            }
            crowd.order(Order::Take(connect_from(source, door), first.into()));
        }
        crowd
    }

    /// Waits until the server does nothing.
    pub(crate) fn rest(&self) {
        loop {
            let before = self.server.cpu();
            std::thread::sleep(Duration::from_millis(300));
            if self.server.cpu() <= before + Duration::from_millis(10) {
                return;
            }
        }
    }

    /// Measures while `attack` lasts and `more` behind it, and prints the row.
    pub(crate) fn measure<T>(&self, more: Duration, attack: impl FnOnce() -> T) -> T {
        let bystanders: Vec<Peer> = (0..BYSTANDERS)
            .map(|n| self.join(Text, &format!("bystander{n}")))
            .collect();
        self.rest();
        self.stat("turns");
        self.longest_us.set(0);
        let pinging = Pinging::begin(bystanders);
        let cpu = self.server.cpu();
        let began = Instant::now();
        let outcome = attack();
        std::thread::sleep(more);
        let busy = (self.server.cpu() - cpu).as_secs_f64() / began.elapsed().as_secs_f64();
        let mut pings = pinging.end();
        self.stat("turns");
        let turn_ms = self.longest_us.get() as f64 / 1000.0;
        pings.sort_unstable();
        let at = |share: f64| {
            let place = (pings.len() as f64 * share) as usize;
            pings[place.min(pings.len() - 1)].as_secs_f64() * 1000.0
        };
        let is_over = turn_ms > TURN_MS_MAX || at(0.99) > PING_MS_MAX;
        println!(
            "{} | {} | turn {turn_ms:.1} ms | ping p50 {:.1} p99 {:.1} max {:.1} ms of {} | cpu {:.0} %{}",
            self.attack,
            if self.is_unlimited {
                "no limits"
            } else {
                "strangers' limits"
            },
            at(0.5),
            at(0.99),
            at(1.0),
            pings.len(),
            busy * 100.0,
            if is_over { " !" } else { "" }
        );
        outcome
    }
}

/// Users who ping in turn, each on its own connection and at steady times.
struct Pinging {
    stops: Arc<AtomicBool>,
    waits: Vec<JoinHandle<Vec<Duration>>>,
}

impl Pinging {
    fn begin(peers: Vec<Peer>) -> Pinging {
        let stops = Arc::new(AtomicBool::new(false));
        let waits = (0..).zip(peers).map(|(n, mut peer)| {
            let stops = Arc::clone(&stops);
            std::thread::spawn(move || {
                let mut waits = Vec::new();
                let mut next = Instant::now() + PING_INTERVAL * n / BYSTANDERS as u32;
                while !stops.load(Ordering::Relaxed) {
                    std::thread::sleep(next.saturating_duration_since(Instant::now()));
                    // From when it was due: a ping that comes late since the last one did counts as well.
                    peer.sync();
                    waits.push(next.elapsed());
                    next += PING_INTERVAL;
                }
                waits
            })
        });
        Pinging {
            waits: waits.collect(),
            stops,
        }
    }

    fn end(self) -> Vec<Duration> {
        self.stops.store(true, Ordering::Relaxed);
        let each = self.waits.into_iter();
        each.flat_map(|waits| waits.join().expect("it was answered"))
            .collect()
    }
}

/// Connections whose input a thread reads and lets go, so that they are healthy readers.
pub(crate) struct Crowd {
    orders: Sender<Order>,
    thread: JoinHandle<Vec<Option<TcpStream>>>,
}

/// What a crowd's thread is to do.
enum Order {
    /// Read off a connection, and send that first.
    Take(TcpStream, Vec<u8>),
    /// Have that connection, counted from 0, send that.
    Send(usize, Vec<u8>),
    End,
}

impl Crowd {
    fn open() -> Crowd {
        let (orders, come) = channel();
        Crowd {
            orders,
            thread: std::thread::spawn(move || serve_crowd(&come)),
        }
    }

    fn order(&self, order: Order) {
        self.orders.send(order).expect("the crowd is there");
    }

    /// Has one of them send something short, counted from 0.
    pub(crate) fn send(&self, n: usize, bytes: impl Into<Vec<u8>>) {
        self.order(Order::Send(n, bytes.into()));
    }

    /// The connections that are left, of which nothing is read any more.
    pub(crate) fn end(self) -> Vec<TcpStream> {
        self.order(Order::End);
        let streams = self.thread.join().expect("no panic");
        streams.into_iter().flatten().collect()
    }
}

fn serve_crowd(orders: &Receiver<Order>) -> Vec<Option<TcpStream>> {
    let mut poll = Poll::new().expect("a poll");
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let mut events = Events::with_capacity(1024);
    let mut scratch = vec![0; 64 * 1024];
    loop {
        for order in orders.try_iter() {
            match order {
                Order::Take(mut stream, first) => {
                    let token = Token(streams.len());
                    poll.registry()
                        .register(&mut stream, token, Interest::READABLE)
                        .expect("it can be watched");
                    stream.write_all(&first).expect("there is room");
                    streams.push(Some(stream));
                }
                Order::Send(n, bytes) => {
                    if let Some(stream) = &mut streams[n] {
                        // It may have been put out meanwhile.
                        let _ = stream.write_all(&bytes);
                    }
                }
                Order::End => return streams,
            }
        }
        if let Err(e) = poll.poll(&mut events, Some(Duration::from_millis(2))) {
            assert_eq!(e.kind(), ErrorKind::Interrupted);
        }
        for event in &events {
            let place = &mut streams[event.token().0];
            if place
                .as_mut()
                .is_some_and(|stream| !read_off(stream, &mut scratch))
            {
                *place = None;
            }
        }
    }
}

/// Reads all that there is. `false`: the connection has ended.
fn read_off(stream: &mut TcpStream, scratch: &mut [u8]) -> bool {
    loop {
        match stream.read(scratch) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => return true,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}

fn connect_from(source: [u8; 4], door: SocketAddr) -> TcpStream {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let source = SocketAddr::from((Ipv4Addr::from(source), 0));
    socket.bind(&source.into()).expect("a loopback address");
    socket
        .connect_timeout(&door.into(), DEADLINE)
        .expect("it listens");
    socket.set_nonblocking(true).expect("a socket");
    TcpStream::from_std(socket.into())
}

fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("as many descriptors as are allowed");
}

/// How long an attack without an end is watched.
const LONG: Duration = Duration::from_secs(6);

/// How long what an attack leaves behind is watched.
pub(crate) const AFTER: Duration = Duration::from_secs(1);

#[test]
#[ignore = "a measurement, not a test"]
fn who_is_ignored_by_thousands() {
    under_attack("100 speak whom 3,000 ignore", "", |scene| {
        let speakers = scene.crowd("speaker", 100, |_| String::new());
        let ignores: String = (0..100).map(|n| format!("/ignore speaker{n}\n")).collect();
        let ignorers = scene.crowd("user", 3_000, |_| ignores.clone());
        scene.measure(AFTER, || {
            (0..300).for_each(|n| speakers.send(n % 100, "hello\n".repeat(10)));
        });
        drop((speakers.end(), ignorers.end()));
    });
}

#[test]
#[ignore = "a measurement, not a test"]
fn long_texts_for_thousands() {
    under_attack("30 texts of 4 KB for 5,000", "", |scene| {
        let speaker = scene.crowd("speaker", 1, |_| String::new());
        let readers = scene.crowd("user", 5_000, |_| String::new());
        let text = format!("{}\n", "x".repeat(4_000));
        scene.measure(AFTER, || speaker.send(0, text.repeat(30)));
        drop((speaker.end(), readers.end()));
    });
}

#[test]
#[ignore = "a measurement, not a test"]
fn renames_in_many_rooms() {
    under_attack("20 rename in 20 rooms of 1,000", "", |scene| {
        let rooms: String = (1..20).map(|n| format!("/join room{n}\n")).collect();
        let crowd = scene.crowd("user", 1_000, |_| rooms.clone());
        scene.measure(AFTER, || {
            let renames = |n: usize| (0..50).map(move |k| format!("/nick n{n}-{k}\n"));
            (0..20).for_each(|n| crowd.send(n, renames(n).collect::<String>()));
            std::thread::sleep(LONG);
        });
        drop(crowd.end());
    });
}

/// A file of `--state` with `count` bans by patterns of names.
fn bans(directory: &TempDir, count: usize) -> String {
    let ban = |n| json!({"mask": format!("*spam{n}*x?"), "until_ms": null, "reason": "a reason"});
    let bans: Vec<_> = (0..count).map(ban).collect();
    let path = directory.join("state");
    let state = json!({"version": 1, "bans": bans, "mutes": [], "locked": []});
    std::fs::write(&path, state.to_string()).expect("a file");
    path.display().to_string()
}

#[test]
#[ignore = "a measurement, not a test"]
fn joins_past_thousands_of_bans() {
    let directory = TempDir::new();
    let state = bans(&directory, 9_990);
    under_attack(
        "1,000 join past 9,990 bans",
        &format!("--state {state}"),
        |scene| {
            let crowd = scene.measure(AFTER, || scene.crowd("user", 1_000, |_| String::new()));
            drop(crowd.end());
        },
    );
}

#[test]
#[ignore = "a measurement, not a test"]
fn changes_of_many_settings() {
    let directory = TempDir::new();
    let password = directory.join("password");
    std::fs::write(&password, "sesame\n").expect("a file");
    let state = bans(&directory, 9_000);
    let flags = format!(
        "--state {state} --oper-password-file {}",
        password.display()
    );
    under_attack("500 changes of 9,000 bans kept", &flags, |scene| {
        let operator = scene.crowd("operator", 1, |_| "/oper sesame\n".into());
        scene.measure(AFTER, || {
            for n in 0..500 {
                operator.send(0, format!("/ban nobody{n}\n"));
                std::thread::sleep(Duration::from_millis(4));
            }
        });
        drop(operator.end());
    });
}

#[test]
#[ignore = "a measurement, not a test"]
fn thousands_leave() {
    under_attack("15,000 leave at once", "", |scene| {
        let crowd = scene.crowd("user", 15_000, |_| String::new());
        let streams = crowd.end();
        scene.measure(5 * AFTER, || drop(streams));
    });
}

#[test]
#[ignore = "a measurement, not a test"]
fn thousands_are_put_out() {
    let directory = TempDir::new();
    let password = directory.join("password");
    std::fs::write(&password, "sesame\n").expect("a file");
    let flags = format!("--oper-password-file {}", password.display());
    under_attack(
        "announced to 15,000, closed room of 15,000, ban of 15,000",
        &flags,
        |scene| {
            let operator = scene.crowd("operator", 1, |_| "/oper sesame\n".into());
            let crowd = scene.crowd("user", 15_000, |_| "/join big\n".into());
            scene.measure(5 * AFTER, || {
                operator.send(0, "/announce hello\n/close big\n/ban user*\n");
            });
            drop((operator.end(), crowd.end()));
        },
    );
}

#[test]
#[ignore = "a measurement, not a test"]
fn a_storm_of_json_joins() {
    under_attack("1,000 join a lobby of 10,000 in json", "", |scene| {
        let crowd = scene.crowd("user", 10_000, |_| String::new());
        let storm = scene.measure(AFTER, || {
            scene.crowd_of(1_000, |n| Json.join(&format!("json{n}")))
        });
        drop((crowd.end(), storm.end()));
    });
}

/// Ten connections that send something without an end, as fast as it is read.
fn floods(attack: &'static str, first: impl Fn(usize) -> Vec<u8>, flood: &[u8]) {
    under_attack(attack, "", |scene| {
        let flooders: Vec<Peer> = (0..10)
            .map(|n| {
                let mut peer = scene.connect(Text);
                peer.send(first(n)).take(1);
                peer
            })
            .collect();
        let bytes = flood.repeat(64 * 1024 / flood.len());
        scene.measure(AFTER, || {
            let until = Instant::now() + LONG;
            std::thread::scope(|scope| {
                for peer in &flooders {
                    scope.spawn(|| {
                        let tick = Some(Duration::from_millis(200));
                        peer.socket.set_write_timeout(tick).expect("a time");
                        // Whatever it is told, it goes on until it is cut.
                        while Instant::now() < until {
                            match (&peer.socket).write(&bytes) {
                                Err(e) if e.kind() != ErrorKind::WouldBlock => break,
                                _ => {}
                            }
                        }
                    });
                }
            });
        });
    });
}

#[test]
#[ignore = "a measurement, not a test"]
fn bytes_that_are_no_frame() {
    let name = |n: usize| format!("flooder{n}\n").into_bytes();
    floods("10 lines without an end", name, b"x");
    floods("10 times telnet's NOP", name, b"\xff\xf1");
    floods("10 times blank lines", name, b"\r\n");
    let upgrade = b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    // Masked with zeros, which leave everything as it is. The first begins a message that never ends.
    let begun = [&upgrade[..], b"\x01\x80\0\0\0\0"].concat();
    floods(
        "10 WebSockets of empty fragments",
        |_| begun.clone(),
        b"\x00\x80\0\0\0\0",
    );
    floods(
        "10 WebSockets of pings",
        |_| upgrade.to_vec(),
        b"\x89\x80\0\0\0\0",
    );
    floods(
        "10 WebSockets of empty messages",
        |_| upgrade.to_vec(),
        b"\x81\x80\0\0\0\0",
    );
}
