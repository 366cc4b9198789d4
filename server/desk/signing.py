"""The drawer with the signing keys: which key signs receipts now, and all that ever did.

The key is made when the first receipt is asked for. One that cannot be unsealed (the server's secret is another one by
now) is retired, with a line in the log, and a new one is made: what it signed can still be checked.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server import receipts
from server.store import signing
from server.store.database import Database
from server.store.locks import exclusively
from server.store.sealing import seal, unseal
from server.store.signing import SigningKey
from signaling.ports import Clock

log = structlog.get_logger("signing")


class Signing:
    """One per desk. Without a ``sealing_key`` its keys end with this process, and the next one makes its own."""

    def __init__(self, database: Database, sealing_key: bytes, clock: Clock) -> None:
        self._database = database
        self._sealing_key = sealing_key or secrets.token_bytes(32)
        self._clock = clock

    async def seed(self) -> bytes:
        """The private half of the key in use; made if there is none, or none that can be unsealed."""
        async with self._database.read() as connection:
            key = await signing.current(connection)
        seed = None if key is None else unseal(self._sealing_key, key.kid, key.sealed)
        return seed if seed is not None else await self._database.write(self._make)

    async def public_keys(self) -> Sequence[bytes]:
        """Every key that ever signed, oldest first."""
        return [key.public for key in await self.list() if _whole(key)]

    async def list(self) -> Sequence[SigningKey]:
        """Every key there is, with when it was made and retired."""
        async with self._database.read() as connection:
            return await signing.every(connection)

    async def rotate(self) -> SigningKey:
        """Retire the key in use, for good, and make another."""

        async def work(connection: AsyncConnection) -> SigningKey:
            await exclusively(connection, "signing", "keys")
            return (await self._replace(connection))[0]

        return await self._database.write(work)

    async def _make(self, connection: AsyncConnection) -> bytes:
        await exclusively(connection, "signing", "keys")
        key = await signing.current(connection)  # somebody else may have been first
        if key is not None:
            seed = unseal(self._sealing_key, key.kid, key.sealed)
            if seed is not None:
                return seed
            log.warning("the signing key cannot be unsealed with this secret: it is retired", kid=key.kid)
        return (await self._replace(connection))[1]

    async def _replace(self, connection: AsyncConnection) -> tuple[SigningKey, bytes]:
        now, seed = self._clock(), secrets.token_bytes(32)
        public = receipts.public_of(seed)
        kid = receipts.key_id(public)
        await signing.retire(connection, now)
        key = SigningKey(kid, public, seal(self._sealing_key, kid, seed), now)
        await signing.add(connection, key)
        log.info("a new signing key", kid=kid)
        return key, seed


def _whole(key: SigningKey) -> bool:
    """A public half that was damaged in the store is no key at all, and is not shown as one."""
    whole = len(key.public) == 32 and receipts.key_id(key.public) == key.kid
    if not whole:
        log.error("a stored signing key is damaged", kid=key.kid)
    return whole
