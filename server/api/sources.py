"""The doors for booking systems that speak of themselves: how each is set up, and the one it posts to.

A message is handed on as it came, for its signature is over its bytes. The answer to our own dialect has the join links
in it, for whoever holds that secret is the booking system; others get no more than the session's id and state. A secret
is in the answer to its making, and nowhere else.
"""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from server.answers import LinksAnswer
from server.api import requests
from server.api.access import CALLER
from server.api.deps import deps
from server.api.requests_sources import (
    MessagesQuery,
    SecretBody,
    SourceBody,
    SourceChangeBody,
    message_cursor,
    source_name,
)
from server.api.sessions import answer
from server.desk.sources import no_source
from server.store import views_in as views
from server.store.views_in import Message, Source
from signaling.messages import Time
from signaling.session import MINUTE, Phase, Role


class FeeAnswer(BaseModel):
    amount: int
    currency: str


class SourceAnswer(BaseModel):
    """A booking system that posts to us."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(examples=["shop"])
    kind: Literal["standard", "calcom", "calendly"]
    url: str = Field(description="where it posts to", examples=["https://calls.example/v1/hooks/shop"])
    status: Literal["enabled", "deleted"]
    fee: FeeAnswer | None
    wait_for_payment: bool
    late_by_minutes: int
    old_secret_until: Time | None = Field(description="until when the secret before this one counts too")
    created_at: Time
    updated_at: Time


class SourceMade(SourceAnswer):
    """With its secret, for the only time, if it was made here."""

    secret: str | None = Field(description="give it to the booking system; null: it was given by you")


class SourceList(BaseModel):
    data: tuple[SourceAnswer, ...]
    next_cursor: None = None


class RefusedAnswer(BaseModel):
    model_config = ConfigDict(frozen=True)

    code: str
    detail: str


class HookAnswer(BaseModel):
    """What came of a message: one of `session`, `waiting`, `ignored` and `refused`. The same when it comes again."""

    model_config = ConfigDict(frozen=True)

    session: str | None = Field(None, description="the session that this booking is")
    status: Phase | None = None
    links: LinksAnswer | None = Field(None, description="of kind `standard` alone")
    waiting: str | None = Field(None, description="what it waits for")
    ignored: str | None = Field(None, description="why it means nothing here")
    refused: RefusedAnswer | None = Field(None, description="the rules do not give this; sending it again is no use")


class MessageAnswer(BaseModel):
    """A message that was verified, and what came of it. Its body is not kept."""

    model_config = ConfigDict(frozen=True)

    id: str
    booking: str | None = Field(description="the booking's own id")
    outcome: Literal["taken", "waiting", "ignored", "refused"]
    code: str | None
    detail: str | None
    session: str | None
    received_at: Time


class MessageList(BaseModel):
    data: tuple[MessageAnswer, ...]
    next_cursor: str | None


async def create(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, SourceBody)
    source, secret = await deps(request).desk.sources.create(
        given.name,
        given.kind,
        given.secret,
        fee=given.fee.value() if given.fee else None,
        wait_for_payment=given.wait_for_payment,
        late_by=given.late_by(),
        who=request[CALLER].key,
    )
    return answer(SourceMade(**_shown(request, source), secret=secret), status=201)


async def many(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    found = await views.every_source(deps(request).database)
    return answer(SourceList(data=tuple(SourceAnswer(**_shown(request, source)) for source in found)))


async def get(request: web.Request) -> web.Response:
    name = source_name(request)
    requests.query(request, requests.NoQuery)
    return answer(SourceAnswer(**_shown(request, await _found(request, name))))


async def change(request: web.Request) -> web.Response:
    name = source_name(request)
    requests.query(request, requests.NoQuery)
    wanted = (await requests.body(request, SourceChangeBody)).value()
    source = await deps(request).desk.sources.change(name, wanted, request[CALLER].key)
    return answer(SourceAnswer(**_shown(request, source)))


async def rotate(request: web.Request) -> web.Response:
    """Another secret; the old one counts beside it for a while."""
    name = source_name(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, SecretBody)
    overlap = given.overlap_hours * 60 * MINUTE
    source, secret = await deps(request).desk.sources.rotate(name, given.secret, overlap, request[CALLER].key)
    return answer(SourceMade(**_shown(request, source), secret=secret))


async def remove(request: web.Request) -> web.Response:
    """It takes nothing any more; what it booked stays."""
    name = source_name(request)
    requests.query(request, requests.NoQuery)
    await deps(request).desk.sources.remove(name, request[CALLER].key)
    return web.Response(status=204)


async def messages(request: web.Request) -> web.Response:
    name = source_name(request)
    asked = requests.query(request, MessagesQuery)
    after = message_cursor(asked.cursor)
    await _found(request, name)
    found = await views.messages(deps(request).database, name, asked.outcome, after, asked.limit + 1)
    shown, last = found[: asked.limit], None
    if len(found) > asked.limit:
        last = requests.pack_cursor(shown[-1].received_at, shown[-1].id)
    return answer(MessageList(data=tuple(_message(each) for each in shown), next_cursor=last))


async def hook(request: web.Request) -> web.Response:
    """One message of a booking system."""
    name = source_name(request)
    requests.query(request, requests.NoQuery)
    raw = await requests.raw(request)
    desk = deps(request).desk
    headers = {key.lower(): value for key, value in request.headers.items()}
    taken = await desk.take(name, headers, raw)
    record, message = taken.record, taken.message
    for role in taken.exchanged:  # another person: the first one's link is over
        if record is not None:
            await deps(request).attendant.expel(record.id, role)
    refused = message.outcome == "refused"
    links = None
    if record is not None and taken.own_words and not refused:
        links = LinksAnswer(client=desk.link(record, Role.CLIENT), expert=desk.link(record, Role.EXPERT))
    shown = HookAnswer(
        session=message.session,
        status=record.session.phase if record is not None else None,
        links=links,
        waiting=message.detail if message.outcome == "waiting" else None,
        ignored=message.detail if message.outcome == "ignored" else None,
        refused=RefusedAnswer(code=message.code or "", detail=message.detail or "") if refused else None,
    )
    return web.Response(body=shown.model_dump_json(exclude_none=True).encode(), content_type="application/json")


async def _found(request: web.Request, name: str) -> Source:
    source = await views.source(deps(request).database, name)
    if source is None:
        raise no_source()
    return source


def _shown(request: web.Request, source: Source) -> dict[str, Any]:
    fee = source.fee
    return {
        "name": source.name,
        "kind": source.kind,
        "url": f"{deps(request).settings.origin}/v1/hooks/{source.name}",
        "status": "enabled" if source.secret is not None else "deleted",
        "fee": FeeAnswer(amount=fee.amount, currency=fee.currency) if fee else None,
        "wait_for_payment": source.wait_for_payment,
        "late_by_minutes": source.late_by // MINUTE,
        "old_secret_until": source.old_secret_until,
        "created_at": source.created_at,
        "updated_at": source.updated_at,
    }


def _message(message: Message) -> MessageAnswer:
    return MessageAnswer(
        id=message.id,
        booking=message.uid,
        outcome=message.outcome,
        code=message.code,
        detail=message.detail,
        session=message.session,
        received_at=message.received_at,
    )
