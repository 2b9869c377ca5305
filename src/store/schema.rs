//! The database's form: its tables, its version, and how one of an older version becomes one of this.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Result as Done};

use super::names;

/// What says that a database is ours (`PRAGMA application_id`): "Hubb".
const APPLICATION_ID: i64 = 0x4875_6262;

/// The step at place n makes a database of version n one of version n + 1; version 0 is an empty one.
/// What stands here was released: it is never changed, only added to.
const STEPS: [&str; 12] = [
    // rooms.messages and rooms.bytes say how many messages of the room there are and what they take
    // (`rows::weight`); rooms.since is the last id before the room was owned. An index ends with the
    // rowid of its own: messages_by_room is (room, id). The index's segments are merged in upkeep: left to
    // itself, FTS5 holds a commit up for tens of milliseconds over it.
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
    INSERT INTO meta VALUES ('reserved_id', 0), ('indexed_id', 0);
    CREATE TABLE rooms (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
        messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
        owner TEXT, since INTEGER NOT NULL DEFAULT 0, topic TEXT, room_key TEXT,
        topic_locked INTEGER NOT NULL DEFAULT 0, invite_only INTEGER NOT NULL DEFAULT 0,
        moderators TEXT NOT NULL DEFAULT '[]');
    CREATE INDEX rooms_by_owner ON rooms (owner) WHERE owner IS NOT NULL;
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY, room INTEGER NOT NULL, ms INTEGER NOT NULL, nick TEXT NOT NULL,
        manner INTEGER NOT NULL, guarded INTEGER NOT NULL, text TEXT NOT NULL);
    CREATE INDEX messages_by_room ON messages (room);
    CREATE VIRTUAL TABLE search USING fts5 (
        text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');
    INSERT INTO search (search, rank) VALUES ('automerge', 0), ('crisismerge', 64);
    CREATE TABLE privates (
        id INTEGER PRIMARY KEY, ms INTEGER NOT NULL, from_key TEXT NOT NULL, to_key TEXT NOT NULL,
        from_name TEXT NOT NULL, to_name TEXT NOT NULL, manner INTEGER NOT NULL, text TEXT NOT NULL,
        from_account INTEGER NOT NULL, to_account INTEGER NOT NULL, delivered INTEGER NOT NULL);
    CREATE INDEX privates_by_pair ON privates (from_key, to_key);
    CREATE INDEX privates_waiting ON privates (to_key) WHERE to_account AND NOT delivered;
    CREATE TABLE accounts (
        key TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT, operator INTEGER NOT NULL DEFAULT 0,
        owner TEXT, created_ms INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX accounts_by_owner ON accounts (owner) WHERE owner IS NOT NULL;
    CREATE TABLE tokens (digest BLOB PRIMARY KEY, bot TEXT NOT NULL) WITHOUT ROWID;",
    // What belongs to an account goes by its id, which no later account gets (AUTOINCREMENT): rooms.owner,
    // rooms.moderators, tokens.bot, accounts.owner, and privates.from_account and to_account, where 0 is
    // nobody's. accounts.used_ms and rooms.used_ms say when they were used last, in milliseconds that the
    // server had run by then (meta.ran_ms); what is_lasting does not end when it is not used.
    "CREATE TABLE accounts_by_id (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, hash TEXT,
        operator INTEGER NOT NULL DEFAULT 0, owner INTEGER, created_ms INTEGER NOT NULL,
        used_ms INTEGER NOT NULL DEFAULT 0, is_lasting INTEGER NOT NULL DEFAULT 0);
    INSERT INTO accounts_by_id (key, name, hash, operator, owner, created_ms)
        SELECT key, name, hash, operator, NULL, created_ms FROM accounts ORDER BY created_ms, key;
    UPDATE accounts_by_id SET owner = (
        SELECT owner.id FROM accounts AS old JOIN accounts_by_id AS owner ON owner.key = old.owner
        WHERE old.key = accounts_by_id.key);
    DELETE FROM accounts_by_id WHERE hash IS NULL AND owner IS NULL;
    CREATE TABLE tokens_by_id (digest BLOB PRIMARY KEY, bot INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO tokens_by_id
        SELECT digest, accounts_by_id.id FROM tokens JOIN accounts_by_id ON accounts_by_id.key = tokens.bot;
    UPDATE privates SET from_account =
        coalesce((SELECT id FROM accounts_by_id WHERE key = from_key), 0) WHERE from_account;
    DROP INDEX privates_waiting;
    UPDATE privates SET to_account =
        coalesce((SELECT id FROM accounts_by_id WHERE key = to_key), 0) WHERE to_account;
    UPDATE privates SET delivered = 1 WHERE to_account = 0 AND NOT delivered;
    CREATE INDEX privates_waiting ON privates (to_account) WHERE NOT delivered;
    DROP INDEX rooms_by_owner;
    ALTER TABLE rooms RENAME COLUMN owner TO owner_key;
    ALTER TABLE rooms ADD COLUMN owner INTEGER;
    ALTER TABLE rooms ADD COLUMN used_ms INTEGER NOT NULL DEFAULT 0;
    UPDATE rooms SET owner = (SELECT id FROM accounts_by_id WHERE key = owner_key),
        moderators = (SELECT json_group_array(id) FROM accounts_by_id
            WHERE key IN (SELECT value FROM json_each(moderators))) WHERE owner_key IS NOT NULL;
    UPDATE rooms SET topic = NULL, room_key = NULL, topic_locked = 0, invite_only = 0, moderators = '[]'
        WHERE owner IS NULL;
    ALTER TABLE rooms DROP COLUMN owner_key;
    CREATE INDEX rooms_by_owner ON rooms (owner) WHERE owner IS NOT NULL;
    DROP TABLE accounts;
    ALTER TABLE accounts_by_id RENAME TO accounts;
    CREATE INDEX accounts_by_owner ON accounts (owner) WHERE owner IS NOT NULL;
    DROP TABLE tokens;
    ALTER TABLE tokens_by_id RENAME TO tokens;
    CREATE INDEX tokens_by_bot ON tokens (bot);
    INSERT OR IGNORE INTO meta VALUES ('ran_ms', 0);",
    // falls has the messages whose time is below that of the message before (`times`). The triggers keep it
    // that way whoever writes; they cost two looks at a page that is at hand, and nothing on disk, where an
    // index by time would take 17 bytes a message.
    "CREATE TABLE falls (id INTEGER PRIMARY KEY);
    INSERT INTO falls SELECT id FROM
        (SELECT id, ms < lag(ms) OVER (ORDER BY id) AS falls FROM messages) WHERE falls;
    CREATE TRIGGER falls_insert AFTER INSERT ON messages
    WHEN NEW.ms < (SELECT ms FROM messages WHERE id < NEW.id ORDER BY id DESC LIMIT 1)
        OR NEW.ms > (SELECT ms FROM messages WHERE id > NEW.id ORDER BY id LIMIT 1)
    BEGIN
        INSERT OR IGNORE INTO falls SELECT NEW.id
            WHERE NEW.ms < (SELECT ms FROM messages WHERE id < NEW.id ORDER BY id DESC LIMIT 1);
        INSERT OR IGNORE INTO falls SELECT id FROM
            (SELECT id, ms FROM messages WHERE id > NEW.id ORDER BY id LIMIT 1) WHERE ms < NEW.ms;
    END;
    CREATE TRIGGER falls_update AFTER UPDATE OF ms ON messages
    WHEN NEW.ms < (SELECT ms FROM messages WHERE id < NEW.id ORDER BY id DESC LIMIT 1)
        OR NEW.ms > (SELECT ms FROM messages WHERE id > NEW.id ORDER BY id LIMIT 1)
    BEGIN
        INSERT OR IGNORE INTO falls SELECT NEW.id
            WHERE NEW.ms < (SELECT ms FROM messages WHERE id < NEW.id ORDER BY id DESC LIMIT 1);
        INSERT OR IGNORE INTO falls SELECT id FROM
            (SELECT id, ms FROM messages WHERE id > NEW.id ORDER BY id LIMIT 1) WHERE ms < NEW.ms;
    END;
    CREATE TRIGGER falls_delete AFTER DELETE ON messages WHEN OLD.id IN (SELECT id FROM falls)
    BEGIN
        DELETE FROM falls WHERE id = OLD.id;
        INSERT OR IGNORE INTO falls SELECT id FROM
            (SELECT id, ms FROM messages WHERE id > OLD.id ORDER BY id LIMIT 1)
            WHERE ms < (SELECT ms FROM messages WHERE id < OLD.id ORDER BY id DESC LIMIT 1);
    END;
    CREATE INDEX privates_by_time ON privates (ms);",
    // What is indexed are the terms of a text (`model::terms`), which are split at blanks and not folded
    // any further. Messages before unindexed_id are not in the index yet; where it is 0 all are, up to
    // indexed_id. Upkeep sees to them in idle moments, and removes what the old index was made of: dropped at
    // once, a large one would hold the start up for seconds. So it is only forgotten here, which leaves the
    // tables behind it as tables like others.
    "PRAGMA writable_schema = ON;
    DELETE FROM sqlite_schema WHERE type = 'table' AND name = 'search';
    PRAGMA writable_schema = RESET;
    CREATE VIRTUAL TABLE terms USING fts5 (
        text, content = '', contentless_delete = 1, tokenize = 'ascii');
    INSERT INTO terms (terms, rank) VALUES ('automerge', 0), ('crisismerge', 64);
    INSERT INTO meta SELECT 'unindexed_id', coalesce(max(id) + 1, 0) FROM messages;
    UPDATE meta SET value = (SELECT coalesce(max(id), 0) FROM messages) WHERE key = 'indexed_id';",
    // A token of an account that is no bot stands for its password; made_ms is when it was made, and 0 for
    // those of bots, which do not expire.
    "ALTER TABLE tokens ADD COLUMN made_ms INTEGER NOT NULL DEFAULT 0;",
    // What is kept of a password for SCRAM-SHA-256, in the form of RFC 5803. An account that was made before has it
    // from the next time on that its password is told.
    "ALTER TABLE accounts ADD COLUMN scram TEXT;",
    // Whose a message is to delete (`rows::author`): an account's id, or below 0 what the server called a user
    // without one while it ran.
    "ALTER TABLE messages ADD COLUMN author INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE privates ADD COLUMN author INTEGER NOT NULL DEFAULT 0;",
    // What is set of an owned room beside what most have is an object of JSON (`rows::rest`). notes is what is
    // remembered for accounts: how far they have read something, where value is a number of milliseconds, and
    // what they say of themselves, where it is a text.
    "ALTER TABLE rooms ADD COLUMN rest TEXT NOT NULL DEFAULT '{}';
    CREATE TABLE notes (
        account INTEGER NOT NULL, key TEXT NOT NULL, value NOT NULL, is_text INTEGER NOT NULL,
        PRIMARY KEY (account, is_text, key)) WITHOUT ROWID;",
    // Invitations: how many accounts may be made by a code yet, and until when, in milliseconds since 1970.
    "CREATE TABLE codes (code TEXT PRIMARY KEY, uses INTEGER NOT NULL, until_ms INTEGER) WITHOUT ROWID;",
    // What there is of a message beside what was said is an object of JSON (`rows::marks`), where there is something.
    "ALTER TABLE messages ADD COLUMN marks TEXT;
    ALTER TABLE privates ADD COLUMN marks TEXT;",
    // Files that messages share (`messages.manner` -1), whose text says the rest: each is there as long as its
    // message. The owner is the message's author.
    "CREATE TABLE files (
        id BLOB PRIMARY KEY, message INTEGER NOT NULL UNIQUE, room INTEGER NOT NULL, owner INTEGER NOT NULL,
        size INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX files_by_room ON files (room, size);
    CREATE INDEX files_by_owner ON files (owner, size);
    CREATE TRIGGER file_of_message AFTER DELETE ON messages WHEN OLD.manner = -1
    BEGIN
        DELETE FROM files WHERE message = OLD.id;
    END;",
    // How often an account was given another password, or a bot another token.
    "ALTER TABLE accounts ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;",
];

/// Above this size, in bytes, a database is not read whole at the start: it would take seconds.
const CHECKED_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Why a database is not opened.
#[derive(Debug)]
pub(super) enum OpenError {
    /// It is broken, or none; this is how.
    Broken(String),
    /// One line that says what else is wrong.
    Other(String),
}

/// Opens the database at `path`, which must exist, for reading and writing, and brings it to this
/// version.
///
/// # Errors
/// It is broken, newer, another program's, or cannot be read or written.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let shown = path.display();
    let opened = (|| {
        let connection = connect(path, false)?;
        check(&connection, path)?;
        Ok(connection)
    })();
    let connection = opened.map_err(|e| refusal(path, &e))?;
    let version = number(&connection, "user_version").map_err(|e| refusal(path, &e))?;
    let id = number(&connection, "application_id").map_err(|e| refusal(path, &e))?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .map_err(|e| refusal(path, &e))?;
    if id != APPLICATION_ID && !(id == 0 && version == 0 && tables == 0) {
        return Err(OpenError::Other(another_program(path)));
    }
    migrate(&connection, &STEPS).map_err(|e| match e {
        Late::Newer(version) => OpenError::Other(format!(
            "{shown} is of version {version}, and this program knows versions up to {}: use a newer one",
            STEPS.len()
        )),
        Late::Database(e) => refusal(path, &e),
    })?;
    names::bring_forward(&connection).map_err(|e| refusal(path, &e))?;
    Ok(connection)
}

/// The first version that has the table `falls`.
const FALLS_VERSION: i64 = 3;

/// What there is to be read in a database that is not to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readable {
    /// Nothing: its first commit is not on disk.
    Nothing,
    /// Messages, of an older program's: times can't be looked for (`times`).
    Older,
    /// Messages.
    All,
}

/// The first version in which messages have marks.
const MARKS_VERSION: i64 = 10;

/// Do messages have marks there?
pub(super) fn has_marks(connection: &Connection) -> Done<bool> {
    Ok(number(connection, "user_version")? >= MARKS_VERSION)
}

/// What is there to be read in a database that is not to be changed?
///
/// # Errors
/// One line: this program cannot read it.
pub(super) fn readable(connection: &Connection, path: &Path) -> Result<Readable, String> {
    let read = |pragma| {
        let number = number(connection, pragma);
        number.map_err(|e| format!("cannot read {}: {e}", path.display()))
    };
    let (version, id) = (read("user_version")?, read("application_id")?);
    let known = STEPS.len() as i64;
    match version {
        0 if id == 0 => Ok(Readable::Nothing),
        _ if id != APPLICATION_ID => Err(another_program(path)),
        version if version > known => Err(format!(
            "{} is of version {version}, and this program reads versions up to {known}",
            path.display()
        )),
        version if version < FALLS_VERSION => Ok(Readable::Older),
        _ => Ok(Readable::All),
    }
}

/// Can this program read the database at `path`, bringing it forward where need be? Nothing is changed.
///
/// # Errors
/// One line: it cannot.
pub(super) fn check_version(path: &Path) -> Result<(), String> {
    let connection = connect(path, true);
    let connection = connection.map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    readable(&connection, path).map(drop)
}

fn another_program(path: &Path) -> String {
    format!("{} is a database of another program", path.display())
}

/// Makes an empty database one of version 1.
#[cfg(test)]
pub(super) fn make_old(connection: &Connection) {
    migrate(connection, &STEPS[..1]).expect("the old tables");
}

/// A database of this version that is gone with its connection.
#[cfg(test)]
pub(super) fn in_memory() -> Connection {
    let connection = Connection::open_in_memory().expect("memory");
    migrate(&connection, &STEPS).expect("the tables");
    connection
}

/// Opens the database at `path`, which must exist, as it is. Who waits for a lock gives up after a moment.
pub(super) fn connect(path: &Path, is_read_only: bool) -> Done<Connection> {
    let access = match is_read_only {
        true => OpenFlags::SQLITE_OPEN_READ_ONLY,
        false => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_millis(250))?;
    // KiB, that is, where it is negative. A commit's pages fit; what is read is in the system's cache.
    connection.pragma_update(None, "cache_size", -2048)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    if is_read_only {
        return Ok(connection);
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::InvalidQuery);
    }
    // In WAL mode FULL is an fsync of the log before COMMIT returns: what was committed is there after
    // a power failure, as far as the disk keeps its word. (NORMAL would survive kill -9 only.)
    connection.pragma_update(None, "synchronous", "full")?;
    // The writer checkpoints when it has told that a commit is done, not within the commit.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // A log that a long reader made long is cut again.
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    Ok(connection)
}

/// Is `e` about what is in the file, rather than about reaching it?
pub(super) fn is_broken(e: &rusqlite::Error) -> bool {
    matches!(
        e.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

pub(super) fn refusal(path: &Path, e: &rusqlite::Error) -> OpenError {
    match is_broken(e) {
        true => OpenError::Broken(e.to_string()),
        false => OpenError::Other(format!("cannot use {}: {e}", path.display())),
    }
}

/// SQLite itself notices a file that is no database and one that is too short. The pages of a small
/// one are looked at one by one; in a large one a broken page is noticed when it is met.
fn check(connection: &Connection, path: &Path) -> Done<()> {
    number(connection, "schema_version")?;
    if std::fs::metadata(path).is_ok_and(|file| file.len() > CHECKED_BYTES_MAX) {
        return Ok(());
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match found.as_str() {
        "ok" => Ok(()),
        found => Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
            Some(found.lines().next_back().unwrap_or_default().into()),
        )),
    }
}

/// Why a database cannot be brought to this version.
#[derive(Debug)]
enum Late {
    /// It is of a later one.
    Newer(i64),
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Late {
    fn from(e: rusqlite::Error) -> Late {
        Late::Database(e)
    }
}

/// Takes the steps that are left, all or none of them.
fn migrate(connection: &Connection, steps: &[&str]) -> Result<(), Late> {
    let version = number(connection, "user_version")?;
    let left = usize::try_from(version)
        .ok()
        .and_then(|version| steps.get(version..))
        .ok_or(Late::Newer(version))?;
    if left.is_empty() {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    for step in left {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", steps.len() as i64)?;
    transaction.commit()?;
    Ok(())
}

fn number(connection: &Connection, pragma: &str) -> Done<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

#[cfg(test)]
mod tests;
