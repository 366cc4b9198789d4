"""The check-in and the waiting room in a real browser: what does not work is said with its remedy, is evidence, and
keeps nobody out; the network test goes through the real relay; who waits knows what comes next (P1.1, P1.3)."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.e2e.stage import CHROMIUM_FLAGS, WATCH_CONNECTIONS, Person, Server, until
from tests.e2e.test_strict_network import NO_UDP
from tests.e2e.words import calm

DAY = 86_400.0
NO_WAY = NO_UDP.replace("1 udp .*", "1 (udp|tcp) .*")
BESIDE = "127.0.0.3"  # another address of the relay, for a line of the test's own
BY_THE_LINE = NO_UDP.replace("1 udp .*", f"1 (?!udp .* {BESIDE} ).*")
# A machine whose devices can be pulled out, kept back and silenced: Chromium's own fakes know nothing of that.
DEVICES = """
const media = navigator.mediaDevices;
const real = { get: media.getUserMedia.bind(media), list: media.enumerateDevices.bind(media) };
const gone = new Set();
const live = [];
window.__trouble = {};
window.__silent = false;
media.enumerateDevices = async () => (await real.list()).filter((each) => !gone.has(each.deviceId));
async function one(kind, wanted) {
  const trouble = window.__trouble[kind];
  if (trouble) throw new DOMException(trouble[1], trouble[0]);
  const input = kind === "video" ? "videoinput" : "audioinput";
  const there = (await media.enumerateDevices()).filter((each) => each.kind === input);
  const exact = wanted.deviceId?.exact;
  const device = exact ? there.find((each) => each.deviceId === exact) : there[0];
  if (!device) throw new DOMException("", exact ? "OverconstrainedError" : "NotFoundError");
  if (kind === "audio" && window.__silent)
    return new MediaStreamAudioDestinationNode(new AudioContext()).stream.getAudioTracks()[0];
  const stream = await real.get({ [kind]: device.deviceId ? { deviceId: { exact: device.deviceId } } : true });
  live.push(stream.getTracks()[0]);
  return stream.getTracks()[0];
}
media.getUserMedia = async (wanted) => {
  const tracks = [];
  for (const kind of ["audio", "video"]) if (wanted[kind]) tracks.push(await one(kind, wanted[kind]));
  return new MediaStream(tracks);
};
window.__unplug = async (kind) => {
  const used = live.filter((each) => each.kind === kind && each.readyState === "live");
  for (const track of used) {
    gone.add(track.getSettings().deviceId);
    track.stop();
    track.dispatchEvent(new Event("ended"));
  }
  for (const each of used.length ? [] : await real.list())
    if (each.kind === `${kind}input`) gone.add(each.deviceId);
  media.dispatchEvent(new Event("devicechange"));
};
window.__plug = () => { gone.clear(); media.dispatchEvent(new Event("devicechange")); };
"""
# What is played, and a tab that says it is hidden: Playwright keeps each page visible.
EARS = """
window.__tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { window.__tones += 1; return start.apply(this, when); };
let hidden = false;
Object.defineProperty(document, "hidden", { get: () => hidden });
Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
window.__hide = (value) => { hidden = value; document.dispatchEvent(new Event("visibilitychange")); };
"""


pytestmark = pytest.mark.asyncio(loop_scope="module")
Browsers = Callable[..., Awaitable[Browser]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """One for all of these: each has sessions of its own."""
    settings = {"HEADSTRT_MEDIA_ADVERTISE": f"127.0.0.1,{BESIDE}"}
    running = Server(tmp_path_factory.mktemp("checkin"), settings=settings)
    await running.start()
    yield running
    await running.stop()
    assert "Traceback" not in running.log(), running.log()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browsers]:
    """``await chromium()``, with further flags, ``without`` those that name this; each kind is one browser."""
    launched: dict[tuple[str, ...], Browser] = {}
    async with async_playwright() as playwright:

        async def launch(*flags: str, without: str = "") -> Browser:
            kind = (*(flag for flag in CHROMIUM_FLAGS if not without or without not in flag), *flags)
            if kind not in launched:
                path = shutil.which("chromium")
                launched[kind] = await playwright.chromium.launch(executable_path=path, args=list(kind))
            return launched[kind]

        yield launch
        for each in launched.values():
            await each.close()


async def at(found: Browser, link: str, script: str = "", *, allowed: bool = True) -> Person:
    """Somebody at the check-in."""
    context = await found.new_context(permissions=["camera", "microphone"] if allowed else [], locale="en-US")
    page = await context.new_page()
    await page.add_init_script(WATCH_CONNECTIONS + script)
    person = Person(page, context, link)
    await person.come()
    return person


async def level_of(person: Person) -> str:
    """The network test's level, once there is one."""

    async def level() -> str | None:
        said = str(await person.by("network").get_attribute("data-level"))
        return None if said in ("idle", "running") else said

    return str(await until(level, 90, "the network was tested"))


async def evidence(server: Server, session_id: str, role: str, **steps: str) -> dict[str, Any]:
    """The newest result of this party's check on the ledger, once it is as it should be."""

    async def found() -> dict[str, Any] | None:
        facts = [fact for fact in await server.ledger(session_id) if fact["kind"] == "checked" and fact["role"] == role]
        newest = dict(facts[-1]["steps"]) if facts else {}
        return newest if newest.items() >= steps.items() else None

    result: dict[str, Any] = await until(found, 30, f"the check of the {role} says {steps}")
    return result


async def trouble(person: Person, kind: str) -> str | None:
    help_ = person.by(f"help-{kind}")
    return await help_.get_attribute("data-trouble") if await help_.count() else None


async def is_told(person: Person, kind: str, wanted: str) -> str:
    await until(lambda: _is(trouble(person, kind), wanted), 30, f"help for a {kind} that is {wanted}")
    return await person.text(f"help-{kind}")


async def _is(asked: Any, wanted: object) -> bool:
    return bool(await asked == wanted)


# --- the network test -------------------------------------------------------------------------------------------------


async def test_P1_1_days_ahead_the_network_is_tested_through_the_relay(server: Server, chromium: Browsers) -> None:
    """Over UDP; over TCP alone; and where nothing gets through at all. By keyboard, with no trace but the evidence."""
    first = await server.book(starts_in=3 * DAY, minutes=30, session_id="ahead")
    second = await server.book(starts_in=3 * DAY, minutes=30, session_id="nowhere")
    udp = await at(await chromium(), first["links"]["client"], EARS)
    tcp = await at(await chromium(), first["links"]["expert"], NO_UDP)
    nowhere = await at(await chromium(), second["links"]["client"], NO_WAY)
    for each in (udp, tcp, nowhere):
        assert await each.by("join").is_disabled()
        await until(each.by("test-network").is_enabled, 30, "the page is connected")
        await each.by("test-network").focus()
        await each.page.keyboard.press("Enter")
    assert await udp.by("network").get_attribute("role") == "status"
    before = await server.relayed()
    levels = await asyncio.gather(*map(level_of, (udp, tcp, nowhere)))
    assert levels[0] in ("good", "fair", "weak")  # how well is the machine's affair
    assert levels[1] in ("fair", "weak")
    assert levels[2] == "none"
    assert f"to port {server.media_port}" in await nowhere.text("network")
    for each, way in ((udp, "UDP"), (tcp, "TCP")):
        await each.page.get_by_text("Figures").click()
        assert await each.text("network-way") == way
    assert await server.relayed() > before + 500
    await evidence(server, "ahead", "client", network="weak" if levels[0] == "weak" else "ok", speaker="skipped")
    await evidence(server, "nowhere", "client", network="failed")
    # the speaker, by keyboard too
    await udp.by("test-speaker").press("Enter")
    assert await udp.page.evaluate("window.__tones") == 4
    await udp.by("not-heard").press("Enter")
    await evidence(server, "ahead", "client", speaker="failed")
    await udp.by("heard").press("Enter")
    await evidence(server, "ahead", "client", speaker="ok")
    assert {"booked", "opened", "checked"} >= set(await server.kinds("ahead")) - {"priced", "fee_factored"}
    assert 'figure="tests"} 0.0' in await server.call("GET", "/metrics")
    for each in (udp, tcp, nowhere):
        await calm(each, devices=("Fake Default",))


class Line:
    """A line to the relay that takes its time, swallows one packet in so many on the way up, and carries so much."""

    def __init__(self, to: int, *, delay: float, swallows: int = 0, bits_per_second: float = 0) -> None:
        self._to, self._delay, self._swallows, self._bits = to, delay, swallows, bits_per_second
        self._loop = asyncio.get_running_loop()
        self._here = self._socket(lambda sock: sock.bind((BESIDE, to)), self._up)
        self._pages: dict[tuple[str, int], socket.socket] = {}
        self._count = 0
        self._taken_until = 0.0

    def close(self) -> None:
        for each in (self._here, *self._pages.values()):
            self._loop.remove_reader(each)
            each.close()

    def _socket(self, place: Callable[[socket.socket], None], read: Callable[..., None], *of: Any) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        place(made)
        self._loop.add_reader(made, read, *of)
        return made

    def _up(self) -> None:
        packet, page = self._here.recvfrom(2_000)
        if page not in self._pages:
            self._pages[page] = self._socket(lambda sock: sock.connect(("127.0.0.1", self._to)), self._down, page)
        if packet[0] >= 20 and not self._takes(packet):  # checks go through: of them the figures say nothing
            return
        self._loop.call_later(self._delay, self._pages[page].send, packet)

    def _takes(self, packet: bytes) -> bool:
        self._count += 1
        if self._swallows and self._count % self._swallows == 0:
            return False
        if self._bits:
            until = max(self._taken_until, self._loop.time()) + len(packet) * 8 / self._bits
            if until > self._loop.time() + 0.3:  # what a router keeps
                return False
            self._taken_until = until
        return True

    def _down(self, page: tuple[str, int]) -> None:
        self._loop.call_later(self._delay, self._here.sendto, self._pages[page].recv(2_000), page)


async def test_the_figures_are_what_the_line_is(server: Server, chromium: Browsers) -> None:
    """100 ms each way and one packet in ten gone: 400 ms for two, 10 % missing; a busy machine adds to it."""
    links = (await server.book(starts_in=DAY, minutes=30, session_id="line"))["links"]
    line = Line(server.media_port, delay=0.1, swallows=10)
    client = await at(await chromium(), links["client"], BY_THE_LINE)
    await until(client.by("test-network").is_enabled, 30, "the page is connected")
    await client.by("test-network").click()
    assert await level_of(client) in ("fair", "weak")
    await client.page.get_by_text("Figures").click()
    figures = await client.page.locator(".figures dd").all_inner_texts()
    round_trip, missing = (int(re.sub(r"\D", "", each)) for each in figures[:2])
    assert round_trip >= 395
    assert missing >= 5
    await client.context.close()
    line.close()


# --- devices ----------------------------------------------------------------------------------------------------------


async def test_four_troubles_have_four_helps_and_keep_nobody_out(server: Server, chromium: Browsers) -> None:
    links = (await server.book(starts_in=60, minutes=10, session_id="troubles"))["links"]
    strict = await chromium(without="fake-ui-for-media-stream")
    client, expert = await at(strict, links["client"], allowed=False), await at(strict, links["expert"], DEVICES)
    said = await is_told(client, "camera", "denied_by_browser")
    await is_told(client, "microphone", "denied_by_browser")
    await evidence(server, "troubles", "client", camera="denied", microphone="denied")
    await calm(client)
    await client.context.grant_permissions(["microphone"])  # as in the browser's settings; the page notices by itself
    await until(lambda: _is(trouble(client, "microphone"), None), 30, "the microphone came by itself")
    await evidence(server, "troubles", "client", camera="denied", microphone="ok")
    assert await client.text("join") == "Join by audio"

    helps = {said}
    for kind, name, message in (
        ("denied_by_system", "NotAllowedError", "Permission denied by system"),
        ("busy", "NotReadableError", "Could not start video source"),
        ("missing", "NotFoundError", "Requested device not found"),
    ):
        await expert.page.evaluate(f"window.__trouble = {{ video: ['{name}', '{message}'] }}")
        if kind == "missing":
            await expert.page.evaluate("window.__unplug('video')")
        elif kind == "denied_by_system":
            await expert.by("toggle-camera").click()  # off
        await expert.by("toggle-camera").click()
        helps.add(await is_told(expert, "camera", kind))
    assert len(helps) == 4
    await evidence(server, "troubles", "expert", camera="missing", microphone="ok")
    for each in (client, expert):
        await each.join()
    await asyncio.gather(client.is_in("call"), expert.is_in("call"))


async def test_without_any_device_and_with_a_microphone_alone(server: Server, chromium: Browsers) -> None:
    links = (await server.book(starts_in=60, minutes=10, session_id="missing"))["links"]
    client = await at(await chromium(without="fake-device-for-media-stream"), links["client"])
    blind = await chromium("--use-fake-device-for-media-stream=device-count=0", without="fake-device-for-media-stream")
    expert = await at(blind, links["expert"])
    for each, kind in ((client, "camera"), (client, "microphone"), (expert, "camera")):
        await is_told(each, kind, "missing")
    await evidence(server, "missing", "client", camera="missing", microphone="missing")
    await evidence(server, "missing", "expert", camera="missing", microphone="ok")
    assert await client.text("join") == "Join without camera and microphone"
    assert await expert.text("join") == "Join by audio"
    for each in (client, expert):
        await each.join()
    await asyncio.gather(client.is_in("call"), expert.is_in("call"))


async def test_a_device_that_is_pulled_out_or_silent(server: Server, chromium: Browsers) -> None:
    links = (await server.book(starts_in=60, minutes=10, session_id="pulled"))["links"]
    two = await chromium("--use-fake-device-for-media-stream=device-count=2", without="fake-device-for-media-stream")
    client = await at(two, links["client"], DEVICES)
    await until(client.by("local-video").is_visible, 30, "the own picture")
    cameras = client.page.get_by_role("combobox", name="Camera")
    names = await cameras.locator("option").all_inner_texts()
    assert len(names) == 2
    await cameras.select_option(label=names[1])
    await until(lambda: _is(cameras.evaluate("each => each.selectedOptions[0].text"), names[1]), 30, "it is chosen")
    await until(client.by("local-video").is_visible, 30, "its picture")
    await client.page.evaluate("window.__unplug('video')")
    await until(client.by("fallback").is_visible, 30, "it is said")
    assert await client.text("fallback") == f"“{names[1]}” was disconnected. We are using “{names[0]}” now."
    assert await client.by("local-video").is_visible()
    await client.page.evaluate("window.__unplug('video')")
    await is_told(client, "camera", "missing")
    await evidence(server, "pulled", "client", camera="missing", microphone="ok")
    assert await client.text("join") == "Join by audio"
    await client.page.evaluate("window.__plug()")
    await until(client.by("local-video").is_visible, 30, "it is taken up again by itself")

    await client.page.evaluate("window.__silent = true; window.__unplug('audio'); window.__plug()")
    await until(client.by("silent").is_visible, 60, "nothing comes from the microphone")
    await evidence(server, "pulled", "client", camera="ok", microphone="silent")
    assert await client.page.get_by_role("meter").get_attribute("aria-valuenow") == "0"


# --- the waiting room -------------------------------------------------------------------------------------------------


async def test_P1_3_waiting_until_the_other_is_here(server: Server, chromium: Browsers) -> None:
    links = (await server.book(starts_in=90, minutes=30, session_id="waiting"))["links"]
    client = await at(await chromium(), links["client"], EARS)
    for testid, key in (("accept", "Space"), ("join", "Enter")):  # by keyboard alone
        await tab_to(client, testid)
        await client.page.keyboard.press(key)
    await client.is_in("waiting")
    assert await client.text("other-status") == "Max Expert is not here yet"
    assert await client.by("countdown").get_attribute("role") == "timer"
    assert await client.by("local-video").is_visible()
    assert "$120.00" in await client.text("leave-at")
    await calm(client)
    expert = await at(await chromium(), links["expert"])
    await until(lambda: _is(client.text("other-status"), "Max Expert is checking devices"), 30)
    await expert.by("late-10").click()  # one tap
    await until(lambda: _page_says(client, "Max Expert is running about 10 minutes late."), 30)
    await client.page.evaluate("window.__tones = 0; window.__hide(true)")
    await expert.join()
    await until(lambda: _is(client.page.title(), "Max Expert is here!"), 30, "the title tells of it")
    assert await client.page.evaluate("window.__tones") == 2
    await client.page.evaluate("window.__hide(false)")
    await until(lambda: _is(client.page.title(), "With Max Expert"), 30, "and is as before once that was seen")
    await asyncio.gather(client.is_in("call"), expert.is_in("call"))


async def tab_to(person: Person, testid: str) -> None:
    for _ in range(40):
        await person.page.keyboard.press("Tab")
        if await person.page.evaluate("document.activeElement?.dataset.testid") == testid:
            return
    raise AssertionError(f"Tab does not lead to {testid}")


async def _page_says(person: Person, text: str) -> bool:
    return text in await person.page.inner_text("body")
