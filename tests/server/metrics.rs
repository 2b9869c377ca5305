//! The figures for the operator, and who does not get them.

use crate::util::*;

#[test]
fn figures_are_for_the_operator_alone() {
    let server = Server::open(&["auto://127.0.0.1:0"], "--http-status 127.0.0.1:0");
    let [public, status] = [0, 1].map(|at| server.doors()[at].clone());
    let mut bob = Peer::connect(&public, Text);
    bob.send("bob\n").expect(PROMPT).line();
    for path in ["/metrics", "/stats"] {
        assert_eq!(
            server
                .request(&public, &format!("GET {path}"), "", "")
                .status,
            404
        );
        assert_eq!(
            server
                .request(&status, &format!("HEAD {path}"), "", "")
                .status,
            200
        );
        assert_eq!(
            server
                .request(&status, &format!("POST {path}"), "", "")
                .status,
            405
        );
    }
    assert_eq!(server.request(&status, "GET /healthz", "", "").status, 200);
    for path in ["/", "/ws", "/api/v1/rooms", "/app.js"] {
        assert_eq!(
            server
                .request(&status, &format!("GET {path}"), "", "")
                .status,
            404
        );
    }
    let metrics = server.request(&status, "GET /metrics", "", "");
    let content_type = metrics.header("Content-Type").expect("a type");
    assert!(
        content_type.starts_with("text/plain; version=0.0.4"),
        "{content_type}"
    );
    let metrics = metrics.text();
    for sample in [
        "hubbub_connections{dialect=\"text\",transport=\"plain\"} 1",
        "hubbub_users 1",
        "hubbub_joins_total 1",
        "hubbub_messages_received_total 0",
        "hubbub_turn_seconds_bucket{le=\"+Inf\"} ",
        "process_resident_memory_bytes ",
    ] {
        assert!(
            metrics.lines().any(|line| line.starts_with(sample)),
            "{sample}: {metrics}"
        );
    }
    assert_prometheus(metrics);
    let mut web = server.join_websocket("hubbub.json", "webster");
    bob.send("hi\n").sync();
    web.sync();
    let metrics = server.request(&status, "GET /metrics", "", "");
    for sample in [
        "hubbub_connections{dialect=\"json\",transport=\"websocket\"} 1",
        "hubbub_users 2",
        "hubbub_messages_received_total 1",
        "hubbub_messages_sent_total 1",
    ] {
        assert!(
            metrics.text().lines().any(|line| line == sample),
            "{sample}: {metrics:?}"
        );
    }
    let stats = server.request(&status, "GET /stats", "", "").json();
    assert!(
        stats.as_object().is_some_and(|stats| stats.len() > 3),
        "{stats}"
    );
}

/// Is it of the text format: for each sample a type that was told before, no sample twice, and
/// histograms that add up?
#[track_caller]
fn assert_prometheus(text: &str) {
    assert!(text.ends_with('\n'));
    let mut families = Vec::new();
    let mut samples = Vec::new();
    let mut bucket = 0;
    for line in text.lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = family.split_once(' ').expect(line);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            assert!(!families.contains(&name), "{line}");
            families.push(name);
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').expect(line);
        let value: f64 = value.parse().expect(line);
        let name = sample.split('{').next().unwrap_or_default();
        let family = *families.last().expect(line);
        let is_of_family = ["", "_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| name == format!("{family}{suffix}"));
        assert!(is_of_family && !samples.contains(&sample), "{line}");
        samples.push(sample);
        if name.ends_with("_bucket") {
            assert!(value as u64 >= bucket, "{line}");
            bucket = value as u64;
        } else if name.ends_with("_count") {
            assert_eq!(value as u64, bucket, "{line}");
        }
    }
    assert!(samples.len() > 20, "{text}");
}
