//! A directory of history, the servers that use it one after another, and how it is read.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::checker::{Entry, Promise};
use super::faults::FaultyDisk;
use crate::util::*;

/// The rooms in which is spoken.
pub(crate) const ROOMS: [&str; 2] = ["lobby", "den"];

/// Where history is, and how it is to be kept there.
pub(crate) struct House {
    pub(crate) data: PathBuf,
    pub(crate) promise: Promise,
    pub(crate) disk: FaultyDisk,
    /// Is what is written recorded?
    pub(crate) is_recorded: bool,
    pub(crate) flags: String,
    _scratch: TempDir,
}

impl House {
    pub(crate) fn new(promise: Promise) -> House {
        let scratch = TempDir::new();
        let data = scratch.join("data");
        House::at(data, scratch, promise)
    }

    /// With its data somewhere else.
    pub(crate) fn at(data: PathBuf, scratch: TempDir, promise: Promise) -> House {
        let disk = FaultyDisk::new(&data, &scratch);
        let (is_recorded, flags) = (false, String::new());
        House {
            data,
            promise,
            disk,
            is_recorded,
            flags,
            _scratch: scratch,
        }
    }

    /// A server on it, whose disk fails as is said.
    pub(crate) fn open(&self) -> Server {
        let mut command = self.command();
        self.disk.put_under(&mut command, self.is_recorded);
        Server::spawn(command, 3)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = program();
        command
            .args([
                "--listen",
                "json://127.0.0.1:0",
                "--listen",
                "text://127.0.0.1:0",
            ])
            .args(["--http-status", "127.0.0.1:0", "--data"])
            .arg(&self.data)
            .args(self.promise.flag().split(' '))
            .args(self.flags.split_whitespace());
        command
    }
}

/// Ends a server at once, wherever it is.
pub(crate) fn kill(server: Server) -> Exited {
    let pid = Pid::from_raw(server.pid() as i32).expect("it runs");
    kill_process(pid, Signal::KILL).expect("a child of ours");
    server.wait()
}

/// All that is kept of the rooms, asked for page by page.
pub(crate) fn read_all(server: &Server) -> Vec<Entry> {
    let mut reader = server.join(Json, "reader");
    let mut entries = Vec::new();
    for room in ROOMS {
        reader
            .send(json!({"type": "join_room", "room": room}).to_string() + "\n")
            .sync();
        let mut after = 0;
        loop {
            let (page, end) = page(
                &mut reader,
                json!({"room": room, "after": after, "limit": 100}),
            );
            after = page.last().map_or(after, |entry| entry.id);
            assert!(page.iter().all(|entry| entry.room == room), "{page:?}");
            entries.extend(page);
            if end["more"] == false {
                break;
            }
        }
    }
    reader.send("{\"type\":\"quit\"}\n").rest();
    entries.sort_by_key(|entry| entry.id);
    entries
}

/// The answer to one `history` request with these fields, and what it ended with.
#[track_caller]
pub(crate) fn page(peer: &mut Peer, mut request: Value) -> (Vec<Entry>, Value) {
    request["type"] = "history".into();
    request["id"] = "page".into();
    peer.send(request.to_string() + "\n");
    let mut entries = Vec::new();
    loop {
        let event = peer.json();
        match event["type"].as_str().unwrap_or_default() {
            "history" => entries.push(entry(&event)),
            "history_end" => {
                assert_eq!(event["id"], "page", "{event}");
                // What is replayed on entering may come before it.
                let count = event["count"].as_u64().expect("a number") as usize;
                assert!(count <= entries.len(), "{event}");
                return (entries.split_off(entries.len() - count), event);
            }
            "error" => panic!("{event}"),
            _ => {}
        }
    }
}

/// A message as JSON has it.
#[track_caller]
pub(crate) fn entry(event: &Value) -> Entry {
    let text = |field: &str| match event[field].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("no {field}: {event}"),
    };
    Entry {
        id: event["id"]
            .as_u64()
            .unwrap_or_else(|| panic!("no id: {event}")),
        room: text("room"),
        user: text("username"),
        text: text("message"),
    }
}

/// What `hubbub history --json` prints of a directory, in the order of the ids.
pub(crate) fn printed(data: &Path) -> Vec<Entry> {
    let printed = run(program().args(["history", "--json", "--data"]).arg(data));
    assert!(printed.status.success(), "{printed:?}");
    let lines = printed.stdout.lines();
    let mut entries: Vec<Entry> = lines
        .map(|line| entry(&serde_json::from_str(line).expect(line)))
        .collect();
    entries.sort_by_key(|entry| entry.id);
    entries
}
