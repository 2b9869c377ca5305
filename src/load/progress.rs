//! How far a run has come: a bar on a terminal, plain lines elsewhere; both on standard error.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use rustix::termios::tcgetwinsize;

use super::table::grouped;

/// Lines come at most this often.
const LINE_INTERVAL: Duration = Duration::from_secs(1);
/// The bar is drawn anew at most this often.
const BAR_INTERVAL: Duration = Duration::from_millis(100);
const BAR_COLUMNS: u64 = 30;

/// What is to be seen of a run while it goes on.
pub(super) struct Progress {
    is_terminal: bool,
    phase: &'static str,
    shown_at: Instant,
}

/// Where a run stands.
pub(super) struct Standing<'a> {
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
    pub(super) fn show(&mut self, standing: &Standing<'_>) {
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

impl Standing<'_> {
    fn line(&self) -> String {
        let percent = (self.done.min(self.of) * 100).checked_div(self.of);
        let percent = percent.map_or(String::new(), |percent| format!(" {percent} %"));
        format!("{}{percent}: {}", self.phase, self.words)
    }

    /// What fits into a line of so many columns; all of it is one column a character.
    fn bar(&self, columns: usize) -> String {
        let of = self.of.max(1);
        let done = if self.of == 0 { of } else { self.done.min(of) };
        let full = (done * BAR_COLUMNS / of) as usize;
        let bar = format!("{}>", "=".repeat(full));
        let percent = done * 100 / of;
        let line = format!(
            "{:9} [{bar:31.31}] {percent:>3} %  {}",
            self.phase, self.words
        );
        line.chars().take(columns).collect()
    }
}

/// The terminal's width, less the column that its cursor stands in.
fn columns() -> usize {
    let columns = tcgetwinsize(std::io::stderr()).map_or(80, |size| usize::from(size.ws_col));
    columns.max(2) - 1
}

/// A rate and a latency, as they are shown while a run goes on.
pub(super) fn rate_in_words(deliveries_per_s: f64, p50_us: u64, p99_us: u64) -> String {
    let ms = |us: u64| us as f64 / 1000.0;
    format!(
        "{} deliveries/s, latency p50 {:.2} ms, p99 {:.2} ms",
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
            let standing = Standing {
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
        assert_eq!(bar(0, 10, 80), none);
        assert_eq!(bar(5, 10, 80), half);
        for (done, of) in [(10, 10), (11, 10), (0, 0)] {
            assert_eq!(bar(done, of, 80), full);
        }
        assert_eq!(bar(5, 10, 12), "running   [=");
    }
}
