//! Files that are sent by ticket, listed and taken back; quotas, expiry, and disks that are full.

use std::process::Command;

use crate::browser::{PATIENT, User, nc};
use crate::cdp::Browser;
use crate::files::*;
use crate::http_client::*;
use crate::util::*;

impl Shared {
    /// A request without a token: what it asks for says who may.
    pub(crate) fn ask(&self, what: &str, headers: &str, body: &[u8]) -> Response {
        let mut peer = Peer::connect(self.door(), Http);
        let length = match what.starts_with("HEAD ") {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        peer.send(
            [
                request(what, &format!("{length}{headers}")).as_bytes(),
                body,
            ]
            .concat(),
        );
        peer.response_to(what)
    }

    /// A ticket of somebody who speaks json.
    #[track_caller]
    pub(crate) fn ticket(&self, peer: &mut Peer, fields: &str) -> String {
        peer.send(format!(
            "{{\"type\":\"upload\",\"name\":\"sun.txt\"{fields}}}\n"
        ));
        let told = peer.json();
        assert_eq!(told["type"], "upload", "{told}");
        told["url"].as_str().expect("a path").to_owned()
    }
}

#[test]
fn a_line_of_curl_sends_a_file_once() {
    let shared = Shared::with(&[Http, Text], "");
    let mut tina = shared.server.join(Text, "tina");
    let mut bob = shared.server.join(Text, "bob");
    tina.settle();
    let file = shared.directory.join("it's a sun.txt");
    std::fs::write(&file, "shine").expect("a file");
    tina.send(format!("/send {}\n", file.display()));
    let line = tina.line();
    assert!(
        line.starts_with("curl -T '/") && line.contains("/api/v1/rooms/lobby/files/"),
        "{line}"
    );
    let sent = |line: &str| {
        let output = Command::new("sh")
            .args(["-c", &format!("{line} -s")])
            .output();
        String::from_utf8(output.expect("it runs").stdout).expect("UTF-8")
    };
    assert!(sent(line.trim_end()).contains("\"message_id\""));
    for peer in [&mut tina, &mut bob] {
        peer.expect("[tina] it's a sun.txt (5 B, application/octet-stream)\n");
        let line = peer.line();
        let output = Command::new("sh")
            .current_dir(shared.directory.join(""))
            .args(["-c", &format!("{} -s", line.trim_end())])
            .status();
        assert!(output.expect("it runs").success(), "{line}");
        let saved = std::fs::read(shared.directory.join("it_s_a_sun.txt"));
        assert_eq!(saved.expect("a file"), b"shine");
    }
    assert!(sent(line.trim_end()).contains("\"error\""));
    assert_eq!(names(&shared.folder()).len(), 1);
    // It is listed with its number, by which it is taken back.
    bob.send("/files\n");
    let listed = String::from_utf8(bob.expect_until("of #lobby.\n")).expect("UTF-8");
    let number = listed
        .split(['(', ')'])
        .nth(1)
        .expect("a number")
        .to_owned();
    assert!(
        listed.contains(") [tina] it's a sun.txt (5 B, "),
        "{listed}"
    );
    // Without a number nothing is deleted, least of all what one said last.
    bob.send("/unsend\n")
        .expect_until("Usage: /unsend ID [REASON]\n");
    bob.send(format!("/unsend {number}\n"));
    bob.expect("[Server] That message is not yours to delete.\n");
    tina.send(format!("/unsend {number}\n"));
    until("it is gone", || names(&shared.folder()).is_empty());
    bob.settle();
    bob.send("/files\n")
        .expect("[Server] No files were shared in #lobby.\n");
}

#[test]
fn an_upload_goes_on_where_it_stopped() {
    let shared = Shared::with(&[Http, Json], "");
    let mut jay = shared.server.join(Json, "jay");
    jay.settle();
    let body: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
    let fields = ",\"room\":\"lobby\",\"size\":300000,\"mime\":\"text/plain\"";
    let url = shared.ticket(&mut jay, fields);
    let offset = || {
        let head = shared.ask(&format!("HEAD {url}"), "", b"");
        assert_eq!(head.header("Tus-Resumable"), Some("1.0.0"));
        assert_eq!(head.header("Upload-Length"), Some("300000"));
        head.header("Upload-Offset")
            .expect("one")
            .parse::<usize>()
            .expect("a number")
    };
    assert_eq!(offset(), 0);
    // It breaks off.
    let mut peer = Peer::connect(shared.door(), Http);
    peer.send(request(&format!("PUT {url}"), "Content-Length: 300000\r\n"));
    peer.send(&body[..100_000]);
    until("some of it is here", || offset() == 100_000);
    drop(peer);
    let patch = |from: usize, body: &[u8]| {
        let headers = format!(
            "Tus-Resumable: 1.0.0\r\nUpload-Offset: {from}\r\nContent-Type: application/offset+octet-stream\r\n"
        );
        shared.ask(&format!("PATCH {url}"), &headers, body)
    };
    until("nobody sends it any more", || {
        patch(100_000, &body[100_000..100_001]).status == 204
    });
    let wrong = patch(7, b"x");
    assert_eq!(
        (wrong.status, wrong.header("Upload-Offset")),
        (409, Some("100001"))
    );
    assert_eq!(patch(100_001, &body[..200_000]).status, 400);
    let part = patch(100_001, &body[100_001..200_000]);
    assert_eq!(
        (part.status, part.header("Upload-Offset")),
        (204, Some("200000"))
    );
    let range = "Content-Range: bytes 200000-299999/300000\r\n";
    let done = shared.ask(&format!("PUT {url}"), range, &body[200_000..]);
    assert_eq!(done.status, 201, "{}", done.text());
    let told = jay.json();
    assert_eq!(
        (&told["username"], &told["file"]["size"]),
        (&"jay".into(), &300_000.into())
    );
    let path = told["file"]["url"].as_str().expect("a path").to_owned();
    assert!(shared.server.get(&path).body == body);
    assert_eq!(shared.ask(&format!("HEAD {url}"), "", b"").status, 404);
    // Whoever is not there any more shares nothing.
    let url = shared.ticket(&mut jay, "");
    jay.send("{\"type\":\"quit\"}\n").expect_eof();
    let gone = shared.ask(&format!("PUT {url}"), "", b"x");
    assert!(matches!(gone.status, 400 | 403 | 404), "{gone:?}");
    assert_eq!(names(&shared.folder()).len(), 1);
}

#[test]
fn what_there_is_for_files_is_bounded() {
    let shared = Shared::with(
        &[Http, Json],
        "--files-per-account 4KiB --files-per-room 6KiB --files-total 7KiB",
    );
    let mut jay = shared.server.join(Json, "jay");
    jay.settle();
    let put = |peer: &mut Peer, len: usize| {
        let url = shared.ticket(peer, "");
        let response = shared.ask(&format!("PUT {url}"), "", &vec![b'x'; len]);
        peer.settle();
        response
    };
    assert_eq!(put(&mut jay, 4096).status, 201);
    let full = put(&mut jay, 1);
    assert_eq!(
        (full.status, &full.json()["message"]),
        (507, &"There is no room for that file.".into())
    );
    let mut bob = shared.server.join(Json, "bob");
    bob.settle();
    assert_eq!(put(&mut bob, 2049).status, 507);
    assert_eq!(put(&mut bob, 2048).status, 201);
    bob.send("{\"type\":\"join_room\",\"room\":\"tea\"}\n")
        .settle();
    let url = shared.ticket(&mut bob, ",\"room\":\"tea\"");
    assert_eq!(
        shared.ask(&format!("PUT {url}"), "", &[b'x'; 1025]).status,
        507
    );
    assert_eq!(names(&shared.folder()).len(), 2);
    // What is deleted makes room.
    jay.settle();
    jay.send("{\"type\":\"delete\",\"room\":\"lobby\"}\n")
        .settle();
    until("there is room", || names(&shared.folder()).len() == 1);
    until("and it is counted", || put(&mut jay, 4096).status == 201);
}

#[test]
fn files_expire_with_their_messages() {
    let shared = Shared::with(&[Http], "--file-expiry 2s");
    let file = shared.share("x", "", b"hello");
    let path = format!("GET {}", file["url"].as_str().expect("a path"));
    assert_eq!(shared.fetch(&path, "").status, 200);
    until("it is not handed out any more", || {
        shared.fetch(&path, "").status == 404
    });
    until("it is gone", || names(&shared.folder()).is_empty());
    until("its message, too", || {
        let read = shared.fetch("GET /api/v1/rooms/lobby/messages", "").json();
        read["messages"].as_array().expect("a list").is_empty()
    });
}

#[test]
fn killed_at_any_moment_it_leaves_no_orphan() {
    let directory = TempDir::new();
    let mut server = Shared::serve(&directory, &[Http], "");
    for round in 0..12u64 {
        let door = server.door(Http).to_owned();
        let mut peers: Vec<Peer> = (0..4).map(|_| Peer::connect(&door, Http)).collect();
        for (at, peer) in peers.iter_mut().enumerate() {
            let body = vec![b'x'; 60_000 * (at + 1)];
            let head = format!(
                "Authorization: Bearer secret\r\nContent-Length: {}\r\n",
                body.len()
            );
            peer.send(request("POST /api/v1/rooms/lobby/files?name=x", &head));
            peer.send(&body);
        }
        std::thread::sleep(std::time::Duration::from_millis(round * 3));
        drop(server);
        server = Shared::serve(&directory, &[Http], "");
        let shared = Shared {
            directory: TempDir::new(),
            server,
        };
        let folder = directory.join("data").join("files");
        let read = || {
            shared
                .fetch("GET /api/v1/rooms/lobby/messages?limit=100", "")
                .json()
        };
        let messages = read()["messages"].as_array().expect("a list").clone();
        let mut told: Vec<String> = messages
            .iter()
            .map(|message| message["file"]["id"].as_str().expect("an id").to_owned())
            .collect();
        told.sort();
        until("files and messages agree", || {
            let mut kept = names(&folder);
            kept.sort();
            kept == told
        });
        for message in &messages {
            let url = message["file"]["url"].as_str().expect("a path");
            let whole = shared.fetch(&format!("GET {url}"), "");
            assert_eq!(
                whole.body.len() as u64,
                message["file"]["size"].as_u64().expect("a number")
            );
        }
        server = shared.server;
    }
}

#[test]
fn a_file_is_answered_and_reacted_to_and_never_edited() {
    let shared = Shared::with(&[Http, Json], "");
    let mut jay = shared.server.join(Json, "jay");
    jay.settle();
    let url = shared.ticket(&mut jay, ",\"room\":\"lobby\"");
    let sent = shared.ask(
        &format!("PUT {url}"),
        "Content-Type: text/plain\r\n",
        b"sun",
    );
    let id = sent.json()["message_id"].as_u64().expect("a number");
    assert_eq!(jay.json()["file"]["name"], "sun.txt");
    jay.send(format!(
        "{{\"type\":\"edit\",\"message_id\":{id},\"message\":\"moon\"}}\n"
    ));
    assert_eq!(jay.json()["code"], "file_uneditable");
    jay.send(format!(
        "{{\"type\":\"react\",\"message_id\":{id},\"reaction\":\"+1\"}}\n"
    ));
    assert_eq!(jay.json()["reaction"], "+1");
    jay.send(format!(
        "{{\"type\":\"chat\",\"reply_to\":{id},\"message\":\"mine\"}}\n"
    ));
    assert_eq!(jay.json()["reply_to"], id);
    jay.send("{\"type\":\"files\",\"room\":\"lobby\"}\n");
    let told = jay.json();
    assert_eq!(told["reactions"]["+1"][0], "jay", "{told}");
    assert_eq!(told["file"]["name"], "sun.txt");
    jay.settle();
    jay.send(format!("{{\"type\":\"delete\",\"message_id\":{id}}}\n"));
    until("it is gone", || names(&shared.folder()).is_empty());
}

#[test]
fn a_picture_that_is_dropped_on_the_page_is_seen_in_another() {
    let Some(browser) = Browser::start("files in the page") else {
        return;
    };
    let shared = Shared::with(&[Auto], PATIENT);
    let mut nc = nc(&shared.server, "nancy");
    let britta = User::join(&browser, &shared.server, "Britta");
    let olga = User::join(&browser, &shared.server, "Olga");
    nc.sync();
    britta.page.evaluate(
        "(async () => {
            const canvas = document.createElement('canvas');
            canvas.width = canvas.height = 8;
            const png = await new Promise(done => canvas.toBlob(done, 'image/png'));
            const data = new DataTransfer();
            data.items.add(new File([png], 'sun.png', { type: 'image/png' }));
            document.querySelector('#main').dispatchEvent(
                new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
        })()",
    );
    for user in [&britta, &olga] {
        user.page
            .wait_until("document.querySelector('#log img[alt=\"sun.png\"]')?.naturalWidth === 8");
    }
    nc.expect_until("[Britta] sun.png (");
    nc.expect_until("\ncurl -O 'http://");
}
