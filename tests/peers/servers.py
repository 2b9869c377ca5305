"""The servers that are compared: where each is found, how it is started, and how it is ended."""

import ctypes
import os
import platform
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"
START_S = 20
STOP_S = 5
PR_SET_PDEATHSIG = 1

LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Server:
    """One kind of server.

    `arguments` follow the program's path; @PORT@, @CONF@ and @DIR@ in them are filled in, and in the
    configuration file (`name`.conf beside this file, if there is one) @SENDQ@ as well: what may wait
    for one slow reader, without limit (first) or as the program has it by default (second). `load` is
    what `hubbub load` needs to be told for this server alone. `scheme` stands in front of its address where
    it is reached over TLS or a WebSocket: such a server is asked only by rows that name it, as is one that
    `is_apart`.
    """

    name: str
    title: str
    dialect: str
    program: str
    arguments: tuple
    version: tuple = ("--version",)
    has_rooms: bool = True
    sendq: tuple = ("", "")
    load: tuple = ()
    scheme: str = ""
    is_apart: bool = False


SERVERS = (
    Server("floor", "floor", "line", "hubbub", ("load", "--floor", f"{HOST}:@PORT@"), has_rooms=False),
    Server("hubbub", "Hubbub", "text", "hubbub", ("--no-console", "--listen", f"text://{HOST}:@PORT@")),
    Server(
        "floor-tls",
        "floor, TLS",
        "line",
        "hubbub",
        ("load", "--floor", f"tls://{HOST}:@PORT@"),
        has_rooms=False,
        scheme="tls://",
    ),
    Server(
        "hubbub-tls",
        "Hubbub, TLS",
        "text",
        "hubbub",
        ("--no-console", "--tls-self-signed", "--listen", f"tls+text://{HOST}:@PORT@"),
        scheme="tls://",
    ),
    Server(
        "hubbub-ws",
        "Hubbub, WebSocket",
        "text",
        "hubbub",
        ("--no-console", "--listen", f"http://{HOST}:@PORT@"),
        scheme="ws://",
    ),
    Server(
        "hubbub-wss",
        "Hubbub, WebSocket over TLS",
        "text",
        "hubbub",
        ("--no-console", "--tls-self-signed", "--listen", f"tls+http://{HOST}:@PORT@"),
        scheme="wss://",
    ),
    Server(
        "hubbub-irc",
        "Hubbub, IRC",
        "irc",
        "hubbub",
        ("--no-console", "--listen", f"irc://{HOST}:@PORT@"),
        is_apart=True,
    ),
    Server(
        "redis-tls",
        "Redis, TLS",
        "redis",
        "redis-server",
        ("@CONF@",),
        sendq=("0 0 0", "32mb 8mb 60"),
        scheme="tls://",
    ),
    Server("redis", "Redis", "redis", "redis-server", ("@CONF@",), sendq=("0 0 0", "32mb 8mb 60")),
    Server(
        "inspircd",
        "InspIRCd",
        "irc",
        "inspircd",
        ("--nofork", "--nopid", "--runasroot", "--config", "@CONF@"),
        sendq=("1000000000", "1048576"),
    ),
    Server(
        "ngircd",
        "ngIRCd",
        "irc",
        "ngircd",
        ("--nodaemon", "--config", "@CONF@"),
        # Only ten may wait to be accepted; others would try again after seconds.
        load=("--ramp", "100/s"),
    ),
    Server("nats", "NATS", "nats", "nats-server", ("--config", "@CONF@"), sendq=("1GB", "64MB")),
    Server("mosquitto", "mosquitto", "mqtt", "mosquitto", ("-c", "@CONF@"), version=("-h",)),
    Server("asyncio", "asyncio", "line", "asyncio_chat.py", ("@PORT@",), version=(), has_rooms=False),
    Server("threads", "threads", "line", "threads.py", ("@PORT@",), version=(), has_rooms=False),
)


class Failed(Exception):
    """Why something could not be measured."""


def find(server, hubbub):
    """The command that the server's arguments follow, or `None` where it is not there."""
    if server.program == "hubbub":
        return [hubbub] if hubbub else None
    if server.program.endswith(".py"):
        return [sys.executable, str(HERE / server.program)]
    places = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/usr/local/bin"
    found = shutil.which(server.program, path=places)
    return [found] if found else None


def version(server, command):
    """The number that the program gives for itself."""
    if not server.version:
        return "Python " + platform.python_version()
    done = subprocess.run(
        command + list(server.version), capture_output=True, text=True, timeout=20, check=False
    )
    number = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return number.group() if number else "?"


def as_child(core):
    """What a child does first: it stays on one core, may open what the system allows, and ends with us."""

    def prepare():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if core is not None:
            os.sched_setaffinity(0, {core})
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    return prepare


class Ports:
    """Ports that nothing listens on, each used again as late as possible: what a run leaves behind in
    the kernel does not meet the next."""

    def __init__(self, first, count=900):
        self.first, self.count, self.used = first, count, 0

    def next(self):
        for _ in range(self.count):
            port = self.first + self.used % self.count
            self.used += 1
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError:
                    continue
            return port
        raise Failed("no port is free")


class Running:
    """A server that runs, from `with` to its end."""

    def __init__(self, server, command, port, core, keeps_limits):
        self.server, self.command, self.port, self.core = server, command, port, core
        self.sendq = server.sendq[1 if keeps_limits else 0]
        self.process = self.directory = None

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="peers-")
        path = Path(self.directory.name)
        path.chmod(0o755)
        filled = {"@PORT@": str(self.port), "@DIR@": str(path), "@SENDQ@": self.sendq}
        template = HERE / f"{self.server.name}.conf"
        if template.exists():
            if "@DIR@/cert.pem" in template.read_text():
                make_certificate(path)
            conf = path / template.name
            conf.write_text(fill(template.read_text(), filled))
            filled["@CONF@"] = str(conf)
        arguments = [fill(argument, filled) for argument in self.server.arguments]
        if os.geteuid() != 0:
            arguments = [argument for argument in arguments if argument != "--runasroot"]
        self.log = path / "output"
        try:
            with self.log.open("wb") as log:
                self.process = subprocess.Popen(
                    self.command + arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=path,
                    start_new_session=True,
                    preexec_fn=as_child(self.core),
                )
            self.wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_it_listens(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self.check()
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise Failed(f"it did not listen within {START_S} s")

    def check(self):
        """Raises `Failed` where the server has ended."""
        code = self.process.poll()
        if code is None:
            return
        how = f"signal {-code}" if code < 0 else f"exit {code}"
        lines = self.log.read_text(errors="replace").strip().splitlines()
        raise Failed(f"it ended ({how})" + (f": {lines[-1].strip()[:160]}" if lines else ""))

    def rss_bytes(self):
        try:
            fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
            return int(fields[1]) * resource.getpagesize()
        except (OSError, IndexError):
            return 0

    def __exit__(self, *_):
        if self.process:
            end(self.process)
        self.directory.cleanup()


def make_certificate(path):
    """A key and a certificate for it, for a server that makes none itself."""
    openssl = shutil.which("openssl")
    if not openssl:
        raise Failed("openssl is not here to make a certificate")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-days", "2"],
        cwd=path,
        check=True,
        capture_output=True,
        timeout=20,
    )


def end(process):
    """Ends a child, by force where asking does not help."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def fill(text, values):
    for name, value in values.items():
        text = text.replace(name, value)
    return text
