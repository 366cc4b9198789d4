"""Letters in the store: planned with the event that brings them, claimed under a lease, settled by whoever holds it.

A row names a session, a role and a kind: no name, no address and no words, so nothing of it has to be erased. A letter
that is being sent is free again when its lease is over: who fell down with it in the hand has it sent once more, under
the same id. What is sent when is decided above.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import uuid_utils
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from server.store.batch import Rows, put
from server.store.locks import exclusively
from signaling.session import Ms, Role

Outcome = Literal["sent", "failed", "dropped"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A letter to be. ``about``: the ticket of a report. ``cause``: what makes it one letter and no other."""

    role: Role
    kind: str
    due_at: Ms
    starts_at: Ms | None
    cause: str
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One that is ours to send until the lease is over. ``attempts``: those that were made before."""

    id: str
    session: str
    role: Role
    kind: str
    starts_at: Ms | None
    about: str | None
    attempts: int
    lease: str


async def add(connection: AsyncConnection, session: str, planned: Sequence[Planned], now: Ms) -> None:
    """Keep what was planned for a session; the same once more changes nothing."""
    rows = [
        {
            "id": f"lt_{uuid_utils.uuid7().hex}",
            "session_id": session,
            "role": letter.role.value,
            "kind": letter.kind,
            "cause": letter.cause,
            "starts_at": letter.starts_at,
            "about": letter.about,
            "status": "planned",
            "attempts": 0,
            "due_at": letter.due_at,
            "created_at": now,
        }
        for letter in planned
    ]
    await put(connection, Rows(tables.letters, rows, once=True))


async def kept(connection: AsyncConnection, sessions: Sequence[str]) -> set[str]:
    """Which of these sessions there still are: an event outlives the session that it is about."""
    s = tables.sessions
    return {row.id for row in await connection.execute(select(s.c.id).where(s.c.id.in_(sorted(set(sessions)))))}


async def claim(connection: AsyncConnection, now: Ms, until: Ms, limit: int) -> list[Letter]:
    """Up to ``limit`` letters whose time has come, in the order of their times and then of their causes, leased.

    None of a session of which another sender has one in its hands: they are to arrive in their order.
    """
    t, other = tables.letters, tables.letters.alias()
    await exclusively(connection, "letters", "claim")
    busy = select(other.c.id).where(
        other.c.session_id == t.c.session_id, other.c.lease.is_not(None), other.c.due_at > now
    )
    query = select(t).where(t.c.due_at <= now, ~busy.exists()).order_by(t.c.due_at, t.c.id).limit(limit)
    rows = (await connection.execute(query)).all()
    lease = secrets.token_hex(8)
    if rows:
        await connection.execute(
            update(t).where(t.c.id.in_([row.id for row in rows])).values(lease=lease, due_at=until)
        )
    return [
        Letter(row.id, row.session_id, Role(row.role), row.kind, row.starts_at, row.about, row.attempts, lease)
        for row in rows
    ]


async def release(connection: AsyncConnection, now: Ms) -> None:
    """Take every lease away: nobody is sending."""
    t = tables.letters
    await connection.execute(update(t).where(t.c.lease.is_not(None)).values(lease=None, due_at=now))


async def settle(
    connection: AsyncConnection, letter: Letter, outcome: Outcome, why: str | None, attempts: int, now: Ms
) -> bool:
    """What became of it; False when the lease was lost to another."""
    values = {"status": outcome, "due_at": None, "why": why, "attempts": attempts, "finished_at": now}
    return await _settle(connection, letter, **values)


async def put_off(connection: AsyncConnection, letter: Letter, due_at: Ms, why: str | None, attempts: int) -> bool:
    """Another time; False when the lease was lost to another."""
    return await _settle(connection, letter, due_at=due_at, why=why, attempts=attempts)


async def next_due(connection: AsyncConnection) -> Ms | None:
    """When the next letter is due; None: there is none."""
    at: Ms | None = (await connection.execute(select(func.min(tables.letters.c.due_at)))).scalar_one()
    return at


async def remove_old(connection: AsyncConnection, before: Ms) -> int:
    """Take away what was finished before then; how many there were."""
    t = tables.letters
    return (await connection.execute(delete(t).where(t.c.finished_at < before))).rowcount


async def _settle(connection: AsyncConnection, letter: Letter, **values: object) -> bool:
    t = tables.letters
    mine = update(t).where(t.c.id == letter.id, t.c.lease == letter.lease)
    return (await connection.execute(mine.values(lease=None, **values))).rowcount == 1
