//! All that was said in a room, as a file of JSON lines: written some pages at a time, for others ask, too.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Result as Done, Row};
use serde_json::json;

use crate::model::{Found, Message, RoomName, SharedFile};

use super::find::room_row;
use super::rows;

/// Messages that are written at a time.
const PAGE: usize = 1_000;

pub(super) struct Export {
    room: RoomName,
    file: BufWriter<File>,
    /// The name that it has until it is whole.
    temporary: PathBuf,
    path: PathBuf,
    after: i64,
    count: u64,
    is_whole: bool,
}

impl Export {
    /// Begins a file in `DIR/exports` that is named after the room and the time.
    pub(super) fn begin(database: &Path, room: &RoomName) -> io::Result<Export> {
        let folder = database.parent().unwrap_or(Path::new(".")).join("exports");
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        let time = chrono::Local::now().format("%Y%m%d-%H%M%S");
        // A room's name is of letters, digits, `_` and `-`: no path can be made of it.
        let name = format!("{room}-{time}");
        let free = |n: u32| match n {
            1 => folder.join(format!("{name}.jsonl")),
            n => folder.join(format!("{name}-{n}.jsonl")),
        };
        for path in (1..100).map(free).filter(|path| !path.exists()) {
            let temporary = path.with_extension("part");
            let mut options = OpenOptions::new();
            match options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&temporary)
            {
                Ok(file) => {
                    return Ok(Export {
                        room: room.clone(),
                        file: BufWriter::new(file),
                        temporary,
                        path,
                        after: 0,
                        count: 0,
                        is_whole: false,
                    });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Writes some more; `None`: there is still more. `through` is the last message that is meant.
    ///
    /// # Errors
    /// One line. The file is gone then.
    pub(super) fn go_on(
        &mut self,
        connection: &Connection,
        through: i64,
    ) -> Result<Option<Found>, String> {
        let cannot = |e: io::Error| format!("cannot write {}: {e}", self.temporary.display());
        let lines = page(connection, &self.room, self.after, through);
        let lines = lines.map_err(|e| format!("cannot read what is to be exported: {e}"))?;
        let is_last = lines.len() < PAGE;
        for (id, line) in lines {
            self.after = id;
            writeln!(self.file, "{line}").map_err(cannot)?;
            self.count += 1;
        }
        if !is_last {
            return Ok(None);
        }
        self.file.flush().map_err(cannot)?;
        self.file.get_ref().sync_all().map_err(cannot)?;
        fs::rename(&self.temporary, &self.path).map_err(cannot)?;
        self.is_whole = true;
        Ok(Some(Found::Exported {
            path: self.path.display().to_string(),
            count: self.count,
        }))
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        if !self.is_whole {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

type ExportedLine = (i64, String);

fn page(
    connection: &Connection,
    room: &RoomName,
    after: i64,
    through: i64,
) -> Done<Vec<ExportedLine>> {
    let transaction = connection.unchecked_transaction()?;
    let Some((row, _)) = room_row(&transaction, room)? else {
        return Ok(Vec::new());
    };
    let mut statement = transaction.prepare(&format!(
        "SELECT id, ms, nick, manner, text, author, marks FROM messages
        WHERE room = ?1 AND id > ?2 AND id <= ?3 AND manner < 3 ORDER BY id LIMIT {PAGE}"
    ))?;
    let found = statement.query_map([row, after, through], |row: &Row<'_>| {
        let message = rows::message(row)?;
        Ok((row.get(0)?, json_line(room, &message)))
    })?;
    found.collect()
}

/// A message as a line of JSON, without the line's end.
pub(crate) fn json_line(room: &RoomName, message: &Message) -> String {
    let mut line = json!({
        "id": message.id.0,
        "room": room.as_str(),
        "username": message.nick.as_str(),
        "kind": message.manner.name(),
        "message": message.text,
        "timestamp": message.unix_ms as f64 / 1000.0,
    });
    if let Some(file) = SharedFile::of(message) {
        line["message"] = file.to_string().into();
        line["file"] = json!({
            "id": file.id.to_string(),
            "name": file.name.as_str(),
            "size": file.size,
            "mime": file.mime.as_str(),
        });
    }
    if let Some(marks) = &message.marks {
        if let Some(to) = &marks.reply_to {
            line["reply_to"] = to.id.0.into();
        }
        if marks.is_edited {
            line["edited"] = true.into();
        }
        for (reaction, all) in &marks.reactions {
            let names = all.iter().map(|it| it.nick.as_str());
            line["reactions"][reaction.as_str()] = names.collect();
        }
    }
    line.to_string()
}
