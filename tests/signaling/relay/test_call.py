"""End to end: two aiortc peers talk through a real switchboard and a real worker, and the server holds no key."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator
from typing import cast

import aioice.ice
import pytest
from aiortc import AudioStreamTrack, RTCDataChannel, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import MediaStreamTrack

from signaling.relay.switchboard import Outgoing
from signaling.session import Role
from tests.signaling.relay.helpers import Relay, until


class Party:
    """A page's part: it offers or answers as told, and counts what it gets."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection()
        self.frames = {"audio": 0, "video": 0}
        self.messages: list[str] = []
        self.channel: RTCDataChannel | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.connection.on("track", self._on_track)
        self.connection.on("datachannel", self._on_channel)

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._count(track)))

    async def _count(self, track: MediaStreamTrack) -> None:
        while True:
            await track.recv()
            self.frames[track.kind] += 1

    def _on_channel(self, channel: RTCDataChannel) -> None:
        self.channel = channel
        channel.on("message", self.messages.append)

    async def offer(self) -> str:
        self._on_channel(self.connection.createDataChannel("chat"))
        self.connection.addTrack(AudioStreamTrack())
        self.connection.addTrack(VideoStreamTrack())
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def answer(self, offer: str) -> str:
        await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        self.connection.addTrack(AudioStreamTrack())
        self.connection.addTrack(VideoStreamTrack())
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return self.connection.localDescription.sdp

    async def conclude(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.connection.close()


class Nat(asyncio.DatagramProtocol):
    """Between a peer and the relay: ``rebind`` gives it another outer port, as a router does that has forgotten."""

    def __init__(self, relay: tuple[str, int]) -> None:
        self._relay = relay
        self._inside: tuple[str, int] | None = None
        self.transport: asyncio.DatagramTransport
        self._loop = asyncio.get_running_loop()
        self._outer: socket.socket | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.rebind()

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def rebind(self) -> None:
        self.close_outer()
        self._outer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._outer.setblocking(False)
        self._outer.bind(("127.0.0.1", 0))
        self._loop.add_reader(self._outer, self._from_relay)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._inside = addr
        if self._outer is not None:
            self._outer.sendto(data, self._relay)

    def _from_relay(self) -> None:
        assert self._outer is not None
        data = self._outer.recv(4096)
        if self._inside is not None:
            self.transport.sendto(data, self._inside)

    def close_outer(self) -> None:
        if self._outer is not None:
            self._loop.remove_reader(self._outer)
            self._outer.close()
            self._outer = None


@pytest.fixture
async def parties() -> AsyncIterator[tuple[Party, Party]]:
    pair = Party(), Party()
    yield pair
    for party in pair:
        await party.close()


async def connect(relay: Relay, client: Party, expert: Party, through: int | None = None) -> None:
    """Negotiate as the pages do. ``through``: the client dials this local port instead of the relay's."""
    board = relay.switchboard
    board.open("s", time.monotonic() + 600)
    board.join("s", Role.CLIENT)
    (negotiate,) = board.join("s", Role.EXPERT)
    (offer,) = board.describe("s", Role.EXPERT, "offer", await expert.offer(), negotiate.generation)
    (answer,) = board.describe(
        "s", Role.CLIENT, "answer", await client.answer(dialling(offer, through)), negotiate.generation
    )
    await expert.conclude(dialling(answer))
    await until(lambda: {client.connection.connectionState, expert.connection.connectionState} == {"connected"})


def dialling(outgoing: Outgoing, through: int | None = None) -> str:
    assert outgoing.sdp is not None
    if through is None:
        return outgoing.sdp
    return re.sub(r"(a=candidate:.* 127\.0\.0\.1) \d+", rf"\1 {through}", outgoing.sdp)


async def both_see_each_other(client: Party, expert: Party, kinds: tuple[str, ...] = ("audio", "video")) -> None:
    before = [dict(party.frames) for party in (client, expert)]
    await until(
        lambda: all(
            party.frames[kind] > seen[kind] + 3
            for party, seen in zip((client, expert), before, strict=True)
            for kind in kinds
        )
    )


async def test_two_parties_see_hear_and_write_to_each_other(relay: Relay, parties: tuple[Party, Party]) -> None:
    client, expert = parties
    await connect(relay, client, expert)
    await both_see_each_other(client, expert)
    await until(lambda: client.channel is not None and expert.channel is not None)
    assert client.channel is not None
    assert expert.channel is not None
    await until(lambda: expert.channel is not None and expert.channel.readyState == "open")
    expert.channel.send("to the client")
    client.channel.send("to the expert")
    await until(lambda: (client.messages, expert.messages) == (["to the client"], ["to the expert"]))
    await until(lambda: relay.media == ["s"])
    await until(lambda: relay.switchboard.mutual_ms("s") > 0)


async def test_closing_the_session_ends_it_for_both(relay: Relay, parties: tuple[Party, Party]) -> None:
    client, expert = parties
    await connect(relay, client, expert)
    await both_see_each_other(client, expert)
    relay.switchboard.close("s")
    await asyncio.sleep(0.5)  # what was in their buffers
    before = [party.frames["video"] for party in parties]
    await asyncio.sleep(1.0)
    assert [party.frames["video"] for party in parties] == before


async def test_a_rebound_nat_does_not_end_the_call(
    relay: Relay, parties: tuple[Party, Party], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 1)
    client, expert = parties
    transport, nat = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Nat(("127.0.0.1", relay.switchboard.port)), local_addr=("127.0.0.1", 0)
    )
    try:
        await connect(relay, client, expert, through=nat.port)
        await both_see_each_other(client, expert)
        nat.rebind()
        await both_see_each_other(client, expert, ("audio",))  # video waits for a key frame: aiortc's affair
        await until(lambda: (pulse := relay.switchboard.pulse("s", Role.CLIENT)) and pulse.path_switches == 1)
    finally:
        nat.close_outer()
        transport.close()
