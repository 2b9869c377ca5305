//! Files where something is in the way: a full disk, TLS, another program that takes over, and who is slow.

use std::process::Command;

use crate::durability::SmallDisk;
use crate::files::*;
use crate::http_client::*;
use crate::tls::server_with;
use crate::util::*;

/// Begins to send a file in the lobby, and sends some of it.
fn begin(shared: &Shared, len: usize, first: &[u8]) -> Peer {
    let mut peer = Peer::connect(shared.door(), Http);
    let headers = format!("Authorization: Bearer secret\r\nContent-Length: {len}\r\n");
    peer.send(request("POST /api/v1/rooms/lobby/files?name=x", &headers));
    peer.send(first);
    peer
}

/// How much of an upload is here.
#[track_caller]
fn offset(shared: &Shared, url: &str) -> usize {
    let head = shared.ask(&format!("HEAD {url}"), "", b"");
    let offset = head.header("Upload-Offset").expect("a ticket");
    offset.parse().expect("a number")
}

#[track_caller]
fn patch(shared: &Shared, url: &str, from: usize, body: &[u8]) -> u16 {
    let headers = format!(
        "Tus-Resumable: 1.0.0\r\nUpload-Offset: {from}\r\nContent-Type: application/offset+octet-stream\r\n"
    );
    let answer = shared.ask(&format!("PATCH {url}"), &headers, body);
    answer.status
}

#[test]
fn a_full_disk_is_told_and_nothing_is_half_kept() {
    let Some(disk) = SmallDisk::mount(8 * 1024) else {
        return;
    };
    let tokens = TempDir::new();
    std::fs::write(tokens.join("tokens"), "secret sender\nother reader\n").expect("a file");
    let data = disk.join("data");
    let flags = format!(
        "--data {} --files --api-token-file {}",
        data.display(),
        tokens.join("tokens").display()
    );
    let shared = Shared {
        directory: tokens,
        server: Server::with(&[Http, Json], &flags),
    };
    let mut jay = shared.server.join(Json, "jay");
    jay.settle();
    let folder = data.join("files");
    let body = vec![b'x'; 1 << 20];
    // It is full at the beginning, and in the middle of a file.
    for sent in [0, 200_000] {
        let mut peer = begin(&shared, body.len(), &body[..sent]);
        until("that is written", || {
            let parts = std::fs::read_dir(&folder).expect("a folder");
            let len = |entry: std::io::Result<std::fs::DirEntry>| entry.ok()?.metadata().ok();
            let len: u64 = parts.filter_map(len).map(|it| it.len()).sum();
            len >= sent as u64 / 2
        });
        disk.fill();
        peer.send(&body[sent..]);
        let full = peer.response();
        assert_eq!(
            (full.status, &full.json()["message"]),
            (507, &"There is no room for that file.".into())
        );
        assert_eq!(names(&folder), [""; 0]);
        disk.free();
    }
    jay.silent();
    let file = shared.share("x", "", &body);
    assert_eq!(jay.json()["file"]["id"], file["id"]);
    assert_eq!(names(&folder).len(), 1);
}

#[test]
fn files_come_and_go_by_tls() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = server_with(&[Http], &format!("--data {} --files", data.display()));
    let mut tina = server.join(Text, "tina");
    let file = directory.join("long.bin");
    let body: Vec<u8> = (0..3_000_000u32).map(|n| (n * 7 % 251) as u8).collect();
    std::fs::write(&file, &body).expect("a file");
    // The certificate is of no authority that curl knows.
    let pasted = |line: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{} -k -sS", line.trim_end())]);
        run(shell.current_dir(directory.join("")))
    };
    tina.send(format!("/send {}\n", file.display()));
    let line = tina.line();
    assert!(line.contains(" 'https://127.0.0.1:"), "{line}");
    let sent = pasted(&line);
    assert!(sent.stdout.contains("\"message_id\""), "{sent:?}");
    std::fs::remove_file(&file).expect("it was there");
    tina.expect("[tina] long.bin (2.8 MiB, application/octet-stream)\n");
    let line = tina.line();
    assert!(line.starts_with("curl -O 'https://127.0.0.1:"), "{line}");
    let fetched = pasted(&line);
    assert!(fetched.status.success(), "{fetched:?}");
    assert!(std::fs::read(&file).expect("a file") == body);
}

#[test]
fn a_transfer_ends_at_a_take_over_and_goes_on_behind_it() {
    let run_dir = TempDir::new();
    let flags = format!("--run-dir {}", run_dir.join("").display());
    let mut shared = Shared::with(&[Http, Json], &flags);
    let mut jay = shared.server.join(Json, "jay");
    jay.settle();
    let body: Vec<u8> = (0..16_000_000u32).map(|n| (n * 7 % 251) as u8).collect();
    let file = shared.share("long.bin", "", &body);
    let told = jay.json();
    assert_eq!(told["file"]["id"], file["id"]);
    let path = told["file"]["url"].as_str().expect("a path").to_owned();
    // One is sent a part of a file, another sends a part of one.
    let mut reader = Peer::connect(shared.door(), Http);
    reader.send(request(&format!("GET {path}"), ""));
    let begun = reader.take(100_000);
    let head = begun
        .windows(4)
        .position(|it| it == b"\r\n\r\n")
        .expect("a head")
        + 4;
    let url = shared.ticket(&mut jay, ",\"room\":\"lobby\",\"size\":300000");
    let mut sender = Peer::connect(shared.door(), Http);
    sender.send(request(&format!("PUT {url}"), "Content-Length: 300000\r\n"));
    sender.send(&body[..100_000]);
    until("some of it is here", || offset(&shared, &url) == 100_000);
    let new = Shared::serve(
        &shared.directory,
        &[Http, Json],
        &format!("{flags} --take-over"),
    );
    let old = std::mem::replace(&mut shared.server, new);
    let exited = old.wait();
    assert!(exited.stderr.contains("taken over: "), "{exited:?}");
    drop((reader.rest(), sender.rest()));
    // The link still holds, and a range goes on; the ticket holds, too, and the file begins again.
    let from = begun.len() - head;
    let range = format!("Range: bytes={from}-\r\n");
    let rest = shared
        .server
        .request(shared.door(), &format!("GET {path}"), &range, "");
    assert_eq!((rest.status, rest.body.len()), (206, body.len() - from));
    assert!([&begun[head..], &rest.body].concat() == body);
    assert_eq!(offset(&shared, &url), 0);
    assert_eq!(patch(&shared, &url, 0, &body[..100]), 204);
    assert_eq!(patch(&shared, &url, 100, &body[100..300_000]), 201);
    assert_eq!(jay.json()["file"]["size"], 300_000);
    assert_eq!(names(&shared.folder()).len(), 2);
}

#[test]
fn who_sends_slowly_is_cut_off_and_can_go_on() {
    let shared = Shared::with(&[Http, Json], "--handshake-timeout 1s --limit-loopback");
    let mut jay = shared.server.join(Json, "jay");
    jay.settle();
    let url = shared.ticket(&mut jay, ",\"room\":\"lobby\",\"size\":1000");
    let began = std::time::Instant::now();
    let mut slow = Peer::connect(shared.door(), Http);
    slow.send(request(&format!("PUT {url}"), "Content-Length: 1000\r\n"));
    slow.send([b'x'; 10]);
    // So many may send at once from one address.
    let mut others: Vec<Peer> = (0..3).map(|_| begin(&shared, 100, b"x")).collect();
    until("they have begun", || names(&shared.folder()).len() == 4);
    let mut one_more = begin(&shared, 100, b"x");
    assert_eq!(one_more.response().status, 503);
    drop(slow.rest());
    for other in &mut others {
        drop(other.rest());
    }
    let took = began.elapsed();
    assert!(took.as_millis() > 900, "{took:?}");
    until("nothing is left of the others", || {
        names(&shared.folder()).len() == 1
    });
    assert_eq!(offset(&shared, &url), 10);
    assert_eq!(patch(&shared, &url, 10, &[b'x'; 990]), 201);
    assert_eq!(jay.json()["file"]["size"], 1000);
}
