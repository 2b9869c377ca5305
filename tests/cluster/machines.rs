//! The engine and the servers.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::client::Client;

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A directory of one test's, which is removed with this.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

impl Dir {
    fn new() -> Dir {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "hubbub-cluster-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).expect("a directory");
        Dir(dir)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A Redis that has on disk what it has acknowledged.
pub(crate) struct Redis {
    child: Child,
    port: u16,
    dir: Dir,
}

impl Redis {
    /// `None`: there is no such program here.
    pub(crate) fn start() -> Option<Redis> {
        let (port, dir) = (free_port(), Dir::new());
        let child = spawn(port, &dir)?;
        let redis = Redis { child, port, dir };
        redis.await_ready();
        Some(redis)
    }

    fn await_ready(&self) {
        let until = Instant::now() + Duration::from_secs(10);
        while self.command(&["PING"]).trim() != "PONG" {
            assert!(Instant::now() < until, "no Redis");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli")
            .args(["-p", &port])
            .args(arguments)
            .stderr(Stdio::null())
            .output();
        let output = output.expect("redis-cli");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// It comes back with nothing.
    pub(crate) fn start_empty(&mut self) {
        self.dir = Dir::new();
        self.start_again();
    }

    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.port, &self.dir).expect("it was there before");
        self.await_ready();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(port: u16, dir: &Dir) -> Option<Child> {
    let port = port.to_string();
    let child = Command::new("redis-server")
        .args(["--port", &port, "--bind", "127.0.0.1"])
        .args([
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "",
        ])
        .arg("--dir")
        .arg(&dir.0)
        .stdout(Stdio::null())
        .spawn();
    child.ok()
}

/// A server.
pub(crate) struct Server {
    pub(crate) name: String,
    child: Child,
    port: u16,
    engine: u16,
    dir: Dir,
}

/// A server that does not run.
pub(crate) struct Stopped {
    name: String,
    engine: u16,
    dir: Dir,
}

impl Server {
    /// Starts one that speaks with the engine at a port.
    pub(crate) fn start(name: &str, engine: u16) -> Server {
        Server::start_in(name, engine, Dir::new())
    }

    fn start_in(name: &str, engine: u16, dir: Dir) -> Server {
        let port = free_port();
        let child = command(name, port, engine, &dir)
            .spawn()
            .expect("the server");
        let server = Server {
            name: name.into(),
            child,
            port,
            engine,
            dir,
        };
        let until = Instant::now() + Duration::from_secs(20);
        while Client::connect(port).is_err() {
            assert!(Instant::now() < until, "the server {name} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// What one says that does not start.
    pub(crate) fn fails(name: &str, engine: u16) -> String {
        let dir = Dir::new();
        let mut command = command(name, free_port(), engine, &dir);
        let output = command.stderr(Stdio::piped()).output().expect("the server");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.port).expect("a connection")
    }

    pub(crate) fn join(&self, name: &str) -> Client {
        let mut client = self.connect();
        client.join_until(name, Duration::from_secs(20));
        client
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(mut self) -> Stopped {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").arg(&id).status();
        let _ = self.child.wait();
        self.taken()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) -> Stopped {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.taken()
    }

    fn taken(&mut self) -> Stopped {
        let dir = std::mem::replace(&mut self.dir, Dir(PathBuf::from("/nonexistent")));
        Stopped {
            name: self.name.clone(),
            engine: self.engine,
            dir,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stopped {
    pub(crate) fn start_again(self) -> Server {
        Server::start_in(&self.name, self.engine, self.dir)
    }
}

fn command(name: &str, port: u16, engine: u16, dir: &Dir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command
        .args(["--listen", &format!("json://127.0.0.1:{port}")])
        .args([
            "--cluster",
            &format!("redis://127.0.0.1:{engine}/0?prefix=test"),
        ])
        .args(["--node", name, "--cluster-wait", "3s", "--no-console"])
        .arg("--data")
        .arg(&dir.0)
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}
