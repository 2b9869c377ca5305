//! Many faults, one after the other, under clients that go to another server when they lose theirs; and a checker over
//! what they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::SOON;
use crate::client::Client;
use crate::machines::{Redis, Server, Stopped};
use crate::proxy::Proxy;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// How many faults there are, where `CLUSTER_FAULTS` does not say so.
const FAULTS: u64 = 100;

/// Somebody who speaks all the time, at one server or another.
struct Roamer {
    name: String,
    ports: Vec<u16>,
    at: usize,
    client: Option<Client>,
    count: u32,
    acknowledged: Vec<(u64, String)>,
    refused: Vec<String>,
    uncertain: usize,
    /// The longest time without an acknowledgement.
    longest: Duration,
}

impl Roamer {
    fn new(name: &str, ports: &[u16], at: usize) -> Roamer {
        Roamer {
            name: name.into(),
            ports: ports.to_vec(),
            at,
            client: None,
            count: 0,
            acknowledged: Vec::new(),
            refused: Vec::new(),
            uncertain: 0,
            longest: Duration::ZERO,
        }
    }

    /// Is in, at one of the servers. `false`: not now.
    fn come_in(&mut self) -> bool {
        if self.client.as_ref().is_some_and(|it| !it.has_ended) {
            return true;
        }
        self.client = None;
        let Ok(mut client) = Client::connect(self.ports[self.at]) else {
            self.at = (self.at + 1) % self.ports.len();
            return false;
        };
        client.send(&format!(r#"{{"type":"join","username":"{}"}}"#, self.name));
        let answer = client.find(r#""type":""#, Duration::from_secs(5));
        if answer.is_some_and(|it| it.contains("welcome")) {
            self.client = Some(client);
            return true;
        }
        self.at = (self.at + 1) % self.ports.len();
        false
    }

    fn talk(&mut self) {
        if !self.come_in() {
            return sleep(Duration::from_millis(100));
        }
        let Some(client) = &mut self.client else {
            return;
        };
        self.count += 1;
        let text = format!("{}-{}.", self.name, self.count);
        client.send(&format!(
            r#"{{"type":"chat","message":"{text}","id":"{text}"}}"#
        ));
        let answer = client.find(&format!(r#""id":"{text}""#), 2 * SOON);
        let answer: Option<Value> = answer.and_then(|it| serde_json::from_str(&it).ok());
        match answer {
            Some(answer) if answer["type"] == "ok" => {
                let id = answer["message_id"].as_u64().expect("a number");
                self.acknowledged.push((id, text));
            }
            Some(answer) if answer["code"] == "cluster_away" => self.refused.push(text),
            Some(_) => self.uncertain += 1,
            None => {
                self.uncertain += 1;
                self.client = None;
            }
        }
        sleep(Duration::from_millis(10));
    }

    fn roam(&mut self, is_over: &AtomicBool) {
        let mut last = Instant::now();
        let mut count = 0;
        while !is_over.load(Ordering::SeqCst) {
            self.talk();
            if self.acknowledged.len() > count {
                count = self.acknowledged.len();
                self.longest = self.longest.max(last.elapsed());
                last = Instant::now();
            }
        }
    }
}

/// Everything that was said, by number, as a server has it.
fn all_said(port: u16) -> BTreeMap<u64, String> {
    let mut client = Client::connect(port).expect("a connection");
    client.join_until(&format!("reader{port}"), 2 * SOON);
    let (mut all, mut before) = (BTreeMap::new(), String::new());
    loop {
        client.forget();
        client.send(&format!(r#"{{"type":"history","limit":200{before}}}"#));
        client.expect("history_end", SOON);
        let count = all.len();
        for line in client
            .lines
            .iter()
            .filter(|it| it.contains(r#""type":"history""#))
        {
            let told: Value = serde_json::from_str(line).expect("JSON");
            let id = told["id"].as_u64().expect("a number");
            all.insert(id, format!("{} {}", told["username"], told["message"]));
        }
        let Some((first, _)) = all.first_key_value().filter(|_| all.len() > count) else {
            return all;
        };
        before = format!(r#","before":{first}"#);
    }
}

/// Numbers that a seed leads to.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The machines, and what is done to them.
struct Machines {
    redis: Redis,
    proxies: Vec<Proxy>,
    servers: Vec<Option<Server>>,
}

impl Machines {
    fn fault(&mut self, chance: &mut Chance) -> &'static str {
        let at = chance.below(3) as usize;
        let time = Duration::from_millis(chance.below(9000));
        match chance.below(6) {
            0 | 1 => {
                let server = self.servers[at].take().expect("it runs");
                let stopped: Stopped = if chance.below(4) == 0 {
                    server.stop()
                } else {
                    server.kill()
                };
                sleep(time / 2);
                self.servers[at] = Some(stopped.start_again());
                "a server was killed"
            }
            2 => {
                self.redis.kill();
                sleep(time / 3);
                self.redis.start_again();
                "the engine was killed"
            }
            3 => {
                let server = self.servers[at].as_ref().expect("it runs");
                server.signal("STOP");
                sleep(time);
                server.signal("CONT");
                "a server stood still"
            }
            4 => {
                self.proxies[at].cut(true);
                sleep(time);
                self.proxies[at].cut(false);
                "a server was cut off"
            }
            _ => {
                let is_to = chance.below(2) == 0;
                self.proxies[at].cut_ways([is_to, !is_to]);
                sleep(time);
                self.proxies[at].cut(false);
                "a server was cut off in one direction"
            }
        }
    }
}

#[test]
#[ignore = "it takes 10 minutes: cargo test --test cluster a_hundred_faults -- --ignored --nocapture; CLUSTER_FAULTS and CLUSTER_SEED say how many and which"]
fn a_hundred_faults_lose_and_double_nothing_that_was_acknowledged() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|it| it.parse::<u64>().ok())
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = number("CLUSTER_SEED").unwrap_or(now.map_or(1, |it| it.as_millis() as u64));
    println!("CLUSTER_SEED={seed}");
    let mut chance = Chance(seed.max(1));
    let proxies: Vec<Proxy> = NAMES.iter().map(|_| Proxy::to(redis.port())).collect();
    let servers = NAMES.iter().zip(&proxies);
    let servers: Vec<Option<Server>> = servers
        .map(|(name, proxy)| Some(Server::start(name, proxy.port)))
        .collect();
    let ports: Vec<u16> = servers.iter().flatten().map(|it| it.port).collect();
    let is_over = Arc::new(AtomicBool::new(false));
    let roamers = ["one", "two", "three"]
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let (mut roamer, is_over) = (Roamer::new(name, &ports, at), Arc::clone(&is_over));
            thread::spawn(move || {
                roamer.roam(&is_over);
                roamer
            })
        });
    let roamers: Vec<_> = roamers.collect();
    let mut machines = Machines {
        redis,
        proxies,
        servers,
    };
    let mut faults: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..number("CLUSTER_FAULTS").unwrap_or(FAULTS) {
        *faults.entry(machines.fault(&mut chance)).or_default() += 1;
        sleep(Duration::from_millis(500 + chance.below(3000)));
    }
    sleep(SOON);
    is_over.store(true, Ordering::SeqCst);
    let roamers = roamers.into_iter().map(|it| it.join().expect("a roamer"));
    let roamers: Vec<Roamer> = roamers.collect();
    sleep(SOON);
    println!("{faults:?}");
    let kept: Vec<BTreeMap<u64, String>> = ports.iter().map(|&port| all_said(port)).collect();
    for roamer in &roamers {
        let (said, refused) = (roamer.acknowledged.len(), roamer.refused.len());
        println!(
            "{}: {said} acknowledged, {refused} refused, {} uncertain; the longest time without: {:?}",
            roamer.name, roamer.uncertain, roamer.longest
        );
        assert!(roamer.acknowledged.is_sorted(), "{:?}", roamer.acknowledged);
        for all in &kept {
            for (id, text) in &roamer.acknowledged {
                let expected = format!("\"{}\" \"{text}\"", roamer.name);
                assert_eq!(all.get(id), Some(&expected), "{id}");
            }
            let distinct: BTreeSet<&String> = all.values().collect();
            assert_eq!(distinct.len(), all.len(), "something was said twice");
            let is_told = |text: &String| {
                let expected = format!("\"{}\" \"{text}\"", roamer.name);
                distinct.contains(&expected)
            };
            assert!(!roamer.refused.iter().any(is_told), "{:?}", roamer.refused);
        }
    }
    assert!(
        kept.iter().all(|it| *it == kept[0]),
        "the servers do not have the same history"
    );
    println!("{} messages, the same at each", kept[0].len());
}
