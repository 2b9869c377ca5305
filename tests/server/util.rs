//! The program under test and the peers that talk to it. Every wait has a deadline.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

pub(crate) use crate::forms::*;
pub(crate) use crate::temp_dir::TempDir;

pub(crate) const DEADLINE: Duration = Duration::from_secs(15);

/// Everything that came over one pipe, as it comes.
#[derive(Default)]
pub(crate) struct Captured {
    state: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Captured {
    pub(crate) fn from(pipe: impl Read + Send + 'static) -> (Arc<Captured>, JoinHandle<()>) {
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

    pub(crate) fn text(&self) -> String {
        let state = self.state.lock().expect("no writer panics");
        String::from_utf8_lossy(&state.0).into()
    }

    /// Waits until `is_enough` holds of the text; at the deadline or the end the text is the error.
    pub(crate) fn wait(&self, is_enough: impl Fn(&str) -> bool) -> Result<String, String> {
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
        // So that what is told of anybody is the same at all doors.
        Server::with(dialects, "--show-addresses")
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
        let further = ["--admin-socket", "--http-status"].map(|flag| flags.matches(flag).count());
        Server::spawn(command, doors.len() + further.iter().sum::<usize>())
    }

    /// Waits until `command` listens at `doors` doors.
    pub(crate) fn spawn(command: Command, doors: usize) -> Server {
        Server::spawn_with(command, doors, Stdio::null())
    }

    /// As [`Server::spawn`], with this as its standard input.
    pub(crate) fn spawn_with(mut command: Command, doors: usize, stdin: Stdio) -> Server {
        let child = start(command.stdin(stdin));
        Server::of_child(child, doors)
    }

    /// As [`Server::spawn`], with the other end of its standard input.
    pub(crate) fn spawn_piped(mut command: Command, doors: usize) -> (Server, ChildStdin) {
        let mut child = start(command.stdin(Stdio::piped()));
        let stdin = child.stdin.take().expect("piped");
        (Server::of_child(child, doors), stdin)
    }

    fn of_child(mut child: Child, doors: usize) -> Server {
        let stdout = Captured::from(child.stdout.take().expect("piped")).0;
        let log = Captured::from(child.stderr.take().expect("piped")).0;
        let mut server = Server {
            child,
            doors: Vec::new(),
            stdout,
            log,
        };
        let is_door = |line: &&str| line.starts_with("listening on ") && line.ends_with('\n');
        let listening = server
            .stdout
            .wait(|text| text.split_inclusive('\n').filter(is_door).count() >= doors);
        let Ok(lines) = listening else {
            panic!("it does not listen: {}", server.log());
        };
        server.doors = lines
            .lines()
            .filter_map(|line| line.strip_prefix("listening on "))
            .map(str::to_owned)
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

    /// Connects from an address of its own, one of 127.0.0.0/8.
    pub(crate) fn connect_from(&self, source: [u8; 4], dialect: Dialect) -> Peer {
        let bind = |socket: &Socket| {
            let source = SocketAddr::from((source, 0));
            socket.bind(&source.into()).expect("a loopback address");
        };
        Peer::try_connect(self.door(dialect), dialect, bind).expect("somebody listens")
    }

    /// A text peer whose kernel takes next to nothing for it.
    pub(crate) fn connect_narrow(&self) -> Peer {
        let small = |socket: &Socket| socket.set_recv_buffer_size(2048).expect("a size");
        Peer::try_connect(self.door(Text), Text, small).expect("somebody listens")
    }

    pub(crate) fn join_narrow(&self, nick: &str) -> Peer {
        let mut peer = self.connect_narrow();
        peer.send(Text.join(nick)).expect(PROMPT);
        peer.expect(format!("[Server] {nick} joined the chat!\n"));
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

    /// Waits until `part` stands in the log so often.
    #[track_caller]
    pub(crate) fn expect_log_times(&self, part: &str, count: usize) {
        if let Err(log) = self.log.wait(|text| text.matches(part).count() >= count) {
            panic!("not {count} times {part:?} in the log:\n{log}");
        }
    }

    #[track_caller]
    pub(crate) fn expect_stdout(&self, part: &str) {
        if let Err(stdout) = self.stdout.wait(|text| text.contains(part)) {
            panic!("no {part:?} on standard output:\n{stdout}");
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
    finish(start(command.stdin(Stdio::null())))
}

/// As [`run`], with `input` on its standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Exited {
    let mut child = start(command.stdin(Stdio::piped()));
    let mut stdin = child.stdin.take().expect("piped");
    // It need not read it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    finish(child)
}

fn finish(mut child: Child) -> Exited {
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

pub(crate) fn start(command: &mut Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

pub(crate) fn exit_of(child: &mut Child) -> ExitStatus {
    exit_within(child, DEADLINE)
}

pub(crate) fn exit_within(child: &mut Child, time: Duration) -> ExitStatus {
    let deadline = Instant::now() + time;
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
        let peer = Peer::over(socket, dialect);
        if domain != Domain::UNIX {
            peer.socket.set_tcp_nodelay(true)?;
        }
        // Unlike connect(), this goes on after a stop and continue (signal(7)).
        peer.socket.connect_timeout(&address, DEADLINE)?;
        Ok(peer)
    }

    /// A peer at the other end of a socket that is connected.
    pub(crate) fn over(socket: Socket, dialect: Dialect) -> Peer {
        let deadline = Some(DEADLINE);
        socket.set_read_timeout(deadline).expect("a time");
        socket.set_write_timeout(deadline).expect("a time");
        Peer {
            socket,
            dialect,
            unread: Vec::new(),
        }
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

    /// As [`Peer::expect`], where `<hms>` stands for a time of day, `<hm>` for one without seconds, `<unix>` for about now in
    /// seconds since 1970 with decimals, and `<id>` for the id of a message.
    #[track_caller]
    pub(crate) fn expect_like(&mut self, pattern: impl AsRef<str>) -> &mut Peer {
        let mut rest = pattern.as_ref();
        while let Some((literal, behind)) = rest.split_once('<') {
            if let Some(behind) = behind.strip_prefix("hms>") {
                self.expect(literal);
                let time = self.take(8);
                assert!(is_time_of_day(&time), "{}", quoted(&time));
                rest = behind;
            } else if let Some(behind) = behind.strip_prefix("hm>") {
                self.expect(literal);
                let time = [&self.take(5)[..], b":00"].concat();
                assert!(is_time_of_day(&time), "{}", quoted(&time));
                rest = behind;
            } else if let Some(behind) = behind.strip_prefix("unix>") {
                self.expect(literal);
                let number = self.take_number();
                assert!(is_about_now(&number), "{number}");
                rest = behind;
            } else if let Some(behind) = behind.strip_prefix("id>") {
                self.expect(literal);
                let number = self.take_number();
                assert!(number.parse::<u64>().is_ok_and(|id| id > 0), "{number}");
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

    /// Itself, with nothing left to read.
    #[track_caller]
    pub(crate) fn after_all(&mut self) -> &mut Peer {
        self.sync();
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
        // What fills a read of a colon client is not seen.
        let is_seen = |byte: &&u8| self.dialect != Colon || **byte != 0;
        self.unread.extend(bytes[..count].iter().filter(is_seen));
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

/// Is this one error in the form of the dialect, and no more?
#[track_caller]
pub(crate) fn assert_one_error(dialect: Dialect, answer: &[u8]) {
    let text = String::from_utf8_lossy(answer);
    let is_one = match dialect {
        Json => text.starts_with("{\"type\":\"error\"") && text.matches('\n').count() == 1,
        Pynet => text.starts_with("{\"type\":\"server_message\"") && answer.len() == 1024,
        Colon => text.starts_with("\x1b[91m") && text.matches("\x1b[0m").count() == 1,
        _ => text.starts_with("[Server] ") && text.matches('\n').count() == 1,
    };
    assert!(is_one, "{} peer: {}", dialect.name(), quoted(answer));
}

/// The beginning of `bytes`, legible.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let (shown, more) = match bytes.len() {
        0..=600 => (bytes, ""),
        _ => (&bytes[..600], "…"),
    };
    format!("\"{}\"{more} ({} bytes)", shown.escape_ascii(), bytes.len())
}
