"""Sums for plots: each figure by hand, and the rank of a percentile."""

from __future__ import annotations

import zoneinfo
from datetime import UTC

from server.policy.sums import EDGES, lateness, quality, rank, sums
from server.store.views_desk import Outcome

NOON = 1_795_348_800_000
DAY = 86_400_000
HOUR = 3_600_000


def row(at: int = NOON, **changes: object) -> Outcome:
    values: dict[str, object] = {
        "starts_at": at,
        "reason": "completed",
        "booked": 30 * 60_000,
        "client_present": 29 * 60_000,
        "expert_present": 28 * 60_000,
        "mutual": 27 * 60_000,
        "client_kind": "on_time",
        "client_lateness": 0,
        "expert_kind": "on_time",
        "expert_lateness": 0,
        "basis": "completed",
        "currency": "USD",
        "possible": 0,
        "requested": None,
        "approved": None,
        **changes,
    }
    return Outcome(**values)  # type: ignore[arg-type]


def test_a_percentile_is_a_value_that_was_there() -> None:
    assert [rank([1, 2, 3, 4], percent) for percent in (0, 1, 25, 26, 50, 75, 99, 100)] == [1, 1, 1, 2, 2, 3, 4, 4]
    assert rank([], 50) is None


def test_every_lateness_is_in_one_bin() -> None:
    values = [0, 0, 1, 14_999, 15_000, 60_000, 1_799_999, 1_800_000, 9_999_999, None]
    found = lateness(values)
    assert found.count == sum(each.count for each in found.bins) == 9
    counts = {(each.start, each.end): each.count for each in found.bins}
    assert counts[0, 0] == 2
    assert counts[0, 15_000] == 2
    assert counts[15_000, 30_000] == counts[60_000, 120_000] == counts[900_000, 1_800_000] == 1
    assert counts[1_800_000, None] == 2
    assert len(found.bins) == len(EDGES) + 1
    assert (found.p50, found.p99) == (15_000, 9_999_999)


def test_a_day_is_one_of_the_zone_that_is_asked_for() -> None:
    late = [row(NOON + 11 * HOUR), row(NOON + 13 * HOUR, reason="no_show")]
    assert sums(late, UTC).outcomes == {"2026-11-22": {"completed": 1}, "2026-11-23": {"no_show": 1}}
    tokyo = sums(late, zoneinfo.ZoneInfo("Asia/Tokyo"))
    assert tokyo.outcomes == {"2026-11-23": {"completed": 1, "no_show": 1}}
    assert tokyo.minutes["2026-11-23"].mutual == 54 * 60_000


def test_what_was_cancelled_was_nobodys_time_and_refunds_are_by_cause_and_currency() -> None:
    rows = [
        row(),
        row(reason="cancelled", basis="cancelled_expert", possible=9000, requested=9000, client_kind=None),
        row(reason="hung_up", basis="hung_up_expert", possible=4000, requested=3000, approved=2000),
        row(reason="hung_up", basis="hung_up_expert", possible=100, currency="JPY"),
        row(basis="completed", currency=None),
    ]
    found = sums(rows, UTC)
    assert (found.sessions, found.total.booked) == (5, 4 * 30 * 60_000)
    assert [(r.basis, r.currency, r.count, r.possible, r.requested, r.approved) for r in found.refunds] == [
        ("cancelled_expert", "USD", 1, 9000, 9000, 0),
        ("hung_up_expert", "JPY", 1, 100, 0, 0),
        ("hung_up_expert", "USD", 1, 4000, 3000, 2000),
    ]
    assert found.client_kinds == {"on_time": 4, "late": 0, "no_show": 0, "nothing": 1}


def test_nothing_gives_nothing() -> None:
    found = sums([], UTC)
    assert (found.sessions, found.outcomes, found.refunds, found.total.booked) == (0, {}, (), 0)
    assert found.client_late.p50 is None


def test_quality_in_percentiles_over_all_and_by_day() -> None:
    samples = [(NOON + n * 1000, float(n), None if n % 2 else 0.5) for n in range(1, 101)] + [(NOON + DAY, 900.0, 9.0)]
    found = quality(samples, UTC)
    assert found.samples == 101
    assert (found.round_trip.p50, found.round_trip.p95, found.round_trip.p99) == (51, 96, 100)
    assert [(day.day, day.round_trip.p50, day.loss.p95) for day in found.by_day] == [
        ("2026-11-22", 50, 0.5),
        ("2026-11-23", 900, 9),
    ]
