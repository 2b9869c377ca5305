//! The start: the database is opened, or set aside and begun anew, and what the hub begins with is read.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Result as Done};

use crate::limits::IDS_RESERVED;
use crate::model::{
    AccountId, Found, HashSeed, Kept, KeptScrollback, MessageId, Query, RoomName, RoomRecord,
    Window,
};

use super::Options;
use super::accounts;
use super::copied;
use super::find::find;
use super::place::LockedDir;
use super::rows::{self, ROOM_COLUMNS, integer};
use super::schema::{self, OpenError};
use super::upkeep;

/// # Errors
/// One line: the database is broken and is not to be set aside, or cannot be used.
pub(super) fn start(place: &LockedDir, options: &Options) -> Result<(Connection, Kept), String> {
    let path = place.database();
    let shown = path.display();
    let kept_as = (options.replay, options.is_shared);
    let how = match open(place, kept_as, 0) {
        Ok(opened) => return Ok(opened),
        Err(OpenError::Other(line)) => return Err(line),
        Err(OpenError::Broken(how)) if !options.sets_aside => {
            return Err(format!(
                "{shown} is broken ({how}): put a good copy there, or start with --data-set-aside to \
                 have it renamed and begin anew"
            ));
        }
        Err(OpenError::Broken(how)) => how,
    };
    let aside = place.set_aside()?;
    log::error!(
        "{shown} is broken ({how}): it is kept as {}, and history begins anew",
        aside.display()
    );
    // Which ids were given out stood in there. No server ever said a thousand messages a second since 1970.
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let above_all = u64::try_from(now.as_millis()).unwrap_or(0);
    open(place, kept_as, above_all).map_err(|refusal| match refusal {
        OpenError::Broken(how) | OpenError::Other(how) => how,
    })
}

fn open(
    place: &LockedDir,
    kept_as: (usize, bool),
    above: u64,
) -> Result<(Connection, Kept), OpenError> {
    let path = place.database();
    let connection = schema::open(&path)?;
    // What was found in the log may never have reached the disk, where an fsync of the server before
    // failed: nothing is built on it before it is in the database, and that is synced.
    let emptied = upkeep::empty_log(&connection);
    match emptied.and_then(|()| read(&connection, kept_as, above)) {
        Ok(kept) => Ok((connection, kept)),
        Err(e) => Err(schema::refusal(&path, &e)),
    }
}

/// Reads what the hub begins with, and reserves ids for it.
fn read(connection: &Connection, (replay, is_shared): (usize, bool), above: u64) -> Done<Kept> {
    let reserved = reserve(connection, above)?;
    let standing = copied::read(connection)?;
    let applied = standing.applied.filter(|_| is_shared);
    // The ids of a cluster come of its log, of which all up to there is on disk.
    let last_id = applied.map_or(reserved, |_| standing.last);
    // One that was to be kept as its owner's when that was gone already is nobody's.
    connection.execute(
        "UPDATE rooms SET owner = NULL, since = 0, topic = NULL, room_key = NULL, topic_locked = 0,
            invite_only = 0, moderators = '[]', rest = '{}'
        WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM accounts)",
        [],
    )?;
    let rooms = rooms(connection)?;
    let lobby = std::iter::once(RoomName::lobby());
    let names = lobby.chain(
        rooms
            .iter()
            .map(|room| room.name.clone())
            .filter(|name| !name.is_lobby()),
    );
    let window = Window::last(replay);
    let mut scrollbacks = Vec::new();
    for room in names {
        let query = Query::History {
            room: room.clone(),
            guarded_from: MessageId(0),
            through: MessageId(0),
            window,
        };
        if let Found::Messages {
            messages, has_more, ..
        } = find(connection, &query, last_id)?
            && (has_more || !messages.is_empty())
        {
            scrollbacks.push(KeptScrollback {
                room,
                messages,
                has_more,
            });
        }
    }
    let listed = accounts::list(connection)?;
    Ok(Kept {
        last_id,
        last_ms: last_ms(connection)?,
        accounts: listed.into_iter().map(|account| account.record).collect(),
        rooms,
        scrollbacks,
        tokens: accounts::tokens(connection)?,
        ran_ms: u64::try_from(rows::meta(connection, "ran_ms")?).unwrap_or(0),
        cloak_key: cloak_key(connection)?,
        notes: accounts::notes(connection)?,
        uses: accounts::uses(connection)?,
        applied,
        codes: accounts::all_codes(connection)?,
        last_account: last_account(connection)?,
    })
}

/// The last id that may have been given out. More are reserved before the first is.
fn reserve(connection: &Connection, above: u64) -> Done<MessageId> {
    let reserved = rows::meta(connection, "reserved_id")?;
    let last = |table: &str| {
        let sql = format!("SELECT coalesce(max(id), 0) FROM {table}");
        connection.query_row(&sql, [], |row| row.get::<_, i64>(0))
    };
    let last = reserved
        .max(last("messages")?)
        .max(last("privates")?)
        .max(integer(above));
    connection.execute(
        "UPDATE meta SET value = ?1 WHERE key = 'reserved_id'",
        [last.saturating_add(integer(IDS_RESERVED))],
    )?;
    Ok(rows::id_of(last))
}

/// The key that the database is given at the first start which needs it. SQLite draws it from the system's randomness.
fn cloak_key(connection: &Connection) -> Done<HashSeed> {
    let sql = "INSERT OR IGNORE INTO meta VALUES ('cloak_key', randomblob(16))";
    connection.execute(sql, [])?;
    let sql = "SELECT value FROM meta WHERE key = 'cloak_key'";
    let key: [u8; 16] = connection.query_row(sql, [], |row| row.get(0))?;
    let key = u128::from_le_bytes(key);
    Ok(HashSeed((key >> 64) as u64, key as u64))
}

/// The highest id that an account has had.
fn last_account(connection: &Connection) -> Done<AccountId> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'accounts'";
    let last: Option<i64> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(last.and_then(rows::account_of).unwrap_or_default())
}

/// When the last message was said.
fn last_ms(connection: &Connection) -> Done<u64> {
    let sql = "SELECT ms FROM (SELECT * FROM (SELECT id, ms FROM messages ORDER BY id DESC LIMIT 1)
        UNION ALL SELECT * FROM (SELECT id, ms FROM privates ORDER BY id DESC LIMIT 1))
        ORDER BY id DESC LIMIT 1";
    let ms: Option<i64> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0))
}

fn rooms(connection: &Connection) -> Done<Vec<RoomRecord>> {
    let sql = format!("SELECT {ROOM_COLUMNS} FROM rooms WHERE owner IS NOT NULL ORDER BY id");
    let mut statement = connection.prepare(&sql)?;
    let found = statement.query_map([], rows::room)?;
    let found: Done<Vec<_>> = found.collect();
    Ok(found?.into_iter().flatten().collect())
}
