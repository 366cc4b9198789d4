"""Sources in the store: the booking systems that post to us, and how each is set up.

The secrets stand here sealed and as text; this file does not open them. A source that was deleted keeps its row, for
what it sent is on record, and its person key, for persons keep their ids should it come again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy.money import Money
from server.store import outbox, tables
from server.store.sessions import OutboxRow
from signaling.session import Ms


@dataclass(frozen=True, slots=True)
class Source:
    """``secret`` None: it was deleted. ``old_secret`` counts too, until then. ``fee``: of a booking that names none.

    ``late_by``: how old a message may be where nothing but its body says when it was sent.
    """

    name: str
    kind: str
    secret: str | None
    person_key: str
    fee: Money | None
    wait_for_payment: bool
    late_by: Ms
    created_at: Ms
    updated_at: Ms
    old_secret: str | None = None
    old_secret_until: Ms | None = None

    @property
    def stream(self) -> str:
        """Of the events about what this source sent."""
        return f"source/{self.name}"


async def add(connection: AsyncConnection, source: Source) -> None:
    await connection.execute(insert(tables.sources).values(events=0, created_at=source.created_at, **_row(source)))


async def find(connection: AsyncConnection, name: str, *, lock: bool = False) -> Source | None:
    """``lock``: nobody else changes it before this transaction has ended."""
    s = tables.sources
    query = select(s).where(s.c.name == name)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    return _source(row) if row else None


async def every(connection: AsyncConnection) -> list[Source]:
    """All of them by name, the deleted ones too."""
    s = tables.sources
    return [_source(row) for row in await connection.execute(select(s).order_by(s.c.name))]


async def save(connection: AsyncConnection, source: Source) -> None:
    """As it is now; whoever saves has it locked."""
    s = tables.sources
    await connection.execute(update(s).where(s.c.name == source.name).values(_row(source)))


async def next_event(connection: AsyncConnection, source: Source) -> int:
    """The number of the next event in its stream, which is thereby taken."""
    s = tables.sources
    taken = update(s).where(s.c.name == source.name).values(events=s.c.events + 1).returning(s.c.events)
    return int((await connection.execute(taken)).scalar_one())


async def tell(connection: AsyncConnection, source: Source, sequence: int, event: OutboxRow, now: Ms) -> None:
    """An event of its stream."""
    await outbox.add(connection, source.stream, sequence, event.type, event.body, now)


def _row(source: Source) -> dict[str, object]:
    return {
        "name": source.name,
        "kind": source.kind,
        "secret_sealed": source.secret,
        "old_secret_sealed": source.old_secret,
        "old_secret_until": source.old_secret_until,
        "person_key_sealed": source.person_key,
        "fee_amount": source.fee.amount if source.fee else None,
        "fee_currency": source.fee.currency if source.fee else None,
        "wait_for_payment": int(source.wait_for_payment),
        "late_by": source.late_by,
        "updated_at": source.updated_at,
    }


def _source(row: object) -> Source:
    r: Any = row
    return Source(
        name=r.name,
        kind=r.kind,
        secret=r.secret_sealed,
        old_secret=r.old_secret_sealed,
        old_secret_until=r.old_secret_until,
        person_key=r.person_key_sealed,
        fee=Money(r.fee_amount, r.fee_currency) if r.fee_amount is not None else None,
        wait_for_payment=bool(r.wait_for_payment),
        late_by=r.late_by,
        created_at=r.created_at,
        updated_at=r.updated_at,
    )
