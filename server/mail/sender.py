"""The sender of letters: plans them in the transaction that hands an event on, and sends each when its time has come.

A letter is claimed under a lease and committed, judged anew, rendered, sent, and only then marked as sent: who falls
down in between sends it once more under the same Message-ID. A few connections at most, several letters on each; what
a server that is away has not taken is tried again on a schedule that ends. No address ever gets into a log.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import zlib
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.mail.address import mailbox
from server.mail.letters import Drop, PutOff, judge, plan, retry_at
from server.mail.render import Sheet, message
from server.mail.smtp import CONNECT, SEND, Connection, Deferred, Refused, Server, Unreachable, connected
from server.store import letters
from server.store.database import Database
from server.store.letters import Letter, Outcome
from server.store.outbox import Event
from server.store.sessions import Record
from signaling.errors import Busy, NotFound
from signaling.messages import View
from signaling.ports import Clock
from signaling.session import Ms, Role

log = structlog.get_logger("mail")

LEASE: Ms = 60_000
"""So long after a fall the letters in hand are free again."""

_LANES = 4
"""Connections at once. All letters of a session are in one lane, so that they arrive in their order."""

_AT_ONCE = 40
_MARGIN: Ms = round((CONNECT + SEND) * 1000) + 5_000
_EVERY = 1.0
"""Seconds between two looks at what is due."""

Seen = Callable[[str, Role], Awaitable[tuple[Record, View]]]
"""The session and a party's view of it, as of now."""

Link = Callable[[Record, Role], str]
"""A party's join link, as it works now."""


class Sender:
    """One per process. ``handed_on`` is for whoever hands events on."""

    def __init__(
        self,
        database: Database,
        server: Server,
        sheet: Sheet,
        *,
        seen: Seen,
        link: Link,
        clock: Clock,
        rating_window: Ms,
        reminder: Ms,
        jitter: Callable[[], float] = random.random,
        alone: bool = True,
    ) -> None:
        self._database = database
        self._server = server
        self._sheet = sheet
        self._seen = seen
        self._link = link
        self._clock = clock
        self._rating_window = rating_window
        self._reminder = reminder
        self._jitter = jitter
        self._alone = alone
        self._helo = urlsplit(sheet.origin).hostname or "localhost"
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Alone on the database: what the one before it had in its hands is due again. Else it may be another's."""
        now = self._clock()
        if self._alone:
            await self._database.write(lambda c: letters.release(c, now))
        self._running = asyncio.create_task(self._run(), name="mail")

    async def stop(self) -> None:
        """At once: what is in hand has its lease, and is sent by the next one."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    async def handed_on(self, connection: AsyncConnection, events: Sequence[Event]) -> None:
        """Plan the letters that these events bring, in the transaction that hands them on."""
        now = self._clock()
        brought = [plan(event.id, event.type, event.body, event.created_at, now, self._reminder) for event in events]
        kept = await letters.kept(connection, [session for session, planned in brought if planned])
        for session, planned in brought:
            if session in kept:
                await letters.add(connection, session, planned, now)

    async def round(self) -> int:
        """Send what is due now; how many letters that were."""
        now = self._clock()
        until = now + LEASE
        claimed = await self._database.write(lambda c: letters.claim(c, now, until, _AT_ONCE))
        lanes: dict[int, list[Letter]] = {}
        for letter in claimed:
            lanes.setdefault(zlib.crc32(letter.session.encode()) % _LANES, []).append(letter)
        results = await asyncio.gather(*(self._lane(lane, until) for lane in lanes.values()), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return len(claimed)

    async def _run(self) -> None:
        while True:
            try:
                async with self._database.read(brief=True) as connection:
                    due = await letters.next_due(connection)
                if due is not None and due <= self._clock():
                    await self.round()
                    continue
            except Busy:
                log.warning("letters wait for the store")
            except Exception:
                log.exception("sending letters failed; it is tried again")
            await asyncio.sleep(_EVERY)

    async def _lane(self, lane: Sequence[Letter], until: Ms) -> None:
        """One after the other, on one connection, made for the first that holds."""
        async with _Line(self._server, self._helo) as line:
            for letter in lane:
                if self._clock() > until - _MARGIN:  # soon no longer ours
                    await self._put_off(letter, self._clock(), "next_round", letter.attempts)
                    continue
                try:
                    ready = await self._ready(letter)
                    if ready is not None:
                        await self._send(await line.open(), letter, *ready)
                except Unreachable as error:
                    await line.broke(error)
                    await self._again(letter, f"unreachable: {error.args[0]}")
                except Busy:
                    raise
                except Exception:
                    log.exception("a letter failed", letter=letter.id, session=letter.session, kind=letter.kind)
                    await self._again(letter, "error")

    async def _ready(self, letter: Letter) -> tuple[Record, View] | None:
        """What the letter is made from, if it holds now."""
        try:
            record, view = await self._seen(letter.session, letter.role)
        except NotFound:
            await self._finish(letter, "dropped", "gone")
            return None
        now = self._clock()
        match judge(letter, record, view, now, self._rating_window):
            case Drop(why=why):
                await self._finish(letter, "dropped", why)
                return None
            case PutOff(until=until):
                await self._put_off(letter, until, "not_yet", letter.attempts)
                return None
        if not record.party(letter.role).email:
            await self._finish(letter, "dropped", "no_address")
            return None
        return record, view

    async def _send(self, connection: Connection, letter: Letter, record: Record, view: View) -> None:
        party = record.party(letter.role)
        to = mailbox(party.email or "", party.name)
        if to is None:
            await self._finish(letter, "failed", "address")
            return
        mail = message(self._sheet, letter, record, view, to, self._link(record, letter.role), self._clock())
        try:
            await connection.send(mail, self._sheet.sender, to)
        except Deferred as error:
            await self._again(letter, f"deferred: {error.args[0]}")
        except Refused as error:
            await self._finish(letter, "failed", f"refused: {error.args[0]}", letter.attempts + 1)
        else:
            await self._finish(letter, "sent", None, letter.attempts + 1)

    async def _again(self, letter: Letter, why: str) -> None:
        attempts, now = letter.attempts + 1, self._clock()
        due_at = retry_at(attempts, now, self._jitter())
        if due_at is None:
            await self._finish(letter, "failed", why, attempts)
        else:
            await self._put_off(letter, due_at, why, attempts)

    async def _finish(self, letter: Letter, outcome: Outcome, why: str | None, attempts: int | None = None) -> None:
        now, made = self._clock(), letter.attempts if attempts is None else attempts
        mine = await self._database.write(lambda c: letters.settle(c, letter, outcome, why, made, now))
        told = log.warning if outcome == "failed" or not mine else log.info
        told(f"letter {outcome}", letter=letter.id, session=letter.session, kind=letter.kind, why=why, ours=mine)

    async def _put_off(self, letter: Letter, due_at: Ms, why: str, attempts: int) -> None:
        await self._database.write(lambda c: letters.put_off(c, letter, due_at, why, attempts))
        log.info("letter put off", letter=letter.id, session=letter.session, kind=letter.kind, why=why)


class _Line:
    """The connection of one lane. It is made anew once; when that breaks as well, this lane is over."""

    def __init__(self, server: Server, helo: str) -> None:
        self._server = server
        self._helo = helo
        self._stack = contextlib.AsyncExitStack()
        self._connection: Connection | None = None
        self._broken = 0
        self._trouble: Unreachable | None = None

    async def __aenter__(self) -> _Line:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def open(self) -> Connection:
        """``Unreachable`` at once if it was so just now."""
        if self._trouble is not None:
            raise self._trouble
        if self._connection is None:
            self._connection = await self._stack.enter_async_context(connected(self._server, self._helo))
        return self._connection

    async def broke(self, error: Unreachable) -> None:
        self._broken += 1
        if self._trouble is None and (self._connection is None or self._broken > 1):
            log.warning("the mail server cannot be reached", server=self._server.shown, why=error.args[0])
            self._trouble = error
        self._connection = None
        await self._stack.aclose()
