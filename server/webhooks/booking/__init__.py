"""The dialects of booking systems: how each signs, and what each says. Adding one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from server.webhooks import verify
from server.webhooks.booking import calcom, calendly, standard
from server.webhooks.booking.said import PersonOf, Said
from server.webhooks.verify import Headers
from signaling.session import Ms


@dataclass(frozen=True, slots=True)
class Dialect:
    """``check(secrets, headers, body, now)`` gives the message's id, or ``Denied``; ``read(body, id, person_of)`` what
    it says. ``prefix``: of persons' ids; None where the booking system has its own. ``dated``: nothing but the body
    says when it was sent. ``moves``: a moved booking has a new id.
    """

    check: Callable[[Sequence[bytes], Headers, bytes, Ms], str]
    read: Callable[[bytes, str, PersonOf], Said]
    prefix: str | None
    dated: bool
    moves: bool


DIALECTS: Mapping[str, Dialect] = {
    "standard": Dialect(verify.standard, standard.read, None, dated=False, moves=False),
    "calcom": Dialect(verify.calcom, calcom.read, "cal", dated=True, moves=True),
    "calendly": Dialect(verify.calendly, calendly.read, "cly", dated=False, moves=True),
}
