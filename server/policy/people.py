"""What a person's ledger can hold, and what it adds up to: ratings, complaints, sanctions, excuses (P0.4).

A person has a ledger of the same make as a session's, under a pseudonym. Its facts hold integers and names of things,
never a name of somebody and never free text: where a person wrote something, the fact holds the digest of it alone, so
that the text can be erased and cannot be changed unseen. ``encode`` and ``decode`` are the only way on and off.
``dossier`` is the fold: total (no order of facts makes it fail), and a fact that is told twice counts once. It says
what is on record; what follows from it is decided in ``conduct``, ``ratings``, ``fees`` and ``punctuality``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter

from server.policy.attendance import end_of
from server.policy.facts import AnyFact, ConsentGiven
from signaling.ledger import canonical
from signaling.session import Joined, Met, Ms, Role


class Category(StrEnum):
    """What a complaint is about (P2.2). ``other`` never counts towards a sanction."""

    CONDUCT = "conduct"
    DECEPTION = "deception"
    PRIVACY = "privacy"
    OTHER = "other"


class ComplaintStatus(StrEnum):
    FILED = "filed"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Basis(StrEnum):
    """What a sanction stands on: complaints of one category (P2.3), or an operator's own act (P4.1)."""

    CONDUCT = "conduct"
    DECEPTION = "deception"
    PRIVACY = "privacy"
    OPERATOR = "operator"


class Measure(StrEnum):
    HOLD = "hold"
    SUSPENSION = "suspension"
    PERMANENT = "permanent"


class Lifting(StrEnum):
    """Why a sanction was lifted; ``confirmed``: a hold that became the sanction itself."""

    DISMISSALS = "dismissals"
    APPEAL = "appeal"
    OPERATOR = "operator"
    CONFIRMED = "confirmed"


# --- facts. ``by``: of a complaint or rating the other party's pseudonym, of an act the operator's key id. ------------


@dataclass(frozen=True, slots=True)
class RatingGiven:
    """``role``: of the one who is rated. ``other_rated_at``: when the other side had rated, if it had (P2.1)."""

    at: Ms
    rating: str
    session: str
    role: Role
    by: str
    stars: int
    tags: tuple[str, ...]
    text: str | None
    session_ended_at: Ms
    other_rated_at: Ms | None
    kind: Literal["rating_given"] = "rating_given"


@dataclass(frozen=True, slots=True)
class OtherRated:
    """The one whom ``rating`` is about has now rated, too: from here on both are shown (P2.1)."""

    at: Ms
    rating: str
    kind: Literal["other_rated"] = "other_rated"


@dataclass(frozen=True, slots=True)
class RatingAnswered:
    at: Ms
    rating: str
    text: str
    kind: Literal["rating_answered"] = "rating_answered"


@dataclass(frozen=True, slots=True)
class RatingVoided:
    at: Ms
    rating: str
    by: str
    reason: str
    kind: Literal["rating_voided"] = "rating_voided"


@dataclass(frozen=True, slots=True)
class ComplaintFiled:
    """``role``: of the accused. ``met``: in that session. ``consented``: written consent stood in it (P5.3).

    ``safety``: filed with leaving (P3.13). ``session_ended_at``: None while it still goes on.
    """

    at: Ms
    complaint: str
    session: str
    category: Category
    role: Role
    by: str
    met: bool
    consented: bool
    safety: bool
    text: str | None
    session_ended_at: Ms | None
    kind: Literal["complaint_filed"] = "complaint_filed"


@dataclass(frozen=True, slots=True)
class ComplaintUpheld:
    at: Ms
    complaint: str
    by: str
    reason: str
    kind: Literal["complaint_upheld"] = "complaint_upheld"


@dataclass(frozen=True, slots=True)
class ComplaintDismissed:
    at: Ms
    complaint: str
    by: str
    reason: str
    kind: Literal["complaint_dismissed"] = "complaint_dismissed"


@dataclass(frozen=True, slots=True)
class ComplaintRecategorised:
    at: Ms
    complaint: str
    category: Category
    by: str
    reason: str
    kind: Literal["complaint_recategorised"] = "complaint_recategorised"


@dataclass(frozen=True, slots=True)
class SanctionImposed:
    """``by``, ``reason``: an operator's, None where the rules did it alone. ``until``: None has no end of its own.

    ``complaints``: what it stands on (P2.5). ``law``: the country whose law was broken (P4.1). ``replaces``: the
    suspension, lifted in the same step, whose end it keeps.
    """

    at: Ms
    sanction: str
    basis: Basis
    measure: Measure
    roles: tuple[Role, ...]
    until: Ms | None
    complaints: tuple[str, ...]
    rules: tuple[str, ...]
    terms: str
    by: str | None
    reason: str | None
    law: str | None
    replaces: str | None
    kind: Literal["sanction_imposed"] = "sanction_imposed"


@dataclass(frozen=True, slots=True)
class SanctionLifted:
    at: Ms
    sanction: str
    why: Lifting
    by: str | None
    reason: str | None
    kind: Literal["sanction_lifted"] = "sanction_lifted"


@dataclass(frozen=True, slots=True)
class SanctionAppealed:
    at: Ms
    sanction: str
    text: str
    kind: Literal["sanction_appealed"] = "sanction_appealed"


@dataclass(frozen=True, slots=True)
class AppealDecided:
    at: Ms
    sanction: str
    decision: Literal["granted", "refused"]
    by: str
    reason: str
    kind: Literal["appeal_decided"] = "appeal_decided"


@dataclass(frozen=True, slots=True)
class MarkExcused:
    """The slot of ``session`` that started at ``starts_at`` no longer counts for punctuality (P1.8)."""

    at: Ms
    session: str
    starts_at: Ms
    by: str
    reason: str
    kind: Literal["mark_excused"] = "mark_excused"


@dataclass(frozen=True, slots=True)
class MarkContested:
    at: Ms
    session: str
    starts_at: Ms
    text: str
    kind: Literal["mark_contested"] = "mark_contested"


@dataclass(frozen=True, slots=True)
class FactorChanged:
    """The expert was told that its fee factor is now ``bps`` (P1.6)."""

    at: Ms
    bps: int
    before: int
    rules: tuple[str, ...]
    terms: str
    kind: Literal["factor_changed"] = "factor_changed"


@dataclass(frozen=True, slots=True)
class Erased:
    """What named the person is gone; what stands under the pseudonym stays (P5.7)."""

    at: Ms
    kind: Literal["erased"] = "erased"


RatingFact: TypeAlias = RatingGiven | OtherRated | RatingAnswered | RatingVoided
ComplaintAct: TypeAlias = ComplaintUpheld | ComplaintDismissed | ComplaintRecategorised
ComplaintFact: TypeAlias = ComplaintFiled | ComplaintAct
SanctionFact: TypeAlias = SanctionImposed | SanctionLifted | SanctionAppealed | AppealDecided
MarkFact: TypeAlias = MarkExcused | MarkContested
PersonFact: TypeAlias = RatingFact | ComplaintFact | SanctionFact | MarkFact | FactorChanged | Erased

_ANY: TypeAdapter[Any] = TypeAdapter(
    Annotated[PersonFact, Field(discriminator="kind")], config=ConfigDict(extra="forbid", strict=True)
)


def encode(fact: PersonFact) -> str:
    """The body of a ledger entry: canonical JSON."""
    return canonical(_ANY.dump_python(fact, mode="json"))


def decode(body: str) -> PersonFact:
    """The inverse, exactly. ``ValueError`` for anything that is not a fact, to the last key and type."""
    fact: PersonFact = _ANY.validate_json(body, strict=True)
    return fact


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a session's ledger says of it to ratings and complaints.

    ``anyone_came``: somebody joined at all. ``ended_at``: when the end was decided (``Ended.at``), cancelled included.
    ``consented``: the one who now complains had given written consent to record, at some time of it (P5.3).
    """

    session: str
    met_at: Ms | None
    anyone_came: bool
    ended_at: Ms | None
    consented: bool


def occasion(session: str, facts: Sequence[AnyFact], by: Role) -> Occasion:
    """Read from the session's own ledger, for the side that wants to rate or to complain."""
    end = end_of(facts)
    return Occasion(
        session=session,
        met_at=next((fact.at for fact in facts if isinstance(fact, Met)), None),
        anyone_came=any(isinstance(fact, Joined) for fact in facts),
        ended_at=end.at if end is not None else None,
        consented=any(isinstance(fact, ConsentGiven) and fact.role is by for fact in facts),
    )


# --- what they add up to ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rating:
    given: RatingGiven
    other_rated_at: Ms | None = None
    answered: RatingAnswered | None = None
    voided: RatingVoided | None = None

    @property
    def id(self) -> str:
        return self.given.rating


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint as it stands. ``upheld_at``: since when, while it is. ``acts``: the operators', in order."""

    filed: ComplaintFiled
    category: Category
    status: ComplaintStatus = ComplaintStatus.FILED
    upheld_at: Ms | None = None
    acts: tuple[ComplaintAct, ...] = ()

    @property
    def id(self) -> str:
        return self.filed.complaint


@dataclass(frozen=True, slots=True)
class Sanction:
    imposed: SanctionImposed
    lifted: SanctionLifted | None = None
    appealed: SanctionAppealed | None = None
    decided: AppealDecided | None = None

    @property
    def id(self) -> str:
        return self.imposed.sanction

    @property
    def standing(self) -> bool:
        """Not lifted. One whose time is over still stands: it was a first time (P2.3)."""
        return self.lifted is None

    def in_force(self, now: Ms) -> bool:
        """``[at, until)``, and not lifted by then."""
        begun = self.imposed.at <= now and (self.imposed.until is None or now < self.imposed.until)
        return begun and (self.lifted is None or now < self.lifted.at)


@dataclass(frozen=True, slots=True)
class Dossier:
    """A person's ledger, added up. ``told``: the last fee factor that it was told, in bps (10 000 before any)."""

    ratings: Mapping[str, Rating] = field(default_factory=dict)
    complaints: Mapping[str, Complaint] = field(default_factory=dict)
    sanctions: Mapping[str, Sanction] = field(default_factory=dict)
    excused: Mapping[tuple[str, Ms], MarkExcused] = field(default_factory=dict)
    contested: Mapping[tuple[str, Ms], MarkContested] = field(default_factory=dict)
    told: int = 10_000
    erased_at: Ms | None = None


def dossier(facts: Iterable[PersonFact]) -> Dossier:
    """Fold a person's facts in the order of the ledger.

    A fact that is told twice counts once; one about something that is not on record (or that cannot follow, like a
    second lifting) changes nothing. Ids are made by the one who writes the fact, and the first to use one has it.
    """
    return after(Dossier(), facts)


def after(file: Dossier, facts: Iterable[PersonFact]) -> Dossier:
    """The same, further facts on."""
    ratings, complaints, sanctions = dict(file.ratings), dict(file.complaints), dict(file.sanctions)
    excused, contested = dict(file.excused), dict(file.contested)
    told, erased_at = file.told, file.erased_at
    for fact in dict.fromkeys(facts):
        match fact:
            case RatingGiven() | OtherRated() | RatingAnswered() | RatingVoided():
                if (rating := _rating(ratings.get(fact.rating), fact)) is not None:
                    ratings[rating.id] = rating
            case ComplaintFiled() | ComplaintUpheld() | ComplaintDismissed() | ComplaintRecategorised():
                if (complaint := _complaint(complaints.get(fact.complaint), fact)) is not None:
                    complaints[complaint.id] = complaint
            case SanctionImposed() | SanctionLifted() | SanctionAppealed() | AppealDecided():
                if (sanction := _sanction(sanctions.get(fact.sanction), fact)) is not None:
                    sanctions[sanction.id] = sanction
            case MarkExcused():
                excused.setdefault((fact.session, fact.starts_at), fact)
            case MarkContested():
                contested.setdefault((fact.session, fact.starts_at), fact)
            case FactorChanged():
                told = fact.bps
            case Erased():
                erased_at = fact.at if erased_at is None else erased_at
    return Dossier(ratings, complaints, sanctions, excused, contested, told, erased_at)


# --- helpers ----------------------------------------------------------------------------------------------------------


def _rating(known: Rating | None, fact: RatingFact) -> Rating | None:
    if isinstance(fact, RatingGiven):
        return Rating(fact, fact.other_rated_at) if known is None else known
    if known is None:
        return None
    match fact:
        case OtherRated():
            return known if known.other_rated_at is not None else replace(known, other_rated_at=fact.at)
        case RatingAnswered():
            return known if known.answered is not None else replace(known, answered=fact)
        case RatingVoided():
            return known if known.voided is not None else replace(known, voided=fact)


def _complaint(known: Complaint | None, fact: ComplaintFact) -> Complaint | None:
    if isinstance(fact, ComplaintFiled):
        return Complaint(fact, fact.category) if known is None else known
    if known is None:
        return None
    acts = (*known.acts, fact)
    match fact:
        case ComplaintUpheld() if known.status is not ComplaintStatus.UPHELD:
            return replace(known, status=ComplaintStatus.UPHELD, upheld_at=fact.at, acts=acts)
        case ComplaintDismissed() if known.status is not ComplaintStatus.DISMISSED:
            return replace(known, status=ComplaintStatus.DISMISSED, upheld_at=None, acts=acts)
        case ComplaintRecategorised() if known.category is not fact.category:
            return replace(known, category=fact.category, acts=acts)
        case _:
            return known


def _sanction(known: Sanction | None, fact: SanctionFact) -> Sanction | None:
    if isinstance(fact, SanctionImposed):
        return Sanction(fact) if known is None else known
    if known is None:
        return None
    match fact:
        case SanctionLifted():
            return known if known.lifted is not None else replace(known, lifted=fact)
        case SanctionAppealed():
            return known if known.appealed is not None else replace(known, appealed=fact)
        case AppealDecided():
            return known if known.decided is not None or known.appealed is None else replace(known, decided=fact)
