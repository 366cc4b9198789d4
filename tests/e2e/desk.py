"""The dashboard's server for tests: the real doors over the scripted month, its clock standing at the month's end.

The month is told once and its file copied, so that each test has it whole and may change it. Accounts are set up as an
operator would; the authenticator is this file.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Page

from server.api.deps import Deps
from server.api.hub import Hub
from server.api.limiter import Limiter
from server.api.routes import SERVER_OPTIONS, build_app
from server.config import Settings
from server.policy.operators import STEP, OperatorRole, code_at
from server.store.sealing import unpack, unseal
from server.webhooks.backoff import Schedule
from server.webhooks.delivery import Deliverer
from server.webhooks.egress import Egress
from signaling.session import Role
from tests.builders import NOON, Clock, Office, office
from tests.e2e.history import month
from tests.e2e.stage import free_port

PASSWORD = "a quiet harbour at dawn"
LOOPBACK = ("127.0.0.0/8",)


@dataclass
class Stats:
    sessions: int = 3
    legs: int = 5
    packets: int = 1_204_311
    bytes: int = 912_440_120
    drops: dict[str, int] = field(default_factory=lambda: {"late": 5, "unknown": 41})
    workers: int = 1
    worker_restarts: int = 0


@dataclass
class DeskServer:
    """The doors, what stands behind them, and a receiver of webhooks beside them."""

    office: Office
    origin: str
    sink: str
    deliverer: Deliverer
    heard: list[bytes] = field(default_factory=list)
    answers: int = 204

    async def expel(self, session: str, role: Role) -> None:
        """No socket is open: there is nobody to send away."""

    def leaving(self, *_: object) -> None:
        """No page of a party is here that could close."""

    def stats(self) -> Stats:
        return Stats()

    async def take(self, request: web.Request) -> web.Response:
        """The shop, which is told of everything."""
        self.heard.append(await request.read())
        return web.Response(status=self.answers, text="" if self.answers == 204 else "the shop is closed")

    async def account(self, role: str, name: str = "") -> str:
        """An account that can sign in with ``PASSWORD`` and a code; its name."""
        name = name or f"the-{role}"
        operators = self.office.desk.operators
        _, setup = await operators.add(name, OperatorRole(role), "command")
        await operators.begin_setup(setup)
        await operators.finish_setup(setup, PASSWORD, await self.code(name))
        return name

    async def code(self, name: str, steps: int = 0) -> str:
        """What the authenticator shows; a code counts once, so a later one (``steps``) may be wanted."""
        ((id_, sealed),) = await self.office.rows(f"select id, totp_sealed from operators where name = '{name}'")
        secret = unseal(self.office.desk.endpoints.sealing_key, id_, unpack(sealed))
        assert secret is not None
        return code_at(secret, self.office.clock() // STEP + steps)

    async def signed_in(self, page: Page, role: str = "admin", at: str = "") -> None:
        """Signed in by the page's own form, and on the view that ``at`` names."""
        name = await self.account(role)
        await page.goto(f"{self.origin}/dashboard{at}")
        await page.get_by_label("Name").fill(name)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_label("Code").fill(await self.code(name, 1))
        await page.get_by_test_id("sign-in").click()
        await loaded(page)

    async def posted(self) -> None:
        """Everything that is due is sent."""
        for _ in range(50):
            before = sum(self.deliverer.outcomes.values())
            await self.deliverer.round()
            await self.deliverer.settled()
            if sum(self.deliverer.outcomes.values()) == before:
                return


async def loaded(page: Page) -> None:
    """The view that is shown has what it shows."""
    await page.locator("#view .view[data-loaded=true][aria-busy=false]").wait_for()


def told(folder: Path) -> Path:
    """A file that holds the month; for ``asyncio.run``, outside of any loop."""
    path = folder / "month.sqlite3"

    async def tell() -> None:
        async with office(path, Clock()) as made:
            await _told(made)

    asyncio.run(tell())
    return path


async def _told(made: Office) -> None:
    """With all of it handed on, while there was nobody to be told of it."""
    await month(made).tell()
    deliverer = Deliverer(made.database, Egress(LOOPBACK), made.desk.endpoints.sealing_key, made.clock)
    while (await made.rows("select count(*) from outbox where position is null"))[0][0]:
        await deliverer.round()
    await deliverer.stop()


@contextlib.asynccontextmanager
async def desk_server(month_file: Path, folder: Path) -> AsyncIterator[DeskServer]:
    """The doors over a copy of the month."""
    copy = folder / "desk.sqlite3"
    for suffix in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(f"{month_file}{suffix}", f"{copy}{suffix}")
    async with office(copy, Clock(NOON)) as made, contextlib.AsyncExitStack() as stack:
        origin = f"http://127.0.0.1:{free_port()}"
        made.desk.rules = replace(made.desk.rules, origin=origin)
        egress = Egress(LOOPBACK)
        schedule = Schedule(retries=(300_000, 600_000), jitter=0, pause=40, pause_at_most=80)
        deliverer = Deliverer(made.database, egress, made.desk.endpoints.sealing_key, made.clock, schedule=schedule)
        made.desk.endpoints.vet = egress.vet
        await egress.start()
        stack.push_async_callback(deliverer.stop)
        hub = Hub()
        made.desk.listeners.append(hub)
        made.desk.operators.signed_out = hub.end
        server = DeskServer(made, origin, f"{origin}/sink", deliverer)
        app = build_app(_deps(server, hub))
        app.router.add_post("/sink", server.take)
        runner = web.AppRunner(app, **SERVER_OPTIONS, shutdown_timeout=0.2)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", int(origin.rpartition(":")[2])).start()
        yield server


def _deps(server: DeskServer, hub: Hub) -> Deps:
    nobody: Any = server
    return Deps(
        desk=server.office.desk,
        database=server.office.database,
        settings=Settings(env="development", public_url=server.origin),
        attendant=nobody,
        switchboard=nobody,
        clock=server.office.clock,
        draining=lambda: False,
        limiter=Limiter(),
        sockets=lambda: 6,
        hub=hub,
    )
