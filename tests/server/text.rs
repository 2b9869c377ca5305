use crate::util::*;

const TAKEN: &str = "[Server] That name is taken. Enter your name: ";
const BAD: &str = "[Server] A name is 1 to 20 letters, digits, _ - or . Enter your name: ";

#[test]
fn a_session() {
    let server = Server::of(&[Text]);
    let mut alice = server.connect(Text);
    alice.expect(PROMPT).send("Alice\n");
    alice.expect("[Server] Alice joined the chat!\n");
    let mut bob = server.connect(Text);
    bob.expect(PROMPT).send("Bob\n");
    for peer in [&mut alice, &mut bob] {
        peer.expect("[Server] Bob joined the chat!\n");
    }
    alice.send("Hello\n").silent();
    bob.expect("[Alice] Hello\n").send("/list\n");
    bob.expect("Current clients: Alice, Bob\n");
    bob.send("/quit\n").expect_eof();
    alice
        .expect("[Server] Bob left the chat!\n")
        .send("/list\n");
    alice.expect("Current clients: Alice\n").silent();
}

#[test]
fn the_greeting_is_seventeen_bytes_and_waits() {
    let server = Server::of(&[Text]);
    let mut peer = server.connect(Text);
    assert_eq!(peer.take(17), PROMPT.as_bytes());
    peer.send("\n\r\n-\n").expect(BAD);
}

#[test]
fn names_that_are_refused() {
    let server = Server::of(&[Text]);
    let mut alice = server.join(Text, "Alice");
    // A connection whose tenth name is refused is closed.
    let refused = |names: &[&str], answer: &str| {
        let mut peer = server.connect(Text);
        peer.expect(PROMPT);
        for name in names {
            peer.send(format!("{name}\n")).expect(answer);
        }
        peer
    };
    refused(&["Alice", "alice", "ALICE", " aLiCe "], TAKEN);
    refused(
        &["Server", "Ѕerver", "ＳＥＲＶＥＲ", "ꜱʏꜱᴛᴇᴍ", "5erver"],
        TAKEN,
    );
    refused(&["-a", ".a", "a b", "a/b", "[a]", "a:b"], BAD);
    refused(&["a\u{202e}", "a\u{200b}", "\u{651}", "1\u{301}"], BAD);
    let mut peer = refused(&["🎉", "/list"], BAD);
    alice.silent();
    peer.send("Carol\n")
        .expect("[Server] Carol joined the chat!\n");
    alice.expect("[Server] Carol joined the chat!\n");
}

#[test]
fn names_that_are_taken_as_typed() {
    let server = Server::of(&[Text]);
    for good in [
        "a",
        "7",
        "_",
        "_-.",
        "Žluťoučký",
        "日本",
        "a.b-c_d",
        "प्रिया",
        "தமிழ்",
        "น้อย",
        "হ্যাঁ",
        "각",
    ] {
        server.join(Text, good);
    }
    let mut spaced = server.connect(Text);
    spaced.expect(PROMPT).send("  dora \r\n");
    spaced.expect_until("[Server] dora joined the chat!\n");
    let mut jose = server.connect(Text);
    jose.expect(PROMPT).send("Jose\u{301}\n");
    jose.expect("[Server] Jos\u{e9} joined the chat!\n");
    jose.send("/join हिन्दी\n")
        .expect("[Server] You made the room #हिन्दी.\n");
    let _there = server.join(Text, "각");
    let mut gak = server.connect(Text);
    gak.expect(PROMPT).send("\u{1100}\u{1161}\u{11A8}\n");
    gak.expect(TAKEN);
}

#[test]
fn a_name_is_free_again_after_its_user_left() {
    let server = Server::of(&[Text]);
    let mut watcher = server.join(Text, "watcher");
    for _ in 0..3 {
        let mut peer = server.join(Text, "Alice");
        watcher.expect("[Server] Alice joined the chat!\n");
        peer.send("/quit\n").expect_eof();
        watcher.expect("[Server] Alice left the chat!\n");
    }
}

#[test]
fn commands_match_without_regard_to_case() {
    let server = Server::of(&[Text]);
    let mut alice = server.join(Text, "Alice");
    for list in ["/list", "/LIST", "/List", "/list ", "  /list", "\t /list"] {
        alice.send(format!("{list}\r\n"));
        alice.expect("Current clients: Alice\n");
    }
    alice.send("/QUIT\n").expect_eof();
}

#[test]
fn what_is_no_command_is_said_so() {
    let server = Server::of(&[Text]);
    let mut alice = server.join(Text, "Alice");
    let mut bob = server.join(Text, "Bob");
    alice.expect("[Server] Bob joined the chat!\n");
    for (line, shown) in [("/foo", "/foo"), ("/Foo bar", "/Foo"), ("/", "/")] {
        alice.send(format!("{line}\n"));
        alice.expect(format!("[Server] Unknown command {shown}. Try /help.\n"));
    }
    bob.silent();
}

#[test]
fn help_is_lines_of_the_server() {
    let server = Server::of(&[Text]);
    let mut alice = server.join(Text, "Alice");
    alice.send("/help\n");
    let help = String::from_utf8(alice.sync()).expect("UTF-8");
    for command in ["/help", "/list", "/quit"] {
        assert!(help.contains(&format!("[Server] {command} ")), "{help}");
    }
    assert!(
        help.lines().all(|line| line.starts_with("[Server] ")),
        "{help}"
    );
}

#[test]
fn lines_that_are_said() {
    let server = Server::of(&[Text]);
    let mut alice = server.join(Text, "Alice");
    let mut bob = server.join(Text, "Bob");
    alice.expect("[Server] Bob joined the chat!\n");
    for (sent, shown) in [
        ("Hello\n", "Hello"),
        ("Hello\r\n", "Hello"),
        ("//hello\n", "/hello"),
        ("///\n", "//"),
        ("  //list\n", "/list"),
        (" hello /list\n", " hello /list"),
        ("tab\there\n", "tab\there"),
        ("žluťoučký 日本 🎉\n", "žluťoučký 日本 🎉"),
        ("\n\r\n\nafter nothing\n", "after nothing"),
    ] {
        alice.send(sent);
        bob.expect(format!("[Alice] {shown}\n"));
    }
    alice.silent();
    bob.silent();
}

#[test]
fn telnet_negotiation_is_skipped() {
    let server = Server::of(&[Text]);
    let mut bob = server.join(Text, "Bob");
    let mut alice = server.connect(Text);
    alice.expect(PROMPT);
    alice.send(b"\xff\xfd\x03\xff\xfb\x18Al\xff\xf1ice\r\n");
    alice.expect("[Server] Alice joined the chat!\n");
    bob.expect("[Server] Alice joined the chat!\n");
    alice.send(b"\xff\xfa\x18\x00xterm\xff\xf0He\xff\xfe\x01llo\r\n");
    bob.expect("[Alice] Hello\n");
    alice.send(b"\xff\xf4\xff\xf1\r\n").silent();
    bob.silent();
}

#[test]
fn telnets_ctrl_c_is_answered_once() {
    let server = Server::of(&[Text]);
    let mut alice = server.join(Text, "Alice");
    let mut bob = server.join(Text, "Bob");
    alice.sync();
    alice.send(b"\xff\xf4\xff\xfd\x06").expect(b"\xff\xfc\x06");
    alice.send("hi\n").silent();
    bob.expect("[Alice] hi\n");
}

#[test]
fn telnets_ctrl_c_is_answered_however_it_comes() {
    let server = Server::of(&[Text]);
    let mut alice = server.join(Text, "Alice");
    let mut bob = server.join(Text, "Bob");
    alice.sync();
    let input = b"ab\xff\xf4\xff\xfd\x06c\r\n";
    for at in 0..=input.len() {
        alice.send(&input[..at]);
        let mut seen = bob.settle();
        alice.send(&input[at..]);
        let answer = alice.sync();
        seen.extend(bob.sync());
        assert_eq!(quoted(&seen), quoted(b"[Alice] abc\n"));
        assert_eq!(quoted(&answer), quoted(b"\xff\xfc\x06"), "split at {at}");
    }
}

#[test]
fn errors_are_one_line_and_the_connection_stays() {
    let server = Server::of(&[Text]);
    let mut alice = server.join(Text, "Alice");
    let mut bob = server.join(Text, "Bob");
    alice.expect("[Server] Bob joined the chat!\n");
    for bad in [
        &b"\x80\n"[..],
        b"caf\xe9\n",
        b"\xed\xa0\x80\n",
        b"\xff\n",
        b"/pm\n",
    ] {
        alice.send(bad);
        let answer = alice.line();
        assert!(answer.starts_with("[Server] "), "{answer}");
        alice.silent();
    }
    bob.silent();
}

#[test]
fn a_name_that_is_not_utf8_is_asked_for_again() {
    let server = Server::of(&[Text]);
    let mut peer = server.connect(Text);
    peer.expect(PROMPT).send(b"caf\xe9\nbob\n");
    peer.expect("[Server] ");
    peer.expect_until(PROMPT);
    peer.expect("[Server] bob joined the chat!\n");
}

#[test]
fn what_was_asked_before_quit_is_answered() {
    let server = Server::of(&[Text]);
    let mut alice = server.join(Text, "Alice");
    alice.send("/list\n".repeat(1000) + "/quit\n/list\n");
    alice
        .expect("Current clients: Alice\n".repeat(1000))
        .expect_eof();
}

#[test]
fn private_messages_and_rooms() {
    let server = Server::of(&[Text]);
    let mut alice = server.join(Text, "Alice");
    let mut bob = server.join(Text, "Bob");
    let mut carol = server.join(Text, "Carol");
    for peer in [&mut alice, &mut bob, &mut carol] {
        peer.sync();
    }
    alice.send("/pm bob psst\n").expect("[you → Bob] psst\n");
    bob.expect("[Alice → you] psst\n");
    alice.send("/join den\n").line();
    bob.send("/join den\n").line();
    alice.expect("[Server] Bob entered #den.\n").send("here\n");
    bob.expect("[Alice] here\n").send("/list\n");
    bob.expect("Current clients: Alice, Bob\n");
    carol.silent();
    alice.send("/quit\n").expect_eof();
    for peer in [&mut bob, &mut carol] {
        peer.expect("[Server] Alice left the chat!\n");
    }
}
