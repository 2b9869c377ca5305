"""The CPU time per delivery as a picture: a row of dots for each row of the table, on a log axis."""

import math
from html import escape

import tables
from rows import ROWS
from servers import SERVERS

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 880, 200, 24, 76, 66
LANE, GAP = 11, 14

# Each legible on white and on near black.
COLORS = {
    "floor": "var(--text)",
    "hubbub": "#f0631a",
    "redis": "#d8384f",
    "inspircd": "#3b82d6",
    "ngircd": "#1f9d8b",
    "nats": "#9a6fd0",
    "mosquitto": "#b98a12",
    "asyncio": "#7f8a96",
    "threads": "#5f9e3e",
}

STYLE = """
  svg { --back: #ffffff; --text: #1f2328; --faint: #59636e; --rule: #d9dee3; --band: #f6f8fa; }
  @media (prefers-color-scheme: dark) {
    svg { --back: #0d1117; --text: #e6edf3; --faint: #9198a1; --rule: #30363d; --band: #151b23; }
  }
  text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--text); }
  .title { font-size: 15px; font-weight: 600; }
  .faint { fill: var(--faint); }
  .ours { font-weight: 700; }
"""


def draw(found):
    """The picture, as SVG; it brings its own background, so that it is legible on any page."""
    keys = {record["row"] for record in found["records"]}
    rows = [row for row in ROWS if row.group == "fanout" and row.key in keys]
    servers = [s for s in SERVERS if s.name in found["versions"] and s.name in COLORS]
    values = {}
    for row in rows:
        line = tables.fanout_lines(row)[0]
        for server in servers:
            if tables.records_of(found, row.key, server.name):
                values[row.key, server.name] = tables.median(found, line, server.name)
    known = [value for value in values.values() if value] or [1]
    scale = Scale(min(known) / 1.3, max(known) * 1.3)
    band = LANE * len(servers) + GAP
    height = TOP + band * len(rows) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-label="CPU time per delivery, by server">',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="6" fill="var(--back)"/>',
        label(20, 28, "CPU time per delivery, µs: less is better", "title"),
    ]
    parts += legend(servers)
    for at, row in enumerate(rows):
        top = TOP + band * at
        if at % 2 == 0:
            parts.append(f'<rect x="8" y="{top}" width="{WIDTH - 16}" height="{band}" fill="var(--band)"/>')
        parts += row_title(row, top + band / 2)
    parts += axis(scale, height - BOTTOM)
    for at, row in enumerate(rows):
        first = TOP + band * at + GAP / 2 + LANE / 2
        for lane, server in enumerate(servers):
            if (row.key, server.name) in values:
                value = values[row.key, server.name]
                parts += mark(server, scale, value, first + LANE * lane)
    machine, _, how = tables.about(found).partition("; ")
    parts.append(label(20, height - 28, machine, "faint"))
    parts.append(label(20, height - 12, how, "faint"))
    parts.append("</svg>")
    return "\n".join(part for part in parts if part) + "\n"


class Scale:
    """From a value to where it stands, in logarithms."""

    def __init__(self, least, most):
        self.least, self.most = least, most

    def x(self, value):
        part = math.log(value / self.least) / math.log(self.most / self.least)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def ticks(self):
        power = math.floor(math.log10(self.least))
        while 10**power <= self.most:
            for digit in (1, 2, 5):
                value = digit * 10.0**power
                if self.least <= value <= self.most:
                    yield value
            power += 1


def axis(scale, bottom):
    parts = []
    for value in scale.ticks():
        x = scale.x(value)
        parts.append(f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="var(--rule)"/>')
        parts.append(label(x, bottom + 16, f"{value:g}", "faint", "middle"))
    return parts


def legend(servers):
    parts, x, y = [], 26, 54
    for server in servers:
        width = 28 + (8 if server.name == "hubbub" else 7) * len(server.title)
        if x + width > WIDTH - RIGHT:
            x, y = 26, y + 20
        parts.append(shape(server, x, y - 4))
        parts.append(label(x + 10, y, server.title, "ours" if server.name == "hubbub" else ""))
        x += width
    return parts


def row_title(row, middle):
    first, _, rest = row.label.partition(", ")
    return [label(20, middle - 3, first), label(20, middle + 13, rest, "faint")]


def mark(server, scale, value, y):
    """A server's dot with what it stands for, or that there is none."""
    if value is None:
        return [small(label(WIDTH - 16, y + 4, f"{server.title}: -", "faint", "end"))]
    x = scale.x(value)
    bold = "ours" if server.name == "hubbub" else "faint"
    text = tables.decimal(value)
    is_late = x + 48 > WIDTH - 8
    beside = label(x - 9, y + 4, text, bold, "end") if is_late else label(x + 9, y + 4, text, bold)
    return [shape(server, x, y), small(beside)]


def small(text):
    return text.replace("<text ", '<text style="font-size:10px" ')


def shape(server, x, y):
    color = COLORS[server.name]
    if server.name == "floor":
        return f'<path d="M{x:.1f} {y - 5:.1f}v10" stroke="{color}" stroke-width="3"/>'
    if server.name == "hubbub":
        return f'<path d="M{x:.1f} {y - 6.5:.1f}l6.5 6.5l-6.5 6.5l-6.5 -6.5z" fill="{color}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}"/>'


def label(x, y, text, kind="", anchor="start"):
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(text)}</text>'
