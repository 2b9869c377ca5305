//! The reactor: the loop that owns sockets and time, on mio's edge-triggered poll.
//!
//! A turn: wait for events; accept; let the deadlines fire of those whom no event was for; read and
//! handle what each ready connection has to say, within budgets; then settle everyone whose state may have changed: flush once, apply
//! limits, interest and deadlines. Nothing is freed before the end of the turn. Whoever has more to
//! do without waiting for an event (a budget was used up) stands on the ready list, and the next
//! poll does not sleep.

mod admission;
mod bucket;
mod charges;
mod clock;
mod config;
pub mod connection;
mod connections;
mod counters;
mod delivery;
mod door;
mod endings;
mod files;
mod incidents;
mod keeping;
mod orders;
mod pages;
pub mod phase;
mod questions;
mod report;
mod serve;
mod settle;
mod show;
mod timers;
mod visit;
mod welcome;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::mem::Discriminant;
use std::time::Duration;

pub use config::Config;
pub use door::DoorAddress;
pub use files::Certificate;
pub use timers::Tick;

pub use crate::sys::Place;
pub(crate) use crate::sys::now;

use crate::dialect::Dialect;
use crate::hub::{Hub, Rules};
use crate::layer::{Identity, Layer};
use crate::limits::{
    ACCEPT_PAUSE_MS, ARRIVAL_US, DELIVERY_BUDGET, Limits, READ_BYTES, REREAD_MS, SERVE_US, STOP_MS,
    SWEEPS_MIN,
};
use crate::model::{ConnId, ErrorCode, Event, Peer, Settings};
use crate::sys::{Interest, Native, Ready, SIGHUP, SIGUSR1, System};
use crate::web::Site;
use admission::{Admission, LogThrottle};
use clock::Clock;
use connection::Standing;
use connections::Connections;
use counters::Counters;
use delivery::RoomBatch;
use door::{Door, open_doors};
use files::Files;
use incidents::Incidents;
use keeping::{Keeping, nothing_kept};
use pages::Pages;
use phase::Reason;
use show::Show;
use timers::Timers;

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A signal, and everyone was told and drained, or five seconds passed.
    Stopped,
    /// A second signal, whose number this is.
    Forced(i32),
}

/// A turn is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turned {
    /// How long it was ready to wait; `None` is for ever.
    pub timeout: Option<Duration>,
    /// Why it was the last, if it was.
    pub ended: Option<Ended>,
}

/// The loop and all that it owns, on a system.
pub struct Reactor<S: System> {
    system: S,
    doors: Vec<Door<S::Listener>>,
    connections: Connections<S::Stream>,
    hub: Hub,
    pages: Pages,
    batch: RoomBatch,
    timers: Timers,
    admission: Admission,
    limits: Limits,
    clock: Clock,
    scratch: Box<[u8]>,
    /// Deliveries made in this turn.
    deliveries: usize,
    /// When this turn has done enough of what it is doing, in microseconds since its beginning.
    enough_us: u64,
    /// When the connection that is served has had its share of the turn, likewise.
    slice_ends_us: u64,
    /// Connections over the limit that are being told so.
    refused: usize,
    /// What all Outboxes may hold together, in bytes.
    sendq_total_bytes: usize,
    counters: Counters,
    files: Files,
    /// Without it no TLS is spoken.
    identity: Option<Identity>,
    site: Site,
    show: Show,
    keeper: Option<S::Settings>,
    /// Are settings being read again beside the loop?
    awaits_settings: bool,
    /// Did operators set something that is not with the keeper yet?
    has_new_settings: bool,
    keeping: Option<Keeping<S::Store>>,
    /// Who is yet to be told that the server stops.
    farewells: VecDeque<ConnId>,
    /// When the server begins to stop.
    stop_begins_at: Option<Tick>,
    /// When a stop gives up waiting.
    stops_at: Option<Tick>,
    incidents: Incidents,
    log_refused: HashMap<Discriminant<ErrorCode>, LogThrottle>,
    log_dropped: HashMap<Discriminant<Reason>, LogThrottle>,
    log_exhausted: LogThrottle,
    log_poll: LogThrottle,
}

impl Reactor<Native> {
    /// Opens every door of this machine.
    ///
    /// # Errors
    /// One line that says which door cannot be opened and why, or that the system has no poll.
    pub fn open(config: &Config) -> Result<Reactor<Native>, String> {
        let system = Native::new().map_err(|e| format!("cannot set up the event loop: {e}"))?;
        Reactor::open_on(system, config)
    }
}

impl<S: System> Reactor<S> {
    /// Opens every door on a system.
    ///
    /// # Errors
    /// One line that says what cannot be opened or read, and why.
    pub fn open_on(mut system: S, config: &Config) -> Result<Reactor<S>, String> {
        let admission = Admission::new(&config.limits, system.raise_descriptors());
        let doors = open_doors(&mut system, config)?;
        let files = Files::of(config);
        let identity = files.identity(&system)?;
        let rules = Rules {
            message_bytes_max: config.limits.message_bytes,
            presence_limit: config.limits.presence_members,
            addresses: config.addresses,
            oper_password: files.oper_password(&system)?,
            durability: config.data.as_ref().map(|data| data.durability),
            replay: config.replay,
            is_multi: config.is_multi,
            is_strict: config.has_strict_names,
            grace_ms: config.grace_ms,
            account_expiry_ms: config.account_expiry_ms,
            limits_loopback: config.limits.limits_loopback,
            hash_seed: system.hash_seed(),
        };
        let site = Site {
            tokens: files.api_tokens(&system)?,
            origins: config.allowed_origins.clone(),
            public_hosts: config.public_hosts.clone(),
            has_bots: config.data.is_some(),
            has_echo: config.has_ws_echo,
        };
        let clock = Clock::new(&system);
        let (keeping, kept) = match &config.data {
            Some(options) => {
                let (store, kept) = system.open_store(options)?;
                (Some(Keeping::new(store, kept.last_id)), kept)
            }
            None => (None, nothing_kept(clock.moment)),
        };
        let (settings, keeper) = match &config.state {
            Some(path) => {
                let (settings, keeper) = system.open_settings(path)?;
                (settings, Some(keeper))
            }
            None => (Settings::default(), None),
        };
        let mut hub = Hub::new(rules, settings);
        hub.restore(kept);
        let mut reactor = Reactor {
            doors,
            connections: Connections::default(),
            hub,
            pages: Pages::default(),
            batch: RoomBatch::default(),
            timers: Timers::default(),
            admission,
            limits: config.limits.clone(),
            clock,
            scratch: vec![0; READ_BYTES].into(),
            deliveries: 0,
            enough_us: 0,
            slice_ends_us: u64::MAX,
            refused: 0,
            sendq_total_bytes: config
                .limits
                .sendq_total_bytes
                .unwrap_or_else(|| admission::default_sendq_total(&system)),
            counters: Counters::default(),
            files,
            identity,
            site,
            show: Show::default(),
            keeper,
            awaits_settings: false,
            has_new_settings: false,
            keeping,
            farewells: VecDeque::new(),
            stop_begins_at: None,
            stops_at: None,
            incidents: Incidents::default(),
            log_refused: HashMap::new(),
            log_dropped: HashMap::new(),
            log_exhausted: LogThrottle::default(),
            log_poll: LogThrottle::default(),
            system,
        };
        if config.has_console {
            reactor.open_console(config.has_terminal, config.is_console_quiet);
        }
        Ok(reactor)
    }

    /// Where it listens, with the real ports.
    pub fn addresses(&self) -> impl Iterator<Item = &DoorAddress> {
        self.doors.iter().map(|door| &door.address)
    }

    /// The SHA-256 fingerprint of the certificate, where it was made at the start.
    pub fn fingerprint(&self) -> Option<&str> {
        self.identity.as_ref()?.fingerprint.as_deref()
    }

    /// How many connections may be open at once.
    pub fn connections_max(&self) -> usize {
        self.admission.connections_max()
    }

    /// Serves until a signal comes.
    pub fn run(mut self) -> Ended {
        loop {
            if let Some(ended) = self.turn().ended {
                return ended;
            }
        }
    }

    /// Waits until there is something to do, and does it.
    pub fn turn(&mut self) -> Turned {
        let timeout = self.poll_timeout();
        let ended = self.turn_within(timeout);
        Turned { timeout, ended }
    }

    fn turn_within(&mut self, timeout: Option<Duration>) -> Option<Ended> {
        let mut signalled = false;
        let polled = self.system.poll(timeout, |ready| match ready {
            Ready::Signal => signalled = true,
            Ready::Listener(at) => {
                if let Some(door) = self.doors.get_mut(at) {
                    door.is_ready = true;
                }
            }
            Ready::Input(id) => self.connections.make_ready(id),
            Ready::Output(id) => drop(self.connections.touch(id)),
        });
        self.clock.read(&self.system);
        self.deliveries = 0;
        if let Err(e) = polled {
            self.poll_failed(&e);
        }
        if signalled && let Some(ended) = self.heed_signals() {
            return Some(ended);
        }
        self.allow_us(ARRIVAL_US);
        self.accept();
        self.fire_timers();
        self.hear_store();
        self.hear_keeper();
        self.allow_us(SERVE_US);
        self.say_farewells();
        self.serve_ready();
        self.go_on_searching();
        self.fire_hub();
        if self.stop_begins_at.is_some_and(|at| self.clock.now >= at) {
            self.begin_stop();
        }
        self.hand_over();
        self.settle();
        self.keep_settings();
        self.ask_parked();
        self.counters.note_turn(self.turn_us());
        let stopped = self
            .stops_at
            .is_some_and(|at| self.connections.is_empty() || self.clock.now >= at);
        stopped.then_some(Ended::Stopped)
    }

    /// Zero while anybody has more to do; else until the first deadline; else for ever.
    fn poll_timeout(&self) -> Option<Duration> {
        let waits = self
            .doors
            .iter()
            .any(|door| door.is_ready && door.rests_until.is_none());
        let has_work = self.connections.has_ready() || self.hub.has_searches();
        let has_work = has_work || !self.farewells.is_empty();
        if waits || has_work || self.has_more_to_hear() {
            return Some(Duration::ZERO);
        }
        let rests = self.doors.iter().filter_map(|door| door.rests_until);
        let next = rests
            .chain(self.timers.next())
            .chain(self.hub.poll_timeout())
            .chain(self.keeping.as_ref().and_then(|it| it.questions.next_due()))
            .chain(self.stops_at)
            .chain(self.awaits_settings.then(|| self.clock.now + REREAD_MS))
            .chain(self.stop_begins_at)
            .min()?;
        Some(Duration::from_millis(
            next.saturating_sub(self.clock.tick(&self.system)),
        ))
    }

    /// A poll that fails for another reason than a signal is not asked again at once.
    fn poll_failed(&mut self, error: &io::Error) {
        if error.kind() != io::ErrorKind::Interrupted {
            if self.log_poll.pass(self.clock.now).is_some() {
                log::error!("the poll failed: {error}");
            }
            self.system.sleep(Duration::from_millis(ACCEPT_PAUSE_MS));
        }
    }

    /// The first signal stops the server, the second ends it at once.
    fn heed_signals(&mut self) -> Option<Ended> {
        for signal in self.system.signals() {
            match signal {
                SIGUSR1 => self.log_stats(),
                SIGHUP => self.reload(),
                _ if self.stops_at.is_some() => return Some(Ended::Forced(signal)),
                _ => self.begin_stop(),
            }
        }
        None
    }

    /// Accepts nobody any more, tells everyone, and drains.
    pub(super) fn begin_stop(&mut self) {
        self.stop_begins_at = None;
        if self.stops_at.is_none() {
            log::info!("stopping: {} online", self.hub.online());
            self.stops_at = Some(self.clock.now + STOP_MS);
            self.doors.clear();
            self.farewells = self.connections.ids().into();
            self.allow_us(SERVE_US);
            self.say_farewells();
        }
    }

    /// Tells that the server stops, over turns where they are many.
    fn say_farewells(&mut self) {
        let mut told = 0;
        while (told < SWEEPS_MIN || !self.is_spent())
            && let Some(id) = self.farewells.pop_front()
        {
            self.bid_farewell(id, &Event::Shutdown, Reason::Shutdown);
            told += 1;
        }
    }

    /// Takes standard input in as the operator's console. One that cannot be watched (a file) is
    /// read until its end.
    fn open_console(&mut self, is_terminal: bool, is_quiet: bool) {
        let peer = Peer::Unix(0);
        let dialect = Some(Dialect::of_console(is_terminal));
        let stream = Layer::Plain(self.system.stdio());
        let id = self
            .connections
            .insert(stream, peer, dialect, self.clock.now);
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.standing = Standing::Exempt;
        let stream = connection.socket.stream_mut();
        let watched = self.system.register(stream, id, Interest::READABLE);
        connection.registered = watched.is_ok().then_some(Interest::READABLE);
        self.hub.handle_console(id);
        if is_terminal && !is_quiet {
            self.hub.handle_watcher(id);
            self.show.watcher = Some(id);
        }
        self.connections.make_ready(id);
    }

    /// Has this turn made as many deliveries as it may, or taken as long? What a step costs is known
    /// before only about: the clock holds where that was wrong.
    fn is_spent(&self) -> bool {
        self.is_spent_at(self.turn_us())
    }

    /// Likewise, so many microseconds after its beginning.
    fn is_spent_at(&self, turn_us: u64) -> bool {
        self.deliveries >= DELIVERY_BUDGET || turn_us >= self.enough_us
    }

    /// Microseconds since this turn began.
    fn turn_us(&self) -> u64 {
        self.clock.turn_us(&self.system)
    }

    /// From now on this turn may take so many microseconds.
    fn allow_us(&mut self, us: u64) {
        self.enough_us = self.turn_us().saturating_add(us);
    }
}
