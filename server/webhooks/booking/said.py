"""What an adapter makes of a message besides a booking, and the few things that the adapters have in common.

Pure. A message that cannot be read at all is ``Unreadable``; one that means nothing here is ``Nothing``; one that is
about a booking which cannot be a session is ``Unfit``: its system believes that it was taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import from_json

from server import wire
from server.store.sessions import Party
from server.webhooks.booking.chain import Heard
from signaling.session import MINUTE, Ms

M = TypeVar("M", bound=BaseModel)

PersonOf = Callable[[str], str]
"""From a normalised mail address to the id of the person behind it."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """A kind of event that means nothing here."""

    why: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """A booking that cannot be a session, by what it is. ``uid``: its own id, where it has one."""

    code: str
    detail: str
    uid: str | None = None


Said = Heard | Nothing | Unfit


class Given(BaseModel):
    """A part of a foreign message: what is not named here is passed over, for others add to it as they like."""

    model_config = ConfigDict(extra="ignore", frozen=True)


Moment = Annotated[Ms, BeforeValidator(wire.moment)]


def envelope(raw: bytes) -> Mapping[str, Any]:
    """The JSON object that a body is. ``Unreadable`` if it is none."""
    _, said = wire.read_json(raw, parse_float=Decimal)
    try:
        from_json(raw, allow_inf_nan=False)
    except ValueError:  # half of a character, which nothing here could write down
        raise wire.Unreadable("this is not JSON in UTF-8") from None
    if not isinstance(said, dict):
        raise wire.Unreadable("the body is no JSON object")
    return said


def read(model: type[M], said: Any) -> M:
    """``said`` as ``model``. ``Unreadable`` with the path of the first mistake, and never with what stands there."""
    try:
        return model.model_validate(said)
    except ValidationError as error:
        raise unreadable(error) from None


def unreadable(error: ValidationError) -> wire.Unreadable:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path = ".".join("".join(c if c.isprintable() else "?" for c in str(part)[:64]) for part in first["loc"][:8])
    return wire.Unreadable(f"{path}: {first['msg'].removeprefix('Value error, ')}" if path else first["msg"])


def not_one_to_one(uid: str, why: str) -> Unfit:
    return Unfit("not_one_to_one", f"A session is between one client and one expert: {why}.", uid)


def slot(starts_at: Ms, ends_at: Ms, uid: str) -> tuple[Ms, Ms] | Unfit:
    """Start and duration, within the bounds of the API."""
    if not wire.EARLIEST <= starts_at < wire.LATEST or not MINUTE <= ends_at - starts_at <= 480 * MINUTE:
        return Unfit("bad_slot", "A session lasts 1 to 480 minutes, in the years 2000 to 2199.", uid)
    return starts_at, ends_at - starts_at


def party(
    person_of: PersonOf, email: str, name: str, *, time_zone: str | None, locale: str | None, booking: str | None = None
) -> Party:
    """One side of a booking, known by its mail address. What does not fit is left out, rather than the booking."""
    mail = normalised(email)
    return Party(
        person_id=person_of(mail),
        name=shown(name) or "(no name)",
        email=email.strip() if _MAIL.fullmatch(email.strip()) else None,
        time_zone=time_zone if time_zone in wire.zones() else None,
        locale=locale if locale and _LOCALE.fullmatch(locale) else None,
        metadata=(("booking", booking),) if booking is not None else (),
    )


def normalised(email: str) -> str:
    """The same for every way to write one address."""
    return unicodedata.normalize("NFC", email.strip()).casefold()


def shown(text: str | None) -> str | None:
    """A line for people to read: no control characters, 200 at most."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text or "").split())
    return line[:200] or None


_MAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
