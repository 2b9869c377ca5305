//! Sockets that others connect to.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpListener, UnixListener};
use socket2::{Domain, Socket as Unbound, TcpKeepalive, Type};

use crate::limits::{KERNEL_SENDQ_BYTES, Limits};

use super::place::Place;
use super::socket::Socket;
use super::unix::{self, SocketFile};

/// A listening socket.
pub enum SocketListener {
    /// TCP.
    Tcp(TcpListener),
    /// Unix-domain, with its file, which is removed with it.
    Unix {
        /// The socket.
        listener: UnixListener,
        /// Its file, unless that is somebody else's to remove.
        file: Option<SocketFile>,
    },
}

impl SocketListener {
    pub(super) fn open(
        place: &Place,
        mss: Option<u32>,
        limits: &Limits,
    ) -> io::Result<(SocketListener, Place)> {
        match place {
            Place::Tcp(host) => {
                let listener = listen_tcp(host, mss, limits)?;
                let place = Place::Tcp(listener.local_addr()?.to_string());
                Ok((SocketListener::Tcp(listener), place))
            }
            Place::Unix(at) => {
                let (listener, file) = unix::listen(at, limits)?;
                let listener = SocketListener::Unix {
                    listener,
                    file: Some(file),
                };
                Ok((listener, place.clone()))
            }
        }
    }

    /// One that was there at the start, as if it had been opened here.
    pub(super) fn of_opened(
        socket: std::net::TcpListener,
        mss: Option<u32>,
        limits: &Limits,
    ) -> io::Result<(SocketListener, Place)> {
        let socket = Unbound::from(socket);
        set_options(&socket, mss, limits)?;
        socket.listen(limits.backlog)?;
        let listener = TcpListener::from_std(socket.into());
        let place = Place::Tcp(listener.local_addr()?.to_string());
        Ok((SocketListener::Tcp(listener), place))
    }

    /// Likewise. Whose it is, and who may connect, was decided where it was opened.
    pub(super) fn of_opened_unix(
        socket: std::os::unix::net::UnixListener,
    ) -> io::Result<SocketListener> {
        socket.set_nonblocking(true)?;
        Ok(SocketListener::Unix {
            listener: UnixListener::from_std(socket),
            file: None,
        })
    }

    /// One that another program had, which made it what it is.
    pub(super) fn of_given(fd: OwnedFd, place: &Place) -> SocketListener {
        match place {
            Place::Tcp(_) => SocketListener::Tcp(TcpListener::from_std(fd.into())),
            Place::Unix(_) => SocketListener::Unix {
                listener: UnixListener::from_std(fd.into()),
                file: None,
            },
        }
    }

    /// Its file is this program's from now on.
    pub(super) fn claim_file(&mut self, place: &Place) {
        if let (SocketListener::Unix { file, .. }, Place::Unix(at)) = (self, place) {
            *file = SocketFile::of(&at.path).ok();
        }
    }

    /// What another program is given of it.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        match self {
            SocketListener::Tcp(listener) => listener.as_fd(),
            SocketListener::Unix { listener, .. } => listener.as_fd(),
        }
    }

    pub(super) fn has_file(&self) -> bool {
        matches!(self, SocketListener::Unix { file: Some(_), .. })
    }

    /// Closes it and leaves its file, which is another program's now.
    pub(super) fn leave_file(self) {
        if let SocketListener::Unix {
            file: Some(file), ..
        } = self
        {
            file.forget();
        }
    }

    pub(super) fn accept(&self) -> io::Result<(Socket, Option<SocketAddr>)> {
        match self {
            SocketListener::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                Ok((Socket::Tcp(stream), Some(address)))
            }
            SocketListener::Unix { listener, .. } => {
                let (stream, _) = listener.accept()?;
                Ok((Socket::Unix(stream), None))
            }
        }
    }

    pub(super) fn source(&mut self) -> &mut dyn Source {
        match self {
            SocketListener::Tcp(listener) => listener,
            SocketListener::Unix { listener, .. } => listener,
        }
    }
}

/// The first address of `host` that can be bound.
fn listen_tcp(host: &str, mss: Option<u32>, limits: &Limits) -> io::Result<TcpListener> {
    let mut last_error = io::Error::new(io::ErrorKind::AddrNotAvailable, "no such host");
    for address in host.to_socket_addrs()? {
        match listen_tcp_at(address, mss, limits) {
            Ok(listener) => return Ok(listener),
            Err(e) => last_error = e,
        }
    }
    Err(last_error)
}

fn listen_tcp_at(
    address: SocketAddr,
    mss: Option<u32>,
    limits: &Limits,
) -> io::Result<TcpListener> {
    let socket = Unbound::new(Domain::for_address(address), Type::STREAM, None)?;
    set_options(&socket, mss, limits)?;
    socket.bind(&address.into())?;
    socket.listen(limits.backlog)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Sockets that are accepted inherit what is set here; the MSS (RFC 9293 section 3.7.1) only so.
fn set_options(socket: &Unbound, mss: Option<u32>, limits: &Limits) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    // Telnet's Ctrl-C ends in an urgent byte (RFC 854): it is one of the stream's, and would be missing
    // in it.
    socket.set_out_of_band_inline(true)?;
    socket.set_send_buffer_size(KERNEL_SENDQ_BYTES)?;
    if let Some(mss) = mss {
        socket.set_tcp_mss(mss)?;
    }
    if let Some(ms) = limits.keepalive_ms {
        let keepalive = TcpKeepalive::new()
            .with_time(Duration::from_millis(ms))
            .with_interval(Duration::from_millis((ms / 4).max(1000)))
            .with_retries(4);
        socket.set_tcp_keepalive(&keepalive)?;
        socket.set_tcp_user_timeout(Some(Duration::from_millis(ms.saturating_mul(2))))?;
    }
    Ok(())
}
