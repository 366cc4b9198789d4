"""Things that many tests need, made short: bookings, a clock that is set by hand, a desk on a database of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from server import tokens
from server.desk import Booking, Desk, Rules
from server.policy.money import Money
from server.policy.terms import Terms
from server.store.database import Database, open_database
from server.store.migrate import upgrade
from server.store.sessions import Party
from signaling.ports import Report
from signaling.session import MINUTE, Ms, Role

NOON: Ms = 1_795_348_800_000
"""2026-11-22T12:00:00Z: where most stories start."""

SECRET = "a test's own secret, 32 bytes or more of it"
GUIDELINES = "2026-11"


@dataclass
class Clock:
    """The wall clock of a test."""

    now: Ms = NOON

    def __call__(self) -> Ms:
        return self.now

    def at(self, minutes: float) -> Ms:
        """Set it to so many minutes after noon."""
        self.now = NOON + round(minutes * MINUTE)
        return self.now


def booking(session_id: str = "bk_1", **changes: Any) -> Booking:
    """A call of half an hour at noon, for 120.00 USD, with the guidelines accepted at booking."""
    made = Booking(
        id=session_id,
        starts_at=NOON,
        duration=30 * MINUTE,
        client=Party("c_9", "Ada Client"),
        expert=Party("e_4", "Max Expert"),
        title="Mentoring",
        fee=Money(12000, "USD"),
        accepted=((Role.CLIENT, GUIDELINES, NOON), (Role.EXPERT, GUIDELINES, NOON)),
    )
    return replace(made, **changes)


@dataclass
class Office:
    """A desk with everything around it that a test may look at."""

    desk: Desk
    database: Database
    clock: Clock
    reports: list[tuple[str, Report]] = field(default_factory=list)
    alarms: dict[str, Ms | None] = field(default_factory=dict)

    async def __call__(self, session: str, report: Report) -> None:
        self.reports.append((session, report))

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What is stored, past all that knows how to read it."""
        async with self.database.read() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]


@contextlib.asynccontextmanager
async def office(where: Path | str, clock: Clock | None = None, terms: Terms | None = None) -> AsyncIterator[Office]:
    """A desk on the database at this path or URL, migrated; opened again after a close it is a restart."""
    clock = clock or Clock()
    database = open_database(str(where))
    await database.start()
    try:
        await upgrade(database)
        rules = Rules(
            terms or Terms(), GUIDELINES, "https://calls.example", tokens.derive_key(SECRET), "environment-key"
        )
        made = Office(Desk(database, rules, clock), database, clock)
        made.desk.listeners.append(made)
        made.desk.alarm = made.alarms.__setitem__
        yield made
    finally:
        await database.close()
