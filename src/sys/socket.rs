//! Connected sockets.

use std::io::{self, IoSlice, Read, Write};
use std::mem;
use std::net::Shutdown;

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use socket2::SockRef;

use super::Stream;
use super::reads::Reads;
use super::stdio::Stdio;

/// A connected socket.
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Tcp(TcpStream),
    /// TCP to a client whose reads are kept apart.
    Reads(Box<Reads>),
    /// Unix-domain.
    Unix(UnixStream),
    /// Standard input and output.
    Stdio(Stdio),
}

impl Socket {
    pub(super) fn source(&mut self) -> &mut dyn Source {
        match self {
            Socket::Tcp(stream) => stream,
            Socket::Reads(reads) => reads.socket_mut(),
            Socket::Unix(stream) => stream,
            Socket::Stdio(stdio) => stdio,
        }
    }
}

impl Default for Socket {
    fn default() -> Socket {
        Socket::Stdio(Stdio::default())
    }
}

impl Stream for Socket {
    fn shutdown_write(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Socket::Reads(reads) => reads.socket().shutdown(Shutdown::Write),
            Socket::Unix(stream) => stream.shutdown(Shutdown::Write),
            Socket::Stdio(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn is_of_operator(&self) -> bool {
        let Socket::Unix(stream) = self else {
            return false;
        };
        let own = rustix::process::geteuid();
        rustix::net::sockopt::socket_peercred(stream)
            .is_ok_and(|peer| peer.uid.is_root() || peer.uid == own)
    }

    fn mss(&self) -> Option<u32> {
        match self {
            Socket::Tcp(stream) => SockRef::from(stream).tcp_mss().ok(),
            Socket::Reads(reads) => SockRef::from(reads.socket()).tcp_mss().ok(),
            Socket::Unix(_) | Socket::Stdio(_) => None,
        }
    }

    fn keep_reads_apart(&mut self) {
        if matches!(self, Socket::Tcp(_))
            && let Socket::Tcp(socket) = mem::take(self)
        {
            *self = Socket::Reads(Box::new(Reads::new(socket)));
        }
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.read(into),
            Socket::Reads(reads) => reads.read(into),
            Socket::Unix(stream) => stream.read(into),
            Socket::Stdio(stdio) => stdio.read(into),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Reads(reads) => reads.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
            Socket::Stdio(stdio) => stdio.write(bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.write_vectored(slices),
            Socket::Reads(reads) => reads.write_vectored(slices),
            Socket::Unix(stream) => stream.write_vectored(slices),
            Socket::Stdio(stdio) => stdio.write_vectored(slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
