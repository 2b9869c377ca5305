//! A new program under a service manager: it is started by a signal, told of, and then served as the first one was.

use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::util::*;

/// The process that goes on, which nobody here has started. It ends with the test.
struct Heir(String);

impl Heir {
    fn signal(&self, name: &str) {
        let signalled = Command::new("kill").args(["-s", name, &self.0]).status();
        assert!(signalled.expect("kill runs").success());
    }
}

impl Drop for Heir {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-s", "KILL", &self.0]).output();
    }
}

/// What the service manager is told next.
#[track_caller]
fn next(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 512];
    let count = manager.recv(&mut buffer).expect("it is told");
    String::from_utf8_lossy(&buffer[..count]).into_owned()
}

#[test]
fn a_signal_has_the_installed_program_go_on_as_the_main_process() {
    let directory = TempDir::new();
    let manager = UnixDatagram::bind(directory.join("notify")).expect("a socket");
    manager
        .set_read_timeout(Some(DEADLINE))
        .expect("a deadline");
    let file = directory.join("hubbub.toml");
    std::fs::write(&file, "max-frame = 8192\nbacklog = 5\n").expect("written");
    let mut command = program();
    command.args(["--listen", "text://127.0.0.1:0", "--no-console", "--config"]);
    command.arg(&file);
    // As the unit has it: what is run for one start only.
    command.env("RUNTIME_DIRECTORY", directory.join(""));
    command.env("NOTIFY_SOCKET", directory.join("notify"));
    let server = Server::spawn(command, 1);
    assert_eq!(next(&manager), "READY=1\n");
    let (mut ann, mut bob) = (server.join(Text, "ann"), server.join(Text, "bob"));
    ann.after_all();
    ann.send("half a ");

    // What waits for a take-over holds with it.
    std::fs::write(&file, "max-frame = 8192\nbacklog = 6\n").expect("written");
    server.signal("HUP");
    assert!(next(&manager).starts_with("RELOADING=1\n"));
    assert_eq!(next(&manager), "READY=1\n");
    server.expect_log("options wait for a take-over or the next start: backlog");
    server.signal("USR2");
    let main = next(&manager);
    let main = main.strip_prefix("MAINPID=").expect("it is another");
    let heir = Heir(main.trim().to_owned());
    assert_eq!(next(&manager), "READY=1\n");
    server.expect_log("taken over: 2 connections");
    ann.send("line\n");
    bob.expect_until("[ann] half a line\n");

    // It reads its options again as the first one did.
    std::fs::write(&file, "max-frame = 5000\nbacklog = 6\n").expect("written");
    heir.signal("HUP");
    assert!(next(&manager).starts_with("RELOADING=1\n"));
    assert_eq!(next(&manager), "READY=1\n");
    server.expect_log("options read again: max-frame");
    ann.send(format!("{}\n", "x".repeat(5001)));
    ann.expect_until("5000");

    // And it can be taken over from.
    heir.signal("USR2");
    let main = next(&manager);
    let main = main.strip_prefix("MAINPID=").expect("it is another");
    let last = Heir(main.trim().to_owned());
    assert_eq!(next(&manager), "READY=1\n");
    ann.say("still here");
    bob.expect_until("[ann] still here\n");
    last.signal("TERM");
    assert_eq!(next(&manager), "STOPPING=1\n");
    ann.rest();
}
