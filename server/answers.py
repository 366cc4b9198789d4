"""A record as the outside sees it: the booking system's ``SessionAnswer`` and a party's ``View``.

Pure, and the only place where stored values become shapes of the API, the socket and the webhooks. It decides nothing:
before the end it shows what is so far, afterwards what the settlement says. Links are passed in by
whoever may show them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from server import afterwards
from server.afterwards import Said
from server.policy import money
from server.policy.facts import AnyFact, FeeFactored, Revised, RunningLate, Settled
from server.policy.fees import expert_fee
from server.policy.refund import RefundState, refund_state
from server.policy.settlement import NO_MEDIA, if_expert_left, revised, standing
from server.policy.verdict import AttendanceKind, Party, RefundStatus, Settlement
from server.store.sessions import Record
from signaling import messages
from signaling.messages import Seconds, Time, View
from signaling.session import (
    Accepted,
    Declined,
    EndReason,
    Exchanged,
    Ms,
    Phase,
    Role,
    Whom,
    may_leave_at,
)

_NOTHING_SAID = Said()


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Money(Answer):
    """Minor units of an ISO 4217 currency."""

    amount: int
    currency: str


class PartyAnswer(Answer):
    """One side: who, and when it came."""

    id: str
    name: str
    email: str | None = None
    time_zone: str | None = None
    locale: str | None = None
    country: str | None = None
    metadata: dict[str, str] = {}
    guidelines: Literal["accepted", "declined"] | None = Field(description="P5.2; null: neither yet")
    arrived_at: Time | None = Field(description="start of the presence that counts (P1.1)")
    lateness_seconds: Seconds | None = Field(description="arrived_at - starts_at, never below 0 (P1.2)")
    attendance: AttendanceKind | None = Field(description="null: nothing, or not known yet (P1.4)")


class PresentSeconds(Answer):
    client: Seconds
    expert: Seconds


class EndAnswer(Answer):
    """Why, by whom and as of when it ended (P0.3)."""

    reason: EndReason
    by: Whom | None
    at: Time = Field(description="as of when it ended: backdated to the proof, where there is one")
    decided_at: Time
    note: str | None = None
    for_cause: str | None = Field(description="it could not be held: the client's words, or no_media (P3.17)")
    unlapsed_seconds: Seconds | None = Field(description="what was left when somebody hung up")
    present_seconds: PresentSeconds
    mutual_seconds: Seconds | None = Field(description="both had media from each other (P3.16)")
    hung_up_by: Role | None = Field(description="nobody, if media never flowed (P3.17)")
    first_out: Role | None
    flags: tuple[str, ...] = Field(description="what an operator should look at")


class PartAnswer(Answer):
    seconds: Seconds
    rule: str


class RefundAnswer(Answer):
    """What may be, was, or will be given back, and by which rules (P3.12, P3.18)."""

    status: RefundStatus
    basis: str
    max: Money | None
    requested: Money | None
    approved: Money | None
    parts: tuple[PartAnswer, ...]
    until: Time | None
    note: str | None = None
    reference: str | None = None
    rules: tuple[str, ...]
    terms: str


class LinksAnswer(Answer):
    client: str | None = None
    expert: str | None = None


class SessionState(Answer):
    """A session, whole but for its links: what whoever may not have those is told of it."""

    id: str
    status: Phase
    version: int
    title: str | None
    starts_at: Time
    ends_at: Time
    opens_at: Time
    duration_minutes: int
    client: PartyAnswer
    expert: PartyAnswer
    fee: Money | None
    expert_fee_factor_bps: int | None = Field(description="frozen at booking; 10 000 is 1 (P1.6)")
    expert_fee: Money | None = Field(description="what the factor makes of the fee: the expert's pay, not the price")
    end: EndAnswer | None
    refund: RefundAnswer | None
    terms: str = Field(description="the hash of the terms it is judged by")
    created_at: Time
    updated_at: Time


class SessionAnswer(SessionState):
    """A session, whole."""

    links: LinksAnswer | None = None


def session_answer(record: Record, now: Ms, links: dict[Role, str] | None = None) -> SessionAnswer:
    """The session as the booking system sees it."""
    slot = record.session.slot
    verdict = settlement_of(record.facts)
    so_far = verdict or standing(record.facts, record.terms, now)
    bps = fee_factor_of(record.facts)
    return SessionAnswer(
        id=record.id,
        status=record.session.phase,
        version=record.version,
        title=record.title,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        opens_at=slot.opens_at,
        duration_minutes=slot.duration // 60_000,
        client=_party(record, Role.CLIENT, so_far.client),
        expert=_party(record, Role.EXPERT, so_far.expert),
        fee=_money(record.fee),
        expert_fee_factor_bps=bps,
        expert_fee=_money(expert_fee(record.fee, bps)) if record.fee and bps is not None else None,
        end=_end(record, verdict) if verdict else None,
        refund=_refund(record, verdict) if verdict else None,
        terms=record.terms.hash,
        links=LinksAnswer(client=links.get(Role.CLIENT), expert=links.get(Role.EXPERT)) if links else None,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def party_view(record: Record, role: Role, now: Ms, guidelines_version: str, said: Said = _NOTHING_SAID) -> View:
    """What a party's page shows and may do, as of ``now``. ``said``: what the ledgers of both persons hold."""
    record = afterwards.veiled(record, role, said, now)
    session, slot = record.session, record.session.slot
    seat, other = session.seat(role), session.seat(role.other)
    verdict = settlement_of(record.facts)
    state = refund_state(afterwards.before_claim(record, role, said, now), record.terms)
    quiet = _said_in_leaving(verdict) and role is Role.EXPERT and not afterwards.others_word_is_shown(record, said, now)
    started = now >= slot.starts_at
    gone = other.gone if session.phase is Phase.HELD and not other.here else None
    may_claim, may_dispute = afterwards.claims(record, role, now)
    status: messages.PeerStatus = "here" if other.here else "away" if gone else "not_here"
    return View(
        id=record.id,
        version=record.version,
        server_time=now,
        status=session.phase,
        title=record.title,
        opens_at=slot.opens_at,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        met=session.met_at is not None,
        me=messages.Me(
            role=role,
            name=record.party(role).name,
            accepted=seat.accepted,
            here=seat.here,
            join=seat.join,
            locale=record.party(role).locale,
        ),
        other=messages.Other(
            role=role.other,
            name=record.party(role.other).name,
            status=status,
            running_late_minutes=_running_late(record.facts, role.other),
            punctual=role is Role.CLIENT and record.who(Role.EXPERT).badge,  # P1.7
            time_zone=record.party(role.other).time_zone,
        ),
        guidelines=messages.Guidelines(version=guidelines_version),
        may=messages.May(
            join=not session.over and now >= slot.opens_at,
            end=session.met_at is not None and started and other.here and not session.over,  # P3.3, P3.4, P3.8
            step_out=seat.here and not session.over,
            leave_at=may_leave_at(session, role),
            request_refund=role is Role.CLIENT and state.status is RefundStatus.ELIGIBLE,
            ask_consent=session.met_at is not None and not session.over,
            rate=afterwards.may_rate(record, role, said, now),
            report=afterwards.may_report(record, role, said, now),
            claim=may_claim,
            dispute=may_dispute,
            answer_rating=afterwards.may_answer(record, role, said, now),
            contest=afterwards.may_contest(record, role, said, verdict),
        ),
        fee=_message_money(record.fee.amount, record.fee.currency) if record.fee else None,
        reconnect_grace_seconds=slot.reconnect_grace,
        expert_absence_seconds=_absence_so_far(record, now),
        held_until=gone.grace_until if gone else None,
        consents=afterwards.consents(record, said.texts),
        end=_message_end(verdict, quiet=quiet) if verdict else None,
        refund=_message_refund(state, verdict) if verdict and not quiet else None,
        afterwards=afterwards.afterwards(record, role, said, now),
    )


def _absence_so_far(record: Record, now: Ms) -> Ms:
    """What would stand on the refund beside the time that is left, if the expert left now (P3.4, P3.18)."""
    if record.session.over or record.session.met_at is None:
        return 0
    parts = if_expert_left(record.facts, record.terms, record.fee, now).parts
    return max(0, sum(part.span for part in parts) - max(0, record.session.slot.ends_at - now))


def settlement_of(facts: tuple[AnyFact, ...]) -> Settlement | None:
    """The verdict on this ledger, once there is one: as it was settled, with what operators revised since (P3.15)."""
    verdict: Settlement | None = None
    for fact in facts:
        if isinstance(fact, Settled):
            verdict = fact.settlement
        elif isinstance(fact, Revised) and verdict is not None:
            verdict = revised(verdict, fact)
    return verdict


def fee_factor_of(facts: tuple[AnyFact, ...]) -> int | None:
    """The expert's factor that was frozen into this session (P1.6), in bps."""
    return next((fact.bps for fact in reversed(facts) if isinstance(fact, FeeFactored)), None)


def _party(record: Record, role: Role, so_far: Party) -> PartyAnswer:
    party = record.party(role)
    return PartyAnswer(
        id=party.person_id,
        name=party.name,
        email=party.email,
        time_zone=party.time_zone,
        locale=party.locale,
        country=party.country,
        metadata=dict(party.metadata),
        guidelines=_guidelines(record.facts, role),
        arrived_at=so_far.attendance.arrived_at,
        lateness_seconds=so_far.attendance.lateness,
        attendance=so_far.attendance.kind,
    )


def _end(record: Record, verdict: Settlement) -> EndAnswer:
    end = record.session.end
    return EndAnswer(
        reason=verdict.reason,
        by=verdict.by,
        at=verdict.as_of,
        decided_at=verdict.ended_at,
        note=end.note if end else None,
        for_cause=verdict.cause,
        unlapsed_seconds=verdict.unlapsed,
        present_seconds=PresentSeconds(client=verdict.client.present, expert=verdict.expert.present),
        mutual_seconds=verdict.mutual,
        hung_up_by=verdict.hung_up_by,
        first_out=verdict.first_out,
        flags=verdict.flags,
    )


def _refund(record: Record, verdict: Settlement) -> RefundAnswer:
    state = refund_state(record.facts, record.terms)
    refund = verdict.refund
    return RefundAnswer(
        status=state.status,
        basis=refund.basis,
        max=_money_of(state.max_amount, refund.currency),
        requested=_money_of(state.requested, refund.currency),
        approved=_money_of(state.approved, refund.currency),
        parts=tuple(PartAnswer(seconds=part.span, rule=part.rule) for part in refund.parts),
        until=state.until,
        note=state.note,
        reference=state.reference,
        rules=refund.rules,
        terms=verdict.terms,
    )


def _said_in_leaving(verdict: Settlement | None) -> bool:
    """Whether the client, in ending the session, said that it could not be held (P3.17): its claim, so P2.1 holds."""
    return verdict is not None and verdict.cause not in (None, NO_MEDIA)


def _message_end(verdict: Settlement, *, quiet: bool) -> messages.End:
    def party(so_far: Party) -> messages.PartySummary:
        return messages.PartySummary(
            arrived_at=so_far.attendance.arrived_at,
            lateness_seconds=so_far.attendance.lateness,
            attendance=so_far.attendance.kind,
            present_seconds=so_far.present,
            away=tuple(messages.Away(start=gap.start, end=gap.end, bridged=not gap.lapsed) for gap in so_far.gaps),
        )

    return messages.End(
        reason=verdict.reason,
        by=verdict.by,
        at=verdict.as_of,
        for_cause=verdict.cause is not None and not quiet,
        mutual_seconds=verdict.mutual,
        client=party(verdict.client),
        expert=party(verdict.expert),
    )


def _message_refund(state: RefundState, verdict: Settlement) -> messages.Refund:
    currency = verdict.refund.currency

    def amount(value: int | None) -> messages.Money | None:
        return _message_money(value, currency) if value is not None and currency is not None else None

    return messages.Refund(
        status=state.status.value,
        basis=verdict.refund.basis,
        max=amount(state.max_amount),
        requested=amount(state.requested),
        approved=amount(state.approved),
        parts=tuple(messages.RefundPart(seconds=part.span, rule=part.rule) for part in verdict.refund.parts),
        until=state.until,
        note=state.note,
    )


def _message_money(amount: int, currency: str) -> messages.Money:
    return messages.Money(amount=amount, currency=currency, exponent=money.EXPONENTS[currency])


def _money(fee: money.Money | None) -> Money | None:
    return Money(amount=fee.amount, currency=fee.currency) if fee else None


def _money_of(amount: int | None, currency: str | None) -> Money | None:
    return Money(amount=amount, currency=currency) if amount is not None and currency is not None else None


def _guidelines(facts: tuple[AnyFact, ...], role: Role) -> Literal["accepted", "declined"] | None:
    for fact in reversed(facts):
        if isinstance(fact, Exchanged) and fact.role is role:
            return None  # another person's word
        if isinstance(fact, Accepted | Declined) and fact.role is role:
            return fact.kind
    return None


def _running_late(facts: tuple[AnyFact, ...], role: Role) -> int | None:
    for fact in reversed(facts):
        if isinstance(fact, Exchanged) and fact.role is role:
            return None
        if isinstance(fact, RunningLate) and fact.role is role:
            return fact.minutes
    return None
