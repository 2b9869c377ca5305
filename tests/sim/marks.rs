//! Rare states that the runs reach: one that none of them does is a hole in the simulator.

use std::cell::RefCell;
use std::collections::BTreeSet;

thread_local! {
    static REACHED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// This was reached.
pub(crate) fn sometimes(name: impl AsRef<str>) {
    REACHED.with_borrow_mut(|reached| {
        if !reached.contains(name.as_ref()) {
            reached.insert(name.as_ref().to_owned());
        }
    });
}

/// What was reached in this thread since this was asked.
pub(crate) fn take() -> BTreeSet<String> {
    REACHED.take()
}

/// What every long run must reach.
const EXPECTED: &[&str] = &[
    "a server was taken over",
    "a reader that stopped was dropped at the cap",
    "a reader that took nothing of its last bytes was let go",
    "a room of several was left by who made it",
    "a second page of catching up",
    "an account was made by invitation",
    "an account ended that several went as",
    "broken_connections",
    "dropped_for_SendQ",
    "dropped_for_flooding",
    "dropped_for_handshake_timeout",
    "dropped_for_idle_timeout",
    "dropped_for_join_timeout",
    "dropped_for_ping_timeout",
    "dropped_for_protocol_errors",
    "farewell: closed",
    "farewell: goodbye",
    "farewell: kicked",
    "farewell: refused",
    "farewell: shutdown",
    "fault: AcceptAborted",
    "fault: AcceptExhausted",
    "fault: DoubledEvent",
    "fault: Interrupt",
    "fault: LateData",
    "fault: LateEvent",
    "fault: MergedEvent",
    "fault: Reset",
    "fault: ShortRead",
    "fault: ShortWrite",
    "fault: SlowTurn",
    "fault: SpuriousEvent",
    "fault: StaleEvent",
    "fault: TinyBuffer",
    "fault: WouldBlock",
    "kicked",
    "refused",
    "refused: already_joined",
    "refused: already_logged_in",
    "refused: already_registered",
    "refused: bad_nick",
    "refused: bad_room_name",
    "refused: frame_too_long",
    "refused: irc 401",
    "refused: irc 403",
    "refused: irc 404",
    "refused: irc 433",
    "refused: irc 442",
    "refused: irc 482",
    "refused: login_throttled",
    "refused: message_too_long",
    "refused: missing_field",
    "refused: muted",
    "refused: name",
    "refused: name_registered",
    "refused: nick_banned",
    "refused: nick_taken",
    "refused: no_accounts",
    "refused: no_such_ban",
    "refused: no_such_nick",
    "refused: no_such_room",
    "refused: not_in_lobby",
    "refused: not_in_room",
    "refused: not_json",
    "refused: not_logged_in",
    "refused: not_moderator",
    "refused: not_operator",
    "refused: not_owner",
    "refused: not_utf8",
    "refused: nothing_kept",
    "refused: room_locked",
    "refused: store_failed",
    "refused: too_deep",
    "refused: unknown_type",
    "refused: wrong_field",
    "refused: wrong_login",
    "refused: wrong_password",
    "rosters: compared",
    "settings: compared",
    "status: 101",
    "status: 200",
    "status: 201",
    "status: 204",
    "status: 400",
    "status: 401",
    "status: 403",
    "status: 404",
    "status: 405",
    "status: 408",
    "status: 409",
    "status: 413",
    "status: 429",
    "status: 501",
    "status: 503",
    "status: 505",
    "the power failed in the middle of a turn",
];

/// What stands in lines of the log that tell of a rare state.
const LOGGED: &[&str] = &[
    "not taken over, and going on",
    "SendQ exceeded",
    "an operator",
    "cannot accept at",
    "connection closed",
    "flooding",
    "handshake timeout",
    "history is too far behind",
    "idle timeout",
    "is being written",
    "join timeout",
    "kicked",
    "left: quit",
    "not a good file",
    "ping timeout",
    "protocol error",
    "read again: the certificate",
    "read again: the file of settings",
    "read again: the file of tokens",
    "read again: the operator's password",
    "stays in use",
    "The server is full",
    "too many connections",
    "uptime s",
];

/// Reads the server's log.
struct Log;

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Info
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = record.args().to_string();
        for part in LOGGED.iter().filter(|part| line.contains(**part)) {
            sometimes(format!("log: {part}"));
        }
    }

    fn flush(&self) {}
}

/// Has lines of the log that tell of a rare state be marks.
pub(crate) fn read_log() {
    // Another test's thread may have done so.
    if log::set_logger(&Log).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}

/// What may wait within the server: each must be seen to wait sometime.
pub(crate) fn waiting(left: &[(&'static str, usize)]) {
    for &(what, count) in left {
        sometimes(format!("{MAY_WAIT}{what}"));
        if count > 0 {
            sometimes(format!("{WAITS}{what}"));
        }
    }
}

const MAY_WAIT: &str = "may wait: ";
const WAITS: &str = "waits: ";

/// What is done within a turn, as much as is said here.
const NEVER_WAITS: &[&str] = &["searches"];

/// What was not reached.
pub(crate) fn missing(reached: &BTreeSet<String>) -> Vec<String> {
    let expected = EXPECTED.iter().map(|&name| name.to_owned());
    let logged = LOGGED.iter().map(|part| format!("log: {part}"));
    let waits = reached
        .iter()
        .filter_map(|name| name.strip_prefix(MAY_WAIT))
        .filter(|what| !NEVER_WAITS.contains(what))
        .map(|what| format!("{WAITS}{what}"));
    let all = expected.chain(logged).chain(waits);
    all.filter(|name| !reached.contains(name)).collect()
}
