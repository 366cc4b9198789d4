"""Endpoints in the store: where events are sent to, what each wants of them, and how it fares.

The secrets stand here sealed and as text; this file does not open them, and it decides nothing about an endpoint.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from server.store.batch import Questions
from signaling.session import Ms

Status = Literal["enabled", "disabled"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``events``: types, and ``session.*`` for a family; none: all. ``old_secret`` signs too, until then."""

    id: str
    url: str
    description: str | None
    events: tuple[str, ...]
    secret: str
    created_at: Ms
    updated_at: Ms
    old_secret: str | None = None
    old_secret_until: Ms | None = None
    status: Status = "enabled"
    disabled_why: str | None = None
    failing_since: Ms | None = None
    failures: int = 0
    paused_until: Ms | None = None
    tests: int = 0

    @property
    def stream(self) -> str:
        """Of the events that are about this endpoint, and sent to it alone."""
        return f"endpoint/{self.id}"


async def add(connection: AsyncConnection, endpoint: Endpoint) -> None:
    await connection.execute(insert(tables.endpoints).values(_row(endpoint)))


async def find(connection: AsyncConnection, id_: str, *, lock: bool = False) -> Endpoint | None:
    """``lock``: nobody else changes it before this transaction has ended."""
    e = tables.endpoints
    query = select(e).where(e.c.id == id_)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    return _endpoint(row) if row else None


async def lock(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Endpoint]:
    """Those of ``ids`` that there are; nobody else changes them before this transaction has ended."""
    e = tables.endpoints
    query = select(e).where(e.c.id.in_(sorted(ids))).order_by(e.c.id).with_for_update()
    return {row.id: _endpoint(row) for row in await connection.execute(query)}


async def every(connection: AsyncConnection) -> list[Endpoint]:
    """All of them, oldest first."""
    return [_endpoint(row) for row in (await _EVERY.ask(connection))[0]]


_EVERY = Questions(select(tables.endpoints).order_by(tables.endpoints.c.created_at, tables.endpoints.c.id))


async def save(connection: AsyncConnection, endpoint: Endpoint) -> None:
    """As it is now; whoever saves has it locked."""
    e = tables.endpoints
    await connection.execute(update(e).where(e.c.id == endpoint.id).values(_row(endpoint)))


async def remove(connection: AsyncConnection, endpoint: Endpoint) -> None:
    """With all that was sent to it, and the tests of it; events stay."""
    d, a, o, e = tables.deliveries, tables.attempts, tables.outbox, tables.endpoints
    mine = select(d.c.id).where(d.c.endpoint == endpoint.id)
    await connection.execute(delete(a).where(a.c.delivery.in_(mine)))
    await connection.execute(delete(d).where(d.c.endpoint == endpoint.id))
    await connection.execute(delete(o).where(o.c.stream == endpoint.stream))
    await connection.execute(delete(e).where(e.c.id == endpoint.id))


def _row(endpoint: Endpoint) -> dict[str, object]:
    row = asdict(endpoint)
    row["events"] = " ".join(endpoint.events)
    row["secret_sealed"], row["old_secret_sealed"] = row.pop("secret"), row.pop("old_secret")
    return row


def _endpoint(row: object) -> Endpoint:
    r: Any = row
    values: dict[str, Any] = r._asdict()
    values["events"] = tuple(values["events"].split())
    values["secret"], values["old_secret"] = values.pop("secret_sealed"), values.pop("old_secret_sealed")
    return Endpoint(**values)
