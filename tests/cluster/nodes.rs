//! The servers of a cluster, as operators and clients see them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::SOON;
use crate::client::Client;
use crate::machines::{Dir, Redis, Server, free_port};

/// An operator at a server.
fn operator(server: &Server) -> Client {
    let mut client = server.join("op");
    client.send(r#"{"type":"oper","password":"secret"}"#);
    client.expect("ok", SOON);
    client
}

/// Waits until the servers are told as `text`.
fn await_nodes(operator: &mut Client, text: &str) {
    let until = Instant::now() + SOON;
    loop {
        operator.send(r#"{"type":"nodes"}"#);
        let told = operator.expect(r#""type":"nodes""#, SOON);
        if told.contains(text) {
            return;
        }
        assert!(Instant::now() < until, "{told}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

#[test]
fn servers_are_told_and_drained() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let dir = Dir::new();
    let password = dir.file("password", "secret\n");
    let engine = format!("redis://127.0.0.1:{}/0?prefix=test", redis.port());
    let [web, status] = [free_port(), free_port()];
    let listen = format!("auto://127.0.0.1:{web}");
    let status_at = format!("127.0.0.1:{status}");
    let url = |name: &str| format!("http://{name}.localhost:{web}");
    let (url_a, url_b) = (url("a"), url("b"));
    let extra = [
        ["--oper-password-file", &password],
        ["--public-url", &url_a],
        ["--listen", &listen],
        ["--http-status", &status_at],
    ];
    let a = Server::with("a", &engine, extra.as_flattened(), &[]);
    let b = Server::with("b", &engine, &["--public-url", &url_b], &[]);
    let mut operator = operator(&a);
    let b_there = format!(
        r#"{{"node":"b","address":"{url_b}","here":false,"member":true,"lease":true,"draining":false}}"#
    );
    await_nodes(&mut operator, &b_there);
    // A page may go on at the other.
    let page = get(web, "/");
    let source = format!("connect-src 'self' ws://a.localhost:{web} ws://b.localhost:{web};");
    assert!(page.contains(&source), "{page}");
    let metrics = get(status, "/metrics");
    for line in [
        r#"hubbub_cluster_node_lease{node="b"} 1"#,
        "hubbub_cluster_engine_up 1",
        "hubbub_cluster_lag_entries ",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    let mut user = b.join("user");
    operator.send(r#"{"type":"drain","node":"nobody"}"#);
    operator.expect("no_such_node", SOON);
    operator.send(r#"{"type":"drain","node":"b"}"#);
    operator.expect("told to go elsewhere", SOON);
    let moving = user.expect(r#""moving""#, SOON);
    assert!(
        moving.contains(&format!(r#""addresses":["{url_a}"]"#)),
        "{moving}"
    );
    await_nodes(&mut operator, r#""draining":true"#);
    // One that dies is gone soon: the engine has lost its connection. Started again, it is not drained any more.
    std::thread::sleep(Duration::from_secs(3));
    let begun = Instant::now();
    let b = b.kill();
    operator.expect(r#""user_left""#, Duration::from_secs(3));
    println!("its users had left after {:?}", begun.elapsed());
    await_nodes(&mut operator, r#""member":false"#);
    let _b = b.start_again();
    await_nodes(&mut operator, &b_there);
}
