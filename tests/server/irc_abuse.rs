//! What may be done to the IRC door.

use std::time::{Duration, Instant};

use crate::irc::{FLAGS, irc, told};
use crate::util::*;

/// Two who are in `#den`, and one at a terminal.
fn den(server: &Server) -> (Peer, Peer, Peer) {
    let mut bob = irc(server, "bob", "");
    let mut eve = irc(server, "eve", "");
    for peer in [&mut bob, &mut eve] {
        peer.send("JOIN #den\r\n");
        told(peer);
    }
    let mut ann = server.join(Text, "ann");
    ann.send("/join den\n");
    ann.expect_until("eve, ann\n");
    told(&mut bob);
    (bob, eve, ann)
}

#[test]
fn what_ends_a_line_is_in_no_text() {
    let server = Server::with(&[Irc, Text], FLAGS);
    let (mut bob, _eve, mut ann) = den(&server);
    // A carriage return alone ends a line, a NUL the part of it that counts.
    bob.send(b"PRIVMSG #den :one\rKILL ann :x\rPRIVMSG #den :two\0KILL ann\n");
    ann.expect_until("[bob] one\n").clear();
    ann.expect("[bob] two\n");
    bob.expect_until(":irc.test 481 bob :");
    bob.send("PRIVMSG #den :three\nPRIVMSG #den :four\r\n");
    ann.expect("[bob] three\n[bob] four\n");
}

#[test]
fn ten_thousand_requests_for_capabilities() {
    let server = Server::with(&[Irc, Text], FLAGS);
    let mut ann = server.join(Text, "ann");
    let mut eve = server.connect(Irc);
    for _ in 0..100 {
        eve.send("CAP REQ :batch -batch\r\n".repeat(100));
        for _ in 0..100 {
            eve.expect(":irc.test CAP * ACK :batch -batch\r\n");
        }
    }
    ann.sync();
    eve.send("NICK eve\r\nUSER e 0 * :E\r\nCAP END\r\n");
    eve.expect_until(":irc.test 001 eve :");
}

#[test]
fn a_registration_that_never_ends_is_ended() {
    let server = Server::with(&[Irc], &format!("{FLAGS} --join-timeout 1s"));
    let mut eve = server.connect(Irc);
    eve.send("CAP LS 302\r\nNICK eve\r\nUSER e 0 * :E\r\n");
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(700) {
        eve.send("PING x\r\n");
        eve.expect_until("PONG irc.test x\r\n");
    }
    eve.expect_until("ERROR :Closing Link: (");
    eve.expect_until("\r\n");
    eve.expect_eof();
}

#[test]
fn a_hundred_letters_of_modes() {
    let server = Server::with(&[Irc, Text], FLAGS);
    let (mut bob, ..) = den(&server);
    for letters in [
        "+i-i".repeat(25),
        "ovbeIklimnstC".repeat(8),
        "z".repeat(100),
    ] {
        bob.send(format!("MODE #den {letters}\r\n"));
        let all = told(&mut bob);
        assert!(all.lines().count() <= 110, "{all}");
    }
    bob.send("MODE #den\r\n");
    bob.expect_until(":irc.test 324 bob #den ");
}

#[test]
fn masks_of_many_stars_take_no_time() {
    let server = Server::with(&[Irc, Text], FLAGS);
    let (mut bob, mut eve, mut ann) = den(&server);
    let stars = "*a".repeat(200);
    let begin = Instant::now();
    for mask in [&*stars, &stars[..201], &"*".repeat(200), &"*?".repeat(100)] {
        bob.send(format!(
            "MODE #den +e {mask}b!*@*\r\nMODE #den +b {mask}b!{mask}\r\n"
        ));
        eve.send(format!("WHO {mask}x\r\nLIST {mask}x\r\nWHOWAS {mask}x\r\n"));
        told(&mut eve);
        told(&mut bob);
    }
    for text in ["one", "two", "three"] {
        eve.send(format!("PRIVMSG #den :{text}\r\n"));
        told(&mut eve);
        ann.sync();
    }
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn what_programs_ask_each_other_floods_nobody_else() {
    let server = Server::with(&[Irc, Text], FLAGS);
    let (mut bob, mut eve, mut ann) = den(&server);
    for _ in 0..300 {
        bob.send("PRIVMSG #den :\u{1}PING 1\u{1}\r\nPRIVMSG ann :\u{1}VERSION\u{1}\r\n");
    }
    told(&mut bob);
    bob.send("PRIVMSG #den :done\r\n");
    eve.expect_until(" PRIVMSG #den :\u{1}PING 1\u{1}\r\n");
    eve.expect_until(" PRIVMSG #den :done\r\n");
    ann.expect("[bob] done\n");
}
