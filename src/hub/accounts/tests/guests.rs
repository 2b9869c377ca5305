//! Guests under names that are somebody's.

use super::*;

#[test]
fn a_guest_has_its_grace_and_then_another_name() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.join(1, "b");
    let told = chat.join(2, "ALICE");
    assert!(matches!(
        chat.told(&told, 2)[..],
        [Event::Welcome { .. }, Event::Notice(_)]
    ));
    assert_eq!(chat.hub.poll_timeout(), Some(30_000));
    chat.wait(29_999);
    assert_eq!(chat.name_of(2), "ALICE");
    let told = chat.wait(1);
    assert!(matches!(chat.told(&told, 1)[..], [Event::Renamed { .. }]));
    assert!(matches!(
        chat.told(&told, 2)[..],
        [Event::Notice(_), Event::Renamed { .. }]
    ));
    assert_eq!(chat.name_of(2), "Guest-0001");
    assert_eq!(chat.hub.poll_timeout(), None);
}

#[test]
fn a_grace_ends_with_a_login_another_name_or_the_session() {
    let mut chat = AccountWorld::with(&["alice"]);
    for slot in 1..4 {
        chat.join(slot, "alice");
        assert!(chat.hub.poll_timeout().is_some());
        match slot {
            1 => chat.ask(slot, Request::Nick { nick: nick("x") }),
            2 => chat.login(slot, "alice"),
            _ => Vec::new(),
        };
        if slot > 1 {
            chat.hub.handle_leave(id(slot), chat.now);
        }
        assert_eq!(chat.hub.poll_timeout(), None);
    }
    chat.ask(
        1,
        Request::Nick {
            nick: nick("alice"),
        },
    );
    assert!(chat.hub.poll_timeout().is_some());
}

#[test]
fn strict_names_are_refused_at_once() {
    let rules = Rules {
        is_strict: true,
        ..Rules::default()
    };
    let mut chat = AccountWorld::new(rules, &["alice"]);
    assert_eq!(refused(&chat.join(1, "alice")), &ErrorCode::NameRegistered);
    chat.join(1, "b");
    let nick = nick("ALICE");
    assert_eq!(
        refused(&chat.ask(1, Request::Nick { nick })),
        &ErrorCode::NameRegistered
    );
    chat.login(1, "alice");
    assert!(chat.is_account(1));
}

#[test]
fn a_guest_makes_way_for_whose_name_it_is() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.join(1, "alice");
    chat.join(2, "b");
    let told = chat.do_it(3, join_as("alice", "right"));
    assert_eq!((chat.name_of(1), chat.name_of(3)), ("Guest-0001", "alice"));
    assert!(matches!(
        chat.told(&told, 1)[..],
        [
            Event::Notice(_),
            Event::Renamed { .. },
            Event::Joined { .. }
        ]
    ));
    assert!(matches!(
        chat.told(&told, 2)[..],
        [Event::Renamed { .. }, Event::Joined { .. }]
    ));
    // It is told nothing of what was before it came.
    assert!(matches!(chat.told(&told, 3)[..], [Event::Welcome { .. }]));
}
