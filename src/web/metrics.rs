//! The server's figures in Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;

use crate::dialect::http::{Response, StatusCode};

mod cluster;

pub(crate) use cluster::ClusterFigures;

/// Bounds of the buckets of turns, in microseconds.
const TURN_BOUNDS_US: [u64; 13] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000,
];

/// How long turns took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TurnTimes {
    /// Turns of each bucket alone; the last is for those above every bound.
    counts: [u64; TURN_BOUNDS_US.len() + 1],
    sum_us: u64,
}

impl TurnTimes {
    /// How many turns there were.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// A turn took `us` microseconds.
    pub(crate) fn record(&mut self, us: u64) {
        let bucket = TURN_BOUNDS_US.partition_point(|&bound| bound < us);
        self.counts[bucket] += 1;
        self.sum_us += us;
    }
}

/// By what a connection's bytes come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Via {
    /// As they are.
    Plain,
    /// Encrypted.
    Tls,
    /// In messages of a WebSocket, encrypted or not.
    WebSocket,
}

impl Via {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Via::Plain => "plain",
            Via::Tls => "tls",
            Via::WebSocket => "websocket",
        }
    }
}

/// Connections of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectionsOf {
    /// The name of what they speak.
    pub dialect: &'static str,
    /// By what it comes.
    pub transport: Via,
    /// How many there are.
    pub count: u64,
}

/// How the disk does, where history is kept on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HistoryFigures {
    /// Records that wait for it.
    pub queued: u64,
    /// Does it not take them?
    pub is_behind: bool,
    /// Records that were not kept, for as many waited as may.
    pub lost: u64,
    /// Commits that were made.
    pub commits: u64,
    /// The longest of them, in microseconds.
    pub longest_commit_us: u64,
}

/// What the process takes of the machine, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ProcessFigures {
    /// When it was started, in milliseconds since 1970.
    pub started_ms: u64,
    /// The processor's time that it took, in milliseconds.
    pub cpu_ms: Option<u64>,
    /// Descriptors that are open.
    pub descriptors: Option<u64>,
    /// How many may be.
    pub descriptors_max: Option<u64>,
    /// Memory that it has in RAM.
    pub resident_bytes: Option<u64>,
}

/// How the server does. What happened is counted since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Metrics {
    /// The program's version.
    pub version: &'static str,
    /// The commit that it was built from, where that is known.
    pub commit: &'static str,
    /// Milliseconds since the start.
    pub uptime_ms: u64,
    /// Connections by dialect and transport, each kind once.
    pub connections: Vec<ConnectionsOf>,
    /// Users who are joined.
    pub users: u64,
    /// Rooms there are.
    pub rooms: u64,
    /// Users who came in.
    pub joins: u64,
    /// Messages that users sent.
    pub messages_in: u64,
    /// Messages handed to users.
    pub messages_out: u64,
    /// Events handed to connections, messages and all others.
    pub deliveries: u64,
    /// Bytes that peers sent.
    pub bytes_in: u64,
    /// Bytes that peers took.
    pub bytes_out: u64,
    /// Bytes that peers are owed now.
    pub sendq_bytes: u64,
    /// Bytes that the one is owed who is owed the most.
    pub sendq_largest_bytes: u64,
    /// Memory that all that is owed takes, shared pages counted once.
    pub sendq_memory_bytes: u64,
    /// Connections that the server ended, by reason, each once.
    pub drops: Vec<(&'static str, u64)>,
    /// Connections turned away.
    pub refused: u64,
    /// How long turns took.
    pub turns: TurnTimes,
    /// How the disk does, where history is kept on one.
    pub history: Option<HistoryFigures>,
    /// How the cluster does, where there is one.
    pub cluster: Option<ClusterFigures>,
    /// What the process takes, where that is known.
    pub process: ProcessFigures,
}

impl Metrics {
    /// The answer to whom they are for.
    pub(crate) fn response(&self) -> Response {
        let content_type = "text/plain; version=0.0.4; charset=utf-8";
        Response::new(StatusCode::Ok, content_type, self.render().into_bytes())
    }

    fn render(&self) -> String {
        let mut text = Exposition(String::new());
        text.family("hubbub_build_info", "gauge", "What is running.");
        let build = [("version", self.version), ("commit", self.commit)];
        text.sample("hubbub_build_info", &build, 1);
        text.gauge_seconds(
            "hubbub_uptime_seconds",
            "Time since the start.",
            self.uptime_ms,
        );
        text.family("hubbub_connections", "gauge", "Open connections.");
        for of in &self.connections {
            let labels = [("dialect", of.dialect), ("transport", of.transport.name())];
            text.sample("hubbub_connections", &labels, of.count);
        }
        text.gauge("hubbub_users", "Users who are joined.", self.users);
        text.gauge("hubbub_rooms", "Rooms there are.", self.rooms);
        text.counter("hubbub_joins_total", "Users who came in.", self.joins);
        text.counter(
            "hubbub_messages_received_total",
            "Messages that users sent.",
            self.messages_in,
        );
        text.counter(
            "hubbub_messages_sent_total",
            "Messages handed to users.",
            self.messages_out,
        );
        text.counter(
            "hubbub_deliveries_total",
            "Events handed to connections.",
            self.deliveries,
        );
        text.counter(
            "hubbub_received_bytes_total",
            "Bytes that peers sent.",
            self.bytes_in,
        );
        text.counter(
            "hubbub_sent_bytes_total",
            "Bytes that peers took.",
            self.bytes_out,
        );
        self.render_load(&mut text);
        text.0
    }

    fn render_load(&self, text: &mut Exposition) {
        text.gauge(
            "hubbub_sendq_bytes",
            "Bytes that peers are owed.",
            self.sendq_bytes,
        );
        text.gauge(
            "hubbub_sendq_largest_bytes",
            "Bytes that the one is owed who is owed the most.",
            self.sendq_largest_bytes,
        );
        text.gauge(
            "hubbub_sendq_memory_bytes",
            "Memory that all that is owed takes.",
            self.sendq_memory_bytes,
        );
        text.family(
            "hubbub_drops_total",
            "counter",
            "Connections that the server ended.",
        );
        for (reason, count) in &self.drops {
            text.sample("hubbub_drops_total", &[("reason", reason)], *count);
        }
        text.counter(
            "hubbub_refused_total",
            "Connections turned away.",
            self.refused,
        );
        text.histogram("hubbub_turn_seconds", "How long turns took.", &self.turns);
        if let Some(history) = &self.history {
            history.render(text);
        }
        if let Some(cluster) = &self.cluster {
            cluster.render(text);
        }
        self.process.render(text);
    }
}

impl ProcessFigures {
    fn render(&self, text: &mut Exposition) {
        text.gauge_seconds(
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            self.started_ms,
        );
        if let Some(ms) = self.cpu_ms {
            let (name, help) = (
                "process_cpu_seconds_total",
                "Total user and system CPU time spent in seconds.",
            );
            text.family(name, "counter", help);
            text.sample(name, &[], format_args!("{}.{:03}", ms / 1000, ms % 1000));
        }
        for (name, help, value) in [
            (
                "process_open_fds",
                "Number of open file descriptors.",
                self.descriptors,
            ),
            (
                "process_max_fds",
                "Maximum number of open file descriptors.",
                self.descriptors_max,
            ),
            (
                "process_resident_memory_bytes",
                "Resident memory size in bytes.",
                self.resident_bytes,
            ),
        ] {
            if let Some(value) = value {
                text.gauge(name, help, value);
            }
        }
    }
}

impl HistoryFigures {
    fn render(&self, text: &mut Exposition) {
        text.gauge(
            "hubbub_history_queued",
            "Records that wait for the disk.",
            self.queued,
        );
        text.gauge(
            "hubbub_history_behind",
            "1 where the disk does not take them.",
            u64::from(self.is_behind),
        );
        text.counter(
            "hubbub_history_lost_total",
            "Records that were not kept.",
            self.lost,
        );
        text.counter(
            "hubbub_history_commits_total",
            "Commits that were made.",
            self.commits,
        );
        text.gauge_seconds(
            "hubbub_history_longest_commit_seconds",
            "The longest commit.",
            self.longest_commit_us / 1000,
        );
    }
}

/// Families of samples as they are written. Writing to a String cannot fail.
struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.sample(name, &[], value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn gauge_seconds(&mut self, name: &str, help: &str, ms: u64) {
        self.family(name, "gauge", help);
        self.sample(name, &[], format_args!("{}.{:03}", ms / 1000, ms % 1000));
    }

    fn histogram(&mut self, name: &str, help: &str, times: &TurnTimes) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        let mut count = 0;
        for (bound_us, of_bucket) in TURN_BOUNDS_US.iter().zip(times.counts) {
            count += of_bucket;
            let bound = format!("{}", *bound_us as f64 / 1e6);
            self.sample(&bucket, &[("le", &bound)], count);
        }
        count += times.counts[TURN_BOUNDS_US.len()];
        self.sample(&bucket, &[("le", "+Inf")], count);
        let sum_us = times.sum_us;
        let sum = format_args!("{}.{:06}", sum_us / 1_000_000, sum_us % 1_000_000);
        self.sample(&format!("{name}_sum"), &[], sum);
        self.sample(&format!("{name}_count"), &[], count);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (at, (label, of)) in labels.iter().enumerate() {
            let begin = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{begin}{label}=\"{}\"", escaped(of));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests;
