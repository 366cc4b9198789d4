"""What follows for the dashboard from a change of the record, in its transaction: outcomes in columns, cases queued.

Both are drawn from the ledgers and decide nothing. ``catch_up`` makes them of what is older than they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from server.answers import settlement_of
from server.policy import cases as policy
from server.policy.facts import AnyFact
from server.policy.people import Dossier
from server.policy.refund import refund_state
from server.store import cases, outcomes, people
from server.store.sessions import Record
from signaling.session import Ms, Role


async def session(connection: AsyncConnection, record: Record, facts: Sequence[AnyFact], now: Ms) -> None:
    """``facts`` were just put on its ledger."""
    if record.probe or not record.session.over or not facts:
        return
    row = _outcome(record)
    if row is not None:
        await outcomes.keep(connection, row)
    expert = record.who(Role.EXPERT).pseudonym
    await cases.follow(connection, policy.of_session(record.id, expert, record.facts, facts, record.terms), now)
    ends = await outcomes.ends_of(connection, record.expert.person_id, record.terms.window)
    lost = sum(policy.is_lost(reason, by) for reason, by in ends)
    await cases.follow(connection, policy.of_endings(record.id, expert, facts, lost), now)


async def person(connection: AsyncConnection, pseudonym: str, before: Dossier, after: Dossier, now: Ms) -> None:
    await cases.follow(connection, policy.of_person(pseudonym, before, after), now)


async def catch_up(connection: AsyncConnection, records: Sequence[Record], now: Ms) -> int:
    """Sessions that were over before there were outcomes; how many."""
    for record in records:
        await session(connection, record, record.facts, now)
    return len(records)


async def catch_up_people(connection: AsyncConnection, now: Ms) -> int:
    """Persons with matters that wait and no case for them; how many."""
    found = await cases.unfollowed(connection)
    for pseudonym in found:
        file = await people.load(connection, pseudonym)
        if file is not None:
            await person(connection, pseudonym, Dossier(), file.dossier, now)
    return len(found)


def _outcome(record: Record) -> dict[str, object] | None:
    verdict = settlement_of(record.facts)
    if verdict is None:
        return None
    state = refund_state(record.facts, record.terms)
    client, expert = verdict.client, verdict.expert
    return {
        "session_id": record.id,
        "starts_at": verdict.starts_at,
        "ended_at": verdict.ended_at,
        "reason": verdict.reason.value,
        "by": verdict.by.value if verdict.by else None,
        "cause": verdict.cause,
        "booked": verdict.ends_at - verdict.starts_at,
        "client_present": client.present,
        "expert_present": expert.present,
        "mutual": verdict.mutual,
        "client_kind": client.attendance.kind.value if client.attendance.kind else None,
        "client_lateness": client.attendance.lateness,
        "expert_kind": expert.attendance.kind.value if expert.attendance.kind else None,
        "expert_lateness": expert.attendance.lateness,
        "flags": " ".join(verdict.flags),
        "basis": verdict.refund.basis,
        "currency": verdict.refund.currency,
        "possible": state.max_amount,
        "requested": state.requested,
        "approved": state.approved,
    }
