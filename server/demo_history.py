"""A month of sessions for ``headstrt demo``, so that the dashboard has something to show: lived through the desk.

Nothing is written but by the desk, with a clock that is set by hand and before the server starts; what comes of it is
what would have. The same month each time, but for when it was.
"""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from typing import Final

from server.desk import Booking, Desk, Rules
from server.policy.money import Money
from server.policy.people import Category
from server.store.database import open_database
from server.store.migrate import upgrade
from server.store.sessions import Party
from signaling.errors import HeadstrtError
from signaling.session import (
    MINUTE,
    Depart,
    EndByOperator,
    Event,
    HangUp,
    How,
    Join,
    LeaveForSafety,
    MediaUp,
    Ms,
    Role,
    Tick,
    Whom,
)

_DAY: Final[Ms] = 24 * 60 * MINUTE
_DAYS: Final = 28
_EXPERTS: Final = (
    ("Noor Haddad", "Europe/Paris"),
    ("Jonas Feld", "Europe/Berlin"),
    ("Asha Raman", "Asia/Kolkata"),
    ("Mateo Ruiz", "America/Mexico_City"),
    ("Ingrid Solberg", "Europe/Oslo"),
)
_CLIENTS: Final = (
    "Mira Castellanos",
    "Tom Becker",
    "Yuki Tanaka",
    "Chidi Okafor",
    "Lena Novak",
    "Sam Whitaker",
    "Farah Aziz",
    "Olu Adeyemi",
    "Petra Lind",
    "Diego Santos",
    "Hana Kim",
    "Elif Kaya",
)
_TITLES: Final = ("Career mentoring", "Portfolio review", "Interview practice", "Tax questions", "Writing clinic")
_ENDINGS: Final = (
    ("completed", 60),
    ("late", 12),
    ("hung_up", 5),
    ("done_early", 6),
    ("lost", 3),
    ("no_show_expert", 3),
    ("no_show_client", 4),
    ("nobody", 2),
    ("cancelled", 4),
    ("safety", 1),
)
_CLIENT, _EXPERT = Role.CLIENT, Role.EXPERT


@dataclass(slots=True)
class _Clock:
    now: Ms

    def __call__(self) -> Ms:
        return self.now


class _Month:
    """One session after the other, each at its own time."""

    def __init__(self, desk: Desk, clock: _Clock, version: str) -> None:
        self.desk = desk
        self.clock = clock
        self.version = version
        self.chance = random.Random(7)  # the same month each time
        self.mutual: Ms = 0
        desk.mutual = lambda session: self.mutual

    async def live(self, number: int, starts_at: Ms) -> None:
        """Book one, let it happen, and let the two say what they will."""
        expert, client = self.chance.randrange(len(_EXPERTS)), self.chance.randrange(len(_CLIENTS))
        names, weights = zip(*_ENDINGS, strict=True)
        (ending,) = self.chance.choices(names, weights)
        if expert == 3 and self.chance.random() < 0.35:  # one is not what he was
            ending = "late"
        id_, duration = f"demo-{number:03d}", self.chance.choice((15, 30, 30, 45)) * MINUTE
        name, zone = _EXPERTS[expert]
        self.clock.now, self.mutual = starts_at - 6 * 60 * MINUTE, 0
        await self.desk.book(
            Booking(
                id_,
                starts_at,
                duration,
                Party(f"demo-c{client}", _CLIENTS[client], locale="en"),
                Party(f"demo-e{expert}", name, time_zone=zone, locale="en"),
                self.chance.choice(_TITLES),
                Money(self.chance.choice((4500, 9000, 12000, 15000)), "EUR" if expert < 2 else "USD"),
                accepted=tuple((role, self.version, self.clock.now) for role in Role),
            )
        )
        await self._happen(id_, ending, starts_at, duration)
        with contextlib.suppress(HeadstrtError):  # what this ending does not let them say they do not say
            await self._afterwards(id_, ending)

    async def _happen(self, id_: str, ending: str, starts_at: Ms, duration: Ms) -> None:
        ends_at, early = starts_at + duration, starts_at - self.chance.randrange(20, 240) * 1000
        if ending == "cancelled":
            self.clock.now = starts_at - 60 * MINUTE
            await self.desk.cancel(id_, self.chance.choice((Whom.CLIENT, Whom.EXPERT)))
            return
        if ending not in ("no_show_client", "nobody"):
            await self._at(id_, early, Join(_CLIENT, f"{id_}-client"))
        if ending not in ("no_show_expert", "nobody"):
            late = self.chance.randrange(70, 480) if ending == "late" else self.chance.randrange(-120, 40)
            met_at = starts_at + late * 1000
            await self._at(id_, met_at, Join(_EXPERT, f"{id_}-expert"))
            if ending != "no_show_client":
                await self._at(id_, met_at + 600, MediaUp())
                await self._call(id_, ending, max(met_at, starts_at), ends_at)
        await self._at(id_, ends_at + 1000, Tick())

    async def _call(self, id_: str, ending: str, began: Ms, ends_at: Ms) -> None:
        middle = began + (ends_at - began) // 2
        if self.chance.random() < 0.3 and ending != "lost":
            gone = began + (middle - began) // 2
            role = self.chance.choice((_CLIENT, _EXPERT))
            await self._at(id_, gone + 6000, Depart(role, f"{id_}-{role}", How.CONNECTION, gone))
            await self._at(id_, gone + self.chance.randrange(9, 70) * 1000, Join(role, f"{id_}-{role}-again"))
        self.mutual = max(0, (ends_at if ending in ("completed", "late") else middle) - began - 9000)
        last: dict[str, Event] = {
            "hung_up": HangUp(_EXPERT),
            "done_early": HangUp(_CLIENT),
            "lost": Depart(_EXPERT, f"{id_}-expert", How.CONNECTION, middle),
            "safety": LeaveForSafety(_CLIENT),
            "stopped": EndByOperator("asked to by both sides"),
        }
        if ending in last:
            await self._at(id_, middle + 6000, last[ending])

    async def _at(self, id_: str, at: Ms, event: Event) -> None:
        self.clock.now = at
        await self.desk.report(id_, event, at)

    async def _afterwards(self, id_: str, ending: str) -> None:
        self.clock.now += 20 * MINUTE
        if self.chance.random() < 0.5 and ending in ("completed", "done_early", "late"):
            await self.desk.rate(id_, _CLIENT, self.chance.choice((5, 5, 5, 4, 4, 3)), (), None)
        if ending in ("hung_up", "lost") and self.chance.random() < 0.8:
            await self.desk.request_refund(id_, _CLIENT, None)
            if self.chance.random() < 0.5:
                self.clock.now += 6 * 60 * MINUTE
                await self.desk.decide_refund(id_, "approved", None, None)
                await self.desk.refund_settled(id_, f"re_{id_}")
        if ending == "safety":
            await self.desk.complain(id_, _CLIENT, Category.CONDUCT, "He shouted at me, so I left.")
        if ending == "late" and self.chance.random() < 0.25:
            await self.desk.complain(id_, _CLIENT, Category.OTHER, "Came late and did not say a word about it.")
        if ending == "late" and self.chance.random() < 0.2:
            await self.desk.contest(id_, _EXPERT, "The room before was not free; I wrote so.")


async def live_a_month(database_url: str, rules: Rules, now: Ms) -> int:
    """Into a database that no server has open; how many sessions there were."""
    database, clock = open_database(database_url), _Clock(now)
    await database.start()
    try:
        await upgrade(database)
        month, number = _Month(Desk(database, rules, clock), clock, rules.guidelines_version), 0
        for day in range(_DAYS, 0, -1):
            midnight = (now - day * _DAY) // _DAY * _DAY
            hours = sorted(month.chance.sample(range(8, 20), month.chance.randrange(1, 5)))
            for hour in hours:
                number += 1
                await month.live(number, midnight + hour * 60 * MINUTE)
    finally:
        await database.close()
    return number
