//! What is left of a server that another program took over from: its TLS sessions, which nobody else can have. What
//! comes over each is passed on to the other program, decrypted, and the other way round, until the last has ended.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use crate::buffer::Inbox;
use crate::layer::{Layer, Transport as _};
use crate::limits::{LINGER_MS, READ_BUDGET_BYTES, READ_BYTES};
use crate::model::ConnId;
use crate::sys::{Interest, Ready, SIGHUP, SIGUSR1, SIGUSR2, Stream, System};

use super::timers::Tick;

/// One session, and the connection to the other program that stands for it.
struct Relay<S> {
    peer: Layer<S>,
    program: S,
    /// What came from the peer and the program has not taken.
    to_program: Inbox,
    /// What came from the program and the peer has not taken.
    to_peer: Inbox,
    peer_ended: bool,
    program_ended: bool,
    /// The peer was told that nothing more comes, and is heard until then.
    lingers_until: Option<Tick>,
    is_ready: bool,
}

/// All of them, on a system whose poll watched the peers before.
pub(super) struct Relays<S: System> {
    system: S,
    /// By slot; the ended ones are gone.
    relays: Vec<Option<Relay<S::Stream>>>,
    ready: VecDeque<usize>,
    scratch: Box<[u8]>,
}

/// How one stands.
#[derive(PartialEq, Eq)]
enum Passed {
    /// It waits for an event.
    Waits,
    /// There is more to do.
    Goes,
    Over,
}

impl<S: System> Relays<S> {
    pub(super) fn new(
        mut system: S,
        sessions: impl Iterator<Item = (Layer<S::Stream>, S::Stream)>,
    ) -> Relays<S> {
        let mut relays = Vec::new();
        for (slot, (mut peer, mut program)) in (0..).zip(sessions) {
            let both = Interest::READABLE | Interest::WRITABLE;
            let [of_peer, of_program] = [0, 1].map(|generation| ConnId { slot, generation });
            let watched = system
                .reregister(peer.stream_mut(), of_peer, both)
                .and_then(|()| system.register(&mut program, of_program, both));
            relays.push(watched.is_ok().then(|| Relay::new(peer, program)));
        }
        let ready = (0..relays.len()).collect();
        Relays {
            system,
            relays,
            ready,
            scratch: vec![0; READ_BYTES].into(),
        }
    }

    /// Passes on until the last has ended, or a signal ends them all.
    pub(super) fn run(mut self) {
        while self.relays.iter().any(Option::is_some) {
            let mut is_signalled = false;
            let timeout = self.timeout();
            let (relays, ready) = (&mut self.relays, &mut self.ready);
            // Where the poll is interrupted nothing is ready, and it is asked again.
            let _ = self.system.poll(timeout, |event| match event {
                Ready::Input(id) | Ready::Output(id) => make_ready(relays, ready, id.slot as usize),
                Ready::Signal => is_signalled = true,
                Ready::Listener(_) | Ready::Successor => {}
            });
            let is_end = |signal: &i32| ![SIGHUP, SIGUSR1, SIGUSR2].contains(signal);
            if is_signalled && self.system.signals().iter().any(is_end) {
                return;
            }
            self.pass_some();
        }
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let relays = self.relays.iter().flatten();
        let lingers = relays.filter_map(|relay| relay.lingers_until).min()?;
        Some(Duration::from_millis(lingers.saturating_sub(self.now())))
    }

    fn now(&self) -> Tick {
        Tick::try_from(self.system.elapsed().as_millis()).unwrap_or(Tick::MAX)
    }

    fn pass_some(&mut self) {
        let now = self.now();
        for at in 0..self.relays.len() {
            let lingers = self.relays[at]
                .as_ref()
                .and_then(|relay| relay.lingers_until);
            if lingers.is_some_and(|until| until <= now) {
                self.relays[at] = None;
            }
        }
        for _ in 0..self.ready.len() {
            let Some(at) = self.ready.pop_front() else {
                return;
            };
            let Some(relay) = &mut self.relays[at] else {
                continue;
            };
            relay.is_ready = false;
            match relay.pass(&mut self.scratch, now) {
                Ok(Passed::Waits) => {}
                Ok(Passed::Goes) => make_ready(&mut self.relays, &mut self.ready, at),
                // A descriptor that is closed is watched no more.
                Ok(Passed::Over) | Err(_) => self.relays[at] = None,
            }
        }
    }
}

fn make_ready<S>(relays: &mut [Option<Relay<S>>], ready: &mut VecDeque<usize>, at: usize) {
    if let Some(Some(relay)) = relays.get_mut(at)
        && !relay.is_ready
    {
        relay.is_ready = true;
        ready.push_back(at);
    }
}

impl<S: Stream> Relay<S> {
    fn new(peer: Layer<S>, program: S) -> Relay<S> {
        Relay {
            peer,
            program,
            to_program: Inbox::default(),
            to_peer: Inbox::default(),
            peer_ended: false,
            program_ended: false,
            lingers_until: None,
            is_ready: true,
        }
    }

    /// Passes on what there is, as far as its share goes.
    ///
    /// # Errors
    /// Of one of the two, which ends both.
    fn pass(&mut self, scratch: &mut [u8], now: Tick) -> io::Result<Passed> {
        let mut left = READ_BUDGET_BYTES;
        loop {
            let count = self.pass_to_program(scratch)? + self.pass_to_peer(scratch)?;
            self.end(now)?;
            if self.peer_ended && self.program_ended && self.to_peer.is_empty() {
                return Ok(Passed::Over);
            }
            left = left.saturating_sub(count);
            match count {
                0 => return Ok(Passed::Waits),
                _ if left == 0 => return Ok(Passed::Goes),
                _ => {}
            }
        }
    }

    fn pass_to_program(&mut self, scratch: &mut [u8]) -> io::Result<usize> {
        if self.program_ended {
            self.to_program = Inbox::default();
        }
        let mut count = 0;
        if self.to_program.is_empty() && !self.peer_ended {
            match self.peer.read(scratch) {
                Ok(0) => {
                    self.peer_ended = true;
                    // It may have gone already.
                    let _ = self.program.shutdown_write();
                }
                Ok(read) => {
                    count = read;
                    if !self.program_ended {
                        self.to_program.extend(&scratch[..read]);
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                // Much came that is nothing to the program.
                Err(e) if e.kind() == io::ErrorKind::Interrupted => count = 1,
                Err(e) => return Err(e),
            }
            self.peer.take_ciphertext_overhead();
        }
        write_some(&mut self.to_program, &mut self.program)?;
        Ok(count)
    }

    fn pass_to_peer(&mut self, scratch: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        if self.to_peer.is_empty() && !self.program_ended {
            match self.program.read(scratch) {
                Ok(0) => self.program_ended = true,
                Ok(read) => {
                    count = read;
                    self.to_peer.extend(&scratch[..read]);
                }
                Err(e) if is_passing(&e) => {}
                Err(e) => return Err(e),
            }
        }
        write_some(&mut self.to_peer, &mut self.peer)?;
        match self.peer.flush() {
            Err(e) if !is_passing(&e) => Err(e),
            _ => Ok(count),
        }
    }

    /// Tells the peer that nothing more comes, once that is so.
    fn end(&mut self, now: Tick) -> io::Result<()> {
        let is_sent = self.to_peer.is_empty() && self.peer.pending() == 0;
        if self.program_ended && is_sent && self.lingers_until.is_none() {
            self.peer.say_end();
            self.lingers_until = Some(now + LINGER_MS);
            self.peer.shutdown_write()?;
        }
        Ok(())
    }
}

/// Writes what the sink takes.
fn write_some(bytes: &mut Inbox, sink: &mut impl io::Write) -> io::Result<()> {
    while !bytes.is_empty() {
        match sink.write(bytes.bytes()) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes.consume(count),
            Err(e) if is_passing(&e) => break,
            Err(e) => return Err(e),
        }
    }
    bytes.settle();
    Ok(())
}

fn is_passing(error: &io::Error) -> bool {
    let kind = error.kind();
    kind == io::ErrorKind::WouldBlock || kind == io::ErrorKind::Interrupted
}
