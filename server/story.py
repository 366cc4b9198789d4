"""One session as its page at the dashboard tells it: lanes, marks, and why the settlement says what it says.

Pure, beside ``answers``. The lanes are ``policy.lanes``; the why is the settlement taken apart into rule, inputs, terms
and the hash of the ledger that it was made from, with the sum written out so that anybody can do it again. ``checks``
does it again: the chain, the head that was judged, and the verdict itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from server.answers import Money
from server.policy import lanes as policy
from server.policy.facts import AnyFact, Priced, Revised, Settled
from server.policy.lanes import Lanes, Span
from server.policy.settlement import absences, settle
from server.policy.spans import Spans
from server.policy.terms import values
from server.policy.verdict import Attendance, AttendanceKind, Party, Refund, Settlement
from server.store.sessions import Record
from signaling.ledger import Broken, Entry, verify
from signaling.messages import Seconds, Time, to_rfc3339
from signaling.session import EndReason, How, Ms, Phase, Role, Whom


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Stretch(Answer):
    """``[from, to)``."""

    from_: Time = Field(alias="from")
    to: Time


class SpanAnswer(Stretch):
    """One stretch of a lane; what follows ``open`` is said of gaps alone."""

    kind: Literal["waiting", "connected", "gap"]
    open: bool = Field(description="it goes on")
    how: How | None
    noticed_at: Time | None
    grace_until: Time | None
    bridged: bool | None = Field(description="came back within the grace: no absence by itself (P0.7)")
    returned: bool | None


class LaneAnswer(Answer):
    role: Role
    spans: tuple[SpanAnswer, ...]


class MarkAnswer(Answer):
    """Something at one instant; times in ``detail`` are RFC 3339."""

    at: Time
    kind: str
    role: Role | None
    detail: dict[str, Any]


class MediaSpan(Answer):
    """A track that was off, or a screen that was shared, as the page itself said: evidence of nothing else."""

    role: Role
    track: Literal["microphone", "camera", "screen"]
    from_: Time = Field(alias="from")
    to: Time | None
    on: bool


class SlotTimes(Answer):
    starts_at: Time
    ends_at: Time


class MoveAnswer(Answer):
    at: Time
    by: Whom | None
    from_: SlotTimes = Field(alias="from")
    to: SlotTimes


class WindowAnswer(Answer):
    """The booked window with its limits."""

    booked_at: Time
    opens_at: Time
    starts_at: Time
    no_show_at: Time
    ends_at: Time


class AttendedAnswer(Answer):
    arrived_at: Time | None
    lateness_seconds: Seconds | None
    attendance: AttendanceKind | None
    present_seconds: Seconds


class InputsAnswer(Answer):
    """All that went into it."""

    duration_seconds: Seconds
    fee: Money | None
    absence_seconds: Seconds
    mutual_seconds: Seconds | None
    unlapsed_seconds: Seconds | None
    client: AttendedAnswer
    expert: AttendedAnswer


class PartWhy(Answer):
    seconds: Seconds
    rule: str
    spans: tuple[Stretch, ...]


class FormulaAnswer(Answer):
    """``max = ceil(fee * numerator / denominator)``, or the whole fee where a person decides (P3.18)."""

    numerator_ms: int
    denominator_ms: int
    fee: int
    max: int
    bound: Literal["measured", "fee", "none"]


class TermsAnswer(Answer):
    hash: str
    values: dict[str, Any]


class SentenceAnswer(Answer):
    rule: str
    text: str


class AttendanceAnswer(Answer):
    attendance: AttendanceKind | None
    lateness_seconds: Seconds | None


class RevisionAnswer(Answer):
    """What an operator changed afterwards (P3.15)."""

    at: Time
    by: str
    name: str | None
    reason: str | None
    client: AttendanceAnswer | None
    expert: AttendanceAnswer | None
    refund_max: Money | None


class WhyAnswer(Answer):
    """A settlement taken apart."""

    settled_at: Time
    reason: EndReason
    by: Whom | None
    as_of: Time
    rules: tuple[str, ...]
    sentences: tuple[SentenceAnswer, ...]
    inputs: InputsAnswer
    parts: tuple[PartWhy, ...]
    formula: FormulaAnswer
    terms: TermsAnswer
    head: str = Field(description="of the ledger that it was made from")
    revisions: tuple[RevisionAnswer, ...]


class ChecksAnswer(Answer):
    """Done just now, from what is stored."""

    entries: int
    head: str
    chain: bool = Field(description="every entry follows from the one before")
    broken_at: int | None
    settled_head: bool | None = Field(description="the settlement names the entry before it; null: not settled")
    replayed: bool | None = Field(description="the same facts and terms give the same settlement")


class StoryAnswer(Answer):
    """A session's whole story."""

    id: str
    version: int
    status: Phase
    as_of: Time
    window: WindowAnswer
    lanes: tuple[LaneAnswer, ...]
    both: tuple[Stretch, ...]
    service_away: tuple[Stretch, ...]
    marks: tuple[MarkAnswer, ...]
    media: tuple[MediaSpan, ...]
    moves: tuple[MoveAnswer, ...]
    why: WhyAnswer | None
    checks: ChecksAnswer


def story_answer(
    record: Record,
    entries: Sequence[Entry],
    names: Mapping[str, str],
    texts: Mapping[str, str],
    said: Mapping[Role, Sequence[tuple[Ms, str | None]]],
    now: Ms,
) -> StoryAnswer:
    """``names``: of operators, by who they are in the log; ``texts``: behind the digests of their reasons; ``said``:
    what each page said it was sending, and when, which is on no ledger and is kept for a while alone (P5.7).
    """
    drawn = policy.lanes(record.facts, record.terms, now)
    slot = drawn.slot
    return StoryAnswer(
        id=record.id,
        version=record.version,
        status=record.session.phase,
        as_of=drawn.until,
        window=WindowAnswer(
            booked_at=drawn.booked_at,
            opens_at=slot.opens_at,
            starts_at=slot.starts_at,
            no_show_at=slot.starts_at + slot.no_show_after,
            ends_at=slot.ends_at,
        ),
        lanes=tuple(_lane(role, drawn) for role in Role),
        both=_stretches(drawn.both),
        service_away=_stretches(drawn.away),
        marks=tuple(
            MarkAnswer(at=mark.at, kind=mark.kind, role=mark.role, detail=_detail(mark.detail)) for mark in drawn.marks
        ),
        media=tuple(
            MediaSpan(role=role, track=each.track, from_=each.start, to=each.end, on=each.on)
            for role in Role
            for each in policy.sent(said.get(role, ()))
        ),
        moves=tuple(
            MoveAnswer(
                at=move.at,
                by=move.by,
                from_=SlotTimes(starts_at=move.before.starts_at, ends_at=move.before.ends_at),
                to=SlotTimes(starts_at=move.after.starts_at, ends_at=move.after.ends_at),
            )
            for move in drawn.shifts
        ),
        why=_why(record, names, texts),
        checks=_checks(record, entries),
    )


def _lane(role: Role, drawn: Lanes) -> LaneAnswer:
    spans = drawn.client if role is Role.CLIENT else drawn.expert
    return LaneAnswer(role=role, spans=tuple(_span(span) for span in spans))


def _span(span: Span) -> SpanAnswer:
    return SpanAnswer(
        kind=span.kind,
        from_=span.start,
        to=span.end,
        open=span.open,
        how=span.how,
        noticed_at=span.noticed_at,
        grace_until=span.grace_until,
        bridged=span.bridged,
        returned=span.returned,
    )


def _stretches(spans: Spans) -> tuple[Stretch, ...]:
    return tuple(Stretch(from_=span.start, to=span.end) for span in spans)


def _detail(detail: dict[str, Any]) -> dict[str, Any]:
    return {
        name.removesuffix("_at") if name in ("as_of_at", "grace_until_at") else name: (
            to_rfc3339(value) if name.endswith("_at") and isinstance(value, int) else value
        )
        for name, value in detail.items()
    }


# --- why --------------------------------------------------------------------------------------------------------------


def _why(record: Record, names: Mapping[str, str], texts: Mapping[str, str]) -> WhyAnswer | None:
    settled = next((fact for fact in record.facts if isinstance(fact, Settled)), None)
    if settled is None:
        return None
    verdict = settled.settlement
    refund, duration = verdict.refund, verdict.ends_at - verdict.starts_at
    fee = Money(amount=refund.fee, currency=refund.currency) if refund.currency is not None else None
    return WhyAnswer(
        settled_at=settled.at,
        reason=verdict.reason,
        by=verdict.by,
        as_of=verdict.as_of,
        rules=verdict.rules,
        sentences=tuple(
            SentenceAnswer(rule=rule, text=text) for rule in verdict.rules if (text := _sentence(rule, verdict))
        ),
        inputs=InputsAnswer(
            duration_seconds=duration,
            fee=fee,
            absence_seconds=sum(part.span for part in refund.parts),
            mutual_seconds=verdict.mutual,
            unlapsed_seconds=verdict.unlapsed,
            client=_attended(verdict.client),
            expert=_attended(verdict.expert),
        ),
        parts=_parts(record, refund, verdict),
        formula=_formula(refund, duration),
        terms=TermsAnswer(hash=verdict.terms, values=values(record.terms)),
        head=settled.head,
        revisions=tuple(_revision(fact, refund, names, texts) for fact in record.facts if isinstance(fact, Revised)),
    )


def _attended(party: Party) -> AttendedAnswer:
    said = party.attendance
    return AttendedAnswer(
        arrived_at=said.arrived_at,
        lateness_seconds=said.lateness,
        attendance=said.kind,
        present_seconds=party.present,
    )


def _parts(record: Record, refund: Refund, verdict: Settlement) -> tuple[PartWhy, ...]:
    """Each part is one span; where the whole slot is one, it is the slot."""
    if [part.rule for part in refund.parts] == ["P3.10"]:
        whole = Stretch(from_=verdict.starts_at, to=verdict.ends_at)
        return (PartWhy(seconds=refund.parts[0].span, rule="P3.10", spans=(whole,)),)
    spans = absences(record.facts, record.terms) if refund.parts else ()
    return tuple(
        PartWhy(
            seconds=part.span,
            rule=part.rule,
            spans=(Stretch(from_=spans[n][0].start, to=spans[n][0].end),) if n < len(spans) else (),
        )
        for n, part in enumerate(refund.parts)
    )


def _formula(refund: Refund, duration: Ms) -> FormulaAnswer:
    absence = sum(part.span for part in refund.parts)
    measured = min(refund.fee, -(-refund.fee * absence // duration))
    bound: Literal["measured", "fee", "none"] = (
        "none" if not refund.max_amount else "measured" if refund.max_amount == measured else "fee"
    )
    return FormulaAnswer(
        numerator_ms=absence, denominator_ms=duration, fee=refund.fee, max=refund.max_amount, bound=bound
    )


def _revision(fact: Revised, refund: Refund, names: Mapping[str, str], texts: Mapping[str, str]) -> RevisionAnswer:
    most = fact.refund_max
    return RevisionAnswer(
        at=fact.at,
        by=fact.by,
        name=names.get(fact.by),
        reason=texts.get(fact.reason),
        client=_said(fact.client),
        expert=_said(fact.expert),
        refund_max=Money(amount=most, currency=refund.currency)
        if most is not None and refund.currency is not None
        else None,
    )


def _said(attended: Attendance | None) -> AttendanceAnswer | None:
    if attended is None:
        return None
    return AttendanceAnswer(attendance=attended.kind, lateness_seconds=attended.lateness)


def _checks(record: Record, entries: Sequence[Entry]) -> ChecksAnswer:
    broken: int | None = None
    try:
        verify(record.id, entries)
    except Broken as error:
        broken = error.seq
    at = next((n for n, fact in enumerate(record.facts) if isinstance(fact, Settled)), None)
    settled_head = replayed = None
    if at is not None:
        settled = record.facts[at]
        assert isinstance(settled, Settled)
        settled_head = 0 < at <= len(entries) and entries[at - 1].hash == settled.head
        before = record.facts[:at]
        replayed = settle(before, record.terms, _fee(before)) == settled.settlement
    return ChecksAnswer(
        entries=len(entries),
        head=entries[-1].hash if entries else "",
        chain=broken is None,
        broken_at=broken,
        settled_head=settled_head,
        replayed=replayed,
    )


def _fee(facts: Sequence[AnyFact]) -> Any:
    return next((fact.fee for fact in reversed(facts) if isinstance(fact, Priced)), None)


# --- in words ---------------------------------------------------------------------------------------------------------


def _sentence(rule: str, verdict: Settlement) -> str:
    """One rule that had a say, in a sentence with its figures; for operators, so in the rules' own words."""
    missing = sum(part.span for part in verdict.refund.parts if part.rule == rule) / 1000
    unlapsed = (verdict.unlapsed or 0) / 1000
    match rule:
        case "P0.1":
            return "The slot was moved after its start: what was attended in the earlier one is settled by itself."
        case "P0.3":
            return f"It ended as {_end(verdict)}."
        case "P1.2":
            return " ".join(_lateness(role, verdict.party(role)) for role in Role).strip()
        case "P1.3":
            return "A party was not there at all from the start until the time by which it had to come."
        case "P1.4":
            return "Of one party nothing can be said: the session did not take place, or could not."
        case "P3.1":
            return "The hard stop came at the booked end, for both."
        case "P3.3":
            return "The client ended it, as it may at any time."
        case "P3.4":
            return f"The expert hung up {unlapsed:.1f} s before the end, after they had met."
        case "P3.5":
            return f"The expert's gaps past the grace, or beyond the allowance, come to {missing:.1f} s."
        case "P3.6":
            return "The expert was gone, past the grace, when it ended: no hang-up."
        case "P3.7":
            return "The client was gone, past the grace, when it ended."
        case "P3.9":
            return f"This service was away; it takes {missing:.1f} s, and nobody is blamed for them."
        case "P3.10":
            return "It was not delivered at all, or they never met."
        case "P3.13":
            return "A party left for its own safety; an operator decides."
        case "P3.16":
            return f"Media went both ways for {(verdict.mutual or 0) / 1000:.1f} s only: flagged."
        case "P3.17":
            return "It was ended for a cause, or media never flowed both ways: a person decides."
        case "P3.18":
            refund = verdict.refund
            absence, duration = sum(part.span for part in refund.parts), verdict.ends_at - verdict.starts_at
            return f"{absence / 1000:.1f} s of {duration / 1000:.0f} s were not delivered."
        case _:
            return ""


def _lateness(role: Role, party: Party) -> str:
    late = party.attendance.lateness
    return "" if late is None else f"The {role} came {late / 1000:.1f} s after the start."


def _end(verdict: Settlement) -> str:
    return f"{verdict.reason}({verdict.by})" if verdict.by else verdict.reason.value
