"""The node: its lease, the sessions that live on it, and who lives where. One of several servers has it; one alone not.

Every second the lease is renewed in PostgreSQL, and what is there to see is seen: which nodes live, which sessions have
lost their home, what others wrote of those that live here. What is not renewed in time is given up *here*, by the
monotonic clock, before the database's clock lets another have it: the relay's workers hold that date themselves
(``relay``), so that it holds though this process stands still.

    own side: nothing is forwarded later than 7 s after the last renewal was begun (2.5 s, if one since then has failed
              and Redis is not heard either)
    others:   nothing is taken sooner than 10 s after it was written (3.5 s, if the node has no connection left to the
              database, which has been up for a while, and is not heard in Redis either)

It refuses to know what a message means and what a fact is; ``store.homes`` has the rows, the desk the record.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import homes
from server.store.database import Database
from server.store.homes import Home, Node
from signaling.cluster import Place
from signaling.errors import Busy, Elsewhere, Stale
from signaling.session import Ms

log = structlog.get_logger("homes")

EVERY = 1.0
WATCH = 0.25
"""Seconds between two looks at whether the lease still runs."""

KEEP = 7.0
"""Seconds after a renewal was begun in which calls go on here. ``LEASE`` less what clocks and queues may be off."""

KEEP_ALONE = 2.5
"""The same when a renewal has failed and this node does not hear itself in Redis either: it may be taken for dead after
``GONE``. One that is only slow has its connection still, by which the others know that it lives."""

IDLE = 10.0
"""Seconds for which a session that nobody has open is kept: pages that were sent away are just coming back."""

FEW = 8
"""Up to so many nodes each is looked at for a new home."""

AT_ONCE = 50
"""Orphans that are looked at in one turn."""


class Desk(Protocol):
    async def take_up(self, session: str, lost_at: Ms | None, /) -> bool: ...
    def let_go(self, session: str, /) -> None: ...
    def knows(self, session: str, /) -> int: ...
    async def follow(self, session: str, /) -> None: ...
    async def wake(self, session: str, /) -> None: ...


class Lived(Protocol):
    """The live side of the sessions that are at home here."""

    def lives(self, session: str, /) -> bool:
        """Whether anybody has its page open, or a call is on."""

    def in_call(self, session: str, /) -> bool:
        """Whether somebody has taken a seat in it."""

    async def abandon(self, session: str, /) -> None:
        """Drop its legs, and have its pages come back by themselves; nothing goes on record."""


class Heard(Protocol):
    """The other way on which nodes know of each other."""

    @property
    def deaf(self) -> bool: ...
    def silent_for(self, process: str, /) -> float: ...
    def is_heard(self, process: str, /) -> bool: ...
    def tell(self, to: str, kind: str, /, **body: Any) -> None: ...


@dataclass(slots=True)
class _Held:
    epoch: int
    idle_since: float | None = None  # monotonic: nobody has it open


class Homes:
    """One per process. ``relay(until)`` is told up to when legs may be forwarded; ``draining()``, whenever it is found,
    that somebody wants this node to take no more."""

    def __init__(
        self,
        database: Database,
        desk: Desk,
        lived: Lived,
        heard: Heard,
        *,
        name: str,
        process: str,
        monotonic: Callable[[], float],
        relay: Callable[[float], None],
        draining: Callable[[], None],
    ) -> None:
        self.name = name
        self.process = process
        self.id = ""
        self.lost = 0
        self._database = database
        self._desk = desk
        self._lived = lived
        self._heard = heard
        self._monotonic = monotonic
        self._relay = relay
        self._draining = draining
        self._leaving = False
        self._living = False
        self._failed = False  # the newest renewal: there was no connection, or none that answered
        self._renewed = 0.0  # monotonic: when the last renewal that succeeded was begun
        self._held: dict[str, _Held] = {}
        self._taking: dict[str, asyncio.Task[None]] = {}
        self._finding: dict[str, asyncio.Task[Home]] = {}
        self._nodes: dict[str, Node] = {}
        self._given: Counter[str] = Counter()  # what was assigned since their load was last seen
        self._tasks: set[asyncio.Task[None]] = set()
        self._soon = asyncio.Event()

    # --- life ---

    async def start(self) -> None:
        await self._enter()
        await self._look()
        self._spawn(self._live_on(), "node")
        self._spawn(self._watch(), "node-watch")

    async def stop(self) -> None:
        """After ``leave``."""
        tasks: list[asyncio.Task[Any]] = [*self._tasks, *self._finding.values(), *self._taking.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._database.write(lambda c: homes.leave(c, self.id), first=True)
        except Stale:
            log.warning("the node's lease could not be given back; it ends by itself")

    async def leave(self, now: Ms) -> None:
        """Take no more, and let go of all that lives here; what somebody was in has been lost since ``now`` (P3.9)."""
        self._leaving = True
        sessions = list(self._held)
        in_call = [session for session in sessions if self._lived.in_call(session)]
        rest = [session for session in sessions if session not in in_call]
        try:
            await self._database.write(lambda c: self._free(c, rest, in_call, now), first=True)
        except Stale:
            log.warning("homes could not be handed over; they are taken up when the lease is over")
        await asyncio.gather(*map(self._let_go, sessions))

    async def _free(self, connection: AsyncConnection, rest: list[str], in_call: list[str], now: Ms) -> None:
        await homes.free(connection, rest, self.id)
        await homes.free(connection, in_call, self.id, now)

    # --- what others ask ---

    @property
    def living(self) -> bool:
        """Whether the lease runs, as far as this side may count on it."""
        return self._living

    @property
    def nodes(self) -> Sequence[Node]:
        """Those that were alive at the last look."""
        return tuple(self._nodes.values())

    def held(self) -> Collection[str]:
        return self._held.keys()

    def is_alive(self, node: str) -> bool:
        return node in self._nodes

    async def fence(self, connection: AsyncConnection, session: str, *, live: bool) -> None:
        held = self._held.get(session)
        if held is None:
            if live:
                raise Elsewhere()
            return
        if not await homes.holds(connection, session, self.id, held.epoch):
            self._spawn(self._let_go(session), f"let go of {session}")
            raise Elsewhere()

    async def elsewhere(self, sessions: Sequence[str]) -> set[str]:
        others = [session for session in sessions if session not in self._held]
        if not others:
            return set()
        async with self._database.read() as connection:
            return await homes.elsewhere(connection, others)

    async def place(self, session: str) -> Place:
        """Where a session lives; it gets a home if it has none. ``Busy`` when no node can be had."""
        if not self._living:
            raise Busy()
        if await self._has(session):
            return Place(self.id, self.process, here=True)
        finding = self._finding.get(session)
        if finding is None:
            finding = self._finding[session] = asyncio.create_task(self._find(session), name=f"find {session}")
            finding.add_done_callback(lambda _: self._finding.pop(session, None))
        home = await asyncio.shield(finding)
        if home.node == self.id:
            await self._take(home)
            return Place(self.id, self.process, here=True)
        return Place(home.node or "", home.process or "", here=False)

    async def _find(self, session: str) -> Home:
        """Once for all who ask just now: after a death both pages do, and whoever found the session without a home."""
        async with self._database.read() as connection:
            home = await homes.find(connection, session)
        if home is None or not home.living:
            node = self._choose()
            home = await self._database.write(lambda c: homes.assign(c, session, node.id))
            if home.node == node.id:
                self._given[node.id] += 1
                if node.id != self.id:
                    self._heard.tell(node.process, "adopt", session=session)
        return home

    async def at_home(self, session: str) -> bool:
        """Whether it lives here, also if nobody has told us yet."""
        if await self._has(session):
            return True
        async with self._database.read() as connection:
            home = await homes.find(connection, session)
        if home is None or home.node != self.id or not home.living:
            return False
        await self._take(home)
        return True

    def look_soon(self) -> None:
        self._soon.set()

    # --- taking up, letting go ---

    def _choose(self) -> Node:
        """The least loaded of those that can be reached; oneself among equals.

        Of many, the lesser of two that are drawn: all see the loads of a second ago, and the least of them all would
        be everybody's choice (`python -m bench homes`).
        """
        able = [
            node
            for node in self._nodes.values()
            if not node.draining and (node.id == self.id or (self._heard.is_heard(node.process)))
        ]
        if self._leaving:
            able = [node for node in able if node.id != self.id]
        if not able:
            raise Busy("No server can take this call just now; try again in a moment.")
        if len(able) > FEW:
            able = random.sample(able, 2)
        return min(able, key=lambda node: (node.load + self._given[node.id], node.id != self.id))

    async def _has(self, session: str) -> bool:
        if (task := self._taking.get(session)) is not None:
            await asyncio.shield(task)
        return session in self._held

    async def _take(self, home: Home) -> None:
        """Be this session's home. Again: nothing more than waiting for whoever began."""
        session = home.session
        task = self._taking.get(session)
        if task is None and session in self._held:
            return
        if task is None:
            task = self._taking[session] = asyncio.create_task(self._take_up(home), name=f"take up {session}")
            task.add_done_callback(lambda _: self._taking.pop(session, None))
        await asyncio.shield(task)

    async def _take_up(self, home: Home) -> None:
        self._held[home.session] = _Held(home.epoch)
        try:
            due = await self._desk.take_up(home.session, home.lost_at)
            if home.lost_at is not None:
                await self._database.write(lambda c: homes.told(c, home.session, home.epoch))
                log.info("took up a session whose home was lost", session=home.session, epoch=home.epoch)
        except BaseException:
            self._held.pop(home.session, None)
            self._desk.let_go(home.session)
            raise
        if due:
            await self._desk.wake(home.session)

    async def _let_go(self, session: str) -> None:
        if self._held.pop(session, None) is None:
            return
        self._desk.let_go(session)
        await self._lived.abandon(session)

    async def _lose(self) -> None:
        """The lease may be over: whatever lived here does not any more."""
        self._living = False
        if self._held:
            log.error("the lease could not be renewed in time; calls are given up here", sessions=len(self._held))
        self.lost += len(self._held)
        await asyncio.gather(*map(self._let_go, list(self._held)), return_exceptions=True)

    # --- the second's look ---

    async def _live_on(self) -> None:
        while True:
            try:
                async with asyncio.timeout(EVERY):
                    await self._soon.wait()
            except TimeoutError:
                pass
            self._soon.clear()
            try:
                if not await self._renew():
                    await self._lose()
                    await self._enter()
                await self._look()
            except Stale as error:
                log.warning("the node's lease was not renewed", code=error.code)
            except Exception:
                log.exception("a look at the other nodes failed")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH)
            if self._just_unheard():
                self._soon.set()
            if self._living and self._monotonic() >= self._until():
                try:
                    await self._lose()
                except Exception:
                    log.exception("calls could not be given up; the relay has dropped them")

    def _until(self) -> float:
        return self._renewed + (KEEP_ALONE if self._failed and self._heard.deaf else KEEP)

    async def _enter(self) -> None:
        begun, new = self._monotonic(), uuid.uuid4().hex

        async def enter(connection: AsyncConnection) -> None:
            await homes.leave(connection, self.id)
            await homes.enter(connection, new, self.name, self.process)

        await self._database.write(enter, first=True)
        self.id = new
        self._alive(begun)

    async def _renew(self) -> bool:
        begun = self._monotonic()
        try:
            there = await self._database.write(lambda c: homes.renew(c, self.id, len(self._held)), first=True)
        except Stale:
            self._failed = True
            raise
        if not there:
            return False
        if not self._living:  # given up meanwhile, on this side: that was another life
            return False
        self._alive(begun)
        return True

    def _alive(self, begun: float) -> None:
        self._living, self._failed, self._renewed = True, False, begun
        self._relay(begun + KEEP)

    async def _look(self) -> None:
        """Who lives, what lives here, what nobody looks after, what others wrote."""
        unheard = self._unheard()
        if unheard:
            for name in await self._database.write(lambda c: homes.revoke(c, unheard)):
                log.warning("a node is gone: it has no connection and is not heard", node=name)
        held = list(self._held)
        async with self._database.read() as connection:
            nodes = await homes.living(connection)
            mine = await homes.of_node(connection, self.id)
            orphans = await homes.orphans(connection, AT_ONCE)
            versions = await homes.versions(connection, held) if held else {}
        self._nodes = {node.id: node for node in nodes}
        self._given.clear()
        named = {home.session for home in mine}
        for session in held:
            if session not in named:
                await self._let_go(session)  # another took it: we were not heard for too long
            elif versions.get(session, 0) > self._desk.knows(session):
                await self._desk.follow(session)
        for home in mine:
            if home.session not in self._held:
                self._spawn(self._try(self._take(home)), f"adopt {home.session}")
        for session in orphans:
            if session not in self._held:
                self._spawn(self._try(self._rehome(session)), f"rehome {session}")
        await self._tidy(held)
        me = self._nodes.get(self.id)
        if me is not None and me.draining:
            self._draining()
            if self._held and me.drain_until is not None and me.now >= me.drain_until:
                await self.leave(me.now)

    def _unheard(self) -> list[str]:
        if self._heard.deaf:
            return []
        others = {node.process for node in self._nodes.values() if node.process != self.process}
        return [process for process in others if self._heard.silent_for(process) * 1000 > homes.GONE]

    def _just_unheard(self) -> bool:
        """Whether a node may have died just now: it is not to depend on the second when that is seen."""
        return any(self._heard.silent_for(process) * 1000 < homes.GONE + EVERY * 1000 for process in self._unheard())

    async def _rehome(self, session: str) -> None:
        await self.place(session)

    async def _tidy(self, held: list[str]) -> None:
        """What nobody has open any more needs no home. One that drains lets go of all that nobody is in."""
        me = self._nodes.get(self.id)
        drains = self._leaving or (me is not None and me.draining)
        idle = [s for s in held if self._is_idle(s)]
        if drains:
            idle += [s for s in held if s in self._held and s not in idle and not self._lived.in_call(s)]
        if not idle:
            return
        await self._database.write(lambda c: homes.free(c, idle, self.id))
        for session in idle:
            await self._let_go(session)

    def _is_idle(self, session: str) -> bool:
        found = self._held.get(session)
        if found is None:
            return False
        if self._lived.lives(session):
            found.idle_since = None
            return False
        if found.idle_since is None:
            found.idle_since = self._monotonic()
        return self._monotonic() - found.idle_since >= IDLE

    async def _try(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Stale as error:
            log.info("a session could not be taken up now", code=error.code)
        except Exception:
            log.exception("a session could not be taken up")

    def _spawn(self, work: Awaitable[None], name: str) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        task.set_name(name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a node's task failed", exc_info=error)
