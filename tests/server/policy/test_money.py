"""Money: pinned exponents, exact amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from server.policy.money import EXPONENTS, Money, from_major


@pytest.mark.parametrize(("amount", "currency", "minor"), [
    ("125.5", "USD", 12_550), (125, "JPY", 125), ("1.234", "KWD", 1_234), (Decimal("0.10"), "EUR", 10),
    ("1.2345", "CLF", 12_345), (0, "GBP", 0), ("1e2", "USD", 10_000),
])  # fmt: skip
def test_major_units_become_minor_ones(amount: str | int | Decimal, currency: str, minor: int) -> None:
    assert from_major(amount, currency) == Money(minor, currency)


@pytest.mark.parametrize(("amount", "currency"), [
    ("1.234", "USD"), ("0.5", "JPY"), ("-1", "USD"), ("NaN", "USD"), ("Infinity", "USD"), ("ten", "USD"), ("1", "usd"),
    ("1", "XXX"), ("1e30", "USD"),
])  # fmt: skip
def test_what_cannot_be_said_exactly_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError):
        from_major(amount, currency)


def test_the_table() -> None:
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)
    assert (EXPONENTS["USD"], EXPONENTS["JPY"], EXPONENTS["BHD"], EXPONENTS["UYW"]) == (2, 0, 3, 4)
    assert len(EXPONENTS) > 150
    with pytest.raises(ValueError):
        Money(-1, "USD")
    with pytest.raises(ValueError):
        Money(1, "ABC")
