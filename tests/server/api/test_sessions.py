"""A booking system's calls, each with what it gives and each way in which it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import ClientResponse
from icalendar import Calendar

from signaling.ledger import Entry, verify
from signaling.messages import QualityCommand
from signaling.session import MINUTE, Depart, HangUp, How, Join, MediaUp, Role
from tests.builders import NOON
from tests.server.api.conftest import World, body

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def refused(response: ClientResponse, status: int, code: str) -> dict[str, Any]:
    """It is a problem document with this code; returns it."""
    document = dict(await response.json())
    assert (response.status, document["code"]) == (status, code), document
    assert response.content_type == "application/problem+json"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


async def meet(world: World, at: float = 0) -> None:
    """Both are there, so many minutes after noon."""
    for role in Role:
        await world.office.desk.report("bk_1", Join(role, f"join-of-{role}"), world.clock.at(at))
    await world.office.desk.report("bk_1", MediaUp(), world.clock.at(at))


# --- booking ---


async def test_put_books_and_answers_with_the_whole_session(world: World) -> None:
    response = await world.call("PUT", "/v1/sessions/bk_1", json=body())
    assert response.status == 201
    answer = await response.json()
    assert response.headers["ETag"] == f'"{answer["version"]}"'
    assert answer["id"] == "bk_1"
    assert answer["status"] == "scheduled"
    assert answer["starts_at"] == "2026-11-22T12:00:00.000Z"
    assert answer["ends_at"] == "2026-11-22T12:30:00.000Z"
    assert answer["duration_minutes"] == 30
    assert answer["fee"] == {"amount": 12000, "currency": "USD"}
    assert answer["client"]["guidelines"] == "accepted"
    assert answer["links"]["client"].startswith("https://calls.example/s/bk_1#t=")
    assert answer["links"]["client"] != answer["links"]["expert"]
    assert answer["warnings"] == []


async def test_the_same_body_twice_changes_nothing(world: World) -> None:
    first = await world.call("PUT", "/v1/sessions/bk_1", json=body())
    again = await world.call("PUT", "/v1/sessions/bk_1", json=body())
    assert (first.status, again.status) == (201, 200)
    assert await first.json() == await again.json()


async def test_put_again_moves(world: World) -> None:
    before = await world.book()
    after = await world.book(starts_at="2026-11-22T14:00:00+01:00", duration_minutes=45, by="client")
    assert after["starts_at"] == "2026-11-22T13:00:00.000Z"
    assert after["duration_minutes"] == 45
    assert after["version"] > before["version"]
    assert after["links"] == before["links"]  # a link that was mailed stays good


async def test_every_optional_field_comes_back(world: World) -> None:
    client = {
        "id": "auth0|77",
        "name": "Zoë 李",
        "email": "zoe@example.org",
        "time_zone": "Asia/Kolkata",
        "locale": "hi-IN",
        "country": "IN",
        "metadata": {"crm": "1", "source": ""},
    }
    answer = await world.book(client=client)
    assert {key: answer["client"][key] for key in client} == client


async def test_minutes_and_amounts_may_be_integral_floats(world: World) -> None:
    text = json.dumps(body()).replace('"duration_minutes": 30', '"duration_minutes": 30.0').replace("12000", "1.2e4")
    response = await world.call(
        "PUT", "/v1/sessions/bk_1", data=text, headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert response.status == 201
    assert (await response.json())["fee"]["amount"] == 12000


async def test_the_start_may_lie_in_the_past_but_not_the_end(world: World) -> None:
    assert (await world.book(starts_at="2026-11-22T10:40:00Z"))["status"] == "scheduled"
    late = await world.call("PUT", "/v1/sessions/bk_2", json=body(starts_at="2026-11-22T10:30:00Z"))
    await refused(late, 422, "slot_over")


async def test_overlaps_come_back_as_warnings(world: World) -> None:
    await world.book("bk_1")
    answer = await world.book("bk_2", starts_at="2026-11-22T12:29:00Z", client={"id": "c_10", "name": "Other"})
    assert answer["warnings"] == [{"code": "overlap", "role": "expert", "session": "bk_1"}]


async def test_one_person_cannot_be_both(world: World) -> None:
    response = await world.call("PUT", "/v1/sessions/bk_1", json=body(expert={"id": "c_9", "name": "Ada"}))
    await refused(response, 422, "same_person")


async def test_what_has_begun_keeps_its_start_its_parties_and_its_fee(world: World) -> None:
    await world.book()
    await meet(world, 1)
    later = await world.call("PUT", "/v1/sessions/bk_1", json=body(starts_at="2026-11-22T12:05:00Z"))
    await refused(later, 409, "slot_started")
    other = await world.call("PUT", "/v1/sessions/bk_1", json=body(client={"id": "c_1", "name": "Other"}))
    await refused(other, 409, "slot_started")
    dearer = await world.call("PUT", "/v1/sessions/bk_1", json=body(fee={"amount": 1, "currency": "USD"}))
    await refused(dearer, 409, "slot_started")
    world.clock.at(1.5)
    near = await world.call("PUT", "/v1/sessions/bk_1", json=body(duration_minutes=2))
    await refused(near, 422, "end_too_near")
    assert (await world.book(duration_minutes=60))["ends_at"] == "2026-11-22T13:00:00.000Z"


async def test_what_is_over_stays_as_it_is(world: World) -> None:
    await world.book()
    await world.call("DELETE", "/v1/sessions/bk_1")
    again = await world.call("PUT", "/v1/sessions/bk_1", json=body(title="Other"))
    await refused(again, 409, "session_over")


# --- If-Match ---


async def test_if_match_is_honoured(world: World) -> None:
    first = await world.call("PUT", "/v1/sessions/bk_1", json=body())
    etag = first.headers["ETag"]
    moved = body(duration_minutes=45)
    done = await world.call("PUT", "/v1/sessions/bk_1", json=moved, headers={"If-Match": etag})
    assert done.status == 200
    stale = await world.call("PUT", "/v1/sessions/bk_1", json=body(), headers={"If-Match": etag})
    await refused(stale, 412, "precondition_failed")


@pytest.mark.parametrize("tag", ["*", '"1"', '"1", "2"', 'W/"1"', '"x"', '""'])
async def test_if_match_never_creates(world: World, tag: str) -> None:
    response = await world.call("PUT", "/v1/sessions/bk_1", json=body(), headers={"If-Match": tag})
    await refused(response, 412, "precondition_failed")


async def test_if_match_takes_a_star_and_a_list_but_no_weak_tag(world: World) -> None:
    etag = (await world.call("PUT", "/v1/sessions/bk_1", json=body())).headers["ETag"]
    for tag, status in (("*", 200), (f'"999", {etag}', 200), (f"W/{etag}", 412), ("17", 400)):
        response = await world.call("PUT", "/v1/sessions/bk_1", json=body(), headers={"If-Match": tag})
        assert response.status == status, tag


# --- looking ---


async def test_get_one(world: World) -> None:
    booked = await world.book()
    response = await world.call("GET", "/v1/sessions/bk_1")
    assert response.headers["ETag"] == f'"{booked["version"]}"'
    booked.pop("warnings")
    assert await response.json() == booked
    await refused(await world.call("GET", "/v1/sessions/nobody"), 404, "session_not_found")


async def test_the_list_pages_through_equal_starts_without_loss(world: World) -> None:
    for number in range(7):
        await world.book(f"bk_{number}", client={"id": f"c_{number}", "name": "C"}, expert={"id": "e", "name": "E"})
    await world.book("bk_a", starts_at="2026-11-22T11:30:00Z")
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        params = {"limit": "3", **({"cursor": cursor} if cursor else {})}
        page = await (await world.call("GET", "/v1/sessions", params=params)).json()
        found += [each["id"] for each in page["data"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert found == ["bk_a", *(f"bk_{n}" for n in range(7))]
    assert pages == 3


async def test_the_list_filters(world: World) -> None:
    await world.book("bk_1")
    await world.book("bk_2", starts_at="2026-11-23T12:00:00Z", expert={"id": "e_5", "name": "Other"})
    await world.call("DELETE", "/v1/sessions/bk_2")

    async def ids(**params: str) -> list[str]:
        response = await world.call("GET", "/v1/sessions", params=params)
        assert response.status == 200, await response.text()
        return [each["id"] for each in (await response.json())["data"]]

    assert await ids() == ["bk_1", "bk_2"]
    assert await ids(status="cancelled") == ["bk_2"]
    assert await ids(expert="e_5") == ["bk_2"]
    assert await ids(client="c_9") == ["bk_1", "bk_2"]
    assert await ids(client="e_5") == []
    assert await ids(**{"from": "2026-11-22T12:00:00.001Z"}) == ["bk_2"]
    assert await ids(to="2026-11-22T12:00:00Z") == []
    assert await ids(**{"from": "2026-11-22T13:00:00+01:00", "to": "2026-11-22T12:00:00.001Z"}) == ["bk_1"]


@pytest.mark.parametrize(
    ("query", "status", "path"),
    [
        ("limit=0", 422, "limit"),
        ("limit=101", 422, "limit"),
        ("limit=1e1", 422, "limit"),
        ("status=gone", 422, "status"),
        ("from=2026-11-22T12:00:00", 422, "from"),
        ("from=2026-11-22T12:00:00+01:00", 422, "from"),  # a bare + is a space in a query
        ("cursor=AAAA", 422, "cursor"),
        ("cursor=W10", 422, "cursor"),
        ("cursor=WzEsMl0", 422, "cursor"),
        ("cursor=!", 422, "cursor"),
        ("colour=red", 422, "colour"),
        ("limit=1&limit=2", 400, None),
        ("status=ended&status=ended", 400, None),
    ],
)
async def test_a_query_that_means_nothing_is_refused(world: World, query: str, status: int, path: str | None) -> None:
    response = await world.call("GET", f"/v1/sessions?{query}")
    document = await refused(response, status, "invalid" if path else "repeated_key")
    if path:
        assert [error["path"] for error in document["errors"]] == [path]


# --- links and scopes ---


async def test_links_are_for_keys_of_the_scope_sessions_only(world: World) -> None:
    await world.book()
    for scope in ("read", "moderation"):
        key = await world.key(scope)
        one = await (await world.call("GET", "/v1/sessions/bk_1", key)).text()
        many = await (await world.call("GET", "/v1/sessions", key)).text()
        assert "#t=" not in one + many
        assert json.loads(one)["links"] is None
        await refused(
            await world.call("GET", "/v1/sessions/bk_1/calendar.ics?role=client", key), 403, "insufficient_scope"
        )
    ended = await world.call("POST", "/v1/sessions/bk_1/end", await world.key("moderation"), json={"reason": "x"})
    assert "#t=" not in await ended.text()
    assert "#t=" in await (await world.call("GET", "/v1/sessions/bk_1", await world.key("sessions"))).text()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/sessions/bk_1"),
        ("DELETE", "/v1/sessions/bk_1"),
        ("POST", "/v1/sessions/bk_1/links"),
        ("POST", "/v1/sessions/bk_1/end"),
        ("POST", "/v1/sessions/bk_1/remove/client"),
        ("POST", "/v1/sessions/bk_1/refund/decision"),
        ("POST", "/v1/sessions/bk_1/refund/settled"),
    ],
)
async def test_a_reading_key_changes_nothing(world: World, method: str, path: str) -> None:
    booked = await world.book()
    await refused(await world.call(method, path, await world.key("read"), json={}), 403, "insufficient_scope")
    assert (await world.office.desk.record("bk_1")).version == booked["version"]


async def test_new_links_end_the_old_ones(world: World) -> None:
    before = await world.book()
    old = await world.token(CLIENT)
    answer = await (await world.call("POST", "/v1/sessions/bk_1/links", json={"role": "client"})).json()
    assert answer["links"]["client"] != before["links"]["client"]
    assert answer["links"]["expert"] == before["links"]["expert"]
    await refused(await world.call("GET", "/v1/me", old), 401, "unauthorized")
    assert (await world.call("GET", "/v1/me", await world.token(CLIENT))).status == 200
    both = await (await world.call("POST", "/v1/sessions/bk_1/links", json={})).json()
    assert both["links"]["expert"] != before["links"]["expert"]


# --- ends ---


async def test_cancelling_names_who_and_can_be_repeated(world: World) -> None:
    await world.book()
    first = await (await world.call("DELETE", "/v1/sessions/bk_1?by=client")).json()
    assert first["status"] == "cancelled"
    assert first["end"]["by"] == "client"
    assert first["refund"]["status"] == "none"
    again = await world.call("DELETE", "/v1/sessions/bk_1?by=client")
    assert again.status == 200
    assert (await again.json())["version"] == first["version"]
    await refused(await world.call("DELETE", "/v1/sessions/bk_1?by=platform"), 422, "invalid")
    await refused(await world.call("DELETE", "/v1/sessions/nobody"), 404, "session_not_found")


async def test_who_have_met_cannot_be_cancelled_but_ended(world: World) -> None:
    await world.book()
    await meet(world, 1)
    await refused(await world.call("DELETE", "/v1/sessions/bk_1"), 409, "session_started")
    ended = await (await world.call("POST", "/v1/sessions/bk_1/end", json={"reason": "fire alarm"})).json()
    assert ended["end"]["reason"] == "ended_by_operator"
    assert ended["end"]["note"] == "fire alarm"
    assert ended["refund"]["status"] == "review"


async def test_removing_a_party_ends_the_session(world: World) -> None:
    await world.book()
    await meet(world, 1)
    answer = await (await world.call("POST", "/v1/sessions/bk_1/remove/expert", json={"reason": "x"})).json()
    assert answer["end"]["reason"] == "removed"
    assert answer["end"]["by"] == "expert"
    document = await refused(
        await world.call("POST", "/v1/sessions/bk_1/remove/nobody", json={"reason": "x"}), 422, "invalid"
    )
    assert document["errors"][0]["path"] == "role"


# --- refunds (P3.12) ---


async def test_a_refund_from_the_hang_up_to_the_payment(world: World) -> None:
    await world.book()
    await meet(world)
    await world.office.desk.report("bk_1", HangUp(EXPERT), world.clock.at(20))
    token = await world.token(CLIENT)
    view = await (await world.call("GET", "/v1/me", token)).json()
    assert view["refund"]["status"] == "eligible"
    assert view["refund"]["max"] == {"amount": 4000, "currency": "USD", "exponent": 2}
    too_much = await world.call("POST", "/v1/me/refund", token, json={"amount": {"amount": 4001, "currency": "USD"}})
    await refused(too_much, 422, "amount_too_high")
    in_euros = await world.call("POST", "/v1/me/refund", token, json={"amount": {"amount": 1, "currency": "EUR"}})
    await refused(in_euros, 422, "wrong_currency")
    other = await world.call("POST", "/v1/me/refund", await world.token(EXPERT), json={})
    await refused(other, 403, "not_yours")
    asked = await world.call("POST", "/v1/me/refund", token, json={"amount": {"amount": 3000, "currency": "USD"}})
    assert (await asked.json())["refund"]["status"] == "requested"
    await refused(await world.call("POST", "/v1/me/refund", token, json={}), 409, "refund_not_possible")
    silent = await world.call("POST", "/v1/sessions/bk_1/refund/decision", json={"decision": "declined"})
    await refused(silent, 422, "note_needed")
    early = await world.call("POST", "/v1/sessions/bk_1/refund/settled", json={"reference": "re_1"})
    await refused(early, 409, "refund_not_possible")
    decided = await world.call("POST", "/v1/sessions/bk_1/refund/decision", json={"decision": "approved"})
    refund = (await decided.json())["refund"]
    assert (refund["status"], refund["approved"]) == ("approved", {"amount": 3000, "currency": "USD"})
    paid = await world.call("POST", "/v1/sessions/bk_1/refund/settled", json={"reference": "re_1"})
    refund = (await paid.json())["refund"]
    assert (refund["status"], refund["reference"]) == ("settled", "re_1")


async def test_a_refund_that_nobody_asked_for_in_time(world: World) -> None:
    await world.book()
    await meet(world)
    await world.office.desk.report("bk_1", HangUp(EXPERT), world.clock.at(20))
    world.clock.at(20 + 14 * 24 * 60)
    response = await world.call("POST", "/v1/me/refund", await world.token(CLIENT), json={})
    await refused(response, 409, "refund_expired")


# --- ledger ---


async def test_the_ledger_can_be_verified_by_whoever_reads_it(world: World) -> None:
    await world.book()
    await meet(world)
    await world.office.desk.report("bk_1", Depart(CLIENT, "join-of-client", How.PAGE, NOON + MINUTE), world.clock.at(2))
    key = await world.key("read")
    whole = (await (await world.call("GET", "/v1/sessions/bk_1/ledger", key)).json())["data"]
    entries = [Entry(each["seq"], each["data"], each["hash"]) for each in whole]
    record = await world.office.desk.record("bk_1")
    assert record.head is not None
    assert verify("bk_1", entries) == record.head.hash
    joined = next(each for each in whole if each["kind"] == "joined")
    assert joined["role"] == "client"
    assert joined["at"] == "2026-11-22T12:00:00.000Z"
    assert json.loads(joined["data"])["at"] == NOON
    paged, cursor = [], None
    while len(paged) == 0 or cursor:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = await (await world.call("GET", f"/v1/sessions/bk_1/ledger{query}")).json()
        paged += page["data"]
        cursor = page["next_cursor"]
    assert paged == whole
    await refused(await world.call("GET", "/v1/sessions/nobody/ledger"), 404, "session_not_found")


# --- quality ---


async def test_P5_7_what_the_pages_measured_is_for_operators_alone(world: World) -> None:
    await world.book()
    await meet(world)
    assert (await (await world.call("GET", "/v1/sessions/bk_1/quality", await world.key("read"))).json()) == {
        "client": [],
        "expert": [],
        "kept_seconds": 2_592_000.0,
    }
    said = QualityCommand(command_id="q1", round_trip_ms=48, loss_percent=7, level="fair")
    world.office.desk.measured("bk_1", CLIENT, said, NOON + MINUTE)
    await world.office.desk.samples.write()
    shown = await (await world.call("GET", "/v1/sessions/bk_1/quality", await world.key("moderation"))).json()
    assert shown["expert"] == []
    assert shown["client"] == [
        {
            "at": "2026-11-22T12:01:00.000Z",
            "round_trip_ms": 48,
            "loss_percent": 7,
            "bitrate_kbps": None,
            "level": "fair",
            "sends": None,
        }
    ]
    for role in Role:  # neither of them, not even one's own
        response = await world.call("GET", "/v1/sessions/bk_1/quality", await world.token(role))
        assert response.status == 401
    await refused(
        await world.call("GET", "/v1/sessions/bk_1/quality", await world.key("sessions")), 403, "insufficient_scope"
    )
    await refused(await world.call("GET", "/v1/sessions/nobody/quality"), 404, "session_not_found")


# --- calendar ---


async def test_the_calendar_file_moves_with_the_booking(world: World) -> None:
    booked = await world.book()

    async def event() -> Any:
        response = await world.call("GET", "/v1/sessions/bk_1/calendar.ics?role=expert")
        assert response.content_type == "text/calendar"
        return Calendar.from_ical(await response.text()).walk("VEVENT")[0]

    first = await event()
    assert first["UID"] == "bk_1@calls.example"
    assert first["SUMMARY"] == "Mentoring: Ada Client"
    assert str(first["URL"]) == booked["links"]["expert"]
    assert first["STATUS"] == "CONFIRMED"
    assert "ORGANIZER" not in first
    await world.book(starts_at="2026-11-22T13:00:00Z")
    moved = await event()
    assert moved["UID"] == first["UID"]
    assert int(moved["SEQUENCE"]) > int(first["SEQUENCE"])
    assert moved["DTSTART"].dt.isoformat() == "2026-11-22T13:00:00+00:00"
    await world.call("DELETE", "/v1/sessions/bk_1")
    assert (await event())["STATUS"] == "CANCELLED"
    document = await refused(await world.call("GET", "/v1/sessions/bk_1/calendar.ics"), 422, "invalid")
    assert document["errors"][0]["path"] == "role"
