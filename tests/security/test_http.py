"""The HTTP doors as bytes see them: slow, many, malformed, oversized. Against the real server where its own limits
allow, and over the same doorstep in this process where the test must make them short."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from server.api import doorstep as doorstep_module
from server.api.doorstep import CONNECTIONS, PER_ADDRESS, Runner
from server.api.routes import SERVER_OPTIONS, build_app
from server.config import Settings
from tests.builders import Clock, office
from tests.e2e.stage import API_KEY, ROOT, until
from tests.security.conftest import Fortress, an_address
from tests.server.api.conftest import World, deps_of
from tests.signaling.test_gateway import PATIENCE

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


class Wire:
    """A TCP connection that says what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def answer(self) -> bytes:
        """Status line and headers."""
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)

    async def is_closed(self) -> None:
        with contextlib.suppress(ConnectionError):
            while await asyncio.wait_for(self.reader.read(65536), PATIENCE):
                pass


async def wire(port: int, local: str = "127.0.0.1") -> Wire:
    return Wire(*await asyncio.open_connection("127.0.0.1", port, local_addr=(local, 0)))


# --- the doorstep, with limits made short ---


@pytest.fixture
async def doorstep(tmp_path: Path) -> AsyncIterator[Runner]:
    async with office(tmp_path / "x.db", Clock()) as made:
        world = World(made, None, [0.0])  # type: ignore[arg-type]
        app = build_app(deps_of(world, Settings(env="development", public_url="https://calls.example")))
        runner = Runner(
            app, connections=6, per_address=4, first_request_within=0.3, shutdown_timeout=0.1, **SERVER_OPTIONS
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner
        await runner.cleanup()


def port(runner: Runner) -> int:
    return int(runner.addresses[0][1])


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_3_who_makes_no_request_in_time_is_let_go(doorstep: Runner, said: bytes) -> None:
    slow = await wire(port(doorstep))
    await slow.say(said)
    await slow.is_closed()
    assert doorstep.refused == {"silent": 1}


async def test_3_who_made_a_request_may_stay(doorstep: Runner) -> None:
    prompt, other = await wire(port(doorstep)), await wire(port(doorstep))
    await prompt.say(GET)
    assert b" 200 " in await prompt.answer()
    await other.is_closed()  # its time was up, and by then the first one's would have been
    await prompt.say(GET)
    assert b" 200 " in await prompt.answer()


async def test_3_a_cap_per_address_and_one_in_all(doorstep: Runner) -> None:
    async def kept(local: str) -> bool:
        connection = await wire(port(doorstep), local)
        await connection.say(GET)
        try:
            return b" 200 " in await connection.answer()
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        finally:
            held.append(connection)

    held: list[Wire] = []
    assert [await kept("127.0.0.5") for _ in range(5)] == [True] * 4 + [False]
    assert [await kept("127.0.0.6") for _ in range(3)] == [True] * 2 + [False]
    assert doorstep.refused == {"address": 1, "full": 1}
    for connection in held:
        connection.writer.close()

    async def room_again() -> bool:
        return await kept("127.0.0.5")

    await until(room_again, PATIENCE, "who left makes room")


def test_3_the_cap_in_all_fits_the_open_files_that_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(doorstep_module.resource, "setrlimit", lambda _, limits: asked.append(limits))
    for soft, hard, room, raised in (
        (1024, 1_048_576, CONNECTIONS, [(CONNECTIONS * 4 // 3 + 1, 1_048_576)]),
        (1024, 4000, 3000, [(4000, 4000)]),
        (1024, 1024, 768, [(1024, 1024)]),
        (100_000, 100_000, CONNECTIONS, []),
    ):
        asked.clear()
        monkeypatch.setattr(doorstep_module.resource, "getrlimit", lambda _, soft=soft, hard=hard: (soft, hard))
        assert (doorstep_module._room(), asked) == (room, raised)


# --- the real server ---


async def test_3_the_real_server_has_the_cap_per_address(fortress: Fortress) -> None:
    held = [await wire(fortress.port, "127.0.0.7") for _ in range(PER_ADDRESS)]
    for _ in range(20):
        await (await wire(fortress.port, "127.0.0.7")).is_closed()
    other = await wire(fortress.port)
    await other.say(GET)
    assert b" 200 " in await other.answer()
    for each in held:
        each.writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\nx",
        b"POST /v1/me/check HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/me/check HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: x\r\n" % n for n in range(300)) + b"\r\n",
        b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"G\xc3\x84T / HTTP/1.1\r\n\r\n",
        b"\r\n" * 50 + b"nonsense\r\n\r\n",
    ],
    ids=range(14),
)
async def test_3_what_is_no_http_is_refused_in_our_words(fortress: Fortress, sent: bytes) -> None:
    attacker = await wire(fortress.port)
    await attacker.say(sent)
    head = (await attacker.answer()).decode("latin-1")
    assert re.match(r"HTTP/1\.[01] 400 ", head), head
    assert "problem+json" in head
    assert "\r\nServer:" not in head
    assert "nosniff" in head
    await attacker.is_closed()


async def test_3_a_smuggled_request_is_never_answered(fortress: Fortress) -> None:
    """CL.TE: one of two lengths is a lie, so the whole connection ends."""
    attacker = await wire(fortress.port)
    inner = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
    await attacker.say(
        b"POST /v1/me/check HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n" % (5 + len(inner)) + inner
    )
    assert b" 400 " in await attacker.answer()
    rest = await asyncio.wait_for(attacker.reader.read(), PATIENCE)
    assert b"protocol" not in rest
    assert b"HTTP/1.1 2" not in rest


async def test_3_a_body_over_256_kb_is_refused_whatever_its_length_says(fortress: Fortress) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 10_000

    for data in (b" " * 300_000, endless()):
        await fortress.call("PUT", "/v1/sessions/x", 413, data=data, headers={"Content-Type": "application/json"})


async def test_3_a_body_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch, doorstep: Runner) -> None:
    monkeypatch.setattr("server.api.requests.BODY_WITHIN", 0.2)
    slow = await wire(port(doorstep))
    await slow.say(
        b"PUT /v1/sessions/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer environment-key\r\n"
        b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    assert b" 408 " in await slow.answer()


async def test_3_who_may_not_is_told_before_its_body_is_read(fortress: Fortress) -> None:
    attacker = await wire(fortress.port)
    await attacker.say(
        b"PUT /v1/sessions/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n"
    )
    assert b" 401 " in await attacker.answer()


async def test_3_without_the_c_parser_the_server_does_not_start(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "AIOHTTP_NO_EXTENSIONS": "1",
        "HEADSTRT_ENV": "development",
        "HEADSTRT_PORT": "0",
        "HEADSTRT_MEDIA_PORT": "0",
        "HEADSTRT_MEDIA_BIND": "127.0.0.1",
        "HEADSTRT_DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "serve", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"C parser" in said
    assert b"Traceback" not in said


async def test_3_every_kind_of_answer_has_its_headers(fortress: Fortress) -> None:
    """Also those that are not ours to make: the socket's refusals, files, a preflight."""
    async with aiohttp.ClientSession(headers={"X-Forwarded-For": an_address()}) as http:
        for method, path in (
            ("GET", "/"),
            ("GET", "/s/x"),
            ("GET", "/docs"),
            ("GET", "/openapi.json"),
            ("GET", "/nothing"),
            ("OPTIONS", "/v1/me"),
            ("GET", "/v1/me"),
            ("GET", "/socket.io/?EIO=4&transport=polling"),
            ("OPTIONS", "/socket.io/?EIO=4&transport=websocket"),
            ("TRACE", "/"),
            ("GET", "/assets/../../pyproject.toml"),
            ("GET", "/assets/%2e%2e/%2e%2e/pyproject.toml"),
        ):
            async with http.request(method, fortress.origin + path) as answer:
                headers, where = answer.headers, f"{method} {path}"
                assert headers["X-Content-Type-Options"] == "nosniff", where
                assert headers["Referrer-Policy"] == "no-referrer", where
                assert headers["Content-Security-Policy"].startswith("default-src 'none'"), where
                assert "Server" not in headers, where
                assert "Access-Control-Allow-Origin" not in headers, where
                assert "Set-Cookie" not in headers, where
                assert answer.status < 500, where
                assert "requires-python" not in await answer.text(), where


async def test_3_a_page_with_a_session_is_kept_by_no_cache(fortress: Fortress) -> None:
    booked = await fortress.begun()
    async with aiohttp.ClientSession() as http, http.get(f"{fortress.origin}/s/{booked.id}") as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert booked.id not in await answer.text()
    headers = {"Authorization": f"Bearer {API_KEY}"}
    url = f"{fortress.origin}/v1/sessions/{booked.id}"
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
        assert answer.headers["Cache-Control"] == "no-store"


async def test_3_other_origins_read_nothing(fortress: Fortress) -> None:
    async with aiohttp.ClientSession(headers={"Origin": "https://evil.example"}) as http:
        async with http.get(f"{fortress.origin}/version") as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(f"{fortress.origin}/socket.io/?EIO=4&transport=websocket")
