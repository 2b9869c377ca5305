//! Bounds of a take-over by another program.

/// Descriptors that go to a program that takes over at once; the kernel takes 253 in a record (SCM_MAX_FD, unix(7)).
pub(crate) const HANDOVER_BATCH: usize = 200;

/// A part of what it is told, in bytes: records of this size fit into any socket's buffer.
pub(crate) const HANDOVER_CHUNK_BYTES: usize = 64 * 1024;

/// The longest that it is told, in bytes: far more than all Outboxes may hold together.
pub(crate) const HANDOVER_BYTES_MAX: u64 = 1 << 30;

/// How long either of the two waits for the other, in milliseconds, before all is as it was.
pub(crate) const HANDOVER_SILENCE_MS: u64 = 2_000;

/// How often who has much to do says that it lives, in milliseconds: some times within that silence.
pub(crate) const HANDOVER_ALIVE_MS: u64 = 400;

/// How long the archive and what somebody has asked may take before a take-over is refused, in milliseconds. What is
/// still to be told to people counts for nothing as long as they are told.
pub(crate) const HANDOVER_SETTLE_MS: u64 = 1_500;

/// How long either of the two is waited for that says that it lives, in milliseconds: a server with more to tell
/// than it can is taken over from, too, but in the end people are to be read again.
pub(crate) const HANDOVER_PATIENCE_MS: u64 = 10_000;

/// So many connections are taken on between two looks at the time.
pub(crate) const HANDOVER_STRIDE: usize = 256;
