"""The booking system's doors to sessions: book, look, cancel, end, new links, ledger, calendar, refund.

Each reads its request, calls the desk and shows the record that came of it. Links appear only for keys of the scope
``sessions``. What may be done to a session, and when, is the desk's.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from server.answers import SessionAnswer, session_answer
from server.api import calendar, requests
from server.api.access import CALLER
from server.api.deps import deps
from server.api.problems import Refusal
from server.store import views
from server.store.views import Record
from signaling.errors import NotFound, Stale
from signaling.messages import QualityLevel, Seconds, Time
from signaling.session import Role, Whom


class Overlap(BaseModel):
    """Another open session of the same person at that time: a warning, no refusal."""

    model_config = ConfigDict(frozen=True)

    code: Literal["overlap"] = "overlap"
    role: Role
    session: str = Field(description="id of the other session")


class BookedAnswer(SessionAnswer):
    """A session just booked, with what one may want to look at."""

    warnings: tuple[Overlap, ...] = ()


class SessionList(BaseModel):
    data: tuple[SessionAnswer, ...]
    next_cursor: str | None


class QualitySample(BaseModel):
    """What a page measured, of what came in and of the way to the other side and back; null where it could not."""

    model_config = ConfigDict(frozen=True)

    at: Time
    round_trip_ms: int | None
    loss_percent: int | None
    bitrate_kbps: int | None
    level: QualityLevel | None = Field(description="what the party was shown; `none`: nothing came in")
    sends: str | None = Field(
        description="what it said was on: m(icrophone), c(amera), s(creen); null: it said nothing"
    )


class QualityAnswer(BaseModel):
    """About one sample every five seconds, oldest first. It is what a browser said: evidence of nothing else."""

    model_config = ConfigDict(frozen=True)

    client: tuple[QualitySample, ...]
    expert: tuple[QualitySample, ...]
    kept_seconds: Seconds = Field(description="for how long samples are kept; what is older is gone")


class LedgerEntry(BaseModel):
    """``at``, ``kind`` and ``role`` are taken out of ``data`` for reading; only ``data`` is what was hashed."""

    model_config = ConfigDict(frozen=True)

    seq: int
    at: Time
    kind: str
    role: Role | None = None
    data: str = Field(description="the fact as it was hashed, to the byte: canonical JSON, times in epoch milliseconds")
    hash: str = Field(description="hex SHA-256 over the hash before it, seq and data, as docs/api.md says")


class LedgerPage(BaseModel):
    data: tuple[LedgerEntry, ...]
    next_cursor: str | None


async def put(request: web.Request) -> web.Response:
    """Book, move or correct."""
    given, id_ = deps(request), requests.session_id(request)
    requests.query(request, requests.NoQuery)
    booking = (await requests.body(request, requests.BookingBody)).command(id_)
    allowed = requests.if_match(request)  # last: RFC 9110 §13.2.1
    try:
        booked = await given.desk.book(booking, await _version(request, id_, allowed))
    except Stale as error:
        if error.code == "precondition_failed":  # RFC 9110 §13.1.1
            raise Refusal(412, error.code, error.detail) from None
        raise
    for role in booked.exchanged:
        await given.attendant.expel(id_, role)
    warnings = tuple(Overlap(role=Role(role), session=other) for role, other in booked.overlaps)
    answer = BookedAnswer(**dict(_answer(request, booked.record)), warnings=warnings)
    return _shown(answer, status=201 if booked.created else 200)


async def _version(request: web.Request, id_: str, allowed: frozenset[int] | Literal["*"] | None) -> int | None:
    """The one version that ``If-Match`` leaves; the desk compares it once more, in the transaction."""
    if allowed is None:
        return None
    if allowed != "*" and len(allowed) == 1:
        return next(iter(allowed))
    try:
        found = (await deps(request).desk.record(id_)).version
    except NotFound:
        return -1
    return found if allowed == "*" or found in allowed else -1


async def get(request: web.Request) -> web.Response:
    id_ = requests.session_id(request)
    requests.query(request, requests.NoQuery)
    return _shown(_answer(request, await deps(request).desk.record(id_)))


async def many(request: web.Request) -> web.Response:
    asked = requests.query(request, requests.ListQuery)
    after = requests.list_cursor(asked.cursor)
    found = await views.page(deps(request).database, asked.wanted(), after, asked.limit + 1)
    shown, last = found[: asked.limit], None
    if len(found) > asked.limit:
        last = requests.pack_cursor(shown[-1].session.slot.starts_at, shown[-1].id)
    data = tuple(_answer(request, record) for record in shown)
    return answer(SessionList(data=data, next_cursor=last))


async def cancel(request: web.Request) -> web.Response:
    id_ = requests.session_id(request)
    asked = requests.query(request, requests.CancelQuery)
    return _shown(_answer(request, await deps(request).desk.cancel(id_, Whom(asked.by), who=request[CALLER].key)))


async def end(request: web.Request) -> web.Response:
    id_ = requests.session_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.ReasonBody)
    return _shown(_answer(request, await deps(request).desk.end(id_, given.reason, request[CALLER].key)))


async def remove(request: web.Request) -> web.Response:
    id_, role = requests.session_id(request), requests.role(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.ReasonBody)
    return _shown(_answer(request, await deps(request).desk.remove(id_, role, given.reason, request[CALLER].key)))


async def excuse(request: web.Request) -> web.Response:
    """An expert's mark that shall not count: an illness, an outage (P1.8)."""
    id_ = requests.session_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.ExcuseBody)
    record = await deps(request).desk.excuse(id_, request[CALLER].key, given.reason, given.starts_at)
    return _shown(_answer(request, record))


async def revise(request: web.Request) -> web.Response:
    """The only way in which a settlement is changed once it is written (P3.15)."""
    id_ = requests.session_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.RevisionBody)
    record = await deps(request).desk.revise(
        id_,
        request[CALLER].key,
        given.reason,
        client=given.client.value() if given.client else None,
        expert=given.expert.value() if given.expert else None,
        refund_max=given.refund_max.value() if given.refund_max else None,
    )
    return _shown(_answer(request, record))


async def links(request: web.Request) -> web.Response:
    """New links; the old ones stop working."""
    id_ = requests.session_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.LinksBody)
    here = deps(request)
    record = await here.desk.renew_links(id_, given.roles(), request[CALLER].operator)
    for role in given.roles():
        await here.attendant.expel(id_, role)
    if "sessions" in request[CALLER].scopes:
        return _shown(_answer(request, record))
    made = {role: here.desk.link(record, role) for role in given.roles()}  # an account sees those that it made
    return _shown(session_answer(record, here.clock(), made))


async def ledger(request: web.Request) -> web.Response:
    id_ = requests.session_id(request)
    asked = requests.query(request, requests.LedgerQuery)
    after = requests.ledger_cursor(asked.cursor)
    await deps(request).desk.record(id_)  # 404 for a session that is not there
    entries = await views.ledger(deps(request).database, id_, after, asked.limit + 1)
    shown = entries[: asked.limit]
    last = requests.pack_cursor(shown[-1].seq) if len(entries) > asked.limit else None
    return answer(LedgerPage(data=tuple(_entry(each) for each in shown), next_cursor=last))


async def quality(request: web.Request) -> web.Response:
    """What both pages measured; for who decides about a session, and for neither party of it (P5.7)."""
    id_ = requests.session_id(request)
    await deps(request).desk.record(id_)  # 404 for a session that is not there
    found = await views.measured(deps(request).database, id_)
    keep = deps(request).desk.rules.terms.keep_quality
    client, expert = (tuple(QualitySample(**asdict(sample)) for sample in found[role]) for role in Role)
    return answer(QualityAnswer(client=client, expert=expert, kept_seconds=keep))


async def invitation(request: web.Request) -> web.Response:
    """The appointment of one party, with its link."""
    id_ = requests.session_id(request)
    role = Role(requests.query(request, requests.RoleQuery).role)
    desk = deps(request).desk
    record = await desk.record(id_)
    return calendar.response(record, role, desk.link(record, role), deps(request).settings.origin)


async def decide(request: web.Request) -> web.Response:
    id_ = requests.session_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.DecisionBody)
    amount = given.amount.value() if given.amount else None
    who = request[CALLER].operator
    record = await deps(request).desk.decide_refund(id_, given.decision, amount, given.note, who)
    return _shown(_answer(request, record))


async def paid(request: web.Request) -> web.Response:
    id_ = requests.session_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.PaidBody)
    who = request[CALLER].operator
    return _shown(_answer(request, await deps(request).desk.refund_settled(id_, given.reference, who)))


def answer(model: BaseModel, status: int = 200) -> web.Response:
    return web.Response(body=model.model_dump_json().encode(), status=status, content_type="application/json")


def _shown(shown: SessionAnswer, status: int = 200) -> web.Response:
    response = answer(shown, status)
    response.headers["ETag"] = f'"{shown.version}"'
    return response


def _answer(request: web.Request, record: Record) -> SessionAnswer:
    given = deps(request)
    links = {role: given.desk.link(record, role) for role in Role} if "sessions" in request[CALLER].scopes else None
    return session_answer(record, given.clock(), links)


def _entry(entry: views.Entry) -> LedgerEntry:
    fact = json.loads(entry.body)
    return LedgerEntry(
        seq=entry.seq, at=fact["at"], kind=fact["kind"], role=fact.get("role"), data=entry.body, hash=entry.hash
    )
