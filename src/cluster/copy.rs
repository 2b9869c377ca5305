//! What a server that comes has not heard of is copied from another's disk, through the engine: the one asks for it by
//! a list there, another takes the question, and puts its copy into a list of that question's own, piece by piece, never
//! more at once than the engine can well hold.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::limits::{
    CLUSTER_COPY_BYTES, CLUSTER_COPY_PIECES, CLUSTER_COPY_WAIT_MS, CLUSTER_RENEW_MS,
    CLUSTER_REPLY_MS,
};
use crate::model::Position;

use super::calls::{Answered, EngineCalls as _, EngineError, EngineSite as _};
use super::link::EngineLink;
use super::{EngineOptions, RedisSite};

/// Makes a copy of what is on a server's disk, for another: a file that is removed when it was sent.
pub(crate) type MakeCopy = dyn Fn(&str) -> Result<PathBuf, String> + Send;

/// A cluster, as one who is no member of it sees it.
pub(crate) struct ClusterVisit {
    link: EngineLink,
    name: String,
    /// Which it is.
    pub(crate) id: Option<u64>,
    /// The place of the state of the chat that it keeps; `None` where it has not begun.
    pub(crate) state: Option<Position>,
}

fn failed(e: EngineError) -> String {
    format!("the engine: {e}")
}

fn open(options: &EngineOptions) -> Result<EngineLink, String> {
    let site = RedisSite::new(options)?;
    let opened = site.open(Duration::from_millis(CLUSTER_REPLY_MS));
    opened.map_err(|e| format!("the engine at {}: {e}", site.address()))
}

/// Looks at a cluster.
///
/// # Errors
/// One line that says why it can't be seen.
pub(crate) fn visit(options: &EngineOptions) -> Result<ClusterVisit, String> {
    let mut link = open(options)?;
    let id = link.id().map_err(failed)?;
    let state = link.standing().map_err(failed)?.saved;
    let name = options.node.clone();
    Ok(ClusterVisit {
        link,
        name,
        id,
        state,
    })
}

impl ClusterVisit {
    /// It is that one from now on, unless it is one already, which is returned.
    ///
    /// # Errors
    /// The engine's.
    pub(crate) fn settle(&mut self, id: u64) -> Result<u64, String> {
        self.link.settle_id(id).map_err(failed)
    }

    /// Is another server there?
    ///
    /// # Errors
    /// The engine's.
    pub(crate) fn has_others(&mut self) -> Result<bool, String> {
        let members = self.link.members().map_err(failed)?;
        Ok(members.iter().any(|it| it.name != self.name && it.holds))
    }

    /// Gives `write` a copy of what another server has on disk, piece by piece. `question` is nobody else's. `false`:
    /// there is none that has something, or it was gone in the middle of it.
    ///
    /// # Errors
    /// The engine's, or those of `write`.
    pub(crate) fn copy(
        &mut self,
        question: &str,
        write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<bool, String> {
        if !self.has_others()? {
            return Ok(false);
        }
        self.link.ask_copy(question).map_err(failed)?;
        let mut since = Instant::now();
        while since.elapsed() < Duration::from_millis(CLUSTER_COPY_WAIT_MS) {
            match self.link.take_piece(question).map_err(failed)? {
                Some(piece) if piece.is_empty() => return Ok(true),
                Some(piece) => {
                    write(&piece).map_err(|e| format!("cannot write a copy: {e}"))?;
                    since = Instant::now();
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        Ok(false)
    }
}

/// Answers the questions of servers that come, on a thread that ends with the program.
///
/// # Errors
/// One line that says that no thread could be started.
pub(crate) fn serve(options: EngineOptions, id: u64, make: Box<MakeCopy>) -> Result<(), String> {
    let thread = std::thread::Builder::new().name("cluster-copy".into());
    let begun = thread.spawn(move || {
        loop {
            // What is wrong with the engine is told by those who talk to it all the time.
            let _: Result<(), String> =
                open(&options).and_then(|mut link| answer_all(&mut link, id, &*make));
            std::thread::sleep(Duration::from_millis(CLUSTER_RENEW_MS));
        }
    });
    begun
        .map(drop)
        .map_err(|e| format!("no thread can be started: {e}"))
}

/// Answers until the engine does not.
fn answer_all(link: &mut EngineLink, id: u64, make: &MakeCopy) -> Result<(), String> {
    loop {
        // An engine that has lost it is told again.
        link.settle_id(id).map_err(failed)?;
        while let Some(question) = link.take_question().map_err(failed)? {
            let sent = make(&question).and_then(|file| {
                let sent = send(link, &question, &file);
                let _: io::Result<()> = std::fs::remove_file(file);
                sent
            });
            if let Err(e) = sent {
                log::error!("cannot send a copy to a server that comes: {e}");
            }
        }
        std::thread::sleep(Duration::from_millis(CLUSTER_RENEW_MS / 4));
    }
}

fn send(link: &mut EngineLink, question: &str, file: &Path) -> Result<(), String> {
    let mut file = File::open(file).map_err(|e| e.to_string())?;
    let mut piece = vec![0; CLUSTER_COPY_BYTES];
    loop {
        let count = file.read(&mut piece).map_err(|e| e.to_string())?;
        if !has_room(link, question).map_err(failed)? {
            return Err("nobody takes it".into());
        }
        // An empty one is the end.
        link.put_piece(question, &piece[..count]).map_err(failed)?;
        if count == 0 {
            return Ok(());
        }
    }
}

/// Waits until the other has taken enough of it. `false`: it does not.
fn has_room(link: &mut EngineLink, question: &str) -> Answered<bool> {
    let until = Instant::now() + Duration::from_millis(CLUSTER_COPY_WAIT_MS);
    while link.pieces(question)? >= CLUSTER_COPY_PIECES {
        if Instant::now() > until {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(true)
}
