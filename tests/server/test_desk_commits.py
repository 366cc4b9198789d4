"""Once begun a change is finished and told, whoever waits; not begun, it can be taken back; in the order of asking."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import sessions
from server.timers import Timers
from signaling.errors import Busy
from signaling.session import MINUTE, EndReason, HangUp, Join, Ms, Role, Whom
from tests.builders import NOON, Clock, Office, booking, office

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


class Gate:
    """Holds up the writer: in the middle of a save, or with a job of its own before it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def pass_through(self, connection: AsyncConnection | None = None) -> None:
        self.reached.set()
        await self.open.wait()


@pytest.fixture
def in_mid_save(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate, real = Gate(), sessions.save

    async def save(*arguments: Any) -> None:
        await real(*arguments)
        await gate.pass_through()

    monkeypatch.setattr(sessions, "save", save)
    return gate


async def live(o: Office) -> None:
    await o.desk.book(booking())
    for role in Role:
        await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(0))


async def test_a_caller_that_goes_in_mid_write_leaves_a_change_that_is_told(where: str) -> None:
    async with office(where) as o:
        await live(o)
        told, gate, real = len(o.reports), Gate(), sessions.save

        async def save(*arguments: Any) -> None:
            await real(*arguments)
            await gate.pass_through()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sessions, "save", save)
            task = asyncio.create_task(o.desk.report("bk_1", HangUp(EXPERT), o.clock.at(5)))
            await gate.reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            gate.open.set()
            await o.desk.finish()
        record = await o.desk.record("bk_1")
        assert record.session.end is not None
        assert [report.session.phase for _, report in o.reports[told:]] == [record.session.phase]
        assert o.alarms["bk_1"] != NOON + 30 * MINUTE  # the hard stop's alarm is not left standing


async def test_a_caller_that_goes_before_its_turn_has_changed_its_mind(where: str) -> None:
    async with office(where) as o:
        await live(o)
        gate = Gate()
        held = [asyncio.create_task(o.database.write(gate.pass_through)) for _ in range(20)]  # all that write at once
        await asyncio.sleep(0.3)
        gone = asyncio.create_task(o.desk.report("bk_1", HangUp(EXPERT), o.clock.at(5)))
        stays = asyncio.create_task(o.desk.report("bk_1", HangUp(CLIENT), o.clock.at(6)))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        gate.open.set()
        await asyncio.gather(*held, stays)
        end = (await o.desk.record("bk_1")).session.end
        assert end is not None
        assert end.by is Whom.CLIENT


async def test_a_disk_that_does_not_answer_is_busy_in_time_and_what_had_begun_is_told_later(
    where: str, in_mid_save: Gate
) -> None:
    async with office(where) as o:
        in_mid_save.open.set()
        await live(o)
        in_mid_save.open.clear()
        o.desk.within, told = 0.1, len(o.reports)
        with pytest.raises(Busy, match="look whether it happened"):
            await o.desk.report("bk_1", HangUp(EXPERT), o.clock.at(5))
        with pytest.raises(Busy, match="try again in a moment"):
            await o.desk.report("bk_1", HangUp(CLIENT), o.clock.at(6))
        in_mid_save.open.set()
        await o.desk.finish()
        record = await o.desk.record("bk_1")
        assert [fact.kind for fact in record.facts].count("hung_up") == 1  # the refused one never happens
        assert record.session.end is not None
        assert record.session.end.by is Whom.EXPERT
        assert len(o.reports) == told + 1


async def test_P3_11_the_order_of_asking_is_the_order_of_the_ledger(where: str) -> None:
    async with office(where) as o:
        for number in range(20):
            await o.desk.book(booking(f"bk_{number}"))
            for role in Role:
                await o.desk.report(f"bk_{number}", Join(role, f"join-{role}"), o.clock.at(0))
        at = o.clock.at(5)
        first = {f"bk_{number}": (EXPERT, CLIENT)[number % 2] for number in range(20)}
        await asyncio.gather(
            *(o.desk.report(s, HangUp(role), at) for s, role in first.items()),
            *(o.desk.report(s, HangUp(role.other), at) for s, role in first.items()),
        )
        for session, role in first.items():
            end = (await o.desk.record(session)).session.end
            assert end is not None
            assert (end.reason, end.by) == (EndReason.HUNG_UP, Whom(role))


async def test_a_session_that_cannot_be_judged_keeps_nobody_else_from_ending(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(where) as o:
        for number in range(3):
            await o.desk.book(booking(f"bk_{number}"))
        real = o.desk._advance

        def fails(record: sessions.Record, *more: Any) -> Any:
            if record.id == "bk_0":
                raise AssertionError("a bug")
            return real(record, *more)

        monkeypatch.setattr(o.desk, "_advance", fails)
        o.clock.at(31)
        await o.desk.sweep()
        phases = [(await o.desk.record(f"bk_{n}")).session.over for n in range(3)]
        assert phases == [False, True, True]
        await o.desk.sign_of_life()
        await o.desk.reconcile()  # nor the server from starting


async def test_a_lost_alarm_is_found_by_the_sweep_and_a_failing_one_rings_again(where: str) -> None:
    async with office(where) as o:
        await live(o)
        rung: list[str] = []

        async def fails(session: str) -> None:
            rung.append(session)
            raise Busy()

        timers = Timers(fails, o.desk.sweep, o.clock)
        timers.wake_at("bk_1", o.clock.at(31))
        await timers.start()
        timers.rearm()
        for _ in range(100):
            if (await o.desk.record("bk_1")).session.over:
                break
            await asyncio.sleep(0.1)
        await timers.stop()
        assert rung == ["bk_1"]
        assert (await o.desk.record("bk_1")).session.over


async def test_the_last_alarm_for_a_session_counts(tmp_path: Path) -> None:
    rung: list[str] = []
    clock = Clock()

    async def ring(session: str) -> None:
        rung.append(session)

    async def sweep() -> int:
        return 0

    timers = Timers(ring, sweep, clock)
    await timers.start()
    for session, when in (("a", 0), ("b", 0), ("c", 3_600_000)):
        timers.wake_at(session, NOON + when)
    timers.wake_at("b", None)
    far: Ms = 3 * 86_400_000
    timers.wake_at("c", NOON + far)
    timers.wake_at("never-set", None)
    for _ in range(100):
        if rung:
            break
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.1)
    await timers.stop()
    assert rung == ["a"]


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    """A commit is logged before the listeners are told: a full disk may take the line, not the call."""
    code = "from server import logs; logs.configure('console', 'info'); import structlog\n"
    code += "for n in range(3): structlog.get_logger('desk').info('live -> ended', n=n)\nprint('went on')"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=full, timeout=60)
    assert done.stdout == b"went on\n"
