//! Whose a connection is that a proxy brings: what is counted, banned, logged and shown is that address.

use crate::dialect::http::{HttpRequest, Refusal, StatusCode};
use crate::dialect::spec::Class;
use crate::frame::proxy::Header;
use crate::limits::REFUSED_LINGERING_MAX;
use crate::model::{ConnId, ErrorCode, Event, Peer};
use crate::sys::System;
use crate::web::forwarded::{self, Unclear};

use super::Reactor;
use super::connection::Standing;
use super::phase::Reason;

impl<S: System> Reactor<S> {
    /// Reads the header that a connection may begin with. `false`: more must come, or it is over.
    pub(super) fn hear_header(&mut self, id: ConnId) -> bool {
        let Some(connection) = self.connections.touch(id) else {
            return false;
        };
        let own = connection.peer;
        let peer = match connection.take_header() {
            Header::Partial => return false,
            Header::Bad => {
                self.connections.doom(id, Reason::Protocol);
                return false;
            }
            Header::Absent if connection.ended && connection.unparsed().is_empty() => return false,
            Header::Absent | Header::Whole { source: None, .. } => own,
            Header::Whole {
                source: Some(source),
                ..
            } => Peer::Ip {
                ip: source.0.to_canonical(),
                port: source.1,
            },
        };
        self.introduce(id, peer);
        true
    }

    /// No header came: it is the proxy's own connection.
    pub(super) fn give_up_header(&mut self, id: ConnId) {
        if let Some(peer) = self.connections.get_mut(id).map(|it| it.peer) {
            self.introduce(id, peer);
            self.connections.make_ready(id);
        }
    }

    /// Begins with a connection that is known to be `peer`'s.
    fn introduce(&mut self, id: ConnId, peer: Peer) {
        let now = self.clock.now;
        if let Err(code) = self.readdress(id, peer)
            && let Some(connection) = self.connections.get_mut(id)
        {
            self.counters.refused += 1;
            self.admission.release(&connection.peer);
            self.refused += 1;
            connection.refuse(code);
            if self.refused > REFUSED_LINGERING_MAX {
                return self.connections.doom(id, Reason::Refused);
            }
        }
        let is_trusted = self.admission.proxies().has(&peer);
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let is_http = connection
            .dialect
            .is_none_or(|dialect| dialect.spec().class == Class::Http);
        connection.set_proxy(Some(peer).filter(|_| is_trusted && is_http));
        if connection.begin_as(peer, now) {
            let first = connection.take_unparsed();
            let identity = self.identity.as_ref();
            if !identity.is_some_and(|it| it.secure(&mut connection.socket, &first)) {
                return self.connections.doom(id, Reason::Protocol);
            }
        }
        self.greet(id);
    }

    /// Counts a connection for another address than it was.
    ///
    /// # Errors
    /// Why that one may not come in. It is counted for the one before still.
    fn readdress(&mut self, id: ConnId, peer: Peer) -> Result<(), ErrorCode> {
        let now = self.clock.now;
        let Some(connection) = self.connections.get_mut(id) else {
            return Ok(());
        };
        if connection.standing != Standing::Admitted || connection.peer.ip() == peer.ip() {
            connection.peer = peer;
            return Ok(());
        }
        let moved = match self.hub.refusal_of(&peer, self.clock.moment) {
            None => self.admission.move_to(&connection.peer, &peer, now),
            Some(banned) => Err(banned),
        };
        match &moved {
            Ok(()) => connection.peer = peer,
            Err(code) => self.journal.note_refusal(&peer, code, now),
        }
        moved
    }

    /// Finds out whose a request is that came over a proxy's connection. `false`: it is refused.
    pub(super) fn trace(&mut self, id: ConnId, request: &HttpRequest) -> bool {
        let connection = self.connections.get_mut(id);
        let Some(proxy) = connection.as_ref().and_then(|it| it.proxy()) else {
            return true;
        };
        let client = match forwarded::client(self.admission.proxies(), &request.forwarding) {
            Ok(client) => client,
            Err(Unclear) => {
                let (refusal, now) = (Refusal::new(StatusCode::BadRequest), self.clock.moment);
                self.respond_with(id, true, |out| refusal.write(now, out));
                return false;
            }
        };
        if let Some(connection) = connection {
            connection.set_proxied_over_tls(client.is_secure);
        }
        let peer = match client.address {
            None => proxy,
            Some((ip, port)) => Peer::Ip {
                ip,
                port: port.unwrap_or(proxy.number() as u16),
            },
        };
        match self.readdress(id, peer) {
            Ok(()) => true,
            Err(code) => {
                self.counters.refused += 1;
                self.bid_farewell(id, &Event::Error(code), Reason::Refused);
                false
            }
        }
    }
}
