//! The report of a run: one HTML file that needs nothing else, not even a script, and is legible on a
//! phone, on paper, in light and dark.

mod axis;
mod plot;
mod plots;

use hdrhistogram::Histogram;

use super::outcome::{Outcome, ServerCost};
use super::units::{NOTHING, bytes, count, counted, mean, micros, time};
use plot::escape;
use plots::at_quantile;

const STYLE: &str = include_str!("style.css");

/// The columns of the table of latencies.
const QUANTILES: [(&str, f64); 5] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("max", 1.0),
];

/// The whole file. What is not known is left out, or a dash.
pub(crate) fn html(outcome: &Outcome) -> String {
    let title = format!("{} on {}", outcome.scenario, outcome.target);
    let body = [
        heading(outcome),
        verdict(outcome),
        notes(outcome),
        durations(outcome),
        figures(outcome),
        plots(outcome),
        settings(outcome),
    ]
    .concat();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\
         <footer>Made by hubbub load {}.</footer>\n</body>\n</html>\n",
        escape(&title),
        env!("CARGO_PKG_VERSION"),
    )
}

fn heading(outcome: &Outcome) -> String {
    let clients = counted(outcome.clients as u64, "client", "clients");
    let rooms = counted(outcome.rooms as u64, "room", "rooms");
    let senders = match outcome.senders {
        0 => "none of them speaking".into(),
        senders => format!("{} of them speaking", count(senders as u64)),
    };
    let spoken = match outcome.sent {
        0 => String::new(),
        sent => format!(
            ", then {} of {} in {}",
            counted(sent, "message", "messages"),
            counted(outcome.size as u64, "byte", "bytes"),
            time(outcome.speaking),
        ),
    };
    format!(
        "<h1>{}: {clients} in {rooms}, {senders}</h1>\n\
         <p class=\"lead\">At <code>{}</code> in the dialect <code>{}</code>: \
         {} to join{spoken}.</p>\n",
        escape(outcome.scenario),
        escape(&outcome.target),
        escape(outcome.dialect),
        time(outcome.joining),
    )
}

/// Whether all went well: by words first, by colour too.
fn verdict(outcome: &Outcome) -> String {
    let arrived = match outcome.expected {
        0 => "No deliveries were expected.".into(),
        expected => format!(
            "{} of {} came whole.",
            count(outcome.delivered),
            counted(expected, "delivery", "deliveries"),
        ),
    };
    let came_in = format!(
        "{} of {} came in.",
        count(outcome.joined as u64),
        counted(outcome.clients as u64, "client", "clients"),
    );
    let is_short = outcome.joined < outcome.clients || outcome.delivered < outcome.expected;
    let (tone, mark, words) = match () {
        _ if outcome.faults.any() => ("bad", "✗", faults(outcome)),
        _ if outcome.is_interrupted => (
            "unsure",
            "!",
            "Interrupted; nothing was wrong until then".into(),
        ),
        _ if is_short => (
            "unsure",
            "!",
            "Nothing was wrong, but not all was done".into(),
        ),
        _ if outcome.expected == 0 => ("good", "✓", "Nobody was refused or dropped".into()),
        _ => (
            "good",
            "✓",
            "Nothing was lost, doubled, reordered or garbled".into(),
        ),
    };
    format!(
        "<div class=\"verdict {tone}\">\n<strong>{mark} {words}</strong>\n\
         {arrived} {came_in}\n</div>\n"
    )
}

fn faults(outcome: &Outcome) -> String {
    let faults = &outcome.faults;
    let kinds = [
        (faults.lost, "lost"),
        (faults.doubled, "doubled"),
        (faults.reordered, "reordered"),
        (faults.garbled, "garbled"),
        (faults.disconnected, "disconnected"),
    ];
    let found = kinds.iter().filter(|(times, _)| *times > 0);
    let found: Vec<String> = found
        .map(|(times, kind)| format!("{} {kind}", count(*times)))
        .collect();
    let end = if outcome.is_interrupted {
        " until it was interrupted"
    } else {
        ""
    };
    format!("Faults{end}: {}", found.join(", "))
}

fn notes(outcome: &Outcome) -> String {
    if outcome.notes.is_empty() {
        return String::new();
    }
    let notes = outcome.notes.iter();
    let notes: String = notes
        .map(|note| format!("<li>{}</li>\n", escape(note)))
        .collect();
    format!("<h2>Notes</h2>\n<ul>\n{notes}</ul>\n")
}

/// The table of how long things took.
fn durations(outcome: &Outcome) -> String {
    let heads: String = QUANTILES
        .iter()
        .map(|(name, _)| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    let rows = [
        ("Delivery", &outcome.latency_us),
        ("Connect", &outcome.connect_us),
        ("Join", &outcome.join_us),
    ];
    let rows: String = rows.map(|(name, times)| duration_row(name, times)).concat();
    format!(
        "<h2>Times</h2>\n<table class=\"spread\">\n<thead><tr><td></td>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n\
         <p class=\"lead\">A delivery counts from when its message was to be sent, so a late sender is in it.</p>\n"
    )
}

fn duration_row(name: &str, times: &Histogram<u64>) -> String {
    let cells = QUANTILES.map(|(_, quantile)| match times.is_empty() {
        true => format!("<td>{NOTHING}</td>"),
        false => format!("<td>{}</td>", micros(at_quantile(times, quantile))),
    });
    format!("<tr><th scope=\"row\">{name}</th>{}</tr>\n", cells.concat())
}

/// The tables of what was done and what it cost.
fn figures(outcome: &Outcome) -> String {
    let mut done = vec![
        ("Messages sent", count(outcome.sent)),
        ("Deliveries", count(outcome.delivered)),
        ("Deliveries a second", mean(outcome.deliveries_per_s())),
        ("Clients joined", count(outcome.joined as u64)),
        ("Joins a second", mean(joins_per_s(outcome))),
    ];
    let costs = match &outcome.server {
        Some(server) => costs(outcome, server),
        None => {
            done.push(("Server's cost", "its pid was not given".into()));
            Vec::new()
        }
    };
    format!(
        "<h2>Figures</h2>\n<div class=\"columns\">\n{}{}</div>\n",
        table(&done),
        table(&costs)
    )
}

fn joins_per_s(outcome: &Outcome) -> f64 {
    match outcome.joining.as_secs_f64() {
        0.0 => 0.0,
        seconds => outcome.joined as f64 / seconds,
    }
}

fn costs(outcome: &Outcome, server: &ServerCost) -> Vec<(&'static str, String)> {
    let or_dash = |value: Option<f64>, say: fn(f64) -> String| value.map_or(NOTHING.into(), say);
    let joined = outcome.joined.max(1) as f64;
    vec![
        (
            "Server CPU per delivery",
            or_dash(outcome.cpu_us_per_delivery(), micros),
        ),
        ("Server CPU, own code", micros(server.user_us as f64)),
        ("Server CPU, kernel", micros(server.system_us as f64)),
        (
            "Server CPU per join",
            micros(server.joining_us as f64 / joined),
        ),
        (
            "RSS per connection",
            or_dash(outcome.rss_bytes_per_connection(), bytes),
        ),
        ("RSS before", bytes(server.rss_before_bytes as f64)),
        ("RSS when joined", bytes(server.rss_joined_bytes as f64)),
        ("RSS at the most", bytes(server.rss_peak_bytes as f64)),
        ("RSS after", bytes(server.rss_after_bytes as f64)),
        (
            "Voluntary context switches",
            count(server.voluntary_switches),
        ),
        (
            "Involuntary context switches",
            count(server.involuntary_switches),
        ),
    ]
}

fn plots(outcome: &Outcome) -> String {
    let figures: String = plots::all(outcome).iter().map(plot::Plot::figure).collect();
    if figures.is_empty() {
        return String::new();
    }
    let joining = match outcome.samples.len() {
        0 => "",
        _ => "<p class=\"lead\">Shaded: while clients came in.</p>\n",
    };
    let thinned = plots::samples_a_point(outcome.samples.len());
    let thinned = match thinned {
        1 => String::new(),
        n => format!(
            "<p class=\"lead\">Each step over time stands for {n} samples: the sum of their deliveries, the highest of the rest.</p>\n"
        ),
    };
    format!("<h2>Plots</h2>\n{joining}{thinned}<div class=\"plots\">\n{figures}</div>\n")
}

fn settings(outcome: &Outcome) -> String {
    if outcome.settings.is_empty() {
        return String::new();
    }
    let rows = outcome.settings.iter();
    let rows: Vec<(&str, String)> = rows.map(|(name, value)| (*name, value.clone())).collect();
    format!("<h2>Settings</h2>\n{}", table(&rows))
}

fn table(rows: &[(&str, String)]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rows = rows.iter().map(|(name, value)| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
            escape(name),
            escape(value)
        )
    });
    format!(
        "<table>\n<tbody>\n{}</tbody>\n</table>\n",
        rows.collect::<String>()
    )
}

#[cfg(test)]
mod tests;
