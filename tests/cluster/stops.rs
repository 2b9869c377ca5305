//! Servers that stand still, and wires that pass in one direction.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::SOON;
use crate::faults::{GONE, Talker, check};
use crate::machines::{Redis, Server};
use crate::proxy::Proxy;

#[test]
fn a_server_that_stands_still_for_5_s_catches_up() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let [a, b] = ["a", "b"].map(|name| Server::start(name, redis.port()));
    let mut listener = b.join("ear");
    let mut near = Talker::new(&a, "near");
    let mut far = Talker::new(&b, "far");
    far.talk();
    b.signal("STOP");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        near.talk();
        sleep(Duration::from_millis(50));
    }
    b.signal("CONT");
    let begun = Instant::now();
    far.talk();
    println!("it spoke again after {:?}", begun.elapsed());
    check(&mut [near, far], &mut listener);
    assert!(!listener.lines.iter().any(|line| line.contains("user_left")));
}

/// Its users leave, and come back by themselves.
#[test]
#[ignore = "it takes 30 s: cargo test --test cluster stands_still_for_20_s -- --ignored"]
fn a_server_that_stands_still_for_20_s_is_gone_and_comes_back() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let [a, b] = ["a", "b"].map(|name| Server::start(name, redis.port()));
    let mut listener = a.join("ear");
    let mut near = Talker::new(&a, "near");
    let mut far = Talker::new(&b, "far");
    [&mut near, &mut far].into_iter().for_each(Talker::talk);
    b.signal("STOP");
    let begun = Instant::now();
    listener.expect(r#""user_left""#, GONE);
    println!("its users had left after {:?}", begun.elapsed());
    while begun.elapsed() < Duration::from_secs(20) {
        near.talk();
        sleep(Duration::from_millis(50));
    }
    b.signal("CONT");
    let begun = Instant::now();
    listener.expect(r#""user_joined""#, GONE);
    println!("they were back after {:?}", begun.elapsed());
    far.talk();
    assert_eq!(far.acknowledged.len(), 2);
    check(&mut [near, far], &mut listener);
}

/// What a server sends does not arrive, or what it is sent: it is as one that is cut off.
#[test]
#[ignore = "it takes 40 s: cargo test --test cluster cut_in_one_direction -- --ignored"]
fn a_wire_that_is_cut_in_one_direction_is_as_one_that_is_cut() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let proxy = Proxy::to(redis.port());
    let a = Server::start("a", redis.port());
    let b = Server::start("b", proxy.port);
    let mut listener = a.join("ear");
    let mut near = Talker::new(&a, "near");
    let mut far = Talker::new(&b, "far");
    for ways in [[true, false], [false, true]] {
        [&mut near, &mut far].into_iter().for_each(Talker::talk);
        proxy.cut_ways(ways);
        let begun = Instant::now();
        listener.expect(r#""user_left""#, GONE);
        println!(
            "cut {ways:?}: its users had left after {:?}",
            begun.elapsed()
        );
        let before = far.acknowledged.len();
        far.talk();
        near.talk();
        assert_eq!(far.acknowledged.len(), before);
        proxy.cut(false);
        let begun = Instant::now();
        listener.expect(r#""user_joined""#, GONE);
        println!("they were back after {:?}", begun.elapsed());
        far.talk();
        assert_eq!(far.acknowledged.len(), before + 1);
    }
    listener.expect(far.acknowledged.last().expect("said"), SOON);
    check(&mut [near, far], &mut listener);
}
