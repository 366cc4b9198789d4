"""What must hold of a database whatever was done to its server: read from the store itself, with nothing of the desk.

Chains, heads and columns agree; nothing that happens once happened twice; every fact that is news has its outbox row,
in its order; what was acknowledged is on record; what is overdue has ended as of its end; an outage is nobody's fault.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from server.policy.facts import AnyFact, Settled, decode, machine_facts
from server.policy.terms import Terms
from server.store.sessions import Party, Record
from server.webhooks.payloads import _news
from signaling.ledger import Broken, Entry, verify
from signaling.session import Ended, EndReason, Ms, Phase, Role, replay

ONCE = ("booked", "met", "media_flowed", "ended", "settled", "refund_requested", "refund_paid", "refund_expired")
ONCE_EACH = ("hung_up", "late")


@dataclass
class Told:
    """What a driver was told is done, and what it asked for without ever hearing back."""

    acknowledged: dict[str, list[tuple[str, str | None]]] = field(default_factory=lambda: defaultdict(list))
    asked: set[tuple[str, str, str | None]] = field(default_factory=set)

    def ask(self, session: str, kind: str, role: str | None = None) -> None:
        self.asked.add((session, kind, role))

    def done(self, session: str, kind: str, role: str | None = None) -> None:
        self.acknowledged[session].append((kind, role))

    @property
    def facts(self) -> int:
        return sum(len(facts) for facts in self.acknowledged.values())


_OUTBOX = "select stream, sequence, type, body from outbox where substr(stream, 1, {0}) = '{1}' order by 1, 2"
_LEDGER = "select session_id, seq, body, hash from ledger where substr(session_id, 1, {0}) = '{1}' order by 1, 2"
_SESSIONS = "select id, status, version, head, events, ends_at from sessions where substr(id, 1, {0}) = '{1}'"


def audit(where: Path | str, told: Told, *, overdue_at: Ms | None = None, prefix: str = "") -> list[str]:
    """Everything that is wrong, as sentences, with the sessions whose ids begin with ``prefix``.

    ``where``: SQLite's file, or the URL of a PostgreSQL. ``overdue_at``: what was booked to end before must have ended.
    """
    queries = [query.format(len(prefix), prefix) for query in (_OUTBOX, _LEDGER, _SESSIONS)]
    if isinstance(where, Path):
        check, *rows = _file(where, queries)
    else:
        with ThreadPoolExecutor(1) as elsewhere:  # a loop of its own: whoever asks may be in one
            check, *rows = elsewhere.submit(lambda: asyncio.run(_postgresql(where, queries))).result()
    problems = [] if check == [("ok",)] else [f"the file is damaged: {check}"]
    return [*problems, *_problems(rows, told, overdue_at, prefix)]


def _file(path: Path, queries: list[str]) -> list[Any]:
    raw = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        raw.execute("begin")
        return [raw.execute(query).fetchall() for query in ("pragma quick_check", *queries)]
    finally:
        raw.close()


async def _postgresql(url: str, queries: list[str]) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return [[tuple(row) for row in await connection.fetch(query)] for query in ("select 'ok'", *queries)]
    finally:
        await connection.close()


def _problems(rows: list[Any], told: Told, overdue_at: Ms | None, prefix: str) -> Iterator[str]:
    outbox: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for session, sequence, type_, body in rows[0]:
        outbox[session].append((sequence, type_, body))
    entries: dict[str, list[Entry]] = defaultdict(list)
    for session, seq, body, hash_ in rows[1]:
        entries[session].append(Entry(seq, body, hash_))
    stored = {}
    for id_, status, version, head, events, ends_at in rows[2]:
        stored[id_] = entries[id_]
        facts = tuple(decode(entry.body) for entry in entries[id_])
        for problem in (
            *_chain(id_, entries[id_], head, version, status, facts),
            *_once(facts),
            *_news_of(id_, facts, outbox[id_], events),
            *_end(facts, ends_at, told, id_, overdue_at),
        ):
            yield f"{id_}: {problem}"
    for orphan in set(entries) - set(stored):
        yield f"{orphan}: a ledger without a session"
    for session, wanted in told.acknowledged.items():
        if not session.startswith(prefix):
            continue
        have = {(e["kind"], e.get("role")) for e in (json.loads(entry.body) for entry in stored.get(session, []))}
        for kind, role in wanted:
            if (kind, role) not in have:
                yield f"{session}: {kind} {role or ''} was acknowledged and is not on record"


def _chain(
    session: str, entries: list[Entry], head: str, version: int, status: str, facts: tuple[AnyFact, ...]
) -> Iterator[str]:
    try:
        if verify(session, entries) != head:
            yield "the head is not its ledger's"
    except Broken as broken:
        yield f"the chain breaks at {broken.seq}"
    if version != len(entries):
        yield f"version {version} of a ledger of {len(entries)}"
    if replay(machine_facts(facts)).phase != status:
        yield f"it says {status}, its facts say {replay(machine_facts(facts)).phase}"
    for number, fact in enumerate(facts):
        if isinstance(fact, Settled) and fact.head != entries[number - 1].hash:
            yield "settled from another ledger than the one before it (P3.15)"


def _once(facts: tuple[AnyFact, ...]) -> Iterator[str]:
    counted = Counter(fact.kind for fact in facts)
    yield from (f"{kind} {counted[kind]} times" for kind in ONCE if counted[kind] > 1)
    each = Counter((fact.kind, getattr(fact, "role", None)) for fact in facts if fact.kind in ONCE_EACH)
    yield from (f"{kind} {role} {times} times" for (kind, role), times in each.items() if times > 1)
    if any(isinstance(fact, Ended) for fact in facts) != any(isinstance(fact, Settled) for fact in facts):
        yield "ended and settled are not together (P3.15)"
    times = [fact.at for fact in machine_facts(facts)]
    if times != sorted(times):
        yield "its time goes backwards"


def _news_of(session: str, facts: tuple[AnyFact, ...], rows: list[tuple[int, str, str]], events: int) -> Iterator[str]:
    nobody = Party("-", "-")
    record = Record(session, None, None, Terms(), nobody, nobody, facts, None, replay(machine_facts(facts)), 0, 0, 0)
    wanted = [type_ for fact in facts for type_, _ in _news(record, fact)]
    if wanted != [type_ for _, type_, _ in rows]:
        yield f"its news are {wanted}, in the outbox are {[type_ for _, type_, _ in rows]}"
    if [sequence for sequence, _, _ in rows] != list(range(1, len(rows) + 1)) or events != len(rows):
        yield "the numbers of its events have a hole"
    if any(json.loads(body)["sequence"] != sequence for sequence, _, body in rows):
        yield "an event's body has another number than its row"


def _end(facts: tuple[AnyFact, ...], ends_at: Ms, told: Told, session: str, overdue_at: Ms | None) -> Iterator[str]:
    ended = next((fact for fact in facts if isinstance(fact, Ended)), None)
    phase = replay(machine_facts(facts)).phase
    if ended is None:
        if overdue_at is not None and ends_at <= overdue_at and phase is not Phase.CANCELLED:
            yield "overdue, and not ended (P3.1)"
        return
    if ended.as_of > ends_at:
        yield "ended as of after its end (P3.1)"
    if ended.reason is EndReason.HUNG_UP and (session, "hung_up", ended.by) not in told.asked:
        yield f"hung up by {ended.by}, who never did"
    acknowledged = told.acknowledged.get(session, [])
    both = all(("joined", role.value) in acknowledged for role in Role)
    blameless = (EndReason.HUNG_UP, EndReason.ENDED_BY_OPERATOR)  # who hung up is looked at above
    if both and ended.by is not None and ended.reason not in blameless:
        yield f"{ended.by} is blamed: {ended.reason} (P3.9)"
