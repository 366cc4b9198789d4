"""The whole of it as a marketplace has it: book, meet inside its page, hang up, and learn of it by signed webhooks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, async_playwright

from tests.e2e.market import ONE_PROCESS, Guest, Market
from tests.e2e.network import RELAY, Network, entered
from tests.e2e.stage import CHROMIUM_FLAGS, WATCH_CONNECTIONS, Server, free_port, until
from tests.e2e.test_browsers import FIREFOX


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    server = Server(tmp_path)
    market = Market(tmp_path, server)
    server.settings |= market.allowed()
    await server.start()
    try:
        async with market.open():
            yield market
    finally:
        await server.stop()
    assert "Traceback" not in server.log(), server.log()


async def guest(browser: Browser, market: Market, url: str) -> Guest:
    context = await browser.new_context()
    if browser.browser_type.name == "chromium":
        for origin in (market.origin, market.server.origin):
            await context.grant_permissions(["camera", "microphone"], origin=origin)
    page = await context.new_page()
    await page.add_init_script(WATCH_CONNECTIONS)
    await page.goto(url)
    return Guest(page, context, url)


async def book(client: Guest) -> str:
    """By the form, as anybody would; the address of the booking."""
    await client.page.get_by_label("Tomasz Wilk").check()
    await client.page.get_by_label("Your name").fill("Ada Client")
    await client.page.get_by_role("button", name="Book for €18.00").click()
    await client.page.wait_for_url("**/bookings/*")
    return client.page.url


async def story(client: Guest, expert: Guest, market: Market) -> None:
    """From two seats to the end, and everything that the shop hears of it."""
    for one in (client, expert):
        await one.accept_and_join()
    await asyncio.gather(client.sees_video(60), expert.sees_video(60))
    await client.reads("said", "ready", "precheck", "join", "peer-join")
    await client.reads("heard", "session.booked", "party.joined", "session.live")

    await expert.by("leave").click()  # leaves early, which the client may ask money back for (P3.4)
    await expert.by("leave-early").click()
    await expert.by("leave-early-confirm").click()
    await client.reads("said", "ended")
    await expert.reads("said", "ended")
    heard = await client.reads("heard", "session.ended", "refund.eligible")
    assert len(heard) == len(await client.page.locator("#heard li").all())
    assert await client.page.locator("#state").inner_text() == "Over."

    session = await market.server.ended(client.page.url.rsplit("/", 1)[1])
    assert (session["end"]["reason"], session["end"]["by"]) == ("hung_up", "expert")
    refund = client.page.locator("#heard li", has_text="refund.eligible").locator("span")
    assert "refund eligible" in await refund.inner_text()


async def test_book_meet_hang_up_and_hear_of_it(market: Market, chromium: Browser) -> None:
    client = await guest(chromium, market, market.origin)
    address = await book(client)
    expert = await guest(chromium, market, f"{address}?as=expert")
    assert "You are Tomasz Wilk" in await expert.page.inner_text(".bar")
    await story(client, expert, market)
    token = "eyJ"  # nothing that opens a link is on the page or in the shop's list
    assert token not in await client.page.content()
    for one in (client, expert):
        await one.context.close()


async def test_the_shop_believes_no_event_without_its_signature(market: Market, chromium: Browser) -> None:
    body = json.dumps({"type": "session.ended", "timestamp": "2026-11-23T10:00:00.000Z", "sequence": 1, "data": {}})
    forged = {"webhook-id": "forged", "webhook-timestamp": "1795428000", "webhook-signature": "v1,AAAA"}
    assert await market.post("/webhooks", data=body, headers=forged) == 401
    assert await market.post("/webhooks", data=body) == 401
    for wrong in ({}, {"expert": "nobody", "name": "x", "minutes": 15, "in_minutes": 0}):
        assert await market.post("/bookings", json=wrong) == 400
    client = await guest(chromium, market, market.origin)
    await book(client)
    assert await client.reads("heard", "session.booked") == ["session.booked"]
    await client.context.close()


async def test_the_demo_runs_both_and_stops_both(tmp_path: Path) -> None:
    """`make run` as it is: the links, the shop's address, and nobody left after Ctrl-C."""
    while True:
        port = free_port()
        with contextlib.suppress(OSError):
            (await asyncio.start_server(lambda *_: None, "127.0.0.1", port + 1)).close()
            break
    log = tmp_path / "demo.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server",
            "demo",
            "--no-history",
            "--port",
            str(port),
            cwd=tmp_path,
            env={**os.environ, "HEADSTRT_MEDIA_PORT": "0", "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=out,
            stderr=out,
            start_new_session=True,  # what a terminal does: Ctrl-C goes to all of them
        )
    try:
        shop = f"http://localhost:{port + 1}"

        async def told() -> bool:
            assert process.returncode is None, log.read_text()
            return f"inside its pages: {shop}" in log.read_text()

        await until(told, 60, "the demo says where the marketplace is")
        order = {"expert": "ines", "name": "Ada", "minutes": 15, "in_minutes": 0}
        async with aiohttp.ClientSession() as http:
            async with http.post(f"{shop}/bookings", json=order) as booked:
                assert booked.status == 201
                id_ = (await booked.json())["id"]
            async with http.get(f"{shop}/bookings/{id_}/client") as seat:
                src = (await seat.json())["src"]
            async with http.get(src) as page:
                assert f"frame-ancestors {shop}" in page.headers["Content-Security-Policy"]
            async with http.get(f"{shop}/events") as events, asyncio.timeout(30):
                async for line in events.content:
                    if b"session.booked" in line and id_.encode() in line:
                        break
    finally:
        os.killpg(process.pid, signal.SIGINT)
        code = await process.wait()
    assert code == 0, log.read_text()
    assert "Traceback" not in log.read_text()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


# --- Firefox, in a network of its own: it takes no part in a call over loopback ---


@pytest.fixture
def network() -> Iterator[Network]:
    with entered() as made:
        yield made


@pytest.mark.long  # Firefox in a call, and Firefox in a frame, have tests of their own
async def test_the_same_with_firefox_on_the_experts_side(network: Network, tmp_path: Path) -> None:
    server = Server(tmp_path, settings={"HEADSTRT_MEDIA_BIND": RELAY})
    market = Market(tmp_path, server)
    server.settings |= market.allowed()
    await server.start()
    paths = {kind: shutil.which(kind) for kind in ("chromium", "firefox-esr")}
    assert all(paths.values()), f"`make packages` installs what is missing: {paths}"
    try:
        async with market.open(), async_playwright() as playwright:
            chromium = await playwright.chromium.launch(executable_path=paths["chromium"], args=list(CHROMIUM_FLAGS))
            firefox = await playwright.firefox.launch(
                channel="moz-firefox", executable_path=paths["firefox-esr"], firefox_user_prefs=FIREFOX | ONE_PROCESS
            )
            client = await guest(chromium, market, market.origin)
            expert = await guest(firefox, market, f"{await book(client)}?as=expert")
            await story(client, expert, market)
            await chromium.close()
            await firefox.close()
    finally:
        await server.stop()
    assert "Traceback" not in server.log(), server.log()
