"""What replaying costs: every stored verdict made again from its ledger, beside the bare reading and hashing of it.

Ours reads a session's entries from SQLite, checks the chain, decodes the bodies, lets the machine follow the facts,
settles them again and compares. The reference reads the same rows from the same file and hashes them, with nothing else
of ours. Both on one core, in turns. The sessions are those of a scripted year (tests/year), with all that goes wrong.
"""

from __future__ import annotations

import hashlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.figures import Figure, Report
from bench.where import Parts, looking, told
from server.policy.replay import replayed
from server.policy.terms import Terms
from signaling.ledger import LABEL, Entry
from tests.year.generator import a_year
from tests.year.happenings import DAY
from tests.year.play import Desk, ms

SESSIONS: Final = 2_000
ROUNDS: Final = 5
TARGET: Final = 4.0
LOOKED_AT: Final = 20
"""So many rounds more for the profile: some seconds."""

PARTS: Final[Parts] = {
    "the chain": ("signaling/ledger.py",),
    "decoding": ("server/policy/facts.py:decode",),
    "the machine": ("signaling/session.py", "server/policy/facts.py:machine_facts"),
    "comparing, and walking through a ledger": ("server/policy/replay.py",),
    "settling": ("server/policy/",),
}
QUERY: Final = "SELECT session_id, seq, body, hash FROM ledger ORDER BY session_id, seq"


async def measure() -> Report:
    desk = _lived()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "year.db"
        entries = _store(desk, path)
        ours: list[float] = []
        bare: list[float] = []
        for _ in range(ROUNDS):  # in turns, so that a busy machine is busy for both
            bare.append(_timed(lambda: _hash(path)))
            ours.append(_timed(lambda: _replay(path, desk.terms)))
        with looking(PARTS, "rows into entries") as seen:
            for _ in range(LOOKED_AT):
                _replay(path, desk.terms)
        reference, mine = min(bare), min(ours)
    count = len(desk.records)
    figure = Figure(
        "sessions replayed a second, one core",
        f"{count / mine:,.0f} ({mine / entries * 1e6:.1f} µs an entry)",
        f"{count / reference:,.0f} read and hashed ({reference / entries * 1e6:.1f} µs an entry)",
        mine / reference,
        f"≤ {TARGET:.0f} times the bare cost",
        mine / reference <= TARGET,
    )
    spread = statistics.median(ours) / statistics.median(bare)
    return Report(
        "replay",
        f"CPU time to replay {count} sessions ({entries} entries) of a scripted year: the best of {ROUNDS} rounds.",
        (figure,),
        (
            "Replayed: chain checked, bodies decoded, machine replayed, settled again, the settlement compared.",
            "Read and hashed: the same rows from the same file, and one SHA-256 for each, compared.",
            f"By the medians of the rounds the ratio is {spread:.2f}.",
            told("a replay", seen, mine / entries * 1e6, "µs an entry"),
        ),
    )


def _lived() -> Desk:
    year, desk = a_year(1, SESSIONS, experts=5, clients=60), Desk()
    for happening in year.happenings:
        desk.happen(happening)
    desk.live_to(ms(400 * DAY))
    return desk


def _store(desk: Desk, path: Path) -> int:
    """A table as the store has it; returns how many entries there are."""
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE ledger (session_id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL,"
        " PRIMARY KEY (session_id, seq)) STRICT"
    )
    rows = [(name, e.seq, e.body, e.hash) for name, record in desk.records.items() for e in record.entries]
    connection.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return len(rows)


def _timed(work: Callable[[], int]) -> float:
    start = time.process_time()
    assert work() > 0
    return time.process_time() - start


def _hash(path: Path) -> int:
    connection = sqlite3.connect(path)
    sha256, session, head, count = hashlib.sha256, "", b"", 0
    for name, seq, body, digest in connection.execute(QUERY):
        if name != session:
            session, head = name, sha256(LABEL + b"\0" + name.encode()).digest()
        head = sha256(b"%s\0%s\0%d\0%s" % (LABEL, head, seq, body.encode())).digest()
        assert head.hex() == digest
        count += 1
    connection.close()
    return count


def _replay(path: Path, terms: Terms) -> int:
    connection = sqlite3.connect(path)
    session, entries, count = "", [], 0
    for name, seq, body, digest in connection.execute(QUERY):
        if name != session:
            if entries:
                count += replayed(session, entries, terms).verdict is not None
            session, entries = name, []
        entries.append(Entry(seq, body, digest))
    count += replayed(session, entries, terms).verdict is not None
    connection.close()
    return count
