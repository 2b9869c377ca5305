//! Bounds of a cluster and its engine. Times are in milliseconds.

/// How long a lease is, by the engine's clock: two renewals may be lost before the third is too late.
pub(crate) const CLUSTER_LEASE_MS: u64 = 6_000;

/// How often it is renewed.
pub(crate) const CLUSTER_RENEW_MS: u64 = 2_000;

/// How long a server that finds an engine empty waits before it is its first, so that others that may have lost it say so.
pub(crate) const CLUSTER_FOUND_MS: u64 = 2_000;

/// How often a server that comes looks whether the engine has all that anybody has, before it gives up.
pub(crate) const CLUSTER_JOIN_TRIES: u32 = 100;

/// The end of the log that each server keeps, in bytes, for an engine that has lost it: some seconds of it, where it is
/// written to disk once a second.
pub(crate) const CLUSTER_RECENT_BYTES: usize = 4 * 1024 * 1024;

/// How many ids are left out where an epoch begins, so that none stands for two messages: who has read what is lost may
/// have shown them.
pub(crate) const EPOCH_IDS: u64 = 1 << 20;

/// No id is above this: what reads JSON as numbers of 64 bits with a fraction tells those below 2^53 from each other.
pub(crate) const ID_MAX: u64 = (1 << 53) - 1;

/// How often the other servers are looked at. One whose connection has ended twice in a row, and that has not come by
/// another, has died.
pub(crate) const CLUSTER_LOOK_MS: u64 = 400;

/// How long after a break every server has connected to the engine anew: one that waits for an answer, and for a
/// connection, and between.
pub(crate) const CLUSTER_SETTLED_MS: u64 = 2 * CLUSTER_REPLY_MS + 2 * CLUSTER_RETRY_MS;

/// How long the engine may take to answer before it is connected to anew.
pub(crate) const CLUSTER_REPLY_MS: u64 = 1_500;

/// How long is waited before that.
pub(crate) const CLUSTER_RETRY_MS: u64 = 200;

/// How long one question waits for replicas, between which the lease is renewed.
pub(crate) const CLUSTER_REPLICA_MS: u64 = 300;

/// How long one question for more of the log waits for some.
pub(crate) const CLUSTER_BLOCK_MS: u64 = 1_000;

/// Batches that one answer has at most.
pub(crate) const CLUSTER_READ_COUNT: usize = 256;

/// Batches that were read and wait for the loop.
pub(crate) const CLUSTER_TOLD_MAX: usize = 1_024;

/// Entries that were read back and are applied in a turn, at most; what they tell is charged beside that.
pub(crate) const CLUSTER_ENTRIES_PER_TURN: u64 = 256;

/// Batches are sent together up to about so many bytes.
pub(crate) const CLUSTER_BATCH_BYTES: usize = 256 * 1024;

/// How old the state of the chat is that the engine keeps, at least, before it is renewed.
pub(crate) const CLUSTER_STATE_MS: u64 = 60_000;

/// How long batches stay in the log: for so long a server may be away and go on.
pub(crate) const CLUSTER_KEPT_MS: u64 = 600_000;

/// Batches in the log above which it is cut to what the kept state needs, however young they are.
pub(crate) const CLUSTER_LENGTH_MAX: u64 = 500_000;

/// A piece of a copy of what is on a server's disk, for one that comes.
pub(crate) const CLUSTER_COPY_BYTES: usize = 512 * 1024;

/// Pieces of a copy that wait in the engine: 8 MiB.
pub(crate) const CLUSTER_COPY_PIECES: usize = 16;

/// How long is waited for the next piece of a copy, and for the first.
pub(crate) const CLUSTER_COPY_WAIT_MS: u64 = 10_000;

/// How often a server that comes asks for a copy that is new enough.
pub(crate) const CLUSTER_COPY_TRIES: u32 = 3;

/// `--cluster-wait`.
pub(crate) const CLUSTER_WAIT_MS: u64 = 10_000;
