//! The options, read again at SIGHUP: what can be applied is, and the log names what waits for the next start.

use crate::cluster::EngineOptions;
use crate::hub::Addresses;
use crate::store::{FileOptions, Options as DataOptions};
use crate::sys::System;

use super::{Config, Reactor, admission};

/// Where options come from.
pub(super) struct OptionsSource {
    /// Those that hold.
    config: Config,
    read: Box<dyn Fn() -> Result<Config, String>>,
}

/// What was found to be another than it was.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    applied: Vec<&'static str>,
    left: Vec<&'static str>,
}

impl<S: System> Reactor<S> {
    /// Has the options that it was opened with read again at SIGHUP.
    ///
    /// `read` fails with one line.
    pub fn reads_again(
        &mut self,
        config: Config,
        read: impl Fn() -> Result<Config, String> + 'static,
    ) {
        let read = Box::new(read);
        self.options = Some(OptionsSource { config, read });
    }

    /// Reads the options again, and applies what can be.
    pub(super) fn take_options(&mut self) {
        let Some(mut source) = self.options.take() else {
            return;
        };
        match (source.read)() {
            Err(line) => log::error!("{line}; the old options stay in use"),
            Ok(new) => {
                let changes = source.config.take(&new);
                self.adopt(&source.config);
                changes.log();
            }
        }
        self.options = Some(source);
    }

    fn adopt(&mut self, config: &Config) {
        self.limits = config.limits.clone();
        // Everybody's deadlines are found anew, over turns.
        for id in self.connections.ids() {
            self.connections.flush_later(id);
        }
        self.sendq_total_bytes = admission::sendq_total(&self.limits, &self.system);
        self.admission.adopt(&self.limits);
        self.site.origins.clone_from(&config.allowed_origins);
        self.site.public_hosts.clone_from(&config.public_hosts);
        self.site.has_echo = config.has_ws_echo;
        self.files.certificate.clone_from(&config.certificate);
        self.files.oper_password.clone_from(&config.oper_password);
        self.files.motd.clone_from(&config.motd);
        self.files.api_tokens.clone_from(&config.api_tokens);
        if config.motd.is_none() {
            self.hub.set_motd(Vec::new());
        }
        if config.oper_password.is_none() {
            self.hub.set_oper_password(None);
        }
        if config.api_tokens.is_none() {
            self.site.tokens = None;
        }
    }
}

impl Changes {
    fn log(&self) {
        let named = |names: &[&str]| names.join(", ");
        match (&self.applied[..], &self.left[..]) {
            ([], []) => {}
            (applied, []) => log::info!("options read again: {}", named(applied)),
            ([], left) => log::warn!(
                "options wait for a take-over or the next start: {}",
                named(left)
            ),
            (applied, left) => log::warn!(
                "options read again: {}; these wait for a take-over or the next start: {}",
                named(applied),
                named(left)
            ),
        }
    }
}

impl Config {
    /// Takes over what of `new` can be applied to a server that runs.
    fn take(&mut self, new: &Config) -> Changes {
        let mut changes = Changes::default();
        macro_rules! take {
            ($($name:literal: $($field:ident).+;)+) => {$(
                if self.$($field).+ != new.$($field).+ {
                    self.$($field).+.clone_from(&new.$($field).+);
                    changes.applied.push($name);
                }
            )+};
        }
        take! {
            "allow-origin": allowed_origins;
            "public-host": public_hosts;
            "api-token-file": api_tokens;
            "ws-echo": has_ws_echo;
            "oper-password-file": oper_password;
            "motd": motd;
            "max-frame": limits.frame_bytes;
            "sniff-time": limits.sniff_ms;
            "join-timeout": limits.join_ms;
            "handshake-timeout": limits.handshake_ms;
            "ping-interval": limits.ping_ms;
            "idle-timeout": limits.idle_ms;
            "sendq-soft": limits.sendq_soft_bytes;
            "sendq-hard": limits.sendq_hard_bytes;
            "sendq-time": limits.sendq_ms;
            "sendq-total": limits.sendq_total_bytes;
            "rate-limit": limits.rate;
            "connect-rate": limits.connect_rate;
            "max-per-address": limits.per_address;
        }
        // Whether everybody is held to the rate goes with it.
        if self.limits.limits_loopback == new.limits.limits_loopback {
            self.limits.rate_on_loopback = new.limits.rate_on_loopback;
        }
        // TLS cannot be begun or given up, but by other files.
        if self.certificate.is_some()
            && self.certificate != new.certificate
            && new.certificate.is_some()
        {
            self.certificate.clone_from(&new.certificate);
            changes.applied.push("tls-cert, tls-key");
        }
        self.leave(new, &mut changes);
        changes
    }

    /// Notes what cannot be applied. Every option is named here or above; a test of the command line holds it.
    fn leave(&self, new: &Config, changes: &mut Changes) {
        let of_cluster = |is: IsSame<EngineOptions>| has_other_cluster(self, new, is);
        let of_data = |is: IsSame<DataOptions>| has_other_data(self, new, is);
        let of_files = |is: IsSame<FileOptions>| has_other_files(self, new, is);
        let dirs = [self, new].map(|config| config.data.as_ref().map(|data| data.dir.clone()));
        macro_rules! left {
            ($($name:literal: $is_changed:expr;)+) => {$(
                if $is_changed {
                    changes.left.push($name);
                }
            )+};
        }
        left! {
            "listen": self.doors != new.doors;
            "http-status": self.status_door != new.status_door;
            "trusted-proxy": self.trusted_proxies != new.trusted_proxies;
            "tls-cert, tls-key": self.certificate != new.certificate;
            "server-name": self.server_name != new.server_name;
            "network-name": self.network_name != new.network_name;
            "server-password-file": self.server_password != new.server_password;
            "register-after-join": self.has_early_accounts != new.has_early_accounts;
            "irc-sts": self.irc_sts_s != new.irc_sts_s;
            "cloak": (self.addresses == Addresses::None) != (new.addresses == Addresses::None);
            "show-addresses": (self.addresses == Addresses::All) != (new.addresses == Addresses::All);
            "console-quiet": self.is_console_quiet != new.is_console_quiet;
            "admin-socket": self.admin_socket != new.admin_socket;
            "state": self.state != new.state && dirs[0] == dirs[1];
            "data": dirs[0] != dirs[1];
            "durability": of_data(|old, new| old.durability == new.durability);
            "keep-age": of_data(|old, new| old.retention.age_ms == new.retention.age_ms);
            "keep-count": of_data(|old, new| old.retention.count == new.retention.count);
            "keep-bytes": of_data(|old, new| old.retention.bytes == new.retention.bytes);
            "data-set-aside": of_data(|old, new| old.sets_aside == new.sets_aside);
            "cluster": of_cluster(|old, new| old.address == new.address);
            "node": of_cluster(|old, new| old.node == new.node);
            "cluster-password-file": of_cluster(|old, new| old.password_file == new.password_file);
            "cluster-replicas": of_cluster(|old, new| old.replicas == new.replicas);
            "cluster-wait": of_cluster(|old, new| old.wait_ms == new.wait_ms);
            "files": of_data(|old, new| old.files.is_some() == new.files.is_some());
            "max-file": of_files(|old, new| old.bytes_max == new.bytes_max);
            "files-per-account": of_files(|old, new| old.per_account == new.per_account);
            "files-per-room": of_files(|old, new| old.per_room == new.per_room);
            "files-total": of_files(|old, new| old.total == new.total);
            "file-expiry": of_files(|old, new| old.expiry_ms == new.expiry_ms);
            "public-url": self.public_url != new.public_url;
            "replay": self.replay != new.replay;
            "grace": self.grace_ms != new.grace_ms;
            "account-expiry": self.account_expiry_ms != new.account_expiry_ms;
            "require-account": self.requires_account != new.requires_account;
            "registration": self.registration != new.registration;
            "strict-names": self.has_strict_names != new.has_strict_names;
            "multi": self.is_multi != new.is_multi;
            "max-message": self.limits.message_bytes != new.limits.message_bytes;
            "presence-limit": self.limits.presence_members != new.limits.presence_members;
            "keepalive": self.limits.keepalive_ms != new.limits.keepalive_ms;
            "limit-loopback": self.limits.limits_loopback != new.limits.limits_loopback;
            "max-connections": self.limits.connections != new.limits.connections;
            "backlog": self.limits.backlog != new.limits.backlog;
        }
    }
}

/// Is something of options the same in both?
type IsSame<O> = fn(&O, &O) -> bool;

/// Is something of the cluster another, or is there one where there was none?
fn has_other_cluster(old: &Config, new: &Config, is: IsSame<EngineOptions>) -> bool {
    match (&old.cluster, &new.cluster) {
        (Some(old), Some(new)) => !is(old, new),
        (None, None) => false,
        _ => true,
    }
}

/// Is something of what is kept another, where it is kept before and after?
fn has_other_data(old: &Config, new: &Config, is: IsSame<DataOptions>) -> bool {
    matches!((&old.data, &new.data), (Some(old), Some(new)) if !is(old, new))
}

/// Is something of the files that are shared another, where they are before and after?
fn has_other_files(old: &Config, new: &Config, is: IsSame<FileOptions>) -> bool {
    let files = |config: &Config| config.data.as_ref().and_then(|data| data.files);
    matches!((files(old), files(new)), (Some(old), Some(new)) if !is(&old, &new))
}
