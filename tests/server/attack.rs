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
        self.stat("longest_turn_since_asked_us");
        let pinging = Pinging::begin(bystanders);
        let cpu = self.server.cpu();
        let began = Instant::now();
        let outcome = attack();
        std::thread::sleep(more);
        let busy = (self.server.cpu() - cpu).as_secs_f64() / began.elapsed().as_secs_f64();
        let mut pings = pinging.end();
        let turn_ms = self.stat("longest_turn_since_asked_us") as f64 / 1000.0;
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

#[test]
#[ignore = "a measurement, not a test"]
fn a_talk() {
    under_attack("nothing but a talk of 1,000", "", |scene| {
        let crowd = scene.crowd("user", 1_000, |_| String::new());
        scene.measure(Duration::from_secs(2), || {
            (0..100).for_each(|n| crowd.send(n, "hello\n"));
        });
        drop(crowd.end());
    });
}
