"""The terms: every number and switch of the policy in one frozen value, versioned by its hash (P0.4).

A session is judged by the terms in force when it was first booked, so they are stored with it (``to_json``) and
named by ``hash`` in everything that is decided. ``parse_terms`` reads an operator's TOML, in which durations are
whole seconds and what is left out keeps its default; inside, durations are milliseconds like all time. It does not
know which session they are for. ``docs/terms.md`` is written from the fields below and held to them by a test.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from functools import lru_cache
from typing import Any

from signaling.errors import UserError
from signaling.ledger import canonical
from signaling.session import Ms, Slot

SECOND: Ms = 1_000
DAY = 24 * 60 * 60


class TermsError(UserError):
    """The terms cannot be used; ``problems`` lists everything that is wrong with them, each with its key."""

    status = 422

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("bad_terms", "; ".join(problems))
        self.problems = problems


def _key(unit: str, low: int, high: int, rule: str, meaning: str) -> dict[str, Any]:
    """What is to be known of a key; the bounds are in the unit of the TOML file."""
    return {"unit": unit, "low": low, "high": high, "rule": rule, "meaning": meaning}


@dataclass(frozen=True, slots=True)
class Terms:
    """The keys are the names of ``rules.md``; the values in brackets there are the defaults here."""

    opens_before: Ms = field(
        default=900 * SECOND,
        metadata=_key("seconds", 0, DAY, "P0.5", "how long before the start the doors open"),
    )
    reconnect_grace: Ms = field(
        default=90 * SECOND,
        metadata=_key("seconds", 1, 3600, "P0.7, P3.5", "how long one who was lost has to come back before it counts"),
    )
    late_grace: Ms = field(
        default=60 * SECOND,
        metadata=_key("seconds", 0, 3600, "P1.2", "up to how late still counts as on time"),
    )
    late_zero: Ms = field(
        default=600 * SECOND,
        metadata=_key("seconds", 1, DAY, "P1.5", "how late is worth nothing; more than `late_grace`"),
    )
    no_show_after_max: Ms = field(
        default=600 * SECOND,
        metadata=_key("seconds", 1, DAY, "P1.3", "after how long without a presence a party has not shown up, at most"),
    )
    no_show_after_share: int = field(
        default=3,
        metadata=_key(
            "share", 1, 100, "P1.3", "and never later than this share of the duration: min(10 min, duration / 3)"
        ),
    )
    warnings: tuple[Ms, ...] = field(
        default=(600 * SECOND, 300 * SECOND, 60 * SECOND, 30 * SECOND, 10 * SECOND),
        metadata=_key("seconds", 1, DAY, "P3.2", "how long before the hard stop both are told, longest first"),
    )
    refund_window: Ms = field(
        default=14 * DAY * SECOND,
        metadata=_key("seconds", 1, 366 * DAY, "P3.4", "how long after the end a client may ask for a refund"),
    )
    gap_allowance: Ms = field(
        default=180 * SECOND,
        metadata=_key("seconds", 0, DAY, "P3.5", "how much of an expert's bridged gaps, together, is not yet absence"),
    )
    outage_window: Ms = field(
        default=10 * SECOND,
        metadata=_key("seconds", 0, 600, "P3.9", "both lost within this, and neither back: nobody's doing"),
    )
    dispute_window: Ms = field(
        default=14 * DAY * SECOND,
        metadata=_key("seconds", 1, 366 * DAY, "P3.12", "how long after a decline a client may dispute it"),
    )
    mutual_floor: int = field(
        default=25,
        metadata=_key("percent", 0, 100, "P3.16", "a completed session with less mutual time than this is flagged"),
    )
    refund_lateness: bool = field(
        default=False,
        metadata=_key("switch", 0, 1, "P3.18", "whether an expert's lateness, while the client was there, is absence"),
    )
    window: int = field(
        default=20,
        metadata=_key("slots", 1, 1000, "P1.5", "over how many counted slots punctuality is the mean"),
    )
    window_per_client: int = field(
        default=3,
        metadata=_key("slots", 1, 1000, "P1.5", "how many of these may be with the same client"),
    )
    no_show_weight: int = field(
        default=2,
        metadata=_key("weight", 1, 100, "P1.5", "how much a no-show weighs, where any other slot weighs 1"),
    )
    fee_min_slots: int = field(
        default=5,
        metadata=_key(
            "slots", 1, 1000, "P1.6, P1.7", "with fewer counted slots no row of `fee_table` applies; at most `window`"
        ),
    )
    fee_table: tuple[tuple[int, int], ...] = field(
        default=((9_700, 10_200), (8_500, 10_000), (7_000, 9_500), (0, 9_000)),
        metadata=_key(
            "bps",
            0,
            20_000,
            "P1.6",
            "rows of punctuality and fee factor: the first whose punctuality is reached applies, the last asks for 0",
        ),
    )
    fee_floor: int = field(
        default=8_000,
        metadata=_key("bps", 0, 10_000, "P2.8", "the fee factor is never under this"),
    )
    fee_ceiling: int = field(
        default=10_200,
        metadata=_key("bps", 10_000, 20_000, "P2.8", "the fee factor is never over this"),
    )
    badge_at: int = field(
        default=9_700,
        metadata=_key("bps", 1, 10_000, "P1.7", "from this punctuality on an expert carries the badge"),
    )
    rating_window: Ms = field(
        default=7 * DAY * SECOND,
        metadata=_key("seconds", 1, 366 * DAY, "P2.1", "how long after the end each may rate the other"),
    )
    rating_min: int = field(
        default=10,
        metadata=_key("ratings", 1, 1000, "P2.8", "with fewer ratings as expert their mean bears on nothing"),
    )
    rating_floor: int = field(
        default=350,
        metadata=_key("hundredths", 100, 500, "P2.8", "a mean under this takes `rating_penalty`; 350 is 3.5 of 5"),
    )
    rating_penalty: int = field(
        default=500,
        metadata=_key("bps", 0, 10_000, "P2.8", "what a mean under `rating_floor` takes from the fee factor"),
    )
    conduct_penalty: int = field(
        default=500,
        metadata=_key("bps", 0, 10_000, "P2.8", "what each upheld `conduct` complaint takes from the fee factor"),
    )
    conduct_penalty_for: Ms = field(
        default=90 * DAY * SECOND,
        metadata=_key("seconds", 0, 3660 * DAY, "P2.8", "for how long, from the moment it was upheld"),
    )
    complaint_threshold: int = field(
        default=5,
        metadata=_key("persons", 1, 1000, "P2.3", "complaints of how many distinct persons bring a sanction"),
    )
    conduct_ban: Ms = field(
        default=30 * DAY * SECOND,
        metadata=_key("seconds", 1, 3660 * DAY, "P2.3", "how long the first suspension for `conduct` lasts"),
    )
    confirm_sanctions: bool = field(
        default=False,
        metadata=_key("switch", 0, 1, "P2.3", "whether the rules bring a hold on bookings until an operator confirms"),
    )
    complaint_window: Ms = field(
        default=30 * DAY * SECOND,
        metadata=_key("seconds", 1, 3660 * DAY, "P2.2", "how long after the end `conduct` and `other` may be filed"),
    )
    complaint_window_long: Ms = field(
        default=730 * DAY * SECOND,
        metadata=_key("seconds", 1, 3660 * DAY, "P2.2", "the same for `deception` and `privacy`"),
    )
    appeal_window: Ms = field(
        default=183 * DAY * SECOND,
        metadata=_key("seconds", 1, 3660 * DAY, "P2.7", "how long a sanction can be appealed"),
    )
    keep_records: Ms = field(
        default=730 * DAY * SECOND,
        metadata=_key("seconds", DAY, 36600 * DAY, "P5.7", "how long ledgers, settlements and texts are kept"),
    )
    keep_quality: Ms = field(
        default=30 * DAY * SECOND,
        metadata=_key(
            "seconds", 0, 3660 * DAY, "P5.7", "how long samples of a call's quality are kept; 0: none are taken"
        ),
    )
    stored: str | None = field(default=None, init=False, repr=False, compare=False)
    """The very text that they were read from, if they were: adding keys may not change the hash of old terms."""

    def __post_init__(self) -> None:
        if problems := _problems(self):
            raise TermsError(problems)

    @property
    def hash(self) -> str:
        """The version: hex SHA-256 over all values, defaults included: the same values under the same keys."""
        return _digest(self.to_json())

    def to_json(self) -> str:
        """Canonical JSON of every value, durations in milliseconds: what is stored and hashed."""
        if self.stored is None:  # asked for with every verdict, so it is made once
            object.__setattr__(self, "stored", canonical({key.name: getattr(self, key.name) for key in _keys()}))
        assert self.stored is not None
        return self.stored

    @classmethod
    def from_json(cls, text: str) -> Terms:
        """The inverse. A key that did not exist when it was stored has its default, and the hash stays what it was."""
        return _read(text)

    def no_show_after(self, duration: Ms) -> Ms:
        return min(self.no_show_after_max, duration // self.no_show_after_share)  # P1.3

    def slot(self, starts_at: Ms, duration: Ms) -> Slot:
        """The booked window with every limit that the machine compares."""
        return Slot(
            starts_at=starts_at,
            ends_at=starts_at + duration,
            opens_before=self.opens_before,
            late_grace=self.late_grace,
            no_show_after=self.no_show_after(duration),
            reconnect_grace=self.reconnect_grace,
            outage_window=self.outage_window,
            warnings=self.warnings,
        )


def parse_terms(toml_text: str) -> Terms:
    """The terms of a TOML file; ``TermsError`` lists everything that is wrong with it at once."""
    try:
        values = tomllib.loads(toml_text)
    except tomllib.TOMLDecodeError as error:
        raise TermsError((f"this is not TOML: {error}",)) from None
    return _build(values, SECOND)


def describe() -> str:
    """The table of ``docs/terms.md``, from the fields themselves."""
    lines = ["| key | unit | default | allowed | rule | meaning |", "|---|---|---|---|---|---|"]
    for key in _keys():
        about = key.metadata
        scale = SECOND if about["unit"] == "seconds" else 1
        default = json.dumps(_scale(key.default, 1, scale))
        allowed = "true, false" if about["unit"] == "switch" else f"{about['low']} to {about['high']}"
        unit = {"warnings": "list of seconds", "fee_table": "list of [bps, bps]"}.get(key.name, about["unit"])
        lines.append(f"| `{key.name}` | {unit} | `{default}` | {allowed} | {about['rule']} | {about['meaning']} |")
    return "\n".join(lines) + "\n"


def values(terms: Terms) -> dict[str, Any]:
    """Every key as a TOML file would say it: durations in seconds."""
    return {
        key.name: _scale(getattr(terms, key.name), 1, SECOND if key.metadata["unit"] == "seconds" else 1)
        for key in _keys()
    }


@lru_cache(maxsize=64)
def _read(text: str) -> Terms:
    terms = _build(json.loads(text), 1)
    object.__setattr__(terms, "stored", text)
    return terms


@lru_cache(maxsize=64)
def _digest(text: str) -> str:
    """Asked for several times with every booking, and once with every verdict."""
    return hashlib.sha256(text.encode()).hexdigest()


# --- helpers ----------------------------------------------------------------------------------------------------------


def _keys() -> tuple[Field[Any], ...]:
    return tuple(key for key in fields(Terms) if key.init)


def _build(values: Mapping[str, Any], second: int) -> Terms:
    """Terms from plain values whose seconds are ``second`` units long; collects every problem before it gives up."""
    known: dict[str, Field[Any]] = {key.name: key for key in _keys()}
    problems = [f"{name}: there is no such key" for name in values if name not in known]
    good: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            continue
        key = known[name]
        if (wrong := _wrong_type(key, value)) is not None:
            problems.append(f"{name}: {wrong}")
            continue
        plain = _plain(value)
        good[name] = _scale(plain, second) if key.metadata["unit"] == "seconds" else plain
    try:
        terms = Terms(**good)
    except TermsError as error:
        problems += error.problems
    if problems:
        raise TermsError(tuple(problems))
    return terms


def _wrong_type(key: Field[Any], value: Any) -> str | None:
    if isinstance(key.default, bool):
        return None if isinstance(value, bool) else "must be true or false"
    if key.name == "fee_table":
        rows = value if isinstance(value, list) and value else [None]
        good = all(isinstance(row, list) and len(row) == 2 and all(type(item) is int for item in row) for row in rows)
        return None if good else "must be a list of rows [punctuality, factor] of whole numbers"
    if isinstance(key.default, tuple):
        good = isinstance(value, list) and all(type(item) is int for item in value)
        return None if good else "must be a list of whole numbers"
    return None if type(value) is int else f"must be a whole number ({key.metadata['unit']})"


def _problems(terms: Terms) -> tuple[str, ...]:
    found: list[str] = []
    for key in _keys():
        value, about = getattr(terms, key.name), key.metadata
        scale = SECOND if about["unit"] == "seconds" else 1
        low, high = about["low"], about["high"]
        values = _flat(value)
        if any(not low * scale <= item <= high * scale for item in values):
            found.append(f"{key.name}: must lie between {low} and {high} ({about['unit']})")
    if terms.late_zero <= terms.late_grace:
        found.append("late_zero: must be more than late_grace")
    if list(terms.warnings) != sorted(set(terms.warnings), reverse=True):
        found.append("warnings: must go from the longest to the shortest, each once")
    if terms.fee_min_slots > terms.window:
        found.append("fee_min_slots: must be at most window, or no row could ever apply")
    reached, factors = [row[0] for row in terms.fee_table], [row[1] for row in terms.fee_table]
    if reached != sorted(set(reached), reverse=True) or reached[-1:] != [0] or reached[0] > 10_000:
        found.append("fee_table: the punctuality of its rows must fall from at most 10000 to 0, each once")
    if factors != sorted(factors, reverse=True):
        found.append("fee_table: less punctuality must not give a higher factor")
    return tuple(found)


def _plain(value: Any) -> Any:
    """Lists, as TOML and JSON have them, as tuples."""
    return tuple(_plain(item) for item in value) if isinstance(value, list) else value


def _flat(value: Any) -> tuple[int, ...]:
    return tuple(one for item in value for one in _flat(item)) if isinstance(value, tuple) else (value,)


def _scale(value: Any, by: int, divide: int = 1) -> Any:
    if isinstance(value, tuple):
        return tuple(_scale(item, by, divide) for item in value)
    return value if isinstance(value, bool) else value * by // divide
