//! What was said is deleted: everybody is told, and nothing of it is shown any more.

use serde_json::json;

use crate::durability::{kill, printed};
use crate::util::*;

/// A server that keeps what is said, so that the first message is 1.
fn keeping(directory: &TempDir, dialects: &[Dialect], flags: &str) -> Server {
    let data = directory.join("data");
    Server::with(
        dialects,
        &format!("--replay 0 --data {} {flags}", data.display()),
    )
}

#[test]
fn an_author_deletes_and_each_dialect_is_told() {
    let directory = TempDir::new();
    let dialects = [Text, Json, Pynet, Colon, JsonPadded, Anon];
    let server = keeping(&directory, &dialects, "");
    let mut bob = server.join(Text, "bob");
    let mut alice = server.join(Text, "alice");
    let mut jim = server.join(Json, "jim");
    let mut others = [(Pynet, "pat"), (Colon, "cole"), (JsonPadded, "paddy")]
        .map(|(dialect, nick)| server.join(dialect, nick));
    let mut anon = server.join(Anon, "");
    alice.say("oops");
    bob.expect_until("[alice] oops\n");
    anon.expect_until("dice: oops\n");
    alice.sync();
    alice.say("/delete");
    alice.expect_until("[Server] alice deleted message 1.\n");
    bob.expect_until("[Server] alice deleted message 1.\n");
    let event = loop {
        let event = jim.json();
        if event["type"] == "deleted" {
            break event;
        }
    };
    assert_eq!(event["id"], 1);
    assert_eq!(
        (&event["room"], &event["username"]),
        (&json!("lobby"), &json!("alice"))
    );
    for other in &mut others {
        other.expect_until("alice deleted message 1.");
    }
    bob.say("and on");
    anon.expect_until("dice: and on\n");
    bob.say("/delete 1");
    bob.expect_until("[Server] There is no such message.\n");
    alice.say("/delete");
    alice.expect_until("[Server] There is no such message.\n");
    alice.say("/delete 3");
    alice.expect_until("[Server] That message is not yours to delete.\n");
    jim.send("{\"type\":\"chat\",\"message\":\"third\",\"id\":1}\n");
    bob.expect_until("[jim] third\n");
    jim.send("{\"type\":\"delete\",\"message_id\":4,\"reason\":\"wrong room\",\"id\":\"r\"}\n");
    let ok = loop {
        let event = jim.json();
        if event["id"] == "r" {
            break event;
        }
    };
    assert_eq!(ok["type"], "ok");
    bob.expect_until("[Server] jim deleted message 4. (wrong room)\n");
    bob.say("/history ids");
    bob.expect_like("[<hm>] (3) [bob] and on\n[Server] That is 1 of #lobby.\n");
}

#[test]
fn a_name_s_next_owner_deletes_nothing_of_it() {
    let directory = TempDir::new();
    let server = keeping(&directory, &[Text], "");
    let mut bob = server.join(Text, "bob");
    let mut alice = server.join(Text, "alice");
    alice.say("mine");
    bob.expect_until("[alice] mine\n");
    alice.say("/quit");
    alice.rest();
    bob.expect_until("alice left the chat!\n");
    let mut alice = server.join(Text, "alice");
    alice.say("/delete 1");
    alice.expect_until("[Server] That message is not yours to delete.\n");
    alice.say("/delete");
    alice.expect_until("[Server] There is no such message.\n");
}

#[test]
fn moderators_and_operators_delete_what_others_said() {
    let directory = TempDir::new();
    let file = directory.join("operators");
    std::fs::write(&file, "secret\n").expect("a file");
    let flags = format!("--oper-password-file {}", file.display());
    let server = keeping(&directory, &[Text], &flags);
    let mut mod_ = server.join(Text, "mo");
    let mut bob = server.join(Text, "bob");
    mod_.say("/join den");
    mod_.expect_until("You made the room #den.\n");
    bob.say("/join den");
    bob.expect_until("You entered #den.");
    bob.say("spam");
    mod_.expect_until("[bob] spam\n");
    mod_.say("/delete 1 no ads");
    bob.expect_until("[Server] mo deleted message 1 of bob in #den. (no ads)\n");
    mod_.say("mine");
    bob.expect_until("[mo] mine\n");
    let mut op = server.join(Text, "op");
    op.say("/delete 3");
    op.expect_until("[Server] There is no such message.\n");
    op.say("/oper secret").expect_until("operator now.\n");
    op.say("/delete 3");
    op.expect_until("[Server] op deleted message 3 of mo in #den.\n");
    bob.expect_until("[Server] op deleted message 3 of mo in #den.\n");
    server.expect_log("op asks: /delete 3");
}

#[test]
fn a_private_message_is_deleted_for_both() {
    let directory = TempDir::new();
    for server in [
        Server::of(&[Text, Json]),
        keeping(&directory, &[Text, Json], "--durability seen"),
    ] {
        let mut bob = server.join(Text, "bob");
        let mut jim = server.join(Json, "jim");
        jim.send("{\"type\":\"pm\",\"to\":\"bob\",\"message\":\"psst\",\"id\":1}\n");
        let id = loop {
            let event = jim.json();
            if event["type"] == "ok" {
                break event["message_id"].as_u64().expect("an id");
            }
        };
        bob.expect_until("[jim → you] psst\n");
        bob.say(&format!("/delete {id}"));
        bob.expect_until("[Server] That message is not yours to delete.\n");
        let delete = json!({"type": "delete", "message_id": id, "with": "bob", "id": 2});
        jim.send(delete.to_string() + "\n");
        bob.expect_until(format!("[Server] jim deleted message {id} between you.\n"));
        jim.send(delete.to_string() + "\n");
        jim.expect_until("no_such_message");
    }
}

#[test]
fn nothing_of_it_is_on_disk_after_a_kill() {
    const WORD: &str = "xylophonequartz";
    for durability in ["seen", "soon"] {
        let directory = TempDir::new();
        let data = directory.join("data");
        let flags = format!(
            "--data {} --durability {durability} --replay 5",
            data.display()
        );
        let server = Server::with(&[Text, Json], &flags);
        let mut jim = server.join(Json, "jim");
        let long = format!("{WORD} {}", "y".repeat(3000));
        for text in ["first", &long, "last"] {
            let request = json!({"type": "chat", "message": text, "id": text});
            jim.send(request.to_string() + "\n");
            jim.expect_until("\"type\":\"ok\",");
        }
        jim.send("{\"type\":\"delete\",\"message_id\":2,\"id\":\"r\"}\n");
        jim.expect_until("\"id\":\"r\"");
        // What is told next is on disk behind it.
        jim.send("{\"type\":\"chat\",\"message\":\"end\",\"id\":\"e\"}\n");
        jim.expect_until("\"type\":\"ok\",");
        jim.send("{\"type\":\"search\",\"query\":\"xylophonequartz\",\"id\":\"s\"}\n");
        jim.expect_until("\"count\":0");
        kill(server);
        let texts: Vec<String> = printed(&data).into_iter().map(|it| it.text).collect();
        assert_eq!(texts, ["first", "last", "end"]);
        let server = Server::with(&[Text], &flags);
        let mut nc = server.connect(Text);
        nc.expect(PROMPT).send("nc\n");
        nc.expect_until("Earlier:\n");
        nc.expect_like("[<hm>] [jim] first\n[<hm>] [jim] last\n[<hm>] [jim] end\n");
        // The log was emptied into the file at the start.
        let bytes = std::fs::read(data.join("hubbub.db")).expect("the database");
        let found = memchr::memmem::find(&bytes, b"xylophonequartz yyy");
        assert_eq!(found, None, "the text is not in the file");
    }
}

#[test]
fn mail_that_waits_is_told_to_nobody() {
    let directory = TempDir::new();
    let flags = format!("--data {}", directory.join("data").display());
    let server = Server::with(&[Text, Json], &flags);
    let mut ann = server.join(Text, "ann");
    ann.say("/register pw");
    ann.expect_until("you are logged in.\n");
    ann.say("/quit").rest();
    let mut jim = server.join(Json, "jim");
    for text in ["one", "two"] {
        let request = json!({"type": "pm", "to": "ann", "message": text, "id": text});
        jim.send(request.to_string() + "\n");
        jim.expect_until("\"type\":\"ok\",");
    }
    jim.send("{\"type\":\"delete\",\"message_id\":1,\"id\":\"r\"}\n");
    jim.expect_until("\"id\":\"r\"");
    let mut ann = server.connect(Text);
    ann.expect(PROMPT).send("/login ann pw\n");
    ann.expect_until("[jim → you] two\n");
    ann.say("/history @jim ids");
    ann.expect_like("[<hm>] (2) [jim → you] two\n[Server] That is 1 with jim.\n");
}

#[test]
fn programs_delete_over_http_what_they_posted() {
    let directory = TempDir::new();
    let file = directory.join("tokens");
    std::fs::write(&file, "hush newsbot\n").expect("a file");
    let flags = format!("--api-token-file {}", file.display());
    let dialects = [Auto, Text, Json];
    for server in [
        Server::with(&dialects, &flags),
        keeping(&directory, &dialects, &flags),
    ] {
        let mut nc = server.join(Text, "nc");
        let mut jim = server.join(Json, "jim");
        jim.send("{\"type\":\"chat\",\"message\":\"mine\",\"id\":1}\n");
        let mine = loop {
            let event = jim.json();
            if event["type"] == "ok" {
                break event["message_id"].as_u64().expect("an id");
            }
        };
        let path = "/api/v1/rooms/lobby/messages";
        let token = "Authorization: Bearer hush\r\n";
        let ask = |what: &str, headers: &str, body: &str| {
            server.request(&server.doors()[0], what, headers, body)
        };
        let posted = ask(&format!("POST {path}"), token, "{\"message\":\"news\"}");
        let id = posted.json()["id"].as_u64().expect("an id");
        nc.expect_until("[newsbot] news\n");
        let delete = |id: &str, headers: &str| ask(&format!("DELETE {path}/{id}"), headers, "");
        assert_eq!(delete(&id.to_string(), "").status, 401);
        assert_eq!(delete("x", token).status, 400);
        assert_eq!(delete("99999999999999", token).status, 404);
        assert_eq!(delete(&mine.to_string(), token).status, 403, "of another");
        let response = delete(&id.to_string(), token);
        assert_eq!(response.status, 200);
        assert_eq!(
            response.json(),
            json!({"type": "deleted", "id": id, "room": "lobby"})
        );
        nc.expect_until(format!("[Server] newsbot deleted message {id}.\n"));
        assert_eq!(delete(&id.to_string(), token).status, 404);
    }
}
