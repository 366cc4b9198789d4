"""How a call was, as each side's page measured it: rows of a few samples each, kept for a while as evidence (P5.7).

It is no ledger: nothing is judged by it, a crash may take some of it, and it goes by itself. One row holds what one
side said between two visits to the disk.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from server.store.batch import Rows, put
from signaling.session import Ms, Role

MOST_ROWS = 4_000
"""How many rows one session gives at most: more than the longest one fills."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one side's page measured at one time; None where its browser could not say.

    ``sends``: which of microphone, camera and screen it said was on, by their first letters.
    """

    at: Ms
    round_trip_ms: int | None = None
    loss_percent: int | None = None
    bitrate_kbps: int | None = None
    level: str | None = None
    sends: str | None = None


async def add(connection: AsyncConnection, taken: Mapping[tuple[str, Role], Sequence[Sample]]) -> None:
    """One row per side, all in one go; a row that is there already is left alone.

    Nothing of who was erased meanwhile, by another server: there it could not be known what is on its way here (P5.7).
    """
    erased = await _erased(connection, sorted({session for session, _ in taken}))
    rows: list[dict[str, Any]] = [
        {
            "session_id": session,
            "role": role.value,
            "since": samples[0].at,
            "until": samples[-1].at,
            "samples": json.dumps([_packed(each) for each in samples], separators=(",", ":")),
        }
        for (session, role), samples in taken.items()
        if samples and (session, role) not in erased
    ]
    await put(connection, Rows(tables.quality, rows, once=True))


async def of_session(connection: AsyncConnection, session: str, role: Role | None = None) -> dict[Role, list[Sample]]:
    """What there is of each side, oldest first."""
    q = tables.quality
    query = select(q.c.role, q.c.samples).where(q.c.session_id == session)
    if role is not None:
        query = query.where(q.c.role == role.value)
    rows = await connection.execute(query.order_by(q.c.since).limit(MOST_ROWS))
    found: dict[Role, list[Sample]] = {side: [] for side in Role}
    for row in rows:
        found[Role(row.role)] += [Sample(*values) for values in json.loads(row.samples)]
    return found


async def remove_old(connection: AsyncConnection, before: Ms) -> int:
    """Take away what was measured before then; how many rows there were."""
    q = tables.quality
    return (await connection.execute(delete(q).where(q.c.until < before))).rowcount


async def forget(connection: AsyncConnection, sides: Sequence[tuple[str, Role]]) -> None:
    """Take away what these sides of these sessions measured."""
    q = tables.quality
    for start in range(0, len(sides), 100):
        some = [and_(q.c.session_id == session, q.c.role == role.value) for session, role in sides[start : start + 100]]
        await connection.execute(delete(q).where(or_(*some)))


async def _erased(connection: AsyncConnection, sessions: Sequence[str]) -> set[tuple[str, Role]]:
    p, n = tables.parties, tables.people
    found: set[tuple[str, Role]] = set()
    for start in range(0, len(sessions), 500):
        some = p.c.session_id.in_(sessions[start : start + 500])
        query = select(p.c.session_id, p.c.role).join(n, n.c.person_id == p.c.person_id)
        rows = await connection.execute(query.where(some, n.c.erased_at.is_not(None)))
        found |= {(row.session_id, Role(row.role)) for row in rows}
    return found


def _packed(sample: Sample) -> list[Any]:
    packed = [sample.at, sample.round_trip_ms, sample.loss_percent, sample.bitrate_kbps, sample.level]
    return packed if sample.sends is None else [*packed, sample.sends]
