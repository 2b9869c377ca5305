//! `hubbub account`: its arguments, and what it does.

mod password;
mod table;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use rusqlite::{Connection, TransactionBehavior};

use crate::model::{AccountAnswer, Nick};
use crate::store::accounts::{self, AccountWrite};

/// Looks after the accounts in a server's database, beside the server or without it.
///
/// A password is asked for where standard input is a terminal, and is its first line where it is not.
/// Exit code: 0 where it was done, 1 where it could not be, 2 for wrong use.
#[derive(Debug, Args)]
#[command(arg_required_else_help = false)]
pub(super) struct AccountArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an account
    Add {
        /// Its name
        #[arg(value_parser = new_name)]
        name: Nick,
        #[command(flatten)]
        place: DirectoryArgument,
    },
    /// Give an account another password
    Passwd {
        /// The account
        #[arg(value_parser = name)]
        name: Nick,
        #[command(flatten)]
        place: DirectoryArgument,
    },
    /// Make an account an operator, or a user again: at its next login
    Role {
        /// The account
        #[arg(value_parser = name)]
        name: Nick,
        /// What it becomes
        #[arg(value_enum)]
        role: AccountRole,
        #[command(flatten)]
        place: DirectoryArgument,
    },
    /// Forget an account, its bots and what is theirs: at once for whoever logs in next
    Remove {
        /// The account
        #[arg(value_parser = name)]
        name: Nick,
        #[command(flatten)]
        place: DirectoryArgument,
    },
    /// List the accounts and their bots
    List {
        #[command(flatten)]
        place: DirectoryArgument,
    },
}

#[derive(Debug, Args)]
struct DirectoryArgument {
    /// The server's directory (its --data)
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum AccountRole {
    Operator,
    User,
}

fn name(text: &str) -> Result<Nick, String> {
    Nick::parse(text).ok_or(
        "a name is 1 to 20 letters, digits, '_', '-' or '.', beginning with none of the last two"
            .into(),
    )
}

fn new_name(text: &str) -> Result<Nick, String> {
    match name(text)? {
        nick if nick.is_reserved() => Err("that name is the server's own".into()),
        nick => Ok(nick),
    }
}

/// What is to be done about accounts.
#[derive(Debug)]
pub(super) struct AccountCommand(Action);

pub(super) fn account(arguments: AccountArguments) -> AccountCommand {
    AccountCommand(arguments.action)
}

impl AccountCommand {
    /// Does it, and says what was done.
    ///
    /// # Errors
    /// One line that says what cannot be done.
    pub(super) fn run(&self) -> Result<String, String> {
        match &self.0 {
            Action::Add { name, place } => add(&place.data, name),
            Action::Passwd { name, place } => set_password(&place.data, name),
            Action::Role { name, role, place } => set_role(&place.data, name, *role),
            Action::Remove { name, place } => remove(&place.data, name),
            Action::List { place } => {
                let connection = accounts::open(&place.data)?;
                let listed = accounts::list(&connection).map_err(|e| failed(&place.data, &e))?;
                Ok(table::table(&listed))
            }
        }
    }
}

fn add(dir: &Path, name: &Nick) -> Result<String, String> {
    let mut connection = accounts::begin(dir)?;
    let exists = || format!("there is an account of the name {name} already");
    let found = accounts::find(&connection, &name.key()).map_err(|e| failed(dir, &e))?;
    if found.is_some() {
        return Err(exists());
    }
    let hash = accounts::hash(&password::read(name)?)?;
    let nick = name.clone();
    // Whoever runs the server needs no invitation.
    let code = None;
    match write(
        &mut connection,
        dir,
        &AccountWrite::Insert { nick, hash, code },
    )? {
        AccountAnswer::Exists => Err(exists()),
        _ => Ok(format!("{name} is registered")),
    }
}

fn set_password(dir: &Path, name: &Nick) -> Result<String, String> {
    let mut connection = accounts::open(dir)?;
    let account = accounts::find(&connection, &name.key()).map_err(|e| failed(dir, &e))?;
    let account = match account {
        None => return Err(nobody(name)),
        Some(account) if account.hash.is_none() => {
            return Err(format!("{name} is a bot: it has a token and no password"));
        }
        Some(account) => account.record.id,
    };
    let hash = accounts::hash(&password::read(name)?)?;
    let change = AccountWrite::SetPassword {
        account,
        seen: None,
        hash,
    };
    match write(&mut connection, dir, &change)? {
        AccountAnswer::PasswordSet => Ok(format!("{name} has another password")),
        _ => Err(nobody(name)),
    }
}

fn set_role(dir: &Path, name: &Nick, role: AccountRole) -> Result<String, String> {
    let connection = accounts::open(dir)?;
    let is_operator = role == AccountRole::Operator;
    let is_found = accounts::set_operator(&connection, &name.key(), is_operator);
    if !is_found.map_err(|e| failed(dir, &e))? {
        return Err(nobody(name));
    }
    let role = match role {
        AccountRole::Operator => "an operator",
        AccountRole::User => "a user",
    };
    Ok(format!("{name} is {role} from its next login on"))
}

/// Beside a server as well. What that has in memory of the account stays until it starts again.
fn remove(dir: &Path, name: &Nick) -> Result<String, String> {
    let mut connection = accounts::open(dir)?;
    let found = accounts::find(&connection, &name.key()).map_err(|e| failed(dir, &e))?;
    let account = found.ok_or_else(|| nobody(name))?.record.id;
    let change = AccountWrite::Remove {
        account,
        seen: None,
    };
    match write(&mut connection, dir, &change)? {
        AccountAnswer::Unregistered { .. } => Ok(format!(
            "{name} is nobody's any more; a running server lets who is logged in stay, and bots come in, until it \
             starts again"
        )),
        _ => Err(nobody(name)),
    }
}

fn write(
    connection: &mut Connection,
    dir: &Path,
    change: &AccountWrite,
) -> Result<AccountAnswer, String> {
    let mut written = || {
        // Who reads first and writes then is refused if another program wrote between.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = change.apply(&transaction)?;
        if let AccountAnswer::Registered(account) = &answer {
            accounts::set_lasting(&transaction, account.id)?;
        }
        transaction.commit()?;
        Ok(answer)
    };
    written().map_err(|e| failed(dir, &e))
}

fn nobody(name: &Nick) -> String {
    format!("there is no account of the name {name}")
}

fn failed(dir: &Path, e: &rusqlite::Error) -> String {
    format!("cannot use the database in {}: {e}", dir.display())
}
