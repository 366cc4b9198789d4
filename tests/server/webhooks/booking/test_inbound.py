"""What time brings to a chain of bookings, what the rules refuse of it, and what is kept: on both stores."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.desk.inbound import INBOX_KEPT, PATIENCE
from server.policy.money import Money
from server.policy.people import Measure
from server.store.sessions import Record
from signaling.errors import Denied
from signaling.session import MINUTE, EndReason, Join, Phase, Role, Whom
from tests.builders import GUIDELINES, NOON, Clock, Office, booking, office
from tests.server.webhooks.booking.samples import (
    CLIENT,
    HOST,
    HOUR,
    LATER,
    MUCH_LATER,
    SAID,
    STORIES,
    calcom,
    calendly,
    standard,
)
from tests.server.webhooks.booking.test_orders import a_source, take


def cal(k: str, trigger: str, letter: str, n: int, **more: Any) -> bytes:
    return calcom(trigger, f"{k}{letter}", n=n, **more)


def moved(letter: str, before: str, n: int, starts_at: int = LATER, **more: Any) -> bytes:
    return cal("", "BOOKING_RESCHEDULED", letter, n, rescheduleUid=before, starts_at=starts_at, **more)


CREATED = cal("", "BOOKING_CREATED", "A", 0, price=5000)
ASKED_AGAIN = cal("", "BOOKING_CANCELLED", "A", 1, cancelledBy=HOST, requestReschedule=True)


async def phases(o: Office) -> dict[str, str]:
    return dict(await o.rows("select id, status from sessions"))  # type: ignore[arg-type]


async def refund_of(record: Record) -> str:
    return next(fact.settlement.refund.status.value for fact in record.facts if fact.kind == "settled")


async def test_what_follows_upon_a_booking_that_never_comes_is_taken_as_it_is(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        assert (await take(o, "calcom", moved("B", "A", 1))).message.outcome == "waiting"
        await o.desk.sweep()
        assert await phases(o) == {}
        o.clock.now += PATIENCE
        await o.desk.sweep()
        assert await phases(o) == {"src:A": "scheduled"}
        assert (await take(o, "calcom", moved("B", "A", 1))).message.outcome == "taken"
        assert (await take(o, "calcom", CREATED)).record is not None  # late, and of no more news
        assert await phases(o) == {"src:A": "scheduled"}
        assert (await o.desk.record("src:A")).session.slot.starts_at == LATER


async def test_two_that_turn_out_to_be_one_become_one(where: str) -> None:
    """A move got lost for so long that the next one was taken for another booking."""
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        await take(o, "calcom", CREATED)
        await take(o, "calcom", moved("C", "B", 2, MUCH_LATER))
        o.clock.now += PATIENCE
        await o.desk.sweep()
        assert await phases(o) == {"src:A": "scheduled", "src:B": "scheduled"}
        await take(o, "calcom", moved("B", "A", 1))
        await o.desk.sweep()
        assert await phases(o) == {"src:A": "scheduled", "src:B": "cancelled"}
        assert (await o.desk.record("src:A")).session.slot.starts_at == MUCH_LATER
        assert await refund_of(await o.desk.record("src:B")) == "none"
        await take(o, "calcom", cal("", "BOOKING_CANCELLED", "C", 3, cancelledBy=CLIENT))
        assert await phases(o) == {"src:A": "cancelled", "src:B": "cancelled"}


async def test_a_slot_that_was_given_up_for_none_is_cancelled_when_its_doors_open(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        for raw in (CREATED, ASKED_AGAIN):
            await take(o, "calcom", raw)
        o.clock.now = NOON - 15 * MINUTE - 1
        await o.desk.sweep()
        assert await phases(o) == {"src:A": "scheduled"}
        o.clock.now += 1
        await o.desk.sweep()
        record = await o.desk.record("src:A")
        assert record.session.phase is Phase.CANCELLED
        assert record.session.end is not None
        assert record.session.end.by is Whom.EXPERT
        assert await refund_of(record) == "requested"
        assert await o.rows("select count(*) from marks where no_show = 1") == [(0,)]
        o.clock.now = NOON + 5 * MINUTE
        assert (await take(o, "calcom", moved("B", "A", 2))).message.session == "src:B"  # chosen after all
        assert await phases(o) == {"src:A": "cancelled", "src:B": "scheduled"}


@pytest.mark.parametrize("heard_after", [5, 40])
async def test_a_cancellation_in_time_is_no_no_show_though_heard_too_late(where: str, heard_after: int) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        await take(o, "calcom", CREATED)
        o.clock.at(heard_after)
        await o.desk.sweep()
        taken = await take(o, "calcom", cal("", "BOOKING_CANCELLED", "A", 1, cancelledBy=HOST))
        record = await o.desk.record("src:A")
        assert record.session.end is not None
        if heard_after == 5:
            assert record.session.end.reason is EndReason.CANCELLED
            assert record.session.end.by is Whom.OPERATOR
            assert await o.rows("select count(*) from marks where no_show = 1") == [(0,)]
            assert await refund_of(record) == "requested"
        else:  # it has been settled, and an operator must say that it was not so (P1.8)
            assert (taken.message.outcome, taken.message.code) == ("refused", "session_over")


async def test_what_was_cancelled_and_is_booked_again_is_another_session(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        for raw in (CREATED, cal("", "BOOKING_CANCELLED", "A", 1, cancelledBy=CLIENT), moved("B", "A", 2)):
            taken = await take(o, "calcom", raw)
        assert taken.message.session == "src:B"
        assert await phases(o) == {"src:A": "cancelled", "src:B": "scheduled"}
        late = await take(o, "calcom", cal("", "BOOKING_PAID", "B", 3, starts_at=LATER))
        assert late.message.outcome == "taken"


async def test_a_payment_for_what_was_cancelled_is_told(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        for raw in (CREATED, cal("", "BOOKING_CANCELLED", "A", 1, cancelledBy=CLIENT)):
            await take(o, "calcom", raw)
        taken = await take(o, "calcom", cal("", "BOOKING_PAID", "A", 2, price=5000))
        assert (taken.message.outcome, taken.message.code) == ("refused", "session_over")
        assert await o.rows("select count(*) from outbox where type = 'booking.refused'") == [(1,)]


async def test_what_the_rules_refuse_is_on_record_and_told_once(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        first = await take(o, "calcom", CREATED)
        assert first.record is not None
        host = first.record.expert.person_id
        who = {"measure": Measure.PERMANENT, "roles": (Role.EXPERT,), "until": None, "law": "DE", "reason": "proven"}
        await o.desk.impose(host, "key_1", **who)  # type: ignore[arg-type]
        ledgers = await o.rows("select * from ledger")
        second = cal("", "BOOKING_CREATED", "Q", 5)
        for _ in range(3):
            taken = await take(o, "calcom", second)
            assert (taken.message.outcome, taken.message.code) == ("refused", "party_sanctioned")
        assert await o.rows("select * from ledger") == ledgers
        [(sequence, body)] = await o.rows("select sequence, body from outbox where type = 'booking.refused'")
        assert sequence == 1
        assert json.loads(body)["data"]["booking"] == "Q"
        over = cal("", "BOOKING_CREATED", "R", 6, starts_at=NOON - 20 * HOUR, host="x@y.example")
        assert (await take(o, "calcom", over)).message.code == "slot_over"
        same = cal("", "BOOKING_CREATED", "S", 7, host="Ada.lovelace@clients.example", attendees=[])
        assert (await take(o, "calcom", same)).message.code == "not_one_to_one"


async def test_a_person_is_the_same_in_every_booking_of_a_source_and_nobody_elses(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        for name, kind in (("one", "calcom"), ("two", "calcom"), ("three", "calendly")):
            await a_source(o, kind, name)
        again = cal("", "BOOKING_CREATED", "B", 1, client=f" {CLIENT.upper()} ", starts_at=LATER)
        ids = {}
        for n, (name, kind, raw) in enumerate(
            (
                ("one", "calcom", CREATED),
                ("one", "calcom", again),
                ("two", "calcom", CREATED),
                ("three", "calendly", calendly("invitee.created", "A", n=0)),
            )
        ):
            taken = await take(o, kind, raw, name)
            assert taken.record is not None
            ids[n] = (taken.record.client.person_id, taken.record.expert.person_id)
        assert ids[0] == ids[1]
        assert len({person for pair in ids.values() for person in pair}) == 6
        assert [each[0].partition(":")[0] for each in ids.values()] == ["cal", "cal", "cal", "cly"]
        stored = str(await o.rows("select person_id from people"))
        assert "lovelace" not in stored.lower()


async def test_another_host_is_another_person_and_the_old_link_is_over(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        await take(o, "calcom", CREATED)
        before = o.desk.link(await o.desk.record("src:A"), Role.EXPERT).partition("#t=")[2]
        taken = await take(o, "calcom", cal("", "BOOKING_REASSIGNED", "A", 1, price=5000, host="joan@experts.example"))
        assert taken.exchanged == (Role.EXPERT,)
        with pytest.raises(Denied):
            await o.desk.admit(before)


async def test_a_fee_that_a_booking_does_not_name_is_the_sources(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom", fee=Money(900, "EUR"))
        taken = await take(o, "calcom", cal("", "BOOKING_CREATED", "A", 0))
        assert taken.record is not None
        assert taken.record.fee == Money(900, "EUR")
        other = await take(o, "calcom", cal("", "BOOKING_CREATED", "B", 1, price=100, starts_at=LATER))
        assert other.record is not None
        assert other.record.fee == Money(100, "USD")


async def test_an_id_that_is_none_of_ours_is_made_one(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        ids = {(await take(o, "calcom", cal(k, "BOOKING_CREATED", "A", 0))).message.session for k in ("a/b?", "x" * 90)}
        assert len(ids) == 2
        assert {len(id_ or "") for id_ in ids} == {35}
        assert set(await phases(o)) == ids


async def test_a_move_once_they_have_met_is_refused_and_told(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "standard")
        accepted = {
            role: {"version": GUIDELINES, "accepted_at": "2026-11-22T09:00:00Z"} for role in ("client", "expert")
        }
        await take(o, "standard", standard("booking.created", "bk_1", n=0, guidelines=accepted))
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(1))
        raw = standard("booking.moved", "bk_1", n=5, starts_at="2026-11-23T12:00:00Z", guidelines=accepted)
        o.clock.at(2)
        assert (await take(o, "standard", raw)).message.code == "slot_started"
        raw = standard("booking.cancelled", "bk_1", n=6, by="expert")
        assert (await take(o, "standard", raw)).message.code == "session_started"
        assert (await o.desk.record("bk_1")).session.phase is Phase.LIVE


# --- what is kept -----------------------------------------------------------------------------------------------------


async def test_an_erased_person_is_gone_from_what_was_heard(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        taken = await take(o, "calcom", CREATED)
        await take(o, "calcom", cal("", "BOOKING_CANCELLED", "A", 1, cancelledBy=CLIENT))
        assert taken.record is not None
        person = taken.record.client.person_id
        await o.desk.erase(person, "key_1", "asked for")
        everything = ""
        for (table,) in await _tables(o):
            everything += str(await o.rows(f'select * from "{table}"'))
        assert "Lovelace" not in everything
        assert CLIENT not in everything
        assert person not in everything
        assert "Grace Hopper" in everything
        assert (await take(o, "calcom", moved("B", "A", 2))).message.session == "src:B"  # who books again is new


async def _tables(o: Office) -> list[tuple[str]]:
    if o.database.url.get_backend_name() == "sqlite":
        return await o.rows("select name from sqlite_master where type = 'table' and name not like 'sqlite%'")  # type: ignore[return-value]
    return await o.rows("select tablename from pg_tables where schemaname = 'public'")  # type: ignore[return-value]


async def test_messages_are_kept_for_a_month_and_what_they_said_as_long_as_the_session(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        for raw in (CREATED, cal("", "BOOKING_CANCELLED", "A", 1, cancelledBy=CLIENT), cal("", "PING", "A", 2)):
            await take(o, "calcom", raw)
        await take(o, "calcom", cal("", "BOOKING_CANCELLED", "NONE", 3, cancelledBy=CLIENT))
        o.clock.now += INBOX_KEPT
        await o.desk.retain()
        assert await o.rows("select count(*) from inbox") == [(4,)]
        o.clock.now += 1
        await o.desk.retain()
        assert await o.rows("select count(*) from inbox") == [(0,)]
        assert await o.rows("select distinct uid from heard") == [("A",)]
        o.clock.now += o.desk.rules.terms.keep_records + HOUR
        await o.desk.retain()
        assert await phases(o) == {}
        assert await o.rows("select count(*) from heard") == [(0,)]
        assert await o.rows("select count(*) from bookings where session_id is not null") == [(0,)]


async def test_a_session_that_was_put_stays_whose_it_is(where: str) -> None:
    """The same booking system may book by both doors."""
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "standard")
        await o.desk.book(booking("bk_1"))
        taken = await take(o, "standard", standard("booking.created", "bk_1", n=0, starts_at="2026-11-23T12:00:00Z"))
        assert taken.record is not None
        assert taken.record.session.slot.starts_at == LATER


# --- any order, any time between, any loss of patience ----------------------------------------------------------------


@given(
    story=st.sampled_from([story for story in STORIES if story.right.status and story.kind != "standard"]),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_however_slowly_it_comes_the_booking_that_counts_is_the_one_that_is_held(
    tmp_path_factory: pytest.TempPathFactory, story: Any, chance: random.Random
) -> None:
    """Minutes lie between the messages, and patience is lost on the way: what is open in the end is right."""
    path: Path = tmp_path_factory.mktemp("chain") / "a.db"
    async with office(path, Clock(SAID + MINUTE)) as o:
        await a_source(o, story.kind, **story.options)
        messages = [*story.tell("k")]
        chance.shuffle(messages)
        for raw in messages:
            await take(o, story.kind, raw)
            o.clock.now += chance.choice((0, 1_000, 3 * MINUTE))
            await o.desk.sweep()
        o.clock.now += PATIENCE
        for _ in range(3):
            await o.desk.sweep()
        ids = await phases(o)
        open_ = [id_ for id_, status in ids.items() if status == "scheduled"]
        if story.right.status == "cancelled":
            assert open_ == []
            assert "cancelled" in ids.values()
        else:
            assert len(open_) == 1
            assert (await o.desk.record(open_[0])).session.slot.starts_at == story.right.starts_at
        if story.right.status == "scheduled":
            assert await o.rows("select count(*) from outbox where type like 'refund.%'") == [(0,)]
        assert await o.rows("select count(*) from outbox where type = 'booking.refused'") == [(0,)]
