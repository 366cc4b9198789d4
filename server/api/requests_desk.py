"""Queries and bodies of the dashboard's calls under ``/v1``: cases, notes, figures, many at once."""

from __future__ import annotations

import zoneinfo
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from server.api.requests import CursorText, DecisionBody, Limit, Query, Truth, WhyBody, Words, _digits
from server.desk.bulk import MOST
from server.desk.cases import Change
from server.policy.cases import CaseKind
from server.store.views_desk import Queued
from server.wire import Body, Moment, PersonId, SessionId
from signaling.session import Ms, Role

_DAY: Ms = 24 * 60 * 60_000
LONGEST_SPAN = 400 * _DAY
LONGEST_OUTAGE = _DAY


def _a_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError("not a time zone of the IANA's") from None
    return name


Zone: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_+/-]{1,64}$", examples=["Europe/Berlin"]), AfterValidator(_a_zone)
]
Who: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class DayQuery(Query):
    """The operator's own day."""

    from_: Moment | None = Field(None, alias="from")
    to: Moment | None = None


class HereQuery(Query):
    limit: Annotated[int, Field(ge=1, le=200), BeforeValidator(_digits)] = 200


class StatisticsQuery(Query):
    """The last 30 days, if nothing is said."""

    from_: Moment | None = Field(None, alias="from", description="`starts_at` from here on")
    to: Moment | None = Field(None, description="`starts_at` before this; 400 days at most")
    time_zone: Zone = Field("UTC", description="whose days are counted")

    @model_validator(mode="after")
    def _in_order(self) -> StatisticsQuery:
        if self.from_ is not None and self.to is not None and not 0 < self.to - self.from_ <= LONGEST_SPAN:
            raise ValueError("from lies before to, by 400 days at most")
        return self


class CasesQuery(Query):
    kind: CaseKind | None = None
    state: Literal["open", "waiting", "closed", "unfinished"] = Field(
        "unfinished", description="unfinished: not closed"
    )
    assignee: Who | None = Field(None, description="an account's id, `me`, or `none`")
    overdue: Truth | None = None
    session: SessionId | None = None
    person: PersonId | None = None
    limit: Limit = 50
    cursor: CursorText | None = None

    def wanted(self, me: str) -> Queued:
        assignee = {"me": me, "none": ""}.get(self.assignee, self.assignee) if self.assignee else None
        return Queued(self.kind, self.state, assignee, self.overdue, self.session, self.person)


class NotesQuery(Query):
    limit: Limit = 50
    cursor: CursorText | None = None


class CaseBody(Body):
    """What is another now; what is left out stays."""

    assignee: Who | None = Field(None, description="an account's id, `me`, or null for nobody")
    due_at: Moment | None = None
    state: Literal["open", "waiting", "closed"] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> CaseBody:
        if not self.model_fields_set:
            raise ValueError("name what is to change: assignee, due_at or state")
        if self.due_at is None and "due_at" in self.model_fields_set:
            raise ValueError("due_at is a time")
        if self.state is None and "state" in self.model_fields_set:
            raise ValueError("state is open, waiting or closed")
        return self

    def value(self, me: str) -> Change:
        assignee = None
        if "assignee" in self.model_fields_set:
            assignee = me if self.assignee == "me" else self.assignee or ""
        return Change(assignee, self.due_at, self.state)


class NoteBody(Body):
    text: Words = Field(description="plain text; it goes when the session or the person does")


class ManyBody(WhyBody):
    dry_run: bool = Field(True, description="say what would happen, and do nothing")


class CancelManyBody(ManyBody):
    """Every session of a person in a span that has not gone live."""

    person: PersonId
    role: Role = Role.EXPERT
    from_: Moment = Field(alias="from", description="`starts_at` from here on")
    to: Moment = Field(description="`starts_at` before this")

    @model_validator(mode="after")
    def _in_order(self) -> CancelManyBody:
        if not 0 < self.to - self.from_ <= LONGEST_SPAN:
            raise ValueError("from lies before to, by 400 days at most")
        return self


class OutageBody(ManyBody):
    """This service was away, and its ledgers do not know (P3.9)."""

    from_: Moment = Field(alias="from")
    to: Moment

    @model_validator(mode="after")
    def _in_order(self) -> OutageBody:
        if not 0 < self.to - self.from_ <= LONGEST_OUTAGE:
            raise ValueError("from lies before to, by a day at most")
        return self


class RefundItem(DecisionBody):
    session: SessionId


class RefundsBody(Body):
    items: Annotated[tuple[RefundItem, ...], Field(min_length=1, max_length=MOST)]
    dry_run: bool = Field(True, description="say what would happen, and do nothing")

    @model_validator(mode="after")
    def _each_once(self) -> RefundsBody:
        if len({item.session for item in self.items}) != len(self.items):
            raise ValueError("a session is named more than once")
        return self
