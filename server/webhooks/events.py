"""Every event for the outside, as a documented model: which types there are, and what exactly each one carries.

Pure. ``EVENTS`` is the one table of them, read by the OpenAPI document, the docs and whoever chooses among types;
``frozen`` is the only way in which a body is made, so that none can say what is not written here. Join links are in
``session.booked`` and ``session.links`` alone, by type: a ``SessionState`` has no place for them. What a fact is news
of is ``payloads``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from server.answers import Answer, SessionAnswer, SessionState
from server.policy.people import Basis, Category, ComplaintStatus, Lifting, Measure
from server.store.sessions import OutboxRow
from signaling.messages import Seconds, Time
from signaling.session import How, Ms, Role, Whom

# --- what is told of a session ----------------------------------------------------------------------------------------


class Event(Answer):
    """What all of them have."""

    type: str
    timestamp: Time = Field(description="when it happened, not when it was sent")
    sequence: int = Field(ge=1, description="counts up by one for each session, person, source or endpoint by itself")


class AboutSession(Answer):
    session: SessionState = Field(description="as it was right after this")


class AboutLinks(Answer):
    session: SessionAnswer = Field(description="with the join links of both parties")


class AboutNewLinks(AboutLinks):
    roles: tuple[Role, ...] = Field(description="whose link is new; the one it had before no longer opens anything")


class AboutActor(AboutSession):
    by: Whom | None = Field(description="who wanted it; null: the booking system did not say")


class AboutParty(AboutSession):
    role: Role = Field(description="who it was")


class AboutDrop(AboutParty):
    how: How = Field(description="what the departure is known by (P3.14)")
    at: Time = Field(description="the last proof of life")
    until: Time = Field(description="a return up to here bridges the gap (P3.5)")


class AboutWarning(AboutSession):
    remaining_seconds: Seconds


class AboutConsent(AboutParty):
    request: str = Field(description="which request for consent, as long as the session is kept")


class SessionBooked(Event):
    """A session was booked. Its links are the ones to send to the two parties."""

    type: Literal["session.booked"]
    data: AboutLinks


class SessionLinks(Event):
    """A party has a new link: links were renewed, or another person took its place. Send it the new one."""

    type: Literal["session.links"]
    data: AboutNewLinks


class SessionChanged(Event):
    """A booking was moved to another slot, or cancelled. The links stay what they were."""

    type: Literal["session.moved", "session.cancelled"]
    data: AboutActor


class SessionEvent(Event):
    """A session went live or ended; with the end come the settlement and what may be refunded."""

    type: Literal["session.live", "session.ended"]
    data: AboutSession


class SessionWarning(Event):
    """Both parties were told how much time is left (P3.2)."""

    type: Literal["session.warning"]
    data: AboutWarning


class PartyEvent(Event):
    """A party came, waits alone, is late, came back, or declined the guidelines."""

    type: Literal["party.waiting", "party.joined", "party.late", "party.declined", "party.resumed"]
    data: AboutParty


class PartyDropped(Event):
    """A party is gone, and has time to come back. A drop is not a hang-up (P3.5)."""

    type: Literal["party.dropped"]
    data: AboutDrop


class RefundEvent(Event):
    """A refund has moved on (P3.12): ``data.session.refund`` says how far, how much, and by which rules."""

    type: Literal[
        "refund.eligible",
        "refund.requested",
        "refund.review",
        "refund.approved",
        "refund.declined",
        "refund.disputed",
        "refund.settled",
        "refund.expired",
    ]
    data: AboutSession


class ConsentEvent(Event):
    """Written consent to record with a device of one's own (P5.3). What was written is not told."""

    type: Literal["consent.asked", "consent.given", "consent.refused", "consent.withdrawn"]
    data: AboutConsent


# --- what is told of a person -----------------------------------------------------------------------------------------


class PersonTold(Answer):
    id: str = Field(description="the booking system's id; after an erasure the pseudonym")
    pseudonym: str


class RatingTold(Answer):
    id: str
    session: str
    role: Role = Field(description="of the one who is rated")
    stars: int
    tags: tuple[str, ...]


class ComplaintTold(Answer):
    id: str = Field(description="the ticket number")
    session: str
    role: Role = Field(description="of the one it is about")
    category: Category
    status: ComplaintStatus


class SanctionTold(Answer):
    id: str
    basis: Basis
    measure: Measure
    roles: tuple[Role, ...]
    imposed_at: Time
    until: Time | None = Field(description="null: it has no end of its own")
    lifted_at: Time | None
    lifted_why: Lifting | None
    complaints: tuple[str, ...]
    rules: tuple[str, ...]


class FactorTold(Answer):
    bps: int = Field(description="10 000 is 1")
    before_bps: int
    rules: tuple[str, ...]
    terms: str


class AboutPerson(Answer):
    person: PersonTold


class AboutRating(AboutPerson):
    rating: RatingTold


class AboutComplaint(AboutPerson):
    complaint: ComplaintTold


class AboutSanction(AboutPerson):
    sanction: SanctionTold


class AboutFactor(AboutPerson):
    fee_factor: FactorTold


class RatingEvent(Event):
    """A rating of this person. Hidden from it until P2.1 shows it: do not pass it on before."""

    type: Literal["rating.given", "rating.voided"]
    data: AboutRating


class ComplaintEvent(Event):
    """A complaint about this person, and what an operator made of it. Who complained and what it wrote is not told."""

    type: Literal["complaint.filed", "complaint.upheld", "complaint.dismissed", "complaint.recategorised"]
    data: AboutComplaint


class SanctionEvent(Event):
    """This person can no longer be booked in these roles, or can again, or appeals (P2.3, P2.7)."""

    type: Literal["sanction.imposed", "sanction.lifted", "sanction.appealed"]
    data: AboutSanction


class FactorEvent(Event):
    """Sessions of this expert that are booked from now on have another fee factor (P1.6, P2.8)."""

    type: Literal["fee_factor.changed"]
    data: AboutFactor


# --- what is told of the connection itself ----------------------------------------------------------------------------


class RefusalTold(Answer):
    code: str
    detail: str


class AboutRefusal(Answer):
    source: str = Field(description="the name of the source that the booking came from")
    message: str = Field(description="the id of its message")
    booking: str | None = Field(description="the booking's own id, as its system says")
    session: str | None = Field(description="the session it was about, where there is one")
    refused: RefusalTold


class EndpointTold(Answer):
    id: str
    url: str


class AboutEndpoint(Answer):
    endpoint: EndpointTold


class BookingRefused(Event):
    """A booking that a source sent cannot be, by the rules. Its system believes that it was taken: tell somebody."""

    type: Literal["booking.refused"]
    data: AboutRefusal


class EndpointTest(Event):
    """Asked for by ``POST /v1/endpoints/{id}/test``, and sent to that endpoint alone."""

    type: Literal["endpoint.test"]
    data: AboutEndpoint


AnyEvent: TypeAlias = Annotated[
    SessionBooked
    | SessionLinks
    | SessionChanged
    | SessionEvent
    | SessionWarning
    | PartyEvent
    | PartyDropped
    | RefundEvent
    | ConsentEvent
    | RatingEvent
    | ComplaintEvent
    | SanctionEvent
    | FactorEvent
    | BookingRefused
    | EndpointTest,
    Field(discriminator="type"),
]


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of event: its model, and when it is sent, in a sentence."""

    name: str
    model: type[Event]
    when: str


EVENTS: Final = (
    Kind("session.booked", SessionBooked, "A session was booked."),
    Kind("session.links", SessionLinks, "A party has a new join link; the old one stopped working."),
    Kind("session.moved", SessionChanged, "A session was moved to another slot, or its end was."),
    Kind("session.cancelled", SessionChanged, "A session was cancelled."),
    Kind("party.waiting", PartyEvent, "A party came and nobody else is there yet."),
    Kind("party.joined", PartyEvent, "A party came for the first time."),
    Kind("party.late", PartyEvent, "A party is not there, and no longer on time (P1.2)."),
    Kind("party.declined", PartyEvent, "A party declined the guidelines and does not join (P5.2)."),
    Kind("session.live", SessionEvent, "Both parties are there: they met."),
    Kind("party.dropped", PartyDropped, "A party lost its connection, closed the page or stepped out."),
    Kind("party.resumed", PartyEvent, "A party that was gone is back."),
    Kind("session.warning", SessionWarning, "Both parties were warned that the end is near."),
    Kind("session.ended", SessionEvent, "A session ended; it is settled with this."),
    Kind("refund.eligible", RefundEvent, "The client may ask for money back."),
    Kind("refund.requested", RefundEvent, "A refund was asked for, by the client or by the rules: decide it."),
    Kind("refund.review", RefundEvent, "Somebody must look whether anything may be asked back."),
    Kind("refund.approved", RefundEvent, "A refund was approved: pay it."),
    Kind("refund.declined", RefundEvent, "A refund was declined, with a reason."),
    Kind("refund.disputed", RefundEvent, "The client does not accept a decline: decide it again, once."),
    Kind("refund.settled", RefundEvent, "An approved refund was paid."),
    Kind("refund.expired", RefundEvent, "Nobody asked for the refund in time."),
    Kind("consent.asked", ConsentEvent, "A party asks for written consent to record with its own device."),
    Kind("consent.given", ConsentEvent, "The other party gave it."),
    Kind("consent.refused", ConsentEvent, "The other party refused it."),
    Kind("consent.withdrawn", ConsentEvent, "Consent was withdrawn, or is needed no more."),
    Kind("rating.given", RatingEvent, "A party rated the other."),
    Kind("rating.voided", RatingEvent, "An operator took a rating out."),
    Kind("complaint.filed", ComplaintEvent, "A party complained about the other."),
    Kind("complaint.upheld", ComplaintEvent, "An operator upheld a complaint."),
    Kind("complaint.dismissed", ComplaintEvent, "An operator dismissed a complaint."),
    Kind("complaint.recategorised", ComplaintEvent, "An operator filed a complaint under another category."),
    Kind("sanction.imposed", SanctionEvent, "A person was held, suspended or excluded."),
    Kind("sanction.lifted", SanctionEvent, "A sanction was lifted."),
    Kind("sanction.appealed", SanctionEvent, "A person appeals against a sanction."),
    Kind("fee_factor.changed", FactorEvent, "An expert's fee factor for sessions to come is another now."),
    Kind("booking.refused", BookingRefused, "A booking that a source sent was refused by the rules."),
    Kind("endpoint.test", EndpointTest, "Somebody asked for a test of this endpoint."),
)
"""All types, in the order in which a session goes through them."""

TYPES: Final = tuple(kind.name for kind in EVENTS)
_MODELS: Final = {kind.name: kind.model for kind in EVENTS}
_ANY: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
_TOKEN: Final = re.compile(r"#t=[A-Za-z0-9._~%-]+")


def frozen(type_: str, at: Ms, sequence: int, data: Mapping[str, Any]) -> OutboxRow:
    """The event as it will be sent, to the byte. ``data`` are values of the type's own model, by name."""
    event = _MODELS[type_].model_validate({"type": type_, "timestamp": at, "sequence": sequence, "data": data})
    return OutboxRow(type_, event.model_dump_json())


def read(body: str) -> AnyEvent:
    """The inverse. ``ValueError`` for anything that is not such an event."""
    return _ANY.validate_json(body)


def masked(body: str) -> str:
    """A stored body as it may be shown to whoever may not join: each link without what opens it."""
    return _TOKEN.sub("#t=…", body)


def wanted(type_: str, filters: Collection[str]) -> bool:
    """Whether somebody who chose ``filters`` (types, and ``session.*`` for a family; none: all) gets this type."""
    return not filters or type_ in filters or f"{type_.partition('.')[0]}.*" in filters
