//! A message is forgotten at once, and nothing of it stays in the rows.

use rusqlite::{Connection, OptionalExtension as _, Result as Done, Statement};

use crate::model::MessageId;

use super::rows::{self, integer};

/// What forgets a message of a room, or of one user to another.
pub(super) struct Erasure<'c> {
    find: Statement<'c>,
    message: Statement<'c>,
    terms: Statement<'c>,
    private: Statement<'c>,
}

impl<'c> Erasure<'c> {
    pub(super) fn prepared(connection: &'c Connection) -> Done<Erasure<'c>> {
        let prepare = |sql: &str| connection.prepare(sql);
        Ok(Erasure {
            find: prepare(
                "SELECT room, octet_length(text), octet_length(nick) FROM messages WHERE id = ?1",
            )?,
            message: prepare("DELETE FROM messages WHERE id = ?1")?,
            terms: prepare("DELETE FROM terms WHERE rowid = ?1")?,
            private: prepare("DELETE FROM privates WHERE id = ?1")?,
        })
    }

    /// Forgets a message. Of one that was said in a room the row of that, and what it weighed, are returned. The
    /// bytes are overwritten (`secure_delete`), also in pages that become free; of the search index only the entry
    /// is gone until its segments are merged.
    pub(super) fn execute(
        &mut self,
        connection: &Connection,
        message: MessageId,
    ) -> Done<Option<(i64, u64)>> {
        let id = integer(message.0);
        let found = self.find.query_row([id], |row| {
            let bytes = |at| {
                row.get::<_, i64>(at)
                    .map(|n| usize::try_from(n).unwrap_or(0))
            };
            Ok((row.get(0)?, rows::weight(bytes(1)?, bytes(2)?)))
        });
        let found = found.optional()?;
        connection.pragma_update(None, "secure_delete", true)?;
        match found {
            Some(_) => {
                self.terms.execute([id])?;
                self.message.execute([id])?;
            }
            None => drop(self.private.execute([id])?),
        }
        connection.pragma_update(None, "secure_delete", false)?;
        Ok(found)
    }
}
