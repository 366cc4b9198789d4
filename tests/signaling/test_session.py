"""What happened: the machine's own promises. What it means is tested with the truth table."""

from __future__ import annotations

from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.policy.facts import AnyFact, machine_facts
from signaling.errors import UserError
from signaling.session import (
    Accept,
    Accepted,
    Booked,
    Declined,
    Departed,
    Ended,
    Gone,
    HangUp,
    How,
    HungUp,
    Join,
    Joined,
    Late,
    Measured,
    Met,
    Ms,
    Outage,
    Phase,
    Replaced,
    Role,
    Seat,
    ServiceBack,
    ServiceLost,
    Session,
    Tick,
    Warned,
    advance,
    apply,
    book,
    may_leave_at,
    next_deadline,
    replay,
)
from tests.server.policy.script import DURATION, START, TERMS, Player, lines, ms, play
from tests.server.policy.test_model import Say, lived, stories
from tests.server.policy.test_truth_table import BOTH

END = START + DURATION


def at(time: str) -> Ms:
    return START + ms(time)


def partly(script: str) -> Player:
    player = Player()
    for line in lines(script):
        player.line(line)
    return player


K = TypeVar("K")


def of(facts: list[AnyFact], kind: type[K]) -> list[K]:
    return [fact for fact in facts if isinstance(fact, kind)]


# --- booking ----------------------------------------------------------------------------------------------------------


def test_P0_1_a_slot_that_is_over_cannot_be_booked() -> None:
    with pytest.raises(UserError, match="slot_over"):
        book(TERMS.slot(START, DURATION), END)
    assert book(TERMS.slot(START, DURATION), END - 1).session.phase is Phase.SCHEDULED


def test_a_ledger_begins_with_a_booking() -> None:
    for facts in ([], [Met(1)]):
        with pytest.raises(ValueError):
            replay(facts)


# --- time -------------------------------------------------------------------------------------------------------------


def test_a_clock_that_steps_back_stands_still() -> None:
    player = partly("-1:00 client joins\n2:00 expert joins")
    player.happen(HangUp(Role.EXPERT), at("1:00"))
    assert player.session.end is not None
    assert (player.session.end.at, player.session.end.as_of) == (at("2:00"), at("2:00"))


def test_P3_1_as_of_the_booked_end_however_late_it_is_noticed() -> None:
    player = partly(BOTH)
    step = advance(player.session, Tick(), END + 7 * 86_400_000)
    assert step.session.end is not None
    assert (step.session.end.at, step.session.end.as_of) == (END, END)


@settings(max_examples=100, deadline=None)
@given(stories(), st.lists(st.integers(-200, 700), max_size=20))
def test_deadlines_lived_through_late_are_the_same_facts(story: list[Say], rings: list[int]) -> None:
    on_time = lived(story, ticks=True)
    assert lived(story, ticks=False) == on_time
    session = replay(list(machine_facts(on_time))[:1])  # and of a booking that nobody touches again
    for ring in sorted(rings):
        session = advance(session, Tick(), START + ring * 1000).session
    assert (
        advance(session, Tick(), END).session.end
        == advance(replay(list(machine_facts(on_time))[:1]), Tick(), END).session.end
    )


@settings(max_examples=100, deadline=None)
@given(stories())
def test_a_timer_set_by_next_deadline_misses_nothing(story: list[Say]) -> None:
    """At every point of a story: nothing happens before the deadline, and something happens at it."""
    session: Session | None = None
    for fact in machine_facts(lived(story, ticks=False)):
        session = replay([fact]) if session is None else apply(session, fact)
        due = next_deadline(session)
        if due is None:
            assert session.over
        elif session.lost_at is None:
            assert due > session.clock or due == session.slot.ends_at
            before = advance(session, Tick(), max(session.clock, due - 1)).facts
            assert not before or _about_to_meet(session)
            assert advance(session, Tick(), due).facts


def _about_to_meet(session: Session) -> bool:
    """Between the fact that made both present and the Met that follows it in the same step."""
    return session.both_here and session.met_at is None and session.clock >= session.slot.starts_at


def test_P3_2_warnings_are_told_once_and_armed_again_by_a_move() -> None:
    facts = play(lines(BOTH)).facts
    assert [(fact.remaining, fact.at) for fact in of(facts, Warned)] == [
        (left, END - left) for left in (600_000, 300_000, 60_000, 30_000, 10_000)
    ]
    facts = play(lines(BOTH + "25:30 moved +45:00")).facts
    assert [fact.remaining for fact in of(facts, Warned)] == [
        600_000, 300_000, 600_000, 300_000, 60_000, 30_000, 10_000
    ]  # fmt: skip
    assert of(play(lines("0:00 tick")).facts, Warned) == []


def test_P3_2_only_those_that_lie_within_the_session() -> None:
    facts = play(lines(BOTH), duration=240_000).facts
    assert [fact.remaining for fact in of(facts, Warned)] == [60_000, 30_000, 10_000]


def test_P1_2_late_is_said_of_those_who_have_not_come() -> None:
    assert [(fact.role, fact.at) for fact in of(play(lines("-1:00 client joins")).facts, Late)] == [
        (Role.EXPERT, at("1:00.001"))
    ]
    assert of(play(lines(BOTH)).facts, Late) == []
    came = "-1:00 client joins\n0:30 client closes page"
    assert [fact.role for fact in of(play(lines(came)).facts, Late)] == [Role.EXPERT]
    may_come_back = "-1:00 client joins\n-0:10 client drops\n1:10 client joins"
    assert [fact.role for fact in of(play(lines(may_come_back)).facts, Late)] == [Role.EXPERT]


# --- seats ------------------------------------------------------------------------------------------------------------


def test_P5_2_accepting_twice_is_once_and_declining_is_noted() -> None:
    session = book(TERMS.slot(START, DURATION), START - 1).session
    step = advance(session, Accept(Role.CLIENT, "1", accepted_at=5), START)
    assert step.facts == (Accepted(START, Role.CLIENT, "1", 5),)
    assert advance(step.session, Accept(Role.CLIENT, "1"), START).facts == ()
    step = advance(step.session, Accept(Role.CLIENT, "1", accepted=False), START)
    assert step.facts == (Declined(START, Role.CLIENT, "1"),)
    with pytest.raises(UserError, match="guidelines_needed"):
        advance(step.session, Join(Role.CLIENT, "c"), START)


def test_P0_6_the_newest_device_holds_the_seat() -> None:
    player = partly("-1:00 client joins on laptop\n1:00 client joins on phone")
    assert player.session.client == Seat(True, "client-phone", at("-1:00"), None, True, at("1:00"))
    assert [fact.join for fact in of(player.facts, Replaced)] == ["client-phone"]


def test_P3_14_backdated_but_not_before_the_join() -> None:
    player = partly("-1:00 client joins\n5:06 client drops alive 5:00")
    assert player.session.client.gone == Gone(How.CONNECTION, at("5:00"), at("6:36"))
    player = partly("-1:00 client joins\n5:00 client drops\n5:30 client joins\n5:36 client drops alive 4:00")
    assert player.session.client.gone is not None
    assert player.session.client.gone.alive_at == at("5:30")
    assert player.session.client.since == at("-1:00")


def test_P1_3_P3_8_from_when_on_one_may_leave() -> None:
    player = partly("-1:00 client joins")
    assert may_leave_at(player.session, Role.CLIENT) == at("10:00")
    assert may_leave_at(player.session, Role.EXPERT) is None
    player = partly("7:00 client joins")
    assert may_leave_at(player.session, Role.CLIENT) == at("17:00")
    player = partly("25:00 client joins")
    assert may_leave_at(player.session, Role.CLIENT) == END
    player = partly(BOTH)
    assert may_leave_at(player.session, Role.CLIENT) is None
    player = partly(BOTH + "5:06 expert drops alive 5:00")
    assert may_leave_at(player.session, Role.CLIENT) == at("6:36")
    player = partly("-1:00 client joins\n3:00 outage since 2:00\n3:10 client joins")
    assert may_leave_at(player.session, Role.CLIENT) == at("13:00")


def test_P3_9_a_failure_empties_every_seat_and_restarts_every_grace() -> None:
    player = partly(BOTH + "4:30 expert drops\n6:00 outage since 5:00")
    assert [fact.at for fact in of(player.facts, ServiceLost)] == [at("5:00")]
    assert [fact.at for fact in of(player.facts, ServiceBack)] == [at("6:00")]
    assert player.session.client.gone == Gone(How.SERVICE, at("5:00"), at("7:30"))
    assert player.session.expert.gone == Gone(How.CONNECTION, at("4:30"), at("7:30"))
    assert (player.session.away, player.session.back_at) == (60_000, at("6:00"))


def test_P3_9_a_last_sign_of_life_before_the_last_fact_is_that_fact() -> None:
    player = partly(BOTH + "5:00 expert joins on phone")
    player.happen(Outage(at("4:00")), at("6:00"))
    assert [fact.at for fact in of(player.facts, ServiceLost)] == [at("5:00")]


def test_P3_9_an_outage_that_touches_nobody_leaves_no_trace() -> None:
    player = partly("-60:00 outage since -61:00")
    assert of(player.facts, ServiceLost) == []


def test_P3_11_the_later_hang_up_is_on_the_ledger_once() -> None:
    facts = partly(
        BOTH + "5:00 client hangs up\n5:00 expert hangs up\n5:01 expert hangs up\n5:01 client hangs up"
    ).facts
    assert [fact.role for fact in of(facts, HungUp)] == [Role.CLIENT, Role.EXPERT]


# --- whatever happens -------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(stories())
def test_the_facts_form_a_valid_word(story: list[Say]) -> None:
    """Seats are taken when empty, left when taken; they meet once, both there; after the end nothing moves."""
    here: dict[Role, bool] = {Role.CLIENT: False, Role.EXPERT: False}
    met = ended = False
    for number, fact in enumerate(lived(story, ticks=False)):
        assert isinstance(fact, Booked) == (number == 0)
        assert not ended or isinstance(fact, HungUp | Measured)
        match fact:
            case Joined(role=role):
                assert not here[role]
                here[role] = True
            case Replaced(role=role):
                assert here[role]
            case Departed(role=role, at=noticed, alive_at=alive, grace_until=until):
                assert here[role]
                assert alive <= noticed < until
                here[role] = False
            case ServiceLost():
                here = dict.fromkeys(here, False)
            case Met(at=when):
                assert not met
                assert all(here.values())
                assert START <= when < END
                met = True
            case Ended(reason=reason, as_of=as_of):
                assert met or reason in ("no_show", "never_met", "interrupted")
                assert as_of <= END
                ended = True
            case _:
                pass
    assert ended
