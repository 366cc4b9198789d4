"""Who was there, and when: presence, gaps and attendance from the facts of one session (P0.7, P1.1 to P1.4).

A presence runs from an accepted Join to the last proof of life; a gap is bridged if the return came before the
grace was over, and the grace runs from the detection, by the terms given here (so that other terms can be tried on
old ledgers). Attendance is said per slot: ``slots`` cuts the ledger where the start was moved. This module does not
decide how a session ended, and knows nothing of money.

Nobody is late by our doing (ours). Lateness leaves out the time that this service was away between the start and the
arrival, for whoever stood at a closed door was on time for all we know, and the time before the slot was on record
at all, for nobody can be late for a start that had not been told yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from server.policy.facts import AnyFact
from server.policy.spans import Interval, Spans, clip, total, union
from server.policy.terms import Terms
from server.policy.verdict import Attendance, AttendanceKind, Gap
from signaling.session import (
    Booked,
    Departed,
    Ended,
    EndReason,
    How,
    Joined,
    Moved,
    Ms,
    Replaced,
    Role,
    ServiceBack,
    ServiceLost,
    Slot,
    Whom,
)

__all__ = ["Attendance", "Booking", "Interval", "attendance", "away", "end_of", "gaps", "presence", "slots"]

NOTHING = Attendance()


@dataclass(frozen=True, slots=True)
class Booking:
    """A slot as long as its start stood: on record ``since``, moved ``until`` (None: it is the last), ``by`` whom.

    ``facts`` are all facts up to the move, so a presence that began in an earlier slot is not lost.
    """

    slot: Slot
    since: Ms
    until: Ms | None
    by: Whom | None
    facts: tuple[AnyFact, ...]


def slots(facts: Sequence[AnyFact]) -> tuple[Booking, ...]:
    """The slots of a session in order, cut at each move of the start (P0.1). A move of the end alone cuts nothing."""
    found: list[Booking] = []
    slot: Slot | None = None
    since: Ms = 0
    for number, fact in enumerate(facts):
        if isinstance(fact, Booked):
            slot, since = fact.slot, fact.at
        elif isinstance(fact, Moved) and slot is not None:
            if fact.slot.starts_at != slot.starts_at:
                found.append(Booking(slot, since, fact.at, fact.by, tuple(facts[:number])))
                since = fact.at
            slot = fact.slot
    if slot is None:
        raise ValueError("a ledger without a booking")
    return *found, Booking(slot, since, None, None, tuple(facts))


def end_of(facts: Sequence[AnyFact]) -> Ended | None:
    """The one end, if it has come (P0.3)."""
    return next((fact for fact in facts if isinstance(fact, Ended)), None)


def presence(facts: Sequence[AnyFact], role: Role, terms: Terms, until: Ms) -> Spans:
    """When ``role`` was there, up to ``until``, not cut to the window (P0.7). An empty interval: came, and no more."""
    return _track(facts, role, terms, until)[0]


def gaps(facts: Sequence[AnyFact], role: Role, terms: Terms, until: Ms) -> tuple[Gap, ...]:
    """When ``role`` was away after it had been there, up to ``until``; the last may still be open."""
    return _track(facts, role, terms, until)[1]


def away(facts: Sequence[AnyFact], until: Ms) -> Spans:
    """When this service was away (P3.9)."""
    found: list[Interval] = []
    lost: Ms | None = None
    for fact in facts:
        if isinstance(fact, ServiceLost):
            lost = fact.at
        elif isinstance(fact, ServiceBack) and lost is not None:
            found.append(Interval(lost, fact.at))
            lost = None
    if lost is not None:
        found.append(Interval(lost, max(lost, until)))
    return clip(union(found), min((span.start for span in found), default=until), until)


def attendance(facts: Sequence[AnyFact], role: Role, terms: Terms, until: Ms) -> Attendance:
    """How ``role`` attended the last slot of ``facts``, as far as can be said at ``until`` (P1.1 to P1.4)."""
    booking = slots(facts)[-1]
    slot, end = booking.slot, end_of(facts)
    if end is not None and end.reason is EndReason.CANCELLED:
        after = end.as_of >= slot.starts_at
        mine = end.by is Whom.EXPERT and role is Role.EXPERT
        return Attendance(AttendanceKind.NO_SHOW) if after and mine else NOTHING  # P1.4
    stays = presence(facts, role, terms, until)  # a gap is bridged by a return, even one after what it ended as of
    if end is not None and end.reason is EndReason.INTERRUPTED:
        until = min(until, end.as_of)  # P3.9: what had happened before stands, and no more
    until = min(until, slot.ends_at)
    known = max(slot.starts_at, booking.since)
    outages = away(facts, until)
    for stay in stays:
        if stay.start <= until and min(stay.end, until) > slot.starts_at:  # P1.1: covers or follows the start
            missed = total(clip(outages, known, stay.start))
            lateness = max(0, stay.start - known - missed)
            kind = AttendanceKind.ON_TIME if lateness <= terms.late_grace else AttendanceKind.LATE  # P1.2
            return Attendance(kind, stay.start, lateness)
    waited = until - slot.starts_at - total(clip(outages, known, until))
    if waited >= terms.no_show_after(slot.duration):  # P1.3
        return Attendance(AttendanceKind.NO_SHOW)
    return NOTHING


# --- helpers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Out:
    """An empty seat: since the last proof of life, and until when the return is no new arrival."""

    start: Ms
    how: How
    grace_until: Ms


def _track(facts: Sequence[AnyFact], role: Role, terms: Terms, until: Ms) -> tuple[Spans, tuple[Gap, ...]]:
    """Follow one seat through the facts up to ``until``."""
    stays: list[Interval] = []
    gone: list[Gap] = []
    since: Ms | None = None  # the start of the presence, bridged; None: never yet
    joined: Ms = 0  # when the join that a departure would end was made
    out: _Out | None = None
    lost_at: Ms = 0
    for fact in facts:
        if fact.at > until:
            break
        match fact:
            case Joined() if fact.role is role:
                if out is not None and since is not None:
                    lapsed = fact.at >= out.grace_until
                    gone.append(Gap(out.start, fact.at, out.how, lapsed, returned=True))
                    if lapsed:
                        stays.append(Interval(since, out.start))
                        since = fact.at
                since = fact.at if since is None else since
                joined, out = fact.at, None
            case Replaced() if fact.role is role:
                joined = fact.at  # P0.6: never a departure
            case Departed() if fact.role is role and since is not None:
                grace_until = fact.at + terms.reconnect_grace  # P3.14: from the detection
                if out is None:
                    out = _Out(min(max(fact.alive_at, joined), fact.at), fact.how, grace_until)
                else:  # the seat was empty already: it says more about how, not about when
                    out = replace(out, how=fact.how, grace_until=grace_until)
            case ServiceLost():
                lost_at = fact.at
                if out is None and since is not None:
                    out = _Out(fact.at, How.SERVICE, fact.at + terms.reconnect_grace)
            case ServiceBack():
                if out is not None and out.grace_until > lost_at:  # P3.9: every grace starts anew
                    out = replace(out, grace_until=fact.at + terms.reconnect_grace)
            case _:
                pass
    if since is not None:
        stays.append(Interval(since, until if out is None else min(out.start, until)))
    if out is not None and out.start < until:
        gone.append(Gap(out.start, until, out.how, until >= out.grace_until, returned=False))
    return tuple(stays), tuple(gone)
