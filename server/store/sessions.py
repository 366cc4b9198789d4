"""Sessions in the store: a row, two parties and a ledger, loaded and saved as one ``Record``.

Saving compares and sets the version, which is the length of the ledger: whoever loaded an older state loses,
reloads and decides again. This file writes what it is given; whether that may be is the desk's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import uuid_utils
from sqlalchemy import BigInteger, ColumnElement, Select, String, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy.facts import AnyFact, decode, encode, machine_facts
from server.policy.money import Money
from server.policy.terms import Terms
from server.store import tables
from server.store.batch import Questions, Rows, change, put
from server.store.locks import add_once
from signaling.errors import Stale
from signaling.ledger import Entry, extend
from signaling.session import Ms, Role, Session, replay


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a booking, as the booking system named it."""

    person_id: str
    name: str
    email: str | None = None
    time_zone: str | None = None
    locale: str | None = None
    country: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    token_version: int = 1
    token_issued_at: Ms = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """A sanction, not lifted, that binds a person in the role it has here (P2.6). ``until`` None: for good."""

    sanction: str
    measure: str
    imposed_at: Ms
    until: Ms | None

    @property
    def holds_bookings_only(self) -> bool:
        """P2.3: what waits for an operator's confirmation keeps nobody from a session that is booked."""
        return self.measure == "hold"

    def in_force(self, now: Ms) -> bool:
        return self.imposed_at <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the person behind a party beyond this session."""

    pseudonym: str = ""
    badge: bool = False
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """All that is stored of one session. ``session`` is the replay of ``facts``; ``head`` their last entry."""

    id: str
    title: str | None
    fee: Money | None
    terms: Terms
    client: Party
    expert: Party
    facts: tuple[AnyFact, ...]
    head: Entry | None
    session: Session
    events: int
    created_at: Ms
    updated_at: Ms
    probe: bool = False  # this server's own test call: in no list, and no event's cause
    known: tuple[Known, Known] = (Known(), Known())  # of the client, of the expert

    @property
    def version(self) -> int:
        return self.head.seq if self.head else 0

    def party(self, role: Role) -> Party:
        return self.client if role is Role.CLIENT else self.expert

    def who(self, role: Role) -> Known:
        return self.known[0 if role is Role.CLIENT else 1]

    def with_party(self, role: Role, party: Party) -> Record:
        return replace(self, client=party) if role is Role.CLIENT else replace(self, expert=party)


@dataclass(frozen=True, slots=True)
class Summary:
    """What is kept in columns beside the ledger, for finding and sorting."""

    wake_at: Ms | None
    refund_status: str | None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One event for the outside, frozen: ``body`` is the JSON that will be sent."""

    type: str
    body: str


async def load(connection: AsyncConnection, session_id: str) -> Record | None:
    """The whole record, or None."""
    found = _records(await _ONE.ask(connection, id=session_id))
    return next(iter(found.values()), None)


async def load_many(connection: AsyncConnection, ids: Sequence[str]) -> list[Record]:
    """Whole records in the order of ``ids``; unknown ids are left out. Five queries, however many."""
    found = _records([(await connection.execute(each)).all() for each in _selects(lambda id_: id_.in_(ids))])
    return [found[id_] for id_ in ids if id_ in found]


def _selects(which: Callable[[ColumnElement[str]], ColumnElement[bool]]) -> tuple[Select[Any], ...]:
    """All that is stored of the sessions with ``which`` ids."""
    s, p, e, t, n, x = (
        tables.sessions,
        tables.parties,
        tables.ledger,
        tables.terms,
        tables.people,
        tables.sanctions,
    )
    named = p.outerjoin(n, n.c.person_id == p.c.person_id)
    return (
        select(s).where(which(s.c.id)),
        select(p, n.c.pseudonym, n.c.badge).select_from(named).where(which(p.c.session_id)),
        select(p.c.session_id, p.c.role, x.c.id, x.c.roles, x.c.measure, x.c.imposed_at, x.c.until)
        .select_from(p.join(n, n.c.person_id == p.c.person_id).join(x, x.c.person == n.c.pseudonym))
        .where(which(p.c.session_id), x.c.lifted_at.is_(None)),
        select(e).where(which(e.c.session_id)).order_by(e.c.session_id, e.c.seq),
        select(s.c.id, t.c.body).join(t, t.c.hash == s.c.terms).where(which(s.c.id)),
    )


_ONE = Questions(*_selects(lambda id_: id_ == bindparam("id", type_=String)))


def _records(answers: Sequence[Sequence[Any]]) -> dict[str, Record]:
    """By id, from the rows of ``_selects``."""
    rows, sides, barred, ledger, terms = answers
    bars: dict[tuple[str, str], tuple[Bar, ...]] = {}
    for r in barred:
        if r.role in r.roles.split():
            bar = Bar(r.id, r.measure, r.imposed_at, r.until)
            bars[r.session_id, r.role] = (*bars.get((r.session_id, r.role), ()), bar)
    parties: dict[tuple[str, str], Party] = {}
    known: dict[tuple[str, str], Known] = {}
    for r in sides:
        side = (r.session_id, r.role)
        known[side] = Known(r.pseudonym or "", bool(r.badge), bars.get(side, ()))
        parties[side] = Party(
            person_id=r.person_id,
            name=r.name,
            email=r.email,
            time_zone=r.time_zone,
            locale=r.locale,
            country=r.country,
            metadata=tuple(sorted(json.loads(r.metadata).items())),
            token_version=r.token_version,
            token_issued_at=r.token_issued_at,
        )
    entries: dict[str, list[Entry]] = {}
    for r in ledger:
        entries.setdefault(r.session_id, []).append(Entry(r.seq, r.body, r.hash))
    bodies = {r.id: r.body for r in terms}
    return {r.id: _record(r, parties, known, entries[r.id], _terms(bodies[r.id])) for r in rows}


@lru_cache(maxsize=64)
def _terms(body: str) -> Terms:
    """There are few versions, and every session of a time has the same."""
    return Terms.from_json(body)


def _record(
    row: object,
    parties: dict[tuple[str, str], Party],
    known: dict[tuple[str, str], Known],
    entries: list[Entry],
    terms: Terms,
) -> Record:
    r: Any = row
    facts = tuple(decode(entry.body) for entry in entries)
    return Record(
        id=r.id,
        title=r.title,
        fee=Money(r.fee_amount, r.fee_currency) if r.fee_amount is not None else None,
        terms=terms,
        client=parties[r.id, Role.CLIENT],
        expert=parties[r.id, Role.EXPERT],
        facts=facts,
        head=entries[-1],
        session=replay(machine_facts(facts)),
        events=r.events,
        created_at=r.created_at,
        updated_at=r.updated_at,
        probe=bool(r.probe),
        known=(known[r.id, Role.CLIENT], known[r.id, Role.EXPERT]),
    )


def append(record: Record, facts: Sequence[AnyFact]) -> tuple[Record, list[Entry]]:
    """The record with ``facts`` on its ledger, and the entries that are new."""
    if not facts:
        return record, []
    entries = extend(record.id, record.head, (encode(fact) for fact in facts))
    grown = (*record.facts, *facts)
    return replace(record, facts=grown, head=entries[-1], session=replay(machine_facts(grown))), entries


async def create(
    connection: AsyncConnection,
    record: Record,
    entries: Sequence[Entry],
    summary: Summary,
    events: Sequence[OutboxRow] = (),
    also: Sequence[Rows] = (),
) -> None:
    """A session that was not there before, with its first events, and ``also`` what belongs to it."""
    s = {"id": record.id, "terms": record.terms.hash, "events": len(events), "probe": int(record.probe)}
    s |= {"created_at": record.created_at, **_columns(record, summary)}
    await put(
        connection,
        Rows(tables.terms, [{"hash": record.terms.hash, "body": record.terms.to_json()}], once=True),
        Rows(tables.sessions, [s]),
        Rows(tables.parties, [_party_row(record, role) for role in Role]),
        Rows(tables.ledger, _ledger_rows(record.id, entries)),
        Rows(tables.outbox, _outbox_rows(record.id, 0, events, record.created_at)),
        *also,
    )


async def save(
    connection: AsyncConnection,
    before: Record,
    after: Record,
    entries: Sequence[Entry],
    summary: Summary,
    events: Sequence[OutboxRow] = (),
) -> None:
    """What changed since ``before`` was loaded, and the events of it. ``Stale`` when somebody else saved in between."""
    s, p = tables.sessions, tables.parties
    columns = {**_columns(after, summary), "events": before.events + len(events)}
    if await change(connection, s, {"id": after.id, "version": before.version}, columns) != 1:
        raise Stale()
    for role in Role:
        if before.party(role) != after.party(role):
            await connection.execute(
                update(p).where(p.c.session_id == after.id, p.c.role == role.value).values(_party_row(after, role))
            )
    await put(
        connection,
        Rows(tables.ledger, _ledger_rows(after.id, entries)),
        Rows(tables.outbox, _outbox_rows(after.id, before.events, events, after.updated_at)),
    )


async def due(connection: AsyncConnection, now: Ms) -> list[str]:
    """Sessions whose next deadline has come: the sweep's question."""
    return [r.id for r in (await _DUE.ask(connection, now=now))[0]]


_DUE = Questions(
    select(tables.sessions.c.id)
    .where(tables.sessions.c.wake_at <= bindparam("now", type_=BigInteger))
    .order_by(tables.sessions.c.wake_at)
    .limit(1000)
)


async def next_wake(connection: AsyncConnection, until: Ms) -> list[tuple[str, Ms]]:
    """Sessions that must be woken up to ``until``: for arming the timers at start."""
    s = tables.sessions
    rows = await connection.execute(select(s.c.id, s.c.wake_at).where(s.c.wake_at <= until).order_by(s.c.wake_at))
    return [(r.id, r.wake_at) for r in rows]


async def open_until(connection: AsyncConnection, until: Ms) -> list[str]:
    """Sessions that are not over and start before ``until``: those that an outage may have touched (P3.9)."""
    s = tables.sessions
    rows = await connection.execute(
        select(s.c.id).where(s.c.status.not_in(("ended", "cancelled")), s.c.starts_at < until).order_by(s.c.starts_at)
    )
    return [r.id for r in rows]


async def last_alive(connection: AsyncConnection, node: str) -> Ms | None:
    a = tables.alive
    row = (await connection.execute(select(a.c.at).where(a.c.node == node))).first()
    return row.at if row else None


async def sign_of_life(connection: AsyncConnection, node: str, now: Ms) -> None:
    a = tables.alive
    if not await change(connection, a, {"node": node}, {"at": now}):
        await add_once(connection, a, node=node, at=now)  # or another node has just done so


def _columns(record: Record, summary: Summary) -> dict[str, object]:
    end = record.session.end
    return {
        "status": record.session.phase.value,
        "version": record.version,
        "head": record.head.hash if record.head else "",
        "starts_at": record.session.slot.starts_at,
        "ends_at": record.session.slot.ends_at,
        "title": record.title,
        "fee_amount": record.fee.amount if record.fee else None,
        "fee_currency": record.fee.currency if record.fee else None,
        "refund_status": summary.refund_status,
        "end_reason": end.reason.value if end else None,
        "end_by": end.by.value if end and end.by else None,
        "wake_at": summary.wake_at,
        "updated_at": record.updated_at,
    }


def _party_row(record: Record, role: Role) -> dict[str, object]:
    party = record.party(role)
    return {
        "session_id": record.id,
        "role": role.value,
        "person_id": party.person_id,
        "name": party.name,
        "email": party.email,
        "time_zone": party.time_zone,
        "locale": party.locale,
        "country": party.country,
        "metadata": json.dumps(dict(party.metadata), sort_keys=True),
        "token_version": party.token_version,
        "token_issued_at": party.token_issued_at,
    }


def _ledger_rows(session_id: str, entries: Sequence[Entry]) -> list[dict[str, object]]:
    return [{"session_id": session_id, "seq": e.seq, "body": e.body, "hash": e.hash} for e in entries]


def _outbox_rows(stream: str, last: int, rows: Iterable[OutboxRow], now: Ms) -> list[dict[str, object]]:
    return [
        {
            "id": str(uuid_utils.uuid7()),
            "stream": stream,
            "sequence": sequence,
            "type": row.type,
            "body": row.body,
            "created_at": now,
        }
        for sequence, row in enumerate(rows, start=last + 1)
    ]
