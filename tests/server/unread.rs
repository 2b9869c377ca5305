//! A log, and a console's output, that nobody reads.

use std::fs::File;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::util::*;

/// The two ends of a terminal: who looks at it, and the terminal.
pub(crate) fn terminal() -> (File, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let viewer = openpt(flags).expect("a terminal");
    grantpt(&viewer).expect("granted");
    unlockpt(&viewer).expect("unlocked");
    let name = ptsname(&viewer, Vec::new()).expect("a name");
    let name = name.into_string().expect("ASCII");
    let terminal = File::options().read(true).write(true).open(name);
    (File::from(viewer), terminal.expect("a terminal"))
}

fn connect_when_open(door: &str) -> Peer {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match Peer::try_connect(door, Text, |_| ()) {
            Ok(peer) => return peer,
            Err(e) => assert!(Instant::now() < deadline, "{door}: {e}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Has a server, which `prepare` gives its standard streams, write what `provoke` makes it write, and sees
/// that it goes on. What `prepare` returns is kept until then.
fn goes_on<T>(
    prepare: impl FnOnce(&mut Command) -> T,
    provoke: impl FnOnce(&mut Child, &mut Peer),
) {
    let directory = TempDir::new();
    let password = directory.join("password");
    std::fs::write(&password, "sesame\n").expect("a file");
    let door = format!("text+unix://{}", directory.join("chat.sock").display());
    let mut command = program();
    command.args(["--listen", &door, "--oper-password-file"]);
    command.arg(&password);
    let kept = prepare(&mut command);
    let mut child = command.spawn().expect("the program starts");
    let mut alice = connect_when_open(&door);
    alice.send("Alice\n").expect(PROMPT).line();
    alice.send("/oper sesame\n").line();
    provoke(&mut child, &mut alice);
    alice.sync();
    child.kill().expect("a child of ours");
    child.wait().expect("a child of ours");
    drop(kept);
}

/// Orders whose lines in the log are of many lengths, the longest beyond what a pipe takes at once.
fn fill_log(alice: &mut Peer) {
    for len in (0..100).map(|n| 4_090 - n * 37 % 700) {
        alice.send(format!("/announce {}\n", "x".repeat(len)));
        alice.sync();
    }
}

#[test]
fn nobody_reads_the_log_of_a_pipe() {
    let prepare = |command: &mut Command| {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::piped());
    };
    goes_on(prepare, |_, alice| fill_log(alice));
}

#[test]
fn nobody_reads_the_log_on_a_terminal() {
    let prepare = |command: &mut Command| {
        let (viewer, terminal) = terminal();
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(terminal);
        viewer
    };
    goes_on(prepare, |_, alice| fill_log(alice));
}

#[test]
fn nobody_reads_what_the_console_answers() {
    let prepare = |command: &mut Command| {
        command.arg("--console");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::null());
    };
    goes_on(prepare, |child, alice| {
        let mut stdin = child.stdin.take().expect("piped");
        // More than the pipe of standard output holds, less than the server and that of its input do.
        let sent = stdin.write_all(":list\n".repeat(5_000).as_bytes());
        sent.expect("it is read");
        alice.sync();
        std::mem::forget(stdin);
    });
}

#[test]
fn a_line_of_the_log_is_at_most_what_a_pipe_takes_at_once() {
    let directory = TempDir::new();
    let password = directory.join("password");
    std::fs::write(&password, "sesame\n").expect("a file");
    let flags = format!("--oper-password-file {}", password.display());
    let server = Server::with(&[Text], &flags);
    let mut alice = server.join(Text, "Alice");
    alice.send("/oper sesame\n").line();
    alice
        .send(format!("/announce {}\n", "日".repeat(1_365)))
        .sync();
    let log = server.expect_log("…\n");
    assert!(log.lines().all(|line| line.len() < 4096), "{log}");
}
