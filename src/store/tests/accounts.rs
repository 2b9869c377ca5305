use crate::model::{
    AccountAnswer, AccountAsk, AccountId, AccountRecord, Key, Nick, Query, Record, RoomName,
    RoomRecord, Secret, Used,
};
use crate::store::Answer;
use crate::store::accounts::{self, AccountWrite};

use super::scene::{ALL, Scene, whispered};

fn ask(scene: &mut Scene, ask: AccountAsk) -> AccountAnswer {
    assert_eq!(scene.store().account(9, ask), Ok(()));
    match scene.answer() {
        Answer::Account { ticket: 9, answer } => answer,
        answer => panic!("that is no answer: {answer:?}"),
    }
}

fn register(name: &str) -> AccountAsk {
    AccountAsk::Register {
        nick: Nick::parse(name).expect("a nick"),
        password: Secret::new("wonderland"),
        code: None,
    }
}

fn login(name: &str) -> AccountAsk {
    AccountAsk::Login {
        name: Key::of(name),
        secret: Secret::new("wonderland"),
    }
}

/// In the order of their making: Alice, and then a bot or Bob.
fn record(name: &str) -> AccountRecord {
    AccountRecord {
        id: AccountId(if name == "Alice" { 1 } else { 2 }),
        nick: Nick::parse(name).expect("a nick"),
        is_operator: false,
        owner: None,
        generation: 0,
    }
}

#[test]
fn accounts_and_bots_are_there_after_a_restart() {
    let mut scene = Scene::new();
    let registered = ask(&mut scene, register("Alice"));
    assert_eq!(registered, AccountAnswer::Registered(record("Alice")));
    let new_token = AccountAsk::NewToken {
        owner: record("Alice").id,
        name: Nick::parse("Robot").expect("a nick"),
    };
    let AccountAnswer::Token { bot, digest, .. } = ask(&mut scene, new_token) else {
        panic!("a token")
    };
    let kept = scene.restart();
    assert_eq!(kept.tokens, [(digest, bot.id)]);
    assert_eq!(kept.accounts, [record("Alice"), bot]);
    let logged_in = ask(&mut scene, login("alice"));
    assert_eq!(logged_in, AccountAnswer::LoggedIn(record("Alice")));
}

#[test]
fn rooms_are_owned_no_more_when_their_owner_is_gone() {
    let mut scene = Scene::new();
    ask(&mut scene, register("Alice"));
    scene.keep(Record::Room(RoomRecord {
        name: RoomName::parse("Hers").expect("a room"),
        owner: record("Alice").id,
        topic: Some("about".into()),
        key: Some("sesame".into()),
        is_topic_locked: true,
        is_invite_only: true,
        moderators: vec![AccountId(2)],
        rest: Box::default(),
    }));
    scene.store().flush();
    let unregister = AccountAsk::Unregister {
        account: record("Alice").id,
        password: Some(Secret::new("wonderland")),
    };
    let gone = ask(&mut scene, unregister);
    let (account, bots) = (record("Alice").id, vec![]);
    assert_eq!(gone, AccountAnswer::Unregistered { account, bots });
    let kept = scene.restart();
    assert_eq!((kept.rooms, kept.accounts), (vec![], vec![]));
}

/// What was on its way to the disk when its account went is nobody's, whoever has the name next.
#[test]
fn the_next_owner_of_a_name_comes_into_nothing_that_was_kept_too_late() {
    let mut scene = Scene::new();
    ask(&mut scene, register("Alice"));
    let gone = AccountAsk::Unregister {
        account: record("Alice").id,
        password: None,
    };
    ask(&mut scene, gone);
    let AccountAnswer::Registered(next) = ask(&mut scene, register("alice")) else {
        panic!("the name is free")
    };
    assert_ne!(next.id, record("Alice").id);
    let Record::Private { message, to, .. } = whispered(1, "Bob", "Alice", [false, true, false])
    else {
        panic!("it is private")
    };
    scene.keep(Record::Private {
        message,
        to,
        from_account: None,
        to_account: Some(record("Alice").id),
        is_delivered: false,
    });
    scene.keep(Record::Room(RoomRecord {
        name: RoomName::parse("Hers").expect("a room"),
        owner: record("Alice").id,
        topic: Some("about".into()),
        key: None,
        is_topic_locked: false,
        is_invite_only: false,
        moderators: vec![],
        rest: Box::default(),
    }));
    scene.wait_for(1);
    assert_eq!(scene.ids(Query::Mail { to: next.id }), [] as [u64; 0]);
    for account in [Some(next.id), None] {
        let query = Query::Private {
            own: Key::of("alice"),
            with: Key::of("bob"),
            account,
            window: ALL,
        };
        assert_eq!(scene.ids(query), [] as [u64; 0], "{account:?}");
    }
    assert_eq!(scene.restart().rooms, []);
}

#[test]
fn what_was_used_when_is_there_after_a_restart() {
    let mut scene = Scene::new();
    ask(&mut scene, register("Alice"));
    scene.keep(Record::Room(RoomRecord {
        name: RoomName::parse("Hers").expect("a room"),
        owner: record("Alice").id,
        topic: None,
        key: None,
        is_topic_locked: false,
        is_invite_only: false,
        moderators: vec![],
        rest: Box::default(),
    }));
    let (account, room) = (
        Used::Account(record("Alice").id),
        Used::Room(RoomName::parse("Hers").expect("a room")),
    );
    for (used, ran_ms) in [(account.clone(), 5_000), (room.clone(), 7_000)] {
        scene.keep(Record::Used { used, ran_ms });
    }
    let kept = scene.restart();
    assert_eq!(kept.ran_ms, 7_000);
    assert_eq!(kept.uses, [(account, 5_000), (room, 7_000)]);
    // Who is new was used when it was made.
    ask(&mut scene, register("Bob"));
    let kept = scene.restart();
    assert_eq!(kept.uses[1], (Used::Account(record("Bob").id), 7_000));
    scene.keep(Record::AccountGone(record("Alice").id));
    let kept = scene.restart();
    assert_eq!(
        (kept.accounts.len(), kept.rooms, kept.uses.len()),
        (1, vec![], 1)
    );
}

/// Who looks after accounts from the shell waits for the server, and the server does not wait for it.
#[test]
fn accounts_are_changed_beside_the_store() {
    let mut scene = Scene::new();
    let mut shell = accounts::begin(&scene.options.dir).expect("the database");
    let write = AccountWrite::Insert {
        nick: Nick::parse("Alice").expect("a nick"),
        hash: accounts::hash(&Secret::new("wonderland")).expect("a hash"),
        code: None,
    };
    let transaction = shell.transaction().expect("a transaction");
    let answer = write.apply(&transaction);
    assert_eq!(answer, Ok(AccountAnswer::Registered(record("Alice"))));
    // The writer has its connection for itself no more: what it cannot write is told.
    assert_eq!(ask(&mut scene, register("Bob")), AccountAnswer::Failed);
    assert_eq!(ask(&mut scene, login("alice")), AccountAnswer::WrongSecret);
    transaction.commit().expect("committed");
    let logged_in = ask(&mut scene, login("alice"));
    assert_eq!(logged_in, AccountAnswer::LoggedIn(record("Alice")));
    accounts::set_operator(&shell, &Key::of("alice"), true).expect("set");
    let operator = AccountRecord {
        is_operator: true,
        ..record("Alice")
    };
    let logged_in = ask(&mut scene, login("alice"));
    assert_eq!(logged_in, AccountAnswer::LoggedIn(operator));
    let registered = ask(&mut scene, register("Bob"));
    assert_eq!(registered, AccountAnswer::Registered(record("Bob")));
}
