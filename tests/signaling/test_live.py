"""The live side whole: two aiortc peers through the gateway, the attendant and the real relay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import pytest
from aiohttp.test_utils import TestServer
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from signaling.relay.switchboard import RelaySettings, Switchboard
from tests.fakes import House, RealClock, a_slot
from tests.signaling.test_gateway import PATIENCE, Page, until

Place: TypeAlias = tuple[House, TestServer, Switchboard]


@pytest.fixture
async def house(aiohttp_server: Callable[..., Awaitable[TestServer]]) -> AsyncIterator[Place]:
    houses: list[House] = []  # the two need each other: the callbacks look here, as they do in server.app
    relay = Switchboard(
        RelaySettings(port=0),
        on_media=lambda session: houses[0].attendant.media(session),
        on_stopped=lambda session: houses[0].attendant.stopped(session),
    )
    clock = RealClock()
    house = House(clock, relay)
    houses.append(house)
    await relay.start()
    await house.attendant.start()
    yield house, await aiohttp_server(house.app), relay
    await house.attendant.drain(0)
    await house.attendant.stop()
    await relay.stop()


class Caller(Page):
    """A page with a peer connection that does what it is told."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token)
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))  # or it would look for a STUN server
        self.pc.addTrack(AudioStreamTrack())
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.pc.on("datachannel", self.adopt)

    def adopt(self, channel: RTCDataChannel) -> None:
        self.channel = channel
        channel.on("message", self.heard.put_nowait)

    async def offer(self) -> None:
        generation = (await self.sees("negotiate"))["generation"]
        self.adopt(self.pc.createDataChannel("chat"))
        await self.pc.setLocalDescription(await self.pc.createOffer())
        await self.describe(generation)
        answer = await self.sees("description", type="answer")
        await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))

    async def answer(self) -> None:
        offer = await self.sees("description", type="offer")
        await self.pc.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        await self.describe(offer["generation"])

    async def describe(self, generation: int) -> None:
        own = self.pc.localDescription
        assert (await self.ask("describe", type=own.type, sdp=own.sdp, generation=generation))["ok"]


async def test_a_call_through_the_real_relay(house: Place) -> None:
    place, server, _ = house
    place.desk.add("s1", a_slot(place.clock()))
    client, expert = (Caller(str(server.make_url("/")), f"s1:{role}") for role in ("client", "expert"))
    try:
        for caller in (client, expert):
            await caller.open()
            assert (await caller.ask("join"))["ok"]
        await asyncio.wait_for(asyncio.gather(expert.offer(), client.answer()), PATIENCE)
        await until(lambda: client.pc.connectionState == expert.pc.connectionState == "connected")
        await until(lambda: expert.channel.readyState == "open")
        expert.channel.send("hello")
        assert await asyncio.wait_for(client.heard.get(), PATIENCE) == "hello"
        await until(lambda: "media_flowed" in place.desk.kinds())
        await until(lambda: place.attendant.mutual_ms("s1") > 0)

        assert (await expert.ask("hang_up"))["ok"]
        for caller in (client, expert):
            assert (await caller.sees("ended"))["view"]["end"]["by"] == "expert"
        assert place.attendant.mutual_ms("s1") > 0
        assert "departed" not in place.desk.kinds()
    finally:
        for caller in (client, expert):
            await caller.pc.close()
            await caller.client.disconnect()


async def test_the_hard_stop_ends_it_with_nobodys_doing(house: Place) -> None:
    place, server, relay = house
    slot = a_slot(place.clock())
    place.desk.add("s1", slot)
    client, expert = (Caller(str(server.make_url("/")), f"s1:{role}") for role in ("client", "expert"))
    try:
        for caller in (client, expert):
            await caller.open()
            assert (await caller.ask("join"))["ok"]
        place.clock.step(30 * 60)  # the relay has its own clock, and its own deadline
        relay.set_deadline("s1", time.monotonic())
        for caller in (client, expert):
            end = (await caller.sees("ended"))["view"]["end"]
            assert end["reason"] == "completed"
    finally:
        for caller in (client, expert):
            await caller.pc.close()
            await caller.client.disconnect()
    assert place.desk.sessions["s1"].end is not None
    assert place.desk.sessions["s1"].end.as_of == slot.ends_at
