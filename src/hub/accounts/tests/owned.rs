//! Owned rooms and mail.

use super::*;

fn mode(change: ModeChange) -> Request {
    Request::Mode { room: None, change }
}

fn topic(text: &str) -> Request {
    Request::Topic {
        room: None,
        text: Some(text.into()),
    }
}

fn appoint(room_name: &str, name: &str, moderates: bool) -> Request {
    Request::Appoint {
        room: Some(room(room_name)),
        name: name.into(),
        moderates,
    }
}

fn owned(name: &str, owner: &str) -> RoomRecord {
    RoomRecord {
        name: room(name),
        owner: account(owner),
        topic: None,
        key: None,
        is_topic_locked: false,
        is_invite_only: false,
        moderators: Vec::new(),
        rest: Default::default(),
    }
}

#[test]
fn a_room_of_an_account_lasts_as_it_is_and_is_there_again_after_a_restart() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.login(1, "alice");
    let told = chat.enter(1, "Rust");
    assert_eq!(kept(&told), [&Record::Room(owned("Rust", "alice"))]);
    chat.ask(1, topic("crates"));
    chat.ask(1, mode(ModeChange::TopicLock(true)));
    let told = chat.ask(1, mode(ModeChange::Key(Some("sesame".into()))));
    let expected = RoomRecord {
        topic: Some("crates".into()),
        key: Some("sesame".into()),
        is_topic_locked: true,
        rest: Box::new(crate::model::RoomRest {
            topic_set: Some(("alice".into(), 0)),
            ..Default::default()
        }),
        ..owned("Rust", "alice")
    };
    assert_eq!(kept(&told), [&Record::Room(expected.clone())]);
    chat.hub.handle_leave(id(1), chat.now);
    chat.drain();
    let entries = chat.listed();
    assert_eq!((entries.len(), entries[1].members), (2, 0));
    let mut again = AccountWorld::with(&[]);
    again.hub.load(Kept {
        accounts: vec![record("alice")],
        rooms: vec![expected, owned("gone", "bob"), owned("lobby", "alice")],
        ..Kept::default()
    });
    assert_eq!(again.listed().len(), 2);
    again.join(2, "b");
    let wrong = ErrorCode::WrongKey(room("rust"));
    assert_eq!(refused(&again.enter(2, "rust")), &wrong);
    again.login(1, "alice");
    let told = again.enter(1, "rust");
    assert!(matches!(
        &again.told(&told, 1)[..],
        [Event::EnteredRoom { created: false, topic: Some(topic), .. }] if topic == "crates"
    ));
    again.ask(1, mode(ModeChange::Key(None)));
    again.enter(2, "rust");
    let locked = ErrorCode::NotModerator(room("Rust"));
    assert_eq!(refused(&again.ask(2, topic("x"))), &locked);
}

#[test]
fn twenty_owned_rooms_and_the_next_is_like_any_other() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.login(1, "alice");
    for n in 0..=OWNED_ROOMS_MAX {
        let told = chat.enter(1, &format!("r{n}"));
        assert_eq!(kept(&told).len(), usize::from(n < OWNED_ROOMS_MAX));
        chat.ask(1, Request::Leave { room: None });
    }
    assert_eq!(chat.hub.rooms(), 1 + OWNED_ROOMS_MAX);
    let closed = Request::CloseRoom { room: room("r0") };
    assert_eq!(kept(&chat.ask(1, closed)), [&Record::RoomGone(room("r0"))]);
    assert_eq!(kept(&chat.enter(1, "r0")).len(), 1);
}

#[test]
fn the_owner_and_whom_it_appoints_moderate_while_they_are_logged_in() {
    let mut chat = AccountWorld::with(&["alice", "bob", "op"]);
    chat.join(1, "alice");
    chat.login(1, "alice");
    chat.enter(1, "r");
    chat.login(2, "bob");
    chat.join(3, "c");
    chat.ask(1, mode(ModeChange::InviteOnly(true)));
    let closed = ErrorCode::InviteOnly(room("r"));
    assert_eq!(refused(&chat.enter(2, "r")), &closed);
    let not_owner = ErrorCode::NotOwner(room("r"));
    assert_eq!(refused(&chat.ask(2, appoint("r", "bob", true))), &not_owner);
    let nobody = ErrorCode::NoSuchAccount("c".into());
    assert_eq!(refused(&chat.ask(1, appoint("r", "c", true))), &nobody);
    let told = chat.ask(1, appoint("r", "BOB", true));
    let Record::Room(record) = kept(&told)[0] else {
        panic!("{told:?}");
    };
    assert_eq!(record.moderators, [account("bob")]);
    assert!(matches!(chat.told(&told, 2)[..], [Event::Notice(_)]));
    chat.enter(2, "r");
    chat.ask(2, mode(ModeChange::InviteOnly(false)));
    chat.enter(3, "r");
    let not_moderator = ErrorCode::NotModerator(room("r"));
    let change = || mode(ModeChange::TopicLock(true));
    assert_eq!(refused(&chat.ask(3, change())), &not_moderator);
    assert_eq!(refused(&chat.ask(2, appoint("r", "op", true))), &not_owner);
    chat.ask(1, Request::Logout);
    assert_eq!(refused(&chat.ask(1, change())), &not_moderator);
    chat.login(1, "alice");
    chat.ask(1, appoint("r", "bob", false));
    assert_eq!(refused(&chat.ask(2, change())), &not_moderator);
    chat.login(4, "op");
    chat.ask(4, appoint("r", "bob", true));
    assert!(matches!(
        kept(&chat.ask(2, change()))[..],
        [Record::Room(_)]
    ));
    let lobby = chat.ask(4, appoint("lobby", "bob", true));
    assert_eq!(refused(&lobby), &ErrorCode::NotInLobby);
}

#[test]
fn an_owner_closes_its_room_for_good() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.login(1, "alice");
    chat.enter(1, "r");
    chat.join(2, "b");
    chat.enter(2, "r");
    let close = || Request::CloseRoom { room: room("r") };
    assert_eq!(refused(&chat.ask(2, close())), &ErrorCode::NotOperator);
    let told = chat.ask(1, close());
    assert_eq!(kept(&told), [&Record::RoomGone(room("r"))]);
    assert!(matches!(
        chat.told(&told, 2)[..],
        [Event::Notice(_), .., Event::LeftRoom { .. }]
    ));
    assert_eq!(chat.hub.rooms(), 1);
}

#[test]
fn what_an_account_owned_and_moderated_is_nobodys_when_it_is_gone() {
    let mut chat = AccountWorld::with(&["alice", "bob"]);
    chat.login(1, "alice");
    chat.login(2, "bob");
    chat.enter(1, "empty");
    chat.ask(1, Request::Leave { room: None });
    chat.enter(1, "full");
    chat.enter(2, "full");
    chat.enter(2, "bobs");
    chat.ask(2, appoint("bobs", "alice", true));
    chat.ask(1, Request::Leave { room: None });
    let told = chat.do_it(1, Request::Unregister { password: None });
    assert_eq!(
        kept(&told),
        [
            &Record::RoomGone(room("empty")),
            &Record::RoomGone(room("full")),
            &Record::Room(owned("bobs", "bob")),
        ]
    );
    assert_eq!(chat.hub.rooms(), 3);
    // Who is in the room moderates it.
    let change = Request::Mode {
        room: Some(room("full")),
        change: ModeChange::TopicLock(true),
    };
    assert!(kept(&chat.ask(2, change)).is_empty());
    // Whoever takes the name has nothing of it.
    chat.do_it(1, register());
    chat.enter(1, "bobs");
    let change = mode(ModeChange::TopicLock(true));
    assert!(matches!(
        refused(&chat.ask(1, change)),
        ErrorCode::NotModerator(_)
    ));
}

#[test]
fn what_is_said_to_an_account_that_is_not_here_waits_for_it() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.join(1, "b");
    let told = chat.ask(1, private("ALICE"));
    let [
        Record::Private {
            message,
            to,
            to_account: Some(_),
            is_delivered: false,
            ..
        },
    ] = kept(&told)[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!(to.as_str(), "alice");
    assert!(matches!(
        &chat.told(&told, 1)[..],
        [Event::PrivateSent { away: Some(_), .. }]
    ));
    assert!(matches!(
        refused(&chat.ask(1, private("nobody"))),
        ErrorCode::NoSuchNick(_)
    ));
    // It is asked for as soon as it is on disk.
    let asks = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Ask { ticket, .. } => Some(*ticket),
            _ => None,
        })
    };
    assert_eq!(asks(&chat.login(2, "alice")), None);
    chat.hub.handle_kept(message.id, 1);
    let ticket = asks(&chat.drain()).expect("a question");
    let found = |messages: Vec<Arc<Message>>| Found::Messages {
        messages,
        through: MessageId::MAX,
        has_more: false,
    };
    let messages = vec![Arc::clone(message)];
    chat.hub
        .handle_found(ticket, found(messages.clone()), chat.now);
    let told = chat.drain();
    assert!(matches!(chat.told(&told, 2)[..], [Event::Private { .. }]));
    let (to, through) = (account("alice"), message.id);
    assert_eq!(kept(&told), [&Record::Delivered { to, through }]);
    // The disk may not know that yet.
    let ticket = asks(&chat.login_multi(3, "alice")).expect("a question");
    chat.hub.handle_found(ticket, found(messages), chat.now);
    assert_eq!(chat.drain(), []);
}

#[test]
fn as_much_waits_as_may_and_no_more() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.join(1, "b");
    for _ in 0..MAIL_MAX {
        assert_eq!(kept(&chat.ask(1, private("alice"))).len(), 1);
    }
    let full = ErrorCode::MailboxFull(nick("alice"));
    assert_eq!(refused(&chat.ask(1, private("alice"))), &full);
}
