"""Two nodes, the parties' sockets on different ones: the same call as on one server."""

from __future__ import annotations

import asyncio
from pathlib import Path

from signaling.messages import from_rfc3339
from tests.cluster.stage import stage
from tests.e2e.stage import until
from tests.stores import Cluster


async def test_a_call_across_two_nodes_to_its_hang_up(cluster: Cluster, tmp_path: Path) -> None:
    async with stage(cluster, tmp_path) as on:
        short = await on.book("bk_short", starts_in=-30, minutes=1)
        stopped = await on.couple(short)  # to its hard stop, meanwhile
        booked = await on.book()
        client, expert = await on.couple(booked)
        ((home, epoch),) = await on.homes()
        assert (home is not None, epoch) == (True, 1)
        await asyncio.gather(client.sees(), expert.sees())
        await asyncio.sleep(4)  # mutual time is counted by whole seconds in which media went both ways
        answer = await client.command("hang_up", join=client.held)
        assert answer["ended"]
        told = await asyncio.gather(*(asyncio.wait_for(guest.ended, 10) for guest in (client, expert)))
        assert [each["view"]["end"]["reason"] for each in told] == ["hung_up", "hung_up"]
        kinds = await on.nodes[1].kinds()
        assert kinds.count("hung_up") == 1
        assert kinds.count("settled") == 1
        assert "departed" not in kinds
        assert (await on.nodes[0].session())["end"]["mutual_seconds"] > 0

        told = await asyncio.gather(*(asyncio.wait_for(guest.ended, 60) for guest in stopped))
        assert [each["view"]["end"]["reason"] for each in told] == ["completed", "completed"]
        ended = next(fact for fact in await on.nodes[0].ledger("bk_short") if fact["kind"] == "ended")
        assert ended["as_of"] == from_rfc3339(short["ends_at"])
        await asyncio.sleep(1)
        frames = [guest.frames for guest in stopped]
        await asyncio.sleep(1)
        assert [guest.frames for guest in stopped] == frames
        session = await on.nodes[1].session("bk_short")
        assert session["end"]["mutual_seconds"] > 0  # what only the home has seen

        await asyncio.gather(*(guest.leave() for guest in on.guests))

        async def freed() -> bool:
            return (await on.homes())[0][0] is None

        await until(freed, 40, "what nobody has open any more needs no home")
