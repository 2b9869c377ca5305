//! Logging in, and making accounts, by IRC.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::{digest, hmac, pbkdf2};

use crate::irc::{FLAGS, irc};
use crate::util::*;

fn server_with(data: &TempDir, flags: &str) -> Server {
    let flags = format!("{FLAGS} --data {} {flags}", data.join("data").display());
    Server::with(&[Irc], &flags)
}

/// Somebody who may log in by SASL, before the registration.
fn newcomer(server: &Server) -> Peer {
    let mut peer = server.connect(Irc);
    peer.send("CAP LS 302\r\nCAP REQ sasl\r\n");
    peer.expect_until("CAP * ACK sasl\r\n");
    peer
}

/// An account of ann's.
fn with_ann(data: &TempDir) -> Server {
    let server = server_with(data, "");
    let mut ann = irc(&server, "ann", "");
    ann.send("REGISTER * * sesame\r\n");
    ann.expect_until(" REGISTER SUCCESS ann :");
    ann.send("QUIT\r\n");
    ann.expect_until("ERROR :");
    server
}

fn sign(key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, message).as_ref().into()
}

/// What is sent for a message.
fn encoded(message: &str) -> String {
    format!("AUTHENTICATE {}\r\n", BASE64.encode(message))
}

/// The next message of the server's.
fn message(peer: &mut Peer) -> String {
    peer.expect_until("AUTHENTICATE ");
    let message = peer.expect_until("\r\n");
    let message = BASE64.decode(message.trim_ascii_end()).expect("Base64");
    String::from_utf8(message).expect("UTF-8")
}

/// Begins with SCRAM; the server's first message.
fn begin(peer: &mut Peer) -> String {
    peer.send("AUTHENTICATE SCRAM-SHA-256\r\n");
    peer.expect_until("AUTHENTICATE +\r\n");
    peer.send(encoded("n,,n=ann,r=abc"));
    message(peer)
}

/// The last message of who knows a password (RFC 5802 section 3), and the server's signature.
fn proof(first: &str, password: &str) -> (String, String) {
    proof_for("n=ann,r=abc", first, password)
}

/// The same, of who began with `begun`.
fn proof_for(begun: &str, first: &str, password: &str) -> (String, String) {
    let mut attributes = first.split(',').map(|it| &it[2..]);
    let mut next = || attributes.next().expect("an attribute");
    let (nonce, salt, iterations) = (next(), next(), next());
    assert!(nonce.starts_with("abc") && nonce.len() > 20, "{first}");
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    let iterations = iterations.parse().expect("a number");
    let salt = BASE64.decode(salt).expect("Base64");
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(
        algorithm,
        iterations,
        &salt,
        password.as_bytes(),
        &mut salted,
    );
    let client_key = sign(&salted, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, &client_key);
    let bare = format!("c=biws,r={nonce}");
    let message = format!("{begun},{first},{bare}");
    let signature = sign(stored_key.as_ref(), message.as_bytes());
    let proof: Vec<u8> = client_key
        .iter()
        .zip(&signature)
        .map(|(a, b)| a ^ b)
        .collect();
    let server = sign(&sign(&salted, b"Server Key"), message.as_bytes());
    (
        format!("{bare},p={}", BASE64.encode(proof)),
        format!("v={}", BASE64.encode(server)),
    )
}

#[test]
fn a_password_is_proven_without_being_told() {
    let dir = TempDir::new();
    let server = with_ann(&dir);
    let mut ann = newcomer(&server);
    let first = begin(&mut ann);
    let (last, signature) = proof(&first, "sesame");
    ann.send(encoded(&last));
    assert_eq!(message(&mut ann), signature);
    ann.send("AUTHENTICATE +\r\n");
    ann.expect_until(":irc.test 900 * *!*@* ann :You are now logged in as ann\r\n");
    ann.expect(":irc.test 903 * :SASL authentication successful\r\n");
    ann.send("NICK ann\r\nUSER a 0 * :A\r\nCAP END\r\n");
    ann.expect_until(":irc.test 001 ann :Welcome");
}

#[test]
fn what_proves_nothing_is_refused() {
    let dir = TempDir::new();
    let server = with_ann(&dir);
    let mut eve = newcomer(&server);
    const FAILED: &str = ":irc.test 904 * :SASL authentication failed\r\n";
    let first = begin(&mut eve);
    let (last, _) = proof(&first, "guess");
    eve.send(encoded(&last));
    eve.expect_until(FAILED);
    // Of another exchange.
    begin(&mut eve);
    let (last, _) = proof(&first, "sesame");
    eve.send(encoded(&last));
    eve.expect_until(FAILED);
    // The signature has to be taken note of with an empty message.
    let first = begin(&mut eve);
    eve.send("AUTHENTICATE *\r\n");
    eve.expect_until(":irc.test 906 * :SASL authentication aborted\r\n");
    eve.send(encoded(&proof(&first, "sesame").0));
    eve.expect_until(":irc.test 908 * PLAIN,SCRAM-SHA-256 :");
    eve.expect_until(FAILED);
    eve.send("AUTHENTICATE SCRAM-SHA-256\r\n");
    eve.expect_until("AUTHENTICATE +\r\n");
    eve.send(encoded("n,,n=nobody,r=abc"));
    eve.expect_until(":irc.test 908 * PLAIN :");
    eve.expect_until(FAILED);
    // Pieces of 400 bytes, to no end.
    eve.send("AUTHENTICATE SCRAM-SHA-256\r\n");
    eve.expect_until("AUTHENTICATE +\r\n");
    let piece = format!("AUTHENTICATE {}\r\n", "A".repeat(400));
    eve.send(piece.repeat(7));
    eve.expect_until(":irc.test 905 * :SASL message too long\r\n");
    eve.send(format!("AUTHENTICATE {}\r\n", "A".repeat(401)));
    eve.expect_until(":irc.test 905 * :SASL message too long\r\n");
    eve.send("NICK ann\r\nUSER e 0 * :E\r\nCAP END\r\n");
    eve.expect_until(":irc.test 433 * ann :");
}

#[test]
fn guesses_by_scram_have_to_wait() {
    let dir = TempDir::new();
    let server = with_ann(&dir);
    for _ in 0..5 {
        let mut eve = newcomer(&server);
        let first = begin(&mut eve);
        eve.send(encoded(&proof(&first, "guess").0));
        eve.expect_until(":irc.test 904 * :");
    }
    let mut ann = newcomer(&server);
    let first = begin(&mut ann);
    ann.send(encoded(&proof(&first, "sesame").0));
    ann.expect_until(":irc.test 904 * :");
}

#[test]
fn a_message_in_pieces() {
    let dir = TempDir::new();
    let server = server_with(&dir, "");
    let password = "x".repeat(400);
    let mut ann = irc(&server, "ann", "");
    ann.send(format!("REGISTER * * {password}\r\n"));
    ann.expect_until(" REGISTER SUCCESS ann :");
    ann.send("QUIT\r\n");
    ann.expect_until("ERROR :");
    let mut ann = newcomer(&server);
    ann.send("AUTHENTICATE PLAIN\r\n");
    ann.expect_until("AUTHENTICATE +\r\n");
    let message = BASE64.encode(format!("\0ann\0{password}"));
    let (first, rest) = message.split_at(400);
    ann.send(format!("AUTHENTICATE {first}\r\nAUTHENTICATE {rest}\r\n"));
    ann.expect_until(":irc.test 903 * :");
}

#[test]
fn an_account_is_made_before_one_comes_in() {
    let dir = TempDir::new();
    let server = server_with(&dir, "");
    let mut ann = server.connect(Irc);
    ann.send("CAP LS 302\r\n");
    ann.expect_until("draft/account-registration=before-connect");
    ann.send("REGISTER * * sesame\r\n");
    ann.expect_until("FAIL REGISTER NEED_NICK * :");
    ann.send("NICK ann\r\nREGISTER bob * sesame\r\n");
    ann.expect_until("FAIL REGISTER ACCOUNT_NAME_MUST_BE_NICK bob :");
    ann.send("REGISTER ann me@example.org sesame\r\n");
    ann.expect_until(":irc.test REGISTER SUCCESS ann :Account created\r\n");
    ann.expect(":irc.test 900 ann *!*@* ann :You are now logged in as ann\r\n");
    ann.send("VERIFY ann 12345\r\n");
    ann.expect_until("FAIL VERIFY INVALID_CODE ann :");
    ann.send("USER a 0 * :A\r\nCAP END\r\n");
    ann.expect_until(":irc.test 001 ann :Welcome");
    ann.send("WHOIS ann\r\n");
    ann.expect_until(":irc.test 330 ann ann ann :is logged in as\r\n");
    let mut eve = server.connect(Irc);
    eve.send("NICK ann\r\nREGISTER * * sesame\r\n");
    eve.expect_until("FAIL REGISTER ACCOUNT_EXISTS * :");
    let dir = TempDir::new();
    let server = server_with(&dir, "--register-after-join");
    let mut bob = server.connect(Irc);
    bob.send("CAP LS 302\r\nNICK bob\r\nREGISTER * * sesame\r\n");
    bob.expect_until("draft/account-registration ");
    bob.expect_until("FAIL REGISTER COMPLETE_CONNECTION_REQUIRED * :");
}

#[test]
fn an_operators_account_makes_an_operator() {
    let dir = TempDir::new();
    let password = dir.join("password");
    std::fs::write(&password, "open\n").expect("written");
    let flags = format!("--oper-password-file {}", password.display());
    let server = with_ann(&dir);
    drop(server);
    let role = run(program()
        .args(["account", "role", "ann", "operator", "--data"])
        .arg(dir.join("data")));
    assert!(role.status.success(), "{role:?}");
    let server = server_with(&dir, &flags);
    for (oper, answer) in [
        ("ann guess", ":irc.test 464 bob :"),
        ("nobody sesame", ":irc.test 464 bob :"),
        ("ann sesame", ":irc.test 381 bob :"),
    ] {
        let mut bob = irc(&server, "bob", "");
        bob.send(format!("OPER {oper}\r\n"));
        bob.expect_until(answer);
        bob.send("QUIT\r\n");
        bob.expect_until("ERROR");
    }
    let mut eve = irc(&server, "eve", "");
    eve.send("OPER whoever open\r\n");
    eve.expect_until(":irc.test 381 eve :");
}

#[test]
fn names_and_passwords_are_the_same_in_every_form() {
    let data = TempDir::new();
    let server = server_with(&data, "");
    let mut bob = irc(&server, "bob", "");
    bob.send("REGISTER * * \u{2168}I\u{AD}X\u{AA}\r\n");
    bob.expect_until(" REGISTER SUCCESS bob :");
    let plain = |message: &str, code: &str| {
        let mut peer = newcomer(&server);
        peer.send(format!("AUTHENTICATE PLAIN\r\n{}", encoded(message)));
        peer.expect_until("AUTHENTICATE +\r\n");
        peer.expect_until(format!(":irc.test {code} "));
    };
    plain("\0bob\0IXIXa", "903");
    plain("\0b\u{AD}ob\0IX\u{2168}\u{AA}", "903");
    plain("\0bob\0IXIX", "904");
    plain("\0b\u{7}ob\0IXIXa", "904");
    plain("\0bob\0\u{627}1", "904");
    let mut peer = newcomer(&server);
    peer.send("AUTHENTICATE SCRAM-SHA-256\r\n");
    peer.expect_until("AUTHENTICATE +\r\n");
    peer.send(encoded("n,,n=bo\u{AD}b,r=abc"));
    let first = message(&mut peer);
    let (last, signature) = proof_for("n=bo\u{AD}b,r=abc", &first, "IXIXa");
    peer.send(encoded(&last));
    assert_eq!(message(&mut peer), signature);
}
