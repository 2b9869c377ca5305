"""The tables: medians, ratios, and a note for whatever could not be done or went wrong."""

import statistics
from dataclasses import dataclass, field

from rows import ROWS
from servers import SERVERS

MIB = 1 << 20


@dataclass
class Line:
    """A line of a table: what one figure of one row is, for each server."""

    label: str
    row: str
    value: object
    shown: object


@dataclass
class Table:
    title: str
    header: list
    lines: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    rows: list = field(default_factory=list)


def make(found):
    """The tables of what was measured."""
    measured = {record["row"] for record in found["records"]}
    chosen = [row for row in ROWS if row.key in measured]
    tables = []
    for group, title, reference, lines_of in GROUPS:
        rows = [row for row in chosen if row.group == group]
        if rows:
            lines = [line for row in rows for line in lines_of(row)]
            tables.append(table(found, title, reference, rows, lines))
    return tables


def table(found, title, reference, rows, lines):
    asked = {record["server"] for record in found["records"] if record["row"] in [r.key for r in rows]}
    columns = [server for server in SERVERS if server.name in asked]
    names = [server.name for server in columns]
    has_ratio = reference in names and "hubbub" in names
    header = [""] + [server.title for server in columns]
    if has_ratio:
        reference_title = columns[names.index(reference)].title
        header.insert(names.index("hubbub") + 2, f"Hubbub / {reference_title}")
    made = Table(title, header, rows=[row for row in rows if commands(found, row)])
    for line in lines:
        cells = [cell(found, made, line, server) for server in columns]
        if has_ratio:
            ours, theirs = (median(found, line, name) for name in ("hubbub", reference))
            ratio = f"{ours / theirs:.2f}" if ours is not None and theirs else "-"
            cells.insert(names.index("hubbub") + 1, ratio)
        made.lines.append([line.label] + cells)
    return made


def cell(found, made, line, server):
    """A figure with the marks of its notes, or - with that of the reason."""
    records = records_of(found, line.row, server.name)
    if not records:
        return ""
    value = median(found, line, server.name)
    marks = []
    for reason in reasons(records):
        note = f"{server.title}: {reason}"
        if note not in made.notes:
            made.notes.append(note)
        marks.append(f"[{made.notes.index(note) + 1}]")
    shown = line.shown(value) if value is not None else "-"
    return " ".join([shown] + marks)


def reasons(records):
    """What went wrong in a cell's runs, in sentences."""
    failed = [record["why"] for record in records if record["why"]]
    good = [record["figures"] for record in records if not record["why"]]
    said = []
    for why in dict.fromkeys(failed):
        said.append(f"{failed.count(why)} of {len(records)} runs: {why}" if good else why)
    faulty = [faults(figures) for figures in good if faults(figures)]
    if faulty:
        said.append(f"{len(faulty)} of {len(good)} runs, as in: {faulty[0]}")
    return said


def faults(figures):
    """What was wrong with what was heard, or nothing."""
    kinds = ("lost", "doubled", "reordered", "garbled")
    said = [f"{figures[kind]:,} {kind}" for kind in kinds if figures[kind]]
    if figures["disconnected"]:
        said.append(f"{figures['disconnected']:,} clients disconnected")
    return f"{', '.join(said)} of {figures['expected']:,} deliveries" if said else ""


def records_of(found, row, server):
    return [r for r in found["records"] if (r["row"], r["server"]) == (row, server)]


def median(found, line, server):
    """The median over the runs that were good; `None` where none was."""
    good = [r["figures"] for r in records_of(found, line.row, server) if not r["why"]]
    values = [value for value in map(line.value, good) if value is not None]
    return statistics.median(values) if values else None


def fanout_lines(row):
    return [Line(row.label, row.key, cpu_us, decimal)]


def latency_lines(row):
    return [
        Line(f"{row.label}: p50, ms", row.key, latency_ms("p50"), decimal),
        Line(f"{row.label}: p99, ms", row.key, latency_ms("p99"), decimal),
    ]


def rooms_lines(row):
    return latency_lines(row) + [Line(f"{row.label}: CPU µs/delivery", row.key, cpu_us, decimal)]


def idle_lines(row):
    return [
        Line(f"{row.label}: RSS bytes each", row.key, of_server("rss_bytes_per_connection"), whole),
        Line(f"{row.label}: RSS before, MiB", row.key, of_server("rss_before_bytes"), mib),
        Line(f"{row.label}: RSS after all left, MiB", row.key, of_server("rss_after_bytes"), mib),
    ]


def joins_lines(row):
    return [
        Line(f"{row.label}: s", row.key, lambda figures: figures["joining_s"], decimal),
        Line(f"{row.label}: CPU s", row.key, lambda f: f["server"]["joining_us"] / 1e6, decimal),
        Line(f"{row.label}: RSS at most, MiB", row.key, of_server("rss_peak_bytes"), mib),
    ]


def storm_lines(row):
    after = f"{row.label}: RSS after all left, MiB"
    return joins_lines(row) + [Line(after, row.key, of_server("rss_after_bytes"), mib)]


def slow_lines(row):
    return [
        Line(f"{row.label}: messages/s", row.key, lambda f: f["sent"] / f["speaking_s"], whole),
        Line(f"{row.label}: RSS at most, MiB", row.key, of_server("rss_peak_bytes"), mib),
    ]


def cpu_us(figures):
    return figures["server"]["cpu_us_per_delivery"]


def latency_ms(which):
    return lambda figures: figures["latency_us"][which] / 1000


def of_server(name):
    return lambda figures: figures["server"][name]


def decimal(value):
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def whole(value):
    return f"{value:,.0f}"


def mib(value):
    return f"{value / MIB:.1f}"


GROUPS = (
    ("fanout", "CPU time per delivery, µs", "floor", fanout_lines),
    ("over", "CPU time per delivery over TLS and WebSockets, µs", "floor-tls", fanout_lines),
    ("latency", "Latency", "floor", latency_lines),
    ("rooms", "Many rooms", "redis", rooms_lines),
    ("idle", "Memory of idle clients", None, idle_lines),
    ("storm", "All at once", None, storm_lines),
    ("slow", "Slow readers", None, slow_lines),
    ("irc-fanout", "CPU time per delivery of IRC, µs", None, fanout_lines),
    ("irc-idle", "Memory of idle clients of IRC", None, idle_lines),
    ("irc-joins", "Joins by IRC", None, joins_lines),
)


def summary(group, figures):
    """One run in a few words."""
    lines_of = next(lines_of for name, _, _, lines_of in GROUPS if name == group)
    row = next(row for row in ROWS if row.group == group)
    said = []
    for line in lines_of(row):
        value = line.value(figures)
        name = line.label.removeprefix(row.label).lstrip(": ") or "CPU µs/delivery"
        said.append(f"{name} {line.shown(value) if value is not None else '-'}")
    return ", ".join(said)


def commands(found, row):
    """The command of a row, with the placeholder DIALECT."""
    own = {server.name for server in SERVERS if server.load}
    asked = [r for r in found["records"] if r["row"] == row.key and r["command"]]
    for record in sorted(asked, key=lambda record: record["server"] in own):
        words = record["command"].split()
        words[words.index("--dialect") + 1] = "DIALECT"
        return " ".join(words)
    return None


def about(found):
    runs = "1 run" if found["runs"] == 1 else f"medians of {found['runs']} runs"
    apart = "server and load on one core each" if found["cores"] > 1 else "server and load on the same core"
    return f"{found['date']}, {found['machine']}; {runs} of {found['seconds']:g} s; 64 bytes a message; {apart}."


def versions(found):
    servers = [server for server in SERVERS if server.name in found["versions"]]
    said = [
        f"{server.title} {found['versions'][server.name]} ({server.dialect})"
        for server in servers
        if server.name != "floor"
    ]
    return "Server, version and DIALECT: " + ", ".join(said) + "; floor (line)."


def command_lines(found, one):
    """The commands that repeat a table's rows, and what single servers need beside."""
    lines = [f"{commands(found, row)}  # {row.label}" for row in one.rows]
    for server in SERVERS:
        if server.load and server.title in one.header:
            lines.append(f"# {server.title} with {' '.join(server.load)}")
    return lines


def as_text(found, made):
    out = [about(found), versions(found)]
    for one in made:
        lines = [one.header] + one.lines
        widths = [max(len(line[at]) for line in lines) for at in range(len(one.header))]
        out += ["", one.title]
        for line in lines:
            first, rest = line[0].ljust(widths[0]), zip(line[1:], widths[1:])
            out.append("  ".join([first] + [text.rjust(width) for text, width in rest]).rstrip())
        out += [f"[{number}] {note}" for number, note in enumerate(one.notes, 1)]
        out += command_lines(found, one)
    return "\n".join(out)


def as_markdown(found, made):
    out = [about(found), "", versions(found)]
    for one in made:
        out += ["", f"**{one.title}**", ""]
        out.append("| " + " | ".join(one.header) + " |")
        out.append("|" + "---|" + "--:|" * (len(one.header) - 1))
        at = one.header.index("Hubbub") if "Hubbub" in one.header else None
        for line in one.lines:
            cells = [superscript(text) for text in line]
            if at and cells[at]:
                cells[at] = f"**{cells[at]}**"
            out.append("| " + " | ".join(cells) + " |")
        if one.notes:
            out.append("")
            out += [f"{number}. {note}" for number, note in enumerate(one.notes, 1)]
        out += ["", "<details><summary>Commands</summary>", "", "```sh"]
        out += command_lines(found, one)
        out += ["```", "", "</details>"]
    return "\n".join(out) + "\n"


def superscript(text):
    return text.replace(" [", "[").replace("[", "<sup>").replace("]", "</sup>")
