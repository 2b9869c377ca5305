//! Every block of commands in the README and in the pages of help, pasted as it stands: but for its ports, which are
//! free ones here, and `/tmp`, which is a directory of the test's own.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::util::*;

/// The ports that stand in documents.
const PORTS: [&str; 9] = [
    "8080", "8098", "8099", "9090", "12345", "12346", "5000", "5050", "6667",
];

const DEADLINE_OF_A_BLOCK: Duration = Duration::from_secs(180);

/// What a block's first line says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Is to come to a good end by itself.
    Pasted,
    /// A server, which stays until another one or the document's end.
    Server,
    /// Somebody at a terminal, who types a name: shows something.
    Terminal,
    /// As the first, and takes its time.
    Long,
    /// Needs more than a test has: is a good script, and is not run.
    Elsewhere,
}

#[derive(Debug)]
struct Block {
    kind: Kind,
    line: usize,
    script: String,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let kind = match line {
            "```sh" => Kind::Pasted,
            "```sh server" => Kind::Server,
            "```sh terminal" => Kind::Terminal,
            "```sh long" => Kind::Long,
            "```sh elsewhere" => Kind::Elsewhere,
            _ => continue,
        };
        let body = lines.by_ref().map(|(_, line)| line);
        let script: Vec<&str> = body.take_while(|line| *line != "```").collect();
        blocks.push(Block {
            kind,
            line: at + 1,
            script: script.join("\n"),
        });
    }
    blocks
}

/// Where the blocks of one document run.
struct Shell {
    dir: TempDir,
    ports: Vec<(&'static str, String)>,
}

impl Shell {
    fn new() -> Shell {
        let free = |port| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = listener.local_addr().expect("it has one");
            (port, address.port().to_string())
        };
        Shell {
            dir: TempDir::new(),
            ports: PORTS.into_iter().map(free).collect(),
        }
    }

    fn here(&self, script: &str) -> String {
        let mut here = script
            .replace("/tmp/", &format!("{}/", self.dir.join("").display()))
            .replace("0.0.0.0", "127.0.0.1")
            .replace("target/release/hubbub", "hubbub");
        for (port, free) in &self.ports {
            here = here.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{free}"));
            here = here.replace(&format!("127.0.0.1 {port}"), &format!("127.0.0.1 {free}"));
            here = here.replace(
                &format!("\"127.0.0.1\", {port}"),
                &format!("\"127.0.0.1\", {free}"),
            );
        }
        here
    }

    fn bash(&self, arguments: &[&str], script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_hubbub"));
        let path = std::env::var("PATH").unwrap_or_default();
        let folder = program.parent().expect("a folder").display();
        let default_port = &self.ports[0].1;
        let mut command = Command::new("bash");
        command
            .args(arguments)
            .args(["-c", script])
            .current_dir(self.dir.join(""))
            .env("PATH", format!("{folder}:{path}"))
            .env("HOME", self.dir.join(""))
            .env("HUBBUB_LISTEN", format!("127.0.0.1:{default_port}"))
            .env("PYTHONUNBUFFERED", "1")
            .env("TMPDIR", self.dir.join(""))
            .env_remove("RUST_LOG");
        command
    }

    /// A group of processes of its own, so that what it leaves behind can be ended with it.
    fn start(&self, script: &str) -> Group {
        let mut command = self.bash(&["-eu"], script);
        Group(start(command.process_group(0).stdin(Stdio::piped())))
    }
}

/// A shell with all that it started; dropping it ends them.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        // They may have ended already.
        let _ = Command::new("kill")
            .args(["-s", "KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.0.wait();
    }
}

fn has_program(script: &str) -> bool {
    let name = script.split_whitespace().next().expect("a command");
    let found = Command::new("which").arg(name).output();
    found.is_ok_and(|output| output.status.success())
}

fn run_document(name: &str, kinds: &[Kind]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let document = std::fs::read_to_string(path).expect("a document");
    let shell = Shell::new();
    let mut server = None;
    for Block { kind, line, script } in blocks(&document) {
        let place = format!("{name}:{line}");
        let script = shell.here(&script);
        let read = run(&mut shell.bash(&["-n"], &script));
        assert!(read.status.success(), "{place}: {read:?}");
        if !kinds.contains(&kind) {
            continue;
        }
        match kind {
            Kind::Server => {
                drop(server.take());
                let command = shell.bash(&["-eu"], &format!("exec {script}"));
                server = Some(Server::spawn(command, 1));
            }
            Kind::Pasted | Kind::Long => {
                let mut group = shell.start(&script);
                drop(group.0.stdin.take());
                let (stdout, _) = Captured::from(group.0.stdout.take().expect("piped"));
                let (stderr, _) = Captured::from(group.0.stderr.take().expect("piped"));
                let status = exit_within(&mut group.0, DEADLINE_OF_A_BLOCK);
                let (stdout, stderr) = (stdout.text(), stderr.text());
                assert!(status.success(), "{place}: {status}\n{stdout}\n{stderr}");
            }
            Kind::Terminal if has_program(&script) => {
                let mut group = shell.start(&script);
                let mut stdin = group.0.stdin.take().expect("piped");
                // A script that stands in the block reads none of it.
                let _ = stdin.write_all(b"visitor\n");
                let (stdout, _) = Captured::from(group.0.stdout.take().expect("piped"));
                let shown = stdout.wait(|text| text.contains("joined") || text.contains("welcome"));
                assert!(shown.is_ok(), "{place}: {shown:?}");
            }
            Kind::Terminal => eprintln!("{place}: there is no such program here"),
            Kind::Elsewhere => {}
        }
    }
}

const QUICK: [Kind; 3] = [Kind::Pasted, Kind::Server, Kind::Terminal];

#[test]
fn blocks_of_the_readme() {
    run_document("README.md", &QUICK);
}

fn pages() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/help");
    let files = std::fs::read_dir(folder).expect("a folder");
    let names = files.map(|file| file.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("a name"));
    let pages = names.filter(|name| name.ends_with(".md"));
    pages.map(|name| format!("src/help/{name}")).collect()
}

#[test]
fn blocks_of_the_pages_of_help() {
    for page in pages() {
        run_document(&page, &QUICK);
    }
}

/// `cargo test --release --test server documents -- --ignored`
#[test]
#[ignore = "loads with thousands"]
fn long_blocks_of_the_pages_of_help() {
    for page in pages() {
        run_document(&page, &[Kind::Long]);
    }
}

#[test]
fn the_readme_is_short() {
    let readme = include_str!("../../README.md");
    assert!(readme.lines().count() <= 300);
}
