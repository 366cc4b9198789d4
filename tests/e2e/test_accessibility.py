"""Every state that a party can come to, looked at by axe-core in light and dark: nothing serious, nothing critical.

One story walks through all of them; a further state is a line where it is reached.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from tests.e2e.axe import violations
from tests.e2e.stage import People, Person, Server

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


class Auditor:
    """Goes along and writes down."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.seen: list[str] = []

    async def __call__(self, person: Person, where: str) -> None:
        self.seen.append(where)
        for scheme in SCHEMES:
            await person.page.emulate_media(color_scheme=scheme)
            self.problems += [f"{where}, {scheme}: {each}" for each in await violations(person.page)]

    def done(self) -> None:
        assert self.problems == [], "\n".join(self.problems)


async def test_axe_finds_nothing_serious_before_a_session(server: Server, person: People) -> None:
    look = Auditor()
    later = await server.book(starts_in=9 * 24 * 3600, minutes=30, session_id="later")
    someone = await person(later["links"]["client"], **PHONE)
    page = someone.page

    await page.goto(server.origin)
    await page.locator("h1").wait_for()
    await look(someone, "home")
    await page.goto(f"{server.origin}/s/later")
    await page.get_by_role("alert").locator("h1").wait_for()
    await look(someone, "a link without its end")
    await page.goto(f"{server.origin}/s/later#t=nothing")
    await page.get_by_role("alert").locator("h1").wait_for()
    await look(someone, "a link that opens nothing")
    await page.goto(later["links"]["client"].replace("#", "/receipt#"))
    await page.get_by_role("alert").locator("h1").wait_for()
    await look(someone, "no record yet")

    await someone.come()
    await someone.by("local-video").wait_for()
    await look(someone, "check-in, too early")
    for language in ("es", "de", "hi"):
        await someone.by("language").select_option(language)
        await page.wait_for_function("(lang) => document.documentElement.lang === lang", arg=language)
        await look(someone, f"check-in, {language}")
    look.done()
    assert len(look.seen) == 8


async def test_axe_finds_nothing_serious_in_a_session_and_after_it(server: Server, person: People) -> None:
    look = Auditor()
    booked = await server.book(starts_in=-20, minutes=30)
    client = await person(booked["links"]["client"], **PHONE)
    expert = await person(booked["links"]["expert"])

    await client.join()
    await look(client, "waiting room")
    await expert.join()
    await asyncio.gather(client.sees_video(), expert.sees_video())
    await look(client, "call")
    await look(expert, "call, wide")
    for one, panel in ((client, "chat"), (client, "more"), (client, "safety"), (expert, "devices")):
        await one.by(panel).click()
        await one.page.locator(".panel").wait_for()
        await look(one, f"call, {panel}")
        await one.by("close-panel").click()
    await ways_out(look, client, expert)

    other = await person(client.link, **PHONE)
    await other.come()
    await other.join()
    await client.by("replaced").wait_for()
    await look(client, "replaced")

    await other.context.close()
    await expert.by("held").wait_for(timeout=60_000)
    await look(expert, "interrupted")
    await client.by("take-over").click()
    await client.is_in("call")
    await expert.is_in("call")
    await expert.by("leave").click()
    await expert.by("leave-early").click()
    await expert.by("leave-early-confirm").click()
    await asyncio.gather(client.is_in("ended"), expert.is_in("ended"))
    for one, name in ((client, "client"), (expert, "expert")):
        await one.by("stars-5").wait_for(state="attached")
        await one.page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        await look(one, f"summary, {name}")
    await client.page.goto(client.link.replace("#", "/receipt#"))
    await client.by("receipt").wait_for()
    await look(client, "record")
    look.done()
    assert len(look.seen) == 16


async def ways_out(look: Auditor, client: Person, expert: Person) -> None:
    await client.by("leave").click()
    await client.by("end-session").wait_for()
    await look(client, "leaving, client")
    await client.by("leave-report").click()
    await client.by("report-and-leave").wait_for()
    await look(client, "leave and report")
    await client.page.keyboard.press("Escape")
    await expert.by("leave").click()
    await expert.by("leave-early").wait_for()
    await look(expert, "leaving, expert")
    await expert.by("leave-early").click()
    await expert.by("leave-early-confirm").wait_for()
    await look(expert, "leave early, confirm")
    await expert.page.keyboard.press("Escape")
