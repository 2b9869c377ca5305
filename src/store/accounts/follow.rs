//! The accounts of a cluster: a change that was prepared here is proposed, and made when the cluster has taken it, which
//! has given its ids and checked what it depends on.

use rusqlite::{Connection, params};

use crate::model::{AccountAnswer, AccountChange, AccountId, Credential, Nick, Secret};
use crate::store::rows::{self, integer};

use super::{
    AccountWrite, StoredAccount, add_session, codes, end_session, forget, get, number, remove,
    set_password, token_digest,
};

/// What a change comes to that all servers are to make.
///
/// # Errors
/// The database's.
pub(super) fn prepared(
    connection: &Connection,
    write: AccountWrite,
) -> rusqlite::Result<AccountAnswer> {
    // The password that was checked just now may be another already.
    let checked = |account: AccountId, hash: &Secret| {
        let found = get(connection, account)?;
        let found = found.filter(|found| found.hash.as_ref() == Some(hash));
        Ok::<_, rusqlite::Error>(found.as_ref().map(StoredAccount::generation))
    };
    let checked_if = |account: AccountId, hash: Option<Secret>| match hash {
        Some(hash) => Ok::<_, rusqlite::Error>(checked(account, &hash)?.map(Some)),
        None => Ok(Some(None)),
    };
    let mut made = None;
    let mut digest_of = |token: Secret| {
        let digest = token_digest(&token);
        made = Some(token);
        digest
    };
    let change = match write {
        AccountWrite::Insert { nick, hash, code } => {
            Some(AccountChange::Register { nick, hash, code })
        }
        AccountWrite::AddCode { code } => Some(AccountChange::AddCode(code)),
        AccountWrite::RemoveCode { code } => Some(AccountChange::DropCode(code)),
        AccountWrite::SetPassword {
            account,
            seen,
            hash,
        } => checked_if(account, seen)?.map(|seen| AccountChange::SetPassword {
            account,
            seen,
            hash,
        }),
        AccountWrite::SetScram {
            account,
            seen,
            scram,
        } => checked(account, &seen)?.map(|seen| AccountChange::SetScram {
            account,
            seen,
            scram,
        }),
        AccountWrite::Remove { account, seen } => {
            checked_if(account, seen)?.map(|seen| AccountChange::Unregister { account, seen })
        }
        AccountWrite::SetToken { owner, bot, token } => {
            let digest = digest_of(token);
            Some(AccountChange::SetToken { owner, bot, digest })
        }
        AccountWrite::AddSession { account, token } => {
            let digest = digest_of(token);
            Some(AccountChange::AddSession { account, digest })
        }
        AccountWrite::EndSession { account, token } => {
            let digest = token_digest(&token);
            Some(AccountChange::EndSession { account, digest })
        }
        AccountWrite::RemoveBot { owner, bot } => Some(AccountChange::DropBot { owner, bot }),
    };
    let token = made;
    Ok(match change.map(Box::new) {
        Some(change) => AccountAnswer::Prepared { change, token },
        None => AccountAnswer::WrongSecret,
    })
}

impl StoredAccount {
    fn generation(&self) -> u64 {
        self.record.generation
    }
}

/// Makes a change that the cluster has taken, within a transaction that is open. Made twice, it is as made once.
///
/// # Errors
/// The database's.
pub(in crate::store) fn follow(
    connection: &Connection,
    change: &AccountChange,
    of: Credential,
    at_ms: u64,
) -> rusqlite::Result<()> {
    let id = number(of.account);
    match change {
        AccountChange::Register { nick, hash, code } => {
            insert(connection, nick, of.account, at_ms)?;
            set_password(connection, of.account, None, hash)?;
            if let Some(code) = code {
                codes::take(connection, code.reveal())?;
            }
        }
        AccountChange::AddCode(code) => drop(codes::add(connection, code, at_ms)?),
        AccountChange::DropCode(code) => drop(codes::remove(connection, code)?),
        AccountChange::SetPassword { hash, .. } => {
            set_password(connection, of.account, None, hash)?;
        }
        AccountChange::SetScram { scram, .. } => {
            let sql = "UPDATE accounts SET scram = ?2 WHERE id = ?1";
            connection.execute(sql, params![id, scram.reveal()])?;
        }
        AccountChange::Unregister { account, .. } => drop(remove(connection, *account)?),
        AccountChange::SetToken { owner, bot, digest } => {
            insert(connection, bot, of.account, at_ms)?;
            let sql = "UPDATE accounts SET owner = ?2, hash = NULL WHERE id = ?1";
            connection.execute(sql, [id, number(*owner)])?;
            connection.execute("DELETE FROM tokens WHERE bot = ?1", [id])?;
            let sql = "INSERT OR REPLACE INTO tokens (digest, bot) VALUES (?1, ?2)";
            connection.execute(sql, params![digest, id])?;
        }
        AccountChange::DropBot { bot, .. } => forget(connection, *bot)?,
        AccountChange::AddSession { digest, .. } => {
            end_session(connection, of.account, digest)?;
            add_session(connection, of.account, digest, at_ms)?;
        }
        AccountChange::EndSession { digest, .. } => end_session(connection, of.account, digest)?,
        AccountChange::SetRole { is_operator, .. } => {
            let sql = "UPDATE accounts SET operator = ?2 WHERE id = ?1";
            connection.execute(sql, params![id, is_operator])?;
        }
    }
    let sql = "UPDATE accounts SET generation = ?2 WHERE id = ?1";
    connection.execute(sql, [id, integer(of.generation)])?;
    Ok(())
}

/// There is an account of that id and name. Another of that name is none of the cluster's.
fn insert(
    connection: &Connection,
    nick: &Nick,
    AccountId(id): AccountId,
    created_ms: u64,
) -> rusqlite::Result<()> {
    let key = nick.key();
    let delete = "DELETE FROM accounts WHERE key = ?1 AND id <> ?2";
    connection.execute(delete, params![key.as_str(), rows::integer(id)])?;
    connection.execute(
        "INSERT OR IGNORE INTO accounts (id, key, name, hash, created_ms, used_ms)
         VALUES (?1, ?2, ?3, '', ?4, (SELECT value FROM meta WHERE key = 'ran_ms'))",
        params![
            rows::integer(id),
            key.as_str(),
            nick.as_str(),
            integer(created_ms)
        ],
    )?;
    Ok(())
}
