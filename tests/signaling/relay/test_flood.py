"""security.md §1.9, with time passed in."""

from __future__ import annotations

import pytest

from signaling.relay.flood import (
    EARLY_FOR,
    EARLY_SIZE,
    IN_ALL,
    MAX_EARLY,
    PER_LEG,
    PER_SOURCE,
    Budget,
    Early,
    Waiting,
    source_of,
)

T = 1000.0


def host(number: int) -> bytes:
    return number.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8:0:0:ffff::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%lo", "fe80::2", True),
    ],
)
def test_a_source_is_a_32_or_a_64(one: str, other: str, same: bool) -> None:
    assert (source_of((one, 1)) == source_of((other, 2, 0, 0))) is same


def test_one_source_has_its_budget_and_another_its_own() -> None:
    budget = Budget()
    assert sum(budget.spend(host(1), number, T) for number in range(1000)) == PER_SOURCE
    assert budget.spend(host(2), "leg", T)
    assert budget.spend(host(1), "leg", T + 1)


def test_one_leg_has_its_budget_whatever_the_sources() -> None:
    budget = Budget()
    assert sum(budget.spend(host(number), "leg", T) for number in range(1000)) == PER_LEG
    assert budget.spend(host(1), "another", T)


def test_all_together_have_a_budget_and_it_bounds_the_memory() -> None:
    budget = Budget()
    assert sum(budget.spend(host(number), number, T) for number in range(50_000)) == IN_ALL
    assert len(budget) <= 2 * IN_ALL
    assert budget.spend(host(1), 1, T + 1)
    assert len(budget) == 2


def test_what_is_given_back_was_never_spent() -> None:
    budget = Budget()
    for number in range(10_000):  # many honest people behind one NAT
        assert budget.spend(host(1), number, T)
        budget.give_back(host(1), number)
    assert len(budget) == 0


def early(number: int, *, ufrag: bytes = b"u", came: float = T, size: int = 100) -> Early:
    return Early(ufrag, 0, ("192.0.2.1", number), bytes(size), came)


def test_early_checks_wait_one_for_each_source_few_and_not_for_long() -> None:
    waiting = Waiting()
    for _ in range(2):
        for number in range(10_000):
            waiting.hold(early(number))
    assert len(waiting) == MAX_EARLY
    assert waiting.take(b"v", T) == []
    assert [one.address[1] for one in waiting.take(b"u", T)] == list(range(10_000 - MAX_EARLY, 10_000))
    assert len(waiting) == 0
    waiting.hold(early(1, size=EARLY_SIZE + 1))
    assert len(waiting) == 0
    waiting.hold(early(1))
    assert waiting.take(b"u", T + EARLY_FOR) == []
    assert len(waiting) == 0
