"""Bad luck with the network, a restart of the server: the call goes on, nobody is blamed (P3.5, P3.9, P3.14)."""

from __future__ import annotations

import asyncio

from tests.e2e.stage import Cable, People, Person, Server, until
from tests.e2e.test_leaving import call

UFRAG = """
() => {
  const pc = window.__connections.filter((each) => each.signalingState !== "closed").at(-1);
  return pc.localDescription.sdp.match(/a=ice-ufrag:(\\S+)/)[1] + " " + window.__connections.length;
}
"""


async def test_P3_14_a_dead_socket_with_media_flowing_is_no_departure(server: Server, person: People) -> None:
    booked = await server.book(starts_in=-20, minutes=2)
    async with Cable(server.port) as cable:
        client = await person(cable.through(booked["links"]["client"]))
        expert = await person(booked["links"]["expert"])
        await client.join()
        await expert.join()
        await asyncio.gather(client.sees_video(), expert.sees_video())
        await cable.cut()
        await asyncio.sleep(9)  # longer than a dead socket with a silent leg would be given
        await asyncio.gather(client.sees_video(), expert.sees_video())
        assert "departed" not in await server.kinds()
        await cable.mend()
        await until(lambda: said_mute(client, expert), 40, "the mended socket carries messages again")
        await asyncio.gather(client.sees_video(), expert.sees_video())
    kinds = await server.kinds()
    assert "departed" not in kinds
    assert kinds.count("joined") == 2  # it is the same join as before, on another socket
    assert "replaced" not in kinds


async def said_mute(client: Person, expert: Person) -> bool:
    """Whether the expert's page hears of it when the client mutes itself."""
    before = await expert.page.evaluate("document.body.innerText")
    await client.by("mute").click()
    await asyncio.sleep(1)
    return bool(await expert.page.evaluate("document.body.innerText") != before)


async def test_one_side_restarts_its_ice_and_the_other_does_not_notice(server: Server, person: People) -> None:
    client, expert = await call(server, person)
    for one, other in ((client, expert), (expert, client)):
        before, others = await one.page.evaluate(UFRAG), await other.page.evaluate(UFRAG)
        await one.page.evaluate("window.dispatchEvent(new Event('online'))")  # what a change of network gives

        async def restarted(one: Person = one, before: str = before) -> bool:
            now = str(await one.page.evaluate(UFRAG))
            return now.split()[0] != before.split()[0] and now.split()[1] == before.split()[1]

        await until(restarted, 20, "new ICE credentials on the same connection")
        await asyncio.gather(client.sees_video(), expert.sees_video())
        assert await other.page.evaluate(UFRAG) == others
    kinds = await server.kinds()
    assert "departed" not in kinds
    assert "replaced" not in kinds


async def test_P3_9_a_restart_of_the_server_is_nobodys_doing(server: Server, person: People) -> None:
    client, expert = await call(server, person, begun=10, minutes=2)
    assert await asyncio.wait_for(server.stop(), 10) == 0
    await server.start()
    await asyncio.gather(client.is_in("call", within=60), expert.is_in("call", within=60))
    await asyncio.gather(client.sees_video(60), expert.sees_video(60))
    kinds = await server.kinds()
    assert kinds.count("service_lost") == kinds.count("service_back") == 1
    assert "departed" not in kinds
    await client.by("leave").click()
    await client.by("end-session").click()
    session = await server.ended()
    assert (session["end"]["reason"], session["end"]["by"]) == ("hung_up", "client")
    assert session["client"]["attendance"] == session["expert"]["attendance"] == "on_time"
    parts = session["refund"]["parts"]
    assert {part["rule"] for part in parts} <= {"P3.9"}  # what the service itself took, and nothing else
