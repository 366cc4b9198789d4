"""The process that is killed: a desk that makes news and a deliverer that sends it, on the store that it is given.

``python -m tests.trial.sender URL EVENTS`` makes sessions happen until so many events are in the outbox, sends until
it is killed, and tells on its standard output when nothing is left to send.
"""

from __future__ import annotations

import asyncio
import sys
import time

import structlog
from sqlalchemy import func, select

from server import tokens
from server.app import wall_clock
from server.desk import Booking, Desk, Rules
from server.policy.terms import Terms
from server.store import outbox, tables
from server.store.database import Database, open_database
from server.store.migrate import upgrade
from server.store.sealing import derive_sealing_key
from server.store.sessions import Party
from server.webhooks import egress as egress_module
from server.webhooks.backoff import Schedule
from server.webhooks.delivery import Deliverer
from server.webhooks.egress import Egress
from signaling.session import MINUTE, Accept, Join, Role, Whom

SECRET = "the trial's own secret, 32 bytes or more of it"
ALLOWED = "127.0.0.2/32"
PATIENCE = 0.3
"""Seconds that the sender waits for an answer here: what hangs is to be left often, not long."""

SCHEDULE = Schedule(retries=tuple(min(50 * 2**n, 800) for n in range(60)), pause=20, pause_at_most=5_000)
DONE = "nothing is left to send"
_LANES = 4


def desk_on(database: Database) -> Desk:
    rules = Rules(
        Terms(),
        "2026-11",
        "https://calls.example",
        tokens.derive_key(SECRET),
        sealing_key=derive_sealing_key(SECRET),
    )
    return Desk(database, rules, wall_clock)


async def main(where: str, events: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    egress_module.TOTAL = PATIENCE  # type: ignore[misc]
    database = open_database(where)
    await database.start()
    await upgrade(database)
    desk, egress = desk_on(database), Egress([ALLOWED])
    deliverer = Deliverer(
        database, egress, desk.endpoints.sealing_key, wall_clock, schedule=SCHEDULE, lease=3 * round(PATIENCE * 1000)
    )
    desk.posted = deliverer.poke
    await deliverer.start()
    print("up", flush=True)
    while await _told(database) < events:
        name = f"t{time.time_ns()}"
        await asyncio.gather(*(_happen(desk, f"{name}-{lane}", lane) for lane in range(_LANES)))
    while not await _all_sent(database):
        await asyncio.sleep(0.05)
    print(DONE, flush=True)
    await asyncio.Event().wait()


async def _happen(desk: Desk, session: str, lane: int) -> None:
    """A session with what there is to tell of it: five to eight events."""
    now = wall_clock()
    party = (Party(f"c_{session}", "Ada"), Party(f"e_{session}", "Max"))
    await desk.book(Booking(session, now, 30 * MINUTE, *party))
    if lane == 0 and now % 5 == 0:
        await desk.cancel(session, Whom.EXPERT)
        return
    for role in Role:
        await desk.report(session, (Accept(role, "2026-11"), Join(role, f"join-{role}")), wall_clock())
    await desk.end(session, "for the trial", "key_1")


async def _told(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(tables.outbox))).scalar_one())


async def _all_sent(database: Database) -> bool:
    """Of what goes to where somebody answers."""
    d, e = tables.deliveries, tables.endpoints
    async with database.read() as connection:
        if await outbox.unhanded(connection):
            return False
        left = select(d.c.id).join(e, e.c.id == d.c.endpoint).where(d.c.status == "pending", e.c.description == "sink")
        return (await connection.execute(left.limit(1))).first() is None


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
