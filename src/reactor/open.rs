//! A server before its first turn: its doors, its files and what was kept.

use std::collections::VecDeque;

use crate::dialect::Dialect;
use crate::hub::{Hub, Rules};
use crate::layer::{Identity, Layer};
use crate::limits::{CLOCK_FLOOR_MS, READ_BYTES};
use crate::model::{
    HashSeed, Kept, MessageId, Moment, Peer, ServerFacts, Settings, StrictTransport, TrustedProxies,
};
use crate::sys::{Interest, Native, Place, SettingsFile as _, System};
use crate::web::Site;

use super::Reactor;
use super::admission::{self, Admission};
use super::browsers::Browsers;
use super::clock::Clock;
use super::config::Config;
use super::connection::Standing;
use super::door::{Door, DoorAddress, open_doors};
use super::files::Files;
use super::links::LinkMaker;
use super::watchdog::Watchdog;

impl Reactor<Native> {
    /// Can the files be used that this configuration names and a start only reads?
    ///
    /// # Errors
    /// One line that says which cannot, and why.
    pub fn check(config: &Config) -> Result<(), String> {
        Files::of(config).check(&native()?)
    }
}

pub(super) fn native() -> Result<Native, String> {
    Native::new().map_err(|e| format!("cannot set up the event loop: {e}"))
}

impl<S: System> Reactor<S> {
    /// Opens every door on a system.
    ///
    /// # Errors
    /// One line that says what cannot be opened or read, and why.
    pub fn open_on(mut system: S, config: &Config) -> Result<Reactor<S>, String> {
        let doors = open_doors(&mut system, config, Vec::new())?;
        let mut prepared = Prepared::new(&mut system, config, &doors)?;
        let has_all = match (&config.cluster, &config.data) {
            (Some(cluster), Some(data)) => system.prepare_data(cluster, data)?,
            _ => true,
        };
        let (store, kept) = match &config.data {
            Some(options) => {
                let (store, kept) = system.open_store(options)?;
                (Some(store), kept)
            }
            None => (None, nothing_kept(prepared.clock.moment, system.secret())),
        };
        // One that is made is kept with the data.
        prepared.identity = prepared.files.identity(&system)?;
        let (settings, keeper) = match &config.state {
            Some(path) => {
                let (settings, keeper) = system.open_settings(path)?;
                (settings, Some(keeper))
            }
            None => (Settings::default(), None),
        };
        let awaited = config.run_dir.as_ref().map(|dir| {
            let awaited = system.await_successor(dir);
            awaited.map_err(|e| log::warn!("no program can take over in {}: {e}", dir.display()))
        });
        let (hub, cluster) = match &config.cluster {
            None => (Self::hub(prepared.rules.clone(), settings, kept), None),
            Some(options) => {
                let new = || Hub::new(prepared.rules.clone(), settings.clone());
                let (hub, cluster) =
                    Self::join_cluster(&mut system, options, new, (kept, has_all))?;
                (hub, Some(Box::new(cluster)))
            }
        };
        let mut reactor = Reactor::with(system, config, doors, prepared, hub);
        reactor.cluster = cluster;
        (reactor.store, reactor.keeper) = (store, keeper);
        reactor.succession.is_awaited = awaited.is_some_and(|awaited| awaited.is_ok());
        if config.has_console {
            reactor.open_console(config.has_terminal, config.is_console_quiet);
        }
        Ok(reactor)
    }

    /// One that keeps nothing, and that nobody has come to.
    pub(super) fn with(
        system: S,
        config: &Config,
        doors: Vec<Door<S::Listener>>,
        prepared: Prepared,
        hub: Hub,
    ) -> Reactor<S> {
        let addresses = doors.iter().map(|door| &door.address);
        let links = LinkMaker::new(hub.cloak_key(), config, addresses);
        Reactor {
            doors,
            connections: Default::default(),
            hub,
            pages: Default::default(),
            batch: Default::default(),
            timers: Default::default(),
            admission: prepared.admission,
            browsers: Browsers::default(),
            limits: config.limits.clone(),
            clock: prepared.clock,
            scratch: vec![0; READ_BYTES].into(),
            budget: Default::default(),
            refused: 0,
            sendq_total_bytes: admission::sendq_total(&config.limits, &system),
            counters: Default::default(),
            files: prepared.files,
            options: None,
            identity: prepared.identity,
            site: prepared.site,
            show: Default::default(),
            keeper: None,
            awaits_settings: false,
            has_new_settings: false,
            store: None,
            has_more_answers: false,
            questions: Default::default(),
            released: Vec::new(),
            cluster: None,
            transfers: Default::default(),
            links,
            farewells: VecDeque::new(),
            stop_begins_at: None,
            stops_at: None,
            watchdog: system.watchdog().map(Watchdog::new),
            journal: Default::default(),
            succession: Default::default(),
            system,
        }
    }

    /// Opens what is kept, which a program that was taken over from has let go.
    ///
    /// # Errors
    /// One line that says what cannot be opened.
    pub(super) fn open_kept(&mut self, config: &Config) -> Result<(), String> {
        if let Some(options) = &config.data {
            let last = self.hub.kept();
            self.store = Some(self.system.resume_store(options, last)?);
        }
        if let Some(path) = &config.state {
            let (_, keeper) = self.system.open_settings(path)?;
            // What the other program could not write yet holds all the same.
            keeper.keep(self.hub.settings().clone());
            self.keeper = Some(keeper);
        }
        Ok(())
    }

    fn hub(rules: Rules, settings: Settings, kept: Kept) -> Hub {
        let mut hub = Hub::new(rules, settings);
        hub.load(kept);
        #[cfg(feature = "testing")]
        if S::IS_MIRRORED {
            hub.mirror();
        }
        hub
    }

    /// Takes standard input in as the operator's console. One that cannot be watched (a file) is
    /// read until its end.
    pub(super) fn open_console(&mut self, is_terminal: bool, is_quiet: bool) {
        let peer = Peer::Unix(0);
        let dialect = Some(Dialect::of_console(is_terminal));
        let stream = Layer::Plain(self.system.stdio());
        let id = self
            .connections
            .insert(stream, peer, dialect, self.clock.now);
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.standing = Standing::Exempt;
        let stream = connection.socket.stream_mut();
        let watched = self.system.register(stream, id, Interest::READABLE);
        connection.registered = watched.is_ok().then_some(Interest::READABLE);
        self.hub.handle_console(id);
        if is_terminal && !is_quiet {
            self.hub.handle_watcher(id);
            self.show.watcher = Some(id);
        }
        self.connections.make_ready(id);
    }
}

/// What a server needs before anybody is in, of its files and its system.
pub(super) struct Prepared {
    admission: Admission,
    pub(super) files: Files,
    /// Read when the data is open, beside which it may be.
    pub(super) identity: Option<Identity>,
    pub(super) rules: Rules,
    site: Site,
    pub(super) clock: Clock,
}

impl Prepared {
    /// # Errors
    /// One line that says what cannot be read, and why.
    pub(super) fn new<S: System>(
        system: &mut S,
        config: &Config,
        doors: &[Door<S::Listener>],
    ) -> Result<Prepared, String> {
        let files = Files::of(config);
        let proxies = TrustedProxies(config.trusted_proxies.clone());
        Ok(Prepared {
            admission: Admission::new(&config.limits, system.raise_descriptors(), proxies),
            identity: None,
            rules: rules(system, &files, config, doors)?,
            site: site(system, &files, config)?,
            clock: Clock::new(system),
            files,
        })
    }
}

/// What the chat goes by.
fn rules(
    system: &mut impl System,
    files: &Files,
    config: &Config,
    doors: &[Door<impl Sized>],
) -> Result<Rules, String> {
    let has_accounts = config.data.is_some();
    Ok(Rules {
        message_bytes_max: config.limits.message_bytes,
        presence_limit: config.limits.presence_members,
        addresses: config.addresses,
        oper_password: files.oper_password(&*system)?,
        durability: config.data.as_ref().map(|data| data.durability),
        replay: config.replay,
        is_multi: config.is_multi,
        is_strict: config.has_strict_names,
        grace_ms: config.grace_ms,
        account_expiry_ms: config.account_expiry_ms,
        limits_loopback: config.limits.limits_loopback,
        hash_seed: system.hash_seed(),
        // It comes with what is kept.
        cloak_key: HashSeed::default(),
        server: ServerFacts {
            name: config
                .server_name
                .clone()
                .unwrap_or_else(|| system.host_name()),
            network: config.network_name.clone(),
            password: files.server_password(&*system)?,
            started_ms: system.unix_ms(),
            has_accounts,
            has_early_accounts: has_accounts && config.has_early_accounts,
            registration: config.registration,
            requires_account: config.requires_account,
            motd: files.motd(&*system)?,
            strict_transport: strict_transport(doors, config)?,
            message_bytes: config.limits.message_bytes,
            has_files: config
                .data
                .as_ref()
                .is_some_and(|data| data.files.is_some()),
        },
    })
}

/// Where IRC clients are to come by TLS: at the door that speaks nothing else, or at one that finds out.
fn strict_transport<L>(
    doors: &[Door<L>],
    config: &Config,
) -> Result<Option<StrictTransport>, String> {
    let Some(duration_s) = config.irc_sts_s else {
        return Ok(None);
    };
    let is_irc = |address: &DoorAddress| match address.dialect {
        Some(dialect) => dialect.has_dialogue() && address.is_tls,
        None => true,
    };
    let addresses = || doors.iter().map(|door| &door.address);
    let found = addresses().find(|address| address.is_tls && is_irc(address));
    let found = found.or_else(|| addresses().find(|address| is_irc(address)));
    let port = found.and_then(|address| match &address.place {
        Place::Tcp(place) => place.rsplit_once(':')?.1.parse().ok(),
        Place::Unix(_) => None,
    });
    match port {
        Some(port) => Ok(Some(StrictTransport { port, duration_s })),
        None => Err("--irc-sts needs a door at which IRC is spoken over TLS".into()),
    }
}

/// What the web server goes by.
fn site(system: &impl System, files: &Files, config: &Config) -> Result<Site, String> {
    Ok(Site {
        tokens: files.api_tokens(system)?,
        origins: config.allowed_origins.clone(),
        public_hosts: config.public_hosts.clone(),
        nodes: Vec::new(),
        is_locked: config.server_password.is_some() || config.requires_account,
        has_bots: config.data.is_some(),
        file_bytes_max: config
            .data
            .as_ref()
            .and_then(|data| data.files)
            .map(|files| files.bytes_max),
        has_echo: config.has_ws_echo,
    })
}

/// What a server begins with that keeps nothing. Its ids begin with the time, so that they are later than
/// those of any earlier run that said up to a thousand messages a second.
fn nothing_kept(now: Moment, cloak_key: HashSeed) -> Kept {
    Kept {
        last_id: MessageId(now.unix_ms.saturating_sub(CLOCK_FLOOR_MS)),
        cloak_key,
        ..Kept::default()
    }
}
