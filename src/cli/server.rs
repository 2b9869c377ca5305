//! What a server is started with.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::{Args, Parser};

use crate::hub::Addresses;
use crate::limits::{ACCOUNT_EXPIRY_MS, GRACE_MS, Limits, REPLAY_MESSAGES};
use crate::model::Durability;
use crate::reactor::{Certificate, Config, DoorAddress};
use crate::store::{self, Retention};
use crate::web::{OriginRule, PublicHost};

use super::values::{
    ConnectRateOrOff, CountOrOff, RateOrOff, Size, Time, TimeOrOff, connect_rate_or_off, count,
    count_or_off, durability, network_name, rate_or_off, replay, server_name, size, size_or_off,
    status_door,
};

/// Where settings are in the directory of history and accounts.
const SETTINGS_FILE: &str = "settings";

/// A low-footprint chat server: people with nc, telnet, a browser, JSON programs and older chat
/// clients talk with each other in one world.
#[derive(Debug, Parser)]
#[command(name = "hubbub", version)]
pub(super) struct ServerArguments {
    #[command(flatten)]
    main: MainOptions,

    #[command(flatten)]
    doors: DoorsOptions,

    #[command(flatten)]
    web: WebOptions,

    #[command(flatten)]
    irc: IrcOptions,

    #[command(flatten)]
    kept: KeptOptions,

    #[command(flatten)]
    operator: OperatorOptions,

    #[command(flatten)]
    bounds: BoundsOptions,
}

/// What matters first.
#[derive(Debug, Args)]
#[command(next_help_heading = "What matters first")]
struct MainOptions {
    /// A file of options, each under the name that it has here; `hubbub config` prints an example. An argument wins over
    /// a variable (HUBBUB_MAX_MESSAGE), and that over the file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where to listen: [DIALECT://]HOST:PORT or DIALECT+unix://PATH (PATH?mode=0666&group=NAME says
    /// who may connect), with tls+ in front for TLS; may be given again and again. Dialects: auto
    /// (found out from the first bytes), text, json, json+padded (for a client that reads 1,024 bytes
    /// at a time), pynet, anon, echo, colon, http, irc
    #[arg(long, value_name = "DOOR", default_value = "127.0.0.1:8080")]
    listen: Vec<DoorAddress>,

    /// The directory in which history and accounts survive a restart, made where there is none.
    /// Without it each room's last 100 messages are in memory, and there are no accounts
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// The certificate for TLS, PEM, its chain behind it; read again at SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// TLS with a certificate made at the start, for trying; its fingerprint is printed
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key"])]
    tls_self_signed: bool,

    /// A name that browsers know this server under, as in chat.example; may be given again and again. Under
    /// other names than this, localhost and addresses nothing of /ws and /api is answered then, as at doors of
    /// the loopback device anyway
    #[arg(long, value_name = "HOST")]
    public_host: Vec<PublicHost>,

    /// The file whose first line makes an operator of who says /oper with it
    #[arg(long, value_name = "FILE")]
    oper_password_file: Option<PathBuf>,

    /// Connections at once [default: what the limit of descriptors allows, less 32]
    #[arg(long, value_name = "N", value_parser = count)]
    max_connections: Option<usize>,

    /// What a message that was told has survived: `seen`, it is told only when it is on disk; `soon`, it
    /// is told at once, and on disk within 50 ms
    #[arg(long, value_name = "seen|soon", default_value = "soon", requires = "data",
          value_parser = durability)]
    durability: Durability,
}

/// Who comes in, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Doors")]
struct DoorsOptions {
    /// How long the auto door waits for the first bytes before it greets in text; longer is better for
    /// browsers on networks that lose packets
    #[arg(long, value_name = "TIME", default_value_t = Time(Limits::DEFAULT.sniff_ms))]
    sniff_time: Time,

    /// How long a connection may take to give a name
    #[arg(long, value_name = "TIME", default_value_t = Time(Limits::DEFAULT.join_ms))]
    join_timeout: Time,

    /// How long a TLS handshake or an HTTP request may take
    #[arg(long, value_name = "TIME", default_value_t = Time(Limits::DEFAULT.handshake_ms))]
    handshake_timeout: Time,

    /// The file whose first line is asked of everybody who comes in: IRC clients send it with PASS, text
    /// and colon ask for it before the name, JSON takes it as `server_password`
    #[arg(long, value_name = "FILE")]
    server_password_file: Option<PathBuf>,

    /// Show nobody's address to other users; else anon and colon doors show those of the users who came in
    /// by one
    #[arg(long, conflicts_with = "show_addresses")]
    cloak: bool,

    /// Show everybody's address to other users
    #[arg(long)]
    show_addresses: bool,

    /// Connections that the kernel queues before they are accepted
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.backlog,
          value_parser = clap::value_parser!(i32).range(1..))]
    backlog: i32,
}

/// What is served over HTTP and WebSockets.
#[derive(Debug, Args)]
#[command(next_help_heading = "The web")]
struct WebOptions {
    /// A web page that may open WebSockets here, as in https://chat.example, or * for any; may be
    /// given again and again. The server's own page always may
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<OriginRule>,

    /// The file of bearer tokens for POST to /api/v1: a line each, TOKEN [NAME]
    #[arg(long, value_name = "FILE")]
    api_token_file: Option<PathBuf>,

    /// Open /echo, a WebSocket that sends every message back, for conformance suites
    #[arg(long)]
    ws_echo: bool,
}

/// What clients of IRC are told.
#[derive(Debug, Args)]
#[command(next_help_heading = "IRC")]
struct IrcOptions {
    /// The name of the server, as IRC clients are told it [default: the name of the host]
    #[arg(long, value_name = "NAME", value_parser = server_name)]
    server_name: Option<String>,

    /// Have IRC clients come in before they make an account
    #[arg(long, requires = "data")]
    register_after_join: bool,

    /// Tell IRC clients to come by TLS only, for so long (IRCv3 sts): for a certificate that they can verify
    #[arg(long, value_name = "TIME", requires = "tls_cert")]
    irc_sts: Option<Time>,

    /// The name of the network, as IRC clients are told it
    #[arg(long, value_name = "NAME", default_value = "Hubbub", value_parser = network_name)]
    network_name: String,
}

/// What is on disk, and whose a name is.
#[derive(Debug, Args)]
#[command(next_help_heading = "History and accounts")]
struct KeptOptions {
    /// Messages that one is shown of a room by entering it with text; 0 is none
    #[arg(long, value_name = "N", default_value_t = REPLAY_MESSAGES, value_parser = replay)]
    replay: usize,

    /// How long messages are kept
    #[arg(
        long,
        value_name = "TIME|off",
        default_value = "off",
        requires = "data"
    )]
    keep_age: TimeOrOff,

    /// How many messages of each room are kept
    #[arg(long, value_name = "N|off", default_value = "off", requires = "data",
          value_parser = count_or_off)]
    keep_count: CountOrOff,

    /// How many bytes of messages of each room are kept
    #[arg(long, value_name = "BYTES|off", default_value = "off", requires = "data",
          value_parser = size_or_off)]
    keep_bytes: CountOrOff,

    /// If the database is broken, rename it and begin a new one, rather than not start
    #[arg(long, requires = "data")]
    data_set_aside: bool,

    /// How long an account lasts that nobody uses while the server runs
    #[arg(long, value_name = "TIME|off", default_value_t = TimeOrOff(Some(ACCOUNT_EXPIRY_MS)),
          requires = "data")]
    account_expiry: TimeOrOff,

    /// How long somebody may go by a registered name before logging in
    #[arg(long, value_name = "TIME", default_value_t = Time(GRACE_MS), requires = "data")]
    grace: Time,

    /// Refuse a registered name at once to who does not log in
    #[arg(long, requires = "data")]
    strict_names: bool,

    /// Let every account be online from several connections, rather than only where a login asks for it
    #[arg(long, requires = "data")]
    multi: bool,
}

/// How the operator speaks to the server.
#[derive(Debug, Args)]
#[command(next_help_heading = "The operator")]
struct OperatorOptions {
    /// The operator's console on standard input; the default where that is a terminal
    #[arg(long, conflicts_with = "no_console")]
    console: bool,

    /// Show nothing on the console's terminal but answers: not who comes and goes, and what is said
    #[arg(long)]
    console_quiet: bool,

    /// No console, even on a terminal
    #[arg(long)]
    no_console: bool,

    /// The operator's console on a Unix-domain socket, for root and the server's own user
    #[arg(long, value_name = "PATH")]
    admin_socket: Option<PathBuf>,

    /// Where /metrics and /stats are served over HTTP
    #[arg(long, value_name = "HOST:PORT", value_parser = status_door)]
    http_status: Option<DoorAddress>,

    /// The file in which bans, mutes and locked rooms survive a restart [default: `settings` in the
    /// --data directory, where there is one]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

/// What nobody may go beyond.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
struct BoundsOptions {
    /// The longest message, in bytes of UTF-8
    #[arg(long, value_name = "BYTES", default_value_t = Size(Limits::DEFAULT.message_bytes))]
    max_message: Size,

    /// The longest frame (line, JSON object), in bytes; at least the longest message
    #[arg(long, value_name = "BYTES", default_value_t = Size(Limits::DEFAULT.frame_bytes))]
    max_frame: Size,

    /// Members of a room above which who joins and leaves is not told one by one, but counted and told
    /// once a second
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.presence_members, value_parser = count)]
    presence_limit: usize,

    /// Requests of one connection: how many a second, and how many at once [default: 10,30 except
    /// for loopback; given here, it holds for everyone]
    #[arg(long, value_name = "R,B|off", value_parser = rate_or_off)]
    rate_limit: Option<RateOrOff>,

    /// Connects of one address: how many in what time; loopback is exempt
    #[arg(long, value_name = "N,TIME|off", default_value_t = ConnectRateOrOff(Limits::DEFAULT.connect_rate),
          value_parser = connect_rate_or_off)]
    connect_rate: ConnectRateOrOff,

    /// Connections at once from one address (a /64 of IPv6); loopback is exempt
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.per_address, value_parser = count)]
    max_per_address: usize,

    /// Hold loopback to the limits by address as well
    #[arg(long)]
    limit_loopback: bool,

    /// How long a user may send nothing
    #[arg(long, value_name = "TIME|off", default_value_t = TimeOrOff(Limits::DEFAULT.idle_ms))]
    idle_timeout: TimeOrOff,

    /// How long nothing may come from a WebSocket before it is pinged, and then before it is dropped
    #[arg(long, value_name = "TIME", default_value_t = Time(Limits::DEFAULT.ping_ms))]
    ping_interval: Time,

    /// TCP keepalive: how long a connection may be silent before it is probed
    #[arg(long, value_name = "TIME|off", default_value_t = TimeOrOff(Limits::DEFAULT.keepalive_ms))]
    keepalive: TimeOrOff,

    /// Bytes waiting for a slow reader above which its own requests wait
    #[arg(long, value_name = "BYTES", default_value_t = Size(Limits::DEFAULT.sendq_soft_bytes))]
    sendq_soft: Size,

    /// Bytes waiting for a slow reader above which it is dropped
    #[arg(long, value_name = "BYTES", default_value_t = Size(Limits::DEFAULT.sendq_hard_bytes))]
    sendq_hard: Size,

    /// How long a slow reader may stay above the soft limit
    #[arg(long, value_name = "TIME", default_value_t = Time(Limits::DEFAULT.sendq_ms))]
    sendq_time: Time,

    /// Memory for all that waits for slow readers; above it those who hold the most are dropped
    /// [default: a quarter of the memory allowed, at most 256MiB]
    #[arg(long, value_name = "BYTES", value_parser = size)]
    sendq_total: Option<usize>,
}

/// # Errors
/// Which door can't be opened with the other options.
fn check_doors(arguments: &ServerArguments) -> Result<(), String> {
    let main = &arguments.main;
    let has_certificate = main.tls_cert.is_some() || main.tls_self_signed;
    let is_locked = arguments.doors.server_password_file.is_some();
    for door in &main.listen {
        let why = match (door.is_tls, door.takes_in_unasked()) {
            (true, _) if !has_certificate => "needs --tls-cert and --tls-key, or --tls-self-signed",
            (_, true) if is_locked => {
                "asks nothing, so it can't be had with --server-password-file"
            }
            _ => continue,
        };
        return Err(format!("{door} {why}"));
    }
    Ok(())
}

pub(super) fn config(arguments: ServerArguments) -> Result<Config, String> {
    let limits = limits(&arguments);
    check(&limits)?;
    check_doors(&arguments)?;
    let certificate = match (arguments.main.tls_cert, arguments.main.tls_key) {
        (Some(certificate), Some(key)) => Some(Certificate::Files { certificate, key }),
        _ => arguments
            .main
            .tls_self_signed
            .then_some(Certificate::SelfSigned),
    };
    let in_data = |dir: &PathBuf| dir.join(SETTINGS_FILE);
    let state = arguments
        .operator
        .state
        .or(arguments.main.data.as_ref().map(in_data));
    let data = arguments.main.data.map(|dir| store::Options {
        dir,
        durability: arguments.main.durability,
        retention: Retention {
            age_ms: arguments.kept.keep_age.0,
            count: arguments.kept.keep_count.0.map(|count| count as u64),
            bytes: arguments.kept.keep_bytes.0.map(|bytes| bytes as u64),
        },
        replay: arguments.kept.replay,
        sets_aside: arguments.kept.data_set_aside,
    });
    let is_terminal = std::io::stdin().is_terminal();
    Ok(Config {
        doors: arguments.main.listen,
        limits,
        certificate,
        status_door: arguments.operator.http_status,
        allowed_origins: arguments.web.allow_origin,
        public_hosts: arguments.main.public_host,
        api_tokens: arguments.web.api_token_file,
        has_ws_echo: arguments.web.ws_echo,
        oper_password: arguments.main.oper_password_file,
        server_name: arguments.irc.server_name,
        network_name: arguments.irc.network_name,
        server_password: arguments.doors.server_password_file,
        has_early_accounts: !arguments.irc.register_after_join,
        irc_sts_s: arguments.irc.irc_sts.map(|Time(ms)| ms / 1000),
        addresses: match (arguments.doors.cloak, arguments.doors.show_addresses) {
            (true, _) => Addresses::None,
            (_, true) => Addresses::All,
            (false, false) => Addresses::OfDoors,
        },
        has_console: arguments.operator.console || (is_terminal && !arguments.operator.no_console),
        has_terminal: std::io::stdout().is_terminal(),
        is_console_quiet: arguments.operator.console_quiet,
        admin_socket: arguments.operator.admin_socket,
        state,
        data,
        replay: arguments.kept.replay,
        grace_ms: arguments.kept.grace.0,
        account_expiry_ms: arguments.kept.account_expiry.0,
        has_strict_names: arguments.kept.strict_names,
        is_multi: arguments.kept.multi,
    })
}

fn limits(arguments: &ServerArguments) -> Limits {
    Limits {
        message_bytes: arguments.bounds.max_message.0,
        frame_bytes: arguments.bounds.max_frame.0,
        presence_members: arguments.bounds.presence_limit,
        sniff_ms: arguments.doors.sniff_time.0,
        join_ms: arguments.doors.join_timeout.0,
        handshake_ms: arguments.doors.handshake_timeout.0,
        ping_ms: arguments.bounds.ping_interval.0,
        idle_ms: arguments.bounds.idle_timeout.0,
        keepalive_ms: arguments.bounds.keepalive.0,
        sendq_soft_bytes: arguments.bounds.sendq_soft.0,
        sendq_hard_bytes: arguments.bounds.sendq_hard.0,
        sendq_ms: arguments.bounds.sendq_time.0,
        sendq_total_bytes: arguments.bounds.sendq_total,
        rate: arguments
            .bounds
            .rate_limit
            .as_ref()
            .map_or(Limits::DEFAULT.rate, |rate| rate.0),
        rate_on_loopback: arguments.bounds.rate_limit.is_some() || arguments.bounds.limit_loopback,
        connect_rate: arguments.bounds.connect_rate.0,
        limits_loopback: arguments.bounds.limit_loopback,
        connections: arguments.main.max_connections,
        per_address: arguments.bounds.max_per_address,
        backlog: arguments.doors.backlog,
    }
}

/// Do these make sense together?
fn check(limits: &Limits) -> Result<(), String> {
    if limits.frame_bytes < limits.message_bytes {
        return Err("--max-frame is less than --max-message: no such message could come".into());
    }
    if limits
        .keepalive_ms
        .is_some_and(|ms| !(1000..=32_767_000).contains(&ms))
    {
        return Err("--keepalive is 1s to 32767s, or off".into());
    }
    if limits.sendq_hard_bytes < limits.sendq_soft_bytes {
        return Err("--sendq-hard is less than --sendq-soft".into());
    }
    Ok(())
}
