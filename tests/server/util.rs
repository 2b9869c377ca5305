//! The program under test and the peers that talk to it. Every wait has a deadline.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use socket2::{Domain, SockAddr, Socket, Type};

pub(crate) const DEADLINE: Duration = Duration::from_secs(15);

pub(crate) const PROMPT: &str = "Enter your name: ";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Auto,
    Text,
    Json,
    Pynet,
    Anon,
    Echo,
    Colon,
}

pub(crate) use Dialect::{Anon, Auto, Colon, Echo, Json, Pynet, Text};

/// Those that meet in the world.
pub(crate) const CHATTING: [Dialect; 5] = [Text, Json, Pynet, Anon, Colon];

impl Dialect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Auto => "auto",
            Text => "text",
            Json => "json",
            Pynet => "pynet",
            Anon => "anon",
            Echo => "echo",
            Colon => "colon",
        }
    }

    /// What is sent to come in, and to say something.
    pub(crate) fn join(self, nick: &str) -> String {
        match self {
            Json => format!("{{\"type\":\"join\",\"username\":\"{nick}\"}}\n"),
            Pynet => format!("{{\"type\": \"join\", \"data\": \"{nick}\"}}"),
            Anon => String::new(),
            _ => format!("{nick}\n"),
        }
    }

    pub(crate) fn say(self, text: &str) -> String {
        match self {
            Json => format!("{{\"type\":\"chat\",\"message\":\"{text}\"}}\n"),
            Pynet => format!("{{\"type\": \"chat\", \"data\": \"{text}\"}}"),
            _ => format!("{text}\n"),
        }
    }

    /// A request that changes nothing, and its answer. Where silence ends a frame, it ends the one
    /// before it first.
    fn round_trip(self) -> (&'static [u8], Vec<u8>) {
        match self {
            Text | Auto => (b"/ping\n", b"[Server] Pong.\n".into()),
            Json => (b"{\"type\":\"ping\"}\n", b"{\"type\":\"pong\"}\n".into()),
            Pynet => (
                b"{\"type\":\"barrier\"}",
                server_message("Unknown request type barrier.").into(),
            ),
            Anon => (b"\n\xff\n", b"[Server] That is not UTF-8.\n".into()),
            Colon => (b"\n:pm barrier x\n", red("Client barrier not found").into()),
            Echo => panic!("echo answers once only"),
        }
    }

    /// How somebody's coming is told, as [`Peer::expect_like`] takes it.
    pub(crate) fn joined(self, nick: &str, address: SocketAddr) -> String {
        match self {
            Text => format!("[Server] {nick} joined the chat!\n"),
            Json => format!(
                "{{\"type\":\"user_joined\",\"username\":\"{nick}\",\
                 \"message\":\"{nick} joined the chat\",\"timestamp\":<unix>}}\n"
            ),
            Colon => format!("\x1b[96m[<hms>] Client {address} CONNECTED Name: {nick}\x1b[0m"),
            _ => String::new(),
        }
    }

    /// The name that somebody who asked for `nick` goes by.
    pub(crate) fn nick(self, nick: &str, address: SocketAddr) -> String {
        match self {
            Anon => format!("anon-{}", address.port()),
            _ => nick.into(),
        }
    }

    /// How a message is told to another user.
    pub(crate) fn said(self, nick: &str, address: SocketAddr, text: &str) -> String {
        match self {
            Text => format!("[{nick}] {text}\n"),
            Json => format!(
                "{{\"type\":\"chat\",\"username\":\"{nick}\",\"message\":\"{text}\",\
                 \"timestamp\":<unix>}}\n"
            ),
            Pynet => padded(&format!(
                "{{\"type\":\"message\",\"from\":\"{nick}\",\"data\":\"{text}\"}}"
            )),
            Anon => format!("('{}', {}) {text}\n", address.ip(), address.port()),
            Colon => format!("\x1b[93m[<hms>] {nick} >> \x1b[0m{text}"),
            _ => String::new(),
        }
    }

    pub(crate) fn left(self, nick: &str) -> String {
        match self {
            Text => format!("[Server] {nick} left the chat!\n"),
            Json => format!(
                "{{\"type\":\"user_left\",\"username\":\"{nick}\",\
                 \"message\":\"{nick} left the chat\",\"timestamp\":<unix>}}\n"
            ),
            Pynet => server_message(&format!("{nick} has left the chat.")),
            Colon => format!("\x1b[91m[<hms>] {nick} DISCONNECTED\x1b[0m"),
            _ => String::new(),
        }
    }
}

pub(crate) fn red(text: &str) -> String {
    format!("\x1b[91m{text}\x1b[0m")
}

pub(crate) fn green(text: &str) -> String {
    format!("\x1b[92m{text}\x1b[0m")
}

/// A pynet object as it is sent: 1,024 bytes.
pub(crate) fn padded(object: &str) -> String {
    format!("{object:<1024}")
}

pub(crate) fn server_message(text: &str) -> String {
    padded(&format!(
        "{{\"type\":\"server_message\",\"data\":\"{text}\"}}"
    ))
}

/// Everything that came over one pipe, as it comes.
#[derive(Default)]
struct Captured {
    state: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Captured {
    fn from(pipe: impl Read + Send + 'static) -> (Arc<Captured>, JoinHandle<()>) {
        let captured = Arc::new(Captured::default());
        let writer = Arc::clone(&captured);
        let thread = std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            loop {
                let bytes = pipe.fill_buf().expect("a pipe can be read").to_vec();
                pipe.consume(bytes.len());
                let mut state = writer.state.lock().expect("no reader panics");
                state.0.extend_from_slice(&bytes);
                state.1 = bytes.is_empty();
                writer.changed.notify_all();
                if bytes.is_empty() {
                    return;
                }
            }
        });
        (captured, thread)
    }

    fn text(&self) -> String {
        let state = self.state.lock().expect("no writer panics");
        String::from_utf8_lossy(&state.0).into()
    }

    /// Waits until `is_enough` holds of the text; at the deadline or the end the text is the error.
    fn wait(&self, is_enough: impl Fn(&str) -> bool) -> Result<String, String> {
        let deadline = Instant::now() + DEADLINE;
        let mut state = self.state.lock().expect("no writer panics");
        loop {
            let text = String::from_utf8_lossy(&state.0);
            if is_enough(&text) {
                return Ok(text.into());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.1 || left.is_zero() {
                return Err(text.into());
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.expect("no writer panics").0;
        }
    }
}

/// A running server; dropping it ends it.
pub(crate) struct Server {
    child: Child,
    doors: Vec<String>,
    stdout: Arc<Captured>,
    log: Arc<Captured>,
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Exited {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Server {
    /// One door of each dialect on a free port of 127.0.0.1.
    pub(crate) fn of(dialects: &[Dialect]) -> Server {
        Server::with(dialects, "")
    }

    /// As [`Server::of`], with further flags.
    pub(crate) fn with(dialects: &[Dialect], flags: &str) -> Server {
        let doors: Vec<String> = dialects
            .iter()
            .map(|dialect| format!("{}://127.0.0.1:0", dialect.name()))
            .collect();
        let doors: Vec<&str> = doors.iter().map(String::as_str).collect();
        Server::open(&doors, flags)
    }

    pub(crate) fn open(doors: &[&str], flags: &str) -> Server {
        let mut command = program();
        for door in doors {
            command.args(["--listen", door]);
        }
        command.args(flags.split_whitespace());
        Server::spawn(command, doors.len())
    }

    /// Waits until `command` listens at `doors` doors.
    pub(crate) fn spawn(mut command: Command, doors: usize) -> Server {
        let mut child = start(&mut command);
        let stdout = Captured::from(child.stdout.take().expect("piped")).0;
        let log = Captured::from(child.stderr.take().expect("piped")).0;
        let mut server = Server {
            child,
            doors: Vec::new(),
            stdout,
            log,
        };
        let listening = server
            .stdout
            .wait(|text| text.matches('\n').count() >= doors);
        let Ok(lines) = listening else {
            panic!("{command:?} does not listen: {}", server.log());
        };
        server.doors = lines
            .lines()
            .map(|line| line.strip_prefix("listening on ").expect(line).to_owned())
            .collect();
        server
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The doors as they were told on standard output.
    pub(crate) fn doors(&self) -> &[String] {
        &self.doors
    }

    pub(crate) fn door(&self, dialect: Dialect) -> &str {
        let is_it = |door: &&String| {
            let scheme = door.split("://").next().unwrap_or_default();
            scheme.trim_end_matches("+unix") == dialect.name()
        };
        self.doors
            .iter()
            .find(is_it)
            .expect("a door of the dialect")
    }

    pub(crate) fn address(&self, dialect: Dialect) -> SocketAddr {
        let door = self.door(dialect);
        let (_, place) = door.split_once("://").expect(door);
        place.parse().expect(door)
    }

    pub(crate) fn connect(&self, dialect: Dialect) -> Peer {
        Peer::connect(self.door(dialect), dialect)
    }

    /// Connects and comes in as `nick`, and reads everything that this is answered with.
    pub(crate) fn join(&self, dialect: Dialect, nick: &str) -> Peer {
        let mut peer = self.connect(dialect);
        peer.send(dialect.join(nick));
        if dialect == Text {
            peer.expect(PROMPT);
            peer.expect(format!("[Server] {nick} joined the chat!\n"));
        } else {
            peer.sync();
        }
        peer
    }

    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    #[track_caller]
    pub(crate) fn expect_log(&self, part: &str) -> String {
        match self.log.wait(|text| text.contains(part)) {
            Ok(log) => log,
            Err(log) => panic!("no {part:?} in the log:\n{log}"),
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for the program to end by itself.
    pub(crate) fn wait(mut self) -> Exited {
        let status = exit_of(&mut self.child);
        let finished = |captured: &Captured| match captured.wait(|_| false) {
            Ok(text) | Err(text) => text,
        };
        Exited {
            status,
            stdout: finished(&self.stdout),
            stderr: finished(&self.log),
        }
    }

    /// Processor time used so far, of itself and for it.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("it runs");
        let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<u64>().expect("a number"))
            .sum();
        Duration::from_millis(ticks * 10)
    }

    /// Resident memory of its own, its code not counted, in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("RssAnon:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|n| n.parse().ok()).expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command.env_remove("RUST_LOG");
    command
}

/// Runs a program that is to end by itself.
pub(crate) fn run(command: &mut Command) -> Exited {
    let mut child = start(command);
    let (stdout, out) = Captured::from(child.stdout.take().expect("piped"));
    let (stderr, err) = Captured::from(child.stderr.take().expect("piped"));
    let status = exit_of(&mut child);
    out.join().expect("no panic");
    err.join().expect("no panic");
    Exited {
        status,
        stdout: stdout.text(),
        stderr: stderr.text(),
    }
}

fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn exit_of(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the program does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// One end of a connection.
pub(crate) struct Peer {
    pub(crate) socket: Socket,
    pub(crate) dialect: Dialect,
    unread: Vec<u8>,
}

impl Peer {
    /// Connects to a door, given as it was told on standard output.
    pub(crate) fn connect(door: &str, dialect: Dialect) -> Peer {
        Peer::try_connect(door, dialect, |_| ()).expect("somebody listens")
    }

    /// As [`Peer::connect`]; `prepare` is given the socket before.
    pub(crate) fn try_connect(
        door: &str,
        dialect: Dialect,
        prepare: impl FnOnce(&Socket),
    ) -> std::io::Result<Peer> {
        let (scheme, place) = door.split_once("://").expect(door);
        let (domain, address) = if scheme.ends_with("+unix") {
            (Domain::UNIX, SockAddr::unix(place)?)
        } else {
            let address: SocketAddr = place.parse().expect(door);
            (Domain::for_address(address), address.into())
        };
        let socket = Socket::new(domain, Type::STREAM, None)?;
        prepare(&socket);
        socket.set_read_timeout(Some(DEADLINE))?;
        socket.set_write_timeout(Some(DEADLINE))?;
        if domain != Domain::UNIX {
            socket.set_tcp_nodelay(true)?;
        }
        socket.connect(&address)?;
        Ok(Peer {
            socket,
            dialect,
            unread: Vec::new(),
        })
    }

    /// Its own address, as the server sees it.
    pub(crate) fn address(&self) -> SocketAddr {
        let address = self.socket.local_addr().expect("an address");
        address.as_socket().expect("of IP")
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Peer {
        self.socket.write_all(bytes.as_ref()).expect("it is read");
        self
    }

    pub(crate) fn say(&mut self, text: &str) -> &mut Peer {
        let frame = self.dialect.say(text);
        self.send(frame)
    }

    pub(crate) fn shutdown_write(&mut self) -> &mut Peer {
        self.socket.shutdown(Shutdown::Write).expect("connected");
        self
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        let linger = Some(Duration::ZERO);
        self.socket.set_linger(linger).expect("a TCP socket");
    }

    /// The next bytes are exactly these.
    #[track_caller]
    pub(crate) fn expect(&mut self, bytes: impl AsRef<[u8]>) -> &mut Peer {
        let bytes = bytes.as_ref();
        while self.unread.len() < bytes.len() && bytes.starts_with(&self.unread) {
            if let Err(why) = self.read() {
                self.fail(&format!("{}, but {why}", quoted(bytes)));
            }
        }
        if !self.unread.starts_with(bytes) {
            self.fail(&quoted(bytes));
        }
        self.unread.drain(..bytes.len());
        self
    }

    /// As [`Peer::expect`], where `<hms>` stands for a time of day and `<unix>` for about now in
    /// seconds since 1970 with decimals.
    #[track_caller]
    pub(crate) fn expect_like(&mut self, pattern: impl AsRef<str>) -> &mut Peer {
        let mut rest = pattern.as_ref();
        while let Some((literal, behind)) = rest.split_once('<') {
            if let Some(behind) = behind.strip_prefix("hms>") {
                self.expect(literal);
                let time = self.take(8);
                assert!(is_time_of_day(&time), "{}", quoted(&time));
                rest = behind;
            } else if let Some(behind) = behind.strip_prefix("unix>") {
                self.expect(literal);
                let number = self.take_number();
                assert!(is_about_now(&number), "{number}");
                rest = behind;
            } else {
                self.expect(format!("{literal}<"));
                rest = behind;
            }
        }
        self.expect(rest)
    }

    /// The next `count` bytes.
    #[track_caller]
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count {
            if let Err(why) = self.read() {
                self.fail(&format!("{count} bytes, but {why}"));
            }
        }
        self.unread.drain(..count).collect()
    }

    #[track_caller]
    fn take_number(&mut self) -> String {
        let is_other = |byte: &u8| !byte.is_ascii_digit() && *byte != b'.';
        let end = loop {
            match self.unread.iter().position(is_other) {
                Some(end) => break end,
                None => {
                    if let Err(why) = self.read() {
                        self.fail(&format!("a number, but {why}"));
                    }
                }
            }
        };
        String::from_utf8(self.unread.drain(..end).collect()).expect("digits")
    }

    /// Everything up to and with `end`.
    #[track_caller]
    pub(crate) fn expect_until(&mut self, end: impl AsRef<[u8]>) -> Vec<u8> {
        let end = end.as_ref();
        let mut searched = 0;
        loop {
            let found = self.unread[searched..]
                .windows(end.len())
                .position(|window| window == end);
            if let Some(at) = found {
                return self.unread.drain(..searched + at + end.len()).collect();
            }
            searched = self.unread.len().saturating_sub(end.len() - 1);
            if let Err(why) = self.read() {
                self.fail(&format!("something up to {}, but {why}", quoted(end)));
            }
        }
    }

    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        String::from_utf8(self.expect_until("\n")).expect("UTF-8")
    }

    #[track_caller]
    pub(crate) fn json(&mut self) -> serde_json::Value {
        let line = self.line();
        serde_json::from_str(&line).expect(&line)
    }

    /// Everything up to an orderly end.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        loop {
            match self.read() {
                Ok(()) => {}
                Err(why) if why == ENDED => return std::mem::take(&mut self.unread),
                Err(why) => self.fail(&format!("the end, but {why}")),
            }
        }
    }

    /// An orderly end and nothing before it.
    #[track_caller]
    pub(crate) fn expect_eof(&mut self) {
        let rest = self.rest();
        assert!(rest.is_empty(), "the end, but {} came", quoted(&rest));
    }

    /// Goes round to the server and back: what was sent before is handled. Returns what came before
    /// the answer.
    #[track_caller]
    pub(crate) fn sync(&mut self) -> Vec<u8> {
        let (ask, answer) = self.dialect.round_trip();
        self.send(ask);
        let mut before = self.expect_until(&answer);
        before.truncate(before.len() - answer.len());
        before
    }

    /// As [`Peer::sync`], and what others sent before has as good as certainly been read as well: the
    /// turn that answers the first round may have begun before that came.
    #[track_caller]
    pub(crate) fn settle(&mut self) -> Vec<u8> {
        [self.sync(), self.sync()].concat()
    }

    /// Nothing came, and what was sent before is handled.
    #[track_caller]
    pub(crate) fn silent(&mut self) -> &mut Peer {
        let before = self.sync();
        assert!(before.is_empty(), "nothing, but {} came", quoted(&before));
        self
    }

    fn read(&mut self) -> Result<(), &'static str> {
        let mut bytes = [0; 16 * 1024];
        let count = match self.socket.read(&mut bytes) {
            Ok(0) => return Err(ENDED),
            Ok(count) => count,
            // A wait with a timeout is not taken up again after a stop and continue (signal(7)).
            Err(e) if e.kind() == ErrorKind::Interrupted => 0,
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Err("nothing more came in time"),
            Err(e) if e.kind() == ErrorKind::ConnectionReset => return Err("it was reset"),
            Err(e) => panic!("{e}"),
        };
        self.unread.extend_from_slice(&bytes[..count]);
        Ok(())
    }

    #[track_caller]
    fn fail(&self, expected: &str) -> ! {
        let name = self.dialect.name();
        panic!(
            "{name} peer expected {expected}; came {}",
            quoted(&self.unread)
        );
    }
}

const ENDED: &str = "the connection ended";

/// The beginning of `bytes`, legible.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let (shown, more) = match bytes.len() {
        0..=600 => (bytes, ""),
        _ => (&bytes[..600], "…"),
    };
    format!("\"{}\"{more} ({} bytes)", shown.escape_ascii(), bytes.len())
}

/// `bytes` with `<hms>` and `<unix>` in place of the times that the dialects carry.
pub(crate) fn timeless(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['[', '"']) {
        let (before, found) = rest.split_at(at);
        out += before;
        let time = found
            .as_bytes()
            .get(1..9)
            .filter(|time| is_time_of_day(time));
        let number = found.strip_prefix("\"timestamp\":");
        (out, rest) = if let (Some(_), true) = (time, found.starts_with('[')) {
            (out + "[<hms>", &found[9..])
        } else if let Some(number) = number {
            let rest = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            (out + "\"timestamp\":<unix>", rest)
        } else {
            (out + &found[..1], &found[1..])
        };
    }
    out + rest
}

fn is_time_of_day(time: &[u8]) -> bool {
    let at_most = |at: usize, most: u32| {
        let number = std::str::from_utf8(&time[at..at + 2]).ok();
        number.is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n <= most))
    };
    time[2] == b':' && time[5] == b':' && at_most(0, 23) && at_most(3, 59) && at_most(6, 60)
}

pub(crate) fn unix_now() -> f64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.expect("after 1970").as_secs_f64()
}

fn is_about_now(number: &str) -> bool {
    let seconds: f64 = number.parse().expect(number);
    number.contains('.') && (unix_now() - seconds).abs() < 60.0
}

/// A directory of its own, removed with its content.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> TempDir {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let serial = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hubbub-test-{}-{serial}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a fresh directory");
        TempDir(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        Path::join(&self.0, name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
