"""A person's ledger: one spelling, and a fold that no order and no repetition upsets (P0.4)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.policy.people import (
    Category,
    ComplaintDismissed,
    ComplaintFiled,
    ComplaintStatus,
    ComplaintUpheld,
    Dossier,
    Erased,
    FactorChanged,
    Lifting,
    PersonFact,
    SanctionLifted,
    after,
    decode,
    dossier,
    encode,
)
from signaling.ledger import extend, verify
from signaling.session import Role
from tests.server.policy.casebook import DAY, DAY0, KEY, WHY, Casebook

KINDS: tuple[type[Any], ...] = get_args(PersonFact)
FEW = st.sampled_from(["x1", "x2"])


def loosely(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Facts that often speak of the same things, in no sensible order."""
    named = {"rating", "complaint", "sanction", "session"} & set(kind.__dataclass_fields__)
    return st.builds(kind, at=st.integers(0, 5), **dict.fromkeys(named, FEW))


@settings(max_examples=200, deadline=None)
@given(st.one_of([st.from_type(kind) for kind in KINDS]))
def test_P0_4_every_fact_comes_back_as_it_was(fact: PersonFact) -> None:
    body = encode(fact)
    assert decode(body) == fact
    assert encode(decode(body)) == body
    assert json.loads(body)["kind"] == fact.kind


def test_P0_4_each_kind_has_a_name_of_its_own() -> None:
    names = [kind.__dataclass_fields__["kind"].default for kind in KINDS]
    assert len(set(names)) == len(names)
    assert all(next(iter(kind.__dataclass_fields__)) == "at" for kind in KINDS)


@pytest.mark.parametrize("body", [
    '{"at":1,"kind":"erased","more":1}',
    '{"at":1.0,"kind":"erased"}',
    '{"at":"1","kind":"erased"}',
    '{"at":true,"kind":"erased"}',
    '{"kind":"erased"}',
    '{"at":1}',
    '{"at":1,"kind":"met"}',
    '{"at":1,"kind":"other_rated"}',
    '{"at":1,"kind":"other_rated","rating":1}',
    '{"at":1,"by":"k","kind":"sanction_lifted","reason":null,"sanction":"s","why":"mercy"}',
    '{"at":1,"bps":10000,"before":10000,"kind":"factor_changed","rules":"P1.6","terms":"t"}',
    "[]",
    "no json",
])  # fmt: skip
def test_P0_4_anything_else_is_refused(body: str) -> None:
    with pytest.raises(ValueError):
        decode(body)


FACTS = st.lists(st.one_of([loosely(kind) for kind in KINDS]), max_size=30)


@settings(max_examples=300, deadline=None)
@given(FACTS, st.integers(0, 30))
def test_P0_4_the_fold_takes_any_order_and_each_fact_once(facts: list[PersonFact], cut: int) -> None:
    whole = dossier(facts)
    assert whole == dossier(facts)
    assert dossier([fact for fact in facts for _ in range(2)]) == whole
    assert dossier([*facts, *facts]) == whole
    assert dossier([*facts, *reversed(facts)]) == whole
    once = list(dict.fromkeys(facts))
    assert after(dossier(once[:cut]), once[cut:]) == whole
    dossier(list(reversed(facts)))


@settings(max_examples=200, deadline=None)
@given(FACTS)
def test_P0_4_what_was_on_record_stays_on_record(facts: list[PersonFact]) -> None:
    """With each fact a history may grow, and nothing in it is ever another."""
    before = Dossier()
    for count in range(len(facts) + 1):
        now = dossier(facts[:count])
        for name, complaint in before.complaints.items():
            assert now.complaints[name].filed == complaint.filed
            assert now.complaints[name].acts[: len(complaint.acts)] == complaint.acts
        for name, sanction in before.sanctions.items():
            assert now.sanctions[name].imposed == sanction.imposed
            assert sanction.lifted in (None, now.sanctions[name].lifted)
            assert sanction.decided in (None, now.sanctions[name].decided)
        for name, rating in before.ratings.items():
            assert now.ratings[name].given == rating.given
            assert rating.voided in (None, now.ratings[name].voided)
        assert before.excused.items() <= now.excused.items()
        assert before.contested.items() <= now.contested.items()
        before = now


def test_P2_5_a_complaints_history() -> None:
    filed = ComplaintFiled(1, "c1", "s1", Category.CONDUCT, Role.EXPERT, "p_a", True, False, False, None, 1)
    acts: list[ComplaintUpheld | ComplaintDismissed] = [
        ComplaintUpheld(2, "c1", KEY, "r1"),
        ComplaintDismissed(3, "c1", KEY, "r2"),
        ComplaintUpheld(4, "c1", KEY, "r3"),
    ]
    history: list[PersonFact] = [filed, *acts]
    states = [dossier(history[: count + 1]).complaints["c1"] for count in range(4)]
    assert [state.status for state in states] == [
        ComplaintStatus.FILED, ComplaintStatus.UPHELD, ComplaintStatus.DISMISSED, ComplaintStatus.UPHELD,
    ]  # fmt: skip
    assert [state.upheld_at for state in states] == [None, 2, None, 4]
    assert states[-1].acts == tuple(acts)
    assert dossier([*history, acts[1]]).complaints["c1"] == states[-1]  # told twice


def test_P2_3_in_force_is_closed_at_the_start_and_open_at_the_end() -> None:
    book = Casebook().play("0 conduct a b c d e")
    (known,) = book.dossier.sanctions.values()
    end = DAY0 + 30 * DAY
    assert [known.in_force(at) for at in (DAY0 - 1, DAY0, end - 1, end)] == [False, True, True, False]
    lifted = replace(known, lifted=SanctionLifted(DAY0 + DAY, known.id, Lifting.OPERATOR, KEY, WHY))
    assert [lifted.in_force(at) for at in (DAY0 + DAY - 1, DAY0 + DAY)] == [True, False]


def test_P1_6_the_last_factor_told_and_P5_7_an_erasure() -> None:
    assert (dossier([]).told, dossier([]).erased_at) == (10_000, None)
    changed: list[PersonFact] = [FactorChanged(1, 9_500, 10_000, (), "t"), FactorChanged(2, 10_200, 9_500, (), "t")]
    assert dossier([*changed, Erased(3), Erased(4)]).told == 10_200
    assert dossier([*changed, Erased(3), Erased(4)]).erased_at == 3


def test_P0_4_a_persons_ledger_is_a_chain_of_integers_and_names() -> None:
    book = Casebook().play("0 conduct a b c d e\n1 appeal s1\n2 grant s1")
    entries = extend("p_x", None, book.bodies)
    assert verify("p_x", entries) == entries[-1].hash
    assert [decode(entry.body) for entry in entries] == book.facts
