"""The keys that sign receipts: made at first need, private halves sealed, public halves kept for ever.

A private key is sealed with AES-GCM under a key derived from the server's secret (HKDF, a label of its own), so a copy
of the database signs nothing. A retired key loses its private half and keeps its place in the list: receipts are
kept for years. This file keeps keys; it does not know what they sign.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from signaling.session import Ms

_LABEL = b"headstrt sealed signing keys 1"
_NONCE = 12


@dataclass(frozen=True, slots=True)
class SigningKey:
    """``public``: 32 bytes. ``sealed``: the private half, until it is retired."""

    kid: str
    public: bytes
    sealed: bytes | None
    created_at: Ms
    retired_at: Ms | None = None


def derive_sealing_key(secret: str) -> bytes:
    """32 bytes for sealing, from the server's secret."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_LABEL).derive(secret.encode())


def seal(sealing_key: bytes, kid: str, seed: bytes) -> bytes:
    """The nonce and the sealed seed, bound to its kid."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(sealing_key).encrypt(nonce, seed, kid.encode())


def unseal(sealing_key: bytes, key: SigningKey) -> bytes | None:
    """The seed; None if it was sealed under another secret, changed, or is gone."""
    if key.sealed is None:
        return None
    try:
        return AESGCM(sealing_key).decrypt(key.sealed[:_NONCE], key.sealed[_NONCE:], key.kid.encode())
    except (InvalidTag, ValueError):
        return None


async def add(connection: AsyncConnection, key: SigningKey) -> None:
    await connection.execute(
        insert(tables.signing_keys).values(
            kid=key.kid,
            public=_pack(key.public),
            private_sealed=None if key.sealed is None else _pack(key.sealed),
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
    sealed = _unpack(r.private_sealed) if r.private_sealed is not None else None
    return SigningKey(r.kid, _unpack(r.public), sealed, r.created_at, r.retired_at)


def _pack(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _unpack(text: str) -> bytes:
    """What is not base64 is nothing that was sealed here, and unseals to nothing."""
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
