//! A server that is not open to everybody: who comes in only with an account, and who may make one; and what
//! everybody is told who comes in.

use serde_json::json;

use crate::browser::{User, url};
use crate::cdp::Browser;
use crate::util::*;

const NO_ACCOUNT: &str = "Only who has an account comes in here";

/// A server that nobody comes into who does not log in, with Ann's account.
fn closed(dialects: &[Dialect], flags: &str) -> (Server, TempDir) {
    let dir = TempDir::new();
    let (data, socket) = (dir.join("data"), dir.join("admin"));
    let made = run_with_input(
        program()
            .args(["account", "add", "Ann", "--data"])
            .arg(&data),
        "pw\n",
    );
    assert!(made.status.success(), "{made:?}");
    let flags = format!(
        "--data {} --admin-socket {} --require-account {flags}",
        data.display(),
        socket.display()
    );
    (Server::with(dialects, &flags), dir)
}

const REGISTER: &str = "{\"type\":\"register\",\"username\":\"Bob\",\"password\":\"pw\"";

#[test]
fn text_asks_for_the_password_after_the_name() {
    let (server, _dir) = closed(&[Text], "");
    let mut ann = server.connect(Text);
    ann.expect(PROMPT)
        .send("Ann\n")
        .expect("Password: ")
        .send("no\n");
    ann.expect("[Server] The name or the password is wrong. Enter your name: ");
    ann.send("ann\n").expect("Password: ").send("pw\r\n");
    ann.expect("[Server] ann joined the chat!\n");
    let mut bob = server.connect(Text);
    bob.expect(PROMPT).send("Bob\n");
    bob.expect(format!(
        "[Server] {NO_ACCOUNT}: log in, or /register NAME PASSWORD to have one. {PROMPT}"
    ));
    ann.say("nobody hears that");
    bob.send("/list\n").expect_until(PROMPT);
    bob.send("/register Bob pw\n")
        .expect("[Server] Bob joined the chat!\n");
    ann.expect("[Server] Bob joined the chat!\n");
    bob.say("hi");
    ann.expect("[Bob] hi\n");
    // Whoever logs out is not in any more.
    bob.send("/logout\n");
    assert!(String::from_utf8_lossy(&bob.rest()).contains("You have been kicked. (logged out)"));
    ann.expect_until("left the chat! (kicked: logged out)\n");
    ann.send("/nick other\n")
        .expect_until("kicked. (logged out)\n");
    ann.expect_eof();
    let mut carl = server.connect(Text);
    carl.expect(PROMPT)
        .send("/login Bob pw\n")
        .expect("[Server] Bob joined the chat!\n");
    carl.send("/unregister pw\n");
    assert!(String::from_utf8_lossy(&carl.rest()).contains("logged out"));
}

#[test]
fn programs_log_in_or_are_told_that_they_must() {
    let (server, _dir) = closed(&[Json, Pynet, Anon, Colon, Auto], "");
    let mut bot = server.connect(Json);
    bot.send("{\"type\":\"join\",\"username\":\"Bob\"}\n");
    let error = bot.json();
    assert!(
        error["message"]
            .as_str()
            .expect("words")
            .starts_with(NO_ACCOUNT),
        "{error}"
    );
    bot.expect_eof();
    let mut bot = server.connect(Json);
    bot.send("{\"type\":\"join\",\"username\":\"Ann\"}\n");
    assert_eq!(bot.json()["type"], "error");
    bot.expect_eof();
    let mut ann = server.connect(Json);
    ann.send("{\"type\":\"join\",\"username\":\"Ann\",\"password\":\"pw\"}\n");
    assert_eq!(ann.json()["type"], "welcome");
    ann.send("{\"type\":\"token\",\"action\":\"new\",\"name\":\"robot\",\"id\":1}\n");
    let made = ann.json();
    let token = made["token"].as_str().expect("a token").to_owned();
    let mut robot = server.connect(Json);
    robot.send(json!({"type": "join", "username": "robot", "token": token}).to_string() + "\n");
    assert_eq!(robot.json()["type"], "welcome");
    let mut bob = server.connect(Json);
    bob.send(format!("{REGISTER},\"id\":7}}\n"));
    let welcome = bob.json();
    assert_eq!(
        (&welcome["type"], &welcome["id"]),
        (&json!("welcome"), &json!(7))
    );

    let mut old = server.connect(Pynet);
    old.send("{\"type\":\"join\",\"data\":\"Ann\"}");
    let told = String::from_utf8_lossy(&old.rest()).into_owned();
    assert!(
        told.starts_with("{\"type\":\"server_message\",\"data\":\"That name is registered"),
        "{told}"
    );
    let mut old = server.connect(Pynet);
    old.send("{\"type\":\"join\",\"data\":\"Zed\"}");
    let told = String::from_utf8_lossy(&old.rest()).into_owned();
    assert!(told.contains(NO_ACCOUNT), "{told}");
    let mut nameless = server.connect(Anon);
    let told = String::from_utf8_lossy(&nameless.rest()).into_owned();
    assert!(told.contains(NO_ACCOUNT), "{told}");
    let mut colon = server.connect(Colon);
    colon.send("Zed\n").expect_until(NO_ACCOUNT);
    colon.send("Ann\n").expect_until("registered");
    colon.send("pw\n");
    colon.sync();

    for path in [
        "/api/v1/rooms",
        "/api/v1/rooms/lobby/users",
        "/api/v1/rooms/lobby/messages",
    ] {
        let door = server.door(Auto).to_owned();
        let ask = |headers: &str| {
            server
                .request(&door, &format!("GET {path}"), headers, "")
                .status
        };
        assert_eq!(ask(""), 401, "{path}");
        assert_eq!(ask("Authorization: Bearer hub_x\r\n"), 401, "{path}");
        assert_eq!(
            ask(&format!("Authorization: Bearer {token}\r\n")),
            200,
            "{path}"
        );
    }
    for path in ["/healthz", "/"] {
        let door = server.door(Auto);
        assert_eq!(
            server.request(door, &format!("GET {path}"), "", "").status,
            200
        );
    }
}

#[test]
fn irc_wants_sasl_or_a_pass() {
    let (server, _dir) = closed(&[Irc], "");
    let mut bob = server.connect(Irc);
    bob.send("NICK bob\r\nUSER b 0 * :b\r\nLIST\r\n");
    let told = String::from_utf8_lossy(&bob.rest()).into_owned();
    assert!(
        told.contains("ERROR :") && told.contains("SASL") && !told.contains(" 001 "),
        "{told}"
    );
    let mut ann = server.connect(Irc);
    ann.send("PASS pw\r\nNICK Ann\r\nUSER a 0 * :a\r\n")
        .expect_until(" 001 Ann ");
    ann.send("QUIT\r\n").rest();
    let mut ann = server.connect(Irc);
    ann.send("PASS Ann:pw\r\nNICK annie\r\nUSER a 0 * :a\r\n")
        .expect_until(" 001 annie ");
    ann.send("QUIT\r\n").rest();
    let mut eve = server.connect(Irc);
    eve.send("PASS no\r\nNICK Ann\r\nUSER a 0 * :a\r\n");
    let told = String::from_utf8_lossy(&eve.rest()).into_owned();
    assert!(told.contains(" 464 ") && !told.contains(" 001 "), "{told}");
    let mut ann = server.connect(Irc);
    ann.send("CAP REQ sasl\r\nNICK Ann\r\nUSER a 0 * :a\r\nAUTHENTICATE PLAIN\r\n");
    // \0Ann\0pw
    ann.send("AUTHENTICATE AEFubgBwdw==\r\nCAP END\r\n")
        .expect_until(" 001 Ann ");
    let mut new = server.connect(Irc);
    new.send(
        "CAP REQ draft/account-registration\r\nNICK new\r\nUSER n 0 * :n\r\nREGISTER * * pw\r\n",
    );
    new.expect_until("REGISTER SUCCESS new");
    new.send("CAP END\r\n").expect_until(" 001 new ");
}

#[test]
fn an_account_may_take_an_invitation() {
    let (server, _dir) = closed(&[Text, Json, Irc], "--registration invite");
    let mut console = server.connect(Console);
    console.send(":invitecode new 2 1h\n");
    let made = console.expect_until("\n");
    let made = String::from_utf8(made).expect("UTF-8");
    let code = made
        .split(": good for 2, 3600 s left")
        .next()
        .expect("a code")
        .trim();
    assert!(code.len() >= 10 && !code.contains(' '), "{made}");
    console
        .send(":invitecode list\n")
        .expect(format!("{code}: good for 2, 3600 s left\n"));

    let mut bob = server.connect(Text);
    bob.expect(PROMPT).send("/register Bob pw\n");
    bob.expect("[Server] That takes an invitation: /register ... --code CODE. ")
        .expect(PROMPT);
    bob.send("/register Bob pw --code wrong\n")
        .expect_until(PROMPT);
    bob.send(format!("/register Bob p w --code {code}\n"));
    bob.expect("[Server] Bob joined the chat!\n");
    let log = server.expect_log("invitation code=");
    assert!(
        log.contains(&format!(
            " invitation code=\"{}\" name=Bob address=127.0.0.1\n",
            &code[..4]
        )),
        "{log}"
    );
    assert!(!log.contains(code), "{log}");
    let mut console_again = server.connect(Console);
    console_again
        .send(":invitecode list\n")
        .expect_until(": good for 1, ");

    let mut ida = server.connect(Irc);
    ida.send("CAP REQ draft/account-registration\r\nNICK ida\r\nUSER n 0 * :n\r\n");
    ida.send("REGISTER * * pw\r\n")
        .expect_until("FAIL REGISTER INVALID_CODE");
    ida.send(format!("REGISTER * {code} pw\r\n"))
        .expect_until("REGISTER SUCCESS ida");
    ida.send("CAP END\r\n").expect_until(" 001 ida ");

    // It is used up.
    let mut zoe = server.connect(Json);
    zoe.send(
        json!({"type": "register", "username": "Zoe", "password": "pw", "code": code}).to_string()
            + "\n",
    );
    assert_eq!(zoe.json()["type"], "error");
    zoe.expect_eof();

    // One that was dropped is nobody's; only operators make any.
    console.send(":invitecode new\n");
    let made = String::from_utf8(console.expect_until("\n")).expect("UTF-8");
    let other = made.split(':').next().expect("a code").to_owned();
    console
        .send(format!(":invitecode drop {other}\n"))
        .expect_until("void");
    console
        .send(":invitecode list\n")
        .expect_until("There are no invitations.");
    bob.send("/invitecode new\n")
        .expect("[Server] Only an operator may do that.\n");
}

#[test]
fn codes_last_and_end_in_time() {
    let (server, dir) = closed(&[Json], "--registration invite");
    let mut console = server.connect(Console);
    console.send(":invitecode new 1 1s\n:invitecode new\n");
    let lines = [console.expect_until("\n"), console.expect_until("\n")];
    let code = |line: &Vec<u8>| {
        let line = String::from_utf8_lossy(line).into_owned();
        line.split(':').next().expect("a code").trim().to_owned()
    };
    let [short, long] = [code(&lines[0]), code(&lines[1])];
    console.send(":invitecode list\n").expect_until(&long);
    crate::durability::kill(server);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let flags = format!(
        "--require-account --registration invite --data {}",
        dir.join("data").display()
    );
    let server = Server::with(&[Json], &flags);
    for (code, kind) in [(&short, "error"), (&long, "welcome"), (&long, "error")] {
        let name = format!("z{kind}{}", code.len());
        let mut peer = server.connect(Json);
        let join = json!({"type": "register", "username": name, "password": "pw", "code": code});
        peer.send(join.to_string() + "\n");
        assert_eq!(peer.json()["type"], kind);
    }
}

#[test]
fn nobody_registers_where_that_is_closed() {
    let (server, _dir) = closed(&[Text, Irc], "--registration closed");
    let mut bob = server.connect(Text);
    bob.expect(PROMPT).send("Bob\n");
    bob.expect(format!("[Server] {NO_ACCOUNT}: log in. {PROMPT}"));
    bob.send("/register Bob pw\n")
        .expect(format!("[Server] Nobody can register here. {PROMPT}"));
    let mut irc = server.connect(Irc);
    irc.send("CAP LS 302\r\n");
    let listed = String::from_utf8_lossy(&irc.expect_until("\r\n")).into_owned();
    assert!(
        listed.contains("sasl") && !listed.contains("account-registration"),
        "{listed}"
    );
}

#[test]
fn the_message_of_the_day_is_told_behind_the_greeting() {
    let dir = TempDir::new();
    let path = dir.join("motd");
    std::fs::write(&path, "Be kind.\n\n\u{1b}[31mRed\n").expect("a file");
    let flags = format!("--motd {}", path.display());
    let server = Server::with(&[Text, Json, JsonPadded, Pynet, Colon, Irc], &flags);
    let mut ann = server.connect(Text);
    ann.expect(PROMPT).send("Ann\n");
    ann.expect("[Server] Ann joined the chat!\n[Server] Be kind.\n[Server] \n[Server] [31mRed\n");
    let mut bob = server.connect(Json);
    bob.send("{\"type\":\"join\",\"username\":\"bob\"}\n");
    assert_eq!(bob.json()["type"], "welcome");
    let motd = bob.json();
    assert_eq!(
        (&motd["type"], &motd["message"]),
        (&json!("motd"), &json!("Be kind.\n\n[31mRed"))
    );
    ann.expect("[Server] bob joined the chat!\n");
    for dialect in [JsonPadded, Pynet, Colon] {
        let mut peer = server.join(dialect, "carl");
        peer.sync();
        let mut peer = server.connect(dialect);
        peer.send(dialect.join("dora"));
        assert!(!String::from_utf8_lossy(&peer.sync()).contains("kind"));
    }
    let mut ivy = server.connect(Irc);
    ivy.send("NICK ivy\r\nUSER i 0 * :i\r\n")
        .expect_until(" 375 ivy ");
    ivy.expect_until(" 372 ivy :- Be kind.\r\n");
    ivy.expect_until(" 376 ivy ");
    std::fs::write(&path, "Another day.\n").expect("a file");
    server.signal("HUP");
    server.expect_log("read again: the message of the day");
    let mut eve = server.connect(Text);
    eve.expect(PROMPT).send("eve\n");
    eve.expect("[Server] eve joined the chat!\n[Server] Another day.\n");
    std::fs::write(&path, "x".repeat(9000)).expect("a file");
    server.signal("HUP");
    server.expect_log("is longer than 8192 bytes; the old message of the day stays in use");
    let refused = run(program()
        .args(["--listen", "text://127.0.0.1:0", "--motd"])
        .arg(&path));
    assert!(!refused.status.success());
    assert!(
        refused.stderr.contains("is longer than"),
        "{}",
        refused.stderr
    );
}

#[test]
fn help_is_ten_lines_and_all_the_rest() {
    let (server, dir) = closed(&[Text], "");
    let oper = dir.join("oper");
    std::fs::write(&oper, "sesame\n").expect("a file");
    let open = Server::with(&[Text], &format!("--oper-password-file {}", oper.display()));
    let mut ann = server.connect(Text);
    ann.send("/login Ann pw\n")
        .expect_until("joined the chat!\n");
    let help = |peer: &mut Peer, what: &str| {
        peer.send(format!("{what}\n"));
        String::from_utf8(peer.sync()).expect("UTF-8")
    };
    let few = help(&mut ann, "/help");
    assert_eq!(few.lines().count(), 10, "{few}");
    assert!(few.contains("/help all"), "{few}");
    let all = help(&mut ann, "/help all");
    assert!(
        all.contains("/login NAME") && !all.contains("/ban ") && all.contains("/kick NAME"),
        "{all}"
    );
    let mut bob = open.join(Text, "bob");
    let all = help(&mut bob, "/help ALL");
    assert!(!all.contains("/login") && !all.contains("/ban "), "{all}");
    bob.send("/oper sesame\n").expect_until("operator now.\n");
    assert_eq!(help(&mut bob, "/help").lines().count(), 10);
    let all = help(&mut bob, "/help all");
    assert!(
        all.contains("/ban MASK") && all.contains("/invitecode"),
        "{all}"
    );
    assert!(help(&mut bob, "/help nick").starts_with("[Server] /nick NAME"));
}

#[test]
fn the_page_logs_in_or_makes_an_account() {
    let Some(browser) = Browser::start("the page of a closed server") else {
        return;
    };
    let dir = TempDir::new();
    let motd = dir.join("motd");
    std::fs::write(&motd, "Be kind.\n").expect("a file");
    let (server, _dir) = closed(&[Auto], &format!("--motd {}", motd.display()));
    let user = User {
        page: browser.open(&url(&server)),
    };
    user.page.click("#name").type_text("Bea").press("Enter");
    let refused =
        format!("document.querySelector('#join-error').textContent.startsWith({NO_ACCOUNT:?})");
    user.page.wait_until(&refused);
    user.page.click("#password").type_text("sesame");
    user.page.click("#is-new").click("#join-form button");
    user.await_state("connected");
    user.page
        .wait_until("document.querySelector('#log').textContent.includes('Be kind.')");
    user.say("/quit");
    user.page
        .wait_until("!document.querySelector('#join-form').hidden");
    let mut bea = Peer::connect(server.door(Auto), Text);
    bea.expect_until(PROMPT);
    bea.send("Bea\n").expect("Password: ").send("sesame\n");
    bea.expect_until("Bea joined the chat!\n");
}
