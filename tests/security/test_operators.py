"""The dashboard's door of the real server: made on its command line, signed in with both factors, raced; its log."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import time
from typing import Any

import aiohttp

from server.policy.operators import STEP, code_at
from tests.e2e.stage import ROOT, until
from tests.security.conftest import Fortress, an_address
from tests.signaling.test_gateway import PATIENCE

PASSWORD = "eleven herons by the weir"
RACERS = 24


async def command(fortress: Fortress, *arguments: str) -> list[str]:
    """``headstrt`` beside the running server."""
    environment = {
        "PATH": os.environ["PATH"],
        "HEADSTRT_ENV": "development",
        "HEADSTRT_DATABASE_URL": f"sqlite:///{fortress.folder}/e2e.sqlite3",
        "HEADSTRT_PUBLIC_URL": "http://not-the-servers-own.example",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", *arguments, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().splitlines()


async def post(fortress: Fortress, path: str, address: str, **given: Any) -> tuple[int, Any, str]:
    headers = {"Origin": fortress.origin, "X-Forwarded-For": address}
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        http.post(fortress.origin + path, json=given, headers=headers) as answer,
    ):
        cookie = answer.cookies.get("headstrt")
        return answer.status, await answer.json(), cookie.value if cookie else ""


async def test_an_account_from_the_command_line_to_its_socket(fortress: Fortress) -> None:
    address = an_address()
    made = await command(fortress, "operators", "add", "ines", "--role", "trust")
    assert made[1].startswith(f"{fortress.origin}/dashboard/setup#s=")  # the running server's own address
    setup = made[1].partition("#s=")[2]
    _, shown, _ = await post(fortress, "/dashboard/setup", address, setup=setup)
    secret = base64.b32decode(shown["secret"] + "=" * (-len(shown["secret"]) % 8))
    fortress.secrets |= {setup, shown["secret"], PASSWORD}

    def code(steps: int = 0) -> str:
        return code_at(secret, time.time_ns() // 1_000_000 // STEP + steps)

    status, me, cookie = await post(
        fortress, "/dashboard/setup/confirm", address, setup=setup, password=PASSWORD, code=code(-1)
    )
    assert (status, me["role"]) == (200, "trust")
    fortress.secrets |= {cookie, me["csrf"]}
    headers = {"Cookie": f"headstrt={cookie}", "Origin": fortress.origin, "X-Forwarded-For": address}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(f"{fortress.origin}/dashboard/live") as socket,
    ):
        assert (await socket.receive_json(timeout=PATIENCE))["kind"] == "hello"
        booked = await fortress.begun()

        async def hinted() -> bool:
            said = await socket.receive_json(timeout=PATIENCE)
            return said["kind"] == "session" and said["id"] == booked.id

        await until(hinted, PATIENCE, "a hint of what was booked")
        async with http.get(f"{fortress.origin}/v1/sessions/{booked.id}/story") as answer:
            assert (await answer.json())["checks"]["chain"] is True
        async with http.post(f"{fortress.origin}/v1/complaints/T-1/uphold", json={"reason": "x"}) as answer:
            assert (await answer.json())["code"] == "csrf"
        written = {"X-CSRF-Token": me["csrf"]}
        async with http.post(f"{fortress.origin}/dashboard/sign-out", json={}, headers=written) as answer:
            assert answer.status == 204
        while (await socket.receive(timeout=PATIENCE)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert socket.close_code == 4401

    # Many with the same code at the same moment: one is let in.
    given = {"name": "ines", "password": PASSWORD, "code": code(1)}
    tried = await asyncio.gather(*(post(fortress, "/dashboard/sign-in", an_address(), **given) for _ in range(RACERS)))
    assert sorted(status for status, *_ in tried).count(200) == 1
    assert {status for status, *_ in tried} <= {200, 401, 429, 503}
    fortress.secrets |= {value for _, _, value in tried if value}
    listed = await command(fortress, "operators", "list")
    assert any("ines" in line and "active" in line for line in listed)
    assert await command(fortress, "operators", "revoke", "ines") == ["ines is revoked"]
