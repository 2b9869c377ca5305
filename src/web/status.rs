//! How the server is, in a word for programs and on a page for people.

use std::fmt::Write as _;

use crate::dialect::http::{Response, StatusCode};

use super::Metrics;

/// Why nobody can come in, though the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unready {
    /// It stops.
    Stopping,
    /// As many are here as may be.
    Full,
    /// What is said cannot be kept.
    DiskBehind,
    /// Nobody can be told anything, as the other servers can't be.
    ClusterAway,
    /// It is to be stopped, and others are there.
    Draining,
}

impl Unready {
    fn reason(self) -> &'static str {
        match self {
            Unready::Stopping => "stopping",
            Unready::Full => "full: as many connections as there may be",
            Unready::DiskBehind => "the disk does not take what is said",
            Unready::ClusterAway => "the engine of the cluster is away",
            Unready::Draining => "to be stopped: other servers of the cluster are there",
        }
    }
}

/// For whoever decides whether to send people here.
pub(crate) fn ready(unready: Option<Unready>) -> Response {
    match unready {
        None => Response::text(StatusCode::Ok, "ready\n"),
        Some(why) => {
            let line = format!("{}\n", why.reason());
            Response::text(StatusCode::ServiceUnavailable, line)
        }
    }
}

/// The figures that an operator looks for first, by what they are called.
fn figures(metrics: &Metrics, unready: Option<Unready>) -> Vec<(&'static str, String)> {
    let minutes = metrics.uptime_ms / 60_000;
    let uptime = format!(
        "{} d {} h {} min",
        minutes / 1440,
        minutes / 60 % 24,
        minutes % 60
    );
    let open: u64 = metrics.connections.iter().map(|of| of.count).sum();
    let state = unready.map_or("ready", Unready::reason);
    let mut rows = vec![
        ("State", state.to_owned()),
        ("Version", format!("{} {}", metrics.version, metrics.commit)),
        ("Up for", uptime),
        ("Users", metrics.users.to_string()),
        ("Rooms", metrics.rooms.to_string()),
        ("Connections", open.to_string()),
        ("Messages received", metrics.messages_in.to_string()),
        ("Messages sent", metrics.messages_out.to_string()),
        ("Turned away", metrics.refused.to_string()),
        (
            "Bytes that readers are owed",
            metrics.sendq_bytes.to_string(),
        ),
    ];
    if let Some(history) = &metrics.history {
        rows.push(("Records that wait for the disk", history.queued.to_string()));
    }
    if let Some(cluster) = &metrics.cluster {
        let there = cluster.nodes.iter().filter(|it| it.has_lease);
        let there: Vec<&str> = there.map(|it| &*it.name).collect();
        rows.push(("Servers of the cluster", there.join(", ")));
        rows.push(("Batches to be applied", cluster.behind.to_string()));
    }
    if let Some(bytes) = metrics.process.resident_bytes {
        rows.push(("Memory", format!("{} KiB", bytes / 1024)));
    }
    rows
}

/// The page of the status door, for people.
pub(crate) fn page(metrics: &Metrics, unready: Option<Unready>) -> Response {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"refresh\" content=\"10\">\n\
         <title>Hubbub: status</title>\n<h1>Hubbub</h1>\n<table>\n",
    );
    // Nothing here comes from a peer. Writing to a String cannot fail.
    for (name, value) in figures(metrics, unready) {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>"
        );
    }
    html += "</table>\n<h2>Connections by what they speak</h2>\n<table>\n";
    for of in metrics.connections.iter().filter(|of| of.count > 0) {
        let (name, via, count) = (of.dialect, of.transport.name(), of.count);
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{name}, {via}</th><td>{count}</td></tr>"
        );
    }
    html += "</table>\n<p>For programs: <a href=\"/metrics\">/metrics</a>, <a href=\"/stats\">/stats</a>, \
             <a href=\"/healthz\">/healthz</a>, <a href=\"/healthz/ready\">/healthz/ready</a>.</p>\n</html>\n";
    Response::new(
        StatusCode::Ok,
        "text/html; charset=utf-8",
        html.into_bytes(),
    )
}
