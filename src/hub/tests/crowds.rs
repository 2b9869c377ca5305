//! Rooms of so many that who comes and goes is counted, and who is there told by pages.

use super::*;
use crate::chat::LOBBY;
use crate::limits::NAMES_SHOWN_MAX;

fn at(uptime_ms: u64) -> Moment {
    Moment {
        uptime_ms,
        ..Moment::default()
    }
}

/// Whom a room's line is for, and what it says.
fn presence(
    hub: &Hub,
    id: RoomId,
    room: RoomName,
    joined: u32,
    left: u32,
    members: usize,
) -> Effect {
    Effect::Broadcast {
        audience: Audience::Room {
            room: id,
            readers: hub.readers(id).clone(),
            except: None,
            ignorers: Vec::new(),
        },
        event: Event::Presence {
            room,
            joined,
            left,
            members,
        },
    }
}

#[test]
fn above_the_limit_comings_and_goings_are_told_once_a_second() {
    let mut hub = hub_with_limit(2);
    assert_eq!(join(&mut hub, 1, "a").len(), 2);
    assert_eq!(join(&mut hub, 2, "b").len(), 2, "at the limit");
    assert_eq!(hub.poll_timeout(), None);
    let come = |hub: &mut Hub, slot, name, ms| {
        let (nick, wants_users) = (nick(name), false);
        let request = Request::join(nick, wants_users);
        hub.handle_request(id(slot), Peer::Unix(slot), request, None, at(ms));
        drain(hub)
    };
    // Its own line comes at once.
    let own = come(&mut hub, 3, "c", 100);
    assert!(matches!(own[..], [Effect::Answer { to, .. }] if to == id(3)));
    assert_eq!(come(&mut hub, 4, "d", 900).len(), 1);
    hub.handle_leave(id(1), at(950));
    assert!(matches!(drain(&mut hub)[..], [Effect::Gone { .. }]));
    assert_eq!(hub.poll_timeout(), Some(1100));
    hub.handle_timeout(at(1099));
    assert_eq!(drain(&mut hub), []);
    hub.handle_timeout(at(1100));
    assert_eq!(
        drain(&mut hub),
        [presence(&hub, LOBBY, RoomName::lobby(), 2, 1, 3)]
    );
    assert_eq!(
        hub.poll_timeout(),
        None,
        "quiet until somebody comes or goes"
    );
    hub.handle_leave(id(2), at(5000));
    assert_eq!(hub.poll_timeout(), Some(6000));
    drain(&mut hub);
    // At the limit again, each is told; what was counted is still told in its time.
    hub.handle_leave(id(3), at(5500));
    assert!(matches!(
        drain(&mut hub)[..],
        [Effect::Gone { .. }, Effect::Broadcast { .. }]
    ));
    hub.handle_timeout(at(6000));
    assert_eq!(
        drain(&mut hub),
        [presence(&hub, LOBBY, RoomName::lobby(), 0, 1, 1)]
    );
}

#[test]
fn who_leaves_is_told_of_in_small_rooms_and_counted_in_large_ones() {
    let mut hub = hub_with_limit(2);
    let enter = |name: &str| Request::Enter {
        room: room(name),
        entry: EnterMode::Focus,
        key: None,
        resume: None,
        replay: None,
    };
    for (slot, name) in [(1, "a"), (2, "b"), (3, "c")] {
        join(&mut hub, slot, name);
    }
    for slot in [1, 2] {
        ask(&mut hub, slot, enter("small"));
    }
    hub.handle_timeout(at(1000));
    drain(&mut hub);
    hub.handle_leave(id(1), at(2000));
    let effects = drain(&mut hub);
    let [Effect::Gone { .. }, Effect::Broadcast { audience, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    let small = hub.chat.rooms().find(&room("small")).expect("b is in it");
    assert_eq!(*audience, hub.others(small, None));
    hub.handle_timeout(at(3000));
    assert_eq!(
        drain(&mut hub),
        [presence(&hub, LOBBY, RoomName::lobby(), 0, 1, 2)]
    );
}

#[test]
fn what_is_counted_ends_with_its_room() {
    let mut hub = hub_with_limit(1);
    let (entry, key) = (EnterMode::Focus, None);
    let room = room("r");
    let enter = Request::Enter {
        room,
        entry,
        key,
        resume: None,
        replay: None,
    };
    for (slot, name) in [(1, "a"), (2, "b")] {
        join(&mut hub, slot, name);
        ask(&mut hub, slot, enter.clone());
        let room = Some(RoomName::lobby());
        ask(&mut hub, slot, Request::Leave { room });
    }
    hub.handle_timeout(at(1500));
    drain(&mut hub);
    for slot in [1, 2] {
        hub.handle_leave(id(slot), at(2000));
    }
    assert_eq!(hub.poll_timeout(), None);
    join(&mut hub, 1, "a");
    ask(&mut hub, 1, enter);
    hub.handle_timeout(at(9000));
    assert_eq!(drain(&mut hub), []);
}

#[test]
fn of_a_crowd_the_first_are_named_and_the_others_by_pages() {
    let mut hub = hub();
    let count = NAMES_SHOWN_MAX as u32 + 3;
    for n in 0..count {
        join(&mut hub, n, &format!("u{n}"));
    }
    let page = |hub: &mut Hub, after: Option<&str>, limit| {
        let page = MembersPage {
            after: after.map(Into::into),
            limit,
        };
        let room = Some(RoomName::lobby());
        match &ask(hub, 0, Request::Members { room, page })[..] {
            [
                Effect::Answer {
                    event: Event::Members { users, .. },
                    ..
                },
            ] => users.clone(),
            other => panic!("{other:?}"),
        }
    };
    let first = page(&mut hub, None, None);
    assert_eq!(
        (first.nicks.len(), first.rest, first.members),
        (500, 3, 503)
    );
    assert_eq!(
        (first.nicks[0].as_str(), first.nicks[499].as_str()),
        ("u0", "u499")
    );
    let last = page(&mut hub, Some("U499"), Some(usize::MAX));
    let names: Vec<_> = last.nicks.iter().map(Nick::as_str).collect();
    assert_eq!(
        (&names[..], last.rest, last.members),
        (&["u500", "u501", "u502"][..], 0, 503)
    );
    let some = page(&mut hub, Some("u10"), Some(2));
    let names: Vec<_> = some.nicks.iter().map(Nick::as_str).collect();
    assert_eq!((&names[..], some.rest), (&["u11", "u12"][..], 490));
    let none = page(&mut hub, Some("u502"), None);
    assert_eq!((none.nicks.len(), none.rest, none.members), (0, 0, 503));
}
