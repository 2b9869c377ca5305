//! Opens connections: from which address, and how many a second.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use mio::net::TcpStream;
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use super::descriptors;
use super::plan::Plan;

/// What connects the clients, one after another.
pub(super) struct Opener {
    /// The server's address.
    pub(super) address: SocketAddr,
    sources: Vec<IpAddr>,
    ramp_per_s: Option<f64>,
    /// How many were opened.
    pub(super) opened: usize,
}

impl Opener {
    /// Nobody is opened yet.
    ///
    /// # Errors
    /// One line, where the server's name has no address.
    pub(super) fn new(plan: &Plan) -> Result<Opener, String> {
        let target = &plan.target;
        let addresses = target.to_socket_addrs();
        let mut addresses = addresses.map_err(|e| format!("cannot find {target}: {e}"))?;
        let address = addresses.next();
        Ok(Opener {
            address: address.ok_or_else(|| format!("{target} has no address"))?,
            sources: plan.sources.clone(),
            ramp_per_s: plan.ramp_per_s,
            opened: 0,
        })
    }

    /// When the next may be opened, in microseconds since the run began.
    pub(super) fn next_us(&self) -> u64 {
        let wait_s = self
            .ramp_per_s
            .map_or(0.0, |ramp| self.opened as f64 / ramp);
        (wait_s * 1e6) as u64
    }

    /// Begins to connect.
    ///
    /// # Errors
    /// A sentence that says what stands in the way.
    pub(super) fn open(&mut self) -> Result<TcpStream, String> {
        let count = self.opened;
        let source = (!self.sources.is_empty()).then(|| self.sources[count % self.sources.len()]);
        let opened = connect(self.address, source);
        let stream = opened.map_err(|e| match (source, e.kind()) {
            (Some(source), io::ErrorKind::AddrNotAvailable) => {
                format!(
                    "{source} is no address of this machine that can reach {}",
                    self.address
                )
            }
            _ => descriptors::explain(&e, count, self.sources.len().max(1))
                .unwrap_or_else(|| refused(self.address, &e)),
        })?;
        self.opened += 1;
        Ok(stream)
    }
}

/// Says that a connection could not be made.
pub(super) fn refused(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            format!("cannot connect to {address}: nobody listens there")
        }
        _ => format!("cannot connect to {address}: {error}"),
    }
}

fn connect(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if let Some(source) = source {
        // A port that waits for the end of its last connection will do.
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    match socket.connect(&address.into()) {
        Err(e) if Errno::from_io_error(&e) != Some(Errno::INPROGRESS) => Err(e),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}
