"""The pulse: signs of life, and what follows when some are missing although the process lives (P3.9).

Between two signs that were *written* this service did its work. When the wall clock says that more than a few seconds
are missing between the last one and now, it did not: the loop stalled, the process was stopped, the machine slept, the
disk took nothing, or the clock was set forward. Then, before anything else is decided, every session that this took
something from is told of an outage, as after a restart: nobody is late, lost or to blame for that time. A call whose
media went both ways all the same, because the relay is a process of its own, lost nothing and is left alone.

Every second it also compares the wall clock with the monotonic one; a step is logged and counted, and timers and relay
are set anew. It knows no rule: what an outage means is the machine's and the policy's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from server.store.sessions import Record
from signaling.errors import Stale
from signaling.ports import Clock
from signaling.session import Ms, Phase

log = structlog.get_logger("pulse")

BEAT = 1.0
"""Seconds between two looks at the clocks."""

SIGN_EVERY = 2
"""Beats between two signs of life."""

MISSING: Ms = 6_000
"""So long without a written sign of life, and this service was away."""

STEP: Ms = 250
"""So far apart have the clocks moved when it is a step."""

HEARING = 1.5
"""Seconds in which what the relay and the sockets said meanwhile is heard, before it is judged what was missed."""

UNSURE: Ms = 3_000
"""Mutual time is counted in whole seconds and told twice a second: so much of it may be missing at the edges."""


class Desk(Protocol):
    """What the pulse needs of the desk."""

    async def sign_of_life(self) -> Ms: ...
    async def outage(self, last_alive: Ms, spared: Callable[[Record, Ms], bool], /) -> int: ...


class Pulse:
    """``mutual()`` is the time with media both ways, by session; ``on_step(ms)`` sets all alarms anew.

    Give ``catch_up`` to the desk: it is awaited before every change, and returns at once unless time is missing.
    """

    def __init__(
        self,
        desk: Desk,
        clock: Clock,
        *,
        mutual: Callable[[], Mapping[str, Ms]],
        on_step: Callable[[Ms], None],
        monotonic: Callable[[], float] = time.monotonic,
        hearing: float = HEARING,
    ) -> None:
        self.steps = 0
        self.outages = 0
        self._desk = desk
        self._clock = clock
        self._monotonic = monotonic
        self._mutual = mutual
        self._on_step = on_step
        self._hearing = hearing
        self._alive: Ms | None = None
        self._had: Mapping[str, Ms] = {}
        self._apart = self._offset()
        self._catching_up: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """After the desk has reconciled: from here on time may be missing."""
        self._apart = self._offset()
        await self._sign()
        self._task = asyncio.create_task(self._beat_forever(), name="pulse")

    async def stop(self) -> None:
        """With a last sign: this is where the outage of a restart begins."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        try:
            await self.catch_up()
            await self._sign()
        except Stale:
            log.warning("no last sign of life could be written")

    async def catch_up(self) -> None:
        """Return once the sessions know what this service missed. ``Busy`` when it cannot be written yet."""
        if self._catching_up is None:
            if self._alive is None or self._clock() - self._alive <= MISSING:
                return
            self._catching_up = asyncio.create_task(self._make_up(self._alive), name="catching up")
            self._catching_up.add_done_callback(self._caught_up)
        await asyncio.shield(self._catching_up)

    async def beat(self, *, sign: bool = True) -> None:
        """Look at the clocks, settle what is missing, and sign."""
        self._compare()
        await self.catch_up()
        if sign:
            await self._sign()

    async def _make_up(self, alive: Ms) -> None:
        await asyncio.sleep(self._hearing)
        had = self._had

        def spared(record: Record, now: Ms) -> bool:
            session = record.session
            if session.phase is not Phase.LIVE or session.met_at is None or alive < session.slot.starts_at:
                return False
            missing = min(now, session.slot.ends_at) - alive
            return self._mutual().get(record.id, 0) - had.get(record.id, 0) >= missing - UNSURE

        missing = self._clock() - alive
        hurt = await self._desk.outage(alive, spared)
        self.outages += 1
        log.warning("this service was away without having stopped", ms=missing, sessions=hurt)
        await self._sign()

    def _caught_up(self, task: asyncio.Task[None]) -> None:
        self._catching_up = None
        if not task.cancelled():
            task.exception()  # whoever waited has it

    async def _sign(self) -> None:
        had = dict(self._mutual())
        self._alive = await self._desk.sign_of_life()
        self._had = had

    def _compare(self) -> None:
        apart = self._offset()
        step = apart - self._apart
        if abs(step) >= STEP:
            self._apart = apart
            self.steps += 1
            log.warning("the wall clock stepped, or the machine slept", ms=step)
            self._on_step(step)

    def _offset(self) -> Ms:
        return self._clock() - round(self._monotonic() * 1000)

    async def _beat_forever(self) -> None:
        beats = 0
        while True:
            await asyncio.sleep(BEAT)
            beats += 1
            try:
                await self.beat(sign=beats % SIGN_EVERY == 0)
            except Stale:  # Busy: the database has said why
                log.warning("no sign of life could be written")
            except Exception:
                log.exception("the pulse stumbled")
