use super::*;
use crate::model::Moment;
use std::collections::{HashMap, HashSet};

fn metrics() -> Metrics {
    let mut turns = TurnTimes::default();
    for us in [0, 100, 101, 5_000, 1_000_000, 1_000_001] {
        turns.record(us);
    }
    let of = |dialect, transport, count| ConnectionsOf {
        dialect,
        transport,
        count,
    };
    Metrics {
        version: "1.2.3",
        uptime_ms: 61_005,
        connections: vec![
            of("json", Via::Plain, 3),
            of("json", Via::WebSocket, 2),
            of("text", Via::Tls, 1),
        ],
        messages_in: 7,
        drops: vec![("SendQ", 1), ("a \"quoted\\\n\" one", 2)],
        turns,
        process: ProcessFigures {
            started_ms: 1_700_000_000_250,
            cpu_ms: Some(1_005),
            descriptors: Some(12),
            descriptors_max: Some(1024),
            resident_bytes: Some(4096),
        },
        history: Some(HistoryFigures {
            queued: 3,
            is_behind: true,
            lost: 2,
            commits: 9,
            longest_commit_us: 1_500_000,
        }),
        ..Metrics::default()
    }
}

/// Samples by name with labels. It holds the text to its form.
fn parsed(text: &str) -> HashMap<String, f64> {
    let is_name = |name: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !name.is_empty() && name.chars().all(is_part) && !name.starts_with(char::is_numeric)
    };
    let (mut kinds, mut samples) = (HashMap::new(), HashMap::new());
    let mut closed = HashSet::new();
    let mut family = String::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help");
            assert!(is_name(name) && !help.is_empty(), "{line}");
            assert!(closed.insert(std::mem::replace(&mut family, name.into())));
            assert!(!closed.contains(name), "{name} twice");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(name, family);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(kinds.insert(name.to_owned(), kind).is_none(), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let name = series.split('{').next().expect("a name");
            let suffixes: &[&str] = match kinds.get(&family) {
                Some(&"histogram") => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            let is_of_family = |suffix: &&str| format!("{family}{suffix}") == name;
            assert!(is_name(name) && suffixes.iter().any(is_of_family), "{line}");
            check_labels(&series[name.len()..]);
            let value = value.parse().expect("a number");
            assert!(samples.insert(series.to_owned(), value).is_none(), "{line}");
        }
    }
    samples
}

/// `{name="value",…}`, or nothing.
fn check_labels(labels: &str) {
    let Some(inside) = labels.strip_prefix('{') else {
        return assert_eq!(labels, "");
    };
    let mut rest = inside.strip_suffix('}').expect("a brace");
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").expect("a label");
        assert!(name.chars().all(|c| c.is_ascii_lowercase()), "{labels}");
        let mut is_escaped = false;
        let end = after.find(|c| {
            let ends = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        let after = &after[end.expect("a quote") + 1..];
        rest = after.strip_prefix(',').unwrap_or(after);
        assert!(rest.is_empty() || rest.len() < after.len(), "{labels}");
    }
}

#[test]
fn the_text_is_well_formed() {
    parsed(&Metrics::default().render());
    let samples = parsed(&metrics().render());
    for (series, value) in [
        ("hubbub_build_info{version=\"1.2.3\",commit=\"\"}", 1.0),
        ("hubbub_uptime_seconds", 61.005),
        (
            "hubbub_connections{dialect=\"json\",transport=\"websocket\"}",
            2.0,
        ),
        ("hubbub_messages_received_total", 7.0),
        ("hubbub_drops_total{reason=\"SendQ\"}", 1.0),
        (
            "hubbub_drops_total{reason=\"a \\\"quoted\\\\\\n\\\" one\"}",
            2.0,
        ),
        ("hubbub_turn_seconds_sum", 2.005_202),
        ("hubbub_turn_seconds_count", 6.0),
        ("process_start_time_seconds", 1_700_000_000.25),
        ("process_cpu_seconds_total", 1.005),
        ("process_open_fds", 12.0),
        ("process_max_fds", 1024.0),
        ("process_resident_memory_bytes", 4096.0),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series}");
    }
}

#[test]
fn buckets_are_cumulative() {
    let text = metrics().render();
    let buckets: Vec<(&str, u64)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("hubbub_turn_seconds_bucket{le=\""))
        .filter_map(|rest| rest.split_once("\"} "))
        .map(|(bound, count)| (bound, count.parse().expect("a count")))
        .collect();
    assert_eq!(buckets.len(), TURN_BOUNDS_US.len() + 1);
    assert!(buckets.is_sorted_by_key(|&(_, count)| count), "{buckets:?}");
    assert_eq!(buckets[0], ("0.0001", 2));
    assert_eq!(buckets[1], ("0.00025", 3));
    assert_eq!(buckets[12], ("1", 5));
    assert_eq!(buckets[13], ("+Inf", 6));
}

#[test]
fn it_is_told_as_prometheus_wants_it() {
    let mut out = Vec::new();
    let response = metrics().response();
    response.write(
        crate::dialect::http::ResponseMode::CLOSING,
        Moment::default(),
        &mut out,
    );
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(text.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
}
