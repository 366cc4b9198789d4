"""A booking system that speaks our own words, in the envelope of Standard Webhooks.

``{"type": "booking.created" | "booking.moved" | "booking.cancelled", "timestamp", "data"}``: ``data`` is the body of
``PUT /v1/sessions/{id}`` with the ``id`` in it, of a cancellation the ``id`` and who cancels. Pure; as strict as the
API: a body with a mistake is Unreadable, for its sender can mend it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from server import wire
from server.webhooks.booking.chain import Heard, Offer, What
from server.webhooks.booking.said import Nothing, PersonOf, Said, envelope, unreadable
from signaling.session import Whom


class _Booking(wire.BookingFields):
    id: wire.SessionId


class _Booked(wire.Body):
    type: Literal["booking.created", "booking.moved"]
    timestamp: wire.Moment
    data: _Booking


class _Cancellation(wire.Body):
    id: wire.SessionId
    by: Annotated[wire.Actor, Field(description="who cancels; the refund follows from it")] = "operator"


class _Cancelled(wire.Body):
    type: Literal["booking.cancelled"]
    timestamp: wire.Moment
    data: _Cancellation


_WHAT = {"booking.created": What.BOOKED, "booking.moved": What.MOVED}


def read(raw: bytes, message: str, person_of: PersonOf) -> Said:
    """``Unreadable`` with a path for whatever is wrong with it."""
    said: dict[str, Any] = dict(envelope(raw))
    type_ = said.get("type")
    if not isinstance(type_, str):
        raise wire.Unreadable("type: this says what happened")
    try:
        if type_ == "booking.cancelled":
            cancelled = _Cancelled.model_validate_json(raw)
            data = cancelled.data
            return Heard(message, What.CANCELLED, data.id, cancelled.timestamp, by=Whom(data.by))
        if type_ not in _WHAT:
            return Nothing("this type is none of booking.created, booking.moved and booking.cancelled")
        booked = _Booked.model_validate_json(raw)
    except ValidationError as error:
        raise unreadable(error) from None
    return Heard(
        message, _WHAT[type_], booked.data.id, booked.timestamp, offer=_offer(booked.data), by=booked.data.whom()
    )


def _offer(booking: _Booking) -> Offer:
    starts_at, duration = booking.slot()
    return Offer(
        starts_at=starts_at,
        duration=duration,
        client=booking.client.value(),
        expert=booking.expert.value(),
        title=booking.title,
        fee=booking.fee.value() if booking.fee else None,
        accepted=booking.accepted(),
    )
