//! Standard output and error, written to without ever waiting for who reads them.
//!
//! Neither may be made non-blocking, for others share them. A pipe or a terminal is opened once more for the
//! server alone, and that is non-blocking. Where the system does not let it (a socket; no /proc; a pipe of
//! another user), each write asks first whether it would wait, and is short enough for what a pipe then has
//! room for.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::OnceLock;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd};
use rustix::fs::{FileType, OFlags, fstat};

use crate::limits::PIPE_BYTES;

/// Where the server writes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outlet {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

impl Outlet {
    /// Writes some of `bytes`, and [`PIPE_BYTES`] or less as a whole where it is a pipe.
    ///
    /// # Errors
    /// The system's; `WouldBlock` where nobody reads what was written before.
    pub(crate) fn write(self, bytes: &[u8]) -> io::Result<usize> {
        static OUTPUT: OnceLock<Option<File>> = OnceLock::new();
        static ERROR: OnceLock<Option<File>> = OnceLock::new();
        match self {
            Outlet::Output => write_to(&OUTPUT, io::stdout(), bytes),
            Outlet::Error => write_to(&ERROR, io::stderr(), bytes),
        }
    }
}

fn write_to(
    own: &OnceLock<Option<File>>,
    shared: impl AsFd + AsRawFd,
    bytes: &[u8],
) -> io::Result<usize> {
    if let Some(mut own) = own.get_or_init(|| open_again(&shared)).as_ref() {
        return own.write(bytes);
    }
    if !is_writable(&shared) {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let few = &bytes[..bytes.len().min(PIPE_BYTES)];
    Ok(rustix::io::write(shared, few)?)
}

/// The same pipe or terminal, opened for writing that never waits.
fn open_again(shared: &(impl AsFd + AsRawFd)) -> Option<File> {
    let kind = FileType::from_raw_mode(fstat(shared).ok()?.st_mode);
    let can_stop = match kind {
        FileType::Fifo => true,
        FileType::CharacterDevice => rustix::termios::isatty(shared),
        _ => false,
    };
    if !can_stop {
        return None;
    }
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new()
        .write(true)
        .custom_flags(flags.bits().cast_signed())
        .open(format!("/proc/self/fd/{}", shared.as_raw_fd()))
        .ok()
}

/// A pipe is writable when it has room for [`PIPE_BYTES`].
fn is_writable(fd: &impl AsFd) -> bool {
    let mut fds = [PollFd::new(fd, PollFlags::OUT)];
    matches!(poll(&mut fds, Some(&Timespec::default())), Ok(1))
}
