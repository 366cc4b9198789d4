"""Whether a message is from whom it says: signatures over the raw body, each scheme as its owner documents it.

Pure. One answer for missing, malformed, wrong and too old. Nothing is parsed here but the headers, and every compare
takes the same time wherever it fails. Returned is the id by which the message is known when it comes again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence

from signaling.errors import Denied
from signaling.session import Ms

STANDARD_WITHIN: Ms = 300_000
CALENDLY_WITHIN: Ms = 180_000
SECRET_BYTES = range(24, 65)
"""How long a Standard Webhooks secret may be."""

_PREFIX = "whsec_"
_ID = re.compile(r"[A-Za-z0-9._:~-]{1,100}")
_SECONDS = re.compile(r"[0-9]{1,12}")

Headers = Mapping[str, str]


def standard(secrets: Sequence[bytes], headers: Headers, raw: bytes, now: Ms) -> str:
    """Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over id, timestamp and body, in base64; ±300 s."""
    id_, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(id_):
        raise refused()
    _recent(timestamp, now, STANDARD_WITHIN)
    given = [each[3:] for each in headers.get("webhook-signature", "").split(" ") if each.startswith("v1,")]
    signed = f"{id_}.{timestamp}.".encode() + raw
    _match(given, (base64.b64encode(_hmac(secret, signed)).decode() for secret in secrets))
    return id_


def calcom(secrets: Sequence[bytes], headers: Headers, raw: bytes, now: Ms) -> str:
    """Cal.com: hex HMAC-SHA256 over the body, with no time and no id. Who has no secret says so in its place."""
    _match([headers.get("x-cal-signature-256", "")], (_hmac(secret, raw).hex() for secret in secrets))
    return hashlib.sha256(raw).hexdigest()


def calendly(secrets: Sequence[bytes], headers: Headers, raw: bytes, now: Ms) -> str:
    """Calendly: ``t=…,v1=…``, hex HMAC-SHA256 over time and body; 180 s."""
    parts = [part.partition("=") for part in headers.get("calendly-webhook-signature", "").split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    if len(times) != 1:
        raise refused()
    _recent(times[0], now, CALENDLY_WITHIN)
    given = [value for name, _, value in parts if name.strip() == "v1"]
    _match(given, (_hmac(secret, f"{times[0]}.".encode() + raw).hex() for secret in secrets))
    return hashlib.sha256(raw).hexdigest()


def read_secret(text: str) -> bytes:
    """The bytes of a Standard Webhooks secret, ``whsec_`` and base64. ``ValueError`` if it is none."""
    try:
        secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a secret is whsec_ and base64") from None
    if len(secret) not in SECRET_BYTES:
        raise ValueError("a secret has 24 to 64 bytes")
    return secret


def show_secret(secret: bytes) -> str:
    return _PREFIX + base64.b64encode(secret).decode()


def refused() -> Denied:
    return Denied("unauthorized", "The signature is missing, wrong or too old.")


def _recent(seconds: str, now: Ms, within: Ms) -> None:
    if not _SECONDS.fullmatch(seconds) or abs(now - int(seconds) * 1000) > within:
        raise refused()


def _match(given: Sequence[str], right: Iterable[str]) -> None:
    """One of a few that are given is one of those that are right."""
    wanted = [each.encode() for each in right]
    if not any([hmac.compare_digest(each.encode(errors="replace"), one) for each in given[:8] for one in wanted]):  # noqa: C419 - all
        raise refused()


def _hmac(secret: bytes, signed: bytes) -> bytes:
    return hmac.new(secret, signed, hashlib.sha256).digest()
