//! The operator's console at a terminal: what goes on is shown there, in colours.

use std::fs::File;
use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::util::*;

/// A server whose standard input and output are a terminal.
struct AtTerminal {
    child: Child,
    keyboard: File,
    screen: Arc<Captured>,
}

/// The other side of a terminal: when all have closed this one, that is the end.
struct Screen(File);

impl Read for Screen {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into).or(Ok(0))
    }
}

impl AtTerminal {
    fn start(arguments: &str) -> AtTerminal {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let keyboard = openpt(flags).expect("a terminal");
        grantpt(&keyboard).expect("granted");
        unlockpt(&keyboard).expect("unlocked");
        let name = ptsname(&keyboard, Vec::new()).expect("a name");
        let name = name.into_string().expect("ASCII");
        let terminal = File::options().read(true).write(true).open(name);
        let terminal = terminal.expect("a terminal");
        let mut command: Command = program();
        command.args(arguments.split_whitespace());
        command.stdin(terminal.try_clone().expect("a descriptor"));
        command.stdout(terminal).stderr(Stdio::null());
        let child = command.spawn().expect("the program starts");
        // The command holds the terminal, too: it is the server's alone from now on.
        drop(command);
        let keyboard = File::from(keyboard);
        let screen = Screen(keyboard.try_clone().expect("a descriptor"));
        AtTerminal {
            child,
            keyboard,
            screen: Captured::from(screen).0,
        }
    }

    #[track_caller]
    fn expect(&self, shown: &str) {
        let shown = shown.replace('\n', "\r\n");
        let is_shown = |text: &str| shapeless(text).contains(&shown);
        if let Err(text) = self.screen.wait(is_shown) {
            panic!("no {shown:?} in {:?}", shapeless(&text));
        }
    }

    fn shown(&self) -> String {
        let (Ok(text) | Err(text)) = self.screen.wait(|_| true);
        shapeless(&text)
    }

    /// Types a line, which the terminal echoes.
    fn types(&mut self, line: &str) -> &mut AtTerminal {
        writeln!(self.keyboard, "{line}").expect("typed");
        self
    }

    #[track_caller]
    fn join(&self, dialect: Dialect, nick: &str) -> Peer {
        let is_door = |text: &str| text.matches("listening on ").count() >= 2;
        let text = self.screen.wait(is_door).expect("it listens");
        let scheme = format!("{}://", dialect.name());
        let door = text
            .split_whitespace()
            .find(|word| word.starts_with(&scheme));
        let mut peer = Peer::connect(door.expect("a door"), dialect);
        peer.send(dialect.join(nick));
        peer.sync();
        peer
    }
}

impl Drop for AtTerminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Without times of day.
fn shapeless(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('[') {
        let time = behind
            .get(..8)
            .filter(|time| is_time_of_day(time.as_bytes()));
        out = out + before + if time.is_some() { "[<hms>" } else { "[" };
        rest = time.map_or(behind, |_| &behind[8..]);
    }
    out + rest
}

const DOORS: &str = "--listen text://127.0.0.1:0 --listen colon://127.0.0.1:0";

#[test]
fn what_goes_on_is_shown_in_the_form_of_colon() {
    let mut server = AtTerminal::start(DOORS);
    let mut alice = server.join(Text, "alice");
    let address = alice.address();
    server.expect(&format!(
        "\x1b[96m[<hms>] Client {address} CONNECTED Name: alice\x1b[0m\n"
    ));
    alice.send("Hello all\n/me waves\n/pm Server psst\n").sync();
    server.expect("\x1b[93m[<hms>] alice >> \x1b[0mHello all\n");
    server.expect("\x1b[93m[<hms>] * alice\x1b[0m waves\n");
    server.expect("\x1b[95m[<hms>] alice PM >> \x1b[0mpsst\n");
    let mut bob = server.join(Colon, "bob");
    bob.send(":group create g").expect(green("Group g created"));
    bob.send(":group send g alone").sync();
    server.expect("\x1b[94m[<hms>] GROUP(g) bob >> \x1b[0malone\n");
    bob.send(":pm SERVER me too").sync();
    server.expect("\x1b[95m[<hms>] bob PM >> \x1b[0mme too\n");
    // What two say to each other is theirs.
    alice.send("/pm bob secret\n").sync();
    drop(bob);
    server.expect("\x1b[91m[<hms>] bob DISCONNECTED\x1b[0m\n");
    server.types(":list");
    server.expect(&format!(
        "\x1b[92mSERVER: 1 client(s) connected\x1b[0m\n- alice ({address})\n"
    ));
    server.types(":kick nobody");
    server.expect("\x1b[91mClient nobody not found\x1b[0m\n");
    server
        .types("help")
        .expect("\x1b[91mDid you mean :help?\x1b[0m\n");
    server.types("hi alice").types(":pm alice hello");
    server.expect("\x1b[92mPrivate message sent to alice\x1b[0m\n");
    alice.expect_until("[Server] hi alice\n[Server → you] hello\n");
    server.types(":kick alice");
    server.expect("\x1b[92mClient alice has been kicked\x1b[0m\n");
    server.expect("\x1b[91m[<hms>] alice DISCONNECTED\x1b[0m\n");
    assert!(!server.shown().contains("secret"));
    server.types(":shutdown");
    server.expect("\x1b[91m[<hms>] SERVER: Server shutting down...\x1b[0m\n");
    assert!(exit_of(&mut server.child).success());
}

#[test]
fn a_quiet_console_shows_answers_only() {
    let mut server = AtTerminal::start(&format!("{DOORS} --console-quiet"));
    let mut alice = server.join(Text, "alice");
    alice.send("Hello all\n/pm Server psst\n");
    alice.expect_until("[Server] Nobody here is called Server.\n");
    server.types(":kick alice");
    server.expect("\x1b[92mClient alice has been kicked\x1b[0m\n");
    let shown = server.shown();
    for word in ["CONNECTED", "Hello", "psst", "DISCONNECTED"] {
        assert!(!shown.contains(word), "{word}: {shown}");
    }
}

#[test]
fn a_terminal_that_takes_nothing_holds_nobody_up_and_goes_on_later() {
    let mut server = AtTerminal::start(DOORS);
    let mut alice = server.join(Text, "alice");
    let mut bob = server.join(Text, "bob");
    alice.sync();
    // Ctrl-S.
    server.keyboard.write_all(b"\x13").expect("typed");
    let text = "x".repeat(1000);
    for n in 0..400 {
        alice.send(format!("{n} {text}\n"));
        bob.expect(format!("[alice] {n} {text}\n"));
    }
    server.keyboard.write_all(b"\x11").expect("typed");
    server.expect(&format!("alice >> \x1b[0m9 {text}\n"));
    // Its answer comes behind all that the terminal was owed.
    server
        .types(":list")
        .expect("SERVER: 2 client(s) connected");
    alice.send("are you there?\n").sync();
    server.expect("events were not shown)\n");
    server.expect("alice >> \x1b[0mare you there?\n");
}

#[test]
fn what_help_lists_can_be_asked() {
    let dir = TempDir::new();
    let flags = format!("--admin-socket {}", dir.join("admin").display());
    let server = Server::with(&[Text], &flags);
    let mut console = server.connect(Console);
    console.send(":help\n");
    let help = String::from_utf8(console.sync()).expect("UTF-8");
    let commands: Vec<&str> = help
        .lines()
        .filter_map(|line| line.strip_prefix(':'))
        .collect();
    assert!(commands.len() > 20, "{help}");
    for line in commands {
        let (usage, _) = line.split_once("  ").expect("a summary");
        let words = usage.split(' ').filter(|word| !word.starts_with('['));
        let words = words.map(|word| match word {
            "NAME" | "OLD" => "alice",
            "ROOM" => "lobby",
            "ID" => "1",
            // Of several the last, which needs nothing behind it.
            word => word.rsplit('|').next().unwrap_or(word),
        });
        let asked = words.collect::<Vec<_>>().join(" ");
        if matches!(asked.as_str(), "quit" | "shutdown") {
            continue;
        }
        console.send(format!(":{asked}\n"));
        let answer = String::from_utf8(console.sync()).expect("UTF-8");
        let is_refused = answer.contains("Invalid command") || answer.contains("Usage");
        assert!(!is_refused, "{asked}: {answer}");
    }
}
