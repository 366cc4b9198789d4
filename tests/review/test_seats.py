"""Whose seat it is, and until when the relay carries: stories of devices and clocks, on the live side."""

from __future__ import annotations

import pytest

from signaling.errors import ProtocolError
from signaling.messages import HangUpCommand
from signaling.session import MINUTE, Accept, EndReason, Move, Phase, Role, Tick, Whom
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


async def test_P5_2_who_may_not_come_back_does_not_come_back_by_media_alone(live: Scene) -> None:
    await live.pass_time(16, EXPERT, hear=("c", "e"))
    assert live.phase() is Phase.HELD  # its leg is kept, for it may come back
    await live.report(Accept(CLIENT, "v1", accepted=False))
    await live.pass_time(2, CLIENT, EXPERT, hear=("c", "e"))
    assert live.phase() is Phase.HELD
    assert ("leave", "s1", CLIENT) in live.board.calls


async def test_P3_11_a_hang_up_and_a_closed_page_are_a_hang_up_in_either_order(live: Scene) -> None:
    join = live.desk.sessions["s1"].expert.join
    live.attendant.leaving("s1", EXPERT, join or "")
    await live.ask("e", HangUpCommand(command_id="h", join=join))
    await live.lose("e")
    await live.pass_time(20, hear=("c",))
    end = live.desk.sessions["s1"].end
    assert end is not None
    assert (end.reason, end.by) == (EndReason.HUNG_UP, Whom.EXPERT)
    live.attendant.leaving("s1", EXPERT, join or "")
    assert live.departures == []


async def test_P3_9_both_behind_one_line_that_dies_are_lost_at_once_and_nobody_to_blame(live: Scene) -> None:
    """Two sockets that die seconds apart, as pings time out; the last packets were the same instant's."""
    await live.pass_time(60, CLIENT, EXPERT, hear=("c", "e"))
    await live.pass_time(4)
    await live.lose("c")
    await live.pass_time(4)
    await live.lose("e")
    await live.pass_time(31 * 60)
    end = live.desk.sessions["s1"].end
    assert end is None  # no timer of the desk rings in this scene
    await live.report(Tick())
    end = live.desk.sessions["s1"].end
    assert end is not None
    assert (end.reason, end.by) == (EndReason.INTERRUPTED, None)
