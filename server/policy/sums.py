"""Sums over sessions that are over, for plots: lateness, outcomes by day, refunds by cause, minutes, quality.

Pure, and over figures alone: no person, no session is named. A day is a day of the zone that is asked for. Percentiles
are of the nearest rank, so that each is a value that was there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final, Protocol, TypeAlias

from signaling.session import Ms

EDGES: Final[tuple[Ms, ...]] = (0, 15_000, 30_000, 60_000, 120_000, 180_000, 300_000, 600_000, 900_000, 1_800_000)
"""Where the bins of lateness begin and end; the first is exactly none."""

Day: TypeAlias = str


class Row(Protocol):
    """One session that is over, in figures."""

    @property
    def starts_at(self) -> Ms: ...
    @property
    def reason(self) -> str: ...
    @property
    def booked(self) -> Ms: ...
    @property
    def client_present(self) -> Ms: ...
    @property
    def expert_present(self) -> Ms: ...
    @property
    def mutual(self) -> Ms | None: ...
    @property
    def client_kind(self) -> str | None: ...
    @property
    def client_lateness(self) -> Ms | None: ...
    @property
    def expert_kind(self) -> str | None: ...
    @property
    def expert_lateness(self) -> Ms | None: ...
    @property
    def basis(self) -> str: ...
    @property
    def currency(self) -> str | None: ...
    @property
    def possible(self) -> int: ...
    @property
    def requested(self) -> int | None: ...
    @property
    def approved(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Bin:
    """``[start, end)``; the first is ``start`` alone, the last has no end."""

    start: Ms
    end: Ms | None
    count: int


@dataclass(frozen=True, slots=True)
class Lateness:
    count: int
    p50: Ms | None
    p90: Ms | None
    p99: Ms | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Minutes:
    """Of one day, or of all: milliseconds booked, attended by each, and with media both ways."""

    booked: Ms = 0
    client: Ms = 0
    expert: Ms = 0
    mutual: Ms = 0

    def plus(self, row: Row) -> Minutes:
        return Minutes(
            self.booked + row.booked,
            self.client + row.client_present,
            self.expert + row.expert_present,
            self.mutual + (row.mutual or 0),
        )


@dataclass(frozen=True, slots=True)
class Refunded:
    """Refunds of one cause in one currency, in minor units."""

    basis: str
    currency: str
    count: int
    possible: int
    requested: int
    approved: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Percentiles of what calls measured."""

    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class QualityDay:
    day: Day
    round_trip: Measured
    loss: Measured


@dataclass(frozen=True, slots=True)
class Quality:
    samples: int
    round_trip: Measured
    loss: Measured
    by_day: tuple[QualityDay, ...]


@dataclass(frozen=True, slots=True)
class Sums:
    sessions: int
    client_late: Lateness
    expert_late: Lateness
    client_kinds: dict[str, int]
    expert_kinds: dict[str, int]
    outcomes: dict[Day, dict[str, int]]
    refunds: tuple[Refunded, ...]
    minutes: dict[Day, Minutes]
    total: Minutes


def sums(rows: Sequence[Row], zone: tzinfo) -> Sums:
    """All at once, over rows in order of time."""
    day_of = days(zone)
    outcomes: dict[Day, Counter[str]] = defaultdict(Counter)
    minutes: dict[Day, Minutes] = {}
    total = Minutes()
    for row in rows:
        day = day_of(row.starts_at)
        outcomes[day][row.reason] += 1
        if row.reason != "cancelled":  # nobody was to come
            minutes[day] = minutes.get(day, Minutes()).plus(row)
            total = total.plus(row)
    return Sums(
        sessions=len(rows),
        client_late=lateness(row.client_lateness for row in rows),
        expert_late=lateness(row.expert_lateness for row in rows),
        client_kinds=_kinds(row.client_kind for row in rows),
        expert_kinds=_kinds(row.expert_kind for row in rows),
        outcomes={day: dict(sorted(found.items())) for day, found in outcomes.items()},
        refunds=_refunds(rows),
        minutes=minutes,
        total=total,
    )


def lateness(values: Iterable[Ms | None]) -> Lateness:
    """Of those who came."""
    known = sorted(value for value in values if value is not None)
    counts = Counter(bisect_right(EDGES, value) if value else 0 for value in known)
    bins = [Bin(0, 0, counts[0])]
    bins += [Bin(EDGES[n - 1], EDGES[n] if n < len(EDGES) else None, counts[n]) for n in range(1, len(EDGES) + 1)]
    return Lateness(len(known), rank(known, 50), rank(known, 90), rank(known, 99), tuple(bins))


def quality(samples: Iterable[tuple[Ms, float | None, float | None]], zone: tzinfo) -> Quality:
    """Of (when, round trip, loss), over all and by day."""
    day_of = days(zone)
    trips: dict[Day, list[float]] = defaultdict(list)
    losses: dict[Day, list[float]] = defaultdict(list)
    count = 0
    for at, trip, loss in samples:
        count += 1
        day = day_of(at)
        if trip is not None:
            trips[day].append(trip)
        if loss is not None:
            losses[day].append(loss)
    by_day = tuple(QualityDay(day, _measured(trips[day]), _measured(losses[day])) for day in sorted({*trips, *losses}))
    return Quality(
        count,
        _measured([value for some in trips.values() for value in some]),
        _measured([value for some in losses.values() for value in some]),
        by_day,
    )


def rank(known: Sequence[Ms], percent: int) -> Ms | None:
    """The value of the nearest rank; ``known`` is sorted."""
    return known[max(0, -(-len(known) * percent // 100) - 1)] if known else None


def days(zone: tzinfo) -> Callable[[Ms], Day]:
    """From an instant to its day in that zone."""
    return lambda at: datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).date().isoformat()


def _measured(values: list[float]) -> Measured:
    values.sort()

    def at(percent: int) -> float | None:
        return values[max(0, -(-len(values) * percent // 100) - 1)] if values else None

    return Measured(at(50), at(95), at(99))


def _kinds(kinds: Iterable[str | None]) -> dict[str, int]:
    found = Counter(kind or "nothing" for kind in kinds)
    return {kind: found[kind] for kind in ("on_time", "late", "no_show", "nothing")}


def _refunds(rows: Iterable[Row]) -> tuple[Refunded, ...]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.currency is not None and (row.possible or row.requested or row.approved):
            found[row.basis, row.currency].append(row)
    return tuple(
        Refunded(
            basis,
            currency,
            len(some),
            sum(row.possible for row in some),
            sum(row.requested or 0 for row in some),
            sum(row.approved or 0 for row in some),
        )
        for (basis, currency), some in sorted(found.items())
    )
