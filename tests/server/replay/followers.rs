//! Those who come, go and come again.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::segments::{Segment, Told};
use super::{FENCE, ROOMS, Stage};
use crate::random::Random;
use crate::util::*;

/// One that resumes where it was, mostly.
pub(super) struct Follower {
    name: String,
    random: Random,
    /// What it is being told, by room, and what it was told before.
    open: BTreeMap<&'static str, Segment>,
    closed: Vec<Segment>,
}

impl Follower {
    pub(super) fn new(number: usize, random: Random) -> Follower {
        Follower {
            name: format!("follower{number}"),
            random,
            open: BTreeMap::new(),
            closed: Vec::new(),
        }
    }

    pub(super) fn follow(mut self, stage: &Stage, sessions: usize) -> Vec<Segment> {
        for session in 0..sessions {
            let mut peer = self.come(stage, session);
            for _ in 0..self.random.below(150) {
                if self.random.one_in(10) {
                    self.speak(&mut peer, session);
                }
                let event = peer.json();
                self.take(&event);
            }
            self.go(peer);
            stage.left.fetch_sub(1, Ordering::AcqRel);
        }
        let mut peer = self.come(stage, sessions);
        while !self.is_told_all() {
            let event = peer.json();
            self.take(&event);
        }
        for line in String::from_utf8(peer.sync()).expect("UTF-8").lines() {
            self.take(&serde_json::from_str(line).expect(line));
        }
        for segment in self.open.values_mut() {
            segment.is_last = true;
        }
        self.closed.extend(self.open.into_values());
        self.closed
    }

    fn is_told_all(&self) -> bool {
        let is_over = |room| {
            let last = self
                .open
                .get(room)
                .and_then(|segment: &Segment| segment.told.last());
            last.is_some_and(|told| told.text == FENCE)
        };
        ROOMS.iter().all(|room| is_over(*room))
    }

    /// Comes into both rooms: each anew, from where it was, or from the very beginning.
    fn come(&mut self, stage: &Stage, session: usize) -> Peer {
        let mut resume = serde_json::Map::new();
        let mut enter = json!({"type": "join_room", "room": "den", "replay": stage.replay});
        for room in ROOMS {
            let last = self.open.get(room).and_then(|segment| segment.told.last());
            let after = match (last.map(|told| told.id), self.random.below(6)) {
                (_, 0) => Some(0),
                (_, 1) => None,
                (last, _) => last,
            };
            self.begin(
                room,
                after,
                last.is_some() && after.is_some_and(|after| after > 0),
            );
            if let Some(after) = after {
                if room == "den" && self.random.one_in(2) {
                    enter["resume"] = after.into();
                } else {
                    resume.insert(room.into(), after.into());
                }
            }
        }
        let name = format!("{}-{session}", self.name);
        let mut join = json!({"type": "join", "username": name, "replay": stage.replay});
        let has_den = resume.contains_key("den");
        if !resume.is_empty() {
            join["resume"] = resume.into();
        }
        let mut peer = Peer::connect(&stage.doors[0], Json);
        peer.send(join.to_string() + "\n");
        if !has_den {
            peer.send(enter.to_string() + "\n");
        }
        peer
    }

    fn begin(&mut self, room: &'static str, after: Option<u64>, goes_on: bool) {
        if let Some(segment) = self.open.get_mut(room).filter(|_| goes_on) {
            segment.resumed.push(segment.told.len());
            return;
        }
        let fresh = Segment {
            who: self.name.clone(),
            room,
            after,
            ..Segment::default()
        };
        self.closed.extend(self.open.insert(room, fresh));
    }

    fn speak(&mut self, peer: &mut Peer, session: usize) {
        let room = ROOMS[self.random.below(ROOMS.len())];
        let text = format!("{} {session} {}", self.name, self.random.next());
        peer.send(json!({"type": "chat", "room": room, "message": text}).to_string() + "\n");
    }

    fn take(&mut self, event: &Value) {
        let kind = event["type"].as_str().unwrap_or_default();
        assert_ne!(kind, "error", "{event}");
        if !matches!(kind, "chat" | "history") {
            return;
        }
        let room = event["room"].as_str().unwrap_or("lobby");
        let segment = self.open.get_mut(room).expect("a room it is in");
        segment.told.push(Told {
            id: event["id"]
                .as_u64()
                .unwrap_or_else(|| panic!("no id: {event}")),
            text: event["message"].as_str().expect("a text").into(),
            is_live: kind == "chat",
        });
    }

    /// Goes with a word or without; what it is told before the end it is told.
    fn go(&mut self, mut peer: Peer) {
        if self.random.one_in(2) {
            return;
        }
        peer.send("{\"type\":\"quit\"}\n");
        for line in String::from_utf8(peer.rest()).expect("UTF-8").lines() {
            self.take(&serde_json::from_str(line).expect(line));
        }
    }
}

/// One with nc, who listens in the lobby.
pub(super) struct TextFollower {
    name: String,
    random: Random,
}

impl TextFollower {
    pub(super) fn new(number: usize, random: Random) -> TextFollower {
        TextFollower {
            name: format!("nc{number}"),
            random,
        }
    }

    pub(super) fn follow(mut self, stage: &Stage, sessions: usize) -> Vec<Segment> {
        let mut segments = Vec::new();
        for session in 0..=sessions {
            let mut segment = Segment {
                who: self.name.clone(),
                room: "lobby",
                is_plain: true,
                is_last: session == sessions,
                ..Segment::default()
            };
            let mut peer = Peer::connect(&stage.doors[1], Text);
            peer.send(format!("{}-{session}\n", self.name))
                .expect(PROMPT);
            let mut heading = 0;
            let most = if segment.is_last {
                usize::MAX
            } else {
                self.random.below(150)
            };
            while segment.told.len() < most
                && segment.told.last().is_none_or(|told| told.text != FENCE)
            {
                let line = peer.line();
                if line == "[Server] Earlier:\n" {
                    heading += 1;
                    assert!(
                        segment.told.is_empty() && heading == 1,
                        "{:?}",
                        segment.told
                    );
                }
                segment.told.extend(told(&line));
            }
            if segment.is_last {
                let came = String::from_utf8(peer.sync()).expect("UTF-8");
                assert!(came.lines().all(|line| told(line).is_none()), "{came}");
            } else {
                stage.left.fetch_sub(1, Ordering::AcqRel);
            }
            segments.push(segment);
        }
        segments
    }
}

/// What a line tells that somebody said.
fn told(line: &str) -> Option<Told> {
    // What was said before has its time.
    let line = match line.split_once("] [") {
        Some((time, rest)) if time.len() == "[14:05".len() && time.contains(':') => rest,
        _ => line.strip_prefix('[')?,
    };
    let (author, text) = line.trim_end().split_once("] ")?;
    (author != "Server").then(|| Told {
        id: 0,
        text: text.into(),
        is_live: true,
    })
}
