//! The simulated system as the reactor sees it.

use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hubbub::testing::{
    BeginChat, ConnId, EngineOptions, Given, HashSeed, Interest, Kept, Limits, MessageId, Options,
    Place, Ready, Settings, Stream, StreamKind, System, Zone, begin_chat, join,
};

use crate::disk::{SimSettings, SimStore};
use crate::many::{SimEngine, SimSite};
use crate::net::World;

/// Descriptors that a server may have open: more than any seed needs.
const DESCRIPTORS: u64 = 10_000;

/// The system of one server.
pub(crate) struct SimSystem {
    world: World,
    /// When the server began.
    begun_us: u64,
    /// The way to the engine of its cluster.
    site: Option<SimSite>,
}

impl SimSystem {
    pub(crate) fn new(world: World, begun_us: u64) -> SimSystem {
        SimSystem {
            world,
            begun_us,
            site: None,
        }
    }

    /// The same of a server that has a way to the engine of a cluster.
    pub(crate) fn in_cluster(self, site: SimSite) -> SimSystem {
        SimSystem {
            site: Some(site),
            ..self
        }
    }
}

/// A door's socket.
pub(crate) struct SimListener {
    world: World,
    epoch: u64,
    door: usize,
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.world.stop_listening(self.epoch, self.door);
    }
}

/// The server's end of a connection; none that is taken away from.
#[derive(Default)]
pub(crate) struct SimStream(Option<Held>);

struct Held {
    world: World,
    at: usize,
    is_of_operator: bool,
    is_console: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.world.with_line(self.at, |line| line.close());
    }
}

impl SimStream {
    fn held(&self) -> io::Result<&Held> {
        self.0
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Read for SimStream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let held = self.held()?;
        held.world.with_line(held.at, |line| line.read(into))
    }
}

impl Write for SimStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let held = self.held()?;
        held.world.with_line(held.at, |line| line.write(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for SimStream {
    fn shutdown_write(&self) -> io::Result<()> {
        let held = self.held()?;
        match held.is_console {
            true => Err(io::ErrorKind::Unsupported.into()),
            false => held.world.with_line(held.at, |line| line.shut_down()),
        }
    }

    fn is_of_operator(&self) -> bool {
        self.0.as_ref().is_some_and(|held| held.is_of_operator)
    }

    fn kind(&self) -> Option<StreamKind> {
        let held = self.0.as_ref().filter(|held| !held.is_console)?;
        Some(match held.is_of_operator {
            true => StreamKind::Unix,
            false => StreamKind::Tcp,
        })
    }

    fn mss(&self) -> Option<u32> {
        None
    }

    fn keep_reads_apart(&mut self) {}
}

impl System for SimSystem {
    type Stream = SimStream;
    type Listener = SimListener;
    type Store = SimStore;
    type Settings = SimSettings;
    type Engine = SimEngine;
    const IS_MIRRORED: bool = true;

    fn poll(&mut self, timeout: Option<Duration>, tell: impl FnMut(Ready)) -> io::Result<()> {
        self.world.poll(timeout, tell)
    }

    fn register(
        &mut self,
        stream: &mut SimStream,
        id: ConnId,
        interest: Interest,
    ) -> io::Result<()> {
        self.reregister(stream, id, interest)
    }

    fn reregister(
        &mut self,
        stream: &mut SimStream,
        id: ConnId,
        interest: Interest,
    ) -> io::Result<()> {
        let at = stream.held()?.at;
        self.world
            .with_line(at, |line| line.watch(Some((id, interest))));
        Ok(())
    }

    fn deregister(&mut self, stream: &mut SimStream) -> io::Result<()> {
        let at = stream.held()?.at;
        self.world.with_line(at, |line| line.watch(None));
        Ok(())
    }

    fn listen(
        &mut self,
        place: &Place,
        _mss: Option<u32>,
        _limits: &Limits,
    ) -> io::Result<(SimListener, Place)> {
        let is_unix = matches!(place, Place::Unix(_));
        let (epoch, door) = self.world.listen(is_unix);
        let world = self.world.clone();
        let listener = SimListener { world, epoch, door };
        Ok((listener, place.clone()))
    }

    fn watch(&mut self, listener: &mut SimListener, at: usize) -> io::Result<()> {
        self.world.watch(listener.door, Some(at));
        Ok(())
    }

    fn unwatch(&mut self, listener: &mut SimListener) -> io::Result<()> {
        self.world.watch(listener.door, None);
        Ok(())
    }

    fn accept(
        &mut self,
        listener: &mut SimListener,
    ) -> io::Result<(SimStream, Option<SocketAddr>)> {
        let (at, address) = self.world.accept(listener.door)?;
        let held = Held {
            world: self.world.clone(),
            at,
            is_of_operator: address.is_none(),
            is_console: false,
        };
        Ok((SimStream(Some(held)), address))
    }

    fn stdio(&mut self) -> SimStream {
        let at = self.world.open_console();
        SimStream(Some(Held {
            world: self.world.clone(),
            at,
            is_of_operator: true,
            is_console: true,
        }))
    }

    fn raise_descriptors(&mut self) -> u64 {
        DESCRIPTORS
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.world.elapsed_us() - self.begun_us)
    }

    fn unix_ms(&self) -> u64 {
        self.world.unix_ms()
    }

    fn zone(&self) -> &'static Zone {
        Default::default()
    }

    fn sleep(&mut self, time: Duration) {
        self.world.pass_us(time.as_micros() as u64);
    }

    fn signals(&mut self) -> Vec<i32> {
        self.world.take_signals()
    }

    fn hash_seed(&mut self) -> HashSeed {
        self.world.hash_seed()
    }

    fn secret(&mut self) -> HashSeed {
        self.world.secret()
    }

    fn open_store(&mut self, options: &Options) -> Result<(SimStore, Kept), String> {
        let now_us = self.world.now_us();
        Ok(SimStore::open(self.world.shelves(), options, now_us))
    }

    fn resume_store(&mut self, options: &Options, last: MessageId) -> Result<SimStore, String> {
        let now_us = self.world.now_us();
        Ok(SimStore::resume(
            self.world.shelves(),
            options,
            last,
            now_us,
        ))
    }

    fn open_engine(
        &mut self,
        options: &EngineOptions,
        begin: &mut BeginChat<'_>,
    ) -> Result<SimEngine, String> {
        let site = self.site.clone().ok_or("there is no cluster here")?;
        let mut member = join(site.clone(), &options.node, site.new_run(), Arc::new(|| {}))?;
        let position = begin_chat(&mut member, begin)?;
        let (shared, proposer, reader) = member.parts(position);
        site.put_beside((proposer, reader));
        Ok(site.engine(shared))
    }

    fn open_settings(&mut self, _path: &Path) -> Result<(Settings, SimSettings), String> {
        Ok(SimSettings::open(self.world.shelves()))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.world.read_file(path)
    }

    fn host_name(&self) -> String {
        "sim".into()
    }

    fn await_successor(&mut self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn meet_successor(&mut self) -> io::Result<()> {
        match self.world.has_successor() {
            true => Ok(()),
            false => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn refuse_successor(&mut self, _: &str) {
        self.world.end_succession();
    }

    /// Nobody relays TLS here.
    fn offer(
        &mut self,
        _version: u32,
        _snapshot: &[u8],
        given: &Given<'_, SimSystem>,
    ) -> Result<Vec<SimStream>, String> {
        let takes_over = self.world.end_succession();
        match takes_over && given.streams.iter().all(Option::is_some) {
            true => Ok(Vec::new()),
            false => Err("it is gone".into()),
        }
    }
}
