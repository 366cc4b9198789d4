"""The database as everything above it knows it: ``write(work)``, ``read()``, and whose fault it is when that fails.

There are two stores: SQLite in a file (``sqlite.py``) and PostgreSQL (``postgres.py``). The same code runs on both, and
the same contract tests. What a transaction does is none of their business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.errors import Busy

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

PATIENCE = 7.0
"""Seconds that a write waits for its turn; then it is withdrawn and never happens."""


class Locked(RuntimeError):
    """Another process has this database open for writing."""


class Unusable(OSError):
    """The database cannot be opened: it does not answer, refuses us, or is not what it must be."""


class Database(ABC):
    """Open with ``start``, then ``write(work)`` and ``read()``; ``close`` commits nothing that was not acknowledged.

    ``observe`` is told the seconds from asking for each write to its being on the disk. ``replaced`` is called once
    when another server has taken the database over from this one: from then on every write is ``Busy``.
    """

    shared = False
    """Whether commands may write beside the server. If not, they must ask it."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.patience = PATIENCE
        self.observe: Callable[[float], None] = lambda seconds: None
        self.replaced: Callable[[], None] = lambda: None

    @abstractmethod
    async def start(self, *, alone: bool = True) -> None:
        """Open it. ``alone``: as its server, of which there is one; ``Locked`` when another process is that already.

        ``Unusable`` when it cannot be opened. A store that is not ``shared`` is always opened alone.
        """

    @abstractmethod
    async def run_sync(self, work: Callable[[Any], T]) -> T:
        """Run migrations in one transaction, before anything is written."""

    @abstractmethod
    async def write(self, work: Work[T], *, first: bool = False) -> T:
        """Run ``work`` in a transaction and return its result once it is on the disk. ``first``: before all who wait.

        ``work`` may only talk to its connection: others are waiting for it. Whatever it raises undoes it alone; after a
        statement that failed it can do nothing more. Where two undo each other it is run again, from its beginning.
        ``Busy`` when the store does not take it: then it did not happen; ``Stale`` when others were always first.
        Who is cancelled while it waits for its turn takes it back; once begun it is finished, and who was cancelled
        then does not know the outcome.
        """

    @abstractmethod
    def read(self, *, brief: bool = False) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection that sees one consistent state and cannot write. ``Busy`` when it cannot be read now.

        ``brief``: all that is asked is found by its key, and is little: on SQLite that is not worth a thread.
        """

    @abstractmethod
    async def close(self) -> None:
        """After what is waiting has been written, if the store takes it within a few seconds."""


def at_length(work: Work[T]) -> Work[T]:
    """``work`` that may read whole tables: on SQLite it is done in a thread, so that calls go on meanwhile."""

    async def beside(connection: AsyncConnection) -> T:
        if connection.dialect.name != "sqlite":
            return await work(connection)
        driver: Any = (await connection.get_raw_connection()).driver_connection
        driver.at_length = True
        try:
            return await work(connection)
        finally:
            driver.at_length = False

    return beside


def whose(error: Exception, machine: Callable[[BaseException], bool]) -> Exception:
    """``Busy`` where the machine is to blame for it or for what led to it; else the error itself."""
    seen: BaseException | None = error
    while seen is not None:  # the end of a savepoint that is gone hides why it is gone
        if machine(seen):
            return Busy()
        seen = seen.__cause__ or seen.__context__
    return error


def parse_url(text: str) -> URL:
    """A SQLAlchemy URL with the async driver filled in: ``sqlite:///a.db``, a bare path, ``postgresql://…``."""
    try:
        url = make_url(text if "://" in text else f"sqlite:///{text}")
        backend = url.get_backend_name()
    except ArgumentError:
        backend = ""
    if backend in ("postgresql", "postgres"):
        if not url.database:
            raise ValueError("name the database: postgresql://user@host/name")
        return url.set(drivername="postgresql+asyncpg")
    if backend != "sqlite":
        raise ValueError("must be sqlite:///path or postgresql://user@host/name")
    return url.set(drivername="sqlite+aiosqlite")


def shown_url(url: URL) -> str:
    """The URL as people know it: without the driver, and without the password."""
    return url.set(drivername=url.get_backend_name()).render_as_string()


def open_database(text: str, *, together: bool = False) -> Database:
    """The store that this URL names, not yet started. ``together``: for one of several servers; not on SQLite."""
    url = parse_url(text)
    if url.get_backend_name() == "sqlite":
        from server.store.sqlite import SQLite

        return SQLite(url)
    from server.store.postgres import PostgreSQL

    return PostgreSQL(url, together=together)
