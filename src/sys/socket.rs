//! Connected sockets.

use std::io::{self, IoSlice, Read, Write};
use std::mem;
use std::net::{IpAddr, Shutdown};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use socket2::SockRef;

use super::reads::Reads;
use super::stdio::Stdio;
use super::{Stream, StreamKind};

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

    /// One that another program had, which made it non-blocking.
    pub(super) fn of_given(fd: OwnedFd, kind: StreamKind) -> Socket {
        let tcp = |fd| TcpStream::from_std(std::net::TcpStream::from(fd));
        match kind {
            StreamKind::Tcp => Socket::Tcp(tcp(fd)),
            StreamKind::Reads { begun } => Socket::Reads(Box::new(Reads::within(tcp(fd), begun))),
            StreamKind::Unix => Socket::Unix(UnixStream::from_std(fd.into())),
        }
    }

    /// What another program is given of it.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Socket::Tcp(stream) => Some(stream.as_fd()),
            Socket::Reads(reads) => Some(reads.socket().as_fd()),
            Socket::Unix(stream) => Some(stream.as_fd()),
            Socket::Stdio(_) => None,
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

    fn kind(&self) -> Option<StreamKind> {
        match self {
            Socket::Tcp(_) => Some(StreamKind::Tcp),
            Socket::Reads(reads) => Some(StreamKind::Reads {
                begun: reads.begun(),
            }),
            Socket::Unix(_) => Some(StreamKind::Unix),
            Socket::Stdio(_) => None,
        }
    }

    fn local_ip(&self) -> Option<IpAddr> {
        let address = match self {
            Socket::Tcp(stream) => stream.local_addr(),
            Socket::Reads(reads) => reads.socket().local_addr(),
            Socket::Unix(_) | Socket::Stdio(_) => return None,
        };
        Some(address.ok()?.ip())
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
