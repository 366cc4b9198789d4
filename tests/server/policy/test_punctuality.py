"""Punctuality from marks, marks from a session's ledger, and the badge (P1.5, P1.7, P1.8)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.policy.facts import AnyFact, RefundDecided, Revised, Settled
from server.policy.punctuality import Mark, Punctuality, Why, badge, marks_of, punctuality
from server.policy.terms import Terms
from server.policy.verdict import Attendance, AttendanceKind
from signaling.ledger import extend
from signaling.session import Exchanged, Ms, Role
from tests.server.policy.script import START, TERMS, Player, lines, ms, play, verdict

ON, LATE, AWAY = AttendanceKind.ON_TIME, AttendanceKind.LATE, AttendanceKind.NO_SHOW
HOUR: Ms = 3_600_000
NOW: Ms = START + 10_000 * HOUR


def mark(
    number: int,
    kind: AttendanceKind | None = ON,
    lateness: Ms | None = None,
    *,
    other: str | None = None,
    met: bool = True,
    no_show: bool | None = None,
    role: Role = Role.EXPERT,
) -> Mark:
    """The ``number``-th slot of an expert, half an hour in every hour, each with a client of its own."""
    at = START + number * HOUR
    absent = kind is AWAY if no_show is None else no_show
    who = f"p_{number}" if other is None else other
    return Mark(
        f"session_{number:04d}", at, at + HOUR // 2, role, kind, lateness, met and not absent, absent, who, at + HOUR
    )


def found(*marks: Mark, terms: Terms = TERMS, excused: tuple[tuple[str, Ms], ...] = (), at: Ms = NOW) -> Punctuality:
    return punctuality(marks, excused, terms, at)


@pytest.mark.parametrize(("lateness", "score"), [
    (0, 10_000), (60_000, 10_000), (60_001, 9_999), (61_000, 9_981), (330_000, 5_000), (599_999, 0), (599_900, 1),
    (600_000, 0), (900_000, 0),
])  # fmt: skip
def test_P1_5_the_score_of_a_slot(lateness: Ms, score: int) -> None:
    kind = ON if lateness <= 60_000 else LATE
    (scored,) = found(mark(1, kind, lateness)).counted
    assert (scored.score_bps, scored.weight) == (score, 1)


def test_P1_5_terms_of_today_never_give_more_than_full_marks() -> None:
    """The mark was made under the session's terms, the score is made under those in force now (P0.4)."""
    assert found(mark(1, LATE, 90_000), terms=Terms(late_grace=120_000)).bps == 10_000
    assert found(mark(1, ON, 50_000), terms=Terms(late_grace=10_000)).bps == 10_000


def test_P1_5_a_no_show_is_worth_nothing_and_weighs_double() -> None:
    told = found(mark(1, AWAY), mark(2), mark(3))
    assert (told.bps, [slot.weight for slot in told.counted]) == (5_000, [1, 1, 2])
    assert found(mark(1, AWAY), mark(2), mark(3), terms=Terms(no_show_weight=1)).bps == 6_666  # rounded down


def test_P1_5_nothing_counted_is_no_punctuality() -> None:
    assert found() == Punctuality(None, (), ())


@pytest.mark.parametrize(("one", "why"), [
    (mark(1, None), Why.NOTHING_SAID),
    (mark(1, None, no_show=True), Why.NOTHING_SAID),
    (mark(1, ON, met=False), Why.NOT_HELD),
    (mark(1, LATE, 90_000, met=False), Why.NOT_HELD),
])  # fmt: skip
def test_P1_5_which_slots_do_not_count(one: Mark, why: Why) -> None:
    assert found(one) == Punctuality(None, (), ((one, why),))


def test_P1_5_a_clients_no_show_counts_for_the_expert_who_was_there() -> None:
    told = found(mark(1, ON, no_show=True), mark(2, LATE, 330_000, no_show=True))
    assert [slot.score_bps for slot in told.counted] == [5_000, 10_000]


def test_P1_8_an_excused_mark_is_passed_over() -> None:
    one, two = mark(1, AWAY), mark(2)
    told = found(one, two, excused=((one.session, one.starts_at),))
    assert (told.bps, told.passed_over) == (10_000, ((one, Why.EXCUSED),))


def test_P1_5_the_last_twenty_newest_first() -> None:
    told = found(*[mark(number, AWAY if number <= 10 else ON) for number in range(1, 31)])
    assert [slot.mark.session for slot in told.counted] == [f"session_{number:04d}" for number in range(30, 10, -1)]
    assert (told.bps, told.passed_over) == (10_000, ())
    two = found(*[mark(number) for number in range(5)], terms=Terms(window=2, fee_min_slots=1))
    assert [slot.mark for slot in two.counted] == [mark(4), mark(3)]


def test_P1_5_at_most_three_with_the_same_client_and_the_fourth_fills_no_place() -> None:
    """The oldest of four with one client is passed over; the window of twenty is filled from before it."""
    same = [mark(number, AWAY, other="p_same") for number in (50, 49, 48, 47)]
    told = found(*same, *[mark(number) for number in range(20)])
    assert len(told.counted) == 20
    assert sum(slot.mark.other == "p_same" for slot in told.counted) == 3
    assert told.passed_over == ((same[-1], Why.SAME_CLIENT),)
    assert told.counted[-1].mark.session == "session_0003"


def test_P1_5_slots_that_do_not_count_use_up_no_place_with_a_client() -> None:
    unmet = [mark(number, ON, met=False, other="p_same") for number in (50, 49, 48)]
    assert len(found(*unmet, *[mark(number, other="p_same") for number in range(4)]).counted) == 3


def test_P1_5_as_of_the_moment_closed_at_it() -> None:
    one = mark(1)
    assert found(one, at=one.at).bps == 10_000
    assert found(one, at=one.at - 1).bps is None
    early = replace(one, at=one.starts_at + 60_000)  # settled before its booked end: it counts from that end on
    assert found(early, at=one.ends_at - 1).bps is None
    assert found(early, at=one.ends_at).bps == 10_000


def test_P1_5_equal_ends_go_by_the_sessions_id_then_the_start() -> None:
    one, two = mark(1), replace(mark(1), session="session_0000")
    earlier = replace(one, starts_at=one.starts_at - 1)
    assert [slot.mark for slot in found(two, earlier, one).counted] == [one, earlier, two]


def test_P1_5_marks_as_client_are_no_marks_of_an_expert() -> None:
    assert found(mark(1, AWAY, role=Role.CLIENT)) == Punctuality(None, (), ())


def test_P3_15_a_revised_mark_takes_the_place_of_the_one_before_from_then_on() -> None:
    one = mark(1, AWAY)
    revised = replace(one, kind=ON, met=True, at=one.at + HOUR)
    assert found(one, revised).bps == found(revised, one).bps == 10_000
    assert found(one, revised, at=revised.at - 1).bps == 0
    assert len(found(one, revised).counted) == 1


@pytest.mark.parametrize(
    ("slots", "lateness", "has"), [(5, 60_000, True), (4, 60_000, False), (5, 76_200, True), (5, 76_201, False)]
)
def test_P1_7_the_badge(slots: int, lateness: Ms, has: bool) -> None:
    """Five slots at 9 700 bps or better: 76.2 s late is 9 700, and a millisecond more is less."""
    told = found(*[mark(number, LATE if lateness > 60_000 else ON, lateness) for number in range(slots)])
    assert badge(told, TERMS) is has


MARKS = st.lists(
    st.builds(
        mark,
        st.integers(0, 60),
        st.sampled_from([ON, LATE, AWAY, None]),
        st.integers(0, 700_000),
        other=st.sampled_from(["p_a", "p_b", "p_c", "p_d"]) | st.none(),
        met=st.booleans(),
        role=st.sampled_from(Role),
    ),
    max_size=40,
)
SMALL = Terms(window=7, window_per_client=2, fee_min_slots=3)


@settings(deadline=None)
@given(MARKS, st.randoms(use_true_random=False), st.integers(0, 62))
def test_P1_5_order_and_duplicates_change_nothing(marks: list[Mark], random: object, hours: int) -> None:
    moment = START + hours * HOUR
    shuffled = [*marks, *marks]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    told = punctuality(marks, (), SMALL, moment)
    assert punctuality(shuffled, (), SMALL, moment) == told


@settings(deadline=None)
@given(MARKS, st.integers(0, 62))
def test_P1_5_against_a_slow_model(marks: list[Mark], hours: int) -> None:
    """Fractions over a sorted list, written from the rule."""
    moment = START + hours * HOUR
    latest: dict[tuple[str, Ms], Mark] = {}
    for one in sorted(marks, key=repr):
        if one.role is Role.EXPERT and one.ends_at <= moment and one.at <= moment:
            latest[one.session, one.starts_at] = one
    places: list[Mark] = []
    for one in sorted(latest.values(), key=lambda m: (-m.ends_at, m.session)):
        fits = sum(other.other == one.other for other in places) < 2 and len(places) < 7
        if one.kind is not None and (one.met or one.no_show) and fits:
            places.append(one)
    scores = []
    for one in places:
        late = max(0, (one.lateness or 0) - 60_000)
        scores += (
            [0, 0] if one.kind is AWAY else [10_000 if one.kind is ON else max(0, (540_000 - late) * 10_000 // 540_000)]
        )
    told = punctuality(marks, (), SMALL, moment)
    assert [slot.mark for slot in told.counted] == places
    capped = [min(10_000, score) for score in scores]
    assert told.bps == (sum(capped) // len(capped) if capped else None)


# --- marks from a ledger ----------------------------------------------------------------------------------------------

BOTH = "-2:00 client joins\n2:00 expert joins"


def settled(script: str, *more: AnyFact) -> list[AnyFact]:
    player = play(lines(script))
    said = verdict(player)
    return [*player.facts, Settled(said.ended_at + 1, said, extend("x", None, ["{}"])[0].hash), *more]


def made(facts: list[AnyFact]) -> tuple[Mark, ...]:
    return marks_of("s1", facts, TERMS, "p_client", "p_expert")


def test_P1_5_the_marks_of_a_session_that_was_held() -> None:
    facts = settled(BOTH)
    at, end = facts[-1].at, START + ms("30:00")
    assert made(facts) == (
        Mark("s1", START, end, Role.CLIENT, ON, 0, True, False, "p_expert", at),
        Mark("s1", START, end, Role.EXPERT, LATE, 120_000, True, False, "p_client", at),
    )


def test_P1_5_a_no_show_is_on_both_marks() -> None:
    client, expert = made(settled("0:00 client joins"))
    assert (client.kind, client.no_show, client.met) == (ON, True, False)
    assert (expert.kind, expert.no_show, expert.met) == (AWAY, True, False)


def test_P1_4_a_session_cancelled_in_time_says_nothing() -> None:
    assert [one.kind for one in made(settled("-60:00 platform cancels"))] == [None, None]


def test_P0_1_a_slot_left_behind_after_its_start_is_known_from_the_move_on() -> None:
    script = "0:00 client joins\n15:00 moved to 60:00 +30:00 by client\n60:00 client joins\n60:00 expert joins"
    old, old_expert, new, new_expert = made(settled(script))
    assert (old.starts_at, old.at, old.kind, old.met) == (START, START + ms("15:00"), ON, False)
    assert (old_expert.kind, old_expert.no_show) == (AWAY, True)
    assert (new.starts_at, new.kind, new_expert.kind, new.met) == (START + ms("60:00"), ON, ON, True)
    player = Player()
    for line in lines(script)[:2]:
        player.line(line)
    assert made(player.facts) == (old, old_expert)  # the same before anything is settled


def test_P0_1_an_earlier_slot_is_held_against_those_alone_who_were_booked_for_it() -> None:
    player = Player()
    player.line(lines("15:00 moved to 60:00 +30:00 by client")[0])
    player.facts.append(Exchanged(START + ms("20:00"), Role.EXPERT))
    (only,) = made(player.facts)
    assert (only.role, only.kind) == (Role.CLIENT, AWAY)
    assert only.other not in ("p_client", "p_expert")


def test_P0_1_one_who_was_exchanged_before_the_move_answers_for_it() -> None:
    player = Player()
    player.facts.append(Exchanged(START - 1, Role.EXPERT))
    player.line(lines("15:00 moved to 60:00 +30:00 by client")[0])
    assert [(one.role, one.kind) for one in made(player.facts)] == [(Role.CLIENT, AWAY), (Role.EXPERT, AWAY)]


def test_P3_15_a_revision_makes_marks_anew_and_takes_none_back() -> None:
    facts = settled("0:00 client joins")
    before, at = made(facts), facts[-1].at + HOUR
    ill = Revised(at, "key_1", "ab" * 32, None, Attendance(), None)
    after = made([*facts, ill])
    assert after[:2] == before
    assert [(one.kind, one.no_show, one.at) for one in after[2:]] == [(ON, False, at), (None, False, at)]
    assert punctuality(after, (), TERMS, at).bps is None
    assert punctuality(after, (), TERMS, at - 1).bps == 0


def test_P3_13_safety_says_nothing_of_anyone_until_somebody_has_decided() -> None:
    facts = settled(BOTH + "\n10:00 client leaves for safety")
    at = facts[-1].at + HOUR
    assert made(facts) == ()
    decided = RefundDecided(at, "declined", None, "no")
    for fact in (decided, Revised(at, "key_1", "ab" * 32, None, None, None)):
        assert [(one.kind, one.at) for one in made([*facts, fact])] == [(ON, at), (LATE, at)]
    assert len(made([*facts, decided, replace(decided, at=at + 1)])) == 2


def test_a_decision_on_the_refund_makes_no_marks_anew() -> None:
    facts = settled(BOTH)
    assert made([*facts, RefundDecided(facts[-1].at + 1, "declined", None, "no")]) == made(facts)


def test_nothing_on_the_ledger_is_no_mark() -> None:
    assert made([]) == ()
    assert made(list(Player().facts)) == ()
