//! TLS on a socket that does not block: a client's side, and the floor's.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use mio::net::TcpStream;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, ClientConnection, Resumption};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::{NoServerSessionStorage, ServerConfig, ServerConnection};
use rustls::{Connection, DigitallySignedStruct, Error, SignatureScheme};

/// A session over a socket, read and written like it.
pub(super) struct TlsSession {
    socket: TcpStream,
    session: Box<Connection>,
}

/// What a crowd of clients needs to speak TLS.
#[derive(Debug, Clone)]
pub(super) struct TlsClient {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl TlsClient {
    /// Clients of the server at `host`. No certificate is verified: servers that are measured have their
    /// own, and nothing that is sent is anybody's.
    ///
    /// # Errors
    /// One line: `host` is neither a name nor an address.
    pub(super) fn new(host: &str) -> Result<TlsClient, String> {
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let name = name.map_err(|_| format!("'{host}' is no host's name"))?;
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unverified(provider)))
            .with_no_client_auth();
        // Each client is somebody else's machine: none resumes another's session.
        config.resumption = Resumption::disabled();
        let config = Arc::new(config);
        Ok(TlsClient { config, name })
    }

    /// Begins a session over a socket, which may still be connecting.
    pub(super) fn connect(&self, socket: TcpStream) -> io::Result<TlsSession> {
        let session = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        Ok(TlsSession::new(
            socket,
            session.map_err(io::Error::other)?.into(),
        ))
    }
}

/// A server's settings, with a certificate made for the occasion.
///
/// # Errors
/// One line that says why there is none.
pub(super) fn server_config() -> Result<Arc<ServerConfig>, String> {
    let made = generate_simple_self_signed(["localhost".to_owned()]);
    let CertifiedKey { cert, signing_key } = made.map_err(|e| e.to_string())?;
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(vec![cert.into()], key.into())
        })
        .map_err(|e| e.to_string())?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// Begins a server's session over a socket.
pub(super) fn accept(config: &Arc<ServerConfig>, socket: TcpStream) -> io::Result<TlsSession> {
    let session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    Ok(TlsSession::new(socket, session.into()))
}

impl TlsSession {
    fn new(socket: TcpStream, session: Connection) -> TlsSession {
        let session = Box::new(session);
        TlsSession { socket, session }
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Is there something that the socket has not taken?
    pub(super) fn is_blocked(&self) -> bool {
        self.session.wants_write()
    }

    /// Reads plaintext; 0 is the end. It carries the handshake on, and sends what that needs.
    ///
    /// # Errors
    /// The socket's, and `InvalidData` for what is no TLS.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(into) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                // Many servers end without a word of it.
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                read => return read,
            }
            let came = self.session.read_tls(&mut self.socket)?;
            let processed = self.session.process_new_packets();
            // An alert, too; what the socket does not take goes with the next write.
            let flushed = self.flush();
            processed.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
            if came == 0 {
                return Ok(0);
            }
            match flushed {
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
                _ => {}
            }
        }
    }

    /// Takes plaintext, and sends what the socket takes of it.
    ///
    /// # Errors
    /// The socket's; `WouldBlock` while it has not taken what was written before.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let taken = self.session.writer().write(bytes)?;
        match self.flush() {
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(e),
            _ if taken == 0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(taken),
        }
    }

    /// Sends what there is.
    ///
    /// # Errors
    /// The socket's.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// Takes every certificate, if its key is the one that signs.
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
