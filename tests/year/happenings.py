"""What people, booking systems, operators and the service itself do in the scripted year: one small value each.

Everything is in whole seconds since the year began. A happening is a wish: whether it is accepted is the answer of the
service, or of the model, and the two answers are compared. Nothing here knows a rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

CLIENT, EXPERT = "client", "expert"
ROLES = (CLIENT, EXPERT)
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def other(role: str) -> str:
    return EXPERT if role == CLIENT else CLIENT


@dataclass(frozen=True, slots=True)
class Book:
    """``silent``: media will never flow both ways in this call."""

    at: int
    session: str
    client: str
    expert: str
    starts_at: int
    ends_at: int
    fee: int  # 0: none
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    at: int
    session: str
    starts_at: int
    ends_at: int
    by: str


@dataclass(frozen=True, slots=True)
class Cancel:
    at: int
    session: str
    by: str  # client, expert, platform, operator, both


@dataclass(frozen=True, slots=True)
class Come:
    at: int
    session: str
    role: str
    device: str


@dataclass(frozen=True, slots=True)
class Go:
    """That ``role`` is gone is noticed ``at``; it was there until ``alive``."""

    at: int
    session: str
    role: str
    device: str
    how: str  # connection, page, stepped_out
    alive: int


@dataclass(frozen=True, slots=True)
class HangUp:
    at: int
    session: str
    role: str
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Safety:
    """Leave and report (P3.13); ``complaint`` is the id of the complaint that is opened with it."""

    at: int
    session: str
    role: str
    category: str
    complaint: str


@dataclass(frozen=True, slots=True)
class Remove:
    at: int
    session: str
    role: str


@dataclass(frozen=True, slots=True)
class OperatorEnds:
    at: int
    session: str


@dataclass(frozen=True, slots=True)
class Outage:
    """The service was away from ``since`` to ``at``; nothing else happens in between."""

    at: int
    since: int


@dataclass(frozen=True, slots=True)
class Consent:
    """``role`` asks for written consent to record, and the other gives it (P5.3), or does not."""

    at: int
    session: str
    role: str
    given: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """``role`` rates the other."""

    at: int
    session: str
    role: str
    stars: int


@dataclass(frozen=True, slots=True)
class Void:
    """An operator voids what ``role`` has given."""

    at: int
    session: str
    role: str


@dataclass(frozen=True, slots=True)
class Complain:
    """``role`` complains about the other."""

    at: int
    session: str
    role: str
    category: str
    complaint: str


@dataclass(frozen=True, slots=True)
class Decide:
    """An operator on a complaint: ``verdict`` is upheld, dismissed, or the category that it belongs in."""

    at: int
    complaint: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Impose:
    """An operator sanctions; ``seconds`` None: for ever."""

    at: int
    person: str
    roles: tuple[str, ...]
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Lift:
    """An operator lifts the newest sanction of this person that stands."""

    at: int
    person: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """An operator confirms the newest hold of this person that stands (P2.3, ``confirm_sanctions``)."""

    at: int
    person: str


@dataclass(frozen=True, slots=True)
class Appeal:
    """Against the newest sanction that stands."""

    at: int
    person: str


@dataclass(frozen=True, slots=True)
class DecideAppeal:
    """Of the newest appeal that waits."""

    at: int
    person: str
    granted: bool


@dataclass(frozen=True, slots=True)
class Excuse:
    """The mark that the last slot of this session left on its expert (P1.8)."""

    at: int
    session: str


@dataclass(frozen=True, slots=True)
class Contest:
    at: int
    session: str


@dataclass(frozen=True, slots=True)
class AskRefund:
    at: int
    session: str
    amount: int | None


@dataclass(frozen=True, slots=True)
class DecideRefund:
    at: int
    session: str
    approved: bool
    amount: int | None


@dataclass(frozen=True, slots=True)
class PayRefund:
    at: int
    session: str


@dataclass(frozen=True, slots=True)
class Claim:
    at: int
    session: str


@dataclass(frozen=True, slots=True)
class Dispute:
    at: int
    session: str


Happening: TypeAlias = (
    Book
    | Move
    | Cancel
    | Come
    | Go
    | HangUp
    | Safety
    | Remove
    | OperatorEnds
    | Outage
    | Consent
    | Rate
    | Void
    | Complain
    | Decide
    | Impose
    | Lift
    | Confirm
    | Appeal
    | DecideAppeal
    | Excuse
    | Contest
    | AskRefund
    | DecideRefund
    | PayRefund
    | Claim
    | Dispute
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it was accepted; of a booking, also the expert's factor that was frozen into it."""

    accepted: bool
    bps: int | None = None


NO, YES = Answer(False), Answer(True)
