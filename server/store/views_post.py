"""Read-only questions about what goes out: endpoints, events by position, deliveries with their attempts, gauges.

The views' second file, for doors as well. It finds and counts; it does not know who may see what it finds.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from server.store import endpoints, tables
from server.store.endpoints import Endpoint
from server.store.outbox import Attempt, Event, Status, an_event
from server.store.views import Reader
from signaling.session import Ms


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event to one endpoint. ``due_at`` None: it is being sent, or never by itself again."""

    id: str
    event: str
    endpoint: str
    type: str
    stream: str
    sequence: int
    status: Status
    attempts: int
    sending: bool
    due_at: Ms | None
    created_at: Ms
    finished_at: Ms | None


@dataclass(frozen=True, slots=True)
class Post:
    """How what goes out fares, for gauges. ``oldest_due`` None: nothing is due."""

    unhanded: int
    pending: int
    failed: int
    oldest_due: Ms | None
    disabled: int


async def endpoint(reader: Reader, id_: str) -> Endpoint | None:
    async with reader.read() as connection:
        return await endpoints.find(connection, id_)


async def every_endpoint(reader: Reader) -> list[Endpoint]:
    """All of them, oldest first."""
    async with reader.read() as connection:
        return await endpoints.every(connection)


async def event_position(reader: Reader, id_: str) -> int | None:
    """None for an event that there is not, or not anymore, or that was not handed on."""
    o = tables.outbox
    async with reader.read() as connection:
        return (await connection.execute(select(o.c.position).where(o.c.id == id_))).scalar_one_or_none()


async def events(
    reader: Reader, after: int, types: Collection[str], families: Collection[str], limit: int
) -> list[Event]:
    """Up to ``limit`` events behind a position, in its order; of these types or families, or all."""
    o = tables.outbox
    query = select(o).where(o.c.position > after).order_by(o.c.position).limit(limit)
    if types or families:
        chosen = [o.c.type.startswith(f"{family}.", autoescape=True) for family in families]
        query = query.where(or_(o.c.type.in_(sorted(types)), *chosen))
    async with reader.read() as connection:
        rows = await connection.execute(query)
        return [an_event(row) for row in rows]


async def deliveries(
    reader: Reader, endpoint_id: str, status: Status | None, before: tuple[Ms, str] | None, limit: int
) -> list[Delivery]:
    """Up to ``limit`` of an endpoint, newest first, from behind ``before``."""
    d = tables.deliveries
    where = [d.c.endpoint == endpoint_id]
    if status is not None:
        where.append(d.c.status == status)
    if before is not None:
        at, id_ = before
        where.append(or_(d.c.created_at < at, and_(d.c.created_at == at, d.c.id < id_)))
    query = DELIVERY.where(*where).order_by(d.c.created_at.desc(), d.c.id.desc()).limit(limit)
    async with reader.read() as connection:
        return [a_delivery(row) for row in await connection.execute(query)]


async def delivery(reader: Reader, id_: str) -> tuple[Delivery, str, list[Attempt]] | None:
    """One, with the event's frozen body and every attempt."""
    d, o, a = tables.deliveries, tables.outbox, tables.attempts
    async with reader.read() as connection:
        row = (await connection.execute(DELIVERY.add_columns(o.c.body).where(d.c.id == id_))).first()
        if row is None:
            return None
        rows = await connection.execute(select(a).where(a.c.delivery == id_).order_by(a.c.number))
        tried = [Attempt(each.at, each.took, each.status, each.error, each.answer) for each in rows]
        return a_delivery(row), row.body, tried


async def post(reader: Reader, now: Ms) -> Post:
    """The gauges; what waits for a disabled endpoint is not due."""
    o, d, e = tables.outbox, tables.deliveries, tables.endpoints
    waiting = and_(e.c.status == "enabled", d.c.due_at <= now, d.c.lease.is_(None))
    gauges = (
        select(
            func.count(case((d.c.status == "pending", 1))).label("pending"),
            func.count(case((d.c.status == "failed", 1))).label("failed"),
            func.min(case((waiting, d.c.due_at))).label("oldest"),
        )
        .join(e, e.c.id == d.c.endpoint)
        .where(d.c.status != "delivered")
    )
    async with reader.read() as connection:
        row = (await connection.execute(gauges)).one()
        unhanded = select(func.count()).select_from(o).where(o.c.position.is_(None))
        disabled = select(func.count()).select_from(e).where(e.c.status == "disabled")
        return Post(
            (await connection.execute(unhanded)).scalar_one(),
            row.pending,
            row.failed,
            row.oldest,
            (await connection.execute(disabled)).scalar_one(),
        )


DELIVERY = select(tables.deliveries, tables.outbox.c.type, tables.outbox.c.sequence).join(
    tables.outbox, tables.outbox.c.id == tables.deliveries.c.event
)


def a_delivery(row: object) -> Delivery:
    r: Any = row
    sending = r.lease is not None
    return Delivery(
        r.id,
        r.event,
        r.endpoint,
        r.type,
        r.stream,
        r.sequence,
        r.status,
        r.attempts,
        sending,
        None if sending else r.due_at,
        r.created_at,
        r.finished_at,
    )


__all__ = [
    "Attempt",
    "Delivery",
    "Endpoint",
    "Event",
    "Post",
    "deliveries",
    "delivery",
    "endpoint",
    "event_position",
    "events",
    "every_endpoint",
    "post",
]
