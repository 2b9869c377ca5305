//! Clients of IRC in the one world.

use crate::util::*;

pub(crate) const FLAGS: &str = "--server-name irc.test --replay 0";

/// Somebody who has come in by IRC, with what was told of that read.
pub(crate) fn irc(server: &Server, nick: &str, caps: &str) -> Peer {
    let mut peer = server.connect(Irc);
    if !caps.is_empty() {
        peer.send(format!("CAP REQ :{caps}\r\n"));
    }
    peer.send(format!(
        "NICK {nick}\r\nUSER {nick} 0 * :Real {nick}\r\nCAP END\r\n"
    ));
    peer.expect_until(format!(":irc.test 376 {nick} :End of /MOTD command.\r\n"));
    peer
}

/// All that is sent before the answer to a ping.
pub(crate) fn told(peer: &mut Peer) -> String {
    peer.send("PING :done\r\n");
    let all = peer.expect_until("PONG irc.test done\r\n");
    let all = String::from_utf8(all).expect("UTF-8");
    let end = all.rfind(":irc.test PONG").expect("the answer");
    all[..end].into()
}

#[test]
fn talk_with_somebody_at_a_terminal_and_with_a_program() {
    let server = Server::with(&[Irc, Text, Json], FLAGS);
    let mut ann = server.join(Text, "ann");
    let mut bot = server.join(Json, "bot");
    let mut bob = irc(&server, "bob", "");
    assert_eq!(told(&mut bob), "", "in no room");
    bob.send("JOIN #lobby\r\n");
    let entered = told(&mut bob);
    assert!(entered.starts_with(":bob!~bob@"), "{entered}");
    assert!(entered.contains(" JOIN #lobby\r\n"), "{entered}");
    assert!(
        entered.contains(":irc.test 353 bob = #lobby :ann bot bob\r\n"),
        "{entered}"
    );
    ann.expect_until("bob entered #lobby.\n");
    bob.send("PRIVMSG #lobby :hello there\r\nPRIVMSG #lobby :\u{1}ACTION waves\u{1}\r\n");
    ann.expect("[bob] hello there\n* bob waves\n");
    assert_eq!(told(&mut bob), "", "no echo unasked");
    ann.send("hi bob\n/me nods\n");
    bob.expect_until(" PRIVMSG #lobby :hi bob\r\n");
    bob.expect_until(" PRIVMSG #lobby :\u{1}ACTION nods\u{1}\r\n");
    bot.send("{\"type\":\"pm\",\"to\":\"bob\",\"message\":\"psst\"}\n");
    bob.expect_until(" PRIVMSG bob :psst\r\n");
    bob.send("PRIVMSG bot :yes?\r\n");
    bot.expect_until("\"message\":\"yes?\"");
    bob.send("PART #lobby :so long\r\n");
    ann.expect_until("bob left #lobby. (so long)\n");
    bob.send("PRIVMSG #lobby :still there?\r\n");
    bob.expect_until(":irc.test 404 bob #lobby :");
}

#[test]
fn a_text_is_no_command_in_another_dialect() {
    let server = Server::with(&[Irc, Text, Json], FLAGS);
    let mut bob = irc(&server, "bob", "");
    bob.send("JOIN #lobby\r\n");
    told(&mut bob);
    let mut bot = server.join(Json, "bot");
    bot.send("{\"type\":\"chat\",\"message\":\"a\\r\\nKILL bob :b\\u0000\"}\n");
    bob.expect_until(" PRIVMSG #lobby :a\r\n");
    bob.expect_until(" PRIVMSG #lobby :KILL bob :b \r\n");
    let mut ann = server.join(Text, "ann");
    bob.send("PRIVMSG #lobby :/quit\r\n");
    ann.expect_until("[bob] /quit\n");
}

#[test]
fn long_words_come_whole() {
    let server = Server::with(&[Irc, Text], FLAGS);
    let mut bob = irc(&server, "bob", "");
    bob.send("JOIN #lobby\r\n");
    told(&mut bob);
    let mut ann = server.join(Text, "ann");
    let text = "ä".repeat(700);
    ann.send(format!("{text}\n"));
    ann.sync();
    let all = told(&mut bob);
    let said = all
        .lines()
        .filter_map(|line| line.split_once(" PRIVMSG #lobby :"));
    let said: String = said.map(|(_, words)| words).collect();
    assert_eq!(said, text);
    assert!(all.lines().all(|line| line.len() <= 510));
}

#[test]
fn lines_at_the_limit_and_one_past_it() {
    let server = Server::with(&[Irc], FLAGS);
    let mut bob = irc(&server, "bob", "message-tags");
    let ping = |len: usize| format!("PING {}\r\n", "x".repeat(len - 5));
    bob.send(ping(510));
    bob.expect_until("PONG irc.test xxx");
    bob.send(ping(511))
        .send("@+a=".to_owned() + &"x".repeat(5000) + " TAGMSG bob\r\n");
    bob.expect_until(":irc.test 417 bob :Input line was too long\r\n");
    bob.expect_until(":irc.test 417 bob :Input line was too long\r\n");
    bob.send(b"PRIVMSG bob :\xff\r\n");
    bob.expect_until("FAIL PRIVMSG INVALID_UTF8 :");
    bob.send("\r\n \r\n:x\r\nNOSUCH\r\nJOIN\r\n");
    bob.expect_until(":irc.test 421 bob NOSUCH :Unknown command\r\n");
    bob.expect_until(":irc.test 461 bob JOIN :Not enough parameters\r\n");
}

#[test]
fn names_that_are_taken_and_names_that_are_none() {
    let server = Server::with(&[Irc, Text], FLAGS);
    let _ann = server.join(Text, "ann");
    let mut bob = server.connect(Irc);
    bob.send("NICK ann\r\nUSER u 0 * :U\r\n");
    bob.expect_until(":irc.test 433 * ann :Nickname is already in use\r\n");
    bob.send("NICK *\r\n");
    bob.expect_until(":irc.test 432 * * :");
    bob.send("NICK bob\r\n");
    bob.expect_until(":irc.test 001 bob :Welcome");
    bob.send("NICK ann\r\n");
    bob.expect_until(":irc.test 433 bob ann :Nickname is already in use\r\n");
    bob.send("NICK bert\r\n");
    bob.expect_until(" NICK bert\r\n");
}

#[test]
fn a_server_with_a_password() {
    let dir = TempDir::new();
    let path = dir.join("password");
    std::fs::write(&path, "sesame\n").expect("written");
    let flags = format!("{FLAGS} --server-password-file {}", path.display());
    let server = Server::with(&[Irc], &flags);
    let mut eve = server.connect(Irc);
    eve.send("PASS guess\r\nNICK eve\r\nUSER e 0 * :E\r\n");
    eve.expect(":irc.test 464 * :Password incorrect\r\n");
    eve.expect("ERROR :Closing Link: (Password incorrect)\r\n")
        .expect_eof();
    let mut bob = server.connect(Irc);
    bob.send("PASS sesame\r\nNICK bob\r\nUSER b 0 * :B\r\n");
    bob.expect_until(":irc.test 001 bob :Welcome");
}

#[test]
fn what_moderators_set_holds_for_everybody() {
    let server = Server::with(&[Irc, Text], FLAGS);
    let mut bob = irc(&server, "bob", "");
    bob.send("JOIN #den\r\nMODE #den +m\r\n");
    bob.expect_until(" MODE #den +m\r\n");
    let mut ann = server.join(Text, "ann");
    ann.send("/join den\n");
    ann.expect_until("den");
    ann.sync();
    ann.send("hello?\n");
    ann.expect_until("[Server] You may not speak in #den now.\n");
    bob.send("MODE #den +v ann\r\n");
    bob.expect_until(" MODE #den +v ann\r\n");
    ann.send("hello!\n");
    bob.expect_until(" PRIVMSG #den :hello!\r\n");
    bob.send("MODE #den +b ann!*@*\r\nKICK #den ann :enough\r\n");
    ann.expect_until("bob put you out of #den: enough\n");
    let all = told(&mut bob);
    assert_eq!(all.matches(" KICK #den ann enough\r\n").count(), 1, "{all}");
    ann.send("/join den\n");
    ann.expect_until("[Server] You are kept out of #den.\n");
}

#[test]
fn an_end_of_the_connection_is_a_quit() {
    let server = Server::with(&[Irc, Text], FLAGS);
    let mut bob = irc(&server, "bob", "");
    bob.send("JOIN #lobby\r\n");
    told(&mut bob);
    let mut ann = server.join(Text, "ann");
    bob.send("QUIT :good night\r\n");
    ann.expect_until("bob left the chat! (good night)\n");
    bob.expect_until("ERROR :Closing Link: (Quit: good night)\r\n");
    bob.expect_eof();
}

#[test]
fn what_was_said_is_from_who_said_it_then() {
    let dir = TempDir::new();
    let flags = format!("{FLAGS} --data {}", dir.join("data").display());
    let server = Server::with(&[Irc], &flags);
    let mut bob = irc(&server, "bob", "account-tag");
    bob.send("JOIN #den\r\n");
    told(&mut bob);
    for (name, last) in [("ann", "NICK anna"), ("cat", "QUIT :bye")] {
        let mut peer = irc(&server, name, "");
        peer.send("NS REGISTER sesame\r\n");
        peer.expect_until(format!(" 900 {name} "));
        peer.send("JOIN #den\r\n");
        told(&mut peer);
        told(&mut bob);
        // Both lines come in one turn.
        peer.send(format!("PRIVMSG #den :mine\r\n{last}\r\n"));
        let source = format!("@account={name} :{name}!~{name}@");
        bob.expect(&source);
        bob.expect_until(format!(" PRIVMSG #den :mine\r\n{source}"));
    }
}

#[test]
fn a_long_answer_with_a_label_is_one_batch() {
    let server = Server::with(&[Irc, Text], FLAGS);
    let _crowd: Vec<Peer> = (0..60)
        .map(|n| server.join(Text, &format!("user{n}")))
        .collect();
    let mut bob = irc(&server, "bob", "batch labeled-response");
    bob.send("@label=w WHO #lobby\r\n");
    let all = told(&mut bob);
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(
        lines.first(),
        Some(&"@label=w :irc.test BATCH +1 labeled-response")
    );
    assert_eq!(lines.last(), Some(&":irc.test BATCH -1"));
    let answer = &lines[1..lines.len() - 1];
    assert!(
        answer
            .iter()
            .all(|line| line.starts_with("@batch=1 :irc.test "))
    );
    assert_eq!(answer.len(), 61, "{all}");
    assert!(all.len() > 4096, "it takes more than one part");
}

#[test]
fn a_channel_keeps_its_name_and_strangers_are_counted() {
    let server = Server::with(&[Irc], FLAGS);
    let mut bob = irc(&server, "bob", "");
    let mut stranger = server.connect(Irc);
    stranger.send("PING x\r\n").expect_until("PONG");
    bob.send("RENAME #a #b :why\r\nLUSERS\r\n");
    bob.expect_until("FAIL RENAME CANNOT_RENAME #a #b :");
    let all = told(&mut bob);
    assert!(
        all.contains(":irc.test 253 bob 1 :unknown connection(s)\r\n"),
        "{all}"
    );
}

#[test]
fn of_a_crowd_each_is_told_to_who_asks_for_it() {
    let server = Server::with(&[Irc, Text], &format!("{FLAGS} --presence-limit 3"));
    let mut bob = irc(&server, "bob", "hubbub/presence");
    let mut eve = irc(&server, "eve", "");
    for peer in [&mut bob, &mut eve] {
        peer.send("JOIN #lobby\r\n");
        told(peer);
    }
    let mut ann = server.join(Text, "ann");
    bob.expect_until(" JOIN #lobby\r\n");
    bob.expect_until(" JOIN #lobby\r\n");
    eve.expect_until(" JOIN #lobby\r\n");
    let mut cat = server.join(Text, "cat");
    bob.expect(":cat!nc@");
    bob.expect_until(" JOIN #lobby\r\n");
    eve.expect_until(":irc.test NOTICE #lobby :1 came, 0 left; 4 are here now\r\n");
    cat.send("/quit\n");
    bob.expect(":cat!nc@");
    bob.expect_until(" QUIT ");
    eve.expect_until(":irc.test NOTICE #lobby :0 came, 1 left; 3 are here now\r\n");
    ann.send("/quit\n");
    bob.expect_until(" QUIT ");
    assert!(!told(&mut bob).contains("NOTICE #lobby"));
    eve.expect(":ann!nc@");
}

/// What is told waits for the disk, and what is answered does not come before it.
#[test]
fn what_is_answered_comes_behind_what_was_said_before() {
    let data = TempDir::new();
    let flags = format!(
        "{FLAGS} --durability seen --data {}",
        data.join("data").display()
    );
    let server = Server::with(&[Irc], &flags);
    let mut ann = irc(&server, "ann", "echo-message");
    ann.send("JOIN #lobby\r\n");
    ann.expect_until(" 366 ann #lobby :End of /NAMES list\r\n");
    for (line, answer) in [
        ("WHO #lobby", " 315 ann #lobby :"),
        ("MODE #lobby", " 324 ann #lobby "),
        ("LUSERS", " 266 ann "),
        ("NONSENSE", " 421 ann NONSENSE :"),
    ] {
        ann.send(format!("PRIVMSG #lobby :before {line}\r\n{line}\r\n"));
        let told = String::from_utf8(ann.expect_until(answer)).expect("UTF-8");
        assert!(
            told.contains(&format!(" PRIVMSG #lobby :before {line}\r\n")),
            "{told}"
        );
    }
}

#[test]
fn several_lines_are_one_message() {
    const CAPS: &str = "message-tags batch draft/multiline echo-message labeled-response";
    let server = Server::with(&[Irc, Text, Json], FLAGS);
    let mut ann = server.join(Text, "ann");
    let mut jim = server.join(Json, "jim");
    let mut bob = irc(&server, "bob", CAPS);
    let mut cy = irc(&server, "cy", CAPS);
    let mut dee = irc(&server, "dee", "message-tags");
    for peer in [&mut bob, &mut cy, &mut dee] {
        peer.send("JOIN #lobby\r\n");
        told(peer);
    }
    told(&mut bob);
    told(&mut cy);
    bob.send(
        "@label=x;+a=b BATCH +1 draft/multiline #lobby\r\n@batch=1 PRIVMSG #lobby :one\r\n\
         @batch=1 PRIVMSG #lobby :\r\n@batch=1 PRIVMSG #lobby :two \r\n\
         @batch=1;draft/multiline-concat PRIVMSG #lobby :three\r\nBATCH -1\r\n",
    );
    ann.expect_until("[bob] one\n[bob] \n[bob] two three\n");
    jim.expect_until("\"message\":\"one\\n\\ntwo three\"");
    let ours = told(&mut bob);
    assert!(ours.starts_with("@label=x;msgid="), "{ours}");
    assert_eq!(ours.lines().count(), 6, "{ours}");
    let theirs = told(&mut cy);
    let lines: Vec<&str> = theirs.lines().collect();
    assert!(lines[0].contains(" BATCH +") && lines[0].ends_with(" draft/multiline #lobby"));
    assert!(lines[0].contains("msgid=") && lines[0].contains(";+a=b "));
    for (line, words) in lines[1..].iter().zip([":one", ":", ":two ", ":three"]) {
        assert!(
            line.ends_with(&format!(" PRIVMSG #lobby {words}")),
            "{line}"
        );
        assert!(
            line.starts_with("@batch=m") && !line.contains("msgid"),
            "{line}"
        );
    }
    assert!(
        lines[4].contains(";draft/multiline-concat :bob!"),
        "{theirs}"
    );
    let plain = told(&mut dee);
    let lines: Vec<&str> = plain.lines().collect();
    assert_eq!(lines.len(), 3, "{plain}");
    assert!(
        lines[0].starts_with("@msgid=") && !lines[1].contains("msgid"),
        "{plain}"
    );
    // What somebody types in several lines comes likewise.
    jim.send("{\"type\":\"chat\",\"message\":\"a\\nb\"}\n");
    ann.expect_until("[jim] a\n[jim] b\n");
    assert_eq!(told(&mut dee).lines().count(), 2);
    assert_eq!(told(&mut cy).lines().count(), 4);
}

#[test]
fn lines_that_are_no_message() {
    const CAPS: &str = "batch draft/multiline";
    let server = Server::with(&[Irc], &format!("{FLAGS} --max-message 100"));
    let mut bob = irc(&server, "bob", CAPS);
    bob.send("JOIN #a\r\n");
    told(&mut bob);
    let begin = "BATCH +1 draft/multiline #a\r\n";
    let line = |text: &str| format!("@batch=1 PRIVMSG #a :{text}\r\n");
    let many = line("").repeat(101);
    let cases = [
        ("BATCH -1\r\n".to_owned(), "MULTILINE_INVALID"),
        ("@batch=2 PRIVMSG #a :x\r\n".to_owned(), "MULTILINE_INVALID"),
        (format!("{begin}BATCH -1\r\n"), "MULTILINE_INVALID"),
        (
            format!("{begin}{}BATCH -1\r\n", line("")),
            "MULTILINE_INVALID",
        ),
        (format!("{begin}{begin}"), "MULTILINE_INVALID"),
        (
            format!("{begin}@batch=1 PRIVMSG #b :x\r\n"),
            "MULTILINE_INVALID_TARGET #b",
        ),
        (format!("{begin}@batch=1 JOIN #a\r\n"), "MULTILINE_INVALID"),
        (
            format!(
                "{begin}{}@batch=1;draft/multiline-concat PRIVMSG #a :\r\n",
                line("x")
            ),
            "MULTILINE_INVALID",
        ),
        (
            format!("{begin}{}", line(&"x".repeat(101))),
            "MULTILINE_MAX_BYTES 100",
        ),
        ("BATCH +1 other #a\r\n".to_owned(), "MULTILINE_INVALID"),
        (format!("{begin}{many}"), "MULTILINE_MAX_LINES 100"),
    ];
    for (lines, fault) in cases {
        bob.send(&lines);
        let all = told(&mut bob);
        assert!(
            all.contains(&format!("FAIL BATCH {fault} ")),
            "{lines}: {all}"
        );
        assert!(!all.contains(":bob!"), "{lines}: {all}");
    }
}

#[test]
fn what_happened_is_of_the_past_for_who_asks_for_that() {
    let directory = TempDir::new();
    let flags = format!("{FLAGS} --data {}", directory.join("data").display());
    const CAPS: &str = "batch server-time message-tags draft/chathistory draft/event-playback";
    for (flags, asks_again) in [(FLAGS, false), (&flags, true)] {
        let server = Server::with(&[Irc, Text, Json], flags);
        let mut ann = irc(&server, "ann", CAPS);
        let mut bob = server.join(Json, "bob");
        let mut tom = server.join(Text, "tom");
        ann.send("JOIN #den\r\n");
        told(&mut ann);
        tom.say("/join den");
        ann.expect_until(":tom!");
        bob.send("{\"type\":\"join_room\",\"room\":\"den\"}\n");
        ann.expect_until(":bob!");
        ann.send("TOPIC #den :tea and cake\r\nMODE #den +mk secret\r\nMODE #den -m\r\n");
        let live = told(&mut ann);
        assert!(live.contains("msgid="), "{live}");
        ann.send("PRIVMSG #den :hi\r\nKICK #den tom :too loud\r\n");
        told(&mut ann);
        let mut plain = irc(
            &server,
            "pam",
            "batch server-time message-tags draft/chathistory",
        );
        plain.send("JOIN #den secret\r\nCHATHISTORY LATEST #den * 50\r\n");
        let shown = told(&mut plain);
        assert!(shown.contains(" PRIVMSG #den :hi\r\n"), "{shown}");
        for event in [" TOPIC ", " KICK ", " MODE "] {
            assert!(!shown.contains(event), "{shown}");
        }
        let lines = |told: &str| {
            let bare = told.lines().filter_map(|line| {
                let rest = line.split_once(":ann!~ann@")?.1;
                Some(rest.split_once(' ')?.1.to_owned())
            });
            bare.collect::<Vec<_>>()
        };
        let all = [
            "TOPIC #den :tea and cake",
            "MODE #den +mk *",
            "MODE #den -m",
            "PRIVMSG #den :hi",
            "KICK #den tom :too loud",
        ];
        ann.send("CHATHISTORY LATEST #den * 50\r\n");
        let past = told(&mut ann);
        assert_eq!(lines(&past), all);
        let topic = live.lines().find(|line| line.contains(" TOPIC "));
        assert!(
            topic.is_some_and(|line| past.contains(&line[line.find("msgid=").expect("an id")..]))
        );
        ann.send("CHATHISTORY LATEST #den * 2\r\n");
        assert_eq!(lines(&told(&mut ann)), all[3..]);
        bob.send("{\"type\":\"history\",\"room\":\"den\"}\n{\"type\":\"history\",\"room\":\"den\",\"events\":true}\n");
        let mut kinds = Vec::new();
        for _ in 0..2 {
            loop {
                let event = bob.json();
                match event["type"].as_str() {
                    Some("history") => {
                        kinds.push(event["kind"].as_str().unwrap_or_default().to_owned())
                    }
                    Some("history_end") => break,
                    _ => {}
                }
            }
        }
        assert_eq!(kinds, ["chat", "topic", "modes", "modes", "chat", "kick"]);
        ann.send("QUIT\r\n");
        if asks_again {
            let mut sue = server.join(Text, "sue");
            sue.say("/join den secret");
            sue.say("/history events");
            sue.expect_until("[Server] ann set the topic of #den: tea and cake\n");
            sue.expect_until("[Server] ann put tom out of #den: too loud\n");
        }
    }
}
