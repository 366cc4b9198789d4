"""The hard stop (P3.1): 500 calls that end at one instant, and when the last packet of each was forwarded.

A real `headstrt serve` with its relay worker; sessions booked by the API, every party joined over a socket of its own,
legs opened by authenticated checks on real UDP sockets. The parties are hostile: they go on sending for seconds after
the end. Once with everything in order, once with the database locked by another process from before the end until
after it. What is measured is the kernel's time of arrival, against `ends_at` by the wall clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import socketio

from bench import load
from bench.figures import Figure, Report, compiled, percentile
from bench.load import Line, checked, udp
from signaling.messages import PROTOCOL_VERSION, to_rfc3339
from signaling.relay.ice import Credentials
from tests.e2e.stage import Server
from tests.signaling.relay.helpers import sample

CALLS: Final = int(os.environ.get("CALLS", "500"))
PREPARE: Final = 30 + CALLS * 0.12  # seconds until the end: booking and joining take a while
MINUTES: Final = 3
RATE: Final = 20  # packets a second from each party
BEFORE, AFTER = 4.0, 3.0  # how long they send, on either side of the end
FREEZE_BEFORE, FREEZE_AFTER = 2.0, 2.5
WORST, USUAL = 0.100, 0.025

LOCK: Final = """
import sqlite3, sys, time
path, begin, end = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
database = sqlite3.connect(path, timeout=5, isolation_level=None)
time.sleep(max(0, begin - time.time()))
database.execute("BEGIN EXCLUSIVE")
print(time.time(), flush=True)
time.sleep(max(0, end - time.time()))
database.execute("ROLLBACK")
"""


@dataclass(slots=True)
class Party:
    """One page, as far as the server can tell: a socket, a description, a leg."""

    role: str
    token: str
    socket: Any
    guidelines: str
    known: asyncio.Future[Credentials] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    commands: int = 0
    refusal: str = ""

    async def join(self, origin: str) -> None:
        self.socket.on("negotiate", self._negotiate)
        self.socket.on("description", self._description)
        auth = {"token": self.token, "protocol": PROTOCOL_VERSION}
        self.socket.on("connect_error", self._refused)
        for attempt in range(5):  # a server that is busy with five hundred others may ask to come again
            try:
                await self.socket.connect(origin, auth=auth, transports=["websocket"], wait_timeout=30)
                break
            except socketio.exceptions.ConnectionError:
                if attempt == 4:
                    raise RuntimeError(f"{self.role}: cannot connect: {self.refusal}") from None
                await asyncio.sleep(1)
        await self.command("join", guidelines=self.guidelines)

    async def _refused(self, why: Any) -> None:
        self.refusal = str(why)

    async def command(self, name: str, **data: Any) -> None:
        self.commands += 1
        for _ in range(20):  # 500 calls join within seconds here; a server that is full asks to come again
            answer = await self.socket.call(name, {"command_id": f"c{self.commands}", **data}, timeout=30)
            if answer.get("code") != "busy":
                break
            await asyncio.sleep(0.5)
        if not answer.get("ok"):
            raise RuntimeError(f"{self.role}: {name} was refused: {answer}")

    async def _negotiate(self, data: dict[str, Any]) -> None:
        await self.command("describe", type="offer", sdp=sample("chromium-offer"), generation=data["generation"])

    async def _description(self, data: dict[str, Any]) -> None:
        ufrag = re.search(r"^a=ice-ufrag:(\S+)", data["sdp"], re.MULTILINE)
        password = re.search(r"^a=ice-pwd:(\S+)", data["sdp"], re.MULTILINE)
        assert ufrag
        assert password
        if self.role == "client":
            await self.command("describe", type="answer", sdp=sample("chromium-answer"), generation=data["generation"])
        if not self.known.done():
            self.known.set_result(Credentials(ufrag[1], password[1]))


@dataclass(frozen=True, slots=True)
class Stop:
    """What one run saw: per leg, the last packet in seconds after the end."""

    last: tuple[float, ...]
    sent: int
    forwarded: int
    completed: int


@contextlib.asynccontextmanager
async def _parties(server: Server, booked: list[dict[str, Any]]) -> AsyncIterator[list[Party]]:
    """Everyone, joined and negotiated. The server allows so many sockets per address, and loopback has many."""
    token = _token(booked[0]["links"]["client"])
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
        answer = await http.get(f"{server.origin}/v1/me")
        version = (await answer.json())["guidelines"]["version"]
    https: list[aiohttp.ClientSession] = []
    parties: list[Party] = []
    for number, session in enumerate(booked):
        if number % 20 == 0:  # 40 sockets
            connector = aiohttp.TCPConnector(local_addr=(f"127.0.0.{2 + number // 20}", 0), limit=0)
            https.append(aiohttp.ClientSession(connector=connector))
        for role in ("client", "expert"):
            socket = socketio.AsyncClient(reconnection=False, http_session=https[-1])
            parties.append(Party(role, _token(session["links"][role]), socket, version))
    gate = asyncio.Semaphore(6)

    async def join(party: Party) -> None:
        async with gate:
            await party.join(server.origin)

    try:
        await asyncio.gather(*(join(party) for party in parties))
        await asyncio.gather(*(party.known for party in parties))
        yield parties
    finally:
        await asyncio.gather(*(party.socket.disconnect() for party in parties), return_exceptions=True)
        for http in https:
            await http.close()


def _token(link: str) -> str:
    return urlsplit(link).fragment.removeprefix("t=")


async def _book(server: Server, ends_at: int) -> list[dict[str, Any]]:
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> dict[str, Any]:
        body = {
            "starts_at": to_rfc3339(ends_at - MINUTES * 60_000),
            "duration_minutes": MINUTES,
            "title": "Hard stop",
            "client": {"id": f"c{number}", "name": "Client"},
            "expert": {"id": f"e{number}", "name": "Expert"},
            "fee": {"amount": 6000, "currency": "USD"},
        }
        async with gate:
            booked: dict[str, Any] = await server.call("PUT", f"/v1/sessions/stop-{number}", json=body)
            return booked

    return list(await asyncio.gather(*(one(number) for number in range(CALLS))))


async def _run(folder: Path, program: Path, *, frozen: bool) -> Stop:
    server = Server(folder, settings={"HEADSTRT_LOG_LEVEL": "warning"})
    await server.start()
    sockets = []
    try:
        ends_at = (int(time.time() + PREPARE) + 1) * 1000
        end = ends_at / 1000
        booked = await _book(server, ends_at)
        async with _parties(server, booked) as parties:
            left = end - time.time()
            print(f"{len(parties)} joined, {left:.0f} s before the end", file=sys.stderr)
            if left < BEFORE + CALLS * 0.004 + 2:
                raise RuntimeError(f"this machine is too busy: all had joined only {left:.1f} s before the end")
            await asyncio.sleep(left - BEFORE - CALLS * 0.004 - 2)  # a leg that is up and silent would be missed
            lines = []
            for party in parties:
                line = Line(udp(), ("127.0.0.1", server.media_port))
                sockets.append(line.socket)
                await asyncio.to_thread(checked, line, party.known.result())
                line.socket.setblocking(False)
                lines.append(line)
            locker = await _locker(folder / "e2e.sqlite3", end) if frozen else None
            run = await load.run(
                program, lines, rate=RATE, size=300, start=end - BEFORE, seconds=BEFORE + AFTER, mark=end
            )
            seen = run.lines
            if locker is not None:
                await _held(locker, end)
            completed = await _completed(server, ends_at)
        if sum(each.got > 0 for each in seen) < len(lines):
            raise RuntimeError("some legs received nothing at all")
        sent, forwarded = sum(each.sent for each in seen), sum(each.got for each in seen)
        return Stop(tuple(each.last for each in seen), sent, forwarded, completed)
    finally:
        for socket in sockets:
            socket.close()
        assert server.process is not None
        if server.process.returncode is None:
            server.process.send_signal(signal.SIGTERM)
            await server.process.wait()


async def _locker(database: Path, end: float) -> asyncio.subprocess.Process:
    times = (str(end - FREEZE_BEFORE), str(end + FREEZE_AFTER))
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOCK, str(database), *times, stdout=asyncio.subprocess.PIPE
    )


async def _held(locker: asyncio.subprocess.Process, end: float) -> None:
    out, _ = await locker.communicate()
    if locker.returncode != 0 or float(out) > end - 0.5:
        raise RuntimeError("the database was not locked in time")


async def _completed(server: Server, ends_at: int) -> int:
    """How many sessions are on record as completed at their end, once all are over."""
    for _ in range(60):
        sessions = [await server.session(f"stop-{number}") for number in range(CALLS)]
        if all(session["end"] for session in sessions):
            return sum(
                session["end"]["reason"] == "completed" and session["end"]["at"] == session["ends_at"]
                for session in sessions
            )
        await asyncio.sleep(1)
    raise RuntimeError(f"not all sessions are over a minute after their end: {json.dumps(sessions[0])[:300]}")


def _rows(what: str, stop: Stop) -> list[Figure]:
    worst, usual = max(stop.last), percentile(list(stop.last), 0.99)
    late = sum(last > WORST for last in stop.last)
    return [
        Figure(
            f"{what}: last packet, worst leg",
            f"{worst * 1000:+.1f} ms",
            "`ends_at`",
            None,
            f"≤ {WORST * 1000:.0f} ms",
            worst <= WORST,
        ),
        Figure(
            f"{what}: last packet, 99 % of legs",
            f"{usual * 1000:+.1f} ms",
            "`ends_at`",
            None,
            f"≤ {USUAL * 1000:.0f} ms",
            usual <= USUAL,
        ),
        Figure(
            f"{what}: legs that got a packet later than that",
            f"{late} of {len(stop.last)}",
            f"{stop.forwarded} packets forwarded of {stop.sent} sent",
            None,
            "0",
            late == 0,
        ),
        Figure(
            f"{what}: on record as completed at `ends_at`",
            str(stop.completed),
            f"{CALLS} sessions",
            stop.completed / CALLS,
            "all",
            stop.completed == CALLS,
        ),
    ]


async def measure() -> Report:
    figures: list[Figure] = []
    for what, frozen in (("in order", False), ("database locked", True)):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            stop = await _run(folder, compiled("load", folder), frozen=frozen)
            figures += _rows(what, stop)
    about = (
        f"{CALLS} calls that end at one instant; {RATE} packets a second from each party, to {AFTER:.0f} s after it.\n"
        "When the last packet reached each leg, by the kernel's clock; a negative time is before the end."
    )
    notes = (
        "Real server and relay worker, real sockets; each party joined, each leg passed an authenticated check.",
        f"Locked: another process holds SQLite's exclusive lock from {FREEZE_BEFORE} s before the end to "
        f"{FREEZE_AFTER} s after it.",
    )
    return Report("hardstop", about, tuple(figures), notes)
