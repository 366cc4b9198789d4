"""A network that lets no UDP out: the call comes about over TCP, on the same port number."""

from __future__ import annotations

import asyncio

from tests.e2e.stage import People, Person, Server
from tests.signaling.relay.helpers import LOOPBACKS

NO_UDP = """
const set = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (description) {
  const sdp = description.sdp.replace(/^a=candidate:\\S+ 1 udp .*\\r?\\n/gim, "");
  return set.call(this, { type: description.type, sdp });
};
"""
PROTOCOL = """
async () => {
  for (const pc of window.__connections) {
    if (pc.signalingState === "closed") continue;
    const stats = await pc.getStats();
    for (const row of stats.values())
      if (row.type === "transport" && row.selectedCandidatePairId)
        return stats.get(stats.get(row.selectedCandidatePairId).remoteCandidateId).protocol;
  }
}
"""


async def test_one_side_on_tcp_and_the_other_on_udp(server: Server, person: People) -> None:
    booked = await server.book(starts_in=-20, minutes=2)
    client: Person = await person(booked["links"]["client"])
    expert: Person = await person(booked["links"]["expert"])
    await client.context.add_init_script(NO_UDP)
    await client.join()
    await expert.join()
    await asyncio.gather(client.sees_video(), expert.sees_video())
    assert await client.page.evaluate(PROTOCOL) == "tcp"
    assert await expert.page.evaluate(PROTOCOL) == "udp"


async def test_ipv6_alone(server: Server, person: People) -> None:
    await server.stop()
    server.settings["HEADSTRT_MEDIA_BIND"] = LOOPBACKS[-1]  # where a machine has no IPv6, there is nothing to see
    await server.start()
    booked = await server.book(starts_in=-20, minutes=2)
    client: Person = await person(booked["links"]["client"])
    expert: Person = await person(booked["links"]["expert"])
    await client.join()
    await expert.join()
    await asyncio.gather(client.sees_video(), expert.sees_video())
