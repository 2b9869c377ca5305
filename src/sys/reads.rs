//! A socket whose client takes what one read brings for one message, and whose segments are no reads of its
//! by themselves: what comes in at the auto door has another MSS, and without timestamps (RFC 7323) 12 bytes
//! more fit into a segment.

use std::io::{self, Read, Write};

use mio::net::TcpStream;
use rustix::net::{SendFlags, send};

use crate::limits::CLIENT_READ_BYTES;

/// Sends each read by a call of its own as a record (`MSG_EOR`): the kernel puts nothing behind it into the same segment.
#[derive(Debug)]
pub struct Reads {
    socket: TcpStream,
    /// Bytes sent of the read that has begun: fewer than [`CLIENT_READ_BYTES`].
    begun: u16,
}

impl Reads {
    pub(super) fn new(socket: TcpStream) -> Reads {
        Reads::within(socket, 0)
    }

    /// One of which so many bytes of a read are sent.
    pub(super) fn within(socket: TcpStream, begun: u16) -> Reads {
        Reads { socket, begun }
    }

    pub(super) fn begun(&self) -> u16 {
        self.begun
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub(super) fn socket_mut(&mut self) -> &mut TcpStream {
        &mut self.socket
    }
}

impl Read for Reads {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.socket.read(into)
    }
}

impl Write for Reads {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() {
            let left = CLIENT_READ_BYTES - usize::from(self.begun);
            let part = &bytes[sent..bytes.len().min(sent + left)];
            let flags = match part.len() == left {
                true => SendFlags::EOR,
                false => SendFlags::empty(),
            };
            match send(&self.socket, part, flags) {
                Ok(0) => break,
                Ok(count) => {
                    sent += count;
                    self.begun = ((usize::from(self.begun) + count) % CLIENT_READ_BYTES) as u16;
                }
                Err(e) if sent == 0 => return Err(e.into()),
                // The next call says so.
                Err(_) => break,
            }
        }
        Ok(sent)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
