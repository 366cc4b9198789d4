"""What the doors are given, by ``server.app`` and by tests: everything they call stands in one value.

It names what it needs of the relay and of the signaling side as protocols, so that no door knows either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from server.api.hub import Hub
from server.api.limiter import Limiter
from server.config import Settings
from server.desk import Desk
from server.selftest import Outcome
from server.store.views import Reader
from server.vitals import Vital
from signaling.ports import Clock
from signaling.session import Role


class Attendant(Protocol):
    """The side of signaling that knows who is here."""

    def leaving(self, session: str, role: Role, join: str) -> None:
        """The page of this join is closing: a hint that sharpens "tab closed"; an old join's changes nothing."""

    async def expel(self, session: str, role: Role) -> None:
        """Close this party's sockets: they came with a link that does not count anymore."""


class RelayStats(Protocol):
    """Totals since the start, and what there is now."""

    @property
    def sessions(self) -> int: ...
    @property
    def legs(self) -> int: ...
    @property
    def packets(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def drops(self) -> Mapping[str, int]: ...
    @property
    def workers(self) -> int: ...
    @property
    def worker_restarts(self) -> int: ...


class Switchboard(Protocol):
    """The relay, as far as anyone outside may know."""

    def stats(self) -> RelayStats: ...


@dataclass(frozen=True, slots=True)
class NodeState:
    """How one of several servers fares among them."""

    name: str
    lease: bool
    redis: bool
    sessions: int
    nodes: int
    given_up: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Deps:
    """Built once by ``server.app``. ``draining`` turns true when this server is going down; ``demo`` has the sample
    sessions, and is empty outside of demo mode."""

    desk: Desk
    database: Reader
    settings: Settings
    attendant: Attendant
    switchboard: Switchboard
    clock: Clock
    draining: Callable[[], bool]
    demo: Callable[[], Sequence[Mapping[str, Any]]] = list
    sockets: Callable[[], int] = lambda: 0
    held: Callable[[], Mapping[str, int]] = dict  # rows of the tables that sockets stand in
    limiter: Limiter = field(default_factory=Limiter)
    self_test: Callable[[], Outcome | None] = lambda: None
    attempts: Callable[[], Mapping[str, int]] = dict  # at sending events, by what came of them
    node: Callable[[], NodeState | None] = lambda: None  # None: there is but this one
    hub: Hub = field(default_factory=Hub)
    vitals: Callable[[], Sequence[Vital]] = list  # the last hour of this process, oldest first


DEPS = web.AppKey("deps", Deps)


def deps(request: web.Request) -> Deps:
    return request.config_dict[DEPS]
