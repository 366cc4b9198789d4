"""Which event brings which letters, whether one still holds, and when it is tried again: the pure part, by cases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from server.mail.letters import DAY, HOUR, RETRIES, STALE, Kind, plan, retry_at
from server.store.letters import Planned
from server.webhooks.events import EVENTS
from signaling.messages import to_rfc3339
from signaling.session import MINUTE, Ms, Role
from tests.builders import NOON

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
TYPES = [event.name for event in EVENTS]


def body(starts_at: Ms = NOON, status: str = "scheduled", **data: Any) -> str:
    session = {"id": "bk_1", "starts_at": to_rfc3339(starts_at), "status": status}
    return json.dumps({"type": "t", "timestamp": "", "sequence": 1, "data": {"session": session, **data}})


def planned(type_: str, now: Ms, text: str | None = None, *, at: Ms | None = None, reminder: Ms = HOUR) -> Any:
    session, found = plan("ev_1", type_, text or body(), now if at is None else at, now, reminder)
    assert session in ("bk_1", "")
    return found


def brief(found: tuple[Planned, ...]) -> set[tuple[str, str, Ms]]:
    """Role, kind, and minutes from noon."""
    return {(each.role.value, each.kind, (each.due_at - NOON) // MINUTE) for each in found}


def both(kind: str, minutes: Ms) -> set[tuple[str, str, Ms]]:
    return {(role.value, kind, minutes) for role in Role}


BY_THE_CLOCK = both("waiting", 0) | both("still_waiting", 3)


def test_a_booking_brings_a_letter_a_reminder_and_what_is_said_at_the_start() -> None:
    now = NOON - DAY
    found = planned("session.booked", now)
    assert brief(found) == both("booked", -1440) | both("reminder", -60) | BY_THE_CLOCK
    assert {each.cause for each in found if each.kind == "booked"} == {"ev_1"}
    assert {each.cause for each in found if each.kind != "booked"} == {str(NOON)}
    assert {each.starts_at for each in found} == {NOON}


@pytest.mark.parametrize(
    ("before", "reminder", "reminded"),
    [
        (91 * MINUTE, HOUR, True),
        (90 * MINUTE, HOUR, True),
        (89 * MINUTE, HOUR, False),
        (30 * MINUTE, HOUR, False),
        (DAY, 0, False),
        (2 * DAY, DAY, True),
    ],
)
def test_who_was_told_just_now_needs_no_reminder(before: Ms, reminder: Ms, reminded: bool) -> None:
    kinds = {each.kind for each in planned("session.booked", NOON - before, reminder=reminder)}
    assert ("reminder" in kinds) == reminded


def test_a_session_that_began_before_it_was_booked_brings_no_more_than_is_to_come() -> None:
    assert brief(planned("session.booked", NOON + 2 * MINUTE)) == both("booked", 2) | both("still_waiting", 3)
    assert brief(planned("session.booked", NOON + 5 * MINUTE)) == both("booked", 5)


def test_a_move_brings_what_a_booking_does_unless_they_are_talking() -> None:
    found = planned("session.moved", NOON - DAY)
    assert brief(found) == both("moved", -1440) | both("reminder", -60) | BY_THE_CLOCK
    for status in ("live", "held"):
        assert planned("session.moved", NOON + 10 * MINUTE, body(status=status)) == ()


def test_new_links_go_to_whom_they_belong() -> None:
    assert brief(planned("session.links", NOON, body(roles=["expert"]))) == {("expert", "link", 0)}
    assert brief(planned("session.links", NOON, body(roles=["client", "expert"]))) == both("link", 0)


def test_a_cancellation_is_told_to_both() -> None:
    assert brief(planned("session.cancelled", NOON, body(status="cancelled", by="expert"))) == both("cancelled", 0)


@pytest.mark.parametrize(
    ("step", "expert"),
    [
        ("eligible", False),
        ("requested", True),
        ("review", False),
        ("approved", True),
        ("declined", True),
        ("disputed", True),
        ("settled", True),
        ("expired", False),
    ],
)
def test_steps_of_a_refund(step: str, expert: bool) -> None:
    kind = f"refund_{step}"
    found = brief(planned(f"refund.{step}", NOON, body(status="ended")))
    assert found == {("client", kind, 0)} | ({("expert", kind, 0)} if expert else set())


@pytest.mark.parametrize("step", ["filed", "upheld", "dismissed"])
@pytest.mark.parametrize("accused", list(Role))
def test_steps_of_a_report(step: str, accused: Role) -> None:
    text = json.dumps({"data": {"complaint": {"id": "T-1", "session": "bk_1", "role": accused}}})
    found = planned(f"complaint.{step}", NOON, text)
    assert brief(found) == {(accused.other.value, f"report_{step}", 0), (accused.value, f"about_me_{step}", 0)}
    assert {each.about for each in found} == {"T-1"}


def test_what_is_not_named_here_brings_nothing() -> None:
    silent = [type_ for type_ in TYPES if not type_.startswith(("refund.", "session.", "complaint."))]
    silent += ["session.live", "session.warning", "session.ended", "endpoint.test", "booking.refused"]
    assert len(silent) > 15
    for type_ in silent:
        assert planned(type_, NOON) == ()
    text = json.dumps({"data": {"complaint": {"id": "T-1", "session": "bk_1", "role": "expert"}}})
    assert planned("complaint.recategorised", NOON, text) == ()


def test_every_kind_is_brought_by_something() -> None:
    events: Mapping[str, str] = {
        **{type_: body(roles=["client"], by=None) for type_ in TYPES if type_.startswith(("session.", "refund."))},
        **{
            type_: json.dumps({"data": {"complaint": {"id": "T-1", "session": "bk_1", "role": "expert"}}})
            for type_ in TYPES
            if type_.startswith("complaint.")
        },
    }
    kinds = {each.kind for type_, text in events.items() for each in planned(type_, NOON - DAY, text)}
    assert kinds == set(Kind)


def test_an_event_that_waited_for_a_day_is_no_news_but_its_slot_may_still_come() -> None:
    """What was kept from before there was any mail, or while nothing was handed on."""
    at = NOON - 3 * DAY
    assert brief(planned("session.booked", at + STALE - 1, at=at)) >= both("reminder", -60)
    late = planned("session.booked", at + STALE, at=at)
    assert brief(late) == both("reminder", -60) | BY_THE_CLOCK
    for type_ in ("session.cancelled", "refund.settled"):
        assert planned(type_, at + STALE, at=at) == ()
    assert planned("session.booked", NOON + 400 * DAY, at=at) == ()


def test_attempts_are_made_further_and_further_apart_and_end() -> None:
    waits = [retry_at(made, NOON, 0.0) for made in range(1, len(RETRIES) + 2)]
    assert [at - NOON if at is not None else None for at in waits] == [*RETRIES, None]
    assert sorted(RETRIES) == list(RETRIES)
    assert sum(RETRIES) < 2 * DAY
    assert retry_at(1, NOON, 1.0) == NOON + 72_000  # a fifth more at most
