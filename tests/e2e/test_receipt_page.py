"""A party's signed record in a real browser: everything on it, what is printed, and what is downloaded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page

from server import receipts
from server.api.deps import Deps
from server.api.limiter import Limiter
from server.api.routes import SERVER_OPTIONS, build_app
from server.config import Settings
from server.policy.facts import ConsentAsked, ConsentGiven
from signaling.session import Depart, HangUp, How, Join, MediaUp, Role
from tests.builders import Clock, Office, booking, office
from tests.e2e.stage import free_port, until

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


class Nobody:
    """No socket and no relay: these sessions are over."""

    async def expel(self, session: str, role: Role) -> None:
        pass

    def leaving(self, *_: object) -> None:
        pass


class Record:
    """A server with one settled session, and the links of its two sides."""

    def __init__(self, made: Office, origin: str) -> None:
        self.office, self.origin = made, origin

    async def page(self, role: Role, id_: str = "bk_1") -> str:
        token = self.office.desk.link(await self.office.desk.record(id_), role).partition("#t=")[2]
        return f"{self.origin}/s/{id_}/receipt#t={token}"


async def hold(o: Office) -> None:
    """The expert is a little late, drops once, and hangs up ten minutes before the end."""
    o.clock.at(-60)
    await o.desk.book(booking("bk_1", title="Compilers, an introduction"))
    await o.desk.report("bk_1", Join(CLIENT, "join-of-client"), o.clock.at(-1))
    await o.desk.report("bk_1", Join(EXPERT, "join-of-expert"), o.clock.at(2))
    await o.desk.report("bk_1", MediaUp(), o.clock.at(2.1))
    asked = ConsentAsked(o.clock.at(4), EXPERT, "c1", "a1" * 32)
    await o.desk._change("bk_1", o.clock(), lambda record: (record, (asked, replace_at(asked, o.clock.at(5)))))
    alive = o.clock.at(10)
    await o.desk.report("bk_1", Depart(EXPERT, "join-of-expert", How.CONNECTION, alive), o.clock.at(10.1))
    await o.desk.report("bk_1", Join(EXPERT, "join-again"), o.clock.at(10.6))
    await o.desk.report("bk_1", HangUp(EXPERT), o.clock.at(20))


def replace_at(asked: ConsentAsked, at: int) -> ConsentGiven:
    return ConsentGiven(at, asked.role.other, asked.request, "b2" * 32)


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[Record]:
    async with office(tmp_path / "receipt.db", Clock()) as made:
        port = free_port()
        origin = f"http://127.0.0.1:{port}"
        made.desk.rules = replace(made.desk.rules, origin=origin)
        await hold(made)
        nobody: Any = Nobody()
        app = build_app(
            Deps(
                desk=made.desk,
                database=made.database,
                settings=Settings(env="development", public_url=origin),
                attendant=nobody,
                switchboard=nobody,
                clock=made.clock,
                draining=lambda: False,
                limiter=Limiter(),
            )
        )
        runner = web.AppRunner(app, **SERVER_OPTIONS)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield Record(made, origin)
        await runner.cleanup()


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """In Berlin, and not one complaint of the browser's."""
    found: list[str] = []
    context = await chromium.new_context(timezone_id="Europe/Berlin", locale="en-GB")
    made = await context.new_page()
    made.on("pageerror", lambda error: found.append(str(error)))
    made.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    yield made
    await context.close()
    assert found == []


async def shown(page: Page, url: str) -> str:
    await page.goto(url)
    await page.get_by_test_id("receipt").wait_for()
    return str(await page.inner_text("main"))


async def test_a_record_says_everything_in_plain_words_and_can_be_kept(
    record: Record, page: Page, tmp_path: Path
) -> None:
    text = await shown(page, await record.page(CLIENT))
    for words in (
        "Signed record of a session",
        "For Ada Client (client)",
        "Compilers, an introduction",
        "Sunday, 22 November 2026, 13:00 to 13:30",
        "Central European Standard Time",
        "Max Expert ended it before the booked end",
        "2 mins after the start",
        "US$120.00",
        "10 mins: the time left when the expert left early",
        "The client may ask back: US$40.00",
        "Max Expert asked in writing",
        "2026-11-22T12:00:00.000Z",
    ):
        assert words in text, text
    assert "#t=" not in page.url  # the token does not stay in sight
    await until(lambda: page.get_by_test_id("checked").inner_text(), 20, "the signature was checked")
    assert "it fits" in await page.get_by_test_id("checked").inner_text()
    async with page.expect_download() as waiting:
        await page.get_by_test_id("download").click()
    download = await waiting.value
    assert download.suggested_filename == "record-bk_1-client.jws"
    await download.save_as(tmp_path / "kept.jws")
    kept = (tmp_path / "kept.jws").read_text()
    assert kept == await page.get_by_test_id("jws").inner_text()
    seed = await record.office.desk.signing.seed()
    public = receipts.public_of(seed)
    assert receipts.read(kept, {receipts.key_id(public): public})["role"] == "client"


async def test_P1_6_the_experts_record_is_the_experts_own(record: Record, page: Page) -> None:
    text = await shown(page, await record.page(EXPERT))
    assert "For Max Expert (expert)" in text
    assert "may ask back" not in text


async def test_no_rule_number_stands_outside_the_small_print_and_none_of_the_words_that_accuse(
    record: Record, page: Page
) -> None:
    await shown(page, await record.page(CLIENT))
    running = await page.evaluate(
        "[...document.querySelectorAll('main > :not(.small, .long)')].map((each) => each.innerText).join('\\n')"
    )
    assert "Who was there" in running
    for never in ("P1.", "P3.", "no_show", "no-show", "lost", "fault", "proof", "penalty", "bps"):
        assert never not in running
    assert "P3.4" in await page.inner_text("main > .small")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1200, "light")])
async def test_it_fits_a_phone_and_a_desk(record: Record, page: Page, width: int, scheme: Any) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.emulate_media(color_scheme=scheme)
    await shown(page, await record.page(CLIENT))
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_on_paper_there_are_no_buttons_and_no_dark_ground(record: Record, page: Page) -> None:
    await page.emulate_media(color_scheme="dark")
    await shown(page, await record.page(CLIENT))
    assert await page.get_by_test_id("print").is_visible()
    await page.emulate_media(media="print", color_scheme="dark")
    assert not await page.get_by_test_id("print").is_visible()
    assert await page.get_by_test_id("jws").is_visible()
    ink, ground = await page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.documentElement).backgroundColor]"
    )
    assert (ink, ground) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)")


async def test_before_the_end_and_with_a_wrong_link_it_says_so(record: Record, chromium: Browser) -> None:
    record.office.clock.at(-60)
    await record.office.desk.book(booking("bk_2"))
    page = await (await chromium.new_context()).new_page()  # the refusals are on its console
    for url, words in (
        (await record.page(CLIENT, "bk_2"), "There is no record yet"),
        (f"{record.origin}/s/bk_1/receipt#t=wrong", "does not open a session"),
        (f"{record.origin}/s/bk_7/receipt", "incomplete"),
    ):
        await page.goto("about:blank")
        await page.goto(url)
        await until(lambda: page.locator("h1").count(), 20, "the page says what is wrong")
        assert words in await page.inner_text("main")
    await page.context.close()


async def test_the_page_is_kept_by_no_cache_and_framed_by_nobody(record: Record, page: Page) -> None:
    response = await page.goto(f"{record.origin}/s/bk_1/receipt")
    assert response is not None
    headers = response.headers
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "camera=()" in headers["permissions-policy"]
    assert json.dumps(headers).count("script-src 'self'") == 1
