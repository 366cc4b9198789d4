"""Several nodes on one PostgreSQL and one Redis, and people who come back by themselves when a node is gone."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis.asyncio as redis
import socketio

from server.probe import Peer
from signaling.messages import PROTOCOL_VERSION
from tests.e2e.stage import Server, free_port, until
from tests.stores import Cluster

TERMS = """
reconnect_grace = 20
"""


class Redis:
    """A redis-server of our own, that may be stopped, frozen and emptied."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.folder = folder
        self.host = host
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}"

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "Redis is not installed: make packages"
        self._process = subprocess.Popen(
            [program, *f"--port {self.port} --bind {self.host} --protected-mode no --appendonly no --save".split(), ""],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    async def flush(self) -> None:
        async with redis.from_url(self.url) as client:
            await client.flushall()


@dataclass
class Guest(Peer):
    """A party that does what its page does: connects again, here or at another node, and resumes its join."""

    nodes: list[Server] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    held: str | None = None
    gone: bool = False
    refused: list[str] = field(default_factory=list)

    def _heard(self, name: str) -> Any:
        async def heard(data: dict[str, Any]) -> None:
            self.told.append(name)
            if name == "draining":
                self._again()

        return heard

    async def come(self) -> None:
        """Connect and take the seat, wherever there is somebody."""
        self.socket = socketio.AsyncClient(reconnection=False)
        for name in ("snapshot", "peer", "held", "resumed", "moved", "warning", "replaced", "draining"):
            self.socket.on(name, self._heard(name))
        self.socket.on("negotiate", self._negotiate)
        self.socket.on("description", self._description)
        self.socket.on("ended", self._ended)
        self.socket.on("disconnect", lambda *_: self._again())
        auth = {"token": self.token, "protocol": PROTOCOL_VERSION}
        await self.socket.connect(self.origin, auth=auth, transports=["websocket"], wait_timeout=5)
        self.joining, self.answered = True, -1
        resume = {"resume": self.held} if self.held else {}
        answer = await self.command("join", guidelines="2026-11", **resume)
        self.held = answer["join"]

    def _again(self) -> None:
        if self.gone or self.ended.done() or getattr(self, "_coming", None) is not None:
            return
        self._coming = asyncio.ensure_future(self._come_again())
        self._tasks.add(self._coming)

    async def _come_again(self) -> None:
        try:
            while not self.gone and not self.ended.done():
                with contextlib.suppress(Exception):
                    await self.socket.disconnect()
                for node in self.nodes:
                    self.origin = node.origin
                    try:
                        async with asyncio.timeout(5):
                            await self.come()
                        return
                    except Exception as error:
                        self.refused.append(str(error))
                await asyncio.sleep(0.2)
        finally:
            self._coming = None

    async def leave(self) -> None:
        self.gone = True
        await self.close()

    async def sees(self, within: float = 30) -> None:
        """A new frame of the other's picture."""
        before = self.frames

        async def newer() -> bool:
            return self.frames > before

        await until(newer, within, f"{self.role} sees the other; refused: {self.refused[-3:]}")


@dataclass
class Stage:
    """What a test is given."""

    nodes: list[Server]
    redis: Redis
    postgres: Cluster
    url: str
    guests: list[Guest] = field(default_factory=list)

    async def book(self, session: str = "bk_1", *, starts_in: float = -60, minutes: int = 30) -> dict[str, Any]:
        return await self.nodes[0].book(starts_in=starts_in, minutes=minutes, session_id=session)

    def guest(self, booked: dict[str, Any], role: str, first: int) -> Guest:
        """A party that comes to this node first, and to the others when it must."""
        nodes = [*self.nodes[first:], *self.nodes[:first]]
        token = booked["links"][role].partition("#t=")[2]
        guest = Guest(role, token, nodes[0].origin, lambda line: None, nodes=nodes)
        self.guests.append(guest)
        return guest

    async def couple(self, booked: dict[str, Any], client: int = 0, expert: int = 1) -> tuple[Guest, Guest]:
        """Both in the call and seeing each other, by different nodes."""
        pair = self.guest(booked, "client", client), self.guest(booked, "expert", expert)
        for guest in pair:
            await guest.come()
        await asyncio.gather(*(asyncio.wait_for(guest.first_frame.wait(), 30) for guest in pair))
        return pair

    async def homes(self, session: str = "bk_1") -> list[tuple[str | None, int]]:
        """The name of its home, and the epoch."""
        rows = await self.postgres.execute(
            f"select n.name, h.epoch from homes h left join nodes n on n.id = h.node where h.session_id = '{session}'",
            self.url,
        )
        return [(row["name"], row["epoch"]) for row in rows]

    def named(self, name: str | None) -> Server:
        return next(node for node in self.nodes if node.settings["HEADSTRT_NODE"] == name)


@contextlib.asynccontextmanager
async def stage(
    postgres: Cluster, folder: Path, count: int = 2, terms: str = TERMS, *, started: int | None = None
) -> AsyncIterator[Stage]:
    """``started``: so many of them run at first, the others when they are told to."""
    bus = Redis(folder)
    bus.start()
    url = await postgres.fresh()
    origin = ""
    nodes: list[Server] = []
    for number in range(count):
        (folder / f"n{number}").mkdir()
        settings = {"HEADSTRT_DATABASE_URL": url, "HEADSTRT_REDIS_URL": bus.url, "HEADSTRT_NODE": f"n{number}"}
        nodes.append(Server(folder / f"n{number}", terms=terms, settings=settings))
        origin = origin or nodes[0].origin
    async with running(Stage(nodes, bus, postgres, url), started) as made:
        yield made


@contextlib.asynccontextmanager
async def running(made: Stage, started: int | None = None) -> AsyncIterator[Stage]:
    """Its nodes run, and have left without a word of complaint at the end."""
    nodes = made.nodes
    try:
        for node in nodes[:started]:  # one after the other: a busy machine takes its time for each
            await up(node)
        yield made
    finally:
        await asyncio.gather(*(guest.leave() for guest in made.guests), return_exceptions=True)
        codes = await asyncio.gather(*(_stop(node) for node in nodes), return_exceptions=True)
        made.redis.stop()
    for node, code in zip(nodes, codes, strict=True):
        log = node.log() if node.process else ""
        assert "Traceback" not in log, log[max(0, log.find("Traceback") - 1000) :][:6000]
        assert code in (0, -9), log[-3000:]


async def _stop(node: Server) -> int:
    return await node.stop() if node.process else 0


async def up(node: Server) -> None:
    """Start it; a machine that is busy with many servers gets more time for it than with one."""
    try:
        await node.start()
    except AssertionError:
        if node.process is None or node.process.returncode is not None:
            raise
        await until(node._ready, 120, "the node is ready")


def seconds() -> float:
    return time.monotonic()
