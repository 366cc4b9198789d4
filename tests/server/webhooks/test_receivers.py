"""The two receivers in ``examples``, as they are, against the real sender: they take what is ours once, and no more."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from server.webhooks import signature
from signaling.session import MINUTE
from tests.builders import Clock, booking
from tests.server.webhooks.conftest import Post, posting

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "receivers"


@contextlib.asynccontextmanager
async def running(language: str, folder: Path, port: int, secret: str) -> AsyncIterator[asyncio.subprocess.Process]:
    if language == "python":
        command = [sys.executable, str(EXAMPLES / "receiver.py")]
    else:  # where it finds the package that its first line installs
        (folder / "node_modules").symlink_to(ROOT / "static" / "node_modules")
        command = ["node", shutil.copy(EXAMPLES / "receiver.mjs", folder)]
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, "PORT": str(port), "WEBHOOK_SECRET": secret}, stdout=asyncio.subprocess.PIPE
    )
    try:
        await listening(port, process)
        yield process
    finally:
        process.kill()
        await process.wait()


async def listening(port: int, process: asyncio.subprocess.Process) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert process.returncode is None, "it ended"
            assert time.monotonic() < end, "it does not listen"
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()


@pytest.mark.parametrize("language", ["python", "node"])
async def test_it_takes_what_is_ours_once_and_nothing_else(language: str, tmp_path: Path) -> None:
    port, now = free_port(), time.time_ns() // 1_000_000  # the libraries look at the machine's clock
    url = f"http://127.0.0.1:{port}/hooks"
    async with posting(f"sqlite:///{tmp_path}/a.db", clock=Clock(now)) as post:
        _, secret = await post.office.desk.endpoints.create(url, (), None, "key_1")
        async with running(language, tmp_path, port, secret) as receiver:
            await sends(post, receiver, url, secret)


async def sends(post: Post, receiver: asyncio.subprocess.Process, url: str, secret: str) -> None:
    await post.office.desk.book(booking("bk_812", starts_at=post.clock.now + 60 * MINUTE))
    await post.turn()
    assert await line(receiver) == "session.booked 1 bk_812"
    ((delivery, status),) = await post.deliveries("id, status")
    assert status == "delivered"

    await post.office.desk.endpoints.resend_one(delivery)  # the same event again
    await post.turn()
    assert await post.deliveries("status, attempts") == [("delivered", 2)]
    assert [each[0] for each in await post.office.rows("select status from attempts")] == [204, 204]

    assert await answers(url, secret) == [204, *[401] * 7]
    assert await line(receiver) == "endpoint.test 7"  # nothing in between


async def answers(url: str, secret: str) -> list[int]:
    """To one that is ours and seven that are not."""
    body = b'{"type":"endpoint.test","timestamp":"2026-11-22T12:00:00.000Z","sequence":7,"data":{}}'
    key, now = base64.b64decode(secret.removeprefix("whsec_")), int(time.time())
    good = signature.headers("evt_1", now, body, [key])
    forged = [
        ({**good, "webhook-id": "evt_2"}, body),
        ({**good, "webhook-signature": "v1,AAAA"}, body),
        ({**good, "webhook-signature": "v1,\u00e4\u00f6"}, body),
        (signature.headers("evt_3", now - 3600, body, [key]), body),
        (signature.headers("evt_4", now, body, [b"x" * 32]), body),
        (good, body + b" "),
        ({name: value for name, value in good.items() if name != "webhook-timestamp"}, body),
    ]
    statuses = []
    async with aiohttp.ClientSession() as http:
        for headers, sent in [(good, body), *forged]:
            async with http.post(url, data=sent, headers=headers) as response:
                statuses.append(response.status)
    return statuses


@pytest.mark.parametrize("name", ["receiver.py", "receiver.mjs"])
def test_it_is_short_enough_to_be_read(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) <= 36
