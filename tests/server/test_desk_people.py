"""What the desk keeps of persons, on both stores: complaints that race, sanctions and what they forbid, what is hidden
and from whom, claims, excuses and fee factors. The rules themselves are tried in ``tests/server/policy``."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from server.desk import Desk
from server.policy.facts import FeeFactored, Settled
from server.policy.money import Money
from server.policy.people import Category, ComplaintFiled, ComplaintStatus, Lifting, Measure, SanctionImposed
from server.policy.terms import Terms
from server.policy.verdict import Attendance, AttendanceKind, RefundStatus
from server.store import people, views
from server.store.people import File
from server.store.sessions import Party
from signaling.errors import HeadstrtError, NotFound
from signaling.ledger import Entry, verify
from signaling.messages import ConsentCommand
from signaling.session import MINUTE, Depart, EndReason, HangUp, How, Join, MediaUp, Ms, Phase, Role, Whom
from tests.builders import NOON, Clock, Office, booking, office

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE
EXPERT_PARTY = Party("e_4", "Max Expert")

# --- a few words for stories ------------------------------------------------------------------------------------------


async def book(o: Office, id_: str = "bk_1", client: str = "c_9", start: Ms = NOON, **changes: Any) -> None:
    changes.setdefault("expert", EXPERT_PARTY)
    await o.desk.book(booking(id_, starts_at=start, client=Party(client, f"Name of {client}"), **changes))


async def joins(o: Office, id_: str, role: Role, at: Ms) -> None:
    o.clock.now = max(o.clock.now, at)
    await o.desk.report(id_, Join(role, f"{id_}-{role}-{at}"), at)


async def held(
    o: Office, id_: str = "bk_1", client: str = "c_9", start: Ms = NOON, late: Ms = 0, **changes: Any
) -> None:
    """A session that was held: the expert came ``late``, the client ended it after twenty minutes."""
    o.clock.now = max(o.clock.now, start - 5 * MINUTE)
    await book(o, id_, client, start, **changes)
    await joins(o, id_, CLIENT, start)
    await joins(o, id_, EXPERT, start + late)
    await o.desk.report(id_, MediaUp(), start + late)
    o.clock.now = max(o.clock.now, start + 20 * MINUTE)
    await o.desk.report(id_, HangUp(CLIENT), start + 20 * MINUTE)


async def many_met(o: Office, clients: list[str], start: Ms = NOON) -> list[str]:
    """Sessions of one expert with all of them, at the same time: it was booked too often."""
    ids = [f"s_{n}" for n in range(len(clients))]
    o.clock.now = start - 5 * MINUTE
    await asyncio.gather(*(book(o, id_, client, start) for id_, client in zip(ids, clients, strict=True)))
    o.clock.now = start
    for role in Role:
        await asyncio.gather(*(joins(o, id_, role, start) for id_ in ids))
    return ids


async def many_held(o: Office, clients: list[str], start: Ms = NOON) -> list[str]:
    ids = await many_met(o, clients, start)
    await asyncio.gather(*(o.desk.report(id_, MediaUp(), start) for id_ in ids))
    o.clock.now = start + 20 * MINUTE
    await asyncio.gather(*(o.desk.report(id_, HangUp(CLIENT), o.clock.now) for id_ in ids))
    return ids


async def complained(o: Office, category: Category = Category.CONDUCT, n: int = 5) -> list[str]:
    """Complaints of ``n`` people, each about a session of its own; the tickets."""
    ids = await many_held(o, [f"c_{k}" for k in range(n)])
    return [await o.desk.complain(id_, CLIENT, category, f"text of {id_}") for id_ in ids]


async def file_of(o: Office, person: str = "e_4") -> File:
    return (await o.desk.standing(person)).file


async def events(o: Office, type_: str) -> list[dict[str, Any]]:
    rows = await o.rows(f"select body from outbox where type = '{type_}' order by stream, sequence")
    return [json.loads(body)["data"] for (body,) in rows]


async def status(o: Office, id_: str) -> tuple[Phase, Whom | None, str]:
    record = await o.desk.record(id_)
    view = await o.desk.snapshot(id_, CLIENT)
    return (
        record.session.phase,
        record.session.end.by if record.session.end else None,
        (view.refund.status if view.refund else "-"),
    )


async def shows(o: Office, id_: str, role: Role) -> str:
    return (await o.desk.snapshot(id_, role)).model_dump_json()


def refused(code: str) -> Any:
    return pytest.raises(HeadstrtError, match=rf"^{code}:")


async def code_of(call: Any) -> str:
    try:
        await call
    except HeadstrtError as error:
        return f"{error.code} {error.detail}"
    return "accepted"


async def whole(o: Office) -> None:
    """Every chain is whole, and its head is what the row says."""
    for pseudonym, head in await o.rows("select pseudonym, head from people"):
        entries = await o.rows(
            f"select seq, body, hash from person_ledger where pseudonym = '{pseudonym}' order by seq"
        )
        assert verify(pseudonym, [Entry(*row) for row in entries]) == head
    audit = [Entry(*row) for row in await o.rows("select seq, body, hash from audit order by seq")]
    assert verify("audit", audit) == (audit[-1].hash if audit else verify("audit", []))


# --- P2.3: exactly one, at the fifth ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "measure"),
    [
        (Category.CONDUCT, Measure.SUSPENSION),
        (Category.DECEPTION, Measure.PERMANENT),
    ],
)
async def test_P2_3_sixty_four_at_one_instant_bring_one_sanction(
    where: str, category: Category, measure: Measure
) -> None:
    async with office(where) as o:
        o.database.patience = o.desk.within = 100.0  # a busy machine is no part of the story
        ids = await many_met(o, [f"c_{n}" for n in range(64)])
        tickets = await asyncio.gather(*(o.desk.complain(id_, CLIENT, category, "x") for id_ in ids))
        file = await file_of(o)
        assert set(file.dossier.complaints) == set(tickets)
        (sanction,) = file.dossier.sanctions.values()
        assert sanction.imposed.measure is measure
        kinds = [type(fact) for fact in file.facts if isinstance(fact, ComplaintFiled | SanctionImposed)]
        assert kinds.index(SanctionImposed) == 5  # at the fifth, and not a complaint later
        behind = [file.dossier.complaints[id_].filed.by for id_ in sanction.imposed.complaints]
        assert len(behind) == len(set(behind)) == 5
        assert len(await events(o, "sanction.imposed")) == 1
        assert len(await events(o, "complaint.filed")) == 64
        await whole(o)


async def test_P2_3_the_same_person_many_times_is_one_complainant(where: str) -> None:
    async with office(where) as o:
        four = ["c_0", "c_1", "c_2", "c_3"]
        ids = await many_held(o, [*four * 4, "c_fifth"])
        *theirs, fifth = ids
        answers = await asyncio.gather(
            *(code_of(o.desk.complain(id_, CLIENT, Category.DECEPTION, None)) for id_ in theirs * 2)
        )
        assert Counter(answer.partition(" ")[0] for answer in answers) == {"accepted": 16, "already_complained": 16}
        assert (await file_of(o)).dossier.sanctions == {}
        await o.desk.complain(fifth, CLIENT, Category.DECEPTION, None)
        file = await file_of(o)
        (sanction,) = file.dossier.sanctions.values()
        assert len(sanction.imposed.complaints) == 17  # it stands on all that counted then (P2.5)
        assert {file.dossier.complaints[id_].filed.by for id_ in sanction.imposed.complaints} == {
            (await file_of(o, client)).person.pseudonym for client in [*four, "c_fifth"]
        }
        await whole(o)


async def test_P2_3_P2_5_mixed_at_once_the_count_and_the_sanctions_agree(where: str) -> None:
    """Complaints and dismissals of some of them, all together: a sanction stands iff five distinct people stand."""
    async with office(where) as o:
        ids = await many_held(o, [f"c_{n % 6}" for n in range(18)])
        first = [await o.desk.complain(id_, CLIENT, Category.PRIVACY, None) for id_ in ids[:4]]
        await asyncio.gather(
            *(o.desk.complain(id_, CLIENT, Category.PRIVACY, None) for id_ in ids[4:]),
            *(o.desk.decide_complaint(ticket, "dismiss", "key_1", "unfounded") for ticket in first),
        )
        file = await file_of(o)
        standing = [s for s in file.dossier.sanctions.values() if s.standing]
        assert len(standing) == 1
        left = {
            file.dossier.complaints[id_].filed.by
            for id_ in standing[0].imposed.complaints
            if file.dossier.complaints[id_].status is not ComplaintStatus.DISMISSED
        }
        assert len(left) >= 5
        assert all(
            s.lifted is not None and s.lifted.why is Lifting.DISMISSALS
            for s in file.dossier.sanctions.values()
            if s is not standing[0]
        )
        await whole(o)


async def test_P2_2_P2_4_who_may_complain_and_what_counts_of_whom(where: str) -> None:
    async with office(where) as o:
        await book(o)
        with refused("session_not_met"):
            await o.desk.complain("bk_1", CLIENT, Category.CONDUCT, None)
        await joins(o, "bk_1", CLIENT, NOON)
        await joins(o, "bk_1", EXPERT, NOON)
        await o.desk.complain("bk_1", EXPERT, Category.CONDUCT, "the client shouted")  # while it goes on
        await o.desk.report("bk_1", HangUp(CLIENT), o.clock.at(10))
        await o.desk.complain("bk_1", CLIENT, Category.OTHER, None)
        await o.desk.complain("bk_1", CLIENT, Category.CONDUCT, None)  # once per category
        with refused("already_complained"):
            await o.desk.complain("bk_1", CLIENT, Category.CONDUCT, "again")
        ended = NOON + 10 * MINUTE
        o.clock.now = ended + 30 * DAY
        with refused("complaint_expired"):
            await o.desk.complain("bk_1", EXPERT, Category.OTHER, None)
        await o.desk.complain("bk_1", CLIENT, Category.PRIVACY, None)
        o.clock.now = ended + 730 * DAY
        with refused("complaint_expired"):
            await o.desk.complain("bk_1", CLIENT, Category.DECEPTION, None)
        assert {c.filed.role for c in (await file_of(o, "c_9")).dossier.complaints.values()} == {CLIENT}
        assert len((await file_of(o)).dossier.complaints) == 3


# --- P2.6: what a sanction forbids ------------------------------------------------------------------------------------


async def test_P2_6_P3_10_unmet_sessions_are_cancelled_and_a_live_one_goes_on(where: str) -> None:
    async with office(where) as o:
        await complained(o, n=4)
        start = o.clock.now = NOON + HOUR
        await book(o, "later", "c_a", start + 40 * DAY)  # even after the suspension: it is cancelled at once
        await book(o, "waiting", "c_b", start)
        await book(o, "live", "c_c", start)
        await joins(o, "waiting", EXPERT, start)
        for role in Role:
            await joins(o, "live", role, start)
        await held(o, "fifth", "c_fifth", start + MINUTE)
        await o.desk.complain("fifth", CLIENT, Category.CONDUCT, None)
        assert await status(o, "later") == (Phase.CANCELLED, Whom.PLATFORM, "requested")
        assert await status(o, "waiting") == (Phase.CANCELLED, Whom.PLATFORM, "requested")
        view = await o.desk.snapshot("later", CLIENT)
        assert view.refund is not None
        assert (view.refund.requested, view.refund.basis) == (view.refund.max, "cancelled_platform")
        assert view.refund.max is not None
        assert view.refund.max.amount == 12000  # the whole fee
        assert "party_sanctioned" not in view.model_dump_json()  # why is not the client's to know
        assert (await o.desk.record("live")).session.phase is Phase.LIVE
        at = o.clock.now
        await o.desk.report("live", Depart(EXPERT, f"live-expert-{start}", How.CONNECTION, at - 6000), at)
        assert (await o.desk.record("live")).session.phase is Phase.HELD
        await joins(o, "live", EXPERT, at + 1000)  # re-entry included
        assert (await o.desk.record("live")).session.phase is Phase.LIVE
        with refused("party_sanctioned"):
            await book(o, "new", "c_x", start + 50 * DAY)
        assert await o.rows("select id from sessions where id = 'new'") == []
        o.clock.now += 30 * DAY
        await book(o, "new", "c_x", start + 50 * DAY)  # the suspension is over


async def test_P2_6_no_one_joins_what_is_about_to_be_cancelled(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the sanction's commit and the cancelling, also across a crash: the sweep does what is left."""

    async def crashes(self: Desk) -> int:
        raise RuntimeError("the process is gone")

    clock = Clock()
    async with office(where, clock) as o:
        await complained(o, n=4)
        start = o.clock.now = NOON + HOUR
        await book(o, "unmet", "c_a", start)
        await joins(o, "unmet", EXPERT, start)
        await held(o, "fifth", "c_fifth", start)
        monkeypatch.setattr(Desk, "enforce", crashes)
        ticket = await o.desk.complain("fifth", CLIENT, Category.CONDUCT, None)  # on record whatever comes after
        assert ticket in (await file_of(o)).dossier.complaints
        assert (await o.desk.record("unmet")).session.phase is Phase.WAITING
        with refused("not_taking_place"):
            await joins(o, "unmet", CLIENT, o.clock.now)  # or it would have gone live
        await o.desk.report("unmet", Depart(EXPERT, f"unmet-expert-{start}", How.CONNECTION, start), o.clock.now)
        with refused("party_sanctioned"):
            await joins(o, "unmet", EXPERT, o.clock.now)
        monkeypatch.undo()
    async with office(where, clock) as o:
        assert (await o.desk.record("unmet")).session.phase is Phase.SCHEDULED
        await o.desk.sweep()
        assert await status(o, "unmet") == (Phase.CANCELLED, Whom.PLATFORM, "requested")
        before = (await o.desk.record("unmet")).version
        await o.desk.sweep()
        assert (await o.desk.record("unmet")).version == before


@pytest.mark.parametrize("attempt", range(3))
async def test_P2_6_a_join_that_races_the_sanction_meets_before_it_or_not_at_all(where: str, attempt: int) -> None:
    async with office(where) as o:
        await complained(o, n=4)
        start = o.clock.now = NOON + HOUR
        await held(o, "fifth", "c_fifth", start)
        now = o.clock.now
        ids = [f"race_{n}" for n in range(6)]
        for n, id_ in enumerate(ids):
            await book(o, id_, f"c_r{n}", now)
        await asyncio.gather(
            *(code_of(joins(o, id_, role, now)) for id_ in ids[:3] for role in Role),
            o.desk.complain("fifth", CLIENT, Category.CONDUCT, None),
            *(code_of(joins(o, id_, role, now)) for id_ in ids[3:] for role in Role),
        )
        await o.desk.sweep()
        for id_ in ids:
            session = (await o.desk.record(id_)).session
            assert (session.phase is Phase.LIVE) == (session.met_at is not None)
            assert session.phase in (Phase.LIVE, Phase.CANCELLED)


async def test_P2_3_P2_6_a_hold_keeps_from_new_bookings_alone_until_it_is_confirmed(where: str) -> None:
    async with office(where, terms=replace(Terms(), confirm_sanctions=True)) as o:
        await complained(o, n=4)
        start = o.clock.now = NOON + HOUR
        await book(o, "booked", "c_a", start + DAY)
        await held(o, "fifth", "c_fifth", start)
        await o.desk.complain("fifth", CLIENT, Category.CONDUCT, None)
        (hold,) = (await file_of(o)).dossier.sanctions.values()
        assert hold.imposed.measure is Measure.HOLD
        with refused("party_sanctioned"):
            await book(o, "new", "c_b", start + DAY)
        assert (await o.desk.record("booked")).session.phase is Phase.SCHEDULED
        file = await o.desk.decide_sanction(hold.id, "confirm", "key_1", "all five are credible")
        suspended = list(file.dossier.sanctions.values())[-1]
        assert (suspended.imposed.measure, suspended.imposed.by) == (Measure.SUSPENSION, "key_1")
        assert suspended.imposed.complaints == hold.imposed.complaints
        assert await status(o, "booked") == (Phase.CANCELLED, Whom.PLATFORM, "requested")


async def test_P2_4_privacy_binds_in_both_roles_and_conduct_as_expert_alone(where: str) -> None:
    async with office(where) as o:
        await complained(o)
        at = o.clock.now + DAY
        o.clock.now = at
        await o.desk.book(booking("as_client", starts_at=at, client=EXPERT_PARTY, expert=Party("e_5", "Other")))
        (sanction,) = (await file_of(o)).dossier.sanctions.values()
        assert sanction.imposed.roles == (EXPERT,)
        for n in range(5):
            await o.desk.complain(f"s_{n}", CLIENT, Category.PRIVACY, None)
        assert [x.imposed.roles for x in (await file_of(o)).dossier.sanctions.values()] == [(EXPERT,), (CLIENT, EXPERT)]
        with refused("party_sanctioned"):
            await o.desk.book(booking("again", starts_at=at, client=EXPERT_PARTY, expert=Party("e_5", "Other")))
        assert await status(o, "as_client") == (Phase.CANCELLED, Whom.PLATFORM, "requested")


async def test_P4_1_an_operator_sanctions_at_once_and_says_by_which_law(where: str) -> None:
    async with office(where) as o:
        await book(o, "unmet", start=NOON + DAY)
        with refused("person_not_found"):
            await o.desk.impose(
                "nobody", "key_1", measure=Measure.PERMANENT, roles=[EXPERT], until=None, law="DE", reason="x"
            )
        file = await o.desk.impose(
            "e_4", "key_1", measure=Measure.PERMANENT, roles=[EXPERT], until=None, law="DE", reason="the court's ruling"
        )
        (sanction,) = file.dossier.sanctions.values()
        assert (sanction.imposed.law, sanction.imposed.by, sanction.imposed.rules) == ("DE", "key_1", ("P4.1",))
        assert await status(o, "unmet") == (Phase.CANCELLED, Whom.PLATFORM, "requested")
        with refused("party_sanctioned"):
            await book(o, "again", start=NOON + 2 * DAY)
        await o.desk.decide_sanction(sanction.id, "lift", "key_2", "overruled")
        await book(o, "again", start=NOON + 2 * DAY)
        with refused("sanction_over"):
            await o.desk.decide_sanction(sanction.id, "lift", "key_2", "overruled")


async def test_P2_5_dismissals_lift_what_stands_on_fewer_than_five(where: str) -> None:
    async with office(where) as o:
        tickets = await complained(o)
        o.clock.now += DAY
        file = await o.desk.decide_complaint(tickets[0], "dismiss", "key_1", "not so")
        (sanction,) = file.dossier.sanctions.values()
        assert sanction.lifted is not None
        assert (sanction.lifted.why, sanction.lifted.at) == (Lifting.DISMISSALS, o.clock.now)
        with refused("already_dismissed"):
            await o.desk.decide_complaint(tickets[0], "dismiss", "key_1", "not so")
        with refused("complaint_not_found"):
            await o.desk.decide_complaint("T-NONE", "uphold", "key_1", "x")
        await book(o, "again", start=o.clock.now + DAY)


# --- P2.7: reasons, appeal, the operators' log ------------------------------------------------------------------------


async def test_P2_7_reasons_are_stated_and_an_appeal_is_decided(where: str) -> None:
    async with office(where) as o:
        tickets = await complained(o)
        view = await o.desk.snapshot("s_0", EXPERT)
        assert view.afterwards is not None
        (told,) = view.afterwards.sanctions
        assert (told.basis, told.measure, told.roles, told.rules) == (
            "conduct",
            "suspension",
            (EXPERT,),
            ("P2.3", "P2.4"),
        )
        assert set(told.sessions) == {f"s_{n}" for n in range(5)}
        assert told.until == told.imposed_at + 30 * DAY
        assert told.appeal_until == told.imposed_at + 183 * DAY
        with refused("not_found"):
            await o.desk.appeal("s_0", CLIENT, told.id, "not mine to appeal")
        await o.desk.appeal("s_0", EXPERT, told.id, "I was not even there")
        with refused("already_appealed"):
            await o.desk.appeal("s_1", EXPERT, told.id, "again")
        file = await o.desk.decide_sanction(told.id, "appeal.granted", "key_1", "it was somebody else")
        (sanction,) = file.dossier.sanctions.values()
        assert sanction.lifted is not None
        assert sanction.lifted.why is Lifting.APPEAL
        (told,) = (await o.desk.snapshot("s_0", EXPERT)).afterwards.sanctions  # type: ignore[union-attr]
        assert (told.appeal, told.appeal_reason) == ("granted", "it was somebody else")
        await book(o, "again", start=o.clock.now + DAY)
        assert len(tickets) == 5


async def test_P2_7_every_act_of_an_operator_is_in_the_log_which_verifies(where: str) -> None:
    async with office(where) as o:
        tickets = await complained(o)
        (sanction,) = (await file_of(o)).dossier.sanctions
        await o.desk.rate("s_0", CLIENT, 1, ["unkind"], "bad")
        (rating,) = (await file_of(o)).dossier.ratings
        desk = o.desk
        await desk.decide_complaint(tickets[0], "uphold", "key_1", "why 1")
        await desk.decide_complaint(tickets[1], "recategorise", "key_1", "why 2", Category.OTHER)
        await desk.decide_complaint(tickets[2], "dismiss", "key_2", "why 3")
        await desk.impose("e_4", "key_1", measure=Measure.HOLD, roles=[EXPERT], until=None, law="FR", reason="why 4")
        (hold,) = [id_ for id_ in (await file_of(o)).dossier.sanctions if id_ != sanction]
        await desk.appeal_for(hold, "key_1", "by letter")
        await desk.decide_sanction(hold, "appeal.refused", "key_2", "why 5")
        await desk.decide_sanction(hold, "lift", "key_1", "why 6")
        await desk.void_rating(rating, "key_1", "why 7")
        await desk.revise("s_0", "key_1", "why 8", expert=Attendance(AttendanceKind.LATE, None, 5 * MINUTE))
        await desk.excuse("s_0", "key_1", "why 9")
        at = o.clock.now + DAY
        for n, id_ in enumerate(("ended", "removed", "cancelled")):
            await book(o, id_, f"c_op{n}", at)
            if id_ != "cancelled":
                for role in Role:
                    await joins(o, id_, role, at)
        await desk.end("ended", "a fight", "key_1")
        await desk.remove("removed", CLIENT, "not the person", "key_1")
        o.clock.now -= 10 * MINUTE
        await book(o, "cancelled2", "c_op9", at + DAY)
        await desk.cancel("cancelled2", Whom.OPERATOR, None, "key_3")
        rows = await o.rows("select who, act, subject, body from audit order by seq")
        assert [(who, act) for who, act, _, _ in rows] == [
            ("key_1", "complaint.uphold"),
            ("key_1", "complaint.recategorise"),
            ("key_2", "complaint.dismiss"),
            ("key_1", "sanction.impose"),
            ("key_1", "sanction.appeal"),
            ("key_2", "sanction.appeal.refused"),
            ("key_1", "sanction.lift"),
            ("key_1", "rating.void"),
            ("key_1", "session.revise"),
            ("key_1", "session.excuse"),
            ("key_1", "session.end"),
            ("key_1", "session.remove.client"),
            ("key_3", "session.cancel"),
        ]
        reasons = [json.loads(body).get("reason") for *_, body in rows]
        texts = dict(await o.rows("select digest, body from texts"))
        assert [texts[digest] for digest in reasons[:10] if digest][-2:] == ["why 8", "why 9"]
        assert "why" not in "".join(body for *_, body in rows)  # digests alone: a text can be erased
        await whole(o)


# --- P2.1, P2.9: hidden, then shown -----------------------------------------------------------------------------------


async def test_P2_1_nothing_that_is_hidden_is_in_the_others_view(where: str) -> None:
    async with office(where) as o:
        await held(o)
        await held(o, "plain", "c_8", NOON + HOUR)
        ended = NOON + 20 * MINUTE
        before = await o.desk.snapshot("bk_1", EXPERT)
        await o.desk.rate("bk_1", CLIENT, 2, ["unclear"], "RATED")
        await o.desk.complain("bk_1", CLIENT, Category.CONDUCT, "COMPLAINED")
        assert replace_times(await o.desk.snapshot("bk_1", EXPERT)) == replace_times(before)
        # nor can it be felt for: a hidden one and none are refused word for word alike
        assert await code_of(o.desk.answer_rating("bk_1", EXPERT, "x")) == await code_of(
            o.desk.answer_rating("plain", EXPERT, "x")
        )
        o.clock.now = ended + 7 * DAY - 1
        assert "RATED" not in await shows(o, "bk_1", EXPERT)
        assert "COMPLAINED" not in await shows(o, "bk_1", EXPERT)
        with refused("not_found"):
            await o.desk.answer_rating("bk_1", EXPERT, "x")
        o.clock.now = ended + 7 * DAY
        after = (await o.desk.snapshot("bk_1", EXPERT)).afterwards
        assert after is not None
        assert after.rating_of_me is not None
        assert (after.rating_of_me.stars, after.rating_of_me.text) == (2, "RATED")
        assert [(r.category, r.text) for r in after.reports_of_me] == [("conduct", "COMPLAINED")]
        await o.desk.answer_rating("bk_1", EXPERT, "sorry")
        with refused("already_answered"):
            await o.desk.answer_rating("bk_1", EXPERT, "not sorry")
        mine = (await o.desk.snapshot("bk_1", CLIENT)).afterwards
        assert mine is not None
        assert mine.rating is not None
        assert mine.rating.answer == "sorry"
        with refused("rating_closed"):
            await o.desk.rate("bk_1", EXPERT, 5, [], None)


def replace_times(view: Any) -> Any:
    return view.model_copy(update={"server_time": 0})


async def test_P2_1_both_have_rated_and_both_are_shown(where: str) -> None:
    async with office(where) as o:
        await held(o)
        with refused("bad_tags"):
            await o.desk.rate("bk_1", CLIENT, 5, ["tall"], None)
        await o.desk.rate("bk_1", CLIENT, 5, ["helpful"], "FIRST")
        await o.desk.rate("bk_1", EXPERT, 4, [], "SECOND")
        assert "SECOND" in await shows(o, "bk_1", CLIENT)
        assert "FIRST" in await shows(o, "bk_1", EXPERT)
        with refused("already_rated"):
            await o.desk.rate("bk_1", EXPERT, 1, [], None)
        (rating,) = (await file_of(o)).dossier.ratings
        await o.desk.void_rating(rating, "key_1", "an insult")
        assert "FIRST" not in await shows(o, "bk_1", EXPERT)
        await whole(o)


async def test_P2_1_both_at_the_same_moment_are_shown_to_each_other(where: str) -> None:
    async with office(where) as o:
        await held(o)
        answers = await asyncio.gather(
            *(code_of(o.desk.rate("bk_1", role, stars, [], None)) for stars in (3, 4) for role in Role)
        )
        assert Counter(answer.partition(" ")[0] for answer in answers) == {"accepted": 2, "already_rated": 2}
        for role in Role:
            view = await o.desk.snapshot("bk_1", role)
            assert view.afterwards is not None
            assert view.afterwards.rating_of_me is not None


async def test_P2_9_no_one_is_named_in_anothers_view(where: str) -> None:
    """Names, ids and pseudonyms of who complained or rated: not in the page of whom they speak of."""
    async with office(where) as o:
        tickets = await complained(o)
        await o.desk.rate("s_0", CLIENT, 1, [], "bad")
        await o.desk.decide_complaint(tickets[0], "uphold", "key_secret", "I believe it")
        o.clock.now += 8 * DAY
        view = await o.desk.snapshot("s_0", EXPERT)
        assert view.afterwards is not None
        assert view.afterwards.reports_of_me[0].why == "I believe it"
        said = view.model_dump(mode="json")
        assert said["other"].pop("name") == "Name of c_0"  # the one it was booked with, as before
        text = json.dumps(said)
        for pseudonym, person in await o.rows("select pseudonym, person_id from people"):
            assert pseudonym not in text
            assert f'"{person}"' not in text
            assert f"Name of {person}" not in text
        assert "key_secret" not in text


# --- P3.13, P3.17, P3.12 ----------------------------------------------------------------------------------------------


async def test_P3_13_leaving_for_safety_and_its_complaint_are_one_transaction(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(where) as o:
        await book(o)
        for role in Role:
            await joins(o, "bk_1", role, NOON + (5 * MINUTE if role is EXPERT else 0))
        before = await o.desk.record("bk_1")

        async def fails(*_: object) -> None:
            raise RuntimeError("the disk is gone")

        at = o.clock.at(10)
        monkeypatch.setattr("server.store.people.add_text", fails)
        with pytest.raises(RuntimeError, match="the disk is gone"):
            await o.desk.leave_for_safety("bk_1", CLIENT, "conduct", "threats", at)
        monkeypatch.undo()
        assert await o.desk.record("bk_1") == before  # neither the one nor the other
        assert (await file_of(o)).dossier.complaints == {}
        report, ticket = await o.desk.leave_for_safety("bk_1", CLIENT, "conduct", "threats", at)
        assert report.session.end is not None
        assert (report.session.end.reason, report.session.end.by) == (EndReason.SAFETY, Whom.CLIENT)
        complaint = (await file_of(o)).dossier.complaints[ticket]
        assert (complaint.filed.safety, complaint.filed.met) == (True, True)
        assert (await status(o, "bk_1"))[2] == "review"
        assert await o.rows("select * from marks") == []  # no mark on anyone until it is decided
        await o.desk.decide_refund("bk_1", "declined", None, "nothing found")
        assert [m[0] for m in await o.rows("select kind from marks where role = 'expert'")] == ["late"]


async def test_P3_13_nobody_is_kept_in_a_session_by_an_older_complaint(where: str) -> None:
    async with office(where) as o:
        await book(o)
        for role in Role:
            await joins(o, "bk_1", role, NOON)
        ticket = await o.desk.complain("bk_1", CLIENT, Category.CONDUCT, "shouting")
        report, again = await o.desk.leave_for_safety("bk_1", CLIENT, "conduct", "and now threats", o.clock.at(5))
        assert again == ticket
        assert report.session.over
        _, once_more = await o.desk.leave_for_safety("bk_1", CLIENT, "conduct", None, o.clock.at(6))
        assert once_more == ticket
        _, other = await o.desk.leave_for_safety("bk_1", EXPERT, "other", None, o.clock.at(6))
        complaint = (await file_of(o, "c_9")).dossier.complaints[other]  # both may
        assert not complaint.filed.safety


async def test_P3_13_what_is_said_in_leaving_is_kept_when_the_session_ended_first(where: str) -> None:
    async with office(where) as o:
        for id_, end in (("hung_up", NOON + 10 * MINUTE), ("stopped", NOON + 30 * MINUTE)):
            await book(o, id_)
            for role in Role:
                await joins(o, id_, role, NOON)
            if id_ == "hung_up":
                await o.desk.report(id_, HangUp(EXPERT), end)
            report, ticket = await o.desk.leave_for_safety(id_, CLIENT, "conduct", f"KEPT {id_}", end + 1)
            assert report.session.end is not None
            assert report.session.end.reason is not EndReason.SAFETY  # the end stands as it was
            assert ticket in (await file_of(o)).dossier.complaints
        assert {body for (body,) in await o.rows("select body from texts")} == {"KEPT hung_up", "KEPT stopped"}


async def test_P3_17_a_claim_waits_for_review_and_a_decline_leaves_what_was_owed(where: str) -> None:
    async with office(where) as o:
        await held(o, "nothing_owed")
        start = NOON + HOUR
        o.clock.now = start - MINUTE
        await book(o, "owed", start=start)
        for role in Role:
            await joins(o, "owed", role, start)
        await o.desk.report("owed", MediaUp(), start)
        o.clock.now = start + 10 * MINUTE
        await o.desk.report("owed", HangUp(EXPERT), o.clock.now)
        owed = (await o.desk.snapshot("owed", CLIENT)).refund
        assert owed is not None
        assert (owed.status, owed.max and owed.max.amount) == ("eligible", 8000)
        for id_ in ("nothing_owed", "owed"):
            with refused("not_yours"):
                await o.desk.claim_cause(id_, EXPERT, "no_media", None)
            await o.desk.claim_cause(id_, CLIENT, "no_media", "I heard nothing")
            with refused("already_claimed"):
                await o.desk.claim_cause(id_, CLIENT, "other", None)
            refund = (await o.desk.snapshot(id_, CLIENT)).refund
            assert refund is not None
            assert (refund.status, refund.max and refund.max.amount) == ("review", 12000)
            await o.desk.decide_refund(id_, "declined", None, "the relay carried both ways")
        assert (await status(o, "nothing_owed"))[2] == "none"
        refund = (await o.desk.snapshot("owed", CLIENT)).refund
        assert refund is not None
        assert (refund.status, refund.max and refund.max.amount) == ("eligible", 8000)
        assert "I heard nothing" not in "".join(row[0] for row in await o.rows("select body from ledger"))


@pytest.mark.parametrize("when", ["in ending it", "afterwards"])
async def test_P2_1_P3_17_a_claim_is_not_shown_to_the_other_side_before_its_time(where: str, when: str) -> None:
    async with office(where) as o:
        for id_ in ("claimed", "plain"):
            await book(o, id_, f"c_{id_}")
            for role in Role:
                await joins(o, id_, role, NOON)
            await o.desk.report(id_, MediaUp(), NOON)
            cause = "not_the_person" if id_ == "claimed" and when == "in ending it" else None
            await o.desk.report(id_, HangUp(CLIENT, cause), NOON + 20 * MINUTE)
        o.clock.now = NOON + 21 * MINUTE
        if when == "afterwards":
            await o.desk.claim_cause("claimed", CLIENT, "not_the_person", "CLAIMED")
        assert (await status(o, "claimed"))[2] == "review"
        claimed, plain = [(await o.desk.snapshot(id_, EXPERT)).model_dump(mode="json") for id_ in ("claimed", "plain")]
        for each in (claimed, plain):
            for key in ("id", "version", "other", "me"):
                del each[key]
        assert claimed == plain
        if when == "afterwards":
            await o.desk.decide_refund("claimed", "approved", None, "seen")
            view = await o.desk.snapshot("claimed", EXPERT)
            assert view.refund is not None
            assert view.refund.status == "none"
        o.clock.now = NOON + 20 * MINUTE + 7 * DAY
        view = await o.desk.snapshot("claimed", EXPERT)
        assert view.refund is not None
        assert view.refund.status == ("eligible" if when == "afterwards" else "review")
        assert view.end is not None
        assert view.end.for_cause == (when == "in ending it")


async def test_P3_12_a_decline_is_disputed_once_and_in_time(where: str) -> None:
    async with office(where) as o:
        for id_, start in (("a", NOON), ("b", NOON + HOUR)):
            o.clock.now = start - MINUTE
            await book(o, id_, start=start)
            for role in Role:
                await joins(o, id_, role, start)
            await o.desk.report(id_, MediaUp(), start)
            o.clock.now = start + 10 * MINUTE
            await o.desk.report(id_, HangUp(EXPERT), o.clock.now)
            await o.desk.request_refund(id_, CLIENT, None)
            with refused("refund_not_possible"):
                await o.desk.dispute(id_, CLIENT, "not declined yet")
            await o.desk.decide_refund(id_, "declined", None, "our terms")
        with refused("not_yours"):
            await o.desk.dispute("a", EXPERT, None)
        await o.desk.dispute("a", CLIENT, "your terms say otherwise")
        assert (await status(o, "a"))[2] == "disputed"
        await o.desk.decide_refund("a", "declined", None, "read again")
        with refused("already_disputed"):
            await o.desk.dispute("a", CLIENT, None)
        o.clock.now += 14 * DAY
        with refused("dispute_expired"):
            await o.desk.dispute("b", CLIENT, None)


# --- P5.3 -------------------------------------------------------------------------------------------------------------


async def test_P5_3_consent_stands_on_the_ledger_by_digest_and_holds_back_a_complaint(where: str) -> None:
    async with office(where) as o:
        await book(o)
        ask = ConsentCommand(command_id="1", act="ask", scope="sound", purpose="notes")
        with refused("not_in_session"):
            await o.desk.consent("bk_1", EXPERT, ask, o.clock())
        for role in Role:
            await joins(o, "bk_1", role, NOON)
        _, (asked,) = await o.desk.consent("bk_1", EXPERT, ask, o.clock.at(1))
        with refused("not_yours"):
            give = ConsentCommand(command_id="2", act="give", request=asked.id, name="Max Expert")
            await o.desk.consent("bk_1", EXPERT, give, o.clock.at(2))
        with refused("no_such_request"):
            await o.desk.consent(
                "bk_1", CLIENT, ConsentCommand(command_id="2", act="refuse", request="cn_x"), o.clock.at(2)
            )
        give = ConsentCommand(command_id="2", act="give", request=asked.id, name="Ada Client")
        _, (given,) = await o.desk.consent("bk_1", CLIENT, give, o.clock.at(2))
        assert (given.status, given.name, given.scope) == ("given", "Ada Client", "sound")
        ledger = "".join(row[0] for row in await o.rows("select body from ledger"))
        assert not any(word in ledger for word in ("Ada", "sound", "notes"))
        await o.desk.report("bk_1", HangUp(CLIENT), o.clock.at(10))
        ticket = await o.desk.complain("bk_1", CLIENT, Category.PRIVACY, "recorded me")
        complaint = (await file_of(o)).dossier.complaints[ticket]
        assert complaint.filed.consented  # counts only once upheld
        (digest,) = [d for d, body in await o.rows("select digest, body from texts") if body == "Ada Client"]
        await erase_text(o, digest)
        (told,) = (await o.desk.snapshot("bk_1", EXPERT)).consents  # a text can go, and the record stays whole
        assert (told.status, told.name, told.scope) == ("given", None, "sound")
        await whole(o)


async def erase_text(o: Office, digest: str) -> None:
    from server.store import tables

    await o.database.write(lambda c: c.execute(tables.texts.delete().where(tables.texts.c.digest == digest)))


# --- P1.5 to P1.8, P2.8: the factor -----------------------------------------------------------------------------------


async def history(o: Office, late: list[Ms], day: int = 0) -> None:
    """One session an hour, each with another client, the expert so late in each."""
    for n, each in enumerate(late):
        await held(o, f"h{day}_{n}", f"c_h{n}", NOON + day * DAY + n * HOUR, each)


async def factor_of(o: Office, id_: str) -> int:
    (fact, *_) = [f for f in reversed((await o.desk.record(id_)).facts) if isinstance(f, FeeFactored)]
    return fact.bps


async def test_P1_6_P1_7_the_factor_is_frozen_at_booking_and_told_once(where: str) -> None:
    async with office(where, Clock(NOON - HOUR)) as o:
        await book(o, "before", "c_b", NOON + 9 * DAY)
        await history(o, [0] * 5)
        o.clock.now += DAY
        await o.desk.sweep()
        assert (await o.desk.standing("e_4")).factor.bps == 10_200
        changed = await events(o, "fee_factor.changed")
        assert [(e["fee_factor"]["before_bps"], e["fee_factor"]["bps"]) for e in changed] == [(10_000, 10_200)]
        assert changed[0]["fee_factor"]["rules"] == ["P1.5", "P1.6"]
        assert await factor_of(o, "before") == 10_000
        await book(o, "after", "c_a", NOON + 9 * DAY)
        assert await factor_of(o, "after") == 10_200
        await book(o, "before", "c_b", NOON + 10 * DAY, fee=Money(9_000, "USD"))  # moved: what was promised stands
        assert await factor_of(o, "before") == 10_000
        view = await o.desk.snapshot("after", CLIENT)
        assert view.other.punctual  # P1.7: the badge, for who waits
        assert not (await o.desk.snapshot("after", EXPERT)).other.punctual
        await o.desk.sweep()
        await o.desk.sweep()
        assert len(await events(o, "fee_factor.changed")) == 1
        await whole(o)


async def test_P1_6_an_exchanged_expert_brings_its_own_factor(where: str) -> None:
    async with office(where, Clock(NOON - HOUR)) as o:
        await history(o, [0] * 5)
        o.clock.now += DAY
        await book(o, "x", "c_x", NOON + 9 * DAY, expert=Party("e_5", "New Expert"))
        assert await factor_of(o, "x") == 10_000
        await book(o, "x", "c_x", NOON + 9 * DAY)
        assert await factor_of(o, "x") == 10_200
        facts = [f for f in (await o.desk.record("x")).facts if isinstance(f, FeeFactored)]
        assert [f.bps for f in facts] == [10_000, 10_200]


async def test_P1_8_an_excuse_changes_what_is_booked_after_it(where: str) -> None:
    async with office(where, Clock(NOON - HOUR)) as o:
        await history(o, [0, 0, 0, 0, 9 * MINUTE + 30_000])  # the last one: nearly nothing of its score is left
        o.clock.now += DAY
        standing = await o.desk.standing("e_4")
        assert standing.factor.bps == 9_500
        await book(o, "before", "c_b", NOON + 9 * DAY)
        with refused("nothing_to_contest"):
            await o.desk.contest("h0_0", EXPERT, "I was on time, and it says so")
        with refused("nothing_to_contest"):
            await o.desk.contest("h0_4", CLIENT, "not mine")
        await o.desk.contest("h0_4", EXPERT, "the lift was stuck")
        with refused("already_contested"):
            await o.desk.contest("h0_4", EXPERT, "it was")
        assert (await o.desk.standing("e_4")).factor.bps == 9_500  # it counts until somebody has decided
        await o.desk.excuse("h0_4", "key_1", "it was")
        with refused("already_excused"):
            await o.desk.excuse("h0_4", "key_1", "it was")
        with refused("no_such_slot"):
            await o.desk.excuse("h0_4", "key_1", "it was", NOON - DAY)
        standing = await o.desk.standing("e_4")
        assert [(m.session, why.value) for m, why in standing.factor.punctuality.passed_over] == [("h0_4", "excused")]
        assert standing.factor.bps == 10_000  # four are left: too few for a row
        await book(o, "after", "c_a", NOON + 9 * DAY)
        assert (await factor_of(o, "before"), await factor_of(o, "after")) == (9_500, 10_000)
        view = (await o.desk.snapshot("h0_4", EXPERT)).afterwards
        assert view is not None
        assert (view.excused, view.contested) == (True, True)
        told = [(e["fee_factor"]["before_bps"], e["fee_factor"]["bps"]) for e in await events(o, "fee_factor.changed")]
        assert told == [(10_000, 9_500), (9_500, 10_000)]


async def test_P2_8_a_penalty_ends_by_itself_and_is_told_once(where: str) -> None:
    async with office(where) as o:
        await held(o)
        ticket = await o.desk.complain("bk_1", CLIENT, Category.CONDUCT, None)
        await o.desk.decide_complaint(ticket, "uphold", "key_1", "heard it")
        since = o.clock.now
        assert (await o.desk.standing("e_4")).factor.bps == 9_500
        o.clock.now = since + 90 * DAY - 1
        await o.desk.sweep()
        assert (await o.desk.standing("e_4")).factor.bps == 9_500
        o.clock.now = since + 90 * DAY
        for _ in range(3):
            await o.desk.sweep()
        told = [(e["fee_factor"]["before_bps"], e["fee_factor"]["bps"]) for e in await events(o, "fee_factor.changed")]
        assert told == [(10_000, 9_500), (9_500, 10_000)]


async def test_P2_8_hidden_ratings_do_not_count_until_they_are_shown(where: str) -> None:
    async with office(where) as o:
        ids = await many_held(o, [f"c_{n}" for n in range(10)])
        for id_ in ids:
            await o.desk.rate(id_, CLIENT, 1, [], None)
        o.clock.now = NOON + HOUR  # the slots have ended
        await o.desk.sweep()
        assert (await o.desk.standing("e_4")).factor.bps == 10_200  # ten on time, and nothing shown
        o.clock.now = NOON + 20 * MINUTE + 7 * DAY
        await o.desk.sweep()
        standing = await o.desk.standing("e_4")
        assert standing.factor.bps == 9_700
        assert (await events(o, "fee_factor.changed"))[-1]["fee_factor"]["bps"] == 9_700


async def test_P3_15_a_revision_gives_a_new_mark_and_moves_the_refund(where: str) -> None:
    async with office(where, Clock(NOON - HOUR)) as o:
        with pytest.raises(NotFound):
            await o.desk.revise("nothing", "key_1", "x", expert=Attendance())
        await history(o, [0] * 5)
        with refused("nothing_revised"):
            await o.desk.revise("h0_0", "key_1", "x")
        with refused("wrong_currency"):
            await o.desk.revise("h0_0", "key_1", "x", refund_max=Money(1, "EUR"))
        with refused("amount_too_high"):
            await o.desk.revise("h0_0", "key_1", "x", refund_max=Money(12_001, "USD"))
        record = await o.desk.revise(
            "h0_4",
            "key_1",
            "the clock was wrong",
            expert=Attendance(AttendanceKind.LATE, None, 330_000),
            refund_max=Money(500, "USD"),
        )
        settled = [f for f in record.facts if isinstance(f, Settled)]
        assert len(settled) == 1  # the settlement itself is never written again
        o.clock.now += DAY
        counted = (await o.desk.standing("e_4")).factor.punctuality.counted
        assert (counted[0].mark.session, counted[0].score_bps) == ("h0_4", 5_000)
        assert (await o.desk.standing("e_4")).factor.bps == 10_000
        view = await o.desk.snapshot("h0_4", CLIENT)
        assert view.refund is not None
        assert view.refund.max is not None
        assert (view.refund.status, view.refund.max.amount) == (RefundStatus.ELIGIBLE.value, 500)
        assert view.end is not None
        assert view.end.expert.lateness_seconds == 330_000
        assert view.end.expert.arrived_at is not None
        await o.desk.request_refund("h0_4", CLIENT, None)
        with refused("refund_not_possible"):
            await o.desk.revise("h0_4", "key_1", "too late for that", refund_max=Money(0, "USD"))
        o.clock.now += DAY
        await o.desk.revise("h0_4", "key_1", "it was not", expert=Attendance(AttendanceKind.ON_TIME, None, 0))
        o.clock.now += 1
        assert (await o.desk.standing("e_4")).factor.bps == 10_200


async def test_P0_1_P1_8_an_earlier_slot_of_a_moved_session_can_be_excused(where: str) -> None:
    async with office(where) as o:
        await book(o)
        await joins(o, "bk_1", CLIENT, NOON)
        moved = NOON + 2 * HOUR
        o.clock.at(15)
        await book(o, start=moved)
        assert [row[0] for row in await o.rows("select kind from marks where role = 'expert'")] == ["no_show"]
        for role in Role:
            await joins(o, "bk_1", role, moved)
        o.clock.now = moved + 10 * MINUTE
        await o.desk.report("bk_1", HangUp(CLIENT), o.clock.now)
        o.clock.now += DAY
        scores = [s.score_bps for s in (await o.desk.standing("e_4")).factor.punctuality.counted]
        assert scores == [10_000, 0]
        await o.desk.excuse("bk_1", "key_1", "a flood", NOON)
        assert [s.score_bps for s in (await o.desk.standing("e_4")).factor.punctuality.counted] == [10_000]


async def test_P2_5_what_may_be_an_attack_is_shown_and_decides_nothing(where: str) -> None:
    async with office(where) as o:
        await complained(o, n=4)
        standing = await o.desk.standing("e_4")
        assert {signal.kind.value for signal in standing.signals} == {"burst", "strangers"}
        assert standing.file.dossier.sanctions == {}


async def test_lists_find_the_same_on_each_store(where: str) -> None:
    async with office(where) as o:
        tickets = await complained(o)
        await o.desk.decide_complaint(tickets[0], "dismiss", "key_1", "not so")  # which lifts what it brought
        await o.desk.impose(
            "c_1", "key_1", measure=Measure.SUSPENSION, roles=[CLIENT], until=NOON + DAY, law="DE", reason="x"
        )
        now = o.clock.now
        for sort, first in (("complaints", "e_4"), ("punctuality", None), ("factor", None)):
            seen: list[str] = []
            after = None
            while rows := await views.people_page(o.database, None, sort, now, after, 4):  # type: ignore[arg-type]
                seen += [row.person_id for row in rows]
                after = rows[-1].key, rows[-1].pseudonym
            assert sorted(seen) == sorted(["e_4", *(f"c_{n}" for n in range(5))])
            assert first in (None, seen[0])
        (expert,) = await views.people_page(o.database, EXPERT, "complaints", now, None, 9)
        assert (expert.person_id, expert.complaints, expert.sanctioned) == ("e_4", 4, False)
        barred = await views.people_page(o.database, CLIENT, "factor", now, None, 9)
        assert [row.person_id for row in barred if row.sanctioned] == ["c_1"]
        found, shelf = await views.complaints_page(o.database, views.Complained(status="filed"), None, 3)
        assert len(found) == 3
        last = shelf.files[found[-1][0]].dossier.complaints[found[-1][1]].filed
        rest, _ = await views.complaints_page(
            o.database, views.Complained(status="filed", accused="e_4"), (last.at, last.complaint), 9
        )
        assert {id_ for _, id_ in [*found, *rest]} == set(tickets[1:])
        for open_, count in ((None, 2), (True, 1), (False, 1)):
            sanctions, _ = await views.sanctions_page(o.database, open_=open_, now=now, after=None, limit=9)
            assert len(sanctions) == count
        entries, texts = await views.audit(o.database, views.Acts(who="key_1"), after=0, limit=9)
        assert ([entry.seq for entry in entries], sorted(texts.values())) == ([1, 2], ["not so", "x"])


async def test_P0_4_a_persons_ledger_holds_no_name_and_no_word(where: str) -> None:
    async with office(where) as o:
        await complained(o)
        await o.desk.rate("s_0", CLIENT, 2, [], "SOME WORDS")
        bodies = "".join(row[0] for row in await o.rows("select body from person_ledger"))
        assert bodies
        for word in ("SOME WORDS", "text of", "Name of", "Max", '"c_', '"e_4'):
            assert word not in bodies
        seals = await o.rows("select digest, salt, body from texts")
        assert len({salt for _, salt, _ in seals}) == len(seals)
        assert await people_of(o) >= {"e_4", "c_0"}


async def people_of(o: Office) -> set[str]:
    async with o.database.read() as connection:
        found = [await people.find(connection, id_) for id_ in ("e_4", "c_0")]
    return {person.person_id for person in found if person}
