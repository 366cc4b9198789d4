"""The dashboard's socket: who gets one, what it hints, and how it ends."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from server.api import live
from server.api.deps import DEPS
from server.api.hub import PER_SIGN_IN, ROOM, Hub, Watcher
from server.policy.operators import IDLE
from signaling.session import Join, Role
from tests.server.api.conftest import ALL, World
from tests.server.api.operators import COOKIE, ORIGIN, Browser, operator

PATH = "/dashboard/live"
SOON = 90


@pytest.fixture(autouse=True)
def prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY", 0.02)
    monkeypatch.setattr(live, "CHECKED_EVERY", 0.05)
    monkeypatch.setattr(live, "COUNTED_EVERY", 0.05)
    monkeypatch.setattr("server.api.hub.COUNTED_EVERY", 0.0)


@pytest.fixture
async def hub(world: World) -> Hub:
    """As ``server.app`` wires it."""
    assert world.client.app is not None
    made = world.client.app[DEPS].hub
    world.office.desk.listeners.append(made)
    world.office.desk.operators.signed_out = made.end
    return made


async def watch(browser: Browser, **headers: str) -> aiohttp.ClientWebSocketResponse:
    given = {"Origin": ORIGIN, "Cookie": f"{COOKIE}={browser.cookie}", **headers}
    return await browser.world.client.ws_connect(PATH, headers=given)


async def hears(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    while True:
        said = await socket.receive_json(timeout=SOON)
        if said["kind"] == kind:
            return dict(said)


async def test_it_hints_at_what_is_another_now_and_says_no_more(world: World, hub: Hub) -> None:
    await world.book()
    world.clock.at(-5)
    browser = await operator(world, "support")
    socket = await watch(browser)
    assert (await hears(socket, "hello"))["server_time"].startswith("2026-11-2")
    assert await hears(socket, "counts") == {"kind": "counts", "live": 0, "held": 0, "waiting": 0}
    assert await hears(socket, "queue") == {"kind": "queue", "open": 0, "overdue": 0}
    await world.office.desk.report("bk_1", Join(Role.CLIENT, "a-join-of-the-client"), world.clock.now)
    said = [await socket.receive_json(timeout=SOON) for _ in range(2)]  # in whichever order, on a busy machine
    assert {"kind": "session", "id": "bk_1", "version": 6, "status": "waiting"} in said
    assert {"kind": "counts", "live": 0, "held": 0, "waiting": 1} in said
    await socket.close()


async def test_nobody_gets_one_who_is_not_signed_in_or_comes_from_elsewhere(world: World, hub: Hub) -> None:
    browser = await operator(world, "support")
    for headers, status in (
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Cookie": "x=y"}, 401),
        ({"Cookie": f"{COOKIE}={'x' * 43}"}, 401),
        ({"Cookie": "x=y", "Authorization": f"Bearer {ALL}"}, 401),
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await watch(browser, **headers)
        assert refused.value.status == status
    no_socket = await browser.call("GET", PATH)
    assert no_socket.status == 426
    assert len(hub) == 0


async def test_it_ends_with_the_sign_in(world: World, hub: Hub) -> None:
    for ends in ("sign out", "revoke", "idle"):
        browser = await operator(world, "trust", f"t-{ends[:2]}")
        socket = await watch(browser)
        await hears(socket, "hello")
        if ends == "sign out":
            await browser.call("POST", "/dashboard/sign-out", json={})
        elif ends == "revoke":
            await world.office.desk.operators.revoke(browser.me["id"], "command")
        else:
            world.clock.now += IDLE  # an open socket is no call
        assert await hears(socket, "bye") == {"kind": "bye", "code": "signed_out"}
        assert (await socket.receive(timeout=SOON)).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 4401
        await socket.close()
    assert len(hub) == 0


async def test_a_page_that_talks_is_closed(world: World, hub: Hub) -> None:
    browser = await operator(world, "support")
    for say in ("send_str", "send_bytes"):
        socket = await watch(browser)
        await getattr(socket, say)("hello" if say == "send_str" else b"hello")
        while (message := await socket.receive(timeout=SOON)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert (message.type, socket.close_code) == (aiohttp.WSMsgType.CLOSE, 1008)
        await socket.close()


async def test_there_is_a_bound_for_each_sign_in(world: World, hub: Hub) -> None:
    browser, other = await operator(world, "support"), await operator(world, "admin")
    sockets = [await watch(browser) for _ in range(PER_SIGN_IN)]
    for socket in sockets:
        await hears(socket, "hello")
    one_more = await watch(browser)
    assert (await one_more.receive(timeout=SOON)).type is aiohttp.WSMsgType.CLOSE
    assert one_more.close_code == 4429
    await hears(await watch(other), "hello")
    for socket in sockets:
        await socket.close()


def test_who_does_not_keep_up_is_told_to_load_everything() -> None:
    watcher = Watcher("mark", "op_1")
    for number in range(ROOM):
        watcher.hint(f"s{number}", 1, "live")
    watcher.hint("s0", 2, "held")
    assert (len(watcher.hints), watcher.hints["s0"], watcher.reload) == (ROOM, (2, "held"), False)
    watcher.hint("another", 1, "live")
    assert (watcher.hints, watcher.reload) == ({}, True)


async def test_going_down_closes_all_of_them(world: World, hub: Hub) -> None:
    browser = await operator(world, "support")
    socket = await watch(browser)
    await hears(socket, "hello")
    hub.close()
    while (message := await socket.receive(timeout=SOON)).type is aiohttp.WSMsgType.TEXT:
        pass
    assert socket.close_code == 1001
    assert message.type is aiohttp.WSMsgType.CLOSE
