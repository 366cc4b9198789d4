"""Read-only questions of the dashboard: accounts, notes, cases, what is live. The third file of views, for doors too.

It finds and counts; it does not know who may see what it finds.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select

from server.policy.cases import CaseKind
from server.policy.punctuality import Mark
from server.store import cases, people, sessions, tables
from server.store import operators as accounts
from server.store.cases import Case, Note
from server.store.operators import Operator
from server.store.sessions import Record
from server.store.views import Reader
from server.store.views_post import DELIVERY, Delivery, a_delivery
from signaling.session import Ms, Phase, Role

ENVIRONMENT = "environment"
"""What the log calls the key that is no row of the store."""

_HERE = (Phase.WAITING.value, Phase.LIVE.value, Phase.HELD.value)


async def operators(reader: Reader) -> list[Operator]:
    """All accounts there ever were, oldest first."""
    async with reader.read() as connection:
        return await accounts.every(connection)


async def names(reader: Reader, ids: Iterable[str | None]) -> dict[str, str]:
    """What accounts and keys are called, of those that the log names."""
    wanted = sorted({id_ for id_ in ids if id_})
    if not wanted:
        return {}
    found: dict[str, str] = {ENVIRONMENT: "the environment's key", "command": "the command line"}
    async with reader.read() as connection:
        for table in (tables.operators, tables.keys):
            rows = await connection.execute(select(table.c.id, table.c.name).where(table.c.id.in_(wanted)))
            found |= {row.id: row.name for row in rows}
    return {id_: found[id_] for id_ in wanted if id_ in found}


async def texts(reader: Reader, digests: Iterable[str]) -> dict[str, str]:
    """What stands behind these digests, where it is still kept."""
    async with reader.read() as connection:
        return await people.texts(connection, digests)


async def called(reader: Reader, person_ids: Collection[str]) -> dict[str, str]:
    """The name under which each person was booked last, by the booking system's id."""
    p, s = tables.parties, tables.sessions
    order = (s.c.created_at.desc(), s.c.id.desc())
    number = func.row_number().over(partition_by=p.c.person_id, order_by=order).label("number")
    ranked = (
        select(p.c.person_id, p.c.name, number)
        .join(s, s.c.id == p.c.session_id)
        .where(p.c.person_id.in_(sorted(person_ids)))
        .subquery()
    )
    async with reader.read() as connection:
        rows = await connection.execute(select(ranked).where(ranked.c.number == 1))
        return {row.person_id: row.name for row in rows}


# --- sessions ---------------------------------------------------------------------------------------------------------


async def here(reader: Reader, limit: int) -> list[Record]:
    """Sessions in which somebody is present now, or that are held: up to ``limit``, the soonest end first."""
    s = tables.sessions
    query = select(s.c.id).where(s.c.probe == 0, s.c.status.in_(_HERE)).order_by(s.c.ends_at, s.c.id).limit(limit)
    async with reader.read() as connection:
        return await sessions.load_many(connection, [row.id for row in await connection.execute(query)])


async def present(reader: Reader) -> dict[str, int]:
    """How many sessions there are of those in which somebody is present or that are held, by phase."""
    s = tables.sessions
    query = (
        select(s.c.status, func.count().label("n")).where(s.c.status.in_(_HERE), s.c.probe == 0).group_by(s.c.status)
    )
    async with reader.read() as connection:
        return dict.fromkeys(_HERE, 0) | {row.status: row.n for row in await connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one party, and what became of it."""

    role: str
    kind: str
    status: str
    why: str | None
    due_at: Ms | None
    finished_at: Ms | None


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a session, with where it went."""

    id: str
    type: str
    sequence: int
    created_at: Ms
    deliveries: list[Delivery]


async def told(reader: Reader, session: str, limit: int) -> tuple[list[Told], list[Letter]]:
    """A session's newest events, oldest first, and its letters."""
    o, d, t = tables.outbox, tables.deliveries, tables.letters
    async with reader.read() as connection:
        newest = select(o).where(o.c.stream == session).order_by(o.c.sequence.desc()).limit(limit)
        events = list(reversed((await connection.execute(newest)).all()))
        found: dict[str, list[Delivery]] = {row.id: [] for row in events}
        sent = DELIVERY.where(d.c.event.in_(sorted(found))).order_by(d.c.created_at, d.c.id)
        for row in await connection.execute(sent):
            found[row.event].append(a_delivery(row))
        rows = await connection.execute(select(t).where(t.c.session_id == session).order_by(t.c.created_at, t.c.id))
        letters = [Letter(r.role, r.kind, r.status, r.why, r.due_at, r.finished_at) for r in rows]
    return [Told(row.id, row.type, row.sequence, row.created_at, found[row.id]) for row in events], letters


@dataclass(frozen=True, slots=True)
class Counts:
    """How many sessions begin in a span, by phase, and how many of them are flagged."""

    phases: dict[str, int]
    flagged: int


async def counts(reader: Reader, start: Ms | None = None, end: Ms | None = None) -> Counts:
    """Of all sessions, or of those that begin in ``[start, end)``."""
    s, o = tables.sessions, tables.outcomes
    where: list[ColumnElement[bool]] = [s.c.probe == 0]
    if start is not None:
        where.append(s.c.starts_at >= start)
    if end is not None:
        where.append(s.c.starts_at < end)
    async with reader.read() as connection:
        by_phase = select(s.c.status, func.count().label("n")).where(*where).group_by(s.c.status)
        phases = {row.status: row.n for row in await connection.execute(by_phase)}
        joined = s.join(o, o.c.session_id == s.c.id)
        flagged = select(func.count()).select_from(joined).where(*where, o.c.flags != "")
        return Counts(phases, (await connection.execute(flagged)).scalar_one())


# --- cases and notes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queued:
    """Which cases; None means any. ``assignee``: an id, or "" for those that nobody has taken."""

    kind: CaseKind | None = None
    state: str | None = None
    assignee: str | None = None
    overdue: bool | None = None
    session: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """A case with what one wants to see of it in a list."""

    case: Case
    title: str | None
    amount: int | None
    currency: str | None
    person_id: str | None


async def queue(reader: Reader, wanted: Queued, now: Ms, after: tuple[Ms, str] | None, limit: int) -> list[About]:
    """Up to ``limit`` cases, the soonest due first."""
    c, n = tables.cases, tables.people
    where: list[ColumnElement[bool]] = []
    for column, value in ((c.c.kind, wanted.kind), (c.c.session_id, wanted.session)):
        if value is not None:
            where.append(column == value)
    if wanted.state == "unfinished":
        where.append(c.c.state != "closed")
    elif wanted.state is not None:
        where.append(c.c.state == wanted.state)
    if wanted.assignee is not None:
        where.append(c.c.assignee == wanted.assignee if wanted.assignee else c.c.assignee.is_(None))
    if wanted.overdue is not None:
        late = and_(c.c.state != "closed", c.c.due_at <= now)
        where.append(late if wanted.overdue else ~late)
    if wanted.person is not None:
        theirs = select(n.c.pseudonym).where(or_(n.c.person_id == wanted.person, n.c.pseudonym == wanted.person))
        where.append(c.c.person.in_(theirs))
    if after is not None:
        due, id_ = after
        where.append(or_(c.c.due_at > due, and_(c.c.due_at == due, c.c.id > id_)))
    return await _about(reader, where, limit)


async def one_case(reader: Reader, id_: str) -> About | None:
    found = await _about(reader, [tables.cases.c.id == id_], 1)
    return found[0] if found else None


async def _about(reader: Reader, where: list[ColumnElement[bool]], limit: int) -> list[About]:
    c, s, o, n = tables.cases, tables.sessions, tables.outcomes, tables.people
    query = (
        select(
            c,
            s.c.title,
            func.coalesce(o.c.requested, o.c.possible).label("amount"),
            o.c.currency,
            n.c.person_id,
        )
        .select_from(
            c.outerjoin(s, s.c.id == c.c.session_id)
            .outerjoin(o, o.c.session_id == c.c.session_id)
            .outerjoin(n, n.c.pseudonym == c.c.person)
        )
        .where(*where)
        .order_by(c.c.due_at, c.c.id)
        .limit(limit)
    )
    async with reader.read() as connection:
        return [
            About(cases.a_case(row), row.title, row.amount, row.currency, row.person_id)
            for row in await connection.execute(query)
        ]


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue in numbers: what is not closed."""

    open: int
    overdue: int
    mine: int
    by_kind: dict[str, int]


async def queue_counts(reader: Reader, now: Ms, who: str | None = None) -> Queue:
    """``who``: whose cases are ``mine``."""
    c = tables.cases
    query = (
        select(
            c.c.kind,
            func.count().label("open"),
            func.count().filter(c.c.due_at <= now).label("overdue"),
            func.count().filter(c.c.assignee == who).label("mine"),
        )
        .where(c.c.state != "closed")
        .group_by(c.c.kind)
    )
    async with reader.read() as connection:
        rows = (await connection.execute(query)).all()
    by_kind = {kind.value: 0 for kind in CaseKind} | {row.kind: row.open for row in rows}
    return Queue(sum(by_kind.values()), sum(row.overdue for row in rows), sum(row.mine for row in rows), by_kind)


async def notes(
    reader: Reader, *, session: str | None, person: str | None, before: tuple[Ms, str] | None, limit: int
) -> list[Note]:
    """Up to ``limit`` notes on a session or a person (a pseudonym), newest first."""
    n = tables.notes
    where = [n.c.session_id == session if session is not None else n.c.person == person]
    if before is not None:
        at, id_ = before
        where.append(or_(n.c.created_at < at, and_(n.c.created_at == at, n.c.id < id_)))
    query = select(n).where(*where).order_by(n.c.created_at.desc(), n.c.id.desc()).limit(limit)
    async with reader.read() as connection:
        return [cases.a_note(row) for row in await connection.execute(query)]


# --- persons ----------------------------------------------------------------------------------------------------------


async def pseudonym(reader: Reader, person_id: str) -> tuple[str, str] | None:
    """The pseudonym of a person and its id, by either."""
    async with reader.read() as connection:
        person = await people.find(connection, person_id)
    return (person.pseudonym, person.person_id) if person else None


async def marks(reader: Reader, pseudonyms: Collection[str], each: int) -> dict[str, list[Mark]]:
    """The newest marks of these persons as experts, by the end of their slots; up to ``each`` of one, newest first."""
    m = tables.marks
    order = (m.c.ends_at.desc(), m.c.session_id.desc(), m.c.starts_at.desc(), m.c.at.desc())
    number = func.row_number().over(partition_by=m.c.person, order_by=order).label("number")
    ranked = select(m, number).where(m.c.person.in_(sorted(pseudonyms)), m.c.role == Role.EXPERT.value).subquery()
    query = select(ranked).where(ranked.c.number <= each).order_by(ranked.c.person, ranked.c.number)
    found: dict[str, list[Mark]] = {pseudonym: [] for pseudonym in pseudonyms}
    async with reader.read() as connection:
        for row in await connection.execute(query):
            found[row.person].append(people.a_mark(row))
    return found


# --- figures ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """A session that is over, in figures: a row of ``outcomes``."""

    starts_at: Ms
    reason: str
    booked: Ms
    client_present: Ms
    expert_present: Ms
    mutual: Ms | None
    client_kind: str | None
    client_lateness: Ms | None
    expert_kind: str | None
    expert_lateness: Ms | None
    basis: str
    currency: str | None
    possible: int
    requested: int | None
    approved: int | None


async def outcomes(reader: Reader, start: Ms, end: Ms, limit: int) -> list[Outcome]:
    """Of sessions that began in ``[start, end)``, oldest first."""
    o = tables.outcomes
    columns = [o.c[name] for name in Outcome.__dataclass_fields__]
    query = select(*columns).where(o.c.starts_at >= start, o.c.starts_at < end).order_by(o.c.starts_at).limit(limit)
    async with reader.read() as connection:
        return [Outcome(*row) for row in await connection.execute(query)]


Sample = tuple[Ms, float | None, float | None, str | None]
"""When, the round trip in milliseconds, the loss in percent, the level."""


async def quality(reader: Reader, start: Ms, end: Ms, limit: int) -> list[Sample]:
    """What calls in ``[start, end)`` measured, out of ``limit`` rows of samples at most."""
    q = tables.quality
    query = select(q.c.samples).where(q.c.until >= start, q.c.since < end).order_by(q.c.since).limit(limit)
    async with reader.read() as connection:
        rows = (await connection.execute(query)).all()
    return [(at, trip, loss, level) for row in rows for at, trip, loss, _, level, *_ in json.loads(row.samples)]


async def newest_quality(reader: Reader, session_ids: Collection[str], since: Ms) -> dict[tuple[str, str], Sample]:
    """By session and role, what was measured last, if that was after ``since``."""
    q = tables.quality
    query = (
        select(q.c.session_id, q.c.role, q.c.samples)
        .where(q.c.session_id.in_(sorted(session_ids)), q.c.until >= since)
        .order_by(q.c.until)
    )
    found: dict[tuple[str, str], Sample] = {}
    async with reader.read() as connection:
        for row in await connection.execute(query):
            at, trip, loss, _, level, *_ = json.loads(row.samples)[-1]
            found[row.session_id, row.role] = (at, trip, loss, level)
    return found


__all__ = [
    "About",
    "Case",
    "Counts",
    "Letter",
    "Note",
    "Operator",
    "Outcome",
    "Queue",
    "Queued",
    "Sample",
    "Told",
    "called",
    "counts",
    "here",
    "marks",
    "names",
    "newest_quality",
    "notes",
    "one_case",
    "operators",
    "outcomes",
    "present",
    "pseudonym",
    "quality",
    "queue",
    "queue_counts",
    "texts",
    "told",
]
