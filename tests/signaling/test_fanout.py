"""What is let in, and what goes out to whom."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from signaling import fanout as module
from signaling.fanout import BadFrame, Fanout, StrictPacket
from signaling.messages import COMMANDS, Description, Draining
from signaling.ports import Admission
from signaling.session import Role
from tests.fakes import FakeClock, House

PATIENCE = 20.0


@given(st.text(max_size=60) | st.binary(max_size=20))
def test_no_frame_gets_through_that_is_not_ours(frame: Any) -> None:
    if not frame:
        return
    try:
        packet = StrictPacket(encoded_packet=frame)
    except (ValueError, RecursionError):
        return
    assert packet.packet_type in (0, 1, 2, 3)
    assert (packet.namespace or "/") == "/"
    if packet.packet_type == 2:
        assert packet.data[0] in COMMANDS
        assert len(packet.data) == 1 or isinstance(packet.data[1], dict)


@given(st.sampled_from("0123456"), st.text("0123456789-/,", max_size=6), st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["disconnect", "connect", "join", "*"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
))  # fmt: skip
def test_well_formed_json_that_is_not_ours_is_refused(kind: str, head: str, data: Any) -> None:
    try:
        packet = StrictPacket(encoded_packet=kind + head + json.dumps(data))
    except ValueError:
        return
    if packet.packet_type == 2:
        assert packet.data[0] == "join"


def test_our_own_frames_pass() -> None:
    for name in COMMANDS:
        packet = StrictPacket(encoded_packet=f'217["{name}",{{"command_id":"a"}}]')
        assert (packet.packet_type, packet.id, packet.data) == (2, 17, [name, {"command_id": "a"}])


def test_what_goes_out_is_never_taken_for_binary() -> None:
    assert StrictPacket(2, ["snapshot", {"a": 1}]).encode() == '2["snapshot",{"a":1}]'


def test_a_binary_announcement_is_a_bad_frame() -> None:
    with pytest.raises(BadFrame):
        StrictPacket(encoded_packet='51-["join",{"_placeholder":true,"num":0}]')


def test_measure_fills_up_again_with_time() -> None:
    clock = FakeClock()
    fanout = Fanout(monotonic=clock.monotonic)
    assert [fanout.in_measure("x") for _ in range(61)] == [True] * 60 + [False]
    clock.advance(1)
    assert [fanout.in_measure("x") for _ in range(20)] == [True] * 19 + [False]
    assert fanout.in_measure("y")


def test_the_library_is_quiet_about_bodies() -> None:
    fanout = Fanout(monotonic=FakeClock().monotonic)
    for logger in (fanout.server.logger, fanout.server.eio.logger):
        assert logger.getEffectiveLevel() >= logging.ERROR


def test_of_the_librarys_errors_only_exceptions_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The others quote what a stranger sent: an origin, an id."""
    logger = Fanout(monotonic=FakeClock().monotonic).server.logger
    logger.error("https://evil.example is not an accepted origin.")
    try:
        raise RuntimeError
    except RuntimeError:
        logger.exception("a bug")
    assert [record.message for record in caplog.records] == ["a bug"]


@pytest.fixture
async def house(aiohttp_server: Callable[..., Awaitable[TestServer]]) -> AsyncIterator[House]:
    house = House()
    house.desk.add()
    house.server = await aiohttp_server(house.app)  # type: ignore[attr-defined]
    yield house
    await house.attendant.drain(0)
    await house.attendant.stop()


async def connect(house: House, session: aiohttp.ClientSession, token: str = "s1:client") -> Any:
    server: TestServer = house.server  # type: ignore[attr-defined]
    ws = await session.ws_connect(server.make_url("/socket.io/?EIO=4&transport=websocket"))
    await ws.send_str("40" + json.dumps({"token": token, "protocol": 1}))
    while not (await asyncio.wait_for(ws.receive_str(), PATIENCE)).startswith('42["snapshot"'):
        pass
    return ws


async def test_a_party_is_told_on_all_its_pages_and_nobody_else(house: House) -> None:
    async with aiohttp.ClientSession() as session:
        pages = [await connect(house, session) for _ in range(2)]
        other = await connect(house, session, "s1:expert")
        await house.fanout.tell("s1", Role.CLIENT, Draining(version=7, after_ms=1))
        for ws in pages:
            while True:
                text = await asyncio.wait_for(ws.receive_str(), PATIENCE)
                if text == '42["draining",{"version":7,"after_ms":1}]':
                    break
        await house.fanout.tell("s1", Role.EXPERT, Draining(version=8, after_ms=2))
        assert '"version":8' in await asyncio.wait_for(other.receive_str(), PATIENCE)


class Deaf:
    """A page on a bare connection that is connected, and then reads nothing anymore."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, house: House) -> Deaf:
        server: TestServer = house.server  # type: ignore[attr-defined]
        assert server.port is not None
        deaf = cls(*await asyncio.open_connection("127.0.0.1", server.port, limit=1024))
        deaf.writer.write(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        deaf.say('40{"token":"s1:client","protocol":1}')

        async def bound() -> None:
            while not house.fanout.sids("s1", Role.CLIENT):
                await asyncio.sleep(0.005)

        await asyncio.wait_for(bound(), PATIENCE)
        return deaf

    def say(self, frame: str) -> None:
        data = frame.encode()
        assert len(data) < 126
        self.writer.write(bytes((0x81, 0x80 | len(data), 0, 0, 0, 0)) + data)  # masked with nothing

    async def is_closed(self) -> None:
        async def wait() -> None:
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionError:
                pass

        await asyncio.wait_for(wait(), PATIENCE)
        self.writer.close()


async def test_who_does_not_read_is_let_go(house: House) -> None:
    deaf = await Deaf.connect(house)
    (sid,) = house.fanout.sids("s1", Role.CLIENT)
    big = Description(version=1, type="offer", sdp="x" * 30_000, generation=1)
    told = 0
    while house.fanout.refused["slow"] == 0:
        await house.fanout.tell_one(sid, big)
        told += 1
        assert told < 10_000, "no end to what is kept for one socket"
        await asyncio.sleep(0)
    assert told > module.MAX_QUEUE
    await deaf.is_closed()
    assert house.fanout.everyone() == ()


async def test_who_asks_and_does_not_read_is_let_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Acknowledgements are kept no longer than messages are."""
    deaf = await Deaf.connect(house)
    (sid,) = house.fanout.sids("s1", Role.CLIENT)
    socket = house.fanout.server.eio.sockets[house.fanout.server.manager.eio_sid_from_sid(sid, "/")]
    big = Description(version=1, type="offer", sdp="x" * 30_000, generation=1)
    while socket.queue.qsize() < 5:  # the system's own buffers are full
        await house.fanout.tell_one(sid, big)
        await asyncio.sleep(0)
    monkeypatch.setattr(module, "MAX_QUEUE", socket.queue.qsize() + 10)
    for number in range(40):
        deaf.say(f'42{number}["quality",{{"command_id":"q"}}]')

    async def refused() -> None:
        while not house.fanout.refused["slow"]:
            await asyncio.sleep(0.005)

    await asyncio.wait_for(refused(), PATIENCE)
    await deaf.is_closed()
    assert house.fanout.everyone() == ()


async def test_telling_a_socket_that_is_gone_is_nothing(house: House) -> None:
    await house.fanout.tell_one("never-was", Draining(version=1, after_ms=1))
    await house.fanout.close("never-was")
    assert not house.fanout.bind("never-was", Admission("s1", Role.CLIENT))
    assert house.fanout.unbind("never-was") is None


async def test_nothing_is_kept_of_a_socket_that_is_gone(house: House) -> None:
    async with aiohttp.ClientSession() as session:
        ws = await connect(house, session)
        await ws.close()

        async def gone() -> None:
            while house.fanout.server.eio.sockets:
                await asyncio.sleep(0.005)

        await asyncio.wait_for(gone(), PATIENCE)
    fanout = house.fanout
    kept = [fanout._admitted, fanout._parties, fanout._addresses, fanout._per_address, fanout._bucket]
    assert [*kept, fanout._idle_since, fanout._connecting, fanout.server.environ] == [{}] * 6 + [set(), {}]
    assert house.gateway._admitted == {}


async def test_stopping_with_no_sockets_is_nothing_special() -> None:
    fanout = Fanout(monotonic=FakeClock().monotonic)
    fanout.attach(web.Application())
    await fanout.stop()
