"""The lanes that are drawn of every case of the truth table: nothing overlaps, nothing is missing or judged."""

from __future__ import annotations

import itertools

import pytest

from server.policy.lanes import Lanes, lanes, sent
from server.policy.settlement import settle
from server.policy.spans import Interval, clip, common, total, union
from signaling.session import How, Role
from tests.server.policy.script import START, TERMS, lines, play
from tests.server.policy.test_truth_table import CASES, Case

MINUTE = 60_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_lanes_hold_what_the_settlement_holds(case: Case) -> None:
    player = play(case.orders()[0], terms=case.terms, media=case.media, booked=case.booked, duration=case.duration)
    drawn = lanes(player.facts, case.terms, START + case.duration * 10)
    verdict = settle(player.facts, case.terms, case.fee)
    assert drawn.until == verdict.ended_at
    there: dict[Role, tuple[Interval, ...]] = {}
    for role, lane in ((Role.CLIENT, drawn.client), (Role.EXPERT, drawn.expert)):
        for before, after in itertools.pairwise(lane):
            assert before.end <= after.start
        assert not any(span.open for span in lane)
        there[role] = tuple(Interval(span.start, span.end) for span in lane if span.kind != "gap")
        bridged = [Interval(span.start, span.end) for span in lane if span.bridged]
        stop = min(verdict.ended_at, verdict.ends_at)
        present = clip(union([*there[role], *bridged]), verdict.starts_at, stop)
        assert total(present) == verdict.party(role).present
        for span in lane:
            assert (span.how is not None) == (span.kind == "gap")
    assert drawn.both == common(there[Role.CLIENT], there[Role.EXPERT])
    assert [mark.at for mark in drawn.marks] == sorted(mark.at for mark in drawn.marks)
    assert sum(mark.kind == "ended" for mark in drawn.marks) == 1
    assert len(drawn.shifts) == sum(mark.kind == "moved" for mark in drawn.marks)


def at(script: str, minutes: float) -> Lanes:
    """The lanes of a session that goes on."""
    facts = [fact for fact in play(lines(script)).facts if fact.at <= START + minutes * MINUTE]
    return lanes(facts, TERMS, START + round(minutes * MINUTE))


def test_what_goes_on_is_open_and_the_rest_is_not() -> None:
    drawn = at("-2:00 client joins\n-1:00 expert joins\n5:00 expert drops\n20:00 client hangs up", 6)
    assert [(span.kind, span.open) for span in drawn.client] == [("waiting", False), ("connected", True)]
    assert [(span.kind, span.open) for span in drawn.expert] == [("connected", False), ("gap", True)]
    gap = drawn.expert[-1]
    assert (gap.how, gap.bridged, gap.returned) == (How.CONNECTION, False, False)
    assert gap.grace_until == gap.noticed_at + TERMS.reconnect_grace  # type: ignore[operator]


def test_who_waits_after_they_met_is_connected_and_before_it_waits() -> None:
    drawn = at("-2:00 client joins\n3:00 expert joins\n20:00 client hangs up", 10)
    assert [(span.kind, (span.start - START) / MINUTE) for span in drawn.client] == [("waiting", -2), ("connected", 3)]


def test_our_own_absence_is_drawn_as_that() -> None:
    drawn = at(
        "-2:00 client joins\n-1:00 expert joins\n6:00 outage since 5:00\n6:10 client joins\n6:20 expert joins", 9
    )
    assert [((span.start - START) / MINUTE, (span.end - START) / MINUTE) for span in drawn.away] == [(5, 6)]
    assert {span.how for span in (*drawn.client, *drawn.expert) if span.kind == "gap"} == {How.SERVICE}


def test_what_a_page_said_it_sends_is_drawn_where_it_is_not_as_usual() -> None:
    said = [(0, "mc"), (5, "c"), (10, "c"), (15, "mcs"), (20, None), (25, "mcs"), (30, "mc"), (100, "m"), (105, "m")]
    drawn = sent([(at * 1000, on) for at, on in said])
    assert [(each.track, each.start / 1000, each.end / 1000, each.on) for each in drawn] == [
        ("microphone", 5, 15, False),
        ("screen", 15, 30, True),
        ("camera", 100, 105, False),
    ]
    assert sent([]) == ()
    assert [
        (each.start, each.end) for each in sent([(0, "c"), (5_000, "c"), (60_000, "c")]) if each.track[0] == "m"
    ] == [
        (0, 5_000),
        (60_000, 60_000),
    ]
