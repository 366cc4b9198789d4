"""API keys in the store: hashed, shown once, revocable. Who may do what with one is the door's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from signaling.session import Ms


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is kept; the secret itself is known only to whoever was given it."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: Ms
    revoked_at: Ms | None


async def add(connection: AsyncConnection, key: Key, digest: str) -> None:
    await connection.execute(
        insert(tables.keys).values(
            id=key.id, name=key.name, scopes=" ".join(key.scopes), hash=digest, created_at=key.created_at
        )
    )


async def find(connection: AsyncConnection, digest: str) -> Key | None:
    """The key with this hash, revoked or not."""
    k = tables.keys
    row = (await connection.execute(select(k).where(k.c.hash == digest))).first()
    return _key(row) if row else None


async def every(connection: AsyncConnection) -> list[Key]:
    k = tables.keys
    return [_key(row) for row in await connection.execute(select(k).order_by(k.c.created_at, k.c.id))]


async def revoke(connection: AsyncConnection, key_id: str, now: Ms) -> bool:
    """False when there is no such key, or it was revoked before."""
    k = tables.keys
    done = await connection.execute(update(k).where(k.c.id == key_id, k.c.revoked_at.is_(None)).values(revoked_at=now))
    return done.rowcount == 1


def _key(row: object) -> Key:
    r: Any = row
    return Key(r.id, r.name, tuple(r.scopes.split()), r.created_at, r.revoked_at)
