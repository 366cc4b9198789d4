"""``make trial``: every row of the table, long. Exits with 1 when one falls short."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from tests.trial.events import events, events_postgresql
from tests.trial.faults import full_disk, locked, stopped
from tests.trial.hostile import api, frames, packets, strays
from tests.trial.kills import kills, kills_postgresql
from tests.trial.nodes import instant, killed, still
from tests.trial.partitions import partitions
from tests.trial.races import one_instant, races, races_of_nodes, races_postgresql
from tests.trial.row import Row, table, write
from tests.trial.shared import postgres, redis
from tests.trial.sockets import sockets

Trial = Callable[[Path, int], Awaitable[Row]]

TRIALS: tuple[tuple[str, Trial, int], ...] = (
    ("kills-sqlite", kills, 200),
    ("kills-postgresql", kills_postgresql, 200),
    ("races-sqlite", races, 10),
    ("races-postgresql", races_postgresql, 10),
    ("events-sqlite", events, 50),
    ("events-postgresql", events_postgresql, 50),
    ("instant", one_instant, 500),
    ("locked", locked, 12),
    ("disk", full_disk, 20),
    ("stopped", stopped, 20),
    ("strays", strays, 20),
    ("packets", packets, 10_000_000),
    ("frames", frames, 1_000_000),
    ("api", api, 20_000),
    ("sockets", sockets, 600),
    ("nodes-killed", killed, 50),
    ("nodes-races", races_of_nodes, 10),
    ("nodes-redis", redis, 30),
    ("nodes-postgresql", postgres, 15),
    ("nodes-partitions", partitions, 20),
    ("nodes-still", still, 20),
    ("nodes-instant", instant, 50),
)

_STORES = ("sqlite", "postgresql")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make trial", description=__doc__)
    parser.add_argument("only", nargs="*", help=f"of kills, races, {', '.join(name for name, _, _ in TRIALS)}")
    parser.add_argument("--scale", type=int, help="of the rows named, instead of their own")
    parser.add_argument("--kills", type=int, default=200, help="how many (200)")
    parser.add_argument("--store", choices=_STORES, help="on this one only (both)")
    chosen = parser.parse_args()
    for library in ("engineio.client", "socketio.client", "aiohttp.client", "asyncio"):  # of servers that are gone
        logging.getLogger(library).setLevel(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    rows = []
    for name, trial, scale in TRIALS:
        what, _, store = name.partition("-")
        if (chosen.only and {what, name}.isdisjoint(chosen.only)) or (
            store in _STORES and chosen.store not in (None, store)
        ):
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"trial-{name}-") as folder:
            row = _tried(name, trial, Path(folder), chosen.kills if what == "kills" else chosen.scale or scale)
        rows.append(row)
        write(name, row)
        print(f"{name}: {'ok' if row.ok else 'SHORT'} after {time.monotonic() - began:.0f} s", flush=True)
    print(table(rows))
    return 0 if all(row.ok for row in rows) else 1


def _tried(name: str, trial: Trial, folder: Path, scale: int) -> Row:
    """A trial that breaks off is a row that falls short: the others are to be seen all the same."""

    async def run() -> Row:
        return await trial(folder, scale)

    try:
        return asyncio.run(run())
    except Exception as error:
        return Row(name, f"broke off: {type(error).__name__}", "a figure", ok=False, problems=(str(error)[:6000],))


if __name__ == "__main__":
    sys.exit(main())
