//! Links to files: what they begin with for each reader, and whom they let have a file.

use crate::layer::{Layer, Transport as _};
use crate::model::{ConnId, Event, FileId, HashSeed, LinkKey, Links, Moment};
use crate::sys::{Place, Stream, System};

use super::Reactor;
use super::config::Config;
use super::connection::Connection;
use super::door::DoorAddress;

/// What links are made with.
#[derive(Debug)]
pub(super) struct LinkMaker {
    key: LinkKey,
    /// What every link begins with, where that is set.
    public_url: Option<String>,
    /// The host of links, where that is set.
    public_host: Option<String>,
    /// Where HTTP is spoken.
    door: Option<HttpDoor>,
}

/// A door where HTTP is spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct HttpDoor {
    /// Its host, but for one that stands for every address.
    host: Option<String>,
    port: String,
    /// Is it TLS from the first byte?
    is_tls: bool,
    /// Is TLS found out there as well?
    finds_tls: bool,
}

impl LinkMaker {
    pub(super) fn new<'a>(
        seed: HashSeed,
        config: &Config,
        doors: impl Iterator<Item = &'a DoorAddress>,
    ) -> LinkMaker {
        let has_tls = config.certificate.is_some();
        let doors: Vec<HttpDoor> = doors
            .filter_map(|door| HttpDoor::of(door, has_tls))
            .collect();
        LinkMaker {
            key: LinkKey::of(seed),
            public_url: config.public_url.clone(),
            public_host: config.public_hosts.first().map(ToString::to_string),
            door: doors.into_iter().next(),
        }
    }

    /// What links begin with for a reader: the address that it has come to, if nothing else is set.
    pub(super) fn base<S: Stream>(&self, connection: &mut Connection<Layer<S>>) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').into();
        }
        let Some(door) = &self.door else {
            return String::new();
        };
        let is_tls = door.is_tls || (door.finds_tls && connection.socket.is_tls());
        let local = || {
            let ip = connection.socket.stream_mut().local_ip()?.to_canonical();
            Some(if ip.is_ipv6() {
                format!("[{ip}]")
            } else {
                ip.to_string()
            })
        };
        let host = self.public_host.clone().or_else(|| door.host.clone());
        let host = host.or_else(local).unwrap_or_else(|| "127.0.0.1".into());
        let scheme = if is_tls { "https" } else { "http" };
        format!("{scheme}://{host}:{}", door.port)
    }

    /// What one reader's links are made with.
    pub(super) fn links<'a>(&'a self, base: &'a str, id: ConnId, now: Moment) -> Links<'a> {
        Links {
            key: &self.key,
            base,
            reader: id.generation,
            now_ms: now.unix_ms,
        }
    }

    /// Does a token let who has it have a file?
    pub(super) fn admits(&self, file: FileId, token: &str, now_ms: u64) -> bool {
        self.key.admits(file, token, now_ms)
    }
}

impl HttpDoor {
    fn of(door: &DoorAddress, has_tls: bool) -> Option<HttpDoor> {
        let speaks = door.dialect.is_none_or(|dialect| dialect.is_http());
        let Place::Tcp(place) = &door.place else {
            return None;
        };
        let (host, port) = place.rsplit_once(':')?;
        let is_any = matches!(host, "0.0.0.0" | "[::]");
        (speaks && !door.is_status).then(|| HttpDoor {
            host: (!is_any).then(|| host.into()),
            port: port.into(),
            is_tls: door.is_tls,
            finds_tls: has_tls && door.dialect.is_none(),
        })
    }
}

impl<S: System> Reactor<S> {
    /// What links begin with for a connection, where an event has any.
    pub(super) fn link_base(&mut self, id: ConnId, event: &Event) -> Option<String> {
        let connection = self.connections.get_mut(id).filter(|_| event.has_files())?;
        Some(self.links.base(connection))
    }
}
