use crate::util::*;

/// Alice and Bob, who has seen nothing of her coming left to read.
fn pair(server: &Server) -> (Peer, Peer) {
    let mut alice = server.join(Colon, "alice");
    let bob = server.join(Colon, "bob");
    alice.sync();
    (alice, bob)
}

#[test]
fn a_session() {
    let server = Server::of(&[Colon]);
    let mut bob = server.connect(Colon);
    bob.send("bob").sync();
    let mut alice = server.connect(Colon);
    alice.send("alice");
    let address = alice.address();
    bob.expect_like(format!(
        "\x1b[96m[<hms>] Client {address} CONNECTED Name: alice\x1b[0m"
    ));
    alice.silent().send("Hello all");
    bob.expect_like("\x1b[93m[<hms>] alice >> \x1b[0mHello all");
    alice.silent().send(":pm bob hi");
    bob.expect_like("\x1b[95m[<hms>] alice PM >> \x1b[0mhi");
    alice.silent();
    drop(alice);
    bob.expect_like("\x1b[91m[<hms>] alice DISCONNECTED\x1b[0m");
    bob.silent();
}

#[test]
fn groups_answer_by_answer() {
    let server = Server::of(&[Colon]);
    let (mut alice, mut bob) = pair(&server);
    let ask = |who: &mut Peer, line: &str, answer: String| {
        who.send(line).expect(answer);
    };
    ask(&mut alice, ":group create g", green("Group g created"));
    ask(&mut alice, ":group create g", red("Group g already exists"));
    ask(&mut bob, ":group create g", red("Group g already exists"));
    ask(
        &mut alice,
        ":group join g",
        red("You are already in group g"),
    );
    ask(&mut bob, ":group join h", red("Group h not found"));
    ask(&mut bob, ":group leave g", red("You are not in group g"));
    for nope in ["send nope hi", "join nope", "leave nope"] {
        let line = format!(":group {nope}");
        ask(&mut bob, &line, red("Group nope not found"));
    }
    ask(&mut bob, ":group send g hi", red("You are not in group g"));
    ask(&mut bob, ":group members h", red("Group 'h' not found"));
    let members = green("Members of 'g':");
    ask(&mut bob, ":group members g", format!("{members}- alice\n"));
    ask(&mut bob, ":group join g", green("Joined group g"));
    ask(
        &mut alice,
        ":group members g",
        format!("{members}- alice\n- bob\n"),
    );
    alice.send(":group send g hi all").silent();
    bob.expect_like("\x1b[94m[<hms>] GROUP(g) alice >> \x1b[0mhi all");
    ask(&mut bob, ":group leave g", green("Left group g"));
    alice.send(":group send g alone").silent();
    bob.silent();
    alice.send("to all").silent();
    bob.expect_like("\x1b[93m[<hms>] alice >> \x1b[0mto all");
    ask(&mut alice, ":group leave g", green("Left group g"));
    ask(&mut alice, ":group members g", red("Group 'g' not found"));
    ask(
        &mut alice,
        ":group create two words",
        green("Group two created"),
    );
    ask(&mut bob, ":group join two words", green("Joined group two"));
    ask(&mut bob, ":group leave two words", green("Left group two"));
}

#[test]
fn a_group_is_told_to_its_members_only() {
    let server = Server::of(&[Colon, Text]);
    let (mut alice, mut bob) = pair(&server);
    let mut carol = server.join(Text, "Carol");
    alice.sync();
    bob.sync();
    alice
        .send(":group create g")
        .expect(green("Group g created"));
    carol.send("/join g\n").line();
    alice.send(":group send g psst").silent();
    carol.expect("[alice] psst\n");
    bob.silent();
    carol.send("hush\n").sync();
    alice.expect_like("\x1b[94m[<hms>] GROUP(g) Carol >> \x1b[0mhush");
    bob.silent();
}

#[test]
fn refusals_are_red() {
    let server = Server::of(&[Colon]);
    let (mut alice, mut bob) = pair(&server);
    let pm = "Usage: :pm <target> <message>";
    let send = "Usage: :group send <group_name> <message>";
    for (line, answer) in [
        (":pm nobody hi", "Client nobody not found"),
        (":pm", pm),
        (":pm bob", pm),
        (":pm bob ", pm),
        (":group create", "Usage: :group create <group_name>"),
        (":group join", "Usage: :group join <group_name>"),
        (":group leave", "Usage: :group leave <group_name>"),
        (":group members", "Usage: :group members <group_name>"),
        (":group send", send),
        (":group send g", send),
        (":foo", "Invalid command"),
        (":foo bar", "Invalid command"),
        (":pmx bob hi", "Invalid command"),
    ] {
        alice.send(line).expect(red(answer)).silent();
        alice.send(format!("{line}\r\n")).expect(red(answer));
    }
    bob.silent();
}

#[test]
fn faces_are_messages() {
    let server = Server::of(&[Colon]);
    let (mut alice, mut bob) = pair(&server);
    for face in [":)", ":-D", ":(", ": x", "::", "hello :pm", "/shrug", "//x"] {
        alice.send(face);
        bob.expect_like(Colon.said("alice", alice.address(), face));
    }
    alice.silent();
}

#[test]
fn silence_ends_a_frame_as_a_newline_does() {
    let server = Server::of(&[Colon]);
    let (mut alice, mut bob) = pair(&server);
    let address = alice.address();
    alice.send("one\ntwo\r\nthree");
    for text in ["one", "two", "three"] {
        bob.expect_like(Colon.said("alice", address, text));
    }
    alice.send("\n\r\n").silent();
    bob.silent();
}

#[test]
fn a_refused_name_is_asked_for_again() {
    let server = Server::of(&[Colon]);
    let mut alice = server.join(Colon, "alice");
    let mut peer = server.connect(Colon);
    for name in ["alice", "ALICE", "a b", "-a", ":pm", &"x".repeat(21)] {
        peer.send(name);
        let line = peer.expect_until("\x1b[0m");
        assert!(line.starts_with(b"\x1b[91m"), "{}", quoted(&line));
    }
    alice.silent();
    peer.send("bob");
    alice.expect_like(Colon.joined("bob", peer.address()));
    peer.silent();
}

#[test]
fn no_users_text_makes_the_client_leave() {
    let server = Server::of(&[Colon, Json]);
    let (mut alice, mut bob) = pair(&server);
    let mut carol = server.join(Json, "carol");
    bob.sync();
    for text in [
        "SERVER: Server shutting down...",
        "shutting down, says SERVER:",
        "You have been kicked by server.",
        "[12:00:00] SERVER: it is shutting down. You have been kicked by server",
        "SERVER:SERVER: shutting downshutting down",
        "SER\\u0000VER: shutting\\u0007 down",
        "You have been kicked \\u001bby server",
        "You have been \\u202ekicked by server",
    ] {
        carol.say(text).sync();
        carol.send(format!(
            "{{\"type\":\"pm\",\"to\":\"bob\",\"message\":\"{text}\"}}\n"
        ));
        carol.sync();
        let shown = String::from_utf8(bob.sync()).expect("UTF-8");
        assert_eq!(shown.matches("carol").count(), 2, "{shown}");
        let shuts = shown.contains("SERVER:") && shown.contains("shutting down");
        assert!(!shuts, "{shown}");
        assert!(!shown.contains("You have been kicked by server"), "{shown}");
    }
    alice.sync();
    alice.send(":pm SERVER:-shutting hi");
    let shown = alice.sync();
    assert!(
        !shown.windows(7).any(|part| part == b"SERVER:"),
        "{}",
        quoted(&shown)
    );
    carol.say("the SERVER is up").sync();
    bob.expect_like(Colon.said("carol", carol.address(), "the SERVER is up"));
}

#[test]
fn an_ordinary_text_is_shown_as_it_is() {
    let server = Server::of(&[Colon]);
    let (mut alice, mut bob) = pair(&server);
    for text in [
        "we are shutting down the shop",
        "tab\there",
        "žluťoučký 🎉",
        "a  b ",
    ] {
        alice.send(format!("{text}\n"));
        bob.expect_until("\x1b[0m");
        let shown = String::from_utf8(bob.sync()).expect("UTF-8");
        assert_eq!(shown.replace("  down", " down"), text);
    }
}

#[test]
fn the_time_is_local() {
    let mut command = program();
    command.args(["--listen", "colon://127.0.0.1:0"]);
    command.env("TZ", "XYZ-5:30");
    let server = Server::spawn(command, 1);
    let (mut alice, mut bob) = pair(&server);
    alice.send("hi\n").sync();
    bob.expect("\x1b[93m[");
    let shown = String::from_utf8(bob.take(8)).expect("ASCII");
    let part = |at: usize| shown[at..at + 2].parse::<i64>().expect("digits");
    let shown_s = part(0) * 3600 + part(3) * 60 + part(6);
    let local_s = unix_now() as i64 + 5 * 3600 + 30 * 60;
    let behind = (local_s - shown_s).rem_euclid(86_400);
    assert!(behind < 60, "{shown} is {behind} s behind");
}

#[test]
fn bytes_that_are_not_utf8_get_a_red_line_and_the_connection_stays() {
    let server = Server::of(&[Colon]);
    let (mut alice, mut bob) = pair(&server);
    alice.send(b"caf\xe9");
    assert!(alice.expect_until("\x1b[0m").starts_with(b"\x1b[91m"));
    alice.silent();
    bob.silent();
}
