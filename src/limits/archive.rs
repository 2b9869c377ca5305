//! Bounds of what is kept on disk, and of questions about it.

/// Records that wait for the disk at most: at 100,000 a second it is more than half a second of stall,
/// and senders are slowed long before.
pub const STORE_RECORDS_MAX: usize = 65_536;

/// What they hold at most, in bytes of memory, where records are long.
pub const STORE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long the writer gathers records for one commit, from the first on, where they are told before
/// they are on disk: a tenth of the 50 ms that are promised.
pub(crate) const STORE_GATHER_MS: u64 = 5;

/// Records that are worth a commit of their own, however few milliseconds it took to gather them.
pub(crate) const STORE_GROUP_RECORDS: usize = 1024;

/// Between two attempts to write to a disk that fails, at first and at the most: a hiccup is over soon,
/// and a full disk is not to be kept busy.
pub(crate) const STORE_RETRY_MS: (u64, u64) = (50, 1_000);

/// How long a commit may take before history counts as behind.
pub const STORE_BEHIND_MS: u64 = 1_000;

/// How long a stop waits for a disk that does not take what is to be kept.
pub(crate) const STORE_CLOSE_MS: u64 = 5_000;

/// Message ids that are reserved ahead: so many are skipped after a crash, and the reservation is
/// extended once in half as many messages.
pub const IDS_RESERVED: u64 = 1 << 20;

/// Questions about what is kept that wait at once: bounds memory, and a wait that nobody would sit out.
pub const QUESTIONS_MAX: usize = 256;

/// Messages in one answer about what is kept: bounds what one question costs in memory and in a turn.
pub const FOUND_MAX: usize = 1_000;

/// What one answer holds in texts, in bytes, or a message more: as JSON makes six bytes of some of
/// them, with the fields of [`FOUND_MAX`] messages it stays below a SendQ.
pub const FOUND_BYTES_MAX: usize = 128 * 1024;

/// Private messages that wait for one account.
pub const MAIL_MAX: usize = 100;

/// How long one question may keep the others waiting; what was found until then is the answer. Those who
/// search share it: with many, each has a part of it.
pub(crate) const QUESTION_MS: u64 = 1_000;

/// What each has at least: enough for nearly all searches, and as many as may wait are answered in time.
pub(crate) const QUESTION_MS_MIN: u64 = 20;

/// How long the disk is worked for who asks, in milliseconds, that costs a token more.
pub(crate) const QUESTION_MS_PER_TOKEN: u64 = 20;

/// How long a search waits for the index to have reached what was said before it.
pub const INDEX_WAIT_MS: u64 = 2_000;

/// Words of one search: what a person types.
pub(crate) const SEARCH_WORDS_MAX: usize = 16;

/// ASCII text in memory that searches look through in one turn, in bytes: some 0.5 ms.
pub(crate) const SEARCH_BYTES_PER_TURN: usize = 256 * 1024;

/// What of it is one search's before it is the next one's turn.
pub(crate) const SEARCH_SLICE_BYTES: usize = 32 * 1024;

/// What a byte of other text counts as: it is decomposed, folded and composed at some 30 MB/s.
pub(crate) const SEARCH_FOLD_FACTOR: usize = 12;

/// What a message counts as beside its text where it is searched: short ones are work, too.
pub(crate) const SEARCH_MESSAGE_BYTES: usize = 64;

/// ASCII text looked through that costs who searches a token more, in bytes: some 2 ms.
pub(crate) const SEARCH_BYTES_PER_TOKEN: usize = 1024 * 1024;

/// Letters of a word that may go on: fewer begin too many words.
pub(crate) const PREFIX_LETTERS_MIN: usize = 3;
