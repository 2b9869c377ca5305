//! What belongs to an owned room or to an account is there again after a kill.

use crate::durability::kill;
use crate::util::*;

fn server(directory: &TempDir) -> Server {
    let data = directory.join("data");
    let flags = format!(
        "--server-name irc.test --replay 0 --durability seen --data {}",
        data.display()
    );
    Server::with(&[Irc, Text], &flags)
}

/// Comes in by IRC, logged in to the account of its name.
fn login(server: &Server, nick: &str) -> Peer {
    let mut peer = server.connect(Irc);
    let plain = base64(format!("\0{nick}\0pw").as_bytes());
    peer.send(format!(
        "CAP REQ :sasl draft/read-marker draft/metadata-2\r\nNICK {nick}\r\nUSER u 0 * :R\r\n\
         AUTHENTICATE PLAIN\r\nAUTHENTICATE {plain}\r\nCAP END\r\n"
    ));
    peer.expect_until(format!(":irc.test 376 {nick} :End of /MOTD command.\r\n"));
    peer
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at > chunk.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    out
}

fn told(peer: &mut Peer, what: &str) -> String {
    peer.send(format!("{what}\r\nPING :done\r\n"));
    let all = peer.expect_until("PONG irc.test done\r\n");
    String::from_utf8(all).expect("UTF-8")
}

#[test]
fn topics_modes_masks_markers_and_metadata_outlive_a_kill() {
    const ASK: &str = "TOPIC #den\r\nMODE #den\r\nMODE #den b\r\nMODE #den e\r\nMODE #den I\r\n\
        METADATA #den LIST\r\nMETADATA * LIST\r\nMARKREAD #den";
    let directory = TempDir::new();
    let server_ = server(&directory);
    let mut ann = server_.join(Text, "ann");
    ann.say("/register pw").expect_until("logged in.\n");
    ann.say("/quit").rest();
    let mut ann = login(&server_, "ann");
    told(
        &mut ann,
        "JOIN #den\r\nTOPIC #den :what it is about\r\nMODE #den +mslC 7\r\nMODE #den -n\r\n\
         MODE #den +b bad!*@*\r\nMODE #den +e good!*@*\r\nMODE #den +I guest!*@*\r\n\
         METADATA #den SET url :http://x\r\nMETADATA * SET display-name :Ann A\r\n\
         METADATA * SET gone :x\r\nMETADATA * SET gone\r\n\
         MARKREAD #den timestamp=2026-01-02T03:04:05.678Z",
    );
    let before = told(&mut ann, ASK);
    for part in [
        "332 ann #den :what it is about\r\n",
        "333 ann #den ann",
        "bad!*@*",
        "good!*@*",
        "guest!*@*",
        "http://x",
        "Ann A",
        "timestamp=2026-01-02T03:04:05.678Z",
    ] {
        assert!(before.contains(part), "no {part}: {before}");
    }
    assert!(!before.contains("gone"), "{before}");
    let modes = before
        .lines()
        .find(|line| line.contains(" 324 "))
        .expect("modes");
    for letter in ['m', 's', 'l', 'C'] {
        assert!(modes.contains(letter), "{modes}");
    }
    let mut bob = server_.join(Text, "bob");
    bob.say("/join den").expect_until("You entered #den.");
    // It is told when it is on disk, and so is what came before.
    ann.send("PRIVMSG #den :end\r\n");
    bob.expect_until("[ann] end\n");
    kill(server_);
    let server = server(&directory);
    let mut ann = login(&server, "ann");
    told(&mut ann, "JOIN #den");
    assert_eq!(told(&mut ann, ASK), before);
    // Whoever has no account has nothing of it.
    let mut bob = server.join(Text, "bob");
    bob.say("/join den");
    bob.expect_until("You entered #den.");
    bob.say("hi")
        .expect_until("You may not speak in #den now.\n");
}
