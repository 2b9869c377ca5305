//! One client: a socket, and how far it has come.

use std::io;

use super::plan::ClientRole;
use super::stream::ClientStream;
use super::tongue::Speaker;

/// How far a client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientState {
    /// It has not been opened, or is between two lives.
    Out,
    /// It waits for the kernel.
    Connecting,
    /// It waits for the server to say that it is in.
    Joining,
    /// It is in.
    In,
    /// It was refused, or its connection ended.
    Over,
}

/// A client. Thousands of them are held: what it does not need it does not keep.
pub(super) struct Client {
    /// Its connection, once it is opened.
    pub(super) stream: Option<ClientStream>,
    /// Who it is.
    pub(super) who: Speaker,
    /// How far it has come.
    pub(super) state: ClientState,
    /// What it is there for.
    pub(super) part: ClientRole,
    /// The tongue's own count.
    pub(super) step: u8,
    /// Which of its lives this is, for those who come and go.
    pub(super) life: u32,
    /// When its present state began, in microseconds.
    pub(super) since_us: u64,
    /// The unfinished end of what came.
    rest: Vec<u8>,
    /// What the kernel had no room for, or what is to be sent in this turn.
    pub(super) out: Vec<u8>,
}

/// A rest above this is given back when it is done with, in bytes.
const REST_KEPT: usize = 512;

impl Client {
    /// One that is not opened yet.
    pub(super) fn new(who: Speaker, part: ClientRole) -> Client {
        Client {
            stream: None,
            who,
            state: ClientState::Out,
            part,
            step: 0,
            life: 0,
            since_us: 0,
            rest: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Is it owed anything but silence?
    pub(super) fn reads(&self) -> bool {
        self.part != ClientRole::NeverReads || self.state != ClientState::In
    }

    /// Has it something to send that is not with the kernel yet?
    pub(super) fn has_unsent(&self) -> bool {
        !self.out.is_empty() || self.stream.as_ref().is_some_and(ClientStream::is_blocked)
    }

    /// Does one read of at most `count` bytes, behind the unfinished end of what came before.
    /// Returns how many bytes of `scratch` are to be looked at, and how many are new; 0 new ones are
    /// the end of input.
    pub(super) fn read(
        &mut self,
        scratch: &mut Vec<u8>,
        count: usize,
    ) -> io::Result<(usize, usize)> {
        let Some(stream) = &mut self.stream else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let held = self.rest.len();
        if scratch.len() < held + count {
            scratch.resize(held + count, 0);
        }
        let new = stream.read(&mut scratch[held..held + count])?;
        scratch[..held].copy_from_slice(&self.rest);
        Ok((held + new, new))
    }

    /// Keeps the unfinished end of what came.
    pub(super) fn keep(&mut self, rest: &[u8]) {
        self.rest.clear();
        if rest.len() < REST_KEPT && self.rest.capacity() > REST_KEPT {
            self.rest.shrink_to(REST_KEPT);
        }
        self.rest.extend_from_slice(rest);
    }

    /// Writes what is to be sent; what the kernel has no room for stays.
    ///
    /// # Errors
    /// The connection's.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Some(stream) => stream.send(&mut self.out),
            None => {
                self.out.clear();
                Ok(())
            }
        }
    }

    /// Ends its connection; what it held is given back.
    pub(super) fn close(&mut self, state: ClientState) {
        self.stream = None;
        self.state = state;
        self.step = 0;
        self.rest = Vec::new();
        self.out = Vec::new();
    }
}
