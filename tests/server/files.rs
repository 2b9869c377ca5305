//! Files over HTTP: sent, kept, asked for and deleted.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::http_client::*;
use crate::util::*;

/// A server that shares files, where `secret` may post.
pub(crate) struct Shared {
    pub(crate) directory: TempDir,
    pub(crate) server: Server,
}

pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and a picture";

impl Shared {
    pub(crate) fn with(dialects: &[Dialect], flags: &str) -> Shared {
        let directory = TempDir::new();
        let server = Shared::serve(&directory, dialects, flags);
        Shared { directory, server }
    }

    pub(crate) fn serve(directory: &TempDir, dialects: &[Dialect], flags: &str) -> Server {
        let tokens = directory.join("tokens");
        std::fs::write(&tokens, "secret sender\nother reader\n").expect("a file");
        let flags = format!(
            "--data {} --files --api-token-file {} {flags}",
            directory.join("data").display(),
            tokens.display()
        );
        Server::with(dialects, &flags)
    }

    pub(crate) fn door(&self) -> &str {
        self.server.door(Http)
    }

    pub(crate) fn send(&self, what: &str, headers: &str, body: &[u8]) -> Response {
        let mut peer = Peer::connect(self.door(), Http);
        let headers = format!("Authorization: Bearer secret\r\n{headers}");
        let length = format!("Content-Length: {}\r\n{headers}", body.len());
        peer.send([request(what, &length).as_bytes(), body].concat());
        peer.response()
    }

    /// Shares a file in the lobby.
    #[track_caller]
    pub(crate) fn share(&self, name: &str, mime: &str, body: &[u8]) -> Value {
        let what = format!("POST /api/v1/rooms/lobby/files?name={name}");
        let response = self.send(&what, &format!("Content-Type: {mime}\r\n"), body);
        assert_eq!(response.status, 201, "{}", response.text());
        response.json()
    }

    /// Asks for something with a bearer token.
    pub(crate) fn fetch(&self, what: &str, headers: &str) -> Response {
        let headers = format!("Authorization: Bearer other\r\n{headers}");
        self.server.request(self.door(), what, &headers, "")
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.directory.join("data").join("files")
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("a file").file_name());
    names
        .map(|name| name.into_string().expect("ASCII"))
        .collect()
}

#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + DEADLINE;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "{what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_file_is_sent_and_fetched() {
    let shared = Shared::with(&[Http, Json], "");
    let long: Vec<u8> = (0..5_000_000u32).map(|n| (n * 7 % 251) as u8).collect();
    for body in [&b""[..], b"hello", &long] {
        let file = shared.share("a%20b.txt", "text/plain", body);
        assert_eq!(
            (&file["name"], &file["size"]),
            (&"a b.txt".into(), &body.len().into())
        );
        let url = file["url"].as_str().expect("a path");
        assert_eq!(
            url,
            format!("/files/{}/a_b.txt", file["id"].as_str().expect("an id"))
        );
        let fetched = shared.fetch(&format!("GET {url}"), "");
        assert_eq!((fetched.status, &fetched.body[..] == body), (200, true));
        for (name, value) in [
            ("Content-Type", "text/plain"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "sandbox; default-src 'none'"),
            ("Cache-Control", "private"),
            ("Accept-Ranges", "bytes"),
            (
                "Content-Disposition",
                "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%20b.txt",
            ),
        ] {
            assert_eq!(fetched.header(name), Some(value));
        }
        let head = shared.fetch(&format!("HEAD {url}"), "");
        let length = body.len().to_string();
        assert_eq!(head.header("Content-Length"), Some(&*length));
        let etag = fetched.header("ETag").expect("a tag").to_owned();
        let known = shared.fetch(&format!("GET {url}"), &format!("If-None-Match: {etag}\r\n"));
        assert_eq!((known.status, known.body.len()), (304, 0));
    }
    assert_eq!(names(&shared.folder()).len(), 3);
}

#[test]
fn a_body_in_chunks_is_a_file() {
    let shared = Shared::with(&[Http], "--max-file 64KiB");
    let chunk = vec![b'x'; 10_000];
    let send = |count: usize, step: usize| {
        let mut peer = Peer::connect(shared.door(), Http);
        let head = "Authorization: Bearer secret\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n";
        peer.send(request("POST /api/v1/rooms/lobby/files?name=x", head));
        assert_eq!(peer.response_to("HEAD ").status, 100);
        let mut body = Vec::new();
        for _ in 0..count {
            body.extend_from_slice(b"2710;a=b\r\n");
            body.extend_from_slice(&chunk);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\nSum: 1\r\n\r\n");
        for piece in body.chunks(step) {
            peer.send(piece);
        }
        peer.response()
    };
    for step in [999, 1 << 20] {
        let response = send(6, step);
        assert_eq!(
            (response.status, &response.json()["size"]),
            (201, &60_000.into())
        );
        assert_eq!(send(7, step).status, 413);
    }
    assert_eq!(names(&shared.folder()).len(), 2);
}

#[test]
fn parts_of_a_file_are_fetched() {
    let shared = Shared::with(&[Http], "");
    let file = shared.share("digits", "", b"0123456789");
    let url = format!("GET {}", file["url"].as_str().expect("a path"));
    let etag = format!("\"{}\"", file["id"].as_str().expect("an id"));
    for (range, status, body, content_range) in [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-2", 206, "89", "bytes 8-9/10"),
        ("bytes=0-99", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=1-2,4-5", 200, "0123456789", ""),
        ("pages=1-2", 200, "0123456789", ""),
    ] {
        let part = shared.fetch(&url, &format!("Range: {range}\r\n"));
        assert_eq!((part.status, part.text()), (status, body), "{range}");
        assert_eq!(
            part.header("Content-Range").unwrap_or_default(),
            content_range
        );
    }
    let part = |tag: &str| {
        let part = shared.fetch(&url, &format!("Range: bytes=0-0\r\nIf-Range: {tag}\r\n"));
        part.status
    };
    assert_eq!(
        (part(&etag), part("\"other\""), part("W/\"other\"")),
        (206, 200, 200)
    );
    // Several on one connection, one after the other.
    let mut peer = Peer::connect(shared.door(), Http);
    let headers = "Authorization: Bearer other\r\n";
    peer.send(request(&url, headers).repeat(5));
    for _ in 0..5 {
        assert_eq!(peer.response().text(), "0123456789");
    }
}

#[test]
fn a_file_is_what_it_begins_like() {
    let shared = Shared::with(&[Http], "");
    for (claimed, body, mime, kind) in [
        ("image/png", PNG, "image/png", "inline"),
        ("text/plain", PNG, "image/png", "inline"),
        ("image/gif", b"GIF89a...", "image/gif", "inline"),
        (
            "image/png",
            b"<html><script>alert(1)</script>",
            "application/octet-stream",
            "attachment",
        ),
        (
            "image/svg+xml",
            b"<svg onload='x'/>",
            "application/octet-stream",
            "attachment",
        ),
        (
            "text/html",
            b"<html>",
            "application/octet-stream",
            "attachment",
        ),
        (
            "text/html;charset=utf-8",
            b"<html>",
            "application/octet-stream",
            "attachment",
        ),
        ("application/pdf", b"%PDF", "application/pdf", "attachment"),
    ] {
        let file = shared.share("x", claimed, body);
        assert_eq!(file["mime"], mime, "{claimed}");
        let fetched = shared.fetch(
            &format!("GET {}", file["url"].as_str().expect("a path")),
            "",
        );
        assert_eq!(fetched.header("Content-Type"), Some(mime));
        let disposition = fetched.header("Content-Disposition").expect("one");
        assert!(disposition.starts_with(kind), "{disposition}");
    }
}

#[test]
fn names_are_no_paths() {
    let shared = Shared::with(&[Http], "");
    let long = "x".repeat(2_000);
    for (told, name) in [
        ("..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("../../x", "x"),
        ("%2e%2e", "file"),
        ("a%00b%E2%80%AEgnp.exe", "abgnp.exe"),
        ("..%5C..%5Cwin.ini", "win.ini"),
        (".bashrc", "bashrc"),
        ("%0d%0aSet-Cookie:%20a", "Set-Cookie: a"),
        ("%ff", "file"),
        ("", "file"),
        (&long, &long[..100]),
    ] {
        assert_eq!(shared.share(told, "", b"x")["name"], name, "{told}");
    }
    for name in names(&shared.folder()) {
        assert!(
            name.len() == 32 && name.bytes().all(|it| it.is_ascii_hexdigit()),
            "{name}"
        );
    }
}

#[test]
fn who_may_not_share_or_fetch_is_told_no_more() {
    let shared = Shared::with(&[Http, Text], "--max-file 4KiB");
    let file = shared.share("x", "", b"hello");
    let path = file["url"].as_str().expect("a path").to_owned();
    let get = |path: &str, headers: &str| {
        let what = format!("GET {path}");
        shared
            .server
            .request(shared.door(), &what, headers, "")
            .status
    };
    assert_eq!(get(&path, "Authorization: Bearer other\r\n"), 200);
    assert_eq!(get(&path, ""), 404);
    assert_eq!(get(&format!("{path}?token=0"), ""), 404);
    assert_eq!(get(&format!("{path}?token={}", "0".repeat(40)), ""), 404);
    let wrong = get(&path, "Authorization: Bearer wrong\r\n");
    assert!(matches!(wrong, 401 | 404), "{wrong}");
    for path in [
        "/files/",
        "/files/x",
        "/files/x/y",
        "/files/../hubbub.db",
        "/files/%2e%2e/hubbub.db",
        "/files/00000000000000000000000000000000/x",
    ] {
        assert_eq!(get(path, "Authorization: Bearer other\r\n"), 404, "{path}");
    }
    let post = |what: &str, headers: &str, body: &[u8]| {
        let mut peer = Peer::connect(shared.door(), Http);
        let length = format!("Content-Length: {}\r\n{headers}", body.len());
        peer.send([request(what, &length).as_bytes(), body].concat());
        peer.response().status
    };
    let lobby = "POST /api/v1/rooms/lobby/files?name=x";
    let good = "Authorization: Bearer secret\r\n";
    assert_eq!(post(lobby, "", b"x"), 401);
    assert_eq!(post(lobby, "Authorization: Bearer wrong\r\n", b"x"), 401);
    assert_eq!(
        post("POST /api/v1/rooms/nowhere/files?name=x", good, b"x"),
        404
    );
    assert_eq!(post("POST /api/v1/rooms/%ff/files?name=x", good, b"x"), 400);
    assert_eq!(post(lobby, good, &[b'x'; 4097]), 413);
    assert_eq!(
        post("PUT /api/v1/rooms/lobby/files?name=x", good, b"x"),
        405
    );
    assert_eq!(names(&shared.folder()).len(), 1);
    // Less than was announced comes to nothing.
    let mut peer = Peer::connect(shared.door(), Http);
    peer.send(request(lobby, &format!("Content-Length: 9\r\n{good}")) + "short");
    peer.shutdown_write();
    assert_eq!(peer.response().status, 400);
    until("nothing is left of it", || {
        names(&shared.folder()).len() == 1
    });
    let exited = run(program().args(["--files", "--listen", "text://127.0.0.1:0"]));
    assert_eq!(exited.status.code(), Some(2));
    let mut command = program();
    command.args(["--files", "--listen", "text://127.0.0.1:0", "--data"]);
    let exited = run(command.arg(shared.directory.join("elsewhere")));
    assert!(exited.stderr.contains("--files needs a door"), "{exited:?}");
    // Without the option there are none.
    let plain = Server::with(&[Http], "");
    assert_eq!(plain.get(&path).status, 404);
}

#[test]
fn a_file_goes_with_its_message() {
    let shared = Shared::with(&[Http, Json], "");
    let mut bob = shared.server.join(Json, "bob");
    bob.sync();
    let file = shared.share("x", "", b"hello");
    let told = bob.json();
    assert_eq!(told["file"]["id"], file["id"]);
    let message = file["message_id"].as_u64().expect("a number");
    let path = format!("/api/v1/rooms/lobby/messages/{message}");
    let deleted = shared.fetch(&format!("DELETE {path}"), "");
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    let fetch = format!("GET {}", file["url"].as_str().expect("a path"));
    until("the file is gone", || names(&shared.folder()).is_empty());
    assert_eq!(shared.fetch(&fetch, "").status, 404);
}

#[test]
fn a_restart_keeps_files_and_removes_what_is_in_no_message() {
    let shared = Shared::with(&[Http], "");
    let file = shared.share("x", "", b"hello");
    let Shared { directory, server } = shared;
    let folder = directory.join("data").join("files");
    server.signal("TERM");
    server.wait();
    std::fs::write(folder.join("part-7"), "x").expect("a file");
    std::fs::write(folder.join("0123456789abcdef0123456789abcdef"), "x").expect("a file");
    std::fs::write(folder.join("README"), "not ours").expect("a file");
    let server = Shared::serve(&directory, &[Http], "");
    let shared = Shared { directory, server };
    let fetch = format!("GET {}", file["url"].as_str().expect("a path"));
    assert_eq!(shared.fetch(&fetch, "").text(), "hello");
    let id = file["id"].as_str().expect("an id").to_owned();
    until("orphans are gone", || {
        let mut left = names(&folder);
        left.sort();
        left == [id.clone(), "README".into()] || left == ["README".into(), id.clone()]
    });
    // A backup has them, too.
    let copy = shared.directory.join("copy.db");
    let mut command = program();
    command
        .args(["backup", "--data"])
        .arg(shared.directory.join("data"));
    assert_eq!(run(command.arg(&copy)).status.code(), Some(0));
    let copied = shared.directory.join("copy.db-files").join(&id);
    assert_eq!(std::fs::read(copied).expect("a file"), b"hello");
}
