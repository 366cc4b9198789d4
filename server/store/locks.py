"""What several transactions at once must not do: count and act on the count, and add the same row twice.

On PostgreSQL several transactions run at once, and none sees what another has not committed. Two that count three
complaints and file one each would both count four. On SQLite there is one writer and BEGIN IMMEDIATE: nothing to do.
For a row that is there already, SQLAlchemy's ``with_for_update()`` says the same on both.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import BigInteger, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def exclusively(connection: AsyncConnection, kind: str, key: str) -> None:
    """Wait until no other transaction has this ``key`` of this ``kind``; kept until this one has ended.

    What is read afterwards is as the one before has left it. Where several are taken, take them in sorted order: who
    does not may be undone and run again (``Stale`` in the end), because two wait for each other.
    """
    if connection.dialect.name == "postgresql":
        number = bindparam("number", lock_number(kind, key), BigInteger)
        await connection.execute(select(func.pg_advisory_xact_lock(number)))


async def add_once(connection: AsyncConnection, table: Table, **values: object) -> bool:
    """Insert a row unless there is one with its key, also one that another transaction adds just now. True if new."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    done = await connection.execute(insert(table).values(**values).on_conflict_do_nothing())
    return done.rowcount == 1


def lock_number(kind: str, key: str) -> int:
    """The 64 bits that PostgreSQL knows this lock by. Two keys that share them wait for each other without need."""
    digest = hashlib.sha256(f"{kind}\0{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
