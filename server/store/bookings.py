"""What a booking asks of the store, and the two persons that it is about: locked, and made where they are new.

All of it is asked at once, after the locks are held, for it is the way that most transactions go. What may be booked is
the desk's and the policy's.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, String, bindparam, literal, or_, select, text, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy.people import decode, dossier
from server.policy.punctuality import Mark
from server.store import tables
from server.store.batch import Questions
from server.store.people import MARKS_AT_ONCE, File, Person, a_mark, a_person, load
from signaling.errors import UserError
from signaling.ledger import genesis
from signaling.session import Ms, Role, Slot


@dataclass(frozen=True, slots=True)
class Found:
    """``persons``: as stored, by the booking system's id or the pseudonym. ``traced``: erased, and known again (P5.7).

    ``overlaps``: other open sessions of either person at that time, as (role, session id).
    """

    booked: bool
    taken_away: bool
    persons: Mapping[Role, File | None]
    traced: Mapping[Role, Person | None]
    marks: tuple[Mark, ...]  # the newest of the expert's, as an expert
    overlaps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Engaged:
    """The files of both, and of ``fresh`` no row is stored yet."""

    files: Mapping[Role, File]
    fresh: tuple[Person, ...]
    marks: tuple[Mark, ...]


async def look(
    connection: AsyncConnection, session: str, ids: Mapping[Role, str], traces: Mapping[Role, str], slot: Slot, now: Ms
) -> Found:
    """What bears on a booking of these two. Nobody books them, or changes them, until this transaction ends."""
    while True:
        locked = await _lock(connection, ids)
        answer = await _ALL.ask(
            connection,
            id=session,
            client=ids[Role.CLIENT],
            expert=ids[Role.EXPERT],
            client_trace=traces[Role.CLIENT],
            expert_trace=traces[Role.EXPERT],
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            now=now,
        )
        booked, gone, persons, entries, marks, traced, overlaps = answer
        if locked is None or {row.pseudonym for row in persons} <= locked:
            break  # else one was made while we waited for the other
    files = [_file(row, entries) for row in persons]
    return Found(
        booked=bool(booked),
        taken_away=bool(gone),
        persons={role: _known_as(ids[role], files) for role in Role},
        traced={role: next((a_person(row) for row in traced if row.trace == traces[role]), None) for role in Role},
        marks=tuple(a_mark(row) for row in marks),
        overlaps=tuple(sorted(((row.role, row.id) for row in overlaps), key=lambda each: each[0] == Role.EXPERT)),
    )


async def engage(connection: AsyncConnection, found: Found, ids: Mapping[Role, str], now: Ms) -> Engaged:
    """Their files. Who is not known is made, but not yet stored; who was erased under a sanction is itself again."""
    files: dict[Role, File] = {}
    fresh: list[Person] = []
    for role in Role:
        file, traced = found.persons[role], found.traced[role]
        if file is not None and file.person.person_id != ids[role]:
            detail = f"{ids[role]} is a pseudonym; book the person by its own id."
            raise UserError("pseudonym_booked", detail, status=422)
        if file is None and traced is not None:
            file = await _take_back(connection, traced, ids[role])
        if file is None:
            pseudonym = f"p_{secrets.token_hex(10)}"
            person = Person(pseudonym, ids[role], 0, genesis(pseudonym), 0, 10_000, None, 0, False, None, now, None)
            file = File(person, (), dossier(()))
            fresh.append(person)
        files[role] = file
    return Engaged(files, tuple(fresh), found.marks)


async def _take_back(connection: AsyncConnection, person: Person, person_id: str) -> File:
    """What it is booked in from here on, and was before, is one person's again."""
    p, q = tables.people, tables.parties
    back: dict[str, Any] = {"person_id": person_id, "erased_at": None, "trace": None}
    await connection.execute(update(p).where(p.c.pseudonym == person.pseudonym).values(back))
    await connection.execute(update(q).where(q.c.person_id == person.pseudonym).values(person_id=person_id))
    file = await load(connection, person.pseudonym, lock=True)
    assert file is not None
    return file


def _file(row: Any, entries: list[Any]) -> File:
    mine = sorted((entry for entry in entries if entry.pseudonym == row.pseudonym), key=lambda entry: int(entry.seq))
    facts = tuple(decode(entry.body) for entry in mine)
    return File(a_person(row), facts, dossier(facts))


def _known_as(id_: str, files: list[File]) -> File | None:
    same = [file for file in files if id_ in (file.person.person_id, file.person.pseudonym)]
    return min(same, key=lambda file: file.person.person_id != id_, default=None)


# --- the one statement ------------------------------------------------------------------------------------------------


def _questions() -> Questions:
    s, q, r, p, e = tables.sessions, tables.parties, tables.removals, tables.people, tables.person_ledger
    m, x = tables.marks, tables.sanctions
    id_, starts_at, ends_at = (
        bindparam("id", type_=String),
        bindparam("starts_at", type_=BigInteger),
        bindparam("ends_at", type_=BigInteger),
    )
    both = [bindparam("client", type_=String), bindparam("expert", type_=String)]
    theirs = or_(p.c.person_id.in_(both), p.c.pseudonym.in_(both))
    now = bindparam("now", type_=BigInteger)
    stands = (
        select(x.c.id)
        .where(x.c.person == p.c.pseudonym, x.c.lifted_at.is_(None), or_(x.c.until.is_(None), x.c.until > now))
        .exists()
    )
    overlaps = [
        select(literal(role.value).label("role"), s.c.id)
        .join(q, q.c.session_id == s.c.id)
        .where(
            q.c.person_id == bindparam(role.value, type_=String),
            s.c.id != id_,
            s.c.status != "ended",
            s.c.status != "cancelled",
            s.c.starts_at < ends_at,
            s.c.ends_at > starts_at,
        )
        .order_by(s.c.starts_at)
        .limit(10)
        for role in Role
    ]
    traces = [bindparam("client_trace", type_=String), bindparam("expert_trace", type_=String)]
    return Questions(
        select(s.c.id).where(s.c.id == id_),
        select(r.c.id).where(r.c.kind == "session", r.c.id == id_),
        select(p).where(theirs),
        select(e.c.pseudonym, e.c.seq, e.c.body).join(p, p.c.pseudonym == e.c.pseudonym).where(theirs),
        select(m)
        .join(p, p.c.pseudonym == m.c.person)
        .where(p.c.person_id == both[1], m.c.role == Role.EXPERT.value)
        .order_by(m.c.ends_at.desc(), m.c.session_id.desc(), m.c.starts_at.desc())
        .limit(MARKS_AT_ONCE),
        select(p).where(p.c.trace.in_(traces), stands),
        select(union_all(*(select(each.subquery()) for each in overlaps)).subquery()),
    )


_ALL = _questions()

_LOCKS = text(
    "select key, pg_advisory_xact_lock(('x' || encode(substring(sha256("
    "convert_to(kind, 'UTF8') || '\\000'::bytea || convert_to(key, 'UTF8')) from 1 for 8), 'hex'))::bit(64)::bigint) "
    "from (select 'person_id' as kind, unnest(array[:client, :expert]::text[]) as key "
    "union select 'person', pseudonym from people where person_id in (:client, :expert) "
    "order by 1 desc, 2) as wanted"
)
"""``locks.exclusively`` of both ids, and then of both pseudonyms, in sorted order."""


async def _lock(connection: AsyncConnection, ids: Mapping[Role, str]) -> set[str] | None:
    """The pseudonyms that are locked now; None where there is one writer and nothing to lock."""
    if connection.dialect.name != "postgresql":
        return None
    rows = await connection.execute(_LOCKS, {"client": ids[Role.CLIENT], "expert": ids[Role.EXPERT]})
    return {row.key for row in rows}
