//! The simulated network and clock: sockets as pairs of byte pipes, an edge-triggered poll, and time that
//! jumps to the next thing that happens. Everything is decided by the seed.
//!
//! An event is told on a change only, as by epoll with EPOLLET: bytes, an end or an error that come; room
//! that comes back after a write had none; and what is ready when something is registered. A server that
//! stops reading before it would block hears nothing of what is left.

mod wire;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use hubbub::testing::{ConnId, Ready};

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
const BEGINS_UNIX_MS: u64 = 1_795_651_200_000;

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
    /// Connections that are gone.
    gone: VecDeque<ConnId>,
    files: BTreeMap<PathBuf, Vec<u8>>,
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
            gone: VecDeque::new(),
            files: BTreeMap::new(),
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
        net.console = None;
        net.epoch += 1;
        let begun_us = net.now_us;
        drop(net);
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

    /// Who sits at the server's standard input and output, if it has them.
    pub(crate) fn console(&self) -> Option<Wire> {
        let at = self.net.borrow().console?;
        Some(Wire {
            world: self.clone(),
            at,
        })
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, signal: i32) {
        let mut net = self.net.borrow_mut();
        net.signals.push_back(signal);
        net.has_signalled = true;
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

    /// The disk.
    pub(crate) fn disk(&self) -> Disk {
        Disk::new(Rc::clone(&self.shelves))
    }

    pub(crate) fn shelves(&self) -> &Rc<RefCell<Shelves>> {
        &self.shelves
    }
}

/// What the server asks of it, by way of [`SimSystem`].
impl World {
    pub(crate) fn elapsed_us(&self) -> u64 {
        let mut net = self.net.borrow_mut();
        if net.rolls(Fault::SlowTurn) {
            net.now_us += 1 + net.chance.below(SLOW_US);
        }
        net.now_us
    }

    pub(crate) fn unix_ms(&self) -> u64 {
        BEGINS_UNIX_MS + self.net.borrow().now_us / 1000
    }

    pub(crate) fn poll(
        &self,
        timeout: Option<Duration>,
        tell: impl FnMut(Ready),
    ) -> io::Result<()> {
        let told = self.net.borrow_mut().begin_poll()?;
        let told = match told {
            Some(told) => told,
            None => self.wait(timeout),
        };
        let mut net = self.net.borrow_mut();
        for ready in &told {
            let (kind, id) = match *ready {
                Ready::Signal => (1, 0),
                Ready::Listener(at) => (2, at as u64),
                Ready::Input(id) => (3, number(id)),
                Ready::Output(id) => (4, number(id)),
            };
            net.note(kind, id);
        }
        net.polled.told = told.len();
        drop(net);
        told.into_iter().for_each(tell);
        Ok(())
    }

    /// Lets time pass until there is something to tell.
    fn wait(&self, timeout: Option<Duration>) -> Vec<Ready> {
        let begun_us = self.now_us();
        let until_us = timeout.map(|timeout| begun_us + timeout.as_micros() as u64);
        let mut is_cut = false;
        let told = loop {
            let mut net = self.net.borrow_mut();
            net.happen();
            let wakes = self.shelves.borrow_mut().advance(net.now_us);
            let told = net.collect();
            if !told.is_empty() || wakes || until_us.is_some_and(|until| until <= net.now_us) {
                break told;
            }
            let horizon_us = net.horizon_us;
            if horizon_us.is_some_and(|horizon| horizon <= net.now_us) {
                is_cut = true;
                break told;
            }
            drop(net);
            let next = self.next_due_us();
            let Some(next) = next.into_iter().chain(until_us).chain(horizon_us).min() else {
                is_cut = true;
                break told;
            };
            let mut net = self.net.borrow_mut();
            net.now_us = net.now_us.max(next);
        };
        let mut net = self.net.borrow_mut();
        net.polled.waited_us = net.now_us - begun_us;
        net.polled.is_cut = is_cut;
        told
    }

    pub(crate) fn listen(&self, is_unix: bool) -> (u64, usize) {
        let mut net = self.net.borrow_mut();
        net.doors.push(Some(Listening {
            is_unix,
            ..Listening::default()
        }));
        (net.epoch, net.doors.len() - 1)
    }

    pub(crate) fn watch(&self, door: usize, at: Option<usize>) {
        let mut net = self.net.borrow_mut();
        if let Some(Some(listening)) = net.doors.get_mut(door) {
            listening.watched_as = at;
            if !listening.waiting.is_empty() {
                net.edge(Source::Door(door));
            }
        }
    }

    pub(crate) fn stop_listening(&self, epoch: u64, door: usize) {
        let mut net = self.net.borrow_mut();
        if epoch == net.epoch
            && let Some(listening) = net.doors.get_mut(door).and_then(Option::take)
        {
            for at in listening.waiting {
                net.lines[at].end = Some(End::Refused);
            }
        }
    }

    pub(crate) fn accept(&self, door: usize) -> io::Result<(usize, Option<SocketAddr>)> {
        self.net.borrow_mut().accept(door)
    }

    pub(crate) fn open_console(&self) -> usize {
        let mut net = self.net.borrow_mut();
        let at = net.open_line(SocketAddr::from(([0, 0, 0, 0], 0)));
        net.console = Some(at);
        at
    }

    pub(crate) fn take_signals(&self) -> Vec<i32> {
        self.net.borrow_mut().signals.drain(..).collect()
    }

    pub(crate) fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let net = self.net.borrow();
        let file = net.files.get(path).cloned();
        file.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(crate) fn random(&self) -> u64 {
        self.net.borrow_mut().chance.next()
    }
}

fn number(id: ConnId) -> u64 {
    u64::from(id.generation) << 32 | u64::from(id.slot)
}

impl Net {
    fn rolls(&mut self, fault: Fault) -> bool {
        let rolled = self.chance.rolls(self.faults.per_mille(fault));
        self.hits[fault as usize] += u64::from(rolled);
        rolled
    }

    /// Takes something that the server did, or that came of it, into the trace (FNV-1a).
    fn note(&mut self, kind: u64, what: u64) {
        for part in [self.now_us, kind, what] {
            self.trace = (self.trace ^ part).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn schedule(&mut self, at_us: u64, due: Due) {
        self.serial += 1;
        self.due.insert((at_us, self.serial), due);
    }

    /// `Some`: the poll does not wait.
    fn begin_poll(&mut self) -> io::Result<Option<Vec<Ready>>> {
        self.polled = Polled::default();
        if self.rolls(Fault::Interrupt) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut told = Vec::new();
        if std::mem::take(&mut self.has_signalled) {
            told.push(Ready::Signal);
        }
        if self.rolls(Fault::StaleEvent) && !self.gone.is_empty() {
            let which = self.chance.below(self.gone.len() as u64);
            told.push(Ready::Input(self.gone[which as usize]));
        }
        if self.rolls(Fault::SpuriousEvent) {
            let watched = self.lines.iter().filter_map(|line| line.watched);
            let ids: Vec<ConnId> = watched.map(|(id, _)| id).collect();
            if !ids.is_empty() {
                let id = ids[self.chance.below(ids.len() as u64) as usize];
                told.push(match self.chance.below(2) {
                    0 => Ready::Input(id),
                    _ => Ready::Output(id),
                });
            }
        }
        Ok((!told.is_empty()).then_some(told))
    }

    /// What is due by now happens.
    fn happen(&mut self) {
        while let Some(entry) = self.due.first_entry()
            && entry.key().0 <= self.now_us
        {
            match entry.remove() {
                Due::Arrive(at) => self.arrive(at),
                Due::Edge(source) => self.queue(source),
            }
        }
    }

    /// Something about it has changed.
    fn edge(&mut self, source: Source) {
        match self.rolls(Fault::LateEvent) {
            true => {
                let at_us = self.now_us + 1 + self.chance.below(LATE_US);
                self.schedule(at_us, Due::Edge(source));
            }
            false => self.queue(source),
        }
    }

    /// What is left of a call that would have blocked for no reason is told later.
    fn edge_later(&mut self, source: Source) {
        let at_us = self.now_us + 1 + self.chance.below(LATE_US);
        self.schedule(at_us, Due::Edge(source));
    }

    fn queue(&mut self, source: Source) {
        let is_queued = match source {
            Source::Door(door) => match self.doors.get_mut(door) {
                Some(Some(listening)) => &mut listening.is_queued,
                _ => return,
            },
            Source::Line(at) => &mut self.lines[at].is_queued,
        };
        if !std::mem::replace(is_queued, true) {
            self.ready.push_back(source);
        }
    }

    /// What there is to tell. What has changed and is not ready any more is not told.
    fn collect(&mut self) -> Vec<Ready> {
        let mut told = Vec::new();
        while let Some(source) = self.ready.pop_front() {
            let ready = match source {
                Source::Door(door) => self.doors[door].as_mut().and_then(|listening| {
                    listening.is_queued = false;
                    let is_ready = !listening.waiting.is_empty();
                    listening
                        .watched_as
                        .filter(|_| is_ready)
                        .map(Ready::Listener)
                }),
                Source::Line(at) => self.lines[at].tell(),
            };
            let Some(ready) = ready else { continue };
            told.push(ready);
            if self.rolls(Fault::DoubledEvent) {
                told.push(ready);
            }
        }
        told
    }

    fn open_line(&mut self, from: SocketAddr) -> usize {
        let at = self.lines.len();
        let mut chance = Chance::new(self.seed, 1 + at as u64);
        let is_tiny = chance.rolls(self.faults.per_mille(Fault::TinyBuffer));
        self.hits[Fault::TinyBuffer as usize] += u64::from(is_tiny);
        let mut room = || match is_tiny {
            true => 1 + chance.below(300) as usize,
            false => BUFFER_BYTES,
        };
        let rooms = [room(), room()];
        self.lines.push(Line::new(from, rooms, chance));
        at
    }

    fn accept(&mut self, door: usize) -> io::Result<(usize, Option<SocketAddr>)> {
        let Some(Some(listening)) = self.doors.get(door) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let is_unix = listening.is_unix;
        let Some(&at) = listening.waiting.front() else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        if self.rolls(Fault::Interrupt) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if self.rolls(Fault::AcceptExhausted) {
            // EMFILE
            return Err(io::Error::from_raw_os_error(24));
        }
        if self.rolls(Fault::WouldBlock) {
            self.edge_later(Source::Door(door));
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let is_aborted = self.rolls(Fault::AcceptAborted);
        if let Some(Some(listening)) = self.doors.get_mut(door) {
            listening.waiting.pop_front();
        }
        self.works += 1;
        if is_aborted {
            self.lines[at].end = Some(End::Reset);
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        self.note(5, at as u64);
        let from = self.lines[at].from;
        Ok((at, (!is_unix).then_some(from)))
    }
}

/// What the server does with one connection.
impl World {
    pub(crate) fn with_line<T>(
        &self,
        at: usize,
        act: impl FnOnce(&mut wire::Server<'_>) -> T,
    ) -> T {
        let mut net = self.net.borrow_mut();
        act(&mut wire::Server { net: &mut net, at })
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
