"""The desk: the only place that loads, advances, judges, saves, and only then acts.

Every fact about a session comes through here, one at a time per session, in the order in which it was accepted. A
change is one transaction: the session, its new ledger entries, its settlement when it has ended, and the events for the
outside. When a call returns, it is on the disk; then, and not before, the alarm is set and the pages are told.

A change that has begun is finished and told even if whoever asked for it has gone; one that has not is taken back.

It knows no HTTP, no socket and no packet, and it decides nothing about what a fact means: that is ``policy``.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any, Literal, Protocol, TypeVar
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server import tokens
from server.desk import casebook, following
from server.desk.cases import Cases
from server.desk.endpoints import Endpoints
from server.desk.operators import Operators
from server.desk.samples import Samples
from server.desk.signing import Signing
from server.desk.sources import Sources
from server.policy.facts import (
    AnyFact,
    Checked,
    Corrected,
    Opened,
    Priced,
    RefundDecided,
    RunningLate,
    Settled,
    link_of,
    machine_facts,
)
from server.policy.money import Money
from server.policy.refund import (
    decide,
    expire,
    next_refund_deadline,
    refund_state,
    request,
    settled,
)
from server.policy.settlement import settle
from server.policy.terms import Terms
from server.store import bookings, keys, outcomes, people, sessions, tables
from server.store.batch import Rows, put
from server.store.bookings import Engaged, Found
from server.store.database import Database, Work
from server.store.locks import exclusively
from server.store.quality import Sample
from server.store.sessions import Known, Party, Record, Summary
from server.webhooks.payloads import rows
from signaling.errors import Busy, Denied, HeadstrtError, NotFound, Stale, UserError
from signaling.messages import QualityCommand
from signaling.ports import Admission, Clock, Listener, Report, Sends
from signaling.session import (
    Accept,
    Cancel,
    Declined,
    EndByOperator,
    Ended,
    Event,
    Exchanged,
    Fact,
    Join,
    Measure,
    Met,
    Move,
    Ms,
    Outage,
    Phase,
    Remove,
    Role,
    ServiceBack,
    ServiceLost,
    Session,
    Tick,
    Whom,
    advance,
    apply,
    book,
    next_deadline,
)

log = structlog.get_logger("desk")

NODE = "single"
AWAY: Ms = 6_000
"""So long without a sign of life from any of several servers, and the whole service was away."""

WITHIN = 8.0
"""Seconds after which who asked for a change is told that it could not be written in time."""

_AT_ONCE = 50
"""How many sessions are woken together: they share commits."""

_ATTEMPTS = 5
"""How often a change is tried that another node was quicker with."""

_NOTES_PER_ROLE = 20
"""How many notes of one kind a party's page can put on the ledger: a record, not a diary."""
_OPENED_AGAIN = 10 * 60_000
_PROMPT = 2_000
"""So soon after the start it is known what the relay had counted before it."""
_DAY = 86_400_000
_HOUR = 3_600_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as the booking system wants it to be (``PUT /v1/sessions/{id}``). ``said_at``: when it chose the slot,
    if it may be heard of late.
    """

    id: str
    starts_at: Ms
    duration: Ms
    client: Party
    expert: Party
    title: str | None = None
    fee: Money | None = None
    accepted: tuple[tuple[Role, str, Ms], ...] = ()  # guidelines accepted at booking: role, version, when
    by: Whom | None = None
    said_at: Ms | None = None
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Booked:
    """What came of a booking. ``overlaps`` are other sessions of either person at that time: (role, session id)."""

    record: Record
    before: Record | None
    overlaps: tuple[tuple[str, str], ...]

    @property
    def created(self) -> bool:
        return self.before is None

    @property
    def exchanged(self) -> tuple[Role, ...]:
        """The sides on which another person is now, and the first one's link is over."""
        old = self.before or self.record
        return tuple(role for role in Role if old.party(role).token_version != self.record.party(role).token_version)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the desk is told by configuration."""

    terms: Terms
    guidelines_version: str
    origin: str
    token_key: bytes
    api_key: str = ""
    sealing_key: bytes = b""  # what signing keys are sealed with; without it they end with the process

    def trace(self, person_id: str) -> str:
        """By which a person is known again who was erased while a sanction stood (P5.7): nobody else can make it."""
        return hmac.digest(self.token_key, b"trace\0" + person_id.encode(), "sha256").hex()


SCOPES = ("sessions", "moderation", "endpoints", "read")

Decide = Callable[[Record], "tuple[Record, Sequence[AnyFact]]"]
"""From a loaded record: the record with its columns changed, and the facts that are new."""

Also = Callable[[AsyncConnection, Record], Awaitable[None]]
"""What is written besides, in the same transaction: a text, an entry in a person's ledger, an operator's act."""

Change = tuple["Record | None", "Record", Report, T]
"""The record before and after, what the listeners are told, and what the caller wants besides."""


class Homes(Protocol):
    """Where several servers share the database: which of the sessions live on this one."""

    id: str

    async def fence(self, connection: AsyncConnection, session: str, *, live: bool) -> None:
        """``Elsewhere`` unless what is written of this session may be written here; ``live``: seen by its home alone.

        It stays so until this transaction has ended.
        """

    async def elsewhere(self, sessions: Sequence[str]) -> set[str]:
        """Those of them that another one is home of, whose time is not ours to look after."""

    def held(self) -> Collection[str]:
        """Those that live here."""


@dataclass(slots=True)
class _Told:
    """How far the listeners know a session that lives here; which links count, as far as is known."""

    version: int
    links: tuple[int, ...]


@dataclass(slots=True)
class _Order:
    """One change that somebody waits for; once begun it cannot be taken back."""

    begun: bool = False
    taken_back: bool = False


class Sessions:
    """One per process. ``alarm(session, when)`` asks for a ``wake``; ``listeners`` are told after each commit.

    ``catch_up`` is awaited before each change: whoever knows that this service stood still settles that first (P3.9).
    ``mutual`` says how long a session has had media both ways. ``posted`` is called after each commit that may have
    written events. ``homes`` is there where several servers share the database: then others may change a session that
    lives here; ``follow`` tells the listeners what those wrote, ``relinked`` is told of links that others renewed, and
    ``measure`` asks another node for the mutual time of what lives there.
    """

    def __init__(self, database: Database, rules: Rules, clock: Clock) -> None:
        self.database = database
        self.rules = rules
        self.clock = clock
        sealing_key = rules.sealing_key or secrets.token_bytes(32)
        self.signing = Signing(database, sealing_key, clock)
        self.endpoints = Endpoints(database, sealing_key, clock)
        self.sources = Sources(database, sealing_key, clock)
        self.samples = Samples(database, lambda: self.rules.terms.keep_quality)
        self.operators = Operators(database, sealing_key, clock, rules.api_key)
        self.cases = Cases(database, clock)
        self.listeners: list[Listener] = []
        self.alarm: Callable[[str, Ms | None], None] = lambda session, when: None
        self.mutual: Callable[[str], Ms] = lambda session: 0
        self.catch_up: Callable[[], Awaitable[None]] = _lived_on
        self.posted: Callable[[], None] = lambda: None
        self.homes: Homes | None = None
        self.measure: Callable[[str], Awaitable[Ms]] = _unmeasured
        self.relinked: Callable[[str, Role], None] = lambda session, role: None
        self.within = WITHIN
        self._under_way: set[asyncio.Task[Any]] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._told: dict[str, _Told] = {}
        self._measured: dict[str, Ms] = {}  # mutual time, as other nodes said

    # --- bookings ---

    async def book(self, booking: Booking, if_version: int | None = None) -> Booked:
        """Book, move or correct; the same booking twice changes nothing (P0.1).

        ``Stale`` (412) if ``if_version`` is not the version found; ``UserError`` where the rules refuse.
        """
        at = self.clock()
        work = partial(self._put, booking=booking, at=at, if_version=if_version)
        before, after, _, overlaps = await self._commit(booking.id, work)
        return Booked(after, before, overlaps)

    async def _put(
        self, connection: AsyncConnection, booking: Booking, at: Ms, if_version: int | None = None
    ) -> Change[tuple[tuple[str, str], ...]]:
        if booking.client.person_id == booking.expert.person_id:
            raise UserError("same_person", "Client and expert must be two different persons.", status=422)
        seen = await self._look(connection, booking, at)
        before = await sessions.load(connection, booking.id) if seen.booked else None
        if if_version is not None and (before is None or before.version != if_version):
            raise Stale("This session changed in the meantime; load it again.", code="precondition_failed")
        if before is None:
            after, report = await self._create(connection, booking, seen, at)
        else:
            decided = await self._exchange(connection, before, self._rebook(before, booking, at), seen, at)
            after, report = await self._save(connection, before, decided, at)
        return before, after, report, seen.overlaps

    async def _look(self, connection: AsyncConnection, booking: Booking, at: Ms) -> Found:
        ids = _ids(booking)
        traces = {role: self.rules.trace(id_) for role, id_ in ids.items()}
        slot = self.rules.terms.slot(booking.starts_at, booking.duration)
        return await bookings.look(connection, booking.id, ids, traces, slot, at)

    async def _create(
        self, connection: AsyncConnection, booking: Booking, seen: Found, at: Ms
    ) -> tuple[Record, Report]:
        if seen.taken_away:  # the head that was kept is that of the first chain
            raise UserError("id_used", "There was a session of this id, whose time is over; book under another id.")
        terms = self.rules.terms  # P0.4: the terms in force when it is first booked
        step = book(terms.slot(booking.starts_at, booking.duration), at)
        engaged = await bookings.engage(connection, seen, _ids(booking), at)
        for role in Role:
            casebook.bookable(engaged.files[role], role, at)  # P2.6
        empty = Record(
            id=booking.id,
            title=booking.title,
            fee=booking.fee,
            terms=terms,
            client=replace(booking.client, token_issued_at=at),
            expert=replace(booking.expert, token_issued_at=at),
            facts=(),
            head=None,
            session=step.session,
            events=0,
            created_at=at,
            updated_at=at,
            probe=booking.probe,
            known=_known(engaged),
        )
        facts: list[AnyFact] = [*step.facts]
        if booking.fee is not None:
            facts.append(Priced(at, booking.fee))
        facts.append(casebook.fee_factored(engaged, terms, at))  # P1.6
        session = step.session
        for role, version, accepted_at in booking.accepted:
            step = advance(session, Accept(role, version, accepted_at=accepted_at), at)
            session, facts = step.session, [*facts, *step.facts]
        record, entries = sessions.append(empty, facts)
        events = rows(record, facts, at, self.link)
        await sessions.create(connection, record, entries, _summary(record), events, [_fresh(engaged)])
        record = replace(record, events=len(events))
        return record, Report(record.session, tuple(machine_facts(facts)), record.version)

    async def _exchange(
        self,
        connection: AsyncConnection,
        before: Record,
        decided: tuple[Record, Sequence[AnyFact]],
        seen: Found,
        at: Ms,
    ) -> tuple[Record, Sequence[AnyFact]]:
        """Another person on a side of the booking is booked anew: it must be bookable, and brings its own factor."""
        after, facts = decided
        changed = [role for role in Role if after.party(role).person_id != before.party(role).person_id]
        if not changed:
            return decided
        ids = {role: after.party(role).person_id for role in Role}
        engaged = await bookings.engage(connection, seen, ids, at)
        await put(connection, _fresh(engaged))
        for role in changed:
            casebook.bookable(engaged.files[role], role, at)
        if Role.EXPERT in changed:
            facts = [*facts, casebook.fee_factored(engaged, self.rules.terms, at)]
        return replace(after, known=_known(engaged)), facts

    def _rebook(self, record: Record, booking: Booking, at: Ms) -> tuple[Record, Sequence[AnyFact]]:
        session, slot = record.session, record.session.slot
        wanted = record.terms.slot(booking.starts_at, booking.duration)
        after = replace(record, title=booking.title, fee=booking.fee)
        changed = ["title"] if record.title != booking.title else []
        exchanged: list[Exchanged] = []
        for role, party in ((Role.CLIENT, booking.client), (Role.EXPERT, booking.expert)):
            old = record.party(role)
            new = replace(party, token_version=old.token_version, token_issued_at=old.token_issued_at)
            if new.person_id != old.person_id:
                if session.joined_ever or at >= slot.starts_at:
                    raise UserError("slot_started", "The parties can be exchanged only before anyone has joined.")
                new = replace(new, token_version=old.token_version + 1, token_issued_at=at)  # not the old one's link
                exchanged.append(Exchanged(max(at, session.clock), role))
            if new != old:
                changed.append(role.value)
                after = after.with_party(role, new)
        if session.over and (changed or booking.fee != record.fee or wanted != slot):
            raise UserError("session_over", "This session is over and cannot be changed.")
        facts: list[AnyFact] = [*exchanged]
        for fact in exchanged:
            session = apply(session, fact)
        if changed:
            facts.append(Corrected(at, tuple(changed)))
        if booking.fee != record.fee:
            same_slot = wanted.starts_at == slot.starts_at
            if at >= slot.starts_at and (session.met_at is not None or same_slot):
                raise UserError("slot_started", "The fee cannot change once the session has begun.")
            facts.append(Priced(at, booking.fee))
        if not session.over:
            moved = advance(session, Move(wanted, booking.by, booking.said_at), at)
            session, facts = moved.session, [*facts, *moved.facts]
            for role, version, accepted_at in booking.accepted:
                if not session.over and not _declined_since(record, session, role, accepted_at):
                    step = advance(session, Accept(role, version, accepted_at=accepted_at), at)
                    session, facts = step.session, [*facts, *step.facts]
        return after, facts

    async def cancel(self, session_id: str, by: Whom, note: str | None = None, who: str | None = None) -> Record:
        """Cancel a session that they have not met in; cancelling twice changes nothing. ``who``: the operator's key."""
        at = self.clock()
        also = self._audited(who, "session.cancel", at) if who is not None and by is Whom.OPERATOR else None
        record, _ = await self._event(session_id, Cancel(by, note), at, also=also)
        return record

    async def cancel_by_operator(self, session_id: str, also: Also) -> Record:
        """One of many, with ``also`` what is written of it (``desk.bulk``)."""
        record, _ = await self._event(session_id, Cancel(Whom.OPERATOR), self.clock(), also=also)
        return record

    async def revise_by(self, session_id: str, decide_on: Decide, also: Also) -> Record:
        """A revision that ``decide_on`` finds in its transaction, with ``also`` what is written of it."""
        record, _ = await self._change(session_id, self.clock(), decide_on, also=also)
        return record

    async def end(self, session_id: str, note: str, who: str) -> Record:
        """An operator ends it."""
        at = self.clock()
        also = self._audited(who, "session.end", at)
        return await self._end_from_outside(session_id, EndByOperator(note), at, also)

    async def remove(self, session_id: str, role: Role, note: str, who: str) -> Record:
        """An operator removes a party, which ends the session."""
        at = self.clock()
        also = self._audited(who, f"session.remove.{role}", at)
        return await self._end_from_outside(session_id, Remove(role, note), at, also)

    async def _end_from_outside(self, session_id: str, event: Event, at: Ms, also: Also) -> Record:
        """An operator's end, which may come in where the session does not live; what its home has measured goes with
        it (P3.16)."""
        if self.homes is not None and session_id not in self.homes.held():
            self._measured[session_id] = await self.measure(session_id)
        try:
            record, _ = await self._event(session_id, event, at, also=also)
        finally:
            self._measured.pop(session_id, None)
        return record

    def _audited(self, who: str, act: str, at: Ms) -> Also:
        async def log_act(connection: AsyncConnection, record: Record) -> None:
            await people.add_audit(connection, who, act, record.id, {"version": record.version}, at)

        return log_act

    async def renew_links(self, session_id: str, roles: Sequence[Role], who: str | None = None) -> Record:
        """New join links for ``roles``; the old ones stop working at once. ``who``: the operator, if it was one."""
        at = self.clock()

        def renew(record: Record) -> tuple[Record, Sequence[AnyFact]]:
            for role in roles:
                party = record.party(role)
                record = record.with_party(
                    role, replace(party, token_version=party.token_version + 1, token_issued_at=at)
                )
            return record, (Corrected(at, tuple(link_of(role) for role in roles)),)

        also = self._audited(who, "session.links", at) if who is not None else None
        record, _ = await self._change(session_id, at, renew, also=also)
        return record

    def link(self, record: Record, role: Role) -> str:
        """A party's join link. The token is in the fragment, which no server and no log ever sees."""
        party = record.party(role)
        token = tokens.issue(self.rules.token_key, record.id, role, party.token_version, party.token_issued_at)
        return f"{self.rules.origin}/s/{record.id}#t={token}"

    # --- what signaling needs (signaling.ports.Desk) ---

    async def admit(self, token: str) -> Admission:
        """Who comes with this token; that somebody opened the page goes on the ledger (P1.1)."""
        claims = tokens.read(self.rules.token_key, token, self.clock())
        async with self.database.read(brief=True) as connection:
            record = await sessions.load(connection, claims.session)
        if record is None or record.party(claims.role).token_version != claims.version:
            raise Denied()
        at = self.clock()
        if _worth_noting(record, Opened(at, claims.role), at):
            try:
                await self._note(record.id, Opened(at, claims.role))
            except Busy:
                log.warning("who came could not be noted", session=record.id)  # and is no reason to send it away
        return Admission(claims.session, claims.role)

    async def report(self, session: str, event: Event | tuple[Event, ...], at: Ms, *, anywhere: bool = False) -> Report:
        """Let an event, or several in one transaction, happen that was accepted ``at``; returns after the commit.

        ``anywhere``: also where the session does not live.
        """
        events = event if isinstance(event, tuple) else (event,)
        if any(isinstance(each, Accept) and each.version != self.rules.guidelines_version for each in events):
            raise UserError("guidelines_changed", "The guidelines have a new version; read and accept that one.")

        def happen(record: Record) -> tuple[Record, Sequence[AnyFact]]:
            facts: list[Fact] = []
            so_far = record
            for each in events:
                if isinstance(each, Join) and so_far.session.met_at is None:
                    _may_come(record, each.role, at)
                more = self._advance(so_far, each, at)
                so_far = replace(so_far, session=reduce(apply, more, so_far.session))
                facts += more
            return record, facts

        _, report = await self._change(session, at, happen, live=not anywhere)
        return report

    async def late(self, session: str, role: Role, minutes: int, at: Ms) -> Report:
        """A party says that it is running late."""
        return await self._note(session, RunningLate(at, role, minutes))

    # --- a party's own calls ---

    async def check(self, session: str, role: Role, steps: tuple[tuple[str, str], ...]) -> None:
        """The result of a device check: evidence that somebody was there, on time, with a broken device."""
        await self._note(session, Checked(self.clock(), role, steps))

    async def request_refund(self, session: str, role: Role, amount: Money | None) -> Record:
        """The client, and nobody else, asks for its money back (P3.4, P3.12)."""
        if role is not Role.CLIENT:
            raise UserError("not_yours", "Only the client can ask for a refund.", status=403)
        at = self.clock()

        def ask(record: Record) -> tuple[Record, Sequence[AnyFact]]:
            wanted = amount_in(record, amount)
            return record, (request(refund_state(record.facts, record.terms), wanted, at),)

        record, _ = await self._change(session, at, ask)
        return record

    def refund_decision(
        self,
        record: Record,
        decision: Literal["approved", "declined"],
        amount: Money | None,
        note: str | None,
        at: Ms,
    ) -> RefundDecided:
        """The fact that this decision would be (P3.12). ``UserError`` where it cannot be one."""
        wanted = amount_in(record, amount)
        return decide(refund_state(record.facts, record.terms), decision, wanted, note, at)

    async def decide_refund(
        self,
        session: str,
        decision: Literal["approved", "declined"],
        amount: Money | None,
        note: str | None,
        who: str | None = None,
    ) -> Record:
        """What was decided; a decline needs a reason (P3.12). ``who``: the operator, if it was one's own act."""
        at = self.clock()

        def judge(record: Record) -> tuple[Record, Sequence[AnyFact]]:
            return record, (self.refund_decision(record, decision, amount, note, at),)

        also = self._audited(who, f"refund.{decision}", at) if who is not None else None
        record, _ = await self._change(session, at, judge, also=also)
        return record

    async def refund_settled(self, session: str, reference: str, who: str | None = None) -> Record:
        """What was paid, under whose reference. ``who``: the operator, if it was one's own act."""
        at = self.clock()

        def pay(record: Record) -> tuple[Record, Sequence[AnyFact]]:
            return record, (settled(refund_state(record.facts, record.terms), reference, at),)

        also = self._audited(who, "refund.settled", at) if who is not None else None
        record, _ = await self._change(session, at, pay, also=also)
        return record

    async def record(self, session: str) -> Record:
        """The stored session, whole. ``NotFound`` when there is none."""
        async with self.database.read(brief=True) as connection:
            return await found(connection, session)

    # --- time ---

    async def wake(self, session: str) -> None:
        """Look at a session whose deadline may have come: what is due happens, at its own time."""
        at = self.clock()

        def live(record: Record) -> tuple[Record, Sequence[AnyFact]]:
            facts: list[AnyFact] = [*self._advance(record, Tick(), at)]
            state = refund_state(record.facts, record.terms)
            until = next_refund_deadline(state)
            if not facts and until is not None and at >= until:
                facts.append(expire(state, at))
            return record, facts

        if not await self._elsewhere([session]):
            await self._change(session, at, live)

    async def sweep(self) -> int:
        """Wake every session that is due: a lost timer costs a second, never a record."""
        async with self.database.read(brief=True) as connection:
            ids = await sessions.due(connection, self.clock())
            people_due = await people.due(connection, self.clock())
        if elsewhere := await self._elsewhere(ids):
            ids = [session for session in ids if session not in elsewhere]
        await self._each(ids, self.wake)
        await self._each(people_due, self._look_again)
        await self.enforce()
        return len(ids)

    async def enforce(self) -> int:
        """Cancel what a sanction forbids: sessions that have not gone live (P2.6). Returns how many."""
        now = self.clock()
        async with self.database.read(brief=True) as connection:
            ids = await people.barred_sessions(connection, now)

        async def cancel(session: str) -> None:
            try:
                await self._event(session, Cancel(Whom.PLATFORM, "party_sanctioned"), self.clock())
            except UserError as error:  # it went live, or ended, in between
                log.info("not cancelled", session=session, why=error.code)

        await self._each(ids, cancel)
        return len(ids)

    async def _look_again(self, pseudonym: str) -> None:
        at = self.clock()
        await self._written(lambda c: casebook.look_again(c, self.rules.terms, pseudonym, at))

    async def _written(self, work: Work[T]) -> T:
        """A change of persons alone."""
        result = await self.database.write(work)
        self.posted()
        return result

    async def sign_of_life(self) -> Ms:
        """This service was alive now, and could write so (P3.9)."""
        now = self.clock()
        # A long queue is no outage: the sign does not stand in it.
        nodes = [NODE] if self.homes is None else [NODE, self.homes.id]  # the whole service's, and this node's own

        async def sign(connection: AsyncConnection) -> None:
            for node in nodes:
                await sessions.sign_of_life(connection, node, now)

        await self.database.write(sign, first=True)
        return now

    async def reconcile(self) -> None:
        """At start: close what is overdue as of its end, and tell every open session how long this service was away.

        One of several servers that starts while others live has nothing to tell: nobody's home was away with it.
        """
        now = self.clock()
        async with self.database.read() as connection:
            alive = await sessions.last_alive(connection, NODE)
            ids = await sessions.open_until(connection, now + _DAY)
        lived_on = self.homes is not None and alive is not None and now - alive <= AWAY
        if alive is not None and not lived_on:
            await self._each(ids, lambda session: self._suffer(session, alive, now))
        async with self.database.read() as connection:
            alarms = await sessions.next_wake(connection, now + _DAY)
        for session, when in alarms:
            self.alarm(session, when)
        await self._mark_older()
        await self._follow_older()
        await self.sign_of_life()
        if alive is not None and not lived_on:
            log.info("back", away_ms=now - alive, sessions=len(ids))

    async def _mark_older(self) -> None:
        """What was settled before persons had records counts for them, too: same ledger, same answer (P1.5)."""
        if count := await self._of_older(people.unmarked, casebook.catch_up):
            log.info("marks were made of what was settled before there were any", of_persons=count)

    async def _follow_older(self) -> None:
        """What was over before the dashboard had its columns and its queue."""
        count = await self._of_older(outcomes.missing, following.catch_up)

        async def catch_up_people(connection: AsyncConnection) -> int:
            await exclusively(connection, "desk", "catch up")
            return await following.catch_up_people(connection, self.clock())

        people_found = await self.database.write(catch_up_people)
        if count or people_found:
            log.info("outcomes and cases were made of what is older than they", of=count, persons=people_found)

    async def _of_older(
        self,
        find: Callable[[AsyncConnection, str, int], Awaitable[list[str]]],
        catch_up: Callable[[AsyncConnection, list[Record], Ms], Awaitable[int]],
    ) -> int:
        """Have it catch up with the sessions that it finds, some at a time; how many it made something of."""
        last, count = "", 0
        while True:
            async with self.database.read() as connection:
                ids = await find(connection, last, _AT_ONCE)
                records = await sessions.load_many(connection, ids)
            if not ids:
                return count

            async def work(connection: AsyncConnection, some: list[Record] = records) -> int:
                await exclusively(connection, "desk", "catch up")  # several servers may start at once
                return await catch_up(connection, some, self.clock())

            last, count = ids[-1], count + await self.database.write(work)

    async def outage(self, last_alive: Ms, spared: Callable[[Record, Ms], bool]) -> int:
        """This service lived, but not between ``last_alive`` and now: tell the sessions that this took something from.

        ``spared(record, now)`` says of which it took nothing. Returns of how many it did. For ``catch_up`` alone, and
        so the one change that does not wait for it.
        """
        now, hurt = self.clock(), 0
        async with self.database.read() as connection:
            ids = await sessions.open_until(connection, now + _HOUR)
        since = dict.fromkeys(ids, last_alive)
        if self.homes is not None:
            since = await self._missed(ids, last_alive, now)

        async def suffer(session: str) -> None:
            nonlocal hurt
            facts = await self._suffer(session, since[session], now, spared)
            hurt += bool(facts)

        await self._each(list(since), suffer)
        return hurt

    async def _missed(self, ids: Sequence[str], last_alive: Ms, now: Ms) -> dict[str, Ms]:
        """Whom this node's absence concerns, and since when: what lives here; and, if no node was there, what lives
        nowhere. What lives on another node is that one's."""
        assert self.homes is not None
        held = self.homes.held()
        since = {session: last_alive for session in ids if session in held}
        async with self.database.read() as connection:
            service = await sessions.last_alive(connection, NODE)
        if service is not None and now - service > AWAY:
            elsewhere = await self.homes.elsewhere(ids)
            since |= {session: service for session in ids if session not in held and session not in elsewhere}
        return since

    async def _suffer(
        self, session: str, last_alive: Ms, now: Ms, spared: Callable[[Record, Ms], bool] = lambda record, now: False
    ) -> Sequence[Fact]:
        def happen(record: Record) -> tuple[Record, Sequence[AnyFact]]:
            if spared(record, now):
                return record, ()
            if self.homes is not None and _knows(record, last_alive, now):  # from another node
                return record, ()
            return record, self._advance(record, Outage(max(last_alive, record.facts[-1].at)), now)  # it wrote that

        _, report = await self._change(session, now, happen, catch_up=False)
        return report.facts

    # --- one of several servers ---

    async def take_up(self, session: str, lost_at: Ms | None) -> bool:
        """A session lives here from now on. ``lost_at``: since then it had no home, and this is not on record yet.
        Returns whether something of it is due by now."""
        if lost_at is not None:
            await self._suffer(session, lost_at, self.clock())
        async with self._lock(session):
            record = await self.record(session)
            self._told[session] = _Told(record.version, _links(record))
        wake_at = _summary(record).wake_at
        self.alarm(session, wake_at)
        return wake_at is not None and wake_at <= self.clock()

    async def link_of(self, session: str, role: Role) -> int:
        """Which link of this party counts now."""
        return (await self.record(session)).party(role).token_version

    async def seat_of(self, session: str, role: Role) -> str | None:
        """The join that holds this party's seat on record."""
        return (await self.record(session)).session.seat(role).join

    def let_go(self, session: str) -> None:
        """It does not live here any more."""
        self._told.pop(session, None)

    def knows(self, session: str) -> int:
        """Up to which version its listeners know a session that lives here."""
        told = self._told.get(session)
        return told.version if told else 0

    async def follow(self, session: str) -> None:
        """Tell the listeners what other nodes have put on record of a session that lives here."""
        async with self._lock(session):
            if session not in self._told:
                return
            record = await self.record(session)
            await self._tell_missed(record)
            self.alarm(session, _summary(record).wake_at)
            told = self._told.get(session)
        if told is not None and told.links != (links := _links(record)):
            renewed = [role for role, old, new in zip(Role, told.links, links, strict=True) if old != new]
            told.links = links
            for role in renewed:
                self.relinked(session, role)

    async def _tell_missed(self, record: Record) -> None:
        """Whatever is on record of it and the listeners have not been told; with the session locked."""
        told = self._told.get(record.id)
        if told is None or record.version <= told.version:
            return
        facts = machine_facts(record.facts[told.version :])
        told.version = record.version
        for listener in self.listeners:
            try:
                await listener(record.id, Report(record.session, tuple(facts), record.version))
            except Exception:
                log.exception("a listener failed", session=record.id)

    async def _elsewhere(self, ids: Sequence[str]) -> set[str]:
        if self.homes is None or not ids:
            return set()
        return await self.homes.elsewhere(ids)

    async def _each(self, ids: Sequence[str], act: Callable[[str], Awaitable[object]]) -> None:
        """``act`` on all of them. One that fails is logged and hurts no other; a disk that fails, fails this."""
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]
            results = await asyncio.gather(*map(act, some), return_exceptions=True)
            for session, result in zip(some, results, strict=True):
                if isinstance(result, Busy):
                    raise result
                if isinstance(result, BaseException) and not isinstance(result, Stale):
                    log.error("this could not be brought up to date", of=session, exc_info=result)

    # --- keys ---

    async def create_key(self, name: str, scopes: Sequence[str], who: str | None = None) -> tuple[keys.Key, str]:
        """A new key and its secret, which nobody can ask for again. ``UserError`` for an unknown scope.

        ``who``: the operator at the dashboard; None: the server's own command line.
        """
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise UserError("unknown_scope", f"Scopes are {', '.join(SCOPES)}.", status=422)
        key = keys.Key(f"key_{secrets.token_hex(6)}", name, tuple(dict.fromkeys(scopes)), self.clock(), None)
        secret = f"hs_{secrets.token_urlsafe(32)}"

        async def work(connection: AsyncConnection) -> None:
            await keys.add(connection, key, _digest(secret))
            if who is not None:
                detail = {"scopes": " ".join(key.scopes)}
                await people.add_audit(connection, who, "key.create", key.id, detail, key.created_at)

        await self.database.write(work)
        return key, secret

    async def keys(self) -> list[keys.Key]:
        async with self.database.read() as connection:
            return await keys.every(connection)

    async def revoke_key(self, key_id: str, who: str | None = None) -> None:
        """At once, also for whoever is signed in with it. ``NotFound``."""
        now = self.clock()

        async def work(connection: AsyncConnection) -> None:
            if not await keys.revoke(connection, key_id, now):
                raise NotFound("There is no such key, or it was revoked before.", code="key_not_found")
            if who is not None:
                await people.add_audit(connection, who, "key.revoke", key_id, {}, now)

        await self.database.write(work)

    async def authenticate(self, secret: str) -> tuple[str, frozenset[str]]:
        """Who calls with this API key, and with which scopes. ``Denied``, with one answer for whatever is wrong."""
        if self.rules.api_key and hmac.compare_digest(secret.encode(), self.rules.api_key.encode()):
            return "environment", frozenset(SCOPES)
        async with self.database.read(brief=True) as connection:
            key = await keys.find(connection, _digest(secret))
        if key is None or key.revoked_at is not None:
            raise Denied()
        return key.id, frozenset(key.scopes)

    # --- one change, one transaction ---

    async def _event(self, session_id: str, event: Event, at: Ms, *, also: Also | None = None) -> tuple[Record, Report]:
        def happen(record: Record) -> tuple[Record, Sequence[AnyFact]]:
            return record, self._advance(record, event, at)

        return await self._change(session_id, at, happen, also=also)

    def _advance(self, record: Record, event: Event, at: Ms) -> Sequence[Fact]:
        """What ``event`` gives, with the mutual time so far (P3.16) before the two facts that it is evidence for."""
        session, slot = record.session, record.session.slot
        step = advance(session, event, at)
        mutual = self.mutual(record.id) or self._measured.get(record.id, 0)
        marks: list[Ms] = []
        # An early talk counts for nothing (P0.5). Noticed late, nobody knows any more how much of it was early.
        prompt = not session.both_here or at - slot.starts_at <= _PROMPT
        if mutual and prompt and any(isinstance(fact, Met) for fact in step.facts):
            marks.append(slot.starts_at - 1)
        if mutual and any(isinstance(fact, Ended) for fact in step.facts):
            marks.append(min(event.last_alive if isinstance(event, Outage) else at, slot.ends_at - 1))
        if not marks:
            return step.facts
        measured: list[Fact] = []
        for mark in marks:
            before = advance(session, Measure(mutual), mark)
            session, measured = before.session, [*measured, *before.facts]
        return *measured, *advance(session, event, at).facts

    async def _note(self, session_id: str, fact: Opened | Checked | RunningLate) -> Report:
        def note(record: Record) -> tuple[Record, Sequence[AnyFact]]:
            if record.session.over:
                raise UserError("session_over", "This session is over.")
            noted = replace(fact, at=max(fact.at, record.session.clock))
            return record, (noted,) if _worth_noting(record, noted, noted.at) else ()

        _, report = await self._change(session_id, fact.at, note)
        return report

    async def _change(
        self,
        session_id: str,
        at: Ms,
        decide_on: Decide,
        *,
        also: Also | None = None,
        catch_up: bool = True,
        live: bool = False,
    ) -> tuple[Record, Report]:
        async def work(connection: AsyncConnection) -> Change[None]:
            if self.homes is not None:
                await self.homes.fence(connection, session_id, live=live)
            before = await found(connection, session_id)
            after, report = await self._save(connection, before, decide_on(before), at)
            if also is not None:
                await also(connection, after)
            return before, after, report, None

        _, after, report, _ = await self._commit(session_id, work, catch_up=catch_up)
        return after, report

    async def _commit(
        self, session_id: str, work: Callable[[AsyncConnection], Awaitable[Change[T]]], *, catch_up: bool = True
    ) -> Change[T]:
        """One change of a session, and then its listeners."""

        async def tell(change: Change[T]) -> None:
            before, after, report, _ = change
            await self._tell(before, after, report)

        return await self._in_turn(session_id, work, tell, catch_up=catch_up)

    async def _in_turn(
        self,
        key: str,
        work: Callable[[AsyncConnection], Awaitable[T]],
        tell: Callable[[T], Awaitable[None]],
        *,
        catch_up: bool = True,
    ) -> T:
        """One change in its turn, in a task of its own: what is committed is told, whoever is still waiting for it.

        ``Busy`` after ``within`` seconds. Then, and when the caller is cancelled, it is taken back if it has not begun.
        """
        order = _Order()
        task = asyncio.create_task(self._carry_out(key, work, tell, order, catch_up), name=f"change {key}")
        self._under_way.add(task)
        task.add_done_callback(self._carried_out)
        try:
            await asyncio.wait({task}, timeout=self.within)
        finally:
            order.taken_back = True
        if not task.done():
            raise Busy(_IN_DOUBT) if order.begun else Busy()
        return task.result()

    async def _carry_out(
        self,
        key: str,
        work: Callable[[AsyncConnection], Awaitable[T]],
        tell: Callable[[T], Awaitable[None]],
        order: _Order,
        catch_up: bool,
    ) -> T:
        if catch_up:
            await self.catch_up()

        async def begin(connection: AsyncConnection) -> T:
            if order.taken_back:
                raise Busy()
            order.begun = True
            return await work(connection)

        async with self._lock(key):
            done = await self._written_once(begin)
            await tell(done)
        return done

    async def _written_once(self, work: Work[T]) -> T:
        """Where others write as well, who was second loads again and tries again."""
        for attempt in range(_ATTEMPTS if self.homes is not None else 1):
            try:
                return await self.database.write(work)
            except Stale as error:
                if error.code != "stale" or self.homes is None or attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _carried_out(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, HeadstrtError):
            log.error("a change failed", change=task.get_name(), error=repr(error))  # raised to the caller, if there

    def measured(self, session: str, role: Role, said: QualityCommand, at: Ms, sends: Sends | None = None) -> None:
        """What a page says of its call and sends, kept for a while as evidence (P5.7). Nothing waits for it."""
        on = "".join(track for track, is_on in zip("mcs", sends, strict=True) if is_on) if sends is not None else None
        self.samples.take(
            session, role, Sample(at, said.round_trip_ms, said.loss_percent, said.bitrate_kbps, said.level, on)
        )

    async def finish(self) -> None:
        """Until no change is under way. For the shut-down, before the database closes."""
        while self._under_way:
            await asyncio.wait(self._under_way)
        await self.samples.finish()

    async def _save(
        self,
        connection: AsyncConnection,
        before: Record,
        decided: tuple[Record, Sequence[AnyFact]],
        at: Ms,
    ) -> tuple[Record, Report]:
        after, facts = decided
        if not facts:
            return before, Report(before.session, (), before.version)
        after, entries = sessions.append(replace(after, updated_at=max(at, before.updated_at)), facts)
        if after.session.over and not before.session.over:  # P3.15: no clock that could change it still runs
            verdict = _judge(after)
            facts = [*facts, verdict]
            after, more = sessions.append(after, [verdict])
            entries += more
        events = rows(after, facts, after.updated_at, self.link)
        await sessions.save(connection, before, after, entries, _summary(after), events)
        await casebook.settled(connection, self.rules.terms, after, facts, after.updated_at)
        await following.session(connection, after, facts, after.updated_at)
        after = replace(after, events=after.events + len(events))
        return after, Report(after.session, tuple(machine_facts(facts)), after.version)

    async def _tell(self, before: Record | None, record: Record, report: Report) -> None:
        """After the commit. What fails here is mended by the next snapshot and the sweep; the record stands."""
        self.alarm(record.id, _summary(record).wake_at)
        self.posted()
        told = self._told.get(record.id)
        if told is not None and before is not None:
            await self._tell_missed(before)  # another node may have been here since
            told.version, told.links = record.version, _links(record)
        if report.facts:
            was = before.session.phase if before else "new"
            by = " ".join(f"{fact.kind}({getattr(fact, 'role', '')})" for fact in report.facts).replace("()", "")
            log.info(f"{was} -> {report.session.phase} by {by}", session=record.id, v=report.version)
        for listener in self.listeners:
            try:
                await listener(record.id, report)
            except Exception:
                log.exception("a listener failed", session=record.id)

    def _lock(self, session_id: str) -> asyncio.Lock:
        lock = self._locks.get(session_id)
        if lock is None:
            lock = self._locks[session_id] = asyncio.Lock()
        return lock


_IN_DOUBT = "The server could not write this in time; look whether it happened before you try again."


async def _unmeasured(session: str) -> Ms:
    return 0


async def _lived_on() -> None:
    """Nothing to catch up with: a desk of which nobody takes the pulse."""


def _links(record: Record) -> tuple[int, ...]:
    return tuple(record.party(role).token_version for role in Role)


def _knows(record: Record, last_alive: Ms, now: Ms) -> bool:
    """Whether an outage that begins there is on its ledger, or a later one; or one that has ended just now: its home
    had signed a moment before this node did, and both were away."""
    return any(
        (isinstance(fact, ServiceLost) and fact.at >= last_alive)
        or (isinstance(fact, ServiceBack) and fact.at >= max(last_alive, now - AWAY))
        for fact in record.facts
    )


def _ids(booking: Booking) -> dict[Role, str]:
    return {Role.CLIENT: booking.client.person_id, Role.EXPERT: booking.expert.person_id}


def _fresh(engaged: Engaged) -> Rows:
    return Rows(tables.people, [people.person_row(person) for person in engaged.fresh])


def _known(engaged: Engaged) -> tuple[Known, Known]:
    return casebook.known(engaged.files[Role.CLIENT]), casebook.known(engaged.files[Role.EXPERT])


def _judge(record: Record) -> Settled:
    assert record.head is not None
    settlement = settle(record.facts, record.terms, record.fee)
    return Settled(record.session.clock, settlement, record.head.hash)


def _summary(record: Record) -> Summary:
    state = refund_state(record.facts, record.terms)
    wake_at = next_deadline(record.session)
    if record.session.phase in (Phase.ENDED, Phase.CANCELLED):
        wake_at = next_refund_deadline(state)
    return Summary(wake_at, state.status.value if record.session.over else None)


def _may_come(record: Record, role: Role, at: Ms) -> None:
    """P2.6: who is suspended joins nothing; what has gone live goes on to its end, re-entry included."""
    if _barred(record, role, at):
        raise UserError("party_sanctioned", "You cannot join sessions at present; your page says why, and what to do.")
    if _barred(record, role.other, at):  # it is about to be cancelled, and must not go live before that
        raise UserError("not_taking_place", "This session cannot take place; it is being cancelled.")


def _barred(record: Record, role: Role, at: Ms) -> bool:
    return any(bar.in_force(at) and not bar.holds_bookings_only for bar in record.who(role).bars)


def _worth_noting(record: Record, fact: Opened | Checked | RunningLate, now: Ms) -> bool:
    """Not when the page says the same again, and not without end."""
    if record.session.over:
        return False
    same = [f for f in record.facts if type(f) is type(fact) and f.role is fact.role]
    if len(same) >= _NOTES_PER_ROLE:
        return False
    if not same:
        return True
    if isinstance(fact, Opened):
        return now - same[-1].at >= _OPENED_AGAIN
    return replace(fact, at=same[-1].at) != same[-1]


def _declined_since(record: Record, session: Session, role: Role, accepted_at: Ms) -> bool:
    """Whether this party has said no after the yes that the booking tells of: its own word is the newer one (P5.2)."""
    said = [fact.at for fact in record.facts if isinstance(fact, Declined) and fact.role is role]
    return session.seat(role).declined and accepted_at <= said[-1]


def amount_in(record: Record, amount: Money | None) -> int | None:
    """Minor units in the session's own currency. ``UserError`` for another one."""
    if amount is None:
        return None
    if record.fee is None or amount.currency != record.fee.currency:
        raise UserError("wrong_currency", "Give the amount in the currency of the session's fee.", status=422)
    return amount.amount


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


async def found(connection: AsyncConnection, session: str) -> Record:
    """The stored session, whole. ``NotFound`` when there is none."""
    record = await sessions.load(connection, session)
    if record is None:
        raise NotFound("There is no session with this id.", code="session_not_found")
    return record
