//! What the model's scripts do about an engine that may have lost some of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hubbub::testing::{Batch, Examined, Logged, NewEpoch, Position};

use super::redis::Kept;

/// How long somebody who says nothing is waited for, and others by who finds nothing, in milliseconds.
const LEASE_MS: u64 = 8_000;
const FOUND_MS: u64 = 2_000;

/// Who has how much of the log: when that was said, the epoch, and the place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inquiry {
    since_ms: Option<u64>,
    told: BTreeMap<String, (u64, u64, Position)>,
}

impl Kept {
    /// Is that incarnation the one that was found to be whole?
    pub(crate) fn is_known(&self, token: u64) -> bool {
        self.token == Some(token)
    }

    pub(crate) fn examine(
        &mut self,
        (token, name): (u64, &str),
        (epoch, at): (u64, Position),
        known: &[String],
        now_ms: u64,
    ) -> Examined {
        if self.token == Some(token) {
            return Examined::Whole(self.epoch);
        }
        let inquiry = self.inquiries.entry(token).or_default();
        let since_ms = *inquiry.since_ms.get_or_insert(now_ms);
        inquiry.told.insert(name.into(), (now_ms, epoch, at));
        let told = inquiry.told.iter();
        let told = told.filter(|(_, (at_ms, ..))| now_ms - at_ms < LEASE_MS);
        let told: Vec<_> = told
            .map(|(name, &(_, epoch, at))| (epoch, at, name))
            .collect();
        let most = told.iter().map(|&(epoch, at, _)| (epoch, at)).max();
        let most = most.unwrap_or_default();
        let best = told.iter().find(|&&(epoch, at, _)| (epoch, at) == most);
        let names: BTreeSet<&String> = told.iter().map(|it| it.2).collect();
        let waited_ms = now_ms - since_ms;
        if waited_ms < LEASE_MS {
            let is_awaited = |name: &String| {
                let member = self.members.get(name);
                let is_there = |it: &super::redis::Member| it.tail.is_alive && !it.has_left;
                member.is_some_and(is_there) && !names.contains(name)
            };
            let is_missing = known.iter().any(|name| !names.contains(name));
            let is_new = most.0 == 0 && self.epoch == 0 && waited_ms < FOUND_MS;
            if is_missing || is_new || self.nodes.keys().any(is_awaited) {
                return Examined::Wait;
            }
        }
        let is_bare = most.0 > 0 && self.state.is_none();
        let head = if is_bare {
            Position::default()
        } else {
            self.head
        };
        if most > (self.epoch, head) {
            return match best.is_some_and(|best| best.2 == name) {
                true => Examined::Lead(self.epoch, head),
                false => Examined::Wait,
            };
        }
        if self.epoch == 0 {
            self.epoch = now_ms;
        }
        self.token = Some(token);
        self.inquiries.remove(&token);
        Examined::Whole(self.epoch)
    }

    pub(crate) fn open_epoch(&mut self, token: u64, new: &NewEpoch, now_ms: u64) -> bool {
        if self.token == Some(token) || self.epoch != new.after {
            return false;
        }
        if let Some((at, state)) = &new.state {
            self.log.clear();
            self.state = Some((*at, Rc::new(state.clone())));
        }
        for member in &new.members {
            self.nodes.insert(member.name.clone(), member.node.0);
            let known = self.members.entry(member.name.clone()).or_default();
            if known.tail.generation <= member.membership.generation {
                known.tail = member.membership;
            }
        }
        self.log.extend(new.batches.iter().cloned().map(Rc::new));
        self.epoch = now_ms.max(new.after + 1).max(new.own + 1);
        let at = match now_ms > new.at.ms {
            true => Position { ms: now_ms, seq: 0 },
            false => Position {
                seq: new.at.seq + 1,
                ..new.at
            },
        };
        self.log.push(Rc::new(Logged {
            at,
            before: new.at,
            batch: Batch {
                node: new.node,
                generation: 0,
                first: 0,
                count: 1,
                bytes: new.entry.clone(),
            },
            number: None,
            epoch: Some(self.epoch),
        }));
        (self.head, self.last) = (at, at);
        self.token = Some(token);
        self.inquiries.remove(&token);
        true
    }
}
