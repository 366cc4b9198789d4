"""The store's functions as their contract says: what is saved is what is loaded, and who comes second loses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy.facts import AnyFact, Opened
from server.store import keys, sessions, tables
from server.store.batch import Rows, put
from server.store.sessions import OutboxRow, Party, Record, Summary
from signaling.errors import Stale
from signaling.session import MINUTE, Role
from tests.builders import NOON, Office, booking, office


@pytest.fixture
async def o(where: str) -> AsyncIterator[Office]:
    async with office(where) as made:
        yield made


async def rows(o: Office, sql: str) -> list[tuple[object, ...]]:
    async with o.database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def save(o: Office, before: Record, *facts: AnyFact, wake_at: int | None = None) -> Record:
    after, entries = sessions.append(before, facts)
    await o.database.write(lambda c: sessions.save(c, before, after, entries, Summary(wake_at, None)))
    return after


async def test_what_is_booked_is_loaded_as_it_was(o: Office) -> None:
    party = Party("c_9", "Ada", "a@x.example", "Europe/Berlin", "de", "DE", (("a", "1"), ("b", "ü")))
    booked = (await o.desk.book(booking(client=party))).record
    assert await o.desk.record("bk_1") == booked
    assert replace(booked.client, token_issued_at=0) == party


async def test_many_are_loaded_in_the_order_asked_for_and_unknown_ones_left_out(o: Office) -> None:
    for name in "abc":
        await o.desk.book(booking(name))
    async with o.database.read() as connection:
        found = await sessions.load_many(connection, ["c", "nope", "a"])
        assert [record.id for record in found] == ["c", "a"]
        assert await sessions.load_many(connection, []) == []
        assert await sessions.load(connection, "nope") is None


async def test_who_loaded_an_older_state_is_told_so_and_changes_nothing(o: Office) -> None:
    before = (await o.desk.book(booking())).record
    first = await save(o, before, Opened(NOON, Role.CLIENT))
    with pytest.raises(Stale):
        await save(o, before, Opened(NOON, Role.EXPERT))
    assert await o.desk.record("bk_1") == first


async def test_two_entries_can_never_have_one_number(o: Office) -> None:
    before = (await o.desk.book(booking())).record
    _, entries = sessions.append(before, [Opened(NOON, Role.CLIENT)])

    async def twice(connection: AsyncConnection) -> None:
        await put(connection, Rows(tables.ledger, sessions._ledger_rows("bk_1", entries)))

    await o.database.write(twice)
    with pytest.raises(IntegrityError):
        await o.database.write(twice)


async def test_a_session_is_created_once(o: Office) -> None:
    record = (await o.desk.book(booking())).record
    with pytest.raises(IntegrityError):
        await o.database.write(lambda c: sessions.create(c, record, [], Summary(None, None)))


async def test_events_are_numbered_on_and_a_number_is_given_once(o: Office) -> None:
    record = (await o.desk.book(booking())).record
    assert record.events == 1
    news = [OutboxRow("session.moved", "{}"), OutboxRow("party.late", "{}")]
    after, entries = sessions.append(record, [Opened(NOON, Role.CLIENT)])
    await o.database.write(lambda c: sessions.save(c, record, after, entries, Summary(None, None), news))
    assert (await o.desk.record("bk_1")).events == 3
    with pytest.raises(Stale):  # from a record that is older
        await o.database.write(lambda c: sessions.save(c, record, after, entries, Summary(None, None), news))
    again = sessions._outbox_rows("bk_1", record.events, news, NOON)
    with pytest.raises(IntegrityError):
        await o.database.write(lambda c: put(c, Rows(tables.outbox, again)))
    found = await rows(o, "select sequence, type, id from outbox order by sequence")
    assert [row[:2] for row in found] == [(1, "session.booked"), (2, "session.moved"), (3, "party.late")]
    ids = [str(row[2]) for row in found]
    assert ids == sorted(ids)
    assert len(set(ids)) == 3


async def test_due_are_those_whose_time_has_come_earliest_first(o: Office) -> None:
    for name, wake_at in (("late", NOON + 2), ("now", NOON), ("early", NOON - 5), ("never", None)):
        record = (await o.desk.book(booking(name))).record
        await save(o, record, Opened(NOON, Role.CLIENT), wake_at=wake_at)
    async with o.database.read() as connection:
        assert await sessions.due(connection, NOON) == ["early", "now"]
        assert await sessions.next_wake(connection, NOON + 2) == [
            ("early", NOON - 5),
            ("now", NOON),
            ("late", NOON + 2),
        ]


async def test_open_until_leaves_out_what_is_over_and_what_is_far(o: Office) -> None:
    for name, starts_at in (("on", NOON), ("far", NOON + 600 * MINUTE), ("gone", NOON)):
        await o.desk.book(booking(name, starts_at=starts_at))
    await o.desk.end("gone", "why", "key_1")
    async with o.database.read() as connection:
        assert await sessions.open_until(connection, NOON + 60 * MINUTE) == ["on"]


async def test_a_sign_of_life_replaces_the_one_before(o: Office) -> None:
    async with o.database.read() as connection:
        assert await sessions.last_alive(connection, "n1") is None
    for at in (NOON, NOON + 5):
        await o.database.write(lambda c, at=at: sessions.sign_of_life(c, "n1", at))
    async with o.database.read() as connection:
        assert await sessions.last_alive(connection, "n1") == NOON + 5
        assert await sessions.last_alive(connection, "n2") is None


async def test_terms_are_kept_once_by_their_hash(o: Office) -> None:
    for name in "ab":
        await o.desk.book(booking(name))
    assert await rows(o, "select count(*), min(hash) from terms") == [(1, o.desk.rules.terms.hash)]


async def test_a_key_is_found_by_its_hash_and_revoked_once(o: Office) -> None:
    key = keys.Key("key_1", "booking", ("sessions", "read"), NOON, None)
    await o.database.write(lambda c: keys.add(c, key, "digest"))
    async with o.database.read() as connection:
        assert await keys.find(connection, "digest") == key
        assert await keys.find(connection, "other") is None
    assert await o.database.write(lambda c: keys.revoke(c, "key_1", NOON + 1))
    assert not await o.database.write(lambda c: keys.revoke(c, "key_1", NOON + 2))
    async with o.database.read() as connection:
        assert await keys.every(connection) == [replace(key, revoked_at=NOON + 1)]
