"""What each adapter makes of its booking system's words: persons, slots, money, and who may not be in a session."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.policy.money import Money
from server.webhooks.booking import DIALECTS
from server.webhooks.booking.chain import Heard, Offer, What
from server.webhooks.booking.said import Nothing, Said, Unfit
from server.wire import Unreadable
from signaling.session import MINUTE, Whom
from tests.builders import NOON
from tests.server.webhooks.booking.samples import CLIENT, HOST, PAID, SAID, STORIES, calcom, calendly, standard


def read(kind: str, raw: bytes) -> Said:
    return DIALECTS[kind].read(raw, "m", lambda mail: f"id of {mail.encode().decode()}")


def changed(raw: bytes, change: Any) -> bytes:
    body = json.loads(raw)
    change(body)
    return json.dumps(body).encode()


def offered(kind: str, raw: bytes) -> Offer:
    said = read(kind, raw)
    assert isinstance(said, Heard)
    assert said.offer is not None
    return said.offer


CREATED = calcom("BOOKING_CREATED", "A", n=0)
INVITED = calendly("invitee.created", "A", n=0)


def test_calcom_says_who_when_and_for_how_much() -> None:
    said = read("calcom", calcom("BOOKING_CREATED", "A", n=2, price=1500))
    assert isinstance(said, Heard)
    assert (said.what, said.uid, said.at, said.before, said.by) == (What.BOOKED, "A", SAID + 2000, None, None)
    offer = said.offer
    assert offer is not None
    assert (offer.starts_at, offer.duration, offer.title) == (NOON, 30 * MINUTE, "30 Min Meeting")  # no names in it
    assert (offer.fee, offer.due) == (Money(1500, "USD"), True)
    assert (offer.client.person_id, offer.client.email) == (f"id of {CLIENT.lower()}", CLIENT)
    assert (offer.client.name, offer.client.time_zone, offer.client.locale) == ("Ada Lovelace", "Europe/London", "en")
    assert offer.client.metadata == (("booking", "A"),)
    assert (offer.expert.person_id, offer.expert.time_zone) == (f"id of {HOST}", "America/New_York")
    assert offer.expert.metadata == ()


def test_calendly_says_who_when_and_for_how_much() -> None:
    said = read("calendly", calendly("invitee.created", "B", n=1, old="A", payment=PAID))
    assert isinstance(said, Heard)
    assert (said.what, said.uid, said.before) == (What.MOVED, "B", "A")
    offer = said.offer
    assert offer is not None
    assert (offer.starts_at, offer.duration, offer.title) == (NOON, 30 * MINUTE, "30 Minute Meeting")
    assert (offer.fee, offer.due) == (Money(4550, "USD"), False)
    assert (offer.client.person_id, offer.client.time_zone) == (f"id of {CLIENT.lower()}", "Europe/London")
    assert (offer.expert.person_id, offer.expert.name) == (f"id of {HOST}", "Grace Hopper")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [(45.5, "usd", 4550), (19.99, "EUR", 1999), (1500, "JPY", 1500), (1.234, "KWD", 1234), (0, "USD", None)],
)
def test_calendly_amounts_are_major_units_by_our_own_table(amount: float, currency: str, minor: int | None) -> None:
    payment = {**PAID, "amount": amount, "currency": currency}
    fee = offered("calendly", calendly("invitee.created", "A", n=0, payment=payment)).fee
    assert fee == (None if minor is None else Money(minor, currency.upper()))


@pytest.mark.parametrize(("amount", "currency"), [(1.5, "JPY"), (10, "XXX"), (-3, "USD"), (1e14, "USD")])
def test_a_price_that_cannot_be_said_is_refused(amount: float, currency: str) -> None:
    said = read(
        "calendly", calendly("invitee.created", "A", n=0, payment={**PAID, "amount": amount, "currency": currency})
    )
    assert isinstance(said, Unfit)
    assert said.code == "bad_price"


def _attend(*mails: str) -> Any:
    def change(body: dict[str, Any]) -> None:
        template = body["payload"]["attendees"][0]
        body["payload"]["attendees"] = [{**template, "email": mail} for mail in mails]

    return change


def _set(**values: Any) -> Any:
    return lambda body: body["payload"].update(values)


def _event(**values: Any) -> Any:
    return lambda body: body["payload"]["scheduled_event"].update(values)


GUESTS = {"label": "guests", "value": ["x@y.example"]}
MEMBER = {"user": "u", "user_email": "a@b.example", "user_name": "A"}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("calcom", _attend(CLIENT, "second@x.example")),
        ("calcom", _attend()),
        ("calcom", _attend(HOST)),
        ("calcom", _set(seatsPerTimeSlot=6)),
        ("calcom", _set(team={"members": [{"email": "joan@experts.example", "name": "Joan"}]})),
        ("calcom", _set(responses={"email": {"value": CLIENT}, "guests": GUESTS})),
        ("calendly", _event(invitees_counter={"total": 2, "active": 2, "limit": 10})),
        ("calendly", _event(event_memberships=[MEMBER, MEMBER])),
        ("calendly", _event(event_memberships=[])),
        ("calendly", _event(event_guests=[{"email": "g@x.example"}])),
    ],
)
def test_what_is_not_between_two_is_refused(kind: str, change: Any) -> None:
    said = read(kind, changed(CREATED if kind == "calcom" else INVITED, change))
    assert isinstance(said, Unfit)
    assert (said.code, said.uid) == ("not_one_to_one", "A")


def test_the_client_is_who_answered_the_form_and_no_host() -> None:
    first = changed(CREATED, _attend(HOST.upper(), CLIENT.upper()))
    assert offered("calcom", first).client.person_id == f"id of {CLIENT.lower()}"
    by_phone = changed(CREATED, _set(responses={"name": {"value": "Ada"}}))
    assert offered("calcom", by_phone).client.email == CLIENT


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("calcom", changed(CREATED, _set(startTime="tomorrow"))),
        ("calcom", changed(CREATED, _set(startTime="2026-11-22T12:00:00"))),  # without its offset
        ("calcom", changed(CREATED, _set(organizer=None))),
        ("calcom", changed(CREATED, _set(uid=""))),
        ("calcom", changed(CREATED, lambda body: body.update(payload=None))),
        ("calendly", changed(INVITED, _set(email=None))),
        ("calendly", changed(INVITED, _set(scheduled_event={}))),
        ("calendly", changed(INVITED, lambda body: body.update(payload=[]))),
    ],
)
def test_a_booking_that_cannot_be_read_is_told_and_not_sent_back(kind: str, raw: bytes) -> None:
    said = read(kind, raw)
    assert isinstance(said, Unfit)
    assert said.code == "unreadable"
    assert CLIENT not in said.detail


@pytest.mark.parametrize("kind", DIALECTS)
@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"triggerEvent":"\\ud800","event":"\\ud800","type":"\\ud800"}',
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"a":1,"a":2}',
        b'{"triggerEvent":1,"event":2,"type":3}',
        b"NaN",
    ],
)
def test_what_is_no_message_at_all_is_unreadable(kind: str, raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(kind, raw)


@pytest.mark.parametrize(
    "data",
    [
        {"starts_at": None},
        {"starts_at": "2026-11-22T12:00:00"},
        {"duration_minutes": 481},
        {"duration_minutes": "30"},
        {"id": "a b"},
        {"more": 1},
        {"fee": {"amount": 1, "currency": "XXX"}},
    ],
)
def test_our_own_words_are_read_as_strictly_as_the_api_reads_them(data: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match=r"^data\."):
        read("standard", standard("booking.created", "bk_1", n=0, **data))


def test_our_own_words() -> None:
    said = read("standard", standard("booking.moved", "bk_1", n=3, by="expert", title="Compilers"))
    assert isinstance(said, Heard)
    assert (said.what, said.uid, said.at, said.by) == (What.MOVED, "bk_1", SAID + 3000, Whom.EXPERT)
    assert said.offer is not None
    assert (said.offer.client.person_id, said.offer.fee, said.offer.title) == ("c_9", Money(12000, "USD"), "Compilers")
    gone = read("standard", standard("booking.cancelled", "bk_1", n=4))
    assert isinstance(gone, Heard)
    assert (gone.what, gone.by) == (What.CANCELLED, Whom.OPERATOR)
    assert isinstance(read("standard", standard("invoice.paid", "bk_1", n=0)), Nothing)


@pytest.mark.parametrize(
    "trigger",
    ["BOOKING_REQUESTED", "BOOKING_NO_SHOW_UPDATED", "RECORDING_READY", "OOO_CREATED", "PING", "NEW_ONE"],
)
def test_what_means_nothing_here_is_ignored(trigger: str) -> None:
    assert isinstance(read("calcom", calcom(trigger, "A", n=0)), Nothing)
    assert isinstance(read("calendly", calendly(trigger.lower(), "A", n=0)), Nothing)


@pytest.mark.parametrize("trigger", ["MEETING_STARTED", "MEETING_ENDED"])
def test_a_flat_body_of_calcom_is_ignored(trigger: str) -> None:
    """It fires at scheduled times: who came is seen by this server itself."""
    assert isinstance(read("calcom", json.dumps({"triggerEvent": trigger, "uid": "A"}).encode()), Nothing)


def test_what_is_not_accepted_yet_is_no_booking_and_its_payment_is_kept() -> None:
    assert isinstance(read("calcom", calcom("BOOKING_CREATED", "A", n=0, status="PENDING")), Nothing)
    paid = read("calcom", calcom("BOOKING_PAID", "A", n=0, status="PENDING", price=100))
    assert isinstance(paid, Heard)
    assert (paid.what, paid.offer) == (What.PAID, None)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_bodies = {
    story.kind: [raw for each in STORIES if each.kind == story.kind for raw in each.tell("k")] for story in STORIES
}


@pytest.mark.parametrize("kind", DIALECTS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_message_it_is_read_or_refused(kind: str, data: st.DataObject) -> None:
    """Any value anywhere in any sample: an answer, or Unreadable, and no other error."""
    body = json.loads(data.draw(st.sampled_from(_bodies[kind])))
    at = body
    while isinstance(at, (dict, list)) and at:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else list(range(len(at)))))
        if not isinstance(at[key], (dict, list)) or not at[key] or data.draw(st.booleans()):
            at[key] = data.draw(_json)
            break
        at = at[key]
    try:
        assert isinstance(read(kind, json.dumps(body).encode()), (Heard, Nothing, Unfit))
    except Unreadable:
        pass
