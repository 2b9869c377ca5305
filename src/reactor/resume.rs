//! The beginning of a server that takes over from another: it is given everything that the other had, reads and checks
//! all of it, and goes on when the other has let go.

use std::path::Path;
use std::time::Duration;

use crate::dialect::Dialect;
use crate::hub::Hub;
use crate::layer::Layer;
use crate::limits::HANDOVER_STRIDE;
#[cfg(feature = "testing")]
use crate::sys::Stream as _;
use crate::sys::{Native, Offer, Place, System};

use super::Reactor;
use super::config::Config;
use super::connection::{Connection, ConnectionState, Standing};
use super::door::open_doors;
use super::handover::{STATE_VERSION, ServerState};
use super::open::{Prepared, native};

/// What another program had, on a system.
pub(super) struct Inherited<S: System> {
    pub(super) state: ServerState,
    /// As the doors in the state.
    pub(super) listeners: Vec<S::Listener>,
    /// As the connections in the state.
    pub(super) streams: Vec<S::Stream>,
}

impl Reactor<Native> {
    /// Opens every door of this machine; or goes on in place of a server that runs, where that is asked for and one
    /// does.
    ///
    /// # Errors
    /// One line that says which door cannot be opened and why, that the system has no poll, or why nothing is taken
    /// over: then the other server goes on.
    pub fn open(config: &Config) -> Result<Reactor<Native>, String> {
        let offer = match &config.run_dir {
            Some(dir) if config.takes_over => Offer::hear(dir)
                .map_err(|e| format!("cannot take over in {}: {e}", dir.display()))?,
            _ => None,
        };
        match offer {
            None => Reactor::open_on(native()?, config),
            Some(offer) => Reactor::take_over(config, offer),
        }
    }

    fn take_over(config: &Config, mut offer: Offer) -> Result<Reactor<Native>, String> {
        let resumed = native().and_then(|mut system| {
            let (inherited, files) = inherited(&mut system, config, &mut offer)?;
            let alive = || offer.reassure();
            Ok((Reactor::resume_on(system, config, inherited, alive)?, files))
        });
        let (mut reactor, files) = resumed.map_err(|line| {
            offer.refuse(&line);
            format!("cannot take over: {line}")
        })?;
        offer.take().map_err(|e| format!("cannot take over: {e}"))?;
        // Only now are they not the other's to remove.
        reactor.system.claim(None);
        for door in &mut reactor.doors {
            if files.contains(&door.address.place) {
                let at = Some((&mut door.listener, &door.address.place));
                reactor.system.claim(at);
            }
        }
        reactor.open_kept(config)?;
        Ok(reactor)
    }
}

/// What is offered, and the places of doors whose files go with them.
///
/// # Errors
/// One line that says what is wrong with it.
fn inherited(
    system: &mut Native,
    config: &Config,
    offer: &mut Offer,
) -> Result<(Inherited<Native>, Vec<Place>), String> {
    if offer.version != STATE_VERSION {
        return Err(format!(
            "the server that runs tells version {}, and this program reads {STATE_VERSION}",
            offer.version
        ));
    }
    let state: ServerState = rmp_serde::from_slice(&offer.snapshot).map_err(|e| e.to_string())?;
    let fewer = || String::from("there are fewer descriptors than connections");
    let mut descriptors = std::mem::take(&mut offer.descriptors).into_iter();
    let mut next = || descriptors.next().ok_or_else(fewer);
    let meeting = next()?;
    let lock = state.keeps.then(&mut next).transpose()?;
    match (&config.data, &lock) {
        (Some(options), Some(lock)) => crate::store::check_given(options, lock)?,
        (None, None) => {}
        (Some(_), None) => return Err("the server that runs has no --data".into()),
        (None, Some(_)) => return Err("the server that runs has --data".into()),
    }
    let cannot = |e: std::io::Error| e.to_string();
    let dir = config.run_dir.as_deref().unwrap_or(Path::new("."));
    let elapsed = Duration::from_millis(state.elapsed_ms);
    system
        .inherit(meeting, dir, lock, elapsed)
        .map_err(cannot)?;
    let mut listeners = Vec::new();
    for door in &state.doors {
        listeners.push(Native::listener_of(next()?, &door.place));
    }
    let mut streams = Vec::new();
    for connection in &state.connections {
        streams.push(Native::stream_of(next()?, connection.stream));
    }
    let with_files = state.doors.iter().filter(|door| door.has_file);
    let files = with_files.map(|door| door.place.clone()).collect();
    let inherited = Inherited {
        state,
        listeners,
        streams,
    };
    Ok((inherited, files))
}

impl<S: System> Reactor<S> {
    /// Goes on with what another program had, but for what is kept, and calls `reassure` now and then.
    ///
    /// # Errors
    /// One line that says what does not go together, or cannot be opened.
    pub(super) fn resume_on(
        mut system: S,
        config: &Config,
        inherited: Inherited<S>,
        mut reassure: impl FnMut(),
    ) -> Result<Reactor<S>, String> {
        let Inherited {
            state,
            listeners,
            streams,
        } = inherited;
        let given = state.doors.into_iter().zip(listeners);
        let doors = open_doors(&mut system, config, given.collect())?;
        let mut prepared = Prepared::new(&mut system, config, &doors)?;
        prepared.identity = prepared.files.identity(&system)?;
        let begun_ms = prepared
            .clock
            .moment
            .unix_ms
            .saturating_sub(state.elapsed_ms);
        prepared.rules.server.started_ms = begun_ms;
        let hub = Hub::of_snapshot(prepared.rules.clone(), state.hub.as_ref());
        let mut hub = hub.map_err(|e| e.to_string())?;
        #[cfg(feature = "testing")]
        if S::IS_MIRRORED {
            hub.mirror();
        }
        for id in state.left {
            hub.handle_leave(id, prepared.clock.moment);
            hub.handle_gone(id);
        }
        let mut reactor = Reactor::with(system, config, doors, prepared, hub);
        reactor.counters = state.counters;
        reactor.stop_begins_at = state.stop_begins_at;
        reactor.transfers.tickets = state.tickets;
        reactor.succession.is_awaited = true;
        let connections = state.connections.into_iter().zip(streams);
        for (at, (connection, stream)) in connections.enumerate() {
            reactor.take_on(connection, stream)?;
            if at % HANDOVER_STRIDE == 0 {
                reassure();
            }
        }
        reactor.connections.settle_slots(state.last_generation);
        reactor.hub.note_open(reactor.connections.open_len());
        if config.has_console {
            reactor.open_console(config.has_terminal, config.is_console_quiet);
        }
        Ok(reactor)
    }

    /// The server that has taken over from this one, as another program makes it of what this one has told.
    ///
    /// # Errors
    /// As [`Reactor::open`].
    #[cfg(feature = "testing")]
    pub fn succeeded(self, config: &Config) -> Result<Reactor<S>, String> {
        let state = rmp_serde::to_vec(&self.state()).map_err(|e| e.to_string())?;
        let state = rmp_serde::from_slice(&state).map_err(|e| e.to_string())?;
        let Reactor {
            system,
            doors,
            connections,
            ..
        } = self;
        let inherited = Inherited {
            state,
            listeners: doors.into_iter().map(|door| door.listener).collect(),
            streams: {
                let streams = connections.into_sockets().filter_map(Layer::into_stream);
                streams.filter(|stream| stream.kind().is_some()).collect()
            },
        };
        let mut reactor = Reactor::resume_on(system, config, inherited, || {})?;
        reactor.open_kept(config)?;
        Ok(reactor)
    }

    /// Goes on with a connection.
    fn take_on(&mut self, state: ConnectionState, stream: S::Stream) -> Result<(), String> {
        let (id, is_ready) = (state.id, state.is_ready);
        let socket = match state.is_relayed {
            true => Layer::Relayed(Box::new(stream)),
            false => Layer::Plain(stream),
        };
        let connection = Connection::of_state(state, socket, &self.pages.ledger);
        let mut connection = connection.map_err(|e| e.to_string())?;
        let interest = connection.interest();
        let stream = connection.socket.stream_mut();
        let registered = self.system.register(stream, id, interest);
        registered.map_err(|e| format!("a connection cannot be watched: {e}"))?;
        connection.registered = Some(interest);
        let due = connection.due(&self.limits).map(|(tick, _)| tick);
        self.timers.want(id, due, &mut connection.alarm);
        match connection.standing {
            Standing::Admitted => self.admission.readmit(&connection.peer),
            Standing::Refused => self.refused += 1,
            Standing::Exempt => {}
        }
        let is_console = connection.dialect.is_some_and(Dialect::is_console);
        let is_ready = is_ready || connection.has_unparsed();
        self.connections.adopt(connection);
        if is_console {
            self.hub.handle_console(id);
        }
        if is_ready {
            self.connections.make_ready(id);
        }
        Ok(())
    }
}
