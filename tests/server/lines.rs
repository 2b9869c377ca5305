//! Messages of several lines: each is a line of its author's wherever lines are shown.

use crate::util::*;

const TYPED: &str = "first\\n[Bob] not Bob\\r\\n\\nlast\\n";

#[test]
fn each_line_is_its_authors() {
    let server = Server::of(&CHATTING);
    let mut alice = server.join(Json, "Alice");
    let mut text = server.join(Text, "text");
    let mut anon = server.join(Anon, "");
    let mut colon = server.join(Colon, "colon");
    let mut pynet = server.join(Pynet, "pynet");
    pynet.sync();
    alice.expect_until("pynet");
    alice.sync();
    for peer in [&mut text, &mut anon, &mut colon] {
        peer.settle();
    }
    alice.say(TYPED).sync();
    let lines = ["first", "[Bob] not Bob", "", "last"];
    text.expect("[Alice] first\n[Alice] [Bob] not Bob\n[Alice] \n[Alice] last\n")
        .silent();
    let said = |dialect: Dialect, text: &str| dialect.said("Alice", alice.address(), text);
    anon.expect(lines.map(|line| said(Anon, line)).concat())
        .silent();
    colon
        .expect_like(lines.map(|line| said(Colon, line)).join("\n"))
        .silent();
    pynet
        .expect_like(said(Pynet, "first\\n[Bob] not Bob\\r\\n\\nlast"))
        .silent();
}

#[test]
fn what_is_done_and_private_words_too() {
    let server = Server::of(&[Json, Text]);
    let mut alice = server.join(Json, "Alice");
    let mut text = server.join(Text, "text");
    text.sync();
    alice.send("{\"type\":\"me\",\"message\":\"waves\\nand goes\"}\n");
    alice.send("{\"type\":\"pm\",\"to\":\"text\",\"message\":\"psst\\n[Bob -> you] x\"}\n");
    alice.sync();
    text.expect("* Alice waves\n* Alice and goes\n");
    text.expect("[Alice → you] psst\n[Alice → you] [Bob -> you] x\n")
        .silent();
    text.send("/history\n");
    text.expect_like(
        "[<hm>] * Alice waves\n[<hm>] * Alice and goes\n[Server] That is 1 of #lobby.\n",
    );
    text.send("/search goes\n");
    text.expect_like(
        "[<hm>] [#lobby] * Alice waves\n[<hm>] [#lobby] * Alice and goes\n[Server] 1 found.\n",
    );
}

#[test]
fn there_are_only_so_many() {
    let server = Server::of(&[Json, Text]);
    let mut alice = server.join(Json, "Alice");
    let mut text = server.join(Text, "text");
    text.sync();
    alice.expect_until("text");
    alice.say(&["x"; 101].join("\\n"));
    alice.expect_until("too_many_lines");
    alice.say(&["x"; 100].join("\\n")).sync();
    text.expect("[Alice] x\n".repeat(100)).silent();
}
