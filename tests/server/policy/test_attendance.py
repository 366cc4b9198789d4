"""Presence, gaps and standing: the numbers under the verdicts (P0.7, P1)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.policy.attendance import attendance, gaps, presence, slots
from server.policy.settlement import if_expert_left, settle, standing
from server.policy.spans import Interval, clip, common, minus, total, union
from server.policy.terms import Terms
from signaling.session import Departed, How, Joined, Role
from tests.server.policy.script import DURATION, FEE, START, TERMS, Player, lines, ms, play, verdict
from tests.server.policy.test_truth_table import BOTH


def seconds(*pairs: tuple[str, str]) -> tuple[Interval, ...]:
    return tuple(Interval(START + ms(start), START + ms(end)) for start, end in pairs)


def partly(script: str) -> Player:
    player = Player()
    for line in lines(script):
        player.line(line)
    return player


def test_P0_7_bridged_and_not() -> None:
    facts = play(
        lines(BOTH + "5:06 expert drops alive 5:00\n6:35 expert joins\n10:00 expert drops\n12:00 expert joins")
    ).facts
    until = START + DURATION
    assert presence(facts, Role.EXPERT, TERMS, until) == seconds(("-1:00", "10:00"), ("12:00", "30:00"))
    assert [(gap.lapsed, gap.how) for gap in gaps(facts, Role.EXPERT, TERMS, until)] == [
        (False, How.CONNECTION),
        (True, How.CONNECTION),
    ]
    assert presence(facts, Role.EXPERT, TERMS, START + ms("11:00")) == seconds(("-1:00", "10:00"))
    assert presence(facts, Role.CLIENT, TERMS, START) == seconds(("-2:00", "0:00"))


def test_P0_7_other_terms_may_be_tried_on_an_old_ledger() -> None:
    facts = play(lines(BOTH + "10:00 expert drops\n12:00 expert joins")).facts
    assert settle(facts, Terms(reconnect_grace=180_000), FEE).refund.status == "none"
    assert settle(facts, TERMS, FEE).refund.max_amount == 800


def test_P3_14_a_departure_of_an_empty_seat_says_how_and_not_when() -> None:
    player = partly("-1:00 client joins\n5:00 client drops")
    again = Departed(START + ms("5:30"), Role.CLIENT, "x", How.PAGE, START + ms("5:30"), START + ms("7:00"))
    back = Joined(START + ms("6:50"), Role.CLIENT, "y")
    (gap,) = gaps([*player.facts, again, back], Role.CLIENT, TERMS, START + ms("8:00"))
    assert (gap.start, gap.how, gap.lapsed) == (START + ms("5:00"), How.PAGE, False)


def test_P0_1_slots_are_cut_where_the_start_moved() -> None:
    player = partly("-5:00 moved +45:00\n12:00 moved to 60:00 +30:00 by client\n40:00 moved +60:00")
    old, new = slots(player.facts)
    assert (old.slot.duration, old.until, old.by) == (45 * 60_000, START + ms("12:00"), "client")
    assert (new.slot.starts_at, new.slot.duration, new.until) == (START + ms("60:00"), 60 * 60_000, None)
    assert attendance(old.facts, Role.CLIENT, TERMS, START + ms("12:00")).kind == "no_show"
    assert attendance(new.facts, Role.CLIENT, TERMS, START + ms("40:00")).kind is None
    with pytest.raises(ValueError):
        slots([])


def test_standing_before_during_and_after() -> None:
    player = partly("-2:00 client joins")
    early = standing(player.facts, TERMS, START - 1)
    assert (early.client.attendance.kind, early.client.present) == (None, 0)
    waiting = standing(player.facts, TERMS, START + ms("5:00"))
    assert (waiting.client.attendance.kind, waiting.client.present) == ("on_time", ms("5:00"))
    assert (waiting.expert.attendance.kind, waiting.expert.present) == (None, 0)
    assert standing(player.facts, TERMS, START + ms("10:00")).expert.attendance.kind == "no_show"  # so far
    player.line(lines("12:00 expert joins")[0])
    live = standing(player.facts, TERMS, START + ms("13:00"))
    assert (live.expert.attendance.kind, live.expert.attendance.lateness) == ("late", ms("12:00"))
    assert live.party(Role.EXPERT).present == ms("1:00")
    just = standing(player.facts, TERMS, START + ms("12:00"))
    assert (just.expert.attendance.kind, just.expert.present) == ("late", 0)


def test_P3_4_what_the_expert_is_told_beforehand_is_what_it_would_be() -> None:
    player = partly(BOTH + "5:00 expert drops\n8:00 expert joins")
    told = if_expert_left(player.facts, TERMS, FEE, START + ms("20:00"))
    player.line(lines("20:00 expert hangs up")[0])
    assert told == verdict(player).refund
    assert (told.max_amount, told.status) == (5_200, "eligible")


def test_what_has_not_ended_cannot_be_settled() -> None:
    with pytest.raises(ValueError):
        settle(partly(BOTH).facts, TERMS, FEE)


def test_a_settlement_says_its_rules() -> None:
    got = verdict(play(lines("-1:00 client joins\n2:00 expert joins\n20:00 expert hangs up")))
    assert got.rules == ("P3.4", "P3.18", "P1.1", "P1.2")
    assert got.refund.basis == "hung_up_expert"
    assert got.refund.rules == ("P3.4", "P3.18")
    assert (got.met_at, got.unlapsed, got.ended_at) == (START + ms("2:00"), ms("10:00"), START + ms("20:00"))
    assert (got.client.present, got.expert.present) == (ms("20:00"), ms("18:00"))
    assert replace(got, terms="") != got


SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda two: Interval(min(two), max(two))))


@given(SPANS, SPANS)
def test_spans_are_sets_of_moments(one: list[Interval], other: list[Interval]) -> None:
    def moments(spans: object) -> set[int]:
        return {at for span in spans for at in range(span.start, span.end)}  # type: ignore[attr-defined]

    assert moments(union(one)) == moments(one)
    assert moments(minus(one, other)) == moments(one) - moments(other)
    assert moments(common(one, other)) == moments(one) & moments(other)
    assert moments(clip(one, 10, 20)) == moments(one) & set(range(10, 20))
    for spans in (union(one), minus(one, other), common(one, other)):
        assert total(spans) == len(moments(spans))
        assert list(spans) == sorted(spans, key=lambda span: span.start)
