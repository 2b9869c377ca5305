use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::util::*;

/// Runs `hubbub account` with `input` on its standard input.
fn account(dir: &Path, arguments: &str, input: &str) -> Exited {
    let mut command = program();
    command.arg("account").args(arguments.split_whitespace());
    command.arg("--data").arg(dir);
    run_with_input(&mut command, input)
}

#[track_caller]
fn succeeds(dir: &Path, arguments: &str, input: &str) -> String {
    let exited = account(dir, arguments, input);
    let (code, stderr) = (exited.status.code(), exited.stderr.as_str());
    assert_eq!((code, stderr), (Some(0), ""), "{arguments}");
    exited.stdout
}

/// Fails with one line.
#[track_caller]
fn fails(dir: &Path, arguments: &str, input: &str, code: i32) -> String {
    let exited = account(dir, arguments, input);
    assert_eq!(exited.status.code(), Some(code), "{arguments}: {exited:?}");
    assert_eq!(exited.stdout, "", "{arguments}");
    assert_eq!(exited.stderr.lines().count(), 1, "{arguments}: {exited:?}");
    exited.stderr
}

/// Everything in the files of a directory.
fn bytes(dir: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| std::fs::read(path).expect("a file"))
        .collect()
}

fn has(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|it| it == part.as_bytes())
}

#[test]
fn an_account_is_made_and_changed_from_the_shell() {
    let directory = TempDir::new();
    let dir = directory.join("data");
    assert!(succeeds(&dir, "add Alice", "wonderland\n").contains("Alice"));
    succeeds(&dir, "add bob", "his own, without an end of line");
    let list = succeeds(&dir, "list", "");
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with("NAME   ROLE  BOTS  CREATED"), "{list}");
    assert!(lines[1].starts_with("Alice  user        2"), "{list}");
    assert!(lines[2].starts_with("bob    user        2"), "{list}");
    let said = succeeds(&dir, "role ALICE operator", "");
    assert!(
        said.contains("operator") && said.contains("next login"),
        "{said}"
    );
    assert!(succeeds(&dir, "list", "").contains("Alice  operator"));
    succeeds(&dir, "role alice user", "");
    assert!(!succeeds(&dir, "list", "").contains("operator"));
    succeeds(&dir, "passwd alice", "looking-glass\nnot this\n");
    let bytes = bytes(&dir);
    assert!(has(&bytes, "$argon2id$v=19$m=19456,t=2,p=1$"));
    for secret in ["wonderland", "his own", "looking-glass", "not this"] {
        assert!(!has(&bytes, secret), "{secret}");
    }
}

#[test]
fn only_their_owner_may_read_the_files() {
    let directory = TempDir::new();
    let dir = directory.join("data");
    succeeds(&dir, "add Alice", "wonderland\n");
    let mode = |path: &Path| {
        let metadata = std::fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(&dir), 0o700);
    for entry in std::fs::read_dir(&dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn it_works_beside_a_server() {
    let directory = TempDir::new();
    let dir = directory.join("data");
    succeeds(&dir, "add Alice", "wonderland\n");
    let server = Server::with(&[Text], &format!("--data {}", dir.display()));
    let mut bob = server.join(Text, "Bob");
    bob.say("hi").sync();
    succeeds(&dir, "add Eve", "apple\n");
    succeeds(&dir, "role Alice operator", "");
    bob.say("still here").sync();
    server.signal("TERM");
    bob.rest();
    let exited = server.wait();
    assert_eq!(exited.status.code(), Some(0), "{}", exited.stderr);
    let list = succeeds(&dir, "list", "");
    assert!(
        list.contains("Alice  operator") && list.contains("Eve    user"),
        "{list}"
    );
}

#[test]
fn what_cannot_be_done_is_one_line() {
    let directory = TempDir::new();
    let dir = directory.join("data");
    for arguments in ["list", "passwd alice", "role alice user"] {
        let line = fails(&dir, arguments, "x\n", 1);
        assert!(line.contains("data"), "{line}");
        assert!(!dir.exists(), "{arguments} begins nothing");
    }
    succeeds(&dir, "add Alice", "wonderland\n");
    let long = format!("{}\n", "x".repeat(641));
    for (arguments, input, part) in [
        ("add ALICE", "x\n", "already"),
        ("passwd Eve", "x\n", "Eve"),
        ("role Eve operator", "", "Eve"),
        ("add Eve", "", "password"),
        ("add Eve", "\n", "password"),
        ("add Eve", &long, "640"),
        ("passwd alice", &long, "640"),
    ] {
        let line = fails(&dir, arguments, input, 1);
        assert!(line.contains(part), "{arguments}: {line}");
    }
    for wrong in [
        "",
        "remove",
        "add",
        "add a/b",
        "add server",
        "role alice",
        "role alice king",
        "list all",
    ] {
        fails(&dir, wrong, "", 2);
    }
    let line = run(program().arg("account")).stderr;
    assert!(line.contains("add, passwd, role, remove, list"), "{line}");
    let exited = run(program().args(["account", "list"]));
    assert_eq!(exited.status.code(), Some(2));
    assert!(exited.stderr.contains("--data"), "{}", exited.stderr);
    assert_eq!(succeeds(&dir, "list", "").lines().count(), 2);
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let directory = TempDir::new();
    let path = directory.join("hubbub.db");
    let text = "precious ".repeat(1000);
    std::fs::write(&path, &text).expect("written");
    let dir = path.parent().expect("a directory");
    for arguments in ["add alice", "list"] {
        let line = fails(dir, arguments, "x\n", 1);
        assert!(line.contains("hubbub.db"), "{line}");
    }
    assert_eq!(std::fs::read_to_string(&path).expect("there"), text);
}

/// `hubbub account` with a terminal as its standard input.
struct Typist {
    child: Child,
    keyboard: File,
    terminal: File,
    shown: Arc<Captured>,
}

impl Typist {
    fn new(dir: &Path, arguments: &str) -> Typist {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let keyboard = openpt(flags).expect("a terminal");
        grantpt(&keyboard).expect("granted");
        unlockpt(&keyboard).expect("unlocked");
        let name = ptsname(&keyboard, Vec::new()).expect("a name");
        let name = name.into_string().expect("ASCII");
        let terminal = File::options().read(true).write(true).open(name);
        let terminal = terminal.expect("a terminal");
        let mut command = program();
        command.arg("account").args(arguments.split_whitespace());
        command.arg("--data").arg(dir);
        command.stdin(terminal.try_clone().expect("a descriptor"));
        let mut child = start(&mut command);
        let shown = Captured::from(child.stderr.take().expect("piped")).0;
        Typist {
            child,
            keyboard: keyboard.into(),
            terminal,
            shown,
        }
    }

    fn has_echo(&self) -> bool {
        let modes = tcgetattr(&self.terminal).expect("a terminal").local_modes;
        modes.contains(LocalModes::ECHO)
    }

    /// Waits for a prompt and types a line.
    #[track_caller]
    fn answers(&mut self, prompt: &str, line: &str) {
        self.shown
            .wait(|text| text.ends_with(prompt))
            .expect("a prompt");
        assert!(!self.has_echo());
        writeln!(self.keyboard, "{line}").expect("typed");
    }

    fn end(&mut self) -> (ExitStatus, String) {
        let status = exit_of(&mut self.child);
        let (Ok(shown) | Err(shown)) = self.shown.wait(|_| false);
        assert!(self.has_echo(), "it is set back");
        (status, shown)
    }
}

#[test]
fn a_password_is_typed_twice_without_an_echo() {
    let directory = TempDir::new();
    let dir = directory.join("data");
    let mut typist = Typist::new(&dir, "add Alice");
    typist.answers("Password for Alice: ", "wonderland");
    typist.answers("Once more: ", "wonderland");
    let (status, shown) = typist.end();
    assert!(status.success(), "{shown}");
    assert!(!shown.contains("wonderland"));
    let mut typist = Typist::new(&dir, "passwd Alice");
    typist.answers("Password for Alice: ", "looking-glass");
    typist.answers("Once more: ", "looking glass");
    let (status, shown) = typist.end();
    assert_eq!(status.code(), Some(1));
    assert!(
        shown.ends_with("hubbub: that was another password\n"),
        "{shown}"
    );
}

#[test]
fn a_signal_sets_the_echo_back() {
    let directory = TempDir::new();
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let mut typist = Typist::new(&directory.join("data"), "add Alice");
        typist
            .shown
            .wait(|text| text.ends_with("Alice: "))
            .expect("a prompt");
        assert!(!typist.has_echo());
        let pid = typist.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill runs").success());
        let (status, _) = typist.end();
        assert_eq!(status.signal(), Some(number));
    }
}

#[test]
fn no_secret_is_in_the_log_nor_in_the_files() {
    let directory = TempDir::new();
    let dir = directory.join("data");
    let mut command = program();
    command.env("RUST_LOG", "trace");
    command
        .args(["--listen", "text://127.0.0.1:0", "--data"])
        .arg(&dir);
    let server = Server::spawn(command, 1);
    let mut alice = server.join(Text, "Alice");
    alice.send("/register wonderland\n");
    alice.expect_until("registered");
    alice.send("/token new Robot\n");
    alice.expect_until("hub_");
    let token = alice.line();
    let token = &token.split_whitespace().next().expect("a token")[..43];
    let mut robot = server.connect(Text);
    robot.send(format!("/login Robot hub_{token}\n"));
    alice.expect_until("[Server] Robot joined the chat!\n");
    let mut eve = server.join(Text, "Eve");
    eve.send("/login Alice jabberwock\n/history\n/search jabberwock\n");
    eve.expect_until("wrong");
    eve.sync();
    drop((alice, robot, eve));
    server.signal("TERM");
    let exited = server.wait();
    let mut bytes = bytes(&dir);
    bytes.extend(exited.stderr.bytes().chain(exited.stdout.bytes()));
    assert!(has(&bytes, "argon2id") && has(&bytes, "Robot"));
    for secret in ["wonderland", "jabberwock", token] {
        assert!(!has(&bytes, secret), "{secret}");
    }
}
