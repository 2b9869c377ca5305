//! Several connections of one account.

use super::*;
use crate::chat::LOBBY;
use crate::chat::User;
use crate::model::{MembersPage, Roster};

/// `alice` at 1 and 2, and `b` at 3, in the lobby.
fn chat() -> AccountWorld {
    let mut chat = AccountWorld::with(&["alice", "bob"]);
    chat.login(1, "alice");
    chat.join(3, "b");
    chat.login_multi(2, "alice");
    chat
}

#[test]
fn others_see_one_user() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.login(1, "alice");
    chat.join(3, "b");
    let told = chat.login_multi(2, "alice");
    assert_eq!(chat.told(&told, 3), []);
    assert_eq!(chat.told(&told, 1), []);
    assert_eq!(chat.hub.online(), 2);
    let lobby = RoomName::lobby();
    let users = chat.hub.users_in(&lobby, &MembersPage::default());
    assert_eq!(users, Ok(Roster::of(vec![nick("alice"), nick("b")])));
    assert_eq!(chat.listed()[0].members, 2);
    // The first goes, and the other stays in its place.
    chat.hub.handle_leave(id(1), chat.now);
    let told = chat.drain();
    assert_eq!(chat.told(&told, 3), []);
    assert_eq!(chat.hub.users_in(&lobby, &MembersPage::default()), users);
    let told = chat.ask(2, Request::Quit { words: None });
    assert!(matches!(chat.told(&told, 3)[..], [Event::Left { .. }]));
}

#[test]
fn each_hears_what_the_others_say_and_are_told() {
    let mut chat = chat();
    let told = chat.ask(2, say("hi"));
    assert!(matches!(chat.told(&told, 1)[..], [Event::Said { .. }]));
    assert!(matches!(chat.told(&told, 2)[..], [Event::Said { .. }]));
    let told = chat.ask(3, private("alice"));
    for slot in [1, 2] {
        assert!(matches!(
            chat.told(&told, slot)[..],
            [Event::Private { .. }]
        ));
    }
    let told = chat.ask(2, private("b"));
    for slot in [1, 2] {
        assert!(matches!(
            chat.told(&told, slot)[..],
            [Event::PrivateSent { .. }]
        ));
    }
    assert!(matches!(chat.told(&told, 3)[..], [Event::Private { .. }]));
}

#[test]
fn a_room_is_entered_and_left_by_all() {
    let mut chat = chat();
    chat.enter(3, "r");
    let told = chat.enter(2, "r");
    assert!(matches!(
        chat.told(&told, 3)[..],
        [Event::RoomJoined { .. }]
    ));
    for slot in [1, 2] {
        assert!(matches!(
            chat.told(&told, slot)[..],
            [Event::EnteredRoom { .. }]
        ));
    }
    assert_eq!(chat.listed()[1].members, 2);
    // Each speaks where it likes.
    let told = chat.ask(1, say("in the lobby"));
    assert!(matches!(
        &chat.told(&told, 2)[..],
        [Event::Said { room, .. }] if room.is_lobby()
    ));
    let told = chat.ask(
        1,
        Request::Leave {
            room: Some(room("r")),
        },
    );
    assert!(matches!(chat.told(&told, 3)[..], [Event::RoomLeft { .. }]));
    for slot in [1, 2] {
        assert!(matches!(
            chat.told(&told, slot)[..],
            [Event::LeftRoom { .. }]
        ));
        assert_eq!(chat.hub.focus_of(id(slot)), Ok(LOBBY));
    }
}

#[test]
fn who_comes_beside_others_is_where_they_are() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.login(1, "alice");
    chat.enter(1, "r");
    chat.ask(
        1,
        Request::Leave {
            room: Some(RoomName::lobby()),
        },
    );
    let told = chat.login_multi(2, "alice");
    assert!(matches!(
        chat.told(&told, 2)[..],
        [
            Event::Welcome { .. },
            Event::EnteredRoom { .. },
            Event::LeftRoom { .. }
        ]
    ));
    let told = chat.ask(2, say("hi"));
    assert!(matches!(
        &chat.told(&told, 1)[..],
        [Event::Said { room, .. }] if room.as_str() == "r"
    ));
}

#[test]
fn who_was_here_under_another_name_joins_the_others() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.login(1, "alice");
    chat.join(2, "x");
    chat.join(3, "b");
    chat.enter(1, "r");
    chat.enter(2, "s");
    let told = chat.login_multi(2, "alice");
    assert!(matches!(chat.told(&told, 3)[..], [Event::Left { .. }]));
    let [Event::Renamed { .. }, Event::LeftRoom { .. }, entered @ ..] = &chat.told(&told, 2)[..]
    else {
        panic!("{told:?}");
    };
    assert!(matches!(
        entered,
        [
            Event::EnteredRoom { .. },
            Event::EnteredRoom { .. },
            Event::Done { .. }
        ]
    ));
    assert_eq!((chat.hub.online(), chat.hub.rooms()), (2, 2));
    assert!(
        !told
            .iter()
            .any(|effect| matches!(effect, Effect::Gone { .. }))
    );
}

#[test]
fn what_is_done_to_one_is_done_to_all() {
    let mut chat = chat();
    chat.login(4, "bob");
    chat.enter(4, "r");
    chat.enter(1, "r");
    let name = || "alice".to_string();
    let (room, reason) = (None, None);
    let kick = Request::Kick {
        room,
        name: name(),
        reason,
    };
    let told = chat.ask(4, kick);
    for slot in [1, 2] {
        assert!(matches!(
            chat.told(&told, slot)[..],
            [Event::Notice(_), Event::LeftRoom { .. }]
        ));
    }
    let text = Some("out".into());
    chat.ask(1, Request::Away { text });
    assert!(
        chat.hub
            .user(id(2))
            .is_some_and(|user| user.away().is_some())
    );
    chat.ask(2, Request::Ignore { name: "b".into() });
    let told = chat.ask(3, say("hi"));
    assert_eq!((chat.told(&told, 1), chat.told(&told, 2)), (vec![], vec![]));
    chat.ask(1, Request::Unignore { name: "b".into() });
    let told = chat.ask(2, Request::Nick { nick: nick("al") });
    assert!(matches!(
        chat.told(&told, 1)[..],
        [Event::Notice(_), Event::Renamed { .. }]
    ));
    assert!(matches!(chat.told(&told, 3)[..], [Event::Renamed { .. }]));
    assert!(!chat.is_account(1) && chat.name_of(1) == "al");
    chat.login(1, "alice");
    assert!(chat.is_account(2), "together");
    chat.ask(
        4,
        Request::Oper {
            password: Secret::new("x"),
        },
    );
    let ban = Request::Ban {
        mask: "al*".into(),
        seconds: None,
        reason: None,
    };
    let told = chat.ask(4, ban);
    assert!(matches!(chat.told(&told, 3)[..], [Event::Left { .. }]));
    assert_eq!(chat.hub.online(), 2);
}

#[test]
fn whoever_takes_over_puts_out_all() {
    let mut chat = chat();
    let told = chat.login(5, "alice");
    for slot in [1, 2] {
        assert!(matches!(chat.told(&told, slot)[..], [Event::Kicked { .. }]));
    }
    assert!(matches!(
        chat.told(&told, 3)[..],
        [Event::Left { .. }, Event::Joined { .. }]
    ));
}

#[test]
fn of_too_many_the_oldest_is_put_out() {
    let mut chat = chat();
    let max = crate::limits::CONNECTIONS_PER_ACCOUNT_MAX as u32;
    for slot in 10..10 + max - 2 {
        chat.login_multi(slot, "alice");
    }
    assert!(chat.hub.user(id(1)).is_some());
    let told = chat.login_multi(100, "alice");
    assert!(matches!(chat.told(&told, 1)[..], [Event::Kicked { .. }]));
    assert_eq!(chat.hub.user(id(2)).map(User::sessions), Some(max as usize));
    assert_eq!((chat.hub.online(), chat.told(&told, 3)), (2, vec![]));
}

#[test]
fn a_moderator_stays_one_when_its_first_connection_goes() {
    let mut chat = chat();
    chat.enter(3, "r");
    let invite = Request::Invite {
        room: None,
        name: "alice".into(),
    };
    chat.ask(
        3,
        Request::Mode {
            room: None,
            change: ModeChange::InviteOnly(true),
        },
    );
    chat.ask(3, invite);
    chat.hub.handle_leave(id(1), chat.now);
    chat.drain();
    chat.enter(2, "r");
    let r = chat.hub.chat.rooms().find(&room("r")).expect("a room");
    assert!(chat.hub.user(id(2)).is_some_and(|user| user.is_in(r)));
    // The room's moderator goes, and hands on to the next user.
    chat.login_multi(1, "alice");
    chat.hub.handle_leave(id(3), chat.now);
    chat.drain();
    for slot in [1, 2] {
        let change = ModeChange::TopicLock(true);
        let told = chat.ask(
            slot,
            Request::Mode {
                room: Some(room("r")),
                change,
            },
        );
        assert!(matches!(chat.told(&told, slot)[..], [Event::Done { .. }]));
    }
}
