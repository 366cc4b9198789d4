"""Stories of one server, told on two nodes: in short here, and all of them in the long form (``conftest.STORIES``)."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e import test_leaving as leaving
from tests.e2e.nodes import TWO, Nodes
from tests.e2e.stage import People, until

TOLD = (
    leaving.test_P3_5_a_reload_is_nothing_to_anyone,
    leaving.test_P0_6_a_second_device_takes_over_and_the_first_is_told,
)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("server", [pytest.param(TWO, id=pytest.HIDDEN_PARAM)], indirect=True)
async def test_P3_9_stories_on_two_nodes_and_the_death_of_one(server: Nodes, person: People) -> None:
    """One pair of nodes for all of them, for it takes longer to start than a story to tell."""
    for number, story in enumerate(TOLD):
        await story(server.of(f"bk_{number}"), person)

    here = server.of("bk_killed")
    client, expert = await leaving.call(here, person, minutes=10)
    home, other = await here.home()
    await home.kill()
    await asyncio.gather(client.is_in("call", within=60), expert.is_in("call", within=60))
    await asyncio.gather(client.sees_video(60), expert.sees_video(60))
    assert (await here.home())[0] is other
    await until(lambda: _back(here), 30, "both have their seats")
    await client.by("leave").click()
    await client.by("end-session").click()
    session = await here.ended()
    assert (session["end"]["reason"], session["end"]["by"]) == ("hung_up", "client")
    assert session["client"]["attendance"] == session["expert"]["attendance"] == "on_time"
    assert {part["rule"] for part in session["refund"]["parts"]} <= {"P3.9"}
    kinds = await here.kinds()
    assert kinds.count("service_lost") == kinds.count("service_back") == 1
    assert "departed" not in kinds


async def _back(server: Nodes) -> bool:
    return bool((await server.session())["status"] == "live")
