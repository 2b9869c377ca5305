//! TLS clients that are none of ours, each behind a socket in the clear.

use std::io::Write;
use std::ops::{Deref, DerefMut};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use crate::util::*;

/// A program that speaks a version of TLS, by the program's own name of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Openssl(&'static str),
    Python(&'static str),
}

use Client::{Openssl, Python};

const CLIENTS: [Client; 4] = [
    Openssl("-tls1_2"),
    Openssl("-tls1_3"),
    Python("TLSv1_2"),
    Python("TLSv1_3"),
];

/// A connection over TLS as a peer in the clear; dropping it ends it.
pub(crate) struct Tunnel {
    peer: Peer,
    child: Child,
}

/// A file of the tests.
pub(crate) fn fixture(name: &str) -> String {
    format!("{}/tests/server/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

impl Client {
    /// Those that are here; of the others a line on standard error says that `what` is skipped.
    pub(crate) fn all(what: &str) -> Vec<Client> {
        let (here, missing): (Vec<Client>, Vec<Client>) =
            CLIENTS.into_iter().partition(|client| client.is_here());
        for client in missing {
            // Written past the capture of a test that passes.
            let line = format!("no {client:?} here: {what} is skipped\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
        here
    }

    fn is_here(self) -> bool {
        let mut command = match self {
            Openssl(_) => Command::new("openssl"),
            Python(_) => Command::new("python3"),
        };
        match self {
            Openssl(_) => command.arg("version"),
            Python(_) => command.args(["-c", "import ssl"]),
        };
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// Connects to a door and trusts nobody but who `authority` names.
    pub(crate) fn connect(self, door: &str, dialect: Dialect, authority: &str) -> Tunnel {
        self.tunnel(door, dialect, authority, None)
    }

    /// As [`Client::connect`], with a receive buffer of so many bytes, which openssl does not offer.
    pub(crate) fn tunnel(
        self,
        door: &str,
        dialect: Dialect,
        authority: &str,
        buffer: Option<usize>,
    ) -> Tunnel {
        let (scheme, place) = door.split_once("://").expect(door);
        let mut command = match self {
            Openssl(version) => {
                let to = if scheme.ends_with("+unix") {
                    "-unix"
                } else {
                    "-connect"
                };
                let mut command = Command::new("openssl");
                command
                    .args([
                        "s_client",
                        "-quiet",
                        "-verify_return_error",
                        version,
                        to,
                        place,
                    ])
                    .args(["-servername", "localhost", "-verify_hostname", "localhost"])
                    .args(["-CAfile", authority]);
                command
            }
            Python(version) => {
                let port = place.rsplit(':').next().expect(door);
                let mut command = Command::new("python3");
                command.args([&fixture("client.py"), port, authority, version]);
                command.args(buffer.map(|bytes| bytes.to_string()));
                command
            }
        };
        let (ours, theirs) = UnixStream::pair().expect("descriptors");
        let theirs = OwnedFd::from(theirs);
        let child = command
            .stdin(theirs.try_clone().expect("a descriptor"))
            .stdout(theirs)
            .stderr(Stdio::null())
            .spawn()
            .expect("it was here");
        Tunnel {
            peer: Peer::over(OwnedFd::from(ours).into(), dialect),
            child,
        }
    }
}

impl Tunnel {
    /// The client ends by itself, because of a close_notify.
    #[track_caller]
    pub(crate) fn expect_close_notify(mut self) {
        let status = exit_of(&mut self.child);
        assert!(status.success(), "the client ended with {status}");
    }
}

impl Deref for Tunnel {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}

impl DerefMut for Tunnel {
    fn deref_mut(&mut self) -> &mut Peer {
        &mut self.peer
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
