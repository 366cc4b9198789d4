"""What was recorded of each person, for looking at it again: its sessions as an expert, and its own ledger.

One person after the other, and of a person one session after the other, so that a long record needs little memory. It
hands on facts as they are stored; what may be read of whom is the caller's matter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy import facts, people
from server.policy.people import PersonFact
from server.policy.replay import Held
from server.store import tables
from signaling.session import Role


@dataclass(frozen=True, slots=True)
class Known:
    """A person: its pseudonym, and the booking system's id."""

    pseudonym: str
    person_id: str


async def persons(connection: AsyncConnection) -> list[Known]:
    """Everybody, by the booking system's id."""
    p = tables.people
    rows = await connection.execute(select(p.c.pseudonym, p.c.person_id).order_by(p.c.person_id))
    return [Known(row.pseudonym, row.person_id) for row in rows]


async def sessions_of(connection: AsyncConnection, person: Known) -> AsyncIterator[Held]:
    """The sessions with this expert, in the order of their ids; this server's own test calls are left out."""
    s, q, p, e = tables.sessions, tables.parties, tables.people, tables.ledger
    expert, client = q.alias("expert"), q.alias("client")
    query = (
        select(e.c.session_id, e.c.body, p.c.pseudonym)
        .join(s, s.c.id == e.c.session_id)
        .join(expert, (expert.c.session_id == s.c.id) & (expert.c.role == Role.EXPERT.value))
        .join(client, (client.c.session_id == s.c.id) & (client.c.role == Role.CLIENT.value))
        .join(p, p.c.person_id == client.c.person_id)
        .where(expert.c.person_id == person.person_id, s.c.probe == 0)
        .order_by(e.c.session_id, e.c.seq)
    )
    session = client_id = ""
    found: list[facts.AnyFact] = []
    async for row in await connection.stream(query):
        if row.session_id != session and found:
            yield Held(session, client_id, person.pseudonym, found)
            found = []
        session, client_id = row.session_id, row.pseudonym
        found.append(facts.decode(row.body))
    if found:
        yield Held(session, client_id, person.pseudonym, found)


async def ledger_of(connection: AsyncConnection, person: Known) -> list[PersonFact]:
    """The person's own ledger."""
    e = tables.person_ledger
    rows = await connection.execute(select(e.c.body).where(e.c.pseudonym == person.pseudonym).order_by(e.c.seq))
    return [people.decode(row.body) for row in rows]
