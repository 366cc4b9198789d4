"""A scripted year through machine and policy, against the model that was written from the rules alone.

Every booking, complaint, appeal and request must be accepted or refused as the model says; every session's end,
attendance, parts and refund, every frozen fee factor, every sanction and everybody's standing must be the model's
(P0.3, P1.1 to P1.8, P2.1 to P2.8, P3.1 to P3.18, P4.1, P5.3). All ledgers, read back from their bodies, must give the
same verdicts to the byte (P0.4). A tenth of the year is played here; the whole of it by ``make trial``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile

import pytest

from server.policy import conduct, facts, people
from server.policy.facts import FeeFactored, Settled, machine_facts
from server.policy.people import Dossier, SanctionImposed, SanctionLifted, after
from server.policy.punctuality import marks_of
from server.policy.settlement import settle
from server.policy.terms import Terms
from server.policy.verdict import RefundStatus
from signaling.ledger import verify
from signaling.session import EndReason, replay
from tests.year import compare
from tests.year.generator import YEAR, Year, a_year
from tests.year.happenings import DAY, Answer, AskRefund, Book, Happening
from tests.year.model import Model, Numbers
from tests.year.play import Desk, ms

AFTERWARDS = YEAR + 400 * DAY
"""When everything has been said and nothing runs any more but sanctions."""

STRICT = {
    "late_grace": 30,
    "late_zero": 400,
    "gap_allowance": 60,
    "refund_lateness": True,
    "window": 8,
    "window_per_client": 2,
    "no_show_weight": 3,
    "fee_min_slots": 3,
    "complaint_threshold": 3,
    "conduct_ban": 10 * DAY,
    "confirm_sanctions": True,
    "rating_min": 5,
    "rating_floor": 420,
    "conduct_penalty_for": 20 * DAY,
    "reconnect_grace": 60,
    "no_show_after_max": 300,
}
"""Other terms, so that no default is taken for granted."""

IN_SECONDS = {
    "late_grace",
    "late_zero",
    "gap_allowance",
    "conduct_ban",
    "conduct_penalty_for",
    "reconnect_grace",
    "no_show_after_max",
}


@dataclass(frozen=True)
class Lived:
    """A year that was lived through by both. ``differed``: what the two answered differently."""

    year: Year
    model: Model
    desk: Desk
    answers: Counter[tuple[str, bool]]
    differed: tuple[tuple[Happening, Answer, Answer], ...]


def live(year: Year, model: Model, desk: Desk) -> Lived:
    answers: Counter[tuple[str, bool]] = Counter()
    differed: list[tuple[Happening, Answer, Answer]] = []
    for happening in year.happenings:
        said, done = model.happen(happening), desk.happen(happening)
        answers[type(happening).__name__, said.accepted] += 1
        if said != done:
            differed.append((happening, said, done))
    model.live_to(AFTERWARDS)
    for call in model.calls.values():
        if call.refund is not None:
            call.refund.live_to(AFTERWARDS)
    desk.live_to(ms(AFTERWARDS))
    return Lived(year, model, desk, answers, tuple(differed))


def terms_of(**numbers: int) -> Terms:
    return Terms(**{key: value * 1_000 if key in IN_SECONDS else value for key, value in numbers.items()})  # type: ignore[arg-type]


@cache
def a_tenth() -> Lived:
    return live(a_year(10, 2_000, experts=5, clients=60), Model(), Desk())


@cache
def a_stricter_one() -> Lived:
    numbers = Numbers(**STRICT)  # type: ignore[arg-type]
    return live(a_year(1, 600, experts=2, clients=30), Model(numbers), Desk(terms_of(**STRICT)))


@cache
def the_whole() -> Lived:
    return live(a_year(1), Model(), Desk())


YEARS = [
    pytest.param(a_tenth, id="a tenth"),
    pytest.param(a_stricter_one, id="other terms"),
    pytest.param(the_whole, id="the whole year", marks=[pytest.mark.long, pytest.mark.timeout(1_800)]),
]


@pytest.mark.parametrize("lived", YEARS)
def test_service_and_model_accept_and_refuse_the_same(lived: object) -> None:
    assert lived().differed == ()  # type: ignore[operator]


@pytest.mark.parametrize("lived", YEARS)
def test_P1_P3_every_session_ends_and_is_settled_as_the_model_says(lived: object) -> None:
    year: Lived = lived()  # type: ignore[operator]
    assert set(year.desk.records) == set(year.model.calls)
    for name, call in year.model.calls.items():
        record = year.desk.records[name]
        said = compare.model_session(call)
        assert compare.played_session(record, year.desk.files[record.expert], year.desk.terms) == said, name


@pytest.mark.parametrize("lived", YEARS)
def test_P1_P2_everybody_stands_where_the_model_says(lived: object) -> None:
    year: Lived = lived()  # type: ignore[operator]
    for name, file in year.desk.files.items():
        said = compare.model_person(year.model.people[name], AFTERWARDS, year.model.numbers)
        assert compare.played_person(file, ms(AFTERWARDS), year.desk.terms) == said, name


@pytest.mark.parametrize("lived", YEARS)
def test_P0_4_ledgers_read_back_give_the_same_verdicts_to_the_byte(lived: object) -> None:
    year: Lived = lived()  # type: ignore[operator]
    desk = year.desk
    for record in desk.records.values():
        verify(record.id, record.entries)
        read = [facts.decode(entry.body) for entry in record.entries]
        assert replay(machine_facts(read)) == record.session
        number = next(n for n, fact in enumerate(read) if isinstance(fact, Settled))
        verdict = settle(read[:number], desk.terms, record.fee)
        again = replace(read[number], settlement=verdict)  # type: ignore[type-var]
        assert facts.encode(again) == record.entries[number].body, record.id
        marks = marks_of(record.id, read, desk.terms, record.client, record.expert)
        kept = [mark for _, mark in desk.files[record.expert].marks if mark.session == record.id]
        assert sorted(map(repr, kept)) == sorted(repr(mark) for mark in marks if mark.role == "expert")
    for file in desk.files.values():
        verify(file.pseudonym, file.entries)
        sanctions_again(file.pseudonym, [people.decode(entry.body) for entry in file.entries], desk.terms)


def sanctions_again(name: str, read: list[people.PersonFact], terms: Terms) -> None:
    """What the rules imposed and lifted follows from the facts before it, to the byte (P2.3, P2.5)."""
    known, number = Dossier(), 0
    while number < len(read):
        known, number = after(known, [read[number]]), number + 1
        if number < len(read) and read[number].at == read[number - 1].at and not by_rules(read[number]):
            continue  # in the same change, as an appeal's decision and the lifting
        stored = list(takewhile(by_rules, read[number:]))
        ids = iter([fact.sanction for fact in stored if isinstance(fact, SanctionImposed)])
        derived = conduct.consequences(known, terms, read[number - 1].at, lambda ids=ids: next(ids, "none"))
        assert bodies(derived) == bodies(stored), name
        known, number = after(known, stored), number + len(stored)


def by_rules(fact: people.PersonFact) -> bool:
    return isinstance(fact, SanctionImposed | SanctionLifted) and fact.by is None


def bodies(found: Iterable[people.PersonFact]) -> list[str]:
    return [people.encode(fact) for fact in found]


def test_the_tenth_has_seen_everything() -> None:
    """A comparison over a dull year would prove nothing."""
    year = a_tenth()
    verdicts = [fact.settlement for r in year.desk.records.values() for fact in r.facts if isinstance(fact, Settled)]
    assert {verdict.reason for verdict in verdicts} == set(EndReason)
    assert sum(bool(verdict.earlier) for verdict in verdicts) >= 5  # P0.1
    assert {part.rule for verdict in verdicts for part in verdict.refund.parts} == {
        "P3.4",
        "P3.5",
        "P3.6",
        "P3.9",
        "P3.10",
    }
    assert {verdict.refund.status for verdict in verdicts} == {
        RefundStatus.NONE,
        RefundStatus.ELIGIBLE,
        RefundStatus.REQUESTED,
        RefundStatus.REVIEW,
    }
    assert len({fact.bps for r in year.desk.records.values() for fact in r.facts if isinstance(fact, FeeFactored)}) >= 5
    both = [a_tenth(), a_stricter_one()]
    sanctions = [known for each in both for person in each.model.people.values() for known in person.sanctions]
    assert {known.basis for known in sanctions} == {"conduct", "deception", "privacy", "operator"}
    assert {known.measure for known in sanctions} == {"hold", "suspension", "permanent"}
    assert {known.why for known in sanctions} == {None, "dismissals", "appeal", "operator", "confirmed"}
    kinds = {type(happening).__name__ for happening in year.year.happenings}
    refusable = kinds - {"Outage", "Impose", "Go"}
    accepted = {kind for kind, yes in sum((each.answers for each in both), Counter()) if yes}
    refused = {kind for kind, yes in sum((each.answers for each in both), Counter()) if not yes}
    assert (kinds - accepted, refusable - refused) == (set(), set())


def test_a_model_that_is_told_otherwise_differs() -> None:
    """The comparison can fail: another number in the model, and it does."""
    year = a_year(5, 150, experts=1, clients=30)
    off = live(year, Model(Numbers(late_grace=300, gap_allowance=20)), Desk())
    assert {type(happening) for happening, _, _ in off.differed} >= {Book, AskRefund}
