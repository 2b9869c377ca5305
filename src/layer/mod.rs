//! What stands between a socket and a connection: nothing, or TLS. To a connection either is a socket.

mod certificate;
mod tls;

use std::io::{self, IoSlice, Read, Write};
use std::mem;
use std::path::Path;
use std::sync::Arc;

use rustls::server::{ServerConfig, UnbufferedServerConnection};

use crate::sys::{Stream, System};
use tls::Tls;

/// What a connection's bytes are read from and written to: a socket, and what may stand between.
pub(crate) trait Transport: Read + Write {
    /// Bytes that were taken and have not reached the socket; [`Write::flush`] sends them.
    fn pending(&self) -> usize {
        0
    }

    /// Is it TLS?
    fn is_tls(&self) -> bool {
        false
    }

    /// Is nothing taken before more has come from the peer?
    fn is_handshaking(&self) -> bool {
        false
    }

    /// Bytes read since the last call that nothing came of: work that what is read does not show.
    fn take_ciphertext_overhead(&mut self) -> usize {
        0
    }

    /// From now on what is sent fills reads of the client's, which are not to be cut or joined.
    fn keep_reads_apart(&mut self) {}

    /// Says that nothing more will be sent, where that has a form of its own; once.
    fn say_end(&mut self) {}
}

/// A socket as a connection has it.
#[derive(Debug)]
pub(crate) enum Layer<S> {
    /// The socket itself.
    Plain(S),
    /// One to a program that speaks TLS with the peer and passes all on.
    Relayed(Box<S>),
    /// TLS over it.
    Tls(Box<Tls<S>>),
}

impl<S: Stream> Layer<S> {
    /// Begins a TLS session over the socket, with the bytes that were read from it before.
    ///
    /// # Errors
    /// The configuration's; it is what it was.
    fn start_tls(&mut self, config: Arc<ServerConfig>, first: &[u8]) -> Result<(), rustls::Error> {
        let session = UnbufferedServerConnection::new(config)?;
        let socket = mem::take(self.stream_mut());
        *self = Layer::Tls(Box::new(Tls::accept(session, socket, first)));
        Ok(())
    }

    /// Sends our FIN.
    ///
    /// # Errors
    /// The socket's.
    pub(crate) fn shutdown_write(&self) -> io::Result<()> {
        match self {
            Layer::Plain(stream) => stream.shutdown_write(),
            Layer::Relayed(stream) => stream.shutdown_write(),
            Layer::Tls(tls) => tls.socket().shutdown_write(),
        }
    }

    /// The socket, to be watched; who reads or writes it breaks what is above.
    pub(crate) fn stream_mut(&mut self) -> &mut S {
        match self {
            Layer::Plain(stream) => stream,
            Layer::Relayed(stream) => stream,
            Layer::Tls(tls) => tls.socket_mut(),
        }
    }

    /// The socket itself, where nothing stands between.
    #[cfg(feature = "testing")]
    pub(crate) fn into_stream(self) -> Option<S> {
        match self {
            Layer::Plain(stream) => Some(stream),
            Layer::Relayed(stream) => Some(*stream),
            Layer::Tls(_) => None,
        }
    }

    /// The socket, where nothing stands between.
    pub(crate) fn stream(&self) -> Option<&S> {
        match self {
            Layer::Plain(stream) => Some(stream),
            Layer::Relayed(stream) => Some(stream),
            Layer::Tls(_) => None,
        }
    }
}

impl<S: Stream> Transport for Layer<S> {
    fn is_tls(&self) -> bool {
        matches!(self, Layer::Relayed(_) | Layer::Tls(_))
    }

    fn pending(&self) -> usize {
        match self {
            Layer::Plain(_) | Layer::Relayed(_) => 0,
            Layer::Tls(tls) => tls.pending(),
        }
    }

    fn is_handshaking(&self) -> bool {
        matches!(self, Layer::Tls(tls) if tls.is_handshaking())
    }

    fn take_ciphertext_overhead(&mut self) -> usize {
        match self {
            Layer::Plain(_) | Layer::Relayed(_) => 0,
            Layer::Tls(tls) => tls.take_ciphertext_overhead(),
        }
    }

    fn keep_reads_apart(&mut self) {
        if let Layer::Plain(stream) = self {
            stream.keep_reads_apart();
        }
    }

    fn say_end(&mut self) {
        if let Layer::Tls(tls) = self {
            tls.close_notify();
        }
    }
}

impl<S: Stream> Read for Layer<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Layer::Plain(stream) => stream.read(into),
            Layer::Relayed(stream) => stream.read(into),
            Layer::Tls(tls) => tls.read(into),
        }
    }
}

impl<S: Stream> Write for Layer<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Layer::Plain(stream) => stream.write(bytes),
            Layer::Relayed(stream) => stream.write(bytes),
            Layer::Tls(tls) => tls.write(bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Layer::Plain(stream) => stream.write_vectored(slices),
            Layer::Relayed(stream) => stream.write_vectored(slices),
            Layer::Tls(tls) => tls.write_vectored(slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Layer::Plain(stream) => stream.flush(),
            Layer::Relayed(stream) => stream.flush(),
            Layer::Tls(tls) => tls.flush(),
        }
    }
}

/// Where a certificate made for trying is kept, and its key.
const SELF_SIGNED: &str = "self-signed.pem";
const SELF_SIGNED_KEY: &str = "self-signed.key";

/// What TLS is spoken with.
pub(crate) struct Identity {
    config: Arc<ServerConfig>,
    /// The SHA-256 fingerprint of a certificate that was made at the start.
    pub fingerprint: Option<String>,
}

impl Identity {
    /// The chain of certificates in a PEM file, the server's own first, and the key in another that
    /// belongs to it. A file is read by `read`.
    ///
    /// # Errors
    /// One line that says what is wrong with which file.
    pub(crate) fn load(
        certificate: &Path,
        key: &Path,
        read: impl Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Identity, String> {
        let config = certificate::load(certificate, key, read)?;
        Ok(Identity {
            config,
            fingerprint: None,
        })
    }

    /// A certificate for trying, for this machine's names, and the day on which it ends. In `dir` it is kept: one that
    /// is there and has not ended is taken; where that cannot be used another one is made.
    ///
    /// # Errors
    /// One line that says why it cannot be made or kept.
    pub(crate) fn self_signed(
        system: &impl System,
        dir: Option<&Path>,
    ) -> Result<(Identity, String), String> {
        let files = dir.map(|dir| (dir.join(SELF_SIGNED), dir.join(SELF_SIGNED_KEY)));
        if let Some((certificate, key)) = &files
            && let Some(kept) = Identity::kept(system, certificate, key)
        {
            return Ok(kept);
        }
        let made = certificate::self_signed(system.host_name(), system.unix_ms())?;
        if let Some((certificate, key)) = &files {
            for (path, text) in [(key, &made.key_pem), (certificate, &made.certificate_pem)] {
                let written = system.write(path, text.as_bytes());
                written.map_err(|e| format!("cannot write {}: {e}", path.display()))?;
            }
        }
        let ends = certificate::ends(&made.certificate_pem);
        let identity = Identity {
            config: made.config,
            fingerprint: Some(made.fingerprint),
        };
        Ok((identity, ends.unwrap_or_default().to_string()))
    }

    /// The one that was made before, if it can be used and has not ended.
    fn kept(system: &impl System, certificate: &Path, key: &Path) -> Option<(Identity, String)> {
        let text = system.read(certificate).ok()?;
        let ends = certificate::ends(str::from_utf8(&text).ok()?)?;
        if ends <= certificate::today(system.unix_ms()) {
            return None;
        }
        match Identity::load(certificate, key, |path| system.read(path)) {
            Ok(identity) => {
                let fingerprint = certificate::fingerprint_of(&text);
                let identity = Identity {
                    fingerprint,
                    ..identity
                };
                Some((identity, ends.to_string()))
            }
            Err(line) => {
                log::warn!("{line}; another certificate is made");
                None
            }
        }
    }

    /// Speaks TLS over a socket from now on, whose first bytes may have been read already. `false`: it
    /// is what it was.
    pub(crate) fn secure<S: Stream>(&self, layer: &mut Layer<S>, first: &[u8]) -> bool {
        let begun = layer.start_tls(Arc::clone(&self.config), first);
        if let Err(e) = &begun {
            log::error!("cannot begin TLS: {e}");
        }
        begun.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Native;

    #[test]
    fn what_is_not_encrypted_pays_nothing_for_it() {
        type Socket = <Native as System>::Stream;
        assert_eq!(size_of::<Layer<Socket>>(), size_of::<Socket>());
    }
}
