//! The log on standard error: one line an entry, and never a reason to wait.

use std::io::{self, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Sets up the log: `RUST_LOG` as env_logger has it, `info` by default.
pub fn init() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"))
        .format(|out, record| {
            let line = one_line(&record.args().to_string());
            writeln!(
                out,
                "{} {:5} {line}",
                out.timestamp_millis(),
                record.level()
            )
        })
        .target(env_logger::Target::Pipe(Box::new(Stderr { lost: 0 })))
        .init();
}

/// Escapes what could break a line or speak to the terminal that shows it.
fn one_line(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut line, c| {
            match c {
                ' '..='~' => line.push(c),
                _ if c.is_alphanumeric() => line.push(c),
                _ => line.extend(c.escape_unicode()),
            }
            line
        })
}

/// Standard error, but lines are dropped, and counted, while whoever reads it does not: a log that
/// nobody reads must not stop the chat. A closed one takes every line and keeps none.
struct Stderr {
    lost: u64,
}

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut stderr = io::stderr().lock();
        if !is_writable(&stderr) {
            self.lost += 1;
            return Ok(line.len());
        }
        if self.lost > 0 {
            let _ = writeln!(stderr, "({} lines of the log were lost)", self.lost);
            self.lost = 0;
        }
        let _ = stderr.write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe is writable when it has room for `PIPE_BUF` (4,096) bytes: more than any line of ours.
fn is_writable(stderr: &impl rustix::fd::AsFd) -> bool {
    let mut fds = [PollFd::new(stderr, PollFlags::OUT)];
    matches!(poll(&mut fds, Some(&Timespec::default())), Ok(1))
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_log_line_is_one_line() {
        assert_eq!(one_line("Žofie joined"), "Žofie joined");
        assert_eq!(
            one_line("a\r\nb\x1b[2J\u{202e}"),
            "a\\u{d}\\u{a}b\\u{1b}[2J\\u{202e}"
        );
    }
}
