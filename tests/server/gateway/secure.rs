//! A TLS client in this process that looks like a peer in the clear, and tells how its session ended.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::tunnel::fixture;
use crate::util::*;

/// Flags of a server that [`secure`] trusts.
pub(crate) fn tls_flags() -> String {
    let (certificate, key) = (fixture("chain.pem"), fixture("chain.key"));
    format!("--tls-cert {certificate} --tls-key {key}")
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a close_notify.
    Told,
    /// Without: what came may have been cut short.
    Untold,
}

/// A peer over TLS, and how its session ends.
pub(crate) fn secure(door: &str) -> (Peer, JoinHandle<Ending>) {
    let (_, place) = door.split_once("://").expect(door);
    let socket = TcpStream::connect(place).expect("somebody listens");
    let session = Arc::new(Mutex::new(session()));
    let (ours, theirs) = UnixStream::pair().expect("descriptors");
    let (writes, plain) = (Arc::clone(&session), theirs.try_clone().expect("one more"));
    let out = socket.try_clone().expect("one more");
    std::thread::spawn(move || encrypt(&writes, plain, out));
    let ending = std::thread::spawn(move || decrypt(&session, socket, theirs));
    let peer = Peer::over(OwnedFd::from(ours).into(), Http);
    (peer, ending)
}

fn session() -> ClientConnection {
    let mut roots = RootCertStore::empty();
    let chain = CertificateDer::pem_file_iter(fixture("chain.pem")).expect("a file");
    for certificate in chain {
        let certificate = certificate.expect("a certificate");
        roots.add(certificate).expect("a good one");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider's own")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().expect("a name");
    ClientConnection::new(Arc::new(config), name).expect("good ones")
}

/// From the peer to the server, until the peer ends its output or the server is gone.
fn encrypt(session: &Mutex<ClientConnection>, mut plain: UnixStream, mut socket: TcpStream) {
    let mut bytes = [0; 4096];
    loop {
        let count = plain.read(&mut bytes).unwrap_or(0);
        let mut session = session.lock().expect("no panic");
        match count {
            0 => session.send_close_notify(),
            count => session
                .writer()
                .write_all(&bytes[..count])
                .expect("room for it"),
        }
        if send(&mut session, &mut socket).is_err() || count == 0 {
            return;
        }
    }
}

/// From the server to the peer.
fn decrypt(
    session: &Mutex<ClientConnection>,
    mut socket: TcpStream,
    mut plain: UnixStream,
) -> Ending {
    let (mut bytes, mut ending) = ([0; 16 * 1024], Ending::Untold);
    send(&mut session.lock().expect("no panic"), &mut socket).expect("it listens");
    'session: while let Ok(count @ 1..) = socket.read(&mut bytes) {
        let mut rest = &bytes[..count];
        while !rest.is_empty() {
            let mut session = session.lock().expect("no panic");
            session.read_tls(&mut rest).expect("bytes");
            let processed = session.process_new_packets();
            // The server may be gone.
            let _ = send(&mut session, &mut socket);
            let mut text = Vec::new();
            match session.reader().read_to_end(&mut text) {
                Ok(_) => ending = Ending::Told,
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(e) => panic!("{e}"),
            }
            drop(session);
            if plain.write_all(&text).is_err() || processed.is_err() || ending == Ending::Told {
                break 'session;
            }
        }
    }
    // The peer may be gone.
    let _ = plain.shutdown(Shutdown::Both);
    ending
}

fn send(session: &mut ClientConnection, socket: &mut TcpStream) -> std::io::Result<()> {
    while session.wants_write() {
        session.write_tls(socket)?;
    }
    Ok(())
}
