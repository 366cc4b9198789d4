"""What SQLite alone has: grouped commits, savepoints, a file in other hands, what a failing disk does to who waits.

What it has in common with the other store is in test_contract.py.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import sqlite as module
from server.store.database import parse_url
from server.store.sqlite import SQLite
from signaling.errors import Busy


@pytest.fixture
async def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SQLite]:
    monkeypatch.setattr(module, "_BUSY_TIMEOUT", "busy_timeout=200")  # seconds of waiting would prove no more
    database = SQLite(parse_url(f"sqlite:///{tmp_path}/a.db"))
    await database.start()
    await database.write(execute("create table t (n integer primary key) strict"))
    yield database
    await database.close()


def execute(sql: str) -> Callable[[AsyncConnection], Awaitable[None]]:
    async def work(connection: AsyncConnection) -> None:
        await connection.execute(text(sql))

    return work


def put(n: int) -> Callable[[AsyncConnection], Awaitable[None]]:
    return execute(f"insert into t values ({n})")


def on_disk(database: SQLite) -> list[int]:
    with sqlite3.connect(database.path) as raw:
        return [row[0] for row in raw.execute("select n from t order by n")]


async def stored(database: SQLite) -> list[int]:
    async with database.read() as connection:
        return [row.n for row in await connection.execute(text("select n from t order by n"))]


class Held:
    """The file's write lock in other hands."""

    def __init__(self, database: SQLite) -> None:
        self._raw = sqlite3.connect(database.path, isolation_level=None)

    def __enter__(self) -> None:
        self._raw.execute("begin immediate")

    def __exit__(self, *_: object) -> None:
        self._raw.execute("rollback")
        self._raw.close()


async def test_what_was_acknowledged_is_on_the_disk_for_anyone_who_looks(db: SQLite) -> None:
    await db.write(put(1))
    assert on_disk(db) == [1]


async def test_writes_that_come_together_share_commits(db: SQLite, monkeypatch: pytest.MonkeyPatch) -> None:
    began = 0
    groups = SQLite._run_group

    async def count(self: SQLite, *arguments: Any) -> bool:
        nonlocal began
        began += 1
        return await groups(self, *arguments)

    monkeypatch.setattr(SQLite, "_run_group", count)
    monkeypatch.setattr(module, "GROUP_FOR", 60.0)  # as long as there is company
    await asyncio.gather(*(db.write(put(n)) for n in range(100)))
    assert began == 1
    assert on_disk(db) == list(range(100))


async def test_a_file_in_other_hands_is_busy_for_all_who_wait_and_soon_well_again(db: SQLite) -> None:
    with Held(db):
        results = await asyncio.gather(*(db.write(put(n)) for n in range(20)), return_exceptions=True)
        assert all(isinstance(result, Busy) and result.status == 503 and result.code == "busy" for result in results)
        assert await stored(db) == []  # readers are not held up
    await db.write(put(7))
    assert on_disk(db) == [7]


async def test_all_who_waited_behind_a_lock_are_told_at_once_and_not_one_after_the_other(db: SQLite) -> None:
    with Held(db):
        began = time.monotonic()
        await asyncio.gather(*(db.write(put(n)) for n in range(200)), return_exceptions=True)
        together = time.monotonic() - began
    assert together < 20  # one wait for the lock each would be 40 s


async def test_a_commit_that_fails_fails_everyone_in_it_and_the_writer_lives_on(
    db: SQLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deferred foreign key is looked at by COMMIT itself: the one way to make just that fail on a healthy disk."""
    await db.write(execute("create table child (t integer references t (n) deferrable initially deferred) strict"))
    monkeypatch.setattr(module, "GROUP_FOR", 60.0)
    results = await asyncio.gather(
        db.write(put(1)), db.write(execute("insert into child values (404)")), db.write(put(2)), return_exceptions=True
    )
    assert all(isinstance(result, IntegrityError) for result in results)
    assert on_disk(db) == []  # refused to all of them, and so it is
    await db.write(put(3))
    assert on_disk(db) == [3]


async def test_a_transaction_that_sqlite_rolled_back_whole_is_refused_to_all_in_it(
    db: SQLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a full disk does it: after that a savepoint would be a transaction of its own, and commit."""
    monkeypatch.setattr(module, "GROUP_FOR", 60.0)

    async def lost(connection: AsyncConnection) -> None:
        await put(50)(connection)
        await connection.exec_driver_sql("ROLLBACK")
        raise LookupError("it is gone")

    results = await asyncio.gather(
        db.write(put(1)), db.write(lost), db.write(put(2)), db.write(put(3)), return_exceptions=True
    )
    done = [n for n, result in zip((1, 50, 2, 3), results, strict=True) if result is None]
    assert 1 not in done
    assert 50 not in done
    assert on_disk(db) == sorted(done)
    await db.write(put(4))
    assert 4 in on_disk(db)


async def test_a_broken_connection_is_dropped_and_the_next_write_has_a_new_one(db: SQLite) -> None:
    async def breaks(connection: AsyncConnection) -> None:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        await raw.driver_connection.close()
        await put(1)(connection)

    with pytest.raises((ValueError, ProgrammingError, Busy)):
        await asyncio.wait_for(db.write(breaks), 10)
    await asyncio.wait_for(db.write(put(2)), 10)
    assert on_disk(db) == [2]


async def test_a_folder_that_went_away_is_busy_until_it_is_back(db: SQLite, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls, path = module._prepare_writer, 0, db.path

    def cannot_open(*_: object) -> None:
        nonlocal calls
        calls += 1
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    await db.close()
    monkeypatch.setattr(module, "_prepare_writer", cannot_open)
    await db.start()
    for _ in range(3):
        with pytest.raises(Busy):
            await asyncio.wait_for(db.write(put(1)), 10)
    assert calls == 3
    monkeypatch.setattr(module, "_prepare_writer", real)
    await db.close()
    await db.start()
    await db.write(put(1))
    assert db.path == path
    assert on_disk(db) == [1]


async def test_the_writer_is_safe_and_the_reader_cannot_write(db: SQLite) -> None:
    async def pragmas(connection: AsyncConnection) -> list[Any]:
        names = ("journal_mode", "synchronous", "foreign_keys", "query_only")
        return [(await connection.exec_driver_sql(f"pragma {name}")).scalar() for name in names]

    assert await db.write(pragmas) == ["wal", 2, 1, 0]
    async with db.read() as connection:
        assert (await pragmas(connection))[2:] == [1, 1]
