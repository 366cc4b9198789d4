"""A whole server on PostgreSQL, a process of its own: bookings, people, an end, a kill, a restart, commands beside."""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from server.store.migrate import newest
from tests.e2e.stage import Server, until
from tests.server.test_cli import headstrt
from tests.stores import Cluster
from tests.trial.driver import Office


async def test_a_server_on_postgresql_books_admits_ends_and_restarts(cluster: Cluster, tmp_path: Path) -> None:
    url = await cluster.fresh(migrated=False)
    server = Server(tmp_path, terms="", settings={"HEADSTRT_DATABASE_URL": url})
    office = Office(server)
    await server.start()
    try:
        async with aiohttp.ClientSession() as http:
            await _a_couple_hangs_up(office, http, "before")
            booked = await office.book(http, "over", ends_in=3600, minutes=60)
            page = office.page(booked["links"]["client"])
            await page.connect()
            await page.join()
            await page.close()
            await server.kill()
            await server.start()
            assert (await server.session("before"))["end"]["reason"] == "hung_up"
            assert "service_lost" in await server.kinds("over")  # P3.9
            await _a_couple_hangs_up(office, http, "after")
            ledger = await server.ledger("after")
            assert [entry["kind"] for entry in ledger].count("settled") == 1
    finally:
        code = await server.stop()
    log = server.log()
    assert (code, "Traceback" in log) == (0, False), log
    ((sessions, lives),) = await cluster.execute(
        "select (select count(*) from sessions), (select epoch from lease)", url
    )
    assert sessions == 3
    assert lives == 2


async def _a_couple_hangs_up(office: Office, http: aiohttp.ClientSession, session: str) -> None:
    chance = random.Random(7)
    chance.random = lambda: 0.9  # type: ignore[method-assign] - they do not stay
    await office.couple(http, session, chance)
    assert ("hung_up", "expert") in office.told.acknowledged[session]


@pytest.fixture
async def durable(cluster: Cluster) -> AsyncIterator[Cluster]:
    """As a PostgreSQL must be set that is not only for tests."""
    await cluster.execute("alter system set fsync = on")
    await cluster.execute("select pg_reload_conf()")
    yield cluster
    await cluster.execute("alter system reset fsync")
    await cluster.execute("select pg_reload_conf()")


async def test_doctor_finds_a_postgresql_that_may_lose_what_it_acknowledged(cluster: Cluster, tmp_path: Path) -> None:
    variables = {"HEADSTRT_DATABASE_URL": await cluster.fresh(), "HEADSTRT_PORT": "0", "HEADSTRT_MEDIA_PORT": "0"}
    look = await asyncio.to_thread(headstrt, tmp_path, "doctor", **variables)
    assert look.returncode != 0
    assert "fsync is off: what was acknowledged can be lost" in look.stdout


async def test_commands_beside_a_server_on_postgresql(durable: Cluster, tmp_path: Path) -> None:
    url = await durable.fresh(migrated=False)

    async def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        variables = {"HEADSTRT_DATABASE_URL": url, "HEADSTRT_PORT": "0", "HEADSTRT_MEDIA_PORT": "0", **more}
        return await asyncio.to_thread(headstrt, tmp_path, *arguments, **variables)

    look = await run("doctor")
    assert look.returncode == 0, look.stdout
    assert f"schema nothing, which `serve` will migrate to {newest()}" in look.stdout
    migrated = await run("migrate")
    assert (migrated.returncode, migrated.stdout) == (0, f"nothing -> {newest()}\n"), migrated.stderr
    server = Server(tmp_path, settings={"HEADSTRT_DATABASE_URL": url})
    await server.start()
    try:
        made = await run("keys", "create", "reader", "--scope", "read")
        assert made.returncode == 0, made.stderr
        key_id, secret = made.stdout.split()[0], made.stdout.split("\n")[1]
        reader = {"Authorization": f"Bearer {secret}"}
        await server.call("GET", "/v1/sessions", 200, headers=reader)
        assert (await run("keys", "revoke", key_id)).returncode == 0
        await server.call("GET", "/v1/sessions", 401, headers=reader)
        for refused in await asyncio.gather(run("serve"), run("migrate")):
            assert refused.returncode == 1
            assert "in use by another server" in refused.stderr
            assert "Traceback" not in refused.stderr
        assert "in use by a running server" in (await run("doctor")).stdout
    finally:
        assert await server.stop() == 0
    away = url.replace(str(durable.folder), "/nowhere")
    commands = (("serve",), ("keys", "list"), ("doctor",))
    for failed in await asyncio.gather(*(run(*command, HEADSTRT_DATABASE_URL=away) for command in commands)):
        assert failed.returncode == 1
        assert "No such file" in failed.stderr + failed.stdout
        assert "Traceback" not in failed.stderr


async def test_a_server_that_was_replaced_leaves(cluster: Cluster, tmp_path: Path) -> None:
    url = await cluster.fresh(migrated=False)
    server = Server(tmp_path, settings={"HEADSTRT_DATABASE_URL": url})
    await server.start()
    process = server.process
    assert process is not None
    await cluster.execute("update lease set holder = 'another', epoch = epoch + 1", url)

    async def left() -> bool:
        return process.returncode is not None

    await until(left, 60, "the server has left")
    assert "another server has taken over" in server.log()
