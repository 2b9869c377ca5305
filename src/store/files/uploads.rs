//! The thread that takes files in, and removes them.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use ring::rand::{SecureRandom as _, SystemRandom};
use rusqlite::{Connection, OptionalExtension as _, Params, Result as Done};

use crate::model::{FileClaim, FileId, MAGIC_BYTES, MimeType, SharedFile};

use super::super::rows::{self, integer};
use super::super::shared::Answers;
use super::super::{Answer, schema};
use super::{FileAnswer, FileFailure, FileOptions, FileOrder};

/// What a file is called before it is whole begins with that.
const PART: &str = "part-";

pub(super) struct Uploads {
    database: PathBuf,
    folder: PathBuf,
    options: FileOptions,
    answers: Answers,
    connection: Option<Connection>,
    /// What is not whole.
    parts: HashMap<u64, PartFile>,
    /// What is whole, and may not be in its row yet.
    unsaid: HashMap<FileId, Share>,
}

/// A file that is not whole.
struct PartFile {
    file: File,
    path: PathBuf,
    claim: FileClaim,
    /// How long it is.
    len: u64,
    /// How it begins.
    first: Vec<u8>,
}

/// What a file takes of what there is for all.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Share {
    owner: i64,
    /// The key of its room.
    room: String,
    bytes: u64,
}

impl Share {
    fn of(claim: &FileClaim, bytes: u64) -> Share {
        Share {
            owner: rows::author(claim.owner),
            room: claim.room.key().as_str().into(),
            bytes,
        }
    }
}

impl PartFile {
    /// It takes what was announced, where it was.
    fn share(&self) -> Share {
        Share::of(&self.claim, self.claim.len.unwrap_or(0).max(self.len))
    }
}

impl Uploads {
    pub(super) fn new(
        database: &Path,
        folder: &Path,
        options: FileOptions,
        answers: Answers,
    ) -> Uploads {
        Uploads {
            database: database.into(),
            folder: folder.into(),
            options,
            answers,
            connection: None,
            parts: HashMap::new(),
            unsaid: HashMap::new(),
        }
    }

    pub(super) fn run(mut self, orders: &Receiver<FileOrder>) {
        self.sweep();
        while let Ok(order) = orders.recv() {
            match order {
                FileOrder::Begin { at, claim } => {
                    let begun = self.begin(at, *claim);
                    self.answer(at, FileAnswer::Taken(begun));
                }
                FileOrder::Append { at, bytes } => {
                    let taken = self.append(at, &bytes);
                    self.answer(at, FileAnswer::Taken(taken));
                }
                FileOrder::Finish { at } => {
                    let stored = self.finish(at);
                    self.answer(at, FileAnswer::Stored(stored));
                }
                FileOrder::Abort { at } => self.abort(at),
                FileOrder::Remove(ids) => {
                    for id in ids {
                        self.unsaid.remove(&id);
                        remove(&self.folder.join(id.to_string()));
                    }
                }
                FileOrder::Open { .. } | FileOrder::Read { .. } | FileOrder::Close { .. } => {}
            }
        }
        let begun: Vec<u64> = self.parts.keys().copied().collect();
        begun.into_iter().for_each(|at| self.abort(at));
    }

    fn answer(&self, at: u64, answer: FileAnswer) {
        self.answers.give(Answer::File { at, answer });
    }

    /// Removes what a server before this left that is in no message.
    fn sweep(&mut self) {
        let swept = fs::read_dir(&self.folder).and_then(|entries| {
            for entry in entries {
                let name = entry?.file_name();
                let name = name.to_string_lossy();
                let is_kept = match name.parse() {
                    Ok(id) => self.has_row(id).map_err(io::Error::other)?,
                    // What is not ours is left alone.
                    Err(()) => !name.starts_with(PART),
                };
                if !is_kept {
                    log::info!("the file {name} is in no message: it is removed");
                    remove(&self.folder.join(&*name));
                }
            }
            Ok(())
        });
        if let Err(e) = swept {
            log::error!("files that are in no message may be left: {e}");
        }
    }

    fn connection(&mut self) -> Done<&Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => schema::connect(&self.database, true)?,
        };
        Ok(self.connection.insert(connection))
    }

    fn has_row(&mut self, id: FileId) -> Done<bool> {
        let connection = self.connection()?;
        let mut statement = connection.prepare("SELECT 1 FROM files WHERE id = ?1")?;
        let found: Option<i64> = statement
            .query_row([&id.0[..]], |row| row.get(0))
            .optional()?;
        Ok(found.is_some())
    }

    fn begin(&mut self, at: u64, claim: FileClaim) -> Result<u64, FileFailure> {
        if let Some(part) = self.parts.get(&at) {
            return Ok(part.len);
        }
        self.check_room(&Share::of(&claim, claim.len.unwrap_or(0)), None)?;
        let path = self.folder.join(format!("{PART}{at}"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(&path).map_err(|e| failure(&e))?;
        let part = PartFile {
            file,
            path,
            claim,
            len: 0,
            first: Vec::new(),
        };
        self.parts.insert(at, part);
        Ok(0)
    }

    /// Is there room for one more like that, beside all others but `except`?
    fn check_room(&mut self, share: &Share, except: Option<u64>) -> Result<(), FileFailure> {
        if share.bytes > self.options.bytes_max {
            return Err(FileFailure::TooLong);
        }
        let (mut owned, mut in_room, mut total) = self.used(share).map_err(|e| {
            self.connection = None;
            log::error!("cannot count the files: {e}");
            FileFailure::Broken
        })?;
        let parts = self.parts.iter().filter(|(at, _)| Some(**at) != except);
        let parts = parts.map(|(_, part)| part.share());
        for other in parts.chain(self.unsaid.values().cloned()) {
            total += other.bytes;
            if other.owner == share.owner {
                owned += other.bytes;
            }
            if other.room == share.room {
                in_room += other.bytes;
            }
        }
        let has_room = |used: u64, most: u64| used.saturating_add(share.bytes) <= most;
        let options = &self.options;
        match has_room(owned, options.per_account)
            && has_room(in_room, options.per_room)
            && has_room(total, options.total)
        {
            true => Ok(()),
            false => Err(FileFailure::Full),
        }
    }

    /// What the owner and the room of a share have, and all together, in rows.
    fn used(&mut self, share: &Share) -> Done<(u64, u64, u64)> {
        let unsaid: Vec<FileId> = self.unsaid.keys().copied().collect();
        for id in unsaid {
            if self.has_row(id)? {
                self.unsaid.remove(&id);
            }
        }
        let connection = self.connection()?;
        let by_owner = "SELECT coalesce(sum(size), 0) FROM files WHERE owner = ?1";
        let by_room = "SELECT coalesce(sum(size), 0) FROM files
            WHERE room = (SELECT id FROM rooms WHERE key = ?1)";
        let all = "SELECT coalesce(sum(size), 0) FROM files";
        Ok((
            sum(connection, by_owner, [share.owner])?,
            sum(connection, by_room, [&share.room])?,
            sum(connection, all, [])?,
        ))
    }

    fn append(&mut self, at: u64, bytes: &[u8]) -> Result<u64, FileFailure> {
        let Some(part) = self.parts.get(&at) else {
            return Err(FileFailure::Broken);
        };
        let len = part.len + bytes.len() as u64;
        // What was announced was counted already.
        if part.claim.len.is_none_or(|announced| len > announced) {
            let share = Share {
                bytes: len,
                ..part.share()
            };
            self.check_room(&share, Some(at))
                .inspect_err(|_| self.abort(at))?;
        }
        let Some(part) = self.parts.get_mut(&at) else {
            return Err(FileFailure::Broken);
        };
        if let Err(e) = part.file.write_all(bytes) {
            self.abort(at);
            return Err(failure(&e));
        }
        let wanted = MAGIC_BYTES.saturating_sub(part.first.len());
        part.first
            .extend_from_slice(&bytes[..bytes.len().min(wanted)]);
        part.len = len;
        Ok(len)
    }

    /// Has it on disk, under an id of its own.
    fn finish(&mut self, at: u64) -> Result<SharedFile, FileFailure> {
        let Some(part) = self.parts.remove(&at) else {
            return Err(FileFailure::Broken);
        };
        let mut id = FileId([0; 16]);
        let stored = SystemRandom::new()
            .fill(&mut id.0)
            .map_err(|_| io::Error::other("there is no randomness"))
            .and_then(|()| part.file.sync_all())
            .and_then(|()| fs::rename(&part.path, self.folder.join(id.to_string())))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        if let Err(e) = stored {
            remove(&part.path);
            remove(&self.folder.join(id.to_string()));
            return Err(failure(&e));
        }
        self.unsaid.insert(id, Share::of(&part.claim, part.len));
        Ok(SharedFile {
            id,
            size: part.len,
            mime: MimeType::of(&part.claim.mime, &part.first),
            name: part.claim.name,
        })
    }

    fn abort(&mut self, at: u64) {
        if let Some(part) = self.parts.remove(&at) {
            remove(&part.path);
        }
    }
}

fn sum(connection: &Connection, sql: &str, of: impl Params) -> Done<u64> {
    let mut statement = connection.prepare(sql)?;
    let bytes: i64 = statement.query_row(of, |row| row.get(0))?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// What a failure of the disk is for who sends a file.
fn failure(e: &io::Error) -> FileFailure {
    log::error!("a file cannot be kept: {e}");
    match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FileFailure::Full,
        _ => FileFailure::Broken,
    }
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            log::error!("{} cannot be removed: {e}", path.display());
        }
        _ => {}
    }
}

/// The row of a file whose message is written in the same transaction.
pub(in crate::store) fn share(
    connection: &Connection,
    file: &SharedFile,
    (message, room, owner): (i64, i64, i64),
) -> Done<()> {
    let mut statement =
        connection.prepare("INSERT OR IGNORE INTO files VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let id = &file.id.0[..];
    statement.execute((id, message, room, owner, integer(file.size)))?;
    Ok(())
}
