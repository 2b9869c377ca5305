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
    for path in ["/ws", "/api/v1/rooms", "/app.js"] {
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

#[test]
fn it_says_whether_people_can_come_in() {
    let flags = "--http-status 127.0.0.1:0 --max-connections 2";
    let server = Server::open(&["http://127.0.0.1:0"], flags);
    let [public, status] = [0, 1].map(|at| server.doors()[at].clone());
    let ready = |door: &str| {
        let response = server.request(door, "GET /healthz/ready", "", "");
        (response.status, response.text().to_owned())
    };
    assert_eq!(ready(&public), (200, "ready\n".into()));
    let page = server.request(&status, "GET /", "", "");
    page.assert_safe();
    assert!(page.text().contains("<td>ready</td>"), "{}", page.text());
    let kept: Vec<Peer> = (0..2)
        .map(|_| {
            let mut peer = Peer::connect(&public, Http);
            peer.send(crate::http_client::request("GET /healthz", ""));
            assert_eq!(peer.response().status, 200);
            peer
        })
        .collect();
    let (code, why) = ready(&status);
    assert!(code == 503 && why.starts_with("full"), "{code} {why}");
    assert_eq!(server.request(&status, "GET /healthz", "", "").status, 200);
    drop(kept);
}

#[test]
fn the_process_has_figures_as_prometheus_names_them() {
    let server = Server::open(&["http://127.0.0.1:0"], "--http-status 127.0.0.1:0");
    let metrics = server.request(&server.doors()[1], "GET /metrics", "", "");
    let value = |name: &str| {
        let mut lines = metrics.text().lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.expect(name).parse::<f64>().expect("a number")
    };
    let cpu = value("process_cpu_seconds_total");
    assert!((0.0..60.0).contains(&cpu), "{cpu}");
    let (open, most) = (value("process_open_fds"), value("process_max_fds"));
    assert!(open > 5.0 && open < 100.0 && open < most, "{open} {most}");
    let age = unix_now() - value("process_start_time_seconds");
    assert!((-1.0..60.0).contains(&age), "{age}");
    assert!(metrics.text().contains("hubbub_build_info{version=\""));
}
