//! What the threads of the store know of each other without asking.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Answer;

/// Counters that only grow, but for the flags.
#[derive(Debug)]
pub(super) struct Shared {
    begun: Instant,
    /// Every kept message up to this id is on disk, and to be seen by transactions that begin now.
    pub(super) committed: AtomicU64,
    /// The last id that was given out, be the message kept or lost.
    pub(super) highest: AtomicU64,
    /// The search index is to reach this id soon: somebody waits for it.
    pub(super) index_wanted: AtomicU64,
    /// Every message up to this is in the search index, as transactions that begin now see it.
    pub(super) indexed: AtomicU64,
    /// Records that were handed over.
    pub(super) handed_records: AtomicU64,
    /// Records that were handed over and are committed or given up, and the memory that they held.
    pub(super) done_records: AtomicU64,
    pub(super) done_bytes: AtomicU64,
    /// Records that were not kept: there was no room for them.
    pub(super) lost: AtomicU64,
    pub(super) commits: AtomicU64,
    pub(super) longest_commit_us: AtomicU64,
    /// Did the last attempt fail?
    pub(super) is_failing: AtomicBool,
    /// When the commit began that is being made, in milliseconds since `begun`; 0 is none.
    committing_since_ms: AtomicU64,
    /// The store is being closed: what can be left undone is to be left.
    pub(super) is_closing: AtomicBool,
    last_error: Mutex<Option<String>>,
}

impl Shared {
    pub(super) fn new(last_id: u64) -> Shared {
        let zero = || AtomicU64::new(0);
        Shared {
            begun: Instant::now(),
            committed: AtomicU64::new(last_id),
            highest: AtomicU64::new(last_id),
            index_wanted: zero(),
            indexed: zero(),
            handed_records: zero(),
            done_records: zero(),
            done_bytes: zero(),
            lost: zero(),
            commits: zero(),
            longest_commit_us: zero(),
            is_failing: AtomicBool::new(false),
            committing_since_ms: zero(),
            is_closing: AtomicBool::new(false),
            last_error: Mutex::new(None),
        }
    }

    /// A commit begins. It may take long, and what waits for it is behind then.
    pub(super) fn begin_commit(&self) {
        self.committing_since_ms
            .store(self.now_ms().max(1), Ordering::Release);
    }

    pub(super) fn end_commit(&self) {
        self.committing_since_ms.store(0, Ordering::Release);
    }

    /// How long the commit takes already that is being made, in milliseconds.
    pub(super) fn committing_ms(&self) -> u64 {
        match self.committing_since_ms.load(Ordering::Acquire) {
            0 => 0,
            since => self.now_ms().saturating_sub(since),
        }
    }

    /// Is there something that the writer has not committed?
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting_records() > 0
    }

    /// Records that the writer has not committed, whether it has gathered them or not.
    pub(super) fn waiting_records(&self) -> u64 {
        let done = self.done_records.load(Ordering::Acquire);
        let handed = self.handed_records.load(Ordering::Acquire);
        handed.saturating_sub(done)
    }

    /// Waits until all that is handed over by now is committed or given up, or for so long. No loop of a server calls
    /// this.
    pub(super) fn await_commits(&self, most: Duration) {
        let handed = self.handed_records.load(Ordering::Acquire);
        let until = Instant::now() + most;
        while self.done_records.load(Ordering::Acquire) < handed && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn set_error(&self, error: String) {
        *self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(super) fn last_error(&self) -> Option<String> {
        let error = self.last_error.lock();
        error.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The way back to whoever asked.
#[derive(Clone)]
pub(super) struct Answers {
    answers: Sender<Answer>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Answers {
    pub(super) fn new(answers: Sender<Answer>, wake: Arc<dyn Fn() + Send + Sync>) -> Answers {
        Answers { answers, wake }
    }

    /// Gives an answer. After the store is gone nobody wants it.
    pub(super) fn give(&self, answer: Answer) {
        let _ = self.answers.send(answer);
        self.wake();
    }

    /// Has whoever asked look at what is new.
    pub(super) fn wake(&self) {
        (self.wake)();
    }
}
