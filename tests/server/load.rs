//! The load tester, against the server, the floor, and servers that are wrong in one way each.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::faults::in_shell;
use crate::util::*;

fn load(address: impl AsRef<str>, flags: &str) -> Command {
    let mut command = program();
    command.arg("load").arg(address.as_ref());
    command.args(flags.split_whitespace());
    command
}

/// Runs a small load and reads what it says as JSON.
#[track_caller]
fn found(address: &str, flags: &str, code: i32) -> (Value, String) {
    let exited = run(load(address, flags).arg("--json"));
    assert_eq!(exited.status.code(), Some(code), "{exited:?}");
    assert_eq!(exited.stdout.lines().count(), 1, "{exited:?}");
    let object = serde_json::from_str(&exited.stdout).expect("one object");
    (object, exited.stderr)
}

#[track_caller]
fn assert_faults(found: &Value, expected: [u64; 4]) {
    let count = |name: &str| found[name].as_u64().expect("a count");
    let faults = ["lost", "doubled", "reordered", "garbled"].map(count);
    assert_eq!(faults, expected, "{found}");
}

/// What must hold of a run in which nothing went wrong.
#[track_caller]
fn assert_fine(found: &Value, clients: u64, delivered: u64) {
    assert_faults(found, [0; 4]);
    assert_eq!(found["joined"], clients);
    assert_eq!(found["delivered"], delivered);
    assert_eq!(found["expected"], delivered);
    assert_eq!(
        found["latency_us"]["p50"].as_u64().map(|us| us > 0),
        Some(true)
    );
}

#[test]
fn text_and_json_are_heard_by_all() {
    let server = Server::of(&[Auto]);
    let address = server.address(Auto).to_string();
    let flags = "--clients 20 --senders 2 --messages 100 --window 8";
    assert_fine(&found(&address, flags, 0).0, 20, 100 * 19);
    // Here those who speak hear themselves.
    let json = format!("json://{address}");
    assert_fine(&found(&json, flags, 0).0, 20, 100 * 20);
    let (object, _) = found(
        &json,
        "--clients 20 --rate 1000/s --messages 50 --size 300",
        0,
    );
    assert_fine(&object, 20, 50 * 20);
    assert_eq!(
        (&object["rate_per_s"], &object["size"]),
        (&1000.0.into(), &300.into())
    );
    assert_eq!(object["window"], Value::Null);
}

#[test]
fn every_dialect_is_spoken() {
    let dialects = [Text, Json, Pynet, Anon, Colon];
    let server = Server::of(&dialects);
    for dialect in dialects {
        let (object, _) = found(
            server.door(dialect),
            "--clients 5 --messages 40 --window 4",
            0,
        );
        assert_eq!(object["dialect"], dialect.name());
        assert_faults(&object, [0; 4]);
        assert_eq!(object["sent"], 40);
    }
}

#[test]
fn rooms_hear_their_own_and_no_others() {
    let server = Server::of(&[Text, Json]);
    let flags = "--scenario rooms --clients 30 --rooms 6 --messages 120 --rate 2000/s";
    assert_fine(&found(server.door(Text), flags, 0).0, 30, 120 * 4);
    assert_fine(&found(server.door(Json), flags, 0).0, 30, 120 * 5);
}

#[test]
fn those_who_are_dropped_because_they_do_not_read_are_counted() {
    let server = Server::with(&[Text], "--sendq-hard 64KiB --sendq-soft 32KiB");
    let flags = "--scenario slow --clients 10 --slow-percent 20 --size 4000 --messages 5000";
    let (object, _) = found(server.door(Text), flags, 0);
    assert_fine(&object, 10, 5000 * 7);
    let expected = "of 2 clients that did not read, the server disconnected 2";
    assert_eq!(object["notes"][0], expected);
}

#[test]
fn those_who_do_not_read_or_do_not_stay_are_no_fault() {
    let server = Server::of(&[Text]);
    let door = server.door(Text);
    let (object, _) = found(
        door,
        "--scenario slow --clients 20 --slow-percent 50 --messages 50",
        0,
    );
    assert_fine(&object, 20, 50 * 9);
    let (object, _) = found(
        door,
        "--scenario churn --clients 20 --rate 200/s --for 1s",
        0,
    );
    assert_faults(&object, [0; 4]);
    let note = object["notes"][0].as_str().expect("a note");
    assert!(note.contains("left and joined again"), "{note}");
}

#[test]
fn a_crowd_that_says_nothing_shows_what_it_costs() {
    let server = Server::of(&[Text]);
    let pid = server.pid();
    for scenario in ["idle --for 100ms", "join-storm"] {
        let flags = format!("--scenario {scenario} --clients 50 --pid {pid}");
        let (object, _) = found(server.door(Text), &flags, 0);
        assert_eq!(
            (&object["joined"], &object["sent"]),
            (&50.into(), &0.into())
        );
        for field in [
            "rss_before_bytes",
            "rss_joined_bytes",
            "rss_peak_bytes",
            "rss_after_bytes",
        ] {
            let bytes = object["server"][field].as_u64().expect("a size");
            assert!(bytes > 100_000, "{field}: {bytes}");
        }
    }
}

/// A server of tests/peers, which says where it listens.
fn peer(name: &str) -> Server {
    let mut command = Command::new("python3");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");
    command.arg(format!("{folder}/{name}")).arg("0");
    Server::spawn(command, 1)
}

#[test]
fn the_servers_that_hubbub_stands_in_for_are_loaded_too() {
    for (name, hears) in [("original_json.py", 10), ("original_pynet.py", 9)] {
        let server = peer(name);
        let door = server.doors()[0].clone();
        for flags in [
            "--clients 10 --messages 100 --window 1",
            "--clients 10 --messages 200 --window 32",
            "--clients 10 --senders 3 --messages 100 --rate 500/s",
        ] {
            let (object, _) = found(&door, flags, 0);
            let count = object["sent"].as_u64().expect("a count");
            assert_fine(&object, 10, count * hears);
        }
    }
}

#[test]
fn tls_and_websockets_are_spoken() {
    let server = Server::with(&[Auto], "--tls-self-signed");
    let address = server.address(Auto).to_string();
    let flags = "--clients 20 --senders 2 --messages 300 --window 8";
    for (scheme, more, hears) in [
        ("tls+text", "", 19),
        ("tls+json", "", 20),
        ("ws", "", 19),
        ("ws", "--dialect json", 20),
        ("wss", "", 19),
        ("wss", "--dialect json --size 4000", 20),
    ] {
        let door = format!("{scheme}://{address}");
        let (object, _) = found(&door, &format!("{flags} {more}"), 0);
        assert_fine(&object, 20, 300 * hears);
        let shown = object["target"].as_str().expect("an address");
        assert!(shown.contains("://") && shown.contains(&address), "{shown}");
    }
    let rooms = "--scenario rooms --clients 30 --rooms 6 --messages 120 --rate 2000/s";
    assert_fine(&found(&format!("wss://{address}"), rooms, 0).0, 30, 120 * 4);
    let slow = "--scenario slow --clients 20 --slow-percent 50 --messages 50";
    assert_fine(
        &found(&format!("tls+text://{address}"), slow, 0).0,
        20,
        50 * 9,
    );
    let nowhere = format!("ws://{address}/nowhere");
    let exited = run(&mut load(&nowhere, "--clients 3 --messages 5"));
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
    assert!(exited.stderr.contains("404"), "{exited:?}");
    let plain = Server::of(&[Text]);
    let exited = run(&mut load(
        format!("tls+text://{}", plain.address(Text)),
        "--clients 3 --messages 5 --patience 1s",
    ));
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
}

#[test]
fn a_floor_that_encrypts() {
    let mut command = program();
    command.args(["load", "--floor", "tls://127.0.0.1:0"]);
    let floor = Server::spawn(command, 1);
    let door = floor.doors()[0].clone();
    assert!(door.starts_with("tls+line://127.0.0.1:"), "{door}");
    let flags = "--clients 30 --messages 200 --window 16 --size 2000";
    assert_fine(&found(&door, flags, 0).0, 30, 200 * 29);
}

#[test]
fn the_floor_passes_on_what_it_is_told() {
    let mut command = program();
    command.args(["load", "--floor"]);
    let floor = Server::spawn(command, 1);
    assert!(floor.doors()[0].starts_with("line://127.0.0.1:"));
    let flags = format!(
        "--clients 30 --messages 200 --window 16 --pid {}",
        floor.pid()
    );
    let (object, _) = found(&floor.doors()[0].clone(), &flags, 0);
    assert_fine(&object, 30, 200 * 29);
    floor.signal("TERM");
    assert_eq!(floor.wait().status.code(), Some(0));
}

/// A line server that passes each line on to all others, as `change` makes it: given its number
/// among those that are no probes, and itself.
fn wrong_server(change: impl Fn(usize, &str) -> Vec<String> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let peers: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let change = Arc::new(Mutex::new((0, change)));
    std::thread::spawn(move || {
        while let Ok((stream, peer)) = listener.accept() {
            let own = stream.try_clone().expect("a descriptor");
            peers.lock().expect("no panic").push(own);
            let (peers, change) = (Arc::clone(&peers), Arc::clone(&change));
            std::thread::spawn(move || serve(stream, peer, &peers, &change));
        }
    });
    format!("line://{address}")
}

fn serve(
    stream: TcpStream,
    address: SocketAddr,
    peers: &Mutex<Vec<TcpStream>>,
    change: &Mutex<(usize, impl Fn(usize, &str) -> Vec<String>)>,
) {
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let lines = if line.starts_with('~') {
            let mut change = change.lock().expect("no panic");
            change.0 += 1;
            (change.1)(change.0 - 1, &line)
        } else {
            vec![line]
        };
        for peer in peers.lock().expect("no panic").iter_mut() {
            if peer.peer_addr().is_ok_and(|peer| peer != address) {
                for line in &lines {
                    // One that is gone hears nothing.
                    let _ = peer.write_all(format!("{line}\n").as_bytes());
                }
            }
        }
    }
}

#[test]
fn each_fault_is_found_and_exits_1() {
    let flags = "--clients 3 --messages 20 --window 20 --patience 500ms";
    let same = |line: &str| vec![line.to_owned()];
    let fine = wrong_server(move |_, line| same(line));
    assert_fine(&found(&fine, flags, 0).0, 3, 40);

    let drops = wrong_server(move |at, line| if at == 5 { Vec::new() } else { same(line) });
    let (object, stderr) = found(&drops, flags, 1);
    assert_faults(&object, [2, 0, 0, 0]);
    assert_eq!(stderr.lines().last(), Some("hubbub: 2 lost"));

    let doubles = wrong_server(move |at, line| vec![line.to_owned(); if at == 5 { 2 } else { 1 }]);
    assert_faults(&found(&doubles, flags, 1).0, [0, 2, 0, 0]);

    let held = Mutex::new(String::new());
    let reorders = wrong_server(move |at, line| match at {
        5 => {
            line.clone_into(&mut held.lock().expect("no panic"));
            Vec::new()
        }
        6 => vec![line.to_owned(), held.lock().expect("no panic").clone()],
        _ => same(line),
    });
    assert_faults(&found(&reorders, flags, 1).0, [0, 0, 2, 0]);

    let garbles = wrong_server(move |at, line| match at {
        5 => vec![format!("{}#{}", &line[..40], &line[41..])],
        _ => same(line),
    });
    assert_faults(&found(&garbles, flags, 1).0, [0, 0, 0, 2]);
}

#[test]
fn a_lost_message_stops_a_closed_loop_and_is_told() {
    let drops = wrong_server(|at, line| {
        if at == 5 {
            Vec::new()
        } else {
            vec![line.to_owned()]
        }
    });
    let flags = "--clients 3 --window 1 --for 1h --patience 300ms";
    let (object, _) = found(&drops, flags, 1);
    assert_faults(&object, [2, 0, 0, 0]);
    assert_eq!(object["sent"], 6);
}

#[test]
fn a_rate_that_cannot_be_held_is_told_and_is_no_fault() {
    // The load tester reads as late as it sends: nobody is to be dropped for that.
    let server = Server::with(
        &[Text],
        "--sendq-soft 512MiB --sendq-hard 512MiB --sendq-total 1GiB",
    );
    let flags = "--clients 3 --rate 100000000/s --for 50ms";
    let (object, _) = found(server.door(Text), flags, 0);
    assert_faults(&object, [0; 4]);
    let note = object["notes"][0].as_str().expect("a note");
    assert!(
        note.starts_with("the rate of 100000000/s could not be held"),
        "{note}"
    );
}

#[test]
fn a_server_that_is_not_there_or_not_of_this_kind_exits_1() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("it listens").to_string();
    drop(listener);
    let exited = run(&mut load(&address, "--clients 5"));
    assert_eq!(
        (exited.status.code(), exited.stdout.as_str()),
        (Some(1), "")
    );
    assert!(exited.stderr.contains(&address), "{exited:?}");

    let server = Server::with(&[Text], "--max-connections 3");
    let exited = run(&mut load(server.door(Text), "--clients 10 --messages 5"));
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
    assert!(exited.stderr.contains("connections refused"), "{exited:?}");
    assert!(
        exited.stdout.contains("joined           3 of 10"),
        "{exited:?}"
    );
}

#[test]
fn a_limit_of_descriptors_is_named() {
    let mut command = in_shell("ulimit -n 64; exec \"$0\" \"$@\"");
    command.args(["load", "127.0.0.1:1", "--clients", "100"]);
    let exited = run(&mut command);
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
    assert!(
        exited.stderr.contains("limit of open files is 64"),
        "{exited:?}"
    );
}

#[test]
fn a_process_that_is_not_the_server_is_noticed() {
    let server = Server::of(&[Text]);
    // It only sleeps.
    let mut command = program();
    command.args(["load", "--floor"]);
    let other = Server::spawn(command, 1);
    let flags = format!("--clients 5 --messages 20 --pid {}", other.pid());
    let (object, _) = found(server.door(Text), &flags, 0);
    let note = object["notes"][0].as_str().expect("a note");
    assert!(note.contains("is it the server?"), "{note}");
    let gone = run(&mut load(server.door(Text), "--pid 99999999"));
    assert_eq!(gone.status.code(), Some(1), "{gone:?}");
}

#[test]
fn wrong_use_exits_2_with_one_line() {
    for flags in [
        "",
        "--size 5",
        "--clients 1",
        "--rate 1 --window 1",
        "--dialect morse",
    ] {
        let address = if flags.is_empty() {
            "nowhere"
        } else {
            "127.0.0.1:1"
        };
        let exited = run(&mut load(address, flags));
        assert_eq!(
            (exited.status.code(), exited.stdout.as_str()),
            (Some(2), ""),
            "{flags}"
        );
        assert_eq!(exited.stderr.lines().count(), 1, "{exited:?}");
    }
    let help = run(program().args(["load", "--help"]));
    assert_eq!(help.status.code(), Some(0));
    for shown in ["--scenario", "--window", "join-storm", "--source"] {
        assert!(help.stdout.contains(shown), "{shown}: {}", help.stdout);
    }
}

/// Starts a run without an end, and waits until it speaks.
fn endless(server: &Server) -> std::process::Child {
    let mut command = load(server.door(Text), "--clients 10 --for 1h");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.starts_with("speaking") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).expect("text"), 0, "it ended");
    }
    child.stderr = Some(stderr.into_inner());
    child
}

#[test]
fn an_interrupt_shows_what_there_is() {
    let server = Server::of(&[Text]);
    let child = endless(&server);
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-s", "INT", &pid]).status();
    assert!(sent.expect("kill runs").success());
    let output = child.wait_with_output().expect("it ends");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert!(
        stdout.contains("interrupted") && stdout.contains("nothing lost"),
        "{stdout}"
    );
}

#[test]
fn a_server_that_ends_in_the_middle_ends_the_run() {
    let server = Server::of(&[Text]);
    let child = endless(&server);
    drop(server);
    let output = child.wait_with_output().expect("it ends");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    assert!(stdout.contains("connections refused or ended"), "{stdout}");
}

#[test]
fn a_report_is_a_page() {
    let server = Server::of(&[Text]);
    let place = TempDir::new();
    let path = place.join("out.html");
    let mut command = load(server.door(Text), "--clients 5 --messages 20");
    let exited = run(command.arg("--report").arg(&path));
    assert_eq!(exited.status.code(), Some(0), "{exited:?}");
    let page = std::fs::read_to_string(&path).expect("a page");
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
}
