"""Read-only questions about what comes in: sources, and the messages that they sent.

The views' third file, for doors as well. It finds; it does not know who may see what it finds.
"""

from __future__ import annotations

from sqlalchemy import and_, or_, select

from server.store import sources, tables
from server.store.inbox import Message, Outcome, as_message
from server.store.sources import Source
from server.store.views import Reader
from signaling.session import Ms


async def source(reader: Reader, name: str) -> Source | None:
    async with reader.read() as connection:
        return await sources.find(connection, name)


async def every_source(reader: Reader) -> list[Source]:
    """All of them by name, the deleted ones too."""
    async with reader.read() as connection:
        return await sources.every(connection)


async def messages(
    reader: Reader, name: str, outcome: Outcome | None, before: tuple[Ms, str] | None, limit: int
) -> list[Message]:
    """Up to ``limit`` of a source, newest first, from behind ``before``."""
    i = tables.inbox
    where = [i.c.source == name]
    if outcome is not None:
        where.append(i.c.outcome == outcome)
    if before is not None:
        at, id_ = before
        where.append(or_(i.c.received_at < at, and_(i.c.received_at == at, i.c.message < id_)))
    query = select(i).where(*where).order_by(i.c.received_at.desc(), i.c.message.desc()).limit(limit)
    async with reader.read() as connection:
        return [as_message(row) for row in await connection.execute(query)]


__all__ = ["Message", "Outcome", "Source", "every_source", "messages", "source"]
