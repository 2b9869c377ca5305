//! What a server is started with.

mod bounds;
mod cluster;
mod doors;
mod first;
mod kept;
mod shared;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Parser;

use crate::dialect::Dialect;
use crate::hub::Addresses;
use crate::limits::Limits;
use crate::reactor::{Certificate, Config, DoorAddress, Place};
use crate::store::{self, Retention};

use super::VERSION;
use super::values::Time;
use bounds::BoundsOptions;
use cluster::ClusterOptions;
use doors::{DoorsOptions, IrcOptions, WebOptions};
use first::MainOptions;
use kept::{KeptOptions, OperatorOptions};
use shared::SharedOptions;

/// Where settings are in the directory of history and accounts.
const SETTINGS_FILE: &str = "settings";

/// A low-footprint chat server: people with nc, telnet, a browser, JSON programs and older chat
/// clients talk with each other in one world.
#[derive(Debug, Parser)]
#[command(name = "hubbub", version = VERSION)]
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
    shared: SharedOptions,

    #[command(flatten)]
    operator: OperatorOptions,

    #[command(flatten)]
    cluster: ClusterOptions,

    #[command(flatten)]
    bounds: BoundsOptions,
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
    let speaks_http = |door: &DoorAddress| door.dialect.is_none_or(Dialect::is_http);
    let is_reached = |door: &DoorAddress| {
        matches!(door.place, Place::Tcp(_)) || arguments.shared.public_url.is_some()
    };
    let has_door = main
        .listen
        .iter()
        .any(|it| speaks_http(it) && is_reached(it));
    match arguments.shared.files && !has_door {
        true => Err("--files needs a door at which HTTP is spoken (auto or http) over TCP".into()),
        false => Ok(()),
    }
}

pub(super) fn config(arguments: ServerArguments) -> Result<Config, String> {
    let limits = limits(&arguments);
    check(&limits)?;
    check_doors(&arguments)?;
    check_cluster(&arguments)?;
    let run_dir = run_dir(&arguments)?;
    let certificate = certificate(&arguments);
    let data = data(&arguments);
    let in_data = |dir: &PathBuf| dir.join(SETTINGS_FILE);
    let is_clustered = arguments.cluster.is_given();
    let state = arguments.operator.state;
    let state = state.or(arguments.main.data.as_ref().map(in_data));
    // The cluster has them in its log.
    let state = state.filter(|_| !is_clustered);
    let is_terminal = std::io::stdin().is_terminal();
    Ok(Config {
        doors: arguments.main.listen,
        limits,
        certificate,
        trusted_proxies: arguments.doors.trusted_proxy,
        status_door: arguments.operator.http_status,
        allowed_origins: arguments.web.allow_origin,
        public_hosts: arguments.main.public_host,
        public_url: arguments.shared.public_url.clone(),
        api_tokens: arguments.web.api_token_file,
        has_ws_echo: arguments.web.ws_echo,
        oper_password: arguments.main.oper_password_file,
        server_name: arguments.irc.server_name,
        network_name: arguments.irc.network_name,
        server_password: arguments.doors.server_password_file,
        motd: arguments.doors.motd,
        requires_account: arguments.kept.require_account,
        registration: arguments.kept.registration,
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
        run_dir,
        takes_over: arguments.operator.take_over,
        state,
        data,
        cluster: arguments.cluster.options(arguments.shared.public_url),
        replay: arguments.kept.replay,
        grace_ms: arguments.kept.grace.0,
        account_expiry_ms: arguments.kept.account_expiry.0,
        has_strict_names: arguments.kept.strict_names,
        is_multi: arguments.kept.multi,
    })
}

/// # Errors
/// What a server of a cluster can't have.
fn check_cluster(arguments: &ServerArguments) -> Result<(), String> {
    let operator = &arguments.operator;
    match arguments.cluster.is_given() {
        true if operator.state.is_some() => {
            Err("--state can't be had with --cluster, whose log has the settings".into())
        }
        true if arguments.shared.files => {
            Err("--files can't be had with --cluster, whose servers do not share files yet".into())
        }
        true if operator.take_over || operator.run_dir.is_some() => Err(
            "--take-over and --run-dir can't be had with --cluster, whose servers are renewed one by one"
                .into(),
        ),
        _ => Ok(()),
    }
}

fn data(arguments: &ServerArguments) -> Option<store::Options> {
    let (main, kept) = (&arguments.main, &arguments.kept);
    main.data.clone().map(|dir| store::Options {
        dir,
        durability: main.durability,
        retention: Retention {
            age_ms: kept.keep_age.0,
            count: kept.keep_count.0.map(|count| count as u64),
            bytes: kept.keep_bytes.0.map(|bytes| bytes as u64),
        },
        replay: kept.replay,
        sets_aside: kept.data_set_aside,
        is_shared: arguments.cluster.is_given(),
        files: arguments.shared.options(),
    })
}

fn certificate(arguments: &ServerArguments) -> Option<Certificate> {
    let main = &arguments.main;
    match (main.tls_cert.clone(), main.tls_key.clone()) {
        (Some(certificate), Some(key)) => Some(Certificate::Files { certificate, key }),
        _ => main.tls_self_signed.then(|| Certificate::SelfSigned {
            dir: main.data.clone(),
        }),
    }
}

/// Where a server and the program that takes over meet.
///
/// # Errors
/// There is no such place, and it is wanted.
fn run_dir(arguments: &ServerArguments) -> Result<Option<PathBuf>, String> {
    // The first of those that a service manager has made (systemd.exec(5)).
    let made = || std::env::split_paths(&std::env::var_os("RUNTIME_DIRECTORY")?).next();
    let named = arguments.operator.run_dir.clone().or_else(made);
    let run_dir = named.or_else(|| arguments.main.data.clone());
    let run_dir = run_dir.filter(|_| !arguments.cluster.is_given());
    match arguments.operator.take_over && run_dir.is_none() {
        true => Err("--take-over needs --run-dir or --data: where the two programs meet".into()),
        false => Ok(run_dir),
    }
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
    if limits.sendq_hard_bytes < limits.sendq_soft_bytes {
        return Err("--sendq-hard is less than --sendq-soft".into());
    }
    Ok(())
}
