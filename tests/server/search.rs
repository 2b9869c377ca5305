//! What is found by what, in memory and on disk.

use serde_json::{Value, json};

use crate::temp_dir::TempDir;
use crate::util::*;

/// What was said in the lobby, in this order.
const SAID: [&str; 14] = [
    "congrats🥳",
    "so 🤣funny",
    "शुभ दिन",
    "今天天气很好",
    "party 🎉",
    "hello world",
    "un Café, please",
    "decomposed cafe\u{301}",
    "Straße",
    "한국어를 배워요",
    "a b c",
    "go 🇩🇪!",
    "and 🇦🇩🇪🇸!",
    "What a horse",
];

/// What finds which of it.
const FOUND: [(&str, &[usize]); 30] = [
    ("congrats", &[0]),
    ("CONGRATS🥳", &[0]),
    ("🥳 congrats", &[0]),
    ("funny", &[1]),
    ("🤣", &[1]),
    ("दिन", &[2]),
    ("दान", &[]),
    ("天气", &[3]),
    ("今天 很好", &[3]),
    ("天很", &[]),
    ("🎉", &[4]),
    ("hello 🎉", &[]),
    ("world hello", &[5]),
    ("cafe", &[6, 7]),
    ("CAFÉ", &[6, 7]),
    ("STRASSE", &[8]),
    ("한국", &[9]),
    ("b", &[]),
    ("b b b b", &[]),
    ("a horse", &[13]),
    ("🇩🇪", &[11]),
    ("🇪🇸", &[12]),
    ("wh*", &[]),
    ("wha*", &[13]),
    ("w* horse", &[13]),
    ("hors", &[]),
    ("hello OR world", &[]),
    ("!?", &[]),
    ("\"hello\"", &[5]),
    ("hello *", &[5]),
];

/// Asks, and reads on to the answer's end: what was found, and the end itself.
fn search(peer: &mut Peer, request: Value) -> (Vec<String>, Value) {
    peer.send(request.to_string() + "\n");
    let mut found = Vec::new();
    loop {
        let event = peer.json();
        match event["type"].as_str().expect("a type") {
            "search" => found.push(event["message"].as_str().expect("a text").to_owned()),
            "search_end" => return (found, event),
            "error" => panic!("{request}: {event}"),
            _ => {}
        }
    }
}

#[test]
fn what_is_found_is_the_same_in_memory_and_on_disk() {
    let directory = TempDir::new();
    for flags in [
        String::new(),
        format!("--data {}", directory.join("data").display()),
    ] {
        let server = Server::with(&[Json], &flags);
        let mut ann = server.join(Json, "ann");
        for text in SAID {
            ann.send(json!({"type": "chat", "message": text}).to_string() + "\n");
        }
        ann.sync();
        for (query, of) in FOUND {
            let (found, end) = search(&mut ann, json!({"type": "search", "query": query, "id": 7}));
            let expected: Vec<&str> = of.iter().map(|&at| SAID[at]).collect();
            assert_eq!(found, expected, "{query:?}, {flags:?}");
            let expected = json!({"type": "search_end", "count": of.len(), "more": false, "id": 7});
            assert_eq!(end, expected);
        }
    }
}

#[test]
fn what_is_asked_behind_a_search_in_memory_is_answered_behind_it() {
    let server = Server::of(&[Text, Json]);
    let mut ann = server.join(Json, "ann");
    let long = "word ".repeat(800);
    for n in 0..100 {
        ann.send(json!({"type": "chat", "message": format!("{long}{n}")}).to_string() + "\n");
    }
    ann.sync();
    let query = json!({"type": "search", "query": "word nowhere"}).to_string() + "\n";
    let last = json!({"type": "search", "query": "word 99", "limit": 1}).to_string() + "\n";
    ann.send(query.repeat(3) + &last + "{\"type\":\"ping\"}\n");
    for count in [0, 0, 0] {
        let end = ann.json();
        assert_eq!(
            (&end["type"], &end["count"]),
            (&json!("search_end"), &json!(count))
        );
    }
    let found = ann.json();
    assert_eq!(found["message"], format!("{long}99").trim_end());
    assert_eq!(ann.json()["count"], 1);
    assert_eq!(ann.json()["type"], "pong");
    // No more than may be told at once, and an honest word about the rest.
    let all = json!({"type": "search", "query": "word", "limit": 1000});
    let (found, end) = search(&mut ann, all);
    assert!(found.len() < 100 && found.last().is_some_and(|text| text.ends_with("99")));
    assert_eq!(
        (&end["count"], &end["more"]),
        (&json!(found.len()), &json!(true))
    );
    // Who is done asking is answered before it is let go.
    let mut bob = server.connect(Text);
    bob.expect(PROMPT)
        .send("bob\n/search nowhere\n")
        .shutdown_write();
    let told = String::from_utf8(bob.rest()).expect("UTF-8");
    assert!(told.ends_with("[Server] Nothing was found.\n"), "{told:?}");
}
