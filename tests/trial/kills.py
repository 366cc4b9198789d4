"""kill -9 at any moment, also in mid-settlement: what was acknowledged is there, once, and nobody is blamed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import time
from pathlib import Path

import aiohttp

from tests.e2e.stage import Server
from tests.stores import Cluster
from tests.trial.audit import audit
from tests.trial.driver import Office, Refused, now
from tests.trial.row import Row

COUPLES = 6
START_WITHIN = 3.0
_TOO_SLOW = ("session_over", "slot_over", "busy", "stale")  # a machine with more to do: refused is not acknowledged


async def kills(folder: Path, scale: int, seed: int = 1) -> Row:
    """``scale`` kills, each under a stream of bookings, joins, hang-ups and refunds, on SQLite."""
    return await _kills(Server(folder, terms=""), folder / "e2e.sqlite3", scale, seed)


async def kills_postgresql(folder: Path, scale: int, seed: int = 1) -> Row:
    """The same on PostgreSQL, which itself is killed with every third server."""
    cluster = await asyncio.to_thread(Cluster)
    try:
        url = await cluster.fresh(migrated=False)
        server = Server(folder, terms="", settings={"HEADSTRT_DATABASE_URL": url})
        return await _kills(server, url, scale, seed, cluster)
    finally:
        await asyncio.to_thread(cluster.remove)


async def _kills(server: Server, database: Path | str, scale: int, seed: int, cluster: Cluster | None = None) -> Row:
    chance = random.Random(seed)
    office = Office(server)
    problems: list[str] = []
    starts: list[float] = []
    await server.start()
    for kill in range(scale):
        office.hung_up.clear()
        office.hang_ups_until = chance.randint(1, 3 * COUPLES)
        async with aiohttp.ClientSession() as http:
            stream = [asyncio.create_task(couples(office, http, f"k{kill}-{lane}", chance)) for lane in range(COUPLES)]
            if kill % 2:
                await asyncio.sleep(chance.uniform(0.05, 3))
            else:  # in mid-settlement: within the milliseconds after a hang-up went out
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(office.hung_up.wait(), 10)
                await asyncio.sleep(chance.uniform(0, 0.012))
            if cluster is not None and kill % 3 == 2:
                cluster.crash()
                await asyncio.sleep(chance.uniform(0, 0.3))
            await server.kill()
            problems += await stop(stream)
            if cluster is not None and kill % 3 == 2:
                await asyncio.to_thread(cluster.start)
        began = time.monotonic()
        await server.start()
        starts.append(time.monotonic() - began)
        problems += audit(database, office.told, overdue_at=now() - 2_000, prefix=f"k{kill}-")
        if problems:
            break
    await asyncio.sleep(7)  # the last of them end
    problems += audit(database, office.told, overdue_at=now() - 1_000)
    code = await server.stop()
    log = server.log()
    if code != 0 or "Traceback" in log:
        from_here = log.find("Traceback") - 500 if "Traceback" in log else -2000
        problems.append(f"the server left with {code}; its log: {log[from_here:][:6000]}")
    slowest = max(starts)
    return Row(
        f"{scale} kill -9 under {COUPLES} couples" + (", on PostgreSQL, killed too" if cluster else ""),
        f"{office.told.facts} acknowledged facts, {len(problems)} problems, "
        f"consistent after {statistics.median(starts):.1f} s, at most {slowest:.1f} s",
        f"0 problems, <= {START_WITHIN:.0f} s",
        not problems and slowest <= START_WITHIN,
        tuple(problems),
    )


async def stop(stream: list[asyncio.Task[None]]) -> list[str]:
    """The socket library swallows a cancellation now and then: it is said again."""
    while pending := [task for task in stream if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.5)
    errors = [task.exception() for task in stream if not task.cancelled()]
    return [f"the driver: {error!r}" for error in errors if error is not None]


async def couples(office: Office, http: aiohttp.ClientSession, name: str, chance: random.Random) -> None:
    number = 0
    while office.server.process is not None and office.server.process.returncode is None:
        number += 1
        try:
            await office.couple(http, f"{name}-{number}", chance)
        except (TimeoutError, aiohttp.ClientError, OSError):
            await asyncio.sleep(0.05)
        except Refused as error:
            if error.code not in _TOO_SLOW:
                raise
        except Exception as error:  # the socket library has many words for a server that is gone
            if not type(error).__module__.startswith(("socketio", "engineio")):
                raise
            await asyncio.sleep(0.05)
