//! One connection: two pipes, and what the poll knows of the server's end.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::SocketAddr;

use hubbub::testing::{ConnId, Interest, Ready};

use super::{Chance, Due, End, Fault, LATE_US, Net, REMEMBERED, Source};

/// What a client sends.
#[derive(Debug)]
pub(super) enum Piece {
    Bytes(VecDeque<u8>),
    Fin,
    Reset,
}

/// A connection with both its ends.
pub(super) struct Line {
    pub(super) from: SocketAddr,
    chance: Chance,
    /// What the client sent and the server's kernel does not have, and when it may have it.
    outgoing: VecDeque<(u64, Piece)>,
    /// What the server may read.
    input: VecDeque<u8>,
    input_room: usize,
    has_fin: bool,
    /// The next call of the server's says so.
    is_reset: bool,
    /// It was told, or was broken off by itself: nothing can be read or written any more.
    is_broken: bool,
    /// What the server wrote and the client's kernel does not have.
    output: VecDeque<u8>,
    output_room: usize,
    /// A write had no room: an event is owed when there is some.
    awaits_room: bool,
    has_shut_down: bool,
    is_closed: bool,
    pub(super) watched: Option<(ConnId, Interest)>,
    pub(super) is_queued: bool,
    /// The server was told of input, and has not read until it would block.
    is_told: bool,
    /// What the client has to take.
    arrived: Vec<u8>,
    window: usize,
    is_client_gone: bool,
    pub(super) end: Option<End>,
}

impl Line {
    pub(super) fn new(from: SocketAddr, rooms: [usize; 2], chance: Chance) -> Line {
        Line {
            from,
            chance,
            outgoing: VecDeque::new(),
            input: VecDeque::new(),
            input_room: rooms[0],
            has_fin: false,
            is_reset: false,
            is_broken: false,
            output: VecDeque::new(),
            output_room: rooms[1],
            awaits_room: false,
            has_shut_down: false,
            is_closed: false,
            watched: None,
            is_queued: false,
            is_told: false,
            arrived: Vec::new(),
            window: usize::MAX,
            is_client_gone: false,
            end: None,
        }
    }

    /// Is there something for a server that wants to read, and is connected?
    pub(super) fn is_unread(&self) -> bool {
        let wants = self
            .watched
            .is_some_and(|(_, interest)| interest.is_readable());
        let is_open = !self.is_closed && !self.is_client_gone && self.end.is_none();
        wants && is_open && !self.input.is_empty()
    }

    fn is_readable(&self) -> bool {
        !self.input.is_empty() || self.has_fin || self.is_reset || self.is_broken
    }

    /// As Linux has it, a third of the buffer must be free.
    fn is_writable(&self) -> bool {
        let free = self.output_room - self.output.len();
        self.is_reset || self.is_broken || free >= self.output_room.div_ceil(3)
    }

    /// What the poll tells of it now.
    pub(super) fn tell(&mut self) -> Option<Ready> {
        self.is_queued = false;
        let (id, interest) = self.watched?;
        // Errors are always told.
        let has_error = self.is_reset || self.is_broken;
        if has_error || (interest.is_readable() && self.is_readable()) {
            self.is_told = true;
            return Some(Ready::Input(id));
        }
        (interest.is_writable() && self.is_writable()).then_some(Ready::Output(id))
    }
}

/// What clients do.
impl Net {
    /// Adds to what is on its way to the server.
    fn push(&mut self, at: usize, piece: Piece) {
        let is_late = self.rolls(Fault::LateData);
        let line = &mut self.lines[at];
        let delay_us = match is_late {
            true => 1 + line.chance.below(LATE_US),
            false => 0,
        };
        let after_us = line.outgoing.back().map_or(0, |&(at_us, _)| at_us);
        let at_us = after_us.max(self.now_us + delay_us);
        line.outgoing.push_back((at_us, piece));
        match at_us > self.now_us {
            true => self.schedule(at_us, Due::Arrive(at)),
            false => self.arrive(at),
        }
    }

    pub(super) fn client_send(&mut self, at: usize, bytes: &[u8]) {
        let line = &self.lines[at];
        if !line.is_client_gone && line.end.is_none_or(|end| end == End::Fin) {
            self.push(at, Piece::Bytes(bytes.iter().copied().collect()));
        }
    }

    pub(super) fn client_ends(&mut self, at: usize, piece: Piece) {
        let line = &self.lines[at];
        if !line.is_client_gone && line.end.is_none_or(|end| end == End::Fin) {
            self.push(at, piece);
        }
    }

    pub(super) fn client_gone(&mut self, at: usize) {
        let line = &mut self.lines[at];
        line.is_client_gone = true;
        line.arrived.clear();
        line.output.clear();
    }

    pub(super) fn client_closes(&mut self, at: usize) {
        let line = &self.lines[at];
        let is_read = line.arrived.is_empty() && line.output.is_empty();
        self.client_ends(at, if is_read { Piece::Fin } else { Piece::Reset });
        self.client_gone(at);
    }

    pub(super) fn client_take(&mut self, at: usize) -> Vec<u8> {
        let taken = std::mem::take(&mut self.lines[at].arrived);
        self.deliver(at);
        taken
    }

    pub(super) fn set_window(&mut self, at: usize, bytes: usize) {
        self.lines[at].window = bytes;
        self.deliver(at);
    }

    pub(super) fn client_end(&self, at: usize) -> Option<End> {
        let line = &self.lines[at];
        let is_over = line.arrived.is_empty() || line.end != Some(End::Fin);
        line.end.filter(|_| is_over)
    }

    /// What has come by now, as far as there is room for it.
    pub(super) fn arrive(&mut self, at: usize) {
        let mut has_come = false;
        let now_us = self.now_us;
        let line = &mut self.lines[at];
        while let Some((at_us, piece)) = line.outgoing.front_mut()
            && *at_us <= now_us
        {
            match piece {
                Piece::Bytes(_) if line.is_closed || line.is_broken => {
                    // Nobody reads it any more: it is answered with a reset.
                    line.output.clear();
                    line.end.get_or_insert(End::Reset);
                }
                Piece::Bytes(bytes) => {
                    let room = line.input_room.saturating_sub(line.input.len());
                    let count = room.min(bytes.len());
                    line.input.extend(bytes.drain(..count));
                    has_come |= count > 0;
                    if !bytes.is_empty() {
                        break;
                    }
                }
                Piece::Fin => {
                    line.has_fin = true;
                    has_come = true;
                }
                Piece::Reset => {
                    if line.chance.below(2) == 0 {
                        line.input.clear();
                    }
                    line.is_reset = true;
                    has_come = true;
                }
            }
            line.outgoing.pop_front();
        }
        let reads = line.watched.is_some_and(|(_, it)| it.is_readable());
        let may_merge = line.is_told && !line.is_reset;
        if has_come && (reads || self.lines[at].is_reset) {
            if may_merge && self.rolls(Fault::MergedEvent) {
                return;
            }
            self.edge(Source::Line(at));
        }
    }

    /// What the server wrote comes to the client, as far as that takes it.
    fn deliver(&mut self, at: usize) {
        let line = &mut self.lines[at];
        let room = line.window.saturating_sub(line.arrived.len());
        let count = room.min(line.output.len());
        line.arrived.extend(line.output.drain(..count));
        if line.output.is_empty() && (line.has_shut_down || line.is_closed) && line.end.is_none() {
            line.end = Some(End::Fin);
        }
        if line.awaits_room && line.is_writable() {
            line.awaits_room = false;
            if line.watched.is_some_and(|(_, it)| it.is_writable()) {
                self.edge(Source::Line(at));
            }
        }
    }
}

/// The server's end of a connection.
pub(crate) struct Server<'a> {
    pub(super) net: &'a mut Net,
    pub(super) at: usize,
}

impl Server<'_> {
    fn line(&mut self) -> &mut Line {
        &mut self.net.lines[self.at]
    }

    fn rolls(&mut self, fault: Fault) -> bool {
        let per_mille = self.net.faults.per_mille(fault);
        let rolled = self.line().chance.rolls(per_mille);
        self.net.hits[fault as usize] += u64::from(rolled);
        rolled
    }

    /// What has passed of a count, where the call may do less than it could.
    fn cut(&mut self, fault: Fault, count: usize) -> usize {
        match count > 1 && self.rolls(fault) {
            true => 1 + self.line().chance.below(count as u64 - 1) as usize,
            false => count,
        }
    }

    /// EINTR, EAGAIN or an end out of nowhere.
    fn fail(&mut self, error: io::ErrorKind) -> io::Result<()> {
        if self.net.has_crashed {
            return Err(error.into());
        }
        if self.rolls(Fault::Interrupt) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if self.rolls(Fault::Reset) {
            let line = self.line();
            (line.is_broken, line.is_reset) = (true, false);
            line.input.clear();
            line.output.clear();
            line.end.get_or_insert(End::Reset);
            return Err(error.into());
        }
        Ok(())
    }

    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.try_read(into);
        self.note(6, &read);
        read
    }

    fn try_read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.fail(io::ErrorKind::ConnectionReset)?;
        let at = self.at;
        if self.line().is_readable() && self.rolls(Fault::WouldBlock) {
            self.line().is_told = false;
            self.net.edge_later(Source::Line(at));
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let line = self.line();
        if line.input.is_empty() {
            if std::mem::take(&mut line.is_reset) {
                line.is_broken = true;
                self.net.works += 1;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            if line.has_fin || line.is_broken {
                self.net.works += 1;
                return Ok(0);
            }
            line.is_told = false;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = into.len().min(line.input.len());
        let count = self.cut(Fault::ShortRead, count);
        for (place, byte) in into.iter_mut().zip(self.line().input.drain(..count)) {
            *place = byte;
        }
        self.net.works += count as u64;
        self.net.arrive(at);
        Ok(count)
    }

    pub(crate) fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let written = self.try_write(slices);
        self.note(7, &written);
        written
    }

    fn try_write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.net.has_crashed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let line = self.line();
        if std::mem::take(&mut line.is_reset) {
            line.is_broken = true;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if line.is_broken || line.has_shut_down {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.fail(io::ErrorKind::BrokenPipe)?;
        let at = self.at;
        if self.rolls(Fault::WouldBlock) {
            self.net.edge_later(Source::Line(at));
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let line = self.line();
        let room = line.output_room - line.output.len();
        if room == 0 {
            line.awaits_room = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let all: usize = slices.iter().map(|slice| slice.len()).sum();
        line.awaits_room |= all > room;
        let count = self.cut(Fault::ShortWrite, all.min(room));
        self.net.works += count as u64;
        let mut bytes = slices.iter().flat_map(|slice| slice.iter()).copied();
        let line = &mut self.net.lines[at];
        if line.is_client_gone {
            // It is answered with a reset.
            line.is_reset = true;
            self.net.edge(Source::Line(at));
            return Ok(count);
        }
        line.output.extend(bytes.by_ref().take(count));
        let digest = line.output.iter().rev().take(count);
        let digest = digest.fold(0u64, |hash, &byte| hash.wrapping_mul(31) + u64::from(byte));
        self.net.note(8, digest);
        self.net.deliver(at);
        Ok(count)
    }

    pub(crate) fn shut_down(&mut self) -> io::Result<()> {
        let has_crashed = self.net.has_crashed;
        let (at, line) = (self.at, self.line());
        if line.is_broken || line.is_reset || has_crashed {
            return Err(io::ErrorKind::NotConnected.into());
        }
        line.has_shut_down = true;
        self.net.note(9, at as u64);
        self.net.deliver(at);
        Ok(())
    }

    /// Has the poll watch it, or not any more. What is ready then is told.
    pub(crate) fn watch(&mut self, watched: Option<(ConnId, Interest)>) {
        let at = self.at;
        match (
            std::mem::replace(&mut self.line().watched, watched),
            watched,
        ) {
            (Some((id, _)), None) => self.net.remember(id),
            (_, Some(_)) => self.net.edge(Source::Line(at)),
            (None, None) => {}
        }
    }

    pub(crate) fn close(&mut self) {
        let has_crashed = self.net.has_crashed;
        let (at, line) = (self.at, self.line());
        line.is_closed = true;
        let id = line.watched.take().map(|(id, _)| id);
        if !line.input.is_empty() || line.is_broken || has_crashed {
            line.output.clear();
            line.end.get_or_insert(End::Reset);
        }
        self.net.note(10, at as u64);
        self.net.deliver(at);
        if let Some(id) = id {
            self.net.remember(id);
        }
    }

    fn note(&mut self, kind: u64, done: &io::Result<usize>) {
        let what = match done {
            Ok(count) => *count as u64,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => 1 << 40,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => 2 << 40,
            Err(_) => 3 << 40,
        };
        self.net.note(kind, (self.at as u64) << 48 ^ what);
    }
}

impl Net {
    fn remember(&mut self, id: ConnId) {
        self.gone.push_back(id);
        if self.gone.len() > REMEMBERED {
            self.gone.pop_front();
        }
    }
}
