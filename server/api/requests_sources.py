"""From the wire to typed commands, for what comes in: how a source is set up, and which one a message is for.

As strict as ``requests``, whose words it uses. What a booking system sends is not read here, for that is signed as it
came: see ``server.webhooks.booking``.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from aiohttp import web
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from server.api.requests import CursorText, Limit, Query, bad_cursor, refuse, unpack_cursor
from server.desk.sources import SourceChange
from server.wire import LATEST, Body, MoneyBody, whole
from signaling.session import MINUTE, Ms

SourceName: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z0-9-]{1,32}$", description="its place in the hook's address", examples=["shop"])
]
Kind: TypeAlias = Literal["standard", "calcom", "calendly"]
Secret: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[!-~]{16,256}$",
        description="as the provider gives it; of `standard`, `whsec_` and base64 of 24 to 64 bytes. "
        "Left out, one is made and shown in this answer, and never again",
    ),
]
LateBy: TypeAlias = Annotated[
    int,
    Field(ge=5, le=43_200, description="how old a message of Cal.com may be, whose signature has no time in it"),
    BeforeValidator(whole),
]


class SourceBody(Body):
    """A booking system that posts to us."""

    name: SourceName
    kind: Kind
    secret: Secret | None = None
    fee: MoneyBody | None = Field(None, description="of a booking that names none; not of kind `standard`")
    wait_for_payment: bool = Field(
        False, description="a booking with a price waits until it is told to be paid; not of kind `standard`"
    )
    late_by_minutes: LateBy = 1440

    @model_validator(mode="after")
    def _says_it_all(self) -> SourceBody:
        if self.kind == "standard" and (self.fee is not None or self.wait_for_payment):
            raise ValueError("a booking of kind standard names its fee itself, once it was paid")
        return self

    def late_by(self) -> Ms:
        return self.late_by_minutes * MINUTE


class SourceChangeBody(Body):
    """What is left out stays as it is."""

    fee: MoneyBody | None = Field(None, description="null takes it away")
    wait_for_payment: bool | None = None
    late_by_minutes: LateBy | None = None

    def value(self) -> SourceChange:
        return SourceChange(
            fee=self.fee.value() if self.fee else None,
            no_fee="fee" in self.model_fields_set and self.fee is None,
            wait_for_payment=self.wait_for_payment,
            late_by=self.late_by_minutes * MINUTE if self.late_by_minutes is not None else None,
        )


class SecretBody(Body):
    """Another secret. For the overlap the old one counts beside it."""

    secret: Secret | None = None
    overlap_hours: Annotated[int, Field(ge=0, le=720), BeforeValidator(whole)] = 24


class MessagesQuery(Query):
    outcome: Literal["taken", "waiting", "ignored", "refused"] | None = None
    limit: Limit = 50
    cursor: CursorText | None = None


def message_cursor(text: str | None) -> tuple[Ms, str] | None:
    match unpack_cursor(text):
        case None:
            return None
        case [int(at), str(id_)] if 0 <= at < 2 * LATEST and len(id_) <= 128:
            return at, id_
        case _:
            raise bad_cursor()


_NAME: TypeAdapter[str] = TypeAdapter(SourceName)


def source_name(request: web.Request) -> str:
    """The name in the path. ``Refusal`` 422 when it cannot be one."""
    try:
        return _NAME.validate_python(request.match_info["name"])
    except ValidationError as error:
        refuse(error, "name")
