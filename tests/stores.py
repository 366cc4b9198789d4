"""The two stores for tests: a folder for SQLite, and a PostgreSQL of our own that nobody else knows.

The cluster is made once per test process, from Debian's package, in a temporary folder and behind a unix socket. Its
commits reach the kernel, which outlives every crash that a test can make; that they reach the disk as well, as in
production, is for what is measured (``durable``). Whatever PostgreSQL runs on this machine besides has nothing to do
with it.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from server.store.database import open_database
from server.store.migrate import upgrade

_USER = "headstrt"
_TABLES = "select tablename from pg_tables where schemaname = 'public' order by 1"
_SEQUENCES = "select sequencename from pg_sequences where schemaname = 'public'"


class Cluster:
    """A PostgreSQL server; ``fresh`` makes a database in it, and it may be frozen, crashed and started again."""

    def __init__(self, listen: str = "", port: int = 5432, *, durable: bool = False) -> None:
        """``listen``: an address that it can be reached at by TCP as well, by whoever can reach that."""
        self._listen, self.port = listen, port
        self.folder = Path(tempfile.mkdtemp(prefix="headstrt-pg-"))
        self.folder.chmod(0o755)
        self._bin = _binaries()
        self._as: dict[str, str] = {}
        if os.getuid() == 0:  # initdb refuses root; Debian's package has made this user
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self._as = {"user": "postgres", "group": "postgres"}
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._template = ""
        self._spare: list[str] = []
        self._made: dict[str, str] = {}  # what the migrations leave in the tables
        atexit.register(self.remove)
        self._run("initdb", "-D", self._data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        if listen:
            with open(self.folder / "data" / "pg_hba.conf", "a") as hba:
                hba.write(f"host all all {listen}/24 trust\n")
        if not durable:
            with open(f"{self._data}/postgresql.conf", "a") as settings:
                settings.write("fsync = off\n")
        self.start()

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def url(self, name: str) -> str:
        port = f"&port={self.port}" if self._listen else ""
        return f"postgresql://{_USER}@/{name}?host={self.folder}{port}"

    def elsewhere(self, url: str) -> str:
        """The same database, by the address that this listens on."""
        return f"postgresql://{_USER}@{self._listen}:{self.port}/{url.partition('@/')[2].partition('?')[0]}"

    def start(self) -> None:
        log = open(self.folder / "log", "ab")  # noqa: SIM115 - the server's, for as long as it runs
        options = (
            "max_connections=200",
            "shared_buffers=16MB",
            f"listen_addresses={self._listen}",
            f"port={self.port}",
            f"unix_socket_directories={self.folder}",
        )
        self._process = subprocess.Popen(
            [self._bin / "postgres", "-D", self._data, *(f"--{option}" for option in options)],
            stdout=log,
            stderr=log,
            cwd=self.folder,
            start_new_session=True,
            **self._as,  # type: ignore[call-overload]
        )
        log.close()
        ready = [
            self._bin / "pg_isready",
            "-q",
            "-h",
            str(self.folder),
            "-p",
            str(self.port),
            "-U",
            _USER,
            "-d",
            "postgres",
        ]
        end = time.monotonic() + 180
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def crash(self) -> None:
        """kill -9 of every process of it."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of it stands still: connections stay, and nothing answers."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def revive(self) -> None:
        """A test that failed in the middle of a crash or a freeze takes no other one with it."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        else:
            self._signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGINT)  # without waiting for who is connected
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.crash()

    def remove(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.remove)

    async def fresh(self, *, migrated: bool = True) -> str:
        """The URL of a new database, with the newest schema or with none."""
        if migrated and not self._template:
            self._template = "migrated"
            await self.execute("create database migrated")
            await with_schema(self.url("migrated"))
        name = f"test{next(self._numbers)}"
        await self.execute(f"create database {name}" + (f" template {self._template}" if migrated else ""))
        return self.url(name)

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[str]:
        """The URL of a database with the newest schema and no rows, to be had back: making one takes longer than most
        tests."""
        self.revive()
        url = self._spare.pop() if self._spare else await self.fresh()
        yield url
        self.revive()
        if await self._emptied(url):
            self._spare.append(url)

    async def _emptied(self, url: str) -> bool:
        """As after the migrations, past the triggers that let nobody take a row away. Not if its schema is another."""
        name = url.partition("@/")[2].partition("?")[0]
        await self.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
        self._made = made = self._made or await self._rows(self.url(self._template))
        used = await self._rows(url)
        if used.keys() != made.keys():
            return False
        steps = ["set session_replication_role = replica"]
        for table in (table for table in used if used[table] != made[table]):
            steps.append(f'delete from "{table}"')
            steps.append(
                f'insert into "{table}" overriding system value'
                f""" select * from json_populate_recordset(null::"{table}", '{made[table].replace("'", "''")}')"""
            )
        steps += [f"alter sequence {name} restart" for (name,) in await self.execute(_SEQUENCES, url)]
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("; ".join(steps))
        finally:
            await connection.close()
        return True

    async def _rows(self, url: str) -> dict[str, str]:
        """What stands in each table, as JSON."""
        tables = [name for (name,) in await self.execute(_TABLES, url)]
        each = ", ".join(f"(select coalesce(json_agg(t), '[]')::text from \"{table}\" t)" for table in tables)
        (row,) = await self.execute(f"select {each}", url)
        return dict(zip(tables, row.values(), strict=True))

    async def execute(self, sql: str, url: str | None = None) -> list[asyncpg.Record]:
        """Past everything of ours, as an administrator."""
        connection = await asyncpg.connect(url or self.url("postgres"))
        try:
            return list(await connection.fetch(sql))
        finally:
            await connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            **self._as,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        for pid in (self._process.pid, *_children(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _binaries() -> Path:
    """Debian keeps them out of the path, by version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    anywhere = shutil.which("initdb")
    assert anywhere, "PostgreSQL is not installed: make packages"
    return Path(anywhere).resolve().parent


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(status.parent.name))
    return found


async def with_schema(url: str) -> str:
    """The same URL, with the newest schema behind it."""
    database = open_database(url)
    await database.start()
    try:
        await upgrade(database)
    finally:
        await database.close()
    return url


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """This process's PostgreSQL."""
    made = Cluster()
    yield made
    made.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
async def where(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database with the newest schema, on each store."""
    if request.param == "sqlite":
        yield await with_schema(f"sqlite:///{tmp_path}/a.db")
    else:
        made: Cluster = request.getfixturevalue("cluster")
        async with made.lent() as url:
            yield url
