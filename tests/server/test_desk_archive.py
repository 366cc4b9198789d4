"""P5.7: what a person may have of its own, have taken away, and what time takes. On both stores."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from server.policy.people import Category, Measure
from server.store import sessions, tables
from server.store.archive import NOBODY
from server.store.people import find, load
from server.store.sessions import Party
from signaling.errors import NotFound, UserError
from signaling.ledger import Entry, verify
from signaling.session import MINUTE, HangUp, Join, MediaUp, Role
from tests.builders import NOON, Clock, Office, booking, office

DAY = 24 * 60 * MINUTE
CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def held(
    o: Office, id_: str = "bk_1", client: str = "c_9", expert: str = "e_4", start: int = NOON, said: str | None = None
) -> None:
    """A session in which they met and the expert left early. ``said``: what the client reports while it goes on."""
    o.clock.now = start - MINUTE
    await o.desk.book(
        booking(id_, starts_at=start, client=Party(client, "Ada Client"), expert=Party(expert, "Max Expert"))
    )
    o.clock.now = start
    for role in Role:
        await o.desk.report(id_, Join(role, f"join-{role}"), o.clock())
    await o.desk.report(id_, MediaUp(), o.clock())
    o.clock.now = start + 10 * MINUTE
    if said is not None:
        await o.desk.complain(id_, CLIENT, Category.CONDUCT, said)
    await o.desk.report(id_, HangUp(EXPERT), o.clock())


async def everything(o: Office) -> str:
    """All that is stored, as one text to search in; the hashes in it are of no name."""
    found: list[str] = []
    async with o.database.read() as connection:
        for table in tables.metadata.sorted_tables:
            found += [repr(tuple(row)) for row in await connection.execute(select(table))]
    return "\n".join(found)


async def chain(o: Office, table: Any, key: Any, id_: str) -> str:
    async with o.database.read() as connection:
        rows = await connection.execute(select(table).where(key == id_).order_by(table.c.seq))
        return verify(id_, [Entry(row.seq, row.body, row.hash) for row in rows])


async def test_P5_7_an_export_has_all_of_its_own_and_nothing_that_names_another(where: str) -> None:
    async with office(where) as o:
        await held(o, said="He shouted.")
        await o.desk.rate("bk_1", EXPERT, 5, ["kind"], "A pleasure.")
        mine = await o.desk.export("e_4", "key_1")
        assert mine["person"]["id"] == "e_4"
        assert [each["role"] for each in mine["sessions"]] == ["expert"]
        assert mine["sessions"][0]["ledger"][0]["kind"] == "booked"
        assert {"text": "A pleasure.", "own": True}.items() <= mine["texts"][0].items()
        hidden = str(mine)
        assert "He shouted." not in hidden  # P2.1: it is not shown to it yet
        assert "Ada Client" not in hidden
        assert "c_9" not in hidden
        async with o.database.read() as connection:
            other = await find(connection, "c_9")
        assert other is not None
        assert other.pseudonym not in hidden
        o.clock.now += 8 * DAY
        assert "He shouted." in str(await o.desk.export("e_4", "key_1"))
        with pytest.raises(NotFound):
            await o.desk.export("nobody", "key_1")


async def test_P5_7_an_erasure_takes_every_name_and_leaves_every_chain(where: str) -> None:
    async with office(where) as o:
        await held(o)
        await o.desk.rate("bk_1", CLIENT, 4, [], "Max was kind to Ada.")
        await o.desk.erase("c_9", "key_1", "she asked for it")
        left = await everything(o)
        for name in ("c_9", "Ada", "ada@"):
            assert name not in left
        assert NOBODY in left
        record = await o.desk.record("bk_1")
        assert record.client.name == NOBODY
        assert await chain(o, tables.ledger, tables.ledger.c.session_id, "bk_1") == record.head.hash  # type: ignore[union-attr]
        pseudonym = record.who(CLIENT).pseudonym
        async with o.database.read() as connection:
            file = await load(connection, pseudonym)
        assert file is not None
        head = await chain(o, tables.person_ledger, tables.person_ledger.c.pseudonym, pseudonym)
        assert head == file.person.head
        assert file.dossier.erased_at == o.clock()
        await o.desk.erase(pseudonym, "key_1", "again")  # twice changes nothing
        async with o.database.read() as connection:
            assert (await load(connection, pseudonym)) == file


async def test_P5_7_nobody_is_erased_out_of_a_session_to_come(where: str) -> None:
    async with office(where, Clock(NOON - 60 * MINUTE)) as o:
        await o.desk.book(booking())
        with pytest.raises(UserError, match="not over"):
            await o.desk.erase("c_9", "key_1", "why")
        assert (await o.desk.record("bk_1")).client.name == "Ada Client"


async def test_P5_7_an_erasure_is_no_way_out_of_a_sanction(where: str) -> None:
    async with office(where) as o:
        await held(o)
        await o.desk.impose(
            "e_4", "key_1", measure=Measure.PERMANENT, roles=[EXPERT], until=None, law="DE", reason="proven in court"
        )
        await o.desk.erase("e_4", "key_1", "asked for")
        left = await everything(o)
        assert "Max" not in left
        assert "'e_4'" not in left
        assert "proven in court" in left  # what the sanction stands on is kept
        with pytest.raises(UserError) as refused:
            await o.desk.book(booking("bk_2", starts_at=o.clock() + DAY))
        assert refused.value.code == "party_sanctioned"


async def test_P5_7_one_who_was_erased_without_a_sanction_is_a_stranger(where: str) -> None:
    async with office(where) as o:
        await held(o)
        before = (await o.desk.record("bk_1")).who(EXPERT).pseudonym
        await o.desk.erase("e_4", "key_1", "asked for")
        booked = await o.desk.book(booking("bk_2", starts_at=o.clock() + DAY))
        assert booked.record.who(EXPERT).pseudonym not in ("", before)


async def test_P5_7_time_takes_whole_chains_and_leaves_their_heads(where: str) -> None:
    async with office(where) as o:
        await held(o)
        await o.desk.rate("bk_1", CLIENT, 4, [], "Kind.")
        head = (await o.desk.record("bk_1")).head
        assert head is not None
        o.clock.now += 20 * DAY
        await o.desk.sweep()  # the refund window closes
        head = (await o.desk.record("bk_1")).head
        assert head is not None
        assert not (await o.desk.retain()).anything
        o.clock.now += 731 * DAY
        await o.desk.book(booking("bk_2", starts_at=o.clock() + DAY))
        removed = await o.desk.retain()
        assert (removed.sessions, removed.people, removed.texts) == (1, 0, 1)  # both are booked again
        with pytest.raises(NotFound):
            await o.desk.record("bk_1")
        async with o.database.read() as connection:
            kept = (await connection.execute(select(tables.removals))).one()
            assert (kept.kind, kept.id, kept.seq, kept.head) == ("session", "bk_1", head.seq, head.hash)
            assert await sessions.load(connection, "bk_2") is not None
        assert not (await o.desk.retain()).anything


async def test_P5_7_persons_go_when_nothing_holds_them(where: str) -> None:
    async with office(where) as o:
        await held(o, client="c_1", expert="e_1")
        await held(o, "bk_2", client="c_2", expert="e_2", start=NOON + DAY)
        await o.desk.impose("e_2", "k", measure=Measure.PERMANENT, roles=[EXPERT], until=None, law="DE", reason="r")
        o.clock.now += 20 * DAY
        await o.desk.sweep()
        o.clock.now += 740 * DAY
        removed = await o.desk.retain()
        assert removed.sessions == 2
        async with o.database.read() as connection:
            left = {row.person_id for row in await connection.execute(select(tables.people))}
        assert left == {"e_2"}  # for good: a sanction that stands is not forgotten by time (P2.5)


async def test_P0_4_a_chain_cannot_be_cut_by_any_other_door(where: str) -> None:
    async with office(where) as o:
        await held(o)
        await o.desk.rate("bk_1", CLIENT, 4, [], None)
        for statement in ("delete from ledger", "delete from person_ledger", "update ledger set seq = 99"):
            with pytest.raises(DBAPIError, match="append-only"):
                await o.database.write(lambda c, statement=statement: c.execute(text(statement)))  # type: ignore[misc]


async def test_this_server_s_own_test_calls_are_kept_for_a_day(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking("probe_1", probe=True))
        await o.desk.book(booking("bk_1"))
        o.clock.at(31)
        await o.desk.sweep()
        assert not (await o.desk.retain()).anything
        o.clock.now += 25 * 60 * MINUTE
        assert (await o.desk.retain()).sessions == 1
        assert (await o.desk.record("bk_1")).session.over
