"""The doors to receipts and to their keys."""

from __future__ import annotations

import base64
import json
from typing import Any

from aiohttp import ClientResponse

from server import receipts
from signaling.session import HangUp, Role
from tests.server.api.conftest import World
from tests.server.api.test_sessions import meet, refused

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def over(world: World) -> None:
    """The expert has hung up after 20 of 30 minutes."""
    await world.book()
    await meet(world)
    await world.office.desk.report("bk_1", HangUp(EXPERT), world.clock.at(20))


async def keys(world: World) -> dict[str, bytes]:
    return receipts.keys_of(await (await world.call("GET", "/.well-known/jwks.json", None)).json())


async def said(world: World, response: ClientResponse) -> dict[str, Any]:
    assert response.status == 200, await response.text()
    return receipts.read((await response.json())["jws"], await keys(world))


async def test_P3_15_there_is_a_receipt_once_it_is_settled(world: World) -> None:
    await world.book()
    await meet(world)
    await refused(await world.call("GET", "/v1/sessions/bk_1/receipt"), 409, "not_settled")
    await refused(await world.call("GET", "/v1/me/receipt", await world.token(CLIENT)), 409, "not_settled")
    assert await (await world.call("GET", "/.well-known/jwks.json", None)).json() == {"keys": []}
    await world.office.desk.report("bk_1", HangUp(EXPERT), world.clock.at(20))
    receipt = await said(world, await world.call("GET", "/v1/sessions/bk_1/receipt"))
    assert (receipt["iss"], receipt["sub"]) == ("https://calls.example", "bk_1/client")
    record = await world.office.desk.record("bk_1")
    assert record.head is not None
    assert receipt["ledger"] == {"seq": record.head.seq, "hash": record.head.hash}
    await refused(await world.call("GET", "/v1/sessions/nobody/receipt"), 404, "session_not_found")


async def test_each_side_has_its_own(world: World) -> None:
    await over(world)
    for role in Role:
        mine = await said(world, await world.call("GET", "/v1/me/receipt", await world.token(role)))
        theirs = await said(world, await world.call("GET", f"/v1/sessions/bk_1/receipt?role={role}"))
        assert mine == theirs
        assert mine["role"] == role.value
    await refused(await world.call("GET", "/v1/sessions/bk_1/receipt?role=operator"), 422, "invalid")
    await refused(await world.call("GET", "/v1/me/receipt?role=expert", await world.token(CLIENT)), 422, "invalid")


async def test_P5_5_no_id_mail_or_address_of_a_person_is_in_it(world: World) -> None:
    await world.book(
        client={"id": "c_secret", "name": "Ada Client", "email": "ada@example.org", "metadata": {"crm": "crm_77"}},
        expert={"id": "e_secret", "name": "Max Expert", "email": "max@example.org"},
    )
    await meet(world)
    await world.office.desk.report("bk_1", HangUp(EXPERT, "my own words"), world.clock.at(20))
    for role in Role:
        text = json.dumps(await said(world, await world.call("GET", f"/v1/sessions/bk_1/receipt?role={role}")))
        for never in ("secret", "example.org", "crm_77", "127.0.0.1", "my own words", '"p_'):
            assert never not in text, never
        assert "Ada Client" in text
        assert "Max Expert" in text


async def test_it_comes_as_jose_for_whoever_asks_for_that(world: World) -> None:
    await over(world)
    plain = await world.call("GET", "/v1/sessions/bk_1/receipt")
    assert plain.content_type == "application/json"
    assert plain.headers["Cache-Control"] == "no-store"
    jose = await world.call("GET", "/v1/sessions/bk_1/receipt", headers={"Accept": "application/jose, */*;q=0.1"})
    assert jose.content_type == "application/jose"
    assert jose.headers["Content-Disposition"] == 'attachment; filename="receipt-client.jws"'
    assert await jose.text() == (await plain.json())["jws"]
    header = json.loads(base64.urlsafe_b64decode((await jose.text()).partition(".")[0] + "=="))
    assert (header["alg"], header["typ"]) == ("EdDSA", "headstrt-receipt+jwt")


async def test_P0_4_it_is_the_same_to_the_byte_until_the_ledger_grows(world: World) -> None:
    await over(world)
    first = await (await world.call("GET", "/v1/sessions/bk_1/receipt")).json()
    world.clock.at(600)
    assert await (await world.call("GET", "/v1/sessions/bk_1/receipt")).json() == first
    assert (await world.call("POST", "/v1/me/refund", await world.token(CLIENT), json={})).status == 200
    before = receipts.read(first["jws"], await keys(world))
    after = await said(world, await world.call("GET", "/v1/sessions/bk_1/receipt"))
    assert after["ledger"]["seq"] > before["ledger"]["seq"]
    assert (before["refund"]["status"], after["refund"]["status"]) == ("eligible", "requested")


async def test_rotated_keys_stay_in_the_set_and_old_receipts_stay_good(world: World) -> None:
    await over(world)
    old = (await (await world.call("GET", "/v1/sessions/bk_1/receipt")).json())["jws"]
    world.clock.at(30)
    fresh = await world.office.desk.signing.rotate()
    new = (await (await world.call("GET", "/v1/sessions/bk_1/receipt")).json())["jws"]
    assert new != old
    known = await keys(world)
    assert len(known) == 2
    assert fresh.kid in known
    assert receipts.read(old, known) == receipts.read(new, known)


async def test_the_key_set_is_for_everyone_and_may_be_kept_a_while(world: World) -> None:
    await over(world)
    await world.call("GET", "/v1/sessions/bk_1/receipt")
    response = await world.call("GET", "/.well-known/jwks.json", None)
    assert response.headers["Cache-Control"] == "public, max-age=300"
    (key,) = (await response.json())["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert "d" not in key


async def test_who_may_look_may_have_it_and_nobody_else(world: World) -> None:
    await over(world)
    for scope, status in (("read", 200), ("moderation", 200), ("sessions", 200), ("endpoints", 403)):
        assert (await world.call("GET", "/v1/sessions/bk_1/receipt", await world.key(scope))).status == status
    await refused(await world.call("GET", "/v1/sessions/bk_1/receipt", None), 401, "unauthorized")
    await refused(await world.call("GET", "/v1/me/receipt", None), 401, "unauthorized")
