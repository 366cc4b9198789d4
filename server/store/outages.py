"""Declared outages in the store, what was done for each session because of one, and which sessions a span touched."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from server.store.locks import add_once
from signaling.session import Ms, Phase, Role


@dataclass(frozen=True, slots=True)
class Outage:
    """A span in which this service was away, as an operator says; ``reason`` is a digest."""

    id: str
    begins_at: Ms
    ends_at: Ms
    reason: str
    who: str
    declared_at: Ms


async def add(connection: AsyncConnection, declared: Outage) -> bool:
    """True if it was not declared before."""
    return await add_once(
        connection, tables.outages, **{each.name: getattr(declared, each.name) for each in fields(declared)}
    )


async def done(connection: AsyncConnection, id_: str) -> set[str]:
    """The sessions for which everything was done."""
    d = tables.outage_sessions
    return {row.session_id for row in await connection.execute(select(d.c.session_id).where(d.c.outage == id_))}


async def mark(connection: AsyncConnection, id_: str, session: str, now: Ms) -> None:
    await add_once(connection, tables.outage_sessions, outage=id_, session_id=session, done_at=now)


async def touched(connection: AsyncConnection, start: Ms, end: Ms, limit: int) -> list[str]:
    """Sessions that are over and whose window has a part in ``[start, end)``, by their start."""
    s = tables.sessions
    query = (
        select(s.c.id)
        .where(s.c.probe == 0, s.c.status == Phase.ENDED.value, s.c.starts_at < end, s.c.ends_at > start)
        .order_by(s.c.starts_at, s.c.id)
        .limit(limit)
    )
    return [row.id for row in await connection.execute(query)]


async def of_person(connection: AsyncConnection, person: str, role: Role, start: Ms, end: Ms, limit: int) -> list[str]:
    """Sessions of a person that begin in ``[start, end)``, but for those that have ended; by their start."""
    s, p, n = tables.sessions, tables.parties, tables.people
    ids = select(n.c.person_id).where((n.c.pseudonym == person) | (n.c.person_id == person))
    query = (
        select(s.c.id)
        .join(p, p.c.session_id == s.c.id)
        .where(
            p.c.role == role.value,
            p.c.person_id.in_(ids),
            s.c.status != Phase.ENDED.value,
            s.c.starts_at >= start,
            s.c.starts_at < end,
        )
        .order_by(s.c.starts_at, s.c.id)
        .limit(limit)
    )
    return [row.id for row in await connection.execute(query)]
