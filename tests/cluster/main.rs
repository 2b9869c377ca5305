//! Several servers and a real Redis, from outside. Where there is no redis-server, nothing is tested.

mod accounts;
mod client;
mod engines;
mod faults;
mod long;
mod machines;
mod nodes;
mod proxy;
mod stops;

use std::time::Duration;

use machines::{Redis, Server};

/// What is waited for at most where nothing goes wrong.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn three_servers_are_one_chat() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let servers = ["a", "b", "c"].map(|name| Server::start(name, redis.port()));
    let mut clients = servers.each_ref().map(|server| server.join(&server.name));
    // One name is one user's.
    let mut other = servers[1].connect();
    other.send(r#"{"type":"join","username":"A"}"#);
    other.expect(r#""nick_taken""#, SOON);
    // What is said at one is heard at each, once, and in one order.
    for (at, client) in clients.iter_mut().enumerate() {
        client.send(&format!(
            r#"{{"type":"chat","message":"from {at}","id":{at}}}"#
        ));
    }
    for client in &mut clients {
        while client.said().len() < 3 {
            client.expect(r#""chat""#, SOON);
        }
        client.send(r#"{"type":"history","limit":3}"#);
        client.expect("history_end", SOON);
    }
    let said = clients.each_ref().map(|client| client.said());
    assert_eq!(said[0].len(), 3);
    assert!(said.iter().all(|it| *it == said[0]), "{said:?}");
    let history = clients.each_ref().map(|client| client.history());
    assert!(history.iter().all(|it| *it == said[0]), "{history:?}");
    // Private words, rooms and moderation.
    clients[0].send(r#"{"type":"pm","to":"c","message":"psst","id":9}"#);
    clients[2].expect("psst", SOON);
    clients[0].expect(r#""id":9"#, SOON);
    clients[0].send(r#"{"type":"join_room","room":"rust"}"#);
    clients[0].expect("room_joined", SOON);
    clients[1].send(r#"{"type":"join_room","room":"rust"}"#);
    clients[1].expect("room_joined", SOON);
    clients[0].send(r#"{"type":"kick","username":"b","room":"rust","reason":"enough"}"#);
    clients[1].expect("enough", SOON);
    clients[1].send(r#"{"type":"whois","username":"a"}"#);
    clients[1].expect("rust", SOON);
    // Who goes is gone everywhere, and its name is free.
    let [_, _, gone] = clients;
    drop(gone);
    let mut again = servers[0].connect();
    again.join_until("c", SOON);
}

#[test]
fn what_follows_a_change_is_after_it() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let server = Server::start("a", redis.port());
    let mut client = server.connect();
    client.send(
        "{\"type\":\"join\",\"username\":\"x\"}\n\
         {\"type\":\"join_room\",\"room\":\"rust\"}\n\
         {\"type\":\"chat\",\"room\":\"rust\",\"message\":\"there\",\"id\":1}\n\
         {\"type\":\"nick\",\"username\":\"y\",\"id\":2}\n\
         {\"type\":\"chat\",\"message\":\"renamed\",\"id\":3}\n\
         {\"type\":\"quit\"}",
    );
    for expected in [
        "welcome",
        "room_joined",
        r#""there""#,
        r#""to":"y""#,
        r#""username":"y""#,
    ] {
        client.expect(expected, SOON);
    }
    client.expect_end(SOON);
}

#[test]
fn an_engine_that_evicts_is_refused() {
    let Some(redis) = Redis::start() else {
        return;
    };
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let error = Server::fails("a", redis.port());
    assert!(error.contains("allkeys-lru"), "{error}");
}

#[test]
fn a_server_begins_again_with_all_that_was_said() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let first = Server::start("a", redis.port());
    let second = Server::start("b", redis.port());
    let mut client = first.join("x");
    client.chat("before", SOON);
    let second = second.stop();
    client.chat("meanwhile", SOON);
    let second = second.start_again();
    let mut other = second.join("z");
    other.send(r#"{"type":"history"}"#);
    for text in ["before", "meanwhile"] {
        other.expect(text, SOON);
    }
    other.expect("history_end", SOON);
}
