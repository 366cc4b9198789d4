"""What waits for an operator, and by when: read from what is on record, so that nothing waits unseen.

A case is one matter with its subject: a refund to decide, a complaint, an appeal, a hold to confirm, a session that is
flagged, a mark that its expert contests. Whether it is open follows from the ledgers; who has taken it, and how far it
is put off, does not, and is kept beside them. Flags and contests are looked at and closed by hand; the others close by
their decision. Pure: no clock, no store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.policy.facts import AnyFact, Settled
from server.policy.people import ComplaintStatus, Dossier, Measure
from server.policy.refund import refund_state
from server.policy.terms import Terms
from server.policy.verdict import RefundStatus
from signaling.session import EndReason, Ms, Whom

_DAY: Final[Ms] = 24 * 60 * 60_000


class CaseKind(StrEnum):
    REFUND = "refund"
    COMPLAINT = "complaint"
    APPEAL = "appeal"
    HOLD = "hold"
    FLAG = "flag"
    CONTEST = "contest"


WITHIN: Final[Mapping[CaseKind, Ms]] = {
    CaseKind.REFUND: 3 * _DAY,
    CaseKind.COMPLAINT: 3 * _DAY,
    CaseKind.HOLD: 1 * _DAY,  # somebody's bookings stand still
    CaseKind.APPEAL: 7 * _DAY,
    CaseKind.CONTEST: 7 * _DAY,
    CaseKind.FLAG: 7 * _DAY,
}
"""How soon each should be looked at, from when it opened. An operator may set another time."""

OFTEN: Final = 3
OFTEN_LOST: Final = "often_lost"
"""P3.6: of an expert's last sessions, so many ended with the expert gone."""

BY_HAND: Final = frozenset({CaseKind.FLAG, CaseKind.CONTEST})
_WAITING: Final = frozenset({RefundStatus.REQUESTED, RefundStatus.REVIEW, RefundStatus.DISPUTED})


@dataclass(frozen=True, slots=True)
class Matter:
    """One case as the record has it now. ``status``: of the refund, a category, flags, or a measure."""

    kind: CaseKind
    subject: str
    session: str | None
    person: str | None
    status: str | None
    open: bool


def of_session(
    session: str, expert: str, facts: Sequence[AnyFact], new: Sequence[AnyFact], terms: Terms
) -> Iterator[Matter]:
    """What the ``new`` facts of a session that is over make of its matters. ``expert``: a pseudonym."""
    status = refund_state(facts, terms).status
    yield Matter(CaseKind.REFUND, session, session, expert or None, status.value, status in _WAITING)
    for fact in new:
        if isinstance(fact, Settled) and fact.settlement.flags:
            yield Matter(CaseKind.FLAG, session, session, expert or None, " ".join(fact.settlement.flags), open=True)


def of_endings(session: str, expert: str, new: Sequence[AnyFact], lost: int) -> Iterator[Matter]:
    """``lost``: how many of the expert's last sessions ended with the expert gone, this one among them."""
    ended_so = any(isinstance(fact, Settled) and is_lost(fact.settlement.reason, fact.settlement.by) for fact in new)
    if ended_so and lost >= OFTEN:
        yield Matter(CaseKind.FLAG, expert, session, expert, OFTEN_LOST, open=True)


def is_lost(reason: EndReason, by: Whom | None) -> bool:
    """Whether the expert was gone when it ended (P3.6)."""
    return reason in (EndReason.LOST, EndReason.LEFT_PAGE) and by is Whom.EXPERT


def of_person(pseudonym: str, before: Dossier, after: Dossier) -> Iterator[Matter]:
    """What is another with a person's matters now."""
    for id_, complaint in after.complaints.items():
        if before.complaints.get(id_) != complaint:
            open_ = complaint.status is ComplaintStatus.FILED
            session, category = complaint.filed.session, complaint.category.value
            yield Matter(CaseKind.COMPLAINT, id_, session, pseudonym, category, open_)
    for id_, sanction in after.sanctions.items():
        if before.sanctions.get(id_) == sanction:
            continue
        if sanction.appealed is not None:
            open_ = sanction.decided is None
            yield Matter(CaseKind.APPEAL, id_, None, pseudonym, sanction.imposed.measure.value, open_)
        if sanction.imposed.measure is Measure.HOLD and sanction.imposed.by is None:  # P2.3: brought by the rules
            yield Matter(CaseKind.HOLD, id_, None, pseudonym, sanction.imposed.basis.value, sanction.lifted is None)
    for slot, contest in after.contested.items():
        was = slot in before.contested and slot not in before.excused
        now = slot not in after.excused
        if was != now:
            yield Matter(CaseKind.CONTEST, contest.session, contest.session, pseudonym, None, now)
