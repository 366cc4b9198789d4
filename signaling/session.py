"""What happened in one booked call: a pure state machine.

Theory, in the words of the rules (P0 to P3)
--------------------------------------------
A session has one *slot* (the booked window with its limits), two *seats* (client and expert) and a *phase*.
Programs and people cause *events*; an event accepted at a time gives *facts*; facts are what the ledger keeps and
the only thing that ever changes a session. So there are two functions and they never overlap::

    advance(session, event, now) -> Step      decides: which facts does this event give? (may refuse)
    apply(session, fact) -> Session           follows: what is true after that fact? (never refuses)

A stored session is ``replay(facts)``; a verdict is computed from the same facts; the two cannot disagree.

What may happen when is said once, in ``TRANSITIONS``: for each phase and each kind of event the rows that apply, first
match first, each with its guard, its act and the phase it leads to. The table is total: a duplicate, a late or a forged
event is a row like any other. After every row the phase that follows from the facts must be the one that the row
promised; if it is not, that is a bug here, and it is raised as one.

Deadlines are data: ``next_deadline`` names the next instant at which something happens with nobody's doing, and
``advance`` lives through every deadline up to ``now`` before it looks at the event. So it makes no difference whether a
timer fired late, twice or never: what falls at or after ``ends_at`` meets an ended session (P3.1).

What this module refuses to know: clocks (time is passed in), I/O, money, persons, and what any of it *means*.
All times are UTC epoch milliseconds. Intervals are closed at the start and open at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from signaling.errors import UserError

Ms: TypeAlias = int
"""UTC epoch milliseconds, or a span of milliseconds."""

MINUTE: Ms = 60_000


class Role(StrEnum):
    CLIENT = "client"
    EXPERT = "expert"

    @property
    def other(self) -> Role:
        return Role.EXPERT if self is Role.CLIENT else Role.CLIENT


class Phase(StrEnum):
    """P0.2."""

    SCHEDULED = "scheduled"
    WAITING = "waiting"
    LIVE = "live"
    HELD = "held"
    ENDED = "ended"
    CANCELLED = "cancelled"


class EndReason(StrEnum):
    """P0.3. Whom it names, if anyone, stands beside it (``Ended.by``)."""

    COMPLETED = "completed"
    HUNG_UP = "hung_up"
    LOST = "lost"
    LEFT_PAGE = "left_page"
    SAFETY = "safety"
    NO_SHOW = "no_show"
    NEVER_MET = "never_met"
    INTERRUPTED = "interrupted"
    ENDED_BY_OPERATOR = "ended_by_operator"
    REMOVED = "removed"
    CANCELLED = "cancelled"


class Whom(StrEnum):
    """Whom an end names, or who moved or cancelled a booking."""

    CLIENT = "client"
    EXPERT = "expert"
    BOTH = "both"
    PLATFORM = "platform"
    OPERATOR = "operator"


class How(StrEnum):
    """How a seat came to be empty: the evidence of P3.14, and the cases that are nobody's departure."""

    CONNECTION = "connection"  # socket and leg dead, or the leg silent after a restart
    PAGE = "page"  # the page was closed (pagehide) and did not come back
    STEPPED_OUT = "stepped_out"  # said so, and may come back (P3.8)
    WAITING_ROOM = "waiting_room"  # left before they had met, and before P1.3 let it go freely
    SERVICE = "service"  # this service failed, not the party (P3.9)
    MOVED = "moved"  # the booking moved away from under it (P0.1)


# --- values -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slot:
    """The booked window, with every limit that the machine compares; set by policy, from the terms, at booking."""

    starts_at: Ms
    ends_at: Ms
    opens_before: Ms
    late_grace: Ms
    no_show_after: Ms
    reconnect_grace: Ms
    outage_window: Ms
    warnings: tuple[Ms, ...]

    @property
    def opens_at(self) -> Ms:
        return self.starts_at - self.opens_before

    @property
    def late_at(self) -> Ms:
        """The first instant that is not on time anymore: a lateness of just ``late_grace`` still is (P1.2)."""
        return self.starts_at + self.late_grace + 1

    @property
    def duration(self) -> Ms:
        return self.ends_at - self.starts_at

    def overlap(self, start: Ms, end: Ms) -> Ms:
        """How much of ``[start, end)`` lies inside the booked window."""
        return max(0, min(end, self.ends_at) - max(start, self.starts_at))


@dataclass(frozen=True, slots=True)
class Gone:
    """Why a seat that was taken is empty, and until when its grace runs."""

    how: How
    alive_at: Ms
    grace_until: Ms


@dataclass(frozen=True, slots=True)
class Seat:
    """One party's place. ``since`` is the start of its presence, gaps within the grace bridged (P0.7).

    ``joined_at`` is when the join that now holds the seat was made: proof of life, so no departure lies before it.
    """

    here: bool = False
    join: str | None = None
    since: Ms | None = None
    gone: Gone | None = None
    accepted: bool = False
    joined_at: Ms | None = None
    declined: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """All that is true of a session after the facts so far. ``clock`` is the time of the last fact."""

    slot: Slot
    clock: Ms
    phase: Phase = Phase.SCHEDULED
    client: Seat = field(default_factory=Seat)
    expert: Seat = field(default_factory=Seat)
    met_at: Ms | None = None
    media: bool = False
    lost_at: Ms | None = None  # the service is away since then
    back_at: Ms | None = None  # and came back last at
    away: Ms = 0  # how much of the window the service was away
    end: Ended | None = None
    hung_up: frozenset[Role] = frozenset()

    def seat(self, role: Role) -> Seat:
        return self.client if role is Role.CLIENT else self.expert

    @property
    def seats(self) -> tuple[tuple[Role, Seat], tuple[Role, Seat]]:
        return (Role.CLIENT, self.client), (Role.EXPERT, self.expert)

    @property
    def both_here(self) -> bool:
        return self.client.here and self.expert.here

    @property
    def anyone_here(self) -> bool:
        return self.client.here or self.expert.here

    @property
    def over(self) -> bool:
        return self.phase in (Phase.ENDED, Phase.CANCELLED)

    @property
    def joined_ever(self) -> bool:
        """Whether a party has ever joined: from then on the parties may not be exchanged (P0.1)."""
        return self.client.join is not None or self.expert.join is not None


# --- facts: what the ledger keeps. ``at`` never decreases within a session. -------------------------------------------


@dataclass(frozen=True, slots=True)
class Booked:
    at: Ms
    slot: Slot
    kind: Literal["booked"] = "booked"


@dataclass(frozen=True, slots=True)
class Moved:
    """``said_at``: when, if it was told elsewhere and may be heard of too late."""

    at: Ms
    slot: Slot
    by: Whom | None
    said_at: Ms | None = None
    kind: Literal["moved"] = "moved"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A party accepted the guidelines, in this version of their text (P5.2)."""

    at: Ms
    role: Role
    version: str
    accepted_at: Ms | None = None  # when, if it was elsewhere: at booking
    kind: Literal["accepted"] = "accepted"


@dataclass(frozen=True, slots=True)
class Declined:
    at: Ms
    role: Role
    version: str
    kind: Literal["declined"] = "declined"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Another person takes this side of the booking: what the one before had promised does not bind it (P5.2)."""

    at: Ms
    role: Role
    kind: Literal["exchanged"] = "exchanged"


@dataclass(frozen=True, slots=True)
class Joined:
    """A seat was taken that was empty: the first time, or again after a departure."""

    at: Ms
    role: Role
    join: str
    kind: Literal["joined"] = "joined"


@dataclass(frozen=True, slots=True)
class Replaced:
    """The same party on another device, or after a reload: never a departure (P0.6)."""

    at: Ms
    role: Role
    join: str
    kind: Literal["replaced"] = "replaced"


@dataclass(frozen=True, slots=True)
class Departed:
    """A seat is empty: noticed ``at``, there until ``alive_at`` (the last proof of life), grace until (P3.14)."""

    at: Ms
    role: Role
    join: str
    how: How
    alive_at: Ms
    grace_until: Ms
    kind: Literal["departed"] = "departed"


@dataclass(frozen=True, slots=True)
class Met:
    """Both are there, in the booked window, with living sockets (P0.2)."""

    at: Ms
    kind: Literal["met"] = "met"


@dataclass(frozen=True, slots=True)
class Late:
    """A party had not come when the grace for being on time was over (P1.2)."""

    at: Ms
    role: Role
    kind: Literal["late"] = "late"


@dataclass(frozen=True, slots=True)
class Warned:
    """Both were told that so much is left (P3.2)."""

    at: Ms
    remaining: Ms
    kind: Literal["warned"] = "warned"


@dataclass(frozen=True, slots=True)
class MediaFlowed:
    """For the first time media went both ways (P3.17)."""

    at: Ms
    kind: Literal["media_flowed"] = "media_flowed"


@dataclass(frozen=True, slots=True)
class Measured:
    """So much mutual time the relay has counted so far (P3.16), the early talk before they met included."""

    at: Ms
    mutual: Ms
    kind: Literal["measured"] = "measured"


@dataclass(frozen=True, slots=True)
class HungUp:
    """A confirmed hang-up was accepted; the order of these is who hung up first (P3.11)."""

    at: Ms
    role: Role
    cause: str | None
    kind: Literal["hung_up"] = "hung_up"


@dataclass(frozen=True, slots=True)
class ServiceLost:
    """This service's last sign of life before it failed: every seat is empty from then on (P3.9)."""

    at: Ms
    kind: Literal["service_lost"] = "service_lost"


@dataclass(frozen=True, slots=True)
class ServiceBack:
    at: Ms
    kind: Literal["service_back"] = "service_back"


@dataclass(frozen=True, slots=True)
class Ended:
    """The one end of a session: decided ``at``, true ``as_of`` (P0.3)."""

    at: Ms
    reason: EndReason
    by: Whom | None
    as_of: Ms
    note: str | None = None
    kind: Literal["ended"] = "ended"


Fact: TypeAlias = (
    Booked
    | Moved
    | Accepted
    | Declined
    | Exchanged
    | Joined
    | Replaced
    | Departed
    | Met
    | Late
    | Warned
    | MediaFlowed
    | Measured
    | HungUp
    | ServiceLost
    | ServiceBack
    | Ended
)


# --- events: what is asked of a session -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    slot: Slot
    by: Whom | None = None
    said_at: Ms | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    by: Whom
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    role: Role
    version: str
    accepted: bool = True
    accepted_at: Ms | None = None


@dataclass(frozen=True, slots=True)
class Join:
    role: Role
    join: str


@dataclass(frozen=True, slots=True)
class Depart:
    """Proof that the party of this join is gone (P3.14)."""

    role: Role
    join: str
    how: How
    alive_at: Ms


@dataclass(frozen=True, slots=True)
class HangUp:
    role: Role
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class LeaveForSafety:
    role: Role


@dataclass(frozen=True, slots=True)
class Remove:
    role: Role
    note: str


@dataclass(frozen=True, slots=True)
class EndByOperator:
    note: str


@dataclass(frozen=True, slots=True)
class MediaUp:
    pass


@dataclass(frozen=True, slots=True)
class Measure:
    mutual: Ms


@dataclass(frozen=True, slots=True)
class Outage:
    """This service was away from ``last_alive`` until now."""

    last_alive: Ms


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing but time has passed."""


Event: TypeAlias = (
    Move
    | Cancel
    | Accept
    | Join
    | Depart
    | HangUp
    | LeaveForSafety
    | Remove
    | EndByOperator
    | MediaUp
    | Measure
    | Outage
    | Tick
)


@dataclass(frozen=True, slots=True)
class Step:
    """The session after an event, and the facts it gave, in order."""

    session: Session
    facts: tuple[Fact, ...]


# --- public functions -------------------------------------------------------------------------------------------------


def book(slot: Slot, now: Ms) -> Step:
    """A new session. ``UserError`` if the slot is already over (P0.1)."""
    if slot.ends_at <= now:
        raise UserError(
            "slot_over", "The booked end lies in the past; book a slot that ends in the future.", status=422
        )
    booked = Booked(now, slot)
    return Step(replay([booked]), (booked,))


def replay(facts: Iterable[Fact]) -> Session:
    """The session that these facts make; the first must be ``Booked``."""
    iterator = iter(facts)
    first = next(iterator, None)
    if not isinstance(first, Booked):
        raise ValueError(f"a ledger begins with a booking, not with {first!r}")
    draft = _Draft(Session(slot=first.slot, clock=first.at))
    for fact in iterator:
        draft.follow(fact)
    return draft.session()


def advance(session: Session, event: Event, now: Ms) -> Step:
    """Live through every deadline up to ``now``, then let ``event`` happen.

    Returns the new session with the facts this gave. Raises ``UserError`` where the rules refuse the event; the
    deadlines lived through are then not lost, for they will be found due again.
    A wall clock that stepped back is taken as standing still: facts never go back in time.
    """
    now = max(now, session.clock)
    if isinstance(event, Outage):  # deadlines that fell into the outage never rang
        step = _live_through(session, min(max(event.last_alive, session.clock), now))
    else:
        step = _live_through(session, now)
    session, facts = step.session, list(step.facts)
    row = _row(session, event, now)
    for fact in row.act(session, event, now):
        session = apply(session, fact)
        facts.append(fact)
    session, more = _meet(session, now)
    facts += more
    expected = row.to or step.session.phase
    if session.phase is not expected:
        raise AssertionError(
            f"{step.session.phase} on {event}: the table says {expected}, the facts say {session.phase}"
        )
    return Step(session, tuple(facts))


def next_deadline(session: Session) -> Ms | None:
    """The next instant at which something happens by itself, or None when nothing ever will."""
    if session.over:
        return None
    slot = session.slot
    due = [slot.ends_at]
    if session.both_here and session.met_at is None:
        due.append(slot.starts_at)
    if _late(session):
        due.append(slot.late_at)
    if session.anyone_here:
        due += [slot.ends_at - left for left in slot.warnings if slot.ends_at - left >= slot.starts_at]
    return min(at for at in due if at > session.clock or at == slot.ends_at)


def may_leave_at(session: Session, role: Role) -> Ms | None:
    """From when on ``role``, being alone, may leave and it is never a hang-up; None when not alone (P1.3, P3.8)."""
    seat, other = session.seat(role), session.seat(role.other)
    if session.over or not seat.here or other.here:
        return None
    if session.met_at is not None:
        return other.gone.grace_until if other.gone else None
    arrived = max(session.slot.starts_at, seat.since or 0, session.back_at or 0)
    return min(arrived + session.slot.no_show_after, session.slot.ends_at)


def present_in_window(session: Session, role: Role, at: Ms) -> bool:
    """Whether ``role`` has been present at all inside the booked window, up to ``at`` (P0.7)."""
    seat = session.seat(role)
    if seat.here:
        return at > session.slot.starts_at
    return seat.gone is not None and seat.gone.alive_at > session.slot.starts_at


# --- apply: what is true after a fact ---------------------------------------------------------------------------------


def apply(session: Session, fact: Fact) -> Session:
    """Follow one fact. Never refuses: what is on the ledger happened."""
    draft = _Draft(session)
    draft.follow(fact)
    return draft.session()


class _Draft:
    """A session while facts are followed, written in place: a value for each fact would be most of the work."""

    __slots__ = ("away", "back_at", "clock", "end", "hung_up", "lost_at", "media", "met_at", "seats", "slot")

    def __init__(self, session: Session) -> None:
        self.slot, self.clock = session.slot, session.clock
        self.seats = {Role.CLIENT: session.client, Role.EXPERT: session.expert}
        self.met_at, self.media = session.met_at, session.media
        self.lost_at, self.back_at, self.away = session.lost_at, session.back_at, session.away
        self.end, self.hung_up = session.end, session.hung_up

    def follow(self, fact: Fact) -> None:
        self.clock = max(self.clock, fact.at)
        seats = self.seats
        match fact:  # the most frequent ones first
            case Warned():
                pass
            case Joined():
                old = seats[fact.role]
                bridged = old.gone is not None and fact.at < old.gone.grace_until
                since = old.since if bridged else fact.at
                seats[fact.role] = Seat(True, fact.join, since, None, old.accepted, fact.at, old.declined)
            case Accepted():
                seats[fact.role] = _promised(seats[fact.role], accepted=True)
            case Departed():
                gone = Gone(fact.how, fact.alive_at, fact.grace_until)
                seats[fact.role] = _vacated(seats[fact.role], gone)
            case Ended():
                self.end = fact
            case MediaFlowed():
                self.media = True
            case Met():
                self.met_at = fact.at
            case Late() | Measured():
                pass
            case Booked():
                self.slot = fact.slot
            case Moved():
                if fact.slot.starts_at != self.slot.starts_at:
                    self.away = 0  # another slot: what was missed in the old one stays there
                self.slot = fact.slot
            case Declined():
                seats[fact.role] = _promised(seats[fact.role], declined=True)
            case Exchanged():
                seats[fact.role] = _promised(seats[fact.role])
            case Replaced():
                old = seats[fact.role]
                seats[fact.role] = Seat(old.here, fact.join, old.since, old.gone, old.accepted, fact.at, old.declined)
            case HungUp():
                self.hung_up |= {fact.role}
            case ServiceLost():
                self.lost_at = fact.at
                for role, seat in seats.items():
                    if seat.here:
                        gone = Gone(How.SERVICE, fact.at, fact.at + self.slot.reconnect_grace)
                        seats[role] = _vacated(seat, gone)
            case ServiceBack():
                lost_at = self.lost_at if self.lost_at is not None else fact.at
                for role, seat in seats.items():
                    if seat.gone is not None and seat.gone.grace_until > lost_at:  # P3.9: every grace starts anew
                        gone = replace(seat.gone, grace_until=fact.at + self.slot.reconnect_grace)
                        seats[role] = replace(seat, gone=gone)
                self.lost_at, self.back_at = None, fact.at
                self.away += self.slot.overlap(lost_at, fact.at)

    def session(self) -> Session:
        client, expert = self.seats[Role.CLIENT], self.seats[Role.EXPERT]
        return Session(
            self.slot,
            self.clock,
            _phase(self.end, client.here, expert.here, self.met_at is not None),
            client,
            expert,
            self.met_at,
            self.media,
            self.lost_at,
            self.back_at,
            self.away,
            self.end,
            self.hung_up,
        )


def _promised(seat: Seat, *, accepted: bool = False, declined: bool = False) -> Seat:
    return Seat(seat.here, seat.join, seat.since, seat.gone, accepted, seat.joined_at, declined)


def _vacated(seat: Seat, gone: Gone) -> Seat:
    return Seat(False, seat.join, seat.since, gone, seat.accepted, seat.joined_at, seat.declined)


def _phase(end: Ended | None, client: bool, expert: bool, met: bool) -> Phase:
    """P0.2, as what follows from the rest: whether it has ended, who is here, and whether they have met."""
    if end is not None:
        return Phase.CANCELLED if end.reason is EndReason.CANCELLED else Phase.ENDED
    if client and expert:
        return Phase.LIVE
    if met:
        return Phase.HELD
    return Phase.WAITING if client or expert else Phase.SCHEDULED


# --- deadlines --------------------------------------------------------------------------------------------------------


def _live_through(session: Session, now: Ms) -> Step:
    facts: list[Fact] = []
    while (at := next_deadline(session)) is not None and at <= now:
        due = _due(session, at)
        if not due:
            raise AssertionError(f"a deadline at which nothing happens would never pass: {at} in {session}")
        for fact in due:
            session = apply(session, fact)
            facts.append(fact)
    return Step(session, tuple(facts))


def _due(session: Session, at: Ms) -> list[Fact]:
    """Everything that happens by itself at this instant."""
    slot = session.slot
    if at >= slot.ends_at:  # P3.1: nothing else happens at or after the end
        return [_ended(session, at=max(slot.ends_at, session.clock), stop=True)]
    facts: list[Fact] = []
    if session.both_here and session.met_at is None and at >= slot.starts_at:
        facts.append(Met(at))
    if at == slot.late_at:
        facts += [Late(at, role) for role in _late(session)]
    if session.anyone_here and slot.ends_at - at in slot.warnings:
        facts.append(Warned(at, slot.ends_at - at))
    return facts


def _late(session: Session) -> tuple[Role, ...]:
    """Who will not have come when the grace for being on time is over, unless something happens before.

    Not one who was there early and may yet come back within its grace: then it came on time (P1.1).
    """
    if session.met_at is not None:
        return ()
    slot, late = session.slot, []
    for role, seat in session.seats:
        came = seat.here or (seat.gone is not None and seat.gone.alive_at > slot.starts_at)
        may_return = seat.gone is not None and slot.late_at < seat.gone.grace_until
        if not came and not may_return:
            late.append(role)
    return tuple(late)


def _meet(session: Session, now: Ms) -> tuple[Session, list[Fact]]:
    if session.over or not session.both_here or session.met_at is not None or now < session.slot.starts_at:
        return session, []
    met = Met(now)
    return apply(session, met), [met]


# --- the end ----------------------------------------------------------------------------------------------------------


def _ended(session: Session, at: Ms, *, stop: bool, note: str | None = None) -> Ended:
    """How a session ends that is not ended by an act: at the hard stop, or when who is alone leaves freely."""
    unmet = session.met_at is None
    reason, by, as_of = _end_unmet(session, at) if unmet else _end_met(session, at)
    if stop and reason in (EndReason.COMPLETED, EndReason.NO_SHOW, EndReason.NEVER_MET):
        as_of = session.slot.ends_at  # P3.1: as of the booked end, however late it is noticed
    return Ended(at, reason, by, as_of, note)


def _end_met(session: Session, at: Ms) -> tuple[EndReason, Whom | None, Ms]:
    gone = {role: seat.gone for role, seat in session.seats if not seat.here and seat.gone is not None}
    by_service = _taken_by_outage(session)
    if by_service:  # P3.9: who was there at the last sign of life did not come back
        return EndReason.INTERRUPTED, None, min(by_service)
    if session.lost_at is not None:  # P3.9: the hard stop fell into the outage
        return EndReason.INTERRUPTED, None, session.lost_at
    if len(gone) == 2 and all(g.how is How.CONNECTION for g in gone.values()):
        first, last = sorted(g.alive_at for g in gone.values())
        if last - first <= session.slot.outage_window:  # P3.9: both at once is nobody's doing
            return EndReason.INTERRUPTED, None, first
    role = min(gone, key=lambda r: gone[r].alive_at, default=None)  # P3.9: otherwise the earlier loss decides
    if role is None or at < gone[role].grace_until:
        return EndReason.COMPLETED, None, at
    reason = EndReason.LOST if gone[role].how is How.CONNECTION else EndReason.LEFT_PAGE  # P3.6, P3.7
    return reason, Whom(role), gone[role].alive_at


def _end_unmet(session: Session, at: Ms) -> tuple[EndReason, Whom | None, Ms]:
    slot = session.slot
    if by_service := _taken_by_outage(session):  # P3.9
        return EndReason.INTERRUPTED, None, max(slot.starts_at, min(by_service))
    away = session.away + (slot.overlap(session.lost_at, slot.ends_at) if session.lost_at is not None else 0)
    if away and min(at, slot.ends_at) - slot.starts_at - away < slot.no_show_after:
        # P1.4: the service failed before it could be met; nobody can be said not to have come
        return EndReason.INTERRUPTED, None, max(slot.starts_at, session.lost_at or slot.starts_at)
    came = [role for role in Role if present_in_window(session, role, at)]
    if len(came) == 2:
        return EndReason.NEVER_MET, None, at
    absent = Whom.BOTH if not came else Whom(came[0].other)
    return EndReason.NO_SHOW, absent, at


def _taken_by_outage(session: Session) -> list[Ms]:
    """When each party that an outage took, and that has not come back, was last there.

    An outage whose grace was over before the start took nothing: nothing before the start counts (P0.5).
    """
    gone = [seat.gone for _, seat in session.seats if not seat.here and seat.gone is not None]
    return [g.alive_at for g in gone if g.how is How.SERVICE and g.grace_until > session.slot.starts_at]


# --- the table: guards, acts, rows ------------------------------------------------------------------------------------

Guard: TypeAlias = Callable[[Session, Any, Ms], bool]
Act: TypeAlias = Callable[[Session, Any, Ms], "tuple[Fact, ...]"]


@dataclass(frozen=True, slots=True)
class Row:
    """If ``when`` holds, ``act``; the phase is then ``to`` (None: as before)."""

    when: Guard
    act: Act
    to: Phase | None = None


def always(session: Session, event: Event, now: Ms) -> bool:
    return True


def too_early(session: Session, event: Join, now: Ms) -> bool:
    return now < session.slot.opens_at  # P0.5


def not_accepted(session: Session, event: Join, now: Ms) -> bool:
    return not session.seat(event.role).accepted  # P5.2


def seat_is_taken(session: Session, event: Join, now: Ms) -> bool:
    return session.seat(event.role).here


def other_is_here(session: Session, event: Any, now: Ms) -> bool:
    role: Role = event.role
    return session.seat(role.other).here


def not_this_join(session: Session, event: Depart, now: Ms) -> bool:
    seat = session.seat(event.role)
    return not seat.here or seat.join != event.join  # a duplicate, or the departure of a device that was replaced


def not_met(session: Session, event: Event, now: Ms) -> bool:
    return session.met_at is None


def not_here(session: Session, event: HangUp, now: Ms) -> bool:
    return not session.seat(event.role).here


def may_leave(session: Session, event: HangUp, now: Ms) -> bool:
    since = may_leave_at(session, event.role)
    return since is not None and now >= since  # P1.3


def other_past_grace(session: Session, event: HangUp, now: Ms) -> bool:
    gone = session.seat(event.role.other).gone
    return gone is not None and now >= gone.grace_until  # P3.8


def already_noted(session: Session, event: HangUp, now: Ms) -> bool:
    return event.role in session.hung_up


def already_flowed(session: Session, event: MediaUp, now: Ms) -> bool:
    return session.media


def same_slot(session: Session, event: Move, now: Ms) -> bool:
    return event.slot == session.slot


def slot_is_over(session: Session, event: Move, now: Ms) -> bool:
    return event.slot.ends_at <= now


def end_too_near(session: Session, event: Move, now: Ms) -> bool:
    """From the start on the end may not come nearer than a minute from now (P0.1)."""
    started = now >= session.slot.starts_at and event.slot.starts_at == session.slot.starts_at
    return started and event.slot.ends_at < min(session.slot.ends_at, now + MINUTE)


def start_would_move(session: Session, event: Move, now: Ms) -> bool:
    return event.slot.starts_at != session.slot.starts_at


def start_would_move_met(session: Session, event: Move, now: Ms) -> bool:
    return session.met_at is not None and start_would_move(session, event, now)


def doors_would_close(session: Session, event: Move, now: Ms) -> bool:
    return event.slot.opens_at > now


def untouched(session: Session, event: Outage, now: Ms) -> bool:
    """The outage took nothing: nobody was there or within a grace, and the window lies elsewhere."""
    if any(seat.here or (seat.gone and event.last_alive < seat.gone.grace_until) for _, seat in session.seats):
        return False
    return not session.slot.overlap(event.last_alive, now) and now < session.slot.ends_at


def stop_fell_into_it(session: Session, event: Outage, now: Ms) -> bool:
    return now >= session.slot.ends_at


def nothing(session: Session, event: Event, now: Ms) -> tuple[Fact, ...]:
    return ()


def take_seat(session: Session, event: Join, now: Ms) -> tuple[Fact, ...]:
    return (Joined(now, event.role, event.join),)


def replace_device(session: Session, event: Join, now: Ms) -> tuple[Fact, ...]:
    if session.seat(event.role).join == event.join:
        return ()
    return (Replaced(now, event.role, event.join),)


def depart(session: Session, event: Depart, now: Ms) -> tuple[Fact, ...]:
    alive_at = min(event.alive_at, now)
    if (joined_at := session.seat(event.role).joined_at) is not None:
        alive_at = max(alive_at, joined_at)
    return (_departed(session, event.role, event.how, alive_at, now),)


def leave_waiting_room(session: Session, event: HangUp, now: Ms) -> tuple[Fact, ...]:
    return (_departed(session, event.role, How.WAITING_ROOM, now, now),)  # P1.3: never a hang-up


def step_out(session: Session, event: HangUp, now: Ms) -> tuple[Fact, ...]:
    return (_departed(session, event.role, How.STEPPED_OUT, now, now),)  # P3.8


def hang_up(session: Session, event: HangUp, now: Ms) -> tuple[Fact, ...]:
    ended = Ended(now, EndReason.HUNG_UP, Whom(event.role), now)
    return HungUp(now, event.role, event.cause), ended


def leave_freely(session: Session, event: HangUp, now: Ms) -> tuple[Fact, ...]:
    return (_ended(session, now, stop=False),)  # P3.8: whoever is alone may leave


def note_hang_up(session: Session, event: HangUp, now: Ms) -> tuple[Fact, ...]:
    return (HungUp(now, event.role, event.cause),)  # P3.11: on the ledger, and changes nothing


def leave_for_safety(session: Session, event: LeaveForSafety, now: Ms) -> tuple[Fact, ...]:
    return (Ended(now, EndReason.SAFETY, Whom(event.role), now),)  # P3.13


def remove(session: Session, event: Remove, now: Ms) -> tuple[Fact, ...]:
    return (Ended(now, EndReason.REMOVED, Whom(event.role), now, event.note),)


def end_by_operator(session: Session, event: EndByOperator, now: Ms) -> tuple[Fact, ...]:
    return (Ended(now, EndReason.ENDED_BY_OPERATOR, Whom.OPERATOR, now, event.note),)


def cancel(session: Session, event: Cancel, now: Ms) -> tuple[Fact, ...]:
    return (Ended(now, EndReason.CANCELLED, event.by, now, event.note),)


def note_acceptance(session: Session, event: Accept, now: Ms) -> tuple[Fact, ...]:
    seat = session.seat(event.role)
    if event.accepted:
        return () if seat.accepted else (Accepted(now, event.role, event.version, event.accepted_at),)
    return () if seat.declined else (Declined(now, event.role, event.version),)


def note_media(session: Session, event: MediaUp, now: Ms) -> tuple[Fact, ...]:
    return (MediaFlowed(now),)


def note_measure(session: Session, event: Measure, now: Ms) -> tuple[Fact, ...]:
    return (Measured(now, event.mutual),)


def move(session: Session, event: Move, now: Ms) -> tuple[Fact, ...]:
    return (Moved(now, event.slot, event.by, event.said_at),)


def move_and_clear(session: Session, event: Move, now: Ms) -> tuple[Fact, ...]:
    cleared = tuple(_departed(session, role, How.MOVED, now, now) for role, seat in session.seats if seat.here)
    return *cleared, Moved(now, event.slot, event.by, event.said_at)


def outlive(session: Session, event: Outage, now: Ms) -> tuple[Fact, ...]:
    return ServiceLost(_lost_at(session, event, now)), ServiceBack(now)


def end_in_outage(session: Session, event: Outage, now: Ms) -> tuple[Fact, ...]:
    lost = ServiceLost(_lost_at(session, event, now))
    after = apply(session, lost)
    return lost, _ended(after, max(session.slot.ends_at, lost.at), stop=True)  # P3.1, P3.9


def _lost_at(session: Session, event: Outage, now: Ms) -> Ms:
    return min(max(event.last_alive, session.clock), now)


def _departed(session: Session, role: Role, how: How, alive_at: Ms, now: Ms) -> Departed:
    join = session.seat(role).join or ""
    return Departed(now, role, join, how, alive_at, now + session.slot.reconnect_grace)


def refuse(code: str, detail: str, *, status: int = 409) -> Act:
    """An act that says no. ``code`` and ``detail`` are what the caller is told."""

    def refused(session: Session, event: Event, now: Ms) -> tuple[Fact, ...]:
        raise UserError(code, detail, status=status)

    refused.__name__ = f"refuse {code}"
    return refused


_over = refuse("session_over", "This session is over.")
_not_open = refuse("too_early", "The doors are not open yet; come back shortly before the start.")
_accept_first = refuse("guidelines_needed", "Accept the guidelines before you join.", status=403)
_not_joined = refuse("not_joined", "You are not in this session.")
_not_started = refuse("not_started", "Before the booked start there is nothing to end; you can step out.")
_started = refuse("slot_started", "They have met: the start stays where it is, only the end can move.")
_past = refuse("slot_over", "The new end lies in the past; choose a slot that ends in the future.", status=422)
_too_near = refuse(
    "end_too_near", "A running session can be shortened to a minute from now at the earliest.", status=422
)
_use_end = refuse("session_started", "They have met, so it cannot be cancelled; end it instead.")
_nobody_to_leave = refuse("not_met", "There is nobody to report in this session yet; you can simply leave.")

Rows: TypeAlias = tuple[Row, ...]

_IGNORE: Rows = (Row(always, nothing),)
_OVER: Rows = (Row(always, _over),)
_NOTE_ACCEPT: Rows = (Row(always, note_acceptance),)
_MEDIA: Rows = (Row(already_flowed, nothing), Row(always, note_media))
_MEASURE: Rows = (Row(always, note_measure),)
_REMOVE: Rows = (Row(always, remove, Phase.ENDED),)
_END: Rows = (Row(always, end_by_operator, Phase.ENDED),)
_CANCEL: Rows = (Row(always, cancel, Phase.CANCELLED),)
_MOVE_UNMET: Rows = (
    Row(same_slot, nothing),
    Row(slot_is_over, _past),
    Row(end_too_near, _too_near),
    Row(doors_would_close, move_and_clear, Phase.SCHEDULED),
    Row(always, move),
)
_MOVE_MET: Rows = (
    Row(same_slot, nothing),
    Row(start_would_move, _started),
    Row(slot_is_over, _past),
    Row(end_too_near, _too_near),
    Row(always, move),
)
_OUTAGE_WAITING: Rows = (
    Row(stop_fell_into_it, end_in_outage, Phase.ENDED),
    Row(always, outlive, Phase.SCHEDULED),
)
_OUTAGE_MET: Rows = (
    Row(stop_fell_into_it, end_in_outage, Phase.ENDED),
    Row(always, outlive, Phase.HELD),
)
_LATE_HANG_UP: Rows = (Row(already_noted, nothing), Row(always, note_hang_up))

TRANSITIONS: Mapping[Phase, Mapping[type[Event], Rows]] = {
    Phase.SCHEDULED: {
        Join: (
            Row(too_early, _not_open),
            Row(not_accepted, _accept_first),
            Row(always, take_seat, Phase.WAITING),
        ),
        Depart: _IGNORE,
        HangUp: (Row(always, _not_joined),),
        LeaveForSafety: (Row(always, _nobody_to_leave),),
        Remove: _REMOVE,
        EndByOperator: _END,
        Cancel: _CANCEL,
        Move: _MOVE_UNMET,
        Accept: _NOTE_ACCEPT,
        MediaUp: _IGNORE,
        Measure: _MEASURE,
        Outage: (Row(untouched, nothing), *_OUTAGE_WAITING),
        Tick: _IGNORE,
    },
    Phase.WAITING: {
        Join: (
            Row(not_accepted, _accept_first),
            Row(seat_is_taken, replace_device),
            Row(always, take_seat, Phase.LIVE),
        ),
        Depart: (
            Row(not_this_join, nothing),
            Row(always, depart, Phase.SCHEDULED),
        ),
        HangUp: (
            Row(not_here, _not_joined),
            Row(may_leave, leave_freely, Phase.ENDED),
            Row(always, leave_waiting_room, Phase.SCHEDULED),
        ),
        LeaveForSafety: (Row(always, _nobody_to_leave),),
        Remove: _REMOVE,
        EndByOperator: _END,
        Cancel: _CANCEL,
        Move: _MOVE_UNMET,
        Accept: _NOTE_ACCEPT,
        MediaUp: _IGNORE,
        Measure: _MEASURE,
        Outage: _OUTAGE_WAITING,
        Tick: _IGNORE,
    },
    Phase.LIVE: {
        Join: (
            Row(not_accepted, _accept_first),  # P5.2: who took it back does not join anew
            Row(always, replace_device),
        ),
        Depart: (
            Row(not_this_join, nothing),
            Row(not_met, depart, Phase.WAITING),  # P0.5: nothing before the start counts
            Row(always, depart, Phase.HELD),
        ),
        HangUp: (
            Row(not_met, _not_started),  # P0.5
            Row(always, hang_up, Phase.ENDED),  # P3.3, P3.4
        ),
        LeaveForSafety: (Row(always, leave_for_safety, Phase.ENDED),),
        Remove: _REMOVE,
        EndByOperator: _END,
        Cancel: (
            Row(not_met, cancel, Phase.CANCELLED),
            Row(always, _use_end),
        ),
        Move: (
            Row(same_slot, nothing),
            Row(start_would_move_met, _started),
            Row(slot_is_over, _past),
            Row(end_too_near, _too_near),
            Row(doors_would_close, move_and_clear, Phase.SCHEDULED),
            Row(always, move),
        ),
        Accept: _NOTE_ACCEPT,
        MediaUp: _MEDIA,
        Measure: _MEASURE,
        Outage: (
            Row(stop_fell_into_it, end_in_outage, Phase.ENDED),
            Row(not_met, outlive, Phase.SCHEDULED),
            Row(always, outlive, Phase.HELD),
        ),
        Tick: _IGNORE,
    },
    Phase.HELD: {
        Join: (
            Row(not_accepted, _accept_first),
            Row(seat_is_taken, replace_device),
            Row(other_is_here, take_seat, Phase.LIVE),
            Row(always, take_seat),
        ),
        Depart: (
            Row(not_this_join, nothing),
            Row(always, depart),
        ),
        HangUp: (
            Row(other_is_here, hang_up, Phase.ENDED),  # its own line is down, its word is not: P3.14
            Row(not_here, nothing),  # both are away: who came back decides, not who says so again (P3.8)
            Row(other_past_grace, leave_freely, Phase.ENDED),  # P3.8
            Row(always, step_out),  # P3.8: within the other's grace
        ),
        LeaveForSafety: (Row(always, leave_for_safety, Phase.ENDED),),
        Remove: _REMOVE,
        EndByOperator: _END,
        Cancel: (Row(always, _use_end),),
        Move: _MOVE_MET,
        Accept: _NOTE_ACCEPT,
        MediaUp: _MEDIA,
        Measure: _MEASURE,
        Outage: _OUTAGE_MET,
        Tick: _IGNORE,
    },
    Phase.ENDED: {
        Join: _OVER,
        Depart: _IGNORE,
        HangUp: _LATE_HANG_UP,
        LeaveForSafety: _OVER,
        Remove: _OVER,
        EndByOperator: _OVER,
        Cancel: _OVER,
        Move: (Row(same_slot, nothing), Row(always, _over)),
        Accept: _OVER,
        MediaUp: _IGNORE,
        Measure: _MEASURE,
        Outage: _IGNORE,
        Tick: _IGNORE,
    },
    Phase.CANCELLED: {
        Join: _OVER,
        Depart: _IGNORE,
        HangUp: _OVER,
        LeaveForSafety: _OVER,
        Remove: _OVER,
        EndByOperator: _OVER,
        Cancel: _IGNORE,  # the same cancellation twice
        Move: (Row(same_slot, nothing), Row(always, _over)),
        Accept: _OVER,
        MediaUp: _IGNORE,
        Measure: _IGNORE,
        Outage: _IGNORE,
        Tick: _IGNORE,
    },
}


def _row(session: Session, event: Event, now: Ms) -> Row:
    for row in TRANSITIONS[session.phase][type(event)]:
        if row.when(session, event, now):
            return row
    raise AssertionError(f"no row of the table takes {event} in {session.phase}")
