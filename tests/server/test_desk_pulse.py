"""Time that this service did not live through, though its process did: nobody is blamed, and no call is cheated."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from server.policy.attendance import NOTHING
from server.policy.facts import Settled
from server.policy.verdict import Settlement
from server.pulse import MISSING, Pulse
from server.store import sessions
from signaling.errors import Busy
from signaling.session import MINUTE, Ended, EndReason, HangUp, Join, MediaUp, Ms, Phase, Role, ServiceLost
from tests.builders import NOON, Clock, Office, booking, office

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
SECOND: Ms = 1000


@dataclass
class Body:
    """A desk with a pulse, and the two clocks it looks at."""

    office: Office
    pulse: Pulse
    steady: list[float]
    mutual: dict[str, Ms] = field(default_factory=dict)
    steps: list[Ms] = field(default_factory=list)

    def lives(self, seconds: float) -> Ms:
        """Both clocks go on."""
        self.steady[0] += seconds
        self.office.clock.now += round(seconds * SECOND)
        return self.office.clock.now

    def steps_by(self, seconds: float) -> Ms:
        """The wall clock alone."""
        self.office.clock.now += round(seconds * SECOND)
        return self.office.clock.now

    async def call(self, session: str = "bk_1", media: bool = True) -> None:
        """Both are there, and see each other."""
        for role in Role:
            await self.office.desk.report(session, Join(role, f"join-{role}"), self.office.clock())
        if media:
            await self.office.desk.report(session, MediaUp(), self.office.clock())

    async def kinds(self, session: str = "bk_1") -> list[str]:
        return [fact.kind for fact in (await self.office.desk.record(session)).facts]

    async def verdict(self, session: str = "bk_1") -> Settlement:
        return next(f.settlement for f in (await self.office.desk.record(session)).facts if isinstance(f, Settled))


async def body(o: Office) -> Body:
    steady = [1000.0]
    made = Body(o, None, steady)  # type: ignore[arg-type]
    made.pulse = Pulse(
        o.desk,
        o.clock,
        mutual=lambda: made.mutual,
        on_step=made.steps.append,
        monotonic=lambda: steady[0],
        hearing=0,
    )
    o.desk.catch_up = made.pulse.catch_up
    o.desk.mutual = lambda session: made.mutual.get(session, 0)
    made.pulse._alive = await o.desk.sign_of_life()
    return made


async def test_a_service_that_lives_writes_signs_and_nothing_else(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        b = await body(o)
        await b.call()
        before = await b.kinds()
        for _ in range(30):
            at = b.lives(2)
            await b.pulse.beat()
        assert await b.kinds() == before
        assert (b.pulse.outages, b.pulse.steps) == (0, 0)
        async with o.database.read() as connection:
            assert await sessions.last_alive(connection, "single") == at


async def test_P3_9_a_stall_without_media_is_an_outage_from_the_last_sign_on(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        b = await body(o)
        await b.call()
        b.lives(2)
        await b.pulse.beat()
        b.lives(20)
        await b.pulse.beat()
        record = await o.desk.record("bk_1")
        assert [f.kind for f in record.facts[-2:]] == ["service_lost", "service_back"]
        assert [f.at for f in record.facts[-2:]] == [NOON + 2 * SECOND, NOON + 22 * SECOND]
        assert record.session.phase is Phase.HELD
        for role in Role:  # whoever is still there takes its seat again
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock())
        assert (await o.desk.record("bk_1")).session.phase is Phase.LIVE
        assert b.pulse.outages == 1
        await b.pulse.beat()
        assert b.pulse.outages == 1


async def test_P3_9_a_call_whose_media_went_on_lost_nothing(where: str) -> None:
    async with office(where) as o:
        for session in ("bk_1", "bk_2"):
            await o.desk.book(booking(session))
        b = await body(o)
        for session in ("bk_1", "bk_2"):
            await b.call(session)
        b.mutual = {"bk_1": 0, "bk_2": 0}
        b.lives(2)
        await b.pulse.beat()
        before = await b.kinds("bk_1")
        b.lives(20)
        b.mutual = {"bk_1": 19 * SECOND, "bk_2": 9 * SECOND}
        await b.pulse.beat()
        assert await b.kinds("bk_1") == before
        assert (await b.kinds("bk_2"))[-2:] == ["service_lost", "service_back"]


async def test_P3_9_whatever_comes_first_after_a_stall_is_decided_after_it(where: str) -> None:
    """The alarm of the hard stop rings before the pulse beats: it may not find two people who simply were not there."""
    async with office(where) as o:
        await o.desk.book(booking())
        b = await body(o)
        o.clock.at(1)
        await o.desk.sign_of_life()
        b.pulse._alive = o.clock()
        o.clock.at(31)  # nobody could come in: the whole slot was missed
        await asyncio.gather(o.desk.wake("bk_1"), o.desk.sweep())
        end = (await o.desk.record("bk_1")).session.end
        assert end is not None
        assert (end.reason, end.by) == (EndReason.INTERRUPTED, None)
        verdict = await b.verdict()
        assert verdict.refund.status == "requested"
        assert [verdict.party(role).attendance.kind for role in Role] == [NOTHING.kind, NOTHING.kind]


async def test_P3_1_a_stop_that_the_relay_kept_while_the_loop_stood_is_a_completed_call(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        b = await body(o)
        await b.call()
        o.clock.at(29.5)
        b.mutual = {"bk_1": 29 * MINUTE}
        await b.pulse._sign()
        o.clock.at(30.5)
        b.mutual = {"bk_1": 29 * MINUTE + 30 * SECOND}
        await o.desk.wake("bk_1")
        end = (await o.desk.record("bk_1")).session.end
        assert end is not None
        assert (end.reason, end.as_of) == (EndReason.COMPLETED, NOON + 30 * MINUTE)
        assert (await b.verdict()).refund.status == "none"


async def test_P1_2_nobody_is_late_by_our_doing(where: str) -> None:
    async with office(where, Clock(NOON - 10 * SECOND)) as o:
        await o.desk.book(booking())
        b = await body(o)
        b.lives(60 + 10 + 20)  # they knock at noon; the loop stands until 80 s past
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock())
        await o.desk.report("bk_1", MediaUp(), o.clock())
        o.clock.at(31)
        b.pulse._alive = o.clock()
        await o.desk.sweep()
        verdict = await b.verdict()
        assert [verdict.party(role).attendance.kind for role in Role] == ["on_time", "on_time"]


async def test_many_who_come_after_a_stall_wait_for_one_reckoning(where: str) -> None:
    async with office(where) as o:
        ids = [f"bk_{n}" for n in range(20)]
        for session in ids:
            await o.desk.book(booking(session))
        b = await body(o)
        for session in ids:
            await b.call(session)
        b.lives(20)
        await asyncio.gather(*(o.desk.report(s, HangUp(EXPERT), o.clock()) for s in ids), return_exceptions=True)
        assert b.pulse.outages == 1
        for session in ids:
            assert (await b.kinds(session)).count("service_lost") == 1
            assert "hung_up" not in await b.kinds(session)  # its seat is empty until it is heard of again


async def test_a_disk_that_takes_nothing_is_an_outage_once_it_does_again(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        b = await body(o)
        await b.call()
        real = o.database.write

        async def full(work: Any, *, first: bool = False) -> Any:
            raise Busy()

        monkeypatch.setattr(o.database, "write", full)
        for _ in range(5):
            b.lives(2)
            with pytest.raises(Busy):
                await b.pulse.beat()
        with pytest.raises(Busy):
            await o.desk.report("bk_1", HangUp(CLIENT), o.clock())
        monkeypatch.setattr(o.database, "write", real)
        b.lives(2)
        await b.pulse.beat()
        assert (await b.kinds())[-2:] == ["service_lost", "service_back"]
        lost = next(f for f in (await o.desk.record("bk_1")).facts if isinstance(f, ServiceLost))
        assert lost.at == NOON


async def test_a_step_of_the_wall_clock_is_counted_and_sets_the_alarms_anew(where: str) -> None:
    async with office(where) as o:
        b = await body(o)
        for by in (0.1, 0.1, 0.1):  # a clock that is slewed is no step, until it has gone as far as one
            b.steps_by(by)
            b.lives(1)
            await b.pulse.beat()
        assert b.steps == [300]
        b.steps_by(-3600)
        await b.pulse.beat()
        assert b.steps == [300, -3_600_000]
        assert b.pulse.outages == 0  # nothing was missed, it is only called by another name


async def test_a_step_forward_is_time_that_nobody_had_and_blames_nobody(where: str) -> None:
    async with office(where) as o:
        for session in ("over", "on"):
            await o.desk.book(booking(session, duration=(30 if session == "over" else 60) * MINUTE))
        b = await body(o)
        for session in ("over", "on"):
            await b.call(session)
        o.clock.at(10)
        b.steady[0] += 600
        b.mutual = dict.fromkeys(("over", "on"), 10 * MINUTE)
        await b.pulse._sign()
        b.steps_by(25 * 60)
        b.lives(1)
        await asyncio.gather(o.desk.sweep(), b.pulse.beat())
        end = (await o.desk.record("over")).session.end
        assert end is not None
        assert (end.reason, end.by, end.as_of) == (EndReason.INTERRUPTED, None, NOON + 10 * MINUTE)
        refund = (await b.verdict("over")).refund
        assert (refund.status, refund.max_amount) == ("requested", 8000)  # 20 of 30 minutes
        assert (await o.desk.record("on")).session.phase is Phase.HELD
        assert b.pulse.steps == 1
        assert b.pulse.outages == 1


async def test_a_step_back_lengthens_nothing_that_has_ended_and_loses_no_fact(where: str) -> None:
    async with office(where) as o:
        await o.desk.book(booking())
        b = await body(o)
        o.clock.at(5)
        await b.call()
        o.clock.at(-55)
        await b.pulse.beat()
        await o.desk.report("bk_1", HangUp(EXPERT), o.clock())
        record = await o.desk.record("bk_1")
        assert [f.at for f in record.facts] == sorted(f.at for f in record.facts)
        ended = next(f for f in record.facts if isinstance(f, Ended))
        assert ended.as_of == NOON + 5 * MINUTE


async def test_the_pulse_of_a_started_service_signs_by_itself_and_once_more_at_the_end(where: str) -> None:
    async with office(where) as o:
        b = await body(o)
        await b.pulse.start()
        at = b.lives(3)
        await b.pulse.stop()
        async with o.database.read() as connection:
            assert await sessions.last_alive(connection, "single") == at
        assert MISSING > 2 * SECOND


async def test_what_is_on_record_was_written_by_a_service_that_lived(where: str) -> None:
    """Somebody opened the page after the last sign of life and before the crash: the outage begins there."""
    clock = Clock()
    async with office(where, clock) as o:
        record = (await o.desk.book(booking())).record
        await o.desk.sign_of_life()
        clock.now += 1500
        await o.desk.admit(o.desk.link(record, CLIENT).partition("#t=")[2])
    clock.at(2)
    async with office(where, clock) as o:
        await o.desk.reconcile()
        lost = next(f for f in (await o.desk.record("bk_1")).facts if isinstance(f, ServiceLost))
        assert lost.at == NOON + 1500
