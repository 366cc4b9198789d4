"""Parties of trials with several nodes, a hundred of them in one process: a socket as their page's, and media as if.

A party does what its page does (static/src/connection.ts, room.ts): it connects again after the page's own delays, by
whichever node the proxy in front gives it, resumes its join, and takes the description that it is told. Its media is
packets that look like SRTP, from a UDP socket that has passed authenticated checks. Unlike a page it never closes a
line: it goes on sending to where it once sent, so that a relay which forwards what is no longer its own is found out.

It decides nothing about what is right; it keeps what came, when, and by which node, by the kernel's clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import socketio

from signaling.messages import PROTOCOL_VERSION
from signaling.relay.ice import Credentials
from tests.e2e.stage import Server
from tests.signaling.relay.helpers import ice_in, request, sample
from tests.trial.driver import GUIDELINES

FIRST, MOST = 0.4, 5.0
"""static/src/connection.ts: ``reconnectionDelay``, which doubles, and ``reconnectionDelayMax``, in seconds."""

SENT_AWAY, REFUSED, AGAIN, REJOIN = 0.5, 4.0, 1.0, 13.0
"""The same: after a disconnect by the server, and after a refusal. room.ts: a seat is asked for again, a join made anew
when media does not come."""

TIMEOUT: Final = 8.0
CHECK_EVERY, CHECK_FIRST = 2.5, 0.05
TRY_AGAIN: Final = frozenset({"busy", "elsewhere", "offline"})
PER_ADDRESS: Final = 40  # sockets; the server allows 50

_TIMESTAMPNS: Final = 35  # SO_TIMESTAMPNS, asm-generic/socket.h
_HEAD: Final = struct.Struct("!BBHII")


@dataclass(slots=True)
class Line:
    """One leg as its page knows it: where it sends, and what came from the other, in seconds of the wall clock."""

    socket: socket.socket
    to: tuple[str, int]
    known: Credentials
    made: float = field(default_factory=time.time)
    answered: float | None = None  # the newest check
    checked: float = 0.0
    sent: int = 0
    came: list[float] = field(default_factory=list)


class Plane:
    """All lines of a trial: sends ``rate`` packets a second on each, and reads what comes."""

    def __init__(self, rate: int = 10) -> None:
        self.rate = rate
        self._lines: list[Line] = []

    def open(self, to: tuple[str, int], known: Credentials) -> Line:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind(("", 0))
        sock.setblocking(False)
        line = Line(sock, to, known)
        self._lines.append(line)
        asyncio.get_running_loop().add_reader(sock, self._read, line)
        return line

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Plane]:
        task = asyncio.create_task(self._run(), name="plane")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for line in self._lines:
                asyncio.get_running_loop().remove_reader(line.socket)
                line.socket.close()

    async def _run(self) -> None:
        slots = 10
        for turn in itertools.count():
            began = time.monotonic()
            for number, line in enumerate(self._lines):
                if line.answered is None:
                    self._check(line, CHECK_FIRST)
                elif number % slots == turn % slots:
                    self._check(line, CHECK_EVERY)
                    self._send(line, _HEAD.pack(0x80, 111, line.sent & 0xFFFF, line.sent * 960, number) + bytes(48))
                    line.sent += 1
            await asyncio.sleep(max(0.0, 1 / (self.rate * slots) - (time.monotonic() - began)))

    def _check(self, line: Line, every: float) -> None:
        now = time.monotonic()
        if now - line.checked >= every:
            line.checked = now
            self._send(line, request(line.known, nominate=True))

    def _send(self, line: Line, packet: bytes) -> None:
        with contextlib.suppress(OSError):  # nobody there, or no way there: that is what is tried
            line.socket.sendto(packet, line.to)

    def _read(self, line: Line) -> None:
        with contextlib.suppress(OSError):
            while True:
                packet, control, _, _ = line.socket.recvmsg(2048, 64)
                if packet[:1] == b"\x80":
                    line.came.append(_arrival(control))
                elif packet[:2] == b"\x01\x01":
                    line.answered = time.time()


def _arrival(control: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, _TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            return float(seconds + nanoseconds / 1e9)
    return time.time()


@dataclass
class Proxy:
    """What stands in front of the nodes (deploy/Caddyfile): it asks each for its health, and tries the next one when a
    node takes no connection."""

    nodes: list[Server]
    down: set[str] = field(default_factory=set)

    def order(self, first: int) -> list[Server]:
        turned = [*self.nodes[first:], *self.nodes[:first]]
        return [node for node in turned if node.origin not in self.down] or turned

    async def sees(self, node: Server) -> bool:
        return node.origin not in self.down

    @contextlib.asynccontextmanager
    async def running(self, every: float = 2.0) -> AsyncIterator[Proxy]:
        task = asyncio.create_task(self._ask_for_ever(every), name="proxy")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _ask_for_ever(self, every: float) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
            while True:
                await asyncio.gather(*(self._ask(http, node) for node in self.nodes))
                await asyncio.sleep(every)

    async def _ask(self, http: aiohttp.ClientSession, node: Server) -> None:
        well = False
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with http.get(f"{node.origin}/readyz") as answer:
                well = answer.status == 200
        (self.down.discard if well else self.down.add)(node.origin)


@dataclass(eq=False)
class Party:
    """One side of a call. ``first``: by which node it comes, as long as the proxy gives it that one."""

    role: str
    token: str
    proxy: Proxy
    plane: Plane
    http: aiohttp.ClientSession
    first: int = 0
    join: str | None = None
    lines: list[Line] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    seated: asyncio.Event = field(default_factory=asyncio.Event)
    story: list[tuple[float, str]] = field(default_factory=list)  # what befell it, for whoever reads a bad figure
    node: Server | None = None  # by which it is connected
    _socket: Any = None
    _sent_away: asyncio.Future[float] | None = None
    _described: int = -1
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def come(self) -> None:
        self._tasks = [asyncio.ensure_future(self._stay()), asyncio.ensure_future(self._watch())]

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._socket.disconnect(), 2)

    async def ask(self, name: str, timeout: float = TIMEOUT, **data: Any) -> dict[str, Any]:
        """A command, and its answer; ``offline`` where none came."""
        message = {"command_id": f"c{next(self._numbers)}", **data}
        try:
            answer: dict[str, Any] = await self._socket.call(name, message, timeout=timeout)
        except Exception:  # the socket library has many words for a server that is gone
            return {"ok": False, "code": "offline"}
        return answer

    def came_since(self, at: float) -> float | None:
        """When the first packet came after ``at`` by a line that is newer."""
        return min((line.came[0] for line in self.lines if line.made >= at and line.came), default=None)

    @property
    def came(self) -> list[float]:
        """When packets came, on whichever line."""
        return sorted(itertools.chain.from_iterable(line.came for line in self.lines))

    # --- the socket ---

    def _note(self, what: str) -> None:
        self.story.append((time.time(), what))

    async def _stay(self) -> None:
        tries = 0
        while not self.ended.is_set():
            self._sent_away = asyncio.get_running_loop().create_future()
            found = await self._connect()
            if found == "there":
                tries = 0
                seat = asyncio.ensure_future(self._take_seat(self._socket))
                delay = await self._sent_away
                seat.cancel()
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(self._socket.disconnect(), 1)
            elif found == "refused":
                delay = REFUSED
            else:
                delay, tries = min(MOST, FIRST * 2**tries), tries + 1
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))

    async def _connect(self) -> str:
        for node in self.proxy.order(self.first):
            refusal: list[Any] = []
            made = socketio.AsyncClient(reconnection=False, http_session=self.http)
            self._listen(made, refusal)
            self._described = -1
            try:
                await made.connect(
                    node.origin,
                    auth={"token": self.token, "protocol": PROTOCOL_VERSION},
                    transports=["websocket"],
                    wait_timeout=TIMEOUT,
                )
            except socketio.exceptions.SocketIOError:
                if any(isinstance(each, dict) for each in refusal):
                    self._note(f"refused: {refusal}")
                    return "refused"
                continue
            self._note(f"connected to {node.port}")
            self._socket, self.node = made, node
            return "there"
        self._note("nobody is there")
        return "nobody"

    def _listen(self, made: Any, refusal: list[Any]) -> None:
        async def refused(why: Any = None) -> None:
            refusal.append(why)

        async def gone(reason: Any = None) -> None:
            if made is self._socket:
                self._again(SENT_AWAY if reason == made.reason.SERVER_DISCONNECT else FIRST, f"disconnected: {reason}")

        async def draining(data: dict[str, Any]) -> None:
            self._again(data["after_ms"] / 1000, "draining")

        async def ended(data: dict[str, Any]) -> None:
            self._note("ended")
            self.ended.set()

        made.on("connect_error", refused)
        made.on("disconnect", gone)
        made.on("draining", draining)
        made.on("ended", ended)
        made.on("negotiate", self._negotiate)
        made.on("description", self._description)

    def _again(self, after: float, why: str) -> None:
        """The first reason knows best when."""
        if self._sent_away is not None and not self._sent_away.done():
            self._note(why)
            self._sent_away.set_result(after)

    # --- the seat ---

    async def _take_seat(self, socket: Any) -> None:
        while socket is self._socket and socket.connected:
            resume: dict[str, Any] = {"resume": self.join} if self.join else {}
            answer = await self.ask("join", guidelines=GUIDELINES, **resume)
            if answer.get("ok"):
                self._note("seated" if answer["join"] != self.join else "resumed")
                self.join = answer["join"]
                self.seated.set()
                return
            self._note(f"join: {answer.get('code')}")
            if answer.get("code") not in TRY_AGAIN:
                if not resume:
                    return
                self.join = None
            else:
                await asyncio.sleep(AGAIN)

    async def _negotiate(self, data: dict[str, Any]) -> None:
        answer = await self.ask("describe", type="offer", sdp=sample("chromium-offer"), generation=data["generation"])
        self._note(f"offered: {answer.get('code', 'ok')}")

    async def _description(self, data: dict[str, Any]) -> None:
        known = ice_in(data["sdp"])
        if data["type"] == "offer":
            if self._described == data["generation"]:
                return
            generation = data["generation"]
            answer = await self.ask("describe", type="answer", sdp=sample("chromium-answer"), generation=generation)
            if not answer.get("ok"):  # shown before the join, for a page to get ready; it comes with that again
                return
            self._described = generation
            self._note("answered")
        if self.lines and self.lines[-1].known == known:
            return
        found = re.search(r"^a=candidate:\S+ 1 udp \d+ (\d+\.\S+) (\d+) typ host", data["sdp"], re.MULTILINE)
        assert found, data["sdp"]
        self._note("described")
        self.lines.append(self.plane.open((found[1], int(found[2])), known))

    async def _watch(self) -> None:
        """Media that does not come: the page joins anew."""
        while not self.ended.is_set():
            await asyncio.sleep(1)
            if not self.lines or self._socket is None or not self._socket.connected or self.join is None:
                continue
            line = self.lines[-1]
            if time.time() - (line.answered or line.made) > REJOIN + (5 if line.answered else 0):
                self._note("joins anew")
                line.answered = time.time()
                self.join = None
                await self._take_seat(self._socket)


@dataclass(eq=False)
class Call:
    """Both sides of one session; ``ends_at`` in seconds."""

    session: str
    ends_at: float
    client: Party
    expert: Party

    @property
    def parties(self) -> tuple[Party, Party]:
        return self.client, self.expert

    @property
    def node(self) -> int:
        """The media port of the node that forwards it, as far as its parties know."""
        return self.client.lines[-1].to[1]

    @property
    def overlap(self) -> float:
        """For how many seconds two nodes forwarded it at once; below zero, or nothing: never."""
        lines = sorted(
            (line for party in self.parties for line in party.lines if line.came), key=lambda line: line.made
        )
        return max(
            (a.came[-1] - b.came[0] for a, b in itertools.combinations(lines, 2) if a.to != b.to),
            default=-1.0,
        )

    @property
    def last(self) -> float:
        """When the last packet reached either, in seconds after the end."""
        return max((line.came[-1] for party in self.parties for line in party.lines if line.came), default=0.0) - (
            self.ends_at
        )


@contextlib.asynccontextmanager
async def calls(proxy: Proxy, local: str = "127.0.0.") -> AsyncIterator[Calls]:
    """Where calls are made; whoever is in one leaves at the end."""
    async with Plane().running() as plane, proxy.running():
        made = Calls(proxy, plane, local)
        try:
            yield made
        finally:
            await asyncio.gather(*(party.leave() for party in made.parties), return_exceptions=True)
            for http in made.https:
                await http.close()


@dataclass
class Calls:
    """Calls that are made, with sockets from many addresses of loopback: a server takes so many from each."""

    proxy: Proxy
    plane: Plane
    local: str
    all: list[Call] = field(default_factory=list)
    https: list[aiohttp.ClientSession] = field(default_factory=list)

    @property
    def parties(self) -> list[Party]:
        return [party for call in self.all for party in call.parties]

    def make(self, session: str, booked: dict[str, Any], ends_at: float, client: int = 0, expert: int = 0) -> Call:
        """Of a booking; its parties come by these nodes, when they are told to."""
        if len(self.all) * 2 % PER_ADDRESS == 0:
            address = f"{self.local}{2 + len(self.https)}" if self.local.endswith(".") else self.local
            self.https.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0), limit=0)))
        tokens = (booked["links"][role].partition("#t=")[2] for role in ("client", "expert"))
        parties = (
            Party(role, token, self.proxy, self.plane, self.https[-1], first)
            for role, token, first in zip(("client", "expert"), tokens, (client, expert), strict=True)
        )
        self.all.append(Call(session, ends_at, *parties))
        return self.all[-1]


async def come(parties: Sequence[Party], at_once: int = 8, within: float = 60.0) -> None:
    """All of them, so many at a time, into their seats."""
    gate = asyncio.Semaphore(at_once)

    async def one(party: Party) -> None:
        async with gate:
            party.come()
            try:
                await asyncio.wait_for(party.seated.wait(), within)
            except TimeoutError:
                raise AssertionError(f"{party.role} has no seat: {party.story[-8:]}") from None

    await asyncio.gather(*map(one, parties))


async def flowing(parties: Sequence[Party], since: float = 0.0, within: float = 60.0) -> list[Party]:
    """Wait until each has had a packet by a line made since then: those who never had one."""
    end = time.monotonic() + within
    while True:
        left = [party for party in parties if party.came_since(since) is None]
        if not left or time.monotonic() > end:
            return left
        await asyncio.sleep(0.05)
