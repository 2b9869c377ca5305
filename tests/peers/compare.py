#!/usr/bin/env python3
"""Compares Hubbub with the servers that people would pick instead, side by side on this machine.

It installs nothing: of ngircd, inspircd, redis-server, mosquitto and nats-server those are measured
that are in PATH or in sbin, and with them two small Python servers from this directory and the floor,
a bare program that writes each block it reads to every other socket (`hubbub load --floor`).

Each runs with its configuration file from this directory, in which its limits are lifted, alone, on
one core, bound to 127.0.0.1; `hubbub load` runs on another core. For each row all servers take
turns, as many times as there are runs, and a cell is the median of its server's runs. A cell with -
has a note that says why; what was lost, doubled, reordered or garbled has one too; an empty one was
not asked (rooms of servers that have none).

A whole comparison takes about an hour and a half. Descriptors: 20,000 (ulimit -n).

  cargo build --release
  tests/peers/compare.py --quick
  tests/peers/compare.py --json peers.json --markdown peers.md --svg peers.svg
  tests/peers/compare.py --rows fanout --peers redis,nats
  tests/peers/compare.py --from peers.json --svg peers.svg      draw again what was measured
"""

import argparse
import datetime
import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True  # beside the source would be no place for it

import plot
import rows
import servers
import tables
from servers import Failed

ROOT = servers.HERE.parent.parent
MEMORY_MAX_BYTES = 4 << 30
FAILURES_MAX = 2


def main():
    options = arguments()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, interrupt)
    try:
        if options.earlier:
            found = merge([json.loads(path.read_text()) for path in options.earlier])
        else:
            found = measure_all(options)
    except (ValueError, OSError) as e:
        print(f"compare.py: {e}", file=sys.stderr)
        return 2
    made = tables.make(found)
    print("\n" + tables.as_text(found, made))
    for path, text in (
        (options.markdown, tables.as_markdown(found, made)),
        (options.svg, plot.draw(found)),
    ):
        if path:
            path.write_text(text)
    return 0


def interrupt(*_):
    raise KeyboardInterrupt


def arguments():
    about, _, more = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    names = [server.name for server in servers.SERVERS if server.program != "hubbub"]
    peers = ", ".join(names)
    groups = ", ".join(dict.fromkeys(row.group for row in rows.ROWS))
    keys = ", ".join(row.key for row in rows.ROWS)
    add("--rows", type=listed, metavar="ROW,…", help=f"some rows, by group ({groups}) or by name ({keys})")
    add("--peers", type=listed, metavar="PEER,…", help=f"some peers beside floor and hubbub ({peers}), or none")
    add("--runs", type=int, default=3, metavar="N", help="runs for each cell [3]")
    add("--seconds", type=float, default=4, metavar="S", help="how long is spoken in each run [4]")
    add("--quick", action="store_true", help="one run of a second, and only rows of at most 1,000 clients")
    add("--deadline", type=float, default=120, metavar="S", help="how long a run may take beside that [120]")
    add("--hubbub", type=Path, metavar="FILE", help="the program [target/release/hubbub]")
    add("--port", type=int, default=22000, metavar="N", help="the first of 900 ports to try [22000]")
    add("--json", type=Path, metavar="FILE", help="keep the raw figures, after each run")
    add("--markdown", type=Path, metavar="FILE", help="write the tables as Markdown")
    add("--svg", type=Path, metavar="FILE", help="draw the CPU time per delivery")
    add("--from", dest="earlier", type=Path, action="append", metavar="FILE",
        help="measure nothing: take what --json kept; may be given again and again")
    options = parser.parse_args()
    if options.quick:
        options.runs, options.seconds = 1, 1
    if options.runs < 1 or options.seconds <= 0:
        parser.error("--runs and --seconds are more than 0")
    for name in options.peers or []:
        if name not in names and name != "none":
            parser.error(f"there is no peer {name}: {peers}")
    return options


def listed(text):
    return [name for name in text.split(",") if name]


def merge(earlier):
    """Several measurements as one; of a cell that stands in more than one, the last counts."""
    merged = earlier[0]
    for found in earlier[1:]:
        again = {(record["row"], record["server"]) for record in found["records"]}
        kept = [r for r in merged["records"] if (r["row"], r["server"]) not in again]
        versions = {**merged["versions"], **found["versions"]}
        merged = {**found, "versions": versions, "records": kept + found["records"]}
    return merged


def measure_all(options):
    chosen = rows.select(options.rows, options.quick)
    hubbub = find_hubbub(options.hubbub)
    commands = {}
    for server in servers.SERVERS:
        is_asked = options.peers is None or server.name in options.peers
        if server.program != "hubbub" and not is_asked:
            continue
        command = servers.find(server, hubbub)
        if command:
            commands[server] = command
        else:
            say(f"{server.title} is not here")
    cores = sorted(os.sched_getaffinity(0))
    found = {
        "machine": machine(),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "runs": options.runs,
        "seconds": options.seconds,
        "cores": len(cores),
        "versions": {s.name: servers.version(s, command) for s, command in commands.items()},
        "records": [],
    }
    ports = servers.Ports(options.port)
    try:
        for row in chosen:
            for run in range(options.runs):
                for server, command in commands.items():
                    if row.asks(server) and not has_failed(found, row, server):
                        record = measure(row, server, command, hubbub, ports, cores, options)
                        say_record(row, server, run, record)
                        found["records"].append(record)
                        keep(options.json, found)
    except KeyboardInterrupt:
        say("interrupted: this is what there is")
    return found


def find_hubbub(given):
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = given or target / "release" / "hubbub"
    if not path.is_file():
        raise ValueError(f"{path} is not there: cargo build --release")
    return str(path.resolve())


def has_failed(found, row, server):
    """Has it failed too often to be asked again?"""
    failed = [
        record
        for record in found["records"]
        if (record["row"], record["server"]) == (row.key, server.name) and record["why"]
    ]
    return len(failed) >= FAILURES_MAX


def measure(row, server, command, hubbub, ports, cores, options):
    """One run of one server: its figures, or why there are none."""
    record = {"row": row.key, "server": server.name, "figures": None, "why": None, "command": None}
    try:
        port = ports.next()
        server_core, load_core = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
        with servers.Running(server, command, port, server_core, row.keeps_limits) as running:
            tail = ["--dialect", server.dialect, *row.arguments, *server.load]
            tail += ["--for", time_of(options.seconds)]
            record["command"] = " ".join(["hubbub load ADDRESS", *tail, "--pid PID"])
            address = f"{server.scheme}{servers.HOST}:{port}"
            load = [hubbub, "load", address, *tail, "--pid", str(running.process.pid), "--json"]
            figures = run_load(load, load_core, running, options.deadline + options.seconds)
            figures.pop("samples", None)
            record["figures"] = figures
            record["why"] = shortfall(figures, row)
    except Failed as e:
        record["why"] = str(e)
    return record


def time_of(seconds):
    """A time as the load tester has it: it knows no fractions."""
    return f"{seconds:.0f}s" if seconds == int(seconds) else f"{seconds * 1000:.0f}ms"


def run_load(load, core, running, allowed_s):
    """Runs the load tester beside the server; its figures."""
    started = time.monotonic()
    process = subprocess.Popen(
        load,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=servers.as_child(core),
    )
    stopped = None
    try:
        while True:
            try:
                out, err = process.communicate(timeout=0.25)
                break
            except subprocess.TimeoutExpired:
                pass
            running.check()
            if running.rss_bytes() > MEMORY_MAX_BYTES:
                raise Failed(f"it took more than {MEMORY_MAX_BYTES >> 30} GiB of memory")
            late = time.monotonic() - started - allowed_s
            if late > 0 and not stopped:
                stopped = f"it was not done within {allowed_s:g} s"
                process.send_signal(signal.SIGINT)
            if late > servers.STOP_S:
                raise Failed(stopped)
    finally:
        servers.end(process)
    running.check()
    try:
        figures = json.loads(out)
    except json.JSONDecodeError:
        said = err.strip().splitlines() or ["nothing"]
        raise Failed(stopped or f"the load tester ended ({process.returncode}): {said[-1]}") from None
    if stopped and figures["joined"] < figures["clients"]:
        raise Failed(f"{stopped}: {figures['joined']:,} of {figures['clients']:,} clients were in")
    if stopped:
        raise Failed(stopped)
    return figures


def shortfall(figures, row):
    """Why the figures are none of the row that was asked for."""
    if figures["joined"] < figures["clients"]:
        notes = "".join(f": {note}" for note in figures["notes"][:1])
        return f"{figures['joined']:,} of {figures['clients']:,} clients came in{notes}"
    if row.speaks and not figures["delivered"]:
        return "nothing was delivered"
    if figures["server"] is None:
        return "the server's process could not be read"
    return None


def say_record(row, server, run, record):
    figures = record["figures"]
    if record["why"]:
        what = "- " + record["why"]
    else:
        what = tables.summary(row.group, figures)
        if tables.faults(figures):
            what += ", " + tables.faults(figures)
    say(f"{row.key:12} {server.title:10} run {run + 1}: {what}")


def keep(path, found):
    if path:
        path.write_text(json.dumps(found, indent=1) + "\n")


def machine():
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def say(line):
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
