//! Every command of a user, in every dialect that has it.

use crate::util::*;

/// Those that have commands.
const COMMANDING: [Dialect; 4] = [Text, Json, Pynet, Colon];

/// What the clients of the four dialects are told of one thing, as [`Peer::expect_like`] takes it.
#[derive(Clone, Default)]
struct Told {
    text: String,
    json: String,
    pynet: String,
    colon: String,
}

impl Told {
    fn to(&self, dialect: Dialect) -> &str {
        match dialect {
            Text => &self.text,
            Json => &self.json,
            Pynet => &self.pynet,
            _ => &self.colon,
        }
    }

    fn text(self, text: &str) -> Told {
        let text = text.into();
        Told { text, ..self }
    }

    fn pynet(self, pynet: &str) -> Told {
        let pynet = pynet.into();
        Told { pynet, ..self }
    }

    fn colon(self, colon: &str) -> Told {
        let colon = colon.into();
        Told { colon, ..self }
    }
}

fn nothing() -> Told {
    Told::default()
}

/// A sentence of the server's, and its JSON without the end of the line.
fn told(sentence: &str, json: &str) -> Told {
    Told {
        text: format!("[Server] {sentence}\n"),
        json: format!("{json}\n"),
        pynet: server_message(sentence),
        colon: green(sentence),
    }
}

/// The answer to what needs no more words than a sentence.
fn done(sentence: &str) -> Told {
    told(
        sentence,
        &format!("{{\"type\":\"ok\",\"message\":\"{sentence}\"}}"),
    )
}

/// Something that one asks, and what is told of it.
struct Step {
    /// The line, and the JSON where it is asked with that.
    line: &'static str,
    json: Option<&'static str>,
    asker: Told,
    onlooker: Told,
}

fn step(line: &'static str, json: &'static str, asker: Told, onlooker: Told) -> Step {
    Step {
        line,
        json: Some(json),
        asker,
        onlooker,
    }
}

/// The asker and one onlooker of each dialect.
struct Stage {
    alice: Peer,
    onlookers: Vec<Peer>,
    /// What begins a command of the asker's, if it is not JSON.
    mark: &'static str,
    _server: Server,
}

impl Stage {
    fn of(dialect: Dialect, mark: &'static str) -> Stage {
        let server = Server::of(&COMMANDING);
        let names = ["tina", "jan", "pia", "cora"];
        let mut onlookers: Vec<Peer> = COMMANDING
            .into_iter()
            .zip(names)
            .map(|(dialect, name)| server.join(dialect, name))
            .collect();
        let alice = server.join(dialect, "alice");
        for peer in &mut onlookers {
            peer.sync();
        }
        Stage {
            alice,
            onlookers,
            mark,
            _server: server,
        }
    }

    fn ask(&mut self, line: &str, json: &str) {
        let frame = match self.alice.dialect {
            Json => format!("{json}\n"),
            dialect => dialect.say(&line.replacen('/', self.mark, 1)),
        };
        self.alice.send(frame);
    }

    #[track_caller]
    fn run(&mut self, step: &Step) {
        let Some(json) = step.json.or((self.alice.dialect != Json).then_some("")) else {
            return;
        };
        self.ask(step.line, json);
        let dialect = self.alice.dialect;
        self.alice.expect_like(step.asker.to(dialect)).silent();
        for peer in &mut self.onlookers {
            let told = step.onlooker.to(peer.dialect);
            peer.expect_like(told).silent();
        }
    }

    /// The onlookers enter the room rust, which the asker is not in.
    fn fill_rust(&mut self) {
        for at in 0..self.onlookers.len() {
            let peer = &mut self.onlookers[at];
            peer.send(match peer.dialect {
                Json => "{\"type\":\"join_room\",\"room\":\"rust\"}\n".into(),
                dialect => dialect.say("/join rust"),
            });
            peer.sync();
        }
        for peer in &mut self.onlookers {
            peer.sync();
        }
    }
}

/// Runs `test` with an asker of each dialect, with each mark that its commands begin with.
fn in_each_dialect(test: impl Fn(Stage)) {
    for (dialect, mark) in [
        (Text, "/"),
        (Json, ""),
        (Pynet, "/"),
        (Colon, "/"),
        (Colon, ":"),
    ] {
        test(Stage::of(dialect, mark));
    }
}

#[test]
fn what_is_asked_in_the_lobby() {
    let renamed = |from, to| {
        told(
            &format!("{from} is now called {to}."),
            &format!(
                "{{\"type\":\"nick\",\"username\":\"{from}\",\"to\":\"{to}\",\"timestamp\":<unix>}}"
            ),
        )
    };
    let everyone = "tina, jan, pia, cora, alice";
    let users = r#""users":["tina","jan","pia","cora","alice"]"#;
    let list = green("Members of 'lobby':") + "- tina\n- jan\n- pia\n- cora\n- alice\n";
    let steps = [
        step(
            "/ping",
            r#"{"type":"ping"}"#,
            told("Pong.", r#"{"type":"pong"}"#),
            nothing(),
        ),
        Step {
            line: "/list",
            json: None,
            asker: nothing()
                .text(&format!("Current clients: {everyone}\n"))
                .pynet(&server_message(&format!("Here: {everyone}")))
                .colon(&green(&format!("Current clients: {everyone}"))),
            onlooker: nothing(),
        },
        step(
            "/who",
            r#"{"type":"users"}"#,
            told(
                &format!("In #lobby: {everyone}"),
                &format!("{{\"type\":\"users\",{users}}}"),
            )
            .colon(&list),
            nothing(),
        ),
        step(
            "/nick Anna",
            r#"{"type":"nick","username":"Anna"}"#,
            renamed("alice", "Anna"),
            renamed("alice", "Anna"),
        ),
        step(
            "/NICK alice",
            r#"{"type":"nick","username":"alice"}"#,
            renamed("Anna", "alice"),
            renamed("Anna", "alice"),
        ),
        step(
            "/away out to lunch",
            r#"{"type":"away","message":"out to lunch"}"#,
            done("You are away now: those who write to you are told."),
            nothing(),
        ),
        step(
            "/away",
            r#"{"type":"away"}"#,
            done("You are back."),
            nothing(),
        ),
        step(
            "/me waves  twice",
            r#"{"type":"me","message":"waves  twice"}"#,
            Told {
                json: "{\"type\":\"me\",\"username\":\"alice\",\"message\":\"waves  twice\",\
                       \"id\":<id>,\"room\":\"lobby\",\"timestamp\":<unix>}\n"
                    .into(),
                ..nothing()
            }
            .text("* alice waves  twice\n")
            .pynet(&server_message("* alice waves  twice"))
            .colon("\x1b[93m[<hms>] * alice\x1b[0m waves  twice"),
            Told {
                json: "{\"type\":\"me\",\"username\":\"alice\",\"message\":\"waves  twice\",\
                       \"id\":<id>,\"room\":\"lobby\",\"timestamp\":<unix>}\n"
                    .into(),
                ..nothing()
            }
            .text("* alice waves  twice\n")
            .pynet(&server_message("* alice waves  twice"))
            .colon("\x1b[93m[<hms>] * alice\x1b[0m waves  twice"),
        ),
        step(
            "/rooms",
            r#"{"type":"rooms"}"#,
            told(
                "#lobby (5)",
                r#"{"type":"rooms","rooms":[{"room":"lobby","members":5}]}"#,
            ),
            nothing(),
        ),
    ];
    in_each_dialect(|mut stage| steps.iter().for_each(|step| stage.run(step)));
}

#[test]
fn a_room_is_made_and_left() {
    let steps = [
        step(
            "/join Rust",
            r#"{"type":"join_room","room":"Rust"}"#,
            told(
                "You made the room #Rust.",
                r#"{"type":"room_joined","room":"Rust","created":true,"users":["alice"],"timestamp":<unix>}"#,
            )
            .colon(&green("Group Rust created")),
            nothing(),
        ),
        step(
            "/join RUST",
            r#"{"type":"join_room","room":"RUST"}"#,
            told(
                "You entered #Rust. Here: alice",
                r#"{"type":"room_joined","room":"Rust","created":false,"users":["alice"],"timestamp":<unix>}"#,
            )
            .colon(&green("Joined group Rust")),
            nothing(),
        ),
        step(
            "/leave",
            r#"{"type":"leave_room","room":"rust"}"#,
            told(
                "You left #Rust. You speak in #lobby now.",
                r#"{"type":"room_left","room":"Rust","now_in":"lobby","timestamp":<unix>}"#,
            )
            .colon(&green("Left group Rust")),
            nothing(),
        ),
        step(
            "/join #other",
            r##"{"type":"join_room","room":"#other"}"##,
            told(
                "You made the room #other.",
                r#"{"type":"room_joined","room":"other","created":true,"users":["alice"],"timestamp":<unix>}"#,
            )
            .colon(&green("Group other created")),
            nothing(),
        ),
        step(
            "/leave lobby",
            r#"{"type":"leave_room","room":"lobby"}"#,
            told(
                "You left #lobby. You speak in #other now.",
                r#"{"type":"room_left","room":"lobby","now_in":"other","timestamp":<unix>}"#,
            )
            .colon(&green("Left group lobby")),
            told(
                "alice left #lobby.",
                r##"{"type":"user_left","username":"alice","message":"alice left #lobby","timestamp":<unix>}"##,
            )
            .colon(""),
        ),
        // The last room: back in the lobby, which is told.
        step(
            "/part",
            r#"{"type":"leave_room","room":"other"}"#,
            told(
                "You left #other. You speak in #lobby now.",
                r#"{"type":"room_left","room":"other","now_in":"lobby","timestamp":<unix>}"#,
            )
            .colon(&green("Left group other")),
            told(
                "alice entered #lobby.",
                r##"{"type":"user_joined","username":"alice","message":"alice joined #lobby","timestamp":<unix>}"##,
            )
            .colon(""),
        ),
        step(
            "/rooms",
            r#"{"type":"rooms"}"#,
            told(
                "#lobby (5)",
                r#"{"type":"rooms","rooms":[{"room":"lobby","members":5}]}"#,
            ),
            nothing(),
        ),
    ];
    in_each_dialect(|mut stage| steps.iter().for_each(|step| stage.run(step)));
}

/// What is asked in the room rust, where the onlookers are and speak.
fn steps_in_a_room() -> Vec<Step> {
    let topic_set = told(
        "alice set the topic of #rust: crabs &  co",
        r#"{"type":"topic","room":"rust","topic":"crabs &  co","username":"alice","timestamp":<unix>}"#,
    );
    let said = |room: &str, text: &str| match room {
        "lobby" => Told {
            text: format!("[#lobby alice] {text}\n"),
            json: format!(
                "{{\"type\":\"chat\",\"username\":\"alice\",\"message\":\"{text}\",\
                 \"id\":<id>,\"room\":\"lobby\",\"timestamp\":<unix>}}\n"
            ),
            pynet: padded(&format!(
                "{{\"type\":\"message\",\"from\":\"alice\",\"data\":\"{text}\"}}"
            )),
            colon: format!("\x1b[93m[<hms>] alice >> \x1b[0m{text}"),
        },
        _ => Told {
            text: format!("[alice] {text}\n"),
            json: format!(
                "{{\"type\":\"chat\",\"username\":\"alice\",\"message\":\"{text}\",\
                 \"id\":<id>,\"room\":\"{room}\",\"timestamp\":<unix>}}\n"
            ),
            pynet: server_message(&format!("[#{room} alice] {text}")),
            colon: format!("\x1b[94m[<hms>] GROUP({room}) alice >> \x1b[0m{text}"),
        },
    };
    let own = |told: Told| told.text("").pynet("").colon("");
    vec![
        step(
            "/topic",
            r#"{"type":"topic","room":"rust"}"#,
            told(
                "#rust has no topic.",
                r#"{"type":"topic","room":"rust","timestamp":<unix>}"#,
            ),
            nothing(),
        ),
        step(
            "/topic crabs &  co",
            r#"{"type":"topic","room":"rust","topic":"crabs &  co"}"#,
            topic_set.clone(),
            topic_set,
        ),
        step(
            "/topic",
            r#"{"type":"topic","room":"rust"}"#,
            told(
                &format!(
                    "Topic of #rust: crabs &  co (set by alice, {} <hm> UTC)",
                    chrono::Utc::now().format("%Y-%m-%d")
                ),
                r#"{"type":"topic","room":"rust","topic":"crabs &  co","set_by":"alice","set_at":<id>,"timestamp":<unix>}"#,
            ),
            nothing(),
        ),
        step(
            "/say rust  hi  all",
            r#"{"type":"chat","room":"RUST","message":"hi  all"}"#,
            own(said("rust", "hi  all")),
            said("rust", "hi  all"),
        ),
        step(
            "/say lobby hello there",
            r#"{"type":"chat","message":"hello there"}"#,
            own(said("lobby", "hello there")),
            said("lobby", "hello there"),
        ),
        Step {
            line: "still in rust",
            json: None,
            asker: nothing(),
            onlooker: said("rust", "still in rust"),
        },
        step(
            "/me codes",
            r#"{"type":"me","room":"rust","message":"codes"}"#,
            Told { json: "{\"type\":\"me\",\"username\":\"alice\",\"message\":\"codes\",\"id\":<id>,\"room\":\"rust\",\
                \"timestamp\":<unix>}\n".into(), ..nothing() }
                .text("* alice codes\n")
                .pynet(&server_message("[#rust] * alice codes"))
                .colon("\x1b[94m[<hms>] GROUP(rust) * alice\x1b[0m codes"),
            Told { json: "{\"type\":\"me\",\"username\":\"alice\",\"message\":\"codes\",\"id\":<id>,\"room\":\"rust\",\
                \"timestamp\":<unix>}\n".into(), ..nothing() }
                .text("* alice codes\n")
                .pynet(&server_message("[#rust] * alice codes"))
                .colon("\x1b[94m[<hms>] GROUP(rust) * alice\x1b[0m codes"),
        ),
        step(
            "/who lobby",
            r#"{"type":"users","room":"lobby"}"#,
            told(
                "In #lobby: tina, jan, pia, cora, alice",
                r#"{"type":"users","users":["tina","jan","pia","cora","alice"]}"#,
            )
            .colon(
                &(green("Members of 'lobby':") + "- tina\n- jan\n- pia\n- cora\n- alice\n"),
            ),
            nothing(),
        ),
        step(
            "/leave lobby",
            r#"{"type":"leave_room","room":"lobby"}"#,
            told(
                "You left #lobby. You speak in #rust now.",
                r#"{"type":"room_left","room":"lobby","now_in":"rust","timestamp":<unix>}"#,
            )
            .colon(&green("Left group lobby")),
            told(
                "alice left #lobby.",
                r##"{"type":"user_left","username":"alice","message":"alice left #lobby","timestamp":<unix>}"##,
            )
            .colon(""),
        ),
        // The largest first.
        step(
            "/rooms",
            r#"{"type":"rooms"}"#,
            told(
                "",
                r#"{"type":"rooms","rooms":[{"room":"rust","members":5,"topic":"crabs &  co"},{"room":"lobby","members":4}]}"#,
            )
            .text("[Server] #rust (5): crabs &  co\n[Server] #lobby (4)\n")
            .pynet(&(server_message("#rust (5): crabs &  co") + &server_message("#lobby (4)")))
            .colon(&green("#rust (5): crabs &  co\n#lobby (4)\n")),
            nothing(),
        ),
    ]
}

#[test]
fn what_is_asked_in_a_room() {
    in_each_dialect(|mut stage| {
        stage.fill_rust();
        let entered = step(
            "/join rust",
            r#"{"type":"join_room","room":"rust"}"#,
            told(
                "You entered #rust. Here: tina, jan, pia, cora, alice",
                r#"{"type":"room_joined","room":"rust","created":false,"users":["tina","jan","pia","cora","alice"],"timestamp":<unix>}"#,
            )
            .colon(&green("Joined group rust")),
            told(
                "alice entered #rust.",
                r##"{"type":"user_joined","username":"alice","message":"alice joined #rust","room":"rust","timestamp":<unix>}"##,
            )
            .colon(""),
        );
        stage.run(&entered);
        let steps = steps_in_a_room();
        steps.iter().for_each(|step| stage.run(step));
    });
}

/// In lines there is no way to ask for it.
#[test]
fn an_empty_topic_takes_the_topic_away() {
    let mut stage = Stage::of(Json, "");
    stage.fill_rust();
    stage.ask("", r#"{"type":"join_room","room":"rust"}"#);
    stage.alice.line();
    for peer in &mut stage.onlookers {
        peer.sync();
    }
    for topic in ["crabs", " "] {
        let json = format!("{{\"type\":\"topic\",\"room\":\"rust\",\"topic\":\"{topic}\"}}");
        stage.ask("", &json);
        stage.alice.line();
    }
    stage.alice.silent();
    let taken = "[Server] alice set the topic of #rust\n";
    let tina = &mut stage.onlookers[0];
    tina.expect("[Server] alice set the topic of #rust: crabs\n")
        .expect(taken)
        .silent();
}

#[test]
fn a_name_that_is_taken_again_is_told_to_nobody_else() {
    let server = Server::of(&[Text, Json, Colon]);
    let mut al = server.join(Text, "Al");
    let mut others = [
        server.join(Text, "bob"),
        server.join(Json, "cy"),
        server.join(Colon, "dee"),
    ];
    al.after_all();
    for other in &mut others {
        other.after_all();
    }
    al.send("/nick Al\n")
        .expect("[Server] Al is now called Al.\n");
    for other in &mut others {
        other.silent();
    }
    al.send("/nick AL\n")
        .expect("[Server] Al is now called AL.\n");
    others[0].expect("[Server] Al is now called AL.\n");
    assert_eq!(others[1].json()["same"], true);
    others[2].expect(green("Al is now called AL."));
}
