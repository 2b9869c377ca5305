//! The clients of older systems, which take what one read brings for one message: bursts reach them whole.

use std::io::Read;
use std::thread;
use std::time::Instant;

use socket2::Socket;

use crate::util::*;

/// What each client reads at once.
const READ: usize = 1024;
const BURST: usize = 200;

/// What is said in a burst: short and long, and what one read cannot hold, of one to four bytes a
/// character.
fn burst() -> Vec<String> {
    let characters = ["x", "é", "€", "🎉", "ab é 🎉 "];
    let text = |n: usize| {
        let character = characters[n % characters.len()];
        let count = match n % 17 {
            0 => 4000 / character.len(),
            5 => 970 / character.len() + n,
            _ => 1 + n % 30,
        };
        format!("{n} {}", character.repeat(count)).trim().to_owned()
    };
    (0..BURST).map(text).collect()
}

/// What one `recv(1024)` returns.
fn recv(socket: &mut Socket) -> Vec<u8> {
    let mut bytes = [0; READ];
    let count = socket.read(&mut bytes).expect("something comes in time");
    assert!(count > 0, "the connection ended");
    bytes[..count].to_vec()
}

/// The newline-less JSON client: one read, one parse a message.
fn hear_pynet(socket: &mut Socket, is_enough: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut heard = Vec::new();
    while !is_enough(&heard) {
        let read = recv(socket);
        let object = serde_json::from_slice::<serde_json::Value>(&read);
        let object = object.unwrap_or_else(|e| panic!("{e}: {}", quoted(&read)));
        heard.push(object["data"].as_str().expect("a text").to_owned());
    }
    heard
}

/// The JSON client: it reads until it has seen a line end, and throws away what stands behind the first.
fn hear_json(socket: &mut Socket, is_enough: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut heard = Vec::new();
    while !is_enough(&heard) {
        let mut line = Vec::new();
        while !line.contains(&b'\n') {
            line.extend(recv(socket));
        }
        line.truncate(line.iter().position(|&byte| byte == b'\n').expect("seen"));
        let object = serde_json::from_slice::<serde_json::Value>(&line);
        let object = object.unwrap_or_else(|e| panic!("{e}: {}", quoted(&line)));
        assert_eq!(object["type"], "chat");
        heard.push(object["message"].as_str().expect("a text").to_owned());
    }
    heard
}

/// The `:command` client: each read is decoded and printed as a line.
fn hear_colon(socket: &mut Socket, is_enough: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut heard = Vec::new();
    while !is_enough(&heard) {
        let read = recv(socket);
        let line = std::str::from_utf8(&read);
        let line = line.unwrap_or_else(|e| panic!("{e}: {}", quoted(&read)));
        heard.push(line.replace('\0', ""));
    }
    heard
}

/// Has everything been heard, in however many pieces?
fn of_length(total: usize, label: usize) -> impl Fn(&[String]) -> bool {
    move |heard| {
        heard
            .iter()
            .map(|text| text.len() - label_of(text, label))
            .sum::<usize>()
            >= total
    }
}

fn label_of(text: &str, label: usize) -> usize {
    if text.starts_with('\x1b') { label } else { 0 }
}

/// Each message begins with a read of its own, behind a label, and goes on in the next ones.
#[track_caller]
fn assert_pieces(heard: &[String], said: &[String], label: usize) {
    let mut rest = heard.iter();
    for text in said {
        let first = rest.next().expect("a message");
        assert_eq!(label_of(first, label), label, "{first}");
        let mut shown = first[label..].to_owned();
        while shown.len() < text.len() {
            shown += rest.next().expect("the rest of a message");
        }
        assert_eq!(shown, *text);
    }
}

/// Waits until nobody else is in the lobby.
#[track_caller]
fn await_alone(alice: &mut Peer) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let told = alice.send("/list\n").sync();
        if told.ends_with(b"Current clients: alice\n") {
            return;
        }
        assert!(Instant::now() < deadline, "{}", quoted(&told));
    }
}

#[test]
fn a_burst_reaches_each_client_whole_and_each_message_on_its_own() {
    let server = Server::of(&[Text, Pynet, JsonPadded, Colon, Auto]);
    let said = burst();
    let total: usize = said.iter().map(String::len).sum();
    let label = "\x1b[93m[00:00:00] alice >> \x1b[0m".len();
    let mut alice = server.join(Text, "alice");
    for round in 0..40 {
        let doors = [
            (Pynet, Pynet),
            (JsonPadded, JsonPadded),
            (Colon, Colon),
            (Auto, Pynet),
        ];
        let mut peers = doors.map(|(door, dialect)| {
            let mut peer = Peer::connect(server.door(door), dialect);
            peer.send(dialect.join(&format!("r{round}{}", &door.name()[..1])));
            peer.sync();
            peer
        });
        // Each has heard of those who came after it.
        peers.iter_mut().for_each(|peer| drop(peer.sync()));
        alice.sync();
        let lines: String = said.iter().map(|text| format!("{text}\n")).collect();
        let socket = |peer: &Peer| peer.socket.try_clone().expect("a socket");
        let [mut pynet, mut json, mut colon, mut auto] = [0, 1, 2, 3].map(|at| socket(&peers[at]));
        let heard = thread::scope(|scope| {
            let readers = [
                scope.spawn(|| hear_pynet(&mut pynet, of_length(total, 0))),
                scope.spawn(|| hear_json(&mut json, of_length(total, 0))),
                scope.spawn(|| hear_colon(&mut colon, of_length(total, label))),
                scope.spawn(|| hear_pynet(&mut auto, of_length(total, 0))),
            ];
            alice.send(lines);
            readers.map(|reader| reader.join().expect("it lives"))
        });
        assert_eq!(heard[1], said, "json");
        assert_pieces(&heard[0], &said, 0);
        assert_pieces(&heard[3], &said, 0);
        assert_pieces(&heard[2], &said, label);
        // Nobody of the next round is told that they left.
        drop((peers, pynet, json, colon, auto));
        await_alone(&mut alice);
    }
}

#[test]
fn segments_to_those_clients_are_reads_of_theirs() {
    let server = Server::of(&[Text, Json, Pynet, JsonPadded, Colon]);
    for dialect in [Text, Json] {
        let mss = server.connect(dialect).socket.tcp_mss().expect("a number");
        assert!(mss > 1024, "{mss}");
    }
    for dialect in [Pynet, JsonPadded, Colon] {
        let mss = server.connect(dialect).socket.tcp_mss().expect("a number");
        assert_eq!(mss, 1024, "without the 12 bytes of timestamps");
    }
}

#[test]
fn an_event_of_colon_is_filled_up_with_nul() {
    let server = Server::of(&[Colon, Text]);
    let mut bob = server.join(Colon, "bob");
    let mut alice = server.join(Text, "alice");
    bob.sync();
    for (text, reads) in [("hi", 1), (&"é".repeat(600), 2), (&"🎉".repeat(1000), 4)] {
        alice.say(text);
        for at in 0..reads {
            let mut read = [0; READ];
            bob.socket.read_exact(&mut read).expect("it comes");
            let shown = std::str::from_utf8(&read).expect("whole characters");
            assert_eq!(shown.starts_with("\x1b[93m["), at == 0);
            assert!(at + 1 < reads || shown.ends_with('\0'));
        }
    }
}

/// The objects that the JSON client is sent, in the form of one line each: what it could not show comes
/// in the forms that it shows.
fn shown(peer: &mut Peer) -> Vec<String> {
    let came = peer.sync();
    assert!(came.len().is_multiple_of(READ) && came.is_ascii());
    let lines = String::from_utf8(came).expect("UTF-8");
    let shown = lines.lines().map(|line| {
        let object: serde_json::Value = serde_json::from_str(line).expect(line);
        let field = |name: &str| object[name].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {}: {}",
            field("type"),
            field("username"),
            field("message")
        )
    });
    shown.collect()
}

#[test]
fn what_the_json_client_could_not_show_comes_in_the_forms_that_it_shows() {
    let server = Server::of(&[JsonPadded, Text, Json]);
    let mut jill = server.join(JsonPadded, "jill");
    let mut alice = server.join(Text, "alice");
    let mut script = server.join(Json, "script");
    let one = [
        "user_joined alice: alice joined the chat",
        "user_joined script: script joined the chat",
    ];
    assert_eq!(shown(&mut jill), one);
    alice.send("Hello\n/me waves\n/pm jill psst\n/nick alicia\n/topic\n");
    alice.expect_until("alice is now called alicia.\n");
    alice.sync();
    assert_eq!(
        shown(&mut jill),
        [
            "chat alice: Hello",
            "chat alice: * waves",
            "chat alice: [→ you] psst",
            "user_left alice: alice left the chat",
            "user_joined alicia: alicia joined the chat",
        ]
    );
    jill.say("/pm alicia what?");
    alice.expect_until("[jill → you] what?\n");
    assert_eq!(shown(&mut jill), ["chat Server: [you → alicia] what?"]);
    jill.say("/join den").say("/shrug").say("//list");
    let own = [
        "chat Server: You made the room #den.",
        "chat jill: [#den] /shrug",
        "chat jill: [#den] /list",
    ];
    assert_eq!(shown(&mut jill), own);
    script.send("{\"type\":\"join_room\",\"room\":\"den\"}\n");
    script.sync();
    alice
        .send("/join den\nin here\n/me nods\n/leave den\n")
        .sync();
    script.send("{\"type\":\"chat\",\"room\":\"den\",\"message\":\"hi\"}\n");
    script.sync();
    assert_eq!(
        shown(&mut jill),
        [
            "user_joined script: script joined #den",
            "user_joined alicia: alicia joined #den",
            "chat alicia: [#den] in here",
            "chat alicia: [#den] * nods",
            "user_left alicia: alicia left #den",
            "chat script: [#den] hi",
        ]
    );
    jill.say("/list")
        .say("/leave")
        .say("/history 2")
        .say("/pm nobody hi")
        .say("/nick");
    let came = shown(&mut jill);
    assert_eq!(came[0], "chat Server: Here: jill, script");
    assert_eq!(
        came[1],
        "chat Server: You left #den. You speak in #lobby now."
    );
    assert_eq!(came[2..4], ["chat alice: Hello", "chat alice: * waves"]);
    assert_eq!(came[4], "chat Server: That is 2 of #lobby.");
    assert_eq!(came[5], "error -: Nobody here is called nobody.");
    assert_eq!(came[6], "error -: Usage: /nick NAME");
}

#[test]
fn the_json_client_at_its_door_byte_by_byte() {
    let dir = TempDir::new();
    let socket = format!("--admin-socket {}", dir.join("admin").display());
    let server = Server::with(&[JsonPadded], &socket);
    let mut jill = server.connect(JsonPadded);
    jill.send(JsonPadded.join("jill"));
    let line = |object: &str, times: usize| {
        let width = 1023 + "<unix>".len() * times - "1700000000.250".len() * times;
        format!("{object:<width$}\n")
    };
    jill.expect_like(line(
        "{\"type\":\"welcome\",\"message\":\"Welcome to the chat, jill!\",\
         \"users\":[\"jill\"],\"timestamp\":<unix>}",
        1,
    ));
    let mut console = server.connect(Console);
    console
        .send("hello all\n:pm jill psst\n:kick jill too loud\n")
        .sync();
    let said = |message: &str| {
        let object = format!(
            "{{\"type\":\"chat\",\"username\":\"Server\",\"message\":\"{message}\",\
             \"timestamp\":<unix>}}"
        );
        line(&object, 1)
    };
    jill.expect_like(said("hello all"));
    jill.expect_like(said("[\\u2192 you] psst"));
    jill.expect_like(said("You have been kicked. (too loud)"));
    jill.expect_eof();
    let mut other = server.connect(JsonPadded);
    other.send("{\"type\":\"chat\",\"message\":\"hi\"}\n");
    other.expect(padded_line(
        "{\"type\":\"error\",\"message\":\"Invalid username\",\"code\":\"bad_nick\"}",
    ));
    other.expect_eof();
}

#[test]
fn answers_of_many_lines_come_in_whole_characters_and_lines() {
    let server = Server::of(&[Colon, Text]);
    let mut bob = server.join(Colon, "bob");
    let mut alice = server.join(Text, "alice");
    let texts: Vec<String> = (0..25)
        .map(|n| format!("{n} {}", "é🎉".repeat(20 + n)))
        .collect();
    for text in &texts {
        alice.say(text);
    }
    alice.sync();
    bob.settle();
    bob.send(":history 25");
    let enough = |heard: &[String]| heard.concat().contains("That is 25 of #lobby.");
    let heard = hear_colon(&mut bob.socket, enough);
    let lines: Vec<&str> = heard.iter().flat_map(|read| read.lines()).collect();
    for (line, text) in lines.iter().zip(&texts) {
        assert!(line.ends_with(&format!("alice >> \x1b[0m{text}")), "{line}");
    }
    bob.send(":help all");
    let enough = |heard: &[String]| heard.concat().ends_with("\x1b[0m");
    let heard = hear_colon(&mut bob.socket, enough);
    assert!(heard.len() > 2 && heard.iter().rev().skip(1).all(|read| read.ends_with('\n')));
}

#[test]
fn a_client_that_is_slow_finds_the_same() {
    let server = Server::of(&[Text, Pynet, JsonPadded, Colon]);
    let mut alice = server.join(Text, "alice");
    let mut peers = [Pynet, JsonPadded, Colon].map(|dialect| {
        let small = |socket: &Socket| socket.set_recv_buffer_size(4096).expect("a size");
        let mut peer = Peer::try_connect(server.door(dialect), dialect, small).expect("a door");
        peer.send(dialect.join(&dialect.name()[..4])).sync();
        peer
    });
    peers.iter_mut().for_each(|peer| drop(peer.settle()));
    alice.sync();
    // It is all there, or under way as far as the windows let it, before anybody reads.
    let said: Vec<String> = (0..BURST).map(|n| format!("{n} é🎉")).collect();
    for text in &said {
        alice.say(text);
    }
    alice.sync();
    let is_enough = |heard: &[String]| heard.len() == BURST;
    let [pynet, json, colon] = &mut peers;
    assert_eq!(hear_pynet(&mut pynet.socket, is_enough), said);
    assert_eq!(hear_json(&mut json.socket, is_enough), said);
    let heard = hear_colon(&mut colon.socket, is_enough);
    let shown = heard.iter().zip(&said);
    assert!(
        shown.into_iter().all(|(line, text)| line.ends_with(text)),
        "{heard:?}"
    );
}
