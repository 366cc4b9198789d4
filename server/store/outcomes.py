"""What the ledgers of sessions that are over say, in columns: for lists and sums. It could be made again from them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from server.store.batch import Rows, put
from signaling.session import EndReason, Phase, Role, Whom


async def keep(connection: AsyncConnection, row: Mapping[str, object]) -> None:
    """As the ledger has it now."""
    o = tables.outcomes
    await connection.execute(delete(o).where(o.c.session_id == row["session_id"]))
    await put(connection, Rows(o, [row]))


async def ends_of(connection: AsyncConnection, expert: str, limit: int) -> list[tuple[EndReason, Whom | None]]:
    """How this expert's last sessions ended, the newest first."""
    o, p = tables.outcomes, tables.parties
    theirs = p.c.session_id == o.c.session_id, p.c.role == Role.EXPERT.value, p.c.person_id == expert
    newest = (
        select(o.c.reason, o.c.by).join(p, and_(*theirs)).order_by(o.c.ended_at.desc(), o.c.session_id).limit(limit)
    )
    return [(EndReason(row.reason), Whom(row.by) if row.by else None) for row in await connection.execute(newest)]


async def missing(connection: AsyncConnection, after: str, limit: int) -> list[str]:
    """Sessions that are over and have no row, by id from ``after`` on: from before there were any."""
    s, o = tables.sessions, tables.outcomes
    query = select(s.c.id).where(
        s.c.id > after,
        s.c.probe == 0,
        s.c.status.in_((Phase.ENDED.value, Phase.CANCELLED.value)),
        ~select(o.c.session_id).where(o.c.session_id == s.c.id).exists(),
    )
    return [row.id for row in await connection.execute(query.order_by(s.c.id).limit(limit))]
