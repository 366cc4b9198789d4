"""What was found by reading persons and money again: what could be lost, shown too early, or said of somebody else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import delete, select

from server.policy.people import Category, Measure
from server.policy.verdict import Attendance, AttendanceKind
from server.store import tables
from server.store.people import find
from server.store.sessions import Party
from signaling.errors import UserError
from signaling.session import MINUTE, HangUp, Join, MediaUp, Role, Whom
from tests.builders import NOON, Clock, Office, booking, office

HOUR = 60 * MINUTE
DAY = 24 * HOUR
CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def held(o: Office, id_: str, start: int, client: str = "c_9", expert: str = "e_4") -> None:
    """A session in which they met, and which the expert left early."""
    o.clock.now = start - MINUTE
    await o.desk.book(
        booking(id_, starts_at=start, client=Party(client, "Ada Client"), expert=Party(expert, "Max Expert"))
    )
    o.clock.now = start
    for role in Role:
        await o.desk.report(id_, Join(role, f"join-{role}"), o.clock())
    await o.desk.report(id_, MediaUp(), o.clock())
    o.clock.now = start + 10 * MINUTE
    await o.desk.report(id_, HangUp(EXPERT), o.clock())


async def test_P5_7_P3_13_one_known_again_after_an_erasure_is_known_in_every_session(where: str) -> None:
    """Barred as an expert for good, and erased, it may still be a client: with all the rights of one."""
    async with office(where) as o:
        await held(o, "bk_1", NOON)
        await o.desk.impose(
            "e_4", "key_1", measure=Measure.PERMANENT, roles=[EXPERT], until=None, law="DE", reason="proven"
        )
        before = (await o.desk.record("bk_1")).who(EXPERT).pseudonym
        await o.desk.erase("e_4", "key_1", "asked for")
        start = NOON + DAY
        await held(o, "bk_2", start, client="e_4", expert="e_5")
        assert (await o.desk.record("bk_2")).who(CLIENT).pseudonym == before
        assert (await o.desk.record("bk_1")).who(EXPERT).pseudonym == before
        await o.desk.complain("bk_2", CLIENT, Category.CONDUCT, "He shouted.")
        await o.desk.rate("bk_2", CLIENT, 1, [], None)
        assert (await o.desk.standing("e_4")).file.person.pseudonym == before
        # and a sanction as a client finds its sessions (P2.6), as the next erasure does
        await o.desk.book(booking("bk_3", starts_at=start + DAY, client=Party("e_4", "Max"), expert=Party("e_5", "E")))
        with pytest.raises(UserError, match="not over"):
            await o.desk.erase("e_4", "key_1", "asked for again")
        await o.desk.impose(
            "e_4", "key_1", measure=Measure.PERMANENT, roles=[CLIENT], until=None, law="DE", reason="proven again"
        )
        assert (await o.desk.record("bk_3")).session.over
        await o.desk.erase("e_4", "key_1", "asked for again")
        with pytest.raises(UserError) as refused:
            await o.desk.book(
                booking("bk_4", starts_at=start + DAY, client=Party("e_4", "Max"), expert=Party("e_5", "E"))
            )
        assert refused.value.code == "party_sanctioned"


async def test_P5_7_a_booking_that_comes_while_its_person_is_erased_keeps_its_name(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever is first: no session is left open with a party that nobody knows any more."""
    async with office(where) as o:
        for number in range(12):
            id_ = f"bk_{number}"
            o.clock.now = NOON + number * DAY
            await o.desk.book(booking(f"old_{number}", starts_at=o.clock.now + HOUR))
            await o.desk.cancel(f"old_{number}", Whom.CLIENT)
            await asyncio.gather(
                o.desk.book(booking(id_, starts_at=o.clock.now + HOUR)),
                o.desk.erase("c_9", "key_1", "asked for"),
                return_exceptions=True,
            )
            record = await o.desk.record(id_)
            assert record.client.name == "Ada Client"
            assert record.who(CLIENT).pseudonym
            await o.desk.cancel(id_, Whom.CLIENT)


async def test_P5_7_an_id_whose_chain_was_taken_away_is_not_used_for_another(where: str) -> None:
    """The head that was kept is that of the first chain; a second one under it could be cut."""
    async with office(where) as o:
        await held(o, "bk_1", NOON)
        o.clock.now += 20 * DAY
        await o.desk.sweep()
        o.clock.now += 740 * DAY
        assert (await o.desk.retain()).sessions == 1
        with pytest.raises(UserError) as refused:
            await o.desk.book(booking("bk_1", starts_at=o.clock.now + DAY))
        assert (refused.value.code, refused.value.status) == ("id_used", 409)


async def test_P1_8_an_excuse_is_the_one_s_whose_slot_it_was(where: str) -> None:
    """Nobody came, the slot was moved, and then the expert was exchanged: the first one's no-show stays its own."""
    async with office(where, Clock(NOON - HOUR)) as o:
        await o.desk.book(booking())
        o.clock.at(15)
        moved = NOON + DAY
        await o.desk.book(booking(starts_at=moved))
        other = Party("e_5", "Eva Other")
        await o.desk.book(booking(starts_at=moved, expert=other))
        o.clock.now = moved + 31 * MINUTE
        await o.desk.sweep()
        await o.desk.excuse("bk_1", "key_1", "a flood", NOON)
        first, second = await o.desk.standing("e_4"), await o.desk.standing("e_5")
        assert list(first.file.dossier.excused) == [("bk_1", NOON)]
        assert not second.file.dossier.excused
        await o.desk.excuse("bk_1", "key_1", "the same flood")
        assert list((await o.desk.standing("e_5")).file.dossier.excused) == [("bk_1", moved)]


async def test_P5_7_who_was_exchanged_is_erased_from_the_events_and_who_came_instead_is_not(where: str) -> None:
    async with office(where, Clock(NOON - HOUR)) as o:
        await o.desk.book(booking(client=Party("c_1", "Anna First", email="anna@example.org")))
        await o.desk.book(booking(client=Party("c_2", "Bert Second")))
        await o.desk.erase("c_1", "key_1", "asked for")
        bodies = "".join(str(row[0]) for row in await o.rows("select body from outbox"))
        assert "Anna First" not in bodies
        assert "anna@example.org" not in bodies
        assert '"c_1"' not in bodies
        await o.desk.cancel("bk_1", Whom.CLIENT)
        await o.desk.erase("c_2", "key_1", "asked for")
        bodies = "".join(str(row[0]) for row in await o.rows("select body from outbox"))
        assert "Bert Second" not in bodies
        async with o.database.read() as connection:
            first = json.loads((await connection.execute(select(tables.outbox.c.body).limit(1))).scalar_one())
        assert first["data"]["session"]["client"]["id"] != (await o.desk.record("bk_1")).client.person_id


@pytest.mark.parametrize("who", ["rated", "reported", "claimed"])
async def test_P2_1_an_export_shows_no_trace_of_what_is_hidden(where: str, who: str) -> None:
    """Nor the operator's act on it: that there is one says that there is something to act upon."""
    async with office(where) as o:
        await held(o, "bk_1", NOON)
        if who == "rated":
            await o.desk.rate("bk_1", CLIENT, 1, [], "Poor.")
            ratings = (await o.desk.standing("e_4")).file.dossier.ratings
            await o.desk.void_rating(next(iter(ratings)), "key_1", "an insult")
        elif who == "reported":
            ticket = await o.desk.complain("bk_1", CLIENT, Category.OTHER, "He shouted.")
            await o.desk.decide_complaint(ticket, "uphold", "key_1", "it was heard")
        else:
            await o.desk.claim_cause("bk_1", CLIENT, "conduct", "He shouted.")
        mine = json.dumps(await o.desk.export("e_4", "key_1"))
        for trace in ("rating_", "complaint_", "cause_claimed", "review", "insult", "heard", "shouted", "Poor"):
            assert trace not in mine.replace("refund.review", "")
        o.clock.now += 7 * DAY
        mine = json.dumps(await o.desk.export("e_4", "key_1"))
        shown = {"rated": "rating_voided", "reported": "complaint_upheld", "claimed": "cause_claimed"}
        assert shown[who] in mine


async def test_P1_5_sessions_that_were_settled_before_there_were_marks_get_theirs_at_the_next_start(where: str) -> None:
    """As a database that was written before persons had ledgers: same ledger, same answer."""
    async with office(where) as o:
        for number in range(6):
            await held(o, f"bk_{number}", NOON + number * DAY, client=f"c_{number}")
        o.clock.now += DAY
        before = (await o.desk.standing("e_4")).factor
        assert len(before.punctuality.counted) == 6
        await o.database.write(_erase_marks)
        assert (await o.desk.standing("e_4")).factor.bps == 10_000
        await o.desk.reconcile()
        await o.desk.sweep()
        after = (await o.desk.standing("e_4")).factor
        assert after == before
        assert (await o.desk.standing("e_4")).file.person.badge
        assert len(await o.rows("select * from marks")) == 12
        await o.desk.reconcile()
        assert len(await o.rows("select * from marks")) == 12


async def _erase_marks(connection: Any) -> None:
    await connection.execute(delete(tables.marks))


async def test_P5_7_who_still_has_a_mark_in_a_session_that_is_kept_is_kept_with_it(where: str) -> None:
    """Exchanged after its slot was left, it is in no booking any more; the slot's record names it all the same."""
    async with office(where, Clock(NOON - 800 * DAY)) as o:
        await o.desk.book(booking("bk_0", starts_at=o.clock.now + DAY, client=Party("c_1", "Anna")))
        await o.desk.cancel("bk_0", Whom.CLIENT)
        o.clock.now = NOON - HOUR
        await o.desk.book(booking(client=Party("c_1", "Anna First")))
        o.clock.at(15)
        await o.desk.book(booking(starts_at=NOON + DAY, client=Party("c_1", "Anna First")))
        await o.desk.book(booking(starts_at=NOON + DAY, client=Party("c_2", "Bert Second")))
        assert (await o.desk.retain()).sessions == 1
        async with o.database.read() as connection:
            assert await find(connection, "c_1") is not None


async def test_P5_7_a_pseudonym_is_nobody_to_book(where: str) -> None:
    async with office(where) as o:
        booked = await o.desk.book(booking())
        pseudonym = booked.record.who(CLIENT).pseudonym
        with pytest.raises(UserError) as refused:
            await o.desk.book(booking("bk_2", client=Party("c_1", "Anna"), expert=Party(pseudonym, "Ada again")))
        assert refused.value.code == "pseudonym_booked"


async def test_P3_13_no_text_keeps_anybody_in_a_session(where: str) -> None:
    """What a store cannot hold is left out of what was written, instead of undoing it all."""
    async with office(where, Clock(NOON)) as o:
        await o.desk.book(booking())
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock())
        await o.desk.leave_for_safety("bk_1", CLIENT, "conduct", "He \x00shouted \ud800.", o.clock.at(5))
        assert (await o.desk.record("bk_1")).session.over
        view = await o.desk.snapshot("bk_1", CLIENT)
        assert view.afterwards is not None
        assert view.afterwards.reports[0].text == "He \ufffdshouted \ufffd."


async def test_P3_15_a_revision_of_an_attendance_is_no_news_of_the_refund(where: str) -> None:
    async with office(where) as o:
        await held(o, "bk_1", NOON)
        told = "select count(*) from outbox where type = 'refund.eligible'"
        assert (await o.rows(told))[0][0] == 1
        await o.desk.revise("bk_1", "key_1", "a clock", expert=Attendance(AttendanceKind.ON_TIME, None, 0))
        assert (await o.rows(told))[0][0] == 1
