"""Who said yes to the guidelines: the person itself, and nobody by accident in its place (P5.2)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from server.answers import session_answer
from server.store.sessions import Party
from signaling.errors import UserError
from signaling.session import MINUTE, Accept, Join, Role
from tests.builders import GUIDELINES, NOON, Clock, booking, office

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
BEFORE = NOON - 60 * MINUTE
ACCEPTED = ((CLIENT, GUIDELINES, BEFORE), (EXPERT, GUIDELINES, BEFORE))


async def test_P5_2_a_booking_said_again_does_not_overrule_who_declined_since(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db", Clock(BEFORE)) as o:
        await o.desk.book(booking(accepted=ACCEPTED))
        await o.desk.report("bk_1", Accept(CLIENT, GUIDELINES, accepted=False), o.clock.at(-5))
        record = (await o.desk.book(booking(accepted=ACCEPTED, title="Corrected"))).record
        assert not record.session.client.accepted
        assert session_answer(record, o.clock()).client.guidelines == "declined"
        with pytest.raises(UserError, match="guidelines_needed"):
            await o.desk.report("bk_1", Join(CLIENT, "join"), o.clock.at(-1))
        later = ((CLIENT, GUIDELINES, o.clock()), (EXPERT, GUIDELINES, BEFORE))  # it said yes, after all, elsewhere
        assert (await o.desk.book(booking(accepted=later))).record.session.client.accepted


async def test_P5_2_another_person_has_promised_nothing_yet(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db", Clock(BEFORE)) as o:
        await o.desk.book(booking(accepted=ACCEPTED))
        await o.desk.late("bk_1", CLIENT, 5, o.clock())
        other = booking(client=Party("c_10", "Bea"), accepted=ACCEPTED[1:])
        record = (await o.desk.book(other)).record
        assert not record.session.client.accepted
        assert record.session.expert.accepted
        assert session_answer(record, o.clock()).client.guidelines is None
        assert (await o.desk.snapshot("bk_1", EXPERT)).other.running_late_minutes is None
        with pytest.raises(UserError, match="guidelines_needed"):
            await o.desk.report("bk_1", Join(CLIENT, "join"), o.clock.at(-1))
        promised = replace(other, accepted=((CLIENT, GUIDELINES, o.clock()), *ACCEPTED[1:]))
        assert (await o.desk.book(promised)).record.session.client.accepted


async def test_P5_2_who_takes_it_back_in_the_call_does_not_join_again(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db", Clock(BEFORE)) as o:
        await o.desk.book(booking(accepted=ACCEPTED))
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"join-{role}"), o.clock.at(1))
        for _ in range(2):
            await o.desk.report("bk_1", Accept(CLIENT, GUIDELINES, accepted=False), o.clock.at(2))
        kinds = [fact.kind for fact in (await o.desk.record("bk_1")).facts]
        assert kinds.count("declined") == 1
        with pytest.raises(UserError, match="guidelines_needed"):
            await o.desk.report("bk_1", Join(CLIENT, "another"), o.clock.at(3))
        await o.desk.report("bk_1", Accept(CLIENT, GUIDELINES), o.clock.at(4))
        await o.desk.report("bk_1", Join(CLIENT, "another"), o.clock.at(4))
