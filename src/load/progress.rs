//! How far a run has come: a bar on a terminal, plain lines elsewhere; both on standard error.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::table::grouped;

/// Lines come at most this often.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// What is to be seen of a run while it goes on.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    phase: &'static str,
    last_line: Instant,
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
        let bar = std::io::stderr().is_terminal().then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let style = "{prefix:9} [{bar:30.cyan/blue}] {percent:>3} %  {msg}";
            ProgressBar::with_draw_target(Some(0), target).with_style(
                ProgressStyle::with_template(style)
                    .expect("the template is well formed")
                    .progress_chars("=> "),
            )
        });
        Progress {
            bar,
            phase: "",
            last_line: Instant::now(),
        }
    }

    /// Shows where the run stands, unless it did so a moment ago.
    pub(super) fn show(&mut self, standing: &Standing<'_>) {
        let Standing { done, of, .. } = *standing;
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(standing.phase);
                bar.set_length(of.max(1));
                bar.set_position(if of == 0 { 1 } else { done.min(of) });
                bar.set_message(standing.words.to_owned());
            }
            None if self.phase != standing.phase || self.last_line.elapsed() >= LINE_INTERVAL => {
                self.last_line = Instant::now();
                let percent = (done.min(of) * 100).checked_div(of);
                let percent = percent.map_or(String::new(), |percent| format!(" {percent} %"));
                let (phase, words) = (standing.phase, standing.words);
                // Whether anybody reads it does not change the run.
                let _ = writeln!(std::io::stderr(), "{phase}{percent}: {words}");
            }
            None => {}
        }
        self.phase = standing.phase;
    }

    /// Takes the bar away, so that what comes next stands in its place.
    pub(super) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
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
