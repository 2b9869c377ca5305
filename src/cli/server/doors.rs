//! Options of who comes in, and how: doors, the web, IRC.

use std::path::PathBuf;

use clap::Args;

use crate::limits::{Limits, options};
use crate::model::TrustedProxy;
use crate::web::OriginRule;

use super::super::values::{Time, backlog, network_name, server_name, time_in};

/// Who comes in, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Doors")]
pub(in crate::cli) struct DoorsOptions {
    /// How long the auto door waits for the first bytes before it greets in text; longer is better for
    /// browsers on networks that lose packets
    #[arg(long, value_name = "TIME", default_value_t = Time(Limits::DEFAULT.sniff_ms), value_parser = time_in(options::SNIFF_MS))]
    pub(in crate::cli) sniff_time: Time,

    /// A proxy that is believed about whose a connection is: by the PROXY protocol's header at any door, by Forwarded
    /// and X-Forwarded-For over HTTP; `unix` is who comes by a Unix-domain door. May be given again and again. See
    /// `hubbub help proxies`
    #[arg(long, value_name = "ADDR[/BITS]")]
    pub(in crate::cli) trusted_proxy: Vec<TrustedProxy>,

    /// How long a connection may take to give a name
    #[arg(long, value_name = "TIME", default_value_t = Time(Limits::DEFAULT.join_ms), value_parser = time_in(options::STRANGER_MS))]
    pub(in crate::cli) join_timeout: Time,

    /// How long a TLS handshake or an HTTP request may take
    #[arg(long, value_name = "TIME", default_value_t = Time(Limits::DEFAULT.handshake_ms), value_parser = time_in(options::STRANGER_MS))]
    pub(in crate::cli) handshake_timeout: Time,

    /// The file whose first line is asked of everybody who comes in: IRC clients send it with PASS, text
    /// and colon ask for it before the name, JSON takes it as `server_password`
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) server_password_file: Option<PathBuf>,

    /// The file that everybody is told who comes in by text, IRC, JSON or the page: at most 8 KiB; read again at
    /// SIGHUP
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) motd: Option<PathBuf>,

    /// Show nobody's address to other users; else anon and colon doors show those of the users who came in
    /// by one
    #[arg(long, conflicts_with = "show_addresses")]
    pub(in crate::cli) cloak: bool,

    /// Show everybody's address to other users
    #[arg(long)]
    pub(in crate::cli) show_addresses: bool,

    /// Connections that the kernel queues before they are accepted
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.backlog, value_parser = backlog)]
    pub(in crate::cli) backlog: i32,
}

/// What is served over HTTP and WebSockets.
#[derive(Debug, Args)]
#[command(next_help_heading = "The web")]
pub(in crate::cli) struct WebOptions {
    /// A web page that may open WebSockets here, as in https://chat.example, or * for any; may be
    /// given again and again. The server's own page always may
    #[arg(long, value_name = "ORIGIN")]
    pub(in crate::cli) allow_origin: Vec<OriginRule>,

    /// The file of bearer tokens for POST to /api/v1: a line each, TOKEN [NAME]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) api_token_file: Option<PathBuf>,

    /// Open /echo, a WebSocket that sends every message back, for conformance suites
    #[arg(long)]
    pub(in crate::cli) ws_echo: bool,
}

/// What clients of IRC are told.
#[derive(Debug, Args)]
#[command(next_help_heading = "IRC")]
pub(in crate::cli) struct IrcOptions {
    /// The name of the server, as IRC clients are told it [default: the name of the host]
    #[arg(long, value_name = "NAME", value_parser = server_name)]
    pub(in crate::cli) server_name: Option<String>,

    /// Have IRC clients come in before they make an account
    #[arg(long, requires = "data")]
    pub(in crate::cli) register_after_join: bool,

    /// Tell IRC clients to come by TLS only, for so long (IRCv3 sts): for a certificate that they can verify
    #[arg(long, value_name = "TIME", requires = "tls_cert", value_parser = time_in(options::LASTING_MS))]
    pub(in crate::cli) irc_sts: Option<Time>,

    /// The name of the network, as IRC clients are told it
    #[arg(long, value_name = "NAME", default_value = "Hubbub", value_parser = network_name)]
    pub(in crate::cli) network_name: String,
}
