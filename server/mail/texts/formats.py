"""How days, times, zones and money are written in each language and each of its countries: CLDR's data, by Babel.

Babel earns its place: the zones' names, "22 de noviembre de 2026" and 1.234,50 are tables that nobody should keep by
hand, in four languages and the countries that speak them. Only what a reader needs is asked of it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from babel.numbers import format_decimal

from server.mail.texts.words import Catalogue
from signaling.messages import Money

_NONBREAKING = str.maketrans("\u202f\u00a0", "  ")  # mail programs break lines by themselves, and some show boxes


class Formats:
    """The habits of one locale."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale

    def day(self, at: datetime) -> str:
        """``Sunday, 22 November 2026``"""
        return format_date(at, "full", locale=self._locale).translate(_NONBREAKING)

    def short_day(self, at: datetime) -> str:
        """``22 November``"""
        return format_skeleton("MMMMd", at, tzinfo=at.tzinfo, locale=self._locale).translate(_NONBREAKING)

    def time(self, at: datetime) -> str:
        """``13:00``, or ``1:00 pm`` where that is the habit."""
        return format_time(at, "short", tzinfo=at.tzinfo, locale=self._locale).translate(_NONBREAKING)

    def zone(self, at: datetime) -> str:
        """The zone's name at that time, and how far it is from UTC: ``Central European Standard Time (UTC+1)``."""
        if getattr(at.tzinfo, "key", None) == "UTC":
            return "UTC"
        offset = at.utcoffset()
        minutes = round(offset.total_seconds() / 60) if offset else 0
        sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
        name = get_timezone_name(at, "long", locale=self._locale)
        return f"{name} (UTC{sign}{hours}{f':{rest:02d}' if rest else ''})"

    def money(self, money: Money) -> str:
        """``120.00 USD``, the number as it is written here: the code is clear everywhere, a sign is not."""
        whole, _, _ = self._locale.decimal_formats[None].pattern.partition(".")
        pattern = f"{whole}.{'0' * money.exponent}" if money.exponent else whole
        number = format_decimal(Decimal(money.amount).scaleb(-money.exponent), format=pattern, locale=self._locale)
        return f"{number} {money.currency}".translate(_NONBREAKING)


@cache
def formats(locale: str | None, catalogue: Catalogue) -> Formats:
    """Those of the reader's own country, where its locale (BCP 47) names one of this language that is known."""
    try:
        own = Locale.parse(locale or "", sep="-") if locale and "-" in locale else None
    except (UnknownLocaleError, ValueError):
        own = None
    fits = own is not None and own.language == catalogue.code and own.territory is not None
    return Formats(own if own is not None and fits else Locale.parse(catalogue.variant))
