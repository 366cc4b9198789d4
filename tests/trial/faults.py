"""What a machine does to a server that did nothing wrong: a locked file, a full disk, a process that stands still.

A command fails with ``busy`` in bounded time, nothing acknowledged is lost, the relay keeps its own deadline, and the
server gets well by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp

from server.probe import Peer
from signaling.session import Role
from tests.e2e.stage import Server, until
from tests.trial.audit import audit
from tests.trial.driver import Office, Page, Refused, now
from tests.trial.row import Row

BOUND = 10.0
"""Seconds within which a command that cannot be written must have its answer."""


async def locked(folder: Path, scale: int) -> Row:
    """Another process holds the file's write lock for ``scale`` seconds, across the hard stop of a call."""
    problems: list[str] = []
    async with _server(folder) as office, aiohttp.ClientSession() as http, _talk(office, http, "call", 22) as peers:
        ends_at = await _ends_at(office, http, "call")
        await asyncio.sleep(max(0.0, (ends_at - now()) / 1000 - 3))
        with _lock(folder / "e2e.sqlite3"):
            freed_at = time.monotonic() + scale
            refused, slowest = await _refusals(office, http, until_=freed_at, problems=problems)
            late = max(peer.last_frame for peer in peers) * 1000 - ends_at
            if now() > ends_at + 1000:
                after = await office.server.relayed()
                await asyncio.sleep(1.5)
                if await office.server.relayed() != after:
                    problems.append("the relay forwarded after the end")
        await _well_again(office, http)
        await office.server.ended("call")
        problems += audit(folder / "e2e.sqlite3", office.told, overdue_at=now() - 2000)
    return Row(
        f"store locked for {scale} s across a hard stop",
        f"{refused} commands refused, the slowest after {slowest:.1f} s; last frame {late:+.0f} ms; "
        f"{len(problems)} problems",
        f"busy within {BOUND:.0f} s, nothing lost, no packet after the end, well by itself",
        not problems and refused > 0 and slowest <= BOUND,
        tuple(problems),
    )


async def full_disk(folder: Path, scale: int) -> Row:
    """The database on a tmpfs of 2 MB that is filled up, ``scale`` times over. Takes root, as a mount does."""
    problems: list[str] = []
    disk, refused, slowest = folder / "disk", 0, 0.0
    disk.mkdir()
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*sudo, "mount", "-t", "tmpfs", "-o", "size=2m,mode=1777", "tmpfs", str(disk)], check=True)
    try:
        (disk / "server.log").symlink_to(folder / "server.log")
        async with _server(disk) as office, aiohttp.ClientSession() as http:
            for round_ in range(scale):
                _fill(disk / "ballast")
                number = 0
                while number < 400 and not refused > round_ * 5 + 4:
                    number += 1
                    began = time.monotonic()
                    try:
                        await office.book(http, f"full-{round_}-{number}", ends_in=3600, minutes=60)
                    except Refused as error:
                        refused += 1
                        if (error.status, error.code) != (503, "busy"):
                            problems.append(f"refused with {error}")
                    slowest = max(slowest, time.monotonic() - began)
                (disk / "ballast").unlink()
                await _well_again(office, http)
                problems += audit(disk / "e2e.sqlite3", office.told)
    finally:
        subprocess.run([*sudo, "umount", "-l", str(disk)], check=True)
    return Row(
        f"full disk (tmpfs of 2 MB), {scale} times",
        f"{refused} commands refused, the slowest after {slowest:.1f} s; {len(problems)} problems",
        f"busy within {BOUND:.0f} s, nothing lost, well by itself",
        not problems and refused > 0 and slowest <= BOUND,
        tuple(problems),
    )


async def stopped(folder: Path, scale: int) -> Row:
    """SIGSTOP of the server for ``scale`` seconds: one call with media in the relay, one couple without."""
    problems: list[str] = []
    async with _server(folder) as office, aiohttp.ClientSession() as http:
        async with _talk(office, http, "call", scale + 32), _couple(office, http, "quiet", scale + 32) as pages:
            await asyncio.sleep(3)
            assert office.server.process is not None
            before = [line async for line in _frames(office)]
            os.kill(office.server.process.pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(scale)
            finally:
                os.kill(office.server.process.pid, signal.SIGCONT)
            await _well_again(office, http)
            for page in pages:
                if not page.socket.connected:
                    await page.connect()
                    await page.join()
            await until(lambda: _status(office, "quiet", "live"), 40, "both are back without having done anything")
            if [line async for line in _frames(office)] <= before:
                problems.append("the relay forwarded nothing")
            for session, wanted in (("call", False), ("quiet", True)):
                if ("service_lost" in await office.server.kinds(session)) is not wanted:
                    problems.append(f"{session}: {await office.server.kinds(session)}")
                if "departed" in await office.server.kinds(session):
                    problems.append(f"{session}: somebody is said to have left")
            for session, reason in (("call", "completed"), ("quiet", None)):
                ended = await office.server.ended(session, within=scale + 60)
                if (reason and ended["end"]["reason"] != reason) or ended["end"]["by"] is not None:
                    problems.append(f"{session} ended as {ended['end']}")
        problems += audit(folder / "e2e.sqlite3", office.told, overdue_at=now() - 2000)
    return Row(
        f"server stopped (SIGSTOP) for {scale} s",
        f"{len(problems)} problems",
        "nobody blamed; the call with media completed, the one without told of an outage",
        not problems,
        tuple(problems),
    )


# --- helpers ----------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _server(folder: Path) -> AsyncIterator[Office]:
    server = Server(folder, terms="")
    await server.start()
    try:
        yield Office(server)
    finally:
        code = await server.stop()
    log = server.log()
    assert code == 0, log
    assert "Traceback" not in log, log


@contextlib.contextmanager
def _lock(database: Path) -> Iterator[None]:
    raw = sqlite3.connect(database, isolation_level=None, timeout=30)
    raw.execute("begin immediate")
    try:
        yield
    finally:
        raw.execute("rollback")
        raw.close()


def _fill(path: Path) -> None:
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as ballast:
        while ballast.write(b"x" * 4096):
            pass


async def _refusals(
    office: Office, http: aiohttp.ClientSession, *, until_: float, problems: list[str]
) -> tuple[int, float]:
    refused, slowest = 0, 0.0

    async def book(number: int) -> None:
        nonlocal refused, slowest
        began = time.monotonic()
        try:
            await office.book(http, f"locked-{number}", ends_in=3600, minutes=60)
        except Refused as error:
            refused += 1
            if (error.status, error.code) != (503, "busy"):
                problems.append(f"refused with {error}")
        slowest = max(slowest, time.monotonic() - began)

    number = 0
    while time.monotonic() < until_:
        await asyncio.gather(*(book(number + lane) for lane in range(10)))
        number += 10
    return refused, slowest


async def _well_again(office: Office, http: aiohttp.ClientSession) -> None:
    async def takes_it() -> bool:
        try:
            await office.book(http, f"after-{now()}", ends_in=3600, minutes=60)
        except Refused:
            return False
        return True

    await until(takes_it, 30, "the server takes bookings again")


async def _ends_at(office: Office, http: aiohttp.ClientSession, session: str) -> int:
    raw = sqlite3.connect(f"file:{office.server.folder}/e2e.sqlite3?mode=ro", uri=True)
    try:
        return int(raw.execute("select ends_at from sessions where id = ?", (session,)).fetchone()[0])
    finally:
        raw.close()


async def _status(office: Office, session: str, wanted: str) -> bool:
    return bool((await office.server.session(session))["status"] == wanted)


async def _frames(office: Office) -> AsyncIterator[float]:
    yield await office.server.relayed()


@contextlib.asynccontextmanager
async def _talk(
    office: Office, http: aiohttp.ClientSession, session: str, ends_in: float
) -> AsyncIterator[tuple[Peer, Peer]]:
    """Two that see each other through the relay."""
    booked = await office.book(http, session, ends_in=ends_in, minutes=2)
    peers = tuple(
        Peer(role, booked["links"][role].partition("#t=")[2], office.server.origin, lambda text: None)
        for role in ("client", "expert")
    )
    try:
        await asyncio.gather(*(peer.join() for peer in peers))
        await asyncio.wait_for(asyncio.gather(*(peer.first_frame.wait() for peer in peers)), 20)
        yield peers[0], peers[1]
    finally:
        await asyncio.gather(*(peer.close() for peer in peers), return_exceptions=True)


@contextlib.asynccontextmanager
async def _couple(
    office: Office, http: aiohttp.ClientSession, session: str, ends_in: float
) -> AsyncIterator[tuple[Page, ...]]:
    """Two that are there, without media."""
    booked: dict[str, Any] = await office.book(http, session, ends_in=ends_in, minutes=2)
    pages = tuple(office.page(booked["links"][role.value]) for role in Role)
    for page in pages:
        await page.connect()
        await page.join()
    try:
        yield pages
    finally:
        for page in pages:
            await page.close()
