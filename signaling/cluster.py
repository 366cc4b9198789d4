"""Sockets on any node, sessions on one: what a page says is carried to its session's home, and what that tells, back.

A socket whose session lives here is served as on a server that is alone. Another one is *away*: this node checks its
frames, as every door does, and hands each command to the home, where it is one of that session's sockets under a name
of its own (``process/sid``). There it is answered, once per command id; here the answer is passed on.

Everything between the nodes may be lost. Each message to a page has a number, and each node says every second which
sockets it holds and what it has sent: one that missed something, or that the home does not know, is closed, and its
page connects anew and resumes. A node that is not heard any more has lost its sockets; while nothing at all is heard,
nothing is concluded from silence. To end a call does not depend on any of it: that goes by the store.

It refuses to know the rules, what is on record, and how a home is chosen: that is ``Places``.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from signaling import messages
from signaling.attendant import COME_BACK_MS, Attendant
from signaling.bus import Body, Bus
from signaling.errors import Busy, HeadstrtError, ProtocolError, Stale
from signaling.fanout import Fanout
from signaling.gateway import Gateway, Guard
from signaling.messages import EVENT_NAMES, Draining, ServerMessage, parse_command
from signaling.ports import Admission, Clock, Desk, Report
from signaling.session import Event, HangUp, Ms, Role

log = structlog.get_logger(__name__)

EVERY = 1.0
LOOKS = 4
"""How often between two rounds it is looked whether the homes of our pages are alive."""

UNHEARD = 3.0
"""Seconds after which the sockets of a node that is not heard are gone."""

LOST_WITHIN = 7.0
"""Seconds for which a page waits at the door for a home that is not heard to be known as dead. Its next frame is not
read meanwhile, so that it is shorter than its page waits for an answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session lives: a node's life, and the process it is."""

    node: str
    process: str
    here: bool


class Places(Protocol):
    """Who lives where; ``server.homes`` is the real one."""

    async def place(self, session: str) -> Place:
        """Where it lives; chosen now, if nowhere. ``Stale`` when that cannot be known."""

    async def at_home(self, session: str) -> bool:
        """Whether it lives here."""

    def is_alive(self, node: str) -> bool: ...
    def look_soon(self) -> None: ...


class Store(Desk, Protocol):
    """What may be written of a session anywhere."""

    async def report(
        self, session: str, event: Event | tuple[Event, ...], at: Ms, *, anywhere: bool = False
    ) -> Report: ...

    async def link_of(self, session: str, role: Role) -> int:
        """Which link of this party counts now."""

    async def seat_of(self, session: str, role: Role) -> str | None:
        """The join that holds this party's seat on record."""

    async def follow(self, session: str) -> None: ...


@dataclass(slots=True)
class _Remote:
    """A socket on another node, of a session that lives here."""

    process: str
    sid: str
    sent: int = 0


class ClusterFanout(Fanout):
    """The address book with sockets of other nodes in it; their ids have a ``/``, ours have none."""

    bus: Bus

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._remote: dict[str, _Remote] = {}

    def expect(self, name: str, process: str, sid: str) -> None:
        """A socket of another node is about to be bound."""
        self._remote[name] = _Remote(process, sid)

    def bind(self, sid: str, admission: Admission) -> bool:
        if sid not in self._remote:
            return "/" not in sid and super().bind(sid, admission)
        self._admitted[sid] = admission
        self._parties.setdefault((admission.session, admission.role), []).append(sid)
        return True

    def unbind(self, sid: str) -> Admission | None:
        if self._remote.pop(sid, None) is None:
            return super().unbind(sid)
        admission = self._admitted.pop(sid, None)
        if admission is not None:
            party = (admission.session, admission.role)
            self._parties[party].remove(sid)
            if not self._parties[party]:
                del self._parties[party]
        return admission

    async def tell_one(self, sid: str, message: ServerMessage) -> None:
        remote = self._remote.get(sid)
        if remote is None:
            if "/" not in sid:
                await super().tell_one(sid, message)
            return
        remote.sent += 1
        event, data = EVENT_NAMES[type(message)], message.model_dump(mode="json")
        self.bus.tell(remote.process, "say", sid=remote.sid, n=remote.sent, event=event, data=data)

    async def close(self, sid: str) -> None:
        remote = self._remote.get(sid)
        if remote is not None:
            self.bus.tell(remote.process, "close", sid=remote.sid)
        elif "/" not in sid:
            await super().close(sid)

    def sweep(self) -> tuple[tuple[str, ...], list[str]]:
        ghosts, idle = super().sweep()
        return tuple(sid for sid in ghosts if sid not in self._remote), idle

    def own(self) -> tuple[str, ...]:
        """The sockets that are connected here."""
        return tuple(sid for sid in self._admitted if sid not in self._remote)

    def remote(self) -> dict[str, dict[str, int]]:
        """By process: its sockets of sessions that live here, and how many messages each was sent."""
        found: dict[str, dict[str, int]] = {}
        for remote in self._remote.values():
            found.setdefault(remote.process, {})[remote.sid] = remote.sent
        return found


@dataclass(slots=True)
class _Away:
    """A socket here whose session lives on another node."""

    admission: Admission
    place: Place
    heard: float
    got: int = 0
    arrived: bool = False


class ClusterGateway(Gateway):
    """The door for pages on one of several servers, and for what its neighbours carry over from theirs."""

    def __init__(
        self,
        desk: Store,
        attendant: Attendant,
        fanout: ClusterFanout,
        clock: Clock,
        *,
        places: Places,
        bus: Bus,
        monotonic: Callable[[], float],
        guard: Guard | None = None,
    ) -> None:
        super().__init__(desk, attendant, fanout, clock, guard)
        self._store = desk
        self._sockets = fanout
        self._places = places
        self._bus = bus
        self._monotonic = monotonic
        self._away: dict[str, _Away] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._round: asyncio.Task[None] | None = None
        fanout.on_heard = self._on_heard
        bus.handlers |= {
            # at home
            "arrive": self._arrives,
            "command": self._commanded,
            "gone": self._is_gone,
            "holds": self._holds,
            "leaving": self._leaves,
            "changed": self._changed,
            "adopt": self._adopt,
            "mutual": self._mutual,
            # at the door
            "say": self._say,
            "close": self._close,
            "sent": self._sent,
        }

    async def start(self) -> None:
        self._round = asyncio.create_task(self._go_round(), name="cluster")

    async def stop(self) -> None:
        tasks = [*self._tasks, *([self._round] if self._round else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- for the other doors of this server ---

    def leaving(self, session: str, role: Role, join: str) -> None:
        """As the attendant's, wherever the session lives: a hint, which may be lost (P3.14)."""
        self._spawn(self._leaving(session, role, join))

    async def expel(self, session: str, role: Role) -> None:
        """As the attendant's; the home sees by itself that the link has changed."""
        await self._attendant.expel(session, role)

    async def mutual_ms(self, session: str) -> Ms:
        """How long both had media from each other, asked where it lives (P3.16); 0 where nobody knows."""
        try:
            place = await self._places.place(session)
            if place.here:
                return self._attendant.mutual_ms(session)
            return int((await self._bus.ask(place.process, "mutual", session=session)).get("ms", 0))
        except Stale:
            return 0

    def relinked(self, session: str, role: Role) -> None:
        """Another node has renewed this party's link."""
        self._spawn(self._attendant.expel(session, role))

    async def __call__(self, session: str, report: Report) -> None:
        """The desk's listener: what was put on record here of a session that lives elsewhere is news over there."""
        if report.facts and not self._attendant.lives(session):
            self._bus.tell_all("changed", session=session)

    # --- at the door: sockets whose sessions live elsewhere ---

    async def _welcome(self, sid: str) -> bool:
        admission, before = self._admitted.pop(sid)
        link: int | None = None
        end, moves = self._monotonic() + LOST_WITHIN, 0
        while moves < 2:
            place = await self._places.place(admission.session)
            if place.here:
                if self._away.pop(sid, None) is not None:  # it was to come to another
                    self._fanout.unbind(sid)
                return await self._attendant.arrive(sid, admission, before)
            if link is None:
                link = await self._store.link_of(admission.session, admission.role)
            if self._attendant.draining or not (sid in self._away or self._fanout.bind(sid, admission)):
                return False
            away = self._away.setdefault(sid, _Away(admission, place, self._monotonic()))
            away.place, away.got = place, 0
            try:
                answer = await self._bus.ask(
                    place.process, "arrive", sid=sid, session=admission.session, role=admission.role.value
                )
            except Busy:
                await asyncio.sleep(EVERY / LOOKS / 2)
                if not await self._is_settled(place, end) or sid not in self._away:
                    raise
                continue
            if sid not in self._away:  # §2.5: gone meanwhile
                self._bus.tell(place.process, "gone", sid=sid)
                return False
            if not answer.get("moved"):
                away.arrived = True
                # renewed while it was on its way, and nobody knew of this socket yet
                same = link == await self._store.link_of(admission.session, admission.role)
                return bool(answer.get("ok")) and same
            moves += 1
            self._places.look_soon()
            await asyncio.sleep(0.2)
        return False

    async def _is_settled(self, place: Place, end: float) -> bool:
        """Wait until a home that is not heard is known as dead, or is heard again. Pages of a node that was killed come
        at once, long before that is certain: who was sent away then would come back late. False: no use in waiting."""
        while not self._bus.unsure and self._monotonic() < end:
            if not self._places.is_alive(place.node) or self._bus.silent_for(place.process) < EVERY:
                return True
            await asyncio.sleep(EVERY / LOOKS / 2)
        return False

    def _disconnect(self, sid: str) -> None:
        away = self._away.pop(sid, None)
        if away is None:
            super()._disconnect(sid)
            return
        self._admitted.pop(sid, None)
        self._fanout.unbind(sid)
        self._bus.tell(away.place.process, "gone", sid=sid)

    async def _command(self, name: str, sid: str, data: object, at: Ms) -> dict[str, Any]:
        away = self._away.get(sid)
        if away is None:
            return await super()._command(name, sid, data, at)
        try:
            command = parse_command(name, data)
        except ProtocolError as error:
            return _refused(error.code, error.detail)
        try:
            asked = {"sid": sid, "name": name, "data": data, "at": at}
            answer = await self._bus.ask(away.place.process, "command", hasty=True, **asked)
        except Stale as error:
            return await self._by_the_store(away.admission, command, at, error)
        if answer.get("moved"):
            self._spawn(self._send_back(sid))
            return _refused("elsewhere", "This call has moved to another server; connect again.")
        ack: dict[str, Any] = answer["ack"]
        return ack

    async def _by_the_store(self, who: Admission, command: messages.Command, at: Ms, error: Stale) -> dict[str, Any]:
        """The home is not heard. Whoever ends the call is not to wait for that; all else is tried again."""
        try:
            match command:
                case messages.HangUpCommand(cause=cause, join=join):
                    if join is not None and join != await self._store.seat_of(who.session, who.role):
                        raise ProtocolError("stale", "This page does not hold the seat; join again.")
                    report = await self._store.report(who.session, HangUp(who.role, cause), at, anywhere=True)
                    done = messages.Done(version=report.version, ended=report.session.over)
                case messages.ReportAndLeaveCommand(category=category, text=text, join=join):
                    if join is not None and join != await self._store.seat_of(who.session, who.role):
                        raise ProtocolError("stale", "This page does not hold the seat; join again.")
                    report, ticket = await self._store.leave_for_safety(who.session, who.role, category, text, at)
                    done = messages.Done(version=report.version, ended=report.session.over, ticket=ticket)
                case _:
                    return _refused(error.code, error.detail)
        except HeadstrtError as refused:
            return _refused(refused.code, refused.detail)
        if done.ended:
            self._spawn(self._tell_end(who.session))
        return done.model_dump(mode="json")

    def _on_heard(self, sid: str) -> None:
        away = self._away.get(sid)
        if away is None:
            self._attendant.heard(sid)
        else:
            away.heard = self._monotonic()

    async def _tell_end(self, session: str) -> None:
        """To those pages here whose home cannot tell them."""
        for sid, away in list(self._away.items()):
            if away.admission.session == session:
                view = await self._store.snapshot(session, away.admission.role)
                await self._fanout.tell_one(sid, messages.Ended(version=view.version, view=view))

    async def _send_back(self, sid: str) -> None:
        """Its home is gone, or it missed something: the page connects anew, here or elsewhere, and resumes."""
        away = self._away.pop(sid, None)
        if away is None:
            return
        self._fanout.unbind(sid)
        self._bus.tell(away.place.process, "gone", sid=sid)
        await self._fanout.tell_one(sid, Draining(version=0, after_ms=COME_BACK_MS))
        await self._fanout.close(sid)

    async def _leaving(self, session: str, role: Role, join: str) -> None:
        try:
            place = await self._places.place(session)
        except Stale:
            return
        if place.here:
            self._attendant.leaving(session, role, join)
        else:
            self._bus.tell(place.process, "leaving", session=session, role=role.value, join=join)

    async def _say(self, sender: str, body: Body) -> None:
        away = self._away.get(body["sid"])
        if away is None or away.place.process != sender:
            return
        if body["n"] != away.got + 1:
            await self._send_back(body["sid"])
            return
        away.got += 1
        await self._fanout.server.emit(body["event"], body["data"], to=body["sid"])

    async def _close(self, sender: str, body: Body) -> None:
        away = self._away.get(body["sid"])
        if away is not None and away.place.process == sender:
            await self._fanout.close(body["sid"])

    async def _sent(self, sender: str, body: Body) -> None:
        """How many messages each of our sockets was sent from there: all of them have come before this one."""
        sent: dict[str, int] = body["sids"]
        for sid, away in list(self._away.items()):
            if away.place.process == sender and away.arrived and sent.get(sid, away.got) != away.got:
                await self._send_back(sid)

    # --- at home: sockets on other nodes ---

    async def _arrives(self, sender: str, body: Body) -> Body:
        session, name = body["session"], f"{sender}/{body['sid']}"
        if not await self._places.at_home(session):
            return {"moved": True}
        if self._fanout.admission(name) is not None:
            self._attendant.gone(name)
        self._sockets.expect(name, sender, body["sid"])
        ok = await self._attendant.arrive(name, Admission(session, Role(body["role"])))
        return {"ok": ok}

    async def _commanded(self, sender: str, body: Body) -> Body:
        name = f"{sender}/{body['sid']}"
        if self._fanout.admission(name) is None:
            return {"moved": True}
        self._attendant.heard(name)
        return {"ack": await super()._command(body["name"], name, body["data"], body["at"])}

    async def _is_gone(self, sender: str, body: Body) -> None:
        self._attendant.gone(f"{sender}/{body['sid']}")

    async def _holds(self, sender: str, body: Body) -> None:
        """Which sockets of our sessions a node holds, and how long ago each was heard, in seconds."""
        held: dict[str, float | None] = body["sids"]  # None: on its way
        known = self._sockets.remote().get(sender, {})
        for sid in known:
            if sid not in held:
                self._attendant.gone(f"{sender}/{sid}")
        for sid, age in held.items():
            if age is not None and sid not in known:
                self._bus.tell(sender, "close", sid=sid)
            elif age is not None and age <= EVERY:
                self._attendant.heard(f"{sender}/{sid}")

    async def _leaves(self, sender: str, body: Body) -> None:
        self._attendant.leaving(body["session"], Role(body["role"]), body["join"])

    async def _changed(self, sender: str, body: Body) -> None:
        if sender != self._bus.me:
            await self._store.follow(body["session"])
            if any(away.admission.session == body["session"] for away in self._away.values()) and self._bus.unsure:
                self._places.look_soon()

    async def _mutual(self, sender: str, body: Body) -> Body:
        return {"ms": self._attendant.mutual_ms(body["session"])}

    async def _adopt(self, sender: str, body: Body) -> None:
        await self._places.at_home(body["session"])

    # --- every second ---

    async def _go_round(self) -> None:
        for turn in itertools.count(1):
            await asyncio.sleep(EVERY / LOOKS)
            try:
                for sid, away in list(self._away.items()):
                    if away.arrived and not self._places.is_alive(away.place.node):
                        await self._send_back(sid)
                if turn % LOOKS == 0:
                    await self._once_round()
            except Exception:
                log.exception("a round of the sockets failed")

    async def _once_round(self) -> None:
        now = self._monotonic()
        holds: dict[str, dict[str, float | None]] = {}
        for sid, away in self._away.items():
            age = round(now - away.heard, 1) if away.arrived else None
            holds.setdefault(away.place.process, {})[sid] = age
        remote = self._sockets.remote()
        for process in {*holds, *remote}:
            self._bus.tell(process, "holds", sids=holds.get(process, {}))
        for process, sent in remote.items():
            self._bus.tell(process, "sent", sids=sent)
            if not self._bus.unsure and self._bus.silent_for(process) > UNHEARD:
                for sid in sent:
                    self._attendant.gone(f"{process}/{sid}")

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task failed", exc_info=error)


def _refused(code: str, detail: str) -> dict[str, Any]:
    return messages.Refused(code=code, detail=detail).model_dump(mode="json")
