"""Read-only questions for lists, pages and gauges: the one file of the store that doors may use.

It finds and counts; it writes nothing, and it does not know who may see what it finds.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import sessions, tables
from server.store.keys import Key
from server.store.sessions import Party, Record
from signaling.ledger import Entry
from signaling.session import Ms, Phase, Role


class Reader(Protocol):
    """What of the database a door gets: connections that cannot write."""

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions; None means any. ``start`` and ``end`` bound ``starts_at``, closed and open."""

    status: Phase | None = None
    expert: str | None = None
    client: str | None = None
    start: Ms | None = None
    end: Ms | None = None


async def page(reader: Reader, wanted: Wanted, after: tuple[Ms, str] | None, limit: int) -> list[Record]:
    """Up to ``limit`` sessions in the order of ``(starts_at, id)``, beginning behind ``after``."""
    s, p = tables.sessions, tables.parties
    where: list[ColumnElement[bool]] = [s.c.probe == 0]
    if wanted.status is not None:
        where.append(s.c.status == wanted.status.value)
    for role, person in ((Role.EXPERT, wanted.expert), (Role.CLIENT, wanted.client)):
        if person is not None:
            theirs = select(p.c.session_id).where(p.c.person_id == person, p.c.role == role.value)
            where.append(s.c.id.in_(theirs))
    if wanted.start is not None:
        where.append(s.c.starts_at >= wanted.start)
    if wanted.end is not None:
        where.append(s.c.starts_at < wanted.end)
    if after is not None:
        at, id_ = after
        where.append(or_(s.c.starts_at > at, and_(s.c.starts_at == at, s.c.id > id_)))
    async with reader.read() as connection:
        rows = await connection.execute(select(s.c.id).where(*where).order_by(s.c.starts_at, s.c.id).limit(limit))
        return await sessions.load_many(connection, [row.id for row in rows])


async def ledger(reader: Reader, session_id: str, after: int, limit: int) -> list[Entry]:
    """Up to ``limit`` entries behind number ``after``; none for a session that is not there."""
    e = tables.ledger
    query = select(e).where(e.c.session_id == session_id, e.c.seq > after).order_by(e.c.seq).limit(limit)
    async with reader.read() as connection:
        return [Entry(row.seq, row.body, row.hash) for row in await connection.execute(query)]


async def phases(reader: Reader) -> dict[str, int]:
    """How many sessions there are in each phase that has any."""
    s = tables.sessions
    async with reader.read() as connection:
        rows = await connection.execute(
            select(s.c.status, func.count().label("n")).where(s.c.probe == 0).group_by(s.c.status)
        )
        return {row.status: row.n for row in rows}


async def outbox_depth(reader: Reader) -> int:
    """Events for the outside that are kept."""
    async with reader.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(tables.outbox))).scalar_one())


async def last_alive(reader: Reader) -> Ms | None:
    """This service's newest sign of life (P3.9): proof, too, that the database takes writes."""
    async with reader.read() as connection:
        at: Ms | None = (await connection.execute(select(func.max(tables.alive.c.at)))).scalar_one()
        return at


__all__ = [
    "Entry",
    "Key",
    "Party",
    "Reader",
    "Record",
    "Wanted",
    "last_alive",
    "ledger",
    "outbox_depth",
    "page",
    "phases",
]
