"""A node dies, or stands still: the call goes on elsewhere, and nobody is to blame."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.cluster.stage import seconds, stage, up
from tests.e2e.stage import until
from tests.server.test_cli import headstrt
from tests.stores import Cluster


async def test_P3_9_the_home_is_killed_in_a_call(cluster: Cluster, tmp_path: Path) -> None:
    async with stage(cluster, tmp_path) as on:
        booked = await on.book()
        client, expert = await on.couple(booked)
        ((home, _),) = await on.homes()
        killed = on.named(home)
        other = next(node for node in on.nodes if node is not killed)
        await killed.kill()
        began = seconds()
        await asyncio.gather(client.sees(40), expert.sees(40))
        print(f"media is back after {seconds() - began:.1f} s")
        ((home, epoch),) = await on.homes()
        assert (on.named(home) is other, epoch) == (True, 2)

        async def live() -> bool:
            return bool((await other.session())["status"] == "live")

        await until(live, 20, "both have their seats")
        kinds = await other.kinds()
        assert kinds.count("service_lost") == kinds.count("service_back") == 1
        assert not {"departed", "hung_up", "ended"} & set(kinds)
        await up(killed)  # under the same name, another life; what lives elsewhere stays there
        await asyncio.gather(client.sees(), expert.sees())
        answer = await expert.command("hang_up", join=expert.held)
        assert answer["ended"]
        assert (await killed.session())["end"]["reason"] == "hung_up"
        assert (await killed.kinds()).count("service_lost") == 1


async def test_a_home_that_is_stopped_hands_its_calls_over(cluster: Cluster, tmp_path: Path) -> None:
    """SIGTERM, as a deploy sends it; before it, a drain, which a call outlives."""
    async with stage(cluster, tmp_path) as on:
        booked = await on.book()
        client, expert = await on.couple(booked)
        ((home, _),) = await on.homes()
        stopped = on.named(home)
        other = next(node for node in on.nodes if node is not stopped)
        variables = {**stopped.settings, "HEADSTRT_ENV": "development"}
        done = await asyncio.to_thread(headstrt, tmp_path, "drain", str(home), "--no-wait", **variables)
        assert (done.returncode, done.stdout) == (0, f"{home} takes no more\n"), done.stderr

        async def draining() -> bool:
            async with aiohttp.ClientSession() as http, http.get(f"{stopped.origin}/readyz") as answer:
                return answer.status == 503 and (await answer.json())["draining"] is True

        await until(draining, 20, "the proxy is told to send nobody there")
        await asyncio.gather(client.sees(), expert.sees())
        assert await on.homes() == [(home, 1)]
        assert await stopped.stop() == 0
        await asyncio.gather(client.sees(40), expert.sees(40))
        assert await on.homes() == [(other.settings["HEADSTRT_NODE"], 2)]
        kinds = await other.kinds()
        assert kinds.count("service_lost") == 1
        assert not {"departed", "hung_up", "ended"} & set(kinds)


@pytest.mark.long
async def test_a_node_that_is_nobodys_home_is_killed(cluster: Cluster, tmp_path: Path) -> None:
    """Its sockets are gone, and no more: the call goes on, and its page resumes by another node."""
    async with stage(cluster, tmp_path) as on:
        booked = await on.book()
        client, expert = await on.couple(booked)
        homes = await on.homes()
        home = on.named(homes[0][0])
        killed = next(node for node in on.nodes if node is not home)
        (away,) = [guest for guest in (client, expert) if guest.origin == killed.origin]
        join = away.held
        await killed.kill()
        await asyncio.gather(client.sees(), expert.sees())

        async def back() -> bool:
            return away.origin == home.origin and away.socket.connected

        await until(back, 40, "its page is at the home")
        await asyncio.sleep(5)  # longer than the home waits for a node that is not heard
        await asyncio.gather(client.sees(), expert.sees())
        assert away.held == join
        assert await on.homes() == homes
        assert not {"departed", "service_lost", "hung_up", "ended"} & set(await home.kinds())
        assert (await away.command("hang_up", join=away.held))["ended"]


@pytest.mark.long
async def test_a_home_that_stood_still_says_nothing_more_of_its_calls(cluster: Cluster, tmp_path: Path) -> None:
    async with stage(cluster, tmp_path) as on:
        booked = await on.book()
        client, expert = await on.couple(booked)
        ((home, _),) = await on.homes()
        still = on.named(home)
        other = next(node for node in on.nodes if node is not still)
        assert still.process is not None
        for guest in (client, expert):
            guest.nodes = [other]  # one that stands still takes connections and does not answer
        still.process.send_signal(signal.SIGSTOP)
        try:

            async def moved() -> bool:
                return (await on.homes())[0][1] == 2

            await until(moved, 40, "there is another home")
            await asyncio.gather(client.sees(40), expert.sees(40))
        finally:
            still.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(3)
        await asyncio.gather(client.sees(), expert.sees())
        kinds = await other.kinds()
        assert kinds.count("service_lost") == 1
        assert not {"departed", "hung_up", "ended"} & set(kinds)
        assert (await on.homes())[0] == (other.settings["HEADSTRT_NODE"], 2)
