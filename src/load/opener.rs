//! Opens connections: from which address, and how many a second.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use mio::net::TcpStream;
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use crate::limits::CLIENT_MSS_BYTES;

use super::descriptors;
use super::plan::Plan;
use super::proc;

/// Connections from one loopback address that the kernel finds ports for without a search: it looks
/// at every second port first, and beyond these at each for every connection.
const FROM_ONE_MAX: usize = 4000;

/// What connects the clients, one after another.
pub(super) struct Opener {
    /// The server's address.
    pub(super) address: SocketAddr,
    /// Where to connect from, in turn; empty leaves it to the system.
    sources: Vec<IpAddr>,
    ports: Ports,
    ramp_per_s: Option<f64>,
    /// The longest segment, in bytes; `None` leaves it to the system.
    mss: Option<u32>,
    /// How many were opened.
    opened: usize,
}

/// The ports that a source has, each tried in turn: the kernel's own search costs more the more of
/// them are taken.
struct Ports {
    first: u32,
    count: u32,
    /// How many of each source were tried, from some place on that differs from run to run.
    tried: u32,
}

impl Opener {
    /// Nobody is opened yet; `run` differs from run to run.
    ///
    /// # Errors
    /// One line, where the server's name has no address.
    pub(super) fn new(plan: &Plan, run: u32) -> Result<Opener, String> {
        let target = &plan.target;
        let address = resolve(target).map_err(|e| format!("cannot find {target}: {e}"))?;
        let (first, last) = proc::local_ports();
        let count = last - first + 1;
        let sources = match plan.sources.is_empty() {
            true => own_sources(address, plan.connections()),
            false => plan.sources.clone(),
        };
        Ok(Opener {
            address,
            sources,
            ports: Ports {
                first,
                count,
                tried: run % count,
            },
            ramp_per_s: plan.ramp_per_s,
            mss: plan.fills_reads().then_some(CLIENT_MSS_BYTES),
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
        let socket = match self.sources.len() {
            0 => self.connect(None).map_err(|e| self.explain(&e))?,
            count => {
                let source = self.sources[self.opened % count];
                if self.opened.is_multiple_of(count) {
                    self.ports.tried = self.ports.tried.wrapping_add(1);
                }
                self.connect_from(source)?
            }
        };
        self.opened += 1;
        Ok(TcpStream::from_std(socket.into()))
    }

    /// Connects from the next port of `source` that is free.
    fn connect_from(&mut self, source: IpAddr) -> Result<Socket, String> {
        let mut last_error = io::Error::from(Errno::ADDRINUSE);
        for _ in 0..self.ports.count {
            let port = self.ports.first + self.ports.tried % self.ports.count;
            let from = SocketAddr::new(source, u16::try_from(port).unwrap_or(0));
            match self.connect(Some(from)) {
                Err(e) if is_taken(&e) => last_error = e,
                Err(e) if e.kind() == io::ErrorKind::InvalidInput => {
                    let target = self.address;
                    return Err(format!("{source} is no address to reach {target} from"));
                }
                connected => return connected.map_err(|e| self.explain(&e)),
            }
            self.ports.tried = self.ports.tried.wrapping_add(1);
        }
        Err(self.explain(&last_error))
    }

    fn connect(&self, from: Option<SocketAddr>) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(mss) = self.mss {
            socket.set_tcp_mss(mss)?;
        }
        // A port that waits for the end of its last connection will do, now and for the next run.
        socket.set_reuse_address(true)?;
        if let Some(from) = from {
            // Here, unlike below, it is the address that is not to be had.
            socket.bind(&from.into()).map_err(|e| match e.kind() {
                io::ErrorKind::AddrNotAvailable => io::ErrorKind::InvalidInput.into(),
                _ => e,
            })?;
        }
        match socket.connect(&self.address.into()) {
            Err(e) if Errno::from_io_error(&e) != Some(Errno::INPROGRESS) => Err(e),
            _ => Ok(socket),
        }
    }

    fn explain(&self, error: &io::Error) -> String {
        descriptors::explain(error, self.opened, self.sources.len().max(1))
            .unwrap_or_else(|| refused(self.address, error))
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

/// The address of `target`; of several, as `localhost` has, the first at which somebody listens.
fn resolve(target: &str) -> io::Result<SocketAddr> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let addresses: Vec<SocketAddr> = target.to_socket_addrs()?.collect();
    let is_open = |address: &&SocketAddr| {
        addresses.len() == 1 || std::net::TcpStream::connect_timeout(address, PATIENCE).is_ok()
    };
    let found = addresses.iter().find(is_open).or(addresses.first());
    found.copied().ok_or(io::ErrorKind::AddrNotAvailable.into())
}

/// A crowd that stays on this machine has all of 127.0.0.0/8 to come from.
fn own_sources(address: SocketAddr, connections: usize) -> Vec<IpAddr> {
    let is_loopback = matches!(address.ip(), IpAddr::V4(ip) if ip.is_loopback());
    if !is_loopback || connections <= FROM_ONE_MAX {
        return Vec::new();
    }
    let first = Ipv4Addr::LOCALHOST.to_bits();
    let count = connections.div_ceil(FROM_ONE_MAX) as u32;
    (1..=count)
        .map(|at| IpAddr::V4(Ipv4Addr::from_bits(first + at)))
        .collect()
}

fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_on_this_machine_comes_from_several_addresses() {
        let sources = |address: &str, connections| {
            let address = address.parse().expect("an address");
            own_sources(address, connections).len()
        };
        assert_eq!(sources("127.0.0.1:1", 4000), 0);
        assert_eq!(sources("127.0.0.1:1", 19_000), 5);
        assert_eq!(sources("192.0.2.1:1", 19_000), 0);
        assert_eq!(sources("[::1]:1", 19_000), 0);
    }
}
