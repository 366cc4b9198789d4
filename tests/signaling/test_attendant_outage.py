"""An outage that this process outlived, as the live side sees it: the seats are empty, the people are not gone."""

from __future__ import annotations

import pytest

from signaling.errors import Busy
from signaling.session import Outage, Phase, Role
from tests.signaling.test_attendant import Scene

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def live(scene: Scene) -> dict[Role, str]:
    joins = {}
    for role in Role:
        await scene.arrive(f"{role}1", role)
        joins[role] = await scene.join(f"{role}1")
    return joins


async def outage(scene: Scene, seconds: int = 20) -> None:
    alive = scene.clock()
    scene.clock.advance(seconds)
    await scene.report(Outage(alive))
    assert scene.desk.sessions["s1"].phase is Phase.HELD


async def test_P3_9_whoever_is_heard_of_again_has_its_seat_again() -> None:
    scene = Scene()
    joins = await live(scene)
    await outage(scene)
    await scene.pass_time(10, hear=("client1",))
    session = scene.desk.sessions["s1"]
    assert session.client.here
    assert session.client.join == joins[CLIENT]
    assert not session.expert.here  # not a sign of life of that one since
    await scene.pass_time(5, EXPERT)  # its leg speaks, its socket does not
    assert scene.desk.sessions["s1"].phase is Phase.LIVE


async def test_P3_9_a_socket_that_died_of_the_outage_leaves_the_leg_in_place() -> None:
    scene = Scene()
    joins = await live(scene)
    await outage(scene)
    await scene.lose("expert1")
    await scene.pass_time(2, EXPERT)
    assert scene.desk.sessions["s1"].expert.here
    assert scene.desk.sessions["s1"].expert.join == joins[EXPERT]


async def test_P3_9_who_never_shows_a_sign_again_is_not_seated_and_not_said_to_have_left() -> None:
    scene = Scene()
    await live(scene)
    await outage(scene)
    await scene.pass_time(60)
    session = scene.desk.sessions["s1"]
    assert not session.anyone_here
    assert {seat.gone.how.value for _, seat in session.seats if seat.gone} == {"service"}


async def test_the_page_that_joins_again_by_itself_keeps_its_join() -> None:
    scene = Scene()
    joins = await live(scene)
    await outage(scene)
    await scene.lose("client1")
    await scene.arrive("client2", CLIENT)
    assert await scene.join("client2", resume=joins[CLIENT]) == joins[CLIENT]
    assert scene.desk.sessions["s1"].client.here


async def test_what_the_relay_saw_is_told_until_it_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    await live(scene)
    real, tries = scene.desk.report, 0

    async def busy_twice(session: str, event: object, at: int) -> object:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise Busy()
        return await real(session, event, at)  # type: ignore[arg-type]

    monkeypatch.setattr("signaling.attendant.INSIST", 0.0)
    monkeypatch.setattr(scene.desk, "report", busy_twice)
    scene.attendant.media("s1")
    await scene.attendant.settled()
    assert tries == 3
    assert scene.desk.sessions["s1"].media


async def test_time_with_media_is_known_of_every_session_that_is_lived() -> None:
    scene = Scene()
    await live(scene)
    assert set(scene.attendant.mutuals()) == {"s1"}
