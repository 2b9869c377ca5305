//! What is on disk, beside a server and after it.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{ask, keeping, say, texts};
use crate::durability::{kill, printed};
use crate::util::*;

#[test]
fn it_is_printed_beside_a_running_server() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = keeping(&data, &[Json], "");
    let mut ann = server.join(Json, "ann");
    ann.send("{\"type\":\"join_room\",\"room\":\"den\"}\n");
    let ids: Vec<u64> = ["lobby", "den", "lobby"]
        .into_iter()
        .map(|room| say(&mut ann, room, &format!("in the {room}")))
        .collect();
    let entries = printed(&data);
    assert_eq!(
        entries.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        ids
    );
    let mut command = program();
    command
        .args(["history", "--room", "den", "--data"])
        .arg(&data);
    let plain = run(&mut command);
    assert!(plain.status.success(), "{plain:?}");
    assert!(
        plain.stdout.contains("in the den") && !plain.stdout.contains("in the lobby"),
        "{plain:?}"
    );
    assert_eq!(plain.stdout.lines().count(), 1);
    let later = say(&mut ann, "lobby", "it goes on");
    assert_eq!(printed(&data).last().map(|entry| entry.id), Some(later));
}

#[test]
fn a_directory_is_for_one_server() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = keeping(&data, &[Json], "");
    let mut ann = server.join(Json, "ann");
    say(&mut ann, "lobby", "mine");
    let mut command = program();
    command
        .args(["--listen", "json://127.0.0.1:0", "--data"])
        .arg(&data);
    let second = run(&mut command);
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    assert_eq!(second.stderr.lines().count(), 1, "{second:?}");
    say(&mut ann, "lobby", "still mine");
    kill(server);
    assert_eq!(texts(&printed(&data)), ["mine", "still mine"]);
    drop(keeping(&data, &[Json], ""));
}

/// Changes a database from outside, as another program may.
fn alter(database: &Path, sql: &str) {
    const RUN: &str = "import sqlite3, sys\n\
        altered = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
        altered.executescript(sys.argv[2])\n";
    let mut command = std::process::Command::new("python3");
    let altered = run(command.args(["-c", RUN]).arg(database).arg(sql));
    assert!(altered.status.success(), "{altered:?}");
}

/// A directory in which something is kept, and no server.
fn kept_in(directory: &TempDir) -> PathBuf {
    let data = directory.join("data");
    let server = keeping(&data, &[Json], "");
    let mut ann = server.join(Json, "ann");
    say(&mut ann, "lobby", "precious");
    server.signal("TERM");
    drop(ann);
    server.wait();
    data
}

#[track_caller]
fn assert_refused(data: &Path, part: &str) {
    let mut command = program();
    command
        .args(["--listen", "json://127.0.0.1:0", "--data"])
        .arg(data);
    let refused = run(&mut command);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains(part), "{refused:?}");
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let directory = TempDir::new();
    let data = kept_in(&directory);
    let database = data.join("hubbub.db");
    let version = Connection::open(&database)
        .and_then(|it| it.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)))
        .expect("a version");
    alter(&database, "PRAGMA user_version = 99");
    let before = std::fs::read(&database).expect("a file");
    assert_refused(&data, "version 99");
    assert_eq!(std::fs::read(&database).expect("a file"), before);
    alter(&database, &format!("PRAGMA user_version = {version}"));
    assert_eq!(texts(&printed(&data)), ["precious"]);
    drop(keeping(&data, &[Json], ""));
}

#[test]
fn a_broken_file_is_reported_and_set_aside_on_request_only() {
    type Break = fn(&mut Vec<u8>);
    let breaks: [Break; 3] = [
        |bytes| bytes.truncate(5000),
        |bytes| bytes[..100].fill(b'x'),
        |bytes| bytes[4096..].fill(0xff),
    ];
    for break_it in breaks {
        let directory = TempDir::new();
        let data = kept_in(&directory);
        let database = data.join("hubbub.db");
        let mut bytes = std::fs::read(&database).expect("a file");
        break_it(&mut bytes);
        std::fs::write(&database, &bytes).expect("a file");
        assert_refused(&data, "--data-set-aside");
        assert_eq!(std::fs::read(&database).expect("a file"), bytes);
        let server = keeping(&data, &[Json], "--data-set-aside");
        let mut ann = server.join(Json, "ann");
        assert!(say(&mut ann, "lobby", "anew") > 1);
        let others: Vec<Vec<u8>> = std::fs::read_dir(&data)
            .expect("a directory")
            .filter_map(|entry| std::fs::read(entry.expect("an entry").path()).ok())
            .collect();
        assert!(others.contains(&bytes), "it is kept");
        kill(server);
        assert_eq!(texts(&printed(&data)), ["anew"]);
    }
}

#[test]
fn a_log_that_is_torn_loses_no_more_than_its_end() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let server = keeping(&data, &[Json], "");
    let mut ann = server.join(Json, "ann");
    for n in 0..10 {
        say(&mut ann, "lobby", &format!("line {n}"));
    }
    kill(server);
    let log = data.join("hubbub.db-wal");
    let bytes = std::fs::read(&log).expect("a log");
    std::fs::write(&log, &bytes[..bytes.len() - 100]).expect("a file");
    let server = keeping(&data, &[Json], "");
    let kept = printed(&data);
    let expected: Vec<String> = (0..kept.len()).map(|n| format!("line {n}")).collect();
    assert_eq!(texts(&kept), expected);
    assert!(kept.len() >= 8, "{kept:?}");
    let mut ann = server.join(Json, "ann");
    say(&mut ann, "lobby", "on");
}

#[test]
fn a_room_is_exported_as_json_lines() {
    let directory = TempDir::new();
    let data = directory.join("data");
    let password = directory.join("password");
    std::fs::write(&password, "sesame\n").expect("a file");
    let flags = format!("--oper-password-file {}", password.display());
    let server = keeping(&data, &[Text, Json], &flags);
    let mut ann = server.join(Json, "ann");
    ask(
        &mut ann,
        json!({"type": "oper", "password": "sesame", "id": 1}),
        "ok",
    );
    let ids = ["one", "two \" \\ é"].map(|text| say(&mut ann, "lobby", text));
    ann.send("{\"type\":\"join_room\",\"room\":\"den\"}\n");
    say(&mut ann, "den", "elsewhere");
    let told = ask(
        &mut ann,
        json!({"type": "export", "room": "lobby", "id": 2}),
        "ok",
    );
    let told = told["message"].as_str().expect("words").to_owned();
    let files: Vec<PathBuf> = walk(&data);
    let file = files
        .iter()
        .find(|file| told.contains(&*file.display().to_string()));
    let file = file.unwrap_or_else(|| panic!("{told:?} names none of {files:?}"));
    let lines = std::fs::read_to_string(file).expect("UTF-8");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let got: Vec<Value> = lines
        .iter()
        .map(|e| json!([e["id"], e["username"], e["message"]]))
        .collect();
    assert_eq!(
        got,
        [
            json!([ids[0], "ann", "one"]),
            json!([ids[1], "ann", "two \" \\ é"])
        ]
    );
    let mut bob = server.join(Text, "bob");
    bob.send("/export lobby\n");
    assert_one_error(Text, bob.line().as_bytes());
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files.extend(walk(&path)),
            false => files.push(path),
        }
    }
    files
}
