"""P2.1: what the client says of a session is not shown to the expert before its time, nor seen in what it changes."""

from __future__ import annotations

from pathlib import Path

from signaling.session import MINUTE, HangUp, Join, MediaUp, Role
from tests.builders import NOON, Office, booking, office

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
DAY = 24 * 60 * MINUTE


async def met(o: Office) -> None:
    o.clock.at(-1)
    await o.desk.book(booking())
    for role in Role:
        await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(0))
    await o.desk.report("bk_1", MediaUp(), o.clock())


async def test_P2_1_a_claim_after_the_session_shows_in_no_view_of_the_expert(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db") as o:
        await met(o)
        await o.desk.report("bk_1", HangUp(CLIENT), o.clock.at(20))
        before = await o.desk.snapshot("bk_1", EXPERT)
        await o.desk.claim_cause("bk_1", CLIENT, "no_media", "I heard nothing.")
        assert (await o.desk.snapshot("bk_1", CLIENT)).refund.status == "review"  # type: ignore[union-attr]
        after = await o.desk.snapshot("bk_1", EXPERT)
        assert after.refund == before.refund
        assert after.refund is not None
        assert after.refund.status == "none"
        o.clock.now = NOON + 20 * MINUTE + 7 * DAY
        assert (await o.desk.snapshot("bk_1", EXPERT)).refund.status == "review"  # type: ignore[union-attr]


async def test_P2_1_both_have_rated_and_it_is_shown(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db") as o:
        await met(o)
        await o.desk.report("bk_1", HangUp(CLIENT), o.clock.at(20))
        await o.desk.claim_cause("bk_1", CLIENT, "other", None)
        await o.desk.rate("bk_1", CLIENT, 1, [], None)
        assert (await o.desk.snapshot("bk_1", EXPERT)).refund.status == "none"  # type: ignore[union-attr]
        await o.desk.rate("bk_1", EXPERT, 5, [], None)
        assert (await o.desk.snapshot("bk_1", EXPERT)).refund.status == "review"  # type: ignore[union-attr]


async def test_P2_1_nor_does_what_the_client_says_in_leaving(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db") as o:
        await met(o)
        await o.desk.report("bk_1", HangUp(CLIENT, "not_the_person"), o.clock.at(5))
        mine, others = await o.desk.snapshot("bk_1", CLIENT), await o.desk.snapshot("bk_1", EXPERT)
        assert mine.end is not None
        assert mine.end.for_cause
        assert mine.refund is not None
        assert others.end is not None
        assert not others.end.for_cause
        assert others.refund is not None
        assert others.refund.status == "none"
        o.clock.now = NOON + 5 * MINUTE + 7 * DAY
        shown = await o.desk.snapshot("bk_1", EXPERT)
        assert shown.end is not None
        assert shown.end.for_cause
