//! A run as one JSON object.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::outcome::{Outcome, ServerCost};
use super::plan::{Pace, Plan};

/// The outcome as one object, without a line end.
pub(crate) fn object(plan: &Plan, outcome: &Outcome) -> String {
    let (window, rate) = match plan.pace {
        _ if !plan.scenario.speaks() => (None, None),
        Pace::Window(window) => (Some(window), None),
        Pace::Rate(rate) => (None, Some(rate)),
    };
    let samples: Vec<Value> = outcome
        .samples
        .iter()
        .map(|sample| {
            json!({
                "at_s": rounded(sample.at_s),
                "joined": sample.joined,
                "deliveries": sample.deliveries,
                "latency_p50_us": sample.latency_p50_us,
                "latency_p99_us": sample.latency_p99_us,
                "rss_bytes": sample.rss_bytes,
            })
        })
        .collect();
    json!({
        "scenario": outcome.scenario,
        "target": outcome.target,
        "dialect": outcome.dialect,
        "clients": outcome.clients,
        "joined": outcome.joined,
        "senders": outcome.senders,
        "rooms": outcome.rooms,
        "size": outcome.size,
        "window": window,
        "rate_per_s": rate,
        "sent": outcome.sent,
        "expected": outcome.expected,
        "delivered": outcome.delivered,
        "lost": outcome.faults.lost,
        "doubled": outcome.faults.doubled,
        "reordered": outcome.faults.reordered,
        "garbled": outcome.faults.garbled,
        "disconnected": outcome.faults.disconnected,
        "deliveries_per_s": rounded(outcome.deliveries_per_s()),
        "joining_s": outcome.joining.as_secs_f64(),
        "speaking_s": outcome.speaking.as_secs_f64(),
        "latency_us": times(&outcome.latency_us),
        "longest_gap_us": outcome.longest_gap.as_micros() as u64,
        "connect_us": times(&outcome.connect_us),
        "join_us": times(&outcome.join_us),
        "server": outcome.server.as_ref().map(|server| server_object(outcome, server)),
        "samples": samples,
        "notes": outcome.notes,
        "interrupted": outcome.is_interrupted,
    })
    .to_string()
}

fn server_object(outcome: &Outcome, server: &ServerCost) -> Value {
    json!({
        "pid": server.pid,
        "user_us": server.user_us,
        "system_us": server.system_us,
        "cpu_us_per_delivery": outcome.cpu_us_per_delivery(),
        "joining_us": server.joining_us,
        "rss_before_bytes": server.rss_before_bytes,
        "rss_joined_bytes": server.rss_joined_bytes,
        "rss_peak_bytes": server.rss_peak_bytes,
        "rss_after_bytes": server.rss_after_bytes,
        "rss_bytes_per_connection": outcome.rss_bytes_per_connection().map(rounded),
        "voluntary_switches": server.voluntary_switches,
        "involuntary_switches": server.involuntary_switches,
    })
}

/// Zeros where nothing was measured.
fn times(us: &Histogram<u64>) -> Value {
    let at = |quantile| match us.is_empty() {
        true => 0,
        false => us.value_at_quantile(quantile),
    };
    json!({
        "min": if us.is_empty() { 0 } else { us.min() },
        "mean": rounded(us.mean()),
        "p50": at(0.5),
        "p90": at(0.9),
        "p99": at(0.99),
        "p999": at(0.999),
        "max": us.max(),
    })
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
