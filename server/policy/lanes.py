"""One session's whole story for the eye: both parties' lanes, what they have in common, marks in order of time.

Drawn from the facts of the ledger alone, up to a moment, and nothing is judged: what a span means for anybody is the
settlement's. Presence is shown as it was, gap by gap, also where the rules bridge it (P0.7).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from server.policy import facts as f
from server.policy.attendance import Story, Track, read
from server.policy.facts import AnyFact
from server.policy.spans import Interval, Spans, clip, common, minus, union
from server.policy.terms import Terms
from server.policy.verdict import Gap
from signaling import session as s
from signaling.session import Departed, How, Ms, Role, Slot

SpanKind = Literal["waiting", "connected", "gap"]
Detail: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of a lane. ``open``: it goes on. ``gap`` alone has the rest: how it came, and what became of it."""

    kind: SpanKind
    start: Ms
    end: Ms
    open: bool = False
    how: How | None = None
    noticed_at: Ms | None = None
    grace_until: Ms | None = None
    bridged: bool | None = None
    returned: bool | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one instant. Times in ``detail`` are milliseconds, their names end in ``_at``."""

    at: Ms
    kind: str
    role: Role | None
    detail: Detail


@dataclass(frozen=True, slots=True)
class Shift:
    """The slot moved (P0.1)."""

    at: Ms
    by: s.Whom | None
    before: Slot
    after: Slot


@dataclass(frozen=True, slots=True)
class Lanes:
    slot: Slot
    booked_at: Ms
    until: Ms
    client: tuple[Span, ...]
    expert: tuple[Span, ...]
    both: Spans
    away: Spans
    marks: tuple[Mark, ...]
    shifts: tuple[Shift, ...]


def lanes(facts: Sequence[AnyFact], terms: Terms, now: Ms) -> Lanes:
    """As of ``now``, or of the end. ``ValueError`` for a ledger without a booking."""
    end = next((fact for fact in facts if isinstance(fact, s.Ended)), None)
    until = now if end is None else end.at
    story = read(facts, terms, until)
    there = {role: _there(story.track(role)) for role in Role}
    goes_on = end is None
    return Lanes(
        slot=story.slot,
        booked_at=next(fact.at for fact in facts if isinstance(fact, s.Booked)),
        until=until,
        client=_lane(facts, story, Role.CLIENT, there, goes_on=goes_on),
        expert=_lane(facts, story, Role.EXPERT, there, goes_on=goes_on),
        both=common(there[Role.CLIENT], there[Role.EXPERT]),
        away=story.away,
        marks=tuple(_marks(facts)),
        shifts=tuple(_shifts(facts)),
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """A track that was off, or a screen that was shared, as the page itself said every few seconds."""

    track: Literal["microphone", "camera", "screen"]
    start: Ms
    end: Ms
    on: bool


_SILENT: Ms = 20_000
"""A page that says nothing for this long is not there: what it said before goes no further."""


def sent(said: Sequence[tuple[Ms, str | None]]) -> tuple[Sent, ...]:
    """Of one side: (when, the first letters of what was on), in order of time. What is as usual is not worth a span."""
    found: list[Sent] = []
    tracks: tuple[tuple[Literal["microphone", "camera", "screen"], bool], ...] = (
        ("microphone", False),
        ("camera", False),
        ("screen", True),
    )
    known = [(at, on) for at, on in said if on is not None]
    for track, unusual in tracks:
        start: Ms | None = None
        last: Ms = 0
        for at, on in known:
            if start is not None and (at - last > _SILENT or (track[0] in on) != unusual):
                found.append(Sent(track, start, at if at - last <= _SILENT else last, unusual))
                start = None
            if start is None and (track[0] in on) == unusual:
                start = at
            last = at
        if start is not None:
            found.append(Sent(track, start, last, unusual))
    return tuple(sorted(found, key=lambda each: (each.start, each.track)))


def _there(track: Track) -> Spans:
    """When a seat was taken, gaps left open."""
    return minus(track.stays, [Interval(gap.start, gap.end) for gap in track.gaps])


def _lane(
    facts: Sequence[AnyFact], story: Story, role: Role, there: dict[Role, Spans], *, goes_on: bool
) -> tuple[Span, ...]:
    mine, other = there[role], there[role.other]
    since_met = (Interval(story.met_at, story.until),) if story.met_at is not None else ()
    together = union([*clip(common(mine, other), 0, story.until), *common(mine, since_met)])
    found = [Span("connected", span.start, span.end) for span in together]
    found += [Span("waiting", span.start, span.end) for span in minus(mine, together)]
    found += [_gap(facts, role, gap) for gap in story.track(role).gaps]
    found.sort(key=lambda span: (span.start, span.end))
    if goes_on and found and found[-1].end == story.until:
        last = found[-1]
        found[-1] = Span(
            last.kind,
            last.start,
            last.end,
            True,
            last.how,
            last.noticed_at,
            last.grace_until,
            last.bridged,
            last.returned,
        )
    return tuple(found)


def _gap(facts: Sequence[AnyFact], role: Role, gap: Gap) -> Span:
    noticed = next(
        (
            fact
            for fact in facts
            if isinstance(fact, Departed) and fact.role is role and gap.start <= fact.at and fact.alive_at <= gap.end
        ),
        None,
    )
    return Span(
        "gap",
        gap.start,
        gap.end,
        how=gap.how,
        noticed_at=noticed.at if noticed else None,
        grace_until=noticed.grace_until if noticed else None,
        bridged=gap.returned and not gap.lapsed,
        returned=gap.returned,
    )


def _shifts(facts: Sequence[AnyFact]) -> Iterator[Shift]:
    slot: Slot | None = None
    for fact in facts:
        if isinstance(fact, s.Booked):
            slot = fact.slot
        elif isinstance(fact, s.Moved):
            if slot is not None:
                yield Shift(fact.at, fact.by, slot, fact.slot)
            slot = fact.slot


def _marks(facts: Sequence[AnyFact]) -> Iterator[Mark]:
    for fact in facts:
        if isinstance(fact, s.Measured | f.Priced | f.FeeFactored):
            continue  # figures, and nothing that happened
        kind = "left" if isinstance(fact, Departed) else fact.kind
        yield Mark(fact.at, kind, getattr(fact, "role", None), _detail(fact))


def _detail(fact: AnyFact) -> Detail:
    """What is worth saying of it in a word: no digest, and nothing that anybody wrote."""
    match fact:
        case f.Checked():
            return dict(fact.steps)
        case f.RunningLate():
            return {"minutes": fact.minutes}
        case s.Accepted() | s.Declined():
            return {"version": fact.version}
        case Departed():
            return {"how": fact.how.value, "alive_at": fact.alive_at, "grace_until_at": fact.grace_until}
        case s.Warned():
            return {"remaining_seconds": fact.remaining / 1000}
        case s.HungUp() | f.CauseClaimed():
            return {"cause": fact.cause}
        case s.Moved():
            by = fact.by.value if fact.by else None
            return {"starts_at": fact.slot.starts_at, "ends_at": fact.slot.ends_at, "by": by}
        case f.Corrected():
            return {"what": list(fact.what)}
        case s.Ended():
            return {"reason": fact.reason.value, "by": fact.by.value if fact.by else None, "as_of_at": fact.as_of}
        case f.RefundRequested():
            return {"amount": fact.amount, "by": fact.by}
        case f.RefundDecided():
            return {"decision": fact.decision, "amount": fact.amount}
        case f.ConsentAsked() | f.ConsentGiven() | f.ConsentRefused() | f.ConsentWithdrawn():
            return {"request": fact.request}
        case f.Revised():
            return {"by": fact.by, "refund_max": fact.refund_max}
        case _:
            return {}
