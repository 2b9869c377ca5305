//! A client's end of its connection, plain or over TLS. What is read, compared and checked is the plaintext:
//! ciphertext is another in each run, but as long and as late as before.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, ClientConnection, Resumption};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use crate::net::{End, Wire};

/// How a refusal in plaintext begins.
const REFUSED: &[u8] = b"[Server] ";

pub(crate) struct Link {
    wire: Wire,
    tls: Option<Session>,
}

struct Session {
    tls: Box<ClientConnection>,
    /// Nothing has come yet.
    is_new: bool,
    /// The server said that nothing more comes.
    has_ended: bool,
}

impl Link {
    pub(crate) fn plain(wire: Wire) -> Link {
        Link { wire, tls: None }
    }

    pub(crate) fn over_tls(wire: Wire, is_old: bool) -> Link {
        let name = ServerName::try_from("localhost").expect("a name");
        let tls = ClientConnection::new(config(is_old), name).expect("a session");
        let tls = Some(Session {
            tls: Box::new(tls),
            is_new: true,
            has_ended: false,
        });
        let mut link = Link { wire, tls };
        link.flush();
        link
    }

    pub(crate) fn is_over_tls(&self) -> bool {
        self.tls.is_some()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        match &mut self.tls {
            None => self.wire.send(bytes),
            Some(session) => {
                session.tls.set_buffer_limit(None);
                session.tls.writer().write_all(bytes).expect("room");
                self.flush();
            }
        }
    }

    /// What has come since.
    ///
    /// # Errors
    /// It is no TLS.
    pub(crate) fn take(&mut self) -> Result<Vec<u8>, String> {
        let bytes = self.wire.take();
        let Some(session) = &mut self.tls else {
            return Ok(bytes);
        };
        // Where many are turned away it is not waited for what they speak.
        if session.is_new && bytes.starts_with(REFUSED) {
            self.tls = None;
            return Ok(bytes);
        }
        session.is_new &= bytes.is_empty();
        let (mut rest, mut plain) = (bytes.as_slice(), Vec::new());
        while !rest.is_empty() && !session.has_ended {
            session.tls.read_tls(&mut rest).map_err(|e| e.to_string())?;
            let state = match session.tls.process_new_packets() {
                Ok(state) => state,
                Err(Error::AlertReceived(_)) => {
                    session.has_ended = true;
                    return Ok(plain);
                }
                Err(e) => return Err(format!("no TLS: {e}")),
            };
            session.has_ended |= state.peer_has_closed();
            let mut part = vec![0; state.plaintext_bytes_to_read()];
            session
                .tls
                .reader()
                .read_exact(&mut part)
                .map_err(|e| e.to_string())?;
            plain.append(&mut part);
        }
        if !rest.is_empty() {
            return Err(format!("{} bytes behind the end of TLS", rest.len()));
        }
        self.flush();
        Ok(plain)
    }

    fn flush(&mut self) {
        let Some(session) = &mut self.tls else { return };
        let mut bytes = Vec::new();
        while session.tls.wants_write() {
            session
                .tls
                .write_tls(&mut bytes)
                .expect("memory is written to");
        }
        if !bytes.is_empty() {
            self.wire.send(&bytes);
        }
    }

    /// How it ended, once everything before was taken.
    pub(crate) fn end(&self) -> Option<End> {
        self.wire.end()
    }

    /// Has it come as far as that anything can be said? Who is turned away at once has not.
    pub(crate) fn is_established(&self) -> bool {
        let tls = self.tls.as_ref();
        tls.is_none_or(|session| !session.tls.is_handshaking())
    }

    /// Did it end as TLS ends, such that nobody can have cut off its last words?
    pub(crate) fn is_ended_well(&self) -> bool {
        let tls = self.tls.as_ref();
        tls.is_none_or(|session| session.has_ended)
    }

    pub(crate) fn set_window(&self, bytes: usize) {
        self.wire.set_window(bytes);
    }

    pub(crate) fn shutdown_write(&mut self) {
        if let Some(session) = &mut self.tls {
            session.tls.send_close_notify();
            self.flush();
        }
        self.wire.shutdown_write();
    }

    pub(crate) fn reset(&self) {
        self.wire.reset();
    }

    pub(crate) fn close(&self) {
        self.wire.close();
    }
}

fn config(is_old: bool) -> Arc<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let version = if is_old { &TLS12 } else { &TLS13 };
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .expect("a version")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unverified(provider)))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// Whatever certificate there is will do.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
