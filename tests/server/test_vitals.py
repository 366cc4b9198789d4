"""What is kept of how this process fares, with time passed in."""

from __future__ import annotations

from dataclasses import dataclass

from server.vitals import KEPT, Vitals
from tests.builders import Clock


@dataclass
class Load:
    legs: int = 0
    packets: int = 0
    bytes: int = 0


def test_rates_are_since_the_look_before_and_the_lag_is_the_longest() -> None:
    load, monotonic, clock = Load(), [100.0], Clock()
    vitals = Vitals(lambda: load, lambda: 7, clock, lambda: monotonic[0])
    vitals.look()
    load.legs, load.packets, load.bytes, monotonic[0] = 4, 1000, 50_000, 110.0
    for late in (0.001, 0.25, 0.002):
        vitals.napped(late)
    vitals.look()
    first, second = vitals.history
    assert (first.packets_per_second, first.loop_lag_ms) == (0.0, 0.0)
    assert (second.packets_per_second, second.bits_per_second, second.loop_lag_ms) == (100.0, 40_000.0, 250.0)
    assert (second.legs, second.sockets, second.at) == (4, 7, clock.now)
    load.packets = load.bytes = 0  # a worker that was restarted counts anew
    monotonic[0] += 10
    vitals.look()
    assert (vitals.history[-1].packets_per_second, vitals.history[-1].loop_lag_ms) == (0.0, 0.0)


def test_an_hour_is_kept() -> None:
    vitals = Vitals(Load, lambda: 0, Clock(), lambda: 0.0)
    for _ in range(KEPT + 5):
        vitals.look()
    assert len(vitals.history) == KEPT


async def test_it_looks_by_itself_and_stops() -> None:
    vitals = Vitals(Load, lambda: 0, Clock())
    await vitals.start()
    await vitals.stop()
    assert vitals._task is not None
    assert vitals._task.cancelled()
