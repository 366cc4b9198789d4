"""The keys that sign receipts: made at first need, private halves sealed, public halves kept for ever.

A private key is sealed with AES-GCM under a key derived from the server's secret (HKDF, a label of its own), so a copy
of the database signs nothing. A retired key loses its private half and keeps its place in the list: receipts are
kept for years. This file keeps keys; it does not know what they sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from server.store.sealing import pack, unpack
from signaling.session import Ms


@dataclass(frozen=True, slots=True)
class SigningKey:
    """``public``: 32 bytes. ``sealed``: the private half, until it is retired."""

    kid: str
    public: bytes
    sealed: bytes | None
    created_at: Ms
    retired_at: Ms | None = None


async def add(connection: AsyncConnection, key: SigningKey) -> None:
    await connection.execute(
        insert(tables.signing_keys).values(
            kid=key.kid,
            public=pack(key.public),
            private_sealed=None if key.sealed is None else pack(key.sealed),
            created_at=key.created_at,
            retired_at=key.retired_at,
        )
    )


async def current(connection: AsyncConnection) -> SigningKey | None:
    """The newest one that is not retired."""
    k = tables.signing_keys
    query = select(k).where(k.c.retired_at.is_(None)).order_by(k.c.created_at.desc(), k.c.kid).limit(1)
    row = (await connection.execute(query)).first()
    return _key(row) if row else None


async def every(connection: AsyncConnection) -> Sequence[SigningKey]:
    """All of them, oldest first, the retired ones too."""
    k = tables.signing_keys
    return [_key(row) for row in await connection.execute(select(k).order_by(k.c.created_at, k.c.kid))]


async def retire(connection: AsyncConnection, now: Ms) -> None:
    """Whatever could sign signs no more: its private half is gone for good, its public half stays."""
    k = tables.signing_keys
    await connection.execute(update(k).where(k.c.retired_at.is_(None)).values(retired_at=now, private_sealed=None))


def _key(row: object) -> SigningKey:
    r: Any = row
    sealed = unpack(r.private_sealed) if r.private_sealed is not None else None
    return SigningKey(r.kid, unpack(r.public), sealed, r.created_at, r.retired_at)
