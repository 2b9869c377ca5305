//! Keeping people out, keeping them silent, and what the creator of a room may.

use crate::util::*;

/// A server with an operator in the lobby, and its directory.
fn moderated(dialects: &[Dialect]) -> (Server, Peer, TempDir) {
    let dir = TempDir::new();
    let password = dir.join("password");
    std::fs::write(&password, "sesame").expect("written");
    let flags = format!("--oper-password-file {}", password.display());
    let server = Server::with(dialects, &flags);
    let mut root = server.join(Text, "root");
    root.send("/oper sesame\n")
        .expect("[Server] You are an operator now.\n");
    (server, root, dir)
}

/// Asks, and is answered with one line of the server's.
#[track_caller]
fn ask(peer: &mut Peer, line: &str, answer: &str) {
    peer.send(format!("{line}\n"))
        .expect(format!("[Server] {answer}\n"));
}

#[test]
fn a_banned_name_is_put_out_and_kept_out_until_it_is_unbanned() {
    let named = [Text, Json, Pynet, Colon];
    for dialect in named {
        let (server, mut root, _dir) = moderated(&named);
        let mut bobby = server.join(dialect, "bobby");
        root.sync();
        root.send("/ban BOB* 2h too  loud\n");
        root.expect("[Server] bobby left the chat! (kicked: banned: too  loud)\n");
        root.expect("[Server] BOB* is banned; 1 put out.\n");
        bobby.expect(match dialect {
            Json => "{\"type\":\"kicked\",\"message\":\"You have been kicked\",\
                     \"reason\":\"banned: too  loud\"}\n"
                .into(),
            Pynet => server_message("You have been kicked. (banned: too  loud)"),
            Colon => "\x1b[91mYou have been kicked by server.\n\x1b[0m".into(),
            _ => "[Server] You have been kicked. (banned: too  loud)\n".to_string(),
        });
        bobby.expect_eof();
        let mut again = server.connect(dialect);
        again.send(dialect.join("bob"));
        again.expect(match dialect {
            Json => "{\"type\":\"error\",\"message\":\"That name is banned: too  loud\",\"code\":\"nick_banned\"}\n".into(),
            Pynet => server_message("That name is banned: too  loud"),
            Colon => red("That name is banned: too  loud"),
            _ => format!("{PROMPT}[Server] That name is banned: too  loud {PROMPT}"),
        });
        // Nor does one come to it by another way.
        let mut tom = server.join(Text, "tom");
        ask(&mut tom, "/nick bob", "That name is banned: too  loud");
        root.sync();
        root.send("/bans\n").expect("[Server] BOB*, 7");
        assert!(root.line().ends_with(" s left (too  loud)\n"));
        ask(&mut root, "/unban bob", "Nothing is banned as bob.");
        ask(&mut root, "/unban bob*", "bob* is not banned any more.");
        ask(&mut root, "/bans", "Nobody is banned.");
        server.join(dialect, "bob");
    }
}

#[test]
fn a_banned_network_is_kept_out() {
    let (server, mut root, _dir) = moderated(&[Text, Json, Colon]);
    let mut eve = server.connect_from([127, 0, 0, 9], Text);
    eve.send("eve\n").expect_until("eve joined the chat!\n");
    root.expect("[Server] eve joined the chat!\n");
    root.send("/ban 127.0.0.8/31 sorry\n");
    root.expect("[Server] eve left the chat! (kicked: banned: sorry)\n");
    root.expect("[Server] 127.0.0.8/31 is banned; 1 put out.\n");
    eve.expect("[Server] You have been kicked. (banned: sorry)\n")
        .expect_eof();
    for source in [[127, 0, 0, 8], [127, 0, 0, 9]] {
        let mut text = server.connect_from(source, Text);
        text.expect("[Server] Your address is banned: sorry\n")
            .expect_eof();
        let mut json = server.connect_from(source, Json);
        json.expect("{\"type\":\"error\",\"message\":\"Your address is banned: sorry\",\"code\":\"address_banned\"}\n");
        json.expect_eof();
        let mut colon = server.connect_from(source, Colon);
        colon
            .expect(red("Your address is banned: sorry"))
            .expect_eof();
    }
    for source in [[127, 0, 0, 7], [127, 0, 0, 10]] {
        let mut other = server.connect_from(source, Text);
        other
            .send("other\n")
            .expect_until("other joined the chat!\n");
        other.send("/quit\n").expect_eof();
    }
    root.sync();
    ask(
        &mut root,
        "/unban 127.0.0.9/31",
        "Nothing is banned as 127.0.0.9/31.",
    );
    ask(
        &mut root,
        "/unban 127.0.0.8/31",
        "127.0.0.8/31 is not banned any more.",
    );
    server.connect_from([127, 0, 0, 9], Text).expect(PROMPT);
}

/// An operator's own connection is spared by its own ban.
#[test]
fn who_bans_is_not_put_out() {
    let (server, mut root, _dir) = moderated(&[Text]);
    ask(
        &mut root,
        "/ban 127.0.0.0/8",
        "127.0.0.0/8 is banned; 0 put out.",
    );
    server
        .connect(Text)
        .expect("[Server] Your address is banned.\n")
        .expect_eof();
}

/// A ban holds for who had connected before and had not given a name yet.
#[test]
fn a_banned_address_cannot_join_on_a_connection_from_before() {
    let (server, mut root, _dir) = moderated(&[Text]);
    let mut eve = server.connect_from([127, 0, 0, 9], Text);
    eve.expect(PROMPT);
    root.send("/ban 127.0.0.9\n");
    root.expect("[Server] 127.0.0.9 is banned; 0 put out.\n");
    eve.send("eve\n");
    root.silent();
    eve.expect("[Server] Your address is banned.\n")
        .expect_eof();
}

#[test]
fn a_ban_ends_with_its_time() {
    let (server, mut root, _dir) = moderated(&[Text]);
    ask(&mut root, "/ban bob 1s", "bob is banned; 0 put out.");
    let deadline = std::time::Instant::now() + DEADLINE;
    loop {
        let mut bob = server.connect(Text);
        bob.expect(PROMPT).send("bob\n").expect("[Server] ");
        if bob.take(4) == b"bob " {
            break;
        }
        bob.expect(format!(" name is banned. {PROMPT}"));
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// There is no prompt in the anon dialect (PROTOCOLS.md): who cannot come in is told and let go.
#[test]
fn an_unnamed_user_whose_name_is_banned() {
    let (server, mut root, _dir) = moderated(&[Text, Anon]);
    ask(&mut root, "/ban anon-*", "anon-* is banned; 0 put out.");
    let mut anon = server.connect(Anon);
    anon.expect("[Server] That name is banned.\n").expect_eof();
}

#[test]
fn masks_that_are_none_are_refused() {
    let (_server, mut root, _dir) = moderated(&[Text]);
    for mask in [
        "a/b",
        "10.0.0.0/33",
        "::/129",
        "-x",
        "1.2.3",
        "300.1.1.1",
        "10.0.0.0/8/8",
        "::g",
        "10.*",
    ] {
        let why = "A mask is a name with * and ?, an address, or a network like 10.0.0.0/8.";
        ask(&mut root, &format!("/ban {mask}"), why);
    }
    ask(&mut root, "/ban", "Usage: /ban MASK [TIME] [REASON]");
}

#[test]
fn who_is_muted_says_nothing() {
    let (server, mut root, _dir) = moderated(&[Text]);
    let mut bob = server.join(Text, "bob");
    root.sync();
    ask(&mut root, "/mute BOB", "bob has been muted.");
    bob.expect("[Server] You have been muted.\n");
    for line in [
        "hi",
        "/me waves",
        "/say lobby hi",
        "/pm root hi",
        "/nick rob",
    ] {
        ask(&mut bob, line, "You have been muted.");
    }
    // In a room of its own neither, nor after coming again.
    ask(&mut bob, "/join r", "You made the room #r.");
    ask(&mut bob, "hi", "You have been muted.");
    bob.send("/quit\n").expect_eof();
    root.expect("[Server] bob left the chat!\n");
    let mut bob = server.join(Text, "Bob");
    ask(&mut bob, "hi", "You have been muted.");
    root.expect("[Server] Bob joined the chat!\n").silent();
    ask(&mut root, "/unmute bob", "Bob has been unmuted.");
    bob.expect("[Server] You have been unmuted.\n");
    bob.send("hi\n").sync();
    root.expect("[Bob] hi\n");
    ask(&mut root, "/mute bob 1s", "Bob has been muted.");
    bob.expect("[Server] You have been muted.\n");
    ask(&mut bob, "hi", "You have been muted.");
    // It ends by itself.
    let deadline = std::time::Instant::now() + DEADLINE;
    while !bob.send("hi\n").sync().is_empty() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    root.expect("[Bob] hi\n");
    ask(&mut root, "/mute bob soon", "Usage: /mute NAME [TIME]");
    ask(&mut root, "/mute nobody", "Nobody here is called nobody.");
}

/// What a muted user says in other ways is not said either.
#[test]
fn who_is_muted_sets_no_topic() {
    let (server, mut root, _dir) = moderated(&[Text]);
    let mut alice = server.join(Text, "alice");
    let mut bob = server.join(Text, "bob");
    for peer in [&mut alice, &mut bob] {
        peer.send("/join r\n").expect_until("#r.");
        peer.sync();
    }
    alice.sync();
    root.sync();
    ask(&mut root, "/mute bob", "bob has been muted.");
    bob.expect("[Server] You have been muted.\n");
    bob.send("/topic buy my things\n").sync();
    alice.silent();
}

#[test]
fn an_operator_kicks_renames_and_announces() {
    let (server, mut root, _dir) = moderated(&[Text]);
    let mut bob = server.join(Text, "bob");
    root.sync();
    root.send("/rename bob rob\n");
    root.expect("[Server] bob is now called rob.\n");
    root.expect("[Server] bob has been renamed to rob.\n")
        .silent();
    bob.expect("[Server] bob is now called rob.\n");
    bob.sync();
    for (to, why) in [
        ("root", "That name is taken."),
        ("Server", "That name is taken."),
        ("-x", "A name is 1 to 20 letters, digits, _ - or ."),
    ] {
        ask(&mut root, &format!("/rename rob {to}"), why);
    }
    root.send("/announce tea  time\n");
    for peer in [&mut root, &mut bob] {
        peer.expect("[Server] tea  time\n").silent();
    }
    root.send("/kick rob so  long\n");
    root.expect("[Server] rob left the chat! (kicked: so  long)\n");
    root.expect("[Server] rob has been kicked.\n").silent();
    bob.expect("[Server] You have been kicked. (so  long)\n")
        .expect_eof();
}

#[test]
fn an_operator_closes_and_locks_rooms() {
    let (server, mut root, _dir) = moderated(&[Text]);
    let mut bob = server.join(Text, "bob");
    let mut tom = server.join(Text, "tom");
    ask(&mut bob, "/join r", "tom joined the chat!");
    bob.expect("[Server] You made the room #r.\n");
    ask(
        &mut bob,
        "/leave lobby",
        "You left #lobby. You speak in #r now.",
    );
    tom.sync();
    root.sync();
    ask(&mut root, "/lock R", "Nobody enters #R now.");
    ask(&mut tom, "/join r", "Nobody may enter #r now.");
    bob.send("still here\n").silent();
    root.send("/close r\n");
    root.expect("[Server] bob entered #lobby.\n");
    root.expect("[Server] The room #r has been closed.\n")
        .silent();
    bob.expect("[Server] The room #r has been closed.\n")
        .expect("[Server] You left #r. You speak in #lobby now.\n")
        .silent();
    ask(&mut bob, "/who r", "There is no room #r.");
    ask(&mut bob, "/who", "In #lobby: root, tom, bob");
    bob.send("back in the lobby\n").sync();
    tom.expect("[Server] bob entered #lobby.\n");
    tom.expect("[bob] back in the lobby\n");
    // A locked room cannot be made either, but by an operator.
    ask(&mut bob, "/join r", "Nobody may enter #r now.");
    root.expect("[bob] back in the lobby\n");
    ask(&mut root, "/join r", "You made the room #r.");
    ask(&mut root, "/unlock r", "#r may be entered again.");
    ask(&mut tom, "/join r", "You entered #r. Here: root, tom");
    for line in ["/close lobby", "/lock lobby"] {
        ask(root.after_all(), line, "That cannot be done to the lobby.");
    }
    ask(&mut root, "/close nowhere", "There is no room #nowhere.");
}

/// alice, who made the room r, bob and tom, all in it.
fn room_of_three(server: &Server) -> [Peer; 3] {
    let mut peers = ["alice", "bob", "tom"].map(|nick| {
        let mut peer = server.join(Text, nick);
        peer.send("/join r\n").expect_until("#r");
        peer.sync();
        peer
    });
    for peer in &mut peers {
        peer.sync();
    }
    peers
}

#[test]
fn a_rooms_creator_kicks_and_mutes_there_only() {
    let server = Server::of(&[Text]);
    let [mut alice, mut bob, mut tom] = room_of_three(&server);
    for line in [
        "/kick alice",
        "/mute alice",
        "/unmute alice",
        "/key k",
        "/invite alice",
        "/inviteonly on",
        "/topiclock on",
    ] {
        ask(&mut bob, line, "You do not moderate #r.");
    }
    alice.silent();
    ask(&mut alice, "/mute bob", "bob has been muted in #r.");
    bob.expect("[Server] You have been muted in #r.\n");
    ask(&mut bob, "hi", "You have been muted.");
    ask(&mut bob, "/me waves", "You have been muted.");
    tom.silent();
    bob.send("/say lobby but here I speak\n").sync();
    tom.expect("[#lobby bob] but here I speak\n");
    alice.expect("[#lobby bob] but here I speak\n");
    ask(&mut alice, "/unmute bob", "bob has been unmuted in #r.");
    bob.expect("[Server] You have been unmuted in #r.\n");
    ask(
        &mut alice,
        "/kick BOB too  loud",
        "bob left #r. (kicked by alice: too  loud)",
    );
    alice.expect(
        "[Server] bob has been kicked.
",
    );
    tom.expect("[Server] bob left #r. (kicked by alice: too  loud)\n");
    bob.expect("[Server] alice put you out of #r: too  loud\n")
        .expect("[Server] You left #r. You speak in #lobby now.\n")
        .silent();
    bob.send("hi lobby\n").sync();
    tom.expect("[#lobby bob] hi lobby\n");
    ask(&mut bob, "/say r hi", "You are not in #r.");
    alice.sync();
    ask(&mut alice, "/kick bob", "Nobody here is called bob.");
    alice
        .send("/leave\n")
        .expect("[Server] You left #r. You speak in #lobby now.\n");
    ask(&mut alice, "/kick tom", "You do not moderate #lobby.");
}

/// A mute is not undone by taking another name.
#[test]
fn who_is_muted_in_a_room_is_so_under_another_name() {
    let server = Server::of(&[Text]);
    let [mut alice, mut bob, mut tom] = room_of_three(&server);
    ask(&mut alice, "/mute bob", "bob has been muted in #r.");
    bob.expect("[Server] You have been muted in #r.\n");
    bob.send("/nick rob\n").sync();
    tom.sync();
    bob.send("here I am again\n").sync();
    tom.silent();
    for line in ["/leave r", "/nick bobby", "/join r"] {
        bob.send(format!("{line}\n")).sync();
    }
    tom.sync();
    ask(&mut bob, "here I am again", "You have been muted.");
    bob.send("/quit\n").expect_eof();
    let mut bob = server.join(Text, "bobby");
    bob.send("/join r\n").sync();
    ask(&mut bob, "here I am again", "You have been muted.");
}

#[test]
fn a_rooms_creator_sees_to_its_door() {
    let server = Server::of(&[Text, Colon]);
    let [mut alice, mut bob, mut tom] = room_of_three(&server);
    let mut eve = server.join(Text, "eve");
    let mut cora = server.join(Colon, "cora");
    for peer in [&mut alice, &mut bob, &mut tom, &mut eve] {
        peer.sync();
    }
    ask(
        &mut alice,
        "/key sesame",
        "One needs the key to enter #r now.",
    );
    ask(&mut eve, "/join r", "That is not the key of #r.");
    ask(&mut eve, "/join r Sesame", "That is not the key of #r.");
    cora.send(":group join r")
        .expect(red("That is not the key of #r."));
    cora.send(":group join r sesame")
        .expect(green("Joined group r"));
    ask(
        &mut eve,
        "/join r sesame",
        "You entered #r. Here: alice, bob, tom, cora, eve",
    );
    ask(&mut eve, "/leave", "You left #r. You speak in #lobby now.");
    alice.sync();
    ask(&mut alice, "/key", "One needs no key to enter #r now.");
    ask(
        &mut alice,
        "/inviteonly on",
        "Only the invited enter #r now.",
    );
    ask(&mut eve, "/join r", "One must be invited to #r.");
    ask(&mut alice, "/invite EVE", "eve is invited to #r.");
    eve.expect("[Server] alice invites you to #r.\n");
    ask(
        &mut eve,
        "/join r",
        "You entered #r. Here: alice, bob, tom, cora, eve",
    );
    alice.expect("[Server] eve entered #r.\n");
    // Who is kicked is not invited any more.
    ask(&mut alice, "/kick eve", "eve left #r. (kicked by alice)");
    alice.expect(
        "[Server] eve has been kicked.
",
    );
    eve.expect("[Server] alice put you out of #r\n")
        .expect("[Server] You left #r. You speak in #lobby now.\n");
    ask(&mut eve, "/join r", "One must be invited to #r.");
    ask(&mut alice, "/inviteonly off", "Everyone may enter #r now.");
    ask(
        &mut eve,
        "/join r",
        "You entered #r. Here: alice, bob, tom, cora, eve",
    );
    alice.sync();
    bob.sync();
    ask(
        &mut alice,
        "/topiclock on",
        "Only moderators set the topic of #r now.",
    );
    ask(&mut bob, "/topic mine", "You do not moderate #r.");
    ask(&mut alice, "/topic hers", "alice set the topic of #r: hers");
    bob.expect("[Server] alice set the topic of #r: hers\n");
    ask(
        &mut alice,
        "/topiclock off",
        "Everyone in #r may set its topic now.",
    );
    ask(&mut bob, "/topic mine", "bob set the topic of #r: mine");
    for (line, usage) in [
        ("/topiclock", "/topiclock on|off"),
        ("/inviteonly maybe", "/inviteonly on|off"),
        ("/invite", "/invite NAME"),
    ] {
        ask(bob.after_all(), line, &format!("Usage: {usage}"));
    }
}

#[test]
fn a_room_is_handed_on() {
    let server = Server::of(&[Text]);
    for way in ["/leave", "/quit"] {
        let [mut alice, mut bob, mut tom] = room_of_three(&server);
        alice.send(format!("{way}\n"));
        bob.expect_until("alice left ");
        bob.sync();
        tom.sync();
        ask(&mut tom, "/kick bob", "You do not moderate #r.");
        ask(&mut bob, "/kick tom", "tom left #r. (kicked by bob)");
        bob.expect(
            "[Server] tom has been kicked.
",
        );
        for peer in [bob, tom] {
            quit(peer);
        }
        if way == "/leave" {
            quit(alice);
        }
    }
}

fn quit(mut peer: Peer) {
    peer.send("/quit\n").rest();
}
