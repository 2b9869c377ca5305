//! The end of a server that another program takes over from: nobody is read any more, what is under way comes to its
//! end, and then everything is offered. Until the other has said that it is ready nothing is lost or changed: where
//! that does not come, this one goes on.

use serde::{Deserialize, Serialize};

use crate::layer::Layer;
use crate::limits::{HANDOVER_ALIVE_MS, HANDOVER_PATIENCE_MS, HANDOVER_SETTLE_MS};
use crate::model::ConnId;
use crate::sys::{Given, Mailbox as _, Place, Stream, StreamKind, System};

use super::connection::{Connection, ConnectionState, RawBytes};
use super::connections::Connections;
use super::counters::Counters;
use super::door::Door;
use super::phase::Reason;
use super::relay::Relays;
use super::tickets::Tickets;
use super::timers::Tick;
use super::{Ended, Reactor};

/// The version of [`ServerState`], and of all in it. A program that takes over reads its own only.
pub(super) const STATE_VERSION: u32 = 1;

/// How it stands with programs that take over.
#[derive(Debug)]
pub(super) struct Succession<S> {
    /// Is there somewhere for one to come to?
    pub(super) is_awaited: bool,
    /// One may have come.
    pub(super) has_come: bool,
    /// One is let in, and waits.
    waiting: Option<SuccessorWait>,
    /// The ends, here, of what stands for TLS sessions there, in the order of these.
    relays: Vec<S>,
}

/// A program that waits for what is under way.
#[derive(Debug)]
struct SuccessorWait {
    since: Tick,
    /// When somebody was told something last that had still to be told.
    told_at: Tick,
    reassured_at: Tick,
}

impl<S> Default for Succession<S> {
    fn default() -> Succession<S> {
        Succession {
            is_awaited: false,
            has_come: false,
            waiting: None,
            relays: Vec::new(),
        }
    }
}

/// What a program that takes over is told; what it is given with that are the descriptors of the doors and of the
/// connections, in their order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ServerState {
    /// How long the server runs, in milliseconds: every time is counted from its start.
    pub(super) elapsed_ms: u64,
    /// Does it keep history and accounts? Then the lock of their directory is given, too.
    pub(super) keeps: bool,
    pub(super) doors: Vec<DoorState>,
    pub(super) last_generation: u32,
    pub(super) connections: Vec<ConnectionState>,
    /// Connections that nobody can be given.
    pub(super) left: Vec<ConnId>,
    /// When the server begins to stop, where an operator has said that.
    pub(super) stop_begins_at: Option<Tick>,
    pub(super) counters: Counters,
    pub(super) hub: RawBytes,
    /// What files may be sent by. A server from before there were any tells of none.
    #[serde(default)]
    pub(super) tickets: Tickets,
}

/// A door.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DoorState {
    /// Where it was to be.
    asked: Place,
    /// Where it is: with the real port.
    pub(super) place: Place,
    pub(super) has_file: bool,
    /// Unix-domain connections accepted so far.
    pub(super) serial: u32,
}

impl DoorState {
    pub(super) fn of<S: System>(door: &Door<S::Listener>, system: &S) -> DoorState {
        DoorState {
            asked: door.asked.clone(),
            place: door.address.place.clone(),
            has_file: system.has_file(&door.listener),
            serial: door.serial,
        }
    }

    /// Is it the one that is to be at `place`?
    pub(super) fn is_at(&self, place: &Place) -> bool {
        match (&self.asked, place) {
            (Place::Unix(own), Place::Unix(other)) => own.path == other.path,
            (own, other) => own == other,
        }
    }
}

impl<S: System> Reactor<S> {
    /// Has this program, as it is installed now, take over from itself.
    pub(super) fn start_successor(&mut self) {
        let started = match self.succession.is_awaited {
            true => self.system.start_successor(),
            false => Err(std::io::Error::other("there is no --run-dir")),
        };
        if let Err(e) = started {
            log::error!("no program can be started that takes over: {e}");
        }
    }

    /// Lets a program in that has come to take over, unless one is in, or the server stops.
    pub(super) fn meet_successor(&mut self) {
        if !self.succession.has_come || self.is_handing_over() {
            return;
        }
        match self.system.meet_successor() {
            Ok(()) if self.stops_at.is_some() => {
                self.system.refuse_successor("the server is stopping");
            }
            Ok(()) => {
                log::info!("another program takes over");
                // Who sends or is sent a file is not handed over in the middle of it: it begins again with the other.
                for id in self.transfers.ids() {
                    self.connections.doom(id, Reason::Shutdown);
                }
                let now = self.clock.now;
                self.succession.waiting = Some(SuccessorWait {
                    since: now,
                    told_at: now,
                    reassured_at: now,
                });
            }
            Err(e) => {
                self.succession.has_come = false;
                if e.kind() != std::io::ErrorKind::WouldBlock {
                    log::warn!("a program that is to take over is not let in: {e}");
                }
            }
        }
    }

    /// Is nobody read, because another program takes over?
    pub(super) fn is_handing_over(&self) -> bool {
        self.succession.waiting.is_some()
    }

    /// Hands over when nothing is under way; gives up where that takes too long.
    pub(super) fn go_on_handing_over(&mut self) -> Option<Ended> {
        let is_telling = self.has_more_to_hear() || self.connections.has_unsettled();
        let waiting = self.succession.waiting.as_mut()?;
        let now = self.clock.now;
        if is_telling {
            waiting.told_at = now;
        }
        let until = waiting.told_at + HANDOVER_SETTLE_MS;
        let until = until.min(waiting.since + HANDOVER_PATIENCE_MS);
        let handed_over = match self.is_settled() {
            _ if self.stops_at.is_some() => Err("the server is stopping".into()),
            true => self.hand_everything_over(),
            false if now < until => match self.reassure() {
                Ok(()) => return None,
                Err(why) => Err(why),
            },
            false => Err("the disk, or what somebody has asked, takes too long".into()),
        };
        self.succession.waiting = None;
        match handed_over {
            Ok(relays) => Some(self.end_handed_over(relays)),
            Err(why) => {
                self.system.refuse_successor(&why);
                log::error!("not taken over, and going on: {why}");
                None
            }
        }
    }

    /// Tells the one that waits that it is not forgotten, now and then.
    fn reassure(&mut self) -> Result<(), String> {
        match &mut self.succession.waiting {
            Some(waiting) if self.clock.now >= waiting.reassured_at + HANDOVER_ALIVE_MS => {
                waiting.reassured_at = self.clock.now;
                self.system.reassure_successor()
            }
            _ => Ok(()),
        }
    }

    /// Is nothing under way: is all told, answered and on disk?
    fn is_settled(&self) -> bool {
        let is_kept = self
            .store
            .as_ref()
            .is_none_or(|store| store.backlog().records == 0);
        is_kept
            && !self.has_more_to_hear()
            && self.hub.is_settled()
            && self.hub.poll_timeout().is_none_or(|at| at > self.clock.now)
            && self.questions.is_empty()
            && self.transfers.is_empty()
            && !self.connections.has_unsettled()
            && self.farewells.is_empty()
            && !self.awaits_settings
            && !self.connections.iter().any(Connection::awaits_answers)
    }

    fn hand_everything_over(&mut self) -> Result<Vec<S::Stream>, String> {
        let state = rmp_serde::to_vec(&self.state()).map_err(|e| e.to_string())?;
        let given = Given {
            store: self.store.as_ref(),
            listeners: self.doors.iter().map(|door| &door.listener).collect(),
            streams: handed(&self.connections)
                .map(|(connection, _)| connection.socket.stream())
                .collect(),
        };
        let relays = self.system.offer(STATE_VERSION, &state, &given)?;
        self.system.yield_all()?;
        Ok(relays)
    }

    /// What there is of everything, but for the descriptors.
    pub(super) fn state(&self) -> ServerState {
        ServerState {
            elapsed_ms: self.clock.tick(&self.system),
            keeps: self.store.is_some(),
            doors: self
                .doors
                .iter()
                .map(|door| DoorState::of(door, &self.system))
                .collect(),
            last_generation: self.connections.last_generation(),
            connections: handed(&self.connections)
                .map(|(connection, kind)| connection.state(kind))
                .collect(),
            left: {
                let all = self.connections.iter();
                all.filter(|it| kind_of(it).is_none())
                    .map(|it| it.id)
                    .collect()
            },
            stop_begins_at: self.stop_begins_at,
            counters: self.counters.clone(),
            hub: RawBytes::from(self.hub.snapshot()),
            tickets: self.transfers.tickets.begun_anew(),
        }
    }

    /// Closes everything, which is another program's, but passes on what comes over TLS, as long as there is anything.
    pub(super) fn let_go(self) {
        let Reactor {
            mut system,
            doors,
            connections,
            succession,
            ..
        } = self;
        for door in doors {
            system.leave(door.listener);
        }
        let (sessions, others): (Vec<_>, Vec<_>) = connections
            .into_sockets()
            .partition(|socket| socket.stream().is_none());
        if sessions.is_empty() {
            return;
        }
        for mut socket in others {
            // The other program has it, so that closing it here does not take it out of this poll.
            let _ = system.deregister(socket.stream_mut());
        }
        Relays::new(system, sessions.into_iter().zip(succession.relays)).run();
    }

    /// All of it is the other program's: what is kept is closed here, and then the rest.
    fn end_handed_over(&mut self, relays: Vec<S::Stream>) -> Ended {
        self.store = None;
        self.keeper = None;
        self.system.part();
        log::info!(
            "taken over: {} connections are another program's",
            self.connections.open_len()
        );
        self.succession.relays = relays;
        Ended::TakenOver
    }
}

/// The connections that can be given, and as what.
fn handed<S: Stream>(
    connections: &Connections<S>,
) -> impl Iterator<Item = (&Connection<Layer<S>>, StreamKind)> {
    let all = connections.iter();
    all.filter_map(|connection| Some((connection, kind_of(connection)?)))
}

/// As what a connection can be given, if it can.
fn kind_of<S: Stream>(connection: &Connection<Layer<S>>) -> Option<StreamKind> {
    match connection.socket.stream() {
        Some(stream) => stream.kind(),
        None => Some(StreamKind::Unix),
    }
}
