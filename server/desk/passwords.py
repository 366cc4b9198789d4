"""Passwords as they are kept: Argon2id (RFC 9106), in the PHC spelling, two at a time and never on the event loop.

It takes 19 MiB and some tens of milliseconds each, on purpose; so at most two are under way, and who would be the
hundredth in the queue is told to wait. ``cryptography`` makes them, which is here already.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from signaling.errors import Busy

_MEMORY_KIB, _PASSES, _LANES = 19 * 1024, 2, 1
_AT_ONCE, _WAITING = 2, 32

T = TypeVar("T")


class Passwords:
    """One per process."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._nobodys = ""

    async def keep(self, password: str) -> str:
        """What is stored of it."""
        return await self._aside(lambda: _derive(password))

    async def check(self, password: str, kept: str | None) -> bool:
        """Whether it is the one. For nobody's password (None) it takes as long, and is not."""
        if kept is None and not self._nobodys:
            self._nobodys = await self.keep(secrets.token_urlsafe(24))
        right = await self._aside(lambda: _verify(password, kept or self._nobodys))
        return right and kept is not None

    async def _aside(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING:
            raise Busy("Too many are signing in just now; try again in a moment.")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def _derive(password: str) -> str:
    salt = secrets.token_bytes(16)
    made = Argon2id(salt=salt, length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
    return made.derive_phc_encoded(password.encode())


def _verify(password: str, kept: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(), kept)
    except (InvalidKey, ValueError):
        return False
    return True
