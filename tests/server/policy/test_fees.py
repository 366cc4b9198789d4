"""The fee factor, its reasons, what the expert is paid, and when time alone changes it (P1.6, P2.8)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.policy.fees import FeeFactor, Reason, Why, expert_fee, factor, next_change
from server.policy.money import Money
from server.policy.people import (
    Category,
    ComplaintDismissed,
    ComplaintFiled,
    ComplaintRecategorised,
    ComplaintUpheld,
    Dossier,
    PersonFact,
    RatingGiven,
    RatingVoided,
    dossier,
)
from server.policy.punctuality import Punctuality, punctuality
from server.policy.terms import Terms
from server.policy.verdict import AttendanceKind
from signaling.session import Ms, Role
from tests.server.policy.casebook import DAY, DAY0, KEY, TERMS, WHY
from tests.server.policy.test_punctuality import mark

NOBODY = Dossier()
NONE = Punctuality(None, (), ())


def at(bps: int, slots: int = 5) -> Punctuality:
    """A punctuality that was counted from so many slots; the table looks at the mean alone."""
    counted = punctuality([mark(number) for number in range(slots)], (), TERMS, DAY0 * 2).counted
    return Punctuality(bps, counted, ())


def complaint(
    number: int, upheld_at: Ms | None, role: Role = Role.EXPERT, category: Category = Category.CONDUCT
) -> list[PersonFact]:
    name = f"c{number}"
    filed = ComplaintFiled(DAY0, name, f"s{number}", category, role, f"p_{number}", True, False, False, None, DAY0)
    return [filed] if upheld_at is None else [filed, ComplaintUpheld(upheld_at, name, KEY, WHY)]


def ratings(stars: list[int], role: Role = Role.EXPERT, ended_at: Ms = DAY0) -> list[PersonFact]:
    return [
        RatingGiven(ended_at, f"{role}{n}", f"s{n}", role, f"p_{n}", star, (), None, ended_at, None)
        for n, star in enumerate(stars)
    ]


@pytest.mark.parametrize(("bps", "gives", "row"), [
    (10_000, 10_200, "9700"), (9_700, 10_200, "9700"), (9_699, 10_000, "8500"), (8_500, 10_000, "8500"),
    (8_499, 9_500, "7000"), (7_000, 9_500, "7000"), (6_999, 9_000, "0"), (0, 9_000, "0"),
])  # fmt: skip
def test_P1_6_the_rows_of_the_table(bps: int, gives: int, row: str) -> None:
    told = at(bps)
    assert factor(told, NOBODY, TERMS, DAY0) == FeeFactor(
        gives, (Reason("P1.6", gives - 10_000, Why.ROW, (row, str(gives))),), ("P1.5", "P1.6"), TERMS.hash, told
    )


@pytest.mark.parametrize("told", [NONE, at(0, 4), at(10_000, 4)])
def test_P1_6_with_fewer_than_five_slots_no_row_applies(told: Punctuality) -> None:
    found = factor(told, NOBODY, TERMS, DAY0)
    assert found.bps == 10_000
    assert found.reasons == (Reason("P1.6", 0, Why.TOO_FEW, (str(len(told.counted)), "5")),)


def test_P1_6_a_table_of_the_operators_own() -> None:
    terms = Terms(fee_table=((9_000, 10_100), (0, 10_000)), fee_min_slots=1)
    assert [factor(at(bps, 1), NOBODY, terms, DAY0).bps for bps in (9_000, 8_999)] == [10_100, 10_000]


@pytest.mark.parametrize(("after", "bps"), [(-1, 10_000), (0, 9_500), (90 * DAY - 1, 9_500), (90 * DAY, 10_000)])
def test_P2_8_an_upheld_complaint_costs_500_for_90_days_closed_at_the_start(after: Ms, bps: int) -> None:
    known = dossier(complaint(1, DAY0 + DAY))
    assert factor(NONE, known, TERMS, DAY0 + DAY + after).bps == bps


@pytest.mark.parametrize("facts", [
    complaint(1, None),
    complaint(1, DAY0, Role.CLIENT),
    complaint(1, DAY0, category=Category.DECEPTION),
    [*complaint(1, DAY0), ComplaintDismissed(DAY0, "c1", KEY, WHY)],
    [*complaint(1, DAY0), ComplaintRecategorised(DAY0, "c1", Category.OTHER, KEY, WHY)],
])  # fmt: skip
def test_P2_8_only_upheld_conduct_as_expert_costs(facts: list[PersonFact]) -> None:
    assert factor(NONE, dossier(facts), TERMS, DAY0).bps == 10_000


def test_P2_8_upheld_a_second_time_it_runs_from_then() -> None:
    facts = [*complaint(1, DAY0), ComplaintDismissed(DAY0 + DAY, "c1", KEY, WHY)]
    facts.append(ComplaintUpheld(DAY0 + 80 * DAY, "c1", KEY, WHY))
    assert factor(NONE, dossier(facts), TERMS, DAY0 + 169 * DAY).bps == 9_500
    assert factor(NONE, dossier(facts), TERMS, DAY0 + 170 * DAY).bps == 10_000


SHOWN = DAY0 + 7 * DAY


@pytest.mark.parametrize(("stars", "bps"), [
    ([3] * 5 + [4] * 5, 10_000),  # 3.5 is not under 3.5
    ([3] * 6 + [4] * 5, 9_500),  # 3.4545...
    ([1] * 9, 10_000),  # too few
    ([1] * 10, 9_500),
    ([], 10_000),
])  # fmt: skip
def test_P2_8_the_mean_of_at_least_ten_ratings(stars: list[int], bps: int) -> None:
    assert factor(NONE, dossier(ratings(stars)), TERMS, SHOWN).bps == bps


def test_P2_8_only_ratings_that_are_shown_count_and_none_as_client() -> None:
    bad = ratings([1] * 10)
    assert factor(NONE, dossier(bad), TERMS, SHOWN - 1).bps == 10_000  # P2.1
    assert factor(NONE, dossier(ratings([1] * 10, Role.CLIENT)), TERMS, SHOWN).bps == 10_000
    assert factor(NONE, dossier([*bad, RatingVoided(DAY0, "expert3", KEY, WHY)]), TERMS, SHOWN).bps == 10_000
    (reason,) = (one for one in factor(NONE, dossier(bad), TERMS, SHOWN).reasons if one.rule == "P2.8")
    assert reason == Reason("P2.8", -500, Why.RATINGS, ("100", "10"))


def test_P2_8_all_parts_add_up_and_stay_within_the_bounds() -> None:
    facts = [fact for number in range(3) for fact in complaint(number, DAY0 + number)]
    known = dossier([*facts, *ratings([2] * 10)])
    found = factor(at(0), known, TERMS, SHOWN)
    assert found.bps == 8_000
    assert [(one.why, one.bps, one.of) for one in found.reasons] == [
        (Why.ROW, -1_000, ("0", "9000")),
        (Why.UPHELD, -500, ("c0",)),
        (Why.UPHELD, -500, ("c1",)),
        (Why.UPHELD, -500, ("c2",)),
        (Why.RATINGS, -500, ("200", "10")),
        (Why.FLOOR, 1_000, ("8000",)),
    ]
    assert found.rules == ("P1.5", "P1.6", "P2.8")
    assert factor(at(10_000), dossier(facts), TERMS, SHOWN).bps == 8_700
    capped = factor(at(10_000), NOBODY, Terms(fee_ceiling=10_100), DAY0)
    assert (capped.bps, capped.reasons[-1]) == (10_100, Reason("P2.8", -100, Why.CEILING, ("10100",)))


@settings(deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(0, 9),
    st.lists(st.integers(0, 100 * DAY), max_size=8),
    st.lists(st.integers(1, 5), max_size=14),
    st.integers(0, 200 * DAY),
)
def test_P1_6_the_reasons_are_the_factor(bps: int, slots: int, upheld: list[Ms], stars: list[int], now: Ms) -> None:
    facts = [fact for number, after in enumerate(upheld) for fact in complaint(number, DAY0 + after)]
    known = dossier([*facts, *ratings(stars)])
    found = factor(at(bps, slots), known, TERMS, DAY0 + now)
    assert found.bps == 10_000 + sum(reason.bps for reason in found.reasons)
    assert TERMS.fee_floor <= found.bps <= TERMS.fee_ceiling
    assert found == factor(at(bps, slots), known, TERMS, DAY0 + now)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 100 * DAY), max_size=4),
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 30 * DAY)), max_size=12),
    st.integers(-DAY, 120 * DAY),
    st.integers(0, 100),
)
def test_P1_6_between_the_changes_that_are_foretold_nothing_changes(
    upheld: list[Ms], rated: list[tuple[int, Ms]], now: Ms, share: int
) -> None:
    facts = [fact for number, after in enumerate(upheld) for fact in complaint(number, DAY0 - 200 * DAY + after)]
    for number, (stars, after) in enumerate(rated):
        facts.append(
            RatingGiven(DAY0, f"r{number}", f"s{number}", Role.EXPERT, "p_x", stars, (), None, DAY0 + after, None)
        )
    terms, known = Terms(rating_min=1), dossier(facts)
    marks = [replace(mark(0), starts_at=DAY0, ends_at=DAY0 + 2 * DAY, at=DAY0 + DAY, kind=AttendanceKind.LATE)]
    terms = replace(terms, fee_min_slots=1)

    def bps(moment: Ms) -> int:
        return factor(punctuality(marks, (), terms, moment), known, terms, moment).bps

    moment = max(DAY0 - DAY, DAY0 + now)
    until = next_change(known, terms, moment, marks)
    last = (DAY0 + 1_000 * DAY if until is None else until) - 1
    known_by = [one.at for one in marks if moment < one.at <= last]  # new facts are not foretold
    if not known_by:
        assert bps(moment) == bps(last) == bps(moment + (last - moment) * share // 100)


def test_P1_6_when_time_alone_changes_it() -> None:
    known = dossier([*complaint(1, DAY0), *ratings([5], ended_at=DAY0 + DAY), *ratings([1], Role.CLIENT)])
    early = replace(mark(1), starts_at=DAY0, ends_at=DAY0 + 2 * DAY, at=DAY0)
    assert next_change(known, TERMS, DAY0, [early]) == DAY0 + 2 * DAY
    assert next_change(known, TERMS, DAY0) == DAY0 + 8 * DAY
    assert next_change(known, TERMS, DAY0 + 8 * DAY) == DAY0 + 90 * DAY
    assert next_change(known, TERMS, DAY0 + 90 * DAY) is None
    assert next_change(NOBODY, TERMS, DAY0) is None


@pytest.mark.parametrize(("amount", "bps", "paid"), [
    (12_000, 10_000, 12_000), (12_000, 10_200, 12_240), (12_000, 9_000, 10_800), (1, 5_000, 1), (1, 4_999, 0),
    (3, 9_500, 3), (10, 9_500, 10), (10, 9_499, 9), (0, 10_200, 0), (12_345, 9_500, 11_728),
])  # fmt: skip
def test_P1_6_the_experts_fee_half_up(amount: int, bps: int, paid: int) -> None:
    assert expert_fee(Money(amount, "USD"), bps) == Money(paid, "USD")
