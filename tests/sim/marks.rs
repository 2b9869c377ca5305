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
    "a reader that stopped was dropped at the cap",
    "a second page of catching up",
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
];

/// What was not reached.
pub(crate) fn missing(reached: &BTreeSet<String>) -> Vec<&'static str> {
    let is_missing = |name: &&&str| !reached.contains(**name);
    EXPECTED.iter().filter(is_missing).copied().collect()
}
