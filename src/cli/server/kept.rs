//! Options of what is kept, and of how the operator speaks to the server.

use std::path::PathBuf;

use clap::Args;

use crate::limits::{ACCOUNT_EXPIRY_MS, GRACE_MS, REPLAY_MESSAGES, options};
use crate::model::RegistrationMode;
use crate::reactor::DoorAddress;

use super::super::values::{
    CountOrOff, Time, TimeOrOff, count_or_off_in, registration, replay, size_or_off_in,
    status_door, time_in, time_or_off_in,
};

/// What is on disk, and whose a name is.
#[derive(Debug, Args)]
#[command(next_help_heading = "History and accounts")]
pub(in crate::cli) struct KeptOptions {
    /// Messages that one is shown of a room by entering it with text; 0 is none
    #[arg(long, value_name = "N", default_value_t = REPLAY_MESSAGES, value_parser = replay)]
    pub(in crate::cli) replay: usize,

    /// How long messages are kept
    #[arg(
        long,
        value_name = "TIME|off",
        default_value = "off",
        requires = "data", value_parser = time_or_off_in(options::LASTING_MS))]
    pub(in crate::cli) keep_age: TimeOrOff,

    /// How many messages of each room are kept
    #[arg(long, value_name = "N|off", default_value = "off", requires = "data", value_parser = count_or_off_in(options::KEPT_COUNT))]
    pub(in crate::cli) keep_count: CountOrOff,

    /// How many bytes of messages of each room are kept
    #[arg(long, value_name = "BYTES|off", default_value = "off", requires = "data", value_parser = size_or_off_in(options::KEPT_TEXT_BYTES))]
    pub(in crate::cli) keep_bytes: CountOrOff,

    /// If the database is broken, rename it and begin a new one, rather than not start
    #[arg(long, requires = "data")]
    pub(in crate::cli) data_set_aside: bool,

    /// How long an account lasts that nobody uses while the server runs
    #[arg(long, value_name = "TIME|off", default_value_t = TimeOrOff(Some(ACCOUNT_EXPIRY_MS)),
          requires = "data", value_parser = time_or_off_in(options::LASTING_MS))]
    pub(in crate::cli) account_expiry: TimeOrOff,

    /// How long somebody may go by a registered name before logging in
    #[arg(long, value_name = "TIME", default_value_t = Time(GRACE_MS), requires = "data", value_parser = time_in(options::GRACE))]
    pub(in crate::cli) grace: Time,

    /// Refuse a registered name at once to who does not log in
    #[arg(long, requires = "data")]
    pub(in crate::cli) strict_names: bool,

    /// Let every account be online from several connections, rather than only where a login asks for it
    #[arg(long, requires = "data")]
    pub(in crate::cli) multi: bool,

    /// Let nobody in, and tell nobody a word, who does not log in
    #[arg(long, requires = "data")]
    pub(in crate::cli) require_account: bool,

    /// Who may make an account: everybody, who has a code of an operator's (/invitecode), or nobody but with
    /// `hubbub account`
    #[arg(long, value_name = "open|invite|closed", default_value = "open", requires = "data",
          value_parser = registration)]
    pub(in crate::cli) registration: RegistrationMode,
}

/// How the operator speaks to the server.
#[derive(Debug, Args)]
#[command(next_help_heading = "The operator")]
pub(in crate::cli) struct OperatorOptions {
    /// The operator's console on standard input; the default where that is a terminal
    #[arg(long, conflicts_with = "no_console")]
    pub(in crate::cli) console: bool,

    /// Show nothing on the console's terminal but answers: not who comes and goes, and what is said
    #[arg(long)]
    pub(in crate::cli) console_quiet: bool,

    /// No console, even on a terminal
    #[arg(long)]
    pub(in crate::cli) no_console: bool,

    /// The operator's console on a Unix-domain socket, for root and the server's own user
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) admin_socket: Option<PathBuf>,

    /// Take over from the server that runs with the same options: its connections stay, and nothing that is said is
    /// lost. Starts as ever where none runs
    #[arg(long)]
    pub(in crate::cli) take_over: bool,

    /// The directory where a server and the program that takes over meet [default: $RUNTIME_DIRECTORY, which
    /// systemd sets, or the --data directory]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) run_dir: Option<PathBuf>,

    /// Where /metrics and /stats are served over HTTP
    #[arg(long, value_name = "HOST:PORT", value_parser = status_door)]
    pub(in crate::cli) http_status: Option<DoorAddress>,

    /// The file in which bans, mutes and locked rooms survive a restart [default: `settings` in the
    /// --data directory, where there is one]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) state: Option<PathBuf>,
}
