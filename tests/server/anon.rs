use std::net::SocketAddr;

use crate::util::*;

#[test]
fn a_session() {
    let server = Server::of(&[Anon]);
    let mut alice = server.join(Anon, "");
    let mut bob = server.join(Anon, "");
    alice.silent();
    alice.send("Hello");
    let port = alice.address().port();
    bob.expect(format!("('127.0.0.1', {port}) dice: Hello\n"));
    alice.silent();
    drop(alice);
    bob.send("is anybody here?").sync();
}

#[test]
fn nothing_is_sent_at_first() {
    let server = Server::of(&[Anon]);
    let mut alice = server.connect(Anon);
    alice.silent();
}

#[test]
fn silence_ends_a_frame_as_a_newline_does() {
    let server = Server::of(&[Anon]);
    let mut alice = server.join(Anon, "");
    let mut bob = server.join(Anon, "");
    let said = |text: &str| Anon.said("", alice.address(), text);
    let expected = [said("one"), said("two"), said("three"), said("four")];
    alice.send("one");
    bob.expect(&expected[0]);
    alice.send("two\nthree\r\nfour");
    for line in &expected[1..] {
        bob.expect(line);
    }
    alice.send("\n\n \n").silent();
    bob.silent();
}

#[test]
fn others_know_it_by_its_port() {
    let server = Server::of(&[Anon, Text]);
    let mut bob = server.join(Text, "Bob");
    let mut alice = server.connect(Anon);
    let nick = format!("anon-{}", alice.address().port());
    bob.expect(format!("[Server] {nick} joined the chat!\n"));
    alice.send("hi");
    bob.expect(format!("[{nick}] hi\n")).send("hello\n");
    alice.expect(format!(
        "('127.0.0.1', {}) dice: hello\n",
        bob.address().port()
    ));
    bob.send("/list\n")
        .expect(format!("Current clients: Bob, {nick}\n"));
    alice.silent().send("bye").silent();
    bob.expect(format!("[{nick}] bye\n"));
    alice.reset();
    bob.expect(format!("[Server] {nick} left the chat!\n"));
}

#[test]
fn its_name_is_a_free_one_of_that_form() {
    let server = Server::of(&[Anon, Text]);
    let mut squatter = None;
    let mut alice = Peer::try_connect(server.door(Anon), Anon, |socket| {
        let any: SocketAddr = "127.0.0.9:0".parse().expect("an address");
        socket.bind(&any.into()).expect("an address of our own");
        let bound = socket.local_addr().expect("an address").as_socket();
        let nick = format!("anon-{}", bound.expect("of IP").port());
        squatter = Some(server.join(Text, &nick));
    })
    .expect("somebody listens");
    let mut squatter = squatter.expect("it came first");
    let joined = squatter.line();
    let number = joined.strip_prefix("[Server] anon-").expect(&joined);
    let number = number.strip_suffix(" joined the chat!\n").expect(&joined);
    assert!(number.bytes().all(|byte| byte.is_ascii_digit()), "{joined}");
    assert_ne!(number, alice.address().port().to_string());
    alice.silent().send("hi\n");
    squatter.expect(format!("[anon-{number}] hi\n"));
}

#[test]
fn bytes_that_are_not_utf8_get_an_error_and_the_connection_stays() {
    let server = Server::of(&[Anon]);
    let mut alice = server.join(Anon, "");
    let mut bob = server.join(Anon, "");
    alice.send(b"caf\xe9").line();
    alice.silent().send("hi");
    bob.expect(Anon.said("", alice.address(), "hi"));
}

#[test]
fn a_burst_without_a_reader_and_a_reset_at_the_end() {
    let server = Server::of(&[Anon]);
    let mut bob = server.join(Anon, "");
    let mut alice = server.join(Anon, "");
    let address = alice.address();
    for n in 0..50 {
        bob.send(format!("unread {n}\n"));
        alice.send(format!("line {n}\n"));
        bob.expect(Anon.said("", address, &format!("line {n}")));
    }
    alice.reset();
    bob.silent();
}

#[test]
fn an_ipv6_peer_and_a_unix_peer_as_python_shows_them() {
    let dir = TempDir::new();
    let path = dir.join("anon.sock");
    let door = format!("anon+unix://{}", path.display());
    let server = Server::open(&["anon://[::1]:0", &door], "");
    let mut alice = Peer::connect(&server.doors()[0], Anon);
    let mut bob = Peer::connect(&server.doors()[1], Anon);
    alice.silent().send("Hello");
    let port = alice.address().port();
    bob.silent()
        .expect(format!("('::1', {port}, 0, 0) dice: Hello\n"));
    bob.send("Hello");
    alice.expect("('unix', 1) dice: Hello\n");
}

#[test]
fn what_others_do_is_what_they_say_and_who_comes_and_goes_is_nothing() {
    let server = Server::of(&[Anon, Text]);
    let mut bob = server.join(Text, "Bob");
    let mut alice = server.join(Anon, "");
    let nick = format!("anon-{}", alice.address().port());
    let port = bob.address().port();
    bob.send("/me waves\n").sync();
    alice.expect(format!("('127.0.0.1', {port}) dice: * waves\n"));
    bob.send(format!("/pm {nick} psst\n")).sync();
    alice.expect("[Bob → you] psst\n");
    bob.send("/nick Rob\n/join den\n/leave lobby\n/join lobby\n")
        .sync();
    bob.send("/quit\n").rest();
    alice.silent();
}
