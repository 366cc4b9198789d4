"""The database: one writer, many readers, and no commit that is not on the disk.

On SQLite there is one writer connection in one process, for library versions up to 3.51.2 can lose commits with two.
Transactions that arrive while one is being committed share the next commit (each in its own savepoint), so that a busy
second costs a few fsyncs and not hundreds. What a transaction does is none of this file's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

GROUP_FOR = 0.005
"""Seconds that a commit waits for company, when there is any."""


class Locked(RuntimeError):
    """Another process has this database open for writing."""


@dataclass(slots=True)
class _Job:
    work: Work[Any]
    done: asyncio.Future[Any]


def parse_url(text: str) -> URL:
    """A SQLAlchemy URL with the async driver filled in: ``sqlite:///a.db`` or a bare path. ``ValueError`` else."""
    url = make_url(text if "://" in text else f"sqlite:///{text}")
    if url.get_backend_name() != "sqlite":
        raise ValueError("only sqlite:///path is supported so far")
    return url.set(drivername="sqlite+aiosqlite")


class Database:
    """Open with ``start``, then ``write(work)`` and ``read()``; ``close`` commits nothing that was not acknowledged.

    ``observe`` is told the seconds from asking for each write to its being on the disk.
    """

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        self.path = Path(self.url.database or "")
        self.observe: Callable[[float], None] = lambda seconds: None
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None
        self._task: asyncio.Task[None] | None = None
        self._lock: IO[bytes] | None = None

    async def start(self) -> None:
        """Take the lock file, open both engines. ``Locked`` when another process writes here."""
        self._lock = take_lock(self.path)
        self._writer = create_async_engine(self.url, pool_size=1, max_overflow=0)
        self._reader = create_async_engine(self.url, pool_size=4, max_overflow=4)
        event.listen(self._writer.sync_engine, "connect", _prepare_writer)
        event.listen(self._writer.sync_engine, "begin", _begin_immediate)
        event.listen(self._reader.sync_engine, "connect", _prepare_reader)
        event.listen(self._reader.sync_engine, "begin", _begin_deferred)

    async def run_sync(self, work: Callable[[Any], T]) -> T:
        """Run migrations, before the writer is in use."""
        assert self._writer is not None
        assert self._task is None
        async with self._writer.begin() as connection:
            return await connection.run_sync(work)

    async def write(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction and return its result once it is on the disk.

        ``work`` may only talk to its connection: everyone else is waiting for it. Whatever it raises undoes it alone.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._write_forever(), name="database-writer")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        began = time.monotonic()
        await self._jobs.put(_Job(work, done))
        result = await done
        self.observe(time.monotonic() - began)
        return result

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one consistent state and cannot write."""
        assert self._reader is not None
        async with self._reader.connect() as connection, connection.begin():
            yield connection

    async def close(self) -> None:
        if self._task is not None:
            await self._jobs.put(None)
            await self._task
            self._task = None
        for engine in (self._writer, self._reader):
            if engine is not None:
                await engine.dispose()
        self._writer = self._reader = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def _write_forever(self) -> None:
        assert self._writer is not None
        async with self._writer.connect() as connection:
            while (job := await self._jobs.get()) is not None:
                if not await self._write_group(connection, job):
                    return

    async def _write_group(self, connection: AsyncConnection, job: _Job | None) -> bool:
        """One transaction on the disk, with every job that comes in time. False when the last job was the close."""
        loop = asyncio.get_running_loop()
        finished: list[tuple[_Job, Any]] = []
        try:
            async with connection.begin():
                until = loop.time() + GROUP_FOR
                while job is not None:
                    try:
                        async with connection.begin_nested():
                            finished.append((job, await job.work(connection)))
                    except Exception as error:  # handed to whoever asked for it; the savepoint is rolled back
                        _fail(job, error)
                    if self._jobs.empty() or loop.time() >= until:
                        break
                    job = self._jobs.get_nowait()
        except Exception as error:  # the commit itself failed: none of them happened
            for each in [each for each, _ in finished] + ([job] if job is not None else []):
                _fail(each, error)
            return job is not None
        for each, result in finished:
            if not each.done.done():
                each.done.set_result(result)
        return job is not None


def take_lock(path: Path) -> IO[bytes]:
    """The exclusive lock file beside the database; held until closed. ``Locked`` when somebody else has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = open(f"{path}.lock", "ab")  # noqa: SIM115 - held for as long as the database is open
    os.fchmod(handle.fileno(), 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise Locked(f"{path} is in use by another process") from None
    return handle


def _fail(job: _Job, error: Exception) -> None:
    if not job.done.done():
        job.done.set_exception(error)


def _prepare_writer(dbapi: Any, _: Any) -> None:
    _pragmas(dbapi, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")


def _prepare_reader(dbapi: Any, _: Any) -> None:
    _pragmas(dbapi, "foreign_keys=ON", "busy_timeout=5000", "query_only=ON")


def _pragmas(dbapi: Any, *settings: str) -> None:
    dbapi.isolation_level = None  # transactions are ours, not the driver's
    cursor = dbapi.cursor()
    for setting in settings:
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
