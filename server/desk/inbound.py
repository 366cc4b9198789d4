"""The desk's third drawer: what booking systems send of themselves, and the sessions that it makes, moves and cancels.

A message is checked, read and then one transaction: its row, so that it counts once; what it said; and the difference
that this makes to its session. What is to be is the fold over all that was heard of a chain of bookings (``chain``),
so the order of arrival does not matter. What the rules refuse is on record and told; the message was taken all the
same, for its sender can do nothing about it and would only send it again.

Three things happen by time: a booking whose first one never came is taken as it is, one whose slot was given up for
another that never came is cancelled when the doors would open, and a session that turns out to be another one's double
goes. Whoever cancelled in time is not to blame for what was heard too late.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.desk.people import People
from server.desk.sessions import Booking
from server.desk.sources import no_source
from server.store import inbox, sessions, sources
from server.store.inbox import Message
from server.store.locks import exclusively
from server.store.sessions import Record
from server.store.sources import Source
from server.webhooks import events
from server.webhooks.booking import DIALECTS
from server.webhooks.booking.chain import Heard, State, Wanted, What, decode, encode, fold
from server.webhooks.booking.said import Nothing, Said, Unfit
from server.webhooks.verify import Headers, refused
from server.wire import Unreadable
from signaling.errors import Busy, ProtocolError, Stale, UserError
from signaling.ports import Report
from signaling.session import MINUTE, Cancel, Ms, Phase, Role, Whom

log = structlog.get_logger("inbound")

PATIENCE: Ms = 2 * MINUTE
"""How long what follows upon a booking waits for that booking."""

EARLY_BY: Ms = 5 * MINUTE
INBOX_KEPT: Ms = 30 * 24 * 60 * MINUTE
_AT_ONCE = 100
_TRIES = 5
_SESSION = re.compile(r"[A-Za-z0-9._:~-]{1,64}")


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a message. ``exchanged``: the parties that are other persons now, whose old links are over.

    ``own_words``: its source is the booking system itself, and may have the links.
    """

    message: Message
    record: Record | None = None
    exchanged: tuple[Role, ...] = ()
    own_words: bool = False


@dataclass(frozen=True, slots=True)
class _Done:
    """One look at a chain, committed: a session before and after, and what is to be told of it."""

    before: Record | None = None
    after: Record | None = None
    report: Report | None = None
    refused: UserError | None = None


class _Elsewhere(Stale):
    """By now it is another session that this concerns."""


class Inbound(People):
    """Sessions and persons, and the booking systems that speak of them."""

    async def take(self, name: str, headers: Headers, raw: bytes) -> Taken:
        """One message as it came. ``Denied``, ``ProtocolError`` 400, ``NotFound``, ``Stale`` 409, or ``Busy``."""
        opened = await self.sources.open(name)
        source, dialect, at = opened.source, DIALECTS[opened.source.kind], self.clock()
        id_ = dialect.check(opened.secrets, headers, raw, at)
        try:
            said = dialect.read(raw, id_, opened.person_of)
        except Unreadable as error:
            raise ProtocolError("unreadable", f"This message cannot be read: {error}.") from None
        if isinstance(said, Heard) and dialect.dated and not at - source.late_by <= said.at <= at + EARLY_BY:
            raise refused()
        message = Message(name, id_, hashlib.sha256(raw).hexdigest(), at, uid=_uid(said))
        for _ in range(_TRIES):
            try:
                taken = await self._receive(source, message, said)
                return replace(taken, own_words=dialect.prefix is None)
            except _Elsewhere:
                continue
            except Stale as error:
                if error.code != "stale":
                    raise
        raise Busy()

    async def sweep(self) -> int:
        count = await super().sweep()
        await self.look_at_bookings()
        return count

    async def look_at_bookings(self) -> None:
        """The chains whose time has come, of every source."""
        async with self.database.read(brief=True) as connection:
            waiting = await inbox.due(connection, self.clock(), _AT_ONCE)
        await self._each([f"{source} {uid}" for source, uid in waiting], self._look_at_booking)

    # --- one message ---

    async def _receive(self, source: Source, message: Message, said: Said) -> Taken:
        heard = said if isinstance(said, Heard) else None
        async with self.database.read() as connection:
            known = await self._known(connection, message)
        if known is not None:
            return known
        async with self._alone(_turn(source, heard)):
            return await self._receive_alone(source, message, said, heard)

    @contextlib.asynccontextmanager
    async def _alone(self, turn: str) -> AsyncIterator[None]:
        """One at a time in this process, before a connection is taken; the store sees to the others. ``Busy``."""
        lock = self._lock(f"source {turn}")
        try:
            async with asyncio.timeout(self.within):
                await lock.acquire()
        except TimeoutError:
            raise Busy() from None
        try:
            yield
        finally:
            lock.release()

    async def _receive_alone(self, source: Source, message: Message, said: Said, heard: Heard | None) -> Taken:
        async with self.database.read() as connection:
            guess = await self._whose(connection, source, heard) if heard else None

        async def work(connection: AsyncConnection) -> tuple[Taken, _Done]:
            await exclusively(connection, "source", _turn(source, heard))
            known = await self._known(connection, message)  # somebody else may have been first
            if known is not None:
                return known, _Done()
            if not await inbox.add(connection, message):
                raise Stale()
            if isinstance(said, Nothing):
                return Taken(await _note(connection, message, "ignored", detail=said.why)), _Done()
            if isinstance(said, Unfit):
                error = UserError(said.code, said.detail)
                return Taken(await self._refuse(connection, source, message, error, None)), _Done()
            return await self._hear(connection, source, message, said, guess)

        async def tell(results: tuple[Taken, _Done]) -> None:
            await self._tell_done(results[1])

        taken, _ = await self._in_turn(guess or f"no session of {_turn(source, heard)}", work, tell)
        return taken

    async def _known(self, connection: AsyncConnection, message: Message) -> Taken | None:
        """What came of this message, if it has come before. ``Stale`` 409 if that was another body under its id."""
        before = await inbox.find(connection, message.source, message.id)
        if before is None:
            return None
        if before.digest != message.digest:
            log.error("a message came again with another body", source=message.source, message=message.id)
            raise Stale("There was a message of this id with another body.", code="message_changed")
        return Taken(before, await sessions.load(connection, before.session) if before.session else None)

    async def _hear(
        self, connection: AsyncConnection, source: Source, message: Message, heard: Heard, guess: str | None
    ) -> tuple[Taken, _Done]:
        before = await _chain(connection, source, heard)
        await inbox.hear(
            connection, source.name, message.id, heard.uid, heard.other, encode(heard), message.received_at
        )
        done, wanted = await self._apply(connection, source, [*before, heard], heard, guess, message.received_at)
        late = heard.offer is not None and heard.uid == wanted.uid and heard.at > wanted.at
        if wanted.state is State.CANCELLED and late:
            error = UserError("session_over", "This was cancelled before; book it under another id.")
            done = replace(done, refused=done.refused or error)
        session = done.after.id if done.after else None
        if done.refused is not None:
            return Taken(await self._refuse(connection, source, message, done.refused, session), done.after), done
        if session is None:
            noted = await _note(connection, message, "waiting", detail=wanted.waits_for)
            return Taken(noted), done
        await inbox.has_waited(connection, source.name, {each.uid for each in before}, session)
        return Taken(await _note(connection, message, "taken", session=session), done.after, _exchanged(done)), done

    async def _refuse(
        self, connection: AsyncConnection, source: Source, message: Message, error: UserError, session: str | None
    ) -> Message:
        """On record, in the log and in an event: its booking system believes that it was taken."""
        noted = await _note(connection, message, "refused", code=error.code, detail=error.detail, session=session)
        number = await sources.next_event(connection, source)
        about = {"source": source.name, "message": message.id, "booking": message.uid, "session": session}
        why = {"code": error.code, "detail": error.detail}
        event = events.frozen("booking.refused", self.clock(), number, {**about, "refused": why})
        await sources.tell(connection, source, number, event, self.clock())
        log.warning("a booking was refused", source=source.name, code=error.code, session=session)
        return noted

    # --- a chain, and what it wants ---

    async def _whose(self, connection: AsyncConnection, source: Source, heard: Heard) -> str | None:
        """The session that this message will concern, as far as can be told now."""
        chain = [*await _chain(connection, source, heard), heard]
        wanted = await _wanted(connection, source, chain)
        return (await self._target(connection, source, wanted))[0]

    async def _target(self, connection: AsyncConnection, source: Source, wanted: Wanted) -> tuple[str | None, bool]:
        """The session of this chain: one that is not over, or that its last booking became; else a new one's id.

        Of two that are not over it is the one in which they have met, or the one that was booked first.

        None while there is none, and nothing to make it of. And whether the chain has another one that is not over.
        """
        known = await inbox.sessions_of(connection, source.name, wanted.path)
        records = await sessions.load_many(connection, list(dict.fromkeys(known[u] for u in wanted.path if u in known)))
        open_ = [record.id for record in records if not record.session.over and record.session.met_at is not None]
        open_ += [record.id for record in records if not record.session.over and record.session.met_at is None]
        if open_:
            return open_[0], len(open_) > 1
        if wanted.uid in known or wanted.offer is None:
            return known.get(wanted.uid), False
        return _session_id(source, wanted.path[0] if not known else wanted.uid), False

    async def _apply(
        self,
        connection: AsyncConnection,
        source: Source,
        chain: Sequence[Heard],
        news: Heard | None,
        guess: str | None,
        at: Ms,
        *,
        patient: bool = True,
    ) -> tuple[_Done, Wanted]:
        """Make of the session what its chain wants, now that there are ``news``; ``guess`` is whose turn this is."""
        wanted = await _wanted(connection, source, chain, patient)
        id_, doubled = await self._target(connection, source, wanted)
        if id_ != guess:
            raise _Elsewhere()
        record = await sessions.load(connection, id_) if id_ is not None else None
        done = _Done(record, record)
        if id_ is not None and wanted.offer is not None:
            done = await self._change_to(connection, source, id_, record, wanted, news, at)
        if done.after is not None:
            await inbox.became(connection, source.name, wanted.path, done.after.id)
        when = at if doubled else None if done.refused else _next_look(wanted, done.after, at, patient)
        await inbox.wake_at(connection, source.name, _uids(chain), wanted.uid, when)
        return done, wanted

    async def _change_to(
        self,
        connection: AsyncConnection,
        source: Source,
        id_: str,
        record: Record | None,
        wanted: Wanted,
        news: Heard | None,
        at: Ms,
    ) -> _Done:
        """Make, move or cancel the session. What the rules refuse leaves it as it is."""
        after, reports, cancelled = record, list[Report](), wanted.state is State.CANCELLED
        described = news is not None and (news.offer is not None or news.other is not None)
        if record is None or described:
            try:
                async with connection.begin_nested():
                    await _of_source(connection, source, id_)
                    _, after, report, _ = await self._put(connection, _booking(source, id_, wanted), at)
                    reports.append(report)
            except UserError as error:
                if record is None or not cancelled:  # what is cancelled need not be moved before
                    return _Done(record, record, refused=error)
        said = news is not None and news.what is What.CANCELLED
        if cancelled and after is not None and (said or not after.session.over):
            try:
                async with connection.begin_nested():
                    after, report = await self._cancel(connection, after, wanted, at)
                    reports.append(report)
            except UserError as error:
                return _Done(record, after, reports[-1] if reports else None, refused=error)
        facts = tuple(fact for report in reports for fact in report.facts)
        return _Done(record, after, replace(reports[-1], facts=facts) if reports else None)

    async def _cancel(
        self, connection: AsyncConnection, record: Record, wanted: Wanted, at: Ms, note: str | None = None
    ) -> tuple[Record, Report]:
        session = record.session
        if session.phase is Phase.CANCELLED:
            return record, Report(session, (), record.version)
        by, starts_at = wanted.by or Whom.OPERATOR, session.slot.starts_at
        if by is Whom.EXPERT and wanted.at < starts_at <= at:  # heard too late: in time it was no no-show (P1.4)
            by, note = Whom.OPERATOR, "cancelled in time by the expert, and heard of too late"
        return await self._save(connection, record, (record, self._advance(record, Cancel(by, note), at)), at)

    # --- what time brings ---

    async def _look_at_booking(self, which: str) -> None:
        name, _, uid = which.partition(" ")
        at = self.clock()
        async with self.database.read() as connection:
            source = await sources.find(connection, name)
            if source is None:
                raise no_source()
            chain = await _chain(connection, source, uid)
        async with self._alone(_turn(source, chain[-1])):
            await self._look_alone(source, uid, chain[-1], at)
            await self._remove_doubles(source, uid, at)

    async def _look_alone(self, source: Source, uid: str, one: Heard, at: Ms) -> None:
        async with self.database.read() as connection:
            wanted = await _wanted(connection, source, await _chain(connection, source, uid), patient=False)
            guess, _ = await self._target(connection, source, wanted)

        async def work(connection: AsyncConnection) -> _Done:
            await exclusively(connection, "source", _turn(source, one))
            if not await inbox.is_due(connection, source.name, uid, at):
                return _Done()
            chain = await _chain(connection, source, uid)
            done, wanted = await self._apply(connection, source, chain, None, guess, at, patient=False)
            if done.refused is not None:
                last = max(chain, key=lambda each: each.at)
                known = await inbox.find(connection, source.name, last.message)
                message = known or Message(source.name, last.message, "", at, last.uid)
                await self._refuse(connection, source, message, done.refused, guess)
            elif done.after is not None:
                await inbox.has_waited(connection, source.name, wanted.path, done.after.id)
                if wanted.state is State.GIVEN_UP and at >= done.after.session.slot.opens_at:
                    done = await self._give_up(connection, done, done.after, wanted, at)
            return done

        await self._in_turn(guess or f"no session of {_turn(source, one)}", work, self._tell_done)

    async def _give_up(self, connection: AsyncConnection, done: _Done, record: Record, wanted: Wanted, at: Ms) -> _Done:
        """The slot was given up, and no other has come by the time at which its doors open."""
        if record.session.over or record.session.met_at is not None:
            return done
        note = "its slot was given up, and no other was chosen"
        after, report = await self._cancel(connection, record, wanted, at, note)
        return _Done(done.before, after, report)

    async def _remove_doubles(self, source: Source, uid: str, at: Ms) -> None:
        """Two bookings that were taken for two turn out to be one: the session made first goes on."""
        async with self.database.read() as connection:
            chain = await _chain(connection, source, uid)
            wanted = await _wanted(connection, source, chain, patient=False)
            known = await inbox.sessions_of(connection, source.name, wanted.path)
            first, _ = await self._target(connection, source, wanted)
            records = await sessions.load_many(connection, sorted(set(known.values())))
        for record in records:
            if record.id != first and not record.session.over and record.session.met_at is None:
                await self._event(record.id, Cancel(Whom.CLIENT, f"goes on as {first}"), at)  # which costs nobody (P3)

    async def _tell_done(self, done: _Done) -> None:
        if done.after is not None and done.report is not None:
            await self._tell(done.before, done.after, done.report)
        self.posted()


async def _wanted(connection: AsyncConnection, source: Source, chain: Sequence[Heard], patient: bool = True) -> Wanted:
    """What the chain comes to. What is a session already waits for no booking and no payment: it can be cancelled."""
    if await inbox.sessions_of(connection, source.name, _uids(chain)):
        return fold(chain, patient=False)
    return fold(chain, wait_for_payment=source.wait_for_payment, patient=patient)


def _next_look(wanted: Wanted, record: Record | None, at: Ms, patient: bool) -> Ms | None:
    """When this chain is looked at though nothing is heard of it."""
    if record is None:
        return at + PATIENCE if patient and wanted.waits_for is not None else None
    if wanted.state is State.GIVEN_UP and not record.session.over:
        return max(record.session.slot.opens_at, at + PATIENCE)
    return None


def _booking(source: Source, id_: str, wanted: Wanted) -> Booking:
    offer = wanted.offer
    assert offer is not None
    return Booking(
        id=id_,
        starts_at=offer.starts_at,
        duration=offer.duration,
        client=offer.client,
        expert=offer.expert,
        title=offer.title,
        fee=offer.fee or source.fee,
        accepted=offer.accepted,
        by=wanted.mover,
        said_at=wanted.chosen_at,
    )


async def _of_source(connection: AsyncConnection, source: Source, session: str) -> None:
    """A source may not touch what another one booked."""
    if await inbox.source_of(connection, session) not in (None, source.name):
        raise UserError("id_used", "There is a session of this id that came from another source.")


async def _chain(connection: AsyncConnection, source: Source, about: Heard | str) -> list[Heard]:
    uids = {about} if isinstance(about, str) else {about.uid, *((about.other,) if about.other else ())}
    return [decode(body) for body in await inbox.chain(connection, source.name, uids)]


def _uids(chain: Sequence[Heard]) -> set[str]:
    return {uid for each in chain for uid in (each.uid, each.other) if uid is not None}


async def _note(
    connection: AsyncConnection,
    message: Message,
    outcome: inbox.Outcome,
    *,
    code: str | None = None,
    detail: str | None = None,
    session: str | None = None,
) -> Message:
    noted = replace(message, outcome=outcome, code=code, detail=detail, session=session)
    await inbox.save(connection, noted)
    return noted


def _turn(source: Source, heard: Heard | None) -> str:
    """What is handled one at a time: where a moved booking has a new id, nobody knows beforehand which are one."""
    if heard is None or DIALECTS[source.kind].moves:
        return source.name
    return f"{source.name} {heard.uid}"


def _session_id(source: Source, uid: str) -> str:
    """A booking system of our own words chooses it; another one's goes behind the name of its source."""
    if DIALECTS[source.kind].prefix is None:
        return uid
    id_ = f"{source.name}:{uid}"
    return id_ if _SESSION.fullmatch(id_) else f"{source.name}:{hashlib.sha256(uid.encode()).hexdigest()[:31]}"


def _uid(said: Said) -> str | None:
    uid = None if isinstance(said, Nothing) else said.uid
    return "".join(c if c.isprintable() else "?" for c in uid)[:200] if uid is not None else None


def _exchanged(done: _Done) -> tuple[Role, ...]:
    if done.before is None or done.after is None:
        return ()
    was, is_ = done.before, done.after
    return tuple(role for role in Role if was.party(role).token_version != is_.party(role).token_version)
