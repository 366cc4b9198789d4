"""A Chromium whose tabs can be hidden: Playwright keeps each page that it drives visible, so this one is told directly.

Knows the DevTools protocol as far as a call needs it: open a tab, ask it something, click, put another tab before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.e2e.stage import CHROMIUM_FLAGS, WATCH_CONNECTIONS, until

FIND = """(testid) => {
  const find = (root) => {
    for (const each of root.querySelectorAll('*')) {
      if (each.dataset?.testid === testid) return each;
      const inner = each.shadowRoot && find(each.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  return find(document);
}"""


class Chromium:
    """One browser process, by its DevTools socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self._reading = asyncio.create_task(self._read())

    async def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        message = {"id": self._number, "method": method, "params": params}
        await self._socket.send_json(message if session is None else {**message, "sessionId": session})
        return await asyncio.wait_for(answer, 30)

    async def open(self, url: str = "about:blank") -> Tab:
        """A tab before all others."""
        target = (await self.call("Target.createTarget", url=url))["targetId"]
        session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        return Tab(self, target, session)

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            answer = self._answers.pop(told.get("id"), None)
            if answer is not None and not answer.done():
                if "error" in told:
                    answer.set_exception(RuntimeError(told["error"]["message"]))
                else:
                    answer.set_result(told["result"])


class Tab:
    """One page in it."""

    def __init__(self, browser: Chromium, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session

    async def goto(self, url: str) -> None:
        await self._browser.call("Page.enable", self._session)
        await self._browser.call("Page.addScriptToEvaluateOnNewDocument", self._session, source=WATCH_CONNECTIONS)
        await self._browser.call("Page.navigate", self._session, url=url)

    async def ask(self, expression: str) -> Any:
        answer = await self._browser.call(
            "Runtime.evaluate",
            self._session,
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def click(self, testid: str) -> None:
        """Once it is there and can be clicked."""
        one = f"({FIND})({json.dumps(testid)})"

        async def clicked() -> bool:
            return bool(
                await self.ask(
                    f"(() => {{ const e = {one}; if (!e || e.disabled) return false; e.click(); return true; }})()"
                )
            )

        await until(clicked, 30, f"{testid} can be clicked")

    async def is_in(self, *states: str) -> None:
        async def there() -> bool:
            return await self.ask("document.body?.dataset.state") in states

        await until(there, 30, f"the page is in {states}")

    async def frames(self) -> int:
        return int(await self.ask("window.__framesDecoded()"))

    async def visibility(self) -> str:
        return str(await self.ask("document.visibilityState"))

    async def show(self) -> None:
        """Before all others again."""
        await self._browser.call("Target.activateTarget", targetId=self._target)


@contextlib.asynccontextmanager
async def tabs(folder: Path) -> AsyncIterator[Chromium]:
    """A Chromium with a profile in ``folder``, headless and with a camera that is not one."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing: `make packages` installs it"
    process = await asyncio.create_subprocess_exec(
        path,
        "--headless=new",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        *CHROMIUM_FLAGS,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        note = folder / "DevToolsActivePort"

        async def listens() -> bool:
            return note.exists() and len(note.read_text().splitlines()) == 2

        await until(listens, 30, "Chromium takes commands")
        port, way = note.read_text().splitlines()
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"ws://127.0.0.1:{port}{way}", max_msg_size=0) as ws,
        ):
            yield Chromium(ws)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
