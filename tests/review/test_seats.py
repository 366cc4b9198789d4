"""Whose seat it is, and until when the relay carries: stories of devices and clocks, on the live side."""

from __future__ import annotations

import pytest

from signaling.errors import ProtocolError
from signaling.session import MINUTE, Move, Role
from tests.fakes import NOON, a_slot
from tests.signaling.test_attendant import Scene
from tests.signaling.test_attendant import live as live  # the fixture

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def test_P0_6_a_device_that_was_replaced_in_its_sleep_does_not_take_the_seat_back(live: Scene) -> None:
    """A laptop is closed, its party goes on with the phone; opened again, its page resumes by itself."""
    laptop = live.desk.sessions["s1"].expert.join
    await live.lose("e")
    await live.arrive("phone", EXPERT)
    phone = await live.join("phone")
    await live.arrive("e-awake", EXPERT)
    live.told("e-awake"), live.told("phone")
    with pytest.raises(ProtocolError, match="replaced"):
        await live.join("e-awake", resume=laptop)
    assert live.desk.sessions["s1"].expert.join == phone
    assert "Replaced" in live.kinds("e-awake")
    assert live.told("phone") == []
    await live.arrive("e-taken-back", EXPERT)  # a click on "take it back" asks without a resume
    assert await live.join("e-taken-back") != phone
    assert "Replaced" in live.kinds("phone")


async def test_a_page_whose_join_was_given_up_may_join_anew_by_itself(live: Scene) -> None:
    join = live.desk.sessions["s1"].expert.join
    await live.lose("e")
    await live.pass_time(120, CLIENT, hear=("c",))
    await live.arrive("e2", EXPERT)
    again = await live.join("e2", resume=join)
    await live.lose("e2")  # and its answer was lost with the socket
    await live.arrive("e3", EXPERT)
    assert await live.join("e3", resume=join) != again
    assert "Replaced" not in live.kinds("e3")


async def test_P3_1_an_extension_after_the_clock_stepped_back_gives_no_more_than_it_says(live: Scene) -> None:
    before = live.board.boards["s1"].deadline
    live.clock.step(-3600)
    live.attendant.rearm()
    await live.attendant.settled()
    assert live.board.boards["s1"].deadline == before
    await live.report(Move(a_slot(NOON, 45)))
    assert live.board.boards["s1"].deadline == before + 15 * 60
    await live.report(Move(a_slot(NOON, 20)))  # and brought forward by as much as it says
    assert live.board.boards["s1"].deadline <= before - 10 * 60 + MINUTE / 1000
