//! The seam to the system: everything that the reactor asks of it goes through [`System`]. [`Native`] is
//! the real one (mio, signals, std and threads); tests put a simulated one in its place.
//!
//! Here stands what is done to the system and no decision: when to read, what to do about an error and
//! what to say of it is the reactor's. Nobody else calls this.

mod clock;
mod engine;
mod given;
mod handover;
mod joining;
mod listener;
mod mailbox;
mod manager;
mod native;
mod place;
mod reads;
mod socket;
mod stdio;
mod takeover;
mod unix;

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

pub(crate) use clock::now;
pub use engine::{BeginChat, LogEngine};
#[cfg(feature = "testing")]
pub use engine::{Membership, begin_chat};
pub use given::{Given, StreamKind};
pub(crate) use handover::Offer;
pub use mailbox::Mailbox;
pub(crate) use manager::ServiceState;
pub use mio::Interest;
pub(crate) use native::Native;
pub use place::Place;
pub(crate) use place::UnixPlace;
use rustix::io::Errno;
pub(crate) use signal_hook::consts::{SIGHUP, SIGUSR1, SIGUSR2};

use crate::cluster;
use crate::limits::Limits;
use crate::model::{ConnId, HashSeed, Kept, MessageId, Settings, Zone};
use crate::store;
use crate::store::settings::Keeper;

/// Generations of a [`ConnId`] that the poll can tell apart: one is at most this, and what is above it
/// begins again at 0.
pub(crate) const GENERATION_MAX: u32 = native::GENERATION_MAX;

/// The system as the reactor sees it. Nothing of it waits, but for [`System::poll`] and [`System::sleep`].
pub trait System {
    /// A connected socket, or standard input and output.
    type Stream: Stream;
    /// A socket that others connect to. Dropped, it is closed.
    type Listener;
    /// History and accounts.
    type Store: Mailbox;
    /// The file of the operators' settings.
    type Settings: SettingsFile;
    /// The log that is shared with other servers.
    type Engine: LogEngine;

    /// Is every entry to be applied to a second chat, too, which must stay equal?
    #[cfg(feature = "testing")]
    const IS_MIRRORED: bool = false;

    /// Waits until something is ready or `timeout` is over, for ever without one, and tells what is ready.
    /// Readiness is edge-triggered (epoll(7)): what is registered is told of a change only, and may be
    /// told of none. An answer of the store and a signal end the wait, too.
    ///
    /// # Errors
    /// The system's; `Interrupted` by a signal. Nothing was told then.
    fn poll(&mut self, timeout: Option<Duration>, tell: impl FnMut(Ready)) -> io::Result<()>;

    /// Has the poll watch a stream.
    ///
    /// # Errors
    /// Here and below, the system's: what can't be watched is a file.
    fn register(
        &mut self,
        stream: &mut Self::Stream,
        id: ConnId,
        interest: Interest,
    ) -> io::Result<()>;

    /// Has the poll watch it for something else. What is ready then is told again.
    fn reregister(
        &mut self,
        stream: &mut Self::Stream,
        id: ConnId,
        interest: Interest,
    ) -> io::Result<()>;

    /// Has the poll watch it no more.
    fn deregister(&mut self, stream: &mut Self::Stream) -> io::Result<()>;

    /// Binds and listens. Returns the place with the real port. What is accepted has segments of `mss`
    /// bytes at most, where that is said.
    ///
    /// # Errors
    /// `AddrInUse` where a path is taken by anything but a dead socket of ours.
    fn listen(
        &mut self,
        place: &Place,
        mss: Option<u32>,
        limits: &Limits,
    ) -> io::Result<(Self::Listener, Place)>;

    /// Has the poll watch a listener, which may be watched already. It is told as [`Ready::Listener`] `at`.
    fn watch(&mut self, listener: &mut Self::Listener, at: usize) -> io::Result<()>;

    /// Has the poll watch it no more.
    fn unwatch(&mut self, listener: &mut Self::Listener) -> io::Result<()>;

    /// Accepts one connection. Unix-domain peers have no address.
    ///
    /// # Errors
    /// `WouldBlock` where nobody waits; see also [`is_of_one_connection`].
    fn accept(
        &mut self,
        listener: &mut Self::Listener,
    ) -> io::Result<(Self::Stream, Option<SocketAddr>)>;

    /// Tells the service manager that has started this program, where there is one.
    fn tell_manager(&mut self, _: ServiceState) {}

    /// How often that wants to be told that the loop goes round, at least.
    fn watchdog(&self) -> Option<Duration> {
        None
    }

    /// Standard input and output as one stream.
    fn stdio(&mut self) -> Self::Stream;

    /// Raises the limit of open descriptors as far as it goes, and returns it.
    fn raise_descriptors(&mut self) -> u64;

    /// How many descriptors are open, where that can be told quickly.
    fn open_descriptors(&self) -> Option<u64> {
        None
    }

    /// Time since the start, which is never set back.
    fn elapsed(&self) -> Duration;

    /// Milliseconds since 1970.
    fn unix_ms(&self) -> u64;

    /// What local clocks show.
    fn zone(&self) -> &'static Zone;

    /// Does nothing for so long.
    fn sleep(&mut self, time: Duration);

    /// Has the terminal gone away that this program was started at?
    fn has_lost_terminal(&self) -> bool {
        false
    }

    /// Writes a whole file, or leaves it as it was; its owner alone may read it.
    ///
    /// # Errors
    /// The system's.
    fn write(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Signals that came, by their numbers.
    fn signals(&mut self) -> Vec<i32>;

    /// Random, and nobody else's: what hash tables are ordered by.
    fn hash_seed(&mut self) -> HashSeed;

    /// Random, and nobody else's: what shows, hashed, as long as the server runs.
    fn secret(&mut self) -> HashSeed;

    /// Opens what is kept in a directory, or begins it.
    ///
    /// # Errors
    /// One line that says why nothing can be kept.
    fn open_store(&mut self, options: &store::Options) -> Result<(Self::Store, Kept), String>;

    /// Opens what is kept in a directory once more, which the program that was taken over from has let go. The last
    /// message that was said there is `last`.
    ///
    /// # Errors
    /// As [`System::open_store`].
    fn resume_store(
        &mut self,
        options: &store::Options,
        _last: MessageId,
    ) -> Result<Self::Store, String> {
        self.open_store(options).map(|(store, _)| store)
    }

    /// Opens the file of settings, or begins it.
    ///
    /// # Errors
    /// One line that says why it can't be read or written.
    fn open_settings(&mut self, path: &Path) -> Result<(Settings, Self::Settings), String>;

    /// Has what is kept in a directory be what it is to begin with in a cluster: where it has nothing of it, or too
    /// little, it is copied from another server. To be called before [`System::open_store`]. `false`: no other has it,
    /// so that what was said meanwhile is not there.
    ///
    /// # Errors
    /// One line: it is another cluster's, or none's, or cannot be written to.
    fn prepare_data(
        &mut self,
        _cluster: &cluster::EngineOptions,
        _data: &store::Options,
    ) -> Result<bool, String> {
        Ok(false)
    }

    /// Makes this server a member of a cluster. With what is kept here, the chat begins as `begin` makes it of the state
    /// that the cluster has, if it has one; it returns the state that it has made, by which other servers begin where
    /// this one is the first. Called once more, it is to begin with another one's after all.
    ///
    /// # Errors
    /// One line that says why it can't be.
    fn open_engine(
        &mut self,
        _options: &cluster::EngineOptions,
        _begin: &mut BeginChat<'_>,
    ) -> Result<Self::Engine, String> {
        Err("there is no cluster here".into())
    }

    /// Reads a small file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The name of this machine; empty where it has none.
    fn host_name(&self) -> String;

    /// Has programs that take over come to a directory: [`Ready::Successor`] tells that one has.
    ///
    /// # Errors
    /// `AddrInUse` where another server has them come there.
    fn await_successor(&mut self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Starts this program anew, as it is installed now and with the same arguments, to take over.
    ///
    /// # Errors
    /// The system's.
    fn start_successor(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Lets one in that has come.
    ///
    /// # Errors
    /// `WouldBlock` where none has, and `PermissionDenied` for another user's.
    fn meet_successor(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Nothing comes of it for the one that was let in.
    fn refuse_successor(&mut self, _why: &str) {}

    /// Tells it that this program lives; an error says in one line that it has gone.
    fn reassure_successor(&mut self) -> Result<(), String> {
        Ok(())
    }

    /// Gives it everything, and waits until it is ready to go on with that. Of who is to be relayed it has one end
    /// of a new connection; the other ends are returned, in order.
    ///
    /// # Errors
    /// One line that says why all is as it was.
    fn offer(
        &mut self,
        _version: u32,
        _snapshot: &[u8],
        _given: &Given<'_, Self>,
    ) -> Result<Vec<Self::Stream>, String>
    where
        Self: Sized,
    {
        Err("nobody takes over here".into())
    }

    /// Has everything that was offered be the other's.
    ///
    /// # Errors
    /// One line that says why it is not.
    fn yield_all(&mut self) -> Result<(), String> {
        Ok(())
    }

    /// Tells the other that what it is to have for itself is closed here.
    fn part(&mut self) {}

    /// Closes a listener that is another program's now.
    fn leave(&mut self, listener: Self::Listener) {
        drop(listener);
    }

    /// Has it a file that goes with it?
    fn has_file(&self, _: &Self::Listener) -> bool {
        false
    }
}

/// Something is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// A signal came.
    Signal,
    /// Somebody connects to the listener that is watched by this number.
    Listener(usize),
    /// A connection may be read: there is input, its end or an error. Whose it was may be gone.
    Input(ConnId),
    /// A connection takes more output.
    Output(ConnId),
    /// A program has come that takes over.
    Successor,
}

/// A connected stream that does not block: what would wait is `WouldBlock`.
///
/// [`Default`] is a stream that is nobody's, to stand for a while where one was taken from.
pub trait Stream: Read + Write + Default {
    /// Sends our FIN.
    ///
    /// # Errors
    /// The system's, and where there is no such thing.
    fn shutdown_write(&self) -> io::Result<()>;

    /// Is the peer root, or of the server's own user (SO_PEERCRED, unix(7))?
    fn is_of_operator(&self) -> bool;

    /// What it is, where another program can have it.
    fn kind(&self) -> Option<StreamKind>;

    /// At which address of this machine the peer has come in, where it has one.
    fn local_ip(&self) -> Option<IpAddr> {
        None
    }

    /// How many bytes a segment has at most; `None` where it has none.
    fn mss(&self) -> Option<u32>;

    /// From now on what is sent fills reads of the client's, which are not to be cut or joined.
    fn keep_reads_apart(&mut self);
}

/// The file of the operators' settings, written and read beside the loop. Each method does as the one of
/// [`Keeper`].
pub trait SettingsFile {
    /// Has the settings written as they are now.
    fn keep(&self, settings: Settings);
    /// Has the file read again. `false`: it is yet to be written.
    fn read_again(&self) -> bool;
    /// What was read again, or why it could not be.
    fn take_read(&self) -> Option<Result<Settings, String>>;
}

impl SettingsFile for Keeper {
    fn keep(&self, settings: Settings) {
        self.keep(settings);
    }

    fn read_again(&self) -> bool {
        self.read_again()
    }

    fn take_read(&self) -> Option<Result<Settings, String>> {
        self.take_read()
    }
}

/// Errors of accept(2) that belong to the connection that was to be accepted, or to this one call.
pub(crate) fn is_of_one_connection(error: &io::Error) -> bool {
    let of_one = [
        Errno::INTR,
        Errno::CONNABORTED,
        Errno::PROTO,
        Errno::NOPROTOOPT,
        Errno::OPNOTSUPP,
        Errno::PERM,
        Errno::NETDOWN,
        Errno::NETUNREACH,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
        Errno::NONET,
    ];
    Errno::from_io_error(error).is_some_and(|errno| of_one.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_one_connection_do_not_rest_the_door() {
        let is_of_one = |errno: Errno| is_of_one_connection(&errno.into());
        for errno in [Errno::CONNABORTED, Errno::INTR, Errno::PROTO] {
            assert!(is_of_one(errno));
        }
        for errno in [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOBUFS,
            Errno::NOMEM,
            Errno::INVAL,
        ] {
            assert!(!is_of_one(errno));
        }
    }
}
