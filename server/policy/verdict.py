"""What a verdict is made of: attendance, gaps, parties, refunds, settlements. Values only, nothing is decided here.

They are a module of their own because a settlement is itself a fact of the ledger (``facts.Settled``), and what makes
settlements reads facts. All are integers, strings, enums and tuples of these, so that a record is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from signaling.session import EndReason, How, Ms, Role, Whom


class AttendanceKind(StrEnum):
    """P1.4. Where nothing can be said of a party there is no kind at all."""

    ON_TIME = "on_time"
    LATE = "late"
    NO_SHOW = "no_show"


class RefundStatus(StrEnum):
    """P3.12."""

    NONE = "none"
    ELIGIBLE = "eligible"
    REQUESTED = "requested"
    REVIEW = "review"
    APPROVED = "approved"
    DECLINED = "declined"
    DISPUTED = "disputed"
    SETTLED = "settled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Attendance:
    """Whether and when one party came to one slot (P1.1, P1.2, P1.4). ``lateness``: its own part of it."""

    kind: AttendanceKind | None = None
    arrived_at: Ms | None = None
    lateness: Ms | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """One party was away from ``start`` (the last proof of life) to ``end`` (its return, or the end).

    ``lapsed``: the grace was over before it came back, so the gap is not bridged (P0.7, P3.5).
    """

    start: Ms
    end: Ms
    how: How
    lapsed: bool
    returned: bool


@dataclass(frozen=True, slots=True)
class Party:
    """One party's record of a session: ``present`` and ``gaps`` inside the booked window, up to the end."""

    attendance: Attendance
    present: Ms
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class EarlierSlot:
    """A slot that was moved away from after its start: its attendance is settled as of the move, and stands (P0.1)."""

    starts_at: Ms
    ends_at: Ms
    moved_at: Ms
    moved_by: Whom | None
    client: Attendance
    expert: Attendance


@dataclass(frozen=True, slots=True)
class Part:
    """So much of the window was not delivered, by this rule (P3.18)."""

    span: Ms
    rule: str


@dataclass(frozen=True, slots=True)
class Refund:
    """What may be asked back. Without a fee the amounts are 0 and the currency is None; the parts are still said."""

    status: RefundStatus
    basis: str
    max_amount: int
    currency: str | None
    fee: int
    parts: tuple[Part, ...]
    until: Ms | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an ended session means (P3.15).

    ``reason``, ``by``, ``as_of``: the machine's end, never decided anew. ``ended_at``: when it was decided.
    ``unlapsed``: what was left when somebody hung up. ``hung_up_by``: nobody, if media never flowed (P3.17).
    ``first_out``: who of two that had met was out first, as evidence. ``cause``: the client's own, or ``no_media``.
    ``mutual``: None if it was not measured. ``terms``: their hash. ``rules``: all that had a say.
    """

    reason: EndReason
    by: Whom | None
    as_of: Ms
    ended_at: Ms
    starts_at: Ms
    ends_at: Ms
    met_at: Ms | None
    terms: str
    client: Party
    expert: Party
    mutual: Ms | None
    unlapsed: Ms | None
    hung_up_by: Role | None
    first_out: Role | None
    cause: str | None
    flags: tuple[str, ...]
    earlier: tuple[EarlierSlot, ...]
    refund: Refund
    rules: tuple[str, ...]

    def party(self, role: Role) -> Party:
        return self.client if role is Role.CLIENT else self.expert
