"""What a socket, a join and a hang-up cost, and a server that has nothing to do: ours beside a bare one.

Ours is `headstrt serve` with SQLite on the disk. The bare one has the same libraries and none of the rules:
python-socketio on aiohttp and uvloop, which writes each command as one row through the same engine, and acknowledges
it after the commit. The same clients ask both. CPU time is the server process's; memory is what is its own (Private of
smaps).
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import aiohttp
import socketio
import structlog
import uvloop
from aiohttp import web
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert
from sqlalchemy.schema import CreateTable

from bench.figures import Figure, Report, cpu_seconds, percentile, resident
from server.store.database import open_database
from signaling.fanout import PING_INTERVAL, PING_TIMEOUT
from signaling.messages import PROTOCOL_VERSION
from tests.e2e.stage import Server
from tests.trial.driver import Office

SESSIONS: Final = 100
AT_ONCE: Final = 8
ROUNDS: Final = 2
IDLE: Final = 3.0  # seconds
PER_ADDRESS: Final = 40  # sockets; the server allows 50
_ROWS: Final = Table("bench_rows", MetaData(), Column("id", Integer, primary_key=True), Column("body", Text))


@dataclass(slots=True)
class Cost:
    """Of one server, over all rounds."""

    start: list[float] = field(default_factory=list)  # seconds from its start to its first answer
    start_cpu: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)  # CPU seconds a second
    memory: list[float] = field(default_factory=list)  # bytes, with nothing to do
    socket: list[float] = field(default_factory=list)  # bytes of each
    joins: list[float] = field(default_factory=list)  # a second
    join_cpu: list[float] = field(default_factory=list)  # seconds
    hang_ups: list[float] = field(default_factory=list)  # seconds until each is acknowledged


@dataclass(slots=True)
class Place:
    """A server that runs: where, which processes, and who may come."""

    origin: str
    processes: tuple[int, ...]  # the first one has the sockets
    tokens: list[tuple[str, str]]  # client's and expert's, of each session


async def measure() -> Report:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    costs = {True: Cost(), False: Cost()}
    for _ in range(ROUNDS):  # in turns
        for mine, served in ((False, _bare), (True, _ours)):
            with tempfile.TemporaryDirectory() as folder:
                await _measured(served, Path(folder), costs[mine])
    ours, bare = costs[True], costs[False]
    mb, kb = 1 << 20, 1 << 10
    figures = (
        _row(
            "joins a second (CPU for each)", ours.joins, bare.joins, lambda v: f"{v:,.0f}", ours.join_cpu, bare.join_cpu
        ),
        _row("hang-up acknowledged, p50", ours.hang_ups, bare.hang_ups, _ms),
        _row("hang-up acknowledged, p99", ours.hang_ups, bare.hang_ups, _ms, share=0.99),
        _row("memory of a socket", ours.socket, bare.socket, lambda v: f"{v / kb:.0f} kB"),
        _row("memory of an idle server", ours.memory, bare.memory, lambda v: f"{v / mb:.0f} MB"),
        _row("CPU of an idle server", ours.idle, bare.idle, lambda v: f"{v:.2%} of a core"),
        _row(
            "from start to first answer (CPU)",
            ours.start,
            bare.start,
            lambda v: f"{v:.2f} s",
            ours.start_cpu,
            bare.start_cpu,
        ),
    )
    return Report(
        "signaling",
        f"{2 * SESSIONS} parties of {SESSIONS} sessions at Socket.IO sockets, {AT_ONCE} joins at a time; then the\n"
        f"experts hang up, one after the other. The median of {ROUNDS} rounds, ours and the reference in turns.",
        figures,
        (
            "The reference (`bench/signaling.py`) writes each command as one row through the same engine and "
            "acknowledges it after the commit. It checks no token, and keeps no record of whom it tells what.",
            "An idle server is ours with its relay worker, a process of its own "
            f"({statistics.median(_worker_memory or [0]) / mb:.0f} MB of it), after migrating an empty database; the "
            "reference makes its one table.",
        ),
    )


_worker_memory: list[float] = []


def _ms(value: float) -> str:
    return f"{value * 1000:.1f} ms"


def _row(
    what: str,
    ours: list[float],
    bare: list[float],
    shown: Callable[[float], str],
    ours_cpu: list[float] | None = None,
    bare_cpu: list[float] | None = None,
    share: float = 0.5,
) -> Figure:
    values = [statistics.median(of) if share == 0.5 else percentile(of, share) for of in (ours, bare)]
    cells = [
        shown(value) + (f" ({_ms(statistics.median(cpu))})" if cpu else "")
        for value, cpu in zip(values, (ours_cpu, bare_cpu), strict=True)
    ]
    return Figure(what, *cells, values[0] / values[1] if values[1] else None)


async def _measured(served: Callable[[Path], Any], folder: Path, cost: Cost) -> None:
    began = time.monotonic()
    async with served(folder) as place:
        cost.start.append(time.monotonic() - began)
        cost.start_cpu.append(sum(map(cpu_seconds, place.processes)))
        await asyncio.sleep(1)
        before = sum(map(cpu_seconds, place.processes))
        await asyncio.sleep(IDLE)
        cost.idle.append((sum(map(cpu_seconds, place.processes)) - before) / IDLE)
        cost.memory.append(sum(map(resident, place.processes)))
        _worker_memory.extend(map(resident, place.processes[1:]))
        if not place.tokens:
            await _booked(place)
        await _asked(place, cost)


async def _asked(place: Place, cost: Cost) -> None:
    process = place.processes[0]
    https: list[aiohttp.ClientSession] = []
    sockets: list[tuple[Any, Any]] = []
    try:
        for number in range(SESSIONS):
            if 2 * number % PER_ADDRESS == 0:
                address = f"127.0.0.{2 + 2 * number // PER_ADDRESS}"
                https.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0), limit=0)))
            sockets.append(tuple(socketio.AsyncClient(reconnection=False, http_session=https[-1]) for _ in "ab"))
        memory = resident(process)

        async def connect(socket: Any, token: str) -> None:
            auth = {"token": token, "protocol": PROTOCOL_VERSION}
            await socket.connect(place.origin, auth=auth, transports=["websocket"], wait_timeout=30)

        pairs = [
            (socket, token)
            for pair in zip(sockets, place.tokens, strict=True)
            for socket, token in zip(*pair, strict=True)
        ]
        await _all([lambda pair=pair: connect(*pair) for pair in pairs])
        await asyncio.sleep(1)
        cost.socket.append((resident(process) - memory) / len(pairs))
        began, before = time.monotonic(), cpu_seconds(process)
        await _all([lambda socket=socket: _command(socket, "join") for socket, _ in pairs])
        cost.joins.append(len(pairs) / (time.monotonic() - began))
        cost.join_cpu.append((cpu_seconds(process) - before) / len(pairs))
        for _, expert in sockets:
            began = time.monotonic()
            await _command(expert, "hang_up")
            cost.hang_ups.append(time.monotonic() - began)
    finally:
        await asyncio.gather(*(socket.disconnect() for pair in sockets for socket in pair), return_exceptions=True)
        for http in https:
            await http.close()


async def _all(tasks: list[Callable[[], Awaitable[None]]]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(task: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await task()

    await asyncio.gather(*map(one, tasks))


async def _command(socket: Any, name: str) -> None:
    answer = await socket.call(name, {"command_id": name}, timeout=30)
    if not answer.get("ok"):
        raise RuntimeError(f"{name} was refused: {answer}")


# --- ours -------------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _ours(folder: Path) -> AsyncIterator[Place]:
    server = Server(folder, terms="reconnect_grace = 90\n", settings={"HEADSTRT_LOG_LEVEL": "warning"})
    await server.start()
    try:
        assert server.process is not None
        worker = int(Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()[0])
        yield Place(server.origin, (server.process.pid, worker), [])
    finally:
        await server.stop()


async def _booked(place: Place) -> None:
    server = Server(Path("/nonexistent"), port=int(place.origin.rpartition(":")[2]))
    office = Office(server)
    async with aiohttp.ClientSession() as http:
        for number in range(SESSIONS):  # they began a few seconds ago
            booked = await office.book(http, f"bench-{number}", ends_in=1_795, minutes=30)
            client, expert = (booked["links"][role].partition("#t=")[2] for role in ("client", "expert"))
            place.tokens.append((client, expert))


# --- the bare one -----------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _bare(folder: Path) -> AsyncIterator[Place]:
    with bare(f"sqlite:///{folder}/bare.db") as (process, port):
        yield Place(f"http://127.0.0.1:{port}", (process,), [("", "")] * SESSIONS)


@contextlib.contextmanager
def bare(url: str) -> Iterator[tuple[int, int]]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(url, theirs))
    process.start()
    try:
        assert ours.poll(60), "the reference did not start"
        yield process.pid or 0, ours.recv()
        ours.send("stop")
    finally:
        process.join(20)
        process.kill()


def _serve(url: str, pipe: Connection) -> None:
    uvloop.run(_until_told(url, pipe))


async def _until_told(url: str, pipe: Connection) -> None:
    database = open_database(url)
    await database.start()
    await database.write(lambda connection: connection.execute(CreateTable(_ROWS)))
    signs = {"ping_interval": PING_INTERVAL, "ping_timeout": PING_TIMEOUT}  # as many signs of life as ours
    sio = socketio.AsyncServer(async_mode="aiohttp", transports=["websocket"], **signs)

    async def command(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        await database.write(lambda connection: connection.execute(insert(_ROWS).values(body=f"{sid} {data}")))
        return {"ok": True}

    for name in ("join", "hang_up", "step_out"):
        sio.on(name, command)
    app = web.Application()
    sio.attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pipe.send(runner.addresses[0][1])
    await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
    await runner.cleanup()
    await database.close()
