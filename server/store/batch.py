"""Several questions in one way to the store and back, and rows for several tables in another.

``Questions`` are selects with named parameters, written once and asked together: one statement on either store, whose
answer is each select's rows. ``put`` adds rows: one statement on PostgreSQL, where every statement is a way to another
process; on SQLite, whose ways are short, past SQLAlchemy, which takes twenty times as long as SQLite itself. Both
belong to the transaction that the connection is in, and fail like any other statement of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Select, Subquery, Table, Text, cast, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler


class Questions:
    """``ask`` gives one list of rows for each select, in the order of the selects and of their rows."""

    def __init__(self, *selects: Select[Any]) -> None:
        self._parts = [each.subquery() for each in selects]
        self._rows: list[Any] = [namedtuple("Row", part.c.keys()) for part in self._parts]
        self._statements: dict[str, tuple[str, list[str], dict[str, object]]] = {}

    async def ask(self, connection: AsyncConnection, **parameters: object) -> list[list[Any]]:
        statement, names, fixed = self._compiled(connection.dialect)
        given = fixed | parameters
        answer = await _fetch(connection, statement, tuple(given[name] for name in names))
        return [
            [row(*values) for values in json.loads(packed or "[]")]
            for row, packed in zip(self._rows, answer, strict=True)
        ]

    def _compiled(self, dialect: Dialect) -> tuple[str, list[str], dict[str, object]]:
        if dialect.name not in self._statements:
            whole = select(*(_packed(part, dialect.name) for part in self._parts))
            compiled = whole.compile(dialect=dialect)
            assert isinstance(compiled, SQLCompiler)
            self._statements[dialect.name] = str(compiled), list(compiled.positiontup or ()), dict(compiled.params)
        return self._statements[dialect.name]


async def _fetch(connection: AsyncConnection, statement: str, values: tuple[object, ...]) -> Sequence[Any]:
    """The one row that it answers with."""
    if connection.dialect.name == "postgresql":
        return (await connection.exec_driver_sql(statement, values)).one()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    try:
        async with driver.execute(statement, values) as cursor:
            row: Sequence[Any] = await cursor.fetchone()
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite3.Error, dialect=connection.dialect) from error
    return row


def _packed(part: Subquery, dialect: str) -> Any:
    """All rows of a select as one JSON text."""
    if dialect == "postgresql":
        packed: Any = func.json_agg(func.json_build_array(*part.c))
    else:
        packed = func.json_group_array(func.json_array(*part.c))
    return select(cast(packed, Text)).select_from(part).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Rows:
    """For one table, all with the same columns. ``once``: one that is there already is left alone."""

    table: Table
    rows: Sequence[Mapping[str, Any]]
    once: bool = False


async def put(connection: AsyncConnection, *batches: Rows) -> None:
    """Add all of them, in this order. ``IntegrityError`` where one may not be."""
    some = [batch for batch in batches if batch.rows]
    if not some:
        return
    if connection.dialect.name == "postgresql":
        values = [value for batch in some for row in batch.rows for value in row.values()]
        shape = tuple((batch.table, tuple(batch.rows[0]), len(batch.rows), batch.once) for batch in some)
        await connection.exec_driver_sql(_at_once(shape), tuple(values))
        return
    driver: Any = (await connection.get_raw_connection()).driver_connection
    for batch in some:
        statement = _one(batch.table, tuple(batch.rows[0]), batch.once)
        try:
            async with driver.executemany(statement, [tuple(row.values()) for row in batch.rows]):
                pass
        except sqlite3.Error as error:
            raise DBAPIError.instance(statement, None, error, sqlite3.Error, dialect=connection.dialect) from error


async def change(connection: AsyncConnection, table: Table, which: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    """Set these columns of the rows that have those values in others; how many they were."""
    given = (*values.values(), *which.values())
    if connection.dialect.name == "postgresql":
        statement = _set(table, tuple(values), tuple(which), "$")
        return (await connection.exec_driver_sql(statement, given)).rowcount
    driver: Any = (await connection.get_raw_connection()).driver_connection
    statement = _set(table, tuple(values), tuple(which), "?")
    try:
        async with driver.execute(statement, given) as cursor:
            count: int = cursor.rowcount
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite3.Error, dialect=connection.dialect) from error
    return count


@cache
def _set(table: Table, columns: tuple[str, ...], which: tuple[str, ...], mark: str) -> str:
    def named(column: str, number: int) -> str:
        type_ = "text" if isinstance(table.c[column].type, Text) else "bigint"
        return f"{column} = ${number}::{type_}" if mark == "$" else f"{column} = ?{number}"

    parts = [named(column, number) for number, column in enumerate((*columns, *which), start=1)]
    new, old = ", ".join(parts[: len(columns)]), " and ".join(parts[len(columns) :])
    return f"update {table.name} set {new} where {old}"  # noqa: S608 - names are ours


@cache
def _at_once(shape: tuple[tuple[Table, tuple[str, ...], int, bool], ...]) -> str:
    """PostgreSQL: all the tables in one statement; foreign keys are looked at when all of it is there."""
    numbers = iter(range(1, 32_768))
    parts = [
        f"{_into(table, columns)} values {', '.join(_numbered(table, columns, numbers) for _ in range(count))}"
        + (" on conflict do nothing" if once else "")
        for table, columns, count, once in shape
    ]
    before = ", ".join(f"part{number} as ({part})" for number, part in enumerate(parts[:-1]))
    return f"with {before} {parts[-1]}" if before else parts[-1]


def _numbered(table: Table, columns: tuple[str, ...], numbers: Iterator[int]) -> str:
    types = ("text" if isinstance(table.c[column].type, Text) else "bigint" for column in columns)
    return f"({', '.join(f'${next(numbers)}::{type_}' for type_ in types)})"


@cache
def _one(table: Table, columns: tuple[str, ...], once: bool) -> str:
    values = f"values ({', '.join('?' * len(columns))})"
    return f"{_into(table, columns)} {values}{' on conflict do nothing' if once else ''}"


def _into(table: Table, columns: tuple[str, ...]) -> str:
    return f"insert into {table.name} ({', '.join(columns)})"
