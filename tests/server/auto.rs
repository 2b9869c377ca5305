use std::time::{Duration, Instant};

use crate::util::*;

fn auto(server: &Server, dialect: Dialect) -> Peer {
    Peer::connect(server.door(Auto), dialect)
}

fn watcher(server: &Server) -> Peer {
    let mut watcher = auto(server, Text);
    watcher.expect(PROMPT).send("watcher\n").line();
    watcher
}

#[test]
fn first_bytes_tell_the_dialect() {
    let server = Server::with(&[Auto], "--replay 0");
    let mut watcher = watcher(&server);
    for (dialect, before) in [
        (Text, ""),
        (Json, ""),
        (Json, " \r\n\t "),
        (Pynet, ""),
        (Pynet, "\n \n"),
    ] {
        let input = format!("{before}{}{}", dialect.join("bob"), dialect.say("hi"));
        for step in [input.len(), 1] {
            let mut bob = auto(&server, dialect);
            let came = match dialect {
                Text => format!("{PROMPT}[Server] bob joined the chat!\n"),
                Json => format!(
                    "{{\"type\":\"welcome\",\"message\":\"Welcome to the chat, bob!\",\
                     \"users\":[\"watcher\",\"bob\"],\"timestamp\":<unix>}}\n{}",
                    Json.said("bob", bob.address(), "hi")
                ),
                _ => String::new(),
            };
            let (first, rest) = input.split_at(before.len() + 1);
            let mut seen = Vec::new();
            bob.send(first);
            for piece in rest.as_bytes().chunks(step) {
                seen.extend(watcher.settle());
                bob.send(piece);
            }
            bob.expect_like(came).silent();
            drop(bob);
            seen.extend(watcher.expect_until("bob left the chat!\n"));
            assert_eq!(
                String::from_utf8_lossy(&seen),
                "[Server] bob joined the chat!\n[bob] hi\n[Server] bob left the chat!\n"
            );
        }
    }
}

#[test]
fn silence_is_text() {
    for (flags, ms) in [("", 150), ("--sniff-time 400ms", 400)] {
        let server = Server::with(&[Auto], flags);
        for said in ["", "G", "NICK", "\n"] {
            let before = Instant::now();
            let mut peer = auto(&server, Text);
            peer.send(said).expect(PROMPT);
            assert!(before.elapsed() > Duration::from_millis(ms - 10));
            peer.send("erd\n");
            let nick = format!("{}erd", said.trim());
            peer.expect(format!("[Server] {nick} joined the chat!\n"));
        }
    }
}

#[test]
fn names_that_begin_like_another_protocol_are_text() {
    let server = Server::of(&[Auto]);
    for nick in [
        "Gerd", "GET", "GETty", "Patrick", "NICKY", "USERNAME", "CAPS", "PASSE", "HEAD",
    ] {
        let mut peer = auto(&server, Text);
        peer.send(format!("{nick}\n"));
        peer.expect(format!("{PROMPT}[Server] {nick} joined the chat!\n"));
    }
}

#[test]
fn undecided_bytes_at_the_end_of_input_are_text() {
    let server = Server::of(&[Auto]);
    let mut watcher = watcher(&server);
    let mut peer = auto(&server, Text);
    peer.send("GE").shutdown_write();
    peer.expect(format!("{PROMPT}[Server] GE joined the chat!\n"));
    peer.expect_eof();
    watcher.expect("[Server] GE joined the chat!\n[Server] GE left the chat!\n");
}

#[test]
fn the_first_objects_keys_tell_json_from_pynet() {
    let server = Server::of(&[Auto]);
    let invalid = "{\"type\":\"error\",\"message\":\"Invalid username\",\"code\":\"bad_nick\"}\n";
    for object in ["{}", "{\"type\":\"join\"}", "{\"type\":\"ping\"}", "{junk}"] {
        let mut peer = auto(&server, Json);
        peer.send(format!("{object}\n"))
            .expect(invalid)
            .expect_eof();
    }
    let mut both = auto(&server, Json);
    both.send("{\"type\":\"join\",\"data\":\"x\",\"username\":\"bob\"}\n");
    assert_eq!(both.json()["type"], "welcome");
    let mut refused = auto(&server, Pynet);
    refused.send(Pynet.join("bob"));
    let object = String::from_utf8(refused.take(1024)).expect("ASCII");
    assert!(
        object.starts_with("{\"type\":\"server_message\","),
        "{object}"
    );
    refused.expect_eof();
}

#[test]
fn everything_behind_the_first_bytes_is_kept() {
    let server = Server::of(&[Auto]);
    let mut watcher = watcher(&server);
    for dialect in [Text, Json, Pynet] {
        let mut peer = auto(&server, dialect);
        let lines: String = (0..200).map(|n| dialect.say(&n.to_string())).collect();
        peer.send(dialect.join("bob") + &lines);
        watcher.expect("[Server] bob joined the chat!\n");
        for n in 0..200 {
            watcher.expect(format!("[bob] {n}\n"));
        }
        peer.sync();
        drop(peer);
        watcher.expect("[Server] bob left the chat!\n").silent();
    }
}

#[test]
fn http_is_answered_as_http() {
    let server = Server::of(&[Auto]);
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
        for step in [1, 1000] {
            let mut peer = auto(&server, Text);
            let request =
                format!("{method} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            for piece in request.as_bytes().chunks(step) {
                peer.send(piece);
            }
            let answer = String::from_utf8(peer.rest()).expect("text");
            let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
            assert!(head.starts_with("HTTP/1.1 "), "{head}");
            let length = format!("\r\nContent-Length: {}\r\n", body.len());
            match method {
                "HEAD" | "OPTIONS" => assert_eq!(body, ""),
                _ => assert!(head.contains(&length), "{head}"),
            }
        }
    }
}

/// Does a request that comes late, when others who came no earlier were greeted in text, still get its answer?
fn is_waited_for(server: &Server) -> bool {
    const REQUEST: &str =
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n";
    let mut browser = auto(server, Text);
    let from_elsewhere = server.connect_from([127, 0, 0, 2], Auto);
    Peer::expect(&mut { from_elsewhere }, PROMPT);
    browser.send(REQUEST);
    let answer = browser.rest();
    answer.starts_with(b"HTTP/1.1 200 ")
}

#[test]
fn a_browser_that_came_lately_is_waited_for() {
    let server = Server::with(&[Auto], "--sniff-time 20ms");
    // Its first page comes too late, and is loaded again. A machine that is busy may be later still.
    assert!(!is_waited_for(&server));
    assert!((0..10).any(|_| is_waited_for(&server)));
}

#[test]
fn tls_is_refused_with_an_alert() {
    let server = Server::of(&[Auto]);
    let mut peer = auto(&server, Text);
    peer.send(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03");
    peer.expect(b"\x15\x03\x01\x00\x02\x02\x28").expect_eof();
}

#[test]
fn irc_is_known_by_its_first_command() {
    let server = Server::with(&[Auto], "--server-name irc.test");
    for first in ["NICK bob", "user bob 0 * :Bob", "Cap LS", "PASS secret"] {
        let mut peer = auto(&server, Text);
        let rest = "CAP END\r\nUSER bob 0 * :Bob\r\nNICK bob\r\n";
        peer.send(format!("{first}\r\n{rest}"));
        peer.expect_until(":irc.test 001 bob :Welcome");
    }
}

#[test]
fn a_first_object_without_an_end_is_refused() {
    let server = Server::of(&[Auto]);
    let mut peer = auto(&server, Json);
    peer.send(format!("{{\"data\":\"{}", "x".repeat(10_000)));
    assert_eq!(peer.json()["type"], "error");
}
