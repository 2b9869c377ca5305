use std::time::Duration;

use super::super::outcome::{Faults, Sample};
use super::*;

/// The elements that are open where the text ends; an element closed that was not the last opened
/// fails, and so does a quote or a `<` out of place.
fn open_elements(html: &str) -> Vec<&str> {
    let mut open = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("a tag ends");
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        assert!(!tag.contains('<'), "{tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed in order");
        } else if !tag.starts_with('!') && !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap_or_default());
        }
    }
    open
}

#[track_caller]
fn assert_good(outcome: &Outcome) -> String {
    let html = html(outcome);
    assert_eq!(open_elements(&html), [""; 0]);
    for word in ["NaN", "inf\"", "infinity", "-0.0", "http://", "https://"] {
        assert!(!html.contains(word), "{word} in {html}");
    }
    html
}

fn times(of_us: &[u64]) -> Histogram<u64> {
    let mut times = Histogram::new(3).expect("3 digits are allowed");
    for &us in of_us {
        times.record(us).expect("it grows");
    }
    times
}

fn nothing() -> Outcome {
    Outcome {
        scenario: "idle",
        target: String::new(),
        dialect: "text",
        settings: Vec::new(),
        clients: 0,
        joined: 0,
        senders: 0,
        rooms: 0,
        size: 0,
        joining: Duration::ZERO,
        speaking: Duration::ZERO,
        sent: 0,
        expected: 0,
        delivered: 0,
        faults: Faults::default(),
        latency_us: times(&[]),
        longest_gap: Duration::ZERO,
        connect_us: times(&[]),
        join_us: times(&[]),
        samples: Vec::new(),
        server: None,
        notes: Vec::new(),
        is_interrupted: false,
    }
}

/// `samples` samples of a tenth of a second, every seventh without a delivery.
fn something(samples: usize) -> Outcome {
    let samples = (0..samples).map(|at| Sample {
        at_s: (at + 1) as f64 / 10.0,
        joined: at,
        deliveries: if at % 7 == 6 { 0 } else { 10_000 },
        latency_p50_us: 300,
        latency_p99_us: 720,
        rss_bytes: 3 << 20,
    });
    Outcome {
        scenario: "fanout",
        target: "127.0.0.1:8080".into(),
        clients: 100,
        joined: 100,
        senders: 1,
        rooms: 1,
        size: 64,
        joining: Duration::from_millis(150),
        speaking: Duration::from_secs(2),
        sent: 2_000,
        expected: 198_000,
        delivered: 198_000,
        latency_us: times(&[300, 310, 720, 2_000_000]),
        longest_gap: Duration::ZERO,
        connect_us: times(&[50]),
        join_us: times(&[0]),
        samples: samples.collect(),
        server: Some(ServerCost::default()),
        ..nothing()
    }
}

#[test]
fn nothing_found_is_a_page_too() {
    let html = assert_good(&nothing());
    assert!(html.contains("Nobody was refused or dropped"));
    assert!(!html.contains("<figure>"));
}

#[test]
fn a_run_has_its_plots() {
    for samples in [1, 2, 20, 10_000] {
        let html = assert_good(&something(samples));
        assert!(html.contains("Nothing was lost, doubled, reordered or garbled"));
        let plots = if samples == 1 { 5 } else { 6 };
        assert_eq!(html.matches("<figure>").count(), plots);
        assert!(html.len() < 96 * 1024, "{} bytes", html.len());
    }
}

#[test]
fn what_is_no_number_is_left_out() {
    let sample = something(1).samples[0];
    let ends = [
        f64::NAN,
        1.0,
        1.0,
        f64::INFINITY,
        0.5,
        -1.0,
        f64::NEG_INFINITY,
    ];
    for rss_bytes in [0, u64::MAX] {
        assert_good(&Outcome {
            samples: ends
                .map(|at_s| Sample {
                    at_s,
                    rss_bytes,
                    ..sample
                })
                .into(),
            latency_us: times(&[0, u64::MAX / 2]),
            speaking: Duration::ZERO,
            joining: Duration::MAX,
            ..something(1)
        });
    }
}

#[test]
fn the_verdict_says_what_was_wrong() {
    let faults = Faults {
        lost: 1_337,
        garbled: 1,
        ..Faults::default()
    };
    let html = assert_good(&Outcome {
        faults,
        ..something(2)
    });
    assert!(html.contains("Faults: 1,337 lost, 1 garbled<"), "{html}");

    let html = assert_good(&Outcome {
        is_interrupted: true,
        delivered: 5,
        ..something(2)
    });
    assert!(html.contains("Interrupted; nothing was wrong until then"));
    assert!(html.contains("5 of 198,000 deliveries came whole."));

    let html = assert_good(&Outcome {
        joined: 99,
        ..something(2)
    });
    assert!(html.contains("not all was done"));
}

#[test]
fn text_from_outside_is_only_text() {
    let nasty = "<script>\"'&\u{1b}[31m</script>";
    let html = assert_good(&Outcome {
        target: nasty.into(),
        notes: vec![nasty.into()],
        settings: vec![("source", nasty.into())],
        ..something(2)
    });
    assert!(!html.contains("<script") && !html.contains('\u{1b}'));
    let escaped = "&lt;script&gt;&quot;&#39;&amp;\u{FFFD}[31m&lt;/script&gt;";
    assert_eq!(
        html.matches(escaped).count(),
        4,
        "title, heading, note, setting"
    );
}
