"""Calendly: ``{"event", "created_at", "payload"}``, of which two events are bookings (webhooks of API v2).

A reschedule is two events, in any order: ``invitee.canceled`` with ``rescheduled``, which takes nothing from anybody,
and ``invitee.created`` that names the ``old_invitee``. A booking is known by the last part of its invitee's URI. An
amount is in major units. Events of several invitees or hosts are no sessions. Pure.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from server.policy import money
from server.webhooks.booking import said
from server.webhooks.booking.chain import Heard, Offer, What
from server.webhooks.booking.said import Given, Moment, Nothing, PersonOf, Said, Unfit, not_one_to_one
from server.wire import MAX_AMOUNT, Unreadable
from signaling.session import Ms, Whom


def _last_part(uri: str) -> str:
    name = uri.rstrip("/").rpartition("/")[2]
    if not name or not name.isprintable():
        raise ValueError("this URI names nothing")
    return name


_Uid = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_last_part)]
_Mail = Annotated[str, Field(min_length=3, max_length=254)]


class _Membership(Given):
    user_email: _Mail
    user_name: str | None = None


class _Counter(Given):
    limit: int = 1


class _Guest(Given):
    email: str | None = None


class _Event(Given):
    name: str | None = None
    start_time: Moment
    end_time: Moment
    event_memberships: tuple[_Membership, ...] = ()
    event_guests: tuple[_Guest, ...] = ()
    invitees_counter: _Counter = _Counter()


class _Payment(Given):
    amount: Decimal
    currency: str
    successful: bool = False


class _Invitee(Given):
    uri: _Uid
    email: _Mail
    name: str = ""
    timezone: str | None = None
    old_invitee: _Uid | None = None
    payment: _Payment | None = None
    scheduled_event: _Event


class _Cancellation(Given):
    canceler_type: str | None = None


class _Canceled(Given):
    uri: _Uid
    rescheduled: bool = False
    new_invitee: _Uid | None = None
    cancellation: _Cancellation | None = None


class _Dated(Given):
    created_at: Moment


_BY = {"host": Whom.EXPERT, "invitee": Whom.CLIENT}


def read(raw: bytes, message: str, person_of: PersonOf) -> Said:
    """``Unreadable`` if this is no message of Calendly at all; a booking that cannot be read is ``Unfit``."""
    body = said.envelope(raw)
    event, payload = body.get("event"), body.get("payload")
    if not isinstance(event, str):
        raise Unreadable("event: this says what happened")
    if event not in ("invitee.created", "invitee.canceled"):
        return Nothing("this event means nothing here")
    at = said.read(_Dated, body).created_at
    try:
        if event == "invitee.canceled":
            return _canceled(said.read(_Canceled, payload), message, at)
        return _booking(said.read(_Invitee, payload), message, at, person_of)
    except Unreadable as error:
        return Unfit("unreadable", f"The booking cannot be read: {error}.")


def _canceled(invitee: _Canceled, message: str, at: Ms) -> Heard:
    by = _BY.get(invitee.cancellation.canceler_type or "") if invitee.cancellation else None
    if invitee.rescheduled:
        return Heard(message, What.GIVEN_UP, invitee.uri, at, after=invitee.new_invitee, by=by)
    return Heard(message, What.CANCELLED, invitee.uri, at, by=by)


def _booking(invitee: _Invitee, message: str, at: Ms, person_of: PersonOf) -> Said:
    event, uid = invitee.scheduled_event, invitee.uri
    if event.invitees_counter.limit > 1:
        return not_one_to_one(uid, "this is a group event")
    if len(event.event_memberships) != 1:
        return not_one_to_one(uid, "this event does not have one host")
    if event.event_guests:
        return not_one_to_one(uid, "this event has guests besides")
    slot = said.slot(event.start_time, event.end_time, uid)
    if isinstance(slot, Unfit):
        return slot
    host = event.event_memberships[0]
    try:
        fee = _fee(invitee.payment)
    except ValueError:
        return Unfit("bad_price", "The payment is not an amount in a currency that people pay with.", uid)
    paid = invitee.payment is None or invitee.payment.successful
    offer = Offer(
        *slot,
        client=said.party(person_of, invitee.email, invitee.name, time_zone=invitee.timezone, locale=None, booking=uid),
        expert=said.party(person_of, host.user_email, host.user_name or "", time_zone=None, locale=None),
        title=said.shown(event.name),
        fee=fee if paid else None,
        due=not paid,
    )
    what = What.BOOKED if invitee.old_invitee is None else What.MOVED
    return Heard(message, what, uid, at, offer, before=invitee.old_invitee)


def _fee(payment: _Payment | None) -> money.Money | None:
    """In minor units, by our own table. ``ValueError`` if that cannot be said exactly."""
    if payment is None or not payment.amount:
        return None
    fee = money.from_major(payment.amount, payment.currency.upper())
    if fee.amount > MAX_AMOUNT:
        raise ValueError("this is too much")
    return fee
