//! Carries out what the command line asks for, and ends with an exit code.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{BufWriter, ErrorKind, Write as _};
use std::process::ExitCode;

use crate::load::{self, Floor};
use crate::reactor::{self, Config, Ended, Reactor};
use crate::{logging, store};

use super::{Command, HistoryCommand, Load, LoadRun, VERSION, history, parse};

/// Exit codes: what was asked for cannot be done.
const FAILED: u8 = 1;
/// Exit codes: what was asked for makes no sense.
const WRONG_USE: u8 = 2;

/// The whole program: exit code 1 where what is asked for cannot be done, 2 where it makes no sense.
pub fn main() -> ExitCode {
    match parse(std::env::args_os(), std::env::vars_os().collect()) {
        Ok(Command::Serve(config)) => serve(&config),
        Ok(Command::Load(Load::Run(run))) => load(&run),
        Ok(Command::Load(Load::Floor(address))) => serve_as_floor(&address),
        Ok(Command::History(history)) => print(&history),
        Ok(Command::Account(account)) => told(account.run()),
        Ok(Command::Backup(backup)) => told(backup.run()),
        Ok(Command::Health(health)) => told(health.ask()),
        Ok(Command::Check(file, config)) => {
            told(Reactor::check(&config).map(|()| format!("{} is good", file.display())))
        }
        Ok(Command::Print(text)) => {
            say(text.trim_end());
            ExitCode::SUCCESS
        }
        Err(line) => fail(WRONG_USE, format_args!("{line} (see hubbub --help)")),
    }
}

/// What was done, or why it could not be.
fn told(done: Result<impl Display, impl Display>) -> ExitCode {
    match done {
        Ok(line) => {
            say(line);
            ExitCode::SUCCESS
        }
        Err(line) => fail(FAILED, line),
    }
}

fn serve(config: &Config) -> ExitCode {
    logging::init();
    let mut reactor = match Reactor::open(config) {
        Ok(reactor) => reactor,
        Err(line) => return fail(FAILED, line),
    };
    if let Some(fingerprint) = reactor.fingerprint() {
        say(format_args!(
            "certificate SHA-256 fingerprint {fingerprint}"
        ));
    }
    for address in reactor.addresses() {
        say(format_args!("listening on {address}"));
    }
    log::info!(
        "hubbub {VERSION} serves up to {} connections",
        reactor.connections_max()
    );
    reactor.reads_again(config.clone(), || {
        match parse(std::env::args_os(), std::env::vars_os().collect())? {
            Command::Serve(config) => Ok(*config),
            _ => Err("the options ask for no server any more".into()),
        }
    });
    match reactor.run() {
        Ended::Stopped => {
            log::info!("stopped");
            ExitCode::SUCCESS
        }
        Ended::TakenOver => ExitCode::SUCCESS,
        Ended::Forced(signal) => ExitCode::from(128u8.saturating_add(signal as u8)),
    }
}

fn load(run: &LoadRun) -> ExitCode {
    let outcome = match load::run(&run.plan) {
        Ok(outcome) => outcome,
        Err(line) => return fail(FAILED, line),
    };
    match run.is_json {
        true => say(load::json::object(&run.plan, &outcome)),
        false => say(load::table::table(&outcome).trim_end()),
    }
    if let Some(path) = &run.report
        && let Err(e) = std::fs::write(path, load::report::html(&outcome))
    {
        return fail(FAILED, format_args!("cannot write {}: {e}", path.display()));
    }
    match load::table::fault_line(&outcome) {
        Some(line) => fail(FAILED, line),
        None => ExitCode::SUCCESS,
    }
}

fn serve_as_floor(address: &str) -> ExitCode {
    let served = Floor::open(address).and_then(|floor| {
        say(format_args!("listening on {}", floor.address()?));
        floor.run()
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => fail(FAILED, line),
    }
}

/// Prints history until nobody reads it any more.
fn print(asked: &HistoryCommand) -> ExitCode {
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    let mut printed = Ok(());
    let mut last = VecDeque::new();
    let (room, now) = (asked.room.as_ref(), reactor::now());
    let read = store::each_message(&asked.dir, room, asked.since_ms, |room, message| {
        if !asked.wants(message) {
            return true;
        }
        let line = match asked.is_json {
            true => store::json_line(room, message),
            false => history::lines(room, message, now),
        };
        match asked.limit {
            None => printed = writeln!(stdout, "{line}"),
            Some(limit) => {
                last.truncate(limit - 1);
                last.push_front(line);
            }
        }
        printed.is_ok()
    });
    if let Err(line) = read {
        return fail(FAILED, line);
    }
    for line in last.iter().rev() {
        printed = printed.and_then(|()| writeln!(stdout, "{line}"));
    }
    match printed.and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            fail(FAILED, format_args!("cannot print history: {e}"))
        }
        _ => ExitCode::SUCCESS,
    }
}

/// One line on standard output. Whether anybody reads it is not the server's business.
fn say(line: impl Display) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

fn fail(code: u8, line: impl Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "hubbub: {line}");
    ExitCode::from(code)
}
