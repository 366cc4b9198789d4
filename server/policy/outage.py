"""What an outage that no ledger knows of means for a session that is settled (P3.9), when an operator declares it.

The server writes its own outages down; what its signs of life could not show (a network that carried nothing, a relay
that forwarded nothing) a person has to say. Then nobody is blamed for the time in it: lateness leaves it out, a party
that could not come was no no-show, and what was not delivered in it, or because of it, is given back. It becomes an
operator's revision (P3.15), computed here from the ledger alone, and never takes from a client what it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.policy.attendance import read
from server.policy.facts import AnyFact
from server.policy.refund import MOVES, refund_state
from server.policy.settlement import absences
from server.policy.spans import Interval, Spans, clip, common, minus, total, union
from server.policy.terms import Terms
from server.policy.verdict import Attendance, AttendanceKind, RefundStatus, Settlement
from signaling.session import Ended, EndReason, Ms, Role

_BROKEN_OFF = (
    EndReason.LOST,
    EndReason.LEFT_PAGE,
    EndReason.NO_SHOW,
    EndReason.NEVER_MET,
    EndReason.INTERRUPTED,
    EndReason.COMPLETED,
)
"""Ends that an outage may have brought about. Somebody's own act is none of them."""

_ASKED = (RefundStatus.REQUESTED, RefundStatus.DISPUTED, RefundStatus.APPROVED, RefundStatus.SETTLED)


@dataclass(frozen=True, slots=True)
class Consequence:
    """What is to stand instead; None: as it does. ``lost``: what the outage took, beyond what is counted already.

    ``most``: what may be asked back then. ``refund_stands``: it would be more, but a decision was made or is awaited.
    """

    client: Attendance | None
    expert: Attendance | None
    lost: Ms
    most: int | None
    refund_stands: bool

    @property
    def anything(self) -> bool:
        return self.client is not None or self.expert is not None or self.most is not None


def consequence(facts: Sequence[AnyFact], verdict: Settlement, terms: Terms, start: Ms, end: Ms) -> Consequence:
    """Of an outage in ``[start, end)``, for a session whose ``verdict`` stands now."""
    ended = next(fact for fact in facts if isinstance(fact, Ended))
    story = read(facts, terms, ended.at)
    window = Interval(verdict.starts_at, verdict.ends_at)
    away = clip((Interval(start, end),), window.start, window.end)
    if not away or verdict.reason is EndReason.CANCELLED or ended.as_of < start:
        return Consequence(None, None, 0, None, refund_stands=False)
    lost = _lost(facts, verdict, terms, away, ended, common(story.client.stays, story.expert.stays))
    most, stands = _most(facts, verdict, terms, lost)
    return Consequence(
        _attended(verdict, Role.CLIENT, terms, away),
        _attended(verdict, Role.EXPERT, terms, away),
        lost,
        most,
        stands,
    )


def _lost(facts: Sequence[AnyFact], verdict: Settlement, terms: Terms, away: Spans, ended: Ended, both: Spans) -> Ms:
    """Time in the window in which the two were not together because of it, and that no other rule counts."""
    taken = away
    over = away[-1].end + terms.reconnect_grace
    if verdict.reason in _BROKEN_OFF and away[0].start <= ended.as_of < over and ended.as_of < verdict.ends_at:
        taken = union([*away, Interval(ended.as_of, verdict.ends_at)])  # P3.9: the rest went with it
    counted = [span for span, _ in absences(facts, terms)]
    return total(minus(minus(taken, both), counted))


def _most(facts: Sequence[AnyFact], verdict: Settlement, terms: Terms, lost: Ms) -> tuple[int | None, bool]:
    """P3.18 with what the outage took; never less than there is."""
    state, refund = refund_state(facts, terms), verdict.refund
    if not lost or not refund.fee:
        return None, False
    absence = lost + sum(span.length for span, _ in absences(facts, terms))
    most = min(refund.fee, -(-refund.fee * absence // (verdict.ends_at - verdict.starts_at)))
    given = state.max_amount if state.status is not RefundStatus.NONE else 0
    if most <= given:
        return None, False
    if state.status in _ASKED or "open" not in MOVES[state.status]:
        return None, True
    return most, False


def _attended(verdict: Settlement, role: Role, terms: Terms, away: Spans) -> Attendance | None:
    """What this party's attendance is without the outage; None: the same."""
    was = verdict.party(role).attendance
    if was.kind is AttendanceKind.LATE and was.arrived_at is not None and was.lateness is not None:
        excused = total(clip(away, verdict.starts_at, was.arrived_at))
        late = max(0, was.lateness - excused)
        if not excused:
            return None
        kind = AttendanceKind.ON_TIME if late <= terms.late_grace else AttendanceKind.LATE
        return Attendance(kind, was.arrived_at, late)
    if was.kind is AttendanceKind.NO_SHOW:
        needed = terms.no_show_after(verdict.ends_at - verdict.starts_at)
        if clip(away, verdict.starts_at, verdict.starts_at + needed):
            return Attendance()  # P1.4: nothing can be said
    return None
