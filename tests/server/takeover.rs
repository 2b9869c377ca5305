//! A new program takes over from one that runs: nobody is dropped, and nothing is lost, doubled or reordered. Where it
//! cannot, the old one goes on as if nothing had been.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::http_client::*;
use crate::irc::{irc, told};
use crate::tunnel::{Client, fixture};
use crate::util::*;
use crate::websocket_client::*;

/// What the two say to each other.
const OFFER: u8 = 1;
const SNAPSHOT: u8 = 2;
const DESCRIPTORS: u8 = 3;
const READY: u8 = 4;
const YOURS: u8 = 5;
const REFUSAL: u8 = 6;
const ALIVE: u8 = 7;

const SOCKET: &str = "take-over.sock";

/// A server, and with what another can take over from it.
struct Running {
    server: Server,
    doors: Vec<String>,
    flags: String,
    directory: TempDir,
}

impl Running {
    fn new(doors: &[&str], flags: &str) -> Running {
        let directory = TempDir::new();
        let here = directory.join("");
        let flags = format!("--run-dir {} {flags}", here.display());
        let at_path =
            |door: &&str| door.replace("DIR", here.to_str().expect("UTF-8").trim_end_matches('/'));
        let doors: Vec<String> = doors.iter().map(at_path).collect();
        let server = Running::start(&doors, &flags);
        Running {
            server,
            doors,
            flags,
            directory,
        }
    }

    fn start(doors: &[String], flags: &str) -> Server {
        let doors: Vec<&str> = doors.iter().map(String::as_str).collect();
        Server::open(&doors, flags)
    }

    /// Has another program take over.
    #[track_caller]
    fn renew(&mut self) {
        let flags = format!("{} --take-over", self.flags);
        let new = Running::start(&self.doors, &flags);
        assert_eq!(new.doors(), self.server.doors());
        let old = std::mem::replace(&mut self.server, new);
        let exited = old.wait();
        assert!(exited.status.success(), "{exited:?}");
        assert!(exited.stderr.contains("taken over: "), "{exited:?}");
    }

    /// A program that takes over and is none.
    fn successor(&self) -> Record {
        let socket = Socket::new(Domain::UNIX, Type::SEQPACKET, None).expect("a socket");
        let address = SockAddr::unix(self.directory.join(SOCKET)).expect("a path");
        socket.connect(&address).expect("the server waits");
        socket.set_read_timeout(Some(DEADLINE)).expect("a time");
        Record(socket)
    }
}

/// One side of the meeting, by hand.
struct Record(Socket);

impl Record {
    /// The next record: what it is, and what belongs to it. Descriptors are closed.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut bytes = vec![0; 1 << 17];
        let count = std::io::Read::read(&mut self.0, &mut bytes).expect("a record in time");
        bytes.truncate(count);
        let (&word, rest) = bytes.split_first()?;
        Some((word, rest.to_vec()))
    }

    fn until(&mut self, word: u8) -> Vec<u8> {
        loop {
            let (found, bytes) = self.next().expect("it is there");
            assert_ne!(found, REFUSAL, "{}", String::from_utf8_lossy(&bytes));
            if found == word {
                return bytes;
            }
        }
    }

    fn say(&mut self, word: u8, bytes: &[u8]) {
        let record = [&[word], bytes].concat();
        assert_eq!(self.0.send(&record).expect("it is heard"), record.len());
    }
}

#[test]
fn a_program_that_ends_at_any_step_leaves_all_as_it_was() {
    let running = Running::new(&["text://127.0.0.1:0", "json://127.0.0.1:0"], "");
    let server = &running.server;
    let (mut ann, mut bob) = (server.join(Text, "ann"), server.join(Json, "bob"));
    ann.after_all();
    ann.send("half a ");
    let steps: [fn(&mut Record); 6] = [
        |_| {},
        |it| drop(it.until(OFFER)),
        |it| drop(it.until(SNAPSHOT)),
        |it| drop(it.until(DESCRIPTORS)),
        |it| {
            it.until(DESCRIPTORS);
            it.say(REFUSAL, b"no room");
        },
        |it| {
            it.until(DESCRIPTORS);
            it.say(READY, b"");
        },
    ];
    for (at, step) in steps.into_iter().enumerate() {
        let mut record = running.successor();
        bob.say(&format!("during {at}"));
        step(&mut record);
        drop(record);
        server.expect_log_times("not taken over, and going on", at + 1);
        ann.expect(format!("[bob] during {at}\n"));
    }
    assert!(
        server.log().contains("going on: no room"),
        "{}",
        server.log()
    );
    ann.send("line\n");
    bob.expect_until("half a line");
    server.join(Text, "cid");
}

#[test]
fn a_program_that_says_nothing_is_given_up() {
    let running = Running::new(&["text://127.0.0.1:0"], "");
    let mut ann = running.server.join(Text, "ann");
    let mut record = running.successor();
    record.until(DESCRIPTORS);
    ann.send("/ping\n").expect("[Server] Pong.\n");
    running
        .server
        .expect_log("going on: the other program says nothing");
}

#[test]
fn a_program_that_says_that_it_lives_is_waited_for() {
    let running = Running::new(&["text://127.0.0.1:0"], "");
    let _ann = running.server.join(Text, "ann");
    let mut record = running.successor();
    record.until(DESCRIPTORS);
    // Longer than it may be silent.
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(700));
        record.say(ALIVE, b"");
    }
    record.say(READY, b"");
    record.until(YOURS);
    let exited = running.server.wait();
    assert!(exited.status.success(), "{exited:?}");
    assert!(exited.stderr.contains("taken over: 1 "), "{exited:?}");
}

#[test]
fn what_cannot_be_read_is_refused() {
    let directory = TempDir::new();
    let path = directory.join(SOCKET);
    let socket = Socket::new(Domain::UNIX, Type::SEQPACKET, None).expect("a socket");
    socket
        .bind(&SockAddr::unix(&path).expect("a path"))
        .expect("bound");
    socket.listen(1).expect("it listens");
    let old = std::thread::spawn(move || {
        let (socket, _) = socket.accept().expect("a program");
        let mut record = Record(socket);
        let head = [&999u32.to_le_bytes()[..], &[0; 16]].concat();
        record.say(OFFER, &head);
        record.next()
    });
    let new = run(program()
        .args(["--listen", "text://127.0.0.1:0", "--take-over", "--run-dir"])
        .arg(directory.join("")));
    let (word, why) = old.join().expect("no panic").expect("it is refused");
    let why = String::from_utf8(why).expect("UTF-8");
    assert!(word == REFUSAL && why.contains("version 999"), "{why}");
    assert_eq!(new.status.code(), Some(1));
    assert_eq!(new.stderr, format!("hubbub: cannot take over: {why}\n"));
}

#[test]
fn it_starts_as_ever_where_none_runs_and_nobody_else_can_come() {
    let directory = TempDir::new();
    let flags = format!("--take-over --run-dir {}", directory.join("").display());
    let server = Server::open(&["text://127.0.0.1:0"], &flags);
    server.join(Text, "ann");
    let socket = directory.join(SOCKET);
    let mode = std::fs::metadata(&socket)
        .expect("it is there")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    server.signal("TERM");
    server.wait();
    assert!(!Path::exists(&socket));
    let without = run(program().args(["--listen", "text://127.0.0.1:0", "--take-over"]));
    assert_eq!(without.status.code(), Some(2));
    assert!(without.stderr.contains("--run-dir"), "{without:?}");
}

#[test]
fn other_options_are_refused_where_they_do_not_go_together() {
    let mut running = Running::new(&["text://127.0.0.1:0"], "");
    let mut ann = running.server.join(Text, "ann");
    let data = running.directory.join("data");
    let flags = format!("{} --take-over --data {}", running.flags, data.display());
    let mut command = program();
    command.args(["--listen", "text://127.0.0.1:0"]);
    let new = run(command.args(flags.split_whitespace()));
    assert_eq!(new.status.code(), Some(1));
    assert!(new.stderr.contains("--data"), "{new:?}");
    ann.send("/ping\n").expect("[Server] Pong.\n");
    running.renew();
    ann.send("/ping\n").expect("[Server] Pong.\n");
}

#[test]
fn everybody_stays_in_the_middle_of_whatever_they_are_in() {
    let doors = [
        "auto://127.0.0.1:0",
        "text://127.0.0.1:0",
        "json://127.0.0.1:0",
        "json+padded://127.0.0.1:0",
        "pynet://127.0.0.1:0",
        "anon://127.0.0.1:0",
        "colon://127.0.0.1:0",
        "irc://127.0.0.1:0",
        "text+unix://DIR/chat.sock",
    ];
    let mut running = Running::new(&doors, "--server-name irc.test --replay 0");
    let server = &running.server;
    let mut text = server.join(Text, "text");
    let mut json = server.join(Json, "json");
    let mut padded = server.join(JsonPadded, "padded");
    let mut pynet = server.join(Pynet, "pynet");
    let mut anon = server.connect(Anon);
    anon.sync();
    let mut colon = server.join(Colon, "colon");
    let mut chatter = irc(server, "chatter", "");
    chatter.send("JOIN #lobby\r\n");
    chatter.expect_until(":End of /NAMES list\r\n");
    let mut unix = Peer::connect(server.doors().last().expect("a door"), Text);
    unix.send("unix\n").expect_until("unix joined the chat!\n");
    let mut page = server.join_websocket("hubbub.json", "page");
    let mut http = Peer::connect(&server.doors()[0], Http);
    http.send(request("GET /api/v1/rooms", ""));
    assert_eq!(http.response().status, 200);
    let mut coming = server.connect(Text);
    coming.expect(PROMPT).send("new");
    let mut registering = server.connect(Irc);
    registering.send("CAP LS 302\r\nCAP REQ :multi-prefix server-time\r\nNICK late\r\n");
    registering.expect_until(" ACK :multi-prefix server-time\r\n");
    for peer in [
        &mut text,
        &mut json,
        &mut padded,
        &mut pynet,
        &mut anon,
        &mut colon,
        &mut unix,
    ] {
        peer.after_all();
    }
    for _ in 0..2 {
        // Each in the middle of something.
        text.send("hello fr");
        json.send("{\"type\":\"chat\",\"mess");
        padded.send("{\"type\":\"chat\",");
        pynet.send("{\"type\": \"chat\", \"da");
        chatter.send("PRIVMSG #lob");
        unix.send("hi from a pa");
        let whole = text_frame("{\"type\":\"chat\",\"message\":\"by page\"}");
        let (first, rest) = whole.split_at(9);
        page.send(first);
        http.send("GET /api/v1/ro");
        running.renew();
        let server = &running.server;
        text.send("om text\n");
        json.expect_until("\"username\":\"text\",\"message\":\"hello from text\"");
        json.send("age\":\"from json\"}\n");
        text.expect_until("[json] from json\n");
        padded.send("\"message\":\"from padded\"}\n");
        text.expect("[padded] from padded\n");
        pynet.send("ta\": \"from pynet\"}");
        text.expect("[pynet] from pynet\n");
        colon.send("hi from colon\n");
        text.expect("[colon] hi from colon\n");
        chatter.send("by :from irc\r\n");
        text.expect("[chatter] from irc\n");
        unix.send("th\n");
        text.expect("[unix] hi from a path\n");
        page.send(rest);
        text.expect("[page] by page\n");
        anon.send("from anon\n");
        text.expect_until("from anon\n");
        http.send("oms HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        assert_eq!(http.response().status, 200);
        for peer in [&mut json, &mut padded, &mut pynet, &mut colon] {
            peer.after_all();
        }
        unix.expect_until("from anon\n");
        server.join(Text, "brief").send("/quit\n").rest();
        text.expect_until("brief left the chat!\n");
        unix.expect_until("brief left the chat!\n");
    }
    coming
        .send("comer\n")
        .expect_until("newcomer joined the chat!\n");
    registering.send("USER late 0 * :Late\r\nCAP END\r\n");
    registering.expect_until(":irc.test 376 late :");
}

#[test]
fn rooms_were_made_and_the_server_was_begun_when_they_were() {
    let mut running = Running::new(&["irc://127.0.0.1:0"], "--server-name irc.test");
    let made = |server: &Server, nick: &str, room: &str| {
        let mut peer = irc(server, nick, "");
        peer.send(format!("JOIN #{room}\r\nMODE #{room}\r\n"));
        let lines = told(&mut peer);
        let line = lines.lines().find(|line| line.contains(" 329 "));
        let (_, made) = line.and_then(|line| line.rsplit_once(' ')).expect("a time");
        (made.to_owned(), peer)
    };
    let rooms = ["den", "lobby"];
    let before = rooms.map(|room| made(&running.server, &format!("a-{room}"), room));
    std::thread::sleep(Duration::from_millis(1_100));
    running.renew();
    let after = rooms.map(|room| made(&running.server, &format!("b-{room}"), room));
    assert_eq!(before.map(|(made, _)| made), after.map(|(made, _)| made));
}

#[test]
fn what_is_kept_goes_on() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let flags = format!("--data {} --durability seen", data.display());
    let mut running = Running::new(&["json://127.0.0.1:0"], &flags);
    let (mut ann, mut bob) = (
        running.server.join(Json, "ann"),
        running.server.join(Json, "bob"),
    );
    bob.after_all();
    ann.after_all();
    let mut last = 0;
    for at in 0..3 {
        for word in ["one", "two"] {
            bob.say(&format!("{word} {at}"));
            let said = ann.json();
            assert_eq!(said["message"], format!("{word} {at}"));
            let id = said["id"].as_u64().expect("an id");
            assert!(id > last, "{id} after {last}");
            last = id;
        }
        running.renew();
    }
    ann.send("{\"type\":\"history\",\"limit\":50}\n");
    for text in ["one 0", "two 0", "one 1", "two 1", "one 2", "two 2"] {
        assert_eq!(ann.json()["message"], text);
    }
    assert_eq!(ann.json()["type"], "history_end");
}

#[test]
fn nothing_is_lost_doubled_or_reordered_while_somebody_talks() {
    let mut running = Running::new(&["text://127.0.0.1:0"], "--rate-limit off");
    let mut ann = running.server.join(Text, "ann");
    let mut bob = running.server.join(Text, "bob");
    ann.expect_until("bob joined the chat!\n");
    const COUNT: usize = 20_000;
    let talker = std::thread::spawn(move || {
        for at in 0..COUNT {
            bob.send(format!("line {at}\n"));
            if at % 100 == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        bob
    });
    let hearer = std::thread::spawn(move || {
        for at in 0..COUNT {
            ann.expect(format!("[bob] line {at}\n"));
        }
        ann
    });
    for _ in 0..3 {
        running.renew();
    }
    let _bob = talker.join().expect("no panic");
    hearer.join().expect("all of it came").silent();
}

#[test]
fn who_speaks_tls_goes_on_by_way_of_the_old_program() {
    let (chain, key) = (fixture("chain.pem"), fixture("chain.key"));
    let flags = format!("--tls-cert {chain} --tls-key {key}");
    for client in Client::all("a take-over") {
        let mut running = Running::new(&["tls+text://127.0.0.1:0", "text://127.0.0.1:0"], &flags);
        let door = running.server.doors()[0].clone();
        let mut ann = client.connect(&door, Text, &chain);
        ann.expect(PROMPT).send("ann\n");
        ann.expect("[Server] ann joined the chat!\n");
        let flags = format!("{} --take-over", running.flags);
        let new = Running::start(&running.doors, &flags);
        let first = std::mem::replace(&mut running.server, new);
        let mut bob = running.server.join(Text, "bob");
        ann.expect("[Server] bob joined the chat!\n");
        bob.say("over tls");
        ann.expect("[bob] over tls\n");
        ann.say("and back");
        bob.expect("[ann] and back\n");
        ann.send("/quit\n");
        ann.rest();
        let exited = first.wait();
        assert!(exited.status.success(), "{exited:?}");
    }
}
