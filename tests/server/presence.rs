//! Rooms above the limit, where who comes and goes is counted and told once a second.

use crate::util::*;

/// How somebody reads in the lobby that `joined` came and `left` went.
fn presence(dialect: Dialect, joined: u32, left: u32, members: u32) -> String {
    let line = format!("{joined} joined, {left} left, {members} here");
    match dialect {
        Text => format!("[Server] {line}\n"),
        Json => format!(
            "{{\"type\":\"presence\",\"room\":\"lobby\",\"joined\":{joined},\"left\":{left},\
             \"members\":{members},\"timestamp\":<unix>}}\n"
        ),
        Colon => format!("\x1b[96m[<hms>] {line}\x1b[0m"),
        Pynet if left > 0 => server_message(&format!("{left} left, {members} here")),
        _ => String::new(),
    }
}

#[test]
fn each_dialect_is_told_how_many_came_and_left() {
    let server = Server::with(&CHATTING, "--presence-limit 5");
    let join = |dialect: Dialect| server.join(dialect, dialect.name());
    let mut peers: Vec<Peer> = CHATTING.map(join).into();
    for peer in &mut peers {
        peer.settle();
    }
    let mut told = |joined, left, members| {
        for peer in &mut peers {
            let line = presence(peer.dialect, joined, left, members);
            peer.expect_like(line);
        }
        for peer in &mut peers {
            peer.silent();
        }
    };
    // Its own line comes before the second is over.
    let mut sixth = server.join(Text, "sixth");
    told(1, 0, 6);
    sixth.expect("[Server] 1 joined, 0 left, 6 here\n");
    drop(sixth);
    told(0, 1, 5);
    // At the limit again each goes by name.
    drop(peers.pop());
    for peer in &mut peers {
        peer.expect_like(peer.dialect.left("colon")).silent();
    }
}

#[test]
fn a_crowd_adds_up_to_what_each_line_tells() {
    let server = Server::with(&[Text, Json], "--presence-limit 1");
    let mut bot = server.join(Json, "bot");
    let mut crowd: Vec<Peer> = (0..20)
        .map(|n| server.join(Text, &format!("n{n}")))
        .collect();
    crowd.truncate(5);
    let (mut joined, mut left, mut members) = (0, 0, 0);
    while (joined, left) != (20, 15) {
        let line = bot.json();
        let count = |field: &str| line[field].as_u64().expect("a number");
        assert_eq!(line["type"], "presence", "{line}");
        joined += count("joined");
        left += count("left");
        members = count("members");
    }
    assert_eq!(members, 6);
    bot.silent();
}

#[test]
fn what_concerns_one_is_still_told_at_once() {
    let server = Server::with(&[Text], "--presence-limit 1");
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| {
        let mut peer = server.join(Text, name);
        peer.send("/join rust\n").expect_until("\n");
        peer
    });
    for peer in [&mut a, &mut b, &mut c] {
        peer.send("/leave lobby\n");
        peer.expect_until("You left #lobby. You speak in #rust now.\n");
    }
    // What was counted in the room until now; the lobby's lines begin otherwise.
    let mut joined = 0;
    while joined < 2 {
        let line = a.line();
        if let ["[Server]", count, "joined,", ..] = line.split(' ').collect::<Vec<_>>()[..] {
            joined += count.parse::<u32>().expect("a number");
        }
    }
    for peer in [&mut a, &mut b, &mut c] {
        peer.settle();
    }
    a.send("/nick anna\n")
        .expect("[Server] a is now called anna.\n");
    a.send("/topic owls\n");
    a.expect("[Server] anna set the topic of #rust: owls\n");
    a.send("hi\n").send("/kick c too loud\n");
    b.expect("[Server] a is now called anna.\n[Server] anna set the topic of #rust: owls\n");
    b.expect("[anna] hi\n[Server] 0 joined, 1 left, 2 here\n");
    c.expect_until("[anna] hi\n");
    c.expect("[Server] anna put you out of #rust: too loud\n");
    c.expect("[Server] You left #rust. You speak in #lobby now.\n");
    a.expect("[Server] c has been kicked.\n[Server] 0 joined, 1 left, 2 here\n");
    // One who speaks elsewhere is told which room it is.
    b.send("/join other\n").expect_until("\n");
    c.send("/join rust\n").expect_until("\n");
    a.expect("[Server] 1 joined, 0 left, 3 here\n");
    b.expect("[Server] In #rust: 1 joined, 0 left, 3 here\n");
}
