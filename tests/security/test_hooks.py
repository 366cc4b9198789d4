"""The door where anybody may knock: what is forged, stale, cut short or re-encoded changes nothing, in any dialect."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from signaling.session import MINUTE, Ms
from tests.server.api.conftest import Build, World
from tests.server.webhooks.booking.samples import (
    CALCOM_SECRET,
    CALENDLY_SECRET,
    HOUR,
    SAID,
    SECRETS,
    SIGN,
    STANDARD_SECRET,
    calcom,
    calendly,
    sign_calcom,
    sign_calendly,
    sign_standard,
    standard,
)

KINDS = ("standard", "calcom", "calendly")
each_kind = pytest.mark.parametrize("kind", KINDS)
FIRST = {
    "standard": standard("booking.created", "bk_1", n=0),
    "calcom": calcom("BOOKING_CREATED", "A", n=0),
    "calendly": calendly("invitee.created", "A", n=0),
}
HEADER = {
    "standard": "webhook-signature",
    "calcom": "x-cal-signature-256",
    "calendly": "calendly-webhook-signature",
}


@pytest.fixture
async def world(build: Build) -> World:
    """With a source of each kind, named after it."""
    made = await build()
    made.clock.now = SAID + HOUR
    for kind in KINDS:
        made_one = await made.call("POST", "/v1/sources", json={"name": kind, "kind": kind, "secret": SECRETS[kind]})
        assert made_one.status == 201, await made_one.text()
    return made


async def post(
    world: World, source: str, raw: bytes, headers: dict[str, str], type_: str = "application/json"
) -> tuple[int, dict[str, Any]]:
    response = await world.client.post(f"/v1/hooks/{source}", data=raw, headers={"Content-Type": type_, **headers})
    return response.status, await response.json()


async def good(world: World, kind: str, raw: bytes) -> dict[str, Any]:
    status, said = await post(world, kind, raw, SIGN[kind](raw, world.clock()))
    assert status == 200, said
    return said


async def state(world: World) -> list[Any]:
    """All that a message could have changed."""
    return [
        await world.office.rows(f"select * from {table} order by 1, 2")
        for table in ("sessions", "ledger", "outbox", "inbox", "heard", "bookings", "people")
    ]


Forge = Callable[[str, bytes, Ms], tuple[bytes, dict[str, str]]]


def _with(kind: str, raw: bytes, now: Ms, signature: str) -> tuple[bytes, dict[str, str]]:
    return raw, {**SIGN[kind](raw, now), HEADER[kind]: signature}


def _tampered(kind: str, raw: bytes, now: Ms) -> tuple[bytes, dict[str, str]]:
    return raw.replace(b"Ada", b"Eve"), SIGN[kind](raw, now)


def _reencoded(kind: str, raw: bytes, now: Ms) -> tuple[bytes, dict[str, str]]:
    other = json.dumps(json.loads(raw), indent=1).encode()
    assert json.loads(other) == json.loads(raw)
    return other, SIGN[kind](raw, now)


def _other_key(kind: str, raw: bytes, now: Ms) -> tuple[bytes, dict[str, str]]:
    match kind:
        case "standard":
            return raw, sign_standard(raw, now, bytes(32))
        case "calcom":
            return raw, sign_calcom(raw, now, CALCOM_SECRET + "x")
        case _:
            return raw, sign_calendly(raw, now, CALENDLY_SECRET + "x")


def _of_another(kind: str, raw: bytes, now: Ms) -> tuple[bytes, dict[str, str]]:
    others = {name: value for other in KINDS if other != kind for name, value in SIGN[other](raw, now).items()}
    return raw, others


FORGED: dict[str, Forge] = {
    "nothing": lambda kind, raw, now: (raw, {}),
    "empty": lambda kind, raw, now: _with(kind, raw, now, ""),
    "no secret, as Cal.com says it": lambda kind, raw, now: _with(kind, raw, now, "no-secret-provided"),
    "not hex": lambda kind, raw, now: _with(kind, raw, now, "zz" * 32),
    "not base64": lambda kind, raw, now: _with(kind, raw, now, "v1,%%%%"),
    "no version": lambda kind, raw, now: _with(kind, raw, now, "v1,"),
    "of no body": lambda kind, raw, now: (raw, SIGN[kind](b"", now)),
    "a hash without a key": lambda kind, raw, now: _with(kind, raw, now, hashlib.sha256(raw).hexdigest()),
    "under an empty key": lambda kind, raw, now: _with(kind, raw, now, hmac.new(b"", raw, "sha256").hexdigest()),
    "under another key": _other_key,
    "of another dialect": _of_another,
    "another body": _tampered,
    "re-encoded": _reencoded,
    "cut short": lambda kind, raw, now: (raw[:-1], SIGN[kind](raw, now)),
    "cut to nothing": lambda kind, raw, now: (b"", SIGN[kind](raw, now)),
    "with a byte more": lambda kind, raw, now: (raw + b"\n", SIGN[kind](raw, now)),
    "with a mark of byte order": lambda kind, raw, now: (b"\xef\xbb\xbf" + raw, SIGN[kind](raw, now)),
    "in another encoding": lambda kind, raw, now: (raw.decode().encode("utf-16"), SIGN[kind](raw, now)),
    "characters beyond ASCII": lambda kind, raw, now: _with(kind, raw, now, "é" * 64),
    "a thousand of them": lambda kind, raw, now: _with(kind, raw, now, ",".join(["v1=00"] * 1000)),
}


@each_kind
@pytest.mark.parametrize("how", FORGED)
async def test_what_is_forged_is_401_and_changes_nothing(world: World, kind: str, how: str) -> None:
    before = await state(world)
    raw, headers = FORGED[how](kind, FIRST[kind], world.clock())
    status, said = await post(world, kind, raw, headers)
    assert (status, said["code"]) == (401, "unauthorized")
    assert await state(world) == before
    assert (await good(world, kind, FIRST[kind]))["status"] == "scheduled"  # and the right one is taken after it


@pytest.mark.parametrize(("kind", "within"), [("standard", 300), ("calendly", 180)])
async def test_a_signature_counts_for_its_time_and_no_longer(world: World, kind: str, within: int) -> None:
    before, now = await state(world), world.clock()
    for seconds in (-within - 1, within + 1, -(10**6)):
        status, _ = await post(world, kind, FIRST[kind], SIGN[kind](FIRST[kind], now + seconds * 1000))
        assert status == 401
    assert await state(world) == before
    for seconds in (-within, within):
        status, _ = await post(world, kind, FIRST[kind], SIGN[kind](FIRST[kind], now + seconds * 1000))
        assert status == 200


@pytest.mark.parametrize(
    "header",
    [
        {"webhook-timestamp": "x"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": "9" * 40},
        {"webhook-timestamp": "٣"},
        {"webhook-id": ""},
        {"webhook-id": "a" * 200},
        {"webhook-id": "a b"},
    ],
    ids=str,
)
async def test_headers_that_are_none(world: World, header: dict[str, str]) -> None:
    raw = FIRST["standard"]
    status, _ = await post(world, "standard", raw, {**sign_standard(raw, world.clock()), **header})
    assert status == 401


@pytest.mark.parametrize("time", ["t=x,v1=00", "v1=00", "t=1,t=2,v1=00", "t=,v1=", "t=1", ","])
async def test_a_calendly_header_that_is_none(world: World, time: str) -> None:
    status, _ = await post(world, "calendly", FIRST["calendly"], {HEADER["calendly"]: time})
    assert status == 401


async def test_a_message_of_calcom_is_as_old_as_it_says(world: World) -> None:
    """Nothing but the body says when it was sent: within a day, or what the source allows."""
    before = await state(world)
    for at in (SAID + 24 * HOUR + MINUTE, SAID - 6 * MINUTE):
        world.clock.now = at
        status, _ = await post(world, "calcom", FIRST["calcom"], sign_calcom(FIRST["calcom"], at))
        assert status == 401
    assert await state(world) == before
    assert (await world.call("PATCH", "/v1/sources/calcom", json={"late_by_minutes": 60})).status == 200
    world.clock.now = SAID + HOUR + MINUTE
    assert (await post(world, "calcom", FIRST["calcom"], sign_calcom(FIRST["calcom"], 0)))[0] == 401
    world.clock.now = SAID + HOUR
    assert (await post(world, "calcom", FIRST["calcom"], sign_calcom(FIRST["calcom"], 0)))[0] == 200


@each_kind
@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"{}", b"\xff", b'{"a":1,"a":2}', b"[" * 50_000], ids=len)
async def test_what_is_signed_and_cannot_be_read_is_400_and_changes_nothing(
    world: World, kind: str, raw: bytes
) -> None:
    before = await state(world)
    status, said = await post(world, kind, raw, SIGN[kind](raw, world.clock()))
    assert (status, said["code"]) == (400, "unreadable")
    assert await state(world) == before


async def test_what_a_provider_would_only_send_again_is_told_instead(world: World) -> None:
    body = json.loads(FIRST["calendly"])
    body["payload"]["scheduled_event"]["invitees_counter"]["limit"] = 5
    group = json.dumps(body).encode()
    said = await good(world, "calendly", group)
    assert said["refused"]["code"] == "not_one_to_one"
    assert await good(world, "calendly", group) == said
    assert await world.office.rows("select count(*) from sessions") == [(0,)]
    [(stream, sequence, told)] = await world.office.rows(
        "select stream, sequence, body from outbox where type = 'booking.refused'"
    )
    assert (stream, sequence) == ("source/calendly", 1)
    data = json.loads(told)["data"]
    assert data == {
        "source": "calendly",
        "message": hashlib.sha256(group).hexdigest(),
        "booking": "A",
        "session": None,
        "refused": said["refused"],
    }
    listed = await (await world.call("GET", "/v1/sources/calendly/messages?outcome=refused")).json()
    assert [(each["booking"], each["code"]) for each in listed["data"]] == [("A", "not_one_to_one")]


async def test_the_same_id_with_another_body_is_409(world: World) -> None:
    first, other = FIRST["standard"], standard("booking.cancelled", "bk_1", n=1)
    now = world.clock()
    assert (await post(world, "standard", first, sign_standard(first, now, id_="msg_1")))[0] == 200
    before = await state(world)
    status, said = await post(world, "standard", other, sign_standard(other, now, id_="msg_1"))
    assert (status, said["code"]) == (409, "message_changed")
    assert await state(world) == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
    ],
)
async def test_what_is_not_said_to_be_json(world: World, headers: dict[str, str], status: int) -> None:
    raw = FIRST["calcom"]
    given = {"Content-Type": "application/json", **sign_calcom(raw, world.clock()), **headers}
    assert (await world.client.post("/v1/hooks/calcom", data=raw, headers=given)).status == status


async def test_a_body_that_is_too_large_is_413(world: World) -> None:
    raw = FIRST["calcom"] + b" " * 300_000
    assert (await post(world, "calcom", raw, sign_calcom(raw, world.clock())))[0] == 413


async def test_only_our_own_dialect_is_answered_with_links(world: World) -> None:
    said = await good(world, "standard", FIRST["standard"])
    assert said["links"]["client"].startswith("https://calls.example/s/bk_1#t=")
    token = said["links"]["expert"].partition("#t=")[2]
    assert (await world.call("GET", "/v1/me", token)).status == 200
    for kind in ("calcom", "calendly"):
        said = await good(world, kind, FIRST[kind])
        assert set(said) == {"session", "status"}


async def test_a_secret_is_shown_once_and_lies_sealed(world: World) -> None:
    made = await (await world.call("POST", "/v1/sources", json={"name": "own", "kind": "standard"})).json()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
    other = await (await world.call("POST", "/v1/sources", json={"name": "cal", "kind": "calcom"})).json()
    for secret in (made["secret"], other["secret"], *SECRETS.values()):
        for path in ("/v1/sources", "/v1/sources/own", "/v1/sources/calcom", "/v1/sources/own/messages"):
            assert secret not in await (await world.call("GET", path)).text()
        assert secret.removeprefix("whsec_") not in str(await world.office.rows("select * from sources"))


async def test_a_secret_is_rotated_with_an_overlap(world: World) -> None:
    new = base64.b64encode(bytes(range(40))).decode()
    answer = await world.call(
        "POST", "/v1/sources/standard/rotate", json={"secret": f"whsec_{new}", "overlap_hours": 1}
    )
    assert (answer.status, (await answer.json())["secret"]) == (200, None)
    messages = [standard("booking.created", f"bk_{n}", n=0) for n in range(4)]
    for raw, secret in zip(messages, (STANDARD_SECRET, bytes(range(40))), strict=False):
        assert (await post(world, "standard", raw, sign_standard(raw, world.clock(), secret)))[0] == 200
    world.clock.now += HOUR
    for raw, secret, status in zip(messages[2:], (STANDARD_SECRET, bytes(range(40))), (401, 200), strict=True):
        assert (await post(world, "standard", raw, sign_standard(raw, world.clock(), secret)))[0] == status


@pytest.mark.parametrize(
    "secret", ["whsec_AAAA", "whsec_" + "A" * 100, "whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"]
)
async def test_a_weak_secret_is_no_secret(world: World, secret: str) -> None:
    answer = await world.call("POST", "/v1/sources", json={"name": "weak", "kind": "standard", "secret": secret})
    assert answer.status == 422


async def test_a_source_that_was_deleted_takes_nothing_and_keeps_what_it_booked(world: World) -> None:
    session = (await good(world, "calcom", FIRST["calcom"]))["session"]
    assert (await world.call("DELETE", "/v1/sources/calcom")).status == 204
    raw = calcom("BOOKING_CANCELLED", "A", n=1, cancelledBy=None)
    status, said = await post(world, "calcom", raw, sign_calcom(raw, 0))
    assert (status, said["code"]) == (404, "source_deleted")
    assert (await world.call("GET", f"/v1/sessions/{session}")).status == 200
    assert (await (await world.call("GET", "/v1/sources/calcom")).json())["status"] == "deleted"
    body = {"name": "calcom", "kind": "calcom", "secret": SECRETS["calcom"]}
    assert (await world.call("POST", "/v1/sources", json={**body, "kind": "calendly"})).status == 409
    assert (await world.call("POST", "/v1/sources", json=body)).status == 201
    assert (await good(world, "calcom", raw))["status"] == "cancelled"
    assert (await world.call("POST", "/v1/sources", json=body)).status == 409


async def test_sources_are_for_keys_that_may(world: World) -> None:
    key = await world.key("sessions", "read", "moderation")
    for method, path in (("POST", "/v1/sources"), ("GET", "/v1/sources"), ("DELETE", "/v1/sources/calcom")):
        assert (await world.call(method, path, key, json={} if method == "POST" else None)).status == 403
    assert (await world.call("GET", "/v1/sources", await world.key("endpoints"))).status == 200
    assert (await post(world, "nobody", b"{}", {}))[0] == 404
    assert (await post(world, "No body", b"{}", {}))[0] == 422


async def test_a_source_may_not_touch_what_another_booked(world: World) -> None:
    await world.call("POST", "/v1/sources", json={"name": "other", "kind": "standard", "secret": SECRETS["standard"]})
    await good(world, "standard", FIRST["standard"])
    calcoms = (await good(world, "calcom", FIRST["calcom"]))["session"]
    before = await world.office.rows("select * from ledger")
    for id_ in ("bk_1", calcoms):
        raw = standard("booking.created", id_, n=5, title="Mine now")
        status, said = await post(world, "other", raw, sign_standard(raw, world.clock()))
        assert (status, said["refused"]["code"]) == (200, "id_used")
    assert await world.office.rows("select * from ledger") == before
