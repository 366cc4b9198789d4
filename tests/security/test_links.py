"""Links and tokens against the real server: what is wrong gets one answer, what was renewed is over, who guesses waits.

The tokens themselves, claim by claim, are in ``tests/server/test_tokens.py``.
"""

from __future__ import annotations

import asyncio
import json

import jwt
import pytest

from server import tokens
from signaling.session import Role
from tests.e2e.stage import API_KEY, until
from tests.security.conftest import Fortress, OpenPage, OpenRaw, an_address
from tests.signaling.test_gateway import PATIENCE

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
KEY = tokens.derive_key("an end-to-end test's own secret, long enough")


def unsigned(token: str) -> str:
    """The same claims with ``alg: none``."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, None, algorithm="none", headers={"kid": "1", "typ": tokens.TYPE})


async def test_3_one_answer_for_whatever_is_wrong_with_a_link(fortress: Fortress, raw: OpenRaw) -> None:
    booked = await fortress.begun()
    good = booked.tokens[CLIENT]
    now = 1000 * jwt.decode(good, options={"verify_signature": False})["iat"]
    old = tokens.issue(KEY, booked.id, CLIENT, 1, now - 1000 * (tokens.LIFETIME_SECONDS + 60))
    wrong = [
        unsigned(good),
        good[:-4] + "AAAA",
        old,
        tokens.issue(KEY, "unknown", CLIENT, 1, now),
        tokens.issue(KEY, booked.id, CLIENT, 2, now),
        tokens.issue(b"x" * 32, booked.id, CLIENT, 1, now),
        API_KEY,
        "a.b.c",
        "[" * 3000,
    ]
    answers, told = set(), set()
    for token in wrong:
        status, document = await fortress.me(token)
        answers.add((status, json.dumps(document)))
        told.add(await (await raw()).connect(token))
    assert len(answers) == len(told) == 1
    assert answers.pop()[0] == 401
    assert '"unauthorized"' in told.pop()


async def test_3_a_token_says_which_session_it_is_for_and_no_header_or_query_changes_that(fortress: Fortress) -> None:
    one, other = await fortress.begun(), await fortress.begun()
    assert (await fortress.me(one.tokens[CLIENT]))[1]["id"] == one.id
    status, _ = await fortress.me(one.tokens[CLIENT], path=f"?id={other.id}&token={other.tokens[CLIENT]}")
    assert status == 422
    status, view = await fortress.me(other.tokens[EXPERT])
    assert (view["id"], view["me"]["role"]) == (other.id, "expert")


async def test_3_ten_wrong_links_shut_an_address_out_at_both_doors(fortress: Fortress, raw: OpenRaw) -> None:
    address, booked = an_address(), await fortress.begun()
    for _ in range(5):
        assert (await fortress.me("wrong", address=address))[0] == 401
        assert '"unauthorized"' in await (await raw(address)).connect("wrong")
    assert (await fortress.me("wrong", address=address))[0] == 429
    assert '"too_many_attempts"' in await (await raw(address)).connect("wrong")
    elsewhere = await (await raw()).connect("wrong")
    assert '"unauthorized"' in elsewhere
    # No key is looked at from there, but a genuine link gets in: a stranger behind the same address
    # must not be able to make a party a no-show.
    options = {"headers": {"X-Forwarded-For": address}}
    await fortress.call("GET", "/v1/sessions", 429, **options)
    assert (await fortress.me(booked.tokens[CLIENT], address=address))[0] == 200
    assert (await (await raw(address)).connect(booked.tokens[CLIENT])).startswith("40")


async def test_3_who_is_shut_out_keeps_the_sockets_that_are_open(fortress: Fortress, raw: OpenRaw) -> None:
    address, booked = an_address(), await fortress.begun()
    party = await raw(address)
    await party.connect(booked.tokens[CLIENT])
    for _ in range(11):
        await fortress.me("wrong", address=address)
    await party.say('420["join",{"command_id":"j"}]')
    assert '"ok":true' in await party.hears("430")


# --- renewed links ---


async def test_9_a_renewed_link_closes_the_old_ones_sockets_for_good(
    fortress: Fortress, raw: OpenRaw, page: OpenPage
) -> None:
    booked = await fortress.begun()
    expert = await page(booked.tokens[EXPERT])
    old = await raw()
    await old.connect(booked.tokens[CLIENT])
    answer = await fortress.call("POST", f"/v1/sessions/{booked.id}/links", json={"role": "client"})
    await old.is_closed()
    again = await (await raw()).connect(booked.tokens[CLIENT])
    assert '"unauthorized"' in again
    assert (await fortress.me(booked.tokens[CLIENT]))[0] == 401
    new = answer["links"]["client"].partition("#t=")[2]
    fortress.secrets.add(new)
    assert (await (await raw()).connect(new)).startswith("40")
    assert (await expert.ask("join"))["ok"]  # the other side is not disturbed
    assert answer["links"]["expert"].partition("#t=")[2] == booked.tokens[EXPERT]


async def test_9_who_was_in_the_call_with_an_old_link_is_out_of_the_call(fortress: Fortress, page: OpenPage) -> None:
    booked = await fortress.begun()
    client, expert = await page(booked.tokens[CLIENT]), await page(booked.tokens[EXPERT])
    for each in (client, expert):
        assert (await each.ask("join"))["ok"]
    answer = await fortress.call("POST", f"/v1/sessions/{booked.id}/links", json={"role": "client"})
    assert (await expert.sees("held"))["role"] == "client"
    new = answer["links"]["client"].partition("#t=")[2]
    fortress.secrets.add(new)
    back = await page(new)
    assert (await back.ask("join"))["ok"]
    await expert.sees("resumed", role="client")
    assert (await fortress.session(booked.id))["status"] == "live"


async def test_9_another_person_in_the_booking_ends_the_first_ones_link_and_socket(
    fortress: Fortress, raw: OpenRaw
) -> None:
    booked = await fortress.begun(starts_in=600)
    first = await raw()
    await first.connect(booked.tokens[CLIENT])
    session = await fortress.session(booked.id)
    body = {
        "starts_at": session["starts_at"],
        "duration_minutes": 30,
        "client": {"id": "c_77", "name": "Eve Instead"},
        "expert": {"id": "e_4", "name": "Max Expert"},
        "fee": {"amount": 12000, "currency": "USD"},
    }
    answer = await fortress.call("PUT", f"/v1/sessions/{booked.id}", json=body)
    await first.is_closed()
    assert '"unauthorized"' in await (await raw()).connect(booked.tokens[CLIENT])
    fortress.secrets.add(answer["links"]["client"].partition("#t=")[2])


async def test_5_a_link_renewed_while_its_socket_is_let_in_is_out(fortress: Fortress, raw: OpenRaw) -> None:
    """Whatever the order: afterwards nobody is in with the old link."""
    booked = await fortress.begun()
    token = booked.tokens[CLIENT]
    before = await fortress.sockets()
    for _ in range(10):
        sockets = [await raw() for _ in range(4)]
        renew = fortress.call("POST", f"/v1/sessions/{booked.id}/links", json={"role": "client"})
        hello = "40" + json.dumps({"token": token, "protocol": 1})
        answer, *_ = await asyncio.gather(renew, *(each.say(hello) for each in sockets))
        token = answer["links"]["client"].partition("#t=")[2]
        fortress.secrets.add(token)
        for each in sockets:
            if not each.ws.closed:
                await asyncio.wait_for(_refused_or_closed(each), PATIENCE)

    async def nobody() -> bool:
        return await fortress.sockets() == before

    await until(nobody, PATIENCE, "nobody is in with an old link")


async def _refused_or_closed(each: object) -> None:
    try:
        while not (await each.hears("4")).startswith("44"):  # type: ignore[attr-defined]
            pass
    except (AssertionError, ConnectionError):
        pass


@pytest.mark.parametrize("where", ["path", "query", "referrer"])
async def test_12_no_token_is_ever_looked_for_in_a_url(fortress: Fortress, where: str) -> None:
    booked = await fortress.begun()
    token = booked.tokens[CLIENT]
    status, _ = await fortress.me("x" * 20, path=f"?access_token={token}" if where == "query" else "")
    if where == "path":
        status = 404
        await fortress.call("GET", f"/v1/me/{token}", 404)
    elif where == "referrer":
        status, _ = await fortress.me("x" * 20, headers={"Referer": f"{fortress.origin}/s/{booked.id}#t={token}"})
    assert status in (401, 404, 422)
