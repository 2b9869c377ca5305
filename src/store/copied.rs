//! What a server of a cluster has on disk, and a copy of another's instead.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Result as Done};

use crate::model::{MessageId, Position};

use super::place::{self, LockedDir};
use super::schema::{self, Readable};
use super::{backup, rows};

/// What a copy is called until it is whole.
const COPY: &str = "copied.db";

/// Takes the next piece of a copy.
type TakePiece<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// What a directory has of a cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct KeptStanding {
    /// Which cluster.
    pub(crate) cluster: Option<u64>,
    /// Up to where its log is in it.
    pub(crate) applied: Option<Position>,
    /// The last message that was said up to there.
    pub(crate) last: MessageId,
    /// Is nothing there that was said, and no account?
    pub(crate) is_empty: bool,
}

/// What a directory has, which may be none.
///
/// # Errors
/// One line: another server has it, or it cannot be read.
pub(crate) fn standing(dir: &Path) -> Result<KeptStanding, String> {
    let place = LockedDir::take(dir)?;
    standing_of(&place.database())
}

fn standing_of(path: &Path) -> Result<KeptStanding, String> {
    let cannot = |e: rusqlite::Error| format!("cannot read {}: {e}", path.display());
    let connection = schema::connect(path, true).map_err(cannot)?;
    match schema::readable(&connection, path)? {
        Readable::Nothing => Ok(KeptStanding {
            is_empty: true,
            ..KeptStanding::default()
        }),
        Readable::Older | Readable::All => read(&connection).map_err(cannot),
    }
}

/// What is noted of a cluster in a database.
///
/// # Errors
/// The database's.
pub(super) fn read(connection: &Connection) -> Done<KeptStanding> {
    let number = |key: &str| {
        let sql = "SELECT value FROM meta WHERE key = ?1";
        let found: Option<i64> = connection
            .query_row(sql, [key], |row| row.get(0))
            .optional()?;
        Ok::<_, rusqlite::Error>(found.map(|number| u64::try_from(number).unwrap_or(0)))
    };
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM accounts) AND NOT EXISTS (SELECT 1 FROM messages)
        AND NOT EXISTS (SELECT 1 FROM privates)";
    Ok(KeptStanding {
        cluster: number("cluster_id")?,
        applied: match (number("cluster_ms")?, number("cluster_seq")?) {
            (Some(ms), Some(seq)) => Some(Position { ms, seq }),
            _ => None,
        },
        last: MessageId(number("cluster_last")?.unwrap_or(0)),
        is_empty: connection.query_row(sql, [], |row| row.get(0))?,
    })
}

/// Notes up to where a cluster's log is in a database, within a transaction that is open.
///
/// # Errors
/// The database's.
pub(super) fn note(
    connection: &Connection,
    cluster: u64,
    at: Position,
    last: MessageId,
) -> Done<()> {
    let sql = "INSERT OR REPLACE INTO meta VALUES
        ('cluster_id', ?1), ('cluster_ms', ?2), ('cluster_seq', ?3), ('cluster_last', ?4)";
    let numbers = [cluster, at.ms, at.seq, last.0].map(rows::integer);
    connection.execute(sql, numbers)?;
    Ok(())
}

/// Has `write` write a copy, which takes the place of what is in the directory if it is whole and has the log at least
/// up to `from`. `false`: it has not.
///
/// # Errors
/// One line: another server has the directory, it cannot be written to, or what `write` says.
pub(crate) fn replace(
    dir: &Path,
    from: Position,
    write: &mut dyn FnMut(&mut TakePiece<'_>) -> Result<bool, String>,
) -> Result<bool, String> {
    let place = LockedDir::take(dir)?;
    let path = dir.join(COPY);
    let cannot = |e: io::Error| format!("cannot write {}: {e}", path.display());
    let mut file = place::new_file(&path).map_err(cannot)?;
    let is_whole = write(&mut |piece| file.write_all(piece))?;
    file.sync_all().map_err(cannot)?;
    let is_good = is_whole && standing_of(&path)?.applied >= Some(from);
    match is_good {
        true => place.put(&path)?,
        false => fs::remove_file(&path).map_err(cannot)?,
    }
    Ok(is_good)
}

/// A copy of what is in a directory, for another server. `name` is nobody else's.
///
/// # Errors
/// As [`backup::backup`].
pub(crate) fn make_copy(dir: &Path, name: &str) -> Result<std::path::PathBuf, String> {
    let path = dir.join(format!("copy-{name}.db"));
    backup::backup(dir, &path).map(|_| path)
}

/// Copies that were under way when a server was killed are of no use.
pub(super) fn clear(dir: &Path) {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == COPY || name.starts_with("copy-") && name.ends_with(".db") {
            let _: io::Result<()> = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read() {
        let connection = schema::in_memory();
        let empty = read(&connection).expect("read");
        assert!(empty.is_empty && empty.applied.is_none() && empty.cluster.is_none());
        let at = Position { ms: 7, seq: 3 };
        for cluster in [1, u64::MAX >> 1] {
            note(&connection, cluster, at, MessageId(9)).expect("noted");
            let read = read(&connection).expect("read");
            assert_eq!((read.cluster, read.applied), (Some(cluster), Some(at)));
            assert_eq!(read.last, MessageId(9));
        }
    }
}
