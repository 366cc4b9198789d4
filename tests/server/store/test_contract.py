"""What every store promises (server/store/database.py), on each of them: one suite, the same answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy.facts import Opened
from server.policy.terms import Terms
from server.store import sessions, tables
from server.store.database import Database, Locked, open_database
from server.store.locks import add_once, exclusively
from server.store.migrate import newest, revision, upgrade
from server.store.postgres import WRITERS, PostgreSQL
from server.store.sessions import Summary
from signaling.errors import Busy, Stale
from signaling.session import Role
from tests.builders import NOON, booking, office

RACERS = 64


@pytest.fixture
async def db(where: str) -> AsyncIterator[Database]:
    database = open_database(where)
    await database.start()
    await database.write(execute("create table t (n bigint primary key)"))
    yield database
    await database.close()


def execute(sql: str) -> Callable[[AsyncConnection], Awaitable[None]]:
    async def work(connection: AsyncConnection) -> None:
        await connection.execute(text(sql))

    return work


def put(n: int) -> Callable[[AsyncConnection], Awaitable[None]]:
    return execute(f"insert into t values ({n})")


async def stored(database: Database) -> list[int]:
    async with database.read() as connection:
        return [row.n for row in await connection.execute(text("select n from t order by n"))]


# --- writing and reading ----------------------------------------------------------------------------------------------


async def test_what_was_acknowledged_is_there_after_a_new_start(where: str, db: Database) -> None:
    await db.write(put(1))
    await db.close()
    again = open_database(where)
    await again.start()
    assert await stored(again) == [1]
    await again.close()


async def test_one_that_fails_is_undone_alone_and_told_why(db: Database) -> None:
    async def fails(connection: AsyncConnection) -> None:
        await put(50)(connection)
        raise LookupError("mine alone")

    await db.write(put(1))
    results = await asyncio.gather(
        db.write(fails), db.write(put(1)), db.write(put(2)), db.write(put(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [LookupError, IntegrityError, type(None), type(None)]
    assert await stored(db) == [1, 2, 3]


async def test_a_write_returns_what_its_work_returns(db: Database) -> None:
    async def seven(connection: AsyncConnection) -> int:
        return 7

    assert await db.write(seven) == 7


async def test_each_write_is_timed_once_it_is_done(db: Database) -> None:
    times: list[float] = []
    db.observe = times.append
    await db.write(put(1))
    with pytest.raises(IntegrityError):
        await db.write(put(1))
    assert len(times) == 1
    assert times[0] > 0


async def test_a_reader_sees_one_state_for_as_long_as_it_looks_and_cannot_write(db: Database) -> None:
    await db.write(put(1))
    async with db.read() as connection:
        assert (await connection.execute(text("select count(*) from t"))).scalar() == 1
        await db.write(put(2))
        assert (await connection.execute(text("select count(*) from t"))).scalar() == 1
        with pytest.raises(Exception, match=r"readonly|read-only"):
            await connection.execute(text("insert into t values (9)"))
    assert await stored(db) == [1, 2]


async def test_who_is_cancelled_while_waiting_takes_it_back(db: Database) -> None:
    release = asyncio.Event()
    held = [asyncio.create_task(db.write(_hold(release))) for _ in range(20)]  # more than may write at once
    await asyncio.sleep(0.3)
    waiting = asyncio.create_task(db.write(put(2)))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    release.set()
    await asyncio.gather(*held)
    await db.write(put(3))
    assert await stored(db) == [3]


async def test_who_waits_too_long_for_its_turn_is_told_so_and_it_never_happens(db: Database) -> None:
    release = asyncio.Event()
    held = [asyncio.create_task(db.write(_hold(release))) for _ in range(20)]
    await asyncio.sleep(0.3)
    db.patience = 0.05
    with pytest.raises(Busy):
        await db.write(put(2))
    db.patience = 10
    release.set()
    await asyncio.gather(*held, return_exceptions=True)
    await db.write(put(3))
    assert await stored(db) == [3]


async def test_what_goes_first_stands_in_no_queue(db: Database) -> None:
    begun: list[str] = []
    go = asyncio.Event()

    def wait(name: str) -> Callable[[AsyncConnection], Awaitable[None]]:
        async def work(connection: AsyncConnection) -> None:
            begun.append(name)
            await go.wait()

        return work

    async def sign(connection: AsyncConnection) -> None:
        begun.append("sign")

    crowd = [asyncio.create_task(db.write(wait(f"{n}"))) for n in range(50)]
    while not begun:
        await asyncio.sleep(0)
    signing = asyncio.create_task(db.write(sign, first=True))
    if isinstance(db, PostgreSQL):  # it waits for nobody, only for a connection to come up
        await signing
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(signing, *crowd)
    assert len(begun) == 51
    assert begun.index("sign") <= WRITERS, "only those that had begun were before it"


async def test_one_that_has_begun_is_finished_though_its_caller_is_cancelled(db: Database) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def slow(connection: AsyncConnection) -> None:
        begun.set()
        await release.wait()
        await put(1)(connection)

    task = asyncio.create_task(db.write(slow))
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    release.set()
    await db.close()
    await db.start()
    assert await stored(db) == [1]


async def test_close_writes_what_is_waiting_and_refuses_what_comes_after(db: Database) -> None:
    waiting = [asyncio.create_task(db.write(put(n))) for n in range(20)]
    await asyncio.sleep(0)
    await db.close()
    assert await asyncio.gather(*waiting) == [None] * 20
    with pytest.raises(RuntimeError, match="not open"):
        await db.write(put(99))
    with pytest.raises(RuntimeError, match="not open"):
        await stored(db)
    await db.start()
    assert await stored(db) == list(range(20))


async def test_a_second_server_is_refused_until_the_first_has_gone(where: str, db: Database) -> None:
    second = open_database(where)
    with pytest.raises(Locked, match="in use"):
        await second.start()
    await db.write(put(1))
    await db.close()
    await second.start()
    assert await stored(second) == [1]
    await second.close()


def _hold(release: asyncio.Event) -> Callable[[AsyncConnection], Awaitable[None]]:
    async def work(connection: AsyncConnection) -> None:
        await release.wait()

    return work


# --- many at once -----------------------------------------------------------------------------------------------------


async def test_of_many_who_save_one_session_at_once_one_wins(where: str) -> None:
    """Compare-and-set under READ COMMITTED: the second of two that change a row looks at it again."""
    async with office(where) as o:
        before = (await o.desk.book(booking())).record
        changes = [sessions.append(before, [Opened(NOON + n, Role.CLIENT)]) for n in range(RACERS)]
        results = await asyncio.gather(
            *(
                o.database.write(lambda c, a=after, e=entries: sessions.save(c, before, a, e, Summary(None, None)))
                for after, entries in changes
            ),
            return_exceptions=True,
        )
        assert Counter(type(result) for result in results) == {type(None): 1, Stale: RACERS - 1}
        (winner,) = (after for (after, _), result in zip(changes, results, strict=True) if result is None)
        assert await o.desk.record("bk_1") == winner


async def test_many_who_count_and_then_act_never_count_wrong_when_they_take_the_lock(db: Database) -> None:
    """As five complaints are counted (P2.3): each has the number that it makes, and none is made twice."""

    async def file(connection: AsyncConnection) -> int:
        await exclusively(connection, "person", "accused")
        count = (await connection.execute(text("select count(*) from t"))).scalar_one()
        await connection.execute(text(f"insert into t values ({count + 1})"))
        return int(count) + 1

    numbers = await asyncio.gather(*(db.write(file) for _ in range(RACERS)))
    assert sorted(numbers) == list(range(1, RACERS + 1))


async def test_a_row_that_many_add_at_once_is_there_once(db: Database) -> None:
    terms = Terms()
    added = await asyncio.gather(
        *(
            db.write(lambda c: add_once(c, tables.terms, hash=terms.hash, body=terms.to_json()))  # type: ignore[misc]
            for _ in range(RACERS)
        )
    )
    assert sorted(added) == [False] * (RACERS - 1) + [True]


async def test_a_row_that_is_locked_for_update_waits_for_nobody_but_its_own(where: str) -> None:
    """``with_for_update`` is the one word for it on both: SQLite, with its one writer, does not need it."""
    async with office(where) as o:
        for name in "ab":
            await o.desk.book(booking(name))

        async def count(connection: AsyncConnection, name: str) -> None:
            s = tables.sessions
            query = select(s.c.events).where(s.c.id == name).with_for_update()
            events = (await connection.execute(query)).scalar_one()
            await connection.execute(s.update().where(s.c.id == name).values(events=events + 1))

        await asyncio.gather(
            *(o.database.write(lambda c, n=name: count(c, n)) for name in "ab" for _ in range(RACERS // 2))
        )
        for name in "ab":
            assert (await o.desk.record(name)).events == 1 + RACERS // 2


# --- the schema -------------------------------------------------------------------------------------------------------


async def test_what_the_migrations_make_is_what_the_tables_say(where: str, db: Database) -> None:
    def described(connection: Any) -> dict[str, object]:
        known = inspect(connection)
        return {name: _found(known, name) for name in tables.metadata.tables}

    async with db.read() as connection:
        found = await connection.run_sync(described)
        assert set(tables.metadata.tables) <= set(await connection.run_sync(lambda c: inspect(c).get_table_names()))
    for name, table in tables.metadata.tables.items():
        assert found[name] == _wanted(table), name


def _found(known: Any, name: str) -> dict[str, object]:
    return {
        "columns": {(c["name"], _affinity(c["type"]), c["nullable"]) for c in known.get_columns(name)},
        "key": known.get_pk_constraint(name)["constrained_columns"],
        "foreign": {
            (*f["constrained_columns"], "->", f["referred_table"], *f["referred_columns"])
            for f in known.get_foreign_keys(name)
        },
        "unique": {tuple(u["column_names"]) for u in known.get_unique_constraints(name)},
        "indexes": {
            (i["name"], *i["column_names"]) for i in known.get_indexes(name) if not i.get("duplicates_constraint")
        },
    }


def _wanted(table: Any) -> dict[str, object]:
    return {
        "columns": {(c.name, _affinity(c.type), bool(c.nullable)) for c in table.columns},
        "key": [c.name for c in table.primary_key.columns],
        "foreign": {
            (*f.column_keys, "->", f.referred_table.name, *(e.column.name for e in f.elements))
            for f in table.foreign_key_constraints
        },
        "unique": {
            tuple(c.name for c in u.columns) for u in table.constraints if type(u).__name__ == "UniqueConstraint"
        },
        "indexes": {(i.name, *(c.name for c in i.columns)) for i in table.indexes},
    }


def _affinity(kind: Any) -> str:
    return "text" if "TEXT" in str(kind).upper() else "integer" if "INT" in str(kind).upper() else str(kind)


async def test_migrating_again_changes_nothing(db: Database) -> None:
    await db.close()
    await db.start()
    assert await revision(db) == newest()
    assert await upgrade(db) == (newest(), newest())


async def test_texts_are_sorted_by_their_bytes(db: Database) -> None:
    """Wherever it runs: what is counted newest first, then by id, is the same everywhere (P1.5)."""
    for name in ("b", "B", "a", "Z", "_", "é"):
        await db.write(lambda c, n=name: add_once(c, tables.terms, hash=n, body=""))  # type: ignore[misc]
    async with db.read() as connection:
        found = [row.hash for row in await connection.execute(select(tables.terms).order_by(tables.terms.c.hash))]
    assert found == ["B", "Z", "_", "a", "b", "é"]


@pytest.mark.parametrize("table", ["ledger", "person_ledger", "audit", "removals"])
@pytest.mark.parametrize("act", ["update {} set seq = 99", "delete from {}"], ids=["update", "delete"])
async def test_what_only_grows_refuses_whoever_changes_it(where: str, table: str, act: str) -> None:
    """P0.4, by the store itself."""
    async with office(where) as o:
        await o.desk.book(booking())
        for fill in (
            "insert into person_ledger select pseudonym, 1, 'x', 'x' from people",
            "insert into audit values (1, 0, 'x', 'x', 'x', 'x', 'x')",
            "insert into removals values ('x', 'x', 1, 'x', 0)",
        ):
            await o.database.write(execute(fill))
        before = await o.rows(f"select * from {table}")
        assert before
        with pytest.raises(IntegrityError, match=f"the {table} is append-only"):
            await o.database.write(execute(act.format(table)))
        assert await o.rows(f"select * from {table}") == before
