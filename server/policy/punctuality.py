"""How punctual an expert is: the weighted mean of its last slots that count, in bps (P1.5), and the badge (P1.7).

A ``Mark`` is what one slot of one session says of one party; ``marks_of`` makes the marks of one session's ledger.
``punctuality`` walks the marks of one person from the newest back and says which it counted, with what score and
weight, and which it passed over, and why: nothing is decided about anybody that could not be shown to them. A slot
that was revised has a newer mark, and the newest known at the moment in question is the one that is walked past. What
follows for the fee is in ``fees``; this module knows no money and no complaints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.policy.facts import AnyFact, RefundDecided, Revised, Settled
from server.policy.settlement import standing
from server.policy.terms import Terms
from server.policy.verdict import Attendance, AttendanceKind, EarlierSlot
from signaling.session import EndReason, Exchanged, Ms, Role

FULL = 10_000


@dataclass(frozen=True, slots=True)
class Mark:
    """What one slot says of one party. ``no_show``: either of the two did not show up in it. ``at``: since when known.

    ``kind`` None: nothing can be said (P1.4). ``other``: the other party's pseudonym. ``lateness``: its own part of it.
    """

    session: str
    starts_at: Ms
    ends_at: Ms
    role: Role
    kind: AttendanceKind | None
    lateness: Ms | None
    met: bool
    no_show: bool
    other: str
    at: Ms


class Why(StrEnum):
    """Why a slot was passed over."""

    EXCUSED = "excused"  # P1.8
    NOTHING_SAID = "nothing_said"  # P1.4
    NOT_HELD = "not_held"  # the two did not meet, and neither was a no-show
    SAME_CLIENT = "same_client"  # there are newer slots enough with that client


@dataclass(frozen=True, slots=True)
class Scored:
    mark: Mark
    score_bps: int
    weight: int


@dataclass(frozen=True, slots=True)
class Punctuality:
    """``bps``: None without any slot that counts. Both lists newest first."""

    bps: int | None
    counted: tuple[Scored, ...]
    passed_over: tuple[tuple[Mark, Why], ...]


def punctuality(marks: Iterable[Mark], excused: Collection[tuple[str, Ms]], terms: Terms, moment: Ms) -> Punctuality:
    """Of one person as expert, as known at ``moment`` (P1.5). Marks in the other role and later ones are ignored."""
    counted: list[Scored] = []
    passed: list[tuple[Mark, Why]] = []
    clients: Counter[str] = Counter()
    for mark in _walk(marks, moment):
        if len(counted) == terms.window:
            break
        if (mark.session, mark.starts_at) in excused:
            passed.append((mark, Why.EXCUSED))
        elif mark.kind is None:
            passed.append((mark, Why.NOTHING_SAID))
        elif not (mark.met or mark.no_show):
            passed.append((mark, Why.NOT_HELD))
        elif clients[mark.other] == terms.window_per_client:
            passed.append((mark, Why.SAME_CLIENT))
        else:
            clients[mark.other] += 1
            counted.append(_scored(mark, mark.kind, terms))
    weight = sum(slot.weight for slot in counted)
    bps = sum(slot.score_bps * slot.weight for slot in counted) // weight if weight else None
    return Punctuality(bps, tuple(counted), tuple(passed))


@dataclass(frozen=True, slots=True)
class Point:
    """One slot, and what punctuality was when it was the newest. ``score_bps`` None: it did not count."""

    mark: Mark
    excused: bool
    score_bps: int | None
    bps: int | None


def series(
    marks: Iterable[Mark], excused: Collection[tuple[str, Ms]], terms: Terms, moment: Ms, most: int
) -> tuple[Point, ...]:
    """The last ``most`` slots as expert, oldest first, each with punctuality as of its end: for a plot.

    By what is known now: a mark that was revised or excused since is walked past in its newest form everywhere.
    """
    walked = _walk(marks, moment)
    points: list[Point] = []
    for number, mark in enumerate(walked[:most]):
        found = punctuality(walked[number:], excused, terms, moment)
        score = next((slot.score_bps for slot in found.counted if slot.mark is mark), None)
        points.append(Point(mark, (mark.session, mark.starts_at) in excused, score, found.bps))
    return tuple(reversed(points))


def badge(found: Punctuality, terms: Terms) -> bool:
    """Whether the expert carries the badge (P1.7)."""
    return found.bps is not None and len(found.counted) >= terms.fee_min_slots and found.bps >= terms.badge_at


def marks_of(session: str, facts: Sequence[AnyFact], terms: Terms, client: str, expert: str) -> tuple[Mark, ...]:
    """The marks of one session's ledger, in the order in which they came to be known; none is ever taken back.

    A slot that was left behind after its start is known from the move on (P0.1), the last one once it is settled, and
    anew with each revision of it (P3.15). After ``safety`` nothing is said of the last slot until somebody has decided
    (P3.13). ``client`` and ``expert`` are the pseudonyms of the two; ``terms`` those the session was booked under.
    """
    settled = next((fact for fact in facts if isinstance(fact, Settled)), None)
    past = settled.settlement.earlier if settled else standing(facts, terms, facts[-1].at).earlier if facts else ()
    found = [mark for slot in past for mark in _earlier(session, slot, facts, client, expert)]
    if settled is None:
        return tuple(found)
    verdict = settled.settlement
    of_client, of_expert = verdict.client.attendance, verdict.expert.attendance
    quiet = verdict.reason is EndReason.SAFETY  # P3.13
    last: dict[Ms, tuple[Mark, Mark]] = {}
    for fact in facts[facts.index(settled) :]:
        match fact:
            case Settled():
                pass
            case Revised():
                of_client, of_expert, quiet = fact.client or of_client, fact.expert or of_expert, False
            case RefundDecided() if quiet:
                quiet = False
            case _:
                continue
        if not quiet:
            attended, met = (of_client, of_expert), verdict.met_at is not None
            last[fact.at] = _pair(session, verdict.starts_at, verdict.ends_at, attended, met, (client, expert), fact.at)
    return (*found, *(mark for pair in last.values() for mark in pair))


# --- helpers ----------------------------------------------------------------------------------------------------------


def _walk(marks: Iterable[Mark], moment: Ms) -> list[Mark]:
    """One mark for each slot as expert, the newest known, from the newest slot back."""
    known: dict[tuple[str, Ms], Mark] = {}
    for mark in marks:
        if mark.role is Role.EXPERT and mark.at <= moment and mark.ends_at <= moment:
            slot = mark.session, mark.starts_at
            if slot not in known or _age(mark) > _age(known[slot]):
                known[slot] = mark
    return sorted(known.values(), key=lambda mark: (mark.ends_at, mark.session, mark.starts_at), reverse=True)


def _age(mark: Mark) -> tuple[Ms, str]:
    """Of two that are known since the same instant one must win on every machine; which, is all the same."""
    return mark.at, repr(mark)


def _scored(mark: Mark, kind: AttendanceKind, terms: Terms) -> Scored:
    if kind is AttendanceKind.NO_SHOW:
        return Scored(mark, 0, terms.no_show_weight)
    if kind is AttendanceKind.ON_TIME:
        return Scored(mark, FULL, 1)
    left = terms.late_zero - (mark.lateness or 0)
    return Scored(mark, min(FULL, max(0, left * FULL // (terms.late_zero - terms.late_grace))), 1)


def _earlier(session: str, slot: EarlierSlot, facts: Sequence[AnyFact], client: str, expert: str) -> tuple[Mark, ...]:
    """The marks of a slot that was moved away from, on those alone who were booked for it."""
    since = {fact.role for fact in facts if isinstance(fact, Exchanged) and fact.at >= slot.moved_at}
    who = tuple(
        f"{session}:{role}:{slot.starts_at}" if role in since else person
        for role, person in ((Role.CLIENT, client), (Role.EXPERT, expert))
    )
    attended = slot.client, slot.expert
    pair = _pair(session, slot.starts_at, slot.ends_at, attended, False, (who[0], who[1]), slot.moved_at)
    return tuple(mark for mark in pair if mark.role not in since)


def _pair(
    session: str,
    starts_at: Ms,
    ends_at: Ms,
    attended: tuple[Attendance, Attendance],
    met: bool,
    who: tuple[str, str],
    at: Ms,
) -> tuple[Mark, Mark]:
    """The two marks of one slot, the client's first."""
    no_show = AttendanceKind.NO_SHOW in (attended[0].kind, attended[1].kind)
    client, expert = (
        Mark(session, starts_at, ends_at, role, said.kind, said.lateness, met, no_show, other, at)
        for role, said, other in ((Role.CLIENT, attended[0], who[1]), (Role.EXPERT, attended[1], who[0]))
    )
    return client, expert
