//! What the server asks of the world, by way of [`SimSystem`](crate::system::SimSystem).

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use hubbub::testing::{ConnId, HashSeed, Ready};

use crate::faults::{Chance, Fault};

use super::wire::{Line, Server};
use super::{BEGINS_UNIX_MS, BUFFER_BYTES, End, Listening, Net, SLOW_US, Source, World};

impl World {
    pub(crate) fn elapsed_us(&self) -> u64 {
        let mut net = self.net.borrow_mut();
        if net.rolls(Fault::SlowTurn) {
            net.now_us += 1 + net.chance.below(SLOW_US);
        }
        net.now_us
    }

    pub(crate) fn unix_ms(&self) -> u64 {
        let net = self.net.borrow();
        (BEGINS_UNIX_MS + net.now_us / 1000).saturating_add_signed(net.clock_off_ms)
    }

    pub(crate) fn poll(
        &self,
        timeout: Option<Duration>,
        tell: impl FnMut(Ready),
    ) -> io::Result<()> {
        let told = self.net.borrow_mut().begin_poll()?;
        let told = match told {
            Some(told) => told,
            None => self.wait(timeout),
        };
        let mut net = self.net.borrow_mut();
        for ready in &told {
            let (kind, id) = match *ready {
                Ready::Signal => (1, 0),
                Ready::Listener(at) => (2, at as u64),
                Ready::Input(id) => (3, number(id)),
                Ready::Output(id) => (4, number(id)),
                Ready::Successor => (5, 0),
            };
            net.note(kind, id);
        }
        net.polled.told = told.len();
        drop(net);
        told.into_iter().for_each(tell);
        Ok(())
    }

    /// Lets time pass until there is something to tell.
    fn wait(&self, timeout: Option<Duration>) -> Vec<Ready> {
        let begun_us = self.now_us();
        let until_us = timeout.map(|timeout| begun_us + timeout.as_micros() as u64);
        let mut is_cut = false;
        let told = loop {
            let unix_ms = self.unix_ms();
            let mut net = self.net.borrow_mut();
            net.happen();
            let wakes = self.shelves.borrow_mut().advance(net.now_us, unix_ms);
            let told = net.collect();
            if !told.is_empty() || wakes || until_us.is_some_and(|until| until <= net.now_us) {
                break told;
            }
            let horizon_us = net.horizon_us;
            if horizon_us.is_some_and(|horizon| horizon <= net.now_us) {
                is_cut = true;
                break told;
            }
            drop(net);
            let next = self.next_due_us();
            let Some(next) = next.into_iter().chain(until_us).chain(horizon_us).min() else {
                is_cut = true;
                break told;
            };
            let mut net = self.net.borrow_mut();
            net.now_us = net.now_us.max(next);
        };
        let mut net = self.net.borrow_mut();
        net.polled.waited_us = net.now_us - begun_us;
        net.polled.is_cut = is_cut;
        told
    }

    pub(crate) fn listen(&self, is_unix: bool) -> (u64, usize) {
        let mut net = self.net.borrow_mut();
        net.doors.push(Some(Listening {
            is_unix,
            ..Listening::default()
        }));
        (net.epoch, net.doors.len() - 1)
    }

    pub(crate) fn watch(&self, door: usize, at: Option<usize>) {
        let mut net = self.net.borrow_mut();
        if let Some(Some(listening)) = net.doors.get_mut(door) {
            listening.watched_as = at;
            if !listening.waiting.is_empty() {
                net.edge(Source::Door(door));
            }
        }
    }

    pub(crate) fn stop_listening(&self, epoch: u64, door: usize) {
        let mut net = self.net.borrow_mut();
        if epoch == net.epoch
            && let Some(listening) = net.doors.get_mut(door).and_then(Option::take)
        {
            for at in listening.waiting {
                net.lines[at].end = Some(End::Refused);
            }
        }
    }

    pub(crate) fn accept(&self, door: usize) -> io::Result<(usize, Option<SocketAddr>)> {
        self.net.borrow_mut().accept(door)
    }

    pub(crate) fn open_console(&self) -> usize {
        let mut net = self.net.borrow_mut();
        let at = net.open_line(SocketAddr::from(([0, 0, 0, 0], 0)));
        net.console = Some(at);
        at
    }

    pub(crate) fn take_signals(&self) -> Vec<i32> {
        self.net.borrow_mut().signals.drain(..).collect()
    }

    pub(crate) fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let net = self.net.borrow();
        let file = net.files.get(path).cloned();
        file.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(crate) fn hash_seed(&self) -> HashSeed {
        let mut net = self.net.borrow_mut();
        let salt = net.hash_salt;
        HashSeed(net.chance.next() ^ salt, net.chance.next() ^ salt)
    }

    pub(crate) fn secret(&self) -> HashSeed {
        self.shelves.borrow().secret()
    }

    /// The server makes a call, at which the power may fail.
    fn count_call(&self) {
        let mut net = self.net.borrow_mut();
        if let Some(calls) = net.crash_in {
            net.crash_in = calls.checked_sub(1);
            if calls == 0 {
                net.has_crashed = true;
                self.shelves.borrow_mut().crash();
            }
        }
    }

    /// What the server does with one connection.
    pub(crate) fn with_line<T>(&self, at: usize, act: impl FnOnce(&mut Server<'_>) -> T) -> T {
        self.count_call();
        let mut net = self.net.borrow_mut();
        act(&mut Server { net: &mut net, at })
    }
}

impl Net {
    pub(super) fn open_line(&mut self, from: SocketAddr) -> usize {
        let at = self.lines.len();
        let mut chance = Chance::new(self.seed, 1 + at as u64);
        let is_tiny = chance.rolls(self.faults.per_mille(Fault::TinyBuffer));
        self.hits[Fault::TinyBuffer as usize] += u64::from(is_tiny);
        let mut room = || match is_tiny {
            true => 1 + chance.below(300) as usize,
            false => BUFFER_BYTES,
        };
        let rooms = [room(), room()];
        self.lines.push(Line::new(from, rooms, chance));
        at
    }

    fn accept(&mut self, door: usize) -> io::Result<(usize, Option<SocketAddr>)> {
        let Some(Some(listening)) = self.doors.get(door) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let is_unix = listening.is_unix;
        let Some(&at) = listening.waiting.front() else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        if self.rolls(Fault::Interrupt) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if self.rolls(Fault::AcceptExhausted) {
            // EMFILE
            return Err(io::Error::from_raw_os_error(24));
        }
        if self.rolls(Fault::WouldBlock) {
            self.edge_later(Source::Door(door));
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let is_aborted = self.rolls(Fault::AcceptAborted);
        if let Some(Some(listening)) = self.doors.get_mut(door) {
            listening.waiting.pop_front();
        }
        self.works += 1;
        if is_aborted {
            self.lines[at].end = Some(End::Reset);
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        self.note(5, at as u64);
        let from = self.lines[at].from;
        Ok((at, (!is_unix).then_some(from)))
    }
}

fn number(id: ConnId) -> u64 {
    u64::from(id.generation) << 32 | u64::from(id.slot)
}
