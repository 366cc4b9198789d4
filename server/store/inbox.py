"""What came in: each message once, what it said of a booking, and which session that booking became.

Three things of different lives. ``inbox``: that a message came, by its id and the digest of its body, so that it counts
once; for a month. ``heard``: what it said, in our words, for as long as the session. ``bookings``: the ids under which
a booking system knows a session. What a message means is not known here: ``heard`` keeps a text and two ids.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import BigInteger, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from server.store.archive import NOBODY
from server.store.batch import Questions
from server.store.locks import add_once
from signaling.session import Ms

Outcome = Literal["taken", "waiting", "ignored", "refused"]

_PERSONAL = ("email", "time_zone", "locale", "country")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a source that was verified, and what came of it."""

    source: str
    id: str
    digest: str
    received_at: Ms
    uid: str | None = None
    outcome: Outcome = "ignored"
    code: str | None = None
    detail: str | None = None
    session: str | None = None


async def find(connection: AsyncConnection, source: str, message: str) -> Message | None:
    i = tables.inbox
    row = (await connection.execute(select(i).where(i.c.source == source, i.c.message == message))).first()
    return as_message(row) if row else None


async def add(connection: AsyncConnection, message: Message) -> bool:
    """False if there is one of this id, also one that another transaction adds just now."""
    return await add_once(connection, tables.inbox, **_row(message))


async def save(connection: AsyncConnection, message: Message) -> None:
    """What came of it."""
    i = tables.inbox
    mine = (i.c.source == message.source, i.c.message == message.id)
    await connection.execute(update(i).where(*mine).values(_row(message)))


async def has_waited(connection: AsyncConnection, source: str, uids: Collection[str], session: str) -> None:
    """The messages about these bookings that waited are taken now."""
    i = tables.inbox
    theirs = (i.c.source == source, i.c.uid.in_(uids), i.c.outcome == "waiting")
    await connection.execute(
        update(i).where(*theirs).values(outcome="taken", code=None, detail=None, session_id=session)
    )


async def hear(
    connection: AsyncConnection, source: str, message: str, uid: str, other: str | None, body: str, now: Ms
) -> None:
    """Keep what a message said; it may be kept from before, when its row in the inbox has gone."""
    row = {"source": source, "message": message, "uid": uid, "other": other, "body": body, "received_at": now}
    await add_once(connection, tables.heard, **row)


async def chain(connection: AsyncConnection, source: str, uids: Iterable[str]) -> list[str]:
    """What was heard of these bookings, and of all that have become one another with them."""
    h = tables.heard
    found: dict[str, str] = {}
    asked: set[str] = set()
    asking = set(uids)
    while asking:
        named = or_(h.c.uid.in_(asking), h.c.other.in_(asking))
        rows = (await connection.execute(select(h).where(h.c.source == source, named))).all()
        found |= {row.message: row.body for row in rows}
        asked |= asking
        asking = {uid for row in rows for uid in (row.uid, row.other) if uid is not None} - asked
    return list(found.values())


async def sessions_of(connection: AsyncConnection, source: str, uids: Collection[str]) -> dict[str, str]:
    """By booking: the session that it became."""
    b = tables.bookings
    mine = (b.c.source == source, b.c.uid.in_(uids), b.c.session_id.is_not(None))
    return {row.uid: row.session_id for row in await connection.execute(select(b).where(*mine))}


async def source_of(connection: AsyncConnection, session: str) -> str | None:
    """The source whose booking became this session."""
    b = tables.bookings
    row = (await connection.execute(select(b.c.source).where(b.c.session_id == session).limit(1))).first()
    return row.source if row else None


async def became(connection: AsyncConnection, source: str, uids: Collection[str], session: str) -> None:
    """These bookings are this session; those that became another one before stay that."""
    known = await sessions_of(connection, source, uids)
    b = tables.bookings
    for uid in sorted(set(uids) - set(known)):
        if not await add_once(connection, b, source=source, uid=uid, session_id=session):
            await connection.execute(update(b).where(b.c.source == source, b.c.uid == uid).values(session_id=session))


async def wake_at(connection: AsyncConnection, source: str, uids: Collection[str], uid: str, when: Ms | None) -> None:
    """Look at the chain of ``uids`` again then, by its booking ``uid``; never, when None."""
    b = tables.bookings
    mine = (b.c.source == source, b.c.uid.in_(uids), b.c.wake_at.is_not(None))
    await connection.execute(update(b).where(*mine).values(wake_at=None))
    if when is not None and not await add_once(connection, b, source=source, uid=uid, wake_at=when):
        await connection.execute(update(b).where(b.c.source == source, b.c.uid == uid).values(wake_at=when))


async def due(connection: AsyncConnection, now: Ms, limit: int) -> list[tuple[str, str]]:
    """Bookings that must be looked at: source and id."""
    return [(row.source, row.uid) for row in (await _DUE.ask(connection, now=now, most=limit))[0]]


_DUE = Questions(
    select(tables.bookings.c.source, tables.bookings.c.uid)
    .where(tables.bookings.c.wake_at <= bindparam("now", type_=BigInteger))
    .order_by(tables.bookings.c.wake_at)
    .limit(bindparam("most", type_=BigInteger))
)


async def is_due(connection: AsyncConnection, source: str, uid: str, now: Ms) -> bool:
    """Whether it must be looked at still: another server may have looked meanwhile."""
    b = tables.bookings
    query = select(b.c.uid).where(b.c.source == source, b.c.uid == uid, b.c.wake_at <= now)
    return (await connection.execute(query)).first() is not None


# --- what goes (P5.7) -------------------------------------------------------------------------------------------------


async def forget(connection: AsyncConnection, person_id: str, pseudonym: str) -> None:
    """Take a person's name and addresses out of what was heard."""
    h = tables.heard
    named = h.c.body.contains(json.dumps(person_id, ensure_ascii=False), autoescape=True)
    for row in (await connection.execute(select(h).where(named))).all():
        said: dict[str, Any] = json.loads(row.body)
        for party in (said["offer"] or {}).values():
            if isinstance(party, dict) and party.get("person_id") == person_id:
                party |= {"person_id": pseudonym, "name": NOBODY, "metadata": [], **dict.fromkeys(_PERSONAL)}
        text = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
        mine = (h.c.source == row.source, h.c.message == row.message)
        await connection.execute(update(h).where(*mine).values(body=text))


async def remove_session(connection: AsyncConnection, session: str) -> None:
    """What was heard of a session goes with it."""
    b, h = tables.bookings, tables.heard
    rows = (await connection.execute(select(b.c.source, b.c.uid).where(b.c.session_id == session))).all()
    for row in rows:
        await connection.execute(delete(h).where(h.c.source == row.source, h.c.uid == row.uid))
    await connection.execute(delete(b).where(b.c.session_id == session))


async def retain(connection: AsyncConnection, before: Ms) -> int:
    """Take away messages from before then, and what was heard of bookings that never became a session; how many."""
    b, h, i = tables.bookings, tables.heard, tables.inbox
    became_one = (
        select(b.c.uid).where(b.c.source == h.c.source, b.c.uid == h.c.uid, b.c.session_id.is_not(None)).exists()
    )
    await connection.execute(delete(h).where(h.c.received_at < before, ~became_one))
    done = await connection.execute(delete(i).where(i.c.received_at < before))
    return done.rowcount


def _row(message: Message) -> dict[str, object]:
    return {
        "source": message.source,
        "message": message.id,
        "digest": message.digest,
        "uid": message.uid,
        "outcome": message.outcome,
        "code": message.code,
        "detail": message.detail,
        "session_id": message.session,
        "received_at": message.received_at,
    }


def as_message(row: object) -> Message:
    r: Any = row
    return Message(r.source, r.message, r.digest, r.received_at, r.uid, r.outcome, r.code, r.detail, r.session_id)
