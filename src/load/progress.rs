//! How far a run has come: a bar on a terminal, plain lines elsewhere; both on standard error.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use rustix::termios::tcgetwinsize;

use super::table::grouped;

/// Lines come at most this often.
const LINE_INTERVAL: Duration = Duration::from_secs(1);
/// The bar is drawn anew at most this often.
const BAR_INTERVAL: Duration = Duration::from_millis(100);
const BAR_COLUMNS: usize = 30;
/// What is left to the words beside a bar before it gets any longer: a rate of millions fits.
const WORDS_COLUMNS: usize = 48;
/// What a line has beside its bar and its words.
const OTHER_COLUMNS: usize = "speaking  [>] 100 %  ".len();

/// What is to be seen of a run while it goes on.
pub(super) struct Progress {
    is_terminal: bool,
    phase: &'static str,
    shown_at: Instant,
}

/// Where a run stands.
pub(super) struct RunState<'a> {
    /// What is being done.
    pub(super) phase: &'static str,
    /// How much of it is done, of how much; 0 of 0 where that is not known.
    pub(super) done: u64,
    /// How much there is to do.
    pub(super) of: u64,
    /// What happens right now, in words.
    pub(super) words: &'a str,
}

impl Progress {
    /// Nothing is shown yet.
    pub(super) fn new() -> Progress {
        Progress {
            is_terminal: std::io::stderr().is_terminal(),
            phase: "",
            shown_at: Instant::now(),
        }
    }

    /// Shows where the run stands, unless it did so a moment ago.
    pub(super) fn show(&mut self, standing: &RunState<'_>) {
        let interval = match self.is_terminal {
            true => BAR_INTERVAL,
            false => LINE_INTERVAL,
        };
        if self.phase == standing.phase && self.shown_at.elapsed() < interval {
            return;
        }
        (self.phase, self.shown_at) = (standing.phase, Instant::now());
        let mut stderr = std::io::stderr();
        // Whether anybody reads it does not change the run.
        let _ = match self.is_terminal {
            true => write!(stderr, "\r{}\x1b[K", standing.bar(columns())),
            false => writeln!(stderr, "{}", standing.line()),
        };
    }

    /// Takes the bar away, so that what comes next stands in its place.
    pub(super) fn end(&mut self) {
        if self.is_terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

impl RunState<'_> {
    fn line(&self) -> String {
        let percent = (self.done.min(self.of) * 100).checked_div(self.of);
        let percent = percent.map_or(String::new(), |percent| format!(" {percent} %"));
        format!("{}{percent}: {}", self.phase, self.words)
    }

    /// What fits into a line of so many columns; all of it is one column a character. The bar is what
    /// there is room for, and of the words those that there is none for are left out.
    fn bar(&self, columns: usize) -> String {
        let of = self.of.max(1);
        let done = if self.of == 0 { of } else { self.done.min(of) };
        let percent = done * 100 / of;
        let room = columns.saturating_sub(OTHER_COLUMNS + WORDS_COLUMNS);
        let bar = match room.min(BAR_COLUMNS) {
            0 => String::new(),
            room => {
                let full = (done * room as u64 / of) as usize;
                format!("[{}>{}] ", "=".repeat(full), " ".repeat(room - full))
            }
        };
        let mut line = format!("{:9} {bar}{percent:>3} %", self.phase);
        for (at, words) in self.words.split(", ").enumerate() {
            let words = format!("{}{words}", if at == 0 { "  " } else { ", " });
            if line.chars().count() + words.chars().count() > columns {
                break;
            }
            line += &words;
        }
        line.chars().take(columns).collect()
    }
}

/// The terminal's width, less the column that its cursor stands in.
fn columns() -> usize {
    let size = tcgetwinsize(std::io::stderr());
    // Some terminals do not know it, and say 0.
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 79 } else { columns - 1 }
}

/// A rate and a latency, as they are shown while a run goes on.
pub(super) fn rate_in_words(deliveries_per_s: f64, p50_us: u64, p99_us: u64) -> String {
    let ms = |us: u64| {
        let ms = us as f64 / 1000.0;
        let digits = if ms < 10.0 {
            2
        } else {
            usize::from(ms < 100.0)
        };
        format!("{ms:.digits$} ms")
    };
    format!(
        "{} deliveries/s, p50 {}, p99 {}",
        grouped(deliveries_per_s.round() as u64),
        ms(p50_us),
        ms(p99_us)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_and_never_breaks_its_line() {
        let bar = |done, of, columns| {
            let (phase, words) = ("running", "1 delivery/s");
            let standing = RunState {
                phase,
                done,
                of,
                words,
            };
            standing.bar(columns)
        };
        let none = format!("running   [>{}]   0 %  1 delivery/s", " ".repeat(30));
        let half = format!(
            "running   [{}>{}]  50 %  1 delivery/s",
            "=".repeat(15),
            " ".repeat(15)
        );
        let full = format!("running   [{}>] 100 %  1 delivery/s", "=".repeat(30));
        assert_eq!(bar(0, 10, 120), none);
        assert_eq!(bar(5, 10, 120), half);
        for (done, of) in [(10, 10), (11, 10), (0, 0)] {
            assert_eq!(bar(done, of, 120), full);
        }
        assert_eq!(bar(5, 10, 40), "running    50 %  1 delivery/s");
        assert_eq!(bar(5, 10, 16), "running    50 %");
        assert_eq!(bar(5, 10, 5), "runni");
    }

    #[test]
    fn whatever_is_measured_fits_80_columns() {
        for (rate, p50, p99) in [
            (0.0, 0, 0),
            (1_234.0, 130, 750),
            (1_234_567.0, 12_345, 123_456),
            (12_345_678.0, 1_234_567, 99_999_999),
        ] {
            let words = &rate_in_words(rate, p50, p99);
            for columns in 1..200 {
                let standing = RunState {
                    phase: "speaking",
                    done: 1,
                    of: 3,
                    words,
                };
                let line = standing.bar(columns);
                assert!(line.len() <= columns, "{line}");
                // A rate of millions is shown whole, with a bar.
                let is_whole = line.ends_with(words.as_str()) && line.contains('>');
                assert!(is_whole || columns < 79 || rate > 1e7, "{columns}: {line}");
            }
        }
        assert_eq!(
            rate_in_words(1_234_567.0, 130, 123_456),
            "1,234,567 deliveries/s, p50 0.13 ms, p99 123 ms"
        );
    }
}
