//! What is kept, read from beside: while a server writes, or when it is gone.

use std::path::Path;

use rusqlite::{Connection, Result as Done, params};

use crate::model::{Message, RoomName};

use super::find::room_row;
use super::rows::{self, integer};
use super::schema::Readable;
use super::times::{self, Span};
use super::{place, schema};

/// Rows that are read at a time: no transaction is as long as its reader's patience, for the log that it
/// looks at cannot be emptied meanwhile.
const PAGE: usize = 1_000;

/// Shows what was said in a room, or in all, since a time (milliseconds since 1970), in the order of the ids,
/// until `show` says `false`.
///
/// # Errors
/// One line: there is nothing kept in the directory, or it cannot be read.
pub(crate) fn each_message(
    dir: &Path,
    room: Option<&RoomName>,
    since_ms: u64,
    mut show: impl FnMut(&RoomName, &Message) -> bool,
) -> Result<(), String> {
    let path = place::database(dir);
    let shown = path.display();
    if !path.exists() {
        return Err(format!("there is no history in {}", dir.display()));
    }
    let cannot = |e: rusqlite::Error| format!("cannot read {shown}: {e}");
    let connection = schema::connect(&path, true).map_err(cannot)?;
    let all = Span {
        first: 0,
        end: i64::MAX,
    };
    let spans = match schema::readable(&connection, &path)? {
        Readable::Nothing => return Ok(()),
        Readable::Older => vec![all],
        Readable::All => times::since(&connection, all, since_ms).map_err(cannot)?,
    };
    let row = match room.map(|room| room_row(&connection, room)) {
        None => None,
        Some(found) => match found.map_err(cannot)? {
            Some((row, _)) => Some(row),
            None => return Ok(()),
        },
    };
    let marks = match schema::has_marks(&connection).map_err(cannot)? {
        true => "m.marks",
        false => "NULL",
    };
    for mut span in spans {
        loop {
            let page = page(&connection, (row, marks), span, since_ms).map_err(cannot)?;
            let Some(&(last, _)) = page.last() else {
                break;
            };
            span.first = last + 1;
            for (_, (room, message)) in &page {
                if !show(room, message) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

type PrintedRow = (i64, (RoomName, Message));

fn page(
    connection: &Connection,
    (row, marks): (Option<i64>, &str),
    span: Span,
    since_ms: u64,
) -> Done<Vec<PrintedRow>> {
    let of_room = if row.is_some() {
        "m.room = ?1"
    } else {
        "?1 IS NULL"
    };
    let mut statement = connection.prepare(&format!(
        "SELECT m.id, m.ms, m.nick, m.manner, m.text, 0, {marks}, rooms.name
        FROM messages AS m CROSS JOIN rooms ON rooms.id = m.room
        WHERE {of_room} AND m.id >= ?2 AND m.id < ?3 AND m.ms >= ?4 AND m.manner < 3 ORDER BY m.id LIMIT {PAGE}"
    ))?;
    let found = statement.query_map(
        params![row, span.first, span.end, integer(since_ms)],
        |row| {
            let room = RoomName::nearest(row.get_ref(7)?.as_str()?);
            Ok((row.get(0)?, (room, rows::message(row)?)))
        },
    )?;
    found.collect()
}
