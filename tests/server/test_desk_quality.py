"""P5.7: samples of a call's quality on their way to the disk, and how they go. On both stores."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.desk.samples import MOST_PER_SIDE, MOST_SIDES
from server.policy.terms import Terms
from server.store import views
from server.store.quality import Sample
from signaling.errors import Busy
from signaling.messages import QualityCommand
from signaling.session import MINUTE, HangUp, Join, MediaUp, Role
from tests.builders import NOON, Clock, Office, booking, office

DAY = 24 * 60 * MINUTE
CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def met(o: Office) -> None:
    await o.desk.book(booking("bk_1", starts_at=NOON))
    o.clock.now = NOON
    for role in Role:
        await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock())
    await o.desk.report("bk_1", MediaUp(), o.clock())


def says(o: Office, role: Role, at: int, trip: int = 40) -> None:
    o.desk.measured("bk_1", role, QualityCommand(command_id="q", round_trip_ms=trip, level="good"), at)


async def stored(o: Office) -> dict[Role, list[int]]:
    found = await views.measured(o.database, "bk_1")
    return {role: [each.at - NOON for each in found[role]] for role in Role}


async def test_P5_7_many_samples_are_one_commit_and_one_row_for_each_side(where: str) -> None:
    commits: list[float] = []
    async with office(where) as o:
        await met(o)
        o.database.observe = commits.append
        for second in range(0, 30, 5):
            says(o, CLIENT, NOON + second * 1000, trip=second)
            says(o, EXPERT, NOON + second * 1000 + 1)
        assert await stored(o) == {CLIENT: [], EXPERT: []}
        await o.desk.samples.write()
        assert len(commits) == 1
        assert len(await o.rows("select * from quality")) == 2
        says(o, CLIENT, NOON + 40_000)
        await o.desk.finish()  # a shut-down loses none of them
        found = await views.measured(o.database, "bk_1")
        assert found[CLIENT][1] == Sample(NOON + 5_000, 5, None, None, "good")
        assert [each.at - NOON for each in found[CLIENT]] == [0, 5_000, 10_000, 15_000, 20_000, 25_000, 40_000]
        assert len(found[EXPERT]) == 6
        assert "quality" not in str((await o.desk.record("bk_1")).facts)  # the ledger knows nothing of it


async def test_P5_7_a_page_that_says_too_much_fills_neither_memory_nor_disk(where: str) -> None:
    async with office(where) as o:
        await met(o)
        for millisecond in range(0, 10_000, 100):
            says(o, CLIENT, NOON + millisecond)
        await o.desk.samples.write()
        says(o, CLIENT, NOON + 10_000)  # too soon after what is on the disk already
        await o.desk.samples.write()
        assert (await stored(o))[CLIENT] == [0, 4_000, 8_000]
        taken = [o.desk.samples.take("bk_1", EXPERT, Sample(NOON + n * 5_000)) for n in range(MOST_PER_SIDE + 5)]
        assert taken.count(True) == MOST_PER_SIDE
        some = [o.desk.samples.take(f"other{n}", CLIENT, Sample(NOON)) for n in range(MOST_SIDES + 5)]
        assert some.count(True) == MOST_SIDES - 1


async def test_P5_7_what_the_store_does_not_take_is_written_later(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(where) as o:
        await met(o)
        says(o, CLIENT, NOON)

        async def busy(*_: object, **__: object) -> None:
            says(o, CLIENT, NOON + 5_000)
            raise Busy()

        with monkeypatch.context() as patched:
            patched.setattr(o.database, "write", busy)
            await o.desk.samples.write()
        await o.desk.samples.write()
        assert (await stored(o))[CLIENT] == [0, 5_000]


async def test_P5_7_samples_go_by_time_with_their_session_and_with_their_person(where: str) -> None:
    clock = Clock()
    terms = replace(Terms(), keep_quality=30 * DAY)
    async with office(where, clock, terms) as o:
        await met(o)
        for role in Role:
            says(o, role, NOON)
        await o.desk.report("bk_1", HangUp(CLIENT), o.clock.at(10))
        o.clock.now = NOON + 29 * DAY
        await o.desk.samples.write()
        await o.desk.retain()
        assert await stored(o) == {CLIENT: [0], EXPERT: [0]}
        exported = (await o.desk.export("e_4", "key_1"))["sessions"][0]["quality"]
        assert [each["at"] for each in exported] == ["2026-11-22T12:00:00.000Z"]
        await o.desk.erase("c_9", "key_1", "asked to")
        assert await stored(o) == {CLIENT: [], EXPERT: [0]}  # the other's is the other's
        o.clock.now = NOON + 31 * DAY
        await o.desk.retain()
        assert await stored(o) == {CLIENT: [], EXPERT: []}


async def test_P5_7_an_erasure_takes_what_is_still_on_its_way(where: str) -> None:
    async with office(where) as o:
        await met(o)
        says(o, CLIENT, NOON)
        await o.desk.report("bk_1", HangUp(CLIENT), o.clock.at(10))
        await o.desk.erase("c_9", "key_1", "asked to")
        await o.desk.finish()
        assert await o.rows("select * from quality") == []


async def test_P5_7_terms_that_keep_none_take_none(where: str) -> None:
    async with office(where, terms=replace(Terms(), keep_quality=0)) as o:
        await met(o)
        says(o, CLIENT, NOON)
        await o.desk.finish()
        assert await stored(o) == {CLIENT: [], EXPERT: []}


async def test_P5_7_what_a_page_sends_is_kept_beside_what_it_measured(where: str) -> None:
    async with office(where) as o:
        await met(o)
        said = QualityCommand(command_id="q", round_trip_ms=40, level="good")
        for second, sends in ((0, None), (5, (True, False, True)), (10, (False, False, False))):
            o.desk.measured("bk_1", CLIENT, said, NOON + second * 1000, sends)
        await o.desk.samples.write()
        assert [each.sends for each in (await views.measured(o.database, "bk_1"))[CLIENT]] == [None, "ms", ""]
