"""The queue of cases, and what operators write for each other, in the store.

``follow`` brings a case to where the record has it, within the transaction that changed the record. What opens and
closes one is the policy's; who may take one is the desk's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy.cases import WITHIN, CaseKind, Matter
from server.store import tables
from signaling.errors import Stale
from signaling.session import Ms


@dataclass(frozen=True, slots=True)
class Case:
    """One matter, with who has it and until when. ``version`` rises with each change."""

    id: str
    kind: CaseKind
    subject: str
    session_id: str | None
    person: str | None
    status: str | None
    state: str
    assignee: str | None
    opened_at: Ms
    due_at: Ms
    closed_at: Ms | None
    version: int


@dataclass(frozen=True, slots=True)
class Note:
    """What an operator wrote about a session or a person, for the others; plain text."""

    id: str
    session_id: str | None
    person: str | None
    body: str
    who: str
    created_at: Ms


def id_of(kind: CaseKind, subject: str) -> str:
    """The same matter has the same id, also when it opens again."""
    return f"cs_{hashlib.sha256(f'{kind.value}/{subject}'.encode()).hexdigest()[:16]}"


async def follow(connection: AsyncConnection, matters: Iterable[Matter], now: Ms) -> bool:
    """Open, close or leave each, as the record has it. Whether any is another now."""
    c, changed = tables.cases, False
    for matter in matters:
        id_ = id_of(matter.kind, matter.subject)
        row = (await connection.execute(select(c).where(c.c.id == id_))).first()
        if row is None:
            if matter.open:
                await connection.execute(insert(c).values(_opened(id_, matter, now)))
                changed = True
            continue
        if matter.open and row.state == "closed":
            values = _opened(id_, matter, now) | {"assignee": row.assignee}
        elif matter.open and row.status != matter.status:
            values = {"status": matter.status}
        elif not matter.open and row.state != "closed":
            values = {"state": "closed", "status": matter.status, "closed_at": now}
        else:
            continue
        await connection.execute(update(c).where(c.c.id == id_).values(**{**values, "version": row.version + 1}))
        changed = True
    return changed


async def find(connection: AsyncConnection, id_: str) -> Case | None:
    c = tables.cases
    row = (await connection.execute(select(c).where(c.c.id == id_))).first()
    return a_case(row) if row else None


async def save(connection: AsyncConnection, before: Case, after: Case) -> None:
    """``Stale`` when somebody else was first."""
    c = tables.cases
    values = {each.name: getattr(after, each.name) for each in fields(after)} | {"kind": after.kind.value}
    done = await connection.execute(
        update(c)
        .where(c.c.id == before.id, c.c.version == before.version)
        .values(**{**values, "version": before.version + 1})
    )
    if done.rowcount != 1:
        raise Stale()


async def add_note(connection: AsyncConnection, note: Note) -> None:
    await connection.execute(
        insert(tables.notes).values({each.name: getattr(note, each.name) for each in fields(note)})
    )


async def find_note(connection: AsyncConnection, id_: str) -> Note | None:
    n = tables.notes
    row = (await connection.execute(select(n).where(n.c.id == id_))).first()
    return a_note(row) if row else None


async def remove_note(connection: AsyncConnection, id_: str) -> None:
    n = tables.notes
    await connection.execute(delete(n).where(n.c.id == id_))


async def notes_about(connection: AsyncConnection, pseudonym: str) -> list[Note]:
    """Everything that was noted about a person, oldest first: for its export (P5.7)."""
    n = tables.notes
    rows = await connection.execute(select(n).where(n.c.person == pseudonym).order_by(n.c.created_at, n.c.id))
    return [a_note(row) for row in rows]


async def forget_person(connection: AsyncConnection, person_id: str, pseudonym: str) -> None:
    """Notes name people: those about a person, and about the sessions it was booked in, go with it (P5.7)."""
    n, p = tables.notes, tables.parties
    theirs = select(p.c.session_id).where(p.c.person_id.in_((person_id, pseudonym)))
    await connection.execute(delete(n).where(or_(n.c.person == pseudonym, n.c.session_id.in_(theirs))))


async def remove_person(connection: AsyncConnection, pseudonym: str) -> None:
    c, n = tables.cases, tables.notes
    await connection.execute(delete(n).where(n.c.person == pseudonym))
    await connection.execute(delete(c).where(c.c.person == pseudonym))


async def remove_session(connection: AsyncConnection, session: str) -> None:
    """With all that is drawn from it for the dashboard."""
    for table in (tables.notes, tables.cases, tables.outcomes, tables.outage_sessions):
        await connection.execute(delete(table).where(table.c.session_id == session))


async def unfollowed(connection: AsyncConnection) -> list[str]:
    """Persons with a complaint or an appeal that waits and no case for it: from before there were cases."""
    c, x, q = tables.complaints, tables.sanctions, tables.cases
    complaints = select(c.c.accused).where(
        c.c.status == "filed", ~select(q.c.id).where(q.c.kind == "complaint", q.c.subject == c.c.id).exists()
    )
    appeals = select(x.c.person).where(
        x.c.appeal == "pending", ~select(q.c.id).where(q.c.kind == "appeal", q.c.subject == x.c.id).exists()
    )
    found: set[str] = set()
    for query in (complaints, appeals):
        found |= {row[0] for row in await connection.execute(query.distinct())}
    return sorted(found)


def a_case(row: object) -> Case:
    """A row of ``cases``."""
    r: Any = row
    return Case(**{each.name: getattr(r, each.name) for each in fields(Case)} | {"kind": CaseKind(r.kind)})


def a_note(row: object) -> Note:
    """A row of ``notes``."""
    r: Any = row
    return Note(**{each.name: getattr(r, each.name) for each in fields(Note)})


def _opened(id_: str, matter: Matter, now: Ms) -> dict[str, Any]:
    return {
        "id": id_,
        "kind": matter.kind.value,
        "subject": matter.subject,
        "session_id": matter.session,
        "person": matter.person,
        "status": matter.status,
        "state": "open",
        "assignee": None,
        "opened_at": now,
        "due_at": now + WITHIN[matter.kind],
        "closed_at": None,
        "version": 1,
    }
