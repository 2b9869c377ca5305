//! The blocks for proxies in the manual, each with the real program where it is installed.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::http_client::request;
use crate::util::*;
use crate::websocket_client::*;

/// A proxy that runs; dropping it ends it.
struct Gate {
    child: Child,
    port: u16,
    dir: TempDir,
}

impl Drop for Gate {
    fn drop(&mut self) {
        // nginx ends its worker at SIGTERM, not at SIGKILL.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("bound").port()
}

/// Starts `program` with the block of the manual that begins with `marked`, its ports replaced; `None` where the
/// program is not installed.
fn gate(program: &str, arguments: &[&str], block: &str, backend: u16) -> Option<Gate> {
    let installed = Command::new(program)
        .arg(if program == "caddy" { "version" } else { "-v" })
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if installed.is_err() {
        eprintln!("skipped: {program} is not installed");
        return None;
    }
    let (dir, port) = (TempDir::new(), free_port());
    let text = block
        .replace("8443", "GATE")
        .replace("8080", &backend.to_string())
        .replace("GATE", &port.to_string())
        .replace("DIR", &dir.join("").display().to_string());
    let file = dir.join("conf");
    std::fs::write(&file, text).expect("written");
    let mut command = Command::new(program);
    let file = file.display().to_string();
    command.args(arguments.iter().map(|argument| match *argument {
        "FILE" => &file,
        argument => argument,
    }));
    command
        .env("HOME", dir.join(""))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let child = start(command.stderr(Stdio::null()));
    let gate = Gate { child, port, dir };
    let deadline = std::time::Instant::now() + DEADLINE;
    while std::net::TcpStream::connect(("127.0.0.1", gate.port)).is_err() {
        assert!(
            std::time::Instant::now() < deadline,
            "{program} does not listen"
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Some(gate)
}

/// The block of the manual between ```` ```NAME ```` and its end, without the comment that says where it goes.
fn block(name: &str) -> String {
    let manual =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/help/proxies.md"));
    let manual = manual.expect("a file");
    let begin = format!("```{name}\n");
    let (_, rest) = manual.split_once(&begin).expect(name);
    rest.split_once("```").expect("an end").0.to_owned()
}

fn server(door: &str) -> (Server, u16) {
    let flags = "--trusted-proxy 127.0.0.1 --show-addresses --public-host chat.example";
    let server = Server::open(&[door], flags);
    let (_, port) = server.doors()[0].rsplit_once(':').expect("a port");
    let port = port.parse().expect("a number");
    (server, port)
}

/// From another address than the proxy, so that the server can tell them apart.
fn connect(gate: &Gate, dialect: Dialect) -> Peer {
    let door = format!("{}://127.0.0.1:{}", dialect.name(), gate.port);
    let bind = |socket: &socket2::Socket| {
        let source = std::net::SocketAddr::from(([127, 0, 0, 77], 0));
        socket.bind(&source.into()).expect("a loopback address");
    };
    Peer::try_connect(&door, dialect, bind).expect("somebody listens")
}

/// Comes in over HTTP and WebSocket, and is seen to come from its own address.
fn check_web(gate: &Gate) {
    let mut page = connect(gate, Http);
    page.send(
        request("GET /healthz", "Connection: close\r\n").replace("127.0.0.1", "chat.example"),
    );
    assert_eq!(page.response().status, 200);
    let mut peer = connect(gate, Http);
    // What a client says of itself is not believed.
    let lies =
        "X-Forwarded-For: 9.9.9.9\r\nForwarded: for=8.8.8.8\r\nOrigin: http://chat.example\r\n";
    let upgrade = request("GET /ws", &format!("{}{lies}", upgrade_headers()));
    peer.send(upgrade.replace("Host: 127.0.0.1", "Host: chat.example"));
    assert_eq!(peer.response_to("HEAD ").status, 101);
    peer.send(text_frame(r#"{"type":"join","username":"ann"}"#));
    peer.expect_until("ann");
    peer.send(text_frame(r#"{"type":"whois","username":"ann"}"#));
    peer.expect_until("127.0.0.77");
    drop(peer);
}

fn check_text(gate: &Gate) {
    let mut peer = connect(gate, Text);
    let address = peer.address().to_string();
    peer.expect(PROMPT)
        .send("ann\n")
        .expect_until("joined the chat!\n");
    peer.send("/whois ann\n").expect_until(&address);
}

const NGINX: &str = "daemon off;\npid DIRpid;\nerror_log DIRlog;\n\
    load_module /usr/lib/nginx/modules/ngx_stream_module.so;\nevents {}\n";

#[test]
fn nginx_brings_browsers() {
    let (_server, port) = server("http://127.0.0.1:0");
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths = paths
        .map(|name| format!("{name}_temp_path DIR{name};\n"))
        .concat();
    let block = block("nginx").replace("listen 8443", "listen 127.0.0.1:8443");
    let file = format!("{NGINX}http {{\naccess_log off;\n{paths}{block}}}\n");
    if let Some(gate) = gate("nginx", &["-c", "FILE"], &file, port) {
        check_web(&gate);
    }
}

#[test]
fn nginx_brings_everybody() {
    let (_server, port) = server("text://127.0.0.1:0");
    let file = format!("{NGINX}{}", block("nginx-stream"));
    if let Some(gate) = gate("nginx", &["-c", "FILE"], &file, port) {
        check_text(&gate);
    }
}

#[test]
fn caddy_brings_browsers() {
    let (_server, port) = server("http://127.0.0.1:0");
    let global = "{\n admin off\n auto_https off\n}\n";
    let file = global.to_owned() + &block("caddy").replace("chat.example {", "http://:8443 {");
    let arguments = ["run", "--adapter", "caddyfile", "--config", "FILE"];
    if let Some(gate) = gate("caddy", &arguments, &file, port) {
        check_web(&gate);
    }
}

#[test]
fn caddy_brings_browsers_by_a_certificate_that_it_makes() {
    let (_server, port) = server("http://127.0.0.1:0");
    let global = "{\n admin off\n skip_install_trust\n auto_https disable_redirects\n}\n";
    let site = "https://chat.example:8443 {\n tls internal";
    let file = global.to_owned() + &block("caddy").replace("chat.example {", site);
    let arguments = ["run", "--adapter", "caddyfile", "--config", "FILE"];
    let Some(gate) = gate("caddy", &arguments, &file, port) else {
        return;
    };
    let authority = ".local/share/caddy/pki/authorities/local/root.crt";
    let place = format!("chat.example:{}", gate.port);
    let mut curl = Command::new("curl");
    curl.args([
        "-sS",
        "--retry",
        "9",
        "--retry-all-errors",
        "--retry-delay",
        "1",
    ]);
    curl.args(["--resolve", &format!("{place}:127.0.0.1"), "--cacert"]);
    curl.arg(gate.dir.join(authority));
    let found = run(curl.arg(format!("https://{place}/healthz")));
    assert_eq!(found.stdout, "ok\n", "{found:?}");
}

#[test]
fn haproxy_brings_everybody() {
    for version in ["send-proxy", "send-proxy-v2"] {
        let (_server, port) = server("text://127.0.0.1:0");
        let file = block("haproxy").replace("send-proxy-v2", version);
        if let Some(gate) = gate("haproxy", &["-db", "-f", "FILE"], &file, port) {
            check_text(&gate);
        }
    }
}
