"""The terms: read from TOML, all problems at once, hashed by value, documented key by key."""

from __future__ import annotations

from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.policy.terms import Terms, TermsError, describe, parse_terms
from signaling.errors import UserError


def test_what_is_left_out_keeps_its_default() -> None:
    assert parse_terms("") == Terms()
    assert parse_terms("reconnect_grace = 120\nrefund_lateness = true") == Terms(
        reconnect_grace=120_000, refund_lateness=True
    )
    assert parse_terms("warnings = [60]\nno_show_after_share = 2\nmutual_floor = 0") == Terms(
        warnings=(60_000,), no_show_after_share=2, mutual_floor=0
    )


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(TermsError) as caught:
        parse_terms('nonsense = 1\nlate_grace = "60"\nreconnect_grace = 0\nmutual_floor = 101\nrefund_lateness = 1\n'
                    "gap_allowance = true\noutage_window = 1.5\nwarnings = [10, 60]")  # fmt: skip
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "nonsense", "late_grace", "refund_lateness", "gap_allowance", "outage_window",
        "reconnect_grace", "mutual_floor", "warnings",
    ]  # fmt: skip
    assert isinstance(caught.value, UserError)
    assert (caught.value.code, caught.value.status) == ("bad_terms", 422)


@pytest.mark.parametrize("text", ["reconnect_grace =", "late_zero = 60", "warnings = [60, 60]", "warnings = 60"])
def test_what_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(TermsError):
        parse_terms(text)


def test_P0_4_equal_terms_have_equal_hashes() -> None:
    assert parse_terms("late_grace = 60").hash == Terms().hash
    hashes = {Terms().hash, Terms(late_grace=0).hash, Terms(refund_lateness=True).hash, Terms(warnings=()).hash}
    assert len(hashes) == 4
    assert all(len(digest) == 64 for digest in hashes)


@given(st.integers(1, 3600), st.booleans(), st.sets(st.integers(1, 86_400), max_size=5))
def test_what_is_stored_is_what_comes_back(grace: int, lateness: bool, warnings: set[int]) -> None:
    told = tuple(left * 1000 for left in sorted(warnings, reverse=True))
    terms = Terms(reconnect_grace=grace * 1000, refund_lateness=lateness, warnings=told)
    assert Terms.from_json(terms.to_json()) == terms
    assert Terms.from_json(terms.to_json()).hash == terms.hash


def test_terms_stored_before_a_key_existed_have_its_default() -> None:
    assert Terms.from_json('{"late_grace":30000}') == replace(Terms(), late_grace=30_000)
    with pytest.raises(TermsError):
        Terms.from_json('{"late_grace":30000.0}')


def test_P0_4_adding_keys_never_changes_the_hash_of_terms_that_were_stored_before() -> None:
    old = '{"late_grace":30000,"late_zero":600000}'
    terms = Terms.from_json(old)
    assert terms.to_json() == old
    assert terms.hash == sha256(old.encode()).hexdigest()
    assert terms == Terms(late_grace=30_000)  # how it was stored is no value of theirs
    assert hash(terms) == hash(Terms(late_grace=30_000))
    assert Terms.from_json(Terms.from_json(old).to_json()).hash == terms.hash
    assert replace(terms, window=30).to_json() == Terms(late_grace=30_000, window=30).to_json()


def test_P1_6_the_table_of_factors_is_a_list_of_rows() -> None:
    table = parse_terms("fee_table = [[9000, 10100], [0, 9900]]")
    assert table.fee_table == ((9_000, 10_100), (0, 9_900))
    assert Terms.from_json(table.to_json()) == table


@pytest.mark.parametrize("rows", [
    "[]", "1", "[1, 2]", "[[0]]", "[[0, 9000, 1]]", "[[0, 9000.0]]", '[["0", 9000]]',
    "[[9000, 9000]]",  # the last row asks for more than 0
    "[[0, 9000], [9000, 10000]]",  # rising
    "[[9000, 9000], [9000, 9000], [0, 9000]]",  # twice
    "[[9000, 9000], [0, 10000]]",  # less punctuality, more pay
    "[[10001, 10000], [0, 9000]]",  # never reached
    "[[0, 20001]]", "[[9000, 10000], [-1, 9000]]",
])  # fmt: skip
def test_P1_6_rows_that_make_no_table_are_refused(rows: str) -> None:
    with pytest.raises(TermsError) as caught:
        parse_terms(f"fee_table = {rows}")
    assert all(problem.startswith("fee_table: ") for problem in caught.value.problems)


def test_P1_6_no_more_slots_are_asked_for_than_the_window_has() -> None:
    with pytest.raises(TermsError, match="fee_min_slots: must be at most window"):
        parse_terms("window = 4")
    assert parse_terms("window = 4\nfee_min_slots = 4").window == 4


@pytest.mark.parametrize(("minutes", "after"), [(30, 600), (60, 600), (15, 300), (1, 20)])
def test_P1_3_a_third_but_ten_minutes_at_most(minutes: int, after: int) -> None:
    slot = Terms().slot(1_000_000, minutes * 60_000)
    assert slot.no_show_after == after * 1000
    assert (slot.starts_at, slot.ends_at, slot.duration) == (1_000_000, 1_000_000 + minutes * 60_000, minutes * 60_000)
    assert (slot.opens_at, slot.late_at) == (1_000_000 - 900_000, 1_060_001)  # a minute is on time


def test_the_docs_name_every_key() -> None:
    page = Path("docs/terms.md").read_text()
    assert describe() in page
    assert all(f"| `{key.name}` |" in page for key in fields(Terms) if key.init)
