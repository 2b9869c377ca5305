//! What proposes, renews the lease, and declares others gone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::limits::{
    CLUSTER_BATCH_BYTES, CLUSTER_KEPT_MS, CLUSTER_LEASE_MS, CLUSTER_LENGTH_MAX, CLUSTER_RENEW_MS,
    CLUSTER_REPLY_MS, CLUSTER_RETRY_MS, CLUSTER_STATE_MS,
};
use crate::log::{Batch, gone_bytes};

use super::calls::{Answered, EngineCalls as _, EngineSite, Verdict};
use super::{EngineLine, EngineNews, Position};

/// Proposes, renews the lease, and declares others gone. Times are those of its site.
pub struct Proposer<S: EngineSite> {
    shared: Arc<EngineLine<S>>,
    calls: Option<S::Calls>,
    /// When the lease is renewed next.
    due: Duration,
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
        let Err(e) = self.serve() else {
            if self.is_over || self.shared.is_closing() {
                let left = self.calls.as_mut().map(|calls| calls.leave());
                drop(left);
                return NextStep::Over;
            }
            let now = self.shared.site.now();
            return NextStep::Wait(self.due.saturating_sub(now));
        };
        self.calls = None;
        if self.shared.is_writing.swap(false, Ordering::AcqRel) {
            log::error!("the cluster's engine can't be written to: {e}");
        }
        match self.shared.is_closing() {
            true => NextStep::Over,
            false => NextStep::Rest(Duration::from_millis(CLUSTER_RETRY_MS)),
        }
    }

    fn serve(&mut self) -> Answered<()> {
        let mut calls = match self.calls.take() {
            Some(calls) => calls,
            None => {
                let wait = Duration::from_millis(CLUSTER_REPLY_MS);
                let calls = self.shared.site.open(wait)?;
                // It may be another Redis than before, or have been away: nobody is judged before all could renew.
                let now = self.shared.site.now();
                (self.since, self.due) = (now, now);
                calls
            }
        };
        if self.shared.site.now() >= self.due {
            self.renew(&mut calls)?;
        }
        if !self.shared.is_writing.swap(true, Ordering::AcqRel) {
            log::info!("the cluster's engine is back");
        }
        self.send_all(&mut calls)?;
        self.save(&mut calls)?;
        self.calls = Some(calls);
        Ok(())
    }

    /// Waits until there is something to do, for so long at most.
    fn wait(&self, most: Duration) {
        let queue = self.shared.queue();
        if queue.batches.is_empty() && queue.state.is_none() && !self.shared.is_closing() {
            drop(self.shared.added.wait_timeout(queue, most));
        }
    }

    /// Proposes all that is in the queue. What the engine may have stays there until that is known.
    fn send_all(&mut self, calls: &mut S::Calls) -> Answered<()> {
        while let Some((batch, count)) = self.next() {
            let begun = self.shared.site.now();
            let taken = calls.propose(&batch)?;
            self.note_reply(begun);
            match taken {
                Verdict::In => {
                    let mut queue = self.shared.queue();
                    queue.batches.drain(..count);
                    self.shared.proposed.fetch_add(1, Ordering::AcqRel);
                }
                Verdict::Had(last) => {
                    let mut queue = self.shared.queue();
                    queue.batches.retain(|batch| batch.last() > last);
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

    /// The first batches as one, and how many they are. From now on the engine may have them.
    fn next(&self) -> Option<(Batch, usize)> {
        let mut queue = self.shared.queue();
        let generation = queue.generation;
        queue.batches.retain(|batch| batch.generation == generation);
        let mut joined: Option<Batch> = None;
        let mut count = 0;
        for batch in &queue.batches {
            match &mut joined {
                None => joined = Some(batch.clone()),
                Some(joined) if joined.bytes.len() > CLUSTER_BATCH_BYTES => break,
                Some(joined) => {
                    if !joined.append(batch) {
                        break;
                    }
                }
            }
            count += 1;
        }
        let joined = joined?;
        queue.sent = queue.sent.max(joined.last());
        Some((joined, count))
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
        let others = calls.others()?;
        let lease = Duration::from_millis(CLUSTER_LEASE_MS + CLUSTER_RENEW_MS);
        if self.shared.site.now().saturating_sub(self.since) >= lease {
            for other in others.iter().filter(|other| !other.holds) {
                let gone = gone_bytes(other.node);
                if calls.declare(&other.name, self.shared.node, &gone)? {
                    log::warn!("the server {} is gone from the cluster", other.name);
                }
            }
        }
        let others = others.into_iter().map(|other| (other.name, other.holds));
        *self
            .shared
            .others
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = others.collect();
        Ok(())
    }

    /// Has the log cut behind a state of the chat that is kept, and that renewed now and then.
    fn look_after(&mut self, calls: &mut S::Calls) -> Answered<()> {
        let standing = calls.standing()?;
        let Some(saved) = standing.saved else {
            return Ok(());
        };
        let age_ms = standing.last.ms.saturating_sub(saved.ms);
        let now = self.shared.site.now();
        let pause = Duration::from_millis(CLUSTER_STATE_MS);
        let is_asked = self.asked.is_some_and(|at| now.saturating_sub(at) < pause);
        if age_ms > CLUSTER_STATE_MS && !is_asked {
            self.asked = Some(now);
            self.shared.tell(EngineNews::WantsState);
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
        let begun = calls.begin(self.shared.node, &self.shared.run, &gone, false)?;
        log::warn!("this server was declared gone from the cluster, and comes back");
        self.shared.queue().generation = begun.0;
        Ok(())
    }

    fn save(&mut self, calls: &mut S::Calls) -> Answered<()> {
        let state = self.shared.queue().state.take();
        match state {
            Some((at, state)) => calls.save(at, &state, false).map(drop),
            None => Ok(()),
        }
    }
}
