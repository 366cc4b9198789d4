"""Letters: which event brings which letter to whom and when, and whether one still holds when its time has come.

Pure. ``plan`` reads an event as it was frozen. ``judge`` is asked right before sending, with the record and with the
very view that the party's page shows: so no letter can say what its page would hide (P2.1, P2.9), none goes out about
a slot that has moved or a session that was cancelled, and what cannot be said yet is put off. A letter holds no name,
no address and no text of anybody; how it reads is ``render``'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from server.policy.refund import refund_state
from server.store.letters import Letter, Planned
from server.store.sessions import Record
from signaling.messages import Report, View, from_rfc3339
from signaling.session import MINUTE, Ms, Phase, Role

HOUR: Ms = 60 * MINUTE
DAY: Ms = 24 * HOUR

STALE: Ms = DAY
"""An event that is handed on so late brings no letter anymore: it was kept from before there was any mail."""

NEWS_ENOUGH: Ms = 30 * MINUTE
"""Who has just been told of a slot needs no reminder within this time."""

STILL: Ms = 3 * MINUTE
"""So long after the start the one who is missing is written to again."""

RETRIES: tuple[Ms, ...] = tuple(minutes * MINUTE for minutes in (1, 5, 15, 60, 180, 360, 720, 1440))
"""How long to wait after each attempt that may be made again; after the last of them the letter is given up."""

_LOOK_AGAIN: Ms = 6 * HOUR
"""What is hidden until both have rated is looked at so often (P2.1)."""


class Kind(StrEnum):
    """What a letter is about. Of a report there are those to its writer, and those to the one it is about."""

    BOOKED = "booked"
    LINK = "link"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REMINDER = "reminder"
    WAITING = "waiting"
    STILL_WAITING = "still_waiting"
    REFUND_ELIGIBLE = "refund_eligible"
    REFUND_REQUESTED = "refund_requested"
    REFUND_REVIEW = "refund_review"
    REFUND_APPROVED = "refund_approved"
    REFUND_DECLINED = "refund_declined"
    REFUND_DISPUTED = "refund_disputed"
    REFUND_SETTLED = "refund_settled"
    REFUND_EXPIRED = "refund_expired"
    REPORT_FILED = "report_filed"
    REPORT_UPHELD = "report_upheld"
    REPORT_DISMISSED = "report_dismissed"
    ABOUT_ME_FILED = "about_me_filed"
    ABOUT_ME_UPHELD = "about_me_upheld"
    ABOUT_ME_DISMISSED = "about_me_dismissed"


K = Kind
APPOINTMENTS = frozenset({K.BOOKED, K.LINK, K.MOVED, K.CANCELLED})
"""These carry the calendar file."""

NAMELESS = frozenset({K.ABOUT_ME_FILED, K.ABOUT_ME_UPHELD, K.ABOUT_ME_DISMISSED})
"""These name nobody but the one they go to (P2.9)."""

_EXPERTS = frozenset({K.REFUND_REQUESTED, K.REFUND_APPROVED, K.REFUND_DECLINED, K.REFUND_DISPUTED, K.REFUND_SETTLED})
"""The steps of a refund that bear on an expert's pay. What may or might be asked for is on its page."""


@dataclass(frozen=True, slots=True)
class Send:
    """It holds."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """Not yet: look again at ``until``."""

    until: Ms


@dataclass(frozen=True, slots=True)
class Drop:
    """It holds no more, and why, in a word."""

    why: str


Decision: TypeAlias = Send | PutOff | Drop


# --- planning ---------------------------------------------------------------------------------------------------------


def plan(event: str, type_: str, body: str, created_at: Ms, now: Ms, reminder: Ms) -> tuple[str, tuple[Planned, ...]]:
    """The session that an event is about, and the letters that it brings; often none.

    ``event`` is its id, ``body`` as it was frozen. ``reminder``: so long before the start; 0: none.
    """
    if not type_.startswith(("session.", "refund.", "complaint.")):
        return "", ()
    data = json.loads(body)["data"]
    fresh = now - created_at < STALE
    if type_.startswith("complaint."):
        complaint = data["complaint"]
        return complaint["session"], tuple(_of_complaint(event, type_, complaint, now)) if fresh else ()
    found: list[Planned] = []
    starts_at = from_rfc3339(data["session"]["starts_at"])
    if fresh:
        found += _of_session(event, type_, data, starts_at, now)
    if type_ in ("session.booked", "session.moved"):
        found += _by_the_clock(starts_at, now, reminder)
    return data["session"]["id"], tuple(found)


def _of_session(event: str, type_: str, data: Mapping[str, Any], starts_at: Ms, now: Ms) -> Iterator[Planned]:
    kind, roles = None, tuple(Role)
    match type_:
        case "session.booked":
            kind = K.BOOKED
        case "session.moved" if data["session"]["status"] not in (Phase.LIVE, Phase.HELD):  # else their pages say so
            kind = K.MOVED
        case "session.cancelled":
            kind = K.CANCELLED
        case "session.links":
            kind, roles = K.LINK, tuple(Role(role) for role in data["roles"])
        case _ if type_.startswith("refund."):
            kind = Kind(type_.replace(".", "_"))
            roles = tuple(Role) if kind in _EXPERTS else (Role.CLIENT,)
        case _:
            return
    if kind is not None:
        yield from (Planned(role, kind, now, starts_at, event) for role in roles)


def _by_the_clock(starts_at: Ms, now: Ms, reminder: Ms) -> Iterator[Planned]:
    """Once for each slot, however often the booking comes back to it."""
    slot = str(starts_at)
    for role in Role:
        if reminder and starts_at - reminder - now >= NEWS_ENOUGH:
            yield Planned(role, K.REMINDER, starts_at - reminder, starts_at, slot)
        for kind, after in ((K.WAITING, 0), (K.STILL_WAITING, STILL)):
            if starts_at + after > now:
                yield Planned(role, kind, starts_at + after, starts_at, slot)


def _of_complaint(event: str, type_: str, complaint: Mapping[str, Any], now: Ms) -> Iterator[Planned]:
    step = type_.removeprefix("complaint.")
    if step == "recategorised":  # under which name it is looked at is on the pages
        return
    accused = Role(complaint["role"])
    ticket = complaint["id"]
    yield Planned(accused.other, Kind(f"report_{step}"), now, None, event, ticket)
    yield Planned(accused, Kind(f"about_me_{step}"), now, None, event, ticket)


# --- judging ----------------------------------------------------------------------------------------------------------


def judge(letter: Letter, record: Record, view: View, now: Ms, rating_window: Ms) -> Decision:
    """Whether ``letter`` holds now. ``view``: this party's own, as of ``record``."""
    match letter.kind:
        case K.CANCELLED:
            return _if(view.status is Phase.CANCELLED, "not_cancelled")
        case K.LINK:
            return Send()
        case K.BOOKED | K.MOVED:
            return _of_slot(letter, view) or _if(now < view.ends_at, "over")
        case K.REMINDER:
            return _of_slot(letter, view) or _if(now < view.starts_at and not view.me.here, "not_needed")
        case K.WAITING | K.STILL_WAITING:
            return _of_slot(letter, view) or _waiting(letter, view, now)
        case K.REPORT_FILED:
            return Send()
        case K.REPORT_UPHELD | K.REPORT_DISMISSED:
            return _report(letter, record, view.afterwards.reports if view.afterwards else None, now, rating_window)
        case K.ABOUT_ME_FILED | K.ABOUT_ME_UPHELD | K.ABOUT_ME_DISMISSED:
            about = view.afterwards.reports_of_me if view.afterwards else None
            return _report(letter, record, about, now, rating_window)
        case _:
            return _refund(letter, record, view, now, rating_window)


def retry_at(attempts: int, now: Ms, jitter: float) -> Ms | None:
    """When the next attempt is made after so many; None: no more. ``jitter`` in 0 to 1 spreads it by a fifth."""
    if attempts > len(RETRIES):
        return None
    wait = RETRIES[attempts - 1]
    return now + wait + round(wait * jitter / 5)


def _of_slot(letter: Letter, view: View) -> Drop | None:
    if view.status is Phase.CANCELLED:
        return Drop("cancelled")
    if view.starts_at != letter.starts_at:
        return Drop("moved")
    return Drop("over") if view.status is Phase.ENDED else None


def _waiting(letter: Letter, view: View, now: Ms) -> Decision:
    """To whoever is missing while the other is here; of two that are due at once the later one says it."""
    if letter.kind == K.WAITING and now >= view.starts_at + STILL:
        return Drop("too_late")
    return _if(view.other.status == "here" and not view.me.here and not view.met, "not_needed")


def _refund(letter: Letter, record: Record, view: View, now: Ms, rating_window: Ms) -> Decision:
    """The status that it tells must be the one that stands; one that this page does not show yet is put off."""
    wanted = letter.kind.removeprefix("refund_")
    stands = refund_state(record.facts, record.terms).status.value
    after_review = wanted == "declined" and stands == "none" and letter.role is Role.CLIENT
    if stands != wanted and not after_review:
        return Drop("overtaken")
    if view.refund is None or view.refund.status != stands:
        return _until_shown(record, now, rating_window)
    return Send()


def _report(letter: Letter, record: Record, shown: tuple[Report, ...] | None, now: Ms, rating_window: Ms) -> Decision:
    wanted = letter.kind.rpartition("_")[2]
    report = next((each for each in shown or () if each.ticket == letter.about), None)
    if report is None:
        return _until_shown(record, now, rating_window)
    return _if(report.status == wanted, "overtaken")


def _until_shown(record: Record, now: Ms, rating_window: Ms) -> Decision:
    """P2.1: until both have rated, or the time for it is over; not before the session is."""
    end = record.session.end
    if end is None:
        return PutOff(now + _LOOK_AGAIN)
    last = end.at + rating_window
    return PutOff(min(now + _LOOK_AGAIN, last)) if now < last else Drop("not_shown")


def _if(holds: bool, otherwise: str) -> Decision:
    return Send() if holds else Drop(otherwise)
