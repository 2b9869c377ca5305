//! SIGHUP: options and certificates that are read again, and a terminal that has gone away.

use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::tunnel::fixture;
use crate::util::*;

fn configured(dir: &TempDir, text: &str) -> Server {
    let file = dir.join("hubbub.toml");
    std::fs::write(&file, text).expect("written");
    let mut command = program();
    command
        .args(["--listen", "text://127.0.0.1:0", "--config"])
        .arg(file);
    Server::spawn(command, 1)
}

#[track_caller]
fn rewrite(dir: &TempDir, server: &Server, text: &str, told: &str) {
    std::fs::write(dir.join("hubbub.toml"), text).expect("written");
    server.signal("HUP");
    server.expect_log(told);
}

#[test]
fn what_can_be_applied_of_a_changed_file_is() {
    let dir = TempDir::new();
    let server = configured(&dir, "max-frame = 8192\n");
    let mut ann = server.join(Text, "ann");
    rewrite(
        &dir,
        &server,
        "max-frame = 5000\nbacklog = 7\nidle-timeout = \"1h\"\n",
        "options read again: max-frame, idle-timeout; these wait for a take-over or the next start: backlog",
    );
    ann.send(format!("{}\n", "x".repeat(5001)))
        .expect_until("5000");
    rewrite(
        &dir,
        &server,
        "max-frame = 5000\nbacklog = 7\nmax-fram = 1\n",
        "hubbub.toml:3: ",
    );
    server.expect_log("; the old options stay in use");
    ann.settle();
    ann.send(format!("{}\n", "x".repeat(5001)))
        .expect_until("5000");
    // It waits still, and is told again; what is as it was before is not.
    rewrite(
        &dir,
        &server,
        "max-frame = 5000\nbacklog = 7\nidle-timeout = \"200ms\"\n",
        "options read again: idle-timeout; these wait for a take-over or the next start: backlog",
    );
    ann.rest();
}

#[test]
fn who_has_lost_the_terminal_stops() {
    let master =
        openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
    grantpt(&master)
        .and_then(|()| unlockpt(&master))
        .expect("it can be opened");
    let name = ptsname(&master, Vec::new()).expect("it has a name");
    let name = name.to_str().expect("ASCII").to_owned();
    let slave = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(name);
    let mut command = program();
    command.args(["--listen", "text://127.0.0.1:0", "--no-console"]);
    command.process_group(0);
    let stdin = Stdio::from(OwnedFd::from(slave.expect("it opens")));
    let server = Server::spawn_with(command, 1, stdin);
    // As long as it is there, it is a signal like any other.
    server.signal("HUP");
    server.join(Text, "ann").sync();
    drop(master);
    server.signal("HUP");
    let exited = server.wait();
    assert_eq!(exited.status.code(), Some(0), "{exited:?}");
    assert!(exited.stderr.contains("stopping"), "{}", exited.stderr);
}

#[test]
fn a_certificate_made_for_trying_is_kept_until_it_ends() {
    let dir = TempDir::new();
    let data = dir.join("data");
    let flags = format!("--tls-self-signed --data {}", data.display());
    let fingerprint = || {
        let server = Server::open(&["tls+text://127.0.0.1:0"], &flags);
        server.expect_stdout("fingerprint ");
        server.expect_log("the self-signed certificate ends on 2");
        server.signal("TERM");
        let exited = server.wait();
        let (_, rest) = exited
            .stdout
            .split_once("fingerprint ")
            .expect("it is told");
        rest.lines().next().expect("a line").to_owned()
    };
    let first = fingerprint();
    assert_eq!(fingerprint(), first);
    let (certificate, key) = (data.join("self-signed.pem"), data.join("self-signed.key"));
    let mode = key.metadata().expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&certificate).expect("a file");
    let (_, rest) = text.split_once('\n').expect("lines");
    std::fs::write(&certificate, format!("Ends: 2020-01-01\n{rest}")).expect("written");
    let second = fingerprint();
    assert_ne!(second, first);
    std::fs::write(&key, "nonsense").expect("written");
    assert_ne!(fingerprint(), second);
}

#[test]
fn a_certificate_file_that_changed_is_seen() {
    let dir = TempDir::new();
    let [certificate, key] = ["c.pem", "k.pem"].map(|name| dir.join(name));
    let place = |name: &str| {
        std::fs::copy(fixture(&format!("{name}.pem")), &certificate).expect("copied");
        std::fs::copy(fixture(&format!("{name}.key")), &key).expect("copied");
    };
    place("rsa");
    let flags = format!(
        "--tls-cert {} --tls-key {}",
        certificate.display(),
        key.display()
    );
    let server = Server::open(&["tls+text://127.0.0.1:0"], &flags);
    place("chain");
    server.signal("HUP");
    server.expect_log("read again: the certificate");
    let mut secure = crate::tls::Secure::to(&server.doors()[0]);
    secure.expect(PROMPT);
}
