//! Standard input and output as a socket of the console's. Input is not made non-blocking, for others
//! may share it: each read asks first whether it would wait.

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;

use crate::outlet::Outlet;

/// Standard input and output.
#[derive(Debug, Default)]
pub struct Stdio {
    /// Is the output watched?
    awaits_output: bool,
}

impl Stdio {
    /// A server in the background of its terminal would be stopped if it read.
    fn is_in_background() -> bool {
        rustix::termios::tcgetpgrp(io::stdin())
            .is_ok_and(|foreground| foreground != rustix::process::getpgrp())
    }
}

impl Read for Stdio {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !is_readable(&io::stdin()) || Stdio::is_in_background() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(rustix::io::read(io::stdin(), into)?)
    }
}

impl Write for Stdio {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Outlet::Output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The input is always watched, the output while it takes nothing.
impl Source for Stdio {
    fn register(&mut self, registry: &Registry, token: Token, _: Interest) -> io::Result<()> {
        SourceFd(&io::stdin().as_raw_fd()).register(registry, token, Interest::READABLE)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.await_output(registry, token, interest.is_writable());
        SourceFd(&io::stdin().as_raw_fd()).reregister(registry, token, Interest::READABLE)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.await_output(registry, Token(0), false);
        SourceFd(&io::stdin().as_raw_fd()).deregister(registry)
    }
}

impl Stdio {
    /// A file cannot be watched, and always takes something.
    fn await_output(&mut self, registry: &Registry, token: Token, awaits: bool) {
        let output = io::stdout().as_raw_fd();
        let mut output = SourceFd(&output);
        let changed = match awaits {
            _ if awaits == self.awaits_output => return,
            true => output.register(registry, token, Interest::WRITABLE),
            false => output.deregister(registry),
        };
        if changed.is_ok() {
            self.awaits_output = awaits;
        }
    }
}

fn is_readable(fd: &impl AsFd) -> bool {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    matches!(poll(&mut fds, Some(&Timespec::default())), Ok(1))
}
