"""SQLite: one writer, many readers, and no commit that is not on the disk.

There is one writer connection in one process, for library versions up to 3.51.2 can lose commits with two. Transactions
that arrive while one is being committed share the next commit (each in its own savepoint), so that a busy second costs
a few fsyncs and not hundreds.

A disk that is full, a file that is locked or a connection that broke fails what was under way, in bounded time and with
``Busy``; the writer drops the connection, lives on, and the next write tries anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import os
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import aiosqlite
import structlog
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from server.store.backup import CannotBackUp, copy_file
from server.store.database import Database, Locked, Work, whose
from signaling.errors import Busy, UserError

log = structlog.get_logger("database")

T = TypeVar("T")

GROUP_FOR = 0.02
"""Seconds that a commit waits for those that are waiting already; with nobody waiting it does not wait."""

_FIRST, _IN_TURN, _LAST = range(3)

LOCKED_FOR = 5.0
"""Seconds that a transaction waits for somebody else's lock on the file."""

_NOT_NOW = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
"""The results of SQLite that say something about the machine, not about what was asked."""


@dataclass(slots=True)
class _Job:
    work: Work[Any]
    done: asyncio.Future[Any]
    begun: bool = False

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class SQLite(Database):
    """A file beside its lock, which one process has."""

    def __init__(self, url: URL) -> None:
        super().__init__(url)
        self.path = Path(url.database or "")
        self._jobs: asyncio.PriorityQueue[tuple[int, int, _Job | None]] = asyncio.PriorityQueue()
        self._numbers = itertools.count()
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None
        self._task: asyncio.Task[None] | None = None
        self._lock: IO[bytes] | None = None

    async def start(self, *, alone: bool = True) -> None:
        self._lock = take_lock(self.path)
        self._writer = create_async_engine(
            self.url,
            pool_size=1,
            max_overflow=0,
            pool_timeout=LOCKED_FOR,
            hide_parameters=True,  # an error goes into the log, names and links do not
            connect_args={"async_creator_fn": _connect, "check_same_thread": False},
        )
        self._reader = create_async_engine(
            self.url,
            pool_size=4,
            max_overflow=4,
            pool_timeout=LOCKED_FOR,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",  # a reader's transaction is begun and ended here
            skip_autocommit_rollback=True,
            connect_args={"async_creator_fn": _connect, "check_same_thread": False},
        )
        event.listen(self._writer.sync_engine, "connect", _prepare_writer)
        event.listen(self._writer.sync_engine, "begin", _begin_immediate)
        event.listen(self._reader.sync_engine, "connect", _prepare_reader)

    async def run_sync(self, work: Callable[[Any], T]) -> T:
        assert self._writer is not None
        assert self._task is None
        async with self._writer.begin() as connection:
            return await connection.run_sync(work)

    async def write(self, work: Work[T], *, first: bool = False) -> T:
        if self._writer is None:
            raise RuntimeError("the database is not open")
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_forever(self._writer), name="database-writer")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = _Job(work, done)
        began = time.monotonic()
        self._put(job, _FIRST if first else _IN_TURN)
        try:
            await asyncio.wait({done}, timeout=self.patience)
            if not done.done() and not job.begun:
                raise Busy()
            result = await asyncio.shield(done)
        finally:
            if not job.begun:
                done.cancel()  # taken back: the writer passes over it
        self.observe(time.monotonic() - began)
        return result

    @contextlib.asynccontextmanager
    async def read(self, *, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        if self._reader is None:
            raise RuntimeError("the database is not open")
        try:
            async with self._reader.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                driver.brief = brief
                await driver.execute("BEGIN")
                try:
                    yield connection
                finally:
                    await driver.rollback()
        except (DBAPIError, sqlite3.Error, PoolTimeout) as error:
            raise _whose(error) from error

    async def back_up(self, to: Path) -> int:
        """Copy one state of the whole into a new file, while writes go on; returns its bytes. ``UserError``."""
        unwanted = threading.Event()
        try:
            return await asyncio.to_thread(copy_file, self.path, to, unwanted.is_set)
        except CannotBackUp as error:
            raise UserError("cannot_back_up", f"{error}.") from None
        finally:
            unwanted.set()  # who asked is gone, or we are leaving

    async def close(self) -> None:
        if self._task is not None:
            self._put(None, _LAST)
            _, stuck = await asyncio.wait({self._task}, timeout=self.patience)
            if stuck:
                log.error("the disk does not answer; leaving it")
                self._task.cancel()
                await asyncio.wait({self._task}, timeout=1)
            self._task = None
        writer, reader, self._writer, self._reader = self._writer, self._reader, None, None
        for engine in (writer, reader):
            if engine is not None:
                await engine.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # --- the writer ---

    async def _write_forever(self, engine: AsyncEngine) -> None:
        """Until ``close``. Whatever happens here, nobody is left waiting: each job is done, failed or taken back."""
        connection: AsyncConnection | None = None
        try:
            while (job := (await self._jobs.get())[-1]) is not None:
                finished: list[tuple[_Job, Any]] = []
                closing = began = False
                try:
                    connection = connection or await engine.connect()
                    async with connection.begin():
                        began = True
                        closing = await self._run_group(connection, job, finished)
                except Exception as error:  # BEGIN, COMMIT or the connection itself: none of them happened
                    reason = _whose(error)
                    log.error("a transaction failed", error=str(error), writes=len(finished), began=began)
                    job.fail(reason)
                    for each, _ in finished:
                        each.fail(reason)
                    if not began:  # it has waited for as long as anyone should; so have those behind it
                        self._fail_waiting(reason)
                    await _drop(connection)
                    connection = None
                else:
                    for each, result in finished:
                        if not each.done.done():
                            each.done.set_result(result)
                if closing:
                    return
        finally:
            self._fail_waiting(Busy())
            await _drop(connection, broken=False)

    async def _run_group(self, connection: AsyncConnection, job: _Job | None, finished: list[tuple[_Job, Any]]) -> bool:
        """Every job that comes in time, each in a savepoint of its own. True when the last job was the close."""
        loop = asyncio.get_running_loop()
        until = loop.time() + GROUP_FOR
        driver: Any = (await connection.get_raw_connection()).driver_connection
        while job is not None:
            if not job.done.done():  # else it was taken back
                job.begun = True
                try:
                    result = await _alone(driver, job.work, connection)
                except Exception as error:  # handed to whoever asked for it; the savepoint is rolled back
                    job.fail(_whose(error))
                    if not driver.in_transaction:
                        raise  # SQLite has rolled back everything (a full disk does that), the others' work as well
                except BaseException as error:
                    job.fail(error)
                    raise
                else:
                    finished.append((job, result))
            if self._jobs.empty() or loop.time() >= until:
                return False
            job = self._jobs.get_nowait()[-1]
        return True

    def _put(self, job: _Job | None, lane: int) -> None:
        self._jobs.put_nowait((lane, next(self._numbers), job))

    def _fail_waiting(self, error: Exception) -> None:
        closing = False
        while not self._jobs.empty():
            job = self._jobs.get_nowait()[-1]
            if job is None:
                closing = True
            else:
                job.fail(error)
        if closing:  # it is not forgotten
            self._put(None, _LAST)


class _Connection(aiosqlite.Connection):
    """A connection that asks its thread only for what may wait for a lock or the disk: BEGIN, COMMIT, ROLLBACK, close.

    A statement inside a transaction waits for neither (WAL), and takes less time than the way to a thread and back:
    one change of a session is some twenty statements, each of several steps. Not so a statement that reads a whole
    table: ``at_length`` is set around those. Of a reader whose questions are ``brief`` nothing waits, BEGIN and
    ROLLBACK included, for it takes no lock that another could have; other readers' questions are asked in the thread.
    """

    at_length = False
    brief: bool | None = None  # None: the writer's

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        raw = self._connection
        if raw is not None and self._running and self._goes_on(raw, fn):
            return fn(*args, **kwargs)
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    def _goes_on(self, raw: sqlite3.Connection, fn: Callable[..., Any]) -> bool:
        if self.brief is not None:
            return self.brief and fn != raw.close
        if fn == raw.cursor:
            return True
        return not self.at_length and raw.in_transaction and fn not in (raw.commit, raw.rollback, raw.close)


def _connect(database: str, **options: Any) -> _Connection:
    made = _Connection(lambda: sqlite3.connect(database, **options), 64)
    made._thread.daemon = True
    return made


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


def _whose(error: Exception) -> Exception:
    return whose(error, _machine)


def _machine(error: BaseException) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    code = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlite_errorcode", None)
    return isinstance(error, PoolTimeout) or (code is not None and code & 0xFF in _NOT_NOW)


async def _alone(driver: aiosqlite.Connection, work: Work[T], connection: AsyncConnection) -> T:
    """In a savepoint, past SQLAlchemy, which takes as long for it as for all that is done in it."""
    await driver.execute("SAVEPOINT job")
    try:
        result = await work(connection)
    except BaseException:
        if driver.in_transaction:
            await driver.execute("ROLLBACK TO job")
            await driver.execute("RELEASE job")
        raise
    await driver.execute("RELEASE job")
    return result


async def _drop(connection: AsyncConnection | None, *, broken: bool = True) -> None:
    if connection is None:
        return
    try:
        if broken:
            await connection.invalidate()
        await connection.close()
    except Exception:
        log.warning("a connection could not be closed", exc_info=True)


_BUSY_TIMEOUT = f"busy_timeout={round(LOCKED_FOR * 1000)}"


def _prepare_writer(dbapi: Any, _: Any) -> None:
    _pragmas(dbapi, _BUSY_TIMEOUT, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def _prepare_reader(dbapi: Any, _: Any) -> None:
    _pragmas(dbapi, _BUSY_TIMEOUT, "foreign_keys=ON", "query_only=ON")


def _pragmas(dbapi: Any, *settings: str) -> None:
    dbapi.isolation_level = None  # transactions are ours, not the driver's
    cursor = dbapi.cursor()
    for setting in settings:
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
