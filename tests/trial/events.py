"""Events out while everything goes wrong: a sink that fails, hangs and redirects, another that is gone, targets that
must not be reached, and a sender that is killed at any moment. What arrived is held to what is in the store.
"""

from __future__ import annotations

import asyncio
import asyncio.subprocess
import contextlib
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from server.app import wall_clock
from server.store import endpoints, tables
from server.store.database import open_database
from server.store.endpoints import Endpoint
from server.store.migrate import upgrade
from server.webhooks.egress import Egress
from tests.security.test_egress import ADDRESSES, NOTATIONS, at
from tests.stores import Cluster
from tests.trial.row import Row
from tests.trial.sender import ALLOWED, DONE, PATIENCE, desk_on

_HOST = ALLOWED.partition("/")[0]
FAILS, HANGS, REDIRECTS = 0.30, 0.05, 0.05
FINISH_WITHIN = 1_800.0
_VERIFY = Path(__file__).parents[1] / "server" / "webhooks" / "verify.mjs"


@dataclass
class Sink:
    """Who is sent to. ``arrived``: the bodies that came under each id; ``taken``: those answered with 204."""

    chance: random.Random
    port: int = 0
    trap: int = 0
    secret: str = ""
    gone_asked: int = 0
    attempts: int = 0
    arrived: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    taken: set[str] = field(default_factory=set)
    signed: list[dict[str, object]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        if request.path == "/gone":
            self.gone_asked += 1
            return web.Response(status=410)
        body = (await request.read()).decode()
        headers = {name: request.headers.get(name, "") for name in _HEADERS}
        self.attempts += 1
        self.arrived[headers["webhook-id"]].add(body)
        try:
            Webhook(self.secret).verify(body, headers)
        except Exception as error:
            self.problems.append(f"the public library refuses a signature: {error}")
        self.signed.append({"secret": self.secret, "headers": headers, "body": body})
        luck = self.chance.random()
        if luck < HANGS:
            await asyncio.sleep(PATIENCE * 2)
        if luck < HANGS + FAILS:
            return web.Response(status=self.chance.choice((400, 404, 429, 500, 502, 503)), text="not now")
        if luck < HANGS + FAILS + REDIRECTS:
            return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{self.trap}/"})
        self.taken.add(headers["webhook-id"])
        return web.Response(status=204)

    def trapped(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reached.append(str(writer.get_extra_info("sockname")))
        writer.close()


async def events(folder: Path, scale: int, seed: int = 1) -> Row:
    """``scale`` kills under 200 events each, on SQLite."""
    return await _events(f"sqlite:///{folder}/events.db", scale, seed)


async def events_postgresql(folder: Path, scale: int, seed: int = 1) -> Row:
    """The same on PostgreSQL."""
    cluster = await asyncio.to_thread(Cluster)
    try:
        return await _events(await cluster.fresh(), scale, seed, ", on PostgreSQL")
    finally:
        await asyncio.to_thread(cluster.remove)


async def _events(where: str, kills: int, seed: int, on: str = "") -> Row:
    number = 200 * kills
    chance = random.Random(seed)
    async with _sink(chance) as sink:
        hostile = await _prepare(where, sink)
        began = time.monotonic()
        for kill in range(kills):
            await _until_killed(where, round(number * (kill + 1) / (kills + 1)), sink, chance)
        problems = await _to_the_end(where, number, sink)
        took = time.monotonic() - began
    problems += sink.problems[:10] + await _compared(where, sink)
    problems += [f"{len(sink.reached)} times reached what it must not: {sink.reached[:3]}"] if sink.reached else []
    problems += await _node(sink)
    return Row(
        f"events to a sink that fails {FAILS:.0%}, hangs {HANGS:.0%}, redirects {REDIRECTS:.0%}, {kills} kills{on}",
        f"{len(sink.arrived)} events in {sink.attempts} attempts and {took:.0f} s, {len(problems)} problems, "
        f"{len(sink.reached)} of {hostile} hostile targets reached",
        f">= {number} events, each taken once or more, 0 problems, 0 reached",
        not problems and len(sink.taken) >= number,
        tuple(problems),
    )


@contextlib.asynccontextmanager
async def _sink(chance: random.Random) -> AsyncIterator[Sink]:
    sink = Sink(chance)
    trap = await asyncio.start_server(sink.trapped, "0.0.0.0", 0)
    sink.trap = trap.sockets[0].getsockname()[1]
    app = web.Application()
    app.router.add_post("/{any:.*}", sink.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, _HOST, 0).start()
    sink.port = runner.addresses[0][1]
    try:
        yield sink
    finally:
        await runner.cleanup()
        trap.close()


async def _prepare(where: str, sink: Sink) -> int:
    """The endpoints: the sink, the one that is gone, and past the door's check every hostile target. How many those."""
    database = open_database(where)
    await database.start()
    try:
        await upgrade(database)
        desk = desk_on(database)
        desk.endpoints.vet = Egress([ALLOWED]).vet
        _, sink.secret = await desk.endpoints.create(f"http://{_HOST}:{sink.port}/sink", (), "sink", "key_1")
        await desk.endpoints.create(f"http://{_HOST}:{sink.port}/gone", (), "gone", "key_1")
        model, _ = await desk.endpoints.create(f"http://{_HOST}:{sink.port}/", ("endpoint.test",), None, "key_1")
        targets = [at(host, sink.trap) for host in (*ADDRESSES, *NOTATIONS)]
        now = wall_clock()
        for url, id_ in zip(targets, _ids(), strict=False):
            secret = desk.endpoints._sealed(id_, b"0" * 32)
            hostile = Endpoint(id_, url, "hostile", ("session.cancelled",), secret, now, now)
            await database.write(lambda c, hostile=hostile: endpoints.add(c, hostile))  # type: ignore[misc]
        await desk.endpoints.remove(model.id, "key_1")
        return len(targets)
    finally:
        await database.close()


def _ids() -> Iterator[str]:
    return (f"ep_hostile_{number}" for number in range(1_000))


async def _start(where: str, number: int) -> asyncio.subprocess.Process:
    sender = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.trial.sender", where, str(number), stdout=asyncio.subprocess.PIPE
    )
    assert sender.stdout is not None
    assert (await asyncio.wait_for(sender.stdout.readline(), 60)).strip() == b"up", "the sender did not start"
    return sender


async def _until_killed(where: str, number: int, sink: Sink, chance: random.Random) -> None:
    sender = await _start(where, number)
    before, wanted = sink.attempts, chance.randint(1, 120)
    end = time.monotonic() + chance.uniform(0.1, 4)
    while sink.attempts - before < wanted and time.monotonic() < end:
        await asyncio.sleep(0.002)
    sender.kill()
    await sender.wait()


async def _to_the_end(where: str, number: int, sink: Sink) -> list[str]:
    sender = await _start(where, number)
    assert sender.stdout is not None
    try:
        line = await asyncio.wait_for(sender.stdout.readline(), FINISH_WITHIN)
        return [] if line.decode().strip() == DONE else [f"the sender left: {line.decode()}"]
    except TimeoutError:
        return [f"not everything was sent within {FINISH_WITHIN:.0f} s"]
    finally:
        sender.kill()
        await sender.wait()


async def _compared(where: str, sink: Sink) -> list[str]:
    """What is in the store against what arrived."""
    o, d, e = tables.outbox, tables.deliveries, tables.endpoints
    database = open_database(where)
    await database.start()
    try:
        async with database.read() as connection:
            stored = list(await connection.execute(select(o)))
            states = {
                (row.description, row.status)
                for row in await connection.execute(
                    select(e.c.description, d.c.status).join(e, e.c.id == d.c.endpoint).distinct()
                )
            }
            known = {
                row.description: (row.status, row.disabled_why)
                for row in await connection.execute(select(e).where(e.c.description != "hostile"))
            }
    finally:
        await database.close()
    problems = [f"{row.id} never arrived" for row in stored if row.id not in sink.taken]
    problems += [f"{row.id} came as another body" for row in stored if sink.arrived[row.id] - {row.body}]
    problems += [f"{id_} is in no outbox" for id_ in set(sink.arrived) - {row.id for row in stored}]
    problems += [f"{row.id} was not handed on" for row in stored if row.position is None]
    streams: dict[str, set[int]] = defaultdict(set)
    for id_ in sink.taken:
        for body in sink.arrived[id_]:
            told = json.loads(body)
            streams[_stream(told)].add(told["sequence"])
    problems += [f"{of}: {sorted(seen)}" for of, seen in streams.items() if seen != set(range(1, len(seen) + 1))]
    if {status for of, status in states if of == "sink"} != {"delivered"}:
        problems.append(f"to the sink there are {states}")
    if known.get("gone") != ("disabled", "gone") or known.get("sink") != ("enabled", None):
        problems.append(f"the endpoints are {known}")
    if not any(of == "hostile" for of, _ in states):
        problems.append("nothing was ever to go to a hostile target")
    if sink.gone_asked == 0:
        problems.append("the one that is gone was never asked")
    return problems


def _stream(told: dict[str, dict[str, dict[str, str]]]) -> str:
    data = told["data"]
    return data["session"]["id"] if "session" in data else f"person/{data['person']['pseudonym']}"


async def _node(sink: Sink) -> list[str]:
    """Every signature of every attempt, once more, by the public library for Node."""
    node = await asyncio.create_subprocess_exec(
        "node", str(_VERIFY), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await node.communicate(json.dumps(sink.signed).encode())
    taken = json.loads(out)
    wrong = taken.count(False) + abs(len(taken) - len(sink.signed))
    return [f"the library for Node refuses {wrong} of {len(sink.signed)} signatures"] if wrong else []


_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
