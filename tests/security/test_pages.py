"""The pages in a real browser: they live within their own policy, and a link's token does not stay in sight (§3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.e2e.stage import People, Server, until

WATCH = """
addEventListener("securitypolicyviolation", (e) => console.error("CSP " + e.violatedDirective + " " + e.blockedURI));
"""


@pytest.fixture
async def complaints(chromium: Browser) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page, and all that the browser complained about on it."""
    found: list[str] = []
    context = await chromium.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    await page.add_init_script(WATCH)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    yield page, found
    await context.close()


def policy(found: list[str]) -> list[str]:
    return [text for text in found if "CSP" in text or "Content Security Policy" in text or "Permissions" in text]


async def in_state(page: Page, *states: str) -> None:
    async def there() -> Any:
        return await page.evaluate("document.body.dataset.state") in states

    await until(there, 30, f"the page is in {states}")


async def test_3_no_page_breaks_its_own_policy(server: Server, complaints: tuple[Page, list[str]]) -> None:
    page, found = complaints
    booked = await server.book(starts_in=-30, minutes=30)
    link = booked["links"]["client"]
    for path in ("/", "/docs"):
        response = await page.goto(server.origin + path)
        assert response is not None
        assert response.status == 200
        await asyncio.sleep(0.5)
    await page.goto(f"{server.origin}/s/bk_1#t=wrong")
    await asyncio.sleep(1)
    await page.goto("about:blank")
    await page.goto(link)
    await in_state(page, "checkin")
    await page.get_by_test_id("accept").check()
    await page.get_by_test_id("join").click(timeout=20_000)
    await in_state(page, "waiting", "call")
    await server.call("POST", "/v1/sessions/bk_1/end", json={"reason": "a test is over"})
    await in_state(page, "summary", "ended")
    assert policy(found) == []

    # The policy is there, and this test would have seen it at work.
    await page.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.evil = 1';"
        " document.body.append(script); }"
    )
    await page.evaluate("fetch('https://example.org/').catch(() => {})")

    async def both_seen() -> bool:
        seen = " ".join(policy(found))
        return "script-src" in seen and "connect-src" in seen

    await until(both_seen, 10, "an inline script and a stranger's address are refused")
    assert await page.evaluate("window.evil") is None


async def test_3_the_token_is_out_of_the_address_bar_and_goes_in_no_url(server: Server, person: People) -> None:
    booked = await server.book(starts_in=-30, minutes=30)
    link = booked["links"]["client"]
    token = link.partition("#t=")[2]
    one = await person(link)
    asked: list[str] = []
    one.page.on("request", lambda request: asked.append(request.url))
    one.page.on("websocket", lambda socket: asked.append(socket.url))
    await one.come()
    assert token not in one.page.url
    assert asked
    assert not [url for url in asked if token in url.partition("#")[0]]
    await one.page.go_back()
    assert token not in one.page.url


async def test_3_no_stranger_frames_a_call(server: Server, complaints: tuple[Page, list[str]]) -> None:
    page, found = complaints
    await page.set_content(f"<iframe src='{server.origin}/s/bk_1'></iframe>")

    async def refused() -> bool:
        return "frame-ancestors" in " ".join(found)

    await until(refused, 20, f"the frame is refused; {found}")
