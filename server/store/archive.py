"""What is kept, for how long, and what goes (P5.7): the queries of export, erasure and retention.

A ledger goes whole or not at all, through the one door that its trigger leaves open: its head is kept first. Texts and
names stand beside the ledgers, so that a person can be erased and every chain still holds.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, not_, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import outbox, quality, tables
from signaling.session import Ms, Phase, Role

NOBODY = "(erased)"
"""The name of a person who was erased."""

_OPEN_REFUNDS = ("requested", "review", "disputed", "approved")
_PERSONAL = ("email", "time_zone", "locale", "country")


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody wrote. ``own``: this person did; else it is about it."""

    digest: str
    body: str
    own: bool
    created_at: Ms


async def sessions_of(connection: AsyncConnection, person_id: str) -> list[tuple[str, Role]]:
    """Every session that a person is booked in, oldest first, and as what."""
    s, p = tables.sessions, tables.parties
    rows = await connection.execute(
        select(s.c.id, p.c.role)
        .join(p, p.c.session_id == s.c.id)
        .where(p.c.person_id == person_id)
        .order_by(s.c.starts_at, s.c.id)
    )
    return [(row.id, Role(row.role)) for row in rows]


async def open_sessions(connection: AsyncConnection, person_id: str) -> int:
    """How many of them are not over."""
    s, p = tables.sessions, tables.parties
    query = (
        select(func.count())
        .select_from(s.join(p, p.c.session_id == s.c.id))
        .where(p.c.person_id == person_id, s.c.status.not_in((Phase.ENDED.value, Phase.CANCELLED.value)))
    )
    return int((await connection.execute(query)).scalar_one())


async def texts_of(connection: AsyncConnection, pseudonym: str) -> list[Text]:
    """What a person wrote, and what was written about it."""
    t = tables.texts
    rows = await connection.execute(
        select(t).where(or_(t.c.owner == pseudonym, t.c.about == pseudonym)).order_by(t.c.created_at, t.c.digest)
    )
    return [Text(row.digest, row.body, row.owner == pseudonym, row.created_at) for row in rows]


async def erase(
    connection: AsyncConnection, person_id: str, pseudonym: str, kept: Collection[str], trace: str | None, now: Ms
) -> None:
    """Take away what names a person: from its row, its bookings, the events in the outbox, and its texts; and what its
    page measured of its calls.

    ``kept``: digests of texts that a sanction stands on, its own or another's. ``trace``: by which it is known again
    while a sanction of its own stands.
    """
    n, p, t = tables.people, tables.parties, tables.texts
    await quality.forget(connection, await sessions_of(connection, person_id))
    await connection.execute(
        update(n).where(n.c.pseudonym == pseudonym).values(person_id=pseudonym, erased_at=now, trace=trace)
    )
    await connection.execute(
        update(p)
        .where(p.c.person_id == person_id)
        .values(person_id=pseudonym, name=NOBODY, metadata="{}", **dict.fromkeys(_PERSONAL))
    )
    gone = or_(t.c.owner == pseudonym, t.c.about == pseudonym)
    await connection.execute(delete(t).where(gone, t.c.digest.not_in(sorted(kept))))
    o = tables.outbox
    named = o.c.body.contains(f'"id":{json.dumps(person_id, ensure_ascii=False)}', autoescape=True)
    await _rewrite(connection, named, lambda data: _forget(data, person_id, pseudonym))
    await _rewrite(connection, o.c.stream == f"person/{pseudonym}", lambda data: _forget_person(data, pseudonym))


async def _rewrite(connection: AsyncConnection, which: ColumnElement[bool], change: Any) -> None:
    o = tables.outbox
    rows = (await connection.execute(select(o.c.id, o.c.body).where(which))).all()
    for row in rows:
        body = json.loads(row.body)
        change(body["data"])
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        await connection.execute(update(o).where(o.c.id == row.id).values(body=text))
    await outbox.forget_answers(connection, [row.id for row in rows])


def _forget(data: dict[str, Any], person_id: str, pseudonym: str) -> None:
    """Also where the booking was another's later: an exchange is no reason to stay in what was told before it."""
    for role in Role:
        party = data.get("session", {}).get(role.value)
        if party is not None and party["id"] == person_id:
            party.update({"id": pseudonym, "name": NOBODY, "metadata": {}, **dict.fromkeys(_PERSONAL)})


def _forget_person(data: dict[str, Any], pseudonym: str) -> None:
    data["person"] = {"id": pseudonym, "pseudonym": pseudonym}


# --- retention --------------------------------------------------------------------------------------------------------


async def old_sessions(connection: AsyncConnection, before: Ms, probes_before: Ms, limit: int) -> list[str]:
    """Sessions that were over, and last changed, before then, and whose refund nothing can happen to anymore.

    This server's own test calls are nobody's record and go sooner.
    """
    s = tables.sessions
    rows = await connection.execute(
        select(s.c.id)
        .where(
            s.c.status.in_((Phase.ENDED.value, Phase.CANCELLED.value)),
            s.c.updated_at < probes_before,
            or_(
                s.c.probe == 1,
                and_(
                    s.c.ends_at < before,
                    s.c.updated_at < before,
                    s.c.wake_at.is_(None),
                    or_(s.c.refund_status.is_(None), s.c.refund_status.not_in(_OPEN_REFUNDS)),
                ),
            ),
        )
        .order_by(s.c.ends_at)
        .limit(limit)
    )
    return [row.id for row in rows]


async def in_hand(connection: AsyncConnection, session: str) -> bool:
    """Take a session in hand that is to be removed. False: it is gone, or another server removes it just now."""
    s = tables.sessions
    query = select(s.c.id).where(s.c.id == session).with_for_update(skip_locked=True)
    return (await connection.execute(query)).first() is not None


async def remove_session(connection: AsyncConnection, session: str, now: Ms) -> None:
    """A session with its whole chain; the head stays."""
    s = tables.sessions
    row = (await connection.execute(select(s.c.version, s.c.head).where(s.c.id == session))).one()
    await _keep_head(connection, "session", session, row.version, row.head, now)
    await outbox.forget(connection, session)
    for table, key in (
        (tables.ledger, tables.ledger.c.session_id),
        (tables.marks, tables.marks.c.session_id),
        (tables.letters, tables.letters.c.session_id),
        (tables.quality, tables.quality.c.session_id),
        (tables.parties, tables.parties.c.session_id),
        (tables.outbox, tables.outbox.c.stream),
        (tables.homes, tables.homes.c.session_id),
        (s, s.c.id),
    ):
        await connection.execute(delete(table).where(key == session))


async def old_people(
    connection: AsyncConnection, before: Ms, limit: int, only: str | None = None
) -> list[tuple[str, bool]]:
    """Persons with no session left, no sanction that stands, and nothing new since then: pseudonym, and whether it
    can go whole. Where others' ledgers name it (its complaints, its ratings) it cannot, and is not in the list again
    once it was erased. ``only``: no other than this one.
    """
    n, p, o, x = tables.people, tables.parties, tables.outbox, tables.sanctions
    c, r, m = tables.complaints, tables.ratings, tables.marks
    booked = select(p.c.person_id).where(p.c.person_id == n.c.person_id).exists()
    news = select(o.c.id).where(o.c.stream == "person/" + n.c.pseudonym, o.c.created_at >= before).exists()
    bound = select(x.c.id).where(x.c.person == n.c.pseudonym, _stands(before)).exists()
    marked = select(m.c.person).where(m.c.person == n.c.pseudonym).exists()  # in a session it was exchanged from
    named = or_(
        select(c.c.id).where(c.c.complainant == n.c.pseudonym).exists(),
        select(r.c.id).where(r.c.rater == n.c.pseudonym).exists(),
    )
    rows = await connection.execute(
        select(n.c.pseudonym, named.label("named"))
        .where(
            n.c.created_at < before,
            n.c.pseudonym == only if only is not None else true(),
            not_(booked),
            not_(marked),
            not_(news),
            not_(bound),
            or_(not_(named), n.c.erased_at.is_(None)),
        )
        .order_by(n.c.created_at)
        .limit(limit)
    )
    return [(row.pseudonym, not row.named) for row in rows]


async def remove_person(connection: AsyncConnection, pseudonym: str, now: Ms) -> None:
    """A person with its whole chain, and what was written by it or about it; the head stays."""
    n, t = tables.people, tables.texts
    row = (await connection.execute(select(n.c.version, n.c.head).where(n.c.pseudonym == pseudonym))).one()
    await _keep_head(connection, "person", pseudonym, row.version, row.head, now)
    await outbox.forget(connection, f"person/{pseudonym}")
    await connection.execute(delete(t).where(or_(t.c.owner == pseudonym, t.c.about == pseudonym)))
    for table, key in (
        (tables.person_ledger, tables.person_ledger.c.pseudonym),
        (tables.complaints, tables.complaints.c.accused),
        (tables.ratings, tables.ratings.c.rated),
        (tables.sanctions, tables.sanctions.c.person),
        (tables.outbox, tables.outbox.c.stream),
        (n, n.c.pseudonym),
    ):
        value = f"person/{pseudonym}" if table is tables.outbox else pseudonym
        await connection.execute(delete(table).where(key == value))


async def old_texts(connection: AsyncConnection, before: Ms, kept: Collection[str]) -> int:
    """Take away texts from before then, but those that a sanction still stands on; how many there were."""
    t = tables.texts
    done = await connection.execute(delete(t).where(t.c.created_at < before, t.c.digest.not_in(sorted(kept))))
    return done.rowcount


async def bound_people(connection: AsyncConnection, before: Ms) -> list[str]:
    """Persons with a sanction that stands, or did until then: what it stands on is kept (P5.7)."""
    x = tables.sanctions
    rows = await connection.execute(select(x.c.person).where(_stands(before)).distinct())
    return [row.person for row in rows]


def _stands(before: Ms) -> ColumnElement[bool]:
    """A sanction that was in force at some time from ``before`` on."""
    x = tables.sanctions
    not_lifted = or_(x.c.lifted_at.is_(None), x.c.lifted_at >= before)
    return and_(not_lifted, or_(x.c.until.is_(None), x.c.until >= before))


async def _keep_head(connection: AsyncConnection, kind: str, id_: str, seq: int, head: str, now: Ms) -> None:
    r = tables.removals
    await connection.execute(insert(r).values(kind=kind, id=id_, seq=seq, head=head, removed_at=now))
