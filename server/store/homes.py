"""Nodes and homes: which servers share this database, and on which of them each session lives. PostgreSQL alone.

A node is one life of one server, for as long as its *lease* runs by the database's clock; a lease that is over is not
renewed. A *home* is a session's row here: it names a node and an *epoch*, which rises with each new home. Who writes
what it has seen of a session live looks at that row in the same transaction, and holds it until the commit: so what a
home writes is written before the next one is made, or not at all.

All times here are the database's. What follows from any of it is decided above.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Row, Select, cast, delete, func, insert, null, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from signaling.session import Ms

LEASE: Ms = 10_000
"""For so long a node is taken for alive that says nothing."""

GONE: Ms = 3_500
"""So long it is, when it has no connection left here and is not heard elsewhere either."""

SETTLED = 15
"""Seconds that PostgreSQL has been up before a missing connection says anything."""

FORGOTTEN: Ms = 86_400_000

_now = cast(func.floor(func.extract("epoch", func.clock_timestamp()) * 1000), BigInteger)

_REVOKE = text(
    "update nodes set lease_until = 0 where process = any(:unheard) and lease_until > 0 "
    "and (extract(epoch from clock_timestamp()) * 1000) - renewed_at > :gone "
    "and pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => :settled) "
    "and not exists (select from pg_stat_activity where application_name = nodes.process) returning name"
)


@dataclass(frozen=True, slots=True)
class Node:
    """One that is alive. ``load``: how many sessions it is home of."""

    id: str
    name: str
    process: str
    load: int
    draining: bool
    drain_until: Ms | None
    now: Ms


@dataclass(frozen=True, slots=True)
class Home:
    """Where a session lives. ``living``: its node's lease runs; ``process`` is that node's."""

    session: str
    node: str | None
    epoch: int
    lost_at: Ms | None
    process: str | None
    living: bool


async def enter(connection: AsyncConnection, id_: str, name: str, process: str, lease: Ms = LEASE) -> None:
    """A life of this server begins."""
    values = {"id": id_, "name": name, "process": process, "load": 0, "drain": 0}
    await connection.execute(
        insert(tables.nodes).values(**values, started_at=_now, renewed_at=_now, lease_until=_now + lease)
    )
    old = select(tables.nodes.c.id).where(tables.nodes.c.lease_until < _now - FORGOTTEN)
    await connection.execute(delete(tables.alive).where(tables.alive.c.node.in_(old)))
    await connection.execute(delete(tables.nodes).where(tables.nodes.c.lease_until < _now - FORGOTTEN))


async def renew(connection: AsyncConnection, id_: str, load: int, lease: Ms = LEASE) -> bool:
    """Go on living; False when the lease was over already, or taken away: then this life has ended."""
    n = tables.nodes
    mine = update(n).where(n.c.id == id_, n.c.lease_until > _now)
    done = await connection.execute(mine.values(load=load, renewed_at=_now, lease_until=_now + lease))
    return done.rowcount == 1


async def leave(connection: AsyncConnection, id_: str) -> None:
    n = tables.nodes
    await connection.execute(update(n).where(n.c.id == id_).values(lease_until=0))


async def revoke(connection: AsyncConnection, unheard: Collection[str]) -> list[str]:
    """End the leases of these processes, if they have not renewed them and have no connection here: their names."""
    if not unheard:
        return []
    values = {"unheard": sorted(unheard), "gone": GONE, "settled": SETTLED}
    return [row.name for row in await connection.execute(_REVOKE, values)]


async def living(connection: AsyncConnection) -> list[Node]:
    n = tables.nodes
    rows = await connection.execute(select(n, _now.label("now")).where(n.c.lease_until > _now).order_by(n.c.id))
    return [Node(r.id, r.name, r.process, r.load, bool(r.drain), r.drain_until, r.now) for r in rows]


async def drain(connection: AsyncConnection, name: str, within: Ms) -> int:
    """Tell the living nodes of this name to take no more, and to move what they still have after ``within``."""
    n = tables.nodes
    named = update(n).where(n.c.name == name, n.c.lease_until > _now)
    return (await connection.execute(named.values(drain=1, drain_until=_now + within))).rowcount


# --- homes ------------------------------------------------------------------------------------------------------------


async def find(connection: AsyncConnection, session: str) -> Home | None:
    h = tables.homes
    row = (await connection.execute(_homes().where(h.c.session_id == session))).first()
    return _home(row) if row else None


async def assign(connection: AsyncConnection, session: str, node: str) -> Home:
    """Give a session without a living home this one, at the next epoch. Where it has one by now, that one counts."""
    h, a = tables.homes, tables.alive
    await connection.execute(
        upsert(h).values(session_id=session, node=null(), epoch=0, lost_at=null()).on_conflict_do_nothing()
    )
    await connection.execute(select(h.c.session_id).where(h.c.session_id == session).with_for_update())
    row = (await connection.execute(_homes().where(h.c.session_id == session))).one()
    before = _home(row)
    if before.living:
        return before
    lost_at = before.lost_at
    if lost_at is None and before.node is not None:  # it died: its last sign is where its outage begins (P3.9)
        sign = (await connection.execute(select(a.c.at).where(a.c.node == before.node))).first()
        lost_at = sign.at if sign else (await connection.execute(select(_now))).scalar_one()
    await connection.execute(
        update(h).where(h.c.session_id == session).values(node=node, epoch=before.epoch + 1, lost_at=lost_at)
    )
    return _home((await connection.execute(_homes().where(h.c.session_id == session))).one())


async def holds(connection: AsyncConnection, session: str, node: str, epoch: int) -> bool:
    """Whether this is a session's home still; if so, it stays it until this transaction has ended."""
    h = tables.homes
    query = select(h.c.node, h.c.epoch).where(h.c.session_id == session).with_for_update(read=True)
    row = (await connection.execute(query)).first()
    return row is not None and (row.node, row.epoch) == (node, epoch)


async def told(connection: AsyncConnection, session: str, epoch: int) -> None:
    """What the loss of the home before took is on the ledger now."""
    h = tables.homes
    await connection.execute(update(h).where(h.c.session_id == session, h.c.epoch == epoch).values(lost_at=null()))


async def free(connection: AsyncConnection, sessions: Sequence[str], node: str, lost_at: Ms | None = None) -> None:
    """These are not lived here any more. ``lost_at``: since then, and that took something from them."""
    h = tables.homes
    mine = update(h).where(h.c.session_id.in_(sessions), h.c.node == node)
    await connection.execute(mine.values(node=null(), lost_at=lost_at))


async def of_node(connection: AsyncConnection, node: str) -> list[Home]:
    h = tables.homes
    return [_home(row) for row in await connection.execute(_homes().where(h.c.node == node))]


async def orphans(connection: AsyncConnection, limit: int) -> list[str]:
    """Sessions that are not over and whose home died, or gave them up in the middle: somebody must take them up."""
    h, n, s = tables.homes, tables.nodes, tables.sessions
    dead = or_(n.c.id.is_(None), n.c.lease_until <= _now)
    joined = h.join(s, s.c.id == h.c.session_id).outerjoin(n, n.c.id == h.c.node)
    query = (
        select(h.c.session_id)
        .select_from(joined)
        .where(s.c.status.not_in(("ended", "cancelled")), dead, or_(h.c.node.is_not(None), h.c.lost_at.is_not(None)))
        .order_by(s.c.ends_at)
        .limit(limit)
    )
    return [row.session_id for row in await connection.execute(query)]


async def elsewhere(connection: AsyncConnection, sessions: Sequence[str]) -> set[str]:
    """Which of these have a home, living or to be replaced first."""
    h, s = tables.homes, tables.sessions
    homed = or_(h.c.node.is_not(None), h.c.lost_at.is_not(None))
    query = (
        select(h.c.session_id)
        .join(s, s.c.id == h.c.session_id)
        .where(h.c.session_id.in_(sessions), homed, s.c.status.not_in(("ended", "cancelled")))
    )
    return {row.session_id for row in await connection.execute(query)}


async def versions(connection: AsyncConnection, sessions: Sequence[str]) -> dict[str, int]:
    s = tables.sessions
    rows = await connection.execute(select(s.c.id, s.c.version).where(s.c.id.in_(sessions)))
    return {row.id: row.version for row in rows}


def _homes() -> Select[Any]:
    h, n = tables.homes, tables.nodes
    is_living = func.coalesce(n.c.lease_until > _now, False)
    return select(h, n.c.process, is_living.label("living")).select_from(h.outerjoin(n, n.c.id == h.c.node))


def _home(row: Row[Any]) -> Home:
    r = row
    return Home(r.session_id, r.node, r.epoch, r.lost_at, r.process, bool(r.living))
