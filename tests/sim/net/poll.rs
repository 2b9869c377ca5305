//! The poll: what has changed, and when that is told.

use std::io;

use hubbub::testing::{ConnId, Ready};

use crate::faults::Fault;

use super::{Due, LATE_US, Net, Polled, Source};

impl Net {
    pub(super) fn rolls(&mut self, fault: Fault) -> bool {
        let rolled = self.chance.rolls(self.faults.per_mille(fault));
        self.hits[fault as usize] += u64::from(rolled);
        rolled
    }

    /// Takes something that the server did, or that came of it, into the trace (FNV-1a).
    pub(super) fn note(&mut self, kind: u64, what: u64) {
        for part in [self.now_us, kind, what] {
            self.trace = (self.trace ^ part).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(super) fn schedule(&mut self, at_us: u64, due: Due) {
        self.serial += 1;
        self.due.insert((at_us, self.serial), due);
    }

    /// `Some`: the poll does not wait.
    pub(super) fn begin_poll(&mut self) -> io::Result<Option<Vec<Ready>>> {
        self.polled = Polled::default();
        if self.rolls(Fault::Interrupt) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut told = Vec::new();
        if std::mem::take(&mut self.has_signalled) {
            told.push(Ready::Signal);
        }
        if std::mem::take(&mut self.has_called) {
            told.push(Ready::Successor);
        }
        if self.rolls(Fault::StaleEvent) && !self.gone.is_empty() {
            let which = self.chance.below(self.gone.len() as u64);
            told.push(Ready::Input(self.gone[which as usize]));
        }
        if self.rolls(Fault::SpuriousEvent) {
            let watched = self.lines.iter().filter_map(|line| line.watched);
            let ids: Vec<ConnId> = watched.map(|(id, _)| id).collect();
            if !ids.is_empty() {
                let id = ids[self.chance.below(ids.len() as u64) as usize];
                told.push(match self.chance.below(2) {
                    0 => Ready::Input(id),
                    _ => Ready::Output(id),
                });
            }
        }
        Ok((!told.is_empty()).then_some(told))
    }

    /// What is due by now happens.
    pub(super) fn happen(&mut self) {
        while let Some(entry) = self.due.first_entry()
            && entry.key().0 <= self.now_us
        {
            match entry.remove() {
                Due::Arrive(at) => self.arrive(at),
                Due::Edge(source) => self.queue(source),
            }
        }
    }

    /// Something about it has changed.
    pub(super) fn edge(&mut self, source: Source) {
        match self.rolls(Fault::LateEvent) {
            true => {
                let at_us = self.now_us + 1 + self.chance.below(LATE_US);
                self.schedule(at_us, Due::Edge(source));
            }
            false => self.queue(source),
        }
    }

    /// What is left of a call that would have blocked for no reason is told later.
    pub(super) fn edge_later(&mut self, source: Source) {
        let at_us = self.now_us + 1 + self.chance.below(LATE_US);
        self.schedule(at_us, Due::Edge(source));
    }

    pub(super) fn queue(&mut self, source: Source) {
        let is_queued = match source {
            Source::Door(door) => match self.doors.get_mut(door) {
                Some(Some(listening)) => &mut listening.is_queued,
                _ => return,
            },
            Source::Line(at) => &mut self.lines[at].is_queued,
        };
        if !std::mem::replace(is_queued, true) {
            self.ready.push_back(source);
        }
    }

    /// What there is to tell. What has changed and is not ready any more is not told.
    pub(super) fn collect(&mut self) -> Vec<Ready> {
        let mut told = Vec::new();
        while let Some(source) = self.ready.pop_front() {
            let ready = match source {
                Source::Door(door) => self.doors[door].as_mut().and_then(|listening| {
                    listening.is_queued = false;
                    let is_ready = !listening.waiting.is_empty();
                    listening
                        .watched_as
                        .filter(|_| is_ready)
                        .map(Ready::Listener)
                }),
                Source::Line(at) => self.lines[at].tell(),
            };
            let Some(ready) = ready else { continue };
            told.push(ready);
            if self.rolls(Fault::DoubledEvent) {
                told.push(ready);
            }
        }
        told
    }
}
