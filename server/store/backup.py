"""A copy of an SQLite database that is one consistent state of it, made while its server writes.

SQLite's online backup (https://www.sqlite.org/backup.html) reads page after page under one read transaction: writers go
on, and the copy is as everything was when it began. It gets its name only once it is on the disk, and a file that is
there already is never written over. The same function puts a backup back, to where no database is.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

PAGES = 1_024
"""Pages (4 kB each) between two looks at whether anybody still wants the copy."""


class CannotBackUp(Exception):
    """Why there is no copy, and what to do. Nothing is left behind."""


class _Unwanted(Exception):
    pass


def copy_file(source: Path, to: Path, unwanted: Callable[[], bool] = lambda: False) -> int:
    """Copy ``source`` to ``to``, readable by this user alone; returns its bytes. It blocks: call it in a thread.

    ``unwanted`` is asked all along; once it says so, the copy is given up.
    """
    if not source.is_file():
        raise CannotBackUp(f"there is no database at {source}")
    if to.exists():
        raise CannotBackUp(f"{to} is there already: nothing is written over, name another file")
    growing = to.with_name(f".{to.name}.{uuid.uuid4().hex[:8]}")
    try:
        os.close(os.open(growing, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(source, growing, unwanted)
        with open(growing, "rb") as done:
            os.fsync(done.fileno())
            size = os.fstat(done.fileno()).st_size
        growing.rename(to)
        _sync_folder(to.parent)
    except _Unwanted:
        raise CannotBackUp("the copy was given up before it was complete") from None
    except (OSError, sqlite3.Error) as error:
        raise CannotBackUp(f"{to} cannot be written from {source}: {error}") from error
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            growing.with_name(growing.name + suffix).unlink(missing_ok=True)
    return size


def _copy(source: Path, to: Path, unwanted: Callable[[], bool]) -> None:
    def look(status: int, remaining: int, total: int) -> None:
        if unwanted():
            raise _Unwanted

    address = f"file:{quote(str(source.absolute()))}?mode=ro"
    with (
        contextlib.closing(sqlite3.connect(address, uri=True, isolation_level=None)) as here,
        contextlib.closing(sqlite3.connect(to, isolation_level=None)) as there,
    ):
        here.execute("BEGIN")
        here.execute("SELECT count(*) FROM sqlite_master").fetchone()  # one state, to the end: else it starts anew
        here.backup(there, pages=PAGES, progress=look)
        there.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
