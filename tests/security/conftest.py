"""A real `headstrt serve` for all attacks, logging all it can, behind a proxy at 127.0.0.1 that the attackers pretend
to be: each comes from an address of its own. When they are through, it must still stand, and its log must be clean."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from signaling.messages import PROTOCOL_VERSION
from signaling.session import Role
from tests.e2e.stage import API_KEY, Server
from tests.server.api.conftest import build, world
from tests.signaling.test_gateway import PATIENCE, Page, Raw

__all__ = ["Fortress", "build", "world"]

SOCKET = "/socket.io/?EIO=4&transport=websocket"
numbers = itertools.count(1)


def an_address() -> str:
    """Nobody attacked from there yet."""
    number = next(numbers)
    return f"198.51.{100 + number // 250}.{number % 250 + 1}"


@dataclass
class Booked:
    """A session that has begun, with the guidelines accepted, and both links' tokens."""

    id: str
    tokens: dict[Role, str]
    fortress: Fortress

    async def kinds(self) -> list[str]:
        return await self.fortress.kinds(self.id)


@dataclass
class Fortress(Server):
    """The server under attack."""

    secrets: set[str] = field(default_factory=lambda: {API_KEY})
    settings: dict[str, str] = field(
        default_factory=lambda: {"HEADSTRT_LOG_LEVEL": "debug", "HEADSTRT_TRUSTED_PROXIES": "127.0.0.1"}
    )

    async def begun(self, *, starts_in: float = -60, minutes: int = 30) -> Booked:
        id_ = f"attack_{next(numbers)}"
        booked = await self.book(starts_in=starts_in, minutes=minutes, session_id=id_)
        made = Booked(id_, {role: booked["links"][role].partition("#t=")[2] for role in Role}, self)
        self.secrets |= set(made.tokens.values())
        for role, token in made.tokens.items():
            answer = await self.me(token, "POST", "/guidelines", json={"accepted": True, "version": "2026-11"})
            assert answer[0] == 200, (role, answer)
        return made

    async def me(
        self, token: str, method: str = "GET", path: str = "", address: str | None = None, **options: Any
    ) -> tuple[int, Any]:
        """A party's own call: status and answer."""
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": address or an_address()}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, f"{self.origin}/v1/me{path}", **options) as answer,
        ):
            return answer.status, await answer.json() if "json" in answer.content_type else await answer.text()

    async def sockets(self) -> int:
        """How many sockets speak for somebody now."""
        for line in (await self.call("GET", "/metrics")).splitlines():
            if line.startswith("headstrt_sockets "):
                return int(float(line.split()[1]))
        raise AssertionError("no such gauge")


@pytest.fixture(scope="session")
def fortress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fortress]:
    loop = asyncio.new_event_loop()
    place = Fortress(tmp_path_factory.mktemp("fortress"))
    loop.run_until_complete(place.start())
    yield place
    code = loop.run_until_complete(place.stop())
    loop.close()
    log = place.log()
    assert code == 0, log[-5000:]
    assert "Traceback" not in log, log[log.index("Traceback") - 2000 :][:6000]
    assert [secret for secret in place.secrets if secret in log] == []


@pytest.fixture
async def booked(fortress: Fortress) -> Booked:
    return await fortress.begun()


OpenRaw = Callable[..., Awaitable[Raw]]


@pytest.fixture
async def raw(fortress: Fortress) -> AsyncIterator[OpenRaw]:
    """``await raw(address)`` is an open socket from there that has said nothing yet."""
    sessions: list[aiohttp.ClientSession] = []

    async def open_raw(address: str | None = None, local: str | None = None, **options: Any) -> Raw:
        connector = aiohttp.TCPConnector(local_addr=(local, 0)) if local else None
        session = aiohttp.ClientSession(connector=connector)
        sessions.append(session)
        headers = {"X-Forwarded-For": address or an_address()}
        made = Raw(await session.ws_connect(fortress.origin + SOCKET, headers=headers, **options))
        await made.hears("0")
        return made

    yield open_raw
    for session in sessions:
        await session.close()


OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
async def page(fortress: Fortress) -> AsyncIterator[OpenPage]:
    """``await page(token)``: somebody by the official client."""
    pages: list[Page] = []

    async def open_page(token: str) -> Page:
        made = Page(fortress.origin, token)
        pages.append(made)
        auth = {"token": token, "protocol": PROTOCOL_VERSION}
        headers = {"X-Forwarded-For": an_address()}
        await made.client.connect(
            fortress.origin, auth=auth, headers=headers, transports=["websocket"], wait_timeout=PATIENCE
        )
        return made

    yield open_page
    for each in pages:
        await each.client.disconnect()
