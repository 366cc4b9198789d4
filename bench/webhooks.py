"""From the commit of an event to its first attempt, at 200 events a second: p50, p99 and the longest, on both stores.

Ours is the desk and the deliverer of a server: the event is handed on, claimed, signed and sent to one endpoint. The
reference is the same desk with nothing between: it posts straight after the commit, through the same guarded client,
and would lose the event with the process. The receiver is a process of its own; all clocks are the machine's monotonic.
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
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Final

import structlog
import uvloop
from aiohttp import web

from bench.figures import Figure, Report
from server.app import wall_clock
from server.desk import Booking, Desk, Rules
from server.policy.money import Money
from server.policy.terms import Terms
from server.store.database import open_database
from server.store.migrate import upgrade
from server.store.sessions import Party
from server.webhooks.delivery import Deliverer
from server.webhooks.egress import Egress
from signaling.session import MINUTE, Accept, Join, Ms, Role
from tests.stores import Cluster

RATE: Final = 200
SECONDS: Final = 20
WARM: Final = 5
TARGET_MS: Final = 250.0
COMMITS: Final = ((1,), (2, 3), (4, 5), (6, 7))
"""The events of one session here, by the transactions that they are committed in."""

EACH: Final = 7
_CALM: Final = 10.0

Arrived = dict[tuple[str, int], float]


async def measure() -> Report:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        figures += await _figures("SQLite", f"sqlite:///{folder}/bench.db", f"sqlite:///{folder}/bare.db")
    cluster = await asyncio.to_thread(Cluster, durable=True)
    try:
        figures += await _figures("PostgreSQL", await cluster.fresh(), await cluster.fresh())
    finally:
        await asyncio.to_thread(cluster.remove)
    return Report(
        "webhooks",
        f"Milliseconds from an event's commit to the arrival of its first attempt at a receiver: {RATE} events a "
        f"second for {SECONDS} s, {EACH} of each session (booked, both come, ended), to one endpoint.",
        tuple(figures),
        (
            "The reference posts straight after the commit, through the same client, and keeps nothing of it.",
            f"Both run on one event loop, and use a connection again; {WARM} s before are not counted.",
        ),
    )


async def _figures(store: str, url: str, bare_url: str) -> list[Figure]:
    reference = await asyncio.to_thread(uvloop.run, _run(bare_url, deliver=False))
    ours = await asyncio.to_thread(uvloop.run, _run(url, deliver=True))
    p99 = ours[98]
    return [
        Figure(
            f"p99 on {store}",
            f"{p99:,.1f} ms",
            f"{reference[98]:,.1f} ms",
            p99 / reference[98],
            f"≤ {TARGET_MS:.0f} ms",
            p99 <= TARGET_MS,
        ),
        Figure(f"p50 on {store}", f"{ours[49]:,.1f} ms", f"{reference[49]:,.1f} ms", ours[49] / reference[49]),
    ]


async def _run(url: str, *, deliver: bool) -> list[float]:
    """The percentiles 1 to 99, in milliseconds."""
    committed: dict[tuple[str, int], float] = {}
    commits: Counter[str] = Counter()
    posts: set[asyncio.Task[object]] = set()
    with _receiving() as (port, pipe):
        target = f"http://127.0.0.1:{port}/hook"
        database = open_database(url)
        await database.start()
        await upgrade(database)
        egress = Egress(["127.0.0.1"])
        desk = Desk(database, Rules(Terms(), "2026-11", "https://calls.example", bytes(32)), wall_clock)
        desk.endpoints.vet = egress.vet

        def alarm(session: str, when: Ms | None) -> None:  # the first thing after the commit
            for sequence in COMMITS[commits[session]]:
                committed[session, sequence] = time.monotonic()
                if not deliver:
                    body = json.dumps({"sequence": sequence, "data": {"session": {"id": session}}}).encode()
                    posts.add(asyncio.create_task(egress.post(target, body, {"Content-Type": "application/json"})))
            commits[session] += 1

        desk.alarm = alarm
        deliverer = Deliverer(database, egress, desk.endpoints.sealing_key, wall_clock)
        if deliver:
            await desk.endpoints.create(target, ("session.*", "party.*", "refund.*"), None, "bench")
            desk.posted = deliverer.poke
            await deliverer.start()
        else:
            await egress.start()
        began = time.monotonic()
        await _happen(desk)
        expected = set(committed)
        arrived = await _arrived(pipe, len(expected))
        await (deliverer.stop() if deliver else egress.close())
        await database.close()
    counted = [each for each in expected if committed[each] >= began + WARM]
    missing = [name for name in counted if name not in arrived]
    assert not missing, f"{len(missing)} of {len(counted)} events did not arrive; attempts: {dict(deliverer.outcomes)}"
    return statistics.quantiles(((arrived[name] - committed[name]) * 1000 for name in counted), n=100)


async def _happen(desk: Desk) -> None:
    """Sessions one after another, each at its place in time, until so many events were told."""
    began, told, tasks = time.monotonic(), 0, set()
    for number in itertools.count():
        if told >= RATE * (WARM + SECONDS):
            break
        await asyncio.sleep(max(0.0, began + told / RATE - time.monotonic()))
        tasks.add(asyncio.create_task(_session(desk, f"b{number}", number, 1 / RATE)))
        told += EACH
    await asyncio.gather(*tasks)


async def _session(desk: Desk, name: str, number: int, apart: float) -> None:
    """Booked, both come, ended."""
    party = (Party(f"c_{number}", "Ada"), Party(f"e_{number % 200}", "Max"))
    await desk.book(Booking(name, wall_clock(), 30 * MINUTE, *party, fee=Money(12_000, "USD")))
    for role in Role:
        await asyncio.sleep(apart)
        await desk.report(name, (Accept(role, "2026-11"), Join(role, f"{name}-{role}")), wall_clock())
    await asyncio.sleep(apart)
    await desk.end(name, "measured", "bench")


async def _arrived(pipe: Connection, number: int) -> Arrived:
    """When each first arrived, once all have, or nothing more comes."""
    seen, end = -1, time.monotonic() + _CALM
    while time.monotonic() < end:
        pipe.send("how many")
        now = await asyncio.to_thread(pipe.recv)
        if now >= number:
            break
        if now > seen:
            seen, end = now, time.monotonic() + _CALM
        await asyncio.sleep(0.2)
    pipe.send("all")
    arrived: Arrived = await asyncio.to_thread(pipe.recv)
    return arrived


@contextlib.contextmanager
def _receiving() -> Iterator[tuple[int, Connection]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_receive, args=(theirs,))
    process.start()
    try:
        assert ours.poll(30), "the receiver did not start"
        yield ours.recv(), ours
        ours.send("stop")
    finally:
        process.join(10)
        process.kill()


def _receive(pipe: Connection) -> None:
    uvloop.run(_answer(pipe))


async def _answer(pipe: Connection) -> None:
    arrived: Arrived = {}

    async def take(request: web.Request) -> web.Response:
        at = time.monotonic()
        told = json.loads(await request.read())
        arrived.setdefault((told["data"]["session"]["id"], told["sequence"]), at)
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pipe.send(runner.addresses[0][1])
    while (asked := await asyncio.to_thread(pipe.recv)) != "stop":
        pipe.send(len(arrived) if asked == "how many" else arrived)
    await runner.cleanup()
