"""Join tokens: who a link lets in, and into what.

A token names one party of one session and carries the version of that party's links; everything that it may *do* is in
the session's and the party's rows, so a link mailed before a move stays good, and new links end the old ones.
Pure: keys and times are passed in. It knows nothing of HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import jwt

from signaling.errors import Denied
from signaling.session import Ms, Role

ISSUER = "headstrt"
AUDIENCE = "join"
TYPE = "join+jwt"
LIFETIME_SECONDS = 30 * 30 * 86_400  # 30 months: a summary stays reachable; rights end earlier, by the rows
MAX_TOKEN = 4096
MIN_KEY = 32
_KID = "1"
_CLAIMS = ["exp", "iat", "aud", "iss", "sub", "jti"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says."""

    session: str
    role: Role
    version: int


def derive_key(secret: str) -> bytes:
    """32 bytes for signing join tokens; ``ValueError`` for a secret too short to derive from."""
    _long_enough(secret.encode())
    return hmac.digest(secret.encode(), b"headstrt join tokens 1", "sha256")


@lru_cache(2048)  # a booking shows each of its two links twice
def issue(key: bytes, session: str, role: Role, version: int, issued_at: Ms) -> str:
    """The token of a party's link. The same arguments give the same token, so a link can be shown again unchanged."""
    _long_enough(key)
    seconds = issued_at // 1000
    identity = hashlib.sha256(f"{session}\0{role}\0{version}\0{seconds}".encode()).hexdigest()[:24]
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"{session}/{role}",
        "sid": session,
        "role": role.value,
        "ver": version,
        "jti": identity,
        "iat": seconds,
        "exp": seconds + LIFETIME_SECONDS,
    }
    signed = f"{_HEADER}.{_encoded(claims)}"  # as jwt.encode has it, in a sixth of its time: links are made in bookings
    return f"{signed}.{_base64(hmac.digest(key, signed.encode(), 'sha256'))}"


def read(key: bytes, token: str, now: Ms) -> Claims:
    """What a token says; ``Denied``, with one answer for whatever is wrong with it."""
    _long_enough(key)
    if not token or len(token) > MAX_TOKEN:
        raise Denied()
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != TYPE or header.get("kid") != _KID:
            raise Denied()
        claims = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
        )
        expires, version, session = claims["exp"], claims["ver"], claims["sid"]
        role = Role(claims["role"])
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, RecursionError):
        raise Denied() from None
    if not isinstance(expires, int) or expires * 1000 <= now or claims["sub"] != f"{session}/{role}":
        raise Denied()
    if not isinstance(version, int) or not isinstance(session, str):
        raise Denied()
    return Claims(session, role, version)


def _long_enough(key: bytes) -> None:
    if len(key) < MIN_KEY:
        raise ValueError(f"a key must have at least {MIN_KEY} bytes")


def _encoded(value: Mapping[str, object]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


_HEADER = _encoded({"alg": "HS256", "kid": _KID, "typ": TYPE})
