"""Every fact that a session's ledger can hold, and its one spelling.

The machine's own facts (``signaling.session``) say what happened in the call; the ones here are what is on the same
ledger and does not move the machine: who looked in, what was settled, what became of a refund. ``encode`` and
``decode`` are the only way onto and off the ledger; they are exact and strict, and know no meaning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import ConfigDict, Field, TypeAdapter

from server.policy.money import Money
from server.policy.verdict import Attendance, Settlement
from signaling.ledger import canonical
from signaling.session import Fact, Ms, Role


@dataclass(frozen=True, slots=True)
class Opened:
    """A party opened its page: not a join, but evidence (P1.1)."""

    at: Ms
    role: Role
    kind: Literal["opened"] = "opened"


@dataclass(frozen=True, slots=True)
class Checked:
    """A party's device check: ``(step, result)`` in order (P1.1)."""

    at: Ms
    role: Role
    steps: tuple[tuple[str, str], ...]
    kind: Literal["checked"] = "checked"


@dataclass(frozen=True, slots=True)
class RunningLate:
    """A party said that it would be so many minutes late. Courtesy, and changes no verdict."""

    at: Ms
    role: Role
    minutes: int
    kind: Literal["running_late"] = "running_late"


@dataclass(frozen=True, slots=True)
class Priced:
    """What the client paid, as the booking system says: verdicts are computed from the ledger alone (P0.4)."""

    at: Ms
    fee: Money | None
    kind: Literal["priced"] = "priced"


@dataclass(frozen=True, slots=True)
class Corrected:
    """Something beside the slot and the fee was corrected; ``what`` names it, never its content (P0.4: no persons)."""

    at: Ms
    what: tuple[str, ...]
    kind: Literal["corrected"] = "corrected"


@dataclass(frozen=True, slots=True)
class FeeFactored:
    """The expert's fee factor for this session, in bps, frozen at booking (P1.6); ``head``: its person ledger then."""

    at: Ms
    bps: int
    rules: tuple[str, ...]
    terms: str
    head: str
    kind: Literal["fee_factored"] = "fee_factored"


@dataclass(frozen=True, slots=True)
class ConsentAsked:
    """``role`` asks to record with a device of its own; ``text`` names the digest of scope and purpose (P5.3)."""

    at: Ms
    role: Role
    request: str
    text: str
    kind: Literal["consent_asked"] = "consent_asked"


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """``role``, the one who was asked, gave it in writing; ``text`` is the digest of the name it typed (P5.3)."""

    at: Ms
    role: Role
    request: str
    text: str
    kind: Literal["consent_given"] = "consent_given"


@dataclass(frozen=True, slots=True)
class ConsentRefused:
    at: Ms
    role: Role
    request: str
    kind: Literal["consent_refused"] = "consent_refused"


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """By the one who gave it, or by the one who had asked and needs it no more (P5.3)."""

    at: Ms
    role: Role
    request: str
    kind: Literal["consent_withdrawn"] = "consent_withdrawn"


@dataclass(frozen=True, slots=True)
class CauseClaimed:
    """After the session the client says that it could not be held (P3.17); ``text`` is a digest, if it wrote more."""

    at: Ms
    cause: str
    text: str | None
    kind: Literal["cause_claimed"] = "cause_claimed"


@dataclass(frozen=True, slots=True)
class Settled:
    """The settlement, written once; ``head`` is the hash of the ledger that it was made from (P3.15)."""

    at: Ms
    settlement: Settlement
    head: str
    kind: Literal["settled"] = "settled"


@dataclass(frozen=True, slots=True)
class RefundRequested:
    at: Ms
    amount: int
    by: Literal["client", "platform"]
    kind: Literal["refund_requested"] = "refund_requested"


@dataclass(frozen=True, slots=True)
class RefundDecided:
    """Of a request: yes, with how much, or no, with why. Of a review: whether anything may be asked back (P3.12)."""

    at: Ms
    decision: Literal["approved", "declined"]
    amount: int | None
    note: str | None
    kind: Literal["refund_decided"] = "refund_decided"


@dataclass(frozen=True, slots=True)
class RefundPaid:
    at: Ms
    reference: str
    kind: Literal["refund_paid"] = "refund_paid"


@dataclass(frozen=True, slots=True)
class RefundExpired:
    at: Ms
    kind: Literal["refund_expired"] = "refund_expired"


@dataclass(frozen=True, slots=True)
class RefundDisputed:
    """The client does not accept a decline: once, to be decided again (P3.12)."""

    at: Ms
    text: str | None
    kind: Literal["refund_disputed"] = "refund_disputed"


@dataclass(frozen=True, slots=True)
class Revised:
    """An operator's revision of the settlement (P3.15): what it says stands instead; None: as settled.

    ``client`` and ``expert`` replace an attendance, ``refund_max`` what may be asked back (minor units; 0: nothing).
    """

    at: Ms
    by: str
    reason: str
    client: Attendance | None
    expert: Attendance | None
    refund_max: int | None
    kind: Literal["revised"] = "revised"


RefundFact: TypeAlias = (
    RefundRequested | RefundDecided | RefundPaid | RefundExpired | RefundDisputed | CauseClaimed | Revised
)
ConsentFact: TypeAlias = ConsentAsked | ConsentGiven | ConsentRefused | ConsentWithdrawn
PolicyFact: TypeAlias = (
    Opened | Checked | RunningLate | Priced | FeeFactored | Corrected | Settled | RefundFact | ConsentFact
)
AnyFact: TypeAlias = Fact | PolicyFact

_ANY: TypeAdapter[Any] = TypeAdapter(
    Annotated[AnyFact, Field(discriminator="kind")],
    config=ConfigDict(extra="forbid", strict=True, cache_strings="none"),  # few of a ledger's strings come again
)
_DECODE = _ANY.validator.validate_json  # without what the adapter asks itself at each call
_MACHINE: frozenset[type[Any]] = frozenset(get_args(Fact))


def encode(fact: AnyFact) -> str:
    """The body of a ledger entry: canonical JSON."""
    return canonical(_ANY.dump_python(fact, mode="json"))


def decode(body: str) -> AnyFact:
    """The inverse, exactly. ``ValueError`` for anything that is not a fact, to the last key and type."""
    fact: AnyFact = _DECODE(body, strict=True)
    return fact


def link_of(role: Role) -> str:
    """What ``Corrected`` calls a party's join link."""
    return f"{role.value}.link"


def machine_facts(facts: Iterable[AnyFact]) -> list[Fact]:
    """The facts that ``signaling.session.replay`` follows, in order."""
    return [fact for fact in facts if type(fact) in _MACHINE]  # type: ignore[misc]
