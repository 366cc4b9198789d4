"""P3.14 with time passed in."""

from __future__ import annotations

import pytest

from signaling.presence import Departure, Signs, judge, proof_of_life, returned
from signaling.session import How


def signs(
    *,
    since: float = 0,
    lost: float | None = None,
    heard: float = 0,
    leg: float | None = None,
    closing: float | None = None,
) -> Signs:
    return Signs(since, lost, heard, leg, closing)


@pytest.mark.parametrize(
    ("why", "given", "now", "expected"),
    [
        ("all is well", signs(heard=100, leg=100), 101, None),
        ("socket lives, leg never up: not silent, only not up", signs(heard=100), 10_000, None),
        ("socket dead, media flowing: no departure", signs(lost=10, leg=1000), 1001, None),
        ("socket dead, leg silent 5.9 s", signs(lost=10, heard=9, leg=20), 25.9, None),
        ("socket dead, leg silent 6 s", signs(lost=10, heard=9, leg=20), 26, Departure(How.CONNECTION, 20)),
        ("leg silent first, then the socket", signs(lost=30, heard=28, leg=20), 30, Departure(How.CONNECTION, 28)),
        ("no leg: the socket's own 6 s", signs(lost=10, heard=8), 15.9, None),
        ("no leg: the socket's own 6 s are over", signs(lost=10, heard=8), 16, Departure(How.CONNECTION, 8)),
        ("the page said it was closing", signs(lost=10, heard=8, closing=10), 16, Departure(How.PAGE, 8)),
        ("its last packets came after it said so", signs(lost=10, heard=8, leg=11.9, closing=10), 18,
         Departure(How.PAGE, 11.9)),
        ("it said so, and was there long after", signs(lost=50, heard=49, closing=10), 56,
         Departure(How.CONNECTION, 49)),
        ("closing is a hint: the media still flows", signs(lost=10, leg=30, closing=29), 31, None),
        ("closing is a hint: the socket lives", signs(heard=30, closing=29), 1000, None),
        ("socket lives, leg silent 14.9 s", signs(heard=34, leg=20), 34.9, None),
        ("socket lives, leg silent 15 s", signs(heard=34, leg=20), 35, Departure(How.CONNECTION, 34)),
        ("a page closing with a silent leg, socket alive", signs(heard=34, leg=20, closing=34), 35,
         Departure(How.CONNECTION, 34)),
        ("just came back: the old silence does not count", signs(since=100, heard=100, leg=20), 114, None),
        ("came back and stayed silent", signs(since=100, heard=100, leg=20), 115, Departure(How.CONNECTION, 100)),
    ],
)  # fmt: skip
def test_departures(why: str, given: Signs, now: float, expected: Departure | None) -> None:
    assert judge(given, now) == expected, why


@pytest.mark.parametrize(
    ("given", "gone_at", "expected"),
    [
        (signs(leg=51), 50, True),
        (signs(leg=50), 50, False),
        (signs(leg=None), 50, False),
        (signs(leg=51, lost=49), 50, False),
    ],
)
def test_returns_by_media_alone(given: Signs, gone_at: float, expected: bool) -> None:
    assert returned(given, gone_at) is expected


def test_proof_of_life_is_the_latest_of_all() -> None:
    assert proof_of_life(signs(since=1, heard=2, leg=3)) == 3
    assert proof_of_life(signs(since=1, heard=4, leg=3)) == 4
    assert proof_of_life(signs(since=5, heard=4, leg=None)) == 5
