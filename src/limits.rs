//! Every bound in the server, with its reason. Constants are fixed by a wire contract or by the
//! shape of the loop; [`Limits`] holds what an operator may set.

pub(crate) mod options;

mod accounts;
mod archive;
mod cluster;
mod files;
mod handover;
mod messages;
mod settable;

pub use accounts::*;
pub use archive::*;
pub(crate) use cluster::*;
pub(crate) use files::*;
pub(crate) use handover::*;
pub(crate) use messages::*;
pub use settable::{ConnectRate, Limits, Rate};

/// A nick's length in characters: what every dialect's form has room for.
pub(crate) const NICK_CHARS_MAX: usize = 20;

/// A room name's length in characters.
pub(crate) const ROOM_NAME_CHARS_MAX: usize = 32;

/// Rooms one session may be in at once, the lobby included: bounds what a leave has to visit.
pub(crate) const ROOMS_PER_SESSION_MAX: usize = 20;

/// A topic, a reason, last words, or what one says about being away, in bytes: one line of a screen
/// or two.
pub(crate) const NOTE_BYTES_MAX: usize = 400;

/// How long comings and goings in a crowded room are counted before they are told.
pub(crate) const PRESENCE_MS: u64 = 1_000;

/// Members of a room that are named at once: more than anybody reads, and a crowd that comes in costs the
/// square of its number where each is told of all.
pub(crate) const NAMES_SHOWN_MAX: usize = 500;

/// Rooms in the list of rooms: the largest of more than anybody reads.
pub(crate) const ROOMS_SHOWN_MAX: usize = 500;

/// Names that one user may ignore: bounds what a message is checked against.
pub(crate) const IGNORED_MAX: usize = 100;

/// Names that one connection may wait for (MONITOR): each is looked up when anybody comes or goes.
pub(crate) const WATCHED_MAX: usize = 100;

/// Places up to which one user has read that are remembered: one for each room and many people.
pub(crate) const READ_MARKERS_MAX: usize = 100;

/// Targets of one line of IRC: what one line causes is bounded.
pub(crate) const TARGETS_MAX: usize = 10;

/// Members of a room that one step of a list of IRC looks at.
pub(crate) const NAMES_AT_ONCE: usize = 500;

/// What of a labelled answer waits until it is known whether that is all, in bytes: more than one line, and what is
/// longer is told in parts, as long lists are.
pub(crate) const LABELLED_BYTES_MAX: usize = 4 * 1024;

/// The longest name of an account at its own machine (USER), in characters, as other servers have it.
pub(crate) const USERNAME_CHARS_MAX: usize = 12;

/// The longest key of a room set by IRC, in characters (RFC 2812 section 2.3.1 has 23).
pub(crate) const KEY_CHARS_MAX: usize = 32;

/// The largest limit of members of a room.
pub(crate) const ROOM_LIMIT_MAX: u32 = 1_000_000;

/// Private messages of which is known in memory whose they were: some 150 bytes each.
pub(crate) const PRIVATES_REMEMBERED: usize = 256;

/// Messages of one answer to CHATHISTORY.
pub(crate) const HISTORY_ASKED_MAX: usize = 100;

/// Rounds of PBKDF2 of what is kept of a password for SCRAM-SHA-256: RFC 7677 asks for 4,096 at least. Clients do
/// them at each login, in scripts too; the server at a new password only, in about 5 ms.
pub(crate) const SCRAM_ITERATIONS: u32 = 10_000;

/// The longest message of SASL, in bytes of Base64: one of PLAIN with the longest name and password, twice.
pub(crate) const SASL_BYTES_MAX: usize = 2400;

/// Keys by which one user or room says something of itself.
pub(crate) const METADATA_MAX: usize = 20;

/// The longest key, in characters.
pub(crate) const METADATA_KEY_CHARS_MAX: usize = 32;

/// The longest value, in bytes: it goes in one line with what stands before it.
pub(crate) const METADATA_VALUE_BYTES_MAX: usize = 300;

/// Keys that one connection subscribes to.
pub(crate) const SUBSCRIBED_MAX: usize = 30;

/// Names of who is gone that are remembered (WHOWAS): enough for a look back, and few hundred bytes each.
pub(crate) const FORMER_MAX: usize = 200;

/// Names that one room remembers as invited or muted.
pub(crate) const ROOM_LIST_MAX: usize = 200;

/// What one mute holds for of each kind (names, accounts, connections): the first, and the last ones of
/// who keeps changing them.
pub(crate) const MUTE_MARKS_MAX: usize = 8;

/// Rooms where one user is known to be muted while it is not in them.
pub(crate) const MUTED_IN_MAX: usize = 64;

/// How often it is looked whether settings that are read again beside the loop are there, in milliseconds.
pub(crate) const REREAD_MS: u64 = 10;

/// Bans, mutes and locked rooms, each: what is looked through when somebody comes.
pub(crate) const BANS_MAX: usize = 10_000;

/// A password, in bytes.
pub(crate) const PASSWORD_BYTES_MAX: usize = 640;

/// The beginning of 2026, in milliseconds since 1970: no server of this kind ran before, so that a clock
/// that says so is wrong.
pub(crate) const CLOCK_FLOOR_MS: u64 = 1_767_225_600_000;

/// How far the time of the message before may be ahead of the clock: a clock that was set back keeps new
/// messages at that time, and one that was wrong by years when that was said does not.
pub(crate) const CLOCK_AHEAD_MS_MAX: u64 = 366 * 24 * 3_600_000;

/// Messages that each room keeps in memory where there is no disk for them.
pub(crate) const SCROLLBACK_MESSAGES: usize = 100;

/// What all rooms together keep in memory, in bytes; above it the largest forget half.
pub(crate) const SCROLLBACK_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Messages in one answer about what was said.
pub(crate) const HISTORY_LIMIT_MAX: usize = 1000;

/// The last messages that `hubbub history` can be asked for: it has them in memory before it prints them.
pub(crate) const PRINTED_MAX: usize = 100_000;

/// Messages in one answer where the question says no limit.
pub(crate) const HISTORY_LIMIT: usize = 20;

/// Messages in one part of what is caught up on.
pub(crate) const CATCH_UP_MESSAGES: usize = 200;

/// Messages that a room keeps in memory while somebody catches up on it.
pub(crate) const CATCH_UP_TAIL_MESSAGES: usize = 10_000;

/// How long an answer of the store is waited for: a disk that hangs holds nobody back for longer.
pub(crate) const ANSWER_MS: u64 = 10_000;

/// What a reader that catches up may be owed when it is sent more, in bytes.
pub(crate) const CATCH_UP_SENDQ_BYTES: usize = 64 * 1024;

/// The share of what may wait for the disk above which those who speak are read more slowly.
pub(crate) const BACKLOG_SHARE: f32 = 0.25;

/// How long each waits, after something it said, where as much waits as may.
pub(crate) const SLOW_MS_MAX: u64 = 1_000;

/// Questions about what was said that one user may wait for at once.
pub(crate) const ASKED_PER_SESSION_MAX: usize = 8;

/// A frame before the join, in bytes: a name needs no more, and a stranger gets no more.
pub(crate) const UNJOINED_FRAME_BYTES_MAX: usize = 1024;

/// Names that one connection may be refused; with the last of them it is closed. People need a few tries,
/// programs that know nothing of names go on and on.
pub(crate) const REFUSED_NAMES_MAX: u8 = 10;

/// How long nobody is told of who came without saying a word, as an anon client does: until then what it
/// says first may show that it is no client at all. It is as long as the auto door waits.
pub(crate) const UNTOLD_MS: u64 = 150;

/// The one frame of an echo connection, in bytes (its contract).
pub(crate) const ECHO_BYTES_MAX: usize = 64 * 1024;

/// A header of the PROXY protocol's first version, in bytes: the longest that there is (section 2.1).
pub(crate) const PROXY_LINE_BYTES_MAX: usize = 107;

/// One of its second version, in bytes: nginx takes no longer ones either.
pub(crate) const PROXY_HEADER_BYTES_MAX: usize = 4096;

/// How long a trusted proxy may take over the first byte of its header; a connection on which none came is the
/// proxy's own. It is longer than it takes to send a lost packet again (RFC 6298: at most 1 s at first).
pub(crate) const PROXY_WAIT_MS: u64 = 1_500;

/// The head of an HTTP request, in bytes: a browser's, with its cookies for other servers of the host.
pub(crate) const HTTP_HEAD_BYTES_MAX: usize = 8 * 1024;

/// The headers of an HTTP request: some 20 is what a browser sends.
pub(crate) const HTTP_HEADERS_MAX: usize = 64;

/// The body of an HTTP request, in bytes: the longest message unless set otherwise, with whatever of it
/// is not ASCII escaped.
pub(crate) const HTTP_BODY_BYTES_MAX: usize = 16 * 1024;

/// A line between the chunks of an HTTP body, in bytes: a size with its extensions, or a trailer field.
pub(crate) const HTTP_CHUNK_LINE_BYTES_MAX: usize = 1024;

/// All of what is no chunk in an HTTP body that comes in chunks, in bytes: chunks of one byte have five
/// beside it.
pub(crate) const HTTP_CHUNKING_BYTES_MAX: usize = 6 * HTTP_BODY_BYTES_MAX;

/// The deepest nesting of objects and arrays in a JSON frame: a chat request is flat, and
/// serde_json recurses once a level.
pub(crate) const JSON_DEPTH_MAX: usize = 32;

/// What a terminal may be owed while what goes on is still shown to it, in bytes: one that is stopped
/// (Ctrl-S) is not to be dropped for it.
pub(crate) const SHOWN_BYTES_MAX: usize = 64 * 1024;

/// What the existing clients of pynet, colon and the JSON chat read at once, in bytes: what they are sent
/// fills it.
pub(crate) const CLIENT_READ_BYTES: usize = 1024;

/// The MSS of sockets for those clients (`TCP_MAXSEG`): one such read, and 12 bytes of timestamps
/// (RFC 7323 section 3.2). So no segment ends within a read.
pub(crate) const CLIENT_MSS_BYTES: u32 = CLIENT_READ_BYTES as u32 + 12;

/// How much of what a peer typed is repeated in an error, in characters.
pub(crate) const QUOTED_CHARS_MAX: usize = 32;

/// Bytes read from one connection in one turn, so that a hot sender waits for its next one.
pub const READ_BUDGET_BYTES: usize = 64 * 1024;

/// Bytes asked of the kernel in one read; with the frame limit it bounds an Inbox.
pub(crate) const READ_BYTES: usize = 16 * 1024;

/// Frames handled for one connection in one turn.
pub(crate) const FRAME_BUDGET: usize = 64;

/// Deliveries in one turn, after which the rest of the ready list waits: what a member is handed at
/// once, be it one event or many, an event taken in, and each [`BYTES_PER_DELIVERY`] read or answered.
/// At about 20 ns each this keeps the longest turn near 10 ms before its writes.
pub(crate) const DELIVERY_BUDGET: usize = 200_000;

/// Of these, what is left for those who have not joined when the others took all: a crowd that comes
/// in waits for those who are in, but not for ever.
pub(crate) const STRANGERS_DELIVERY_BUDGET: usize = 50_000;

/// How long a turn accepts and lets deadlines fire, in microseconds. With the times below it keeps a turn
/// under 20 ms whatever is asked, on a slow machine too.
pub(crate) const ARRIVAL_US: u64 = 2_000;

/// How long a turn then handles what users ask; strangers, and those whose requests take long, have a
/// share of their own behind that.
pub(crate) const SERVE_US: u64 = 3_000;

/// How long it goes on for each of these two where the others took all of its time; and for what the hub
/// does over several turns.
pub(crate) const SERVE_LATE_US: u64 = 1_000;

/// Users, and strangers, whose requests a turn handles however late it is.
pub(crate) const SERVED_MIN: usize = 4;

/// When a turn stops writing to those who only wait for what others said, counted from its beginning.
pub(crate) const FLUSH_US: u64 = 12_000;

/// How long it sweeps connections.
pub(crate) const SWEEP_US: u64 = 2_000;

/// The longest share that a connection has of a turn, in microseconds; who takes more is served behind
/// the others. 64 plain requests take a third of it.
pub(crate) const SHARE_US_MAX: u64 = 300;

/// The shortest, however many are served: about 30 plain requests. Each has its part of [`SERVE_US`], so
/// that many whose requests take long hold nobody up for many turns.
pub(crate) const SHARE_US_MIN: u64 = 50;

/// How long it then stays behind the others, in milliseconds.
pub(crate) const HEAVY_MS: u64 = 1_000;

/// Slots of connections: as many as the descriptors that Linux lets a process have where nobody has changed that
/// (`fs.nr_open`).
pub(crate) const SLOTS_MAX: usize = 1 << 20;

/// Connections accepted by one listener in one turn.
pub(crate) const ACCEPT_BUDGET: usize = 256;

/// How long a listener rests when the process or the system is out of descriptors or buffers.
pub(crate) const ACCEPT_PAUSE_MS: u64 = 100;

/// How long the auto door waits for first bytes from where a browser has come lately, if that is longer than what is
/// set: as long as two turns of a slow network, before somebody at a terminal there thinks it is broken.
pub(crate) const BROWSER_SNIFF_MS: u64 = 1_000;

/// How long a browser is known to have come from an address: until its page is loaded, or loaded again.
pub(crate) const BROWSER_LASTS_MS: u64 = 20_000;

/// From how many addresses browsers are known to have come.
pub(crate) const BROWSERS_MAX: usize = 1_024;

/// The silence that ends a frame of clients that send no line ends.
pub(crate) const SILENCE_MS: u64 = 20;

/// How much longer than its time a peer may take to join, or over a request, that keeps sending.
pub(crate) const UNREAD_GRACE_MS: u64 = 1_000;

/// How long a peer that ended its input, or that is being closed, may take no byte of what it is owed.
pub(crate) const DRAIN_STALL_MS: u64 = 2_000;

/// How long a peer may take over what it is owed in the end, however steadily it takes it.
pub(crate) const DRAIN_MAX_MS: u64 = 60_000;

/// How long unread input is read off after our FIN, so that no reset overtakes the last line.
pub(crate) const LINGER_MS: u64 = 1_000;

/// How long a stop waits for everybody's last bytes.
pub(crate) const STOP_MS: u64 = 5_000;

/// Refused connections that may linger at once; beyond it a refusal is not waited for.
pub(crate) const REFUSED_LINGERING_MAX: usize = 16;

/// Descriptors kept back for listeners, the poll, logs and refusals.
pub(crate) const DESCRIPTORS_KEPT: u64 = 32;

/// Plaintext in one TLS record, in bytes (RFC 8446, section 5.1).
pub(crate) const TLS_RECORD_BYTES: usize = 16 * 1024;

/// What a TLS record is longer than its plaintext, in bytes (RFC 8446, section 5.2).
pub(crate) const TLS_OVERHEAD_BYTES: usize = 261;

/// Ciphertext that no plaintext came of yet, in bytes: the longest record (RFC 5246, section 6.2.3), and
/// any handshake message that there is use for. Strangers may hold as much.
pub(crate) const TLS_UNREAD_BYTES_MAX: usize = 20 * 1024;

/// How much more ciphertext than plaintext is read from one connection in one turn, in bytes: records
/// with little in them, or nothing, cost as much as full ones.
pub(crate) const TLS_OVERHEAD_PER_TURN_MAX: usize = READ_BUDGET_BYTES;

/// A shared page of rendered text: what a slow reader pins at the least.
pub(crate) const PAGE_BYTES: usize = 16 * 1024;

/// Chunks handed to one vectored write.
pub(crate) const CHUNKS_PER_WRITE: usize = 16;

/// SendQ of a connection that has not joined, in bytes: room for prompts and an error, no more.
pub(crate) const UNJOINED_SENDQ_BYTES_MAX: usize = 16 * 1024;

/// SendQ of an HTTP connection, in bytes, where a user may have less: a file of the page must fit. It
/// is for one answer: what is asked next waits above [`UNJOINED_SENDQ_BYTES_MAX`].
pub(crate) const HTTP_SENDQ_BYTES_MIN: usize = 256 * 1024;

/// What the kernel is to hold for one TCP reader, in bytes (`SO_SNDBUF`, which Linux doubles). Left to
/// itself it takes megabytes for a reader that has stopped, at the price of a write for each text.
pub(crate) const KERNEL_SENDQ_BYTES: usize = 64 * 1024;

/// What all Outboxes may hold together where memory is not limited.
pub(crate) const SENDQ_TOTAL_BYTES: usize = 256 * 1024 * 1024;

/// At most one log line of a kind in this time, for what a peer can repeat at will.
pub(crate) const LOG_INTERVAL_MS: u64 = 1_000;

/// What a pipe takes as a whole or not at all, in bytes (`PIPE_BUF`, pipe(7)): a longer line of the log is
/// cut to it.
pub(crate) const PIPE_BYTES: usize = 4096;

/// How long somebody may ask faster than it may before it is told so.
pub(crate) const FLOOD_NOTICE_MS: u64 = 3_000;

/// How long, before it is closed.
pub(crate) const FLOOD_CLOSE_MS: u64 = 30_000;

/// Addresses whose connects are counted at once.
pub(crate) const CONNECT_ADDRESSES_MAX: usize = 16 * 1024;

/// Connections flushed in one turn of those that only wait for what others said: at about 4 us a
/// write, a text for a room of any size keeps a turn under 10 ms, and goes on in the next.
pub(crate) const FLUSH_BUDGET: usize = 2048;

/// Bytes written at once that count as one write more: what the kernel needs to copy them.
pub(crate) const BYTES_PER_WRITE: usize = 8 * 1024;

/// Writes in a turn to those who only wait, however late it is.
pub(crate) const FLUSHES_MIN: usize = 64;

/// Deliveries that one token pays for beside its request, where a request is for many: at about 4 us for
/// each one's write, a token is 4 ms of work.
pub(crate) const DELIVERIES_PER_TOKEN: usize = 1_000;

/// Members, names or bans looked at that count as a delivery in tokens: the look is 20 ns, the write 4 us.
pub(crate) const STEPS_PER_DELIVERY: usize = 20;

/// Bytes that no frame came of for which a token is taken: a frame is paid for when it is whole, but
/// fragments, telnet's commands or a line without an end are work, too.
pub(crate) const UNFRAMED_BYTES_PER_TOKEN: usize = 4 * 1024;

/// What a read that no frame came of costs beside that, in thousandths of a token: a person who types
/// into a terminal that sends each key is far below a connection's rate.
pub(crate) const UNFRAMED_READ_COST: u64 = 100;

/// Steps of the hub that it takes to hold a name to a mask.
pub(crate) const STEPS_PER_NAME_COVERED: usize = 10;

/// Users that are put out at once; where there are more, the others are in the turns that follow.
pub(crate) const PUT_OUT_AT_ONCE: usize = 32;

/// Steps of the hub that one counts as who hears nothing from a speaker.
pub(crate) const STEPS_PER_IGNORER: usize = 4;

/// Members who are told apart because they hear nothing from the speaker: so many deliveries each.
pub(crate) const DELIVERIES_PER_IGNORER: usize = 2;

/// Connections swept in a turn however much else there is to do.
pub(crate) const SWEEPS_MIN: usize = 16;

/// What one that is on disk counts as beside its text when they are told, in bytes: short ones are
/// work, too.
pub(crate) const KEPT_BYTES: usize = 64;

/// How long what tells of no message waits behind messages that are not on disk, in milliseconds, where nothing is
/// to be seen before: who enters or asks does not feel a commit, and is not held up by a disk that hangs.
pub(crate) const HELD_MS: u64 = 1_000;

/// Effects that wait for the disk at once, beyond which nothing else that would is taken in: as many as records may
/// wait there.
pub(crate) const HELD_MAX: usize = STORE_RECORDS_MAX;

/// What they take, in bytes, but for the texts that the records share.
pub(crate) const HELD_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Answers of the store about what was said that a turn takes in: each may have [`FOUND_MAX`] messages.
pub(crate) const ANSWERS_PER_TURN: usize = 8;

/// Text said in one room that a turn takes in, in bytes, or a message more: all members are owed it
/// at once, and a few turns' worth must stay below their SendQ.
pub(crate) const BATCH_BYTES_MAX: usize = 64 * 1024;

/// Bytes read from or rendered for one connection that count as one delivery: a long list is work too.
pub(crate) const BYTES_PER_DELIVERY: usize = 64;

/// Steps that a row of the list of rooms counts as: to look it up, copy and write it takes 1 us.
pub(crate) const STEPS_PER_ROOM: usize = 40;

/// Rows of a list of rooms or users over HTTP that cost a token.
pub(crate) const ROWS_PER_TOKEN: usize = 100;

/// Bytes read over TLS that nothing came of that count as one delivery: a record of 23 bytes with one
/// byte in it takes 160 ns.
pub(crate) const TLS_OVERHEAD_PER_DELIVERY: usize = 4;

/// Deliveries that a step of a TLS handshake counts as: its signature takes 60 us with ECDSA and 600 us
/// with RSA, and any stranger can trigger it.
pub(crate) const DELIVERIES_PER_HANDSHAKE: usize = 10_000;
