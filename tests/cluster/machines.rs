//! The engine and the servers.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::client::Client;

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A directory of one test's, which is removed with this.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Dir {
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

impl Dir {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file there, and returns where.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
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
    pub(crate) dir: Dir,
    extra: Vec<String>,
}

/// Waits until something holds, which is asked again and again.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < until, "no {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a Redis or a Sentinel answers.
pub(crate) fn redis_cli(port: u16, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-p", &port.to_string()])
        .args(arguments)
        .stderr(Stdio::null())
        .output();
    let output = output.expect("redis-cli");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Redis {
    /// `None`: there is no such program here.
    pub(crate) fn start() -> Option<Redis> {
        Redis::with(&[])
    }

    /// The same with further options.
    pub(crate) fn with(extra: &[&str]) -> Option<Redis> {
        let dir = Dir::new();
        Redis::begin(
            free_port(),
            dir,
            extra.iter().map(|it| (*it).into()).collect(),
        )
    }

    pub(crate) fn begin(port: u16, dir: Dir, extra: Vec<String>) -> Option<Redis> {
        let child = spawn(port, &dir, &extra)?;
        let redis = Redis {
            child,
            port,
            dir,
            extra,
        };
        redis.await_ready();
        Some(redis)
    }

    fn await_ready(&self) {
        // One that wants a password is there, too.
        wait_until("a Redis", || {
            let answer = self.command(&["PING"]);
            answer.contains("PONG") || answer.contains("NOAUTH")
        });
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        redis_cli(self.port, arguments)
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

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.port, &self.dir, &self.extra).expect("it was there before");
        self.await_ready();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-s", name, &id]).status();
    assert!(sent.is_ok_and(|sent| sent.success()));
}

fn spawn(port: u16, dir: &Dir, extra: &[String]) -> Option<Child> {
    let port = port.to_string();
    let child = Command::new("redis-server")
        .args(["--port", &port, "--bind", "127.0.0.1"])
        .args(["--appendonly", "yes", "--appendfsync", "always"])
        .args(["--save", "", "--dir"])
        .arg(&dir.0)
        .args(extra)
        .stdout(Stdio::null())
        .spawn();
    child.ok()
}

/// A server.
pub(crate) struct Server {
    pub(crate) name: String,
    child: Child,
    pub(crate) port: u16,
    how: How,
}

/// How a server is started.
struct How {
    engine: String,
    extra: Vec<String>,
    environment: Vec<(String, String)>,
    dir: Dir,
}

/// A server that does not run.
pub(crate) struct Stopped {
    name: String,
    port: u16,
    how: How,
}

impl Server {
    /// Starts one that speaks with the engine at a port.
    pub(crate) fn start(name: &str, engine: u16) -> Server {
        Server::with(name, &plain(engine), &[], &[])
    }

    /// Starts one that speaks with an engine, with further options and variables.
    pub(crate) fn with(
        name: &str,
        engine: &str,
        extra: &[&str],
        environment: &[(&str, &str)],
    ) -> Server {
        let owned = |(name, value): &(&str, &str)| (String::from(*name), String::from(*value));
        let waits = [&["--cluster-wait", "3s"], extra].concat();
        let extra = if extra.contains(&"--cluster-wait") {
            extra
        } else {
            &waits
        };
        let how = How {
            engine: engine.into(),
            extra: extra.iter().map(|it| (*it).into()).collect(),
            environment: environment.iter().map(owned).collect(),
            dir: Dir::new(),
        };
        Server::start_as(name, free_port(), how)
    }

    fn start_as(name: &str, port: u16, how: How) -> Server {
        let child = how.command(name, port).spawn().expect("the server");
        let server = Server {
            name: name.into(),
            child,
            port,
            how,
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
        let how = How {
            engine: plain(engine),
            extra: Vec::new(),
            environment: Vec::new(),
            dir: Dir::new(),
        };
        let mut command = how.command(name, free_port());
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

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(mut self) -> Stopped {
        self.signal("TERM");
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
        let how = How {
            engine: self.how.engine.clone(),
            extra: self.how.extra.clone(),
            environment: self.how.environment.clone(),
            dir: std::mem::replace(&mut self.how.dir, Dir(PathBuf::from("/nonexistent"))),
        };
        Stopped {
            name: self.name.clone(),
            port: self.port,
            how,
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
    /// What it says where it does not start with another engine.
    pub(crate) fn fails_at(mut self, engine: u16) -> String {
        self.how.engine = plain(engine);
        let mut command = self.how.command(&self.name, free_port());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the server");
        let until = Instant::now() + Duration::from_secs(20);
        while child.try_wait().expect("the server").is_none() {
            if Instant::now() > until {
                let _ = child.kill();
                panic!("it has started");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let output = child.wait_with_output().expect("the server");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    pub(crate) fn start_again(self) -> Server {
        Server::start_as(&self.name, self.port, self.how)
    }
}

fn plain(engine: u16) -> String {
    format!("redis://127.0.0.1:{engine}/0?prefix=test")
}

impl How {
    fn command(&self, name: &str, port: u16) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
        let environment = self.environment.iter();
        command
            .args(["--listen", &format!("json://127.0.0.1:{port}")])
            .args(["--cluster", &self.engine])
            .args(["--node", name, "--no-console"])
            .args(&self.extra)
            .arg("--data")
            .arg(&self.dir.0)
            .env("RUST_LOG", "warn")
            .envs(environment.map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }
}
