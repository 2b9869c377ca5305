//! Accounts of a cluster.

use super::*;
use crate::model::{
    AccountAnswer, AccountAsk, AccountChange, AccountRecord, Done, Durability, Hashed, Login,
    Record,
};

fn servers() -> Servers {
    let mut cluster = Servers::of(2);
    for hub in &mut cluster.hubs {
        hub.chat.rules_mut().durability = Some(Durability::Soon);
        hub.mirror();
    }
    cluster
}

fn hash() -> Hashed {
    let phc = Secret::new("phc");
    Hashed { phc, scram: None }
}

impl Servers {
    /// Asks something of the accounts. Returns the question.
    fn ask_account(&mut self, node: usize, slot: u32, request: Request) -> (u64, AccountAsk) {
        self.ask(node, slot, request);
        asked(&mut self.hubs[node])
    }

    /// What was asked is prepared, and taken by the cluster. Returns what all are told.
    fn change(&mut self, node: usize, ticket: u64, change: AccountChange) -> Vec<Vec<Effect>> {
        let (change, token) = (Box::new(change), None);
        let answer = AccountAnswer::Prepared { change, token };
        self.hubs[node].handle_account(ticket, answer, self.now);
        self.settle()
    }
}

fn asked(hub: &mut Hub) -> (u64, AccountAsk) {
    let asked = std::iter::from_fn(|| hub.poll_effect()).find_map(ask_of);
    asked.expect("a question")
}

fn ask_of(effect: Effect) -> Option<(u64, AccountAsk)> {
    match effect {
        Effect::AskAccount { ticket, ask, .. } => Some((ticket, ask)),
        _ => None,
    }
}

fn kept(effects: &[Effect]) -> usize {
    let is_account = |it: &&Effect| matches!(it, Effect::Keep(Record::Account { .. }));
    effects.iter().filter(is_account).count()
}

/// Alice registers at the first server.
fn registered(cluster: &mut Servers) -> AccountRecord {
    cluster.join(0, 1, "alice");
    let (password, code) = (Secret::new("right"), None);
    let (ticket, _) = cluster.ask_account(0, 1, Request::Register { password, code });
    let (nick, hash, code) = (nick("alice"), hash(), None);
    let mut told = cluster.change(0, ticket, AccountChange::Register { nick, hash, code });
    assert!(told.iter().all(|told| kept(told) == 1), "{told:?}");
    let (ticket, ask) = told.remove(0).into_iter().find_map(ask_of).expect("asked");
    let AccountAsk::Kept(answer) = ask else {
        panic!("{ask:?}");
    };
    let AccountAnswer::Registered(record) = (*answer).clone() else {
        panic!("{answer:?}");
    };
    cluster.hubs[0].handle_account(ticket, *answer, cluster.now);
    let told = cluster.settle();
    let done = matches!(
        answers(&told[0], 1)[..],
        [Event::Done {
            what: Some(Done::Registered {
                is_logged_in: true,
                ..
            }),
        }]
    );
    assert!(done, "{told:?}");
    record
}

#[test]
fn an_account_is_made_at_all_servers_and_told_when_it_is_on_disk() {
    let mut cluster = servers();
    let record = registered(&mut cluster);
    let known = |hub: &Hub| {
        hub.chat
            .directory()
            .get(record.id)
            .map(|it| it.record.clone())
    };
    assert!(
        cluster
            .hubs
            .iter()
            .all(|hub| known(hub) == Some(record.clone()))
    );
    // Its name is nobody else's.
    let (nick, hash, code) = (nick("Alice"), hash(), None);
    let change = Box::new(AccountChange::Register { nick, hash, code });
    cluster.hubs[1].propose(None, Entry::Account { change, by: None }, cluster.now);
    let told = cluster.settle();
    assert!(told.iter().all(|told| kept(told) == 0), "{told:?}");
    assert_eq!(cluster.hubs[1].chat.directory().len(), 1);
}

#[test]
fn a_password_that_is_another_by_now_is_void() {
    let mut cluster = servers();
    let record = registered(&mut cluster);
    let join = Request::Join {
        nick: nick("alice"),
        login: Some(Login {
            secret: Secret::new("right"),
            is_multi: true,
        }),
        wants_users: false,
        replay: None,
        resume: Vec::new(),
    };
    // The old one is right in the other server's database, which has not heard of the new one yet.
    let (login, _) = cluster.ask_account(1, 2, join.clone());
    let (old, new) = (None, Secret::new("new"));
    let (ticket, _) = cluster.ask_account(0, 1, Request::Passwd { old, new });
    let change = AccountChange::SetPassword {
        account: record.id,
        seen: None,
        hash: hash(),
    };
    cluster.change(0, ticket, change);
    cluster.hubs[1].handle_account(login, AccountAnswer::LoggedIn(record.clone()), cluster.now);
    let told = cluster.settle();
    let refused = matches!(
        answers(&told[1], 2)[..],
        [Event::Error(ErrorCode::WrongLogin)]
    );
    assert!(refused, "{told:?}");
    // With the new one it is one user at both.
    let (login, _) = cluster.ask_account(1, 2, join);
    let generation = record.generation + 1;
    let known = AccountRecord {
        generation,
        ..record
    };
    cluster.hubs[1].handle_account(login, AccountAnswer::LoggedIn(known), cluster.now);
    let told = cluster.settle();
    assert!(
        matches!(answers(&told[1], 2)[..], [Event::Welcome { .. }, ..]),
        "{told:?}"
    );
    assert!(cluster.hubs.iter().all(|hub| hub.online() == 1));
}
