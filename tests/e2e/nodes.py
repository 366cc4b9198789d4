"""The same server as two nodes, behind one address: what is told of one server in a test is told of it unchanged.

Two `headstrt serve` on one PostgreSQL and one Redis, and before them a balancer as a real one is: it asks each node
whether it is ready, spreads requests over them in turn, and gives a socket to the node that has the fewest. So the two
parties of a call are on different nodes, from the first moment and after every reload, and whoever calls the API is on
any. Media does not pass through it.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.cluster.stage import Redis, up
from tests.e2e.stage import Server, pump
from tests.stores import Cluster

ALONE, TWO = "alone", "two nodes"

ASKED_EVERY = 1.0


class Balancer:
    """One port for several servers."""

    def __init__(self, port: int, nodes: list[Server]) -> None:
        self.sockets: Counter[int] = Counter()
        """How many sockets each port behind it was given."""
        self._port = port
        self._ports = [node.port for node in nodes]
        self._ready = set(self._ports)
        self._open: Counter[int] = Counter()
        self._server: asyncio.Server | None = None
        self._asking: asyncio.Task[None] | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._ready = set(self._ports)
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port, reuse_address=True)
        self._asking = asyncio.create_task(self._ask_for_ever())

    async def stop(self) -> None:
        if self._server is None or self._asking is None:
            return
        self._server.close()
        self._asking.cancel()
        await asyncio.gather(self._asking, return_exceptions=True)
        self._server = self._asking = None
        for end in list(self._ends):
            end.transport.abort()

    async def _ask_for_ever(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            while True:
                await asyncio.gather(*(self._ask(http, port) for port in self._ports))
                await asyncio.sleep(ASKED_EVERY)

    async def _ask(self, http: aiohttp.ClientSession, port: int) -> None:
        try:
            async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                ready = answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            ready = False
        (self._ready.add if ready else self._ready.discard)(port)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, by what it begins with: a socket, or requests one after another."""
        self._ends.add(writer)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
                head = await reader.readuntil(b"\r\n\r\n")
                is_socket = b"upgrade: websocket" in head.lower()
                for port in self._in_order(is_socket):
                    with contextlib.suppress(OSError):
                        there_reader, there = await asyncio.open_connection("127.0.0.1", port)
                        break
                else:
                    return
                self._ends.add(there)
                self._open[port] += is_socket
                self.sockets[port] += is_socket
                try:
                    there.write(head)
                    await asyncio.gather(pump(reader, there), pump(there_reader, writer))
                finally:
                    self._open[port] -= is_socket
                    self._ends.discard(there)
        finally:
            self._ends.discard(writer)
            writer.close()

    def _in_order(self, is_socket: bool) -> list[int]:
        """Ready ones first; of them, for a socket, the one that has the fewest; else in turn."""
        self._ports.append(self._ports.pop(0))
        return sorted(self._ports, key=lambda port: (port not in self._ready, is_socket and self._open[port]))


@dataclass
class Nodes(Server):
    """Two of them, as one: ``port`` is the balancer's."""

    cluster: Cluster | None = None
    nodes: list[Server] = field(default_factory=list)
    database: str = ""
    redis: Redis = field(init=False)
    balancer: Balancer = field(init=False)

    def __post_init__(self) -> None:
        self.redis = Redis(self.folder)

    async def start(self) -> None:
        if not self.nodes:
            await self._make()
        await self.balancer.start()  # before them, as a real one: pages come back to the first that is there
        for node in self.nodes:  # one after the other: a busy machine takes its time for each
            await up(node)

    async def _make(self) -> None:
        assert self.cluster is not None
        self.database = await self.cluster.fresh()
        self.redis.start()
        for name in ("n0", "n1"):
            (self.folder / name).mkdir()
            settings = {
                **self.settings,
                "HEADSTRT_PUBLIC_URL": self.origin,
                "HEADSTRT_DATABASE_URL": self.database,
                "HEADSTRT_REDIS_URL": self.redis.url,
                "HEADSTRT_NODE": name,
            }
            self.nodes.append(Server(self.folder / name, terms=self.terms, settings=settings))
        self.balancer = Balancer(self.port, self.nodes)

    def of(self, booking: str) -> Nodes:
        """The same, where another session is meant."""
        other = copy.copy(self)
        other.booking = booking
        return other

    def log(self) -> str:
        return "".join(node.log() for node in self.nodes)

    async def kill(self) -> None:
        await asyncio.gather(*(node.kill() for node in self.nodes))
        await self.balancer.stop()

    async def stop(self) -> int:
        """All at once; Redis goes on, for who starts again."""
        codes = await asyncio.gather(*(node.stop() for node in self.nodes if node.process))
        await self.balancer.stop()
        return next((code for code in codes if code), 0)

    async def relayed(self) -> float:
        return sum([await node.relayed() for node in self.nodes])

    def sockets_spread(self) -> bool:
        """Whether each node had one, if there were two at all."""
        sockets = self.balancer.sockets
        return sockets.total() < 2 or all(sockets[node.port] for node in self.nodes)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        assert self.cluster is not None
        return [tuple(row) for row in await self.cluster.execute(sql, self.database)]

    async def home(self) -> tuple[Server, Server]:
        """Where the session lives, and the other one."""
        query = f"select name from homes join nodes on id = node where session_id = '{self.booking}'"
        ((name,),) = await self.rows(query)
        first, second = self.nodes
        return (first, second) if first.settings["HEADSTRT_NODE"] == name else (second, first)


@pytest.fixture
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Server]:
    """A server that runs; two nodes as one where a test asks for them (``tests/e2e/conftest.py``)."""
    if getattr(request, "param", ALONE) == TWO:
        running: Server = Nodes(tmp_path, cluster=request.getfixturevalue("cluster"))
    else:
        running = Server(tmp_path)
    async with contextlib.AsyncExitStack() as stack:
        if isinstance(running, Nodes):
            stack.callback(running.redis.stop)
        await running.start()
        yield running
        code = await running.stop()
    log = running.log()
    assert code in (0, -signal.SIGKILL), log
    assert "Traceback" not in log, log
    if isinstance(running, Nodes):
        assert running.sockets_spread(), "all sockets were on one node"
