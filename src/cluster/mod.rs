//! The engine of a cluster: a Redis (7 or newer) that has the log which several servers share, in a stream.
//!
//! Two threads talk to it, and nothing here makes the loop wait: one proposes what the loop hands over, renews the
//! server's lease and declares others gone ([`writer`]); one reads the log back ([`reader`]). What they have to say is
//! polled when they have woken the loop. Each change is one script of the engine's ([`scripts`]), so that it can be tried
//! again after a cut: a batch that was taken in is not taken in twice. A third thread of a server with a database gives a
//! copy of that to one that comes ([`copy`]).
//!
//! A server is a *member* under a *generation*. The engine's clock alone judges its lease; where that has run out, any
//! other declares it gone, once, which is an entry of the log. What it proposes after that is refused by its generation.
//! It takes a new one, which is an entry too, and goes on.

mod around;
mod calls;
mod copy;
mod dial;
mod line;
mod link;
mod nodes;
mod pieces;
mod place;
mod position;
mod reader;
mod recent;
mod scripts;
mod site;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crate::limits::{CLUSTER_JOIN_TRIES, CLUSTER_REPLY_MS, CLUSTER_RETRY_MS, CLUSTER_TOLD_MAX};
use crate::log::{Batch, gone_bytes};
use crate::model::{NodeEntry, NodeId};

pub use calls::{Answered, EngineCalls, EngineError, EngineSite, Examined};
#[cfg(feature = "testing")]
pub use calls::{EngineMember, EngineStanding, Logged, NewEpoch, Tail, Verdict};
pub(crate) use copy::{serve, visit};
pub use line::EngineNews;
pub use place::EngineAddress;
pub use position::Position;
pub use reader::LogReader;
pub(crate) use site::RedisSite;
#[cfg(feature = "testing")]
pub use writer::NextStep;
pub use writer::Proposer;

use line::{EngineLine, ProposalQueue};
use recent::RecentLog;

/// What a server needs to be of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// Where the engine is.
    pub address: EngineAddress,
    /// The name of this server, which no other has.
    pub node: String,
    /// The file with the engine's password.
    pub password_file: Option<PathBuf>,
    /// How long a change waits for the engine before it is refused, in milliseconds.
    pub wait_ms: u64,
    /// How many replicas of the engine have what is acknowledged.
    pub replicas: u64,
    /// Where people reach this server.
    pub address_told: Option<String>,
}

/// How the engine is, for whoever watches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineFigures {
    /// Is it there?
    pub is_here: bool,
    /// Batches that it has taken in.
    pub proposed: u64,
    /// Batches that wait for it.
    pub waiting: usize,
    /// Batches of the log that are not applied here.
    pub behind: u64,
}

/// The engine, as the loop sees it.
pub struct SharedEngine<S: EngineSite = RedisSite> {
    shared: Arc<EngineLine<S>>,
    told: Receiver<EngineNews>,
    threads: Vec<JoinHandle<()>>,
    /// Which cluster it is.
    pub(crate) id: u64,
}

/// A server that is a member, and does not read yet.
pub struct NewMember<S> {
    shared: Arc<EngineLine<S>>,
    told: Receiver<EngineNews>,
    /// Its number.
    pub node: NodeId,
    /// Its generation.
    pub generation: u64,
    /// The state of the chat from which it begins; `None` where it is the first.
    pub state: Option<(Position, Vec<u8>)>,
}

/// Makes a server of that name a member. `run` is random, and nobody else's; `wake` is called when there is something to
/// poll.
///
/// # Errors
/// One line that says why it can't be.
pub fn join<S: EngineSite>(
    site: S,
    name: &str,
    run: String,
    wake: Arc<dyn Fn() + Send + Sync>,
) -> Result<NewMember<S>, String> {
    let failed = |e: EngineError| format!("the engine at {}: {e}", site.address());
    let wait = Duration::from_millis(CLUSTER_REPLY_MS);
    let mut calls = site.open(wait).map_err(failed)?;
    let (version, policy) = calls.version_and_policy().map_err(failed)?;
    if version < 7 {
        return Err(format!(
            "the engine is a Redis {version}, and has to be 7 or newer"
        ));
    }
    if policy.trim() != "noeviction" {
        return Err(format!(
            "the engine evicts what it is to keep: its maxmemory-policy is {}, not noeviction",
            policy.trim()
        ));
    }
    let epoch = await_whole(&site, &mut calls)?;
    let node = calls.enrol().map_err(failed)?;
    let gone = gone_bytes(node);
    let (generation, _) = calls.begin(node, &run, &gone, 0).map_err(failed)?;
    let state = calls.state().map_err(failed)?;
    let recent = RecentLog::new(epoch, calls.members().map_err(failed)?);
    let (sender, told) = sync_channel(CLUSTER_TOLD_MAX);
    let shared = EngineLine {
        site,
        name: name.into(),
        node,
        since: generation,
        confirmed: Mutex::new(0),
        grown: Condvar::new(),
        run,
        queue: Mutex::new(ProposalQueue {
            generation,
            ..ProposalQueue::default()
        }),
        added_to_queue: Condvar::new(),
        told: sender,
        wake,
        is_closing: AtomicBool::new(false),
        is_writing: AtomicBool::new(true),
        is_reading: AtomicBool::new(true),
        is_whole: AtomicBool::new(true),
        is_open: AtomicBool::new(false),
        proposed: AtomicU64::new(0),
        recent: Mutex::new(recent),
        added: AtomicU64::new(0),
        read: AtomicU64::new(0),
        told_count: AtomicU64::new(0),
        nodes: Mutex::default(),
    };
    Ok(NewMember {
        shared: Arc::new(shared),
        told,
        node,
        generation,
        state,
    })
}

/// Waits until the engine is known to have all that anybody has. Returns its epoch.
fn await_whole<S: EngineSite>(site: &S, calls: &mut S::Calls) -> Result<u64, String> {
    let mut left = CLUSTER_JOIN_TRIES;
    loop {
        let examined = calls.examine(0, Position::default(), &[]);
        match examined.map_err(|e| format!("the engine at {}: {e}", site.address()))? {
            Examined::Whole(epoch) => return Ok(epoch),
            Examined::Wait | Examined::Lead(..) => {}
        }
        left -= 1;
        if left == 0 || !site.rest(Duration::from_millis(CLUSTER_RETRY_MS)) {
            return Err(format!(
                "the engine at {} may have lost some of the log: who has more is waited for",
                site.address()
            ));
        }
    }
}

impl<S: EngineSite> NewMember<S> {
    /// Is it the first, with that state of the chat? Where another was first meanwhile, that one's is `state` then.
    ///
    /// # Errors
    /// One line that says what the engine does not do.
    pub fn found(&mut self, state: &[u8]) -> Result<(), String> {
        let wait = Duration::from_millis(CLUSTER_REPLY_MS);
        let kept = || -> Answered<_> {
            let mut calls = self.shared.site.open(wait)?;
            match calls.save(Position::default(), state, true)? {
                true => Ok(None),
                false => calls.state(),
            }
        };
        self.state = kept().map_err(|e| format!("the engine: {e}"))?;
        Ok(())
    }

    /// What is to be run for it, behind a place of the log: by threads, or step by step.
    pub fn parts(self, after: Position) -> (SharedEngine<S>, Proposer<S>, LogReader<S>) {
        self.shared.recent().at = after;
        let proposer = Proposer::new(Arc::clone(&self.shared));
        let reader = LogReader::new(Arc::clone(&self.shared), after);
        let engine = SharedEngine {
            shared: self.shared,
            told: self.told,
            threads: Vec::new(),
            id: 0,
        };
        (engine, proposer, reader)
    }
}

impl<S: EngineSite<Calls: Send> + Send + Sync + 'static> NewMember<S> {
    /// Begins to read behind a place, and to propose.
    ///
    /// # Errors
    /// One line that says that no thread could be started.
    pub fn start(self, after: Position) -> Result<SharedEngine<S>, String> {
        let (mut engine, proposer, reader) = self.parts(after);
        let thread = |name: &str| Builder::new().name(name.into());
        let failed = |e: std::io::Error| format!("no thread can be started: {e}");
        let writes = thread("cluster-write").spawn(move || proposer.run());
        engine.threads.push(writes.map_err(failed)?);
        let reads = thread("cluster-read").spawn(move || reader.run());
        engine.threads.push(reads.map_err(failed)?);
        Ok(engine)
    }
}

impl<S: EngineSite> SharedEngine<S> {
    /// Has a batch proposed.
    pub fn propose(&self, batch: Batch) {
        self.shared.queue().batches.push_back(batch);
        self.shared.added_to_queue.notify_one();
    }

    /// Takes back what was proposed up to a number, as far as the engine can't have it. Returns up to which number it
    /// may have it.
    pub fn withdraw(&self, through: u64) -> u64 {
        let mut queue = self.shared.queue();
        let sent = queue.sent;
        queue
            .batches
            .retain(|batch| batch.first <= sent || batch.last() > through);
        sent
    }

    /// What there is to say, until it is `None`.
    pub fn poll(&mut self) -> Option<EngineNews> {
        let news = self.told.try_recv().ok();
        if let Some(EngineNews::Read(..)) = news {
            self.shared.told_count.fetch_sub(1, Ordering::AcqRel);
        }
        news
    }

    /// The servers of the cluster, where they have changed since version `seen`.
    pub fn nodes(&self, seen: &mut u64) -> Option<Vec<NodeEntry>> {
        let list = self.shared.nodes();
        let is_new = list.version != *seen;
        *seen = list.version;
        is_new.then(|| list.nodes.clone())
    }

    /// Has a server told to send its users elsewhere.
    pub fn drain(&self, name: &str) {
        self.shared.queue().drains.push(name.into());
        self.shared.added_to_queue.notify_one();
    }

    /// Has a state of the chat kept.
    pub fn save(&self, at: Position, state: Vec<u8>) {
        self.shared.queue().state = Some((at, state));
        self.shared.added_to_queue.notify_one();
    }

    /// How it goes.
    pub fn figures(&self) -> EngineFigures {
        let shared = &self.shared;
        let is = |flag: &AtomicBool| flag.load(Ordering::Acquire);
        let queue = shared.queue();
        let waiting = queue.batches.iter().filter(|it| it.last() > queue.taken);
        EngineFigures {
            is_here: is(&shared.is_writing) && is(&shared.is_reading),
            proposed: shared.proposed.load(Ordering::Acquire),
            waiting: waiting.count(),
            behind: shared.behind(),
        }
    }
}

impl<S: EngineSite> Drop for SharedEngine<S> {
    /// What is proposed is still sent, for a moment.
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::Release);
        self.shared.added_to_queue.notify_one();
        let until = Instant::now() + Duration::from_millis(CLUSTER_REPLY_MS);
        let is_over = |threads: &[JoinHandle<()>]| threads.iter().all(JoinHandle::is_finished);
        while !is_over(&self.threads) && Instant::now() < until {
            // The reader may wait for room.
            while self.told.try_recv().is_ok() {}
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
