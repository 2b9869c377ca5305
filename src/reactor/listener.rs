//! Doors: accepting sockets and the dialects behind them.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::mem;
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use rustix::io::Errno;
use rustls::server::{ServerConfig, UnbufferedServerConnection};
use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};

use crate::dialect::Dialect;
use crate::limits::{CLIENT_MSS_BYTES, CLIENT_READ_BYTES, KERNEL_SENDQ_BYTES, Limits};
use crate::model::Peer;

use super::connection::Transport;
use super::reads::Reads;
use super::stdio::Stdio;
use super::timers::Tick;
use super::tls::Tls;
use super::unix::{self, SocketFile, UnixPlace};

/// Where a door is to be, as an operator writes it: `[DIALECT://]HOST:PORT` or
/// `DIALECT+unix://PATH`, behind which `?mode=0666&group=NAME` may say who may connect, with `tls+` in front where only TLS is spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorAddress {
    /// The dialect spoken there; `None` is found out from the first bytes.
    pub dialect: Option<Dialect>,
    /// Is it TLS from the first byte?
    pub is_tls: bool,
    /// The place.
    pub place: Place,
}

/// A place to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A host and a port.
    Tcp(String),
    /// A path of a Unix-domain socket, and who may connect to it.
    Unix(UnixPlace),
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
                .filter(|dialect| !dialect.is_private())
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
                is_tls,
                place: Place::Unix(place.parse()?),
            });
        }
        let port = place.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        match port.map(|(_, port)| port.parse::<u16>()) {
            Some(Ok(_)) => Ok(DoorAddress {
                dialect,
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
        self.dialect.is_some_and(Dialect::is_padded) && !self.is_tls
    }

    /// A connection that was accepted there.
    fn client(&self, socket: TcpStream) -> Stream {
        let has_reads = || SockRef::from(&socket).tcp_mss().ok() == Some(CLIENT_READ_BYTES as u32);
        let needs_help = self.has_reads() && !has_reads();
        let mut stream = Stream::Tcp(socket);
        if needs_help {
            stream.keep_reads_apart();
        }
        stream
    }
}

impl fmt::Display for DoorAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.is_tls { "tls+" } else { "" };
        let name = self.dialect.map_or("auto", Dialect::name);
        match &self.place {
            Place::Tcp(address) => write!(f, "{tls}{name}://{address}"),
            Place::Unix(at) => write!(f, "{tls}{name}+unix://{}", at.path.display()),
        }
    }
}

/// A connected socket.
#[derive(Debug)]
pub(super) enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// TCP to a client whose reads are kept apart.
    Reads(Box<Reads>),
    /// Unix-domain.
    Unix(UnixStream),
    /// Standard input and output.
    Stdio(Stdio),
    /// TLS over one of the others.
    Tls(Box<Tls<Stream>>),
}

impl Stream {
    /// Begins a TLS session over it, with the bytes that were read from it before.
    ///
    /// # Errors
    /// The configuration's; the stream is what it was.
    pub(super) fn start_tls(
        &mut self,
        config: Arc<ServerConfig>,
        first: &[u8],
    ) -> Result<(), rustls::Error> {
        let session = UnbufferedServerConnection::new(config)?;
        let socket = mem::replace(self, Stream::Stdio(Stdio::default()));
        *self = Stream::Tls(Box::new(Tls::accept(session, socket, first)));
        Ok(())
    }

    /// Is it TLS?
    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }

    /// Sends our FIN.
    pub(super) fn shutdown_write(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Reads(reads) => reads.socket().shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
            Stream::Stdio(_) => Err(io::ErrorKind::Unsupported.into()),
            Stream::Tls(tls) => tls.socket().shutdown_write(),
        }
    }

    pub(super) fn source(&mut self) -> &mut dyn Source {
        match self {
            Stream::Tcp(stream) => stream,
            Stream::Reads(reads) => reads.socket_mut(),
            Stream::Unix(stream) => stream,
            Stream::Stdio(stdio) => stdio,
            Stream::Tls(tls) => tls.socket_mut().source(),
        }
    }
}

impl Transport for Stream {
    fn pending(&self) -> usize {
        match self {
            Stream::Tls(tls) => tls.pending(),
            _ => 0,
        }
    }

    fn is_handshaking(&self) -> bool {
        matches!(self, Stream::Tls(tls) if tls.is_handshaking())
    }

    fn take_toil(&mut self) -> usize {
        match self {
            Stream::Tls(tls) => tls.take_toil(),
            _ => 0,
        }
    }

    fn keep_reads_apart(&mut self) {
        if matches!(self, Stream::Tcp(_))
            && let Stream::Tcp(socket) = mem::replace(self, Stream::Stdio(Stdio::default()))
        {
            *self = Stream::Reads(Box::new(Reads::new(socket)));
        }
    }

    fn say_end(&mut self) {
        if let Stream::Tls(tls) = self {
            tls.close_notify();
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(into),
            Stream::Reads(reads) => reads.read(into),
            Stream::Unix(stream) => stream.read(into),
            Stream::Stdio(stdio) => stdio.read(into),
            Stream::Tls(tls) => tls.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Reads(reads) => reads.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
            Stream::Stdio(stdio) => stdio.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write_vectored(slices),
            Stream::Reads(reads) => reads.write_vectored(slices),
            Stream::Unix(stream) => stream.write_vectored(slices),
            Stream::Stdio(stdio) => stdio.write_vectored(slices),
            Stream::Tls(tls) => tls.write_vectored(slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Tls(tls) => tls.flush(),
            _ => Ok(()),
        }
    }
}

/// What an attempt to accept brought.
#[derive(Debug)]
pub(super) enum Accepted {
    /// A connection.
    Connection(Stream, Peer),
    /// Nobody is waiting.
    Nobody,
    /// One that failed before it was ours: go on with the next.
    Failed,
    /// No descriptors or buffers are left: rest for a while.
    Exhausted(io::Error),
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// An accepting socket and the dialect behind it.
pub(super) struct Door {
    listener: Listener,
    /// As it is told on standard output, with the real port.
    pub(super) address: DoorAddress,
    /// Somebody may be waiting: set by an event, cleared by finding nobody.
    pub(super) is_ready: bool,
    /// Not watched until then.
    pub(super) rests_until: Option<Tick>,
    /// Unix-domain connections accepted so far.
    serial: u32,
    /// Held to be removed with the door.
    _file: Option<SocketFile>,
}

impl Door {
    /// Do only programs of this machine reach it, and the pages that their browsers show?
    pub(super) fn is_loopback(&self) -> bool {
        match &self.address.place {
            Place::Tcp(address) => address
                .parse()
                .is_ok_and(|address: SocketAddr| address.ip().to_canonical().is_loopback()),
            // No browser reaches it but through somebody who passes on what is asked.
            Place::Unix(_) => false,
        }
    }

    /// Binds and listens.
    ///
    /// # Errors
    /// The system's, and `AddrInUse` where a path is taken by anything but a dead socket of ours.
    pub(super) fn open(address: &DoorAddress, limits: &Limits) -> io::Result<Door> {
        let (listener, place, _file) = match &address.place {
            Place::Tcp(host) => {
                let listener = listen_tcp(host, address.has_reads(), limits)?;
                let place = Place::Tcp(listener.local_addr()?.to_string());
                (Listener::Tcp(listener), place, None)
            }
            Place::Unix(at) => {
                let (listener, file) = unix::listen(at, limits)?;
                (Listener::Unix(listener), address.place.clone(), Some(file))
            }
        };
        let address = DoorAddress {
            place,
            ..address.clone()
        };
        Ok(Door {
            listener,
            address,
            is_ready: false,
            rests_until: None,
            serial: 0,
            _file,
        })
    }

    /// Accepts one connection.
    pub(super) fn accept(&mut self) -> Accepted {
        let accepted = match &self.listener {
            Listener::Tcp(listener) => listener
                .accept()
                .map(|(stream, address)| (self.address.client(stream), address.into())),
            Listener::Unix(listener) => listener.accept().map(|(stream, _)| {
                self.serial = self.serial.wrapping_add(1);
                (Stream::Unix(stream), Peer::Unix(self.serial))
            }),
        };
        let is_console = self.address.dialect == Some(Dialect::Console);
        match accepted {
            Ok((stream, _)) if is_console && !is_of_operator(&stream) => Accepted::Failed,
            Ok((stream, peer)) => Accepted::Connection(stream, peer),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Accepted::Nobody,
            Err(e) if is_of_one_connection(&e) => Accepted::Failed,
            Err(e) => Accepted::Exhausted(e),
        }
    }

    pub(super) fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match registry.register(self.source(), token, Interest::READABLE) {
            // It is watched still, where unwatching it failed.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            watched => watched,
        }
    }

    pub(super) fn unwatch(&mut self, registry: &Registry) -> io::Result<()> {
        registry.deregister(self.source())
    }

    fn source(&mut self) -> &mut dyn Source {
        match &mut self.listener {
            Listener::Tcp(listener) => listener,
            Listener::Unix(listener) => listener,
        }
    }
}

/// Errors of accept(2) that belong to the connection that was to be accepted, or to this one call.
fn is_of_one_connection(error: &io::Error) -> bool {
    let of_one = [
        Errno::INTR,
        Errno::CONNABORTED,
        Errno::PROTO,
        Errno::NOPROTOOPT,
        Errno::OPNOTSUPP,
        Errno::PERM,
        Errno::NETDOWN,
        Errno::NETUNREACH,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
        Errno::NONET,
    ];
    Errno::from_io_error(error).is_some_and(|errno| of_one.contains(&errno))
}

/// The first address of `host` that can be bound. What accepted sockets are to have, they inherit.
/// Sockets that are accepted inherit what is set here; the MSS (RFC 9293 section 3.7.1) only so.
fn listen_tcp(host: &str, is_padded: bool, limits: &Limits) -> io::Result<TcpListener> {
    let mut last_error = io::Error::new(io::ErrorKind::AddrNotAvailable, "no such host");
    for address in host.to_socket_addrs()? {
        match listen_tcp_at(address, is_padded, limits) {
            Ok(listener) => return Ok(listener),
            Err(e) => last_error = e,
        }
    }
    Err(last_error)
}

fn listen_tcp_at(address: SocketAddr, is_padded: bool, limits: &Limits) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    // What accept returns has it too. Telnet's Ctrl-C ends in an urgent byte (RFC 854): it is one of the
    // stream's, and would be missing in it.
    socket.set_out_of_band_inline(true)?;
    socket.set_send_buffer_size(KERNEL_SENDQ_BYTES)?;
    if is_padded {
        socket.set_tcp_mss(CLIENT_MSS_BYTES)?;
    }
    if let Some(ms) = limits.keepalive_ms {
        let keepalive = TcpKeepalive::new()
            .with_time(Duration::from_millis(ms))
            .with_interval(Duration::from_millis((ms / 4).max(1000)))
            .with_retries(4);
        socket.set_tcp_keepalive(&keepalive)?;
        socket.set_tcp_user_timeout(Some(Duration::from_millis(ms.saturating_mul(2))))?;
    }
    socket.bind(&address.into())?;
    socket.listen(limits.backlog)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Is the peer root, or of the server's own user?
fn is_of_operator(stream: &Stream) -> bool {
    let Stream::Unix(stream) = stream else {
        return false;
    };
    let own = rustix::process::geteuid();
    rustix::net::sockopt::socket_peercred(stream)
        .is_ok_and(|peer| peer.uid.is_root() || peer.uid == own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_encrypted_pays_one_pointer_for_it() {
        assert!(size_of::<Stream>() <= size_of::<(Box<()>, TcpStream)>());
    }

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

    #[test]
    fn errors_of_one_connection_do_not_rest_the_door() {
        let is_of_one = |errno: Errno| is_of_one_connection(&errno.into());
        for errno in [Errno::CONNABORTED, Errno::INTR, Errno::PROTO] {
            assert!(is_of_one(errno));
        }
        for errno in [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOBUFS,
            Errno::NOMEM,
            Errno::INVAL,
        ] {
            assert!(!is_of_one(errno));
        }
    }
}
