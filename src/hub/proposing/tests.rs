mod accounts;

use proptest::prelude::*;

use super::*;
use crate::chat::Entry;
use crate::chat::Rules;
use crate::hub::oracle::requests::{Operation, operation};
use crate::log::gone_bytes;
use crate::model::{
    ConnId, EnterMode, Event, Found, HashSeed, Nick, NodeId, Peer, Request, RoomName, Secret,
    Settings,
};

/// Several servers and their log.
struct Servers {
    hubs: Vec<Hub>,
    log: Vec<(Batch, u64)>,
    /// How much of it each has read.
    read: Vec<usize>,
    now: Moment,
}

fn id(slot: u32) -> ConnId {
    let generation = 1;
    ConnId { slot, generation }
}

fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a nick")
}

fn say(text: &str) -> Request {
    let (room, text) = (None, text.into());
    Request::Say { room, text }
}

impl Servers {
    fn of(count: u16) -> Servers {
        let hub = |node| {
            let rules = Rules {
                hash_seed: HashSeed(u64::from(node), 7),
                oper_password: Some(Secret::new("secret")),
                presence_limit: 4,
                ..Rules::default()
            };
            let mut hub = Hub::new(rules, Settings::default());
            hub.mirror();
            hub.share(NodeId(node + 1), 1, 1000);
            hub
        };
        Servers {
            hubs: (0..count).map(hub).collect(),
            log: Vec::new(),
            read: vec![0; usize::from(count)],
            now: Moment::default(),
        }
    }

    fn ask(&mut self, node: usize, slot: u32, request: Request) {
        let hub = &mut self.hubs[node];
        hub.handle_request(id(slot), Peer::Unix(slot), request, None, self.now);
    }

    /// Has a server send what it proposes.
    fn send(&mut self, node: usize) {
        if let Some(batch) = self.hubs[node].take_proposals() {
            self.now.unix_ms += 1;
            self.log.push((batch, self.now.unix_ms));
        }
    }

    /// Has a server read up to so many batches.
    fn read(&mut self, node: usize, count: usize) {
        for _ in 0..count {
            let Some((batch, at_ms)) = self.log.get(self.read[node]) else {
                return;
            };
            self.read[node] += 1;
            let done = self.hubs[node].handle_batch(batch, *at_ms, self.now);
            assert_eq!(done, Ok(()));
        }
    }

    /// Has all read all, until nothing is on its way, and what each is told.
    fn settle(&mut self) -> Vec<Vec<Effect>> {
        loop {
            (0..self.hubs.len()).for_each(|node| self.send(node));
            let before = self.log.len();
            (0..self.hubs.len()).for_each(|node| self.read(node, usize::MAX));
            // What was read may have been answered with more.
            (0..self.hubs.len()).for_each(|node| self.send(node));
            if self.log.len() == before {
                break;
            }
        }
        let chat = self.hubs[0].chat.snapshot();
        for hub in &self.hubs {
            assert!(hub.proposed.is_empty() && hub.proposed.connections.is_empty());
            assert!(hub.chat.snapshot() == chat, "all have one chat");
            hub.check_mirror();
        }
        let effects = |hub: &mut Hub| std::iter::from_fn(|| hub.poll_effect()).collect();
        self.hubs.iter_mut().map(effects).collect()
    }

    fn join(&mut self, node: usize, slot: u32, name: &str) -> Vec<Vec<Effect>> {
        self.ask(node, slot, Request::join(nick(name), true));
        self.settle()
    }
}

/// The events of a connection's own answers.
fn answers(effects: &[Effect], slot: u32) -> Vec<&Event> {
    let own = effects.iter().filter_map(|effect| match effect {
        Effect::Answer { to, event, .. } | Effect::Tell { to, event } if *to == id(slot) => {
            Some(event)
        }
        _ => None,
    });
    own.collect()
}

fn broadcast(effects: &[Effect]) -> Vec<&Event> {
    let all = effects.iter().filter_map(|effect| match effect {
        Effect::Broadcast { event, .. } => Some(event),
        _ => None,
    });
    all.collect()
}

#[test]
fn a_name_is_one_users_at_all_servers() {
    let mut cluster = Servers::of(3);
    for node in 0..3 {
        cluster.ask(node, 1, Request::join(nick("alice"), false));
    }
    let told = cluster.settle();
    let welcomed = told
        .iter()
        .filter(|told| matches!(answers(told, 1)[..], [Event::Welcome { .. }]));
    assert_eq!(welcomed.count(), 1);
    let refused = told
        .iter()
        .filter(|told| matches!(answers(told, 1)[..], [Event::Error(ErrorCode::NickTaken)]));
    assert_eq!(refused.count(), 2);
    assert!(cluster.hubs.iter().all(|hub| hub.online() == 1));
}

#[test]
fn who_is_at_another_server_is_seen_and_heard() {
    let mut cluster = Servers::of(2);
    cluster.join(0, 1, "alice");
    let told = cluster.join(1, 1, "bob");
    assert!(matches!(broadcast(&told[0])[..], [Event::Joined { .. }]));
    let [Event::Welcome { users, .. }] = answers(&told[1], 1)[..] else {
        panic!("{told:?}");
    };
    assert_eq!(users.nicks, [nick("alice"), nick("bob")]);
    cluster.ask(1, 1, say("hi"));
    let told = cluster.settle();
    assert!(matches!(broadcast(&told[0])[..], [Event::Said { .. }]));
    let text = "psst".into();
    let to = "bob".into();
    cluster.ask(0, 1, Request::Private { to, text });
    let told = cluster.settle();
    assert!(matches!(
        answers(&told[0], 1)[..],
        [Event::PrivateSent { .. }]
    ));
    assert!(matches!(answers(&told[1], 1)[..], [Event::Private { .. }]));
    let room = RoomName::parse("rust").expect("a room name");
    for node in 0..2 {
        let (entry, key) = (EnterMode::Focus, None);
        let room = room.clone();
        let (resume, replay) = (None, None);
        let enter = Request::Enter {
            room,
            entry,
            key,
            resume,
            replay,
        };
        cluster.ask(node, 1, enter);
    }
    let told = cluster.settle();
    assert!(matches!(
        broadcast(&told[0])[..],
        [.., Event::RoomJoined { .. }]
    ));
    cluster.ask(
        1,
        1,
        Request::Nick {
            nick: nick("carol"),
        },
    );
    let told = cluster.settle();
    assert!(matches!(broadcast(&told[0])[..], [Event::Renamed { .. }]));
    cluster.hubs[1].handle_leave(id(1), cluster.now);
    let told = cluster.settle();
    assert!(matches!(broadcast(&told[0])[..], [Event::Left { .. }]));
    assert_eq!(cluster.hubs[1].online(), 1);
}

#[test]
fn what_follows_a_change_waits_for_it_and_what_is_said_does_not() {
    let mut cluster = Servers::of(2);
    cluster.join(0, 1, "alice");
    cluster.ask(0, 1, Request::Nick { nick: nick("bob") });
    let hub = &mut cluster.hubs[0];
    assert!(matches!(hub.poll_effect(), Some(Effect::Hold { who }) if who == id(1)));
    assert!(hub.owes(id(1)) && hub.awaits_entries(id(1)));
    let told = cluster.settle();
    assert!(matches!(told[0].last(), Some(Effect::Release { who }) if *who == id(1)));
    assert!(!cluster.hubs[0].owes(id(1)));
    for text in ["one", "two"] {
        cluster.ask(0, 1, say(text));
    }
    assert!(cluster.hubs[0].poll_effect().is_none());
    let told = cluster.settle();
    let answers = answers(&told[0], 1);
    assert!(matches!(
        answers[..],
        [Event::Said { .. }, Event::Said { .. }]
    ));
}

#[test]
fn who_is_gone_before_it_has_come_in_is_nobody() {
    let mut cluster = Servers::of(2);
    cluster.ask(0, 1, Request::join(nick("alice"), false));
    cluster.hubs[0].handle_leave(id(1), cluster.now);
    cluster.settle();
    assert_eq!(cluster.hubs[1].online(), 0);
}

#[test]
fn the_users_of_a_server_that_is_gone_leave() {
    let mut cluster = Servers::of(3);
    for node in 0..3 {
        cluster.join(node, 1, &format!("n{node}"));
    }
    let node = NodeId(3);
    cluster.hubs[0].propose(None, Entry::NodeGone { node }, cluster.now);
    let told = cluster.settle();
    assert!(matches!(broadcast(&told[0])[..], [Event::Left { .. }]));
    assert!(cluster.hubs[..2].iter().all(|hub| hub.online() == 2));
    // It reads on, and comes back.
    let gone = gone_bytes(node);
    let batch = Batch {
        node,
        generation: 3,
        first: 0,
        count: 1,
        bytes: gone,
    };
    cluster.ask(1, 1, say("hi"));
    cluster.log.push((batch, 1));
    let told = cluster.settle();
    assert!(cluster.hubs.iter().all(|hub| hub.online() == 3));
    assert!(answers(&told[2], 1).is_empty());
    cluster.ask(2, 1, say("here again"));
    let told = cluster.settle();
    assert!(matches!(answers(&told[2], 1)[..], [Event::Said { .. }]));
}

#[test]
fn who_waits_for_too_long_is_told_what_is_known() {
    let mut cluster = Servers::of(2);
    cluster.join(0, 1, "alice");
    cluster.ask(0, 1, say("one"));
    cluster.ask(0, 1, say("two"));
    assert_eq!(cluster.hubs[0].overdue(cluster.now), None);
    cluster.now.uptime_ms += 1000;
    let hub = &mut cluster.hubs[0];
    let through = hub.overdue(cluster.now).expect("it waits");
    // The first of them may be on its way.
    let first = hub.proposed.queue[0].number;
    hub.handle_overdue(through, first, cluster.now);
    let told: Vec<_> = std::iter::from_fn(|| hub.poll_effect()).collect();
    let [Event::Error(one), Event::Error(two)] = answers(&told, 1)[..] else {
        panic!("{told:?}");
    };
    assert_eq!((one, two), (&ErrorCode::Uncertain, &ErrorCode::ClusterAway));
    assert!(!hub.awaits_entries(id(1)) && hub.overdue(cluster.now).is_none());
}

proptest! {
    /// Whatever is asked at whichever of them, and however late each hears of it.
    #[test]
    fn all_have_one_chat(steps in prop::collection::vec(any::<[u8; 5]>(), 0..300)) {
        let mut cluster = Servers::of(3);
        for [node, slot, what, which, lag] in steps {
            let node = usize::from(node) % 3;
            let slot = u32::from(slot) % 6;
            let who = id(slot);
            let hub = &mut cluster.hubs[node];
            match operation(what, usize::from(which)) {
                Operation::Ask(request) if !hub.awaits_entries(who) => {
                    hub.handle_request(who, Peer::Unix(slot), request, None, cluster.now);
                }
                Operation::Leave => hub.handle_leave(who, cluster.now),
                Operation::Answer | Operation::Ask(_) => hub.handle_timeout(cluster.now),
            }
            while let Some(effect) = cluster.hubs[node].poll_effect() {
                if let Effect::Ask { ticket, .. } = effect {
                    cluster.hubs[node].handle_found(ticket, Found::Failed, cluster.now);
                }
            }
            cluster.now.uptime_ms += u64::from(lag);
            cluster.send(usize::from(lag) % 3);
            cluster.read(usize::from(lag) / 3 % 3, usize::from(lag) / 16);
        }
        cluster.settle();
    }
}
