"""Chromium with Firefox, either way round, and what happens to browsers in real life: networks that change,
computers that sleep, people who go back and forth.

All of it happens in a network namespace of the test's own (``network.py``): Firefox takes no part in a call over
loopback, and addresses can come and go there. The relay's address lies on the namespace's loopback interface, where no
browser looks for one of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright
from playwright.async_api import Error as PlaywrightError

from tests.e2e.network import RELAY, Network, entered
from tests.e2e.stage import CHROMIUM_FLAGS, WATCH_CONNECTIONS, Person, Server, until
from tests.e2e.test_call import PULLABLE, code
from tests.e2e.test_checkin import level_of
from tests.e2e.test_network import UFRAG
from tests.e2e.test_strict_network import NO_UDP

TERMS = """
reconnect_grace = 60
no_show_after_max = 3
"""
NOMINATED = """
async () => {
  const found = [];
  for (const pc of window.__connections) {
    const stats = await pc.getStats();
    for (const row of stats.values())
      if (row.type === "candidate-pair" && row.nominated) found.push(stats.get(row.remoteCandidateId).protocol);
  }
  return found;
}
"""
FIREFOX: dict[str, str | float | bool] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}

Anybody = Callable[[str, str], Awaitable[Person]]


@pytest.fixture
def network() -> Iterator[Network]:
    with entered() as made:
        yield made


@pytest.fixture
async def server(network: Network, tmp_path: Path) -> AsyncIterator[Server]:
    running = Server(tmp_path, terms=TERMS, settings={"HEADSTRT_MEDIA_BIND": RELAY})
    await running.start()
    yield running
    await running.stop()
    assert "Traceback" not in running.log(), running.log()


@pytest.fixture
async def anybody(network: Network) -> AsyncIterator[Anybody]:
    """``await anybody("firefox", link)`` is somebody at a browser of that kind; each kind is one browser."""
    problems: list[str] = []
    browsers: dict[str, Browser] = {}
    async with async_playwright() as playwright:

        async def launch(kind: str) -> Browser:
            path = shutil.which("firefox-esr" if kind == "firefox" else kind)
            assert path, f"{kind} is missing: `make packages` installs it"
            if kind == "firefox":
                return await playwright.firefox.launch(
                    channel="moz-firefox", executable_path=path, firefox_user_prefs=FIREFOX
                )
            return await playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))

        async def make(kind: str, link: str) -> Person:
            if kind not in browsers:
                browsers[kind] = await launch(kind)
            granted = ["camera", "microphone"] if kind == "chromium" else None  # Firefox has its preferences
            context = await browsers[kind].new_context(permissions=granted)
            page = await context.new_page()
            page.on("pageerror", lambda error: problems.append(f"{kind}: {error}"))
            await page.add_init_script(WATCH_CONNECTIONS)
            return Person(page, context, link)

        yield make
        for browser in browsers.values():
            await browser.close()
    assert not problems, problems


async def call(server: Server, anybody: Anybody, client: str, expert: str, **booking: Any) -> tuple[Person, Person]:
    booked = await server.book(**{"starts_in": -10, "minutes": 5, **booking})
    people = await anybody(client, booked["links"]["client"]), await anybody(expert, booked["links"]["expert"])
    for each in people:
        await each.join()
    await both_see(*people)
    return people


async def both_see(client: Person, expert: Person) -> None:
    await asyncio.gather(client.sees_video(60), expert.sees_video(60))


async def nobody_is_blamed(server: Server, client: Person) -> None:
    """The client ends it, and nothing is left of what happened on the way."""
    await client.by("leave").click()
    await client.by("end-session").click()
    session = await server.ended()
    assert (session["end"]["reason"], session["end"]["by"]) == ("hung_up", "client")
    assert session["client"]["attendance"] == session["expert"]["attendance"] == "on_time"
    assert session["refund"]["status"] == "none"


one_way = pytest.mark.parametrize(
    ("client", "expert"), [("chromium", "firefox"), pytest.param("firefox", "chromium", marks=pytest.mark.long)]
)


@one_way
async def test_P3_1_two_browsers_restart_each_side_and_the_hard_stop(
    server: Server, anybody: Anybody, client: str, expert: str
) -> None:
    people = await call(server, anybody, client, expert, starts_in=20, minutes=1)
    for one in people:
        before = await one.page.evaluate(UFRAG)
        await one.page.evaluate("window.dispatchEvent(new Event('online'))")

        async def restarted(one: Person = one, before: str = before) -> bool:
            now = str(await one.page.evaluate(UFRAG))
            return now.split()[0] != before.split()[0] and now.split()[1] == before.split()[1]

        await until(restarted, 20, "new ICE credentials on the same connection")
        await both_see(*people)
    await asyncio.gather(*(one.is_in("summary", "ended", within=120) for one in people))
    session = await server.ended()
    assert session["end"]["reason"] == "completed"
    assert session["end"]["at"] == session["ends_at"]
    assert "departed" not in await server.kinds()


@one_way
async def test_firefox_over_tcp_alone(server: Server, anybody: Anybody, client: str, expert: str) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    people = await anybody(client, booked["links"]["client"]), await anybody(expert, booked["links"]["expert"])
    (firefox,) = [one for one, kind in zip(people, (client, expert), strict=True) if kind == "firefox"]
    await firefox.page.add_init_script(NO_UDP)
    for each in people:
        await each.join()
    await both_see(*people)
    assert await firefox.page.evaluate(NOMINATED) == ["tcp"]


async def test_firefox_tests_its_network_over_udp_and_over_tcp_alone(server: Server, anybody: Anybody) -> None:
    links = (await server.book(starts_in=3 * 86_400, minutes=5))["links"]
    udp, tcp = await anybody("firefox", links["client"]), await anybody("firefox", links["expert"])
    await tcp.page.add_init_script(NO_UDP)
    for each in (udp, tcp):
        await each.come()
        await until(each.by("test-network").is_enabled, 60, "the page is connected")
        await each.by("test-network").click()
    for each, way in ((udp, "UDP"), (tcp, "TCP")):
        assert await level_of(each) in ("good", "fair", "weak")
        await each.page.get_by_text("Figures").click()
        assert await each.text("network-way") == way


@one_way
async def test_P3_5_another_network_in_mid_call(
    server: Server, network: Network, anybody: Anybody, client: str, expert: str
) -> None:
    people = await call(server, anybody, client, expert)
    network.move()
    await asyncio.sleep(3)
    await both_see(*people)
    await nobody_is_blamed(server, people[0])


async def test_P3_5_the_experts_computer_sleeps_for_twenty_seconds(server: Server, anybody: Anybody) -> None:
    people = await call(server, anybody, "chromium", "firefox")
    asleep = [process for process in descendants(os.getpid()) if "firefox" in name_of(process)]
    assert asleep
    for process in asleep:
        os.kill(process, signal.SIGSTOP)
    try:
        await asyncio.sleep(20)
        assert "departed" in await server.kinds()
        assert (await server.session())["end"] is None
    finally:
        for process in asleep:
            os.kill(process, signal.SIGCONT)
    await asyncio.gather(*(one.is_in("call", within=60) for one in people))
    await both_see(*people)
    await nobody_is_blamed(server, people[0])


@one_way
async def test_P5_6_P0_6_a_call_on_a_phone_between_two_kinds_of_browsers(
    server: Server, anybody: Anybody, client: str, expert: str
) -> None:
    """Portrait: the same code, a word each way, a camera that goes, a reload, and a second device."""
    booked = await server.book(starts_in=-10, minutes=10)
    people = await anybody(client, booked["links"]["client"]), await anybody(expert, booked["links"]["expert"])
    for one in people:
        await one.page.set_viewport_size({"width": 390, "height": 844})
        await one.page.add_init_script(PULLABLE)
        await one.join()
    await both_see(*people)
    assert await code(people[0]) == await code(people[1])
    for one, other in (people, people[::-1]):
        await one.by("close-panel").click()
        await one.by("chat").click()
        await one.by("chat-input").fill(f"from {one.link[-4:]}")
        await one.by("chat-send").click()
        await other.by("chat").get_by_text("Chat (1)").or_(other.by("chat-input")).first.wait_for(state="visible")
    for one, other in (people, people[::-1]):
        assert f"from {other.link[-4:]}" in await one.page.get_by_role("log").inner_text()
        assert await one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await one.by("close-panel").click()
        await one.page.evaluate("__pull('video')")
        await one.by("toast").wait_for(state="visible")
        await other.sees_video(60)
    await people[1].page.reload()
    await people[1].is_in("call", within=60)
    await both_see(*people)
    assert await code(people[0]) == await code(people[1])
    second = await anybody(client, people[1].link)
    await second.join()
    await people[1].is_in("replaced")
    await both_see(people[0], second)
    assert "departed" not in await server.kinds()


@one_way
async def test_P3_5_away_from_the_page_and_back_again(
    server: Server, anybody: Anybody, client: str, expert: str
) -> None:
    people = await call(server, anybody, client, expert)
    for one in people:
        await one.page.goto("about:blank")
        await one.page.evaluate("setTimeout(() => history.back())")  # go_back() waits for what a cached page never says

        async def is_back(one: Person = one) -> bool:
            with contextlib.suppress(PlaywrightError):  # asked while the page was changing
                return await one.state() == "call"
            return False

        await until(is_back, 60, "the page is in the call again")
        await both_see(*people)
    await nobody_is_blamed(server, people[0])


def descendants(process: int) -> Iterator[int]:
    """The processes that this one started, and theirs."""
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{process}/task"):
            for child in Path(f"/proc/{process}/task/{task}/children").read_text().split():
                yield int(child)
                yield from descendants(int(child))


def name_of(process: int) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{process}/exe")
    return ""
