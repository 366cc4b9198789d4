"""From the click on Join to the first frame of the other side, beside a bare page that calls peer to peer.

The same browser, the same fake devices, in turns. On either page somebody waits already, and the camera is open before
the click, as it is at the check-in. The same script in both pages takes the times: the click, and the first video frame
that a video element of its own presents of a remote track.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from bench.figures import Figure, Report
from tests.e2e.stage import CHROMIUM_FLAGS, FAKE_CAMERA, Person, Server, free_port, until

TIMES: Final = int(os.environ.get("TIMES", "20"))
AT_MOST: Final = 1.3

STOPWATCH: Final = """
window.__clicked = null;
window.__connected = null;
window.__seen = null;
window.addEventListener("click", (event) => {
  for (const element of event.composedPath())
    if (element.dataset && element.dataset.testid === "join") window.__clicked = performance.now();
}, true);
const Bare = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Bare {
  constructor(...args) {
    super(...args);
    this.addEventListener("connectionstatechange", () => {
      if (this.connectionState === "connected") window.__connected ??= performance.now();
    });
    this.addEventListener("track", ({ track }) => {
      if (track.kind !== "video") return;
      const video = document.createElement("video");
      video.muted = true;
      video.style.cssText = "position:fixed;right:0;bottom:0;width:2px;height:2px";
      video.srcObject = new MediaStream([track]);
      document.documentElement.append(video);
      video.requestVideoFrameCallback(() => { window.__seen ??= performance.now(); });
      video.play();
    });
  }
};
"""

BARE_PAGE: Final = """<!doctype html><meta charset="utf-8"><title>peer to peer</title>
<button data-testid="join" disabled>Join</button>
<script>
const button = document.querySelector("button");
const offers = location.hash === "#first";
navigator.mediaDevices.getUserMedia({ audio: true, video: true }).then((stream) => {
  button.disabled = false;
  button.onclick = () => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/socket");
    const say = (message) => socket.send(JSON.stringify(message));
    const pc = new RTCPeerConnection();
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    pc.onicecandidate = ({ candidate }) => say({ candidate });
    socket.onmessage = async ({ data }) => {
      const message = JSON.parse(data);
      if (message.both && offers) {
        await pc.setLocalDescription();
        say({ description: pc.localDescription });
      } else if (message.description) {
        await pc.setRemoteDescription(message.description);
        if (!offers) { await pc.setLocalDescription(); say({ description: pc.localDescription }); }
      } else if (message.candidate) {
        await pc.addIceCandidate(message.candidate);
      }
    };
  };
});
</script>
"""


@asynccontextmanager
async def _bare_site() -> AsyncIterator[str]:
    """A page, and a socket that hands what one says to the other."""
    here: list[web.WebSocketResponse] = []

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=BARE_PAGE, content_type="text/html")

    async def socket(request: web.Request) -> web.WebSocketResponse:
        mine = web.WebSocketResponse()
        await mine.prepare(request)
        here.append(mine)
        if len(here) == 2:
            for each in here:
                await each.send_json({"both": True})
        async for message in mine:
            if message.type == aiohttp.WSMsgType.TEXT:
                for other in here:
                    if other is not mine:
                        await other.send_str(message.data)
        here.remove(mine)
        return mine

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/socket", socket)])
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _person(browser: Browser, link: str) -> AsyncIterator[Person]:
    context = await browser.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    await page.add_init_script(STOPWATCH)
    try:
        yield Person(page, context, link)
    finally:
        await context.close()


@dataclass(frozen=True, slots=True)
class Join:
    """Seconds from the click to where media may flow (ICE and DTLS are done), and to the first frame."""

    connected: float
    seen: float


async def _first_frame(page: Page) -> Join:

    async def seen() -> bool:  # not wait_for_function: our pages forbid what it needs
        return bool(await page.evaluate("window.__seen !== null"))

    await until(seen, 30, "the first frame of the other side")
    times = await page.evaluate("[window.__connected - window.__clicked, window.__seen - window.__clicked]")
    return Join(*(milliseconds / 1000 for milliseconds in times))


async def _ours(browser: Browser, server: Server, number: int) -> Join:
    booked = await server.book(starts_in=-5, minutes=10, session_id=f"join-{number}")
    async with (
        _person(browser, booked["links"]["expert"]) as expert,
        _person(browser, booked["links"]["client"]) as client,
    ):
        await expert.join()
        await client.come()
        accept = client.by("accept")
        if await accept.is_visible() and not await accept.is_checked():
            await accept.check()
        await client.page.wait_for_timeout(1000)  # the camera is open, and the page is at rest
        await client.by("join").click()
        return await _first_frame(client.page)


async def _bare(browser: Browser, site: str) -> Join:
    async with _person(browser, f"{site}#first") as first, _person(browser, site) as second:
        for one in (first, second):
            await one.page.goto(one.link)
        await first.by("join").click()
        await second.page.wait_for_timeout(1000)
        await second.by("join").click()
        return await _first_frame(second.page)


async def measure() -> Report:
    path = shutil.which("chromium")
    if path is None:
        raise SystemExit("Chromium is missing: `make packages` installs it")
    ours: list[Join] = []
    bare: list[Join] = []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        await server.start()
        try:
            async with async_playwright() as playwright, _bare_site() as site:
                browser = await playwright.chromium.launch(executable_path=path, args=_at_full_rate())
                version = browser.version
                await _bare(browser, site)  # once for the browser to get warm
                for number in range(TIMES):
                    bare.append(await _bare(browser, site))
                    ours.append(await _ours(browser, server, number))
                await browser.close()
        finally:
            await server.stop()
    whole = _figure("click on Join to first remote frame", ours, bare, lambda join: join.seen)
    assert whole.ratio is not None
    figures = (
        replace(whole, target=f"≤ {AT_MOST}", met=whole.ratio <= AT_MOST),
        _figure("of it, click to connected: told of each other, ICE, DTLS", ours, bare, lambda join: join.connected),
        _figure("of it, connected to first frame", ours, bare, lambda join: join.seen - join.connected),
    )
    about = f"Median of {TIMES} (and the range), in Chromium {version}, in turns with a bare peer-to-peer page."
    notes = (
        "The bare page (`bench/join.py`) keeps no record: its socket hands on what it gets, without a database.",
        "It does all but open its camera after the click; ours has taken in the offer of who waits, and answers with"
        " its join.",
        "Ours asks for 1280×720, and sends the first second a quarter of that wide and high; the bare page sends"
        " 640×480.",
        "Chromium may tell of the connection a moment after it showed the first frame.",
        "On loopback the way through the relay costs nothing worth naming; over a network it costs the detour.",
    )
    return Report("join", about, figures, notes)


def _figure(what: str, ours: list[Join], bare: list[Join], part: Callable[[Join], float]) -> Figure:
    mine, theirs = [part(join) for join in ours], [part(join) for join in bare]
    ratio = statistics.median(mine) / statistics.median(theirs)
    return Figure(what, _spread(mine), f"{_spread(theirs)}, peer to peer", ratio)


def _at_full_rate() -> list[str]:
    return [FAKE_CAMERA if flag.startswith(FAKE_CAMERA) else flag for flag in CHROMIUM_FLAGS]


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f})"
