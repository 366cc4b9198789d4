"""The live side without a network: what is told, what the relay does, what is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from signaling import messages
from signaling.attendant import Attendant
from signaling.errors import Busy, ProtocolError, UserError
from signaling.fanout import Fanout
from signaling.messages import Command, Done, Peer, ServerMessage, Snapshot
from signaling.ports import Admission
from signaling.session import (
    MINUTE,
    Cancel,
    Depart,
    Departed,
    EndByOperator,
    HangUp,
    How,
    Join,
    MediaUp,
    Move,
    Phase,
    Role,
    Tick,
    Whom,
)
from tests.fakes import NOON, FakeClock, FakeDesk, FakeSwitchboard, a_slot
from tests.signaling.relay.helpers import a_test_offer

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


class FakeFanout(Fanout):
    """The address book is the real one's; what is told goes into ``told`` by socket."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(monotonic=clock.monotonic)
        self.told: dict[str, list[ServerMessage]] = {}
        self.shut_down: list[str] = []
        self.attendant: Attendant | None = None

    def bind(self, sid: str, admission: Admission) -> bool:
        self.told.setdefault(sid, [])
        self._admitted[sid] = admission
        self._parties.setdefault((admission.session, admission.role), []).append(sid)
        return True

    async def tell_one(self, sid: str, message: ServerMessage) -> None:
        self.told[sid].append(message)

    async def close(self, sid: str) -> None:
        self.shut_down.append(sid)
        assert self.attendant is not None
        self.attendant.gone(sid)

    def sweep(self) -> tuple[tuple[str, ...], list[str]]:
        return (), []


class Scene:
    """One session, ``s1``, starting now; sockets by any name."""

    def __init__(self, starts_at: int = NOON, minutes: int = 30) -> None:
        self.clock = FakeClock()
        self.desk = FakeDesk(self.clock)
        self.desk.add("s1", a_slot(starts_at, minutes))
        self.board = FakeSwitchboard(self.clock)
        self.fanout = FakeFanout(self.clock)
        self.attendant = self.fanout.attendant = self._attendant()

    def _attendant(self) -> Attendant:
        attendant = Attendant(self.desk, self.fanout, self.board, clock=self.clock, monotonic=self.clock.monotonic)
        self.desk.listeners = [attendant]
        return attendant

    async def arrive(self, sid: str, role: Role) -> None:
        assert await self.attendant.arrive(sid, Admission("s1", role))
        await self.attendant.settled()

    async def ask(self, sid: str, command: Command) -> Done:
        admission = self.fanout.admission(sid)
        assert admission is not None
        done = await self.attendant.carry_out(sid, admission, command, self.clock())
        await self.attendant.settled()
        return done

    async def join(self, sid: str, resume: str | None = None) -> str:
        done = await self.ask(sid, messages.JoinCommand(command_id="j", resume=resume))
        assert done.join is not None
        return done.join

    async def report(self, event: Any) -> None:
        await self.desk.report("s1", event, self.clock())
        await self.attendant.settled()

    async def lose(self, sid: str) -> None:
        self.attendant.gone(sid)
        await self.attendant.settled()

    async def pass_time(self, seconds: float, *alive: Role, hear: tuple[str, ...] = ()) -> None:
        for _ in range(round(seconds)):
            self.clock.advance(1)
            for role in alive:
                self.board.alive(role)
            for sid in hear:
                self.attendant.heard(sid)
            await self.attendant.poll()
            await self.attendant.settled()

    def told(self, sid: str) -> list[ServerMessage]:
        """What this socket was told since it was last asked."""
        said, self.fanout.told[sid] = self.fanout.told[sid], []
        return said

    def kinds(self, sid: str) -> list[str]:
        return [type(message).__name__ for message in self.told(sid)]

    @property
    def departures(self) -> list[Departed]:
        return [fact for fact in self.desk.facts["s1"] if isinstance(fact, Departed)]

    def phase(self) -> Phase:
        return self.desk.sessions["s1"].phase


@pytest.fixture
async def live() -> Scene:
    """Both have joined, both legs are up, and all that was told so far has been read."""
    scene = Scene()
    await scene.arrive("c", CLIENT)
    await scene.arrive("e", EXPERT)
    await scene.join("c")
    await scene.join("e")
    scene.clock.advance(1)
    scene.board.alive(CLIENT)
    scene.board.alive(EXPERT)
    assert scene.phase() is Phase.LIVE
    scene.told("c"), scene.told("e")
    return scene


# --- checking, here, not here -----------------------------------------------------------------------------------------


async def test_who_has_the_page_open_is_checking() -> None:
    scene = Scene()
    await scene.arrive("c", CLIENT)
    assert [m.view.other.status for m in scene.told("c") if isinstance(m, Snapshot)] == ["not_here"]
    await scene.arrive("e", EXPERT)
    assert [m.view.other.status for m in scene.told("e") if isinstance(m, Snapshot)] == ["checking"]
    assert [m.status for m in scene.told("c") if isinstance(m, Peer)] == ["checking"]
    await scene.lose("e")
    assert [m.status for m in scene.told("c") if isinstance(m, Peer)] == ["not_here"]


async def test_a_second_page_of_the_same_party_is_no_news() -> None:
    scene = Scene()
    await scene.arrive("c", CLIENT)
    await scene.arrive("e1", EXPERT)
    scene.told("c")
    await scene.arrive("e2", EXPERT)
    await scene.lose("e1")
    assert scene.told("c") == []


async def test_joining_tells_the_other_and_opens_the_relay() -> None:
    scene = Scene(starts_at=NOON + MINUTE)
    await scene.arrive("c", CLIENT)
    await scene.arrive("e", EXPERT)
    await scene.join("c")
    assert "Peer" in scene.kinds("e")
    await scene.join("e")
    assert scene.board.calls == [
        ("open", "s1", 1000.0 + 31 * 60),
        ("join", "s1", CLIENT),
        ("join", "s1", EXPERT),
    ]
    assert [m.generation for m in scene.told("e") if isinstance(m, messages.Negotiate)] == [1]
    assert not any(isinstance(m, messages.Negotiate) for m in scene.told("c"))


async def test_every_message_carries_the_version(live: Scene) -> None:
    await live.report(Depart(CLIENT, live.desk.sessions["s1"].client.join or "", How.STEPPED_OUT, live.clock()))
    said = live.told("e")
    assert said
    assert {message.version for message in said} == {live.desk.version("s1")}


async def test_what_the_other_shows_is_told_to_who_comes_later(live: Scene) -> None:
    await live.ask("c", messages.MediaCommand(command_id="m", microphone=True, camera=False, screen=False))
    await live.arrive("e2", EXPERT)
    assert [(m.microphone, m.camera) for m in live.told("e2") if isinstance(m, Peer)] == [(True, False)]


async def test_a_refused_join_seats_nobody() -> None:
    scene = Scene(starts_at=NOON + 60 * MINUTE)
    await scene.arrive("c", CLIENT)
    with pytest.raises(UserError, match="too_early"):
        await scene.join("c")
    assert scene.board.calls == []
    with pytest.raises(ProtocolError, match="stale"):
        await scene.ask("c", messages.RestartCommand(command_id="r"))


async def test_P5_2_a_refused_join_keeps_the_acceptance_and_else_both_are_one_change() -> None:
    scene = Scene()
    scene.desk.add("s1", a_slot(NOON + 60 * MINUTE, 30), accepted=False)
    await scene.arrive("c", CLIENT)
    accepting = messages.JoinCommand(command_id="j", guidelines="v1")
    with pytest.raises(UserError, match="too_early"):
        await scene.ask("c", accepting)
    assert scene.desk.kinds()[-1] == "accepted"

    scene.desk.add("s1", a_slot(NOON, 30), accepted=False)
    before = len(scene.desk.changes)
    await scene.ask("c", accepting)
    assert [[fact.kind for fact in change] for change in scene.desk.changes[before:]] == [["accepted", "joined"]]


async def test_the_media_is_on_its_way_before_anybody_is_shown_anything() -> None:
    scene = Scene()
    await scene.arrive("e", EXPERT)
    await scene.join("e")
    await scene.ask("e", messages.DescribeCommand(command_id="d", type="offer", sdp="offer", generation=1))
    await scene.arrive("c", CLIENT)
    scene.told("c")
    await scene.join("c")
    assert scene.kinds("c")[:2] == ["Description", "Snapshot"]


async def test_a_clients_page_gets_the_offer_that_waits_before_it_joins() -> None:
    scene = Scene()
    await scene.arrive("c", CLIENT)
    await scene.arrive("e", EXPERT)
    await scene.join("e")
    assert "Description" not in scene.kinds("c")
    offer = messages.DescribeCommand(command_id="d", type="offer", sdp="offer", generation=1)
    await scene.ask("e", offer)
    assert "Description" in scene.kinds("c")
    await scene.arrive("c2", CLIENT)
    assert scene.kinds("c2") == ["Snapshot", "Description"]
    scene.told("c")
    await scene.join("c2")
    await scene.arrive("c3", CLIENT)
    assert "Description" not in scene.kinds("c") + scene.kinds("c3")
    assert "Description" not in scene.kinds("e")


async def test_what_a_page_says_right_behind_its_join_waits_for_it(live: Scene) -> None:
    await live.arrive("c2", CLIENT)
    live.desk.gate = asyncio.Event()
    joining = asyncio.create_task(live.ask("c2", messages.JoinCommand(command_id="j")))
    await asyncio.sleep(0)
    saying = asyncio.create_task(
        live.ask("c2", messages.MediaCommand(command_id="m", microphone=True, camera=True, screen=True))
    )
    await asyncio.sleep(0)
    assert not saying.done()
    live.desk.gate.set()
    assert (await joining).ok
    assert (await saying).ok
    assert any(isinstance(m, Peer) and m.screen for m in live.told("e"))


# --- departures -------------------------------------------------------------------------------------------------------


async def test_a_dead_socket_with_media_flowing_is_no_departure(live: Scene) -> None:
    await live.lose("c")
    await live.pass_time(120, CLIENT, EXPERT, hear=("e",))
    assert live.phase() is Phase.LIVE
    assert live.departures == []


async def test_socket_and_leg_dead_is_a_departure_backdated_to_the_proof_of_life(live: Scene) -> None:
    alive_at = live.clock()
    await live.lose("c")
    await live.pass_time(10, EXPERT)
    (departed,) = live.departures
    assert (departed.role, departed.how, departed.alive_at) == (CLIENT, How.CONNECTION, alive_at)
    assert departed.at == alive_at + 6000
    (held,) = [m for m in live.told("e") if isinstance(m, messages.Held)]
    assert (held.role, held.until) == (CLIENT, departed.at + 90_000)
    assert ("leave", "s1", CLIENT) in live.board.calls


async def test_a_page_that_said_it_closes_left_the_page(live: Scene) -> None:
    join = live.desk.sessions["s1"].client.join
    live.attendant.leaving("s1", CLIENT, join or "")
    await live.pass_time(1, CLIENT, EXPERT)
    assert live.departures == []
    await live.lose("c")
    await live.pass_time(7, EXPERT)
    assert [d.how for d in live.departures] == [How.PAGE]


async def test_a_late_hint_cannot_touch_the_next_join(live: Scene) -> None:
    old = live.desk.sessions["s1"].client.join
    await live.arrive("c2", CLIENT)
    await live.join("c2")
    live.attendant.leaving("s1", CLIENT, old or "")
    await live.lose("c2")
    await live.pass_time(7, EXPERT)
    assert [d.how for d in live.departures] == [How.CONNECTION]


async def test_a_reload_within_the_silence_is_a_new_device_and_no_departure(live: Scene) -> None:
    live.attendant.leaving("s1", CLIENT, live.desk.sessions["s1"].client.join or "")
    await live.lose("c")
    await live.pass_time(3, EXPERT)
    await live.arrive("c2", CLIENT)
    await live.join("c2")
    await live.pass_time(20, CLIENT, EXPERT)
    assert live.departures == []
    assert live.desk.kinds()[-1] == "replaced"


async def test_a_silent_leg_beside_a_living_socket_and_its_return_by_media_alone(live: Scene) -> None:
    await live.pass_time(14, EXPERT, hear=("c", "e"))
    assert live.departures == []
    await live.pass_time(2, EXPERT, hear=("c", "e"))
    assert [d.how for d in live.departures] == [How.CONNECTION]
    assert live.phase() is Phase.HELD
    assert ("leave", "s1", CLIENT) not in live.board.calls  # its leg is kept
    assert "Held" in live.kinds("e")
    join = live.desk.sessions["s1"].client.join
    await live.pass_time(1, CLIENT, EXPERT, hear=("c", "e"))
    assert live.phase() is Phase.LIVE
    assert live.desk.sessions["s1"].client.join == join
    assert "Resumed" in live.kinds("e")
    await live.pass_time(30, CLIENT, EXPERT)
    assert live.phase() is Phase.LIVE


async def test_a_kept_leg_is_closed_when_the_socket_dies_too(live: Scene) -> None:
    await live.pass_time(16, EXPERT, hear=("c",))
    await live.lose("c")
    assert live.board.calls[-1] == ("leave", "s1", CLIENT)
    await live.pass_time(30, EXPERT)
    assert len(live.departures) == 1


async def test_a_rejoin_by_the_same_page_after_a_silent_leg(live: Scene) -> None:
    join = live.desk.sessions["s1"].client.join
    await live.pass_time(16, EXPERT, hear=("c",))
    assert live.phase() is Phase.HELD
    assert await live.join("c", resume=join) == join
    await live.pass_time(10, EXPERT, hear=("c",))  # its ICE restart is under way: no flapping
    assert live.phase() is Phase.LIVE


async def test_a_leg_that_never_came_up_is_not_silent() -> None:
    scene = Scene()
    await scene.arrive("c", CLIENT)
    await scene.join("c")
    await scene.pass_time(300, hear=("c",))
    assert scene.departures == []


async def test_the_one_who_stays_is_not_blamed_while_the_other_joins_anew(live: Scene) -> None:
    await live.arrive("c2", CLIENT)
    await live.join("c2")  # a new generation: the expert's old leg is gone with it
    await live.pass_time(60, hear=("c2", "e"))
    assert live.departures == []
    await live.pass_time(1, CLIENT, EXPERT)
    await live.pass_time(16, CLIENT, hear=("e",))
    assert [d.role for d in live.departures] == [EXPERT]


async def test_stepping_out_closes_the_leg_though_the_socket_lives(live: Scene) -> None:
    await live.ask("c", messages.StepOutCommand(command_id="s"))
    assert [d.how for d in live.departures] == [How.STEPPED_OUT]
    assert live.board.calls[-1] == ("leave", "s1", CLIENT)
    live.board.alive(CLIENT)
    await live.pass_time(10, CLIENT, EXPERT)
    assert live.phase() is Phase.HELD
    await live.join("c")
    assert live.phase() is Phase.LIVE


async def test_a_socket_that_dies_while_its_join_is_written_is_no_ghost() -> None:
    scene = Scene()
    await scene.arrive("c", CLIENT)
    scene.desk.gate = asyncio.Event()
    joining = asyncio.ensure_future(scene.join("c"))
    await asyncio.sleep(0)
    scene.attendant.gone("c")
    scene.desk.gate.set()
    await joining
    assert scene.phase() is Phase.WAITING
    await scene.pass_time(7)
    assert scene.phase() is Phase.SCHEDULED


async def test_a_departure_the_desk_does_not_know_of_closes_the_leg_all_the_same(live: Scene) -> None:
    listeners, live.desk.listeners = live.desk.listeners, []
    join = live.desk.sessions["s1"].client.join or ""
    await live.report(Depart(CLIENT, join, How.CONNECTION, live.clock()))  # the fact never got here
    live.desk.listeners = listeners
    await live.lose("c")
    await live.pass_time(8, EXPERT)
    assert live.board.calls[-1] == ("leave", "s1", CLIENT)
    events = len(live.desk.events)
    await live.pass_time(8, EXPERT)
    assert len(live.desk.events) == events


async def test_a_stall_of_our_own_is_nobodys_silence(live: Scene) -> None:
    await live.pass_time(1, CLIENT, EXPERT)
    live.clock.advance(60)
    await live.attendant.poll()
    await live.pass_time(5, CLIENT, EXPERT)
    assert live.departures == []
    await live.pass_time(20, EXPERT, hear=("c",))
    assert [d.role for d in live.departures] == [CLIENT]


# --- sockets come and go ----------------------------------------------------------------------------------------------


async def test_a_second_device_replaces_the_first_and_it_is_told(live: Scene) -> None:
    await live.arrive("c2", CLIENT)
    await live.join("c2")
    assert "Replaced" in live.kinds("c")
    assert live.fanout.shut_down == ["c"]
    assert any(isinstance(m, messages.Negotiate) and m.generation == 2 for m in live.told("e"))
    assert live.departures == []


async def test_a_message_lost_with_the_socket_is_told_again() -> None:
    scene = Scene()
    await scene.arrive("e", EXPERT)
    join = await scene.join("e")
    await scene.arrive("c", CLIENT)
    await scene.join("c")
    await scene.pass_time(1, hear=("e",))
    await scene.lose("e")
    await scene.join("c")  # anew: the expert is to negotiate once more, and has no socket
    await scene.arrive("e2", EXPERT)
    assert await scene.join("e2", resume=join) == join
    assert [m.generation for m in scene.told("e2") if isinstance(m, messages.Negotiate)] == [2]
    await scene.pass_time(2, hear=("e2",))
    await scene.arrive("e3", EXPERT)
    await scene.join("e3", resume=join)
    assert not any(isinstance(m, messages.Negotiate) for m in scene.told("e3"))  # e2 was heard since


async def test_after_a_restart_of_the_server_a_resume_is_a_new_join(live: Scene) -> None:
    join = live.desk.sessions["s1"].client.join
    live.fanout = FakeFanout(live.clock)
    live.board.boards.clear()
    live.attendant = live.fanout.attendant = live._attendant()
    await live.arrive("c9", CLIENT)
    assert await live.join("c9", resume=join) != join


async def test_commands_from_a_page_that_does_not_hold_the_seat_are_stale(live: Scene) -> None:
    await live.arrive("tab", CLIENT)
    for command in (
        messages.HangUpCommand(command_id="h"),
        messages.StepOutCommand(command_id="s"),
        messages.RestartCommand(command_id="r"),
        messages.MediaCommand(command_id="m", microphone=True, camera=True, screen=True),
    ):
        with pytest.raises(ProtocolError, match="stale"):
            await live.ask("tab", command)
    assert live.phase() is Phase.LIVE


async def test_an_idle_session_is_forgotten() -> None:
    scene = Scene()
    await scene.arrive("c", CLIENT)
    await scene.lose("c")
    await scene.pass_time(1)
    assert scene.attendant._sessions == {}


# --- what follows from facts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [HangUp(CLIENT), EndByOperator("test")])
async def test_every_end_drops_the_relay_and_shows_the_view(live: Scene, event: Any) -> None:
    live.board.mutual["s1"] = 4321
    await live.report(event)
    assert live.board.calls[-1] == ("close", "s1")
    for sid in ("c", "e"):
        (ended,) = [m for m in live.told(sid) if isinstance(m, messages.Ended)]
        assert ended.view.end is not None
        assert ended.view.status is Phase.ENDED
    assert live.attendant.mutual_ms("s1") == 4321
    await live.pass_time(30)
    assert live.departures == []


async def test_the_relay_is_dropped_though_the_telling_is_stuck(live: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, snapshot = asyncio.Event(), live.desk.snapshot

    async def slow(session: str, role: Role) -> messages.View:
        await stuck.wait()
        return await snapshot(session, role)

    monkeypatch.setattr(live.desk, "snapshot", slow)
    late = asyncio.ensure_future(live.attendant.arrive("c2", Admission("s1", CLIENT)))
    await live.desk.report("s1", HangUp(CLIENT), live.clock())
    assert live.board.calls[-1] == ("close", "s1")
    stuck.set()
    assert await late
    await live.attendant.settled()
    assert "Ended" in live.kinds("e")


async def test_a_cancelled_session_is_told_as_ended() -> None:
    scene = Scene(starts_at=NOON + MINUTE)
    await scene.arrive("c", CLIENT)
    await scene.report(Cancel(Whom.EXPERT))
    (ended,) = [m for m in scene.told("c") if isinstance(m, messages.Ended)]
    assert ended.view.status is Phase.CANCELLED


async def test_the_end_is_told_though_the_store_was_away_when_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.attendant.INSIST", 0)
    scene = Scene(starts_at=NOON + MINUTE)
    await scene.arrive("c", CLIENT)
    snapshots, away = scene.desk.snapshots, [Busy(), Busy()]

    async def sometimes(session: str, roles: Sequence[Role]) -> tuple[messages.View, ...]:
        if away:
            raise away.pop()
        return await snapshots(session, roles)

    monkeypatch.setattr(scene.desk, "snapshots", sometimes)
    await scene.report(Cancel(Whom.EXPERT))
    await scene.attendant.settled()
    assert "Ended" in scene.kinds("c")
    assert not away


async def test_the_relay_stopped_by_its_own_deadline(live: Scene) -> None:
    live.clock.advance(30 * 60)
    live.attendant.stopped("s1")
    await live.attendant.settled()
    assert isinstance(live.desk.events[-1], Tick)
    assert live.phase() is Phase.ENDED
    assert "Ended" in live.kinds("c")


async def test_the_relays_deadline_counts_whatever_the_wall_clock_did(live: Scene) -> None:
    live.clock.advance(30 * 60)
    live.clock.step(-600)
    live.attendant.stopped("s1")
    await live.attendant.settled()
    end = live.desk.sessions["s1"].end
    assert end is not None
    assert end.as_of == NOON + 30 * MINUTE


async def test_a_stop_that_was_overtaken_by_a_move_ends_nothing(live: Scene) -> None:
    await live.report(Move(a_slot(NOON, 40), Whom.EXPERT))
    live.clock.advance(30 * 60)
    live.attendant.stopped("s1")
    await live.attendant.settled()
    assert live.phase() is Phase.LIVE


async def test_who_steps_out_while_gone_does_not_come_back_by_media(live: Scene) -> None:
    await live.pass_time(16, EXPERT, hear=("c",))
    await live.ask("c", messages.StepOutCommand(command_id="s"))
    live.board.alive(CLIENT)
    await live.pass_time(5, EXPERT)
    assert live.phase() is Phase.HELD


async def test_first_media_is_reported(live: Scene) -> None:
    live.attendant.media("s1")
    await live.attendant.settled()
    assert isinstance(live.desk.events[-1], MediaUp)
    assert live.desk.sessions["s1"].media


async def test_a_moved_end_moves_the_relays_deadline_and_both_are_told(live: Scene) -> None:
    await live.report(Move(a_slot(NOON, 40), Whom.EXPERT))
    assert live.board.calls[-1] == ("set_deadline", "s1", 1000.0 + 40 * 60)
    for sid in ("c", "e"):
        (moved,) = [m for m in live.told(sid) if isinstance(m, messages.Moved)]
        assert moved.ends_at == NOON + 40 * MINUTE


async def test_a_slot_that_moves_away_empties_the_seats() -> None:
    scene = Scene(starts_at=NOON + MINUTE)
    await scene.arrive("c", CLIENT)
    await scene.join("c")
    await scene.report(Move(a_slot(NOON + 120 * MINUTE), Whom.EXPERT))
    assert ("leave", "s1", CLIENT) in scene.board.calls
    assert "Moved" in scene.kinds("c")
    await scene.pass_time(60)
    assert [d.how for d in scene.departures] == [How.MOVED]


async def test_warnings_go_to_both(live: Scene) -> None:
    live.clock.advance(20 * 60)
    await live.report(Tick())
    for sid in ("c", "e"):
        assert [m.remaining_seconds for m in live.told(sid) if isinstance(m, messages.TimeWarning)] == [10 * MINUTE]


async def test_meeting_at_the_start_shows_what_may_be_done_now() -> None:
    scene = Scene(starts_at=NOON + MINUTE)
    await scene.arrive("c", CLIENT)
    await scene.arrive("e", EXPERT)
    await scene.join("c")
    await scene.join("e")
    scene.told("c")
    scene.clock.advance(60)
    await scene.report(Tick())
    assert [m.view.may.end for m in scene.told("c") if isinstance(m, Snapshot)] == [True]


async def test_a_wall_clock_set_back_never_lengthens_a_call(live: Scene) -> None:
    live.clock.step(-600)
    live.attendant.rearm()
    await live.attendant.settled()
    assert live.board.boards["s1"].deadline == 1000.0 + 30 * 60
    live.clock.step(1200)
    live.attendant.rearm()
    await live.attendant.settled()
    assert live.board.boards["s1"].deadline == 1000.0 + 20 * 60


async def test_effects_of_one_session_come_in_the_order_of_the_commits(live: Scene) -> None:
    join = live.desk.sessions["s1"].client.join or ""
    await asyncio.gather(
        live.desk.report("s1", Depart(CLIENT, join, How.CONNECTION, live.clock()), live.clock()),
        live.desk.report("s1", Join(CLIENT, join), live.clock()),
        live.desk.report("s1", HangUp(EXPERT), live.clock()),
    )
    await live.attendant.settled()
    said = live.told("e")
    assert [type(m).__name__ for m in said if not isinstance(m, Snapshot)] == ["Held", "Resumed", "Ended"]
    events = [m.version for m in said if not isinstance(m, Snapshot)]
    assert events == sorted(events)


async def test_an_effect_that_fails_does_not_stop_the_next(live: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(live.fanout, "tell", None)
        await live.report(Move(a_slot(NOON, 40), Whom.EXPERT))
    await live.report(HangUp(CLIENT))
    assert "Ended" in live.kinds("e")


async def test_draining_reports_nothing(live: Scene) -> None:
    await live.attendant.drain(1000)
    assert live.kinds("c")[-1] == "Draining"
    await live.pass_time(60)
    assert live.departures == []


# --- the network test of a page ---------------------------------------------------------------------------------------


def open_test() -> Command:
    return messages.OpenTestCommand(command_id="t")


async def test_a_network_test_is_one_partys_and_ends_with_its_socket() -> None:
    scene = Scene(NOON + 3 * 24 * 60 * MINUTE)
    tests, facts = scene.board.tests, list(scene.desk.facts["s1"])
    await scene.arrive("c1", CLIENT)
    await scene.arrive("c2", CLIENT)
    await scene.arrive("e", EXPERT)
    await scene.ask("c1", open_test())
    await scene.ask("e", open_test())
    assert len(tests) == 2
    await scene.ask("c2", open_test())  # another page of the same party takes its place
    assert len(tests) == 2
    with pytest.raises(ProtocolError, match="not_testing"):
        await scene.ask("c1", messages.DescribeTestCommand(command_id="t", sdp=a_test_offer()))
    await scene.ask("c1", messages.CloseTestCommand(command_id="t"))
    await scene.lose("c1")
    assert len(tests) == 2
    await scene.lose("c2")
    assert len(tests) == 1
    assert scene.desk.facts["s1"] == facts
    scene.fanout._admitted["c2"] = Admission("s1", CLIENT)  # what it had said before it died is heard after
    with pytest.raises(ProtocolError, match="stale"):
        await scene.ask("c2", open_test())


async def test_a_network_test_takes_no_part_in_the_session() -> None:
    scene = Scene()
    await scene.arrive("c", CLIENT)
    await scene.arrive("e", EXPERT)
    await scene.ask("c", open_test())
    await scene.join("e")
    await scene.join("c")
    assert scene.phase() is Phase.LIVE
    assert len(scene.board.tests) == 1
    await scene.report(EndByOperator("over"))
    assert len(scene.board.tests) == 0
    with pytest.raises(UserError, match="session_over"):
        await scene.ask("c", open_test())
