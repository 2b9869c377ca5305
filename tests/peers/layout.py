#!/usr/bin/env python3
"""Writes src/layout.ld: which functions of a released program lie beside each other, those that a start runs first,
then those that users at a terminal need, then those of others; and what is seldom read apart from all. The system maps
a program in pieces of 64 KiB, and a server at rest has in memory what lies in pieces of which anything was used.

It runs the program under valgrind, and names what was run without what a compiler adds. A function that is not named,
or is no more, is no fault: it lies elsewhere.

  cargo build --release
  tests/peers/layout.py target/release/hubbub
"""

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HEAD = """/* Which functions lie beside each other: made by tests/peers/layout.py. */
SECTIONS {
"""
TAIL = """} INSERT BEFORE .text;
SECTIONS {
  .rodata.seldom : { *(.rodata*SELDOM_READ*) }
} INSERT BEFORE .eh_frame;
"""
CROWDS = (
    ("--clients", "12", "--senders", "3", "--rate", "20/s", "--for", "2s"),
    ("--scenario", "idle", "--clients", "1500", "--for", "1s"),
)


def main():
    program = sys.argv[1]
    known, lines = set(), [HEAD]
    for name, dialects in ("start", []), ("talk", ["text"]), ("serve", ["json", "irc"]):
        functions = functions_run(program, dialects) - known
        known |= functions
        lines.append(f"  .text.{name} : {{\n")
        lines += [f"    {function}\n" for function in sorted(functions)]
        lines.append("  }\n")
    (ROOT / "src" / "layout.ld").write_text("".join(lines) + TAIL)


def functions_run(program, dialects):
    """The patterns of the functions that are run by a start, and by users of these dialects."""
    with tempfile.TemporaryDirectory() as directory:
        profile = Path(directory) / "profile"
        doors = [f"--listen={dialect}://127.0.0.1:0" for dialect in dialects or ["text"]]
        valgrind = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={profile}"]
        server = subprocess.Popen(
            valgrind + [program, *doors, "--no-console", "--rate-limit=off"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        listening = [server.stdout.readline() for _ in doors]
        for dialect, line in zip(dialects, listening):
            address = line.split("://")[1].strip()
            for crowd in CROWDS:
                load = [program, "load", address, "--dialect", dialect, *crowd]
                # Where the machine is busy it may be late, and has run what it is to run.
                subprocess.run(load, check=False, capture_output=True)
        time.sleep(1)
        server.send_signal(signal.SIGINT)
        server.wait()
        names = re.findall(r"fn=\(\d+\) (\S+)", profile.read_text())
    names = {name.split("'")[0] for name in names}
    own = {name for name in names if name.startswith(("_ZN", "_R")) or name == "main"}
    return {pattern(name) for name in own} | objects(names)


def objects(names):
    """The patterns of what has these functions in libc, which has no section for each."""
    libc = subprocess.run(["cc", "-print-file-name=libc.a"], capture_output=True, text=True, check=True)
    command = ["nm", "-A", "--defined-only", libc.stdout.strip()]
    symbols = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"libc\.a:(\S+\.o):\w+ [tTwWi] (\S+)", symbols)
    run = {member for member, name in found if name in names}
    # libc has these once for each kind of processor; that of valgrind lacks what newer ones have.
    kinds = {member.split("-")[0] for member in run if re.search("-(sse|avx)", member)} | {"strcmp"}
    newer = {member for member, _ in found if member.split("-")[0] in kinds and re.search("-(evex|avx512)", member)}
    return {f"*libc.a:{member}(.text .text.*)" for member in run | newer | {"pthread_mutex_lock.o"}}


def pattern(name):
    """The function's name, whatever the compiler and the versions of what it is built of."""
    name = re.sub(r"\.llvm\.\d+$", "*", name)
    name = re.sub(r"17h[0-9a-f]{16}E", "17h*E", name)
    # Those that are thought to be run seldom have `.unlikely` between.
    return "*(.text*." + re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", name) + ")"


if __name__ == "__main__":
    main()
