"""An alarm clock: wakes the desk at a session's next deadline, and sweeps every second for whatever it missed.

Once an hour it lets ``tidy`` take away what was kept for long enough (P5.7).

It knows no rules and keeps no record: the deadline is in the store, the stop is in the relay, and all that a lost alarm
costs is the second until the sweep (APScheduler drops jobs on a stall or a clock step by default; here it may not).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from signaling.errors import Stale
from signaling.ports import Clock
from signaling.session import Ms

log = structlog.get_logger("timers")

HORIZON: Ms = 86_400_000
"""Alarms further ahead than a day are left to a later change or to the sweep."""


_TIDY = "/tidy"
"""No session has such an id."""


class Timers:
    """``wake_at`` may be called from anywhere on the loop; the last call for a session counts."""

    def __init__(
        self,
        wake: Callable[[str], Awaitable[None]],
        sweep: Callable[[], Awaitable[int]],
        clock: Clock,
        tidy: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._wake = wake
        self._sweep = sweep
        self._tidy = tidy
        self._clock = clock
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 4}
        )
        self._set: dict[str, Ms] = {}  # every change of a session names its alarm, and most leave it where it is
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._scheduler.start()
        if self._tidy is not None:
            self._scheduler.add_job(self._tidy_up, "interval", hours=1, id=_TIDY)
        self._sweeping = asyncio.create_task(self._sweep_forever(), name="sweep")

    async def stop(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
            self._sweeping = None
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def wake_at(self, session: str, when: Ms | None) -> None:
        """Wake ``session`` at ``when``; None takes the alarm away."""
        if when is not None and self._set.get(session) == when:
            return
        now = self._clock()
        if when is None or when - now > HORIZON:
            if self._set.pop(session, None) is None:
                return
            try:
                self._scheduler.remove_job(session)
            except JobLookupError:
                pass
            return
        run_at = datetime.now(UTC) + timedelta(milliseconds=max(0, when - now))
        self._scheduler.add_job(self._ring, "date", run_date=run_at, args=[session], id=session, replace_existing=True)
        self._set[session] = when

    def rearm(self) -> None:
        """The wall clock stepped: alarms are kept in its time, so it is enough to look at them again."""
        if self._scheduler.running:
            self._scheduler.wakeup()

    async def _ring(self, session: str) -> None:
        self._set.pop(session, None)
        try:
            await self._wake(session)
        except Stale as error:
            log.warning("an alarm was not taken; the sweep will find it", session=session, code=error.code)
        except Exception:
            log.exception("an alarm failed; the sweep will find it", session=session)

    async def _tidy_up(self) -> None:
        assert self._tidy is not None
        try:
            await self._tidy()
        except Exception:
            log.exception("tidying up failed; it is tried again in an hour")

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(1)
            try:
                await self._sweep()
            except Stale:
                log.warning("a sweep was not taken; the next one tries again")
            except Exception:
                log.exception("a sweep failed; the next one tries again")
