"""A node that is cut off from Redis, from PostgreSQL, from both: silently, as a network does it, for a while.

Each node lives in a network namespace of its own, with one cable to Redis, one to PostgreSQL and one to everybody else.
A cable is pulled out of its bridge: what is sent is lost, and nobody is told. It takes root and ``ip``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from server.homes import KEEP
from tests.cluster.stage import Redis, Stage, running
from tests.e2e.stage import Server, free_port
from tests.stores import Cluster
from tests.trial.driver import Office
from tests.trial.nodes import TERMS, judged, never, own_cluster
from tests.trial.parties import Calls, Party, Proxy, calls, flowing
from tests.trial.row import Row
from tests.trial.shared import PAUSE, in_call, pause, well

CABLES: Final = ("redis", "postgresql", "world")
CUTS: Final = (("redis",), ("postgresql",), ("redis", "postgresql"))
LATEST: Final = KEEP + 10
"""Seconds after the cut within which media is back on another node (docs/nodes.md)."""


class Net:
    """The namespaces and cables; ``cut`` and ``mend`` one of a node's."""

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes
        self._name = f"hs{os.getpid() % 100_000}"
        self._base = f"10.{100 + os.getpid() % 100}"

    def host(self, cable: str) -> str:
        """The address at the other end of it."""
        return f"{self._base}.{CABLES.index(cable)}.1"

    def address(self, node: int, cable: str = "world") -> str:
        return f"{self._base}.{CABLES.index(cable)}.{11 + node}"

    def inside(self, node: int) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self._space(node))

    def cut(self, node: int, cable: str) -> None:
        _ip(f"link set {self._end(node, cable)} nomaster")

    def mend(self, node: int, cable: str) -> None:
        _ip(f"link set {self._end(node, cable)} master {self._bridge(cable)}")

    def make(self) -> None:
        for cable in CABLES:
            bridge = self._bridge(cable)
            _ip(f"link add {bridge} type bridge")
            _ip(f"addr add {self.host(cable)}/24 dev {bridge}")
            _ip(f"link set {bridge} up")
        for node in range(self.nodes):
            space = self._space(node)
            _ip(f"netns add {space}")
            _ip(f"-n {space} link set lo up")
            for cable in CABLES:
                end = self._end(node, cable)
                _ip(f"link add {end} type veth peer name {cable} netns {space}")
                _ip(f"link set {end} master {self._bridge(cable)} up")
                _ip(f"-n {space} addr add {self.address(node, cable)}/24 dev {cable}")
                _ip(f"-n {space} link set {cable} up")

    def remove(self) -> None:
        for what in (
            *(f"netns del {self._space(node)}" for node in range(self.nodes)),
            *(f"link del {self._bridge(cable)}" for cable in CABLES),
        ):
            with contextlib.suppress(Forbidden):
                _ip(what)

    def _space(self, node: int) -> str:
        return f"{self._name}-{node}"

    def _bridge(self, cable: str) -> str:
        return f"{self._name}{cable[0]}"

    def _end(self, node: int, cable: str) -> str:
        return f"{self._name}{cable[0]}{node}"


class Forbidden(RuntimeError):
    """This machine lets us make no network of our own."""


def _ip(arguments: str) -> None:
    done = subprocess.run(["ip", *arguments.split()], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Forbidden(f"ip {arguments}: {done.stderr.strip()}")


@contextlib.contextmanager
def network(nodes: int) -> Iterator[Net]:
    """``Forbidden`` where there can be none."""
    net = Net(nodes)
    try:
        net.make()
        yield net
    finally:
        net.remove()


async def partitions(folder: Path, scale: int) -> Row:
    """One of two nodes is cut off for ``scale`` seconds: from Redis, from PostgreSQL, from both."""
    return await partitions_of(folder, scale, 8, CUTS)


async def partitions_of(folder: Path, scale: int, count: int, cuts: tuple[tuple[str, ...], ...]) -> Row:
    problems: list[str] = []
    figures: list[str] = []
    ok, outages = True, 0
    async with _scene(folder) as (net, on, some, office):
        problems += await in_call(office, some, count)
        for cut in cuts:
            mine = [call for call in some.all if call.node == on.nodes[0].media_port]
            theirs = [party for call in some.all if call not in mine for party in call.parties]
            parties = [party for call in mine for party in call.parties]
            at = time.time()
            for cable in cut:
                net.cut(0, cable)
            lost = "postgresql" in cut
            outages += lost
            await asyncio.sleep(scale)
            if lost:
                problems += never(await flowing(parties, at, 30), f"never had media again, cut off from {cut}")
            for cable in cut:
                net.mend(0, cable)
            mended = time.time()
            took = await well(some.parties, 60)
            await asyncio.sleep(2)
            figure, fine = _figure(parties, at, mended) if lost else _untouched(parties, at)
            calm = pause(theirs, at, time.time()) if theirs else 0.0
            figures.append(
                f"from {' and '.join(cut)}: {figure}; calls of the other node paused {calm * 1000:.0f} ms; all well "
                f"{took:.1f} s after"
            )
            ok = ok and fine and calm <= PAUSE
            if cut != cuts[-1]:
                await _share_out(on, some, office, count)
        problems += await judged(on, office, some, lambda call: range(outages + 1))
    return Row(
        f"one of two nodes is cut off for {scale} s, {count} calls",
        f"{'; '.join(figures)}; {len(problems)} problems",
        f"from Redis: nothing; else dropped <= {KEEP:.0f} s, back <= {LATEST:.0f} s; nobody blamed, never two homes",
        ok and not problems,
        tuple(problems),
    )


def _figure(parties: list[Party], at: float, mended: float) -> tuple[str, bool]:
    old = [came for party in parties for line in party.lines if line.made < at for came in line.came]
    dropped = max((came for came in old), default=at) - at
    back = sorted((party.came_since(at) or at + 60) - at for party in parties) or [0.0]
    return f"dropped after {dropped:.1f} s, back after {back[0]:.1f} to {back[-1]:.1f} s", (
        dropped <= KEEP + 0.1 and back[-1] <= LATEST
    )


def _untouched(parties: list[Party], at: float) -> tuple[str, bool]:
    paused = pause(parties, at, time.time())
    return f"its calls paused {paused * 1000:.0f} ms", paused <= PAUSE


async def _share_out(on: Stage, some: Calls, office: Office, count: int) -> None:
    """After a cut the other node may be home of everything: more calls, for the next one to hit."""
    if any(call.node == on.nodes[0].media_port for call in some.all):
        return
    problems = await in_call(office, some, max(1, count // 2))
    assert not problems, problems


@contextlib.asynccontextmanager
async def _scene(folder: Path) -> AsyncIterator[tuple[Net, Stage, Calls, Office]]:
    with network(2) as net:
        async with own_cluster(listen=net.host("postgresql"), port=free_port()) as cluster:
            on = await _stage(net, cluster, folder)
            async with running(on), calls(Proxy(on.nodes), net.host("world")) as some:
                yield net, on, some, Office(on.nodes[1])


async def _stage(net: Net, cluster: Cluster, folder: Path) -> Stage:
    bus = Redis(folder, net.host("redis"))
    bus.start()
    url = await cluster.fresh()
    nodes = []
    for number in range(net.nodes):
        (folder / f"n{number}").mkdir()
        settings = {
            "HEADSTRT_DATABASE_URL": cluster.elsewhere(url),
            "HEADSTRT_REDIS_URL": bus.url,
            "HEADSTRT_NODE": f"n{number}",
        }
        nodes.append(
            Server(
                folder / f"n{number}",
                terms=TERMS,
                settings=settings,
                host=net.address(number),
                inside=net.inside(number),
            )
        )
    return Stage(nodes, bus, cluster, url)
