//! What an operator may set, and what holds where none does.

/// Requests of one connection: a token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back in a second; at least 1.
    pub per_s: u32,
    /// Tokens that it holds; at least 1.
    pub burst: u32,
}

/// Connects of one address: so many in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectRate {
    /// How many.
    pub count: u32,
    /// In what time, in milliseconds.
    pub window_ms: u64,
}

/// What an operator may set; each has a flag. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A message's length in bytes of UTF-8.
    pub message_bytes: usize,
    /// Members of a room above which comings and goings are counted, and told as one line a second.
    pub presence_members: usize,
    /// A frame's length in bytes, its end not counted.
    pub frame_bytes: usize,
    /// How long the auto door waits for what tells the dialect before it greets in text: people with nc
    /// wait for it, and a browser whose first bytes come later is lost.
    pub sniff_ms: u64,
    /// How long a peer may take to join.
    pub join_ms: u64,
    /// How long a TLS handshake, or an HTTP request, may take to be complete.
    pub handshake_ms: u64,
    /// How long nothing may come from a WebSocket before it is pinged, and again before it is closed.
    pub ping_ms: u64,
    /// How long a joined peer may send nothing; `None` is for ever.
    pub idle_ms: Option<u64>,
    /// TCP keepalive's idle time; `None` turns it off.
    pub keepalive_ms: Option<u64>,
    /// SendQ above which a connection is not read.
    pub sendq_soft_bytes: usize,
    /// SendQ above which a connection is closed.
    pub sendq_hard_bytes: usize,
    /// How long a SendQ may stay above the soft limit.
    pub sendq_ms: u64,
    /// What all Outboxes may hold together; over it the largest is closed. `None` is a quarter of the
    /// memory that the process may have, or [`super::SENDQ_TOTAL_BYTES`] where that is not limited.
    pub sendq_total_bytes: Option<usize>,
    /// Connections open at once; `None` is what the descriptors allow.
    pub connections: Option<usize>,
    /// Connections from one address at once, loopback exempt.
    pub per_address: usize,
    /// Connections that the kernel may queue before they are accepted.
    pub backlog: i32,
    /// Requests of one connection; `None` is as many as it likes.
    pub rate: Option<Rate>,
    /// Does the rate hold for loopback and Unix-domain peers too? They are the operator's own, and
    /// what runs there is a load test more often than a flood.
    pub rate_on_loopback: bool,
    /// Connects of one address; `None` is as many as it likes.
    pub connect_rate: Option<ConnectRate>,
    /// Do the limits by address hold for loopback too?
    pub limits_loopback: bool,
}

impl Limits {
    /// What holds where nothing else is set.
    pub(crate) const DEFAULT: Limits = Limits {
        message_bytes: 4096,
        presence_members: 250,
        frame_bytes: 8192,
        sniff_ms: 150,
        join_ms: 30_000,
        handshake_ms: 10_000,
        ping_ms: 30_000,
        idle_ms: None,
        keepalive_ms: Some(60_000),
        sendq_soft_bytes: 256 * 1024,
        sendq_hard_bytes: 1024 * 1024,
        sendq_ms: 10_000,
        sendq_total_bytes: None,
        connections: None,
        per_address: 100,
        backlog: 4096,
        rate: Some(Rate {
            per_s: 10,
            burst: 30,
        }),
        rate_on_loopback: false,
        connect_rate: Some(ConnectRate {
            count: 30,
            window_ms: 10_000,
        }),
        limits_loopback: false,
    };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}
