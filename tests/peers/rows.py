"""What is measured: each row is one run of `hubbub load` against each server."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Row:
    """`arguments` follow the address and the dialect. `only` names the servers, where not all are
    asked; `speaks` says whether something is said; `keeps_limits` leaves the servers the limits for slow
    readers that they have by default."""

    key: str
    group: str
    label: str
    arguments: tuple
    clients: int
    speaks: bool = True
    needs_rooms: bool = False
    keeps_limits: bool = False
    only: tuple = field(default=())

    def asks(self, server):
        is_apart = server.scheme or server.is_apart
        is_named = server.name in self.only if self.only else not is_apart
        return is_named and (server.has_rooms or not self.needs_rooms)


def fanout(clients, senders, window):
    each = " each" if senders > 1 else ""
    return Row(
        f"{clients}-{senders}-{window}",
        "fanout",
        f"{clients:,} receivers, {plural(senders, 'sender')}, {window} in flight{each}",
        ("--scenario", "fanout")
        + ("--clients", str(clients), "--senders", str(senders), "--window", str(window)),
        clients,
    )


def latency(clients, rate):
    return Row(
        f"latency-{clients}",
        "latency",
        f"{clients:,} receivers, {rate} messages/s",
        ("--scenario", "latency", "--clients", str(clients), "--senders", "1", "--rate", f"{rate}/s"),
        clients,
    )


OVER = ("floor-tls", "hubbub-tls", "redis-tls", "hubbub-ws", "hubbub-wss")


def over(clients, senders, window):
    """A row of fanout, over TLS and WebSockets."""
    row = fanout(clients, senders, window)
    return replace(row, key=f"over-{row.key}", group="over", only=OVER)


IRC = ("floor", "hubbub", "hubbub-irc", "inspircd", "ngircd")


def irc(row, **changes):
    """A row of servers that speak IRC, beside Hubbub's text door."""
    return replace(row, key=f"irc-{row.key}", group=f"irc-{row.group}", only=IRC, **changes)


def joins(clients):
    return Row(
        f"joins-{clients}",
        "joins",
        f"{clients:,} join one room",
        ("--scenario", "join-storm", "--clients", str(clients)),
        clients,
        speaks=False,
    )


def idle(clients, rooms=1, only=()):
    is_one = rooms == 1
    return Row(
        f"idle-{clients}" if is_one else f"idle-{clients}-rooms",
        "idle",
        f"{clients:,} idle in " + ("one room" if is_one else f"rooms of {clients // rooms}"),
        ("--scenario", "idle", "--clients", str(clients))
        + (() if is_one else ("--rooms", str(rooms))),
        clients,
        speaks=False,
        needs_rooms=not is_one,
        only=only,
    )


def slow(key, clients, slow_percent, label):
    return Row(
        key,
        "slow",
        label,
        ("--scenario", "slow", "--clients", str(clients), "--slow-percent", str(slow_percent))
        + ("--senders", "1", "--window", "32"),
        clients,
        keeps_limits=True,
    )


def plural(count, word):
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


ROWS = (
    fanout(100, 1, 1),
    fanout(1000, 1, 1),
    fanout(5000, 1, 1),
    fanout(1000, 1, 32),
    fanout(5000, 1, 32),
    fanout(1000, 10, 32),
    fanout(5000, 10, 32),
    latency(1000, 20),
    latency(100, 200),
    Row(
        "rooms",
        "rooms",
        "1,000 rooms of 10, 2,000 messages/s",
        ("--scenario", "rooms", "--clients", "10000", "--senders", "1000", "--rooms", "1000")
        + ("--rate", "2000/s"),
        10_000,
        needs_rooms=True,
    ),
    idle(10_000),
    idle(10_000, rooms=1000),
    idle(19_000, only=("hubbub",)),
    Row(
        "join-storm",
        "storm",
        "19,000 join one room",
        ("--scenario", "join-storm", "--clients", "19000"),
        19_000,
        speaks=False,
        only=("hubbub",),
    ),
    over(100, 1, 1),
    over(1000, 1, 32),
    over(1000, 10, 32),
    irc(fanout(100, 1, 1)),
    irc(fanout(1000, 1, 32)),
    irc(fanout(1000, 10, 32)),
    irc(idle(2000)),
    irc(joins(2000)),
    slow("slow-none", 1000, 0, "1,000 who read"),
    slow("slow-all-read", 2000, 0, "2,000 who read"),
    slow("slow-half", 2000, 50, "1,000 who read, 1,000 who stopped"),
)

QUICK_CLIENTS = 1000


def select(names, is_quick):
    """The rows of these names, which are those of rows or groups; raises `ValueError` for others."""
    known = {name for row in ROWS for name in (row.key, row.group)}
    for name in names or ():
        if name not in known:
            raise ValueError(f"there is no row {name}: {', '.join(sorted(known))}")
    chosen = [row for row in ROWS if not names or row.key in names or row.group in names]
    if is_quick and not names:
        chosen = [row for row in chosen if row.clients <= QUICK_CLIENTS]
    return chosen
