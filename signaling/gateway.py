"""The Socket.IO namespace: the door for pages.

It parses, stamps the time, hands over and answers. A command's time is taken before anything is awaited, so that a
hang-up is before the close that follows it; its answer is sent after what it asked for is on record; and the same
command sent twice happens once (§2.11).

It refuses to know the rules, who is present, and the reason the library gives for a disconnect (§2.2).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any, Protocol

import socketio
import structlog
from socketio.exceptions import ConnectionRefusedError as Refusal

from signaling.attendant import Attendant
from signaling.errors import Denied, HeadstrtError, ProtocolError, Stale
from signaling.fanout import Fanout
from signaling.messages import Command, Done, Refused, parse_command, parse_hello
from signaling.ports import Admission, Clock, Desk
from signaling.session import Ms, Role

log = structlog.get_logger(__name__)

ADMIT_WITHIN = 3.0
REMEMBERED = 64
PARTIES_REMEMBERED = 4096

_FLEETING = ("media", "quality", "test_open", "test_describe", "test_close")  # a newer one is as good: not remembered
_ON_RECORD = ("join", "running_late", "consent")  # each may lengthen the ledger; whoever leaves is never held up
TEST_COST = 12.0  # five at once, then one a minute; paced apart, so that nobody is kept from joining by it


class Guard(Protocol):
    """Who counts wrong tokens per address, together with the other doors."""

    def shut(self, address: str) -> float:
        """Seconds for which nothing from there is looked at; 0: it may try."""

    def failed(self, address: str) -> None:
        """One more wrong token."""

    def pace(self, party: str, cost: float = 1.0) -> float:
        """Count what a party asks for, by its cost (one entry on record: 1); seconds to wait if that is too much."""


class Open:
    """Nobody counts: for tests, and behind a door that does."""

    def shut(self, address: str) -> float:
        return 0.0

    def failed(self, address: str) -> None:
        pass

    def pace(self, party: str, cost: float = 1.0) -> float:
        return 0.0


class Gateway(socketio.AsyncNamespace):  # type: ignore[misc]
    """Registers itself on the fan-out's server and lets the attendant see and hear the sockets."""

    def __init__(
        self, desk: Desk, attendant: Attendant, fanout: Fanout, clock: Clock, guard: Guard | None = None
    ) -> None:
        super().__init__("/")
        self._desk = desk
        self._attendant = attendant
        self._fanout = fanout
        self._clock = clock
        self._guard: Guard = Open() if guard is None else guard  # an empty one is falsy
        self._admitted: dict[str, tuple[Admission, int]] = {}
        self._acks: OrderedDict[tuple[str, Role], _Acks] = OrderedDict()
        fanout.on_heard = attendant.heard
        fanout.on_welcome = self._welcome
        fanout.server.register_namespace(self)

    async def trigger_event(self, event: str, *args: Any) -> dict[str, Any] | None:
        """The one way in; the frame check has let through our own command names only."""
        at = self._clock()
        if event == "connect":
            await self._connect(args[0], self._fanout.address(args[1]), args[2] if len(args) > 2 else None)
            return None
        if event == "disconnect":
            self._disconnect(args[0])
            return None
        return await self._command(event, args[0], args[1] if len(args) > 1 else None, at)

    # --- coming and going ---

    async def _connect(self, sid: str, address: str, auth: object) -> None:
        before = self._attendant.expulsions
        try:  # §2.4: what escapes here leaves a ghost
            async with asyncio.timeout(ADMIT_WITHIN):
                hello = parse_hello(auth)
                if self._attendant.draining:
                    raise Stale("This server is going down; connect again in a moment.", code="draining")
                admission = await self._desk.admit(hello.token)
        except HeadstrtError as error:
            if isinstance(error, Denied):
                if self._guard.shut(address):  # a genuine link gets in all the same: nobody can guess one
                    raise _refusal("too_many_attempts", "Too many wrong links came from your address.") from None
                self._guard.failed(address)
            raise _refusal(error.code, error.detail) from None
        except TimeoutError:
            raise _refusal("busy", "The server is busy; try again in a moment.") from None
        except Exception:
            log.exception("admitting failed")
            raise _refusal("internal", "Something went wrong here; try again in a moment.") from None
        self._admitted[sid] = (admission, before)

    @property
    def held(self) -> int:
        """Sockets that were admitted and are not welcomed yet."""
        return len(self._admitted)

    async def _welcome(self, sid: str) -> bool:
        return await self._attendant.arrive(sid, *self._admitted.pop(sid))

    def _disconnect(self, sid: str) -> None:
        self._admitted.pop(sid, None)
        try:  # the library would call again with fewer arguments
            self._attendant.gone(sid)
        except Exception:
            log.exception("a disconnect could not be noted")

    # --- commands ---

    async def _command(self, name: str, sid: str, data: object, at: Ms) -> dict[str, Any]:
        admission = self._fanout.admission(sid)
        if admission is None:
            return _refused("not_connected", "This socket speaks for nobody.")
        try:
            command = parse_command(name, data)
        except ProtocolError as error:
            return _refused(error.code, error.detail)
        if name == "test_open" and self._guard.pace(f"{admission.session}/{admission.role} test", TEST_COST):
            return _refused("too_many_requests", "This was asked for too often; wait a moment.")
        if name in _FLEETING:
            return (await self._carry_out(sid, admission, command, at))[0]
        # A join belongs to its socket: replayed on the next one it must take the seat for that one.
        key = (name, command.command_id, sid if name == "join" else "")
        acks = self._acks_of(admission)
        earlier = acks.get(key)
        if earlier is not None:
            return await asyncio.shield(earlier)
        if name in _ON_RECORD and self._guard.pace(f"{admission.session}/{admission.role}"):
            return _refused("too_many_requests", "This was asked for too often; wait a moment.")
        answer = acks[key] = asyncio.get_running_loop().create_future()
        try:
            ack, final = await self._carry_out(sid, admission, command, at)
        except asyncio.CancelledError:
            acks.pop(key, None)
            answer.cancel()
            raise
        if not final:
            acks.pop(key, None)
        answer.set_result(ack)
        while len(acks) > REMEMBERED:
            acks.popitem(last=False)
        return ack

    async def _carry_out(self, sid: str, admission: Admission, command: Command, at: Ms) -> tuple[dict[str, Any], bool]:
        """The answer, and whether it is the last word: who lost a race, or met a bug, may try again."""
        try:
            done: Done = await self._attendant.carry_out(sid, admission, command, at)
        except HeadstrtError as error:
            return _refused(error.code, error.detail), not isinstance(error, Stale)
        except Exception:
            log.exception("a command failed", session=admission.session, command=type(command).__name__)
            return _refused("internal", "Something went wrong here; try again in a moment."), False
        return done.model_dump(mode="json"), True

    def _acks_of(self, admission: Admission) -> _Acks:
        party = (admission.session, admission.role)
        acks = self._acks.setdefault(party, OrderedDict())
        self._acks.move_to_end(party)
        if len(self._acks) > PARTIES_REMEMBERED:
            self._acks.popitem(last=False)
        return acks


_Acks = OrderedDict[tuple[str, str, str], "asyncio.Future[dict[str, Any]]"]


def _refused(code: str, detail: str) -> dict[str, Any]:
    return Refused(code=code, detail=detail).model_dump(mode="json")


def _refusal(code: str, detail: str) -> Refusal:
    return Refusal(detail, {"code": code, "detail": detail})
