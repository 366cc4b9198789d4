"""The outbox on its way out: events handed on, deliveries claimed under a lease, and what came of each attempt.

An event is a row of the transaction of its cause; it gets its ``position`` when it is handed on, one transaction at a
time, for commits come out of order and a position does not. A delivery that is being sent is due again when its lease
is over: who fell down with it in the hand loses nothing. Whom an event is for, and what follows from an answer, is
decided above.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import uuid_utils
from sqlalchemy import BigInteger, bindparam, delete, func, insert, literal, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from server.store.batch import Questions
from server.store.locks import exclusively
from signaling.session import Ms

Status = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the outbox, handed on."""

    id: str
    stream: str
    sequence: int
    type: str
    body: str
    created_at: Ms
    position: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours to send until the lease is over. ``attempts`` and ``tried``: those before this one."""

    id: str
    lease: str
    event: str
    stream: str
    body: str
    attempts: int
    tried: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, for the record."""

    at: Ms
    took: Ms
    status: int | None
    error: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a claim, and where that leaves the delivery."""

    claim: Claim
    attempt: Attempt
    status: Status
    due_at: Ms | None


_SETTLED = ("status", "due_at", "attempts", "tried", "finished_at")


async def add(connection: AsyncConnection, stream: str, sequence: int, type_: str, body: str, now: Ms) -> str:
    """An event of a stream that counts by itself; its id."""
    id_ = str(uuid_utils.uuid7())
    await connection.execute(
        insert(tables.outbox).values(
            id=id_, stream=stream, sequence=sequence, type=type_, body=body, created_at=now, position=None
        )
    )
    return id_


async def hand_on(connection: AsyncConnection, limit: int) -> list[Event]:
    """Give the oldest events that have none their positions; each stream in its order."""
    await exclusively(connection, "outbox", "position")
    rows, newest = await _NEW.ask(connection, most=limit)
    if not rows:
        return []
    last = newest[0].position or 0
    events = [
        Event(row.id, row.stream, row.sequence, row.type, row.body, row.created_at, position)
        for position, row in enumerate(rows, start=last + 1)
    ]
    await connection.execute(_HANDED_ON, [{"of": event.id, "at": event.position} for event in events])
    return events


def _new() -> Questions:
    o = tables.outbox
    unhanded = select(o).where(o.c.position.is_(None)).order_by(o.c.created_at, o.c.sequence, o.c.id)
    return Questions(
        unhanded.limit(bindparam("most", type_=BigInteger)), select(func.max(o.c.position).label("position"))
    )


_NEW = _new()
_HANDED_ON = update(tables.outbox).where(tables.outbox.c.id == bindparam("of")).values(position=bindparam("at"))


async def deliver(connection: AsyncConnection, pairs: Collection[tuple[Event, str]], now: Ms) -> None:
    """Each event is to go to this endpoint, from now on. Where that is so already, nothing changes."""
    if pairs:
        await connection.execute(
            insert(tables.deliveries),
            [
                {
                    "id": f"dl_{uuid_utils.uuid7().hex}",
                    "event": event.id,
                    "endpoint": endpoint,
                    "stream": event.stream,
                    "position": event.position,
                    "status": "pending",
                    "attempts": 0,
                    "tried": 0,
                    "due_at": now,
                    "created_at": now,
                }
                for event, endpoint in pairs
            ],
        )


# --- sending ----------------------------------------------------------------------------------------------------------


async def waiting(connection: AsyncConnection, now: Ms) -> Ms | None:
    """When there is something to do: now, if an event is to be handed on; else when the next delivery is due."""
    unhanded, rows = await _WAITING.ask(connection)
    if unhanded:
        return now
    return min((max(row.due, row.paused_until or 0) for row in rows if row.due is not None), default=None)


def _waiting() -> Questions:
    o, d, e = tables.outbox, tables.deliveries, tables.endpoints
    first = select(func.min(d.c.due_at)).where(d.c.endpoint == e.c.id).correlate(e).scalar_subquery()
    return Questions(
        select(o.c.id).where(o.c.position.is_(None)).limit(1),
        select(first.label("due"), e.c.paused_until).where(e.c.status == "enabled"),
    )


_WAITING = _waiting()


async def unhanded(connection: AsyncConnection) -> bool:
    """Whether there is an event that was not handed on."""
    o = tables.outbox
    return (await connection.execute(select(o.c.id).where(o.c.position.is_(None)).limit(1))).first() is not None


async def endpoints_due(connection: AsyncConnection, now: Ms) -> set[str]:
    """To which of the enabled ones something is to be sent now: those that are left alone are not among them."""
    d, e = tables.deliveries, tables.endpoints
    some = select(d.c.id).where(d.c.endpoint == e.c.id, d.c.due_at <= now).exists()
    rested = or_(e.c.paused_until.is_(None), e.c.paused_until <= now)
    return {row.id for row in await connection.execute(select(e.c.id).where(e.c.status == "enabled", rested, some))}


async def under_way(connection: AsyncConnection, endpoint: str, now: Ms) -> list[tuple[str, str]]:
    """What is being sent to an endpoint: stream and lease of each."""
    d = tables.deliveries
    query = select(d.c.stream, d.c.lease).where(d.c.endpoint == endpoint, d.c.lease.is_not(None), d.c.due_at > now)
    return [(row.stream, row.lease) for row in await connection.execute(query)]


async def due(
    connection: AsyncConnection, endpoint: str, now: Ms, but: Collection[str], limit: int
) -> list[tuple[str, str]]:
    """Deliveries whose time has come, oldest first: id and stream. ``but``: none of these streams."""
    d = tables.deliveries
    query = (
        select(d.c.id, d.c.stream)
        .where(d.c.endpoint == endpoint, d.c.due_at <= now, d.c.stream.not_in(sorted(but)))
        .order_by(d.c.due_at, d.c.position)
        .limit(limit)
    )
    return [(row.id, row.stream) for row in await connection.execute(query)]


async def claim(connection: AsyncConnection, ids: Sequence[str], lease: str, until: Ms, now: Ms) -> list[Claim]:
    """Those of ``ids`` that are still due, in their order, now ours."""
    d, o = tables.deliveries, tables.outbox
    done = await connection.execute(
        update(d).where(d.c.id.in_(ids), d.c.due_at <= now).values(lease=lease, due_at=until)
    )
    if not done.rowcount:
        return []
    rows = await connection.execute(
        select(d, o.c.body).join(o, o.c.id == d.c.event).where(d.c.id.in_(ids), d.c.lease == lease)
    )
    found = {row.id: Claim(row.id, lease, row.event, row.stream, row.body, row.attempts, row.tried) for row in rows}
    return [found[id_] for id_ in ids if id_ in found]


async def held(connection: AsyncConnection, claims: Collection[Claim]) -> set[str]:
    """Which of these are still ours, and nobody else's before this transaction has ended."""
    d = tables.deliveries
    query = select(d.c.id, d.c.lease).where(d.c.id.in_(sorted(each.id for each in claims))).with_for_update()
    leases = {row.id: row.lease for row in await connection.execute(query)}
    return {each.id for each in claims if leases.get(each.id) == each.lease}


async def settle(connection: AsyncConnection, results: Sequence[Result]) -> None:
    """What came of these, on record; they are held."""
    d = tables.deliveries
    if not results:
        return
    await connection.execute(
        update(d)
        .where(d.c.id == bindparam("of"))
        .values({name: bindparam(f"new_{name}") for name in _SETTLED} | {"lease": null()}),
        [
            {
                "of": each.claim.id,
                "new_status": each.status,
                "new_due_at": each.due_at,
                "new_attempts": each.claim.attempts + 1,
                "new_tried": each.claim.tried + 1,
                "new_finished_at": None if each.status == "pending" else each.attempt.at + each.attempt.took,
            }
            for each in results
        ],
    )
    await connection.execute(
        insert(tables.attempts),
        [{"delivery": each.claim.id, "number": each.claim.attempts + 1, **asdict(each.attempt)} for each in results],
    )


async def release(connection: AsyncConnection, now: Ms, leases: Collection[str] | None = None) -> int:
    """What was claimed and not sent is due now. None: whatever the process before this one had in its hands."""
    d = tables.deliveries
    ours = d.c.lease.is_not(None) if leases is None else d.c.lease.in_(sorted(leases))
    done = await connection.execute(update(d).where(ours).values(lease=None, due_at=now))
    return done.rowcount


# --- again ------------------------------------------------------------------------------------------------------------


async def between(connection: AsyncConnection, start: Ms, end: Ms, after: int, limit: int) -> list[Event]:
    """Events of a time, closed and open, behind a position."""
    o = tables.outbox
    query = (
        select(o)
        .where(o.c.created_at >= start, o.c.created_at < end, o.c.position > after)
        .order_by(o.c.position)
        .limit(limit)
    )
    return [an_event(row) for row in await connection.execute(query)]


async def find(connection: AsyncConnection, delivery: str) -> tuple[str, str] | None:
    """The event and the endpoint of a delivery."""
    d = tables.deliveries
    row = (await connection.execute(select(d.c.event, d.c.endpoint).where(d.c.id == delivery))).first()
    return (row.event, row.endpoint) if row else None


async def delivered_to(connection: AsyncConnection, endpoint: str, events: Collection[str]) -> dict[str, Status]:
    """Which of these events have a delivery to this endpoint, and how it stands."""
    d = tables.deliveries
    query = select(d.c.event, d.c.status).where(d.c.endpoint == endpoint, d.c.event.in_(sorted(events)))
    return {row.event: row.status for row in await connection.execute(query)}


async def again(connection: AsyncConnection, endpoint: str, events: Collection[str], now: Ms) -> int:
    """Send these once more, from the beginning of the schedule. What is just being sent is left alone."""
    d = tables.deliveries
    done = await connection.execute(
        update(d)
        .where(d.c.endpoint == endpoint, d.c.event.in_(sorted(events)), d.c.lease.is_(None))
        .values(status="pending", due_at=now, tried=0, finished_at=null())
    )
    return done.rowcount


# --- what goes --------------------------------------------------------------------------------------------------------


async def forget(connection: AsyncConnection, stream: str) -> None:
    """What was sent of a stream, before its events go."""
    d, a, o = tables.deliveries, tables.attempts, tables.outbox
    events = select(o.c.id).where(o.c.stream == stream)
    theirs = select(d.c.id).where(d.c.event.in_(events))
    await connection.execute(delete(a).where(a.c.delivery.in_(theirs)))
    await connection.execute(delete(d).where(d.c.event.in_(events)))


async def forget_answers(connection: AsyncConnection, events: Collection[str]) -> None:
    """What came back for these: it may say again what was sent."""
    d, a = tables.deliveries, tables.attempts
    ids = sorted(events)
    for first in range(0, len(ids), 500):
        theirs = select(d.c.id).where(d.c.event.in_(ids[first : first + 500]))
        await connection.execute(update(a).where(a.c.delivery.in_(theirs)).values(answer=null()))


async def forget_older(connection: AsyncConnection, before: Ms, limit: int) -> int:
    """Deliveries that were made and last due or done before then, with their attempts; then tests that nobody has."""
    d, a, o, e = tables.deliveries, tables.attempts, tables.outbox, tables.endpoints
    last = func.coalesce(d.c.finished_at, d.c.due_at, d.c.created_at)
    query = select(d.c.id).where(d.c.created_at < before, last < before).order_by(d.c.created_at).limit(limit)
    old = [row.id for row in await connection.execute(query)]
    await connection.execute(delete(a).where(a.c.delivery.in_(old)))
    await connection.execute(delete(d).where(d.c.id.in_(old)))
    tests = o.c.stream.in_(select(literal("endpoint/") + e.c.id))
    kept = select(d.c.id).where(d.c.event == o.c.id).exists()
    await connection.execute(delete(o).where(tests, o.c.created_at < before, ~kept))
    return len(old)


def an_event(row: object) -> Event:
    """A row of the outbox that was handed on."""
    r: Any = row
    return Event(r.id, r.stream, r.sequence, r.type, r.body, r.created_at, r.position)
