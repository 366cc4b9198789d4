"""From the wire to typed commands, for what goes out: endpoints, deliveries, events.

As strict as ``requests``, whose words it uses. Whether a URL may be sent to is not seen here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from server.api.requests import CursorText, Limit, Query
from server.desk.endpoints import Change
from server.webhooks.events import TYPES
from server.wire import Body, Moment, Note, whole
from signaling.session import MINUTE, Ms

FAMILIES = tuple(dict.fromkeys(f"{name.partition('.')[0]}.*" for name in TYPES))
_KNOWN = frozenset((*TYPES, *FAMILIES))


def _type(value: str) -> str:
    if value not in _KNOWN:
        raise ValueError("there is no such type of event; a family is written session.*")
    return value


Url: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^https?://[!-~]{1,2040}$",
        description="https; private, loopback and link-local addresses are refused",
        examples=["https://shop.example/hooks/calls"],
    ),
]
EventType: TypeAlias = Annotated[
    str,
    Field(pattern=r"^[a-z_]{1,32}\.([a-z_]{1,32}|\*)$", examples=["session.booked", "refund.*"]),
    AfterValidator(_type),
]
EventTypes: TypeAlias = Annotated[tuple[EventType, ...], Field(max_length=100, description="none: all of them")]


class EndpointBody(Body):
    """Where events are to be sent to."""

    url: Url
    events: EventTypes = ()
    description: Note | None = None


class EndpointChangeBody(Body):
    """What is left out stays as it is."""

    url: Url | None = None
    events: EventTypes | None = None
    description: Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]{0,1000}$")] | None = None
    enabled: bool | None = Field(None, description="false stops it; true brings it back, and what was pending goes on")

    def value(self) -> Change:
        return Change(self.url, self.events, self.description, self.enabled)


class RotateBody(Body):
    overlap_hours: Annotated[int, Field(ge=0, le=168), BeforeValidator(whole)] = Field(
        24, description="for how long the old secret signs beside the new one"
    )

    @property
    def overlap(self) -> Ms:
        return self.overlap_hours * 60 * MINUTE


class ResendBody(Body):
    """What happened in this time, once more."""

    from_: Moment = Field(alias="from", description="events from here on, at most 30 days back")
    to: Moment = Field(description="and before this")
    status: Literal["missed", "failed", "delivered", "all"] = Field(
        "missed", description="missed: all that was not delivered, also what was never to be sent there"
    )

    @model_validator(mode="after")
    def _forward(self) -> ResendBody:
        if self.to <= self.from_:
            raise ValueError("to lies after from")
        return self


class DeliveriesQuery(Query):
    status: Literal["pending", "delivered", "failed"] | None = None
    limit: Limit = 50
    cursor: CursorText | None = None


def _listed(value: Any) -> Any:
    return tuple(value.split(",")) if isinstance(value, str) else value


class EventsQuery(Query):
    after: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$", description="the id of the last event you know")] | None = (
        None
    )
    types: Annotated[
        EventTypes,
        BeforeValidator(_listed, json_schema_input_type=str),
    ] = Field((), description="types and families, separated by commas; none: all of them")
    limit: Limit = 100


__all__ = [
    "DeliveriesQuery",
    "EndpointBody",
    "EndpointChangeBody",
    "EventsQuery",
    "ResendBody",
    "RotateBody",
]
