//! How many accounts and owned rooms there may be, and how long they last.

use super::*;
use crate::limits::{
    OWNED_ROOMS_PER_ADDRESS_MAX, REGISTRATIONS_PER_ADDRESS_MAX, ROOM_EXPIRY_MS, USE_NOTED_MS,
};
use crate::model::{Kept, Used};

const DAY_MS: u64 = 24 * 3_600_000;

/// Asks from the one address that all of this test come from.
fn ask_from_there(chat: &mut AccountWorld, slot: u32, request: Request) -> Vec<Effect> {
    let ip = [198, 51, 100, 7].into();
    let peer = Peer::Ip { ip, port: 1 };
    chat.hub
        .handle_request(id(slot), peer, request, None, chat.now);
    chat.drain()
}

#[test]
fn an_address_has_so_many_registrations_a_day() {
    let mut chat = AccountWorld::with(&[]);
    let most = REGISTRATIONS_PER_ADDRESS_MAX;
    for slot in 0..=most {
        let name = nick(&format!("user{slot}"));
        ask_from_there(&mut chat, slot, Request::join(name, false));
        let asked = ask_from_there(&mut chat, slot, register());
        if slot == most {
            assert_eq!(refused(&asked), &ErrorCode::TooManyRegistrations);
            continue;
        }
        // What was not made does not count.
        chat.answer(&asked, AccountAnswer::Failed);
        let asked = ask_from_there(&mut chat, slot, register());
        let made = record(&format!("user{slot}"));
        chat.answer(&asked, AccountAnswer::Registered(made));
    }
    chat.join(99, "elsewhere");
    chat.do_it(99, register());
    assert!(chat.is_account(99));
    chat.wait(DAY_MS);
    let asked = ask_from_there(&mut chat, most, register());
    assert!(matches!(asked[..], [Effect::AskAccount { .. }]));
}

#[test]
fn loopback_has_them_without_end_unless_it_is_limited() {
    for limits_loopback in [false, true] {
        let rules = Rules {
            limits_loopback,
            ..Rules::default()
        };
        let mut chat = AccountWorld::new(rules, &[]);
        let peer = Peer::Ip {
            ip: [127, 0, 0, 1].into(),
            port: 1,
        };
        let mut made = 0;
        for slot in 0..2 * REGISTRATIONS_PER_ADDRESS_MAX {
            for request in [
                Request::join(nick(&format!("user{slot}")), false),
                register(),
            ] {
                chat.hub
                    .handle_request(id(slot), peer, request, None, chat.now);
                let asks = |effect: &Effect| matches!(effect, Effect::AskAccount { .. });
                made += u32::from(chat.drain().iter().any(asks));
            }
        }
        let most = REGISTRATIONS_PER_ADDRESS_MAX;
        assert_eq!(made, if limits_loopback { most } else { 2 * most });
    }
}

#[test]
fn an_address_comes_to_own_so_many_rooms_a_day() {
    let names: Vec<String> = (0..4).map(|n| format!("user{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut chat = AccountWorld::with(&names);
    let mut owned = 0;
    for (slot, name) in (0..).zip(&names) {
        let asked = ask_from_there(&mut chat, slot, login(name, "right", false));
        chat.answer(&asked, AccountAnswer::LoggedIn(record(name)));
        for n in 0..OWNED_ROOMS_MAX {
            let (room, entry) = (room(&format!("r{slot}-{n}")), EnterMode::Focus);
            let request = Request::Enter {
                room: room.clone(),
                entry,
                key: None,
                resume: None,
                replay: None,
            };
            let told = ask_from_there(&mut chat, slot, request);
            owned += u32::from(!kept(&told).is_empty());
            let room = Some(room);
            ask_from_there(&mut chat, slot, Request::Leave { room });
        }
    }
    assert_eq!(owned, OWNED_ROOMS_PER_ADDRESS_MAX);
    assert_eq!(chat.hub.rooms(), owned as usize + 1, "the others end");
}

/// A chat of accounts that were used when it began.
fn used(names: &[&str], rooms: &[RoomRecord]) -> AccountWorld {
    let mut chat = AccountWorld::with(&[]);
    let of_rooms = rooms.iter().map(|room| Used::Room(room.name.clone()));
    let of_accounts = names.iter().map(|name| Used::Account(account(name)));
    chat.hub.load(Kept {
        accounts: names.iter().map(|name| record(name)).collect(),
        rooms: rooms.to_vec(),
        uses: of_accounts.chain(of_rooms).map(|used| (used, 0)).collect(),
        ..Kept::default()
    });
    chat
}

fn has(chat: &AccountWorld, name: &str) -> bool {
    chat.hub.chat.is_registered(&nick(name))
}

#[test]
fn an_account_that_is_not_used_for_a_year_ends() {
    let mut chat = used(&["alice", "bob"], &[]);
    assert_eq!(chat.hub.poll_timeout(), Some(USE_NOTED_MS.1));
    chat.wait(300 * DAY_MS);
    chat.login(1, "bob");
    chat.hub.handle_leave(id(1), chat.now);
    let told = chat.drain();
    let ran_ms = 300 * DAY_MS;
    chat.wait(64 * DAY_MS);
    assert!(has(&chat, "alice"), "{told:?} {ran_ms}");
    let told = chat.wait(DAY_MS);
    assert!(!has(&chat, "alice") && has(&chat, "bob"));
    assert_eq!(kept(&told), [&Record::AccountGone(account("alice"))]);
    chat.join(2, "alice");
    chat.do_it(2, register());
    chat.wait(299 * DAY_MS);
    assert!(has(&chat, "bob"));
    chat.wait(2 * DAY_MS);
    assert!(!has(&chat, "bob") && has(&chat, "alice"));
}

#[test]
fn an_account_is_used_while_it_or_its_bot_is_here() {
    let mut chat = used(&["alice"], &[]);
    chat.login(1, "alice");
    let mut noted = Vec::new();
    for _ in 0..500 {
        let told = chat.wait(DAY_MS);
        noted.extend(kept(&told).into_iter().cloned());
    }
    assert!(has(&chat, "alice") && noted.len() > 400, "{}", noted.len());
    let change = TokenChange::New(nick("bot"));
    chat.do_it(1, Request::Token { change });
    chat.hub.handle_leave(id(1), chat.now);
    for _ in 0..40 {
        chat.login(2, "bot");
        chat.hub.handle_leave(id(2), chat.now);
        chat.drain();
        chat.wait(30 * DAY_MS);
    }
    assert!(has(&chat, "alice") && has(&chat, "bot"));
    chat.wait(366 * DAY_MS);
    chat.wait(1);
    assert!(!has(&chat, "alice") && !has(&chat, "bot"));
}

#[test]
fn nothing_ends_where_accounts_last_or_by_a_clock_that_is_wrong() {
    let rules = Rules {
        account_expiry_ms: None,
        ..Rules::default()
    };
    let mut chat = AccountWorld::new(rules, &[]);
    chat.hub.load(Kept {
        accounts: vec![record("alice")],
        uses: vec![(Used::Account(account("alice")), 0)],
        ..Kept::default()
    });
    chat.wait(5_000 * DAY_MS);
    assert!(has(&chat, "alice"));
    let mut chat = used(&["alice"], &[]);
    chat.now.unix_ms += 5_000 * DAY_MS;
    chat.wait(DAY_MS);
    assert!(has(&chat, "alice"));
}

#[test]
fn a_room_without_a_word_and_members_ends_after_thirty_days() {
    let rooms = ["quiet", "spoken", "lived"].map(|name| RoomRecord {
        name: room(name),
        owner: account("alice"),
        topic: Some("about".into()),
        key: None,
        is_topic_locked: false,
        is_invite_only: false,
        moderators: vec![],
        rest: Box::default(),
    });
    let mut chat = used(&["alice"], &rooms);
    chat.join(1, "b");
    chat.enter(1, "lived");
    let mut gone = Vec::new();
    for day in 0..40 {
        if day == 20 {
            let (peer, room) = (Peer::Unix(9), room("spoken"));
            let said =
                chat.hub
                    .handle_post((id(9), peer), nick("c"), false, room, "hi".into(), chat.now);
            assert!(said.is_ok());
            chat.drain();
        }
        let told = chat.wait(DAY_MS);
        for record in kept(&told) {
            if let Record::RoomGone(name) = record {
                gone.push((name.to_string(), day + 1));
            }
        }
    }
    let days = ROOM_EXPIRY_MS / DAY_MS;
    assert_eq!(gone, [("quiet".into(), days)]);
    assert_eq!(chat.hub.rooms(), 3);
    for _ in 0..11 {
        chat.wait(DAY_MS);
    }
    assert_eq!(
        chat.hub.rooms(),
        2,
        "the lobby and the one that is lived in"
    );
}

/// After a crash what was used is known to within a day, and what ends does so a little at a time.
#[test]
fn many_end_a_little_at_a_time() {
    let names: Vec<String> = (0..100).map(|n| format!("user{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut chat = used(&names, &[]);
    chat.now.uptime_ms = 400 * DAY_MS;
    let mut steps = 0;
    while names.iter().any(|name| has(&chat, name)) {
        chat.hub.handle_timeout(chat.now);
        chat.drain();
        steps += 1;
        assert!(steps < 100);
    }
    assert!(steps >= 100 / crate::limits::EXPIRY_STEP, "{steps}");
}
