//! The reactor: the loop that owns sockets and time, on mio's edge-triggered poll.
//!
//! A turn: wait for events; accept; let the deadlines fire of those whom no event was for; take in what the
//! archive answers; read and handle what each ready connection has to say, within budgets; then settle everyone
//! whose state may have changed: flush once, apply limits, interest and deadlines. Nothing is freed before the end
//! of the turn. Whoever has more to do without waiting for an event (a budget was used up) stands on the ready
//! list, and the next poll does not sleep.
//!
//! Files call each other downwards only:
//! ```text
//! turn                                         what is done, in which order, and deadlines
//! resume  handover  relay                      one program goes on in another's place
//! cluster                                      what other servers share with this one
//! welcome  frames  answers  settle             who comes, what is read, what the archive says, what is flushed
//! visit · requests · endings · proxies         what is asked over HTTP and else, how connections end, whose they are
//! sending → uploads; downloads                      files on their way, a piece at a time
//! apply · sharing                              the one way to the chat: an Input, what follows of it
//! delivery · dialogues · report · files        fan-out, what is told, figures, what is read again
//! connections questions transfers tickets links timers budget journal  state of their own
//! ```

mod admission;
mod answers;
mod apply;
mod browsers;
mod bucket;
mod budget;
mod clock;
mod cluster;
mod config;
pub mod connection;
mod connections;
mod counters;
mod delivery;
mod dialogues;
mod door;
mod downloads;
mod endings;
mod files;
mod frames;
mod handover;
mod issue;
mod journal;
mod keeping;
mod links;
mod nodes;
mod open;
mod orders;
mod pages;
pub mod phase;
mod posters;
mod process;
mod proxies;
mod questions;
mod relay;
mod reload;
mod report;
mod requests;
mod resume;
mod sending;
mod settle;
mod sharing;
mod show;
mod tickets;
mod timers;
mod transfers;
mod turn;
mod uploads;
mod vault;
mod visit;
mod watchdog;
mod welcome;

use std::collections::VecDeque;
use std::time::Duration;

#[cfg(feature = "testing")]
pub use cluster::Replica;
pub use config::Config;
pub use door::DoorAddress;
pub use files::Certificate;
pub use timers::Tick;

pub use crate::sys::Place;
pub(crate) use crate::sys::now;

use crate::hub::Hub;
use crate::layer::Identity;
use crate::limits::Limits;
use crate::model::ConnId;
use crate::sys::System;
use crate::web::Site;
use admission::Admission;
use browsers::Browsers;
use budget::Budget;
use clock::Clock;
use cluster::Cluster;
use connections::Connections;
use counters::Counters;
use delivery::RoomBatch;
use door::Door;
use files::Files;
use handover::Succession;
use journal::Journal;
use links::LinkMaker;
use pages::Pages;
use questions::Questions;
use reload::OptionsSource;
use show::Show;
use timers::Timers;
use transfers::Transfers;
use watchdog::Watchdog;

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A signal, and everyone was told and drained, or five seconds passed.
    Stopped,
    /// A second signal, whose number this is.
    Forced(i32),
    /// Another program goes on in its place.
    TakenOver,
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
    browsers: Browsers,
    limits: Limits,
    clock: Clock,
    scratch: Box<[u8]>,
    budget: Budget,
    /// Connections over the limit that are being told so.
    refused: usize,
    /// What all Outboxes may hold together, in bytes.
    sendq_total_bytes: usize,
    counters: Counters,
    files: Files,
    /// Where its options are read again.
    options: Option<OptionsSource>,
    /// Without it no TLS is spoken.
    identity: Option<Identity>,
    site: Site,
    show: Show,
    keeper: Option<S::Settings>,
    /// Are settings being read again beside the loop?
    awaits_settings: bool,
    /// Did operators set something that is not with the keeper yet?
    has_new_settings: bool,
    /// Where what is said is kept.
    store: Option<S::Store>,
    /// May the store have more answers than the last turn took in?
    has_more_answers: bool,
    questions: Questions,
    /// Connections whose changes have all come back from the cluster.
    released: Vec<ConnId>,
    /// The servers that it shares its log with, if there are any.
    cluster: Option<Box<Cluster<S::Engine>>>,
    transfers: Transfers,
    links: LinkMaker,
    /// Who is yet to be told that the server stops.
    farewells: VecDeque<ConnId>,
    /// When the server begins to stop.
    stop_begins_at: Option<Tick>,
    /// When a stop gives up waiting.
    stops_at: Option<Tick>,
    watchdog: Option<Watchdog>,
    journal: Journal,
    succession: Succession<S::Stream>,
}

impl<S: System> Reactor<S> {
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
}
