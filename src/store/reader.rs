//! The threads that answer questions about what is kept: one for those that take a few rows, one for those
//! that may take long (searches and exports), so that no short one waits for a long one. Each has a
//! connection that only reads, which the writer never waits for.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Result as Done};

use crate::limits::{INDEX_WAIT_MS, QUESTION_MS, QUESTION_MS_MIN, QUESTIONS_MAX};
use crate::model::{Found, MessageId, Query};

use super::export::Export;
use super::find::find;
use super::rows::integer;
use super::shared::{Answers, Shared};
use super::writer::Task;
use super::{Answer, Full, schema};

/// How often a search that waits for the index looks whether it is there.
const INDEX_POLL: Duration = Duration::from_millis(2);

/// SQLite's steps between two looks at the clock: some 50 us.
const STEPS: i32 = 1_000;

/// The threads' other end. They go when this does, and leave unanswered what waits.
pub(super) struct QueryReader {
    short: ReaderQueue,
    long: ReaderQueue,
}

/// One thread's other end.
struct ReaderQueue {
    questions: Option<SyncSender<(u64, Query)>>,
    /// How many were asked and are not answered.
    waiting: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl QueryReader {
    pub(super) fn start(
        path: &Path,
        shared: &Arc<Shared>,
        answers: &Answers,
        tasks: &Sender<Task>,
    ) -> io::Result<QueryReader> {
        let line = |name: &str, shortens: bool| {
            let waiting = Arc::new(AtomicUsize::new(0));
            let desk = ReaderThread {
                path: path.to_owned(),
                shared: Arc::clone(shared),
                tasks: tasks.clone(),
                deadline: Arc::new(Deadline::new(shortens.then(|| Arc::clone(&waiting)))),
                connection: None,
            };
            ReaderQueue::start(name, desk, waiting, answers.clone())
        };
        Ok(QueryReader {
            short: line("history reader", false)?,
            long: line("history search", true)?,
        })
    }

    pub(super) fn submit(&self, ticket: u64, query: Query) -> Result<(), Full> {
        let line = match query.is_long() {
            true => &self.long,
            false => &self.short,
        };
        let questions = line.questions.as_ref().ok_or(Full)?;
        line.waiting.fetch_add(1, Ordering::Relaxed);
        questions.try_send((ticket, query)).map_err(|_| {
            line.waiting.fetch_sub(1, Ordering::Relaxed);
            Full
        })
    }
}

impl ReaderQueue {
    fn start(
        name: &str,
        desk: ReaderThread,
        waiting: Arc<AtomicUsize>,
        answers: Answers,
    ) -> io::Result<ReaderQueue> {
        let (questions, received) = sync_channel(QUESTIONS_MAX);
        let unanswered = Arc::clone(&waiting);
        let thread = Builder::new()
            .name(name.into())
            .spawn(move || desk.run(&received, &unanswered, &answers))?;
        Ok(ReaderQueue {
            questions: Some(questions),
            waiting,
            thread: Some(thread),
        })
    }
}

impl Drop for ReaderQueue {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct ReaderThread {
    path: PathBuf,
    shared: Arc<Shared>,
    tasks: Sender<Task>,
    deadline: Arc<Deadline>,
    /// None before the first question, and after an error.
    connection: Option<Connection>,
}

/// A question that is not answered yet.
struct OpenQuestion {
    ticket: u64,
    query: Query,
    progress: QuestionProgress,
    /// How long was worked on it.
    took: Duration,
}

enum QuestionProgress {
    New,
    /// The disk is to have the message, until then: it was said before the question was asked.
    Commit(u64, Instant),
    /// A search: the index is to reach the message, until then.
    Index(u64, Instant),
    /// An export, up to the message.
    Export(Box<Export>, i64),
    /// Anything else: nothing.
    Ready,
}

impl ReaderThread {
    fn run(
        mut self,
        questions: &Receiver<(u64, Query)>,
        unanswered: &AtomicUsize,
        answers: &Answers,
    ) {
        let mut waiting = VecDeque::new();
        loop {
            let next = match self.pause(&waiting) {
                None => questions.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(Duration::ZERO) => questions.try_recv().map_err(|e| match e {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                }),
                Some(pause) => questions.recv_timeout(pause),
            };
            match next {
                Ok((ticket, query)) => waiting.push_back(OpenQuestion {
                    ticket,
                    query,
                    progress: QuestionProgress::New,
                    took: Duration::ZERO,
                }),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let Some(mut question) = waiting.pop_front() else {
                continue;
            };
            let begun = Instant::now();
            let found = self.go_on(&mut question);
            question.took += begun.elapsed();
            match found {
                Some(found) => {
                    unanswered.fetch_sub(1, Ordering::Relaxed);
                    answers.give(Answer::Found {
                        ticket: question.ticket,
                        found,
                        took: question.took,
                    });
                }
                None => waiting.push_back(question),
            }
        }
    }

    /// How long to wait for another question; `None` is for ever.
    fn pause(&self, waiting: &VecDeque<OpenQuestion>) -> Option<Duration> {
        if waiting.is_empty() {
            return None;
        }
        let is_stuck = waiting.len() < QUESTIONS_MAX
            && waiting.iter().all(|question| match question.progress {
                QuestionProgress::Commit(wanted, until) => !self.is_committed(wanted, until),
                QuestionProgress::Index(wanted, until) => !self.is_indexed(wanted, until),
                _ => false,
            });
        Some(if is_stuck { INDEX_POLL } else { Duration::ZERO })
    }

    /// `None`: it is to go on later.
    fn go_on(&mut self, question: &mut OpenQuestion) -> Option<Found> {
        match self.answer(question) {
            Ok(found) => found,
            Err(line) => {
                // Whatever is wrong with it, a new one knows nothing of it.
                self.connection = None;
                if !self.shared.is_closing.load(Ordering::Acquire) {
                    log::error!("cannot answer a question about history: {line}");
                }
                Some(Found::Failed)
            }
        }
    }

    fn answer(&mut self, question: &mut OpenQuestion) -> Result<Option<Found>, String> {
        if let QuestionProgress::New = question.progress {
            let highest = match question.query {
                Query::History { through, .. } => through.0,
                _ => self.shared.highest.load(Ordering::Acquire),
            };
            let until = Instant::now() + Duration::from_millis(INDEX_WAIT_MS);
            question.progress = QuestionProgress::Commit(highest, until);
        }
        if let QuestionProgress::Commit(wanted, until) = question.progress {
            if !self.is_committed(wanted, until) {
                return Ok(None);
            }
            question.progress = self.begin(&question.query, until)?;
        }
        let committed = self.shared.committed.load(Ordering::Acquire);
        match &mut question.progress {
            QuestionProgress::Index(wanted, until) if !self.is_indexed(*wanted, *until) => Ok(None),
            QuestionProgress::Export(export, through) => {
                let through = *through;
                export.go_on(self.connection().map_err(|e| e.to_string())?, through)
            }
            _ => {
                let found = find(
                    self.connection().map_err(|e| e.to_string())?,
                    &question.query,
                    MessageId(committed),
                );
                found.map(Some).map_err(|e| e.to_string())
            }
        }
    }

    /// What a question whose messages are on disk waits for.
    fn begin(&self, query: &Query, until: Instant) -> Result<QuestionProgress, String> {
        let committed = self.shared.committed.load(Ordering::Acquire);
        Ok(match query {
            Query::Search { .. } => {
                if !self.is_indexed(committed, until) {
                    self.shared
                        .index_wanted
                        .fetch_max(committed, Ordering::AcqRel);
                    // It fails where the writer is gone, and the index with it.
                    let _ = self.tasks.send(Task::Index);
                }
                QuestionProgress::Index(committed, until)
            }
            Query::Export { room } => {
                let export = Export::begin(&self.path, room)
                    .map_err(|e| format!("cannot begin a file to export to: {e}"))?;
                QuestionProgress::Export(Box::new(export), integer(committed))
            }
            _ => QuestionProgress::Ready,
        })
    }

    /// Is the message on disk, or is there no use in waiting for it?
    fn is_committed(&self, wanted: u64, until: Instant) -> bool {
        self.shared.committed.load(Ordering::Acquire) >= wanted
            || self.shared.is_failing.load(Ordering::Acquire)
            || Instant::now() >= until
    }

    /// Has the index reached the message, or is there no use in waiting for it?
    fn is_indexed(&self, wanted: u64, until: Instant) -> bool {
        self.shared.indexed.load(Ordering::Acquire) >= wanted
            || self.shared.is_failing.load(Ordering::Acquire)
            || Instant::now() >= until
    }

    /// The connection, whose clock begins to run.
    fn connection(&mut self) -> Done<&Connection> {
        self.deadline.set();
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.path, &self.deadline, &self.shared)?,
        };
        Ok(self.connection.insert(connection))
    }
}

fn connect(path: &Path, deadline: &Arc<Deadline>, shared: &Arc<Shared>) -> Done<Connection> {
    let connection = schema::connect(path, true)?;
    let (deadline, shared) = (Arc::clone(deadline), Arc::clone(shared));
    connection.progress_handler(
        STEPS,
        Some(move || deadline.is_over() || shared.is_closing.load(Ordering::Relaxed)),
    )?;
    Ok(connection)
}

/// How long a question may be worked on, for the progress handler to see.
struct Deadline {
    begun: Instant,
    /// When the question at hand was begun with.
    since_ms: AtomicU64,
    /// Where the time is shared by those who wait: how many they are, the one at hand among them.
    shared_by: Option<Arc<AtomicUsize>>,
}

impl Deadline {
    fn new(shared_by: Option<Arc<AtomicUsize>>) -> Deadline {
        Deadline {
            begun: Instant::now(),
            since_ms: AtomicU64::new(0),
            shared_by,
        }
    }

    fn set(&self) {
        self.since_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.now_ms() >= self.since_ms.load(Ordering::Relaxed) + self.most_ms()
    }

    fn most_ms(&self) -> u64 {
        let waiting = |by: &Arc<AtomicUsize>| by.load(Ordering::Relaxed) as u64;
        let sharers = self.shared_by.as_ref().map_or(1, waiting).max(1);
        (QUESTION_MS / sharers).max(QUESTION_MS_MIN)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_wait_share_the_time_of_one() {
        let waiting = Arc::new(AtomicUsize::new(0));
        let deadline = Deadline::new(Some(Arc::clone(&waiting)));
        for (count, ms) in [
            (0, 1_000),
            (1, 1_000),
            (4, 250),
            (50, 20),
            (QUESTIONS_MAX, 20),
        ] {
            waiting.store(count, Ordering::Relaxed);
            assert_eq!(deadline.most_ms(), ms);
        }
        assert_eq!(Deadline::new(None).most_ms(), QUESTION_MS);
    }
}
