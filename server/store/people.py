"""People in the store: a pseudonym, a ledger, and the tables that are drawn from it for finding.

A person's ledger is loaded with the person locked, so that who counts and then acts counts what stands (P2.3). Its
rows in ``complaints``, ``ratings`` and ``sanctions`` are written from the fold of the ledger and could be made again
from it. Free text lies in ``texts`` under its salted digest: it can be erased, and cannot be changed unseen (P5.7).
What any of it means is the policy's.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import uuid_utils
from sqlalchemy import BigInteger, Select, String, bindparam, func, insert, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy.people import Complaint, Dossier, PersonFact, Rating, Sanction, decode, dossier, encode
from server.policy.punctuality import Mark
from server.policy.verdict import AttendanceKind
from server.store import tables
from server.store.batch import Questions, Rows, put
from server.store.locks import add_once, exclusively
from server.store.sessions import OutboxRow
from signaling.errors import NotFound, Stale
from signaling.ledger import Entry, canonical, extend
from signaling.session import Ms, Phase, Role

MARKS_AT_ONCE = 200
"""How far back marks are read for a factor: ten windows; who has that many with one client has few others."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person as an expert and as a client. ``head`` is the hash of its ledger's last entry, ``version`` its length.

    ``factor_bps``, ``punctuality_bps``, ``counted`` and ``badge`` are what was computed last, for showing.
    """

    pseudonym: str
    person_id: str
    version: int
    head: str
    events: int
    factor_bps: int
    punctuality_bps: int | None
    counted: int
    badge: bool
    wake_at: Ms | None
    created_at: Ms
    erased_at: Ms | None


@dataclass(frozen=True, slots=True)
class File:
    """A person with all that is on its ledger."""

    person: Person
    facts: tuple[PersonFact, ...]
    dossier: Dossier


# --- persons ----------------------------------------------------------------------------------------------------------


async def find(connection: AsyncConnection, person_id: str) -> Person | None:
    """By the booking system's id, or by the pseudonym."""
    p = tables.people
    row = (
        await connection.execute(select(p).where(or_(p.c.person_id == person_id, p.c.pseudonym == person_id)))
    ).first()
    return a_person(row) if row else None


async def hold(connection: AsyncConnection, person_id: str) -> Person | None:
    """As ``find``; nobody books this person, or changes it, until this transaction ends."""
    found = await find(connection, person_id)
    if found is None:
        return None
    await exclusively(connection, "person_id", found.person_id)
    await exclusively(connection, "person", found.pseudonym)
    return await find(connection, found.pseudonym)


async def load(connection: AsyncConnection, pseudonym: str, *, lock: bool = False) -> File | None:
    """A person's file; ``lock``: nobody else may change it until this transaction ends."""
    if lock:
        await exclusively(connection, "person", pseudonym)
    persons, entries = await _FILE.ask(connection, pseudonym=pseudonym)
    if not persons:
        return None
    facts = tuple(decode(entry.body) for entry in entries)
    return File(a_person(persons[0]), facts, dossier(facts))


def _file() -> Questions:
    p, e = tables.people, tables.person_ledger
    pseudonym = bindparam("pseudonym", type_=String)
    return Questions(
        select(p).where(p.c.pseudonym == pseudonym),
        select(e.c.body).where(e.c.pseudonym == pseudonym).order_by(e.c.seq),
    )


_FILE = _file()


async def append(connection: AsyncConnection, file: File, facts: Sequence[PersonFact]) -> File:
    """The file with ``facts`` on its ledger, and everything that is drawn from it brought up to date."""
    if not facts:
        return file
    person = file.person
    head = Entry(person.version, "", person.head) if person.version else None
    entries = extend(person.pseudonym, head, (encode(fact) for fact in facts))
    rows = [{"pseudonym": person.pseudonym, "seq": e.seq, "body": e.body, "hash": e.hash} for e in entries]
    await put(connection, Rows(tables.person_ledger, rows))
    p = tables.people
    done = await connection.execute(
        update(p)
        .where(p.c.pseudonym == person.pseudonym, p.c.version == person.version)
        .values(version=entries[-1].seq, head=entries[-1].hash)
    )
    if done.rowcount != 1:
        raise Stale()
    grown = (*file.facts, *facts)
    after = File(replace(person, version=entries[-1].seq, head=entries[-1].hash), grown, dossier(grown))
    await _draw(connection, file, after)
    return after


async def show(connection: AsyncConnection, person: Person) -> None:
    """Keep what was computed last: factor, punctuality, badge, and when to look again."""
    p = tables.people
    await connection.execute(
        update(p)
        .where(p.c.pseudonym == person.pseudonym)
        .values(
            factor_bps=person.factor_bps,
            punctuality_bps=person.punctuality_bps,
            counted=person.counted,
            badge=int(person.badge),
            wake_at=person.wake_at,
        )
    )


async def due(connection: AsyncConnection, now: Ms) -> list[str]:
    """Persons whose factor may have changed with nobody's doing."""
    return [row.pseudonym for row in (await _DUE.ask(connection, now=now))[0]]


_DUE = Questions(
    select(tables.people.c.pseudonym)
    .where(tables.people.c.wake_at <= bindparam("now", type_=BigInteger))
    .order_by(tables.people.c.wake_at)
    .limit(500)
)


async def add_outbox(connection: AsyncConnection, person: Person, rows: Iterable[OutboxRow], now: Ms) -> Person:
    """Events about a person, numbered on in its own stream."""
    values = [
        {
            "id": str(uuid_utils.uuid7()),
            "stream": f"person/{person.pseudonym}",
            "sequence": sequence,
            "type": row.type,
            "body": row.body,
            "created_at": now,
        }
        for sequence, row in enumerate(rows, start=person.events + 1)
    ]
    if not values:
        return person
    await put(connection, Rows(tables.outbox, values))
    p = tables.people
    events = person.events + len(values)
    await connection.execute(update(p).where(p.c.pseudonym == person.pseudonym).values(events=events))
    return replace(person, events=events)


# --- marks ------------------------------------------------------------------------------------------------------------


async def add_marks(connection: AsyncConnection, session_id: str, marks: Iterable[tuple[str, Mark]]) -> set[str]:
    """(pseudonym, mark) of all that a session's ledger says by now; the persons of whom any is new."""
    m = tables.marks
    rows = await connection.execute(select(m.c.starts_at, m.c.role, m.c.at).where(m.c.session_id == session_id))
    known = {(row.starts_at, row.role, row.at) for row in rows}
    new = [(person, mark) for person, mark in marks if (mark.starts_at, mark.role.value, mark.at) not in known]
    await put(connection, Rows(m, [_mark_row(person, mark) for person, mark in new]))
    return {person for person, _ in new}


async def unmarked(connection: AsyncConnection, after: str, limit: int) -> list[str]:
    """Sessions that are over and of which no mark was made, by id from ``after`` on: settled before there were any."""
    s, m = tables.sessions, tables.marks
    query = select(s.c.id).where(
        s.c.id > after,
        s.c.probe == 0,
        s.c.status.in_((Phase.ENDED.value, Phase.CANCELLED.value)),
        not_(select(m.c.session_id).where(m.c.session_id == s.c.id).exists()),
    )
    return [row.id for row in await connection.execute(query.order_by(s.c.id).limit(limit))]


async def look_again_at(connection: AsyncConnection, pseudonyms: Iterable[str], now: Ms) -> None:
    """Let the next look at whose factor may have changed (``due``) find these."""
    p = tables.people
    await connection.execute(update(p).where(p.c.pseudonym.in_(sorted(pseudonyms))).values(wake_at=now))


async def marks(connection: AsyncConnection, pseudonym: str, role: Role, limit: int = MARKS_AT_ONCE) -> list[Mark]:
    """The newest marks of a person in a role, by the end of their slots."""
    m = tables.marks
    rows = await connection.execute(
        select(m)
        .where(m.c.person == pseudonym, m.c.role == role.value)
        .order_by(m.c.ends_at.desc(), m.c.session_id.desc(), m.c.starts_at.desc())
        .limit(limit)
    )
    return [a_mark(row) for row in rows]


async def marked(connection: AsyncConnection, session_id: str, starts_at: Ms, role: Role) -> str | None:
    """Whose mark it is that was made of this slot in this role."""
    m = tables.marks
    query = select(m.c.person).where(m.c.session_id == session_id, m.c.starts_at == starts_at, m.c.role == role.value)
    row = (await connection.execute(query.order_by(m.c.at.desc()).limit(1))).first()
    return row.person if row else None


# --- texts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sealed:
    """What somebody wrote, and the digest that a ledger may say of it."""

    body: str
    salt: str
    digest: str


def seal(body: str) -> Sealed:
    """A new salt each time: nobody who knows a text can find it again by its digest.

    What no store can hold is replaced: a broken character undoes nobody's leaving (P3.13).
    """
    body = "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in body)
    salt = secrets.token_bytes(16)
    return Sealed(body, salt.hex(), hashlib.sha256(salt + body.encode()).hexdigest())


async def add_text(connection: AsyncConnection, text: Sealed | None, owner: str, about: str | None, now: Ms) -> None:
    """Keep what ``owner`` (a pseudonym, or an operator's key) wrote about a person; nothing for None."""
    if text is not None:
        await connection.execute(
            insert(tables.texts).values(
                digest=text.digest, salt=text.salt, body=text.body, owner=owner, about=about, created_at=now
            )
        )


async def add_text_once(connection: AsyncConnection, text: Sealed, owner: str, now: Ms) -> None:
    """One text behind many entries: kept with the first."""
    t = tables.texts
    row = {"salt": text.salt, "body": text.body, "owner": owner, "about": None, "created_at": now}
    await add_once(connection, t, digest=text.digest, **row)


async def texts(connection: AsyncConnection, digests: Iterable[str | None]) -> dict[str, str]:
    """digest -> text, of those that are still kept."""
    wanted = sorted({digest for digest in digests if digest})
    if not wanted:
        return {}
    t = tables.texts
    return {row.digest: row.body for row in await connection.execute(select(t).where(t.c.digest.in_(wanted)))}


async def texts_about(connection: AsyncConnection, file: File) -> dict[str, str]:
    """Every text behind a digest on a person's ledger, where it is still kept."""
    wanted: list[str | None] = []
    for fact in file.facts:
        wanted += [getattr(fact, "text", None), getattr(fact, "reason", None)]
    return await texts(connection, wanted)


async def circles(connection: AsyncConnection, file: File) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Of everyone who complained about this person: with whom each has met, and how many of its complaints failed."""
    by = {complaint.filed.by for complaint in file.dossier.complaints.values()}
    m, c = tables.marks, tables.complaints
    met: dict[str, list[str]] = {each: [] for each in by}
    for row in await connection.execute(
        select(m.c.person, m.c.other).where(m.c.person.in_(by), m.c.met == 1).distinct()
    ):
        met[row.person].append(row.other)
    failed = await connection.execute(
        select(c.c.complainant, func.count().label("n"))
        .where(c.c.complainant.in_(by), c.c.status == "dismissed")
        .group_by(c.c.complainant)
    )
    return met, {row.complainant: row.n for row in failed}


# --- whose is it ------------------------------------------------------------------------------------------------------


async def accused_of(connection: AsyncConnection, complaint: str) -> str:
    """The pseudonym of whom a complaint is about. ``NotFound``."""
    c = tables.complaints
    return await _whose(connection, select(c.c.accused).where(c.c.id == complaint), "complaint")


async def sanctioned_by(connection: AsyncConnection, sanction: str) -> str:
    x = tables.sanctions
    return await _whose(connection, select(x.c.person).where(x.c.id == sanction), "sanction")


async def rated_by(connection: AsyncConnection, rating: str) -> str:
    """The pseudonym of whom a rating is about. ``NotFound``."""
    r = tables.ratings
    return await _whose(connection, select(r.c.rated).where(r.c.id == rating), "rating")


async def _whose(connection: AsyncConnection, query: Select[Any], what: str) -> str:
    found = (await connection.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"There is no {what} with this id.", code=f"{what}_not_found")
    return str(found)


# --- sanctions --------------------------------------------------------------------------------------------------------


async def barred_sessions(connection: AsyncConnection, now: Ms) -> list[str]:
    """Open sessions that have not gone live, one of whose parties a sanction in force keeps away (P2.6).

    Asked every second: nearly always there is nobody, and then no session is looked at.
    """
    s, q = tables.sessions, tables.parties
    (rows,) = await _BARRED.ask(connection, now=now)
    kept_away = {(row.person_id, role) for row in rows for role in row.roles.split()}
    if not kept_away:
        return []
    theirs = await connection.execute(
        select(s.c.id, q.c.person_id, q.c.role)
        .join(q, q.c.session_id == s.c.id)
        .where(
            q.c.person_id.in_({person for person, _ in kept_away}),
            s.c.status.in_((Phase.SCHEDULED.value, Phase.WAITING.value)),
        )
        .order_by(s.c.starts_at, s.c.id)
    )
    return list(dict.fromkeys(row.id for row in theirs if (row.person_id, row.role) in kept_away))


def _barred() -> Questions:
    p, x, now = tables.people, tables.sanctions, bindparam("now", type_=BigInteger)
    return Questions(
        select(p.c.person_id, x.c.roles)
        .join(p, p.c.pseudonym == x.c.person)
        .where(
            x.c.measure != "hold",
            x.c.imposed_at <= now,
            x.c.lifted_at.is_(None),
            or_(x.c.until.is_(None), x.c.until > now),
        )
    )


_BARRED = _barred()


# --- the operators' log -----------------------------------------------------------------------------------------------


async def add_audit(
    connection: AsyncConnection, who: str, act: str, subject: str, detail: dict[str, Any], now: Ms
) -> None:
    """One more act of an operator: who, when, what, about what (P2.7). ``detail`` holds integers and strings."""
    await exclusively(connection, "audit", "")
    a = tables.audit
    last = (await connection.execute(select(a).order_by(a.c.seq.desc()).limit(1))).first()
    body = canonical({"at": now, "who": who, "act": act, "subject": subject, **detail})
    head = Entry(last.seq, last.body, last.hash) if last else None
    entry = extend("audit", head, [body])[0]
    await connection.execute(
        insert(a).values(seq=entry.seq, at=now, who=who, act=act, subject=subject, body=body, hash=entry.hash)
    )


# --- helpers ----------------------------------------------------------------------------------------------------------


def _mark_row(person: str, mark: Mark) -> dict[str, object]:
    return {
        "session_id": mark.session,
        "starts_at": mark.starts_at,
        "role": mark.role.value,
        "person": person,
        "other": mark.other,
        "ends_at": mark.ends_at,
        "kind": mark.kind.value if mark.kind else None,
        "lateness": mark.lateness,
        "met": int(mark.met),
        "no_show": int(mark.no_show),
        "at": mark.at,
    }


def a_mark(row: object) -> Mark:
    """A row of ``marks``."""
    r: Any = row
    return Mark(
        session=r.session_id,
        starts_at=r.starts_at,
        ends_at=r.ends_at,
        role=Role(r.role),
        kind=AttendanceKind(r.kind) if r.kind else None,
        lateness=r.lateness,
        met=bool(r.met),
        no_show=bool(r.no_show),
        other=r.other,
        at=r.at,
    )


def person_row(person: Person) -> dict[str, object]:
    """The inverse of ``a_person``."""
    return {each.name: getattr(person, each.name) for each in fields(person)} | {"badge": int(person.badge)}


def a_person(row: object) -> Person:
    """A row of ``people``."""
    r: Any = row
    return Person(
        pseudonym=r.pseudonym,
        person_id=r.person_id,
        version=r.version,
        head=r.head,
        events=r.events,
        factor_bps=r.factor_bps,
        punctuality_bps=r.punctuality_bps,
        counted=r.counted,
        badge=bool(r.badge),
        wake_at=r.wake_at,
        created_at=r.created_at,
        erased_at=r.erased_at,
    )


async def _draw(connection: AsyncConnection, before: File, after: File) -> None:
    """Write the rows of what is new or different in the fold."""
    pseudonym = after.person.pseudonym
    old, new = before.dossier, after.dossier
    for complaint in _changed(old.complaints, new.complaints):
        await _put(connection, tables.complaints, _complaint_row(pseudonym, complaint), complaint.id in old.complaints)
    for rating in _changed(old.ratings, new.ratings):
        await _put(connection, tables.ratings, _rating_row(pseudonym, rating), rating.id in old.ratings)
    for sanction in _changed(old.sanctions, new.sanctions):
        await _put(connection, tables.sanctions, _sanction_row(pseudonym, sanction), sanction.id in old.sanctions)


def _changed(old: Any, new: Any) -> list[Any]:
    return [value for key, value in new.items() if old.get(key) != value]


async def _put(connection: AsyncConnection, table: Any, row: dict[str, Any], known: bool) -> None:
    if known:
        await connection.execute(update(table).where(table.c.id == row["id"]).values(row))
    else:
        await connection.execute(insert(table).values(row))


def _complaint_row(pseudonym: str, complaint: Complaint) -> dict[str, Any]:
    filed = complaint.filed
    return {
        "id": complaint.id,
        "session_id": filed.session,
        "accused": pseudonym,
        "complainant": filed.by,
        "role": filed.role.value,
        "filed_as": filed.category.value,
        "category": complaint.category.value,
        "status": complaint.status.value,
        "filed_at": filed.at,
        "decided_at": complaint.acts[-1].at if complaint.acts else None,
    }


def _rating_row(pseudonym: str, rating: Rating) -> dict[str, Any]:
    given = rating.given
    return {
        "id": rating.id,
        "session_id": given.session,
        "role": given.role.value,
        "rated": pseudonym,
        "rater": given.by,
        "stars": given.stars,
        "voided": int(rating.voided is not None),
        "given_at": given.at,
    }


def _sanction_row(pseudonym: str, sanction: Sanction) -> dict[str, Any]:
    imposed = sanction.imposed
    appeal = None if sanction.appealed is None else "pending" if sanction.decided is None else sanction.decided.decision
    return {
        "id": sanction.id,
        "person": pseudonym,
        "basis": imposed.basis.value,
        "measure": imposed.measure.value,
        "roles": " ".join(imposed.roles),
        "imposed_at": imposed.at,
        "until": imposed.until,
        "lifted_at": sanction.lifted.at if sanction.lifted else None,
        "appeal": appeal,
    }
