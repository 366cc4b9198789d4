"""Onto the ledger and off it again: exact, strict, and nothing else."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.policy.facts import AnyFact, Checked, Opened, RunningLate, decode, encode, machine_facts
from server.policy.money import EXPONENTS, Money
from signaling.session import Fact, Met, Role

st.register_type_strategy(Money, st.builds(Money, st.integers(0, 10**12), st.sampled_from(sorted(EXPONENTS))))

KINDS: tuple[type[Any], ...] = get_args(AnyFact)


@settings(max_examples=200)
@given(st.one_of([st.from_type(kind) for kind in KINDS]))
def test_P0_4_every_fact_comes_back_as_it_was(fact: AnyFact) -> None:
    body = encode(fact)
    assert decode(body) == fact
    assert encode(decode(body)) == body
    assert json.loads(body)["kind"] == fact.kind


def test_each_kind_has_a_name_of_its_own() -> None:
    names = [kind.__dataclass_fields__["kind"].default for kind in KINDS]
    assert len(set(names)) == len(names)
    assert set(get_args(Fact)) < set(KINDS)


@pytest.mark.parametrize("body", [
    '{"at":1,"kind":"met","more":1}',
    '{"at":1.0,"kind":"met"}',
    '{"at":true,"kind":"met"}',
    '{"at":"1","kind":"met"}',
    '{"at":1,"fee":{"amount":1,"currency":"ABC"},"kind":"priced"}',
    '{"at":1,"fee":{"amount":-1,"currency":"EUR"},"kind":"priced"}',
    '{"kind":"met"}',
    '{"at":1}',
    '{"at":1,"kind":"nothing"}',
    '{"at":1,"kind":"opened","role":"operator"}',
    '{"at":1,"kind":"refund_requested","amount":1,"by":"expert"}',
    '{"at":1,"kind":"checked","role":"client","steps":[["camera"]]}',
    "[]",
    "no json",
])  # fmt: skip
def test_anything_else_is_refused(body: str) -> None:
    with pytest.raises(ValueError):
        decode(body)


def test_the_machine_sees_its_own_facts_alone() -> None:
    met = Met(3)
    facts: list[AnyFact] = [
        Opened(1, Role.CLIENT),
        Checked(2, Role.CLIENT, (("camera", "ok"),)),
        met,
        RunningLate(4, Role.EXPERT, 5),
    ]
    assert list(machine_facts(facts)) == [met]
