"""The queue, the notes and many at once, on both stores: what opens and closes a case, and what a dry run promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.desk.bulk import Decision
from server.desk.cases import Change
from server.policy.cases import WITHIN, CaseKind
from server.policy.money import Money
from server.policy.operators import OperatorRole
from server.policy.people import Category
from server.policy.terms import Terms
from server.policy.verdict import AttendanceKind, RefundStatus
from server.store import views_desk as views
from server.store.sessions import Party
from server.store.views_desk import Queued
from signaling.errors import HeadstrtError
from signaling.session import MINUTE, Depart, EndReason, HangUp, How, Join, MediaUp, Phase, Role
from tests.builders import NOON, Clock, Office, booking, office

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
DAY = 24 * 60 * MINUTE


@pytest.fixture
async def o(where: str) -> AsyncIterator[Office]:
    async with office(where, Clock(NOON - 60 * MINUTE)) as made:
        yield made


async def held(o: Office, id_: str = "bk_1", client: str = "c_9", *, late: float = 0, by: Role = EXPERT) -> None:
    o.clock.at(-60)
    await o.desk.book(booking(id_, client=Party(client, f"Name of {client}")))
    await o.desk.report(id_, Join(CLIENT, f"{id_}-client"), o.clock.at(0))
    await o.desk.report(id_, Join(EXPERT, f"{id_}-expert"), o.clock.at(late))
    await o.desk.report(id_, MediaUp(), o.clock.at(late))
    await o.desk.report(id_, HangUp(by), o.clock.at(20))


async def cases(o: Office, state: str = "unfinished", **wanted: Any) -> list[tuple[str, str, str, str | None]]:
    found = await views.queue(o.database, Queued(state=state, **wanted), o.clock(), None, 100)
    return [(each.case.kind.value, each.case.subject, each.case.state, each.case.status) for each in found]


async def refuses(work: Any) -> str:
    with pytest.raises(HeadstrtError) as refused:
        await work
    return refused.value.code


async def test_a_refund_is_a_case_from_its_request_to_its_decision_and_again_when_disputed(o: Office) -> None:
    await held(o)
    assert await cases(o) == []  # eligible: the client's to ask, nobody's to decide
    await o.desk.request_refund("bk_1", CLIENT, Money(3000, "USD"))
    assert await cases(o) == [("refund", "bk_1", "open", "requested")]
    (about,) = await views.queue(o.database, Queued(), o.clock(), None, 10)
    assert (about.title, about.amount, about.currency, about.person_id) == ("Mentoring", 3000, "USD", "e_4")
    assert about.case.due_at == o.clock.now + WITHIN[CaseKind.REFUND]
    await o.desk.decide_refund("bk_1", "declined", None, "it was held", who="op_1")
    assert await cases(o) == []
    assert await cases(o, "closed") == [("refund", "bk_1", "closed", "declined")]
    await o.desk.dispute("bk_1", CLIENT, "no")
    assert await cases(o) == [("refund", "bk_1", "open", "disputed")]
    await o.desk.decide_refund("bk_1", "approved", None, None, who="op_1")
    assert await cases(o) == []
    acts = await o.rows("select who, act from audit order by seq")
    assert acts == [("op_1", "refund.declined"), ("op_1", "refund.approved")]


async def test_complaints_appeals_and_contests_are_cases_until_they_are_decided(o: Office) -> None:
    for n in range(5):
        await held(o, f"bk_{n}", f"c_{n}", late=5)
    tickets = [await o.desk.complain(f"bk_{n}", CLIENT, Category.CONDUCT, "he shouted") for n in range(5)]
    assert {(kind, status) for kind, _, _, status in await cases(o)} == {("complaint", "conduct")}
    await o.desk.decide_complaint(tickets[0], "uphold", "op_1", "heard")
    assert len(await cases(o)) == 4
    ((sanction,),) = await o.rows("select id from sanctions")
    await o.desk.appeal("bk_0", EXPERT, sanction, "I did not")
    assert ("appeal", sanction, "open", "suspension") in await cases(o)
    await o.desk.decide_sanction(sanction, "appeal.refused", "op_1", "it stands")
    assert [kind for kind, *_ in await cases(o)] == ["complaint"] * 4
    await o.desk.contest("bk_1", EXPERT, "the network")
    assert ("contest", "bk_1", "open", None) in await cases(o)
    await o.desk.excuse("bk_1", "op_1", "it was")
    assert [kind for kind, *_ in await cases(o)] == ["complaint"] * 4
    assert [kind for kind, *_ in await cases(o, person="e_4", session="bk_2")] == ["complaint"]
    counts = await views.queue_counts(o.database, o.clock.now + 4 * DAY)
    assert (counts.open, counts.overdue, counts.by_kind["complaint"]) == (4, 4, 4)


async def test_a_hold_waits_to_be_confirmed(where: str) -> None:
    async with office(where, Clock(NOON - 60 * MINUTE), Terms(confirm_sanctions=True)) as o:
        for n in range(5):
            await held(o, f"bk_{n}", f"c_{n}")
            await o.desk.complain(f"bk_{n}", CLIENT, Category.CONDUCT, None)
        ((sanction,),) = await o.rows("select id from sanctions")
        assert ("hold", sanction, "open", "conduct") in await cases(o)
        await o.desk.decide_sanction(sanction, "confirm", "op_1", "it is so")
        assert "hold" not in [kind for kind, *_ in await cases(o)]


async def test_a_flagged_session_is_looked_at_and_closed_by_hand(o: Office) -> None:
    await o.desk.book(booking())
    o.clock.at(31)
    await o.desk.wake("bk_1")
    assert await cases(o) == [("flag", "bk_1", "open", "nobody_came")]
    (about,) = await views.queue(o.database, Queued(), o.clock(), None, 10)
    admin, _ = await o.desk.operators.add("ann", OperatorRole.ADMIN, "command")
    taken = await o.desk.cases.change(about.case.id, Change(assignee=admin.id, due_at=NOON + DAY), "op_1")
    assert (taken.assignee, taken.due_at) == (admin.id, NOON + DAY)
    assert await cases(o, assignee=admin.id) == [("flag", "bk_1", "open", "nobody_came")]
    assert await cases(o, assignee="") == []
    await o.desk.cases.change(about.case.id, Change(state="closed"), "op_1")
    assert await cases(o) == []
    await o.desk.cases.change(about.case.id, Change(state="open"), "op_1")
    assert await cases(o, overdue=False) == [("flag", "bk_1", "open", "nobody_came")]
    assert await refuses(o.desk.cases.change(about.case.id, Change(assignee="op_x"), "op_1")) == "operator_not_found"
    assert await refuses(o.desk.cases.change("cs_x", Change(state="open"), "op_1")) == "case_not_found"
    acts = [act for (act,) in await o.rows("select act from audit order by seq")]
    assert acts == ["operator.add", "case.assign", "case.close", "case.open"]


async def test_what_a_decision_closes_is_closed_by_nothing_else(o: Office) -> None:
    await held(o)
    await o.desk.request_refund("bk_1", CLIENT, None)
    (about,) = await views.queue(o.database, Queued(), o.clock(), None, 10)
    closing = o.desk.cases.change(about.case.id, Change(state="closed"), "op_1")
    assert await refuses(closing) == "case_closes_itself"
    waiting = await o.desk.cases.change(about.case.id, Change(state="waiting"), "op_1")
    assert waiting.state == "waiting"
    await o.desk.decide_refund("bk_1", "approved", None, None)
    assert await cases(o) == []


async def test_notes_go_with_whom_they_are_about(o: Office) -> None:
    await held(o)
    for session, person in (("bk_1", None), (None, "e_4"), (None, "c_9")):
        await o.desk.cases.note("call her\nat nine", "op_1", session=session, person=person)
    (note,) = await views.notes(o.database, session="bk_1", person=None, before=None, limit=10)
    assert (note.body, note.who) == ("call her\nat nine", "op_1")
    assert await refuses(o.desk.cases.note("x", "op_1", session="bk_9")) == "session_not_found"
    assert await refuses(o.desk.cases.note("x", "op_1", person="e_9")) == "person_not_found"
    assert await refuses(o.desk.cases.remove_note(note.id, "op_2", any_=False)) == "not_yours"
    exported = await o.desk.export("e_4", "op_1")
    assert [each["text"] for each in exported["notes"]] == ["call her\nat nine"]
    await o.desk.erase("e_4", "op_1", "asked to")
    left = await o.rows("select person from notes")
    ((client,),) = await o.rows("select pseudonym from people where person_id = 'c_9'")
    assert left == [(client,)]


async def test_what_is_older_than_the_queue_comes_into_it_at_the_next_start(o: Office) -> None:
    await held(o)
    await o.desk.request_refund("bk_1", CLIENT, None)
    ticket = await o.desk.complain("bk_1", CLIENT, Category.OTHER, None)
    before = await o.rows("select * from outcomes")

    async def forget(connection: Any) -> None:
        from sqlalchemy import text

        for table in ("cases", "outcomes"):
            await connection.execute(text(f"delete from {table}"))

    await o.database.write(forget)
    await o.desk.reconcile()
    assert sorted(kind + subject for kind, subject, *_ in await cases(o)) == [f"complaint{ticket}", "refundbk_1"]
    assert await o.rows("select * from outcomes") == before


async def test_time_takes_a_session_with_all_that_was_drawn_from_it(o: Office) -> None:
    await held(o)
    await o.desk.cases.note("x", "op_1", session="bk_1")
    o.clock.now += 15 * DAY
    await o.desk.wake("bk_1")
    o.clock.now += 800 * DAY
    assert (await o.desk.retain()).sessions == 1
    for table in ("sessions", "outcomes", "notes", "cases"):
        assert await o.rows(f"select 1 from {table}") == []


# --- many at once -----------------------------------------------------------------------------------------------------


async def test_a_week_is_cancelled_as_the_dry_run_said(o: Office) -> None:
    for n in range(3):
        await o.desk.book(booking(f"bk_{n}", starts_at=NOON + n * DAY))
    await o.desk.book(booking("other", expert=Party("e_5", "Another")))
    o.clock.at(1)
    await o.desk.report("bk_0", Join(CLIENT, "join-client"), o.clock.now)
    await o.desk.report("bk_0", Join(EXPERT, "join-expert"), o.clock.now)
    week = {"reason": "ill", "who": "op_1"}

    async def run(dry: bool) -> list[tuple[str, str, str | None, Any]]:
        done = await o.desk.bulk.cancel("e_4", EXPERT, NOON, NOON + 2 * DAY + 1, dry_run=dry, **week)
        return [(i.session, i.outcome, i.code, i.effect.refund_status if i.effect else None) for i in done.items]

    promised = [
        ("bk_0", "refused", "session_started", None),
        ("bk_1", "done", None, "requested"),
        ("bk_2", "done", None, "requested"),
    ]
    assert await run(dry=True) == promised
    assert [(await o.desk.record(f"bk_{n}")).session.phase for n in (1, 2)] == [Phase.SCHEDULED] * 2
    assert await run(dry=False) == promised
    assert [(await o.desk.record(f"bk_{n}")).session.phase for n in (1, 2)] == [Phase.CANCELLED] * 2
    assert (await o.desk.record("other")).session.phase is Phase.SCHEDULED
    again = await run(dry=False)
    assert [outcome for _, outcome, *_ in again] == ["refused", "unchanged", "unchanged"]
    assert await o.rows("select act, count(*) from audit group by act") == [("session.cancel", 2)]
    assert len(await o.rows("select 1 from texts where body = 'ill'")) == 1


async def test_many_refunds_are_decided_each_by_itself(o: Office) -> None:
    for n in range(3):
        await held(o, f"bk_{n}", f"c_{n}")
        if n:
            await o.desk.request_refund(f"bk_{n}", CLIENT, None)
    wanted = [
        Decision("bk_0", "approved"),
        Decision("bk_1", "approved", Money(1000, "USD")),
        Decision("bk_2", "declined", None, "it was held"),
        Decision("bk_9", "approved"),
    ]

    async def run(dry: bool) -> list[tuple[str, str | None, str | None]]:
        done = await o.desk.bulk.refunds(wanted, who="op_1", dry_run=dry)
        return [(i.outcome, i.code, i.effect.refund_status if i.effect else None) for i in done.items]

    promised = [
        ("refused", "refund_not_possible", None),
        ("done", None, "approved"),
        ("done", None, "declined"),
        ("refused", "session_not_found", None),
    ]
    assert await run(dry=True) == promised
    assert await run(dry=False) == promised
    assert [outcome for outcome, *_ in await run(dry=False)] == ["refused", "unchanged", "unchanged", "refused"]
    assert await o.rows("select subject, who, act from audit order by seq") == [
        ("bk_1", "op_1", "refund.approved"),
        ("bk_2", "op_1", "refund.declined"),
    ]


async def outage(o: Office, start: float, end: float, *, dry: bool = False) -> dict[str, Any]:
    done = await o.desk.bulk.outage(
        NOON + round(start * MINUTE), NOON + round(end * MINUTE), reason="the uplink", who="op_1", dry_run=dry
    )
    return {item.session: item for item in done.items}


async def test_P3_9_a_declared_outage_blames_nobody_and_gives_back_what_it_took(o: Office) -> None:
    await held(o, "late", "c_1", late=5, by=CLIENT)  # the expert five minutes late, the client left at 20
    o.clock.at(-60)
    await o.desk.book(booking("nobody", client=Party("c_2", "B")))
    o.clock.at(31)
    await o.desk.wake("nobody")
    await held(o, "untouched", "c_3", by=CLIENT)
    before = (await o.desk.record("late")).version
    promised = await outage(o, 0, 5, dry=True)
    assert (await o.desk.record("late")).version == before
    assert await o.rows("select 1 from outages") == []
    done = await outage(o, 0, 5)
    assert {id_: (i.outcome, i.effect) for id_, i in promised.items()} == {
        id_: (i.outcome, i.effect) for id_, i in done.items()
    }
    late, nobody, untouched = done["late"], done["nobody"], done["untouched"]
    assert (late.outcome, late.effect.expert.kind, late.effect.lost) == ("done", AttendanceKind.ON_TIME, 5 * MINUTE)
    assert late.effect.refund_max == Money(2000, "USD")  # 5 of 30 minutes of 120.00
    assert late.effect.refund_status == RefundStatus.REQUESTED  # it opens by itself
    assert (nobody.effect.client.kind, nobody.effect.expert.kind) == (None, None)  # P1.4
    assert nobody.effect.refund_max == Money(2000, "USD")  # what was taken; nothing kept them from the rest
    assert untouched.outcome == "unchanged"  # they were together all that time
    again = await outage(o, 0, 5)
    assert {i.outcome for i in again.values()} == {"unchanged"}
    assert len(await o.rows("select 1 from audit where act = 'session.revise'")) == 2
    marks = await o.rows("select kind, lateness from marks where session_id = 'late' and role = 'expert' order by at")
    assert marks[-1] == ("on_time", 0)
    assert await refuses(o.desk.bulk.outage(NOON, o.clock.now + 1, reason="x", who="op_1", dry_run=True)) == "not_over"


async def test_P3_9_an_outage_takes_nothing_that_somebody_ended_before_or_was_given_already(o: Office) -> None:
    await held(o, "over", "c_1", by=CLIENT)  # at 20
    o.clock.at(40)
    assert (await outage(o, 21, 25))["over"].outcome == "unchanged"
    await held(o, "asked", "c_2", late=5, by=EXPERT)
    await o.desk.request_refund("asked", CLIENT, None)
    item = (await outage(o, 0, 4))["asked"]
    assert (item.outcome, item.effect.refund_status) == ("done", "requested")
    assert item.effect.expert.lateness == MINUTE  # the mark follows, the refund is asked for and stays
    record = await o.desk.record("asked")
    assert record.session.end is not None
    assert record.session.end.reason is EndReason.HUNG_UP


async def test_P3_6_the_third_session_that_an_expert_is_gone_from_is_shown(o: Office) -> None:
    for number in range(1, 5):
        o.clock.at(-60)
        await o.desk.book(booking(f"bk_{number}", client=Party(f"c_{number}", "Ada")))
        for role in (CLIENT, EXPERT):
            await o.desk.report(f"bk_{number}", Join(role, f"{number}-{role}"), o.clock.at(0))
        await o.desk.report(f"bk_{number}", MediaUp(), o.clock.at(0))
        gone = Depart(EXPERT, f"{number}-expert", How.CONNECTION, o.clock.at(10))
        await o.desk.report(f"bk_{number}", gone, o.clock.at(11))
        await o.desk.report(f"bk_{number}", HangUp(CLIENT), o.clock.at(20))
        settled = (await o.desk.record(f"bk_{number}")).session.end
        assert settled is not None
        assert settled.reason is EndReason.LOST
        found = [case for case in await cases(o) if case[0] == "flag"]
        ((pseudonym,),) = await o.rows("select pseudonym from people where person_id = 'e_4'")
        assert found == ([] if number < 3 else [("flag", pseudonym, "open", "often_lost")])
        if found:
            (queued,) = await views.queue(o.database, Queued(kind=CaseKind.FLAG), o.clock(), None, 10)
            assert queued.case.session_id == "bk_3"
