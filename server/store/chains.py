"""Every chain that is stored (P0.4), as it lies there: sessions', persons', the operators' log. For checking only.

It opens the database beside a running server and sees one consistent state of it. It hands on what it finds, wrong or
not; what a whole chain is, is ``signaling.ledger``'s and ``server.verify``'s.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Column, ColumnElement, LargeBinary, Table, cast, event, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from server.store import postgres, tables
from server.store.database import parse_url
from signaling.ledger import Entry

AUDIT = "audit"
"""The id under which the operators' log is chained."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One ledger. ``head`` and ``version`` are what the row that it belongs to says; None: there is no such row.

    ``terms``: the hash and the text of the terms that a session is judged by. ``columns``: of the operators' log, what
    stands beside each entry's body.
    """

    kind: Literal["session", "person", "audit"]
    id: str
    entries: tuple[Entry, ...]
    head: str | None = None
    version: int | None = None
    terms: tuple[str, str] | None = None
    columns: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class StoredText:
    """What somebody wrote, and the digest that a ledger knows it by."""

    digest: str
    salt: str
    body: str


@contextlib.asynccontextmanager
async def looking(url_text: str) -> AsyncIterator[AsyncConnection]:
    """A connection that cannot write. ``FileNotFoundError`` when there is no such file."""
    url = parse_url(url_text)
    sqlite = url.get_backend_name() == "sqlite"
    engine = create_async_engine(_read_only(url)) if sqlite else postgres.looking(url)
    if sqlite:
        event.listen(engine.sync_engine, "connect", _prepare)
        event.listen(engine.sync_engine, "begin", _begin)
    try:
        async with engine.connect() as connection, connection.begin():
            yield connection
    finally:
        await engine.dispose()


async def chains(connection: AsyncConnection) -> AsyncIterator[Chain]:
    """All of them: of every row that should have one, and of every entry that is there."""
    there = set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
    async for chain in _sessions(connection):
        yield chain
    if tables.person_ledger.name in there:
        async for chain in _persons(connection):
            yield chain
    if tables.audit.name in there:
        yield await _audit(connection)


async def written(connection: AsyncConnection) -> AsyncIterator[StoredText]:
    """The texts that ledgers know by their digests."""
    there = await connection.run_sync(lambda sync: inspect(sync).has_table(tables.texts.name))
    if there:
        t = tables.texts
        query = select(*(_raw(connection, column) for column in (t.c.digest, t.c.salt, t.c.body)))
        async for row in await connection.stream(query):
            yield StoredText(*(_text(value) for value in row))


async def _sessions(connection: AsyncConnection) -> AsyncIterator[Chain]:
    s, t = tables.sessions, tables.terms
    texts = {}
    for row in await connection.execute(select(*(_raw(connection, column) for column in (t.c.hash, t.c.body)))):
        texts[_text(row[0])] = _text(row[1])
    owners = {}
    query = select(*(_raw(connection, column) for column in (s.c.id, s.c.head, s.c.terms)), s.c.version)
    async for row in await connection.stream(query):
        hash_ = _text(row[2])
        owners[_text(row[0])] = (_text(row[1]), row[3], (hash_, texts.get(hash_, "")))
    async for id_, entries in _groups(connection, tables.ledger, tables.ledger.c.session_id):
        head, version, terms = owners.pop(id_, (None, None, None))
        yield Chain("session", id_, entries, head, version, terms)
    for id_, (head, version, terms) in owners.items():
        yield Chain("session", id_, (), head, version, terms)


async def _persons(connection: AsyncConnection) -> AsyncIterator[Chain]:
    p = tables.people
    owners = {}
    query = select(*(_raw(connection, column) for column in (p.c.pseudonym, p.c.head)), p.c.version)
    async for row in await connection.stream(query):
        owners[_text(row[0])] = (_text(row[1]), row[2])
    async for id_, entries in _groups(connection, tables.person_ledger, tables.person_ledger.c.pseudonym):
        head, version = owners.pop(id_, (None, None))
        yield Chain("person", id_, entries, head, version)
    for id_, (head, version) in owners.items():
        yield Chain("person", id_, (), head, version)


async def _audit(connection: AsyncConnection) -> Chain:
    a = tables.audit
    raw = [_raw(connection, column) for column in (a.c.body, a.c.hash, a.c.who, a.c.act, a.c.subject)]
    rows = (await connection.execute(select(a.c.seq, a.c.at, *raw).order_by(a.c.seq))).all()
    return Chain(
        "audit",
        AUDIT,
        tuple(Entry(row[0], _text(row[2]), _text(row[3])) for row in rows),
        columns=tuple(
            {"at": row[1], "who": _text(row[4]), "act": _text(row[5]), "subject": _text(row[6])} for row in rows
        ),
    )


async def _groups(
    connection: AsyncConnection, table: Table, owner: Column[Any]
) -> AsyncIterator[tuple[str, tuple[Entry, ...]]]:
    """The entries of one ledger after the other, in their order."""
    raw = [_raw(connection, column) for column in (owner, table.c.body, table.c.hash)]
    result = await connection.stream(select(*raw, table.c.seq).order_by(owner, table.c.seq))
    waiting: list[Any] = []
    async for rows in result.partitions(2_000):
        groups = [(_text(key), list(group)) for key, group in groupby([*waiting, *rows], lambda row: row[0])]
        for key, group in groups[:-1]:
            yield key, _entries(group)
        waiting = groups[-1][1]  # may go on in what comes next
    if waiting:
        yield _text(waiting[0][0]), _entries(waiting)


def _entries(rows: list[Any]) -> tuple[Entry, ...]:
    return tuple(Entry(row[3], _text(row[1]), _text(row[2])) for row in rows)


def _raw(connection: AsyncConnection, column: Column[Any]) -> ColumnElement[Any]:
    """The bytes as they lie there: SQLite keeps text that is none, and its driver would fail at it for good."""
    return cast(column, LargeBinary) if connection.dialect.name == "sqlite" else column


def _text(value: Any) -> str:
    """What is not UTF-8 becomes something that fits no hash."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _read_only(url: URL) -> URL:
    path = Path(url.database or "")
    if not path.is_file():
        raise FileNotFoundError(f"there is no database at {path}")
    return url.set(database=f"file:{quote(str(path.absolute()))}", query={"mode": "ro", "uri": "true"})


def _prepare(dbapi: Any, _: Any) -> None:
    dbapi.isolation_level = None
    dbapi.cursor().execute("PRAGMA query_only=ON")


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")


__all__ = ["AUDIT", "Chain", "StoredText", "chains", "looking", "written"]
