//! Engines that are full, locked, copied or followed by another.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::faults::{Talker, check, crowd_at, talk_on};
use crate::machines::{Dir, Redis, Server, free_port, redis_cli, wait_until};

#[test]
fn an_engine_that_is_full_is_as_one_that_is_away_and_heals() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let servers = ["a", "b"].map(|name| Server::start(name, redis.port()));
    let (mut listener, mut talkers) = crowd_at(&servers);
    talkers.iter_mut().for_each(Talker::talk);
    redis.command(&["CONFIG", "SET", "maxmemory", "100kb"]);
    talkers.iter_mut().for_each(Talker::talk);
    assert!(talkers.iter().all(|it| it.acknowledged.len() == 1));
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]);
    let begun = Instant::now();
    talkers.iter_mut().for_each(Talker::talk);
    println!("what is said was taken in after {:?}", begun.elapsed());
    assert!(talkers.iter().all(|it| it.acknowledged.len() == 2));
    check(&mut talkers, &mut listener);
    assert!(!listener.lines.iter().any(|line| line.contains("user_left")));
}

/// `openssl` makes a certificate that its own authority has signed.
fn certificate(dir: &Dir) -> Option<[String; 3]> {
    let path = |name: &str| dir.path().join(name).display().to_string();
    let [ca, ca_key, key, request, certificate] = [
        "ca.pem",
        "ca.key",
        "key.pem",
        "request.pem",
        "certificate.pem",
    ]
    .map(path);
    let names = dir.file("names", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    let made = |arguments: &str| {
        let words = arguments.split(' ');
        let openssl = Command::new("openssl")
            .args(words)
            .stderr(Stdio::null())
            .status();
        openssl.is_ok_and(|it| it.success())
    };
    let is_made = made(&format!(
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout {ca_key} -out {ca}"
    )) && made(&format!(
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout {key} -out {request}"
    )) && made(&format!(
        "x509 -req -days 2 -in {request} -CA {ca} -CAkey {ca_key} -CAcreateserial -extfile {names} -out {certificate}"
    ));
    is_made.then_some([ca, key, certificate])
}

#[test]
fn an_engine_is_reached_over_tls_as_a_user_with_a_password() {
    let dir = Dir::new();
    let Some([ca, key, certificate]) = certificate(&dir) else {
        return;
    };
    let password = dir.file("password", "open sesame\n");
    let port = free_port().to_string();
    let extra = [
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
    ];
    let Some(redis) = Redis::with(&extra) else {
        return;
    };
    // No more than it needs.
    redis.command(&[
        "ACL",
        "SETUSER",
        "hub",
        "on",
        ">open sesame",
        "~test:*",
        "+@all",
        "-@dangerous",
        "+info",
        "+client|id",
    ]);
    redis.command(&["ACL", "SETUSER", "default", "off"]);
    let engine = format!("rediss://hub@localhost:{port}/0?prefix=test");
    let extra = ["--cluster-password-file", &password];
    let environment = [("SSL_CERT_FILE", &*ca)];
    let servers = ["a", "b"].map(|name| Server::with(name, &engine, &extra, &environment));
    let (mut listener, mut talkers) = crowd_at(&servers);
    talkers.iter_mut().for_each(Talker::talk);
    assert!(talkers.iter().all(|it| it.acknowledged.len() == 1));
    check(&mut talkers, &mut listener);
}

/// A replica of a Redis.
fn replica(of: &Redis) -> Redis {
    let port = of.port().to_string();
    let extra = [
        "--replicaof",
        "127.0.0.1",
        &port,
        "--repl-diskless-sync-delay",
        "0",
    ];
    let replica = Redis::with(&extra).expect("a Redis");
    wait_until("replica", || {
        let answer = replica.command(&["INFO", "replication"]);
        answer.contains("master_link_status:up")
    });
    replica
}

#[test]
fn what_is_acknowledged_is_at_as_many_replicas_as_are_asked_for() {
    let Some(redis) = Redis::with(&["--repl-diskless-sync-delay", "0"]) else {
        return;
    };
    let replica = replica(&redis);
    let engine = format!("redis://127.0.0.1:{}/0?prefix=test", redis.port());
    let server = Server::with("a", &engine, &["--cluster-replicas", "1"], &[]);
    let mut listener = server.join("ear");
    let mut talker = Talker::new(&server, "one");
    talker.talk();
    replica.signal("STOP");
    talker.talk();
    assert_eq!(talker.acknowledged.len(), 1);
    replica.signal("CONT");
    talker.talk();
    assert_eq!(talker.acknowledged.len(), 2);
    check(&mut [talker], &mut listener);
}

/// A process that ends with this.
struct Sentinel(Child);

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn another_engine_that_sentinels_choose_is_gone_on_with() {
    let Some(mut redis) = Redis::with(&["--repl-diskless-sync-delay", "0"]) else {
        return;
    };
    let _replica = replica(&redis);
    let dir = Dir::new();
    let port = free_port();
    let text = format!(
        "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {} 1\n\
         sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 5000\n",
        dir.path().display(),
        redis.port()
    );
    let file = dir.file("sentinel.conf", &text);
    let sentinel = Command::new("redis-server")
        .args([&file, "--sentinel"])
        .stdout(Stdio::null())
        .spawn();
    let _sentinel = Sentinel(sentinel.expect("a Sentinel"));
    let engine = format!("redis+sentinel://127.0.0.1:{port}/main/0?prefix=test");
    wait_until("replica that the Sentinel knows", || {
        redis_cli(port, &["SENTINEL", "replicas", "main"]).contains("slave")
    });
    let servers =
        ["a", "b"].map(|name| Server::with(name, &engine, &["--cluster-wait", "15s"], &[]));
    let (mut listener, mut talkers) = crowd_at(&servers);
    talk_on(&mut talkers, 10);
    wait_until("replica that has it all", || {
        let answer = redis.command(&["INFO", "replication"]);
        let number = |name: &str| {
            let digits = answer.split(name).nth(1)?;
            digits.split(|c: char| !c.is_ascii_digit()).next()
        };
        number(",offset=").is_some_and(|at| number("master_repl_offset:") == Some(at))
    });
    let begun = Instant::now();
    redis.kill();
    let until = begun + Duration::from_secs(25);
    while talkers.iter().any(|it| it.acknowledged.len() < 12) && Instant::now() < until {
        talkers.iter_mut().for_each(Talker::talk);
    }
    println!("what is said was taken in after {:?}", begun.elapsed());
    assert!(talkers.iter().all(|it| it.acknowledged.len() >= 12));
    check(&mut talkers, &mut listener);
}
