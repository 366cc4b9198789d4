"""Every event at any time, forged and stale ones too: the machine refuses or follows, and never breaks its table."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from server.policy.facts import AnyFact, decode, encode, machine_facts
from server.policy.money import Money
from server.policy.settlement import settle, standing
from server.policy.terms import Terms
from signaling.errors import UserError
from signaling.session import (
    Accept,
    Cancel,
    Depart,
    EndByOperator,
    Ended,
    Event,
    HangUp,
    How,
    Join,
    LeaveForSafety,
    Measure,
    MediaUp,
    Move,
    Outage,
    Remove,
    Role,
    Tick,
    Whom,
    advance,
    book,
    replay,
)

START = 1_800_000_000_000
TERMS = st.sampled_from(
    [Terms(), Terms(late_grace=0), Terms(refund_lateness=True, gap_allowance=0, reconnect_grace=5_000)]
)
SECONDS = st.integers(-1_200, 2_400).map(lambda second: START + second * 1000) | st.integers(
    START - 90_000, START + 1_900_000
)
ROLES, JOINS = st.sampled_from(list(Role)), st.sampled_from(["a", "b"])
SPANS = st.sampled_from([60_000, 600_000, 1_800_000, 2_700_000])


@st.composite
def events(draw: st.DrawFn, terms: Terms) -> tuple[int, Event]:
    at, role = draw(SECONDS), draw(ROLES)
    usual = st.just(Join(role, draw(JOINS)))
    unusual: st.SearchStrategy[Event] = st.one_of(
        st.just(
            Depart(role, draw(JOINS), draw(st.sampled_from(list(How)[:3])), at - draw(st.integers(-5_000, 90_000)))
        ),
        st.just(HangUp(role, draw(st.none() | st.just("no sound")))),
        st.just(Outage(at - draw(st.integers(0, 900_000)))),
        st.just(
            Move(terms.slot(START + draw(st.sampled_from([0, 0, 60_000, 3_600_000, -600_000])), draw(SPANS)), None)
        ),
        st.sampled_from(
            [LeaveForSafety(role), Remove(role, "x"), EndByOperator("x"), Cancel(draw(st.sampled_from(Whom)))]
        )
        if draw(st.integers(0, 9)) == 0
        else st.just(Tick()),
        st.sampled_from([MediaUp(), Measure(1_000), Tick(), Accept(role, "2", accepted=draw(st.booleans()))]),
    )
    return at, draw(st.one_of(usual, usual, unusual, unusual, unusual))


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_the_machine_in_a_storm(data: st.DataObject) -> None:
    terms = data.draw(TERMS)
    story = data.draw(st.lists(events(terms), max_size=20))
    step = book(terms.slot(START, 1_800_000), START - 3_600_000)
    session = step.session
    facts: list[AnyFact] = list(step.facts)

    def happen(at: int, event: Event) -> None:
        nonlocal session
        try:
            step = advance(session, event, at)
        except UserError:
            return
        session = step.session
        facts.extend(step.facts)

    for role in Role:
        happen(START - 3_600_000, Accept(role, "1"))
    for at, event in sorted(story, key=lambda item: item[0]):
        happen(at, event)
        standing(facts, terms, at)
    happen(session.slot.ends_at, Tick())
    assert session.over
    assert sum(isinstance(fact, Ended) for fact in facts) == 1
    assert replay(machine_facts(facts)) == session
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    got = settle(facts, terms, Money(9_999, "USD"))
    assert settle([decode(encode(fact)) for fact in facts], terms, Money(9_999, "USD")) == got
    booked = got.ends_at - got.starts_at
    assert sum(part.span for part in got.refund.parts) <= booked
    assert 0 <= got.refund.max_amount <= 9_999
    for role in Role:
        assert 0 <= got.party(role).present <= booked
        if got.reason == "no_show" and got.by in (role.value, Whom.BOTH):
            assert got.party(role).attendance.kind == "no_show"  # P1.4: the end and the attendance say the same
        if got.reason == "no_show" and got.by not in (role.value, Whom.BOTH):
            assert got.party(role).attendance.kind in ("on_time", "late")
        if got.reason == "never_met":
            assert got.party(role).attendance.kind in ("on_time", "late")
