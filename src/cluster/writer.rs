//! The thread that proposes, renews the lease, and declares others gone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use redis::RedisResult;

use crate::limits::{
    CLUSTER_BATCH_BYTES, CLUSTER_KEPT_MS, CLUSTER_LEASE_MS, CLUSTER_LENGTH_MAX, CLUSTER_RENEW_MS,
    CLUSTER_REPLY_MS, CLUSTER_RETRY_MS, CLUSTER_STATE_MS,
};
use crate::log::{Batch, gone_bytes};

use super::link::{EngineLink, Verdict};
use super::{EngineLine, EngineNews, Position};

/// Proposes until the server ends. The log is read from a place by another thread.
pub(super) fn run(shared: Arc<EngineLine>, _: Position) {
    let mut writer = Proposer {
        shared,
        due: Instant::now(),
        since: Instant::now(),
        asked: None,
        is_over: false,
    };
    while !writer.is_over {
        let Err(e) = writer.serve() else {
            return;
        };
        let was_here = writer.shared.is_writing.swap(false, Ordering::AcqRel);
        if was_here {
            log::error!("the cluster's engine can't be written to: {e}");
        }
        if writer.shared.is_closing() {
            return;
        }
        std::thread::sleep(Duration::from_millis(CLUSTER_RETRY_MS));
    }
}

struct Proposer {
    shared: Arc<EngineLine>,
    /// When the lease is renewed next.
    due: Instant,
    /// Since when the engine has answered in time, without a break.
    since: Instant,
    /// When a state of the chat was asked for last.
    asked: Option<Instant>,
    is_over: bool,
}

impl Proposer {
    /// Serves as long as the engine does. `Ok`: the server ends.
    fn serve(&mut self) -> RedisResult<()> {
        let mut link = self.shared.link(Duration::from_millis(CLUSTER_REPLY_MS))?;
        // It may be another Redis than before, or have been away: nobody is judged before all could renew.
        self.since = Instant::now();
        self.due = Instant::now();
        loop {
            if Instant::now() >= self.due {
                self.renew(&mut link)?;
            }
            if !self.shared.is_writing.swap(true, Ordering::AcqRel) {
                log::info!("the cluster's engine is back");
            }
            self.send_all(&mut link)?;
            self.save(&mut link)?;
            if self.is_over || self.shared.is_closing() {
                return link.leave();
            }
            self.wait();
        }
    }

    /// Waits until there is something to do.
    fn wait(&self) {
        let queue = self.shared.queue();
        let left = self.due.saturating_duration_since(Instant::now());
        if queue.batches.is_empty() && queue.state.is_none() && !self.shared.is_closing() {
            drop(self.shared.added.wait_timeout(queue, left));
        }
    }

    /// Proposes all that is in the queue. What the engine may have stays there until that is known.
    fn send_all(&mut self, link: &mut EngineLink) -> RedisResult<()> {
        while let Some((batch, count)) = self.next() {
            let begun = Instant::now();
            let taken = link.propose(&batch)?;
            self.note_reply(begun);
            match taken {
                Verdict::In => {
                    let mut queue = self.shared.queue();
                    queue.batches.drain(..count);
                    self.shared.proposed.fetch_add(1, Ordering::AcqRel);
                }
                Verdict::Over => {
                    self.begin_again(link)?;
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

    fn note_reply(&mut self, begun: Instant) {
        // A slow engine may have let a lease run out that was renewed in time.
        if begun.elapsed() >= Duration::from_millis(CLUSTER_RENEW_MS / 2) {
            self.since = Instant::now();
        }
    }

    fn renew(&mut self, link: &mut EngineLink) -> RedisResult<()> {
        let begun = Instant::now();
        // A thread that did not run is as an engine that did not answer.
        if begun.saturating_duration_since(self.due) >= Duration::from_millis(CLUSTER_RENEW_MS) {
            self.since = begun;
        }
        let generation = self.shared.queue().generation;
        let renewed = link.renew(generation, &self.shared.run)?;
        self.note_reply(begun);
        self.due = begun + Duration::from_millis(CLUSTER_RENEW_MS);
        if renewed == Verdict::Over {
            return self.begin_again(link);
        }
        self.judge(link)?;
        self.look_after(link)
    }

    /// Declares those gone whose leases have run out, when every lease could be renewed since the engine was away last.
    fn judge(&mut self, link: &mut EngineLink) -> RedisResult<()> {
        let others = link.others()?;
        let lease = Duration::from_millis(CLUSTER_LEASE_MS + CLUSTER_RENEW_MS);
        if self.since.elapsed() >= lease {
            for (name, node, _) in others.iter().filter(|(_, _, holds)| !holds) {
                if link.declare(name, self.shared.node, &gone_bytes(*node))? {
                    log::warn!("the server {name} is gone from the cluster");
                }
            }
        }
        let others = others.into_iter().map(|(name, _, holds)| (name, holds));
        *self
            .shared
            .others
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = others.collect();
        Ok(())
    }

    /// Has the log cut behind a state of the chat that is kept, and that renewed now and then.
    fn look_after(&mut self, link: &mut EngineLink) -> RedisResult<()> {
        let standing = link.standing()?;
        let Some(saved) = standing.saved else {
            return Ok(());
        };
        let age_ms = standing.last.ms.saturating_sub(saved.ms);
        let is_asked = self
            .asked
            .is_some_and(|at| at.elapsed() < Duration::from_millis(CLUSTER_STATE_MS));
        if age_ms > CLUSTER_STATE_MS && !is_asked {
            self.asked = Some(Instant::now());
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
            true => link.trim(cut),
            false => Ok(()),
        }
    }

    /// Its membership is over: it takes a new one, unless another program has its name now.
    fn begin_again(&mut self, link: &mut EngineLink) -> RedisResult<()> {
        let run = link.run()?;
        if !run.is_empty() && run != self.shared.run {
            self.is_over = true;
            let why = format!(
                "another server goes by the name of {} in the cluster",
                self.shared.options.node
            );
            self.shared.tell(EngineNews::Fatal(why));
            return Ok(());
        }
        let gone = gone_bytes(self.shared.node);
        let begun = link.begin(self.shared.node, &self.shared.run, &gone, false)?;
        log::warn!("this server was declared gone from the cluster, and comes back");
        self.shared.queue().generation = begun.0;
        Ok(())
    }

    fn save(&mut self, link: &mut EngineLink) -> RedisResult<()> {
        let state = self.shared.queue().state.take();
        match state {
            Some((at, state)) => link.save(at, &state, false).map(drop),
            None => Ok(()),
        }
    }
}
