//! How a file is told in each dialect, and the links that lead to it.

use crate::files::*;
use crate::http_client::*;
use crate::util::*;

/// What stands between two parts of a text.
#[track_caller]
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {text:?}"))
        .1;
    let end = rest
        .find(after)
        .unwrap_or_else(|| panic!("no {after:?} in {text:?}"));
    &rest[..end]
}

/// The path of a link to this server.
#[track_caller]
fn path_of<'l>(shared: &Shared, link: &'l str) -> &'l str {
    let base = format!("http://{}", shared.server.address(Http));
    link.strip_prefix(&base)
        .unwrap_or_else(|| panic!("{link} of {base}"))
}

#[test]
fn every_dialect_has_a_line_and_a_link_of_its_own() {
    let shared = Shared::with(&[Http, Text, Json, Irc, Pynet, Anon, Colon], "");
    let server = &shared.server;
    let mut text = server.join(Text, "tina");
    let mut json = server.join(Json, "jay");
    let mut pynet = server.join(Pynet, "pyne");
    let mut anon = server.join(Anon, "");
    let mut colon = server.join(Colon, "cole");
    let mut irc = server.connect(Irc);
    irc.send("NICK iris\r\nUSER i 0 * :i\r\nJOIN #lobby\r\nPING x\r\n");
    irc.expect_until("PONG");
    irc.expect_until("\n");
    for peer in [&mut text, &mut json, &mut pynet, &mut anon, &mut colon] {
        peer.settle();
    }
    let file = shared.share("sun.png", "image/png", PNG);
    let id = file["id"].as_str().expect("an id");
    let words = format!("sun.png ({} B, image/png)", PNG.len());

    text.expect(format!("[sender] {words}\n"));
    let line = text.line();
    let link = between(&line, "curl -O '", "'");
    let mut paths = vec![path_of(&shared, link).to_owned()];
    assert_eq!(line.trim_end(), format!("curl -O '{link}'"));

    let object = json.json();
    let told = &object["file"];
    assert_eq!(
        (&object["type"], &object["message"]),
        (&"chat".into(), &(*words).into())
    );
    assert_eq!(
        (&told["id"], &told["name"]),
        (&id.into(), &"sun.png".into())
    );
    assert_eq!(
        (&told["size"], &told["mime"]),
        (&PNG.len().into(), &"image/png".into())
    );
    paths.push(told["url"].as_str().expect("a path").into());

    let line = irc.line();
    let start = format!(" PRIVMSG #lobby :{words} ");
    assert!(
        line.starts_with(":sender!") && line.contains(&start),
        "{line}"
    );
    paths.push(
        path_of(
            &shared,
            line.trim_end().split(&start).nth(1).expect("a link"),
        )
        .into(),
    );

    let object = String::from_utf8(pynet.take(1024)).expect("UTF-8");
    paths.push(path_of(&shared, between(&object, &format!("{words} "), "\"")).into());
    let line = anon.line();
    paths.push(path_of(&shared, between(&line, &format!("{words} "), "\n")).into());
    let line = String::from_utf8(colon.expect_until("token=")).expect("UTF-8");
    assert!(line.contains(&words), "{line}");

    // Each has a token of its own, which is good for that file alone.
    let other = shared.share("x", "", b"x");
    let other = other["id"].as_str().expect("an id");
    for (at, path) in paths.iter().enumerate() {
        assert!(
            path.starts_with(&format!("/files/{id}/sun.png?token=")),
            "{path}"
        );
        assert!(!paths[..at].contains(path), "{path}");
        let fetched = server.request(shared.door(), &format!("GET {path}"), "", "");
        assert_eq!((fetched.status, &fetched.body[..]), (200, PNG));
        let elsewhere = path.replace(id, other);
        assert_eq!(server.get(&elsewhere).status, 404, "{elsewhere}");
    }
}

#[test]
fn what_was_shared_before_is_told_with_links() {
    let shared = Shared::with(&[Http, Text, Json, Irc, Colon], "");
    let server = &shared.server;
    shared.share("holiday.txt", "text/plain", b"sun");
    let mut text = server.connect(Text);
    text.send("tina\n").expect(PROMPT);
    let replayed = String::from_utf8(text.sync()).expect("UTF-8");
    assert!(
        replayed.contains("[sender] holiday.txt (3 B, text/plain)\n"),
        "{replayed}"
    );
    let link = between(&replayed, "\ncurl -O '", "'");
    assert_eq!(server.get(path_of(&shared, link)).text(), "sun");
    text.send("/search holiday\n");
    let found = String::from_utf8(text.expect_until("1 found.")).expect("UTF-8");
    assert_eq!(
        server
            .get(path_of(&shared, between(&found, "curl -O '", "'")))
            .text(),
        "sun"
    );
    let mut json = server.join(Json, "jay");
    json.settle();
    for (asked, kind) in [
        (r#"{"type":"history"}"#, "history"),
        (r#"{"type":"search","query":"holiday"}"#, "search"),
    ] {
        json.send(format!("{asked}\n"));
        let object = json.json();
        assert_eq!(
            (&object["type"], &object["kind"]),
            (&kind.into(), &"chat".into())
        );
        assert_eq!(object["message"], "holiday.txt (3 B, text/plain)");
        let path = object["file"]["url"].as_str().expect("a path");
        assert_eq!(server.get(path).text(), "sun");
        json.line();
    }
    let read = shared.fetch("GET /api/v1/rooms/lobby/messages", "").json();
    assert_eq!(read["messages"][0]["file"]["name"], "holiday.txt");
    // Printed beside the server.
    let data = shared.directory.join("data");
    let printed = |more: &[&str]| {
        let mut command = program();
        run(command.arg("history").args(more).arg("--data").arg(&data)).stdout
    };
    assert!(printed(&[]).contains("[sender] holiday.txt (3 B, text/plain)"));
    let line: serde_json::Value = serde_json::from_str(&printed(&["--json"])).expect("JSON");
    assert_eq!(
        (&line["file"]["name"], &line["file"]["size"]),
        (&"holiday.txt".into(), &3.into())
    );
}

#[test]
fn links_name_the_host_that_readers_know() {
    for (flags, base) in [
        (
            "--public-url https://chat.example/hub",
            "https://chat.example/hub/files/",
        ),
        ("--public-host chat.example", "http://chat.example:"),
    ] {
        let shared = Shared::with(&[Http, Text], flags);
        let mut text = shared.server.join(Text, "tina");
        shared.share("x", "", b"x");
        text.expect_until("\n");
        let line = text.line();
        assert!(line.starts_with(&format!("curl -O '{base}")), "{line}");
    }
    // Of a door that stands for every address, the one that the reader came to.
    let directory = TempDir::new();
    let tokens = directory.join("tokens");
    std::fs::write(&tokens, "secret sender\n").expect("a file");
    let server = Server::open(
        &["text://0.0.0.0:0", "http://0.0.0.0:0"],
        &format!(
            "--data {} --files --api-token-file {}",
            directory.join("data").display(),
            tokens.display()
        ),
    );
    let port = |at: usize| {
        server.doors()[at]
            .rsplit_once(':')
            .expect("a port")
            .1
            .to_owned()
    };
    let mut text = Peer::connect(&format!("text://127.0.0.1:{}", port(0)), Text);
    text.send("tina\n").sync();
    let mut http = Peer::connect(&format!("http://127.0.0.1:{}", port(1)), Http);
    let headers = "Authorization: Bearer secret\r\nContent-Length: 1\r\n";
    http.send(request("POST /api/v1/rooms/lobby/files?name=x", headers) + "x");
    assert_eq!(http.response().status, 201);
    text.expect_until("\n");
    let line = text.line();
    let start = format!("curl -O 'http://127.0.0.1:{}/files/", port(1));
    assert!(line.starts_with(&start), "{line}");
}
