"""The door, over a real aiohttp server: the thin path of a call, and the attacks of ``security.md`` §2."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
import socketio
from aiohttp.test_utils import TestServer

from signaling.fanout import Fanout
from signaling.gateway import TEST_COST, Gateway
from signaling.messages import MAX_SDP, PROTOCOL_VERSION
from signaling.session import Depart, HangUp, How, Role
from tests.fakes import NOON, House, a_slot
from tests.signaling.relay.helpers import a_test_answer, a_test_offer

DAY = 86_400_000
PATIENCE = 20.0  # seconds: how long to wait for what must come, on however busy a machine


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    house.desk.add()
    yield house
    house.desk.admitting = lambda: None
    await house.attendant.stop()


@pytest.fixture
async def server(house: House, aiohttp_server: Callable[..., Awaitable[TestServer]]) -> AsyncIterator[TestServer]:
    server = await aiohttp_server(house.app)
    yield server
    await house.attendant.drain(0)


class Page:
    """A page by the official client: what it was told, and commands with their answers."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.came = asyncio.Event()
        self.client = socketio.AsyncClient(reconnection=False)
        self.client.on("*", self._hear)
        self._ids = 0

    async def _hear(self, event: str, data: dict[str, Any]) -> None:
        self.told.append((event, data))
        self.came.set()

    async def open(self) -> Page:
        auth = {"token": self.token, "protocol": PROTOCOL_VERSION}
        await self.client.connect(self.url, auth=auth, transports=["websocket"], wait_timeout=PATIENCE)
        return self

    async def ask(self, command: str, **data: Any) -> dict[str, Any]:
        self._ids += 1
        data.setdefault("command_id", f"c{self._ids}")
        answer: dict[str, Any] = await self.client.call(command, data, timeout=PATIENCE)
        return answer

    async def sees(self, event: str, **parts: Any) -> dict[str, Any]:
        """The first message of this kind with these parts, once it came; it and what came before it is then past."""

        async def wait() -> dict[str, Any]:
            while True:
                for index, (name, data) in enumerate(self.told):
                    if name == event and all(data.get(key) == value for key, value in parts.items()):
                        del self.told[: index + 1]
                        return data
                self.came.clear()
                await self.came.wait()

        try:
            return await asyncio.wait_for(wait(), PATIENCE)
        except TimeoutError:
            raise AssertionError(f"no {event} {parts} among {self.told}") from None


class Raw:
    """A client that sends what it likes."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def connect(self, token: Any = "s1:client", protocol: Any = PROTOCOL_VERSION) -> str:
        await self.say("40" + json.dumps({"token": token, "protocol": protocol}))
        return await self.hears("40", "44")

    async def say(self, frame: str) -> None:
        await self.ws.send_str(frame)

    async def hears(self, *prefixes: str) -> str:
        async def wait() -> str:
            while True:
                message = await self.ws.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise AssertionError(f"closed while waiting for {prefixes}")
                if message.data.startswith(prefixes):
                    return str(message.data)

        return await asyncio.wait_for(wait(), PATIENCE)

    async def is_closed(self) -> None:
        async def wait() -> None:
            while (await self.ws.receive()).type is aiohttp.WSMsgType.TEXT:
                pass

        await asyncio.wait_for(wait(), PATIENCE)


@pytest.fixture
async def page(server: TestServer) -> AsyncIterator[Callable[..., Awaitable[Page]]]:
    pages: list[Page] = []

    async def open_page(role: str, session: str = "s1") -> Page:
        page = Page(str(server.make_url("/")), f"{session}:{role}")
        pages.append(page)
        return await page.open()

    yield open_page
    for page in pages:
        await page.client.disconnect()


@pytest.fixture
async def raw(server: TestServer) -> AsyncIterator[Callable[[], Awaitable[Raw]]]:
    async with aiohttp.ClientSession() as session:

        async def open_raw() -> Raw:
            ws = await session.ws_connect(server.make_url("/socket.io/?EIO=4&transport=websocket"))
            raw = Raw(ws)
            await raw.hears("0")
            return raw

        yield open_raw


async def until(true: Callable[[], Any]) -> None:
    async def wait() -> None:
        while not true():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(wait(), PATIENCE)


OpenPage = Callable[..., Awaitable[Page]]
OpenRaw = Callable[[], Awaitable[Raw]]


# --- the thin path ----------------------------------------------------------------------------------------------------


async def test_two_pages_join_describe_and_the_client_ends_it(house: House, page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    first = await client.sees("snapshot")
    assert first["protocol"] == PROTOCOL_VERSION
    assert first["view"]["other"]["status"] == "not_here"
    assert (await expert.sees("snapshot"))["view"]["other"]["status"] == "checking"
    await client.sees("peer", status="checking")

    joined = await client.ask("join")
    assert joined["ok"]
    assert joined["join"]
    await expert.sees("peer", status="here")
    assert (await expert.ask("join"))["ok"]
    await client.sees("peer", status="here")
    assert (await client.sees("snapshot"))["view"]["may"]["end"]

    generation = (await expert.sees("negotiate"))["generation"]
    assert (await expert.ask("describe", type="offer", sdp="v=0 offer", generation=generation))["ok"]
    offer = await client.sees("description")
    assert (offer["type"], offer["sdp"], offer["generation"]) == ("offer", "relayed v=0 offer", generation)
    assert (await client.ask("describe", type="answer", sdp="v=0 answer", generation=generation))["ok"]
    assert (await expert.sees("description"))["sdp"] == "relayed v=0 answer"

    ended = await client.ask("hang_up", cause="no_media")
    assert ended["ok"]
    assert ended["version"] == house.desk.version("s1")
    for side in (client, expert):
        end = await side.sees("ended")
        assert end["view"]["end"]["reason"] == "hung_up"
        assert end["view"]["end"]["by"] == "client"
    assert ("close", "s1") in house.switchboard.calls


async def test_what_the_page_says_about_itself_reaches_the_other(page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    await expert.ask("running_late", minutes=4)
    await client.sees("peer", status="checking", running_late_minutes=4)
    await client.ask("join")
    await expert.ask("join")
    await client.sees("peer", status="here", running_late_minutes=None)
    await client.ask("media", microphone=True, camera=False, screen=False)
    await expert.sees("peer", microphone=True, camera=False, screen=False)


async def test_P5_7_only_the_page_with_the_seat_says_how_the_call_is(house: House, page: OpenPage) -> None:
    phone, laptop = await page("client"), await page("client")
    assert (await phone.ask("quality", round_trip_ms=40, level="good"))["code"] == "stale"
    await phone.ask("join")
    assert (await phone.ask("quality", round_trip_ms=41, level="good"))["ok"]
    assert (await laptop.ask("quality", round_trip_ms=42, level="good"))["code"] == "stale"
    assert [(session, role, said.round_trip_ms) for session, role, said, _ in house.desk.samples] == [
        ("s1", Role.CLIENT, 41)
    ]


async def test_guidelines_are_accepted_with_the_join(house: House, page: OpenPage) -> None:
    house.desk.add("s2", accepted=False)
    client = await page("client", "s2")
    assert (await client.ask("join"))["code"] == "guidelines_needed"
    assert (await client.ask("join", guidelines="v1"))["ok"]
    assert house.desk.kinds("s2")[-2:] == ["accepted", "joined"]


async def test_a_bad_description_is_refused_and_nothing_breaks(page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    await client.ask("join")
    await expert.ask("join")
    generation = (await expert.sees("negotiate"))["generation"]
    assert (await expert.ask("describe", type="offer", sdp="bad", generation=generation))["code"] == "bad_sdp"
    assert (await expert.ask("describe", type="offer", sdp="v=0", generation=generation))["ok"]


async def test_the_largest_description_passes(page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    await client.ask("join")
    await expert.ask("join")
    generation = (await expert.sees("negotiate"))["generation"]
    assert (await expert.ask("describe", type="offer", sdp="x" * MAX_SDP, generation=generation))["ok"]
    assert len((await client.sees("description"))["sdp"]) > MAX_SDP
    answer = await expert.ask("describe", type="offer", sdp="x" * (MAX_SDP + 1), generation=generation)
    assert answer["code"] == "bad_command"


# --- commands ---------------------------------------------------------------------------------------------------------


async def test_the_same_command_twice_happens_once(house: House, page: OpenPage) -> None:
    client = await page("client")
    first = await client.ask("join", command_id="same")
    again = await client.ask("join", command_id="same")
    assert again == first
    assert house.desk.kinds().count("joined") == 1
    assert "replaced" not in house.desk.kinds()


async def test_the_same_command_sent_twice_at_once_happens_once(house: House, page: OpenPage) -> None:
    client = await page("client")
    house.desk.gate = asyncio.Event()
    both = [asyncio.ensure_future(client.ask("join", command_id="same")) for _ in range(2)]
    await until(lambda: len(house.gateway._acks) > 0)
    house.desk.gate.set()
    first, second = await asyncio.gather(*both)
    assert first == second
    assert len(house.desk.events) == 1


async def test_a_replayed_hang_up_on_a_new_socket_gets_the_old_answer(house: House, page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    await client.ask("join")
    await expert.ask("join")
    first = await client.ask("hang_up", command_id="bye")
    await client.client.disconnect()
    later = await page("client")
    assert await later.ask("hang_up", command_id="bye") == first
    assert house.desk.kinds().count("hung_up") == 1


async def test_a_hang_up_of_an_older_join_is_stale(house: House, page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    old = (await client.ask("join"))["join"]
    await expert.ask("join")
    new = (await client.ask("join"))["join"]
    assert old != new
    assert (await client.ask("hang_up", join=old))["code"] == "stale"
    assert "hung_up" not in house.desk.kinds()
    assert (await client.ask("hang_up", join=new))["ok"]


async def test_bad_commands_are_refused_by_name(page: OpenPage) -> None:
    client = await page("client")
    assert (await client.ask("describe", type="offer", sdp="v=0", generation=1))["code"] == "stale"
    assert (await client.ask("hang_up", cause="bored"))["code"] == "bad_command"
    assert (await client.ask("join", extra=1))["code"] == "bad_command"
    assert (await client.client.call("join", {}, timeout=PATIENCE))["code"] == "bad_command"
    assert (await client.client.call("join", timeout=PATIENCE))["code"] == "bad_command"


async def test_a_bug_behind_the_door_is_an_answer_and_may_be_tried_again(
    house: House, page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await page("client")
    with monkeypatch.context() as broken:
        broken.setattr(house.desk, "report", None)
        assert (await client.ask("join", command_id="x"))["code"] == "internal"
    assert (await client.ask("join", command_id="x"))["ok"]


async def test_hang_up_and_an_immediate_close_is_a_hang_up(house: House, raw: OpenRaw, page: OpenPage) -> None:
    expert, client = await page("expert"), await raw()
    await client.connect()
    await client.say('42["join",{"command_id":"j"}]')
    await expert.sees("peer", status="here")
    await expert.ask("join")
    await client.say('42["hang_up",{"command_id":"h"}]')
    await client.ws.close()
    await expert.sees("ended")
    await house.pass_time(20)
    assert house.desk.kinds()[-2:] == ["hung_up", "ended"]
    assert not any(isinstance(event, Depart) for event in house.desk.events)
    assert isinstance(house.desk.events[-1], HangUp)


# --- devices and sockets ----------------------------------------------------------------------------------------------


async def test_a_second_device_replaces_the_first(house: House, page: OpenPage) -> None:
    phone, laptop = await page("client"), await page("client")
    await phone.ask("join")
    await laptop.ask("join")
    await phone.sees("replaced")
    await until(lambda: not phone.client.connected)
    await house.pass_time(10, alive=(Role.CLIENT,))
    assert house.desk.kinds()[-1] == "replaced"  # P0.6: never a departure
    assert (await laptop.ask("media", microphone=True, camera=True, screen=False))["ok"]


async def test_the_same_page_on_a_new_socket_keeps_its_join(house: House, page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    join = (await client.ask("join"))["join"]
    await expert.ask("join")
    await expert.sees("negotiate")
    await client.client.disconnect()
    again = await page("client")
    assert (await again.ask("join", resume=join))["join"] == join
    assert house.desk.kinds().count("joined") == 2
    assert "replaced" not in house.desk.kinds()
    assert [call[0] for call in house.switchboard.calls].count("join") == 2
    assert (await again.ask("step_out"))["ok"]
    until_ = (await expert.sees("held", role="client"))["until"]
    assert until_.endswith("Z")


async def test_a_resume_that_nobody_remembers_is_a_new_join(house: House, page: OpenPage) -> None:
    client = await page("client")
    assert (await client.ask("join", resume="from-before-the-restart"))["join"] != "from-before-the-restart"


async def test_five_sockets_per_party(house: House, page: OpenPage) -> None:
    carrier = await page("client")
    await carrier.ask("join")
    others = [await page("client") for _ in range(5)]
    await others[0].sees("replaced")
    await until(lambda: len(house.fanout.sids("s1", Role.CLIENT)) == 5)
    assert carrier.client.connected


async def test_other_pages_of_a_party_do_not_get_its_media(page: OpenPage) -> None:
    client, expert, tab = await page("client"), await page("expert"), await page("expert")
    await expert.ask("join")
    await client.ask("join")
    await expert.sees("negotiate")
    await tab.sees("peer", status="here")
    await client.ask("step_out")
    await tab.sees("held")
    assert "negotiate" not in [name for name, _ in tab.told]


# --- attacks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        '42["disconnect"]',
        '42["disconnect","transport close"]',
        '42["connect",{"token":"s1:expert"}]',
        '42["nonsense",{}]',
        '42["join",{},{}]',
        '42["join",[]]',
        '42["join",1]',
        "42[]",
        "42{}",
        "42",
        '42[{"join":1},{}]',
        '42["join"',
        "42" + "[" * 30_000,
        '451-["join",{"_placeholder":true,"num":0}]',
        '42/other,["join",{}]',
        "40/admin,{}",
        "44{}",
        "46",
        "4",
        "4²",
        "4{}",
        "4null",
        "49",
        "9",
        "x",
        "2",
        "5",
        "b!!!!",
        "421" + "1" * 200 + '["join",{}]',
    ],
)
async def test_a_forged_frame_closes_the_socket_and_does_nothing(
    house: House, raw: OpenRaw, page: OpenPage, frame: str
) -> None:
    attacker = await raw()
    await attacker.connect()
    sid = house.fanout.sids("s1", Role.CLIENT)
    assert len(sid) == 1
    await attacker.say(frame)
    await attacker.is_closed()
    await until(lambda: not house.fanout.sids("s1", Role.CLIENT))
    assert sum(house.fanout.refused.values()) == 1
    assert house.desk.events == []
    expert = await page("expert")  # and the next one is served
    assert (await expert.ask("join"))["ok"]


async def test_binary_frames_close_the_socket(house: House, raw: OpenRaw) -> None:
    attacker = await raw()
    await attacker.connect()
    await attacker.ws.send_bytes(b"\x00" * 64)
    await attacker.is_closed()
    assert house.fanout.refused["frame"] == 1


async def test_a_frame_too_large_closes_the_socket(house: House, raw: OpenRaw) -> None:
    attacker = await raw()
    await attacker.connect()
    await attacker.say('42["describe",{"sdp":"' + "x" * 70_000 + '"}]')
    await attacker.is_closed()
    await until(lambda: not house.fanout.sids("s1", Role.CLIENT))


async def test_a_flood_closes_the_socket(house: House, raw: OpenRaw) -> None:
    attacker = await raw()
    await attacker.connect()
    for _ in range(80):
        await attacker.say('42["quality",{"command_id":"q"}]')
    await attacker.is_closed()
    assert house.fanout.refused["flood"] == 1


async def test_connecting_twice_on_one_socket_closes_it(house: House, raw: OpenRaw) -> None:
    attacker = await raw()
    await attacker.connect()
    await attacker.say('40{"token":"s1:expert","protocol":1}')
    await attacker.is_closed()
    assert house.fanout.sids("s1", Role.EXPERT) == ()


async def test_a_kicked_client_cannot_connect_again_on_the_same_socket(house: House, raw: OpenRaw) -> None:
    client, other = await raw(), await raw()
    await client.connect()
    await client.say('420["join",{"command_id":"j"}]')
    await client.hears("430")
    await other.connect()
    await other.say('420["join",{"command_id":"j"}]')
    await other.hears("430")
    with contextlib.suppress(ConnectionResetError):  # or it is closed already
        await client.say('40{"token":"s1:client","protocol":1}')
    await client.is_closed()
    await until(lambda: len(house.fanout.sids("s1", Role.CLIENT)) == 1)
    await house.pass_time(3)
    assert len(house.fanout.server.eio.sockets) == 1


async def test_leaving_the_namespace_and_coming_back_passes_the_door_again(house: House, raw: OpenRaw) -> None:
    client = await raw()
    await client.connect()
    await client.say("41")
    await until(lambda: not house.fanout.sids("s1", Role.CLIENT))
    assert (await client.connect("wrong")).startswith("44")
    assert (await client.connect()).startswith("40")


@pytest.mark.parametrize("auth", ["", "null", "1", '"token"', "[]", "{}", '{"token":1,"protocol":1}', '{"token":"x"}'])
async def test_auth_of_any_type_is_refused_politely(house: House, raw: OpenRaw, auth: str) -> None:
    client = await raw()
    await client.say("40" + auth)
    answer = json.loads((await client.hears("44"))[2:])
    assert answer["data"]["code"] == "bad_hello"
    assert (await client.connect()).startswith("40")


async def test_a_wrong_token_and_an_old_page_are_told_apart(raw: OpenRaw) -> None:
    client = await raw()
    assert json.loads((await client.connect("wrong"))[2:])["data"]["code"] == "unauthorized"
    assert json.loads((await client.connect(protocol=99))[2:])["data"]["code"] == "wrong_protocol"


@pytest.mark.parametrize("error", [TypeError, ValueError, RuntimeError, KeyError])
async def test_an_exception_while_admitting_leaves_no_ghost(house: House, raw: OpenRaw, error: type[Exception]) -> None:
    def fail() -> None:
        raise error("boom")

    house.desk.admitting = fail
    client = await raw()
    assert json.loads((await client.connect())[2:])["data"]["code"] == "internal"
    assert house.fanout.everyone() == ()
    assert house.fanout.server.manager.sid_from_eio_sid(next(iter(house.fanout.server.eio.sockets)), "/") is None
    house.desk.admitting = lambda: None
    assert (await client.connect()).startswith("40")


async def test_a_slow_admission_is_refused(house: House, raw: OpenRaw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.gateway.ADMIT_WITHIN", 0.01)

    async def never(token: str) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(house.desk, "admit", never)
    client = await raw()
    assert json.loads((await client.connect())[2:])["data"]["code"] == "busy"
    assert house.fanout.everyone() == ()


async def test_a_socket_that_closes_while_it_is_admitted_leaves_no_ghost(
    house: House, raw: OpenRaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, release = asyncio.Event(), asyncio.Event()
    admit = house.desk.admit

    async def slow(token: str) -> Any:
        entered.set()
        await release.wait()
        return await admit(token)

    monkeypatch.setattr(house.desk, "admit", slow)
    client = await raw()
    await client.say('40{"token":"s1:client","protocol":1}')
    await asyncio.wait_for(entered.wait(), PATIENCE)
    eio_sid = next(iter(house.fanout.server.eio.sockets))
    await house.fanout.server.eio.disconnect(eio_sid)  # §2.5
    release.set()
    await client.is_closed()
    await until(lambda: not house.fanout.server.eio.sockets)
    assert house.fanout.everyone() == ()
    assert house.fanout.server.manager.rooms == {}


async def test_a_failing_snapshot_closes_the_socket(
    house: House, raw: OpenRaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.desk, "snapshot", None)
    client = await raw()
    await client.connect()
    await client.is_closed()
    assert house.fanout.everyone() == ()


class Guarding:
    """Counts, and is empty: a guard that nobody has troubled yet must guard all the same."""

    def __init__(self, party: str = "s1/client") -> None:
        self.wrong, self.closed, self.slow, self.party = 0, False, False, party

    def __len__(self) -> int:
        return 0

    def shut(self, address: str) -> float:
        assert address == "127.0.0.1"
        return 60.0 if self.closed else 0.0

    def failed(self, address: str) -> None:
        self.wrong += 1

    def pace(self, party: str, cost: float = 1.0) -> float:
        assert (party, cost) in ((self.party, 1.0), (f"{self.party} test", TEST_COST))
        return 5.0 if self.slow else 0.0


async def test_wrong_tokens_are_counted_and_a_shut_address_is_told(house: House, raw: OpenRaw) -> None:
    guard = Guarding()
    house.gateway._guard = Gateway(
        house.desk, house.attendant, Fanout(monotonic=time.monotonic), house.clock, guard
    )._guard
    assert house.gateway._guard is guard
    assert '"unauthorized"' in await (await raw()).connect("wrong")
    assert '"bad_hello"' in await (await raw()).connect(7)
    assert guard.wrong == 1  # what cannot be a token guesses nothing
    guard.closed = True
    assert '"too_many_attempts"' in await (await raw()).connect("wrong")
    assert guard.wrong == 1  # or a steady trickle would shut it for ever
    assert (await (await raw()).connect()).startswith("40")  # a genuine link gets in


async def test_what_goes_on_record_is_paced_and_leaving_is_not(house: House, page: OpenPage) -> None:
    client = await page("client")
    house.gateway._guard = guard = Guarding()
    assert (await client.ask("join", command_id="a"))["ok"]
    guard.slow = True
    assert (await client.ask("join"))["code"] == "too_many_requests"
    assert (await client.ask("running_late", minutes=3))["code"] == "too_many_requests"
    assert (await client.ask("join", command_id="a"))["ok"]  # the same once more is nothing new
    assert (await client.ask("media", microphone=True, camera=True, screen=False))["ok"]
    assert (await client.ask("step_out"))["ok"]


async def test_a_page_calls_itself_to_test_its_network_and_leaves_no_trace(house: House, page: OpenPage) -> None:
    """Before the doors open, and without a seat; the large answers are not kept for repetitions."""
    house.desk.add("s2", a_slot(NOON + 3 * DAY, 30))
    client, facts = await page("client", "s2"), list(house.desk.facts["s2"])
    house.gateway._guard = guard = Guarding(party="s2/client")
    assert (await client.ask("test_describe", sdp=a_test_offer()))["code"] == "not_testing"
    assert (await client.ask("test_open"))["ok"]
    offer = await client.ask("test_describe", sdp=a_test_offer())
    assert "a=ice-lite" in offer["sdp"]
    answer = await client.ask("test_describe", sdp=a_test_answer())
    assert answer["sdp"].count("a=setup:active") == 1
    assert len(house.switchboard.tests) == 1
    assert (await client.ask("test_close"))["ok"]
    assert (await client.ask("test_close"))["ok"]
    assert len(house.switchboard.tests) == 0
    assert not house.gateway._acks.get(("s2", Role.CLIENT))
    guard.slow = True
    assert (await client.ask("test_open"))["code"] == "too_many_requests"
    guard.slow = False
    assert (await client.ask("test_open"))["ok"]
    await client.client.disconnect()
    await until(lambda: len(house.switchboard.tests) == 0)
    assert list(house.desk.facts["s2"]) == facts


async def test_a_party_whose_links_are_renewed_is_out_of_the_call(house: House, page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    for each in (client, expert):
        assert (await each.ask("join"))["ok"]
    await house.pass_time(2, alive=(Role.CLIENT, Role.EXPERT))
    await house.attendant.expel("s1", Role.CLIENT)
    await house.attendant.settled()
    assert (await expert.sees("held"))["role"] == "client"
    assert ("leave", "s1", Role.CLIENT) in house.switchboard.calls  # its media is not relayed any longer
    await until(lambda: not client.client.connected)
    await house.pass_time(20, alive=(Role.EXPERT,))
    assert house.desk.kinds().count("departed") == 1
    back = await page("client")
    assert (await back.ask("join"))["ok"]
    await expert.sees("resumed", role="client")


async def test_who_was_being_let_in_while_the_links_were_renewed_is_out(
    house: House, raw: OpenRaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit = house.desk.admit

    async def renewed_meanwhile(token: str) -> Any:
        admission = await admit(token)
        await house.attendant.expel("s1", Role.CLIENT)
        return admission

    monkeypatch.setattr(house.desk, "admit", renewed_meanwhile)
    client = await raw()
    await client.connect()
    await client.is_closed()
    assert house.fanout.everyone() == ()
    monkeypatch.setattr(house.desk, "admit", admit)
    assert (await (await raw()).connect()).startswith("40")


async def test_polling_is_refused(server: TestServer) -> None:
    async with aiohttp.ClientSession() as session:
        url = server.make_url("/socket.io/?EIO=4&transport=polling")
        async with session.get(url) as answer:
            assert answer.status == 400
        async with session.post(url, data="40") as answer:
            assert answer.status == 400


async def test_another_origin_is_refused(server: TestServer) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(
                server.make_url("/socket.io/?EIO=4&transport=websocket"), origin="https://evil.example"
            )


async def test_our_own_page_connects_whatever_the_scheme(server: TestServer) -> None:
    async with aiohttp.ClientSession() as session:
        origin = f"https://{server.host}:{server.port}"
        ws = await session.ws_connect(server.make_url("/socket.io/?EIO=4&transport=websocket"), origin=origin)
        await ws.close()


async def test_a_socket_that_never_connects_is_closed(house: House, raw: OpenRaw) -> None:
    idle, busy = await raw(), await raw()
    await busy.connect()
    await house.pass_time(6)
    await idle.is_closed()
    assert len(house.fanout.everyone()) == 1


async def test_fifty_sockets_per_address(house: House, raw: OpenRaw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.fanout.PER_ADDRESS", 2)
    first, _second = await raw(), await raw()
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await raw()
    await first.ws.close()
    await until(lambda: len(house.fanout.server.eio.sockets) == 1)
    await raw()


# --- consent and safety -----------------------------------------------------------------------------------------------


async def test_P5_3_what_is_asked_and_answered_is_told_to_both(house: House, page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    for each in (client, expert):
        assert (await each.ask("join"))["ok"]
    assert (await expert.ask("consent", act="ask", scope="sound", purpose="notes"))["ok"]
    for each in (client, expert):
        (asked,) = (await each.sees("consent"))["consents"]
        assert (asked["by"], asked["status"], asked["scope"]) == ("expert", "asked", "sound")
    assert (await client.ask("consent", act="give", request=asked["id"], name="Ada Client"))["ok"]
    for each in (client, expert):
        (given,) = (await each.sees("consent"))["consents"]
        assert (given["status"], given["name"]) == ("given", "Ada Client")


@pytest.mark.parametrize(
    "wrong",
    [
        {"act": "record"},
        {"act": "ask", "scope": "x" * 201, "purpose": "notes"},
        {"act": "ask", "scope": "", "purpose": "notes"},
        {"act": "give", "request": "../", "name": "Ada"},
        {"act": "give", "request": "r1", "name": "A"},
        {"act": "refuse", "request": "r1", "for": "ever"},
    ],
)
async def test_P5_3_a_consent_that_cannot_be_meant_is_refused(
    house: House, page: OpenPage, wrong: dict[str, Any]
) -> None:
    client = await page("client")
    assert (await client.ask("join"))["ok"]
    assert not (await client.ask("consent", **wrong))["ok"]


async def test_P3_13_who_leaves_and_reports_gets_a_ticket_and_it_is_over_for_both(house: House, page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    joins = {}
    for name, each in (("client", client), ("expert", expert)):
        joined = await each.ask("join")
        assert joined["ok"]
        joins[name] = joined["join"]
    refused = await client.ask("report_and_leave", category="conduct", join="another-join")
    assert not refused["ok"]
    assert not (await client.ask("report_and_leave", category="rude"))["ok"]
    assert not (await client.ask("report_and_leave", category="conduct", text="x" * 4001))["ok"]
    assert house.desk.kinds()[-1] == "met"
    told = await client.ask("report_and_leave", category="conduct", text="threats", join=joins["client"])
    assert (told["ok"], told["ended"], told["ticket"]) == (True, True, "T-1")
    for each in (client, expert):
        ended = await each.sees("ended")
        assert "threats" not in str(ended)
        assert "T-1" not in str(ended)  # P2.9: of the report the other side is told nothing here
    await house.attendant.settled()
    assert ("close", "s1") in house.switchboard.calls


# --- coming and going -------------------------------------------------------------------------------------------------


async def test_a_closed_socket_is_a_departure_only_after_the_silence(house: House, page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    await client.ask("join")
    await expert.ask("join")
    await client.client.disconnect()
    await until(lambda: not house.fanout.sids("s1", Role.CLIENT))
    await house.pass_time(5, alive=(Role.EXPERT,))
    assert "departed" not in house.desk.kinds()
    await house.pass_time(1, alive=(Role.EXPERT,))
    assert (await expert.sees("held"))["role"] == "client"
    departed = [event for event in house.desk.events if isinstance(event, Depart)]
    assert [event.how for event in departed] == [How.CONNECTION]


async def test_draining_tells_everyone_and_departs_nobody(house: House, page: OpenPage) -> None:
    client, expert = await page("client"), await page("expert")
    await client.ask("join")
    await expert.ask("join")
    await house.attendant.drain(1500)
    for side in (client, expert):
        assert (await side.sees("draining"))["after_ms"] == 1500
    await until(lambda: not client.client.connected and not expert.client.connected)
    await house.pass_time(30)
    assert house.desk.kinds()[-1] == "met"
    with pytest.raises(socketio.exceptions.ConnectionError):
        await page("client")
