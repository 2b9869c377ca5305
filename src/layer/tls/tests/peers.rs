//! A wire in memory that gives and takes as little as it is told to, with a server of ours at one end
//! and rustls' own client at the other.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::{ServerConfig, UnbufferedServerConnection};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};

use super::super::Tls;
use crate::layer::certificate;

/// How a wire gives and takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Bytes that it has room for, each way.
    pub(super) room: usize,
    /// Bytes that one call moves at most.
    pub(super) most: usize,
    /// One call of so many would block although there is no need.
    pub(super) hiccup: usize,
}

impl Pace {
    pub(super) fn whole() -> Pace {
        Pace {
            room: 1 << 20,
            most: usize::MAX,
            hiccup: usize::MAX,
        }
    }

    pub(super) fn byte_by_byte() -> Pace {
        Pace {
            room: 1 << 20,
            most: 1,
            hiccup: 2,
        }
    }
}

#[derive(Debug, Default)]
struct Way {
    bytes: VecDeque<u8>,
    is_closed: bool,
}

/// One end of a wire.
#[derive(Debug)]
pub(super) struct End {
    incoming: Rc<RefCell<Way>>,
    outgoing: Rc<RefCell<Way>>,
    pace: Pace,
    chance: u64,
    /// Calls that wrote something, and the bytes that they wrote.
    pub(super) written: (usize, usize),
    read: usize,
    /// What is written beyond it is lost.
    cut: usize,
    /// Which of the bytes written is changed, and what is changed in it.
    flip: Option<(usize, u8)>,
}

pub(super) fn wire(pace: Pace) -> (End, End) {
    let (up, down) = <(Rc<RefCell<Way>>, Rc<RefCell<Way>>)>::default();
    let end = |incoming: &Rc<RefCell<Way>>, outgoing: &Rc<RefCell<Way>>| End {
        incoming: Rc::clone(incoming),
        outgoing: Rc::clone(outgoing),
        pace,
        chance: 0,
        written: (0, 0),
        read: 0,
        cut: usize::MAX,
        flip: None,
    };
    (end(&up, &down), end(&down, &up))
}

impl End {
    fn moved(&self) -> usize {
        self.read + self.written.1
    }

    /// Puts back what was read last.
    pub(super) fn unread(&mut self, bytes: &[u8]) {
        let mut incoming = self.incoming.borrow_mut();
        for &byte in bytes.iter().rev() {
            incoming.bytes.push_front(byte);
        }
    }

    /// Loses all but the first `count` bytes of what is written from now on.
    pub(super) fn cut_after(&mut self, count: usize) {
        self.cut = count;
    }

    /// Changes the byte that is written after `count` others.
    pub(super) fn flip_after(&mut self, count: usize, bits: u8) {
        self.flip = Some((self.written.1 + count, bits));
    }

    pub(super) fn close(&mut self) {
        self.outgoing.borrow_mut().is_closed = true;
    }

    fn hiccups(&mut self) -> bool {
        // No pattern that could fall in step with that of the calls (Knuth's constants).
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.chance >> 33) as usize).is_multiple_of(self.pace.hiccup)
    }
}

impl Read for End {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let hiccups = self.hiccups();
        let mut incoming = self.incoming.borrow_mut();
        if incoming.bytes.is_empty() && incoming.is_closed {
            return Ok(0);
        }
        let count = incoming.bytes.len().min(into.len()).min(self.pace.most);
        if hiccups || count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.read += count;
        incoming.bytes.read(&mut into[..count])
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let hiccups = self.hiccups();
        let mut outgoing = self.outgoing.borrow_mut();
        let room = self.pace.room.saturating_sub(outgoing.bytes.len());
        let count = bytes.len().min(room).min(self.pace.most);
        if hiccups || count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let kept = count.min(self.cut);
        self.cut -= kept;
        outgoing.bytes.extend(&bytes[..kept]);
        if let Some((at, bits)) = self.flip
            && let Some(at) = at.checked_sub(self.written.1).filter(|&at| at < kept)
        {
            let start = outgoing.bytes.len() - kept;
            outgoing.bytes[start + at] ^= bits;
        }
        self.written = (self.written.0 + 1, self.written.1 + count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn identity() -> &'static (CertificateDer<'static>, Arc<ServerConfig>) {
    static IDENTITY: OnceLock<(CertificateDer<'static>, Arc<ServerConfig>)> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let (certificate, key) =
            certificate::issue(String::new(), crate::sys::now().unix_ms).expect("a certificate");
        let config = certificate::config(vec![certificate.clone()], key).expect("a good one");
        (certificate, config)
    })
}

pub(super) fn server_config() -> Arc<ServerConfig> {
    Arc::clone(&identity().1)
}

pub(super) fn client_config(version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(identity().0.clone()).expect("a good one");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])
        .expect("a version of the provider")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// The session with what it was read and is to write.
pub(super) struct Server {
    pub(super) tls: Tls<End>,
    pub(super) received: Vec<u8>,
    pub(super) to_send: Vec<u8>,
    pub(super) ended: bool,
    pub(super) error: Option<io::Error>,
}

impl Server {
    pub(super) fn new(socket: End, first: &[u8]) -> Server {
        Server::with_config(server_config(), socket, first)
    }

    pub(super) fn with_config(config: Arc<ServerConfig>, socket: End, first: &[u8]) -> Server {
        let session = UnbufferedServerConnection::new(config).expect("a good configuration");
        Server {
            tls: Tls::accept(session, socket, first),
            received: Vec::new(),
            to_send: Vec::new(),
            ended: false,
            error: None,
        }
    }

    /// Reads and writes until it would block; returns the bytes that it moved.
    pub(super) fn turn(&mut self) -> usize {
        let before = self.tls.socket().moved();
        let mut space = [0; 5000];
        while !self.ended {
            match self.tls.read(&mut space) {
                Ok(0) => self.ended = true,
                Ok(count) => self.received.extend_from_slice(&space[..count]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.error = Some(e);
                    self.ended = true;
                }
            }
        }
        let mut sent = 0;
        while sent < self.to_send.len() {
            match self.tls.write(&self.to_send[sent..]) {
                Ok(count) => sent += count,
                Err(_) => break,
            }
        }
        self.to_send.drain(..sent);
        // What is left is sent in a later turn.
        let _ = self.tls.flush();
        self.tls.socket().moved() - before
    }
}

/// rustls' client with what it received.
pub(super) struct Client {
    pub(super) connection: ClientConnection,
    pub(super) socket: End,
    pub(super) received: Vec<u8>,
    /// It was told that nothing follows.
    pub(super) ended: bool,
    pub(super) error: Option<rustls::Error>,
}

impl Client {
    pub(super) fn new(version: &'static SupportedProtocolVersion, socket: End) -> Client {
        Client::with_config(client_config(version), socket)
    }

    pub(super) fn with_config(config: Arc<ClientConfig>, socket: End) -> Client {
        let name = ServerName::try_from("localhost").expect("a name");
        let mut connection = ClientConnection::new(config, name).expect("a good configuration");
        connection.set_buffer_limit(None);
        Client {
            connection,
            socket,
            received: Vec::new(),
            ended: false,
            error: None,
        }
    }

    pub(super) fn say(&mut self, bytes: &[u8]) {
        self.connection.writer().write_all(bytes).expect("no limit");
    }

    /// Says that nothing follows.
    pub(super) fn close(&mut self) {
        self.connection.send_close_notify();
    }

    /// Reads and writes until it would block; returns the bytes that it moved.
    pub(super) fn turn(&mut self) -> usize {
        let before = self.socket.moved();
        while self.error.is_none() && !self.ended {
            match self.connection.read_tls(&mut self.socket) {
                Ok(count) if count > 0 => {}
                _ => break,
            }
            match self.connection.process_new_packets() {
                Ok(state) => self.ended = state.peer_has_closed(),
                Err(e) => self.error = Some(e),
            }
            // It would block when all is read.
            let _ = self.connection.reader().read_to_end(&mut self.received);
        }
        while self.connection.wants_write() {
            if self.connection.write_tls(&mut self.socket).is_err() {
                break;
            }
        }
        self.socket.moved() - before
    }
}
