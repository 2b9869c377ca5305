#!/usr/bin/env python3
"""Has programs take over from a server again and again while thousands are connected, and prints what they noticed.

    takeovers.py target/release/hubbub                       5,000 connections of every dialect under load, 20 times
    takeovers.py target/release/hubbub --idle 19000          idle ones, and a few who talk
    takeovers.py target/release/hubbub --idle 9000 --tls     the same over TLS

The clients are `hubbub load`, one for each dialect. A message of every client that talks is expected by those of its
own dialect, and passed on to all others in the room. Exit code 1 where anything was lost, doubled, reordered, garbled
or disconnected, or a take-over failed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time

HOST = "127.0.0.1"
PORTS = {"auto": 18310, "pynet": 18311, "irc": 18312, "tls+auto": 18313}

# Where the clients of each dialect go.
CROWDS = {
    "text": f"text://{HOST}:{PORTS['auto']}",
    "json": f"json://{HOST}:{PORTS['auto']}",
    "pynet": f"pynet://{HOST}:{PORTS['pynet']}",
    "irc": f"irc://{HOST}:{PORTS['irc']}",
    "text/ws": f"ws://{HOST}:{PORTS['auto']}/ws",
    "json/ws": f"ws://{HOST}:{PORTS['auto']}/ws",
}


class Server:
    """The program that serves, whichever of them it is."""

    def __init__(self, program, directory, rest):
        doors = [f"{kind}://{HOST}:{port}" for kind, port in PORTS.items()]
        listen = [word for door in doors for word in ("--listen", door)]
        self.command = [program, *listen, "--run-dir", directory, "--take-over", "--no-console"]
        self.command += ["--tls-self-signed", "--rate-limit", "off", *rest]
        self.log = open(f"{directory}/log", "w+")
        self.process = self.start()

    def start(self):
        process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        for line in process.stdout:
            if line.startswith("listening on"):
                return process
        raise SystemExit(f"it does not start: {self.text()}")

    def renew(self):
        """Has another program take over; returns the seconds until that serves. The old one may relay TLS on."""
        begun = time.monotonic()
        old, self.process = self.process, self.start()
        return time.monotonic() - begun, old

    def text(self):
        self.log.seek(0)
        return self.log.read()


def load(program, address, arguments):
    command = [program, "load", address, "--json", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def crowds(program, options, seconds):
    """The processes that load the server, by what they are called."""
    stay = ["--for", f"{seconds:.0f}s", "--patience", "20s"]
    if options.idle:
        scheme = f"tls+text://{HOST}:{PORTS['tls+auto']}" if options.tls else CROWDS["text"]
        idle = ["--scenario", "idle", "--clients", options.idle]
        talk = ["--scenario", "rooms", "--clients", 20, "--rooms", 2, "--rate", 200]
        return {"idle": load(program, scheme, idle + stay), "talking": load(program, scheme, talk + stay)}
    each = options.clients // len(CROWDS)
    rooms = ["--scenario", "rooms", "--clients", each, "--rooms", max(each // 10, 1), "--rate", options.rate]
    # It knows no rooms: all are in the lobby, and one of them talks.
    lobby = ["--scenario", "latency", "--clients", each, "--rate", max(options.rate // 10, 1)]
    kinds = {name: lobby if name == "pynet" else rooms for name in CROWDS}
    for name in ("text/ws", "json/ws"):
        kinds[name] = [*rooms, "--dialect", name.removesuffix("/ws")]
    return {name: load(program, address, kinds[name] + stay) for name, address in CROWDS.items()}


def measure(server, options):
    """Does it, and prints what came of it; returns the exit code."""
    seconds = options.coming + options.times * (options.pause + 1) + 5
    loads = crowds(options.program, options, seconds)
    time.sleep(options.coming)
    took, relays = [], [server.process]
    for _ in range(options.times):
        seconds, old = server.renew()
        took.append(seconds)
        relays.append(old)
        time.sleep(options.pause)
    print(f"taken over {len(took)} times, in {min(took):.3f} to {max(took):.3f} s")
    is_good = True
    head = ("", "clients", "delivered", "of", "lost", "doubled", "reordered", "garbled", "disconnected")
    print("{:>9} {:>7} {:>9} {:>9} {:>5} {:>7} {:>9} {:>7} {:>12}  gap ms  latency ms (p99, max)".format(*head))
    for name, process in loads.items():
        told = process.communicate()[0]
        if not told:
            raise SystemExit(f"{name}: the load cannot be made: {process.args}")
        found = json.loads(told)
        faults = [found[key] for key in head[4:]]
        is_good &= not any(faults) and found["joined"] == found["clients"]
        row = "{:>9} {:>7} {:>9} {:>9} {:>5} {:>7} {:>9} {:>7} {:>12}"
        line = row.format(name, found["joined"], found["delivered"], found["expected"], *faults)
        gap, latency = found["longest_gap_us"] / 1000, found["latency_us"] or {}
        late = [latency.get(key, 0) / 1000 for key in ("p99", "max")]
        print(f"{line}  {gap:6.0f}  {late[0]:.0f}, {late[1]:.0f}")
    server.process.terminate()
    for process in [*relays, server.process]:
        process.wait(30)
    refused = server.text().count("not taken over")
    print(f"refused {refused} times")
    return 0 if is_good and refused == 0 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--clients", type=int, default=5000)
    parser.add_argument("--rate", type=int, default=100, help="messages a second of each dialect's clients")
    parser.add_argument("--idle", type=int, help="so many who say nothing, instead")
    parser.add_argument("--tls", action="store_true", help="the idle ones come over TLS")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two take-overs")
    parser.add_argument("--coming", type=float, default=15.0, help="seconds until all are in")
    parser.add_argument("rest", nargs="*", help="further options of the server, behind --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        server = Server(options.program, directory, options.rest)
        try:
            return measure(server, options)
        finally:
            server.process.terminate()


if __name__ == "__main__":
    sys.exit(main())
