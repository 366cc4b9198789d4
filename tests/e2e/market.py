"""The sample marketplace beside a server, as a process of its own, and somebody who stands in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame

from tests.e2e.stage import API_KEY, ROOT, Person, Server, free_port, until

ONE_PROCESS: dict[str, str | float | bool] = {"fission.autostart": False}
"""For Firefox: the driver's pointer finds no frame that lives in another process."""


class Guest(Person):
    """Somebody at a site with a session inside; what is asked of a session's page is asked of the frame."""

    @property
    def frame(self) -> Frame:
        found = [frame for frame in self.page.frames if "/s/" in frame.url]
        assert len(found) == 1, [frame.url for frame in self.page.frames]
        return found[0]

    def by(self, testid: str) -> Any:
        return self.page.frame_locator("iframe").get_by_test_id(testid)

    async def state(self) -> str | None:
        with contextlib.suppress(AssertionError, PlaywrightError):  # not there, or just being loaded
            state: str | None = await self.frame.evaluate("document.body?.dataset.state")
            return state
        return None

    async def accept_and_join(self) -> None:
        await self.is_in("checkin")
        await self.by("accept").check()
        await self.by("join").click(timeout=20_000)
        await self.is_in("waiting", "call")

    async def sees_video(self, within: float = 30) -> None:
        async def seen() -> bool:
            size = await self.frame.evaluate("document.querySelector('[data-testid=remote-video]')?.videoWidth ?? 0")
            return size > 0 and await self.frames() > 0

        await until(seen, within, "video of the other side")

    async def frames(self) -> int:
        return int(await self.frame.evaluate("window.__framesDecoded()"))

    async def lines(self, list_: str) -> list[str]:
        """The names in one of the marketplace's two lists, oldest first."""
        names: list[str] = await self.page.locator(f"#{list_} code").all_inner_texts()
        return names[::-1]

    async def reads(self, list_: str, *names: str, within: float = 30) -> list[str]:
        """Until all of these stand in the list; the whole of it then."""

        async def there() -> list[str]:
            lines = await self.lines(list_)
            return lines if set(names) <= set(lines) else []

        try:
            found: list[str] = await until(there, within)
        except AssertionError:
            raise AssertionError(f"{names} are not all in #{list_}: {await self.lines(list_)}") from None
        return found


@dataclass
class Market:
    folder: Path
    server: Server
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)

    @property
    def origin(self) -> str:
        return f"http://{'localhost' if self.host == '127.0.0.1' else self.host}:{self.port}"

    @property
    def hooks(self) -> str:
        return f"http://{self.host}:{self.port}/webhooks"

    def allowed(self) -> dict[str, str]:
        """What the server has to be told about it."""
        return {"HEADSTRT_EMBED_ORIGINS": self.origin, "HEADSTRT_WEBHOOK_ALLOW": self.host}

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        told = {
            "MARKET_SERVER": self.server.origin,
            "MARKET_API_KEY": API_KEY,
            "MARKET_HOST": self.host,
            "MARKET_PORT": str(self.port),
            "MARKET_HOOKS": self.hooks,
        }
        log = open(self.folder / "market.log", "ab")  # noqa: SIM115
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "examples" / "marketplace" / "market.py"),
            env={**os.environ, **told},
            stdout=log,
            stderr=log,
        )

        async def listens() -> bool:
            """It has asked for events: nothing that happens from here on is missed."""
            assert process.returncode is None, (self.folder / "market.log").read_text()
            return bool((await self.server.call("GET", "/v1/endpoints"))["data"])

        try:
            await until(listens, 30, "the marketplace takes events")
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            code = await process.wait()
        assert code == 0, (self.folder / "market.log").read_text()

    async def post(self, path: str, **options: Any) -> int:
        async with aiohttp.ClientSession() as http, http.post(f"http://{self.host}:{self.port}{path}", **options) as it:
            return it.status
