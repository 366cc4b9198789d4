"""Written consent and leaving for safety, from two real sockets to the record on the disk (P5.3, P3.13)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from signaling.attendant import Attendant
from signaling.fanout import Fanout
from signaling.gateway import Gateway
from signaling.session import EndReason, Role
from tests.builders import Office, booking, office
from tests.fakes import FakeClock, FakeSwitchboard
from tests.signaling.test_gateway import Page

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path / "a.db") as made:
        await made.desk.book(booking())
        yield made


@pytest.fixture
async def pages(desk: Office, aiohttp_server: Callable[..., Awaitable[TestServer]]) -> AsyncIterator[tuple[Page, Page]]:
    """The client's and the expert's, in session with each other; everything is real but the media."""
    time = FakeClock()
    fanout, app = Fanout(monotonic=time.monotonic), web.Application()
    attendant = Attendant(desk.desk, fanout, FakeSwitchboard(time), clock=desk.clock, monotonic=time.monotonic)
    gateway = Gateway(desk.desk, attendant, fanout, desk.clock)
    assert gateway is not None
    desk.desk.listeners.append(attendant)
    fanout.attach(app)
    server = await aiohttp_server(app)
    record = await desk.desk.record("bk_1")
    made = []
    for role in Role:
        token = desk.desk.link(record, role).partition("#t=")[2]
        page = await Page(str(server.make_url("/")), token).open()
        joined = await page.ask("join")
        assert joined["ok"], joined
        made.append(page)
    yield made[0], made[1]
    for page in made:
        await page.client.disconnect()
    await attendant.drain(0)
    await attendant.stop()


async def test_P5_3_asked_given_and_withdrawn_on_both_pages_and_on_the_record(
    desk: Office, pages: tuple[Page, Page]
) -> None:
    client, expert = pages
    assert (await expert.ask("consent", act="ask", scope="sound", purpose="my notes"))["ok"]
    for page in pages:
        (asked,) = (await page.sees("consent"))["consents"]
        assert (asked["by"], asked["status"], asked["scope"], asked["purpose"]) == (
            "expert",
            "asked",
            "sound",
            "my notes",
        )
    again = await expert.ask("consent", act="ask", scope="picture", purpose="more")
    assert (again["ok"], again["code"]) == (False, "already_asked")
    own = await expert.ask("consent", act="give", request=asked["id"], name="Max Expert")
    assert (own["ok"], own["code"]) == (False, "not_yours")
    assert (await client.ask("consent", act="give", request=asked["id"], name="Ada Client"))["ok"]
    for page in pages:
        (given,) = (await page.sees("consent"))["consents"]
        assert (given["status"], given["name"]) == ("given", "Ada Client")
    assert given["given_at"] is not None
    assert (await client.ask("consent", act="withdraw", request=asked["id"]))["ok"]
    for page in pages:
        (over,) = (await page.sees("consent"))["consents"]
        assert (over["status"], over["closed_at"] is not None) == ("withdrawn", True)
    assert (await expert.ask("consent", act="ask", scope="picture", purpose="more"))["ok"]
    (_, second) = (await client.sees("consent"))["consents"]
    assert (await client.ask("consent", act="refuse", request=second["id"]))["ok"]
    late = await client.ask("consent", act="give", request=second["id"], name="Ada Client")
    assert (late["ok"], late["code"]) == (False, "already_answered")
    for role in Role:  # a page that is loaded anew shows the same
        view = await desk.desk.snapshot("bk_1", role)
        assert [each.status for each in view.consents] == ["withdrawn", "refused"]
    kinds = [fact.kind for fact in (await desk.desk.record("bk_1")).facts if fact.kind.startswith("consent")]
    assert kinds == ["consent_asked", "consent_given", "consent_withdrawn", "consent_asked", "consent_refused"]
    told = [type_ for (type_,) in await desk.rows("select type from outbox where type like 'consent%' order by id")]
    assert [each.removeprefix("consent.") for each in told] == ["asked", "given", "withdrawn", "asked", "refused"]
    ledger = "".join(body for (body,) in await desk.rows("select body from ledger"))
    assert not any(word in ledger for word in ("Ada", "sound", "notes", "picture"))
    await desk.desk.database.write(_erase_texts)
    view = await desk.desk.snapshot("bk_1", EXPERT)
    assert [(each.status, each.scope, each.name) for each in view.consents] == [
        ("withdrawn", None, None),
        ("refused", None, None),
    ]


async def _erase_texts(connection: object) -> None:
    from server.store import tables

    await connection.execute(tables.texts.delete())  # type: ignore[attr-defined]


async def test_P3_13_leave_and_report_ends_it_for_both_and_files_the_report(
    desk: Office, pages: tuple[Page, Page]
) -> None:
    client, expert = pages
    done = await expert.ask("report_and_leave", category="conduct", text="threats")
    assert (done["ok"], done["ended"]) == (True, True)
    for page in pages:
        assert (await page.sees("ended"))["view"]["end"]["reason"] == "safety"
    end = (await desk.desk.record("bk_1")).session.end
    assert end is not None
    assert (end.reason, end.by) == (EndReason.SAFETY, "expert")
    file = (await desk.desk.standing("c_9")).file
    assert file.dossier.complaints[done["ticket"]].filed.safety
    told = (await desk.desk.snapshot("bk_1", CLIENT)).model_dump_json()
    assert done["ticket"] not in told  # P2.1: not before its time
    assert "threats" not in told
    mine = (await desk.desk.snapshot("bk_1", EXPERT)).afterwards
    assert mine is not None
    assert [(each.ticket, each.text) for each in mine.reports] == [(done["ticket"], "threats")]
    again = await client.ask("consent", act="ask", scope="sound", purpose="x")
    assert (again["ok"], again["code"]) == (False, "not_in_session")
