"""Who calls: an API key with its scopes, or a party with its join token; and where from.

One answer for unknown, expired and wrong. Ten wrong ones from an address shut it out for a while.
It knows what a caller is, not what it may do to a session: that is the desk's.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from aiohttp import web

from server.api.deps import deps
from server.api.problems import Refusal
from signaling.errors import Denied
from signaling.ports import Admission

T = TypeVar("T")
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_MAX_SECRET = 4096


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that holds an API key."""

    key: str
    scopes: frozenset[str]


CALLER = web.RequestKey("caller", Caller)
ADMISSION = web.RequestKey("admission", Admission)


async def by_key(request: web.Request, scopes: frozenset[str]) -> Caller:
    """The caller, who has one of ``scopes``. ``Denied``; ``Refusal`` 403 or 429."""
    key, has = await _prove(request, deps(request).desk.authenticate)
    if not scopes & has:
        detail = f"This key may not do this; it takes one with the scope {' or '.join(sorted(scopes))}."
        raise Refusal(403, "insufficient_scope", detail)
    return Caller(key, has)


async def by_token(request: web.Request) -> Admission:
    """The party. ``Denied``; ``Refusal`` 429."""
    return await _prove(request, deps(request).desk.admit)


async def _prove(request: web.Request, check: Callable[[str], Awaitable[T]]) -> T:
    limiter, address = deps(request).limiter, client_address(request)
    if wait := limiter.shut(address):
        headers = {"Retry-After": str(math.ceil(wait))}
        detail = "Too many wrong links or keys came from your address; wait a while."
        raise Refusal(429, "too_many_attempts", detail, headers=headers)
    secret = _bearer(request)
    if secret is None:  # nothing was tried, so nothing is counted
        raise Denied()
    try:
        return await check(secret)
    except Denied:
        limiter.failed(address)
        raise


def _bearer(request: web.Request) -> str | None:
    given = request.headers.getall("Authorization", [])
    if len(given) != 1:
        return None
    scheme, _, secret = given[0].partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not 0 < len(secret) <= _MAX_SECRET or not secret.isascii():
        return None
    return secret


def client_address(request: web.Request) -> str:
    """The caller's address. ``X-Forwarded-For`` is believed from trusted proxies only, and read from its end."""
    trusted = _networks(deps(request).settings.trusted_proxies)
    address = _parse(request.remote or "")
    if address is None:
        return "local"  # a unix socket
    hops = [hop for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
    while hops and any(address in network for network in trusted):
        before = _parse(hops.pop())
        if before is None:
            break
        address = before
    return str(address)


def _parse(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _networks(texts: Sequence[str]) -> list[Network]:
    return [ipaddress.ip_network(text) for text in texts]
