"""``make soak``: one server for an hour, call after call, and whether it is afterwards as it was at the start.

    python -m tests.trial.soak [MINUTES] [--at-once CALLS]

Each call is booked, joined by both, negotiated, checked over UDP, has media both ways for a moment, and ends: by the
expert's hang-up, by the client's, or by two sockets that are cut, and the hard stop. Compared, when all is over, are
open descriptors of the server and of its relay worker, their memory, sockets, relay sessions and legs. "At the start"
is after a first tenth of the time, for caches and pools fill themselves once. SQLite's files are held apart: its pool
makes a reader when one is needed, which opens the log (WAL) when it has to, so that there may be as many as the pool
may hold. Exits with 1 when it is not as it was.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import socketio
import structlog

from bench.figures import resident
from bench.hardstop import Party
from tests.e2e.stage import Server
from tests.signaling.relay.helpers import SRTP, Peer, carries, checked
from tests.trial.driver import GUIDELINES, Office, Refused

GROWTH: Final = 0.10  # of memory, and
ROOM: Final = 8 << 20  # bytes, that an allocator may keep
LASTS: Final = 60.0  # seconds: for as long a session whose sockets were cut is open to both
CALM: Final = 180.0  # seconds for those to be over
FILES: Final = 2 * (1 + 8) + 1  # the writer's and eight readers' database and log, and one index
HEAD: Final = ("min", "calls", "fds", "fds relay", "SQLite", "MB", "MB relay", "sockets", "relay sessions", "legs")


@dataclass(frozen=True, slots=True)
class Look:
    """The server at one moment."""

    minute: float
    calls: int
    descriptors: tuple[int, int]  # the server's, the worker's, without those
    files: int  # of SQLite
    memory: tuple[int, int]  # bytes
    sockets: int
    sessions: int  # of the relay
    legs: int

    def row(self) -> tuple[str, ...]:
        memory = (f"{each / 1e6:.1f}" for each in self.memory)
        figures = (*self.descriptors, self.files, *memory, self.sockets, self.sessions, self.legs)
        return f"{self.minute:.1f}", str(self.calls), *map(str, figures)


class Soak:
    """One server, its callers, and how many calls there were."""

    def __init__(self, server: Server, seed: int) -> None:
        self.server = server
        self.office = Office(server)
        self.dice = random.Random(seed)
        self.began = time.monotonic()
        self.booked = self.calls = 0
        self.refused: list[str] = []

    @property
    def processes(self) -> tuple[int, int]:
        assert self.server.process is not None
        server = self.server.process.pid
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        return server, int(children[0])

    async def call(self, http: aiohttp.ClientSession) -> None:
        """One call, from its booking to its end."""
        self.booked += 1
        booked = await self.office.book(http, f"soak-{self.booked}", ends_in=LASTS, minutes=30)
        tokens = (booked["links"][role].partition("#t=")[2] for role in ("client", "expert"))
        pages = [
            Party(role, token, socketio.AsyncClient(reconnection=False), GUIDELINES)
            for role, token in zip(("client", "expert"), tokens, strict=True)
        ]
        client, expert = pages
        peers: list[Peer] = []
        try:
            for page in pages:
                await page.join(self.server.origin)
            for page in pages:
                peers.append(Peer(("127.0.0.1", self.server.media_port), await page.known))
            await checked(*peers)
            for sender, receiver in (peers, reversed(peers)):
                assert await carries(sender, receiver, SRTP), "no media"
            match self.dice.randrange(4):
                case 0:  # both are cut off, without a word
                    return
                case 1:
                    await client.command("hang_up")
                case _:
                    await expert.command("hang_up")
        finally:
            for peer in peers:
                peer.close()
            for page in pages:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(page.socket.disconnect(), 5)
        self.calls += 1

    async def caller(self, until: float) -> None:
        async with aiohttp.ClientSession() as http:
            while time.monotonic() < until:
                try:
                    await self.call(http)
                except (
                    Refused,
                    RuntimeError,
                    AssertionError,
                    TimeoutError,
                    socketio.exceptions.SocketIOError,
                ) as error:
                    self.refused.append(f"{type(error).__name__}: {error}"[:200])
                    await asyncio.sleep(1)

    async def look(self) -> Look:
        metrics = await self.server.call("GET", "/metrics")
        gauges = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line and line[0] != "#")
        figures = (
            gauges["headstrt_sockets"],
            *(gauges[f'headstrt_relay{{figure="{name}"}}'] for name in ("sessions", "legs")),
        )
        sockets, sessions, legs = (int(float(figure)) for figure in figures)
        server, worker = self.processes
        return Look(
            (time.monotonic() - self.began) / 60,
            self.calls,
            (descriptors(server), descriptors(worker)),
            len(files(server)),
            (resident(server), resident(worker)),
            sockets,
            sessions,
            legs,
        )

    async def calm(self) -> Look:
        """Nothing goes on: no socket, no session in the relay; what it looks like then, or after long waiting."""
        end = time.monotonic() + CALM
        while True:
            look = await self.look()
            if (look.sockets == look.sessions == look.legs == 0) or time.monotonic() > end:
                await asyncio.sleep(3)
                return await self.look()
            await asyncio.sleep(1)

    async def run(self, seconds: float, at_once: int) -> None:
        until = time.monotonic() + seconds
        callers = asyncio.gather(*(self.caller(until) for _ in range(at_once)))
        while not callers.done():
            await asyncio.wait([callers], timeout=max(5.0, seconds / 20))
            show((await self.look()).row())
        await callers


def descriptors(process: int) -> int:
    """How many are open, apart from those of SQLite."""
    return len(os.listdir(f"/proc/{process}/fd")) - len(files(process))


def files(process: int) -> list[str]:
    """What SQLite has open: a database, its log and its index of that, some of them many times."""
    found = []
    for link in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            target = os.readlink(link)
            if target.endswith((".sqlite3", ".sqlite3-wal", ".sqlite3-shm")):
                found.append(target)
    return found


def show(row: tuple[str, ...]) -> None:
    print("  ".join(cell.rjust(max(len(head), 6)) for cell, head in zip(row, HEAD, strict=True)), flush=True)


def problems(first: Look, last: Look, soak: Soak) -> list[str]:
    """What is not as it was."""
    found = []
    for number, who in enumerate(("server", "relay worker")):
        if last.descriptors[number] > first.descriptors[number]:
            found.append(f"{who}: {last.descriptors[number] - first.descriptors[number]} descriptors more")
        more = last.memory[number] - first.memory[number]
        if more > first.memory[number] * GROWTH + ROOM:
            found.append(
                f"{who}: {more / 1e6:.1f} MB more, {more / max(1, last.calls - first.calls) / 1e3:.1f} kB a call"
            )
    if last.files > FILES:
        found.append(f"server: SQLite has {last.files} files open, its pool needs {FILES} at most")
    for name in ("sockets", "sessions", "legs"):
        if getattr(last, name):
            found.append(f"{getattr(last, name)} {name} are left")
    if len(soak.refused) > soak.calls * 0.01:
        found.append(f"{len(soak.refused)} calls of {soak.booked} did not come about, the last one: {soak.refused[-1]}")
    return found


async def soaked(folder: Path, minutes: float, at_once: int) -> list[str]:
    terms = "reconnect_grace = 6\nno_show_after_max = 600\n"
    server = Server(folder, terms=terms, settings={"HEADSTRT_LOG_LEVEL": "warning"})
    await server.start()
    try:
        soak = Soak(server, 1)
        show(HEAD)
        await soak.run(minutes * 6, at_once)
        first = await soak.calm()
        print("at the start:")
        show(first.row())
        await soak.run(minutes * 54, at_once)
        last = await soak.calm()
        print("at the end:")
        show(last.row())
        return problems(first, last, soak)
    finally:
        await server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("minutes", nargs="?", type=float, default=60.0)
    parser.add_argument("--at-once", type=int, default=4)
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        found = asyncio.run(soaked(Path(folder), chosen.minutes, chosen.at_once))
    print("\n".join(found) or "as it was")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
