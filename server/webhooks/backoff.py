"""When an event is sent again, and when an endpoint is left alone: every number of it, and nothing but arithmetic.

Pure: the time and the dice are given. A delivery is tried over three days and then kept as failed. An endpoint that
fails several times in a row is asked once at a time, further and further apart; one that did nothing but fail for five
days, or says that it is gone, is disabled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from signaling.session import Ms

_SECOND: Final = 1_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR

GONE: Final = 410

Why = Literal["gone", "failing", "operator", "secret_lost"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """All of it, in milliseconds. Tests and trials have faster ones."""

    retries: tuple[Ms, ...] = (
        5 * _SECOND,
        5 * _MINUTE,
        30 * _MINUTE,
        2 * _HOUR,
        5 * _HOUR,
        10 * _HOUR,
        14 * _HOUR,
        20 * _HOUR,
        24 * _HOUR,
    )
    jitter: float = 0.1  # each wait is longer or shorter by up to this part
    asked_at_most: Ms = _DAY  # of what a Retry-After asks for
    break_after: int = 5  # failures in a row
    pause: Ms = 5 * _SECOND  # the first one; each further failure doubles it
    pause_at_most: Ms = 5 * _MINUTE
    give_up_after: Ms = 5 * _DAY


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint fares. ``failing_since`` None: its last attempt succeeded, or there was none."""

    failing_since: Ms | None = None
    failures: int = 0
    paused_until: Ms | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt. ``status`` None: no answer; ``error`` says why. ``asked``: to wait so long."""

    status: int | None
    error: str | None = None
    asked: Ms | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class After:
    """What follows from an attempt. ``due_at`` None: nothing more by itself. ``disable``: the endpoint, and why."""

    status: Literal["delivered", "pending", "failed"]
    due_at: Ms | None
    health: Health
    disable: Why | None = None


def after(
    schedule: Schedule, tried: int, health: Health, outcome: Outcome, now: Ms, dice: Callable[[], float]
) -> After:
    """After attempt number ``tried``, which is 1 for the first; ``dice`` gives from 0 to 1."""
    if outcome.ok:
        return After("delivered", None, Health())
    since = now if health.failing_since is None else health.failing_since
    sick = replace(health, failing_since=since, failures=health.failures + 1)
    if broken(schedule, sick):
        sick = replace(sick, paused_until=now + _pause(schedule, sick.failures))
    disable: Why | None = None
    if outcome.status == GONE:
        disable = "gone"
    elif now - since >= schedule.give_up_after:
        disable = "failing"
    if tried > len(schedule.retries):
        return After("failed", None, sick, disable)
    wait = round(schedule.retries[tried - 1] * (1 + schedule.jitter * (2 * dice() - 1)))
    return After("pending", now + max(wait, min(outcome.asked or 0, schedule.asked_at_most)), sick, disable)


def broken(schedule: Schedule, health: Health) -> bool:
    """Whether this endpoint is asked once at a time."""
    return health.failures >= schedule.break_after


def asked_for(retry_after: str | None, now: Ms) -> Ms | None:
    """How long a ``Retry-After`` wants to be waited (RFC 9110 §10.2.3): seconds or a date; None for anything else."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), _DAY // _SECOND) * _SECOND
    try:
        return max(0, round(parsedate_to_datetime(text).timestamp() * 1000) - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _pause(schedule: Schedule, failures: int) -> Ms:
    doublings = min(failures - schedule.break_after, 20)
    return min(schedule.pause << doublings, schedule.pause_at_most)
