"""Who calls: an API key with its scopes, or a party with its join token; and where from.

One answer for unknown, expired and wrong. Ten wrong ones from an address shut it out for a while: then no key is looked
at from there, and of links only a genuine one gets in. A link cannot be guessed, and whoever shares an address with a
stranger (a company, a mobile network) must not be made a no-show by them.
It knows what a caller is, not what it may do to a session: that is the desk's.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
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
    key, has = await _prove(request, deps(request).desk.authenticate, shut=True)
    if not scopes & has:
        detail = f"This key may not do this; it takes one with the scope {' or '.join(sorted(scopes))}."
        raise Refusal(403, "insufficient_scope", detail)
    return Caller(key, has)


async def by_token(request: web.Request) -> Admission:
    """The party. ``Denied``; ``Refusal`` 429."""
    return await _prove(request, deps(request).desk.admit, shut=False)


def in_pace(request: web.Request) -> None:
    """What this party does now goes on record. ``Refusal`` 429 when it does so without end."""
    who = request[ADMISSION]
    if wait := deps(request).limiter.pace(f"{who.session}/{who.role}"):
        raise _wait("too_many_requests", "This was asked for too often; wait a moment.", wait)


async def _prove(request: web.Request, check: Callable[[str], Awaitable[T]], *, shut: bool) -> T:
    """``shut``: while the address is shut out nothing is even looked at."""
    limiter, address = deps(request).limiter, client_address(request)
    wait = limiter.shut(address)
    if wait and shut:
        raise _too_many(wait)
    secret = _bearer(request)
    if secret is None:  # nothing was tried, so nothing is counted
        raise _too_many(wait) if wait else Denied()
    try:
        return await check(secret)
    except Denied:
        if wait:
            raise _too_many(wait) from None
        limiter.failed(address)
        raise


def _too_many(wait: float) -> Refusal:
    return _wait("too_many_attempts", "Too many wrong links or keys came from your address; wait a while.", wait)


def _wait(code: str, detail: str, wait: float) -> Refusal:
    return Refusal(429, code, detail, headers={"Retry-After": str(math.ceil(wait))})


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
    trusted = deps(request).settings.trusted_proxies
    address = _parse(request.remote or "")
    if address is None:
        return "local"  # a unix socket
    hops = [hop for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
    while hops and _within(address, trusted):
        before = _parse(hops.pop())
        if before is None:
            break
        address = before
    return str(address)


def is_trusted(remote: str, proxies: Sequence[str]) -> bool:
    """Whether the other end of a connection is a proxy that speaks for others."""
    address = _parse(remote)
    return address is not None and _within(address, proxies)


def _within(address: Address, networks: Sequence[str]) -> bool:
    return any(address in network for network in _networks(tuple(networks)))


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


@cache
def _networks(texts: tuple[str, ...]) -> list[Network]:
    return [ipaddress.ip_network(text) for text in texts]
