use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use crate::util::*;

fn run_with(arguments: &[&str]) -> Exited {
    run(program().args(arguments))
}

#[track_caller]
fn assert_fails(arguments: &[&str], code: i32) -> String {
    let exited = run_with(arguments);
    assert_eq!(
        exited.status.code(),
        Some(code),
        "{arguments:?}: {exited:?}"
    );
    assert_eq!(exited.stdout, "", "{arguments:?}");
    assert_eq!(
        exited.stderr.lines().count(),
        1,
        "{arguments:?}: {exited:?}"
    );
    assert!(!exited.stderr.contains("panicked"), "{exited:?}");
    exited.stderr
}

fn unix_door(dialect: Dialect, path: &Path) -> String {
    format!("{}+unix://{}", dialect.name(), path.display())
}

#[test]
fn help_and_version() {
    let help = run_with(&["--help"]);
    assert_eq!((help.status.code(), help.stderr.as_str()), (Some(0), ""));
    for shown in [
        "--listen",
        "127.0.0.1:8080",
        "--max-message",
        "4096",
        "--max-frame",
        "8192",
        "--join-timeout",
        "30s",
        "--idle-timeout",
        "--sendq-soft",
        "256KiB",
        "--sendq-hard",
        "1MiB",
        "--sendq-time",
        "10s",
        "--max-connections",
        "--backlog",
    ] {
        assert!(help.stdout.contains(shown), "{shown}: {}", help.stdout);
    }
    let version = run_with(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    // A build of a clone says of which commit.
    let said = version
        .stdout
        .strip_prefix(concat!("hubbub ", env!("CARGO_PKG_VERSION")));
    let said = said.expect("the version").trim_end_matches('\n');
    let commit = said.strip_prefix(" (").and_then(|it| it.strip_suffix(')'));
    let is_commit = |hex: &str| hex.len() >= 10 && hex.bytes().all(|it| it.is_ascii_hexdigit());
    assert!(said.is_empty() || commit.is_some_and(is_commit), "{said}");
}

#[test]
fn wrong_arguments_exit_2_with_one_line() {
    for wrong in [
        &["--nonsense"][..],
        &["nonsense"],
        &["--listen"],
        &["--listen", ""],
        &["--listen", "nowhere"],
        &["--listen", "127.0.0.1"],
        &["--listen", "127.0.0.1:65536"],
        &["--listen", "morse://127.0.0.1:0"],
        &["--listen", "text+unix://"],
        &["--listen", "text+unix:///x.sock?mode=0999"],
        &["--listen", "text+unix:///x.sock?group=no-such-group"],
        &["--listen", "text+unix:///x.sock?owner=root"],
        &["--max-message", "0"],
        &["--max-message", "many"],
        &["--max-message", "9000"],
        &["--max-frame", "-1"],
        &["--join-timeout", "soon"],
        &["--max-connections", "0"],
        &["--backlog", "0"],
        &["--sendq-hard", "1KiB"],
        &["--listen", "a\nb"],
    ] {
        assert_fails(wrong, 2);
    }
}

#[test]
fn a_file_of_options_is_a_start_and_can_be_checked() {
    let directory = TempDir::new();
    let path = directory.join("hubbub.toml");
    let file = path.to_str().expect("UTF-8");
    let written = |text: &str| std::fs::write(&path, text).expect("a file can be written");

    let example = run_with(&["config"]);
    assert_eq!(example.status.code(), Some(0), "{example:?}");
    assert!(example.stdout.contains("\n#max-message = 4096\n"));
    written(&example.stdout);
    let checked = run_with(&["check", file]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    assert_eq!(checked.stdout, format!("{file} is good\n"));

    written("listen = \"text://127.0.0.1:0\"\nmax-message = 5\n");
    let mut command = program();
    command.args(["--config", file]);
    let server = Server::spawn(command, 1);
    let mut alice = server.join(Text, "Alice");
    alice.send("it is too long\n");
    alice.expect("[Server] That message is too long: 5 bytes at most.\n");
    let mut command = program();
    command.env("HUBBUB_LISTEN", "json://127.0.0.1:0 text://127.0.0.1:0");
    let of_variable = Server::spawn(command, 2);
    assert!(of_variable.doors()[0].starts_with("json://127.0.0.1:"));

    written("\nmax-mesage = 5\n");
    let line = assert_fails(&["check", file], 2);
    assert!(
        line.contains(":2: no option is called max-mesage; did you mean max-message?"),
        "{line}"
    );
    written("oper-password-file = \"/nowhere/password\"\n");
    let line = assert_fails(&["check", file], 1);
    assert!(line.contains("/nowhere/password"), "{line}");
    assert_fails(&["check"], 2);
    assert_fails(&["check", "/nowhere/hubbub.toml"], 2);
}

#[test]
fn a_door_that_cannot_be_opened_exits_1_with_one_line() {
    let server = Server::of(&[Text]);
    let busy = server.address(Text).to_string();
    for place in [busy.as_str(), "192.0.2.1:1"] {
        assert!(assert_fails(&["--listen", place], 1).contains(place));
    }
    let line = assert_fails(&["--listen", "127.0.0.1:0", "--listen", &busy], 1);
    assert!(line.contains(&busy), "{line}");
    assert_fails(
        &["--listen", &format!("text+unix:///{}", "x".repeat(200))],
        1,
    );
    let line = assert_fails(&["--listen", "text+unix:///nowhere/at/all.sock"], 1);
    assert!(line.contains("/nowhere/at/all.sock"), "{line}");
}

#[test]
fn who_may_connect_to_a_unix_socket_is_said_with_it() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let directory = TempDir::new();
    let own_group = std::fs::metadata(directory.join(".")).expect("there").gid();
    for (options, mode) in [
        ("?mode=0666".into(), 0o666),
        (format!("?group={own_group}"), 0o660),
        (format!("?mode=0620&group={own_group}"), 0o620),
    ] {
        let path = directory.join("chat.sock");
        let door = format!("text+unix://{}", path.display());
        let server = Server::open(&[&format!("{door}{options}")], "");
        assert_eq!(server.doors(), [door.as_str()]);
        let file = std::fs::metadata(&path).expect("a socket");
        let has = (file.permissions().mode() & 0o7777, file.gid());
        assert_eq!(has, (mode, own_group), "{options}");
        server.join(Text, "Alice").sync();
        server.signal("TERM");
        server.wait();
        assert!(!path.exists(), "it goes with its server");
    }
}

#[test]
fn several_doors_each_with_its_line() {
    let dialects = [Auto, Text, Json, Pynet, Anon, Echo, Colon];
    let server = Server::of(&dialects);
    assert_eq!(server.doors().len(), dialects.len());
    for (door, dialect) in server.doors().iter().zip(dialects) {
        let port = door.strip_prefix(&format!("{}://127.0.0.1:", dialect.name()));
        assert_ne!(port.expect(door).parse::<u16>().expect(door), 0);
    }
    let mut alice = server.join(Text, "Alice");
    server
        .connect(Echo)
        .send("hi")
        .expect("Echo: hi")
        .expect_eof();
    let _bob = server.join(Json, "bob");
    alice.expect("[Server] bob joined the chat!\n");
}

#[test]
fn a_door_without_a_dialect_is_auto() {
    let server = Server::open(&["127.0.0.1:0"], "");
    assert!(server.doors()[0].starts_with("auto://127.0.0.1:"));
    server.connect(Auto).send("bob\n").expect(PROMPT);
}

#[test]
fn nothing_else_goes_to_standard_output() {
    let server = Server::of(&[Text, Json]);
    let mut alice = server.join(Text, "Alice");
    alice.send("hi\n/foo\n/quit\n").rest();
    drop(alice);
    let doors = server.doors().to_vec();
    server.signal("TERM");
    let exited = server.wait();
    let lines: Vec<String> = doors
        .iter()
        .map(|door| format!("listening on {door}\n"))
        .collect();
    assert_eq!(exited.stdout, lines.concat());
    for part in ["Alice joined", "Alice left", "1 online"] {
        assert!(exited.stderr.contains(part), "{}", exited.stderr);
    }
    assert!(!exited.stderr.contains("hi"), "{}", exited.stderr);
}

#[test]
fn a_log_line_is_one_line_whatever_a_peer_sent() {
    let server = Server::of(&[Text, Json]);
    let mut peer = server.connect(Text);
    peer.send("a\x1b[2J\nb!\rc!\r\nEvil\u{202e}\nGood\n/\x1b]0;x\x07\n");
    peer.expect_until("Good joined the chat!\n");
    peer.sync();
    server
        .connect(Json)
        .send("{\"type\":\"join\",\"username\":\"\\u001b[2J\\n\"}\n")
        .rest();
    let log = server.log();
    assert!(
        log.bytes().all(|byte| byte == b'\n' || byte >= b' '),
        "{log:?}"
    );
}

#[test]
fn ipv6_where_there_is_one() {
    if TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let server = Server::open(
        &["text://[::1]:0", "anon://[::1]:0", "colon://[::1]:0"],
        "--show-addresses",
    );
    assert!(server.door(Text).starts_with("text://[::1]:"));
    let mut alice = server.join(Text, "Alice");
    let mut anon = server.join(Anon, "");
    let mut colon = server.join(Colon, "colon");
    anon.sync();
    alice.sync();
    let bob = server.join(Text, "Bob");
    colon.expect_like(Colon.joined("Bob", bob.address()));
    drop(bob);
    alice.say("hi").sync();
    let port = alice.address().port();
    let shown = String::from_utf8(anon.sync()).expect("UTF-8");
    assert!(
        shown.starts_with("('::1', ") && shown.ends_with(") dice: hi\n"),
        "{shown}"
    );
    assert!(shown.contains(&port.to_string()), "{shown}");
}

#[test]
fn unix_sockets_for_each_dialect() {
    let directory = TempDir::new();
    let dialects = [Auto, Text, Json, JsonPadded, Pynet, Anon, Echo, Colon];
    let doors = dialects.map(|dialect| unix_door(dialect, &directory.join(dialect.name())));
    let doors: Vec<&str> = doors.iter().map(String::as_str).collect();
    let server = Server::open(&doors, "");
    assert_eq!(server.doors(), doors);
    let mut alice = server.join(Text, "Alice");
    for dialect in [Json, JsonPadded, Pynet, Colon] {
        let nick = match dialect {
            JsonPadded => "padded",
            _ => dialect.name(),
        };
        let mut peer = server.join(dialect, nick);
        alice.expect(format!("[Server] {nick} joined the chat!\n"));
        peer.say("hi").sync();
        alice.expect(format!("[{nick}] hi\n"));
        drop(peer);
        alice.expect(format!("[Server] {nick} left the chat!\n"));
    }
    let mut anon = server.join(Anon, "");
    assert!(alice.line().starts_with("[Server] anon-"));
    alice.say("hi");
    let shown = anon.line();
    assert!(shown.ends_with(") dice: hi\n"), "{shown}");
    server
        .connect(Echo)
        .send("hi")
        .expect("Echo: hi")
        .expect_eof();
    server.connect(Auto).send("bob\n").expect(PROMPT);
    server.signal("TERM");
    alice.rest();
    drop((alice, anon));
    assert_eq!(server.wait().status.code(), Some(0));
    for dialect in dialects {
        assert!(
            !directory.join(dialect.name()).exists(),
            "it is removed at the exit"
        );
    }
}

#[test]
fn a_stale_socket_file_is_replaced() {
    let directory = TempDir::new();
    let path = directory.join("chat.sock");
    drop(UnixListener::bind(&path).expect("a fresh path"));
    assert!(path.exists());
    let door = unix_door(Text, &path);
    for _ in 0..2 {
        let server = Server::open(&[&door], "");
        server.join(Text, "Alice").silent();
        server.signal("KILL");
        server.wait();
        assert!(path.exists(), "a killed server leaves its file");
    }
}

#[test]
fn a_live_socket_is_refused_and_left_alone() {
    let directory = TempDir::new();
    let path = directory.join("chat.sock");
    let door = unix_door(Text, &path);
    let server = Server::open(&[&door], "");
    assert_fails(&["--listen", &door], 1);
    server.join(Text, "Alice").silent();
    let other = directory.join("other.sock");
    let listener = UnixListener::bind(&other).expect("a fresh path");
    assert_fails(&["--listen", &unix_door(Text, &other)], 1);
    drop(UnixStream::connect(&other).expect("it still listens"));
    drop(listener);
}

#[test]
fn what_is_no_socket_is_refused_and_left_alone() {
    let directory = TempDir::new();
    let file = directory.join("file");
    std::fs::write(&file, "precious").expect("a fresh file");
    let link = directory.join("link");
    std::os::unix::fs::symlink(&file, &link).expect("a fresh link");
    let subdirectory = directory.join("directory");
    std::fs::create_dir(&subdirectory).expect("a fresh directory");
    for path in [&file, &link, &subdirectory] {
        let line = assert_fails(&["--listen", &unix_door(Text, path)], 1);
        assert!(line.contains(&path.display().to_string()), "{line}");
    }
    assert_eq!(
        std::fs::read_to_string(&link).expect("it is there"),
        "precious"
    );
    let refused = UnixStream::connect(&file).map_err(|e| e.kind());
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
}
