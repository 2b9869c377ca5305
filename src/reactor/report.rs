//! How the server does: for operators, and for Prometheus.

use std::mem;

use crate::cluster::EngineFigures;
use crate::dialect::Dialect;
use crate::hub::Report;
use crate::layer::{Layer, Transport as _};
#[cfg(feature = "testing")]
use crate::model::Settings;
use crate::model::{Done, ErrorCode, Event, NodeEntry, Stats};
use crate::sys::{LogEngine as _, Mailbox as _, System};
use crate::web::metrics::{ClusterFigures, ConnectionsOf, HistoryFigures, Via};
use crate::web::status::Unready;
use crate::web::{DoorKind, Metrics};

use super::Reactor;
use super::connection::Connection;
use super::door::STATUS_NAME;
use super::process;

impl<S: System> Reactor<S> {
    /// What there is of connections and of all that waits, by what it is: nothing where nobody is.
    #[cfg(feature = "testing")]
    pub fn pending(&self) -> Vec<(&'static str, usize)> {
        let mut pending = self.hub.pending();
        pending.push(("connections", self.connections.iter().count()));
        pending.push(("bytes of pages", self.pages.ledger.held()));
        pending.extend(self.questions.pending());
        pending
    }

    /// # Panics
    /// Where a second chat that was given the same entries has come to another state.
    #[cfg(feature = "testing")]
    pub fn check_mirror(&self) {
        self.hub.check_mirror();
    }

    /// Goes on with the hub that is restored of its snapshot, unless something is under way.
    #[cfg(feature = "testing")]
    pub fn renew_hub(&mut self) {
        self.hub.renew();
    }

    /// What operators have set.
    #[cfg(feature = "testing")]
    pub fn settings(&self) -> &Settings {
        self.hub.settings()
    }

    /// Logs how the server does.
    pub(super) fn log_stats(&mut self) {
        let Stats(stats) = self.stats();
        let parts: Vec<String> = stats
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        log::info!("{}", parts.join(", "));
    }

    /// How the server does; the longest turn also since this was asked last.
    pub(super) fn stats(&mut self) -> Stats {
        let longest_us = mem::take(&mut self.counters.longest_turn_since_asked_us);
        let mut stats = vec![
            ("uptime s", self.clock.now / 1000),
            ("online", self.hub.online() as u64),
        ];
        for name in spoken_names() {
            let are_called =
                |connection: &&Connection<Layer<S::Stream>>| name_of(connection) == name;
            let of_name = self.connections.iter().filter(are_called).count();
            stats.push((name, of_name as u64));
        }
        let sendqs = || self.connections.iter().map(|c| c.sendq() as u64);
        let websockets = self.connections.iter().filter(|c| c.is_websocket()).count();
        let over_tls = self.connections.iter().filter(|c| c.socket.is_tls());
        let counters = &self.counters;
        stats.extend([
            ("over WebSocket", websockets as u64),
            ("over TLS", over_tls.count() as u64),
            ("rooms", self.hub.rooms() as u64),
            ("joins", counters.joins),
            ("messages in", counters.messages_in),
            ("messages out", counters.messages_out),
            ("bytes in", counters.bytes_in),
            ("bytes out", counters.bytes_out),
            ("SendQ total", sendqs().sum()),
            ("SendQ largest", sendqs().max().unwrap_or(0)),
            ("SendQ memory", self.pages.ledger.held() as u64),
            ("refused", counters.refused),
            ("turns", counters.turns.count()),
            ("longest turn us", counters.longest_turn_us),
            ("longest turn since asked us", longest_us),
        ]);
        if let Some(history) = self.history() {
            stats.extend([
                ("history queued", history.queued),
                ("history behind", u64::from(history.is_behind)),
                ("history lost", history.lost),
                ("history commits", history.commits),
                ("longest commit us", history.longest_commit_us),
            ]);
        }
        if let Some((engine, lag_ms)) = self.engine_figures() {
            let all = self.nodes();
            let nodes = |is: fn(&&NodeEntry) -> bool| all.iter().filter(is).count() as u64;
            stats.extend([
                ("cluster engine here", u64::from(engine.is_here)),
                ("cluster servers", nodes(|it| it.is_member)),
                ("cluster leases", nodes(|it| it.has_lease)),
                ("cluster batches", engine.proposed),
                ("cluster waiting", engine.waiting as u64),
                ("cluster lag entries", engine.behind),
                ("cluster lag ms", lag_ms),
            ]);
        }
        stats.extend(counters.drops.iter().map(|(&name, &count)| (name, count)));
        Stats(stats)
    }

    /// What only the server itself knows.
    pub(super) fn report(&mut self, report: Report) -> Event {
        match report {
            Report::Stats => Event::Stats(self.stats()),
            Report::Nodes => Event::Nodes(self.nodes()),
            Report::Drain(node) => match self.drain(&node) {
                true => Event::Done {
                    what: Some(Done::Drains { node }),
                },
                false => Event::Error(ErrorCode::NoSuchNode(node)),
            },
        }
    }

    /// The figures for Prometheus.
    pub(super) fn metrics(&self) -> Metrics {
        let counters = &self.counters;
        let sendqs = || self.connections.iter().map(|c| c.sendq() as u64);
        let label = |name: &'static str| name.strip_prefix("dropped for ").unwrap_or(name);
        let drops = counters.drops.iter();
        Metrics {
            version: env!("CARGO_PKG_VERSION"),
            commit: env!("HUBBUB_COMMIT").trim_matches([' ', '(', ')']),
            uptime_ms: self.clock.now,
            connections: self.connections_by_kind(),
            users: self.hub.online() as u64,
            rooms: self.hub.rooms() as u64,
            joins: counters.joins,
            messages_in: counters.messages_in,
            messages_out: counters.messages_out,
            deliveries: counters.deliveries,
            bytes_in: counters.bytes_in,
            bytes_out: counters.bytes_out,
            sendq_bytes: sendqs().sum(),
            sendq_largest_bytes: sendqs().max().unwrap_or(0),
            sendq_memory_bytes: self.pages.ledger.held() as u64,
            drops: drops.map(|(name, &count)| (label(name), count)).collect(),
            refused: counters.refused,
            turns: counters.turns.clone(),
            history: self.history(),
            cluster: self.cluster_figures(),
            process: process::figures(&self.system, self.clock.now),
        }
    }

    /// How the engine is, and how old the last batch was when it was applied, in milliseconds.
    fn engine_figures(&self) -> Option<(EngineFigures, u64)> {
        let cluster = self.cluster.as_ref()?;
        Some((cluster.engine.figures(), cluster.lag_ms))
    }

    fn cluster_figures(&self) -> Option<ClusterFigures> {
        let (engine, lag_ms) = self.engine_figures()?;
        Some(ClusterFigures {
            is_engine_here: engine.is_here,
            nodes: self.nodes(),
            proposed: engine.proposed,
            waiting: engine.waiting as u64,
            behind: engine.behind,
            lag_ms,
        })
    }

    /// Why nobody can come in, if nobody can.
    pub(super) fn unready(&self) -> Option<Unready> {
        let is_behind = || self.history().is_some_and(|history| history.is_behind);
        let is_away = || {
            self.engine_figures()
                .is_some_and(|(engine, _)| !engine.is_here)
        };
        match () {
            () if self.stops_at.is_some() => Some(Unready::Stopping),
            () if self.admission.is_full() => Some(Unready::Full),
            () if is_behind() => Some(Unready::DiskBehind),
            () if is_away() => Some(Unready::ClusterAway),
            () if self.is_draining() => Some(Unready::Draining),
            () => None,
        }
    }

    fn history(&self) -> Option<HistoryFigures> {
        let figures = self.store.as_ref()?.figures();
        Some(HistoryFigures {
            queued: figures.backlog.records as u64,
            is_behind: figures.backlog.is_behind,
            lost: figures.lost,
            commits: figures.commits,
            longest_commit_us: figures.longest_commit_us,
        })
    }

    fn connections_by_kind(&self) -> Vec<ConnectionsOf> {
        let mut kinds = Vec::new();
        for dialect in spoken_names().chain([UNKNOWN]) {
            for transport in [Via::Plain, Via::Tls, Via::WebSocket] {
                let of_kind = self.connections.iter().filter(|connection| {
                    let via = match (connection.is_websocket(), connection.socket.is_tls()) {
                        (true, _) => Via::WebSocket,
                        (false, true) => Via::Tls,
                        (false, false) => Via::Plain,
                    };
                    name_of(connection) == dialect && via == transport
                });
                kinds.push(ConnectionsOf {
                    dialect,
                    transport,
                    count: of_kind.count() as u64,
                });
            }
        }
        kinds
    }
}

/// What connections are told apart by in the figures, as far as it is known what they speak.
fn spoken_names() -> impl Iterator<Item = &'static str> {
    Dialect::ALL
        .map(Dialect::name)
        .into_iter()
        .chain([STATUS_NAME])
}

/// Where it is not.
const UNKNOWN: &str = "unknown";

/// Among which of them a connection is counted.
fn name_of<S>(connection: &Connection<S>) -> &'static str {
    match connection.door {
        DoorKind::Status => STATUS_NAME,
        DoorKind::Public { .. } => connection.dialect.map_or(UNKNOWN, Dialect::name),
    }
}
