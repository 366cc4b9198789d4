"""Who may do what at the dashboard, and the second factor: roles, rights, one-time codes, what a password must be.

A right is what a route asks for; a role is a set of rights. Default deny: a route that names no right is closed to
every account, whatever its role. Codes are RFC 6238 (SHA-1, six digits, 30 seconds, as authenticators make them);
``step_of`` says which step a code belongs to, and whoever asks keeps the newest that was used, so that none counts
twice. Pure: no clock, no store, no randomness.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from signaling.session import Ms


class OperatorRole(StrEnum):
    SUPPORT = "support"
    TRUST = "trust"
    FINANCE = "finance"
    ADMIN = "admin"


class Right(StrEnum):
    """What a route asks of an account."""

    LOOK = "look"  # read whatever the dashboard shows, but keys
    NOTE = "note"  # notes, and cases: take, hand over, put off
    LINK = "link"  # new join links
    END = "end"  # end, remove, cancel
    CANCEL_RANGE = "cancel_range"  # every session of a person in a span
    MODERATE = "moderate"  # complaints, sanctions, appeals, ratings, excuses, revisions
    REFUND = "refund"  # decide refunds, say that they were paid
    ADMIN = "admin"  # keys, endpoints, sources, accounts, declared outages, export, erasure


_HELP: Final = frozenset({Right.LOOK, Right.NOTE})

RIGHTS: Final[Mapping[OperatorRole, frozenset[Right]]] = {
    OperatorRole.SUPPORT: _HELP | {Right.LINK, Right.END, Right.CANCEL_RANGE},
    OperatorRole.TRUST: _HELP | {Right.END, Right.MODERATE},
    OperatorRole.FINANCE: _HELP | {Right.REFUND},
    OperatorRole.ADMIN: frozenset(Right),
}

SCOPES: Final[Mapping[OperatorRole, frozenset[str]]] = {
    OperatorRole.SUPPORT: frozenset({"read"}),
    OperatorRole.TRUST: frozenset({"read", "moderation"}),
    OperatorRole.FINANCE: frozenset({"read"}),
    OperatorRole.ADMIN: frozenset({"read", "moderation", "endpoints"}),
}
"""How much of an answer an account sees, in the words of keys. Never ``sessions``: links are the parties' own."""

_BY_SCOPE: Final[Mapping[str, frozenset[Right]]] = {
    "read": frozenset({Right.LOOK}),
    "moderation": frozenset({Right.LOOK, Right.NOTE, Right.END, Right.MODERATE}),
    "sessions": frozenset({Right.LINK, Right.END, Right.CANCEL_RANGE, Right.REFUND}),
    "endpoints": frozenset(),
}

MAY_SIGN_IN: Final = frozenset({"read", "moderation"})
"""A key without one of these scopes does not open the dashboard."""

IDLE: Final[Ms] = 30 * 60_000
LONGEST: Final[Ms] = 12 * 60 * 60_000
SETUP_FOR: Final[Ms] = 24 * 60 * 60_000
"""How long a sign-in lasts without a call, and at most; and how long an account may take to be set up."""

STEP: Final[Ms] = 30_000
_DIGITS: Final = 6
SHORTEST, LONGEST_PASSWORD = 12, 256


def rights_of_scopes(scopes: Collection[str]) -> frozenset[Right]:
    """What a sign-in with a key can do, in the words of accounts: for showing. The scopes themselves decide."""
    return frozenset().union(*(_BY_SCOPE.get(scope, frozenset()) for scope in scopes))


def code_at(secret: bytes, step: int) -> str:
    """RFC 4226 §5.3 over the counter of RFC 6238."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def step_of(secret: bytes, code: str, now: Ms, used: int) -> int | None:
    """The step that ``code`` is of: now's, or the one beside it (a clock that is off), and newer than ``used``."""
    found = None
    given = code.encode()
    for step in (now // STEP - 1, now // STEP, now // STEP + 1):  # all of them, always: no time tells which
        if hmac.compare_digest(code_at(secret, step).encode(), given) and step > used:
            found = step
    return found


def shown_secret(secret: bytes) -> str:
    """As it is typed into an authenticator."""
    return base64.b32encode(secret).decode().rstrip("=")


def uri_of(secret: bytes, name: str, issuer: str) -> str:
    """What an authenticator scans."""
    label = f"{quote(issuer, safe='')}:{quote(name, safe='')}"
    return f"otpauth://totp/{label}?secret={shown_secret(secret)}&issuer={quote(issuer, safe='')}"


def weakness(password: str, name: str) -> str | None:
    """What is wrong with a password, in words; None if nothing is. Length is what counts (NIST SP 800-63B §3.1.1)."""
    if not SHORTEST <= len(password) <= LONGEST_PASSWORD:
        return f"Take {SHORTEST} to {LONGEST_PASSWORD} characters."
    plain = password.casefold()
    if name.casefold() in plain or "headstrt" in plain:
        return "It holds your name or ours: take another."
    if len(set(plain)) < 5 or plain in _USUAL or any(plain == part * (len(plain) // len(part)) for part in _USUAL):
        return "It is among the first that anybody would try: take another."
    return None


_USUAL: Final = (
    "password",
    "passwort",
    "contrasena",
    "123456",
    "12345678",
    "1234567890",
    "123456789012",
    "qwertyuiop",
    "qwertyuiopasdf",
    "letmein",
    "iloveyou",
    "password1234",
    "password12345",
    "correcthorsebatterystaple",
)
