//! The real system.

use std::fs::OpenOptions;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token, Waker};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook_mio::v1_0::Signals;

use crate::cluster;
use crate::limits::Limits;
use crate::model::{ConnId, HashSeed, Kept, MessageId, Settings, Zone};
use crate::store::settings::{self, Keeper};
use crate::store::{self, Store};

use super::clock;
use super::engine::begin_chat;
use super::joining::Joining;
use super::listener::SocketListener;
use super::manager::{ServiceManager, ServiceState};
use super::place::Place;
use super::socket::Socket;
use super::stdio::Stdio;
use super::takeover::{Lent, Takeover};
use super::{BeginChat, Given, Ready, StreamKind, System};

/// Events taken from the poll at once.
const EVENTS_AT_ONCE: usize = 1024;

/// A connection's token is its slot, and above it the generation; its topmost bit is never set, which
/// leaves room for the tokens of listeners, signals and the store.
const SLOT_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
pub(super) const GENERATION_MAX: u32 =
    (1u64 << (usize::BITS - 1 - SLOT_BITS)).wrapping_sub(1) as u32;

const SIGNALS: Token = Token(usize::MAX);
const STORE: Token = Token(usize::MAX - 1);
const SUCCESSOR: Token = Token(usize::MAX - 2);
const FIRST_LISTENER: usize = 1 << (usize::BITS - 1);

/// The system that this program runs on.
pub struct Native {
    poll: Poll,
    events: Events,
    /// What wakes the poll, where it was asked for.
    wake: Option<Arc<dyn Fn() + Send + Sync>>,
    signals: Signals,
    started: Instant,
    manager: ServiceManager,
    takeover: Takeover,
    /// Of standard input, output and error: which were a terminal at the start?
    terminals: [bool; 3],
    joining: Joining,
}

/// A terminal that has hung up is none any more.
fn terminals() -> [bool; 3] {
    [
        io::stdin().is_terminal(),
        io::stdout().is_terminal(),
        io::stderr().is_terminal(),
    ]
}

impl Native {
    /// From here on signals that stop the server are caught, and its time begins.
    ///
    /// # Errors
    /// The system has no poll, or no signals.
    pub fn new() -> io::Result<Native> {
        let poll = Poll::new()?;
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2])?;
        poll.registry()
            .register(&mut signals, SIGNALS, Interest::READABLE)?;
        Ok(Native {
            poll,
            wake: None,
            events: Events::with_capacity(EVENTS_AT_ONCE),
            signals,
            started: Instant::now(),
            manager: ServiceManager::of_environment(),
            terminals: terminals(),
            joining: Joining::default(),
            takeover: Takeover::default(),
        })
    }

    /// Goes on where the other program had programs come to, with its lock, and with its time.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn inherit(
        &mut self,
        meeting: OwnedFd,
        dir: &Path,
        lock: Option<OwnedFd>,
        elapsed: Duration,
    ) -> io::Result<()> {
        let registry = self.poll.registry();
        self.takeover
            .go_on((meeting, dir), lock, registry, SUCCESSOR)?;
        // Its clock is the same, but counted from then.
        self.started = Instant::now().checked_sub(elapsed).unwrap_or(self.started);
        Ok(())
    }

    /// The files of sockets are this program's from now on: that where programs come that take over, and that of a
    /// listener.
    pub(crate) fn claim(&mut self, listener: Option<(&mut SocketListener, &Place)>) {
        match listener {
            Some((listener, place)) => listener.claim_file(place),
            None => self.takeover.claim_file(),
        }
    }

    /// A listener that another program had.
    pub(crate) fn listener_of(fd: OwnedFd, place: &Place) -> SocketListener {
        SocketListener::of_given(fd, place)
    }

    /// A connection that another program had.
    pub(crate) fn stream_of(fd: OwnedFd, kind: StreamKind) -> Socket {
        Socket::of_given(fd, kind)
    }

    /// What the store and the engine wake the poll with.
    fn store_waker(&mut self) -> Result<Arc<dyn Fn() + Send + Sync>, String> {
        // A poll has one.
        if let Some(wake) = &self.wake {
            return Ok(Arc::clone(wake));
        }
        let waker = Waker::new(self.poll.registry(), STORE)
            .map_err(|e| format!("cannot set up the event loop: {e}"))?;
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
            // It fails where the poll is gone, with whoever would hear it.
            let _ = waker.wake();
        });
        Ok(Arc::clone(self.wake.insert(wake)))
    }
}

impl System for Native {
    type Stream = Socket;
    type Listener = SocketListener;
    type Store = Store;
    type Settings = Keeper;
    type Engine = cluster::SharedEngine;

    fn poll(&mut self, timeout: Option<Duration>, tell: impl FnMut(Ready)) -> io::Result<()> {
        self.poll.poll(&mut self.events, timeout)?;
        self.events.iter().filter_map(ready).for_each(tell);
        Ok(())
    }

    fn register(&mut self, stream: &mut Socket, id: ConnId, interest: Interest) -> io::Result<()> {
        let registry = self.poll.registry();
        registry.register(stream.source(), token_of(id), interest)
    }

    fn reregister(
        &mut self,
        stream: &mut Socket,
        id: ConnId,
        interest: Interest,
    ) -> io::Result<()> {
        let registry = self.poll.registry();
        registry.reregister(stream.source(), token_of(id), interest)
    }

    fn deregister(&mut self, stream: &mut Socket) -> io::Result<()> {
        self.poll.registry().deregister(stream.source())
    }

    fn listen(
        &mut self,
        place: &Place,
        mss: Option<u32>,
        limits: &Limits,
    ) -> io::Result<(SocketListener, Place)> {
        match self.manager.take(place, mss, limits) {
            Some(taken) => taken,
            None => SocketListener::open(place, mss, limits),
        }
    }

    fn watch(&mut self, listener: &mut SocketListener, at: usize) -> io::Result<()> {
        let token = Token(FIRST_LISTENER + at);
        let registry = self.poll.registry();
        match registry.register(listener.source(), token, Interest::READABLE) {
            // It is watched still, where unwatching it failed.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            watched => watched,
        }
    }

    fn unwatch(&mut self, listener: &mut SocketListener) -> io::Result<()> {
        self.poll.registry().deregister(listener.source())
    }

    fn accept(
        &mut self,
        listener: &mut SocketListener,
    ) -> io::Result<(Socket, Option<SocketAddr>)> {
        listener.accept()
    }

    fn tell_manager(&mut self, state: ServiceState) {
        self.manager.tell(state);
    }

    fn watchdog(&self) -> Option<Duration> {
        self.manager.watchdog()
    }

    fn stdio(&mut self) -> Socket {
        Socket::Stdio(Stdio::default())
    }

    fn raise_descriptors(&mut self) -> u64 {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        let soft = match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit.maximum,
            Err(e) => {
                let soft = limit.current.map_or("infinity".into(), |n| n.to_string());
                log::warn!("the limit of descriptors stays at {soft}: {e}");
                limit.current
            }
        };
        soft.unwrap_or(u64::MAX)
    }

    /// Linux 6.2 and later give the folder their number as its length; before, they must be counted.
    fn open_descriptors(&self) -> Option<u64> {
        let folder = "/proc/self/fd";
        match std::fs::metadata(folder).ok()?.len() {
            0 => Some(std::fs::read_dir(folder).ok()?.count() as u64 - 1),
            count => Some(count),
        }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn unix_ms(&self) -> u64 {
        clock::unix_ms()
    }

    fn zone(&self) -> &'static Zone {
        clock::zone()
    }

    fn sleep(&mut self, time: Duration) {
        std::thread::sleep(time);
    }

    fn has_lost_terminal(&self) -> bool {
        self.terminals != terminals()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let temporary = path.with_extension("part");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    }

    fn signals(&mut self) -> Vec<i32> {
        self.signals.pending().collect()
    }

    fn hash_seed(&mut self) -> HashSeed {
        // Its keys are random, and so is what comes of them.
        let random = RandomState::new();
        HashSeed(random.hash_one(0), random.hash_one(1))
    }

    fn secret(&mut self) -> HashSeed {
        self.hash_seed()
    }

    fn open_store(&mut self, options: &store::Options) -> Result<(Store, Kept), String> {
        let wake = self.store_waker()?;
        store::open(options, wake)
    }

    fn resume_store(&mut self, options: &store::Options, last: MessageId) -> Result<Store, String> {
        let wake = self.store_waker()?;
        match self.takeover.lock.take() {
            Some(lock) => store::resume(options, lock, last, wake),
            None => store::open(options, wake).map(|(store, _)| store),
        }
    }

    fn prepare_data(
        &mut self,
        options: &cluster::EngineOptions,
        data: &store::Options,
    ) -> Result<bool, String> {
        let run = self.secret();
        let run = format!("{:016x}{:016x}", run.0, run.1);
        self.joining.prepare(options, data, &run)
    }

    fn open_engine(
        &mut self,
        options: &cluster::EngineOptions,
        begin: &mut BeginChat<'_>,
    ) -> Result<cluster::SharedEngine, String> {
        let wake = self.store_waker()?;
        let run = self.secret();
        self.joining.settle(options, run.0 ^ run.1)?;
        let run = format!("{:016x}{:016x}", run.0, run.1);
        let site = cluster::RedisSite::new(options)?;
        let mut member = cluster::join(site, &options.node, run, wake)?;
        let position = begin_chat(&mut member, begin)?;
        let mut engine = member.start(position)?;
        engine.id = self.joining.serve(options)?;
        Ok(engine)
    }

    fn open_settings(&mut self, path: &Path) -> Result<(Settings, Keeper), String> {
        settings::open(path)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn host_name(&self) -> String {
        let names = rustix::system::uname();
        names.nodename().to_str().unwrap_or_default().into()
    }

    fn await_successor(&mut self, dir: &Path) -> io::Result<()> {
        self.takeover.begin(dir, self.poll.registry(), SUCCESSOR)
    }

    fn start_successor(&mut self) -> io::Result<()> {
        self.takeover.start_program()
    }

    fn meet_successor(&mut self) -> io::Result<()> {
        self.takeover.let_in()
    }

    fn refuse_successor(&mut self, why: &str) {
        self.takeover.turn_away(why);
    }

    fn reassure_successor(&mut self) -> Result<(), String> {
        self.takeover.reassure()
    }

    fn offer(
        &mut self,
        version: u32,
        snapshot: &[u8],
        given: &Given<'_, Native>,
    ) -> Result<Vec<Socket>, String> {
        let lent = Lent {
            store: given.store,
            listeners: &given.listeners,
            streams: &given.streams,
        };
        self.takeover.give(version, snapshot, &lent)
    }

    fn yield_all(&mut self) -> Result<(), String> {
        self.takeover.give_up()
    }

    fn part(&mut self) {
        // Before the other one goes on, which tells that it is ready: it is heard only as the main process.
        if let Some(pid) = self.takeover.pid() {
            self.manager.tell(ServiceState::Succeeded(pid));
        }
        self.takeover.end();
    }

    fn leave(&mut self, listener: SocketListener) {
        listener.leave_file();
    }

    fn has_file(&self, listener: &SocketListener) -> bool {
        listener.has_file()
    }
}

/// What an event says. That the store woke the poll says nothing: its answers are asked for in each turn.
fn ready(event: &Event) -> Option<Ready> {
    match event.token() {
        SIGNALS => Some(Ready::Signal),
        STORE => None,
        SUCCESSOR => Some(Ready::Successor),
        Token(token) if token >= FIRST_LISTENER => Some(Ready::Listener(token - FIRST_LISTENER)),
        token if event.is_readable() || event.is_read_closed() || event.is_error() => {
            Some(Ready::Input(id_of(token)))
        }
        token => Some(Ready::Output(id_of(token))),
    }
}

/// What the poll knows a connection by.
fn token_of(id: ConnId) -> Token {
    Token(((id.generation as usize) << SLOT_BITS) | id.slot as usize)
}

/// Whose token this is.
fn id_of(token: Token) -> ConnId {
    let slot = token.0 & ((1 << SLOT_BITS) - 1);
    ConnId {
        slot: slot as u32,
        generation: (token.0 >> SLOT_BITS) as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_connections_leave_the_topmost_bit_alone() {
        let id = ConnId {
            slot: (1u64 << SLOT_BITS).wrapping_sub(1) as u32,
            generation: GENERATION_MAX,
        };
        let token = token_of(id);
        assert_eq!(id_of(token), id);
        assert_eq!(token.0 >> (usize::BITS - 1), 0);
    }
}
