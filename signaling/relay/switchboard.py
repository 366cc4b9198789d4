"""Sessions to legs: the server's side of the relay.

Decides who is told what so that two browsers reach each other through us, and keeps what a leg is made of (credentials,
the last description of each side, the deadline), so that a restart of one side is answered here, without the other,
and a worker that died is replaced without either. Refuses to know: packets, money, who may join and when.

The negotiation of one *generation*, which begins whenever the expert has joined anew, and whenever the client has after
they had a call in the one before. The expert's page offers while it waits, so that the client finds the offer here::

    join(expert)                 -> negotiate to the expert: a new peer connection, and its offer
    describe(expert, offer)      -> kept
    foresee(page)                -> the offer, as it will be if the client joins from that page
    join(client)                 -> the offer, with our ICE part, to the client; if it is not here yet, as soon as it is
    describe(client, answer)     -> the answer, with our ICE part, to the expert

Afterwards, within the generation, each side on its own::

    the expert restarts ICE: describe(expert, offer)   -> the client's stored answer and fresh credentials to the expert
    the client restarts ICE: restart(client)           -> the expert's stored offer and fresh credentials to the client
                             describe(client, answer)  -> nothing; it is kept for the expert's next restart

An offer with the ufrag of the one before is a repetition (its answer was lost): it gets the stored answer under the
credentials that it already has. ``restart(expert)`` is therefore only needed by an expert's page that has not offered
in this generation (``negotiate`` was lost): it is told again. What belongs to another generation is ignored; a page
compares generations for equality, not for order, for a restart of the server begins at 1 again.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import os
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal, cast

import ifaddr
import structlog

import signaling
from signaling.errors import ProtocolError
from signaling.relay import port as udp
from signaling.relay import sdp, wire
from signaling.relay.ice import Credentials
from signaling.relay.leg import MAX_CREDENTIALS
from signaling.relay.loopback import Loopbacks
from signaling.relay.state import PURE_VARIABLE
from signaling.session import Role

START_WITHIN: Final = 30.0  # seconds, on a very busy machine
STOP_WITHIN: Final = 5.0
MAX_BACKOFF: Final = 5.0
HUNG_AFTER: Final = 5.0  # a worker gives a sign of life twice a second
LOOK_EVERY: Final = 0.5
MAX_PAGES: Final = 8  # that foresee the same offer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Where the relay listens, what it tells browsers of that, and what one leg may send."""

    port: int  # UDP and TCP, of the first worker; each further one has the next; 0 picks free ones
    bind: tuple[str, ...] = ()  # () or a wildcard: loopback and every address of the host
    advertise: tuple[str, ...] = ()  # () = what is bound; the public addresses behind NAT
    bits_per_second: int = 4_000_000
    packets_per_second: int = 1_500
    workers: int = 1
    pure: bool = False  # without the compiled part, also where there is one


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something a page must be told."""

    role: Role
    kind: Literal["negotiate", "description"]
    generation: int
    type: Literal["offer", "answer"] | None = None
    sdp: str | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """What is known of one leg, in this join of its party. Times are monotonic seconds."""

    up: bool  # has ever carried an authenticated check
    last_check: float | None
    last_packet: float | None  # DTLS or SRTP received from it
    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    dropped: int
    path_switches: int


@dataclass(frozen=True, slots=True)
class RelayStats:
    """Totals since the start, for metrics; ``rcvbuf`` is the smallest receive buffer that was granted, in bytes."""

    sessions: int
    legs: int
    packets: int
    bytes: int
    drops: dict[str, int]
    rcvbuf: int
    workers: int  # alive
    worker_restarts: int
    tests: int  # pages that test their network now


@dataclass(slots=True, eq=False)
class _Side:
    """One party's join: a new one is a new object, so that late reports of an older one do not touch it."""

    joined: bool = False
    fingerprint: tuple[str, ...] | None = None
    description: sdp.Description | None = None  # of this generation
    credentials: list[Credentials] = field(default_factory=list)  # of this call, the newest last
    up: bool = False
    last_check: float | None = None
    last_packet: float | None = None
    past: Counter[str] = field(default_factory=Counter)  # of legs that are closed
    present: dict[int, Counter[str]] = field(default_factory=dict)  # by call


@dataclass(slots=True, eq=False)
class _Session:
    name: str
    deadline: float
    sides: dict[Role, _Side] = field(default_factory=lambda: {role: _Side() for role in Role})
    generation: int = 0
    called: bool = False  # a call was opened in this generation
    foreseen: dict[str, Credentials] = field(default_factory=dict)  # by page: the client's, if it joins from there
    lane: _Lane | None = None  # from the first description on, for they name the port
    call: int | None = None
    stopped: bool = False
    media: bool = False
    mutual_past: int = 0  # ms
    mutual_present: dict[int, int] = field(default_factory=dict)  # by call


@dataclass(frozen=True, slots=True)
class _Call:
    """Whose reports these are; kept after the call was closed, until its final reports are in."""

    session: _Session
    sides: dict[Role, _Side]
    lane: _Lane | None


class Switchboard:
    """All sessions of this server. Its methods neither wait nor block; only ``start`` and ``stop`` do."""

    def __init__(
        self,
        settings: RelaySettings,
        *,
        on_media: Callable[[str], None],
        on_stopped: Callable[[str], None],
    ) -> None:
        """``on_media``: SRTP has flowed both ways for the first time. ``on_stopped``: the deadline has closed the legs.

        A session whose parties never met has no legs to close, and is not told as stopped.
        """
        self._settings = settings
        self._on_media = on_media
        self._on_stopped = on_stopped
        self._sessions: dict[str, _Session] = {}
        self._calls: dict[int, _Call] = {}
        self._numbers = 0
        self._lanes: list[_Lane] = []
        self._lease: wire.Lease | None = None
        self.tests = Loopbacks(self._next_number, self._least_loaded, _credentials)
        self.port = settings.port

    # --- life ---

    async def start(self) -> None:
        """Listen, and have workers forward. ``OSError`` for an address that cannot be had, ``ValueError`` for none."""
        hosts, first = _expand(self._settings.bind), self._settings.port
        try:
            for number in range(self._settings.workers):
                sockets = udp.bind(hosts, first + number if first else 0)
                self._lanes.append(_Lane(self._settings, number, sockets, self._heard, self._reopen, self._settle))
            self.port = self._lanes[0].port
            if (granted := min(lane.rcvbuf for lane in self._lanes)) < udp.RECEIVE_BUFFER:
                log.warning("relay_receive_buffer", granted=granted, asked=udp.RECEIVE_BUFFER, see="net.core.rmem_max")
            await asyncio.wait_for(asyncio.gather(*(lane.start() for lane in self._lanes)), START_WITHIN)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Drop every leg; the workers exit."""
        lanes, self._lanes = self._lanes, []
        await asyncio.gather(*(lane.stop() for lane in lanes))

    # --- sessions ---

    def open(self, session: str, deadline: float) -> None:
        """Make room for a session, up to ``deadline`` (monotonic seconds). Again: (re)sets the deadline."""
        if session not in self._sessions:
            self._sessions[session] = _Session(session, deadline)
        else:
            self.set_deadline(session, deadline)

    def set_deadline(self, session: str, deadline: float) -> None:
        """Bring the deadline forward or put it off; the latter is for a booking that moved, and nothing else."""
        state = self._sessions.get(session)
        if state is None:
            return
        state.deadline = deadline
        if deadline > time.monotonic():
            state.stopped = False
        _send(state, partial(wire.SetDeadline, deadline=deadline))

    def foresee(self, session: str, page: str) -> Outgoing | None:
        """What the client will be told as soon as it joins from ``page``, if the expert's offer waits for it.

        Its credentials are this page's alone, and the relay hears of them when it joins.
        """
        state = self._sessions.get(session)
        offer = None if state is None else state.sides[Role.EXPERT].description
        if state is None or offer is None or state.called or state.stopped or state.sides[Role.CLIENT].joined:
            return None
        state.lane = state.lane or self._least_loaded()
        known = state.foreseen.setdefault(page, _credentials())
        while len(state.foreseen) > MAX_PAGES:
            del state.foreseen[next(iter(state.foreseen))]
        return self._present(state, Role.CLIENT, offer, known)

    def join(self, session: str, role: Role, page: str | None = None) -> list[Outgoing]:
        """A new join of that side, from a page that ``foresee`` may know. ``KeyError`` for one that is not open."""
        state = self._sessions[session]
        state.sides[role] = _Side(joined=True)
        self._end_call(state)
        if state.stopped or not state.sides[Role.EXPERT].joined:
            return []
        told = self._begin_generation(state) if role is Role.EXPERT or state.called else []
        return told + self._begin_call(state, page) if state.sides[Role.CLIENT].joined else told

    def leave(self, session: str, role: Role) -> None:
        """That side's leg is closed. The other's stays: it carries its proof of life (P3.14)."""
        state = self._sessions.get(session)
        if state is None or not state.sides[role].joined:
            return
        side = state.sides[role]
        side.joined = False
        side.description = None
        side.credentials.clear()
        _send(state, partial(wire.Close, role=role))

    def describe(self, session: str, role: Role, type: str, sdp: str, generation: int) -> list[Outgoing]:
        """A page's description; what there is to tell for it. ``ProtocolError``: bad_sdp, fingerprint_changed, ...

        A description of another generation is stale, and nobody's fault: it is ignored.
        """
        state = self._sessions.get(session)
        if state is None or generation != state.generation or not _is_heard(state, role):
            return []
        if (role, type) not in ((Role.EXPERT, "offer"), (Role.CLIENT, "answer")):
            raise ProtocolError("wrong_offerer", "The expert's page makes the offers, and the client's page answers.")
        description = self._accept(state, role, type, sdp)
        return self._offered(state, description) if role is Role.EXPERT else self._answered(state, description)

    def restart(self, session: str, role: Role) -> list[Outgoing]:
        """A side wants fresh ICE credentials for itself alone; see the module's docstring for the flow."""
        state = self._sessions.get(session)
        if state is None or not _is_heard(state, role):
            return []
        offer = state.sides[Role.EXPERT].description
        if role is Role.EXPERT:
            return [Outgoing(Role.EXPERT, "negotiate", state.generation)] if offer is None else []
        if offer is None:
            return []  # it is on its way, and fresh
        self._admit(state, Role.CLIENT)
        return [self._present(state, Role.CLIENT, offer)]

    def close(self, session: str) -> None:
        """Drop both legs, and forget the session."""
        state = self._sessions.pop(session, None)
        if state is not None:
            self._end_call(state)

    def lease(self, until: float) -> None:
        """Forward nothing after ``until`` (monotonic seconds), whatever becomes of this process, unless told again."""
        self._lease = wire.Lease(until)
        for lane in self._lanes:
            lane.send(self._lease)

    def pulse(self, session: str, role: Role) -> Pulse | None:
        """None for a session that is not open, or a side that never joined."""
        state = self._sessions.get(session)
        if state is None:
            return None
        side = state.sides[role]
        if not side.joined and not side.up:
            return None
        counted = (side.past[name] + sum(call[name] for call in side.present.values()) for name in _COUNTED)
        return Pulse(side.up, side.last_check, side.last_packet, *counted)

    def mutual_ms(self, session: str) -> int:
        """How long both had media from each other: seconds in which SRTP was forwarded both ways (P3.16).

        Of the last such second only what lies before the deadline, or the call's end.
        """
        state = self._sessions.get(session)
        return 0 if state is None else state.mutual_past + sum(state.mutual_present.values())

    def stats(self) -> RelayStats:
        totals = wire.Totals(0, 0, {})
        for lane in self._lanes:
            totals = _add(totals, lane.totals)
        open_calls = [state for state in self._sessions.values() if state.call is not None]
        return RelayStats(
            sessions=len(self._sessions),
            legs=sum(side.joined for state in open_calls for side in state.sides.values()),
            packets=totals.packets,
            bytes=totals.bytes,
            drops=totals.drops,
            rcvbuf=min((lane.rcvbuf for lane in self._lanes), default=0),
            workers=len(self.workers),
            worker_restarts=sum(lane.restarts for lane in self._lanes),
            tests=len(self.tests),
        )

    @property
    def workers(self) -> tuple[int, ...]:
        """The process ids of the workers that are alive."""
        return tuple(lane.process for lane in self._lanes if lane.process is not None)

    # --- negotiation ---

    def _begin_generation(self, state: _Session) -> list[Outgoing]:
        state.generation += 1
        state.called = False
        state.foreseen.clear()
        for side in state.sides.values():
            side.description = None
        return [Outgoing(Role.EXPERT, "negotiate", state.generation)]

    def _begin_call(self, state: _Session, page: str | None) -> list[Outgoing]:
        state.call, state.called = self._next_number(), True
        state.lane = state.lane or self._least_loaded()
        self._calls[state.call] = _Call(state, dict(state.sides), state.lane)
        for side in state.sides.values():
            side.credentials = [_credentials()]
        if page in state.foreseen:
            state.sides[Role.CLIENT].credentials = [state.foreseen[page]]
        state.foreseen.clear()
        self._open_call(state)
        offer = state.sides[Role.EXPERT].description
        return [] if offer is None else [self._present(state, Role.CLIENT, offer)]

    def _next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _least_loaded(self) -> _Lane | None:
        """The lane with the fewest sessions; one without a worker only when there is no other."""
        pinned = Counter(id(state.lane) for state in self._sessions.values())
        return min(self._lanes, key=lambda lane: (lane.process is None, pinned[id(lane)]), default=None)

    def _accept(self, state: _Session, role: Role, type: str, text: str) -> sdp.Description:
        side, other = state.sides[role], state.sides[role.other]
        description = sdp.accept(text, type=type)
        if side.fingerprint not in (None, description.fingerprint):
            raise ProtocolError(
                "fingerprint_changed", "The certificate is another than before in this join; join anew to change it."
            )
        for fixed in (side.description, other.description):
            if fixed is not None and fixed.layout != description.layout:
                raise ProtocolError("bad_sdp", "The m-lines are fixed by the first offer; replace tracks instead.")
        side.fingerprint = description.fingerprint
        return description

    def _offered(self, state: _Session, offer: sdp.Description) -> list[Outgoing]:
        expert, client = state.sides[Role.EXPERT], state.sides[Role.CLIENT]
        before, expert.description = expert.description, offer
        if state.call is None:
            return []  # it waits for the client
        if before is None:
            return [self._present(state, Role.CLIENT, offer)]
        if offer.ufrag != before.ufrag:
            self._admit(state, Role.EXPERT)
        if client.description is None:
            return []  # the client's answer to the offer before will do for this one: they differ in ICE alone
        return [self._present(state, Role.EXPERT, client.description)]

    def _answered(self, state: _Session, answer: sdp.Description) -> list[Outgoing]:
        expert, client = state.sides[Role.EXPERT], state.sides[Role.CLIENT]
        if expert.description is None:
            return []
        before, client.description = client.description, answer
        return [self._present(state, Role.EXPERT, answer)] if before is None else []

    def _present(
        self, state: _Session, to: Role, description: sdp.Description, credentials: Credentials | None = None
    ) -> Outgoing:
        candidates = [] if state.lane is None else state.lane.candidates
        text = sdp.present(description, credentials or state.sides[to].credentials[-1], candidates)
        return Outgoing(to, "description", state.generation, description.type, text)

    def _admit(self, state: _Session, role: Role) -> None:
        """Fresh credentials for one leg."""
        fresh = _credentials()
        state.sides[role].credentials = [*state.sides[role].credentials[1 - MAX_CREDENTIALS :], fresh]
        _send(state, partial(wire.Admit, role=role, ufrag=fresh.ufrag, password=fresh.password))

    def _open_call(self, state: _Session) -> None:
        """To the worker; also to a new one, after the old one died: the browsers' next checks find the same leg."""
        _send(state, partial(wire.Open, deadline=state.deadline))
        for role, side in state.sides.items():
            for known in side.credentials:
                _send(state, partial(wire.Admit, role=role, ufrag=known.ufrag, password=known.password))
            if not side.credentials:
                _send(state, partial(wire.Close, role=role))

    def _end_call(self, state: _Session) -> None:
        _send(state, wire.Close)
        state.call = None

    # --- the workers ---

    def _reopen(self, lane: _Lane) -> None:
        """A new worker, which is told all there is."""
        if self._lease is not None:
            lane.send(self._lease)
        for state in self._sessions.values():
            if state.lane is lane and state.call is not None:
                self._open_call(state)

    def _settle(self, lane: _Lane) -> None:
        """A worker is gone: what it had counted of calls is past, and its successor counts from nothing."""
        self.tests.drop(lane)
        for number, call in list(self._calls.items()):
            if call.lane is not lane:
                continue
            for side in call.sides.values():
                side.past += side.present.pop(number, Counter())
            call.session.mutual_past += call.session.mutual_present.pop(number, 0)
            if call.session.call != number:
                del self._calls[number]

    def _heard(self, message: wire.Message) -> None:
        if isinstance(message, wire.Up | wire.MediaBothWays | wire.Switched | wire.LegReport | wire.CallReport):
            call = self._calls.get(message.call)
            if call is not None:
                self._heard_of(call, message)
        elif isinstance(message, wire.Closed):
            self._heard_closed(message)

    def _heard_of(
        self, call: _Call, message: wire.Up | wire.MediaBothWays | wire.Switched | wire.LegReport | wire.CallReport
    ) -> None:
        session = call.session
        match message:
            case wire.Up(_, role):
                call.sides[role].up = True
            case wire.MediaBothWays():
                if not session.media:
                    session.media = True
                    _later(self._on_media, session.name)
            case wire.Switched(_, role, path):
                log.info("relay_path_switched", session=session.name, role=role.value, path=path)
            case wire.CallReport(number, mutual_ms):
                session.mutual_present[number] = mutual_ms
            case wire.LegReport():
                self._counted(call, message)

    def _counted(self, call: _Call, report: wire.LegReport) -> None:
        side = call.sides[report.role]
        side.up = side.up or report.last_check is not None
        side.last_check = _later_of(side.last_check, report.last_check)
        side.last_packet = _later_of(side.last_packet, report.last_packet)
        counters = Counter({name: getattr(report, name) for name in _COUNTED})
        if not report.final:
            side.present[report.call] = counters
        else:
            side.present.pop(report.call, None)
            side.past += counters

    def _heard_closed(self, closed: wire.Closed) -> None:
        call = self._calls.pop(closed.call, None)
        if call is None:
            return
        session = call.session
        session.mutual_past += session.mutual_present.pop(closed.call, 0)
        if not closed.by_deadline or session.call != closed.call:
            return
        if session.deadline > time.monotonic():  # put off while the worker was acting on the one before
            self._calls[closed.call] = call
            self._open_call(session)
            return
        session.call = None
        session.stopped = True
        _later(self._on_stopped, session.name)


class _Lane:
    """One worker's place: its sockets and port, which outlive it, and a supervisor that keeps a process in it."""

    def __init__(
        self,
        settings: RelaySettings,
        number: int,
        sockets: udp.Sockets,
        heard: Callable[[wire.Message], None],
        born: Callable[[_Lane], None],
        died: Callable[[_Lane], None],
    ) -> None:
        self._settings = settings
        self._number = number
        self._sockets = sockets
        self._heard, self._born, self._died = heard, born, died
        self._worker: _Worker | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._past, self._present = wire.Totals(0, 0, {}), wire.Totals(0, 0, {})
        self.restarts = 0
        self.port = sockets.port
        self.rcvbuf = min(udp.granted(sock) for sock in sockets.udp)
        addresses = settings.advertise or [sock.getsockname()[0] for sock in sockets.udp]
        self.candidates = [
            sdp.Candidate(address, self.port, transport) for transport in _TRANSPORTS for address in addresses
        ]

    @property
    def process(self) -> int | None:
        """Of the worker, if one is alive."""
        return None if self._worker is None else self._worker.process.pid

    @property
    def totals(self) -> wire.Totals:
        return _add(self._past, self._present)

    async def start(self) -> None:
        """Until the first worker is ready."""
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._supervisor = asyncio.create_task(self._supervise(ready))
        await ready

    async def stop(self) -> None:
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.cancel()
            await asyncio.wait([supervisor])
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.stop()
        self._sockets.close()

    def send(self, command: wire.Command) -> None:
        if self._worker is not None:  # else: the next one is told all there is
            self._worker.send(command)

    async def _supervise(self, ready: asyncio.Future[None]) -> None:
        """Keep one worker alive. Until the first one is ready, a failure is the caller's of ``start``."""
        backoff = 0.0
        while True:
            started = time.monotonic()
            try:
                await self._run_worker(ready)
            except OSError as error:
                log.error("relay_worker_not_started", worker=self._number, error=str(error))
            if not ready.done():
                ready.set_exception(RuntimeError("the relay worker ended before it was ready; its error is on stderr"))
                return
            self.restarts += 1
            backoff = 0.0 if time.monotonic() - started > MAX_BACKOFF else min(MAX_BACKOFF, backoff * 2 + 0.1)
            log.error("relay_worker_died", worker=self._number, restarts=self.restarts, again_in=backoff)
            await asyncio.sleep(backoff)

    async def _run_worker(self, ready: asyncio.Future[None]) -> None:
        """One worker, from its start until it is gone: no other reads the sockets before."""

        def report(message: wire.Message) -> None:
            if isinstance(message, wire.Ready):
                log.info("relay_worker_ready", worker=self._number, packets="compiled" if message.compiled else "pure")
                if not ready.done():
                    ready.set_result(None)
            elif isinstance(message, wire.Totals):
                self._present = message
            self._heard(message)

        sockets = tuple(sock.fileno() for sock in self._sockets.udp)
        listeners = tuple(sock.fileno() for sock in self._sockets.tcp)
        worker = await _Worker.spawn((*sockets, *listeners), report, pure=self._settings.pure)
        self._worker = worker
        ceiling = (self._settings.bits_per_second, self._settings.packets_per_second)
        worker.send(wire.Start(sockets, listeners, *ceiling))
        self._born(self)
        await self._lost(worker)
        self._worker = None
        self._past, self._present = self.totals, wire.Totals(0, 0, {})
        self._died(self)
        await worker.stop()

    async def _lost(self, worker: _Worker) -> None:
        """Until the worker is gone; one that hangs is killed. It holds the sockets, so nothing less would do."""
        looked = time.monotonic()
        while not worker.lost.done():
            await asyncio.wait([worker.lost], timeout=LOOK_EVERY)
            now = time.monotonic()
            if now - looked > 2 * LOOK_EVERY:
                worker.heard_at = now  # it was we who hung, and have yet to read what it said
            elif now - worker.heard_at > (HUNG_AFTER if worker.ready else START_WITHIN):
                log.error("relay_worker_hangs", worker=self._number, silent=round(now - worker.heard_at, 1))
                worker.process.kill()  # also a stopped one dies of it; its end of the socketpair closes
                await worker.lost
            looked = now


class _Worker(asyncio.Protocol):
    """The server's end of one worker."""

    def __init__(self, process: subprocess.Popen[bytes], heard: Callable[[wire.Message], None]) -> None:
        self.process = process
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard = heard
        self._decoder = wire.Decoder()
        self._transport: asyncio.Transport | None = None
        self.ready = False  # a start on a busy machine takes its time
        self.heard_at = time.monotonic()

    @classmethod
    async def spawn(cls, descriptors: tuple[int, ...], heard: Callable[[wire.Message], None], *, pure: bool) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            process = _launch(theirs.fileno(), descriptors, pure)
        _, worker = await asyncio.get_running_loop().create_unix_connection(lambda: cls(process, heard), sock=ours)
        return worker

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of the kind, but not of the class

    def data_received(self, data: bytes) -> None:
        self.ready = True
        self.heard_at = time.monotonic()
        for message in self._decoder.feed(data):
            self._heard(message)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)

    def send(self, command: wire.Command) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(wire.encode(command))

    async def stop(self) -> None:
        """Closing our end is the order to exit; one that does not within ``STOP_WITHIN`` is killed."""
        if self._transport is not None:
            self._transport.abort()
        try:
            await asyncio.to_thread(self.process.wait, STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)


_TRANSPORTS: Final[tuple[Literal["udp", "tcp"], ...]] = ("udp", "tcp")  # best first
_COUNTED: Final = ("packets_in", "bytes_in", "packets_out", "bytes_out", "dropped", "path_switches")


def _is_heard(state: _Session, role: Role) -> bool:
    """Whether this side has something to say: in the call, or, the expert alone, before its first one."""
    waits = role is Role.EXPERT and not state.called and not state.stopped
    return state.sides[role].joined and (state.call is not None or waits)


def _send(state: _Session, command: Callable[[int], wire.Command]) -> None:
    """To the worker that has this session's call, if it has one."""
    if state.call is not None and state.lane is not None:
        state.lane.send(command(state.call))


def _launch(link: int, descriptors: tuple[int, ...], pure: bool) -> subprocess.Popen[bytes]:
    root = str(Path(signaling.__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    # -P: a directory of the same name where we happen to stand is not the package
    return subprocess.Popen(  # noqa: S603 - ours, every word of it
        [sys.executable, "-P", "-m", "signaling.relay.worker", str(link)],
        pass_fds=(link, *descriptors),
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, **({PURE_VARIABLE: "1"} if pure else {})},
    )


def _credentials() -> Credentials:
    """48 bits more than a guess can reach, and 144 bits of key, in RFC 8445's alphabet (which is base64's)."""
    return Credentials(_ice_chars(9), _ice_chars(18))


def _ice_chars(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()


def _expand(hosts: Iterable[str]) -> list[str]:
    """The local addresses to listen on: every one of the host for none or a wildcard, IPv4 first, loopback last."""
    chosen: list[str] = []
    for host in tuple(hosts) or ("0.0.0.0", "::"):  # noqa: S104 - and it is expanded
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            raise ValueError(f"the relay listens on IP addresses, and {host!r} is none") from None
        chosen += _host_addresses(address.version) if address.is_unspecified else [str(address)]
    return sorted(dict.fromkeys(chosen), key=_is_loopback)


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def _host_addresses(version: int) -> list[str]:
    """Of this host and version; not IPv6's link-local ones, which mean nothing without an interface's name."""
    found = {ip.ip if isinstance(ip.ip, str) else ip.ip[0] for adapter in ifaddr.get_adapters() for ip in adapter.ips}
    addresses = {address for address in map(ipaddress.ip_address, found) if address.version == version}
    addresses.add(ipaddress.ip_address("127.0.0.1" if version == 4 else "::1"))
    return [
        str(address)
        for address in sorted(addresses, key=str)
        if not (version == 6 and address.is_link_local) and _usable(str(address))
    ]


def _usable(host: str) -> bool:
    """IPv6 may be compiled in and yet be switched off, and an address may still be on its way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


def _add(first: wire.Totals, second: wire.Totals) -> wire.Totals:
    drops = Counter(first.drops) + Counter(second.drops)
    return wire.Totals(first.packets + second.packets, first.bytes + second.bytes, dict(drops))


def _later_of(first: float | None, second: float | None) -> float | None:
    return second if first is None else first if second is None else max(first, second)


def _later(callback: Callable[[str], None], session: str) -> None:
    """Not from within the protocol: what goes wrong in a callback is not the worker's fault."""
    asyncio.get_running_loop().call_soon(callback, session)
