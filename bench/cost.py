"""What a session costs, for docs/scale.md: packets, bytes, frames of sockets, commits, rows, disk, memory, CPU.

Two measurements. A real call of two Chromiums on a real server says what media and sockets carry; what the browsers
count themselves stands beside it. And many calls without browsers (sockets, descriptions, joins, an end) on PostgreSQL
say what a session writes, and what a join and an idle call take of the server's one loop and of its memory.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
from playwright.async_api import async_playwright
from prometheus_client.parser import text_string_to_metric_families

from bench import hardstop
from bench.figures import Figure, Report, cpu_seconds
from signaling.messages import to_rfc3339
from tests.e2e.stage import CHROMIUM_FLAGS, WATCH_CONNECTIONS, Person, Server
from tests.stores import Cluster, _children

SESSIONS: Final = 100
IDLE: Final = 15.0  # seconds in which these calls just are
SETTLE: Final = 12.0  # seconds until a browser's bandwidth estimate has risen
SECONDS: Final = 20.0

_OURS: Final = "from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"

COUNT: Final = """
async () => {
  let packets = 0, bytes = 0;
  for (const pc of window.__connections) {
    if (pc.signalingState === "closed") continue;
    for (const row of (await pc.getStats()).values())
      if (row.type === "transport") { packets += row.packetsSent; bytes += row.bytesSent; }
  }
  return [packets, bytes];
}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Totals at one instant."""

    at: float
    metrics: dict[str, float]
    server: float  # seconds of CPU
    relay: float
    memory: float  # of both, resident, in kB
    browsers: tuple[float, float] = (0.0, 0.0)  # packets, bytes
    frames: int = 0


async def measure() -> Report:
    with tempfile.TemporaryDirectory() as place:
        call = await _call(Path(place))
    cluster = Cluster(durable=True)
    try:
        with tempfile.TemporaryDirectory() as place:
            many = await _many(Path(place), cluster)
    finally:
        cluster.stop()
        cluster.remove()
    return Report(
        "cost",
        f"What one session costs: a call of two Chromiums for {SECONDS:.0f} s, and {SESSIONS} calls without browsers "
        "on PostgreSQL.",
        (*call, *many),
        (
            "Packets and bytes are both ways together, as the relay receives them; Chromium's count is without IP and "
            "UDP headers, as ours is. Its test picture moves little: a camera's costs up to the 2.5 Mbit/s each way "
            "that a page may send.",
            "One call alone wakes the relay for almost each packet; with many it costs less (section relay).",
            "On disk: all tables and indexes, after VACUUM FULL; without the log of PostgreSQL (WAL).",
            "A session here: booked, both joined, ended by an operator, settled. Reconnections, complaints add rows.",
        ),
    )


# --- one call, with browsers -----------------------------------------------------------------------------------------


async def _call(folder: Path) -> list[Figure]:
    server = Server(folder, settings={"HEADSTRT_LOG_LEVEL": "warning"})
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("Chromium is missing (make packages)")
    frames = [0]
    await server.start()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
            booked = await server.book(starts_in=-20, minutes=10)
            people = []
            for role in ("client", "expert"):
                context = await browser.new_context(permissions=["camera", "microphone"])
                page = await context.new_page()
                page.on("websocket", lambda socket: _counted(socket, frames))
                await page.add_init_script(WATCH_CONNECTIONS)
                people.append(Person(page, context, booked["links"][role]))
            for person in people:
                await person.join()
            await asyncio.gather(*(person.sees_video(60) for person in people))
            await asyncio.sleep(SETTLE)
            before = await _seen(server, people, frames[0])
            await asyncio.sleep(SECONDS)
            after = await _seen(server, people, frames[0])
            await browser.close()
    finally:
        await server.stop()
    took = after.at - before.at
    packets, size = (_rate(before, after, f"headstrt_relay/{figure}") for figure in ("packets", "bytes"))
    theirs = [(b - a) / took for a, b in zip(before.browsers, after.browsers, strict=True)]
    relay = (after.relay - before.relay) / took
    return [
        Figure("packets a second", f"{packets:.0f}", f"{theirs[0]:.0f}, Chromium's own count", packets / theirs[0]),
        Figure("kB a second", f"{size / 1000:.0f}", f"{theirs[1] / 1000:.0f}, Chromium's own", size / theirs[1]),
        Figure(
            "CPU of the relay, alone with this call",
            f"{relay * 1000:.1f} ms/s",
            f"{relay / packets * 1e6:.0f} µs a packet",
        ),
        Figure(
            "CPU of the server while the call is on",
            f"{(after.server - before.server) / took * 1000:.1f} ms/s",
            "signs of life, sweeps and pings included",
        ),
        Figure("frames of both sockets a second", f"{(after.frames - before.frames) / took:.1f}", "2 sockets"),
    ]


def _counted(socket: Any, frames: list[int]) -> None:
    def one(_: Any) -> None:
        frames[0] += 1

    socket.on("framesent", one)
    socket.on("framereceived", one)


# --- many calls, without ----------------------------------------------------------------------------------------------


async def _many(folder: Path, cluster: Cluster) -> list[Figure]:
    url = await cluster.fresh(migrated=False)
    server = Server(folder, settings={"HEADSTRT_LOG_LEVEL": "warning", "HEADSTRT_DATABASE_URL": url})
    await server.start()
    try:
        empty = await _size(cluster, url)
        idle_before = await _seen(server)
        await asyncio.sleep(IDLE)
        idle = await _seen(server)
        booked = await asyncio.gather(*(_book(server, number) for number in range(SESSIONS)))
        begun = await _seen(server)
        async with hardstop._parties(server, list(booked)) as parties:
            joined = await _seen(server)
            print(f"{len(parties)} joined in {joined.at - begun.at:.0f} s", file=sys.stderr)
            await asyncio.sleep(IDLE)
            held = await _seen(server)
            for number in range(SESSIONS):
                await server.call("POST", f"/v1/sessions/cost-{number}/end", json={"reason": "measured"})
            ended = await _seen(server)
        entries = len(await server.ledger("cost-0"))
        rows = await _rows(cluster, url)
    finally:
        await server.stop()
    size = await _size(cluster, url) - empty
    commits = "headstrt_transaction_seconds_count/"
    alone = _rate(idle_before, idle, commits)
    written = ended.metrics[commits] - idle.metrics[commits] - alone * (ended.at - idle.at)
    quiet = (idle.server - idle_before.server) / (idle.at - idle_before.at)
    busy = (held.server - joined.server) / (held.at - joined.at)
    join = (joined.server - begun.server - quiet * (joined.at - begun.at)) / len(parties)
    return [
        Figure("CPU of the server for a join", f"{join * 1000:.1f} ms", "socket, admission, commit, descriptions"),
        Figure(
            "CPU of the server for a call that is on, without quality samples",
            f"{(busy - quiet) / SESSIONS * 1000:.2f} ms/s",
            f"{quiet * 1000:.1f} ms/s with none",
        ),
        Figure(
            "memory of a call: server and relay",
            f"{(held.memory - begun.memory) / SESSIONS:.0f} kB",
            f"{begun.memory / 1024:.0f} MB with none",
        ),
        Figure("commits", f"{written / SESSIONS:.1f}", f"{alone:.1f} a second of a server with nothing to do"),
        Figure("rows, of them on its ledger", f"{rows / SESSIONS:.0f}, {entries}", "all tables"),
        Figure("kB on disk", f"{size / SESSIONS / 1024:.1f}", "tables and indexes"),
    ]


async def _book(server: Server, number: int) -> dict[str, Any]:
    body = {
        "starts_at": to_rfc3339(int(time.time() - 20) * 1000),
        "duration_minutes": 30,
        "title": "What it costs",
        "client": {"id": f"c{number}", "name": "Ada Client", "email": "ada@example.org"},
        "expert": {"id": f"e{number % 20}", "name": "Max Expert", "email": "max@example.org"},
        "fee": {"amount": 6000, "currency": "USD"},
    }
    booked: dict[str, Any] = await server.call("PUT", f"/v1/sessions/cost-{number}", json=body)
    return booked


async def _rows(cluster: Cluster, url: str) -> int:
    names = await cluster.execute(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace", url
    )
    return sum([(await cluster.execute(f'select count(*) from "{name}"', url))[0][0] for (name,) in names])


async def _size(cluster: Cluster, url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("vacuum full")
        return int(await connection.fetchval(f"select sum(pg_total_relation_size(oid)) {_OURS}"))
    finally:
        await connection.close()


# --- looking ----------------------------------------------------------------------------------------------------------


async def _seen(server: Server, people: list[Person] | None = None, frames: int = 0) -> Seen:
    assert server.process is not None
    text = await server.call("GET", "/metrics")
    metrics = {
        "/".join((sample.name, *sample.labels.values())) if "le" not in sample.labels else "": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    metrics = {name if "/" in name else f"{name}/": value for name, value in metrics.items()}
    counts = [await person.page.evaluate(COUNT) for person in people or []]
    workers = _children(server.process.pid)
    return Seen(
        time.monotonic(),
        metrics,
        cpu_seconds(server.process.pid),
        sum(cpu_seconds(pid) for pid in workers),
        sum(_resident(pid) for pid in (server.process.pid, *workers)),
        (sum(count[0] for count in counts), sum(count[1] for count in counts)),
        frames,
    )


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return float(line.split()[1])
    raise RuntimeError(f"process {pid} has gone")


def _rate(before: Seen, after: Seen, name: str) -> float:
    return (after.metrics[name] - before.metrics[name]) / (after.at - before.at)
