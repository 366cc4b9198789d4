"""When an event is sent again, and when an endpoint is left alone: arithmetic, with the time and the dice given."""

from __future__ import annotations

import random

import pytest

from server.webhooks.backoff import After, Health, Outcome, Schedule, after, asked_for, broken
from signaling.session import Ms

SECOND: Ms = 1_000
HOUR: Ms = 3_600_000
DAY: Ms = 24 * HOUR
NOW: Ms = 1_795_348_800_000
PLAIN = Schedule()
WELL, ILL = Outcome(204), Outcome(500)


def middle() -> float:
    return 0.5


def ask(tried: int, outcome: Outcome, health: Health | None = None, now: Ms = NOW) -> After:
    return after(PLAIN, tried, health or Health(), outcome, now, middle)


def test_the_waits_are_those_that_are_promised_and_then_it_is_kept_as_failed() -> None:
    waits = [ask(tried, ILL).due_at for tried in range(1, 10)]
    promised = [5 * SECOND, 300 * SECOND, HOUR // 2, *(n * HOUR for n in (2, 5, 10, 14, 20, 24))]
    assert [(due or 0) - NOW for due in waits] == promised
    assert sum(promised) > 3 * DAY
    last = ask(10, ILL)
    assert (last.status, last.due_at) == ("failed", None)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_a_delivery_and_all_is_well_again(status: int) -> None:
    found = ask(7, Outcome(status), Health(NOW - DAY, 12, NOW))
    assert found == After("delivered", None, Health())


@pytest.mark.parametrize(
    "outcome", [Outcome(199), Outcome(302), Outcome(404), Outcome(500), Outcome(None, "timed_out")]
)
def test_anything_else_is_none(outcome: Outcome) -> None:
    assert ask(1, outcome).status == "pending"


def test_jitter_stays_within_its_part_and_is_used() -> None:
    dice = random.Random(1).random
    waits = {(after(PLAIN, 2, Health(), ILL, NOW, dice).due_at or 0) - NOW for _ in range(1000)}
    assert min(waits) >= 270 * SECOND
    assert max(waits) <= 330 * SECOND
    assert len(waits) > 500


def test_what_a_receiver_asks_for_is_kept_up_to_a_day() -> None:
    def wait(asked: Ms) -> Ms:
        return (ask(1, Outcome(503, None, asked)).due_at or 0) - NOW

    assert (wait(2 * SECOND), wait(HOUR), wait(9 * DAY)) == (5 * SECOND, HOUR, DAY)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", 120 * SECOND),
        (" 7 ", 7 * SECOND),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60 * SECOND),
        ("Sun, 22 Nov 2020 12:01:00 GMT", 0),
        ("99999999999999999999", DAY),
        ("-1", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Sun, 99 Nov 2026 12:01:00 GMT", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nonsense_is_nothing(text: str | None, wait: Ms | None) -> None:
    assert asked_for(text, NOW) == wait


def test_after_five_failures_in_a_row_it_is_asked_once_at_a_time_further_and_further_apart() -> None:
    health, pauses = Health(), []
    for _ in range(13):
        health = ask(1, ILL, health).health
        pauses.append(None if health.paused_until is None else health.paused_until - NOW)
    assert pauses[:4] == [None] * 4
    assert pauses[4:] == [n * SECOND for n in (5, 10, 20, 40, 80, 160, 300, 300, 300)]
    assert broken(PLAIN, health)
    assert not broken(PLAIN, ask(1, WELL, health).health)
    assert ask(1, ILL, Health(NOW, 10_000, NOW)).health.paused_until == NOW + 300 * SECOND


def test_gone_disables_at_once_and_five_days_of_failures_do() -> None:
    assert ask(1, Outcome(410)).disable == "gone"
    assert ask(1, ILL, Health(NOW - 5 * DAY + 1, 3)).disable is None
    assert ask(1, ILL, Health(NOW - 5 * DAY, 3)).disable == "failing"
    first = ask(1, ILL)
    assert first.health.failing_since == NOW
    assert ask(2, ILL, first.health, NOW + DAY).health.failing_since == NOW
