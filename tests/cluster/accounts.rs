//! Accounts of a cluster: what is made or changed at one server holds at each.

use crate::SOON;
use crate::client::Client;
use crate::machines::{Redis, Server, wait_until};

/// Asks something, and returns the answer.
fn ask(client: &mut Client, id: &str, request: &str) -> String {
    client.send(&format!(
        "{},\"id\":\"{id}\"}}",
        request.trim_end_matches('}')
    ));
    client.expect(&format!(r#""id":"{id}""#), SOON)
}

fn join_as(server: &Server, name: &str, password: &str, is_multi: bool) -> (Client, String) {
    let mut client = server.connect();
    client.send(&format!(
        r#"{{"type":"join","username":"{name}","password":"{password}","multi":{is_multi}}}"#
    ));
    let answer = client.expect(r#""type":""#, SOON);
    (client, answer)
}

#[track_caller]
fn comes_in(server: &Server, name: &str, password: &str) -> Client {
    let (client, answer) = join_as(server, name, password, false);
    assert!(answer.contains("welcome"), "{answer}");
    client
}

#[track_caller]
fn is_refused(server: &Server, name: &str, password: &str) {
    let (_, answer) = join_as(server, name, password, false);
    assert!(answer.contains("wrong_login"), "{answer}");
}

#[test]
fn an_account_is_one_at_all_servers() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let [one, two] = ["a", "b"].map(|name| Server::start(name, redis.port()));
    let mut ann = one.join("ann");
    let answer = ask(&mut ann, "r", r#"{"type":"register","password":"first"}"#);
    assert!(!answer.contains("error"), "{answer}");
    // She comes in at the other server, which ends her connection here.
    is_refused(&two, "ann", "wrong");
    let mut there = comes_in(&two, "ann", "first");
    ann.expect_end(SOON);
    // Another password, of which the first server knows at once.
    let change = r#"{"type":"passwd","old":"first","password":"second"}"#;
    let answer = ask(&mut there, "p", change);
    assert!(!answer.contains("error"), "{answer}");
    is_refused(&one, "ann", "first");
    // Several connections at several servers are one user.
    let (mut beside, answer) = join_as(&one, "ann", "second", true);
    assert!(answer.contains("welcome"), "{answer}");
    let mut bob = one.join("bob");
    bob.send(r#"{"type":"pm","to":"ann","message":"to both"}"#);
    there.expect("to both", SOON);
    beside.expect("to both", SOON);
    drop((there, beside));
    // What was said to her while she was away is told once, wherever she comes in.
    let sent = || r#"{"type":"pm","to":"ann","message":"mailed"}"#;
    wait_until("news that she is away", || {
        ask(&mut bob, "m", sent()).contains("away")
    });
    let mut ann = comes_in(&two, "ann", "second");
    ann.expect("mailed", SOON);
    let mut ann = comes_in(&one, "ann", "second");
    ask(&mut ann, "w", r#"{"type":"whois","username":"bob"}"#);
    assert!(
        !ann.lines.iter().any(|line| line.contains("mailed")),
        "{:#?}",
        ann.lines
    );
    // Nobody else has the name, and what the database of a server that was killed has is whole.
    let two = two.kill().start_again();
    let mut ann = comes_in(&two, "ann", "second");
    let gone = r#"{"type":"unregister","password":"second"}"#;
    let answer = ask(&mut ann, "u", gone);
    assert!(!answer.contains("error"), "{answer}");
    drop(ann);
    is_refused(&one, "ann", "second");
    let mut other = one.connect();
    other.join_until("ann", SOON);
    let answer = ask(&mut other, "r", r#"{"type":"register","password":"third"}"#);
    assert!(!answer.contains("error"), "{answer}");
    drop(other);
    comes_in(&two, "ann", "third");
}

#[test]
fn a_server_that_comes_has_all_that_was_before_it() {
    let (Some(redis), Some(other)) = (Redis::start(), Redis::start()) else {
        return;
    };
    let one = Server::start("a", redis.port());
    let mut ann = one.join("ann");
    let answer = ask(&mut ann, "r", r#"{"type":"register","password":"first"}"#);
    assert!(!answer.contains("error"), "{answer}");
    ann.chat("before", SOON);
    let two = Server::start("b", redis.port());
    ann.chat("since", SOON);
    let mut there = comes_in(&two, "ann", "first");
    there.send(r#"{"type":"history"}"#);
    for text in ["before", "since"] {
        there.expect(text, SOON);
    }
    there.expect("history_end", SOON);
    let history = there.history();
    let count = |text: &str| history.iter().filter(|it| it.contains(text)).count();
    assert_eq!((count("before"), count("since")), (1, 1), "{history:?}");
    // What it has is that cluster's, and no other's.
    drop(there);
    let two = two.kill();
    let others = Server::start("c", other.port());
    let _member = others.join("x");
    let error = two.fails_at(other.port());
    assert!(error.contains("another cluster"), "{error}");
}
