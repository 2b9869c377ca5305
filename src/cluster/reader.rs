//! What reads the log.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::limits::{CLUSTER_BLOCK_MS, CLUSTER_READ_COUNT, CLUSTER_REPLY_MS, CLUSTER_RETRY_MS};

use super::calls::{Answered, EngineCalls as _, EngineSite, EngineStanding, Logged};
use super::line::{EngineLine, EngineNews};
use super::position::Position;

/// Reads the log behind a place.
pub struct LogReader<S: EngineSite> {
    shared: Arc<EngineLine<S>>,
    after: Position,
    calls: Option<S::Calls>,
    /// The last batch when the engine was connected to, and how many there were then.
    end: (Position, u64),
    is_over: bool,
}

impl<S: EngineSite> LogReader<S> {
    pub(super) fn new(shared: Arc<EngineLine<S>>, after: Position) -> LogReader<S> {
        LogReader {
            shared,
            after,
            calls: None,
            end: Default::default(),
            is_over: false,
        }
    }

    /// Reads until the server ends.
    pub(super) fn run(mut self) {
        while let Some(rest) = self.step() {
            std::thread::sleep(rest);
        }
    }

    /// Reads what there is, and waits for that. Returns for how long it rests then; `None`: the server ends, or it can't
    /// read on.
    pub fn step(&mut self) -> Option<Duration> {
        let read = self.read();
        if self.is_over || self.shared.is_closing() {
            return None;
        }
        let e = match read {
            Ok(rest) => return Some(rest),
            Err(e) => e,
        };
        self.close();
        self.shared.set_whole(false);
        if self.shared.is_reading.swap(false, Ordering::AcqRel) {
            log::error!("the cluster's engine can't be read from: {e}");
        }
        Some(Duration::from_millis(CLUSTER_RETRY_MS))
    }

    /// Returns how long it rests.
    fn read(&mut self) -> Answered<Duration> {
        if !self.shared.is_whole() {
            // It may have lost what was read here, and is not read before that is there again.
            self.close();
            return Ok(Duration::from_millis(CLUSTER_RETRY_MS));
        }
        let Some(calls) = &mut self.calls else {
            self.shared.is_open.store(true, Ordering::Release);
            return self.open();
        };
        let block = Duration::from_millis(CLUSTER_BLOCK_MS);
        let batches = calls.read(self.after, CLUSTER_READ_COUNT, block)?;
        self.shared.is_reading.store(true, Ordering::Release);
        for logged in batches {
            self.count(logged.at);
            let (at, before, after) = (logged.at, logged.before, self.after);
            if before != after {
                self.give_up(format!(
                    "the engine has lost what was said: {at} comes after {before} there, and after {after} here"
                ));
                break;
            }
            self.after = at;
            self.note(&logged);
            if !self.shared.await_replicas(&logged.batch) {
                self.is_over = true;
                break;
            }
            self.shared.told_count.fetch_add(1, Ordering::AcqRel);
            if !self.shared.tell(EngineNews::Read(at, logged.batch)) {
                self.is_over = true;
                break;
            }
        }
        Ok(Duration::ZERO)
    }

    /// What is read back of this server need not be proposed again.
    fn note(&self, logged: &Logged) {
        let has_stranger = {
            let mut recent = self.shared.recent();
            recent.note(logged);
            recent.has_stranger
        };
        let mut queue = self.shared.queue();
        if has_stranger {
            self.shared.added_to_queue.notify_one();
        }
        if logged.batch.node == self.shared.node && logged.batch.generation == queue.generation {
            let last = logged.batch.last();
            queue.batches.retain(|batch| batch.last() > last);
        }
    }

    fn close(&mut self) {
        self.calls = None;
        self.shared.is_open.store(false, Ordering::Release);
    }

    fn open(&mut self) -> Answered<Duration> {
        let wait = Duration::from_millis(CLUSTER_BLOCK_MS + CLUSTER_REPLY_MS);
        let mut calls = self.shared.site.open(wait)?;
        let standing = calls.standing()?;
        if let Some(why) = loss(&standing, self.after) {
            self.give_up(why);
        }
        let (shared, added) = (&self.shared, calls.batches_ever()?);
        shared.added.store(added, Ordering::Release);
        let is_at_end = standing.last == self.after;
        shared
            .read
            .store(if is_at_end { added } else { 0 }, Ordering::Release);
        self.end = (standing.last, added);
        self.calls = Some(calls);
        Ok(Duration::ZERO)
    }

    /// Counts what is read, from the batch on that was the last of so many when the engine was asked.
    fn count(&self, at: Position) {
        let (read, (last, added)) = (&self.shared.read, self.end);
        match read.load(Ordering::Acquire) {
            0 if at == last => read.store(added, Ordering::Release),
            0 => {}
            count => read.store(count + 1, Ordering::Release),
        }
    }

    fn give_up(&mut self, why: String) {
        self.shared.tell(EngineNews::Fatal(why));
        self.is_over = true;
    }
}

/// Why the log can't be read on from a place.
fn loss(standing: &EngineStanding, after: Position) -> Option<String> {
    if standing.last < after {
        return Some(format!(
            "the engine has lost what was said: it has the log up to {}, and this server up to {after}",
            standing.last
        ));
    }
    (standing.cut > after).then(|| {
        format!(
            "this server is too far behind: the log begins after {}, and it has read up to {after}",
            standing.cut
        )
    })
}
