//! The search index as the writer keeps it: messages come into it a little at a time, when nothing waits,
//! and so does what was in the index of an older version, the latest messages first.

use rusqlite::{Connection, Result as Done, Statement, params};

use crate::model::terms;

use super::rows::{self, integer};
use super::step::{ROWS, StepBudget};

/// Messages, and bytes of their text, that are put into a new index in one step: one run of ids, of which
/// the index makes one segment.
const RENEWED: (usize, usize) = (512, 64 * 1024);

/// Rows of an old index that are removed in one step: small ones, and those of 4 KiB.
const REMOVED: (usize, usize) = (4096, 256);

/// Pages (4 KiB) of segments of the index that are merged in a step: some 100 us each.
const MERGED_PAGES: usize = 16;

pub(super) struct Index<'c> {
    unindexed: Statement<'c>,
    older: Statement<'c>,
    insert: Statement<'c>,
    delete: Statement<'c>,
    set_through: Statement<'c>,
    set_from: Statement<'c>,
    merge: Statement<'c>,
    extent: Extent,
    /// As far as it is committed.
    committed: Extent,
    /// Are there segments to be merged?
    is_merging: bool,
}

/// Which messages are in the index.
#[derive(Clone, Copy)]
struct Extent {
    /// None before this.
    from: u64,
    /// All others up to this.
    through: u64,
    /// Is there something left of an old index?
    has_old: bool,
}

impl<'c> Index<'c> {
    pub(super) fn new(connection: &'c Connection) -> Done<Index<'c>> {
        let prepare = |sql: &str| connection.prepare(sql);
        let id = |key| rows::meta(connection, key).map(|id| rows::id_of(id).0);
        let extent = Extent {
            from: id("unindexed_id")?,
            through: id("indexed_id")?,
            has_old: prepare("SELECT 1 FROM sqlite_master WHERE name = 'search_config'")?
                .exists([])?,
        };
        Ok(Index {
            unindexed: prepare(&format!(
                "SELECT id, text FROM messages WHERE id > ?1 AND manner < 3 ORDER BY id LIMIT {ROWS}"
            ))?,
            older: prepare(&format!(
                "SELECT id, text FROM messages WHERE id < ?1 AND manner < 3 ORDER BY id DESC LIMIT {}",
                RENEWED.0
            ))?,
            insert: prepare("INSERT INTO terms (rowid, text) VALUES (?1, ?2)")?,
            delete: prepare("DELETE FROM terms WHERE rowid = ?1")?,
            set_through: prepare("UPDATE meta SET value = ?1 WHERE key = 'indexed_id'")?,
            set_from: prepare("UPDATE meta SET value = ?1 WHERE key = 'unindexed_id'")?,
            merge: prepare(&format!(
                "INSERT INTO terms (terms, rank) VALUES ('merge', {MERGED_PAGES})"
            ))?,
            extent,
            committed: extent,
            is_merging: true,
        })
    }

    /// Every message up to this is in it, but for those of an old index.
    pub(super) fn through(&self) -> u64 {
        self.extent.through
    }

    /// The transaction is over, in which the other methods were called.
    pub(super) fn end(&mut self, is_committed: bool) {
        match is_committed {
            true => self.committed = self.extent,
            false => self.extent = self.committed,
        }
    }

    /// A message is kept no more.
    pub(super) fn forget(&mut self, id: i64) -> Done<()> {
        if (self.extent.from..=self.extent.through).contains(&rows::id_of(id).0) {
            self.delete.execute([id])?;
        }
        Ok(())
    }

    /// Merges a little, or takes in some messages, of which `last` is the last. `false`: there is more.
    pub(super) fn go_on(
        &mut self,
        connection: &Connection,
        last: u64,
        step: &StepBudget,
    ) -> Done<bool> {
        if self.is_merging {
            // SQLite says that there was nothing to merge by changing less than two rows.
            let before = connection.total_changes();
            self.merge.execute([])?;
            self.is_merging = connection.total_changes() - before >= 2;
            return Ok(false);
        }
        let begun_with = self.extent.through;
        let is_all = loop {
            let mut rows = self.unindexed.query([integer(self.extent.through)])?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                let (id, text) = (row.get(0)?, row.get_ref(1)?.as_str()?);
                self.insert.execute(params![id, terms(text)])?;
                self.extent.through = rows::id_of(id).0;
                self.is_merging = true;
                count += 1;
            }
            drop(rows);
            if count < ROWS {
                break true;
            }
            if step.is_over() {
                break false;
            }
        };
        if self.extent.through > begun_with {
            self.set_through.execute([integer(self.extent.through)])?;
        }
        if is_all {
            self.extent.through = self.extent.through.max(last);
        }
        Ok(is_all)
    }

    /// Removes a little of an old index, or takes in some of the messages that were in it. `false`: there
    /// is more.
    pub(super) fn renew(&mut self, connection: &Connection) -> Done<bool> {
        if self.extent.has_old {
            self.extent.has_old = !remove_old(connection)?;
            return Ok(false);
        }
        if self.extent.from == 0 {
            return Ok(true);
        }
        let mut rows = self.older.query([integer(self.extent.from)])?;
        let (mut found, mut bytes) = (Vec::new(), 0);
        while bytes < RENEWED.1
            && let Some(row) = rows.next()?
        {
            let text: String = row.get(1)?;
            bytes += text.len();
            found.push((row.get(0)?, text));
        }
        drop(rows);
        self.extent.from = found.last().map_or(0, |&(id, _)| rows::id_of(id).0);
        for (id, text) in found.iter().rev() {
            self.insert.execute(params![id, terms(text)])?;
            self.is_merging = true;
        }
        self.set_from.execute([integer(self.extent.from)])?;
        Ok(false)
    }
}

/// Removes a little of the tables that an index was made of (as FTS5's documentation names them), and at
/// last the tables. `false`: there is more.
fn remove_old(connection: &Connection) -> Done<bool> {
    let delete = |table: &str, count: usize| {
        let sql = format!("DELETE FROM {table} WHERE id IN (SELECT id FROM {table} LIMIT {count})");
        connection.execute(&sql, [])
    };
    let is_empty =
        delete("search_docsize", REMOVED.0)? == 0 && delete("search_data", REMOVED.1)? == 0;
    if is_empty {
        connection.execute_batch(
            "DROP TABLE search_docsize; DROP TABLE search_data; DROP TABLE search_idx;
            DROP TABLE search_config",
        )?;
    }
    Ok(is_empty)
}
