"""The real HTTP application over the real desk on a database of its own; only sockets and relay are not there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from server.api.deps import Deps
from server.api.limiter import Limiter
from server.api.routes import SERVER_OPTIONS, build_app
from server.config import Settings
from signaling.session import Role
from tests.builders import NOON, Clock, Office, office

ALL = "environment-key"


@dataclass
class Stats:
    sessions: int = 1
    legs: int = 2
    packets: int = 3
    bytes: int = 4
    drops: dict[str, int] = field(default_factory=lambda: {"late": 5})
    workers: int = 1
    worker_restarts: int = 0
    tests: int = 0


@dataclass
class World:
    """What stands around the doors, to be looked at and changed by a test."""

    office: Office
    client: TestClient[Any, Any]
    limiter_time: list[float]
    draining: bool = False
    relay: Stats = field(default_factory=Stats)
    leavings: list[tuple[str, Role, str]] = field(default_factory=list)
    demo: list[dict[str, str]] = field(default_factory=list)

    async def expel(self, session: str, role: Role) -> None:
        pass

    def leaving(self, session: str, role: Role, join: str) -> None:
        self.leavings.append((session, role, join))

    def stats(self) -> Stats:
        return self.relay

    @property
    def clock(self) -> Clock:
        return self.office.clock

    async def call(self, method: str, path: str, key: str | None = ALL, **more: Any) -> ClientResponse:
        headers = dict(more.pop("headers", {}))
        if key is not None:
            headers.setdefault("Authorization", f"Bearer {key}")
        return await self.client.request(method, path, headers=headers, **more)

    async def book(self, id_: str = "bk_1", **changes: Any) -> dict[str, Any]:
        response = await self.call("PUT", f"/v1/sessions/{id_}", json=body(**changes))
        assert response.status in (200, 201), await response.text()
        return dict(await response.json())

    async def key(self, *scopes: str) -> str:
        _, secret = await self.office.desk.create_key("a test's", scopes)
        return secret

    async def token(self, role: Role, id_: str = "bk_1") -> str:
        record = await self.office.desk.record(id_)
        return self.office.desk.link(record, role).partition("#t=")[2]


def body(**changes: Any) -> dict[str, Any]:
    """A PUT body; None takes a key out."""
    made = {
        "starts_at": "2026-11-22T12:00:00Z",
        "duration_minutes": 30,
        "client": {"id": "c_9", "name": "Ada Client"},
        "expert": {"id": "e_4", "name": "Max Expert"},
        "title": "Mentoring",
        "fee": {"amount": 12000, "currency": "USD"},
        "guidelines": {
            role: {"version": "2026-11", "accepted_at": "2026-11-22T10:00:00Z"} for role in ("client", "expert")
        },
        **changes,
    }
    return {key: value for key, value in made.items() if value is not None}


def deps_of(world: World, settings: Settings) -> Deps:
    """What the doors are given in this world."""
    return Deps(
        desk=world.office.desk,
        database=world.office.database,
        settings=settings,
        attendant=world,
        switchboard=world,
        clock=world.clock,
        draining=lambda: world.draining,
        demo=lambda: world.demo,
        limiter=Limiter(lambda: world.limiter_time[0]),
    )


Build = Callable[..., Awaitable[World]]


@pytest.fixture
async def build(tmp_path: Path) -> AsyncIterator[Build]:
    """Makes a world with settings of one's own."""
    worlds: list[TestClient[Any, Any]] = []
    async with office(tmp_path / "api.db", Clock(NOON - 60 * 60_000)) as made:

        async def start(**settings: Any) -> World:
            time = [1000.0]
            world = World(made, None, time)  # type: ignore[arg-type]
            chosen = {"env": "development", "public_url": "https://calls.example", **settings}
            app = build_app(deps_of(world, Settings(**chosen)))
            world.client = TestClient(TestServer(app))
            await world.client.server.start_server(**SERVER_OPTIONS)
            worlds.append(world.client)
            return world

        yield start
        for client in worlds:
            await client.close()


@pytest.fixture
async def world(build: Build) -> World:
    return await build()
