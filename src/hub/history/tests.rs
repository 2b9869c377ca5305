//! Whatever the timing of talk, entering, leaving, the disk and its answers: each reader is told each
//! message of a room once, in the order of ids, from where it began.

mod cases;

use crate::model::{Moment, Record};
use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::super::{Audience, Effect, Rules};
use super::*;
use crate::limits::FOUND_BYTES_MAX;
use crate::model::{
    Durability, EnterMode, ErrorCode, Event, Found, Kept, KeptScrollback, Nick, Part, Peer, Query,
    Range, Request, RequestId, RoomName, Settings, Target, Window,
};

const READERS: u32 = 4;
/// The one that speaks; its own copies count as well.
const SPEAKERS: u32 = 6;

/// What happens to a server.
#[derive(Debug, Clone)]
enum Step {
    /// A connection joins, with what it has seen of the room before if it `resumes`.
    Join {
        at: u32,
        resumes: bool,
    },
    Leave {
        at: u32,
    },
    /// Somebody says as many lines.
    Say {
        at: u32,
        count: usize,
    },
    /// As many of the messages that wait for the disk get there, and the hub is told of as many
    /// commits that it was not told of yet.
    Commit {
        count: usize,
        told: usize,
    },
    /// The reader thread looks as many questions up, and the hub is told as many answers.
    Answer {
        looked_up: usize,
        told: usize,
    },
}

/// A disk that is as slow as the steps have it.
#[derive(Default)]
struct Disk {
    queued: VecDeque<Arc<Message>>,
    kept: Vec<Arc<Message>>,
    /// Commits that the hub was not told of.
    commits: VecDeque<MessageId>,
    asked: VecDeque<(u64, Query)>,
    answers: VecDeque<(u64, Found)>,
}

impl Disk {
    fn look_up(&mut self) {
        let Some((ticket, Query::History { window, .. })) = self.asked.pop_front() else {
            return;
        };
        let mut messages: Vec<_> = self
            .kept
            .iter()
            .filter(|m| window.has(m))
            .cloned()
            .collect();
        let has_more = window.cut(&mut messages);
        let through = self.kept.last().map_or(MessageId(0), |message| message.id);
        let found = Found::Messages {
            messages,
            through,
            has_more,
        };
        self.answers.push_back((ticket, found));
    }
}

#[derive(Default)]
struct Reader {
    /// What it was told in this session, in that order.
    told: Vec<MessageId>,
    is_in: bool,
    /// Its connection is another each time.
    generation: u32,
    /// The last it had before, if it said so.
    resumed: Option<MessageId>,
    /// The last message of all when it came.
    came_at: MessageId,
}

struct World {
    hub: Hub,
    disk: Disk,
    readers: BTreeMap<u32, Reader>,
    /// Everything that was said.
    said: Vec<MessageId>,
    replay: usize,
}

fn id(slot: u32) -> ConnId {
    ConnId {
        slot,
        generation: 1,
    }
}

impl World {
    fn new(durability: Option<Durability>, replay: usize) -> World {
        let rules = Rules {
            durability,
            replay,
            ..Rules::default()
        };
        World {
            hub: Hub::new(rules, Settings::default()),
            disk: Disk::default(),
            readers: BTreeMap::new(),
            said: Vec::new(),
            replay,
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Join { at, resumes } => self.join(at, resumes),
            Step::Leave { at } => {
                self.hub
                    .handle_leave(self.connection(at), Moment::default());
                if let Some(reader) = self.readers.get_mut(&at) {
                    reader.is_in = false;
                }
                self.carry_out();
            }
            Step::Say { at, count } => {
                for _ in 0..count {
                    let text = "hi".into();
                    self.ask(at, Request::Say { room: None, text });
                }
            }
            Step::Commit { count, told } => {
                let count = count.min(self.disk.queued.len());
                self.disk.kept.extend(self.disk.queued.drain(..count));
                if let (true, Some(last)) = (count > 0, self.disk.kept.last()) {
                    self.disk.commits.push_back(last.id);
                }
                for _ in 0..told {
                    if let Some(through) = self.disk.commits.pop_front() {
                        self.hub.handle_kept(through, usize::MAX);
                        self.carry_out();
                    }
                }
            }
            Step::Answer { looked_up, told } => {
                (0..looked_up).for_each(|_| self.disk.look_up());
                for _ in 0..told {
                    if let Some((ticket, found)) = self.disk.answers.pop_front() {
                        self.hub.handle_found(ticket, found, Moment::default());
                        self.carry_out();
                    }
                }
            }
        }
    }

    fn join(&mut self, at: u32, resumes: bool) {
        if self.readers.get(&at).is_some_and(|reader| reader.is_in) {
            return;
        }
        let before = self.readers.remove(&at).unwrap_or_default();
        let last_seen = before.told.last().copied().or(before.resumed);
        let resumed = last_seen.filter(|_| resumes);
        let reader = Reader {
            is_in: true,
            generation: before.generation + 1,
            resumed,
            came_at: self.hub.chat.last_id(),
            ..Reader::default()
        };
        self.readers.insert(at, reader);
        let resume = resumed.map(|id| (RoomName::lobby(), id));
        let nick = Nick::parse(&format!("n{at}")).expect("a nick");
        let request = Request::Join {
            nick,
            wants_users: false,
            login: None,
            resume: resume.into_iter().collect(),
            replay: None,
        };
        self.ask(at, request);
    }

    fn ask(&mut self, at: u32, request: Request) {
        let peer = Peer::Unix(at);
        self.hub
            .handle_request(self.connection(at), peer, request, None, Moment::default());
        self.carry_out();
    }

    fn connection(&self, slot: u32) -> ConnId {
        let reader = self.readers.get(&slot);
        let generation = reader.map_or(0, |reader| reader.generation);
        ConnId { slot, generation }
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.hub.poll_effect() {
            match effect {
                Effect::Keep(Record::Said { message, .. }) => {
                    self.said.push(message.id);
                    self.disk.queued.push_back(message);
                }
                Effect::Ask { ticket, query, .. } => self.disk.asked.push_back((ticket, query)),
                Effect::Answer { to, event, .. } | Effect::Tell { to, event } => {
                    self.tell(to, &event);
                }
                Effect::Broadcast {
                    audience:
                        Audience::Room {
                            readers,
                            except,
                            ignorers,
                            ..
                        },
                    event,
                } => {
                    for reader in readers.iter() {
                        if Some(reader.id) != except && !ignorers.contains(&reader.id) {
                            self.tell(reader.id, &event);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn tell(&mut self, to: ConnId, event: &Event) {
        let reader = self.readers.get_mut(&to.slot);
        let Some(reader) = reader.filter(|reader| reader.generation == to.generation) else {
            return;
        };
        match event {
            Event::Said { message, .. } => reader.told.push(message.id),
            Event::History {
                messages,
                part,
                target,
            } => {
                assert_eq!(*target, Target::Room(RoomName::lobby()));
                if !matches!(part, Part::Answer { .. }) {
                    let is_first = reader.told.is_empty();
                    assert_eq!(*part == Part::First, is_first, "a heading, once");
                }
                reader
                    .told
                    .extend(messages.iter().map(|message| message.id));
            }
            Event::Notice(notice) => panic!("{notice:?}"),
            _ => {}
        }
    }

    /// Lets the disk catch up, and everybody.
    fn settle(&mut self) {
        for _ in 0..1000 {
            let (count, told) = (usize::MAX, usize::MAX);
            let is_idle = self.disk.queued.is_empty()
                && self.disk.commits.is_empty()
                && self.disk.asked.is_empty()
                && self.disk.answers.is_empty();
            if is_idle {
                return;
            }
            let told = told.min(1000);
            self.take(&Step::Commit { count, told });
            self.take(&Step::Answer {
                looked_up: 1000,
                told,
            });
        }
        panic!("it comes to no end");
    }

    fn check(&mut self) {
        if self.hub.chat.rules().durability.is_none() {
            // There is no disk to write down what was said.
            self.said = (1..=self.hub.chat.last_id().0).map(MessageId).collect();
        }
        for (at, reader) in &self.readers {
            let told = &reader.told;
            assert!(told.is_sorted_by(|one, next| one < next), "{at}");
            if !reader.is_in {
                continue;
            }
            let owed: Vec<MessageId> = match reader.resumed {
                Some(had) => self.said.iter().copied().filter(|&id| id > had).collect(),
                None => {
                    let before = self.said.partition_point(|&id| id <= reader.came_at);
                    self.said[before.saturating_sub(self.replay)..].to_vec()
                }
            };
            match (reader.resumed, self.hub.chat.rules().durability) {
                // In memory there is only so much to go on from.
                (Some(_), None) => assert!(owed.ends_with(told)),
                _ => assert!(
                    *told == owed,
                    "{at} came at {:?}: {:?}..{:?} of {:?}..{:?}",
                    reader.came_at,
                    told.first(),
                    told.last(),
                    owed.first(),
                    owed.last()
                ),
            }
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..READERS, any::<bool>()).prop_map(|(at, resumes)| Step::Join { at, resumes }),
        1 => (0..READERS).prop_map(|at| Step::Leave { at }),
        3 => (0..SPEAKERS, 1..4usize).prop_map(|(at, count)| Step::Say { at, count }),
        1 => (0..SPEAKERS, 50..400usize).prop_map(|(at, count)| Step::Say { at, count }),
        4 => (0..300usize, 0..3usize).prop_map(|(count, told)| Step::Commit { count, told }),
        4 => (0..3usize, 0..3usize)
            .prop_map(|(looked_up, told)| Step::Answer { looked_up, told }),
    ]
}

fn durability() -> impl Strategy<Value = Option<Durability>> {
    prop::sample::select(vec![None, Some(Durability::Soon), Some(Durability::Seen)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn each_message_once_and_in_order(
        durability in durability(),
        replay in 0..30usize,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new(durability, replay);
        for at in READERS..SPEAKERS {
            world.take(&Step::Join { at, resumes: false });
        }
        for step in &steps {
            world.take(step);
        }
        world.settle();
        world.check();
    }
}
