"""Who was there, and when: presence, gaps and attendance from the facts of one session (P0.7, P1.1 to P1.4).

A presence runs from an accepted Join to the last proof of life; a gap is bridged if the return came before the
grace was over, and the grace runs from the detection, by the terms given here (so that other terms can be tried on
old ledgers). ``read`` goes through the facts once and keeps all that verdicts ask of them. Attendance is said per
slot: the ledger is cut where the start was moved. This module does not decide how a session ended, and knows nothing
of money.

Nobody is late by our doing (ours). Lateness leaves out the time that this service was away between the start and the
arrival, for whoever stood at a closed door was on time for all we know, and the time before the slot was on record
at all, for nobody can be late for a start that had not been told yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.policy.facts import AnyFact, FeeFactored, Priced
from server.policy.spans import Interval, Spans, clip, total, union
from server.policy.terms import Terms
from server.policy.verdict import Attendance, AttendanceKind, Gap
from signaling.session import (
    Accepted,
    Booked,
    Departed,
    Ended,
    EndReason,
    How,
    HungUp,
    Joined,
    Measured,
    MediaFlowed,
    Met,
    Moved,
    Ms,
    Replaced,
    Role,
    ServiceBack,
    ServiceLost,
    Slot,
    Warned,
    Whom,
)

__all__ = [
    "Attendance",
    "Booking",
    "Interval",
    "Story",
    "attendance",
    "attended",
    "end_of",
    "gaps",
    "presence",
    "read",
    "slots",
]

NOTHING = Attendance()


@dataclass(frozen=True, slots=True)
class Booking:
    """A slot as long as its start stood: on record ``since``, moved ``until`` (None: it is the last), ``by`` whom.

    ``in_time``: it was moved before its start, whenever that was heard (P1.4).
    ``facts`` are all facts up to the move, so a presence that began in an earlier slot is not lost.
    """

    slot: Slot
    since: Ms
    until: Ms | None
    by: Whom | None
    in_time: bool
    facts: Sequence[AnyFact]


@dataclass(frozen=True, slots=True)
class Track:
    """One party: when it was there, gaps within the grace bridged, not cut to the window; and when it was away."""

    stays: Spans
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """The facts of one session, read once; the tracks go up to ``until``.

    ``bookings``: its slots, the last one last. ``away``: when this service was (P3.9), ``back_at``: its last return.
    ``met_at``, ``flowed_at``, ``hung_up``: the first of each. ``counted``: what the relay has measured since they met.
    """

    terms: Terms
    until: Ms
    bookings: tuple[Booking, ...]
    end: Ended | None
    client: Track
    expert: Track
    away: Spans
    met_at: Ms | None
    flowed_at: Ms | None
    counted: Ms | None
    hung_up: HungUp | None
    back_at: Ms | None

    @property
    def slot(self) -> Slot:
        return self.bookings[-1].slot

    def track(self, role: Role) -> Track:
        return self.client if role is Role.CLIENT else self.expert


def read(facts: Sequence[AnyFact], terms: Terms, until: Ms) -> Story:
    """Go through the facts once. ``ValueError`` for a ledger without a booking."""
    bookings: list[Booking] = []
    slot: Slot | None = None
    since: Ms = 0
    end: Ended | None = None
    seats = {Role.CLIENT: _Seat(terms), Role.EXPERT: _Seat(terms)}
    outages: list[Interval] = []
    lost: Ms | None = None
    met_at = flowed_at = counted = back_at = None
    early: Ms = 0
    hung_up: HungUp | None = None
    reached = True
    for number, fact in enumerate(facts):
        reached = reached and fact.at <= until
        match fact:  # the most frequent ones first
            case Warned() | Accepted():
                pass
            case Joined() if reached:
                seats[fact.role].join(fact.at)
            case Departed() if reached:
                seats[fact.role].depart(fact)
            case MediaFlowed():
                flowed_at = fact.at if flowed_at is None else flowed_at
            case Met():
                met_at = fact.at if met_at is None else met_at
                early, counted = counted or 0, None
            case Priced() | FeeFactored():
                pass
            case Booked():
                slot, since = fact.slot, fact.at
            case Ended():
                end = end or fact
            case Measured():
                counted = fact.mutual if counted is None else max(counted, fact.mutual)
            case Replaced() if reached:
                seats[fact.role].joined = fact.at  # P0.6: never a departure
            case Moved() if slot is not None:
                if fact.slot.starts_at != slot.starts_at:
                    bookings.append(Booking(slot, since, fact.at, fact.by, _in_time(fact, slot), facts[:number]))
                    since = fact.at
                slot = fact.slot
            case HungUp():
                hung_up = hung_up or fact
            case ServiceLost():
                lost = fact.at
                for seat in seats.values():
                    seat.lose(fact.at, reached)
            case ServiceBack():
                back_at = fact.at if back_at is None else max(back_at, fact.at)
                if lost is not None:
                    outages.append(Interval(lost, fact.at))
                    lost = None
                for seat in seats.values():
                    seat.service_back(fact.at, reached)
            case _:
                pass
    if slot is None:
        raise ValueError("a ledger without a booking")
    if lost is not None:
        outages.append(Interval(lost, max(lost, until)))
    if counted is not None and counted >= early:  # less than before: a restart had it begin anew
        counted -= early
    return Story(
        terms,
        until,
        (*bookings, Booking(slot, since, None, None, False, facts)),
        end,
        seats[Role.CLIENT].track(until),
        seats[Role.EXPERT].track(until),
        clip(union(outages), outages[0].start, until) if outages else (),
        met_at,
        flowed_at,
        counted,
        hung_up,
        back_at,
    )


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
                found.append(Booking(slot, since, fact.at, fact.by, _in_time(fact, slot), tuple(facts[:number])))
                since = fact.at
            slot = fact.slot
    if slot is None:
        raise ValueError("a ledger without a booking")
    return *found, Booking(slot, since, None, None, False, tuple(facts))


def end_of(facts: Sequence[AnyFact]) -> Ended | None:
    """The one end, if it has come (P0.3)."""
    return next((fact for fact in reversed(facts) if isinstance(fact, Ended)), None)


def presence(facts: Sequence[AnyFact], role: Role, terms: Terms, until: Ms) -> Spans:
    """When ``role`` was there, up to ``until``, not cut to the window (P0.7). An empty interval: came, and no more."""
    return read(facts, terms, until).track(role).stays


def gaps(facts: Sequence[AnyFact], role: Role, terms: Terms, until: Ms) -> tuple[Gap, ...]:
    """When ``role`` was away after it had been there, up to ``until``; the last may still be open."""
    return read(facts, terms, until).track(role).gaps


def attendance(facts: Sequence[AnyFact], role: Role, terms: Terms, until: Ms) -> Attendance:
    """How ``role`` attended the last slot of ``facts``, as far as can be said at ``until`` (P1.1 to P1.4)."""
    return attended(read(facts, terms, until), role)


def attended(story: Story, role: Role) -> Attendance:
    """How ``role`` attended the last slot of the story, as far as it goes (P1.1 to P1.4)."""
    booking, end, until = story.bookings[-1], story.end, story.until
    slot = booking.slot
    if end is not None and end.reason is EndReason.CANCELLED:
        after = end.as_of >= slot.starts_at
        mine = end.by is Whom.EXPERT and role is Role.EXPERT
        return Attendance(AttendanceKind.NO_SHOW) if after and mine else NOTHING  # P1.4
    # a gap is bridged by a return, even one after what it ended as of
    if end is not None and end.reason is EndReason.INTERRUPTED:
        until = min(until, end.as_of)  # P3.9: what had happened before stands, and no more
    until = min(until, slot.ends_at)
    known = max(slot.starts_at, booking.since)
    for stay in story.track(role).stays:
        if stay.start <= until and min(stay.end, until) > slot.starts_at:  # P1.1: covers or follows the start
            missed = total(clip(story.away, known, stay.start))
            lateness = max(0, stay.start - known - missed)
            kind = AttendanceKind.ON_TIME if lateness <= story.terms.late_grace else AttendanceKind.LATE  # P1.2
            return Attendance(kind, stay.start, lateness)
    waited = until - slot.starts_at - total(clip(story.away, known, until))
    if waited >= story.terms.no_show_after(slot.duration):  # P1.3
        return Attendance(AttendanceKind.NO_SHOW)
    return NOTHING


# --- helpers ----------------------------------------------------------------------------------------------------------


def _in_time(fact: Moved, slot: Slot) -> bool:
    return min(fact.at, fact.at if fact.said_at is None else fact.said_at) < slot.starts_at


class _Seat:
    """One seat while the facts are followed. ``since``: the start of its presence, bridged; None: nobody came yet."""

    __slots__ = ("gaps", "grace_until", "how", "joined", "lost_at", "out", "since", "stays", "terms")

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.stays: list[Interval] = []
        self.gaps: list[Gap] = []
        self.since: Ms | None = None
        self.joined: Ms = 0  # when the join that a departure would end was made
        self.out: Ms | None = None  # empty since the last proof of life
        self.how, self.grace_until = How.SERVICE, 0  # of the departure
        self.lost_at: Ms = 0

    def join(self, at: Ms) -> None:
        if self.out is not None and self.since is not None:
            lapsed = at >= self.grace_until
            self.gaps.append(Gap(self.out, at, self.how, lapsed, returned=True))
            if lapsed:
                self.stays.append(Interval(self.since, self.out))
                self.since = at
        self.since = at if self.since is None else self.since
        self.joined, self.out = at, None

    def depart(self, fact: Departed) -> None:
        if self.since is None:
            return
        if self.out is None:  # else the seat was empty already: it says more about how, not about when
            self.out = min(max(fact.alive_at, self.joined), fact.at)
        self.how = fact.how
        self.grace_until = fact.at + self.terms.reconnect_grace  # P3.14: from the detection

    def lose(self, at: Ms, reached: bool) -> None:
        """This service is away since then."""
        if not reached:
            return
        self.lost_at = at
        if self.out is None and self.since is not None:
            self.out, self.how, self.grace_until = at, How.SERVICE, at + self.terms.reconnect_grace

    def service_back(self, at: Ms, reached: bool) -> None:
        if reached and self.out is not None and self.grace_until > self.lost_at:  # P3.9: every grace starts anew
            self.grace_until = at + self.terms.reconnect_grace

    def track(self, until: Ms) -> Track:
        if self.since is not None:
            self.stays.append(Interval(self.since, until if self.out is None else min(self.out, until)))
        if self.out is not None and self.out < until:
            self.gaps.append(Gap(self.out, until, self.how, until >= self.grace_until, returned=False))
        return Track(tuple(self.stays), tuple(self.gaps))
