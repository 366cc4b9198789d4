"""The doors to what goes out: endpoints, what was sent to them and how that went, and the events themselves.

A secret is in two answers, of its making and of its exchange, and nowhere else. Bodies are shown as they were sent, but
what opens a link is masked for whoever may not join. When something is sent again is the desk's and the deliverer's.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from server.api import requests
from server.api.access import CALLER
from server.api.deps import deps
from server.api.problems import Refusal
from server.api.requests_endpoints import (
    DeliveriesQuery,
    EndpointBody,
    EndpointChangeBody,
    EventsQuery,
    ResendBody,
    RotateBody,
)
from server.api.sessions import answer
from server.store import views_post as views
from server.store.views_post import Attempt, Delivery, Endpoint, Event
from server.webhooks.events import masked
from signaling.errors import NotFound
from signaling.messages import Time


class EndpointAnswer(BaseModel):
    """Where events go."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(examples=["ep_5f3a9c1d2b4e6f70"])
    url: str
    description: str | None
    events: tuple[str, ...] = Field(description="types and families; none: all of them")
    status: Literal["enabled", "disabled"]
    disabled_why: Literal["gone", "failing", "operator", "secret_lost"] | None = Field(
        description="it answered 410; five days of nothing but failures; somebody; its secret cannot be read"
    )
    failing_since: Time | None = Field(description="null: the last attempt was taken, or there was none")
    failures: int = Field(description="in a row")
    old_secret_until: Time | None = Field(description="until when the secret before this one signs too")
    created_at: Time
    updated_at: Time


class EndpointMade(EndpointAnswer):
    """With its secret, for the only time."""

    secret: str = Field(description="verify signatures with it; it is not shown again", examples=["whsec_MfKQ9r8…"])


class EndpointList(BaseModel):
    data: tuple[EndpointAnswer, ...]
    next_cursor: None = None


class DeliveryAnswer(BaseModel):
    """One event to one endpoint."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(examples=["dl_01a205d7ccda71ec8285c83581c9917b"])
    endpoint: str
    event: str = Field(description="the `webhook-id` that it is sent under")
    type: str
    stream: str
    sequence: int
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    sending: bool = Field(description="just now")
    next_attempt_at: Time | None
    created_at: Time
    finished_at: Time | None


class DeliveryList(BaseModel):
    data: tuple[DeliveryAnswer, ...]
    next_cursor: str | None


class AttemptAnswer(BaseModel):
    """One try."""

    model_config = ConfigDict(frozen=True)

    at: Time
    took_ms: int
    status: int | None = Field(description="null: there was no answer")
    error: str | None = Field(description="why not, in a word", examples=["timed_out"])
    answer: str | None = Field(description="the first kilobyte of it")


class DeliveryWhole(DeliveryAnswer):
    """With what was sent and every attempt."""

    body: str = Field(description="as it is sent, but for what opens a link")
    tried: tuple[AttemptAnswer, ...]


class EventAnswer(BaseModel):
    """One event, as it is sent, with its id and the stream that it is numbered in."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="the `webhook-id`: the same event again has the same")
    stream: str = Field(description="a session's id, or person/, endpoint/ or source/ with whose it is")
    type: str
    timestamp: str
    sequence: int
    data: dict[str, Any]


class EventList(BaseModel):
    data: tuple[EventAnswer, ...]
    next_after: str | None = Field(description="ask with it as `after` for what comes behind; null: there is none yet")
    more: bool = Field(description="there is more behind it already")


class TestAnswer(BaseModel):
    event: str = Field(description="the `webhook-id` that it will come under")


class ResentAnswer(BaseModel):
    resent: int = Field(description="how many deliveries")


async def create(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, EndpointBody)
    desk = deps(request).desk
    made, secret = await desk.endpoints.create(given.url, given.events, given.description, request[CALLER].key)
    return answer(EndpointMade(**dict(_answer(request, made)), secret=secret), 201)


async def many(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    found = await views.every_endpoint(deps(request).database)
    return answer(EndpointList(data=tuple(_answer(request, each) for each in found)))


async def get(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    return answer(_answer(request, await _found(request)))


async def change(request: web.Request) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, EndpointChangeBody)
    changed = await deps(request).desk.endpoints.change(id_, given.value(), request[CALLER].key)
    return answer(_answer(request, changed))


async def remove(request: web.Request) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    await deps(request).desk.endpoints.remove(id_, request[CALLER].key)
    return web.Response(status=204)


async def rotate(request: web.Request) -> web.Response:
    """A new secret; the old one signs beside it for a while."""
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, RotateBody)
    changed, secret = await deps(request).desk.endpoints.rotate(id_, given.overlap, request[CALLER].key)
    return answer(EndpointMade(**dict(_answer(request, changed)), secret=secret))


async def test(request: web.Request) -> web.Response:
    """An event that says nothing, to this endpoint alone."""
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    return answer(TestAnswer(event=await deps(request).desk.endpoints.test(id_, request[CALLER].operator)), 202)


async def resend(request: web.Request) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, ResendBody)
    resent = await deps(request).desk.endpoints.resend(
        id_, given.from_, given.to, given.status, request[CALLER].operator
    )
    return answer(ResentAnswer(resent=resent), 202)


async def deliveries(request: web.Request) -> web.Response:
    """Newest first."""
    endpoint, asked = await _found(request), requests.query(request, DeliveriesQuery)
    before = requests.list_cursor(asked.cursor)
    found = await views.deliveries(deps(request).database, endpoint.id, asked.status, before, asked.limit + 1)
    shown = found[: asked.limit]
    last = requests.pack_cursor(shown[-1].created_at, shown[-1].id) if len(found) > asked.limit else None
    return answer(DeliveryList(data=tuple(delivery_answer(each) for each in shown), next_cursor=last))


async def delivery(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    return answer(await _whole(request))


async def resend_one(request: web.Request) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    await deps(request).desk.endpoints.resend_one(id_, request[CALLER].operator)
    return answer(await _whole(request), 202)


async def events(request: web.Request) -> web.Response:
    """What was told, in the order in which it was handed on: to catch up by, whatever became of the deliveries."""
    asked, here = requests.query(request, EventsQuery), deps(request)
    after = 0
    if asked.after is not None:
        position = await views.event_position(here.database, asked.after)
        if position is None:
            detail = "This event is not kept anymore, or never was: begin again without after, and pass over known ids."
            raise Refusal(410, "event_unknown", detail)
        after = position
    families = {name.removesuffix(".*") for name in asked.types if name.endswith(".*")}
    types = {name for name in asked.types if not name.endswith(".*")}
    found = await views.events(here.database, after, types, families, asked.limit + 1)
    shown = found[: asked.limit]
    joins = "sessions" in request[CALLER].scopes
    data = tuple(_event(each, each.body if joins else masked(each.body)) for each in shown)
    return answer(
        EventList(data=data, next_after=shown[-1].id if shown else asked.after, more=len(found) > asked.limit)
    )


# --- helpers ----------------------------------------------------------------------------------------------------------


async def _found(request: web.Request) -> Endpoint:
    found = await views.endpoint(deps(request).database, requests.record_id(request))
    if found is None:
        raise NotFound("There is no endpoint with this id.", code="endpoint_not_found")
    return found


async def _whole(request: web.Request) -> DeliveryWhole:
    found = await views.delivery(deps(request).database, requests.record_id(request))
    if found is None:
        raise NotFound("There is no delivery with this id.", code="delivery_not_found")
    shown, body, tried = found
    return DeliveryWhole(**dict(delivery_answer(shown)), body=masked(body), tried=tuple(map(_attempt, tried)))


def _answer(request: web.Request, endpoint: Endpoint) -> EndpointAnswer:
    until = endpoint.old_secret_until
    return EndpointAnswer.model_validate(
        {
            "id": endpoint.id,
            "url": endpoint.url,
            "description": endpoint.description,
            "events": endpoint.events,
            "status": endpoint.status,
            "disabled_why": endpoint.disabled_why,
            "failing_since": endpoint.failing_since,
            "failures": endpoint.failures,
            "old_secret_until": until if until is not None and until > deps(request).clock() else None,
            "created_at": endpoint.created_at,
            "updated_at": endpoint.updated_at,
        }
    )


def delivery_answer(each: Delivery) -> DeliveryAnswer:
    return DeliveryAnswer(
        id=each.id,
        endpoint=each.endpoint,
        event=each.event,
        type=each.type,
        stream=each.stream,
        sequence=each.sequence,
        status=each.status,
        attempts=each.attempts,
        sending=each.sending,
        next_attempt_at=each.due_at,
        created_at=each.created_at,
        finished_at=each.finished_at,
    )


def _attempt(each: Attempt) -> AttemptAnswer:
    said = masked(each.answer) if each.answer is not None else None  # some repeat what they were sent
    return AttemptAnswer(at=each.at, took_ms=each.took, status=each.status, error=each.error, answer=said)


def _event(event: Event, body: str) -> EventAnswer:
    told = json.loads(body)
    return EventAnswer(
        id=event.id,
        stream=event.stream,
        type=event.type,
        timestamp=told["timestamp"],
        sequence=event.sequence,
        data=told["data"],
    )
