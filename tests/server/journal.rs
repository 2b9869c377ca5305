//! The log: what other programs read of it, and that people can.

use std::path::Path;
use std::process::Command;

use crate::util::*;

/// What Rust's own prints of values have, and no sentence.
const DEBUG_TEXT: [&str; 12] = [
    "Some(", "None", "Ok(", "Err(", "Error(", "Error {", "Os {", "kind:", "code:", " { ", "Custom",
    "::<",
];

#[track_caller]
fn assert_readable(log: &str, of: &str) {
    assert!(!log.is_empty(), "nothing is said of {of}");
    for part in DEBUG_TEXT {
        assert!(!log.contains(part), "{part:?} of {of}:\n{log}");
    }
}

fn fixture(name: &str) -> String {
    format!("{}/tests/server/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a server says that does not start.
fn refusal(arguments: &str) -> String {
    // Where it starts after all, that is seen from the arguments.
    eprintln!("hubbub {arguments}");
    let exited = run(program().args(arguments.split_whitespace()));
    assert!(!exited.status.success(), "{arguments}");
    exited.stderr
}

#[test]
fn why_it_does_not_start_is_said_in_words() {
    let dir = TempDir::new();
    let at = |name: &str| dir.join(name).display().to_string();
    let server = Server::of(&[Text]);
    let taken = server.address(Text);
    std::fs::write(at("file"), "no database\n").expect("a file");
    std::fs::create_dir(at("broken")).expect("a directory");
    std::fs::write(at("broken/history.db"), "x".repeat(5000)).expect("a file");
    std::fs::write(at("broken/hubbub.db"), "x".repeat(5000)).expect("a file");
    std::fs::write(at("state"), "{\"version\":7}").expect("a file");
    std::fs::write(at("toml"), "max-message = [1\n").expect("a file");
    std::fs::write(at("typo"), "max-mesage = 1\n").expect("a file");
    let (chain, key) = (fixture("chain.pem"), fixture("chain.key"));
    for arguments in [
        format!("--listen text://{taken}"),
        "--listen text://192.0.2.1:0".into(),
        "--listen text://no.such.host.invalid:1".into(),
        "--listen text+unix:///nowhere/at/all".into(),
        format!("--listen text+unix://{}?group=nobody-s", at("socket")),
        "--listen what".into(),
        "--listen tls+text://127.0.0.1:0".into(),
        format!("--data {}", at("file")),
        "--data /proc/nowhere".into(),
        format!("--config {}", at("toml")),
        format!("--config {}", at("typo")),
        format!("--config {}", at("nowhere")),
        format!("--tls-cert {} --tls-key {key}", at("nowhere")),
        format!("--tls-cert {chain} --tls-key {}", at("file")),
        format!("--tls-cert {} --tls-key {key}", fixture("no_der.pem")),
        format!("--tls-cert {} --tls-key {key}", fixture("cut.pem")),
        format!("--tls-cert {chain} --tls-key {}", fixture("rsa.key")),
        format!("--tls-cert {chain} --tls-key {}", fixture("password.key")),
        format!("--oper-password-file {}", at("nowhere")),
        format!("--api-token-file {}", at("nowhere")),
        "--max-message x".into(),
        "--nothing".into(),
    ] {
        let listen = match arguments.contains("--listen") {
            true => "",
            false => "--listen text://127.0.0.1:0 ",
        };
        assert_readable(&refusal(&format!("{listen}{arguments}")), &arguments);
    }
    // Of a broken database or a broken file of settings something is said, whether it starts or not.
    for arguments in [
        format!("--data {}", at("broken")),
        format!("--state {}", at("state")),
    ] {
        let mut command = Command::new("timeout");
        command.args([
            "2",
            env!("CARGO_BIN_EXE_hubbub"),
            "--listen",
            "text://127.0.0.1:0",
        ]);
        let exited = run(command.args(arguments.split(' ')));
        assert_readable(&exited.stderr, &arguments);
    }
    let checked = run(program().args(["check", &at("typo")]));
    assert_readable(&checked.stderr, "a wrong file");
    let health = run(program().args(["health", "127.0.0.1:1"]));
    assert_readable(&health.stderr, "nobody there");
    let history = run(program().args(["history", "lobby", "--data", &at("file")]));
    assert_readable(&history.stderr, "no history");
}

#[test]
fn what_goes_wrong_while_it_runs_is_said_in_words() {
    let dir = TempDir::new();
    let at = |name: &str| dir.join(name);
    let (certificate, key) = (at("cert.pem"), at("key.pem"));
    std::fs::copy(fixture("chain.pem"), &certificate).expect("a copy");
    std::fs::copy(fixture("chain.key"), &key).expect("a copy");
    std::fs::write(at("oper"), "sesame\n").expect("a file");
    std::fs::write(at("tokens"), "secret builder\n").expect("a file");
    let shown = |path: &Path| path.display().to_string();
    let flags = format!(
        "--tls-cert {} --tls-key {} --oper-password-file {} --api-token-file {} --data {} \
         --max-frame 4KiB --join-timeout 300ms --handshake-timeout 300ms",
        shown(&certificate),
        shown(&key),
        shown(&at("oper")),
        shown(&at("tokens")),
        shown(&at("data")),
    );
    let doors = [
        "tls+text://127.0.0.1:0",
        "text://127.0.0.1:0",
        "json://127.0.0.1:0",
        "http://127.0.0.1:0",
        "irc://127.0.0.1:0",
    ];
    let server = Server::open(&doors, &flags);
    let [tls, text, json, http, irc] = server.doors() else {
        panic!("five doors");
    };
    Peer::connect(tls, Text)
        .send("GET / HTTP/1.1\r\n\r\n")
        .rest();
    Peer::connect(tls, Text)
        .send([22, 3, 1, 0, 5, 1, 0, 0, 1, 0])
        .rest();
    Peer::connect(text, Text).rest();
    Peer::connect(text, Text).send("a b\n".repeat(12)).rest();
    Peer::connect(text, Text)
        .send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .rest();
    Peer::connect(json, Json).send("[1,2\n").rest();
    Peer::connect(http, Auto).send("BAD\0 /\r\n\r\n").rest();
    Peer::connect(irc, Irc)
        .send("PASS x\r\nNICK a\r\nQUIT\r\n")
        .rest();
    let mut bob = server.join(Text, "bob");
    bob.send("/login bob wrong\n/oper wrong\n/export den\n")
        .sync();
    bob.send([b"x".repeat(9000), b"\n".to_vec()].concat())
        .sync();
    bob.send([0xFF, 0xFE, 0x80, b'\n']).sync();
    bob.reset();
    for name in ["cert.pem", "key.pem", "oper", "tokens"] {
        std::fs::remove_file(at(name)).expect("it was there");
    }
    server.signal("HUP");
    server.expect_log("stays in use");
    std::fs::write(&certificate, "nothing\n").expect("a file");
    std::fs::write(&key, "nothing\n").expect("a file");
    server.signal("HUP");
    server.expect_log("left: ");
    server.signal("TERM");
    let exited = server.wait();
    assert_readable(&exited.stderr, "what went wrong");
    for part in ["login failed", "oper failed", "dropped "] {
        assert!(exited.stderr.contains(part), "{part}: {}", exited.stderr);
    }
}

/// How many lines end so.
fn lines(log: &str, end: &str) -> usize {
    log.lines().filter(|line| line.ends_with(end)).count()
}

#[test]
fn whoever_proves_something_is_in_the_log_once_from_every_door() {
    let dir = TempDir::new();
    let (oper, socket) = (dir.join("oper"), dir.join("admin"));
    std::fs::write(&oper, "sesame\n").expect("a file");
    let flags = format!(
        "--data {} --oper-password-file {} --admin-socket {}",
        dir.join("data").display(),
        oper.display(),
        socket.display()
    );
    let server = Server::with(&[Text, Json, Colon, Pynet, Irc], &flags);
    let own = "address=127.0.0.1";

    let mut ann = server.join(Text, "ann");
    ann.send("/register pw\n").expect_until("is registered");
    ann.send("/oper no\n/oper sesame\n")
        .expect_until("an operator now.\n");
    let mut bot = server.join(Json, "jo");
    bot.send("{\"type\":\"register\",\"password\":\"pw\"}\n")
        .sync();
    bot.send(
        "{\"type\":\"oper\",\"password\":\"no\"}\n{\"type\":\"oper\",\"password\":\"sesame\"}\n",
    );
    bot.sync();
    let mut col = server.join(Colon, "col");
    col.send(":register pw\n").expect_until("is registered");
    col.send(":oper no\n").expect_until("not the password");
    col.send(":oper sesame\n").expect_until("an operator now");
    let mut pyn = server.join(Pynet, "pyn");
    pyn.send("{\"type\":\"chat\",\"data\":\"/register pw\"}")
        .expect_until("is registered");
    pyn.send("{\"type\":\"chat\",\"data\":\"/oper no\"}")
        .expect_until("not the password");
    pyn.send("{\"type\":\"chat\",\"data\":\"/oper sesame\"}")
        .expect_until("an operator now");
    let mut ivy = server.connect(Irc);
    ivy.send("NICK ivy\r\nUSER i 0 * :i\r\n")
        .expect_until(" 376 ");
    ivy.send("REGISTER * * pw\r\n")
        .expect_until("REGISTER SUCCESS ivy");
    ivy.send("OPER x no\r\n").expect_until(" 464 ");
    ivy.send("OPER x sesame\r\n").expect_until(" 381 ");
    for name in ["ann", "jo", "col", "pyn", "ivy"] {
        let log = server.expect_log(&format!(" oper name={name} {own}\n"));
        for deed in ["registration", "oper failed", "oper"] {
            let end = format!(" {deed} name={name} {own}");
            assert_eq!(lines(&log, &end), 1, "{end:?} in\n{log}");
        }
    }
    drop((ann, bot, col, pyn, ivy));

    let mut tom = server.join(Text, "tom");
    tom.send("/login ann no\n").expect_until("wrong.\n");
    tom.send("/login ann pw\n")
        .expect_until("logged in as ann.\n");
    let mut jim = server.join(Json, "jim");
    jim.send("{\"type\":\"login\",\"username\":\"jo\",\"password\":\"no\"}\n")
        .sync();
    jim.send("{\"type\":\"login\",\"username\":\"jo\",\"password\":\"pw\"}\n")
        .sync();
    let mut cat = server.join(Colon, "cat");
    cat.send(":login col no\n").expect_until("is wrong");
    cat.send(":login col pw\n").expect_until("logged in as col");
    let mut pat = server.join(Pynet, "pat");
    pat.send("{\"type\":\"chat\",\"data\":\"/login pyn no\"}")
        .expect_until("is wrong");
    pat.send("{\"type\":\"chat\",\"data\":\"/login pyn pw\"}")
        .expect_until("logged in as pyn");
    let mut ida = server.connect(Irc);
    ida.send("CAP REQ sasl\r\nNICK ida\r\nUSER i 0 * :i\r\nAUTHENTICATE PLAIN\r\n");
    // \0ivy\0no, \0ivy\0pw
    ida.send("AUTHENTICATE AGl2eQBubw==\r\n")
        .expect_until(" 904 ");
    ida.send("AUTHENTICATE PLAIN\r\nAUTHENTICATE AGl2eQBwdw==\r\nCAP END\r\n")
        .expect_until(" 376 ");
    for name in ["ann", "jo", "col", "pyn", "ivy"] {
        let log = server.expect_log(&format!(" login name={name} {own}\n"));
        for deed in ["login failed", "login"] {
            let end = format!(" {deed} name={name} {own}");
            assert_eq!(lines(&log, &end), 1, "{end:?} in\n{log}");
        }
    }

    // Who put whom out, and kept whom out, from each of them and from the console.
    let mut console = server.connect(Console);
    tom.send("/oper sesame\n")
        .expect_until("an operator now.\n");
    jim.send("{\"type\":\"oper\",\"password\":\"sesame\"}\n")
        .sync();
    cat.send(":oper sesame\n").expect_until("an operator now");
    pat.send("{\"type\":\"chat\",\"data\":\"/oper sesame\"}")
        .expect_until("an operator now");
    ida.send("OPER x sesame\r\n").expect_until(" 381 ");
    for victim in ["v1", "v2", "v3", "v4", "v5", "v6"] {
        let mut peer = server.join(Text, victim);
        match victim {
            "v1" => tom.send("/kick v1 out\n/ban w1 1h no\n"),
            "v2" => jim.send(
                "{\"type\":\"kick\",\"username\":\"v2\",\"reason\":\"out\"}\n\
                 {\"type\":\"ban\",\"mask\":\"w2\",\"seconds\":3600,\"reason\":\"no\"}\n",
            ),
            "v3" => cat.send(":kick v3 out\n:ban w3 1h no\n"),
            "v4" => pat.send(
                "{\"type\":\"chat\",\"data\":\"/kick v4 out\"}\
                 {\"type\":\"chat\",\"data\":\"/ban w4 1h no\"}",
            ),
            "v5" => ida.send("KILL v5 :out\r\nKLINE 60 w5 :no\r\n"),
            _ => console.send(":kick v6 out\n:ban w6 1h no\n"),
        };
        peer.rest();
    }
    for (at, by) in ["ann", "jo", "col", "pyn", "ida", "-"].iter().enumerate() {
        let number = at + 1;
        let log = server.expect_log(&format!("ban mask=\"w{number}\""));
        let kick = format!(" kick name=v{number} {own} by={by} reason=\"out\"");
        assert_eq!(lines(&log, &kick), 1, "{kick:?} in\n{log}");
        let from = match *by {
            "-" => "name=- address=".into(),
            by => format!("name={by} {own} reason=\"no\""),
        };
        let ban = format!(" ban mask=\"w{number}\" seconds=3600 {from}");
        assert_eq!(log.matches(&ban).count(), 1, "{ban:?} in\n{log}");
    }
}

#[test]
fn a_null_in_what_is_posted_is_as_if_it_were_not_there() {
    let dir = TempDir::new();
    std::fs::write(dir.join("tokens"), "secret builder\n").expect("a file");
    let flags = format!("--api-token-file {}", dir.join("tokens").display());
    let server = Server::with(&[Auto], &flags);
    let body = "{\"message\":\"x\",\"username\":null,\"room\":null,\"id\":null}";
    let response = server.request(
        server.door(Auto),
        "POST /api/v1/rooms/lobby/messages",
        "Authorization: Bearer secret\r\n",
        body,
    );
    assert_eq!(response.status, 201, "{}", quoted(&response.body));
    assert_eq!(response.json()["username"], "builder");
}
