"""Strangers at the doors, at length: packets, frames and API cases by the million, and a flood beside calls that go on.

The fuzzers are the suite's own; here they run for longer, and what they give becomes a row.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from bench import load
from bench.figures import compiled
from bench.load import Line, checked, udp
from bench.relay import negotiated
from server.api.openapi import build
from server.api.routes import ROUTES
from signaling.relay.switchboard import RelaySettings, Switchboard
from tests.security.fuzz import ROOT, fuzz_api, fuzz_frames
from tests.trial.row import Row

CALLS, RATE = 20, 200
STRANGERS, STRAYS = 100, 50_000
LOST = 0.01


async def packets(folder: Path, scale: int) -> Row:
    """``scale`` mutated packets through ICE and port, and a twentieth of them as streams."""
    return await asyncio.to_thread(_packets, scale)


def _packets(scale: int) -> Row:
    command = [sys.executable, "-m", "pytest", "--timeout", "0", "tests/signaling/relay/test_fuzz.py"]
    environment = {**os.environ, "HEADSTRT_TEST_PACKETS": str(scale)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return Row(
        f"{scale:,} mutated packets, {scale // 20:,} mutated streams",
        "0 escapes, 0 bytes to strangers" if done.returncode == 0 else "something escaped",
        "0 escapes, 0 bytes to unauthenticated sources",
        done.returncode == 0,
        () if done.returncode == 0 else (done.stdout[-2_000:],),
    )


async def frames(folder: Path, scale: int) -> Row:
    """``scale`` mutated frames at the socket's door."""
    seen = await fuzz_frames(scale)
    problems = [*seen.errors, *seen.ghosts]
    return Row(
        f"{scale:,} mutated socket frames",
        f"{seen.internal} escapes, {len(seen.errors)} errors, {len(seen.ghosts)} ghosts over {seen.sockets:,} sockets",
        "0 escapes",
        not problems and seen.internal == 0 and seen.sent >= scale,
        tuple(problems),
    )


async def api(folder: Path, scale: int) -> Row:
    """At least ``scale`` cases from the whole OpenAPI document."""
    calls = sum(len(methods) for methods in build(ROUTES)["paths"].values())
    try:
        said = await asyncio.to_thread(fuzz_api, math.ceil(scale / calls))
    except AssertionError as error:
        return Row(f"{scale:,} API cases", "an answer that was not promised", "0 answers of 5xx", False, (str(error),))
    passed = re.search(r"(\d+) passed", said)
    return Row(
        f"{scale:,} API cases, {math.ceil(scale / calls)} for each of {calls} calls",
        f"0 answers of 5xx, none that the document does not promise ({said})",
        "0 answers of 5xx",
        passed is not None and int(passed[1]) >= calls,
    )


async def strays(folder: Path, scale: int) -> Row:
    """Strangers send so many packets a second for ``scale`` seconds, beside calls whose packets must get through."""
    program = compiled("load", folder)
    board = Switchboard(RelaySettings(port=0, bind=("127.0.0.1",)), on_media=lambda _: None, on_stopped=lambda _: None)
    await board.start()
    sockets = []
    try:
        relay = ("127.0.0.1", board.port)
        calls = []
        for number in range(CALLS):
            for known in negotiated(board, f"call {number}"):
                calls.append(Line(udp(), relay))
                await asyncio.to_thread(checked, calls[-1], known)
        strangers = [Line(udp(), relay) for _ in range(STRANGERS)]
        sockets = [line.socket for line in (*calls, *strangers)]
        for each in sockets:
            each.setblocking(False)
        start = time.time() + 1
        flood = load.run(
            program, strangers, rate=STRAYS // STRANGERS, burst=5, start=start, seconds=scale, size=300, mark=start
        )
        media = load.run(program, calls, rate=RATE, start=start, seconds=scale, mark=start)
        unwanted, seen = await asyncio.gather(flood, media)
    finally:
        for each in sockets:
            each.close()
        await board.stop()
    sent, got = sum(each.sent for each in seen.lines), sum(each.got for each in seen.lines)
    strange, answered = sum(each.sent for each in unwanted.lines), sum(each.got for each in unwanted.lines)
    loss = 1 - got / sent
    problems = () if answered == 0 else (f"{answered} packets went to strangers",)
    return Row(
        f"{strange / scale:,.0f} unauthenticated packets/s beside {CALLS} calls, {scale} s",
        f"loss of the calls {loss:.2%} of {sent:,}",
        f"< {LOST:.0%}",
        loss < LOST and not problems and strange >= STRAYS * scale * 0.9,
        problems,
    )
