"""Events for the outside, made from new facts: which types, with which data, frozen at the moment of their cause.

Pure. One fact can be news of several kinds (a first join is ``party.joined``, and ``party.waiting`` when nobody else is
there); many facts are no news at all. What an event looks like is ``events``; who may make a link passes it in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from server.answers import session_answer
from server.policy.facts import (
    AnyFact,
    CauseClaimed,
    ConsentAsked,
    ConsentGiven,
    ConsentRefused,
    ConsentWithdrawn,
    Corrected,
    RefundDecided,
    RefundDisputed,
    RefundExpired,
    RefundPaid,
    RefundRequested,
    Revised,
    Settled,
    link_of,
    machine_facts,
)
from server.policy.people import (
    ComplaintDismissed,
    ComplaintFiled,
    ComplaintRecategorised,
    ComplaintUpheld,
    FactorChanged,
    PersonFact,
    RatingGiven,
    RatingVoided,
    SanctionAppealed,
    SanctionImposed,
    SanctionLifted,
)
from server.policy.refund import refund_state
from server.policy.verdict import RefundStatus
from server.store.people import File
from server.store.sessions import OutboxRow, Record
from server.webhooks.events import frozen
from signaling.session import (
    Booked,
    Declined,
    Departed,
    Ended,
    EndReason,
    Exchanged,
    Joined,
    Late,
    Met,
    Moved,
    Ms,
    Role,
    Warned,
    replay,
)

LINKED = frozenset({"session.booked", "session.links"})
"""The types that carry links."""

Link = Callable[[Record, Role], str]
"""Makes a party's join link."""


def rows(record: Record, facts: Sequence[AnyFact], now: Ms, link: Link) -> list[OutboxRow]:
    """The events that ``facts``, just put on the record's ledger, are to the outside; numbered on from its last one."""
    if record.probe:
        return []
    news = [(fact.at, type_, data) for fact in facts for type_, data in _news(record, fact)]
    if not news:
        return []
    linked = any(type_ in LINKED for _, type_, _ in news)
    session = session_answer(record, now, {role: link(record, role) for role in Role} if linked else None)
    return [
        frozen(type_, at, record.events + number, {"session": session, **data})
        for number, (at, type_, data) in enumerate(news, start=1)
    ]


def _news(record: Record, fact: AnyFact) -> Iterator[tuple[str, dict[str, Any]]]:
    match fact:
        case Booked():
            yield "session.booked", {}
        case Exchanged(role=role):
            yield "session.links", {"roles": (role,)}
        case Corrected(what=what) if renewed := tuple(role for role in Role if link_of(role) in what):
            yield "session.links", {"roles": renewed}
        case Moved(by=by):
            yield "session.moved", {"by": by}
        case Joined(role=role):
            before = record.facts[: record.facts.index(fact)]
            first = not any(isinstance(f, Joined) and f.role is role for f in before)
            yield "party.joined" if first else "party.resumed", {"role": role}
            if first and not replay(machine_facts(before)).seat(role.other).here:
                yield "party.waiting", {"role": role}
        case Declined(role=role):
            yield "party.declined", {"role": role}  # P5.2
        case Late(role=role):
            yield "party.late", {"role": role}
        case Met():
            yield "session.live", {}
        case Departed(role=role, how=how, alive_at=alive_at, grace_until=until):
            yield "party.dropped", {"role": role, "how": how, "at": alive_at, "until": until}
        case Warned(remaining=remaining):
            yield "session.warning", {"remaining_seconds": remaining}
        case Ended(reason=EndReason.CANCELLED, by=by):
            yield "session.cancelled", {"by": by}
        case Ended():
            yield "session.ended", {}
        case Settled(settlement=settlement):
            if settlement.refund.status is not RefundStatus.NONE:
                yield f"refund.{settlement.refund.status}", {}
        case RefundRequested():
            yield "refund.requested", {}
        case RefundDecided(decision=decision):
            status = _status_after(record, fact)
            yield "refund.eligible" if status is RefundStatus.ELIGIBLE else f"refund.{decision}", {}
        case RefundPaid():
            yield "refund.settled", {}
        case RefundExpired():
            yield "refund.expired", {}
        case RefundDisputed():
            yield "refund.disputed", {}
        case Revised(refund_max=None):
            pass  # of an attendance: no news of the refund
        case CauseClaimed() | Revised():
            status = _status_after(record, fact)
            if status in (RefundStatus.REVIEW, RefundStatus.ELIGIBLE):
                yield f"refund.{status}", {}
        case ConsentAsked() | ConsentGiven() | ConsentRefused() | ConsentWithdrawn():
            yield fact.kind.replace("_", "."), {"role": fact.role, "request": fact.request}
        case _:
            pass


def _status_after(record: Record, fact: AnyFact) -> RefundStatus:
    return refund_state(record.facts[: record.facts.index(fact) + 1], record.terms).status


# --- persons ----------------------------------------------------------------------------------------------------------


def person_rows(file: File, facts: Sequence[PersonFact]) -> list[OutboxRow]:
    """The events that ``facts``, just put on a person's ledger, are to the outside; numbered on in its own stream.

    They name the person, its session and what is on record, never what anybody wrote.
    """
    person = {"id": file.person.person_id, "pseudonym": file.person.pseudonym}
    news = [(fact.at, type_, data) for fact in facts for type_, data in _person_news(file, fact)]
    return [
        frozen(type_, at, file.person.events + number, {"person": person, **data})
        for number, (at, type_, data) in enumerate(news, start=1)
    ]


def _person_news(file: File, fact: PersonFact) -> Iterator[tuple[str, dict[str, Any]]]:
    match fact:
        case RatingGiven():
            yield "rating.given", {"rating": _rating(fact)}
        case RatingVoided(rating=id_):
            yield "rating.voided", {"rating": _rating(file.dossier.ratings[id_].given)}
        case ComplaintFiled(complaint=id_):
            yield "complaint.filed", {"complaint": _complaint(file, id_)}
        case ComplaintUpheld(complaint=id_):
            yield "complaint.upheld", {"complaint": _complaint(file, id_)}
        case ComplaintDismissed(complaint=id_):
            yield "complaint.dismissed", {"complaint": _complaint(file, id_)}
        case ComplaintRecategorised(complaint=id_):
            yield "complaint.recategorised", {"complaint": _complaint(file, id_)}
        case SanctionImposed(sanction=id_):
            yield "sanction.imposed", {"sanction": _sanction(file, id_)}
        case SanctionLifted(sanction=id_):
            yield "sanction.lifted", {"sanction": _sanction(file, id_)}
        case SanctionAppealed(sanction=id_):
            yield "sanction.appealed", {"sanction": _sanction(file, id_)}
        case FactorChanged():
            data = {"bps": fact.bps, "before_bps": fact.before, "rules": fact.rules, "terms": fact.terms}
            yield "fee_factor.changed", {"fee_factor": data}
        case _:
            pass


def _rating(given: RatingGiven) -> dict[str, Any]:
    return {"id": given.rating, "session": given.session, "role": given.role, "stars": given.stars, "tags": given.tags}


def _complaint(file: File, id_: str) -> dict[str, Any]:
    complaint = file.dossier.complaints[id_]
    return {
        "id": id_,
        "session": complaint.filed.session,
        "role": complaint.filed.role,
        "category": complaint.category,
        "status": complaint.status,
    }


def _sanction(file: File, id_: str) -> dict[str, Any]:
    sanction = file.dossier.sanctions[id_]
    imposed, lifted = sanction.imposed, sanction.lifted
    return {
        "id": id_,
        "basis": imposed.basis,
        "measure": imposed.measure,
        "roles": imposed.roles,
        "imposed_at": imposed.at,
        "until": imposed.until,
        "lifted_at": lifted.at if lifted else None,
        "lifted_why": lifted.why if lifted else None,
        "complaints": imposed.complaints,
        "rules": imposed.rules,
    }
