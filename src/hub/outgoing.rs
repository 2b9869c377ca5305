//! Entries are proposed to the log of a cluster, and who asked for one is kept here until it is read back.

use std::collections::{BTreeMap, VecDeque};

use crate::chat::Entry;
use crate::log::{Batch, SharedLog};
use crate::model::{ConnId, Departure, Moment, NodeId, UserId};

use super::decision::{Asker, Wants};
use super::effect::Effect;
use super::state::Hub;

/// What is on its way.
#[derive(Debug, Default)]
pub(super) struct Proposed {
    /// In the order of their numbers, with none twice.
    pub(super) queue: VecDeque<OnItsWay>,
    /// How many of them each connection waits for. Invariant: none that waits for none.
    pub(super) connections: BTreeMap<ConnId, usize>,
    /// How long one waits before who asked for it is told that it may not come, in milliseconds.
    pub(super) wait_ms: u64,
}

/// One entry.
#[derive(Debug)]
pub(super) struct OnItsWay {
    pub(super) number: u64,
    /// Who is told what comes of it, unless it is gone.
    pub(super) asker: Option<Asker>,
    /// When it was proposed, in milliseconds since the start.
    pub(super) since_ms: u64,
}

impl Proposed {
    /// Does a connection wait for any of it?
    pub(super) fn has(&self, who: ConnId) -> bool {
        self.connections.contains_key(&who)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// When the first of them has waited for too long, in milliseconds since the start.
    pub(super) fn due_ms(&self) -> Option<u64> {
        let first = self.queue.iter().find(|it| it.is_impatient())?;
        Some(first.since_ms + self.wait_ms)
    }

    fn push(&mut self, entry: OnItsWay) {
        if let Some(asker) = &entry.asker {
            *self.connections.entry(asker.who).or_default() += 1;
        }
        self.queue.push_back(entry);
    }

    /// Takes out the one of a number.
    pub(super) fn take(&mut self, number: u64) -> Option<OnItsWay> {
        let at = self.queue.binary_search_by_key(&number, |it| it.number);
        self.queue.remove(at.ok()?)
    }

    /// A connection waits for one less. `true`: that was the last.
    pub(super) fn end(&mut self, who: ConnId) -> bool {
        let Some(count) = self.connections.get_mut(&who) else {
            return false;
        };
        *count -= 1;
        let is_last = *count == 0;
        if is_last {
            self.connections.remove(&who);
        }
        is_last
    }
}

impl OnItsWay {
    /// Is somebody to be told that it may not come? Who comes back waits as long as that takes.
    pub(super) fn is_impatient(&self) -> bool {
        let asker = self.asker.as_ref();
        asker.is_some_and(|asker| !matches!(asker.wants, Wants::Return(_)))
    }
}

/// Is it something said, which more may follow before it is read back?
fn is_said(entry: &Entry) -> bool {
    matches!(
        entry,
        Entry::Say { .. } | Entry::Private { .. } | Entry::Mail { .. } | Entry::Tag { .. }
    )
}

impl Hub {
    /// From now on, entries go through the log of a cluster, in which this server has that number and membership.
    /// Who asks for a change is told so when the cluster has not taken it for `wait_ms` milliseconds.
    pub fn share(&mut self, node: NodeId, generation: u64, wait_ms: u64) {
        self.proposed.wait_ms = wait_ms;
        self.log.shared = Some(Box::new(SharedLog::new(node, generation)));
    }

    /// Has an entry proposed. Whoever asks is told what comes of it, and asks for nothing else before, but for saying
    /// more after something said.
    pub(super) fn propose(&mut self, asker: Option<Asker>, entry: Entry, now: Moment) {
        let Some(shared) = &mut self.log.shared else {
            return;
        };
        let number = shared.propose(&entry);
        if let Some(asker) = &asker
            && !is_said(&entry)
        {
            self.effects.push_back(Effect::Hold { who: asker.who });
        }
        self.proposed.push(OnItsWay {
            number,
            asker,
            since_ms: now.uptime_ms,
        });
    }

    /// What is to be sent to the cluster.
    pub fn take_proposals(&mut self) -> Option<Batch> {
        self.log.shared.as_mut()?.take()
    }

    /// Does a connection wait for changes that it has asked for?
    pub fn awaits_entries(&self, who: ConnId) -> bool {
        self.proposed.has(who)
    }

    /// The membership that it has.
    #[cfg(feature = "testing")]
    pub fn membership(&self) -> u64 {
        let shared = self.log.shared.as_ref();
        shared.map_or(0, |shared| shared.generation())
    }

    /// It has that membership. `false`: it has had it before.
    pub(super) fn begin_membership(&mut self, generation: u64) -> bool {
        let shared = self.log.shared.as_mut();
        shared.is_some_and(|shared| shared.set_generation(generation))
    }

    /// The number of the last entry that has waited for too long.
    pub fn overdue(&self, now: Moment) -> Option<u64> {
        let is_late = |it: &&OnItsWay| it.since_ms + self.proposed.wait_ms <= now.uptime_ms;
        let late = self.proposed.queue.iter().take_while(is_late);
        let late = late.filter(|it| it.is_impatient());
        late.last().map(|it| it.number)
    }

    /// A connection is gone: nobody is told what comes of what it asked for.
    pub(super) fn forget_proposed(&mut self, who: ConnId) {
        if self.proposed.connections.remove(&who).is_some() {
            for it in &mut self.proposed.queue {
                it.asker.take_if(|asker| asker.who == who);
            }
        }
    }

    /// A user has one session more than there are connections of it here, as that which asked for it is gone: it ends.
    pub(super) fn end_orphan(&mut self, user: UserId, now: Moment) {
        if self.log.is_shared() && self.log.is_own() {
            let (at, why) = (self.sessions.of(user).count(), Departure::Quit(None));
            self.propose(None, Entry::End { user, at, why }, now);
        }
    }
}
