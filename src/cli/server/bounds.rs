//! Options of what nobody may go beyond.

use clap::Args;

use crate::limits::{Limits, options};

use super::super::values::{
    ConnectRateOrOff, RateOrOff, Size, Time, TimeOrOff, bytes_in, connect_rate_or_off, count_in,
    rate_or_off, size_in, time_in, time_or_off_in,
};

/// What nobody may go beyond.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(in crate::cli) struct BoundsOptions {
    /// The longest message, in bytes of UTF-8
    #[arg(long, value_name = "BYTES", default_value_t = Size(Limits::DEFAULT.message_bytes), value_parser = size_in(options::MESSAGE_BYTES))]
    pub(in crate::cli) max_message: Size,

    /// The longest frame (line, JSON object), in bytes; at least the longest message
    #[arg(long, value_name = "BYTES", default_value_t = Size(Limits::DEFAULT.frame_bytes), value_parser = size_in(options::FRAME_BYTES))]
    pub(in crate::cli) max_frame: Size,

    /// Members of a room above which who joins and leaves is not told one by one, but counted and told
    /// once a second
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.presence_members, value_parser = count_in(options::PRESENCE_MEMBERS))]
    pub(in crate::cli) presence_limit: usize,

    /// Requests of one connection: how many a second, and how many at once [default: 10,30 except
    /// for loopback; given here, it holds for everyone]
    #[arg(long, value_name = "R,B|off", value_parser = rate_or_off)]
    pub(in crate::cli) rate_limit: Option<RateOrOff>,

    /// Connects of one address: how many in what time; loopback is exempt
    #[arg(long, value_name = "N,TIME|off", default_value_t = ConnectRateOrOff(Limits::DEFAULT.connect_rate),
          value_parser = connect_rate_or_off)]
    pub(in crate::cli) connect_rate: ConnectRateOrOff,

    /// Connections at once from one address (a /64 of IPv6); loopback is exempt
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.per_address, value_parser = count_in(options::CONNECTIONS))]
    pub(in crate::cli) max_per_address: usize,

    /// Hold loopback to the limits by address as well
    #[arg(long)]
    pub(in crate::cli) limit_loopback: bool,

    /// How long a user may send nothing
    #[arg(long, value_name = "TIME|off", default_value_t = TimeOrOff(Limits::DEFAULT.idle_ms), value_parser = time_or_off_in(options::IDLE_MS))]
    pub(in crate::cli) idle_timeout: TimeOrOff,

    /// How long nothing may come from a WebSocket before it is pinged, and then before it is dropped
    #[arg(long, value_name = "TIME", default_value_t = Time(Limits::DEFAULT.ping_ms), value_parser = time_in(options::PATIENCE_MS))]
    pub(in crate::cli) ping_interval: Time,

    /// TCP keepalive: how long a connection may be silent before it is probed
    #[arg(long, value_name = "TIME|off", default_value_t = TimeOrOff(Limits::DEFAULT.keepalive_ms), value_parser = time_or_off_in(options::KEEPALIVE_MS))]
    pub(in crate::cli) keepalive: TimeOrOff,

    /// Bytes waiting for a slow reader above which its own requests wait
    #[arg(long, value_name = "BYTES", default_value_t = Size(Limits::DEFAULT.sendq_soft_bytes), value_parser = size_in(options::SENDQ_BYTES))]
    pub(in crate::cli) sendq_soft: Size,

    /// Bytes waiting for a slow reader above which it is dropped
    #[arg(long, value_name = "BYTES", default_value_t = Size(Limits::DEFAULT.sendq_hard_bytes), value_parser = size_in(options::SENDQ_BYTES))]
    pub(in crate::cli) sendq_hard: Size,

    /// How long a slow reader may stay above the soft limit
    #[arg(long, value_name = "TIME", default_value_t = Time(Limits::DEFAULT.sendq_ms), value_parser = time_in(options::PATIENCE_MS))]
    pub(in crate::cli) sendq_time: Time,

    /// Memory for all that waits for slow readers; above it those who hold the most are dropped
    /// [default: a quarter of the memory allowed, at most 256MiB]
    #[arg(long, value_name = "BYTES", value_parser = bytes_in(options::SENDQ_TOTAL))]
    pub(in crate::cli) sendq_total: Option<usize>,
}
