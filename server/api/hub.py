"""Who watches the dashboard by socket, and what is to be told to each: hints, merged and bounded.

A hint names a session, its version and its phase; of one session none is told that is older than the newest. It is a
listener of the desk; who may watch, and how it is written to a socket, is ``live``'s; what is committed on other nodes
it hears from ``hints``.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from server.store import views_desk as views
from server.store.views import Reader
from signaling.ports import Report
from signaling.session import Ms

PER_SIGN_IN: Final = 8
IN_ALL: Final = 200
ROOM: Final = 500
REMEMBERED: Final = 5_000
COUNTED_EVERY: Final = 4.0


@dataclass(slots=True, eq=False)
class Watcher:
    """One socket. ``hints``: by session, the newest; more than ``ROOM`` of them, and it is to load everything."""

    mark: str
    who: str
    hints: dict[str, tuple[int, str]] = field(default_factory=dict)
    reload: bool = False
    ended: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def hint(self, session: str, version: int, phase: str) -> None:
        if session not in self.hints and len(self.hints) >= ROOM:
            self.all_anew()
        if not self.reload:
            self.hints[session] = (version, phase)
        self.news.set()

    def all_anew(self) -> None:
        self.hints.clear()
        self.reload = True
        self.news.set()


class Hub:
    """One per process. A listener of the desk; ``end`` closes what somebody has open who is signed out."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._counted: tuple[float, dict[str, Any]] | None = None
        self.closed = False

    def __len__(self) -> int:
        return len(self._watchers)

    async def __call__(self, session: str, report: Report) -> None:
        self.hint(session, report.version, report.session.phase.value)

    def hint(self, session: str, version: int, phase: str) -> None:
        """Of several nodes each may tell of the same change, and one of them late."""
        if version <= self._newest.get(session, 0):
            return
        self._newest[session] = version
        self._newest.move_to_end(session)
        while len(self._newest) > REMEMBERED:
            self._newest.popitem(last=False)
        for watcher in self._watchers:
            watcher.hint(session, version, phase)

    def reload(self) -> None:
        """Nobody knows what was missed: everything is to be asked for again."""
        for watcher in self._watchers:
            watcher.all_anew()

    def end(self, who: str) -> None:
        """``who``: an account, a key, or one sign-in's mark."""
        for watcher in self._watchers:
            if who in (watcher.mark, watcher.who):
                watcher.ended = True
                watcher.news.set()

    def close(self) -> None:
        """This server is going down."""
        self.closed = True
        for watcher in self._watchers:
            watcher.news.set()

    def enter(self, mark: str, who: str) -> Watcher | None:
        """None where there are too many."""
        if len(self._watchers) >= IN_ALL or sum(each.mark == mark for each in self._watchers) >= PER_SIGN_IN:
            return None
        watcher = Watcher(mark, who)
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    async def counts(self, reader: Reader, now: Ms, monotonic: Callable[[], float] = time.monotonic) -> dict[str, Any]:
        """The numbers that every page shows: asked once for all of them, and not more often than needed."""
        if self._counted is None or monotonic() - self._counted[0] >= COUNTED_EVERY / 2:
            here, queue = await views.present(reader), await views.queue_counts(reader, now)
            counts = {
                "counts": {"kind": "counts", **here},
                "queue": {"kind": "queue", "open": queue.open, "overdue": queue.overdue},
            }
            self._counted = monotonic(), counts
        return self._counted[1]
