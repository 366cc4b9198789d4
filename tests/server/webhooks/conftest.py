"""A real server of somebody else's, the real desk on each store, and the real deliverer between them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from server.desk.endpoints import Change, Endpoint
from server.webhooks.backoff import Schedule
from server.webhooks.delivery import Deliverer
from server.webhooks.egress import Egress
from tests.builders import NOON, Clock, Office, office

LOOPBACK = ("127.0.0.0/8", "::1/128")
FAST = Schedule(retries=(10, 20, 30), jitter=0, pause=40, pause_at_most=80)


@dataclass
class Heard:
    """One POST as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


Reply = Callable[[Heard], Awaitable[web.StreamResponse]]


@dataclass
class Receiver:
    """An HTTP server that remembers what came, and answers as a test wants it to."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    reply: Reply | None = None

    async def take(self, request: web.Request) -> web.StreamResponse:
        heard = Heard({name.lower(): value for name, value in request.headers.items()}, await request.read())
        self.heard.append(heard)
        if self.reply is not None:
            return await self.reply(heard)
        return web.Response(status=self.status, headers=self.headers, text="" if self.status == 204 else "so it is")

    @property
    def types(self) -> list[str]:
        return [heard.told["type"] for heard in self.heard]


@contextlib.asynccontextmanager
async def receiving(host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", made.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    address = runner.addresses[0]
    made.url = f"http://{f'[{host}]' if ':' in host else host}:{address[1]}/hooks"
    try:
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@dataclass
class Post:
    """The desk with its deliverer, whose rounds a test turns by hand."""

    office: Office
    deliverer: Deliverer

    @property
    def clock(self) -> Clock:
        return self.office.clock

    async def endpoint(self, receiver: Receiver, *types: str) -> tuple[Endpoint, str]:
        return await self.office.desk.endpoints.create(receiver.url, types, None, "key_1")

    async def off(self, endpoint: Endpoint) -> Endpoint:
        return await self.office.desk.endpoints.change(endpoint.id, Change(enabled=False), "key_1")

    async def on(self, endpoint: Endpoint) -> Endpoint:
        return await self.office.desk.endpoints.change(endpoint.id, Change(enabled=True), "key_1")

    async def turn(self) -> None:
        """One round, until whatever was begun in it is settled."""
        await self.deliverer.round()
        await self.deliverer.settled()

    async def all_out(self) -> None:
        """Rounds until nothing is due."""
        for _ in range(100):
            before = sum(self.deliverer.outcomes.values())
            await self.turn()
            if sum(self.deliverer.outcomes.values()) == before:
                return
        raise AssertionError("it never ends")

    async def deliveries(self, columns: str = "status, attempts") -> list[tuple[Any, ...]]:
        return await self.office.rows(f"select {columns} from deliveries order by position, endpoint")


@contextlib.asynccontextmanager
async def posting(where: str, schedule: Schedule = FAST, clock: Clock | None = None) -> AsyncIterator[Post]:
    """Without a task of its own: nothing is sent but by ``turn``."""
    async with office(where, clock or Clock(NOON)) as o:
        egress = Egress(LOOPBACK)
        deliverer = Deliverer(o.database, egress, o.desk.endpoints.sealing_key, o.clock, schedule=schedule)
        o.desk.endpoints.vet = egress.vet
        o.desk.posted = o.desk.endpoints.posted = deliverer.poke
        await egress.start()
        try:
            yield Post(o, deliverer)
        finally:
            await deliverer.stop()


@pytest.fixture
async def post(where: str) -> AsyncIterator[Post]:
    async with posting(where) as made:
        yield made
