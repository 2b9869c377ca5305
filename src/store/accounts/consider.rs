//! What comes of what is asked about accounts, as far as it can be said without a change: passwords are checked and
//! hashed, and nothing is written.

use rusqlite::Connection;

use crate::model::{AccountAnswer, AccountAsk, AccountId, Hashed, Key, Secret};

use super::follow::prepared;
use super::write::now_ms;
use super::{
    AccountWrite, StoredAccount, bots, by_token, codes, find, get, hash, new_token, scram,
    token_digest, verify,
};

/// What is to be done about an ask.
#[derive(Debug)]
pub(super) enum Considered {
    Answer(AccountAnswer),
    Write(AccountWrite),
    /// Answer, and write what is to be known the next time.
    Both(AccountAnswer, AccountWrite),
    /// Answer, and have the cluster know something.
    Answers(AccountAnswer, AccountAnswer),
}

/// Checks and hashes what is to be checked and hashed. The error is one line, and shows no secret.
pub(super) fn consider(connection: &Connection, ask: AccountAsk) -> Result<Considered, String> {
    let read = |e: rusqlite::Error| format!("cannot read the database: {e}");
    let find = |name: &Key| find(connection, name).map_err(read);
    let get = |id: AccountId| get(connection, id).map_err(read);
    let answer = |answer| Ok(Considered::Answer(answer));
    match ask {
        AccountAsk::Register {
            nick,
            password,
            code,
        } => {
            let given = code.as_ref().map(Secret::reveal);
            let is_good = given.map_or(Ok(true), |code| codes::is_good(connection, code, now_ms()));
            if !is_good.map_err(read)? {
                return answer(AccountAnswer::WrongCode);
            }
            if find(&nick.key())?.is_some() {
                return answer(AccountAnswer::Exists);
            }
            let hash = hash_new(&password)?;
            let insert = AccountWrite::Insert { nick, hash, code };
            Ok(Considered::Write(insert))
        }
        AccountAsk::NewCode { uses, until_ms } => {
            let code = codes::new_code(uses, until_ms)?;
            Ok(Considered::Write(AccountWrite::AddCode { code }))
        }
        AccountAsk::DropCode { code } => Ok(Considered::Write(AccountWrite::RemoveCode { code })),
        AccountAsk::Codes => {
            let codes = codes::codes(connection, now_ms()).map_err(read)?;
            answer(AccountAnswer::Codes(codes))
        }
        AccountAsk::Login { name, secret } => {
            let found = match secret.is_token() {
                true => by_token(connection, &token_digest(&secret), now_ms())
                    .map_err(read)?
                    .filter(|bot| bot.record.nick.key() == name),
                false => check(find(&name)?, &secret)?,
            };
            let Some(account) = found else {
                return answer(AccountAnswer::WrongSecret);
            };
            let learnt = learn_scram(&account, &secret)?;
            let logged_in = AccountAnswer::LoggedIn(account.record);
            Ok(match learnt {
                Some(write) => Considered::Both(logged_in, write),
                None => Considered::Answer(logged_in),
            })
        }
        AccountAsk::Challenge { name } => {
            let kept = find(&name)?.and_then(|account| account.scram);
            let challenge = kept.as_ref().map(scram::challenge).transpose()?.flatten();
            answer(challenge.map_or(AccountAnswer::NoSuchAccount, AccountAnswer::Challenge))
        }
        AccountAsk::LoginBy { name, proof } => {
            let found = find(&name)?;
            let kept = found.as_ref().and_then(|account| account.scram.as_ref());
            let signature = kept.and_then(|kept| scram::check(kept, &proof));
            answer(match (found, signature) {
                (Some(account), Some(signature)) => AccountAnswer::Proven {
                    record: account.record,
                    signature,
                },
                _ => AccountAnswer::WrongSecret,
            })
        }
        AccountAsk::SetPassword { account, old, new } => {
            let found = get(account)?;
            let seen = match &old {
                Some(old) => match check(found, old)? {
                    Some(account) => account.hash,
                    None => return answer(AccountAnswer::WrongSecret),
                },
                None if found.is_none_or(|found| found.hash.is_none()) => {
                    return answer(AccountAnswer::NoSuchAccount);
                }
                None => None,
            };
            let hash = hash_new(&new)?;
            Ok(Considered::Write(AccountWrite::SetPassword {
                account,
                seen,
                hash,
            }))
        }
        AccountAsk::Unregister { account, password } => {
            let seen = match &password {
                Some(password) => match check(get(account)?, password)? {
                    Some(account) => account.hash,
                    None => return answer(AccountAnswer::WrongSecret),
                },
                None => None,
            };
            Ok(Considered::Write(AccountWrite::Remove { account, seen }))
        }
        AccountAsk::NewToken { owner, name: bot } => {
            let token = new_token()?;
            Ok(Considered::Write(AccountWrite::SetToken {
                owner,
                bot,
                token,
            }))
        }
        AccountAsk::NewSession { account } => {
            let token = new_token()?;
            Ok(Considered::Write(AccountWrite::AddSession {
                account,
                token,
            }))
        }
        AccountAsk::EndSession { account, token } => {
            Ok(Considered::Write(AccountWrite::EndSession {
                account,
                token,
            }))
        }
        AccountAsk::DropToken { owner, bot } => {
            Ok(Considered::Write(AccountWrite::RemoveBot { owner, bot }))
        }
        AccountAsk::Tokens { owner } => {
            let bots = bots(connection, owner).map_err(read)?;
            let names = bots.into_iter().map(|(_, nick)| nick);
            answer(AccountAnswer::Tokens(names.collect()))
        }
        AccountAsk::Kept(kept) => answer(*kept),
    }
}

/// As [`consider`] where the accounts are those of a cluster: what is to be changed is an answer.
pub(super) fn consider_shared(
    connection: &Connection,
    ask: AccountAsk,
) -> Result<Considered, String> {
    let read = |e: rusqlite::Error| format!("cannot read the database: {e}");
    let known = |name: &Key| {
        let found = find(connection, name).map_err(read)?;
        Ok::<_, String>(found.map(|account| account.record.credential()))
    };
    let before = match &ask {
        AccountAsk::Login { name, .. } => Some((known(name)?, name.clone(), ask.clone())),
        _ => None,
    };
    let considered = match (consider(connection, ask)?, before) {
        // What another server was told just now may have come while that was hashed.
        (Considered::Answer(AccountAnswer::WrongSecret), Some((before, name, ask)))
            if known(&name)? != before =>
        {
            consider(connection, ask)?
        }
        (considered, _) => considered,
    };
    Ok(match considered {
        Considered::Write(write) => Considered::Answer(prepared(connection, write).map_err(read)?),
        Considered::Both(answer, write) => {
            Considered::Answers(answer, prepared(connection, write).map_err(read)?)
        }
        considered @ (Considered::Answer(_) | Considered::Answers(..)) => considered,
    })
}

/// An account's password was told: from now on it can be proven by SCRAM, too.
fn learn_scram(account: &StoredAccount, password: &Secret) -> Result<Option<AccountWrite>, String> {
    let (None, Some(seen), false) = (&account.scram, &account.hash, password.is_token()) else {
        return Ok(None);
    };
    let scram = scram::keys(password)?;
    Ok(scram.map(|scram| AccountWrite::SetScram {
        account: account.record.id,
        seen: seen.clone(),
        scram,
    }))
}

/// The account, if that is its password. A password that could be one takes a hash whether there is
/// such an account or not.
fn check(
    account: Option<StoredAccount>,
    password: &Secret,
) -> Result<Option<StoredAccount>, String> {
    if !password.is_password() {
        return Ok(None);
    }
    let hash = account.as_ref().and_then(|account| account.hash.as_ref());
    let is_right = verify(password, hash)?;
    Ok(account.filter(|_| is_right))
}

fn hash_new(password: &Secret) -> Result<Hashed, String> {
    match password.is_password() {
        true => hash(password),
        false => Err("a password of a wrong length was to be set".into()),
    }
}
