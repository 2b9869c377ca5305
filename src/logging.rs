//! The log on standard error: one line an entry, and never a reason to wait.

use std::borrow::Cow;
use std::io::{self, Write};
use std::mem;

use crate::limits::PIPE_BYTES;
use crate::outlet::Outlet;

use crate::model::is_mark;

/// Sets up the log: `RUST_LOG` as env_logger has it, `info` by default. A journal that reads it has the time, and takes
/// the level as a number before the line (sd-daemon(3)).
pub(crate) fn init() {
    let is_journal = is_journal();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"))
        .format(move |out, record| {
            let line = one_line(&record.args().to_string());
            if is_journal {
                return writeln!(out, "<{}>{line}", priority(record.level()));
            }
            writeln!(
                out,
                "{} {:5} {line}",
                out.timestamp_millis(),
                record.level()
            )
        })
        .target(env_logger::Target::Pipe(Box::new(Stderr::default())))
        .init();
}

/// Is standard error the journal's own socket or pipe (`JOURNAL_STREAM`, systemd.exec(5))?
fn is_journal() -> bool {
    let named = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    rustix::fs::fstat(io::stderr())
        .is_ok_and(|about| named == format!("{}:{}", about.st_dev, about.st_ino))
}

/// As syslog(3) has it.
fn priority(level: log::Level) -> u8 {
    match level {
        log::Level::Error => 3,
        log::Level::Warn => 4,
        log::Level::Info => 6,
        log::Level::Debug | log::Level::Trace => 7,
    }
}

/// Escapes what could break a line or speak to the terminal that shows it.
fn one_line(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut line, c| {
            match c {
                ' '..='~' => line.push(c),
                _ if c.is_alphanumeric() => line.push(c),
                // Names of many scripts have them.
                _ if line
                    .chars()
                    .next_back()
                    .is_some_and(|last| is_mark(c, last)) =>
                {
                    line.push(c)
                }
                _ => line.extend(c.escape_unicode()),
            }
            line
        })
}

/// Standard error, but lines are dropped, and counted, while whoever reads it does not: a log that
/// nobody reads must not stop the chat. A closed one takes every line and keeps none.
#[derive(Default)]
struct Stderr {
    /// Of a line of which a terminal took the beginning.
    rest: Vec<u8>,
    lost: u64,
}

impl Stderr {
    /// Writes a line, or nothing. Returns whether it is on its way.
    fn put(&mut self, line: &[u8]) -> bool {
        match Outlet::Error.write(line) {
            Ok(count) => self.rest = line[count..].to_vec(),
            Err(e) if is_passing(e.kind()) => return false,
            // Nobody is there to be told.
            Err(_) => {}
        }
        true
    }

    /// Writes what is left of the line before, and how many were lost. Returns whether there is room for more.
    fn make_up(&mut self) -> bool {
        if !self.rest.is_empty() {
            let rest = mem::take(&mut self.rest);
            if !self.put(&rest) {
                self.rest = rest;
            }
        }
        if self.rest.is_empty() && self.lost > 0 {
            let note = format!("({} lines of the log were lost)\n", self.lost);
            if self.put(note.as_bytes()) {
                self.lost = 0;
            }
        }
        self.rest.is_empty() && self.lost == 0
    }
}

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let is_written = self.make_up() && self.put(&cut(line));
        self.lost += u64::from(!is_written);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_passing(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// A line as long as a pipe takes at once, its end included.
fn cut(line: &[u8]) -> Cow<'_, [u8]> {
    const END: &str = "…\n";
    if line.len() <= PIPE_BYTES {
        return Cow::Borrowed(line);
    }
    let mut end = PIPE_BYTES - END.len();
    // Not within a character of UTF-8, whose bytes but the first are 0b10xx_xxxx.
    while line[end] & 0b1100_0000 == 0b1000_0000 {
        end -= 1;
    }
    Cow::Owned([&line[..end], END.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_is_one_line() {
        assert_eq!(one_line("Žofie joined"), "Žofie joined");
        assert_eq!(one_line("प्रिया joined"), "प्रिया joined");
        assert_eq!(
            one_line("a\r\nb\x1b[2J\u{202e}"),
            "a\\u{d}\\u{a}b\\u{1b}[2J\\u{202e}"
        );
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let whole = [&b"x".repeat(PIPE_BYTES - 1)[..], b"\n"].concat();
        assert_eq!(cut(&whole), &whole[..]);
        for blanks in 0..4 {
            let long = format!("{}{}\n", " ".repeat(blanks), "日".repeat(3000));
            let cut = cut(long.as_bytes());
            let text = std::str::from_utf8(&cut).expect("UTF-8");
            assert!(text.ends_with("日…\n") && text.len() > PIPE_BYTES - 4);
            assert!(text.len() <= PIPE_BYTES);
        }
    }
}
