"""A page's call with itself: each of its bounds, then all of it through a real worker."""

from __future__ import annotations

import itertools
import os
import signal
from typing import Any

import pytest

from signaling.errors import ProtocolError, Stale
from signaling.relay import wire
from signaling.relay.ice import Credentials
from signaling.relay.leg import TEST_CEILING, Ceiling, Drop
from signaling.relay.loopback import MAX_TESTS, TEST_SECONDS, Loopbacks
from signaling.relay.switchboard import RelaySettings
from signaling.session import Role
from tests.fakes import FakeClock, FakeLane
from tests.signaling.relay.helpers import (
    DTLS,
    PLENTY,
    Bench,
    Peer,
    Relay,
    a_test_answer,
    a_test_offer,
    carries,
    checked,
    credentials,
    ice_in,
    sample,
    until,
)


class Trial:
    """Loopbacks over a lane that only listens, and a clock that is set."""

    def __init__(self) -> None:
        self.clock, self.lane = FakeClock(), FakeLane()
        numbers = itertools.count(1)
        known = (Credentials(f"ufrag{number:07}", f"password{number:016}") for number in itertools.count())
        self.all = Loopbacks(lambda: next(numbers), lambda: self.lane, lambda: next(known), self.clock.monotonic)

    def told(self) -> list[wire.Command]:
        told, self.lane.told = self.lane.told, []
        return told


@pytest.fixture
def tests() -> Trial:
    return Trial()


def refused(code: str) -> Any:
    return pytest.raises(ProtocolError, check=lambda error: error.code == code)


def test_each_connection_is_told_of_the_other_with_our_ice_part(tests: Trial) -> None:
    tests.all.open("a")
    opened, *admitted = tests.told()
    assert opened == wire.Open(1, tests.clock.monotonic() + TEST_SECONDS, test=True)
    legs = {each.role: Credentials(each.ufrag, each.password) for each in admitted if isinstance(each, wire.Admit)}
    offer, answer = tests.all.describe("a", a_test_offer()), tests.all.describe("a", a_test_answer())
    assert ice_in(offer) == legs[Role.CLIENT]
    assert ice_in(answer) == legs[Role.EXPERT]
    for text, setup in ((offer, "actpass"), (answer, "active")):
        assert "192.0.2.2" not in text  # its own address
        assert "192.0.2.1 3478 typ host" in text  # the relay's
        assert f"a=setup:{setup}" in text


def test_it_ends_by_the_deadline_and_by_word(tests: Trial) -> None:
    tests.all.open("a")
    tests.clock.advance(TEST_SECONDS)
    assert len(tests.all) == 0
    with refused("not_testing"):
        tests.all.describe("a", a_test_offer())
    tests.all.open("a")
    tests.told()
    tests.all.close("a")
    tests.all.close("a")
    assert tests.told() == [wire.Close(2)]
    with refused("not_testing"):
        tests.all.describe("a", a_test_offer())


def test_there_is_one_per_party_and_the_newest_counts(tests: Trial) -> None:
    tests.all.open("a")
    tests.all.describe("a", a_test_offer())
    tests.told()
    tests.all.open("a")
    assert tests.told()[:2] == [wire.Close(1), wire.Open(2, tests.clock.monotonic() + TEST_SECONDS, test=True)]
    assert len(tests.all) == 1
    tests.all.describe("a", a_test_offer())  # and begins anew


def test_there_are_so_many_in_all(tests: Trial) -> None:
    for number in range(MAX_TESTS):
        tests.all.open(f"p{number}")
    with pytest.raises(Stale) as error:
        tests.all.open("late")
    assert error.value.code == "tests_full"
    tests.all.open("p0")  # its own place is its own
    tests.all.close("p1")
    tests.all.open("late")
    with pytest.raises(Stale):
        tests.all.open("p1")
    tests.clock.advance(TEST_SECONDS)
    tests.all.open("p1")
    assert len(tests.all) == 1


def test_it_is_a_call_of_a_page_with_itself_and_with_nobody_else(tests: Trial) -> None:
    tests.all.open("a")
    with refused("bad_sdp"):
        tests.all.describe("a", sample("chromium-offer"))  # with media
    tests.all.describe("a", a_test_offer())
    with refused("not_itself"):
        tests.all.describe("a", a_test_answer(":".join(["CD"] * 32)))
    with refused("bad_sdp"):
        tests.all.describe("a", a_test_offer())  # an answer must choose
    tests.all.describe("a", a_test_answer())
    with refused("already_described"):
        tests.all.describe("a", a_test_answer())
    with refused("not_testing"):
        tests.all.describe("b", a_test_offer())


def test_its_ceiling_is_its_own_and_its_deadline_is_in_the_packet_path() -> None:
    bench = Bench(PLENTY)
    try:
        bench.port.open(1, bench.now + TEST_SECONDS, TEST_CEILING)
        legs = []
        for role in Role:
            known = credentials(f"1{role}")
            bench.port.admit(1, role, known)
            legs.append(bench.peer(known))
        for leg in legs:
            leg.check()
            bench.turn()
            assert len(leg.received()) == 1
        passed = 0
        for _ in range(TEST_CEILING.packets_per_second + 20):
            legs[0].send(DTLS)
            bench.turn()
            passed += len(legs[1].received())
        assert passed == TEST_CEILING.packets_per_second
        assert bench.port.drops == {Drop.CEILING: 20}
        bench.now += TEST_SECONDS
        legs[0].send(DTLS)
        bench.turn()
        assert legs[1].received() == []
        assert bench.told[-1] == wire.Closed(1, by_deadline=True)
    finally:
        bench.close()


def test_all_tests_together_are_no_more_than_a_few_calls() -> None:
    call = Ceiling(RelaySettings(port=0).bits_per_second, RelaySettings(port=0).packets_per_second)
    assert MAX_TESTS * TEST_CEILING.bits_per_second <= 10 * call.bits_per_second
    assert MAX_TESTS * TEST_CEILING.packets_per_second <= 10 * call.packets_per_second


async def test_through_a_real_worker(relay: Relay) -> None:
    board = relay.switchboard

    def begin() -> tuple[Peer, Peer]:
        board.tests.open("a")
        answerer = ice_in(board.tests.describe("a", a_test_offer()))
        offerer = ice_in(board.tests.describe("a", a_test_answer()))
        return Peer(("127.0.0.1", board.port), offerer), Peer(("127.0.0.1", board.port), answerer)

    one, other = begin()
    await checked(one, other)
    assert await carries(one, other, DTLS)
    assert await carries(other, one, DTLS)
    assert (board.stats().tests, board.stats().sessions) == (1, 0)
    board.tests.close("a")
    await until(lambda: not answered(one))
    one.send(DTLS)
    assert other.received(0.2) == []
    begin()
    os.kill(board.workers[0], signal.SIGKILL)
    await until(lambda: board.stats().worker_restarts == 1)
    assert len(board.tests) == 0
    assert relay.media == []
    assert relay.stopped == []


def answered(peer: Peer) -> bool:
    """Whether a check still gets an answer."""
    peer.received()
    peer.check()
    return any(packet[:2] == b"\x01\x01" for packet in peer.received(0.1))
