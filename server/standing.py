"""What is on record of a person, as operators and the booking system see it: standing, complaints, sanctions, audit.

Pure: it is given a person's file, what the policy made of it and the texts that are still kept, and makes the answers'
models. Operators see all of it, also what the rated side does not see yet (P2.1), marked as such; a key that may only
book sees why somebody cannot be booked, and nothing that anybody wrote. It decides nothing, and knows no request.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from server.policy import conduct, ratings
from server.policy.conduct import Signal
from server.policy.fees import FeeFactor
from server.policy.people import (
    Basis,
    Category,
    Complaint,
    ComplaintAct,
    ComplaintRecategorised,
    ComplaintStatus,
    Dossier,
    Lifting,
    Measure,
    Rating,
    Sanction,
)
from server.policy.punctuality import Mark, Point, Punctuality, badge
from server.policy.terms import Terms
from server.policy.verdict import AttendanceKind
from server.store.people import File
from signaling.ledger import Entry
from signaling.messages import Seconds, Time
from signaling.session import Ms, Role

Texts = Mapping[str, str]
"""From a digest to what somebody wrote, where it is still kept."""

Names = Mapping[str, str]
"""From a pseudonym to the booking system's own id of the person."""


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PersonRef(Answer):
    """A person: the booking system's id (after an erasure the pseudonym), and the pseudonym that ledgers name."""

    id: str
    pseudonym: str


class SlotAnswer(Answer):
    """One slot as it bears on an expert's punctuality (P1.5)."""

    session: str
    starts_at: Time
    ends_at: Time
    client: str = Field(description="the client's pseudonym: at most 3 slots with the same one count")
    attendance: AttendanceKind | None
    lateness_seconds: Seconds | None


class CountedAnswer(SlotAnswer):
    score_bps: int
    weight: int


class PassedOverAnswer(SlotAnswer):
    why: Literal["excused", "nothing_said", "not_held", "same_client"]


class PunctualityAnswer(Answer):
    """The weighted mean of the newest slots that count, and which those are (P1.5). Newest first."""

    bps: int | None = Field(description="10 000 is always on time; null: no slot counts yet")
    counted: tuple[CountedAnswer, ...]
    passed_over: tuple[PassedOverAnswer, ...]


class ReasonAnswer(Answer):
    rule: str
    bps: int = Field(description="what it adds or takes")
    why: Literal["row", "too_few", "upheld", "ratings", "floor", "ceiling"]
    of: tuple[str, ...] = Field(description="what it was made from: a row, counts, a complaint, a mean")


class FeeFactorAnswer(Answer):
    """10 000 and the reasons together (P1.6, P2.8). It bears on sessions booked from now on."""

    bps: int
    reasons: tuple[ReasonAnswer, ...]
    rules: tuple[str, ...]
    terms: str


class DecidedAnswer(Answer):
    """An operator's act: which key, when, why."""

    at: Time
    by: str | None = Field(description="the operator's key; null: the rules by themselves")
    reason: str | None = Field(description="null: none, or erased")


class RatingAnswer(Answer):
    """One rating (P2.1)."""

    id: str
    session: str
    role: Role = Field(description="of the one who is rated")
    by: PersonRef
    stars: int
    tags: tuple[str, ...]
    text: str | None
    answer: str | None
    given_at: Time
    hidden_until: Time | None = Field(description="the rated side does not see it before; until then it does not count")
    voided: DecidedAnswer | None


class MeanAnswer(Answer):
    count: int
    mean: float = Field(description="rounded down to hundredths")


class RatingsAnswer(Answer):
    """``as_expert`` and ``as_client``: over what is shown and was not voided; null: none yet."""

    as_expert: MeanAnswer | None
    as_client: MeanAnswer | None
    data: tuple[RatingAnswer, ...]


class ComplaintActAnswer(DecidedAnswer):
    act: Literal["upheld", "dismissed", "recategorised"]
    category: Category | None = None


class CountingAnswer(Answer):
    """How many distinct people count now in the category of a complaint, and how many it takes (P2.3)."""

    complainants: int
    threshold: int


class ComplaintAnswer(Answer):
    """One complaint, with who made it: for operators, never for the other side (P2.9)."""

    id: str = Field(description="the ticket")
    session: str
    accused: PersonRef
    role: Role = Field(description="of the accused")
    by: PersonRef
    category: Category
    filed_as: Category
    status: ComplaintStatus
    met: bool = Field(description="the two met in that session")
    consented: bool = Field(description="written consent stood in it: counts only once upheld (P5.3)")
    safety: bool = Field(description="filed with leaving (P3.13)")
    text: str | None
    filed_at: Time
    counts: bool = Field(description="whether it counts now (P2.3)")
    counting: CountingAnswer
    acts: tuple[ComplaintActAnswer, ...]


class LiftedAnswer(DecidedAnswer):
    why: Lifting


class AppealAnswer(Answer):
    """An appeal, and its decision (P2.7)."""

    status: Literal["pending", "granted", "refused"]
    at: Time
    text: str | None
    decided: DecidedAnswer | None


class SanctionAnswer(Answer):
    """A sanction with its statement of reasons (P2.7)."""

    id: str
    person: PersonRef
    basis: Basis
    measure: Measure
    roles: tuple[Role, ...]
    imposed_at: Time
    until: Time | None = Field(description="null: for good, or until it is lifted")
    in_force: bool
    complaints: tuple[str, ...] = Field(description="what it stands on (P2.5)")
    sessions: tuple[str, ...]
    rules: tuple[str, ...]
    terms: str
    by: str | None = Field(description="the operator's key; null: the rules by themselves")
    reason: str | None
    law: str | None = Field(description="the country whose law it names (P4.1)")
    replaces: str | None
    lifted: LiftedAnswer | None
    appeal: AppealAnswer | None
    appeal_until: Time


class SlotWordAnswer(Answer):
    """An excuse or a contest of one slot's mark (P1.8)."""

    session: str
    starts_at: Time
    at: Time
    by: str | None = Field(description="the operator's key, of an excuse")
    text: str | None


class ContestAnswer(SlotWordAnswer):
    waiting: bool = Field(description="no operator has excused the mark")


class SignalAnswer(Answer):
    """What may be an attack on this person. It decides nothing (P2.5)."""

    kind: Literal["burst", "strangers", "unfounded"]
    complaints: tuple[str, ...]
    by: tuple[PersonRef, ...]


class BookableAnswer(Answer):
    """Whether it can be booked in each role now (P2.6)."""

    client: bool
    expert: bool


class PersonAnswer(PersonRef):
    """A person as of now, with the whole reasoning. ``complaints`` and ``signals``: null for a key of ``sessions``."""

    name: str | None = Field(None, description="under which it was booked last")
    known_since: Time
    erased_at: Time | None
    bookable: BookableAnswer
    badge: bool = Field(description="always on time (P1.7)")
    punctuality: PunctualityAnswer
    fee_factor: FeeFactorAnswer
    ratings: RatingsAnswer
    sanctions: tuple[SanctionAnswer, ...]
    excuses: tuple[SlotWordAnswer, ...]
    contests: tuple[ContestAnswer, ...]
    complaints: tuple[ComplaintAnswer, ...] | None
    signals: tuple[SignalAnswer, ...] | None


class RecentAnswer(Answer):
    """One slot as an expert, in a row of them."""

    session: str
    starts_at: Time
    attendance: AttendanceKind | None
    lateness_seconds: Seconds | None


class PointAnswer(RecentAnswer):
    """One slot, and what punctuality was after it (P1.5)."""

    excused: bool
    score_bps: int | None = Field(description="null: the slot does not count")
    bps: int | None = Field(description="null: none counted yet")


class SeriesAnswer(Answer):
    """An expert's slots, oldest first."""

    data: tuple[PointAnswer, ...]
    late_grace_seconds: Seconds
    late_zero_seconds: Seconds


class PersonSummary(PersonRef):
    """A person in a list: what was computed last."""

    name: str | None = Field(description="under which it was booked last")
    badge: bool
    punctuality_bps: int | None
    counted: int = Field(description="slots that count for it")
    fee_factor_bps: int
    complaints: int = Field(description="not dismissed")
    sanctioned: bool = Field(description="a sanction is in force")
    erased_at: Time | None
    recent: tuple[RecentAnswer, ...] | None = Field(
        description="its last slots as an expert, if asked for; oldest first"
    )


class PersonList(Answer):
    data: tuple[PersonSummary, ...]
    next_cursor: str | None


class ComplaintList(Answer):
    data: tuple[ComplaintAnswer, ...]
    next_cursor: str | None


class SanctionList(Answer):
    data: tuple[SanctionAnswer, ...]
    next_cursor: str | None


class AuditEntry(Answer):
    """An operator's act. ``at``, ``who``, ``act``, ``subject`` are for reading; only ``data`` is what was hashed."""

    seq: int
    at: Time
    who: str = Field(description="the id of an account, or of a key")
    name: str | None = Field(None, description="what that is called")
    act: str
    subject: str
    reason: str | None = Field(description="what the operator wrote, where it is still kept")
    data: str = Field(description="the entry as it was hashed, to the byte")
    hash: str = Field(description="as of a session's ledger, of the id `audit`")


class AuditList(Answer):
    data: tuple[AuditEntry, ...]
    next_cursor: str | None


def person_answer(
    file: File,
    factor: FeeFactor,
    signals: Iterable[Signal],
    texts: Texts,
    names: Names,
    terms: Terms,
    now: Ms,
    *,
    whole: bool,
) -> PersonAnswer:
    """The whole standing. ``whole``: also what people wrote, and complaints with who made them."""
    person, dossier = file.person, file.dossier
    texts = texts if whole else {}
    return PersonAnswer(
        id=person.person_id,
        pseudonym=person.pseudonym,
        known_since=person.created_at,
        erased_at=person.erased_at,
        bookable=BookableAnswer(
            client=conduct.barred_from_booking(dossier, Role.CLIENT, now) is None,
            expert=conduct.barred_from_booking(dossier, Role.EXPERT, now) is None,
        ),
        badge=badge(factor.punctuality, terms),
        punctuality=_punctuality(factor.punctuality),
        fee_factor=FeeFactorAnswer(
            bps=factor.bps,
            reasons=tuple(
                ReasonAnswer(rule=each.rule, bps=each.bps, why=each.why.value, of=each.of) for each in factor.reasons
            ),
            rules=factor.rules,
            terms=factor.terms_hash,
        ),
        ratings=RatingsAnswer(
            as_expert=_mean(dossier, terms, now, Role.EXPERT),
            as_client=_mean(dossier, terms, now, Role.CLIENT),
            data=tuple(rating_answer(each, texts, names, terms, now) for each in _newest(dossier.ratings.values())),
        ),
        sanctions=tuple(
            sanction_answer(file, each, texts, terms, now) for each in reversed(list(dossier.sanctions.values()))
        ),
        excuses=tuple(
            SlotWordAnswer(
                session=each.session,
                starts_at=each.starts_at,
                at=each.at,
                by=each.by,
                text=_text(texts, each.reason),
            )
            for each in dossier.excused.values()
        ),
        contests=tuple(
            ContestAnswer(
                session=each.session,
                starts_at=each.starts_at,
                at=each.at,
                by=None,
                text=_text(texts, each.text),
                waiting=slot not in dossier.excused,
            )
            for slot, each in dossier.contested.items()
        ),
        complaints=_complaints(file, texts, names, terms) if whole else None,
        signals=tuple(
            SignalAnswer(
                kind=each.kind.value, complaints=each.complaints, by=tuple(_ref(names, person) for person in each.by)
            )
            for each in signals
        )
        if whole
        else None,
    )


def rating_answer(rating: Rating, texts: Texts, names: Names, terms: Terms, now: Ms) -> RatingAnswer:
    """One rating, whether it is shown by now or not."""
    given, voided = rating.given, rating.voided
    shown_at = ratings.shown_at(rating, terms)
    return RatingAnswer(
        id=rating.id,
        session=given.session,
        role=given.role,
        by=_ref(names, given.by),
        stars=given.stars,
        tags=given.tags,
        text=_text(texts, given.text),
        answer=_text(texts, rating.answered.text) if rating.answered else None,
        given_at=given.at,
        hidden_until=shown_at if now < shown_at else None,
        voided=DecidedAnswer(at=voided.at, by=voided.by, reason=_text(texts, voided.reason)) if voided else None,
    )


def complaint_answer(file: File, complaint: Complaint, texts: Texts, names: Names, terms: Terms) -> ComplaintAnswer:
    """One complaint about the person whose file this is."""
    filed = complaint.filed
    return ComplaintAnswer(
        id=complaint.id,
        session=filed.session,
        accused=PersonRef(id=file.person.person_id, pseudonym=file.person.pseudonym),
        role=filed.role,
        by=_ref(names, filed.by),
        category=complaint.category,
        filed_as=filed.category,
        status=complaint.status,
        met=filed.met,
        consented=filed.consented,
        safety=filed.safety,
        text=_text(texts, filed.text),
        filed_at=filed.at,
        counts=conduct.counts(complaint, complaint.category),
        counting=CountingAnswer(
            complainants=counting(file.dossier, complaint.category), threshold=terms.complaint_threshold
        ),
        acts=tuple(_act(act, texts) for act in complaint.acts),
    )


def recent_answer(marks: Sequence[Mark]) -> tuple[RecentAnswer, ...]:
    """The newest mark of each slot, oldest slot first; ``marks`` are newest first."""
    newest: dict[tuple[str, Ms], Mark] = {}
    for mark in marks:
        newest.setdefault((mark.session, mark.starts_at), mark)
    return tuple(
        RecentAnswer(
            session=mark.session, starts_at=mark.starts_at, attendance=mark.kind, lateness_seconds=mark.lateness
        )
        for mark in reversed(newest.values())
    )


def series_answer(points: Sequence[Point], terms: Terms) -> SeriesAnswer:
    return SeriesAnswer(
        data=tuple(
            PointAnswer(
                session=point.mark.session,
                starts_at=point.mark.starts_at,
                attendance=point.mark.kind,
                lateness_seconds=point.mark.lateness,
                excused=point.excused,
                score_bps=point.score_bps,
                bps=point.bps,
            )
            for point in points
        ),
        late_grace_seconds=terms.late_grace,
        late_zero_seconds=terms.late_zero,
    )


def counting(dossier: Dossier, category: Category) -> int:
    """How many distinct people's complaints count now in this category (P2.3)."""
    return len({each.filed.by for each in dossier.complaints.values() if conduct.counts(each, category)})


def sanction_answer(file: File, sanction: Sanction, texts: Texts, terms: Terms, now: Ms) -> SanctionAnswer:
    """One sanction of the person whose file this is."""
    imposed, lifted, complaints = sanction.imposed, sanction.lifted, file.dossier.complaints
    behind = [complaints[id_].filed.session for id_ in imposed.complaints if id_ in complaints]
    return SanctionAnswer(
        id=sanction.id,
        person=PersonRef(id=file.person.person_id, pseudonym=file.person.pseudonym),
        basis=imposed.basis,
        measure=imposed.measure,
        roles=imposed.roles,
        imposed_at=imposed.at,
        until=imposed.until,
        in_force=sanction.in_force(now),
        complaints=imposed.complaints,
        sessions=tuple(dict.fromkeys(behind)),
        rules=imposed.rules,
        terms=imposed.terms,
        by=imposed.by,
        reason=_text(texts, imposed.reason),
        law=imposed.law,
        replaces=imposed.replaces,
        lifted=LiftedAnswer(at=lifted.at, why=lifted.why, by=lifted.by, reason=_text(texts, lifted.reason))
        if lifted
        else None,
        appeal=_appeal(sanction, texts),
        appeal_until=imposed.at + terms.appeal_window,
    )


def audit_entry(entry: Entry, texts: Texts) -> AuditEntry:
    """A line of the operators' log; its body is canonical JSON."""
    said: dict[str, Any] = json.loads(entry.body)
    reason = said.get("reason")
    return AuditEntry(
        seq=entry.seq,
        at=said["at"],
        who=said["who"],
        act=said["act"],
        subject=said["subject"],
        reason=_text(texts, reason),
        data=entry.body,
        hash=entry.hash,
    )


# --- helpers ----------------------------------------------------------------------------------------------------------


def _ref(names: Names, pseudonym: str) -> PersonRef:
    return PersonRef(id=names.get(pseudonym, pseudonym), pseudonym=pseudonym)


def _text(texts: Texts, digest: str | None) -> str | None:
    return texts.get(digest) if digest else None


def _newest(found: Iterable[Rating]) -> list[Rating]:
    return sorted(found, key=lambda rating: (rating.given.at, rating.id), reverse=True)


def _punctuality(found: Punctuality) -> PunctualityAnswer:
    return PunctualityAnswer(
        bps=found.bps,
        counted=tuple(
            CountedAnswer(**_slot(each.mark), score_bps=each.score_bps, weight=each.weight) for each in found.counted
        ),
        passed_over=tuple(PassedOverAnswer(**_slot(mark), why=why.value) for mark, why in found.passed_over),
    )


def _slot(mark: Mark) -> dict[str, Any]:
    return {
        "session": mark.session,
        "starts_at": mark.starts_at,
        "ends_at": mark.ends_at,
        "client": mark.other,
        "attendance": mark.kind,
        "lateness_seconds": mark.lateness,
    }


def _mean(dossier: Dossier, terms: Terms, now: Ms, role: Role) -> MeanAnswer | None:
    found = ratings.mean(dossier, terms, now, role)
    return MeanAnswer(count=found.count, mean=found.hundredths / 100) if found else None


def _complaints(file: File, texts: Texts, names: Names, terms: Terms) -> tuple[ComplaintAnswer, ...]:
    newest = sorted(file.dossier.complaints.values(), key=lambda each: (each.filed.at, each.id), reverse=True)
    return tuple(complaint_answer(file, each, texts, names, terms) for each in newest)


def _act(act: ComplaintAct, texts: Texts) -> ComplaintActAnswer:
    return ComplaintActAnswer(
        act=act.kind.removeprefix("complaint_"),
        at=act.at,
        by=act.by,
        reason=_text(texts, act.reason),
        category=act.category if isinstance(act, ComplaintRecategorised) else None,
    )


def _appeal(sanction: Sanction, texts: Texts) -> AppealAnswer | None:
    appealed, decided = sanction.appealed, sanction.decided
    if appealed is None:
        return None
    return AppealAnswer(
        status=decided.decision if decided else "pending",
        at=appealed.at,
        text=_text(texts, appealed.text),
        decided=DecidedAnswer(at=decided.at, by=decided.by, reason=_text(texts, decided.reason)) if decided else None,
    )
