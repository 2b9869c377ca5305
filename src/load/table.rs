//! A run as a table for people.

use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::outcome::{Outcome, ServerCost};

/// The outcome as lines, each a name and what was found.
pub(crate) fn table(outcome: &Outcome) -> String {
    let mut table = String::new();
    let mut row = |name: &str, text: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{name:<16} {text}");
    };
    let interrupted = if outcome.is_interrupted {
        ", interrupted"
    } else {
        ""
    };
    row(
        "hubbub load",
        format!(
            "{} at {} in {}{interrupted}",
            outcome.scenario, outcome.target, outcome.dialect
        ),
    );
    let settings: Vec<String> = outcome
        .settings
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    row("settings", settings.join(", "));
    let joined = grouped(outcome.joined as u64);
    let of = grouped(outcome.clients as u64);
    row(
        "joined",
        format!("{joined} of {of} in {}", seconds(outcome.joining)),
    );
    row("connect", times(&outcome.connect_us));
    row("join", times(&outcome.join_us));
    if outcome.sent > 0 {
        rows_of_speech(outcome, &mut row);
    }
    if let Some(server) = &outcome.server {
        rows_of_server(outcome, server, &mut row);
    }
    for note in &outcome.notes {
        row("note", note.clone());
    }
    row("result", result(outcome));
    table
}

/// What is wrong, in one line; `None` where nothing is.
pub(crate) fn fault_line(outcome: &Outcome) -> Option<String> {
    let faults = &outcome.faults;
    let mut found = Vec::new();
    for (count, what) in [
        (faults.lost, "lost"),
        (faults.doubled, "doubled"),
        (faults.reordered, "reordered"),
        (faults.garbled, "garbled"),
        (faults.disconnected, "connections refused or ended"),
    ] {
        if count > 0 {
            found.push(format!("{} {what}", grouped(count)));
        }
    }
    let missing = outcome.clients.saturating_sub(outcome.joined);
    if missing > 0 && !outcome.is_interrupted {
        found.push(format!(
            "{} clients did not come in",
            grouped(missing as u64)
        ));
    }
    (!found.is_empty()).then(|| found.join(", "))
}

/// A number with its thousands apart: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn rows_of_speech(outcome: &Outcome, row: &mut impl FnMut(&str, String)) {
    row(
        "sent",
        format!(
            "{} messages in {}",
            grouped(outcome.sent),
            seconds(outcome.speaking)
        ),
    );
    row(
        "delivered",
        format!(
            "{} of {}, {}/s",
            grouped(outcome.delivered),
            grouped(outcome.expected),
            grouped(outcome.deliveries_per_s().round() as u64)
        ),
    );
    row("latency", times(&outcome.latency_us));
    row("longest gap", seconds(outcome.longest_gap));
}

fn rows_of_server(outcome: &Outcome, server: &ServerCost, row: &mut impl FnMut(&str, String)) {
    if let Some(us) = outcome.cpu_us_per_delivery() {
        row(
            "server CPU",
            format!(
                "{us:.3} us a delivery ({} user, {} system); joining {}",
                seconds(Duration::from_micros(server.user_us)),
                seconds(Duration::from_micros(server.system_us)),
                seconds(Duration::from_micros(server.joining_us))
            ),
        );
        let (voluntary, involuntary) = (server.voluntary_switches, server.involuntary_switches);
        row(
            "server switches",
            format!(
                "{} voluntary, {} not",
                grouped(voluntary),
                grouped(involuntary)
            ),
        );
    } else {
        row(
            "server CPU",
            format!(
                "joining {}",
                seconds(Duration::from_micros(server.joining_us))
            ),
        );
    }
    row(
        "server RSS",
        format!(
            "{} before, {} joined, {} peak, {} after",
            kib(server.rss_before_bytes),
            kib(server.rss_joined_bytes),
            kib(server.rss_peak_bytes),
            kib(server.rss_after_bytes)
        ),
    );
    if let Some(bytes) = outcome.rss_bytes_per_connection() {
        row(
            "RSS each",
            format!("{} bytes a connection", grouped(bytes.round() as u64)),
        );
    }
}

fn result(outcome: &Outcome) -> String {
    match fault_line(outcome) {
        Some(line) => line,
        None if outcome.sent > 0 => "nothing lost, doubled, reordered or garbled".into(),
        None => "all came in".into(),
    }
}

fn times(us: &Histogram<u64>) -> String {
    if us.is_empty() {
        return "none".into();
    }
    let at = |quantile| ms(us.value_at_quantile(quantile));
    format!(
        "p50 {}, p90 {}, p99 {}, p99.9 {}, max {} ms",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        ms(us.max())
    )
}

fn ms(us: u64) -> String {
    format!("{:.2}", us as f64 / 1000.0)
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", grouped(bytes / 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let shown = [0, 999, 1000, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
