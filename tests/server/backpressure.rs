use std::io::Write;

use crate::util::*;

fn line(n: usize) -> String {
    format!("{n:05} {}", "x".repeat(4000))
}

fn said(n: usize) -> String {
    format!("[sender] {}\n", line(n))
}

#[test]
fn a_slow_reader_is_dropped_while_others_get_every_byte() {
    let server = Server::of(&[Text]);
    let mut slow = server.join_narrow("slow");
    let mut sender = server.join(Text, "sender");
    let mut others: Vec<Peer> = ["a", "b", "c"].map(|nick| server.join(Text, nick)).into();
    for peer in others.iter_mut().chain([&mut sender]) {
        peer.sync();
    }
    let mut left = [false; 3];
    let mut sent = 0;
    while left != [true; 3] {
        assert!(sent < 3000, "12 MB are pending for a slow reader");
        sender.say(&line(sent));
        for (other, left) in others.iter_mut().zip(&mut left) {
            let mut line = other.line();
            if line == "[Server] slow left the chat!\n" {
                assert!(!std::mem::replace(left, true), "it left once");
                line = other.line();
            }
            assert_eq!(line, said(sent));
        }
        sent += 1;
    }
    server.expect_log("SendQ exceeded");
    for other in &mut others {
        other.silent();
    }
    slow.expect_until(said(3));
}

#[test]
fn the_kernel_takes_little_for_a_reader_that_stopped() {
    let server = Server::of(&[Text]);
    let _stopped = server.join(Text, "stopped");
    let mut sender = server.join(Text, "sender");
    for n in 0..500 {
        sender.say(&line(n));
    }
    sender.expect("[Server] stopped left the chat!\n");
    server.expect_log("SendQ exceeded");
}

#[test]
fn a_slow_reader_is_dropped_after_the_time_over_the_soft_limit() {
    let flags = "--sendq-soft 16KiB --sendq-hard 64MiB --sendq-time 300ms";
    let server = Server::with(&[Text], flags);
    let _slow = server.join_narrow("slow");
    let mut sender = server.join(Text, "sender");
    for n in 0..2000 {
        sender.say(&line(n));
    }
    sender.expect("[Server] slow left the chat!\n");
    server.expect_log("SendQ exceeded");
    sender.silent();
}

#[test]
fn a_reader_that_catches_up_in_time_gets_every_byte() {
    let flags = "--sendq-soft 16KiB --sendq-hard 64MiB --sendq-time 60s";
    let server = Server::with(&[Text], flags);
    let mut slow = server.join_narrow("slow");
    let mut sender = server.join(Text, "sender");
    slow.expect("[Server] sender joined the chat!\n");
    for n in 0..2000 {
        sender.say(&line(n));
    }
    sender.silent();
    for n in 0..2000 {
        slow.expect(said(n));
    }
    slow.silent();
}

#[test]
fn pipelined_requests_wait_for_their_reader() {
    const REQUESTS: usize = 30_000;
    let server = Server::with(&[Text], "--sendq-time 60s");
    let nicks: Vec<String> = (0..8).map(|n| format!("somebody-called-{n:04}")).collect();
    let mut others: Vec<Peer> = nicks.iter().map(|nick| server.join(Text, nick)).collect();
    let mut greedy = server.join_narrow("greedy");
    others[0].sync();
    let before_kib = server.memory_kib();
    let mut writer = greedy.socket.try_clone().expect("a descriptor");
    let writing =
        std::thread::spawn(move || writer.write_all("/list\n".repeat(REQUESTS).as_bytes()));
    let listed = format!("Current clients: {}, greedy\n", nicks.join(", "));
    let bound_kib = before_kib + 8 * 1024;
    for _ in 0..100 {
        others[0].silent();
    }
    assert!(
        server.memory_kib() < bound_kib,
        "{} KiB",
        server.memory_kib()
    );
    for n in 0..REQUESTS {
        greedy.expect(&listed);
        if n % 1000 == 0 {
            assert!(
                server.memory_kib() < bound_kib,
                "{} KiB",
                server.memory_kib()
            );
        }
    }
    writing.join().expect("no panic").expect("all is read");
    greedy.silent();
}

#[test]
fn a_pipeliner_that_never_reads_is_closed() {
    let flags = "--sendq-soft 64KiB --sendq-time 300ms";
    let server = Server::with(&[Text], flags);
    let mut watcher = server.join(Text, "watcher");
    let mut greedy = server.join_narrow("greedy");
    watcher.expect("[Server] greedy joined the chat!\n");
    let before_kib = server.memory_kib();
    // It may be closed before all of this is taken.
    let _ = greedy.socket.write_all("/help\n".repeat(50_000).as_bytes());
    watcher.expect("[Server] greedy left the chat!\n");
    server.expect_log("SendQ exceeded");
    assert!(server.memory_kib() < before_kib + 8 * 1024);
}

#[test]
fn a_stranger_that_never_reads_is_held_to_less() {
    let server = Server::with(&[Text], "--join-timeout 2s");
    let mut watcher = server.join(Text, "watcher");
    let strangers: Vec<Peer> = (0..20).map(|_| server.connect_narrow()).collect();
    let before_kib = server.memory_kib();
    for mut stranger in strangers {
        stranger.socket.set_nonblocking(true).expect("a socket");
        while stranger.socket.write(&b"-\n".repeat(1000)).is_ok() {
            watcher.silent();
            if server.log().contains("dropped") {
                break;
            }
        }
    }
    server.expect_log("dropped 127.0.0.1:");
    assert!(server.memory_kib() < before_kib + 8 * 1024);
    watcher.silent();
}

#[test]
fn many_slow_readers_together_are_bounded() {
    let server = Server::with(&[Text], "--sendq-total 4MiB");
    let mut sender = server.join(Text, "sender");
    let slow: Vec<Peer> = (0..50)
        .map(|n| server.join_narrow(&format!("slow{n}")))
        .collect();
    sender.sync();
    let before_kib = server.memory_kib();
    let mut left = 0;
    for n in 0..3000 {
        sender.say(&line(n));
        if n % 50 == 0 {
            let came = String::from_utf8(sender.sync()).expect("UTF-8");
            left += came.matches(" left the chat!\n").count();
            assert!(server.memory_kib() < before_kib + 24 * 1024);
        }
        if left == slow.len() {
            break;
        }
    }
    assert_eq!(left, slow.len());
    server.expect_log("SendQ exceeded");
}
