"""What several nodes share, failing under them: Redis and PostgreSQL, gone, frozen, restarted. Calls and commands.

While it lasts, and for a while after, every party asks something of its session's home several times a second, and a
booking system books at both nodes. What is counted is how long each answer took, what it said, and how long media
paused; what was acknowledged must be on record, and nobody is to be blamed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from server.homes import KEEP
from tests.cluster.stage import Stage
from tests.stores import Cluster
from tests.trial.driver import Office, Refused
from tests.trial.nodes import book, judged, never, own_cluster, scene, story
from tests.trial.parties import Call, Calls, Party, come, flowing
from tests.trial.row import Row

ANSWER_WITHIN = 0.250
"""Seconds in which a command has its answer, or is refused, while Redis is not there."""

WELL_WITHIN = 2.0
"""Seconds after which, with Redis back, every command arrives again."""

PAUSE = 0.5
"""Seconds that media may pause where nothing is to happen to it: on a busy machine even a calm call pauses."""

BUSY_WITHIN = 10.0
"""Seconds in which a booking is taken or refused while PostgreSQL does not answer."""


NODES = ("node 0", "node 1")
"""Who books."""

COMING_BACK = {"offline", "elsewhere", "stale"}
"""What a page is told that has not taken its seat again on a new socket: it missed something, and was sent to connect
anew."""


@dataclass
class Asked:
    """Who asked, when, how long it took, and what came of it: ``ok``, or the code of the refusal."""

    all: list[tuple[str, float, float, str]] = field(default_factory=list)

    def during(self, since: float, until: float, who: Sequence[str]) -> list[tuple[float, str]]:
        return [(took, code) for name, at, took, code in self.all if since <= at < until and name in who]


@contextlib.asynccontextmanager
async def asking(on: Stage, some: Calls) -> AsyncIterator[Asked]:
    """Commands of every party, and bookings at every node, one after the other, until it is left."""
    asked = Asked()
    async with aiohttp.ClientSession() as http:
        tasks = [asyncio.create_task(_command(asked, call, party)) for call in some.all for party in call.parties]
        tasks += [asyncio.create_task(_bookings(asked, http, Office(node), n)) for n, node in enumerate(on.nodes)]
        try:
            yield asked
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _command(asked: Asked, call: Call, party: Party) -> None:
    who = f"{call.session} {party.role}"
    while True:
        at, began = time.time(), time.monotonic()
        answer = await party.ask("media", microphone=True, camera=True, screen=False)
        asked.all.append((who, at, time.monotonic() - began, "ok" if answer.get("ok") else answer["code"]))
        await asyncio.sleep(0.3)


async def _bookings(asked: Asked, http: aiohttp.ClientSession, office: Office, number: int) -> None:
    count = 0
    while True:
        count += 1
        at, began, code = time.time(), time.monotonic(), "ok"
        try:
            await office.book(http, f"b{number}-{count}", ends_in=7200, minutes=30)
        except Refused as error:
            code = f"{error.status} {error.code}"
        except (aiohttp.ClientError, TimeoutError) as error:
            code = type(error).__name__
        asked.all.append((f"node {number}", at, time.monotonic() - began, code))
        await asyncio.sleep(0.3)


def pause(parties: Sequence[Party], since: float, until: float) -> float:
    """The longest time between two packets that any of them got."""
    longest = 0.0
    for party in parties:
        came = [since, *(at for at in party.came if since < at < until), until]
        longest = max(longest, *(b - a for a, b in itertools.pairwise(came)))
    return longest


async def _works(party: Party) -> bool:
    return bool((await party.ask("media", microphone=True, camera=True, screen=False)).get("ok"))


async def well(parties: Sequence[Party], within: float = 30.0) -> float:
    """How many seconds until a command of each has been taken."""
    began, left = time.monotonic(), list(parties)
    while left and time.monotonic() - began < within:
        taken = await asyncio.gather(*map(_works, left))
        left = [party for party, ok in zip(left, taken, strict=True) if not ok]
        if left:
            await asyncio.sleep(0.05)
    return time.monotonic() - began


def _away(on: Stage, some: Calls) -> tuple[list[str], list[str]]:
    """The names of those whose socket is not on their session's home; and of the others."""
    away: list[str] = []
    at_home: list[str] = []
    for call in some.all:
        for party in call.parties:
            assert party.node is not None
            (at_home if party.node.media_port == call.node else away).append(f"{call.session} {party.role}")
    return away, at_home


async def in_call(office: Office, some: Calls, count: int) -> list[str]:
    """So many more calls, by both nodes, with media."""
    await book(office, some, count, lambda n: time.time() + 1500, lambda n: (n % 2, 1 - n % 2))
    new = some.all[-count:]
    await come([call.expert for call in new])
    await come([call.client for call in new])
    return never(await flowing([party for call in new for party in call.parties]), "had no media before")


async def redis(folder: Path, scale: int) -> Row:
    """Redis stopped for ``scale`` seconds, frozen for two thirds of it, emptied."""
    async with own_cluster() as cluster:
        return await redis_on(cluster, folder, scale, 10)


async def redis_on(cluster: Cluster, folder: Path, scale: int, count: int) -> Row:
    async with scene(cluster, folder) as (on, some, office):
        problems = await in_call(office, some, count)
        return await redis_at(on, some, office, scale, problems)


async def redis_at(on: Stage, some: Calls, office: Office, scale: int, problems: list[str]) -> Row:
    figures: list[str] = []
    ok = True
    away, at_home = _away(on, some)
    async with asking(on, some) as asked:
        began = time.time()
        await asyncio.sleep(max(3.0, scale / 5))
        calm = pause(some.parties, began, time.time())
        for what, seconds in (("stopped", float(scale)), ("frozen", scale * 2 / 3), ("flushed", 0.0)):
            since = time.time()
            await _befall(on, what, seconds)
            until_ = time.time()
            took = await well(some.parties)
            await asyncio.sleep(1)
            of = asked.during(since, until_ + took, [*away, *at_home, *NODES])
            slowest, paused = max((each for each, _ in of), default=0.0), pause(some.parties, since, time.time())
            if codes := {code for _, code in of} - {"ok", "busy", "503 busy"} - COMING_BACK:
                problems.append(f"Redis {what}: answers were {sorted(codes)}")
            if wrong := sum(code == "busy" for _, code in asked.during(since, until_ + took, at_home)):
                problems.append(f"Redis {what}: {wrong} commands were refused at the home itself")
            figures.append(
                f"{what}{f' {seconds:.0f} s' if seconds else ''}: {len(of)} commands, "
                f"{sum(code == 'busy' for _, code in of)} busy, the slowest {slowest * 1000:.0f} ms, well after "
                f"{took:.1f} s, media paused {paused * 1000:.0f} ms"
            )
            ok = ok and slowest <= ANSWER_WITHIN and took <= WELL_WITHIN and paused <= max(PAUSE, 2 * calm)
    problems += await judged(on, office, some, lambda call: {0})
    return Row(
        f"Redis gone under {len(some.all)} calls of two nodes",
        f"{'; '.join(figures)} (calm: {calm * 1000:.0f} ms); {len(problems)} problems",
        f"no command over {ANSWER_WITHIN * 1000:.0f} ms, well after {WELL_WITHIN:.0f} s, media goes on, nobody blamed",
        ok and not problems,
        tuple(problems),
    )


async def _befall(on: Stage, what: str, seconds: float) -> None:
    if what == "stopped":
        on.redis.stop()
        await asyncio.sleep(seconds)
        on.redis.start()
    elif what == "frozen":
        with on.redis.frozen():
            await asyncio.sleep(seconds)
    else:
        await on.redis.flush()


async def postgres(folder: Path, scale: int) -> Row:
    """PostgreSQL killed and started again at once; frozen for a third of ``scale`` seconds, and for all of them."""
    async with own_cluster() as cluster:
        return await postgres_on(cluster, folder, scale, 10)


async def postgres_on(cluster: Cluster, folder: Path, scale: int, count: int) -> Row:
    async with scene(cluster, folder) as (on, some, office):
        problems = await in_call(office, some, count)
        return await postgres_at(on, some, office, scale, problems)


async def postgres_at(on: Stage, some: Calls, office: Office, scale: int, problems: list[str]) -> Row:
    figures: list[str] = []
    ok, outages = True, 0
    async with asking(on, some) as asked:
        await asyncio.sleep(2)
        for what, seconds in (("restarted", 0.0), ("frozen", scale / 3), ("frozen", float(scale))):
            since = time.time()
            if what == "restarted":
                on.postgres.crash()
                await asyncio.to_thread(on.postgres.start)
            else:
                with on.postgres.frozen():
                    await asyncio.sleep(seconds)
            until_ = time.time()
            gone = until_ - since  # a machine that is busy starts it late
            took = await well(some.parties, 60)
            problems += await _sees_again(some, until_, f"{what} {gone:.0f} s")
            back, paused = time.time() - until_, pause(some.parties, since, time.time())
            await _booked_again(asked, until_)
            of = asked.during(since, time.time(), NODES)
            slowest = max(each for each, _ in of)
            if codes := {code for _, code in of} - {"ok", "503 busy"}:
                problems.append(f"PostgreSQL {what}: bookings were answered {sorted(codes)}")
            figures.append(
                f"{what}, gone for {gone:.1f} s: {sum(code != 'ok' for _, code in of)} of {len(of)} bookings busy, the "
                f"slowest {slowest:.1f} s; media paused {paused:.1f} s; all well {max(took, back):.1f} s after it was "
                "back"
            )
            lost = gone > KEEP - 2  # a renewal may have been on its way, and hang
            outages += lost
            ok = ok and slowest <= BUSY_WITHIN and (lost or paused <= 2.0)
    problems += await judged(on, office, some, lambda call: range(outages + 1))
    return Row(
        f"PostgreSQL gone under {len(some.all)} calls of two nodes",
        f"{'; '.join(figures)}; {len(problems)} problems",
        f"busy within {BUSY_WITHIN:.0f} s, nothing acknowledged lost, calls go on up to {KEEP:.0f} s, nobody blamed",
        ok and not problems,
        tuple(problems),
    )


async def _sees_again(some: Calls, since: float, what: str) -> list[str]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        left = [p for p in some.parties if not any(line.came and line.came[-1] > since for line in p.lines)]
        if not left:
            return []
        await asyncio.sleep(0.1)
    return [f"PostgreSQL {what}: {len(left)} parties never had media again; {story(left[0], since - 30)}"]


async def _booked_again(asked: Asked, since: float) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        fine = {who for who, at, _, code in asked.all if at > since and code == "ok"}
        if {"node 0", "node 1"} <= fine:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("no bookings are taken half a minute after PostgreSQL is back")
