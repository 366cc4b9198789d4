"""What a party says after a session, in a real browser: reports, claims, objections, and what is told to whom."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from server.api.deps import Deps
from server.api.limiter import Limiter
from server.api.routes import SERVER_OPTIONS, build_app
from server.config import Settings
from server.policy.people import Category
from server.policy.ratings import TAGS
from server.store.sessions import Party
from signaling.session import HangUp, Join, MediaUp, Role
from tests.builders import Clock, Office, booking, office
from tests.e2e.stage import ROOT, People, Person, free_port, until
from tests.e2e.words import calm

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
DAY = 24 * 60.0


class Nobody:
    """No socket and no relay: these sessions are over."""

    async def expel(self, session: str, role: Role) -> None:
        pass

    def leaving(self, *_: object) -> None:
        pass


class Stand:
    """A server with a clock set by hand, and people who look at sessions that are over."""

    def __init__(self, made: Office, origin: str, person: People) -> None:
        self.office, self.desk, self.origin, self._person = made, made.desk, origin, person

    async def hold(self, session: str = "bk_1", *, late: float = 0, by: Role = CLIENT, **changes: Any) -> None:
        """A call of twenty minutes of the booked thirty; the expert comes so many minutes late, and ``by`` ends it."""
        clock = self.office.clock
        clock.at(-60)
        await self.desk.book(booking(session, **changes))
        await self.desk.report(session, Join(CLIENT, f"join-of-client-{session}"), clock.at(-1))
        await self.desk.report(session, Join(EXPERT, f"join-of-expert-{session}"), clock.at(late - 0.5))
        await self.desk.report(session, MediaUp(), clock.at(late + 0.1))
        await self.desk.report(session, HangUp(by), clock.at(20))
        clock.at(21)

    async def page(self, role: Role, session: str = "bk_1", **options: Any) -> Person:
        token = self.desk.link(await self.desk.record(session), role).partition("#t=")[2]
        one = await self._person(f"{self.origin}/s/{session}#t={token}", **options)
        await one.page.goto(one.link)
        await one.is_in("ended")
        await one.page.locator("hs-afterwards .cards").wait_for(state="attached")
        return one


@pytest.fixture
async def stand(tmp_path: Path, person: People) -> AsyncIterator[Stand]:
    async with office(tmp_path / "afterwards.db", Clock()) as made:
        port = free_port()
        origin = f"http://127.0.0.1:{port}"
        made.desk.rules = replace(made.desk.rules, origin=origin)
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
        yield Stand(made, origin, person)
        await runner.cleanup()


async def said(one: Person, card: str) -> str:
    """What a card says of the form that was sent; the focus is on it, so that it is read out."""
    status = one.page.locator(f"[data-card={card}]")
    await until(status.inner_text, 10, f"the card {card} says that it is kept")
    await until(lambda: one.page.evaluate(f"document.activeElement.dataset.card === '{card}'"), 5, "it has the focus")
    return str(await status.inner_text())


async def unfold(one: Person, card: str) -> Any:
    """Open the form in a card."""
    place = one.by(f"card-{card}")
    await place.locator("summary").click()
    return place


async def test_P2_2_a_client_reports_and_reads_what_became_of_it(stand: Stand) -> None:
    await stand.hold()
    client = await stand.page(CLIENT)
    card = await unfold(client, "report")
    text = await card.inner_text()
    assert "We do not give your name; what you write may show who you are." in text  # P2.9
    await card.get_by_test_id("report").click()
    assert "choose what it is about" in await card.inner_text()
    await client.by("kind-conduct").check()
    await card.get_by_test_id("text").fill("I was sworn at,\nmore than once.")
    await card.get_by_test_id("report").click()
    assert "T-" in await said(client, "report")
    assert "I was sworn at," in await client.text("own-report")
    ticket = (await client.text("ticket")).split()[-1]
    await unfold(client, "report")
    assert not await client.by("kind-conduct").is_visible()  # once for each kind
    assert await client.by("kind-privacy").is_visible()
    await calm(client)

    expert = await stand.page(EXPERT)
    assert not await expert.by("report-of-me").is_visible()  # P2.1: for a week, or until both have rated
    await stand.desk.decide_complaint(ticket, "dismiss", "key_1", "The words were a quotation from the exercise.")
    await client.page.reload()
    await client.by("report-status").wait_for()
    assert "found no breach" in await client.text("report-status")
    assert "a quotation from the exercise" in await client.text("own-report")

    stand.office.clock.at(8 * DAY)
    await expert.page.reload()
    await expert.by("report-of-me").wait_for()
    told = await expert.text("card-said")
    assert "I was sworn at," in told
    assert "Ada" not in told
    await calm(expert)


async def test_what_was_typed_survives_an_error_and_nothing_is_sent_twice(stand: Stand) -> None:
    await stand.hold()
    client = await stand.page(CLIENT)
    card = await unfold(client, "report")
    await client.by("kind-other").check()
    await card.get_by_test_id("text").fill("Something was odd.")
    await client.context.set_offline(True)
    await card.get_by_test_id("report").click()
    problem = card.locator(".problem")
    await until(problem.inner_text, 20, "it says that there is no connection")
    assert "still here" in await problem.inner_text()
    assert await client.page.evaluate("document.activeElement.className") == "problem"
    assert await card.get_by_test_id("text").input_value() == "Something was odd."
    assert await client.by("kind-other").is_checked()
    await client.context.set_offline(False)
    await card.get_by_test_id("report").dblclick()
    assert "T-" in await said(client, "report")
    assert await client.by("own-report").count() == 1


async def sanction(stand: Stand) -> None:
    """Five clients, each from a session in which they met, complain about how they were treated (P2.3)."""
    for number in range(1, 6):
        await stand.hold(f"bk_{number}", client=Party(f"c_{number}", f"Client {number}"))
        await stand.desk.complain(f"bk_{number}", CLIENT, Category.CONDUCT, "There was shouting.")


async def test_P2_7_a_sanctioned_expert_reads_why_and_objects(stand: Stand) -> None:
    await sanction(stand)
    expert = await stand.page(EXPERT)
    card = expert.page.locator("section", has=expert.by("restriction"))
    assert "You cannot be booked as an expert until Tuesday, December 22, 2026" in await expert.text("restriction")
    statement = await expert.text("statement")
    for words in ("Several different people", "the first time for a while", "bk_1, bk_2, bk_3, bk_4, and bk_5"):
        assert words in statement, statement
    assert "Client" not in statement
    await calm(expert)
    await card.locator("summary").click()
    await card.get_by_test_id("appeal").click()
    assert "say why it should be lifted" in await card.inner_text()
    await card.get_by_test_id("text").fill("These five know each other.")
    await card.get_by_test_id("appeal").click()
    await expert.by("appeal-status").wait_for()
    assert "You objected" in await expert.text("appeal-status")
    assert not await card.get_by_test_id("appeal").is_visible()  # once

    [id_] = [row[0] for row in await stand.office.rows("SELECT id FROM sanctions")]
    await stand.desk.decide_sanction(id_, "appeal.granted", "key_1", "The reports were arranged.")
    await expert.page.reload()
    await expert.by("appeal-status").wait_for()
    assert "you were right" in await expert.text("appeal-status")
    assert "The reports were arranged." in await card.inner_text()
    assert "An earlier restriction" in await card.inner_text()
    await calm(expert)


async def test_P3_17_and_P3_12_the_client_says_that_it_could_not_be_held_and_asks_for_a_second_look(
    stand: Stand,
) -> None:
    await stand.hold()
    client = await stand.page(CLIENT)
    card = await unfold(client, "claim")
    await card.get_by_test_id("claim").click()
    assert "choose why" in await card.inner_text()
    await client.by("cause-no_media").check()
    await card.get_by_test_id("text").fill("I heard nothing.")
    await card.get_by_test_id("claim").click()
    assert "Somebody will look" in await said(client, "claim")
    assert await client.by("refund-status").get_attribute("data-status") == "review"

    await stand.hold("bk_2", by=EXPERT)
    await stand.desk.request_refund("bk_2", CLIENT, None)
    await stand.desk.decide_refund("bk_2", "declined", None, "We saw you talking.")
    client = await stand.page(CLIENT, "bk_2")
    assert await client.by("refund-status").get_attribute("data-status") == "declined"
    card = await unfold(client, "dispute")
    await card.get_by_test_id("text").fill("That was the day before.")
    await card.get_by_test_id("dispute").click()
    assert "You will hear about it" in await said(client, "dispute")
    assert await client.by("refund-status").get_attribute("data-status") == "disputed"
    await calm(client)


async def test_P1_8_a_late_expert_says_that_the_record_is_not_right(stand: Stand) -> None:
    await stand.hold(late=4.5)
    expert = await stand.page(EXPERT)
    card = await unfold(expert, "contest")
    assert "4 min after the start" in await card.inner_text()
    await card.get_by_test_id("text").fill("I was in the waiting room of another link.")
    await card.get_by_test_id("contest").click()
    assert "Somebody will look at it" in await said(expert, "contest")
    assert not await expert.by("contest-open").is_visible()
    await calm(expert)
    client = await stand.page(CLIENT)
    assert not await client.by("card-contest").is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1200, "light")])
async def test_it_fits_a_phone_and_a_desk(stand: Stand, width: int, scheme: str) -> None:
    await sanction(stand)
    size = {"width": width, "height": 800}
    for role in Role:
        one = await stand.page(role, viewport=size, color_scheme=scheme, reduced_motion="reduce")
        for summary in await one.page.locator("summary").all():
            await summary.click()
        assert await one.page.evaluate("document.documentElement.scrollWidth") <= width
        small = await one.page.evaluate(
            "[...document.querySelectorAll('button, select, textarea, .choices label, .tags label, .stars label')]"
            ".map((each) => each.getBoundingClientRect().height).filter((height) => height > 0 && height < 44)"
        )
        assert small == []  # each is large enough for a thumb
        unnamed = await one.page.evaluate(
            "[...document.querySelectorAll('input, textarea, select')].filter((each) => !each.labels.length).length"
        )
        assert unnamed == 0


def test_the_call_pages_script_stays_under_60_kb() -> None:
    """All that is fetched before the call, compressed; the forms for afterwards are not in it."""
    pages = Settings(env="development").pages
    page = (pages / "session.html").read_text()
    scripts = re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', page)
    assert scripts
    assert not [name for name in scripts if "afterwards" in name]
    assert sum(len(gzip.compress((pages / name).read_bytes(), 9)) for name in scripts) < 60 * 1024


def test_P2_1_the_pages_tags_are_the_servers() -> None:
    source = (ROOT / "static" / "src" / "tags.ts").read_text()
    for role in Role:
        listed = source.partition(f"  {role}: [")[2].partition("]")[0]
        assert tuple(tag.strip(' "') for tag in listed.split(",")) == TAGS[role]
