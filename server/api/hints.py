"""Hints among several servers: what one node has committed, the dashboards that are open on another one hear of.

A node on which somebody watches says so every second, and the others tell it what they commit, each hint with a number.
Messages may be lost. Who sees that it missed one, meets a node for the first time or hears it no more, has its pages
ask for everything anew; while nothing is heard at all, they do so every half minute. Who is signed out on one node is
so on all of them, at once where that is heard, and else when the sign-in is looked at next (``live.CHECKED_EVERY``).

It refuses to know who watches, and what a page makes of a hint: that is ``Hub``'s, and the page's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from server.api.hub import Hub
from signaling.ports import Report

log = structlog.get_logger("hints")

EVERY: Final = 1.0
UNHEARD: Final = 3.0
"""Seconds after which a node that is not heard does not watch any more, or has nothing more to tell."""

LINGERS: Final = 60.0
"""So long somebody counts as watching after the last page was closed: one that connects anew is not to begin anew."""

BLIND: Final = 30.0

Body = dict[str, Any]


class Bus(Protocol):
    """``signaling.bus``, as far as it is needed here."""

    me: str
    handlers: dict[str, Callable[[str, Body], Awaitable[Body | None]]]

    @property
    def unsure(self) -> bool: ...
    def tell(self, to: str, kind: str, /, **body: Any) -> None: ...
    def tell_all(self, kind: str, **body: Any) -> None: ...


@dataclass(slots=True)
class _Watching:
    """Another node on which somebody watches: until when, and how many hints it was told."""

    until: float
    told: int = 0


@dataclass(slots=True)
class _Telling:
    """Another node that tells us: how many hints have come from there, and when it was heard."""

    got: int
    heard: float


class Hints:
    """One per process, beside its ``Hub``. A listener of the desk; ``end`` is for the operators' drawer."""

    def __init__(self, hub: Hub, bus: Bus, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._bus = bus
        self._monotonic = monotonic
        self._watching: dict[str, _Watching] = {}
        self._telling: dict[str, _Telling] = {}
        self._watched_until = self._reloaded = -BLIND
        self._task: asyncio.Task[None] | None = None
        bus.handlers |= {
            "watching": self._is_watching,
            "hint": self._hint,
            "hinted": self._hinted,
            "signed-out": self._signed_out,
        }

    async def start(self) -> None:
        self._task = asyncio.create_task(self._go_round(), name="hints")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def __call__(self, session: str, report: Report) -> None:
        """After a commit here."""
        now = self._monotonic()
        for process, there in list(self._watching.items()):
            if there.until < now:
                del self._watching[process]
                continue
            there.told += 1
            phase = report.session.phase.value
            self._bus.tell(process, "hint", n=there.told, session=session, version=report.version, phase=phase)

    def end(self, who: str) -> None:
        """An account, a key, or one sign-in's mark, which is no secret."""
        self._hub.end(who)
        self._bus.tell_all("signed-out", who=who)

    # --- what others say ---

    async def _is_watching(self, sender: str, body: Body) -> None:
        if sender == self._bus.me:
            return
        until = self._monotonic() + UNHEARD
        there = self._watching.setdefault(sender, _Watching(until))
        there.until = until
        self._bus.tell(sender, "hinted", n=there.told)

    async def _hint(self, sender: str, body: Body) -> None:
        self._count(sender, body["n"], 1)
        self._hub.hint(body["session"], body["version"], body["phase"])

    async def _hinted(self, sender: str, body: Body) -> None:
        """How many hints we were told from there: all of them have come before this."""
        self._count(sender, body["n"], 0)

    def _count(self, sender: str, n: int, more: int) -> None:
        known = self._telling.get(sender)
        if known is None or n != known.got + more:
            self._hub.reload()
        self._telling[sender] = _Telling(n, self._monotonic())

    async def _signed_out(self, sender: str, body: Body) -> None:
        if sender != self._bus.me:
            self._hub.end(body["who"])

    # --- every second ---

    async def _go_round(self) -> None:
        while True:
            try:
                self.look()
            except Exception:
                log.exception("a round of hints failed")
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        """Say that somebody watches here, if so; and whether something may have been missed."""
        now = self._monotonic()
        if len(self._hub):
            self._watched_until = now + LINGERS
        if now > self._watched_until:
            self._telling.clear()
            return
        self._bus.tell_all("watching")
        for sender in [sender for sender, known in self._telling.items() if now - known.heard > UNHEARD]:
            del self._telling[sender]  # what it committed last, it may have told nobody
            self._hub.reload()
        if self._bus.unsure and now - self._reloaded >= BLIND:
            self._reloaded = now
            self._hub.reload()
