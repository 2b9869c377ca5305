//! What a program has of the one that takes over from it, and of the one that it took over from.

use std::io;
use std::iter;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{self, Child, Command};

use mio::net::UnixStream;
use mio::{Registry, Token};

use crate::store::Store;

use super::handover::{Link, Meeting};
use super::listener::SocketListener;
use super::socket::Socket;

/// The option that has a program take over.
const TAKE_OVER: &str = "--take-over";

/// Both.
#[derive(Default)]
pub(super) struct Takeover {
    /// Where programs that take over come to.
    meeting: Option<Meeting>,
    /// The one that has come.
    link: Option<Link>,
    /// The program that was started last to take over.
    started_last: Option<Child>,
    /// The lock of the directory of history, where it was handed over.
    pub(super) lock: Option<OwnedFd>,
}

/// What is given.
pub(super) struct Lent<'a> {
    pub(super) store: Option<&'a Store>,
    pub(super) listeners: &'a [&'a SocketListener],
    /// `None` is one that is relayed.
    pub(super) streams: &'a [Option<&'a Socket>],
}

/// What goes to a program that takes over.
enum Descriptor<'a> {
    Lent(BorrowedFd<'a>),
    Owned(OwnedFd),
}

impl AsFd for Descriptor<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Descriptor::Lent(fd) => *fd,
            Descriptor::Owned(fd) => fd.as_fd(),
        }
    }
}

impl Takeover {
    /// Has programs come to a directory.
    pub(super) fn begin(
        &mut self,
        dir: &Path,
        registry: &Registry,
        token: Token,
    ) -> io::Result<()> {
        let meeting = Meeting::open(dir)?;
        meeting.watch(registry, token)?;
        self.meeting = Some(meeting);
        Ok(())
    }

    /// Goes on where another program had them come to, with its lock.
    pub(super) fn go_on(
        &mut self,
        (meeting, dir): (OwnedFd, &Path),
        lock: Option<OwnedFd>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<()> {
        let meeting = Meeting::of_given(meeting, dir);
        meeting.watch(registry, token)?;
        self.meeting = Some(meeting);
        self.lock = lock;
        Ok(())
    }

    /// The file where programs come is this program's from now on.
    pub(super) fn claim_file(&mut self) {
        self.meeting.iter_mut().for_each(Meeting::claim_file);
    }

    /// Starts this program anew, as it is installed now.
    pub(super) fn start_program(&mut self) -> io::Result<()> {
        if let Some(last) = &mut self.started_last
            && last.try_wait()?.is_none()
        {
            let why = "the one that was started last is not done";
            return Err(io::Error::other(why));
        }
        let mut arguments = std::env::args_os();
        let program = arguments.next().ok_or(io::ErrorKind::NotFound)?;
        let others = arguments.filter(|argument| argument != TAKE_OVER);
        let mut command = Command::new(program);
        command.args(others).arg(TAKE_OVER);
        command.stdin(process::Stdio::null());
        // They are for this process alone (sd_listen_fds(3), sd_watchdog_enabled(3)).
        for variable in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"] {
            command.env_remove(variable);
        }
        self.started_last = Some(command.spawn()?);
        Ok(())
    }

    pub(super) fn let_in(&mut self) -> io::Result<()> {
        let meeting = self.meeting.as_ref().ok_or(io::ErrorKind::WouldBlock)?;
        self.link = Some(meeting.admit()?);
        Ok(())
    }

    pub(super) fn turn_away(&mut self, why: &str) {
        if let Some(link) = self.link.take() {
            link.refuse(why);
        }
    }

    /// Tells the one that has come that it is not forgotten.
    pub(super) fn reassure(&self) -> Result<(), String> {
        self.link.as_ref().map_or(Ok(()), Link::reassure)
    }

    /// Gives everything, and waits until it is had. Returns the near ends of those that are relayed.
    pub(super) fn give(
        &self,
        version: u32,
        snapshot: &[u8],
        lent: &Lent<'_>,
    ) -> Result<Vec<Socket>, String> {
        let (Some(link), Some(meeting)) = (&self.link, &self.meeting) else {
            return Err("the other program has gone".into());
        };
        let lock = lent.store.map(Store::lock);
        let count = 1 + usize::from(lock.is_some()) + lent.listeners.len() + lent.streams.len();
        let mut near = Vec::new();
        let listeners = lent.listeners.iter().map(|it| it.descriptor());
        let first = iter::once(meeting.descriptor()).chain(lock);
        let first = first.chain(listeners).map(|fd| Ok(Descriptor::Lent(fd)));
        let streams = lent.streams.iter().map(|stream| match stream {
            Some(stream) => {
                let fd = stream.descriptor().ok_or(io::ErrorKind::Unsupported)?;
                Ok(Descriptor::Lent(fd))
            }
            None => {
                let (own, far) = UnixStream::pair()?;
                near.push(Socket::Unix(own));
                Ok(Descriptor::Owned(far.into()))
            }
        });
        link.give(version, snapshot, count, first.chain(streams))?;
        Ok(near)
    }

    /// Everything that was given is the other's.
    pub(super) fn give_up(&mut self) -> Result<(), String> {
        self.link.as_ref().map_or(Ok(()), Link::give_up)?;
        if let Some(meeting) = self.meeting.take() {
            meeting.leave_file();
        }
        Ok(())
    }

    /// The process of the one that has come.
    pub(super) fn pid(&self) -> Option<u32> {
        self.link.as_ref().map(|link| link.pid)
    }

    /// Nothing is open here any more that the other has for itself.
    pub(super) fn end(&mut self) {
        self.link = None;
    }
}
