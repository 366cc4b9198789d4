"""security.md §1.4 and §1.5, with time passed in."""

from __future__ import annotations

import random

from signaling.relay.ice import Check
from signaling.relay.leg import (
    ALIVE,
    CHECK_BURST,
    CHECKS_PER_SECOND,
    FRESH,
    MAX_CREDENTIALS,
    MAX_PATHS,
    REMEMBERED,
    REMEMBERED_FOR,
    Admission,
    Call,
    Ceiling,
    Drop,
    Leg,
    Path,
)
from signaling.session import Role
from tests.signaling.relay.helpers import PLENTY, credentials

HERE = ("192.0.2.1", 1)
THERE = ("192.0.2.2", 2)
T = 1000.0


class Side:
    """A leg, and the checks that come to it."""

    def __init__(self, ceiling: Ceiling = PLENTY, deadline: float = 1e9) -> None:
        self.call = Call(1, deadline, ceiling, bytes(32))
        self.leg: Leg = self.call.legs[Role.CLIENT]
        self.leg.admit(credentials("A"))
        self._transactions = 0

    def check(
        self,
        address: tuple[str, int],
        now: float,
        *,
        nominates: bool = False,
        generation: str = "A",
        transaction: bytes | None = None,
    ) -> Admission:
        self._transactions += 1
        known = credentials(generation)
        transaction = transaction or self._transactions.to_bytes(12, "big")
        check = Check(known.ufrag.encode(), known.password.encode(), transaction, nominates, 100)
        return self.leg.authenticate(0, address, check, now)

    def path(self, address: tuple[str, int]) -> Path:
        return next(path for path in self.leg.paths if path.address == address)

    def current(self, now: float) -> tuple[str, int] | None:
        outlet = self.leg.outlet(now)
        return None if outlet is None else (outlet.address[0], outlet.address[1])


def test_the_first_check_makes_the_path_before_any_nomination() -> None:
    side = Side()
    assert side.current(T) is None
    assert side.check(HERE, T).first
    assert side.current(T) == HERE
    assert not side.check(HERE, T + 1).first
    assert side.leg.path_switches == 0


def test_a_path_that_has_not_proven_itself_for_30_s_neither_sends_nor_receives() -> None:
    side = Side()
    side.check(HERE, T)
    path = side.path(HERE)
    assert side.leg.take(path, 100, T + FRESH - 0.1) is None
    assert side.current(T + FRESH - 0.1) == HERE
    assert side.leg.take(path, 100, T + FRESH) is Drop.STALE_SOURCE
    assert side.current(T + FRESH) is None
    assert side.leg.expire(T + FRESH) == (path,)
    assert side.leg.paths == []


def test_a_living_path_is_left_for_two_checks_and_a_nomination() -> None:
    side = Side()
    side.check(HERE, T)
    side.check(HERE, T + 2)
    side.check(THERE, T + 2, nominates=True)
    assert side.current(T + 2) == HERE
    side.check(THERE, T + 2.1)  # the earlier nomination stands
    assert side.current(T + 2.1) == THERE
    assert side.leg.path_switches == 1


def test_two_checks_must_both_be_fresh() -> None:
    side = Side()
    for second in range(0, 60, 2):
        side.check(HERE, T + second)
    side.check(THERE, T + 20)
    side.check(THERE, T + 20 + FRESH - 0.1, nominates=True)
    assert side.current(T + 20 + FRESH - 0.1) == THERE
    side = Side()
    for second in range(0, 60, 2):
        side.check(HERE, T + second)
    side.check(THERE, T + 20)
    side.check(THERE, T + 45)
    side.leg.take(side.path(HERE), 100, T + 51)
    side.leg.take(side.path(THERE), 100, T + 51)  # the first check is older than 30 s by now
    assert side.current(T + 51) == HERE


def test_transactions_are_remembered_for_a_minute_under_any_load() -> None:
    side = Side()
    for step in range(3000):  # 50 a second, all that a leg may send
        side.check(HERE, T + step / 50, transaction=step.to_bytes(12, "big"))
    assert side.leg.seen((0).to_bytes(12, "big")) is side.path(HERE)
    for step in range(3000, 9000):
        side.check(HERE, T + step / 50, transaction=step.to_bytes(12, "big"))
    assert side.leg.seen((5999).to_bytes(12, "big")) is None
    assert side.leg.seen((6001).to_bytes(12, "big")) is side.path(HERE)
    assert len(side.leg._seen) <= CHECKS_PER_SECOND * REMEMBERED_FOR + CHECK_BURST


def test_at_a_browsers_pace_transactions_are_remembered_for_longer() -> None:
    side = Side()
    for step in range(3 * REMEMBERED):
        side.check(HERE, T + step * 2.5, transaction=step.to_bytes(12, "big"))
    assert len(side.leg._seen) == REMEMBERED
    assert side.leg.seen((2 * REMEMBERED).to_bytes(12, "big")) is not None
    side.leg.close()
    assert len(side.leg._seen) == 0


def test_a_leg_may_check_as_often_as_any_browser_does() -> None:
    leg = Side().leg
    assert all(leg.may_check(T) for _ in range(60))
    assert all(leg.may_check(T + step / 25) for step in range(1, 2500))
    allowed = sum(leg.may_check(T + 200 + step / 1000) for step in range(10_000))
    assert allowed <= CHECK_BURST + CHECKS_PER_SECOND * 10


def test_a_silent_path_is_left_for_one_check() -> None:
    side = Side()
    side.check(HERE, T)
    side.check(THERE, T + ALIVE, nominates=True)
    assert side.current(T + ALIVE) == THERE


def test_a_check_alone_moves_nothing() -> None:
    side = Side()
    side.check(HERE, T)
    for second in range(5):
        side.check(THERE, T + ALIVE + second)
    assert side.current(T + ALIVE + 5) == HERE


def test_media_from_an_authenticated_path_moves_the_stream_there() -> None:
    """Firefox nominates once and never again after a NAT rebinding."""
    side = Side()
    side.check(HERE, T, nominates=True)
    side.check(THERE, T + 1)
    side.leg.take(side.path(HERE), 100, T + 1)
    side.leg.take(side.path(THERE), 100, T + 1.1)
    assert side.current(T + 1.1) == HERE  # alive: one check does not do
    side.check(THERE, T + 1.2)
    assert side.current(T + 1.2) == THERE


def test_one_switch_a_second() -> None:
    side = Side()
    for _ in range(2):
        side.check(HERE, T)
        side.check(THERE, T)
    here, there = side.path(HERE), side.path(THERE)
    for step in range(40):  # 2 s of packets that come by both
        side.leg.take(here, 100, T + 1 + step / 20)
        side.leg.take(there, 100, T + 1 + step / 20 + 0.01)
    assert 2 <= side.leg.path_switches <= 3
    side = Side()
    for _ in range(2):
        side.check(HERE, T)
        side.check(THERE, T, nominates=True)
    side.check(HERE, T + 0.5, nominates=True)
    side.check(HERE, T + 0.99)
    assert side.current(T + 0.99) == THERE
    side.check(HERE, T + 1.0)  # what it wanted is not forgotten
    assert side.current(T + 1.0) == HERE


def test_when_the_current_path_has_run_out_any_other_will_do() -> None:
    side = Side()
    side.check(HERE, T)
    side.check(THERE, T + FRESH + 1)
    assert side.current(T + FRESH + 1) == THERE
    assert side.leg.path_switches == 1  # on record all the same
    side.leg.expire(T + 100)
    side.check(THERE, T + 100)
    assert side.leg.path_switches == 1  # the same place again


def test_eight_paths_at_most_and_the_current_one_is_not_pushed_out() -> None:
    side = Side()
    side.check(HERE, T)
    for number in range(20):
        admission = side.check(("192.0.2.9", number), T + 1 + number / 10)
        assert len(side.leg.paths) <= MAX_PATHS
        assert len(admission.forgotten) == (1 if number >= MAX_PATHS - 1 else 0)
    assert side.current(T + 4) == HERE


def test_old_credentials_hold_until_the_new_ones_are_used() -> None:
    side = Side()
    side.check(HERE, T)
    side.leg.admit(credentials("B"))
    assert side.check(HERE, T + 1).retired == ()
    assert side.check(HERE, T + 2, generation="B").retired == (credentials("A").ufrag.encode(),)
    assert side.leg.password_of(credentials("A").ufrag.encode()) is None
    assert side.leg.password_of(credentials("B").ufrag.encode()) is not None


def test_unused_credentials_do_not_pile_up_and_the_used_ones_stay() -> None:
    side = Side()
    side.check(HERE, T)
    gone = [ufrag for number in range(10) for ufrag in side.leg.admit(credentials(f"N{number}"))]
    assert len(side.leg.ufrags) == MAX_CREDENTIALS
    assert len(gone) == 11 - MAX_CREDENTIALS
    assert credentials("A").ufrag.encode() in side.leg.ufrags
    assert credentials("N9").ufrag.encode() in side.leg.ufrags


def test_at_the_deadline_nothing_is_taken() -> None:
    side = Side(deadline=T + 10)
    side.check(HERE, T)
    path = side.path(HERE)
    assert side.leg.take(path, 100, T + 9.999) is None
    assert side.leg.take(path, 100, T + 10) is Drop.DEADLINE
    side.call.set_deadline(T + 20)
    assert side.leg.take(path, 100, T + 15) is None
    side.call.set_deadline(T + 15)
    assert side.leg.take(path, 100, T + 15) is Drop.DEADLINE


def test_the_ceiling_in_bits() -> None:
    side = Side(Ceiling(bits_per_second=800_000, packets_per_second=100_000))
    side.check(HERE, T)
    path = side.path(HERE)
    taken = sum(side.leg.take(path, 1000, T + step / 1000) is None for step in range(2000))
    assert 295 <= taken <= 305  # a burst of one second, and two seconds' worth
    assert side.leg.dropped == 2000 - taken
    assert side.leg.last_packet == T + 1.999  # over the ceiling is alive all the same


def test_the_ceiling_in_packets() -> None:
    side = Side(Ceiling(bits_per_second=100_000_000, packets_per_second=50))
    side.check(HERE, T)
    path = side.path(HERE)
    assert sum(side.leg.take(path, 20, T + step / 1000) is None for step in range(1000)) in range(98, 102)


def test_checks_are_not_under_the_ceiling() -> None:
    """Chromium: 25/s, with bursts of 60."""
    side = Side(Ceiling(bits_per_second=8_000, packets_per_second=5))
    for step in range(120):
        side.check(HERE, T + step / 1000)
    assert side.leg.take(side.path(HERE), 100, T + 1) is None


def test_mutual_time_is_seconds_with_media_both_ways() -> None:
    call = Side().call
    client, expert = call.legs[Role.CLIENT], call.legs[Role.EXPERT]
    assert not call.carried(client, 10.1)
    assert not call.carried(client, 11.1)
    assert call.carried(expert, 12.1)  # for the first time: seconds count from here
    assert call.mutual_ms(12.1) == 0
    assert not call.carried(client, 12.9)
    assert not call.carried(expert, 12.95)
    assert call.mutual_ms(13.1) == 1000
    call.carried(client, 13.2)
    call.carried(expert, 14.2)
    assert call.mutual_ms(20.0) == 1000


def test_mutual_time_does_not_run_ahead_of_the_clock_nor_past_the_deadline() -> None:
    call = Side(deadline=T + 7.25).call
    client, expert = call.legs[Role.CLIENT], call.legs[Role.EXPERT]
    for step in range(730):  # 100 packets a second, up to the deadline
        now = T + 0.95 + step / 100
        if now >= call.deadline:
            break
        for leg in (client, expert):
            call.carried(leg, now)
        assert call.mutual_ms(now) <= 1000 * (now - T - 0.95) + 1
    for now in (T + 7.25, T + 8.0, T + 100.0):
        assert call.mutual_ms(now) == 6300  # from the first packet to the deadline


def test_mutual_time_never_exceeds_what_there_was_by_more_than_a_second() -> None:
    dice = random.Random(1)
    for _ in range(200):
        call = Side(deadline=T + 60).call
        first, last = sorted(T + 60 * dice.random() for _ in range(2))
        now = first
        while now < last:
            for leg in call.legs.values():
                call.carried(leg, now)
            now += dice.random() / 2
        assert call.mutual_ms(T + 60) <= 1000 * (last - first) + 1000
        assert call.mutual_ms(T + 60) <= 1000 * (T + 60 - first)


def test_an_alias_says_nothing_without_its_key() -> None:
    one, other = Side(), Side()
    other.call = Call(1, 1e9, PLENTY, b"k" * 32)
    path = one.check(HERE, T).path
    assert one.call.alias(path) == one.call.alias(path)
    assert one.call.alias(path) != other.call.alias(path)
    assert "192" not in one.call.alias(path)
