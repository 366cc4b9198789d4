"""Read-only questions for lists, pages and gauges: the one file of the store that doors may use.

It finds and counts; it writes nothing, and it does not know who may see what it finds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy.verdict import RefundStatus
from server.store import people, quality, sessions, tables
from server.store.keys import Key
from server.store.people import File
from server.store.quality import Sample
from server.store.sessions import Party, Record
from signaling.ledger import Entry
from signaling.session import EndReason, Ms, Phase, Role, Whom


class Reader(Protocol):
    """What of the database a door gets: connections that cannot write."""

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions; None means any. ``start`` and ``end`` bound ``starts_at``, closed and open.

    ``party``: in either role. ``outcome`` and ``by``: how it ended, and whom that names. ``flagged``: an operator
    should look at it. ``text``: the beginning of its id, a part of a party's name, or a person's id. ``newest``: in the
    reverse order.
    """

    status: Phase | None = None
    expert: str | None = None
    client: str | None = None
    start: Ms | None = None
    end: Ms | None = None
    party: str | None = None
    outcome: EndReason | None = None
    by: Whom | None = None
    refund: RefundStatus | None = None
    flagged: bool | None = None
    text: str | None = None
    newest: bool = False


async def page(reader: Reader, wanted: Wanted, after: tuple[Ms, str] | None, limit: int) -> list[Record]:
    """Up to ``limit`` sessions in the order of ``(starts_at, id)``, or its reverse, beginning behind ``after``."""
    s = tables.sessions
    where = _which(wanted)
    if after is not None:
        at, id_ = after
        if wanted.newest:
            where.append(or_(s.c.starts_at < at, and_(s.c.starts_at == at, s.c.id < id_)))
        else:
            where.append(or_(s.c.starts_at > at, and_(s.c.starts_at == at, s.c.id > id_)))
    order = (s.c.starts_at.desc(), s.c.id.desc()) if wanted.newest else (s.c.starts_at, s.c.id)
    async with reader.read() as connection:
        rows = await connection.execute(select(s.c.id).where(*where).order_by(*order).limit(limit))
        return await sessions.load_many(connection, [row.id for row in rows])


def _which(wanted: Wanted) -> list[ColumnElement[bool]]:
    s, p, o = tables.sessions, tables.parties, tables.outcomes
    where: list[ColumnElement[bool]] = [s.c.probe == 0]
    if wanted.status is not None:
        where.append(s.c.status == wanted.status.value)
    for role, person in ((Role.EXPERT, wanted.expert), (Role.CLIENT, wanted.client)):
        if person is not None:
            theirs = select(p.c.session_id).where(p.c.person_id == person, p.c.role == role.value)
            where.append(s.c.id.in_(theirs))
    if wanted.start is not None:
        where.append(s.c.starts_at >= wanted.start)
    if wanted.end is not None:
        where.append(s.c.starts_at < wanted.end)
    if wanted.party is not None:
        where.append(s.c.id.in_(select(p.c.session_id).where(p.c.person_id == wanted.party)))
    for column, value in (
        (s.c.end_reason, wanted.outcome),
        (s.c.end_by, wanted.by),
        (s.c.refund_status, wanted.refund),
    ):
        if value is not None:
            where.append(column == value.value)
    if wanted.flagged is not None:
        flagged = select(o.c.session_id).where(o.c.flags != "")
        where.append(s.c.id.in_(flagged) if wanted.flagged else s.c.id.not_in(flagged))
    if wanted.text is not None:
        named = p.c.name.icontains(wanted.text, autoescape=True)
        theirs = select(p.c.session_id).where(or_(named, p.c.person_id == wanted.text))
        where.append(or_(s.c.id.startswith(wanted.text, autoescape=True), s.c.id.in_(theirs)))
    return where


async def ledger(reader: Reader, session_id: str, after: int, limit: int) -> list[Entry]:
    """Up to ``limit`` entries behind number ``after``; none for a session that is not there."""
    e = tables.ledger
    query = select(e).where(e.c.session_id == session_id, e.c.seq > after).order_by(e.c.seq).limit(limit)
    async with reader.read() as connection:
        return [Entry(row.seq, row.body, row.hash) for row in await connection.execute(query)]


async def measured(reader: Reader, session_id: str) -> dict[Role, list[Sample]]:
    """What each side's page measured of its call, oldest first, as far as it is still kept (P5.7)."""
    async with reader.read() as connection:
        return await quality.of_session(connection, session_id)


# --- persons ----------------------------------------------------------------------------------------------------------

PersonSort = Literal["punctuality", "factor", "complaints"]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person in a list, as it was computed last. ``key``: what the list is sorted by."""

    pseudonym: str
    person_id: str
    badge: bool
    punctuality_bps: int | None
    counted: int
    factor_bps: int
    complaints: int
    sanctioned: bool
    erased_at: Ms | None
    key: int


async def people_page(
    reader: Reader,
    role: Role | None,
    sort: PersonSort,
    now: Ms,
    after: tuple[int, str] | None,
    limit: int,
    text: str | None = None,
) -> list[PersonRow]:
    """Up to ``limit`` persons, those first who need looking at: least punctual, lowest factor, most complaints.

    ``role``: only who was ever booked in it. ``text``: a part of a name it was booked under, or its id or pseudonym.
    Complaints are those that were not dismissed.
    """
    p, q, c, x = tables.people, tables.parties, tables.complaints, tables.sanctions
    about = [c.c.accused == p.c.pseudonym, c.c.status != "dismissed"]
    if role is not None:
        about.append(c.c.role == role.value)
    complaints = select(func.count()).where(*about).correlate(p).scalar_subquery()
    barred = (
        select(x.c.id)
        .where(
            x.c.person == p.c.pseudonym,
            x.c.imposed_at <= now,
            x.c.lifted_at.is_(None),
            or_(x.c.until.is_(None), x.c.until > now),
        )
        .correlate(p)
        .exists()
    )
    key: ColumnElement[int] = {
        "punctuality": func.coalesce(p.c.punctuality_bps, 10_001),  # who has none yet stands behind all who have
        "factor": p.c.factor_bps,
        "complaints": -complaints,
    }[sort]
    where: list[ColumnElement[bool]] = []
    if role is not None:
        booked = select(q.c.session_id).where(q.c.person_id == p.c.person_id, q.c.role == role.value).correlate(p)
        where.append(booked.exists())
    if text is not None:
        called = select(q.c.person_id).where(q.c.name.icontains(text, autoescape=True))
        where.append(or_(p.c.person_id == text, p.c.pseudonym == text, p.c.person_id.in_(called)))
    if after is not None:
        last, pseudonym = after
        where.append(or_(key > last, and_(key == last, p.c.pseudonym > pseudonym)))
    found = (
        select(p, complaints.label("complaints"), barred.label("barred"), key.label("key"))
        .where(*where)
        .order_by(key, p.c.pseudonym)
        .limit(limit)
    )
    async with reader.read() as connection:
        return [
            PersonRow(
                pseudonym=row.pseudonym,
                person_id=row.person_id,
                badge=bool(row.badge),
                punctuality_bps=row.punctuality_bps,
                counted=row.counted,
                factor_bps=row.factor_bps,
                complaints=row.complaints,
                sanctioned=bool(row.barred),
                erased_at=row.erased_at,
                key=row.key,
            )
            for row in await connection.execute(found)
        ]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Files of persons with what belongs to them: texts by their digest, persons' ids by their pseudonym."""

    files: dict[str, File]
    texts: dict[str, str]
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Complained:
    """Which complaints; None means any. ``accused``: a person's id or pseudonym."""

    status: str | None = None
    category: str | None = None
    accused: str | None = None
    session: str | None = None


async def complaints_page(
    reader: Reader, wanted: Complained, after: tuple[Ms, str] | None, limit: int
) -> tuple[list[tuple[str, str]], Shelf]:
    """Up to ``limit`` complaints as (accused, id), newest first, and the files of the accused."""
    c, p = tables.complaints, tables.people
    where: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        where.append(c.c.status == wanted.status)
    if wanted.category is not None:
        where.append(c.c.category == wanted.category)
    if wanted.accused is not None:
        who = or_(p.c.person_id == wanted.accused, p.c.pseudonym == wanted.accused)
        where.append(c.c.accused.in_(select(p.c.pseudonym).where(who)))
    if wanted.session is not None:
        where.append(c.c.session_id == wanted.session)
    if after is not None:
        at, id_ = after
        where.append(or_(c.c.filed_at < at, and_(c.c.filed_at == at, c.c.id < id_)))
    query = select(c.c.accused, c.c.id).where(*where).order_by(c.c.filed_at.desc(), c.c.id.desc()).limit(limit)
    async with reader.read() as connection:
        found = [(row.accused, row.id) for row in await connection.execute(query)]
        return found, await _shelf(connection, {accused for accused, _ in found})


async def sanctions_page(
    reader: Reader, *, open_: bool | None, now: Ms, after: tuple[Ms, str] | None, limit: int
) -> tuple[list[tuple[str, str]], Shelf]:
    """Up to ``limit`` sanctions as (person, id), newest first, and the files of the persons.

    ``open_``: in force, or with an appeal that waits for its decision; False: the others.
    """
    x = tables.sanctions
    in_force = and_(x.c.lifted_at.is_(None), or_(x.c.until.is_(None), x.c.until > now))
    waits = func.coalesce(x.c.appeal, "") == "pending"
    where: list[ColumnElement[bool]] = []
    if open_ is not None:
        where.append(or_(in_force, waits) if open_ else ~or_(in_force, waits))
    if after is not None:
        at, id_ = after
        where.append(or_(x.c.imposed_at < at, and_(x.c.imposed_at == at, x.c.id < id_)))
    query = select(x.c.person, x.c.id).where(*where).order_by(x.c.imposed_at.desc(), x.c.id.desc()).limit(limit)
    async with reader.read() as connection:
        found = [(row.person, row.id) for row in await connection.execute(query)]
        return found, await _shelf(connection, {person for person, _ in found})


async def shelf(reader: Reader, pseudonyms: Iterable[str]) -> Shelf:
    """The files of these persons, and what belongs to them."""
    async with reader.read() as connection:
        return await _shelf(connection, set(pseudonyms))


@dataclass(frozen=True, slots=True)
class Acts:
    """Which acts of operators; None means any. ``act``: one, or a family of them (``session``)."""

    subject: str | None = None
    who: str | None = None
    act: str | None = None
    start: Ms | None = None
    end: Ms | None = None
    newest: bool = False


async def audit(reader: Reader, wanted: Acts, *, after: int | None, limit: int) -> tuple[list[Entry], dict[str, str]]:
    """Up to ``limit`` acts of operators behind number ``after``, and the reasons that are still kept."""
    a = tables.audit
    where: list[ColumnElement[bool]] = []
    if after is not None:
        where.append(a.c.seq < after if wanted.newest else a.c.seq > after)
    if wanted.subject is not None:
        where.append(a.c.subject == wanted.subject)
    if wanted.who is not None:
        where.append(a.c.who == wanted.who)
    if wanted.act is not None:
        where.append(or_(a.c.act == wanted.act, a.c.act.startswith(f"{wanted.act}.", autoescape=True)))
    if wanted.start is not None:
        where.append(a.c.at >= wanted.start)
    if wanted.end is not None:
        where.append(a.c.at < wanted.end)
    order = a.c.seq.desc() if wanted.newest else a.c.seq
    async with reader.read() as connection:
        rows = (await connection.execute(select(a).where(*where).order_by(order).limit(limit))).all()
        entries = [Entry(row.seq, row.body, row.hash) for row in rows]
        reasons = [json.loads(entry.body).get("reason") for entry in entries]
        return entries, await people.texts(connection, reasons)


async def _shelf(connection: AsyncConnection, pseudonyms: set[str]) -> Shelf:
    files: dict[str, File] = {}
    texts: dict[str, str] = {}
    others: set[str] = set()
    for pseudonym in sorted(pseudonyms):
        file = await people.load(connection, pseudonym)
        if file is None:
            continue
        files[pseudonym] = file
        texts |= await people.texts_about(connection, file)
        others |= {each.filed.by for each in file.dossier.complaints.values()}
        others |= {each.given.by for each in file.dossier.ratings.values()}
    p = tables.people
    rows = await connection.execute(select(p.c.pseudonym, p.c.person_id).where(p.c.pseudonym.in_(sorted(others))))
    return Shelf(files, texts, {row.pseudonym: row.person_id for row in rows})


# --- gauges -----------------------------------------------------------------------------------------------------------


async def phases(reader: Reader) -> dict[str, int]:
    """How many sessions there are in each phase that has any."""
    s = tables.sessions
    async with reader.read() as connection:
        rows = await connection.execute(
            select(s.c.status, func.count().label("n")).where(s.c.probe == 0).group_by(s.c.status)
        )
        return {row.status: row.n for row in rows}


async def outbox_depth(reader: Reader) -> int:
    """Events for the outside that are kept."""
    async with reader.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(tables.outbox))).scalar_one())


async def letters(reader: Reader) -> tuple[dict[str, int], Ms | None]:
    """How many letters there are by what became of them, and when the oldest that waits was due."""
    t = tables.letters
    async with reader.read() as connection:
        rows = await connection.execute(select(t.c.status, func.count().label("n")).group_by(t.c.status))
        found = {row.status: row.n for row in rows}
        due: Ms | None = (await connection.execute(select(func.min(t.c.due_at)))).scalar_one()
        return found, due


async def last_alive(reader: Reader) -> Ms | None:
    """This service's newest sign of life (P3.9): proof, too, that the database takes writes."""
    async with reader.read() as connection:
        at: Ms | None = (await connection.execute(select(func.max(tables.alive.c.at)))).scalar_one()
        return at


__all__ = [
    "Acts",
    "Complained",
    "Entry",
    "File",
    "Key",
    "Party",
    "PersonRow",
    "PersonSort",
    "Reader",
    "Record",
    "Sample",
    "Shelf",
    "Wanted",
    "audit",
    "complaints_page",
    "last_alive",
    "ledger",
    "letters",
    "measured",
    "outbox_depth",
    "page",
    "people_page",
    "phases",
    "sanctions_page",
    "shelf",
]
