//! Files whose messages are gone: the threads that have the files are told when that is committed.

use std::sync::mpsc::Sender;

use rusqlite::{Connection, Result as Done, Row};

use crate::model::FileId;

use super::FileOrder;

/// To whom it is told; nobody, where no files are shared.
pub(super) struct Gone(pub(super) Option<Sender<FileOrder>>);

impl Gone {
    /// Has the connection note, with each commit, whose rows are removed by whatever removes their messages.
    pub(super) fn watch(&self, connection: &Connection) -> Done<()> {
        match self.0.is_some() {
            true => connection.execute_batch(
                "CREATE TEMP TABLE IF NOT EXISTS files_gone (id BLOB);
                CREATE TEMP TRIGGER IF NOT EXISTS file_gone AFTER DELETE ON main.files
                BEGIN
                    INSERT INTO files_gone VALUES (OLD.id);
                END;",
            ),
            false => Ok(()),
        }
    }

    /// Tells of those that are gone since.
    pub(super) fn tell(&self, connection: &Connection) -> Done<()> {
        let Some(remover) = &self.0 else {
            return Ok(());
        };
        let mut found = connection.prepare("SELECT id FROM temp.files_gone")?;
        let id = |row: &Row<'_>| row.get(0).map(FileId);
        let ids: Done<Vec<FileId>> = found.query_map([], id)?.collect();
        let ids = ids?;
        if !ids.is_empty() {
            // After it is gone the next start removes them.
            let _ = remover.send(FileOrder::Remove(ids));
            connection.execute("DELETE FROM temp.files_gone", [])?;
        }
        Ok(())
    }
}
