//! Asks of the thread itself, which are answered by ticket.

use super::*;

#[test]
fn asks_are_answered_by_ticket_once_they_are_on_disk() {
    let stage = Stage::new("answers", DEADLINE);
    stage.submit(1, register("Alice", "wonderland"));
    let job = stage.job();
    // While that is on its way, others are answered.
    stage.submit(2, login("alice", "wonderland"));
    assert_eq!(stage.answer(), (2, AccountAnswer::WrongSecret));
    stage.write(job);
    let registered = AccountAnswer::Registered(record("Alice"));
    assert_eq!(stage.answer(), (1, registered));
    stage.submit(3, login("alice", "wonderland"));
    let logged_in = AccountAnswer::LoggedIn(record("Alice"));
    assert_eq!(stage.answer(), (3, logged_in));
    stage.submit(4, register("Bob", "his"));
    drop(stage.job());
    assert_eq!(stage.answer(), (4, AccountAnswer::Failed));
    stage.end();
}

#[test]
fn what_the_writer_does_not_come_to_is_given_up() {
    let stage = Stage::new("given-up", Duration::ZERO);
    stage.submit(1, register("Alice", "wonderland"));
    let job = stage.job();
    assert_eq!(stage.answer(), (1, AccountAnswer::Failed));
    stage.write(job);
    stage.submit(2, login("alice", "wonderland"));
    assert_eq!(
        stage.answer(),
        (2, AccountAnswer::WrongSecret),
        "no account"
    );
    stage.end();
}

#[test]
fn what_the_writer_has_begun_with_is_answered_late() {
    let database = database();
    let begin = move |mut job: AccountJob| {
        job.apply(&database).expect("written");
        job
    };
    let stage = Stage::with("late", Duration::ZERO, begin);
    stage.submit(1, register("Alice", "wonderland"));
    assert_eq!(stage.answer(), (1, AccountAnswer::Delayed));
    stage.job().committed();
    let registered = AccountAnswer::Registered(record("Alice"));
    assert_eq!(stage.answer(), (1, registered));
    stage.end();
}

#[test]
fn more_asks_than_may_wait_are_refused() {
    let stage = Stage::new("busy", DEADLINE);
    // The thread is held within an answer, so nothing leaves the queue.
    let (held, holding) = sync_channel::<()>(0);
    let (sender, answers) = channel();
    let tell = move |ticket, answer| {
        if ticket == 0 {
            let _ = holding.recv_timeout(DEADLINE);
        }
        let _ = sender.send((ticket, answer));
    };
    let path = stage.folder.join("hubbub.db");
    let verifier = Verifier::start(&path, drop, tell, false).expect("a thread");
    let last = ACCOUNT_ASKS_MAX as u64;
    for ticket in 0..=last {
        let asked = verifier.submit(
            ticket,
            AccountAsk::Tokens {
                owner: account("alice"),
            },
        );
        assert_eq!(asked, if ticket < last { Ok(()) } else { Err(Full) });
    }
    held.send(()).expect("it is held");
    for ticket in 0..last {
        let answer = answers.recv_timeout(DEADLINE).expect("an answer");
        assert_eq!(answer, (ticket, AccountAnswer::Tokens(vec![])));
    }
    drop(verifier);
    stage.end();
}

#[test]
fn more_changes_than_may_wait_for_the_disk_are_told_so_and_logins_go_on() {
    let stage = Stage::new("changes", DEADLINE);
    let drop_token = || AccountAsk::DropToken {
        owner: account("alice"),
        bot: account("robot"),
    };
    let last = ACCOUNT_WRITES_MAX as u64;
    let mut jobs = Vec::new();
    for ticket in 0..last {
        stage.submit(ticket, drop_token());
        jobs.push(stage.job());
    }
    stage.submit(last, drop_token());
    assert_eq!(stage.answer(), (last, AccountAnswer::Busy));
    stage.submit(last + 1, login("alice", "x"));
    assert_eq!(stage.answer(), (last + 1, AccountAnswer::WrongSecret));
    drop(jobs);
    for _ in 0..last {
        assert_eq!(stage.answer().1, AccountAnswer::Failed);
    }
    stage.submit(last + 2, drop_token());
    stage.write(stage.job());
    assert_eq!(stage.answer(), (last + 2, AccountAnswer::NoSuchAccount));
    stage.end();
}

#[test]
fn without_a_database_asks_fail() {
    let stage = Stage::new("gone", DEADLINE);
    std::fs::remove_file(stage.folder.join("hubbub.db")).expect("removed");
    stage.submit(1, login("alice", "x"));
    assert_eq!(stage.answer(), (1, AccountAnswer::Failed));
    stage.end();
}

#[test]
fn no_secret_is_in_the_database_nor_in_a_debug_print() {
    let stage = Stage::new("secrets", DEADLINE);
    let mut shown = format!("{:?}", register("Alice", "wonderland"));
    stage.submit(1, register("Alice", "wonderland"));
    stage.write(stage.job());
    shown += &format!("{:?}", stage.answer());
    let ask = AccountAsk::NewToken {
        owner: account("alice"),
        name: nick("robot"),
    };
    stage.submit(2, ask);
    stage.write(stage.job());
    let (_, answer) = stage.answer();
    shown += &format!("{answer:?}");
    let AccountAnswer::Token { token, .. } = answer else {
        panic!("{answer:?}")
    };
    let mut bytes = shown.into_bytes();
    for entry in std::fs::read_dir(&stage.folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        bytes.extend(std::fs::read(path).expect("a file"));
    }
    let has = |part: &str| bytes.windows(part.len()).any(|it| it == part.as_bytes());
    assert!(has("Alice") && has("argon2id") && has("robot"));
    assert!(!has("wonderland") && !has(&token.reveal()[4..]));
    stage.end();
}
