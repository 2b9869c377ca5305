//! The simulated network and clock: sockets as pairs of byte pipes, an edge-triggered poll, and time that
//! jumps to the next thing that happens. Everything is decided by the seed.
//!
//! An event is told on a change only, as by epoll with EPOLLET: bytes, an end or an error that come; room
//! that comes back after a write had none; and what is ready when something is registered. A server that
//! stops reading before it would block hears nothing of what is left.

mod poll;
mod serve;
mod wire;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hubbub::testing::ConnId;

use crate::disk::{Disk, Shelves};
use crate::faults::{Chance, Fault, Faults};
use crate::system::SimSystem;
use wire::Line;

/// How late what is late comes at most, in microseconds.
const LATE_US: u64 = 30_000;

/// How long passes at most where some time passes within a turn, in microseconds.
const SLOW_US: u64 = 3_000;

/// What a socket's buffers in the kernel hold, in bytes, where that is not little.
const BUFFER_BYTES: usize = 64 * 1024;

/// When the world begins, in milliseconds since 1970: 2026-11-26.
pub(crate) const BEGINS_UNIX_MS: u64 = 1_795_651_200_000;

/// Connections that are gone, of which stale events are told.
const REMEMBERED: usize = 16;

/// The simulated network and clock, shared by the reactor's [`SimSystem`] and the driver.
#[derive(Clone)]
pub(crate) struct World {
    net: Rc<RefCell<Net>>,
    shelves: Rc<RefCell<Shelves>>,
}

/// The client's end of one connection.
#[derive(Clone)]
pub(crate) struct Wire {
    world: World,
    at: usize,
}

/// How a connection ended, as its client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The server closed, and everything before came.
    Fin,
    /// It broke: what was under way is lost.
    Reset,
    /// Nobody listened, or accepted it.
    Refused,
}

/// What a poll came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Polled {
    /// How long it waited.
    pub waited_us: u64,
    /// Events that were told, whether or not anything was ready.
    pub told: usize,
    /// Did it return early because nothing will ever happen, or at the horizon?
    pub is_cut: bool,
}

/// What happens at some time.
#[derive(Debug, Clone, Copy)]
enum Due {
    /// What a client sent arrives.
    Arrive(usize),
    /// An event that was late.
    Edge(Source),
}

/// What events are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Door(usize),
    Line(usize),
}

#[derive(Default)]
struct Listening {
    /// Lines that are not accepted yet.
    waiting: VecDeque<usize>,
    /// By what number the poll watches it.
    watched_as: Option<usize>,
    /// Is it for Unix-domain peers?
    is_unix: bool,
    is_queued: bool,
}

struct Net {
    seed: u64,
    now_us: u64,
    horizon_us: Option<u64>,
    faults: Faults,
    chance: Chance,
    /// `None` is closed.
    doors: Vec<Option<Listening>>,
    lines: Vec<Line>,
    console: Option<usize>,
    /// What the poll has to tell, in order.
    ready: VecDeque<Source>,
    due: BTreeMap<(u64, u64), Due>,
    serial: u64,
    signals: VecDeque<i32>,
    has_signalled: bool,
    /// A program has come that takes over: does it, in the end?
    successor: Option<bool>,
    has_called: bool,
    /// Connections that are gone.
    gone: VecDeque<ConnId>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// How far the time of day is off, in milliseconds.
    clock_off_ms: i64,
    /// After so many calls the machine loses its power.
    crash_in: Option<u64>,
    has_crashed: bool,
    /// What the seed of the server's hash tables is mixed with: it must not show.
    hash_salt: u64,
    /// How many servers there were.
    epoch: u64,
    polled: Polled,
    /// Bytes moved, connections accepted and ends seen by the server.
    works: u64,
    hits: [u64; Fault::ALL.len()],
    trace: u64,
}

impl World {
    /// A world without a server.
    pub(crate) fn new(seed: u64, faults: Faults) -> World {
        let net = Net {
            seed,
            now_us: 0,
            horizon_us: None,
            faults,
            chance: Chance::new(seed, 0),
            doors: Vec::new(),
            lines: Vec::new(),
            console: None,
            ready: VecDeque::new(),
            due: BTreeMap::new(),
            serial: 0,
            signals: VecDeque::new(),
            has_signalled: false,
            successor: None,
            has_called: false,
            gone: VecDeque::new(),
            files: BTreeMap::new(),
            clock_off_ms: 0,
            crash_in: None,
            has_crashed: false,
            hash_salt: 0,
            epoch: 0,
            polled: Polled::default(),
            works: 0,
            hits: [0; Fault::ALL.len()],
            trace: 0xcbf2_9ce4_8422_2325,
        };
        World {
            net: Rc::new(RefCell::new(net)),
            shelves: Rc::new(RefCell::new(Shelves::new(seed))),
        }
    }

    /// The system for one server, whose doors are numbered from 0. One that was there before is gone, or
    /// goes on without being heard.
    pub(crate) fn system(&self) -> SimSystem {
        let mut net = self.net.borrow_mut();
        net.doors.clear();
        net.ready.clear();
        net.signals.clear();
        net.successor = None;
        net.console = None;
        net.epoch += 1;
        (net.crash_in, net.has_crashed) = (None, false);
        let begun_us = net.now_us;
        drop(net);
        self.shelves.borrow_mut().power_on();
        SimSystem::new(self.clone(), begun_us)
    }

    /// Time since the beginning of the world.
    pub(crate) fn now_us(&self) -> u64 {
        self.net.borrow().now_us
    }

    /// When the next thing happens that is under way in the network or on the disk.
    pub(crate) fn next_due_us(&self) -> Option<u64> {
        let of_net = self.net.borrow().due.keys().next().map(|&(at, _)| at);
        let of_disk = self.shelves.borrow().next_due_us();
        of_net.into_iter().chain(of_disk).min()
    }

    /// No poll waits beyond that. `None`: it may jump as far as it is asked to.
    pub(crate) fn set_horizon(&self, us: Option<u64>) {
        self.net.borrow_mut().horizon_us = us;
    }

    /// Lets time pass without a turn.
    pub(crate) fn pass_us(&self, us: u64) {
        self.net.borrow_mut().now_us += us;
    }

    /// Is nothing under way, and nothing to be told?
    pub(crate) fn is_quiet(&self) -> bool {
        let net = self.net.borrow();
        net.due.is_empty()
            && net.ready.is_empty()
            && net.signals.is_empty()
            && self.shelves.borrow().is_quiet()
    }

    /// Connections whose input the server wants to read and has not read.
    pub(crate) fn unread(&self) -> usize {
        let net = self.net.borrow();
        net.lines.iter().filter(|line| line.is_unread()).count()
    }

    /// What the last poll came to.
    pub(crate) fn polled(&self) -> Polled {
        self.net.borrow().polled
    }

    /// Bytes that the server moved, connections that it accepted and ends that it saw, together: where that
    /// grows, it did something.
    pub(crate) fn works(&self) -> u64 {
        self.net.borrow().works
    }

    /// How often a class of faults came.
    pub(crate) fn hits(&self, fault: Fault) -> u64 {
        self.net.borrow().hits[fault as usize]
    }

    /// A number that stands for all that the server did and what came of it.
    pub(crate) fn trace(&self) -> u64 {
        self.net.borrow().trace
    }

    /// Connects to a door. `from` is not heeded where it is for Unix-domain peers.
    pub(crate) fn connect(&self, door: usize, from: SocketAddr) -> Wire {
        let mut net = self.net.borrow_mut();
        let at = net.open_line(from);
        match net.doors.get_mut(door) {
            Some(Some(listening)) => {
                listening.waiting.push_back(at);
                net.edge(Source::Door(door));
            }
            _ => net.lines[at].end = Some(End::Refused),
        }
        Wire {
            world: self.clone(),
            at,
        }
    }

    /// Who sits at the server's standard input and output, if it has them and nobody does yet.
    pub(crate) fn take_console(&self) -> Option<Wire> {
        let at = self.net.borrow_mut().console.take()?;
        Some(Wire {
            world: self.clone(),
            at,
        })
    }

    /// Has a program come that takes over, or fails to.
    pub(crate) fn call_successor(&self, takes_over: bool) {
        let mut net = self.net.borrow_mut();
        net.successor = Some(takes_over);
        net.has_called = true;
    }

    /// Is there one that waits for the server?
    pub(crate) fn has_successor(&self) -> bool {
        self.net.borrow().successor.is_some()
    }

    /// What it says in the end.
    pub(crate) fn end_succession(&self) -> bool {
        let mut net = self.net.borrow_mut();
        net.successor.take().unwrap_or_default()
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, signal: i32) {
        let mut net = self.net.borrow_mut();
        net.signals.push_back(signal);
        net.has_signalled = true;
    }

    /// Hash tables of the server have another order.
    pub(crate) fn set_hash_salt(&self, salt: u64) {
        self.net.borrow_mut().hash_salt = salt;
    }

    /// The time of day is off by so much from now on.
    pub(crate) fn set_clock_off_ms(&self, ms: i64) {
        self.net.borrow_mut().clock_off_ms = ms;
    }

    /// The machine loses its power when the server has made so many more calls of its connections', be it in the middle of a
    /// turn: nothing that it does from then on reaches anybody. It is to be dropped then.
    pub(crate) fn crash_in(&self, calls: Option<u64>) {
        self.net.borrow_mut().crash_in = calls;
    }

    /// Has that come to pass?
    pub(crate) fn has_crashed(&self) -> bool {
        self.net.borrow().has_crashed
    }

    /// From now on other faults come.
    pub(crate) fn set_faults(&self, faults: Faults) {
        self.net.borrow_mut().faults = faults;
    }

    /// What the server may read there.
    pub(crate) fn put_file(&self, path: &Path, bytes: &[u8]) {
        let mut net = self.net.borrow_mut();
        net.files.insert(path.into(), bytes.into());
    }

    /// There is no such file any more.
    pub(crate) fn remove_file(&self, path: &Path) {
        self.net.borrow_mut().files.remove(path);
    }

    /// The disk.
    pub(crate) fn disk(&self) -> Disk {
        Disk::new(Rc::clone(&self.shelves))
    }

    pub(crate) fn shelves(&self) -> &Rc<RefCell<Shelves>> {
        &self.shelves
    }
}

impl Wire {
    /// Sends bytes, or what of them the server takes.
    pub(crate) fn send(&self, bytes: &[u8]) {
        self.world.net.borrow_mut().client_send(self.at, bytes);
    }

    /// What has come since, which makes room for more.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.world.net.borrow_mut().client_take(self.at)
    }

    /// How many bytes are taken in that nobody has taken from here; 0 is none: it stops reading.
    pub(crate) fn set_window(&self, bytes: usize) {
        self.world.net.borrow_mut().set_window(self.at, bytes);
    }

    /// Sends no more, but goes on reading.
    pub(crate) fn shutdown_write(&self) {
        self.world
            .net
            .borrow_mut()
            .client_ends(self.at, wire::Piece::Fin);
    }

    /// Breaks the connection off: what is under way may be lost.
    pub(crate) fn reset(&self) {
        let mut net = self.world.net.borrow_mut();
        net.client_ends(self.at, wire::Piece::Reset);
        net.client_gone(self.at);
    }

    /// Closes it: with a reset where something came that was not taken.
    pub(crate) fn close(&self) {
        self.world.net.borrow_mut().client_closes(self.at);
    }

    /// How it ended, once everything before was taken.
    pub(crate) fn end(&self) -> Option<End> {
        self.world.net.borrow().client_end(self.at)
    }
}
