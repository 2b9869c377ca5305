//! What one connection asks in one breath is told to everybody in that order, whomever each part is for.

use crate::util::*;

/// Lines in an order that mixes rooms, persons and commands.
fn script() -> Vec<(usize, String)> {
    (0..120).map(|n| (n % 7, format!("line {n}"))).collect()
}

#[test]
fn rooms_private_words_and_answers_keep_their_order() {
    let server = Server::with(&[Text, Json], "--replay 0");
    let mut reader = server.join(Text, "reader");
    let mut deaf = server.join(Text, "deaf");
    reader.expect("[Server] deaf joined the chat!\n");
    let mut sender = server.join(Text, "sender");
    for peer in [&mut reader, &mut deaf] {
        peer.expect("[Server] sender joined the chat!\n");
    }
    reader
        .send("/join den\n")
        .expect("[Server] You made the room #den.\n");
    sender.send("/join den\n");
    sender.expect("[Server] You entered #den. Here: reader, sender\n");
    reader.expect("[Server] sender entered #den.\n");
    deaf.send("/ignore sender\n")
        .expect("[Server] You hear nothing from sender any more.\n");

    let (mut asked, mut heard, mut answered) = (String::new(), String::new(), String::new());
    let mut heard_by_deaf = String::new();
    for (what, text) in script() {
        match what {
            0 | 1 => {
                asked += &format!("/say lobby {text}\n");
                heard += &format!("[#lobby sender] {text}\n");
            }
            2 | 3 => {
                asked += &format!("{text}\n");
                heard += &format!("[sender] {text}\n");
            }
            4 => {
                asked += &format!("/pm reader {text}\n");
                heard += &format!("[sender → you] {text}\n");
                answered += &format!("[you → reader] {text}\n");
            }
            5 => {
                asked += "/ping\n";
                answered += "[Server] Pong.\n";
            }
            _ => {
                asked += "/leave den\n/join den\n";
                heard += "[Server] sender left #den.\n[Server] sender entered #den.\n";
                answered += "[Server] You left #den. You speak in #lobby now.\n\
                             [Server] You entered #den. Here: reader, sender\n";
            }
        }
    }
    asked += "/nick other\n";
    heard += "[Server] sender is now called other.\n";
    answered += "[Server] sender is now called other.\n";
    heard_by_deaf += "[Server] sender is now called other.\n";
    sender.send(&asked);
    reader.expect(&heard);
    sender.expect(&answered);
    deaf.expect(&heard_by_deaf).silent();
}

#[test]
fn who_hears_itself_hears_the_others_in_between() {
    let server = Server::of(&[Json, Text]);
    let mut first = server.join(Json, "first");
    let mut second = server.join(Json, "second");
    let mut judge = server.join(Json, "judge");
    for n in 0..50 {
        for peer in [&mut first, &mut second] {
            let lines: String = (0..10)
                .map(|k| peer.dialect.say(&format!("{n} {k}")))
                .collect();
            peer.send(lines);
        }
    }
    let chats = |peer: &mut Peer| -> Vec<String> {
        let lines = std::iter::from_fn(|| Some(peer.line()));
        let said = lines.filter(|line| line.contains("\"type\":\"chat\""));
        said.take(1000).collect()
    };
    let by_judge = chats(&mut judge);
    assert_eq!(chats(&mut first), by_judge);
    assert_eq!(chats(&mut second), by_judge);
}
