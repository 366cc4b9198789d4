"""Several nodes, and what may befall one of them or what they share: calls go on or come back, and nobody is blamed.

A real PostgreSQL, a real Redis, two real servers, and calls whose parties come by both (``parties``). Each row says
what the parties saw, beside what docs/nodes.md promises, and the ledgers of all calls are held to the rules.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from bench.figures import cpu_seconds, percentile
from server.homes import KEEP
from signaling.messages import from_rfc3339
from signaling.session import Role
from tests.cluster.stage import Stage, stage, up
from tests.e2e.stage import Server, until
from tests.stores import Cluster
from tests.trial.audit import audit
from tests.trial.driver import Office, now
from tests.trial.parties import Call, Calls, Party, Proxy, calls, come, flowing
from tests.trial.row import Row

BACK_WITHIN = 6.0
"""Seconds until media is back at 95 of 100 parties when the home of their calls is killed (docs/nodes.md)."""

STOP_WITHIN = 0.100
"""Seconds after ``ends_at`` within which the last packet must have come (P3.1)."""

SETTLED = 16.0
"""Seconds that PostgreSQL must have been up before a death is noticed early (``server.store.homes.SETTLED``)."""

NEVER = ("departed", "hung_up", "no_show", "removed")
"""What must not be on record of people who did nothing."""

TERMS = "reconnect_grace = 60\n"


async def killed(folder: Path, scale: int) -> Row:
    """kill -9 of the home of ``scale`` calls, whose clients are on another node; one in five ends soon after."""
    async with own_cluster() as cluster:
        return await killed_on(cluster, folder, scale)


async def killed_on(cluster: Cluster, folder: Path, scale: int) -> Row:
    problems: list[str] = []
    began = time.monotonic()
    async with scene(cluster, folder, started=1) as (on, some, office):
        slow = (time.monotonic() - began) / 5  # this machine, beside a calm one
        ends = time.time() + 12 + slow * (10 + scale * 0.6)
        await book(office, some, scale, lambda n: ends if n % 5 == 0 else ends + 1200, lambda n: (1, 0))
        await come([call.expert for call in some.all])  # their pages are the first, so the first node is home of all
        await up(on.nodes[1])
        await until(lambda: some.proxy.sees(on.nodes[1]), 20, "the proxy knows the second node")
        await come([call.client for call in some.all])
        problems += never(await flowing(some.parties), "had no media before it was killed")
        await asyncio.sleep(max(0.0, SETTLED - (time.monotonic() - began), ends - time.time() - 15))
        at = time.time()
        before = _cpu(on.nodes[1])
        await on.nodes[0].kill()
        left = [party for call in some.all if call.ends_at > at + 12 for party in call.parties]
        problems += never(await flowing(left, at), "never had media again")
        cpu = _cpu(on.nodes[1]) - before
        await asyncio.sleep(max(0.0, ends - time.time()) + 3)
        problems += await judged(on, office, some, lambda call: {1} if call.ends_at > at else {0})
        problems += await _homes(on, {1, 2})
        back, stopped = _back(left, at), [call.last for call in some.all if at < call.ends_at < time.time()]
    p95 = percentile(back, 0.95)
    if p95 > BACK_WITHIN:
        print(*_slowest(left, at), sep="\n", file=sys.stderr)
    return Row(
        f"kill -9 of the home of {scale} calls",
        f"media back after {percentile(back, 0.5):.1f} s (p50), {p95:.1f} s (p95), {max(back):.1f} s at most, "
        f"for {cpu:.1f} s of the other node's CPU; "
        f"last packet {_ms(stopped)} after the end of {len(stopped)}; {len(problems)} problems",
        f"p95 <= {BACK_WITHIN:.0f} s, nobody blamed, one home at a time, last packet <= {STOP_WITHIN * 1000:.0f} ms",
        not problems and p95 <= BACK_WITHIN and max(stopped, default=0) <= STOP_WITHIN,
        tuple(problems),
    )


async def still(folder: Path, scale: int) -> Row:
    """SIGSTOP of the home of ``scale`` calls for 15 s: its relay goes on by itself until the lease is over."""
    async with own_cluster() as cluster:
        return await still_on(cluster, folder, scale)


async def still_on(cluster: Cluster, folder: Path, scale: int) -> Row:
    problems: list[str] = []
    async with scene(cluster, folder) as (on, some, office):
        await book(office, some, scale, lambda n: time.time() + 1200, lambda n: (n % 2, 1 - n % 2))
        await come([call.expert for call in some.all])
        await come([call.client for call in some.all])
        problems += never(await flowing(some.parties), "had no media before")
        mine = [call for call in some.all if call.node == on.nodes[0].media_port]
        parties = [party for call in mine for party in call.parties]
        at, process = time.time(), on.nodes[0].process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(15)
            problems += never(await flowing(parties, at), "never had media again")
        finally:
            process.send_signal(signal.SIGCONT)
        woke = time.time()
        await asyncio.sleep(5)
        by = {call.session for call in mine}
        problems += await judged(on, office, some, lambda call: {1} if call.session in by else {0})
        problems += await _homes(on, {1, 2})
        dropped = [max(line.came[-1] for line in party.lines if line.made < at and line.came) - at for party in parties]
        back = _back(parties, at)
        late = [
            came for party in parties for line in party.lines if line.made < at for came in line.came if came > woke
        ]
        if late:
            problems.append(f"the old home forwarded {len(late)} packets after it woke")
    return Row(
        f"the home of {len(mine)} calls stands still (SIGSTOP) for 15 s",
        f"its relay dropped them after {max(dropped):.1f} s at most, media back after {percentile(back, 0.5):.1f} s "
        f"(p50), {max(back):.1f} s at most; {len(problems)} problems",
        f"dropped <= {KEEP:.0f} s, back <= {KEEP + 10:.0f} s, nobody blamed, never two homes",
        not problems and max(dropped) <= KEEP + 0.1 and max(back) <= KEEP + 10,
        tuple(problems),
    )


async def instant(folder: Path, scale: int) -> Row:
    """``scale`` calls of two nodes end at one instant, without Redis; and as many with PostgreSQL frozen."""
    async with own_cluster() as cluster:
        return await instant_on(cluster, folder, scale)


async def instant_on(cluster: Cluster, folder: Path, scale: int) -> Row:
    problems: list[str] = []
    figures, last = [], []
    began = time.monotonic()
    async with scene(cluster, folder) as (on, some, office):
        slow = (time.monotonic() - began) / 10  # this machine, beside a calm one
        for what in ("Redis stopped", "PostgreSQL frozen"):
            first, ends = len(some.all), time.time() + 8 + slow * (4 + scale * 0.5)
            await book(office, some, scale, lambda n, ends=ends: ends, lambda n: (n % 2, 1 - n % 2))  # type: ignore[misc]
            new = some.all[first:]
            await come([party for call in new for party in call.parties])
            problems += never(await flowing([p for call in new for p in call.parties]), f"had no media: {what}")
            await asyncio.sleep(max(0.0, ends - time.time() - 3))
            if what == "Redis stopped":
                on.redis.stop()
                await asyncio.sleep(max(0.0, ends - time.time()) + 3)
                on.redis.start()
            else:
                with cluster.frozen():
                    await asyncio.sleep(max(0.0, ends - time.time()) + 2)
            await until(lambda new=new: _over(on, new), 60, "all have ended")  # type: ignore[misc]
            stopped = [call.last for call in new]
            last += stopped
            figures.append(f"{what}: last packet {_ms(stopped)} after the end")
            for call in new:
                await asyncio.gather(*(party.leave() for party in call.parties))
        problems += await judged(on, office, some, lambda call: {0})
    return Row(
        f"{scale} calls of two nodes end at one instant, twice",
        f"{', '.join(figures)}; {len(problems)} problems",
        f"<= {STOP_WITHIN * 1000:.0f} ms, none after, all completed as of their end",
        not problems and max(last) <= STOP_WITHIN,
        tuple(problems),
    )


# --- the scene --------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def own_cluster(**options: Any) -> AsyncIterator[Cluster]:
    made = await asyncio.to_thread(lambda: Cluster(**options))
    try:
        yield made
    finally:
        await asyncio.to_thread(made.remove)


@contextlib.asynccontextmanager
async def scene(
    cluster: Cluster, folder: Path, *, started: int | None = None
) -> AsyncIterator[tuple[Stage, Calls, Office]]:
    async with stage(cluster, folder, terms=TERMS, started=started) as on, calls(Proxy(on.nodes)) as some:
        yield on, some, Office(on.nodes[0])


async def book(
    office: Office, some: Calls, count: int, ends: Callable[[int], float], by: Callable[[int], tuple[int, int]]
) -> None:
    """``ends(number)``: when it ends, in seconds of the wall clock; ``by``: the nodes of its client and its expert."""
    async with aiohttp.ClientSession() as http:
        for number in range(len(some.all), len(some.all) + count):
            session = f"n{number}"
            booked = await office.book(http, session, ends_in=ends(number) - time.time(), minutes=30)
            some.make(session, booked, from_rfc3339(booked["ends_at"]) / 1000, *by(number))


def never(parties: Sequence[Party], what: str) -> list[str]:
    return [f"{len(parties)} parties {what}; {story(parties[0])}"] if parties else []


def story(party: Party, since: float = 0.0) -> str:
    told = (f"{at - since:.2f} {what}" if since else what for at, what in party.story if at >= since)
    came = party.came_since(since)
    return f"{party.role}: {'; '.join(told)}; media {came - since if came and since else came}"


def _cpu(node: Server) -> float:
    assert node.process is not None
    return cpu_seconds(node.process.pid)


def _back(parties: Sequence[Party], at: float) -> list[float]:
    """How long each had to wait for media; a minute where it never came."""
    return sorted((party.came_since(at) or at + 60) - at for party in parties)


def _slowest(parties: Sequence[Party], at: float) -> list[str]:
    return [story(party, at) for party in sorted(parties, key=lambda party: -(party.came_since(at) or 1e12))[:3]]


def _ms(last: Sequence[float]) -> str:
    return f"{max(last, default=0.0) * 1000:+.0f} ms"


async def _homes(on: Stage, wanted: Collection[int]) -> list[str]:
    epochs = {row["epoch"] for row in await on.postgres.execute("select epoch from homes", on.url)}
    return [f"sessions are at their homes number {sorted(epochs)}"] if epochs - set(wanted) else []


async def _over(on: Stage, some: Sequence[Call]) -> bool:
    facts = await _facts(on)
    return all(any(fact["kind"] == "ended" for fact in facts[call.session]) for call in some)


def _at_its_end(ended: dict[str, Any], call: Call, outages: int) -> bool:
    """Completed; or, where not both were back from an outage by then, interrupted by it (P3.9)."""
    ends_at = round(call.ends_at * 1000)
    if ended["reason"] == "interrupted":
        return outages > 0 and bool(ended["at"] >= ends_at)
    return bool((ended["reason"], ended["as_of"]) == ("completed", ends_at))


async def _facts(on: Stage) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in await on.postgres.execute("select session_id, body from ledger order by 1, seq", on.url):
        found[row["session_id"]].append(json.loads(row["body"]))
    return found


async def judged(
    on: Stage, office: Office, some: Calls, outages: Callable[[Call], Collection[int]], hung_up: Collection[str] = ()
) -> list[str]:
    """What is wrong with what is on record of these calls, and with who forwarded them. ``outages``: how many there may
    have been of a call; ``hung_up``: sessions that somebody did end."""
    problems, facts = [], await _facts(on)
    for call in some.all:
        kinds = [fact["kind"] for fact in facts[call.session]]
        if call.session not in hung_up and (wrong := sorted(set(kinds) & set(NEVER))):
            problems.append(f"{call.session}: {wrong} on record: {kinds}")
        lost, back = kinds.count("service_lost"), kinds.count("service_back")
        if lost not in outages(call) or back != lost:
            told = [(f["kind"], f["at"], f.get("last_alive")) for f in facts[call.session] if "service" in f["kind"]]
            problems.append(f"{call.session}: {lost} outages, {back} ends of one: {told}")
        ended = next((fact for fact in facts[call.session] if fact["kind"] == "ended"), None)
        if ended is not None and call.session not in hung_up and not _at_its_end(ended, call, lost):
            problems.append(f"{call.session} ended as {ended}, not at {call.ends_at * 1000:.0f}")
        if call.overlap > 0:
            problems.append(f"{call.session}: two nodes forwarded it at once, for {call.overlap * 1000:.0f} ms")
        for role in Role:
            office.told.done(call.session, "joined", role)
    return problems + await asyncio.to_thread(audit, on.url, office.told, overdue_at=now() - 3_000)
