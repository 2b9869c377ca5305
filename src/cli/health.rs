//! The arguments of `hubbub health`, and what it does.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use clap::Args;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The beginning of an answer, in bytes: as much as is looked at.
const HEAD_BYTES: u64 = 64;

/// Asks a server whether it is well, for a container that has no other program to ask with.
///
/// Exit code: 0 where it is, 1 where it is not or does not answer.
#[derive(Debug, Args)]
pub(super) struct HealthArguments {
    /// An auto or http door of it
    #[arg(value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    address: String,
}

impl HealthArguments {
    /// # Errors
    /// One line that says how it is not well.
    pub(super) fn ask(&self) -> Result<String, String> {
        let answer = self
            .answer()
            .map_err(|e| format!("{} does not answer: {e}", self.address))?;
        let status = answer.lines().next().unwrap_or_default();
        match status.split(' ').nth(1) {
            Some("200") => Ok(format!("{} is well", self.address)),
            _ => Err(format!("{} answers {status:?}", self.address)),
        }
    }

    fn answer(&self) -> std::io::Result<String> {
        let mut addresses = self.address.to_socket_addrs()?;
        let address = addresses.next().ok_or(std::io::ErrorKind::NotFound)?;
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )?;
        let mut head = Vec::new();
        stream.take(HEAD_BYTES).read_to_end(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    }
}
