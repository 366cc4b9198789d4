"""Two people in real browsers, on a real server: `headstrt serve` as a process of its own, Chromium for each side."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from signaling.messages import to_rfc3339

API_KEY = "e2e_key_of_more_than_24_characters"
ROOT = Path(__file__).parents[2]

TERMS = """
reconnect_grace = 6
no_show_after_max = 3
"""

FAKE_CAMERA = "--use-fake-device-for-media-stream"

CHROMIUM_FLAGS = (
    "--no-sandbox",
    f"{FAKE_CAMERA}=fps=10",  # to encode a picture costs a test more than all else that it does
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
)

WATCH_CONNECTIONS = """
window.__connections = [];
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...args) { super(...args); window.__connections.push(this); }
};
window.__framesDecoded = async () => {
  let frames = 0;
  for (const pc of window.__connections) {
    if (pc.signalingState === "closed") continue;
    for (const row of (await pc.getStats()).values())
      if (row.type === "inbound-rtp" && row.kind === "video") frames += row.framesDecoded || 0;
  }
  return frames;
};
"""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that is free for this kind, and for TCP in any case: the relay listens on both.

    Below those that the kernel gives to whoever asks for any (ip_local_port_range), or a socket of another test might
    have it before the server does.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket(socket.AF_INET, kind) as probe, socket.socket() as tcp, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if kind != socket.SOCK_STREAM:
                tcp.bind(("127.0.0.1", port))
            return port


async def until(what: Callable[[], Awaitable[Any]], within: float = 30.0, why: str = "") -> Any:
    """Poll until it is true (and return it); the limit only catches what will never come."""
    end = time.monotonic() + within
    while True:
        value = await what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not come true within {within:.0f} s: {why or what}")
        await asyncio.sleep(0.1)


@dataclass
class Server:
    """`headstrt serve` in a folder of its own; may be killed and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    media_port: int = field(default_factory=lambda: free_port(socket.SOCK_DGRAM))
    terms: str = TERMS
    settings: dict[str, str] = field(default_factory=dict)  # over what follows
    host: str = "127.0.0.1"
    inside: tuple[str, ...] = ()  # what it is started by, if not by itself
    process: asyncio.subprocess.Process | None = None
    booking: str = "bk_1"
    """The session that is meant where none is named."""

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        (self.folder / "terms.toml").write_text(self.terms)
        environment = {
            **os.environ,
            "HEADSTRT_ENV": "development",
            "HEADSTRT_SECRET": "an end-to-end test's own secret, long enough",
            "HEADSTRT_API_KEY": API_KEY,
            "HEADSTRT_HOST": self.host,
            "HEADSTRT_PORT": str(self.port),
            "HEADSTRT_PUBLIC_URL": self.origin,
            "HEADSTRT_MEDIA_PORT": str(self.media_port),
            "HEADSTRT_MEDIA_BIND": self.host,
            "HEADSTRT_DATABASE_URL": f"sqlite:///{self.folder}/e2e.sqlite3",
            "HEADSTRT_TERMS": str(self.folder / "terms.toml"),
            **self.settings,
        }
        log = open(self.folder / "server.log", "ab")  # noqa: SIM115
        self.process = await asyncio.create_subprocess_exec(
            *self.inside, sys.executable, "-m", "server", "serve", cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        await until(self._ready, 60, "the server is ready")

    async def _ready(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            raise AssertionError(f"the server did not start:\n{self.log()}")
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as http, http.get(f"{self.origin}/readyz") as answer:
                return answer.status == 200
        return False

    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    async def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """A graceful stop; the exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await self.process.wait()
        return self.process.returncode or 0

    # --- the booking system's side ---

    async def call(self, method: str, path: str, expect: int | None = None, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, self.origin + path, **options) as answer,
        ):
            text = await answer.text()
            if expect is not None:
                assert answer.status == expect, text
            else:
                assert answer.status < 400, text
            return json.loads(text) if "json" in answer.content_type else text

    async def book(self, *, starts_in: float, minutes: int, session_id: str | None = None) -> dict[str, Any]:
        """A session that starts in so many seconds (negative: it has begun), for 120.00 USD."""
        now = int(time.time() * 1000)
        body: dict[str, Any] = {
            "starts_at": to_rfc3339(now + int(starts_in * 1000)),
            "duration_minutes": minutes,
            "title": "Mentoring",
            "client": {"id": "c_9", "name": "Ada Client"},
            "expert": {"id": "e_4", "name": "Max Expert"},
            "fee": {"amount": 12000, "currency": "USD"},
        }
        booked: dict[str, Any] = await self.call("PUT", f"/v1/sessions/{session_id or self.booking}", json=body)
        return booked

    async def session(self, session_id: str | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = await self.call("GET", f"/v1/sessions/{session_id or self.booking}")
        return answer

    async def ledger(self, session_id: str | None = None) -> list[dict[str, Any]]:
        entries = (await self.call("GET", f"/v1/sessions/{session_id or self.booking}/ledger"))["data"]
        return [json.loads(entry["data"]) if isinstance(entry["data"], str) else entry["data"] for entry in entries]

    async def kinds(self, session_id: str | None = None) -> list[str]:
        return [entry["kind"] for entry in await self.ledger(session_id)]

    async def ended(self, session_id: str | None = None, within: float = 60) -> dict[str, Any]:
        """The session, once it is over."""

        async def over() -> dict[str, Any] | None:
            session = await self.session(session_id)
            return session if session["end"] else None

        session: dict[str, Any] = await until(over, within, "the session is over")
        return session

    async def relayed(self) -> float:
        """How many packets the relay has forwarded since the start."""
        text = await self.call("GET", "/metrics")
        return sum(
            float(line.split()[-1]) for line in text.splitlines() if line.startswith('headstrt_relay{figure="packets"}')
        )

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What stands in its store, past everything of it; stop it before."""
        with sqlite3.connect(self.folder / "e2e.sqlite3") as database:
            return list(database.execute(sql))


@dataclass
class Person:
    """One side, in a browser of its own."""

    page: Page
    context: BrowserContext
    link: str

    def by(self, testid: str) -> Any:
        return self.page.get_by_test_id(testid)

    async def ask(self, expression: str) -> Any:
        """What the page answers. Firefox may never answer a page's question that came while the page was changing."""
        for _ in range(4):
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(self.page.evaluate(expression), 20)
        raise AssertionError(f"the page does not answer: {expression}")

    async def state(self) -> str | None:
        state: str | None = await self.ask("document.body.dataset.state")
        return state

    async def is_in(self, *states: str, within: float = 30) -> None:
        async def there() -> bool:
            return await self.state() in states

        try:
            await until(there, within)
        except AssertionError:
            raise AssertionError(f"the page is in {await self.state()}, not in {states}") from None

    async def come(self) -> None:
        """Open the link, as far as the check-in."""
        await self.page.goto(self.link)
        await self.is_in("checkin")

    async def join(self) -> None:
        """Open the link, accept, and click Join."""
        if self.page.url == "about:blank":
            await self.come()
        accept = self.by("accept")
        if await accept.is_visible() and not await accept.is_checked():
            await accept.check()
        await self.by("join").click(timeout=20_000)
        await self.is_in("waiting", "call")

    async def frames(self) -> int:
        """Video frames decoded so far in this page's connections."""
        return int(await self.ask("window.__framesDecoded()"))

    async def sees_video(self, within: float = 30) -> None:
        """More frames than a moment ago, and a picture with a size on the screen."""
        before = await self.frames()

        async def more() -> bool:
            size = await self.ask(
                "(() => { const find = (root) => { for (const e of root.querySelectorAll('*')) {"
                " if (e.dataset && e.dataset.testid === 'remote-video') return e;"
                " if (e.shadowRoot) { const f = find(e.shadowRoot); if (f) return f; } } return null; };"
                " const v = find(document); return v ? v.videoWidth : 0; })()"
            )
            return size > 0 and await self.frames() > before

        await until(more, within, "video of the other side")

    async def text(self, testid: str) -> str:
        return str(await self.by(testid).inner_text())


class Cable:
    """A cable between a page and the server's HTTP port that can be cut and mended. Media does not go through it."""

    def __init__(self, to_port: int) -> None:
        self._to = to_port
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    def through(self, link: str) -> str:
        return link.replace(f":{self._to}/", f":{self._port}/")

    async def __aenter__(self) -> Cable:
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def cut(self) -> None:
        """Every connection breaks, and no new one comes up."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in list(self._ends):
            end.transport.abort()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port, reuse_address=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._to)
            self._ends |= {writer, there}
            await asyncio.gather(pump(reader, there), pump(there_reader, writer))
            self._ends -= {writer, there}


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()


class SharedChromium:
    """One Chromium for all tests of a process: to start it costs more than most of what a test does in it.

    Each test has a connection and contexts of its own, which are gone with it. Who has died is started again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._address = ""

    def address(self) -> str:
        """Where it can be reached, by `playwright.chromium.connect`."""
        if self._process is None or self._process.poll() is not None:
            path = shutil.which("chromium")
            assert path, "Chromium is missing: `make packages` installs it"
            config = self._folder / "chromium.json"
            config.write_text(json.dumps({"executablePath": path, "args": CHROMIUM_FLAGS, "host": "127.0.0.1"}))
            command = [sys.executable, "-m", "playwright", "launch-server", "--browser=chromium", f"--config={config}"]
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
            assert self._process.stdout is not None
            self._address = self._process.stdout.readline().strip()
            assert self._address.startswith("ws://"), f"Chromium did not start: {self._address}"
        return self._address

    def close(self) -> None:
        if self._process is not None:  # it is Python, whose child is Node, whose child is Chromium
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@pytest.fixture(scope="session")
def shared_chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedChromium]:
    shared = SharedChromium(tmp_path_factory.mktemp("chromium"))
    yield shared
    shared.close()


@pytest.fixture
async def chromium(shared_chromium: SharedChromium) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect(await asyncio.to_thread(shared_chromium.address))
        yield browser
        await browser.close()


People = Callable[..., Awaitable[Person]]


@pytest.fixture
async def person(chromium: Browser) -> AsyncIterator[People]:
    """``await person(link)`` is somebody at a browser; ``script`` runs before the page's own."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    async def make(link: str, script: str = "", **options: Any) -> Person:
        context = await chromium.new_context(permissions=["camera", "microphone"], **options)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.add_init_script(WATCH_CONNECTIONS + script)
        return Person(page, context, link)

    yield make
    for context in contexts:
        with contextlib.suppress(Exception):
            await context.close()
    assert not problems, problems
