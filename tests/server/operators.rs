//! The operator: the console, and operators in band.

use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::process::ChildStdin;

use crate::util::*;

const JOINABLE: [Dialect; 4] = [Text, Json, Pynet, Colon];

/// A server with a console behind a socket, whose directory goes with it.
struct Operated {
    server: Server,
    console: Peer,
    _dir: TempDir,
}

fn operated(dialects: &[Dialect], flags: &str) -> Operated {
    let dir = TempDir::new();
    let path = dir.join("admin");
    let password = dir.join("password");
    std::fs::write(&password, "open sesame\nnot this\n").expect("written");
    let flags = format!(
        "{flags} --admin-socket {} --oper-password-file {}",
        path.display(),
        password.display()
    );
    let server = Server::with(dialects, &flags);
    let console = server.connect(Console);
    Operated {
        server,
        console,
        _dir: dir,
    }
}

/// A text user who is an operator.
fn operator(server: &Server, nick: &str) -> Peer {
    let mut peer = server.join(Text, nick);
    peer.send("/oper open sesame\n");
    peer.expect("[Server] You are an operator now.\n");
    peer
}

/// How the server's own word to all is told.
fn announced(dialect: Dialect, text: &str) -> String {
    match dialect {
        Json => {
            format!("{{\"type\":\"announcement\",\"message\":\"{text}\",\"timestamp\":<unix>}}\n")
        }
        Pynet => server_message(text),
        Colon => format!("\x1b[92m[<hms>] SERVER: {text}\x1b[0m"),
        _ => format!("[Server] {text}\n"),
    }
}

fn kicked(dialect: Dialect) -> String {
    match dialect {
        Json => "{\"type\":\"kicked\",\"message\":\"You have been kicked\"}\n".into(),
        Pynet => server_message("You have been kicked."),
        Colon => "\x1b[91mYou have been kicked by server.\n\x1b[0m".into(),
        _ => "[Server] You have been kicked.\n".into(),
    }
}

#[test]
fn the_console_answers_byte_by_byte() {
    let Operated {
        server,
        mut console,
        ..
    } = operated(&[Text, Colon], "");
    let mut ask = |line: &str, answer: &str| {
        console.send(format!("{line}\n")).expect(answer).silent();
    };
    ask(":list", "SERVER: 0 client(s) connected\n");
    let alice = server.join(Text, "Alice");
    let bob = server.join(Colon, "bob");
    let list = format!(
        "SERVER: 2 client(s) connected\n- Alice ({})\n- bob ({})\n",
        alice.address(),
        bob.address()
    );
    ask(":list", &list);
    ask("/LIST", &list);
    for (line, answer) in [
        (":kick nobody", "Client nobody not found\n"),
        (":kick", "Usage: :kick <username>\n"),
        (":rename nobody x", "Client nobody not found\n"),
        (":rename", "Usage: :rename <old> <new>\n"),
        (":rename bob", "Usage: :rename <old> <new>\n"),
        (":pm nobody hi", "Client nobody not found\n"),
        (":pm", "Usage: :pm <username> <message>\n"),
        (":pm bob", "Usage: :pm <username> <message>\n"),
        (":dance", "Invalid command\n"),
        (":", "Invalid command\n"),
        ("", ""),
        (":pm bob hi", "Private message sent to bob\n"),
        (
            ":rename alice Anna",
            "Client Alice has been renamed to Anna\n",
        ),
        (":kick ANNA", "Client Anna has been kicked\n"),
        (
            ":list",
            &format!("SERVER: 1 client(s) connected\n- bob ({})\n", bob.address()),
        ),
        ("hello all", ""),
        ("help", "Did you mean :help?\n"),
        ("STATS", "Did you mean :stats?\n"),
        ("list", "Did you mean :list?\n"),
        ("hello", "Invalid command\n"),
        (":join den", "Invalid command\n"),
        (":help join", "Invalid command\n"),
        (":pm server hi", "Client server not found\n"),
    ] {
        ask(line, answer);
    }
}

#[test]
fn what_the_console_does_is_told_in_each_dialect() {
    for dialect in JOINABLE {
        let Operated {
            server,
            mut console,
            ..
        } = operated(&JOINABLE, "");
        let mut bob = server.join(dialect, "bob");
        let mut tina = server.join(Text, "tina");
        bob.sync();
        console.send("hello  all\n").silent();
        bob.expect_like(announced(dialect, "hello  all")).silent();
        tina.expect("[Server] hello  all\n");
        console.send(":pm bob psst\n").sync();
        bob.expect_like(match dialect {
            Json => {
                "{\"type\":\"operator_message\",\"message\":\"psst\",\"timestamp\":<unix>}\n".into()
            }
            Pynet => server_message("psst"),
            Colon => "\x1b[93m[<hms>] SERVER [PM] >> \x1b[0mpsst".into(),
            _ => "[Server → you] psst\n".to_string(),
        });
        tina.silent();
        console.send(":rename bob rob\n").sync();
        bob.expect_until("rob");
        bob.sync();
        tina.expect("[Server] bob is now called rob.\n");
        console.send(":kick rob\n");
        console.expect("Client rob has been kicked\n");
        bob.expect(kicked(dialect)).expect_eof();
        tina.expect("[Server] rob left the chat! (kicked)\n")
            .silent();
    }
}

#[test]
fn the_admin_socket_is_its_owners_alone() {
    let dir = TempDir::new();
    let path = dir.join("admin");
    let server = Server::with(&[Text], &format!("--admin-socket {}", path.display()));
    let file = std::fs::symlink_metadata(&path).expect("a file");
    assert!(file.file_type().is_socket());
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    server.signal("TERM");
    assert!(server.wait().status.success());
    assert!(!path.exists());
}

#[test]
fn the_console_stops_the_server() {
    for (line, told) in [
        (":shutdown", None),
        (":shutdown 1", Some("The server stops in 1 s.")),
    ] {
        let Operated {
            server,
            mut console,
            _dir,
        } = operated(&JOINABLE, "");
        let mut peers = JOINABLE.map(|dialect| server.join(dialect, dialect.name()));
        for peer in &mut peers {
            peer.sync();
        }
        console.send(format!("{line}\n"));
        for peer in &mut peers {
            if let Some(told) = told {
                peer.expect_like(announced(peer.dialect, told));
            }
            peer.expect_like(match peer.dialect {
                Json => "{\"type\":\"shutdown\",\"message\":\"The server is shutting down\",\
                         \"timestamp\":<unix>}\n"
                    .into(),
                Pynet => server_message("The server is shutting down."),
                Colon => "\x1b[91m[<hms>] SERVER: Server shutting down...\x1b[0m".into(),
                _ => "[Server] The server is shutting down.\n".to_string(),
            });
            peer.expect_eof();
        }
        console.rest();
        assert!(server.wait().status.success());
    }
}

/// A server whose console is a pipe of ours.
fn piped() -> (Server, ChildStdin) {
    let mut command = program();
    command.args(["--console", "--listen", "text://127.0.0.1:0"]);
    let (server, stdin) = Server::spawn_piped(command, 1);
    (server, stdin)
}

#[test]
fn a_console_on_standard_input() {
    let (server, mut stdin) = piped();
    let mut alice = server.join(Text, "alice");
    stdin.write_all(b":list\n").expect("it is read");
    let list = format!(
        "SERVER: 1 client(s) connected\n- alice ({})\n",
        alice.address()
    );
    server.expect_stdout(&list);
    stdin
        .write_all(b"hello\nhello all\n:kick alice\n")
        .expect("it is read");
    alice.expect("[Server] hello all\n");
    alice.expect(kicked(Text)).expect_eof();
    server.expect_stdout("Client alice has been kicked\n");
    // The end of the input is no end of the server.
    drop(stdin);
    server.join(Text, "bob").silent();
}

#[test]
fn a_console_on_standard_input_stops_the_server() {
    let (server, mut stdin) = piped();
    stdin.write_all(b":shutdown\n").expect("it is read");
    assert!(server.wait().status.success());
}

#[test]
fn without_the_flag_a_pipe_is_no_console() {
    let mut command = program();
    command.args(["--listen", "text://127.0.0.1:0"]);
    let (server, mut stdin) = Server::spawn_piped(command, 1);
    stdin
        .write_all(b":shutdown\nhello\n")
        .expect("a pipe has room");
    let mut alice = server.join(Text, "alice");
    alice.silent();
}

#[test]
fn the_sixth_password_is_not_looked_at() {
    for dialect in JOINABLE {
        let Operated { server, .. } = operated(&JOINABLE, "");
        let mut eve = server.join(dialect, "eve");
        let mut oper = |password: &str| {
            eve.send(match dialect {
                Json => format!("{{\"type\":\"oper\",\"password\":\"{password}\"}}\n"),
                _ => dialect.say(&format!("/oper {password}")),
            });
            String::from_utf8(eve.sync()).expect("UTF-8")
        };
        for wrong in ["open", "open sesame2", "OPEN SESAME", "not this", "x"] {
            let answer = oper(wrong);
            assert!(answer.contains("That is not the password."), "{answer}");
        }
        let answer = oper("open sesame");
        assert!(
            answer.contains("Too many wrong passwords. Wait "),
            "{answer}"
        );
        // That holds for the address, not for the connection, and for no other address.
        let mut again = server.join(Text, "again");
        again.send("/oper open sesame\n");
        again.expect("[Server] Too many wrong passwords. Wait ");
        let mut other = server.connect_from([127, 0, 0, 9], Text);
        other
            .send(Text.join("other"))
            .expect_until("other joined the chat!\n");
        other.send("/oper open sesame\n");
        other.expect("[Server] You are an operator now.\n");
    }
}

/// Many addresses that fail do not make room for guessing from one more.
#[test]
fn guessing_is_bounded_for_each_of_many_addresses() {
    let Operated { server, .. } = operated(&[Text], "");
    for n in 0..1024_u16 {
        let [high, low] = n.to_be_bytes();
        let mut eve = server.connect_from([127, 1, high, low], Text);
        eve.send(format!("e{n}\n/oper guess\n/quit\n"));
        eve.expect_until("That is not the password.\n");
    }
    let mut mallory = server.connect_from([127, 0, 0, 9], Text);
    mallory
        .send("mallory\n")
        .expect_until("mallory joined the chat!\n");
    mallory.sync();
    for _ in 0..5 {
        mallory.send("/oper guess\n");
        mallory.expect("[Server] That is not the password.\n");
    }
    mallory.send("/oper open sesame\n");
    mallory.expect("[Server] Too many wrong passwords. Wait ");
}

#[test]
fn without_a_password_nobody_becomes_an_operator() {
    let server = Server::of(&[Text]);
    let mut eve = server.join(Text, "eve");
    eve.send("/oper \n")
        .expect("[Server] Usage: /oper PASSWORD\n");
    eve.send("/oper x\n")
        .expect("[Server] That is not the password.\n");
}

#[test]
fn only_operators_may() {
    let server = Server::of(&JOINABLE);
    let mut bob = server.join(Text, "bob");
    for dialect in JOINABLE {
        let mut eve = server.join(dialect, "eve");
        bob.sync();
        for (line, json) in [
            ("/ban bob", r#"{"type":"ban","mask":"bob"}"#),
            ("/unban bob", r#"{"type":"unban","mask":"bob"}"#),
            ("/bans", r#"{"type":"bans"}"#),
            (
                "/rename bob x",
                r#"{"type":"rename","username":"bob","to":"x"}"#,
            ),
            ("/announce hi", r#"{"type":"announce","message":"hi"}"#),
            ("/close lobby", r#"{"type":"close_room","room":"lobby"}"#),
            (
                "/lock r",
                r#"{"type":"lock_room","room":"r","locked":true}"#,
            ),
            (
                "/unlock r",
                r#"{"type":"lock_room","room":"r","locked":false}"#,
            ),
            ("/clients", r#"{"type":"clients"}"#),
            ("/stats", r#"{"type":"stats"}"#),
            ("/shutdown", r#"{"type":"shutdown"}"#),
            ("/shutdown 5", r#"{"type":"shutdown","seconds":5}"#),
        ] {
            refused(
                &mut eve,
                line,
                json,
                "Only an operator may do that.",
                "not_operator",
            );
        }
        for (line, json) in [
            ("/kick bob", r#"{"type":"kick","username":"bob"}"#),
            ("/mute bob", r#"{"type":"mute","username":"bob"}"#),
            ("/unmute bob", r#"{"type":"unmute","username":"bob"}"#),
            ("/inviteonly on", r#"{"type":"invite_only","on":true}"#),
            ("/topiclock on", r#"{"type":"topic_lock","on":true}"#),
            ("/key k", r#"{"type":"key","key":"k"}"#),
            ("/invite bob", r#"{"type":"invite","username":"bob"}"#),
            ("/topic x", r#"{"type":"topic","topic":"x"}"#),
        ] {
            refused(
                &mut eve,
                line,
                json,
                "You do not moderate #lobby.",
                "not_moderator",
            );
        }
        bob.silent();
        drop(eve);
        bob.expect("[Server] eve left the chat!\n");
    }
}

#[track_caller]
fn refused(peer: &mut Peer, line: &str, json: &str, why: &str, code: &str) {
    let (frame, answer) = match peer.dialect {
        Json => (
            format!("{json}\n"),
            format!("{{\"type\":\"error\",\"message\":\"{why}\",\"code\":\"{code}\"}}\n"),
        ),
        Pynet => (Pynet.say(line), server_message(why)),
        Colon => (Colon.say(line), red(why)),
        dialect => (dialect.say(line), format!("[Server] {why}\n")),
    };
    peer.send(frame).expect(answer).silent();
}

#[test]
fn figures() {
    let Operated {
        server,
        mut console,
        ..
    } = operated(&[Text, Json], "");
    let mut alice = operator(&server, "alice");
    let mut jan = server.join(Json, "jan");
    jan.say("hi").sync();
    alice.sync();
    alice.send("/stats\n");
    let shown = String::from_utf8(alice.sync()).expect("UTF-8");
    let value = |name: &str| {
        let lines = shown
            .lines()
            .map(|line| line.strip_prefix("[Server] ").expect("ours"));
        let found: Vec<&str> = lines
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .collect();
        assert_eq!(found.len(), 1, "{name}: {shown}");
        found[0].parse::<u64>().expect("a number")
    };
    for (name, expected) in [
        ("online", 2),
        ("text", 1),
        ("json", 1),
        ("pynet", 0),
        ("colon", 0),
        ("console", 1),
        ("rooms", 1),
        ("messages in", 1),
        ("messages out", 1),
        ("refused", 0),
    ] {
        assert_eq!(value(name), expected, "{name}");
    }
    for name in ["bytes in", "bytes out", "turns"] {
        assert!(value(name) > 0, "{name}");
    }
    for name in [
        "uptime s",
        "SendQ total",
        "SendQ largest",
        "longest turn us",
        "longest turn since asked us",
    ] {
        value(name);
    }
    console.send("/stats\n");
    let shown = String::from_utf8(console.sync()).expect("UTF-8");
    assert!(shown.contains("messages in: 1\n"), "{shown}");
    console.send("/kick nobody too  loud\n").sync();
    server.expect_log("the console asks: /kick nobody too  loud\n");
    server.signal("USR1");
    server.expect_log("messages in 1, messages out 1, ");
}
