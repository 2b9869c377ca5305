//! What goes wrong, and what holds then.

use std::time::{Duration, Instant};

use crate::SOON;
use crate::client::Client;
use crate::machines::{Redis, Server};
use crate::proxy::Proxy;

/// How long it may take until a server is declared gone.
pub(crate) const GONE: Duration = Duration::from_secs(13);

/// Says one thing after the other, and remembers what was acknowledged, and what was not said.
pub(crate) struct Talker {
    pub(crate) client: Client,
    name: &'static str,
    count: u32,
    pub(crate) acknowledged: Vec<String>,
    pub(crate) refused: Vec<String>,
}

impl Talker {
    pub(crate) fn new(server: &Server, name: &'static str) -> Talker {
        Talker {
            client: server.join(name),
            name,
            count: 0,
            acknowledged: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Says something and waits for what comes of it.
    pub(crate) fn talk(&mut self) {
        self.count += 1;
        let text = format!("{}-{}.", self.name, self.count);
        self.client.send(&format!(
            r#"{{"type":"chat","message":"{text}","id":"{text}"}}"#
        ));
        let wait = 2 * SOON;
        let Some(answer) = self.client.find(&format!(r#""id":"{text}""#), wait) else {
            panic!("no answer to {text}: {:#?}", self.client.lines);
        };
        if answer.contains("message_id") {
            self.acknowledged.push(text);
        } else if answer.contains("cluster_away") {
            self.refused.push(text);
        } else {
            assert!(answer.contains("uncertain"), "{answer}");
        }
    }
}

/// All that was acknowledged was told to who listened all the time, once; nothing that was refused was; all have one order.
pub(crate) fn check(talkers: &mut [Talker], listener: &mut Client) {
    for talker in talkers.iter_mut() {
        if let Some(last) = talker.acknowledged.last() {
            let last = last.clone();
            if !listener.lines.iter().any(|line| line.contains(&last)) {
                listener.expect(&last, SOON);
            }
        }
    }
    let said = listener.said();
    for talker in talkers {
        for text in &talker.acknowledged {
            let count = said.iter().filter(|it| it.contains(text)).count();
            assert_eq!(count, 1, "{text} in {said:#?}");
        }
        for text in &talker.refused {
            assert!(!said.iter().any(|it| it.contains(text)), "{text}");
        }
        let own = talker.client.said();
        let mut all = said.iter();
        let is_in_order = own.iter().all(|it| all.any(|other| other == it));
        assert!(is_in_order, "{own:#?} is not of {said:#?}");
    }
}

/// One who listens at the first of two servers, and one who speaks at each.
pub(crate) fn crowd_at([one, two]: &[Server; 2]) -> (Client, [Talker; 2]) {
    let listener = one.join("ear");
    (listener, [Talker::new(one, "one"), Talker::new(two, "two")])
}

/// Each says so much.
pub(crate) fn talk_on(talkers: &mut [Talker], times: usize) {
    for _ in 0..times {
        talkers.iter_mut().for_each(Talker::talk);
    }
}

#[test]
fn a_server_that_is_killed_leaves_with_its_users_and_what_was_said_stays() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let servers = ["a", "b"].map(|name| Server::start(name, redis.port()));
    let (mut listener, mut talkers) = crowd_at(&servers);
    talk_on(&mut talkers, 20);
    check(&mut talkers, &mut listener);
    let [a, b] = servers;
    let begun = Instant::now();
    let b = b.kill();
    let left = listener.find(r#""user_left""#, GONE);
    assert!(
        left.is_some_and(|line| line.contains("two")),
        "{:?}",
        listener.lines
    );
    println!("its users had left after {:?}", begun.elapsed());
    // The name is free, and what was said is there when the server is back.
    let mut again = a.connect();
    again.join_until("two", SOON);
    let b = b.start_again();
    let mut late = b.join("late");
    late.send(r#"{"type":"history","limit":50}"#);
    late.expect("history_end", SOON);
    let history = late.history();
    for text in talkers.iter().flat_map(|talker| &talker.acknowledged) {
        assert!(
            history.iter().any(|it| it.contains(text)),
            "{text} in {history:#?}"
        );
    }
    talkers[0].talk();
    late.expect(talkers[0].acknowledged.last().expect("it is said"), SOON);
}

#[test]
fn a_redis_that_is_killed_and_comes_back_loses_and_doubles_nothing() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let servers = ["a", "b"].map(|name| Server::start(name, redis.port()));
    let (mut listener, mut talkers) = crowd_at(&servers);
    for round in 0..3 {
        talk_on(&mut talkers, 20);
        redis.kill();
        if round == 1 {
            // For longer than anybody waits.
            talkers.iter_mut().for_each(Talker::talk);
        }
        redis.start_again();
        talkers.iter_mut().for_each(Talker::talk);
    }
    talk_on(&mut talkers, 20);
    assert!(talkers.iter().all(|talker| talker.acknowledged.len() >= 80));
    check(&mut talkers, &mut listener);
}

#[test]
fn what_a_redis_has_lost_is_given_back_by_who_has_it() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let servers = ["a", "b"].map(|name| Server::start(name, redis.port()));
    let (mut listener, mut talkers) = crowd_at(&servers);
    talk_on(&mut talkers, 20);
    redis.kill();
    redis.start_empty();
    talk_on(&mut talkers, 20);
    assert!(talkers.iter().all(|talker| talker.acknowledged.len() >= 39));
    check(&mut talkers, &mut listener);
    // Nobody was gone, no id is given twice, and a server that comes has it all.
    let left = listener.lines.iter();
    let left: Vec<_> = left.filter(|line| line.contains("user_left")).collect();
    assert!(left.is_empty(), "{left:#?}");
    let ids = listener.said();
    let id = |said: &String| said.split(' ').next().and_then(|id| id.parse::<u64>().ok());
    let ids: Vec<u64> = ids.iter().filter_map(id).collect();
    assert!(ids.is_sorted_by(|one, next| one < next));
    assert!(ids[ids.len() - 1] - ids[0] >= 1 << 20);
    let third = Server::start("c", redis.port());
    let mut other = third.connect();
    other.send(r#"{"type":"join","username":"two"}"#);
    other.expect("nick_taken", SOON);
    let mut other = third.join("three");
    talkers[0].talk();
    other.expect(talkers[0].acknowledged.last().expect("it is said"), SOON);
}

#[test]
fn a_server_that_is_cut_off_is_gone_and_comes_back_by_itself() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let proxy = Proxy::to(redis.port());
    let a = Server::start("a", redis.port());
    let b = Server::start("b", proxy.port);
    let mut listener = a.join("ear");
    let mut far = Talker::new(&b, "far");
    far.client.send(r#"{"type":"join_room","room":"rust"}"#);
    far.client.expect("room_joined", SOON);
    let mut taken = Talker::new(&b, "taken");
    [&mut far, &mut taken].into_iter().for_each(Talker::talk);
    proxy.cut(true);
    let begun = Instant::now();
    for _ in 0..2 {
        assert!(
            listener.find(r#""user_left""#, GONE).is_some(),
            "{:?}",
            listener.lines
        );
    }
    println!("its users had left after {:?}", begun.elapsed());
    // Nobody talks on alone, and one name is not two people's.
    far.talk();
    assert_eq!(far.acknowledged.len(), 1);
    let mut other = a.connect();
    other.join_until("taken", SOON);
    proxy.cut(false);
    let back = listener.expect(r#""user_joined""#, SOON);
    assert!(back.contains("taken"), "{back}");
    let back = listener.expect(r#""user_joined""#, GONE);
    assert!(back.contains("far"), "{back}");
    taken.client.expect_end(SOON);
    far.talk();
    assert_eq!(far.acknowledged.len(), 2);
    check(&mut [far], &mut listener);
    other.chat("mine", SOON);
}
