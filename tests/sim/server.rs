//! The server under test: the whole reactor, over the simulated system.

use std::time::Duration;

use hubbub::testing::{Certificate, Config, DoorAddress, Reactor};
use hubbub::testing::{Dialect, Options as StoreOptions, dialects};
use hubbub::testing::{Ended, Request, Settings};

use crate::faults::Fault;
use crate::net::World;
use crate::plan::{DOORS, Options};
use crate::speech::{API_TOKEN, OPER_PASSWORD};
use crate::system::SimSystem;

pub(crate) struct Server {
    reactor: Reactor<SimSystem>,
    turns: u64,
}

/// How often the hub goes on as what is restored of its snapshot, in turns.
const RENEWAL: u64 = 32;

pub(crate) const OPER_FILE: &str = "oper";
pub(crate) const TOKENS_FILE: &str = "tokens";
pub(crate) const CERTIFICATE_FILE: &str = "certificate";
pub(crate) const KEY_FILE: &str = "key";

/// Certificates with their keys. Signatures with those (Ed25519) are always as long.
pub(crate) const CERTIFICATES: [(&str, &str); 2] = [
    (include_str!("tls/a.crt"), include_str!("tls/a.key")),
    (include_str!("tls/b.crt"), include_str!("tls/b.key")),
];

/// What one turn came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turned {
    pub(crate) has_ended: bool,
    /// Is all of it another program's?
    pub(crate) is_taken_over: bool,
    pub(crate) timeout: Option<Duration>,
    /// Did it read, write or accept anything, was it told something, or kept from it by a fault?
    pub(crate) has_done: bool,
    /// Did it read, write or accept something of which nothing had told it, and before anything was due?
    pub(crate) is_by_itself: bool,
}

impl Server {
    pub(crate) fn open(options: &Options, world: &World) -> Result<Server, String> {
        put_files(world);
        let reactor = Reactor::open_on(world.system(), &config(options)?)?;
        Ok(Server { reactor, turns: 0 })
    }

    /// One turn, which waits no longer than until then.
    pub(crate) fn turn(&mut self, world: &World, until_us: u64) -> Turned {
        world.set_horizon(Some(until_us));
        let hits = || {
            Fault::ALL
                .into_iter()
                .map(|fault| world.hits(fault))
                .sum::<u64>()
        };
        let (works, before) = (world.works(), world.works() + hits());
        self.turns += 1;
        if self.turns.is_multiple_of(RENEWAL) {
            self.reactor.renew_hub();
        }
        let turned = self.reactor.turn();
        let polled = world.polled();
        // What is due in the middle of the last millisecond of a wait may be done then.
        let waited = Duration::from_micros(polled.waited_us) + Duration::from_millis(1);
        let is_early = turned.timeout.is_none_or(|timeout| waited < timeout);
        Turned {
            has_ended: turned.ended.is_some_and(|ended| ended != Ended::TakenOver),
            is_taken_over: turned.ended == Some(Ended::TakenOver),
            timeout: turned.timeout,
            has_done: world.works() + hits() > before || polled.told > 0,
            is_by_itself: polled.is_cut && is_early && world.works() > works,
        }
    }

    /// The program that takes over from it. One that finds a file that is not good would refuse.
    pub(crate) fn succeeded(self, options: &Options, world: &World) -> Result<Server, String> {
        put_files(world);
        let reactor = self.reactor.succeeded(&config(options)?)?;
        Ok(Server { reactor, turns: 0 })
    }

    /// Bans and the like, as it has them.
    pub(crate) fn settings(&self) -> &Settings {
        self.reactor.settings()
    }

    /// What is left in it: connections and the like, by name.
    pub(crate) fn left(&self) -> Vec<(&'static str, usize)> {
        self.reactor.check_mirror();
        self.reactor.pending()
    }
}

/// Every file that a server reads at its start, as it is to be.
fn put_files(world: &World) {
    world.put_file(OPER_FILE.as_ref(), format!("{OPER_PASSWORD}\n").as_bytes());
    world.put_file(TOKENS_FILE.as_ref(), format!("{API_TOKEN}\n").as_bytes());
    let (certificate, key) = CERTIFICATES[0];
    world.put_file(CERTIFICATE_FILE.as_ref(), certificate.as_bytes());
    world.put_file(KEY_FILE.as_ref(), key.as_bytes());
}

fn config(options: &Options) -> Result<Config, String> {
    let door = |scheme: &str, at: usize| format!("{scheme}://127.0.0.1:{}", 8000 + at).parse();
    let doors = DOORS
        .iter()
        .enumerate()
        .map(|(at, scheme)| match options.are_tls[at] {
            true => door(&format!("tls+{scheme}"), at),
            false => door(scheme, at),
        });
    let status = DoorAddress {
        is_status: true,
        ..door("http", DOORS.len())?
    };
    Ok(Config {
        doors: doors.collect::<Result<_, String>>()?,
        limits: options.limits.clone(),
        certificate: options.has_tls.then(|| Certificate::Files {
            certificate: CERTIFICATE_FILE.into(),
            key: KEY_FILE.into(),
        }),
        status_door: Some(status),
        trusted_proxies: Vec::new(),
        allowed_origins: Vec::new(),
        public_hosts: Vec::new(),
        public_url: None,
        api_tokens: Some(TOKENS_FILE.into()),
        has_ws_echo: true,
        oper_password: Some(OPER_FILE.into()),
        server_name: Some("sim".into()),
        network_name: "sim".into(),
        server_password: None,
        motd: None,
        requires_account: false,
        registration: options.registration,
        has_early_accounts: true,
        irc_sts_s: None,
        addresses: options.addresses,
        has_console: options.stdio.is_some(),
        has_terminal: options.stdio.is_some_and(|stdio| stdio.is_terminal),
        is_console_quiet: options.stdio.is_some_and(|stdio| stdio.is_quiet),
        admin_socket: Some("admin".into()),
        run_dir: None,
        takes_over: false,
        state: Some("settings".into()),
        data: options.durability.map(|durability| StoreOptions {
            dir: "data".into(),
            durability,
            retention: options.retention,
            replay: options.replay,
            sets_aside: false,
            is_shared: false,
            files: None,
        }),
        cluster: None,
        replay: options.replay,
        grace_ms: options.grace_ms,
        account_expiry_ms: options.account_expiry_ms,
        has_strict_names: options.has_strict_names,
        is_multi: options.is_multi,
    })
}

/// The frame that asks `request`, without its end.
pub(crate) fn frame_of(dialect: Dialect, request: &Request) -> Option<Vec<u8>> {
    dialects::request_frame(dialect, request)
}
