"""A whole database to another place: SQLite to PostgreSQL, a backup under load, back again; and what is refused.

Real processes of ``headstrt``, a real PostgreSQL. What arrives is compared with what was there, row by row, and checked
as a stranger would (``headstrt verify``) and as the trial does (``audit``).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
import socketio

from server.moving import CannotMove, back_up, copy_from, restore
from server.policy.terms import Terms
from server.store.backup import CannotBackUp, copy_file
from server.store.locks import lock_number
from server.store.migrate import newest
from server.store.tables import metadata
from server.verify import check_database
from signaling.errors import HeadstrtError
from tests.builders import office
from tests.e2e.stage import Server, until
from tests.server.test_cli import headstrt
from tests.server.test_verify import hold
from tests.stores import Cluster, with_schema
from tests.trial.audit import Told, audit
from tests.trial.driver import Office, Refused
from tests.year.generator import a_year
from tests.year.through import service

WHOLE = "Every ledger is whole, and every settlement is what its ledger gives."


def rows_of(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that a file holds, by table, past everything of ours."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as raw:
        return {name: sorted(raw.execute(_all_of(name)), key=repr) for name in metadata.tables}


async def rows_in(cluster: Cluster, url: str) -> dict[str, list[tuple[Any, ...]]]:
    found = {name: await cluster.execute(_all_of(name), url) for name in metadata.tables}
    return {name: sorted((tuple(row) for row in rows), key=repr) for name, rows in found.items()}


def _all_of(name: str) -> str:
    columns = ", ".join(f'"{column.name}"' for column in metadata.tables[name].columns)
    return f'select {columns} from "{name}"'


async def a_busy_house(path: Path) -> None:
    """A part of the scripted year, so that most tables have rows; and a row in each that is still empty."""
    async with service(f"sqlite:///{path}", Terms()) as desk:
        for happening in a_year(5, 30, experts=1, clients=8).happenings:
            await desk.happen(happening)
    numbers = itertools.count(1)
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("pragma foreign_keys=off")
        for table in metadata.sorted_tables:
            if raw.execute(f'select 1 from "{table.name}" limit 1').fetchone() is None:
                values = [
                    2**53 + next(numbers) if column.type.python_type is int else f"{column.name} ‚ü\U0001f600"
                    for column in table.columns
                ]
                for column in table.columns:
                    for key in column.foreign_keys:
                        found = raw.execute(f"select {key.column.name} from {key.column.table.name}").fetchone()
                        values[list(table.columns).index(column)] = found[0]
                names = ", ".join(f'"{column.name}"' for column in table.columns)
                marks = ", ".join("?" * len(values))
                raw.execute(f'insert into "{table.name}" ({names}) values ({marks})', values)


def copying(folder: Path, source: Path, url: str, *more: str) -> subprocess.CompletedProcess[str]:
    arguments = ("migrate", "--copy-from", f"sqlite:///{source}", *more)
    done = headstrt(folder, *arguments, HEADSTRT_DATABASE_URL=url)
    assert "Traceback" not in done.stderr, done.stderr
    return done


async def is_whole(url: str) -> None:
    said: list[str] = []
    await check_database(said.append, url)
    assert said[-1] == WHOLE


# --- moving up --------------------------------------------------------------------------------------------------------


async def test_every_row_of_every_table_arrives_and_a_server_goes_on_from_there(
    cluster: Cluster, tmp_path: Path
) -> None:
    source, url = tmp_path / "a.db", await cluster.fresh(migrated=False)
    await a_busy_house(source)
    before = rows_of(source)
    assert all(before.values()), "each table has a row, or this shows nothing"
    done = await asyncio.to_thread(copying, tmp_path, source, url)
    assert done.returncode == 0, done.stderr
    assert WHOLE in done.stdout
    assert f"{sum(map(len, before.values()))} rows are in postgresql://" in done.stdout
    assert await rows_in(cluster, url) == before
    assert rows_of(source) == before
    await is_whole(url)
    async with office(url) as o:  # what a sequence or a trigger would refuse, it refuses here
        assert [row.id for row in await o.desk.keys()] == [row[0] for row in before["keys"]]
        await hold(o, "bk_after_the_move")
    again = await asyncio.to_thread(copying, tmp_path, source, url)
    assert (again.returncode, again.stdout) == (1, "")
    assert "nothing was copied: postgresql://" in again.stderr
    assert "is not empty" in again.stderr


async def test_what_is_in_the_way_of_a_copy_is_said_and_nothing_is_copied(cluster: Cluster, tmp_path: Path) -> None:
    source, url = tmp_path / "a.db", await cluster.fresh()

    async def refused(reason: str, from_: Path = source, to: str = url) -> None:
        with pytest.raises(CannotMove, match=re.escape(reason)):
            await copy_from([].append, to, f"sqlite:///{from_}")
        assert all(not rows for rows in (await rows_in(cluster, url)).values())

    await refused("there is no database at")
    async with office(source) as o:
        await hold(o, "bk_1")
        await refused("stop that first")  # its server runs
    await refused("must name the PostgreSQL to copy into", to=f"sqlite:///{tmp_path}/b.db")
    text = tmp_path / "text.db"
    text.write_text("no database, but long enough to be looked at as one" * 100)
    await refused("is not a database of this server", text)

    def changed(name: str, sql: str) -> Path:
        copy_file(source, tmp_path / name)
        with contextlib.closing(sqlite3.connect(tmp_path / name)) as raw, raw:
            for trigger in ("ledger_no_update", "ledger_no_delete"):
                raw.execute(f"drop trigger {trigger}")
            raw.execute(sql)
        return tmp_path / name

    await refused("has schema 0001", changed("old.db", "update alembic_version set version_num = '0001'"))
    await refused("does not have the tables of schema", changed("more.db", "create table more (n integer)"))
    await refused("rows 1 to", changed("nul.db", "update parties set name = 'a' || char(0) || 'b'"))
    broken = changed("broken.db", "update ledger set body = body || ' ' where seq = 2")
    await refused("--as-it-is", broken)
    stranger = await cluster.fresh(migrated=False)
    await cluster.execute("create table theirs (n int)", stranger)
    await refused("is somebody else's: it has theirs", to=stranger)
    old = await cluster.fresh()
    await cluster.execute("update alembic_version set version_num = '0007'", old)
    await refused("has schema 0007", to=old)
    async with office(url):
        await refused("in use by another server")
    said: list[str] = []
    await copy_from(said.append, url, f"sqlite:///{broken}", as_it_is=True)
    assert any("though not in order" in line for line in said)
    assert await rows_in(cluster, url) == rows_of(broken)


async def test_nodes_that_start_at_once_migrate_once(cluster: Cluster, tmp_path: Path) -> None:
    """Each a process of its own. Who waits for the others' migration waits for longer than for any other lock."""
    url = await cluster.fresh(migrated=False)
    program = (
        "import asyncio, sys\n"
        "from server.store import postgres\n"
        "from server.store.database import open_database\n"
        "from server.store.migrate import upgrade\n"
        "postgres._SETTINGS['lock_timeout'] = '200'\n"
        "async def main():\n"
        "    database = open_database(sys.argv[1])\n"
        "    await database.start(alone=False)\n"
        "    print(*await upgrade(database))\n"
        "    await database.close()\n"
        "asyncio.run(main())\n"
    )
    gate = await asyncpg.connect(url)
    await gate.execute("select pg_advisory_lock($1)", lock_number("database", "schema"))
    nodes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            url,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]

    async def all_wait() -> bool:
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        return bool(await gate.fetchval(waiting) == len(nodes))

    await until(all_wait, 60, "each node is at the migration")
    await asyncio.sleep(0.5)
    await gate.close()
    said = await asyncio.gather(*(node.communicate() for node in nodes))
    assert sorted(out.decode().strip() for out, _ in said) == [
        f"{newest()} {newest()}",
        f"{newest()} {newest()}",
        f"None {newest()}",
    ], said
    assert [node.returncode for node in nodes] == [0, 0, 0]


# --- backup and restore -----------------------------------------------------------------------------------------------


async def test_a_backup_of_a_running_server_under_load_is_restored_elsewhere(server: Server, tmp_path: Path) -> None:
    live = {"HEADSTRT_DATABASE_URL": f"sqlite:///{server.folder}/e2e.sqlite3"}
    elsewhere = {"HEADSTRT_DATABASE_URL": f"sqlite:///{tmp_path}/elsewhere/b.sqlite3"}
    file = tmp_path / "backup.sqlite3"
    work = Office(server)
    promised: dict[str, list[tuple[str, str | None]]] = {}
    async with aiohttp.ClientSession() as http:
        await _the_first(work, http)
        promised = {session: list(facts) for session, facts in work.told.acknowledged.items()}
        async with _load(work, http):
            made = await asyncio.to_thread(headstrt, tmp_path, "backup", str(file), **live)
    assert made.returncode == 0, made.stderr + server.log()
    assert WHOLE in made.stdout
    assert (file.stat().st_mode & 0o777, sorted(path.name for path in tmp_path.glob("*backup*"))) == (
        0o600,
        [file.name],
    )
    for to, reason in ((file, "nothing is written over"), (Path("/proc/b.sqlite3"), "cannot be written")):
        with pytest.raises(HeadstrtError, match=reason):  # the server says so
            await back_up([].append, live["HEADSTRT_DATABASE_URL"], to)
    with pytest.raises(CannotMove, match="stop the server first"):
        await restore([].append, live["HEADSTRT_DATABASE_URL"], file)
    (tmp_path / "elsewhere").mkdir()
    back = await asyncio.to_thread(headstrt, tmp_path, "restore", str(file), **elsewhere)
    assert back.returncode == 0, back.stderr
    restored = tmp_path / "elsewhere" / "b.sqlite3"
    assert rows_of(restored) == rows_of(file)
    assert audit(restored, Told(promised, work.told.asked)) == []
    assert len(rows_of(file)["sessions"]) < len(rows_of(Path(server.folder) / "e2e.sqlite3")["sessions"])
    with pytest.raises(CannotMove, match="away first"):
        await restore([].append, elsewhere["HEADSTRT_DATABASE_URL"], file)
    second = Server(tmp_path / "elsewhere", settings=elsewhere)
    await second.start()
    try:
        assert (await second.session("first"))["end"]["reason"] == "hung_up"
        assert (await second.book(starts_in=60, minutes=10))["id"] == "bk_1"
    finally:
        assert await second.stop() == 0


async def _the_first(work: Office, http: aiohttp.ClientSession) -> None:
    """A call that has an hour, so that a busy machine cannot be too late for it."""
    booked = await work.book(http, "first", ends_in=3600, minutes=60)
    pages = {role: work.page(booked["links"][role]) for role in ("client", "expert")}
    for role, page in pages.items():
        await page.connect()
        await page.join()
        work.told.done("first", "joined", role)
    work.told.ask("first", "hung_up", "expert")
    await pages["expert"].command("hang_up")
    for page in pages.values():
        await page.close()


@contextlib.asynccontextmanager
async def _load(work: Office, http: aiohttp.ClientSession) -> Any:
    """Bookings, sockets and hang-ups, one after the other, from before until after."""
    done = asyncio.Event()

    async def go_on(name: str) -> None:
        for number in itertools.count():
            if done.is_set():
                return
            with contextlib.suppress(Refused, socketio.exceptions.SocketIOError, TimeoutError):  # it is only load
                await work.couple(http, f"{name}_{number}", random.Random(number))

    tasks = [asyncio.create_task(go_on(name)) for name in ("a", "b")]
    await asyncio.sleep(0.5)
    yield
    await asyncio.sleep(0.5)
    done.set()
    await asyncio.gather(*tasks)


def test_a_copy_is_one_state_while_somebody_writes_all_the_time(tmp_path: Path) -> None:
    """Two rows that are always equal; the file is larger than one step of the copy, so there are writes in between."""
    path, stop = tmp_path / "a.db", threading.Event()
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("pragma journal_mode=wal")
        raw.execute("create table t (k integer primary key, n integer, filling text)")
        raw.executemany("insert into t values (?, 0, ?)", [(k, "x" * 2_000) for k in range(20_000)])

    def write() -> None:
        with contextlib.closing(sqlite3.connect(path)) as writer:
            for n in itertools.count(1):
                if stop.is_set():
                    return
                with writer:
                    writer.execute("update t set n = ? where k in (0, 19999)", (n,))

    thread = threading.Thread(target=write)
    thread.start()
    looks: list[int] = []
    try:
        copy_file(path, tmp_path / "b.db", lambda: bool(looks.append(1)))  # type: ignore[func-returns-value]
    finally:
        stop.set()
        thread.join()
    assert len(looks) > 5
    with contextlib.closing(sqlite3.connect(tmp_path / "b.db")) as raw:
        assert raw.execute("pragma integrity_check").fetchone() == ("ok",)
        assert len(set(raw.execute("select n from t where k in (0, 19999)"))) == 1
    with pytest.raises(CannotBackUp, match="given up"):
        copy_file(path, tmp_path / "c.db", lambda: True)
    assert sorted(name.name for name in tmp_path.iterdir() if "c.db" in name.name) == []


async def test_a_backup_without_a_server_and_one_that_was_damaged(tmp_path: Path) -> None:
    await with_schema(f"sqlite:///{tmp_path}/cli.sqlite3")
    good, bad = tmp_path / "good", tmp_path / "bad"
    made = await asyncio.to_thread(headstrt, tmp_path, "backup", str(good))
    assert made.returncode == 0, made.stderr
    bad.write_bytes(b"\0" * 8192)
    elsewhere = f"sqlite:///{tmp_path}/b.sqlite3"
    for file, reason in ((bad, "cannot be read"), (tmp_path / "none", "there is no database at")):
        with pytest.raises(CannotMove, match=reason):
            await restore([].append, elsewhere, file)
        assert not (tmp_path / "b.sqlite3").exists()


async def test_postgresql_is_backed_up_and_restored_as_documented(cluster: Cluster, tmp_path: Path) -> None:
    """The very commands that ``headstrt backup`` and ``restore`` name there, under load, into a new database."""
    url, empty = await cluster.fresh(migrated=False), await cluster.fresh(migrated=False)
    server = Server(tmp_path, settings={"HEADSTRT_DATABASE_URL": url})
    work = Office(server)
    await server.start()
    try:
        async with aiohttp.ClientSession() as http:
            await _the_first(work, http)
            promised = {session: list(facts) for session, facts in work.told.acknowledged.items()}
            async with _load(work, http):
                await _as_told("backup", tmp_path / "pg.dump", url)
        await _as_told("restore", tmp_path / "pg.dump", empty)
    finally:
        assert await server.stop() == 0
    assert await asyncio.to_thread(audit, empty, Told(promised, work.told.asked)) == []
    there, copied = await rows_in(cluster, url), await rows_in(cluster, empty)
    assert set(copied["ledger"]) < set(there["ledger"])
    await is_whole(empty)
    second = Server(tmp_path / "second", settings={"HEADSTRT_DATABASE_URL": empty})
    second.folder.mkdir()
    await second.start()
    assert (await second.session("first"))["end"]["reason"] == "hung_up"
    assert await second.stop() == 0


async def _as_told(command: str, file: Path, url: str) -> None:
    """Ask ours, which says what to do instead; and do exactly that."""
    act = back_up if command == "backup" else restore
    with pytest.raises(CannotMove) as told:
        await act([].append, url, file)
    line = str(told.value).partition(": ")[2]
    assert line.startswith("pg_"), told
    done = await asyncio.to_thread(subprocess.run, line, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
