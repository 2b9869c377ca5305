//! The loop beneath a run: sockets, time, and what each client hears.

mod hearing;

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;

use super::client::{Client, ClientState};
use super::judge::{Judge, times};
use super::meter::Meter;
use super::opener::{self, Opener};
use super::outcome::Sample;
use super::plan::{ClientRole, Plan};
use super::stream::{ClientStream, Layers};

const SIGNALS: Token = Token(usize::MAX);
const TIMER: Token = Token(usize::MAX - 1);

/// Events taken from the poll in one turn.
const EVENTS_PER_TURN: usize = 4096;

/// Waits below this are timed by the microsecond.
const TIMER_US: u64 = 2000;

/// Bytes asked of the kernel in one read.
const READ_BYTES: usize = 64 * 1024;

/// Reads of one client in one turn, after which the others are looked at.
const READS_PER_TURN: usize = 16;

/// All clients of a run, and what they hear.
pub(super) struct Engine<'a> {
    /// What is to be done.
    pub(super) plan: &'a Plan,
    poll: Poll,
    events: Events,
    signals: Signals,
    timer: OwnedFd,
    began: Instant,
    /// Every connection.
    pub(super) clients: Vec<Client>,
    /// Who says whether what they hear is right.
    pub(super) judge: Judge,
    /// What is measured beside it.
    pub(super) meter: Meter,
    /// What connects them.
    pub(super) opener: Opener,
    layers: Layers,
    run: u32,
    scratch: Vec<u8>,
    replies: Vec<u8>,
    text: Vec<u8>,
    /// Clients whose reads were cut short by the budget, and whether their end is there to be read.
    unread: Vec<(usize, bool)>,
    /// Microseconds since the run began, read once a client.
    pub(super) now_us: u64,
    /// Clients that are in.
    pub(super) joined: usize,
    /// Connections that were opened and are not in yet.
    pub(super) on_their_way: usize,
    /// What was said or happened to the first that failed.
    pub(super) failure: Option<String>,
    /// Could one not even be connected?
    pub(super) is_unreachable: bool,
    /// Those that were not to be read and whose connections were ended.
    pub(super) dropped: usize,
    /// When a client last began to come, came in or failed, in microseconds.
    pub(super) last_step_us: u64,
    /// When anything was last heard, in microseconds.
    pub(super) last_bytes_us: u64,
    /// When a message was last heard that was waited for, in microseconds.
    pub(super) last_arrival_us: u64,
    /// How long connecting took.
    pub(super) connect_us: Histogram<u64>,
    /// How long joining took.
    pub(super) join_us: Histogram<u64>,
    /// Signals that came: one ends the run, another the program.
    pub(super) interrupts: usize,
}

impl<'a> Engine<'a> {
    /// Nobody is connected yet. `run` tells this run's names and messages from another's.
    ///
    /// # Errors
    /// One line that says what the system had against it.
    pub(super) fn new(plan: &'a Plan, run: u32) -> Result<Engine<'a>, String> {
        let meter = Meter::new(plan)?;
        let no_poll = |e: io::Error| format!("cannot set up the event loop: {e}");
        let (poll, signals, timer) = sources().map_err(no_poll)?;
        let clients = (0..plan.connections())
            .map(|at| Client::new(plan.speaker(run, at, 0), plan.part_of(at)));
        Ok(Engine {
            plan,
            poll,
            events: Events::with_capacity(EVENTS_PER_TURN),
            signals,
            timer,
            began: Instant::now(),
            clients: clients.collect(),
            judge: Judge::new(plan, run),
            meter,
            opener: Opener::new(plan, run)?,
            layers: Layers::of(plan)?,
            run,
            scratch: Vec::new(),
            replies: Vec::new(),
            text: Vec::new(),
            unread: Vec::new(),
            now_us: 0,
            joined: 0,
            on_their_way: 0,
            failure: None,
            is_unreachable: false,
            dropped: 0,
            last_step_us: 0,
            last_bytes_us: 0,
            last_arrival_us: 0,
            connect_us: times(),
            join_us: times(),
            interrupts: 0,
        })
    }

    /// Reads the time.
    pub(super) fn read_clock(&mut self) -> u64 {
        self.now_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.now_us
    }

    /// Waits until something happens, at most until `until_us`, and lets everybody hear what came.
    /// Returns a sample if one was due.
    ///
    /// # Errors
    /// One line, where the poll fails.
    pub(super) fn turn(&mut self, until_us: u64) -> Result<Option<Sample>, String> {
        self.wait(until_us)
            .map_err(|e| format!("the event loop failed: {e}"))?;
        self.read_clock();
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            self.on_event(event);
        }
        events.clear();
        self.events = events;
        for (at, is_closed) in std::mem::take(&mut self.unread) {
            self.read(at, is_closed);
        }
        self.read_clock();
        Ok(self.meter.tick(self.now_us, self.joined, &mut self.judge))
    }

    /// Connects client `at`.
    ///
    /// # Errors
    /// A sentence that says what stands in the way.
    pub(super) fn open(&mut self, at: usize) -> Result<(), String> {
        self.read_clock();
        let mut stream = self.opener.open()?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        registry
            .register(&mut stream, Token(at), interest)
            .map_err(|e| format!("cannot watch a socket: {e}"))?;
        let stream = ClientStream::new(stream, &self.layers).map_err(|e| e.to_string())?;
        let client = &mut self.clients[at];
        client.stream = Some(stream);
        client.state = ClientState::Connecting;
        client.since_us = self.now_us;
        self.last_step_us = self.now_us;
        self.on_their_way += 1;
        Ok(())
    }

    /// Lets `sender` say its next message; it is sent when [`Engine::flush`] is called.
    pub(super) fn say(&mut self, sender: usize, at_us: u64) {
        self.text.clear();
        self.judge.say(sender, at_us, &mut self.text);
        self.put_text(sender);
    }

    /// Lets `sender` send a probe.
    pub(super) fn probe(&mut self, sender: usize) {
        self.text.clear();
        self.judge.probe(sender, self.now_us, &mut self.text);
        self.put_text(sender);
        self.flush(self.plan.connection_of(sender));
    }

    /// Writes what client `at` has to send.
    pub(super) fn flush(&mut self, at: usize) {
        if let Err(e) = self.clients[at].flush() {
            self.over(at, &e.to_string());
        }
    }

    /// Client `at` leaves by itself.
    pub(super) fn leave(&mut self, at: usize) {
        let client = &mut self.clients[at];
        if client.state == ClientState::In {
            self.joined -= usize::from(client.who.listens);
            self.plan.tongue.leave(&client.who, &mut client.out);
            // One that is gone already has left too.
            let _ = client.flush();
            self.judge.go(at);
        } else if matches!(client.state, ClientState::Connecting | ClientState::Joining) {
            self.on_their_way -= 1;
        }
        client.close(ClientState::Out);
    }

    /// Client `at`, which has left, comes again under another name.
    ///
    /// # Errors
    /// As of [`Engine::open`].
    pub(super) fn come_again(&mut self, at: usize) -> Result<(), String> {
        let client = &mut self.clients[at];
        client.life += 1;
        client.who = self.plan.speaker(self.run, at, client.life);
        self.open(at)
    }

    /// Reads off what client `at`, which never read, was sent, to see whether its connection ended.
    pub(super) fn wake(&mut self, at: usize) {
        let mut scratch = std::mem::take(&mut self.scratch);
        loop {
            match self.clients[at].read(&mut scratch, READ_BYTES) {
                Ok((_, 1..)) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Ok((_, 0)) | Err(_) => {
                    self.over(at, "");
                    break;
                }
            }
        }
        self.scratch = scratch;
    }

    /// Lets the poll wake up `after` a time, more precisely than its own timeout does.
    fn wake_in(&self, after: Duration) {
        let zero = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let time = Itimerspec {
            it_interval: zero,
            it_value: Timespec {
                tv_sec: after.as_secs().cast_signed(),
                tv_nsec: i64::from(after.subsec_nanos().max(1)),
            },
        };
        // A time in order is never refused; without it the poll's own timeout wakes up later.
        let _ = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &time);
    }

    fn wait(&mut self, until_us: u64) -> io::Result<()> {
        let now_us = self.read_clock();
        let until_us = until_us.min(self.meter.next_us());
        let wait_us = match self.unread.is_empty() {
            true => until_us.saturating_sub(now_us),
            false => 0,
        };
        // A timeout is rounded up to a millisecond: the last part of a wait is the timer's.
        let timeout = match wait_us {
            TIMER_US.. => Duration::from_micros(wait_us - TIMER_US + 500),
            _ => Duration::from_micros(wait_us),
        };
        if (1..TIMER_US).contains(&wait_us) {
            self.wake_in(timeout);
        }
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                self.events.clear();
                Ok(())
            }
            polled => polled,
        }
    }

    fn put_text(&mut self, sender: usize) {
        let client = &mut self.clients[self.plan.connection_of(sender)];
        let (tongue, text) = (self.plan.tongue, &self.text);
        tongue.say(&client.who, text, &mut client.out);
    }

    fn on_event(&mut self, event: &Event) {
        match event.token() {
            SIGNALS => self.interrupts += self.signals.pending().count(),
            TIMER => {}
            Token(at) => {
                if self.clients[at].state == ClientState::Connecting {
                    self.connected(at);
                }
                let client = &self.clients[at];
                if event.is_writable() && client.has_unsent() {
                    self.flush(at);
                }
                let is_closed = event.is_read_closed() || event.is_error();
                if !self.clients[at].reads() {
                    if is_closed {
                        self.over(at, "the server ended the connection");
                    }
                } else if event.is_readable() || is_closed {
                    self.read(at, is_closed);
                }
            }
        }
    }

    /// The kernel has something to say of a connection that is being made.
    fn connected(&mut self, at: usize) {
        let client = &mut self.clients[at];
        let Some(stream) = client.stream.as_ref().map(ClientStream::socket) else {
            return;
        };
        if let Ok(Some(e)) | Err(e) = stream.take_error() {
            return self.over(at, &opener::refused(self.opener.address, &e));
        }
        if stream.peer_addr().is_err() {
            return;
        }
        self.connect_us
            .saturating_record((self.now_us - client.since_us).max(1));
        client.since_us = self.now_us;
        client.state = ClientState::Joining;
        self.plan.tongue.greet(&client.who, &mut client.out);
        self.flush(at);
        if !self.plan.tongue.welcomes() {
            self.come_in(at);
        }
    }

    fn come_in(&mut self, at: usize) {
        let client = &mut self.clients[at];
        if client.state != ClientState::Joining {
            return;
        }
        client.state = ClientState::In;
        self.join_us
            .saturating_record((self.now_us - client.since_us).max(1));
        self.joined += usize::from(client.who.listens);
        self.on_their_way -= 1;
        self.last_step_us = self.now_us;
        self.judge.come(at, client.part);
    }

    /// The connection of client `at` ended, or is of no use.
    fn over(&mut self, at: usize, why: &str) {
        let client = &mut self.clients[at];
        match client.state {
            ClientState::Connecting | ClientState::Joining => {
                self.is_unreachable |= client.state == ClientState::Connecting;
                self.on_their_way -= 1;
                self.last_step_us = self.now_us;
                self.judge.faults.disconnected += 1;
                self.failure.get_or_insert_with(|| why.to_owned());
            }
            ClientState::In if client.part == ClientRole::NeverReads => {
                self.joined -= 1;
                self.dropped += 1;
            }
            ClientState::In => {
                self.joined -= usize::from(client.who.listens);
                self.judge.faults.disconnected += 1;
                self.judge.go(at);
                self.failure.get_or_insert_with(|| why.to_owned());
            }
            ClientState::Out | ClientState::Over => {}
        }
        client.close(ClientState::Over);
    }
}

fn sources() -> io::Result<(Poll, Signals, OwnedFd)> {
    let poll = Poll::new()?;
    let registry = poll.registry();
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    registry.register(&mut signals, SIGNALS, Interest::READABLE)?;
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    let fd = timer.as_raw_fd();
    registry.register(&mut SourceFd(&fd), TIMER, Interest::READABLE)?;
    Ok((poll, signals, timer))
}
