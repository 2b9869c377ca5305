//! What proposes, renews the lease, and declares others gone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::limits::{
    CLUSTER_BATCH_BYTES, CLUSTER_KEPT_MS, CLUSTER_LEASE_MS, CLUSTER_LENGTH_MAX, CLUSTER_LOOK_MS,
    CLUSTER_RENEW_MS, CLUSTER_REPLICA_MS, CLUSTER_REPLY_MS, CLUSTER_RETRY_MS, CLUSTER_SETTLED_MS,
    CLUSTER_STATE_MS,
};
use crate::log::{Batch, epoch_bytes, gone_bytes};

use super::calls::{
    Answered, EngineCalls as _, EngineMember, EngineSite, Examined, NewEpoch, Verdict,
};
use super::line::{EngineLine, EngineNews};
use super::position::Position;

/// Proposes, renews the lease, and declares others gone. Times are those of its site.
pub struct Proposer<S: EngineSite> {
    shared: Arc<EngineLine<S>>,
    calls: Option<S::Calls>,
    /// When the lease is renewed next.
    due: Duration,
    /// When the other servers are looked at next.
    look_due: Duration,
    /// Does the engine know which connection this one is?
    is_introduced: bool,
    /// Connections of others that had ended when they were looked at last.
    ended: Vec<String>,
    /// The number of the last entry that too few replicas may have, or 0.
    unconfirmed: u64,
    /// Since when the engine has answered in time, without a break.
    since: Duration,
    /// When a state of the chat was asked for last.
    asked: Option<Duration>,
    is_over: bool,
}

/// What a proposer does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Something, when there is something to propose, or after so long.
    Wait(Duration),
    /// It rests for so long.
    Rest(Duration),
    /// The server ends, or can't be a member any more.
    Over,
}

impl<S: EngineSite> Proposer<S> {
    pub(super) fn new(shared: Arc<EngineLine<S>>) -> Proposer<S> {
        Proposer {
            calls: None,
            due: Duration::ZERO,
            look_due: Duration::ZERO,
            is_introduced: false,
            ended: Vec::new(),
            unconfirmed: 0,
            since: shared.site.now(),
            asked: None,
            is_over: false,
            shared,
        }
    }

    /// Proposes until the server ends.
    pub(super) fn run(mut self) {
        loop {
            match self.step() {
                NextStep::Wait(most) => self.wait(most),
                NextStep::Rest(rest) => std::thread::sleep(rest),
                NextStep::Over => return,
            }
        }
    }

    /// Does all that is to be done.
    pub fn step(&mut self) -> NextStep {
        let served = self.serve();
        if served.is_ok() && (self.is_over || self.shared.is_closing()) {
            let left = self.calls.as_mut().map(|calls| calls.leave());
            drop(left);
            return NextStep::Over;
        }
        let e = match served {
            Ok(true) => {
                let now = self.shared.site.now();
                let due = match self.unconfirmed {
                    0 => self.due.min(self.look_due),
                    _ => now,
                };
                return NextStep::Wait(due.saturating_sub(now));
            }
            Ok(false) => return NextStep::Rest(Duration::from_millis(CLUSTER_RETRY_MS)),
            Err(e) => e,
        };
        self.calls = None;
        self.shared.set_whole(false);
        if self.shared.is_writing.swap(false, Ordering::AcqRel) {
            log::error!("the cluster's engine can't be written to: {e}");
        }
        match self.shared.is_closing() {
            true => NextStep::Over,
            false => NextStep::Rest(Duration::from_millis(CLUSTER_RETRY_MS)),
        }
    }

    /// `false`: it waits until the engine has all that anybody has of the log.
    fn serve(&mut self) -> Answered<bool> {
        let mut calls = match self.calls.take() {
            Some(calls) => calls,
            None => {
                let wait = Duration::from_millis(CLUSTER_REPLY_MS);
                let calls = self.shared.site.open(wait)?;
                // It may be another Redis than before, or have been away: nobody is judged before all could renew.
                let now = self.shared.site.now();
                (self.since, self.due, self.look_due) = (now, now, now);
                self.ended.clear();
                self.is_introduced = false;
                self.shared.queue().taken = 0;
                calls
            }
        };
        if !self.shared.is_whole() && !self.examine(&mut calls)? {
            self.calls = Some(calls);
            return Ok(false);
        }
        // Not before: an engine that has lost all is known by having nothing of this server.
        if !self.is_introduced {
            calls.introduce()?;
            self.is_introduced = true;
        }
        // Who has come is asked for at once: it must not be missing where the engine loses all that it has.
        if self.shared.site.now() >= self.due || self.shared.recent().has_stranger {
            self.renew(&mut calls)?;
        }
        if self.shared.site.now() >= self.look_due {
            self.look(&mut calls)?;
        }
        self.send_all(&mut calls)?;
        let is_confirmed = self.await_replicas(&mut calls)?;
        let was_writing = self.shared.is_writing.swap(is_confirmed, Ordering::AcqRel);
        match (was_writing, is_confirmed) {
            (false, true) => log::info!("the cluster's engine is back"),
            (true, false) => log::error!("the cluster's engine has too few replicas"),
            _ => {}
        }
        self.save(&mut calls)?;
        self.calls = Some(calls);
        Ok(true)
    }

    /// Finds out whether the engine has all that anybody has of the log, and gives it what it has lost, where nobody has
    /// more of that than this server.
    fn examine(&mut self, calls: &mut S::Calls) -> Answered<bool> {
        if self.shared.is_open.load(Ordering::Acquire) {
            // The reader may get some more yet.
            return Ok(false);
        }
        let (epoch, at, known) = {
            let recent = self.shared.recent();
            (recent.epoch, recent.at, recent.known())
        };
        let (after, head) = match calls.examine(epoch, at, &known)? {
            Examined::Wait => return Ok(false),
            Examined::Lead(after, head) => (after, head),
            Examined::Whole(_) => {
                self.shared.queue().taken = 0;
                self.due = self.shared.site.now();
                self.shared.set_whole(true);
                return Ok(true);
            }
        };
        let state = self.shared.queue().state.take();
        let Some(new) = self.shared.recent().new_epoch(head, state) else {
            self.ask_state(CLUSTER_RENEW_MS);
            return Ok(false);
        };
        let new = NewEpoch {
            after,
            node: self.shared.node,
            entry: epoch_bytes(),
            ..new
        };
        if calls.open_epoch(&new)? {
            log::warn!(
                "the cluster's engine had lost some of the log behind {head}: it is there again up to {at}"
            );
        }
        Ok(false)
    }

    /// Has the loop make a state of the chat, unless it was asked so short a while ago.
    fn ask_state(&mut self, pause_ms: u64) {
        let now = self.shared.site.now();
        let pause = Duration::from_millis(pause_ms);
        if self.asked.is_none_or(|at| now.saturating_sub(at) >= pause) {
            self.asked = Some(now);
            self.shared.tell(EngineNews::WantsState);
        }
    }

    /// Waits for a moment until as many replicas as there are to be have what was proposed. `false`: not all of it.
    fn await_replicas(&mut self, calls: &mut S::Calls) -> Answered<bool> {
        let wanted = self.shared.site.replicas();
        if self.unconfirmed > 0 {
            if wanted > 0 && calls.await_replicas(wanted, CLUSTER_REPLICA_MS)? < wanted {
                return Ok(false);
            }
            self.shared.confirm(self.unconfirmed);
            self.unconfirmed = 0;
        }
        Ok(true)
    }

    /// Waits until there is something to do, for so long at most.
    fn wait(&self, most: Duration) {
        let queue = self.shared.queue();
        let is_idle = queue.batches.iter().all(|it| it.last() <= queue.taken);
        let is_idle = is_idle && queue.drains.is_empty() && queue.state.is_none();
        let is_idle = is_idle && self.shared.is_whole() && !self.shared.recent().has_stranger;
        if is_idle && !self.shared.is_closing() {
            drop(self.shared.added_to_queue.wait_timeout(queue, most));
        }
    }

    /// Proposes all that is in the queue. What the engine may have stays there until that is known.
    fn send_all(&mut self, calls: &mut S::Calls) -> Answered<()> {
        while let Some(batch) = self.next() {
            let begun = self.shared.site.now();
            let taken = calls.propose(&batch)?;
            self.note_reply(begun);
            match taken {
                Verdict::In => {
                    self.unconfirmed = batch.last();
                    self.shared.queue().taken = batch.last();
                    self.shared.proposed.fetch_add(1, Ordering::AcqRel);
                }
                Verdict::Had(last) => {
                    self.unconfirmed = last;
                    self.shared.queue().taken = last;
                }
                Verdict::Over => {
                    self.begin_again(calls)?;
                    if self.is_over {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// The first batches as one that the engine does not have. From now on it may have them.
    fn next(&self) -> Option<Batch> {
        let mut queue = self.shared.queue();
        let generation = queue.generation;
        queue.batches.retain(|batch| batch.generation == generation);
        let taken = queue.taken;
        let mut joined: Option<Batch> = None;
        for batch in queue.batches.iter().filter(|it| it.first > taken) {
            match &mut joined {
                None => joined = Some(batch.clone()),
                Some(joined) if joined.bytes.len() > CLUSTER_BATCH_BYTES => break,
                Some(joined) => {
                    if !joined.append(batch) {
                        break;
                    }
                }
            }
        }
        let joined = joined?;
        queue.sent = queue.sent.max(joined.last());
        Some(joined)
    }

    fn note_reply(&mut self, begun: Duration) {
        // A slow engine may have let a lease run out that was renewed in time.
        let now = self.shared.site.now();
        if now.saturating_sub(begun) >= Duration::from_millis(CLUSTER_RENEW_MS / 2) {
            self.since = now;
        }
    }

    fn renew(&mut self, calls: &mut S::Calls) -> Answered<()> {
        let begun = self.shared.site.now();
        // A thread that did not run is as an engine that did not answer.
        if begun.saturating_sub(self.due) >= Duration::from_millis(CLUSTER_RENEW_MS) {
            self.since = begun;
        }
        let generation = self.shared.queue().generation;
        let renewed = calls.renew(generation, &self.shared.run)?;
        self.note_reply(begun);
        self.due = begun + Duration::from_millis(CLUSTER_RENEW_MS);
        if renewed == Verdict::Over {
            return self.begin_again(calls);
        }
        self.judge(calls)?;
        self.look_after(calls)
    }

    /// Declares those gone whose leases have run out, when every lease could be renewed since the engine was away last.
    fn judge(&mut self, calls: &mut S::Calls) -> Answered<()> {
        let members = calls.members()?;
        let lease = Duration::from_millis(CLUSTER_LEASE_MS + CLUSTER_RENEW_MS);
        if self.shared.site.now().saturating_sub(self.since) >= lease {
            let is_over = |it: &&EngineMember| !it.holds && it.membership.is_alive;
            let own = &self.shared.name;
            for other in members.iter().filter(|it| it.name != *own).filter(is_over) {
                let gone = gone_bytes(other.node);
                if calls.declare(&other.name, self.shared.node, &gone)? {
                    log::warn!("the server {} is gone from the cluster", other.name);
                }
            }
        }
        self.shared.recent().meet(members);
        Ok(())
    }

    /// Looks at the servers that there are. The lease of one whose connection has ended twice in a row is over, when each
    /// could have connected since the engine was away last.
    fn look(&mut self, calls: &mut S::Calls) -> Answered<()> {
        let now = self.shared.site.now();
        self.look_due = now + Duration::from_millis(CLUSTER_LOOK_MS);
        let (nodes, own) = (calls.nodes()?, self.shared.node);
        let others = nodes.iter();
        let others = others.filter(|it| it.entry.is_member && it.node != own);
        let others = others.filter(|it| !it.client.is_empty());
        let mut ended: Vec<String> = others.clone().map(|it| it.client.clone()).collect();
        let open = calls.open_clients(&ended)?;
        ended.retain(|it| !open.contains(it));
        let before = std::mem::replace(&mut self.ended, ended);
        if now.saturating_sub(self.since) >= Duration::from_millis(CLUSTER_SETTLED_MS) {
            let has_ended = |it: &String| before.contains(it) && self.ended.contains(it);
            for it in others.filter(|it| has_ended(&it.client)) {
                let (name, gone) = (&it.entry.name, gone_bytes(it.node));
                calls.end_lease(name, &it.client)?;
                if calls.declare(name, own, &gone)? {
                    log::warn!("the server {name} is gone from the cluster");
                }
            }
        }
        let entries = nodes.into_iter().map(|it| it.entry);
        self.shared.note_nodes(entries.collect());
        Ok(())
    }

    /// Has the log cut behind a state of the chat that is kept, and that renewed now and then.
    fn look_after(&mut self, calls: &mut S::Calls) -> Answered<()> {
        let (standing, added) = (calls.standing()?, calls.batches_ever()?);
        self.shared.added.fetch_max(added, Ordering::AcqRel);
        let Some(saved) = standing.saved else {
            return Ok(());
        };
        let age_ms = standing.last.ms.saturating_sub(saved.ms);
        if age_ms > CLUSTER_STATE_MS {
            self.ask_state(CLUSTER_STATE_MS);
        }
        let old = Position {
            ms: standing.last.ms.saturating_sub(CLUSTER_KEPT_MS),
            seq: 0,
        };
        let cut = match standing.length > CLUSTER_LENGTH_MAX {
            true => saved,
            false => old.min(saved),
        };
        match cut > standing.cut {
            true => calls.trim(cut),
            false => Ok(()),
        }
    }

    /// Its membership is over: it takes a new one, unless another program has its name now.
    fn begin_again(&mut self, calls: &mut S::Calls) -> Answered<()> {
        let run = calls.run()?;
        if !run.is_empty() && run != self.shared.run {
            self.is_over = true;
            let why = format!(
                "another server goes by the name of {} in the cluster",
                self.shared.name
            );
            self.shared.tell(EngineNews::Fatal(why));
            return Ok(());
        }
        let gone = gone_bytes(self.shared.node);
        let node = calls.enrol()?;
        if node != self.shared.node {
            self.is_over = true;
            let why = "the engine has lost this server, and has another of its number".into();
            self.shared.tell(EngineNews::Fatal(why));
            return Ok(());
        }
        let floor = self.shared.queue().generation;
        let begun = calls.begin(node, &self.shared.run, &gone, floor)?;
        log::warn!("this server was declared gone from the cluster, and comes back");
        self.shared.queue().generation = begun.0;
        Ok(())
    }

    /// Does what was asked for beside proposals.
    fn save(&mut self, calls: &mut S::Calls) -> Answered<()> {
        let (state, drains) = {
            let mut queue = self.shared.queue();
            (queue.state.take(), std::mem::take(&mut queue.drains))
        };
        for name in drains {
            calls.drain(&name)?;
            self.look_due = self.shared.site.now();
        }
        match state {
            Some((at, state)) => calls.save(at, &state, false).map(drop),
            None => Ok(()),
        }
    }
}
