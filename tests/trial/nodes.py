"""Several nodes, and what may befall one of them or what they share: calls go on or come back, and nobody is blamed.

A real PostgreSQL, a real Redis, two real servers, and calls whose parties come by both (``parties``). Each row says
what the parties saw, beside what docs/nodes.md promises, and the ledgers of all calls are held to the rules.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from bench.figures import percentile
from signaling.messages import from_rfc3339
from signaling.session import Role
from tests.cluster.stage import Stage, stage, up
from tests.stores import Cluster
from tests.trial.audit import audit
from tests.trial.driver import Office, now
from tests.trial.parties import Calls, Party, Proxy, calls, come, flowing
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
    async with _cluster() as cluster:
        return await killed_on(cluster, folder, scale)


async def killed_on(cluster: Cluster, folder: Path, scale: int) -> Row:
    problems: list[str] = []
    began = time.monotonic()
    async with _scene(cluster, folder, started=1) as (on, some, office):
        ends = time.time() + 30 + scale * 0.4
        await _book(office, some, scale, lambda n: ends if n % 5 == 0 else ends + 1200, lambda n: (1, 0))
        await come([call.expert for call in some.all])  # their pages are the first, so the first node is home of all
        await up(on.nodes[1])
        await come([call.client for call in some.all])
        problems += _never(await flowing(_parties(some)), "had no media before it was killed")
        await asyncio.sleep(max(0.0, SETTLED - (time.monotonic() - began)))
        at = time.time()
        await on.nodes[0].kill()
        left = [party for call in some.all if call.ends_at > at + 20 for party in call.parties]
        problems += _never(await flowing(left, at), "never had media again")
        back = sorted(came - at for party in left if (came := party.came_since(at)) is not None)
        await asyncio.sleep(max(0.0, ends - time.time()) + 3)
        problems += await _judged(on, office, some, {1})
        stopped = [call.last for call in some.all if call.ends_at < time.time()]
        homes = {row["epoch"] for row in await cluster.execute("select epoch from homes", on.url)}
        if homes - {1, 2}:
            problems.append(f"there were {max(homes)} homes one after the other")
        slow = sorted(left, key=lambda party: -(party.came_since(at) or 0))[:3]
    p95 = percentile(back, 0.95) if back else 60.0
    if p95 > BACK_WITHIN:
        problems += [_story(party, at) for party in slow]
    return Row(
        f"kill -9 of the home of {scale} calls",
        f"media back after {percentile(back, 0.5) if back else 60:.1f} s (p50), {p95:.1f} s (p95), "
        f"{max(back, default=60):.1f} s at most; last packet {max(stopped, default=0) * 1000:+.0f} ms after the end "
        f"of {len(stopped)}; {len(problems)} problems",
        f"p95 <= {BACK_WITHIN:.0f} s, nobody blamed, one home at a time, no packet {STOP_WITHIN * 1000:.0f} ms after "
        "the end",
        not problems and p95 <= BACK_WITHIN and max(stopped, default=0) <= STOP_WITHIN,
        tuple(problems),
    )


# --- the scene --------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _cluster() -> AsyncIterator[Cluster]:
    made = await asyncio.to_thread(Cluster)
    try:
        yield made
    finally:
        await asyncio.to_thread(made.remove)


@contextlib.asynccontextmanager
async def _scene(
    cluster: Cluster, folder: Path, *, started: int | None = None
) -> AsyncIterator[tuple[Stage, Calls, Office]]:
    async with stage(cluster, folder, terms=TERMS, started=started) as on, calls(Proxy(on.nodes)) as some:
        yield on, some, Office(on.nodes[0])


async def _book(
    office: Office, some: Calls, count: int, ends: Callable[[int], float], by: Callable[[int], tuple[int, int]]
) -> None:
    """``ends(number)``: when it ends, in seconds of the wall clock; ``by``: the nodes of its client and its expert."""
    async with aiohttp.ClientSession() as http:
        for number in range(len(some.all), len(some.all) + count):
            session = f"n{number}"
            booked = await office.book(http, session, ends_in=ends(number) - time.time(), minutes=30)
            some.make(session, booked, from_rfc3339(booked["ends_at"]) / 1000, *by(number))


def _parties(some: Calls) -> list[Party]:
    return [party for call in some.all for party in call.parties]


def _never(parties: Sequence[Party], what: str) -> list[str]:
    return [f"{len(parties)} parties {what}; {_story(parties[0])}"] if parties else []


def _story(party: Party, since: float = 0.0) -> str:
    told = (f"{at - since:.2f} {what}" if since else what for at, what in party.story if at >= since)
    came = party.came_since(since)
    return f"{party.role}: {'; '.join(told)}; media {came - since if came and since else came}"


async def _facts(on: Stage) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in await on.postgres.execute("select session_id, body from ledger order by 1, seq", on.url):
        found[row["session_id"]].append(json.loads(row["body"]))
    return found


async def _judged(on: Stage, office: Office, some: Calls, outages: Collection[int]) -> list[str]:
    """What is wrong with what is on record of these calls, and with who forwarded them."""
    problems, facts = [], await _facts(on)
    for call in some.all:
        kinds = [fact["kind"] for fact in facts[call.session]]
        if wrong := sorted(set(kinds) & set(NEVER)):
            problems.append(f"{call.session}: {wrong} is on record: {kinds}")
        lost, back = kinds.count("service_lost"), kinds.count("service_back")
        if lost not in outages or back not in outages:
            problems.append(f"{call.session}: {lost} outages, {back} ends of one: {kinds}")
        ended = next((fact for fact in facts[call.session] if fact["kind"] == "ended"), None)
        if ended is not None and (ended["reason"], ended["as_of"]) != ("completed", round(call.ends_at * 1000)):
            problems.append(f"{call.session} ended as {ended}, not at {call.ends_at * 1000:.0f}")
        if call.overlap > 0:
            problems.append(f"{call.session}: two nodes forwarded it at once, for {call.overlap * 1000:.0f} ms")
        for role in Role:
            office.told.done(call.session, "joined", role)
    return problems + await asyncio.to_thread(audit, on.url, office.told, overdue_at=now() - 2_000)
