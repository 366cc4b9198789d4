"""The states of a party's page in Firefox: denied, without a device, ahead, waiting, alone in it, over, and a bad link.

What takes media between two browsers is in ``test_browsers.py``, in a network that Firefox takes part in.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import async_playwright

from tests.e2e.stage import Person, Server, until
from tests.e2e.test_browsers import FIREFOX

DENIED = {"permissions.default.camera": 2, "permissions.default.microphone": 2}
NO_DEVICE = {"media.navigator.streams.fake": False}
DAY = 24 * 60 * 60
PATIENT = 120


@contextlib.asynccontextmanager
async def firefox(link: str, more: dict[str, Any], **options: Any) -> AsyncIterator[Person]:
    """Somebody at a Firefox with these preferences, at the check-in."""
    path = shutil.which("firefox-esr")
    assert path, "Firefox is missing: `make packages` installs it"
    problems: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.firefox.launch(
            channel="moz-firefox", executable_path=path, firefox_user_prefs={**FIREFOX, **more}
        )
        context = await browser.new_context(locale="en-GB", **options)
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        person = Person(page, context, link)
        await page.goto(link)
        yield person
        await browser.close()
    assert problems == []


async def is_told(person: Person, kind: str, trouble: str) -> None:
    async def said() -> bool:
        help_ = person.by(f"help-{kind}")
        return await help_.count() == 1 and await help_.get_attribute("data-trouble") == trouble

    await until(said, PATIENT, f"{kind}: {trouble}")


async def test_P0_5_P1_3_denied_and_alone_in_it_till_an_operator_ends_it(server: Server) -> None:
    links = (await server.book(starts_in=-10, minutes=30))["links"]
    phone = {"viewport": {"width": 390, "height": 844}}
    async with firefox(links["client"], {**DENIED, "media.navigator.permission.disabled": False}, **phone) as client:
        await client.is_in("checkin", within=PATIENT)
        for kind in ("camera", "microphone"):
            await is_told(client, kind, "denied_by_browser")
        await client.join()
        await client.is_in("waiting", within=PATIENT)
        assert "Max Expert is not here yet" in await client.text("other-status")
        assert await client.page.evaluate("document.documentElement.scrollWidth") <= 390
        await client.page.reload()  # which is nothing to anyone
        await client.is_in("waiting", within=PATIENT)
        await server.call("POST", "/v1/sessions/bk_1/end", json={"reason": "a test of the end"})
        await client.is_in("ended", "summary", within=PATIENT)
    assert "left" not in await server.kinds()


async def test_without_a_device_days_ahead_and_by_a_link_that_does_not_count(server: Server) -> None:
    links = (await server.book(starts_in=3 * DAY, minutes=30))["links"]
    async with firefox(links["expert"], NO_DEVICE) as expert:
        await expert.is_in("checkin", within=PATIENT)
        await asyncio.gather(*(is_told(expert, kind, "missing") for kind in ("camera", "microphone")))
        assert await expert.by("join").is_disabled()
        assert await expert.by("countdown").get_attribute("role") == "timer"
        await expert.page.goto("about:blank")
        await expert.page.goto(expert.link[:-4] + "AAAA")
        await expert.is_in("error", within=PATIENT)
