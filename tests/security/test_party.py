"""What a party with a genuine link can do to others or to the server: what is its own, and that not without end."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from server.api.limiter import RECORDS_BURST
from signaling.errors import UserError
from signaling.session import Accept, HangUp, Join, MediaUp, Role, Whom
from tests.security.conftest import Booked, Fortress, OpenPage
from tests.server.api.conftest import World

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
STEPS = {"camera": "ok", "microphone": "ok", "speaker": "ok", "network": "ok"}


async def test_a_cancelled_session_shows_itself_and_takes_nothing(fortress: Fortress, page: OpenPage) -> None:
    booked = await fortress.begun(starts_in=600)
    token = booked.tokens[CLIENT]
    client = await page(token)
    await fortress.call("DELETE", f"/v1/sessions/{booked.id}")
    await client.sees("ended")
    status, view = await fortress.me(token)
    assert (status, view["status"], view["may"]["join"]) == (200, "cancelled", False)
    assert (await client.ask("join"))["code"] == "session_over"
    before = len(await booked.kinds())
    for path, body in (
        ("/check", {"steps": STEPS}),
        ("/guidelines", {"accepted": False, "version": "2026-11"}),
        ("/refund", {}),
    ):
        assert (await fortress.me(token, "POST", path, json=body))[0] == 409, path
    assert (await fortress.me(token, "POST", "/leaving", json={"join": "j0123456789"}))[0] == 204
    assert len(await booked.kinds()) == before


async def test_an_ended_session_shows_its_summary_and_lets_nobody_back(fortress: Fortress, page: OpenPage) -> None:
    booked = await fortress.begun()
    client, expert = await page(booked.tokens[CLIENT]), await page(booked.tokens[EXPERT])
    for each in (client, expert):
        assert (await each.ask("join"))["ok"]
    assert (await client.ask("hang_up"))["ok"]
    back = await page(booked.tokens[EXPERT])
    assert (await back.sees("snapshot"))["view"]["end"]["reason"] == "hung_up"
    for command in ("join", "running_late", "step_out", "restart"):
        answer = await back.ask(command, **({"minutes": 3} if command == "running_late" else {}))
        assert answer["code"] in ("session_over", "stale"), command
    assert (await fortress.me(booked.tokens[EXPERT], "POST", "/refund", json={}))[0] == 403


async def test_one_partys_token_says_nothing_for_the_other(fortress: Fortress, booked: Booked, page: OpenPage) -> None:
    """Not the role, not the session, not a join: whatever a body names, it is the token's own party that speaks."""
    expert = await page(booked.tokens[EXPERT])
    join = (await expert.ask("join"))["join"]
    client = booked.tokens[CLIENT]
    assert (await fortress.me(client, "POST", "/leaving", json={"join": join}))[0] == 204
    assert (await fortress.me(client, "POST", "/leaving", json={"join": join, "role": "expert"}))[0] == 422
    assert (await fortress.me(client, "POST", "/guidelines", json={"accepted": True, "role": "expert"}))[0] == 422
    mine = await page(client)
    stolen = await mine.ask("join", resume=join)
    assert stolen["ok"]
    assert stolen["join"] != join
    assert "replaced" not in await booked.kinds()
    assert (await expert.ask("media", microphone=True, camera=True, screen=False))["ok"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/check", {"steps": STEPS, "detail": "x" * 100_000}, 422),
        ("/check", {"steps": STEPS, "detail": "x" * 300_000}, 413),
        ("/check", {"steps": {**STEPS, "x" * 1000: "ok"}}, 422),
        ("/guidelines", {"accepted": True, "version": "x" * 100_000}, 422),
        ("/leaving", {"join": "x" * 100_000}, 422),
        ("/refund", {"amount": {"amount": 10**30, "currency": "USD"}}, 422),
        ("/refund", {"amount": {"amount": -1, "currency": "USD"}}, 422),
    ],
    ids=range(7),
)
async def test_over_long_bodies(fortress: Fortress, path: str, body: dict[str, Any], status: int) -> None:
    booked = await fortress.begun()
    before = len(await booked.kinds())
    assert (await fortress.me(booked.tokens[CLIENT], "POST", path, json=body))[0] == status
    assert len(await booked.kinds()) <= before + 1  # that the page was opened


async def test_a_flood_of_notes_is_bounded(fortress: Fortress) -> None:
    booked = await fortress.begun()
    token, answers = booked.tokens[CLIENT], Counter[int]()
    before = len(await booked.kinds())
    for number in range(90):
        kind = number % 3
        if kind == 0:
            steps = {**STEPS, "camera": "denied" if number % 2 else "ok"}
            status, _ = await fortress.me(token, "POST", "/check", json={"steps": steps, "detail": str(number)})
        else:
            body = {"accepted": kind == 1, "version": "2026-11"}
            status, _ = await fortress.me(token, "POST", "/guidelines", json=body)
        answers[status] += 1
    assert answers.keys() == {200, 429}
    assert len(await booked.kinds()) <= before + RECORDS_BURST + 10
    assert (await fortress.me(token))[0] == 200  # looking is free
    other, _ = await fortress.me(booked.tokens[EXPERT], "POST", "/check", json={"steps": STEPS})
    assert other == 200  # and the other side is not slowed


async def test_a_flood_of_joins_is_bounded_and_leaving_is_not(fortress: Fortress, page: OpenPage) -> None:
    booked = await fortress.begun()
    client, expert = await page(booked.tokens[CLIENT]), await page(booked.tokens[EXPERT])
    assert (await expert.ask("join"))["ok"]
    codes = Counter[str]()
    for _ in range(90):
        answer = await client.ask("join")
        codes[answer.get("code", "ok")] += 1
        await asyncio.sleep(0.05)  # 20 a second are let in
    assert codes.keys() == {"ok", "too_many_requests"}
    assert (await booked.kinds()).count("joined") <= RECORDS_BURST + 10
    assert (await client.ask("hang_up"))["ok"]


async def test_fifty_refunds_at_once_are_one_request(world: World) -> None:
    await world.book()
    desk = world.office.desk
    for minute, event in (
        (-1, Join(CLIENT, "join-of-client")),
        (-1, Join(EXPERT, "join-of-expert")),
        (1, MediaUp()),
        (10, HangUp(EXPERT, None)),
    ):
        await desk.report("bk_1", event, world.clock.at(minute))
    token = await world.token(CLIENT)
    answers = await asyncio.gather(*(world.call("POST", "/v1/me/refund", token, json={}) for _ in range(50)))
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 49}
    facts = [fact.kind for fact in (await desk.record("bk_1")).facts]
    assert len([kind for kind in facts if "refund" in kind]) == 1, facts


async def test_a_fact_between_accepting_and_joining_harms_nothing(world: World) -> None:
    """``join{guidelines}`` is two reports: after the first the party has accepted, and nothing more; a cancellation or
    an end between them refuses the second, and an acceptance alone is no presence."""
    await world.book(guidelines=None)
    desk = world.office.desk
    report = await desk.report("bk_1", Accept(CLIENT, "2026-11"), world.clock.at(-10))
    assert not report.session.seat(CLIENT).here
    assert report.session.phase.value == "scheduled"
    again = await desk.report("bk_1", Accept(CLIENT, "2026-11"), world.clock.at(-9))  # the page tries once more
    assert again.facts == ()
    await desk.cancel("bk_1", Whom.PLATFORM)
    with pytest.raises(UserError, match="over"):
        await desk.report("bk_1", Join(CLIENT, "join-of-client"), world.clock.at(-8))
    record = await desk.record("bk_1")
    assert [fact.kind for fact in record.facts].count("accepted") == 1
    assert record.session.joined_ever is False
