"""How bookings are written on the wire, whichever door they come by: times, money, parties, each with its bounds.

Strict: nothing unnamed is taken, no type is guessed, no key may come twice; times carry their offset, money its
currency. The API's bodies and the messages of booking systems are made of these words. Pure; it knows no request.
"""

from __future__ import annotations

import json
import re
import zoneinfo
from functools import cache
from typing import Annotated, Any, Literal, NoReturn, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from server.policy import money
from server.store.sessions import Party
from signaling.messages import Time, from_rfc3339, to_rfc3339
from signaling.session import MINUTE, Ms, Role, Whom

EARLIEST: Ms = 946_684_800_000  # 2000-01-01
LATEST: Ms = 7_258_118_400_000  # 2200-01-01: far enough, and every sum of times stays a date
MAX_AMOUNT = 1_000_000_000_000

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Unreadable(ValueError):
    """This cannot be read. The text says why, and may be shown."""


def read_json(raw: bytes, **options: Any) -> tuple[str, Any]:
    """The text and what it says, strictly. ``Unreadable`` if it is not JSON in UTF-8, or names a key twice."""
    try:
        text = raw.decode()
        return text, json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, **options)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("this is not JSON in UTF-8") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("an object names a key twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"JSON knows no {name}")


# --- words ------------------------------------------------------------------------------------------------------------


def whole(value: Any) -> Any:
    """``30.0`` is a whole number in JSON, and some languages write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def moment(value: Any) -> Any:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("a time is RFC 3339 with its offset, as in 2026-11-22T15:00:00Z (in a query, write + as %2B)")
    try:
        return from_rfc3339(value.upper())
    except OverflowError:  # an offset that leads out of the years 1 to 9999
        raise ValueError("no such time") from None


def _in_range(at: Ms) -> Ms:
    if not EARLIEST <= at < LATEST:
        raise ValueError(f"a time lies between {to_rfc3339(EARLIEST)} and {to_rfc3339(LATEST)}")
    return at


def _currency(value: str) -> str:
    if value not in money.EXPONENTS:
        raise ValueError("not an ISO 4217 code that people pay with")
    return value


@cache
def zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zone(value: str) -> str:
    if value not in zones():
        raise ValueError("not an IANA time zone such as Europe/Berlin")
    return value


def _no_dots(value: str) -> str:
    if value in (".", ".."):
        raise ValueError("an id that a URL swallows cannot be linked to")
    return value


# Bounds stand before the validators that loosen, or they vanish from the schema.
Moment: TypeAlias = Annotated[
    Time,
    AfterValidator(_in_range),
    BeforeValidator(moment),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339 with offset, from 2000 to 2199",
            "examples": ["2026-11-22T15:00:00Z"],
        }
    ),
]
SessionId: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9._:~-]{1,64}$", examples=["bk_812"]), AfterValidator(_no_dots)
]
PersonId: TypeAlias = Annotated[
    str, Field(pattern=r"^[!-~]{1,128}$", description="the booking system's own id of a person", examples=["c_9"])
]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,200}$", examples=["Ada Lovelace"])]
Note: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]{1,1000}$")]
Version: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$", examples=["2026-11"])]
MetadataKey: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
MetadataValue: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]{0,256}$")]
Minutes: TypeAlias = Annotated[int, Field(ge=1, le=480), BeforeValidator(whole)]
Amount: TypeAlias = Annotated[int, Field(ge=0, le=MAX_AMOUNT, description="minor units"), BeforeValidator(whole)]
Currency: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217", examples=["USD"]), AfterValidator(_currency)
]
Actor: TypeAlias = Literal["client", "expert", "operator"]


# --- bodies -----------------------------------------------------------------------------------------------------------


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class MoneyBody(Body):
    """Minor units of an ISO 4217 currency: 12 500 is 125.00 USD."""

    model_config = ConfigDict(title="MoneyIn")

    amount: Amount = Field(examples=[12000])
    currency: Currency

    def value(self) -> money.Money:
        return money.Money(self.amount, self.currency)


class PartyBody(Body):
    """One side of a booking."""

    id: PersonId
    name: Name
    email: Annotated[str, Field(pattern=r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}$")] | None = None
    time_zone: (
        Annotated[str, Field(max_length=64, description="IANA name", examples=["Europe/Berlin"]), AfterValidator(_zone)]
        | None
    ) = None
    locale: (
        Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$", description="BCP 47", examples=["de"])]
        | None
    ) = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1", examples=["DE"])] | None = None
    metadata: Annotated[
        dict[MetadataKey, MetadataValue], Field(max_length=16, description="string pairs of your own, given back")
    ] = {}

    def value(self) -> Party:
        return Party(
            person_id=self.id,
            name=self.name,
            email=self.email,
            time_zone=self.time_zone,
            locale=self.locale,
            country=self.country,
            metadata=tuple(sorted(self.metadata.items())),
        )


class AcceptedBody(Body):
    """The guidelines were accepted at booking: which text, and when (P5.2)."""

    version: Version
    accepted_at: Moment


class GuidelinesBody(Body):
    client: AcceptedBody | None = None
    expert: AcceptedBody | None = None


class BookingFields(Body):
    """A session as the booking system wants it to be. Sent again, it moves or corrects (P0.1)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "starts_at": "2026-11-22T15:00:00Z",
                    "duration_minutes": 30,
                    "client": {"id": "c_9", "name": "Ada Lovelace"},
                    "expert": {"id": "e_4", "name": "Grace Hopper", "time_zone": "America/New_York"},
                    "title": "Compilers, an introduction",
                    "fee": {"amount": 12000, "currency": "USD"},
                }
            ]
        }
    )

    starts_at: Moment
    duration_minutes: Minutes
    client: PartyBody
    expert: PartyBody
    title: Name | None = None
    fee: MoneyBody | None = Field(None, description="what the client actually paid")
    guidelines: GuidelinesBody | None = None
    by: Actor | None = Field(None, description="who moves it, when this moves it")

    def slot(self) -> tuple[Ms, Ms]:
        """When it starts, and for how long."""
        return self.starts_at, self.duration_minutes * MINUTE

    def accepted(self) -> tuple[tuple[Role, str, Ms], ...]:
        """Guidelines that were accepted at booking: by whom, which text, when."""
        given = self.guidelines or GuidelinesBody()
        each = ((Role.CLIENT, given.client), (Role.EXPERT, given.expert))
        return tuple((role, found.version, found.accepted_at) for role, found in each if found is not None)

    def whom(self) -> Whom | None:
        return Whom(self.by) if self.by else None
