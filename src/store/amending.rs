//! A message is another than before: in other words, or with other reactions.

use rusqlite::{Connection, OptionalExtension as _, Result as Done, Statement, params};

use crate::model::{Amendment, MessageId, terms};

use super::rows::{self, integer};

/// What amends a message of a room, or of one user to another.
pub(super) struct Rewriting<'c> {
    find: Statement<'c>,
    find_private: Statement<'c>,
    mark: [Statement<'c>; 2],
    write: [Statement<'c>; 2],
    unlist: Statement<'c>,
    list: Statement<'c>,
}

impl<'c> Rewriting<'c> {
    pub(super) fn prepared(connection: &'c Connection) -> Done<Rewriting<'c>> {
        let prepare = |sql: &str| connection.prepare(sql);
        Ok(Rewriting {
            find: prepare(
                "SELECT marks, octet_length(text), octet_length(nick), room FROM messages WHERE id = ?1",
            )?,
            find_private: prepare("SELECT marks FROM privates WHERE id = ?1")?,
            mark: [
                prepare("UPDATE messages SET marks = ?2 WHERE id = ?1")?,
                prepare("UPDATE privates SET marks = ?2 WHERE id = ?1")?,
            ],
            write: [
                prepare("UPDATE messages SET text = ?2 WHERE id = ?1")?,
                prepare("UPDATE privates SET text = ?2 WHERE id = ?1")?,
            ],
            unlist: prepare("DELETE FROM terms WHERE rowid = ?1")?,
            list: prepare("INSERT INTO terms (rowid, text) VALUES (?1, ?2)")?,
        })
    }

    /// Amends a message. Of one that was said in a room the row of that is returned, and what it weighed before and
    /// weighs now, where that is another. The bytes of a text that is replaced are overwritten, as those of a message
    /// that is deleted are.
    pub(super) fn execute(
        &mut self,
        connection: &Connection,
        message: MessageId,
        amendment: &Amendment,
    ) -> Done<Option<(i64, [u64; 2])>> {
        let id = integer(message.0);
        let in_room = self.find.query_row([id], |row| {
            let bytes = |at| {
                row.get::<_, i64>(at)
                    .map(|n| usize::try_from(n).unwrap_or(0))
            };
            let room: i64 = row.get(3)?;
            Ok((rows::marks_at(row, 0)?, Some((room, bytes(1)?, bytes(2)?))))
        });
        let found = match in_room.optional()? {
            Some(found) => Some(found),
            None => {
                let private =
                    (self.find_private).query_row([id], |row| Ok((rows::marks_at(row, 0)?, None)));
                private.optional()?
            }
        };
        let Some((marks, in_room)) = found else {
            return Ok(None);
        };
        let table = usize::from(in_room.is_none());
        let mut marks = marks.unwrap_or_default();
        marks.amend(amendment);
        self.mark[table].execute(params![id, rows::marks(Some(&marks))])?;
        let Amendment::Edited(text) = amendment else {
            return Ok(None);
        };
        connection.pragma_update(None, "secure_delete", true)?;
        self.write[table].execute(params![id, text])?;
        connection.pragma_update(None, "secure_delete", false)?;
        let Some((room, before, nick)) = in_room else {
            return Ok(None);
        };
        let listed =
            rows::meta(connection, "unindexed_id")?..=rows::meta(connection, "indexed_id")?;
        if listed.contains(&id) {
            self.unlist.execute([id])?;
            self.list.execute(params![id, terms(text)])?;
        }
        let weights = [before, text.len()].map(|bytes| rows::weight(bytes, nick));
        Ok(Some((room, weights)))
    }
}
