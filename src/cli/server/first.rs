//! The options that matter first.

use std::path::PathBuf;

use clap::Args;

use crate::limits::options;
use crate::model::Durability;
use crate::reactor::DoorAddress;
use crate::web::PublicHost;

use super::super::values::{count_in, durability};

/// What matters first.
#[derive(Debug, Args)]
#[command(next_help_heading = "What matters first")]
pub(in crate::cli) struct MainOptions {
    /// A file of options, each under the name that it has here; `hubbub config` prints an example. An argument wins over
    /// a variable (HUBBUB_MAX_MESSAGE), and that over the file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,

    /// Where to listen: [DIALECT://]HOST:PORT or DIALECT+unix://PATH (PATH?mode=0666&group=NAME says
    /// who may connect), with tls+ in front for TLS; may be given again and again. Dialects: auto
    /// (found out from the first bytes), text, json, json+padded (for a client that reads 1,024 bytes
    /// at a time), pynet, anon, echo, colon, http, irc
    #[arg(long, value_name = "DOOR", default_value = "127.0.0.1:8080")]
    pub(in crate::cli) listen: Vec<DoorAddress>,

    /// The directory in which history and accounts survive a restart, made where there is none.
    /// Without it each room's last 100 messages are in memory, and there are no accounts
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) data: Option<PathBuf>,

    /// The certificate for TLS, PEM, its chain behind it; read again at SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(in crate::cli) tls_cert: Option<PathBuf>,

    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(in crate::cli) tls_key: Option<PathBuf>,

    /// TLS with a certificate made for trying; its fingerprint is printed. With --data it is kept there, and made anew
    /// when it has ended
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key"])]
    pub(in crate::cli) tls_self_signed: bool,

    /// A name that browsers know this server under, as in chat.example; may be given again and again. Under
    /// other names than this, localhost and addresses nothing of /ws and /api is answered then, as at doors of
    /// the loopback device anyway
    #[arg(long, value_name = "HOST")]
    pub(in crate::cli) public_host: Vec<PublicHost>,

    /// The file whose first line makes an operator of who says /oper with it
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) oper_password_file: Option<PathBuf>,

    /// Connections at once [default: what the limit of descriptors allows, less 32]
    #[arg(long, value_name = "N", value_parser = count_in(options::CONNECTIONS))]
    pub(in crate::cli) max_connections: Option<usize>,

    /// What a message that was told has survived: `seen`, it is told only when it is on disk; `soon`, it
    /// is told at once, and on disk within 50 ms
    #[arg(long, value_name = "seen|soon", default_value = "soon", requires = "data",
          value_parser = durability)]
    pub(in crate::cli) durability: Durability,
}
