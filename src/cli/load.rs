//! The arguments of `hubbub load`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::load::plan::{CONNECTIONS_MAX, Pace, Plan, Scenario, Until};
use crate::load::tongue::{self, Tongue};

use super::values::{count_in, size, time};

/// Sources at most: a range that is longer is a slip.
const SOURCES_MAX: u32 = 1024;

/// Loads a server with thousands of clients and checks what each of them hears.
///
/// Every message carries its sender, its number and the time it was to be sent; each client checks
/// that none is lost, doubled, reordered or garbled. A table stands on standard output at the end,
/// the progress on standard error; Ctrl-C ends a run early and shows what there is.
///
/// Exit code: 0 where all was right, 1 where anything was wrong or the server could not be reached,
/// 2 for wrong use.
#[derive(Debug, Args)]
#[command(override_usage = "hubbub load [OPTIONS] ADDRESS")]
pub(super) struct LoadArguments {
    /// The server: [[tls+]DIALECT://]HOST:PORT, or ws://HOST:PORT[/PATH] and wss:// for WebSockets (text
    /// and json, at /ws). Over TLS no certificate is verified: a server that is measured may have its own
    #[arg(value_name = "ADDRESS", required_unless_present = "floor")]
    target: Option<String>,

    /// What the clients do; it sets defaults that the other options change:
    /// fanout (1,000 clients, 1 sender, 32 messages in flight), latency (20 messages a second),
    /// idle (10,000 come in and stay), rooms (1,000 rooms of 10, 2,000 messages a second),
    /// churn (a part leaves and joins again all the time), slow (a part never reads),
    /// join-storm (10,000 come in as fast as they can)
    #[arg(long, value_name = "NAME", default_value = "fanout", value_parser = scenario,
          verbatim_doc_comment)]
    scenario: Scenario,

    /// What is spoken: text and json are Hubbub's own; line is any server that passes lines on
    #[arg(long, value_name = "NAME", value_parser = dialect, help = dialect_help())]
    dialect: Option<Spoken>,

    /// Clients that listen, the senders among them [default: the scenario's]
    #[arg(long, value_name = "N", value_parser = count_in(1..=CONNECTIONS_MAX))]
    clients: Option<usize>,

    /// Clients that speak [default: the scenario's]
    #[arg(long, value_name = "N", value_parser = count_in(1..=CONNECTIONS_MAX))]
    senders: Option<usize>,

    /// Rooms that the clients are spread over [default: the scenario's]
    #[arg(long, value_name = "N", value_parser = count_in(1..=CONNECTIONS_MAX))]
    rooms: Option<usize>,

    /// A message's text, in bytes; from 24 up, for what is checked stands in it
    #[arg(long, value_name = "BYTES", default_value = "64", value_parser = size)]
    size: usize,

    /// An open loop: messages a second of all senders together, whatever the server makes of them;
    /// latency counts from the time at which each was due
    #[arg(long, value_name = "N/s", value_parser = rate, conflicts_with = "window")]
    rate: Option<f64>,

    /// A closed loop: messages that each sender has in flight; one is done when all have heard it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    window: Option<u32>,

    /// How long to speak, or to stay
    #[arg(long = "for", value_name = "TIME", default_value = "10s", value_parser = time)]
    time: Duration,

    /// Speak until so many messages were sent, however long it takes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)),
          conflicts_with = "time")]
    messages: Option<u64>,

    /// Connects a second [default: as many as the server takes]
    #[arg(long, value_name = "N/s", value_parser = rate)]
    ramp: Option<f64>,

    /// The server's process: shows its processor time, memory and context switches
    #[arg(long)]
    pid: Option<u32>,

    /// Addresses to connect from, in turn: each has about 28,000 ports
    #[arg(long, value_name = "FIRST[-LAST]", value_parser = sources)]
    source: Option<Sources>,

    /// Of a hundred clients, how many never read (slow)
    #[arg(long, value_name = "K", default_value = "10", value_parser = percent)]
    slow_percent: usize,

    /// Of a hundred clients, how many come and go (churn)
    #[arg(long, value_name = "K", default_value = "10", value_parser = percent)]
    churn_percent: usize,

    /// How long nothing may come before what is missing counts as lost
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    patience: Duration,

    /// One JSON object on standard output instead of the table
    #[arg(long)]
    json: bool,

    /// Write a page with plots, too
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,

    /// Serve instead, as the least server there can be: what one sends is written to all others, over
    /// TLS with tls:// in front
    #[arg(long, value_name = "ADDRESS", hide = true, num_args = 0..=1,
          default_missing_value = "127.0.0.1:0")]
    floor: Option<String>,
}

/// A run, or the server that runs are measured against.
#[derive(Debug)]
pub(super) enum Load {
    /// Run this, and show what was found.
    Run(Box<LoadRun>),
    /// Serve as the floor at this address.
    Floor(String),
}

/// A run, and how what it finds is shown.
#[derive(Debug)]
pub(super) struct LoadRun {
    /// What is to be done.
    pub(super) plan: Plan,
    /// Is one JSON object wanted instead of the table?
    pub(super) is_json: bool,
    /// Where a page with plots is to be written.
    pub(super) report: Option<PathBuf>,
}

/// What is spoken, by its name.
#[derive(Debug, Clone, Copy)]
struct Spoken(&'static dyn Tongue);

#[derive(Debug, Clone)]
struct Sources(Vec<IpAddr>);

/// Makes a plan of the arguments.
pub(super) fn load(arguments: LoadArguments) -> Result<Load, String> {
    if let Some(address) = arguments.floor {
        return Ok(Load::Floor(address));
    }
    let target = arguments.target.unwrap_or_default();
    let address = Address::of(&target);
    let target = address.target.to_owned();
    let has_port = target
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if !has_port {
        return Err(format!(
            "'{target}' is no server: HOST:PORT is wanted, as in 127.0.0.1:8080"
        ));
    }
    let scheme = address.dialect.map(dialect);
    let spoken = match arguments.dialect {
        Some(spoken) => spoken,
        None => scheme.transpose()?.unwrap_or(Spoken(tongue::ALL[0])),
    };
    let scenario = arguments.scenario;
    let (clients, senders, rooms, pace) = scenario.defaults();
    let clients = arguments.clients.unwrap_or(clients);
    let rooms = arguments.rooms.unwrap_or(rooms.min((clients / 10).max(1)));
    let senders = match scenario {
        Scenario::Rooms => rooms,
        _ => senders,
    };
    let pace = match (arguments.window, arguments.rate) {
        (Some(window), _) => Pace::Window(window),
        (None, Some(rate)) => Pace::Rate(rate),
        (None, None) => pace,
    };
    let plan = Plan {
        scenario,
        target,
        is_tls: address.is_tls,
        websocket: address.websocket,
        tongue: spoken.0,
        clients,
        senders: arguments.senders.unwrap_or(senders),
        rooms,
        size: arguments.size,
        pace,
        until: arguments
            .messages
            .map_or(Until::Time(arguments.time), Until::Messages),
        ramp_per_s: arguments.ramp,
        sources: arguments.source.map_or(Vec::new(), |sources| sources.0),
        pid: arguments.pid,
        slow_percent: arguments.slow_percent,
        churn_percent: arguments.churn_percent,
        patience: arguments.patience,
    };
    plan.check()?;
    Ok(Load::Run(Box::new(LoadRun {
        plan,
        is_json: arguments.json,
        report: arguments.report,
    })))
}

/// The parts of a server's address.
struct Address<'a> {
    target: &'a str,
    is_tls: bool,
    websocket: Option<String>,
    /// What it says is spoken there, if it does.
    dialect: Option<&'a str>,
}

impl Address<'_> {
    fn of(text: &str) -> Address<'_> {
        let (scheme, target) = text.split_once("://").unwrap_or(("", text));
        let (is_tls, scheme) = match scheme.split_once('+') {
            Some(("tls", scheme)) => (true, scheme),
            _ => (matches!(scheme, "tls" | "wss"), scheme),
        };
        if !matches!(scheme, "ws" | "wss") {
            // What is found out from the first bytes may be any.
            let is_any = matches!(scheme, "" | "auto" | "tls");
            return Address {
                target,
                is_tls,
                websocket: None,
                dialect: (!is_any).then_some(scheme),
            };
        }
        let (target, path) = target.split_at(target.find('/').unwrap_or(target.len()));
        let path = if path.is_empty() { "/ws" } else { path };
        Address {
            target,
            is_tls,
            websocket: Some(path.into()),
            dialect: None,
        }
    }
}

fn scenario(text: &str) -> Result<Scenario, String> {
    let found = Scenario::ALL
        .into_iter()
        .find(|scenario| scenario.name() == text);
    found.ok_or_else(|| {
        let names = Scenario::ALL.map(Scenario::name).join(", ");
        format!("there are {names}")
    })
}

fn dialects() -> String {
    let names: Vec<&str> = tongue::ALL.iter().map(|tongue| tongue.name()).collect();
    names.join(", ")
}

fn dialect_help() -> String {
    format!(
        "What is spoken [default: what the address says, or text]: {}; \
         line is any server that passes lines on",
        dialects()
    )
}

fn dialect(text: &str) -> Result<Spoken, String> {
    tongue::named(text)
        .map(Spoken)
        .ok_or_else(|| format!("there are {}", dialects()))
}

/// A rate: `200/s` or `200`.
fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text).trim().parse();
    number
        .ok()
        .filter(|rate| (0.001..=1e9).contains(rate))
        .ok_or("a rate is 0.001 to 1000000000 a second, as in 200/s".into())
}

fn percent(text: &str) -> Result<usize, String> {
    let number = text.trim_end_matches('%').trim().parse().ok();
    number
        .filter(|percent| *percent <= 100)
        .ok_or("a share is 0 to 100 of a hundred".into())
}

/// Addresses: `127.0.0.2`, `127.0.0.2-127.0.0.9`, or several with commas between them.
fn sources(text: &str) -> Result<Sources, String> {
    let wrong = || "addresses are as in 127.0.0.2 or 127.0.0.2-127.0.0.9".to_owned();
    let mut sources = Vec::new();
    for part in text.split(',') {
        let Some((first, last)) = part.split_once('-') else {
            sources.push(part.trim().parse().map_err(|_| wrong())?);
            continue;
        };
        let number = |text: &str| text.trim().parse().map(Ipv4Addr::to_bits);
        let first = number(first).map_err(|_| wrong())?;
        let last = number(last).map_err(|_| wrong())?;
        if last < first || last - first >= SOURCES_MAX {
            return Err(format!(
                "{part} is no range of at most {SOURCES_MAX} addresses"
            ));
        }
        sources.extend((first..=last).map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))));
    }
    Ok(Sources(sources))
}

#[cfg(test)]
mod tests;
