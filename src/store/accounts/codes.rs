//! Invitations: codes that let people make accounts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use rusqlite::{Connection, params};

use crate::limits::{CODE_BYTES, CODES_MAX};
use crate::model::InviteCode;
use crate::store::rows;

/// Makes a code that so many may use.
///
/// # Errors
/// One line: the system has no randomness.
pub(super) fn new_code(uses: u32, until_ms: Option<u64>) -> Result<InviteCode, String> {
    let mut random = [0; CODE_BYTES];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| "the system has no random numbers")?;
    Ok(InviteCode {
        code: URL_SAFE_NO_PAD.encode(random),
        uses,
        until_ms,
    })
}

/// Those that can be used at a time, in milliseconds since 1970.
///
/// # Errors
/// The database's, as of all that follow. What is changed is to be changed within a transaction.
pub(super) fn codes(connection: &Connection, now_ms: u64) -> rusqlite::Result<Vec<InviteCode>> {
    let mut statement = connection.prepare(
        "SELECT code, uses, until_ms FROM codes
         WHERE uses > 0 AND (until_ms IS NULL OR until_ms > ?1) ORDER BY code",
    )?;
    let codes = statement.query_map([rows::integer(now_ms)], |row| {
        let until_ms: Option<i64> = row.get("until_ms")?;
        Ok(InviteCode {
            code: row.get("code")?,
            uses: row.get("uses")?,
            until_ms: until_ms.map(|ms| ms.max(0).cast_unsigned()),
        })
    })?;
    codes.collect()
}

/// Can it be used?
pub(super) fn is_good(connection: &Connection, code: &str, now_ms: u64) -> rusqlite::Result<bool> {
    let codes = codes(connection, now_ms)?;
    Ok(codes.iter().any(|known| known.code == code))
}

/// Keeps one, and forgets those that are over. Returns whether there is room for it.
pub(super) fn add(
    connection: &Connection,
    code: &InviteCode,
    now_ms: u64,
) -> rusqlite::Result<bool> {
    connection.execute(
        "DELETE FROM codes WHERE uses <= 0 OR until_ms <= ?1",
        [rows::integer(now_ms)],
    )?;
    if codes(connection, now_ms)?.len() >= CODES_MAX {
        return Ok(false);
    }
    connection.execute(
        "INSERT INTO codes (code, uses, until_ms) VALUES (?1, ?2, ?3)",
        params![code.code, code.uses, code.until_ms.map(rows::integer)],
    )?;
    Ok(true)
}

/// One more has used it.
pub(super) fn take(connection: &Connection, code: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE codes SET uses = uses - 1 WHERE code = ?1", [code])?;
    Ok(())
}

/// Makes one void. Returns whether there was one.
pub(super) fn remove(connection: &Connection, code: &str) -> rusqlite::Result<bool> {
    Ok(connection.execute("DELETE FROM codes WHERE code = ?1", [code])? > 0)
}
