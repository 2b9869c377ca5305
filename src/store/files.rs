//! Files that are shared: each in a file of its own in the directory `files` beside the database, under its id.
//!
//! One thread takes in what is sent, and one reads what is asked for, so that nobody who downloads waits for an
//! fsync. Each transfer has one order under way at a time, of one piece: its owner gives the next when that is
//! answered. A file is written under another name, synced and renamed before its message is said; the row of the
//! message and that of the file are one commit, and go together. What is in the directory and in no row is removed
//! at the next start.

mod downloads;
mod uploads;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};

use crate::model::{FileClaim, FileId, MessageId, RoomName, SharedFile};

use super::shared::{Answers, Shared};
use downloads::Downloads;
use uploads::Uploads;
pub(super) use uploads::share;

/// Where files are, in the directory of what is kept.
const FOLDER: &str = "files";

/// How files are shared, in bytes and milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileOptions {
    /// How long a file may be.
    pub bytes_max: u64,
    /// How much one account, or one guest, may have.
    pub per_account: u64,
    /// How much there may be in one room.
    pub per_room: u64,
    /// How much there may be in all.
    pub total: u64,
    /// How long a file is kept; `None` is as long as its message.
    pub expiry_ms: Option<u64>,
}

/// What is to be done about a file. `at` is what the transfer is called by who asks.
#[derive(Debug)]
pub enum FileOrder {
    /// Take one in, from its beginning, or go on with it.
    Begin {
        /// Which transfer.
        at: u64,
        /// What is known of it.
        claim: Box<FileClaim>,
    },
    /// Add a piece to it.
    Append {
        /// Which transfer.
        at: u64,
        /// What comes next.
        bytes: Vec<u8>,
    },
    /// It is whole.
    Finish {
        /// Which transfer.
        at: u64,
    },
    /// It will not be.
    Abort {
        /// Which transfer.
        at: u64,
    },
    /// Remove files that are in no message.
    Remove(Vec<FileId>),
    /// Look one up, to be read.
    Open {
        /// Which transfer.
        at: u64,
        /// Which file.
        id: FileId,
    },
    /// Read a piece of it.
    Read {
        /// Which transfer.
        at: u64,
        /// From which byte on.
        from: u64,
        /// How many bytes.
        len: usize,
    },
    /// It was read.
    Close {
        /// Which transfer.
        at: u64,
    },
}

/// Why a file is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFailure {
    /// It is longer than a file may be.
    TooLong,
    /// Its owner, the room or the server has as much as it may, or the disk is full.
    Full,
    /// The disk fails, which the log tells of; or nothing of it is known.
    Broken,
}

/// What has come of an order.
#[derive(Debug, PartialEq)]
pub enum FileAnswer {
    /// So many bytes of it are here.
    Taken(Result<u64, FileFailure>),
    /// It is whole.
    Stored(Result<SharedFile, FileFailure>),
    /// It is there, and in a message; or it is not.
    Opened(Option<Box<FoundFile>>),
    /// A piece of it; what is shorter than was asked for could not be read.
    Piece(Vec<u8>),
}

/// A file that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// What it is.
    pub file: SharedFile,
    /// The room that it was shared in.
    pub room: RoomName,
    /// The message that shares it.
    pub message: MessageId,
}

/// The threads' other end.
pub(super) struct Vault {
    uploads: VaultThread,
    downloads: VaultThread,
}

struct VaultThread {
    orders: Option<Sender<FileOrder>>,
    thread: Option<JoinHandle<()>>,
}

impl Vault {
    /// # Errors
    /// The directory cannot be made, or no thread.
    pub(super) fn start(
        database: &Path,
        options: FileOptions,
        answers: &Answers,
        shared: &Arc<Shared>,
    ) -> io::Result<Vault> {
        let folder = folder_of(database);
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&folder)?;
        let uploads = Uploads::new(database, &folder, options, answers.clone());
        let shared = Arc::clone(shared);
        let answers = answers.clone();
        let downloads = Downloads::new(database, folder, options.expiry_ms, answers, shared);
        Ok(Vault {
            uploads: VaultThread::start("uploads", move |order| uploads.run(&order))?,
            downloads: VaultThread::start("downloads", move |order| downloads.run(&order))?,
        })
    }

    /// Has something done. One who asks has one order under way at a time, so that there is room.
    pub(super) fn submit(&self, order: FileOrder) {
        let worker = match order {
            FileOrder::Begin { .. }
            | FileOrder::Append { .. }
            | FileOrder::Finish { .. }
            | FileOrder::Abort { .. }
            | FileOrder::Remove(_) => &self.uploads,
            FileOrder::Open { .. } | FileOrder::Read { .. } | FileOrder::Close { .. } => {
                &self.downloads
            }
        };
        if let Some(orders) = &worker.orders {
            // The thread lives as long as this.
            let _ = orders.send(order);
        }
    }

    /// Where it is told that files are in no message any more.
    pub(super) fn remover(&self) -> Option<Sender<FileOrder>> {
        self.uploads.orders.clone()
    }
}

impl VaultThread {
    fn start(
        name: &str,
        run: impl FnOnce(std::sync::mpsc::Receiver<FileOrder>) + Send + 'static,
    ) -> io::Result<VaultThread> {
        let (orders, received) = channel();
        let thread = Builder::new().name(name.into());
        let thread = thread.spawn(move || run(received))?;
        Ok(VaultThread {
            orders: Some(orders),
            thread: Some(thread),
        })
    }
}

impl Drop for VaultThread {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Where the files are that belong to a database.
pub(super) fn folder_of(database: &Path) -> PathBuf {
    database.with_file_name(FOLDER)
}

/// Where the files are that belong to a copy of a database: several may be in one directory.
fn copies_of(copy: &Path) -> PathBuf {
    let mut name = copy.as_os_str().to_owned();
    name.push("-files");
    name.into()
}

/// Copies the files that belong to a database beside a copy of it, as far as they are there.
///
/// # Errors
/// The system's.
pub(super) fn copy_all(database: &Path, to: &Path) -> io::Result<u64> {
    let (from, to) = (folder_of(database), copies_of(to));
    let entries = match fs::read_dir(&from) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(e) => return Err(e),
    };
    let mut bytes = 0;
    for entry in entries {
        let name = entry?.file_name();
        if name
            .to_str()
            .is_none_or(|name| name.parse::<FileId>().is_err())
        {
            continue;
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&to)?;
        match fs::copy(from.join(&name), to.join(&name)) {
            Ok(copied) => bytes += copied,
            // It was removed meanwhile.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Ok(bytes)
}
