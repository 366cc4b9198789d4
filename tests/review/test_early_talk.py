"""What was said and seen before the start counts for nothing afterwards (P0.5), neither for nor against anyone."""

from __future__ import annotations

from pathlib import Path

from server.answers import settlement_of
from server.policy.settlement import NO_MEDIA, Settlement
from signaling.session import MINUTE, Depart, EndReason, HangUp, How, Join, MediaUp, Outage, Role
from tests.builders import NOON, Clock, Office, booking, office

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def talk_early(o: Office) -> None:
    """From ten to one minute before the start they see and hear each other."""
    await o.desk.book(booking())
    for role in Role:
        await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(-10))
    await o.desk.report("bk_1", MediaUp(), o.clock.at(-10))


async def verdict(o: Office) -> Settlement:
    settlement = settlement_of((await o.desk.record("bk_1")).facts)
    assert settlement is not None
    return settlement


async def test_P3_17_media_before_the_start_alone_is_no_media(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db", Clock(NOON - 60 * MINUTE)) as o:
        await talk_early(o)
        o.desk.mutual = lambda session: 9 * MINUTE  # and none since
        o.clock.at(0)
        await o.desk.wake("bk_1")
        await o.desk.report("bk_1", HangUp(EXPERT), o.clock.at(12))
        settled = await verdict(o)
        assert (settled.reason, settled.cause, settled.hung_up_by) == (EndReason.HUNG_UP, NO_MEDIA, None)
        assert settled.mutual == 0


async def test_P3_17_the_same_for_who_left_before_the_start_and_came_back_after_it(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db", Clock(NOON - 60 * MINUTE)) as o:
        await talk_early(o)
        o.desk.mutual = lambda session: 9 * MINUTE
        await o.desk.report("bk_1", Depart(EXPERT, "join-expert", How.PAGE, o.clock.at(-1)), o.clock())
        await o.desk.report("bk_1", Join(EXPERT, "again"), o.clock.at(2))
        await o.desk.report("bk_1", HangUp(EXPERT), o.clock.at(12))
        assert (await verdict(o)).cause == NO_MEDIA


async def test_P3_16_mutual_time_begins_with_the_start(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db", Clock(NOON - 60 * MINUTE)) as o:
        await talk_early(o)
        o.desk.mutual = lambda session: 10 * MINUTE + max(0, o.clock() - NOON)
        o.clock.at(0)
        await o.desk.wake("bk_1")
        await o.desk.report("bk_1", HangUp(EXPERT), o.clock.at(12))
        settled = await verdict(o)
        assert (settled.mutual, settled.cause, settled.hung_up_by) == (12 * MINUTE, None, EXPERT)


async def test_P3_16_a_talk_that_was_early_only_is_flagged(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db", Clock(NOON - 60 * MINUTE)) as o:
        await talk_early(o)
        o.desk.mutual = lambda session: 10 * MINUTE + min(MINUTE, max(0, o.clock() - NOON))
        o.clock.at(0)
        await o.desk.wake("bk_1")
        o.clock.at(30)
        await o.desk.wake("bk_1")
        settled = await verdict(o)
        assert (settled.reason, settled.mutual, settled.flags) == (EndReason.COMPLETED, MINUTE, ("low_mutual",))


async def test_P3_17_a_start_that_was_noticed_late_takes_nobodys_media_away(tmp_path: Path) -> None:
    """The timer rang late, so nobody knows what was counted before the start: the benefit is the record's."""
    async with office(tmp_path / "a.db", Clock(NOON - 60 * MINUTE)) as o:
        await talk_early(o)
        o.desk.mutual = lambda session: 22 * MINUTE
        await o.desk.report("bk_1", HangUp(EXPERT), o.clock.at(12))
        settled = await verdict(o)
        assert (settled.cause, settled.hung_up_by) == (None, EXPERT)


async def test_P3_16_a_restart_that_forgot_what_was_counted_flags_nobody(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db", Clock(NOON - 60 * MINUTE)) as o:
        await o.desk.book(booking())
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(-1))
        await o.desk.report("bk_1", MediaUp(), o.clock.at(0))
        await o.desk.report("bk_1", Outage(o.clock.at(26) - 2000), o.clock())
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"back-{role}"), o.clock.at(26.1))
        o.desk.mutual = lambda session: round(3.8 * MINUTE)  # the relay that knew of the rest is gone
        o.clock.at(30)
        await o.desk.wake("bk_1")
        settled = await verdict(o)
        assert (settled.reason, settled.flags) == (EndReason.COMPLETED, ())
