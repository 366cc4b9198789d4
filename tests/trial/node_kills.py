"""Two nodes on one PostgreSQL that are killed in turn, at any moment, under people and a booking system on both.

What was acknowledged is there, once, whichever node took it; nobody is blamed; and every event goes out to a receiver
at least once, under one id and with one body, though the node that was sending it died. While nothing fails, it goes
out once: two senders on one outbox are not to send everything twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.cluster.stage import Stage, stage, up
from tests.e2e.stage import until
from tests.stores import Cluster
from tests.trial.audit import Told, audit
from tests.trial.driver import Office, now
from tests.trial.kills import COUPLES, couples, stop
from tests.trial.nodes import own_cluster
from tests.trial.row import Row

_HOST = "127.0.0.2"
"""Of a machine with more to do, and of a node whose neighbour has just died: refused is not acknowledged."""


@dataclass
class Sink:
    """Who is sent to: what came under each id."""

    url: str = ""
    arrived: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def take(self, request: web.Request) -> web.Response:
        self.arrived[request.headers["webhook-id"]].append(await request.text())
        return web.Response(status=204)

    @property
    def attempts(self) -> int:
        return sum(map(len, self.arrived.values()))


async def node_kills(folder: Path, scale: int) -> Row:
    """``scale`` kills of one of two nodes, and as many seconds without any before."""
    async with own_cluster() as cluster:
        return await node_kills_on(cluster, folder, scale)


async def node_kills_on(cluster: Cluster, folder: Path, scale: int, seed: int = 1) -> Row:
    chance, told, problems = random.Random(seed), Told(), []
    async with _sink() as sink, stage(cluster, folder, terms="", started=0) as on:
        for node in on.nodes:
            node.settings["HEADSTRT_WEBHOOK_ALLOW"] = f"{_HOST}/32"
            await up(node)
        offices = [Office(node, told) for node in on.nodes]
        endpoint = {"url": sink.url, "description": "sink"}
        await on.nodes[0].call("POST", "/v1/endpoints", json=endpoint)
        await _under_way(offices, chance, "calm", max(3.0, scale))
        await _all_sent(on)
        events, calm = len(sink.arrived), sink.attempts
        for kill in range(scale):
            victim = on.nodes[kill % 2]
            stream = asyncio.ensure_future(_under_way(offices, chance, f"k{kill}", 4))
            await asyncio.sleep(chance.uniform(0.05, 3))
            await victim.kill()
            await stream
            await up(victim)
        await asyncio.sleep(7)  # the last of them end
        await _all_sent(on)
        problems += await asyncio.to_thread(audit, on.url, told, overdue_at=now() - 3_000)
        problems += await _compared(on, sink)
    if calm > events * 1.01:
        problems.append(f"{events} events came {calm} times while nothing failed")
    return Row(
        f"{scale} kill -9 of one of two nodes under {COUPLES} couples on each",
        f"{told.facts} acknowledged facts; {events} events in {calm} attempts while nothing failed, then "
        f"{len(sink.arrived) - events} in {sink.attempts - calm}; {len(problems)} problems",
        "0 lost or twice, nobody blamed, each event once or more, unchanged, and once where nothing fails",
        not problems,
        tuple(problems),
    )


async def _under_way(offices: list[Office], chance: random.Random, name: str, seconds: float) -> None:
    """Couples at every node for so long; those of one that dies stop."""
    async with contextlib.AsyncExitStack() as stack:
        stream = []
        for number, office in enumerate(offices):
            http = await stack.enter_async_context(aiohttp.ClientSession())
            lanes = (f"{name}-{number}-{lane}" for lane in range(COUPLES))
            stream += [asyncio.create_task(couples(office, http, lane, chance)) for lane in lanes]
        await asyncio.sleep(seconds)
        problems = await stop(stream)
        assert not problems, problems


async def _all_sent(on: Stage) -> None:
    async def sent() -> bool:
        rows = await on.postgres.execute(
            "select (select count(*) from outbox where position is null) as waiting, "
            "(select count(*) from deliveries where status = 'pending') as pending",
            on.url,
        )
        return (rows[0]["waiting"], rows[0]["pending"]) == (0, 0)

    await until(sent, 180, "every event has been sent")


async def _compared(on: Stage, sink: Sink) -> list[str]:
    stored = {row["id"]: row["body"] for row in await on.postgres.execute("select id, body from outbox", on.url)}
    problems = [f"{id_} never arrived" for id_ in stored if id_ not in sink.arrived]
    problems += [f"{id_} came as another body" for id_, bodies in sink.arrived.items() if set(bodies) != {stored[id_]}]
    return problems[:20]


@contextlib.asynccontextmanager
async def _sink() -> AsyncIterator[Sink]:
    sink = Sink()
    app = web.Application()
    app.router.add_post("/{any:.*}", sink.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, _HOST, 0).start()
    sink.url = f"http://{_HOST}:{runner.addresses[0][1]}/sink"
    try:
        yield sink
    finally:
        await runner.cleanup()
