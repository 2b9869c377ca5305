//! The beginning of a turn: accepting connections, taking them in or turning them away.

use std::io::{self, Write as _};

use crate::dialect::sniff::Sniffed;
use crate::dialect::{Dialect, Stage, View};
use crate::layer::Layer;
use crate::limits::{ACCEPT_BUDGET, ACCEPT_PAUSE_MS, REFUSED_LINGERING_MAX};
use crate::model::{ErrorCode, Event, Peer};
use crate::sys::{Interest, System};
use crate::web::DoorKind;

use super::Reactor;
use super::connection::Standing;
use super::door::{Accepted, DoorAddress};
use super::phase::Reason;

impl<S: System> Reactor<S> {
    pub(super) fn accept(&mut self) {
        for at in 0..self.doors.len() {
            self.wake_door(at);
            let mut failures = 0;
            for accepted in 0..ACCEPT_BUDGET {
                let is_out_of_time = accepted > 0 && self.is_spent();
                let door = &mut self.doors[at];
                if !door.is_ready || door.rests_until.is_some() || is_out_of_time {
                    break;
                }
                match door.accept(&mut self.system) {
                    Accepted::Connection(stream, peer) => {
                        self.welcome(at, Layer::Plain(stream), peer);
                    }
                    Accepted::Nobody => door.is_ready = false,
                    Accepted::Failed => failures += 1,
                    Accepted::Exhausted(e) => self.rest_door(at, &e),
                }
            }
            // Where nothing but failures comes, going on at once would be a spin.
            if failures == ACCEPT_BUDGET {
                self.rest_door(at, &io::ErrorKind::ConnectionAborted.into());
            }
        }
    }

    /// Stops watching a door for a while: there is nothing to accept with.
    fn rest_door(&mut self, at: usize, error: &io::Error) {
        let door = &mut self.doors[at];
        door.rests_until = Some(self.clock.now + ACCEPT_PAUSE_MS);
        if self.journal.exhausted.pass(self.clock.now).is_some() {
            log::warn!("cannot accept at {}: {error}", door.address);
        }
        // A door that stays watched would only be woken for nothing.
        let _ = self.system.unwatch(&mut door.listener);
    }

    /// Watches a door again whose rest is over. Whoever came meanwhile is accepted at once.
    fn wake_door(&mut self, at: usize) {
        let now = self.clock.now;
        let door = &mut self.doors[at];
        if door.rests_until.is_none_or(|until| until > now) {
            return;
        }
        door.rests_until = match self.system.watch(&mut door.listener, at) {
            Ok(()) => None,
            Err(_) => Some(now + ACCEPT_PAUSE_MS),
        };
        door.is_ready = true;
    }

    /// Takes in a connection that was accepted, or turns it away.
    fn welcome(&mut self, at: usize, mut stream: Layer<S::Stream>, peer: Peer) {
        let door = self.doors[at].address.kind();
        let DoorAddress {
            dialect, is_tls, ..
        } = self.doors[at].address;
        let is_console = dialect.is_some_and(Dialect::is_console);
        let is_proxied = !is_console && self.admission.proxies().has(&peer);
        let identity = self.identity.as_ref();
        if is_tls
            && !is_proxied
            && !identity.is_some_and(|identity| identity.secure(&mut stream, &[]))
        {
            return;
        }
        let now = self.clock.now;
        let is_operators = is_console || door == DoorKind::Status;
        let refusal = match is_operators {
            true => None,
            false => self.admit(&peer, is_proxied).err(),
        };
        if let Some(code) = &refusal {
            self.counters.refused += 1;
            self.journal.note_refusal(&peer, code, now);
            if self.refused >= REFUSED_LINGERING_MAX {
                // Before the proxy's word nothing can be said over TLS.
                if !(is_proxied && is_tls) {
                    self.turn_away(stream, dialect, &Event::Error(code.clone()));
                }
                return;
            }
            self.refused += 1;
        }
        let id = self.connections.insert(stream, peer, dialect, now);
        self.hub.note_open(self.connections.open_len());
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.door = door;
        if !is_operators && self.hub.wants_password() {
            connection.stage = Stage::Locked;
        }
        if is_operators {
            connection.standing = Standing::Exempt;
        }
        if is_proxied {
            connection.await_header(is_tls);
        }
        if let Some(code) = refusal {
            connection.refuse(code);
        }
        if is_console {
            self.hub.handle_console(id);
        }
        let stream = connection.socket.stream_mut();
        let registered = self.system.register(stream, id, Interest::READABLE);
        connection.registered = Some(Interest::READABLE);
        if let Err(e) = registered {
            self.connections.doom(id, Reason::Broken(e.kind()));
            return;
        }
        self.greet(id);
    }

    /// Counts a connection in, unless it may not come in. Whose one is that a proxy brings is yet to be heard.
    fn admit(&mut self, peer: &Peer, is_proxied: bool) -> Result<(), ErrorCode> {
        let now = self.clock.moment;
        match self.hub.refusal_of(peer, now).filter(|_| !is_proxied) {
            None => self.admission.admit(peer, self.clock.now),
            Some(banned) => Err(banned),
        }
    }

    /// Refuses without waiting for anything: what fits into an empty socket is sent.
    fn turn_away(&self, mut stream: Layer<S::Stream>, dialect: Option<Dialect>, event: &Event) {
        let view = View {
            stage: Stage::Joining,
            own: true,
            here: true,
            id: None,
            now: self.clock.moment,
            world: &self.hub,
            source: None,
            links: None,
            form: 0,
        };
        let mut line = Vec::new();
        dialect
            .unwrap_or_else(|| Sniffed::Undecided.answered_in())
            .render(event, &view, &mut line);
        // Who is gone already needs no refusal.
        let _ = stream
            .write_all(&line)
            .and_then(|()| stream.shutdown_write());
    }
}
