"""Money: an integer of minor units with an ISO 4217 code, and how many decimals each code has.

The table is pinned here so that a verdict does not depend on what some machine has installed. It holds the codes of the
ISO 4217 list in force in 2026 that people pay with; metals, funds without minor units and test codes are left out.
This module does not know exchange rates, and never adds two currencies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK
DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD
KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

EXPONENTS: Mapping[str, int] = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_NONE.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
    **dict.fromkeys(_FOUR.split(), 4),
}
"""ISO 4217 code -> decimals: 12 500 minor units are 125.00 USD, 12 500 JPY, 12.500 KWD."""


@dataclass(frozen=True, slots=True)
class Money:
    """``amount`` in minor units, never negative. ``ValueError`` for a currency that is not in the table."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise ValueError(f"{self.currency!r} is not an ISO 4217 code that people pay with")
        if self.amount < 0:
            raise ValueError("an amount of money is not negative")


def decimal(amount: int, currency: str) -> str:
    """As people write it, without the currency: 12 500 USD is 125.00."""
    return f"{Decimal(amount).scaleb(-EXPONENTS[currency]):.{EXPONENTS[currency]}f}"


def from_major(amount: str | int | Decimal, currency: str) -> Money:
    """``("125.5", "USD")`` -> 12 550 minor units. ``ValueError`` if it cannot be said exactly in that currency.

    Takes no float: parse JSON with ``parse_float=Decimal`` (or ``str``).
    """
    if currency not in EXPONENTS:
        raise ValueError(f"{currency!r} is not an ISO 4217 code that people pay with")
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"{amount!r} is not an amount of money") from None
    if not value.is_finite() or abs(value) >= 10**15:
        raise ValueError(f"{amount!r} is not an amount of money")
    minor = value.scaleb(EXPONENTS[currency])
    if minor != minor.to_integral_value():
        raise ValueError(f"{amount} {currency} has more than {EXPONENTS[currency]} decimals")
    return Money(int(minor), currency)
