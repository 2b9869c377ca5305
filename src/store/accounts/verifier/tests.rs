mod asks;

use super::super::password::tests::counted;
use super::super::tests::{database, nick};
use super::super::token_digest;
use super::*;
use crate::model::{AccountId, AccountRecord, Key, ScramProof, Secret};
use std::sync::mpsc::sync_channel;

const DEADLINE: Duration = Duration::from_secs(15);

fn key(name: &str) -> Key {
    Key::of(name)
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn login(name: &str, text: &str) -> AccountAsk {
    AccountAsk::Login {
        name: key(name),
        secret: secret(text),
    }
}

fn register(name: &str, text: &str) -> AccountAsk {
    AccountAsk::Register {
        nick: nick(name),
        password: secret(text),
        code: None,
    }
}

/// Answers an ask and makes the change that it is about.
#[track_caller]
fn answer(connection: &Connection, ask: AccountAsk) -> AccountAnswer {
    match consider(connection, ask).expect("an answer") {
        Considered::Answer(answer) => answer,
        Considered::Write(write) => write.apply(connection).expect("written"),
        Considered::Both(answer, write) => {
            write.apply(connection).expect("written");
            answer
        }
        Considered::Answers(..) => unreachable!("there is no cluster"),
    }
}

/// The accounts in the order of their making.
fn account(name: &str) -> AccountId {
    let names = ["alice", "robot", "bob"];
    let place = names.iter().position(|known| *known == name);
    AccountId(place.map_or(99, |place| place as u64 + 1))
}

fn record(name: &str) -> AccountRecord {
    AccountRecord {
        id: account(&name.to_lowercase()),
        nick: nick(name),
        is_operator: false,
        owner: None,
        generation: 0,
    }
}

/// Alice with her password, and her bot with its token.
fn with_alice() -> (Connection, Secret) {
    let connection = database();
    let registered = answer(&connection, register("Alice", "wonderland"));
    assert_eq!(registered, AccountAnswer::Registered(record("Alice")));
    let ask = AccountAsk::NewToken {
        owner: account("alice"),
        name: nick("Robot"),
    };
    let AccountAnswer::Token { token, .. } = answer(&connection, ask) else {
        panic!("a token")
    };
    (connection, token)
}

#[test]
fn who_knows_the_secret_is_logged_in() {
    let (connection, token) = with_alice();
    let logged_in = AccountAnswer::LoggedIn(record("Alice"));
    assert_eq!(answer(&connection, login("ALICE", "wonderland")), logged_in);
    let robot = AccountRecord {
        owner: Some(account("alice")),
        ..record("Robot")
    };
    let by_token = answer(&connection, login("robot", token.reveal()));
    assert_eq!(by_token, AccountAnswer::LoggedIn(robot));
    super::super::set_operator(&connection, &key("alice"), true).expect("set");
    let logged_in = answer(&connection, login("alice", "wonderland"));
    assert!(matches!(logged_in, AccountAnswer::LoggedIn(alice) if alice.is_operator));
}

/// Neither the answer nor what it takes tells whether there is an account, or that it is a bot.
#[test]
fn a_wrong_password_takes_one_hash_for_any_name() {
    let (connection, _) = with_alice();
    for name in ["alice", "robot", "nobody", "not a nick"] {
        for guess in ["Wonderland", "hub_", &"x".repeat(640)] {
            let (hashes, answer) = counted(|| answer(&connection, login(name, guess)));
            assert_eq!((hashes, answer), (1, AccountAnswer::WrongSecret), "{name}");
        }
    }
}

#[test]
fn what_cannot_be_a_password_takes_no_hash_for_any_name() {
    let (connection, token) = with_alice();
    let guess = format!("hub_{}", "A".repeat(43));
    for name in ["alice", "robot", "nobody"] {
        for guess in ["", &"x".repeat(641), &guess] {
            let (hashes, answer) = counted(|| answer(&connection, login(name, guess)));
            assert_eq!((hashes, answer), (0, AccountAnswer::WrongSecret), "{name}");
        }
    }
    let (hashes, _) = counted(|| answer(&connection, login("robot", token.reveal())));
    assert_eq!(hashes, 0);
    for name in ["alice", "nobody"] {
        let answer = answer(&connection, login(name, token.reveal()));
        assert_eq!(answer, AccountAnswer::WrongSecret, "it is the bot's");
    }
}

/// An account from before there was SCRAM, and a bot, can't be proven so; its password makes that other.
#[test]
fn a_password_that_is_told_can_be_proven_by_scram_later() {
    let (connection, _) = with_alice();
    let challenge = |name| {
        answer(
            &connection,
            AccountAsk::Challenge {
                name: Key::of(name),
            },
        )
    };
    let can_be_proven = |name| matches!(challenge(name), AccountAnswer::Challenge(_));
    assert!(can_be_proven("ALICE") && !can_be_proven("robot") && !can_be_proven("nobody"));
    connection
        .execute("UPDATE accounts SET scram = NULL", [])
        .expect("as before");
    assert!(!can_be_proven("alice"));
    answer(&connection, login("alice", "wrong"));
    assert!(!can_be_proven("alice"));
    answer(&connection, login("alice", "wonderland"));
    assert!(can_be_proven("alice"));
    let considered = consider(&connection, login("alice", "wonderland"));
    assert!(matches!(considered, Ok(Considered::Answer(_))), "once");
    let proof = AccountAsk::LoginBy {
        name: Key::of("alice"),
        proof: Box::new(ScramProof {
            message: "n=alice".into(),
            proof: vec![0; 32],
        }),
    };
    assert_eq!(answer(&connection, proof), AccountAnswer::WrongSecret);
}

#[test]
fn a_name_is_registered_once() {
    let (connection, _) = with_alice();
    for name in ["alice", "ROBOT"] {
        let (hashes, answer) = counted(|| answer(&connection, register(name, "x")));
        assert_eq!((hashes, answer), (0, AccountAnswer::Exists));
    }
    // Both were considered before either was written.
    let asks = [register("Bob", "his"), register("BOB", "another's")];
    let [first, second] = asks.map(|ask| consider(&connection, ask).expect("considered"));
    let apply = |considered| match considered {
        Considered::Write(write) => write.apply(&connection).expect("written"),
        Considered::Answer(answer)
        | Considered::Both(answer, _)
        | Considered::Answers(answer, _) => answer,
    };
    assert!(matches!(apply(first), AccountAnswer::Registered(_)));
    assert_eq!(apply(second), AccountAnswer::Exists);
    let answer = answer(&connection, login("bob", "his"));
    assert_eq!(answer, AccountAnswer::LoggedIn(record("Bob")));
}

#[test]
fn no_password_of_a_wrong_length_is_set() {
    let (connection, token) = with_alice();
    for wrong in ["", &"x".repeat(641), token.reveal()] {
        let set = AccountAsk::SetPassword {
            account: account("alice"),
            old: None,
            new: secret(wrong),
        };
        for ask in [register("Bob", wrong), set] {
            let line = consider(&connection, ask).expect_err("refused");
            assert!(wrong.is_empty() || !line.contains(wrong), "{line}");
        }
    }
}

#[test]
fn a_password_is_changed_by_who_knows_it() {
    let (connection, _) = with_alice();
    let set = |name: &str, old: Option<&str>, new: &str| {
        let ask = AccountAsk::SetPassword {
            account: account(name),
            old: old.map(secret),
            new: secret(new),
        };
        counted(|| answer(&connection, ask))
    };
    for name in ["alice", "robot", "nobody"] {
        let (hashes, answer) = set(name, Some("wrong"), "new");
        assert_eq!((hashes, answer), (1, AccountAnswer::WrongSecret));
    }
    let logged_in = |generation| {
        let known = record("Alice");
        AccountAnswer::LoggedIn(AccountRecord {
            generation,
            ..known
        })
    };
    assert_eq!(
        answer(&connection, login("alice", "wonderland")),
        logged_in(0)
    );
    assert_eq!(
        set("alice", Some("wonderland"), "new"),
        (2, AccountAnswer::PasswordSet)
    );
    assert_eq!(answer(&connection, login("alice", "new")), logged_in(1));
    let old = answer(&connection, login("alice", "wonderland"));
    assert_eq!(old, AccountAnswer::WrongSecret);
    assert_eq!(set("alice", None, "newer").1, AccountAnswer::PasswordSet);
    assert_eq!(answer(&connection, login("alice", "newer")), logged_in(2));
    for name in ["robot", "nobody"] {
        assert_eq!(set(name, None, "new").1, AccountAnswer::NoSuchAccount);
    }
}

/// The account may have become another between the check and the writing.
#[test]
fn what_was_checked_is_what_is_changed() {
    let (connection, _) = with_alice();
    let ask = AccountAsk::SetPassword {
        account: account("alice"),
        old: Some(secret("wonderland")),
        new: secret("new"),
    };
    let unregister = || AccountAsk::Unregister {
        account: account("alice"),
        password: Some(secret("wonderland")),
    };
    let considered = [ask, unregister()].map(|ask| consider(&connection, ask).expect("right"));
    assert!(matches!(
        answer(&connection, unregister()),
        AccountAnswer::Unregistered { .. }
    ));
    answer(&connection, register("Alice", "another's"));
    for considered in considered {
        let Considered::Write(write) = considered else {
            panic!("a change")
        };
        assert_eq!(write.apply(&connection), Ok(AccountAnswer::WrongSecret));
    }
    let logged_in = answer(&connection, login("alice", "another's"));
    assert!(matches!(logged_in, AccountAnswer::LoggedIn(next) if next.id == AccountId(3)));
}

#[test]
fn an_account_goes_with_its_bots() {
    let (connection, token) = with_alice();
    let unregister = |name: &str, password: Option<&str>| AccountAsk::Unregister {
        account: account(name),
        password: password.map(secret),
    };
    for name in ["alice", "robot", "nobody"] {
        let (hashes, answer) = counted(|| answer(&connection, unregister(name, Some("wrong"))));
        assert_eq!((hashes, answer), (1, AccountAnswer::WrongSecret));
    }
    let none = answer(&connection, unregister("nobody", None));
    assert_eq!(none, AccountAnswer::NoSuchAccount);
    let gone = answer(&connection, unregister("alice", Some("wonderland")));
    let (account, bots) = (account("alice"), vec![account("robot")]);
    assert_eq!(gone, AccountAnswer::Unregistered { account, bots });
    for (name, secret) in [("alice", "wonderland"), ("robot", token.reveal())] {
        let answer = answer(&connection, login(name, secret));
        assert_eq!(answer, AccountAnswer::WrongSecret);
    }
}

#[test]
fn tokens_are_made_listed_and_dropped() {
    let (connection, first) = with_alice();
    let new = |owner: &str, bot: &str| AccountAsk::NewToken {
        owner: account(owner),
        name: nick(bot),
    };
    let AccountAnswer::Token { bot, token, digest } = answer(&connection, new("alice", "robot"))
    else {
        panic!("a token")
    };
    assert_eq!((bot.nick, digest), (nick("Robot"), token_digest(&token)));
    assert!(token.is_token() && token != first);
    let old = answer(&connection, login("robot", first.reveal()));
    assert_eq!(old, AccountAnswer::WrongSecret);
    for (owner, bot, expected) in [
        ("alice", "Alice", AccountAnswer::Exists),
        ("nobody", "another", AccountAnswer::NoSuchAccount),
        ("robot", "another", AccountAnswer::NoSuchAccount),
    ] {
        assert_eq!(answer(&connection, new(owner, bot)), expected);
    }
    let tokens = || AccountAsk::Tokens {
        owner: account("alice"),
    };
    let listed = answer(&connection, tokens());
    assert_eq!(listed, AccountAnswer::Tokens(vec![nick("Robot")]));
    let drop = || AccountAsk::DropToken {
        owner: account("alice"),
        bot: account("robot"),
    };
    let bot = account("robot");
    let dropped = AccountAnswer::TokenDropped { bot };
    assert_eq!(answer(&connection, drop()), dropped);
    assert_eq!(answer(&connection, drop()), AccountAnswer::NoSuchAccount);
    assert_eq!(answer(&connection, tokens()), AccountAnswer::Tokens(vec![]));
    let gone = answer(&connection, login("robot", token.reveal()));
    assert_eq!(gone, AccountAnswer::WrongSecret);
}

/// A verifier, a database on disk, and what it hands to a writer that the test plays.
struct Stage {
    folder: PathBuf,
    jobs: Receiver<AccountJob>,
    answers: Receiver<(u64, AccountAnswer)>,
    verifier: Verifier,
}

impl Stage {
    fn new(name: &str, patience: Duration) -> Stage {
        Stage::with(name, patience, |job| job)
    }

    /// `begin` is what the writer does at once.
    fn with(
        name: &str,
        patience: Duration,
        begin: impl Fn(AccountJob) -> AccountJob + Send + 'static,
    ) -> Stage {
        let name = format!("hubbub-accounts-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("hubbub.db"), "").expect("written");
        schema::open(&folder.join("hubbub.db")).expect("a database");
        let (job_sender, jobs) = channel();
        let (sender, answers) = channel();
        let tell = move |ticket, answer| {
            // The test may have ended.
            let _ = sender.send((ticket, answer));
        };
        let write = move |job| {
            let _ = job_sender.send(begin(job));
        };
        let path = folder.join("hubbub.db");
        let verifier =
            Verifier::start_with(&path, write, tell, (patience, false)).expect("a thread");
        Stage {
            folder,
            jobs,
            answers,
            verifier,
        }
    }

    #[track_caller]
    fn submit(&self, ticket: u64, ask: AccountAsk) {
        self.verifier.submit(ticket, ask).expect("there is room");
    }

    #[track_caller]
    fn answer(&self) -> (u64, AccountAnswer) {
        self.answers.recv_timeout(DEADLINE).expect("an answer")
    }

    #[track_caller]
    fn job(&self) -> AccountJob {
        self.jobs.recv_timeout(DEADLINE).expect("a change")
    }

    fn write(&self, mut job: AccountJob) {
        let mut connection = Connection::open(self.folder.join("hubbub.db")).expect("a database");
        let transaction = connection.transaction().expect("a transaction");
        job.apply(&transaction).expect("written");
        transaction.commit().expect("committed");
        job.committed();
    }

    fn end(self) {
        drop(self.verifier);
        std::fs::remove_dir_all(self.folder).expect("removed");
    }
}
