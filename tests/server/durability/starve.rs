//! A disk that fails, is full, is read-only, is slow or is held by somebody else: chat goes on, nobody is
//! told that something is kept that is not, and history takes up again by itself.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use serde_json::{Value, json};

use super::checker::{Entry, Promise};
use super::faults::{Fault, SmallDisk, wait_until};
use super::kept::{House, kill, printed, read_all};
use crate::util::*;

/// Somebody who says numbered things over JSON and remembers which are on disk.
struct Speaker {
    peer: Peer,
    said: usize,
    /// The ids of what it heard itself say, and of what is on disk, each with its number.
    heard: Vec<(usize, u64)>,
    kept: Vec<(usize, u64)>,
}

impl Speaker {
    fn join(server: &Server) -> Speaker {
        let peer = server.join(Json, "ann");
        Speaker {
            peer,
            said: 0,
            heard: Vec::new(),
            kept: Vec::new(),
        }
    }

    fn text(number: usize) -> String {
        format!("number {number}")
    }

    fn say(&mut self) {
        let text = Speaker::text(self.said);
        let request = json!({"type": "chat", "message": text, "id": self.said});
        self.peer.send(request.to_string() + "\n");
        self.said += 1;
    }

    fn take(&mut self, event: &Value) {
        match event["type"].as_str().unwrap_or_default() {
            "chat" => {
                let number = self.heard.len();
                assert_eq!(
                    event["message"],
                    Speaker::text(number),
                    "in order, each once"
                );
                self.heard
                    .push((number, event["id"].as_u64().expect("an id")));
            }
            "ok" => {
                let number = self.kept.len();
                assert_eq!(event["id"], number, "in order, each once: {event}");
                self.kept
                    .push((number, event["message_id"].as_u64().expect("an id")));
            }
            "error" => panic!("{event}"),
            _ => {}
        }
    }

    /// Takes what came up to the answer to a ping: that is answered whatever the disk does.
    fn ping(&mut self) {
        for line in String::from_utf8(self.peer.sync()).expect("UTF-8").lines() {
            self.take(&serde_json::from_str(line).expect(line));
        }
    }

    /// Reads on until all that was said is on disk.
    fn await_kept(&mut self) {
        while self.kept.len() < self.said {
            let event = self.peer.json();
            self.take(&event);
        }
        self.ping();
        assert_eq!(self.heard, self.kept, "the same ids");
    }
}

#[track_caller]
fn expect_said(nc: &mut Peer, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        nc.expect(format!("[ann] {}\n", Speaker::text(number)));
    }
}

/// A figure of the server's.
pub(super) fn figure(server: &Server, name: &str) -> u64 {
    let door = server
        .doors()
        .last()
        .expect("the last is for status")
        .clone();
    let stats = server.request(&door, "GET /stats", "", "").json();
    stats[name]
        .as_u64()
        .unwrap_or_else(|| panic!("no {name}: {stats}"))
}

/// Waits until history is behind, or not any more, in every place where that is told.
#[track_caller]
pub(super) fn await_behind(server: &Server, is_behind: u64) {
    let door = server.doors().last().expect("the last is for status");
    wait_until("/stats tells it", || {
        figure(server, "history_behind") == is_behind
    });
    let sample = format!("hubbub_history_behind {is_behind}");
    wait_until("/metrics tells it", || {
        let metrics = server.request(door, "GET /metrics", "", "");
        metrics.text().lines().any(|line| line == sample)
    });
}

/// Somebody speaks, the disk fails, and then does not. All is kept in the end if the server `ends_well`
/// with it; if it is killed while the disk fails, what was acknowledged.
fn starved(house: &House, ends_well: bool, fail: impl FnOnce(&Server), heal: impl FnOnce()) {
    let server = house.open();
    let mut nc = server.join(Text, "nc");
    let mut speaker = Speaker::join(&server);
    nc.expect_until("ann joined the chat!\n");
    speaker.say();
    speaker.await_kept();
    nc.expect("[ann] number 0\n");
    fail(&server);
    for _ in 0..20 {
        speaker.say();
    }
    speaker.ping();
    await_behind(&server, 1);
    speaker.ping();
    assert_eq!(speaker.kept.len(), 1, "an ok for what is not on disk");
    if house.promise == Promise::Soon {
        expect_said(&mut nc, 1..=20);
    }
    nc.silent();
    let (mut heard, kept) = (21, if ends_well { 22 } else { 1 });
    if ends_well {
        heal();
        speaker.say();
        speaker.await_kept();
        let first = if house.promise == Promise::Soon {
            21
        } else {
            1
        };
        expect_said(&mut nc, first..=21);
        await_behind(&server, 0);
        heard = 22;
        kill(server);
    } else {
        kill(server);
        heal();
    }
    let history = printed(&house.data);
    assert_eq!(read_all(&house.open()), history);
    let texts: Vec<&str> = history
        .iter()
        .map(|entry: &Entry| entry.text.as_str())
        .collect();
    let expected: Vec<String> = (0..heard).map(Speaker::text).collect();
    assert!(
        texts.len() >= kept
            && expected.starts_with(&texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>()),
        "{texts:?}"
    );
    for (entry, (number, id)) in history.iter().zip(&speaker.kept) {
        assert_eq!((entry.id, &entry.text), (*id, &Speaker::text(*number)));
    }
}

/// Both promises, ended well and by a kill.
fn starved_by(fault: Fault) {
    for promise in [Promise::Soon, Promise::Seen] {
        for ends_well in [true, false] {
            let house = House::new(promise);
            let fail = |_: &Server| house.disk.set(fault);
            starved(&house, ends_well, fail, || house.disk.set(Fault::None));
            assert!(house.disk.hits() > 0, "the fault was never met");
        }
    }
}

#[test]
fn a_disk_that_takes_no_writes() {
    starved_by(Fault::Write(Errno::IO));
}

#[test]
fn a_disk_that_is_full() {
    starved_by(Fault::Write(Errno::NOSPC));
}

#[test]
fn a_disk_that_does_not_sync() {
    starved_by(Fault::Sync(Errno::IO));
}

#[test]
fn a_disk_that_becomes_read_only() {
    starved_by(Fault::ReadOnly);
}

#[test]
fn a_small_disk_that_is_filled_and_freed() {
    for promise in [Promise::Soon, Promise::Seen] {
        let Some(disk) = SmallDisk::mount(4096) else {
            return;
        };
        let house = House::at(disk.join("data"), TempDir::new(), promise);
        starved(&house, true, |_| fill(&disk, &house), || disk.free());
    }
}

/// Takes all the room, and what SQLite's log has room for already.
fn fill(disk: &SmallDisk, house: &House) {
    disk.fill();
    let log = house.data.join("hubbub.db-wal");
    assert!(log.exists(), "the log is where it is looked for");
}

/// Another program, which holds the database until it is told to let go.
struct Holder(Child);

impl Holder {
    fn of(database: &Path) -> Holder {
        const HOLD: &str = "import sqlite3, sys\n\
            held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=15)\n\
            held.execute('BEGIN EXCLUSIVE')\n\
            print('held', flush=True)\n\
            sys.stdin.readline()\n\
            held.execute('ROLLBACK')\n";
        let mut child = Command::new("python3")
            .args(["-c", HOLD])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there");
        let mut told = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut told).expect("a pipe");
        assert_eq!(told, "held\n");
        Holder(child)
    }

    fn let_go(mut self) {
        let stdin = self.0.stdin.as_mut().expect("piped");
        stdin.write_all(b"\n").expect("it waits for it");
        assert!(exit_of(&mut self.0).success());
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_database_that_another_program_holds() {
    for promise in [Promise::Soon, Promise::Seen] {
        let house = House::new(promise);
        let holder = std::cell::RefCell::new(None);
        let hold =
            |_: &Server| drop(holder.replace(Some(Holder::of(&house.data.join("hubbub.db")))));
        starved(&house, true, hold, || {
            holder.take().expect("it holds").let_go()
        });
    }
}

/// A room in which some speak at a time when each sync of the disk takes half a second. Returns the
/// times of the pings of somebody else, and the longest turn in microseconds.
fn slowed(promise: Promise) -> (Vec<Duration>, u64) {
    let house = House::new(promise);
    let server = house.open();
    let mut pinging = server.join(Json, "pinging");
    let mut nc = server.join(Text, "nc");
    let mut speaker = Speaker::join(&server);
    nc.expect_until("ann joined the chat!\n");
    house.disk.set(Fault::SlowSync(Duration::from_millis(500)));
    let mut times = Vec::new();
    for _ in 0..40 {
        speaker.say();
        let began = std::time::Instant::now();
        pinging.sync();
        times.push(began.elapsed());
    }
    speaker.await_kept();
    expect_said(&mut nc, 0..40);
    nc.silent();
    let longest = figure(&server, "longest_turn_us");
    kill(server);
    assert!(house.disk.hits() > 0, "no sync was slow");
    assert_eq!(printed(&house.data).len(), 40);
    (times, longest)
}

#[test]
fn a_slow_disk_holds_nobody_up() {
    for promise in [Promise::Soon, Promise::Seen] {
        slowed(promise);
    }
}

#[test]
#[ignore = "a measurement, not a test"]
fn durability_figures_of_a_slow_disk() {
    for promise in [Promise::Soon, Promise::Seen] {
        let (mut times, longest) = slowed(promise);
        times.sort_unstable();
        println!(
            "{}: each sync takes 500 ms; of {} pings of somebody else the median took {:?}, the \
             longest {:?}; the longest turn {longest} us",
            promise.flag(),
            times.len(),
            times[times.len() / 2],
            times[times.len() - 1],
        );
    }
}
