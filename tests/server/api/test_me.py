"""A party's own calls, with the token of its link and nothing else."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from icalendar import Calendar

from server import tokens
from signaling.messages import View
from signaling.session import Join, Role
from tests.builders import SECRET
from tests.server.api.conftest import World
from tests.server.api.test_sessions import refused

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def test_me_is_a_partys_whole_view(world: World) -> None:
    await world.book()
    response = await world.call("GET", "/v1/me", await world.token(EXPERT))
    assert response.status == 200
    view = View.model_validate_json(await response.text())
    assert (view.id, view.me.role, view.other.name) == ("bk_1", EXPERT, "Ada Client")
    assert response.headers["Cache-Control"] == "no-store"
    kinds = [fact.kind for fact in (await world.office.desk.record("bk_1")).facts]
    assert kinds[-1] == "opened"  # P1.1: opening the page is on the ledger


async def test_a_device_check_is_on_the_ledger_without_its_words(world: World) -> None:
    await world.book()
    steps = {"camera": "denied", "microphone": "ok", "speaker": "ok", "network": "skipped"}
    response = await world.call(
        "POST", "/v1/me/check", await world.token(CLIENT), json={"steps": steps, "detail": "FaceTime HD of Ada"}
    )
    assert response.status == 200
    assert (await response.json())["me"]["role"] == "client"
    body = (await (await world.call("GET", "/v1/sessions/bk_1/ledger")).json())["data"][-1]
    assert body["kind"] == "checked"
    assert "Ada" not in body["data"]


async def test_guidelines_are_accepted_or_declined_in_the_version_in_force(world: World) -> None:
    await world.book(guidelines=None)
    token = await world.token(CLIENT)
    old = await world.call("POST", "/v1/me/guidelines", token, json={"accepted": True, "version": "2020-01"})
    await refused(old, 409, "guidelines_changed")
    yes = await world.call("POST", "/v1/me/guidelines", token, json={"accepted": True, "version": "2026-11"})
    assert (await yes.json())["me"]["accepted"] is True
    no = await world.call("POST", "/v1/me/guidelines", token, json={"accepted": False, "version": "2026-11"})
    assert (await no.json())["me"]["accepted"] is False


async def test_leaving_names_the_join(world: World) -> None:
    await world.book()
    response = await world.call("POST", "/v1/me/leaving", await world.token(CLIENT), json={"join": "j0123456789"})
    assert (response.status, await response.read()) == (204, b"")
    assert world.leavings == [("bk_1", CLIENT, "j0123456789")]


async def test_a_partys_calendar_carries_its_own_link_only(world: World) -> None:
    answer = await world.book()
    response = await world.call("GET", "/v1/me/calendar.ics", await world.token(CLIENT))
    text = await response.text()
    assert str(Calendar.from_ical(text).walk("VEVENT")[0]["URL"]) == answer["links"]["client"]
    assert "attachment" in response.headers["Content-Disposition"]


async def test_a_moved_session_keeps_its_link_good(world: World) -> None:
    await world.book()
    token = await world.token(CLIENT)
    await world.book(starts_at="2027-01-22T12:00:00Z")
    assert (await (await world.call("GET", "/v1/me", token)).json())["starts_at"] == "2027-01-22T12:00:00.000Z"


async def test_after_the_end_there_is_nothing_left_to_check(world: World) -> None:
    await world.book()
    await world.call("DELETE", "/v1/sessions/bk_1")
    token = await world.token(CLIENT)
    assert (await world.call("GET", "/v1/me", token)).status == 200
    await refused(await world.call("POST", "/v1/me/check", token, json={"steps": {}}), 409, "session_over")
    declined = await world.call("POST", "/v1/me/guidelines", token, json={"accepted": True, "version": "2026-11"})
    await refused(declined, 409, "session_over")
    await refused(await world.call("POST", "/v1/me/refund", token, json={}), 409, "refund_not_possible")


def forged(**changes: Any) -> str:
    """A token as this server would sign it, but for some claims or the key."""
    key = changes.pop("key", tokens.derive_key(SECRET))
    headers = changes.pop("headers", {"kid": "1", "typ": tokens.TYPE})
    algorithm = changes.pop("algorithm", "HS256")
    seconds = 1_795_000_000
    claims = {
        "iss": "headstrt",
        "aud": "join",
        "sub": "bk_1/client",
        "sid": "bk_1",
        "role": "client",
        "ver": 1,
        "jti": "x",
        "iat": seconds,
        "exp": seconds + 10**8,
        **changes,
    }
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, key, algorithm=algorithm, headers=headers)


async def test_every_wrong_token_gets_one_and_the_same_answer(world: World) -> None:
    await world.book()
    assert (await world.call("GET", "/v1/me", forged())).status == 200
    wrong = [
        forged(key=b"another key of thirty-two bytes.."),
        forged(exp=1_795_000_001),
        forged(ver=2),
        forged(sid="nobody", sub="nobody/client"),
        forged(role="operator"),
        forged(aud="other"),
        forged(jti=None),
        "not.a.token",
    ]
    answers = {(r.status, await r.text()) for r in [await world.call("GET", "/v1/me", token) for token in wrong]}
    assert len(answers) == 1
    assert next(iter(answers))[0] == 401


async def test_a_key_opens_no_page_and_a_token_no_booking(world: World) -> None:
    await world.book()
    await refused(await world.call("GET", "/v1/me"), 401, "unauthorized")
    await refused(await world.call("GET", "/v1/sessions/bk_1", await world.token(CLIENT)), 401, "unauthorized")


@pytest.mark.parametrize("join", ["short", "x" * 65, "has space in it", 7])
async def test_a_join_that_cannot_be_one(world: World, join: object) -> None:
    await world.book()
    response = await world.call("POST", "/v1/me/leaving", await world.token(CLIENT), json={"join": join})
    await refused(response, 422, "invalid")
    assert world.leavings == []


async def test_the_view_follows_the_session(world: World) -> None:
    await world.book()
    await world.office.desk.report("bk_1", Join(EXPERT, "join-of-expert"), world.clock.at(-5))
    view = await (await world.call("GET", "/v1/me", await world.token(CLIENT))).json()
    assert (view["status"], view["other"]["status"]) == ("waiting", "here")
