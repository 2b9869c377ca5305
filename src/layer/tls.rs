//! TLS below a connection: a session that is read and written like the socket that it wraps.
//!
//! It stands on rustls' unbuffered API, so that its buffers are ours: a record that has not come
//! whole, plaintext that a reader had no room for, ciphertext that the socket has not taken. Each is
//! bounded, and none holds memory while it is empty.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::mem::take;

use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, ReadTraffic,
};
use rustls::{Error, InvalidMessage};

use crate::buffer::Inbox;
use crate::limits::{
    TLS_OVERHEAD_BYTES, TLS_OVERHEAD_PER_TURN_MAX, TLS_RECORD_BYTES, TLS_UNREAD_BYTES_MAX,
};

/// The server's side of a TLS session over a socket that does not block.
///
/// Reading carries the handshake on, and sends what it answers. Writing is for plaintext alone, and
/// would block until the handshake is complete.
pub(crate) struct Tls<S> {
    socket: S,
    session: UnbufferedServerConnection,
    /// Ciphertext. Invariant: between calls, neither a whole record nor a whole handshake message.
    incoming: Inbox,
    /// What has been decrypted and not been read.
    plaintext: Inbox,
    pending: Pending,
    /// Ciphertext read beyond the plaintext that came of it, in bytes, since [`Tls::take_ciphertext_overhead`].
    overhead: usize,
    /// What the next read has to tell, once all plaintext is read.
    failure: Option<io::Error>,
    /// No plaintext will come any more.
    input_ended: bool,
    /// Nothing will be encrypted any more, and therefore nothing decrypted: no alert could answer it.
    output_ended: bool,
}

/// What rustls is to do when all that came is processed.
#[derive(Clone, Copy)]
enum Order<'a> {
    Nothing,
    /// One record of this plaintext.
    Encrypt(&'a [u8]),
    CloseNotify,
}

impl<S: Read + Write> Tls<S> {
    /// A session whose handshake begins with `first`, which the socket has already given, and goes on
    /// with what it gives next. What is wrong with `first` is told by the next read.
    pub(super) fn accept(session: UnbufferedServerConnection, socket: S, first: &[u8]) -> Tls<S> {
        let mut tls = Tls {
            socket,
            session,
            incoming: Inbox::default(),
            plaintext: Inbox::default(),
            pending: Pending::default(),
            overhead: 0,
            failure: None,
            input_ended: false,
            output_ended: false,
        };
        if !first.is_empty() {
            tls.process(first);
        }
        tls
    }

    /// Is the handshake not complete yet?
    pub(super) fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    /// Ciphertext that the socket has not taken, in bytes: beside the handshake's, two records at most.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// How much ciphertext was read since the last call beyond the plaintext that came of it, in bytes:
    /// work that the plaintext does not show. Where it is much, nothing is read before it is taken.
    pub(super) fn take_ciphertext_overhead(&mut self) -> usize {
        take(&mut self.overhead)
    }

    /// Tells the peer, once, that nothing follows what was written; nothing can be written after it,
    /// and what the peer sends is dropped. Does nothing during the handshake and after an error.
    pub(super) fn close_notify(&mut self) {
        if !self.output_ended && !self.is_handshaking() {
            self.advance(Order::CloseNotify);
            self.output_ended = true;
            // A socket that is broken says so to the next flush.
            let _ = self.pending.send(&mut self.socket);
        }
    }

    /// The socket below.
    pub(super) fn socket(&self) -> &S {
        &self.socket
    }

    /// The socket below; who reads or writes it breaks the session.
    pub(super) fn socket_mut(&mut self) -> &mut S {
        &mut self.socket
    }

    /// Processes what has come from the socket, and sends what is to be answered.
    fn process(&mut self, ciphertext: &[u8]) {
        self.incoming.extend(ciphertext);
        self.advance(Order::Nothing);
        // A socket that is broken says so to the next flush.
        let _ = self.pending.send(&mut self.socket);
    }

    /// Processes all that has come, as far as it is whole, and then carries out the order.
    fn advance(&mut self, order: Order<'_>) {
        if let Err(error) = self.try_advance(order) {
            self.fail(error);
        }
        self.incoming.settle();
    }

    fn try_advance(&mut self, order: Order<'_>) -> Result<(), Error> {
        loop {
            let status = self.session.process_tls_records(self.incoming.bytes_mut());
            let discard = status.discard;
            let mut is_done = false;
            match status.state? {
                ConnectionState::ReadTraffic(traffic) => take_records(traffic, &mut self.plaintext),
                ConnectionState::EncodeTlsData(mut data) => {
                    self.pending
                        .append(0, |room| data.encode(room).map_err(of_encoding))?;
                }
                // Ours is the buffer that it waits in from now on.
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::PeerClosed => self.input_ended = true,
                ConnectionState::WriteTraffic(mut traffic) => {
                    is_done = true;
                    match order {
                        Order::Nothing => {}
                        Order::Encrypt(bytes) => {
                            let room = bytes.len() + TLS_OVERHEAD_BYTES;
                            self.pending
                                .append(room, |room| traffic.encrypt(bytes, room))?;
                        }
                        Order::CloseNotify => self
                            .pending
                            .append(TLS_OVERHEAD_BYTES, |room| traffic.queue_close_notify(room))?,
                    }
                }
                // It waits for the peer, or for nobody; early data is not offered.
                _ => is_done = true,
            }
            self.incoming.consume(discard);
            if is_done {
                break;
            }
        }
        if self.input_ended {
            // What follows a close_notify is no part of the session.
            self.incoming = Inbox::default();
        }
        match self.incoming.bytes().len() {
            0..=TLS_UNREAD_BYTES_MAX => Ok(()),
            _ => Err(InvalidMessage::HandshakePayloadTooLarge.into()),
        }
    }

    /// Ends the session; its alert, where there is one, is what is sent last.
    fn fail(&mut self, error: Error) {
        // Asked when it wants to write, it looks at nothing that has come.
        while self.session.wants_write() {
            match self
                .session
                .process_tls_records(self.incoming.bytes_mut())
                .state
            {
                Ok(ConnectionState::ReadTraffic(traffic)) => {
                    take_records(traffic, &mut self.plaintext);
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    let encode = |room: &mut [u8]| data.encode(room).map_err(of_encoding);
                    if self.pending.append(0, encode).is_err() {
                        break;
                    }
                }
                _ => break,
            }
        }
        self.incoming = Inbox::default();
        self.input_ended = true;
        self.output_ended = true;
        self.failure = Some(io::Error::new(io::ErrorKind::InvalidData, error));
    }

    /// Reads the socket once, by way of `space`.
    fn fill(&mut self, space: &mut [u8]) -> io::Result<()> {
        match self.socket.read(space) {
            Ok(0) => self.input_ended = true,
            Ok(count) => {
                self.overhead += count;
                if !self.output_ended {
                    self.process(&space[..count]);
                }
            }
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// Sends what is pending, so that there is room for a record. `true`: the socket takes more.
    fn make_room(&mut self) -> io::Result<bool> {
        if self.output_ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let takes_more = match self.pending.send(&mut self.socket) {
            Ok(()) => true,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => false,
            Err(e) => return Err(e),
        };
        if self.is_handshaking() || self.pending.len() > TLS_RECORD_BYTES + TLS_OVERHEAD_BYTES {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(takes_more)
    }

    /// Encrypts one record, of at most [`TLS_RECORD_BYTES`], and sends it if the socket takes more.
    fn encrypt(&mut self, bytes: &[u8], takes_more: bool) -> io::Result<usize> {
        self.advance(Order::Encrypt(bytes));
        if self.output_ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if takes_more {
            // The record is taken, whatever becomes of it; the next call says what is wrong.
            let _ = self.pending.send(&mut self.socket);
        }
        Ok(bytes.len())
    }
}

impl<S: Read + Write> Read for Tls<S> {
    /// Reads plaintext. At the peer's close_notify and at the end of the socket, which comes without
    /// it more often than not, there is nothing more.
    ///
    /// # Errors
    /// The socket's; `InvalidData` for what is no TLS, or no good one; and `Interrupted` where much was
    /// read that little came of, so that others have their turn.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.plaintext.is_empty() && !into.is_empty() {
            if self.input_ended {
                return self.failure.take().map_or(Ok(0), Err);
            }
            if self.overhead > TLS_OVERHEAD_PER_TURN_MAX {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.fill(into)?;
        }
        let plaintext = self.plaintext.bytes();
        let count = plaintext.len().min(into.len());
        into[..count].copy_from_slice(&plaintext[..count]);
        self.plaintext.consume(count);
        self.plaintext.settle();
        self.overhead = self.overhead.saturating_sub(count);
        Ok(count)
    }
}

impl<S: Read + Write> Write for Tls<S> {
    /// Encrypts one record of what is given, and sends it as far as the socket takes it.
    ///
    /// # Errors
    /// The socket's; `WouldBlock` during the handshake and while a record is pending; `BrokenPipe`
    /// after an error of the session and after our close_notify.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let takes_more = self.make_room()?;
        let count = bytes.len().min(TLS_RECORD_BYTES);
        self.encrypt(&bytes[..count], takes_more)
    }

    /// As [`Tls::write`]; small slices share a record.
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let takes_more = self.make_room()?;
        let mut record = Vec::new();
        for slice in slices {
            let count = slice.len().min(TLS_RECORD_BYTES - record.len());
            record.extend_from_slice(&slice[..count]);
        }
        self.encrypt(&record, takes_more)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pending.send(&mut self.socket)
    }
}

impl<S: fmt::Debug> fmt::Debug for Tls<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of the session there is nothing that may be shown.
        f.debug_struct("Tls")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

/// Ciphertext that is to be sent.
#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    /// Invariant: `sent <= bytes.len()`; what stands before it has been sent.
    sent: usize,
}

impl Pending {
    fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Lets `encode` write behind what is there: into `room` bytes, or as many as it says it needs.
    fn append(
        &mut self,
        mut room: usize,
        mut encode: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>,
    ) -> Result<(), Error> {
        self.bytes.drain(..take(&mut self.sent));
        let start = self.bytes.len();
        loop {
            self.bytes.resize(start + room, 0);
            let encoded = encode(&mut self.bytes[start..]);
            self.bytes.truncate(start + *encoded.as_ref().unwrap_or(&0));
            match encoded {
                Ok(_) => return Ok(()),
                Err(EncryptError::InsufficientSize(InsufficientSizeError { required_size }))
                    if required_size > room =>
                {
                    room = required_size;
                }
                Err(_) => return Err(Error::EncryptError),
            }
        }
    }

    /// Writes until everything is sent or the socket would block, which is an error as any other.
    fn send(&mut self, socket: &mut impl Write) -> io::Result<()> {
        while self.len() > 0 {
            match socket.write(&self.bytes[self.sent..])? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => self.sent += count,
            }
        }
        *self = Pending::default();
        Ok(())
    }
}

fn take_records(mut traffic: ReadTraffic<'_, '_, impl Sized>, plaintext: &mut Inbox) {
    while let Some(Ok(record)) = traffic.next_record() {
        plaintext.extend(record.payload);
    }
}

fn of_encoding(error: EncodeError) -> EncryptError {
    match error {
        EncodeError::InsufficientSize(error) => error.into(),
        EncodeError::AlreadyEncoded => EncryptError::EncryptExhausted,
    }
}

#[cfg(test)]
mod tests;
