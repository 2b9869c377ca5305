//! Bounds of passwords, accounts, and what ends when it is not used.

/// Wrong passwords of one address, after which it waits.
pub(crate) const OPER_FAILURES_MAX: u32 = 5;

/// How long it waits then.
pub(crate) const OPER_WAIT_MS: u64 = 60_000;

/// Addresses whose wrong passwords are remembered at once.
pub(crate) const OPER_FAILURES_REMEMBERED: usize = 1024;

/// Argon2id's memory, in KiB. With the passes and the lanes it is what OWASP's Password Storage Cheat
/// Sheet asks for at the least: "19 MiB of memory, an iteration count of 2, and 1 degree of parallelism".
pub(crate) const ARGON2_MEMORY_KIB: u32 = 19 * 1024;

/// Argon2id's passes over its memory.
pub(crate) const ARGON2_PASSES: u32 = 2;

/// Argon2id's lanes: the one thread that has time for it.
pub(crate) const ARGON2_LANES: u32 = 1;

/// A password's salt, in bytes (RFC 9106, section 3.1).
pub(crate) const PASSWORD_SALT_BYTES: usize = 16;

/// What is random in a bot's token, in bytes.
pub(crate) const TOKEN_BYTES: usize = 32;

/// Bots of one account.
pub const BOTS_PER_ACCOUNT_MAX: usize = 20;

/// The message of the day, in bytes: everybody is told it who comes in, before anything else was taken.
pub(crate) const MOTD_BYTES_MAX: usize = 8 * 1024;

/// How much of it stands in one line, in bytes: a line of IRC has 512, its command and names among them.
pub(crate) const MOTD_LINE_BYTES: usize = 380;

/// Codes that let people make accounts, at once.
pub(crate) const CODES_MAX: usize = 1000;

/// How many may use one.
pub(crate) const CODE_USES_MAX: u32 = 10_000;

/// What is random in one, in bytes: none is guessed at a few tries a second.
pub(crate) const CODE_BYTES: usize = 9;

/// How many of its characters the log has: they say which it is, and invite nobody.
pub(crate) const CODE_CHARS_LOGGED: usize = 4;

/// Tokens that stand for one account's password, each in a browser; a further one makes the oldest void.
pub(crate) const SESSIONS_PER_ACCOUNT_MAX: usize = 10;

/// How long such a token is good, in milliseconds: 90 days. Who uses it asks for another by then.
pub(crate) const SESSION_MS: u64 = 90 * 24 * 60 * 60 * 1000;

/// Asks about accounts that wait at once: at some 30 ms for a password the last waits a second.
pub const ACCOUNT_ASKS_MAX: usize = 32;

/// Changes of accounts that are on their way to the disk at once.
pub const ACCOUNT_WRITES_MAX: usize = 32;

/// How long a change of an account may wait for the disk before it is given up.
pub const ACCOUNT_WRITE_MS: u64 = 10_000;

/// How long one program waits for another's turn to write to the database.
pub(crate) const DATABASE_BUSY_MS: u64 = 5_000;

/// Wrong passwords from one address, or of one account from one address, after which one waits.
pub(crate) const LOGIN_FAILURES_MAX: u32 = 5;

/// Wrong passwords of one account from wherever, after which one waits. Who does not know it must not keep out
/// who does, so that it is far above what one address may try; but of addresses a botnet has thousands, and
/// from each of them five of the passwords that people choose most are five more.
pub(crate) const ACCOUNT_FAILURES_MAX: u32 = 100;

/// How long one waits then; each wrong password more doubles it.
pub(crate) const LOGIN_WAIT_MS: u64 = 5_000;

/// How long one waits at most.
pub(crate) const LOGIN_WAIT_MS_MAX: u64 = 15 * 60_000;

/// How long after the last wrong password all of them are forgotten.
pub(crate) const LOGIN_MEMORY_MS: u64 = 60 * 60_000;

/// Accounts, and addresses, whose wrong passwords are remembered at once.
pub(crate) const LOGIN_FAILURES_REMEMBERED: usize = 4096;

/// Lines of the log about one address in a minute, of who proved to be somebody or failed to: more than a
/// program that reads them waits for, and nothing that fills a disk.
pub(crate) const INCIDENTS_PER_MINUTE: u32 = 60;

/// Addresses that these lines are counted for at once.
pub(crate) const INCIDENT_ADDRESSES_MAX: usize = 4096;

/// Connections of one account at once: each message to it is told to all of them.
pub(crate) const CONNECTIONS_PER_ACCOUNT_MAX: usize = 16;

/// Rooms that one account owns: each lasts without members.
pub(crate) const OWNED_ROOMS_MAX: usize = 20;

/// Accounts in all, bots included; those that the operator makes come on top. Each is known in memory.
pub(crate) const ACCOUNTS_MAX: usize = 100_000;

/// Accounts and bots made from one address in [`QUOTA_MS`]: a family's, a class's in two days.
pub(crate) const REGISTRATIONS_PER_ADDRESS_MAX: u32 = 20;

/// Owned rooms in all: they last without members, each with its last words in memory.
pub(crate) const OWNED_ROOMS_TOTAL_MAX: usize = 10_000;

/// Rooms that come to be owned from one address in [`QUOTA_MS`]: those of some accounts.
pub(crate) const OWNED_ROOMS_PER_ADDRESS_MAX: u32 = 60;

/// How long what is made from one address is counted: a day.
pub(crate) const QUOTA_MS: u64 = 24 * 3_600_000;

/// Addresses that are counted at once.
pub(crate) const QUOTA_ADDRESSES_MAX: usize = 4096;

/// Messages that one is shown of a room by entering it, unless it is set otherwise.
pub(crate) const REPLAY_MESSAGES: usize = 20;

/// How long somebody may go by a registered name before logging in, unless it is set otherwise.
pub(crate) const GRACE_MS: u64 = 30_000;

/// How long an account lasts that is not used, unless it is set otherwise: a year.
pub(crate) const ACCOUNT_EXPIRY_MS: u64 = 365 * 24 * 3_600_000;

/// How long an owned room lasts without a word and members: 30 days.
pub(crate) const ROOM_EXPIRY_MS: u64 = 30 * 24 * 3_600_000;

/// How often the use of an account or a room is kept at the least and at the most.
pub(crate) const USE_NOTED_MS: (u64, u64) = (1_000, 24 * 3_600_000);

/// Accounts and rooms that end at once: each is looked for among all bots and rooms.
pub(crate) const EXPIRY_STEP: usize = 4;
