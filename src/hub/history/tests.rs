//! Whatever the timing of talk, entering, leaving, the disk and its answers: each reader is told each
//! message of a room once, in the order of ids, from where it began.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::super::keep::{Found, Kept, KeptTail, Query, Window};
use super::super::{Audience, Rules, Settings};
use super::*;
use crate::limits::FOUND_BYTES_MAX;
use crate::model::{Entry, Part, Range, Request, Target};

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
                self.hub.handle_leave(id(at), Moment::default());
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
                        self.hub.handle_kept(through, usize::MAX, Moment::default());
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
            resumed,
            came_at: match self.hub.rules.durability {
                Some(Durability::Seen) => self.hub.history.kept,
                _ => self.hub.last_id(),
            },
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
            .handle_request(id(at), peer, request, None, Moment::default());
        self.carry_out();
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
                            room,
                            except,
                            ignorers,
                        },
                    event,
                } => {
                    let members = self.hub.members(room).to_vec();
                    for member in members {
                        if Some(member.id) != except && !ignorers.contains(&member.id) {
                            self.tell(member.id, &event);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn tell(&mut self, to: ConnId, event: &Event) {
        let Some(reader) = self.readers.get_mut(&to.slot) else {
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
            Event::Notice { text } => panic!("{text}"),
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
        if self.hub.rules.durability.is_none() {
            // There is no disk to write down what was said.
            self.said = (1..=self.hub.last_id().0).map(MessageId).collect();
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
            match (reader.resumed, self.hub.rules.durability) {
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

/// A hub that keeps, with Alice, who speaks, and Bob in the lobby.
fn two(durability: Durability) -> World {
    let mut world = World::new(Some(durability), 20);
    for at in 0..2 {
        world.take(&Step::Join { at, resumes: false });
    }
    world
}

fn say_with_id(world: &mut World) -> Vec<Effect> {
    let request = Request::Say {
        room: None,
        text: "hi".into(),
    };
    let request_id = Some(RequestId("7".into()));
    let peer = Peer::Unix(0);
    world
        .hub
        .handle_request(id(0), peer, request, request_id, Moment::default());
    std::iter::from_fn(|| world.hub.poll_effect()).collect()
}

fn is_kept(effect: &Effect) -> bool {
    let answers_it = |request: &Option<RequestId>| *request == Some(RequestId("7".into()));
    matches!(effect, Effect::Answer { id, event: Event::Kept { .. }, .. } if answers_it(id))
}

fn is_told(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Broadcast {
            event: Event::Said { .. },
            ..
        }
    )
}

#[test]
fn an_answer_means_that_it_is_on_disk() {
    for durability in [Durability::Soon, Durability::Seen] {
        let mut world = two(durability);
        let effects = say_with_id(&mut world);
        assert!(matches!(effects[0], Effect::Keep(_)));
        assert_eq!(
            effects.iter().any(is_told),
            durability == Durability::Soon,
            "{effects:?}"
        );
        assert!(!effects.iter().any(is_kept));
        world
            .hub
            .handle_kept(MessageId(1), usize::MAX, Moment::default());
        let effects: Vec<Effect> = std::iter::from_fn(|| world.hub.poll_effect()).collect();
        assert_eq!(effects.iter().any(is_told), durability == Durability::Seen);
        assert!(effects.iter().any(is_kept));
    }
}

#[test]
fn what_could_not_be_taken_in_is_never_said_to_be_kept() {
    for (durability, wanted) in [
        (Durability::Soon, ErrorCode::NotKept),
        (Durability::Seen, ErrorCode::KeepingFailed),
    ] {
        let mut world = two(durability);
        say_with_id(&mut world);
        world.hub.handle_lost(MessageId(1), Moment::default());
        let effects: Vec<Effect> = std::iter::from_fn(|| world.hub.poll_effect()).collect();
        let [Effect::Answer { id, event, .. }] = &effects[..] else {
            panic!("{effects:?}");
        };
        assert_eq!(*id, Some(RequestId("7".into())));
        assert_eq!(*event, Event::Error(wanted));
        world
            .hub
            .handle_kept(MessageId(9), usize::MAX, Moment::default());
        assert_eq!(world.hub.poll_effect(), None);
    }
}

#[test]
fn a_room_made_anew_asks_for_nothing_that_was_closed_to_some() {
    let mut world = two(Durability::Soon);
    let room = RoomName::parse("den").expect("a room name");
    let enter = |entry| Request::Enter {
        room: room.clone(),
        entry,
        key: None,
        resume: None,
        replay: None,
    };
    world.hub.set_last_id(MessageId(6));
    world.ask(0, enter(Entry::Create));
    world.take(&Step::Say { at: 0, count: 3 });
    world.take(&Step::Leave { at: 0 });
    world.disk.asked.clear();
    world.ask(1, enter(Entry::Create));
    let Some((_, Query::History { guarded_from, .. })) = world.disk.asked.pop_front() else {
        panic!("what was said before is on disk only");
    };
    assert_eq!(guarded_from, MessageId(10));
}

#[test]
fn a_disk_that_fails_holds_nobody_back() {
    let mut world = two(Durability::Soon);
    let room = RoomName::parse("den").expect("a room name");
    let (entry, key, resume) = (Entry::Create, None, None);
    world.hub.set_last_id(MessageId(3));
    world.ask(
        0,
        Request::Enter {
            room,
            entry,
            key,
            resume,
            replay: None,
        },
    );
    let (ticket, _) = world.disk.asked.pop_front().expect("a question");
    world
        .hub
        .handle_found(ticket, Found::Failed, Moment::default());
    let effects: Vec<Effect> = std::iter::from_fn(|| world.hub.poll_effect()).collect();
    assert!(
        matches!(
            &effects[..],
            [Effect::Tell {
                event: Event::Notice { .. },
                ..
            }]
        ),
        "{effects:?}"
    );
    assert!(world.hub.history.catching.is_empty());
}

#[test]
fn the_tails_together_are_bounded() {
    let mut world = two(Durability::Soon);
    world.hub.rules.durability = None;
    let window = Window {
        after: MessageId(0),
        before: MessageId::MAX,
        since_ms: 0,
        limit: usize::MAX,
        newest: true,
    };
    for _ in 0..TAIL_MESSAGES + 7 {
        world.take(&Step::Say { at: 0, count: 1 });
    }
    let tail = &world.hub.rooms.get(super::super::LOBBY).tail;
    assert_eq!(tail.after(window.after).count(), TAIL_MESSAGES);
    assert_eq!(tail.bytes(), world.hub.history.tail_bytes);
}

#[test]
fn what_is_on_disk_is_told_a_little_at_a_time_however_short_it_is() {
    let mut world = two(Durability::Seen);
    world.take(&Step::Say { at: 0, count: 10 });
    let last = world.hub.last_id();
    let mut turns = 0;
    while world.hub.kept() < last {
        world
            .hub
            .handle_kept(last, 2 * KEPT_BYTES, Moment::default());
        turns += 1;
    }
    assert!((4..=6).contains(&turns), "{turns}");
}

#[test]
fn who_comes_back_is_shown_what_was_kept_where_nothing_is_replayed() {
    let rules = Rules {
        durability: Some(Durability::Soon),
        replay: 0,
        ..Rules::default()
    };
    let mut hub = Hub::new(rules, Settings::default());
    hub.restore(Kept {
        last_id: MessageId(9),
        tails: vec![KeptTail {
            room: RoomName::lobby(),
            messages: Vec::new(),
            has_more: true,
        }],
        ..Kept::default()
    });
    let tail = &hub.rooms.get(super::super::LOBBY).tail;
    assert!(tail.covers(MessageId(9)) && !tail.covers(MessageId(8)));
}

#[test]
fn who_posts_is_told_when_it_is_on_disk_or_that_it_is_not() {
    for durability in [Durability::Soon, Durability::Seen] {
        let mut world = two(durability);
        let poster = ConnId {
            slot: 99,
            generation: 0,
        };
        let post = |hub: &mut Hub| {
            let (peer, now) = (Peer::Unix(0), Moment::default());
            let nick = Nick::parse("post").expect("a nick");
            let said = hub.handle_post(peer, nick, false, RoomName::lobby(), "hi".into(), now);
            let id = said.expect("it is said").id;
            hub.wait_for_post(poster, id);
            while hub.poll_effect().is_some() {}
            id
        };
        let answer = |hub: &mut Hub| {
            let effects = std::iter::from_fn(|| hub.poll_effect());
            effects.fold(None, |found, effect| match effect {
                Effect::Posted { to, failure } if to == poster => Some(failure),
                _ => found,
            })
        };
        let hub = &mut world.hub;
        let id = post(hub);
        assert!(hub.owes(poster));
        hub.handle_kept(id, 1 << 20, Moment::default());
        assert_eq!((answer(hub), hub.owes(poster)), (Some(None), false));
        let id = post(hub);
        hub.handle_lost(id, Moment::default());
        assert!(matches!(answer(hub), Some(Some(_))));
        assert!(!hub.owes(poster) && hub.history.waiting.is_empty());
    }
}

#[test]
fn what_is_told_at_once_is_bounded_in_memory_too() {
    let mut world = World::new(None, 100);
    world.take(&Step::Join {
        at: 0,
        resumes: false,
    });
    world.hub.rules.message_bytes_max = usize::MAX;
    let text = "x".repeat(FOUND_BYTES_MAX / 3);
    for _ in 0..5 {
        let text = text.clone();
        world.ask(0, Request::Say { room: None, text });
    }
    world.take(&Step::Join {
        at: 1,
        resumes: false,
    });
    assert_eq!(world.readers[&1].told, [3, 4, 5].map(MessageId));
    let (room, with, range) = (None, None, Range::default());
    world.ask(1, Request::History { room, with, range });
    assert_eq!(world.readers[&1].told[3..], [3, 4, 5].map(MessageId));
}

#[test]
fn no_time_falls_below_the_one_before() {
    const DAY_MS: u64 = 24 * 3_600_000;
    let now_ms = CLOCK_FLOOR_MS + 300 * DAY_MS;
    let (by_2040, in_1970) = (now_ms + 14 * 365 * DAY_MS, 5_000);
    for (last_ms, clock, stamps) in [
        (0, vec![now_ms, now_ms + 1], vec![now_ms, now_ms + 1]),
        // Set back by an hour, or by nearly a year, until it has caught up.
        (
            now_ms,
            vec![now_ms - 3_600_000, now_ms + 7],
            vec![now_ms, now_ms + 7],
        ),
        (
            now_ms + 299 * DAY_MS,
            vec![now_ms],
            vec![now_ms + 299 * DAY_MS],
        ),
        // A clock that has lost its time.
        (
            now_ms,
            vec![in_1970, in_1970 + 1, now_ms + 1],
            vec![now_ms, now_ms, now_ms + 1],
        ),
        (
            0,
            vec![in_1970, now_ms, in_1970],
            vec![in_1970, now_ms, now_ms],
        ),
        // One that was wrong by years when that was said.
        (
            by_2040,
            vec![now_ms, now_ms - 1, now_ms + 1],
            vec![now_ms, now_ms, now_ms + 1],
        ),
        (by_2040, vec![in_1970], vec![by_2040]),
    ] {
        let mut history = History {
            last_ms,
            ..History::default()
        };
        let stamped: Vec<u64> = clock.iter().map(|&ms| history.stamp(ms)).collect();
        assert_eq!(stamped, stamps, "{clock:?} after {last_ms}");
    }
}
