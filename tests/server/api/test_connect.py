"""``docs/connect.md``, line by line: each block of shell as it is written, in one shell, against a real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "connect.md"
KEY = "a-key-for-the-guide"


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), flags=re.M | re.S)


def free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    """``headstrt serve`` in a process of its own, and its address."""
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HEADSTRT_ENV": "development",
        "HEADSTRT_PORT": str(port),
        "HEADSTRT_MEDIA_PORT": "0",
        "HEADSTRT_MEDIA_BIND": "127.0.0.1",
        "HEADSTRT_DATABASE_URL": f"sqlite:///{folder}/guide.db",
        "HEADSTRT_API_KEY": KEY,
        "HEADSTRT_WEBHOOK_ALLOW": "127.0.0.1",
    }
    with (folder / "server.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "server", "serve", env=environment, cwd=folder, stdout=log, stderr=log
        )
    try:
        end = time.monotonic() + 60
        async with aiohttp.ClientSession() as http:
            while True:
                assert process.returncode is None, (folder / "server.log").read_text()
                assert time.monotonic() < end, "it does not answer"
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.get(f"http://127.0.0.1:{port}/healthz"):
                        break
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A folder with the receiver in it, in which installing it once more does nothing."""
    place = tmp_path / "shop"
    place.mkdir()
    (place / "receiver.py").write_text((ROOT / "examples" / "receivers" / "receiver.py").read_text())
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tools / "pip").write_text("#!/bin/sh\ntest \"$*\" = 'install -q standardwebhooks'\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    return place


async def test_every_line_of_the_guide_does_what_it_says(tmp_path: Path, workshop: Path) -> None:
    settings, *steps = blocks()
    assert re.findall(r"^(\w+)=", settings, flags=re.M) == ["BASE", "KEY", "PORT"]
    async with serving(tmp_path) as base:
        given = f"BASE={base}\nKEY={KEY}\nPORT={free_port()}\n"
        script = "\n".join(["set -euo pipefail", given, *steps, "touch done", "wait"])
        shell = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            script,
            cwd=workshop,
            env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            told = await heard(workshop, shell)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            text, wrong = (part.decode() for part in await shell.communicate())
    assert wrong == ""
    assert told, text
    booked = json.loads((workshop / "booked.json").read_text())
    assert text.startswith(f"{booked['links']['client']}\n{booked['links']['expert']}\n")
    assert {"endpoint.test 1", "session.booked 1 bk_812", "session.moved 2 bk_812"} <= told
    assert '"status": "requested"' in text
    assert '"amount": 12000' in text
    assert "\nsettled\n" in text
    assert '"session": "bk_813"' in text
    assert '"outcome": "taken"' in text


async def heard(workshop: Path, shell: asyncio.subprocess.Process) -> set[str]:
    """What the receiver has printed, once all is done and the last event is among it; nothing if the shell gave up."""
    events, end = workshop / "events.txt", time.monotonic() + 120
    while shell.returncode is None:
        lines = set(map(str.strip, events.read_text().splitlines())) if events.exists() else set()
        if (workshop / "done").exists() and "session.booked 1 bk_813" in lines:
            return lines
        assert time.monotonic() < end, lines
        await asyncio.sleep(0.1)
    return set()


def test_it_has_all_its_steps() -> None:
    assert len(blocks()) >= 10
    assert sum(block.count("curl ") for block in blocks()) >= 14
