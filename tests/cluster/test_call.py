"""Two nodes, the parties' sockets on different ones: the same call as on one server."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.cluster.stage import stage
from tests.e2e.stage import until
from tests.stores import Cluster


async def test_a_call_across_two_nodes_to_its_hang_up(cluster: Cluster, tmp_path: Path) -> None:
    async with stage(cluster, tmp_path) as on:
        booked = await on.book()
        client, expert = await on.couple(booked)
        ((home, epoch),) = await on.homes()
        assert (home is not None, epoch) == (True, 1)
        await asyncio.gather(client.sees(), expert.sees())
        answer = await client.command("hang_up", join=client.held)
        assert answer["ended"]
        told = await asyncio.gather(*(asyncio.wait_for(guest.ended, 10) for guest in (client, expert)))
        assert [each["view"]["end"]["reason"] for each in told] == ["hung_up", "hung_up"]
        kinds = await on.nodes[1].kinds()
        assert kinds.count("hung_up") == 1
        assert kinds.count("settled") == 1
        assert "departed" not in kinds

        await asyncio.gather(client.leave(), expert.leave())

        async def freed() -> bool:
            return (await on.homes())[0][0] is None

        await until(freed, 20, "what nobody has open any more needs no home")
