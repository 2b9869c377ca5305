//! The thread that reads files.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Result as Done};

use crate::model::{FileId, RoomName, SharedFile};

use super::super::rows;
use super::super::shared::{Answers, Shared};
use super::super::{Answer, schema};
use super::{FileAnswer, FileOrder, FoundFile};

/// A link may be told a moment before its file's row is on disk: so long that is waited for.
const COMMIT: Duration = Duration::from_millis(250);

pub(super) struct Downloads {
    database: PathBuf,
    shared: Arc<Shared>,
    folder: PathBuf,
    /// How long a file is there, in milliseconds, even where it is not removed yet.
    expiry_ms: Option<u64>,
    answers: Answers,
    connection: Option<Connection>,
    open: HashMap<u64, File>,
}

impl Downloads {
    pub(super) fn new(
        database: &Path,
        folder: PathBuf,
        expiry_ms: Option<u64>,
        answers: Answers,
        shared: Arc<Shared>,
    ) -> Downloads {
        Downloads {
            database: database.into(),
            shared,
            folder,
            expiry_ms,
            answers,
            connection: None,
            open: HashMap::new(),
        }
    }

    pub(super) fn run(mut self, orders: &Receiver<FileOrder>) {
        while let Ok(order) = orders.recv() {
            match order {
                FileOrder::Open { at, id } => {
                    let found = self.open(at, id);
                    self.answer(at, FileAnswer::Opened(found.map(Box::new)));
                }
                FileOrder::Read { at, from, len } => {
                    let piece = self.read(at, from, len);
                    self.answer(at, FileAnswer::Piece(piece));
                }
                FileOrder::Close { at } => drop(self.open.remove(&at)),
                FileOrder::Begin { .. }
                | FileOrder::Append { .. }
                | FileOrder::Finish { .. }
                | FileOrder::Abort { .. }
                | FileOrder::Remove(_) => {}
            }
        }
    }

    fn answer(&self, at: u64, answer: FileAnswer) {
        self.answers.give(Answer::File { at, answer });
    }

    fn open(&mut self, at: u64, id: FileId) -> Option<FoundFile> {
        let mut found = self.find(id);
        if matches!(found, Ok(None)) && self.shared.is_waiting() {
            self.shared.await_commits(COMMIT);
            found = self.find(id);
        }
        let found = match found {
            Ok(found) => found?,
            Err(e) => {
                self.connection = None;
                log::error!("cannot look a file up: {e}");
                return None;
            }
        };
        match File::open(self.folder.join(id.to_string())) {
            Ok(file) => {
                self.open.insert(at, file);
                Some(found)
            }
            Err(e) => {
                log::error!("the file {id} cannot be read: {e}");
                None
            }
        }
    }

    fn find(&mut self, id: FileId) -> Done<Option<FoundFile>> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => schema::connect(&self.database, true)?,
        };
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ms = now_ms.unwrap_or_default().as_millis() as u64;
        let oldest_ms = self.expiry_ms.map_or(0, |ms| now_ms.saturating_sub(ms));
        let oldest_ms = rows::integer(oldest_ms);
        let connection = self.connection.insert(connection);
        let mut statement = connection.prepare(
            "SELECT messages.id, messages.text, rooms.name FROM files
            JOIN messages ON messages.id = files.message JOIN rooms ON rooms.id = messages.room
            WHERE files.id = ?1 AND messages.ms >= ?2",
        )?;
        let found = statement.query_row((&id.0[..], oldest_ms), |row| {
            let (text, room): (String, String) = (row.get(1)?, row.get(2)?);
            let parts = SharedFile::parse(&text).zip(RoomName::parse(&room));
            let message = rows::id_of(row.get(0)?);
            Ok(parts.map(|(file, room)| FoundFile {
                file,
                room,
                message,
            }))
        });
        Ok(found.optional()?.flatten())
    }

    /// As much as can be read, of what is wanted.
    fn read(&self, at: u64, from: u64, len: usize) -> Vec<u8> {
        let mut piece = vec![0; len];
        let read = match self.open.get(&at) {
            Some(file) => file.read_exact_at(&mut piece, from),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        if let Err(e) = read {
            log::error!("a file cannot be read on: {e}");
            piece.clear();
        }
        piece
    }
}
