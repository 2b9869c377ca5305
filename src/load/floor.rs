//! The floor: the least that a server can do to pass on what it is told. It reads whatever a sender
//! sent and writes that same block to everybody else: no parsing, no names, no rooms, no log. What
//! any chat server costs is to be held against this.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustls::server::ServerConfig;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;
use slab::Slab;
use socket2::{Domain, Socket, Type};

use super::descriptors;
use super::tls::{self, TlsSession};

const LISTENER: Token = Token(usize::MAX);
const SIGNALS: Token = Token(usize::MAX - 1);
const BLOCK_BYTES: usize = 64 * 1024;
const BACKLOG: i32 = 4096;
const EVENTS_PER_TURN: usize = 1024;

/// The bare server.
pub(crate) struct Floor {
    poll: Poll,
    signals: Signals,
    listener: TcpListener,
    /// It encrypts what it passes on to each.
    tls: Option<Arc<ServerConfig>>,
    peers: Slab<FloorPeer>,
}

enum FloorStream {
    Plain(TcpStream),
    Tls(TlsSession),
}

struct FloorPeer {
    stream: FloorStream,
    /// What the kernel had no room for.
    unsent: Vec<u8>,
    is_gone: bool,
}

impl Floor {
    /// Listens at `address`; with `tls://` in front it speaks TLS.
    ///
    /// # Errors
    /// One line that says why it cannot.
    pub(crate) fn open(address: &str) -> Result<Floor, String> {
        descriptors::raise();
        let (address, is_tls) = match address.strip_prefix("tls://") {
            Some(address) => (address, true),
            None => (address, false),
        };
        let tls = is_tls.then(tls::server_config).transpose()?;
        let open = || {
            let address = address.to_socket_addrs()?.next();
            let address = address.ok_or(io::ErrorKind::AddrNotAvailable)?;
            let mut listener = listen(address)?;
            let mut signals = Signals::new([SIGINT, SIGTERM])?;
            let poll = Poll::new()?;
            let registry = poll.registry();
            registry.register(&mut listener, LISTENER, Interest::READABLE)?;
            registry.register(&mut signals, SIGNALS, Interest::READABLE)?;
            Ok(Floor {
                poll,
                signals,
                listener,
                tls,
                peers: Slab::new(),
            })
        };
        open().map_err(|e: io::Error| format!("cannot listen at {address}: {e}"))
    }

    /// Where it listens, with the real port, as the load tester takes it.
    ///
    /// # Errors
    /// One line that says what the system had against it.
    pub(crate) fn address(&self) -> Result<String, String> {
        let address = self.listener.local_addr().map_err(|e| e.to_string())?;
        let tls = if self.tls.is_some() { "tls+" } else { "" };
        Ok(format!("{tls}line://{address}"))
    }

    /// Serves until SIGINT or SIGTERM comes.
    ///
    /// # Errors
    /// One line, where the system's poll fails.
    pub(crate) fn run(mut self) -> Result<(), String> {
        let mut events = Events::with_capacity(EVENTS_PER_TURN);
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            match self.poll.poll(&mut events, None) {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e.to_string()),
                _ => {}
            }
            for event in &events {
                match event.token() {
                    SIGNALS if self.signals.pending().next().is_some() => return Ok(()),
                    SIGNALS => {}
                    LISTENER => self.accept(),
                    Token(at) => {
                        if event.is_writable() {
                            self.flush(at);
                        }
                        let is_closed = event.is_read_closed() || event.is_error();
                        if event.is_readable() || is_closed {
                            self.pass_on(at, &mut block, is_closed);
                        }
                    }
                }
            }
        }
    }

    fn accept(&mut self) {
        while let Ok((mut stream, _)) = self.listener.accept() {
            let entry = self.peers.vacant_entry();
            let interest = Interest::READABLE | Interest::WRITABLE;
            let token = Token(entry.key());
            let watched = self.poll.registry().register(&mut stream, token, interest);
            let stream = watched.and_then(|()| match &self.tls {
                Some(config) => tls::accept(config, stream).map(FloorStream::Tls),
                None => Ok(FloorStream::Plain(stream)),
            });
            if let Ok(stream) = stream {
                entry.insert(FloorPeer {
                    stream,
                    unsent: Vec::new(),
                    is_gone: false,
                });
            }
        }
    }

    /// Reads all that a peer sent, and writes each block to everybody else. A read of less than a
    /// block was all there is, unless the end `is_closed` stands behind it.
    fn pass_on(&mut self, from: usize, block: &mut [u8], is_closed: bool) {
        loop {
            let Some(peer) = self.peers.get_mut(from) else {
                return;
            };
            match peer.stream.read(block) {
                Ok(count @ 1..) => {
                    for (at, other) in &mut self.peers {
                        if at != from {
                            other.send(&block[..count]);
                        }
                    }
                    // In front of TLS, more may be decrypted.
                    if count < block.len() && !is_closed && self.tls.is_none() {
                        return;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    self.peers.remove(from);
                    return;
                }
            }
        }
    }

    fn flush(&mut self, at: usize) {
        if let Some(peer) = self.peers.get_mut(at) {
            let unsent = std::mem::take(&mut peer.unsent);
            peer.send(&unsent);
        }
    }
}

impl FloorStream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            FloorStream::Plain(stream) => stream.read(into),
            FloorStream::Tls(stream) => stream.read(into),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            FloorStream::Plain(stream) => stream.write(bytes),
            FloorStream::Tls(stream) => stream.write(bytes),
        }
    }

    /// Sends what is encrypted and not sent yet. What is wrong with the socket its own event tells.
    fn flush(&mut self) {
        if let FloorStream::Tls(stream) = self {
            let _ = stream.flush();
        }
    }
}

impl FloorPeer {
    /// Writes `block` behind what is unsent. A peer that fails is ended by its own event.
    fn send(&mut self, mut block: &[u8]) {
        self.stream.flush();
        while !block.is_empty() && self.unsent.is_empty() && !self.is_gone {
            match self.stream.write(block) {
                Ok(count) => block = &block[count..],
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.is_gone = true,
            }
        }
        if !self.is_gone {
            self.unsent.extend_from_slice(block);
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    // What is accepted inherits it.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}
