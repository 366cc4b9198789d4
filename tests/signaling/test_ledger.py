"""The chain: whatever is changed, dropped, swapped or slipped in is seen, and named (P0.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.ledger import Broken, canonical, extend, genesis, link, verify

BODIES = st.lists(st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=8)), min_size=1, max_size=8)


@given(BODIES, st.data())
def test_any_change_is_seen(facts: list[dict[str, int | str]], data: st.DataObject) -> None:
    entries = extend("s1", None, [canonical(fact) for fact in facts])
    assert verify("s1", entries) == entries[-1].hash
    at = data.draw(st.integers(0, len(entries) - 1))
    changed = replace(entries[at], body=entries[at].body + " ")
    with pytest.raises(Broken) as caught:
        verify("s1", [*entries[:at], changed, *entries[at + 1 :]])
    assert caught.value.seq == at + 1
    if at < len(entries) - 1:
        with pytest.raises(Broken):
            verify("s1", entries[:at] + entries[at + 1 :])
        with pytest.raises(Broken):
            verify("s1", [*entries[: at + 1], *entries[at:]])


@given(BODIES, st.integers(0, 8))
def test_it_does_not_matter_in_how_many_steps_it_grew(facts: list[dict[str, int | str]], cut: int) -> None:
    bodies = [canonical(fact) for fact in facts]
    first = extend("s1", None, bodies[:cut])
    rest = extend("s1", first[-1] if first else None, bodies[cut:])
    assert first + rest == extend("s1", None, bodies)


def test_an_empty_ledger_has_a_head_of_its_own() -> None:
    assert verify("s1", []) == genesis("s1") != genesis("s2")


def test_chains_cannot_be_exchanged() -> None:
    entries = extend("s1", None, ['{"a":1}', '{"a":2}'])
    with pytest.raises(Broken):
        verify("s2", entries)
    with pytest.raises(Broken):
        verify("s1", [entries[1], entries[0]])


def test_a_forged_tail_has_another_head() -> None:
    honest = extend("s1", None, ['{"a":1}', '{"a":2}'])
    forged = [honest[0], link(honest[0].hash, 2, '{"a":3}')]
    assert verify("s1", forged) != honest[-1].hash


def test_one_spelling_and_no_floats() -> None:
    assert canonical({"b": 1, "a": [True, None, "ä"]}) == '{"a":[true,null,"ä"],"b":1}'
    for bad in ({"a": 1.0}, {"a": [1, [2.5]]}, {"a": {"b": 0.0}}):
        with pytest.raises(TypeError):
            canonical(bad)
