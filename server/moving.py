"""``headstrt migrate --copy-from``, ``headstrt backup`` and ``headstrt restore``: a whole database, to another place.

Each refuses what could lose or mix records, and says what to do instead. Each checks every chain of what it has made
(P0.4) before it says that it is done. What a copy is made of is the store's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from server.control import ask_for_backup, socket_path
from server.store.backup import CannotBackUp, copy_file
from server.store.copying import CannotCopy, copy, source
from server.store.database import Locked, open_database, parse_url, shown_url
from server.store.migrate import newest, revision, upgrade
from server.store.postgres import PostgreSQL
from server.store.sqlite import SQLite, take_lock
from server.verify import Print, Unchecked, Wrong, check_chains, check_database

_PG_BACKUP = "pg_dump -Fc -f {file} '{url}'"
_PG_RESTORE = "pg_restore --exit-on-error --no-owner -d '{url}' {file}"


class CannotMove(Exception):
    """What is in the way, and what to do about it. Nothing was changed."""


async def copy_from(out: Print, url: str, from_url: str, *, as_it_is: bool = False) -> None:
    """Copy the SQLite database ``from_url`` into the PostgreSQL ``url``, which is empty. All of it, or nothing."""
    target, origin = open_database(url), _sqlite(from_url, "--copy-from")
    if not isinstance(target, PostgreSQL):
        raise CannotMove(
            "HEADSTRT_DATABASE_URL must name the PostgreSQL to copy into: postgresql://user@host/name. "
            "From one SQLite file to another: headstrt backup, and headstrt restore"
        )
    try:
        with source(origin.path) as file:
            async with _served(target):
                counts = await copy(file, target, lambda connection: _checked(out, connection, as_it_is))
    except CannotCopy as error:
        raise CannotMove(f"nothing was copied: {error}") from None
    for name, count in counts:
        out(f"  {count:>9}  {name}")
    out(f"{sum(count for _, count in counts)} rows are in {shown_url(target.url)}, each compared with the file.")
    out(f"{origin.path} was not changed. Put it away, so that no server is started on it again; keep HEADSTRT_SECRET.")


async def back_up(out: Print, url: str, file: Path) -> None:
    """Make ``file`` (an absolute path) a copy of the SQLite database ``url``, by its server if one runs; check it."""
    database = open_database(url)
    if not isinstance(database, SQLite):
        raise CannotMove(f"PostgreSQL makes its own backups: {_PG_BACKUP.format(file=file, url=_libpq(database.url))}")
    try:
        lock = take_lock(database.path) if database.path.is_file() else None
    except Locked:
        await ask_for_backup(socket_path(database.path), file)
    else:
        try:
            await asyncio.to_thread(copy_file, database.path, file)
        except CannotBackUp as error:
            raise CannotMove(str(error)) from None
        finally:
            if lock is not None:
                lock.close()
    await _look(out, file)
    out(f"{file} is done. It holds names and mail addresses; keep HEADSTRT_SECRET elsewhere.")


async def restore(out: Print, url: str, file: Path) -> None:
    """Put a backup to where the SQLite database ``url`` is to be. Whatever is there already is not touched."""
    database = open_database(url)
    if not isinstance(database, SQLite):
        raise CannotMove(
            "PostgreSQL restores its own backups, into an empty database that no server runs on: "
            + _PG_RESTORE.format(file=file, url=_libpq(database.url))
        )
    await _look(out, file)
    try:
        lock = take_lock(database.path)
    except Locked as error:
        raise CannotMove(f"{error}: stop the server first") from None
    try:
        there = [path for suffix in ("", "-wal", "-shm") if (path := Path(f"{database.path}{suffix}")).exists()]
        if there:
            raise CannotMove(f"there is a database already: move {', '.join(map(str, there))} away first, together")
        await asyncio.to_thread(copy_file, file, database.path)
    except CannotBackUp as error:
        raise CannotMove(str(error)) from None
    finally:
        lock.close()
    out(f"{database.path} is as it was backed up. The time since counts as an outage of the service (P3.9).")


async def _look(out: Print, file: Path) -> None:
    try:
        await check_database(out, f"sqlite:///{file}")
    except Unchecked as error:
        raise CannotMove(str(error)) from None
    except Wrong as error:
        raise CannotMove(f"{file} is a whole copy, but not in order: {error}") from None


@asynccontextmanager
async def _served(target: PostgreSQL) -> AsyncIterator[None]:
    """Open as its server, so that no other is one meanwhile, and with a schema. Never migrates what has records."""
    try:
        await target.start()
    except Locked as error:
        raise CannotMove(f"nothing was copied: {error}: stop that first") from None
    try:
        found = await revision(target)
        if found is None:
            await upgrade(target)
        elif found != newest():
            raise CannotMove(
                f"nothing was copied: {shown_url(target.url)} has schema {found}, and this program's is {newest()}: "
                "give an empty database (createdb)"
            )
        yield
    finally:
        await target.close()


async def _checked(out: Print, connection: object, as_it_is: bool) -> None:
    try:
        await check_chains(out, connection)
    except Wrong as error:
        if not as_it_is:
            raise CannotMove(
                f"nothing was copied: the file itself is not in order: {error} (headstrt verify shows it). "
                "--as-it-is copies it all the same, with what is wrong in it"
            ) from None
        out(f"copied as it is, though not in order: {error}")


def _sqlite(url: str, what: str) -> SQLite:
    try:
        database = open_database(url)
    except ValueError as error:
        raise CannotMove(f"{what} {url}: {error}") from None
    if not isinstance(database, SQLite):
        raise CannotMove(f"{what} takes an SQLite database: sqlite:///path (between PostgreSQLs: pg_dump, pg_restore)")
    return database


def _libpq(url: object) -> str:
    """Without the password, which libpq takes from ~/.pgpass or PGPASSWORD."""
    parsed = parse_url(str(url)).set(password=None)
    return shown_url(parsed)


__all__ = ["CannotMove", "back_up", "copy_from", "restore"]
