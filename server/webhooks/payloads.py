"""Events for the outside, made from new facts: which types, with which data, frozen at the moment of their cause.

Pure. One fact can be news of several kinds (a first join is ``party.joined``, and ``party.waiting`` when nobody else is
there); many facts are no news at all. Join links are never in an event's body here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from server.answers import session_answer
from server.policy.facts import (
    AnyFact,
    RefundDecided,
    RefundExpired,
    RefundPaid,
    RefundRequested,
    Settled,
    machine_facts,
)
from server.policy.refund import refund_state
from server.policy.verdict import RefundStatus
from server.store.sessions import OutboxRow, Record
from signaling.messages import to_rfc3339
from signaling.session import (
    Booked,
    Declined,
    Departed,
    Ended,
    EndReason,
    Joined,
    Late,
    Met,
    Moved,
    Ms,
    Warned,
    replay,
)

TYPES = (
    "session.booked",
    "session.moved",
    "session.cancelled",
    "party.waiting",
    "party.joined",
    "party.late",
    "party.declined",
    "session.live",
    "party.dropped",
    "party.resumed",
    "session.warning",
    "session.ended",
    "refund.eligible",
    "refund.requested",
    "refund.review",
    "refund.approved",
    "refund.declined",
    "refund.settled",
    "refund.expired",
)


def rows(record: Record, facts: Sequence[AnyFact], now: Ms) -> list[OutboxRow]:
    """The events that ``facts``, just put on the record's ledger, are to the outside; numbered on from its last one."""
    if record.probe:
        return []
    news = [(fact.at, type_, data) for fact in facts for type_, data in _news(record, fact)]
    if not news:
        return []
    session = session_answer(record, now).model_dump(mode="json", exclude={"links"})
    return [
        OutboxRow(
            type_,
            json.dumps(
                {
                    "type": type_,
                    "timestamp": to_rfc3339(at),
                    "sequence": record.events + number,
                    "data": {"session": session, **data},
                },
                separators=(",", ":"),
                ensure_ascii=False,
            ),
        )
        for number, (at, type_, data) in enumerate(news, start=1)
    ]


def _news(record: Record, fact: AnyFact) -> Iterator[tuple[str, dict[str, Any]]]:
    match fact:
        case Booked():
            yield "session.booked", {}
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
            yield "party.dropped", {"role": role, "how": how, "at": to_rfc3339(alive_at), "until": to_rfc3339(until)}
        case Warned(remaining=remaining):
            yield "session.warning", {"remaining_seconds": remaining / 1000}
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
            after = refund_state(record.facts[: record.facts.index(fact) + 1], record.terms)
            yield "refund.eligible" if after.status is RefundStatus.ELIGIBLE else f"refund.{decision}", {}
        case RefundPaid():
            yield "refund.settled", {}
        case RefundExpired():
            yield "refund.expired", {}
        case _:
            pass
