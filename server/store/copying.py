"""A whole SQLite database into an empty PostgreSQL: every row of every table, or nothing at all.

It is one transaction. Nothing is committed before each table was read back and compared with the file row by row, and
before ``check`` has looked at what lies there. What is copied is what ``tables.metadata`` names, so a table that is
added there is copied too. The file is only read, under the lock that its server would hold.

What a row means is none of its business, and neither is which chain is whole: that is ``server.verify``'s.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Table, create_engine, event, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store.database import Locked, shown_url
from server.store.migrate import newest, revision_of
from server.store.postgres import PostgreSQL
from server.store.sqlite import take_lock
from server.store.tables import metadata

BATCH = 1_000
"""Rows that are in memory at once, of each side."""

OURS = {"alembic_version", "lease", "writers"}
"""Tables that PostgreSQL has beside the metadata's: they say who writes there, and are not copied."""

Check = Callable[[AsyncConnection], Awaitable[None]]

_TABLES = text("select table_name from information_schema.tables where table_schema = current_schema()")
_COUNTERS = text(
    "select table_name, column_name from information_schema.columns "
    "where table_schema = current_schema() and pg_get_serial_sequence(quote_ident(table_name), column_name) is not null"
)


class CannotCopy(Exception):
    """What is in the way, and what to do about it. Nothing was copied."""


@contextlib.contextmanager
def source(path: Path) -> Iterator[Connection]:
    """The file that is copied, as one state of it that nobody changes meanwhile. ``CannotCopy`` if it is not fit."""
    if not path.is_file():
        raise CannotCopy(f"there is no database at {path}")
    try:
        lock = take_lock(path)
    except Locked:
        raise CannotCopy(
            f"{path} is in use by a running server: stop that first, or what it writes from now on would be left behind"
        ) from None
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False))
    event.listen(engine, "connect", lambda dbapi, _: setattr(dbapi, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    try:
        with engine.connect() as connection, connection.begin():
            _fit(path, connection)
            yield connection
    finally:
        engine.dispose()
        lock.close()


async def copy(file: Connection, target: PostgreSQL, check: Check) -> list[tuple[str, int]]:
    """Copy it; returns the tables with their numbers of rows. ``target`` is open, migrated, and nobody else's.

    ``CannotCopy`` when it is not empty or takes a row differently; whatever ``check`` raises ends it as well.
    """

    async def work(connection: AsyncConnection) -> list[tuple[str, int]]:
        await connection.run_sync(_lock, shown_url(target.url))
        counts = [(table.name, await _pour(file, connection, table)) for table in metadata.sorted_tables]
        await connection.run_sync(_set_counters)
        for table in metadata.sorted_tables:
            await _compare(file, connection, table)
        await check(connection)
        return counts

    return await target.alone(work)


def _fit(path: Path, connection: Connection) -> None:
    try:
        verdict = connection.exec_driver_sql("PRAGMA quick_check").scalar()
        if verdict != "ok":
            raise CannotCopy(f"{path} is damaged ({verdict}): put its newest backup back, and copy that")
        found = revision_of(connection)
        there = set(inspect(connection).get_table_names()) - OURS
    except DBAPIError as error:
        raise CannotCopy(f"{path} is not a database of this server: {error.orig}") from None
    if found != newest():
        raise CannotCopy(
            f"{path} has schema {found or 'nothing'}, and this program's is {newest()}: bring it there with "
            f"HEADSTRT_DATABASE_URL=sqlite:///{path} headstrt migrate (after a backup), or use the program that made it"
        )
    if there != set(metadata.tables):
        odd = ", ".join(sorted(there ^ set(metadata.tables)))
        raise CannotCopy(f"{path} does not have the tables of schema {newest()}: {odd}")


def _lock(connection: Connection, name: str) -> None:
    """Nobody else writes from here on; and there is nothing that could be overwritten."""
    if revision_of(connection) != newest():
        raise CannotCopy(f"{name} does not have schema {newest()}: headstrt migrate makes it")
    strangers = {row[0] for row in connection.execute(_TABLES)} - OURS - set(metadata.tables)
    if strangers:
        raise CannotCopy(
            f"{name} is somebody else's: it has {', '.join(sorted(strangers))}. Give a database of its own"
        )
    for table in metadata.sorted_tables:
        connection.exec_driver_sql(f'LOCK TABLE "{table.name}" IN EXCLUSIVE MODE')
    full = [table.name for table in metadata.sorted_tables if connection.execute(select(table).limit(1)).first()]
    if full:
        raise CannotCopy(
            f"{name} is not empty ({', '.join(full)}): nothing is ever merged or overwritten. "
            "Give an empty database: createdb, or drop this one if what is in it is not wanted"
        )


async def _pour(file: Connection, connection: AsyncConnection, table: Table) -> int:
    count = 0
    for rows in _batches(file, table):
        try:
            await connection.execute(insert(table), [row._asdict() for row in rows])
        except DBAPIError as error:
            line = str(error.orig).splitlines()[0]  # the rest may hold names
            raise CannotCopy(f"table {table.name}, rows {count + 1} to {count + len(rows)}: {line}") from None
        count += len(rows)
    return count


async def _compare(file: Connection, connection: AsyncConnection, table: Table) -> None:
    """Both have the same rows. Both sort texts by their bytes."""
    count = 0
    result = await connection.stream(_ordered(table))
    batches = _batches(file, table)
    async for there in result.partitions(BATCH):
        count += _same(table, count, next(batches, []), there)
    if next(batches, None):
        raise CannotCopy(f"table {table.name}: PostgreSQL gives {count} rows, and the file has more")


def _same(table: Table, before: int, here: list[Any], there: Any) -> int:
    if len(here) != len(there):
        raise CannotCopy(f"table {table.name}: PostgreSQL gives another number of rows than the file")
    for number, (a, b) in enumerate(zip(here, there, strict=True), before + 1):
        if tuple(a) != tuple(b):
            raise CannotCopy(f"table {table.name}, row {number}: PostgreSQL does not give back what the file has")
    return len(here)


def _batches(file: Connection, table: Table) -> Iterator[list[Any]]:
    try:
        for rows in file.execute(_ordered(table)).partitions(BATCH):
            yield list(rows)
    except DBAPIError as error:
        raise CannotCopy(f"table {table.name} cannot be read: {error.orig}") from None


def _ordered(table: Table) -> Any:
    return select(table).order_by(*(table.primary_key.columns or table.columns))


def _set_counters(connection: Connection) -> None:
    """What PostgreSQL would number by itself goes on after the highest that was copied."""
    for name, column in connection.execute(_COUNTERS).all():
        if name in metadata.tables:
            highest = connection.execute(select(func.max(metadata.tables[name].c[column]))).scalar()
            if highest is not None:
                connection.execute(select(func.setval(func.pg_get_serial_sequence(name, column), highest)))
