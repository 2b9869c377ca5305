//! Between what an option may be set: what is outside is a slip, and is refused with these bounds. Times are in
//! milliseconds, sizes in bytes.

use std::ops::RangeInclusive;

use super::HISTORY_LIMIT_MAX;

type Count = RangeInclusive<usize>;
type Bytes = RangeInclusive<usize>;
type Ms = RangeInclusive<u64>;

const SECOND_MS: u64 = 1_000;
const HOUR_MS: u64 = 3_600 * SECOND_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
const TEN_YEARS_MS: u64 = 3_650 * DAY_MS;
const MIB: usize = 1 << 20;

/// `--max-message`: a character of any script, to as much as a reader may be owed by default.
pub(crate) const MESSAGE_BYTES: Bytes = 4..=MIB;

/// `--max-frame`: a join with the longest name, to a message of which every byte is escaped.
pub(crate) const FRAME_BYTES: Bytes = 64..=6 * MIB;

/// `--presence-limit`: nobody has more members to tell of.
pub(crate) const PRESENCE_MEMBERS: Count = 1..=1_000_000;

/// `--backlog`: Linux keeps no longer queue where `net.core.somaxconn` is at its most on older kernels.
pub(crate) const BACKLOG: Count = 1..=65_535;

/// `--max-connections`, `--max-per-address`: more descriptors no process has by default (`fs.nr_open`).
pub(crate) const CONNECTIONS: Count = 1..=1_048_576;

/// Requests a second and at once of `--rate-limit`, connects of `--connect-rate`: more, nobody can send.
pub(crate) const RATE: Count = 1..=1_000_000;

/// The time of `--connect-rate`: addresses are remembered so long.
pub(crate) const CONNECT_WINDOW_MS: Ms = SECOND_MS..=DAY_MS;

/// `--sniff-time`: below a round trip every browser is taken for text; nobody waits a minute for a greeting.
pub(crate) const SNIFF_MS: Ms = 10..=60 * SECOND_MS;

/// `--join-timeout`, `--handshake-timeout`: below it nobody far away comes in; strangers hold a place no longer.
pub(crate) const STRANGER_MS: Ms = 100..=HOUR_MS;

/// `--ping-interval`, `--sendq-time`: a few round trips, to what a router remembers of a silent connection.
pub(crate) const PATIENCE_MS: Ms = 100..=2 * HOUR_MS;

/// `--idle-timeout`: nobody types faster; a year is as good as off.
pub(crate) const IDLE_MS: Ms = 100..=365 * DAY_MS;

/// `--keepalive`: what the kernel takes (`TCP_KEEPIDLE`, tcp(7)).
pub(crate) const KEEPALIVE_MS: Ms = SECOND_MS..=32_767 * SECOND_MS;

/// `--sendq-soft`, `--sendq-hard`: some lines, to what no machine has for one reader.
pub(crate) const SENDQ_BYTES: Bytes = 4 * 1024..=1 << 30;

/// `--sendq-total`: one reader's worth, to what `size` can say.
pub(crate) const SENDQ_TOTAL: Bytes = MIB..=1 << 30;

/// `--replay`: as much as one question about what was said may ask for.
pub(crate) const REPLAY: Count = 0..=HISTORY_LIMIT_MAX;

/// `--keep-age`, `--account-expiry`, `--irc-sts`: a second, for trying, to ten years.
pub(crate) const LASTING_MS: Ms = SECOND_MS..=TEN_YEARS_MS;

/// `--keep-count`: one, to more than SQLite is used for here.
pub(crate) const KEPT_COUNT: Count = 1..=1_000_000_000;

/// `--keep-bytes`: a message, to what `size` can say.
pub(crate) const KEPT_TEXT_BYTES: Bytes = 64..=1 << 30;

/// `--max-file`: a line of text, to what `size` can say.
pub(crate) const FILE_BYTES: Bytes = 1024..=1 << 30;

/// `--files-per-account`, `--files-per-room`, `--files-total`: a line of text, to more than a disk has.
pub(crate) const FILES_BYTES: RangeInclusive<u64> = 1024..=1 << 50;

/// `--grace`: to type a password, to a day.
pub(crate) const GRACE: Ms = SECOND_MS..=DAY_MS;

/// `--cluster-wait`: more than a moment, and less than people wait.
pub(crate) const CLUSTER_WAIT: Ms = SECOND_MS..=10 * 60 * SECOND_MS;
