//! Doors: accepting sockets and the dialects behind them.

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::dialect::Dialect;
use crate::limits::{CLIENT_MSS_BYTES, CLIENT_READ_BYTES, Limits};
use crate::model::Peer;
use crate::sys::{self, Place, Stream as _, System, UnixPlace};
use crate::web::DoorKind;

use super::config::Config;
use super::handover::DoorState;
use super::timers::Tick;

/// Where a door is to be, as an operator writes it: `[DIALECT://]HOST:PORT` or
/// `DIALECT+unix://PATH`, behind which `?mode=0666&group=NAME` may say who may connect, with `tls+` in front where only TLS is spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorAddress {
    /// The dialect spoken there; `None` is found out from the first bytes.
    pub dialect: Option<Dialect>,
    /// Are the operator's figures served there, and nothing else? Then the dialect is HTTP's.
    pub is_status: bool,
    /// Is it TLS from the first byte?
    pub is_tls: bool,
    /// The place.
    pub place: Place,
}

impl FromStr for DoorAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<DoorAddress, String> {
        let (scheme, place) = text.split_once("://").unwrap_or(("auto", text));
        let (is_tls, scheme) = match scheme.strip_prefix("tls+") {
            Some(scheme) => (true, scheme),
            None => (false, scheme),
        };
        let (name, is_unix) = match scheme.strip_suffix("+unix") {
            Some(name) => (name, true),
            None => (scheme, false),
        };
        let spoken = || {
            Dialect::ALL
                .into_iter()
                .filter(|dialect| !dialect.is_console())
        };
        let dialect = match spoken().find(|dialect| dialect.name() == name) {
            None if name == "auto" => None,
            None => {
                let names = spoken().map(Dialect::name).collect::<Vec<_>>().join(", ");
                return Err(format!(
                    "no dialect is called '{name}'; there are auto, {names}"
                ));
            }
            dialect => dialect,
        };
        if is_unix {
            return Ok(DoorAddress {
                dialect,
                is_status: false,
                is_tls,
                place: Place::Unix(place.parse()?),
            });
        }
        let port = place.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        match port.map(|(_, port)| port.parse::<u16>()) {
            Some(Ok(_)) => Ok(DoorAddress {
                dialect,
                is_status: false,
                is_tls,
                place: Place::Tcp(place.into()),
            }),
            _ => Err("an address is HOST:PORT, as in 127.0.0.1:8080 or [::1]:8080".into()),
        }
    }
}

impl DoorAddress {
    /// Does what is sent fill reads of the clients'? Over TLS it is records that they read.
    fn has_reads(&self) -> bool {
        self.dialect.is_some_and(|it| it.spec().is_padded) && !self.is_tls
    }

    /// Which kind of door it is to who asks over HTTP.
    /// Does somebody come in there without a word?
    pub fn takes_in_unasked(&self) -> bool {
        self.dialect.is_some_and(|it| it.spec().arrival.is_some())
    }

    pub(super) fn kind(&self) -> DoorKind {
        match self.is_status {
            true => DoorKind::Status,
            false => DoorKind::Public {
                is_loopback: self.place.is_loopback(),
            },
        }
    }
}

impl fmt::Display for DoorAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.is_tls { "tls+" } else { "" };
        let name = match self.dialect {
            _ if self.is_status => STATUS_NAME,
            dialect => dialect.map_or("auto", Dialect::name),
        };
        match &self.place {
            Place::Tcp(address) => write!(f, "{tls}{name}://{address}"),
            Place::Unix(at) => write!(f, "{tls}{name}+unix://{}", at.path.display()),
        }
    }
}

/// What stands for a dialect's name where the operator's figures are served.
pub(super) const STATUS_NAME: &str = "http-status";

/// What an attempt to accept brought.
#[derive(Debug)]
pub(super) enum Accepted<S> {
    /// A connection.
    Connection(S, Peer),
    /// Nobody is waiting.
    Nobody,
    /// One that failed before it was ours: go on with the next.
    Failed,
    /// No descriptors or buffers are left: rest for a while.
    Exhausted(io::Error),
}

/// An accepting socket and the dialect behind it.
pub(super) struct Door<L> {
    pub(super) listener: L,
    /// As it is told on standard output, with the real port.
    pub(super) address: DoorAddress,
    /// Where it was to be: the port may be any.
    pub(super) asked: Place,
    /// Somebody may be waiting: set by an event, cleared by finding nobody.
    pub(super) is_ready: bool,
    /// Not watched until then.
    pub(super) rests_until: Option<Tick>,
    /// Unix-domain connections accepted so far.
    pub(super) serial: u32,
}

impl<L> Door<L> {
    /// Binds and listens.
    ///
    /// # Errors
    /// See [`System::listen`].
    pub(super) fn open<S: System<Listener = L>>(
        system: &mut S,
        address: &DoorAddress,
        limits: &Limits,
    ) -> io::Result<Door<L>> {
        let mss = address.has_reads().then_some(CLIENT_MSS_BYTES);
        let (listener, place) = system.listen(&address.place, mss, limits)?;
        Ok(Door {
            listener,
            address: DoorAddress {
                place,
                ..address.clone()
            },
            asked: address.place.clone(),
            is_ready: false,
            rests_until: None,
            serial: 0,
        })
    }

    /// One that another program had, where somebody may be waiting.
    pub(super) fn resumed(state: DoorState, listener: L, address: &DoorAddress) -> Door<L> {
        Door {
            listener,
            address: DoorAddress {
                place: state.place,
                ..address.clone()
            },
            asked: address.place.clone(),
            is_ready: true,
            rests_until: None,
            serial: state.serial,
        }
    }

    /// Accepts one connection.
    pub(super) fn accept<S: System<Listener = L>>(
        &mut self,
        system: &mut S,
    ) -> Accepted<S::Stream> {
        let is_console = self.address.dialect.is_some_and(Dialect::is_console);
        match system.accept(&mut self.listener) {
            Ok((stream, _)) if is_console && !stream.is_of_operator() => Accepted::Failed,
            Ok((mut stream, address)) => {
                if self.address.has_reads() && stream.mss() != Some(CLIENT_READ_BYTES as u32) {
                    stream.keep_reads_apart();
                }
                let peer = address.map_or_else(|| self.next_unix_peer(), Peer::from);
                Accepted::Connection(stream, peer)
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Accepted::Nobody,
            Err(e) if sys::is_of_one_connection(&e) => Accepted::Failed,
            Err(e) => Accepted::Exhausted(e),
        }
    }

    fn next_unix_peer(&mut self) -> Peer {
        self.serial = self.serial.wrapping_add(1);
        Peer::Unix(self.serial)
    }
}

/// Where doors are to be, the operator's last.
pub(super) fn addresses(config: &Config) -> impl Iterator<Item = DoorAddress> {
    let admin_door = config.admin_socket.iter().map(|path| DoorAddress {
        dialect: Some(Dialect::of_console(false)),
        is_status: false,
        is_tls: false,
        place: Place::Unix(UnixPlace::private(path.clone())),
    });
    let of_users = config.doors.iter().cloned();
    of_users.chain(config.status_door.clone()).chain(admin_door)
}

/// Opens every door: one that another program had, where there is one in `given`. Watches them all.
///
/// # Errors
/// One line that says which cannot be opened and why.
pub(super) fn open_doors<S: System>(
    system: &mut S,
    config: &Config,
    mut given: Vec<(DoorState, S::Listener)>,
) -> Result<Vec<Door<S::Listener>>, String> {
    let open = |(at, address): (usize, DoorAddress)| {
        let known = given
            .iter()
            .position(|(state, _)| state.is_at(&address.place));
        let opened = match known.map(|at| given.remove(at)) {
            Some((state, listener)) => Ok(Door::resumed(state, listener, &address)),
            None => Door::open(system, &address, &config.limits),
        };
        opened
            .and_then(|mut door| {
                system.watch(&mut door.listener, at)?;
                Ok(door)
            })
            .map_err(|e| format!("cannot listen on {address}: {e}"))
    };
    addresses(config).enumerate().map(open).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_an_operator_writes_them() {
        for (text, shown) in [
            ("127.0.0.1:8080", "auto://127.0.0.1:8080"),
            ("auto://[::1]:0", "auto://[::1]:0"),
            ("json://localhost:12345", "json://localhost:12345"),
            ("json+padded://[::]:12345", "json+padded://[::]:12345"),
            ("tls+json+padded://[::]:0", "tls+json+padded://[::]:0"),
            ("json+padded+unix:///x", "json+padded+unix:///x"),
            ("colon+unix:///run/chat.sock", "colon+unix:///run/chat.sock"),
            ("auto+unix://chat.sock", "auto+unix://chat.sock"),
            ("tls+json://127.0.0.1:0", "tls+json://127.0.0.1:0"),
            ("tls+text+unix://chat.sock", "tls+text+unix://chat.sock"),
        ] {
            let address: DoorAddress = text.parse().expect(text);
            assert_eq!(address.to_string(), shown);
        }
        for bad in [
            "",
            "8080",
            ":8080",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:65536",
            "morse://1.2.3.4:5",
            "console://1.2.3.4:5",
            "http-status://1.2.3.4:5",
            "tls://1.2.3.4:5",
            "text+unix://",
            "text+unix://x?mode=9",
            "://1.2.3.4:5",
            "+unix:///x",
        ] {
            assert!(bad.parse::<DoorAddress>().is_err(), "{bad}");
        }
    }
}
