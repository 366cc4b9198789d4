"""Hints between nodes: what is told, what is noticed to be missing, and for how long somebody counts as watching."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from server.api.hints import BLIND, LINGERS, UNHEARD, Body, Hints
from server.api.hub import Hub, Watcher
from signaling.ports import Report
from signaling.session import Session, book
from tests.builders import NOON, booking

Handlers = dict[str, Callable[[str, Body], Awaitable[Body | None]]]


@dataclass
class Wire:
    """What stands between the nodes; a kind in ``loses`` does not arrive."""

    buses: dict[str, WireEnd] = field(default_factory=dict)
    queue: list[tuple[str, str, str, Body]] = field(default_factory=list)
    loses: set[str] = field(default_factory=set)

    async def carry(self) -> list[str]:
        """Everything that was said, in its order; the kinds."""
        kinds = []
        while self.queue:
            sender, to, kind, body = self.queue.pop(0)
            kinds.append(kind)
            for name, bus in self.buses.items():
                if to in (name, "all") and kind not in self.loses:
                    await bus.handlers[kind](sender, body)
        return kinds


@dataclass
class WireEnd:
    me: str
    wire: Wire
    handlers: Handlers = field(default_factory=dict)
    unsure: bool = False

    def tell(self, to: str, kind: str, /, **body: Any) -> None:
        self.wire.queue.append((self.me, to, kind, body))

    def tell_all(self, kind: str, **body: Any) -> None:
        self.tell("all", kind, **body)


@dataclass
class Node:
    hub: Hub
    bus: WireEnd
    hints: Hints

    async def commit(self, version: int, session: str = "bk_1") -> None:
        """As the desk tells its listeners."""
        report = Report(SESSION, (), version)
        await self.hub(session, report)
        await self.hints(session, report)


@dataclass
class Three:
    wire: Wire
    now: list[float]
    nodes: tuple[Node, Node, Node]

    async def look(self, after: float = 0.0) -> list[str]:
        self.now[0] += after
        for node in self.nodes:
            node.hints.look()
        return await self.wire.carry()


def a_session() -> Session:
    made = booking()
    from server.policy.terms import Terms

    return book(Terms().slot(made.starts_at, made.duration), NOON - 1).session


SESSION = a_session()


@pytest.fixture
def three() -> Three:
    wire, now = Wire(), [100.0]
    nodes = []
    for name in "abc":
        hub, bus = Hub(), WireEnd(name, wire)
        wire.buses[name] = bus
        nodes.append(Node(hub, bus, Hints(hub, bus, lambda: now[0])))
    return Three(wire, now, (nodes[0], nodes[1], nodes[2]))


async def watching(three: Three, node: Node) -> Watcher:
    """A page that is open, after it has asked for everything."""
    watcher = node.hub.enter("mark", "op_1")
    assert watcher is not None
    await three.look()
    assert watcher.reload  # what happened before the others knew of it
    taken(watcher)
    return watcher


def taken(watcher: Watcher) -> tuple[bool, dict[str, tuple[int, str]]]:
    """What it would be told now."""
    told = watcher.reload, dict(watcher.hints)
    watcher.reload = False
    watcher.hints.clear()
    return told


async def test_what_is_committed_elsewhere_is_hinted_where_somebody_watches(three: Three) -> None:
    a, b, c = three.nodes
    await c.commit(1)
    assert await three.look() == []  # nobody watches: nothing is said
    watcher = await watching(three, a)
    await b.commit(5)
    await c.commit(7, "bk_2")
    assert await three.wire.carry() == ["hint", "hint"]  # to the one that watches
    assert taken(watcher) == (False, {"bk_1": (5, "scheduled"), "bk_2": (7, "scheduled")})
    await a.commit(6)
    await b.commit(6)  # the home tells its own pages what another has written
    await b.commit(5)  # and one is late
    await three.wire.carry()
    assert taken(watcher) == (False, {"bk_1": (6, "scheduled")})
    await three.look(1.0)
    assert taken(watcher) == (False, {})


async def test_a_hint_that_is_lost_has_everything_asked_for_anew(three: Three) -> None:
    a, b, _ = three.nodes
    watcher = await watching(three, a)
    three.wire.loses = {"hint"}
    await b.commit(5)
    await three.wire.carry()
    three.wire.loses = set()
    assert taken(watcher) == (False, {})
    await three.look(1.0)  # it says how many there were
    assert taken(watcher) == (True, {})
    await b.commit(6)
    three.wire.loses = {"hint"}
    await three.wire.carry()
    three.wire.loses = set()
    await b.commit(7)  # or by the next one
    await three.wire.carry()
    assert taken(watcher)[0]
    await three.look(1.0)
    assert taken(watcher) == (False, {})


async def test_a_node_that_is_gone_and_one_that_is_new_have_it_asked_for_anew(three: Three) -> None:
    a, b, _ = three.nodes
    watcher = await watching(three, a)
    b_handlers, b.bus.handlers = b.bus.handlers, dict.fromkeys(b.bus.handlers, _deaf)
    for _ in range(int(UNHEARD) + 1):
        await three.look(1.0)
    assert taken(watcher) == (True, {})
    await three.look(1.0)
    assert taken(watcher) == (False, {})
    b.bus.handlers = b_handlers
    await three.look(1.0)
    assert taken(watcher) == (True, {})


async def test_while_nothing_is_heard_everything_is_asked_for_now_and_then(three: Three) -> None:
    a, *_ = three.nodes
    watcher = await watching(three, a)
    three.wire.loses = {"watching", "hint", "hinted"}
    a.bus.unsure = True
    asked = 0
    for _ in range(int(BLIND) * 3):
        await three.look(1.0)
        asked += taken(watcher)[0]
    assert 3 <= asked <= 5


async def test_who_closes_the_page_and_opens_it_again_begins_nothing_anew(three: Three) -> None:
    a, b, _ = three.nodes
    watcher = await watching(three, a)
    a.hub.leave(watcher)
    await three.look(LINGERS / 2)
    again = a.hub.enter("mark", "op_1")
    assert again is not None
    for _ in range(5):
        await three.look(1.0)
    taken(again)
    await b.commit(9)
    await three.wire.carry()
    assert taken(again) == (False, {"bk_1": (9, "scheduled")})
    a.hub.leave(again)
    await three.look(LINGERS + 1)
    assert await three.look(UNHEARD + 1) == []
    await b.commit(10)
    assert await three.wire.carry() == []  # and nobody is told any more


async def test_who_is_signed_out_on_one_node_is_so_on_all(three: Three) -> None:
    _, b, c = three.nodes
    watchers = [node.hub.enter("mark", "op_1") for node in three.nodes]
    other = c.hub.enter("another", "op_2")
    b.hints.end("op_1")
    await three.wire.carry()
    assert [watcher.ended for watcher in watchers if watcher] == [True, True, True]
    assert other is not None
    assert not other.ended


async def _deaf(sender: str, body: Body) -> None:
    """One that is gone."""
