//! Arguments. What holds without them stands in [`crate::limits`], as far as it is a bound.

mod account;
mod backup;
mod elsewhere;
mod example;
mod health;
mod help;
mod history;
mod load;
mod program;
mod server;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use account::AccountCommand;
use history::HistoryCommand;
use load::{Load, LoadRun};
pub use program::main;

use crate::reactor::Config;
use elsewhere::{Elsewhere, Variables};
use server::ServerArguments;

/// The program's version, and the commit that it was built from.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), env!("HUBBUB_COMMIT"));

/// A low-footprint chat server: people with nc, telnet, a browser, JSON programs and older chat
/// clients talk with each other in one world.
#[derive(Debug, Parser)]
#[command(
    name = "hubbub",
    version = VERSION,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,

    #[command(flatten)]
    server: ServerArguments,
}

/// What can be done beside serving.
#[derive(Debug, Subcommand)]
enum Other {
    Load(Box<load::LoadArguments>),
    History(history::HistoryArguments),
    Account(account::AccountArguments),
    Backup(backup::BackupArguments),
    Health(health::HealthArguments),
    /// Prints an example of a file of options for --config
    Config,
    /// Says whether a file of options, and the files that it names, are good
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    Help(help::HelpArguments),
}

/// What was asked for on the command line.
#[derive(Debug)]
enum Command {
    /// Serve with this configuration.
    Serve(Box<Config>),
    /// Load a server.
    Load(Load),
    /// Print what is kept.
    History(HistoryCommand),
    /// Look after accounts.
    Account(AccountCommand),
    /// Copy what is kept.
    Backup(backup::BackupArguments),
    /// Ask whether a server is well.
    Health(health::HealthArguments),
    /// See whether the files that this configuration names can be used.
    Check(PathBuf, Box<Config>),
    /// Print this (help, version, an example) and be done.
    Print(String),
}

/// Reads the arguments, the program's name first, and what stands in `variables` and a file of options beside them.
///
/// # Errors
/// One line that says what is wrong with them.
fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    variables: Variables,
) -> Result<Command, String> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let is_server = arguments
        .get(1)
        .is_none_or(|first| first.as_encoded_bytes().starts_with(b"-"));
    let mut elsewhere = Elsewhere::default();
    if is_server {
        elsewhere = Elsewhere::read(&arguments, variables)?;
        arguments.splice(1..1, elsewhere.arguments());
        // A server does not keep in memory what the other commands and all the help take to be described.
        if let Ok(arguments) = ServerArguments::try_parse_from(&arguments) {
            return server::config(arguments).map(Box::new).map(Command::Serve);
        }
    }
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(e) if !e.use_stderr() => return Ok(Command::Print(e.to_string())),
        Err(e) => return Err(elsewhere.line(&e)),
    };
    match arguments.other {
        Some(Other::Load(arguments)) => load::load(*arguments).map(Command::Load),
        Some(Other::History(arguments)) => Ok(Command::History(history::history(arguments))),
        Some(Other::Account(arguments)) => Ok(Command::Account(account::account(arguments))),
        Some(Other::Backup(arguments)) => Ok(Command::Backup(arguments)),
        Some(Other::Health(arguments)) => Ok(Command::Health(arguments)),
        Some(Other::Config) => Ok(Command::Print(example::example())),
        Some(Other::Check { file }) => check(file),
        Some(Other::Help(asked)) => help::page(&asked).map(Command::Print),
        None => server::config(arguments.server)
            .map(Box::new)
            .map(Command::Serve),
    }
}

/// What a server would be that is started with this file alone.
fn check(file: PathBuf) -> Result<Command, String> {
    let arguments = ["hubbub".into(), "--config".into(), file.clone().into()];
    match parse(arguments, Variables::new())? {
        Command::Serve(config) => Ok(Command::Check(file, config)),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests;
