//! What was said before, shown to who comes in and told to who asks.

mod disk;
mod long;
mod pipelined;

use std::path::Path;

use serde_json::{Value, json};

use crate::durability::{Entry, kill, page, printed};
use crate::util::*;

/// A server with its history in a directory.
fn keeping(data: &Path, dialects: &[Dialect], flags: &str) -> Server {
    Server::with(dialects, &format!("--data {} {flags}", data.display()))
}

/// Says something over JSON and waits until it is on disk. Returns its id.
#[track_caller]
fn say(peer: &mut Peer, room: &str, text: &str) -> u64 {
    let request = json!({"type": "chat", "room": room, "message": text, "id": "said"});
    peer.send(request.to_string() + "\n");
    let ok = loop {
        let ok = until(peer, "ok");
        if ok["id"] == "said" {
            break ok;
        }
    };
    assert_eq!(ok["room"], room);
    ok["message_id"].as_u64().expect("an id")
}

/// Reads on to an event of that type.
#[track_caller]
fn until(peer: &mut Peer, kind: &str) -> Value {
    loop {
        let event = peer.json();
        assert!(event["type"] != "error" || kind == "error", "{event}");
        if event["type"] == kind {
            return event;
        }
    }
}

/// Asks, and reads on to the answer's end.
#[track_caller]
fn ask(peer: &mut Peer, request: Value, kind: &str) -> Value {
    peer.send(request.to_string() + "\n");
    until(peer, kind)
}

fn texts(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.text.as_str()).collect()
}

/// The history events among what came up to the answer to a ping.
#[track_caller]
fn replayed(peer: &mut Peer) -> Vec<Value> {
    let came = String::from_utf8(peer.sync()).expect("UTF-8");
    let events = came
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect(line));
    events.filter(|event| event["type"] == "history").collect()
}

#[test]
fn two_people_lose_nothing_through_a_kill() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = keeping(&data, &[Text, Json], "--durability seen");
    let mut nc = server.join(Text, "Nora");
    let mut json = server.join(Json, "Jim");
    nc.expect("[Server] Jim joined the chat!\n");
    let first = say(&mut json, "lobby", "hello");
    nc.expect("[Jim] hello\n").say("hi there");
    let heard = until(&mut json, "chat");
    assert_eq!(heard["message"], "hi there");
    let second = heard["id"].as_u64().expect("an id");
    assert!(second > first);
    kill(server);
    drop((nc, json));

    let server = keeping(&data, &[Text, Json], "--durability seen");
    let mut nc = server.connect(Text);
    nc.expect(PROMPT).send("Nora\n");
    nc.expect_until("[Server] Earlier:\n");
    nc.expect_like("[<hm>] [Jim] hello\n[<hm>] [Nora] hi there\n");
    nc.silent();
    let mut json = server.connect(Json);
    let join = json!({"type": "join", "username": "Jim", "resume": {"lobby": first}});
    json.send(join.to_string() + "\n");
    let history = replayed(&mut json);
    assert_eq!(history.len(), 1, "{history:?}");
    assert_eq!(
        (&history[0]["message"], &history[0]["id"]),
        (&json!("hi there"), &json!(second))
    );
    let third = say(&mut json, "lobby", "still here");
    assert!(third > second);
    nc.expect("[Server] Jim joined the chat!\n[Jim] still here\n");
}

#[test]
fn ids_grow_over_rooms_and_starts() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let mut last = 0;
    for signal in ["KILL", "TERM", "KILL"] {
        let server = keeping(&data, &[Json], "");
        let mut ann = server.join(Json, "ann");
        ann.send("{\"type\":\"join_room\",\"room\":\"den\"}\n");
        for room in ["lobby", "den", "lobby"] {
            let id = say(&mut ann, room, "more");
            assert!(id > last);
            last = id;
        }
        server.signal(signal);
        drop(ann);
        server.wait();
    }
    let ids: Vec<u64> = printed(&data).iter().map(|entry| entry.id).collect();
    assert!(ids.len() == 9 && ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}

#[test]
fn a_clean_stop_skips_no_ids() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let server = keeping(&data, &[Json], "");
        let mut ann = server.join(Json, "ann");
        ids.push(say(&mut ann, "lobby", "more"));
        server.signal("TERM");
        ann.rest();
        drop(ann);
        assert_eq!(server.wait().status.code(), Some(0));
    }
    assert_eq!(ids[1], ids[0] + 1);
}

#[test]
fn the_last_are_replayed_and_then_all_is_live() {
    for (flags, asked, count) in [
        ("", "", 0),
        ("--replay 50", "", 0),
        ("", ",\"replay\":20", 20),
        ("--replay 0", ",\"replay\":3", 3),
        ("--replay 3", ",\"replay\":50", 30),
    ] {
        let server = Server::with(&[Json], flags);
        let mut ann = server.join(Json, "ann");
        let ids: Vec<u64> = (0..30)
            .map(|n| say(&mut ann, "lobby", &format!("line {n}")))
            .collect();
        let mut bob = server.connect(Json);
        bob.send(format!(
            "{{\"type\":\"join\",\"username\":\"bob\"{asked}}}\n"
        ));
        let history = replayed(&mut bob);
        let expected: Vec<Value> = (30 - count..30)
            .map(|n| json!([ids[n], format!("line {n}"), "ann", "chat", "lobby"]))
            .collect();
        let got: Vec<Value> = history
            .iter()
            .map(|e| json!([e["id"], e["message"], e["username"], e["kind"], e["room"]]))
            .collect();
        assert_eq!(got, expected, "{flags} {asked}");
        let id = say(&mut ann, "lobby", "live");
        let live = until(&mut bob, "chat");
        assert_eq!(
            (&live["message"], &live["id"]),
            (&json!("live"), &json!(id))
        );
        bob.silent();
    }
}

#[test]
fn history_is_asked_for_page_by_page() {
    let directory = TempDir::new();
    let data = directory.join("data");
    for flags in [String::new(), format!("--data {}", data.display())] {
        let server = Server::with(&[Json], &flags);
        let mut ann = server.join(Json, "ann");
        let ids: Vec<u64> = (0..45)
            .map(|n| say(&mut ann, "lobby", &format!("line {n}")))
            .collect();
        let mut asked = |request: Value| {
            let (entries, end) = page(&mut ann, request);
            let first = entries
                .first()
                .map(|e| ids.iter().position(|id| *id == e.id));
            let at = first.flatten().unwrap_or(0);
            let expected: Vec<String> = (at..at + entries.len())
                .map(|n| format!("line {n}"))
                .collect();
            assert_eq!(texts(&entries), expected);
            (at, entries.len(), end["more"].clone())
        };
        assert_eq!(asked(json!({"limit": 10})), (35, 10, json!(true)));
        assert_eq!(
            asked(json!({"limit": 10, "before": ids[7]})),
            (0, 7, json!(false))
        );
        assert_eq!(
            asked(json!({"limit": 10, "before": ids[30]})),
            (20, 10, json!(true))
        );
        assert_eq!(
            asked(json!({"limit": 10, "after": ids[20]})),
            (21, 10, json!(true))
        );
        assert_eq!(
            asked(json!({"limit": 10, "after": ids[40]})),
            (41, 4, json!(false))
        );
        assert_eq!(
            asked(json!({"after": ids[2], "before": ids[6]})),
            (3, 3, json!(false))
        );
        assert_eq!(asked(json!({"after": ids[44]})), (0, 0, json!(false)));
        assert_eq!(
            asked(json!({"since": "1h", "limit": 45})),
            (0, 45, json!(false))
        );
        assert_eq!(
            asked(json!({"since": unix_now() + 100.0})),
            (0, 0, json!(false))
        );
    }
}

#[test]
fn what_is_asked_wrongly_is_answered() {
    let server = Server::of(&[Json]);
    let mut ann = server.join(Json, "ann");
    for wrong in [
        json!({"type": "history", "limit": 0}),
        json!({"type": "history", "limit": "ten"}),
        json!({"type": "history", "before": -1}),
        json!({"type": "history", "after": "x"}),
        json!({"type": "history", "since": "then"}),
        json!({"type": "history", "room": "nowhere"}),
        json!({"type": "history", "room": 7}),
        json!({"type": "search"}),
        json!({"type": "search", "query": 7}),
        json!({"type": "export", "room": "lobby"}),
        json!({"type": "join_room", "room": "den", "resume": "x"}),
    ] {
        let mut wrong = wrong;
        wrong["id"] = 5.into();
        ann.send(wrong.to_string() + "\n");
        let error = ann.json();
        assert_eq!(
            (&error["type"], &error["id"]),
            (&json!("error"), &json!(5)),
            "{wrong}: {error}"
        );
        ann.silent();
    }
}

#[test]
fn words_are_found_in_rooms_that_one_is_in() {
    let directory = TempDir::new();
    let server = keeping(&directory.join("data"), &[Json], "");
    let mut ann = server.join(Json, "ann");
    let mut bob = server.join(Json, "bob");
    for room in ["den", "cellar"] {
        ann.send(json!({"type": "join_room", "room": room}).to_string() + "\n");
    }
    bob.send("{\"type\":\"join_room\",\"room\":\"den\"}\n");
    for (room, text) in [
        ("lobby", "The crème brûlée is ready"),
        ("den", "creme of mushrooms"),
        ("cellar", "creme for shoes"),
        ("lobby", "nothing of the kind"),
        ("lobby", "brulee without the rest"),
    ] {
        say(&mut ann, room, text);
    }
    let mut found = |query: &str| -> Vec<String> {
        bob.send(json!({"type": "search", "query": query, "id": 1}).to_string() + "\n");
        let mut found = Vec::new();
        loop {
            let event = bob.json();
            match event["type"].as_str().unwrap_or_default() {
                "search" => found.push(event["message"].as_str().expect("a text").to_owned()),
                "search_end" => {
                    assert_eq!(
                        (&event["id"], &event["count"]),
                        (&json!(1), &json!(found.len()))
                    );
                    return found;
                }
                "error" => panic!("{query}: {event}"),
                _ => {}
            }
        }
    };
    assert_eq!(
        found("creme"),
        ["The crème brûlée is ready", "creme of mushrooms"]
    );
    assert_eq!(
        found("CRÈME"),
        ["The crème brûlée is ready", "creme of mushrooms"]
    );
    assert_eq!(found("brulee creme"), ["The crème brûlée is ready"]);
    assert_eq!(found("shoes"), [""; 0]);
    assert_eq!(found("nowhere"), [""; 0]);
    for hostile in [
        "\"",
        "creme OR shoes",
        "NEAR(creme shoes)",
        "text:creme*",
        "^creme",
        "(",
        "-creme",
        "creme AND",
        "{creme}:",
        "'; DROP TABLE messages; --",
        "*",
        "a\u{0}b",
    ] {
        assert!(
            found(hostile).iter().all(|text| !text.contains("shoes")),
            "{hostile}"
        );
    }
}

#[test]
fn who_is_not_in_a_room_is_not_told_what_was_said() {
    let directory = TempDir::new();
    let server = keeping(&directory.join("data"), &[Json], "");
    let mut ann = server.join(Json, "ann");
    ann.send("{\"type\":\"join_room\",\"room\":\"den\"}\n");
    ann.send("{\"type\":\"key\",\"room\":\"den\",\"key\":\"sesame\"}\n");
    say(&mut ann, "den", "under the seal");
    let mut eve = server.join(Json, "eve");
    ask(&mut eve, json!({"type": "history", "room": "den"}), "error");
    ask(
        &mut eve,
        json!({"type": "search", "room": "den", "query": "seal"}),
        "error",
    );
    // The room ends; whoever makes it anew is not its heir.
    ann.send("{\"type\":\"quit\"}\n").rest();
    let entered = ask(
        &mut eve,
        json!({"type": "join_room", "room": "den"}),
        "room_joined",
    );
    assert_eq!(entered["created"], true);
    assert_eq!(replayed(&mut eve), Vec::<Value>::new());
    let (kept, _) = page(&mut eve, json!({"room": "den"}));
    assert_eq!(kept, []);
    let search = json!({"type": "search", "query": "seal"});
    assert_eq!(ask(&mut eve, search, "search_end")["count"], 0);
    let open = say(&mut eve, "den", "open again");
    let (kept, _) = page(&mut eve, json!({"room": "den"}));
    assert_eq!(
        kept.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        [open]
    );
}

/// What two said to each other, as one of them is told it.
#[track_caller]
fn said_with(peer: &mut Peer, with: &str) -> Vec<(String, String, u64)> {
    peer.send(json!({"type": "history", "with": with}).to_string() + "\n");
    let mut said = Vec::new();
    loop {
        let event = peer.json();
        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().unwrap_or_default() {
            "history" => {
                assert_eq!(event["kind"], "pm", "{event}");
                let id = event["id"].as_u64().expect("an id");
                said.push((text("username"), text("message"), id));
            }
            "history_end" => {
                assert_eq!(event["count"], said.len(), "{event}");
                return said;
            }
            "error" => panic!("{event}"),
            _ => {}
        }
    }
}

#[test]
fn private_messages_are_kept_for_the_two_accounts() {
    let directory = TempDir::new();
    let data = directory.join("data");
    for durability in ["soon", "seen"] {
        let flags = format!("--durability {durability}");
        let server = keeping(&data, &[Json], &flags);
        let [ann, bob] = ["ann", "bob"].map(|name| format!("{name}-{durability}"));
        let register = |name: &str| {
            let mut peer = server.join(Json, name);
            ask(
                &mut peer,
                json!({"type": "register", "password": name}),
                "ok",
            );
            peer
        };
        let (mut first, mut second) = (register(&ann), register(&bob));
        let mut expected = Vec::new();
        for n in 0..6 {
            let (from, from_name, to) = match n % 2 {
                0 => (&mut first, &ann, &bob),
                _ => (&mut second, &bob, &ann),
            };
            let text = format!("secret {n}");
            let request = json!({"type": "pm", "to": to, "message": text, "id": n});
            from.send(request.to_string() + "\n");
            let ok = loop {
                let ok = until(from, "ok");
                if ok["id"] == n {
                    break ok;
                }
            };
            let id = ok["message_id"].as_u64().expect("an id");
            expected.push((from_name.clone(), text, id));
        }
        assert_eq!(said_with(&mut first, &bob), expected);
        kill(server);
        let server = keeping(&data, &[Json], &flags);
        for (own, other) in [(&ann, &bob), (&bob, &ann)] {
            let mut peer = server.connect(Json);
            let join = json!({"type": "join", "username": own, "password": own});
            ask(&mut peer, join, "welcome");
            assert_eq!(said_with(&mut peer, other), expected, "{durability}");
        }
        let mut eve = server.join(Json, "eve");
        assert_eq!(said_with(&mut eve, &ann), []);
        let search = json!({"type": "search", "query": "secret"});
        assert_eq!(ask(&mut eve, search, "search_end")["count"], 0);
        assert_eq!(printed(&data), [], "it was not said in a room");
        drop((first, second));
    }
}

#[test]
fn a_slow_reader_catches_up_with_much_and_loses_nothing() {
    const COUNT: usize = 2_000;
    let directory = TempDir::new();
    let server = keeping(&directory.join("data"), &[Json], "--sendq-time 60s");
    let mut ann = server.join(Json, "ann");
    let padding = "x".repeat(2_000);
    for n in 0..COUNT {
        ann.send(json!({"type": "chat", "message": format!("{n} {padding}")}).to_string() + "\n");
        if n % 50 == 49 {
            ann.sync();
        }
    }
    say(&mut ann, "lobby", "that was it");
    let small = |socket: &socket2::Socket| socket.set_recv_buffer_size(2048).expect("a size");
    let mut slow = Peer::try_connect(server.door(Json), Json, small).expect("it listens");
    let join = json!({"type": "join", "username": "slow", "resume": {"lobby": 0}});
    slow.send(join.to_string() + "\n");
    // It reads nothing yet, while much is owed to it and more is said.
    for n in 0..100 {
        say(&mut ann, "lobby", &format!("meanwhile {n}"));
    }
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "meanwhile 99") {
        let event = slow.json();
        if matches!(event["type"].as_str(), Some("history" | "chat")) {
            let text = event["message"].as_str().expect("a text");
            told.push(text.trim_end_matches('x').trim_end().to_owned());
        }
    }
    let expected: Vec<String> = (0..COUNT)
        .map(|n| n.to_string())
        .chain(["that was it".into()])
        .chain((0..100).map(|n| format!("meanwhile {n}")))
        .collect();
    assert_eq!(told, expected);
    slow.silent();
}
