//! A client's connection: a socket, and what stands between it and what is spoken: TLS, a WebSocket,
//! both or nothing.

use std::io::{self, Read as _, Write as _};

use mio::net::TcpStream;

use super::plan::Plan;
use super::tls::{TlsClient, TlsSession};
use super::websocket::{Upgrade, WebSocketClient};

/// What every connection of a run goes through.
#[derive(Debug, Clone, Default)]
pub(super) struct Layers {
    /// TLS, on the socket.
    pub(super) tls: Option<TlsClient>,
    /// A WebSocket, above.
    pub(super) upgrade: Option<Upgrade>,
}

impl Layers {
    /// Those of a plan.
    ///
    /// # Errors
    /// One line: the server's host can be nobody's name.
    pub(super) fn of(plan: &Plan) -> Result<Layers, String> {
        let host = plan.target.rsplit_once(':').map_or("", |(host, _)| host);
        Ok(Layers {
            tls: plan.is_tls.then(|| TlsClient::new(host)).transpose()?,
            upgrade: plan.websocket.as_ref().map(|path| Upgrade {
                authority: plan.target.clone(),
                path: path.clone(),
                protocol: format!("hubbub.{}", plan.tongue.name()),
            }),
        })
    }
}

/// A connection.
pub(super) struct ClientStream {
    carrier: Carrier,
    web: Option<Box<WebSocketClient>>,
    /// What goes to the carrier next.
    wire: Vec<u8>,
}

enum Carrier {
    Plain(TcpStream),
    Tls(TlsSession),
}

/// What may wait in `wire` before more is made of what is to be said, in bytes.
const WIRE_BYTES: usize = 64 * 1024;

impl ClientStream {
    /// A connection over a socket, which may still be connecting.
    ///
    /// # Errors
    /// TLS's, where a session cannot begin.
    pub(super) fn new(socket: TcpStream, layers: &Layers) -> io::Result<ClientStream> {
        let mut wire = Vec::new();
        let web = layers.upgrade.as_ref();
        let web = web.map(|upgrade| Box::new(WebSocketClient::open(upgrade, &mut wire)));
        let carrier = match &layers.tls {
            Some(tls) => Carrier::Tls(tls.connect(socket)?),
            None => Carrier::Plain(socket),
        };
        Ok(ClientStream { carrier, web, wire })
    }

    pub(super) fn socket(&self) -> &TcpStream {
        match &self.carrier {
            Carrier::Plain(socket) => socket,
            Carrier::Tls(tls) => tls.socket(),
        }
    }

    /// Is what is read just what the socket gave? Else there may be more in it where a read was short.
    pub(super) fn is_plain(&self) -> bool {
        self.web.is_none() && matches!(self.carrier, Carrier::Plain(_))
    }

    /// Is there something that the socket has not taken?
    pub(super) fn is_blocked(&self) -> bool {
        let is_held = matches!(&self.carrier, Carrier::Tls(tls) if tls.is_blocked());
        is_held || !self.wire.is_empty()
    }

    /// Reads what was said; 0 is the end.
    ///
    /// # Errors
    /// The socket's, and what TLS and the WebSocket have against what came.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(web) = &mut self.web
                && let count @ 1.. = web.take(into)
            {
                return Ok(count);
            }
            let count = match &mut self.carrier {
                Carrier::Plain(socket) => socket.read(into)?,
                Carrier::Tls(tls) => tls.read(into)?,
            };
            match &mut self.web {
                Some(web) if count > 0 => web
                    .hear(&into[..count], &mut self.wire)
                    .map_err(io::Error::other)?,
                _ => return Ok(count),
            }
        }
    }

    /// Sends what is in `out`, as far as the connection takes it; that much is taken out of it.
    ///
    /// # Errors
    /// The connection's.
    pub(super) fn send(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        if self.web.is_none() && self.wire.is_empty() {
            return self.carrier.send(out);
        }
        loop {
            self.carrier.send(&mut self.wire)?;
            let Some(web) = self.web.as_mut().filter(|web| web.is_open()) else {
                return Ok(());
            };
            if !self.wire.is_empty() || out.is_empty() {
                return Ok(());
            }
            let mut end = out.len().min(WIRE_BYTES);
            end += memchr::memchr(b'\n', &out[end..]).map_or(0, |more| more + 1);
            let said = web.say(&out[..end], &mut self.wire);
            out.drain(..said);
            if said == 0 {
                return Ok(());
            }
        }
    }
}

impl Carrier {
    /// Writes what is in `out`; what the kernel has no room for stays there.
    fn send(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let mut sent = 0;
        let mut result = Ok(());
        while sent < out.len() {
            let written = match self {
                Carrier::Plain(socket) => socket.write(&out[sent..]),
                Carrier::Tls(tls) => tls.write(&out[sent..]),
            };
            match written {
                Ok(count) => sent += count,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    result = Err(e);
                    break;
                }
            }
        }
        out.drain(..sent);
        if let (Carrier::Tls(tls), Ok(())) = (&mut *self, &result)
            && out.is_empty()
        {
            return match tls.flush() {
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(e),
                _ => Ok(()),
            };
        }
        result
    }
}
