//! Under a service manager (systemd): what it is told, the sockets that it hands over, the form of the log.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::{Command, Stdio};

use crate::util::*;

/// Where a service manager hears.
struct Manager {
    socket: UnixDatagram,
    _directory: TempDir,
}

impl Manager {
    /// One that starts `command`.
    fn of(command: &mut Command) -> Manager {
        let directory = TempDir::new();
        let path = directory.join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        socket.set_read_timeout(Some(DEADLINE)).expect("a deadline");
        command.env("NOTIFY_SOCKET", path);
        Manager {
            socket,
            _directory: directory,
        }
    }

    fn next(&self) -> String {
        let mut buffer = [0; 512];
        let count = self.socket.recv(&mut buffer).expect("it is told");
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    }
}

#[test]
fn it_is_told_when_people_can_come_and_when_no_more() {
    let mut command = program();
    command.args(["--listen", "text://127.0.0.1:0"]);
    let manager = Manager::of(&mut command);
    let server = Server::spawn(command, 1);
    assert_eq!(manager.next(), "READY=1\n");
    server.signal("HUP");
    let reloading = manager.next();
    assert!(
        reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="),
        "{reloading}"
    );
    assert_eq!(manager.next(), "READY=1\n");
    server.signal("TERM");
    assert_eq!(manager.next(), "STOPPING=1\n");
    server.wait();
}

#[test]
fn it_is_told_that_the_loop_goes_round_where_it_wants_to() {
    let mut command = program();
    command.args(["--listen", "text://127.0.0.1:0"]);
    command.env("WATCHDOG_USEC", "40000");
    let manager = Manager::of(&mut command);
    let _server = Server::spawn(command, 1);
    assert_eq!(manager.next(), "READY=1\n");
    for _ in 0..3 {
        assert_eq!(manager.next(), "WATCHDOG=1\n");
    }
}

/// A server whose third descriptor is `socket`.
fn activated(socket: impl Into<OwnedFd>, door: &str) -> Server {
    let mut command = Command::new("sh");
    let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"";
    command.args(["-c", script, "sh"]);
    let program = program();
    command.arg(program.get_program());
    command.args(program.get_args());
    command.args(["--listen", door]);
    Server::spawn_with(command, 1, Stdio::from(socket.into()))
}

#[test]
fn a_socket_that_is_handed_over_is_a_door() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    let server = activated(socket, &format!("text://{address}"));
    assert_eq!(server.doors(), [format!("text://{address}")]);
    server.join(Text, "Alice").sync();

    let directory = TempDir::new();
    let path = directory.join("chat.sock");
    let socket = UnixListener::bind(&path).expect("a path");
    let door = format!("text+unix://{}", path.display());
    let server = activated(socket, &door);
    server.join(Text, "Alice").sync();
    server.signal("TERM");
    server.wait();
    assert!(path.exists(), "it is the service manager's");
}

#[test]
fn one_that_no_door_names_is_told_and_left() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    let server = activated(socket, "text://127.0.0.1:0");
    server.expect_log(&format!(
        "a socket was given that no --listen names: {address}"
    ));
    assert_ne!(server.doors(), [format!("text://{address}")]);
}

#[test]
fn a_container_can_ask_whether_it_is_well() {
    let server = Server::of(&[Http, Text]);
    let address = server.address(Http).to_string();
    let health = |address: &str| run(program().args(["health", address]));
    let well = health(&address);
    assert_eq!(well.status.code(), Some(0), "{well:?}");
    assert_eq!(well.stdout, format!("{address} is well\n"));
    let text = server.address(Text).to_string();
    let wrong = health(&text);
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    assert_eq!(wrong.stderr.lines().count(), 1, "{wrong:?}");
    server.signal("TERM");
    server.wait();
    let gone = health(&address);
    assert_eq!(gone.status.code(), Some(1), "{gone:?}");
    assert!(gone.stderr.contains("does not answer"), "{gone:?}");
}
