"""Real fakes of what signaling needs from above and from below: a desk in memory, a switchboard of words, a clock.

They keep the promises that the real ones make (serial per session, listeners told in the order of the commits), and
nothing else: no money, no policy, no media.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from aiohttp import web

from signaling import messages
from signaling.attendant import Attendant, Switchboard
from signaling.errors import Denied, ProtocolError
from signaling.fanout import Fanout
from signaling.gateway import Gateway
from signaling.messages import View
from signaling.ports import Admission, Listener, Report, Sends
from signaling.relay import wire
from signaling.relay.ice import Credentials
from signaling.relay.loopback import Loopbacks
from signaling.relay.sdp import Candidate
from signaling.relay.switchboard import Outgoing, Pulse
from signaling.session import (
    MINUTE,
    Accept,
    Event,
    Fact,
    LeaveForSafety,
    Ms,
    Phase,
    Role,
    Session,
    Slot,
    advance,
    book,
    may_leave_at,
)

NOON = 1_795_348_800_000
"""2026-11-22T12:00:00Z: when a fake clock begins."""


class FakeClock:
    """Wall and monotonic time that pass when they are told to. Calling it gives wall milliseconds."""

    def __init__(self, wall: Ms = NOON, monotonic: float = 1000.0) -> None:
        self.wall = wall
        self._monotonic = monotonic

    def __call__(self) -> Ms:
        return self.wall

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self.wall += round(seconds * 1000)
        self._monotonic += seconds

    def step(self, seconds: float) -> None:
        """The wall clock alone is set."""
        self.wall += round(seconds * 1000)


class RealClock(FakeClock):
    """The machine's own, where the other end of a test lives in real time; ``step`` still sets the wall clock."""

    def __init__(self) -> None:
        super().__init__(wall=0)

    def __call__(self) -> Ms:
        return time.time_ns() // 1_000_000 + self.wall

    def monotonic(self) -> float:
        return time.monotonic()


def a_slot(starts_at: Ms = NOON, minutes: int = 30) -> Slot:
    """A slot with the limits of the default terms."""
    return Slot(
        starts_at=starts_at,
        ends_at=starts_at + minutes * MINUTE,
        opens_before=15 * MINUTE,
        late_grace=60_000,
        no_show_after=min(10, minutes // 3) * MINUTE,
        reconnect_grace=90_000,
        outage_window=10_000,
        warnings=(10 * MINUTE, 5 * MINUTE, MINUTE, 30_000, 10_000),
    )


class FakeDesk:
    """In memory: a session is booked by ``add``; its tokens are ``{session}:{role}``."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.sessions: dict[str, Session] = {}
        self.facts: dict[str, list[Fact]] = {}
        self.tokens: dict[str, Admission] = {}
        self.listeners: list[Listener] = []
        self.events: list[Event] = []
        self.changes: list[tuple[Fact, ...]] = []  # what each report gave
        self.late_minutes: dict[tuple[str, Role], int] = {}
        self.samples: list[tuple[str, Role, messages.QualityCommand, Ms]] = []
        self.admitting: Callable[[], None] = lambda: None
        self.gate: asyncio.Event | None = None
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def add(self, session: str = "s1", slot: Slot | None = None, *, accepted: bool = True) -> None:
        step = book(slot or a_slot(), self.clock())
        self.sessions[session], self.facts[session] = step.session, list(step.facts)
        for role in Role:
            self.tokens[f"{session}:{role}"] = Admission(session, role)
            if accepted:
                self._advance(session, (Accept(role, "v1"),), self.clock())

    async def admit(self, token: str) -> Admission:
        self.admitting()
        await asyncio.sleep(0)
        if token not in self.tokens:
            raise Denied()
        return self.tokens[token]

    async def report(self, session: str, event: Event | tuple[Event, ...], at: Ms) -> Report:
        events = event if isinstance(event, tuple) else (event,)
        async with self._locks[session]:
            await asyncio.sleep(0)  # the transaction
            if self.gate is not None:
                await self.gate.wait()
            self.events.extend(events)
            report = self._advance(session, events, at)
            self.changes.append(report.facts)
            for listener in self.listeners:
                await listener(session, report)
        return report

    async def late(self, session: str, role: Role, minutes: int, at: Ms) -> Report:
        async with self._locks[session]:
            self.late_minutes[session, role] = minutes
            return Report(self.sessions[session], (), self.version(session))

    async def consent(
        self, session: str, role: Role, act: messages.ConsentCommand, at: Ms
    ) -> tuple[int, tuple[messages.Consent, ...]]:
        async with self._locks[session]:
            said = messages.Consent(
                id=act.request or "r1",
                by=role if act.act == "ask" else role.other,
                status="asked" if act.act == "ask" else "given",
                scope=act.scope,
                purpose=act.purpose,
                name=act.name,
                asked_at=at,
                given_at=None,
                closed_at=None,
            )
            return self.version(session), (said,)

    def measured(
        self, session: str, role: Role, said: messages.QualityCommand, at: Ms, sends: Sends | None = None
    ) -> None:
        self.samples.append((session, role, said, at))

    async def leave_for_safety(
        self, session: str, role: Role, category: str, text: str | None, at: Ms
    ) -> tuple[Report, str]:
        return await self.report(session, LeaveForSafety(role), at), "T-1"

    async def snapshot(self, session: str, role: Role) -> View:
        return (await self.snapshots(session, (role,)))[0]

    async def snapshots(self, session: str, roles: Sequence[Role]) -> tuple[View, ...]:
        await asyncio.sleep(0)
        now, version = self.clock(), self.version(session)
        return tuple(a_view(session, self.sessions[session], role, version, now) for role in roles)

    def version(self, session: str) -> int:
        return len(self.facts[session])

    def kinds(self, session: str = "s1") -> list[str]:
        return [fact.kind for fact in self.facts[session]]

    def _advance(self, session: str, events: tuple[Event, ...], at: Ms) -> Report:
        now, facts = self.sessions[session], tuple[Fact, ...]()
        for event in events:  # all of them, or none
            step = advance(now, event, at)
            now, facts = step.session, (*facts, *step.facts)
        self.sessions[session] = now
        self.facts[session] += facts
        return Report(now, facts, self.version(session))


def a_view(id_: str, session: Session, role: Role, version: int, now: Ms) -> View:
    """A minimal view, true in what the live side looks at."""
    slot, seat, other = session.slot, session.seat(role), session.seat(role.other)
    gone = other.gone if session.phase is Phase.HELD and not other.here else None
    end = None
    if session.end is not None:
        summary = messages.PartySummary(arrived_at=None, lateness_seconds=None, attendance=None, present_seconds=0)
        end = messages.End(
            reason=session.end.reason,
            by=session.end.by,
            at=session.end.as_of,
            for_cause=False,
            mutual_seconds=0,
            client=summary,
            expert=summary,
        )
    return View(
        id=id_,
        version=version,
        server_time=now,
        status=session.phase,
        title=None,
        opens_at=slot.opens_at,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        met=session.met_at is not None,
        me=messages.Me(role=role, name=role.value, accepted=seat.accepted, here=seat.here, join=seat.join),
        other=messages.Other(
            role=role.other,
            name=role.other.value,
            status="here" if other.here else "away" if gone else "not_here",
        ),
        guidelines=messages.Guidelines(version="v1"),
        may=messages.May(
            join=not session.over,
            end=session.met_at is not None and not session.over,
            step_out=seat.here,
            leave_at=may_leave_at(session, role),
            request_refund=False,
            ask_consent=session.met_at is not None and not session.over,
            rate=False,
            report=(),
            claim=False,
            dispute=False,
            answer_rating=False,
            contest=False,
        ),
        fee=None,
        reconnect_grace_seconds=session.slot.reconnect_grace,
        expert_absence_seconds=0,
        held_until=gone.grace_until if gone else None,
        end=end,
        refund=None,
    )


NO_PULSE = Pulse(False, None, None, 0, 0, 0, 0, 0, 0)


@dataclass(slots=True)
class _Board:
    deadline: float
    generation: int = 0
    called: bool = False
    offer: str | None = None
    joined: set[Role] = field(default_factory=set)
    pulses: dict[Role, Pulse] = field(default_factory=dict)


class FakeLane:
    """A worker's place without a worker: ``told`` is what it was commanded."""

    candidates = (Candidate("192.0.2.1", 3478),)

    def __init__(self) -> None:
        self.told: list[wire.Command] = []

    def send(self, command: wire.Command) -> None:
        self.told.append(command)


class FakeSwitchboard:
    """Carries no media: ``alive`` says that a leg was heard. ``calls`` is what it was asked, in order."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.boards: dict[str, _Board] = {}
        self.calls: list[tuple[object, ...]] = []
        self.mutual: Counter[str] = Counter()
        numbers = itertools.count(1)
        self.lane = FakeLane()
        known = (Credentials(f"ufrag{number:07}", f"password{number:016}") for number in itertools.count())
        self.tests = Loopbacks(lambda: next(numbers), lambda: self.lane, lambda: next(known), clock.monotonic)

    def open(self, session: str, deadline: float) -> None:
        self.calls.append(("open", session, deadline))
        self.boards.setdefault(session, _Board(deadline)).deadline = deadline

    def set_deadline(self, session: str, deadline: float) -> None:
        self.calls.append(("set_deadline", session, deadline))
        self.boards[session].deadline = deadline

    def foresee(self, session: str, page: str) -> Outgoing | None:
        board = self.boards.get(session)
        if board is None or board.offer is None or board.called or Role.CLIENT in board.joined:
            return None
        return Outgoing(Role.CLIENT, "description", board.generation, "offer", board.offer)

    def join(self, session: str, role: Role, page: str | None = None) -> list[Outgoing]:
        self.calls.append(("join", session, role))
        board = self.boards[session]
        board.joined.add(role)
        board.pulses.pop(role, None)
        if Role.EXPERT not in board.joined:
            return []
        told: list[Outgoing] = []
        if role is Role.EXPERT or board.called:
            board.generation += 1
            board.called, board.offer = False, None
            told = [Outgoing(Role.EXPERT, "negotiate", board.generation)]
        board.called = len(board.joined) == 2
        if board.called and board.offer is not None:
            told.append(Outgoing(Role.CLIENT, "description", board.generation, "offer", board.offer))
        return told

    def leave(self, session: str, role: Role) -> None:
        self.calls.append(("leave", session, role))
        self.boards[session].joined.discard(role)
        self.boards[session].pulses.pop(role, None)

    def describe(self, session: str, role: Role, type: str, sdp: str, generation: int) -> list[Outgoing]:
        board = self.boards[session]
        if generation != board.generation:
            return []
        if sdp == "bad":
            raise ProtocolError("bad_sdp", "This is not a description.")
        kind: Literal["offer", "answer"] = "offer" if type == "offer" else "answer"
        if not board.called:
            board.offer = f"relayed {sdp}"
            return []
        return [Outgoing(role.other, "description", generation, kind, f"relayed {sdp}")]

    def restart(self, session: str, role: Role) -> list[Outgoing]:
        return [Outgoing(role, "description", self.boards[session].generation, "offer", "restarted")]

    def close(self, session: str) -> None:
        self.calls.append(("close", session))
        self.boards.pop(session, None)

    def pulse(self, session: str, role: Role) -> Pulse | None:
        board = self.boards.get(session)
        if board is None or role not in board.joined:
            return None
        return board.pulses.get(role, NO_PULSE)

    def mutual_ms(self, session: str) -> int:
        return self.mutual[session]

    def alive(self, role: Role, session: str = "s1") -> None:
        """An authenticated check and a packet came in from this leg just now."""
        now = self.clock.monotonic()
        pulse = self.boards[session].pulses.get(role, NO_PULSE)
        self.boards[session].pulses[role] = replace(pulse, up=True, last_check=now, last_packet=now)


class House:
    """The live side put together over the fakes, as ``server.app`` does it; presence is looked at by ``pass_time``."""

    def __init__(self, clock: FakeClock | None = None, relay: Switchboard | None = None) -> None:
        self.clock = clock or FakeClock()
        self.desk = FakeDesk(self.clock)
        self.switchboard = FakeSwitchboard(self.clock)
        self.fanout = Fanout(monotonic=self.clock.monotonic)
        self.attendant = Attendant(
            self.desk, self.fanout, relay or self.switchboard, clock=self.clock, monotonic=self.clock.monotonic
        )
        self.gateway = Gateway(self.desk, self.attendant, self.fanout, self.clock)
        self.desk.listeners.append(self.attendant)
        self.app = web.Application()
        self.fanout.attach(self.app)

    async def pass_time(self, seconds: float, *, alive: tuple[Role, ...] = (), step: float = 1.0) -> None:
        """Time goes by in steps; the legs in ``alive`` are heard at each."""
        left = seconds
        while left > 0:
            self.clock.advance(min(step, left))
            left -= step
            for role in alive:
                self.switchboard.alive(role)
            await self.attendant.poll()
            await self.attendant.settled()
