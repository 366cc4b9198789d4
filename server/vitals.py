"""How this process fares, looked at every ten seconds and kept for an hour: for the dashboard, and for nothing else.

The lag is how much later than asked the event loop came back from a nap of half a second, the longest since the look
before: what every timer and every answer waits at least. It knows no session and no person.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from signaling.ports import Clock
from signaling.session import Ms

EVERY = 10.0
KEPT = 360
_NAP = 0.5


class Load(Protocol):
    """What of the relay's totals is looked at."""

    @property
    def legs(self) -> int: ...
    @property
    def packets(self) -> int: ...
    @property
    def bytes(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Vital:
    """One look. Rates are since the look before."""

    at: Ms
    loop_lag_ms: float
    legs: int
    packets_per_second: float
    bits_per_second: float
    sockets: int


class Vitals:
    """``start`` and ``stop``; ``history`` is oldest first."""

    def __init__(
        self,
        load: Callable[[], Load],
        sockets: Callable[[], int],
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._sockets = sockets
        self._clock = clock
        self._monotonic = monotonic
        self._kept: deque[Vital] = deque(maxlen=KEPT)
        self._task: asyncio.Task[None] | None = None
        self._lag = 0.0
        self._before: tuple[float, int, int] | None = None

    @property
    def history(self) -> Sequence[Vital]:
        return tuple(self._kept)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._for_ever(), name="vitals")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def napped(self, late: float) -> None:
        """The loop came back so many seconds later than asked."""
        self._lag = max(self._lag, late)

    def look(self) -> None:
        """Keep what there is to see now."""
        now, load = self._monotonic(), self._load()
        since, packets, size = self._before or (now, load.packets, load.bytes)
        span = now - since
        self._kept.append(
            Vital(
                at=self._clock(),
                loop_lag_ms=round(self._lag * 1000, 2),
                legs=load.legs,
                packets_per_second=_rate(load.packets - packets, span),
                bits_per_second=_rate((load.bytes - size) * 8, span),
                sockets=self._sockets(),
            )
        )
        self._lag, self._before = 0.0, (now, load.packets, load.bytes)

    async def _for_ever(self) -> None:
        next_look = self._monotonic()
        while True:
            asked = self._monotonic()
            await asyncio.sleep(_NAP)
            self.napped(max(0.0, self._monotonic() - asked - _NAP))
            if self._monotonic() >= next_look:
                self.look()
                next_look = self._monotonic() + EVERY


def _rate(count: int, span: float) -> float:
    """A worker that was restarted counts from nothing again: then nothing is said."""
    return round(count / span, 1) if span > 0 and count > 0 else 0.0
