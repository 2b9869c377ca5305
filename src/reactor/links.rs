//! Links to files: what they begin with for each reader, and whom they let have a file.

use memchr::memmem;

use crate::buffer::{Chunk, Ledger, Page};
use crate::dialect::View;
use crate::layer::{Layer, Transport as _};
use crate::model::{ConnId, Event, FileId, HashSeed, LinkKey, Links, Moment, SharedFile};
use crate::sys::{Place, Stream, System};

use super::Reactor;
use super::config::Config;
use super::connection::Connection;
use super::delivery::Happened;
use super::door::DoorAddress;
use super::pages::{Kind, Pages};

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

/// Events that share files, rendered once for all readers of a kind: of each reader's own are the tokens in it.
#[derive(Debug)]
pub(super) struct Template {
    kind: Kind,
    /// What its links begin with.
    base: String,
    bytes: Vec<u8>,
    /// Where the text of each event ends.
    ends: Vec<usize>,
    /// Where tokens begin, and of which files.
    tokens: Vec<(usize, FileId)>,
}

/// Whose tokens stand in a template. They are told nobody, and nobody can guess them: where they are found, links are.
const NOBODY: u32 = u32::MAX;

impl Template {
    pub(super) fn new(
        kind: Kind,
        events: &[Happened],
        view: &View<'_>,
        links: Links<'_>,
        pages: &mut Pages,
    ) -> Template {
        let links = Links {
            reader: NOBODY,
            ..links
        };
        let view = View {
            links: Some(links),
            ..*view
        };
        let mut chunks = Vec::new();
        pages.render(None, kind, events, &view, &mut chunks);
        let (mut bytes, mut ends, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        for (Happened { event, .. }, chunk) in events.iter().zip(&chunks) {
            if let Event::Said { message, .. } = event
                && let Some(file) = SharedFile::of(message)
            {
                let found = |at| (bytes.len() + at, file.id);
                let token = links.token(file.id);
                tokens.extend(memmem::find_iter(&chunk.bytes(), &token).map(found));
            }
            bytes.extend_from_slice(&chunk.bytes());
            ends.push(bytes.len());
        }
        Template {
            kind,
            base: links.base.into(),
            bytes,
            ends,
            tokens,
        }
    }

    /// Is it what such readers are told of so many events?
    pub(super) fn is_for(&self, kind: Kind, base: &str, count: usize) -> bool {
        self.kind == kind && self.base == base && self.ends.len() == count
    }

    /// Appends a chunk an event, as one reader is told it.
    pub(super) fn fill(&self, links: &Links<'_>, ledger: &Ledger, chunks: &mut Vec<Chunk>) {
        let mut rest = Page::new(ledger).append(|out| {
            out.reserve_exact(self.bytes.len());
            out.extend_from_slice(&self.bytes);
            for &(at, file) in &self.tokens {
                let token = links.token(file);
                out[at..at + token.len()].copy_from_slice(&token);
            }
        });
        let mut begin = 0;
        for &end in &self.ends {
            chunks.push(rest.split_to(end - begin));
            begin = end;
        }
    }
}

impl<S: System> Reactor<S> {
    /// What links begin with for a connection, where an event has any.
    pub(super) fn link_base(&mut self, id: ConnId, event: &Event) -> Option<String> {
        let connection = self.connections.get_mut(id).filter(|_| event.has_files())?;
        Some(self.links.base(connection))
    }
}
