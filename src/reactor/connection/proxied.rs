//! A connection that a proxy brings: its header, and whose it is.

use crate::frame::proxy::{self, Header};
use crate::layer::Transport;
use crate::model::Peer;

use super::super::timers::Tick;
use super::{Connection, Opening};

impl<S: Transport> Connection<S> {
    /// It may begin with a header, behind which TLS may follow. Until then nothing is read from it or said to it.
    pub(in crate::reactor) fn await_header(&mut self, is_tls: bool) {
        self.opening = Opening::Header { is_tls };
    }

    /// May a header come yet?
    pub(in crate::reactor) fn awaits_header(&self) -> bool {
        matches!(self.opening, Opening::Header { .. })
    }

    /// Reads the header, where it is whole, and takes it away. The port is known if the address is.
    pub(in crate::reactor) fn take_header(&mut self) -> Header {
        let header = proxy::read(self.unparsed(), self.ended);
        if let Header::Whole { len, .. } = header {
            self.input_mut().inbox.consume(len);
        }
        header
    }

    /// From now on it is this peer's, and begins. Tells whether with TLS.
    pub(in crate::reactor) fn begin_as(&mut self, peer: Peer, now: Tick) -> bool {
        let is_tls = self.opening == Opening::Header { is_tls: true };
        self.opening = Opening::Frame;
        (self.peer, self.since) = (peer, now);
        is_tls
    }

    /// The proxy that may bring requests of others over it.
    pub(in crate::reactor) fn proxy(&self) -> Option<Peer> {
        self.restraint.as_ref()?.proxy
    }

    /// Requests of others may come over it, or no longer.
    pub(in crate::reactor) fn set_proxy(&mut self, proxy: Option<Peer>) {
        match proxy {
            Some(_) => self.restraint.get_or_insert_default().proxy = proxy,
            None => self.relax(|restraint| restraint.proxy = None),
        }
    }

    /// Its proxy says that it comes over TLS, or does not.
    pub(in crate::reactor) fn set_proxied_over_tls(&mut self, is_so: bool) {
        match is_so {
            true => self.restraint.get_or_insert_default().is_proxied_over_tls = true,
            false => self.relax(|restraint| restraint.is_proxied_over_tls = false),
        }
    }
}
