"""Redis stopped, frozen, emptied; PostgreSQL frozen for longer than a lease: calls, commands and records."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import aiohttp

from server.probe import ProbeFailed
from tests.cluster.stage import Guest, seconds, stage
from tests.e2e.stage import Server, until
from tests.stores import Cluster

PATIENT = 5.0
"""Seconds in which every command must have its answer, on a busy machine."""


async def test_redis_stopped_frozen_and_emptied_in_a_call(cluster: Cluster, tmp_path: Path) -> None:
    async with stage(cluster, tmp_path) as on:
        booked = await on.book()
        client, expert = await on.couple(booked)
        homes = await on.homes()
        away = await _who_is_away(on.nodes, (client, expert), homes[0][0])

        on.redis.stop()
        await until(lambda: _hears(on.nodes[0], False), 20, "a node says that it does not hear itself")
        await asyncio.gather(client.sees(), expert.sees())
        assert await _refusal(away) == "busy"  # at once, and nothing was decided
        on.redis.start()
        await until(lambda: _hears(on.nodes[0], True), 20, "it hears itself again")
        await until(lambda: _works(away), 20, "its commands arrive again")

        with on.redis.frozen():
            await until(lambda: _hears(on.nodes[0], False), 20, "a node says that it does not hear itself")
            began = seconds()
            assert await _refusal(away) == "busy"
            assert seconds() - began < PATIENT
            await asyncio.gather(client.sees(), expert.sees())
        await until(lambda: _works(away), 20, "its commands arrive again")

        await on.redis.flush()
        await asyncio.gather(client.sees(), expert.sees())
        await until(lambda: _works(away), 20, "its commands arrive")

        kinds = await on.nodes[0].kinds()
        assert not {"departed", "hung_up", "service_lost", "ended"} & set(kinds)
        assert await on.homes() == homes

        on.redis.stop()  # who ends the call waits for nobody
        await until(lambda: _hears(on.nodes[0], False), 20, "a node says that it does not hear itself")
        answer = await away.command("hang_up", join=away.held)
        assert answer["ended"]
        told = await asyncio.gather(*(asyncio.wait_for(guest.ended, 15) for guest in (client, expert)))
        assert [each["view"]["end"]["reason"] for each in told] == ["hung_up", "hung_up"]
        await asyncio.sleep(1)
        seen = client.frames, expert.frames
        await asyncio.sleep(1)
        assert (client.frames, expert.frames) == seen
        assert (await on.nodes[0].kinds()).count("hung_up") == 1


async def test_postgresql_frozen_for_longer_than_a_lease(cluster: Cluster, tmp_path: Path) -> None:
    async with stage(cluster, tmp_path) as on:
        booked = await on.book()
        client, expert = await on.couple(booked)
        with cluster.frozen():
            await asyncio.sleep(3)
            await asyncio.gather(client.sees(), expert.sees())  # a lease is not over at once

            async def dark() -> bool:
                seen = client.frames + expert.frames
                await asyncio.sleep(1)
                return client.frames + expert.frames == seen

            await until(dark, 30, "the home has dropped its legs")
            await asyncio.sleep(2)
        await asyncio.gather(client.sees(60), expert.sees(60))
        ((home, epoch),) = await on.homes()
        assert home is not None
        assert epoch >= 2
        kinds = await on.nodes[0].kinds()
        assert not {"hung_up", "ended"} & set(kinds)
        assert kinds.count("departed") == 0
        assert kinds.count("service_lost") >= 1
        answer = await client.command("hang_up", join=client.held)
        assert answer["ended"]


async def _who_is_away(nodes: list[Server], guests: tuple[Guest, Guest], home: str | None) -> Guest:
    """The one whose socket is not on its session's home."""
    names = {node.origin: node.settings["HEADSTRT_NODE"] for node in nodes}
    (away,) = [guest for guest in guests if names[guest.origin] != home]
    return away


async def _hears(node: Server, yes: bool) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as http, http.get(f"{node.origin}/readyz") as answer:
            detail: dict[str, Any] = await answer.json()
            assert answer.status == 200, detail  # it decides nothing
            return bool(detail["node"]["redis"]) is yes
    return False


async def _refusal(guest: Guest) -> str:
    try:
        await guest.command("media", microphone=True, camera=True, screen=False)
    except ProbeFailed as error:
        return str(error).split(": ")[2]
    return "taken"


async def _works(guest: Guest) -> bool:
    with contextlib.suppress(Exception):
        return await _refusal(guest) == "taken"
    return False
