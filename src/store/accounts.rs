//! Accounts and bots as they are in the database, and the thread that looks after them: passwords are
//! hashed there, and nothing else waits for it.

mod codes;
mod consider;
mod follow;
mod password;
mod scram;
mod shell;
mod token;
mod verifier;
mod write;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::limits::{BOTS_PER_ACCOUNT_MAX, SESSION_MS, SESSIONS_PER_ACCOUNT_MAX};
use crate::model::{
    AccountId, AccountRecord, Hashed, InviteCode, Key, Nick, Note, RoomName, Secret, Used,
};

use super::rows;

pub(super) use follow::follow;
pub(crate) use password::{hash, verify};
pub(crate) use shell::{begin, open};
pub(crate) use token::TokenDigest;
pub(crate) use token::new_token;
pub use token::token_digest;
pub(super) use verifier::Verifier;
pub(super) use write::AccountJob;
pub(crate) use write::AccountWrite;

/// An account, or a bot, which is an account that has an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredAccount {
    /// What everybody may know of it.
    pub record: AccountRecord,
    /// What its password is checked by: a PHC string. A bot has none.
    pub hash: Option<Secret>,
    /// What a proof by SCRAM-SHA-256 is checked by, in the form of RFC 5803, where there is one.
    pub scram: Option<Secret>,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
}

/// What came of giving a bot a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenSet {
    /// This bot has it; one that it had is void.
    Set(AccountRecord),
    /// There is no such owner.
    NoOwner,
    /// The name is somebody else's.
    Exists,
    /// The owner has [`BOTS_PER_ACCOUNT_MAX`] others.
    TooMany,
}

const COLUMNS: &str = "id, name, hash, scram, operator, owner, created_ms, generation";

/// Every account, in the order of names. One whose name is none is left out.
///
/// # Errors
/// The database's, as of all that follow. What is changed is to be changed within a transaction.
pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<StoredAccount>> {
    let mut statement =
        connection.prepare(&format!("SELECT {COLUMNS} FROM accounts ORDER BY key"))?;
    let accounts = statement.query_map([], account)?;
    accounts.filter_map(Result::transpose).collect()
}

/// The account of an id.
pub(crate) fn get(
    connection: &Connection,
    id: AccountId,
) -> rusqlite::Result<Option<StoredAccount>> {
    let query = format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1");
    let found = connection.query_row(&query, [number(id)], account);
    Ok(found.optional()?.flatten())
}

/// The account of a name.
pub(crate) fn find(connection: &Connection, name: &Key) -> rusqlite::Result<Option<StoredAccount>> {
    let query = format!("SELECT {COLUMNS} FROM accounts WHERE key = ?1");
    let found = connection.query_row(&query, [name.as_str()], account);
    Ok(found.optional()?.flatten())
}

fn account(row: &Row) -> rusqlite::Result<Option<StoredAccount>> {
    let name: String = row.get("name")?;
    let Some(nick) = Nick::parse(&name) else {
        log::error!("an account in the database has no name that one may have");
        return Ok(None);
    };
    let Some(id) = rows::account_of(row.get("id")?) else {
        return Ok(None);
    };
    let owner: Option<i64> = row.get("owner")?;
    Ok(Some(StoredAccount {
        record: AccountRecord {
            id,
            nick,
            is_operator: row.get("operator")?,
            owner: owner.and_then(rows::account_of),
            generation: ms(row.get("generation")?),
        },
        hash: row.get::<_, Option<String>>("hash")?.map(Secret::new),
        scram: row.get::<_, Option<String>>("scram")?.map(Secret::new),
        created_ms: row.get::<_, i64>("created_ms")?.max(0).cast_unsigned(),
    }))
}

fn number(AccountId(id): AccountId) -> i64 {
    rows::integer(id)
}

/// Makes an account; `None` if there is one of that name.
pub(crate) fn insert(
    connection: &Connection,
    nick: &Nick,
    hash: &Hashed,
    created_ms: u64,
) -> rusqlite::Result<Option<AccountRecord>> {
    let inserted = connection.execute(
        "INSERT INTO accounts (key, name, hash, scram, created_ms, used_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, (SELECT value FROM meta WHERE key = 'ran_ms'))
         ON CONFLICT (key) DO NOTHING",
        params![
            nick.key().as_str(),
            nick.as_str(),
            hash.phc.reveal(),
            hash.scram.as_ref().map(Secret::reveal),
            created_ms.cast_signed()
        ],
    )?;
    Ok((inserted == 1).then(|| new_record(connection, nick, None)))
}

/// The record of the account whose row was inserted just now.
fn new_record(connection: &Connection, nick: &Nick, owner: Option<AccountId>) -> AccountRecord {
    AccountRecord {
        id: AccountId(connection.last_insert_rowid().max(0).cast_unsigned()),
        nick: nick.clone(),
        is_operator: false,
        owner,
        generation: 0,
    }
}

/// Gives an account another hash, and makes void the tokens that stood for the one it had; `false` if there
/// is no such account, if it is a bot, or if it has another hash than `seen`.
pub(crate) fn set_password(
    connection: &Connection,
    id: AccountId,
    seen: Option<&Secret>,
    hash: &Hashed,
) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE accounts SET hash = ?2, scram = ?4, generation = generation + 1
         WHERE id = ?1 AND owner IS NULL AND hash = coalesce(?3, hash)",
        params![
            number(id),
            hash.phc.reveal(),
            seen.map(Secret::reveal),
            hash.scram.as_ref().map(Secret::reveal)
        ],
    )?;
    if changed == 1 {
        connection.execute("DELETE FROM tokens WHERE bot = ?1", [number(id)])?;
    }
    Ok(changed == 1)
}

/// Lets the password of an account be proven by SCRAM, too, unless it has another hash than `seen`.
pub(crate) fn set_scram(
    connection: &Connection,
    id: AccountId,
    seen: &Secret,
    scram: &Secret,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE accounts SET scram = ?3 WHERE id = ?1 AND hash = ?2",
        params![number(id), seen.reveal(), scram.reveal()],
    )?;
    Ok(())
}

/// Has an account last though nobody uses it: its operator made it.
pub(crate) fn set_lasting(connection: &Connection, id: AccountId) -> rusqlite::Result<()> {
    let sql = "UPDATE accounts SET is_lasting = 1 WHERE id = ?1";
    connection.execute(sql, [number(id)])?;
    Ok(())
}

/// The invitations.
pub(super) fn all_codes(connection: &Connection) -> rusqlite::Result<Vec<InviteCode>> {
    codes::codes(connection, 0)
}

/// What ends when it is not used, and how long the server had run when it was used last, in milliseconds.
/// Operators stay.
pub(crate) fn uses(connection: &Connection) -> rusqlite::Result<Vec<(Used, u64)>> {
    let mut statement = connection
        .prepare("SELECT id, used_ms FROM accounts WHERE NOT is_lasting AND NOT operator")?;
    let accounts = statement.query_map([], |row| {
        let (id, used_ms) = (rows::account_of(row.get(0)?), ms(row.get(1)?));
        Ok(id.map(|id| (Used::Account(id), used_ms)))
    })?;
    let mut uses: Vec<(Used, u64)> = accounts
        .filter_map(Result::transpose)
        .collect::<rusqlite::Result<_>>()?;
    let mut statement =
        connection.prepare("SELECT name, used_ms FROM rooms WHERE owner IS NOT NULL")?;
    let rooms = statement.query_map([], |row| {
        let name = RoomName::parse(row.get_ref(0)?.as_str()?);
        let used_ms = ms(row.get(1)?);
        Ok(name.map(|name| (Used::Room(name), used_ms)))
    })?;
    for room in rooms.filter_map(Result::transpose) {
        uses.push(room?);
    }
    Ok(uses)
}

/// Remembers something for an account.
pub(super) fn note(connection: &Connection, id: AccountId, note: &Note) -> rusqlite::Result<()> {
    let put = "INSERT OR REPLACE INTO notes (account, is_text, key, value)
        SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1)";
    let id = number(id);
    match note {
        Note::ReadTo { key, to_ms } => {
            connection.execute(put, params![id, false, key.as_str(), rows::integer(*to_ms)])?
        }
        Note::Metadata {
            key,
            value: Some(value),
        } => connection.execute(put, params![id, true, key, value])?,
        Note::Metadata { key, value: None } => {
            let sql = "DELETE FROM notes WHERE account = ?1 AND is_text AND key = ?2";
            connection.execute(sql, params![id, key])?
        }
    };
    Ok(())
}

/// What is remembered for accounts.
pub(crate) fn notes(connection: &Connection) -> rusqlite::Result<Vec<(AccountId, Note)>> {
    let mut statement = connection.prepare("SELECT account, is_text, key, value FROM notes")?;
    let found = statement.query_map([], |row| {
        let key: String = row.get(2)?;
        let note = match row.get(1)? {
            true => Note::Metadata {
                key,
                value: Some(row.get(3)?),
            },
            false => Note::ReadTo {
                key: Key::of(&key),
                to_ms: ms(row.get(3)?),
            },
        };
        Ok(rows::account_of(row.get(0)?).map(|account| (account, note)))
    })?;
    found.filter_map(Result::transpose).collect()
}

fn ms(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or(0)
}

/// Makes an operator of an account, or none; `false` if there is no such account.
pub(crate) fn set_operator(
    connection: &Connection,
    name: &Key,
    is_operator: bool,
) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE accounts SET operator = ?2 WHERE key = ?1",
        params![name.as_str(), is_operator],
    )?;
    Ok(changed == 1)
}

/// Forgets an account and its bots, with their tokens, rooms and moderation. Private messages stay for
/// those with whom they were spoken: nobody else will have the id that they go by.
///
/// Returns its bots.
pub(crate) fn remove(connection: &Connection, id: AccountId) -> rusqlite::Result<Vec<AccountId>> {
    let bots: Vec<AccountId> = bots(connection, id)?
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    for &gone in bots.iter().chain([&id]) {
        forget(connection, gone)?;
    }
    Ok(bots)
}

fn forget(connection: &Connection, id: AccountId) -> rusqlite::Result<()> {
    for statement in [
        "DELETE FROM accounts WHERE id = ?1",
        "DELETE FROM tokens WHERE bot = ?1",
        "DELETE FROM notes WHERE account = ?1",
        "UPDATE rooms SET owner = NULL, since = 0, topic = NULL, room_key = NULL, topic_locked = 0,
             invite_only = 0, moderators = '[]', rest = '{}' WHERE owner = ?1",
        "UPDATE rooms SET moderators =
             (SELECT json_group_array(value) FROM json_each(moderators) WHERE value <> ?1)
         WHERE ?1 IN (SELECT value FROM json_each(moderators))",
        "UPDATE privates SET delivered = 1 WHERE to_account = ?1 AND NOT delivered",
    ] {
        connection.execute(statement, [number(id)])?;
    }
    Ok(())
}

/// The bots of an account, in the order of names.
pub(crate) fn bots(
    connection: &Connection,
    owner: AccountId,
) -> rusqlite::Result<Vec<(AccountId, Nick)>> {
    let query = format!("SELECT {COLUMNS} FROM accounts WHERE owner = ?1 ORDER BY key");
    let mut statement = connection.prepare(&query)?;
    let found = statement.query_map([number(owner)], account)?;
    let bots = found.map(|bot| Ok(bot?.map(|bot| (bot.record.id, bot.record.nick))));
    bots.filter_map(Result::transpose).collect()
}

/// Gives a bot a token, and makes the bot if there is none of that name.
pub(crate) fn set_token(
    connection: &Connection,
    owner: AccountId,
    bot: &Nick,
    digest: &TokenDigest,
    created_ms: u64,
) -> rusqlite::Result<TokenSet> {
    if get(connection, owner)?.is_none_or(|owner| owner.record.owner.is_some()) {
        return Ok(TokenSet::NoOwner);
    }
    let name = bot.key();
    let record = match find(connection, &name)? {
        Some(bot) if bot.record.owner == Some(owner) => bot.record,
        Some(_) => return Ok(TokenSet::Exists),
        None if bots(connection, owner)?.len() >= BOTS_PER_ACCOUNT_MAX => {
            return Ok(TokenSet::TooMany);
        }
        None => {
            connection.execute(
                "INSERT INTO accounts (key, name, owner, created_ms, used_ms)
                 VALUES (?1, ?2, ?3, ?4, (SELECT value FROM meta WHERE key = 'ran_ms'))",
                params![
                    name.as_str(),
                    bot.as_str(),
                    number(owner),
                    created_ms.cast_signed()
                ],
            )?;
            new_record(connection, bot, Some(owner))
        }
    };
    connection.execute("DELETE FROM tokens WHERE bot = ?1", [number(record.id)])?;
    connection.execute(
        "INSERT INTO tokens (digest, bot) VALUES (?1, ?2)",
        params![digest, number(record.id)],
    )?;
    Ok(TokenSet::Set(record))
}

/// Lets a token stand for an account's password for [`SESSION_MS`], and makes void those that are older, or
/// too many; `false` if there is no such account, or if it is a bot.
pub(crate) fn add_session(
    connection: &Connection,
    id: AccountId,
    digest: &TokenDigest,
    now_ms: u64,
) -> rusqlite::Result<bool> {
    if get(connection, id)?.is_none_or(|account| account.record.owner.is_some()) {
        return Ok(false);
    }
    connection.execute(
        "DELETE FROM tokens WHERE bot = ?1 AND (made_ms <= ?2 OR digest NOT IN
             (SELECT digest FROM tokens WHERE bot = ?1 ORDER BY made_ms DESC LIMIT ?3))",
        params![
            number(id),
            expired_ms(now_ms),
            rows::integer(SESSIONS_PER_ACCOUNT_MAX as u64 - 1)
        ],
    )?;
    connection.execute(
        "INSERT INTO tokens (digest, bot, made_ms) VALUES (?1, ?2, ?3)",
        params![digest, number(id), rows::integer(now_ms.max(1))],
    )?;
    Ok(true)
}

/// Makes a token of an account's void, which it may have been already.
pub(crate) fn end_session(
    connection: &Connection,
    id: AccountId,
    digest: &TokenDigest,
) -> rusqlite::Result<()> {
    let delete = "DELETE FROM tokens WHERE bot = ?1 AND digest = ?2 AND made_ms > 0";
    connection.execute(delete, params![number(id), digest])?;
    Ok(())
}

/// What was made then, or before, stands for no password any more.
fn expired_ms(now_ms: u64) -> i64 {
    rows::integer(now_ms.saturating_sub(SESSION_MS))
}

/// Forgets a bot; `false` if it is none of the `owner`'s.
pub(crate) fn remove_bot(
    connection: &Connection,
    owner: AccountId,
    bot: AccountId,
) -> rusqlite::Result<bool> {
    let found = get(connection, bot)?;
    let is_owned = found.is_some_and(|bot| bot.record.owner == Some(owner));
    if is_owned {
        forget(connection, bot)?;
    }
    Ok(is_owned)
}

/// The bot whose token has that digest, or the account whose password it stands for now.
pub(crate) fn by_token(
    connection: &Connection,
    digest: &TokenDigest,
    now_ms: u64,
) -> rusqlite::Result<Option<StoredAccount>> {
    let query = format!(
        "SELECT {COLUMNS} FROM accounts WHERE id =
             (SELECT bot FROM tokens WHERE digest = ?1 AND (made_ms = 0 OR made_ms > ?2))"
    );
    let found = connection.query_row(&query, params![digest, expired_ms(now_ms)], account);
    Ok(found.optional()?.flatten())
}

/// The digest of each bot's token, and whose it is.
pub(crate) fn tokens(connection: &Connection) -> rusqlite::Result<Vec<(TokenDigest, AccountId)>> {
    let mut statement = connection.prepare("SELECT digest, bot FROM tokens WHERE made_ms = 0")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, rows::account_of(row.get(1)?))))?;
    rows.map(|row| row.map(|(digest, bot)| Some((digest, bot?))))
        .filter_map(Result::transpose)
        .collect()
}

#[cfg(test)]
mod tests;
