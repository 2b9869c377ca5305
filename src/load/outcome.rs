//! What a run found, as plain values: the table, the JSON and the report are made from this alone.

use std::time::Duration;

use hdrhistogram::Histogram;

/// What a run found.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The scenario's name, as it is asked for.
    pub scenario: &'static str,
    /// The server's address, as it was given.
    pub target: String,
    /// What was spoken.
    pub dialect: &'static str,
    /// How the run was set, as names and values in the order they are shown.
    pub settings: Vec<(&'static str, String)>,
    /// Clients that were to come in.
    pub clients: usize,
    /// Clients that came in.
    pub joined: usize,
    /// Clients that speak.
    pub senders: usize,
    /// Rooms that they are in.
    pub rooms: usize,
    /// Bytes of a message's text.
    pub size: usize,
    /// From the first connect until the last client had joined.
    pub joining: Duration,
    /// From the first message until the last one was heard, or given up.
    pub speaking: Duration,
    /// Messages sent.
    pub sent: u64,
    /// Deliveries that these messages should make.
    pub expected: u64,
    /// Deliveries that were made and whole.
    pub delivered: u64,
    /// What went wrong.
    pub faults: Faults,
    /// From a message's intended sending to its delivery, in microseconds: what a sender was late is
    /// in it (coordinated omission).
    pub latency_us: Histogram<u64>,
    /// The longest time in which nobody heard anything, between two deliveries.
    pub longest_gap: Duration,
    /// From the call to connect until the socket was writable, in microseconds.
    pub connect_us: Histogram<u64>,
    /// From the socket's being writable until the server said that the client is in, in microseconds.
    pub join_us: Histogram<u64>,
    /// The run in slices of equal length, in order.
    pub samples: Vec<Sample>,
    /// What the server's process spent, where its pid was given.
    pub server: Option<ServerCost>,
    /// Sentences for people: what could not be done as it was asked.
    pub notes: Vec<String>,
    /// Did somebody interrupt it?
    pub is_interrupted: bool,
}

/// What went wrong, each as a count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Deliveries that never came.
    pub lost: u64,
    /// Deliveries that came more than once.
    pub doubled: u64,
    /// Deliveries that came after a later one of the same sender.
    pub reordered: u64,
    /// Messages heard that nobody sent so.
    pub garbled: u64,
    /// Connections that were refused, or ended before they were asked to.
    pub disconnected: u64,
}

/// One slice of the run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// When it ended, in seconds since the first connect.
    pub at_s: f64,
    /// Clients that were in at its end.
    pub joined: usize,
    /// Deliveries made in it.
    pub deliveries: u64,
    /// The middle latency in it, in microseconds.
    pub latency_p50_us: u64,
    /// The latency that 99 of 100 stayed under in it, in microseconds.
    pub latency_p99_us: u64,
    /// The server's resident memory at its end, in bytes; 0 where its pid was not given.
    pub rss_bytes: u64,
}

/// What the server's process spent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ServerCost {
    /// Its process.
    pub pid: u32,
    /// Processor time in its own code while messages were sent, in microseconds.
    pub user_us: u64,
    /// Processor time in the kernel while messages were sent, in microseconds.
    pub system_us: u64,
    /// Processor time, both, while clients came in, in microseconds.
    pub joining_us: u64,
    /// Resident memory before the first connect, in bytes.
    pub rss_before_bytes: u64,
    /// Resident memory when all had joined and nothing was said yet, in bytes.
    pub rss_joined_bytes: u64,
    /// The most resident memory that was seen, in bytes.
    pub rss_peak_bytes: u64,
    /// Resident memory some time after all had left, in bytes.
    pub rss_after_bytes: u64,
    /// Times that it gave up its processor by itself while messages were sent.
    pub voluntary_switches: u64,
    /// Times that its processor was taken from it while messages were sent.
    pub involuntary_switches: u64,
}

impl Faults {
    /// Was anything wrong with what was heard?
    pub(crate) fn any(&self) -> bool {
        *self != Faults::default()
    }
}

impl Outcome {
    /// Deliveries a second while messages were sent; 0 where none were.
    pub(crate) fn deliveries_per_s(&self) -> f64 {
        match self.speaking.as_secs_f64() {
            0.0 => 0.0,
            seconds => self.delivered as f64 / seconds,
        }
    }

    /// The server's processor time for one delivery, in microseconds, where both are known.
    pub(crate) fn cpu_us_per_delivery(&self) -> Option<f64> {
        let server = self.server.as_ref()?;
        (self.delivered > 0)
            .then(|| (server.user_us + server.system_us) as f64 / self.delivered as f64)
    }

    /// The server's resident memory for one idle joined client, in bytes, where it is known.
    pub(crate) fn rss_bytes_per_connection(&self) -> Option<f64> {
        let server = self.server.as_ref()?;
        let grown = server
            .rss_joined_bytes
            .saturating_sub(server.rss_before_bytes);
        (self.joined > 0).then(|| grown as f64 / self.joined as f64)
    }
}
