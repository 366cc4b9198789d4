"""Messages as Cal.com, Calendly and a system of our own words send them, signed; and whole stories made of them.

The bodies have the shapes that both document, with what is not looked at beside what is. A story says what its messages
come to, whatever their order. Each telling has a name of its own, so that many fit into one store.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.policy.money import Money
from signaling.messages import to_rfc3339
from signaling.session import MINUTE, Ms
from tests.builders import NOON

HOUR = 60 * MINUTE
SAID: Ms = NOON - 3 * HOUR
"""When the first message of a story was made; the others follow a second apart."""

CALCOM_SECRET = "a-secret-as-cal.com-has-it"
CALENDLY_SECRET = "5mEzn9C-I28UtwOjZJtFoob0sAAFZ95GbZkqj4y3i0I"
STANDARD_SECRET = bytes(range(32))

HOST = "grace@experts.example"
CLIENT = "Ada.Lovelace@clients.example"


def calcom(
    trigger: str,
    uid: str,
    *,
    n: int,
    starts_at: Ms = NOON,
    minutes: int = 30,
    host: str = HOST,
    client: str = CLIENT,
    price: int = 0,
    **more: Any,
) -> bytes:
    """One body of Cal.com; ``n``: the which one it is of its story. ``more`` goes into the payload."""
    attendee = {
        "name": "Ada Lovelace",
        "email": client,
        "firstName": "Ada",
        "lastName": "Lovelace",
        "timeZone": "Europe/London",
        "language": {"locale": "en"},
        "phoneNumber": None,
        "utcOffset": 0,
    }
    payload = {
        "type": "30min",
        "title": "30 Min Meeting between Grace Hopper and Ada Lovelace",
        "eventTitle": "30 Min Meeting",
        "eventTypeId": 7,
        "description": "",
        "additionalNotes": "I have many questions",
        "customInputs": {},
        "startTime": to_rfc3339(starts_at).replace(".000Z", "Z"),
        "endTime": to_rfc3339(starts_at + minutes * MINUTE).replace("Z", "+00:00"),
        "organizer": {
            "id": 4,
            "name": "Grace Hopper",
            "email": host,
            "username": "grace",
            "timeZone": "America/New_York",
            "language": {"locale": "en"},
            "timeFormat": "h:mma",
            "utcOffset": -300,
        },
        "responses": {
            "name": {"label": "your_name", "value": "Ada Lovelace", "isHidden": False},
            "email": {"label": "email_address", "value": client, "isHidden": False},
            "guests": {"label": "additional_guests", "value": [], "isHidden": False},
            "location": {"label": "location", "value": {"value": "integrations:daily", "optionValue": ""}},
        },
        "userFieldsResponses": {},
        "attendees": [attendee],
        "location": "integrations:daily",
        "iCalUID": f"{uid}@Cal.com",
        "iCalSequence": 0,
        "hashedLink": None,
        "seatsPerTimeSlot": None,
        "uid": uid,
        "bookingId": 91,
        "length": minutes,
        "price": price,
        "currency": "usd",
        "metadata": {"videoCallUrl": "https://app.cal.com/video/x"},
        "appsStatus": [],
        "status": "CANCELLED" if trigger == "BOOKING_CANCELLED" else "ACCEPTED",
        **more,
    }
    body = {"triggerEvent": trigger, "createdAt": to_rfc3339(SAID + n * 1000), "payload": payload}
    return json.dumps(body, ensure_ascii=False).encode()


def calendly(
    event: str,
    uid: str,
    *,
    n: int,
    starts_at: Ms = NOON,
    minutes: int = 30,
    old: str | None = None,
    new: str | None = None,
    canceler: str | None = None,
    payment: dict[str, Any] | None = None,
    scheduled: dict[str, Any] | None = None,
) -> bytes:
    """One body of Calendly. ``canceler``: it is a cancellation by that type; ``new``: to be rescheduled."""

    def uri(invitee: str) -> str:
        return f"https://api.calendly.com/scheduled_events/EV{invitee}/invitees/{invitee}"

    cancellation = {"canceled_by": "Somebody", "reason": "", "canceler_type": canceler}
    payload = {
        "cancel_url": "https://calendly.com/cancellations/x",
        "created_at": "2026-11-20T10:00:00.123456Z",
        "email": CLIENT,
        "event": f"https://api.calendly.com/scheduled_events/EV{uid}",
        "name": "Ada Lovelace",
        "first_name": None,
        "last_name": None,
        "new_invitee": uri(new) if new else None,
        "old_invitee": uri(old) if old else None,
        "payment": payment,
        "questions_and_answers": [{"question": "What for?", "answer": "Compilers", "position": 0}],
        "reschedule_url": "https://calendly.com/reschedulings/x",
        "rescheduled": new is not None,
        "routing_form_submission": None,
        "scheduled_event": {
            "uri": f"https://api.calendly.com/scheduled_events/EV{uid}",
            "name": "30 Minute Meeting",
            "status": "canceled" if canceler else "active",
            "start_time": to_rfc3339(starts_at).replace(".000Z", ".000000Z"),
            "end_time": to_rfc3339(starts_at + minutes * MINUTE).replace(".000Z", ".000000Z"),
            "event_type": "https://api.calendly.com/event_types/ET1",
            "location": {"type": "custom", "location": "by link"},
            "invitees_counter": {"total": 1, "active": 1, "limit": 1},
            "event_memberships": [
                {"user": "https://api.calendly.com/users/U1", "user_email": HOST, "user_name": "Grace Hopper"}
            ],
            "event_guests": [],
            **(scheduled or {}),
        },
        "status": "canceled" if canceler else "active",
        "text_reminder_number": None,
        "timezone": "Europe/London",
        "tracking": {"utm_campaign": None},
        "uri": uri(uid),
        **({"cancellation": cancellation} if canceler else {}),
    }
    at = to_rfc3339(SAID + n * 1000).replace("Z", "000Z")
    body = {"event": event, "created_at": at, "created_by": "https://api.calendly.com/users/U1", "payload": payload}
    return json.dumps(body).encode()


def standard(type_: str, id_: str, *, n: int, **data: Any) -> bytes:
    """One body in our own words; None takes a key out."""
    booking: dict[str, Any] = {
        "starts_at": to_rfc3339(NOON),
        "duration_minutes": 30,
        "client": {"id": "c_9", "name": "Ada Lovelace"},
        "expert": {"id": "e_4", "name": "Grace Hopper"},
        "fee": {"amount": 12000, "currency": "USD"},
    }
    whole = {"id": id_, **({} if type_ == "booking.cancelled" else booking), **data}
    said = {key: value for key, value in whole.items() if value is not None}
    return json.dumps({"type": type_, "timestamp": to_rfc3339(SAID + n * 1000), "data": said}).encode()


# --- signing ----------------------------------------------------------------------------------------------------------


def sign_calcom(raw: bytes, now: Ms, secret: str = CALCOM_SECRET) -> dict[str, str]:
    return {"x-cal-signature-256": hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}


def sign_calendly(raw: bytes, now: Ms, secret: str = CALENDLY_SECRET) -> dict[str, str]:
    signed = f"{now // 1000}.".encode() + raw
    made = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {"calendly-webhook-signature": f"t={now // 1000},v1={made}"}


def sign_standard(raw: bytes, now: Ms, secret: bytes = STANDARD_SECRET, id_: str | None = None) -> dict[str, str]:
    id_ = id_ or f"msg_{hashlib.sha256(raw).hexdigest()[:24]}"
    signed = f"{id_}.{now // 1000}.".encode() + raw
    made = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": id_, "webhook-timestamp": str(now // 1000), "webhook-signature": f"v1,{made}"}


SIGN: dict[str, Callable[[bytes, Ms], dict[str, str]]] = {
    "calcom": sign_calcom,
    "calendly": sign_calendly,
    "standard": sign_standard,
}
SECRETS = {
    "calcom": CALCOM_SECRET,
    "calendly": CALENDLY_SECRET,
    "standard": "whsec_" + base64.b64encode(STANDARD_SECRET).decode(),
}


# --- stories ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Right:
    """What a story comes to. ``status`` None: no session at all. ``starts_at`` None: wherever it was when it ended."""

    status: str | None
    starts_at: Ms | None = NOON
    minutes: int = 30
    fee: Money | None = None
    refund: str | None = None
    by: str | None = None
    expert: str = HOST


@dataclass(frozen=True)
class Story:
    """``tell(name)`` gives its messages, in the order in which they were made."""

    name: str
    kind: str
    tell: Callable[[str], Sequence[bytes]]
    right: Right
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}"


LATER, MUCH_LATER = NOON + 24 * HOUR, NOON + 48 * HOUR
PAID = {"external_id": "ch_1", "provider": "stripe", "amount": 45.5, "currency": "USD", "terms": "", "successful": True}


def _calcom(name: str, right: Right, *steps: Callable[[str, int], bytes], **options: Any) -> Story:
    return Story(name, "calcom", lambda k: [step(k, n) for n, step in enumerate(steps)], right, options=options)


def _calendly(name: str, right: Right, *steps: Callable[[str, int], bytes], **options: Any) -> Story:
    return Story(name, "calendly", lambda k: [step(k, n) for n, step in enumerate(steps)], right, options=options)


def _standard(name: str, right: Right, *steps: Callable[[str, int], bytes]) -> Story:
    return Story(name, "standard", lambda k: [step(k, n) for n, step in enumerate(steps)], right)


def _c(trigger: str, letter: str = "A", **more: Any) -> Callable[[str, int], bytes]:
    def make(k: str, n: int) -> bytes:
        given = {key: f"{k}{value}" if key == "rescheduleUid" else value for key, value in more.items()}
        return calcom(trigger, f"{k}{letter}", n=n, **given)

    return make


def _moved(letter: str, before: str, starts_at: Ms, **more: Any) -> Callable[[str, int], bytes]:
    old = {"rescheduleId": 90, "rescheduleStartTime": to_rfc3339(NOON), "rescheduleEndTime": to_rfc3339(NOON + 1)}
    who = {"rescheduledBy": CLIENT.lower()}
    return _c("BOOKING_RESCHEDULED", letter, rescheduleUid=before, starts_at=starts_at, **{**old, **who, **more})


def _cancelled(letter: str, by: str | None, *, again: bool = False) -> Callable[[str, int], bytes]:
    return _c("BOOKING_CANCELLED", letter, cancelledBy=by, cancellationReason="ill", requestReschedule=again)


def _y(
    event: str, letter: str, *, old: str | None = None, new: str | None = None, **more: Any
) -> Callable[[str, int], bytes]:
    def make(k: str, n: int) -> bytes:
        named = {key: f"{k}{value}" if value else None for key, value in (("old", old), ("new", new))}
        return calendly(event, f"{k}{letter}", n=n, **named, **more)  # type: ignore[arg-type]

    return make


def _s(type_: str, **data: Any) -> Callable[[str, int], bytes]:
    return lambda k, n: standard(type_, k, n=n, **data)


TWELVE = Money(12000, "USD")
_CREATED = _c("BOOKING_CREATED")
_BOOKED = _y("invitee.created", "A")

STORIES: tuple[Story, ...] = (
    _calcom("booked", Right("scheduled"), _CREATED),
    _calcom("cancelled-by-the-client", Right("cancelled", by="client"), _CREATED, _cancelled("A", CLIENT)),
    _calcom("cancelled-by-the-expert", Right("cancelled", by="expert"), _CREATED, _cancelled("A", HOST.upper())),
    _calcom("cancelled-by-staff", Right("cancelled", by="operator"), _CREATED, _cancelled("A", "staff@x.example")),
    _calcom(
        "a-paid-one-cancelled-by-the-expert",
        Right("cancelled", by="expert", fee=Money(5000, "USD"), refund="requested"),
        _c("BOOKING_CREATED", price=5000),
        _cancelled("A", HOST),
    ),
    _calcom("moved", Right("scheduled", LATER), _CREATED, _moved("B", "A", LATER)),
    _calcom(
        "moved-twice",
        Right("scheduled", MUCH_LATER, minutes=60),
        _CREATED,
        _moved("B", "A", LATER),
        _moved("C", "B", MUCH_LATER, minutes=60, rescheduledBy=HOST),
    ),
    _calcom(
        "moved-and-cancelled",
        Right("cancelled", LATER, by="client"),
        _CREATED,
        _moved("B", "A", LATER),
        _cancelled("B", CLIENT),
    ),
    _calcom("another-slot-is-asked-for", Right("scheduled"), _CREATED, _cancelled("A", HOST, again=True)),
    _calcom(
        "another-slot-was-asked-for-and-chosen",
        Right("scheduled", LATER, fee=Money(5000, "USD")),
        _c("BOOKING_CREATED", price=5000),
        _cancelled("A", HOST, again=True),
        _moved("B", "A", LATER),
    ),
    _calcom(
        "waits-for-payment",
        Right("scheduled", fee=Money(5000, "USD")),
        _c("BOOKING_PAYMENT_INITIATED", price=5000),
        _c("BOOKING_CREATED", price=5000),
        _c("BOOKING_PAID", price=5000, paymentId=3),
        wait_for_payment=True,
    ),
    _calcom(
        "is-never-paid",
        Right(None),
        _c("BOOKING_PAYMENT_INITIATED", price=5000),
        _c("BOOKING_CREATED", price=5000),
        wait_for_payment=True,
    ),
    _calcom(
        "paid-moved-twice-and-cancelled",
        Right("cancelled", MUCH_LATER, by="expert", fee=Money(5000, "USD"), refund="requested"),
        _c("BOOKING_CREATED", price=5000),
        _c("BOOKING_PAID", price=5000),
        _moved("B", "A", LATER, price=5000),
        _moved("C", "B", MUCH_LATER, price=5000),
        _cancelled("C", HOST),
        wait_for_payment=True,
    ),
    _calcom(
        "with-much-beside-it",
        Right("scheduled", LATER, expert="joan@experts.example"),
        _c("BOOKING_REQUESTED", status="PENDING"),
        _CREATED,
        _c("BOOKING_LOCATION_UPDATED"),
        _moved("B", "A", LATER),
        _c("BOOKING_NO_SHOW_UPDATED", "A"),
        _c("BOOKING_REASSIGNED", "B", starts_at=LATER, host="joan@experts.example"),
        _c("MEETING_ENDED", "B"),
    ),
    _calendly("booked", Right("scheduled"), _BOOKED),
    _calendly(
        "cancelled-by-the-client",
        Right("cancelled", by="client"),
        _BOOKED,
        _y("invitee.canceled", "A", canceler="invitee"),
    ),
    _calendly(
        "a-paid-one-cancelled-by-the-expert",
        Right("cancelled", by="expert", fee=Money(4550, "USD"), refund="requested"),
        _y("invitee.created", "A", payment=PAID),
        _y("invitee.canceled", "A", canceler="host", payment=PAID),
    ),
    _calendly(
        "moved",
        Right("scheduled", LATER),
        _BOOKED,
        _y("invitee.canceled", "A", canceler="invitee", new="B"),
        _y("invitee.created", "B", old="A", starts_at=LATER),
    ),
    _calendly(
        "a-paid-one-moved-twice",
        Right("scheduled", MUCH_LATER, fee=Money(4550, "USD")),
        _y("invitee.created", "A", payment=PAID),
        _y("invitee.canceled", "A", canceler="host", new="B"),
        _y("invitee.created", "B", old="A", starts_at=LATER),
        _y("invitee.canceled", "B", canceler="invitee", new="C", starts_at=LATER),
        _y("invitee.created", "C", old="B", starts_at=MUCH_LATER),
    ),
    _calendly(
        "moved-twice-and-cancelled",
        Right("cancelled", MUCH_LATER, by="client"),
        _BOOKED,
        _y("invitee.canceled", "A", canceler="host", new="B"),
        _y("invitee.created", "B", old="A", starts_at=LATER),
        _y("invitee_no_show.created", "A"),
        _y("invitee.canceled", "B", canceler="invitee", new="C", starts_at=LATER),
        _y("invitee.created", "C", old="B", starts_at=MUCH_LATER),
        _y("invitee.canceled", "C", canceler="invitee", starts_at=MUCH_LATER),
    ),
    _calendly(
        "a-payment-that-failed",
        Right(None),
        _y("invitee.created", "A", payment={**PAID, "successful": False}),
        wait_for_payment=True,
    ),
    _standard("booked", Right("scheduled", fee=TWELVE, expert="e_4"), _s("booking.created")),
    _standard(
        "moved-twice-and-cancelled",
        Right("cancelled", None, fee=TWELVE, by="expert", refund="requested", expert="e_4"),
        _s("booking.created"),
        _s("booking.moved", starts_at=to_rfc3339(LATER), by="client"),
        _s("booking.moved", starts_at=to_rfc3339(MUCH_LATER), by="expert"),
        _s("booking.cancelled", by="expert"),
    ),
)
