//! A password from whoever runs the program: from the terminal without an echo, twice, or from the
//! first line of what is piped in.

use std::io::{self, BufRead, IsTerminal as _, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::{flag, low_level};
use zeroize::Zeroizing;

use crate::limits::PASSWORD_BYTES_MAX;
use crate::model::{Nick, Secret};

/// What a line of a terminal has at the most (termios(3), canonical mode); no password is as long.
const LINE_BYTES: usize = 4096;

/// Reads the password for an account.
///
/// # Errors
/// One line: none was given, or it cannot be one.
pub(super) fn read(name: &Nick) -> Result<Secret, String> {
    let password = match io::stdin().is_terminal() {
        true => ask_twice(name)?,
        false => first_line(io::stdin().lock())?,
    };
    match password.is_password() {
        true => Ok(password),
        false => Err(format!(
            "a password is 1 to {PASSWORD_BYTES_MAX} bytes, and is not a token"
        )),
    }
}

fn first_line(input: impl BufRead) -> Result<Secret, String> {
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_BYTES));
    input
        .take(LINE_BYTES as u64)
        .read_until(b'\n', &mut line)
        .map_err(|e| format!("cannot read the password: {e}"))?;
    secret(&line)
}

fn secret(line: &[u8]) -> Result<Secret, String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match str::from_utf8(line) {
        Ok("") => Err("no password was given".into()),
        Ok(text) => Ok(Secret::new(text)),
        Err(_) => Err("the password is not UTF-8".into()),
    }
}

fn ask_twice(name: &Nick) -> Result<Secret, String> {
    let failed = |e: io::Error| format!("cannot use the terminal: {e}");
    let signals = Signals::catch().map_err(failed)?;
    let first = signals
        .prompt(&format!("Password for {name}: "))
        .map_err(failed)?;
    let first = secret(&first)?;
    let again = signals.prompt("Once more: ").map_err(failed)?;
    match secret(&again)? == first {
        true => Ok(first),
        false => Err("that was another password".into()),
    }
}

/// Signals that would end or stop the program, which is to set the echo back before.
struct Signals {
    /// Readable when one came.
    arrived: UnixStream,
    /// Which, or 0.
    last: Arc<AtomicUsize>,
    /// Do they do again what they would?
    is_over: Arc<AtomicBool>,
}

impl Signals {
    fn catch() -> io::Result<Signals> {
        let (arrived, sender) = UnixStream::pair()?;
        let last = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP] {
            flag::register_conditional_default(signal, Arc::clone(&is_over))?;
            flag::register_usize(signal, Arc::clone(&last), signal.unsigned_abs() as usize)?;
            low_level::pipe::register(signal, sender.try_clone()?)?;
        }
        Ok(Signals {
            arrived,
            last,
            is_over,
        })
    }

    /// Asks for a line, which is empty at the end of the input.
    fn prompt(&self, prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
        loop {
            let quiet = Quiet::begin()?;
            write!(io::stderr(), "{prompt}")?;
            let line = self.line()?;
            let signal = self.last.swap(0, Ordering::AcqRel);
            if signal == 0 {
                return Ok(line);
            }
            drop(quiet);
            writeln!(io::stderr())?;
            let _ = (&self.arrived).read(&mut [0; 64])?;
            // Most end the program here. After a stop it goes on, and asks again.
            low_level::emulate_default_handler(i32::try_from(signal).unwrap_or(SIGTERM))?;
        }
    }

    /// Waits for a line, or for a signal. A read alone would go on after a signal.
    fn line(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let stdin = io::stdin();
        let mut line = Zeroizing::new(vec![0; LINE_BYTES]);
        let mut ready = [
            PollFd::new(&self.arrived, PollFlags::IN),
            PollFd::new(&stdin, PollFlags::IN),
        ];
        while let Err(e) = poll(&mut ready, None) {
            if e != Errno::INTR {
                return Err(e.into());
            }
        }
        let count = match ready[0].revents().is_empty() {
            true => rustix::io::read(&stdin, &mut line[..])?,
            false => 0,
        };
        line.truncate(count);
        Ok(line)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
    }
}

/// A terminal that echoes nothing but the end of a line. What was typed ahead is discarded.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> io::Result<Quiet> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        quiet
            .local_modes
            .insert(LocalModes::ECHONL | LocalModes::ICANON);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Quiet(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing any more.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password() {
        for (input, expected) in [
            ("hunter2\nmore\n", Ok("hunter2")),
            ("hunter2\r\n", Ok("hunter2")),
            ("hunter2", Ok("hunter2")),
            (" two words \n", Ok(" two words ")),
            ("", Err("no password was given")),
            ("\nhunter2\n", Err("no password was given")),
        ] {
            let read = first_line(input.as_bytes());
            assert_eq!(read, expected.map(Secret::new).map_err(String::from));
        }
        assert!(first_line(&b"\xff\n"[..]).is_err());
        let endless = first_line(io::BufReader::new(io::repeat(b'x'))).expect("its beginning");
        assert!(!endless.is_password());
    }
}
