//! The service manager that has started this program, if one has (systemd): what it is told (sd_notify(3)), and the
//! sockets that it has opened already (sd_listen_fds(3)).

use std::io;
use std::net::ToSocketAddrs as _;
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;

use crate::limits::Limits;

use super::listener::SocketListener;
use super::place::Place;

/// What a service manager is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// People can come in.
    Ready,
    /// Files are read again; `Ready` follows.
    Reloading,
    /// Nobody comes in any more.
    Stopping,
    /// The loop goes round.
    Alive,
    /// The program of this process goes on in place of this one.
    Succeeded(u32),
}

/// A listening socket that was there at the start.
enum Opened {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

/// What it has given to this program.
pub(super) struct ServiceManager {
    opened: Vec<Opened>,
}

impl ServiceManager {
    pub(super) fn of_environment() -> ServiceManager {
        let mut given = ListenFd::from_env();
        let sockets = (0..given.len()).filter_map(|at| {
            // What is taken for the wrong one stays.
            let tcp = given.take_tcp_listener(at).ok().flatten();
            tcp.map(Opened::Tcp).or_else(|| {
                let unix = given.take_unix_listener(at).ok().flatten();
                unix.map(Opened::Unix)
            })
        });
        ServiceManager {
            opened: sockets.collect(),
        }
    }

    /// The socket that it has opened at `place`, if it has.
    pub(super) fn take(
        &mut self,
        place: &Place,
        mss: Option<u32>,
        limits: &Limits,
    ) -> Option<io::Result<(SocketListener, Place)>> {
        let at = self.opened.iter().position(|socket| socket.is_at(place))?;
        Some(match self.opened.swap_remove(at) {
            Opened::Tcp(socket) => SocketListener::of_opened(socket, mss, limits),
            Opened::Unix(socket) => {
                SocketListener::of_opened_unix(socket).map(|listener| (listener, place.clone()))
            }
        })
    }

    /// Tells it, where there is one. That it cannot be told changes nothing for the people here.
    pub(super) fn tell(&mut self, state: ServiceState) {
        if state == ServiceState::Ready {
            for socket in self.opened.drain(..) {
                log::warn!(
                    "a socket was given that no --listen names: {}",
                    socket.name()
                );
            }
        }
        let told = match state {
            ServiceState::Ready => sd_notify::notify(&[NotifyState::Ready]),
            ServiceState::Reloading => NotifyState::monotonic_usec_now()
                .and_then(|at| sd_notify::notify(&[NotifyState::Reloading, at])),
            ServiceState::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
            ServiceState::Succeeded(pid) => sd_notify::notify(&[NotifyState::MainPid(pid)]),
            ServiceState::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
        };
        if let Err(e) = told {
            log::warn!("the service manager cannot be told: {e}");
        }
    }

    /// How often it wants to hear that the loop goes round, at least.
    pub(super) fn watchdog(&self) -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }
}

impl Opened {
    fn is_at(&self, place: &Place) -> bool {
        match (self, place) {
            (Opened::Tcp(socket), Place::Tcp(host)) => socket.local_addr().is_ok_and(|own| {
                let mut addresses = host.to_socket_addrs().into_iter().flatten();
                addresses.any(|address| address == own)
            }),
            (Opened::Unix(socket), Place::Unix(at)) => socket
                .local_addr()
                .is_ok_and(|own| own.as_pathname() == Some(at.path.as_path())),
            (Opened::Tcp(_), Place::Unix(_)) | (Opened::Unix(_), Place::Tcp(_)) => false,
        }
    }

    fn name(&self) -> String {
        match self {
            Opened::Tcp(socket) => socket.local_addr().map(|own| own.to_string()),
            Opened::Unix(socket) => socket.local_addr().map(|own| {
                let path = own.as_pathname();
                path.map_or("unix:".into(), |path| path.display().to_string())
            }),
        }
        .unwrap_or_default()
    }
}
