"""The desk on a real database: each change whole or not at all, on record before anyone is told, once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from server.policy.facts import Priced, RunningLate, Settled
from server.policy.money import Money
from server.store.sessions import Party
from signaling.errors import Denied, NotFound, Stale, UserError
from signaling.ledger import Broken, Entry, verify
from signaling.session import (
    MINUTE,
    Accept,
    Depart,
    EndReason,
    HangUp,
    How,
    Join,
    MediaUp,
    Outage,
    Phase,
    Role,
    Whom,
)
from tests.builders import NOON, Clock, booking, office

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def test_a_booking_is_stored_with_its_ledger_terms_and_event(where: str) -> None:
    async with office(where, Clock(NOON - 60 * MINUTE)) as o:
        booked = await o.desk.book(booking())
        assert booked.created
        record = await o.desk.record("bk_1")
        assert record.session.phase is Phase.SCHEDULED
        assert [f.kind for f in record.facts] == ["booked", "priced", "fee_factored", "accepted", "accepted"]
        assert record.facts[1] == Priced(NOON - 60 * MINUTE, Money(12000, "USD"))
        assert o.alarms["bk_1"] == NOON + MINUTE + 1  # late_at
        rows = await o.rows("select type, sequence, body from outbox")
    assert [(r[0], r[1]) for r in rows] == [("session.booked", 1)]
    body = json.loads(rows[0][2])
    assert body["sequence"] == 1
    assert body["data"]["session"]["starts_at"] == "2026-11-22T12:00:00.000Z"
    assert body["data"]["session"]["links"]["client"] == o.desk.link(record, CLIENT)


async def test_the_same_booking_twice_changes_nothing(where: str) -> None:
    async with office(where, Clock(NOON - 60 * MINUTE)) as o:
        first = await o.desk.book(booking())
        again = await o.desk.book(booking())
        assert not again.created
        assert again.record.version == first.record.version
        assert len(o.reports) == 2
        assert o.reports[1][1].facts == ()


async def test_P0_1_before_the_start_everything_may_change(where: str) -> None:
    async with office(where, Clock(NOON - 60 * MINUTE)) as o:
        await o.desk.book(booking())
        before = o.desk.link(await o.desk.record("bk_1"), CLIENT)
        changed = booking(
            starts_at=NOON + 60 * MINUTE, client=Party("c_10", "Bea"), fee=Money(9000, "USD"), title="Other"
        )
        record = (await o.desk.book(changed)).record
        assert record.session.slot.starts_at == NOON + 60 * MINUTE
        assert record.client.person_id == "c_10"
        assert record.fee == Money(9000, "USD")
        with pytest.raises(Denied):  # the link was somebody else's
            await o.desk.admit(before.partition("#t=")[2])


async def test_P0_1_from_the_start_on_only_the_end_moves(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(1))
        for wrong in (
            booking(starts_at=NOON + MINUTE),
            booking(client=Party("c_11", "Eve")),
            booking(fee=Money(1, "USD")),
        ):
            with pytest.raises(UserError) as refused:
                await o.desk.book(wrong)
            assert refused.value.code == "slot_started"
        record = (await o.desk.book(booking(duration=45 * MINUTE))).record
        assert record.session.slot.ends_at == NOON + 45 * MINUTE
        with pytest.raises(UserError, match="end_too_near"):
            await o.desk.book(booking(duration=MINUTE + 30_000))


async def test_same_person_and_wrong_version_are_refused(where: str) -> None:
    async with office(where) as o:
        with pytest.raises(UserError, match="same_person"):
            await o.desk.book(booking(expert=Party("c_9", "Ada")))
        await o.desk.book(booking())
        with pytest.raises(Stale):
            await o.desk.book(booking(title="x"), if_version=99)
        with pytest.raises(NotFound):
            await o.desk.cancel("nope", Whom.CLIENT)


async def test_overlaps_are_said_and_not_refused(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        second = await o.desk.book(booking("bk_2", starts_at=NOON + 15 * MINUTE, client=Party("c_77", "Zoe")))
        assert second.overlaps == (("expert", "bk_1"),)


async def test_P3_4_an_early_leave_is_settled_in_the_transaction_of_the_hang_up(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(0.5))
        o.desk.mutual = lambda session: 9 * MINUTE
        await o.desk.report("bk_1", MediaUp(), o.clock.at(0.6))
        await o.desk.report("bk_1", HangUp(EXPERT), o.clock.at(10))
        record = await o.desk.record("bk_1")
        assert [f.kind for f in record.facts[-4:]] == ["measured", "hung_up", "ended", "settled"]
        verdict = record.facts[-1]
        assert isinstance(verdict, Settled)
        assert verdict.settlement.refund.status == "eligible"
        assert verdict.settlement.refund.max_amount == 8000  # 20 of 30 minutes of 120.00
        assert verdict.settlement.mutual == 9 * MINUTE
        view = await o.desk.snapshot("bk_1", CLIENT)
        assert view.may.request_refund
        assert not (await o.desk.snapshot("bk_1", EXPERT)).may.request_refund

        with pytest.raises(UserError, match="not_yours"):
            await o.desk.request_refund("bk_1", EXPERT, None)
        with pytest.raises(UserError, match="amount_too_high"):
            await o.desk.request_refund("bk_1", CLIENT, Money(8001, "USD"))
        with pytest.raises(UserError, match="wrong_currency"):
            await o.desk.request_refund("bk_1", CLIENT, Money(80, "EUR"))
        await o.desk.request_refund("bk_1", CLIENT, Money(5000, "USD"))
        with pytest.raises(UserError, match="refund_not_possible"):
            await o.desk.request_refund("bk_1", CLIENT, None)
        await o.desk.decide_refund("bk_1", "approved", None, None)
        await o.desk.refund_settled("bk_1", "re_1")
        types = [row[0] for row in await o.rows("select type from outbox order by sequence")]
        assert types[-4:] == ["refund.eligible", "refund.requested", "refund.approved", "refund.settled"]


async def test_P3_12_a_refund_not_asked_for_expires_by_itself(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(0))
        await o.desk.report("bk_1", MediaUp(), o.clock.at(0))
        await o.desk.report("bk_1", HangUp(EXPERT), o.clock.at(10))
        assert o.alarms["bk_1"] == NOON + 10 * MINUTE + 14 * 86_400_000
        o.clock.at(10 + 14 * 24 * 60)
        assert await o.desk.sweep() == 1
        assert (await o.desk.snapshot("bk_1", CLIENT)).refund is not None
        assert (await o.desk.snapshot("bk_1", CLIENT)).refund.status == "expired"  # type: ignore[union-attr]
        assert await o.desk.sweep() == 0


async def test_P3_1_the_sweep_closes_as_of_the_end_however_late(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(0))
        o.clock.at(31.5)
        await o.desk.sweep()
        end = (await o.desk.record("bk_1")).session.end
        assert end is not None
        assert (end.reason, end.as_of) == (EndReason.COMPLETED, NOON + 30 * MINUTE)


async def test_P3_9_a_restart_empties_the_seats_and_blames_nobody(where: str) -> None:
    clock = Clock()
    async with office(where, clock) as o:
        await o.desk.book(booking())
        await o.desk.book(booking("later", starts_at=NOON + 600 * MINUTE))
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(0))
        o.clock.at(5)
        await o.desk.sign_of_life()
    clock.at(6)
    async with office(where, clock) as o:
        await o.desk.reconcile()
        assert (await o.desk.record("bk_1")).session.phase is Phase.HELD
        assert (await o.desk.record("later")).facts == (await o.desk.record("later")).facts[:5]
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"again-{role}"), o.clock.at(6.2))
        assert (await o.desk.record("bk_1")).session.phase is Phase.LIVE
    clock.at(40)
    async with office(where, clock) as o:
        await o.desk.reconcile()
        end = (await o.desk.record("bk_1")).session.end
        assert end is not None
        assert end.reason is EndReason.INTERRUPTED
        assert end.by is None


async def test_many_at_once_are_taken_one_by_one_in_their_order(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(0))
        at = o.clock.at(3)
        roles = [EXPERT, CLIENT] * 20
        await asyncio.gather(*(o.desk.report("bk_1", HangUp(role), at) for role in roles))
        record = await o.desk.record("bk_1")
        hung_up = [f for f in record.facts if f.kind == "hung_up"]
        assert [f.role for f in hung_up] == [EXPERT, CLIENT]  # P3.11: the later one is noted and changes nothing
        assert record.session.end is not None
        assert record.session.end.by is Whom.EXPERT


async def test_what_fails_leaves_nothing_behind(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        before = await o.desk.record("bk_1")

        async def fails(*_: object) -> None:
            raise RuntimeError("the disk is gone")

        monkeypatch.setattr("server.store.sessions.put", fails)
        with pytest.raises(RuntimeError, match="the disk is gone"):
            await o.desk.report("bk_1", Join(CLIENT, "join-0001"), o.clock.at(0))
        monkeypatch.undo()
        assert await o.desk.record("bk_1") == before
        assert (await o.desk.report("bk_1", Join(CLIENT, "join-0001"), o.clock.at(0))).version == before.version + 1


async def test_a_listener_that_fails_does_not_undo_the_record(where: str) -> None:
    async with office(where) as o:

        async def broken(session: str, report: object) -> None:
            raise RuntimeError("no")

        o.desk.listeners.insert(0, broken)
        await o.desk.book(booking())
        assert (await o.desk.record("bk_1")).version == 5
        assert len(o.reports) == 1  # and the next listener is told all the same


async def test_P0_4_the_stored_ledger_verifies_and_cannot_be_changed(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        await o.desk.report("bk_1", Join(CLIENT, "join-0001"), o.clock.at(0))
        entries = [Entry(*row) for row in await o.rows("select seq, body, hash from ledger order by seq")]
        ((head,),) = await o.rows("select head from sessions")
        assert verify("bk_1", entries) == head
        for sql in ("update ledger set body = 'x'", "delete from ledger"):
            with pytest.raises(IntegrityError, match="append-only"):
                await o.database.write(lambda connection, sql=sql: connection.execute(text(sql)))
    with pytest.raises(Broken) as broken:
        verify("bk_1", [replace(e, body=e.body.replace("client", "expert")) for e in entries])
    assert broken.value.seq == 4
    written = "".join(e.body for e in entries)
    assert not any(name in written for name in ("Ada", "Max", "c_9", "e_4"))  # roles, never persons


async def test_P1_1_opening_the_page_is_on_the_ledger_once_and_is_no_join(where: str) -> None:
    async with office(where) as o:
        record = (await o.desk.book(booking())).record
        token = o.desk.link(record, CLIENT).partition("#t=")[2]
        for _ in range(5):
            admission = await o.desk.admit(token)
        assert (admission.session, admission.role) == ("bk_1", CLIENT)
        record = await o.desk.record("bk_1")
        assert [f.kind for f in record.facts].count("opened") == 1
        assert record.session.phase is Phase.SCHEDULED


async def test_renewed_links_end_the_old_ones(where: str) -> None:
    async with office(where) as o:
        old = (await o.desk.book(booking())).record
        new = await o.desk.renew_links("bk_1", [CLIENT])
        with pytest.raises(Denied):
            await o.desk.admit(o.desk.link(old, CLIENT).partition("#t=")[2])
        await o.desk.admit(o.desk.link(new, CLIENT).partition("#t=")[2])
        await o.desk.admit(o.desk.link(old, EXPERT).partition("#t=")[2])


async def test_guidelines_are_accepted_in_the_version_that_stands(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking(accepted=()))
        with pytest.raises(UserError, match="guidelines_needed"):
            await o.desk.report("bk_1", Join(CLIENT, "join-0001"), o.clock.at(0))
        with pytest.raises(UserError, match="guidelines_changed"):
            await o.desk.report("bk_1", Accept(CLIENT, "1999-01"), o.clock.at(0))
        await o.desk.report("bk_1", Accept(CLIENT, "2026-11"), o.clock.at(0))
        await o.desk.report("bk_1", Join(CLIENT, "join-0001"), o.clock.at(0))


async def test_running_late_is_shown_to_the_other_side(where: str) -> None:
    async with office(where, Clock(NOON - MINUTE)) as o:
        await o.desk.book(booking())
        for _ in range(3):
            await o.desk.late("bk_1", EXPERT, 5, o.clock())
        record = await o.desk.record("bk_1")
        assert [f for f in record.facts if isinstance(f, RunningLate)] == [RunningLate(NOON - MINUTE, EXPERT, 5)]
        assert (await o.desk.snapshot("bk_1", CLIENT)).other.running_late_minutes == 5


async def test_keys_are_shown_once_and_revoked_for_good(where: str) -> None:
    async with office(where) as o:
        key, secret = await o.desk.create_key("booking", ["sessions", "read"])
        assert await o.desk.authenticate(secret) == (key.id, frozenset({"sessions", "read"}))
        assert secret not in str(await o.rows("select * from keys"))
        await o.desk.revoke_key(key.id)
        with pytest.raises(Denied):
            await o.desk.authenticate(secret)
        with pytest.raises(NotFound):
            await o.desk.revoke_key(key.id)
        with pytest.raises(UserError, match="unknown_scope"):
            await o.desk.create_key("x", ["everything"])
        assert (await o.desk.authenticate("environment-key"))[1] >= {"sessions", "moderation"}
        with pytest.raises(Denied):
            await o.desk.authenticate("ünicode")


async def test_P3_8_the_view_says_when_one_may_leave(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        await o.desk.report("bk_1", Join(CLIENT, "join-0001"), o.clock.at(2))
        assert (await o.desk.snapshot("bk_1", CLIENT)).may.leave_at == NOON + 12 * MINUTE
        await o.desk.report("bk_1", Join(EXPERT, "join-0002"), o.clock.at(3))
        assert (await o.desk.snapshot("bk_1", CLIENT)).may.leave_at is None
        at = o.clock.at(5)
        await o.desk.report("bk_1", Depart(EXPERT, "join-0002", How.CONNECTION, at - 6000), at)
        view = await o.desk.snapshot("bk_1", CLIENT)
        assert (view.may.leave_at, view.held_until) == (at + 90_000, at + 90_000)
        assert view.other.status == "away"


async def test_an_outage_of_a_session_long_over_changes_nothing(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        await o.desk.cancel("bk_1", Whom.CLIENT)
        before = await o.desk.record("bk_1")
        await o.desk.report("bk_1", Outage(NOON), o.clock.at(50))
        assert await o.desk.record("bk_1") == before
