"""The live side: which sockets and joins a party has, its legs, its proofs of life.

It decides what pages are told and what the relay does after each fact, and reports what only the live side can see:
joins, departures (by ``presence``), returns, the first media. Everything that follows from one session's facts goes
through that session's *lane*, one thing after the other in the order of the commits; nothing in a lane ever reports,
because reporting waits for the desk, and the desk calls here with the session locked.

It refuses to know the rules, what anything means, and why a socket closed. Nothing here outlives the process: after a
restart every join is a new one, since the relay has lost its legs as well.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

import structlog

from signaling import messages, presence
from signaling.errors import Elsewhere, ProtocolError, Stale, UserError
from signaling.fanout import Fanout
from signaling.messages import Command, Done, PeerStatus, ServerMessage
from signaling.ports import Admission, Clock, Desk, Report
from signaling.relay.loopback import Loopbacks
from signaling.relay.switchboard import Outgoing, Pulse
from signaling.session import (
    Accept,
    Accepted,
    Declined,
    Depart,
    Departed,
    Ended,
    Event,
    Exchanged,
    HangUp,
    How,
    Join,
    Joined,
    MediaUp,
    Met,
    Moved,
    Ms,
    Phase,
    Replaced,
    Role,
    ServiceBack,
    Tick,
    Warned,
)

log = structlog.get_logger(__name__)

POLL = 0.5
STALLED = 2.0
INSIST = 1.0
SHOW_AFTER = 0.03  # what is on its way to the other's picture goes first
SOCKETS_PER_PARTY = 5
DRAIN_WITHIN = 5.0
EXPULSIONS_REMEMBERED = 1024
COME_BACK_MS = 300  # over how long pages spread their coming back, when their session has moved

T = TypeVar("T")


# --- the relay, as far as it is known here ----------------------------------------------------------------------------


class Switchboard(Protocol):
    """Sessions to legs; ``signaling.relay.switchboard`` is the real one. Nothing here waits."""

    def open(self, session: str, deadline: float, /) -> None: ...
    def set_deadline(self, session: str, deadline: float, /) -> None: ...
    def foresee(self, session: str, page: str, /) -> Outgoing | None: ...
    def join(self, session: str, role: Role, page: str, /) -> list[Outgoing]: ...
    def leave(self, session: str, role: Role, /) -> None: ...
    def describe(self, session: str, role: Role, type: str, sdp: str, generation: int, /) -> list[Outgoing]: ...
    def restart(self, session: str, role: Role, /) -> list[Outgoing]: ...
    def close(self, session: str, /) -> None: ...
    def pulse(self, session: str, role: Role, /) -> Pulse | None: ...
    def mutual_ms(self, session: str, /) -> int: ...
    @property
    def tests(self) -> Loopbacks: ...


# --- what is remembered -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Party:
    """One side: its open pages, and the join that one of them carries. Times are monotonic seconds."""

    sockets: list[str] = field(default_factory=list)
    join: str | None = None
    carrier: str | None = None  # the socket of the page that joined; None: that socket is dead
    since: float = 0.0
    lost: float | None = None
    heard: float = 0.0
    away: float | None = None  # declared gone since then, but its leg is kept: it may come back by media alone
    closing: float | None = None  # when its page said that it is being closed
    reporting: bool = False
    emptied: bool = False  # away only because this service was: any sign of life brings it back (P3.9)
    media: tuple[bool, bool, bool] | None = None
    testing: str | None = None  # the socket of the page that tests its network
    late_minutes: int | None = None
    told: deque[tuple[float, Outgoing]] = field(default_factory=lambda: deque(maxlen=4))
    outdone: deque[str] = field(default_factory=lambda: deque(maxlen=16))  # joins that lost the seat to a newer one

    @property
    def here(self) -> bool:
        return self.join is not None and self.away is None

    def forget(self) -> None:
        self.join = self.carrier = self.lost = self.away = self.media = self.closing = None
        self.emptied = False
        self.told.clear()


@dataclass(slots=True)
class _Coming:
    """A join that is being put on record: whose page it is, and, once the record stands, when it has its seat.

    What the same page says meanwhile waits until it is ``over``, either way.
    """

    sid: str
    seated: asyncio.Future[None] | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Live:
    """One session as it is lived now."""

    id: str
    client: _Party = field(default_factory=_Party)
    expert: _Party = field(default_factory=_Party)
    version: int = 0
    phase: Phase = Phase.SCHEDULED
    opened: bool = False
    over: bool = False
    outdated: bool = False  # the pages' views
    showing: bool = False
    generation: int = 0
    renewed: float = 0.0  # since then both have new legs
    deadline: float = 0.0
    ends_at: Ms = 0
    mutual: int = 0
    coming: dict[str, _Coming] = field(default_factory=dict)  # by join
    jobs: deque[Callable[[], Awaitable[None]]] = field(default_factory=deque)
    working: bool = False

    def party(self, role: Role) -> _Party:
        return self.client if role is Role.CLIENT else self.expert

    @property
    def parties(self) -> tuple[tuple[Role, _Party], tuple[Role, _Party]]:
        return (Role.CLIENT, self.client), (Role.EXPERT, self.expert)

    def peer(self, role: Role) -> messages.Peer:
        """All that the other side may know of this one now."""
        party = self.party(role)
        status: PeerStatus = "checking" if party.sockets else "not_here"
        if party.here:
            status = "here"
        elif self.phase is Phase.HELD:
            status = "away"
        microphone, camera, screen = party.media or (None, None, None)
        return messages.Peer(
            version=self.version,
            status=status,
            running_late_minutes=None if party.here else party.late_minutes,
            microphone=microphone,
            camera=camera,
            screen=screen,
        )

    @property
    def unmet(self) -> bool:
        """Whether who merely has the page open is worth a word; later the view says "away", or nothing at all."""
        return self.phase in (Phase.SCHEDULED, Phase.WAITING)

    @property
    def idle(self) -> bool:
        return not (
            self.opened
            or self.jobs
            or self.working
            or self.showing
            or any(p.sockets or p.join for _, p in self.parties)
        )


class Attendant:
    """One per process. Put it among the desk's listeners; give ``media`` and ``stopped`` to the switchboard.

    ``clock`` gives wall milliseconds, ``monotonic`` seconds. ``ice_servers`` go to every page with its snapshot.
    """

    def __init__(
        self,
        desk: Desk,
        fanout: Fanout,
        switchboard: Switchboard,
        *,
        clock: Clock,
        monotonic: Callable[[], float],
        ice_servers: tuple[messages.IceServer, ...] = (),
    ) -> None:
        self.draining = False
        self._desk = desk
        self._fanout = fanout
        self._switchboard = switchboard
        self._clock = clock
        self._monotonic = monotonic
        self._ice_servers = ice_servers
        self._sessions: dict[str, _Live] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._poller: asyncio.Task[None] | None = None
        self._polled: float | None = None
        self._deaf_until = 0.0
        self.expulsions = 0
        self._expelled: OrderedDict[tuple[str, Role], int] = OrderedDict()  # by party: the last one's number

    # --- life ---

    async def start(self) -> None:
        self._poller = asyncio.create_task(self._poll_for_ever())

    async def stop(self) -> None:
        """After ``drain``: no more polls; what is under way is finished."""
        self.draining = True
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        await self.settled()

    async def drain(self, after_ms: int) -> None:
        """Shut-down: tell every page to come back by itself, then close its socket. A restart is never a departure."""
        self.draining = True
        everyone = self._fanout.everyone()

        async def farewell(sid: str) -> None:
            admission = self._fanout.admission(sid)
            if admission is not None:
                version = self._live(admission.session).version
                await self._fanout.tell_one(sid, messages.Draining(version=version, after_ms=after_ms))
            await self._fanout.close(sid)

        if everyone:
            try:
                async with asyncio.timeout(DRAIN_WITHIN):
                    await asyncio.gather(*map(farewell, everyone), return_exceptions=True)
            except TimeoutError:
                log.warning("some sockets would not be drained", sockets=len(self._fanout.everyone()))
        await self._fanout.stop()

    async def settled(self) -> None:
        """Until nothing is under way: every lane empty, every report of our own made."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- sockets: called by the gateway; only ``arrive`` may wait ---

    async def arrive(self, sid: str, admission: Admission, before: int | None = None) -> bool:
        """A page connected: show it where it is, then count it in. False if it is gone already, or was admitted with
        a link that was renewed since; ``before`` is what ``expulsions`` was when its token was looked at."""
        live = self._live(admission.session)

        async def welcome() -> bool:
            view = await self._desk.snapshot(live.id, admission.role)
            expelled = before is not None and before < self._expelled.get((live.id, admission.role), 0)
            if self.draining or expelled or not self._fanout.bind(sid, admission):
                return False
            live.version, live.phase = max(live.version, view.version), view.status
            party, other = live.party(admission.role), live.party(admission.role.other)
            party.sockets.append(sid)
            await self._fanout.tell_one(sid, self._snapshot(view, other))
            if other.here and other.media is not None:
                await self._fanout.tell_one(sid, live.peer(admission.role.other))
            if len(party.sockets) == 1 and not party.here and live.unmet:
                await self._tell(live, admission.role.other, live.peer(admission.role))
            await self._foresee(live, admission.role, sid)
            await self._evict(live, party)
            return True

        return await self._run(live, welcome)

    def heard(self, sid: str) -> None:
        """A frame came in on this socket: a proof of life of the party whose join it carries (P3.14)."""
        admission = self._fanout.admission(sid)
        live = self._sessions.get(admission.session) if admission else None
        if admission is not None and live is not None:
            party = live.party(admission.role)
            if party.carrier == sid:
                party.heard = self._monotonic()

    def gone(self, sid: str) -> None:
        """A socket is dead. That alone is no departure, and why it died is not asked (P3.14)."""
        admission = self._fanout.unbind(sid)
        live = self._sessions.get(admission.session) if admission else None
        if admission is None or live is None:
            return
        role, party = admission.role, live.party(admission.role)
        if sid in party.sockets:
            party.sockets.remove(sid)
        if party.testing == sid:
            self._close_test(live, role)
        if party.carrier == sid:
            party.carrier, party.lost = None, self._monotonic()
        if self.draining:
            return

        async def after() -> None:
            if party.away is not None and party.carrier is None and not party.emptied:
                # it cannot come back by media alone any more
                await self._close_leg(live, role)
            if not party.sockets and party.join is None and live.unmet:
                await self._tell(live, role.other, live.peer(role))

        self._post(live, after)

    def leaving(self, session: str, role: Role, join: str) -> None:
        """The page of this join says that it is being closed (pagehide): a hint, never a departure (P3.14)."""
        live = self._sessions.get(session)
        if live is not None and live.party(role).join == join:
            live.party(role).closing = self._monotonic()

    # --- commands ---

    async def carry_out(self, sid: str, who: Admission, command: Command, at: Ms) -> Done:
        """Do what a page asks; returns after the commit. Raises what the rules, or the protocol, have against it."""
        live = self._live(who.session)
        party = live.party(who.role)
        match command:
            case messages.JoinCommand():
                return await self._join(live, sid, who.role, command, at)
            case messages.HangUpCommand(cause=cause, join=join):
                elsewhere = party.join is not None and party.carrier != sid
                if elsewhere or (join is not None and join != party.join):
                    raise _stale()  # §2.11: the client replays what it kept while it was offline
                report = await self._desk.report(live.id, HangUp(who.role, cause), at)
                return Done(version=report.version, ended=report.session.over)
            case messages.ReportAndLeaveCommand(category=category, text=text, join=join):
                elsewhere = party.join is not None and party.carrier != sid
                if elsewhere or (join is not None and join != party.join):
                    raise _stale()
                report, ticket = await self._desk.leave_for_safety(live.id, who.role, category, text, at)
                return Done(version=report.version, ended=report.session.over, ticket=ticket)
            case messages.ConsentCommand():
                version, consents = await self._desk.consent(live.id, who.role, command, at)
                live.version = max(live.version, version)
                said = messages.Consents(version=version, consents=consents)
                self._post(live, lambda: self._tell_both(live, said))  # P5.3: both see it while it stands
                return Done(version=version)
            case messages.RunningLateCommand(minutes=minutes):
                report = await self._desk.late(live.id, who.role, minutes, at)
                live.version = max(live.version, report.version)
                party.late_minutes = minutes
                self._post(live, lambda: self._tell(live, who.role.other, live.peer(who.role)))
                return Done(version=report.version)
            case messages.OpenTestCommand() | messages.DescribeTestCommand() | messages.CloseTestCommand():
                return self._test(live, who.role, sid, command)
        for coming in [coming for coming in live.coming.values() if coming.sid == sid]:
            await coming.over.wait()
        if party.join is None or party.carrier != sid:
            raise _stale()
        match command:
            case messages.DescribeCommand(type=type_, sdp=sdp, generation=generation):
                described = lambda: self._switchboard.describe(live.id, who.role, type_, sdp, generation)  # noqa: E731
                await self._run(live, lambda: self._relay(live, described))
                if who.role is Role.EXPERT and live.client.join is None:
                    self._post(live, lambda: self._foresee(live, Role.CLIENT, *live.client.sockets))
            case messages.RestartCommand():
                await self._run(live, lambda: self._relay(live, lambda: self._switchboard.restart(live.id, who.role)))
            case messages.StepOutCommand():
                report = await self._desk.report(live.id, Depart(who.role, party.join, How.STEPPED_OUT, at), at)
                if not report.facts:  # it was gone already: now it is not to come back by media alone either
                    self._post(live, lambda: self._close_leg(live, who.role))
                return Done(version=report.version)
            case messages.MediaCommand(microphone=microphone, camera=camera, screen=screen):
                party.media = (microphone, camera, screen)
                self._post(live, lambda: self._tell(live, who.role.other, live.peer(who.role)))
            case messages.QualityCommand():
                self._desk.measured(live.id, who.role, command, at, party.media)
            case _:
                raise ProtocolError("unknown_command", "This command is not known here.")
        return Done(version=live.version)

    def _test(
        self,
        live: _Live,
        role: Role,
        sid: str,
        command: messages.OpenTestCommand | messages.DescribeTestCommand | messages.CloseTestCommand,
    ) -> Done:
        """A page's network test: of no join, no phase, and on no record; a newer one of the party takes its place."""
        party, done = live.party(role), Done(version=live.version)
        match command:
            case messages.OpenTestCommand():
                if live.over or live.phase in (Phase.ENDED, Phase.CANCELLED):
                    raise UserError("session_over", "This session is over.")
                if sid not in party.sockets:
                    raise _stale()  # it died meanwhile, and nobody would close what it opens
                self._close_test(live, role)
                self._switchboard.tests.open(_test_of(live, role))
                party.testing = sid
            case messages.DescribeTestCommand(sdp=sdp):
                if party.testing != sid:
                    raise ProtocolError("not_testing", "No network test is running here; begin one with test_open.")
                return Done(version=live.version, sdp=self._switchboard.tests.describe(_test_of(live, role), sdp))
            case messages.CloseTestCommand() if party.testing == sid:
                self._close_test(live, role)
        return done

    def _close_test(self, live: _Live, role: Role) -> None:
        live.party(role).testing = None
        self._switchboard.tests.close(_test_of(live, role))

    async def _join(self, live: _Live, sid: str, role: Role, command: messages.JoinCommand, at: Ms) -> Done:
        party = live.party(role)
        if command.resume is not None and command.resume in party.outdone:  # P0.6: it slept, and could not be told
            await self._fanout.tell_one(sid, messages.Replaced(version=live.version))
            raise ProtocolError("replaced", "Another device of yours holds the seat now.")
        resumed = command.resume is not None and command.resume == party.join
        join = party.join if resumed and party.join is not None else secrets.token_urlsafe(12)
        if resumed:
            report = await self._accept_and_join(live, role, join, command.guidelines, at)
            await self._run(live, lambda: self._resume(live, role, join, sid, report))
            return Done(version=report.version, join=join)
        coming = live.coming[join] = _Coming(sid)
        try:
            report = await self._accept_and_join(live, role, join, command.guidelines, at)
            if coming.seated is not None:
                await coming.seated
        finally:
            del live.coming[join]
            coming.over.set()
        return Done(version=report.version, join=join)

    async def _accept_and_join(self, live: _Live, role: Role, join: str, guidelines: str | None, at: Ms) -> Report:
        """Both in one transaction (P5.2); a join that is refused does not take the acceptance with it."""
        if guidelines is None:
            return await self._desk.report(live.id, Join(role, join), at)
        accept = Accept(role, guidelines)
        try:
            return await self._desk.report(live.id, (accept, Join(role, join)), at)
        except UserError:
            await self._desk.report(live.id, accept, at)
            raise

    async def _resume(self, live: _Live, role: Role, join: str, sid: str, report: Report) -> None:
        if live.over:
            return
        if live.party(role).join == join:
            await self._carry(live, role, sid)
        elif report.session.seat(role).join == join:
            await self._take_seat(live, role, join, sid, report)

    async def _take_seat(self, live: _Live, role: Role, join: str, sid: str, report: Report) -> None:
        """A new join: the older device is told so (P0.6), and the media is made anew."""
        if live.over:
            return
        party, older = live.party(role), live.party(role).carrier
        if party.join is not None:
            party.outdone.append(party.join)
        party.forget()
        party.join, party.since, party.late_minutes = join, self._monotonic(), None
        self._attach(party, sid)
        if older is not None and older != sid:
            await self._replace(live, older)
        if not live.opened:
            live.opened, live.ends_at = True, report.session.slot.ends_at
            live.deadline = self._deadline(live.ends_at)
            self._switchboard.open(live.id, live.deadline)
        await self._relay(live, lambda: self._switchboard.join(live.id, role, sid))

    async def _foresee(self, live: _Live, role: Role, *sids: str) -> None:
        """A client's page that has not joined gets the offer that waits for it, to be ready when it does."""
        for sid in sids if role is Role.CLIENT and live.client.join is None else ():
            outgoing = self._switchboard.foresee(live.id, sid)
            if outgoing is not None:
                await self._fanout.tell_one(sid, _message(outgoing, live.version))

    async def _carry(self, live: _Live, role: Role, sid: str) -> None:
        """The same page on a new socket: its media never stopped; what may have been lost on the way is told again."""
        party, older, heard = live.party(role), live.party(role).carrier, live.party(role).heard
        self._attach(party, sid)
        if older is not None and older != sid:
            await self._replace(live, older)
        for at, outgoing in tuple(party.told):
            if at >= heard and outgoing.generation == live.generation and party.carrier is not None:
                await self._fanout.tell_one(party.carrier, _message(outgoing, live.version))

    def _attach(self, party: _Party, sid: str) -> None:
        now = self._monotonic()
        party.heard, party.closing = now, None
        if sid in party.sockets:
            party.carrier, party.lost = sid, None
        else:  # §2.5: the socket died while its join was being written
            party.carrier, party.lost = None, now

    async def _replace(self, live: _Live, sid: str) -> None:
        await self._fanout.tell_one(sid, messages.Replaced(version=live.version))
        await self._fanout.close(sid)

    async def _evict(self, live: _Live, party: _Party) -> None:
        """Five sockets per party: the oldest that carries no join makes room, so that a reload is never locked out."""
        excess = max(0, len(party.sockets) - SOCKETS_PER_PARTY)
        for sid in [sid for sid in party.sockets if sid != party.carrier][:excess]:
            await self._replace(live, sid)

    # --- what the relay says ---

    def media(self, session: str) -> None:
        """The switchboard's ``on_media``: media went both ways for the first time (P3.17)."""
        self._spawn(self._insist(session, MediaUp(), self._clock()))

    def stopped(self, session: str) -> None:
        """The switchboard's ``on_stopped``: the relay stopped by its own deadline, so the ledger's has come (P3.1).

        Whatever the wall clock did meanwhile (§1.7); unless the booking has just been moved on.
        """
        at, live = self._clock(), self._sessions.get(session)
        if live is not None and live.opened and self._monotonic() >= live.deadline:
            at = max(at, live.ends_at)
        self._spawn(self._insist(session, Tick(), at))

    def mutual_ms(self, session: str) -> Ms:
        """How long both had media from each other (P3.16); also for the desk, at the end."""
        live = self._sessions.get(session)
        if live is None or not live.opened:
            return live.mutual if live else 0
        return self._switchboard.mutual_ms(session)

    def mutuals(self) -> dict[str, Ms]:
        """``mutual_ms`` of every session that is lived now."""
        return {session: self.mutual_ms(session) for session in self._sessions}

    # --- one of several servers ---

    def lives(self, session: str) -> bool:
        """Whether anybody has its page open, or a call is on."""
        live = self._sessions.get(session)
        return live is not None and not live.idle

    def in_call(self, session: str) -> bool:
        """Whether somebody has taken a seat."""
        live = self._sessions.get(session)
        return live is not None and not live.over and (bool(live.coming) or any(p.join for _, p in live.parties))

    @property
    def held(self) -> int:
        """Sessions that are lived now, or were a moment ago."""
        return len(self._sessions)

    async def abandon(self, session: str) -> None:
        """This session lives elsewhere from now on: its legs are dropped, its pages come back by themselves.

        What is under way here finds that it is over; nothing goes on record.
        """
        live = self._sessions.pop(session, None)
        if live is None:
            return
        live.over = True
        if live.opened:
            live.opened = False
            self._switchboard.close(session)
        for role in Role:
            for sid in self._fanout.sids(session, role):
                await self._fanout.tell_one(sid, messages.Draining(version=live.version, after_ms=COME_BACK_MS))
                await self._fanout.close(sid)
                self._fanout.unbind(sid)

    async def expel(self, session: str, role: Role) -> None:
        """This party's links were renewed: whoever came with an old one must show the new one.

        Who was in the call with it is out of the call as well, media and all: absent like one who lost the connection,
        until somebody joins with the new link.
        """
        self.expulsions += 1
        self._expelled[session, role] = self.expulsions
        self._expelled.move_to_end((session, role))
        while len(self._expelled) > EXPULSIONS_REMEMBERED:
            self._expelled.popitem(last=False)
        for sid in self._fanout.sids(session, role):
            await self._fanout.close(sid)
        live = self._sessions.get(session)
        join = live.party(role).join if live is not None else None
        if live is not None and join is not None:
            at = self._clock()
            await self._report(session, Depart(role, join, How.CONNECTION, at), at)
            self._post(live, lambda: self._close_leg_of(live, role, join))

    async def _close_leg_of(self, live: _Live, role: Role, join: str) -> None:
        if live.party(role).join == join:
            await self._close_leg(live, role)

    def rearm(self) -> None:
        """The wall clock stepped: every deadline of the relay anew, never later (``security.md`` §5)."""
        for live in self._sessions.values():
            if live.opened:
                self._post(live, lambda live=live: self._bring_forward(live))  # type: ignore[misc]

    async def _bring_forward(self, live: _Live) -> None:
        if live.opened and (deadline := self._deadline(live.ends_at)) < live.deadline:
            live.deadline = deadline
            self._switchboard.set_deadline(live.id, deadline)

    # --- what the desk says: this is its Listener ---

    async def __call__(self, session: str, report: Report) -> None:
        """New facts are on record. Called in the order of the commits; what follows is done in that order, later."""
        live = self._sessions.get(session)
        if live is None:
            return  # nobody is looking
        live.version = max(live.version, report.version)
        for fact in report.facts:
            if isinstance(fact, Joined | Replaced) and (coming := live.coming.get(fact.join)) is not None:
                # before anything is told: the media takes longest
                seat = partial(self._take_seat, live, fact.role, fact.join, coming.sid, report)
                coming.seated = self._enqueue(live, seat)
        if report.facts:
            self._post(live, lambda: self._follow(live, report))
        for fact in report.facts:  # what the relay must do at once waits for nobody's telling
            if isinstance(fact, Ended):
                self._drop(live)
            elif isinstance(fact, Moved):
                self._move_deadline(live, fact.slot.ends_at)

    async def _follow(self, live: _Live, report: Report) -> None:
        ended = any(isinstance(fact, Ended) for fact in report.facts)
        live.phase = report.session.phase
        for fact in report.facts:
            match fact:
                case Joined(role=role, join=join):
                    party = live.party(role)
                    if party.join == join:  # by media alone, or the same page on a new socket
                        party.away, party.emptied, party.since = None, False, self._monotonic()
                    if not ended:
                        await self._tell_here(live, role, report)
                case ServiceBack():  # the process lived on: who is still there is to take its seat again
                    for _, party in live.parties:
                        if party.here:
                            party.away, party.emptied = self._monotonic(), True
                case Departed():
                    await self._departed(live, fact, report, quiet=ended)
                case Moved(slot=slot):
                    moved = messages.Moved(version=report.version, starts_at=slot.starts_at, ends_at=slot.ends_at)
                    await self._tell_both(live, moved)
                case Warned(remaining=remaining):
                    await self._tell_both(
                        live, messages.TimeWarning(version=report.version, remaining_seconds=remaining)
                    )
                case Ended():
                    await self._ended(live)
                case _:
                    pass
        if not ended and any(isinstance(fact, _CHANGES_THE_VIEW) for fact in report.facts):
            # What a page may do now follows from the rules, and is said by the desk alone. Its lane does not wait for
            # that: a description that comes meanwhile is the other's picture, and an older view is ignored by the page.
            live.outdated = True
            if not live.showing:
                live.showing = True
                self._spawn(self._show(live))

    async def _tell_here(self, live: _Live, role: Role, report: Report) -> None:
        met_before = report.session.met_at is not None and not any(isinstance(fact, Met) for fact in report.facts)
        if met_before:
            await self._tell_both(live, messages.Resumed(version=report.version, role=role))
        else:
            live.party(role).late_minutes = None
            await self._tell(live, role.other, live.peer(role).model_copy(update={"status": "here"}))

    async def _departed(self, live: _Live, fact: Departed, report: Report, *, quiet: bool) -> None:
        party = live.party(fact.role)
        if party.join == fact.join:
            if fact.how is How.CONNECTION and party.carrier is not None:
                party.away = self._monotonic()  # its socket lives: it may come back by media alone
            else:
                await self._close_leg(live, fact.role)
        if quiet:
            return
        if report.session.met_at is not None:
            await self._tell_both(live, messages.Held(version=report.version, role=fact.role, until=fact.grace_until))
        else:
            await self._tell(live, fact.role.other, live.peer(fact.role))

    def _move_deadline(self, live: _Live, ends_at: Ms) -> None:
        if live.opened:
            longer = live.deadline + (ends_at - live.ends_at) / 1000
            # by so much and no more: a clock that stepped back meanwhile does not lengthen the call (§5)
            live.ends_at, live.deadline = ends_at, min(longer, self._deadline(ends_at))
            self._switchboard.set_deadline(live.id, live.deadline)

    def _drop(self, live: _Live) -> None:
        """Commit, drop, tell; at the hard stop the relay has dropped already, by its own deadline (§1.7)."""
        live.over = True
        for role, _ in live.parties:
            self._close_test(live, role)
        if live.opened:
            live.mutual = self._switchboard.mutual_ms(live.id)
            live.opened = False
            self._switchboard.close(live.id)

    async def _ended(self, live: _Live) -> None:
        for _, party in live.parties:
            party.forget()
        for role, view in await self._fetch(live):
            await self._fanout.tell(live.id, role, messages.Ended(version=view.version, view=view))

    async def _close_leg(self, live: _Live, role: Role) -> None:
        live.party(role).forget()
        if live.opened:
            self._switchboard.leave(live.id, role)

    async def _show(self, live: _Live) -> None:
        try:
            while live.outdated and not live.over:
                await asyncio.sleep(SHOW_AFTER)
                live.outdated = False
                for role, view in await self._fetch(live):
                    await self._fanout.tell(live.id, role, self._snapshot(view, live.party(role.other)))
        finally:
            live.showing = False

    # --- telling ---

    async def _fetch(self, live: _Live) -> list[tuple[Role, messages.View]]:
        """What each one's pages are to be shown: asked for until the store has it, for nobody would tell them again."""
        while roles := [role for role in Role if self._fanout.sids(live.id, role)]:
            try:
                views = await self._desk.snapshots(live.id, roles)
            except Stale as error:
                log.warning("not shown yet", session=live.id, code=error.code)
                await asyncio.sleep(INSIST)
            else:
                live.version = max(live.version, *(view.version for view in views))
                return list(zip(roles, views, strict=True))
        return []

    def _snapshot(self, view: messages.View, other: _Party) -> messages.Snapshot:
        """The desk does not know who has a page open; the one word that says so is put in here."""
        if view.other.status == "not_here" and other.sockets:
            view = view.model_copy(update={"other": view.other.model_copy(update={"status": "checking"})})
        return messages.Snapshot(version=view.version, view=view, ice_servers=self._ice_servers)

    async def _tell(self, live: _Live, role: Role, message: ServerMessage) -> None:
        await self._fanout.tell(live.id, role, message)

    async def _tell_both(self, live: _Live, message: ServerMessage) -> None:
        for role in Role:
            await self._fanout.tell(live.id, role, message)

    async def _relay(self, live: _Live, ask: Callable[[], list[Outgoing]]) -> None:
        """What the switchboard answers goes to the pages that carry the joins, and to no other page of a party."""
        for outgoing in ask():
            if outgoing.generation != live.generation:
                live.generation, live.renewed = outgoing.generation, self._monotonic()
            party = live.party(outgoing.role)
            party.told.append((self._monotonic(), outgoing))
            if party.carrier is not None:
                await self._fanout.tell_one(party.carrier, _message(outgoing, live.version))

    # --- presence ---

    async def poll(self) -> None:
        """Look at every join once: who is gone, who is back; and sweep what does not fit together."""
        now, at = self._monotonic(), self._clock()
        if self._polled is not None and now - self._polled > STALLED:
            self._deaf_until = now + presence.SILENT  # we were away ourselves: our silence is not theirs (P3.9)
        self._polled = now
        for live in list(self._sessions.values()):
            for role, party in live.parties:
                if party.join is not None and not party.reporting and now >= self._deaf_until:
                    event = self._look(live, role, party.join, now, at)
                    if event is not None:
                        party.reporting = True
                        self._spawn(self._report_once(live, role, event, at))
            if live.idle:
                del self._sessions[live.id]
        ghosts, idle = self._fanout.sweep()
        for sid in ghosts:
            self.gone(sid)
        if idle:
            self._spawn(self._fanout.shut(idle))

    def _look(self, live: _Live, role: Role, join: str, now: float, at: Ms) -> Join | Depart | None:
        party = live.party(role)
        pulse = self._switchboard.pulse(live.id, role)
        leg: float | None = None
        if pulse is not None and pulse.up:
            leg = max((t for t in (pulse.last_check, pulse.last_packet) if t is not None), default=None)
            if leg is not None and leg <= live.renewed:
                leg = None  # that was the leg before: while the other joins anew, the innocent side is only not up
        signs = presence.Signs(party.since, party.lost, party.heard, leg, party.closing)
        if party.away is not None:
            alive = party.emptied and presence.proof_of_life(signs) > party.away
            return Join(role, join) if alive or presence.returned(signs, party.away) else None
        departure = presence.judge(signs, now)
        if departure is None:
            return None
        return Depart(role, join, departure.how, at - round((now - departure.alive) * 1000))

    async def _poll_for_ever(self) -> None:
        while True:
            try:
                await self.poll()
            except Stale:
                log.warning("a look at who is there was not taken")
            except Exception:
                log.exception("a look at who is there failed")
            await asyncio.sleep(POLL)

    async def _report_once(self, live: _Live, role: Role, event: Join | Depart, at: Ms) -> None:
        party = live.party(role)
        try:
            report = await self._report(live.id, event, at)
        finally:
            party.reporting = False
        if report is None:
            if isinstance(event, Join) and not self.draining:  # refused: then its media does not go on either
                self._post(live, lambda: self._close_leg_of(live, role, event.join))
            return
        if report.facts:
            return

        async def agree() -> None:  # the desk had it otherwise already: what is on record counts
            seat = report.session.seat(role)
            if party.join == event.join and party.away is None and (not seat.here or seat.join != event.join):
                await self._close_leg(live, role)

        self._post(live, agree)

    async def _insist(self, session: str, event: MediaUp | Tick, at: Ms) -> None:
        """What the relay has seen happens once and is not seen again: it is told until it is on record."""
        while True:
            try:
                await self._report(session, event, at)
            except Stale as error:
                log.warning("not taken yet", session=session, event_kind=type(event).__name__, code=error.code)
                await asyncio.sleep(INSIST)
            else:
                return

    async def _report(self, session: str, event: Event, at: Ms) -> Report | None:
        if self.draining:
            return None
        try:
            return await self._desk.report(session, event, at)
        except (UserError, Elsewhere) as error:  # the session went on meanwhile, or lives on another node
            log.info("not taken", session=session, event_kind=type(event).__name__, code=error.code)
            return None

    # --- lanes ---

    def _live(self, session: str) -> _Live:
        live = self._sessions.get(session)
        if live is None:
            live = self._sessions[session] = _Live(session)
        return live

    def _deadline(self, ends_at: Ms) -> float:
        return self._monotonic() + (ends_at - self._clock()) / 1000

    def _post(self, live: _Live, job: Callable[[], Awaitable[None]]) -> None:
        """To the end of this session's lane."""
        live.jobs.append(job)
        if not live.working:
            live.working = True
            self._spawn(self._work(live))

    async def _run(self, live: _Live, job: Callable[[], Awaitable[T]]) -> T:
        """As ``_post``, and wait for what comes of it."""
        return await self._enqueue(live, job)

    def _enqueue(self, live: _Live, job: Callable[[], Awaitable[T]]) -> asyncio.Future[T]:
        """As ``_post``; what comes of it will be in the future."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def work() -> None:
            try:
                result = await job()
            except Exception as error:
                if not done.cancelled():
                    done.set_exception(error)
            else:
                if not done.cancelled():
                    done.set_result(result)

        self._post(live, work)
        return done

    async def _work(self, live: _Live) -> None:
        try:
            while live.jobs:
                try:
                    await live.jobs.popleft()()
                except Stale as error:  # the database has said why; the next snapshot has it
                    log.warning("an effect was not taken", session=live.id, code=error.code)
                except Exception:
                    log.exception("an effect failed", session=live.id)
        finally:
            live.working = False

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task failed", exc_info=error)


_CHANGES_THE_VIEW = (Accepted, Declined, Exchanged, Joined, Replaced, Departed, Met, Moved)


def _message(outgoing: Outgoing, version: int) -> ServerMessage:
    if outgoing.kind == "negotiate":
        return messages.Negotiate(version=version, generation=outgoing.generation)
    if outgoing.type is None or outgoing.sdp is None:
        raise AssertionError("a description without its text")
    return messages.Description(version=version, type=outgoing.type, sdp=outgoing.sdp, generation=outgoing.generation)


def _test_of(live: _Live, role: Role) -> str:
    return f"{live.id}/{role}"


def _stale() -> ProtocolError:
    return ProtocolError("stale", "This page does not hold the seat; join again.")
