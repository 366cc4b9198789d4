"""What PostgreSQL alone has: a server that dies, restarts or stands still; commits in doubt; deadlocks; the lease.

Each kill is a real one, of a PostgreSQL that belongs to this test. Nothing here asks how fast something was, only that
it came to an end and what it came to.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import postgres as module
from server.store.database import Database, Locked, Unusable, open_database, parse_url
from server.store.postgres import ATTEMPTS, PostgreSQL
from signaling.errors import Busy, Stale
from tests.server.store.test_contract import execute, put, stored
from tests.stores import Cluster


@pytest.fixture
async def url(cluster: Cluster) -> str:
    return await cluster.fresh(migrated=False)


@pytest.fixture
async def db(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PostgreSQL]:
    monkeypatch.setattr(module, "RENEW", 0.1)
    database = postgres(url)
    await database.start()
    await database.write(execute("create table t (n bigint primary key)"))
    yield database
    await database.close()


def postgres(url: str) -> PostgreSQL:
    database = PostgreSQL(parse_url(url))
    database.answer = 1.0  # seconds of waiting would prove no more
    return database


async def well_again(database: Database, n: int) -> None:
    for _ in range(100):
        with contextlib.suppress(Busy):
            return await database.write(put(n))
        await asyncio.sleep(0.1)
    raise AssertionError("it never took a write again")


# --- a server that dies or stands still -------------------------------------------------------------------------------


async def test_who_was_disconnected_between_two_writes_notices_nothing(cluster: Cluster, db: PostgreSQL) -> None:
    await db.write(put(1))
    await _kick_out(cluster, db)
    await db.write(put(2))
    await _kick_out(cluster, db)
    assert await stored(db) == [1, 2]


async def test_a_backend_that_is_ended_in_mid_write_is_replaced_and_the_write_is_done_once(
    cluster: Cluster, db: PostgreSQL
) -> None:
    runs = 0

    async def work(connection: AsyncConnection) -> int:
        nonlocal runs
        runs += 1
        await put(1)(connection)
        if runs == 1:
            await _kick_out(cluster, db)
        await put(2)(connection)
        return runs

    assert await db.write(work) == 2
    assert await stored(db) == [1, 2]


async def test_a_backend_killed_in_mid_write_is_busy_or_done_and_nothing_acknowledged_is_lost(
    cluster: Cluster, db: PostgreSQL
) -> None:
    """kill -9 of one backend: the postmaster ends all of them and recovers from its log."""
    acknowledged, refused = set(), 0
    killed = asyncio.Event()

    async def victim(connection: AsyncConnection) -> None:
        pid = (await connection.execute(text("select pg_backend_pid()"))).scalar_one()
        await put(-1)(connection)
        if not killed.is_set():
            killed.set()
            os.kill(pid, signal.SIGKILL)
        await put(-2)(connection)

    async def stream(first: int) -> None:
        nonlocal refused
        for n in range(first, first + 50):
            try:
                await db.write(put(n))
                acknowledged.add(n)
            except Busy:
                refused += 1
                await asyncio.sleep(0.02)

    streams = [asyncio.create_task(stream(1000 * lane)) for lane in range(8)]
    await asyncio.sleep(0.1)
    with contextlib.suppress(Busy):
        await db.write(victim)
    await asyncio.gather(*streams)
    assert killed.is_set()
    await well_again(db, 9999)
    found = await stored(db)
    assert acknowledged <= set(found)
    assert (-1 in found) == (-2 in found)
    assert refused + len(acknowledged) == 400


async def test_a_crash_of_the_whole_server_loses_nothing_acknowledged(cluster: Cluster, db: PostgreSQL) -> None:
    acknowledged: set[int] = set()
    stop = asyncio.Event()

    async def stream(n: int) -> None:
        while not stop.is_set():
            with contextlib.suppress(Busy):
                await db.write(put(n))
                acknowledged.add(n)
            n += 1
            await asyncio.sleep(0.005)

    streams = [asyncio.create_task(stream(100_000 * lane)) for lane in range(8)]
    chance = random.Random(1)
    for _ in range(2):
        await asyncio.sleep(chance.uniform(0.1, 0.4))
        cluster.crash()
        with pytest.raises(Busy):
            await db.write(put(-1))
        with pytest.raises(Busy):
            await stored(db)
        await asyncio.to_thread(cluster.start)
    stop.set()
    await asyncio.gather(*streams)
    await well_again(db, -2)
    assert acknowledged <= set(await stored(db))
    assert len(acknowledged) > 0
    assert not db._lost


async def test_a_server_that_stands_still_is_busy_for_all_and_soon_well_again(cluster: Cluster, db: PostgreSQL) -> None:
    await db.write(put(1))
    db.patience = 2
    with cluster.frozen():
        results = await asyncio.gather(*(db.write(put(n)) for n in range(10, 50)), return_exceptions=True)
        assert {type(result) for result in results} == {Busy}
        with pytest.raises(Busy):
            await stored(db)
    db.patience = 10
    await well_again(db, 2)
    assert await stored(db) == [1, 2]


async def test_a_lock_in_other_hands_is_busy_and_harms_nobody_else(
    cluster: Cluster, url: str, db: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.write(put(1))
    other = await asyncpg.connect(url)
    async with other.transaction():
        await other.execute("lock table t in exclusive mode")
        with pytest.raises(Busy):
            await db.write(put(2))
        assert await stored(db) == [1]
        await db.write(execute("create table u (n int)"))
    await other.close()
    await db.write(put(3))
    assert await stored(db) == [1, 3]


# --- commits in doubt -------------------------------------------------------------------------------------------------


class Cut:
    """Lets a COMMIT get through to the server, or not, and loses the answer."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, arrives: bool, then: Callable[[], object] = lambda: None
    ) -> None:
        real = AsyncConnection.commit
        self.times = 0

        async def commit(connection: AsyncConnection) -> None:
            self.times += 1
            if self.times > 1:
                return await real(connection)
            if arrives:
                await real(connection)
            then()
            raise ConnectionResetError("the line was cut")

        monkeypatch.setattr(AsyncConnection, "commit", commit)


async def test_a_commit_whose_answer_was_lost_counts_as_done_when_it_was(
    db: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEW", 60)
    await asyncio.sleep(0.2)
    cut = Cut(monkeypatch, arrives=True)
    assert await db.write(put(1)) is None
    assert cut.times == 1
    assert await stored(db) == [1]


async def test_a_commit_that_never_arrived_is_busy_and_did_not_happen(
    db: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEW", 60)
    await asyncio.sleep(0.2)
    cut = Cut(monkeypatch, arrives=False)
    with pytest.raises(Busy):
        await db.write(put(1))
    assert cut.times == 1
    assert await stored(db) == []


async def test_a_commit_in_doubt_is_neither_until_the_server_is_back_to_say_which(
    cluster: Cluster, db: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEW", 60)
    await asyncio.sleep(0.2)
    frozen = cluster.frozen()
    cut = Cut(monkeypatch, arrives=True, then=frozen.__enter__)
    writing = asyncio.create_task(db.write(put(1)))
    try:
        await asyncio.sleep(2.5)
        assert cut.times == 1
        assert not writing.done()
    finally:
        frozen.__exit__(None, None, None)
    await asyncio.wait_for(writing, 30)
    assert await stored(db) == [1]


# --- two that undo each other -----------------------------------------------------------------------------------------


async def test_two_that_wait_for_each_other_are_both_done_in_the_end(db: PostgreSQL) -> None:
    await db.write(put(1))
    await db.write(put(2))
    both = asyncio.Barrier(2)
    runs = 0

    def swap(first: int, second: int) -> Any:
        async def work(connection: AsyncConnection) -> None:
            nonlocal runs
            runs += 1
            await connection.execute(text(f"select 1 from t where n = {first} for update"))
            if runs <= 2:
                await both.wait()
            await connection.execute(text(f"select 1 from t where n = {second} for update"))

        return work

    db.answer = 5
    await asyncio.gather(db.write(swap(1, 2)), db.write(swap(2, 1)))
    assert runs > 2


async def test_who_is_undone_again_and_again_is_told_that_others_were_first(db: PostgreSQL) -> None:
    runs = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        await connection.execute(text("do $$ begin raise exception 'x' using errcode = '40001'; end $$"))

    with pytest.raises(Stale) as told:
        await db.write(work)
    assert not isinstance(told.value, Busy)
    assert runs == ATTEMPTS


# --- the lease --------------------------------------------------------------------------------------------------------


async def test_a_server_that_died_is_replaced_at_once(cluster: Cluster, url: str) -> None:
    """kill -9 leaves the lease as it was, and no connection."""
    first = postgres(url)
    await first.start()
    assert first._keeper is not None
    first._keeper.cancel()
    assert first._writer is not None
    assert first._reader is not None
    await first._writer.dispose()
    await first._reader.dispose()
    second = postgres(url)
    await second.start()
    await second.close()


async def test_a_server_that_was_replaced_writes_nothing_more_and_says_so(cluster: Cluster, db: PostgreSQL) -> None:
    told = asyncio.Event()
    db.replaced = told.set

    async def meanwhile(connection: AsyncConnection) -> None:
        await put(1)(connection)
        await cluster.execute("update lease set holder = 'another', epoch = epoch + 1", cluster.url(_name(db)))

    with pytest.raises(Busy):
        await db.write(meanwhile)
    assert told.is_set()
    with pytest.raises(Busy):
        await db.write(put(2))
    assert await stored(db) == []


async def test_a_server_with_nothing_to_write_notices_too_that_it_was_replaced(
    cluster: Cluster, db: PostgreSQL
) -> None:
    told = asyncio.Event()
    db.replaced = told.set
    await cluster.execute("update lease set holder = 'another', epoch = epoch + 1", cluster.url(_name(db)))
    await asyncio.wait_for(told.wait(), 30)


async def test_commands_write_beside_the_server(url: str, db: PostgreSQL) -> None:
    guest = postgres(url)
    await guest.start(alone=False)
    await guest.write(put(1))
    await guest.close()
    await db.write(put(2))
    assert await stored(db) == [1, 2]


async def test_of_many_servers_that_start_at_once_one_starts(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RENEW", 0.1)
    servers = [postgres(url) for _ in range(4)]
    results = await asyncio.gather(*(each.start() for each in servers), return_exceptions=True)
    await asyncio.gather(*(each.close() for each in servers))
    assert sorted(str(type(result)) for result in results) == sorted(map(str, [type(None), Locked, Locked, Locked]))


# --- what cannot be opened --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://headstrt:hidden@127.0.0.1:1/x", "Connect call failed|refused"),
        ("postgresql://headstrt:hidden@/x?host=/nowhere", "No such file"),
        ("postgresql://headstrt:hidden@127.0.0.1:1/x?sslmode=perhaps", "sslmode"),
    ],
)
async def test_what_cannot_be_opened_is_said_in_one_line_without_the_password(url: str, why: str) -> None:
    with pytest.raises(Unusable, match=why) as told:
        await open_database(url).start()
    assert "hidden" not in str(told.value)
    assert "\n" not in str(told.value)


async def test_a_database_that_is_not_there_is_named(cluster: Cluster) -> None:
    with pytest.raises(Unusable, match='database "absent" does not exist'):
        await open_database(cluster.url("absent")).start()


async def test_every_connection_is_bound_to_its_limits(db: PostgreSQL) -> None:
    async def settings(connection: AsyncConnection) -> dict[str, str]:
        names = ("transaction_isolation", "transaction_read_only", *module._SETTINGS)
        return {n: str((await connection.exec_driver_sql(f"show {n}")).scalar()) for n in names}

    writer = await db.write(settings)
    async with db.read() as connection:
        reader = await settings(connection)
    assert (writer.pop("transaction_isolation"), writer.pop("transaction_read_only")) == ("read committed", "off")
    assert (reader.pop("transaction_isolation"), reader.pop("transaction_read_only")) == ("repeatable read", "on")
    assert writer == reader
    assert writer["synchronous_commit"] == "on"
    assert "0" not in writer.values()


async def _kick_out(cluster: Cluster, db: PostgreSQL) -> None:
    await cluster.execute(
        f"select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = '{db.name}'"
    )


def _name(db: PostgreSQL) -> str:
    assert db.url.database is not None
    return db.url.database
