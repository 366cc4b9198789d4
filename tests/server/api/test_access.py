"""Who calls and where from: keys, scopes, the price of guessing, and whose word is believed about an address."""

from __future__ import annotations

import pytest
from aiohttp import ClientConnectionResetError, web
from aiohttp.test_utils import make_mocked_request

from server.api.access import client_address
from server.api.deps import DEPS
from server.api.limiter import SHUT_FOR, WINDOW, Limiter
from server.api.middleware import say_problems
from tests.server.api.conftest import ALL, Build, World
from tests.server.api.test_sessions import refused

PATH = "/v1/sessions"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic ZW52aXJvbm1lbnQta2V5",
        ALL,
        f"Token {ALL}",
        "Bearer " + "x" * 5000,
        "Bearer caf\u00e9",
        f"Bearer {ALL} {ALL}",
    ],
)
async def test_what_is_no_key_is_unauthorized(world: World, header: str | None) -> None:
    response = await world.call("GET", PATH, None, headers={"Authorization": header} if header is not None else {})
    await refused(response, 401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_the_scheme_is_known_in_any_case(world: World) -> None:
    assert (await world.call("GET", PATH, None, headers={"Authorization": f"bEARER {ALL}"})).status == 200


async def test_a_revoked_key_is_as_wrong_as_an_unknown_one(world: World) -> None:
    key, secret = await world.office.desk.create_key("x", ("sessions",))
    assert (await world.call("GET", PATH, secret)).status == 200
    await world.office.desk.revoke_key(key.id)
    revoked, unknown = await world.call("GET", PATH, secret), await world.call("GET", PATH, "hs_unknown")
    assert (revoked.status, await revoked.text()) == (unknown.status, await unknown.text())


async def test_who_may_not_is_told_which_scope_it_takes(world: World) -> None:
    document = await refused(await world.call("GET", PATH, await world.key("endpoints")), 403, "insufficient_scope")
    assert "sessions" in document["detail"]


# --- guessing ---


async def test_ten_wrong_ones_shut_the_address_out_for_a_quarter_of_an_hour(world: World) -> None:
    for _ in range(10):
        await refused(await world.call("GET", PATH, "wrong"), 401, "unauthorized")
    shut = await world.call("GET", PATH)  # the right key, too: or guessing would tell
    await refused(shut, 429, "too_many_attempts")
    assert shut.headers["Retry-After"] == str(int(SHUT_FOR))
    await refused(await world.call("GET", "/v1/me", "token"), 429, "too_many_attempts")
    assert (await world.call("GET", "/healthz", None)).status == 200
    world.limiter_time[0] += SHUT_FOR
    assert (await world.call("GET", PATH)).status == 200


async def test_who_shows_nothing_guesses_nothing(world: World) -> None:
    for _ in range(20):
        await world.call("GET", PATH, None)
    assert (await world.call("GET", PATH)).status == 200


def test_the_limiter_forgets_what_is_old() -> None:
    now = [0.0]
    limiter = Limiter(lambda: now[0])
    for _ in range(9):
        limiter.failed("192.0.2.1")
    now[0] = WINDOW
    limiter.failed("192.0.2.1")
    assert limiter.shut("192.0.2.1") == 0
    for _ in range(9):
        limiter.failed("192.0.2.1")
    assert limiter.shut("192.0.2.1") == SHUT_FOR
    assert limiter.shut("192.0.2.2") == 0


def test_the_limiter_counts_a_network_of_ipv6_as_one_and_stays_small() -> None:
    limiter = Limiter(lambda: 0.0, room=100)
    for host in range(10):
        limiter.failed(f"2001:db8::{host}")
    assert limiter.shut("2001:db8::ffff") > 0
    assert limiter.shut("2001:db8:0:1::1") == 0
    for number in range(1000):
        limiter.failed(f"10.0.{number // 250}.{number % 250}")
    assert len(limiter) == 100


# --- addresses ---


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "address"),
    [
        ("", "198.51.100.7", [], "198.51.100.7"),
        ("", "198.51.100.7", ["203.0.113.9"], "198.51.100.7"),  # nobody is believed by default
        ("10.0.0.0/8", "198.51.100.7", ["203.0.113.9"], "198.51.100.7"),
        ("10.0.0.0/8", "10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),  # what the caller put there before
        ("10.0.0.0/8", "10.0.0.1", ["1.1.1.1", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.0/8", "10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.1"),
        ("10.0.0.0/8", "::ffff:10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("fd00::/8", "fd00::1", ["[2001:db8::7]:443"], "2001:db8::7"),
        ("10.0.0.0/8", None, ["203.0.113.9"], "local"),
    ],
)
async def test_the_callers_address(
    build: Build, trusted: str, remote: str | None, forwarded: list[str], address: str
) -> None:
    world = await build(trusted_proxies=trusted)
    app = world.client.app
    assert app is not None
    request = make_mocked_request("GET", "/", headers=[("X-Forwarded-For", line) for line in forwarded], app=app)
    assert request.config_dict[DEPS]
    assert client_address(request.clone(remote=remote or "")) == address


async def test_behind_a_proxy_each_caller_is_shut_out_alone(build: Build) -> None:
    world = await build(trusted_proxies="127.0.0.1")
    for _ in range(10):
        await world.call("GET", PATH, "wrong", headers={"X-Forwarded-For": "203.0.113.9"})
    await refused(await world.call("GET", PATH, headers={"X-Forwarded-For": "203.0.113.9"}), 429, "too_many_attempts")
    assert (await world.call("GET", PATH, headers={"X-Forwarded-For": "203.0.113.10"})).status == 200


async def test_a_socket_whose_page_is_gone_before_the_answer_is_no_bug() -> None:
    """As on a busy machine: the request was read, and behind it the end of the connection."""

    async def gone(request: web.Request) -> web.StreamResponse:
        raise ClientConnectionResetError("Cannot write to closing transport")

    for path in ("/socket.io/?EIO=4&transport=websocket", "/v1/me"):
        response = await say_problems(make_mocked_request("GET", path), gone)
        assert response.status == 400
