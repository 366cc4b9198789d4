"""``make screenshot``: the pages of one real call, as a person sees them, into ``docs/``.

Runs the real server and two Chromiums, like the tests; looks, and asserts nothing.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.e2e.stage import CHROMIUM_FLAGS, ROOT, WATCH_CONNECTIONS, Person, Server

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


async def open_page(browser: Browser, link: str, *, dark: bool, phone: bool) -> Person:
    context = await browser.new_context(
        permissions=["camera", "microphone"],
        color_scheme="dark" if dark else "light",
        **(PHONE if phone else DESKTOP),
    )
    page = await context.new_page()
    await page.add_init_script(WATCH_CONNECTIONS)
    return Person(page, context, link)


async def story(browser: Browser, folder: Path, server: Server, *, dark: bool, phone: bool) -> None:
    """Check-in, waiting room, call, leaving, held, summary: a picture of each."""
    name = f"{'phone' if phone else 'desktop'}-{'dark' if dark else 'light'}"
    booked = await server.book(starts_in=-40, minutes=30, session_id=name)
    client = await open_page(browser, booked["links"]["client"], dark=dark, phone=phone)
    expert = await open_page(browser, booked["links"]["expert"], dark=dark, phone=phone)

    async def shoot(person: Person, what: str) -> None:
        await asyncio.sleep(0.7)
        await person.page.screenshot(path=folder / f"{name}-{what}.png", full_page=what in ("check-in", "summary"))

    await client.come()
    await asyncio.sleep(1)
    await shoot(client, "check-in")
    await client.join()
    await shoot(client, "waiting")
    await expert.join()
    await asyncio.gather(client.sees_video(), expert.sees_video())
    await asyncio.sleep(2)
    await shoot(client, "call")
    await client.by("leave").click()
    await shoot(client, "leave-client")
    await client.page.keyboard.press("Escape")
    await expert.by("leave").click()
    await shoot(expert, "leave-expert")
    await expert.by("leave-early").click()
    await shoot(expert, "leave-confirm")
    await expert.page.keyboard.press("Escape")
    link = expert.link
    await expert.context.close()
    await client.by("held").wait_for(state="visible", timeout=30_000)
    await shoot(client, "held")
    expert = await open_page(browser, link, dark=dark, phone=phone)
    await expert.join()
    await client.sees_video()
    await expert.by("leave").click()
    await expert.by("leave-early").click()
    await expert.by("leave-early-confirm").click()
    await client.is_in("ended")
    await shoot(client, "summary")
    await shoot(expert, "summary-expert")
    for person in (client, expert):
        await person.context.close()


async def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        server = Server(Path(scratch))
        await server.start()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=list(CHROMIUM_FLAGS)
                )
                for phone in (False, True):
                    for dark in (False, True):
                        await story(browser, folder, server, dark=dark, phone=phone)
                await browser.close()
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "var" / "pictures"))
