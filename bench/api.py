"""What a booking costs: ``PUT /v1/sessions`` a second beside a bare handler that inserts one row, on both stores.

Ours is the whole service: key, body, rules, two persons, ledger, event, links. The reference is an aiohttp handler in
the same process that reads the same body and writes it as one row through the same engine, with the same commit. Both
are asked by the same client in turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Final

import structlog
import uvloop
from aiohttp import web
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert
from sqlalchemy.schema import CreateTable

from bench.figures import Figure, Report, cpu_seconds
from bench.where import Parts, looking, told
from server.app import Service
from server.config import Settings
from tests.stores import Cluster

CONNECTIONS: Final = 32
ROUNDS: Final = 3
SECONDS: Final = 3.0
EXPERTS: Final = 200
CLIENTS: Final = 5_000
TARGET: Final = 0.5
KEY: Final = "a-key-for-the-benchmark"

PARTS: Final[Parts] = {
    "SQLite itself": ("server/store/sqlite.py:_execute",),
    "the statements of the booking": ("server/store/batch.py", "server/store/bookings.py", "server/store/sessions.py"),
    "begin, savepoint and commit": ("server/store/",),
    "facts and the chain": ("server/policy/facts.py", "signaling/ledger.py"),
    "rules": ("server/policy/", "signaling/session.py", "server/desk/casebook.py"),
    "the answer and the event": ("server/answers.py", "server/webhooks/", "server/tokens.py", "signaling/messages.py"),
    "reading the body": ("server/wire.py", "server/api/requests.py"),
    "one change at a time, and telling of it": ("server/desk/", "server/timers.py", "signaling/attendant.py"),
    "key, headers and route": ("server/api/",),
}
LOOKED_AT: Final = 3
"""So many rounds more for the profile."""

_ROWS: Final = Table(
    "bench_rows",
    MetaData(),
    Column("id", Integer().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)


async def measure() -> Report:
    with tempfile.TemporaryDirectory() as folder:
        measured = [await _figure("SQLite", f"sqlite:///{folder}/bench.db")]
    cluster = Cluster(durable=True)
    try:
        measured.append(await _figure("PostgreSQL", await cluster.fresh()))
    finally:
        cluster.stop()
        cluster.remove()
    return Report(
        "api",
        f"New bookings a second, {CONNECTIONS} at a time over kept connections: the median of {ROUNDS} rounds of "
        f"{SECONDS:.0f} s each, ours and the reference in turns, from one process with one event loop.",
        tuple(figure for figure, _ in measured),
        (
            f"Booked: sessions of {EXPERTS} experts and {CLIENTS} clients, with title, fee and accepted guidelines.",
            "A booking is one statement that asks seven questions, and 10 to 12 rows in six tables: a statement each "
            "on SQLite, one for all on PostgreSQL, where two persons are locked before.",
            "The reference reads the same body and writes it as one row, through the same engine and its commit.",
            "Every commit is on the disk before it is answered, in both.",
            *(where for _, where in measured),
        ),
    )


async def _figure(store: str, url: str) -> tuple[Figure, str]:
    """With it, where the time of a booking goes."""
    rates: dict[bool, list[float]] = {True: [], False: []}
    costs: dict[bool, list[float]] = {True: [], False: []}
    numbers = itertools.count()
    with _served(url) as (process, ours, bare, pipe):
        for round_ in range(ROUNDS + 1):
            for mine, port, request in ((False, bare, _bare), (True, ours, _booking)):
                before = cpu_seconds(process)
                done, seconds = await _asked(port, map(request, numbers))
                if round_:  # the first one warms everything up
                    rates[mine].append(done / seconds)
                    costs[mine].append((cpu_seconds(process) - before) / done * 1000)
        pipe.send("look")
        for _ in range(LOOKED_AT):
            await _asked(ours, map(_booking, numbers))
        pipe.send("stop")
        seen = pipe.recv()
    rate = {mine: statistics.median(of) for mine, of in rates.items()}
    cost = {mine: statistics.median(of) for mine, of in costs.items()}
    figure = Figure(
        f"bookings a second on {store} (CPU of the process for each)",
        f"{rate[True]:,.0f} ({cost[True]:.2f} ms)",
        f"{rate[False]:,.0f} bare rows ({cost[False]:.2f} ms)",
        rate[True] / rate[False],
        f"≥ {TARGET} of the bare rows",
        rate[True] / rate[False] >= TARGET,
    )
    return figure, told(f"a booking on {store}", seen, cost[True], "ms")


# --- who asks ---------------------------------------------------------------------------------------------------------


async def _asked(port: int, requests: Iterator[bytes]) -> tuple[int, float]:
    """How many were answered with success, in how many seconds."""
    done = 0
    until = time.monotonic() + SECONDS

    async def ask() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < until:
            writer.write(next(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            assert head.startswith(b"HTTP/1.1 201 "), (head, body)
            done += 1
        writer.close()

    began = time.monotonic()
    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return done, time.monotonic() - began


def _booking(number: int) -> bytes:
    return _request("PUT", f"/v1/sessions/bk_{number}", number)


def _bare(number: int) -> bytes:
    return _request("PUT", f"/rows/{number}", number)


def _request(method: str, path: str, number: int) -> bytes:
    day, minute = 1 + number // 1440 % 28, number % 1440
    accepted = {"version": "2026-11", "accepted_at": "2030-11-22T10:00:00Z"}
    body = {
        "starts_at": f"2031-{1 + number // 40_320 % 12:02}-{day:02}T{minute // 60:02}:{minute % 60:02}:00Z",
        "duration_minutes": 30,
        "client": {"id": f"c_{number * 7919 % CLIENTS}", "name": "Ada Client", "time_zone": "Europe/Berlin"},
        "expert": {"id": f"e_{number * 104_729 % EXPERTS}", "name": "Max Expert"},
        "title": "Mentoring",
        "fee": {"amount": 12_000, "currency": "USD"},
        "guidelines": {"client": accepted, "expert": accepted},
    }
    content = json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


# --- who answers ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _served(url: str) -> Iterator[tuple[int, int, int, Connection]]:
    """``(process, port of the service, port of the bare handler, pipe)``: one process with one event loop.

    Told to "look" it does, until it is told to stop: then it sends what it saw.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(url, theirs))
    process.start()
    try:
        assert ours.poll(60), "the service did not start"
        port, bare_port = ours.recv()
        yield process.pid or 0, port, bare_port, ours
    finally:
        process.join(20)
        process.kill()


def _serve(url: str, pipe: Connection) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))  # the reference logs nothing
    uvloop.run(_until_told(url, pipe))


async def _until_told(url: str, pipe: Connection) -> None:
    settings = Settings(
        env="development", port=0, media_port=0, media_bind=("127.0.0.1",), database_url=url, api_key=KEY
    )
    service = Service(settings)
    async with service.running(), _bare_rows(service) as bare_port:
        pipe.send((service.port, bare_port))
        heard = partial(asyncio.get_running_loop().run_in_executor, None, pipe.recv)
        await heard()
        with looking(PARTS, "HTTP, the event loop, and commits in their thread") as seen:
            await heard()
        pipe.send(seen)


@contextlib.asynccontextmanager
async def _bare_rows(service: Service) -> AsyncIterator[int]:
    await service.database.write(lambda connection: connection.execute(CreateTable(_ROWS)))

    async def put(request: web.Request) -> web.Response:
        row: dict[str, Any] = {"id": int(request.match_info["id"]), "body": await request.text()}
        await service.database.write(lambda connection: connection.execute(insert(_ROWS).values(row)))
        return web.json_response({"id": row["id"]}, status=201)

    app = web.Application()
    app.router.add_put("/rows/{id}", put)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()
