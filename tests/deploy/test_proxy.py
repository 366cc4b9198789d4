"""deploy/Caddyfile as it is, run by a real Caddy with TLS, in front of a real server and one that is not there."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import socketio

from signaling.messages import PROTOCOL_VERSION
from tests.e2e.stage import API_KEY, Server, free_port, until

CADDYFILE = Path(__file__).parents[2] / "deploy" / "Caddyfile"
OF_A_TEST = """{{
	admin off
	skip_install_trust
	auto_https disable_redirects
	storage file_system {folder}
}}
import {caddyfile}
"""


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[tuple[Server, str]]:
    """A server, and the address in front of it."""
    port = free_port()
    origin = f"https://localhost:{port}"
    proxy = {"HEADSTRT_PUBLIC_URL": origin, "HEADSTRT_TRUSTED_PROXIES": "127.0.0.1,::1"}
    server = Server(tmp_path, settings=proxy)
    await server.start()
    caddy = shutil.which("caddy")
    assert caddy, "Caddy is missing: `make packages` installs it"
    config = tmp_path / "Caddyfile"
    config.write_text(OF_A_TEST.format(folder=tmp_path / "caddy", caddyfile=CADDYFILE))
    nobody = free_port()
    log = open(tmp_path / "caddy.log", "wb")  # noqa: SIM115 - the process's
    process = await asyncio.create_subprocess_exec(
        caddy,
        *("run", "--config", str(config), "--adapter", "caddyfile"),
        env={
            "DOMAIN": f"localhost:{port}",
            "NODES": f"127.0.0.1:{nobody} 127.0.0.1:{server.port}",
            "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path),
            "XDG_DATA_HOME": str(tmp_path),
        },
        stdout=log,
        stderr=log,
    )
    log.close()
    try:
        root = tmp_path / "caddy" / "pki" / "authorities" / "local" / "root.crt"

        async def there() -> bool:
            assert process.returncode is None, (tmp_path / "caddy.log").read_text()
            return root.exists()

        await until(there, 60, "Caddy has made its certificate")
        yield server, origin
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        assert await server.stop() == 0


def trusting(server: Server) -> ssl.SSLContext:
    """Its authority, which this Caddy has made for this test."""
    root = server.folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    return ssl.create_default_context(cafile=str(root))


async def test_api_pages_and_sockets_come_through_tls(proxied: tuple[Server, str]) -> None:
    server, origin = proxied
    context = trusting(server)
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector) as http:

        async def answers() -> bool:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"{origin}/readyz") as answer:
                    return answer.status == 200
            return False

        await until(answers, 60, "Caddy has found the server that is there")
        booked = await server.book(starts_in=-20, minutes=10)
        link = booked["links"]["client"]
        assert link.startswith(f"{origin}/s/bk_1#t=")
        async with http.get(link) as page:
            assert page.status == 200
            assert "Content-Security-Policy" in page.headers
            assert "Strict-Transport-Security" in page.headers
        for scheme, status in (("Bearer wrong", 401), (f"Bearer {API_KEY}", 200)):
            async with http.get(f"{origin}/v1/sessions/bk_1", headers={"Authorization": scheme}) as answer:
                assert answer.status == status
    sockets = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))
    page_of_client = socketio.AsyncClient(reconnection=False, http_session=sockets)
    try:
        auth = {"token": link.partition("#t=")[2], "protocol": PROTOCOL_VERSION}
        await page_of_client.connect(origin, auth=auth, headers={"Origin": origin}, transports=["websocket"])
        accepted = await page_of_client.call("join", {"command_id": "c1", "guidelines": "2026-11"})
        assert accepted["ok"], accepted
        assert (await server.session())["status"] == "waiting"
        other = socketio.AsyncClient(reconnection=False, http_session=sockets)
        headers = {"Origin": "https://elsewhere.example"}
        with pytest.raises(socketio.exceptions.ConnectionError):  # another site's page, through the same proxy
            await other.connect(origin, auth=auth, headers=headers, transports=["websocket"])
    finally:
        await page_of_client.disconnect()
        await sockets.close()
    assert "Traceback" not in server.log()


async def test_limits_are_per_person_and_not_for_the_proxy(proxied: tuple[Server, str]) -> None:
    """Ten wrong keys from one address behind the proxy: that one has to wait, and nobody else."""
    server, origin = proxied
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting(server))) as http:

        async def status(address: str, key: str) -> int:
            headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": address}
            async with http.get(f"{server.origin}/v1/sessions", headers=headers) as answer:
                return answer.status

        for _ in range(10):
            await status("203.0.113.9", "wrong")
        assert await status("203.0.113.9", API_KEY) == 429
        assert await status("203.0.113.10", API_KEY) == 200
        headers = {"Authorization": f"Bearer {API_KEY}", "X-Forwarded-For": "203.0.113.9"}  # made up by a stranger

        async def through() -> bool:
            async with http.get(f"{origin}/v1/sessions", headers=headers) as answer:
                return answer.status == 200  # Caddy believes no stranger, and says who it was

        await until(through, 60, "Caddy says by itself who asks")
