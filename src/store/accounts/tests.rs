use super::super::schema;
use super::write::ChangeProgress;
use super::*;
use crate::model::AccountAnswer;

pub(super) fn database() -> Connection {
    schema::in_memory()
}

pub(super) fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a nick")
}

fn key(name: &str) -> Key {
    Key::of(name)
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn hashed(text: &str) -> Hashed {
    Hashed {
        phc: secret(text),
        scram: None,
    }
}

/// The accounts in the order of their making: Alice, Bob, and then a bot.
fn account_id(name: &str) -> AccountId {
    let names = ["alice", "bob", "robot"];
    let place = names.iter().position(|known| *known == name);
    AccountId(place.map_or(99, |place| place as u64 + 1))
}

fn with_alice_and_bob() -> Connection {
    let connection = database();
    for name in ["Alice", "Bob"] {
        let made = insert(&connection, &nick(name), &hashed("hash"), 7);
        assert!(matches!(made, Ok(Some(_))));
    }
    connection
}

fn names(connection: &Connection) -> Vec<String> {
    let accounts = list(connection).expect("a list");
    let names = accounts.iter().map(|it| it.record.nick.to_string());
    names.collect()
}

fn text(connection: &Connection, query: &str) -> Option<String> {
    let value = connection.query_row(query, [], |row| row.get(0));
    value.expect(query)
}

#[test]
fn accounts_go_by_folded_names() {
    let connection = with_alice_and_bob();
    let again = insert(&connection, &nick("ALICE"), &hashed("other"), 8);
    assert_eq!(again, Ok(None));
    assert_eq!(names(&connection), ["Alice", "Bob"]);
    let alice = find(&connection, &key("aLICE")).expect("read");
    let expected = StoredAccount {
        scram: None,
        record: AccountRecord {
            id: account_id("alice"),
            nick: nick("Alice"),
            is_operator: false,
            owner: None,
            generation: 0,
        },
        hash: Some(secret("hash")),
        created_ms: 7,
    };
    assert_eq!(alice, Some(expected));
    assert_eq!(find(&connection, &key("eve")), Ok(None));
}

#[test]
fn a_password_is_replaced_only_where_it_is_the_one_that_was_seen() {
    let connection = with_alice_and_bob();
    let set = |name: &str, seen: Option<&str>, new: &str| {
        let seen = seen.map(secret);
        set_password(&connection, account_id(name), seen.as_ref(), &hashed(new)).expect("set")
    };
    assert!(!set("alice", Some("another"), "new"));
    assert!(set("alice", Some("hash"), "new"));
    assert!(!set("alice", Some("hash"), "newer"));
    assert!(set("alice", None, "newest"));
    assert!(!set("eve", None, "x"));
    let hash = |name| {
        find(&connection, &key(name))
            .expect("read")
            .expect(name)
            .hash
    };
    assert_eq!(hash("alice"), Some(secret("newest")));
    assert_eq!(hash("bob"), Some(secret("hash")));
}

#[test]
fn an_operator_is_made_and_unmade() {
    let connection = with_alice_and_bob();
    let is_operator = |name| {
        let account = find(&connection, &key(name)).expect("read");
        account.expect(name).record.is_operator
    };
    assert_eq!(set_operator(&connection, &key("ALICE"), true), Ok(true));
    assert!(is_operator("alice") && !is_operator("bob"));
    assert_eq!(set_operator(&connection, &key("alice"), false), Ok(true));
    assert!(!is_operator("alice"));
    assert_eq!(set_operator(&connection, &key("eve"), true), Ok(false));
}

#[test]
fn bots_have_an_owner_and_one_token() {
    let connection = with_alice_and_bob();
    let set = |owner: &str, bot: &str, digest: u8| {
        set_token(&connection, account_id(owner), &nick(bot), &[digest; 32], 9).expect("set")
    };
    let by_token = |digest: u8| {
        let bot = by_token(&connection, &[digest; 32], 1).expect("read");
        bot.map(|bot| bot.record.nick.to_string())
    };
    let TokenSet::Set(first) = set("alice", "Robot", 1) else {
        panic!("a bot of Alice's")
    };
    assert_eq!(
        (first.nick, first.owner),
        (nick("Robot"), Some(account_id("alice")))
    );
    assert_eq!(by_token(1).as_deref(), Some("Robot"));
    // Its name stays as it was, and the first token is void.
    assert!(matches!(set("alice", "ROBOT", 2), TokenSet::Set(bot) if bot.nick == nick("Robot")));
    assert_eq!((by_token(1), by_token(2).as_deref()), (None, Some("Robot")));
    assert_eq!(
        tokens(&connection),
        Ok(vec![([2; 32], account_id("robot"))])
    );
    for (owner, bot) in [("bob", "robot"), ("alice", "Bob"), ("alice", "Alice")] {
        assert_eq!(set(owner, bot, 3), TokenSet::Exists);
    }
    for owner in ["eve", "robot"] {
        assert_eq!(set(owner, "Another", 3), TokenSet::NoOwner);
    }
    assert_eq!(
        set_password(&connection, account_id("robot"), None, &hashed("x")),
        Ok(false)
    );
    assert_eq!(
        remove_bot(&connection, account_id("bob"), account_id("robot")),
        Ok(false)
    );
    assert_eq!(
        remove_bot(&connection, account_id("bob"), account_id("alice")),
        Ok(false)
    );
    assert_eq!(
        remove_bot(&connection, account_id("alice"), account_id("robot")),
        Ok(true)
    );
    assert_eq!((by_token(2), names(&connection).len()), (None, 2));
}

#[test]
fn an_account_has_so_many_bots() {
    let connection = with_alice_and_bob();
    let set = |number: usize| {
        let digest = [number as u8; 32];
        let bot = nick(&format!("bot{number}"));
        set_token(&connection, account_id("alice"), &bot, &digest, 9).expect("set")
    };
    for number in 0..BOTS_PER_ACCOUNT_MAX {
        assert!(matches!(set(number), TokenSet::Set(_)), "{number}");
    }
    assert_eq!(set(BOTS_PER_ACCOUNT_MAX), TokenSet::TooMany);
    assert!(matches!(set(0), TokenSet::Set(_)), "one that there is");
    let bots = bots(&connection, account_id("alice")).expect("bots");
    assert_eq!(bots.len(), BOTS_PER_ACCOUNT_MAX);
    assert_eq!(tokens(&connection).expect("tokens").len(), bots.len());
}

/// Whoever takes the name later comes into nothing of it.
#[test]
fn what_an_account_had_goes_with_it() {
    let connection = with_alice_and_bob();
    set_token(
        &connection,
        account_id("alice"),
        &nick("robot"),
        &[1; 32],
        9,
    )
    .expect("a bot");
    connection
        .execute_batch(
            r#"INSERT INTO rooms (key, name, owner, topic, room_key, topic_locked, invite_only, moderators)
                 VALUES ('hers', 'Hers', 1, 'about', 'sesame', 1, 1, '[2]'),
                        ('his', 'His', 2, 'of his', 'word', 1, 0, '[9,1,3]'),
                        ('free', 'Free', NULL, NULL, NULL, 0, 0, '[]');
               INSERT INTO privates (id, ms, from_key, to_key, from_account, to_account, delivered,
                    from_name, to_name, manner, text)
                 VALUES (1, 1, 'alice', 'bob', 1, 2, 0, '', '', 0, ''),
                        (2, 2, 'bob', 'alice', 2, 1, 0, '', '', 0, ''),
                        (3, 3, 'alice', 'eve', 0, 0, 1, '', '', 0, '');"#,
        )
        .expect("rooms and messages");
    let bots = Ok(vec![account_id("robot")]);
    assert_eq!(remove(&connection, account_id("alice")), bots);
    assert_eq!(names(&connection), ["Bob"]);
    assert_eq!(tokens(&connection), Ok(vec![]));
    let room = |name| {
        let columns =
            "concat_ws(' ', owner, topic, room_key, topic_locked, invite_only, moderators)";
        let room = text(
            &connection,
            &format!("SELECT {columns} FROM rooms WHERE key = '{name}'"),
        );
        room.expect("a text")
    };
    assert_eq!(room("hers"), "0 0 []");
    assert_eq!(room("his"), "2 of his word 1 0 [9]");
    let marks = "SELECT group_concat(from_account || to_account || delivered, ' ') FROM privates";
    assert_eq!(text(&connection, marks).as_deref(), Some("120 211 001"));
    let next = insert(&connection, &nick("alice"), &hashed("another"), 8);
    let next = next.expect("made").expect("the name is free").id;
    assert_eq!(next, AccountId(4), "no id is used again");
}

fn job(
    write: AccountWrite,
) -> (
    AccountJob,
    ChangeProgress,
    std::sync::mpsc::Receiver<Option<AccountAnswer>>,
) {
    let (sender, told) = std::sync::mpsc::channel();
    let make = move |connection: &Connection| write.apply(connection);
    let job = AccountJob::new(make, move |answer| {
        // The test may have ended.
        let _ = sender.send(answer);
    });
    let progress = job.progress();
    (job, progress, told)
}

fn eve() -> AccountWrite {
    AccountWrite::Insert {
        nick: nick("Eve"),
        hash: hashed("hash"),
        code: None,
    }
}

#[test]
fn a_job_is_answered_when_it_is_committed() {
    let mut connection = with_alice_and_bob();
    let (mut job, progress, told) = job(eve());
    let transaction = connection.transaction().expect("a transaction");
    assert_eq!(job.apply(&transaction), Ok(()));
    assert!(told.try_recv().is_err(), "not yet on disk");
    assert!(!progress.give_up(), "too late");
    transaction.commit().expect("committed");
    job.committed();
    let answer = told.recv().expect("an answer");
    assert!(matches!(answer, Some(AccountAnswer::Registered(eve)) if eve.nick == nick("Eve")));
    assert!(told.recv().is_err(), "it is told once");
    assert_eq!(names(&connection).len(), 3);
}

#[test]
fn a_job_that_was_rolled_back_may_be_made_again_or_was_not_made() {
    let mut connection = with_alice_and_bob();
    let (mut job, _, told) = job(eve());
    for _ in 0..2 {
        let transaction = connection.transaction().expect("a transaction");
        assert_eq!(job.apply(&transaction), Ok(()));
        transaction.rollback().expect("rolled back");
    }
    drop(job);
    assert_eq!(told.recv(), Ok(None));
    assert_eq!(names(&connection).len(), 2);
}

#[test]
fn a_job_that_was_given_up_changes_nothing() {
    let mut connection = with_alice_and_bob();
    let (mut job, progress, told) = job(eve());
    assert!(progress.give_up());
    let transaction = connection.transaction().expect("a transaction");
    assert_eq!(job.apply(&transaction), Ok(()));
    transaction.commit().expect("committed");
    job.committed();
    assert_eq!(told.recv(), Ok(None));
    assert_eq!(names(&connection).len(), 2);
}

/// What else is in the transaction is not touched by it.
#[test]
fn a_job_that_fails_leaves_no_part_of_it() {
    let mut connection = with_alice_and_bob();
    connection
        .execute_batch("DROP TABLE privates")
        .expect("gone");
    let (mut job, _, told) = job(AccountWrite::Remove {
        account: account_id("alice"),
        seen: None,
    });
    let transaction = connection.transaction().expect("a transaction");
    eve().apply(&transaction).expect("another change");
    assert_eq!(job.apply(&transaction), Ok(()));
    transaction.commit().expect("committed");
    job.committed();
    assert_eq!(told.recv(), Ok(None));
    assert_eq!(names(&connection), ["Alice", "Bob", "Eve"]);
}

#[test]
fn no_debug_print_of_a_change_shows_a_secret() {
    let write = AccountWrite::SetToken {
        owner: account_id("alice"),
        bot: nick("robot"),
        token: secret("sesame"),
    };
    let account = find(&with_alice_and_bob(), &key("alice"));
    let shown = format!("{write:?} {:?} {account:?}", eve());
    assert!(
        shown.contains("SetToken") && shown.contains("Secret(..)"),
        "{shown}"
    );
    assert!(
        !shown.contains("sesame") && !shown.contains("\"hash\""),
        "{shown}"
    );
}

#[test]
fn a_session_is_one_of_few_and_ends() {
    let connection = schema::in_memory();
    let account = |name: &str| {
        let made = insert(&connection, &nick(name), &hashed("hash"), 1);
        made.expect("written").expect("a new account").id
    };
    let (alice, bob) = (account("alice"), account("bob"));
    let is_of = |digest: u8, now_ms| {
        let found = by_token(&connection, &[digest; 32], now_ms).expect("read");
        found.map(|account| account.record.nick.to_string())
    };
    let add = |id, digest: u8, now_ms| add_session(&connection, id, &[digest; 32], now_ms);
    let day_ms = 24 * 60 * 60 * 1000;
    let begin_ms = 1000 * day_ms;
    assert_eq!(add(alice, 1, begin_ms), Ok(true));
    assert_eq!(add(bob, 99, begin_ms), Ok(true));
    assert_eq!(is_of(1, begin_ms + 89 * day_ms).as_deref(), Some("alice"));
    assert_eq!(is_of(1, begin_ms + 90 * day_ms), None);
    // The clock was set back: that ends none.
    assert_eq!(is_of(1, 1).as_deref(), Some("alice"));
    for digest in 2..=11 {
        assert_eq!(add(alice, digest, begin_ms + u64::from(digest)), Ok(true));
    }
    assert_eq!(is_of(1, begin_ms), None, "it was the oldest of eleven");
    assert_eq!(is_of(2, begin_ms).as_deref(), Some("alice"));
    end_session(&connection, bob, &[2; 32]).expect("written");
    assert_eq!(
        is_of(2, begin_ms).as_deref(),
        Some("alice"),
        "it is not bob's"
    );
    end_session(&connection, alice, &[2; 32]).expect("written");
    assert_eq!(is_of(2, begin_ms), None);
    // None of them is a bot's, nor has a bot one.
    assert_eq!(tokens(&connection), Ok(vec![]));
    let set = set_token(&connection, alice, &nick("robot"), &[50; 32], 1);
    let Ok(TokenSet::Set(robot)) = set else {
        panic!("{set:?}");
    };
    assert_eq!(add(robot.id, 51, begin_ms), Ok(false));
    assert_eq!(
        set_password(&connection, alice, None, &hashed("new")),
        Ok(true)
    );
    assert_eq!(is_of(11, begin_ms), None, "its password is another");
    assert_eq!(is_of(50, begin_ms).as_deref(), Some("robot"));
    remove(&connection, bob).expect("written");
    assert_eq!(is_of(99, begin_ms), None);
}
