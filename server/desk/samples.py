"""Samples of a call's quality on their way to the disk (P5.7): gathered here, written together, so that none costs a
commit of its own.

What is gathered is lost with the process, for it is evidence of a call and no record of it: nothing waits for it, and
nothing is decided by it. It is bounded: one sample per side in ``EVERY``, so many sides, so many samples until they are
written; what is over is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from server.store import quality
from server.store.database import Database
from server.store.quality import Sample
from signaling.errors import Stale
from signaling.session import Ms, Role

log = structlog.get_logger("samples")

EVERY: Ms = 4_000
"""The pages measure every five seconds; what comes sooner than this after the last one is not kept."""

WRITE_AFTER = 30.0
"""Seconds after the first of them in which what was gathered is written."""

MOST_SIDES = 10_000
MOST_PER_SIDE = 64


class Samples:
    """One per desk. ``keep`` says for how long they are kept; 0: they are not even taken."""

    def __init__(self, database: Database, keep: Callable[[], Ms], *, write_after: float = WRITE_AFTER) -> None:
        self._database = database
        self._keep = keep
        self._write_after = write_after
        self._gathered: dict[tuple[str, Role], list[Sample]] = {}
        self._newest: dict[tuple[str, Role], Ms] = {}
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def take(self, session: str, role: Role, sample: Sample) -> bool:
        """Gather one; False if it was one too many. Waits for nothing."""
        side = session, role
        newest = self._newest.get(side)
        if self._keep() == 0 or (newest is not None and sample.at - newest < EVERY):
            return False
        if side not in self._gathered and len(self._gathered) >= MOST_SIDES:
            return False
        samples = self._gathered.setdefault(side, [])
        if len(samples) >= MOST_PER_SIDE:  # the disk has taken nothing for minutes
            return False
        samples.append(sample)
        self._newest[side] = sample.at
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_later(), name="samples")
        return True

    async def write(self) -> None:
        """Write what was gathered so far. What the store does not take now stays gathered."""
        async with self._writing:
            taken, self._gathered = self._gathered, {}
            self._newest = {side: samples[-1].at for side, samples in taken.items()}
            if not taken:
                return
            try:
                await self._database.write(lambda connection: quality.add(connection, taken))
            except Stale:
                log.warning("samples of calls could not be written yet", sides=len(taken))
                for side, samples in self._gathered.items():
                    taken[side] = [*taken.get(side, []), *samples][-MOST_PER_SIDE:]
                self._gathered = taken

    async def finish(self) -> None:
        """Before the database closes."""
        async with self._writing:  # not in the middle of one
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
        await self.write()

    async def _write_later(self) -> None:
        while self._gathered:
            await asyncio.sleep(self._write_after)
            await self.write()
