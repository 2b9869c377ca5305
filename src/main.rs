//! The `hubbub` program.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use hubbub::cli::{self, Command};
use hubbub::logging;
use hubbub::reactor::{Ended, Reactor};

/// Exit codes: what was asked for cannot be done.
const FAILED: u8 = 1;
/// Exit codes: what was asked for makes no sense.
const WRONG_USE: u8 = 2;

fn main() -> ExitCode {
    let config = match cli::parse(std::env::args_os()) {
        Ok(Command::Serve(config)) => config,
        Ok(Command::Print(text)) => {
            say(text.trim_end());
            return ExitCode::SUCCESS;
        }
        Err(line) => return fail(WRONG_USE, format_args!("{line} (see hubbub --help)")),
    };
    logging::init();
    let reactor = match Reactor::open(&config) {
        Ok(reactor) => reactor,
        Err(line) => return fail(FAILED, line),
    };
    for address in reactor.addresses() {
        say(format_args!("listening on {address}"));
    }
    let version = env!("CARGO_PKG_VERSION");
    log::info!(
        "hubbub {version} serves up to {} connections",
        reactor.connections_max()
    );
    match reactor.run() {
        Ended::Stopped => {
            log::info!("stopped");
            ExitCode::SUCCESS
        }
        Ended::Forced(signal) => ExitCode::from(128u8.saturating_add(signal as u8)),
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
