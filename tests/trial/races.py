"""Many at once on one thing, and many things at one instant: one winner each, each settled once. Counts, not times."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.app import wall_clock
from server.desk import Booked
from server.timers import Timers
from signaling.errors import HeadstrtError
from signaling.session import MINUTE, Accept, Depart, Ended, HangUp, How, Join, MediaUp, Ms, Outage, Role, Whom
from tests.builders import NOON, Clock, Office, booking, office
from tests.server.test_homes import node
from tests.stores import Cluster
from tests.trial.audit import Told, audit
from tests.trial.row import Row

RACERS = 64


@dataclass
class Real(Clock):
    """The machine's own clock."""

    def __call__(self) -> Ms:
        return wall_clock()


Act = Callable[[int], Awaitable[Any]]


async def races(folder: Path, scale: int) -> Row:
    """Every transition with 64 racers, and one booking sent 50 times at once; ``scale`` times over. On SQLite."""
    return await _races(folder / "races.db", scale)


async def races_postgresql(folder: Path, scale: int) -> Row:
    """The same on PostgreSQL, where transactions run at once."""
    cluster = await asyncio.to_thread(Cluster)
    try:
        return await _races(await cluster.fresh(), scale, ", on PostgreSQL")
    finally:
        await asyncio.to_thread(cluster.remove)


async def races_of_nodes(folder: Path, scale: int) -> Row:
    """The same on PostgreSQL, each race spread over two nodes that are alive; one of them is the session's home."""
    cluster = await asyncio.to_thread(Cluster)
    try:
        return await races_of_nodes_on(cluster, scale)
    finally:
        await asyncio.to_thread(cluster.remove)


async def races_of_nodes_on(cluster: Cluster, scale: int) -> Row:
    problems: list[str] = []
    url, clock, run = await cluster.fresh(), Clock(), 0
    async with node(url, "a", clock) as a, node(url, "b", clock) as b:
        for _ in range(scale):
            run = await _raced((a, b), run, problems)
    return await _row(url, run, problems, ", spread over two nodes")


async def _races(where: Path | str, scale: int, on: str = "") -> Row:
    problems: list[str] = []
    run = 0
    for _ in range(scale):
        async with office(where) as o:
            run = await _raced((o,), run, problems)
    return await _row(where, run, problems, on)


async def _raced(nodes: Sequence[Any], run: int, problems: list[str]) -> int:
    """Each race once; how many there have been by now."""
    o = nodes[0]
    for name, prepare, act, kind, winners in _RACES:
        run += 1
        session = f"{name}-{run}"
        o.clock.at(0)
        await o.desk.book(booking(session, accepted=()))
        for each in nodes if len(nodes) > 1 else ():
            await each.look()  # its lease goes on
            await each.homes.place(session)
            o = each if session in each.homes.held() else o
        await prepare(o, session)
        before = Counter(fact.kind for fact in (await o.desk.record(session)).facts)
        acts = (act(nodes[number % len(nodes)], session, number // len(nodes)) for number in range(RACERS))
        results = await asyncio.gather(*acts, return_exceptions=True)
        after = Counter(fact.kind for fact in (await o.desk.record(session)).facts)
        won = sum(count for fact, count in (after - before).items() if fact == kind)
        if won != winners:
            problems.append(f"{name}: {won} times {kind}, not {winners}")
        problems += [f"{name}: {r!r}" for r in results if _unexpected(r)]
    run += 1
    books = (nodes[number % len(nodes)].desk.book(booking(f"book-{run}")) for number in range(50))
    same = await asyncio.gather(*books)
    if sum(booked.created for booked in same) != 1 or len({booked.record.version for booked in same}) != 1:
        problems.append("the same booking was made more than once")
    return run


async def _row(where: Path | str, run: int, problems: list[str], on: str) -> Row:
    problems = [*problems, *audit(where, Told(asked=_Anything()))]
    return Row(
        f"{RACERS} racers on each of {len(_RACES)} transitions, one booking 50 times at once{on}",
        f"{run} races, {len(problems)} with more or less than one winner",
        "one winner each",
        not problems,
        tuple(problems),
    )


def _unexpected(result: object) -> bool:
    return isinstance(result, BaseException) and not isinstance(result, HeadstrtError)


class _Anything(set[Any]):
    def __contains__(self, item: object) -> bool:
        return True


async def _nothing(o: Office, session: str) -> None:
    pass


async def _accepted(o: Office, session: str) -> None:
    for role in Role:
        await o.desk.report(session, Accept(role, "2026-11"), o.clock())


async def _live(o: Office, session: str) -> None:
    await _accepted(o, session)
    for role in Role:
        await o.desk.report(session, Join(role, f"join-{role}"), o.clock())


async def _talking(o: Office, session: str) -> None:
    await _live(o, session)
    await o.desk.report(session, MediaUp(), o.clock())


async def _left(o: Office, session: str) -> None:
    await _talking(o, session)
    await o.desk.report(session, HangUp(Role.EXPERT), o.clock.at(10))


async def _asked(o: Office, session: str) -> None:
    await _left(o, session)
    await o.desk.request_refund(session, Role.CLIENT, None)


async def _approved(o: Office, session: str) -> None:
    await _asked(o, session)
    await o.desk.decide_refund(session, "approved", None, None)


async def _overdue(o: Office, session: str) -> None:
    await _talking(o, session)
    o.clock.at(31)


async def _expired(o: Office, session: str) -> None:
    await _left(o, session)
    o.clock.at(10 + 15 * 24 * 60)


async def _expert(o: Office, session: str, n: int) -> Any:
    return await o.desk.report(session, HangUp(Role.EXPERT), o.clock())


async def _wake_or_sweep(o: Office, session: str, n: int) -> Any:
    return await (o.desk.sweep() if n % 4 == 0 else o.desk.wake(session))


async def _any_end(o: Office, session: str, n: int) -> Any:
    acts = (
        lambda: o.desk.report(session, HangUp(list(Role)[n % 2]), o.clock()),
        lambda: o.desk.end(session, "why", "key_1"),
        lambda: o.desk.remove(session, Role.CLIENT, "why", "key_1"),
        lambda: o.desk.report(session, Outage(NOON), o.clock()),
    )
    return await acts[n % 3]()


_RACES: tuple[tuple[str, Any, Any, str, int], ...] = (
    ("accept", _nothing, lambda o, s, n: o.desk.report(s, Accept(Role.CLIENT, "2026-11"), o.clock()), "accepted", 1),
    (
        "take-seat",
        _accepted,
        lambda o, s, n: o.desk.report(s, Join(Role.CLIENT, f"join-{n:04}"), o.clock()),
        "joined",
        1,
    ),
    ("meet", _accepted, lambda o, s, n: o.desk.report(s, Join(list(Role)[n % 2], "join-0000"), o.clock()), "met", 1),
    ("media", _live, lambda o, s, n: o.desk.report(s, MediaUp(), o.clock()), "media_flowed", 1),
    (
        "depart",
        _live,
        lambda o, s, n: o.desk.report(s, Depart(Role.CLIENT, "join-client", How.CONNECTION, NOON), o.clock()),
        "departed",
        1,
    ),
    ("hang-up", _talking, _expert, "hung_up", 1),
    ("hang-up-settled", _talking, _expert, "settled", 1),
    ("any-end", _talking, _any_end, "ended", 1),
    ("hard-stop", _overdue, _wake_or_sweep, "ended", 1),
    ("cancel", _nothing, lambda o, s, n: o.desk.cancel(s, list(Whom)[n % 2]), "ended", 1),
    (
        "move",
        _nothing,
        lambda o, s, n: o.desk.book(booking(s, accepted=(), starts_at=NOON + MINUTE)),
        "moved",
        1,
    ),
    ("refund", _left, lambda o, s, n: o.desk.request_refund(s, Role.CLIENT, None), "refund_requested", 1),
    ("expire", _expired, _wake_or_sweep, "refund_expired", 1),
    ("approve", _asked, lambda o, s, n: o.desk.decide_refund(s, "approved", None, None), "refund_decided", 1),
    (
        "approve-or-decline",
        _asked,
        lambda o, s, n: o.desk.decide_refund(s, ("approved", "declined")[n % 2], None, "why"),
        "refund_decided",
        1,
    ),
    ("pay", _approved, lambda o, s, n: o.desk.refund_settled(s, "re_1"), "refund_paid", 1),
    ("page-opened", _nothing, lambda o, s, n: _open(o, s), "opened", 1),
)


async def _open(o: Office, session: str) -> Any:
    return await o.desk.admit(o.desk.link(await o.desk.record(session), Role.CLIENT).partition("#t=")[2])


async def one_instant(folder: Path, scale: int) -> Row:
    """``scale`` calls end at one instant, once with their alarms and once with every alarm lost: each settled, once."""
    problems: list[str] = []
    for lost in (False, True):
        async with office(folder / f"instant-{lost}.db", Real()) as o:
            timers = Timers(o.desk.wake, o.desk.sweep, o.clock)
            o.desk.alarm = (lambda session, when: None) if lost else timers.wake_at
            ends_at = wall_clock() + 5_000 + 100 * scale
            ids = [f"bk_{number}" for number in range(scale)]
            for first in range(0, scale, 10):
                await asyncio.gather(*(_call(o, session, ends_at) for session in ids[first : first + 10]))
            await timers.start()
            left = set(ids)
            for _ in range(600):
                await asyncio.sleep(0.2)
                left = {session for session in left if not (await o.desk.record(session)).session.over}
                if not left:
                    break
            await asyncio.sleep(1.5)  # whoever rings late rings in vain
            await timers.stop()
            problems += [f"{session} has not ended" for session in left]
            for session in ids:
                facts = (await o.desk.record(session)).facts
                ends = [fact for fact in facts if isinstance(fact, Ended)]
                if len(ends) != 1 or ends[0].as_of != ends_at or ends[0].by is not None:
                    problems.append(f"{session} ended as {ends}")
        problems += audit(folder / f"instant-{lost}.db", Told(), overdue_at=wall_clock())
    return Row(
        f"{scale} calls end at one instant, with their alarms and without",
        f"{2 * scale - len(problems)} of {2 * scale} settled once, as of their end",
        "all",
        not problems,
        tuple(problems),
    )


async def _call(o: Office, session: str, ends_at: Ms) -> Booked:
    booked = await o.desk.book(booking(session, starts_at=ends_at - MINUTE, duration=MINUTE))
    for role in Role:
        await o.desk.report(session, Join(role, f"join-{role}"), o.clock())
    await o.desk.report(session, MediaUp(), o.clock())
    return booked
