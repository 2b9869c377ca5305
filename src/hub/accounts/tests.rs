mod chat;
mod guests;
mod lasting;
mod multi;
mod owned;

use std::sync::Arc;

use super::super::*;
use crate::limits::{ACCOUNT_FAILURES_MAX, LOGIN_FAILURES_MAX, MAIL_MAX, OWNED_ROOMS_MAX};
use crate::model::{
    AccountAnswer, AccountAsk, AccountId, AccountRecord, Durability, EnterMode, Found, Login,
    Message, MessageId, ModeChange, PutOut, Record, RoomEntry, RoomName, RoomRecord, RoomsFrom,
    Secret, TokenChange,
};

use chat::*;

#[test]
fn where_nothing_is_kept_there_are_no_accounts() {
    let mut chat = AccountWorld::with(&[]);
    chat.hub.chat.rules_mut().durability = None;
    assert_eq!(
        refused(&chat.ask(1, join_as("a", "right"))),
        &ErrorCode::NoAccounts
    );
    chat.join(1, "a");
    for request in [
        register(),
        login("a", "right", false),
        Request::Logout,
        Request::Passwd {
            old: None,
            new: Secret::new("x"),
        },
        Request::Unregister { password: None },
        Request::Token {
            change: TokenChange::List,
        },
    ] {
        assert_eq!(refused(&chat.ask(1, request)), &ErrorCode::NoAccounts);
    }
}

#[test]
fn whoever_registers_is_logged_in_and_the_name_is_nobody_elses() {
    let mut chat = AccountWorld::with(&[]);
    chat.join(1, "Alice");
    chat.do_it(1, register());
    assert!(chat.is_account(1));
    assert_eq!(
        refused(&chat.ask(1, register())),
        &ErrorCode::AlreadyLoggedIn
    );
    chat.ask(1, Request::Quit { words: None });
    chat.join(2, "alice");
    assert_eq!(
        refused(&chat.ask(2, register())),
        &ErrorCode::AlreadyRegistered
    );
    assert!(!chat.is_account(2));
}

/// Nobody could log in with it: it would be looked up as a token.
#[test]
fn a_password_is_not_a_token() {
    let mut chat = AccountWorld::with(&[]);
    chat.join(1, "alice");
    let (password, code) = (Secret::new(format!("hub_{}", "x".repeat(43))), None);
    assert_eq!(
        refused(&chat.ask(1, Request::Register { password, code })),
        &ErrorCode::BadPassword
    );
}

#[test]
fn names_that_are_given_to_guests_are_not_registered() {
    let mut chat = AccountWorld::with(&[]);
    for (slot, name) in [(1, "guest-7"), (2, "Anon-12")] {
        chat.join(slot, name);
        assert_eq!(refused(&chat.ask(slot, register())), &ErrorCode::NickTaken);
    }
    chat.join(3, "anonymous");
    chat.do_it(3, register());
    assert!(chat.is_account(3));
}

#[test]
fn an_account_that_was_made_is_known_though_its_maker_is_gone() {
    let mut chat = AccountWorld::with(&[]);
    chat.join(1, "alice");
    let asked = chat.ask(1, register());
    chat.hub.handle_leave(id(1), chat.now);
    chat.drain();
    chat.join(2, "alice");
    let told = chat.answer(&asked, AccountAnswer::Registered(record("alice")));
    assert!(matches!(chat.told(&told, 2)[..], [Event::Notice(_)]));
    assert!(chat.hub.chat.is_registered(&nick("ALICE")));
    assert!(chat.hub.poll_timeout().is_some(), "a guest has her name");
}

#[test]
fn a_login_before_the_join_comes_in() {
    let mut chat = AccountWorld::with(&["Alice", "op"]);
    let told = chat.login(1, "alice");
    let [Event::Welcome { nick, .. }, ..] = &chat.told(&told, 1)[..] else {
        panic!("{told:?}");
    };
    assert_eq!((nick.as_str(), chat.is_account(1)), ("alice", true));
    let told = chat.do_it(2, join_as("op", "right"));
    let [Event::Welcome { users, .. }] = &chat.told(&told, 2)[..] else {
        panic!("{told:?}");
    };
    assert_eq!(users.members, 2);
    assert!(chat.hub.is_operator(id(2)) && !chat.hub.is_operator(id(1)));
    assert_eq!(
        refused(&chat.do_it(3, join_as("op", "wrong"))),
        &ErrorCode::WrongLogin
    );
    assert!(chat.hub.user(id(3)).is_none());
}

#[test]
fn a_login_after_the_join_goes_by_the_accounts_name_and_a_logout_by_a_guests() {
    let mut chat = AccountWorld::with(&["op"]);
    chat.join(1, "x");
    chat.join(2, "y");
    let told = chat.login(1, "OP");
    assert!(matches!(chat.told(&told, 2)[..], [Event::Renamed { .. }]));
    assert!(matches!(
        chat.told(&told, 1)[..],
        [Event::Renamed { .. }, Event::Done { .. }]
    ));
    assert_eq!((chat.name_of(1), chat.is_account(1)), ("op", true));
    assert!(chat.hub.is_operator(id(1)));
    chat.ask(1, Request::Nick { nick: nick("OP") });
    assert!(chat.is_account(1), "the same name");
    let told = chat.ask(1, Request::Logout);
    assert!(matches!(chat.told(&told, 2)[..], [Event::Renamed { .. }]));
    assert_eq!((chat.name_of(1), chat.is_account(1)), ("Guest-0001", false));
    assert!(!chat.hub.is_operator(id(1)));
    assert_eq!(
        refused(&chat.ask(1, Request::Logout)),
        &ErrorCode::NotLoggedIn
    );
}

#[test]
fn another_name_is_a_logout() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.login(1, "alice");
    chat.ask(1, Request::Nick { nick: nick("bob") });
    assert!(!chat.is_account(1));
    chat.login(1, "alice");
    chat.login(2, "alice");
    assert!(chat.hub.user(id(1)).is_none());
    chat.join(3, "op");
    chat.ask(
        3,
        Request::Oper {
            password: Secret::new("x"),
        },
    );
    let (from, to) = ("alice".into(), "eve".into());
    chat.ask(3, Request::Rename { from, to });
    assert_eq!((chat.name_of(2), chat.is_account(2)), ("eve", false));
}

#[test]
fn whoever_is_muted_does_not_log_out() {
    let mut chat = AccountWorld::with(&["alice", "op"]);
    chat.login(1, "alice");
    chat.login(2, "op");
    let mute = Request::Mute {
        room: None,
        name: "alice".into(),
        seconds: None,
    };
    chat.ask(2, mute);
    assert_eq!(refused(&chat.ask(1, Request::Logout)), &ErrorCode::Muted);
    let password = None;
    let unregister = Request::Unregister { password };
    assert_eq!(refused(&chat.ask(1, unregister)), &ErrorCode::Muted);
    chat.hub.handle_leave(id(1), chat.now);
    chat.join(3, "alice");
    chat.wait(30_000);
    assert_eq!(chat.name_of(3), "Guest-0001");
    assert!(
        !chat.hub.chat.is_muted(chat.user(3), chat.now.unix_ms),
        "the account is, not who has its name"
    );
    chat.login(4, "alice");
    assert!(chat.hub.chat.is_muted(chat.user(4), chat.now.unix_ms));
}

/// By the name that it has next, by an account that it logs in to, or by a bot.
#[test]
fn a_mute_is_not_evaded_by_an_account() {
    let mut chat = AccountWorld::with(&["alice", "op"]);
    chat.login(1, "op");
    chat.join(2, "guest");
    chat.enter(1, "r");
    chat.enter(2, "r");
    let mute = |name: &str| Request::Mute {
        room: Some(room("r")),
        name: name.into(),
        seconds: None,
    };
    chat.ask(1, mute("guest"));
    let leave = Request::Leave {
        room: Some(room("r")),
    };
    chat.ask(2, leave);
    chat.login(2, "alice");
    chat.hub.handle_leave(id(2), chat.now);
    chat.login(3, "alice");
    chat.enter(3, "r");
    assert_eq!(refused(&chat.ask(3, say("hi"))), &ErrorCode::Muted);
    let change = TokenChange::New(nick("bot"));
    chat.do_it(3, Request::Token { change });
    chat.login(4, "bot");
    chat.enter(4, "r");
    assert_eq!(refused(&chat.ask(4, say("hi"))), &ErrorCode::Muted);
    let (peer, room) = ((id(9), Peer::Unix(9)), room("r"));
    let posted = chat
        .hub
        .handle_post(peer, nick("bot"), true, room, "hi".into(), chat.now);
    assert_eq!(posted.map(|_| ()), Err(ErrorCode::Muted));
}

#[test]
fn who_logs_in_elsewhere_takes_over() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.login(1, "alice");
    chat.join(2, "b");
    let told = chat.do_it(3, join_as("alice", "right"));
    let [Event::Kicked { why, .. }] = &chat.told(&told, 1)[..] else {
        panic!("{told:?}");
    };
    assert_eq!(*why, PutOut::LoggedInElsewhere);
    assert!(told.contains(&Effect::Close { who: id(1) }));
    assert!(matches!(
        chat.told(&told, 2)[..],
        [Event::Left { .. }, Event::Joined { .. }]
    ));
    assert!(matches!(chat.told(&told, 3)[..], [Event::Welcome { .. }]));
}

/// Who comes from an address of its own for each `slot`.
fn fail(chat: &mut AccountWorld, slot: u32, name: &str) {
    let told = chat.do_it(slot, login(name, "wrong", false));
    assert_eq!(refused(&told), &ErrorCode::WrongLogin, "{slot}");
}

#[test]
fn somebody_elses_wrong_passwords_do_not_keep_out_who_knows_it() {
    let mut chat = AccountWorld::with(&["alice", "bob"]);
    for slot in 1..=2 {
        chat.join(slot, &format!("n{slot}"));
    }
    for _ in 0..LOGIN_FAILURES_MAX {
        fail(&mut chat, 1, "alice");
    }
    // Neither of this name nor of another from there; from elsewhere the right one is taken.
    for name in ["alice", "bob"] {
        assert_eq!(refused(&chat.login(1, name)), &ErrorCode::LoginThrottled(5));
    }
    chat.login(2, "alice");
    assert!(chat.is_account(2));
    // Which does not let the guesser go on.
    assert_eq!(
        refused(&chat.login(1, "alice")),
        &ErrorCode::LoginThrottled(5)
    );
    chat.wait(5_000);
    fail(&mut chat, 1, "alice");
    assert_eq!(
        refused(&chat.login(1, "alice")),
        &ErrorCode::LoginThrottled(10)
    );
    let passwd = Request::Passwd {
        old: Some(Secret::new("wrong")),
        new: Secret::new("new"),
    };
    for _ in 1..=5 {
        let asked = chat.ask(2, passwd.clone());
        chat.answer(&asked, AccountAnswer::WrongSecret);
    }
    assert_eq!(refused(&chat.ask(2, passwd)), &ErrorCode::LoginThrottled(5));
}

#[test]
fn very_many_wrong_passwords_of_one_account_keep_everybody_out() {
    let mut chat = AccountWorld::with(&["alice", "bob"]);
    let per_address = LOGIN_FAILURES_MAX - 1;
    let addresses = ACCOUNT_FAILURES_MAX / per_address;
    for slot in 1..=addresses {
        chat.join(slot, &format!("n{slot}"));
        for _ in 0..per_address {
            fail(&mut chat, slot, "alice");
        }
    }
    chat.join(200, "last");
    assert_eq!(
        refused(&chat.login(200, "alice")),
        &ErrorCode::LoginThrottled(5)
    );
    chat.login(200, "bob");
    assert!(chat.is_account(200));
    chat.ask(200, Request::Logout);
    chat.wait(5_000);
    chat.login(200, "alice");
    assert!(chat.is_account(200));
    // What others tried is not forgotten by that: one more, and all wait again.
    chat.wait(5_000);
    let told = chat.do_it(199, join_as("alice", "wrong"));
    assert_eq!(refused(&told), &ErrorCode::WrongLogin);
    chat.join(201, "later");
    assert_eq!(
        refused(&chat.login(201, "alice")),
        &ErrorCode::LoginThrottled(10)
    );
}

#[test]
fn each_try_is_one_line_of_the_log() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.join(1, "x");
    fail(&mut chat, 1, "ALICE");
    fail(&mut chat, 1, "nobody");
    chat.login(1, "alice");
    chat.join(2, "bob");
    chat.do_it(2, register());
    chat.ask(
        2,
        Request::Oper {
            password: Secret::new("y"),
        },
    );
    chat.ask(
        2,
        Request::Oper {
            password: Secret::new("x"),
        },
    );
    let token = Secret::new(format!("hub_{}", "x".repeat(43)));
    let with_token = Request::Login {
        name: nick("robot"),
        login: Login {
            secret: token,
            is_multi: false,
        },
    };
    chat.do_it(3, with_token);
    chat.join(4, "eve");
    let kick = Request::Kick {
        room: None,
        name: "EVE".into(),
        reason: Some("too \"loud\"".into()),
    };
    chat.ask(2, kick);
    chat.ask(
        2,
        Request::Ban {
            mask: "e*".into(),
            seconds: None,
            reason: None,
        },
    );
    let expected = [
        "login failed name=ALICE address=10.0.0.1",
        "login failed name=nobody address=10.0.0.1",
        "login name=alice address=10.0.0.1",
        "registration name=bob address=10.0.0.2",
        "oper failed name=bob address=10.0.0.2",
        "oper name=bob address=10.0.0.2",
        "token failed name=robot address=10.0.0.3",
        "kick name=eve address=10.0.0.4 by=bob reason=\"too \\\"loud\\\"\"",
        "ban mask=\"e*\" name=bob address=10.0.0.2",
    ];
    assert_eq!(chat.logged, expected);
}

#[test]
fn an_answer_finds_nobody_who_left_or_was_put_out() {
    let mut chat = AccountWorld::with(&["alice", "op"]);
    let asked = chat.ask(1, join_as("alice", "right"));
    chat.hub.handle_leave(id(1), chat.now);
    assert_eq!(chat.drain(), []);
    assert_eq!(
        chat.answer(&asked, AccountAnswer::LoggedIn(record("alice"))),
        []
    );
    assert_eq!(chat.hub.online(), 0);
    chat.join(2, "b");
    chat.login(3, "op");
    let asked = chat.ask(2, login("alice", "right", false));
    let kick = Request::Kick {
        room: None,
        name: "b".into(),
        reason: None,
    };
    chat.ask(3, kick);
    assert_eq!(
        chat.answer(&asked, AccountAnswer::LoggedIn(record("alice"))),
        []
    );
    assert_eq!(chat.hub.online(), 1);
}

#[test]
fn whoever_waits_asks_nothing_more_about_accounts() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.join(1, "b");
    let asked = chat.ask(1, login("alice", "right", false));
    assert_eq!(refused(&chat.ask(1, register())), &ErrorCode::Busy);
    chat.answer(&asked, AccountAnswer::LoggedIn(record("alice")));
    assert!(chat.is_account(1));
}

#[test]
fn an_account_that_is_gone_meanwhile_logs_nobody_in() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.login_multi(1, "alice");
    let asked = chat.ask(2, login("alice", "right", true));
    chat.do_it(1, Request::Unregister { password: None });
    assert_eq!((chat.name_of(1), chat.is_account(1)), ("alice", false));
    let told = chat.answer(&asked, AccountAnswer::LoggedIn(record("alice")));
    assert_eq!(refused(&told), &ErrorCode::WrongLogin);
    assert!(!chat.hub.chat.is_registered(&nick("alice")));
}

#[test]
fn a_bot_comes_in_with_its_token_until_that_is_void() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.join(2, "bot");
    chat.login(1, "alice");
    let token = |change| Request::Token { change };
    let bot = nick("bot");
    let told = chat.do_it(1, token(TokenChange::New(bot.clone())));
    assert!(matches!(chat.told(&told, 1)[..], [Event::Token { .. }]));
    assert!(matches!(chat.told(&told, 2)[..], [Event::Notice(_)]));
    assert_eq!(chat.hub.bot_of(&[7; 32]), Some(&bot));
    chat.login(2, "bot");
    assert!(chat.is_account(2));
    for request in [
        Request::Unregister { password: None },
        token(TokenChange::New(nick("other"))),
    ] {
        assert_eq!(refused(&chat.ask(2, request)), &ErrorCode::NotLoggedIn);
    }
    let told = chat.do_it(1, token(TokenChange::Drop(bot.clone())));
    assert!(matches!(chat.told(&told, 2)[..], [Event::Kicked { .. }]));
    assert_eq!(chat.hub.bot_of(&[7; 32]), None);
    assert!(!chat.hub.chat.is_registered(&bot));
    let gone = chat.ask(1, token(TokenChange::Drop(bot)));
    assert_eq!(refused(&gone), &ErrorCode::NoSuchAccount("bot".into()));
    let alice = chat.ask(1, token(TokenChange::New(nick("alice"))));
    assert_eq!(refused(&alice), &ErrorCode::AlreadyRegistered);
}

#[test]
fn a_program_has_a_token_for_its_user_but_a_bot_and_a_guest_have_none() {
    let mut chat = AccountWorld::with(&["alice"]);
    let token = |change| Request::Token { change };
    chat.join(2, "guest");
    let guest = chat.ask(2, token(TokenChange::Session));
    assert_eq!(refused(&guest), &ErrorCode::NotLoggedIn);
    chat.login(1, "alice");
    let told = chat.do_it(1, token(TokenChange::Session));
    let told = chat.told(&told, 1);
    let [Event::Token { bot, token: made }] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((bot, made.reveal()), (&nick("alice"), "hub_session"));
    let made = made.clone();
    let told = chat.do_it(1, token(TokenChange::End(made)));
    assert!(matches!(chat.told(&told, 1)[..], [Event::Done { .. }]));
}

#[test]
fn who_posts_under_a_registered_name_is_its_account() {
    let mut chat = AccountWorld::with(&["alice"]);
    chat.login(1, "alice");
    chat.join(2, "b");
    let mut post = |name: &str, as_account| {
        let (peer, nick, room) = ((id(9), Peer::Unix(9)), nick(name), RoomName::lobby());
        let now = chat.now;
        chat.hub
            .handle_post(peer, nick, as_account, room, "hi".into(), now)
            .map(|_| ())
    };
    assert_eq!(post("Alice", false), Err(ErrorCode::NameRegistered));
    assert_eq!(post("alice", true), Ok(()));
    assert_eq!(post("b", false), Err(ErrorCode::NickTaken));
    assert_eq!(post("c", false), Ok(()));
}

#[test]
fn what_takes_long_is_told_and_waited_for() {
    let mut chat = AccountWorld::with(&[]);
    chat.join(1, "alice");
    let asked = chat.ask(1, register());
    let told = chat.answer(&asked, AccountAnswer::Delayed);
    assert!(matches!(chat.told(&told, 1)[..], [Event::Notice(_)]));
    // It may talk meanwhile, and no more.
    assert!(matches!(chat.ask(1, say("hi"))[..], [Effect::Keep(_), ..]));
    assert_eq!(refused(&chat.ask(1, register())), &ErrorCode::Busy);
    chat.answer(&asked, AccountAnswer::Registered(record("alice")));
    assert!(chat.is_account(1));
}

#[test]
fn no_question_shows_a_password() {
    let mut chat = AccountWorld::with(&["alice"]);
    let shown = format!("{:?}", chat.ask(1, join_as("alice", "hunter2")));
    assert!(shown.contains("Secret") && !shown.contains("hunter2"));
    assert!(!format!("{:?}", chat.hub).contains("hunter2"));
}
