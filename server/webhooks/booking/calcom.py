"""Cal.com: ``{"triggerEvent", "createdAt", "payload"}`` (payload version 2021-10-20 and later).

A reschedule makes a new booking with a ``uid`` of its own, which names the old one as ``rescheduleUid``. Hosts of a
team and guests stand among the attendees: the client is who answered the booking's form. ``price`` is in minor units.
Marks of no-shows and the scheduled starts and ends mean nothing here: who came is seen by this server itself. Pure.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from server.policy import money
from server.store.sessions import Party
from server.webhooks.booking import said
from server.webhooks.booking.chain import Heard, Offer, What
from server.webhooks.booking.said import Given, Moment, Nothing, PersonOf, Said, Unfit, normalised, not_one_to_one
from server.wire import MAX_AMOUNT, Unreadable
from signaling.session import Ms, Whom

_WHAT = {
    "BOOKING_CREATED": What.BOOKED,
    "BOOKING_RESCHEDULED": What.MOVED,
    "BOOKING_REASSIGNED": What.CHANGED,
    "BOOKING_PAID": What.PAID,
    "BOOKING_CANCELLED": What.CANCELLED,
    "BOOKING_REJECTED": What.CANCELLED,
}


def _object_or_nothing(value: Any) -> Any:
    return value if isinstance(value, dict) else None


def _answer(value: Any) -> Any:
    """An answer of the form stands under ``value``."""
    return value.get("value") if isinstance(value, dict) else None


def _known(value: str) -> str:
    if not value.isprintable():
        raise ValueError("an id is printable")
    return value


_Uid = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_known)]
_Mail = Annotated[str, Field(min_length=3, max_length=254)]


class _Part(Given):
    model_config = ConfigDict(alias_generator=to_camel)


class _Language(_Part):
    locale: str | None = None


class _Person(_Part):
    email: _Mail
    name: str = ""
    time_zone: str | None = None
    language: Annotated[_Language | None, BeforeValidator(_object_or_nothing)] = None


class _Responses(_Part):
    email: Annotated[Any, BeforeValidator(_answer)] = None
    guests: Annotated[Any, BeforeValidator(_answer)] = None


class _Team(_Part):
    members: tuple[_Person, ...] = ()


class _Ended(_Part):
    """What of a cancellation is needed."""

    uid: _Uid
    organizer: Annotated[_Person | None, BeforeValidator(_object_or_nothing)] = None
    attendees: tuple[_Person, ...] = ()
    cancelled_by: str | None = None
    request_reschedule: bool | None = None


class _Booking(_Part):
    uid: _Uid
    status: str | None = None
    event_title: str | None = None
    price: int | None = None
    currency: str | None = None
    start_time: Moment
    end_time: Moment
    organizer: _Person
    attendees: tuple[_Person, ...]
    responses: Annotated[_Responses | None, BeforeValidator(_object_or_nothing)] = None
    team: Annotated[_Team | None, BeforeValidator(_object_or_nothing)] = None
    seats_per_time_slot: int | None = None
    reschedule_uid: _Uid | None = None
    rescheduled_by: str | None = None


class _Dated(_Part):
    created_at: Moment


def read(raw: bytes, message: str, person_of: PersonOf) -> Said:
    """``Unreadable`` if this is no message of Cal.com at all; a booking that cannot be read is ``Unfit``."""
    body = said.envelope(raw)
    trigger = body.get("triggerEvent")
    if not isinstance(trigger, str):
        raise Unreadable("triggerEvent: this says what happened")
    if trigger not in _WHAT:
        return Nothing("this trigger means nothing here")
    at = said.read(_Dated, body).created_at
    payload, what = body.get("payload"), _WHAT[trigger]
    try:
        if what is What.CANCELLED:
            return _ended(said.read(_Ended, payload), message, at, rejected=trigger == "BOOKING_REJECTED")
        return _booking(said.read(_Booking, payload), what, message, at, person_of)
    except Unreadable as error:
        uid = payload.get("uid") if isinstance(payload, dict) else None
        return Unfit("unreadable", f"The booking cannot be read: {error}.", uid if isinstance(uid, str) else None)


def _ended(ended: _Ended, message: str, at: Ms, *, rejected: bool) -> Heard:
    if rejected:  # the host would not have the booking that was asked for
        return Heard(message, What.CANCELLED, ended.uid, at, by=Whom.EXPERT)
    by = _whom(ended.cancelled_by, ended.organizer, ended.attendees)
    if ended.request_reschedule:  # the host asks for another slot; it follows as BOOKING_RESCHEDULED
        return Heard(message, What.GIVEN_UP, ended.uid, at, by=by or Whom.EXPERT)
    return Heard(message, What.CANCELLED, ended.uid, at, by=by)


def _booking(booking: _Booking, what: What, message: str, at: Ms, person_of: PersonOf) -> Said:
    if booking.status is not None and booking.status.upper() != "ACCEPTED":
        if what is What.PAID:
            return Heard(message, what, booking.uid, at)
        return Nothing("the booking is not accepted yet")
    if (booking.seats_per_time_slot or 0) > 1:
        return not_one_to_one(booking.uid, "this event type has seats for several")
    client = _client(booking)
    if isinstance(client, Unfit):
        return client
    slot = said.slot(booking.start_time, booking.end_time, booking.uid)
    if isinstance(slot, Unfit):
        return slot
    fee = _fee(booking)
    if isinstance(fee, Unfit):
        return fee
    offer = Offer(
        *slot,
        client=_party(client, person_of, booking.uid),
        expert=_party(booking.organizer, person_of),
        title=said.shown(booking.event_title),  # the booking's own title has both names in it
        fee=fee,
        due=fee is not None,
    )
    by = _whom(booking.rescheduled_by, booking.organizer, (client,))
    return Heard(message, what, booking.uid, at, offer, before=booking.reschedule_uid, by=by)


def _client(booking: _Booking) -> _Person | Unfit:
    """Who answered the form; nobody else may attend but the host."""
    host = normalised(booking.organizer.email)
    hosts = {host, *(normalised(member.email) for member in booking.team.members)} if booking.team else {host}
    if len(hosts) > 1:
        return not_one_to_one(booking.uid, "this booking has several hosts")
    guests = {normalised(each.email): each for each in booking.attendees if normalised(each.email) not in hosts}
    answers = booking.responses or _Responses()
    if len(guests) > 1 or answers.guests:
        return not_one_to_one(booking.uid, "this booking has guests besides")
    if not guests:
        return not_one_to_one(booking.uid, "nobody but the host attends this booking")
    answered = guests.get(normalised(answers.email)) if isinstance(answers.email, str) else None
    return answered or next(iter(guests.values()))


def _fee(booking: _Booking) -> money.Money | Unfit | None:
    if not booking.price:
        return None
    currency = (booking.currency or "").upper()
    if not 0 < booking.price <= MAX_AMOUNT or currency not in money.EXPONENTS:
        return Unfit("bad_price", "The price is not an amount in a currency that people pay with.", booking.uid)
    return money.Money(booking.price, currency)


def _whom(email: str | None, host: _Person | None, clients: tuple[_Person, ...]) -> Whom | None:
    """Whose address this is; None for anybody else's, as that of a colleague or of the platform's staff."""
    if email is None:
        return None
    if host is not None and normalised(email) == normalised(host.email):
        return Whom.EXPERT
    return Whom.CLIENT if normalised(email) in {normalised(each.email) for each in clients} else None


def _party(person: _Person, person_of: PersonOf, booking: str | None = None) -> Party:
    locale = person.language.locale if person.language else None
    return said.party(person_of, person.email, person.name, time_zone=person.time_zone, locale=locale, booking=booking)
